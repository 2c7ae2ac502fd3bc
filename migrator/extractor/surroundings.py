"""What stands around the legacy segments: which journeys use them, and which real-time twins are there already.

Both are read after the members: a twin may be known by its people. What cannot be read is unknown, never "none".
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from uuid import UUID

from migrator.base.ids import NONE, Ids, distinct, joined, without
from migrator.base.progress import ShowsProgress
from migrator.base.side_by_side import side_by_side
from migrator.contracts.derived import derived_id
from migrator.contracts.export_folder import Export, member_reader, read_export
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.twins import TWINS, FoundSegment, SharedPeople, Twins, name_key, name_keys, twins_to_json
from migrator.contracts.usage import USAGE, usage_of, usage_to_json
from migrator.dataverse import realtime
from migrator.dataverse.client import Client
from migrator.dataverse.errors import Refused
from migrator.dataverse.usage import Seen, UsedSegment, look
from migrator.product.codes import COMPUTED, GROUPS_PER_DEFINITION, MEMBERS_PER_GROUP, PAGE_SIZE_MAX, SegmentSource

_PARALLEL = 4


async def read_surroundings(client: Client, folder: Path, progress: ShowsProgress) -> None:
    """Read usage and twins into a finished export.

    Args:
        client: the organisation that the export is of.
        folder: the export.
        progress: where to say how far it is.

    Raises:
        DataverseError: the organisation cannot be reached.
        UsageError: it is no whole export.
    """
    export = read_export(folder)
    with progress.step("Reading what uses the segments") as step:
        seen = await look(client)
        step.advance()
    usage = usage_of(seen, [segment.id for segment in export.segments])
    twins = await _twins(client, folder, export, seen, progress)
    writer = ExportWriter.reopen(folder)
    for name, content in ((USAGE, usage_to_json(usage)), (TWINS, twins_to_json(twins))):
        writer.file(name, json.dumps(content, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n")
    writer.finish()


async def _twins(client: Client, folder: Path, export: Export, seen: Seen, progress: ShowsProgress) -> Twins:
    if why := seen.unread.get("segments"):
        return Twins(unread=why)
    ours = _ours(client.organisation_id, export)
    candidates = [one for one in seen.segments if one.source == SegmentSource.JOURNEYS and one.id not in ours]
    if not candidates:
        return Twins()
    wanted = {one.source_id for one in candidates}
    try:
        rows = {row.id: row async for row in realtime.retrieve_segment_definitions(client) if row.id in wanted}
    except Refused as error:
        return Twins(unread=error.summary)
    found = [
        FoundSegment(
            one.id,
            definition.id,
            one.name,
            definition.query or "",
            definition.static_list_members or "[]",
            definition.status_code,
            one.member_count,
            one.created_on,
        )
        for one in candidates
        if one.source_id and (definition := rows.get(one.source_id))
    ]
    by_id = {one.id: one for one in candidates}
    with progress.step("Comparing with segments that are there", len(found)) as step:

        async def one(segment: FoundSegment) -> list[SharedPeople]:
            shared = await _shared(client, folder, export, segment, by_id[segment.id])
            step.advance()
            return shared

        shared = await side_by_side((one(segment) for segment in found), _PARALLEL)
    return Twins(tuple(found), tuple(pair for pairs in shared for pair in pairs))


def _ours(organisation: UUID, export: Export) -> Collection[UUID]:
    """The ids that this tool gives: what has one of them is no twin, but made by a run."""
    made = [segment.id for segment in export.segments]
    for segment in export.segments:
        parts = (export.members[segment.id].count or 0) // (GROUPS_PER_DEFINITION * MEMBERS_PER_GROUP) + 1
        if parts > 1:
            made += [derived_id(organisation, segment.id, f"part {number}") for number in range(1, parts + 1)]
    return {derived_id(organisation, key, "segment") for key in made}


async def _shared(
    client: Client, folder: Path, export: Export, segment: FoundSegment, row: UsedSegment
) -> list[SharedPeople]:
    """Compare the people with those of every legacy segment that has the same name, or as many members."""
    names = set(name_keys(segment.name))
    pairs: Sequence[UUID] = [
        legacy.id
        for legacy in export.segments
        if (count := export.members[legacy.id].count)
        and (count == segment.member_count or name_key(legacy.name) in names)
    ]
    if not pairs:
        return []
    people = await _people(client, segment, row)
    if people is None or not len(people):
        return []
    read = member_reader(folder)
    found = []
    for legacy in pairs:
        before = read(legacy)
        if export.members[legacy].excluded:
            before = without(before, read(legacy, excluded=True))
        common = len(before) - len(without(before, people))
        if common:
            found.append(SharedPeople(segment.id, legacy, common, len(people), len(before)))
    return found


async def _people(client: Client, segment: FoundSegment, row: UsedSegment) -> Ids | None:
    """The members of a real-time segment: computed ones, or those of its groups; None where they cannot be read."""
    try:
        if row.status_code in COMPUTED:
            listed = await realtime.members_list(client, segment.id)
            return distinct(listed.ids) if listed.complete else None
        kinds = realtime.group_kinds(segment.static_list_members)
        if segment.query.strip() or not kinds or set(kinds.values()) != {"Include"}:
            return None
        return distinct(joined([await _group(client, segment.id, UUID(group)) for group in kinds]))
    except (Refused, ValueError):
        return None


async def _group(client: Client, segment: UUID, group: UUID) -> Ids:
    pages = [NONE]
    for page in range(1, MEMBERS_PER_GROUP // PAGE_SIZE_MAX + 2):
        ids = await realtime.list_group_members(client, segment, group, page)
        if not len(ids):
            break
        pages.append(ids)
    return joined(pages)
