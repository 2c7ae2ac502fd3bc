"""One line a segment, for other tools: `report.csv` (comma, UTF-8, RFC 4180), or as Excel opens it (`--csv excel`)."""

from __future__ import annotations

from pathlib import Path

from migrator.base.atomic import write_bytes
from migrator.base.csv_text import Dialect, csv_text
from migrator.report.forms.table import table
from migrator.report.story import Story

TABLE = "report.csv"


def write(story: Story, folder: Path) -> Path:
    """Write `report.csv`; gives its path. No cell is taken for a formula."""
    heads, rows = table(story)
    text = csv_text([heads, *rows], Dialect(story.run.csv), "." if story.words.language == "en" else ",")
    path = folder / TABLE
    write_bytes(path, text.encode("utf-8"))  # for Excel it begins with a byte order mark
    return path
