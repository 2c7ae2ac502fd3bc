"""From an organisation to an export folder: the segments with their queries, their members, and the metadata.

Members are read from the most trusted source that answers: the outbound service, its deprecated read, the segment's
own row. Where none does, the export says "unknown", never "nobody". An extraction that was interrupted goes on: what it
has read of member lists stays.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from migrator.base.counted import so_many
from migrator.base.errors import UsageError
from migrator.base.ids import Ids, distinct, joined, packed
from migrator.base.patience import Patience, Waiting, looking
from migrator.base.progress import ShowsProgress
from migrator.base.side_by_side import side_by_side
from migrator.contracts.export_folder import OrganisationRef
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.legacy_segment import LegacySegment, segment_of
from migrator.contracts.members import LEFT_OUT, AsOf, Members, MemberSource
from migrator.contracts.selection import Selection, filters_of, nothing_chosen, selects
from migrator.dataverse import outbound
from migrator.dataverse.client import Client
from migrator.dataverse.errors import ActionMissing, Refused, ServerFault, UnexpectedAnswer
from migrator.dataverse.metadata import DEFINITION_TABLE, Described, describe
from migrator.extractor.directory import OrganisationDirectory
from migrator.extractor.imports import check_members
from migrator.extractor.surroundings import read_surroundings
from migrator.extractor.tables import extract_tables
from migrator.mql import QueryError, Schema, parse_outbound, tree
from migrator.mql.interactions import TABLES as INTERACTION_TABLES
from migrator.mql.walk import operands
from migrator.product.codes import AUDIENCE, LEGACY_MEMBER_PREFIX, LegacyStatus, LegacyType, Scope

log = logging.getLogger("migrator")
T = TypeVar("T")
_PARALLEL = 8
"""Segments whose members are read side by side."""
_BETWEEN_LOOKS = 0.25, 5.0
"""Seconds between two looks at pending operations: at first, and at most."""
_FAILURES = 3
"""Segments in a row for which the service failed (5xx), after which it is not asked any more."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """What an extraction found."""

    segments: int
    members: int
    service: bool
    """Whether the outbound services still answer."""
    kept: int = 0
    """Segments whose members were there already, and are not outdated."""
    unanswered: int = 0
    """Segments whose members the service did not give, because it failed (5xx)."""
    not_answering: tuple[str, ...] = ()
    """Ways of reading members that failed so often that they were given up."""
    rows: int | None = None
    """Rows of the tables that queries touch; None where nobody asked for them."""


async def extract(
    client: Client,
    folder: Path,
    at: str,
    selection: Selection,
    wait_pending: float,
    progress: ShowsProgress,
    *,
    with_tables: bool = False,
) -> Extracted:
    """Write an export of the organisation into `folder`. Nothing is changed in the organisation.

    Args:
        client: the organisation.
        folder: where the export goes. What it holds of this organisation's members, and what is not outdated, is kept.
        at: the time of the extraction, UTC, ISO 8601.
        selection: whose members are read; the rows of all segments are kept.
        wait_pending: seconds to wait for member changes that are still under way.
        progress: where to say how far it is.
        with_tables: whether the rows of the tables that queries touch are read, too.

    Raises:
        UsageError: no segment passes the filters.
        DataverseError: the organisation cannot be read.
        OSError: the folder cannot be written.
    """
    writer = ExportWriter(folder, OrganisationRef(client.organisation_id, client.url), at)
    with progress.step("Reading segments") as step:
        rows: dict[UUID, dict[str, Any]] = {}
        async for row in outbound.retrieve_segments(client):
            key = segment_of(row).id
            # A row that moves while the pages are read may come twice; the newer one counts.
            if key not in rows or _modified(row) >= _modified(rows[key]):
                rows[key] = row
            step.advance()
    segments = [segment_of(row) for row in rows.values()]

    reader = _MemberReader(client, rows, wait_pending)
    if why := nothing_chosen(selection, segments):
        raise UsageError(why)
    writer.limited_to(filters_of(selection))
    chosen = [segment for segment in segments if selects(selection, segment)]
    for segment in segments:
        if not selects(selection, segment) and not writer.goes_on(segment.id, _as_of(client, segment)):
            writer.no_members(segment.id, Members(MemberSource.NOT_READ, reason=LEFT_OUT))
    kept = 0
    with progress.step("Reading members", len(chosen)) as step:

        async def one(segment: LegacySegment) -> Members:
            nonlocal kept
            if members := writer.goes_on(segment.id, _as_of(client, segment)):
                kept += 1
            else:
                ids, members = await reader.read(segment)
                if ids is None:
                    members = writer.no_members(segment.id, members)
                else:
                    size = segment.recorded_size
                    if segment.type_code == LegacyType.STATIC and size not in (None, len(distinct(ids))):
                        segment = await reader.size_again(segment)
                    writer.read_as_of(segment.id, _as_of(client, segment))
                    members = writer.members(segment.id, ids, members, notes=True)
            writer.read_as_of(segment.id, _as_of(client, segment))
            step.advance()
            return members

        read = await side_by_side((one(segment) for segment in chosen), _PARALLEL)
    writer.segments(rows.values())
    with progress.step("Reading metadata") as step:
        schema = await _metadata(client, segments)  # a plan may be about all of them
        writer.metadata(schema)
        step.advance()
    table_rows = await extract_tables(client, writer, schema, chosen, progress) if with_tables else None
    writer.finish()
    await check_members(folder, OrganisationDirectory(client), progress)
    await read_surroundings(client, folder, progress)
    return Extracted(
        len(rows),
        sum(members.count or 0 for members in read),
        reader.service,
        kept,
        sum(members.unanswered for members in read),
        reader.not_answering,
        table_rows,
    )


def _modified(row: Mapping[str, Any]) -> str:
    return str(row.get("modifiedon") or "")


def _as_of(client: Client, segment: LegacySegment) -> AsOf:
    return AsOf(client.organisation_id, segment.modified_on, segment.recorded_size)


# --- members ---------------------------------------------------------------------------------------------------------

_Read = tuple[Ids | None, Members]
_GONE = "the outbound services of this organisation are gone"


class _NotAsked(Exception):
    """A way of reading that does not answer in this run is not asked any more."""

    def __init__(self, why: str, *, failed: bool) -> None:
        super().__init__(why)
        self.why, self.failed = why, failed


class _Way:
    """One way to ask the service, and what is known about whether it answers.

    Until one answer has come, one segment alone asks; the others wait for what becomes of it. Once it has failed for
    as long as the client's patience lasts, each further segment gets a single try; after several failures in a row
    nobody asks any more.
    """

    def __init__(self, name: str, client: Client) -> None:
        self.name = name
        self.gone = False
        self.failed = ""
        """Why it is not asked any more in this run; empty while it is."""
        self._client, self._alone = client, asyncio.Lock()
        self._known = self._hasty = False
        self._failures = 0

    async def ask(self, question: Callable[[Patience | None], Awaitable[T]]) -> T:
        """The answer to a question, which is handed the patience to ask with.

        Raises:
            _NotAsked: it is known that there is no answer.
            Refused: the answer is no.
        """
        while not self._known:
            async with self._alone:
                if not self._known:
                    return await self._try(question)
        return await self._try(question)

    async def _try(self, question: Callable[[Patience | None], Awaitable[T]]) -> T:
        if self.gone:
            raise _NotAsked(_GONE, failed=False)
        if self.failed:
            raise _NotAsked(self.failed, failed=True)
        try:
            answer = await question(self._client.patience.counted(0) if self._hasty else None)
        except ActionMissing:
            self.gone = self._known = True
            raise _NotAsked(_GONE, failed=False) from None
        except ServerFault as error:
            self._hasty = True
            self._failures += 1
            if self._failures >= _FAILURES:
                self._known = True
                self.failed = f"{self.name} does not answer in this run ({_said(error)})"
                log.warning("%s; it is not asked any more", self.failed)
            raise
        except Refused:
            self._known, self._failures = True, 0
            raise
        self._known, self._failures = True, 0
        return answer


class _MemberReader:
    def __init__(self, client: Client, rows: Mapping[UUID, dict[str, Any]], wait_pending: float) -> None:
        self._client, self._rows, self._wait_pending = client, rows, wait_pending
        self._state = _Way("msdyncrm_SegmentMembersUpdate", client)
        self._service = _Way("msdyncrm_FetchContactsByQuery", client)
        self._deprecated = _Way("the deprecated read", client)

    @property
    def service(self) -> bool:
        """Whether the outbound services still answer."""
        return not self._service.gone

    @property
    def not_answering(self) -> tuple[str, ...]:
        """What was given up."""
        return tuple(way.failed for way in (self._state, self._service, self._deprecated) if way.failed)

    async def read(self, segment: LegacySegment) -> _Read:
        """The ids of a segment's members; None when they are unknown, with the reason."""
        if not segment.has_id:
            return None, Members(MemberSource.NONE, reason="its row has no readable id")
        static = segment.type_code == LegacyType.STATIC
        if segment.status_code == LegacyStatus.DRAFT and not static:
            return None, Members(MemberSource.NOT_READ, reason="a draft has not been computed")
        pending, unclear = await self._wait(segment) if static and self.service else (None, "")
        try:
            ids = await self._service.ask(partial(self._from_service, segment))
            return ids, Members(MemberSource.SERVICE, pending=pending, reason=unclear)
        except UnexpectedAnswer as error:
            why = f"the outbound service answered in a way that nobody has described: {error.reason}"
            return None, Members(MemberSource.NONE, reason=why)
        except _NotAsked as error:
            why, unanswered = error.why, error.failed
        except ServerFault as error:
            why, unanswered = f"the outbound service does not answer ({_said(error)})", True
        except Refused as error:
            why, unanswered = f"the outbound service answered “{error.reason.rstrip('.')}”", False
        if not static:
            return None, Members(MemberSource.NONE, reason=why, unanswered=unanswered)
        try:
            ids = await self._deprecated.ask(partial(self._from_deprecated_read, segment))
            return ids, Members(MemberSource.DEPRECATED_READ, pending=pending, reason=unclear)
        except UnexpectedAnswer as error:
            return None, Members(MemberSource.NONE, reason=f"{why}, and {error.reason}", unanswered=unanswered)
        except _NotAsked as error:
            unanswered = unanswered or error.failed
        except ServerFault:
            unanswered = True
        except Refused:
            # Where the service is gone, the link that this read needs went with it, for all segments.
            self._deprecated.gone = self._service.gone
        in_row, members = ids_in_row(self._rows[segment.id])
        if in_row is None:
            return None, Members(MemberSource.NONE, reason=f"{why}, and {members.reason}", unanswered=unanswered)
        return in_row, replace(members, unanswered=unanswered)

    async def _wait(self, segment: LegacySegment) -> tuple[float | None, str]:
        """Wait for pending member operations; gives the seconds waited in vain, and what was unclear."""
        first, most = _BETWEEN_LOOKS
        waiting = Waiting(looking(self._wait_pending, first=first, most=most), self._client.stop)
        pending = partial(outbound.has_pending_operations, self._client, segment.id)
        try:
            while await self._state.ask(pending):
                if not await waiting.again():
                    return waiting.waited, ""
        except _NotAsked as error:
            return None, "" if not error.failed else error.why
        except Refused as error:
            return None, error.reason
        return None, ""

    async def size_again(self, segment: LegacySegment) -> LegacySegment:
        """Read the recorded size once more: member changes may have ended since the rows were read."""
        now = await outbound.retrieve_segment(self._client, segment.id)
        if now is None:
            return segment
        self._rows[segment.id]["msdyncrm_segmentsize"] = now.recorded_size
        return replace(segment, recorded_size=now.recorded_size)

    async def _from_service(self, segment: LegacySegment, patience: Patience | None) -> Ids:
        unit = segment.business_unit or self._client.business_unit_id
        scope = Scope.BUSINESS_UNIT if segment.scope_code == Scope.BUSINESS_UNIT else Scope.ORGANISATION
        pages = _Pages("POST msdyncrm_FetchContactsByQuery")
        # Only an empty page is the end: the service may give fewer ids than were asked for.
        while page := await outbound.fetch_contacts_by_query(
            self._client, segment.query_name, unit, scope, pages.taken, patience=patience
        ):
            pages.add(page)
        return joined(pages.read)

    async def _from_deprecated_read(self, segment: LegacySegment, patience: Patience | None) -> Ids:
        pages = _Pages("GET contacts")
        more: bool | None = None
        cookie = ""
        while more is not False:
            page = await outbound.retrieve_members_deprecated(
                self._client, segment.id, len(pages.read) + 1, cookie, patience=patience
            )
            if not page.ids:
                break
            pages.add(page.ids)
            more, cookie = page.more, page.cookie
        if more:  # it ends before the end that it names: what was read is a part of the members
            raise UnexpectedAnswer(pages.request, 200, "", "the deprecated read ended before its last page")
        return joined(pages.read)


class _Pages:
    """Pages of ids, none of them twice: a service that gives the same page again would give it for ever."""

    def __init__(self, request: str) -> None:
        self.request = request
        self.read: list[Ids] = []
        self.taken = 0
        """Ids in them."""
        self._seen: set[bytes] = set()

    def add(self, page: list[UUID]) -> None:
        """Take one more page.

        Raises:
            UnexpectedAnswer: it is one that was read already.
        """
        ids = packed(page)
        digest = hashlib.blake2b(ids.tobytes(), digest_size=16).digest()
        if digest in self._seen:
            why = f"the same page of ids came again (after {so_many(self.taken, 'id')} in {len(self.read):,} pages)"
            raise UnexpectedAnswer(self.request, 200, "", why)
        self._seen.add(digest)
        self.read.append(ids)
        self.taken += len(page)


def _said(error: Refused) -> str:
    return " ".join(filter(None, (str(error.status), error.code, error.reason.rstrip("."))))


def ids_in_row(row: Mapping[str, Any]) -> _Read:
    """The ids in `msdyncrm_segmentmemberids`: a JSON array in a string, each with or without the prefix `crm`.

    Entries that are no ids are counted; a list of nothing but those is unknown, not empty.
    """
    text = row.get("msdyncrm_segmentmemberids")
    if text in (None, ""):
        return None, Members(MemberSource.NONE, reason="its row holds no ids")
    try:
        entries = json.loads(text) if isinstance(text, str) else text
        if not isinstance(entries, list):
            raise ValueError("no list")
    except (ValueError, RecursionError):
        return None, Members(MemberSource.NONE, reason="the ids in its row cannot be read")
    ids = [_id(entry) for entry in entries]
    good = [member for member in ids if member is not None]
    if entries and not good:
        return None, Members(MemberSource.NONE, reason="the ids in its row cannot be read")
    once = distinct(packed(good))
    return once, Members(MemberSource.ROW, unreadable=len(ids) - len(good), duplicates=len(good) - len(once))


_ID = re.compile(rf"(?:{LEGACY_MEMBER_PREFIX})?([0-9a-f{{}}-]+)", re.IGNORECASE)


def _id(entry: Any) -> UUID | None:
    match = _ID.fullmatch(entry.strip()) if isinstance(entry, str) else None
    try:
        return UUID(match.group(1)) if match else None
    except ValueError:
        return None


# --- metadata --------------------------------------------------------------------------------------------------------


async def _metadata(client: Client, segments: Iterable[LegacySegment]) -> Schema:
    """The tables that the queries touch, with the relationships between them."""
    # The table of real-time segments tells how long a query may be, and whether it can have a time zone.
    wanted, relationships = {AUDIENCE, DEFINITION_TABLE}, set[str]()
    for segment in segments:
        try:
            parts = list(operands(parse_outbound(segment.query).members))
        except QueryError:
            continue
        for part in parts:
            match part:
                case tree.Profile(entity, _, steps):
                    wanted.add(entity.lower())
                    relationships |= {step.relationship.lower() for step in steps if isinstance(step, tree.Traverse)}
                case tree.Interaction(kind) if kind.lower() in INTERACTION_TABLES:
                    wanted.add(INTERACTION_TABLES[kind.lower()])
    found: dict[str, Described | None] = {}
    while missing := sorted(wanted - found.keys()):
        for name, described in zip(
            missing, await asyncio.gather(*(describe(client, name) for name in missing)), strict=True
        ):
            found[name] = described
            if described:
                known = Schema({name: described.table}, described.many_to_one, described.many_to_many)
                for relationship in known.all_lookups():
                    if {relationship.outbound_name, relationship.schema_name.lower()} & relationships:
                        wanted |= {relationship.referencing_table, relationship.referenced_table}
                        if many := known.many_by_schema_name.get(relationship.schema_name):
                            wanted |= {many.table1, many.table2}
    tables = {name: described for name, described in found.items() if described}
    many_to_one = {one for described in tables.values() for one in described.many_to_one}
    many_to_many = {many for described in tables.values() for many in described.many_to_many}
    return Schema(
        tables={name: tables[name].table for name in sorted(tables)},
        many_to_one=tuple(
            sorted(
                (one for one in many_to_one if {one.referencing_table, one.referenced_table} <= tables.keys()),
                key=lambda one: (one.schema_name, one.referencing_table),
            )
        ),
        many_to_many=tuple(
            sorted(
                (many for many in many_to_many if {many.table1, many.table2} <= tables.keys()),
                key=lambda many: many.schema_name,
            )
        ),
    )
