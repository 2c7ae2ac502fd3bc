"""What lies between the stages, at its edges: sentences with what was asked for, cells with what is known."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from migrator.base.errors import Retryable, UsageError
from migrator.base.ids import packed
from migrator.contracts.choices import Choice, Doubt
from migrator.contracts.cutover import CutoverLook, Item, Switch, read_looks, remember
from migrator.contracts.decisions import checksum_of_decided, decide
from migrator.contracts.doubts import doubts, doubts_about_exclusions
from migrator.contracts.export_check import check_export
from migrator.contracts.export_folder import member_file, read_export
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.history import HISTORY, Deed, Event, read_history, record
from migrator.contracts.journal import broken
from migrator.contracts.legacy_segment import segment_of
from migrator.contracts.members import Excluding, Members, MemberSource
from migrator.contracts.plan import PLAN, Outcome, Plan, TranslationSettings, check_export_of, write_plan
from migrator.contracts.run_folder import RUN, Goal, RunFolder, RunState, Task
from migrator.contracts.selection import Selection, nothing_chosen, selection_of, selects
from migrator.contracts.usage import Life
from migrator.extractor.redact import redact
from migrator.product.codes import LegacyStatus, LegacyType
from migrator.translator.translate import translate
from tests.small import LOST, ORGANISATION, STATIC, contact, row, segment

VIP = segment_of(row(segment(1), "VIP [2021]", LegacyType.STATIC, LegacyStatus.LIVE))
NEWS = segment_of(row(segment(2), "Newsletter", LegacyType.DYNAMIC, LegacyStatus.STOPPED))


def plan_of(export: Path) -> Plan:
    read = read_export(export)
    return translate(read, TranslationSettings(read.organisation))


# --- which segments --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "ids", "types", "statuses", "chosen"),
    [
        ([], [], [], [], "VN"),
        (["vip [2021]"], [], [], [], "V"),
        (["v*"], [], [], [], "V"),
        (["news?etter", "other"], [], [], [], "N"),
        ([], [str(VIP.id)], [], [], "V"),
        ([], [], ["Static"], [], "V"),
        ([], [], ["dynamic", "static"], [], "VN"),
        ([], [], [], ["Stopped"], "N"),
        ([], [], [], ["192350001"], "V"),
        (["VIP*"], [], ["dynamic"], [], ""),
        ([], [str(NEWS.id)], [], ["live"], ""),
    ],
)
def test_a_segment_passes_every_filter_that_is_given(
    names: list[str], ids: list[str], types: list[str], statuses: list[str], chosen: str
) -> None:
    selection = selection_of(names, ids, types, statuses)
    assert "".join(one.name[0] for one in (VIP, NEWS) if selects(selection, one)) == chosen
    assert bool(nothing_chosen(selection, [VIP, NEWS])) is (not chosen)


def test_filters_that_nothing_passes_are_all_named() -> None:
    given = Selection(("Newsleter",), (segment(9),), (192350002,), (192350003, 192350004))
    assert nothing_chosen(given, [VIP, NEWS]) == (
        f"None of the 2 segments passes the filter --name Newsleter, --id {segment(9)}, --type 192350002, "
        "--status 192350003, --status 192350004. Did you mean “Newsletter”? "
        "Check it, or leave a part of it out. Nothing was changed."
    )
    assert "Did you mean" not in nothing_chosen(Selection(types=(192350002,)), [VIP, NEWS])
    with pytest.raises(UsageError, match="--status cannot be alive; it is one of draft, live"):
        selection_of([], [], [], ["alive"])


# --- history ---------------------------------------------------------------------------------------------------------


def test_an_event_behind_one_that_was_cut_is_a_line_of_its_own(tmp_path: Path) -> None:
    first, second, third = (Event(f"2026-01-0{day}", "load", "Ana") for day in (1, 2, 3))
    record(tmp_path, [first])
    record(tmp_path, [second])
    assert (tmp_path / HISTORY).read_text().count("\n") == 2
    assert read_history(tmp_path) == [first, second]
    (tmp_path / HISTORY).write_bytes((tmp_path / HISTORY).read_bytes()[:-9])
    record(tmp_path, [third])
    cut = Event("", "", "", what="this line of the history cannot be read")
    assert read_history(tmp_path) == [first, cut, third]
    record(tmp_path, [])
    assert (tmp_path / HISTORY).read_text().count("\n") == 3


# --- plan and decisions ----------------------------------------------------------------------------------------------


def test_parts_of_a_split_segment_have_to_add_up_too(small_export: Path) -> None:
    export, plan = read_export(small_export), plan_of(small_export)
    (static,) = [one for one in plan.segments if one.legacy_id == STATIC]
    sent = static.payload
    assert sent is not None
    (group,) = sent.groups

    def part(first: int, count: int) -> Plan:
        payload = replace(sent, groups=(replace(group, first=first, count=count),))
        other = replace(static, legacy_id=segment(70), part_of=STATIC, payload=payload)
        whole = replace(static, payload=replace(sent, groups=(replace(group, count=3),)))
        return replace(plan, segments=(replace(whole, legacy_id=segment(71), part_of=STATIC), other))

    check_export_of(part(3, 2), export)
    for first, count in ((3, 1), (3, 3), (2, 2), (4, 1)):
        with pytest.raises(UsageError, match="do not add up"):
            check_export_of(part(first, count), export)


def test_the_table_of_a_plan_tells_what_is_known_and_leaves_empty_what_is_not(
    small_export: Path, tmp_path: Path
) -> None:
    plan = plan_of(small_export)
    unknown = tuple(replace(one, recorded_size=None) if one.legacy_id == LOST else one for one in plan.segments)
    write_plan(replace(plan, segments=unknown), tmp_path)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "plan.csv").read_text("utf-8-sig"))))
    found = {line["Segment"]: (line["Members before"], line["Groups"], line["Publish"]) for line in rows}
    assert found["Five people"] == ("5", "1", "yes")
    assert found["Lost"][0] == ""
    assert [UUID(line["Legacy id"]) for line in rows] == [one.legacy_id for one in plan.segments]


def test_what_was_decided_is_another_state_than_before(small_export: Path, tmp_path: Path) -> None:
    nothing = checksum_of_decided(tmp_path)
    write_plan(plan_of(small_export), tmp_path)
    planned = checksum_of_decided(tmp_path)
    flagged = [one for one in plan_of(small_export).segments if one.outcome is Outcome.FLAGGED]
    decide(tmp_path, flagged[:1], Choice.SKIP)
    decided = checksum_of_decided(tmp_path)
    (tmp_path / PLAN).write_bytes((tmp_path / PLAN).read_bytes() + b" ")
    assert len({nothing, planned, decided, checksum_of_decided(tmp_path)}) == 4


# --- what a refusal says ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        ("database or disk is full", Retryable, "The disk is full"),
        ("attempt to write a readonly database", UsageError, "cannot be written .*Check the rights"),
        ("unable to open database file", UsageError, "cannot be written .*Check the rights"),
        ("file is not a database", UsageError, "cannot be read .*Start a new run"),
    ],
)
def test_a_journal_that_refuses_says_what_to_do(error: str, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        raise broken(Path("journal.db"), sqlite3.OperationalError(error))


def test_a_damaged_state_of_a_run_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / RUN).write_text(json.dumps({"format": 2, "created": [1, 2], "org": {}}))
    with pytest.raises(UsageError, match=r"is damaged \(.*(error|newer)") as refused:
        RunFolder(tmp_path).state()
    assert "\n" not in str(refused.value)
    assert "input" not in str(refused.value)  # what stands there may be anything


# --- members ---------------------------------------------------------------------------------------------------------


def test_the_list_of_members_is_meant_unless_the_exclusions_are(small_export: Path) -> None:
    assert member_file(small_export, STATIC) == (small_export / f"members/{STATIC}.csv").resolve()
    assert member_file(small_export, STATIC, excluded=True) is None
    writer = ExportWriter.reopen(small_export)
    assert member_file(small_export, LOST) is None
    writer.exclusions(LOST, packed([contact(3)]))
    writer.finish()
    assert member_file(small_export, LOST) is None
    found = member_file(small_export, LOST, excluded=True)
    assert found is not None
    assert found.read_text().splitlines()[-1] == str(contact(3))


def test_a_list_of_which_nothing_is_said_is_in_no_doubt() -> None:
    assert doubts(Members(MemberSource.FILE, 5), VIP, 0.02) == {}
    assert doubts_about_exclusions(Members(MemberSource.FILE, 5, excluded=5, excluding=Excluding()), 0.02) == {}
    told = Excluding(unreadable=1, not_found=2, ambiguous=3)
    found = doubts_about_exclusions(Members(MemberSource.FILE, 5, excluded=5, excluding=told), 0.02)
    assert found == {Doubt.UNREADABLE: 1, Doubt.NOT_FOUND: 2, Doubt.AMBIGUOUS: 3}


# --- runs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goal", "done", "dry_run", "finished"),
    [
        (Goal.EXTRACT, {"extracted"}, False, True),
        (Goal.EXTRACT, set(), False, False),
        (Goal.TRANSLATE, {"extracted", "translated", "reported"}, False, True),
        (Goal.TRANSLATE, {"extracted", "translated"}, False, False),
        (Goal.RUN, {"reported", "loaded"}, False, True),
        (Goal.RUN, {"reported"}, False, False),
        (Goal.RUN, {"loaded"}, False, False),
        (Goal.RUN, {"reported"}, True, True),
        (None, {"reported", "loaded"}, False, True),
        (None, {"extracted"}, False, False),
    ],
)
def test_a_run_is_finished_when_everything_that_was_asked_for_was_tried(
    goal: Goal | None, done: set[str], dry_run: bool, finished: bool
) -> None:
    task = Task(goal=goal) if goal else None
    ended: dict[str, Any] = dict.fromkeys(done, "2026")
    state = replace(RunState("2026", dry_run=dry_run, task=task), **ended)
    assert state.finished is finished


# --- doubts ----------------------------------------------------------------------------------------------------------


def judged(
    kind: LegacyType, status: LegacyStatus, size: int | None, source: MemberSource, count: int | None, **found: Any
) -> dict[Doubt, int]:
    about = segment_of(row(segment(1), "S", kind, status, msdyncrm_segmentsize=size))
    return dict(doubts(replace(Members(source, count), **found), about, 0.1))


def test_when_nobody_is_left_it_may_be_that_people_were_lost() -> None:
    static, dynamic, live = LegacyType.STATIC, LegacyType.DYNAMIC, LegacyStatus.LIVE
    service, file = MemberSource.SERVICE, MemberSource.FILE
    nobody = {Doubt.NOBODY: 1}
    assert judged(static, live, 0, service, 0) == {}
    assert judged(static, live, 1, service, 0) == nobody
    assert judged(static, live, None, service, 0) == nobody
    assert judged(static, live, 0, file, 0) == nobody
    assert judged(dynamic, live, 5, service, 0) == {}
    assert judged(dynamic, live, 5, file, 0) == nobody
    assert judged(static, live, 5, service, 1) == {}
    assert judged(static, live, 5, service, None, gone=9) == {}
    for lost in ("gone", "not_found", "unreadable"):
        assert Doubt.NOBODY in judged(static, live, 0, service, 0, **{lost: 1})


def test_a_list_in_the_row_may_be_years_old() -> None:
    static, row_ = LegacyType.STATIC, MemberSource.ROW
    assert judged(static, LegacyStatus.LIVE, None, row_, 3) == {Doubt.ROW: 3}
    assert judged(static, LegacyStatus.LIVE, 3, row_, 3) == {}
    assert judged(static, LegacyStatus.DRAFT, None, row_, 3) == {}
    assert judged(static, LegacyStatus.LIVE, None, MemberSource.SERVICE, 3) == {}


def test_more_contacts_gone_than_the_tolerance_are_a_doubt() -> None:
    static, live, file = LegacyType.STATIC, LegacyStatus.LIVE, MemberSource.FILE
    assert judged(static, live, None, file, 9, gone=1) == {}
    assert judged(static, live, None, file, 8, gone=1) == {Doubt.GONE: 1}
    assert judged(static, live, None, file, 3, unreadable=2) == {Doubt.UNREADABLE: 2}
    assert judged(static, live, None, MemberSource.SERVICE, 3, unreadable=2) == {}

    def out(count: int | None, **found: Any) -> dict[Doubt, int]:
        left = Members(file, 5, excluded=count, excluding=replace(Excluding(), **found))
        return dict(doubts_about_exclusions(left, 0.1))

    assert out(0) == {Doubt.NOBODY: 1}
    assert out(1) == out(None) == {}
    assert out(9, gone=1) == {}
    assert out(8, gone=1) == {Doubt.GONE: 1}
    assert out(None, gone=1) == {}


SEPARATORS = "Oslo\u2028Bergen\u2029\x85"
"""Signs at which `str.splitlines` breaks lines, and JSON does not."""


def test_a_name_with_separators_of_lines_is_one_name_wherever_lines_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    writer = ExportWriter(folder, ORGANISATION, "2026-01-01T00:00:00Z")
    writer.segments([row(segment(1), SEPARATORS, LegacyType.STATIC, LegacyStatus.LIVE)])
    writer.finish()
    assert check_export(folder) == []
    assert redact(folder, tmp_path / "copy") == 0
    assert [one.name for one in read_export(tmp_path / "copy").segments] == [SEPARATORS]
    event = Event("2026-01-01T00:00:00Z", Deed.DECISION, "Ada", segment=SEPARATORS)
    record(tmp_path, [event, event])
    assert read_history(tmp_path) == [event, event]
    item = Item(
        Switch.TO_DO, UUID(int=1), SEPARATORS, False, "Live", Life.LIVE, segment(1), SEPARATORS, None, None, None
    )  # fmt: skip
    look = CutoverLook("2026-01-01T00:00:00Z", (item,))
    remember(look, tmp_path)
    assert read_looks(tmp_path) == [look]


def test_a_redacted_copy_names_no_file_in_a_question_and_no_creator_that_is_no_id(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    writer = ExportWriter(folder, ORGANISATION, "2026-01-01T00:00:00Z")
    named = {"_createdby_value": "Anna Larsson"}
    writer.segments([row(segment(n), f"List {n}", LegacyType.STATIC, LegacyStatus.LIVE) | named for n in (1, 2)])
    about = Excluding("Anna Larsson.csv", question="Which column of Anna Larsson.csv?")
    known = Members(MemberSource.FILE, origin="Anna Larsson.csv", question="Anna Larsson.csv: which?", excluding=about)
    writer.members(segment(1), packed([contact(1)]), known)
    writer.no_members(segment(2), Members(MemberSource.NONE, question="Anna Larsson.csv: which?", excluding=about))
    writer.finish()
    redact(folder, tmp_path / "copy")
    assert not [path for path in (tmp_path / "copy").rglob("*") if path.is_file() and b"Anna" in path.read_bytes()]
    for members in read_export(tmp_path / "copy").members.values():
        assert members.question
        assert members.excluding
        assert members.excluding.question
