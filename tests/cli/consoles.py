"""Consoles of every kind for the tests: a code page, a closed pipe, a terminal of some width."""

from __future__ import annotations

import io
import os
import pty
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from migrator.cli import app as cli


@dataclass(frozen=True, slots=True)
class Printed:
    """What a command left on its console."""

    code: int
    out: bytes
    err: bytes


def run_into(folder: Path, encoding: str, *arguments: str | Path) -> Printed:
    """Run a command whose streams are files of a code page that refuses what it does not have."""
    paths = folder / "out.bin", folder / "err.bin"
    with _streams(*(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) for path in paths), encoding=encoding):
        code = _run(*arguments)
    return Printed(code, paths[0].read_bytes(), paths[1].read_bytes())


def run_into_closed_pipe(folder: Path, *arguments: str | Path) -> Printed:
    """Run a command whose standard output nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    path = folder / "err.bin"
    with _streams(writer, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), encoding="utf-8"):
        code = _run(*arguments)
    return Printed(code, b"", path.read_bytes())


def run_on_terminal(columns: int, *arguments: str | Path, encoding: str = "utf-8") -> tuple[int, str]:
    """Run a command on a terminal of `columns`; gives its exit code and what was written to it."""
    master, slave = pty.openpty()
    seen = io.BytesIO()

    def read() -> None:
        with suppress(OSError):  # the other side was closed
            while part := os.read(master, 65536):
                seen.write(part)

    reader = threading.Thread(target=read)
    reader.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        patch.setenv("LINES", "24")
        with _streams(slave, os.dup(slave), encoding=encoding):
            code = _run(*arguments)
    reader.join()
    os.close(master)
    return code, seen.getvalue().decode(encoding).replace("\r\n", "\n")


@contextmanager
def _streams(out: int, err: int, *, encoding: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, descriptor in (("stdout", out), ("stderr", err)):
            patch.setattr(
                sys, name, io.TextIOWrapper(io.FileIO(descriptor, "w"), encoding=encoding, write_through=True)
            )
        mine = sys.stdout, sys.stderr
        try:
            yield
        finally:
            for stream in (sys.stdout, sys.stderr, *mine):
                with suppress(OSError, ValueError):
                    stream.close()


def _run(*arguments: str | Path) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["migrator", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return int(end.value.code or 0)
