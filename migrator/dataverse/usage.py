"""Which journeys use which segment, as far as the rows of the organisation tell it. Reads only.

A journey holds the ids of its segments in its JSON; `msdynmkt_segmentusage` has a row for each use; outbound segments
that real-time journeys see have rows of their own in `msdynmkt_segment` (source 10). What cannot be read is named.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from migrator.base.cells import count, identity, number, text
from migrator.dataverse.client import Client
from migrator.dataverse.errors import NotFound, Refused
from migrator.product.codes import SegmentSource

_FORMATTED = "OData.Community.Display.V1.FormattedValue"
_LABELS = f'odata.include-annotations="{_FORMATTED}"'
_ROWS_PER_PAGE = 100
"""A journey holds its whole design: 5,000 of them are more than any answer can be."""
_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32}", re.IGNORECASE)
_COLUMNS = (
    "msdynmkt_segmentid,msdynmkt_displayname,msdynmkt_source,msdynmkt_sourcesegmentuid,msdynmkt_membercount,statuscode,"
    "createdon"
)
_USE_COLUMNS = "msdynmkt_publishedjourneycount,msdynmkt_lastusedinjourney"


@dataclass(frozen=True, slots=True)
class JourneyRow:
    """One journey, real-time or outbound."""

    id: UUID
    name: str
    status_code: int | None
    label: str
    """Its status in the organisation's own words; empty where it gives none."""
    mentions: frozenset[UUID]
    """Every id in its design."""
    designed: bool
    """Whether its design could be read."""


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One row of `msdynmkt_segmentusage`."""

    segment: UUID
    dependent: UUID | None
    """A journey, or another segment."""
    journey: UUID | None


@dataclass(frozen=True, slots=True)
class UsedSegment:
    """One row of `msdynmkt_segment`, with what it says of its use."""

    id: UUID
    name: str
    source: int | None
    source_id: UUID | None
    """The definition of a real-time segment; the outbound segment of a row of source 10."""
    member_count: int | None
    status_code: int | None
    created_on: str
    published: int | None = None
    """Live journeys that use it; None where it does not say."""
    last_used: str = ""
    """When a journey last used it, ISO 8601; empty where it does not say."""

    @property
    def outbound(self) -> bool:
        """Whether it shows an outbound segment to real-time journeys."""
        return self.source == SegmentSource.OUTBOUND


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at what uses segments."""

    segments: tuple[UsedSegment, ...] = ()
    usages: tuple[UsageRow, ...] = ()
    journeys: tuple[JourneyRow, ...] = ()
    outbound_journeys: tuple[JourneyRow, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    """`segments`, `counts`, `usages`, `journeys`, `outbound_journeys` → why it could not be read."""


async def look(client: Client) -> Seen:
    """Everything that tells which journeys use which segment; what cannot be read is named, and is no error.

    Raises:
        DataverseError: the organisation cannot be reached.
    """
    unread: dict[str, str] = {}
    segments: list[UsedSegment] = []
    try:
        segments = [one async for one in retrieve_used_segments(client)]
    except Refused as error:
        unread["counts"] = error.summary
        try:  # an older organisation may not have these columns
            segments = [one async for one in retrieve_used_segments(client, counts=False)]
        except Refused as again:
            unread["segments"] = again.summary
    usages: list[UsageRow] = []
    try:
        usages = [one async for one in retrieve_segment_usages(client)]
    except Refused as error:
        unread["usages"] = error.summary
    journeys: list[JourneyRow] = []
    try:
        journeys = [one async for one in retrieve_journeys(client)]
    except Refused as error:
        unread["journeys"] = error.summary
    outbound: list[JourneyRow] = []
    try:
        outbound = [one async for one in retrieve_customer_journeys(client)]
    except NotFound:
        pass  # without the table there are no such journeys
    except Refused as error:
        unread["outbound_journeys"] = error.summary
    return Seen(tuple(segments), tuple(usages), tuple(journeys), tuple(outbound), unread)


async def retrieve_used_segments(client: Client, *, counts: bool = True) -> AsyncIterator[UsedSegment]:
    """Every row of `msdynmkt_segment`, of every source.

    Args:
        client: the organisation.
        counts: whether the two columns about journeys are asked for.

    Raises:
        Refused: the rows, or these columns, cannot be read.
    """
    columns = f"{_COLUMNS},{_USE_COLUMNS}" if counts else _COLUMNS
    async for row in client.rows(f"msdynmkt_segments?$select={columns}"):
        if (key := identity(row.get("msdynmkt_segmentid"))) is not None:
            yield UsedSegment(
                key,
                text(row.get("msdynmkt_displayname")) or "",
                number(row.get("msdynmkt_source")),
                identity(row.get("msdynmkt_sourcesegmentuid")),
                count(row.get("msdynmkt_membercount")),
                number(row.get("statuscode")),
                text(row.get("createdon")) or "",
                count(row.get("msdynmkt_publishedjourneycount")),
                text(row.get("msdynmkt_lastusedinjourney")) or "",
            )


async def retrieve_segment_usages(client: Client) -> AsyncIterator[UsageRow]:
    """Every row of `msdynmkt_segmentusage`.

    Raises:
        Refused: the rows cannot be read.
    """
    async for row in client.rows("msdynmkt_segmentusages"):
        if (segment := _lookup(row, "msdynmkt_targetsegmentid")) is not None:
            yield UsageRow(segment, _lookup(row, "msdynmkt_dependententityid"), _lookup(row, "msdynmkt_journeyid"))


async def retrieve_journeys(client: Client) -> AsyncIterator[JourneyRow]:
    """Every row of `msdynmkt_journey`, with the ids in its JSON.

    Raises:
        Refused: the rows cannot be read.
    """
    path = "msdynmkt_journeys?$select=msdynmkt_journeyid,msdynmkt_name,statuscode,msdynmkt_journeyjson"
    async for row in client.rows(path, page_size=_ROWS_PER_PAGE, prefer=_LABELS):
        if found := _journey(row, "msdynmkt_journeyid", "msdynmkt_name", "msdynmkt_journeyjson"):
            yield found


async def retrieve_customer_journeys(client: Client) -> AsyncIterator[JourneyRow]:
    """Every row of `msdyncrm_customerjourney`, with the ids in its workflow and its suppression segment.

    Raises:
        Refused: the rows cannot be read.
    """
    select = (
        "msdyncrm_customerjourneyid,msdyncrm_name,statuscode,msdyncrm_workflowdefinition,"
        "_msdyncrm_suppressionsegmentid_value"
    )
    path = f"msdyncrm_customerjourneys?$select={select}"
    async for row in client.rows(path, page_size=_ROWS_PER_PAGE, prefer=_LABELS):
        design = ("msdyncrm_workflowdefinition", "_msdyncrm_suppressionsegmentid_value")
        if found := _journey(row, "msdyncrm_customerjourneyid", "msdyncrm_name", *design):
            yield found


def _journey(row: Mapping[str, Any], key: str, name: str, *design: str) -> JourneyRow | None:
    found = identity(row.get(key))
    if found is None:
        return None
    texts = [str(row[column]) for column in design if row.get(column)]
    mentions = frozenset(UUID(one) for written in texts for one in _ID.findall(written))
    label = text(row.get(f"statuscode@{_FORMATTED}")) or ""
    return JourneyRow(found, text(row.get(name)) or "", number(row.get("statuscode")), label, mentions, bool(texts))


def _lookup(row: Mapping[str, Any], column: str) -> UUID | None:
    """A lookup, as the Web API shows it, or as a plain column."""
    return identity(row.get(f"_{column}_value") or row.get(column))
