"""Carries out a plan: definition, segment, members, publishing.

What is there is compared with what should be there, and only the difference is sent; a live segment that differs is
left alone and named. A segment that fails does not stop the others. Whatever was interrupted goes on when the same plan
is loaded again, because ids are derived.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from migrator.base.progress import ShowsProgress, Step
from migrator.base.side_by_side import side_by_side
from migrator.contracts.journal import LoadResult, LoadState, Write
from migrator.contracts.payload import Payload
from migrator.contracts.plan import PlannedSegment
from migrator.dataverse import realtime
from migrator.dataverse.errors import DuplicateKey, Refused
from migrator.loader.groups import fill
from migrator.loader.loading import At, CannotGoOn, LiveDiffers, Loading, check_target, write
from migrator.loader.there import There, is_published, look
from migrator.mql import QueryError, parse_realtime, write_realtime
from migrator.product.codes import DefinitionStatus, SegmentStatus


async def load(loading: Loading, progress: ShowsProgress, only: Collection[UUID] | None = None) -> list[LoadResult]:
    """Load the segments of the plan that may be loaded; `only` names some of them by legacy id.

    Raises:
        UsageError: the plan is for another organisation.
        Unreachable: the organisation stopped answering; what was done is in the journal.
        Retryable: the journal cannot be written.
        Interrupted: somebody wishes to end; what was in flight has ended.
    """
    check_target(loading)
    chosen = [
        segment for segment in loading.plan.segments if segment.loadable and (only is None or segment.legacy_id in only)
    ]
    there = await look(loading.client, chosen)
    # Real-time segments nest one level: those that refer to others come second.
    first = [segment for segment in chosen if not segment.depends_on]
    second = [segment for segment in chosen if segment.depends_on]
    with progress.step("Loading segments", len(chosen)) as step:
        results = await side_by_side((_one(loading, segment, there, step) for segment in first), loading.parallel)
        tried = {**loading.journal.results(), **{result.legacy_id: result for result in results}}
        failed = {key for key, result in tried.items() if result.state is LoadState.FAILED}
        results += await side_by_side(
            (_one(loading, segment, there, step, failed) for segment in second), loading.parallel
        )
    return results


async def _one(
    loading: Loading, segment: PlannedSegment, there: There, progress: Step, failed: Collection[UUID] = ()
) -> LoadResult:
    at = At(segment.legacy_id)
    try:
        if broken := sum(part in failed for part in segment.depends_on):
            raise CannotGoOn(
                f"{broken} of the segments that its query refers to could not be loaded. Retry those first, then this."
            )
        new = await _records(loading, segment, there, at)
        live = not new and await _is_live(loading, segment, there)
        await side_by_side(
            (fill(loading, segment, group, at, new=new, live=live) for group in segment.groups), loading.parallel
        )
        loading.read_back.add(segment.legacy_id)
        if segment.publish and (not live or _did_not_compute(segment, there)):
            await _publish(loading, segment, at)
        result = LoadResult(segment.legacy_id, LoadState.LOADED, at.step, at.created)
    except Refused as error:
        result = LoadResult(
            segment.legacy_id, LoadState.FAILED, at.step, at.created, error.code, error.reason, error.request_id
        )
    except CannotGoOn as error:
        state = LoadState.DIFFERS if isinstance(error, LiveDiffers) else LoadState.FAILED
        result = LoadResult(segment.legacy_id, state, at.step, at.created, error=str(error))
    await loading.journal.record(result)
    progress.advance()
    return result


async def _records(loading: Loading, segment: PlannedSegment, there: There, at: At) -> bool:
    """Bring definition and segment into the planned state; gives whether the segment is new."""
    at.step = "definition"
    definition = there.definitions.get(segment.definition_id)
    if definition is None:
        definition = await _create(
            loading, at, Write.CREATE_DEFINITION, segment.definition_id, _payload(segment).definition,
            realtime.create_segment_definition, realtime.retrieve_segment_definition,
        )  # fmt: skip
    live = is_published(definition)
    if definition is not None:
        await _converge_definition(loading, segment, definition, at, live=live)
    at.step = "segment"
    found = there.segments.get(segment.segment_id)
    if found is None:
        found = await _create(
            loading, at, Write.CREATE_SEGMENT, segment.segment_id, _payload(segment).segment,
            realtime.create_segment, realtime.retrieve_segment,
        )  # fmt: skip
        if found is None:
            return True
    await _converge_segment(loading, segment, found, at, live=live)
    return False


def _payload(segment: PlannedSegment) -> Payload:
    if segment.payload is None:
        raise CannotGoOn("The plan says nothing about what is to be created. Make it again with: migrator translate")
    return segment.payload


async def _create(
    loading: Loading, at: At, step: Write, key: UUID, body: Mapping[str, Any], create: Any, retrieve: Any
) -> Mapping[str, Any] | None:
    """Create a record; gives None, or the record that was there already."""

    async def send() -> None:
        await create(loading.client, body)

    async def arrived() -> bool:
        return await retrieve(loading.client, key) is not None

    try:
        await write(loading, at, step, key, send, arrived)
    except DuplicateKey:
        # It is there although nothing was found: an earlier try arrived after all, or reads lag behind writes.
        for attempt in range(10):
            row: Mapping[str, Any] | None = await retrieve(loading.client, key)
            if row is not None:
                return row
            await loading.client.stop.sleep(loading.client.patience.pause(attempt))
        raise
    at.created = True
    return None


async def _is_live(loading: Loading, segment: PlannedSegment, there: There) -> bool:
    definition = there.definitions.get(segment.definition_id)
    return is_published(definition or await realtime.retrieve_segment_definition(loading.client, segment.definition_id))


# --- the difference --------------------------------------------------------------------------------------------------


async def _converge_definition(
    loading: Loading, segment: PlannedSegment, found: Mapping[str, Any], at: At, *, live: bool
) -> None:
    planned = _payload(segment).definition
    if found.get("statuscode") == DefinitionStatus.DELETED:
        raise CannotGoOn(
            "The segment definition is marked as deleted in the organisation. Nothing was changed. "
            "Let the product remove it, then repeat the command."
        )
    changes = {}
    if not _same_query(str(found.get("msdynmkt_segmentquery") or ""), str(planned.get("msdynmkt_segmentquery") or "")):
        changes["msdynmkt_segmentquery"] = planned.get("msdynmkt_segmentquery")
    if _groups(found) != _groups(planned):
        changes["msdynmkt_staticlistmembers"] = planned.get("msdynmkt_staticlistmembers")
    if not changes:
        return
    if live:
        what = " and ".join("another query" if "query" in name else "other groups" for name in changes)
        raise LiveDiffers(_leave(f"has {what} than planned"))
    await _update(loading, at, Write.UPDATE_DEFINITION, segment.definition_id, found, changes)


async def _converge_segment(
    loading: Loading, segment: PlannedSegment, found: Mapping[str, Any], at: At, *, live: bool
) -> None:
    if str(found.get("msdynmkt_sourcesegmentuid", "")).lower() != str(segment.definition_id):
        raise CannotGoOn(
            "A segment with the planned id exists already, but belongs to another definition. Nothing was changed. "
            "Look at both in the organisation, then delete the one that is wrong."
        )
    planned = _payload(segment).segment
    changes = {
        name: planned.get(name)
        for name in ("msdynmkt_displayname", "msdynmkt_description")
        if str(found.get(name) or "") != str(planned.get(name) or "")
    }
    if not changes:
        return
    if live:
        what = " and ".join(name.removeprefix("msdynmkt_").replace("display", "") for name in changes)
        raise LiveDiffers(_leave(f"has another {what} than planned"))
    await _update(loading, at, Write.UPDATE_SEGMENT, segment.segment_id, found, changes)


def _leave(what: str) -> str:
    return (
        f"The segment is live and {what}; it was changed after an earlier migration. Nothing was changed now. "
        "Stop the segment in real-time journeys if it is to become as planned, then repeat the command."
    )


async def _update(
    loading: Loading, at: At, step: Write, key: UUID, found: Mapping[str, Any], changes: Mapping[str, Any]
) -> None:
    definition = step is Write.UPDATE_DEFINITION
    change = realtime.update_segment_definition if definition else realtime.update_segment
    retrieve = realtime.retrieve_segment_definition if definition else realtime.retrieve_segment

    async def send() -> None:
        await change(loading.client, key, changes)

    async def arrived() -> bool:
        row = await retrieve(loading.client, key)
        return row is not None and all(row.get(name) == value for name, value in changes.items())

    was = json.dumps({name: found.get(name) for name in changes}, ensure_ascii=False)
    await write(loading, at, step, key, send, arrived, f"was {was}")


def _same_query(one: str, other: str) -> bool:
    return one.strip() == other.strip() or _canonical(one) == _canonical(other)


def _canonical(query: str) -> str:
    try:
        return write_realtime(parse_realtime(query))
    except QueryError:
        return query.strip()


def _groups(definition: Mapping[str, Any]) -> dict[str, str]:
    try:
        entries: Iterable[Mapping[str, Any]] = json.loads(definition.get("msdynmkt_staticlistmembers") or "[]")
        return {str(entry["groupId"]).lower(): str(entry["includeType"]) for entry in entries}
    except (ValueError, TypeError, KeyError):
        return {"unreadable": ""}


def _did_not_compute(segment: PlannedSegment, there: There) -> bool:
    """Whether a published segment ended in an error, so that publishing it again is worth a try."""
    row = there.segments.get(segment.segment_id)
    return row is not None and row.get("statuscode") in (SegmentStatus.ERROR, SegmentStatus.FAULTED)


async def _publish(loading: Loading, segment: PlannedSegment, at: At) -> None:
    at.step = Write.PUBLISH

    async def send() -> None:
        await realtime.publish_segment_definition(loading.client, segment.segment_id)

    async def arrived() -> bool:
        return is_published(await realtime.retrieve_segment_definition(loading.client, segment.definition_id))

    await write(loading, at, Write.PUBLISH, segment.segment_id, send, arrived)
