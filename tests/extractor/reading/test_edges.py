"""Limits of reading at their edges, and numbers in its sentences: what a person is told is what there is."""

from __future__ import annotations

import io

import pytest

from migrator.base.errors import UsageError
from migrator.extractor.reading import jsonrows, spelling, text, workbook
from migrator.extractor.reading.grid import Input
from migrator.extractor.reading.jsonrows import json_book
from migrator.extractor.reading.spelling import Linked, Named, looks_like, named
from tests.extractor.reading.made import csv, read, xlsx

A = "1405f4ba-1ee9-e811-a99d-000d3a35f12f"
B = "ab2a7cbe-a479-4231-8cd2-baa21a292331"


def number(at: int) -> str:
    """An id of its own for each number."""
    return f"{at:08x}-0000-4000-8000-000000000000"


# --- spelling --------------------------------------------------------------------------------------------------------


def told(cell: str) -> str:
    found: Named = named(cell)
    return found.reason or " ".join([*map(str, found.ids), *found.addresses])


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        # one of text and link says more
        (Linked("Ana", f"contacts({A})"), A),
        (Linked(A, "https://x.example"), A),
        (Linked("a@x.de", f"contacts({A})"), A),
        (Linked("a@x.de", "mailto:a@x.de"), "a@x.de"),
        (Linked("A@x.de", "mailto:a@x.de"), "A@x.de"),
        (Linked("a@x.de", "https://x.example"), "a@x.de"),
        (Linked(A, f"contacts({A})"), A),
        (Linked(A, f"contacts({B})"), spelling._TWO),
        (Linked("a@x.de", "mailto:b@x.de"), spelling._TWO),
        (Linked("Ana", "https://x.example"), spelling.NEITHER),
        (Linked("=B2", "https://x.example"), spelling._FORMULA),
        # quotes
        (f"'{A}'", A),
        (f"'{A}", A),
        ("'", spelling.NEITHER),
        ("''", spelling.NEITHER),
        ('"a@x.de","b@x.de"', "a@x.de b@x.de"),
        ("o'neil@x.de", "o'neil@x.de"),
        # names before addresses
        ("Meier, Hans <hans@x.de>", "hans@x.de"),
        ("Meier, Hans <hans@x.de>, Li, Bo <bo@x.de>", "hans@x.de bo@x.de"),
        ("Meier; Hans", spelling.NEITHER),
        ("1234, Hans <hans@x.de>; b@x.de", spelling.NEITHER),
        ("a@x.de / b@x.de", "a@x.de b@x.de"),
        ("a@x.de b@x.de", "a@x.de b@x.de"),
        (f"{A}, a@x.de", spelling._MIXED),
        # links
        (f"https://x.example/main.aspx?etn=contact&id={A}", A),
        (f"https://x.example/main.aspx?etc=2&id={A}", A),
        (f"https://x.example/main.aspx?etc=1&id={A}", "it links to a record of “1”, not to a contact"),
        (f"https://x.example/main.aspx?etc=1&etn=contact&id={A}", A),
        (f"https://x.example/main.aspx?extraqs=%3fetc%3d2%26id%3d{A}", A),
        (f"https://x.example/#/main?etn=contact&id={A}", A),
        (f"https://x.example/main.aspx?etn=contact&id={A} old", spelling.NEITHER),
        (f"accounts({A})", "it names a record of “accounts”, not a contact"),
        ("", spelling.NEITHER),
        ("00000000000000000000000000000000", spelling._NOBODY),
    ],
)  # fmt: skip
def test_a_cell_names_exactly_this(cell: str, expected: str) -> None:
    assert told(cell) == expected


def test_a_cell_may_be_as_long_as_excel_lets_it() -> None:
    long = "a@x.de" + " " * (32_767 - 6)
    assert told(long) == "a@x.de"
    assert "longer than Excel" in told(long + " ")
    assert looks_like("a@b.c") is not None
    assert looks_like(Linked("Ana", f"contacts({A})")) is not None


# --- JSON ------------------------------------------------------------------------------------------------------------


def entries(content: str) -> list[str]:
    book = json_book(Input("m.json", io.BytesIO(content.encode()), len(content.encode())), "utf-8")
    return [f"{line.number} {'|'.join(line.cells)}" for line in book.sheets[0].lines()]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[]", []),
        ('["a"]', ["1 a"]),
        (' [ "a", "b,[" , 3, null, true]', ["1 a", "2 b,[", "3 3", "4 ", "5 true"]),
        ('[["a", ["b"]], []]', ['1 a|["b"]', "2 "]),
        ('[{"id": "a"}, {"name": {"x": [1]}, "id": "b"}, "c"]', ["0 id|name", "1 a|", '2 b|{"x": [1]}', "3 c"]),
        ('{"value": ["a"]}', ["1 a"]),
        ('{"x": {"value": ["no"]}, "y": [["no"]], "value": ["a"], "z": "value"}', ["1 a"]),
        ('{"x": "value", "y": [1, 2], "value": ["a"]}', ["1 a"]),
        ('{"@odata.count": 1, "value": [{"id": "a"}]}', ["0 id", "1 a"]),
    ],
)
def test_json_becomes_rows(content: str, expected: list[str]) -> None:
    assert entries(content) == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('["a", x]', "entry 2 is no JSON"),
        ("[x]", "entry 1 is no JSON"),
        ('["a", ]', "entry 2 is no JSON"),
        ('["a"', "no end"),
        ('{"value": {"value": ["a"]}}', "a shape that is not known"),
        ('{"x": ["a"]}', "a shape that is not known"),
        ('{"value": [], "odata.nextLink": "x"}', "one page of an answer"),
    ],
)
def test_json_that_is_none_is_refused_with_its_entry(content: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        entries(content)


def test_json_has_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonrows, "MANY_COLUMNS", 2)
    assert entries('[{"a": 1}, {"b": 2}]') == ["0 a|b", "1 1|", "2 |2"]
    with pytest.raises(UsageError, match="more than 2 different fields"):
        entries('[{"a": 1, "b": 2}, {"c": 3}]')
    monkeypatch.setattr(jsonrows, "_LONGEST_ENTRY", 10)
    assert entries('["12345678"]') == ["1 12345678"]
    with pytest.raises(UsageError, match="entry 2 has more than 10 characters"):
        entries('[1, ["12345678"]]')
    monkeypatch.setattr(jsonrows, "LARGEST_WHOLE", 4)
    assert entries("[12]") == ["1 12"]
    with pytest.raises(UsageError, match="is JSON and has"):
        entries("[123]")


# --- time ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "[" + ",".join(["1"] * 4096) + "]",
        csv([["Id"], *[[number(at)] for at in range(1, 4096)]]),
        csv([["Id"], *[[number(at)] for at in range(1, 4097)]]),
    ],
)
def test_reading_looks_at_the_clock_every_4096_rows(content: str) -> None:
    looks = []

    def clock() -> float:
        looks.append(1)
        return 0.0

    source = Input("m", io.BytesIO(content.encode()), len(content), clock)
    if content[0] == "[":
        for _ in json_book(source, "utf-8").sheets[0].lines():
            pass
        assert len(looks) == 3  # the beginning, and once each time that the entries are gone through
    else:
        looks.clear()
        assert len(list(text._lines(source, "utf-8", ",", 0))) == content.count("\n")
        assert len(looks) == 1


# --- text ------------------------------------------------------------------------------------------------------------


def lines(content: str) -> list[str]:
    book = text.text_book(Input("m.csv", io.BytesIO(content.encode()), len(content.encode())))
    return [f"{line.number} {'/'.join(line.cells)}" for line in book.sheets[0].lines()]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a,b\nc,d", ["1 a/b", "2 c/d"]),
        ("sep=;\na;b\n\nc;d\n", ["2 a/b", "3 ", "4 c/d"]),
        ("sep=,\na,b;c\n", ["2 a/b;c"]),
        ('"x\ny",b\nc,d\n', ["1 x\ny/b", "3 c/d"]),
        ("\ufeff\ufeffab,b\nc,d\n", ["1 ab/b", "2 c/d"]),
        # a delimiter has to part more than half of the rows, and the one that parts more people wins
        ("a,b\nc\n", ["1 a/b", "2 c"]),
        ("a,b\nc\nd\n", ["1 a,b", "2 c", "3 d"]),
        ("a,b;c\nd;e\nf;g\n", ["1 a,b/c", "2 d/e", "3 f/g"]),
        (f"x,y;{A}\nz,w;{B}\n", [f"1 x,y/{A}", f"2 z,w/{B}"]),
    ],
)
def test_text_becomes_rows_with_the_numbers_of_an_editor(content: str, expected: list[str]) -> None:
    assert lines(content) == expected


def test_lines_and_rows_of_text_have_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "_LONGEST_LINE", 10)
    assert lines("1234567\n") == ["1 1234567"]
    with pytest.raises(UsageError, match="line 1 has more than 10 characters"):
        lines("123456789\n")
    monkeypatch.setattr(text, "_LONGEST_LINE", 2**20)
    note = "x\n" * 23 + "y"
    assert lines(f'a,"{note}"\nb,c\n') == [f"1 a/{note}", "25 b/c"]
    note = "x\n" * 25 + "y"
    with pytest.raises(UsageError, match=r"in line 1 a quote .* goes on to line 26"):
        lines(f'a,"{note}"\nb,c\n')


# --- Excel -----------------------------------------------------------------------------------------------------------


def sheet(rows: str, tail: str = "") -> bytes:
    return xlsx([], parts={"xl/worksheets/sheet1.xml": f"<worksheet><sheetData>{rows}</sheetData>{tail}</worksheet>"})


def cell(shown: str, where: str = "") -> str:
    named_so = f' r="{where}"' if where else ""
    return f'<c t="str"{named_so}><v>{shown}</v></c>'


@pytest.mark.parametrize(
    ("rows", "where"),
    [
        (f"<row>{cell('Name')}{cell('Id')}</row><row>{cell('Ana')}{cell(A)}</row>", [2]),
        (f'<row r="3">{cell("Id", "C3")}</row><row r="9">{cell(A, "C9")}</row>', [9]),
        (f"<row>{cell('Id', 'AB1')}</row><row r='x'>{cell(A, 'AB2')}</row><row>{cell(B, 'AB3')}</row>", [2, 3]),
        (f"<row>{cell('x', 'A1')}{cell('Id')}</row><row>{cell('x', '1')}{cell(A)}</row>", [2]),
        (f"<row>{cell('Id', 'C1')}</row><row>{cell('x', 'A2')}{cell('y', 'B2')}{cell(A)}</row>", [2]),
    ],
)  # fmt: skip
def test_cells_and_rows_with_and_without_their_names_are_where_they_are(rows: str, where: list[int]) -> None:
    found = read(sheet(rows))
    assert list(found.id_rows) == where
    assert found.column is not None
    assert found.column.header == "Id"


def test_only_so_many_sheets_merged_cells_and_texts_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    merged = [f"A{at}:A{at + 1}" for at in range(1, 3001, 2)]
    content = xlsx([["Id"], [A]], merged=merged)
    package = workbook._Package(Input("m", io.BytesIO(content), len(content)))
    found = package._merged("xl/worksheets/sheet1.xml")
    assert (len(found), found[0], found[-1]) == (1000, (2, "A1:A2"), (2000, "A1999:A2000"))
    monkeypatch.setattr(workbook, "_MOST_TEXTS", 2)
    assert len(read(xlsx([["Id"], [A], [B]])).ids) == 2
    with pytest.raises(UsageError, match="more text than is kept in memory"):
        read(xlsx([["Id"], [A], [B], [number(1)]]))
    monkeypatch.setattr(workbook, "_MOST_TEXTS", 100)
    monkeypatch.setattr(workbook, "_MOST_TEXT", 2 + 2 * 36)
    assert len(read(xlsx([["Id"], [A], [B]])).ids) == 2
    with pytest.raises(UsageError, match="more text than is kept in memory"):
        read(xlsx([["Ids"], [A], [B]]))


# --- packages --------------------------------------------------------------------------------------------------------


def flagged(content: bytes, flags: int) -> bytes:
    """The zip with these flags at every entry of its directory."""
    changed, at = bytearray(content), content.find(b"PK\x01\x02")
    while at >= 0:
        changed[at + 8 : at + 10] = flags.to_bytes(2, "little")
        at = content.find(b"PK\x01\x02", at + 4)
    return bytes(changed)


def test_a_package_with_a_password_is_told_from_one_that_was_packed_as_tightly_as_can_be() -> None:
    content = xlsx([["Id"], [A]])
    assert read(flagged(content, 0b10)).rows_with_ids == 1
    for flags in (0b1, 0b11):
        with pytest.raises(UsageError, match="protected by a password"):
            read(flagged(content, flags))


@pytest.mark.parametrize(
    ("cell", "columns", "swallowed"),
    [
        ("a note\nx,y,z", 3, True),
        ("x,y,z\na note", 3, False),  # the cell's own line, which may be as it likes
        ("a note\nx,y", 3, False),
        ("a note\r\nx,y,z", 3, True),
        ("a note\nx,y", 2, False),
        ("x,y,z", 3, False),
    ],
)
def test_a_cell_over_several_lines_has_swallowed_rows_if_one_of_them_looks_like_a_row(
    cell: str, columns: int, swallowed: bool
) -> None:
    assert text._swallowed(cell, ",", columns) is swallowed
