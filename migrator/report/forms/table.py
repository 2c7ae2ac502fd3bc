"""The table of all segments as the workbook and the CSV show it: headings, and cells with words of the language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from migrator.report.row import Column, Kind, ReportRow, columns
from migrator.report.story import Story


def table(story: Story) -> tuple[list[str], Iterator[list[Any]]]:
    """The headings, and the rows: numbers are numbers, and None is what is not known."""
    found = columns("table", story.looks)
    heads = [heading(story, column) for column in found]
    return heads, ([cell(story, column, row) for column in found] for row in story.rows)


def heading(story: Story, column: Column) -> str:
    """What stands over a column."""
    if column.kind is Kind.LOOKS:
        return f"{story.words('after')} {column.at[:16]}"
    return ": ".join(story.words(word) for word in column.words)


def cell(story: Story, column: Column, row: ReportRow) -> Any:
    """What stands in a column for a segment.

    Args:
        story: the report's content, with the choice to anonymise.
        column: what is wanted.
        row: the segment.
    """
    value = column.value(row)
    return story.words.named(column.family, value) if column.family else value
