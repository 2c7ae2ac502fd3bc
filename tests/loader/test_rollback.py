"""Rolling back: only what this run provably made is deleted; a derived id says which record, never who made it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migrator.base.progress import Silent
from migrator.contracts.journal import LoadState
from migrator.dataverse import realtime
from migrator.dataverse.errors import Unsettled
from migrator.loader.loading import Loading
from migrator.loader.rollback import RolledBack, roll_back, to_roll_back
from tests.loader.migration import Migration
from tests.small import STATIC, contact


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


# --- what others use -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", [True, False])
def test_a_segment_that_another_one_refers_to_stays_and_its_user_is_named(migration: Migration, named: bool) -> None:
    migration = loaded(migration)
    rows = migration.server.organisation.rows
    ours, other = migration.segment(STATIC), str(contact(200))
    query = f"PROFILE(contact) EXCEPT SEGMENT(SEGMENT_CJO_ID_{ours.segment_id.hex.upper()})"
    definition = {**migration.definition(STATIC), "msdynmkt_segmentdefinitionid": other, "msdynmkt_segmentquery": query}
    rows["msdynmkt_segmentdefinition"][other] = definition
    if named:
        segment = {"msdynmkt_displayname": "All but five", "msdynmkt_sourcesegmentuid": other}
        rows["msdynmkt_segment"][other] = {**migration.row(STATIC), "msdynmkt_segmentid": other, **segment}
    kept = rolled_back(migration).kept
    assert f"It is used by the segment “{'All but five' if named else other}”, so it stays." in kept
    assert str(ours.segment_id) in rows["msdynmkt_segment"]
    assert str(ours.definition_id) in rows["msdynmkt_segmentdefinition"]
    assert "stop" not in [step for _, step in migration.steps()]
    rows["msdynmkt_segmentdefinition"][other]["msdynmkt_segmentquery"] = "PROFILE(contact)"
    assert rolled_back(migration).kept == ""


# --- answers that are lost -------------------------------------------------------------------------------------------

DELETES = ["delete_segment", "delete_segment_definition"]


@pytest.mark.parametrize("call", DELETES)
@pytest.mark.parametrize("arrived", [True, False])
def test_a_deletion_that_nobody_confirmed_is_looked_for_and_sent_again_if_it_did_not_arrive(
    migration: Migration, monkeypatch: pytest.MonkeyPatch, call: str, arrived: bool
) -> None:
    migration = loaded(migration)
    delete, sent = getattr(realtime, call), list[Any]()

    async def lost(*arguments: Any) -> None:
        sent.append(arguments)
        if len(sent) > 1 or arrived:
            await delete(*arguments)
        if len(sent) == 1:
            raise Unsettled("DELETE x", "no answer")

    monkeypatch.setattr(realtime, call, lost)
    assert rolled_back(migration).kept == ""
    assert len(sent) == (1 if arrived else 2)
    assert migration.server.organisation.rows["msdynmkt_segment"] == {}
    assert migration.server.organisation.rows["msdynmkt_segmentdefinition"] == {}


@pytest.mark.parametrize("call", DELETES)
def test_a_deletion_that_never_arrives_is_no_deletion(
    migration: Migration, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    migration = loaded(migration)

    async def lost(*_: Any) -> None:
        raise Unsettled("DELETE x", "The service has failed.", 500)

    monkeypatch.setattr(realtime, call, lost)
    assert "each time it was looked for and not found" in rolled_back(migration).kept
    assert migration.work(still_created)


async def still_created(loading: Loading) -> bool:
    return bool(to_roll_back(loading)) and loading.journal.results()[STATIC].state is not LoadState.ROLLED_BACK


def test_a_stop_that_did_not_arrive_is_sent_again_before_anything_is_deleted(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    migration = loaded(migration)
    stop, sent = realtime.stop_segment, list[Any]()

    async def lost(*arguments: Any) -> Any:
        sent.append(arguments)
        if len(sent) == 1:
            raise Unsettled("POST msdynmkt_StopSegments", "no answer")
        return await stop(*arguments)

    monkeypatch.setattr(realtime, "stop_segment", lost)
    assert rolled_back(migration).kept == ""
    assert len(sent) == 2
