"""The endpoints of the real-time segmentation API, one function each, named after them, and nothing else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID

from migrator.base.cells import count, identity, number, text
from migrator.base.ids import Ids, from_texts, texts
from migrator.base.server_text import Kept, reason_in, sanitised, shape_of
from migrator.dataverse.client import Client
from migrator.dataverse.errors import NotFound, UnexpectedAnswer, Unsettled
from migrator.dataverse.sending import checked_action, error_of
from migrator.product.codes import MEMBERS_PER_CALL, PAGE_SIZE_MAX

T = TypeVar("T")

_ODD = (KeyError, TypeError, ValueError, AttributeError, RecursionError)
"""What comes of reading an answer that is not as the documents have it."""

# --- rows ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DefinitionRow:
    """One row of `msdynmkt_segmentdefinition`."""

    id: UUID
    query: str | None
    static_list_members: str | None
    """Its groups: a JSON array in a string."""
    status_code: int | None
    created_on: str = ""
    """When it was created, by the organisation's clock; ISO 8601."""


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One row of `msdynmkt_segment`."""

    id: UUID
    name: str | None
    description: str | None
    definition_id: UUID | None
    """The definition that it belongs to; None where what stands there is no id."""
    member_count: int | None
    """None until it is computed."""
    status_code: int | None
    business_unit: UUID | None = None
    """The one that owns it."""
    created_on: str = ""
    """When it was created, by the organisation's clock; ISO 8601."""
    source: int | None = None
    """`msdynmkt_source`."""


@dataclass(frozen=True, slots=True)
class DefinitionChange:
    """Columns of a definition that get another value; None leaves one as it is."""

    query: str | None = None
    static_list_members: str | None = None

    def __bool__(self) -> bool:
        """Whether anything changes."""
        return self != DefinitionChange()

    @property
    def columns(self) -> dict[str, str]:
        """The new values, by column."""
        return _set({"msdynmkt_segmentquery": self.query, "msdynmkt_staticlistmembers": self.static_list_members})

    def before(self, row: DefinitionRow) -> dict[str, str | None]:
        """The values that the same columns have in `row`."""
        now = {"msdynmkt_segmentquery": row.query, "msdynmkt_staticlistmembers": row.static_list_members}
        return {name: now[name] for name in self.columns}


@dataclass(frozen=True, slots=True)
class SegmentChange:
    """Columns of a segment that get another value; None leaves one as it is."""

    name: str | None = None
    description: str | None = None

    def __bool__(self) -> bool:
        """Whether anything changes."""
        return self != SegmentChange()

    @property
    def columns(self) -> dict[str, str]:
        """The new values, by column."""
        return _set({"msdynmkt_displayname": self.name, "msdynmkt_description": self.description})

    def before(self, row: SegmentRow) -> dict[str, str | None]:
        """The values that the same columns have in `row`."""
        now = {"msdynmkt_displayname": row.name, "msdynmkt_description": row.description}
        return {name: now[name] for name in self.columns}


def group_kinds(static_list_members: str | None) -> dict[str, str]:
    """Group id → Include or Exclude, of a definition's static groups; what cannot be read equals nothing."""
    try:
        return {
            str(entry["groupId"]).lower(): str(entry["includeType"])
            for entry in json.loads(static_list_members or "[]")
        }
    except _ODD:
        return {"unreadable": ""}


def _set(columns: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in columns.items() if value is not None}


def _definition_row(row: Mapping[str, Any]) -> DefinitionRow | None:
    """The row, typed; None for one without a readable id, which can be none of ours."""
    key = identity(row.get("msdynmkt_segmentdefinitionid"))
    if key is None:
        return None
    return DefinitionRow(
        key,
        text(row.get("msdynmkt_segmentquery")),
        text(row.get("msdynmkt_staticlistmembers")),
        number(row.get("statuscode")),
        text(row.get("createdon")) or "",
    )


def _segment_row(row: Mapping[str, Any]) -> SegmentRow | None:
    """The row, typed; None for one without a readable id, which can be none of ours."""
    key = identity(row.get("msdynmkt_segmentid"))
    if key is None:
        return None
    return SegmentRow(
        key,
        text(row.get("msdynmkt_displayname")),
        text(row.get("msdynmkt_description")),
        identity(row.get("msdynmkt_sourcesegmentuid")),
        count(row.get("msdynmkt_membercount")),
        number(row.get("statuscode")),
        identity(row.get("_owningbusinessunit_value")),
        text(row.get("createdon")) or "",
        number(row.get("msdynmkt_source")),
    )


# --- tables ----------------------------------------------------------------------------------------------------------


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


async def update_segment_definition(client: Client, definition: UUID, change: DefinitionChange) -> None:
    """Change columns of a row of `msdynmkt_segmentdefinition` that exists.

    Args:
        client: the organisation.
        definition: its id.
        change: the columns that change.

    Raises:
        NotFound: it does not exist.
        Refused: the service does not take it.
    """
    await client.write("PATCH", f"msdynmkt_segmentdefinitions({definition})", change.columns)


async def update_segment(client: Client, segment: UUID, change: SegmentChange) -> None:
    """Change columns of a row of `msdynmkt_segment` that exists.

    Args:
        client: the organisation.
        segment: its id.
        change: the columns that change.

    Raises:
        NotFound: it does not exist.
        Refused: the service does not take it.
    """
    await client.write("PATCH", f"msdynmkt_segments({segment})", change.columns)


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


# `statecode` is not asked for: after publishing it may be either (published metadata), so nothing is judged by it.
_DEFINITION_COLUMNS = (
    "msdynmkt_segmentdefinitionid,msdynmkt_segmentquery,msdynmkt_staticlistmembers,statuscode,createdon"
)
_SEGMENT_COLUMNS = (
    "msdynmkt_segmentid,msdynmkt_displayname,msdynmkt_description,msdynmkt_sourcesegmentuid,msdynmkt_membercount,"
    "statuscode,_owningbusinessunit_value,createdon,msdynmkt_source"
)


async def retrieve_segment_definitions(client: Client, containing: str = "") -> AsyncIterator[DefinitionRow]:
    """Every row of `msdynmkt_segmentdefinition`, or those whose query contains a text.

    Raises:
        DataverseError: the rows cannot be read.
    """
    test = quote(f"contains(msdynmkt_segmentquery,'{containing}')")
    path = f"msdynmkt_segmentdefinitions?$select={_DEFINITION_COLUMNS}"
    async for row in client.rows(f"{path}&$filter={test}" if containing else path):
        if found := _definition_row(row):
            yield found


async def retrieve_segments(client: Client) -> AsyncIterator[SegmentRow]:
    """Every row of `msdynmkt_segment`.

    Raises:
        DataverseError: the rows cannot be read.
    """
    async for row in client.rows(f"msdynmkt_segments?$select={_SEGMENT_COLUMNS}"):
        if found := _segment_row(row):
            yield found


async def retrieve_segment_definition(client: Client, definition: UUID) -> DefinitionRow | None:
    """A row of `msdynmkt_segmentdefinition`; None when there is none."""
    return await _row(client, f"msdynmkt_segmentdefinitions({definition})", _definition_row)


async def retrieve_segment(client: Client, segment: UUID) -> SegmentRow | None:
    """A row of `msdynmkt_segment`; None when there is none."""
    return await _row(client, f"msdynmkt_segments({segment})", _segment_row)


async def _row(client: Client, path: str, typed: Callable[[Mapping[str, Any]], T | None]) -> T | None:
    try:
        row = await client.get(path)
    except NotFound as error:
        # A table that does not exist is something else than a record that does not.
        if type(error) is not NotFound:
            raise
        return None
    if found := typed(row):
        return found
    raise UnexpectedAnswer(f"GET {path}", 200, "", Kept("the row has no readable id"))


# --- actions ---------------------------------------------------------------------------------------------------------


async def add_static_members(client: Client, segment: UUID, group: UUID, members: Ids) -> None:
    """`msdynmkt_AddStaticMembers`: add at most 1,000 ids to a group; ids that are in it stay in it once.

    Args:
        client: the organisation.
        segment: the real-time segment's id.
        group: the group's id.
        members: contacts' ids, at most 1,000.

    Raises:
        ValueError: more ids than one call takes.
        Refused: the service does not take them, by its status or in the answer's body.
    """
    await _act(client, "msdynmkt_AddStaticMembers", _members_body(segment, group, members))


async def remove_static_members(client: Client, segment: UUID, group: UUID, members: Ids) -> None:
    """`msdynmkt_RemoveStaticMembers`: remove at most 1,000 ids from a group; ids that are not in it are passed over.

    Args:
        client: the organisation.
        segment: the real-time segment's id.
        group: the group's id.
        members: contacts' ids, at most 1,000.

    Raises:
        ValueError: more ids than one call takes.
        Refused: the service does not take them, by its status or in the answer's body.
    """
    await _act(client, "msdynmkt_RemoveStaticMembers", _members_body(segment, group, members))


async def _act(client: Client, action: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out an action that changes something; a refusal inside a good answer is a refusal."""
    answer = await client.write("POST", action, body)
    checked_action(action, answer)
    return answer


def _members_body(segment: UUID, group: UUID, members: Ids) -> dict[str, Any]:
    if len(members) > MEMBERS_PER_CALL:
        raise ValueError(f"{len(members)} ids in one call")
    return {"SegmentId": str(segment), "GroupId": str(group), "EntityIds": texts(members)}


async def list_group_members(client: Client, segment: UUID, group: UUID, page: int, size: int = PAGE_SIZE_MAX) -> Ids:
    """`msdynmkt_ListGroupMembers`: page `page` (from 1) of the ids of a group; empty behind the last one.

    Args:
        client: the organisation.
        segment: the real-time segment's id.
        group: the group's id.
        page: from 1.
        size: ids a page.

    Raises:
        UnexpectedAnswer: the answer does not hold ids as documented.
    """
    body = {"SegmentId": str(segment), "GroupId": str(group), "PageNo": page, "PageSize": size}
    answer = await client.ask("msdynmkt_ListGroupMembers", body)
    try:
        return from_texts(json.loads(answer["Response"])["entityIds"])
    except _ODD as error:
        raise _unexpected("msdynmkt_ListGroupMembers", answer) from error


async def publish_segment_definition(client: Client, segment: UUID) -> None:
    """`msdynmkt_PublishSegmentDefinition`: validate and publish; the members are computed afterwards.

    Raises:
        Refused: the query is not valid; the message names the place. The status may be 400, or 200 with a body that
            holds `StatusCode` 400.
    """
    await _act(client, "msdynmkt_PublishSegmentDefinition", {"SegmentId": str(segment)})


@dataclass(frozen=True, slots=True)
class ComputedMembers:
    """The members that a segment was computed to have."""

    ids: Ids
    """Those that were listed."""
    total: int
    """How many there are. Where fewer are listed, an id that is missing proves nothing."""

    @property
    def complete(self) -> bool:
        """Whether all of them are listed."""
        return len(self.ids) >= self.total


async def members_list(client: Client, segment: UUID) -> ComputedMembers:
    """`msdynmkt_MembersList`: the computed members; one id an element, or several joined by commas (both were seen).

    Raises:
        UnexpectedAnswer: the answer does not hold ids as documented.
        Refused: the segment is not computed.
    """
    answer = await client.ask("msdynmkt_MembersList", {"SegmentId": str(segment)})
    _checked_question("msdynmkt_MembersList", answer)
    try:
        result = json.loads(answer["ResultText"])
        ids = from_texts([one.strip() for element in result["members"] for one in element.split(",") if one.strip()])
    except _ODD as error:
        raise _unexpected("msdynmkt_MembersList", answer) from error
    total = number(result.get("totalCount"))
    return ComputedMembers(ids, len(ids) if total is None else total)


@dataclass(frozen=True, slots=True)
class Execution:
    """The last computation of a segment."""

    status: str
    """The service's word, such as `Success`; empty where it says none."""
    reason: str = ""
    """Why it ended like that, in the service's own words; empty where it gives none."""

    @property
    def failed(self) -> bool:
        """Whether it ended without a result."""
        return self.status.replace(" ", "").lower() in _FAILED


_FAILED = frozenset({"failed", "failure", "error", "faulted", "aborted", "cancelled", "canceled", "timedout"})
"""Words for a computation that failed. Only `Success` was seen; these are assumed, and others mean nothing."""
_REASONS = ("reason", "message", "errormessage", "error", "errordetails", "failurereason", "details")
"""Where a reason may stand, in this order (assumed)."""


async def segment_status(client: Client, segment: UUID) -> Execution:
    """`msdynmkt_SegmentStatus`: how the last computation went (`lastExecution` of the JSON in `ResultText`; seen).

    Raises:
        UnexpectedAnswer: the answer is of a shape that nobody has described.
        Refused: the service does not say, or has no such action.
    """
    answer = await client.ask("msdynmkt_SegmentStatus", {"SegmentId": str(segment)})
    _checked_question("msdynmkt_SegmentStatus", answer)
    try:
        result = json.loads(answer["ResultText"])
        last = result.get("lastExecution") or {}
        named = {str(key).lower(): value for key, value in last.items()}
    except _ODD as error:
        raise UnexpectedAnswer(
            "POST msdynmkt_SegmentStatus", 200, "", Kept(f"no status was found in: {shape_of(answer)}")
        ) from error
    reason = next((named[name] for name in _REASONS if named.get(name)), "")
    return Execution(str(named.get("status") or ""), sanitised(_words(reason), client.own))


def _words(reason: Any) -> str:
    """A reason as text, also where it comes as an object or as a list of them."""
    match reason:
        case Mapping():
            named = {str(key).lower(): value for key, value in reason.items()}
            return _words(next((named[name] for name in _REASONS if named.get(name)), ""))
        case list():
            return "; ".join(filter(None, map(_words, reason)))
        case _:
            return str(reason or "")


@dataclass(frozen=True, slots=True)
class Stopped:
    """What became of the wish to stop one segment."""

    was_stopped: bool
    message: str = ""
    """What the service says about it."""
    journeys: tuple[str, ...] = ()
    """The journeys that use it."""
    segments: tuple[str, ...] = ()
    """The segments whose query refers to it."""


async def stop_segment(client: Client, segment: UUID) -> Stopped:
    """`msdynmkt_StopSegments` for one segment: it is stopped, or whoever uses it is named.

    The answer is `{"summary": …, "stopSingleSegmentResults": [{"SegmentId", "WasStopped", "Message",
    "DependentJourneys", "DependentSegments"}]}` (product documentation).

    Raises:
        Unsettled: whether it stopped cannot be read from the answer; look.
        Refused: the service does not do it.
    """
    answer = await _act(client, "msdynmkt_StopSegments", {"SegmentIdList": [str(segment)]})
    for entry in _results_in(answer):
        if identity(entry.get("SegmentId")) == segment and "WasStopped" in entry:
            return Stopped(
                str(entry["WasStopped"]).lower() == "true",
                sanitised(str(entry.get("Message") or ""), client.own),
                _named(entry.get("DependentJourneys")),
                _named(entry.get("DependentSegments")),
            )
    what = Kept(f"whether it stopped cannot be read from: {shape_of(answer)}")
    raise Unsettled("POST msdynmkt_StopSegments", what, 200)


def _results_in(content: Any) -> list[Mapping[str, Any]]:
    """The results for single segments, wherever they stand: at the top, or as JSON in a string."""
    if isinstance(content, str):
        try:
            content = json.loads(content)
        except ValueError:
            return []
    if isinstance(content, list):
        return [entry for entry in content if isinstance(entry, Mapping)]
    if isinstance(content, Mapping):
        found = content.get("stopSingleSegmentResults")
        return _results_in(found) if found else [one for value in content.values() for one in _results_in(value)]
    return []


def _named(users: Any) -> tuple[str, ...]:
    """Names of what depends on a segment: as texts, or as objects with a name or an id."""
    if isinstance(users, str):
        return tuple(filter(None, (one.strip() for one in users.split(","))))
    return tuple(
        str(next((user[key] for key in ("Name", "name", "Id", "id") if user.get(key)), ""))
        if isinstance(user, Mapping)
        else str(user)
        for user in users or ()
    )


def _checked_question(action: str, answer: Mapping[str, Any]) -> None:
    """Refuse a good answer whose body carries another status; nothing was changed by asking."""
    status = number(answer.get("StatusCode"))
    if status is not None and not 200 <= status < 300:
        raise error_of(f"POST {action}", status, "", reason_in(str(answer.get("ResultText") or "no reason given")))


def _unexpected(action: str, answer: Mapping[str, Any]) -> UnexpectedAnswer:
    return UnexpectedAnswer(f"POST {action}", 200, "", Kept(f"no list of ids was found in: {shape_of(answer)}"))
