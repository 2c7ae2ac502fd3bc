"""The members of one static group: what is missing is added, what is surplus is removed, until both sides agree.

The group is read back page by page and compared id by id. That also settles every call whose answer was lost: what did
not arrive is missing, and is sent again.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from migrator.base.ids import NONE, Ids, batches, joined, without
from migrator.base.patience import Waiting
from migrator.contracts.journal import Write
from migrator.contracts.payload import StaticGroup
from migrator.contracts.plan import PlannedSegment
from migrator.contracts.verification import Kind, write_difference
from migrator.dataverse import realtime
from migrator.dataverse.client import Client
from migrator.dataverse.errors import Unsettled
from migrator.loader.loading import MORE_TRIES, Attempt, CannotGoOn, LiveDiffers, Loading, steadily_refused
from migrator.product.codes import MEMBERS_PER_CALL

_LOST_IN_A_ROW = 3
"""Calls in a row of which nobody knows whether they arrived; then the group is looked at before more is sent."""
_LONGEST = 16
"""How many times as long as the first one a pause between two looks may become."""
_LOOKS = 3
"""Looks at a group in which everything was confirmed and something is missing, before it is sent again, and at a live
one before it is called different: reads may lag behind writes."""


async def fill(
    loading: Loading, segment: PlannedSegment, group: StaticGroup, attempt: Attempt, *, new: bool, left_alone: str
) -> None:
    """Bring one group into the planned state.

    Args:
        loading: with what.
        segment: whose group.
        group: which group.
        attempt: for which segment.
        new: whether the segment was created just now, so that the group is empty.
        left_alone: the state for which nothing is changed, such as "live"; empty where the segment may be changed.

    Raises:
        LiveDiffers: the segment is live, and its group is not as planned.
        CannotGoOn: both sides do not come to agree.
        ServerFault: the service answers with errors only, and nothing of it arrives.
        Refused: the organisation says no.
    """
    patience = loading.client.patience
    patience = replace(patience, most=min(patience.most, _LONGEST * patience.first))
    waiting = Waiting(patience, loading.client.stop)
    rounds, confirmed, before = 0, False, -1
    least = group.count + 1
    refused: Unsettled | None = None
    refusals = 0
    found = NONE if new else await read_group(loading.client, segment.segment_id, group.id)
    while True:
        planned = loading.read_members(segment.members_of, group.first, group.count, excluded=group.excluded)
        missing, surplus = without(planned, found), without(found, planned)
        del planned, found
        if not len(missing) and not len(surplus):
            attempt.step = "read back"
            return
        if left_alone and rounds == _LOOKS:
            raise LiveDiffers(_live(loading, segment, missing, surplus, left_alone))
        attempt.step = "members"
        apart = len(missing) + len(surplus)
        refusals = refusals if apart == before else 0
        before = apart
        if refused and refusals > MORE_TRIES:
            raise steadily_refused(refused)
        if not left_alone and (not confirmed or rounds % _LOOKS == 0):
            confirmed, refused = await _send(loading, segment, group, attempt, missing, surplus)
            refusals = refusals + 1 if refused else 0
            if apart < least:
                # It comes nearer. Sending a large group takes longer than anybody would wait for one answer, so
                # patience counts from the last time that it did, and not from before sending.
                least, waiting = apart, Waiting(patience, loading.client.stop)
        # What was sent for the first time is usually seen at once.
        if rounds and not await waiting.again():
            raise CannotGoOn(_apart(loading, segment, group, missing, surplus))
        rounds += 1
        attempt.step = "read back"
        found = await read_group(loading.client, segment.segment_id, group.id)


async def _send(
    loading: Loading, segment: PlannedSegment, group: StaticGroup, attempt: Attempt, missing: Ids, surplus: Ids
) -> tuple[bool, Unsettled | None]:
    """Send the difference, in calls of 1,000 ids one after the other.

    Gives whether every call was confirmed, and the answer of the service if it had nothing but errors to say.
    """
    lost = in_a_row = 0
    answers: list[Unsettled | None] = []
    calls = [
        (verb, call, batch)
        for verb, ids, call in (
            (Write.ADD_MEMBERS, missing, realtime.add_static_members),
            (Write.REMOVE_MEMBERS, surplus, realtime.remove_static_members),
        )
        for batch in batches(ids, MEMBERS_PER_CALL)
    ]
    for verb, call, batch in calls:
        try:
            async with loading.journal.step(attempt.legacy_id, verb, group.id, f"{len(batch)} ids"):
                await call(loading.client, segment.segment_id, group.id, batch)
            in_a_row = 0
            answers.append(None)
        except Unsettled as error:
            lost, in_a_row = lost + 1, in_a_row + 1
            answers.append(error if error.answered else None)
            if in_a_row == _LOST_IN_A_ROW:
                break
    return not lost, answers[-1] if all(answers) else None


async def read_group(client: Client, segment: UUID, group: UUID) -> Ids:
    """All ids of a static group, read page by page; only an empty page is the end.

    Args:
        client: the organisation.
        segment: the real-time segment's id.
        group: the group's id.

    Raises:
        Refused: the group cannot be read.
    """
    pages: list[Ids] = []
    while len(ids := await realtime.list_group_members(client, segment, group, len(pages) + 1)):
        pages.append(ids)
    return joined(pages)


def _live(loading: Loading, segment: PlannedSegment, missing: Ids, surplus: Ids, left_alone: str) -> str:
    listed = _listed(loading, segment, missing, surplus)
    return (
        f"The segment is {left_alone}, and its members are not as planned: {listed}. "
        "It was changed after an earlier migration. Nothing was changed now. Stop the segment in real-time journeys if "
        "it is to become as planned, then repeat the command."
    )


def _apart(loading: Loading, segment: PlannedSegment, group: StaticGroup, missing: Ids, surplus: Ids) -> str:
    return (
        f"The group “{group.name}” does not come to hold the planned members: "
        f"{_listed(loading, segment, missing, surplus)}. "
        "Repeat the command later; what is there stays there."
    )


def _listed(loading: Loading, segment: PlannedSegment, missing: Ids, surplus: Ids) -> str:
    listed = []
    for ids, kind in ((missing, Kind.MISSING), (surplus, Kind.SURPLUS)):
        if len(ids):
            name = write_difference(loading.folder, segment.legacy_id, kind, ids)
            listed.append(f"{len(ids):,} are {kind} (listed in {name})")
    return " and ".join(listed)
