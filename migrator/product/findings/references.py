"""What there is to say about segments that are built from other segments."""

from __future__ import annotations

from migrator.base.counted import so_many
from migrator.product.findings.catalogue import Severity, finding


@finding(Severity.DECISION)
def compound_segment(references: int) -> tuple[str, str]:
    """A compound segment: built from other segments."""
    return (
        f"This is a compound segment, built from {so_many(references, 'other segment')}. "
        "It waits for a decision and is not created.",
        "Decide whether it is to be rebuilt on the migrated segments or frozen with the members it has now.",
    )


@finding(Severity.CHANGE)
def compound_translated() -> tuple[str, str]:
    """A compound segment, rebuilt on the migrated segments."""
    return (
        "This compound segment is rebuilt on the segments that it was made of, as they are migrated.",
        "Nothing to do when the members agree; it changes when those segments change.",
    )


@finding(Severity.STOP)
def reference_unknown(name: str) -> tuple[str, str]:
    """The query refers to a segment that the export does not have."""
    return (
        f"The query refers to the segment {name}, which is not in the export, or whose name is not unique.",
        "Extract all segments, or correct the reference.",
    )


@finding(Severity.STOP)
def reference_cycle(path: list[str]) -> tuple[str, str]:
    """Segments refer to one another in a circle."""
    return (
        f"Segments refer to one another in a circle: {' → '.join(path)}.",
        "Correct one of the queries in outbound marketing.",
    )


@finding(Severity.DECISION)
def references_too_deep(most: int) -> tuple[str, str]:
    """Segments refer to one another over too many levels."""
    return (
        f"Segments refer to one another over more than {most} levels.",
        "Rebuild the segments on fewer levels, or freeze the members of now.",
    )


@finding(Severity.DECISION)
def reference_not_carried_over(name: str, outcome: str) -> tuple[str, str]:
    """The query refers to a segment that is not carried over."""
    return (
        f"The query refers to the segment “{name}”, which is {outcome} and not carried over by this plan.",
        "Decide on that segment first, or freeze the members of this one.",
    )


@finding(Severity.CHANGE)
def reference_unfolded(name: str) -> tuple[str, str]:
    """A referred segment refers to others itself; its query was put in its place."""
    return (
        f"The segment “{name}” refers to others itself. Real-time journeys allow one level, so its query was put "
        "in its place.",
        "Later changes to that segment do not reach this one.",
    )


@finding(Severity.DECISION)
def time_zones_differ(codes: str) -> tuple[str, str]:
    """Parts of the query count relative dates in different time zones; a real-time query has one."""
    return (
        f"Parts of the query count from now in different time zones ({codes}); a real-time segment has one.",
        "Approve the segment if a few hours do not matter, or freeze the members of now.",
    )


@finding(Severity.NOTE)
def many_references(count: int, most: int) -> tuple[str, str]:
    """The real-time query refers to many segments; no limit is published."""
    return (
        f"The query refers to {count} segments. No limit is published, but more than {most} have not been seen.",
        "If publishing is refused, combine some of them into segments of their own first.",
    )
