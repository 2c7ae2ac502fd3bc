"""What a person has decided, and what waits for the decision about another segment."""

from __future__ import annotations

from migrator.base.counted import so_many
from migrator.product.findings.catalogue import Severity, finding


@finding(Severity.CHANGE)
def frozen(count: int) -> tuple[str, str]:
    """The members of now become a static segment."""
    return (
        f"The {so_many(count, 'member of now is', 'members of now are')} frozen in a static segment, which does not "
        "change by itself any more.",
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
        f"Predicted on the organisation's own data: {so_many(missing, 'active contact', 'active contacts')} of the "
        f"original would be missing, and {so_many(surplus, 'other')} would be in it.",
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


@finding(Severity.DECISION)
def built_on_an_absent_segment(name: str) -> tuple[str, str]:
    """The query refers to a segment that waits for a decision, or was left behind."""
    return (
        f"The query refers to “{name}”, which is not carried over as it stands now.",
        "Decide about that segment first; then this one follows by itself. Or freeze the members of now.",
    )


@finding(Severity.NOTE)
def copy_of_a_list(name: str, people: int) -> tuple[str, str]:
    """Another static segment lists exactly the same ids."""
    return (
        f"It lists the same {so_many(people, 'person', 'people')} as “{name}”, id by id.",
        "Leave it behind if nobody needs both: migrator predict --skip-duplicates, or migrator approve --as skip. "
        "Take it back with: migrator approve --as translate",
    )


@finding(Severity.NOTE)
def copy_of_a_query(name: str, people: int) -> tuple[str, str]:
    """Another segment's query means the same, in the same scope and time zone."""
    return (
        f"Its query means the same as that of “{name}”, and selects the same {so_many(people, 'person', 'people')}.",
        "Leave it behind if nobody needs both: migrator predict --skip-duplicates, or migrator approve --as skip. "
        "Take it back with: migrator approve --as translate",
    )


@finding(Severity.NOTE)
def same_people_as_another(name: str, people: int) -> tuple[str, str]:
    """Another segment selects exactly the same people on the data of the prediction, by another query or list."""
    return (
        f"It selects the same {so_many(people, 'person', 'people')} as “{name}” on the data of the prediction, by "
        "another query or list; tomorrow they may be others.",
        "Look whether both are meant to be the same; then leave one behind: migrator approve --as skip",
    )


@finding(Severity.NOTE)
def list_of_the_name(people: int, name: str, table: str) -> tuple[str, str]:
    """The members are not known; a marketing list has the name of the segment, and tells who they probably were."""
    return (
        f"Evidence of who its members were: {so_many(people, 'person is', 'people are')} in the marketing list "
        f"“{name}”, which is called as the segment is (table {table}). They are not taken as members.",
        "If the list is the right one, take its members: migrator import-members --from-list NAME --segment SEGMENT",
    )


@finding(Severity.NOTE)
def journey_that_used_it(people: int, name: str, table: str) -> tuple[str, str]:
    """The members are not known; a journey used the segment, and its records tell who they probably were."""
    return (
        f"Evidence of who its members were: the table {table} has records of {so_many(people, 'person', 'people')} "
        f"from the journey “{name}”, which used the segment, and perhaps others, too. They are not taken as members.",
        "Ask whoever made the journey for the list that was used, and import it: migrator import-members FILE",
    )
