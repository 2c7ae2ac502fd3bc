"""What came of a run, for the console: the report's first screen, and the commands that follow from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migrator.base.safe_text import for_terminal

if TYPE_CHECKING:
    from migrator.commands.report import Summary

_NAMED = 10
"""Segments that failed or are different and are named; the others are a command away."""


def outcome_lines(summary: Summary) -> Iterator[tuple[str, str]]:
    """The lines, each with its style; a line in the style `command` is to be copied, so it is never broken.

    Args:
        summary: of the run.
    """
    first, run, total = summary.first, summary.run.typed, summary.totals
    if first is None:
        return
    yield (
        f"{first.question} {first.answer}",
        {"green": "bold green", "amber": "bold yellow", "red": "bold red"}[first.light],
    )
    for sentence in (*first.sentences, *filter(None, [first.decided])):
        yield f"- {for_terminal(sentence)}", ""
    if first.first:
        yield "Failed or different:", "bold red"
    for row in first.first[:_NAMED]:
        numbers = f", {row.before:,} → {row.after:,}" if row.after is not None and row.before is not None else ""
        why = f": {for_terminal(row.reason)}" if row.reason else ""
        yield f"- {for_terminal(row.name)} ({row.standing}{numbers}){why}", "red"
    if (more := len(first.first) + first.more - _NAMED) > 0:
        yield f"- … and {more:,} more:", ""
        yield f"migrator status {run} --segments --standing failed --standing different", "command"
    if total.failed:
        yield "Load those that failed once more:", ""
        yield f"migrator retry --all-failed --run {run}", "command"
    if total.standings.get("different"):
        yield "Compare those that are different once more; who is missing or new is in its folder differences:", ""
        yield f"migrator verify {run}", "command"
    if total.waiting:
        yield "Decide in the report, or in the workbook (--format xlsx):", ""
        yield f"migrator report {run} --open", "command"
