"""The segment of a plan that a person means."""

from __future__ import annotations

from difflib import get_close_matches
from uuid import UUID

from migrator.base.errors import UsageError
from migrator.contracts.plan import Plan, PlannedSegment


def find_segment(plan: Plan, text: str) -> PlannedSegment:
    """The segment with this id or name.

    Args:
        plan: the plan.
        text: an id, legacy or real-time, or a name; upper and lower case count only where two names need it.

    Raises:
        UsageError: there is none, or several have the name.
    """
    try:
        wanted = UUID(text)
        found = [segment for segment in plan.segments if wanted in (segment.legacy_id, segment.segment_id)]
    except ValueError:
        found = [segment for segment in plan.segments if segment.name == text]
        found = found or [segment for segment in plan.segments if segment.name.casefold() == text.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(str(segment.legacy_id) for segment in found)
        raise UsageError(f"{len(found)} segments are called “{text}”. Name the one that you mean by its id: {ids}")
    near = get_close_matches(text, [segment.name for segment in plan.segments], n=3)
    hint = f" Did you mean {' or '.join(f'“{name}”' for name in near)}?" if near else ""
    raise UsageError(f"The run has no segment “{text}”.{hint} See its names and ids: migrator status --segments")
