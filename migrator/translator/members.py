"""Static members: ids become manual-select Include groups; unknown members are never an empty segment."""

from __future__ import annotations

import json
from dataclasses import dataclass
from uuid import UUID

from migrator import findings
from migrator.codes import GROUPS_PER_DEFINITION, MEMBERS_PER_GROUP, NAME_MAX, LegacyType
from migrator.findings import Finding
from migrator.model import LegacySegment, Members, MemberSource, StaticGroup
from migrator.translator.identity import derived_id
from migrator.translator.texts import shortened

MEMBERS_MAX = GROUPS_PER_DEFINITION * MEMBERS_PER_GROUP


@dataclass(frozen=True, slots=True)
class PlannedMembers:
    """The groups of one segment, and what there is to say."""

    groups: tuple[StaticGroup, ...]
    json: str
    """`msdynmkt_staticlistmembers`: a JSON array in a string."""
    findings: tuple[Finding, ...] = ()
    fits: bool = True
    """Whether all members that were read fit into the groups of one segment."""


def plan_members(segment: LegacySegment, members: Members, name: str, target: UUID) -> PlannedMembers:
    """Plan the groups of a static segment; other segments have none, but what was read is checked all the same."""
    found: list[Finding] = []
    if members.unreadable or members.duplicates:
        found.append(findings.member_ids_cleaned(members.unreadable, members.duplicates))
    if members.pending is not None:
        found.append(findings.members_pending(members.pending))
    elif members.known and members.reason:
        found.append(findings.pending_state_unclear(members.reason))
    if members.source is MemberSource.ROW and members.count is not None:
        found.append(findings.members_from_row(members.count))
    if members.count is not None and segment.recorded_size not in (None, members.count):
        found.append(findings.size_differs(segment.recorded_size or 0, members.count))
    fits = (members.count or 0) <= MEMBERS_MAX
    if segment.type_code != LegacyType.STATIC:
        return PlannedMembers((), "[]", tuple(found), fits)
    if members.count is None:
        found.append(findings.members_unknown(members.reason or "the export holds no list of them"))
        return PlannedMembers((), "[]", tuple(found))
    if not fits:
        found.append(findings.too_many_members(members.count, MEMBERS_MAX))
        return PlannedMembers((), "[]", tuple(found), fits)
    planned = plan_groups(segment.id, members.count, name, target)
    if len(planned.groups) > 1:
        found.append(findings.split_into_groups(members.count, len(planned.groups), MEMBERS_PER_GROUP))
    return PlannedMembers(planned.groups, planned.json, tuple(found))


def plan_groups(segment: UUID, count: int, name: str, target: UUID) -> PlannedMembers:
    """The groups for `count` members, which have to fit."""
    groups = tuple(_groups(segment, count, name, target))
    entries = [
        {"groupId": str(group.id), "includeType": "Include", "name": group.name, "inputType": "manualSelect"}
        for group in groups
    ]
    return PlannedMembers(groups, json.dumps(entries, ensure_ascii=False))


def _groups(segment: UUID, count: int, name: str, target: UUID) -> list[StaticGroup]:
    # A segment that is known to be empty keeps one empty group, which can be filled by hand later.
    number = max(1, -(-count // MEMBERS_PER_GROUP))
    groups = []
    for index in range(number):
        first = index * MEMBERS_PER_GROUP
        ending = f" – members {index + 1} of {number}" if number > 1 else " – members"
        groups.append(
            StaticGroup(
                id=derived_id(target, segment, f"group {index + 1}"),
                name=shortened(name, NAME_MAX - len(ending)) + ending,
                first=first,
                count=min(MEMBERS_PER_GROUP, count - first),
            )
        )
    return groups
