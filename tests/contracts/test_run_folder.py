"""Runs: which one a person means, which one can be gone on with, and who works on it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from migrator.base.atomic import private_folder
from migrator.base.errors import UsageError
from migrator.contracts.history import HISTORY, Deed, Event, read_history, record
from migrator.contracts.run_folder import (
    Goal,
    RunFolder,
    RunState,
    Task,
    all_runs,
    discard_if_empty,
    find_run,
    new_run,
    not_loaded,
    unfinished_run,
    working_on,
)

ORG = "https://contoso.crm4.dynamics.com"


def made(out: Path, name: str, created: str, **state: object) -> RunFolder:
    (out / name).mkdir(parents=True)
    run = RunFolder(out / name)
    (run.path / "run.json").write_text('{"created": "", "format": 1}')
    run.update(created=created, **state)
    return run


@pytest.mark.parametrize(
    ("org", "ending"),
    [
        (ORG, "contoso"),
        ("contoso.crm4.dynamics.com", "contoso"),
        ("http://127.0.0.1:8080", "sandbox"),
        ("http://localhost:8080", "sandbox"),
        ("", "export"),
    ],
)
def test_a_run_is_named_for_its_organisation(tmp_path: Path, org: str, ending: str) -> None:
    first, second = (new_run(tmp_path / "out", org, dry_run=True) for _ in range(2))
    assert first.name.split("-", 4)[4] in (ending, f"{ending}-2")
    assert second.name != first.name
    assert (first.state().org, first.state().dry_run) == (org, True)
    assert [run.name for run in all_runs(tmp_path / "out")] == [first.name, second.name]


def test_runs_are_in_the_order_of_their_time_and_then_of_their_numbers(tmp_path: Path) -> None:
    for name, created in (("b-10", "2026-01-02"), ("b-9", "2026-01-02"), ("z", "2026-01-01"), ("a", "2026-01-03")):
        made(tmp_path, name, created)
    (tmp_path / "c").mkdir()
    assert [run.name for run in all_runs(tmp_path)] == ["z", "b-9", "b-10", "a"]
    (tmp_path / "a" / "run.json").write_text("{")
    assert [run.name for run in all_runs(tmp_path)] == ["a", "z", "b-9", "b-10"]


def test_a_run_is_found_by_its_name_its_folder_or_as_the_latest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no run under .*out/ yet\. Start one with: migrator run"):
        find_run(None, tmp_path / "out")
    with pytest.raises(UsageError, match=r"x is no run folder and no run under .*There are no runs under .*out/\."):
        find_run("x", tmp_path / "out")
    for number in range(1, 8):
        made(tmp_path / "out", f"r{number}", f"2026-01-0{number}")
    assert find_run(None, tmp_path / "out").name == "r7"
    assert find_run("r2", tmp_path / "out").name == "r2"
    assert find_run(str(tmp_path / "out" / "r3"), tmp_path / "elsewhere").name == "r3"
    with pytest.raises(UsageError, match=r"The latest under .*out/ are: r3, r4, r5, r6, r7\."):
        find_run("r8", tmp_path / "out")


@pytest.mark.parametrize(
    ("task", "state", "finished"),
    [
        (None, {}, False),
        (None, {"reported": "t"}, False),
        (None, {"reported": "t", "loaded": "t"}, True),
        (Task(), {"loaded": "t"}, False),
        (Task(), {"reported": "t", "dry_run": True}, True),
        (Task(Goal.EXTRACT), {}, False),
        (Task(Goal.EXTRACT), {"extracted": "t"}, True),
        (Task(Goal.TRANSLATE), {"extracted": "t"}, False),
        (Task(Goal.TRANSLATE), {"reported": "t"}, True),
    ],
)
def test_a_run_is_finished_when_all_it_was_asked_for_was_tried(
    task: Task | None, state: dict[str, object], finished: bool
) -> None:
    assert RunState("t", task=task, **state).finished is finished  # type: ignore[arg-type]


def test_the_latest_run_that_has_not_ended_is_gone_on_with(tmp_path: Path) -> None:
    assert unfinished_run(tmp_path) is None
    first = made(tmp_path, "a", "2026-01-01", task=Task(), org=ORG)
    assert unfinished_run(tmp_path) == first
    made(tmp_path, "b", "2026-01-02", task=Task(), org="https://other.crm4.dynamics.com", reported="t", loaded="t")
    made(tmp_path, "c", "2026-01-03")  # nobody wrote down what it was asked for
    made(tmp_path, "d", "2026-01-04")
    (tmp_path / "d" / "run.json").write_text("{")
    assert unfinished_run(tmp_path) is None  # the latest one has ended
    assert unfinished_run(tmp_path, ORG) == first
    assert unfinished_run(tmp_path, "https://nobody.crm4.dynamics.com") is None


def test_what_is_damaged_is_named_with_the_first_line_of_the_reason(tmp_path: Path) -> None:
    run = made(tmp_path, "a", "2026-01-01")
    (run.path / "run.json").write_text('{"created": 5, "format": 1, "loaded": []}')
    with pytest.raises(
        UsageError, match=r"run\.json is damaged \(2 validation errors for RunState\)\. Start a new run"
    ):
        run.state()


def test_an_empty_run_is_removed_and_one_with_members_kept(tmp_path: Path) -> None:
    empty, begun, whole = (made(tmp_path, name, "2026-01-01") for name in ("a", "b", "c"))
    (begun.export / ".partial").mkdir(parents=True)
    (begun.export / ".partial" / "members.csv").write_text("x")
    whole.update(extracted="t")
    for run in (empty, begun, whole):
        discard_if_empty(run)
    assert [run.name for run in all_runs(tmp_path)] == ["b", "c"]


def test_a_loaded_run_keeps_its_plan(tmp_path: Path) -> None:
    run = made(tmp_path, "a", "2026-01-01")
    not_loaded(run)
    run.update(loaded="t")
    with pytest.raises(UsageError, match="The run a has been loaded; its plan is not changed any more"):
        not_loaded(run)


def test_one_process_at_a_time_works_on_a_run_and_leaves_its_log(tmp_path: Path) -> None:
    import os

    run = made(tmp_path, "a", "2026-01-01")
    with working_on(run):
        logging.getLogger("migrator.test").info("something was done")
        logging.getLogger("migrator.test").debug("too much to tell")
        with (
            pytest.raises(UsageError, match=rf"Another process \(id {os.getpid()}\) works on the run a\."),
            working_on(run),
        ):
            pass
        (run.path / "run.pid").unlink(missing_ok=True)
    logging.getLogger("migrator.test").info("after its end")
    log = (run.path / "run.log").read_text()
    assert "INFO migrator.test something was done" in log
    assert "too much" not in log
    assert "after its end" not in log
    with working_on(run):
        pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_log_that_cannot_be_written_ends_nothing_and_says_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = made(tmp_path, "a", "2026-01-01")
    (run.path / "run.log").symlink_to("/dev/full")
    with working_on(run):
        logging.getLogger("migrator.test").info("something was done")
    assert capsys.readouterr().err == ""
    with working_on(run):  # it was let go of
        pass


# --- history ---------------------------------------------------------------------------------------------------------


def test_events_are_added_and_read_in_their_order(tmp_path: Path) -> None:
    first = Event("2026-01-01T00:00:00Z", Deed.DECISION, "Zoë", "weil", "VIP (1)", "skip")
    second = Event("2026-01-02T00:00:00Z", Deed.LOAD, "Bo")
    record(tmp_path, [first])
    record(tmp_path, [])
    record(tmp_path, [second])
    assert read_history(tmp_path) == [first, second]
    assert (tmp_path / HISTORY).read_bytes().count(b"\n") == 2


def test_an_event_that_was_cut_costs_itself_alone(tmp_path: Path) -> None:
    event = Event("2026-01-01T00:00:00Z", Deed.LOAD, "Bo")
    record(tmp_path, [event, event])
    path = tmp_path / HISTORY
    path.write_bytes(path.read_bytes()[:-10])
    record(tmp_path, [event])
    told = read_history(tmp_path)
    assert [one.by for one in told] == ["Bo", "", "Bo"]
    assert told[1].what == "this line of the history cannot be read"
    assert read_history(tmp_path / "nowhere") == []


def test_folders_above_a_private_one_are_private_too(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir(mode=0o755)
    assert private_folder(old / "a" / "b" / "c").is_dir()
    assert private_folder(old / "a" / "b" / "c").is_dir()  # there already
    assert old.stat().st_mode & 0o777 == 0o755
    for made in ("a", "a/b", "a/b/c"):
        assert (old / made).stat().st_mode & 0o777 == 0o700


def test_the_lock_of_a_run_is_private(tmp_path: Path) -> None:
    run = new_run(tmp_path / "reports", ORG, dry_run=False)
    with working_on(run):
        assert [path.name for path in run.path.iterdir() if path.stat().st_mode & 0o077] == []
