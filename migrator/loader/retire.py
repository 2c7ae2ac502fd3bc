"""Retires legacy segments whose real-time successors are verified: stops them, and deletes them only if that is wanted.

A live outbound segment goes to Stopping; the product takes it to Stopped by itself (seed). Whatever is anything but
verified is not touched.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from migrator.base.patience import Waiting, looking
from migrator.base.progress import ShowsProgress, Step
from migrator.base.side_by_side import side_by_side
from migrator.contracts.journal import Write
from migrator.contracts.plan import PlannedSegment
from migrator.contracts.verification import Verified
from migrator.dataverse import outbound
from migrator.dataverse.errors import NotFound, Refused
from migrator.loader.loading import Attempt, CannotGoOn, Loading, write
from migrator.product.codes import LegacyStatus, label

_LIVE = frozenset({LegacyStatus.LIVE, LegacyStatus.LIVE_EDITABLE})
_ON_THE_WAY = frozenset({LegacyStatus.GOING_LIVE, LegacyStatus.STOPPING})
_BETWEEN_LOOKS = 0.25, 10.0
"""Seconds between two looks whether it is stopped: at first, and at most."""


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
        if (look := seen.get(segment.legacy_id)) and look.verified and (only is None or segment.legacy_id in only)
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
    attempt = Attempt(segment.legacy_id)
    try:
        what = await _stop(loading, attempt)
        if delete:
            await _stopped(loading, attempt, wait)
            what = await _delete(loading, attempt) or what
        retired = Retired(segment.legacy_id, what)
    except CannotGoOn as error:
        retired = Retired(segment.legacy_id, kept=str(error))
    except Refused as error:
        retired = Retired(segment.legacy_id, kept=f"step “{attempt.step}”: {error.summary}")
    progress.advance()
    return retired


async def _stop(loading: Loading, attempt: Attempt) -> str:
    attempt.step = Write.STOP_LEGACY
    status = await _status(loading, attempt)
    if status not in _LIVE:
        return ""

    async def send() -> None:
        await outbound.stop_segment(loading.client, attempt.legacy_id)

    async def stopping() -> bool:
        return await _status(loading, attempt) not in _LIVE

    await write(loading, attempt, Write.STOP_LEGACY, attempt.legacy_id, send, stopping)
    return "stopping"


async def _status(loading: Loading, attempt: Attempt) -> int | None:
    row = await outbound.retrieve_segment(loading.client, attempt.legacy_id)
    return None if row is None else row.status_code


async def _stopped(loading: Loading, attempt: Attempt, wait: float) -> None:
    """Wait until the product has stopped it."""
    attempt.step = "wait until it is stopped"
    first, most = _BETWEEN_LOOKS
    waiting = Waiting(looking(wait, first=first, most=most, growth=2.0), loading.client.stop)
    while (status := await _status(loading, attempt)) in _ON_THE_WAY:
        if not await waiting.again():
            raise CannotGoOn(
                f"It is not stopped yet (status {label(status, LegacyStatus)}), so it was not deleted. "
                "Repeat the command later."
            )


async def _delete(loading: Loading, attempt: Attempt) -> str:
    attempt.step = Write.DELETE_LEGACY
    if await _status(loading, attempt) is None:
        return ""

    async def send() -> None:
        await outbound.delete_segment(loading.client, attempt.legacy_id)

    async def gone() -> bool:
        return await _status(loading, attempt) is None

    try:
        await write(loading, attempt, Write.DELETE_LEGACY, attempt.legacy_id, send, gone)
    except NotFound:
        return ""
    return "deleted"
