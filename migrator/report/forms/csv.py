"""One line a segment, for other tools: `report.csv` (comma, UTF-8, RFC 4180)."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from migrator.base.atomic import write_bytes
from migrator.base.safe_text import for_spreadsheet
from migrator.report.forms.table import table
from migrator.report.story import Story

TABLE = "report.csv"


def write(story: Story, folder: Path) -> Path:
    """Write `report.csv`; gives its path. No cell is taken for a formula."""
    text = io.StringIO()
    lines = csv.writer(text)
    heads, rows = table(story)
    lines.writerow(heads)
    for row in rows:
        lines.writerow(["" if cell is None else for_spreadsheet(cell) for cell in row])
    path = folder / TABLE
    write_bytes(path, text.getvalue().encode("utf-8-sig"))
    return path
