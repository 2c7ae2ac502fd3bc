"""People, not segments: who is in any live segment before and after, and who would be in none any more, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from uuid import UUID

from migrator.base.atomic import writing
from migrator.contracts.plan import Outcome, PlannedSegment
from migrator.contracts.predictions import LOST, Loss, PeoplePredicted
from migrator.evaluator import EvaluationError
from migrator.evaluator.population import Population
from migrator.evaluator.select import Stored
from migrator.product.codes import LEGACY_LIVE

Sets = Mapping[UUID, Stored | EvaluationError]
"""Legacy id → who is in the segment, or why that cannot be evaluated."""
_BY_OUTCOME = {Outcome.FLAGGED: Loss.WAITING, Outcome.BLOCKED: Loss.IMPOSSIBLE, Outcome.SKIPPED: Loss.LEFT_OUT}


def people_of(
    people: Population, segments: Sequence[PlannedSegment], before: Sets, after: Sets, lists: Path
) -> PeoplePredicted:
    """Count everybody once, and write who would be in no live segment any more into a private file.

    Args:
        people: holds the sets.
        segments: of the plan, with what waits in it; no parts of segments that were split.
        before: who is in the originals.
        after: who will be in the real-time segments.
        lists: the folder for the file.
    """
    live = [segment for segment in segments if segment.status_code in LEGACY_LIVE]
    will = [segment for segment in segments if segment.loadable and segment.publish]
    then = people.union([found for segment in live if isinstance(found := before[segment.legacy_id], Stored)])
    now = people.union([found for segment in will if isinstance(found := after[segment.legacy_id], Stored)])
    lost, gained = people.without(then, now), people.without(now, then)
    counts: dict[str, int] = {}
    rest = lost
    if people.size(lost):
        with writing(lists / LOST) as file:
            file.write(b"contactid,reason\n")
            for loss, everybody in _losses(people, live, before, after, lost):
                here = people.both(rest, everybody)
                if count := people.size(here):
                    counts[str(loss)] = count
                    for one in people.ids(here):
                        file.write(f"{one},{loss}\n".encode())
                rest = people.without(rest, here)
    counted = PeoplePredicted(
        people.size(then),
        people.size(now),
        people.size(lost),
        people.size(gained),
        counts,
        tuple(one.legacy_id for one in live if not isinstance(before[one.legacy_id], Stored)),
        tuple(one.legacy_id for one in will if not isinstance(after[one.legacy_id], Stored)),
    )
    for each in (then, now, lost, gained):
        people.drop(each)
    return counted


def _losses(
    people: Population, live: Sequence[PlannedSegment], before: Sets, after: Sets, lost: Stored
) -> Iterator[tuple[Loss, Stored]]:
    """Every reason with those whom it may be true of, in the order in which it counts; the last one takes the rest."""
    known = people.contacts(lost)
    yield Loss.DELETED, people.without(lost, known)
    yield Loss.INACTIVE, people.inactive(known)
    of: dict[Loss, list[Stored]] = {}
    for segment in live:
        if isinstance(members := before[segment.legacy_id], Stored):
            of.setdefault(_loss(segment, after), []).append(members)
    for loss in Loss:
        if loss in of:
            yield loss, people.union(of[loss])


def _loss(segment: PlannedSegment, after: Sets) -> Loss:
    if not segment.loadable:
        return _BY_OUTCOME[segment.outcome]
    if not segment.publish:
        return Loss.DRAFT
    return Loss.TRANSLATION if isinstance(after[segment.legacy_id], Stored) else Loss.UNKNOWN
