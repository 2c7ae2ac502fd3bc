"""Carries out a plan: definition, segment, members, publishing.

What is there is compared with what should be there, and only the difference is sent; a live segment that differs is
left alone and named. A segment that fails does not stop the others. Whatever was interrupted goes on when the same plan
is loaded again, because ids are derived.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from typing import TypeVar
from uuid import UUID

from migrator.base.patience import Waiting
from migrator.base.progress import ShowsProgress, Step
from migrator.base.side_by_side import side_by_side
from migrator.contracts.journal import LoadResult, LoadState, Write
from migrator.contracts.payload import Payload
from migrator.contracts.plan import PlannedSegment
from migrator.dataverse import realtime
from migrator.dataverse.errors import DuplicateKey, Refused
from migrator.dataverse.metadata import query_length
from migrator.dataverse.realtime import DefinitionChange, DefinitionRow, SegmentChange, SegmentRow
from migrator.loader.adopted import ADOPT, adopt, refuse_second
from migrator.loader.existing import Existing, Phase, look, phase_of
from migrator.loader.groups import fill
from migrator.loader.loading import Attempt, CannotGoOn, LiveDiffers, Loading, check_target, owned, write
from migrator.loader.preview import Preview, preview
from migrator.loader.same import same_query
from migrator.product.codes import SegmentStatus

T = TypeVar("T")
_NAMED = 5
"""Segments that stand in the way and are named in one sentence."""


async def load(
    loading: Loading,
    progress: ShowsProgress,
    only: Collection[UUID] | None = None,
    agree: Callable[[Preview], None] = lambda _: None,
) -> list[LoadResult]:
    """Load the segments of the plan that may be loaded; `only` names some of them by legacy id.

    Args:
        loading: plan, journal and organisation of this loading.
        progress: takes how far it is.
        only: legacy ids; None means every segment that may be.
        agree: told what would be done before anything is written; raises where nobody agrees.

    Raises:
        UsageError: the plan is for another organisation, or nobody agreed.
        Unreachable: the organisation stopped answering; what was done is in the journal.
        Retryable: the journal cannot be written.
        Interrupted: somebody wishes to end; what was in flight has ended.
    """
    check_target(loading)
    chosen = [
        segment for segment in loading.plan.segments if segment.loadable and (only is None or segment.legacy_id in only)
    ]
    existing = await look(loading.client, chosen, loading.plan.segments)
    agree(preview(chosen, loading.plan.segments, existing))
    # The length of a query was raised before, and organisations differ: it is asked where the query goes to.
    longest = await query_length(loading.client) if any(_query_of(segment) for segment in chosen) else None
    # Real-time segments nest one level: those that refer to others come second.
    first = [segment for segment in chosen if not segment.depends_on]
    second = [segment for segment in chosen if segment.depends_on]
    with progress.step("Loading segments", len(chosen)) as step:
        results = await side_by_side(
            (_one(loading, segment, existing, step, longest) for segment in first), loading.parallel
        )
        tried = {**loading.journal.results(), **{result.legacy_id: result for result in results}}
        failed = {key for key, result in tried.items() if result.state is LoadState.FAILED}
        # What waits for a decision is not there, and nothing that refers to it can be published.
        failed |= {segment.legacy_id for segment in loading.plan.segments if not segment.loadable} - tried.keys()
        missing = {segment.legacy_id: segment.name for segment in loading.plan.segments if segment.legacy_id in failed}
        results += await side_by_side(
            (_one(loading, segment, existing, step, longest, missing) for segment in second), loading.parallel
        )
    return results


async def _one(
    loading: Loading,
    segment: PlannedSegment,
    existing: Existing,
    progress: Step,
    longest: int | None,
    missing: Mapping[UUID, str] | None = None,
) -> LoadResult:
    attempt, absent = Attempt(segment.legacy_id), missing or {}
    try:
        if longest is not None and len(_query_of(segment)) > longest:
            raise CannotGoOn(
                f"Its query has {len(_query_of(segment)):,} characters; the queries of this organisation take "
                f"{longest:,}. Nothing was created. Freeze its members, or split the segment, and translate again."
            )
        if broken := [absent[other] for other in segment.depends_on if other in absent]:
            named = ", ".join(f"“{name}”" for name in broken[:_NAMED])
            raise CannotGoOn(
                f"{len(broken)} of the segments that its query refers to could not be loaded, or wait for a decision: "
                f"{named}. See to those first, then retry this."
            )
        if segment.adopted:
            attempt.step = ADOPT
            adopt(segment, existing)
            return await _ended(loading, LoadResult(segment.legacy_id, LoadState.LOADED, attempt.step), progress)
        refuse_second(segment, existing)
        new = await _records(loading, segment, existing, attempt)
        left_alone = "" if new else await _why_left_alone(loading, segment, existing)
        await side_by_side(
            (fill(loading, segment, group, attempt, new=new, left_alone=left_alone) for group in segment.groups),
            loading.parallel,
        )
        loading.read_back.add(segment.legacy_id)
        if segment.publish and (not left_alone or _did_not_compute(segment, existing)):
            await _publish(loading, segment, attempt)
        result = LoadResult(segment.legacy_id, LoadState.LOADED, attempt.step, attempt.created)
    except Refused as error:
        result = LoadResult(
            segment.legacy_id,
            LoadState.FAILED,
            attempt.step,
            attempt.created,
            error.code,
            error.reason,
            error.request_id,
        )
    except CannotGoOn as error:
        state = LoadState.DIFFERS if isinstance(error, LiveDiffers) else LoadState.FAILED
        result = LoadResult(segment.legacy_id, state, attempt.step, attempt.created, error=str(error))
    return await _ended(loading, result, progress)


async def _ended(loading: Loading, result: LoadResult, progress: Step) -> LoadResult:
    await loading.journal.record(result)
    progress.advance()
    return result


def _query_of(segment: PlannedSegment) -> str:
    return segment.payload.query if segment.payload else ""


async def _records(loading: Loading, segment: PlannedSegment, existing: Existing, attempt: Attempt) -> bool:
    """Bring definition and segment into the planned state; gives whether the segment is new."""
    client, payload = loading.client, _payload(segment)
    attempt.step = "definition"
    definition = existing.definitions.get(segment.definition_id)
    if definition is None:
        definition = await _create(
            loading, attempt, Write.CREATE_DEFINITION, segment.definition_id,
            partial(realtime.create_segment_definition, client, owned(loading, payload.definition)),
            partial(realtime.retrieve_segment_definition, client, segment.definition_id),
        )  # fmt: skip
    left_alone = _left_alone(definition)
    if definition is not None:
        await _converge_definition(loading, segment, definition, attempt, left_alone=left_alone)
    attempt.step = "segment"
    found = existing.segments.get(segment.segment_id)
    if found is None:
        found = await _create(
            loading, attempt, Write.CREATE_SEGMENT, segment.segment_id,
            partial(realtime.create_segment, client, owned(loading, payload.segment)),
            partial(realtime.retrieve_segment, client, segment.segment_id),
        )  # fmt: skip
        if found is None:
            return True
    await _converge_segment(loading, segment, found, attempt, left_alone=left_alone)
    return False


def _payload(segment: PlannedSegment) -> Payload:
    if segment.payload is None:
        raise CannotGoOn("The plan says nothing about what is to be created. Make it again with: migrator translate")
    return segment.payload


_SEEN_AFTER_ALL = 9
"""Pauses between looks at a record that the organisation says exists, though it was not found."""


async def _create(
    loading: Loading,
    attempt: Attempt,
    step: Write,
    key: UUID,
    send: Callable[[], Awaitable[None]],
    look_at: Callable[[], Awaitable[T | None]],
) -> T | None:
    """Create a record; gives None, or the record that was there already."""

    async def arrived() -> bool:
        return await look_at() is not None

    try:
        await write(loading, attempt, step, key, send, arrived)
    except DuplicateKey:
        # It is there although nothing was found: an earlier try arrived after all, or reads lag behind writes.
        waiting = Waiting(loading.client.patience.counted(_SEEN_AFTER_ALL), loading.client.stop)
        while (row := await look_at()) is None:
            if not await waiting.again():
                raise
        return row
    attempt.created = True
    return None


async def _why_left_alone(loading: Loading, segment: PlannedSegment, existing: Existing) -> str:
    definition = existing.definitions.get(segment.definition_id)
    return _left_alone(definition or await realtime.retrieve_segment_definition(loading.client, segment.definition_id))


def _left_alone(definition: DefinitionRow | None) -> str:
    """In which state a definition is that is not changed; empty where it may be changed."""
    match phase_of(definition) if definition else Phase.EDITABLE:
        case Phase.PUBLISHED:
            return "live"
        case Phase.UNKNOWN:
            code = definition.status_code if definition else None
            return f"in a state that this version of migrator does not know (statuscode {code})"
        case _:
            return ""


# --- the difference --------------------------------------------------------------------------------------------------


async def _converge_definition(
    loading: Loading, segment: PlannedSegment, found: DefinitionRow, attempt: Attempt, *, left_alone: str
) -> None:
    planned = _payload(segment)
    match phase_of(found):
        case Phase.DELETED:
            raise CannotGoOn(
                "The segment definition is marked as deleted in the organisation. Nothing was changed. "
                "Let the product remove it, then repeat the command."
            )
        case Phase.STOPPING:
            raise CannotGoOn(
                "The segment is being stopped in the organisation. Nothing was changed. "
                "Repeat the command when it is stopped."
            )
    other_query = not same_query(found.query or "", planned.query)
    other_groups = realtime.group_kinds(found.static_list_members) != realtime.group_kinds(planned.static_list_members)
    change = DefinitionChange(
        planned.query if other_query else None, planned.static_list_members if other_groups else None
    )
    if not change:
        return
    if left_alone:
        what = " and ".join([*["another query"] * other_query, *["other groups"] * other_groups])
        raise LiveDiffers(_leave(left_alone, f"has {what} than planned"))
    client, key = loading.client, segment.definition_id

    async def send() -> None:
        await realtime.update_segment_definition(client, key, change)

    async def arrived() -> bool:
        row = await realtime.retrieve_segment_definition(client, key)
        return row is not None and change.before(row) == change.columns

    await write(loading, attempt, Write.UPDATE_DEFINITION, key, send, arrived, _was(change.before(found)))


async def _converge_segment(
    loading: Loading, segment: PlannedSegment, found: SegmentRow, attempt: Attempt, *, left_alone: str
) -> None:
    if found.definition_id != segment.definition_id:
        raise CannotGoOn(
            "A segment with the planned id exists already, but belongs to another definition. Nothing was changed. "
            "Look at both in the organisation, then delete the one that is wrong."
        )
    planned = _payload(segment)
    other_name = (found.name or "") != planned.name
    other_description = (found.description or "") != planned.description
    change = SegmentChange(planned.name if other_name else None, planned.description if other_description else None)
    if not change:
        return
    if left_alone:
        what = " and ".join([*["name"] * other_name, *["description"] * other_description])
        raise LiveDiffers(_leave(left_alone, f"has another {what} than planned"))
    client, key = loading.client, segment.segment_id

    async def send() -> None:
        await realtime.update_segment(client, key, change)

    async def arrived() -> bool:
        row = await realtime.retrieve_segment(client, key)
        return row is not None and {name: value or "" for name, value in change.before(row).items()} == change.columns

    await write(loading, attempt, Write.UPDATE_SEGMENT, key, send, arrived, _was(change.before(found)))


def _was(columns: Mapping[str, str | None]) -> str:
    return f"was {json.dumps(columns, ensure_ascii=False)}"


def _leave(left_alone: str, what: str) -> str:
    return (
        f"The segment is {left_alone} and {what}; it was changed after an earlier migration. Nothing was changed now. "
        "Stop the segment in real-time journeys if it is to become as planned, then repeat the command."
    )


def _did_not_compute(segment: PlannedSegment, existing: Existing) -> bool:
    """Whether a published segment ended in an error, so that publishing it again is worth a try."""
    row = existing.segments.get(segment.segment_id)
    return row is not None and row.status_code in (SegmentStatus.ERROR, SegmentStatus.FAULTED)


async def _publish(loading: Loading, segment: PlannedSegment, attempt: Attempt) -> None:
    attempt.step = Write.PUBLISH

    async def send() -> None:
        await realtime.publish_segment_definition(loading.client, segment.segment_id)

    async def arrived() -> bool:
        definition = await realtime.retrieve_segment_definition(loading.client, segment.definition_id)
        # A state that nobody knew before, in the place of one that could be edited, came of publishing.
        return definition is not None and phase_of(definition) in (Phase.PUBLISHED, Phase.UNKNOWN)

    await write(loading, attempt, Write.PUBLISH, segment.segment_id, send, arrived)
