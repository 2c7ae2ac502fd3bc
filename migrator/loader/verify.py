"""Looks at what is in the organisation after loading, and compares it with what was there before: id by id if it can.

Waits first until the published segments are computed. Static groups are read back page by page. Missing members are
looked up: an inactive or deleted contact explains its absence, as real-time journeys count active contacts that exist.
What then remains of a query's difference is called drifted up to a stated tolerance, and different above it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from uuid import UUID

from migrator.base.cells import identity
from migrator.base.ids import Ids, joined, ordered, packed, unpacked, without
from migrator.base.progress import ShowsProgress, Step
from migrator.base.side_by_side import side_by_side
from migrator.contracts.journal import LoadState
from migrator.contracts.payload import PayloadKind
from migrator.contracts.plan import PlannedSegment
from migrator.contracts.verification import (
    Kind,
    Match,
    Verification,
    Verified,
    write_difference,
    write_verification,
)
from migrator.dataverse import contacts, realtime
from migrator.dataverse.errors import Refused
from migrator.dataverse.realtime import ComputedMembers, DefinitionRow, SegmentRow, group_kinds
from migrator.loader.computations import BROKEN, computed, why_it_failed
from migrator.loader.existing import Phase, look_at_definitions, phase_of
from migrator.loader.groups import read_group
from migrator.loader.loading import Loading, check_target
from migrator.loader.same import same_query
from migrator.product.codes import COMPUTED, DefinitionStatus, LegacyType, Scope, SegmentStatus, State, label


async def verify(
    loading: Loading,
    at: str,
    wait: float,
    tolerance: float,
    progress: ShowsProgress,
    only: Collection[UUID] | None = None,
) -> Verification:
    """Compare the segments that were loaded with their legacy members, and write the result into the run folder.

    Args:
        loading: what was loaded.
        at: the time of this look, UTC, ISO 8601.
        wait: seconds to wait for computations, for all segments together; 0 looks once.
        tolerance: the share by which a query's members may differ and are called drifted.
        progress: where to say how far it is.
        only: legacy ids; None means all that were loaded.

    Raises:
        UsageError: the plan is for another organisation.
        Unreachable: the organisation stopped answering.
        Interrupted: somebody wishes to end.
    """
    check_target(loading)
    done = {key for key, result in loading.journal.results().items() if result.state is LoadState.LOADED}
    chosen = [
        segment
        for segment in loading.plan.segments
        if segment.legacy_id in done and (only is None or segment.legacy_id in only)
    ]
    rows = await computed(loading, chosen, wait, progress)
    definitions = await look_at_definitions(loading.client, chosen) if chosen else {}
    with progress.step("Verifying members", len(chosen)) as step:
        looked = await side_by_side(
            (
                _one(
                    loading,
                    segment,
                    rows.get(segment.segment_id),
                    definitions.get(segment.definition_id),
                    tolerance,
                    step,
                )
                for segment in chosen
            ),
            loading.parallel,
        )
    verification = Verification(at, tuple(looked), tolerance)
    write_verification(verification, loading.folder)
    return verification


async def _one(
    loading: Loading,
    segment: PlannedSegment,
    row: SegmentRow | None,
    definition: DefinitionRow | None,
    tolerance: float,
    progress: Step,
) -> Verified:
    try:
        compared = await _compared(loading, segment, row, definition, tolerance)
        verified = _in_its_unit(_as_planned(compared, segment, row, definition), segment, row)
    except Refused as error:
        note = f"The members could not be compared: {error.summary}"
        verified = Verified(segment.legacy_id, Match.UNKNOWN, segment.before, None, note=note)
    progress.advance()
    return verified


def _in_its_unit(verified: Verified, segment: PlannedSegment, row: SegmentRow | None) -> Verified:
    """A look, with what the business unit that owns the segment adds to it."""
    planned = segment.payload.business_unit if segment.payload else None
    if row is None or planned is None or row.business_unit in (None, planned):
        return verified
    note = (
        f"It belongs to the business unit {row.business_unit}, not to {planned} as before: "
        "the organisation put it there without a word."
    )
    # Within a business unit's scope its members are those of another unit then.
    scoped = segment.payload is not None and segment.payload.scope_code == Scope.BUSINESS_UNIT
    match = Match.DIFFERENT if scoped and verified.match is not Match.UNKNOWN else verified.match
    return replace(verified, match=match, note=f"{verified.note} {note}".strip())


def _as_planned(
    verified: Verified, segment: PlannedSegment, row: SegmentRow | None, definition: DefinitionRow | None
) -> Verified:
    """A look, with what somebody has changed by hand since the loading: equal numbers of today prove nothing then."""
    payload = segment.payload
    if row is None or payload is None:
        return verified
    changes, match = [], verified.match
    live = definition is not None and phase_of(definition) is Phase.PUBLISHED
    if definition is None:
        changes.append("Its definition is no longer in the organisation.")
    else:
        if not same_query(definition.query or "", payload.query):
            changes.append("Its query was changed after it was loaded.")
        if segment.publish and not live:
            status = label(definition.status_code, DefinitionStatus)
            changes.append(f"It is not live any more (state {status}): journeys would not send to it.")
    if changes and match is not Match.UNKNOWN:
        match = Match.DIFFERENT
    renamed = row.name is not None and row.name != payload.name
    notes = [
        verified.note,
        *changes,
        "It is live, although the plan leaves it a draft." if live and not segment.publish else "",
        f"It was given another name: {row.name}." if renamed else "",
    ]
    return replace(verified, match=match, note=" ".join(filter(None, notes)), live=live)


async def _compared(
    loading: Loading,
    segment: PlannedSegment,
    row: SegmentRow | None,
    definition: DefinitionRow | None,
    tolerance: float,
) -> Verified:
    """A look at the members: first at static groups, then at what the organisation has computed."""
    blank = Verified(segment.legacy_id, Match.UNKNOWN, segment.before, None)
    if row is None:
        return replace(blank, note="The segment is no longer in the organisation.")
    blank = replace(blank, status_code=row.status_code)
    if differing := await _other_groups(loading, segment, definition, blank):
        return differing
    if row.status_code in COMPUTED:
        return await _when_computed(loading, segment, row, blank, tolerance)
    return await _before_computed(loading, segment, row, blank)


async def _other_groups(
    loading: Loading, segment: PlannedSegment, definition: DefinitionRow | None, blank: Verified
) -> Verified | None:
    """What is other than planned in the static groups; None without groups, and where this loading has read them."""
    planned = _kinds(segment)
    kinds = planned if definition is None else group_kinds(definition.static_list_members)
    if not (_static(segment) or kinds) or (segment.legacy_id in loading.read_back and kinds == planned):
        return None
    return await _groups(loading, segment, kinds, blank)


async def _before_computed(loading: Loading, segment: PlannedSegment, row: SegmentRow, blank: Verified) -> Verified:
    """What is known of a segment that is not computed: why not, and of a static draft who is in it."""
    status = label(row.status_code, SegmentStatus)
    if row.status_code in BROKEN:
        return replace(blank, note=f"The segment is in the state {status}{await why_it_failed(loading, row)}.")
    if segment.publish:
        why = await why_it_failed(loading, row)
        return replace(blank, note=f"The members are still being computed (state {status}{why}).")
    if _static(segment):  # a draft: its groups hold the planned members, id by id
        held = len(_before(loading, segment)) if _excludes(segment) else _included(segment)
        return replace(blank, match=Match.EQUAL, after=held)
    return replace(blank, match=Match.DRAFT, note="A draft is not computed; its members cannot be compared yet.")


async def _when_computed(
    loading: Loading, segment: PlannedSegment, row: SegmentRow, blank: Verified, tolerance: float
) -> Verified:
    """The computed members beside those before: by the ids where these are known, else by the numbers."""
    count, static = row.member_count, _static(segment)
    if count is None:
        return replace(blank, note="The segment is computed but shows no number of members.")
    found = replace(blank, after=count)
    if static and not _excludes(segment) and count == _included(segment) == found.before:
        return replace(found, match=Match.EQUAL)
    if not segment.members.known:
        # Of a list, an equal number says nothing about its people.
        return replace(found, note=_ONLY_NUMBERS) if static else _numbers(found, tolerance)
    listed = await realtime.members_list(loading.client, segment.segment_id)
    # A list of people stays one when a segment that was there already is adopted for it.
    listing = static or (segment.adopted and segment.type_code == LegacyType.STATIC)
    return await _explained(loading, segment, found, listed, 0.0 if listing else tolerance)


def _static(segment: PlannedSegment) -> bool:
    return segment.payload is not None and segment.payload.kind is PayloadKind.STATIC


def _included(segment: PlannedSegment) -> int:
    """Members that its groups were planned to hold."""
    return sum(group.count for group in segment.groups if not group.excluded)


def _excludes(segment: PlannedSegment) -> bool:
    return any(group.excluded for group in segment.groups)


def _kinds(segment: PlannedSegment) -> dict[str, str]:
    return group_kinds(segment.payload.static_list_members if segment.payload else None)


async def _groups(
    loading: Loading, segment: PlannedSegment, kinds: Mapping[str, str], blank: Verified
) -> Verified | None:
    """The groups that the definition itself names, id by id; None when the same people are in and out as planned.

    Args:
        loading: what was loaded.
        segment: the segment as it was planned.
        kinds: group id → Include or Exclude, as the definition says now.
        blank: a look that says nothing yet.
    """
    note = "The static groups were changed after they were loaded."
    if any(kind not in ("Include", "Exclude") or identity(group) is None for group, kind in kinds.items()):
        return replace(blank, match=Match.DIFFERENT, note=f"{note} What they are now cannot be read.")
    if kinds == _kinds(segment) and await _group_by_group(loading, segment):
        return None
    there: dict[str, list[Ids]] = {"Include": [], "Exclude": []}
    planned: dict[str, list[Ids]] = {"Include": [], "Exclude": []}
    for group, kind in kinds.items():
        there[kind].append(await read_group(loading.client, segment.segment_id, UUID(group)))
    for one in segment.groups:
        ids = loading.read_members(segment.members_of, one.first, one.count, excluded=one.excluded)
        planned["Exclude" if one.excluded else "Include"].append(ids)
    wanted, found = ({kind: joined(lists) for kind, lists in every.items()} for every in (planned, there))
    if segment.payload and segment.payload.kind is PayloadKind.DYNAMIC:
        # A query selects members, and groups add some or take some out: each kind counts by itself.
        lost = joined([without(wanted["Include"], found["Include"]), without(found["Exclude"], wanted["Exclude"])])
        more = joined([without(found["Include"], wanted["Include"]), without(wanted["Exclude"], found["Exclude"])])
        after = None
    else:
        before, now = (without(every["Include"], every["Exclude"]) for every in (wanted, found))
        lost, more = without(before, now), without(now, before)
        after = len(before) - len(lost) + len(more)
    if not len(lost) and not len(more):
        return None
    _list(loading, segment, {Kind.MISSING: lost, Kind.SURPLUS: more})
    return replace(blank, match=Match.DIFFERENT, after=after, missing=len(lost), surplus=len(more), note=note)


async def _group_by_group(loading: Loading, segment: PlannedSegment) -> bool:
    """Whether each planned group holds what was planned for it; large segments fit into memory this way."""
    for group in segment.groups:
        there = await read_group(loading.client, segment.segment_id, group.id)
        planned = loading.read_members(segment.members_of, group.first, group.count, excluded=group.excluded)
        if len(without(planned, there)) or len(without(there, planned)):
            return False
    return True


def _numbers(verified: Verified, tolerance: float) -> Verified:
    if verified.before is None or verified.after is None:
        return replace(verified, note=_ONLY_NUMBERS)
    apart = abs(verified.after - verified.before)
    return replace(verified, match=_match(apart, verified.before, tolerance), note=_ONLY_NUMBERS)


_ONLY_NUMBERS = "Only numbers could be compared, not the members themselves."


def _match(apart: int, before: int, tolerance: float) -> Match:
    if not apart:
        return Match.EQUAL
    return Match.DRIFTED if apart <= tolerance * before else Match.DIFFERENT


async def _explained(
    loading: Loading, segment: PlannedSegment, verified: Verified, listed: ComputedMembers, tolerance: float
) -> Verified:
    before = _before(loading, segment)
    absent, surplus = without(before, listed.ids), without(listed.ids, before)
    states = await contacts.states(loading.client, list(unpacked(ordered(absent))))
    gone = {
        Kind.INACTIVE: packed(one for one, state in states.items() if state is State.INACTIVE),
        Kind.DELETED: packed(one for one in unpacked(absent) if one not in states),
    }
    inactive, deleted = (len(ids) for ids in gone.values())
    _list(loading, segment, {**gone, Kind.SURPLUS: surplus})
    if not listed.complete:
        return _partly_listed(verified, listed, len(surplus), len(before), inactive, deleted, tolerance)
    unexplained = packed(one for one in unpacked(absent) if states.get(one) is State.ACTIVE)
    _list(loading, segment, {Kind.MISSING: unexplained})
    apart = len(unexplained) + len(surplus)
    if verified.after != listed.total:
        match = Match.DIFFERENT
    elif apart:
        match = _match(apart, len(before), tolerance)
    else:
        match = Match.EXPLAINED if len(absent) else Match.EQUAL
    return replace(
        verified, match=match, inactive=inactive, deleted=deleted, missing=len(unexplained), surplus=len(surplus)
    )


def _partly_listed(
    verified: Verified,
    listed: ComputedMembers,
    surplus: int,
    before: int,
    inactive: int,
    deleted: int,
    tolerance: float,
) -> Verified:
    """What fewer ids than there are members prove: nobody is known to be missing; a stranger or another number counts.

    Args:
        verified: what is known of it so far.
        listed: the ids that were listed, and how many there are.
        surplus: how many of them were no members before.
        before: members before.
        inactive: those of them that were not listed and are inactive contacts.
        deleted: those of them that were not listed and no longer exist.
        tolerance: the share by which the number may differ and is called drifted.
    """
    expected = before - inactive - deleted
    apart = max(abs(listed.total - expected), surplus)
    note = (
        f"The service listed {len(listed.ids):,} of {listed.total:,} members, so an id that is not listed proves "
        "nothing: the numbers were compared, and the ids that were listed."
    )
    match = _match(apart, before, tolerance)
    if match is Match.EQUAL and expected != before:
        match = Match.EXPLAINED
    if verified.after != listed.total:
        match = Match.DIFFERENT
    return replace(
        verified,
        match=match,
        inactive=inactive,
        deleted=deleted,
        surplus=surplus,
        missing=max(expected + surplus - listed.total, 0),
        partly=True,
        note=note,
    )


def _before(loading: Loading, segment: PlannedSegment) -> Ids:
    """The members before: those that were read, of a part its own, without those that are excluded by name."""
    if segment.part_of:
        first = segment.groups[0].first if segment.groups else 0
        return loading.read_members(segment.part_of, first, segment.members.count)
    before = loading.read_members(segment.legacy_id)
    if segment.members.excluded:
        return without(before, loading.read_members(segment.legacy_id, excluded=True))
    return before


def _list(loading: Loading, segment: PlannedSegment, found: Mapping[Kind, Ids]) -> None:
    """Write the ids of a difference to files, where there are any."""
    for kind, ids in found.items():
        if len(ids):
            write_difference(loading.folder, segment.legacy_id, kind, ids)
