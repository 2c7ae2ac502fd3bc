"""What the organisation holds already of the records that a plan is about: one look for all of them.

What can be done with a definition depends on its `statuscode` alone: which `statecode` a published one has is unproven.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID

from migrator.contracts.plan import PlannedSegment
from migrator.contracts.twins import name_key
from migrator.dataverse import realtime
from migrator.dataverse.client import Client
from migrator.dataverse.realtime import DefinitionRow, SegmentRow
from migrator.product.codes import DefinitionStatus, SegmentSource


class Phase(Enum):
    """What a definition is ready for."""

    EDITABLE = "editable"
    """It can be changed and published: a draft, or a stopped one."""
    PUBLISHED = "published"
    """It is live or on its way there; it is not changed."""
    STOPPING = "stopping"
    """It is on its way to stopped."""
    DELETED = "deleted"
    """It is marked as deleted."""
    UNKNOWN = "unknown"
    """Its status is none that this version knows; it may be live, so it is not changed."""


PHASES: Mapping[int | None, Phase] = {
    DefinitionStatus.DRAFT: Phase.EDITABLE,
    DefinitionStatus.STOPPED: Phase.EDITABLE,
    DefinitionStatus.LIVE: Phase.PUBLISHED,
    DefinitionStatus.LIVE_WITH_WARNINGS: Phase.PUBLISHED,
    DefinitionStatus.GOING_LIVE: Phase.PUBLISHED,
    DefinitionStatus.STOPPING: Phase.STOPPING,
    DefinitionStatus.DELETED: Phase.DELETED,
}
"""Every status has its phase; one that is not here has the phase *unknown*."""


def phase_of(definition: DefinitionRow) -> Phase:
    """What a definition is ready for."""
    return PHASES.get(definition.status_code, Phase.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Existing:
    """Rows of records that were found, by id."""

    definitions: Mapping[UUID, DefinitionRow]
    segments: Mapping[UUID, SegmentRow]
    namesakes: Mapping[str, Collection[UUID]] = field(default_factory=dict)
    """By name (`name_key`): real-time segments that are none of the plan's."""


async def look(
    client: Client, planned: Collection[PlannedSegment], everything: Collection[PlannedSegment] = ()
) -> Existing:
    """Find the records of the planned segments; a page holds 5,000, so this is quick also for many.

    Args:
        client: the organisation.
        planned: the segments whose records are wanted.
        everything: all segments of the plan: what else there is are namesakes of theirs.

    Raises:
        DataverseError: the organisation cannot be read.
    """
    wanted = {segment.segment_id for segment in planned}
    ours = wanted | {segment.segment_id for segment in everything}
    found: dict[UUID, SegmentRow] = {}
    namesakes: dict[str, list[UUID]] = {}
    async for row in realtime.retrieve_segments(client):
        if row.id in wanted:
            found[row.id] = row
        elif row.id not in ours and row.source != SegmentSource.OUTBOUND and row.name:
            namesakes.setdefault(name_key(row.name), []).append(row.id)
    return Existing(await look_at_definitions(client, planned), found, namesakes)


async def look_at_definitions(client: Client, planned: Collection[PlannedSegment]) -> Mapping[UUID, DefinitionRow]:
    """Find the rows of `msdynmkt_segmentdefinition` alone.

    Raises:
        DataverseError: the organisation cannot be read.
    """
    wanted = {segment.definition_id for segment in planned}
    return {row.id: row async for row in realtime.retrieve_segment_definitions(client) if row.id in wanted}


async def look_at_segments(client: Client, planned: Collection[PlannedSegment]) -> Mapping[UUID, SegmentRow]:
    """Find the rows of `msdynmkt_segment` alone.

    Raises:
        DataverseError: the organisation cannot be read.
    """
    wanted = {segment.segment_id for segment in planned}
    return {row.id: row async for row in realtime.retrieve_segments(client) if row.id in wanted}
