"""What people decided about flagged segments: kept beside the plan, which stays as it was approved.

`decisions.json` in the run folder holds a `format`, and `decisions`: legacy ids with `translate`, `snapshot` or `skip`;
under `predicted` also which prediction was known then, so that nobody has agreed to another one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from migrator.base.atomic import write_text
from migrator.base.errors import UsageError
from migrator.contracts.choices import Choice
from migrator.contracts.plan import PLAN, Outcome, Plan, PlannedSegment
from migrator.contracts.predictions import PREDICTIONS, read_predictions
from migrator.contracts.versions import Format
from migrator.product import findings

DECISIONS = "decisions.json"
_FORMAT = Format((lambda decisions: {"decisions": decisions},), numbered=False)
"""In format 1, of version 0.1.0, the decisions were the whole file."""
_WORDS = {Choice.TRANSLATE: "carry out the proposal", Choice.SNAPSHOT: "freeze the members of now"}


def decide(folder: Path, segments: list[PlannedSegment], choice: Choice) -> None:
    """Record one decision for each of `segments`, or for none of them.

    Args:
        folder: the run folder.
        segments: planned segments that wait.
        choice: what becomes of them.

    Raises:
        UsageError: a segment is not flagged, or the decision is not open to it.
    """
    for segment in segments:
        open_to(segment, choice)
    decisions = {**read_decisions(folder), **{segment.legacy_id: choice for segment in segments}}
    chosen = {str(key): str(decisions[key]) for key in sorted(decisions)}
    predictions = read_predictions(folder)
    known = predictions.by_id if predictions else {}
    agreed = read_agreed(folder) | {
        segment.legacy_id: known[segment.legacy_id].token for segment in segments if segment.legacy_id in known
    }
    content: dict[str, Any] = {"format": _FORMAT.number, "decisions": chosen}
    if agreed:
        content["predicted"] = {str(key): agreed[key] for key in sorted(agreed)}
    write_text(folder / DECISIONS, json.dumps(content, indent=1) + "\n")


def checksum_of(segment: PlannedSegment) -> str:
    """A short checksum of what each decision about a segment would do: a decision about something else is noticed.

    Args:
        segment: as the plan has it.
    """
    would = {str(choice): asdict(sent) for choice, sent in segment.alternatives.items()}
    content = json.dumps(
        [str(segment.legacy_id), str(segment.outcome), segment.query, would], sort_keys=True, default=str
    )
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def checksum_of_decided(folder: Path) -> str:
    """A checksum of the plan, its decisions, and of what a prediction may hold back, as they stand.

    Args:
        folder: the run folder.
    """
    digest = hashlib.sha256()
    for path in (folder / PLAN, folder / DECISIONS):
        digest.update(path.read_bytes() if path.exists() else b"\0")
    if (path := folder / PREDICTIONS).exists():
        digest.update(path.read_bytes())
    return digest.hexdigest()


def open_to(segment: PlannedSegment, choice: Choice) -> None:
    """Look whether a decision is open to a segment.

    Args:
        segment: as the plan has it.
        choice: translate, snapshot or skip.

    Raises:
        UsageError: nothing is to be decided about it, or not so.
    """
    open_to_it = [*segment.alternatives, Choice.SKIP]
    if segment.outcome not in (Outcome.FLAGGED, Outcome.BLOCKED):
        raise UsageError(f"The segment “{segment.name}” is {segment.outcome}; there is nothing to decide about it.")
    if choice not in open_to_it:
        why = "; ".join(finding.message for finding in segment.findings)
        raise UsageError(
            f"The segment “{segment.name}” cannot be decided as {choice}; open are: {', '.join(open_to_it)}. {why}"
        )


def read_decisions(folder: Path) -> dict[UUID, Choice]:
    """The decisions of a run; none where nobody decided anything.

    Raises:
        UsageError: the file is damaged, or of a newer format.
    """
    path = folder / DECISIONS
    if not path.exists():
        return {}
    try:
        content = _FORMAT.of_now(json.loads(path.read_bytes()), f"The file of decisions {path}")
        return {UUID(key): Choice(value) for key, value in content["decisions"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path} is damaged ({error}). Delete it and decide again with: migrator approve") from error


def read_agreed(folder: Path) -> dict[UUID, str]:
    """Legacy id → the token of the prediction that was known when the segment was decided about (see `held`).

    Raises:
        UsageError: the file is damaged, or of a newer format.
    """
    path = folder / DECISIONS
    read_decisions(folder)  # says what is wrong with it
    content = json.loads(path.read_bytes()) if path.exists() else {}
    known = content.get("predicted", {})
    return {UUID(key): str(token) for key, token in known.items()} if isinstance(known, dict) else {}


def decided(plan: Plan, decisions: Mapping[UUID, Choice]) -> Plan:
    """The plan with the decisions carried out; what was not flagged stays as it is."""
    return replace(plan, segments=tuple(_decided(segment, decisions) for segment in plan.segments))


def _decided(segment: PlannedSegment, decisions: Mapping[UUID, Choice]) -> PlannedSegment:
    choice = decisions.get(segment.legacy_id)
    if choice is Choice.SKIP:
        return replace(segment, outcome=Outcome.SKIPPED)
    payload = segment.alternatives.get(choice) if choice else None
    if payload is None or choice is None:
        return segment
    return replace(
        segment,
        outcome=Outcome.ADAPTED,
        findings=(*segment.findings, findings.approved(_WORDS[choice])),
        payload=payload,
    )
