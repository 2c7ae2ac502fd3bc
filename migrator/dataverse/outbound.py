"""The endpoints of the outbound segmentation API that are used, one function each, and nothing else.

The responses of getState and FetchContactsByQuery are documented nowhere; how they are read stands here alone.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID
from xml.etree import ElementTree as ET
from xml.sax.saxutils import quoteattr

from migrator.base.cells import count, number
from migrator.base.patience import Patience
from migrator.base.server_text import Kept, shape_of
from migrator.dataverse.client import Client
from migrator.dataverse.errors import NotFound, UnexpectedAnswer
from migrator.product.codes import AUDIENCE_KEY, PAGE_SIZE_MAX, LegacyStatus, Scope, State

_FORMATTED = 'odata.include-annotations="OData.Community.Display.V1.FormattedValue"'
_COOKIE, _MORE = "Microsoft.Dynamics.CRM.fetchxmlpagingcookie", "Microsoft.Dynamics.CRM.morerecords"
_PAGING = f'odata.include-annotations="{_COOKIE},{_MORE}"'
_ROWS_PER_PAGE = 50
"""A row of `msdyncrm_segment` can hold memos of 1,000,000 characters: 5,000 of them are more than any answer can be."""


async def retrieve_segments(client: Client) -> AsyncIterator[dict[str, Any]]:
    """Every row of `msdyncrm_segment` with all its columns, and the names behind its lookups.

    Raises:
        DataverseError: the rows cannot be read.
    """
    async for row in client.rows("msdyncrm_segments", page_size=_ROWS_PER_PAGE, prefer=_FORMATTED):
        yield row


_NOW = "statuscode,msdyncrm_segmentsize,modifiedon,msdyncrm_segmentquery,msdyncrm_query"


@dataclass(frozen=True, slots=True)
class LegacyRow:
    """What one row of `msdyncrm_segment` says at this moment."""

    status_code: int | None
    recorded_size: int | None
    """Members that the product last recorded; None where it recorded none."""
    modified_on: str = ""
    """ISO 8601, as the organisation writes it."""
    query: str = ""
    """The query that counts: msdyncrm_segmentquery, or msdyncrm_query where that is empty."""


async def retrieve_segment(client: Client, segment: UUID) -> LegacyRow | None:
    """A row of `msdyncrm_segment` as it is now; None when there is none.

    Raises:
        DataverseError: the row cannot be read.
    """
    try:
        row = await client.get(f"msdyncrm_segments({segment})?$select={_NOW}")
    except NotFound as error:
        if type(error) is not NotFound:
            raise
        return None
    query = row.get("msdyncrm_segmentquery") or row.get("msdyncrm_query")
    return LegacyRow(
        number(row.get("statuscode")),
        count(row.get("msdyncrm_segmentsize")),
        str(row.get("modifiedon") or ""),
        str(query or ""),
    )


async def move_segment(client: Client, segment: UUID, status: LegacyStatus) -> None:
    """Ask for another status, such as Stopping; from there the product goes on to Stopped by itself.

    Args:
        client: the organisation.
        segment: the legacy segment's id.
        status: the status that is asked for.

    Raises:
        Refused: the service does not take it.
    """
    body = {"statecode": int(State.ACTIVE), "statuscode": int(status)}
    await client.write("PATCH", f"msdyncrm_segments({segment})", body)


async def delete_segment(client: Client, segment: UUID) -> None:
    """Delete a row of `msdyncrm_segment`.

    Raises:
        NotFound: it does not exist.
        Refused: the service does not do it.
    """
    await client.write("DELETE", f"msdyncrm_segments({segment})")


async def has_pending_operations(client: Client, segment: UUID, patience: Patience | None = None) -> bool:
    """`msdyncrm_SegmentMembersUpdate` with getState: whether member changes are still under way.

    Args:
        client: the organisation.
        segment: its legacy id.
        patience: how long passing failures are repeated; by default as long as the client does.

    Raises:
        ActionMissing: the outbound services are gone.
        UnexpectedAnswer: the answer is of a shape that nobody has described.
    """
    body = {"msdyncrm_segmentid": str(segment), "msdyncrm_operation": "getState"}
    answer = await client.ask("msdyncrm_SegmentMembersUpdate", body, patience=patience)
    for name, value in answer.items():
        if name.startswith("@"):
            continue
        if (pending := _pending(_decoded(value))) is not None:
            return pending
    raise UnexpectedAnswer(
        "POST msdyncrm_SegmentMembersUpdate", 200, "", Kept(f"the state cannot be read from: {shape_of(answer)}")
    )


_DONE = {"completed", "succeeded", "success", "done", "idle", "none", "finished", "failed"}
_BUSY = {"pending", "inprogress", "in progress", "running", "queued", "processing"}


def _pending(value: Any) -> bool | None:
    """Whether a decoded state says that something is pending; None when it says nothing that we know."""
    match value:
        case bool():
            return value
        case int():
            return value > 0
        case str() if value.strip().lower() in _DONE | {""}:
            return False
        case str() if value.strip().lower() in _BUSY:
            return True
        case list():
            states = [_pending(entry) for entry in value]
            return None if None in states else any(states)
        case dict():
            states = [
                _pending(_decoded(entry))
                for key, entry in value.items()
                if "state" in key.lower() or "status" in key.lower()
            ]
            known = [state for state in states if state is not None]
            return any(known) if known else None
    return None


async def fetch_contacts_by_query(
    client: Client,
    query_name: str,
    business_unit: UUID,
    scope: Scope,
    skip: int,
    take: int = PAGE_SIZE_MAX,
    patience: Patience | None = None,
) -> list[UUID]:
    """`msdyncrm_FetchContactsByQuery`: one page of the ids of a segment's members, sorted by id.

    Args:
        client: the organisation.
        query_name: `msdyncrm_segmentqueryname` of the segment.
        business_unit: the one that owns the segment.
        scope: the segment's own.
        skip: members before the page.
        take: at most so many ids. The service may give fewer; only an empty page is the end.
        patience: how long passing failures are repeated; by default as long as the client does.

    Raises:
        ActionMissing: the outbound services are gone.
        UnexpectedAnswer: the answer is of a shape that nobody has described.
    """
    body = {
        "Query": (
            f"(SEGMENT({query_name})).ORDERBY({AUDIENCE_KEY} ASC).SKIP({skip}).TAKE({take}).SELECT({AUDIENCE_KEY})"
        ),
        "FetchXml": (
            f'<fetch version="1.0" output-format="xml-platform" mapping="logical" count="{take}" '
            f'page="{skip // take + 1}" returntotalrecordcount="true"><entity name="contact">'
            f'<attribute name="{AUDIENCE_KEY}"/><order attribute="{AUDIENCE_KEY}" descending="false"/></entity></fetch>'
        ),
        "OwningBusinessUnit": str(business_unit),
        "Scope": int(scope),
        "TimeZone": None,
    }
    answer = await client.ask("msdyncrm_FetchContactsByQuery", body, patience=patience)
    return contact_ids(answer)


def contact_ids(answer: dict[str, Any]) -> list[UUID]:
    """The contact ids in an answer: rows as a JSON array, or as a JSON array in a string, under any name.

    Raises:
        UnexpectedAnswer: neither fits; the message shows what came.
    """
    lists = [rows for name, value in answer.items() if not name.startswith("@") and _is_list(rows := _decoded(value))]
    # An empty list beside another one may be one of errors; only where all are empty, nobody is meant.
    filled = [rows for rows in lists if rows]
    if lists and len(filled) < 2:
        try:
            return list(_ids(filled[0] if filled else ()))
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            pass
    shown = Kept(f"no list of contacts was found in: {shape_of(answer)}")
    raise UnexpectedAnswer("POST msdyncrm_FetchContactsByQuery", 200, "", shown)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _ids(rows: Iterable[Any]) -> Iterable[UUID]:
    for row in rows:
        yield UUID(row if isinstance(row, str) else row[AUDIENCE_KEY])


def _decoded(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("[", "{", '"'):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


@dataclass(frozen=True, slots=True)
class DeprecatedPage:
    """One page of the deprecated read."""

    ids: list[UUID]
    cookie: str
    """What has to be handed in for the next page; empty where the organisation gives none."""
    more: bool | None
    """Whether there are more; None where the organisation does not say."""


async def retrieve_members_deprecated(
    client: Client,
    segment: UUID,
    page: int,
    cookie: str = "",
    count: int = PAGE_SIZE_MAX,
    patience: Patience | None = None,
) -> DeprecatedPage:
    """The read that the seed calls deprecated: one page of FetchXML on contacts, linked to the segment.

    Page numbers alone end at 50,000 rows; the paging cookie of the page before goes on (product documentation).

    Args:
        client: the organisation.
        segment: the legacy segment's id.
        page: from 1.
        cookie: the paging cookie of the page before; empty for the first.
        count: rows a page.
        patience: takes the place of the client's own.

    Raises:
        Refused: the link went with the outbound module.
        UnexpectedAnswer: the answer is of a shape that nobody has described.
    """
    handed_in = f" paging-cookie={quoteattr(cookie)}" if cookie else ""
    fetch = (
        f'<fetch version="1.0" output-format="xml-platform" mapping="logical" returntotalrecordcount="true" '
        f'page="{page}" count="{count}"{handed_in} no-lock="false"><entity name="contact">'
        f'<attribute name="{AUDIENCE_KEY}"/><order attribute="{AUDIENCE_KEY}" descending="false"/>'
        f'<link-entity name="msdyncrm_segment" from="msdyncrm_segmentid" to="msdyncrm_segmentmemberid" alias="bb">'
        f'<filter type="and"><condition attribute="msdyncrm_segmentid" operator="eq" uitype="msdyncrm_segment" '
        f"value={quoteattr(str(segment))}/></filter></link-entity></entity></fetch>"
    )
    answer = await client.get(f"contacts?fetchXml={quote(fetch)}", prefer=_PAGING, patience=patience)
    ids = contact_ids({"value": answer.get("value")})
    more = answer.get(f"@{_MORE}")
    return DeprecatedPage(ids, _cookie(answer.get(f"@{_COOKIE}")), more if isinstance(more, bool) else None)


def _cookie(wrapped: Any) -> str:
    """The paging cookie in an answer: an attribute of an element, encoded twice as a part of an address."""
    if not wrapped:
        return ""
    try:
        inner = ET.fromstring(str(wrapped)).get("pagingcookie", "")  # noqa: S314 - expat refuses entity bombs
    except ET.ParseError:
        return ""
    return unquote(unquote(inner))
