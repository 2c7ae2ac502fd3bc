"""Is what a verification once said still so? Both sides are looked at again right before a legacy segment is retired.

An old look proves nothing: since then a successor may have been stopped, emptied or deleted, and the legacy list may
have grown. Whatever changed is named, and the legacy segment stays as it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from migrator.base.counted import so_many
from migrator.base.ids import Ids, joined, packed, without
from migrator.contracts.legacy_segment import LegacySegment
from migrator.contracts.payload import PayloadKind
from migrator.contracts.plan import PlannedSegment
from migrator.contracts.verification import Verified
from migrator.dataverse import outbound, realtime
from migrator.dataverse.errors import Refused
from migrator.dataverse.outbound import LegacyRow
from migrator.loader.existing import Phase, phase_of
from migrator.loader.groups import read_group
from migrator.loader.loading import Loading
from migrator.loader.same import same_query
from migrator.product.codes import LEGACY_LIVE, LegacyStatus, LegacyType, Scope, label


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about one segment that is to be retired."""

    segment: PlannedSegment
    seen: Verified
    """The newest look at its successor."""
    legacy: LegacySegment
    """The legacy segment as it was extracted."""
    tolerance: float
    """The share by which the number of a query's members may differ from that look."""

    @property
    def people_compared(self) -> bool:
        """Whether the members themselves were compared, id by id, and not their number alone."""
        return self.segment.members.known and not self.seen.partly and self.seen.after is not None


async def why_not(loading: Loading, known: Known) -> str:
    """What keeps a legacy segment from being retired now; empty where everything is still as it was verified.

    Args:
        loading: of the run that migrated it.
        known: what is known about it.

    Raises:
        Refused: one of the two sides cannot be looked at.
    """
    row = await outbound.retrieve_segment(loading.client, known.segment.legacy_id)
    if row is None:
        return ""  # there is nothing to retire any more
    return await _successor(loading, known, row) or await _legacy(loading, known, row)


async def _successor(loading: Loading, known: Known, row: LegacyRow) -> str:
    segment, client = known.segment, loading.client
    definition = await realtime.retrieve_segment_definition(client, segment.definition_id)
    found = await realtime.retrieve_segment(client, segment.segment_id)
    if definition is None or found is None:
        return "its successor is no longer in the organisation"
    if row.status_code in LEGACY_LIVE and phase_of(definition) is not Phase.PUBLISHED:
        return "it is live and its successor is not, so that nobody would get mail from either"
    payload = segment.payload
    if payload is None or not same_query(definition.query or "", payload.query):
        return "its successor has another query than was verified"
    if payload.kind is PayloadKind.STATIC or payload.groups:
        lost, more = await _groups(loading, segment)
        if lost or more:
            return f"its successor has other members than the list: {lost:,} are missing and {more:,} are new"
    if (
        payload.kind is not PayloadKind.STATIC
        and known.seen.after is not None
        and phase_of(definition) is Phase.PUBLISHED
    ):
        now = found.member_count
        if now is None:
            return "its successor is being computed again"
        if abs(now - known.seen.after) > known.tolerance * max(known.seen.after, 1):
            return f"its successor has {so_many(now, 'member')} now, where {known.seen.after:,} were verified"
    return ""


async def _groups(loading: Loading, segment: PlannedSegment) -> tuple[int, int]:
    lost = more = 0
    for group in segment.groups:
        there = await read_group(loading.client, segment.segment_id, group.id)
        planned = loading.read_members(segment.members_of, group.first, group.count, excluded=group.excluded)
        lost += len(without(planned, there))
        more += len(without(there, planned))
    return lost, more


async def _legacy(loading: Loading, known: Known, row: LegacyRow) -> str:
    legacy = known.legacy
    if legacy.type_code != LegacyType.STATIC:
        if row.query.strip() != legacy.query.strip():
            return "its own query was changed since the extraction"
        return ""
    now = await _members_now(loading, legacy)
    if now is None:
        return _by_its_row(legacy, row)
    before = loading.read_members(legacy.id) if known.segment.members.known else packed(())
    grown, gone = len(without(now, before)), len(without(before, now))
    # Ids that are gone from the legacy list may be deleted contacts; whoever came since would be lost.
    if grown:
        added = so_many(grown, "member was", "members were")
        return f"{added} added to it since the extraction" + (f", {so_many(gone, 'is', 'are')} gone" if gone else "")
    return ""


async def _members_now(loading: Loading, legacy: LegacySegment) -> Ids | None:
    """The legacy members at this moment; None where the service does not give them any more."""
    if not legacy.query_name or legacy.business_unit is None:
        return None
    try:
        pages = [page async for page in _pages(loading, legacy)]
    except Refused:
        return None
    return joined(pages) if pages else packed(())


async def _pages(loading: Loading, legacy: LegacySegment) -> AsyncIterator[Ids]:
    scope = Scope.BUSINESS_UNIT if legacy.scope_code == Scope.BUSINESS_UNIT else Scope.ORGANISATION
    unit = legacy.business_unit or loading.client.business_unit_id
    taken = 0
    while ids := await outbound.fetch_contacts_by_query(loading.client, legacy.query_name, unit, scope, taken):
        taken += len(ids)
        yield packed(ids)


def _by_its_row(legacy: LegacySegment, row: LegacyRow) -> str:
    """Where the members cannot be read: nothing of the row may have changed since the extraction."""
    changed = [
        f"{what} was {_shown(before)} and is {_shown(now)}"
        for what, before, now in (
            ("its size", legacy.recorded_size, row.recorded_size),
            ("its status", label(legacy.status_code, LegacyStatus), label(row.status_code, LegacyStatus)),
            ("its last change", legacy.modified_on, row.modified_on),
        )
        if before != now
    ]
    if not changed:
        return ""
    return f"its members cannot be read any more, and since the extraction {', '.join(changed)}"


def _shown(value: object) -> str:
    return "unknown" if value in (None, "") else str(value)
