"""The journal: every write to the organisation, entered before it is sent and confirmed after (SQLite).

A line that is intended but neither confirmed nor failed was under way when the process ended; whether it reached the
organisation is found out by looking there.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from migrator.errors import Retryable, UsageError
from migrator.model import LoadResult, LoadState

JOURNAL = "journal.db"

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


class Journal:
    """The journal of one run."""

    def __init__(self, path: Path, now: Callable[[], str]) -> None:
        self._path, self._now = path, now
        if not path.exists():
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        try:
            self.database = sqlite3.connect(path, isolation_level=None)
        except sqlite3.Error as error:
            raise _broken(path, error) from error
        try:
            self.database.execute("PRAGMA journal_mode = WAL")
            self.database.execute("PRAGMA synchronous = FULL")  # an entry survives a power cut, or the step is not sent
            self.database.executescript(_TABLES)
        except sqlite3.Error as error:
            self.close()
            raise _broken(path, error) from error

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    @contextmanager
    def step(self, legacy_id: UUID, step: str, target: UUID, detail: str = "") -> Iterator[None]:
        """Enter a write before the block sends it; confirm it after, or enter its failure.

        Raises:
            Retryable: the journal cannot be written; nothing was sent then.
        """
        number = self._write(
            "INSERT INTO steps (legacy_id, step, target, detail, intended_at) VALUES (?, ?, ?, ?, ?)",
            (str(legacy_id), step, str(target), detail, self._now()),
        )
        try:
            yield
        except Exception as error:
            facts = (getattr(error, "code", ""), str(error), getattr(error, "request_id", ""))
            self._write(
                "UPDATE steps SET failed_at = ?, error_code = ?, error = ?, request_id = ? WHERE id = ?",
                (self._now(), *facts, number),
            )
            raise
        self._write("UPDATE steps SET confirmed_at = ? WHERE id = ?", (self._now(), number))

    def record(self, result: LoadResult) -> None:
        """Enter where one segment stands; whether this run created it is never forgotten."""
        self._write(
            "INSERT INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (legacy_id) DO UPDATE SET "
            "state = excluded.state, step = excluded.step, created = max(created, excluded.created), "
            "error_code = excluded.error_code, error = excluded.error, request_id = excluded.request_id, "
            "at = excluded.at",
            (
                str(result.legacy_id),
                result.state,
                result.step,
                int(result.created),
                result.error_code,
                result.error,
                result.request_id,
                self._now(),
            ),
        )

    def results(self) -> dict[UUID, LoadResult]:
        """Where every segment stands that was loaded or tried."""
        try:
            rows = self.database.execute(
                "SELECT legacy_id, state, step, created, error_code, error, request_id FROM results"
            ).fetchall()
        except sqlite3.Error as error:
            raise _broken(self._path, error) from error
        return {
            UUID(row[0]): LoadResult(UUID(row[0]), LoadState(row[1]), row[2], bool(row[3]), *row[4:]) for row in rows
        }

    def _write(self, statement: str, values: tuple[object, ...]) -> int:
        try:
            return self.database.execute(statement, values).lastrowid or 0
        except sqlite3.Error as error:
            raise _broken(self._path, error) from error


def _broken(path: Path, error: sqlite3.Error) -> Retryable | UsageError:
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
