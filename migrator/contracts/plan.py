"""The plan as files: `plan.json`, which is loaded, and `plan.csv`, which is read (docs/plan-format.md)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from migrator.base.atomic import write_bytes, writing
from migrator.base.errors import UsageError
from migrator.base.safe_text import for_spreadsheet
from migrator.contracts.choices import Choice
from migrator.contracts.export_folder import Export, OrganisationRef
from migrator.contracts.members import Members, MemberSource
from migrator.contracts.payload import Payload, PayloadKind, StaticGroup, payload_from_format_1
from migrator.contracts.selection import Selection
from migrator.contracts.twins import Twin
from migrator.contracts.usage import Journey, Use
from migrator.contracts.versions import Format
from migrator.product.codes import MEMBERS_PER_GROUP, LegacyStatus, LegacyType, label
from migrator.product.findings import SEVERITIES, Finding, Severity

if TYPE_CHECKING:
    from pydantic import TypeAdapter


class Outcome(StrEnum):
    """What becomes of a legacy segment. Every one has exactly one."""

    READY = "ready"
    ADAPTED = "adapted"
    FLAGGED = "flagged"
    BLOCKED = "blocked"
    SKIPPED = "skipped"


LOADED_OUTCOMES = frozenset({Outcome.READY, Outcome.ADAPTED})
"""The outcomes that the loader carries out."""


OUTCOME_OF_SEVERITY: Mapping[Severity, Outcome] = {
    Severity.NOTE: Outcome.READY,
    Severity.CHANGE: Outcome.ADAPTED,
    Severity.DECISION: Outcome.FLAGGED,
    Severity.STOP: Outcome.BLOCKED,
}


def outcome_of(findings: tuple[Finding, ...]) -> Outcome:
    """The outcome that the heaviest finding asks for; without findings a segment is ready."""
    heaviest = max((SEVERITIES.index(finding.severity) for finding in findings), default=0)
    return OUTCOME_OF_SEVERITY[SEVERITIES[heaviest]]


@dataclass(frozen=True, slots=True)
class TranslationSettings:
    """Everything besides the export that a plan depends on."""

    target: OrganisationRef
    """The organisation that the plan is for; the ids of what it creates are derived from its id."""
    selection: Selection = field(default_factory=Selection)
    drafts_only: bool = False
    compound: Choice = Choice.FLAG
    interactions: Choice = Choice.FLAG
    words: bool = False
    """AND and OR in real-time queries instead of && and ||."""
    tolerance: float = 0.02
    """The share by which the members that were read may differ from the recorded size."""
    split: bool = False
    """Whether a static segment that is too large becomes several."""
    members_from_row: bool = False
    """Whether members from rows that may be years old are taken without asking."""


@dataclass(frozen=True, slots=True)
class PlannedSegment:
    """One legacy segment with its outcome, and the payloads that would be sent for it."""

    legacy_id: UUID
    name: str
    type_code: int | None
    status_code: int | None
    query: str
    outcome: Outcome
    findings: tuple[Finding, ...]
    recorded_size: int | None
    members: Members
    definition_id: UUID
    segment_id: UUID
    payload: Payload | None = None
    """What is sent to carry it over; None when nothing is created."""
    english: str = ""
    """The query in plain words."""
    proposal: str = ""
    """The real-time query that would be sent if a person decided so; empty where it is sent anyway."""
    alternatives: Mapping[Choice, Payload] = field(default_factory=dict)
    """For a flagged segment: what each decision would send."""
    use: Use = Use.UNKNOWN
    """How journeys used the legacy segment when it was extracted."""
    journeys: tuple[Journey, ...] = ()
    """The journeys that pointed at it then."""
    last_used: str = ""
    """When a journey last used it, ISO 8601; empty where nobody knows."""
    twins: tuple[Twin, ...] = ()
    """Real-time segments that are there already and may be its successor; the likeliest first."""
    part_of: UUID | None = None
    """For a part of a segment that was split: the legacy segment that it is a part of, and whose members it takes."""

    @property
    def before(self) -> int | None:
        """Members before: those that were read, else the size that the product last recorded."""
        return self.members.count if self.members.known else self.recorded_size

    @property
    def members_of(self) -> UUID:
        """The legacy segment whose member list its groups are filled from."""
        return self.part_of or self.legacy_id

    @property
    def groups(self) -> tuple[StaticGroup, ...]:
        """The static groups that are created for it."""
        return self.payload.groups if self.payload else ()

    @property
    def publish(self) -> bool:
        """Whether it is published after loading."""
        return self.payload is not None and self.payload.publish

    @property
    def depends_on(self) -> tuple[UUID, ...]:
        """Legacy ids of the segments that its query refers to; they are loaded first."""
        return self.payload.depends_on if self.payload else ()

    @property
    def realtime_query(self) -> str:
        """The real-time query that is sent, or that is proposed."""
        return self.payload.query if self.payload else self.proposal

    @property
    def adopted(self) -> bool:
        """Whether a segment that was there already is its successor."""
        return self.payload is not None and self.payload.kind is PayloadKind.ADOPTED

    @property
    def loadable(self) -> bool:
        """Whether the loader carries this segment over."""
        return self.outcome in LOADED_OUTCOMES


def _from_format_1(plan: dict[str, Any]) -> dict[str, Any]:
    """Format 1, of version 0.1.0, had the parts of a payload beside the other fields. What is loaded is the same."""
    parts = ("definition", "segment", "groups", "publish", "depends_on")
    segments = []
    for entry in plan["segments"]:
        kept = {key: value for key, value in entry.items() if key not in parts}
        choices = {choice: payload_from_format_1(sent) for choice, sent in entry.get("alternatives", {}).items()}
        segments.append({**kept, "payload": payload_from_format_1(entry), "alternatives": choices})
    return {**plan, "segments": segments}


def _from_format_2(plan: dict[str, Any]) -> dict[str, Any]:
    """Format 2 knew of no use and no twins; both are unknown in it."""
    return plan


_FORMAT = Format((_from_format_1, _from_format_2))
PLAN_FORMAT = _FORMAT.number
"""1: five parts of the payload stood beside each other in each segment (version 0.1.0). 2: one payload with a kind.
3: what uses a segment, and which twins of it are there."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a stakeholder approves and the loader carries out, unchanged."""

    format: int
    tool_version: str
    source: OrganisationRef
    export_fingerprint: str
    settings: TranslationSettings
    segments: tuple[PlannedSegment, ...]

    @property
    def target(self) -> OrganisationRef:
        """The organisation that this plan may be loaded into, and no other."""
        return self.settings.target


# --- plan and export -------------------------------------------------------------------------------------------------


def check_export_of(plan: Plan, export: Export) -> None:
    """A plan belongs to exactly one export: the groups that it names are parts of that export's lists.

    Raises:
        UsageError: the export is another one by now, or groups do not add up to the list that they are filled from.
    """
    ours = export.fingerprint if plan.export_fingerprint.startswith("2:") else export.fingerprint_1
    if plan.export_fingerprint != ours:
        raise UsageError(
            "The plan was made from another export than the one that lies in the run now: members were imported, or a "
            "file was changed. Nothing was loaded. Translate again with: migrator translate"
        )
    parts: dict[UUID, list[StaticGroup]] = {}
    for segment in plan.segments:
        if segment.part_of:
            parts.setdefault(segment.part_of, []).extend(segment.groups)
            continue
        known = export.members.get(segment.legacy_id)
        if known is None or (known.count, known.excluded) != (segment.members.count, segment.members.excluded):
            raise _adds_up_to_no_list(segment.name)
        for payload in filter(None, (segment.payload, *segment.alternatives.values())):
            if payload.kind is PayloadKind.ADOPTED:
                continue  # nothing is filled
            _check_groups(segment.name, payload.groups, known, static=payload.kind is PayloadKind.STATIC)
    for whole, groups in parts.items():
        _check_groups(str(whole), groups, export.members.get(whole, Members(MemberSource.NONE)), static=True)


def _check_groups(name: str, groups: Iterable[StaticGroup], members: Members, *, static: bool) -> None:
    for excluded, wanted in ((False, members.count if static else 0), (True, members.excluded)):
        reached = 0
        for group in sorted((group for group in groups if group.excluded is excluded), key=lambda group: group.first):
            if group.first != reached or not 0 <= group.count <= MEMBERS_PER_GROUP:
                raise _adds_up_to_no_list(name)
            reached += group.count
        if reached != (wanted or 0):
            raise _adds_up_to_no_list(name)


def _adds_up_to_no_list(name: str) -> UsageError:
    return UsageError(
        f"The groups of the segment “{name}” in the plan do not add up to its list in the export. Nothing was loaded. "
        "Translate again with: migrator translate"
    )


# --- files -----------------------------------------------------------------------------------------------------------


@cache
def _adapter() -> TypeAdapter[Plan]:
    from pydantic import TypeAdapter  # slow to import, and the help of a command needs none of it

    return TypeAdapter(Plan)


@cache
def _segment() -> TypeAdapter[PlannedSegment]:
    from pydantic import TypeAdapter  # slow to import, and the help of a command needs none of it

    return TypeAdapter(PlannedSegment)


PLAN, PLAN_TABLE = "plan.json", "plan.csv"


def write_plan(plan: Plan, folder: Path) -> None:
    """Write both files into `folder`; the same plan gives the same bytes."""
    with writing(folder / PLAN) as file:
        file.writelines(plan_json(plan))
    write_bytes(folder / PLAN_TABLE, _table(plan).encode("utf-8-sig"))


def plan_json(plan: Plan) -> Iterator[bytes]:
    """The bytes of `plan.json`, one segment at a time: a plan of 13,000 segments is too large to hold twice."""
    head = _adapter().dump_json(replace(plan, segments=()), indent=1)
    yield head.removesuffix(b"[]\n}") + b"["
    for number, segment in enumerate(plan.segments):
        yield b",\n" if number else b"\n"
        yield _segment().dump_json(segment, indent=1)
    yield b"\n]\n}\n"


def read_plan(folder: Path) -> Plan:
    """The plan in `folder`.

    Raises:
        UsageError: there is none, it is damaged, or it is of a newer format.
    """
    from pydantic import ValidationError

    path = folder / PLAN
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"There is no plan in {folder} ({error.strerror}). Make one with: migrator translate"
        ) from error
    try:
        raw = json.loads(content)
        now = _FORMAT.of_now(raw, f"The plan {path}")
        if raw["format"] != PLAN_FORMAT:
            content = json.dumps(now).encode()
        del raw, now
        return _adapter().validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(f"The plan {path} is damaged: {place}: {first['msg']}. {_PLAN_AGAIN}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"The plan {path} is damaged and cannot be read. {_PLAN_AGAIN}") from error


_PLAN_AGAIN = "Nothing was loaded. Make the plan again with: migrator translate"


def _table(plan: Plan) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(
        [
            "Segment",
            "Type",
            "Status",
            "Outcome",
            "Members before",
            "Groups",
            "Publish",
            "Findings",
            "Legacy id",
            "New id",
        ]
    )
    for segment in plan.segments:
        row = [
            segment.name,
            label(segment.type_code, LegacyType),
            label(segment.status_code, LegacyStatus),
            segment.outcome,
            "" if segment.before is None else segment.before,
            len(segment.groups),
            "yes" if segment.publish else "no",
            " ".join(finding.message for finding in segment.findings),
            segment.legacy_id,
            segment.segment_id,
        ]
        writer.writerow([for_spreadsheet(cell) for cell in row])
    return text.getvalue()
