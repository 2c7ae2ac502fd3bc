"""Who will be in each segment, computed before anything is created: `predictions.json` beside the plan.

It is bound to the plan by its checksum, and each prediction to the payload that it was made for: predictions of
something else are none. The plan's own bytes do not change. What is predicted to select other people waits for a person
(`held`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from migrator.base.atomic import write_bytes
from migrator.base.errors import UsageError
from migrator.contracts.choices import Choice
from migrator.contracts.payload import Payload
from migrator.contracts.plan import PLAN, Outcome, Plan, PlannedSegment
from migrator.contracts.versions import refuse_newer
from migrator.product import findings

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
    payload: str = ""
    """Checksum of the payload that it was made for; empty where nothing is planned."""

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

    @property
    def by_id(self) -> Mapping[UUID, Prediction]:
        """The predictions by legacy id."""
        return {one.legacy_id: one for one in self.segments}


# --- what waits ------------------------------------------------------------------------------------------------------


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


def prediction_of(segment: PlannedSegment, predictions: Predictions | None) -> Prediction | None:
    """What was predicted for a segment as the plan has it now; None where nothing was, or for something else."""
    if predictions is None:
        return None
    found = predictions.by_id.get(segment.legacy_id)
    return found if found and found.payload == payload_checksum(segment) else None


def held(
    plan: Plan, predictions: Predictions | None, agreed: Mapping[UUID, str], loaded: Collection[UUID] = ()
) -> Plan:
    """The plan in which every segment waits that is predicted to select other people, and whatever is built on one.

    Args:
        plan: with what people decided.
        predictions: of this plan; None holds nothing.
        agreed: legacy id → the token of the prediction that a person knew who decided about the segment.
        loaded: legacy ids of what is in the organisation already, and cannot wait any more.
    """
    if predictions is None:
        return plan
    waits: dict[UUID, findings.Finding] = {}
    for segment in plan.segments:
        one = prediction_of(segment, predictions)
        if segment.legacy_id in loaded or not segment.loadable or one is None or not one.holds:
            continue
        if agreed.get(segment.legacy_id) != one.token:
            waits[segment.legacy_id] = findings.predicted_otherwise(one.missing, one.surplus)
    names = {segment.legacy_id: segment.name for segment in plan.segments}
    more = bool(waits)
    while more:
        more = False
        for segment in plan.segments:
            broken = next((other for other in segment.depends_on if other in waits), None)
            if broken and segment.loadable and segment.legacy_id not in waits and segment.legacy_id not in loaded:
                waits[segment.legacy_id] = findings.built_on_a_held_segment(names.get(broken, str(broken)))
                more = True
    return replace(plan, segments=tuple(_waiting(segment, waits) for segment in plan.segments)) if waits else plan


def _waiting(segment: PlannedSegment, waits: Mapping[UUID, findings.Finding]) -> PlannedSegment:
    finding = waits.get(segment.legacy_id)
    if finding is None or segment.payload is None:
        return segment
    open_to_it = segment.alternatives or {Choice.TRANSLATE: segment.payload}
    return replace(
        segment,
        outcome=Outcome.FLAGGED,
        findings=(*segment.findings, finding),
        payload=None,
        proposal=segment.payload.query,
        alternatives=open_to_it,
    )


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
