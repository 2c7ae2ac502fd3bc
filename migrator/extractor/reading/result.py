"""What reading one file gives: where its members stand, what every row became, and what a person has to decide.

The law: a row below the header is ids, or addresses, or empty, or set aside because it is hidden, or unreadable, or
waits for an answer; exactly one of these, and the numbers add up to `rows` (`Table.accounted`). Nothing is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import overload

import numpy as np
import numpy.typing as npt

from migrator.base.ids import NONE, Ids


class Kind(StrEnum):
    """What stands in a column."""

    ID = "ids"
    ADDRESS = "e-mail addresses"


class Container(StrEnum):
    """What kind of file it is, told by its content and never by its ending."""

    TEXT = "CSV"
    XLSX = "Excel (.xlsx, .xlsm)"
    XLS = "Excel 97 (.xls)"
    XLSB = "Excel, binary (.xlsb)"
    ODS = "OpenDocument (.ods)"
    HTML = "HTML"
    XML_2003 = "XML of Excel 2003"
    JSON = "JSON"


class Ask(StrEnum):
    """What only a person can decide about a file. What else was read may be shown, and is no list of members yet."""

    COLUMN = "column"
    """Several columns could be meant, or none."""
    SHEET = "sheet"
    """Several sheets hold members."""
    HIDDEN_ROWS = "hidden rows"
    """Rows are hidden or filtered out: are they members?"""
    HIDDEN_UNSEEN = "hidden rows cannot be seen"
    """The kind of file does not tell. One answer settles a whole batch."""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to decide."""

    ask: Ask
    text: str
    """Whole sentences: what was found, and how to answer."""


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column that holds ids or addresses."""

    at: int
    """0 for the first one."""
    header: str
    """As it stands in the file; empty where the file has no header."""
    kind: Kind
    samples: tuple[tuple[int, str], ...] = ()
    """Row number and text of its first three filled cells."""
    probe: Ids = field(default_factory=lambda: NONE)
    """The first ids in it (at most 200), to ask whether they are contacts; none in a column of addresses."""

    @property
    def letter(self) -> str:
        """As Excel shows it: A, B, … AA."""
        at, letters = self.at + 1, ""
        while at:
            at, rest = divmod(at - 1, 26)
            letters = chr(ord("A") + rest) + letters
        return letters


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that holds neither an id nor an address, or nobody knows which."""

    row: int
    """As Excel or an editor counts: 1 for the first one of the file."""
    text: str
    """What stands there, at most 200 characters of it. Private: it may be about a person."""
    reason: str


Numbers = npt.NDArray[np.uint32]
NO_NUMBERS: Numbers = np.empty(0, np.uint32)


class Texts(Sequence[str]):
    """Many short texts, packed: two million addresses take 60 MB instead of 200."""

    def __init__(self, content: bytes, ends: Numbers) -> None:
        self._content, self._ends = content, ends

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        if at < 0:
            at += len(self)
        if not 0 <= at < len(self):
            raise IndexError(at)
        begin = int(self._ends[at - 1]) if at else 0
        return self._content[begin : int(self._ends[at])].decode()


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The members in one file, and what became of each of its rows."""

    file: str
    container: Container
    sheet: str = ""
    encoding: str = ""
    """Of a text file."""
    delimiter: str = ""
    header_row: int = 0
    """The row with the headers, 1 for the first one; 0 where there is none."""
    above: int = 0
    """Title rows over the header, which are no members."""
    column: Column | None = None
    """Where the members stand; None where that is a question, or where nothing stands below the header."""
    beside: Column | None = None
    """The column of addresses that rows with an empty id are read from."""
    candidates: tuple[Column, ...] = ()
    """Every column that could be meant, when it is in doubt; else empty."""
    questions: tuple[Question, ...] = ()
    warnings: tuple[str, ...] = ()
    """Whole sentences that a person should read, and that decide nothing."""

    rows: int = 0
    """All rows below the header."""
    ids: Ids = field(default_factory=lambda: NONE)
    """In the order of the rows, with repetitions."""
    id_rows: Numbers = field(default_factory=lambda: NO_NUMBERS)
    """The row of each of `ids`."""
    addresses: Sequence[str] = ()
    """In the order of the rows, with repetitions, as they are written; packed, where there are many."""
    address_rows: Numbers = field(default_factory=lambda: NO_NUMBERS)
    """The row of each of `addresses`."""
    rows_with_ids: int = 0
    rows_with_addresses: int = 0
    by_address: int = 0
    """Of `rows_with_addresses`, those whose id was empty in a file of ids."""
    empty: int = 0
    """Rows in which nothing stands at all."""
    hidden: int | None = 0
    """Rows that are hidden or filtered out; None where the kind of file does not tell."""
    set_aside: int = 0
    """Hidden rows that a person wants to leave out; they are counted in nothing else."""
    waiting: int = 0
    """Rows that became nothing yet, because of a question: all of them, or the hidden ones."""
    unreadable: tuple[Unreadable, ...] = ()

    @property
    def accounted(self) -> bool:
        """Whether every row became exactly one thing."""
        became = self.rows_with_ids + self.rows_with_addresses + self.empty + self.set_aside + self.waiting
        return became + len(self.unreadable) == self.rows
