"""What there is to say about a query: whether it can be read, how it was rewritten, what it may not say any more."""

from __future__ import annotations

from migrator.product.findings.catalogue import Severity, finding


@finding(Severity.STOP)
def query_missing() -> tuple[str, str]:
    """A dynamic or compound segment without a query."""
    return (
        "The segment has no query, so there is nothing that could be carried over.",
        "Open it in the organisation; if it was never finished, it can be left behind.",
    )


@finding(Severity.STOP)
def query_unreadable(error: str) -> tuple[str, str]:
    """The query breaks the rules of the query language."""
    return (
        f"The query cannot be read: {error}",
        "Correct the query of the outbound segment, or write the real-time segment by hand.",
    )


@finding(Severity.DECISION)
def queries_differ(other: str) -> tuple[str, str]:
    """`msdyncrm_segmentquery` and `msdyncrm_query` hold different queries."""
    return (
        "The columns msdyncrm_segmentquery and msdyncrm_query hold different queries. The first one would be used; the "
        f"other one is: {other}",
        "Find out which one is meant, and correct the segment so that both columns say the same; then extract again.",
    )


@finding(Severity.CHANGE)
def query_turned_round(way: str) -> tuple[str, str]:
    """The query started at another table and was turned round, so that it begins at contact."""
    return (
        f"The query went through the tables {way}; it was turned round, so that it begins at contact.",
        "Nothing to do when the members agree after loading.",
    )


@finding(Severity.CHANGE)
def query_spread(count: int) -> tuple[str, str]:
    """One condition spoke of contact and of a related table; it became several sets."""
    return (
        f"A condition spoke of contact or of a related table; it was spread over {count} sets that are united.",
        "Nothing to do when the members agree after loading.",
    )


@finding(Severity.CHANGE)
def sets_rewritten() -> tuple[str, str]:
    """Parentheses between sets were rewritten by set algebra."""
    return (
        "Real-time queries know no parentheses between sets; they were rewritten without changing the members.",
        "Nothing to do when the members agree after loading.",
    )


@finding(Severity.DECISION)
def sets_need_parentheses(part: str) -> tuple[str, str]:
    """Sets are combined in a way that needs parentheses, which real-time queries do not know."""
    return (
        f"The query needs parentheses around “{part}”, which real-time queries do not know.",
        "Create a segment with this part as its query, and refer to it by SEGMENT(…) in its place; "
        "or freeze the members of now.",
    )


@finding(Severity.DECISION)
def condition_across_tables() -> tuple[str, str]:
    """One comparison takes a column of contact and one of a related table."""
    return (
        "The query compares a column of contact with a column of a related table; no real-time query is known to.",
        "Build the condition in another way, or freeze the members of now.",
    )


@finding(Severity.DECISION)
def condition_spread_too_far(most: int) -> tuple[str, str]:
    """Conditions speak of contact and of a related table in so many combinations that they would fill too many sets."""
    return (
        f"Conditions on contact and on a related table are mixed in so many ways that more than {most} sets would be "
        "needed to say the same.",
        "Simplify the conditions, build them in the real-time segment builder, or freeze the members of now.",
    )


@finding(Severity.DECISION)
def nobody_active() -> tuple[str, str]:
    """The query asks for inactive contacts only; real-time journeys hold active ones, so nobody would be in it."""
    return (
        "The query asks for contacts that are not active. Real-time segments hold active contacts only, so this one "
        "would be empty.",
        "Leave the segment behind, or freeze the members of now: a static segment keeps inactive contacts.",
    )


@finding(Severity.DECISION)
def inactive_asked_for() -> tuple[str, str]:
    """A part of the query asks for inactive contacts, whom real-time queries do not select."""
    return (
        "A part of the query asks for contacts that are not active. Real-time queries select active contacts only, "
        "so those would be missing.",
        "Approve the segment if they need not be in it, or freeze the members of now.",
    )


@finding(Severity.DECISION)
def inactive_kept() -> tuple[str, str]:
    """Contacts are taken out by a query, which in real time does not reach inactive ones."""
    return (
        "The query takes contacts out by their properties. In real time that reaches active contacts only, so inactive "
        "ones whom outbound marketing took out would stay in.",
        "Approve the segment if inactive contacts do not matter, or freeze the members of now.",
    )


@finding(Severity.DECISION)
def query_paged() -> tuple[str, str]:
    """The query takes or skips a number of contacts, which real-time queries cannot."""
    return (
        "The query takes a number of contacts only (SKIP, TAKE); real-time queries select all that fit.",
        "Freeze the members of now, or accept all that fit.",
    )


@finding(Severity.DECISION)
def query_too_long(length: int, most: int) -> tuple[str, str]:
    """The real-time query is longer than the column takes."""
    return (
        f"The real-time query has {length:,} characters; the column takes {most:,}.",
        "Split the segment, or freeze the members of now.",
    )


@finding(Severity.DECISION)
def query_too_large(most: int) -> tuple[str, str]:
    """With the queries of other segments in their places the query would be larger than can be sent."""
    return (
        f"With the queries of the segments that it refers to in their places, the query would have more than {most:,} "
        "parts.",
        "Freeze the members of now, here or in one of the segments that it refers to.",
    )


@finding(Severity.NOTE)
def time_zone_carried(code: int) -> tuple[str, str]:
    """The segment counts relative dates in a time zone of its own, which is carried over."""
    return (
        f"The query counts from now, in the segment's own time zone (code {code}); the zone is carried over in "
        "msdynmkt_timezonecode.",
        "Look at people who are close to the border of a day; no document says how real time uses the zone.",
    )


@finding(Severity.DECISION)
def time_zone_not_carried(code: int) -> tuple[str, str]:
    """The segment counts relative dates in a time zone of its own, which cannot be carried over."""
    return (
        f"The query counts from now, in the segment's own time zone (code {code}), and real-time segments of this "
        "organisation have no column for it.",
        "Approve the segment if a few hours do not matter, or freeze the members of now.",
    )


@finding(Severity.NOTE)
def unproven_construct(constructs: str) -> tuple[str, str]:
    """The query uses something of which no public example in real-time journeys is known."""
    return (
        f"The query uses {constructs}. It is carried over as it was written, but no public example shows "
        "that real-time journeys accept it.",
        "If publishing is refused, the message names the place; the segment then stays a draft.",
    )
