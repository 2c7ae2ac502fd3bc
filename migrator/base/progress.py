"""How far a long step is: bars on a terminal, plain lines elsewhere, nothing with --quiet.

Everything goes to standard error, so that standard output holds results alone.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)


class Step(Protocol):
    """One step that is under way."""

    def advance(self, count: int = 1) -> None:
        """`count` more are done."""


class ShowsProgress(Protocol):
    """Where the stages say how far they are."""

    def step(self, title: str, total: int | None = None) -> AbstractContextManager[Step]:
        """Begin a step of `total` parts, or of an unknown number."""


class Silent:
    """Says nothing."""

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[Step]:
        """Begin a step that nobody watches."""
        yield self

    def advance(self, count: int = 1) -> None:
        """Say nothing."""


class Lines:
    """A line when a step begins and ends, and every ten seconds between: for logs and pipes."""

    def __init__(self, out: TextIO = sys.stderr, every: float = 10.0) -> None:
        self._out, self._every = out, every

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[Step]:
        """Begin a step; the last line says how many parts are done and how long it took."""
        line = _Line(self._out, title, total, self._every)
        yield line
        line.end()


class _Line:
    def __init__(self, out: TextIO, title: str, total: int | None, every: float) -> None:
        self._out, self._title, self._every = out, title, every
        self._of = f" of {total:,}" if total is not None else ""
        self._done = 0
        self._began = self._said = time.monotonic()

    def advance(self, count: int = 1) -> None:
        self._done += count
        if time.monotonic() - self._said >= self._every:
            self._said = time.monotonic()
            self._say(f"{self._done:,}{self._of}")

    def end(self) -> None:
        self._say(f"{self._done:,}{self._of}, {time.monotonic() - self._began:.1f} s")

    def _say(self, what: str) -> None:
        print(f"{self._title}: {what}", file=self._out, flush=True)


class Bars:
    """A bar for each step, on a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[Step]:
        """Begin a step with its bar."""
        done: ProgressColumn = MofNCompleteColumn() if total is not None else TextColumn("{task.completed:,.0f}")
        columns = TextColumn("{task.description:<28}"), BarColumn(), done, TimeElapsedColumn()
        with Progress(*columns, console=self._console) as progress:
            yield _Bar(progress, progress.add_task(title, total=total))


class _Bar:
    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task

    def advance(self, count: int = 1) -> None:
        self._progress.advance(self._task, count)
