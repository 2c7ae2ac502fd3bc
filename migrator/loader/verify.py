"""Looks at what is in the organisation after loading, and compares it with what was there before: id by id if it can.

Waits first until the published segments are computed. Members that are missing are looked up: an inactive or deleted
contact explains its absence, since real-time journeys count active contacts that exist.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from migrator.atomic import write_bytes
from migrator.codes import SegmentStatus, SegmentType, State, label
from migrator.dataverse import contacts, realtime
from migrator.dataverse.errors import Refused
from migrator.errors import UsageError
from migrator.loader.load import Loading, check_target, read_group, write_ids
from migrator.model import LoadState, Match, PlannedSegment, Verification, Verified
from migrator.progress import ShowsProgress, Step
from migrator.side_by_side import side_by_side

_COMPUTED = frozenset({SegmentStatus.ACTIVE, SegmentStatus.COMPUTED_WITH_WARNINGS})
_BROKEN = frozenset({SegmentStatus.ERROR, SegmentStatus.DELETED, SegmentStatus.FAULTED})
_POLL = 0.2, 30.0
"""Seconds between two looks at a computation: at first, and at most (it takes from a minute to hours)."""
_ADAPTER = TypeAdapter(Verification)


async def verify(
    loading: Loading, at: str, wait: float, progress: ShowsProgress, only: Collection[UUID] | None = None
) -> Verification:
    """Compare the segments that were loaded with their legacy members, and write the result into the run folder.

    Args:
        loading: what was loaded.
        at: the time of this look, UTC, ISO 8601.
        wait: seconds to wait for computations, for all segments together.
        progress: where to say how far it is.
        only: legacy ids; None means all that were loaded.

    Raises:
        UsageError: the plan is for another organisation.
        Unreachable: the organisation stopped answering.
    """
    check_target(loading)
    done = {key for key, result in loading.journal.results().items() if result.state is LoadState.LOADED}
    chosen = [
        segment
        for segment in loading.plan.segments
        if segment.legacy_id in done and (only is None or segment.legacy_id in only)
    ]
    until = asyncio.get_running_loop().time() + wait
    with progress.step("Verifying members", len(chosen)) as step:
        # Waiting costs nothing, so all wait at once; the requests are held back by the client.
        looked = await side_by_side((_one(loading, segment, until, step) for segment in chosen), max(1, len(chosen)))
    verification = Verification(at, tuple(looked))
    _write(loading.folder, verification)
    return verification


async def _one(loading: Loading, segment: PlannedSegment, until: float, progress: Step) -> Verified:
    try:
        verified = await _compared(loading, segment, until)
    except Refused as error:
        note = f"The members could not be compared: {error.summary}"
        verified = Verified(segment.legacy_id, Match.UNKNOWN, segment.before, None, note=note)
    progress.advance()
    return verified


async def _compared(loading: Loading, segment: PlannedSegment, until: float) -> Verified:
    row = await _settled(loading, segment, until)
    blank = Verified(segment.legacy_id, Match.UNKNOWN, segment.before, None)
    if row is None:
        return replace(blank, note="The segment is no longer in the organisation.")
    status = row.get("statuscode")
    blank = replace(blank, status_code=status)
    if status in _BROKEN:
        return replace(blank, note=f"The segment is in the state {label(status, SegmentStatus)}.")
    if segment.publish and status not in _COMPUTED:
        return replace(blank, note=f"The members are still being computed (state {label(status, SegmentStatus)}).")
    if not segment.publish and status not in _COMPUTED and _is_dynamic(segment):
        return replace(blank, match=Match.DRAFT, note="A draft is not computed; its members cannot be compared yet.")
    after = await _members(loading, segment, computed=status in _COMPUTED)
    count = row.get("msdynmkt_membercount") if status in _COMPUTED else len(after)
    if count is None:
        return replace(blank, note="The segment is computed but shows no number of members.")
    return await _explained(loading, segment, replace(blank, after=int(count)), after)


def _is_dynamic(segment: PlannedSegment) -> bool:
    return (segment.segment or {}).get("msdynmkt_type") != SegmentType.STATIC


async def _settled(loading: Loading, segment: PlannedSegment, until: float) -> dict[str, Any] | None:
    """The segment's row, once it is computed, or when the time is up."""
    loop = asyncio.get_running_loop()
    pause, most = _POLL
    while True:
        row = await realtime.retrieve_segment(loading.client, segment.segment_id)
        if row is None or not segment.publish:
            return row
        computed = row.get("statuscode") in _COMPUTED and row.get("msdynmkt_membercount") is not None
        if computed or row.get("statuscode") in _BROKEN or loop.time() + pause > until:
            return row
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, most)


async def _members(loading: Loading, segment: PlannedSegment, *, computed: bool) -> set[UUID]:
    if computed:
        return set(await realtime.members_list(loading.client, segment.segment_id))
    groups = [await read_group(loading.client, segment.segment_id, group.id) for group in segment.groups]
    return set().union(*groups)


async def _explained(loading: Loading, segment: PlannedSegment, verified: Verified, after: set[UUID]) -> Verified:
    if not segment.members.known:
        # Numbers alone: the record may be old, and it counted inactive contacts too.
        match = Match.EQUAL if segment.before == verified.after else Match.UNKNOWN
        return replace(verified, match=match, note="Only numbers could be compared, not the members themselves.")
    before = set(loading.read_members(segment.legacy_id))
    missing, surplus = before - after, after - before
    states = await contacts.states(loading.client, sorted(missing))
    inactive = {member for member in missing if states.get(member) is State.INACTIVE}
    deleted = missing - states.keys()
    unexplained = missing - inactive - deleted
    if unexplained:
        write_ids(loading.folder, segment.legacy_id, "missing", unexplained)
    if surplus:
        write_ids(loading.folder, segment.legacy_id, "surplus", surplus)
    if unexplained or surplus or verified.after != len(after):
        match = Match.DIFFERENT
    else:
        match = Match.EXPLAINED if missing else Match.EQUAL
    return replace(
        verified,
        match=match,
        inactive=len(inactive),
        deleted=len(deleted),
        missing=len(unexplained),
        surplus=len(surplus),
    )


# --- files -----------------------------------------------------------------------------------------------------------


def _write(folder: Path, verification: Verification) -> None:
    number = len(list(folder.glob("verification-*.json"))) + 1
    write_bytes(folder / f"verification-{number:03}.json", _ADAPTER.dump_json(verification, indent=1) + b"\n")


def read_verifications(folder: Path) -> list[Verification]:
    """All verifications of a run, oldest first.

    Raises:
        UsageError: a file is damaged.
    """
    found = []
    for path in sorted(folder.glob("verification-*.json")):
        try:
            found.append(_ADAPTER.validate_json(path.read_bytes()))
        except (ValidationError, OSError) as error:
            raise UsageError(f"{path} is damaged. Delete it and repeat: migrator verify") from error
    return found


def latest(verifications: list[Verification]) -> dict[UUID, Verified]:
    """The newest look at each segment."""
    return {verified.legacy_id: verified for verification in verifications for verified in verification.segments}
