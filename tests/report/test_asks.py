"""What is asked of whoever decides: only what works, in sentences, with what we would do, why, and where to say it."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

import pytest
from openpyxl import load_workbook

from migrator.contracts.choices import Choice
from migrator.contracts.members import Members, MemberSource
from migrator.contracts.payload import Payload, PayloadKind, StaticGroup
from migrator.contracts.plan import Outcome, PlannedSegment
from migrator.product import findings
from migrator.product.findings import CATALOGUE, Finding, Severity
from migrator.report.forms import FORMS
from migrator.report.offers import Offer
from migrator.report.recommending import _FREEZING, _RULES, IMPORTED, recommended, without_freezing
from migrator.report.words import LANGUAGES, Words
from tests.report.test_report import a_plan, page, payload, planned, story
from tests.small import segment

COMPOUND = findings.compound_segment(2)
DYNAMIC, FROZEN = (
    payload(PayloadKind.DYNAMIC, publish=True),
    payload(PayloadKind.STATIC, StaticGroup(UUID(int=7), "g", 0, 7), publish=False),
)


def waits(found: Finding, alternatives: dict[Choice, Payload], n: int = 1, **more: object) -> PlannedSegment:
    outcome = Outcome.BLOCKED if found.severity is Severity.STOP else Outcome.FLAGGED
    return planned(n, f"S{n}", outcome, findings=(found,), alternatives=alternatives, **more)


def test_an_ask_says_what_each_choice_means_and_which_one_we_would_take(tmp_path: Path) -> None:
    one = waits(COMPOUND, {Choice.TRANSLATE: DYNAMIC, Choice.SNAPSHOT: FROZEN})
    told = story(a_plan(one))
    (asked,) = told.asks[0].segments
    assert [(way.choice, way.recommended) for way in asked.ways] == [
        ("translate", True), ("snapshot", False), ("skip", False)
    ]  # fmt: skip
    assert asked.ways[0].meaning.endswith("whose members change by themselves. It goes live.")
    assert "with the 7 members of now" in asked.ways[1].meaning
    assert asked.ways[1].meaning.endswith("It arrives as a draft.")
    assert (
        asked.ways[2].meaning == "Leave it behind: nothing is created, and its 10 members are in no segment through it."
    )
    assert asked.advice.startswith("We recommend: carry out the proposal, because its members then go on changing")
    text = page(a_plan(one), tmp_path)
    for words in ("10 people are affected", f"migrator approve {segment(1)} --as skip --run a-run"):
        assert words in text, words


@pytest.mark.parametrize("workbook", [True, False])
def test_a_row_of_the_workbook_is_named_where_there_is_one(tmp_path: Path, workbook: bool) -> None:
    text = page(a_plan(waits(COMPOUND, {Choice.TRANSLATE: DYNAMIC})), tmp_path, workbook=workbook)
    assert ("Row 2 of the sheet “What we need from you” in report.xlsx" in text) == workbook


def test_the_row_in_the_workbook_is_the_row_of_the_segment(tmp_path: Path) -> None:
    plan = a_plan(*(waits(COMPOUND, {Choice.TRANSLATE: DYNAMIC}, n, recorded_size=n) for n in range(1, 6)))
    told = story(plan)
    FORMS["xlsx"](told, tmp_path)
    sheet = load_workbook(tmp_path / "report.xlsx")["What we need from you"]
    for asked in told.asks[0].segments:
        assert asked.row.legacy_id in [cell.value for cell in sheet[asked.line]]


def test_two_choices_that_would_send_the_same_are_one() -> None:
    one = waits(findings.size_far_off(30, 7, 0.02), {Choice.TRANSLATE: FROZEN, Choice.SNAPSHOT: FROZEN})
    (asked,) = story(a_plan(one)).asks[0].segments
    assert [way.choice for way in asked.ways] == ["translate", "skip"]


def test_nobody_is_advised_to_freeze_what_cannot_be_frozen() -> None:
    found = findings.column_not_stored("contact", "age", "calculated")
    nobody = Members(MemberSource.NONE)
    (ask,) = story(a_plan(waits(found, {}, members=nobody))).asks
    assert ask.advice == "Copy the value into a plain column, for example with a flow, and use that column instead."
    (ask,) = story(a_plan(waits(found, {Choice.SNAPSHOT: FROZEN}))).asks
    assert ask.advice.endswith("or freeze the members of now.")
    for way in ({}, {Choice.SNAPSHOT: FROZEN}):
        explained = {code: advice for code, _, _, advice, _ in story(a_plan(waits(found, way))).findings}
        assert ("freeze" in explained["column-not-stored"]) is bool(way)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_advice_reads_well_without_freezing(language: str) -> None:
    words = Words(language)
    for code, advice in english_advice().items():
        said = words.finding(code, "", advice)[1]
        shorter = without_freezing(said, words)
        assert not re.search(_FREEZING[language][1], shorter), code
        assert shorter == said or re.fullmatch(r"[A-ZÄÖÜÉ].*[.]", shorter), (code, shorter)


def english_advice() -> dict[str, str]:
    from tests.report.finding_samples import SAMPLES

    return {found.code: found.advice for found in SAMPLES}


def test_lists_that_are_unknown_come_with_the_command_that_imports_one() -> None:
    (asked,) = story(a_plan(waits(findings.members_unknown("x"), {}))).asks[0].segments
    assert asked.first == f"migrator import-members FILE --segment {segment(1)} --export a-run"
    assert asked.advice.startswith("We recommend no decision yet")
    assert [way.choice for way in asked.ways] == ["skip"]


def test_two_queries_that_differ_are_both_shown(tmp_path: Path) -> None:
    found = findings.queries_differ("PROFILE(contact).FILTER(b == 2)")
    one = waits(found, {Choice.TRANSLATE: DYNAMIC}, query="PROFILE(contact).FILTER(a == 1)", proposal="X")
    text = page(a_plan(one), tmp_path)
    assert "the other one is: PROFILE(contact).FILTER(b == 2)" in text


def test_the_more_cautious_of_two_recommendations_counts() -> None:
    open_to_it = [Offer("translate", True, 0, True), Offer("snapshot", False, 7, True), Offer("skip", False, 7, False)]
    asked = findings.query_behavioural("EmailOpened")
    assert recommended(open_to_it, [COMPOUND], Words()).choice == "translate"
    assert recommended(open_to_it, [COMPOUND, asked], Words()).choice == "snapshot"
    assert recommended(open_to_it, [COMPOUND, findings.mirrored_segment()], Words()).choice == "skip"
    assert recommended(open_to_it, [COMPOUND, findings.members_unknown("x")], Words()).choice == ""


def test_rules_speak_of_findings_that_there_are() -> None:
    asks = {code for code, (severity, _) in CATALOGUE.items() if severity in (Severity.DECISION, Severity.STOP)}
    assert _RULES.keys() <= asks
    assert asks >= IMPORTED


@pytest.mark.parametrize("anonymous", [False, True])
def test_a_finding_of_another_version_ends_no_report(anonymous: bool) -> None:
    strange = Finding("from-the-future", Severity.DECISION, "Nobody knew this then.", "Decide.")
    told = story(a_plan(waits(strange, {Choice.TRANSLATE: payload()})), anonymous=anonymous)
    (ask,) = told.asks
    assert "from-the-future" in repr(ask)
