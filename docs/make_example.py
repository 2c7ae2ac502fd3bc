"""Makes reports/example/ from the demo, and pictures of its report for these pages. Run it with `make example`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE, IMAGES = ROOT / "reports" / "example", ROOT / "docs" / "images"
FORMS = ("report.html", "report.xlsx", "report.csv", "report.json", "summary.md")
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def example() -> None:
    """Run the demo, and keep every form of its report."""
    with tempfile.TemporaryDirectory() as folder:
        _migrator("demo", "--out", folder, "--quiet")
        run = next(Path(folder).iterdir())
        _migrator(
            "report", str(run), "--format", "all", "--title", "Contoso: segments to real-time journeys", "--quiet"
        )
        EXAMPLE.mkdir(parents=True, exist_ok=True)
        for name in FORMS:
            shutil.copyfile(run / name, EXAMPLE / name)


def _migrator(*arguments: str) -> None:
    ended = subprocess.run([sys.executable, "-m", "migrator", *arguments], cwd=ROOT, check=False)  # noqa: S603
    if ended.returncode not in (0, 3):
        sys.exit(ended.returncode)


def pictures() -> None:
    """Look at the example in a browser."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        sys.stdout.write("There is no Chromium here, so the pictures stay as they are.\n")
        return
    from playwright.sync_api import sync_playwright

    IMAGES.mkdir(exist_ok=True)
    address = (EXAMPLE / "report.html").as_uri()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=OPTIONS)
        for name, width, height, scheme, hash_ in (
            ("report.png", 1280, 860, "light", ""),
            ("report-decisions.png", 1280, 860, "light", ""),
            ("report-table.png", 1280, 700, "light", "#q=hannover&sort=before&dir=desc"),
            ("report-dark-phone.png", 390, 800, "dark", ""),
        ):
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(address + hash_)
            if name == "report-decisions.png":
                page.evaluate("document.getElementById('asks').scrollIntoView()")
                page.locator(".ask details summary").first.click()
            if name == "report-table.png":
                page.locator("#rows th button").first.click()
            page.screenshot(path=IMAGES / name)
            page.close()
        browser.close()


if __name__ == "__main__":
    example()
    pictures()
