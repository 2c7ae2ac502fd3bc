"""The report for programs: `report.json`, whose schema is docs/report.schema.json."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from migrator.base.atomic import write_bytes
from migrator.contracts.history import Event
from migrator.contracts.predictions import Overlap, PeoplePredicted
from migrator.contracts.reach import Reach
from migrator.report.compare import Change
from migrator.report.row import ReportRow
from migrator.report.story import Story

FORMAT = 1
"""Version of `report.json`."""
JSON = "report.json"


@dataclass(frozen=True, slots=True)
class ReportEntry:
    """`report.json`."""

    format: int
    tool_version: str
    run: str
    organisation_id: str
    organisation_url: str
    begun: str
    """UTC, ISO 8601."""
    verified_at: str
    dry_run: bool
    anonymous: bool
    verdict: str
    totals: dict[str, Any]
    verifications: list[str]
    """The time of each look, oldest first."""
    segments: tuple[ReportRow, ...]
    changed_since: str
    changes: list[Change]
    history: list[Event]
    """Who did what with the run, when and why; oldest first."""
    limits: dict[str, tuple[int, int]]
    """`all`, `dynamic`, `static` → segments that this run uses up, and how many an organisation holds."""
    steps: dict[str, tuple[int, int, int]]
    """Step of the journal → confirmed, failed, fate unknown."""
    traffic: dict[str, int]
    reach: Reach | None = None
    """Who will be mailed; null where nobody has asked."""
    people: PeoplePredicted | None = None
    """Distinct people in live segments before and after, as predicted; null where nothing was predicted."""
    overlap: tuple[Overlap, ...] = ()
    """Segments that are copies, empty, or lie within another one, as predicted."""
    cutover: dict[str, Any] | None = None
    """The newest look at which journeys still use old segments, with how the sizes moved; null where nobody looked."""


_ADAPTER = TypeAdapter(ReportEntry)


def json_schema() -> dict[str, Any]:
    """The JSON schema of `report.json`."""
    return _ADAPTER.json_schema(mode="serialization")


def write(story: Story, folder: Path) -> Path:
    """Write `report.json`; gives its path."""
    path = folder / JSON
    write_bytes(path, _ADAPTER.dump_json(_entry(story), indent=1) + b"\n")
    return path


def _entry(story: Story) -> ReportEntry:
    run, plan = story.run, story.plan
    return ReportEntry(
        format=FORMAT,
        tool_version=plan.tool_version,
        run=run.run,
        organisation_id=str(plan.target.id),
        organisation_url=plan.target.url,
        begun=run.at,
        verified_at=run.verified_at,
        dry_run=run.dry_run,
        anonymous=run.anonymous,
        verdict=story.verdict,
        totals=asdict(story.totals),
        verifications=list(story.looks),
        segments=story.rows,
        changed_since=run.changed_since,
        changes=list(run.changes),
        history=list(run.history),
        limits={limit.key: (limit.used, limit.most) for limit in story.limits},
        steps=dict(run.journal.steps),
        traffic=dict(run.traffic),
        reach=run.reach,
        people=run.predictions.people if run.predictions else None,
        overlap=run.predictions.overlaps if run.predictions else (),
        cutover=_cutover(story),
    )


def _cutover(story: Story) -> dict[str, Any] | None:
    part = story.cutover
    if part is None:
        return None
    named = Counter(movement.name for movement in part.movements)
    return {
        "at": part.at,
        "done": part.done,
        "unread": dict(part.unread),
        "items": [{**asdict(line.item), "link": line.link} for line in part.lines],
        "sizes": {
            movement.name if named[movement.name] == 1 else f"{movement.name} ({movement.legacy_id})": [*movement.sizes]
            for movement in part.movements
        },
    }
