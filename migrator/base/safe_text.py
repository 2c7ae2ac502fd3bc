"""Names of segments are written by anybody: what they may not do in the places where they are shown."""

from __future__ import annotations

import re
import unicodedata
from typing import TypeVar

_T = TypeVar("_T")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def for_spreadsheet(cell: _T) -> _T | str:
    """A cell that no spreadsheet takes for a formula; what is no text stays as it is."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


_BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"


def for_terminal(text: str) -> str:
    """Text on one line, without control characters and without characters that turn the writing direction."""
    line = re.sub(r"[\t\n\v\f\r\x85\u2028\u2029]+", " ", text)
    return "".join(c for c in line if c not in _BIDI and not unicodedata.category(c).startswith("C"))


def for_file_name(text: str) -> str:
    """A part of a file name, of letters, digits, dots and hyphens."""
    return re.sub(r"[^\w.-]+", "-", text).strip(".-")[:60] or "unnamed"
