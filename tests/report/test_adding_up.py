"""What a manager is told is added up of where the segments stand: nothing is left out, nothing is put elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migrator.base.errors import Exit
from migrator.commands.report import _exit_code
from migrator.contracts.history import Event
from migrator.contracts.journal import JournalSummary, LoadResult, LoadState, Mishap
from migrator.contracts.payload import PayloadKind, StaticGroup
from migrator.contracts.plan import Outcome
from migrator.contracts.verification import Match
from migrator.product import findings
from migrator.product.codes import DYNAMIC_SEGMENTS_MAX, SEGMENTS_MAX, STATIC_SEGMENTS_MAX
from migrator.report.compare import Totals, changes, compare, totals
from migrator.report.forms import FORMS, ready
from tests.report.test_report import a_plan, loaded, payload, planned, seen, story
from tests.small import contact, segment

STANDINGS: list[tuple[Outcome, LoadState | None, Match | None, bool, Exit]] = [
    (Outcome.READY, LoadState.LOADED, Match.EQUAL, True, Exit.DONE),
    (Outcome.READY, LoadState.LOADED, Match.EXPLAINED, True, Exit.DONE),
    (Outcome.READY, LoadState.LOADED, Match.DRIFTED, True, Exit.DONE),
    (Outcome.READY, LoadState.LOADED, Match.DRAFT, True, Exit.DONE),
    (Outcome.READY, LoadState.LOADED, Match.DIFFERENT, True, Exit.WAITING),
    (Outcome.READY, LoadState.LOADED, Match.UNKNOWN, True, Exit.WAITING),
    (Outcome.READY, LoadState.LOADED, None, True, Exit.WAITING),
    (Outcome.READY, None, None, True, Exit.FAILED),  # it was to be loaded, and was not
    (Outcome.READY, LoadState.FAILED, None, False, Exit.FAILED),
    (Outcome.FLAGGED, None, None, False, Exit.WAITING),
    (Outcome.BLOCKED, None, None, False, Exit.WAITING),
    (Outcome.SKIPPED, None, None, False, Exit.DONE),
]


def added_up(outcome: Outcome, state: LoadState | None, match: Match | None, *, dry_run: bool = False) -> Totals:
    results = {segment(1): LoadResult(segment(1), state)} if state else {}
    looks = {segment(1): seen(1, match, 10)} if match else {}
    return totals(compare(a_plan(planned(1, outcome=outcome)), results, looks, dry_run=dry_run).rows)


@pytest.mark.parametrize(("outcome", "state", "match", "carried", "code"), STANDINGS)
def test_what_is_in_the_organisation_counts_as_carried_over_and_the_exit_code_says_what_is_open(
    outcome: Outcome, state: LoadState | None, match: Match | None, carried: bool, code: Exit
) -> None:
    total = added_up(outcome, state, match)
    assert total.carried_over == int(carried)
    assert _exit_code(total, dry_run=False) is code


def test_a_dry_run_that_leaves_nothing_open_is_done() -> None:
    assert _exit_code(added_up(Outcome.READY, None, None, dry_run=True), dry_run=True) is Exit.DONE


@pytest.mark.parametrize(
    ("match", "words"),
    [
        (Match.DIFFERENT, "1 of 1 segments are carried over; 1 have other members than before."),
        (Match.DRIFTED, "1 of 1 segments are carried over; 1 drifted a little."),
        (Match.EQUAL, "1 of 1 segments are carried over, 1 of them with members that were compared and agree."),
    ],
)
def test_the_verdict_says_what_was_found(match: Match, words: str) -> None:
    told = story(a_plan(planned(1)), results=loaded(1), seen={segment(1): seen(1, match)})
    assert told.verdict == words


def test_decisions_are_asked_for_before_obstacles_and_the_reason_of_most_segments_first() -> None:
    alone = findings.members_unknown("gone")
    reasons = {
        1: [findings.compound_segment(2)],
        2: [findings.compound_segment(2), alone],
        3: [findings.query_missing()],
        4: [findings.query_missing()],
        5: [findings.query_missing(), findings.audience_not_contact("lead")],
    }
    plan = a_plan(
        *(
            planned(n, outcome=Outcome.FLAGGED if n < 3 else Outcome.BLOCKED, findings=tuple(found))
            for n, found in reasons.items()
        )
    )
    asked = [(ask.code, len(ask.segments)) for ask in story(plan).asks]
    assert asked == [("compound-segment", 2), ("members-unknown", 1), ("query-missing", 3), ("audience-not-contact", 1)]


def test_each_limit_is_set_against_the_segments_that_count_for_it() -> None:
    dynamic: dict[str, Any] = {"payload": payload(PayloadKind.DYNAMIC)}
    plan = a_plan(planned(1, **dynamic), planned(2, **dynamic), planned(3), planned(4, outcome=Outcome.BLOCKED))
    assert [(limit.key, limit.used, limit.most) for limit in story(plan).limits] == [
        ("all", 3, SEGMENTS_MAX),
        ("dynamic", 2, DYNAMIC_SEGMENTS_MAX),
        ("static", 1, STATIC_SEGMENTS_MAX),
    ]


@pytest.mark.parametrize("form", [form for form in ("html", "csv", "json", "md") if form in FORMS and ready(form)])
def test_an_anonymous_report_repeats_nothing_that_anybody_wrote(form: str, tmp_path: Path) -> None:
    secret = "Jürgen Secret"
    found = findings.members_unknown(secret)
    group = StaticGroup(contact(1), f"{secret} – members", 0, 10)
    plan = a_plan(
        planned(1, f"{secret} 1", payload=payload(PayloadKind.STATIC, group)),
        planned(2, f"{secret} 2", Outcome.FLAGGED, findings=(found,), query=f"f('{secret}')", english=secret),
        planned(3, f"{secret} 3"),
    )
    failed = LoadResult(segment(1), LoadState.FAILED, "publish", False, "0x5", f"No {secret}", "request-7")
    mishap = Mishap(segment(1), "publish", "2026-01-01T00:00:00Z", "0x6", f"Not {secret}", "request-8")
    look = seen(3, Match.DIFFERENT, 9)
    told: dict[str, Any] = {
        "results": {segment(1): failed, **loaded(3)},
        "seen": {segment(3): look},
        "journal": JournalSummary({"publish": (1, 1, 0)}, (mishap,), {}),
        "history": (
            Event("2026-01-01T00:00:00Z", "approve", secret, secret, secret, "translate"),
            Event("2026-01-01T00:00:00Z", "approve", secret, "", "", f"retire even if used: the journey “{secret}”"),
        ),
        "changes": changes(compare(plan, {}, {}, dry_run=False), compare(plan, loaded(1), {}, dry_run=False)),
        "changed_since": "another-run",
    }
    assert secret in FORMS[form](story(plan, **told), tmp_path).read_text(encoding="utf-8-sig").replace("\\u00fc", "ü")
    text = FORMS[form](story(plan, anonymous=True, **told), tmp_path).read_text(encoding="utf-8-sig")
    assert "Secret" not in text
