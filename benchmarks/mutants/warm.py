"""A process that has the heavy libraries already, and from which one child for each fault is split off."""

from __future__ import annotations

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import selectors
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from mutants import timed
from mutants.faults import ROOT, Fault, broken

HEAVY = (
    "azure.identity", "duckdb", "httpx", "hypothesis", "jinja2", "lark", "msal", "openpyxl", "pandas", "pydantic",
    "python_calamine", "requests", "rich", "sqlglot", "starlette", "trustme", "typer", "uvicorn",
)  # fmt: skip
"""What nearly every test imports: a second and a half for each fault, if it were done again."""

PATIENCE = 4.0
"""A fault may make a test take this many times its processor seconds, and `GRACE` more; then it counts as noticed."""

GRACE = 10.0
ENDLESS = 120.0
"""Seconds on the clock after which a test that does nothing hangs; a busy machine is slow, but not so slow."""

MEMORY = 3 << 30
"""Bytes a child may take: a loop without end that collects something ends by itself."""


_WITHOUT = ("-p", "no:cacheprovider", "-p", "no:xdist")
COLLECTING = 60.0
"""Processor seconds until the first test begins."""


class _Instead(importlib.machinery.SourceFileLoader):
    """A module whose text is another than the one on the disk."""

    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self._text = text

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._text, self.path, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    """Gives the broken module to whoever imports it; nothing on the disk changes, whatever happens to us."""

    def __init__(self, fault: Fault, text: str) -> None:
        self._path = str(ROOT / fault.file)
        self._name = fault.module
        self._text = text

    def find_spec(self, fullname: str, path: Any = None, target: ModuleType | None = None) -> Any:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(
            fullname, self._path, loader=_Instead(fullname, self._path, self._text)
        )


class _Watch:
    """A plugin of pytest that remembers which test failed first, and ends the process if one takes far too long.

    What counts is the time of the processor, which other work on the machine leaves alone.
    """

    def __init__(self, tests: Mapping[str, float]) -> None:
        self.by = ""
        self._tests = tests

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        _end_after(PATIENCE * self._tests.get(nodeid, QUICK) + GRACE)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.by:
            self.by = report.nodeid

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed and not self.by:
            self.by = f"{report.nodeid} (cannot be imported)"


QUICK = 1.0
"""Processor seconds of a test of which nothing is known."""


def _end_after(processor: float) -> None:
    """Unless called again before, the system ends this process after so many processor seconds, or `ENDLESS`."""
    signal.setitimer(signal.ITIMER_PROF, processor)
    signal.setitimer(signal.ITIMER_REAL, ENDLESS + processor)


@dataclass(frozen=True)
class Outcome:
    """What became of a fault.

    Args:
        key: Name of the fault.
        noticed: Whether a test failed.
        by: The first that did; "time" if one did not end, "signal …" if the process broke, "" if none failed or none
            runs through the line.
        asked: How many tests were to be asked.
        seconds: How long it took.
        covering: How many tests run through the line; not all are asked where that would take too long.
    """

    key: str
    noticed: bool
    by: str
    asked: int
    seconds: float
    covering: int = 0


def _child(fault: Fault, tests: Mapping[str, float], told: int, folder: Path) -> None:
    """Run the tests with the fault, and tell which one failed first. Never returns."""
    code = 70
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        os.environ["TMPDIR"] = str(folder)
        tempfile.tempdir = None
        os.chdir(ROOT)
        sys.path.insert(0, str(ROOT))
        sys.meta_path.insert(0, _Finder(fault, broken(fault)))
        _end_after(COLLECTING)
        try:
            importlib.import_module(fault.module)
        except Exception as error:  # noqa: BLE001 - whatever a fault may raise
            os.write(told, json.dumps([1, f"the import: {type(error).__name__}"]).encode())
            return
        import pytest

        watch = _Watch(tests)
        again = "ignore::pytest.PytestAssertRewriteWarning"  # Hypothesis is there already
        options = ("-x", "-q", "-W", again, *_WITHOUT, "-p", "no:cov", f"--basetemp={folder}/t")
        code = int(pytest.main([*options, *tests], plugins=[watch, timed]))
        os.write(told, json.dumps([code, watch.by]).encode())
    finally:
        os._exit(code)


@dataclass
class _Going:
    """A fault whose tests run."""

    fault: Fault
    asked: int
    began: float
    process: int
    folder: Path
    """Its temporary files, which it is not given the time to remove itself."""


TIMES = {signal.SIGPROF, signal.SIGALRM, signal.SIGVTALRM}


def _ended(one: _Going, answer: bytes, status: int) -> Outcome:
    """What the child has told. Without a word of it, the fault was noticed if the system had to end it."""
    if answer:
        code, first = json.loads(answer)
    elif os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        code, first = 1, "time" if number in TIMES else f"signal {number}"
    else:
        code, first = 70, ""
    if code not in (0, 1, 2):
        raise RuntimeError(f"{one.fault.key}: pytest ended with {code}")
    return Outcome(one.fault.key, code != 0, first, one.asked, time.monotonic() - one.began)


def outcomes(work: Iterable[tuple[Fault, Mapping[str, float]]], jobs: int) -> Iterator[tuple[Fault, Outcome]]:
    """Try faults, several at a time, each in a process of its own.

    Args:
        work: Faults, and the tests to ask in their order, with the processor seconds of each when nothing is wrong.
        jobs: How many at a time.

    Yields:
        Each with what became of it, in the order in which they end.

    Raises:
        RuntimeError: pytest could not run the tests, so nothing is known.
    """
    for name in HEAVY:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    waiting, going = iter(work), selectors.DefaultSelector()
    place = _readable(tempfile.mkdtemp(prefix="mutants-"))
    try:
        while True:
            while len(going.get_map()) < jobs and (following := next(waiting, None)):
                fault, tests = following
                if not tests:
                    yield fault, Outcome(fault.key, False, "", 0, 0.0)
                    continue
                listens, tells = os.pipe()
                os.set_blocking(listens, False)
                folder = _readable(tempfile.mkdtemp(dir=place))
                process = os.fork()
                if not process:
                    os.close(listens)
                    _child(fault, tests, tells, folder)
                os.close(tells)
                one = _Going(fault, len(tests), time.monotonic(), process, folder)
                going.register(listens, selectors.EVENT_READ, one)
            if not going.get_map():
                return
            heard = {key.fd for key, _ in going.select(timeout=0.5)}
            for key in list(going.get_map().values()):
                one = key.data
                if key.fd not in heard and not _is_over(one.process):  # what it began itself may keep the pipe open
                    continue
                answer = _read(key.fd)
                if not answer:  # how it ends says whose fault that is
                    os.waitid(os.P_PID, one.process, os.WEXITED | os.WNOWAIT)
                _kill(one.process)
                _, status = os.waitpid(one.process, 0)
                shutil.rmtree(one.folder, ignore_errors=True)
                going.unregister(key.fd)
                os.close(key.fd)
                yield one.fault, _ended(one, answer, status)
    finally:
        for key in list(going.get_map().values()):
            _kill(key.data.process)
        shutil.rmtree(place, ignore_errors=True)


def _readable(folder: str) -> Path:
    """A folder for temporary files, open as /tmp is: some tests become another user."""
    Path(folder).chmod(0o755)
    return Path(folder)


def _read(pipe: int) -> bytes:
    try:
        return os.read(pipe, 10_000)
    except BlockingIOError:
        return b""


def _is_over(process: int) -> bool:
    return os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def _kill(process: int) -> None:
    """A child, and whatever it has begun."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)


def repeated(fault: Fault, tests: Sequence[str], folder: Path) -> None:
    """Show a fault at work: run the tests with it, with all that pytest says.

    Args:
        fault: What is put in.
        tests: What to ask.
        folder: For temporary files.
    """
    sys.path.insert(0, str(ROOT))
    sys.meta_path.insert(0, _Finder(fault, broken(fault)))
    import pytest

    pytest.main(
        ["-x", *_WITHOUT, f"--basetemp={folder}", *tests], plugins=[_Watch(dict.fromkeys(tests, ENDLESS)), timed]
    )
