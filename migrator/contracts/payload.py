"""What is sent for one segment: the bodies of its two records, its static groups, and whether it is published.

The columns are those of the seed *Create a segment using the Web API*; how long each may be stands in product/codes.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from migrator.contracts.twins import FoundSegment
from migrator.product.codes import (
    AUDIENCE,
    AUDIENCE_KEY,
    SEGMENT_PREFIX,
    DefinitionStatus,
    Scope,
    SegmentSource,
    SegmentStatus,
    SegmentType,
    State,
)


class PayloadKind(StrEnum):
    """What kind of real-time segment a payload makes."""

    STATIC = "static"
    """Its members are named, in manual-select groups."""
    DYNAMIC = "dynamic"
    """Its members are selected by a query (it may have groups, too)."""
    ADOPTED = "adopted"
    """It is there already; nothing is sent."""


_LIVE = frozenset({DefinitionStatus.LIVE, DefinitionStatus.LIVE_WITH_WARNINGS, DefinitionStatus.GOING_LIVE})
_TYPES = {PayloadKind.STATIC: SegmentType.STATIC, PayloadKind.DYNAMIC: SegmentType.DYNAMIC}


@dataclass(frozen=True, slots=True)
class StaticGroup:
    """A manual-select group and the part of the member file that it takes."""

    id: UUID
    name: str
    first: int
    """Position of its first member in the member file, counted from 0."""
    count: int
    """Members in the group."""
    excluded: bool = False
    """Whether it is an Exclude group, filled from the list of exclusions."""


@dataclass(frozen=True, slots=True)
class Payload:
    """Everything that is sent for one segment."""

    kind: PayloadKind
    definition: Mapping[str, Any]
    """Body of POST msdynmkt_segmentdefinitions, its id included."""
    segment: Mapping[str, Any]
    """Body of POST msdynmkt_segments, its id included."""
    groups: tuple[StaticGroup, ...] = ()
    publish: bool = False
    depends_on: tuple[UUID, ...] = ()
    """Legacy ids of the segments that its query refers to; they are loaded first."""

    @property
    def query(self) -> str:
        """The real-time query; empty for a static segment."""
        return str(self.definition["msdynmkt_segmentquery"])

    @property
    def name(self) -> str:
        """The name that the real-time segment gets."""
        return str(self.segment["msdynmkt_displayname"])

    @property
    def description(self) -> str:
        """The description that the real-time segment gets."""
        return str(self.segment.get("msdynmkt_description") or "")

    @property
    def business_unit(self) -> UUID | None:
        """The business unit that is to own the segment; None where it is left to the organisation."""
        bound = re.search(r"\(([0-9a-fA-F-]{36})\)", str(self.segment.get("owningbusinessunit@odata.bind") or ""))
        return UUID(bound[1]) if bound else None

    @property
    def scope_code(self) -> int | None:
        """The scope that the segment gets."""
        code = self.segment.get("msdynmkt_scope")
        return None if code is None else int(code)

    @property
    def static_list_members(self) -> str:
        """The static groups as the definition names them: a JSON array in a string."""
        return str(self.definition.get("msdynmkt_staticlistmembers") or "[]")


@dataclass(frozen=True, slots=True)
class Identity:
    """The ids of the two records of a segment, derived from its legacy id."""

    definition: UUID
    segment: UUID


@dataclass(frozen=True, slots=True)
class SegmentTexts:
    """The texts as they are sent, each already of a length that fits."""

    name: str
    description: str
    scope: Scope
    created_on: str = ""
    """When the legacy segment was made, ISO 8601; empty where nobody knows."""
    created_by: str = ""
    business_unit: UUID | None = None


def payload(
    kind: PayloadKind,
    ids: Identity,
    texts: SegmentTexts,
    *,
    query: str = "",
    groups: tuple[StaticGroup, ...] = (),
    publish: bool = False,
    depends_on: tuple[UUID, ...] = (),
    refresh_minutes: int | None = None,
    time_zone: int | None = None,
) -> Payload:
    """Put together what is sent for one segment. It is always created as a draft: publishing comes last.

    Args:
        kind: what kind of segment it becomes.
        ids: the ids of its records.
        texts: its name, description, scope and origin.
        query: the real-time query; empty for a static segment.
        groups: its static groups.
        publish: whether it is published after loading.
        depends_on: legacy ids of the segments that the query refers to.
        refresh_minutes: minutes between two refreshes; None leaves it to the product.
        time_zone: code of the zone in which relative dates count; None leaves it to the product.
    """
    definition: dict[str, Any] = {
        "msdynmkt_segmentdefinitionid": str(ids.definition),
        "msdynmkt_name": texts.name,
        "msdynmkt_segmentquery": query,
        "msdynmkt_staticlistmembers": static_list_members(groups),
        "statecode": int(State.ACTIVE),
        "statuscode": int(DefinitionStatus.DRAFT),
    }
    if texts.created_on:
        definition["msdynmkt_sourcesegmentcreatedon"] = texts.created_on
    if texts.created_by:
        definition["msdynmkt_sourcesegmentcreatedby"] = texts.created_by
    if refresh_minutes and kind is PayloadKind.DYNAMIC:
        definition["msdynmkt_disablesegmentrefresh"] = False
        definition["msdynmkt_segmentrefreshintervalminutes"] = refresh_minutes
    if time_zone is not None:
        definition["msdynmkt_timezonecode"] = time_zone
    segment: dict[str, Any] = {
        "msdynmkt_segmentid": str(ids.segment),
        "msdynmkt_displayname": texts.name,
        "msdynmkt_description": texts.description,
        "msdynmkt_type": int(_TYPES[kind]),
        "msdynmkt_source": int(SegmentSource.JOURNEYS),
        "msdynmkt_baseentitylogicalname": AUDIENCE,
        "msdynmkt_cdmpartitionprimarykeycolumn": AUDIENCE_KEY,
        "msdynmkt_sourcesegmentuid": str(ids.definition),
        "msdynmkt_scope": int(texts.scope),
        "statecode": int(State.INACTIVE),
        "statuscode": int(SegmentStatus.INACTIVE),
    }
    if texts.business_unit:
        segment["owningbusinessunit@odata.bind"] = f"/businessunits({texts.business_unit})"
    return Payload(kind, definition, segment, groups, publish, depends_on)


def adopted(found: FoundSegment) -> Payload:
    """What stands for a real-time segment that is there already: as it was found, and nothing is sent for it.

    Args:
        found: the segment.
    """
    definition = {
        "msdynmkt_segmentdefinitionid": str(found.definition_id),
        "msdynmkt_name": found.name,
        "msdynmkt_segmentquery": found.query,
        "msdynmkt_staticlistmembers": found.static_list_members,
    }
    segment = {
        "msdynmkt_segmentid": str(found.id),
        "msdynmkt_displayname": found.name,
        "msdynmkt_sourcesegmentuid": str(found.definition_id),
    }
    # It is not published by us, but it has to stay live for what it succeeds.
    return Payload(PayloadKind.ADOPTED, definition, segment, publish=found.status_code in _LIVE)


def renamed(sent: Payload, name: str) -> Payload:
    """The same payload under another name."""
    definition = {**sent.definition, "msdynmkt_name": name}
    return replace(sent, definition=definition, segment={**sent.segment, "msdynmkt_displayname": name})


def referring(sent: Payload, references: Mapping[UUID, UUID]) -> Payload:
    """The same payload, whose query refers to other real-time segments.

    Args:
        sent: the payload.
        references: a segment's id → the one that takes its place.
    """
    query = sent.query
    for old, new in references.items():
        query = re.sub(rf"(?i)(?<={SEGMENT_PREFIX}){old.hex}", new.hex, query)
    if query == sent.query:
        return sent
    return replace(sent, definition={**sent.definition, "msdynmkt_segmentquery": query})


def static_list_members(groups: Iterable[StaticGroup]) -> str:
    """`msdynmkt_staticlistmembers`: a JSON array in a string, an entry a group (seed)."""
    entries = [
        {
            "groupId": str(group.id),
            "includeType": "Exclude" if group.excluded else "Include",
            "name": group.name,
            "inputType": "manualSelect",
        }
        for group in groups
    ]
    return json.dumps(entries, ensure_ascii=False)


def payload_from_format_1(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    """The payload of a segment of plan format 1, where its five parts stood beside each other; None where none was."""
    if entry.get("definition") is None or entry.get("segment") is None:
        return None
    static = entry["segment"].get("msdynmkt_type") == SegmentType.STATIC
    return {
        "kind": PayloadKind.STATIC if static else PayloadKind.DYNAMIC,
        "definition": entry["definition"],
        "segment": entry["segment"],
        "groups": entry.get("groups", []),
        "publish": entry.get("publish", False),
        "depends_on": entry.get("depends_on", []),
    }
