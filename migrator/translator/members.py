"""Static members: ids become manual-select Include groups; unknown members are never an empty segment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from migrator.base.counted import so_many
from migrator.contracts.choices import Doubt
from migrator.contracts.derived import derived_id
from migrator.contracts.doubts import doubts, doubts_about_exclusions
from migrator.contracts.legacy_segment import LegacySegment
from migrator.contracts.members import LEFT_OUT, Members, MemberSource
from migrator.contracts.payload import StaticGroup
from migrator.product import findings
from migrator.product.codes import GROUPS_PER_DEFINITION, MEMBERS_PER_GROUP, NAME_MAX
from migrator.product.findings import Finding
from migrator.translator.texts import shortened

MEMBERS_MAX = GROUPS_PER_DEFINITION * MEMBERS_PER_GROUP


@dataclass(frozen=True, slots=True)
class PlannedMembers:
    """The groups of one segment, and what there is to say."""

    groups: tuple[StaticGroup, ...]
    findings: tuple[Finding, ...] = ()
    fits: bool = True
    """Whether all members that were read fit into the groups of one segment."""


def plan_members(
    segment: LegacySegment,
    members: Members,
    name: str,
    target: UUID,
    tolerance: float,
    accepted: Collection[Doubt] = (),
    *,
    as_list: bool,
) -> PlannedMembers:
    """Plan the groups of a segment that becomes a list; others get groups for exclusions alone.

    What was read is checked in either case.

    Args:
        segment: its row.
        members: what is known of its members.
        name: the name that it gets.
        target: the organisation that the plan is for.
        tolerance: the share by which numbers may differ before a person has to look.
        accepted: kinds of doubt that are settled for all segments.
        as_list: whether it becomes a list: static, or frozen.
    """
    found = [
        *_about_reading(members),
        *_about_doubts(segment, members, tolerance, accepted),
        *_about_size(segment, members, tolerance, as_list=as_list),
    ]
    fits = _groups_needed(members) <= GROUPS_PER_DEFINITION
    if not as_list:
        # Whoever is excluded by name stays out of what a query selects, too.
        excluded = members.excluded or 0
        out = _groups(segment.id, 0, excluded, name, target, excluded=True) if excluded else []
        if len(out) > GROUPS_PER_DEFINITION:
            found.append(findings.too_many_members(excluded, MEMBERS_MAX, len(parts_of(excluded))))
        return PlannedMembers(tuple(out), tuple(found), fits)
    if members.count is None:
        reason = members.reason or "the export holds no list of them"
        found.append(findings.members_left_out() if reason == LEFT_OUT else findings.members_unknown(reason))
        return PlannedMembers((), tuple(found))
    if not fits:
        return PlannedMembers((), tuple(found), fits)
    groups = plan_groups(segment.id, members, name, target)
    if len(groups) > 1 and members.count > MEMBERS_PER_GROUP:
        included = sum(not group.excluded for group in groups)
        found.append(findings.split_into_groups(members.count, included, MEMBERS_PER_GROUP))
    return PlannedMembers(groups, tuple(found))


def _groups_needed(members: Members) -> int:
    """Members and exclusions lie in groups of their own, and half-filled ones count."""
    return _number_of_groups(members.count or 0) + (_number_of_groups(members.excluded) if members.excluded else 0)


def _number_of_groups(count: int) -> int:
    # A segment that is known to be empty keeps one empty group, which can be filled by hand later.
    return max(1, -(-count // MEMBERS_PER_GROUP))


def _about_reading(members: Members) -> Iterator[Finding]:
    """What there is to say about where the members come from, and what was found there."""
    named = members.source.named
    if members.duplicates or (members.unreadable and not named):
        yield findings.member_ids_cleaned(0 if named else members.unreadable, members.duplicates)
    if members.pending is not None:
        yield findings.members_pending(members.pending)
    elif members.known and members.reason:
        yield findings.pending_state_unclear(members.reason)
    if members.count is not None and members.source in _SAID:
        yield _SAID[members.source](members)
    for count, finding in (
        (members.gone, findings.contacts_gone),
        (members.set_aside, findings.hidden_rows_left_out),
        (members.inactive, findings.members_inactive),
        (members.excluded or 0, findings.members_excluded),
    ):
        if count:
            yield finding(count)


def _about_doubts(
    segment: LegacySegment, members: Members, tolerance: float, accepted: Collection[Doubt]
) -> Iterator[Finding]:
    """What a person has to decide, or has decided."""
    every = doubts(replace(members, accepted=()), segment, tolerance)
    settled = {*members.accepted, *accepted}
    for doubt, count in every.items():
        if doubt in settled:
            yield findings.doubt_accepted(_accepted(doubt, count))
        else:
            yield _ASKED[doubt](members, count)
    if members.excluding is None:
        return
    every = doubts_about_exclusions(replace(members, excluding=replace(members.excluding, accepted=())), tolerance)
    settled = {*members.excluding.accepted, *accepted}
    if opened := {doubt: count for doubt, count in every.items() if doubt not in settled}:
        what = ", ".join(so_many(count, *_WITHOUT_WORDS[doubt]) for doubt, count in opened.items())
        yield findings.exclusions_in_doubt(members.excluding.origin, what)
    for doubt, count in every.items():
        if doubt in settled:
            yield findings.doubt_accepted(f"among those who are excluded, {_accepted(doubt, count)}")


def _accepted(doubt: Doubt, count: int) -> str:
    return _ACCEPTED[doubt][count != 1].format(count)


_ASKED: Mapping[Doubt, Callable[[Members, int], Finding]] = {
    Doubt.UNREADABLE: lambda members, count: findings.rows_unreadable(members.origin, count),
    Doubt.NOT_FOUND: lambda members, count: findings.addresses_not_found(count),
    Doubt.AMBIGUOUS: lambda members, count: findings.addresses_ambiguous(count),
    Doubt.GONE: lambda members, count: findings.many_contacts_gone(count, count + (members.count or 0)),
    Doubt.NOBODY: lambda members, count: findings.nobody_left(),
    Doubt.ROW: lambda members, count: findings.members_from_old_row(count),
    Doubt.QUESTION: lambda members, count: findings.import_unanswered(members.question),
}
_ACCEPTED: Mapping[Doubt, tuple[str, str]] = {
    Doubt.UNREADABLE: ("1 unreadable row is left out", "{:,} unreadable rows are left out"),
    Doubt.NOT_FOUND: (
        "1 address that no contact has is left out",
        "{:,} addresses that no contact has are left out",
    ),
    Doubt.AMBIGUOUS: (
        "1 address stands for every contact that has it",
        "{:,} addresses stand for every contact that has them",
    ),
    Doubt.GONE: ("1 id of no contact is left out", "{:,} ids of no contact are left out"),
    Doubt.NOBODY: ("nobody is to be in it",) * 2,
    Doubt.ROW: (
        "the 1 member of its row counts, however old it is",
        "the {:,} members of its row count, however old they are",
    ),
    Doubt.QUESTION: ("a file that belongs to it is left out",) * 2,
}
"""What was decided about a doubt, of one and of more."""
_WITHOUT_WORDS: Mapping[Doubt, tuple[str, str]] = {
    Doubt.UNREADABLE: ("unreadable",) * 2,
    Doubt.NOT_FOUND: ("address that no contact has", "addresses that no contact has"),
    Doubt.AMBIGUOUS: ("address of several contacts", "addresses of several contacts"),
    Doubt.GONE: ("id of no contact", "ids of no contact"),
    Doubt.NOBODY: ("list that leaves nobody",) * 2,
    Doubt.QUESTION: ("file that waits for an answer",) * 2,
}


_SAID: Mapping[MemberSource, Callable[[Members], Finding]] = {
    MemberSource.ROW: lambda members: findings.members_from_row(members.count or 0),
    MemberSource.FILE: lambda members: findings.members_from_file(members.origin, members.count or 0),
    MemberSource.LIST: lambda members: findings.members_from_list(members.origin, members.count or 0),
}


def _about_size(segment: LegacySegment, members: Members, tolerance: float, *, as_list: bool) -> Iterator[Finding]:
    recorded, read = segment.recorded_size, members.count
    if recorded is None or read is None or recorded == read:
        return
    if as_list and abs(recorded - read) > tolerance * recorded:
        yield findings.size_far_off(recorded, read, tolerance)
    else:
        yield findings.size_differs(recorded, read)


def parts_of(count: int) -> list[tuple[int, int]]:
    """Where each of the segments begins that a large one is split into, and how many members it takes."""
    return [(first, min(MEMBERS_MAX, count - first)) for first in range(0, count, MEMBERS_MAX)]


def plan_groups(
    segment: UUID, members: Members, name: str, target: UUID, first: int = 0, count: int | None = None
) -> tuple[StaticGroup, ...]:
    """The groups for the members from position `first` on, which have to fit, and for the exclusions.

    Args:
        segment: the legacy segment's id.
        members: what is known of the list.
        name: of the real-time segment, of which the groups' names are made.
        target: the organisation's id, of which the groups' ids are made.
        first: position of the first member, from 0.
        count: how many; None means all that follow.
    """
    wanted = (members.count or 0) if count is None else count
    groups = _groups(segment, first, wanted, name, target, excluded=False)
    if members.excluded:
        groups += _groups(segment, 0, members.excluded, name, target, excluded=True)
    return tuple(groups)


def _groups(segment: UUID, first: int, count: int, name: str, target: UUID, *, excluded: bool) -> list[StaticGroup]:
    number = _number_of_groups(count)
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
