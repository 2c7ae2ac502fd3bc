"""login, logout, and commands that sign in by themselves: once for all their stages, and always heard."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migrator.base.errors import Exit
from migrator.dataverse.throttle import Limiter
from migrator.sandbox.data import load
from migrator.sandbox.identity import SECRET, USER, IdentityPlatform
from migrator.sandbox.server import Running, running
from tests.conftest import Command

APP = "5a000000-0000-4000-8000-0000000000cc"


@pytest.fixture
def box(small_export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """The small organisation, which asks for a sign-in; what is kept of one lies in the test's own folder."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "tls"
    folder.mkdir()
    organisation = load(small_export, time.monotonic)
    organisation.moment = organisation.computing = 0.01
    with running(organisation, tls_folder=folder, identity=IdentityPlatform(interval=0)) as server:
        monkeypatch.setenv("MIGRATOR_CA_FILE", str(server.certificate))
        monkeypatch.setenv("MIGRATOR_TOKEN_CACHE", str(tmp_path / "kept"))
        yield server


def asked(box: Running) -> list[str]:
    assert box.identity is not None
    return box.identity.asked


def test_after_login_no_command_asks_again(command: Command, box: Running) -> None:
    result = command("login", "--org", box.address)
    assert result.code == Exit.DONE
    assert "enter the code SANDBOX" in result.err
    assert f"{USER} at {box.address}" in result.out
    extracted = command("extract", "--org", box.address)
    assert extracted.code == Exit.DONE
    assert "SANDBOX" not in extracted.err
    assert asked(box) == ["device_code"] * 2


def test_who_is_signed_in_is_said_without_asking_anybody(command: Command, box: Running) -> None:
    assert "Nobody is signed in" in command("login", "--status").out
    command("login", "--org", box.address)
    (one,) = json.loads(command("login", "--status", "--json").out)
    assert (one["who"], one["organisation"]) == (USER, box.address)
    assert one["until"].endswith("Z")
    assert len(asked(box)) == 2


def test_logout_forgets(command: Command, box: Running, tmp_path: Path) -> None:
    command("login", "--org", box.address)
    assert "forgotten" in command("logout").out
    assert list((tmp_path / "kept").iterdir()) == []
    assert "No sign-in was kept" in command("logout").out
    assert "Nobody is signed in" in command("login", "--status").out


def test_the_code_is_shown_also_where_everything_else_is_quiet(command: Command, box: Running) -> None:
    result = command("extract", "--org", box.address, "--quiet")
    assert "SANDBOX" in result.err
    assert result.out == ""


def test_a_run_signs_in_once_for_all_its_stages(
    command: Command, box: Running, monkeypatch: pytest.MonkeyPatch, small_export: Path
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_ID", APP)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
    who = []
    answer = type(box.organisation).settle

    def counting(organisation: object) -> None:
        who.append(1)
        answer(organisation)  # type: ignore[arg-type]

    monkeypatch.setattr(type(box.organisation), "settle", counting)
    assert command("run", "--org", box.address).code == Exit.WAITING
    assert asked(box) == ["client_credentials"]
    assert command("run", "--org", box.address, "--from", small_export, "--other-organisation").code == Exit.WAITING
    assert asked(box) == ["client_credentials"] * 2
    assert who


def test_what_the_limiter_learned_is_kept_for_all_stages(
    command: Command, box: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_ID", APP)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
    made: list[Limiter] = []
    begin = Limiter.__init__

    def counting(self: Limiter, *given: Any, **named: Any) -> None:
        made.append(self)
        begin(self, *given, **named)

    monkeypatch.setattr(Limiter, "__init__", counting)
    assert command("run", "--org", box.address).code == Exit.WAITING
    assert len(made) == 1


def test_a_wrong_secret_is_a_sentence_with_exit_code_5(
    command: Command, box: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_ID", APP)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "hunter2")
    result = command("extract", "--org", box.address)
    assert result.code == Exit.REFUSED
    assert "the secret is wrong" in result.err
    assert "hunter2" not in result.err
    assert "should not" not in result.err
