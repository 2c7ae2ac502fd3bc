"""The journal: every write to the organisation, entered before it is sent and confirmed after (SQLite).

A line that is intended but neither confirmed nor failed was under way when the process ended; whether it reached the
organisation is found out by looking there. Lines that come at the same time reach the disk together.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

from migrator.base.errors import Interrupted, UsageError
from migrator.contracts.journal import Created, JournalReader, LoadResult, Write, broken, prepare
from migrator.dataverse.errors import Unsettled

_Statement = tuple[str, tuple[object, ...]]


class Journal:
    """The journal of one run."""

    def __init__(self, path: Path, now: Callable[[], str]) -> None:
        self._path, self._now = path, now
        self._waiting: list[tuple[_Statement, asyncio.Future[None] | None]] = []
        self._writer: asyncio.Task[None] | None = None
        self._trouble: Exception | None = None
        if not path.exists():
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        try:
            self.database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise broken(path, error) from error
        try:
            self.database.execute("PRAGMA journal_mode = WAL")
            self.database.execute("PRAGMA synchronous = FULL")  # an entry survives a power cut, or the step is not sent
            prepare(self.database, path)
            self._number = int(self.database.execute("SELECT coalesce(max(id), 0) FROM steps").fetchone()[0])
        except sqlite3.Error as error:
            self.close()
            raise broken(path, error) from error
        except UsageError:
            self.close()
            raise
        self._reader = JournalReader(self.database, path)

    def close(self) -> None:
        """Close the file; what was confirmed last is written first."""
        try:
            if self._waiting and self._trouble is None:
                self._commit([statement for statement, _ in self._waiting])
        except sqlite3.Error:
            pass  # a confirmation that is lost costs a look at the organisation, nothing else
        finally:
            self._waiting = []
            self.database.close()

    async def __aenter__(self) -> Journal:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._writer is not None:
            await asyncio.gather(self._writer, return_exceptions=True)
        self.close()

    @asynccontextmanager
    async def step(self, legacy_id: UUID, step: Write, target: UUID, detail: str = "") -> AsyncIterator[int]:
        """Enter a write before the block sends it; confirm it after, or enter its failure. Gives the entry's number.

        Where the fate of the write is unknown, the entry stays open until `settle`.

        Args:
            legacy_id: the legacy segment.
            step: the kind of write.
            target: the row that is written.
            detail: what tells it from other writes of the kind, such as a position.

        Raises:
            Retryable: the journal cannot be written; nothing was sent then.
        """
        self._number += 1
        number = self._number
        await self._write(
            "INSERT INTO steps (id, legacy_id, step, target, detail, intended_at) VALUES (?, ?, ?, ?, ?, ?)",
            (number, str(legacy_id), step, str(target), detail, self._now()),
        )
        try:
            yield number
        except Interrupted:
            self._later("UPDATE steps SET failed_at = ?, error = 'not sent' WHERE id = ?", (self._now(), number))
            raise
        except Unsettled as error:
            facts = (error.code, str(error), error.request_id)
            self._later("UPDATE steps SET error_code = ?, error = ?, request_id = ? WHERE id = ?", (*facts, number))
            raise
        except Exception as error:
            facts = (getattr(error, "code", ""), str(error), getattr(error, "request_id", ""))
            self._later(
                "UPDATE steps SET failed_at = ?, error_code = ?, error = ?, request_id = ? WHERE id = ?",
                (self._now(), *facts, number),
            )
            raise
        self._later("UPDATE steps SET confirmed_at = ? WHERE id = ?", (self._now(), number))

    def settle(self, number: int) -> None:
        """Enter that a write whose fate was unknown was found to have happened.

        Where it was not found its fate stays unknown: reads may lag behind writes, so not to see it proves nothing.
        """
        self._later("UPDATE steps SET confirmed_at = ? WHERE id = ?", (self._now(), number))

    async def record(self, result: LoadResult) -> None:
        """Enter where one segment stands; whether this run created it is never forgotten."""
        await self._write(
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
        return self._reader.results()

    def created(self) -> list[Created]:
        """The records that this run created and has not deleted, also those whose creation nobody confirmed."""
        return self._reader.created()

    def retired(self) -> set[UUID]:
        """The legacy segments that this run has stopped or deleted, or may have."""
        return self._reader.retired()

    # --- writing: what comes while the disk is busy is written together, next ---

    async def _write(self, statement: str, values: tuple[object, ...]) -> None:
        """Write, and wait until it is safely on the disk."""
        written = asyncio.get_running_loop().create_future()
        self._waiting.append(((statement, values), written))
        self._begin()
        await written

    def _later(self, statement: str, values: tuple[object, ...]) -> None:
        """Write without waiting: were it lost, a look at the organisation would find the same."""
        self._waiting.append(((statement, values), None))
        self._begin()

    def _begin(self) -> None:
        if self._trouble is not None:
            raise self._trouble
        if self._writer is None or self._writer.done():
            self._writer = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(self._commit, [statement for statement, _ in batch])
            except sqlite3.Error as error:
                self._trouble = broken(self._path, error)
                batch, self._waiting = batch + self._waiting, []
            for _, written in batch:
                if written is not None and not written.done():
                    if self._trouble is None:
                        written.set_result(None)
                    else:
                        written.set_exception(self._trouble)

    def _commit(self, statements: list[_Statement]) -> None:
        self.database.execute("BEGIN IMMEDIATE")
        try:
            for statement, values in statements:
                self.database.execute(statement, values)
        except BaseException:
            if self.database.in_transaction:
                self.database.execute("ROLLBACK")
            raise
        self.database.execute("COMMIT")
