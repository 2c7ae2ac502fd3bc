"""Looks at what is in the organisation after loading, and compares it with what was there before: id by id if it can.

Waits first until the published segments are computed. Static groups are read back page by page. Missing members are
looked up: an inactive or deleted contact explains its absence, as real-time journeys count active contacts that exist.
What then remains of a query's difference is called drifted up to a stated tolerance, and different above it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from uuid import UUID

from migrator.base.ids import Ids, joined, ordered, packed, unpacked, without
from migrator.base.patience import Waiting, looking
from migrator.base.progress import ShowsProgress, Step
from migrator.base.side_by_side import side_by_side
from migrator.contracts.journal import LoadState
from migrator.contracts.payload import PayloadKind
from migrator.contracts.plan import PlannedSegment
from migrator.contracts.verification import Match, Verification, Verified, write_verification
from migrator.dataverse import contacts, realtime
from migrator.dataverse.errors import Refused
from migrator.dataverse.realtime import SegmentRow
from migrator.loader.existing import look_at_segments
from migrator.loader.groups import read_group
from migrator.loader.loading import Loading, check_target, write_ids
from migrator.product.codes import SegmentStatus, State, label

_COMPUTED = frozenset({SegmentStatus.ACTIVE, SegmentStatus.COMPUTED_WITH_WARNINGS})
_BROKEN = frozenset({SegmentStatus.ERROR, SegmentStatus.DELETED, SegmentStatus.FAULTED})
_BETWEEN_LOOKS = 0.2, 30.0
"""Seconds between two looks at the computations: at first, and at most (they take from a minute to hours)."""


async def verify(
    loading: Loading,
    at: str,
    wait: float,
    tolerance: float,
    progress: ShowsProgress,
    only: Collection[UUID] | None = None,
) -> Verification:
    """Compare the segments that were loaded with their legacy members, and write the result into the run folder.

    Args:
        loading: what was loaded.
        at: the time of this look, UTC, ISO 8601.
        wait: seconds to wait for computations, for all segments together; 0 looks once.
        tolerance: the share by which a query's members may differ and are called drifted.
        progress: where to say how far it is.
        only: legacy ids; None means all that were loaded.

    Raises:
        UsageError: the plan is for another organisation.
        Unreachable: the organisation stopped answering.
        Interrupted: somebody wishes to end.
    """
    check_target(loading)
    done = {key for key, result in loading.journal.results().items() if result.state is LoadState.LOADED}
    chosen = [
        segment
        for segment in loading.plan.segments
        if segment.legacy_id in done and (only is None or segment.legacy_id in only)
    ]
    rows = await _computed(loading, chosen, wait, progress)
    with progress.step("Verifying members", len(chosen)) as step:
        looked = await side_by_side(
            (_one(loading, segment, rows.get(segment.segment_id), tolerance, step) for segment in chosen),
            loading.parallel,
        )
    verification = Verification(at, tuple(looked), tolerance)
    write_verification(verification, loading.folder)
    return verification


async def _computed(
    loading: Loading, chosen: Collection[PlannedSegment], wait: float, progress: ShowsProgress
) -> Mapping[UUID, SegmentRow]:
    """The rows of the segments, once all that are published are computed, or when the time is up."""
    first, most = _BETWEEN_LOOKS
    waiting = Waiting(looking(wait, first=first, most=most), loading.client.stop)
    published = [segment for segment in chosen if segment.publish]
    with progress.step("Waiting for computations", len(published)) as step:
        ready = 0
        while True:
            rows = await look_at_segments(loading.client, chosen) if chosen else {}
            settled = sum(_is_settled(rows.get(segment.segment_id)) for segment in published)
            step.advance(max(settled - ready, 0))
            ready = max(ready, settled)
            if settled == len(published) or not await waiting.again():
                return rows


def _is_settled(row: SegmentRow | None) -> bool:
    if row is None or row.status_code in _BROKEN:
        return True
    return row.status_code in _COMPUTED and row.member_count is not None


async def _one(
    loading: Loading, segment: PlannedSegment, row: SegmentRow | None, tolerance: float, progress: Step
) -> Verified:
    try:
        verified = await _compared(loading, segment, row, tolerance)
    except Refused as error:
        note = f"The members could not be compared: {error.summary}"
        verified = Verified(segment.legacy_id, Match.UNKNOWN, segment.before, None, note=note)
    progress.advance()
    return verified


async def _compared(loading: Loading, segment: PlannedSegment, row: SegmentRow | None, tolerance: float) -> Verified:
    blank = Verified(segment.legacy_id, Match.UNKNOWN, segment.before, None)
    if row is None:
        return replace(blank, note="The segment is no longer in the organisation.")
    status = row.status_code
    blank = replace(blank, status_code=status)
    static = segment.payload is not None and segment.payload.kind is PayloadKind.STATIC
    if static and segment.legacy_id not in loading.read_back:
        differing = await _groups(loading, segment, blank)
        if differing is not None:
            return differing
    if status in _BROKEN:
        return replace(blank, note=f"The segment is in the state {label(status, SegmentStatus)}.")
    computed = status in _COMPUTED
    if segment.publish and not computed:
        return replace(blank, note=f"The members are still being computed (state {label(status, SegmentStatus)}).")
    planned = sum(group.count for group in segment.groups if not group.excluded)
    excluding = any(group.excluded for group in segment.groups)
    if not computed:
        if static:  # a draft: its groups hold the planned members, id by id
            held = planned if not excluding else len(_before(loading, segment))
            return replace(blank, match=Match.EQUAL, after=held)
        return replace(blank, match=Match.DRAFT, note="A draft is not computed; its members cannot be compared yet.")
    count = row.member_count
    if count is None:
        return replace(blank, note="The segment is computed but shows no number of members.")
    found = replace(blank, after=count)
    if static and not excluding and count == planned == found.before:
        return replace(found, match=Match.EQUAL)
    if not segment.members.known:
        return _numbers(found, tolerance)
    after = await realtime.members_list(loading.client, segment.segment_id)
    return await _explained(loading, segment, found, after, 0.0 if static else tolerance)


async def _groups(loading: Loading, segment: PlannedSegment, blank: Verified) -> Verified | None:
    """The groups of a static segment, id by id; None when they are as planned."""
    missing, surplus = [], []
    for group in segment.groups:
        there = await read_group(loading.client, segment.segment_id, group.id)
        planned = loading.read_members(segment.members_of, group.first, group.count, excluded=group.excluded)
        missing.append(without(planned, there))
        surplus.append(without(there, planned))
    lost, more = joined(missing), joined(surplus)
    if not len(lost) and not len(more):
        return None
    _list(loading, segment, lost, more)
    after = sum(group.count for group in segment.groups) - len(lost) + len(more)
    note = "The static groups were changed after they were loaded."
    return replace(blank, match=Match.DIFFERENT, after=after, missing=len(lost), surplus=len(more), note=note)


def _numbers(verified: Verified, tolerance: float) -> Verified:
    note = "Only numbers could be compared, not the members themselves."
    if verified.before is None or verified.after is None:
        return replace(verified, note=note)
    apart = abs(verified.after - verified.before)
    return replace(verified, match=_match(apart, verified.before, tolerance), note=note)


def _match(apart: int, before: int, tolerance: float) -> Match:
    if not apart:
        return Match.EQUAL
    return Match.DRIFTED if apart <= tolerance * before else Match.DIFFERENT


async def _explained(
    loading: Loading, segment: PlannedSegment, verified: Verified, after: Ids, tolerance: float
) -> Verified:
    before = _before(loading, segment)
    missing, surplus = without(before, after), without(after, before)
    states = await contacts.states(loading.client, list(unpacked(ordered(missing))))
    inactive = sum(state is State.INACTIVE for state in states.values())
    unexplained = packed(one for one in unpacked(missing) if states.get(one) is State.ACTIVE)
    _list(loading, segment, unexplained, surplus)
    apart = len(unexplained) + len(surplus)
    if verified.after != len(after):
        match = Match.DIFFERENT
    elif apart:
        match = _match(apart, len(before), tolerance)
    else:
        match = Match.EXPLAINED if len(missing) else Match.EQUAL
    return replace(
        verified,
        match=match,
        inactive=inactive,
        deleted=len(missing) - len(states),
        missing=len(unexplained),
        surplus=len(surplus),
    )


def _before(loading: Loading, segment: PlannedSegment) -> Ids:
    """The members before: those that were read, of a part its own, without those that are excluded by name."""
    if segment.part_of:
        first = segment.groups[0].first if segment.groups else 0
        return loading.read_members(segment.part_of, first, segment.members.count)
    before = loading.read_members(segment.legacy_id)
    if segment.members.excluded:
        return without(before, loading.read_members(segment.legacy_id, excluded=True))
    return before


def _list(loading: Loading, segment: PlannedSegment, missing: Ids, surplus: Ids) -> None:
    """Write the ids of a difference to files, where there are any."""
    for ids, kind in ((missing, "missing"), (surplus, "surplus")):
        if len(ids):
            write_ids(loading.folder, segment.legacy_id, kind, ids)
