"""What there is to say about who of a segment may be mailed."""

from __future__ import annotations

from migrator.product.findings.catalogue import Severity, finding


@finding(Severity.NOTE)
def reach_lost(lost: int, before: int) -> tuple[str, str]:
    """Some who got mail through this segment will not get it any more."""
    return (
        f"{lost:,} of {before:,} members who got mail will not get it under this purpose.",
        "Load consent where it was given, or choose another purpose; of those who have opted out since, nothing is to "
        "be done. Marketing and the data protection officer decide.",
    )


@finding(Severity.CHANGE)
def reach_said_no(people: int) -> tuple[str, str]:
    """Some who had said no in outbound marketing would be mailed."""
    return (
        f"Members who had said no in outbound marketing, have no record in real time, and would be mailed: {people:,}.",
        "Load their opt-outs before the first mail is sent: Load consent in the consent center, or the file that "
        "migrator reach --consent-file writes. The data protection officer decides.",
    )


@finding(Severity.CHANGE)
def reach_nobody(members: int) -> tuple[str, str]:
    """The segment arrives complete, and nobody in it would be mailed."""
    return (
        "Its one member would not be mailed under this purpose, but was before."
        if members == 1
        else f"None of the {members:,} members would be mailed under this purpose, though some were before.",
        "Load consent, or choose another purpose, before the segment is used. Marketing and the data protection "
        "officer decide.",
    )


@finding(Severity.NOTE)
def reach_unknown(people: int) -> tuple[str, str]:
    """Of some members it cannot be told whether they will be mailed."""
    return (
        f"Members of whom it cannot be told whether they will be mailed: {people:,}.",
        "Give the account the right to read consent, or look at the records whose value is not known.",
    )
