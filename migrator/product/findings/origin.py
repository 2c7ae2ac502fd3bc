"""What there is to say about names and texts, and about journeys and twins that there are already."""

from __future__ import annotations

from migrator.product.findings.catalogue import Severity, finding


@finding(Severity.CHANGE)
def name_cut(length: int, most: int) -> tuple[str, str]:
    """The name is longer than real-time journeys allow."""
    return (
        f"The name has {length} characters and was cut to the {most} that real-time journeys allow.",
        "Rename the segment if the end of the name matters.",
    )


@finding(Severity.CHANGE)
def name_missing() -> tuple[str, str]:
    """The segment has no name."""
    return ("The segment has no name; it is given one made of its id.", "Give it a name that people recognise.")


@finding(Severity.NOTE)
def used_by_journeys(count: int, names: str) -> tuple[str, str]:
    """Journeys that send, or may, point at the segment."""
    return (
        f"{count} journeys that may send point at it: {names}.",
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


@finding(Severity.NOTE)
def name_shared(count: int) -> tuple[str, str]:
    """Several segments have the same name."""
    return (
        f"{count} segments have this name. Each is carried over under the same name.",
        "Rename them in real-time journeys so that people can tell them apart; the id in the report does.",
    )


@finding(Severity.CHANGE)
def description_cut(length: int, most: int) -> tuple[str, str]:
    """The description is longer than real-time journeys allow."""
    return (
        f"The description has {length:,} characters and was cut to the {most:,} that real-time journeys allow.",
        "The whole text is in the export folder.",
    )


@finding(Severity.CHANGE)
def creator_cut(length: int, most: int) -> tuple[str, str]:
    """The name of the original creator is longer than real-time journeys allow."""
    return (
        f"The creator's name has {length} characters and was cut to {most}.",
        "Nothing to do; the whole name is in the export folder.",
    )


@finding(Severity.DECISION)
def mirrored_segment() -> tuple[str, str]:
    """The segment is a mirror of one in Customer Insights - Data."""
    return (
        "The segment is mirrored from Customer Insights - Data, which offers it to real-time journeys by itself.",
        "Use the segment that Customer Insights - Data exports. Load this one only if you want a frozen copy.",
    )


@finding(Severity.CHANGE)
def scope_unknown(code: int) -> tuple[str, str]:
    """The scope is neither organisation nor business unit."""
    return (
        f"The scope {code} is neither organisation nor business unit; the segment gets the organisation's scope.",
        "Check who is allowed to see the segment's members.",
    )
