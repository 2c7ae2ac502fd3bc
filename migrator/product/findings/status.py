"""What there is to say about a segment's own row: its status, its type, its scope, and values that cannot be read."""

from __future__ import annotations

from migrator.product.findings.catalogue import Severity, finding


@finding(Severity.CHANGE)
def status_expired(status: str) -> tuple[str, str]:
    """The segment had expired; it arrives as a draft."""
    return (
        f"The segment was {status} in outbound marketing and arrives as a draft.",
        "Decide whether it is still needed; publish it in real-time journeys if so, delete it if not.",
    )


@finding(Severity.CHANGE)
def status_error(status: str) -> tuple[str, str]:
    """The segment was in an error state; it arrives as a draft."""
    return (
        f"The segment was in the state {status} in outbound marketing and arrives as a draft.",
        "Its last membership may be out of date. Check the members before you publish it.",
    )


@finding(Severity.STOP)
def status_unknown(code: int | None) -> tuple[str, str]:
    """The status code is none that the product's documentation names."""
    return (
        f"The status code {'is missing' if code is None else code} is none of the eight that outbound marketing had.",
        "Look the segment up in the organisation. If the status is right, tell us the code so that it can be mapped.",
    )


@finding(Severity.STOP)
def type_unknown(code: int | None) -> tuple[str, str]:
    """The segment type is neither static, dynamic nor compound."""
    return (
        f"The segment type {'is missing' if code is None else code} is neither static, dynamic nor compound.",
        "Look the segment up in the organisation. If the type is right, tell us the code so that it can be mapped.",
    )


@finding(Severity.STOP)
def id_unreadable() -> tuple[str, str]:
    """The row of the segment has no readable id."""
    return (
        "The organisation gave a row without a readable id among its segments, so nobody can say which segment it is.",
        "Look through the segments in the organisation for one that is missing here; the row is in the export's "
        "segments.jsonl.",
    )


@finding(Severity.CHANGE)
def value_unreadable(columns: str) -> tuple[str, str]:
    """A value of the row cannot be read and is taken as unknown."""
    return (
        f"What the organisation gave for {columns} cannot be read; it is taken as unknown.",
        "Look at the segment in the organisation, and compare its size there with the number that was read.",
    )


@finding(Severity.DECISION)
def membership_unreadable(columns: str) -> tuple[str, str]:
    """A value that helps to decide who is a member cannot be read."""
    return (
        f"What the organisation gave for {columns} cannot be read, and it helps to decide who is a member.",
        "Look at the segment in the organisation. Approve it if it is meant for the whole organisation and counts in "
        "UTC; otherwise correct it there and extract again.",
    )


@finding(Severity.NOTE)
def kept_as_draft() -> tuple[str, str]:
    """The segment was live, but the run was asked to create drafts only."""
    return (
        "The segment was live and arrives as a draft, because this run creates drafts only.",
        "Publish it in real-time journeys, or repeat the run without --drafts-only.",
    )


@finding(Severity.CHANGE)
def scope_unknown(code: int) -> tuple[str, str]:
    """The scope is neither organisation nor business unit."""
    return (
        f"The scope {code} is neither organisation nor business unit; the segment gets the organisation's scope.",
        "Check who is allowed to see the segment's members.",
    )
