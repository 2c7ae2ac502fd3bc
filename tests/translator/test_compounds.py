"""Segments built on other segments: flagged with a complete proposal, and what each decision makes of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from migrator.base.errors import UsageError
from migrator.contracts.choices import Choice
from migrator.contracts.decisions import decide, decided, read_decisions
from migrator.contracts.export_folder import Export, Members, MemberSource
from migrator.contracts.legacy_segment import segment_of
from migrator.contracts.plan import Outcome, Plan, PlannedSegment, TranslationSettings
from migrator.contracts.selection import Selection
from migrator.mql.schema import schema_to_json
from migrator.product.codes import LegacyStatus, LegacyType, SegmentType
from migrator.translator.identity import derived_id
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
        ("Nested", ["compound-translated", "reference-unfolded"], {0, 1}),
        ("Nested behind", ["compound-translated", "reference-unfolded"], {0, 1}),
        ("Dynamic reference", ["compound-translated"], {1}),
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
