"""Segments built on other segments: flagged with a complete proposal, and what each decision makes of them."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from migrator.base.errors import UsageError
from migrator.contracts.choices import Choice
from migrator.contracts.decisions import decide, decided, read_decisions
from migrator.contracts.derived import derived_id
from migrator.contracts.export_folder import Export
from migrator.contracts.legacy_segment import segment_of
from migrator.contracts.members import Members, MemberSource
from migrator.contracts.plan import Outcome, Plan, PlannedSegment, TranslationSettings
from migrator.contracts.selection import Selection
from migrator.mql import Column, Table
from migrator.mql.schema import schema_to_json
from migrator.product.codes import LegacyStatus, LegacyType, SegmentType
from migrator.translator.translate import translate
from tests.phrasebook import COMPOUND_PROPOSALS, SEGMENTS
from tests.small import ORGANISATION, SCHEMA, row, segment

LIVE = LegacyStatus.LIVE


def plan(**settings: Any) -> Plan:
    rows = []
    for number, (name, kind, query) in enumerate(SEGMENTS):
        column = "msdyncrm_query" if kind is LegacyType.COMPOUND else "msdyncrm_segmentquery"
        rows.append(segment_of(row(segment(number), name, kind, LIVE, **({column: query} if query else {}))))
    members = {found.id: Members(MemberSource.SERVICE, 3) for found in rows}
    members[rows[12].id] = Members(MemberSource.NONE, reason="gone")
    export = Export(ORGANISATION, "f", tuple(rows), members, schema_to_json(SCHEMA))
    return translate(export, TranslationSettings(ORGANISATION, **settings))


def named(name: str, **settings: Any) -> PlannedSegment:
    return next(found for found in plan(**settings).segments if found.name == name)


def codes(found: PlannedSegment) -> list[str]:
    return [finding.code for finding in found.findings]


def reference(name: str) -> str:
    number = next(n for n, entry in enumerate(SEGMENTS) if entry[0] == name)
    return f"SEGMENT(SEGMENT_CJO_ID_{derived_id(ORGANISATION.id, segment(number), 'segment').hex})"


PROPOSALS = [
    (name, COMPOUND_PROPOSALS[name].format_map({other: reference(other) for other, _, _ in SEGMENTS}))
    for name in COMPOUND_PROPOSALS
]


@pytest.mark.parametrize(("name", "proposal"), PROPOSALS)
def test_a_compound_is_flagged_with_a_complete_proposal(name: str, proposal: str) -> None:
    found = named(name)
    assert found.outcome is Outcome.FLAGGED
    assert codes(found)[0] == "compound-segment"
    assert found.proposal == proposal
    assert found.payload is None
    assert found.alternatives[Choice.TRANSLATE].definition["msdynmkt_segmentquery"] == proposal
    assert Choice.SNAPSHOT in found.alternatives


@pytest.mark.parametrize(
    ("name", "findings", "depends"),
    [
        ("Two", ["compound-translated"], {0, 1}),
        ("Nested behind", ["compound-translated", "reference-unfolded"], {0, 1}),
        ("Dynamic reference", ["compound-translated"], {1}),
        ("All but", ["compound-translated", "sets-rewritten"], {1, 23, 24}),
    ],
)
def test_translate_carries_the_proposal_out(name: str, findings: list[str], depends: set[int]) -> None:
    found = named(name, compound=Choice.TRANSLATE)
    assert found.outcome is Outcome.ADAPTED
    assert codes(found) == findings
    assert found.payload is not None
    assert found.payload.definition["msdynmkt_segmentquery"] == dict(PROPOSALS)[name]
    assert set(found.depends_on) == {segment(number) for number in depends}


def test_no_translated_segment_refers_to_one_that_refers_further() -> None:
    carried = [
        found for found in plan(compound=Choice.TRANSLATE, interactions=Choice.TRANSLATE).segments if found.loadable
    ]
    referring = {found.legacy_id for found in carried if found.depends_on}
    assert referring
    assert not any(set(found.depends_on) & referring for found in carried)


@pytest.mark.parametrize(
    ("name", "outcome", "code", "words"),
    [
        ("Chicken", Outcome.BLOCKED, "reference-cycle", "Chicken → Egg → Chicken"),
        ("Egg", Outcome.BLOCKED, "reference-cycle", "Egg → Chicken → Egg"),
        ("Myself", Outcome.BLOCKED, "reference-cycle", "Myself → Myself"),
        ("Stranger", Outcome.BLOCKED, "reference-unknown", "Nobody"),
        ("On a twin", Outcome.BLOCKED, "reference-unknown", "Twin"),
        ("On the lost", Outcome.FLAGGED, "reference-not-carried-over", "“Lost”, which is flagged"),
        ("On the broken", Outcome.FLAGGED, "reference-not-carried-over", "“Broken”, which is blocked"),
        ("Behaviour", Outcome.FLAGGED, "reference-not-carried-over", "“Opened”, which is flagged"),
        ("Too nested", Outcome.FLAGGED, "sets-need-parentheses", "parentheses"),
    ],
)
def test_what_stands_in_the_way_is_named(name: str, outcome: Outcome, code: str, words: str) -> None:
    found = named(name, compound=Choice.TRANSLATE)
    assert found.outcome is outcome
    message = next(finding.message for finding in found.findings if finding.code == code)
    assert words in message


def test_interactions_are_carried_over_when_they_are_accepted() -> None:
    assert named("Opened").outcome is Outcome.FLAGGED
    found = named("Opened", interactions=Choice.TRANSLATE)
    assert (found.outcome, codes(found)) == (Outcome.ADAPTED, ["interactions-translated"])
    assert named("Behaviour", compound=Choice.TRANSLATE, interactions=Choice.TRANSLATE).outcome is Outcome.ADAPTED


@pytest.mark.parametrize("name", ["Two", "Nested", "Chicken", "Stranger", "Too nested"])
def test_snapshot_freezes_the_members_of_now(name: str) -> None:
    found = named(name, compound=Choice.SNAPSHOT)
    assert found.outcome is Outcome.ADAPTED
    assert codes(found) == ["frozen"]
    assert found.payload is not None
    assert (found.payload.segment["msdynmkt_type"], found.payload.definition["msdynmkt_segmentquery"]) == (
        SegmentType.STATIC,
        "",
    )
    assert [group.count for group in found.groups] == [3]


def test_a_filter_that_leaves_the_referred_segment_out_is_said() -> None:
    found = named("Two", compound=Choice.TRANSLATE, selection=Selection(names=("Two", "Oslo")))
    assert "reference-not-carried-over" in codes(found)


def test_queries_are_told_in_words_with_the_titles_of_segments() -> None:
    assert named("By query name").english == (
        "the members of “Static”, but only those who are also among the members of “Oslo”"
    )


# --- what is unfolded brings its decisions along ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("On_ten", "query-paged", "In “Ten”, whose query is used here: The query takes a number"),
        ("On_acted", "query-behavioural", "In “Acted”, whose query is used here: The query asks what people did"),
    ],
)
def test_what_a_person_has_to_decide_about_an_unfolded_query_is_asked_again(name: str, code: str, words: str) -> None:
    found = named(name, compound=Choice.TRANSLATE)
    assert found.outcome is Outcome.FLAGGED
    assert words in next(finding.message for finding in found.findings if finding.code == code)


def test_interactions_that_are_accepted_are_accepted_in_unfolded_queries_too() -> None:
    found = named("On_acted", compound=Choice.TRANSLATE, interactions=Choice.TRANSLATE)
    assert (found.outcome, codes(found)) == (
        Outcome.ADAPTED,
        ["compound-translated", "reference-unfolded", "interactions-translated"],
    )


def compounds(
    queries: list[str],
    members: Members | None = None,
    columns: dict[int, dict[str, Any]] | None = None,
    **settings: Any,
) -> list[PlannedSegment]:
    """Segments s0, s1, … with these queries, an empty one static, planned and in this order."""
    rows = [
        segment_of(
            row(
                segment(number), f"s{number}", LegacyType.COMPOUND if text else LegacyType.STATIC, LIVE,
                **({"msdyncrm_segmentquery": text} if text else {}), **(columns or {}).get(number, {}),
            )
        )
        for number, text in enumerate(queries)
    ]  # fmt: skip
    read = {found.id: members or Members(MemberSource.SERVICE, 3) for found in rows}
    export = Export(ORGANISATION, "f", tuple(rows), read, schema_to_json(SCHEMA))
    chosen = TranslationSettings(ORGANISATION, compound=Choice.TRANSLATE, **settings)
    planned = {found.legacy_id: found for found in translate(export, chosen).segments}
    return [planned[found.id] for found in rows]


@pytest.mark.parametrize(
    ("columns", "code", "outcome"),
    [
        ({"msdyncrm_query": "PROFILE(contact)"}, "queries-differ", Outcome.FLAGGED),
        ({"msdyncrm_externalsource": 192350000}, "mirrored-segment", Outcome.FLAGGED),
        ({"msdyncrm_segmenttype": 7}, "type-unknown", Outcome.BLOCKED),
    ],
)
def test_what_is_doubtful_about_the_row_of_an_unfolded_segment_is_asked_again(
    columns: dict[str, Any], code: str, outcome: Outcome
) -> None:
    last = compounds(["", "SEGMENT(s0) UNION PROFILE(contact)", "SEGMENT(s1) UNION SEGMENT(s0)"], columns={1: columns})[
        -1
    ]
    assert (last.outcome, code in codes(last)) == (outcome, True)


def test_inactive_members_who_would_stay_in_are_a_decision_unless_there_are_none() -> None:
    queries = ["", "SEGMENT(s0) EXCEPT PROFILE(contact).FILTER(address1_city == 'Oslo')"]
    unknown = compounds(queries)[1]
    assert (unknown.outcome, codes(unknown)) == (Outcome.FLAGGED, ["compound-translated", "inactive-kept"])
    assert "inactive" in unknown.findings[-1].message
    some = compounds(queries, Members(MemberSource.SERVICE, 3, checked=True, inactive=1))[1]
    assert some.outcome is Outcome.FLAGGED
    none = compounds(queries, Members(MemberSource.SERVICE, 3, checked=True))[1]
    assert (none.outcome, codes(none)) == (Outcome.ADAPTED, ["compound-translated"])


# --- time zones ------------------------------------------------------------------------------------------------------

YOUNG = "PROFILE(contact).FILTER(createdon > DATEADD(day, -30, DATETIMEUTCNOW()))"
ZONED: dict[str, Any] = {"msdyncrm_segmenttimezone": 110}


def test_the_zone_in_which_a_segment_counts_from_now_is_carried_over() -> None:
    (found,) = compounds([YOUNG], columns={0: {**ZONED, "msdyncrm_segmenttype": int(LegacyType.DYNAMIC)}})
    assert codes(found) == ["unproven-construct", "time-zone-carried"]
    assert "110" in found.findings[-1].message
    assert found.payload is not None
    assert found.payload.definition["msdynmkt_timezonecode"] == 110


def test_a_window_of_an_interaction_counts_from_now_too() -> None:
    text = "INTERACTION(EmailOpened, contactId).HAVING(COUNT() > 0, UTCDAYS(7))"
    (found,) = compounds(
        [text], columns={0: {**ZONED, "msdyncrm_segmenttype": int(LegacyType.DYNAMIC)}}, interactions=Choice.TRANSLATE
    )
    assert "time-zone-carried" in codes(found)


def test_a_zone_that_decides_nothing_is_not_carried_over() -> None:
    (found,) = compounds(["PROFILE(contact)"], columns={0: {**ZONED, "msdyncrm_segmenttype": int(LegacyType.DYNAMIC)}})
    assert codes(found) == []
    assert found.payload is not None
    assert "msdynmkt_timezonecode" not in found.payload.definition


def test_a_zone_that_the_organisation_has_no_column_for_is_a_decision() -> None:
    definition = Table("msdynmkt_segmentdefinitions", "x", "y", {"msdynmkt_segmentquery": Column("Memo")})
    schema = replace(SCHEMA, tables={**SCHEMA.tables, "msdynmkt_segmentdefinition": definition})
    found = segment_of(row(segment(1), "A", LegacyType.DYNAMIC, LIVE, msdyncrm_segmentquery=YOUNG, **ZONED))
    export = Export(ORGANISATION, "f", (found,), {found.id: Members(MemberSource.NOT_READ)}, schema_to_json(schema))
    (planned,) = translate(export, TranslationSettings(ORGANISATION)).segments
    assert (planned.outcome, codes(planned)[-1]) == (Outcome.FLAGGED, "time-zone-not-carried")


def test_an_unfolded_query_brings_its_zone_along() -> None:
    queries = ["", f"SEGMENT(s0) UNION {YOUNG}", "SEGMENT(s1) UNION SEGMENT(s0)"]
    last = compounds(queries, columns={1: ZONED})[-1]
    assert "time-zone-carried" in codes(last)
    assert last.payload is not None
    assert last.payload.definition["msdynmkt_timezonecode"] == 110


def test_two_zones_in_one_query_are_a_decision() -> None:
    queries = ["", f"SEGMENT(s0) UNION {YOUNG}", f"SEGMENT(s1) UNION {YOUNG}"]
    last = compounds(queries, columns={1: ZONED, 2: {"msdyncrm_segmenttimezone": 4}})[-1]
    assert (last.outcome, codes(last)[-1]) == (Outcome.FLAGGED, "time-zones-differ")
    assert "110, 4" in last.findings[-1].message


# --- the work is bounded ---------------------------------------------------------------------------------------------


def test_segments_that_each_name_the_last_one_twice_are_refused_in_time() -> None:
    queries = ["", *(f"SEGMENT(s{n}) UNION SEGMENT(s{n})" for n in range(40))]
    began = time.process_time()
    planned = compounds(queries)
    assert time.process_time() - began < 5
    assert planned[3].outcome is Outcome.ADAPTED
    assert codes(planned[-1]) == ["compound-translated", "reference-unfolded", "query-too-large"]


@pytest.mark.slow
def test_segments_on_thousands_of_levels_are_refused() -> None:
    queries = ["", *(f"SEGMENT(s{n})" for n in range(3_000))]
    planned = compounds(queries)
    assert planned[50].outcome is Outcome.ADAPTED
    assert codes(planned[-1]) == ["compound-translated", "references-too-deep"]


@pytest.mark.slow
def test_a_circle_of_thousands_is_named() -> None:
    queries = [f"SEGMENT(s{n + 1}) UNION SEGMENT(s{n + 1})" for n in range(2_000)] + ["SEGMENT(s0)"]
    planned = compounds(queries)
    assert {codes(found)[-1] for found in planned} == {"reference-cycle"}


# --- frozen segments are lists ---------------------------------------------------------------------------------------


def frozen(count: int, excluded: int | None = None, **settings: Any) -> list[PlannedSegment]:
    found = segment_of(
        row(
            segment(1),
            "Both",
            LegacyType.COMPOUND,
            LIVE,
            msdyncrm_segmentquery="SEGMENT(a)",
            msdyncrm_segmentsize=count,
        )
    )
    export = Export(
        ORGANISATION, "f", (found,), {found.id: Members(MemberSource.SERVICE, count, excluded=excluded)}, {}
    )
    return list(translate(export, TranslationSettings(ORGANISATION, compound=Choice.SNAPSHOT, **settings)).segments)


@pytest.mark.parametrize(("count", "excluded"), [(2_000_001, None), (5_000_000, None), (1_900_001, 5)])
def test_more_than_ten_groups_are_never_planned_for_a_frozen_segment(count: int, excluded: int | None) -> None:
    (found,) = frozen(count, excluded)
    assert found.outcome is Outcome.FLAGGED
    assert codes(found)[-1] == "too-many-members"
    assert found.payload is None
    assert Choice.SNAPSHOT not in found.alternatives


def test_a_frozen_segment_that_is_too_large_is_split_if_the_run_is_told_so() -> None:
    planned = frozen(2_500_000, split=True)
    assert len(planned) == 3
    assert all(len(found.groups) <= 10 for found in planned)
    assert sum(group.count for found in planned for group in found.groups) == 2_500_000


def test_a_segment_that_is_too_large_to_freeze_is_not_offered_so() -> None:
    found = segment_of(row(segment(1), "Both", LegacyType.COMPOUND, LIVE, msdyncrm_segmentquery="SEGMENT(a)"))
    for count, offered in ((2_000_000, True), (2_000_001, False)):
        export = Export(ORGANISATION, "f", (found,), {found.id: Members(MemberSource.SERVICE, count)}, {})
        (planned,) = translate(export, TranslationSettings(ORGANISATION)).segments
        assert (Choice.SNAPSHOT in planned.alternatives) is offered


def test_freezing_drops_nothing_that_there_is_to_say() -> None:
    columns = {"msdyncrm_segmentquery": "SEGMENT(a)", "msdyncrm_segmentsize": 5}
    found = segment_of(row(segment(1), "Both", LegacyType.COMPOUND, LegacyStatus.EXPIRED, **columns))
    members = Members(MemberSource.SERVICE, 5, duplicates=2)
    export = Export(ORGANISATION, "f", (found,), {found.id: members}, {})
    (planned,) = translate(export, TranslationSettings(ORGANISATION, compound=Choice.SNAPSHOT)).segments
    assert codes(planned) == ["status-expired", "member-ids-cleaned", "frozen"]


def test_lists_with_exclusions_are_never_split() -> None:
    """Each part would need all of the exclusions, and its groups hold the parts of the list alone."""
    (found,) = frozen(2_500_000, 7, split=True)
    assert (found.outcome, codes(found)[-1]) == (Outcome.FLAGGED, "too-many-members")


def test_a_frozen_segment_of_several_groups_says_so() -> None:
    (found,) = frozen(450_000)
    assert codes(found) == ["split-into-groups", "frozen"]
    assert [group.count for group in found.groups] == [200_000, 200_000, 50_000]


# --- decisions -------------------------------------------------------------------------------------------------------


def test_a_decision_carries_out_what_the_plan_holds(tmp_path: Any) -> None:
    whole = plan()
    two, nested, opened = (next(s for s in whole.segments if s.name == n) for n in ("Two", "Nested", "Opened"))
    decide(tmp_path, [two], Choice.TRANSLATE)
    decide(tmp_path, [nested], Choice.SNAPSHOT)
    decide(tmp_path, [opened], Choice.SKIP)
    after = {found.legacy_id: found for found in decided(whole, read_decisions(tmp_path)).segments}
    assert after[two.legacy_id].outcome is Outcome.ADAPTED
    assert after[two.legacy_id].payload == two.alternatives[Choice.TRANSLATE]
    assert after[two.legacy_id].depends_on == (segment(0), segment(1))
    assert codes(after[two.legacy_id])[-1] == "approved"
    assert [group.count for group in after[nested.legacy_id].groups] == [3]
    assert after[opened.legacy_id].outcome is Outcome.SKIPPED
    untouched = {found.legacy_id for found in whole.segments} - {two.legacy_id, nested.legacy_id, opened.legacy_id}
    assert all(after[key] == next(s for s in whole.segments if s.legacy_id == key) for key in untouched)


@pytest.mark.parametrize(
    ("name", "choice", "words"),
    [
        ("Static", Choice.SKIP, "nothing to decide"),
        ("Lost", Choice.TRANSLATE, "open are: skip"),
        ("Lost", Choice.SNAPSHOT, "Unknown is not empty"),
        ("Chicken", Choice.TRANSLATE, "open are: snapshot, skip"),
    ],
)
def test_a_decision_that_is_not_open_is_refused(tmp_path: Any, name: str, choice: Choice, words: str) -> None:
    whole = plan()
    two, found = (next(s for s in whole.segments if s.name == n) for n in ("Two", name))
    with pytest.raises(UsageError) as error:
        decide(tmp_path, [two, found], choice)
    assert words in str(error.value)
    assert read_decisions(tmp_path) == {}


def test_a_damaged_file_of_decisions_is_named(tmp_path: Any) -> None:
    for content in ("{", "[]", '{"x": "skip"}', f'{{"{UUID(int=1)}": "dance"}}'):
        (tmp_path / "decisions.json").write_text(content)
        with pytest.raises(UsageError, match="is damaged"):
            read_decisions(tmp_path)


def test_words_are_written_where_they_are_wanted() -> None:
    rows = (
        replace(
            segment_of(row(segment(1), "A", LegacyType.DYNAMIC, LIVE)),
            query="PROFILE(contact).FILTER(children == 1 && age == 2)",
        ),
    )
    export = Export(ORGANISATION, "f", rows, {rows[0].id: Members(MemberSource.NOT_READ)}, {})
    found = translate(export, TranslationSettings(ORGANISATION, words=True)).segments[0]
    assert found.realtime_query == "PROFILE(contact).FILTER(children == 1 AND age == 2)"
