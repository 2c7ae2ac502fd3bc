"""How a sheet of the workbook is written: widths, wrapped texts, numbers, dates and shares as such, links, print."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

_LONGEST = 32_767
"""Characters that a cell of a workbook takes."""
_LINKS = 60_000
"""Of a sheet; Excel takes 65,530."""
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_A4 = 9


class Look(StrEnum):
    """How the cells of a column are written."""

    TEXT = "text"
    WRAPPED = "wrapped"
    COUNT = "count"
    SIGNED = "signed"
    SHARE = "share"
    MOMENT = "moment"
    TITLE = "title"
    STRONG = "strong"


_FORMATS = {
    Look.COUNT: "#,##0",
    Look.SIGNED: '+#,##0;-#,##0;0',
    Look.SHARE: "0.0%",
    Look.MOMENT: "yyyy-mm-dd hh:mm",
}  # fmt: skip
COLOURS = {"good": "D9F4E3", "calm": "DCE9FA", "wait": "FFE9BF", "badly": "FFD9D5", "": "F2F3F5"}
"""The fill for each tone."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that is not as the others of its column."""

    value: Any
    look: Look = Look.TEXT
    tone: str | None = None
    """A key of `COLOURS`, or None for no colour."""
    link: str = ""
    """Where it leads: an address, or `#` and a place in the workbook."""


@dataclass(frozen=True, slots=True)
class Head:
    """A column: what it is called, how wide it is, in characters, and how its cells are written."""

    word: str
    width: int = 18
    look: Look = Look.TEXT
    hidden: bool = False


def place(sheet: str, cell: str) -> str:
    """A link to a place in the workbook.

    Args:
        sheet: the title of the sheet.
        cell: such as A5.
    """
    return f"#'{title(sheet).replace(chr(39), chr(39) * 2)}'!{cell}"


def title(text: str) -> str:
    """What a tab says: without the signs that Excel forbids, and not too long."""
    return re.sub(r"[\\/*?:\[\]]", " ", text)[:31]


class Writer:
    """One sheet, written row by row."""

    def __init__(self, book: Any, name: str, heads: Sequence[Head], *, titled: bool = True) -> None:
        """Begin a sheet.

        Args:
            book: the workbook, write-only.
            name: what the tab says.
            heads: the columns.
            titled: whether the first row says what the columns are called.
        """
        from openpyxl.utils import get_column_letter

        self.heads, self.row = heads, 0
        self.sheet = sheet = book.create_sheet(title(name))
        for number, head in enumerate(heads, start=1):
            column = sheet.column_dimensions[get_column_letter(number)]
            column.width, column.hidden = head.width, head.hidden
        self.last = get_column_letter(len(heads))
        sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", _A4
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        sheet.oddFooter.center.text = "&P / &N"
        if titled:
            sheet.freeze_panes = "B2"
            sheet.print_title_rows = "1:1"
            self.add([Cell(head.word, Look.STRONG, "") for head in heads])

    def add(self, values: Iterable[Any]) -> None:
        """Write a row; each value is a `Cell`, or what stands in a cell that looks like the others of its column."""
        self.row += 1
        made = []
        for number, value in enumerate(values):
            look = self.heads[number].look if number < len(self.heads) else Look.TEXT
            cell = value if isinstance(value, Cell) else Cell(value, look)
            made.append(self._made(cell, number))
        self.sheet.append(made)

    def _made(self, cell: Cell, number: int) -> Any:
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import PatternFill
        from openpyxl.utils import get_column_letter
        from openpyxl.worksheet.hyperlink import Hyperlink

        value, look = cell.value, cell.look
        if look is Look.MOMENT:
            value = moment(value)
        if value is None or value == "":
            return None
        text = isinstance(value, str)
        made = WriteOnlyCell(self.sheet, _FORBIDDEN.sub("\ufffd", value)[:_LONGEST] if text else value)
        if text:
            made.data_type = "s"  # text stays text, also where it begins with =
        elif look in _FORMATS:
            made.number_format = _FORMATS[look]
        linked = bool(cell.link) and len(self.sheet._hyperlinks) < _LINKS
        if linked:
            where = {"location": cell.link[1:]} if cell.link.startswith("#") else {"target": cell.link}
            ref = f"{get_column_letter(number + 1)}{self.row}"
            self.sheet._hyperlinks.append(Hyperlink(ref=ref, **where))
        font, alignment = _styles(look, linked=linked)
        if font is not None:
            made.font = font
        if alignment is not None:
            made.alignment = alignment
        if cell.tone is not None:
            made.fill = PatternFill("solid", COLOURS[cell.tone])
        return made

    def end(self) -> None:
        """Let the columns be filtered."""
        self.sheet.auto_filter.ref = f"A1:{self.last}{max(self.row, 1)}"

    def coloured(self, column: int, words: Iterable[tuple[str, str]]) -> None:
        """Colour the cells of a column by what stands in them, also after somebody has changed it.

        Args:
            column: its number, from 1.
            words: each word with its tone.
        """
        from openpyxl.formatting.rule import CellIsRule
        from openpyxl.styles import PatternFill
        from openpyxl.utils import get_column_letter

        letter = get_column_letter(column)
        for word, tone in words:
            fill = PatternFill(bgColor=COLOURS[tone], fill_type="solid")
            rule: Any = CellIsRule(operator="equal", formula=[f'"{word}"'], fill=fill)  # type: ignore[no-untyped-call]
            self.sheet.conditional_formatting.add(f"{letter}2:{letter}{max(self.row, 2)}", rule)


_MADE: dict[tuple[Look, bool], tuple[Any, Any]] = {}


def _styles(look: Look, *, linked: bool) -> tuple[Any, Any]:
    """Font and alignment; each is made once."""
    if (look, linked) not in _MADE:
        from openpyxl.styles import Alignment, Font

        font = {Look.TITLE: Font(bold=True, size=16), Look.STRONG: Font(bold=True)}.get(look)
        if linked:
            font = Font(color="0B57D0", underline="single")
        wrapped = Alignment(wrap_text=True, vertical="top")
        top = Alignment(vertical="top")
        _MADE[look, linked] = (font, wrapped if look in (Look.WRAPPED, Look.STRONG) else top)
    return _MADE[look, linked]


def moment(at: Any) -> Any:
    """A time as a workbook has it, without a zone: UTC. What is no time stays as it is."""
    try:
        return datetime.fromisoformat(str(at)).replace(tzinfo=None)
    except ValueError:
        return at
