"""Retiring: which moves stop a legacy segment, and what is said where there is nothing to stop."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from migrator.base.patience import Waiting
from migrator.base.progress import Silent
from migrator.contracts.members import Members, MemberSource
from migrator.contracts.verification import Match, Verified
from migrator.dataverse import outbound
from migrator.dataverse.errors import Unsettled
from migrator.loader.retire import STANDING, WAYS, Retired, Wish, retire
from migrator.loader.still_true import Known
from migrator.product.codes import LEGACY_MOVES, DefinitionStatus, LegacyStatus
from tests.loader.migration import Migration
from tests.small import DYNAMIC, STATIC, contact


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
    known = migration.known(STATIC)
    (done,) = migration.work(lambda loading: retire(loading, [known], Wish(delete, wait=wait), Silent()))
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


def test_a_segment_that_is_going_live_is_stopped_once_it_is(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = migration.server.organisation.rows["msdyncrm_segment"][str(STATIC)]

    class LiveAfterAPause(Waiting):
        async def again(self, tell: Any = None) -> bool:
            row["statuscode"] = int(LegacyStatus.LIVE)
            return await super().again(tell)

    monkeypatch.setattr("migrator.loader.retire.Waiting", LiveAfterAPause)
    done, moves = retired(migration, LegacyStatus.GOING_LIVE)
    assert (done.what, done.kept) == ("stopping", "")
    assert moves == [(LegacyStatus.LIVE, LegacyStatus.STOPPING)]


@pytest.mark.parametrize(
    ("status", "delete", "words"),
    [
        (LegacyStatus.GOING_LIVE, False, "is going live, and can be stopped once it is live"),
        (LegacyStatus.STOPPING, True, "is stopping, and can be deleted once it is stopped"),
    ],
)
def test_what_is_waited_for_is_said_once_for_all_and_how_long_at_most(
    migration: Migration, monkeypatch: pytest.MonkeyPatch, status: LegacyStatus, delete: bool, words: str
) -> None:
    monkeypatch.setattr(outbound, "retrieve_segment", _standing_at(status))
    known = [migration.known(STATIC), migration.known(DYNAMIC)]
    told: list[str] = []

    async def work(loading: Any) -> list[Retired]:
        loading.client.tell = told.append
        return await retire(loading, known, Wish(delete, wait=0.8, even_if_used=True), Silent())

    monkeypatch.setattr("migrator.loader.retire.why_not", _as_it_was)
    migration.work(work)
    (sentence,) = told
    assert words in sentence
    assert "at most 0.8 seconds (--wait-pending)" in sentence


def test_who_does_not_wait_is_told_of_no_wait(migration: Migration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "retrieve_segment", _standing_at(LegacyStatus.GOING_LIVE))
    monkeypatch.setattr("migrator.loader.retire.why_not", _as_it_was)
    known, told = migration.known(STATIC), list[str]()

    async def work(loading: Any) -> list[Retired]:
        loading.client.tell = told.append
        return await retire(loading, [known], Wish(wait=0.0), Silent())

    (done,) = migration.work(work)
    assert "no move to stopped is known" in done.kept
    assert told == []


def _standing_at(status: LegacyStatus) -> Any:
    """An organisation in which segments stay at one status."""

    async def retrieve(*_: Any) -> Any:
        return SimpleNamespace(status_code=int(status))

    return retrieve


async def _as_it_was(*_: Any) -> str:
    return ""


@pytest.mark.parametrize("status", [LegacyStatus.GOING_LIVE, 4711])
def test_a_status_without_a_way_to_stopped_stays_as_it_is(migration: Migration, status: int) -> None:
    done, moves = retired(migration, status, delete=True, wait=0.0)
    assert "no move to stopped is known" in done.kept
    assert moves == []
    assert str(STATIC) in migration.server.organisation.rows["msdyncrm_segment"]


def test_a_segment_that_does_not_stop_is_not_deleted(migration: Migration) -> None:
    migration.known(STATIC)  # loaded and verified before the organisation becomes slow
    migration.server.organisation.moment = 3600
    done, _ = retired(migration, LegacyStatus.LIVE, delete=True, wait=0.3)
    assert "not stopped yet (status Stopping)" in done.kept
    assert str(STATIC) in migration.server.organisation.rows["msdyncrm_segment"]


def test_a_segment_that_is_gone_is_said(migration: Migration) -> None:
    known = migration.known(STATIC)
    migration.server.organisation.delete("msdyncrm_segment", str(STATIC))
    (done,) = migration.work(lambda loading: retire(loading, [known], Wish(delete=True, wait=0.0), Silent()))
    assert (done.what, done.kept) == ("no longer exists", "")


# --- only what is true now -------------------------------------------------------------------------------------------


def after(migration: Migration, legacy: Any, change: Any, **wish: Any) -> Retired:
    """What comes of retiring a verified segment once something has changed since."""
    known = migration.known(legacy)
    change(migration)
    (done,) = migration.work(lambda loading: retire(loading, [known], Wish(delete=True, wait=5.0, **wish), Silent()))
    return done


def successor_deleted(migration: Migration) -> None:
    organisation = migration.server.organisation
    organisation.rows["msdynmkt_segment"].pop(str(migration.segment(STATIC).segment_id))


def successor_stopped(migration: Migration) -> None:
    migration.definition(STATIC)["statuscode"] = int(DefinitionStatus.STOPPED)


def successor_a_draft(migration: Migration) -> None:
    migration.definition(STATIC)["statuscode"] = int(DefinitionStatus.DRAFT)


def successor_emptied(migration: Migration) -> None:
    for group in migration.server.organisation.groups[str(migration.segment(STATIC).segment_id)].values():
        group.clear()


def somebody_exchanged(migration: Migration) -> None:
    for group in migration.server.organisation.groups[str(migration.segment(STATIC).segment_id)].values():
        group.pop(next(iter(group)))
        group[contact(8).int] = None


def legacy_list_grown(migration: Migration) -> None:
    migration.server.organisation.lists[str(STATIC)][contact(9).int] = None


def legacy_list_lost_and_size_changed(migration: Migration) -> None:
    migration.server.organisation.lists.pop(str(STATIC))
    migration.server.organisation.rows["msdyncrm_segment"][str(STATIC)]["msdyncrm_segmentsize"] = 99


def legacy_list_lost_and_edited(migration: Migration) -> None:
    migration.server.organisation.lists.pop(str(STATIC))
    migration.server.organisation.rows["msdyncrm_segment"][str(STATIC)]["statuscode"] = int(LegacyStatus.LIVE_EDITABLE)


def legacy_list_lost_and_touched(migration: Migration) -> None:
    migration.server.organisation.lists.pop(str(STATIC))
    migration.server.organisation.rows["msdyncrm_segment"][str(STATIC)]["modifiedon"] = "2026-02-02T00:00:00Z"


@pytest.mark.quick
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (successor_deleted, "no longer in the organisation"),
        (successor_stopped, "it is live and its successor is not"),
        (successor_a_draft, "it is live and its successor is not"),
        (successor_emptied, "other members than the list: 5 are missing"),
        (somebody_exchanged, "1 are missing and 1 are new"),
        (legacy_list_grown, "1 member was added to it since the extraction"),
        (legacy_list_lost_and_size_changed, "cannot be read any more.*its size was 5 and is 99"),
        (legacy_list_lost_and_edited, "cannot be read any more.*its status was Live and is Live editable"),
        (legacy_list_lost_and_touched, "cannot be read any more.*its last change was unknown and is 2026-02-02"),
    ],
)
def test_what_changed_since_the_verification_keeps_a_segment_and_is_named(
    migration: Migration, change: Any, words: str
) -> None:
    migration.only(STATIC)
    done = after(migration, STATIC, change)
    assert re.search(words, done.kept), done
    row = migration.server.organisation.rows["msdyncrm_segment"][str(STATIC)]
    assert row["statuscode"] in (LegacyStatus.LIVE, LegacyStatus.LIVE_EDITABLE)


def query_changed(migration: Migration) -> None:
    migration.definition(DYNAMIC)["msdynmkt_segmentquery"] = "PROFILE(contact).FILTER(address1_city == 'Bergen')"


def many_more_members(migration: Migration) -> None:
    migration.row(DYNAMIC)["msdynmkt_membercount"] = 99


def being_computed(migration: Migration) -> None:
    migration.row(DYNAMIC)["msdynmkt_membercount"] = None


def legacy_query_changed(migration: Migration) -> None:
    row = migration.server.organisation.rows["msdyncrm_segment"][str(DYNAMIC)]
    row["msdyncrm_segmentquery"] = "PROFILE(contact).FILTER(address1_city == 'Bergen')"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (query_changed, "another query than was verified"),
        (many_more_members, "99 members now"),
        (being_computed, "being computed again"),
        (legacy_query_changed, "its own query was changed"),
    ],
)
def test_a_query_that_changed_on_either_side_keeps_a_segment(migration: Migration, change: Any, words: str) -> None:
    migration.only(DYNAMIC)
    done = after(migration, DYNAMIC, change)
    assert re.search(words, done.kept), done
    assert str(DYNAMIC) in migration.server.organisation.rows["msdyncrm_segment"]


def test_people_who_were_only_counted_need_a_wish_of_their_own_before_deleting(migration: Migration) -> None:
    migration.only(DYNAMIC)
    known = migration.known(DYNAMIC)
    counted = replace(known, seen=replace(known.seen, partly=True))

    def go(**wish: Any) -> Retired:
        (done,) = migration.work(
            lambda loading: retire(loading, [counted], Wish(delete=True, wait=5.0, **wish), Silent())
        )
        return done

    assert "--not-compared" in go().kept
    assert str(DYNAMIC) in migration.server.organisation.rows["msdyncrm_segment"]
    assert go(not_compared=True).what == "deleted"
    assert str(DYNAMIC) not in migration.server.organisation.rows["msdyncrm_segment"]


@pytest.mark.parametrize("legacy", [STATIC, DYNAMIC])
def test_where_nothing_changed_the_segment_goes(migration: Migration, legacy: Any) -> None:
    migration.only(legacy)
    assert after(migration, legacy, lambda _: None).what == "deleted"


@pytest.mark.parametrize(("now", "what"), [(3, "deleted"), (4, "")])
def test_the_number_of_a_query_may_differ_up_to_the_edge_of_the_tolerance(
    migration: Migration, now: int, what: str
) -> None:
    migration.only(DYNAMIC)
    migration.tolerance = 0.5
    known = migration.known(DYNAMIC)
    assert known.seen.after == 2
    migration.row(DYNAMIC)["msdynmkt_membercount"] = now
    (done,) = migration.work(lambda loading: retire(loading, [known], Wish(delete=True, wait=5.0), Silent()))
    assert (done.what, bool(done.kept)) == (what, not what)


@pytest.mark.parametrize(
    ("changes", "compared"),
    [({}, True), ({"partly": True}, False), ({"after": None}, False)],
)
def test_people_are_compared_only_where_every_id_was(
    migration: Migration, changes: dict[str, Any], compared: bool
) -> None:
    known = Known(migration.segment(STATIC), replace(Verified(STATIC, Match.EQUAL, 5, 5), **changes), None, 0.0)  # type: ignore[arg-type]
    assert known.people_compared is compared
    unread = replace(known.segment, members=Members(MemberSource.NONE, reason="gone"))
    assert not replace(known, segment=unread).people_compared


# --- answers that are lost -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("call", "goal"), [("move_segment", "stopping"), ("delete_segment", "deleted")])
@pytest.mark.parametrize("arrived", [True, False])
def test_what_nobody_confirmed_is_looked_for_and_sent_again_if_it_did_not_arrive(
    migration: Migration, monkeypatch: pytest.MonkeyPatch, call: str, goal: str, arrived: bool
) -> None:
    migration.only(STATIC)
    send, sent = getattr(outbound, call), list[Any]()

    async def lost(*arguments: Any) -> None:
        sent.append(arguments)
        if len(sent) > 1 or arrived:
            await send(*arguments)
        if len(sent) == 1:
            raise Unsettled("x", "no answer")

    monkeypatch.setattr(outbound, call, lost)
    delete = goal == "deleted"
    known = migration.known(STATIC)
    (done,) = migration.work(lambda loading: retire(loading, [known], Wish(delete, wait=5.0), Silent()))
    assert (done.what, done.kept) == (goal, "")
    assert len(sent) == (1 if arrived else 2)
    rows = migration.server.organisation.rows["msdyncrm_segment"]
    assert (str(STATIC) in rows) is not delete
    if not delete:
        assert rows[str(STATIC)]["statuscode"] in (LegacyStatus.STOPPING, LegacyStatus.STOPPED)


def test_a_deletion_that_never_arrives_is_no_deletion(migration: Migration, monkeypatch: pytest.MonkeyPatch) -> None:
    migration.only(STATIC)

    async def lost(*_: Any) -> None:
        raise Unsettled("DELETE x", "The service has failed.", 500)

    monkeypatch.setattr(outbound, "delete_segment", lost)
    known = migration.known(STATIC)
    (done,) = migration.work(lambda loading: retire(loading, [known], Wish(True, wait=5.0), Silent()))
    assert done.what == ""
    assert "each time it was looked for and not found" in done.kept
