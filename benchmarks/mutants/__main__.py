"""Do the tests notice small faults? Puts them in, one at a time, and runs the tests that go through the line.

    python benchmarks/mutants [--number 400] [--seed 1] [--jobs 2] [--least 85]
    python benchmarks/mutants --known [--number 40]     quick: asks first the test that noticed it the last time
    python benchmarks/mutants --show KEY                one fault, its difference, and what the tests say of it
    python benchmarks/mutants --list                    what was not noticed, with the differences

Results are kept in .mutants/ as they come: the same command goes on where it was ended. A line or a test that changes
makes what depends on it be tried again. Without --known, the outcomes are written to benchmarks/mutants/known.json.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from mutants.covering import Covering, measure, state_of
from mutants.faults import ROOT, Fault, broken, chosen, every_fault, source_of
from mutants.warm import Outcome, outcomes, repeated

KEPT = ROOT / ".mutants"
KNOWN = Path(__file__).parent / "known.json"
BUDGET = 20.0
"""Seconds of tests for each fault, when nothing is wrong."""

QUICK_BUDGET = 5.0
"""The same with `--known`."""


def difference(fault: Fault) -> str:
    """The lines that change, as `diff` writes them."""
    lines = difflib.unified_diff(source_of(fault.file).splitlines(), broken(fault).splitlines(), n=0, lineterm="")
    return "\n".join(f"    {line}" for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---"))


class Results:
    """Outcomes on the disk, a line each. One holds while the module is the same; that nothing noticed, also while the
    tests are.
    """

    def __init__(self, path: Path, tests: str) -> None:
        self._path, self._tests = path, tests
        self._all: dict[str, tuple[Outcome, str, str]] = {}
        if path.is_file():
            for line in path.read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                module, of_tests = row.pop("module"), row.pop("tests")
                self._all[row["key"]] = Outcome(**row), module, of_tests

    def of(self, fault: Fault) -> Outcome | None:
        """What is known of the fault, and still holds."""
        outcome, module, tests = self._all.get(fault.key, (None, "", ""))
        if outcome is None or module != _checksum(fault.file) or not (outcome.noticed or tests == self._tests):
            return None
        return outcome

    def keep(self, fault: Fault, outcome: Outcome) -> None:
        """Remember one more, at once."""
        module = _checksum(fault.file)
        self._all[fault.key] = outcome, module, self._tests
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**asdict(outcome), "module": module, "tests": self._tests}) + "\n")


def _checksum(file: str) -> str:
    return hashlib.sha256(source_of(file).encode()).hexdigest()


def _tests_by_map(sample: Sequence[Fault], covering: Covering) -> Iterator[tuple[Fault, list[str], float]]:
    for fault in sample:
        tests = covering.tests_for(fault, BUDGET)
        yield fault, tests, sum(covering.seconds[test] for test in tests)


def _with_control(work: Iterator[tuple[Fault, list[str], float]]) -> Iterator[tuple[Fault, list[str], float]]:
    """The same, and for every twentieth fault its tests without it: they have to pass."""
    for number, (fault, tests, usual) in enumerate(work):
        if number % 20 == 0 and tests:
            yield replace(fault, operator=""), tests, usual
        yield fault, tests, usual


def _tests_as_known(sample: Sequence[Fault]) -> Iterator[tuple[Fault, list[str], float]]:
    """What noticed it the last time; where nothing did, or the function is new, the tests of the room."""
    noticed = {row["key"]: row["by"] for row in json.loads(KNOWN.read_text(encoding="utf-8"))["faults"]}
    for fault in sample:
        by = noticed.get(fault.key, "")
        file = by.partition("::")[0]
        if not file or not (ROOT / file).is_file():
            file = f"tests/{'dataverse/test_throttle.py' if fault.room == 'throttle' else fault.room}"
        function = by.partition("[")[0].rpartition("::")[2]
        there = bool(function) and f"def {function}(" in (ROOT / file).read_text(encoding="utf-8")
        yield fault, [by if there else file], QUICK_BUDGET


def _tell(done: int, number: int, missed: int, outcome: Outcome, quiet: bool) -> None:
    if quiet:
        return
    said = f"noticed by {outcome.by}" if outcome.noticed else "NOT NOTICED" + ("" if outcome.asked else " (no test)")
    print(f"{done}/{number}, {missed} not noticed · {outcome.seconds:.1f} s · {outcome.key}: {said}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks/mutants", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--number", type=int, default=0, help="how many faults (400; 40 with --known)")
    parser.add_argument("--seed", type=int, default=1, help="of the choice")
    parser.add_argument("--jobs", type=int, default=2, help="how many processes")
    parser.add_argument("--least", type=float, default=85.0, help="percent that have to be noticed")
    parser.add_argument("--room", default="", help="only this folder's")
    parser.add_argument("--known", action="store_true", help="ask the tests of benchmarks/mutants/known.json")
    parser.add_argument("--show", metavar="KEY", default="", help="one fault at work")
    parser.add_argument("--list", action="store_true", help="what known.json says was not noticed")
    parser.add_argument("--quiet", action="store_true", help="only the figures and what was not noticed")
    return parser.parse_args()


def _show(faults: Sequence[Fault], key: str) -> int:
    fault = next((one for one in faults if one.key == key), None)
    if fault is None:
        print(f"{key} is no fault of this code.", file=sys.stderr)
        return 2
    print(f"{fault.file}:{fault.line}\n{difference(fault)}\n", flush=True)
    tests = measure(KEPT, 2).tests_for(fault, BUDGET)
    with tempfile.TemporaryDirectory() as folder:
        repeated(fault, tests, Path(folder) / "t")
    return 0


def _list(faults: Sequence[Fault]) -> int:
    there = {fault.key: fault for fault in faults}
    for row in json.loads(KNOWN.read_text(encoding="utf-8"))["faults"]:
        if not row["by"] and (fault := there.get(row["key"])):
            print(f"{fault.file}:{fault.line} {fault.key}\n{difference(fault)}")
    return 0


def _write_known(known: Mapping[Fault, Outcome], seed: int, seconds: float) -> None:
    rows = sorted(
        ({"key": fault.key, "by": outcome.by} for fault, outcome in known.items()), key=lambda row: row["key"]
    )
    noticed = sum(bool(row["by"]) for row in rows)
    head = {"seed": seed, "number": len(rows), "noticed": noticed, "seconds": round(seconds)}
    KNOWN.write_text(json.dumps({**head, "faults": rows}, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """Try the sample and say how much of it was noticed; 1 if that is too little."""
    arguments, began = _arguments(), time.monotonic()
    faults = every_fault()
    if arguments.show or arguments.list:
        return _show(faults, arguments.show) if arguments.show else _list(faults)
    number = arguments.number or (40 if arguments.known else 400)
    sample = [one for one in chosen(faults, number, arguments.seed) if arguments.room in ("", one.room)]
    KEPT.mkdir(exist_ok=True)
    tests = hashlib.sha256(f"{state_of('tests')} {arguments.known}".encode()).hexdigest()
    results = Results(KEPT / ("quick.jsonl" if arguments.known else "results.jsonl"), tests)
    known = {fault: outcome for fault in sample if (outcome := results.of(fault))}
    left = [fault for fault in sample if fault not in known]
    work = _tests_as_known(left) if arguments.known else _tests_by_map(left, measure(KEPT, arguments.jobs))
    missed = sum(not outcome.noticed for outcome in known.values())
    for fault, outcome in outcomes(_with_control(work), arguments.jobs):
        if not fault.operator:
            if outcome.noticed:
                print(f"Without any fault a test fails: {outcome.by}. Nothing can be said before that is mended.")
                return 2
            continue
        known[fault] = outcome
        results.keep(fault, outcome)
        missed += not outcome.noticed
        _tell(len(known), len(sample), missed, outcome, arguments.quiet)
    seconds = time.monotonic() - began
    for fault in sample:
        if not known[fault].noticed:
            print(f"{fault.file}:{fault.line} {fault.key}\n{difference(fault)}")
    share = 100 * (1 - missed / len(sample))
    print(f"{len(sample)} of {len(faults)} faults, {missed} not noticed: {share:.1f} % noticed, in {seconds:.0f} s")
    for room in sorted({fault.room for fault in sample}):
        of_room = [known[fault] for fault in sample if fault.room == room]
        print(f"  {room:<12} {sum(one.noticed for one in of_room):>4} of {len(of_room)}")
    if not arguments.known and not arguments.room:
        _write_known(known, arguments.seed, seconds)
    return int(share < arguments.least)


if __name__ == "__main__":
    raise SystemExit(main())
