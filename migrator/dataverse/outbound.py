"""The endpoints of the outbound segmentation API that are used, one function each, and nothing else.

The responses of getState and FetchContactsByQuery are documented nowhere; how they are read stands here alone.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID
from xml.sax.saxutils import quoteattr

from migrator.dataverse.cells import number
from migrator.dataverse.client import Client
from migrator.dataverse.errors import NotFound, UnexpectedAnswer
from migrator.product.codes import AUDIENCE_KEY, PAGE_SIZE_MAX, LegacyStatus, Scope, State

_FORMATTED = 'odata.include-annotations="OData.Community.Display.V1.FormattedValue"'


async def retrieve_segments(client: Client) -> AsyncIterator[dict[str, Any]]:
    """Every row of `msdyncrm_segment` with all its columns, and the names behind its lookups.

    Raises:
        DataverseError: the rows cannot be read.
    """
    async for row in client.rows("msdyncrm_segments", prefer=_FORMATTED):
        yield row


@dataclass(frozen=True, slots=True)
class LegacyRow:
    """What one row of `msdyncrm_segment` says at this moment."""

    status_code: int | None
    recorded_size: int | None
    """Members that the product last recorded; None where it recorded none."""


async def retrieve_segment(client: Client, segment: UUID) -> LegacyRow | None:
    """A row of `msdyncrm_segment` as it is now; None when there is none.

    Raises:
        DataverseError: the row cannot be read.
    """
    try:
        row = await client.get(f"msdyncrm_segments({segment})?$select=statuscode,msdyncrm_segmentsize")
    except NotFound as error:
        if type(error) is not NotFound:
            raise
        return None
    return LegacyRow(number(row.get("statuscode")), number(row.get("msdyncrm_segmentsize")))


async def stop_segment(client: Client, segment: UUID) -> None:
    """Move a live segment to Stopping; the product goes on to Stopped by itself.

    Raises:
        Refused: the service does not take it.
    """
    body = {"statecode": int(State.ACTIVE), "statuscode": int(LegacyStatus.STOPPING)}
    await client.write("PATCH", f"msdyncrm_segments({segment})", body)


async def delete_segment(client: Client, segment: UUID) -> None:
    """Delete a row of `msdyncrm_segment`.

    Raises:
        NotFound: it does not exist.
        Refused: the service does not do it.
    """
    await client.write("DELETE", f"msdyncrm_segments({segment})")


async def has_pending_operations(client: Client, segment: UUID) -> bool:
    """`msdyncrm_SegmentMembersUpdate` with getState: whether member changes are still under way.

    Raises:
        ActionMissing: the outbound services are gone.
        UnexpectedAnswer: the answer is of a shape that nobody has described.
    """
    body = {"msdyncrm_segmentid": str(segment), "msdyncrm_operation": "getState"}
    answer = await client.ask("msdyncrm_SegmentMembersUpdate", body)
    for name, value in answer.items():
        if name.startswith("@"):
            continue
        if (pending := _pending(_decoded(value))) is not None:
            return pending
    raise UnexpectedAnswer("POST msdyncrm_SegmentMembersUpdate", 200, "", f"the state cannot be read: {answer}")


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
    client: Client, query_name: str, business_unit: UUID, scope: Scope, skip: int, take: int = PAGE_SIZE_MAX
) -> list[UUID]:
    """`msdyncrm_FetchContactsByQuery`: one page of the ids of a segment's members, sorted by id.

    Args:
        client: the organisation.
        query_name: `msdyncrm_segmentqueryname` of the segment.
        business_unit: the one that owns the segment.
        scope: the segment's own.
        skip: members before the page.
        take: at most so many ids. The service may give fewer; only an empty page is the end.

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
    answer = await client.ask("msdyncrm_FetchContactsByQuery", body)
    return contact_ids(answer)


def contact_ids(answer: dict[str, Any]) -> list[UUID]:
    """The contact ids in an answer: rows as a JSON array, or as a JSON array in a string, under any name.

    Raises:
        UnexpectedAnswer: neither fits; the message shows what came.
    """
    for name, value in answer.items():
        rows = _decoded(value)
        if name.startswith("@") or not isinstance(rows, list):
            continue
        try:
            return list(_ids(rows))
        except (KeyError, TypeError, ValueError):
            break
    shown = json.dumps(answer, ensure_ascii=False)[:500]
    raise UnexpectedAnswer("POST msdyncrm_FetchContactsByQuery", 200, "", f"no list of contacts was found in: {shown}")


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


async def retrieve_members_deprecated(
    client: Client, segment: UUID, page: int, count: int = PAGE_SIZE_MAX
) -> list[UUID]:
    """The read that the seed calls deprecated: one page of FetchXML on contacts, linked to the segment.

    Raises:
        Refused: the link went with the outbound module.
    """
    fetch = (
        f'<fetch version="1.0" output-format="xml-platform" mapping="logical" returntotalrecordcount="true" '
        f'page="{page}" count="{count}" no-lock="false"><entity name="contact"><attribute name="{AUDIENCE_KEY}"/>'
        f'<order attribute="{AUDIENCE_KEY}" descending="false"/>'
        f'<link-entity name="msdyncrm_segment" from="msdyncrm_segmentid" to="msdyncrm_segmentmemberid" alias="bb">'
        f'<filter type="and"><condition attribute="msdyncrm_segmentid" operator="eq" uitype="msdyncrm_segment" '
        f"value={quoteattr(str(segment))}/></filter></link-entity></entity></fetch>"
    )
    answer = await client.get(f"contacts?fetchXml={quote(fetch)}")
    return contact_ids({"value": answer.get("value")})
