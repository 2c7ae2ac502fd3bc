"""Segments that refer to others: loaded after those, and not at all where one of those is not there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from migrator.base.progress import Silent
from migrator.contracts.choices import Choice
from migrator.contracts.export_folder import read_export
from migrator.contracts.journal import LoadResult, LoadState
from migrator.loader.load import load
from migrator.sandbox import realtime
from migrator.sandbox.refusal import bad_request
from migrator.translator.translate import translate
from tests.loader.migration import Migration
from tests.small import COMPOUND, DYNAMIC, STATIC


@pytest.fixture
def compound(migration: Migration) -> Migration:
    """A run in which a segment refers to two others."""
    settings = replace(migration.plan.settings, compound=Choice.TRANSLATE)
    migration.plan = translate(read_export(migration.export), settings)
    migration.only(STATIC, DYNAMIC, COMPOUND)
    assert set(migration.segment(COMPOUND).depends_on) == {STATIC, DYNAMIC}
    return migration


def results(migration: Migration, only: Collection[UUID] | None = None) -> dict[UUID, LoadResult]:
    done = migration.work(lambda loading: load(loading, Silent(), only))
    return {result.legacy_id: result for result in done}


def refuse(monkeypatch: pytest.MonkeyPatch, migration: Migration, legacy: UUID) -> None:
    """The organisation publishes one segment no more."""
    publish, key = realtime.publish_segment_definition, str(migration.segment(legacy).segment_id)

    def refusing(organisation: Any, body: Any) -> Any:
        if body["SegmentId"] == key:
            raise bad_request("not now", "0x80040299")
        return publish(organisation, body)

    monkeypatch.setitem(realtime.ACTIONS, "msdynmkt_PublishSegmentDefinition", refusing)


def is_there(migration: Migration, legacy: UUID) -> bool:
    return str(migration.segment(legacy).segment_id) in migration.server.organisation.rows["msdynmkt_segment"]


def test_a_segment_is_loaded_after_those_that_it_refers_to(compound: Migration) -> None:
    assert {result.state for result in results(compound).values()} == {LoadState.LOADED}
    assert {legacy for legacy, _ in compound.steps()[-3:]} == {str(COMPOUND)}


def test_a_segment_is_not_created_where_one_that_it_refers_to_failed(
    compound: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, compound, STATIC)
    found = results(compound)
    assert found[STATIC].state is found[COMPOUND].state is LoadState.FAILED
    assert found[COMPOUND].error.startswith("1 of the segments that its query refers to could not be loaded, or wait")
    assert "“Five people”. See to those first" in found[COMPOUND].error
    assert not is_there(compound, COMPOUND)


def test_a_failure_of_an_earlier_command_counts_too(compound: Migration, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, compound, STATIC)
    results(compound, {STATIC, DYNAMIC})
    found = results(compound, {COMPOUND})
    assert found[COMPOUND].state is LoadState.FAILED
    assert not is_there(compound, COMPOUND)


def test_a_failure_that_was_mended_counts_no_more(compound: Migration, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as meanwhile:
        refuse(meanwhile, compound, STATIC)
        results(compound, {STATIC, DYNAMIC})
    assert results(compound, {STATIC, COMPOUND})[COMPOUND].state is LoadState.LOADED
