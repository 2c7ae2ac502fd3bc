"""The endpoints of the real-time segmentation API, one function each, named after them, and nothing else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

from migrator.base.ids import Ids, from_texts, texts
from migrator.dataverse.client import Client
from migrator.dataverse.errors import NotFound, Refused, UnexpectedAnswer
from migrator.product.codes import MEMBERS_PER_CALL, PAGE_SIZE_MAX


async def create_segment_definition(client: Client, definition: Mapping[str, Any]) -> None:
    """Create a row of `msdynmkt_segmentdefinition` under its own id.

    Raises:
        DuplicateKey: it exists already.
        Refused: the service does not take it.
    """
    await client.write("POST", "msdynmkt_segmentdefinitions", definition)


async def create_segment(client: Client, segment: Mapping[str, Any]) -> None:
    """Create a row of `msdynmkt_segment` under its own id.

    Raises:
        DuplicateKey: it exists already.
        Refused: the service does not take it.
    """
    await client.write("POST", "msdynmkt_segments", segment)


async def update_segment_definition(client: Client, definition: UUID, changes: Mapping[str, Any]) -> None:
    """Change columns of a row of `msdynmkt_segmentdefinition` that exists.

    Raises:
        NotFound: it does not exist.
        Refused: the service does not take it.
    """
    await client.write("PATCH", f"msdynmkt_segmentdefinitions({definition})", changes)


async def update_segment(client: Client, segment: UUID, changes: Mapping[str, Any]) -> None:
    """Change columns of a row of `msdynmkt_segment` that exists.

    Raises:
        NotFound: it does not exist.
        Refused: the service does not take it.
    """
    await client.write("PATCH", f"msdynmkt_segments({segment})", changes)


async def delete_segment_definition(client: Client, definition: UUID) -> None:
    """Delete a row of `msdynmkt_segmentdefinition`.

    Raises:
        NotFound: it does not exist.
        Refused: the service does not take it.
    """
    await client.write("DELETE", f"msdynmkt_segmentdefinitions({definition})")


async def delete_segment(client: Client, segment: UUID) -> None:
    """Delete a row of `msdynmkt_segment`.

    Raises:
        NotFound: it does not exist.
        Refused: the service does not take it.
    """
    await client.write("DELETE", f"msdynmkt_segments({segment})")


_DEFINITION_COLUMNS = (
    "msdynmkt_segmentdefinitionid,msdynmkt_segmentquery,msdynmkt_staticlistmembers,statecode,statuscode"
)
_SEGMENT_COLUMNS = (
    "msdynmkt_segmentid,msdynmkt_displayname,msdynmkt_description,msdynmkt_sourcesegmentuid,msdynmkt_membercount,"
    "statecode,statuscode"
)


def retrieve_segment_definitions(client: Client, containing: str = "") -> AsyncIterator[dict[str, Any]]:
    """Every row of `msdynmkt_segmentdefinition`, or those whose query contains a text.

    Raises:
        DataverseError: the rows cannot be read.
    """
    test = quote(f"contains(msdynmkt_segmentquery,'{containing}')")
    path = f"msdynmkt_segmentdefinitions?$select={_DEFINITION_COLUMNS}"
    return client.rows(f"{path}&$filter={test}" if containing else path)


def retrieve_segments(client: Client) -> AsyncIterator[dict[str, Any]]:
    """Every row of `msdynmkt_segment`.

    Raises:
        DataverseError: the rows cannot be read.
    """
    return client.rows(f"msdynmkt_segments?$select={_SEGMENT_COLUMNS}")


async def retrieve_segment_definition(client: Client, definition: UUID) -> dict[str, Any] | None:
    """A row of `msdynmkt_segmentdefinition`; None when there is none."""
    return await _row(client, f"msdynmkt_segmentdefinitions({definition})")


async def retrieve_segment(client: Client, segment: UUID) -> dict[str, Any] | None:
    """A row of `msdynmkt_segment`; None when there is none."""
    return await _row(client, f"msdynmkt_segments({segment})")


async def _row(client: Client, path: str) -> dict[str, Any] | None:
    try:
        return await client.get(path)
    except NotFound as error:
        # A table that does not exist is something else than a record that does not.
        if type(error) is not NotFound:
            raise
        return None


async def add_static_members(client: Client, segment: UUID, group: UUID, members: Ids) -> None:
    """`msdynmkt_AddStaticMembers`: add at most 1,000 ids to a group; ids that are in it stay in it once.

    Raises:
        ValueError: more ids than one call takes.
        Refused: the service does not take them.
    """
    await client.write("POST", "msdynmkt_AddStaticMembers", _members_body(segment, group, members))


async def remove_static_members(client: Client, segment: UUID, group: UUID, members: Ids) -> None:
    """`msdynmkt_RemoveStaticMembers`: remove at most 1,000 ids from a group; ids that are not in it are passed over.

    Raises:
        ValueError: more ids than one call takes.
        Refused: the service does not take them.
    """
    await client.write("POST", "msdynmkt_RemoveStaticMembers", _members_body(segment, group, members))


def _members_body(segment: UUID, group: UUID, members: Ids) -> dict[str, Any]:
    if len(members) > MEMBERS_PER_CALL:
        raise ValueError(f"{len(members)} ids in one call")
    return {"SegmentId": str(segment), "GroupId": str(group), "EntityIds": texts(members)}


async def list_group_members(client: Client, segment: UUID, group: UUID, page: int, size: int = PAGE_SIZE_MAX) -> Ids:
    """`msdynmkt_ListGroupMembers`: page `page` (from 1) of the ids of a group; empty behind the last one.

    Raises:
        UnexpectedAnswer: the answer does not hold ids as documented.
    """
    body = {"SegmentId": str(segment), "GroupId": str(group), "PageNo": page, "PageSize": size}
    answer = await client.ask("msdynmkt_ListGroupMembers", body)
    try:
        return from_texts(json.loads(answer["Response"])["entityIds"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unexpected("msdynmkt_ListGroupMembers", answer) from error


async def publish_segment_definition(client: Client, segment: UUID) -> None:
    """`msdynmkt_PublishSegmentDefinition`: validate and publish; the members are computed afterwards.

    Raises:
        Refused: the query is not valid; the message names the place.
    """
    await client.write("POST", "msdynmkt_PublishSegmentDefinition", {"SegmentId": str(segment)})


async def members_list(client: Client, segment: UUID) -> Ids:
    """`msdynmkt_MembersList`: the computed members; one id an element, or several joined by commas.

    Raises:
        UnexpectedAnswer: the answer does not hold ids as documented.
        Refused: the segment is not computed.
    """
    answer = await client.ask("msdynmkt_MembersList", {"SegmentId": str(segment)})
    status = answer.get("StatusCode", 200)
    if status != 200:
        raise Refused("POST msdynmkt_MembersList", int(status), "", str(answer.get("ResultText", "")))
    try:
        elements = json.loads(answer["ResultText"])["members"]
        return from_texts([part.strip() for element in elements for part in element.split(",") if part.strip()])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unexpected("msdynmkt_MembersList", answer) from error


@dataclass(frozen=True, slots=True)
class Stopped:
    """What became of the wish to stop one segment."""

    was_stopped: bool
    journeys: tuple[str, ...] = ()
    """The journeys that use it."""
    segments: tuple[str, ...] = ()
    """The segments whose query refers to it."""


async def stop_segment(client: Client, segment: UUID) -> Stopped:
    """`msdynmkt_StopSegments` for one segment: it is stopped, or whoever uses it is named.

    Raises:
        UnexpectedAnswer: the answer is not as documented.
        Refused: the service does not do it.
    """
    answer = await client.write("POST", "msdynmkt_StopSegments", {"SegmentIdList": [str(segment)]})
    try:
        entries = answer["Response"] if "Response" in answer else answer["value"]
        entry = (json.loads(entries) if isinstance(entries, str) else entries)[0]
        return Stopped(
            bool(entry["WasStopped"]),
            tuple(map(str, entry.get("DependentJourneys") or ())),
            tuple(map(str, entry.get("DependentSegments") or ())),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        shown = json.dumps(answer, ensure_ascii=False)[:500]
        raise UnexpectedAnswer(
            "POST msdynmkt_StopSegments", 200, "", f"whether it stopped cannot be read from: {shown}"
        ) from error


def _unexpected(action: str, answer: Mapping[str, Any]) -> UnexpectedAnswer:
    shown = json.dumps(answer, ensure_ascii=False)[:500]
    return UnexpectedAnswer(f"POST {action}", 200, "", f"no list of ids was found in: {shown}")
