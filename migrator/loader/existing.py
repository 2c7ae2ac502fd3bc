"""What the organisation holds already of the records that a plan is about: one look for all of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from migrator.contracts.plan import PlannedSegment
from migrator.dataverse import realtime
from migrator.dataverse.client import Client
from migrator.dataverse.realtime import DefinitionRow, SegmentRow
from migrator.product.codes import DefinitionStatus

PUBLISHED = frozenset({DefinitionStatus.LIVE, DefinitionStatus.LIVE_WITH_WARNINGS, DefinitionStatus.GOING_LIVE})


@dataclass(frozen=True, slots=True)
class Existing:
    """Rows of records that were found, by id."""

    definitions: Mapping[UUID, DefinitionRow]
    segments: Mapping[UUID, SegmentRow]


async def look(client: Client, planned: Collection[PlannedSegment]) -> Existing:
    """Find the records of the planned segments; a page holds 5,000, so this is quick also for many.

    Raises:
        DataverseError: the organisation cannot be read.
    """
    wanted = {segment.definition_id for segment in planned}
    definitions = {row.id: row async for row in realtime.retrieve_segment_definitions(client) if row.id in wanted}
    return Existing(definitions, await look_at_segments(client, planned))


async def look_at_segments(client: Client, planned: Collection[PlannedSegment]) -> Mapping[UUID, SegmentRow]:
    """Find the rows of `msdynmkt_segment` alone.

    Raises:
        DataverseError: the organisation cannot be read.
    """
    wanted = {segment.segment_id for segment in planned}
    return {row.id: row async for row in realtime.retrieve_segments(client) if row.id in wanted}


def is_published(definition: DefinitionRow | None) -> bool:
    """Whether a definition is live, or on its way there."""
    return definition is not None and definition.status_code in PUBLISHED
