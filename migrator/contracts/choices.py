"""What becomes of segments that need a decision."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class Choices:
    """What a plan does with segments that need a decision."""

    compound: Choice = Choice.FLAG
    interactions: Choice = Choice.FLAG
