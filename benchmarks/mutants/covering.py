"""Which tests run through which line, and how long each takes; from one run of the tests under Coverage.py."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

from coverage import CoverageData

from mutants.faults import ROOMS, ROOT, Fault, source_of
from mutants.timed import PROPERTY

ASKED = (
    "tests/contracts",
    "tests/dataverse",
    "tests/extractor",
    "tests/loader",
    "tests/translator",
    "tests/reach",
    "tests/commands",
    "tests/cli",
    "tests/test_aftercare.py",
    "tests/test_after_the_removal.py",
    "tests/test_api.py",
    "tests/test_commands.py",
    "tests/test_cutover.py",
    "tests/test_imports.py",
    "tests/test_imports_law.py",
)
"""Tests of the rooms and of whole commands, within one process: others would not have the fault in them."""


def state_of(*folders: str) -> str:
    """A checksum of every Python file below the folders; another state, another map."""
    digest = hashlib.sha256()
    for path in sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _tests_and_seconds(report: Path) -> dict[str, float]:
    """Of each test that passed, by its id: processor seconds."""
    seconds: dict[str, float] = {}
    for case in ET.parse(report).getroot().iter("testcase"):
        if not len(case.findall("failure")) + len(case.findall("error")) + len(case.findall("skipped")):
            *folders, module = case.attrib["classname"].split(".")
            file = "/".join((*folders, f"{module}.py"))
            told = {one.attrib["name"]: one.attrib["value"] for one in case.iter("property")}
            seconds[f"{file}::{case.attrib['name']}"] = float(told[PROPERTY])
    return seconds


def _given(source: str, line: int) -> set[str]:
    """The names which a statement at this line, outside of functions, gives a value to."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.lineno <= line <= (node.end_lineno or node.lineno):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names.update(one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name))
    return names


def _users(source: str, line: int) -> list[int]:
    """The lines that use what a statement at this line, outside of functions, gives a value to."""
    tree, names = ast.parse(source), _given(source, line)
    return [
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id in names) or (isinstance(node, ast.Attribute) and node.attr in names)
    ]


@cache
def _words(file: str) -> dict[str, set[str]]:
    """Of each function of a file with tests: the names in it, attributes too."""
    return {
        function.name: {getattr(node, "attr", getattr(node, "id", "")) for node in ast.walk(function)}
        for function in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef)
    }


def _naming(names: set[str], tests: Iterable[str]) -> set[str]:
    """The tests that name one of these themselves."""
    found = set()
    for test in tests:
        file, _, function = test.partition("::")
        if names & _words(file).get(function.partition("[")[0], set()):
            found.add(test)
    return found


def _body(source: str, line: int) -> list[int]:
    """The lines of the innermost function that begins before this line and has it in its head."""
    heads = (
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno <= line < node.body[0].lineno
    )
    return [line for node in heads for line in range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1)]


@dataclass(frozen=True)
class Covering:
    """Which tests can notice a fault.

    Args:
        lines: By file and line, the ids of the tests that run through it.
        seconds: How many processor seconds each takes.
        took: How many seconds it took to make the map.
    """

    lines: dict[str, dict[int, tuple[str, ...]]]
    seconds: dict[str, float]
    took: float

    def tests_for(self, fault: Fault, first: str = "") -> dict[str, float]:
        """The tests that run through the line of the fault, with their processor seconds.

        Args:
            fault: What has to be noticed.
            first: The test that comes first, if it is one of them; then those of its room, quick ones first.
        """
        own = f"tests/{'dataverse' if fault.room == 'throttle' else fault.room}/"
        of_file = self.lines.get(fault.file, {})
        found: set[str] = set(of_file.get(fault.line, ()))
        if not found:  # it runs when the module is imported: who uses what it defines?
            source = source_of(fault.file)
            for lines in (_users(source, fault.line), _body(source, fault.line), of_file):
                found = {test for line in lines for test in of_file.get(line, ())}
                if found:
                    break
            found |= _naming(_given(source, fault.line), self.seconds)
        known = [one for one in found if one in self.seconds]
        known.sort(key=lambda one: (one != first, not one.startswith(own), self.seconds[one], one))
        return {one: self.seconds[one] for one in known}


def within(tests: Mapping[str, float], budget: float) -> dict[str, float]:
    """As many of the tests, from the first on, as fit into a budget; one that is larger than what is left is left out.

    Args:
        tests: With the processor seconds of each.
        budget: Processor seconds.
    """
    taken: dict[str, float] = {}
    for one, seconds in tests.items():
        if seconds <= budget:
            taken[one] = seconds
            budget -= seconds
    return taken


def read_covering(folder: Path) -> Covering:
    """The map of an earlier run.

    Args:
        folder: Where `measure` has left it.
    """
    data = CoverageData(str(folder / "coverage"))
    data.read()
    seconds = _tests_and_seconds(folder / "tests.xml")
    lines: dict[str, dict[int, tuple[str, ...]]] = {}
    for name in data.measured_files():
        file = Path(name).relative_to(ROOT).as_posix()
        lines[file] = {
            line: tuple(sorted({one.rpartition("|")[0] for one in contexts} - {""}))
            for line, contexts in data.contexts_by_lineno(name).items()
        }
    return Covering(lines, seconds, float((folder / "took").read_text(encoding="utf-8")))


def measure(folder: Path, jobs: int) -> Covering:
    """Run the tests once and keep which lines each of them runs through, unless that is known for this code.

    Args:
        folder: Where the map is kept.
        jobs: How many processes.
    """
    state = json.dumps([state_of("migrator", "tests"), ASKED])
    mark = folder / "state"
    if not (mark.is_file() and mark.read_text(encoding="utf-8") == state):
        (folder / "settings").write_text(_settings(folder), encoding="utf-8")
        command: Sequence[str] = (
            sys.executable, "-m", "pytest", "-q", "-n", str(jobs), "--dist", "worksteal", "-p", "no:cacheprovider",
            "-p", "mutants.timed", "--cov", f"--cov-config={folder / 'settings'}", "--cov-context=test",
            "--cov-report=", f"--junitxml={folder / 'tests.xml'}", "-o", "junit_family=xunit1",
            *ASKED,
        )  # fmt: skip
        began = time.monotonic()
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | {"COVERAGE_FILE": str(folder / "coverage"), "PYTHONPATH": str(ROOT / "benchmarks")},
            check=False,
        )
        if done.returncode not in (0, 1):
            raise SystemExit(f"The tests could not be run (pytest ended with {done.returncode}).")
        (folder / "took").write_text(f"{time.monotonic() - began:.0f}\n", encoding="utf-8")
        mark.write_text(state, encoding="utf-8")
    return read_covering(folder)


def _settings(folder: Path) -> str:
    """Of Coverage.py: nothing but the rooms is traced, which costs the tests little."""
    included = [f"    {pattern.replace('/**', '')}" for patterns in ROOMS.values() for pattern in patterns]
    nested = [f"    {pattern.replace('**', '*')}" for patterns in ROOMS.values() for pattern in patterns]
    return "\n".join(
        (
            "[run]",
            f"data_file = {folder / 'coverage'}",
            "core = ctrace",
            "include =",
            *dict.fromkeys((*included, *nested)),
            "",
        )
    )
