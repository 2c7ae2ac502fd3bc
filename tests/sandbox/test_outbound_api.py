"""The outbound segmentation API, against the seed documents."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from migrator.product.codes import LegacyStatus, LegacyType
from tests.conftest import Api, contact
from tests.small import COMPOUND, DYNAMIC, LOST, STATIC

DRAFT, GOING_LIVE, LIVE = LegacyStatus.DRAFT, LegacyStatus.GOING_LIVE, LegacyStatus.LIVE
SEED_QUERY = "PROFILE(contact, contact_1).FILTER(ISNOTNULL(contact_1.emailaddress1) && ISNOTNULL(contact_1.fullname))"


def new(**columns: Any) -> dict[str, Any]:
    return {"msdyncrm_segmentname": "New", "msdyncrm_segmenttype": LegacyType.DYNAMIC, "statuscode": DRAFT, **columns}


def status(api: Api, key: str) -> int:
    return int(api.get(f"msdyncrm_segments({key})").json()["statuscode"])


def members(api: Api, key: Any, **body: Any) -> Any:
    name = f"SEGMENT_CRM_ID_{str(key).replace('-', '')}"
    query = f"(SEGMENT({name})).ORDERBY(fullname ASC).SKIP(0).TAKE(15).SELECT(contactid)"
    return api.post("msdyncrm_FetchContactsByQuery", {"Query": query, **body})


def numbers(answer: Any) -> list[int]:
    rows = json.loads(answer.json()["Response"])
    return sorted(int(row["contactid"][-12:], 16) for row in rows)


# --- rows and status moves ---


def test_the_seeds_static_segment_is_created_as_a_draft_and_goes_live(api: Api) -> None:
    ids = [f"crm{contact(1)}", f"crm{contact(2)}"]
    body = {
        "msdyncrm_segmentname": "StaticSegmentApi1",
        "msdyncrm_segmenttype": 192350001,
        "msdyncrm_segmentmemberids": json.dumps(ids),
        "statuscode": 192350000,
    }
    key = api.create("msdyncrm_segments", body)
    row = api.get(f"msdyncrm_segments({key})").json()
    assert row["msdyncrm_segmentqueryname"] == f"SEGMENT_CRM_ID_{key.replace('-', '')}"
    assert api.patch(f"msdyncrm_segments({key})", {"statuscode": 192350006}).status_code == 204
    assert status(api, key) == GOING_LIVE
    api.clock.pass_()
    assert status(api, key) == LIVE
    assert numbers(members(api, key)) == [1, 2]


def test_a_dynamic_segment_goes_live_when_it_is_created_so(api: Api) -> None:
    key = api.create("msdyncrm_segments", new(msdyncrm_segmentquery=SEED_QUERY, statuscode=GOING_LIVE))
    assert status(api, key) == GOING_LIVE
    api.clock.pass_()
    row = api.get(f"msdyncrm_segments({key})").json()
    assert (row["statuscode"], row["msdyncrm_segmentsize"], row["msdyncrm_islive"]) == (LIVE, 9, True)


def test_a_compound_segment_is_created_from_two_others(api: Api) -> None:
    query = f"SEGMENT(SEGMENT_CRM_ID_{STATIC.hex}) INTERSECT SEGMENT(SEGMENT_CRM_ID_{DYNAMIC.hex})"
    body = new(msdyncrm_segmenttype=LegacyType.COMPOUND, msdyncrm_query=query, statuscode=GOING_LIVE)
    key = api.create("msdyncrm_segments", body)
    api.clock.pass_()
    assert numbers(members(api, key)) == [0, 3]


def test_stopping_becomes_stopped_after_a_moment(api: Api) -> None:
    api.patch(f"msdyncrm_segments({DYNAMIC})", {"statuscode": LegacyStatus.STOPPING})
    assert status(api, str(DYNAMIC)) == LegacyStatus.STOPPING
    api.clock.pass_()
    assert status(api, str(DYNAMIC)) == LegacyStatus.STOPPED


@pytest.mark.parametrize("target", [LegacyStatus.STOPPED, LegacyStatus.DRAFT, LegacyStatus.ERROR, LegacyStatus.EXPIRED])
def test_direct_moves_are_refused(api: Api, target: LegacyStatus) -> None:
    assert "cannot be moved" in api.refusal(api.patch(f"msdyncrm_segments({DYNAMIC})", {"statuscode": target}))
    assert status(api, str(DYNAMIC)) == LIVE


@pytest.mark.parametrize("target", [LIVE, LegacyStatus.STOPPED, LegacyStatus.STOPPING])
def test_a_segment_is_not_created_in_the_middle_of_its_life(api: Api, target: LegacyStatus) -> None:
    assert "created as Draft" in api.refusal(api.post("msdyncrm_segments", new(statuscode=target)))


@pytest.mark.parametrize("query", ["PROFILE(UnknownEntity)", "PROFILE(contact).FILTER(a = 1)", "", "PROFILE(account)"])
def test_bad_queries_are_refused_when_going_live_but_drafts_are_not_validated(api: Api, query: str) -> None:
    assert api.refusal(api.post("msdyncrm_segments", new(msdyncrm_segmentquery=query, statuscode=GOING_LIVE)))
    key = api.create("msdyncrm_segments", new(msdyncrm_segmentquery=query))
    assert api.refusal(api.patch(f"msdyncrm_segments({key})", {"statuscode": GOING_LIVE}))
    assert status(api, key) == DRAFT


@pytest.mark.parametrize("missing", ["msdyncrm_segmentname", "msdyncrm_segmenttype"])
def test_mandatory_columns_are_asked_for(api: Api, missing: str) -> None:
    body = {name: value for name, value in new().items() if name != missing}
    assert missing in api.refusal(api.post("msdyncrm_segments", body))


def test_segments_are_read_by_status_and_deleted(api: Api) -> None:
    path = "msdyncrm_segments?$filter=statuscode eq 192350001&$select=msdyncrm_segmentid,msdyncrm_segmentname"
    before = api.get(path).json()["value"]
    assert api.delete(f"msdyncrm_segments({STATIC})").status_code == 204
    after = api.get(path).json()["value"]
    assert {row["msdyncrm_segmentid"] for row in before} - {row["msdyncrm_segmentid"] for row in after} == {str(STATIC)}


def test_a_compound_that_refers_to_itself_is_refused(api: Api) -> None:
    query = {"msdyncrm_query": f"SEGMENT(SEGMENT_CRM_ID_{COMPOUND.hex})"}
    api.patch(f"msdyncrm_segments({COMPOUND})", query)
    assert "itself" in api.refusal(members(api, COMPOUND))


# --- msdyncrm_SegmentMembersUpdate ---


def update(api: Api, operation: str, key: Any = STATIC, **body: Any) -> Any:
    return api.post(
        "msdyncrm_SegmentMembersUpdate", {"msdyncrm_segmentid": str(key), "msdyncrm_operation": operation, **body}
    )


def ids(*chosen: int) -> str:
    return json.dumps([str(contact(n)).upper() for n in chosen])


def test_members_are_added_by_id_after_a_moment_and_unknown_ids_are_ignored(api: Api) -> None:
    assert update(api, "addByIds", msdyncrm_memberids=ids(4, 5, 99)).status_code == 204
    assert numbers(members(api, STATIC)) == [0, 1, 2, 3, 4]
    api.clock.pass_()
    assert numbers(members(api, STATIC)) == [0, 1, 2, 3, 4, 5]
    assert api.get(f"msdyncrm_segments({STATIC})").json()["msdyncrm_segmentsize"] == 6


def test_members_are_removed_by_id(api: Api) -> None:
    update(api, "removeByIds", msdyncrm_memberids=ids(0, 9))
    api.clock.pass_()
    assert numbers(members(api, STATIC)) == [1, 2, 3, 4]


def test_members_are_added_and_removed_by_query(api: Api) -> None:
    paris = "PROFILE(contact).FILTER(address1_city == 'Paris')"
    update(api, "addByQuery", msdyncrm_query=paris)
    api.clock.pass_()
    assert numbers(members(api, STATIC)) == [0, 1, 2, 3, 4, 7, 10]
    update(api, "removeByQuery", msdyncrm_query=paris)
    api.clock.pass_()
    assert numbers(members(api, STATIC)) == [0, 2, 3]


def test_get_state_tells_what_is_under_way(api: Api) -> None:
    assert json.loads(update(api, "getState").json()["Response"]) == []
    update(api, "addByIds", msdyncrm_memberids=ids(5))
    update(api, "addByIds", msdyncrm_memberids=ids(6))
    assert len(json.loads(update(api, "getState").json()["Response"])) == 2
    api.clock.pass_()
    assert json.loads(update(api, "getState").json()["Response"]) == []


@pytest.mark.parametrize(
    ("operation", "key", "body", "words"),
    [
        ("explode", STATIC, {}, "no operation"),
        ("addByIds", DYNAMIC, {"msdyncrm_memberids": "[]"}, "static segments only"),
        ("addByIds", STATIC, {"msdyncrm_memberids": "no list"}, "no JSON array"),
        ("addByIds", STATIC, {"msdyncrm_memberids": '["x"]'}, "no id"),
        ("addByIds", STATIC, {"msdyncrm_memberids": json.dumps([str(contact(1))] * 20_001)}, "20000"),
        ("addByQuery", STATIC, {"msdyncrm_query": "PROFILE(("}, "not valid"),
    ],
)
def test_wrong_updates_are_refused(api: Api, operation: str, key: Any, body: dict[str, str], words: str) -> None:
    assert words in api.refusal(update(api, operation, key, **body))


def test_an_update_of_an_unknown_segment_is_not_found(api: Api) -> None:
    assert api.refusal(update(api, "getState", contact(1)), 404)


# --- reading members ---


def test_the_query_pages_and_sorts(api: Api) -> None:
    seen = []
    for skip in (0, 2, 4, 6):
        tail = f"ORDERBY(fullname DESC).SKIP({skip}).TAKE(2).SELECT(contactid, fullname)"
        query = f"(SEGMENT(SEGMENT_CRM_ID_{STATIC.hex})).{tail}"
        rows = json.loads(api.post("msdyncrm_FetchContactsByQuery", {"Query": query}).json()["Response"])
        seen.append([row["fullname"] for row in rows])
    assert seen == [["Élodie", "Dmitri"], ["Chloé", "Björn"], ["Ana"], []]


def test_a_traversing_query_gives_the_contacts_at_its_end(api: Api) -> None:
    query = (
        "PROFILE(account, account_1).FILTER(account_1.name == 'Contoso')"
        ".TRAVERSE(contact_account_parentcustomerid, contact_1).FILTER(ISNOTNULL(contact_1.emailaddress1))"
    )
    assert numbers(api.post("msdyncrm_FetchContactsByQuery", {"Query": query})) == [2, 10]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (f"SEGMENT(SEGMENT_CRM_ID_{LOST.hex})", "member list"),
        ("SEGMENT(nobody)", "no segment nobody"),
        ("PROFILE(contact).FILTER(nonsense == 1)", "no column nonsense"),
        ("PROFILE(contact).FILTER(age > 3)", "calculated"),
        ("PROFILE(contact).TRAVERSE(nothing, n)", "no relationship nothing"),
        ("PROFILE(contact).SELECT(nonsense)", "no column nonsense"),
        ("PROFILE(contact", "not valid"),
        ("", "not valid"),
    ],
)
def test_what_cannot_be_fetched_is_said(api: Api, query: str, words: str) -> None:
    assert words in api.refusal(api.post("msdyncrm_FetchContactsByQuery", {"Query": query}))


def fetch_xml(segment: Any = STATIC, page: int = 1, count: int = 5, extra: str = "") -> str:
    text = (
        f'<fetch version="1.0" mapping="logical" returntotalrecordcount="true" page="{page}" count="{count}">'
        '<entity name="contact"><attribute name="fullname"/><attribute name="contactid"/>'
        '<attribute name="parentcustomerid"/><order attribute="fullname" descending="false"/>'
        '<link-entity name="msdyncrm_segment" from="msdyncrm_segmentid" to="msdyncrm_segmentmemberid" alias="bb">'
        f'<filter type="and"><condition attribute="msdyncrm_segmentid" operator="eq" uitype="msdyncrm_segment" '
        f'value="{segment}"/></filter></link-entity>{extra}</entity></fetch>'
    )
    return f"contacts?fetchXml={quote(text)}"


def test_the_deprecated_read_gives_pages_of_members(api: Api) -> None:
    first = api.get(fetch_xml(page=1, count=3)).json()
    second = api.get(fetch_xml(page=2, count=3)).json()
    assert first["@Microsoft.Dynamics.CRM.totalrecordcount"] == 5
    assert (first["@Microsoft.Dynamics.CRM.morerecords"], second["@Microsoft.Dynamics.CRM.morerecords"]) == (
        True,
        False,
    )
    names = [row["fullname"] for page in (first, second) for row in page["value"]]
    assert names == ["Ana", "Björn", "Chloé", "Dmitri", "Élodie"]


@pytest.mark.parametrize(
    "text",
    [
        "<fetch",
        "<fetch/>",
        '<fetch><entity name="account"/></fetch>',
        '<fetch><entity name="contact"><link-entity name="account" to="x"/></entity></fetch>',
        '<fetch><entity name="contact"><filter/></entity></fetch>',
    ],
)
def test_fetch_xml_that_is_not_answered_is_refused(api: Api, text: str) -> None:
    assert api.refusal(api.get(f"contacts?fetchXml={quote(text)}"))


# --- validation ---


@pytest.mark.parametrize(
    ("query", "code", "errors"),
    [
        ("PROFILE(contact)", DRAFT, []),
        ("PROFILE(UnknownEntity)", GOING_LIVE, ["SegmentDciValidator_SegmentInvalid"]),
    ],
)
def test_validation_always_answers_200_as_the_seed_shows(api: Api, query: str, code: int, errors: list[str]) -> None:
    answer = api.post("msdyncrm_ValidateSegment", new(msdyncrm_segmentquery=query, statuscode=code))
    assert answer.status_code == 200
    result = json.loads(answer.json()["ValidationResult"])
    assert [error["ErrorCode"] for error in result] == errors
    assert all(error["FieldName"] == "msdyncrm_query" for error in result)


# --- after the removal ---


def test_after_the_removal_rows_are_readable_and_actions_are_gone(api: Api) -> None:
    api.organisation.outbound = False
    assert len(api.get("msdyncrm_segments").json()["value"]) == 6
    for action in ("msdyncrm_SegmentMembersUpdate", "msdyncrm_FetchContactsByQuery", "msdyncrm_ValidateSegment"):
        answer = api.post(action, {"msdyncrm_segmentid": str(STATIC)})
        assert answer.status_code == 404
        assert answer.json()["error"] == {
            "code": "0x8006088a",
            "message": f"Resource not found for the segment '{action}'.",
        }
    assert api.refusal(api.get(fetch_xml()))
