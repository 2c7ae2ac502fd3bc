"""What there is to say about queries over what people did: opened, clicked, visited."""

from __future__ import annotations

from migrator.product.findings.catalogue import Severity, finding


@finding(Severity.DECISION)
def query_behavioural(interactions: str) -> tuple[str, str]:
    """The query asks what people did (behavioural segment)."""
    return (
        f"The query asks what people did ({interactions}); the vendor gives no map to real-time interactions.",
        "Review the proposed query: it counts what outbound marketing recorded (msdynmkt_sourcesystem 1); newer ones "
        "count as well without that condition. If it is right, approve it, or repeat with --interactions translate.",
    )


@finding(Severity.CHANGE)
def interactions_translated(interactions: str) -> tuple[str, str]:
    """Behavioural parts were carried over by our own map of interactions."""
    return (
        f"What people did ({interactions}) is asked of the real-time interactions by our own map.",
        "Compare the members: the vendor gives no such map.",
    )


@finding(Severity.DECISION)
def interaction_unmapped(kind: str, why: str) -> tuple[str, str]:
    """An interaction of outbound marketing that has no documented counterpart in real time."""
    return (
        f"The interaction {kind} of outbound marketing has no documented counterpart in real-time journeys: {why}.",
        "Build the condition in the real-time segment builder, or freeze the members of now.",
    )


@finding(Severity.DECISION)
def interaction_link(kind: str, link: str) -> tuple[str, str]:
    """An interaction is linked with its people by something else than the contact."""
    return (
        f"The interaction {kind} is counted for {link}, not for contactId; real-time interactions are known to "
        "belong to the contact only.",
        "Build the condition in the real-time segment builder, or freeze the members of now.",
    )


@finding(Severity.DECISION)
def interaction_column(kind: str, column: str) -> tuple[str, str]:
    """A condition on an interaction uses a property without a known counterpart."""
    return (
        f"No counterpart of the property {column} of the interaction {kind} is known.",
        "Build the condition in the real-time segment builder, or freeze the members of now.",
    )


@finding(Severity.DECISION)
def having_zero() -> tuple[str, str]:
    """HAVING asks for a count of nothing, which outbound marketing forbids."""
    return (
        "HAVING asks for people with a count of 0. Outbound marketing forbids that, and people who never did "
        "anything are not counted in real time either.",
        "Take everybody EXCEPT those who did it at least once, or freeze the members of now.",
    )


@finding(Severity.DECISION)
def interaction_unknown(kind: str, known: list[str]) -> tuple[str, str]:
    """There is no known counterpart for a type of interaction."""
    return (
        f"No counterpart of the interaction {kind} is known. Known are {', '.join(sorted(set(known)))}.",
        "Build the condition in the real-time segment builder, or freeze the members of now.",
    )


@finding(Severity.DECISION)
def having_number(number: str) -> tuple[str, str]:
    """HAVING compares a count with a negative or fractional number."""
    return (
        f"HAVING compares a count with {number}; a count is a whole number from 0.",
        "Correct the query of the outbound segment, or freeze the members of now.",
    )
