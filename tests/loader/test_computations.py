"""Waiting for computations: how often the organisation is asked, and what."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import pytest

from migrator.base.progress import Silent
from migrator.dataverse import realtime
from migrator.dataverse.client import Client
from migrator.dataverse.realtime import Execution, SegmentRow
from migrator.loader import computations
from migrator.loader.loading import Loading
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
