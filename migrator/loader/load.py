"""Carries out a plan: definition, segment, members, publishing.

Looks first at what is there, and sends what is missing.

A segment that fails does not stop the others. Whatever was interrupted goes on when the same plan is loaded again,
because ids are derived and every step begins with a look.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from migrator.atomic import private_folder, write_text
from migrator.codes import MEMBERS_PER_CALL, DefinitionStatus
from migrator.dataverse import realtime
from migrator.dataverse.client import Client
from migrator.dataverse.errors import DuplicateKey, Refused
from migrator.errors import UsageError
from migrator.loader.journal import Journal
from migrator.model import LoadResult, LoadState, Plan, PlannedSegment, ReadMembers, StaticGroup
from migrator.progress import ShowsProgress, Step
from migrator.side_by_side import side_by_side

_PUBLISHED = frozenset({DefinitionStatus.LIVE, DefinitionStatus.LIVE_WITH_WARNINGS, DefinitionStatus.GOING_LIVE})
DIFFERENCES = "differences"
"""Folder for lists of missing and surplus ids, below the run."""


@dataclass(frozen=True, slots=True)
class Loading:
    """Everything that loading needs."""

    client: Client
    plan: Plan
    read_members: ReadMembers
    journal: Journal
    folder: Path
    """The run folder."""
    parallel: int
    """Segments side by side."""


async def load(loading: Loading, progress: ShowsProgress, only: Collection[UUID] | None = None) -> list[LoadResult]:
    """Load the segments of the plan that may be loaded; `only` names some of them by legacy id.

    Raises:
        UsageError: the plan is for another organisation.
        Unreachable: the organisation stopped answering; what was done is in the journal.
        Retryable: the journal cannot be written.
    """
    check_target(loading)
    chosen = [
        segment for segment in loading.plan.segments if segment.loadable and (only is None or segment.legacy_id in only)
    ]
    # Real-time segments nest one level: those that refer to others come second.
    first = [segment for segment in chosen if not segment.depends_on]
    second = [segment for segment in chosen if segment.depends_on]
    with progress.step("Loading segments", len(chosen)) as step:
        results = await side_by_side((_one(loading, segment, step) for segment in first), loading.parallel)
        return results + await side_by_side((_one(loading, segment, step) for segment in second), loading.parallel)


def check_target(loading: Loading) -> None:
    """Refuse to load a plan into another organisation than the one it was made for.

    Raises:
        UsageError: it is another one.
    """
    target, found = loading.plan.target, loading.client.organisation_id
    if target.id != found:
        raise UsageError(
            f"This plan was made for the organisation {target.url} ({target.id}), but {loading.client.url} is "
            f"another one ({found}). Nothing was changed. "
            "Give the right --org, or make a new plan for this organisation."
        )


class _Stopped(Exception):
    """A step that cannot go on, for a reason that is not an answer of the organisation."""


async def _one(loading: Loading, segment: PlannedSegment, progress: Step) -> LoadResult:
    at = _At(segment.legacy_id)
    try:
        await _definition(loading, segment, at)
        live = await _segment(loading, segment, at)
        for group in segment.groups:
            await _group(loading, segment, group, at, live=live)
        await _publish(loading, segment, at, live=live)
        result = LoadResult(segment.legacy_id, LoadState.LOADED, at.step, at.created)
    except Refused as error:
        result = LoadResult(
            segment.legacy_id, LoadState.FAILED, at.step, at.created, error.code, error.reason, error.request_id
        )
    except _Stopped as error:
        result = LoadResult(segment.legacy_id, LoadState.FAILED, at.step, at.created, error=str(error))
    loading.journal.record(result)
    progress.advance()
    return result


@dataclass(slots=True)
class _At:
    """How far one segment is."""

    legacy_id: UUID
    step: str = ""
    created: bool = False


async def _definition(loading: Loading, segment: PlannedSegment, at: _At) -> None:
    at.step = "definition"
    planned = segment.definition or {}
    found = await realtime.retrieve_segment_definition(loading.client, segment.definition_id)
    if found is None:
        try:
            with loading.journal.step(at.legacy_id, "create definition", segment.definition_id):
                await realtime.create_segment_definition(loading.client, planned)
            at.created = True
            return
        except DuplicateKey:  # an earlier try of this request had arrived after all
            found = await realtime.retrieve_segment_definition(loading.client, segment.definition_id)
    if found is None or _query(found) != _query(planned) or _groups(found) != _groups(planned):
        raise _Stopped(
            "A segment definition with the planned id exists already, but with another query or other groups. "
            "Nothing was changed. Compare both, then delete the one that is wrong."
        )


def _query(definition: Any) -> str:
    return str(definition.get("msdynmkt_segmentquery") or "").strip()


def _groups(definition: Any) -> dict[str, str]:
    try:
        entries = json.loads(definition.get("msdynmkt_staticlistmembers") or "[]")
        return {str(entry["groupId"]).lower(): str(entry["includeType"]) for entry in entries}
    except (ValueError, TypeError, KeyError):
        return {"unreadable": ""}


async def _segment(loading: Loading, segment: PlannedSegment, at: _At) -> bool:
    """Create the segment if it is not there; gives whether it is published already."""
    at.step = "segment"
    found = await realtime.retrieve_segment(loading.client, segment.segment_id)
    if found is None:
        try:
            with loading.journal.step(at.legacy_id, "create segment", segment.segment_id):
                await realtime.create_segment(loading.client, segment.segment or {})
            at.created = True
            return False
        except DuplicateKey:
            found = await realtime.retrieve_segment(loading.client, segment.segment_id)
    if found is None or str(found.get("msdynmkt_sourcesegmentuid", "")).lower() != str(segment.definition_id):
        raise _Stopped(
            "A segment with the planned id exists already, but belongs to another definition. Nothing was changed. "
            "Look at both in the organisation, then delete the one that is wrong."
        )
    definition = await realtime.retrieve_segment_definition(loading.client, segment.definition_id)
    return definition is not None and definition.get("statuscode") in _PUBLISHED


async def _group(loading: Loading, segment: PlannedSegment, group: StaticGroup, at: _At, *, live: bool) -> None:
    """Fill a group: what is missing is added, then the group is read back and compared id by id."""
    at.step = "members"
    planned = list(islice(loading.read_members(segment.legacy_id), group.first, group.first + group.count))
    there = await read_group(loading.client, segment.segment_id, group.id)
    missing = [member for member in planned if member not in there]
    if missing and live:
        raise _Stopped(
            f"{len(missing):,} members are missing in a segment that is live already, so it was changed after an "
            "earlier migration. Nothing was added. Stop the segment in real-time journeys if they are to come back."
        )
    for batch in _batches(missing):
        with loading.journal.step(at.legacy_id, "add members", group.id, f"{len(batch)} ids"):
            await realtime.add_static_members(loading.client, segment.segment_id, group.id, batch)
    at.step = "read back"
    if missing:
        there = await read_group(loading.client, segment.segment_id, group.id)
    _compare(loading, segment, planned, there)


def _compare(loading: Loading, segment: PlannedSegment, planned: Sequence[UUID], there: set[UUID]) -> None:
    wanted = set(planned)
    if missing := wanted - there:
        name = write_ids(loading.folder, segment.legacy_id, "missing", missing)
        raise _Stopped(
            f"{len(missing):,} of {len(wanted):,} members are missing after loading; they are listed in {name}."
        )
    if surplus := there - wanted:
        name = write_ids(loading.folder, segment.legacy_id, "surplus", surplus)
        raise _Stopped(
            f"The group holds {len(surplus):,} members that are not in the plan; they are listed in {name}. "
            "Somebody added them, or the segment changed since an earlier migration. Nothing was removed."
        )


async def read_group(client: Client, segment: UUID, group: UUID) -> set[UUID]:
    """All ids of a static group, read page by page.

    Raises:
        Refused: the group cannot be read.
    """
    there: set[UUID] = set()
    page = 1
    while ids := await realtime.list_group_members(client, segment, group, page):
        there.update(ids)
        page += 1
    return there


async def _publish(loading: Loading, segment: PlannedSegment, at: _At, *, live: bool) -> None:
    at.step = "publish"
    if segment.publish and not live:
        with loading.journal.step(at.legacy_id, "publish", segment.segment_id):
            await realtime.publish_segment_definition(loading.client, segment.segment_id)


def _batches(members: Sequence[UUID]) -> Iterable[Sequence[UUID]]:
    return (members[start : start + MEMBERS_PER_CALL] for start in range(0, len(members), MEMBERS_PER_CALL))


def write_ids(folder: Path, legacy_id: UUID, kind: str, ids: Iterable[UUID]) -> str:
    """Write a list of ids below the run folder; gives its name there."""
    name = f"{DIFFERENCES}/{legacy_id}-{kind}.csv"
    private_folder(folder / DIFFERENCES)
    write_text(folder / name, "contactid\n" + "".join(f"{member}\n" for member in sorted(ids)))
    return name
