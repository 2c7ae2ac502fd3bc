"""Retires legacy segments whose real-time successors are verified: stops them, and deletes them only if that is wanted.

A live outbound segment goes to Stopping; the product takes it to Stopped by itself (seed). Whatever is anything but
verified is not touched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from migrator.base.progress import ShowsProgress, Step
from migrator.base.side_by_side import side_by_side
from migrator.contracts.journal import Write
from migrator.contracts.plan import PlannedSegment
from migrator.contracts.verification import Match, Verified
from migrator.dataverse import outbound
from migrator.dataverse.errors import NotFound, Refused
from migrator.loader.loading import At, CannotGoOn, Loading, write
from migrator.product.codes import LegacyStatus, label

VERIFIED = frozenset({Match.EQUAL, Match.EXPLAINED})
_LIVE = frozenset({LegacyStatus.LIVE, LegacyStatus.LIVE_EDITABLE})
_ON_THE_WAY = frozenset({LegacyStatus.GOING_LIVE, LegacyStatus.STOPPING})


@dataclass(frozen=True, slots=True)
class Retired:
    """What became of one legacy segment."""

    legacy_id: UUID
    what: str = ""
    """`stopping`, `deleted`, or empty when nothing was to be done."""
    kept: str = ""
    """Why it stays as it was."""


def to_retire(
    loading: Loading, seen: dict[UUID, Verified], only: Collection[UUID] | None = None
) -> list[PlannedSegment]:
    """The segments whose newest look says verified; nothing is changed by asking."""
    return [
        segment
        for segment in loading.plan.segments
        if (look := seen.get(segment.legacy_id))
        and look.match in VERIFIED
        and (only is None or segment.legacy_id in only)
    ]


async def retire(
    loading: Loading, chosen: Collection[PlannedSegment], *, delete: bool, wait: float, progress: ShowsProgress
) -> list[Retired]:
    """Stop legacy segments, and delete them where that is wanted.

    Args:
        loading: of the run that migrated them.
        chosen: what `to_retire` gave.
        delete: whether to delete them once they are stopped.
        wait: seconds to wait for each to be stopped, before it is deleted.
        progress: where to say how far it is.

    Raises:
        UsageError: the organisation is not the one that the segments came from.
        Unreachable: the organisation stopped answering; what was done is in the journal.
        Interrupted: somebody wishes to end.
    """
    with progress.step("Retiring legacy segments", len(chosen)) as step:
        return await side_by_side((_one(loading, segment, delete, wait, step) for segment in chosen), loading.parallel)


async def _one(loading: Loading, segment: PlannedSegment, delete: bool, wait: float, progress: Step) -> Retired:
    at = At(segment.legacy_id)
    try:
        what = await _stop(loading, at)
        if delete:
            await _stopped(loading, at, wait)
            what = await _delete(loading, at) or what
        retired = Retired(segment.legacy_id, what)
    except CannotGoOn as error:
        retired = Retired(segment.legacy_id, kept=str(error))
    except Refused as error:
        retired = Retired(segment.legacy_id, kept=f"step “{at.step}”: {error.summary}")
    progress.advance()
    return retired


async def _stop(loading: Loading, at: At) -> str:
    at.step = Write.STOP_LEGACY
    status = await _status(loading, at)
    if status not in _LIVE:
        return ""

    async def send() -> None:
        await outbound.stop_segment(loading.client, at.legacy_id)

    async def stopping() -> bool:
        return await _status(loading, at) not in _LIVE

    await write(loading, at, Write.STOP_LEGACY, at.legacy_id, send, stopping)
    return "stopping"


async def _status(loading: Loading, at: At) -> int | None:
    row = await outbound.retrieve_segment(loading.client, at.legacy_id)
    return None if row is None else int(row["statuscode"])


async def _stopped(loading: Loading, at: At, wait: float) -> None:
    """Wait until the product has stopped it."""
    at.step = "wait until it is stopped"
    loop = asyncio.get_running_loop()
    until, pause = loop.time() + wait, 0.25
    while (status := await _status(loading, at)) in _ON_THE_WAY:
        if loop.time() + pause > until:
            raise CannotGoOn(
                f"It is not stopped yet (status {label(status, LegacyStatus)}), so it was not deleted. "
                "Repeat the command later."
            )
        await loading.client.stop.sleep(pause)
        pause = min(2 * pause, 10.0)


async def _delete(loading: Loading, at: At) -> str:
    at.step = Write.DELETE_LEGACY
    if await _status(loading, at) is None:
        return ""

    async def send() -> None:
        await outbound.delete_segment(loading.client, at.legacy_id)

    async def gone() -> bool:
        return await _status(loading, at) is None

    try:
        await write(loading, at, Write.DELETE_LEGACY, at.legacy_id, send, gone)
    except NotFound:
        return ""
    return "deleted"
