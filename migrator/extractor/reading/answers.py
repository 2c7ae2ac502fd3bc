"""What a person has said about files, so that nothing in them has to be guessed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Hidden(StrEnum):
    """What a person wants of rows that a filter or a hand has hidden."""

    ASK = "ask"
    KEEP = "keep"
    LEAVE_OUT = "leave-out"


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person has said about a file, or about all files at once."""

    column: str = ""
    """The header of the column with the members, or its letter as Excel shows it, like `=C`,
    where headers cannot tell."""
    sheet: str = ""
    """The name of the sheet."""
    hidden: Hidden = Hidden.ASK
    """What becomes of hidden rows. Any answer also settles kinds in which hidden rows cannot be seen."""


NOTHING_SAID = Answers()
"""Whatever is in doubt is asked."""
