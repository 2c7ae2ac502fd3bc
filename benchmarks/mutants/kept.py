"""What is kept of a run: outcomes as they come, the record of the last whole one, and why some faults need no test."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from mutants.faults import ROOT, Fault, difference, source_of
from mutants.warm import Outcome

KNOWN = Path(__file__).parent / "known.json"
REASONS = Path(__file__).parent / "reasons.toml"


class Kept:
    """Outcomes on the disk, a line each.

    One holds while the module is the same and so are the tests: of a fault that was noticed the file of the test that
    did, of one that was not all those that run through its line.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._all: dict[str, tuple[Outcome, str]] = {}
        if path.is_file():
            for line in path.read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                state = row.pop("state")
                self._all[row["key"]] = Outcome(**row), state

    def of(self, fault: Fault, tests: Collection[str]) -> Outcome | None:
        """What is known of the fault, and still holds.

        Args:
            fault: Which.
            tests: Those that run through its line now.
        """
        outcome, state = self._all.get(fault.key, (None, ""))
        return outcome if outcome and state == _state(fault, outcome, tests) else None

    def keep(self, fault: Fault, outcome: Outcome, tests: Collection[str]) -> None:
        """Remember one more, at once.

        Args:
            fault: Which.
            outcome: What became of it.
            tests: Those that run through its line.
        """
        state = _state(fault, outcome, tests)
        self._all[fault.key] = outcome, state
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**asdict(outcome), "state": state}) + "\n")

    def forget(self, test: str) -> None:
        """What a test is said to have noticed is not known any more: it fails without a fault, too.

        Args:
            test: Which.
        """
        self._all = {key: one for key, one in self._all.items() if one[0].by != test}
        rows = (json.dumps({**asdict(outcome), "state": state}) + "\n" for outcome, state in self._all.values())
        self._path.write_text("".join(rows), encoding="utf-8")


def _state(fault: Fault, outcome: Outcome, tests: Collection[str]) -> str:
    """A checksum of what the outcome depends on."""
    digest = hashlib.sha256(source_of(fault.file).encode())
    asked = {outcome.by} if "::" in outcome.by else set(tests)
    for file in sorted({one.partition("::")[0] for one in asked}):
        digest.update(f"\0{file}\0".encode())
        if (ROOT / file).is_file():
            digest.update((ROOT / file).read_bytes())
    if not outcome.noticed:
        digest.update("\0".join(sorted(tests)).encode())
    return digest.hexdigest()


@dataclass(frozen=True)
class Missed:
    """A fault that no test noticed.

    Args:
        asked: How many tests were asked,
        covering: and how many run through the line.
        change: Its lines, as `diff` writes them.
    """

    asked: int
    covering: int
    change: str


@dataclass(frozen=True)
class Known:
    """The record of the last whole run.

    Args:
        seed: Of the choice.
        number: Faults of the sample.
        of: Faults that could have been chosen.
        seconds: How long it took, from nothing.
        by: For each fault the test that noticed it, or "".
        missed: Those that were not noticed.
    """

    seed: int
    number: int
    of: int
    seconds: int
    by: Mapping[str, str]
    missed: Mapping[str, Missed]


def known_outcomes(path: Path = KNOWN) -> Known:
    """Read the record; where there is none, nothing is known.

    Args:
        path: Where it stands.
    """
    if not path.is_file():
        return Known(0, 0, 0, 0, {}, {})
    record = json.loads(path.read_text(encoding="utf-8"))
    missed = {key: Missed(**rest) for key, rest in record.pop("missed").items()}
    noticed = record.pop("noticed")
    return Known(**record, by={**noticed, **dict.fromkeys(missed, "")}, missed=missed)


def write_known(outcomes: Mapping[Fault, Outcome], of: int, seed: int, seconds: float, path: Path = KNOWN) -> None:
    """Write the record.

    Args:
        outcomes: What became of each fault.
        of: How many could have been chosen.
        seed: Of the choice.
        seconds: How long it took, from nothing.
        path: Where it stands.
    """
    every = sorted(outcomes.items(), key=lambda one: one[0].key)
    record = {
        "seed": seed,
        "number": len(every),
        "of": of,
        "seconds": round(seconds),
        "noticed": {fault.key: one.by for fault, one in every if one.noticed},
        "missed": {
            fault.key: asdict(Missed(one.asked, one.covering, difference(fault)))
            for fault, one in every
            if not one.noticed
        },
    }
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Reason:
    """Why a fault need not be noticed.

    Args:
        key: Of the fault.
        change: Its lines, as `diff` writes them: where they are others now, the reason is about another fault.
        equivalent: Whether the faulty code does the same, whatever is put in.
        text: One sentence.
    """

    key: str
    change: str
    equivalent: bool
    text: str


def reasons(path: Path = REASONS) -> dict[str, Reason]:
    """All reasons, by the keys of their faults.

    Args:
        path: Where they stand.
    """
    if not path.is_file():
        return {}
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("fault", [])
    found = [Reason(one["key"], one["change"].strip("\n"), one["equivalent"], one["reason"]) for one in entries]
    return {one.key: one for one in found}
