"""Do the tests notice small faults? Puts them in, one at a time, and runs the tests that go through the line.

    python benchmarks/mutants [--number 400] [--seed 1] [--jobs 2] [--least 85]
    python benchmarks/mutants --known [--number 40]     quick: asks only the test that noticed it the last time
    python benchmarks/mutants --show KEY [TEST …]       one fault, its difference, and what these tests (all) say of it
    python benchmarks/mutants --list                    what was not noticed, with the differences

Outcomes are kept in .mutants/ as they come: the same command goes on where it was ended. A line or a test that changes
makes what depends on it be tried again. Without --known, they are written to benchmarks/mutants/known.json, and why a
fault need not be noticed stands in benchmarks/mutants/reasons.toml; docs/mutants.md shows both.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from mutants.covering import Covering, measure, within
from mutants.faults import ROOT, Fault, chosen, difference, every_fault
from mutants.kept import Kept, Known, known_outcomes, reasons, write_known
from mutants.warm import QUICK, Outcome, outcomes, repeated

KEPT = ROOT / ".mutants"
BUDGET = 20.0
"""Processor seconds of tests for each fault, when nothing is wrong."""

NUMBER, QUICKLY = 400, 40
"""Faults of a whole run, and of one with `--known`."""

_FAILS = "Without any fault a test fails"


def _control(noticed: Mapping[Fault, Outcome], jobs: int) -> str:
    """Ask every test that has noticed something once more, without a fault; gives one that fails then, or nothing."""
    witnesses: dict[str, Fault] = {one.by: fault for fault, one in noticed.items() if "::" in one.by}
    if not witnesses:
        return ""
    tests = sorted(witnesses)
    parts = [tests[at : at + _TOGETHER] for at in range(0, len(tests), _TOGETHER)]
    work = [(replace(witnesses[part[0]], operator=""), dict.fromkeys(part, SLOW)) for part in parts]
    return next((outcome.by for _, outcome in outcomes(work, jobs) if outcome.noticed), "")


_TOGETHER = 50
SLOW = 10.0
"""Processor seconds that a test may take, about, of which nothing is said."""


def _as_known(sample: Sequence[Fault], known: Known) -> tuple[list[tuple[Fault, dict[str, float]]], list[Fault]]:
    """What to ask with `--known`, and what nothing noticed the last time either.

    Of a fault that is new, or whose test is gone, the tests of the room with the name of the module are asked.
    """
    asked: list[tuple[Fault, dict[str, float]]] = []
    missed: list[Fault] = []
    for fault in sample:
        by = known.by.get(fault.key)
        if by == "":
            missed.append(fault)
        else:
            asked.append((fault, {by if by and is_there(by) else room_of(fault): QUICK}))
    return asked, missed


def is_there(test: str) -> bool:
    """Whether the file of a test still has a function of its name.

    Args:
        test: As pytest names it.
    """
    file, _, rest = test.partition("::")
    path = ROOT / file
    function = rest.partition("[")[0].rpartition("::")[2]
    return path.is_file() and bool(function) and f"def {function}(" in path.read_text(encoding="utf-8")


def room_of(fault: Fault) -> str:
    """The tests of the fault's room.

    Args:
        fault: Whose.
    """
    return "tests/dataverse/test_throttle.py" if fault.room == "throttle" else f"tests/{fault.room}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks/mutants", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--number", type=int, default=0, help=f"how many faults ({NUMBER}; {QUICKLY} with --known)")
    parser.add_argument("--seed", type=int, default=1, help="of the choice")
    parser.add_argument("--jobs", type=int, default=2, help="how many processes")
    parser.add_argument("--least", type=float, default=85.0, help="percent that have to be noticed")
    parser.add_argument("--room", default="", help="only this folder's")
    parser.add_argument("--known", action="store_true", help="ask only the test that noticed it the last time")
    parser.add_argument("--show", metavar="KEY", default="", help="one fault at work")
    parser.add_argument("tests", metavar="TEST", nargs="*", help="with --show: what to ask")
    parser.add_argument("--list", action="store_true", help="what known.json says was not noticed")
    parser.add_argument("--quiet", action="store_true", help="only the figures and what was not noticed")
    return parser.parse_args()


def _show(faults: Sequence[Fault], key: str, tests: Sequence[str]) -> int:
    fault = next((one for one in faults if one.key == key), None)
    if fault is None:
        print(f"{key} is no fault of this code.", file=sys.stderr)
        return 2
    print(f"{fault.file}:{fault.line}\n{difference(fault)}\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        repeated(fault, tests or list(measure(KEPT, 2).tests_for(fault)), Path(folder) / "t")
    return 0


def _list(faults: Sequence[Fault]) -> int:
    there = {fault.key: fault for fault in faults}
    for key in known_outcomes().missed:
        if fault := there.get(key):
            print(f"{fault.file}:{fault.line} {fault.key}\n{difference(fault)}")
    return 0


class _Telling:
    """Says how far it is, line by line."""

    def __init__(self, number: int, quiet: bool) -> None:
        self._number, self._quiet = number, quiet
        self._done = self._missed = 0

    def __call__(self, outcome: Outcome) -> None:
        self._done += 1
        self._missed += not outcome.noticed
        if self._quiet:
            return
        said = (
            f"noticed by {outcome.by}" if outcome.noticed else f"NOT NOTICED by {outcome.asked} of {outcome.covering}"
        )
        head = f"{self._done}/{self._number}, {self._missed} not noticed · {outcome.seconds:.1f} s"
        print(f"{head} · {outcome.key}: {said}", flush=True)


def _quickly(sample: Sequence[Fault], arguments: argparse.Namespace) -> int:
    """What was noticed the last time has to be noticed again."""
    began = time.monotonic()
    asked, missed = _as_known(sample, known_outcomes())
    told = _Telling(len(asked), arguments.quiet)
    lost: list[Fault] = []
    found = dict(outcomes(asked, arguments.jobs))
    for fault, outcome in found.items():
        told(outcome)
        if not outcome.noticed:
            lost.append(fault)
    if failing := _control(found, arguments.jobs):
        print(f"{_FAILS}: {failing}. Nothing can be said before that is mended.")
        return 2
    for fault in lost:
        print(f"not noticed any more: {fault.file}:{fault.line} {fault.key}\n{difference(fault)}")
    share = 100 * (1 - len(lost + missed) / len(sample))
    print(
        f"{len(sample)} faults, {len(missed)} known not to be noticed and {len(lost)} more: {share:.1f} % noticed, "
        f"in {time.monotonic() - began:.0f} s"
    )
    return int(bool(lost))


def _wholly(sample: Sequence[Fault], number_of_all: int, arguments: argparse.Namespace) -> int:
    """Every fault of the sample is tried, unless that was done and still holds."""
    KEPT.mkdir(exist_ok=True)
    covering = measure(KEPT, arguments.jobs)
    before = known_outcomes()
    tests = {fault: covering.tests_for(fault, before.by.get(fault.key, "")) for fault in sample}
    kept = Kept(KEPT / "results.jsonl")
    asked = {fault: within(tests[fault], BUDGET) for fault in sample}
    known = {
        fault: outcome
        for fault in sample
        if (outcome := kept.of(fault, tests[fault])) and (outcome.noticed or outcome.asked >= len(asked[fault]))
    }
    told = _Telling(len(sample), arguments.quiet)
    for outcome in known.values():
        if not arguments.quiet:
            told(outcome)
    left = [fault for fault in sample if fault not in known]
    for fault, outcome in outcomes(((one, asked[one]) for one in left), arguments.jobs):
        known[fault] = replace(outcome, covering=len(tests[fault]))
        kept.keep(fault, known[fault], tests[fault])
        told(known[fault])
    if failing := _control(known, arguments.jobs):
        kept.forget(failing)
        print(f"{_FAILS}: {failing}. What it is said to have noticed will be tried again.")
        return 2
    _tell(sample, known, number_of_all)
    if not arguments.room:
        write_known(known, number_of_all, arguments.seed, seconds_of(known, covering, arguments.jobs))
    missed = sum(not outcome.noticed for outcome in known.values())
    return int(100 * (1 - missed / len(sample)) < arguments.least)


def seconds_of(known: Mapping[Fault, Outcome], covering: Covering, jobs: int) -> float:
    """How long a run takes from nothing, also where it was done in several goes.

    Args:
        known: What became of each fault.
        covering: The map, which is made first.
        jobs: How many were tried at a time.
    """
    return covering.took + sum(outcome.seconds for outcome in known.values()) / jobs


def _tell(sample: Sequence[Fault], known: Mapping[Fault, Outcome], number_of_all: int) -> None:
    why = reasons()
    missed = [fault for fault in sample if not known[fault].noticed]
    for fault in missed:
        reason = why[fault.key].text if fault.key in why else "no reason is known"
        print(f"{fault.file}:{fault.line} {fault.key}\n{difference(fault)}\n    {reason}")
    share = 100 * (1 - len(missed) / len(sample))
    same = [fault for fault in missed if fault.key in why and why[fault.key].equivalent]
    of_rest = 100 * (1 - (len(missed) - len(same)) / (len(sample) - len(same)))
    print(
        f"{len(sample)} of {number_of_all} faults, {len(missed)} not noticed: {share:.1f} % noticed; "
        f"{len(same)} of those change nothing: {of_rest:.1f} % of the others noticed"
    )
    for room in sorted({fault.room for fault in sample}):
        of_room = [known[fault] for fault in sample if fault.room == room]
        print(f"  {room:<12} {sum(one.noticed for one in of_room):>4} of {len(of_room)}")


def main() -> int:
    """Try the sample and say how much of it was noticed; 1 if that is too little."""
    arguments = _arguments()
    faults = every_fault()
    if arguments.show or arguments.list:
        return _show(faults, arguments.show, arguments.tests) if arguments.show else _list(faults)
    number = arguments.number or (QUICKLY if arguments.known else NUMBER)
    whole = chosen(faults, max(number, NUMBER), arguments.seed)
    sample = [one for one in chosen(whole, number, arguments.seed) if arguments.room in ("", one.room)]
    return _quickly(sample, arguments) if arguments.known else _wholly(sample, len(faults), arguments)


if __name__ == "__main__":
    raise SystemExit(main())
