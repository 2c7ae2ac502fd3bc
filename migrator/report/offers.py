"""What can be decided about a segment that waits: only what works, each way once."""

from __future__ import annotations

from dataclasses import dataclass

from migrator.contracts.choices import Choice
from migrator.contracts.payload import PayloadKind
from migrator.contracts.plan import Outcome, PlannedSegment


@dataclass(frozen=True, slots=True)
class Offer:
    """One decision that is open to a segment, and what it would make of it."""

    choice: str
    dynamic: bool
    members: int | None
    """How many are in its groups; for leaving it behind, how many were members."""
    live: bool

    @property
    def meaning(self) -> str:
        """The key of the sentence that says what it means."""
        if self.choice == Choice.SKIP:
            return "means_skip" if self.members else "means_skip_unknown"
        if self.choice == Choice.SNAPSHOT:
            return "means_snapshot"
        if self.choice in _TWINS:
            return f"means_{self.choice}"
        return "means_translate_dynamic" if self.dynamic else "means_translate_static"


_TWINS = (Choice.ADOPT, Choice.REPLACE, Choice.KEEP_BOTH)


def offers_of(segment: PlannedSegment) -> tuple[Offer, ...]:
    """The decisions that are open to a segment; of two that would send the same, the first.

    Args:
        segment: as the plan has it.
    """
    if segment.outcome not in (Outcome.FLAGGED, Outcome.BLOCKED):
        return ()
    made, sent = [], []
    for choice in (Choice.TRANSLATE, Choice.SNAPSHOT):
        payload = segment.alternatives.get(choice)
        if payload is None or payload in sent:
            continue
        sent.append(payload)
        members = sum(group.count for group in payload.groups if not group.excluded)
        made.append(Offer(str(choice), payload.kind is PayloadKind.DYNAMIC, members, payload.publish))
    made += [
        Offer(str(choice), payload.kind is not PayloadKind.STATIC, None, payload.publish)
        for choice in _TWINS
        if (payload := segment.alternatives.get(choice))
    ]
    return (*made, Offer(str(Choice.SKIP), dynamic=False, members=segment.before, live=False))
