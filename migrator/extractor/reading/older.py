"""Excel 97 (.xls), binary Excel (.xlsb) and OpenDocument (.ods), read by a library, whole, in a process of its own.

These kinds are read into memory before the first row can be seen, and a small file can be made to fill any memory. So
they are read by a child that may have so much memory and time and no more; when it ends badly, only this file is lost.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from typing import IO

from migrator.base.errors import UsageError
from migrator.extractor.reading.grid import LARGEST_WHOLE, Book, Input, Line, Sheet
from migrator.extractor.reading.older_child import NO_SHEET, PASSWORD, TOO_MUCH
from migrator.extractor.reading.result import Container

SECONDS = 120.0
"""How long the child may take. A full sheet of .xls takes two."""
_UNPACKED = 512 * 2**20
LAST_ROWS = {Container.XLS: 65_536, Container.XLSB: 1_048_576, Container.ODS: 1_048_576}


def older_book(source: Input, container: Container, unpacked: int = 0) -> Book:
    """A file of one of these kinds.

    Args:
        source: the file.
        container: its kind.
        unpacked: the bytes that it unpacks to, where it is packed.

    Raises:
        UsageError: it cannot be read within the bounds.
    """
    if source.size > LARGEST_WHOLE:
        raise source.too_large(source.size, LARGEST_WHOLE, f"is {container} and has")
    if unpacked > _UNPACKED:
        raise source.too_large(unpacked, _UNPACKED, f"is {container} and unpacks to")
    found = source.kept.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - closed when the file was read
    _run(source, container, found)
    sheets: list[Sheet] = []
    found.seek(0)
    while line := found.readline():
        head = json.loads(line)
        if isinstance(head, dict):
            merged: list[tuple[int, str]] = [(last, name) for last, name in head["merged"]]
            sheets.append(_sheet(found, found.tell(), head["name"], merged, visible=head["visible"]))
    return Book(container, sheets, hidden_seen=False, last_row=LAST_ROWS[container])


def _sheet(file: IO[bytes], at: int, name: str, merged: Sequence[tuple[int, str]], *, visible: bool) -> Sheet:
    def lines() -> Iterator[Line]:
        place = at
        while True:
            file.seek(place)
            line = file.readline()
            place = file.tell()
            row = json.loads(line) if line else None
            if not isinstance(row, list):
                return
            yield Line(row[0], row[1:])

    return Sheet(name, lines, visible, lambda: merged)


def _run(source: Input, container: Container, found: IO[bytes]) -> None:
    with tempfile.TemporaryFile() as content:
        for part in source.chunks(1024 * 1024):
            content.write(part)
        content.seek(0)
        command = [sys.executable, "-m", "migrator.extractor.reading.older_child"]
        seconds = min(SECONDS, source.seconds_left())
        try:
            done = subprocess.run(  # noqa: S603 - our own module, nothing that a user names
                command, stdin=content, stdout=found, stderr=subprocess.PIPE, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise UsageError(
                f"The file {source.name} ({container}) was not read within {seconds:,.0f} seconds. {_INSTEAD}"
            ) from error
    match done.returncode:
        case 0:
            return
        case code if code == PASSWORD:
            raise UsageError(
                f"The file {source.name} is protected by a password. Open it in Excel, take the password away, and "
                "save it as .xlsx or CSV UTF-8. Nothing was imported."
            )
        case code if code == NO_SHEET:
            why = done.stderr.decode("utf-8", "replace").strip()[-200:]
            raise source.broken(f"it is no whole {container} file ({why})")
        case code if code == TOO_MUCH or code < 0:
            raise UsageError(f"The file {source.name} ({container}) takes more memory than it may. {_INSTEAD}")
        case _:
            raise source.broken(f"it is damaged, or no {container} file that the library for it understands")


_INSTEAD = "Open it in Excel and save the members as .xlsx or CSV UTF-8. Nothing was imported."
