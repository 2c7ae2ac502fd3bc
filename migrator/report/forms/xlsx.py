"""The workbook, a sheet for each topic: `report.xlsx`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from migrator.base.atomic import writing
from migrator.contracts.choices import Choice
from migrator.product.findings import Severity
from migrator.report.forms.table import table
from migrator.report.row import Standing
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
    _decisions(book, story)
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
    deeds = [(one.at, one.deed, one.by, one.reason, one.segment, one.what) for one in story.run.history]
    _sheet(book, w("history"), (w("begun"), w("deed"), w("who"), w("why"), w("segment"), w("what")), deeds)
    path = folder / WORKBOOK
    with writing(path) as file:
        book.save(file)
    return path


def _decisions(book: Any, story: Story) -> None:
    """Every segment that waits, with a column to decide in; `migrator approve --from` reads it back."""
    from openpyxl.worksheet.datavalidation import DataValidation

    w = story.words
    rows = [
        (
            row.name, row.before,
            " ".join(one.message for one in row.findings if one.severity in (Severity.DECISION, Severity.STOP)),
            row.english, row.query, row.realtime_query, ", ".join([*row.choices, Choice.SKIP]),
            "", "", "", row.legacy_id, story.checksums.get(row.legacy_id, ""),
        )
        for row in story.important
        if row.standing in (Standing.WAITING, Standing.IMPOSSIBLE)
    ]  # fmt: skip
    head = (
        w("segment"), w("before"), w("error"), w("in_words"), w("legacy_query"), w("proposed_query"), w("open_choices"),
        w("decision"), w("who"), w("why"), w("legacy_id"), w("checksum"),
    )  # fmt: skip
    widths = (34, 10, 60, 60, 50, 50, 24, 14, 18, 40, 38, 20)
    sheet = _sheet(book, w("asks"), head, rows, widths)
    choice = DataValidation(type="list", formula1='"translate,snapshot,skip"', allow_blank=True)
    choice.add(f"H2:H{max(len(rows) + 1, 2)}")
    sheet.data_validations.append(choice)


def _sheet(
    book: Any, title: str, head: Sequence[str], rows: Iterable[Sequence[Any]], widths: Sequence[int] = ()
) -> Any:
    """One sheet, with its head; gives it.

    Args:
        book: the workbook.
        title: what the tab says.
        head: what the columns are called.
        rows: the cells.
        widths: of the columns, in characters; texts of columns of which it is known are wrapped.
    """
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(re.sub(r"[\\/*?:\[\]]", " ", title)[:31])
    sheet.freeze_panes = "B2"
    bold = Font(bold=True)
    for number in range(1, len(head) + 1):
        usual = 34 if number == 1 else 18
        sheet.column_dimensions[get_column_letter(number)].width = widths[number - 1] if widths else usual
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:1"
    wrapped = Alignment(wrap_text=True, vertical="top") if widths else None

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
            if wrapped:
                cell.alignment = wrapped
            made.append(cell)
        return made

    sheet.append(cells([*head], bold))
    count = 1
    for row in rows:
        sheet.append(cells(row))
        count += 1
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(head))}{count}"
    return sheet
