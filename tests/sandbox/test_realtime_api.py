"""The real-time segmentation API, against the seed document and the limits of the product."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from migrator.product.codes import GROUPS_PER_DEFINITION, MEMBERS_PER_GROUP, DefinitionStatus, SegmentStatus
from tests.conftest import Api, contact
from tests.small import UNIT

GROUP = "0f5b0c7f-395d-447b-b14c-315a601f878e"
OTHER = "1f5b0c7f-395d-447b-b14c-315a601f878e"
DRAFT = DefinitionStatus.DRAFT


def group(key: str = GROUP, kind: str = "Include", **changes: str) -> dict[str, str]:
    return {"groupId": key, "includeType": kind, "name": "My group", "inputType": "manualSelect", **changes}


def definition(
    query: str | None = "PROFILE(contact).FILTER(ISNOTNULL(emailaddress1))", *groups: dict[str, str]
) -> dict[str, Any]:
    return {
        "msdynmkt_segmentquery": query,
        "statecode": 0,
        "statuscode": 723270001,
        "msdynmkt_staticlistmembers": json.dumps(groups),
        "msdynmkt_disablesegmentrefresh": False,
        "msdynmkt_segmentrefreshintervalminutes": 15,
    }


def segment(key: str, **changes: Any) -> dict[str, Any]:
    return {
        "msdynmkt_displayname": "New",
        "msdynmkt_type": 11,
        "msdynmkt_source": 12,
        "msdynmkt_baseentitylogicalname": "contact",
        "statecode": 1,
        "statuscode": 2,
        "msdynmkt_sourcesegmentuid": key,
        "owningbusinessunit@odata.bind": f"/businessunits({UNIT})",
        **changes,
    }


def create(api: Api, query: str | None = None, *groups: dict[str, str], **changes: Any) -> str:
    key = api.create("msdynmkt_segmentdefinitions", definition(query, *groups))
    return api.create("msdynmkt_segments", segment(key, **changes))


def row(api: Api, key: str) -> dict[str, Any]:
    return dict(api.get(f"msdynmkt_segments({key})").json())


def definition_of(api: Api, key: str) -> dict[str, Any]:
    return dict(api.get(f"msdynmkt_segmentdefinitions({row(api, key)['msdynmkt_sourcesegmentuid']})").json())


def add(api: Api, key: str, *numbers: int, into: str = GROUP) -> Any:
    body = {"SegmentId": key, "GroupId": into, "EntityIds": [str(contact(n)) for n in numbers]}
    return api.post("msdynmkt_AddStaticMembers", body)


def listed(api: Api, key: str, page: int = 1, size: int = 5000, of: str = GROUP) -> list[int]:
    body = {"SegmentId": key, "GroupId": of, "PageNo": page, "PageSize": size}
    answer = json.loads(api.post("msdynmkt_ListGroupMembers", body).json()["Response"])
    assert answer["additionalProperties"] == {}
    return [number(member) for member in answer["entityIds"]]


def number(member: str) -> int:
    return UUID(member).int & 0xFFFFFFFF


def publish(api: Api, key: str) -> Any:
    return api.post("msdynmkt_PublishSegmentDefinition", {"SegmentId": key})


def members(api: Api, key: str) -> list[int]:
    answer = api.post("msdynmkt_MembersList", {"SegmentId": key}).json()
    assert answer["StatusCode"] == 200
    result = json.loads(answer["ResultText"])
    assert result["baseEntityLogicalName"] == "contact"
    assert result["primaryKeyColumnName"] == "contactid"
    return sorted(number(part) for element in result["members"] for part in element.split(", "))


# --- definitions and segments ---


def test_the_seeds_definition_and_segment_are_created(api: Api) -> None:
    key = create(api, "PROFILE(contact).FILTER(ISNOTNULL(emailaddress1))", group())
    assert row(api, key)["msdynmkt_membercount"] is None
    assert row(api, key)["_owningbusinessunit_value"] == UNIT
    assert definition_of(api, key)["statuscode"] == DRAFT


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ([group(), group()], "stands twice"),
        ([group(str(uuid4())) for _ in range(GROUPS_PER_DEFINITION + 1)], "at most 10"),
        ([group(kind="Maybe")], "includeType"),
        ([group(inputType="typed")], "inputType"),
        ([group(name="")], "name"),
        ([group("no-id")], "cannot be read"),
        ([{"groupId": GROUP}], "cannot be read"),
    ],
)
def test_static_groups_that_break_a_rule_are_refused(api: Api, groups: list[dict[str, str]], words: str) -> None:
    assert words in api.refusal(api.post("msdynmkt_segmentdefinitions", definition(None, *groups)))


def test_a_static_list_that_is_no_json_is_refused(api: Api) -> None:
    body = {**definition(), "msdynmkt_staticlistmembers": "[{"}
    assert "cannot be read" in api.refusal(api.post("msdynmkt_segmentdefinitions", body))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"msdynmkt_displayname": "x" * 101}, "100"),
        ({"msdynmkt_description": "x" * 1001}, "1000"),
        ({"msdynmkt_displayname": ""}, "msdynmkt_displayname"),
        ({"msdynmkt_type": 13}, "valid range"),
        ({"msdynmkt_source": 11}, "12"),
        ({"msdynmkt_baseentitylogicalname": "account"}, "contact, lead"),
        ({"msdynmkt_sourcesegmentuid": str(uuid4())}, "no segment definition"),
        ({"msdynmkt_sourcesegmentuid": ""}, "missing"),
    ],
)
def test_segments_that_break_a_rule_are_refused(api: Api, change: dict[str, Any], words: str) -> None:
    key = api.create("msdynmkt_segmentdefinitions", definition())
    assert words in api.refusal(api.post("msdynmkt_segments", segment(key, **change)))


def test_segments_and_definitions_are_deleted(api: Api) -> None:
    key = create(api, "PROFILE(contact)")
    path = f"msdynmkt_segmentdefinitions({row(api, key)['msdynmkt_sourcesegmentuid']})"
    assert api.delete(f"msdynmkt_segments({key})").status_code == 204
    assert api.delete(path).status_code == 204
    assert api.refusal(api.get(path), 404)


# --- static members ---


def test_members_are_added_once_and_listed_page_by_page(api: Api) -> None:
    key = create(api, None, group())
    assert add(api, key, 1, 2, 3, 2).status_code == 204
    assert add(api, key, 3, 4).status_code == 204
    assert [listed(api, key, page, 2) for page in (1, 2, 3)] == [[1, 2], [3, 4], []]


def test_members_are_removed_and_missing_ones_ignored(api: Api) -> None:
    key = create(api, None, group())
    add(api, key, 1, 2, 3)
    body = {"SegmentId": key, "GroupId": GROUP, "EntityIds": [str(contact(2)), str(contact(9))]}
    assert api.post("msdynmkt_RemoveStaticMembers", body).status_code == 204
    assert listed(api, key) == [1, 3]


def test_a_call_takes_a_thousand_ids_and_not_one_more(api: Api) -> None:
    key = create(api, None, group())
    assert add(api, key, *range(1000)).status_code == 204
    assert "1000" in api.refusal(add(api, key, *range(1001)))
    body = {"SegmentId": key, "GroupId": GROUP, "EntityIds": [str(contact(n)) for n in range(1001)]}
    assert "1000" in api.refusal(api.post("msdynmkt_RemoveStaticMembers", body))
    assert len(listed(api, key)) == 1000


def test_a_group_takes_two_hundred_thousand_ids_and_not_one_more(api: Api) -> None:
    key = create(api, None, group())
    add(api, key, 0)
    members = api.organisation.groups[key][GROUP]
    members.update(dict.fromkeys(range(MEMBERS_PER_GROUP - 1)))
    assert add(api, key, 0).status_code == 204  # it is there already
    assert "200000" in api.refusal(add(api, key, 5))


@pytest.mark.parametrize(
    ("action", "change", "status"),
    [
        ("msdynmkt_AddStaticMembers", {"GroupId": OTHER}, 400),
        ("msdynmkt_AddStaticMembers", {"SegmentId": str(uuid4())}, 404),
        ("msdynmkt_AddStaticMembers", {"SegmentId": None}, 400),
        ("msdynmkt_AddStaticMembers", {"EntityIds": ["no-id"]}, 400),
        ("msdynmkt_AddStaticMembers", {"EntityIds": "no list"}, 400),
        ("msdynmkt_ListGroupMembers", {"PageNo": 0}, 400),
        ("msdynmkt_ListGroupMembers", {"PageSize": 0}, 400),
        ("msdynmkt_ListGroupMembers", {"PageSize": True}, 400),
        ("msdynmkt_RemoveStaticMembers", {"GroupId": OTHER}, 400),
    ],
)
def test_wrong_calls_are_refused(api: Api, action: str, change: dict[str, Any], status: int) -> None:
    key = create(api, None, group())
    body = {"SegmentId": key, "GroupId": GROUP, "EntityIds": [], "PageNo": 1, "PageSize": 10, **change}
    assert api.refusal(api.post(action, body), status)


# --- publishing and computing ---


def test_the_definitions_id_is_not_the_segments(api: Api) -> None:
    key = create(api, "PROFILE(contact)")
    assert api.refusal(publish(api, row(api, key)["msdynmkt_sourcesegmentuid"]), 404)


def test_publishing_passes_through_the_statuses_and_counts_at_the_end(api: Api) -> None:
    key = create(api, "PROFILE(contact).FILTER(address1_city == 'Oslo')")
    assert publish(api, key).status_code == 204
    seen = []
    for _ in range(3):
        found = row(api, key)
        seen.append((found["statuscode"], found["msdynmkt_membercount"], definition_of(api, key)["statuscode"]))
        api.clock.pass_(0.5 * (api.organisation.moment + api.organisation.computing) + 0.01)
    assert seen == [
        (SegmentStatus.EXPORTING, None, DefinitionStatus.GOING_LIVE),
        (SegmentStatus.COMPUTING, None, DefinitionStatus.LIVE),
        (SegmentStatus.ACTIVE, 2, DefinitionStatus.LIVE),
    ]
    assert members(api, key) == [0, 9]  # 3 and 6 live in Oslo too, but are inactive


def test_include_groups_unite_with_the_query_and_exclude_groups_win(api: Api) -> None:
    key = create(api, "PROFILE(contact).FILTER(address1_city == 'Oslo')", group(), group(OTHER, "Exclude"))
    add(api, key, 3, 5, 77)
    add(api, key, 9, 5, into=OTHER)
    publish(api, key)
    api.clock.pass_()
    assert members(api, key) == [0, 3]
    assert row(api, key)["msdynmkt_membercount"] == 2


def test_a_static_segment_without_query_is_its_groups(api: Api) -> None:
    key = create(api, None, group())
    publish(api, key)
    api.clock.pass_()
    assert members(api, key) == []
    add(api, key, 4)
    assert row(api, key)["statuscode"] == SegmentStatus.EXPORTING  # a live segment is computed again
    api.clock.pass_()
    assert members(api, key) == [4]


CONSENT = "consent_topic_cp:10000003-0000-0000-0000-000000000004;p:10000003-0000-0000-0000-000000000005;ch:Email"


@pytest.mark.parametrize(
    ("query", "same"),
    [
        ("PROFILE(contact).RELATEOPTIONAL(contact_customer_accounts, account.account_1)"
         ".FILTER(account_1.name == 'Contoso')",
         "PROFILE(contact).RELATE(contact_customer_accounts, a).FILTER(a.name == 'Contoso')"),
        ("PROFILE(contact).RELATEOPTIONAL(contact_customer_accounts, account_1,"
         " RELATEOPTIONAL(contact_customer_accounts, contact_1)).FILTER(ISNOTNULL(contact_1.contactid))",
         "PROFILE(contact).RELATE(contact_customer_accounts, a, RELATE(contact_customer_accounts, b))"
         ".FILTER(ISNOTNULL(b.contactid))"),
        (f"PROFILE(contact).FILTER({CONSENT} == 'x' || address1_city == 'Oslo')",
         "PROFILE(contact).FILTER(address1_city == 'Oslo')"),
        (f"PROFILE(contact).FILTER(address1_city == 'Oslo' && NOT(ISNOTNULL({CONSENT})))",
         "PROFILE(contact).FILTER(address1_city == 'Oslo')"),
    ],
)  # fmt: skip
def test_what_the_editor_writes_is_published(api: Api, query: str, same: str) -> None:
    keys = [create(api, text) for text in (query, same)]
    assert [publish(api, key).status_code for key in keys] == [204, 204]
    api.clock.pass_()
    assert members(api, keys[0]) == members(api, keys[1]) != []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("PROFILE(contact, c)", "does not belong"),
        ("PROFILE(contact).TRAVERSE(contact_account_parentcustomerid, a)", "TRAVERSE belongs to outbound queries"),
        ("PROFILE(contact).FILTER(nonsense == 1)", "no column nonsense"),
        ("PROFILE(contact).FILTER(age > 3)", "calculated"),
        ("PROFILE(contact).FILTER(ISNULL(picture))", "virtual"),
        ("PROFILE(contact).RELATE(contact_account_parentcustomerid, a).FILTER(a.name == 'x')", "no relationship"),
        ("PROFILE(contact).RELATE(contact_customer_accounts, a).FILTER(b.name == 'x')", "called b"),
        ("PROFILE(contact).RELATE(contact_customer_accounts, a)", "ends too early"),
        ("(PROFILE(contact) UNION PROFILE(contact))", "does not belong"),
        ("PROFILE(account)", "only be contacts"),
        ("SEGMENT(SEGMENT_CJO_ID_00)", "no segment"),
        (None, "neither a query nor static members"),
    ],
)
def test_bad_queries_are_refused_on_publishing_and_the_place_is_named(api: Api, query: str | None, words: str) -> None:
    key = create(api, query)
    answer = publish(api, key)
    assert words in api.refusal(answer)
    if "does not belong" in words:
        assert json.loads(answer.json()["ResultText"])["column"] == (
            1 if query and query.startswith("(") else 16 if query and "," in query[:17] else 17
        )
    assert row(api, key)["statuscode"] == SegmentStatus.INACTIVE


def test_a_bad_query_is_refused_at_once_where_the_definition_is_created_live(api: Api) -> None:
    body = {**definition("PROFILE(contact).FILTER(nonsense == 1)"), "statuscode": int(DefinitionStatus.LIVE)}
    assert "nonsense" in api.refusal(api.post("msdynmkt_segmentdefinitions", body))


def reference(key: str) -> str:
    return f"SEGMENT(SEGMENT_CJO_ID_{key.replace('-', '')})"


def test_segments_nest_one_level_and_no_deeper(api: Api) -> None:
    oslo = create(api, "PROFILE(contact).FILTER(address1_city == 'Oslo')")
    rest = create(api, f"PROFILE(contact) EXCEPT {reference(oslo)}")
    deep = create(api, f"PROFILE(contact) EXCEPT {reference(rest)}")
    for key in (oslo, rest):
        assert publish(api, key).status_code == 204
    api.clock.pass_()
    assert members(api, rest) == [1, 2, 4, 5, 7, 8, 10, 11]
    assert "one level" in api.refusal(publish(api, deep))


def test_a_segment_does_not_refer_to_itself(api: Api) -> None:
    key = create(api, "PROFILE(contact)")
    path = f"msdynmkt_segmentdefinitions({row(api, key)['msdynmkt_sourcesegmentuid']})"
    api.patch(path, {"msdynmkt_segmentquery": f"PROFILE(contact) EXCEPT {reference(key)}"})
    assert "itself" in api.refusal(publish(api, key))


def test_members_are_not_listed_before_they_are_computed(api: Api) -> None:
    key = create(api, "PROFILE(contact)")
    assert "not been computed" in api.refusal(api.post("msdynmkt_MembersList", {"SegmentId": key}))


def test_the_members_come_one_an_element_with_their_number(api: Api) -> None:
    key = create(api, "PROFILE(contact)")
    publish(api, key)
    api.clock.pass_()
    api.organisation.manners.members_listed = 3
    result = json.loads(api.post("msdynmkt_MembersList", {"SegmentId": key}).json()["ResultText"])
    assert (len(result["members"]), result["totalCount"]) == (3, 10)


def test_the_members_are_joined_by_commas_as_the_seed_shows(api: Api) -> None:
    api.organisation.manners.members_joined = True
    key = create(api, "PROFILE(contact)")
    publish(api, key)
    api.clock.pass_()
    result = json.loads(api.post("msdynmkt_MembersList", {"SegmentId": key}).json()["ResultText"])
    assert len(result["members"]) == 1
    assert result["members"][0].count(", ") == 9


def test_the_status_says_how_the_last_computation_went(api: Api) -> None:
    key = create(api, "PROFILE(contact)")

    def last() -> Any:
        return json.loads(api.post("msdynmkt_SegmentStatus", {"SegmentId": key}).json()["ResultText"])["lastExecution"]

    assert last() is None
    publish(api, key)
    assert last() == {"status": "Running"}
    api.clock.pass_()
    assert last() == {"status": "Success"}


def test_a_refusal_may_come_inside_a_good_answer(api: Api) -> None:
    api.organisation.manners.refuses_inside = True
    answer = publish(api, create(api, "PROFILE(contact"))
    assert (answer.status_code, answer.json()["StatusCode"]) == (200, 400)
    assert "line" in json.loads(answer.json()["ResultText"])


def test_without_matrix_ownership_a_row_lands_in_its_owners_unit_without_a_word(api: Api) -> None:
    api.organisation.fill("businessunit", [{"businessunitid": str(uuid4()), "name": "Other"}])
    own, other = api.organisation.rows["businessunit"]
    for matrix, unit in ((True, other), (False, own)):
        api.organisation.matrix = matrix
        key = create(api, "PROFILE(contact)", **{"owningbusinessunit@odata.bind": f"/businessunits({other})"})
        assert row(api, key)["_owningbusinessunit_value"] == unit


# --- stopping ---


def test_stopping_makes_it_stopped_unless_another_segment_needs_it(api: Api) -> None:
    oslo = create(api, "PROFILE(contact).FILTER(address1_city == 'Oslo')")
    rest = create(api, f"PROFILE(contact) EXCEPT {reference(oslo)}", msdynmkt_displayname="Rest")
    publish(api, oslo)
    publish(api, rest)
    api.clock.pass_()
    answer = api.post("msdynmkt_StopSegments", {"SegmentIdList": [oslo, rest]}).json()
    assert answer["summary"]
    first, second = answer["stopSingleSegmentResults"]
    assert (first["WasStopped"], first["DependentSegments"], first["DependentJourneys"]) == (False, ["Rest"], [])
    assert first["Message"]
    assert second["WasStopped"] is True
    assert row(api, rest)["statuscode"] == SegmentStatus.INACTIVE
    definition = definition_of(api, rest)
    assert definition["statuscode"] == DefinitionStatus.STOPPING
    changed = f"msdynmkt_segmentdefinitions({definition['msdynmkt_segmentdefinitionid']})"
    assert api.patch(changed, {"msdynmkt_name": "Changed meanwhile"}).status_code == 204
    api.clock.pass_()
    assert definition_of(api, rest)["statuscode"] == DefinitionStatus.STOPPED
    assert publish(api, rest).status_code == 204  # editable again, and published again
    assert "Rest" in api.refusal(api.delete(f"msdynmkt_segments({oslo})"))


def test_stopping_nothing_or_an_unknown_segment_is_refused(api: Api) -> None:
    assert api.refusal(api.post("msdynmkt_StopSegments", {"SegmentIdList": []}))
    assert api.refusal(api.post("msdynmkt_StopSegments", {"SegmentIdList": [str(uuid4())]}), 404)
