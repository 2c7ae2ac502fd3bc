"""From an organisation to an export folder: the segments with their queries, their members, and the metadata.

Members are read from the most trusted source that answers: the outbound service, its deprecated read, the segment's
own row. Where none does, the export says "unknown", never "nobody". An extraction that was interrupted goes on: what it
has read of member lists stays.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from migrator.base.errors import UsageError
from migrator.base.ids import Ids, distinct, joined, packed
from migrator.base.patience import Waiting, looking
from migrator.base.progress import ShowsProgress
from migrator.base.side_by_side import side_by_side
from migrator.contracts.export_folder import ExportWriter, Members, MemberSource, OrganisationRef
from migrator.contracts.legacy_segment import LegacySegment, segment_of
from migrator.contracts.selection import Selection, selects
from migrator.dataverse import outbound
from migrator.dataverse.client import Client
from migrator.dataverse.errors import ActionMissing, Refused, UnexpectedAnswer
from migrator.dataverse.metadata import Described, describe
from migrator.extractor.directory import OrganisationDirectory
from migrator.extractor.imports import check_members
from migrator.mql import QueryError, Schema, parse_outbound, tree
from migrator.mql.walk import operands
from migrator.product.codes import AUDIENCE, LEGACY_MEMBER_PREFIX, LegacyStatus, LegacyType, Scope

_PARALLEL = 8
"""Segments whose members are read side by side."""
_BETWEEN_LOOKS = 0.25, 5.0
"""Seconds between two looks at pending operations: at first, and at most."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """What an extraction found."""

    segments: int
    members: int
    service: bool
    """Whether the outbound services still answer."""


async def extract(
    client: Client, folder: Path, at: str, selection: Selection, wait_pending: float, progress: ShowsProgress
) -> Extracted:
    """Write an export of the organisation into `folder`. Nothing is changed in the organisation.

    Args:
        client: the organisation.
        folder: where the export goes.
        at: the time of the extraction, UTC, ISO 8601.
        selection: whose members are read; the rows of all segments are kept.
        wait_pending: seconds to wait for member changes that are still under way.
        progress: where to say how far it is.

    Raises:
        DataverseError: the organisation cannot be read.
        OSError: the folder cannot be written.
    """
    writer = ExportWriter(folder, OrganisationRef(client.organisation_id, client.url), at)
    with progress.step("Reading segments") as step:
        rows = []
        async for row in outbound.retrieve_segments(client):
            rows.append(row)
            step.advance()
    segments = [_typed(row) for row in rows]

    reader = _MemberReader(client, {segment_of(row).id: row for row in rows}, wait_pending)
    chosen = [segment for segment in segments if selects(selection, segment)]
    for segment in segments:
        if not selects(selection, segment):
            writer.no_members(segment.id, Members(MemberSource.NOT_READ, reason="left out by a filter"))
    with progress.step("Reading members", len(chosen)) as step:
        await reader.look_for_service(chosen)

        async def one(segment: LegacySegment) -> int:
            if not (members := writer.goes_on(segment.id)):
                ids, members = await reader.read(segment)
                if ids is None:
                    writer.no_members(segment.id, members)
                else:
                    members = writer.members(segment.id, ids, members, notes=True)
                    if segment.type_code == LegacyType.STATIC and segment.recorded_size not in (None, members.count):
                        await reader.size_again(segment)
            step.advance()
            return members.count or 0

        total = sum(await side_by_side((one(segment) for segment in chosen), _PARALLEL))
    writer.segments(rows)
    with progress.step("Reading metadata") as step:
        writer.metadata(await _metadata(client, chosen))
        step.advance()
    writer.finish()
    await check_members(folder, OrganisationDirectory(client), progress)
    return Extracted(len(rows), total, reader.service)


def _typed(row: Mapping[str, Any]) -> LegacySegment:
    try:
        return segment_of(row)
    except (KeyError, ValueError) as error:
        raise UsageError(
            f"The organisation has a segment row without a readable id ({error}): {str(row)[:200]}"
        ) from error


# --- members ---------------------------------------------------------------------------------------------------------

_Read = tuple[Ids | None, Members]


class _MemberReader:
    def __init__(self, client: Client, rows: Mapping[UUID, dict[str, Any]], wait_pending: float) -> None:
        self.service = True
        self._client, self._rows, self._wait_pending = client, rows, wait_pending

    async def look_for_service(self, segments: Iterable[LegacySegment]) -> None:
        """Find out with one question whether the outbound services are still there."""
        for segment in segments:
            try:
                await outbound.has_pending_operations(self._client, segment.id)
            except ActionMissing:
                self.service = False
            except Refused:
                pass  # it answers, if only with a refusal
            return

    async def read(self, segment: LegacySegment) -> _Read:
        """The ids of a segment's members; None when they are unknown, with the reason."""
        static = segment.type_code == LegacyType.STATIC
        if segment.status_code == LegacyStatus.DRAFT and not static:
            return None, Members(MemberSource.NOT_READ, reason="a draft has not been computed")
        why = "the outbound services of this organisation are gone"
        if self.service:
            pending, unclear = await self._wait(segment) if static else (None, "")
            try:
                return await self._from_service(segment), Members(MemberSource.SERVICE, pending=pending, reason=unclear)
            except UnexpectedAnswer:
                raise
            except ActionMissing:
                pass
            except Refused as error:
                why = f"the outbound service answered “{error.reason.rstrip('.')}”"
            if static:
                try:
                    ids = await self._from_deprecated_read(segment)
                    return ids, Members(MemberSource.DEPRECATED_READ, pending=pending, reason=unclear)
                except Refused:
                    pass
        if not static:
            return None, Members(MemberSource.NONE, reason=why)
        in_row, members = ids_in_row(self._rows[segment.id])
        if in_row is None:
            return None, Members(MemberSource.NONE, reason=f"{why}, and {members.reason}")
        return in_row, members

    async def _wait(self, segment: LegacySegment) -> tuple[float | None, str]:
        """Wait for pending member operations; gives the seconds waited in vain, and what was unclear."""
        first, most = _BETWEEN_LOOKS
        waiting = Waiting(looking(self._wait_pending, first=first, most=most), self._client.stop)
        try:
            while await outbound.has_pending_operations(self._client, segment.id):
                if not await waiting.again():
                    return waiting.waited, ""
        except UnexpectedAnswer as error:
            return None, error.reason
        except Refused:
            pass
        return None, ""

    async def size_again(self, segment: LegacySegment) -> None:
        """Read the recorded size once more: member changes may have ended since the rows were read."""
        now = await outbound.retrieve_segment(self._client, segment.id)
        if now is not None:
            self._rows[segment.id]["msdyncrm_segmentsize"] = now.recorded_size

    async def _from_service(self, segment: LegacySegment) -> Ids:
        unit = segment.business_unit or self._client.business_unit_id
        scope = Scope.BUSINESS_UNIT if segment.scope_code == Scope.BUSINESS_UNIT else Scope.ORGANISATION
        pages: list[Ids] = []
        taken = 0
        # Only an empty page is the end: the service may give fewer ids than were asked for.
        while page := await outbound.fetch_contacts_by_query(self._client, segment.query_name, unit, scope, taken):
            pages.append(packed(page))
            taken += len(page)
        return joined(pages)

    async def _from_deprecated_read(self, segment: LegacySegment) -> Ids:
        pages: list[Ids] = []
        more: bool | None = None
        cookie = ""
        while more is not False:
            page = await outbound.retrieve_members_deprecated(self._client, segment.id, len(pages) + 1, cookie)
            if not page.ids:
                break
            pages.append(packed(page.ids))
            more, cookie = page.more, page.cookie
        if more:  # it ends before the end that it names: what was read is a part of the members
            raise UnexpectedAnswer("GET contacts", 200, "", "the deprecated read ended before its last page")
        return joined(pages)


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
    except ValueError:
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
    wanted, relationships = {AUDIENCE}, set[str]()
    for segment in segments:
        try:
            parts = list(operands(parse_outbound(segment.query).members))
        except QueryError:
            continue
        for profile in (part for part in parts if isinstance(part, tree.Profile)):
            wanted.add(profile.entity.lower())
            relationships |= {step.relationship.lower() for step in profile.steps if isinstance(step, tree.Traverse)}
    found: dict[str, Described | None] = {}
    while missing := sorted(wanted - found.keys()):
        for name, described in zip(
            missing, await asyncio.gather(*(describe(client, name) for name in missing)), strict=True
        ):
            found[name] = described
            if described:
                known = Schema({name: described.table}, described.many_to_one, described.many_to_many)
                for relationship in known.all_lookups():
                    if relationship.outbound_name in relationships:
                        wanted |= {relationship.referencing_table, relationship.referenced_table}
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
