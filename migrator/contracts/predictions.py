"""Who will be in each segment, computed before anything is created: `predictions.json` beside the plan.

It is bound to the plan by its checksum: predictions of another plan are none. The plan's own bytes do not change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from migrator.base.atomic import write_bytes
from migrator.base.errors import UsageError
from migrator.contracts.plan import PLAN
from migrator.contracts.versions import refuse_newer

if TYPE_CHECKING:
    from pydantic import TypeAdapter

PREDICTIONS = "predictions.json"
PREDICTED = "predicted"
"""Folder for lists of ids, below the run: who is missing or new in a segment, who loses all mail."""
PREDICTIONS_FORMAT = 1


class Verdict(StrEnum):
    """How the real-time query's members compare with the original's, on the same data."""

    EQUAL = "equal"
    DIFFERS = "differs"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """What explains a difference, or why there is no answer."""

    INACTIVE = "inactive"
    """Contacts that are inactive: real-time journeys leave them out."""
    DELETED = "deleted"
    """Ids of a list that are no contacts any more."""
    TRANSLATION = "translation"
    """Nothing else explains it: the queries select different people."""
    NEWER_DATA = "newer-data"
    """The original selects another number today than was recorded."""
    NOT_EVALUATED = "not-evaluated"
    """The query cannot be evaluated on this data; `note` says why."""


EXPLAINED = frozenset({Reason.INACTIVE, Reason.DELETED, Reason.NEWER_DATA})
"""Reasons that are said, and hold nothing back."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """One segment on the data at hand."""

    legacy_id: UUID
    name: str
    recorded: int | None
    """The size that outbound marketing last recorded."""
    legacy: int | None = None
    """Members of the original on this data; None where it cannot be evaluated."""
    predicted: int | None = None
    """Members of the real-time segment on this data."""
    verdict: Verdict = Verdict.UNKNOWN
    inactive: int = 0
    deleted: int = 0
    missing: int = 0
    """Active contacts that the original selects and the real-time segment does not."""
    surplus: int = 0
    """Contacts that the real-time segment selects and the original does not."""
    reasons: tuple[Reason, ...] = ()
    note: str = ""

    @property
    def explained(self) -> bool:
        """Whether the segment is equal, or everything that differs is explained."""
        return self.verdict is Verdict.EQUAL or (self.verdict is Verdict.DIFFERS and set(self.reasons) <= EXPLAINED)

    @property
    def holds(self) -> bool:
        """Whether loading waits until a person has approved the segment, whatever the translator thought."""
        return self.verdict is Verdict.DIFFERS and not self.explained


@dataclass(frozen=True, slots=True)
class PeoplePredicted:
    """Distinct people over all segments that are live, before and after."""

    before: int
    after: int
    lost: int
    """People in a live segment before, and in none after."""
    gained: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two segments of which one holds everybody of the other."""

    kind: str
    """`equal`: the same people; `within`: everybody of the first is in the second; `empty`: the first holds nobody."""
    first: UUID
    second: UUID | None
    members: int


@dataclass(frozen=True, slots=True)
class Predictions:
    """What was predicted for one plan."""

    format: int
    tool_version: str
    plan: str
    """SHA-256 of `plan.json`."""
    as_of: str
    """The moment that "now" means in the queries, UTC, ISO 8601."""
    segments: tuple[Prediction, ...]
    people: PeoplePredicted | None = None
    """None where a live segment could not be evaluated: a number that leaves somebody out is none."""
    overlaps: tuple[Overlap, ...] = ()
    tables: Mapping[str, int] = field(default_factory=dict)
    """Table → rows that were looked at."""


@cache
def _adapter() -> TypeAdapter[Predictions]:
    from pydantic import TypeAdapter  # slow to import, and the help of a command needs none of it

    return TypeAdapter(Predictions)


def plan_checksum(run: Path) -> str:
    """SHA-256 of the run's plan."""
    return hashlib.sha256((run / PLAN).read_bytes()).hexdigest()


def write_predictions(run: Path, predictions: Predictions) -> None:
    """Write `predictions.json` into a run folder."""
    write_bytes(run / PREDICTIONS, _adapter().dump_json(predictions, indent=1) + b"\n")


def read_predictions(run: Path) -> Predictions | None:
    """The predictions of the run's plan as it stands; None where there are none, or only those of an older plan.

    Raises:
        UsageError: the file is damaged, or of a newer format.
    """
    path = run / PREDICTIONS
    if not path.exists():
        return None
    try:
        found = _adapter().validate_json(path.read_bytes())
    except (ValueError, OSError) as error:
        raise UsageError(f"{path} is damaged. Delete it and repeat: migrator predict") from error
    refuse_newer(str(path), found.format, PREDICTIONS_FORMAT)
    return found if found.plan == plan_checksum(run) else None
