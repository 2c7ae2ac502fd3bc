"""What people decided about flagged segments: kept beside the plan, which stays as it was approved.

`decisions.json` in the run folder holds a `format`, and `decisions`: legacy ids with `translate`, `snapshot`, `skip`,
`adopt`, `replace` or `keep-both`; `twins` says which segment is adopted or replaced, where that was said; under
`predicted` also which prediction was known then, so that nobody has agreed to another one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from migrator.base.atomic import write_text
from migrator.base.errors import UsageError
from migrator.contracts.choices import Choice
from migrator.contracts.payload import adopted, referring
from migrator.contracts.plan import PLAN, Outcome, Plan, PlannedSegment
from migrator.contracts.plan_with_predictions import COPIES
from migrator.contracts.predictions import PREDICTIONS, read_predictions
from migrator.contracts.twins import Twin
from migrator.contracts.versions import Format
from migrator.product import findings

T = TypeVar("T")

DECISIONS = "decisions.json"
_FORMAT = Format((lambda decisions: {"decisions": decisions}, lambda old: {**old, "twins": {}}), numbered=False)
"""In format 1, of version 0.1.0, the decisions were the whole file; format 2 knew of no twins."""
_WORDS = {
    Choice.TRANSLATE: "carry out the proposal",
    Choice.SNAPSHOT: "freeze the members of now",
    Choice.ADOPT: "the segment that is there already is the successor, and stays as it is",
    Choice.REPLACE: "a new segment takes the place of the one that is there",
    Choice.KEEP_BOTH: "a new segment is created beside the one that is there",
}
_ABOUT_TWINS = (Choice.ADOPT, Choice.REPLACE)


def decide(
    folder: Path, segments: list[PlannedSegment], choice: Choice, twins: Mapping[UUID, UUID] | None = None
) -> None:
    """Record one decision for each of `segments`, or for none of them.

    Args:
        folder: the run folder.
        segments: planned segments that wait.
        choice: what becomes of them.
        twins: legacy id → the real-time segment that is meant, where there are several.

    Raises:
        UsageError: a segment is not flagged, or the decision is not open to it.
    """
    meant = dict(twins or {})
    for segment in segments:
        open_to(segment, choice, meant.get(segment.legacy_id))
    decisions = {**read_decisions(folder), **{segment.legacy_id: choice for segment in segments}}
    pairs = read_pairs(folder)
    for segment in segments:
        pairs.pop(segment.legacy_id, None)
        if choice in _ABOUT_TWINS:
            pairs[segment.legacy_id] = twin_of(segment, meant.get(segment.legacy_id)).segment.id
    chosen = {str(key): str(decisions[key]) for key in sorted(decisions)}
    predictions = read_predictions(folder)
    known = predictions.by_id if predictions else {}
    agreed = read_agreed(folder) | {
        segment.legacy_id: known[segment.legacy_id].token for segment in segments if segment.legacy_id in known
    }
    content: dict[str, Any] = {
        "format": _FORMAT.number,
        "decisions": chosen,
        "twins": {str(key): str(pairs[key]) for key in sorted(pairs)},
    }
    if agreed:
        content["predicted"] = {str(key): agreed[key] for key in sorted(agreed)}
    write_text(folder / DECISIONS, json.dumps(content, indent=1) + "\n")


def checksum_of(segment: PlannedSegment) -> str:
    """A short checksum of what each decision about a segment would do: a decision about something else is noticed.

    Args:
        segment: as the plan has it.
    """
    would: dict[str, object] = {str(choice): asdict(sent) for choice, sent in segment.alternatives.items()}
    if segment.twins:
        would["twins"] = [str(twin.segment.id) for twin in segment.twins]
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


def decisions_checksum(folder: Path) -> str:
    """A checksum of what people have decided about a plan so far.

    Args:
        folder: the run folder.
    """
    path = folder / DECISIONS
    return hashlib.sha256(path.read_bytes() if path.exists() else b"").hexdigest()


def is_open(segment: PlannedSegment) -> bool:
    """Whether a person may decide about a segment: it waits, it has a twin, or it is proposed to be left behind.

    Args:
        segment: as the plan has it.
    """
    if segment.outcome in (Outcome.FLAGGED, Outcome.BLOCKED):
        return True
    proposed = any(finding.code in PROPOSED for finding in segment.findings)
    return segment.loadable and (bool(segment.twins) or proposed)


PROPOSED = COPIES | {findings.unused_for_long("").code}
"""The findings that propose to leave a segment behind."""


def twin_of(segment: PlannedSegment, wanted: UUID | None = None) -> Twin:
    """The segment that is adopted or replaced.

    Args:
        segment: as the plan has it.
        wanted: the id of the one that is meant; None takes the likeliest.

    Raises:
        UsageError: it has no such twin, or several are as likely and none was named.
    """
    named = [twin for twin in segment.twins if twin.segment.id == wanted]
    likeliest = [twin for twin in segment.twins if twin.evidence is segment.twins[0].evidence]
    found = named if wanted is not None else likeliest
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"“{twin.segment.name}” ({twin.segment.id}, {twin.evidence})" for twin in segment.twins)
    if not found:
        raise UsageError(f"The segment “{segment.name}” has no such twin. Choose among: {known or 'none'}.")
    raise UsageError(f"The segment “{segment.name}” has several twins: {known}. Name the one you mean: --twin ID")


def open_to(segment: PlannedSegment, choice: Choice, twin: UUID | None = None) -> None:
    """Look whether a decision is open to a segment.

    Args:
        segment: as the plan has it.
        choice: translate, snapshot, skip, adopt, replace or keep-both.
        twin: the real-time segment that is meant, where there are several.

    Raises:
        UsageError: nothing is to be decided about it, or not so.
    """
    open_to_it = [*segment.alternatives, Choice.SKIP]
    if not is_open(segment):
        raise UsageError(f"The segment “{segment.name}” is {segment.outcome}; there is nothing to decide about it.")
    if choice not in open_to_it:
        why = "; ".join(finding.message for finding in segment.findings)
        raise UsageError(
            f"The segment “{segment.name}” cannot be decided as {choice}; open are: {', '.join(open_to_it)}. {why}"
        )
    if choice in _ABOUT_TWINS:
        twin_of(segment, twin)


def read_decisions(folder: Path) -> dict[UUID, Choice]:
    """The decisions of a run; none where nobody decided anything.

    Raises:
        UsageError: the file is damaged, or of a newer format.
    """
    return _read(folder, "decisions", Choice)


def read_pairs(folder: Path) -> dict[UUID, UUID]:
    """Which real-time segment is adopted or replaced, by legacy id; none where nobody decided so.

    Raises:
        UsageError: the file is damaged, or of a newer format.
    """
    return _read(folder, "twins", UUID)


def _read(folder: Path, part: str, of: Callable[[str], T]) -> dict[UUID, T]:
    path = folder / DECISIONS
    if not path.exists():
        return {}
    try:
        content = _FORMAT.of_now(json.loads(path.read_bytes()), f"The file of decisions {path}")
        return {UUID(key): of(value) for key, value in content[part].items()}
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


def decided(plan: Plan, decisions: Mapping[UUID, Choice], pairs: Mapping[UUID, UUID] | None = None) -> Plan:
    """The plan with the decisions carried out; what was not flagged stays as it is.

    Args:
        plan: as it was made.
        decisions: what people decided, by legacy id.
        pairs: which twin they meant, by legacy id.
    """
    done = [_decided(segment, decisions, pairs or {}) for segment in plan.segments]
    # Whoever refers to a segment refers to its successor, which is there under an id of its own.
    moved = {
        old.segment_id: new.segment_id
        for old, new in zip(plan.segments, done, strict=True)
        if old.segment_id != new.segment_id
    }
    if moved:
        done = [_referring(segment, moved) for segment in done]
    return replace(plan, segments=tuple(done))


def _referring(segment: PlannedSegment, moved: Mapping[UUID, UUID]) -> PlannedSegment:
    if segment.adopted:
        return segment
    return replace(
        segment,
        payload=referring(segment.payload, moved) if segment.payload else None,
        alternatives={choice: referring(sent, moved) for choice, sent in segment.alternatives.items()},
    )


def _decided(segment: PlannedSegment, decisions: Mapping[UUID, Choice], pairs: Mapping[UUID, UUID]) -> PlannedSegment:
    choice = decisions.get(segment.legacy_id)
    if choice is Choice.SKIP:
        return replace(segment, outcome=Outcome.SKIPPED)
    payload = segment.alternatives.get(choice) if choice else None
    if choice is Choice.ADOPT and payload is not None:
        try:
            twin = twin_of(segment, pairs.get(segment.legacy_id)).segment
        except UsageError:
            return segment  # the twin that was meant is none any more: it waits again
        payload = adopted(twin)
        segment = replace(segment, definition_id=twin.definition_id, segment_id=twin.id)
    if payload is None or choice is None:
        return segment
    return replace(
        segment,
        outcome=Outcome.ADAPTED,
        findings=(*segment.findings, findings.approved(_WORDS[choice])),
        payload=payload,
    )
