"""The Web API underneath: reading, paging, preferences, creating with a key, and the shape of errors."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.conftest import Api, contact
from tests.small import CONTACTS, ORGANISATION, UNIT, USER, account


def test_who_am_i_names_user_unit_and_organisation(api: Api) -> None:
    answer = api.get("WhoAmI").json()
    assert answer["OrganizationId"] == str(ORGANISATION.id)
    assert answer["BusinessUnitId"] == UNIT
    assert answer["UserId"] == api.organisation.user


@pytest.mark.parametrize("version", ["v9.0", "v9.1", "v9.2"])
def test_the_versions_of_the_seeds_answer(api: Api, version: str) -> None:
    assert api.get(f"../{version}/WhoAmI").status_code == 200


def test_an_unknown_version_is_not_found(api: Api) -> None:
    assert api.refusal(api.get("../v1.0/WhoAmI"), 404)


def test_every_answer_has_protocol_version_and_request_id(api: Api) -> None:
    for answer in (api.get("contacts"), api.get("nothings"), api.post("msdynmkt_MembersList")):
        assert answer.headers["OData-Version"] == "4.0"
        assert len(answer.headers["x-ms-service-request-id"]) == 36


def test_a_missing_table_is_named_in_the_products_words(api: Api) -> None:
    answer = api.get("nothings")
    assert answer.json()["error"] == {
        "code": "0x8006088a",
        "message": "Resource not found for the segment 'nothings'.",
    }


@pytest.mark.parametrize(
    ("filter_", "numbers"),
    [
        ("address1_city eq 'Paris'", [1, 4, 7, 10]),
        ("address1_city eq 'PARIS' and statecode eq 0", [1, 4, 7, 10]),
        ("address1_city ne 'Paris' and address1_city ne 'Oslo'", [2, 5, 8, 11]),
        ("children eq null", [0, 5, 10]),
        ("children ne null and children ge 3", [3, 7, 11]),
        ("children gt 2", [3, 7, 11]),
        ("children lt 1", [4, 8]),
        ("children le 0 or donotemail eq true", [4, 7, 8]),
        ("not (statecode eq 0)", [3, 6]),
        ("fullname eq 'O''Brien'", [9]),
        ("contains(fullname,'ö')", [1]),
        ("startswith(fullname,'z') or endswith(fullname,'AL')", [10, 11]),
        ("fullname in ('Ana', 'Zoë')", [0, 10]),
        (f"contactid eq {contact(4)}", [4]),
        (f"_parentcustomerid_value eq {account(1)} and statecode eq 0", [1, 5, 7, 11]),
        ("createdon ge 2025-01-01T00:00:00Z", [10, 11]),
        ("createdon lt 2016-01-01", [0]),
        (f"Microsoft.Dynamics.CRM.In(PropertyName='contactid',PropertyValues=['{contact(2)}','{contact(8)}'])", [2, 8]),
    ],
)
def test_filters_select_rows(api: Api, filter_: str, numbers: list[int]) -> None:
    rows = api.get(f"contacts?$select=contactid&$filter={quote(filter_)}").json()["value"]
    assert [row["contactid"] for row in rows] == [str(contact(n)) for n in numbers]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("$filter=nonsense eq 1", "nonsense"),
        ("$filter=fullname eq", "Syntax error"),
        ("$filter=fullname gt 5", "two different types"),
        ("$select=nonsense", "nonsense"),
        ("$select=parentcustomerid", "parentcustomerid"),
        ("$orderby=nonsense", "nonsense"),
        ("$top=many", "$top"),
        ("$expand=parentcustomerid_account", "$expand"),
    ],
)
def test_what_cannot_be_read_is_refused(api: Api, query: str, words: str) -> None:
    assert words in api.refusal(api.get(f"contacts?{query}"))


def test_select_gives_the_columns_asked_for_and_the_key(api: Api) -> None:
    row = api.get("contacts?$select=fullname,_parentcustomerid_value&$top=1").json()["value"][0]
    assert set(row) == {"@odata.etag", "fullname", "_parentcustomerid_value", "contactid"}


def test_orderby_sorts_with_nulls_first_and_desc_turns_round(api: Api) -> None:
    up = [row["children"] for row in api.get("contacts?$orderby=children").json()["value"]]
    down = [row["children"] for row in api.get("contacts?$orderby=children desc").json()["value"]]
    assert up[:3] == [None, None, None]
    assert down == up[::-1]


def test_count_counts_all_rows_and_top_limits_them(api: Api) -> None:
    answer = api.get("contacts?$count=true&$top=3").json()
    assert answer["@odata.count"] == len(CONTACTS)
    assert len(answer["value"]) == 3


def test_pages_follow_one_another_without_gap_or_overlap(api: Api) -> None:
    seen: list[str] = []
    link = "contacts?$select=contactid&$filter=statecode eq 0"
    sizes = []
    while link:
        answer = api.get(link, Prefer="odata.maxpagesize=4")
        assert answer.headers["Preference-Applied"] == "odata.maxpagesize=4"
        sizes.append(len(answer.json()["value"]))
        seen += [row["contactid"] for row in answer.json()["value"]]
        link = answer.json().get("@odata.nextLink", "")
    assert sizes == [4, 4, 2]
    assert seen == sorted(row["contactid"] for row in CONTACTS if row["statecode"] == 0)


def test_annotations_come_when_they_are_asked_for(api: Api) -> None:
    plain = api.get("msdyncrm_segments?$top=1").json()["value"][0]
    told = api.get("msdyncrm_segments?$top=1", Prefer='odata.include-annotations="*"').json()["value"][0]
    assert not [name for name in plain if "FormattedValue" in name]
    assert told["_createdby_value"] == USER
    assert told["_createdby_value@OData.Community.Display.V1.FormattedValue"] == "Renée"
    assert told["statuscode@OData.Community.Display.V1.FormattedValue"] == "Live"


def test_a_row_is_read_by_its_key_and_a_missing_one_is_named(api: Api) -> None:
    assert api.get(f"contacts({contact(1)})").json()["fullname"] == "Björn"
    assert api.get(f"contacts(contactid={contact(1)})").json()["fullname"] == "Björn"
    assert "Does Not Exist" in api.refusal(api.get(f"contacts({contact(99)})"), 404)
    assert "Guid" in api.refusal(api.get("contacts(abc)"))


DEFINITION = {"msdynmkt_segmentquery": "PROFILE(contact)", "statuscode": 723270001}
OWN_KEY = "0d000000-0000-4000-8000-000000000001"


def test_creating_answers_204_with_the_address_of_the_row(api: Api) -> None:
    answer = api.post("msdynmkt_segmentdefinitions", DEFINITION)
    assert answer.status_code == 204
    assert answer.content == b""
    assert api.get(answer.headers["OData-EntityId"]).json()["msdynmkt_segmentquery"] == "PROFILE(contact)"


def test_creating_answers_201_with_the_row_when_it_is_wanted(api: Api) -> None:
    answer = api.post("msdynmkt_segmentdefinitions", DEFINITION, Prefer="return=representation")
    assert answer.status_code == 201
    assert answer.headers["Preference-Applied"] == "return=representation"
    assert answer.json()["statuscode"] == 723270001


def test_a_row_can_bring_its_own_key_but_only_once(api: Api) -> None:
    body = {**DEFINITION, "msdynmkt_segmentdefinitionid": OWN_KEY}
    assert api.create("msdynmkt_segmentdefinitions", body) == OWN_KEY
    again = api.post("msdynmkt_segmentdefinitions", body)
    assert again.status_code == 412
    assert again.json()["error"]["code"] == "0x80040237"
    assert len(api.get("msdynmkt_segmentdefinitions").json()["value"]) == 1


def test_patch_changes_a_row_and_creates_a_missing_one_unless_it_must_not(api: Api) -> None:
    path = f"msdynmkt_segmentdefinitions({OWN_KEY})"
    assert api.patch(path, DEFINITION, **{"If-Match": "*"}).status_code == 404
    assert api.patch(path, DEFINITION).status_code == 204
    assert api.patch(path, {"msdynmkt_name": "new"}, **{"If-Match": "*"}).status_code == 204
    assert api.get(path).json()["msdynmkt_name"] == "new"
    assert api.patch(path, DEFINITION, **{"If-None-Match": "*"}).status_code == 412


def test_delete_removes_a_row_once(api: Api) -> None:
    path = f"msdynmkt_segmentdefinitions({api.create('msdynmkt_segmentdefinitions', DEFINITION)})"
    assert api.delete(path).status_code == 204
    assert api.delete(path).status_code == 404


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"msdynmkt_nonsense": 1}, "msdynmkt_nonsense"),
        ({"msdynmkt_name": "x" * 101}, "100"),
        ({"msdynmkt_name": 5}, "msdynmkt_name"),
        ({"statuscode": "Draft"}, "statuscode"),
        ({"statuscode": 5}, "outside the valid range"),
        ({"msdynmkt_disablesegmentrefresh": "no"}, "Boolean"),
        ({"owningbusinessunit@odata.bind": f"/businessunits({contact(1)})"}, "Does Not Exist"),
        ({"nonsense@odata.bind": f"/businessunits({UNIT})"}, "nonsense"),
    ],
)
def test_a_payload_that_does_not_fit_is_refused(api: Api, change: dict[str, object], words: str) -> None:
    answer = api.post("msdynmkt_segmentdefinitions", {**DEFINITION, **change})
    assert answer.status_code in (400, 404)
    assert words in answer.json()["error"]["message"]
    assert not api.get("msdynmkt_segmentdefinitions").json()["value"]


def test_a_body_that_is_no_object_is_refused(api: Api) -> None:
    for body in (b"{", b"[1]", b'"text"'):
        assert api.http.post("msdynmkt_segmentdefinitions", content=body).status_code == 400


def test_a_method_that_makes_no_sense_is_refused(api: Api) -> None:
    assert api.refusal(api.http.put("contacts"), 405)
    assert api.refusal(api.get("msdynmkt_MembersList"), 405)
    assert api.refusal(api.http.put(f"contacts({contact(1)})"), 405)


def test_the_service_document_lists_the_tables(api: Api) -> None:
    names = {entry["name"] for entry in api.get("").json()["value"]}
    assert {"contacts", "msdyncrm_segments", "msdynmkt_segments", "msdynmkt_segmentdefinitions"} <= names


def test_rows_of_tables_are_counted_together(api: Api) -> None:
    answer = api.get('RetrieveTotalRecordCount(EntityNames=@names)?@names=["contact","account"]').json()
    found = answer["EntityRecordCountCollection"]
    assert dict(zip(found["Keys"], found["Values"], strict=True)) == {"contact": 12, "account": 2}
    unknown = api.get('RetrieveTotalRecordCount(EntityNames=@names)?@names=["nothing"]')
    assert unknown.status_code == 400


def test_a_lookup_says_which_table_it_points_at_where_that_is_asked(api: Api) -> None:
    opened = {"id": str(contact(1)), "msdynmkt_entityid": str(contact(2)), "msdynmkt_entityid_logicalname": "lead"}
    api.organisation.fill("msdynmkt_emailopened", [opened])
    name = "Microsoft.Dynamics.CRM.lookuplogicalname"
    path = "msdynmkt_emailopeneds?$select=_msdynmkt_entityid_value"
    asked = api.get(path, Prefer=f'odata.include-annotations="{name}"').json()["value"][0]
    assert asked[f"_msdynmkt_entityid_value@{name}"] == "lead"
    assert f"_msdynmkt_entityid_value@{name}" not in api.get(path).json()["value"][0]
