"""The endpoints of the real-time segmentation API, one function each, named after them, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from migrator.codes import MEMBERS_PER_CALL, PAGE_SIZE_MAX
from migrator.dataverse.client import Client
from migrator.dataverse.errors import NotFound, Refused, UnexpectedAnswer


async def create_segment_definition(client: Client, definition: Mapping[str, Any]) -> None:
    """Create a row of `msdynmkt_segmentdefinition` under its own id.

    Raises:
        DuplicateKey: it exists already.
        Refused: the service does not take it.
    """
    await client.post("msdynmkt_segmentdefinitions", definition)


async def create_segment(client: Client, segment: Mapping[str, Any]) -> None:
    """Create a row of `msdynmkt_segment` under its own id.

    Raises:
        DuplicateKey: it exists already.
        Refused: the service does not take it.
    """
    await client.post("msdynmkt_segments", segment)


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


async def add_static_members(client: Client, segment: UUID, group: UUID, members: Sequence[UUID]) -> None:
    """`msdynmkt_AddStaticMembers`: add at most 1,000 ids to a group; ids that are in it stay in it once.

    Raises:
        ValueError: more ids than one call takes.
        Refused: the service does not take them.
    """
    if len(members) > MEMBERS_PER_CALL:
        raise ValueError(f"{len(members)} ids in one call")
    body = {"SegmentId": str(segment), "GroupId": str(group), "EntityIds": [str(member) for member in members]}
    await client.post("msdynmkt_AddStaticMembers", body)


async def list_group_members(
    client: Client, segment: UUID, group: UUID, page: int, size: int = PAGE_SIZE_MAX
) -> list[UUID]:
    """`msdynmkt_ListGroupMembers`: page `page` (from 1) of the ids of a group; empty behind the last one.

    Raises:
        UnexpectedAnswer: the answer does not hold ids as documented.
    """
    body = {"SegmentId": str(segment), "GroupId": str(group), "PageNo": page, "PageSize": size}
    answer = await client.post("msdynmkt_ListGroupMembers", body)
    try:
        return [UUID(member) for member in json.loads(answer["Response"])["entityIds"]]
    except (KeyError, TypeError, ValueError) as error:
        raise _unexpected("msdynmkt_ListGroupMembers", answer) from error


async def publish_segment_definition(client: Client, segment: UUID) -> None:
    """`msdynmkt_PublishSegmentDefinition`: validate and publish; the members are computed afterwards.

    Raises:
        Refused: the query is not valid; the message names the place.
    """
    await client.post("msdynmkt_PublishSegmentDefinition", {"SegmentId": str(segment)})


async def members_list(client: Client, segment: UUID) -> list[UUID]:
    """`msdynmkt_MembersList`: the computed members; one id an element, or several joined by commas.

    Raises:
        UnexpectedAnswer: the answer does not hold ids as documented.
        Refused: the segment is not computed.
    """
    answer = await client.post("msdynmkt_MembersList", {"SegmentId": str(segment)})
    status = answer.get("StatusCode", 200)
    if status != 200:
        raise Refused("POST msdynmkt_MembersList", int(status), "", str(answer.get("ResultText", "")))
    try:
        elements = json.loads(answer["ResultText"])["members"]
        return [UUID(part.strip()) for element in elements for part in element.split(",") if part.strip()]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unexpected("msdynmkt_MembersList", answer) from error


def _unexpected(action: str, answer: Mapping[str, Any]) -> UnexpectedAnswer:
    shown = json.dumps(answer, ensure_ascii=False)[:500]
    return UnexpectedAnswer(f"POST {action}", 200, "", f"no list of ids was found in: {shown}")
