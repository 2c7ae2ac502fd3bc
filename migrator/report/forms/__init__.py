"""Every form of the report, a file each. A new one is a file here and a line in `FORMS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from migrator.report.forms import csv, html, json, markdown, xlsx
from migrator.report.story import Story

FORMS: Mapping[str, Callable[[Story, Path], Path]] = {
    "html": html.write,
    "xlsx": xlsx.write,
    "csv": csv.write,
    "json": json.write,
    "md": markdown.write,
}
"""What writes each form into a folder and gives its path, by the name that `--format` knows it by."""
