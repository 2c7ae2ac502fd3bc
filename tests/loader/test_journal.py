"""The journal as it is written: before a write is sent, and after; never lost, never half."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from migrator.base.errors import Retryable, UsageError
from migrator.contracts.journal import Created, LoadResult, LoadState, Write, reading
from migrator.dataverse.errors import Refused, Unsettled
from migrator.loader.journal import Journal
from tests.loader.migration import now
from tests.small import DYNAMIC, STATIC, contact


def with_journal(path: Path, work: Callable[[Journal], Coroutine[Any, Any, None]]) -> None:
    async def session() -> None:
        async with Journal(path, now) as journal:
            await work(journal)

    asyncio.run(session())


def lines(path: Path) -> list[Any]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT confirmed_at, failed_at, error_code FROM steps ORDER BY id").fetchall()


def test_a_step_is_entered_before_it_is_sent_and_confirmed_after(tmp_path: Path) -> None:
    path = tmp_path / "j.db"

    async def work(journal: Journal) -> None:
        async with journal.step(STATIC, Write.PUBLISH, STATIC):
            assert lines(path) == [(None, None, None)]
        with pytest.raises(Refused):
            async with journal.step(STATIC, Write.PUBLISH, STATIC):
                raise Refused("POST x", 400, "0x5", "no", "r")

    with_journal(path, work)
    assert lines(path) == [(now(), None, None), (None, now(), "0x5")]


def test_a_step_of_unknown_fate_stays_open_until_it_is_found(tmp_path: Path) -> None:
    path = tmp_path / "j.db"

    async def lose(journal: Journal) -> None:
        with pytest.raises(Unsettled):
            async with journal.step(STATIC, Write.CREATE_SEGMENT, contact(1)):
                raise Unsettled("POST x", "gone", 504, "0x5")

    async def settle(journal: Journal) -> None:
        journal.settle(1)

    with_journal(path, lose)
    assert lines(path) == [(None, None, "0x5")]
    with reading(path) as journal:
        assert journal.created() == [Created(STATIC, contact(1), "segment")]  # it may be there
        assert journal.summary().steps == {Write.CREATE_SEGMENT: (0, 0, 1)}
    with_journal(path, settle)
    assert lines(path) == [(now(), None, "0x5")]


def test_what_a_run_created_is_never_forgotten(tmp_path: Path) -> None:
    async def work(journal: Journal) -> None:
        await journal.record(LoadResult(STATIC, LoadState.FAILED, "publish", created=True, error="x"))
        await journal.record(LoadResult(STATIC, LoadState.LOADED, "publish", created=False))

    with_journal(tmp_path / "j.db", work)
    with closing(Journal(tmp_path / "j.db", now)) as journal:
        assert journal.results() == {STATIC: LoadResult(STATIC, LoadState.LOADED, "publish", created=True)}


def test_what_was_created_and_not_deleted_is_known(tmp_path: Path) -> None:
    async def work(journal: Journal) -> None:
        async with journal.step(STATIC, Write.CREATE_DEFINITION, contact(1)):
            pass
        async with journal.step(STATIC, Write.CREATE_SEGMENT, contact(2)):
            pass
        with pytest.raises(Refused):
            async with journal.step(DYNAMIC, Write.CREATE_SEGMENT, contact(3)):
                raise Refused("POST x", 412, "0x80040237", "it is there", "r")
        async with journal.step(STATIC, Write.DELETE_SEGMENT, contact(2)):
            pass

    with_journal(tmp_path / "j.db", work)
    with closing(Journal(tmp_path / "j.db", now)) as journal:
        assert journal.created() == [Created(STATIC, contact(1), "definition")]


def test_a_full_disk_stops_before_anything_is_sent(tmp_path: Path) -> None:
    sent = []

    async def work(journal: Journal) -> None:
        pages = journal.database.execute("PRAGMA page_count").fetchone()[0]
        journal.database.execute(f"PRAGMA max_page_count = {pages}")

        async def until_full() -> None:
            for _ in range(1000):
                async with journal.step(STATIC, Write.ADD_MEMBERS, STATIC, "x" * 500):
                    sent.append(1)

        with pytest.raises(Retryable, match="disk is full"):
            await until_full()

    with_journal(tmp_path / "j.db", work)
    assert len(sent) == len(lines(tmp_path / "j.db"))  # nothing was sent that is not entered


def test_steps_that_come_together_reach_the_disk_together(tmp_path: Path) -> None:
    async def work(journal: Journal) -> None:
        commits = []
        commit = journal._commit

        def counting(statements: Any) -> None:
            commits.append(len(statements))
            commit(statements)

        journal._commit = counting  # type: ignore[method-assign]

        async def one() -> None:
            async with journal.step(STATIC, Write.ADD_MEMBERS, STATIC):
                pass

        await asyncio.gather(*(one() for _ in range(50)))
        assert sum(commits) >= 50
        assert len(commits) < 10

    with_journal(tmp_path / "j.db", work)
    assert len(lines(tmp_path / "j.db")) == 50


def test_a_journal_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "j.db").write_bytes(b"this is no database, however long it may be" * 100)
    with pytest.raises(UsageError, match="cannot be read"):
        Journal(tmp_path / "j.db", now)
