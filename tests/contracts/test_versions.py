"""Every file of a run has a format, and what version 0.1.0 wrote is still read."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from migrator.base.errors import UsageError
from migrator.contracts.choices import Choice
from migrator.contracts.decisions import DECISIONS, decide, read_decisions
from migrator.contracts.export_folder import MANIFEST, member_reader, read_export
from migrator.contracts.journal import JOURNAL, LoadState, reading
from migrator.contracts.members import MemberSource
from migrator.contracts.plan import PLAN, PLAN_FORMAT, Outcome, read_plan
from migrator.contracts.run_folder import RunFolder
from migrator.contracts.verification import Match, Verification, read_verifications, write_verification
from migrator.contracts.versions import Format
from tests.conftest import Command
from tests.small import COMPOUND, DYNAMIC, INACTIVE, LOST, ROW_ONLY, STATIC

FIRST = Path(__file__).parent.parent / "fixtures" / "run-0.1.0"
"""A run that version 0.1.0 made of the small organisation: loaded, one segment decided, loaded again."""


@pytest.fixture
def first(tmp_path: Path) -> RunFolder:
    return RunFolder(shutil.copytree(FIRST, tmp_path / "reports" / "run-of-0.1.0"))


def test_the_fixture_is_what_the_first_version_wrote() -> None:
    assert "format" not in json.loads((FIRST / DECISIONS).read_text())
    assert "format" not in json.loads((FIRST / "verification-001.json").read_text())
    assert json.loads((FIRST / PLAN).read_text())["format"] == 1


def test_its_export_is_read(first: RunFolder) -> None:
    export = read_export(first.export)
    assert len(export.segments) == 6
    assert export.members[STATIC].count == 5
    assert export.members[LOST].source is MemberSource.NONE
    assert len(member_reader(first.export)(ROW_ONLY)) == 2


def test_its_plan_is_read_and_loads_the_same(first: RunFolder) -> None:
    plan = {segment.legacy_id: segment for segment in read_plan(first.path).segments}
    old = {segment["legacy_id"]: segment for segment in json.loads((FIRST / PLAN).read_text())["segments"]}
    assert plan[COMPOUND].outcome is Outcome.FLAGGED
    assert set(plan[COMPOUND].alternatives) == {Choice.TRANSLATE, Choice.SNAPSHOT}
    for key, segment in plan.items():
        sent = segment.payload
        assert (sent.definition if sent else None) == old[str(key)]["definition"]
        assert (sent.segment if sent else None) == old[str(key)]["segment"]


def test_its_decisions_are_read_and_kept_when_others_are_added(first: RunFolder) -> None:
    assert read_decisions(first.path) == {COMPOUND: Choice.SNAPSHOT}
    lost = next(segment for segment in read_plan(first.path).segments if segment.legacy_id == LOST)
    decide(first.path, [lost], Choice.SKIP)
    assert read_decisions(first.path) == {COMPOUND: Choice.SNAPSHOT, LOST: Choice.SKIP}
    assert json.loads((first.path / DECISIONS).read_text())["format"] == 3


def test_its_verifications_are_read(first: RunFolder) -> None:
    looks = read_verifications(first.path)
    assert [len(look.segments) for look in looks] == [4, 5]
    assert {seen.legacy_id: seen.match for seen in looks[1].segments}[INACTIVE] is Match.EXPLAINED


def test_its_journal_is_read(first: RunFolder) -> None:
    with reading(first.path / JOURNAL) as journal:
        results = journal.results()
        assert {key for key, one in results.items() if one.state is LoadState.LOADED} == {
            STATIC, DYNAMIC, COMPOUND, ROW_ONLY, INACTIVE,
        }  # fmt: skip
        assert len(journal.created()) == 10
        assert not journal.summary().mishaps


def test_commands_work_with_it(command: Command, first: RunFolder) -> None:
    status = command("status", first.path)
    assert status.code == 0
    assert "5 verified, 1 waiting" in status.out
    report = command("report", first.path, "--json")
    assert report.code == 0
    assert json.loads(report.out)["standings"] == {"verified": 5, "waiting": 1}


# --- newer ones ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "read"),
    [
        (PLAN, lambda run: read_plan(run.path)),
        (DECISIONS, lambda run: read_decisions(run.path)),
        ("verification-001.json", lambda run: read_verifications(run.path)),
        (f"export/{MANIFEST}", lambda run: read_export(run.export)),
    ],
)
def test_a_file_of_a_newer_format_is_refused_by_name(first: RunFolder, name: str, read: Any) -> None:
    content = json.loads((first.path / name).read_text())
    (first.path / name).write_text(json.dumps({**content, "format": 99}))
    with pytest.raises(UsageError, match="has format 99; this version of migrator reads up to") as error:
        read(first)
    assert "Install a newer version, from where this one came." in str(error.value)


def test_what_is_written_now_says_its_format(first: RunFolder) -> None:
    look = read_verifications(first.path)[0]
    write_verification(look, first.path)
    assert json.loads((first.path / "verification-003.json").read_text())["format"] == 1
    assert read_verifications(first.path)[2] == look
    assert PLAN_FORMAT == 3


def test_the_thousandth_look_comes_after_the_others(first: RunFolder) -> None:
    look = read_verifications(first.path)[0]
    (first.path / ".last-verification").write_text("998")
    for time in ("2026-11-29T00:00:00Z", "2026-11-30T00:00:00Z"):
        write_verification(replace(look, at=time), first.path)
    assert (first.path / "verification-1000.json").is_file()
    assert [one.at for one in read_verifications(first.path)][-2:] == ["2026-11-29T00:00:00Z", "2026-11-30T00:00:00Z"]


def test_upgrades_are_taken_one_after_the_other() -> None:
    form = Format((lambda one: {**one, "second": one["first"] + 1}, lambda two: {"third": two["second"] + 1}))
    assert form.number == 3
    assert form.of_now({"format": 1, "first": 1}, "It") == {"format": 3, "third": 3}
    assert form.of_now({"format": 2, "second": 5}, "It") == {"format": 3, "third": 6}
    assert form.of_now({"format": 3, "third": 9}, "It") == {"format": 3, "third": 9}


@pytest.mark.parametrize("content", [[], "x", None, {}, {"format": "x"}, {"format": 0}, {"format": None}])
def test_what_has_no_format_is_nothing(content: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Format().of_now(content, "It")


def test_the_number_of_a_look_never_comes_again(tmp_path: Path) -> None:
    for at in ("1", "2", "3"):
        write_verification(Verification(at, ()), tmp_path)
    (tmp_path / "verification-001.json").unlink()
    third = (tmp_path / "verification-003.json").read_bytes()
    write_verification(Verification("4", ()), tmp_path)
    assert (tmp_path / "verification-003.json").read_bytes() == third
    (tmp_path / "verification-004.json").unlink()
    write_verification(Verification("5", ()), tmp_path)
    assert [look.at for look in read_verifications(tmp_path)] == ["2", "3", "5"]
    assert (tmp_path / "verification-005.json").exists()
