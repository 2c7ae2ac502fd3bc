"""Tables that other programs call Excel files: HTML saved as .xls, and the XML of Excel 2003."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from html.parser import HTMLParser

from migrator.base.errors import UsageError
from migrator.extractor.reading.grid import LARGEST_WHOLE, MANY_COLUMNS, Book, Input, Line, Sheet
from migrator.extractor.reading.result import Container
from migrator.extractor.reading.spelling import Linked
from migrator.extractor.reading.xml import events

_LONGEST_TAG = 2**20
_LAST_ROW = 1_048_576
_MOST_TABLES = 1000
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([A-Za-z0-9_-]+)""", re.IGNORECASE)


# --- HTML ------------------------------------------------------------------------------------------------------------


def html_book(source: Input, told: str) -> Book:
    """An HTML page with one or more tables; each is a sheet.

    Args:
        source: the file.
        told: the encoding that its bytes tell, for pages that do not say it.

    Raises:
        UsageError: it is too large, or holds no table.
    """
    if source.size > LARGEST_WHOLE:
        raise source.too_large(source.size, LARGEST_WHOLE, "is HTML and has")
    encoding = _said(source) if told.startswith("cp") or told == "latin-1" else ""
    encoding = encoding or told
    tables: set[int] = set()
    for table, _ in _html_rows(source, encoding):
        tables.add(table)
        if len(tables) > _MOST_TABLES:
            raise source.broken(f"it holds more than {_MOST_TABLES:,} tables")
    if not tables:
        raise UsageError(
            f"The file {source.name} is a web page without a table, such as a page that asks to sign in. Export the "
            "members again. Nothing was imported."
        )
    names = {table: f"table {number}" if len(tables) > 1 else "" for number, table in enumerate(sorted(tables), 1)}
    return Book(Container.HTML, [_table(source, encoding, at, names[at]) for at in names], encoding=encoding)


def _table(source: Input, encoding: str, wanted: int, name: str) -> Sheet:
    def lines() -> Iterator[Line]:
        return (line for table, line in _html_rows(source, encoding) if table == wanted)

    return Sheet(name, lines)


def _said(source: Input) -> str:
    """The encoding that the page names, where Python knows it."""
    found = _CHARSET.search(next(source.chunks(8192), b""))
    if found is None:
        return ""
    try:
        return codecs.lookup(found[1].decode()).name
    except LookupError:
        return ""


def _html_rows(source: Input, encoding: str) -> Iterator[tuple[int, Line]]:
    """Which table, and a row of it."""
    page = _Page()
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for part in source.chunks():
        page.feed(decoder.decode(part))
        if len(page.rawdata) > _LONGEST_TAG:
            raise source.broken("it holds a tag without an end")
        yield from page.rows
        page.rows.clear()
    page.close()
    page.end_row()
    yield from page.rows


class _Table:
    """A table that is being read."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.row: list[str] | None = None
        self.rows = 0
        self.hidden = False
        self.cell: list[str] | None = None
        self.link = ""
        self.wide = self.high = 1
        self.reaching: dict[int, int] = {}
        """Columns that a cell further up reaches into → rows for which it still does."""


class _Page(HTMLParser):
    """Rows of tables, each cell with the target of its link."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[tuple[int, Line]] = []
        self._open: list[_Table] = []
        self._tables = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "table":
            self._tables += 1
            self._open.append(_Table(self._tables))
        if not self._open:
            return
        table = self._open[-1]
        match tag:
            case "tr":
                self.end_row()
                table.row, table.hidden = [], "hidden" in said or bool(_HIDDEN.search(said.get("style", "")))
            case "td" | "th":
                self._end_cell()
                table.row = [] if table.row is None else table.row
                table.cell, table.link = [], ""
                table.wide, table.high = _span(said.get("colspan", "")), _span(said.get("rowspan", ""))
            case "a" if table.cell is not None:
                table.link = said.get("href", "")
            case "br" | "p" | "div" if table.cell:
                table.cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if not self._open:
            return
        match tag:
            case "td" | "th":
                self._end_cell()
            case "tr":
                self.end_row()
            case "table":
                self.end_row()
                self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open and (cell := self._open[-1].cell) is not None:
            cell.append(data)

    def _end_cell(self) -> None:
        table = self._open[-1] if self._open else None
        if table is None or table.cell is None or table.row is None:
            return
        text = "\n".join(" ".join(line.split()) for line in "".join(table.cell).split("\n")).strip()
        self._reach(table)
        if len(table.row) < MANY_COLUMNS:
            if table.high > 1:
                table.reaching |= dict.fromkeys(range(len(table.row), len(table.row) + table.wide), table.high)
            table.row += [Linked(text, table.link) if table.link else text, *[""] * (table.wide - 1)]
        table.cell = None

    @staticmethod
    def _reach(table: _Table) -> None:
        while table.row is not None and table.reaching.get(len(table.row), 0) > 0:
            table.row.append("")

    def end_row(self) -> None:
        """The row of the innermost table is whole."""
        if not self._open:
            return
        self._end_cell()
        table = self._open[-1]
        if table.row is None:
            return
        table.rows += 1
        self.rows.append((table.number, Line(table.rows, table.row, table.hidden)))
        table.reaching = {at: left - 1 for at, left in table.reaching.items() if left > 1}
        table.row = None


def _span(text: str) -> int:
    return max(1, min(int(text), 1000)) if text.isdecimal() and len(text) < 6 else 1


# --- XML of Excel 2003 -----------------------------------------------------------------------------------------------


def xml_2003_book(source: Input) -> Book:
    """A workbook as XML.

    Raises:
        UsageError: it is damaged.
    """
    names: list[str] = []
    hidden: set[int] = set()
    merged: dict[int, list[tuple[int, str]]] = {}
    row = span = 0
    for name, attributes, text in events(source, source.chunks()):
        if name == "Worksheet" and attributes is not None:
            names.append(attributes.get("Name", ""))
            merged[len(names) - 1] = []
            row = span = 0
        elif name == "Visible" and attributes is None and text.strip() in ("SheetHidden", "SheetVeryHidden"):
            hidden.add(len(names) - 1)
        elif name == "Row" and attributes is not None:
            row = _number(attributes.get("Index", ""), row + span + 1)
            span = _number(attributes.get("Span", ""), 0)
        elif name == "Cell" and attributes is not None and names:
            down = _number(attributes.get("MergeDown", ""), 0)
            if (down or "MergeAcross" in attributes) and len(merged[len(names) - 1]) < 1000:
                merged[len(names) - 1].append((row + down, f"row {row}"))
    if not names:
        raise source.broken("it holds no sheet")
    sheets = [_worksheet(source, at, name, merged[at], visible=at not in hidden) for at, name in enumerate(names)]
    return Book(Container.XML_2003, sheets, last_row=_LAST_ROW)


def _worksheet(source: Input, wanted: int, name: str, merged: list[tuple[int, str]], *, visible: bool) -> Sheet:
    return Sheet(name, lambda: _xml_rows(source, wanted), visible, lambda: merged)


def _xml_rows(source: Input, wanted: int) -> Iterator[Line]:
    sheet, number, at, reaching = -1, 0, -1, 0
    cells: list[str] = []
    hidden = comment = within = False
    span = 0
    link = formula = ""
    value: list[str] = []
    for name, attributes, text in events(source, source.chunks()):
        if name == "Worksheet":
            if attributes is not None:
                sheet += 1
            elif sheet == wanted:
                return
        if sheet != wanted:
            continue
        if name == "Row":
            if attributes is not None:
                number = _number(attributes.get("Index", ""), number + 1)
                hidden, cells, at, reaching = attributes.get("Hidden", "0") in ("1", "true"), [], -1, 0
                span = _number(attributes.get("Span", ""), 0)
            else:
                yield Line(number, cells, hidden)
                number += span
        elif name == "Cell":
            if attributes is not None:
                at = _number(attributes.get("Index", ""), at + 2 + reaching) - 1
                reaching = _number(attributes.get("MergeAcross", ""), 0)
                link, formula = attributes.get("HRef", ""), attributes.get("Formula", "")
                value, comment = [], False
                continue
            cell = formula or "".join(value)
            if cell and link:
                cell = Linked(cell, link)
            if cell and 0 <= at < MANY_COLUMNS:
                cells.extend([""] * (at + 1 - len(cells)))
                cells[at] = cell
        elif name == "Comment":
            comment = attributes is not None
        elif name == "Data" and attributes is not None:
            within = not comment
        elif within:  # text may have tags for its look
            value.append(text)
            within = name != "Data"


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else otherwise
