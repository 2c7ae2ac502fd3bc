"""What every kind of file comes down to: sheets of numbered rows of cells; and the bounds of reading them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO, NamedTuple

from migrator.base.errors import UsageError
from migrator.extractor.reading.result import Container

LARGEST_FILE = 2 * 2**30
"""Bytes of one file, or of what it unpacks to. 20,000,000 ids take less than half of it."""
LARGEST_WHOLE = 64 * 2**20
"""Bytes of a file of a kind that has to be read as a whole."""
LONGEST_SECONDS = 600.0
"""Reading one file takes at most this long."""
MANY_COLUMNS = 16_384
"""Columns that Excel has."""


class Line(NamedTuple):
    """One row."""

    number: int
    """As the program that people open the file with counts: 1 for the first one."""
    cells: Sequence[str]
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet, which can be read from its beginning more than once."""

    name: str
    lines: Callable[[], Iterator[Line]]
    visible: bool = True
    merged: Callable[[], Sequence[tuple[int, str]]] = tuple
    """Last row and name of each range of merged cells."""


@dataclass(frozen=True, slots=True)
class Book:
    """One file."""

    container: Container
    sheets: Sequence[Sheet]
    hidden_seen: bool = True
    encoding: str = ""
    delimiter: str = ""
    warnings: list[str] = field(default_factory=list)
    last_row: int = 0
    """The last row that this kind of file can have; 0 where it has no end."""


class Input:
    """The content of a file, and the time that reading it may take.

    Args:
        name: what it is called, for messages.
        file: it can be searched.
        size: its bytes.
        clock: seconds that only go forward.
    """

    def __init__(self, name: str, file: IO[bytes], size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.name, self.file, self.size = name, file, size
        self.kept = ExitStack()
        """What is open as long as the file is read."""
        self._clock = clock
        self._end = clock() + LONGEST_SECONDS

    def in_time(self) -> None:
        """Refuse to go on after the longest time.

        Raises:
            UsageError: the time is over.
        """
        if self._clock() > self._end:
            raise UsageError(
                f"Reading the file {self.name} took longer than {LONGEST_SECONDS / 60:,.0f} minutes and was ended. "
                "Leave out all columns but the ids, or split it. Nothing was imported."
            )

    def seconds_left(self) -> float:
        """Until the time is over."""
        return max(self._end - self._clock(), 0.0)

    def chunks(self, size: int = 64 * 1024) -> Iterator[bytes]:
        """The whole content in parts, from the beginning."""
        self.file.seek(0)
        yield from read_in_parts(self, self.file, size)

    def broken(self, why: str) -> UsageError:
        """The file cannot be read."""
        return UsageError(
            f"The file {self.name} cannot be read: {why}. Open it in Excel and save it as .xlsx or CSV UTF-8, or "
            "export the members again. Nothing was imported."
        )

    def too_large(self, bytes_: int, at_most: int, what: str = "has") -> UsageError:
        """The file is larger than what is read.

        Args:
            bytes_: its size.
            at_most: bytes that are read.
            what: what was too large: the file, or what is packed in it.
        """
        return UsageError(
            f"The file {self.name} {what} {bytes_ / 2**20:,.0f} MB; at most {at_most / 2**20:,.0f} MB are read. "
            "Leave out all columns but the ids, save it as CSV UTF-8, or split it. Nothing was imported."
        )


def read_in_parts(source: Input, file: IO[bytes], size: int = 64 * 1024) -> Iterator[bytes]:
    """What follows in `file`, in parts; never longer than the time that reading may take.

    Args:
        source: the file's name and its deadline.
        file: open for reading bytes.
        size: bytes a part.
    """
    while part := file.read(size):
        source.in_time()
        yield part
