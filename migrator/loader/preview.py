"""What loading a plan would do, said before anything is written: created, changed, left as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from migrator.contracts.payload import PayloadKind
from migrator.contracts.plan import Outcome, PlannedSegment
from migrator.loader.existing import Existing, Phase, phase_of


@dataclass(frozen=True, slots=True)
class Part:
    """Segments to which the same would be done."""

    segments: int = 0
    memberships: int = 0
    """People in them, each counted in every segment; of a query as outbound marketing last recorded it."""
    unknown: int = 0
    """Segments of which nobody knows how many people are in them."""
    live: int = 0
    """Segments that would be published, and receive mail then."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What loading would do."""

    create: Part
    change: Part
    """Drafts that are there and would become as planned, where they differ."""
    leave: Part
    """Segments that are live already, or adopted; they are compared, and never changed."""
    waiting: int
    """Segments that wait for a decision and are left out."""
    impossible: int

    @property
    def writes(self) -> bool:
        """Whether anything may be written."""
        return bool(self.create.segments or self.change.segments)


def preview(chosen: Sequence[PlannedSegment], everything: Iterable[PlannedSegment], existing: Existing) -> Preview:
    """What loading `chosen` would do.

    Args:
        chosen: the segments that would be loaded.
        everything: all segments of the plan.
        existing: what the organisation holds of them.
    """
    create: list[PlannedSegment] = []
    change: list[PlannedSegment] = []
    leave: list[PlannedSegment] = []
    for segment in chosen:
        definition = existing.definitions.get(segment.definition_id)
        if segment.adopted:
            leave.append(segment)
        elif definition is None or segment.segment_id not in existing.segments:
            create.append(segment)
        elif phase_of(definition) is Phase.EDITABLE:
            change.append(segment)
        else:
            leave.append(segment)
    outcomes = [segment.outcome for segment in everything]
    return Preview(
        _part(create), _part(change), _part(leave), outcomes.count(Outcome.FLAGGED), outcomes.count(Outcome.BLOCKED)
    )


def _part(segments: Sequence[PlannedSegment]) -> Part:
    sizes = [_size(segment) for segment in segments]
    return Part(
        len(segments),
        sum(size for size in sizes if size is not None),
        sizes.count(None),
        sum(segment.publish for segment in segments),
    )


def _size(segment: PlannedSegment) -> int | None:
    """How many people would be in it, as far as that is known before it is computed."""
    if segment.payload is not None and segment.payload.kind is PayloadKind.STATIC:
        return sum(group.count for group in segment.groups if not group.excluded)
    return segment.before
