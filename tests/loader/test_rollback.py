"""Rolling back: only what this run provably made is deleted; a derived id says which record, never who made it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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
    assert rolled_back(migration).kept == ""
    assert migration.server.organisation.rows["msdynmkt_segment"] == {}
    assert migration.server.organisation.rows["msdynmkt_segmentdefinition"] == {}


def moment(minutes: float) -> str:
    """So many minutes from now, as the organisation writes it."""
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat(timespec="seconds").replace("+00:00", "Z")


@pytest.mark.parametrize("minutes", [30, -30, 60 * 24 * 7])
@pytest.mark.parametrize("kind", ["msdynmkt_segment", "msdynmkt_segmentdefinition"])
def test_what_another_run_made_under_the_same_id_stays_and_is_named(
    migration: Migration, kind: str, minutes: int
) -> None:
    migration = loaded(migration)
    created_on = moment(minutes)
    aged(migration, kind, created_on)
    kept = rolled_back(migration).kept
    assert f"was created at {created_on}" in kept
    assert migration.server.organisation.rows[kind]


@pytest.mark.parametrize("created_on", [None, "", "yesterday"])
def test_a_moment_that_cannot_be_read_proves_nothing(migration: Migration, created_on: Any) -> None:
    migration = loaded(migration)
    aged(migration, "msdynmkt_segment", created_on)
    assert "nothing proves that this run made it" in rolled_back(migration).kept
    assert migration.server.organisation.rows["msdynmkt_segment"]


def test_clocks_that_differ_a_little_are_no_reason(migration: Migration) -> None:
    migration = loaded(migration)
    aged(migration, "msdynmkt_segment", moment(0.5))
    assert rolled_back(migration).kept == ""
