"""Retiring: which moves stop a legacy segment, and what is said where there is nothing to stop."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.base.progress import Silent
from migrator.loader.retire import STANDING, WAYS, Retired, retire
from migrator.product.codes import LEGACY_MOVES, LegacyStatus
from tests.loader.migration import Migration
from tests.small import STATIC


def retired(
    migration: Migration, status: int, *, delete: bool = False, wait: float = 5.0
) -> tuple[Retired, list[tuple[int, int]]]:
    """What came of retiring one segment that had this status, and the moves that were asked for."""
    organisation = migration.server.organisation
    organisation.rows["msdyncrm_segment"][str(STATIC)]["statuscode"] = int(status)
    moves: list[tuple[int, int]] = []
    rules: Any = organisation.rules["msdyncrm_segment"]
    update = rules.update

    def watching(there: Any, old: Any, row: Any) -> None:
        moves.append((old["statuscode"], row["statuscode"]))
        update(there, old, row)

    rules.update = watching
    segment = migration.segment(STATIC)
    (done,) = migration.work(lambda loading: retire(loading, [segment], delete=delete, wait=wait, progress=Silent()))
    return done, moves


def test_every_status_is_stopped_or_named() -> None:
    assert {*WAYS, *STANDING, LegacyStatus.GOING_LIVE} == set(LegacyStatus)


def test_every_way_follows_the_products_table_of_moves() -> None:
    for status, way in WAYS.items():
        at = status
        for goal in way:
            assert goal in LEGACY_MOVES[at], (status, at, goal)
            at = goal
        assert at is LegacyStatus.STOPPING


@pytest.mark.parametrize(
    ("status", "goals"),
    [
        (LegacyStatus.LIVE, [LegacyStatus.STOPPING]),
        (LegacyStatus.LIVE_EDITABLE, [LegacyStatus.LIVE, LegacyStatus.STOPPING]),
        (LegacyStatus.ERROR, [LegacyStatus.STOPPING]),
    ],
)
def test_a_segment_is_stopped_by_the_moves_that_are_open_to_it(
    migration: Migration, status: LegacyStatus, goals: list[LegacyStatus]
) -> None:
    done, moves = retired(migration, status)
    assert (done.what, done.kept) == ("stopping", "")
    assert [goal for _, goal in moves] == goals


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (LegacyStatus.STOPPED, "was stopped already"),
        (LegacyStatus.STOPPING, "is stopping already"),
        (LegacyStatus.EXPIRED, "has expired"),
        (LegacyStatus.DRAFT, "is a draft and was not live"),
    ],
)
def test_where_there_is_nothing_to_stop_it_is_said_why(migration: Migration, status: LegacyStatus, words: str) -> None:
    done, moves = retired(migration, status)
    assert words in done.what
    assert moves == []


def test_a_segment_that_is_going_live_is_stopped_once_it_is(migration: Migration) -> None:
    organisation = migration.server.organisation

    def arrive() -> None:
        organisation.rows["msdyncrm_segment"][str(STATIC)]["statuscode"] = int(LegacyStatus.LIVE)

    organisation.after(0.3, arrive)
    done, moves = retired(migration, LegacyStatus.GOING_LIVE)
    assert done.what == "stopping"
    assert moves == [(LegacyStatus.LIVE, LegacyStatus.STOPPING)]


@pytest.mark.parametrize("status", [LegacyStatus.GOING_LIVE, 4711])
def test_a_status_without_a_way_to_stopped_stays_as_it_is(migration: Migration, status: int) -> None:
    done, moves = retired(migration, status, delete=True, wait=0.0)
    assert "no move to stopped is known" in done.kept
    assert moves == []
    assert str(STATIC) in migration.server.organisation.rows["msdyncrm_segment"]


def test_a_segment_that_does_not_stop_is_not_deleted(migration: Migration) -> None:
    migration.server.organisation.moment = 3600
    done, _ = retired(migration, LegacyStatus.LIVE, delete=True, wait=0.3)
    assert "not stopped yet (status Stopping)" in done.kept
    assert str(STATIC) in migration.server.organisation.rows["msdyncrm_segment"]


def test_a_segment_that_is_gone_is_said(migration: Migration) -> None:
    migration.server.organisation.delete("msdyncrm_segment", str(STATIC))
    segment = migration.segment(STATIC)
    (done,) = migration.work(lambda loading: retire(loading, [segment], delete=True, wait=0.0, progress=Silent()))
    assert (done.what, done.kept) == ("no longer exists", "")
