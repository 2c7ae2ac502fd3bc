"""What is built on a segment that is not carried over waits with it, and follows by itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.contracts.choices import Choice
from migrator.contracts.export_folder import read_export
from migrator.contracts.plan import Outcome, Plan, TranslationSettings
from migrator.contracts.waiting import following
from migrator.translator.translate import translate
from tests.small import COMPOUND, DYNAMIC, ORGANISATION, STATIC, write_small_export


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
