"""Who gets no mail any more, who is new, what is undecided, what failed, who decided it: each form answers first."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, sync_playwright

from migrator.base.ids import packed
from migrator.cli.outcome import outcome_lines
from migrator.commands.deciding import Decision, carry_out
from migrator.commands.prepare import take_export, translate_stage
from migrator.commands.report import Summary, report_stage
from migrator.contracts.choices import Choice
from migrator.contracts.plan import read_plan
from migrator.contracts.run_folder import Goal, ReportWish, RunFolder, Task, new_run
from migrator.contracts.verification import Kind, Match, Verification, Verified, write_difference, write_verification
from migrator.loader.journal import Journal
from migrator.report.words import LANGUAGES
from tests.report.test_browser import OPTIONS
from tests.small import LOST, STATIC, contact

AT = "2026-01-02T00:00:00Z"
SAID = {
    "en": ("in no live segment", "new in a segment", "decisions needed from you", "failed or different", "1 by Ada"),
    "de": ("in keinem aktiven Segment", "neu in einem Segment", "Entscheidungen von Ihnen nötig",
           "fehlgeschlagen oder anders", "1 von Ada"),
    "fr": ("dans aucun segment actif", "nouvelles dans un segment", "décisions attendues de vous",
           "échoués ou différents", "1 par Ada"),
}  # fmt: skip
"""The words of the five answers, and who decided."""
BROKEN, STRANGERS = "Oslo", "Five people"


@pytest.fixture(scope="module")
def run(written_once: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run in which segments failed, one has a stranger in it, one was decided and one waits."""
    found = new_run(tmp_path_factory.mktemp("runs"), "", dry_run=False)
    take_export(found, written_once)
    translate_stage(found, Task(Goal.RUN))
    plan = read_plan(found.path)
    (lost,) = (one for one in plan.segments if one.legacy_id == LOST)
    with closing(Journal(found.path / "journal.db", lambda: AT)):
        pass
    looks = []
    with closing(sqlite3.connect(found.path / "journal.db")) as database:
        for one in (one for one in plan.segments if one.loadable):
            failed = one.legacy_id != STATIC
            values = (str(one.legacy_id), "failed" if failed else "loaded", "publish", 1, "", "No." if failed else "")
            database.execute("INSERT INTO results VALUES (?, ?, ?, ?, ?, ?, '', ?)", (*values, AT))
            if not failed:
                looks.append(Verified(one.legacy_id, Match.DIFFERENT, one.before, (one.before or 0) + 1, surplus=1))
        database.commit()
    write_difference(found.path, STATIC, Kind.SURPLUS, packed([contact(99)]))
    write_verification(Verification(AT, tuple(looks)), found.path)
    found.update(dry_run=False, loaded=AT)
    carry_out(found, [Decision(lost, Choice.SKIP, "Ada", "nobody needs it")], [], dry_run=False)
    return found


def told(run: RunFolder, language: str) -> Summary:
    return report_stage(run, ReportWish(("html", "xlsx", "md"), language=language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_front_sheet_and_the_summary_answer(run: RunFolder, language: str) -> None:
    told(run, language)
    front = load_workbook(run.path / "report.xlsx").worksheets[0]
    cells = [str(cell) for row in front.iter_rows(values_only=True, max_row=30) for cell in row if cell is not None]
    lines = (run.path / "summary.md").read_text()
    for words in (*SAID[language], BROKEN, STRANGERS):
        assert any(words in cell for cell in cells), words
    for words in (SAID[language][4], BROKEN, STRANGERS, "migrator retry --all-failed"):
        assert words in lines, words
    assert "\\_" not in lines


def test_the_terminal_answers_and_says_what_follows(run: RunFolder) -> None:
    lines = [line for line, _ in outcome_lines(told(run, "de"))]  # the console speaks English
    text = "\n".join(lines)
    assert lines[0] == "Are the right people in their segments again? No: something failed or is different."
    assert re.search(r"\d+ are in no live segment: .*in segments that failed", text)
    assert "1 is in a segment that they were not in before." in text
    assert re.search(r"\d+ people are in the segment that waits for a decision", text)
    assert "- Decided so far: 1 by Ada; the last on 20" in text
    assert f"- {BROKEN} (failed): Step “publish”: No." in text
    assert f"- {STRANGERS} (different, " in text
    commands = [line for line, style in outcome_lines(told(run, "en")) if style == "command"]
    assert [one.split()[1] for one in commands] == ["retry", "verify", "report"]


# --- in the browser and in print -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        pytest.skip("Chromium is needed for the browser tests: apt-get install chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=OPTIONS)
        yield opened
        opened.close()


SCREENS = {"screen": (1280, 800, 1), "phone": (360, 740, 2), "paper": (718, 1040, 1)}
"""Width, height, and on how many of them the answers have to stand; A4 without its margins is 718 x 1,040."""


@pytest.mark.slow
@pytest.mark.parametrize("where", SCREENS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_answers_before_anybody_scrolls(run: RunFolder, browser: Browser, language: str, where: str) -> None:
    width, height, screens = SCREENS[where]
    told(run, language)
    page: Any = browser.new_page(viewport={"width": width, "height": height})
    try:
        page.goto((run.path / "report.html").as_uri())
        if where == "paper":
            page.emulate_media(media="print")
        for words in (*SAID[language], BROKEN, STRANGERS):
            box = page.get_by_text(words).first.bounding_box()
            assert box is not None, words
            assert box["y"] + box["height"] <= screens * height, (words, box)
        for tile in page.locator(".tiles a").all():
            assert tile.get_attribute("href").startswith("#")
    finally:
        page.close()
