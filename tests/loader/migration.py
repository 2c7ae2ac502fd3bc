"""One run over the small organisation, as the tests of the loader make it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from migrator.base.patience import Patience
from migrator.base.progress import Silent
from migrator.contracts.export_folder import member_reader, read_export
from migrator.contracts.journal import LoadResult
from migrator.contracts.plan import Plan, TranslationSettings
from migrator.contracts.run_folder import utc_now
from migrator.contracts.verification import Verified, latest, read_verifications
from migrator.dataverse.connect import connect
from migrator.loader.journal import Journal
from migrator.loader.load import load
from migrator.loader.loading import Loading
from migrator.loader.still_true import Known
from migrator.loader.verify import verify
from migrator.sandbox.server import Running
from migrator.translator.translate import translate
from tests.small import ORGANISATION

T = TypeVar("T")


def now() -> str:
    return "2026-01-01T00:00:00Z"


class Migration:
    """One run over the small organisation."""

    def __init__(self, server: Running, export: Path, folder: Path) -> None:
        self.server, self.export, self.folder = server, export, folder
        folder.mkdir(exist_ok=True)
        self.tolerance = 0.02
        self.patience = Patience(total=20, first=0.01, most=0.1)
        self.plan: Plan = translate(read_export(export), TranslationSettings(ORGANISATION, members_from_row=True))

    def go(self, *, then_verify: bool = True, wait: float = 5.0) -> tuple[dict[Any, LoadResult], dict[Any, Verified]]:
        async def work() -> tuple[list[LoadResult], dict[Any, Verified]]:
            async with (
                await connect(self.server.address, patience=self.patience) as client,
                Journal(self.folder / "journal.db", utc_now) as journal,
            ):
                loading = Loading(client, self.plan, member_reader(self.export), journal, self.folder, 4)
                results = await load(loading, Silent())
                if then_verify:
                    await verify(loading, now(), wait, self.tolerance, Silent())
                return results, latest(read_verifications(self.folder))

        results, verified = asyncio.run(work())
        return {result.legacy_id: result for result in results}, verified

    def verify(self, wait: float = 5.0) -> dict[Any, Verified]:
        """One more look, by a command of its own."""

        async def look(loading: Loading) -> None:
            await verify(loading, now(), wait, self.tolerance, Silent())

        self.work(look)
        return latest(read_verifications(self.folder))

    def work(self, work: Callable[[Loading], Coroutine[Any, Any, T]]) -> T:
        """Anything else that is done with what was loaded."""

        async def session() -> T:
            async with (
                await connect(self.server.address, patience=self.patience) as client,
                Journal(self.folder / "journal.db", utc_now) as journal,
            ):
                return await work(Loading(client, self.plan, member_reader(self.export), journal, self.folder, 4))

        return asyncio.run(session())

    def only(self, *legacy: Any) -> None:
        """Leave all other segments out of the plan."""
        self.plan = replace(self.plan, segments=tuple(s for s in self.plan.segments if s.legacy_id in legacy))

    def segment(self, legacy: Any) -> Any:
        return next(segment for segment in self.plan.segments if segment.legacy_id == legacy)

    def known(self, legacy: Any) -> Known:
        """What is known of a segment that was loaded, verified, and is to be retired."""
        seen = latest(read_verifications(self.folder)).get(legacy)
        if seen is None:
            _, looks = self.go()
            seen = looks[legacy]
        row = next(one for one in read_export(self.export).segments if one.id == legacy)
        return Known(self.segment(legacy), seen, row, self.tolerance)

    def row(self, legacy: Any) -> dict[str, Any]:
        return self.server.organisation.rows["msdynmkt_segment"][str(self.segment(legacy).segment_id)]

    def definition(self, legacy: Any) -> dict[str, Any]:
        return self.server.organisation.rows["msdynmkt_segmentdefinition"][str(self.segment(legacy).definition_id)]

    def members(self, legacy: Any) -> list[int]:
        groups = self.server.organisation.groups.get(str(self.segment(legacy).segment_id), {})
        return sorted(member & 0xFF for group in groups.values() for member in group)

    def steps(self) -> list[tuple[str, str]]:
        with closing(sqlite3.connect(self.folder / "journal.db")) as database:
            return database.execute("SELECT legacy_id, step FROM steps ORDER BY id").fetchall()
