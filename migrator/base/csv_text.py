"""Tables as CSV, in two dialects: for programs (RFC 4180), and for a double click in a German or French Excel."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from migrator.base.safe_text import for_spreadsheet


class Dialect(StrEnum):
    """How a table is written as CSV."""

    COMMA = "comma"
    """Comma, UTF-8, RFC 4180: for programs."""
    EXCEL = "excel"
    """Semicolon and byte order mark, no line `sep=`: what Excel and LibreOffice open where a comma is decimal."""


def csv_text(rows: Iterable[Sequence[Any]], dialect: Dialect = Dialect.COMMA, decimal: str = ".") -> str:
    """A table as CSV; None is an empty cell, and no cell is taken for a formula.

    Args:
        rows: the cells, the head first.
        dialect: comma, or excel.
        decimal: what stands before the decimals of a number, in the dialect for Excel.
    """
    text = io.StringIO()
    lines = csv.writer(text, delimiter=";" if dialect is Dialect.EXCEL else ",")
    for row in rows:
        lines.writerow([_cell(value, decimal if dialect is Dialect.EXCEL else ".") for value in row])
    return ("\ufeff" if dialect is Dialect.EXCEL else "") + text.getvalue()


def _cell(value: Any, decimal: str) -> Any:
    if value is None:
        return ""
    if isinstance(value, float) and decimal != ".":
        return str(value).replace(".", decimal)
    return for_spreadsheet(value)
