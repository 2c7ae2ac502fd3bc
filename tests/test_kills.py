"""The law of the loader: killed at any request, before or after the server has acted, it goes on and ends the same."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import time
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from migrator.base.progress import Silent
from migrator.commands.load import load_stage
from migrator.commands.session import session
from migrator.commands.settings import Settings
from migrator.contracts.choices import Choice
from migrator.contracts.export_folder import read_export
from migrator.contracts.plan import TranslationSettings, write_plan
from migrator.contracts.run_folder import RunFolder, RunState
from migrator.product.codes import DefinitionStatus, SegmentStatus, State
from migrator.sandbox.chaos import PROFILES, Dice
from migrator.sandbox.data import load
from migrator.sandbox.organisation import Organisation
from migrator.sandbox.server import running
from migrator.translator.translate import translate
from tests.small import COMPOUND, ORGANISATION, write_small_export

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
TABLES = ("msdynmkt_segmentdefinition", "msdynmkt_segment")
VOLATILE = {"createdon", "modifiedon"}
CERTAIN = 30
"""Requests that every loading of this run sends, at least: a kill that does not hit one of them is a failure."""
REQUESTS = 42
"""Requests that no loading of this run comes to: how often it asks for a computation depends on the clock."""


def planned_run(folder: Path) -> Path:
    """A run that has a plan: static, dynamic, and a compound that refers to both."""
    write_small_export(folder / "export")
    settings = TranslationSettings(ORGANISATION, compound=Choice.TRANSLATE)
    plan = translate(read_export(folder / "export"), settings)
    assert next(one for one in plan.segments if one.legacy_id == COMPOUND).loadable
    write_plan(plan, folder)
    RunFolder(folder).path.joinpath("run.json").write_text('{"created": "2026-01-01T00:00:00Z"}')
    assert RunFolder(folder).state() == RunState("2026-01-01T00:00:00Z")
    return folder


def load_it(folder: str, address: str) -> None:
    """What the loading process does."""
    with session(Settings(org=address, parallel=4, wait_computation=5.0), Silent(), lambda _: None) as orders:
        load_stage(RunFolder(Path(folder)), orders)


def loader(folder: Path, address: str) -> BaseProcess:
    """A process of its own, forked from one in which everything is imported already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["tests.test_kills", "migrator.dataverse.connect", "migrator.loader.verify", "httpcore"]
    )
    process = context.Process(target=load_it, args=(str(folder), address))
    process.start()
    return process


def state(organisation: Organisation) -> dict[str, Any]:
    """Everything that the migration made, without times."""
    organisation.settle()
    rows = {
        table: {
            key: {name: value for name, value in row.items() if name not in VOLATILE and not name.startswith("@")}
            for key, row in organisation.rows[table].items()
        }
        for table in TABLES
    }
    groups = {
        segment: {key: sorted(group) for key, group in found.items()} for segment, found in organisation.groups.items()
    }
    return {**rows, "groups": groups, "computed": {key: sorted(ids) for key, ids in organisation.computed.items()}}


def organisation_of(export: Path) -> Organisation:
    organisation = load(export, time.monotonic)
    organisation.moment = organisation.computing = 0.002
    return organisation


@dataclass(frozen=True)
class Undisturbed:
    """A loading that nobody killed."""

    run_folder: Path
    """The run, right before the loading."""
    state: dict[str, Any]
    requests: int


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    run_folder = planned_run(tmp_path_factory.mktemp("planned"))
    loaded = tmp_path_factory.mktemp("undisturbed") / "run"
    shutil.copytree(run_folder, loaded)
    organisation = organisation_of(run_folder / "export")
    asked: set[int] = set()

    def note(_: str, which: int) -> bool:
        asked.add(which)
        return False

    with running(organisation, watch=note) as server:
        load_it(str(loaded), server.address)
        return Undisturbed(run_folder, state(organisation), len(asked))


@pytest.mark.slow
def test_every_request_of_a_loading_has_its_kill(undisturbed: Undisturbed) -> None:
    assert len(undisturbed.state["msdynmkt_segment"]) == 5
    groups = undisturbed.state["groups"].values()
    assert sum(len(ids) for found in groups for ids in found.values()) == 7
    assert CERTAIN <= undisturbed.requests < REQUESTS, "the loading asks more or less than it did: set both numbers"


@pytest.mark.slow
@pytest.mark.parametrize("number", range(REQUESTS))
def test_killed_at_any_request_it_ends_the_same(undisturbed: Undisturbed, tmp_path: Path, number: int) -> None:
    for moment in ("before", "after"):
        folder = tmp_path / moment
        shutil.copytree(undisturbed.run_folder, folder)
        organisation = organisation_of(folder / "export")
        victim: list[BaseProcess] = []

        def kill(when: str, which: int, moment: str = moment, victim: Any = victim) -> bool:
            if victim and when == moment and which == number:
                os.kill(victim[0].pid, signal.SIGKILL)
                victim.clear()
                return when == "before"
            return False

        with running(organisation, watch=kill) as server:
            # The server waits with its first answer until it is known whom to kill.
            with organisation.lock:
                process = loader(folder, server.address)
                victim.append(process)
            process.join(30)
            assert process.exitcode in ((-signal.SIGKILL,) if number < CERTAIN else (0, -signal.SIGKILL))
            victim.clear()
            again = loader(folder, server.address)
            again.join(30)
            assert again.exitcode == 0
            assert state(organisation) == undisturbed.state, f"killed {moment} request {number}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_among_all_troubles_and_kills_nobody_is_lost(undisturbed: Undisturbed, tmp_path: Path, seed: int) -> None:
    run_folder = tmp_path / "run"
    shutil.copytree(undisturbed.run_folder, run_folder)
    wanted = warnings_aside(undisturbed.state)
    organisation = organisation_of(run_folder / "export")
    profile = replace(PROFILES["hostile"], seed=seed, servers=0, computing=0.01, failed_computations=0.0, lag=0.05)
    victim: list[BaseProcess] = []
    asked = [0]

    def kill(when: str, _: int) -> bool:
        asked[0] += 1
        if victim and asked[0] in (11 + seed, 40 + seed, 90 + seed, 150 + seed):
            victim.pop().kill()
        return False

    kills = 0
    with running(organisation, chaos=profile, watch=kill) as server:
        for _ in range(20):
            process = loader(run_folder, server.address)
            victim.append(process)
            process.join(60)
            victim.clear()
            kills += process.exitcode != 0
            time.sleep(0.02)
            if process.exitcode == 0 and warnings_aside(state(organisation)) == wanted:
                break
    assert warnings_aside(state(organisation)) == wanted
    assert kills >= 2


WITHOUT_WARNINGS: dict[str, tuple[int, dict[str, int]]] = {
    "msdynmkt_segment": (
        SegmentStatus.COMPUTED_WITH_WARNINGS,
        {"statecode": State.ACTIVE, "statuscode": SegmentStatus.ACTIVE},
    ),
    "msdynmkt_segmentdefinition": (DefinitionStatus.LIVE_WITH_WARNINGS, {"statuscode": DefinitionStatus.LIVE}),
}
"""By table: the status that a computation with warnings leaves, and what one without leaves in its place."""


def warnings_aside(found: dict[str, Any]) -> dict[str, Any]:
    """The state, where a computation with warnings is one like the others."""
    return found | {
        table: {key: row | clean if row["statuscode"] == warned else row for key, row in found[table].items()}
        for table, (warned, clean) in WITHOUT_WARNINGS.items()
    }


def test_the_same_seed_makes_the_same_trouble() -> None:
    one, other, another = Dice(1), Dice(1), Dice(2)
    first = [one.roll("a").random(), one.roll("a").random(), one.roll("b").random()]
    second = [other.roll("b").random(), other.roll("a").random(), other.roll("a").random()]
    assert first == [second[1], second[2], second[0]]  # the order in which events come does not matter
    assert first[0] != first[1]
    assert another.roll("a").random() not in first
