"""Interrupted at any time, a migration goes on with one command and ends as if nothing had happened."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from migrator.base.side_by_side import side_by_side
from migrator.sandbox.server import Running
from tests.conftest import INTERRUPTIBLE, Command

posix_only = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*INTERRUPTIBLE, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def until(condition: Any, seconds: float = 20.0) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.005)


def state(server: Running) -> dict[str, Any]:
    """Everything that the migration made, without times."""
    organisation = server.organisation
    volatile = {"createdon", "modifiedon", "@version"}
    tables = ("msdynmkt_segmentdefinition", "msdynmkt_segment")
    rows = {
        table: {
            key: {name: value for name, value in row.items() if name not in volatile}
            for key, row in organisation.rows[table].items()
        }
        for table in tables
    }
    groups = {
        segment: {key: set(group) for key, group in found.items()} for segment, found in organisation.groups.items()
    }
    return {**rows, "groups": groups}


@pytest.mark.slow
@posix_only
@pytest.mark.parametrize("created", [1, 3, 5, 8])
def test_a_killed_load_goes_on(command: Command, sandbox: Running, small_export: Path, created: int) -> None:
    organisation = sandbox.organisation
    command("run", "--org", sandbox.address, "--dry-run")
    process = start("load", "--org", sandbox.address, "--yes", "--parallel", "1", "--quiet")
    rows = organisation.rows
    until(lambda: len(rows["msdynmkt_segment"]) + len(rows["msdynmkt_segmentdefinition"]) >= created)
    process.kill()
    process.communicate()
    assert command("load").code == 3
    settled = state(sandbox)
    assert len(settled["msdynmkt_segment"]) == len(settled["msdynmkt_segmentdefinition"]) == 4
    sizes = sorted(len(group) for groups in settled["groups"].values() for group in groups.values())
    assert sizes == [2, 5]
    command("load")
    assert state(sandbox) == settled


@pytest.mark.slow
@posix_only
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_says_how_to_go_on(command: Command, sandbox: Running, number: signal.Signals) -> None:
    """A service or a container that is stopped gets SIGTERM, which means the same."""
    sandbox.organisation.computing = 3600
    process = start("run", "--org", sandbox.address, "--yes")
    until(lambda: len(sandbox.organisation.rows["msdynmkt_segment"]) == 4)
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Finishing what is in flight" in err
    assert "Interrupted. What was done is kept" in err
    assert "Traceback" not in err
    sandbox.organisation.computing = 0.01
    assert command("load", "--wait-computation", "0.5").code == 3


def test_ctrl_c_while_the_program_is_read_is_a_sentence_too() -> None:
    at_once = (
        "import sys\n"
        "class Impatient:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'migrator.cli.app':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Impatient())\n"
        "from migrator.cli import main\n"
        "main()\n"
    )
    ended = subprocess.run([sys.executable, "-c", at_once, "status"], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr == "Error: Interrupted. What was done is kept; repeat the command to go on.\n"


def test_work_that_was_never_begun_is_put_away() -> None:
    begun = []

    async def part(number: int) -> int:
        begun.append(number)
        if number == 1:
            raise ValueError("one is enough")
        await asyncio.sleep(3600)
        return number

    async def work() -> None:
        parts: list[Coroutine[Any, Any, int]] = [part(number) for number in range(5)]
        await side_by_side(parts, 2)

    with pytest.raises(ValueError, match="one is enough"):
        asyncio.run(work())
    assert not {3, 4} & set(begun)


def test_results_come_in_the_order_of_the_work() -> None:
    async def part(number: int) -> int:
        await asyncio.sleep(0.001 * (5 - number))
        return number

    assert asyncio.run(side_by_side((part(number) for number in range(5)), 3)) == list(range(5))
