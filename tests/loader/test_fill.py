"""Filling a group: sent until both sides agree, and called different only once several looks have said so."""

from __future__ import annotations

import time
from typing import Any

import pytest

from migrator.base import patience
from migrator.base.ids import Ids
from migrator.contracts.journal import LoadState
from migrator.dataverse import realtime
from migrator.dataverse.errors import Unsettled
from migrator.loader import groups
from tests.loader.migration import Migration
from tests.small import STATIC

read = realtime.list_group_members
add = realtime.add_static_members


@pytest.fixture(autouse=True)
def one_list(migration: Migration) -> None:
    migration.only(STATIC)


def lagging(monkeypatch: pytest.MonkeyPatch, looks: int) -> list[int]:
    """Reads of the first page lag behind: so many looks do not see the last member. Gives the pages that were read."""
    pages: list[int] = []

    async def late(client: Any, segment: Any, group: Any, page: int, **more: Any) -> Ids:
        pages.append(page)
        ids = await read(client, segment, group, page, **more)
        return ids[:-1] if page == 1 and pages.count(1) <= looks else ids

    monkeypatch.setattr(realtime, "list_group_members", late)
    return pages


@pytest.mark.parametrize(("looks", "state"), [(3, LoadState.LOADED), (4, LoadState.DIFFERS)])
def test_a_live_group_is_looked_at_again_before_it_is_called_different(
    migration: Migration, monkeypatch: pytest.MonkeyPatch, looks: int, state: LoadState
) -> None:
    migration.go(then_verify=False)
    sent = len(migration.steps())
    lagging(monkeypatch, looks)
    results, _ = migration.go(then_verify=False)
    assert results[STATIC].state is state
    assert len(migration.steps()) == sent


def test_what_was_confirmed_and_is_not_seen_yet_is_looked_for_before_it_is_sent_again(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    lagging(monkeypatch, looks=2)
    results, _ = migration.go(then_verify=False)
    assert results[STATIC].state is LoadState.LOADED
    assert [step for _, step in migration.steps()].count("add members") == 1


def test_what_was_confirmed_and_never_arrived_is_sent_again(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []

    async def forgetful(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) > 1:
            await add(*arguments)

    monkeypatch.setattr(realtime, "add_static_members", forgetful)
    results, _ = migration.go(then_verify=False)
    assert results[STATIC].state is LoadState.LOADED
    assert len(calls) == 2
    assert migration.members(STATIC) == [0, 1, 2, 3, 4]


def test_after_three_calls_that_were_lost_in_a_row_the_group_is_looked_at(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "MEMBERS_PER_CALL", 1)
    done: list[str] = []

    async def lost(*arguments: Any) -> None:
        done.append("sent")
        if len(done) <= 3:
            raise Unsettled("POST msdynmkt_AddStaticMembers", "no answer")
        await add(*arguments)

    async def looked(*arguments: Any) -> Ids:
        done.append("looked")
        return await read(*arguments)

    monkeypatch.setattr(realtime, "add_static_members", lost)
    monkeypatch.setattr(realtime, "list_group_members", looked)
    results, _ = migration.go(then_verify=False)
    assert results[STATIC].state is LoadState.LOADED
    assert done[:4] == ["sent", "sent", "sent", "looked"]


def test_a_group_is_read_to_its_empty_page(migration: Migration, monkeypatch: pytest.MonkeyPatch) -> None:
    async def small(client: Any, segment: Any, group: Any, page: int) -> Ids:
        whole = await read(client, segment, group, 1)
        return whole[2 * (page - 1) : 2 * page]

    monkeypatch.setattr(realtime, "list_group_members", small)
    results, _ = migration.go(then_verify=False)
    assert results[STATIC].state is LoadState.LOADED
    assert [step for _, step in migration.steps()].count("add members") == 1


def test_sending_may_take_longer_than_anybody_waits_for_an_answer(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = 0

    class Clock:
        @staticmethod
        def monotonic() -> float:
            return time.monotonic() + 3600.0 * hours

    async def slow(*arguments: Any) -> None:
        nonlocal hours
        await add(*arguments)
        hours += 1

    monkeypatch.setattr(patience, "time", Clock)
    monkeypatch.setattr(realtime, "add_static_members", slow)
    lagging(monkeypatch, looks=1)
    results, _ = migration.go(then_verify=False)
    assert results[STATIC].state is LoadState.LOADED
