"""The journal of a run, `journal.db` (SQLite): its schema, and what can be read from it without changing it.

Every write to the organisation is entered before it is sent and confirmed after. The loader alone writes it
(loader/journal.py); whoever looks opens it read-only, so that a look also works in a folder that cannot be written.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from migrator.base.errors import Retryable, UsageError
from migrator.contracts.versions import refuse_newer

JOURNAL = "journal.db"
JOURNAL_FORMAT = 1
"""`PRAGMA user_version`. Version 0.1.0 of the tool wrote none (0); its tables are the same."""


class Write(StrEnum):
    """A write that the journal knows: the word that stands in the column `step`."""

    CREATE_DEFINITION = "create definition"
    CREATE_SEGMENT = "create segment"
    UPDATE_DEFINITION = "update definition"
    UPDATE_SEGMENT = "update segment"
    ADD_MEMBERS = "add members"
    REMOVE_MEMBERS = "remove members"
    PUBLISH = "publish"
    STOP = "stop"
    DELETE_SEGMENT = "delete segment"
    DELETE_DEFINITION = "delete definition"
    STOP_LEGACY = "stop legacy segment"
    DELETE_LEGACY = "delete legacy segment"


_TABLES = """
CREATE TABLE IF NOT EXISTS steps (
    id INTEGER PRIMARY KEY,
    legacy_id TEXT NOT NULL,
    step TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL,
    intended_at TEXT NOT NULL,
    confirmed_at TEXT,
    failed_at TEXT,
    error_code TEXT,
    error TEXT,
    request_id TEXT
);
CREATE INDEX IF NOT EXISTS steps_by_target ON steps (target, step);
CREATE TABLE IF NOT EXISTS results (
    legacy_id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    step TEXT NOT NULL,
    created INTEGER NOT NULL,
    error_code TEXT NOT NULL,
    error TEXT NOT NULL,
    request_id TEXT NOT NULL,
    at TEXT NOT NULL
);
"""


class LoadState(StrEnum):
    """How far the loading of one segment got."""

    LOADED = "loaded"
    """Everything planned is in the organisation, and what could be read back agrees."""
    FAILED = "failed"
    """A step failed; the journal says which. `retry` goes on from there."""
    DIFFERS = "differs"
    """It is live in the organisation, but not as planned. Nothing was changed; a person decides."""
    ROLLED_BACK = "rolled back"
    """What this run had created is deleted again."""


@dataclass(frozen=True, slots=True)
class LoadResult:
    """Where the loading of one segment stands."""

    legacy_id: UUID
    state: LoadState
    step: str = ""
    """The last step tried, such as "publish"; for a failure the one that failed."""
    created: bool = False
    """Whether this run created the segment (false: it was there already)."""
    error_code: str = ""
    error: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Mishap:
    """A step that failed, or whose fate nobody knows."""

    legacy_id: UUID
    step: str
    at: str
    error_code: str
    error: str
    request_id: str


@dataclass(frozen=True, slots=True)
class JournalSummary:
    """What the journal of a run says, added up."""

    steps: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    """Step → how many were confirmed, failed, or are of unknown fate."""
    mishaps: tuple[Mishap, ...] = ()
    """The newest ones."""
    timings: Mapping[UUID, tuple[int, float]] = field(default_factory=dict)
    """Legacy id → writes, and seconds from the first to the last of them."""


@dataclass(frozen=True, slots=True)
class Created:
    """One record that this run created, and that it has not deleted since."""

    legacy_id: UUID
    id: UUID
    kind: str
    """`definition` or `segment`."""
    intended_at: str = field(default="", compare=False)
    """When the creation was entered, before it was sent; UTC, ISO 8601."""
    confirmed_at: str = field(default="", compare=False)
    """When it was confirmed; empty where nobody did."""


# --- opening ---------------------------------------------------------------------------------------------------------


def prepare(database: sqlite3.Connection, path: Path) -> None:
    """Make or upgrade the tables of a journal that is opened for writing.

    Raises:
        UsageError: a newer version of the tool wrote it.
        sqlite3.Error: it is no journal, or cannot be written.
    """
    check_format(database, path)
    database.executescript(_TABLES)
    database.execute(f"PRAGMA user_version = {JOURNAL_FORMAT}")


def check_format(database: sqlite3.Connection, path: Path) -> None:
    """Refuse a journal that a newer version of the tool wrote.

    Raises:
        UsageError: it is newer.
        sqlite3.Error: it cannot be read.
    """
    version = int(database.execute("PRAGMA user_version").fetchone()[0])
    refuse_newer(f"The journal {path}", version, JOURNAL_FORMAT)


@contextmanager
def reading(path: Path) -> Iterator[JournalReader]:
    """Open a journal read-only until the block ends; not a byte of the folder changes.

    Raises:
        UsageError: it is damaged, or of a newer format.
    """
    with tempfile.TemporaryDirectory(prefix="migrator-") as folder:
        try:
            with closing(_connected(path, Path(folder))) as database:
                check_format(database, path)
                yield JournalReader(database, path)
        except sqlite3.Error as error:
            raise broken(path, error) from error


def _connected(path: Path, spare: Path) -> sqlite3.Connection:
    log = path.with_name(f"{path.name}-wal")
    if not log.exists() or not log.stat().st_size:
        # Nobody writes: without the write-ahead log the file alone is everything, and no side file is made for it.
        return sqlite3.connect(f"{path.resolve().as_uri()}?immutable=1", uri=True)
    if path.with_name(f"{path.name}-shm").exists():  # somebody has it open, or was killed
        database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            database.execute("PRAGMA user_version").fetchone()
        except sqlite3.OperationalError:
            database.close()  # the folder cannot be written, not even by readers who want to say that they are there
        else:
            return database
    # What a killed process left in the log is read from a copy, so that nothing is made or mended in the run.
    for part in (path, log):
        shutil.copyfile(part, spare / part.name)
    return sqlite3.connect(spare / path.name)


# --- reading ---------------------------------------------------------------------------------------------------------

_MISHAPS = 500
"""Errors that the report lists; all are in the journal."""


class JournalReader:
    """What a journal says. The writer reads through it, too."""

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self._database, self._path = database, path

    def results(self) -> dict[UUID, LoadResult]:
        """Where every segment stands that was loaded or tried."""
        rows = self._read("SELECT legacy_id, state, step, created, error_code, error, request_id FROM results")
        return {
            UUID(row[0]): LoadResult(UUID(row[0]), LoadState(row[1]), row[2], bool(row[3]), *row[4:]) for row in rows
        }

    def created(self) -> list[Created]:
        """The records that this run created and has not deleted, also those whose creation nobody confirmed."""
        records: dict[str, Created] = {}
        for legacy_id, step, target, intended, confirmed in self._read(
            "SELECT legacy_id, step, target, intended_at, confirmed_at FROM steps WHERE failed_at IS NULL ORDER BY id"
        ):
            if step in (Write.CREATE_DEFINITION, Write.CREATE_SEGMENT):
                kind = step.removeprefix("create ")
                records[target] = Created(UUID(legacy_id), UUID(target), kind, intended, confirmed or "")
            elif step in (Write.DELETE_DEFINITION, Write.DELETE_SEGMENT) and confirmed:
                records.pop(target, None)
        return list(records.values())

    def retired(self) -> set[UUID]:
        """The legacy segments that this run has stopped or deleted, or may have: nobody saw what became of it."""
        steps = (Write.STOP_LEGACY, Write.DELETE_LEGACY)
        statement = "SELECT DISTINCT legacy_id FROM steps WHERE step IN (?, ?) AND failed_at IS NULL"
        return {UUID(row[0]) for row in self._read(statement, steps)}

    def summary(self) -> JournalSummary:
        """Everything added up, for the report."""
        steps = {
            row[0]: (int(row[1]), int(row[2]), int(row[3]))
            for row in self._read(
                "SELECT step, sum(confirmed_at IS NOT NULL), sum(failed_at IS NOT NULL), "
                "sum(confirmed_at IS NULL AND failed_at IS NULL AND NOT EXISTS (SELECT 1 FROM steps AS later WHERE "
                "later.target = steps.target AND later.step = steps.step AND later.id > steps.id "
                "AND later.confirmed_at IS NOT NULL)) FROM steps GROUP BY step ORDER BY min(id)"
            )
        }
        mishaps = self._read(
            "SELECT legacy_id, step, intended_at, coalesce(error_code, ''), error, coalesce(request_id, '') FROM steps "
            "WHERE error IS NOT NULL AND error != '' ORDER BY id DESC LIMIT ?",
            (_MISHAPS,),
        )
        timings = self._read(
            "SELECT legacy_id, count(*), 86400.0 * (julianday(max(coalesce(confirmed_at, failed_at, intended_at))) - "
            "julianday(min(intended_at))) FROM steps GROUP BY legacy_id"
        )
        return JournalSummary(
            steps,
            tuple(Mishap(UUID(row[0]), *row[1:]) for row in mishaps),
            {UUID(row[0]): (int(row[1]), round(float(row[2]), 2)) for row in timings},
        )

    def _read(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[str, ...]]:
        try:
            return self._database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise broken(self._path, error) from error


def read_summary(path: Path) -> JournalSummary:
    """The journal of a run folder, added up; empty where nothing was loaded."""
    if not path.exists():
        return JournalSummary()
    with reading(path) as journal:
        return journal.summary()


def read_results(path: Path) -> dict[UUID, LoadResult]:
    """The results in the journal of a run folder; none where nothing was loaded."""
    if not path.exists():
        return {}
    with reading(path) as journal:
        return journal.results()


def broken(path: Path, error: sqlite3.Error) -> Retryable | UsageError:
    """What to tell when the file refuses."""
    if "full" in str(error):
        return Retryable(
            f"The disk is full: the journal {path} cannot be written, so nothing more is sent to the organisation. "
            "Make room and repeat the command; it goes on where it stopped."
        )
    if "readonly" in str(error) or "unable to open" in str(error):
        return UsageError(f"The journal {path} cannot be written ({error}). Check the rights of the run folder.")
    return UsageError(
        f"The journal {path} cannot be read ({error}). Start a new run; what is already in the organisation is found."
    )
