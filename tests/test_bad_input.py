"""What can be wrong, and the sentence, the exit code and the state that each of it leaves."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from migrator.contracts.run_folder import new_run, working_on
from migrator.sandbox.server import Running
from tests.conftest import Command


def nothing_left_behind() -> bool:
    return not list(Path("reports").glob("*"))


# --- the export folder ---


def test_a_missing_export(command: Command, sandbox: Running) -> None:
    result = command("run", "--org", sandbox.address, "--from", "nowhere")
    assert result.code == 2
    assert "There is no export folder nowhere" in result.err
    assert nothing_left_behind()


def test_a_half_written_export(command: Command, sandbox: Running, small_export: Path) -> None:
    (small_export / "manifest.json").unlink()
    result = command("run", "--org", sandbox.address, "--from", small_export)
    assert result.code == 2
    assert "only half written" in result.err
    assert nothing_left_behind()


def test_an_export_of_a_newer_format(command: Command, small_export: Path) -> None:
    manifest = json.loads((small_export / "manifest.json").read_text())
    (small_export / "manifest.json").write_text(json.dumps({**manifest, "format": 2}))
    result = command("translate", "--from", small_export)
    assert result.code == 2
    assert "format 2" in result.err
    assert "Install a newer version" in result.err
    assert nothing_left_behind()


def test_an_export_that_changed_between_plan_and_load(command: Command, sandbox: Running) -> None:
    command("run", "--org", sandbox.address, "--dry-run")
    (folder,) = Path("reports").iterdir()
    for path in (folder / "export/members").iterdir():
        path.write_text("contactid\n")
    result = command("load")
    assert result.code == 2
    assert "not what it was when the export was made" in result.err
    assert not sandbox.organisation.rows["msdynmkt_segment"]


# --- the organisation ---


@pytest.mark.parametrize(
    ("org", "code", "words"),
    [
        ("https://contoso.crm4.dynamcs.com", 2, "dynamics.com"),
        ("contoso", 2, "is not the address of an organisation"),
        ("http://contoso.crm4.dynamics.com", 2, "https only"),
    ],
)
def test_an_address_with_a_typing_error(command: Command, org: str, code: int, words: str) -> None:
    result = command("run", "--org", org)
    assert result.code == code
    assert words in result.err
    assert nothing_left_behind()


def test_no_address_at_all(command: Command) -> None:
    result = command("run")
    assert result.code == 2
    assert "Name it with --org" in result.err
    assert nothing_left_behind()


class Html(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<html><h1>Welcome</h1></html>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web_page() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Html) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_organisation_that_answers_with_a_web_page(command: Command, web_page: str) -> None:
    result = command("run", "--org", web_page)
    assert result.code == 5
    assert "a web page instead of data" in result.err
    assert nothing_left_behind()


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_an_organisation_that_refuses_the_connection(command: Command, closed_port: int) -> None:
    result = command("run", "--org", f"http://127.0.0.1:{closed_port}")
    assert result.code == 5
    assert "cannot be reached" in result.err
    assert nothing_left_behind()


def test_an_organisation_that_goes_away_before_loading(command: Command, small_export: Path, closed_port: int) -> None:
    command("translate", "--from", small_export)
    result = command("load", "--org", f"http://127.0.0.1:{closed_port}")
    assert result.code == 5
    (folder,) = Path("reports").iterdir()
    assert (folder / "plan.json").exists()  # the plan is kept, and can be loaded later


def test_a_port_that_is_taken(command: Command) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for name in ("sandbox", "demo"):
            result = command(name, "--port", port)
            assert result.code == 2
            assert f"The port {port} is taken" in result.err
    assert nothing_left_behind()


def test_a_sandbox_without_an_export(command: Command, tmp_path: Path) -> None:
    result = command("sandbox", "--data", tmp_path)
    assert result.code == 2
    assert "it is no export" in result.err
    assert command("sandbox", "--outbound", "maybe").code == 2


def test_an_export_of_another_organisation(command: Command, sandbox: Running, small_export: Path) -> None:
    manifest = json.loads((small_export / "manifest.json").read_text())
    manifest["organisation"]["id"] = "00000000-0000-0000-0000-000000000007"
    (small_export / "manifest.json").write_text(json.dumps(manifest))
    result = command("run", "--org", sandbox.address, "--from", small_export)
    assert result.code == 2
    assert "--other-organisation" in result.err
    assert not sandbox.organisation.rows["msdynmkt_segment"]
    assert command("run", "--org", sandbox.address, "--from", small_export, "--other-organisation").code == 3
    assert len(sandbox.organisation.rows["msdynmkt_segment"]) == 4


def test_a_plan_for_another_organisation(command: Command, sandbox: Running, small_export: Path) -> None:
    command("translate", "--from", small_export)
    (folder,) = Path("reports").iterdir()
    plan = json.loads((folder / "plan.json").read_text())
    plan["settings"]["target"]["id"] = "00000000-0000-0000-0000-000000000007"
    (folder / "plan.json").write_text(json.dumps(plan))
    result = command("load", "--org", sandbox.address)
    assert result.code == 2
    assert "This plan was made for the organisation" in result.err
    assert not sandbox.organisation.rows["msdynmkt_segment"]


# --- the run folder ---


BROKEN_PLANS: list[tuple[Callable[[Path], object], str]] = [
    (lambda plan: plan.write_text("{"), "is damaged"),
    (lambda plan: plan.write_text("[]"), "is damaged"),
    (lambda plan: plan.write_text('{"format": 1}'), "is damaged"),
    (lambda plan: plan.write_bytes(plan.read_bytes()[:-500]), "is damaged"),
    (lambda plan: plan.write_text(plan.read_text().replace('"ready"', '"perfect"')), "outcome"),
    (lambda plan: plan.write_text('{"format": 99}'), "format 99"),
    (lambda plan: plan.unlink(), "There is no plan"),
]


@pytest.mark.parametrize(("damage", "words"), BROKEN_PLANS)
def test_a_broken_plan(
    command: Command, sandbox: Running, small_export: Path, damage: Callable[[Path], object], words: str
) -> None:
    command("translate", "--from", small_export)
    (folder,) = Path("reports").iterdir()
    damage(folder / "plan.json")
    for name in ("load", "report", "retry"):
        result = command(
            name, *(["x"] if name == "retry" else []), *(["--org", sandbox.address] if name == "load" else [])
        )
        assert result.code == 2
        assert words in result.err
    assert not sandbox.organisation.rows["msdynmkt_segment"]


def test_a_plan_is_not_changed_once_it_is_loaded(command: Command, sandbox: Running) -> None:
    command("run", "--org", sandbox.address)
    result = command("translate")
    assert result.code == 2
    assert "its plan is not changed any more" in result.err


def test_a_run_that_is_not_there(command: Command, sandbox: Running) -> None:
    assert "There is no run under reports" in command("status").err
    command("run", "--org", sandbox.address)
    result = command("status", "yesterday")
    assert result.code == 2
    assert "The latest under reports/ are" in result.err


def test_nothing_was_loaded_that_could_be_verified(command: Command, sandbox: Running) -> None:
    command("run", "--org", sandbox.address, "--dry-run")
    result = command("verify")
    assert result.code == 2
    assert "has loaded nothing yet" in result.err


def test_a_run_that_another_process_works_on(command: Command, tmp_path: Path) -> None:
    run = new_run(Path("reports"), "https://contoso.crm4.dynamics.com", dry_run=True)
    script = (
        "import sys; from pathlib import Path; from migrator.contracts.run_folder import RunFolder, working_on\n"
        "with working_on(RunFolder(Path(sys.argv[1]))): print('working', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script, str(run.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == "working\n"
        result = command("load", run.name)
        assert result.code == 2
        assert f"Another process (id {other.pid}) works on the run" in result.err
        other.kill()
        other.wait()
    with working_on(run):  # a killed process holds nothing
        pass


def test_a_damaged_run_file_or_journal(command: Command, sandbox: Running) -> None:
    command("run", "--org", sandbox.address)
    (folder,) = Path("reports").iterdir()
    (folder / "journal.db").write_bytes(b"nonsense" * 1000)
    for leftover in folder.glob("journal.db-*"):
        leftover.unlink()
    result = command("report")
    assert result.code == 2
    assert "journal" in result.err
    (folder / "run.json").write_text("{")
    assert command("status").code == 2


# --- the disk ---


def test_a_place_that_cannot_be_written(command: Command, sandbox: Running, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = command("run", "--org", sandbox.address, "--out", tmp_path / "file" / "below")
    assert result.code == 2
    if os.name == "posix" and os.geteuid() != 0:
        (tmp_path / "locked").mkdir(mode=0o500)
        result = command("run", "--org", sandbox.address, "--out", tmp_path / "locked")
        assert result.code == 2
        assert "cannot be written" in result.err
    assert not sandbox.organisation.rows["msdynmkt_segment"]


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (errno.ENOSPC, 4, "The disk is full"),
        (errno.EFBIG, 4, "may not grow any more"),
        (errno.EROFS, 2, "cannot be written"),
        (errno.EACCES, 2, "cannot be written"),
    ],
)
@pytest.mark.parametrize("name", ["run.json", "segments.jsonl", "manifest.json", "plan.json"])
def test_a_disk_that_takes_no_more(
    command: Command, sandbox: Running, monkeypatch: pytest.MonkeyPatch, number: int, code: int, words: str, name: str
) -> None:
    replace = Path.replace

    def refuse(self: Path, target: Path) -> Path:
        if target.name == name:
            raise OSError(number, os.strerror(number), str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    result = command("run", "--org", sandbox.address)
    assert result.code == code
    assert words in result.err
    assert not sandbox.organisation.rows["msdynmkt_segment"]
    assert not list(Path("reports").glob(f"*/**/{name}"))
    assert not list(Path("reports").glob("**/*.part"))
    assert all((folder / "run.json").exists() for folder in Path("reports").iterdir())


# --- options and profile ---


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--org", "X", "--type", "big"], "--type cannot be big"),
        (["run", "--org", "X", "--status", "asleep"], "--status cannot be asleep"),
        (["run", "--org", "X", "--id", "7"], "--id takes the id of a segment"),
        (["run", "--org", "X", "--parallel", "0"], "--parallel cannot be 0"),
        (["run", "--nonsense"], "--nonsense"),
        (["dance"], "dance"),
    ],
)
def test_wrong_options(command: Command, arguments: list[str], words: str) -> None:
    result = command(*arguments)
    assert result.code == 2
    assert words in result.err
    assert nothing_left_behind()


@pytest.mark.parametrize(
    ("profile", "words"),
    [("org = ", "cannot be read"), ("colour = 1", "sets colour"), ('parallel = "many"', "parallel in migrator.toml")],
)
def test_a_wrong_profile(command: Command, profile: str, words: str) -> None:
    Path("migrator.toml").write_text(profile)
    result = command("status")
    assert result.code == 2
    assert words in result.err


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_what_powershell_has_written_is_read(command: Command, small_export: Path, encoding: str) -> None:
    """Windows PowerShell 5.1 writes UTF-16 by itself, and a mark where it is asked for UTF-8."""
    Path("migrator.toml").write_text("parallel = 4\r\n", encoding=encoding)
    told = json.loads(command("doctor", "--settings", "--json").out)
    assert {one["name"]: one["value"] for one in told}["parallel"] == "4"
    Path("query.txt").write_text("PROFILE(contact)\r\n.FILTER(address1_city == 'Łódź')", encoding=encoding)
    assert "Łódź" in command("explain", "@query.txt").out
    Path("accounts.toml").write_text('[[account]]\r\ntenant = "t"', encoding=encoding)
    refused = command("run", "--org", "http://127.0.0.1:9", "--accounts", "accounts.toml", "--dry-run")
    assert "cannot be read ('client_id')" in refused.err


def test_what_is_no_text_is_to_be_saved_as_utf_8(command: Command) -> None:
    Path("migrator.toml").write_bytes(b"owner = '\xfc'")
    refused = command("status")
    assert (refused.code, "it is no text; save it as UTF-8" in refused.err) == (2, True)


def test_the_program_alone_shows_what_it_can_do(command: Command) -> None:
    told = command()
    assert told.code in (0, 2)
    assert "doctor" in told.out + told.err


def test_a_profile_that_is_not_there(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGRATOR_PROFILE", "nowhere.toml")
    assert "nowhere.toml" in command("status").err


def test_a_defect_is_a_sentence_too(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from migrator.commands import status

    def explode(_: object) -> None:
        raise RuntimeError("something nobody thought of")

    new_run(Path("reports"), "", dry_run=True)
    monkeypatch.setattr(status, "status_of", explode)
    result = command("status")
    assert result.code == 4
    assert "should not" in result.err
    assert "something nobody thought of" in result.err
