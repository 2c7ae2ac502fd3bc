"""Looking at a journal: it is never opened for writing, and what a killed process left behind is still read."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import gettempdir

import pytest

from migrator.base.errors import Retryable, UsageError
from migrator.contracts.journal import (
    JOURNAL,
    JOURNAL_FORMAT,
    LoadResult,
    LoadState,
    Write,
    broken,
    read_results,
    read_summary,
)
from migrator.loader.journal import Journal
from tests.small import STATIC, contact


def now() -> str:
    return "2026-01-01T00:00:00Z"


def written(path: Path) -> None:
    async def work() -> None:
        async with Journal(path, now) as journal:
            async with journal.step(STATIC, Write.CREATE_SEGMENT, contact(1)):
                pass
            await journal.record(LoadResult(STATIC, LoadState.LOADED, "publish", created=True))

    asyncio.run(work())


def folder_of(path: Path) -> dict[str, tuple[bytes, int]]:
    return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in path.iterdir()}


LOOKS: list[Callable[[Path], object]] = [read_results, read_summary]


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_changes_not_a_byte_of_the_folder(tmp_path: Path, look: Callable[[Path], object]) -> None:
    written(tmp_path / JOURNAL)
    before = folder_of(tmp_path)
    assert look(tmp_path / JOURNAL)
    assert folder_of(tmp_path) == before


def test_a_look_works_in_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Tried by a process that may not write there: root may write everywhere, so it becomes somebody else."""
    written(tmp_path / JOURNAL)
    (tmp_path / JOURNAL).chmod(0o444)
    tmp_path.chmod(0o555)
    script = (
        "import os, sys; from pathlib import Path\n"
        "from migrator.contracts.journal import read_results\n"
        "path = Path(sys.argv[1]); os.chdir(path.parent)\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "assert not os.access('.', os.W_OK)\n"
        "print(len(read_results(Path(path.name))))"
    )
    for above in tmp_path.parents:  # pytest keeps its folders to itself
        if above.is_relative_to(gettempdir()) and above != Path(gettempdir()):
            above.chmod(0o755)
    try:
        done = subprocess.run(
            [sys.executable, "-c", script, tmp_path / JOURNAL], capture_output=True, text=True, check=False
        )
    finally:
        tmp_path.chmod(0o755)
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_what_a_killed_process_left_in_the_log_is_read_and_left_there(tmp_path: Path) -> None:
    async def killed() -> None:
        journal = Journal(tmp_path / JOURNAL, now)
        await journal.record(LoadResult(STATIC, LoadState.FAILED, "publish", error="x"))
        for name in (JOURNAL, f"{JOURNAL}-wal"):
            shutil.copyfile(tmp_path / name, tmp_path / "left" / name)
        journal.close()

    (tmp_path / "left").mkdir()

    asyncio.run(killed())
    before = folder_of(tmp_path / "left")
    assert set(before) == {JOURNAL, f"{JOURNAL}-wal"}
    assert read_results(tmp_path / "left" / JOURNAL)[STATIC].state is LoadState.FAILED
    assert folder_of(tmp_path / "left") == before


def test_a_look_while_somebody_writes_sees_what_was_confirmed(tmp_path: Path) -> None:
    async def work() -> None:
        async with Journal(tmp_path / JOURNAL, now) as journal:
            await journal.record(LoadResult(STATIC, LoadState.LOADED, "publish"))
            assert read_results(tmp_path / JOURNAL)[STATIC].state is LoadState.LOADED

    asyncio.run(work())


def test_the_journal_of_the_first_version_is_read_and_upgraded(tmp_path: Path) -> None:
    written(tmp_path / JOURNAL)
    with closing(sqlite3.connect(tmp_path / JOURNAL)) as database:
        database.execute("PRAGMA user_version = 0")  # version 0.1.0 wrote none
    assert read_results(tmp_path / JOURNAL)[STATIC].created
    with closing(Journal(tmp_path / JOURNAL, now)) as journal:
        assert journal.results()[STATIC].created
        assert journal.database.execute("PRAGMA user_version").fetchone() == (JOURNAL_FORMAT,)


def test_a_journal_of_a_version_to_come_is_refused_by_reader_and_writer(tmp_path: Path) -> None:
    written(tmp_path / JOURNAL)
    with closing(sqlite3.connect(tmp_path / JOURNAL)) as database:
        database.execute(f"PRAGMA user_version = {JOURNAL_FORMAT + 1}")
    with pytest.raises(UsageError, match="newer version"):
        read_results(tmp_path / JOURNAL)
    with pytest.raises(UsageError, match="newer version"):
        Journal(tmp_path / JOURNAL, now)


def test_a_journal_that_is_none_is_named_by_a_look_too(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_bytes(os.urandom(9000))
    with pytest.raises(UsageError, match="cannot be read"):
        read_summary(tmp_path / JOURNAL)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("database or disk is full", r"The disk is full: .*Make room and repeat"),
        ("attempt to write a readonly database", r"cannot be written .*Check the rights"),
        ("unable to open database file", r"cannot be written .*Check the rights"),
        ("file is not a database", r"cannot be read .*Start a new run"),
    ],
)
def test_a_journal_that_refuses_says_what_to_do(reason: str, words: str) -> None:
    said = broken(Path("journal.db"), sqlite3.OperationalError(reason))
    assert re.search(words, str(said))
    assert isinstance(said, Retryable) is ("full" in reason)


def test_a_journal_that_lacks_a_table_says_what_to_do(tmp_path: Path) -> None:
    written(tmp_path / JOURNAL)
    with closing(sqlite3.connect(tmp_path / JOURNAL)) as database:
        database.execute("DROP TABLE results")
    with pytest.raises(UsageError, match=r"cannot be read \(no such table: results\)\. Start a new run"):
        read_results(tmp_path / JOURNAL)
