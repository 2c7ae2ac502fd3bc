"""One write, whatever becomes of it: sent again only where looking does not find it, and not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from migrator.base.patience import Patience
from migrator.base.stopping import Stop
from migrator.contracts.journal import Write
from migrator.contracts.plan import PLAN_FORMAT, Plan, TranslationSettings
from migrator.dataverse.errors import DuplicateKey, Refused, ServerFault, Unsettled
from migrator.loader.journal import Journal
from migrator.loader.loading import Attempt, Loading, write
from tests.loader.migration import now
from tests.loader.test_journal import lines
from tests.small import ORGANISATION, STATIC

PAUSES = 3
LOST = Unsettled("POST x", "no answer")
SERVER_ERROR = Unsettled("POST x", "The service has failed.", 500, "0x5")
THERE = DuplicateKey("POST x", 412, "0x80040237", "It exists already.")
CONFIRMED, SETTLED, OPEN, FAILED = (now(), None, None), (now(), None, ""), (None, None, ""), (None, now(), "0x80040237")


def sent(folder: Path, answers: list[Exception | None], found: Callable[[int], bool]) -> int:
    """Write until it ends; gives how often it was sent.

    Args:
        folder: where the journal goes.
        answers: what becomes of each try; the last one is what becomes of all that follow.
        found: whether a look finds it, after so many tries.
    """
    tries: list[Exception | None] = []

    async def send() -> None:
        assert len(tries) < 20, "this has no end"
        tries.append(answers[min(len(tries), len(answers) - 1)])
        if (answer := tries[-1]) is not None:
            raise answer

    async def arrived() -> bool:
        return found(len(tries))

    async def session() -> None:
        client: Any = SimpleNamespace(
            patience=Patience(first=0.001, most=0.001).counted(PAUSES), stop=Stop(), own=set()
        )
        plan = Plan(PLAN_FORMAT, "1", ORGANISATION, "f", TranslationSettings(ORGANISATION), ())
        async with Journal(folder / "j.db", now) as journal:
            loading = Loading(client, plan, _nobody, journal, folder, 1)
            await write(loading, Attempt(STATIC), Write.CREATE_SEGMENT, STATIC, send, arrived)

    try:
        asyncio.run(session())
    finally:
        assert len(lines(folder / "j.db")) == len(tries)
    return len(tries)


def _nobody(*_: Any, **__: Any) -> Any:
    raise AssertionError("no members are read here")


def test_what_is_confirmed_is_sent_once(tmp_path: Path) -> None:
    assert sent(tmp_path, [None], lambda _: False) == 1


def test_a_lost_write_that_is_found_is_not_sent_again(tmp_path: Path) -> None:
    assert sent(tmp_path, [LOST], lambda _: True) == 1
    assert lines(tmp_path / "j.db") == [SETTLED]


def test_a_lost_write_that_is_not_found_is_sent_again(tmp_path: Path) -> None:
    assert sent(tmp_path, [LOST, None], lambda _: False) == 2
    assert lines(tmp_path / "j.db") == [OPEN, CONFIRMED]


def test_a_write_that_is_lost_each_time_ends_where_patience_ends(tmp_path: Path) -> None:
    with pytest.raises(Unsettled, match="no answer"):
        sent(tmp_path, [LOST], lambda _: False)
    assert len(lines(tmp_path / "j.db")) == PAUSES + 1


def test_a_service_that_answers_with_errors_gets_it_three_times(tmp_path: Path) -> None:
    with pytest.raises(ServerFault, match="sent 3 times; each time it was looked for and not found"):
        sent(tmp_path, [SERVER_ERROR], lambda _: False)
    assert len(lines(tmp_path / "j.db")) == 3


def test_a_record_that_is_there_after_a_lost_creation_is_the_lost_one(tmp_path: Path) -> None:
    assert sent(tmp_path, [LOST, THERE], lambda _: False) == 2
    assert lines(tmp_path / "j.db") == [SETTLED, FAILED]  # looking came too early


def test_a_record_that_is_there_though_nothing_was_lost_is_not_ours(tmp_path: Path) -> None:
    with pytest.raises(DuplicateKey):
        sent(tmp_path, [THERE], lambda _: True)


def test_a_refusal_is_final(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="No"):
        sent(tmp_path, [Refused("POST x", 400, "0x80040237", "No.")], lambda _: True)
    assert lines(tmp_path / "j.db") == [FAILED]
