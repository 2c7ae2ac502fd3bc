"""Retires legacy segments whose real-time successors are verified: stops them, and deletes them only if that is wanted.

A live outbound segment goes to Stopping, one that is being edited first back to Live; the product goes on to Stopped by
itself (seed, and the table of moves in the metadata). Whatever is anything but verified is not touched.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from migrator.base.patience import Waiting, looking
from migrator.base.progress import ShowsProgress, Step
from migrator.base.side_by_side import side_by_side
from migrator.contracts.journal import Write
from migrator.contracts.plan import PlannedSegment
from migrator.contracts.verification import Verified
from migrator.dataverse import outbound
from migrator.dataverse.errors import NotFound, Refused
from migrator.loader.in_use import still_used
from migrator.loader.loading import Attempt, CannotGoOn, Loading, write
from migrator.loader.still_true import Known, why_not
from migrator.product.codes import LegacyStatus, label

WAYS: Mapping[LegacyStatus, tuple[LegacyStatus, ...]] = {
    LegacyStatus.LIVE: (LegacyStatus.STOPPING,),
    LegacyStatus.LIVE_EDITABLE: (LegacyStatus.LIVE, LegacyStatus.STOPPING),
    LegacyStatus.ERROR: (LegacyStatus.STOPPING,),
}
"""The moves that stop a segment, by the product's table of moves. From any other status there is nothing to stop."""
STANDING: Mapping[LegacyStatus, str] = {
    LegacyStatus.STOPPED: "was stopped already",
    LegacyStatus.STOPPING: "is stopping already",
    LegacyStatus.EXPIRED: "has expired; there is nothing to stop",
    LegacyStatus.DRAFT: "is a draft and was not live; there is nothing to stop",
}
_STOPPING, _DELETED = "stopping", "deleted"
DONE = frozenset({_STOPPING, _DELETED})
"""What is said of a segment that something was done to."""
_UNTIL: Mapping[int, str] = {
    LegacyStatus.GOING_LIVE: "is going live, and can be stopped once it is live",
    LegacyStatus.STOPPING: "is stopping, and can be deleted once it is stopped",
}
"""What is waited for, by the status in which a segment does not stay."""
_BETWEEN_LOOKS = 0.25, 10.0
"""Seconds between two looks whether it is stopped: at first, and at most."""


@dataclass(frozen=True, slots=True)
class Retired:
    """What became of one legacy segment."""

    legacy_id: UUID
    what: str = ""
    """What was done, or why nothing was to be done: `stopping`, `deleted`, or a sentence of `STANDING`."""
    kept: str = ""
    """Why it stays as it was."""


def to_retire(
    loading: Loading, seen: dict[UUID, Verified], only: Collection[UUID] | None = None
) -> list[PlannedSegment]:
    """The segments whose newest look says verified; nothing is changed by asking.

    Args:
        loading: plan, journal and organisation of this loading.
        seen: the newest look at each legacy segment.
        only: legacy ids; None means every segment that may be.
    """
    return [
        segment
        for segment in loading.plan.segments
        if (look := seen.get(segment.legacy_id)) and look.verified and (only is None or segment.legacy_id in only)
    ]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done with legacy segments."""

    delete: bool = False
    """Whether they are deleted once they are stopped."""
    not_compared: bool = False
    """Whether also those are deleted whose people could not be compared one by one."""
    wait: float = 60.0
    """Seconds to wait for each: until one that is going live is live, and before it is deleted until it is stopped."""
    even_if_used: bool = False
    """Whether also those are retired that something live still uses, or of which nobody can say."""


async def retire(loading: Loading, chosen: Collection[Known], wish: Wish, progress: ShowsProgress) -> list[Retired]:
    """Stop legacy segments, and delete them where that is wanted. Both sides are looked at again right before.

    Args:
        loading: of the run that migrated them.
        chosen: what is known of those that `to_retire` gave.
        wish: what is to be done.
        progress: where to say how far it is.

    Raises:
        UsageError: the organisation is not the one that the segments came from.
        Unreachable: the organisation stopped answering; what was done is in the journal.
        Interrupted: somebody wishes to end.
    """
    used: Mapping[UUID, str] = {}
    if chosen and not wish.even_if_used:
        used = await still_used(loading.client, [known.segment.legacy_id for known in chosen])
    with progress.step("Retiring legacy segments", len(chosen)) as step:
        waits = _Waits(loading, wish.wait)
        return await side_by_side((_one(waits, known, wish, step, used) for known in chosen), loading.parallel)


@dataclass(slots=True)
class _Waits:
    """Waits for the product. What for is said once, since many segments may wait alike."""

    loading: Loading
    seconds: float
    """The bound for each segment."""
    told: set[int] = field(default_factory=set)

    async def arrived(self, attempt: Attempt, name: str) -> int | None:
        """Wait until a segment has come to the end of Going live or Stopping; gives the status then, or the last."""
        first, most = _BETWEEN_LOOKS
        waiting = Waiting(looking(self.seconds, first=first, most=most, growth=2.0), self.loading.client.stop)
        while (status := await _status(self.loading, attempt)) in _UNTIL:
            if not await waiting.again(partial(self._say, name, status)):
                break
        return status

    def _say(self, name: str, status: int | None, _: float) -> None:
        if status is not None and status not in self.told:
            self.told.add(status)
            self.loading.client.tell(
                f"“{name}” {_UNTIL[status]}. Each segment like it is waited for, at most {self.seconds:,g} seconds "
                "(--wait-pending)."
            )


async def _one(waits: _Waits, known: Known, wish: Wish, progress: Step, used: Mapping[UUID, str]) -> Retired:
    loading, name, attempt = waits.loading, known.segment.name, Attempt(known.segment.legacy_id)
    try:
        if why := used.get(attempt.legacy_id):
            raise CannotGoOn(
                f"{why}. Nothing was done to it. Switch what uses it (migrator cutover lists it), then repeat the "
                "command; or repeat it with --even-if-used."
            )
        attempt.step = "look again"
        if changed := await why_not(loading, known):
            raise CannotGoOn(f"{changed}. Nothing was done to it; look at both, then verify again.")
        if wish.delete and not known.people_compared and not wish.not_compared:
            raise CannotGoOn(
                "its people could not be compared one by one, only counted, so it is not deleted. "
                "If it is to go all the same, repeat the command with --not-compared."
            )
        what = await _stop(waits, attempt, name)
        if wish.delete:
            await _stopped(waits, attempt, name)
            what = await _delete(loading, attempt) or what
        retired = Retired(attempt.legacy_id, what)
    except CannotGoOn as error:
        retired = Retired(attempt.legacy_id, kept=str(error))
    except Refused as error:
        retired = Retired(attempt.legacy_id, kept=f"step “{attempt.step}”: {error.summary}")
    progress.advance()
    return retired


async def _stop(waits: _Waits, attempt: Attempt, name: str) -> str:
    """Move a segment to Stopping, by the ways that are open from its status; gives what was done."""
    attempt.step = Write.STOP_LEGACY
    status = await _status(waits.loading, attempt)
    if status == LegacyStatus.GOING_LIVE:
        status = await waits.arrived(attempt, name)  # it can be stopped once it is live
    if status is None:
        return "no longer exists"
    if status not in WAYS:
        if status in STANDING:
            return STANDING[LegacyStatus(status)]
        raise CannotGoOn(
            f"From its status ({label(status, LegacyStatus)}) no move to stopped is known, so nothing was done. "
            "Stop it in the organisation."
        )
    for goal in WAYS[LegacyStatus(status)]:
        await _move(waits.loading, attempt, goal)
    return _STOPPING


async def _move(loading: Loading, attempt: Attempt, goal: LegacyStatus) -> None:
    async def send() -> None:
        await outbound.move_segment(loading.client, attempt.legacy_id, goal)

    async def moved() -> bool:
        now = await _status(loading, attempt)
        return now == goal or (goal is LegacyStatus.STOPPING and now in (LegacyStatus.STOPPED, None))

    await write(loading, attempt, Write.STOP_LEGACY, attempt.legacy_id, send, moved, label(goal, LegacyStatus))


async def _status(loading: Loading, attempt: Attempt) -> int | None:
    """The `statuscode` now; None where the segment is gone."""
    row = await outbound.retrieve_segment(loading.client, attempt.legacy_id)
    if row is None:
        return None
    if row.status_code is None:
        raise CannotGoOn("Its status cannot be read, so nothing was done. Look at it in the organisation.")
    return row.status_code


async def _stopped(waits: _Waits, attempt: Attempt, name: str) -> None:
    """Wait until the product has stopped it."""
    attempt.step = "wait until it is stopped"
    status = await waits.arrived(attempt, name)
    if status in _UNTIL:
        raise CannotGoOn(
            f"It is not stopped yet (status {label(status, LegacyStatus)}), so it was not deleted. "
            "Repeat the command later."
        )
    if status in WAYS:
        raise CannotGoOn(
            f"It did not stop (status {label(status, LegacyStatus)}), so it was not deleted. "
            "Look at it in the organisation."
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
    return _DELETED
