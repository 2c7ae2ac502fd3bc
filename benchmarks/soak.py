"""Ten minutes of chaos with random kills: is anybody lost, or counted twice?

    python benchmarks/soak.py [--minutes N] [--seed N] [--json]

Loads an organisation again and again into a hostile sandbox, killing the process at random moments and going on with
`migrator load`, until everything is there; compares every group with the export, id by id; rolls it all back, with
kills too; and begins again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from scaled import Serving, digest, serving, write_export

from migrator.base.ids import unpacked
from migrator.contracts.export_folder import member_reader
from migrator.contracts.journal import JOURNAL, LoadState, read_results
from migrator.contracts.plan import read_plan
from migrator.sandbox.chaos import PROFILES

STATICS, MEMBERS, DYNAMICS = 60, 4_000, 20


class Soak:
    """One organisation, one run, and the dice."""

    def __init__(self, folder: Path, server: Serving, seed: int, until: float) -> None:
        self.folder, self.server, self.until = folder, server, until
        self.chance = random.Random(seed)
        self.kills = self.commands = self.rounds = self.compared = 0
        out = folder / "runs"
        self._go("run", "--from", str(folder / "export"), "--dry-run", "--org", server.address, killing=False)
        self.run = next(out.iterdir())
        plan = read_plan(self.run)
        read = member_reader(self.run / "export")
        self.segments = len(plan.segments)
        self.wanted = {
            str(group.id): digest(one.int for one in unpacked(read(segment.legacy_id, group.first, group.count)))
            for segment in plan.segments
            for group in segment.groups
        }

    def go(self) -> None:
        """Load, compare, roll back, again and again."""
        while time.monotonic() < self.until:
            self._until(self._loaded, "load", "--no-wait", "--yes", "--org", self.server.address)
            held = self.server.groups()
            if held != self.wanted:
                wrong = sum(held.get(key) != ids for key, ids in self.wanted.items()) + len(held.keys() - self.wanted)
                raise SystemExit(f"{wrong} groups are not as planned, in round {self.rounds + 1}")
            if self.server.counts()["segments"] != self.segments:
                raise SystemExit(f"{self.server.counts()['segments']} segments instead of {self.segments}")
            self.compared += len(held)
            self._until(self._empty, "rollback", "--yes", "--org", self.server.address)
            self.rounds += 1

    def _until(self, done: Any, *command: str) -> None:
        """Repeat a command, killing it at random moments, until it has done its work."""
        for attempt in range(1000):
            self._go(*command, killing=self.chance.random() < 0.8 and attempt < 20)
            if done():
                return
        raise SystemExit(f"{command[0]} never came to an end")

    def _loaded(self) -> bool:
        results = read_results(self.run / JOURNAL)
        return len(results) == self.segments and all(one.state is LoadState.LOADED for one in results.values())

    def _empty(self) -> bool:
        return int(self.server.counts()["segments"]) == 0

    def _go(self, *command: str, killing: bool) -> None:
        arguments = [sys.executable, "-m", "migrator", *command, "--out", str(self.folder / "runs"), "--quiet"]
        environment = {**os.environ, "AZURE_CLIENT_ID": "soak", "MIGRATOR_WINDOW": "5"}
        process = subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.commands += 1
        try:
            process.wait(self.chance.uniform(0.8, 6.0) if killing else 600)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self.kills += 1


def main() -> None:
    """Soak and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--minutes", type=float, default=10.0)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--json", action="store_true")
    asked = arguments.parse_args()
    profile = replace(PROFILES["hostile"], seed=asked.seed, latency=0.005)
    with tempfile.TemporaryDirectory() as folder, serving(100_000, profile) as server:
        write_export(Path(folder) / "export", [MEMBERS] * STATICS, DYNAMICS, 100_000)
        soak = Soak(Path(folder), server, asked.seed, time.monotonic() + 60 * asked.minutes)
        soak.go()
        result = {
            "minutes": asked.minutes,
            "rounds_of_loading_and_rolling_back": soak.rounds,
            "commands": soak.commands,
            "kills": soak.kills,
            "groups_compared": soak.compared,
            "members_lost_or_added": 0,  # anything else has ended the script
            **{f"trouble_{kind.replace(' ', '_')}": n for kind, n in server.counts()["befallen"].items()},
        }
    if asked.json:
        print(json.dumps(result, indent=1))
        return
    for name, value in result.items():
        print(f"{name.replace('_', ' '):<40}{value:>10,}")


if __name__ == "__main__":
    main()
