"""Who will be in each segment, computed before anything is created: `predictions.json` beside the plan.

It is bound to the plan by its checksum, and each prediction to the payload that it was made for: predictions of
something else are none. The plan's own bytes do not change. What is predicted to select other people waits for a
person (see `waiting`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from migrator.base.atomic import write_bytes
from migrator.base.errors import UsageError
from migrator.contracts.payload import Payload
from migrator.contracts.plan import PLAN, PlannedSegment
from migrator.contracts.versions import refuse_newer

if TYPE_CHECKING:
    from pydantic import TypeAdapter

PREDICTIONS = "predictions.json"
PREDICTED = "predicted"
"""Folder, below the run, of the lists of ids: who is missing or new in a segment, who loses all mail."""
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
class Evidence:
    """Who the members of a segment probably were, by a table that knows something else. Never a list of members."""

    table: str
    people: int
    why: str
    """What connects the table with the segment, in a sentence."""
    source: str = ""
    """The marketing list or the journey that was found, by its name."""


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
    payload: str = ""
    """Checksum of the payload that it was made for; empty where nothing is planned."""
    evidence: tuple[Evidence, ...] = ()
    """Of a static segment whose members nobody knows: who they probably were."""

    @property
    def token(self) -> str:
        """What a person agrees to who approves the segment all the same: this payload, and these numbers."""
        return f"{self.payload}:{self.missing}:{self.surplus}"

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
    """Distinct people over all segments that are live, before and after; one that is in several counts once.

    Segments that cannot be evaluated are left out of the numbers, and named: with some in `unknown_before`, `before` is
    the least that it can be; with some in `unknown_after`, `after` is the least and `lost` the most.
    """

    before: int
    """People in a segment that is live in outbound marketing."""
    after: int
    """People in a real-time segment that will be live, as the plan stands."""
    lost: int
    """People in a live segment before, and in none after. Their ids are in the file `LOST`."""
    gained: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    """`Loss` → how many of the lost; each is counted at the first that fits, so that they add up to `lost`."""
    unknown_before: tuple[UUID, ...] = ()
    """Live segments that cannot be evaluated on this data, by legacy id."""
    unknown_after: tuple[UUID, ...] = ()
    """The same, of real-time segments."""

    @property
    def complete(self) -> bool:
        """Whether every live segment could be evaluated."""
        return not self.unknown_before and not self.unknown_after


class Loss(StrEnum):
    """Why somebody is in no live segment any more; the first that fits counts."""

    DELETED = "deleted"
    """The id belongs to no contact."""
    INACTIVE = "inactive"
    """The contact is inactive: real-time journeys leave it out."""
    WAITING = "waiting"
    """A live segment with this person waits for a decision."""
    UNKNOWN = "unknown"
    """A real-time segment for this person is planned, and cannot be evaluated."""
    TRANSLATION = "translation"
    """The real-time query does not select this person."""
    DRAFT = "draft"
    """The segments with this person arrive as drafts."""
    IMPOSSIBLE = "impossible"
    """The segments with this person cannot be carried over."""
    LEFT_OUT = "left-out"
    """The segments with this person are left out."""


INACTIVE_OR_DELETED = "inactive-or-deleted.csv"
"""In the folder of the lists: whom real time leaves out of each segment, with the reason; private."""
LOST = "people-without-any-segment.csv"
"""In the folder of the lists: who would be in no live segment any more, with the reason; private."""


class Kind(StrEnum):
    """How two segments overlap."""

    EQUAL = "equal"
    """The same people."""
    WITHIN = "within"
    """Everybody of the first is in the second."""
    EMPTY = "empty"
    """Nobody is in the first."""


class Basis(StrEnum):
    """What shows that two segments select the same people."""

    LIST = "same-list"
    """Static lists of the same ids: they stay the same."""
    QUERY = "same-query"
    """The queries mean the same, in the same scope and time zone: they stay the same."""
    TODAY = "same-people-today"
    """Another query or list selects the same people on this data; tomorrow it may select others."""


SAFE = frozenset({Basis.LIST, Basis.QUERY})
"""What shows that segments are the same on every day, and not on this one alone."""


class Against(StrEnum):
    """What speaks against leaving a segment behind that selects the same people as another one."""

    USED = "used-by-a-live-journey"
    BUILT_ON = "others-are-built-on-it"
    NOT_CARRIED_OVER = "the-other-is-not-carried-over"
    NOT_LIVE = "the-other-will-not-be-live"
    DIFFERENT = "not-the-same-in-real-time"
    UNKNOWN = "not-known-in-real-time"


@dataclass(frozen=True, slots=True)
class Overlap:
    """A segment that is empty, the same as another one, or lies within it."""

    kind: Kind
    first: UUID
    """The one that can be merged or left behind."""
    second: UUID | None
    """The one that has all its people; of segments that are the same, the one that is kept."""
    members: int
    """People of the first."""
    of: int = 0
    """People of the second."""
    basis: Basis | None = None
    """Of segments that are the same: what shows it."""
    against: Against | None = None
    """Why the first cannot simply be left behind; None where nothing speaks against it."""

    @property
    def safe(self) -> bool:
        """Whether the first is a copy for good, and nothing speaks against leaving it behind."""
        return self.basis in SAFE and self.against is None


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
    """None in files of older versions."""
    overlaps: tuple[Overlap, ...] = ()
    tables: Mapping[str, int] = field(default_factory=dict)
    """Table → rows that were looked at."""
    decisions: str = ""
    """SHA-256 of what was decided by then (`decisions_checksum`); empty in files of older versions."""
    lists: str = PREDICTED
    """The folder of its lists of ids, below the run (see `predicted_lists`); older versions had one for all."""

    @property
    def by_id(self) -> Mapping[UUID, Prediction]:
        """The predictions by legacy id."""
        return {one.legacy_id: one for one in self.segments}


# --- what it is about -------------------------------------------------------------------------------------------------


def payload_of(segment: PlannedSegment) -> Payload | None:
    """What is predicted: what is sent, or for a segment that waits what the first decision would send."""
    return segment.payload or next(iter(segment.alternatives.values()), None)


def payload_checksum(segment: PlannedSegment) -> str:
    """A short checksum of what a prediction is made for; empty where nothing is planned."""
    payload = payload_of(segment)
    if payload is None:
        return ""
    content = json.dumps([payload.query, [asdict(group) for group in payload.groups]], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def predictions_of(segments: Iterable[PlannedSegment], predictions: Predictions | None) -> dict[UUID, Prediction]:
    """Legacy id → what was predicted for the segment as the plan has it now; nothing where it was for something else.

    Args:
        segments: of the plan.
        predictions: of the same plan; None has none.
    """
    known = predictions.by_id if predictions else {}
    return {
        segment.legacy_id: one
        for segment in segments
        if (one := known.get(segment.legacy_id)) and one.payload == payload_checksum(segment)
    }


# --- files -----------------------------------------------------------------------------------------------------------


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
