"""What is printed: sentences and tables for people, JSON for scripts."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from migrator.base.counted import so_many
from migrator.base.progress import Bars, Lines, ShowsProgress, Silent
from migrator.base.safe_text import for_terminal
from migrator.cli.outcome import outcome_lines
from migrator.cli.streams import takes_all

if TYPE_CHECKING:
    from migrator.commands.report import Summary
    from migrator.report.row import Column, ReportRow
    from migrator.report.words import Words

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


GIVES_WAY = ("before_source", "type", "difference", "before", "planned", "outcome")
"""Columns of the table that are left out where the console is narrow, in this order; numbers are never cut."""
_NARROWEST_NAME = 8
_PIPE_WIDTH = 120
"""A pipe has no width, and lines of a table should not be broken."""


class Terminal:
    """Where a command says things. Nothing reaches the console but through here, without control characters."""

    def __init__(self, *, quiet: bool = False, as_json: bool = False) -> None:
        self.quiet, self.as_json = quiet, as_json
        self.out = Console(highlight=False, safe_box=True)
        self.err = Console(stderr=True, highlight=False, safe_box=True)
        if not self.out.is_terminal:
            self.out.width = _PIPE_WIDTH

    def tell(self, sentence: str) -> None:
        """Say a sentence, beside the results."""
        if not self.quiet:
            self.insist(sentence)

    def insist(self, sentence: str) -> None:
        """Say a sentence that the person has to read also with --quiet, such as the code of a sign-in."""
        self.err.print(Text(_harmless(sentence)), soft_wrap=True)

    def say(self, sentence: str) -> None:
        """Say a result."""
        if not self.quiet:
            self.out.print(Text(_harmless(sentence)), soft_wrap=True)

    def fail(self, sentence: str) -> None:
        """Say why the command ends; also with --quiet."""
        self.err.print(Text.assemble(("Error: ", "bold red"), _harmless(sentence)), soft_wrap=True)

    def json(self, content: Any) -> None:
        """Say a result for scripts: valid JSON on every console, nothing of it lost."""
        plain = not takes_all(self.out.file)
        self.out.file.write(json.dumps(content, ensure_ascii=plain, indent=1) + "\n")

    def raw(self, text: str) -> None:
        """Say a result that programs read: as it is, but on a console without what could steer it."""
        self.out.file.write(_harmless(text) if self.out.is_terminal else text)

    def progress(self) -> ShowsProgress:
        """Bars on a terminal, lines elsewhere, nothing when quiet."""
        if self.quiet:
            return Silent()
        return Bars(self.err) if self.err.is_terminal and not self.err.is_dumb_terminal else Lines(sys.stderr)

    def summary(self, summary: Summary, *, table: bool) -> None:
        """Say what came of a run."""
        if self.as_json:
            self.json(summary_json(summary))
            return
        if self.quiet:
            return
        if summary.dry_run:
            self.out.print(Text("DRY RUN: nothing was changed.", "bold yellow"))
        if table:
            self.out.print(_table(summary, self.out.width))
        for line, style in outcome_lines(summary):
            if style == "command":
                self.out.print(Text(f"  {line}"), soft_wrap=True)
            else:
                self.out.print(Text(line, style))
        total = summary.totals
        facts = [so_many(total.segments, "segment"), f"{total.carried_over:,} carried over"]
        if summary.dry_run:
            facts[1] = f"{total.carried_over:,} can be carried over"
        facts += [f"{count:,} {standing}" for standing, count in total.standings.items() if standing != "planned"]
        for line in _joined(facts, self.out.width):
            self.out.print(Text(line), soft_wrap=True)
        if not summary.dry_run:
            self.out.print(
                Text(f"{so_many(total.members_after, 'membership')} in " + so_many(total.verified, "verified segment")),
                soft_wrap=True,
            )
        for path in summary.written or ((summary.report,) if summary.report else ()):
            self.out.print(Text(f"Report: {_harmless(str(path))}"), soft_wrap=True)


def _harmless(text: str) -> str:
    """Text for a console: lines stay, everything else that could steer it is left out."""
    return "\n".join(for_terminal(line) for line in text.split("\n"))


def _joined(facts: list[str], width: int) -> list[str]:
    """Facts in lines of at most `width`, none of them broken."""
    lines = [facts[0]]
    for fact in facts[1:]:
        longer = f"{lines[-1]} · {fact}"
        if len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(fact)
    return lines


def _table(summary: Summary, width: int) -> Table:
    from migrator.report.row import columns
    from migrator.report.words import Words

    words = Words("en")
    shown = list(columns("terminal", dry_run=summary.dry_run))
    cells = {column.key: [_cell(words, column, row) for row in summary.rows] for column in shown}
    heads = {column.key: " ".join(words(word) for word in column.words) for column in shown}
    widths = {key: max([cell_len(heads[key]), *(cell_len(cell.plain) for cell in cells[key])]) for key in heads}
    name = min(widths.get("name", 0), 34)

    def rest() -> int:
        return width - sum(widths[column.key] + 1 for column in shown if column.key != "name")

    for key in GIVES_WAY:
        if rest() >= min(name, 16):
            break
        shown = [column for column in shown if column.key != key]
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    for column in shown:
        if column.number:
            table.add_column(heads[column.key], justify="right", no_wrap=True, min_width=widths[column.key])
        elif column.key == "name":
            most = max(min(name, rest()), _NARROWEST_NAME)
            table.add_column(heads[column.key], no_wrap=True, overflow="ellipsis", max_width=most)
        else:
            table.add_column(heads[column.key], no_wrap=True, overflow="ellipsis")
    for number in range(len(summary.rows)):
        table.add_row(*(cells[column.key][number] for column in shown))
    return table


def _cell(words: Words, column: Column, row: ReportRow) -> Text:
    from migrator.report.row import Kind

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
            if row.standing == "failed"
        ],
        "exit_code": int(summary.exit_code),
    }
