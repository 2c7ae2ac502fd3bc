"""Rolling back: only what this run provably made is deleted; a derived id says which record, never who made it."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.base.progress import Silent
from migrator.loader.rollback import RolledBack, roll_back
from tests.loader.migration import Migration
from tests.small import STATIC


def rolled_back(migration: Migration) -> RolledBack:
    (done,) = migration.work(lambda loading: roll_back(loading, Silent(), {STATIC}))
    return done


def loaded(migration: Migration) -> Migration:
    migration.only(STATIC)
    migration.go()
    return migration


def aged(migration: Migration, kind: str, created_on: str) -> None:
    """Give a record another moment of creation, as one has that another run made under the same derived id."""
    segment = migration.segment(STATIC)
    key = segment.segment_id if kind == "msdynmkt_segment" else segment.definition_id
    migration.server.organisation.rows[kind][str(key)]["createdon"] = created_on


def test_what_this_run_made_goes(migration: Migration) -> None:
    migration = loaded(migration)
    realise(migration)
    assert rolled_back(migration).kept == ""
    assert migration.server.organisation.rows["msdynmkt_segment"] == {}
    assert migration.server.organisation.rows["msdynmkt_segmentdefinition"] == {}


def realise(migration: Migration) -> None:
    """The journal of these tests writes one fixed moment; the organisation's rows get the same one."""
    for kind in ("msdynmkt_segment", "msdynmkt_segmentdefinition"):
        aged(migration, kind, "2026-01-01T00:00:00Z")


@pytest.mark.parametrize("created_on", ["2026-01-01T00:30:00Z", "2025-12-31T23:00:00Z", "2026-11-25T00:00:00Z"])
@pytest.mark.parametrize("kind", ["msdynmkt_segment", "msdynmkt_segmentdefinition"])
def test_what_another_run_made_under_the_same_id_stays_and_is_named(
    migration: Migration, kind: str, created_on: str
) -> None:
    migration = loaded(migration)
    realise(migration)
    aged(migration, kind, created_on)
    kept = rolled_back(migration).kept
    assert f"was created at {created_on}" in kept
    assert "2026-01-01T00:00:00Z" in kept
    assert migration.server.organisation.rows[kind]


@pytest.mark.parametrize("created_on", [None, "", "yesterday"])
def test_a_moment_that_cannot_be_read_proves_nothing(migration: Migration, created_on: Any) -> None:
    migration = loaded(migration)
    realise(migration)
    aged(migration, "msdynmkt_segment", created_on)
    assert "nothing proves that this run made it" in rolled_back(migration).kept
    assert migration.server.organisation.rows["msdynmkt_segment"]


def test_clocks_that_differ_a_little_are_no_reason(migration: Migration) -> None:
    migration = loaded(migration)
    realise(migration)
    aged(migration, "msdynmkt_segment", "2026-01-01T00:00:45Z")
    assert rolled_back(migration).kept == ""
