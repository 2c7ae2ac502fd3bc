"""What there is to say about what surrounds a segment: journeys that use it, and segments like it that are there."""

from __future__ import annotations

from migrator.base.counted import so_many
from migrator.product.findings.catalogue import Severity, finding


@finding(Severity.NOTE)
def used_by_journeys(count: int, names: str) -> tuple[str, str]:
    """Journeys that send, or may, point at the segment."""
    return (
        f"{so_many(count, 'journey that may send points', 'journeys that may send point')} at it: {names}.",
        "Once it is migrated, switch them to the new segment; migrator cutover lists them.",
    )


@finding(Severity.NOTE)
def unused_for_long(since: str) -> tuple[str, str]:
    """No journey points at the segment, and none has used it for a year."""
    return (
        f"No journey points at it, and none has used it since {since}.",
        "Leave it behind if nobody needs it: migrator approve --finding unused-for-long --as skip",
    )


@finding(Severity.CHANGE)
def twin_by_name(twin: str, people: str, name: str) -> tuple[str, str]:
    """A real-time segment with such a name is there already; nothing else shows that it is the same."""
    shared = f" Of the people of both, {people} are the same." if people else ""
    return (
        f"Real-time journeys have a segment “{twin}” already; only its name is alike.{shared} "
        f"The new one is created beside it, as “{name}”.",
        "If the one that is there is to be used instead, approve this one as adopt; if the new one is to take its "
        "place, as replace.",
    )


@finding(Severity.DECISION)
def twin_with_same_query(twin: str) -> tuple[str, str]:
    """A real-time segment with the same query is there already."""
    return (
        f"Real-time journeys have a segment “{twin}” already, whose query means the same.",
        "Decide: adopt it as the successor, replace it by a new one, or keep both.",
    )


@finding(Severity.DECISION)
def twin_with_same_people(twin: str, people: str) -> tuple[str, str]:
    """A real-time segment with the same people is there already."""
    return (
        f"Real-time journeys have a segment “{twin}” already, with the same people ({people}).",
        "Decide: adopt it as the successor, replace it by a new one, or keep both.",
    )


@finding(Severity.DECISION)
def mirrored_segment() -> tuple[str, str]:
    """The segment is a mirror of one in Customer Insights - Data."""
    return (
        "The segment is mirrored from Customer Insights - Data, which offers it to real-time journeys by itself.",
        "Use the segment that Customer Insights - Data exports. Load this one only if you want a frozen copy.",
    )
