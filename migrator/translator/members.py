"""Static members: ids become manual-select Include groups; unknown members are never an empty segment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from migrator.contracts.export_folder import Members, MemberSource
from migrator.contracts.legacy_segment import LegacySegment
from migrator.contracts.payload import StaticGroup
from migrator.product import findings
from migrator.product.codes import GROUPS_PER_DEFINITION, MEMBERS_PER_GROUP, NAME_MAX, LegacyType
from migrator.product.findings import Finding
from migrator.translator.identity import derived_id
from migrator.translator.texts import shortened

MEMBERS_MAX = GROUPS_PER_DEFINITION * MEMBERS_PER_GROUP


@dataclass(frozen=True, slots=True)
class PlannedMembers:
    """The groups of one segment, and what there is to say."""

    groups: tuple[StaticGroup, ...]
    findings: tuple[Finding, ...] = ()
    fits: bool = True
    """Whether all members that were read fit into the groups of one segment."""


def plan_members(segment: LegacySegment, members: Members, name: str, target: UUID, tolerance: float) -> PlannedMembers:
    """Plan the groups of a static segment; other segments have none, but what was read is checked all the same."""
    found = [*_about_reading(members), *_about_size(segment, members, tolerance)]
    fits = (members.count or 0) + (members.excluded or 0) <= MEMBERS_MAX
    if segment.type_code != LegacyType.STATIC:
        # Whoever is excluded by name stays out of what a query selects, too.
        excluded = members.excluded or 0
        out = _groups(segment.id, 0, excluded, name, target, excluded=True) if excluded else []
        if len(out) > GROUPS_PER_DEFINITION:
            found.append(findings.too_many_members(excluded, MEMBERS_MAX, len(parts_of(excluded))))
        return PlannedMembers(tuple(out), tuple(found), fits)
    if members.count is None:
        found.append(findings.members_unknown(members.reason or "the export holds no list of them"))
        return PlannedMembers((), tuple(found))
    if not fits:
        return PlannedMembers((), tuple(found), fits)
    groups = plan_groups(segment.id, members, name, target)
    if len(groups) > 1 and members.count > MEMBERS_PER_GROUP:
        included = sum(not group.excluded for group in groups)
        found.append(findings.split_into_groups(members.count, included, MEMBERS_PER_GROUP))
    if len(groups) > GROUPS_PER_DEFINITION:  # two half-filled groups, one of each kind
        return PlannedMembers((), tuple(found), fits=False)
    return PlannedMembers(groups, tuple(found))


def _about_reading(members: Members) -> Iterator[Finding]:
    """What there is to say about where the members come from, and what was found there."""
    if members.unreadable or members.duplicates:
        yield findings.member_ids_cleaned(members.unreadable, members.duplicates)
    if members.pending is not None:
        yield findings.members_pending(members.pending)
    elif members.known and members.reason:
        yield findings.pending_state_unclear(members.reason)
    if members.count is not None and members.source in _SAID:
        yield _SAID[members.source](members)
    for count, finding in (
        (members.gone, findings.contacts_gone),
        (members.not_found, findings.addresses_not_found),
        (members.ambiguous, findings.addresses_ambiguous),
        (members.inactive, findings.members_inactive),
        (members.excluded or 0, findings.members_excluded),
    ):
        if count:
            yield finding(count)


_SAID: Mapping[MemberSource, Callable[[Members], Finding]] = {
    MemberSource.ROW: lambda members: findings.members_from_row(members.count or 0),
    MemberSource.FILE: lambda members: findings.members_from_file(members.origin, members.count or 0),
    MemberSource.LIST: lambda members: findings.members_from_list(members.origin, members.count or 0),
}


def _about_size(segment: LegacySegment, members: Members, tolerance: float) -> Iterator[Finding]:
    recorded, read = segment.recorded_size, members.count
    if segment.type_code == LegacyType.STATIC and read == 0 and recorded != 0 and _may_have_lost(members):
        yield findings.nobody_left()
    if recorded is None or read is None or recorded == read:
        return
    if segment.type_code == LegacyType.STATIC and abs(recorded - read) > tolerance * recorded:
        yield findings.size_far_off(recorded, read, tolerance)
    else:
        yield findings.size_differs(recorded, read)


def _may_have_lost(members: Members) -> bool:
    """Whether an empty list may be empty because something was left out, or because it is the wrong one."""
    return members.source in (MemberSource.FILE, MemberSource.LIST) or bool(
        members.gone or members.not_found or members.unreadable
    )


def parts_of(count: int) -> list[tuple[int, int]]:
    """Where each of the segments begins that a large one is split into, and how many members it takes."""
    return [(first, min(MEMBERS_MAX, count - first)) for first in range(0, count, MEMBERS_MAX)]


def plan_groups(
    segment: UUID, members: Members, name: str, target: UUID, first: int = 0, count: int | None = None
) -> tuple[StaticGroup, ...]:
    """The groups for the members from position `first` on, which have to fit, and for the exclusions."""
    wanted = (members.count or 0) if count is None else count
    groups = _groups(segment, first, wanted, name, target, excluded=False)
    if members.excluded:
        groups += _groups(segment, 0, members.excluded, name, target, excluded=True)
    return tuple(groups)


def _groups(segment: UUID, first: int, count: int, name: str, target: UUID, *, excluded: bool) -> list[StaticGroup]:
    # A segment that is known to be empty keeps one empty group, which can be filled by hand later.
    number = max(1, -(-count // MEMBERS_PER_GROUP))
    what, role = (" – exclusions", "exclude group") if excluded else (" – members", "group")
    groups = []
    for index in range(number):
        ending = f"{what} {index + 1} of {number}" if number > 1 else what
        begins = index * MEMBERS_PER_GROUP
        groups.append(
            StaticGroup(
                id=derived_id(target, segment, f"{role} {index + 1}"),
                name=shortened(name, NAME_MAX - len(ending)) + ending,
                first=first + begins,
                count=min(MEMBERS_PER_GROUP, count - begins),
                excluded=excluded,
            )
        )
    return groups
