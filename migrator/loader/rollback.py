"""Takes back what a run created, and nothing else: stops it, deletes it, and leaves the journal as evidence.

What a journey or another segment uses stays, and is named.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from migrator.base.patience import Waiting
from migrator.base.progress import ShowsProgress, Step
from migrator.base.side_by_side import side_by_side
from migrator.contracts.journal import Created, LoadResult, LoadState, Write
from migrator.dataverse import realtime
from migrator.dataverse.errors import NotFound, Refused
from migrator.dataverse.realtime import DefinitionRow, SegmentRow
from migrator.loader.existing import Phase, phase_of
from migrator.loader.in_use import sending_from
from migrator.loader.loading import Attempt, CannotGoOn, Loading, check_target, write
from migrator.product.codes import SEGMENT_PREFIX

T = TypeVar("T")

_TO_STOP = frozenset({Phase.PUBLISHED, Phase.UNKNOWN})
"""What is stopped before it is deleted."""


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What became of one legacy segment's records."""

    legacy_id: UUID
    kept: str = ""
    """Why they stay; empty when they are gone."""


def to_roll_back(loading: Loading, only: Collection[UUID] | None = None) -> dict[UUID, list[Created]]:
    """What this run created and has not deleted, by legacy id; nothing is changed by asking."""
    found: dict[UUID, list[Created]] = {}
    for record in loading.journal.created():
        if only is None or record.legacy_id in only:
            found.setdefault(record.legacy_id, []).append(record)
    return found


async def roll_back(
    loading: Loading, progress: ShowsProgress, only: Collection[UUID] | None = None
) -> list[RolledBack]:
    """Delete what this run created; `only` names legacy segments.

    Args:
        loading: plan, journal and organisation of this loading.
        progress: takes how far it is.
        only: legacy ids; None means every segment that may be.

    Raises:
        UsageError: the plan is for another organisation.
        Unreachable: the organisation stopped answering; what was done is in the journal.
        Interrupted: somebody wishes to end.
    """
    check_target(loading)
    created = to_roll_back(loading, only)
    if not created:
        return []
    depends = {segment.legacy_id: segment.depends_on for segment in loading.plan.segments}
    # Those that refer to others go first: what they refer to is free then.
    first = [key for key in created if depends.get(key)]
    second = [key for key in created if not depends.get(key)]
    used = await sending_from(loading.client, [one.id for records in created.values() for one in records])
    with progress.step("Rolling back segments", len(created)) as step:
        done = await side_by_side((_one(loading, key, created[key], step, used) for key in first), loading.parallel)
        done += await side_by_side((_one(loading, key, created[key], step, used) for key in second), loading.parallel)
    return done


async def _one(
    loading: Loading, key: UUID, records: Sequence[Created], progress: Step, used: Mapping[UUID, tuple[str, ...]]
) -> RolledBack:
    attempt = Attempt(key)
    kept = ""
    try:
        if journeys := [name for record in records for name in used.get(record.id, ())]:
            raise CannotGoOn(_used(journeys, ()))
        for record in sorted(records, key=lambda record: record.kind == "definition"):
            await (_segment if record.kind == "segment" else _definition)(loading, attempt, record)
        await loading.journal.record(LoadResult(key, LoadState.ROLLED_BACK, attempt.step))
    except CannotGoOn as error:
        kept = str(error)
    except Refused as error:
        kept = f"step “{attempt.step}”: {error.summary}"
    progress.advance()
    return RolledBack(key, kept)


async def _segment(loading: Loading, attempt: Attempt, record: Created) -> None:
    client = loading.client
    attempt.step = "look"
    row = await _seen(loading, lambda: realtime.retrieve_segment(client, record.id))
    if row is None:
        return
    _prove(loading, record, row.created_on)
    if users := await _users(loading, record.id):
        raise CannotGoOn(_used((), users))
    definition = await _definition_of(loading, row)
    if definition is not None and phase_of(definition) in _TO_STOP:
        await _stop(loading, attempt, record)
        await _until_stopped(loading, attempt, row)
    attempt.step = Write.DELETE_SEGMENT

    async def send() -> None:
        await realtime.delete_segment(client, record.id)

    async def gone() -> bool:
        return await realtime.retrieve_segment(client, record.id) is None

    with suppress(NotFound):
        await write(loading, attempt, Write.DELETE_SEGMENT, record.id, send, gone)


async def _definition(loading: Loading, attempt: Attempt, record: Created) -> None:
    attempt.step = "look"
    row = await _seen(loading, lambda: realtime.retrieve_segment_definition(loading.client, record.id))
    if row is None:
        return
    _prove(loading, record, row.created_on)
    attempt.step = Write.DELETE_DEFINITION

    async def send() -> None:
        await realtime.delete_segment_definition(loading.client, record.id)

    async def gone() -> bool:
        return await realtime.retrieve_segment_definition(loading.client, record.id) is None

    with suppress(NotFound):
        await write(loading, attempt, Write.DELETE_DEFINITION, record.id, send, gone)


_APART = 60.0
"""Seconds by which the moment of a creation may lie outside of what the journal says: clocks, and whole seconds."""
_ON_THE_WAY = 3600.0
"""Seconds after it was entered within which a creation that nobody confirmed can have arrived."""


def _prove(loading: Loading, record: Created, created_on: str) -> None:
    """Go on only if this run made the record: a derived id says which one it is, never who made it.

    Raises:
        CannotGoOn: it was created at another time than this run's journal says.
    """
    skew = loading.client.clock_skew or 0.0
    try:
        made = datetime.fromisoformat(created_on).timestamp() - skew
        first = datetime.fromisoformat(record.intended_at).timestamp()
        last = datetime.fromisoformat(record.confirmed_at).timestamp() if record.confirmed_at else first + _ON_THE_WAY
    except ValueError:
        raise CannotGoOn(
            f"When the {record.kind} was created cannot be read ({created_on or 'nothing'}), so nothing proves that "
            "this run made it, and it stays."
        ) from None
    if not first - _APART <= made <= last + _APART:
        raise CannotGoOn(
            f"The {record.kind} was created at {created_on}, but this run created its own at {record.intended_at}: "
            "another run, or somebody, made this one, and it stays. To take it back, roll back the run that made it."
        )


async def _seen(loading: Loading, look_at: Callable[[], Awaitable[T | None]]) -> T | None:
    """A record; looked for twice, since reads may lag behind the creation of a moment ago."""
    waiting = Waiting(loading.client.patience.counted(1), loading.client.stop)
    while (row := await look_at()) is None:
        if not await waiting.again():
            return None
    return row


async def _stop(loading: Loading, attempt: Attempt, record: Created) -> None:
    attempt.step = Write.STOP
    answers: list[realtime.Stopped] = []

    async def send() -> None:
        answers.append(await realtime.stop_segment(loading.client, record.id))

    async def stopped() -> bool:
        row = await realtime.retrieve_segment(loading.client, record.id)
        definition = await _definition_of(loading, row) if row else None
        return definition is None or phase_of(definition) not in _TO_STOP

    await write(loading, attempt, Write.STOP, record.id, send, stopped)
    if answers and not answers[-1].was_stopped and not await stopped():
        raise CannotGoOn(_not_stopped(answers[-1]))


async def _until_stopped(loading: Loading, attempt: Attempt, row: SegmentRow) -> None:
    """Wait until a segment that is on its way to stopped has got there: before, it cannot be deleted."""
    attempt.step = "wait until it is stopped"
    waiting = Waiting(loading.client.patience, loading.client.stop)
    while (definition := await _definition_of(loading, row)) and phase_of(definition) is Phase.STOPPING:
        if not await waiting.again():
            raise CannotGoOn("It is not stopped yet, so it was not deleted. Repeat the command later.")


async def _definition_of(loading: Loading, row: SegmentRow) -> DefinitionRow | None:
    if row.definition_id is None:
        return None
    return await realtime.retrieve_segment_definition(loading.client, row.definition_id)


async def _users(loading: Loading, segment: UUID) -> tuple[str, ...]:
    """Names of the segments whose query refers to this one, drafts too."""
    name = f"{SEGMENT_PREFIX}{segment.hex}"
    users = {row.id async for row in realtime.retrieve_segment_definitions(loading.client, containing=name)}
    if not users:
        return ()
    return tuple(
        [str(row.name) async for row in realtime.retrieve_segments(loading.client) if row.definition_id in users]
    ) or tuple(map(str, users))


def _not_stopped(answer: realtime.Stopped) -> str:
    message = f" The service says: {answer.message.rstrip('.')}." if answer.message else ""
    if answer.journeys or answer.segments:
        return _used(answer.journeys, answer.segments) + message
    return (
        f"The service did not stop it and names nothing that uses it, so it stays.{message} "
        "Stop it in real-time journeys, then repeat the command."
    )


def _used(journeys: Sequence[str], segments: Sequence[str]) -> str:
    by = [f"the {kind} “{name}”" for kind, names in (("journey", journeys), ("segment", segments)) for name in names]
    users = ", ".join(by)
    return f"It is used by {users}, so it stays. Take it out there first, then repeat the command."
