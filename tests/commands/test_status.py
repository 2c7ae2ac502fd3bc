"""`migrator status`: where a run stands, what comes next, and where each segment stands; for people and for scripts."""

from __future__ import annotations

import csv
import io
import json
import shlex
import shutil
from pathlib import Path

import pytest

from migrator.contracts.run_folder import RunFolder
from migrator.sandbox.server import Running
from tests.conftest import Command
from tests.small import COMPOUND, DYNAMIC, LOST


@pytest.fixture
def planned(command: Command, small_export: Path) -> RunFolder:
    command("translate", "--from", small_export)
    (path,) = Path("reports").iterdir()
    return RunFolder(path)


def test_what_comes_next_is_said_with_its_command(command: Command, planned: RunFolder) -> None:
    out = command("status").out
    assert "6 segments: 4 planned, 2 waiting" in out
    assert "0 decided, 2 wait for a decision" in out
    assert f"Next: Decide about 2 segments: migrator report {planned.name} --open, then migrator approve" in out
    assert f"Next: Load the 4 that are planned: migrator load {planned.name}" in out
    command("approve", "Lost", "--as", "skip")
    assert "1 decided, 1 wait for a decision" in command("status").out


def test_scripts_get_the_same(command: Command, planned: RunFolder) -> None:
    status = json.loads(command("status", "--json").out)
    assert (status["run"], status["segments"], status["dry_run"]) == (planned.name, 6, True)
    assert status["standings"] == {"planned": 4, "waiting": 2}
    assert status["decisions"] == {"open": 2, "made": 0}
    assert status["stages"]["translated"]
    assert status["stages"]["loaded"] is None
    assert [step.rpartition(" ")[2] for step in status["next"]][-1] == planned.name


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        (("--standing", "waiting"), {COMPOUND, LOST}),
        (("--name", "os*"), {DYNAMIC}),
        (("--finding", "compound-segment"), {COMPOUND}),
        (("--standing", "waiting", "--name", "Lost"), {LOST}),
    ],
)
def test_segments_are_filtered(
    command: Command, planned: RunFolder, filters: tuple[str, ...], ids: set[object]
) -> None:
    rows = json.loads(command("status", "--segments", *filters, "--json").out)
    assert {row["legacy_id"] for row in rows} == {str(key) for key in ids}
    table = list(csv.DictReader(io.StringIO(command("status", "--csv", *filters).out)))
    assert [row["legacy_id"] for row in table] == [row["legacy_id"] for row in rows]
    lines = command("status", *filters).out.splitlines()
    assert len(lines) == len(ids)
    assert all(str(key) in "".join(lines) for key in ids)


def test_every_reason_stands_in_the_line(command: Command, planned: RunFolder) -> None:
    (line,) = command("status", "--standing", "waiting", "--name", "Both").out.splitlines()
    assert line.startswith("waiting               7 → –         Both (")
    assert "This is a compound segment" in line


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        (("--standing", "asleep"), "--standing cannot be asleep; it is one of verified"),
        (("--standing", "failed"), "None of the 6 segments of the run"),
    ],
)
def test_filters_that_mean_nothing_are_said(
    command: Command, planned: RunFolder, filters: tuple[str, ...], words: str
) -> None:
    result = command("status", *filters)
    assert result.code == 2
    assert words in result.err


@pytest.mark.quick
def test_after_a_good_run_what_is_left_is_said(command: Command, sandbox: Running) -> None:
    command("run", "--org", sandbox.address, "--name", "Five people", "--name", "Oslo")
    (path,) = Path("reports").iterdir()
    assert f"Next: Once journeys use the new segments: migrator retire {path.name}" in command("status").out


def test_a_run_that_ended_early_says_how_to_go_on(command: Command, planned: RunFolder) -> None:
    (planned.path / "plan.json").unlink()
    planned.update(translated="", reported="")
    out = command("status").out
    assert f"Next: Go on with it: migrator run --resume {planned.name}" in out


def test_the_help_follows_the_day(command: Command) -> None:
    out = command("--help").out
    parts = ["In one go:", "Prepare:", "Decide:", "Load:", "Check:", "Clean up:", "Practise:"]
    assert [out.index(part) for part in parts] == sorted(out.index(part) for part in parts)
    assert "--install-completion" in out


def test_what_comes_next_can_be_typed_wherever_the_run_lies(command: Command, planned: RunFolder) -> None:
    """A run beside the usual place is meant by its path: another of its name may lie in the usual place."""
    other = Path("another place") / planned.name
    shutil.copytree(planned.path, other)
    command("approve", "Lost", "--as", "skip", "--run", other)
    told = json.loads(command("status", other, "--json").out)["next"]
    typed = [shlex.split(step.partition("migrator ")[2].partition(", then ")[0]) for step in told]
    assert [words[0] for words in typed] == ["report", "load"]
    assert all(str(other) in words for words in typed)
    assert json.loads(command("status", typed[1][1], "--json").out)["decisions"]["made"] == 1
    assert f'migrator report "{other}" --open' in command("report", other).out
