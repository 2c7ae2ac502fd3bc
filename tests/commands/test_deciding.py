"""Decisions: one by one, many at once, in the workbook, in the page; who decided, when and why stays on record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from migrator.contracts.choices import Choice
from migrator.contracts.decisions import checksum_of, read_decisions
from migrator.contracts.history import HISTORY, Deed, Event, read_history, record
from migrator.contracts.plan import PlannedSegment, read_plan
from migrator.contracts.run_folder import RunFolder
from migrator.sandbox.server import Running
from tests.conftest import Command
from tests.small import COMPOUND, LOST


@pytest.fixture
def run(command: Command, small_export: Path) -> RunFolder:
    """A run of which two segments wait: a compound one, and one whose members are lost."""
    command("translate", "--from", small_export)
    (path,) = Path("reports").iterdir()
    return RunFolder(path)


def planned(run: RunFolder, key: Any) -> PlannedSegment:
    return next(one for one in read_plan(run.path).segments if one.legacy_id == key)


def entry(run: RunFolder, key: Any, decision: str, other: Mapping[str, str] = {}) -> dict[str, str]:
    segment = planned(run, key)
    known = {"id": str(key), "name": segment.name, "decision": decision, "checksum": checksum_of(segment)}
    return {**known, "who": "Ada", "why": "agreed"} | {**other}


def a_file(run: RunFolder, *entries: dict[str, str], about: str = "") -> Path:
    path = Path("decisions.json")
    path.write_text(json.dumps({"format": 1, "run": about or run.name, "decisions": list(entries)}))
    return path


# --- many at once ---


def test_every_segment_with_a_finding_is_decided_at_once(command: Command, run: RunFolder) -> None:
    result = command("approve", "--finding", "compound-segment", "--as", "translate", "--by", "Ada", "--reason", "yes")
    assert (result.code, read_decisions(run.path)) == (0, {COMPOUND: Choice.TRANSLATE})
    assert "“Both” → translate (by Ada: yes)" in result.out


def test_what_is_built_on_a_segment_that_is_left_behind_is_named(command: Command, run: RunFolder) -> None:
    """Both unites Five people and Oslo."""
    plan = json.loads((run.path / "plan.json").read_text())
    for segment in plan["segments"]:
        if segment["name"] == "Oslo":
            segment["outcome"] = "flagged"
            segment["alternatives"] = {"translate": segment["payload"]}
            segment["payload"] = None
    (run.path / "plan.json").write_text(json.dumps(plan))
    told = command("approve", "Both", "--as", "translate")
    assert told.code == 0
    assert "“Both” refers to “Oslo”, not carried over as it stands now: it waits until that is decided" in told.err
    waiting = {row["name"]: row["standing"] for row in json.loads(command("status", "--json", "--segments").out)}
    assert (waiting["Both"], waiting["Oslo"]) == ("waiting", "waiting")
    command("approve", "Oslo", "--as", "translate")
    assert "refers to" not in command("approve", "Both", "--as", "translate").err


def test_those_that_it_is_not_open_to_are_named_and_the_others_are_decided(command: Command, run: RunFolder) -> None:
    result = command("approve", "--name", "*", "--as", "translate")
    assert (result.code, read_decisions(run.path)) == (3, {COMPOUND: Choice.TRANSLATE})
    assert "“Lost” cannot be decided as translate; open are: skip" in result.err
    assert command("approve", "--name", "l?st", "--as", "skip").code == 0
    assert read_decisions(run.path) == {COMPOUND: Choice.TRANSLATE, LOST: Choice.SKIP}


def test_brackets_in_a_name_are_letters(command: Command, small_export: Path) -> None:
    rows = (small_export / "segments.jsonl").read_text()
    assert '"Both"' in rows
    lines = rows.replace('"Both"', '"[Both] of us"')
    (small_export / "segments.jsonl").write_text(lines)
    manifest = json.loads((small_export / "manifest.json").read_text())
    manifest["files"]["segments.jsonl"]["sha256"] = hashlib.sha256(lines.encode()).hexdigest()
    (small_export / "manifest.json").write_text(json.dumps(manifest))
    command("translate", "--from", small_export)
    assert command("approve", "--name", "[both] of us", "--as", "skip").code == 0
    assert command("status", "--name", "[Both] of us").code == 0


def test_a_dry_run_says_what_would_be_recorded(command: Command, run: RunFolder) -> None:
    result = command("approve", "--name", "Both", "--as", "snapshot", "--dry-run")
    assert (result.code, read_decisions(run.path), read_history(run.path)) == (0, {}, [])
    assert "“Both” → snapshot" in result.out
    assert "Nothing was recorded: 1 decision would be." in result.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Say which segments"),
        (("Both",), "--as is translate, snapshot, skip, adopt"),
        (("Both", "--as", "flag"), "--as is translate, snapshot, skip, adopt"),
        (("--finding", "no-such-thing", "--as", "skip"), "There is no finding no-such-thing"),
        (("--finding", "status-error", "--as", "skip"), "No segment of the run"),
        (("--from", "x.json", "--as", "skip"), "leave --as out"),
        (("--from", "x.json", "Both"), "Say which segments"),
        (("--from", "nowhere.json"), "nowhere.json cannot be read: No such file or directory. Check the path."),
        (("--from", "nowhere.xlsx"), "nowhere.xlsx cannot be read: No such file"),
    ],
)
def test_what_cannot_be_meant_is_said(command: Command, run: RunFolder, arguments: tuple[str, ...], words: str) -> None:
    result = command("approve", *arguments)
    assert result.code == 2
    assert words in result.err
    assert not read_decisions(run.path)


# --- from the page ---


def test_a_file_of_decisions_is_carried_out(command: Command, run: RunFolder) -> None:
    file = a_file(run, entry(run, COMPOUND, "snapshot"), entry(run, LOST, ""))
    assert command("approve", "--from", file).code == 0
    assert read_decisions(run.path) == {COMPOUND: Choice.SNAPSHOT}
    (event,) = read_history(run.path)
    assert (event.deed, event.by, event.reason, event.what) == (Deed.DECISION, "Ada", "agreed", "snapshot")
    assert event.segment == f"Both ({COMPOUND})"


def test_what_is_decided_twice_in_one_file_is_not_guessed(command: Command, run: RunFolder) -> None:
    both = entry(run, COMPOUND, "snapshot"), entry(run, COMPOUND, "translate")
    result = command("approve", "--from", a_file(run, *both, entry(run, LOST, "skip")))
    assert (result.code, read_decisions(run.path)) == (3, {LOST: Choice.SKIP})
    assert "“Both” is there twice, as snapshot and as translate. Decide about it once." in result.err
    twice = entry(run, COMPOUND, "snapshot"), entry(run, COMPOUND, "snapshot")
    assert command("approve", "--from", a_file(run, *twice)).code == 0
    assert read_decisions(run.path) == {LOST: Choice.SKIP, COMPOUND: Choice.SNAPSHOT}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"checksum": "0" * 16}, "“Both” has changed since the file was made"),
        ({"checksum": ""}, "“Both” has changed since the file was made"),
        ({"decision": "=1+1"}, "a formula stands where words are expected: =1+1"),
        ({"why": "=HYPERLINK(1)"}, "a formula stands where words are expected: =HYPERLINK(1)"),
        ({"decision": "perhaps"}, "perhaps is no decision"),
        ({"decision": "flag"}, "flag is no decision"),
        ({"id": "5e000000-0000-0000-0000-0000000000ff"}, "is no segment of this run's plan"),
        ({"id": "seven"}, "is no segment of this run's plan"),
    ],
)
def test_a_row_that_cannot_be_carried_out_is_named_and_the_others_are_recorded(
    command: Command, run: RunFolder, change: dict[str, str], words: str
) -> None:
    file = a_file(run, entry(run, COMPOUND, "translate", change), entry(run, LOST, "skip"))
    result = command("approve", "--from", file)
    assert (result.code, read_decisions(run.path)) == (3, {LOST: Choice.SKIP})
    assert words in result.err


@pytest.mark.parametrize("broken", ["", "[]", '{"run": 7}', '{"run": "x", "decisions": 7}', "[" * 100_000])
def test_a_file_that_is_none_is_refused(command: Command, run: RunFolder, broken: str) -> None:
    for name, words in (("decisions.json", "is no file of decisions"), ("decisions.xlsx", "is no workbook")):
        Path(name).write_text(broken)
        result = command("approve", "--from", name)
        assert (result.code, words in result.err) == (2, True)


def test_decisions_about_another_run_are_refused(command: Command, run: RunFolder) -> None:
    file = a_file(run, entry(run, COMPOUND, "translate"), about="2026-01-01-000000-other")
    result = command("approve", "--from", file)
    assert result.code == 2
    assert "about the run 2026-01-01-000000-other" in result.err


# --- from the workbook ---


@pytest.mark.parametrize(("language", "head"), [("en", "Decision"), ("de", "Entscheidung"), ("fr", "Décision")])
def test_the_workbook_is_filled_in_and_read_back(command: Command, run: RunFolder, language: str, head: str) -> None:
    command("report", "--format", "xlsx", "--language", language)
    book = load_workbook(run.path / "report.xlsx")
    sheet = next(one for one in book.worksheets if head in [cell.value for cell in one[1]])
    names = [str(cell.value) for cell in sheet[1]]
    assert [str(one.sqref) for one in sheet.data_validations.dataValidation] == ["I2", "I3"]
    for row in sheet.iter_rows(min_row=2):
        if row[0].value == "Both":
            row[names.index(head)].value = "Translate "
            row[names.index(head) + 1].value = "Grace"
            row[names.index(head) + 2].value = "as agreed"
    book.save("filled in.xlsx")
    assert command("approve", "--from", "filled in.xlsx").code == 0
    assert read_decisions(run.path) == {COMPOUND: Choice.TRANSLATE}
    assert [(one.by, one.reason) for one in read_history(run.path)] == [("Grace", "as agreed")]


def test_a_workbook_without_decisions_is_refused(command: Command, run: RunFolder) -> None:
    command("report", "--format", "xlsx")
    assert "holds no decision" in command("approve", "--from", run.path / "report.xlsx").err
    book = load_workbook(run.path / "report.xlsx")
    for sheet in book.worksheets[1:]:
        book.remove(sheet)
    book.save("other.xlsx")
    assert "has no sheet with decisions" in command("approve", "--from", "other.xlsx").err


# --- the history ---


def test_a_changed_decision_keeps_its_history(command: Command, run: RunFolder) -> None:
    command("approve", "Both", "--as", "translate", "--by", "Ada", "--reason", "first")
    command("approve", "Both", "--as", "snapshot", "--by", "Grace", "--reason", "second thoughts")
    assert [(one.by, one.reason, one.what) for one in read_history(run.path)] == [
        ("Ada", "first", "translate"),
        ("Grace", "second thoughts", "snapshot instead of translate"),
    ]
    command("report", "--format", "all")
    for name in ("report.html", "report.json"):
        text = (run.path / name).read_text()
        assert "second thoughts" in text
        assert "snapshot instead of translate" in text
    command("report", "--format", "all", "--anonymise")
    for name in ("report.html", "report.json", "summary.md", "report.csv"):
        assert "Grace" not in (run.path / name).read_text()


@pytest.mark.quick
def test_whoever_changes_the_organisation_is_on_record(command: Command, sandbox: Running) -> None:
    command("run", "--org", sandbox.address, "--reason", "the great day")
    command("retry", "Oslo")
    command("rollback", "--yes", "--reason", "too early")
    (path,) = Path("reports").iterdir()
    command("rollback", path.name, "Oslo", "--yes")  # of which nothing is left: nothing is done, and nothing noted
    user = f"Sandbox user ({sandbox.organisation.user})"
    assert [(one.deed, one.by, one.reason) for one in read_history(path)] == [
        (Deed.RUN, user, "the great day"),
        (Deed.ROLLBACK, user, "too early"),
        (Deed.ROLLBACK, user, "too early"),
    ]
    assert [one.what for one in read_history(path)][1:] == ["to delete: 4", "deleted: 4, left as they were: 0"]


def test_a_history_that_was_cut_is_read_and_written_on(tmp_path: Path) -> None:
    one = Event("2026-01-01T00:00:00Z", Deed.LOAD, "Ada")
    record(tmp_path, [one])
    with (tmp_path / HISTORY).open("a") as file:
        file.write('{"at": "2026-01-0')
    record(tmp_path, [one])
    first, cut, last = read_history(tmp_path)
    assert (first, last) == (one, one)
    assert "cannot be read" in cut.what
    assert (tmp_path / HISTORY).stat().st_mode & 0o077 == 0
