"""The plan as files: `plan.json`, which is loaded, and `plan.csv`, which is read (docs/plan-format.md)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from migrator.atomic import write_bytes, writing
from migrator.codes import LegacyStatus, LegacyType, label
from migrator.errors import UsageError
from migrator.model import PLAN_FORMAT, Plan, PlannedSegment
from migrator.safe_text import for_spreadsheet

_ADAPTER = TypeAdapter(Plan)
_SEGMENT = TypeAdapter(PlannedSegment)
PLAN, PLAN_TABLE = "plan.json", "plan.csv"


def write_plan(plan: Plan, folder: Path) -> None:
    """Write both files into `folder`; the same plan gives the same bytes."""
    with writing(folder / PLAN) as file:
        file.writelines(plan_json(plan))
    write_bytes(folder / PLAN_TABLE, _table(plan).encode("utf-8-sig"))


def plan_json(plan: Plan) -> Iterator[bytes]:
    """The bytes of `plan.json`, one segment at a time: a plan of 13,000 segments is too large to hold twice."""
    head = _ADAPTER.dump_json(replace(plan, segments=()), indent=1)
    yield head.removesuffix(b"[]\n}") + b"["
    for number, segment in enumerate(plan.segments):
        yield b",\n" if number else b"\n"
        yield _SEGMENT.dump_json(segment, indent=1)
    yield b"\n]\n}\n"


def read_plan(folder: Path) -> Plan:
    """The plan in `folder`.

    Raises:
        UsageError: there is none, it is damaged, or it is of a newer format.
    """
    path = folder / PLAN
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"There is no plan in {folder} ({error.strerror}). Make one with: migrator translate"
        ) from error
    try:
        version = int(json.loads(content)["format"])
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"The plan {path} is damaged and cannot be read. {_AGAIN}") from error
    if version > PLAN_FORMAT:
        raise UsageError(
            f"The plan {path} has format {version}; this version of migrator reads up to {PLAN_FORMAT}. "
            "Install a newer version: pip install --upgrade migrator"
        )
    try:
        return _ADAPTER.validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(f"The plan {path} is damaged: {place}: {first['msg']}. {_AGAIN}") from error


_AGAIN = "Nothing was loaded. Make the plan again with: migrator translate"


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
