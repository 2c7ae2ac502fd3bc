"""What becomes of segments that need a decision."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from migrator.base.errors import UsageError


class Choice(StrEnum):
    """What a run does with segments that need a decision."""

    FLAG = "flag"
    """Leave the decision to a person, segment by segment."""
    TRANSLATE = "translate"
    """Carry out the proposal."""
    SNAPSHOT = "snapshot"
    """Freeze the members of now in static groups."""
    SKIP = "skip"
    """Leave the segment behind."""
    ADOPT = "adopt"
    """Let the real-time segment that is there already be the successor; it is not changed."""
    REPLACE = "replace"
    """Create a new one in the place of the one that is there, whose journeys are to be switched, too."""
    KEEP_BOTH = "keep-both"
    """Create a new one beside the one that is there, under a name of its own."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a plan does with segments that need a decision."""

    compound: Choice = Choice.FLAG
    interactions: Choice = Choice.FLAG


def choices_of(compound: str, interactions: str) -> Choices:
    """What becomes of segments that need a decision, by the words that people use.

    Args:
        compound: of compound segments.
        interactions: of behavioural ones.

    Raises:
        UsageError: this cannot be chosen for all of them.
    """
    if compound not in (Choice.FLAG, Choice.TRANSLATE, Choice.SNAPSHOT):
        raise UsageError(
            f"--compound is flag, translate or snapshot, not {compound}. Leave segments out by filters, or with "
            "migrator approve --as skip"
        )
    if interactions not in (Choice.FLAG, Choice.TRANSLATE):
        raise UsageError(f"--interactions is flag or translate, not {interactions}.")
    return Choices(Choice(compound), Choice(interactions))


class Doubt(StrEnum):
    """A kind of doubt about a list of members or of exclusions."""

    UNREADABLE = "unreadable"
    """Rows that hold neither an id nor an address. Accepted: they are left out."""
    NOT_FOUND = "not-found"
    """Addresses that no contact has. Accepted: they are left out."""
    AMBIGUOUS = "ambiguous"
    """Addresses that several contacts have. Accepted: each of these contacts counts, as in the product."""
    GONE = "gone"
    """So many ids of no contact that it may be another organisation's list. Accepted: they are left out."""
    NOBODY = "nobody"
    """A list that leaves nobody. Accepted: the segment is to be empty."""
    ROW = "row"
    """Members from the row of a segment that was live, which may be years old. Accepted: they count."""
    QUESTION = "question"
    """A file that belongs to the segment waits for an answer. Accepted: the segment goes without that file."""
