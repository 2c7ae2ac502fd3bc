"""The contract suite: the sandbox keeps what we assume of the service, and what a step settles is written down."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from migrator.base.errors import Exit, Interrupted
from migrator.base.progress import Silent
from migrator.commands import contract_check
from migrator.commands.contract_check import NAME, Step, check_contract, exit_code
from migrator.commands.session import session
from migrator.commands.settings import Settings
from migrator.dataverse import realtime as dataverse
from migrator.dataverse.errors import Unreachable
from migrator.sandbox import realtime
from migrator.sandbox.server import Running
from tests.conftest import Command

ASSUMPTIONS = (Path(__file__).parents[2] / "docs" / "assumptions.md").read_text(encoding="utf-8")


def checked(server: Running) -> list[Step]:
    with session(Settings(wait_computation=5.0), Silent(), lambda _: None) as orders:
        return check_contract(orders, server.address, lambda *_: None)


def test_the_sandbox_keeps_the_contract_and_nothing_stays_behind(sandbox: Running) -> None:
    steps = checked(sandbox)
    assert [step for step in steps if not step.kept] == []
    assert exit_code(steps) is Exit.DONE
    assert {step.title for step in steps} >= {"Create a definition", "Publish", "List its members", "Stop", "Delete"}
    assert sandbox.organisation.rows["msdynmkt_segment"] == {}
    assert sandbox.organisation.rows["msdynmkt_segmentdefinition"] == {}


def test_every_assumption_that_a_step_settles_is_written_down(sandbox: Running) -> None:
    settled = [assumption for step in checked(sandbox) for assumption in step.settles]
    assert len(settled) >= 6
    for assumption in settled:
        assert assumption in ASSUMPTIONS, assumption


@pytest.mark.parametrize(
    ("action", "title"),
    [
        ("msdynmkt_MembersList", "List its computed members"),
        ("msdynmkt_StopSegments", "Stop it"),
        ("msdynmkt_PublishSegmentDefinition", "Publish it and wait until it is computed"),
    ],
)
def test_a_service_that_does_otherwise_is_said_and_cleaned_up_after(
    sandbox: Running, monkeypatch: pytest.MonkeyPatch, action: str, title: str
) -> None:
    def otherwise(*_: Any) -> dict[str, Any]:
        return {"StatusCode": 400, "ResultText": "not like that"}

    monkeypatch.setitem(realtime.ACTIONS, action, otherwise)
    steps = checked(sandbox)
    assert exit_code(steps) is Exit.WAITING
    assert title in {step.title for step in steps if not step.kept}
    left = [row["msdynmkt_displayname"] for row in sandbox.organisation.rows["msdynmkt_segment"].values()]
    named = [step for step in steps if step.title == "Delete" and not step.kept]
    assert bool(left) == bool(named)  # what cannot be deleted is named
    assert set(left) <= {NAME}


async def interrupted(check: Any) -> None:
    """Fill it."""
    check.client.stop.ask()
    check.client.stop.check()


def test_whoever_ends_it_leaves_nothing_behind(sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract_check, "_fill", interrupted)
    with pytest.raises(Interrupted):
        checked(sandbox)
    assert sandbox.organisation.rows["msdynmkt_segment"] == {}
    assert sandbox.organisation.rows["msdynmkt_segmentdefinition"] == {}


def test_what_cannot_be_deleted_any_more_is_told(sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(*_: Any) -> None:
        raise Unreachable("The organisation cannot be reached.")

    monkeypatch.setattr(contract_check, "_fill", interrupted)
    monkeypatch.setattr(dataverse, "delete_segment", gone)
    told: list[str] = []
    with (
        pytest.raises(Interrupted),
        session(Settings(wait_computation=5.0), Silent(), told.append) as orders,
    ):
        check_contract(orders, sandbox.address, lambda *_: None)
    (key,) = sandbox.organisation.rows["msdynmkt_segment"]
    assert [line for line in told if f"The segment {key}" in line and "Delete it by hand." in line]


def test_nothing_is_made_before_the_word_is_typed(
    command: Command, sandbox: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    import typer

    monkeypatch.setattr(typer, "prompt", lambda *_, **__: "yes")
    result = command("contract-check", "--org", sandbox.address)
    assert result.code == Exit.USAGE
    assert "Nothing was changed" in result.err
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: "check")
    result = command("contract-check", "--org", sandbox.address, "--json")
    assert result.code == Exit.DONE, result.out
    assert all(step["kept"] for step in json.loads(result.out))
    assert re.search(r"CustomerTest", result.err)
