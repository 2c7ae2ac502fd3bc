"""The workbook, a sheet for each topic: `report.xlsx`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from migrator.base.atomic import writing
from migrator.report.forms.table import table
from migrator.report.story import Story

WORKBOOK = "report.xlsx"
_LONGEST = 32_767
"""Characters that a cell of a workbook takes."""
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def write(story: Story, folder: Path) -> Path:
    """Write `report.xlsx`, a sheet for each topic; gives its path. Numbers are numbers, and no text is a formula."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    w = story.words
    summary = [(tile.word, tile.value) for tile in story.first.tiles]
    facts = [
        (story.verdict, None),
        (w("run"), story.run.run),
        (w("begun"), story.run.at),
        (w("compared_at"), story.run.verified_at),
        (w("dry_run") if story.run.dry_run else w("real_run"), None),
        (story.plan.target.url, str(story.plan.target.id)),
    ]
    _sheet(book, w("in_numbers"), (w("title"), "n"), [*facts, *summary])
    _sheet(book, w("all_segments"), *table(story))
    decisions = [
        (
            ask.code,
            one.row.name,
            one.message,
            ask.advice,
            one.row.query,
            one.row.realtime_query,
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
