"""Takes back what a run created, and nothing else: stops it, deletes it, and leaves the journal as evidence.

What a journey or another segment uses stays, and is named.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from migrator.base.progress import ShowsProgress, Step
from migrator.base.side_by_side import side_by_side
from migrator.contracts.journal import Created, LoadResult, LoadState, Write
from migrator.dataverse import realtime
from migrator.dataverse.errors import NotFound, Refused
from migrator.loader.loading import At, CannotGoOn, Loading, check_target, write
from migrator.loader.there import is_published
from migrator.product.codes import SEGMENT_PREFIX


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What became of one legacy segment's records."""

    legacy_id: UUID
    deleted: int = 0
    """Records deleted."""
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

    Raises:
        UsageError: the plan is for another organisation.
        Unreachable: the organisation stopped answering; what was done is in the journal.
        Interrupted: somebody wishes to end.
    """
    check_target(loading)
    created = to_roll_back(loading, only)
    depends = {segment.legacy_id: segment.depends_on for segment in loading.plan.segments}
    # Those that refer to others go first: what they refer to is free then.
    first = [key for key in created if depends.get(key)]
    second = [key for key in created if not depends.get(key)]
    with progress.step("Rolling back segments", len(created)) as step:
        done = await side_by_side((_one(loading, key, created[key], step) for key in first), loading.parallel)
        done += await side_by_side((_one(loading, key, created[key], step) for key in second), loading.parallel)
    return done


async def _one(loading: Loading, key: UUID, records: Sequence[Created], progress: Step) -> RolledBack:
    at = At(key)
    kept, deleted = "", 0
    try:
        for record in sorted(records, key=lambda record: record.kind == "definition"):
            deleted += await (_segment if record.kind == "segment" else _definition)(loading, at, record)
        await loading.journal.record(LoadResult(key, LoadState.ROLLED_BACK, at.step))
    except CannotGoOn as error:
        kept = str(error)
    except Refused as error:
        kept = f"step “{at.step}”: {error.summary}"
    progress.advance()
    return RolledBack(key, deleted, kept)


async def _segment(loading: Loading, at: At, record: Created) -> int:
    client = loading.client
    at.step = "look"
    row = await _seen(loading, lambda: realtime.retrieve_segment(client, record.id))
    if row is None:
        return 0
    if users := await _users(loading, record.id):
        raise CannotGoOn(_used((), users))
    definition = await _definition_of(loading, row)
    if is_published(definition):
        await _stop(loading, at, record)
    at.step = Write.DELETE_SEGMENT

    async def send() -> None:
        await realtime.delete_segment(client, record.id)

    async def gone() -> bool:
        return await realtime.retrieve_segment(client, record.id) is None

    try:
        await write(loading, at, Write.DELETE_SEGMENT, record.id, send, gone)
    except NotFound:
        return 0
    return 1


async def _definition(loading: Loading, at: At, record: Created) -> int:
    at.step = "look"
    if await _seen(loading, lambda: realtime.retrieve_segment_definition(loading.client, record.id)) is None:
        return 0
    at.step = Write.DELETE_DEFINITION

    async def send() -> None:
        await realtime.delete_segment_definition(loading.client, record.id)

    async def gone() -> bool:
        return await realtime.retrieve_segment_definition(loading.client, record.id) is None

    try:
        await write(loading, at, Write.DELETE_DEFINITION, record.id, send, gone)
    except NotFound:
        return 0
    return 1


async def _seen(loading: Loading, look: Callable[[], Awaitable[dict[str, Any] | None]]) -> dict[str, Any] | None:
    """A record; looked for twice, since reads may lag behind the creation of a moment ago."""
    row = await look()
    if row is None:
        await loading.client.stop.sleep(loading.client.patience.pause(0))
        row = await look()
    return row


async def _stop(loading: Loading, at: At, record: Created) -> None:
    at.step = Write.STOP
    said: list[realtime.Stopped] = []

    async def send() -> None:
        said.append(await realtime.stop_segment(loading.client, record.id))

    async def stopped() -> bool:
        row = await realtime.retrieve_segment(loading.client, record.id)
        return row is None or not is_published(await _definition_of(loading, row))

    await write(loading, at, Write.STOP, record.id, send, stopped)
    if said and not said[-1].was_stopped:
        raise CannotGoOn(_used(said[-1].journeys, said[-1].segments))


async def _definition_of(loading: Loading, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return await realtime.retrieve_segment_definition(loading.client, UUID(str(row["msdynmkt_sourcesegmentuid"])))


async def _users(loading: Loading, segment: UUID) -> tuple[str, ...]:
    """Names of the segments whose query refers to this one, drafts too."""
    name = f"{SEGMENT_PREFIX}{segment.hex}"
    users = {
        UUID(str(row["msdynmkt_segmentdefinitionid"]))
        async for row in realtime.retrieve_segment_definitions(loading.client, containing=name)
    }
    if not users:
        return ()
    return tuple(
        [
            str(row.get("msdynmkt_displayname"))
            async for row in realtime.retrieve_segments(loading.client)
            if UUID(str(row["msdynmkt_sourcesegmentuid"])) in users
        ]
    ) or tuple(map(str, users))


def _used(journeys: Sequence[str], segments: Sequence[str]) -> str:
    by = [f"the {kind} “{name}”" for kind, names in (("journey", journeys), ("segment", segments)) for name in names]
    users = ", ".join(by) or "something that the organisation does not name"
    return f"It is used by {users}, so it stays. Take it out there first, then repeat the command."
