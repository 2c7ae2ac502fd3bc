"""Every form of the report, a file each. A new one is a file here and a line in `FORMS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from migrator.report.forms import csv, html, json, markdown, pdf, xlsx
from migrator.report.story import Story

FORMS: Mapping[str, Callable[[Story, Path], Path]] = {
    "html": html.write,
    "xlsx": xlsx.write,
    "csv": csv.write,
    "json": json.write,
    "md": markdown.write,
    "pdf": pdf.write,
}
"""What writes each form into a folder and gives its path, by the name that `--format` knows it by."""


def ready(form: str) -> bool:
    """Whether a form can be written on this machine: a PDF needs a browser that prints it."""
    return form != "pdf" or pdf.browser() is not None
