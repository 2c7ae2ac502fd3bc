"""The report in a real browser: filters, sorting, deep links, details, print, dark mode, keyboard, no requests."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from migrator.base.errors import UsageError
from migrator.commands.report import report_stage
from migrator.contracts.journal import LoadResult, LoadState
from migrator.contracts.plan import Outcome
from migrator.contracts.run_folder import ReportWish, RunFolder
from migrator.contracts.verification import Match, Verified
from migrator.product import findings
from migrator.report.forms import pdf
from migrator.report.forms.html import write as render
from migrator.report.people import People, Place
from migrator.sandbox.data import load
from migrator.sandbox.server import running
from tests.conftest import CONTOSO
from tests.report.test_report import HOSTILE, a_plan, loaded, planned, seen, story
from tests.small import segment

pytestmark = pytest.mark.slow  # a real browser
AXE = Path(__file__).parent / "browser"
OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        message = "Chromium is needed for the browser tests: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=OPTIONS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def axe() -> str:
    npm = shutil.which("npm")
    if not (AXE / "node_modules").is_dir() and npm:
        subprocess.run([npm, "ci", "--silent"], cwd=AXE, check=False, timeout=300)
    path = AXE / "node_modules/axe-core/axe.min.js"
    if not path.exists():
        message = "the npm package axe-core is needed: npm ci in tests/report/browser"
        if os.environ.get("CI") and npm:
            pytest.fail(message)
        pytest.skip(message)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's report."""
    from migrator.base.progress import Silent
    from migrator.commands.report import Summary
    from migrator.commands.run import whole_run
    from migrator.commands.session import session
    from migrator.commands.settings import Settings
    from migrator.contracts.run_folder import Task, new_run

    organisation = load(CONTOSO, time.monotonic)
    organisation.moment = organisation.computing = 0.02
    with running(organisation) as server:
        run = new_run(tmp_path_factory.mktemp("runs"), server.address, dry_run=False)

        def migrate() -> Summary:
            with session(Settings(org=server.address), Silent(), lambda _: None) as orders:
                return whole_run(run, orders, Task())

        with ThreadPoolExecutor(1) as thread:  # this one belongs to the browser's events
            summary = thread.submit(migrate).result()
    assert summary.report is not None
    return summary.report


class Watched:
    """A page, and everything that it should not have done."""

    def __init__(self, browser: Browser, path: Path, **context: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context})
        self.page: Page = self.context.new_page()
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())

    def rows(self) -> list[str]:
        return self.page.locator("#rows > tr:not(.detail) > th").all_inner_texts()

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.context.close()
        if kind is None:
            assert self.errors == []
            assert [url for url in self.requests if not url.startswith(("file:", "data:"))] == []


def test_searching_and_filtering_narrow_the_table(browser: Browser, report: Path) -> None:
    with Watched(browser, report) as seen_:
        page = seen_.page
        assert len(seen_.rows()) == 55
        page.fill("#q", "newsletter")
        found = ["Nested compound", "Newsletter subscribers", "Newsletter subscribers", "Newsletter without VIPs"]
        assert sorted(seen_.rows()) == found  # the first one has a finding that speaks of a newsletter
        assert page.inner_text("#showing") == "4 of 55 segments"
        page.select_option("#standing", "waiting")
        assert sorted(seen_.rows()) == ["Nested compound", "Newsletter without VIPs"]
        page.select_option("#finding", "members-unknown")
        assert page.inner_text("#rows") == "No segment fits these filters."
        page.click("#reset")
        assert len(seen_.rows()) == 55
        page.select_option("#type", "Compound")
        page.select_option("#outcome", "flagged")
        assert set(seen_.rows()) == {
            "Compound draft",
            "Nested compound",
            "my_compound_segment1",
            "Newsletter without VIPs",
        }


def test_columns_are_sorted_both_ways(browser: Browser, report: Path) -> None:
    with Watched(browser, report) as seen_:
        page = seen_.page
        head = page.locator('th[data-key="before"]')
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == "ascending"
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == "descending"
        numbers = page.locator('#rows td[data-label="Before"]').all_inner_texts()
        known = [int(text.replace(",", "")) for text in numbers if text != "–"]
        assert known == sorted(known, reverse=True)
        assert numbers[-1] == "–"  # what is unknown comes last


def test_the_address_keeps_the_filters_and_opens_a_segment(browser: Browser, report: Path) -> None:
    with Watched(browser, report) as seen_:
        page = seen_.page
        page.select_option("#status", "Stopped")
        page.fill("#q", "s")
        page.locator('th[data-key="name"] button').click()
        page.locator("#rows th button").first.click()
        address, rows = page.url, seen_.rows()
        detail = page.inner_text("#rows .detail")
        assert "status=Stopped" in address
        page.goto("about:blank")
        page.goto(address)
        assert seen_.rows() == rows
        assert page.inner_text("#rows .detail") == detail
        assert page.input_value("#status") == "Stopped"


def test_a_row_opens_to_its_findings_queries_ids_and_link(browser: Browser, report: Path) -> None:
    with Watched(browser, report) as seen_:
        page = seen_.page
        page.fill("#q", "came to hannover")
        button = page.locator("#rows th button").first
        button.focus()
        page.keyboard.press("Enter")
        assert button.get_attribute("aria-expanded") == "true"
        detail = page.locator("#rows .detail")
        for words in (
            "Findings",
            "Legacy query",
            "TRAVERSE",
            "Real-time query",
            "RELATE",
            "read from the outbound service",
        ):
            assert words in detail.inner_text(), words
        assert detail.locator("a[href*='main.aspx?etn=msdynmkt_segment']").count() == 1
        page.keyboard.press("Enter")
        assert page.locator("#rows .detail").count() == 0


def test_links_in_the_text_lead_into_the_table(browser: Browser, report: Path) -> None:
    with Watched(browser, report) as seen_:
        page = seen_.page
        page.locator(".ask a").first.click()
        page.locator("#rows .detail").first.wait_for()  # the page follows its address a moment later
        assert page.locator("#rows .detail").count() == 1
        page.locator(".explained a", has_text="compound-segment").first.click()
        page.wait_for_function("document.querySelector('#finding').value === 'compound-segment'")


@pytest.fixture
def gone_wrong(tmp_path: Path) -> Path:
    """The report of a run with a failure, and with strangers in a segment."""
    waits = findings.compound_segment(2)
    plan = a_plan(planned(1, "Strangers"), planned(2, "Broken"), planned(3, "Asks", Outcome.FLAGGED, findings=(waits,)))
    failed = {segment(2): LoadResult(segment(2), LoadState.FAILED, "publish", error="No.")}
    looks = {segment(1): Verified(segment(1), Match.DIFFERENT, 10, 49, surplus=39)}
    people = People(25, {Place.LIVE: 10, Place.FAILED: 10, Place.WAITING: 5}, {Place.WAITING: 10}, new=39)
    return render(story(plan, results={**loaded(1), **failed}, seen=looks, people=people), tmp_path)


@pytest.mark.parametrize(("width", "height", "screens"), [(1280, 800, 1), (360, 740, 2)])
def test_the_first_screen_answers_what_people_ask(
    browser: Browser, gone_wrong: Path, width: int, height: int, screens: int
) -> None:
    with Watched(browser, gone_wrong, viewport={"width": width, "height": height}) as seen_:
        page = seen_.page
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for words in (
            "15",
            "39",
            "failed or different",
            "decisions needed from you",
            "Broken",
            "Step “publish”",
            "39 new",
        ):
            box = page.get_by_text(words, exact=words.isdigit()).first.bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= screens * height, words


def test_every_tile_leads_somewhere(browser: Browser, gone_wrong: Path) -> None:
    with Watched(browser, gone_wrong, viewport={"width": 1280, "height": 500}) as seen_:
        page = seen_.page
        links = [link.get_attribute("href") or "" for link in page.locator(".tiles a, nav a").all()]
        assert len(links) >= 5 + 6
        for link in dict.fromkeys(links):
            page.locator(f':is(.tiles, nav) a[href="{link}"]').first.click()
            assert page.locator(link).is_visible(), link
            box = page.locator(link).bounding_box()
            assert box is not None
            assert -1 < box["y"] < 500, link


def test_a_command_is_copied_with_a_click(browser: Browser, gone_wrong: Path) -> None:
    with Watched(browser, gone_wrong, permissions=["clipboard-read", "clipboard-write"]) as seen_:
        page = seen_.page
        page.locator(".with-copy", has_text="migrator retry").get_by_role("button", name="Copy").click()
        page.get_by_role("button", name="Copied").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == "migrator retry --all-failed --run a-run"


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_the_numbers_that_meet_are_all_seen_on_a_phone(
    browser: Browser, report: Path, tmp_path: Path, language: str
) -> None:
    run = shutil.copytree(report.parent, tmp_path / "run")
    told = subprocess.run(
        [sys.executable, "-m", "migrator", "report", str(run), "--language", language], capture_output=True, check=False
    )
    assert told.returncode == 0, told.stderr
    with Watched(browser, run / "report.html", viewport={"width": 360, "height": 740}) as seen_:
        table = "document.querySelector('.reconciled').parentElement"
        assert seen_.page.evaluate(f"{table}.scrollWidth - {table}.clientWidth") <= 0


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Browser, report: Path, axe: str, scheme: Any, width: int) -> None:
    with Watched(browser, report, color_scheme=scheme, viewport={"width": width, "height": 800}) as seen_:
        page = seen_.page
        page.locator("#rows th button").first.click()
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        found = page.evaluate(f"{axe}; axe.run({{resultTypes: ['violations']}})")
        serious = [
            (one["id"], [node["target"] for node in one["nodes"]][:3])
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        assert serious == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_dark_mode_is_dark(browser: Browser, report: Path) -> None:
    shades = {}
    for scheme in ("light", "dark"):
        with Watched(browser, report, color_scheme=scheme) as seen_:
            shades[scheme] = seen_.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert shades["light"] == "rgb(255, 255, 255)"
    assert shades["dark"] == "rgb(21, 24, 28)"


def test_it_prints_to_pages(browser: Browser, report: Path, tmp_path: Path) -> None:
    with Watched(browser, report) as seen_:
        seen_.page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
        content = (tmp_path / "report.pdf").read_bytes()
        pages = re.findall(rb"/Type\s*/Page\b", content)
        boxes = set(re.findall(rb"/MediaBox\s*\[([^\]]+)\]", content))
        assert 3 <= len(pages) <= 17
        (box,) = boxes
        assert [round(float(number)) for number in box.split()] in ([0, 0, 595, 842], [0, 0, 596, 842])  # A4, upright
        seen_.page.emulate_media(media="print")
        assert not seen_.page.is_visible(".filters")
        assert seen_.page.locator("#rows > tr:not(.detail)").count() == 55
        # No browser repeats a heading on the next page that holds a button.
        assert not seen_.page.is_visible("#table thead button")
        shown = "e => getComputedStyle(e, '::after').content"
        assert seen_.page.locator("#table thead th").nth(0).evaluate(shown) == '"Segment"'
        seen_.page.set_viewport_size({"width": 703, "height": 1000})  # of A4, between its margins
        box = seen_.page.locator("#table thead th").last.bounding_box()
        assert box is not None
        assert box["width"] > 160  # why takes the most words


def test_nothing_in_a_name_runs(browser: Browser, tmp_path: Path) -> None:
    found = findings.members_unknown("<img src=x onerror=alert(1)>")
    plan = a_plan(
        *(
            planned(n, name, Outcome.FLAGGED, findings=(found,), query=name, english=name, proposal=name)
            for n, name in enumerate(HOSTILE)
        )
    )
    path = render(story(plan, results=loaded(*range(13)), seen={segment(1): seen(1, Match.EQUAL)}), tmp_path)
    with Watched(browser, path) as seen_:
        page = seen_.page
        page.on("dialog", lambda dialog: seen_.errors.append(dialog.message))
        for number in range(len(HOSTILE)):
            page.locator("#rows th button").nth(number).click()
        shown = [text.replace("\u202f", " ") for text in seen_.rows()]
        assert "<script>alert(1)</script>" in shown
        assert page.locator("img").count() == 0
        assert json.loads(page.inner_text("#data") or page.evaluate("document.getElementById('data').textContent"))


def test_it_can_be_read_without_scripts(browser: Browser, report: Path) -> None:
    with Watched(browser, report, java_script_enabled=False) as seen_:
        assert seen_.page.locator("#rows tr").count() == 50
        assert "Without scripts the first 50 segments are shown." in seen_.page.inner_text("main")


def test_a_manager_decides_in_the_page_and_the_file_is_carried_out(
    browser: Browser, report: Path, tmp_path: Path
) -> None:
    """Clicked in the page that came by mail, downloaded, and recorded by `approve --from`."""
    from migrator.commands.deciding import from_file
    from migrator.contracts.choices import Choice
    from migrator.contracts.run_folder import RunFolder

    with Watched(browser, report) as seen_:
        page = seen_.page
        count = page.locator("#decided-count")
        waiting = int(count.inner_text().split(" of ")[1].split()[0])
        assert waiting > 5
        assert page.locator("#decided-download").is_disabled()
        first = page.locator("article .decide").first
        first.locator("select").select_option("skip")
        first.locator("input").fill("nobody needs it; =1+1 \u202e <script>")
        page.fill("#decider", "Ada")
        assert count.inner_text() == f"1 of {waiting} decided"
        with page.expect_download() as download:
            page.click("#decided-download")
        file = tmp_path / "decisions.json"
        download.value.save_as(file)
        assert json.loads(page.locator("#decided-text").text_content() or "") == json.loads(file.read_text())
        (decision,), refused = from_file(RunFolder(report.parent), file, "", "")
        assert not refused
        assert (decision.choice, decision.by) == (Choice.SKIP, "Ada")
        assert str(decision.segment.legacy_id) == first.get_attribute("data-of")
        first.locator("select").select_option("")
        assert count.inner_text() == f"0 of {waiting} decided"


@pytest.mark.parametrize("downloaded", [False, True])
def test_decisions_that_no_file_has_yet_are_not_lost_without_a_question(
    browser: Browser, report: Path, downloaded: bool
) -> None:
    with Watched(browser, report) as seen_:
        page = seen_.page
        page.locator("article .decide").first.locator("select").select_option("skip")
        page.click("#decider")
        if downloaded:
            with page.expect_download():
                page.click("#decided-download")
            with page.expect_event("close"):
                page.close(run_before_unload=True)
            return
        with page.expect_event("dialog") as asked:
            page.close(run_before_unload=True)
        assert asked.value.type == "beforeunload"
        asked.value.dismiss()
        assert page.locator("#decided-count").inner_text().startswith("1 of ")


def test_a_pdf_has_every_page_numbered_and_no_heading_alone(browser: Browser, report: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(report.parent, run)
    ended = subprocess.run(
        [sys.executable, "-m", "migrator", "report", str(run), "--format", "pdf"],
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    content = (run / "report.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert (run / "report.pdf").stat().st_mode & 0o077 == 0
    assert b"/MediaBox [0 0 594.95996 841.91998]" in content or b"/MediaBox [0 0 595" in content  # A4, upright
    pages = len(re.findall(rb"/Type /Page\b(?!s)", content))
    assert 3 <= pages <= 60


def test_without_a_browser_a_pdf_is_refused_with_another_way(
    report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "browser", lambda: None)
    run = RunFolder(shutil.copytree(report.parent, tmp_path / "run"))
    with pytest.raises(UsageError, match=r"open report\.html"):
        report_stage(run, ReportWish(("pdf",)))
    run.update(report=ReportWish(("html", "pdf")))
    assert [path.name for path in report_stage(run).written] == ["report.html"]
