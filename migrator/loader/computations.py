"""Waits until the service has computed published segments, and tells how their last computation went."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from migrator.base.patience import Waiting, looking
from migrator.base.progress import ShowsProgress
from migrator.base.side_by_side import side_by_side
from migrator.contracts.plan import PlannedSegment
from migrator.dataverse import realtime
from migrator.dataverse.errors import Refused
from migrator.dataverse.realtime import Execution, SegmentRow
from migrator.loader.existing import Phase, look_at_definitions, look_at_segments, phase_of
from migrator.loader.loading import Loading
from migrator.product.codes import COMPUTED, SegmentStatus

_COMPUTING = frozenset({SegmentStatus.EXPORTING, SegmentStatus.COMPUTING})
BROKEN = frozenset({SegmentStatus.ERROR, SegmentStatus.DELETED, SegmentStatus.FAULTED})
_BETWEEN_LOOKS = 0.2, 30.0
"""Seconds between two looks at the computations: at first, and at most (they take from a minute to hours)."""


async def computed(
    loading: Loading, chosen: Collection[PlannedSegment], wait: float, progress: ShowsProgress
) -> Mapping[UUID, SegmentRow]:
    """The rows of the segments, once all that are published are computed, failed or stopped, or when the time is up.

    Args:
        loading: what was loaded.
        chosen: the segments to wait for.
        wait: seconds, for all of them together; 0 looks once.
        progress: where to say how far it is.
    """
    first, most = _BETWEEN_LOOKS
    waiting = Waiting(looking(wait, first=first, most=most), loading.client.stop)
    published = [segment for segment in chosen if segment.publish]
    given_up: set[UUID] = set()
    with progress.step("Waiting for computations", len(published)) as step:
        ready = 0
        while True:
            rows = await look_at_segments(loading.client, chosen) if chosen else {}
            open_ = [one for one in published if not _is_settled(rows.get(one.segment_id))]
            if waiting.pauses >= _ASKED_AFTER:
                given_up |= await _not_coming(loading, [one for one in open_ if one.segment_id not in given_up], rows)
            settled = len(published) - sum(one.segment_id not in given_up for one in open_)
            step.advance(max(settled - ready, 0))
            ready = max(ready, settled)
            if settled == len(published) or not await waiting.again():
                return rows


def _is_settled(row: SegmentRow | None) -> bool:
    if row is None or row.status_code in BROKEN:
        return True
    return row.status_code in COMPUTED and row.member_count is not None


_ASKED_AFTER = 3
"""Looks after which the segments that are not computed yet are asked how their last computation went."""
_ASKED_AT_ONCE = 20
"""So many of them between two looks, so that waiting stays cheap."""


async def _not_coming(loading: Loading, open_: Sequence[PlannedSegment], rows: Mapping[UUID, SegmentRow]) -> set[UUID]:
    """Those that nobody has to wait for: somebody stopped them, or their last computation failed and no other began."""
    idle = [one for one in open_ if (row := rows.get(one.segment_id)) and row.status_code not in _COMPUTING]
    stopped = await _stopped(loading, [one for one in idle if _is_inactive(rows[one.segment_id])])
    asked = [one for one in idle if one.segment_id not in stopped][:_ASKED_AT_ONCE]
    found = await side_by_side((_execution(loading, one.segment_id) for one in asked), loading.parallel)
    return stopped | {one.segment_id for one, execution in zip(asked, found, strict=True) if execution.failed}


def _is_inactive(row: SegmentRow) -> bool:
    return row.status_code == SegmentStatus.INACTIVE


async def _stopped(loading: Loading, inactive: Sequence[PlannedSegment]) -> set[UUID]:
    """Those whose definition is no longer published, or gone; a segment is inactive before it is computed, too."""
    if not inactive:
        return set()
    found = await look_at_definitions(loading.client, inactive)
    return {
        one.segment_id
        for one in inactive
        if (row := found.get(one.definition_id)) is None or phase_of(row) not in (Phase.PUBLISHED, Phase.UNKNOWN)
    }


async def _execution(loading: Loading, segment: UUID) -> Execution:
    """How the last computation went; nothing where the service does not say."""
    try:
        return await realtime.segment_status(loading.client, segment)
    except Refused:
        return Execution("")


async def why_it_failed(loading: Loading, row: SegmentRow) -> str:
    """What the service says about the last computation, for the end of a sentence; empty where that says nothing."""
    execution = await _execution(loading, row.id)
    if not execution.status or not (execution.failed or execution.reason):
        return ""
    return f"; the last computation: {': '.join(filter(None, (execution.status, execution.reason.rstrip('.'))))}"
