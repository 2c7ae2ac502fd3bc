"""What people decide about segments that wait: one by one, many at once, or from a file that somebody filled in."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

from migrator.base.cells import identity
from migrator.base.errors import Exit, UsageError
from migrator.base.safe_text import for_terminal
from migrator.commands.report import Summary, decided_plan, plan_to_decide, report_stage
from migrator.commands.segments import find_segment
from migrator.contracts.choices import Choice
from migrator.contracts.decisions import checksum_of, decide, is_open, open_to, read_decisions
from migrator.contracts.history import Deed, Event, record
from migrator.contracts.plan import PlannedSegment
from migrator.contracts.run_folder import RunFolder, utc_now
from migrator.contracts.selection import is_named
from migrator.product.findings import CATALOGUE
from migrator.report.words import LANGUAGES, Words

CHOICES = (Choice.TRANSLATE, Choice.SNAPSHOT, Choice.SKIP, Choice.ADOPT, Choice.REPLACE, Choice.KEEP_BOTH)


@dataclass(frozen=True, slots=True)
class Meant:
    """Which segments are decided about, all in one way."""

    segments: tuple[str, ...] = ()
    """Ids or exact names."""
    names: tuple[str, ...] = ()
    """Names with * and ?."""
    findings: tuple[str, ...] = ()
    """Codes of findings."""
    twin: UUID | None = None
    """The real-time segment that is adopted or replaced, where there are several."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision that is to be recorded."""

    segment: PlannedSegment
    choice: Choice
    by: str
    reason: str
    twin: UUID | None = None
    """The real-time segment that is meant, where it was named."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of deciding."""

    lines: tuple[str, ...]
    """A sentence for each decision."""
    refused: tuple[str, ...]
    """A sentence for each segment that could not be decided so."""
    summary: Summary | None = None
    """The run after it; None where nothing was recorded."""
    notes: tuple[str, ...] = ()
    """What has to be decided, too, before what was recorded can be carried out."""

    @property
    def exit_code(self) -> Exit:
        """Whether everything was recorded."""
        return Exit.WAITING if self.refused else Exit.DONE


def whoever_sits_here() -> str:
    """The name of the person at this machine, as the system knows it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def in_one_way(run: RunFolder, wanted: Meant, choice: Choice, by: str, reason: str) -> tuple[list[Decision], list[str]]:
    """The same decision for all segments that are meant; gives those that it is open to, and why not for the others.

    Args:
        run: the run.
        wanted: which segments.
        choice: what becomes of them.
        by: who decides.
        reason: why.

    Raises:
        UsageError: a segment is unknown or ambiguous, a code is none, or nothing waits that is meant.
    """
    plan = plan_to_decide(run)
    if unknown := [code for code in wanted.findings if code not in CATALOGUE]:
        raise UsageError(
            f"There is no finding {unknown[0]}. Those of this run are in its report, all in docs/findings.md"
        )
    named = [find_segment(plan, text) for text in wanted.segments]
    for segment in named:
        open_to(segment, choice, wanted.twin)  # whoever names a segment hears at once why it cannot be decided so
    decisions, refused = [], []
    waiting = [one for one in plan.segments if is_open(one)]
    meant = {segment.legacy_id: segment for segment in named}
    for segment in waiting:
        if any(is_named(pattern, segment.name) for pattern in wanted.names) or any(
            finding.code in wanted.findings for finding in segment.findings
        ):
            meant.setdefault(segment.legacy_id, segment)
    if not meant:
        raise UsageError(
            f"No segment of the run {run.name} waits that is meant by this. See: migrator status --segments"
        )
    for segment in meant.values():
        try:
            open_to(segment, choice, wanted.twin)
        except UsageError as error:
            refused.append(str(error))
        else:
            decisions.append(Decision(segment, choice, by, reason, wanted.twin))
    return decisions, refused


# --- from a file -----------------------------------------------------------------------------------------------------


def from_file(run: RunFolder, file: Path, by: str, reason: str) -> tuple[list[Decision], list[str]]:
    """The decisions of a workbook (`report.xlsx`) or of a file that the report's page has made (JSON).

    Args:
        run: the run that they are about.
        file: the workbook or the JSON file.
        by: who decides, where the file does not say it.
        reason: why, where the file does not say it.

    Raises:
        UsageError: the file cannot be read, holds no decisions, or is about another run.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}. Check the path.") from error
    workbook = file.suffix.lower() in (".xlsx", ".xlsm")
    entries = list(_of_workbook(file, content) if workbook else _of_json(run, file, content))
    plan = plan_to_decide(run)
    by_id = {segment.legacy_id: segment for segment in plan.segments}
    decisions: dict[UUID, Decision] = {}
    twice: set[UUID] = set()
    refused: list[str] = []
    for entry in entries:
        if not entry.decision:
            continue
        try:
            one = _decision(by_id, entry, by, reason)
        except UsageError as error:
            refused.append(str(error))
            continue
        key = one.segment.legacy_id
        before = decisions.setdefault(key, one)
        if (before.choice, before.twin) != (one.choice, one.twin) and key not in twice:
            twice.add(key)
            name = for_terminal(one.segment.name)
            refused.append(f"“{name}” is there twice, as {before.choice} and as {one.choice}. Decide about it once.")
    if not decisions and not refused:
        raise UsageError(f"{file} holds no decision. Choose one in its column, or click one in the report's page.")
    return [one for key, one in decisions.items() if key not in twice], refused


@dataclass(frozen=True, slots=True)
class _Entry:
    """One row of a file, as it stands there."""

    id: str
    name: str
    decision: str
    who: str
    why: str
    checksum: str


def _decision(by_id: dict[UUID, PlannedSegment], entry: _Entry, by: str, reason: str) -> Decision:
    shown = f"“{for_terminal(entry.name or entry.id)}”"
    for text in (entry.decision, entry.who, entry.why, entry.id):
        if text.startswith("="):
            raise UsageError(f"{shown}: a formula stands where words are expected: {for_terminal(text)}. Write them.")
    key = identity(entry.id)
    segment = by_id.get(key) if key else None
    if segment is None:
        raise UsageError(f"{shown} is no segment of this run's plan; the file is about another run. Name that run.")
    try:
        choice = Choice(entry.decision.strip().lower())
    except ValueError:
        choice = Choice.FLAG
    if choice not in CHOICES:
        raise UsageError(f"{shown}: {entry.decision} is no decision; it is one of {', '.join(CHOICES)}.")
    if entry.checksum != checksum_of(segment):
        raise UsageError(
            f"{shown} has changed since the file was made, so the decision may be about something else. "
            "Look at it in the newest report and decide again."
        )
    open_to(segment, choice)
    return Decision(segment, choice, entry.who.strip() or by, entry.why.strip() or reason)


def _of_json(run: RunFolder, file: Path, content: bytes) -> Iterable[_Entry]:
    try:
        said = json.loads(content)
        about, entries = str(said["run"]), list(said["decisions"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(
            f"{file} is no file of decisions. Download one from the report's page, or name the workbook (report.xlsx)."
        ) from error
    if about != run.name:
        raise UsageError(
            f"{file} holds decisions about the run {about}, not about {run.name}. Name that run. Nothing was changed."
        )
    for entry in entries:
        if not isinstance(entry, dict):
            raise UsageError(f"{file} is no file of decisions: one of its entries is none. Download it once more.")
        names = ("id", "name", "decision", "who", "why", "checksum")
        yield _Entry(*(str(entry.get(name) or "") for name in names))


_COLUMNS = ("legacy_id", "segment", "decision", "who", "why", "checksum")


def _of_workbook(file: Path, content: bytes) -> Iterable[_Entry]:
    """The sheet of the workbook whose head has all columns, in whichever language it was written."""
    from openpyxl import load_workbook

    try:
        book = load_workbook(BytesIO(content), read_only=True)
    except Exception as error:  # whatever openpyxl makes of a file that is none
        raise UsageError(f"{file} is no workbook. Write one with: migrator report --format xlsx") from error
    heads = [tuple(Words(language)(name) for name in _COLUMNS) for language in LANGUAGES]
    try:
        for sheet in book.worksheets:
            rows = sheet.iter_rows(values_only=True)
            head = [_text(cell) for cell in next(rows, ())]
            known = next((names for names in heads if set(names) <= set(head)), None)
            if known is None:
                continue
            places = [head.index(name) for name in known]
            for row in rows:
                yield _Entry(*(_text(row[at]) if at < len(row) else "" for at in places))
            return
    finally:
        book.close()
    raise UsageError(f"{file} has no sheet with decisions. Write one with: migrator report --format xlsx")


def _text(value: Any) -> str:
    return "" if value is None else str(value)


# --- recording -------------------------------------------------------------------------------------------------------


def carry_out(
    run: RunFolder, decisions: Sequence[Decision], refused: Sequence[str], *, dry_run: bool, report: bool = True
) -> Recorded:
    """Record decisions, who made them and why, and write the report again.

    Args:
        run: the run.
        decisions: what is to be recorded.
        refused: what cannot be, with the reason.
        dry_run: whether it is only said.
        report: whether the report is written; not where more happens at once that it would tell.

    Raises:
        UsageError: a file of the run is damaged.
    """
    before = read_decisions(run.path)
    lines = [_sentence(one, before.get(one.segment.legacy_id)) for one in decisions]
    if dry_run or not decisions:
        return Recorded(tuple(lines), tuple(refused))
    twins = {one.segment.legacy_id: one.twin for one in decisions if one.twin}
    for choice in CHOICES:
        if chosen := [one.segment for one in decisions if one.choice is choice]:
            decide(run.path, chosen, choice, twins)
    at = utc_now()
    record(
        run.path,
        [
            Event(at, Deed.DECISION, one.by, one.reason, f"{one.segment.name} ({one.segment.legacy_id})",
                  _what(one, before.get(one.segment.legacy_id)))
            for one in decisions
        ],
    )  # fmt: skip
    return Recorded(
        tuple(lines),
        tuple(refused),
        report_stage(run) if report else None,
        tuple(_refers_to_what_waits(run, decisions)),
    )


def _refers_to_what_waits(run: RunFolder, decisions: Sequence[Decision]) -> Iterator[str]:
    """A sentence for each segment that was decided about and is built on others that are not carried over yet."""
    by_id = {segment.legacy_id: segment for segment in decided_plan(run).segments}
    for one in decisions:
        segment = by_id.get(one.segment.legacy_id)
        others = [by_id[key] for key in segment.depends_on if key in by_id] if segment and segment.loadable else []
        if names := [f"“{for_terminal(other.name)}”" for other in others if not other.loadable]:
            yield (
                f"“{for_terminal(one.segment.name)}” refers to {', '.join(names)}, not carried over as it stands now: "
                "it waits until that is decided."
            )


def _what(one: Decision, before: Choice | None) -> str:
    return f"{one.choice} instead of {before}" if before and before is not one.choice else str(one.choice)


def _sentence(one: Decision, before: Choice | None) -> str:
    why = f": {for_terminal(one.reason)}" if one.reason else ""
    return f"“{for_terminal(one.segment.name)}” → {_what(one, before)} (by {for_terminal(one.by)}{why})"
