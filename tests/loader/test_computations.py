"""Waiting for computations: how often the organisation is asked, and what."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

import pytest

from migrator.base.progress import Silent
from migrator.contracts.plan import PlannedSegment
from migrator.dataverse import realtime
from migrator.dataverse.client import Client
from migrator.dataverse.realtime import Execution, SegmentRow
from migrator.loader import computations, existing
from migrator.loader.loading import Loading
from migrator.product.codes import DefinitionStatus, SegmentStatus
from tests.loader.migration import Migration
from tests.small import DYNAMIC


def test_how_a_computation_went_is_asked_only_of_those_that_take_long(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    migration.only(DYNAMIC)
    migration.go()
    migration.row(DYNAMIC)["msdynmkt_membercount"] = None  # computed once more
    asked: list[UUID] = []

    async def status(_client: Client, segment: UUID) -> Execution:
        asked.append(segment)
        return Execution("")

    async def look(loading: Loading, wait: float) -> Mapping[UUID, SegmentRow]:
        return await computations.computed(loading, loading.plan.segments, wait, Silent())

    monkeypatch.setattr(realtime, "segment_status", status)
    monkeypatch.setattr(computations, "_BETWEEN_LOOKS", (0.01, 0.01))
    migration.work(lambda loading: look(loading, 0))
    assert asked == []
    migration.work(lambda loading: look(loading, 0.2))
    assert set(asked) == {migration.segment(DYNAMIC).segment_id}


@pytest.mark.parametrize("status", [DefinitionStatus.STOPPED, DefinitionStatus.STOPPING, DefinitionStatus.DRAFT])
def test_nobody_waits_for_a_segment_that_was_stopped_by_hand(
    migration: Migration, monkeypatch: pytest.MonkeyPatch, status: DefinitionStatus
) -> None:
    migration.only(DYNAMIC)
    migration.go()
    migration.row(DYNAMIC).update(statuscode=int(SegmentStatus.INACTIVE), msdynmkt_membercount=None)
    monkeypatch.setattr(computations, "_BETWEEN_LOOKS", (0.01, 0.01))
    looks = 0

    async def counted(client: Client, planned: Collection[PlannedSegment]) -> Mapping[UUID, SegmentRow]:
        nonlocal looks
        looks += 1
        return await existing.look_at_segments(client, planned)

    monkeypatch.setattr(computations, "look_at_segments", counted)

    async def look(loading: Loading, wait: float) -> Mapping[UUID, SegmentRow]:
        return await computations.computed(loading, loading.plan.segments, wait, Silent())

    migration.work(lambda loading: look(loading, 0.3))  # published: it may be computed yet
    assert looks > 6
    looks = 0
    migration.definition(DYNAMIC)["statuscode"] = int(status)
    migration.work(lambda loading: look(loading, 60))
    assert looks < 6
