"""What the organisation holds already of the records that a plan is about: one look for all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from migrator.contracts.plan import PlannedSegment
from migrator.dataverse import realtime
from migrator.dataverse.client import Client
from migrator.product.codes import DefinitionStatus

PUBLISHED = frozenset({DefinitionStatus.LIVE, DefinitionStatus.LIVE_WITH_WARNINGS, DefinitionStatus.GOING_LIVE})


Rows = Mapping[UUID, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class There:
    """Rows of records that were found, by id."""

    definitions: Rows
    segments: Rows


async def look(client: Client, planned: Collection[PlannedSegment]) -> There:
    """Find the records of the planned segments; a page holds 5,000, so this is quick also for many.

    Raises:
        DataverseError: the organisation cannot be read.
    """
    wanted = {segment.definition_id for segment in planned}
    rows = realtime.retrieve_segment_definitions(client)
    return There(await _those(rows, "msdynmkt_segmentdefinitionid", wanted), await look_at_segments(client, planned))


async def look_at_segments(client: Client, planned: Collection[PlannedSegment]) -> Rows:
    """Find the rows of `msdynmkt_segment` alone.

    Raises:
        DataverseError: the organisation cannot be read.
    """
    wanted = {segment.segment_id for segment in planned}
    return await _those(realtime.retrieve_segments(client), "msdynmkt_segmentid", wanted)


async def _those(rows: AsyncIterator[dict[str, Any]], key: str, wanted: Collection[UUID]) -> Rows:
    found = {}
    async for row in rows:
        identity = UUID(str(row[key]))
        if identity in wanted:
            found[identity] = row
    return found


def is_published(definition: Mapping[str, Any] | None) -> bool:
    """Whether a definition is live, or on its way there."""
    return definition is not None and definition.get("statuscode") in PUBLISHED
