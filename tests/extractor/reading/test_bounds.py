"""The bounds of reading: what the page for users says of them is what the code keeps to."""

from __future__ import annotations

from pathlib import Path

from migrator.extractor import sources
from migrator.extractor.reading import columns, grid, jsonrows, markup, older, spelling, table, text, workbook

PAGE = Path(__file__).resolve().parents[3] / "docs/members.md"
MB, GB = 2**20, 2**30


def told() -> dict[str, str]:
    """The table of the page: what is bounded, and how."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition("### How large a file may be")
    rows = [line.strip("| ").split(" | ") for line in rest.partition("\n## ")[0].splitlines() if line.startswith("| ")]
    return {row[0]: row[1] for row in rows[1:]}


def test_every_bound_that_users_are_told_is_the_one_that_is_kept() -> None:
    assert told() == {
        "one file, also unpacked": f"{grid.LARGEST_FILE / GB:g} GB",
        "files of a folder or zip": f"{sources._MOST_FILES:,}",
        "a file of a kind that is read as a whole: JSON, HTML, .xls, .xlsb, .ods": f"{grid.LARGEST_WHOLE / MB:g} MB",
        "the same unpacked, .xlsb and .ods": f"{older._UNPACKED / MB:g} MB",
        "minutes of reading one file": f"{grid.LONGEST_SECONDS / 60:g}",
        "minutes of reading one .xls, .xlsb or .ods": f"{older.SECONDS / 60:g}",
        "columns": f"{grid.MANY_COLUMNS:,}",
        "characters of a cell": f"{spelling._LONGEST:,}",
        "characters of a line of text, or of an entry of JSON": f"{text._LONGEST_LINE:,}",
        "line breaks in a row of text": f"{text._MOST_LINES:,}",
        "sheets of a workbook": f"{workbook._MOST_SHEETS:,}",
        "texts that cells of an .xlsx share": f"{workbook._MOST_TEXTS:,}",
        "characters of those": f"{workbook._MOST_TEXT:,}",
        "tables of a web page": f"{markup._MOST_TABLES:,}",
        "rows that nobody can read, listed one by one": f"{table.MOST_UNREADABLE:,}",
        "filled rows in which the header is looked for": f"{columns.HEADER_ROWS:,}",
        "rows from which the column is told": f"{table._HEAD:,}",
        "cells from which the column is told": f"{table._HEAD_CELLS:,}",
        "ids of a column that are looked up, to tell it from another one": f"{columns._PROBE:,}",
        "`segments.csv`": f"{sources._LARGEST_MAPPING / MB:g} MB",
    }
    assert jsonrows._LONGEST_ENTRY == text._LONGEST_LINE


def test_the_last_row_of_a_kind_is_the_one_of_the_program_that_writes_it() -> None:
    """Product documentation of Excel: 1,048,576 rows by 16,384 columns; 65,536 rows in .xls."""
    last = {workbook.LAST_ROW, text._EXCEL_ROWS, markup._LAST_ROW}
    assert last == {2**20}
    assert sorted(older.LAST_ROWS.values()) == [2**16, 2**20, 2**20]
    assert grid.MANY_COLUMNS == 2**14
