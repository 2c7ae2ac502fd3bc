"""Where a run stands, segment by segment, and what comes next. Reads files of the run, changes nothing, asks nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from migrator.base.counted import so_many
from migrator.base.csv_text import Dialect, csv_text
from migrator.base.errors import UsageError
from migrator.base.safe_text import for_terminal
from migrator.commands.report import compared_now, journal_lost
from migrator.contracts.decisions import read_decisions
from migrator.contracts.plan import PLAN
from migrator.contracts.run_folder import Goal, RunFolder, RunState
from migrator.contracts.selection import is_named
from migrator.report.forms.html import REPORT
from migrator.report.row import ReportRow, Standing

STAGES = ("extracted", "translated", "loaded", "verified", "reported")
_NAMED = 10
"""Segments that failed and are named; the others are a filter away."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which segments are shown. Empty means all; a segment must pass every filter that is given."""

    names: tuple[str, ...] = ()
    standings: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()

    def takes(self, row: ReportRow) -> bool:
        """Whether a segment passes."""
        return (
            (not self.names or any(is_named(name, row.name) for name in self.names))
            and (not self.standings or row.standing in self.standings)
            and (not self.findings or any(one.code in self.findings for one in row.findings))
        )


@dataclass(frozen=True, slots=True)
class Status:
    """Where a run stands."""

    run: RunFolder
    state: RunState
    rows: tuple[ReportRow, ...]
    standings: dict[str, int]
    decisions: int
    """Segments that wait for a decision; what cannot be carried over is not among them."""
    decided: int
    lost: str
    """What to say where the journal is lost; empty where it is not."""

    @property
    def next_steps(self) -> tuple[str, ...]:
        """What a person would do next, the most urgent first, each with its command."""
        name, state, count = self.run.typed, self.state, self.standings.get
        steps = []
        if not state.finished and state.task and not (state.translated and state.task.goal is not Goal.RUN):
            steps.append(f"Go on with it: migrator run --resume {name}")
        if failed := count(Standing.FAILED, 0):
            steps.append(f"Retry the {failed:,} that failed: migrator retry --all-failed --run {name}")
        if other := count(Standing.DIFFERENT, 0):
            steps.append(f"Look at the {other:,} with other members: migrator report {name} --open")
        if self.decisions:
            steps.append(
                f"Decide about {so_many(self.decisions, 'segment')}: migrator report {name} --open, "
                "then migrator approve"
            )
        if planned := count(Standing.PLANNED, 0):
            steps.append(f"Load the {planned:,} that are planned: migrator load {name}")
        if unknown := count(Standing.UNVERIFIED, 0):
            steps.append(f"Compare the {unknown:,} that are not verified: migrator verify {name}")
        if not steps and count(Standing.VERIFIED, 0):
            steps.append(f"Switch the journeys: migrator cutover {name}")
            steps.append(f"Once journeys use the new segments: migrator retire {name}")
        return tuple(steps)


def status_of(run: RunFolder) -> Status:
    """Where a run stands.

    Args:
        run: the run.

    Raises:
        UsageError: a file of the run is damaged.
    """
    state = run.state()
    if not (run.path / PLAN).exists():
        return Status(run, state, (), {}, 0, 0, "")
    compared, total, _ = compared_now(run)
    return Status(
        run,
        state,
        compared.rows,
        dict(total.standings),
        total.waiting,
        len(read_decisions(run.path)),
        journal_lost(run),
    )


def status_lines(status: Status) -> list[str]:
    """Where a run stands, in a few lines."""
    state, run = status.state, status.run
    lines = [
        f"Run {run.name}{' (dry run)' if state.dry_run else ''}, begun {state.created}",
        f"  {state.org or 'no organisation'}",
        *(f"  {stage:<11}{getattr(state, stage) or 'not yet'}" for stage in STAGES),
    ]
    if status.lost:
        lines.append(f"  {status.lost}")
    if status.rows:
        counted = ", ".join(f"{count:,} {standing}" for standing, count in status.standings.items())
        lines.append(f"  {so_many(len(status.rows), 'segment')}: {counted}")
        lines.append(f"  {status.decided:,} decided, {status.decisions:,} wait for a decision")
    failed = [row for row in status.rows if row.standing is Standing.FAILED]
    lines += [f"    {for_terminal(row.name)} ({row.legacy_id}): {row.error}" for row in failed[:_NAMED]]
    if len(failed) > _NAMED:
        lines.append(
            f"    … and {len(failed) - _NAMED:,} more: migrator status {run.typed} --segments --standing failed"
        )
    if (run.path / REPORT).exists():
        lines.append(f"  Report: {run.path / REPORT}")
    lines += [f"  Next: {step}" for step in status.next_steps]
    return lines


def chosen(status: Status, wanted: Filter) -> list[ReportRow]:
    """The segments that pass the filters.

    Args:
        status: of the run.
        wanted: the filters.

    Raises:
        UsageError: a standing is none, or no segment passes.
    """
    known = [str(one) for one in Standing]
    if unknown := [one for one in wanted.standings if one not in known]:
        raise UsageError(f"--standing cannot be {unknown[0]}; it is one of {', '.join(known)}.")
    rows = [row for row in status.rows if wanted.takes(row)]
    if not rows:
        raise UsageError(
            f"None of the {len(status.rows):,} segments of the run {status.run.name} passes these filters. "
            "Leave one out."
        )
    return rows


_COLUMNS = ("legacy_id", "segment_id", "name", "type", "status", "outcome", "standing", "before", "after", "error")


def segment_lines(rows: Sequence[ReportRow]) -> Iterator[str]:
    """A line a segment: where it stands, members before and after, its name, its id, and why it stands there."""
    for row in rows:
        before, after = ("–" if count is None else f"{count:,}" for count in (row.before, row.after))
        why = f"  {for_terminal(row.reason)}" if row.reason else ""
        yield f"{row.standing:<13}{before:>10} → {after:<10}{for_terminal(row.name)} ({row.legacy_id}){why}"


def segments_json(rows: Sequence[ReportRow]) -> list[dict[str, Any]]:
    """The segments for scripts."""
    return [{**{name: getattr(row, name) for name in _COLUMNS}, "reason": row.reason} for row in rows]


def segments_csv(rows: Sequence[ReportRow], dialect: Dialect = Dialect.COMMA) -> str:
    """The segments as CSV, with what a spreadsheet would take for a formula made harmless.

    Args:
        rows: the segments.
        dialect: for programs, or for Excel.
    """
    return csv_text([(*_COLUMNS, "reason"), *(tuple(entry.values()) for entry in segments_json(rows))], dialect)


def status_json(status: Status) -> dict[str, Any]:
    """Where a run stands, for scripts."""
    state = status.state
    return {
        "run": status.run.name,
        "organisation": state.org,
        "dry_run": state.dry_run,
        "begun": state.created,
        "stages": {stage: getattr(state, stage) or None for stage in STAGES},
        "segments": len(status.rows),
        "standings": status.standings,
        "decisions": {"open": status.decisions, "made": status.decided},
        "next": list(status.next_steps),
    }
