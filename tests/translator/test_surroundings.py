"""What stands around a segment in a plan: the journeys that use it, and twins of every kind of evidence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from migrator.base.errors import UsageError
from migrator.contracts.choices import Choice
from migrator.contracts.decisions import decide, decided, is_open, read_decisions, read_pairs
from migrator.contracts.derived import derived_id
from migrator.contracts.export_folder import Export, OrganisationRef, read_export
from migrator.contracts.payload import PayloadKind
from migrator.contracts.plan import Outcome, Plan, PlannedSegment, TranslationSettings, plan_json, read_plan, write_plan
from migrator.contracts.twins import Evidence, FoundSegment, SharedPeople, Twins, name_key, name_keys
from migrator.contracts.usage import Journey, Life, SegmentUse, Usage, Use
from migrator.translator.translate import translate
from tests.small import COMPOUND, DYNAMIC, INACTIVE, LOST, ORGANISATION, ROW_ONLY, STATIC

OSLO = "PROFILE(contact).FILTER(address1_city == 'Oslo')"
A, B = UUID(int=0xA), UUID(int=0xB)


@pytest.fixture(scope="module")
def export(written_once: Path) -> Export:
    return read_export(written_once)


def found(key: UUID, name: str, query: str = "") -> FoundSegment:
    return FoundSegment(key, UUID(int=key.int + 0x100), name, query, "[]", 723270000, 4, "2025-01-01T00:00:00Z")


def plan(export: Export, *segments: FoundSegment, people: tuple[SharedPeople, ...] = (), **settings: Any) -> Plan:
    export = replace(export, twins=Twins(segments, people))
    return translate(export, TranslationSettings(ORGANISATION, members_from_row=True, **settings))


def of(plan: Plan, legacy: UUID) -> PlannedSegment:
    return next(segment for segment in plan.segments if segment.legacy_id == legacy)


def codes(segment: PlannedSegment) -> list[str]:
    return [finding.code for finding in segment.findings]


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "Oslo", "oslo ", "Migrated – Oslo", "Migrated - Oslo", "migrated: Oslo", "Oslo (2)", "Oslo 2", "Oslo_2",
        "Oslo - Copy", "Oslo – Kopie", "Oslo copy (3)", "Copy of Oslo", "Kopie von Oslo", "Copie de Oslo",
        "Migrated – Oslo (2)", "Oslo (copy)",
    ],
)  # fmt: skip
def test_a_name_is_known_with_prefix_numbers_and_copies(name: str) -> None:
    assert name_key("Oslo") in name_keys(name)


@pytest.mark.parametrize("name", ["Oslo north", "Oslofjord", "Oslo 2025", "Migratedoslo", "Oslo photocopy"])
def test_another_name_is_another_name(name: str) -> None:
    assert name_key("Oslo") not in name_keys(name)


# --- twins -----------------------------------------------------------------------------------------------------------


def test_a_name_alone_changes_the_name_of_the_new_one(export: Export) -> None:
    segment = of(plan(export, found(A, "Oslo", "PROFILE(contact).FILTER(children == 3)")), DYNAMIC)
    assert (segment.outcome, codes(segment)[-1]) == (Outcome.ADAPTED, "twin-by-name")
    assert segment.payload
    assert segment.payload.name == segment.payload.definition["msdynmkt_name"] == "Oslo – migrated"
    assert [twin.evidence for twin in segment.twins] == [Evidence.NAME]


def test_a_copy_leaves_the_name_free(export: Export) -> None:
    segment = of(plan(export, found(A, "Migrated – Oslo", "PROFILE(contact).FILTER(children == 3)")), DYNAMIC)
    assert segment.payload
    assert (segment.outcome, segment.payload.name) == (Outcome.ADAPTED, "Oslo")


def test_a_name_that_was_cut_for_the_prefix_is_known(export: Export) -> None:
    long = "x" * 100
    segments = tuple(replace(one, name=long) if one.id == DYNAMIC else one for one in export.segments)
    segment = of(plan(replace(export, segments=segments), found(A, f"Migrated – {long}"[:100])), DYNAMIC)
    assert [twin.segment.id for twin in segment.twins] == [A]


def test_the_same_query_in_other_words_waits_for_a_person(export: Export) -> None:
    twin = found(A, "Norwegians", "PROFILE(contact).FILTER((('Oslo' == address1_city)))")
    segment = of(plan(export, replace(twin, query="PROFILE( contact ).FILTER((address1_city=='Oslo'))")), DYNAMIC)
    assert (segment.outcome, codes(segment)[-1]) == (Outcome.FLAGGED, "twin-with-same-query")
    assert segment.payload is None
    assert segment.proposal == OSLO
    assert {Choice.ADOPT, Choice.REPLACE, Choice.KEEP_BOTH} <= set(segment.alternatives)
    assert segment.alternatives[Choice.KEEP_BOTH].name == "Oslo"  # its name is free


def test_the_same_people_wait_and_some_of_them_only_tell(export: Export) -> None:
    same, some = SharedPeople(A, STATIC, 5, 5, 5), SharedPeople(A, STATIC, 4, 5, 5)
    twin = found(A, "Five people (2)")
    flagged = of(plan(export, twin, people=(same,)), STATIC)
    assert (flagged.outcome, codes(flagged)[-1]) == (Outcome.FLAGGED, "twin-with-same-people")
    assert "5 of 5" in flagged.findings[-1].message
    named = of(plan(export, twin, people=(some,)), STATIC)
    assert (named.outcome, named.twins[0].people) == (Outcome.ADAPTED, "4 of 5")
    assert "4 of 5" in named.findings[-1].message


def test_only_the_strongest_evidence_is_told(export: Export) -> None:
    other = "PROFILE(contact).FILTER(children == 3)"
    segment = of(plan(export, found(A, "Norwegians", OSLO), found(B, "Oslo", other)), DYNAMIC)
    assert [twin.evidence for twin in segment.twins] == [Evidence.QUERY, Evidence.NAME]
    assert [code for code in codes(segment) if code.startswith("twin")] == ["twin-with-same-query"]


def test_a_name_of_its_own_is_one_that_nobody_has(export: Export) -> None:
    other = "PROFILE(contact).FILTER(children == 3)"
    there = [found(UUID(int=number), name, other) for number, name in enumerate(("Oslo", "Oslo – migrated"), 1)]
    segment = of(plan(export, *there), DYNAMIC)
    assert segment.payload
    assert segment.payload.name == "Oslo – migrated 2"


def test_namesakes_get_names_of_their_own_by_their_ids_whatever_the_order_of_the_export(export: Export) -> None:
    legacy = next(one for one in export.segments if one.id == DYNAMIC)
    second = replace(legacy, id=UUID(int=DYNAMIC.int + 0x100))
    several = replace(
        export,
        segments=(*export.segments, second),
        members={**export.members, second.id: export.members[DYNAMIC]},
    )
    turned = replace(several, segments=several.segments[::-1])
    twin = found(A, "Oslo", "PROFILE(contact).FILTER(children == 3)")
    made = plan(several, twin)
    names = [payload.name for key in (DYNAMIC, second.id) if (payload := of(made, key).payload)]
    assert names == ["Oslo – migrated", "Oslo – migrated 2"]
    assert b"".join(plan_json(made)) == b"".join(plan_json(plan(turned, twin)))


def test_a_name_of_its_own_is_not_one_that_another_segment_waits_for(export: Export) -> None:
    segments = tuple(replace(one, name="Oslo – migrated") if one.id == COMPOUND else one for one in export.segments)
    made = plan(replace(export, segments=segments), found(A, "Oslo", "PROFILE(contact).FILTER(children == 3)"))
    assert of(made, COMPOUND).payload is None  # a person decides what becomes of it, and it has its name either way
    assert {sent.name for sent in of(made, COMPOUND).alternatives.values()} == {"Oslo – migrated"}
    segment = of(made, DYNAMIC)
    assert segment.payload
    assert segment.payload.name == "Oslo – migrated 2"


def test_a_name_of_its_own_is_cut_before_its_ending(export: Export) -> None:
    long = "x" * 100
    segments = tuple(replace(one, name=long) if one.id == DYNAMIC else one for one in export.segments)
    segment = of(plan(replace(export, segments=segments), found(A, long)), DYNAMIC)
    assert segment.payload
    assert len(segment.payload.name) == 100
    assert segment.payload.name.endswith("x… – migrated")


def test_what_a_run_of_ours_made_is_no_twin(export: Export) -> None:
    ours = derived_id(ORGANISATION.id, DYNAMIC, "segment")
    assert of(plan(export, found(ours, "Oslo", OSLO)), DYNAMIC).twins == ()


def test_another_organisation_has_other_twins(export: Export) -> None:
    export = replace(export, twins=Twins((found(A, "Oslo", OSLO),)))
    other = OrganisationRef(UUID(int=7), "https://other.crm4.dynamics.com")
    assert of(translate(export, TranslationSettings(other)), DYNAMIC).twins == ()


def test_a_blocked_segment_can_be_adopted(export: Export) -> None:
    segment = of(plan(export, found(A, "Lost")), LOST)
    assert segment.alternatives.keys() == {Choice.ADOPT}


def test_the_plan_is_the_same_bytes_and_is_read_again(export: Export, tmp_path: Path) -> None:
    people = (SharedPeople(A, STATIC, 5, 5, 5),)
    first, second = (plan(export, found(A, "Oslo", OSLO), found(B, "Oslo 2"), people=people) for _ in range(2))
    assert b"".join(plan_json(first)) == b"".join(plan_json(second))
    write_plan(first, tmp_path)
    assert read_plan(tmp_path) == first


# --- decisions -------------------------------------------------------------------------------------------------------


def test_an_adopted_segment_takes_the_place_of_a_new_one_also_in_references(export: Export, tmp_path: Path) -> None:
    made = plan(export, found(A, "Norwegians", OSLO), compound=Choice.TRANSLATE)
    decide(tmp_path, [of(made, DYNAMIC)], Choice.ADOPT)
    after = decided(made, read_decisions(tmp_path), read_pairs(tmp_path))
    adopted, compound = of(after, DYNAMIC), of(after, COMPOUND)
    assert (adopted.outcome, adopted.segment_id, adopted.adopted) == (Outcome.ADAPTED, A, True)
    assert adopted.payload
    assert adopted.payload.kind is PayloadKind.ADOPTED
    old = derived_id(ORGANISATION.id, DYNAMIC, "segment").hex
    texts = [sent.query for sent in (compound.payload, *compound.alternatives.values()) if sent]
    assert any(A.hex in text for text in texts) or all("SEGMENT(" not in text for text in texts)
    assert not any(old in text for text in texts)


def test_of_several_twins_one_has_to_be_named(export: Export, tmp_path: Path) -> None:
    made = plan(export, found(A, "Norwegians", OSLO), found(B, "People of Oslo", OSLO))
    with pytest.raises(UsageError, match="--twin ID"):
        decide(tmp_path, [of(made, DYNAMIC)], Choice.ADOPT)
    with pytest.raises(UsageError, match="no such twin"):
        decide(tmp_path, [of(made, DYNAMIC)], Choice.ADOPT, {DYNAMIC: UUID(int=9)})
    decide(tmp_path, [of(made, DYNAMIC)], Choice.ADOPT, {DYNAMIC: B})
    after = decided(made, read_decisions(tmp_path), read_pairs(tmp_path))
    assert of(after, DYNAMIC).segment_id == B
    assert of(decided(made, {DYNAMIC: Choice.ADOPT}), DYNAMIC).outcome is Outcome.FLAGGED  # nobody said which


def test_replacing_takes_the_name_and_keeping_both_another(export: Export) -> None:
    made = plan(export, found(A, "Oslo", OSLO))
    for choice, name in ((Choice.REPLACE, "Oslo"), (Choice.KEEP_BOTH, "Oslo – migrated")):
        segment = of(decided(made, {DYNAMIC: choice}), DYNAMIC)
        assert segment.payload
        assert (segment.outcome, segment.payload.name) == (Outcome.ADAPTED, name)
        assert segment.segment_id == derived_id(ORGANISATION.id, DYNAMIC, "segment")


# --- use -------------------------------------------------------------------------------------------------------------


def used(export: Export, usage: Usage | None) -> Plan:
    return translate(replace(export, usage=usage), TranslationSettings(ORGANISATION, members_from_row=True))


def journey(life: Life, name: str = "Welcome") -> Usage:
    one = Journey(A, name, outbound=False, status_code=2, label="Live", life=life)
    return Usage({A: one}, {ROW_ONLY: SegmentUse(journeys=(A,))})


def test_what_live_journeys_use_comes_first_and_names_them(export: Export) -> None:
    made = used(export, journey(Life.LIVE))
    assert made.segments[0].legacy_id == ROW_ONLY
    assert (made.segments[0].use, codes(made.segments[0])[-1]) == (Use.LIVE, "used-by-journeys")
    assert "“Welcome”" in made.segments[0].findings[-1].message


def test_without_a_look_everything_is_unknown_and_in_the_order_of_names(export: Export) -> None:
    made = used(export, None)
    assert {segment.use for segment in made.segments} == {Use.UNKNOWN}
    assert [one.name for one in made.segments] == sorted((one.name for one in made.segments), key=str.casefold)


@pytest.mark.parametrize(
    ("life", "unread", "use"),
    [
        (Life.UNKNOWN, {}, Use.LIVE),
        (Life.DRAFT, {}, Use.DRAFT),
        (Life.ENDED, {}, Use.ENDED),
        (Life.DRAFT, {"usages": "403"}, Use.UNKNOWN),
        (Life.LIVE, {"usages": "403"}, Use.LIVE),
    ],
)
def test_the_use_of_a_segment(export: Export, life: Life, unread: dict[str, str], use: Use) -> None:
    assert of(used(export, replace(journey(life), unread=unread)), ROW_ONLY).use is use


def test_what_was_not_read_is_unknown_and_never_unused(export: Export) -> None:
    assert of(used(export, Usage()), STATIC).use is Use.NONE
    for part in ("segments", "usages", "journeys", "outbound_journeys", "designs"):
        assert of(used(export, Usage(unread={part: "403"})), STATIC).use is Use.UNKNOWN
    assert of(used(export, Usage(unread={"counts": "400"})), STATIC).use is Use.NONE


def test_the_products_own_count_is_believed(export: Export) -> None:
    segment = of(used(export, Usage(segments={INACTIVE: SegmentUse(published=2)})), INACTIVE)
    assert (segment.use, "which ones cannot be seen" in segment.findings[-1].message) == (Use.LIVE, True)


@pytest.mark.parametrize(
    ("last", "unread", "proposed"),
    [
        ("2024-12-31T00:00:00Z", {}, True),
        ("2025-01-01T23:59:59Z", {}, True),  # the export is of 2 January 2026
        ("2025-01-02T00:00:00Z", {}, False),
        ("2025-06-01T00:00:00Z", {}, False),
        ("", {}, False),
        ("2020-01-01T00:00:00Z", {"journeys": "403"}, False),
    ],
)
def test_to_leave_it_behind_is_proposed_only_where_the_use_is_known(
    export: Export, tmp_path: Path, last: str, unread: dict[str, str], proposed: bool
) -> None:
    made = used(export, Usage(segments={INACTIVE: SegmentUse(last_used=last)}, unread=unread))
    segment = of(made, INACTIVE)
    assert ("unused-for-long" in codes(segment), is_open(segment)) == (proposed, proposed)
    assert segment.loadable  # nothing is done by itself
    if proposed:
        decide(tmp_path, [segment], Choice.SKIP)
        assert of(decided(made, read_decisions(tmp_path)), INACTIVE).outcome is Outcome.SKIPPED
