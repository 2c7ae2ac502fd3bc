"""What is built on a segment that is not carried over waits with it, and follows by itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.contracts.choices import Choice
from migrator.contracts.decisions import checksum_of
from migrator.contracts.export_folder import read_export
from migrator.contracts.payload import PayloadKind
from migrator.contracts.plan import Outcome, Plan, TranslationSettings
from migrator.contracts.twins import Evidence, FoundSegment, Twin
from migrator.contracts.waiting import following
from migrator.translator.translate import translate
from tests.report.test_report import a_plan, payload, planned
from tests.small import COMPOUND, DYNAMIC, ORGANISATION, STATIC, segment, write_small_export


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A segment that refers to two others, all of them to be carried over."""
    export = read_export(write_small_export(tmp_path_factory.mktemp("export")))
    return translate(export, TranslationSettings(ORGANISATION, members_from_row=True, compound=Choice.TRANSLATE))


def left_behind(plan: Plan, gone: Collection[UUID]) -> Plan:
    return replace(
        plan,
        segments=tuple(
            replace(segment, outcome=Outcome.SKIPPED) if segment.legacy_id in gone else segment
            for segment in plan.segments
        ),
    )


@given(gone=st.sets(st.sampled_from([STATIC, DYNAMIC, COMPOUND])), loaded=st.sets(st.sampled_from([STATIC, DYNAMIC])))
def test_it_waits_exactly_where_something_below_it_is_not_there(plan: Plan, gone: set[UUID], loaded: set[UUID]) -> None:
    before = left_behind(plan, gone)
    after = following(before, loaded)
    by_id = {segment.legacy_id: segment for segment in after.segments}
    waits = COMPOUND not in gone and bool({STATIC, DYNAMIC} & gone - loaded)
    assert (by_id[COMPOUND].outcome is Outcome.FLAGGED) == waits
    assert ("built-on-an-absent-segment" in {found.code for found in by_id[COMPOUND].findings}) == waits
    changed = {old.legacy_id for old, new in zip(before.segments, after.segments, strict=True) if old != new}
    assert changed == ({COMPOUND} if waits else set())


def test_it_can_still_be_decided_about(plan: Plan) -> None:
    segment = next(one for one in following(left_behind(plan, [STATIC]), ()).segments if one.legacy_id == COMPOUND)
    assert Choice.TRANSLATE in segment.alternatives
    assert not segment.loadable


def test_a_chain_waits_to_its_end_in_whichever_order_the_plan_has_it() -> None:
    far = planned(1, "Far", payload=replace(payload(PayloadKind.DYNAMIC), depends_on=(segment(2),)))
    near = planned(2, "Near", payload=replace(payload(PayloadKind.DYNAMIC), depends_on=(segment(3),)))
    gone = planned(3, "Gone", Outcome.SKIPPED)
    for some in permutations((far, near, gone)):
        found = {one.name: one.outcome for one in following(a_plan(*some), ()).segments}
        assert found == {"Far": Outcome.FLAGGED, "Near": Outcome.FLAGGED, "Gone": Outcome.SKIPPED}


def test_a_decision_about_other_twins_is_a_decision_about_something_else() -> None:
    def about(*twins: int) -> str:
        found = [FoundSegment(UUID(int=n), UUID(int=n), "A", "", "[]", None, None, "") for n in twins]
        return checksum_of(planned(1, twins=tuple(Twin(one, Evidence.NAME) for one in found)))

    assert len({about(), about(1), about(2), about(1, 2)}) == 4
