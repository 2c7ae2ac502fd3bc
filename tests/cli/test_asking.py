"""Before anything is written a person is asked once, and shown what would be; a script says so beforehand."""

from __future__ import annotations

import asyncio
import io
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from migrator.base.errors import Declined
from migrator.cli import load, prepare, runs
from migrator.cli.terminal import Terminal
from migrator.commands.naming import name_to_type
from migrator.contracts.export_folder import read_export
from migrator.contracts.run_folder import RunFolder
from migrator.dataverse import inspection
from migrator.dataverse.client import Client
from migrator.sandbox.server import Running
from tests.conftest import INTERRUPTIBLE, Command
from tests.small import LOST, STATIC, contact

pytestmark = pytest.mark.quick


def one_run() -> RunFolder:
    (path,) = Path("reports").iterdir()
    return RunFolder(path)


def created(sandbox: Running) -> int:
    return len(sandbox.organisation.rows["msdynmkt_segment"])


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Keyboard:
    return Keyboard(monkeypatch)


class Keyboard:
    """Somebody who can be asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def types(self, text: str) -> None:
        """What will be typed; the end of input comes after it."""
        for module in (runs, load):
            self._monkeypatch.setattr(module, "at_a_keyboard", lambda: True)
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_where_nobody_can_be_asked_nothing_is_sent_and_no_run_is_made(command: Command, sandbox: Running) -> None:
    result = command("run", "--org", sandbox.address, "asked")
    assert result.code == 2
    assert "Nobody can be asked here" in result.err
    assert "--yes" in result.err
    assert (created(sandbox), Path("reports").exists()) == (0, False)


def test_agreeing_beforehand_needs_the_organisation_beside_it(
    command: Command, sandbox: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIGRATOR_ORG", sandbox.address)
    result = command("run", "--yes")
    assert (result.code, created(sandbox)) == (2, 0)
    assert "add --org URL" in result.err


def test_a_person_sees_what_would_be_written_and_where(command: Command, sandbox: Running, keyboard: Keyboard) -> None:
    keyboard.types("y\n")
    result = command("run", "--org", sandbox.address, "asked")
    assert result.code == 3
    assert f"The plan of the run {one_run().name}, in {sandbox.address}; what is created belongs to the" in result.err
    assert "+ create 4 segments with 23 memberships (3 live, 1 as drafts)" in result.err
    assert (
        "~ change 0 - remove nothing: loading deletes no segment not in it: 2, of which 2 wait for a decision"
        in result.err
    )
    assert created(sandbox) == 4


def test_the_first_hour_shows_the_question_as_it_is_asked(
    command: Command, sandbox: Running, keyboard: Keyboard
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "first-hour.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```\n(The plan of the run .*?)^```", page, re.MULTILINE | re.DOTALL)
    keyboard.types("y\n")
    asked = command("run", "--org", sandbox.address, "asked").err

    def plain(text: str) -> str:
        """Without names and numbers, which are others there."""
        text = text.replace(one_run().name, "RUN").replace(sandbox.address, "URL")
        text = text.replace("2026-11-22-091500-contoso", "RUN").replace("https://contoso.crm4.dynamics.com", "URL")
        text = re.sub(r" and those of \d+ whose size nobody knows", "", text)
        return " ".join(re.sub(r"\d[\d,]*", "N", text).split())

    assert plain(block) in plain(asked)


@pytest.mark.parametrize("typed", ["n\n", "\n", ""])
def test_no_leaves_the_plan_and_its_report_and_writes_nothing(
    command: Command, sandbox: Running, keyboard: Keyboard, typed: str
) -> None:
    keyboard.types(typed)
    result = command("run", "--org", sandbox.address, "asked")
    assert (result.code, created(sandbox)) == (2, 0)
    assert "Nothing was changed." in result.err
    run = one_run()
    assert (run.path / "report.html").exists()
    assert f"migrator load {run.name}" in result.err
    assert "dry run" in command("status").out
    keyboard.types("y\n")
    assert command("load", run.name, "asked").code == 3
    assert created(sandbox) == 4


def test_what_is_said_after_a_question_that_nobody_answers_has_a_line_of_its_own(
    keyboard: Keyboard, capsys: pytest.CaptureFixture[str]
) -> None:
    keyboard.types("")
    assert (runs.agrees("Go on?"), runs.typed("Type its name")) == (False, "")
    assert re.fullmatch(r"Go on\? \[y/N\]:\s*\nType its name:\s*\n", capsys.readouterr().err)


def test_a_plan_that_was_agreed_to_is_loaded_again_without_a_question(command: Command, sandbox: Running) -> None:
    command("run", "--org", sandbox.address)
    assert command("load", "asked").code == 3


def test_no_to_a_second_loading_leaves_the_run_what_it_is(
    command: Command, sandbox: Running, keyboard: Keyboard
) -> None:
    command("run", "--org", sandbox.address)
    command("approve", "Both", "--as", "translate")
    keyboard.types("n\n")
    assert command("load", "asked").code == 2
    assert "dry run" not in command("status").out
    assert "4 verified" in command("status").out


def test_a_retry_of_one_segment_agrees_to_no_other(command: Command, sandbox: Running) -> None:
    command("run", "--org", sandbox.address, "--dry-run")
    assert command("retry", "Oslo").code == 0
    assert created(sandbox) == 1
    assert command("load", "asked").code == 2


def test_ctrl_c_at_the_second_question_of_an_import_undoes_nothing(
    command: Command, small_export: Path, keyboard: Keyboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("translate", "--from", small_export)
    Path("Lost.csv").write_text(f"contactid\n{contact(1)}\n")
    monkeypatch.setattr(prepare, "at_a_keyboard", lambda: True)
    keyboard.types("y\n")  # the end of input comes where the plan would be made again
    result = command("import-members", "Lost.csv", "--segment", "Lost")
    assert "Nothing was changed" not in result.err
    assert read_export(one_run().path / "export").members[LOST].count == 1


def test_a_plan_that_was_changed_since_is_asked_about_again(command: Command, sandbox: Running) -> None:
    command("run", "--org", sandbox.address)
    command("approve", "Both", "--as", "translate")
    result = command("load", "asked")
    assert result.code == 2
    assert "Nobody can be asked here" in result.err


def test_what_changes_nothing_does_not_ask(command: Command, sandbox: Running, keyboard: Keyboard) -> None:
    keyboard.types("")
    assert command("run", "--org", sandbox.address, "--dry-run").code == 3
    keyboard.types("y\n")
    assert command("load", "asked").code == 3
    keyboard.types("")
    assert command("retry", "Oslo").code == 0


def test_of_two_plans_none_is_chosen_by_its_time(command: Command, sandbox: Running) -> None:
    command("run", "--org", sandbox.address, "--dry-run")
    command("run", "--org", sandbox.address, "--dry-run", "--name", "Oslo")
    result = command("load")
    assert (result.code, created(sandbox)) == (2, 0)
    assert "2 of the runs under reports/ have a plan that was not loaded" in result.err
    assert re.search(r"\(4 segments to load, .*\(1 segment to load, ", result.err)
    latest = max(Path("reports").iterdir(), key=lambda path: RunFolder(path).state().created)
    assert command("load", latest.name).code == 0
    assert command("load").code == 2  # an older plan that waits is no reason to take it, and neither is the latest
    assert created(sandbox) == 1


def test_a_run_is_named_for_its_time_and_organisation(command: Command, sandbox: Running) -> None:
    command("run", "--org", sandbox.address, "--dry-run")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-\d{6}-sandbox", one_run().name)
    assert "(dry run)" in command("status").out


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        (("--name", "Osla"), "passes the filter --name Osla. Did you mean “Oslo”?"),
        (("--id", "5e000000-0000-0000-0000-0000000000ff"), "None of the 6 segments"),
        (("--status", "expired"), "None of the 6 segments"),
    ],
)
def test_a_filter_that_chooses_nothing_is_a_mistake(
    command: Command, sandbox: Running, small_export: Path, filters: tuple[str, str], words: str
) -> None:
    for arguments in (("run", "--org", sandbox.address, "--dry-run"), ("translate", "--from", small_export)):
        result = command(*arguments, *filters)
        assert result.code == 2
        assert words in result.err
    assert not list(Path("reports").glob("*/plan.json"))


def test_a_report_that_was_written_is_done(command: Command, sandbox: Running) -> None:
    assert command("run", "--org", sandbox.address).code == 3
    assert command("report").code == 0


def test_no_to_going_on_starts_nothing(command: Command, sandbox: Running, keyboard: Keyboard) -> None:
    command("run", "--org", sandbox.address)
    one_run().update(loaded="", reported="")
    keyboard.types("n\n")
    result = command("run", "--org", sandbox.address, "asked")
    assert result.code == 2
    assert f"Go on later with: migrator run --resume {one_run().name}" in result.err
    keyboard.types("y\n")
    assert command("run", "--org", sandbox.address, "--new", "asked").code == 3
    assert len(list(Path("reports").iterdir())) == 2


@pytest.mark.skipif(os.name != "posix", reason="terminals of POSIX")
def test_ctrl_c_answers_the_question_with_no(sandbox: Running, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [*INTERRUPTIBLE, "run", "--org", sandbox.address, "--out", str(tmp_path / "runs")]
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr is not None
            seen = b""
            while b"Go on?" not in seen:
                part = os.read(process.stderr.fileno(), 4096)
                assert part, seen
                seen += part
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=20) == 2
        finally:
            process.kill()  # whatever happened, nobody waits for it
            os.close(ours)
            os.close(theirs)
    assert created(sandbox) == 0


@pytest.mark.parametrize(
    ("url", "kind", "word"),
    [
        ("https://contoso.crm4.dynamics.com", "Customer", "contoso"),
        ("https://contoso.crm4.dynamics.com", "", "contoso"),
        ("https://contoso.crm4.dynamics.com", "something new", "contoso"),
        ("https://contoso-test.crm4.dynamics.com", "CustomerTest", ""),
        ("http://127.0.0.1:8080", "Customer", ""),
    ],
)
def test_a_name_is_typed_where_it_may_be_production(
    monkeypatch: pytest.MonkeyPatch, url: str, kind: str, word: str
) -> None:
    async def says(_: object) -> str:
        return kind

    monkeypatch.setattr(inspection, "retrieve_current_organization", says)
    assert asyncio.run(name_to_type(cast(Client, SimpleNamespace(url=url)))) == word


@pytest.mark.parametrize(("typed", "agreed"), [("contoso\n", True), ("y\n", False), ("Contoso\n", False), ("", False)])
def test_only_the_organisations_name_agrees(keyboard: Keyboard, typed: str, agreed: bool) -> None:
    keyboard.types(typed)
    ask = runs.asking(Terminal(quiet=True), yes=False)
    if agreed:
        ask(["1 segment is deleted:", "“Oslo”"], word="contoso")
    else:
        with pytest.raises(Declined):
            ask(["1 segment is deleted:", "“Oslo”"], word="contoso")


@pytest.mark.parametrize(("typed", "code", "left"), [("small\n", 0, 1), ("y\n", 2, 5), ("", 2, 5)])
def test_a_list_that_is_there_is_replaced_where_the_name_was_typed(
    command: Command, small_export: Path, keyboard: Keyboard, typed: str, code: int, left: int
) -> None:
    """Nobody can ask this organisation what kind it is, so it counts as production."""
    Path("Five people.csv").write_text(f"contactid\n{contact(7)}\n", encoding="utf-8")
    keyboard.types(typed)
    result = command("import-members", "Five people.csv", "--export", small_export, "--replace", "asked")
    assert result.code == code
    assert "“Five people”: 5 members that are known, by those of Five people.csv" in result.err
    assert len(members_of(small_export)) == left


def members_of(export: Path) -> list[str]:
    return (next((export / "members").glob(f"{STATIC}*"))).read_text().split()[1:]


def test_no_message_shows_the_number_of_the_system_s_error(command: Command, tmp_path: Path) -> None:
    for arguments in (("explain", "@nowhere.txt"), ("check-export", tmp_path), ("approve", "--from", "nowhere.xlsx")):
        result = command(*arguments)
        assert result.code == 2
        assert "[Errno" not in result.err + result.out
    result = command("explain", "@nowhere.txt")
    assert "The file nowhere.txt cannot be read: No such file or directory." in result.err
