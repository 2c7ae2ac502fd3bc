"""The report of 13,000 segments: how long it takes, how large it is, and how quick it is in a browser.

    python benchmarks/report.py [--segments N] [--json]

Made in a process of its own from a plan on disk; measured in headless Chromium, where there is one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from scaled import write_export

from migrator.contracts.plan import read_plan
from migrator.contracts.run_folder import RunFolder
from migrator.contracts.verification import Match, Verification, Verified
from migrator.loader.journal import Journal

OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def a_run(folder: Path, segments: int) -> Path:
    """A run with a plan, and with results and a verification that are made up."""
    export = write_export(folder / "export", [3] * (segments * 10 // 13), segments - segments * 10 // 13, 1000)
    command = [sys.executable, "-m", "migrator", "translate", "--from", str(export), "--out", str(folder / "runs")]
    subprocess.run([*command, "--quiet"], check=False)
    run = next((folder / "runs").iterdir())
    _loaded(run)
    return run


def _loaded(run: Path) -> None:
    plan = read_plan(run)
    with closing(Journal(run / "journal.db", lambda: "2026-01-01T00:00:00Z")):
        pass
    with closing(sqlite3.connect(run / "journal.db")) as database:
        for segment in plan.segments:
            key = str(segment.legacy_id)
            values = (key, "loaded", "publish", 1, "", "", "", "2026-01-01T00:00:00Z")
            database.execute("INSERT INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
            step = (key, "publish", key, "", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z")
            columns = "legacy_id, step, target, detail, intended_at, confirmed_at"
            database.execute(f"INSERT INTO steps ({columns}) VALUES (?, ?, ?, ?, ?, ?)", step)  # noqa: S608
        database.commit()
    looks = tuple(
        Verified(one.legacy_id, Match.DIFFERENT if n % 50 == 0 else Match.EQUAL, n, n + (7 if n % 50 == 0 else 0))
        for n, one in enumerate(plan.segments)
    )
    content = TypeAdapter(Verification).dump_json(Verification("2026-01-02T00:00:00Z", looks))
    (run / "verification-001.json").write_bytes(content)
    RunFolder(run).update(dry_run=False, loaded="2026-01-01T00:00:00Z")


def in_browser(report: Path) -> dict[str, Any]:
    """First paint, and the slowest of several keystrokes, in milliseconds."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        return {"browser": "none"}
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=OPTIONS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(report.as_uri())
        page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0")
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        strokes = page.evaluate(
            """async () => {
                const field = document.getElementById("q"), took = [];
                for (const text of ["s", "se", "seg", "segm", "segment 1", "segment 12", "segment 123", "x", ""]) {
                    const began = performance.now();
                    field.value = text;
                    field.dispatchEvent(new Event("input"));
                    document.body.getBoundingClientRect();
                    took.push(performance.now() - began);
                    await new Promise(requestAnimationFrame);
                }
                return took;
            }"""
        )
        browser.close()
    return {"first_paint_ms": round(paint), "slowest_keystroke_ms": round(max(strokes), 1)}


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--segments", type=int, default=13_000)
    arguments.add_argument("--json", action="store_true")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        run = a_run(Path(name), asked.segments)
        began = time.perf_counter()
        command = [sys.executable, "-m", "migrator", "report", str(run), "--quiet"]
        process = subprocess.Popen(command)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        if os.waitstatus_to_exitcode(status) not in (0, 3):
            raise SystemExit("the report was not made")
        report = run / "report.html"
        result: dict[str, Any] = {
            "segments": asked.segments,
            "seconds": round(seconds, 1),
            "memory_mb": used.ru_maxrss // 1024,
            "file_mb": round(report.stat().st_size / 1e6, 2),
            **in_browser(report),
        }
    if asked.json:
        print(json.dumps(result, indent=1))
        return
    for key, value in result.items():
        print(f"{key.replace('_', ' '):<28}{value:>12}")


if __name__ == "__main__":
    main()
