"""What is printed: sentences and tables for people, JSON for scripts."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from migrator.base.progress import Bars, Lines, ShowsProgress, Silent
from migrator.base.safe_text import for_terminal
from migrator.report.row import Column, Kind, ReportRow, Standing, columns
from migrator.report.words import Words

if TYPE_CHECKING:
    from migrator.commands.run import Summary

_COLOURS = {
    "verified": "green",
    "draft": "green",
    "planned": "cyan",
    "not verified": "yellow",
    "drifted": "yellow",
    "different": "red",
    "rolled back": "dim",
    "failed": "red",
    "waiting": "yellow",
    "not possible": "red",
    "left out": "dim",
}


class Terminal:
    """Where a command says things."""

    def __init__(self, *, quiet: bool = False, as_json: bool = False) -> None:
        self.quiet, self.as_json = quiet, as_json
        self.out = Console(highlight=False)
        self.err = Console(stderr=True, highlight=False)
        if not self.out.is_terminal:
            self.out.width = 120  # a pipe has no width, and lines of a table should not be broken

    def tell(self, sentence: str) -> None:
        """Say a sentence, beside the results."""
        if not self.quiet:
            self.err.print(Text(for_terminal(sentence)), soft_wrap=True)

    def say(self, sentence: str) -> None:
        """Say a result."""
        if not self.quiet:
            self.out.print(Text(for_terminal(sentence)), soft_wrap=True)

    def fail(self, sentence: str) -> None:
        """Say why the command ends; also with --quiet."""
        self.err.print(Text.assemble(("Error: ", "bold red"), sentence), soft_wrap=True)

    def progress(self) -> ShowsProgress:
        """Bars on a terminal, lines elsewhere, nothing when quiet."""
        if self.quiet:
            return Silent()
        return Bars(self.err) if self.err.is_terminal else Lines(sys.stderr)

    def summary(self, summary: Summary, *, table: bool) -> None:
        """Say what came of a run."""
        if self.as_json:
            self.out.file.write(json.dumps(summary_json(summary), ensure_ascii=False, indent=1) + "\n")
            return
        if self.quiet:
            return
        if summary.dry_run:
            self.out.print(Text("DRY RUN: nothing was changed.", "bold yellow"))
        if table:
            self.out.print(_table(summary))
        total = summary.totals
        facts = [f"{total.segments:,} segments", f"{total.carried_over:,} carried over"]
        if summary.dry_run:
            facts[1] = f"{total.carried_over:,} can be carried over"
        facts += [f"{count:,} {standing}" for standing, count in total.standings.items() if standing != "planned"]
        self.out.print(Text(" · ".join(facts)))
        if not summary.dry_run:
            self.out.print(Text(f"{total.members_after:,} members in {total.verified:,} verified segments"))
        for path in summary.written or ((summary.report,) if summary.report else ()):
            self.out.print(Text(f"Report: {path}"), soft_wrap=True)


def _table(summary: Summary) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    words, shown = Words("en"), columns("terminal", dry_run=summary.dry_run)
    for column in shown:
        head = " ".join(words(word) for word in column.words)
        if column.number:
            table.add_column(head, justify="right")
        else:
            table.add_column(head, max_width=34 if column.key == "name" else None, no_wrap=True, overflow="ellipsis")
    for row in summary.rows:
        table.add_row(*(_cell(words, column, row) for column in shown))
    return table


def _cell(words: Words, column: Column, row: ReportRow) -> Text:
    value = column.value(row)
    if column.number:
        return Text(words.signed(value) if column.kind is Kind.SIGNED else words.number(value))
    return Text(for_terminal(str(value)), _COLOURS[row.standing] if column.key == "standing" else "")


def summary_json(summary: Summary) -> dict[str, Any]:
    """A summary for scripts."""
    total = summary.totals
    return {
        "run": str(summary.run.path),
        "report": str(summary.report) if summary.report else None,
        "organisation": {"id": str(summary.plan.target.id), "url": summary.plan.target.url},
        "dry_run": summary.dry_run,
        "segments": total.segments,
        "outcomes": total.outcomes,
        "standings": total.standings,
        "members_before": total.members_before,
        "members_after": total.members_after,
        "created": sum(row.created for row in summary.rows),
        "failed": [
            {"id": row.legacy_id, "name": row.name, "error": row.error}
            for row in summary.rows
            if row.standing is Standing.FAILED
        ],
        "exit_code": int(summary.exit_code),
    }
