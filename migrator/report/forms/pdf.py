"""The report on paper: `report.pdf`, printed from the page by a browser of this machine (Chromium, Chrome, or Edge)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from migrator.base.atomic import write_bytes, write_text
from migrator.base.errors import UsageError
from migrator.report.forms.html import page
from migrator.report.story import Story

PAPER = "report.pdf"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge")
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
_OPTIONS = (
    "--headless", "--disable-gpu", "--no-first-run", "--no-pdf-header-footer", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-quic",
)  # fmt: skip
_SECONDS = 180
"""Printing 2,000 segments takes a few seconds; a browser that hangs is given up."""


def browser() -> str | None:
    """The program that prints; None where there is none."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    return found or next((place for place in _PLACES if Path(place).is_file()), None)


def write(story: Story, folder: Path) -> Path:
    """Write `report.pdf`: A4, with page numbers, everything opened that can be; gives its path.

    Args:
        story: the report's content.
        folder: the run folder.

    Raises:
        UsageError: there is no browser on this machine that prints, or it does not.
    """
    program = browser()
    if program is None:
        raise UsageError(
            "A PDF is printed by Chromium, Chrome or Edge, and none of them was found. Install one, or open "
            "report.html in any browser and print it."
        )
    with tempfile.TemporaryDirectory(prefix="migrator-") as name:
        place = Path(name)
        write_text(place / "report.html", page(story))
        command = [program, *_OPTIONS, f"--user-data-dir={place / 'profile'}", f"--print-to-pdf={place / PAPER}"]
        if sys.platform == "linux" and os.geteuid() == 0:
            command.append("--no-sandbox")  # the browser refuses to run as root otherwise; it reads this one page
        try:
            ended = subprocess.run(  # noqa: S603
                [*command, (place / "report.html").as_uri()], capture_output=True, timeout=_SECONDS, check=False
            )
            printed = (place / PAPER).read_bytes() if ended.returncode == 0 else b""
        except (OSError, subprocess.TimeoutExpired):
            printed = b""
        if not printed.startswith(b"%PDF"):
            raise UsageError(f"{program} could not print the report. Open report.html in a browser and print it.")
        path = folder / PAPER
        write_bytes(path, printed)
    return path
