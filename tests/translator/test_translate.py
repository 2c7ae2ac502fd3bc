"""From legacy to real-time: a segment like this becomes one like that, with these findings."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from pydantic import TypeAdapter

from migrator.contracts.derived import derived_id
from migrator.contracts.export_folder import Export, OrganisationRef
from migrator.contracts.legacy_segment import LegacySegment, segment_of
from migrator.contracts.members import LEFT_OUT, Members, MemberSource
from migrator.contracts.plan import Outcome, Plan, PlannedSegment, TranslationSettings, plan_json
from migrator.contracts.selection import Selection
from migrator.mql import Column, ManyToOne, Schema, Table, parse_outbound, tree
from migrator.mql.schema import schema_to_json
from migrator.product.codes import MEMBERS_PER_GROUP, DefinitionStatus, LegacyStatus, LegacyType, Scope, SegmentType
from migrator.product.findings import Finding
from migrator.translator import translate as module
from migrator.translator.profiles import turned_round
from migrator.translator.translate import translate, translate_one
from tests.small import ORGANISATION, SCHEMA, UNIT, row, segment

READ = MemberSource.SERVICE


def legacy(
    kind: LegacyType = LegacyType.DYNAMIC, status: LegacyStatus = LegacyStatus.LIVE, **columns: Any
) -> LegacySegment:
    return segment_of(row(segment(1), "A segment", kind, status, **columns))


def plan(found: LegacySegment, members: Members | None = None, **settings: Any) -> PlannedSegment:
    export = Export(
        ORGANISATION, "f", (found,), {found.id: members or Members(MemberSource.NOT_READ)}, schema_to_json(SCHEMA)
    )
    return translate(export, TranslationSettings(ORGANISATION, **settings)).segments[0]


def codes(planned: PlannedSegment) -> list[str]:
    return [finding.code for finding in planned.findings]


def query(text: str, **columns: Any) -> PlannedSegment:
    return plan(legacy(msdyncrm_segmentquery=text, **columns))


def static(count: int | None, status: LegacyStatus = LegacyStatus.LIVE, **columns: Any) -> PlannedSegment:
    source = READ if count is not None else MemberSource.NONE
    return plan(
        legacy(LegacyType.STATIC, status, **columns), Members(source, count, reason="" if count is not None else "gone")
    )


# --- queries -----------------------------------------------------------------------------------------------------

CARRIED_OVER = [
    ("PROFILE(contact)", "PROFILE(contact)", []),
    (
        "PROFILE(contact, contact_1).FILTER(ISNOTNULL(contact_1.emailaddress1) && ISNOTNULL(contact_1.fullname))",
        "PROFILE(contact).FILTER(ISNOTNULL(emailaddress1) && ISNOTNULL(fullname))",
        [],
    ),
    (
        "PROFILE(contact).FILTER((address1_city == 'NewYork' || address1_city == 'NewJersey'))",
        "PROFILE(contact).FILTER(address1_city == 'NewYork' || address1_city == 'NewJersey')",
        [],
    ),
    ("profile(Contact, C).filter(c.children > 1 AND NOT(C.children == 3))",
     "PROFILE(contact).FILTER(children > 1 && NOT(children == 3))", []),
    ("PROFILE(contact).FILTER(donotemail == True)", "PROFILE(contact).FILTER(donotemail == true)", []),
    ("PROFILE(contact).FILTER(fullname CONTAINS 'O\\'B')", "PROFILE(contact).FILTER(fullname CONTAINS 'O\\'B')", []),
    ("PROFILE(contact).FILTER(children == 1).FILTER(ISNULL(fullname))",
     "PROFILE(contact).FILTER(children == 1 && ISNULL(fullname))", []),
    ("PROFILE(contact, c).FILTER(c.fullname STARTSWITH 'A' || fullname ENDSWITH 'z')",
     "PROFILE(contact).FILTER(fullname STARTSWITH 'A' || fullname ENDSWITH 'z')", ["unproven-construct"]),
    ("PROFILE(contact, c).FILTER(c.children * 2 > DATEDIFF(day, c.createdon, DATETIMEUTCNOW()))",
     "PROFILE(contact).FILTER(children * 2 > DATEDIFF(day, createdon, DATETIMEUTCNOW()))", ["unproven-construct"]),
]  # fmt: skip

NOT_CARRIED_OVER = [
    ("", Outcome.BLOCKED, ["query-missing"]),
    ("PROFILE(contact).FILTER(a = 1)", Outcome.BLOCKED, ["query-unreadable"]),
    ("PROFILE(account)", Outcome.BLOCKED, ["audience-not-contact"]),
    ("PROFILE(contact).FILTER(nothing == 1)", Outcome.BLOCKED, ["column-unknown"]),
    ("PROFILE(contact).FILTER(x.fullname == 'a')", Outcome.BLOCKED, ["alias-unknown"]),
    ("PROFILE(contact).FILTER(age > 1)", Outcome.BLOCKED, ["column-not-stored"]),
    ("PROFILE(contact).FILTER(ISNULL(picture))", Outcome.BLOCKED, ["column-not-stored"]),
    ("PROFILE(account, a).TRAVERSE(nothing, c)", Outcome.FLAGGED, ["relationship-unknown"]),
    ("INTERACTION(EmailOpened, contactId).HAVING(COUNT() > 0)", Outcome.FLAGGED, ["query-behavioural"]),
    ("PROFILE(contact) EXCEPT INTERACTION(EmailOpened, contactId)", Outcome.FLAGGED, ["query-behavioural"]),
    ("SEGMENT(other)", Outcome.BLOCKED, ["compound-segment", "reference-unknown"]),
]


@pytest.mark.parametrize(("outbound", "realtime", "found"), CARRIED_OVER)
def test_a_query_over_contact_alone_is_carried_over(outbound: str, realtime: str, found: list[str]) -> None:
    planned = query(outbound)
    assert planned.payload is not None
    assert planned.payload.definition["msdynmkt_segmentquery"] == realtime
    assert (codes(planned), planned.outcome) == (found, Outcome.READY)


@pytest.mark.parametrize(("outbound", "outcome", "found"), NOT_CARRIED_OVER)
def test_another_query_says_why_it_is_not(outbound: str, outcome: Outcome, found: list[str]) -> None:
    planned = query(outbound)
    assert (planned.outcome, codes(planned)) == (outcome, found)
    assert planned.payload is None


def test_a_comparison_with_null_is_marked_where_no_metadata_knows_better() -> None:
    found = legacy(msdyncrm_segmentquery="PROFILE(contact).FILTER(fullname == null)")
    export = Export(ORGANISATION, "f", (found,), {found.id: Members(MemberSource.NOT_READ)}, {})
    (planned,) = translate(export, TranslationSettings(ORGANISATION)).segments
    assert codes(planned) == ["unproven-construct"]
    assert "a comparison with null" in planned.findings[0].message


def with_length(most: int | None, **settings: Any) -> PlannedSegment:
    """A query of 60 characters for an organisation that takes so many."""
    definition = Table("d", "id", "n", {"msdynmkt_segmentquery": Column("Memo", max_length=most)})
    schema = replace(SCHEMA, tables={**SCHEMA.tables, "msdynmkt_segmentdefinition": definition})
    text = f"PROFILE(contact).FILTER(fullname == '{'x' * 5_000}')"
    found = legacy(msdyncrm_segmentquery=text)
    export = Export(ORGANISATION, "f", (found,), {found.id: Members(MemberSource.NOT_READ)}, schema_to_json(schema))
    return translate(export, TranslationSettings(**{"target": ORGANISATION, **settings})).segments[0]


def test_how_long_a_query_may_be_is_told_by_the_metadata_of_the_organisation() -> None:
    assert codes(with_length(None)) == ["query-too-long"]
    assert "takes 4,000" in with_length(None).findings[0].message
    assert codes(with_length(10_000)) == []
    assert "takes 5,000" in with_length(5_000).findings[0].message
    elsewhere = OrganisationRef(UUID(int=7), "https://other.example")
    assert "takes 4,000" in with_length(10_000, target=elsewhere).findings[0].message


def test_one_query_plans_only_the_segments_that_it_refers_to(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        segment_of(
            row(segment(n), f"s{n}", LegacyType.DYNAMIC, LegacyStatus.LIVE, msdyncrm_segmentquery="PROFILE(contact)")
        )
        for n in range(5)
    ]
    members = {found.id: Members(MemberSource.NOT_READ) for found in rows}
    export = Export(ORGANISATION, "f", tuple(rows), members, schema_to_json(SCHEMA))
    planned: list[str] = []
    plan_segment = module._plan

    def counted(found: LegacySegment, work: Any) -> PlannedSegment:
        planned.append(found.name)
        return plan_segment(found, work)

    monkeypatch.setattr(module, "_plan", counted)
    found, segments = translate_one(
        parse_outbound("SEGMENT(s1) UNION SEGMENT(s3)"), export, TranslationSettings(ORGANISATION)
    )
    assert planned == ["s1", "s3"]
    assert found.depends_on == (segment(1), segment(3))
    assert segments.title("s4") == "s4"


def test_the_references_of_a_compound_segment_are_counted() -> None:
    planned = plan(legacy(LegacyType.COMPOUND, msdyncrm_query="SEGMENT(a) UNION SEGMENT(b) EXCEPT SEGMENT(a)"))
    assert codes(planned)[0] == "compound-segment"
    assert "2 other segments" in planned.findings[0].message


def test_the_query_is_taken_from_the_column_that_is_filled() -> None:
    planned = query("", msdyncrm_query="PROFILE(contact)")
    assert planned.query == "PROFILE(contact)"
    assert planned.outcome is Outcome.READY


def test_two_columns_with_different_queries_wait_for_a_decision() -> None:
    assert codes(query("PROFILE(contact)", msdyncrm_query="PROFILE(contact).FILTER(children == 1)")) == [
        "queries-differ"
    ]
    assert codes(query("PROFILE(contact)", msdyncrm_query=" PROFILE(contact) ")) == []


# --- statuses ----------------------------------------------------------------------------------------------------

STATUSES = [
    (LegacyStatus.DRAFT, False, []),
    (LegacyStatus.LIVE, True, []),
    (LegacyStatus.STOPPED, False, []),
    (LegacyStatus.LIVE_EDITABLE, True, []),
    (LegacyStatus.EXPIRED, False, ["status-expired"]),
    (LegacyStatus.ERROR, False, ["status-error"]),
    (LegacyStatus.GOING_LIVE, True, []),
    (LegacyStatus.STOPPING, False, []),
]


@pytest.mark.parametrize(("status", "published", "found"), STATUSES)
def test_every_status_has_its_place(status: LegacyStatus, published: bool, found: list[str]) -> None:
    planned = static(3, status)
    assert (planned.publish, codes(planned)) == (published, found)
    assert planned.outcome is (Outcome.ADAPTED if found else Outcome.READY)
    assert planned.payload is not None
    assert planned.payload.definition["statuscode"] == DefinitionStatus.DRAFT  # publishing comes later


@pytest.mark.parametrize("code", [192350099, None])
def test_an_unknown_status_blocks(code: int | None) -> None:
    planned = plan(replace(legacy(LegacyType.STATIC), status_code=code), Members(READ, 1))
    assert (planned.outcome, codes(planned)) == (Outcome.BLOCKED, ["status-unknown"])


def test_an_unknown_type_blocks() -> None:
    planned = plan(replace(legacy(), type_code=5, query="PROFILE(contact)"))
    assert (planned.outcome, codes(planned)) == (Outcome.BLOCKED, ["type-unknown"])


def test_drafts_only_publishes_nothing_and_says_so() -> None:
    planned = plan(legacy(LegacyType.STATIC), Members(READ, 1), drafts_only=True)
    assert (planned.publish, codes(planned), planned.outcome) == (False, ["kept-as-draft"], Outcome.READY)


def test_a_mirrored_segment_waits_for_a_decision() -> None:
    assert codes(static(3, msdyncrm_externalsource=192350000)) == ["mirrored-segment"]


# --- members -----------------------------------------------------------------------------------------------------


def test_members_become_one_include_group() -> None:
    planned = static(3)
    assert planned.payload is not None
    assert json.loads(planned.payload.definition["msdynmkt_staticlistmembers"]) == [
        {
            "groupId": str(planned.groups[0].id),
            "includeType": "Include",
            "name": "A segment – members",
            "inputType": "manualSelect",
        }
    ]
    assert (planned.groups[0].first, planned.groups[0].count) == (0, 3)
    assert planned.payload is not None
    assert planned.payload.segment["msdynmkt_type"] == SegmentType.STATIC


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        (0, [0]),
        (1, [1]),
        (200_000, [200_000]),
        (200_001, [200_000, 1]),
        (2_000_000, [200_000] * 10),
    ],
)
def test_groups_are_cut_at_two_hundred_thousand(count: int, sizes: list[int]) -> None:
    planned = static(count, msdyncrm_segmentsize=count)
    assert [group.count for group in planned.groups] == sizes
    assert [group.first for group in planned.groups] == [200_000 * n for n in range(len(sizes))]
    assert len({group.id for group in planned.groups}) == len(sizes)
    assert codes(planned) == (["split-into-groups"] if len(sizes) > 1 else [])
    if len(sizes) > 1:
        assert planned.groups[1].name == f"A segment – members 2 of {len(sizes)}"


def test_the_sentence_about_groups_counts_those_with_members() -> None:
    planned = plan(legacy(LegacyType.STATIC), Members(READ, 400_001, excluded=200_001))
    said = next(finding for finding in planned.findings if finding.code == "split-into-groups")
    assert "The 400,001 members are spread over 3 groups" in said.message


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        (Members(MemberSource.FILE, 3, origin="x", gone=1), "1 of 4 ids belongs to no contact"),
        (Members(MemberSource.FILE, 3, origin="x", gone=4, accepted=("gone",)), "4 ids of no contact are left out"),
        (Members(MemberSource.FILE, 3, origin="x", not_found=5), "5 "),
        (
            Members(MemberSource.FILE, 3, origin="x", not_found=5, accepted=("not-found",)),
            "5 addresses that no contact",
        ),
        (
            Members(MemberSource.FILE, 3, origin="x", ambiguous=2, accepted=("ambiguous",)),
            "2 addresses stand for every",
        ),
        (Members(MemberSource.FILE, 3, origin="x", unreadable=7), "7 "),
        (
            Members(MemberSource.FILE, 3, origin="x", unreadable=7, accepted=("unreadable",)),
            "7 unreadable rows are left",
        ),
        (Members(MemberSource.ROW, 3), "3 "),
        (Members(MemberSource.ROW, 3, unreadable=1, duplicates=2), "1"),
        (Members(READ, 3, excluded=2), "2 "),
    ],
)
def test_the_sentences_about_members_hold_their_numbers(members: Members, sentence: str) -> None:
    planned = plan(legacy(LegacyType.STATIC), members)
    assert any(sentence in finding.message for finding in planned.findings), [f.message for f in planned.findings]


def test_more_than_ten_groups_can_hold_is_flagged_with_a_proposal() -> None:
    planned = static(2_000_001)
    assert (planned.outcome, codes(planned), planned.groups) == (Outcome.FLAGGED, ["too-many-members"], ())
    assert "Split it into 2 numbered segments" in planned.findings[0].advice


def test_a_segment_that_is_too_large_is_split_if_the_run_is_told_so() -> None:
    large = legacy(LegacyType.STATIC)
    export = Export(ORGANISATION, "f", (large,), {large.id: Members(READ, 4_500_000)}, schema_to_json(SCHEMA))
    found = translate(export, TranslationSettings(ORGANISATION, split=True)).segments
    parts = [segment for segment in found if segment.part_of]
    (whole,) = (segment for segment in found if not segment.part_of)
    assert codes(whole) == ["split-into-segments"]
    assert [sum(group.count for group in part.groups) for part in parts] == [2_000_000, 2_000_000, 500_000]
    spans = [(group.first, group.count) for part in parts for group in part.groups]
    assert [first for first, _ in spans] == list(range(0, 4_500_000, 200_000))
    assert sum(count for _, count in spans) == 4_500_000
    assert whole.depends_on == tuple(part.legacy_id for part in parts)
    assert whole.realtime_query == " UNION ".join(f"SEGMENT(SEGMENT_CJO_ID_{part.segment_id.hex})" for part in parts)
    assert parts[0].name.endswith("– part 1 of 3")
    ids = [key for segment in found for key in (segment.definition_id, segment.segment_id)]
    ids += [group.id for segment in found for group in segment.groups]
    assert len(set(ids)) == len(ids)


def test_exclusions_become_exclude_groups() -> None:
    planned = plan(legacy(LegacyType.STATIC), Members(READ, 3, excluded=2))
    assert codes(planned) == ["members-excluded"]
    assert planned.payload is not None
    groups = json.loads(planned.payload.definition["msdynmkt_staticlistmembers"])
    assert [group["includeType"] for group in groups] == ["Include", "Exclude"]
    assert [(group.first, group.count, group.excluded) for group in planned.groups] == [(0, 3, False), (0, 2, True)]


def test_members_that_a_filter_left_out_are_to_be_read_and_not_searched_for() -> None:
    planned = plan(legacy(LegacyType.STATIC), Members(MemberSource.NOT_READ, reason=LEFT_OUT))
    assert (planned.outcome, codes(planned), planned.payload) == (Outcome.FLAGGED, ["members-left-out"], None)
    assert "migrator extract" in planned.findings[0].advice


def test_unknown_members_are_never_an_empty_segment() -> None:
    planned = static(None, msdyncrm_segmentsize=99)
    assert (planned.outcome, codes(planned)) == (Outcome.FLAGGED, ["members-unknown"])
    assert planned.payload is None
    assert planned.before == 99
    assert "gone" in planned.findings[0].message


@pytest.mark.parametrize(
    ("members", "columns", "found", "outcome"),
    [
        (Members(READ, 99), {"msdyncrm_segmentsize": 100}, ["size-differs"], Outcome.READY),
        (Members(READ, 97), {"msdyncrm_segmentsize": 100}, ["size-far-off"], Outcome.FLAGGED),
        (Members(READ, 3), {"msdyncrm_segmentsize": 0}, ["size-far-off"], Outcome.FLAGGED),
        (Members(MemberSource.FILE, 3, origin="x.csv"), {}, ["members-from-file"], Outcome.READY),
        (Members(MemberSource.FILE, 0, origin="x"), {}, ["members-from-file", "nobody-left"], Outcome.FLAGGED),
        (Members(MemberSource.LIST, 0, origin="x"), {}, ["members-from-list", "nobody-left"], Outcome.FLAGGED),
        (
            Members(MemberSource.ROW, 0, gone=7),
            {},
            ["members-from-row", "contacts-gone", "nobody-left"],
            Outcome.FLAGGED,
        ),
        (Members(READ, 0), {}, ["nobody-left"], Outcome.FLAGGED),
        (Members(READ, 0), {"msdyncrm_segmentsize": 0}, [], Outcome.READY),
        (Members(READ, 0, accepted=("nobody",)), {}, ["doubt-accepted"], Outcome.ADAPTED),
        (
            Members(MemberSource.FILE, 0, origin="x"),
            {"msdyncrm_segmentsize": 0},
            ["members-from-file", "nobody-left"],
            Outcome.FLAGGED,
        ),
        (Members(MemberSource.LIST, 3, origin="x"), {}, ["members-from-list"], Outcome.READY),
        (
            Members(MemberSource.ROW, 99, gone=1),
            {"msdyncrm_segmentsize": 99},
            ["members-from-row", "contacts-gone"],
            Outcome.ADAPTED,
        ),
        (
            Members(MemberSource.FILE, 3, origin="x", gone=1),
            {},
            ["members-from-file", "contacts-gone", "many-contacts-gone"],
            Outcome.FLAGGED,
        ),
        (
            Members(MemberSource.FILE, 3, origin="x", not_found=1, ambiguous=2, inactive=3),
            {},
            ["members-from-file", "members-inactive", "addresses-not-found", "addresses-ambiguous"],
            Outcome.FLAGGED,
        ),
        (Members(READ, 3), {"msdyncrm_segmentsize": 3}, [], Outcome.READY),
        (Members(MemberSource.ROW, 3), {}, ["members-from-row", "members-from-old-row"], Outcome.FLAGGED),
        (Members(MemberSource.ROW, 3), {"msdyncrm_segmentsize": 3}, ["members-from-row"], Outcome.READY),
        (
            Members(MemberSource.ROW, 3, unreadable=1, duplicates=2),
            {"msdyncrm_segmentsize": 3},
            ["member-ids-cleaned", "members-from-row"],
            Outcome.ADAPTED,
        ),
        (Members(READ, 3, pending=60.0), {}, ["members-pending"], Outcome.FLAGGED),
        (Members(READ, 3, reason="?"), {}, ["pending-state-unclear"], Outcome.READY),
    ],
)
def test_what_was_noticed_while_reading_is_said(
    members: Members, columns: dict[str, Any], found: list[str], outcome: Outcome
) -> None:
    planned = plan(legacy(LegacyType.STATIC, **columns), members)
    assert (codes(planned), planned.outcome) == (found, outcome)


# --- texts and origin --------------------------------------------------------------------------------------------


def test_description_unit_scope_creator_and_date_are_carried_over() -> None:
    planned = static(
        1, msdyncrm_description="Why", msdyncrm_scope=int(Scope.BUSINESS_UNIT), msdyncrm_segmentname=" Spaces "
    )
    assert planned.payload is not None
    assert planned.payload.segment["msdynmkt_description"] == "Why"
    assert planned.payload.segment["msdynmkt_displayname"] == "Spaces"
    assert planned.payload.segment["msdynmkt_scope"] == Scope.BUSINESS_UNIT
    assert planned.payload.segment["owningbusinessunit@odata.bind"] == f"/businessunits({UNIT})"
    assert planned.payload.definition["msdynmkt_sourcesegmentcreatedby"] == "Renée"
    assert planned.payload.definition["msdynmkt_sourcesegmentcreatedon"] == "2021-05-06T07:08:09Z"


def test_texts_that_are_too_long_are_cut_and_it_is_said() -> None:
    creator: dict[str, Any] = {"_createdby_value@OData.Community.Display.V1.FormattedValue": "c" * 101}
    planned = static(1, msdyncrm_segmentname="n" * 101, msdyncrm_description="d" * 1001, **creator)
    assert codes(planned) == ["name-cut", "description-cut", "creator-cut"]
    assert planned.outcome is Outcome.ADAPTED
    assert planned.payload is not None
    assert planned.payload.segment["msdynmkt_displayname"] == "n" * 99 + "…"
    assert len(planned.payload.segment["msdynmkt_description"]) == 1000
    assert len(planned.payload.definition["msdynmkt_sourcesegmentcreatedby"]) == 100
    assert len(planned.groups[0].name) <= 100


def test_a_segment_without_a_name_is_given_one() -> None:
    planned = static(1, msdyncrm_segmentname="")
    assert codes(planned) == ["name-missing"]
    assert planned.payload is not None
    assert str(planned.legacy_id) in planned.payload.segment["msdynmkt_displayname"]


def test_an_unknown_scope_becomes_the_organisations() -> None:
    planned = static(1, msdyncrm_scope=7)
    assert codes(planned) == ["scope-unknown"]
    assert planned.payload is not None
    assert planned.payload.segment["msdynmkt_scope"] == Scope.ORGANISATION


def test_namesakes_are_told_apart_by_id() -> None:
    both = [segment_of(row(segment(n), "Twice", LegacyType.STATIC, LegacyStatus.LIVE)) for n in (1, 2)]
    export = Export(ORGANISATION, "f", tuple(both), {found.id: Members(READ, 1) for found in both}, {})
    planned = translate(export, TranslationSettings(ORGANISATION)).segments
    assert [codes(found) for found in planned] == [["name-shared"], ["name-shared"]]
    assert planned[0].segment_id != planned[1].segment_id


# --- the whole plan ----------------------------------------------------------------------------------------------


def test_a_filter_leaves_segments_out_but_none_disappears() -> None:
    rows = [row(segment(n), f"Segment {n}", LegacyType.STATIC, LegacyStatus.LIVE) for n in range(4)]
    found = tuple(segment_of(entry) for entry in rows)
    export = Export(ORGANISATION, "f", found, {entry.id: Members(READ, 1) for entry in found}, {})
    for selection, chosen in [
        (Selection(names=("segment 1", "*2")), {1, 2}),
        (Selection(ids=(segment(3),)), {3}),
        (Selection(types=(int(LegacyType.STATIC),), names=("*0",)), {0}),
        (Selection(types=(int(LegacyType.DYNAMIC),)), set()),
        (Selection(statuses=(int(LegacyStatus.LIVE),)), {0, 1, 2, 3}),
    ]:
        planned = translate(export, TranslationSettings(ORGANISATION, selection)).segments
        assert len(planned) == 4
        assert {n for n in range(4) if planned[n].outcome is not Outcome.SKIPPED} == chosen


def test_ids_are_derived_from_the_organisation_the_segment_and_the_role() -> None:
    first = derived_id(ORGANISATION.id, segment(1), "definition")
    assert first == derived_id(ORGANISATION.id, segment(1), "definition")
    assert first == UUID("1f22a51e-72e9-53d0-be81-9864e55a9167")  # another value would orphan every earlier migration
    others = {
        derived_id(ORGANISATION.id, segment(2), "definition"),
        derived_id(UUID(int=1), segment(1), "definition"),
        derived_id(ORGANISATION.id, segment(1), "segment"),
    }
    assert first not in others
    assert len(others) == 3


def test_groups_are_numbered_from_one_for_ever() -> None:
    """Numbered otherwise, a list that was loaded by an earlier version would be loaded a second time beside itself."""
    planned = plan(legacy(LegacyType.STATIC), Members(READ, MEMBERS_PER_GROUP + 1, excluded=2))
    assert [group.id for group in planned.groups] == [
        derived_id(ORGANISATION.id, planned.legacy_id, role) for role in ("group 1", "group 2", "exclude group 1")
    ]
    assert [(group.first, group.count, group.excluded) for group in planned.groups] == [
        (0, MEMBERS_PER_GROUP, False), (MEMBERS_PER_GROUP, 1, False), (0, 2, True),
    ]  # fmt: skip


def test_the_same_export_gives_the_same_plan_byte_for_byte() -> None:
    found = legacy(LegacyType.STATIC)
    export = Export(ORGANISATION, "f", (found,), {found.id: Members(READ, 3)}, schema_to_json(SCHEMA))
    settings = TranslationSettings(OrganisationRef(UUID(int=9), "https://other.crm.dynamics.com"))
    first, second = (b"".join(plan_json(translate(export, settings))) for _ in range(2))
    assert first == second
    assert TypeAdapter(Plan).validate_json(first) == translate(export, settings)


def test_every_table_on_the_way_without_change_tracking_is_named() -> None:
    key, text = Column("Uniqueidentifier"), Column("String")
    pointing = {"region": {}, "account": {"regionid": key}, "contact": {"accountid": key}}
    schema = Schema(
        tables={
            name: Table(
                f"{name}s", f"{name}id", "name", {f"{name}id": key, "name": text, **more}, change_tracking=False
            )
            for name, more in pointing.items()
        },
        many_to_one=(
            ManyToOne("account_regions", "account", "regionid", "region", "regionid"),
            ManyToOne("contact_accounts", "contact", "accountid", "account", "accountid"),
        ),
        many_to_many=(),
    )
    found: list[Finding] = []
    query = "PROFILE(region, r).TRAVERSE(account_region_regionid, a).TRAVERSE(contact_account_accountid, c)"
    members = parse_outbound(query).members
    assert isinstance(members, tree.Profile)
    turned_round(members, schema, found)
    named = [finding.message for finding in found if finding.code == "no-change-tracking"]
    assert len(named) == 2  # real time watches contacts by itself
    assert ["account" in named[0] + named[1], "region" in named[0] + named[1]] == [True, True]
