"""The same story in other forms: a workbook, a table, JSON for programs, and a few lines for a ticket or a chat."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from migrator.base.atomic import write_bytes, writing
from migrator.base.safe_text import for_spreadsheet
from migrator.report.render import REPORT, render
from migrator.report.story import Story

FORMAT = 1
"""Version of `report.json`."""
WORKBOOK, TABLE, JSON, SUMMARY = "report.xlsx", "report.csv", "report.json", "summary.md"

# --- JSON ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FindingEntry:
    """One thing found about a segment."""

    code: str
    severity: str
    message: str
    advice: str


@dataclass(frozen=True, slots=True)
class SegmentEntry:
    """One legacy segment."""

    legacy_id: str
    segment_id: str
    name: str
    type: str
    status: str
    outcome: str
    """ready, adapted, flagged, blocked or skipped."""
    standing: str
    """Where it stands: verified, draft, planned, not verified, drifted, different, rolled back, failed, waiting, not
    possible, left out."""
    before: int | None
    before_source: str
    """service, deprecated-read, row, file, list, recorded or unknown."""
    planned: int | None
    after: int | None
    difference: int | None
    explanation: str
    error: str
    writes: int
    seconds: float
    groups: list[tuple[str, int]]
    """Name and members of each static group."""
    looks: list[int | None]
    """Members at each verification, oldest first."""
    findings: list[FindingEntry]
    query: str
    english: str
    realtime_query: str


@dataclass(frozen=True, slots=True)
class ChangeEntry:
    """One segment that stands elsewhere than before."""

    legacy_id: str
    name: str
    was: str
    now: str
    after_was: int | None
    after_now: int | None


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
    segments: list[SegmentEntry]
    changed_since: str
    changes: list[ChangeEntry]
    limits: dict[str, tuple[int, int]]
    """`all`, `dynamic`, `static` → segments that this run uses up, and how many an organisation holds."""
    steps: dict[str, tuple[int, int, int]]
    """Step of the journal → confirmed, failed, fate unknown."""
    traffic: dict[str, int]


_ADAPTER = TypeAdapter(ReportEntry)


def json_schema() -> dict[str, Any]:
    """The JSON schema of `report.json`."""
    return _ADAPTER.json_schema()


def write_json(story: Story, folder: Path) -> Path:
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
        segments=[_segment(row) for row in story.rows],
        changed_since=run.changed_since,
        changes=[ChangeEntry(**asdict(one)) for one in run.changes],
        limits={limit.key: (limit.used, limit.most) for limit in story.limits},
        steps=dict(run.journal.steps),
        traffic=dict(run.traffic),
    )


def _segment(row: Mapping[str, Any]) -> SegmentEntry:
    made = {"groups": row["group_names"], "realtime_query": row["proposal"]}
    same = {name: row[name] for name in SegmentEntry.__dataclass_fields__ if name in row}
    findings = [FindingEntry(one.code, str(one.severity), one.message, one.advice) for one in row["findings"]]
    return SegmentEntry(**{**same, **made, "findings": findings})


# --- tables ----------------------------------------------------------------------------------------------------------


def _columns(story: Story) -> list[tuple[str, Callable[[Mapping[str, Any]], Any]]]:
    """The columns of the table of segments, in the words of the report."""
    w = story.words
    found: list[tuple[str, Callable[[Mapping[str, Any]], Any]]] = [
        (w("segment"), lambda row: row["name"]),
        (w("type"), lambda row: row["type"]),
        (w("status"), lambda row: row["status"]),
        (w("outcome"), lambda row: w.named("outcome", row["outcome"])),
        (w("standing"), lambda row: w.named("standing", row["standing"])),
        (w("before"), lambda row: row["before"]),
        (w("origin"), lambda row: w.named("source", row["before_source"])),
        (w("planned"), lambda row: row["planned"]),
    ]
    for number, at in enumerate(story.looks[:-1]):
        found.append((f"{w('after')} {at[:16]}", lambda row, number=number: row["looks"][number]))  # type: ignore[misc]
    found += [
        (w("after"), lambda row: row["after"]),
        (w("difference"), lambda row: row["difference"]),
        (w("share"), lambda row: row["share"]),
        (w("explanation"), lambda row: row["explanation"]),
        (w("findings"), lambda row: " ".join(finding.message for finding in row["findings"])),
        (w("error"), lambda row: row["error"]),
        (w("legacy_query"), lambda row: row["query"]),
        (w("sent_query"), lambda row: row["proposal"]),
        (f"{w('ids')}: {w('legacy_id')}", lambda row: row["legacy_id"]),
        (f"{w('ids')}: {w('realtime_id')}", lambda row: row["segment_id"]),
    ]
    return found


def write_csv(story: Story, folder: Path) -> Path:
    """Write `report.csv`, one line a segment; gives its path. No cell is taken for a formula."""
    text = io.StringIO()
    table = csv.writer(text)
    columns = _columns(story)
    table.writerow([name for name, _ in columns])
    for row in story.rows:
        table.writerow([for_spreadsheet(_cell(value(row))) for _, value in columns])
    path = folder / TABLE
    write_bytes(path, text.getvalue().encode("utf-8-sig"))
    return path


def _cell(value: Any) -> Any:
    return "" if value is None else value


# --- the workbook ----------------------------------------------------------------------------------------------------

_LONGEST = 32_767
"""Characters that a cell of a workbook takes."""
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def write_xlsx(story: Story, folder: Path) -> Path:
    """Write `report.xlsx`, a sheet for each topic; gives its path. Numbers are numbers, and no text is a formula."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    w = story.words
    summary = [(number.word, number.value) for number in story.numbers]
    facts = [
        (story.verdict, None),
        (w("run"), story.run.run),
        (w("begun"), story.run.at),
        (w("compared_at"), story.run.verified_at),
        (w("dry_run") if story.run.dry_run else w("real_run"), None),
        (story.plan.target.url, str(story.plan.target.id)),
    ]
    _sheet(book, w("in_numbers"), (w("title"), "n"), [*facts, *summary])
    columns = _columns(story)
    _sheet(
        book,
        w("all_segments"),
        [name for name, _ in columns],
        ([value(row) for _, value in columns] for row in story.rows),
    )
    decisions = [
        (
            ask.code,
            one.row["name"],
            one.message,
            ask.advice,
            one.row["query"],
            one.row["proposal"],
            " / ".join(one.commands),
        )
        for ask in story.asks
        for one in ask.segments
    ]
    head = (
        w("finding"),
        w("segment"),
        w("error"),
        w("carries_out"),
        w("legacy_query"),
        w("proposed_query"),
        "migrator",
    )
    _sheet(book, w("asks"), head, decisions)
    _sheet(book, w("findings"), (w("finding"), "severity", w("explained"), "n"), story.findings)
    steps = [(step, *counts) for step, counts in story.run.journal.steps.items()]
    _sheet(book, w("steps"), (w("step"), w("confirmed"), w("failed_steps"), w("open_steps")), steps)
    mishaps = [
        (one.at, str(one.legacy_id), one.step, one.error_code, one.error, one.request_id)
        for one in story.run.journal.mishaps
    ]
    _sheet(
        book,
        w("errors"),
        (w("begun"), w("legacy_id"), w("step"), "code", w("error"), w("request_id")),
        mishaps,
    )
    path = folder / WORKBOOK
    with writing(path) as file:
        book.save(file)
    return path


def _sheet(book: Any, title: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(re.sub(r"[\\/*?:\[\]]", " ", title)[:31])
    sheet.freeze_panes = "B2"
    bold = Font(bold=True)
    for number in range(1, len(head) + 1):
        sheet.column_dimensions[get_column_letter(number)].width = 34 if number == 1 else 18

    def cells(row: Sequence[Any], font: Any = None) -> list[Any]:
        made = []
        for value in row:
            if not isinstance(value, str):
                made.append(value)
                continue
            cell = WriteOnlyCell(sheet, _FORBIDDEN.sub("\ufffd", value)[:_LONGEST])
            cell.data_type = "s"  # text stays text, also where it begins with =
            if font:
                cell.font = font
            made.append(cell)
        return made

    sheet.append(cells([*head], bold))
    count = 1
    for row in rows:
        sheet.append(cells(row))
        count += 1
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(head))}{count}"


# --- a few lines -----------------------------------------------------------------------------------------------------


def write_summary(story: Story, folder: Path) -> Path:
    """Write `summary.md`, for a ticket or a chat; gives its path."""
    path = folder / SUMMARY
    write_bytes(path, summary(story).encode())
    return path


def summary(story: Story) -> str:
    """The story in a few lines of Markdown; nothing that people wrote can break out of its place."""
    w, run = story.words, story.run
    lines = [f"# {_plain(run.title or w('title'))}", ""]
    if run.dry_run:
        lines += [f"**{w('dry_run')}**", ""]
    lines += [_plain(story.verdict), ""]
    lines += [f"| {' | '.join(_plain(number.word) for number in story.numbers)} |"]
    lines += [f"|{'---:|' * len(story.numbers)}"]
    lines += [f"| {' | '.join(w.number(number.value) for number in story.numbers)} |", ""]
    if story.asks:
        lines += [f"## {w('asks')}", ""]
        for ask in story.asks:
            lines.append(f"- **{ask.code}** ({w.number(len(ask.segments) + ask.more)}): {_plain(ask.advice)}")
            lines += [f"  - {_plain(one.row['name'] or w('no_name'))}" for one in ask.segments[:5]]
            if (more := len(ask.segments) + ask.more - 5) > 0:
                lines.append(f"  - … +{w.number(more)}")
        lines.append("")
    off = [row for row in story.rows if row["standing"] in ("failed", "different", "drifted")]
    if off:
        lines += [f"| {w('segment')} | {w('standing')} | {w('before')} | {w('after')} |", "|---|---|---:|---:|"]
        for row in off[:20]:
            cells = (
                _plain(row["name"]),
                w.named("standing", row["standing"]),
                w.number(row["before"]),
                w.number(row["after"]),
            )
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    lines.append(f"{_plain(story.plan.target.url)} · {_plain(run.run)} · {run.at}")
    return "\n".join(lines) + "\n"


_SIGNS = re.compile(r"([\\`*_{}\[\]|~])")
_AT_THE_START = re.compile(r"^(?=[-+#>=])|^(\d+)(?=[.)])")
"""What begins a list, a heading or a quotation."""


def _plain(text: str) -> str:
    """Text that Markdown takes as it is: on one line, no sign with a meaning, no HTML."""
    one_line = " ".join(text.split())
    safe = _SIGNS.sub(r"\\\1", one_line.replace("&", "&amp;").replace("<", "&lt;"))
    return _AT_THE_START.sub(lambda match: f"{match[1] or ''}\\", safe, count=1)


FORMS: Mapping[str, Callable[[Story, Path], Path]] = {
    "html": render,
    "xlsx": write_xlsx,
    "csv": write_csv,
    "json": write_json,
    "md": write_summary,
}
"""Every form of the report, by the name that `--format` knows it by."""
__all__ = ["FORMS", "REPORT", "json_schema", "summary"]
