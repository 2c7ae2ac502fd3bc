"""After a run: going on with it, taking it back, retiring what came before, and looking again on later days."""

from __future__ import annotations

import io
import json
import re
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from migrator.cli import runs
from migrator.commands import load as loading_commands
from migrator.contracts.history import read_history
from migrator.dataverse.errors import Unreachable
from migrator.product.codes import LegacyStatus
from migrator.sandbox import realtime
from migrator.sandbox.refusal import bad_request
from migrator.sandbox.server import Running
from tests.conftest import Command
from tests.small import DYNAMIC, INACTIVE, STATIC, contact
from tests.test_interruption import posix_only, start, until


@pytest.fixture
def migrated(command: Command, sandbox: Running) -> Running:
    assert command("run", "--org", sandbox.address, "--compound", "translate").code == 3
    assert len(sandbox.organisation.rows["msdynmkt_segment"]) == 5
    return sandbox


def answers(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(runs, "at_a_keyboard", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{text}\n"))


def names(server: Running) -> set[str]:
    return {row["msdynmkt_displayname"] for row in server.organisation.rows["msdynmkt_segment"].values()}


def segment_called(server: Running, name: str) -> str:
    return next(
        key for key, row in server.organisation.rows["msdynmkt_segment"].items() if row["msdynmkt_displayname"] == name
    )


# --- rolling back ----------------------------------------------------------------------------------------------------


@pytest.mark.quick
def test_rolling_back_deletes_what_the_run_created_and_nothing_else(command: Command, migrated: Running) -> None:
    other = "99999999-0000-4000-8000-000000000001"
    migrated.organisation.create("msdynmkt_segmentdefinition", {"msdynmkt_segmentdefinitionid": other})
    result = command("rollback", "--yes")
    assert result.code == 0, result.err
    assert migrated.organisation.rows["msdynmkt_segment"] == {}
    assert list(migrated.organisation.rows["msdynmkt_segmentdefinition"]) == [other]
    assert migrated.organisation.groups == {}
    assert "“Five people” is rolled back." in result.out
    assert "5 rolled back" in command("report").out


def test_the_journal_stays_as_evidence(command: Command, migrated: Running, tmp_path: Path) -> None:
    command("rollback", "--yes")
    (journal,) = tmp_path.glob("reports/*/journal.db")
    with closing(sqlite3.connect(journal)) as database:
        steps = dict(database.execute("SELECT step, count(*) FROM steps GROUP BY step").fetchall())
    assert steps["create segment"] == steps["delete segment"] == 5
    assert steps["create definition"] == steps["delete definition"] == 5


def test_rolling_back_asks_first(command: Command, migrated: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "n")
    result = command("rollback")
    assert result.code == 2
    assert "5 segments that the run 20" in result.err
    assert "Nothing was changed." in result.err
    assert len(names(migrated)) == 5
    answers(monkeypatch, "y")
    assert command("rollback").code == 0
    assert names(migrated) == set()


def test_some_segments_can_be_rolled_back(command: Command, migrated: Running, tmp_path: Path) -> None:
    (run,) = (tmp_path / "reports").iterdir()
    assert command("rollback", run.name, "Everybody", "--yes").code == 0
    assert names(migrated) == {"Five people", "Oslo", "Both", "In its row"}


def test_what_another_segment_uses_stays_and_the_user_is_named(
    command: Command, migrated: Running, tmp_path: Path
) -> None:
    (run,) = (tmp_path / "reports").iterdir()
    result = command("rollback", run.name, "Oslo", "--yes")
    assert result.code == 4
    assert "“Oslo”" in result.err
    assert "used by the segment “Both”" in result.err
    assert "Oslo" in names(migrated)


def test_what_a_journey_uses_stays_and_the_journey_is_named(command: Command, migrated: Running) -> None:
    key = segment_called(migrated, "Everybody")
    migrated.organisation.journeys[key] = ["Welcome"]
    result = command("rollback", "--yes")
    assert result.code == 4
    assert "used by the journey “Welcome”" in result.err
    assert names(migrated) == {"Everybody"}
    del migrated.organisation.journeys[key]
    assert command("rollback", "--yes").code == 0
    assert names(migrated) == set()


def test_what_was_there_before_the_run_is_not_rolled_back(command: Command, migrated: Running, tmp_path: Path) -> None:
    (first,) = (tmp_path / "reports").iterdir()
    assert command("run", "--org", migrated.address, "--compound", "translate").code == 3
    (second,) = {*(tmp_path / "reports").iterdir()} - {first}
    result = command("rollback", second.name, "--yes")  # it created nothing
    assert result.code == 0
    assert "created nothing" in result.err
    assert len(names(migrated)) == 5


def test_after_rolling_back_the_plan_can_be_loaded_again(command: Command, migrated: Running) -> None:
    command("rollback", "--yes")
    assert command("load").code == 3
    assert len(names(migrated)) == 5
    assert command("rollback", "--yes").code == 0
    assert names(migrated) == set()


def test_a_run_that_loaded_nothing_has_nothing_to_roll_back(command: Command, sandbox: Running) -> None:
    command("run", "--org", sandbox.address, "--dry-run")
    for verb in ("rollback", "retire"):
        result = command(verb, "--yes")
        assert result.code == 2
        assert "has loaded nothing" in result.err


# --- retiring --------------------------------------------------------------------------------------------------------


def legacy(server: Running, segment: Any) -> Any:
    return server.organisation.rows["msdyncrm_segment"].get(str(segment), {}).get("statuscode")


def test_retiring_stops_what_is_verified_through_stopping(command: Command, migrated: Running) -> None:
    moves = []
    rules = migrated.organisation.rules["msdyncrm_segment"]
    update = rules.update

    def watching(organisation: Any, old: Any, row: Any) -> None:
        moves.append((old["statuscode"], row["statuscode"]))
        update(organisation, old, row)

    rules.update = watching  # type: ignore[method-assign]
    result = command("retire", "--yes")
    assert result.code == 0, result.err
    assert set(moves) == {(int(LegacyStatus.LIVE), int(LegacyStatus.STOPPING))}
    assert len(moves) == 4

    def stopped() -> bool:
        migrated.organisation.settle()
        return bool(legacy(migrated, STATIC) == LegacyStatus.STOPPED)

    until(stopped)
    assert "“Five people”: stopping." in result.out
    assert "“In its row”: was stopped already." in result.out


def test_what_is_not_verified_is_not_retired(command: Command, migrated: Running, tmp_path: Path) -> None:
    migrated.organisation.rows["contact"][str(contact(1))]["address1_city"] = "Oslo"
    migrated.organisation._touched("contact")
    key = segment_called(migrated, "Oslo")
    migrated.organisation.rows["msdynmkt_segment"][key]["statuscode"] = 1
    realtime._compute(migrated.organisation, key)
    (run,) = (tmp_path / "reports").iterdir()
    command("verify")
    result = command("retire", run.name, "Oslo", "--yes")
    assert result.code == 2
    assert "successor is not verified (different)" in result.err
    assert command("retire", "--yes").code == 0
    assert legacy(migrated, DYNAMIC) == LegacyStatus.LIVE
    assert legacy(migrated, STATIC) != LegacyStatus.LIVE


def test_rolling_back_what_was_retired_says_that_its_people_are_nowhere_then(
    command: Command, migrated: Running
) -> None:
    assert "in no live segment of either side" not in command("rollback", "--yes").err
    command("load", "--yes", "--org", migrated.address)
    command("retire", "--yes")
    result = command("rollback", "--yes")
    stopped = sum(
        row["statuscode"] in (LegacyStatus.STOPPING, LegacyStatus.STOPPED)
        for key, row in migrated.organisation.rows["msdyncrm_segment"].items()
        if key in {str(STATIC), str(DYNAMIC)}
    )
    assert stopped
    assert re.search(r"of \d+ of them were stopped or deleted by migrator retire", result.err.replace("\n", " "))


def test_who_is_in_a_live_segment_that_was_planned_as_a_draft_is_in_a_live_segment(
    command: Command, sandbox: Running, tmp_path: Path
) -> None:
    command("run", "--org", sandbox.address, "--name", "Five*")
    again = command("run", "--org", sandbox.address, "--name", "Five*", "--drafts-only", "--new")
    assert "Of 5 people whose membership is known, 5 are in a live segment again." in again.err + again.out
    *_, last = sorted((tmp_path / "reports").iterdir())
    assert "It is live, although the plan leaves it a draft." in (last / "report.html").read_text()
    (definition,) = sandbox.organisation.rows["msdynmkt_segmentdefinition"].values()
    definition["statuscode"] = 723270001
    told = command("verify", last.name)
    assert "0 are in a live segment again" in told.err + told.out
    assert "although the plan" not in (last / "report.html").read_text()


def test_what_was_done_is_told_also_where_the_organisation_then_says_no_more_who_did_it(
    command: Command, migrated: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[None] = []

    async def once(_: Any) -> str:
        asked.append(None)
        if len(asked) > 1:
            raise Unreachable("it does not answer")
        return "Ada"

    monkeypatch.setattr(loading_commands, "who", once)
    result = command("rollback", "--yes")
    assert (result.code, result.out.count("is rolled back.")) == (0, 5)
    (run,) = Path("reports").iterdir()
    assert [(one.by, one.what) for one in read_history(run)][-1] == ("Ada", "deleted: 5, left as they were: 0")


def test_a_run_is_not_compared_with_itself(command: Command, migrated: Running, tmp_path: Path) -> None:
    (run,) = (tmp_path / "reports").iterdir()
    result = command("report", run.name, "--compare", run.name)
    assert (result.code, "names the run" in result.err) == (2, True)


def test_segments_with_one_name_are_told_apart_by_their_ids(command: Command, sandbox: Running) -> None:
    rows = sandbox.organisation.rows["msdyncrm_segment"]
    rows[str(INACTIVE)]["msdyncrm_segmentname"] = rows[str(STATIC)]["msdyncrm_segmentname"]
    command("run", "--org", sandbox.address)
    for doing, what in (("retire", ": stopping"), ("rollback", " is rolled back")):
        said = command(doing, "--yes").out
        for key in (STATIC, INACTIVE):
            assert f"“Five people” ({key}){what}" in said
        assert "“In its row”" in said


def test_what_was_rolled_back_is_not_retired(command: Command, migrated: Running) -> None:
    command("rollback", "--yes")
    assert "nothing is changed" in command("retire", "--yes").err
    assert legacy(migrated, STATIC) == LegacyStatus.LIVE


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("rollback",), "Add --yes and --org URL to agree beforehand."),
        (("retire",), "Add --yes and --org URL to agree beforehand."),
        (("retire", "--delete"), "agreed to by typing alone"),
        (("retire", "--delete", "--yes"), "agreed to by typing alone"),
    ],
)
def test_where_nobody_can_be_asked_nothing_is_taken_away_and_that_is_said(
    command: Command, migrated: Running, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))  # what comes through a pipe is nobody's answer
    before = names(migrated)
    result = command(*arguments)
    assert result.code == 2
    assert "Nobody can be asked here, since there is no keyboard" in result.err
    assert words in result.err
    assert "Nothing was changed." in result.err
    assert "Go on?" not in result.err + result.out
    assert names(migrated) == before
    assert legacy(migrated, STATIC) == LegacyStatus.LIVE


def test_deleting_needs_words_to_be_typed(command: Command, migrated: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "yes")
    result = command("retire", "--delete", "--yes")
    assert result.code == 2
    assert "This cannot be undone" in result.out + result.err
    assert legacy(migrated, STATIC) == LegacyStatus.LIVE
    answers(monkeypatch, "delete 5")
    result = command("retire", "--delete")
    assert result.code == 0, result.err
    assert legacy(migrated, STATIC) is None
    assert legacy(migrated, INACTIVE) is None
    assert len(migrated.organisation.rows["msdyncrm_segment"]) == 1  # the one whose members are lost


# --- going on --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@posix_only
@pytest.mark.parametrize("stage", ["extracting", "loading"])
def test_a_killed_run_goes_on_with_what_it_was_asked_for(
    command: Command, sandbox: Running, tmp_path: Path, stage: str
) -> None:
    process = start(
        "run", "--org", sandbox.address, "--yes", "--parallel", "1", "--quiet", "--type", "static", "--drafts-only"
    )
    if stage == "extracting":
        until(lambda: list(tmp_path.glob("reports/*/export/segments.jsonl")))
    else:
        until(lambda: sandbox.organisation.rows["msdynmkt_segmentdefinition"])
    process.kill()
    process.communicate()
    result = command("run", "--resume")
    assert result.code == 3, result.err
    assert names(sandbox) == {"Five people", "In its row"}
    assert {row["statuscode"] for row in sandbox.organisation.rows["msdynmkt_segmentdefinition"].values()} == {
        723270001
    }
    assert len(list((tmp_path / "reports").iterdir())) == 1


@pytest.mark.slow
@posix_only
def test_ctrl_c_lets_what_is_in_flight_end_and_the_run_goes_on(command: Command, sandbox: Running) -> None:
    process = start("run", "--org", sandbox.address, "--yes", "--parallel", "2", "--quiet")
    until(lambda: sandbox.organisation.rows["msdynmkt_segmentdefinition"])
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode in (130, 3)
    if process.returncode == 130:
        assert "migrator run --resume" in err
        (journal,) = Path().glob("reports/*/journal.db")
        with closing(sqlite3.connect(journal)) as database:
            open_steps = database.execute(
                "SELECT count(*) FROM steps WHERE confirmed_at IS NULL AND failed_at IS NULL"
            ).fetchone()
        assert open_steps == (0,)
        assert command("run", "--resume").code == 3
    assert len(names(sandbox)) == 4


def test_a_finished_run_is_not_gone_on_with(command: Command, migrated: Running) -> None:
    result = command("run", "--resume")
    assert result.code == 2
    assert "No run under reports/ is unfinished" in result.err


def test_a_run_without_resume_says_what_is_missing(command: Command, migrated: Running) -> None:
    result = command("run", "some-run")
    assert result.code == 2
    assert "migrator run --resume some-run" in result.err


def unfinished(tmp_path: Path) -> Path:
    (run,) = (tmp_path / "reports").iterdir()
    state = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**state, "reported": "", "loaded": ""}))
    return run


@pytest.mark.parametrize(("answer", "code"), [("y", 3), ("n", 2)])
def test_an_unfinished_run_is_offered(
    command: Command, migrated: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    unfinished(tmp_path)
    answers(monkeypatch, answer)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    assert command("run", "--org", migrated.address).code == code
    assert len(list((tmp_path / "reports").iterdir())) == 1


def test_where_nobody_can_be_asked_the_unfinished_run_is_named(
    command: Command, migrated: Running, tmp_path: Path
) -> None:
    run = unfinished(tmp_path)
    result = command("run", "--org", migrated.address)
    assert f"migrator run --resume {run.name}" in result.err


# --- looking again, trying again -------------------------------------------------------------------------------------


def test_each_look_adds_a_column(command: Command, migrated: Running, tmp_path: Path) -> None:
    (run,) = (tmp_path / "reports").iterdir()
    assert "Earlier looks" not in (run / "report.html").read_text()
    migrated.organisation.delete("contact", str(contact(9)))
    key = segment_called(migrated, "Oslo")
    migrated.organisation.rows["msdynmkt_segment"][key]["statuscode"] = 1
    realtime._compute(migrated.organisation, key)
    command("verify", "--wait-computation", "5")
    assert len(list(run.glob("verification-*.json"))) == 2
    page = (run / "report.html").read_text()
    assert "Earlier looks" in page


def test_nobody_waits_for_computations_who_does_not_want_to(command: Command, sandbox: Running) -> None:
    sandbox.organisation.computing = 3600
    result = command("run", "--org", sandbox.address, "--no-wait")
    assert result.code == 3
    assert "3 not verified" in result.out


def test_everything_that_failed_is_tried_again(
    command: Command, sandbox: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = realtime.ACTIONS["msdynmkt_PublishSegmentDefinition"]

    def refuse(*_: Any) -> Any:
        raise bad_request("not now", "0x80040299")

    monkeypatch.setitem(realtime.ACTIONS, "msdynmkt_PublishSegmentDefinition", refuse)
    assert command("run", "--org", sandbox.address).code == 4
    monkeypatch.setitem(realtime.ACTIONS, "msdynmkt_PublishSegmentDefinition", publish)
    result = command("retry", "--all-failed")
    assert result.code == 0, result.err
    assert "4 verified" in result.out
    result = command("retry", "--all-failed")
    assert "No segment of this run failed" in result.err
    assert command("retry").code == 2


# --- several accounts ------------------------------------------------------------------------------------------------


def test_work_is_spread_over_several_accounts(
    command: Command, small_export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    from migrator.sandbox.chaos import Profile
    from migrator.sandbox.data import load
    from migrator.sandbox.server import running

    (tmp_path / "accounts.toml").write_text(
        '[[account]]\nclient_id = "one"\n[[account]]\nclient_id = "two"\nsecret_variable = "SECRET_TWO"\n'
    )
    monkeypatch.setenv("SECRET_TWO", "s")
    with running(load(small_export, time.monotonic), chaos=Profile(servers=1)) as server:
        command("run", "--org", server.address, "--accounts", "accounts.toml", "--no-wait")
        assert server.chaos is not None
        sent = {user: len(found.requests) for (user, _), found in server.chaos.protection._counters.items()}
    assert set(sent) == {"one", "two"}
    assert min(sent.values()) > 10


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        ("account = 3", "cannot be read"),
        ("[[account]]\nname = 'x'", "unknown: name"),
        ("[[account]]\ntenant = 'x'", "client_id"),
        ("[[account]]\nclient_id = 'x'\nsecret_variable = 'NOT_SET'", "the environment has no variable NOT_SET"),
        ("[[account]]\nclient_id = 'x'\n[[account]]\nclient_id = 'x'", "each of them once"),
        ("account = []", "at least one account"),
    ],
)
def test_accounts_that_are_wrong_are_named(
    command: Command, sandbox: Running, tmp_path: Path, content: str | None, words: str
) -> None:
    if content is not None:
        (tmp_path / "accounts.toml").write_text(content)
    result = command("run", "--org", sandbox.address, "--accounts", "accounts.toml")
    assert result.code == 2
    assert words in result.err


@posix_only
def test_secrets_that_others_can_read_are_refused(command: Command, sandbox: Running, tmp_path: Path) -> None:
    (tmp_path / "accounts.toml").write_text("[[account]]\nclient_id = 'x'\nsecret = 's'\n")
    (tmp_path / "accounts.toml").chmod(0o644)
    assert "chmod 600" in command("run", "--org", sandbox.address, "--accounts", "accounts.toml").err
    (tmp_path / "accounts.toml").chmod(0o600)
    assert command("run", "--org", sandbox.address, "--accounts", "accounts.toml").code == 3


# --- a lost journal --------------------------------------------------------------------------------------------------


@pytest.fixture
def lost(migrated: Running, tmp_path: Path) -> Running:
    """Somebody tidied up the run folder."""
    for path in tmp_path.glob("reports/*/journal.db*"):
        path.unlink()
    return migrated


def test_a_lost_journal_is_no_dry_run(command: Command, lost: Running) -> None:
    result = command("report")
    assert "DRY RUN" not in result.out
    assert "The journal of the run" in result.err
    assert "5 carried over" in result.out
    assert "is lost" in command("status").out
    assert command("verify").code == 2


def test_with_a_lost_journal_nothing_is_taken_back_and_everything_is_named(command: Command, lost: Running) -> None:
    before = set(lost.organisation.rows["msdynmkt_segment"])
    result = command("rollback", "--yes")
    assert result.code == 4
    told = " ".join((result.out + result.err).split())
    assert "nothing proves that this run created it" in told
    assert all(name in told for name in ("Five people", "Oslo", "Both", "In its row", "Everybody"))
    assert all(key in told for key in before)
    assert set(lost.organisation.rows["msdynmkt_segment"]) == before
    assert command("retire", "--yes").code == 2


def test_loading_with_a_lost_journal_says_so_and_creates_nothing_twice(command: Command, lost: Running) -> None:
    before = set(lost.organisation.rows["msdynmkt_segment"])
    result = command("load")
    assert result.code == 3
    assert "is compared, and not created again" in result.err
    assert set(lost.organisation.rows["msdynmkt_segment"]) == before
    again = command("rollback", "--yes")
    assert again.code == 0
    assert "another run created them" in again.err
    assert set(lost.organisation.rows["msdynmkt_segment"]) == before


@pytest.mark.parametrize(
    "option",
    [("--type", "dynamic"), ("--tolerance", "5")],
    ids=lambda one: one[0],
)
def test_a_run_is_not_gone_on_with_as_something_else(
    command: Command, sandbox: Running, monkeypatch: pytest.MonkeyPatch, option: tuple[str, str]
) -> None:
    def interrupted(*given: object, **named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("migrator.commands.run.translate_stage", interrupted)
        assert command("run", "--org", sandbox.address, "--type", "static").code == 130
    result = command("run", "--resume", *option)
    assert result.code == 2, result.err
    assert option[0] in result.err
    assert not sandbox.organisation.rows["msdynmkt_segmentdefinition"]


def test_what_is_taken_back_is_never_chosen_by_time_alone(command: Command, migrated: Running, tmp_path: Path) -> None:
    """A clock that was once ahead makes an older run the latest."""
    (first,) = (tmp_path / "reports").iterdir()
    assert command("run", "--org", migrated.address).code == 3
    for name in ("rollback", "retire"):
        result = command(name, "--yes")
        assert result.code == 2
        assert first.name in result.err
        assert "Name the one that you mean" in result.err
    assert len(migrated.organisation.rows["msdynmkt_segment"]) == 5
    assert command("rollback", first.name, "--yes").code == 0
    assert migrated.organisation.rows["msdynmkt_segment"] == {}
    assert command("rollback", "--yes").code == 0  # one run is left that has loaded something


def test_an_extraction_is_gone_on_with_also_where_its_address_is_written_in_another_way(
    command: Command, sandbox: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("migrator.extractor.organisation.describe", interrupted)
        assert command("extract", "--org", f"{sandbox.address}/", "--type", "static").code == 130
    result = command("run", "--resume", "--org", sandbox.address)
    assert result.code == 0, result.err
    (run,) = (tmp_path / "reports").iterdir()
    members = json.loads((run / "export" / "manifest.json").read_text())["members"].values()
    # The filter was kept: of the three segments that are not static nobody asked who is in them.
    assert sum(entry["source"] == "not-read" for entry in members) == 3
