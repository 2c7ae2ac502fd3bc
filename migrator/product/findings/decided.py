"""What a person has decided, and what waits for the decision about another segment."""

from __future__ import annotations

from migrator.product.findings.catalogue import Severity, finding


@finding(Severity.CHANGE)
def frozen(count: int) -> tuple[str, str]:
    """The members of now become a static segment."""
    return (
        f"The {count:,} members of now are frozen in a static segment, which does not change by itself any more.",
        "Add and remove members by hand, or build a dynamic segment later.",
    )


@finding(Severity.CHANGE)
def approved(decision: str) -> tuple[str, str]:
    """A person has decided what becomes of a flagged segment."""
    return (f"A person decided: {decision}.", "Nothing to do; the decision is kept in the run folder.")


@finding(Severity.DECISION)
def predicted_otherwise(missing: int, surplus: int) -> tuple[str, str]:
    """On the organisation's own data the real-time segment selects other people than the original."""
    return (
        f"Predicted on the organisation's own data: {missing:,} active contacts of the original would be missing, and "
        f"{surplus:,} others would be in it.",
        "Look at the ids in the folder predicted of the run. Approve the segment if these people are right; otherwise "
        "freeze its members, or build it anew.",
    )


@finding(Severity.DECISION)
def built_on_a_held_segment(name: str) -> tuple[str, str]:
    """The query refers to a segment that waits, because it is predicted to select other people."""
    return (
        f"The query refers to “{name}”, which waits because it is predicted to select other people.",
        "Decide about that segment first; then this one follows, or is approved by itself.",
    )
