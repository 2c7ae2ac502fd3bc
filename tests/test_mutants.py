"""Mutation testing itself: the sample, a fault at work, going on after an end, and what is written of it."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

from mutants import kept  # noqa: E402
from mutants.covering import Covering, within  # noqa: E402
from mutants.faults import Fault, broken, chosen, difference, faults_of, source_of  # noqa: E402
from mutants.kept import Kept, known_outcomes, reasons, write_known  # noqa: E402
from mutants.warm import Outcome  # noqa: E402

MODULE = "migrator/dataverse/throttle.py"
TESTS = "tests/dataverse/test_limiter.py"
LONGER = f"{TESTS}::test_of_two_waits_the_longer_one_counts"
DOUBLING = "def step(n: int) -> int:\n    if n > 3:\n        return n + 1\n    return -1\n"

ROOMS = {"loader": 300, "extractor": 2000, "contracts": 900}


def some(room: str, number: int) -> list[Fault]:
    """Faults of a room, two in each line."""
    return [Fault(f"migrator/{room}/m.py", "f", "core/AddNot", n, n, n // 2) for n in range(number)]


ALL = [fault for room, number in ROOMS.items() for fault in some(room, number)]


# --- the sample ------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=20)
@given(st.integers(), st.integers(min_value=20, max_value=400))
def test_the_same_seed_chooses_the_same_faults_in_whatever_order_they_come(order: int, number: int) -> None:
    shuffled = random.Random(order).sample(ALL, len(ALL))
    assert chosen(shuffled, number, 1) == chosen(ALL, number, 1)
    assert chosen(ALL, number, 2) != chosen(ALL, number, 1)


def test_a_sample_is_spread_over_the_rooms_by_their_size_and_over_lines() -> None:
    sample = chosen(ALL, 400, 1)
    assert len({(fault.file, fault.line) for fault in sample}) == len(sample) == 400
    for room, number in ROOMS.items():
        share = Counter(fault.room for fault in sample)[room]
        assert abs(share - 400 * number / len(ALL)) <= 1


def test_a_fault_elsewhere_does_not_make_the_sample_another_one() -> None:
    before, after = set(chosen(ALL, 400, 1)), set(chosen([*ALL, *some("translator", 40)], 400, 1))
    assert len(before & after) >= 400 - 20 - 10


# --- what a fault is -------------------------------------------------------------------------------------------------


def test_a_fault_keeps_its_name_when_code_around_it_changes() -> None:
    before = {fault.key for fault in faults_of("m.py", DOUBLING)}
    after = {fault.key for fault in faults_of("m.py", f"def other() -> int:\n    return 5\n\n\n{DOUBLING}")}
    assert before < after
    assert "m.py::step::ReplaceComparisonOperator_Gt_GtE::0" in before


def test_types_and_what_never_runs_get_no_fault() -> None:
    source = "def f(x: int | None = None) -> int:\n    raise AssertionError(1 + 2)\n"
    assert faults_of("m.py", source) == []


def test_every_fault_is_code() -> None:
    source = "def f(*, a: int, b: list[int]) -> object:\n    if c := a * 2:\n        return [*b, (c + 1) * a]\n"
    found = {fault.key.partition("::f::")[2] for fault in faults_of("m.py", source)}
    assert {"ReplaceBinaryOperator_Mul_FloorDiv::1", "ReplaceBinaryOperator_Add_Sub::0", "NumberReplacer::0"} <= found
    assert not [key for key in found if key.startswith("AddNot")]
    for fault in faults_of(MODULE, source_of(MODULE)):
        compile(broken(fault), fault.key, "exec")


def test_of_the_tests_that_go_through_the_line_the_last_witness_and_those_of_the_room_come_first() -> None:
    fault = Fault(MODULE, "f", "core/AddNot", 0, 0, 7)
    names = ("tests/cli/a.py::one", "tests/dataverse/b.py::slow", "tests/dataverse/b.py::quick", "tests/x.py::last")
    seconds = dict(zip(names, (0.1, 3.0, 0.2, 0.1), strict=True))
    covering = Covering({MODULE: {7: names, 8: ("other",)}}, seconds, 0.0)
    assert [*covering.tests_for(fault)] == [names[2], names[1], names[0], names[3]]
    assert [*covering.tests_for(fault, names[3])] == [names[3], names[2], names[1], names[0]]
    assert [*within(covering.tests_for(fault), 0.35)] == [names[2], names[0]]


# --- a fault at work -------------------------------------------------------------------------------------------------

AT_WORK = """
import json, sys
sys.path.insert(0, "benchmarks")
from mutants import warm
from mutants.faults import faults_of, source_of
from dataclasses import asdict, replace
file, key, good, blind, endless = sys.argv[1:]
fault = next(one for one in faults_of(file, source_of(file)) if one.key == key)
warm.GRACE, warm.HEAVY = 1.0, ("pytest", "hypothesis")
work = [(fault, {blind: 1.0, good: 1.0}), (fault, {blind: 1.0}), (replace(fault, operator=""), {good: 1.0}),
        (fault, {}), (replace(fault, operator=""), {endless: 0.1})]
print(json.dumps([asdict(outcome) for _, outcome in warm.outcomes(work, 1)]))
"""


@pytest.mark.slow
def test_a_fault_is_noticed_by_the_test_that_looks_and_by_no_other(tmp_path: Path) -> None:
    endless = tmp_path / "test_endless.py"
    endless.write_text("def test_endless():\n    while True:\n        pass\n")
    fault = next(
        one
        for one in faults_of(MODULE, source_of(MODULE))
        if one.function == "Limiter.refused" and one.operator == "core/ReplaceBinaryOperator_Add_Sub"
    )
    assert "now - retry_after" in difference(fault)
    blind = f"{TESTS}::test_up_to_the_hint_it_rises_quickly_and_slowly_above"
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    ended = subprocess.run(
        [sys.executable, "-c", AT_WORK, MODULE, fault.key, LONGER, blind, f"{endless}::test_endless"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    assert ended.returncode == 0, ended.stderr
    assert list(temporary.iterdir()) == []  # also of those that were ended
    found = [(one["noticed"], one["by"], one["asked"]) for one in json.loads(ended.stdout)]
    assert found == [(True, LONGER, 2), (False, "", 1), (False, "", 1), (False, "", 0), (True, "time", 1)]
    assert "now + retry_after" in source_of(MODULE)  # nothing on the disk has changed


# --- what is kept ----------------------------------------------------------------------------------------------------


@pytest.fixture
def fault(tmp_path: Path) -> Fault:
    """A fault of a module of its own, beside two files with tests."""
    (tmp_path / "m.py").write_text(DOUBLING)
    for name in ("test_a.py", "test_b.py"):
        (tmp_path / name).write_text("def test() -> None: ...\n")
    return faults_of(str(tmp_path / "m.py"), DOUBLING)[0]


def test_a_run_that_was_ended_goes_on_where_it_was(fault: Fault, tmp_path: Path) -> None:
    first, second = (str(tmp_path / f"test_{name}.py::test") for name in "ab")
    other = replace(fault, nth=7)
    before = Kept(tmp_path / "results.jsonl")
    noticed = Outcome(fault.key, noticed=True, by=first, asked=2, seconds=0.5, covering=2)
    missed = Outcome(other.key, noticed=False, by="", asked=2, seconds=0.5, covering=2)
    before.keep(fault, noticed, (first, second))
    before.keep(other, missed, (first, second))

    def known() -> list[bool]:
        after = Kept(tmp_path / "results.jsonl")
        return [after.of(one, (first, second)) is not None for one in (fault, other)]

    assert Kept(tmp_path / "results.jsonl").of(fault, (first, second)) == noticed
    assert known() == [True, True]
    assert Kept(tmp_path / "results.jsonl").of(other, (first, second, "more")) is None
    (tmp_path / "test_b.py").write_text("def test() -> None:\n    assert True\n")
    assert known() == [True, False]  # another test has changed: perhaps it notices now
    (tmp_path / "test_a.py").write_text("def test() -> None:\n    assert True\n")
    assert known() == [False, False]


def test_an_outcome_holds_for_the_module_that_it_was_tried_with(fault: Fault, tmp_path: Path) -> None:
    outcome = Outcome(fault.key, noticed=True, by=str(tmp_path / "test_a.py::test"), asked=1, seconds=0.5)
    before = Kept(tmp_path / "results.jsonl")
    before.keep(fault, outcome, (outcome.by,))
    assert before.of(fault, (outcome.by,)) == outcome
    (tmp_path / "m.py").write_text(f"{DOUBLING}# more\n")
    source_of.cache_clear()
    assert before.of(fault, (outcome.by,)) is None


def test_the_record_is_read_as_it_was_written(fault: Fault, tmp_path: Path) -> None:
    other = replace(fault, nth=7)
    outcomes = {
        fault: Outcome(fault.key, noticed=True, by="tests/a.py::one", asked=3, seconds=1.0, covering=3),
        other: Outcome(other.key, noticed=False, by="", asked=3, seconds=1.0, covering=9),
    }
    write_known(outcomes, 5_000, 1, 61.4, tmp_path / "known.json")
    known = known_outcomes(tmp_path / "known.json")
    assert (known.number, known.of, known.seed, known.seconds) == (2, 5_000, 1, 61)
    assert known.by == {fault.key: "tests/a.py::one", other.key: ""}
    assert (known.missed[other.key].asked, known.missed[other.key].covering) == (3, 9)
    assert known.missed[other.key].change == difference(other)


# --- what is written of it -------------------------------------------------------------------------------------------


def test_a_reason_names_a_fault_that_is_there_and_changes_just_these_lines() -> None:
    why = reasons()
    assert len(why) == kept.REASONS.read_text(encoding="utf-8").count("[[fault]]")
    there: dict[str, Fault] = {}
    for file in sorted({key.partition("::")[0] for key in why}):
        there |= {fault.key: fault for fault in faults_of(file, source_of(file))}
    for key, reason in why.items():
        assert key in there, f"{key} is no fault any more: take it out of benchmarks/mutants/reasons.toml"
        assert difference(there[key]) == reason.change, f"{key} changes other lines now: mend or take out its reason"
        assert reason.text.endswith(".")


def test_the_record_is_of_a_whole_sample_and_says_that_most_of_it_is_noticed() -> None:
    known = known_outcomes()
    assert (known.seed, known.number, len(known.by)) == (1, 400, 400)
    assert set(known.missed) == {key for key, by in known.by.items() if not by}
    assert 1 - len(known.missed) / known.number >= 0.85
    assert known.seconds <= 40 * 60
    assert {key.split("/")[1] for key in known.by} == {"translator", "loader", "contracts", "extractor", "dataverse"}
