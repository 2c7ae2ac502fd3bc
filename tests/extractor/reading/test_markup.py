"""Tables of HTML and of the XML of Excel 2003, row by row: spans, gaps, hidden rows, several tables, bounds."""

from __future__ import annotations

import io
from typing import Any

import pytest

from migrator.base.errors import UsageError
from migrator.extractor.reading import markup
from migrator.extractor.reading.grid import Book, Input
from migrator.extractor.reading.kinds import opened
from migrator.extractor.reading.spelling import Linked


def book(text: str | bytes) -> Book:
    content = text.encode() if isinstance(text, str) else text
    return opened(Input("m.xls", io.BytesIO(content), len(content)))


def rows(text: str | bytes, sheet: int = 0) -> list[str]:
    """Each row as `number cell|cell|…`, with `-` before it where it is hidden."""
    return [
        f"{'-' if line.hidden else ''}{line.number} {'|'.join(line.cells)}" for line in book(text).sheets[sheet].lines()
    ]


HTML: list[tuple[str, str, list[str]]] = [
    ("rows and cells", "<tr><th>Id<th>Name<tr><td>a<td>b", ["1 Id|Name", "2 a|b"]),
    ("ends that are written", "<tr><td>a</td> x <td>b</td></tr> y <tr><td>c</td></tr>", ["1 a|b", "2 c"]),
    ("a cell before any row", "<td>a<td>b<tr><td>c", ["1 a|b", "2 c"]),
    ("an empty row", "<tr><tr><td>c", ["1 ", "2 c"]),
    ("entities and spaces", "<tr><td>  a &amp; &#228;   b  ", ["1 a & ä b"]),
    ("lines", "<tr><td><p>a<br>b<div>c", ["1 a\nb\nc"]),
    ("a cell that is wide", "<tr><td colspan=3>a<td>b<tr><td>c", ["1 a|||b", "2 c"]),
    ("a cell that is high", "<tr><td rowspan=3>a<td>b<tr><td>c<tr><td>d<tr><td>e", ["1 a|b", "2 |c", "3 |d", "4 e"]),
    ("a cell that is high, in the middle", "<tr><td>a<td rowspan=2>b<td>c<tr><td>d<td>e", ["1 a|b|c", "2 d||e"]),
    ("wide and high", "<tr><td colspan=2 rowspan=2>a<td>b<tr><td>c<tr><td>d", ["1 a||b", "2 ||c", "3 d"]),
    ("one wide, one high", "<tr><td colspan=1 rowspan=1>a<tr><td>b", ["1 a", "2 b"]),
    ("spans that are none", "<tr><td colspan=x rowspan=-2>a<td colspan=0>b<tr><td>c", ["1 a|b", "2 c"]),
    ("spans of many digits", "<tr><td rowspan=100000>a<tr><td>b", ["1 a", "2 b"]),
    ("hidden rows", "<tr hidden><td>a<tr style='Display : NONE'><td>b<tr style='x'><td>c", ["-1 a", "-2 b", "3 c"]),
    ("a table in a cell", "<tr><td>a<table><tr><td>x</table>b<tr><td>c", ["1 ab", "2 c"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in HTML], ids=[case[0] for case in HTML])
def test_html_becomes_rows(text: str, expected: list[str]) -> None:
    assert rows(f"<html><p>before<table>{text}</table><td>after") == expected


def test_the_widest_and_highest_cell_is_bounded() -> None:
    (wide,) = book("<table><tr><td colspan=99999>").sheets[0].lines()
    assert len(wide.cells) == 1000
    (first, *_, last, after) = book("<table><tr><td rowspan=99999>" + "<tr><td>b" * 1000).sheets[0].lines()
    assert (len(first.cells), len(last.cells), len(after.cells)) == (1, 2, 1)


def test_a_row_has_no_more_cells_than_excel_has_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markup, "MANY_COLUMNS", 3)
    assert rows("<table><tr>" + "<td>a" * 5) == ["1 a|a|a"]
    cells = "".join(f"<Cell><Data>{sign}</Data></Cell>" for sign in "abcde")
    assert rows(xml(f"<Row>{cells}</Row>")) == ["1 a|b|c"]


def test_a_link_belongs_to_its_cell() -> None:
    (line,) = book("<a href=0>x</a><table><tr><td>a<td><a href='1'>b</a><td>c<td><a>d</a></table>").sheets[0].lines()
    assert [cell.target if isinstance(cell, Linked) else "" for cell in line.cells] == ["", "1", "", ""]


def test_each_table_is_a_sheet_with_its_number() -> None:
    two = "<table><tr><td>a</table><table></table><table><tr><td>b<tr><td>c</table>"
    assert [sheet.name for sheet in book(two).sheets] == ["table 1", "table 2"]
    assert (rows(two), rows(two, 1)) == (["1 a"], ["1 b", "2 c"])
    assert [sheet.name for sheet in book("<table><tr><td>a</table>").sheets] == [""]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<meta charset=cp1250><table><tr><td>Łukasz".encode("cp1250"), "Łukasz"),
        ('<META CHARSET = "cp1250"><table><tr><td>Łukasz'.encode("cp1250"), "Łukasz"),
        ("<meta charset=nobody><table><tr><td>Größe".encode("cp1252"), "Größe"),
        ("<table><tr><td>Größe und Maße".encode("cp1252"), "Größe und Maße"),
        ("<meta charset=cp1250><table><tr><td>Größe".encode(), "Größe"),
    ],
)
def test_a_page_is_read_in_its_encoding(content: bytes, expected: str) -> None:
    assert rows(content) == [f"1 {expected}"]


def test_pages_have_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(book("<table><tr><td>a</table>" * 1000).sheets) == 1000
    with pytest.raises(UsageError, match="more than 1,000 tables"):
        book("<table><tr><td>a</table>" * 1001)
    page = "<table><tr><td>a</table>"
    monkeypatch.setattr(markup, "LARGEST_WHOLE", len(page))
    book(page)
    with pytest.raises(UsageError, match="is HTML and has"):
        book(page + " ")
    monkeypatch.setattr(markup, "LARGEST_WHOLE", 10**6)
    monkeypatch.setattr(markup, "_LONGEST_TAG", 100)
    with pytest.raises(UsageError, match="a tag without an end"):
        book(page + "<td " + "x" * 200)


# --- XML of Excel 2003 -----------------------------------------------------------------------------------------------


def xml(*sheets: str) -> str:
    """A workbook; each sheet is called by its number, unless it is a whole one."""
    whole = [
        text if "<Worksheet" in text else f'<Worksheet ss:Name="s{at}"><Table>{text}</Table></Worksheet>'
        for at, text in enumerate(sheets, 1)
    ]
    return (
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        f'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">{"".join(whole)}</Workbook>'
    )


def row(*cells: str, **said: Any) -> str:
    """A row of cells; a cell may begin with what is said of it, as in `Index=3:a`."""

    def cell(text: str) -> str:
        about, _, shown = text.rpartition(":")
        key, _, value = about.partition("=")
        return f"<Cell{f' ss:{key}={value!r}' if key else ''}><Data>{shown}</Data></Cell>"

    about = "".join(f' ss:{key}="{value}"' for key, value in said.items())
    return f"<Row{about}>{''.join(map(cell, cells))}</Row>"


XML: list[tuple[str, str, list[str]]] = [
    ("rows and cells", row("a", "b") + row("c"), ["1 a|b", "2 c"]),
    ("a row with a number", row("a") + row("b", Index=4) + row("c"), ["1 a", "4 b", "5 c"]),
    ("a first row with a number", row("b", Index=4), ["4 b"]),
    ("rows that stand for several", row("a", Span=2) + row("b"), ["1 a", "4 b"]),
    ("cells with a number", row("a", "Index=4:b", "c"), ["1 a|||b|c"]),
    ("cells that reach over others", row("MergeAcross=2:a", "b", "c"), ["1 a|||b|c"]),
    ("a row after one that ends with such a cell", row("MergeAcross=2:a") + row("b"), ["1 a", "2 b"]),
    ("hidden rows", row("a", Hidden=1) + row("b", Hidden="true") + row("c", Hidden=0) + row("d"),
        ["-1 a", "-2 b", "3 c", "4 d"]),
    ("a formula", row("Formula=x:a", "b"), ["1 x|b"]),
    ("a comment", "<Row><Cell><Data>a</Data><Comment><Data>no</Data></Comment></Cell>" + row("b")[5:], ["1 a|b"]),
    ("text with a look", "<Row><Cell><Data>a<B>b</B>c</Data>d</Cell></Row>", ["1 abc"]),
    ("an empty cell", "<Row><Cell/><Cell><Data>b</Data></Cell></Row>", ["1 |b"]),
    ("a number that is none", row("a", Index="x") + row("Index=x:b", Index="999999999"), ["1 a", "2 b"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in XML], ids=[case[0] for case in XML])
def test_xml_2003_becomes_rows(text: str, expected: list[str]) -> None:
    assert rows(xml(row("x", Index=7, Span=1), text, row("y")), 1) == expected


def test_sheets_of_xml_2003_are_told_apart() -> None:
    options = "<WorksheetOptions><Visible> {} </Visible></WorksheetOptions>"
    sheets = [
        f'<Worksheet ss:Name="{state}"><Table>{row(state)}</Table>{options.format(state)}</Worksheet>'
        for state in ("SheetVisible", "SheetHidden", "SheetVeryHidden")
    ]
    found = book(xml(*sheets, row("SheetHidden"))).sheets
    assert [(sheet.name, sheet.visible) for sheet in found] == [
        ("SheetVisible", True), ("SheetHidden", False), ("SheetVeryHidden", False), ("s4", True),
    ]  # fmt: skip
    assert [[list(line.cells) for line in sheet.lines()] for sheet in found[:2]] == [
        [["SheetVisible"]],
        [["SheetHidden"]],
    ]


def test_a_link_of_xml_2003_belongs_to_its_cell() -> None:
    (line,) = book(xml(row("HRef=x:a", "b"))).sheets[0].lines()
    assert [cell.target if isinstance(cell, Linked) else "" for cell in line.cells] == ["x", ""]


def test_merged_cells_of_xml_2003_are_named_by_their_row() -> None:
    (first, second) = book(
        xml(
            row("MergeDown=2:a") + row("b", "MergeAcross=1:c", Index=5, Span=2) + row("MergeDown=1:d") + row("e"),
            row("a") + row("MergeAcross=1:b"),
        )
    ).sheets
    assert list(first.merged()) == [(3, "row 1"), (5, "row 5"), (9, "row 8")]
    assert list(second.merged()) == [(2, "row 2")]


def test_only_so_many_merged_cells_are_kept_and_a_sheet_may_be_full() -> None:
    found = book(xml(row(*["MergeAcross=1:a"] * 1001)))
    assert (len(found.sheets[0].merged()), found.last_row) == (1000, 1_048_576)


def test_xml_2003_without_a_sheet_is_refused() -> None:
    with pytest.raises(UsageError, match="it holds no sheet"):
        book(xml("").replace("Worksheet", "Other"))
