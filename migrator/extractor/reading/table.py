"""One file becomes one table: the sheet and the column with its members, and what each of its rows is."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from typing import IO, Any

import numpy as np

from migrator.base.errors import UsageError
from migrator.base.ids import Ids, from_bytes
from migrator.extractor.reading.answers import NOTHING_SAID, Answers, Hidden
from migrator.extractor.reading.columns import Place, header_key, place, short, there
from migrator.extractor.reading.grid import Book, Input, Line, Sheet
from migrator.extractor.reading.kinds import opened
from migrator.extractor.reading.result import (
    NO_NUMBERS,
    Ask,
    Column,
    Container,
    Kind,
    Question,
    Table,
    Texts,
    Unreadable,
)
from migrator.extractor.reading.spelling import looks_like, named

_HEAD = 1000
"""Lines from which the column is told."""
_HEAD_CELLS = 250_000
MOST_UNREADABLE = 100_000
"""Rows that are listed one by one; with more of them this is no list of members."""
_TEXT = 200
_DOUBTFUL_COLUMN = "more than one column holds addresses, and its id is missing"


def read_table(
    name: str,
    file: IO[bytes],
    size: int,
    answers: Answers = NOTHING_SAID,
    clock: Callable[[], float] = time.monotonic,
) -> Table:
    """What one file holds. Its rows are streamed; ids and addresses are kept packed, unreadable rows as they are.

    Args:
        name: what the file is called, for messages.
        file: its content; it can be searched.
        size: its bytes.
        answers: what a person has said already.
        clock: seconds that only go forward.

    Raises:
        UsageError: the file cannot be read at all; the message says what to do.
    """
    source = Input(name, file, size, clock)
    with source.kept:
        book = opened(source)
        sheet, doubt, warnings = _sheet(source, book, answers)
        if sheet is None:
            return Table(name, book.container, questions=(Question(Ask.SHEET, doubt),), warnings=tuple(warnings))
        with closing(_closable(sheet.lines())) as lines:
            return _table(source, book, sheet, lines, answers, warnings)


def _closable(lines: Iterator[Line]) -> Any:
    """A generator over the lines, so that closing it closes the file behind them at once."""
    return (line for line in lines) if not hasattr(lines, "close") else lines


# --- which sheet -----------------------------------------------------------------------------------------------------


def _sheet(source: Input, book: Book, said: Answers) -> tuple[Sheet | None, str, list[str]]:
    """The sheet with the members; where there are several, why nobody can tell; and what is to be said of others."""
    if said.sheet:
        for sheet in book.sheets:
            if sheet.name.strip().casefold() == said.sheet.strip().casefold():
                return sheet, "", []
        names = ", ".join(f"“{short(sheet.name)}”" for sheet in book.sheets[:12])
        raise UsageError(
            f"The file {source.name} has no sheet “{short(said.sheet)}”. Choose among: {names}. Nothing was imported."
        )
    if len(book.sheets) == 1:
        return book.sheets[0], "", []
    filled = {at: head for at, sheet in enumerate(book.sheets) if any(head := _filled(sheet))}
    people = [at for at, head in filled.items() if any(looks_like(cell) for line in head for cell in line.cells)]
    wanted = people or [at for at in filled if book.sheets[at].visible]
    if not wanted:
        return book.sheets[0], "", []
    if len(wanted) > 1:
        names = ", ".join(
            f"“{short(book.sheets[at].name)}”{'' if book.sheets[at].visible else ' (hidden)'}" for at in wanted[:12]
        )
        what = "hold ids or e-mail addresses" if people else "hold rows"
        doubt = (
            f"The file {source.name} has several sheets that {what}: {names}. Name the right one with --sheet, or save "
            "it as a file of its own."
        )
        return None, doubt, []
    others = [book.sheets[at].name for at in filled if at != wanted[0] and book.sheets[at].visible]
    warnings = []
    if others:
        names = ", ".join(f"“{short(other)}”" for other in others[:12])
        warnings.append(
            f"The file {source.name}: the members were read from the sheet “{short(book.sheets[wanted[0]].name)}”; "
            f"neither ids nor addresses stand in {names}."
        )
    return book.sheets[wanted[0]], "", warnings


def _filled(sheet: Sheet) -> list[Line]:
    with closing(_closable(sheet.lines())) as lines:
        head, _ = _head(lines)
    return [line for line in head if not _blank(line)]


def _head(lines: Iterator[Line]) -> tuple[list[Line], bool]:
    """The first lines, and whether there may be more."""
    head: list[Line] = []
    cells = 0
    for line in lines:
        head.append(line)
        cells += len(line.cells)
        if len(head) >= _HEAD or cells >= _HEAD_CELLS:
            return head, True
    return head, False


def _blank(line: Line) -> bool:
    return not any(cell and not cell.isspace() for cell in line.cells)


# --- what each row is ------------------------------------------------------------------------------------------------


@dataclass
class _Rows:
    """What the rows became so far."""

    ids: bytearray = field(default_factory=bytearray)
    id_rows: array[int] = field(default_factory=lambda: array("I"))
    addresses: bytearray = field(default_factory=bytearray)
    ends: array[int] = field(default_factory=lambda: array("I"))
    address_rows: array[int] = field(default_factory=lambda: array("I"))
    rows: int = 0
    with_ids: int = 0
    with_addresses: int = 0
    by_address: int = 0
    empty: int = 0
    hidden: int = 0
    set_aside: int = 0
    waiting: int = 0
    last: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)
    late: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    """Columns with ids, where only addresses were looked for, and the first of them."""

    def wait(self) -> None:
        """Nothing became of any row yet: what they were read from may be the wrong column."""
        self.waiting = self.rows - self.empty - self.set_aside
        self.with_ids = self.with_addresses = self.by_address = 0
        self.unreadable.clear()
        for kept in (self.ids, self.id_rows, self.addresses, self.ends, self.address_rows):
            del kept[:]

    def packed_ids(self) -> Ids:
        return from_bytes(bytes(self.ids))

    def packed_addresses(self) -> Sequence[str]:
        return Texts(bytes(self.addresses), np.frombuffer(self.ends, np.uint32)) if self.ends else ()


def _table(source: Input, book: Book, sheet: Sheet, lines: Iterator[Line], said: Answers, warnings: list[str]) -> Table:
    head, _ = _head(lines)
    if all(_blank(line) for line in head) and all(_blank(line) for line in lines):
        where = f" (sheet “{short(sheet.name)}”)" if sheet.name else ""
        raise UsageError(
            f"The file {source.name}{where} holds no rows. Export the members again; nothing was imported."
        )
    found = place(source.name, head, said.column)
    header = head[found.header] if found.header >= 0 else None
    _no_merging(source, sheet, header)
    rows = _Rows()
    questions: list[Question] = []
    if found.column is None:
        for line in chain(head[found.header + 1 :], lines):
            rows.rows += 1
            blank = _blank(line)
            rows.empty += blank
            rows.waiting += not blank
        if rows.waiting:
            questions.append(Question(Ask.COLUMN, _column_question(source, found, header or head[0])))
    else:
        for line in _over(head, found.header):
            _unreadable(source, rows, line, found.column, "it stands over the header")
            rows.rows += 1
        width = len(header.cells) if header and book.container is Container.TEXT else 0
        below = chain(head[found.header + 1 :], lines)
        _read(source, rows, below, found.column, found.beside, said.hidden, watched=not said.column, width=width)
        if rows.late:
            rows.wait()
            late = [Column(at, _title(header, at), Kind.ID, tuple(some)) for at, some in sorted(rows.late.items())]
            found = Place(found.header, None, None, (found.column, *late), "a column of addresses has ids beside it")
            questions.append(Question(Ask.COLUMN, _column_question(source, found, header or head[0])))
    questions += _hidden_questions(source, book, rows, said)
    warnings += book.warnings + _warnings(source, book, rows, found)
    return Table(
        file=source.name,
        container=book.container,
        sheet=sheet.name,
        encoding=book.encoding,
        delimiter=book.delimiter,
        header_row=header.number if header else 0,
        above=sum(not _blank(line) for line in head[: max(found.header, 0)]),
        column=found.column,
        beside=found.beside,
        candidates=found.candidates,
        questions=tuple(questions),
        warnings=tuple(warnings),
        rows=rows.rows,
        ids=rows.packed_ids(),
        id_rows=np.frombuffer(rows.id_rows, np.uint32) if rows.id_rows else NO_NUMBERS,
        addresses=rows.packed_addresses(),
        address_rows=np.frombuffer(rows.address_rows, np.uint32) if rows.address_rows else NO_NUMBERS,
        rows_with_ids=rows.with_ids,
        rows_with_addresses=rows.with_addresses,
        by_address=rows.by_address,
        empty=rows.empty,
        hidden=rows.hidden if book.hidden_seen else None,
        set_aside=rows.set_aside,
        waiting=rows.waiting,
        unreadable=tuple(rows.unreadable),
    )


def _over(head: Sequence[Line], header: int) -> list[Line]:
    """Rows over the header in which a person stands all the same."""
    return [line for line in head[: max(header, 0)] if any(looks_like(cell) for cell in line.cells)]


def _read(
    source: Input,
    rows: _Rows,
    lines: Iterator[Line],
    column: Column,
    beside: Column | None,
    hidden: Hidden,
    *,
    watched: bool,
    width: int,
) -> None:
    """Say of each row what it is.

    Args:
        source: the file.
        rows: where it is said.
        lines: the rows below the header.
        column: where the members stand.
        beside: where the address of a row without an id stands.
        hidden: what becomes of hidden rows.
        watched: whether ids in other columns than one of addresses are noticed.
        width: cells of the header; 0 where rows may be wider.
    """
    at, next_to = column.at, beside.at if beside else -1
    watched = watched and column.kind is Kind.ADDRESS
    for line in lines:
        rows.rows += 1
        cells = line.cells
        rows.last = line.number
        if rows.rows % 4096 == 0:
            source.in_time()
        cell = cells[at] if at < len(cells) else ""
        if not cell or cell.isspace():
            if _blank(line):
                rows.empty += 1
                continue
            cell = ""
        if line.hidden:
            rows.hidden += 1
            if hidden is Hidden.LEAVE_OUT:
                rows.set_aside += 1
                continue
            if hidden is Hidden.ASK:
                rows.waiting += 1
                continue
        if width and len(cells) > width and any(more.strip() for more in cells[width:]):
            _unreadable(source, rows, line, column, "the row has more cells than the header, so they may have moved")
            continue
        if watched:
            _watch(rows, line, at)
        by_address = False
        if not cell and next_to >= 0 and next_to < len(cells) and cells[next_to].strip():
            cell, by_address = cells[next_to], True
        what = named(cell) if cell else None
        if what is None:
            _unreadable(source, rows, line, column, f"there is no {_one(column.kind)} in the row")
        elif what.reason:
            _unreadable(source, rows, line, beside if by_address and beside else column, what.reason)
        elif what.ids:
            for one in what.ids:
                rows.ids += one.bytes
                rows.id_rows.append(line.number)
            rows.with_ids += 1
        else:
            for address in what.addresses:
                rows.addresses += address.encode(errors="replace")
                rows.ends.append(len(rows.addresses))
                rows.address_rows.append(line.number)
            rows.with_addresses += 1
            rows.by_address += by_address


def _one(kind: Kind) -> str:
    return "id" if kind is Kind.ID else "e-mail address"


def _watch(rows: _Rows, line: Line, column: int) -> None:
    """Notice ids that begin further down than the column was told from."""
    for at, cell in enumerate(line.cells):
        if at != column and len(cell) >= 32 and looks_like(cell) is Kind.ID:
            some = rows.late.setdefault(at, [])
            if len(some) < 3:
                some.append((line.number, short(cell)))


def _unreadable(source: Input, rows: _Rows, line: Line, column: Column, reason: str) -> None:
    if len(rows.unreadable) >= MOST_UNREADABLE:
        raise UsageError(
            f"The file {source.name}: more than {MOST_UNREADABLE:,} rows hold neither an id nor an e-mail address in "
            f"the column {_called(column)}. Name another one with --column. Nothing was imported."
        )
    cell = line.cells[column.at].strip() if column.at < len(line.cells) else ""
    text = cell or " | ".join(other.strip() for other in line.cells if other.strip())
    rows.unreadable.append(Unreadable(line.number, short(text, _TEXT), reason))


# --- what is asked and said ------------------------------------------------------------------------------------------


def _called(column: Column) -> str:
    return f"“{short(column.header)}” ({column.letter})" if column.header else column.letter


def _title(header: Line | None, at: int) -> str:
    return header.cells[at].strip() if header and at < len(header.cells) else ""


def _column_question(source: Input, found: Place, first: Line) -> str:
    if not found.candidates:
        return f"The file {source.name}: {found.doubt}. {there(first.cells)}"
    lines = [f"The file {source.name}: {found.doubt}. Which one holds the members?"]
    for column in found.candidates:
        some = "; ".join(f"row {row}: {text}" for row, text in column.samples)
        lines.append(f"  {_called(column)}, {column.kind}: {some}")
    headers = [header_key(column.header) for column in found.candidates]
    clear = all(headers) and len(set(headers)) == len(headers)
    column = found.candidates[0]
    how = f'"{short(column.header)}"' if clear else f"={column.letter}"
    return "\n".join([*lines, f"Say it with --column, for example --column {how}. Nothing was imported."])


def _hidden_questions(source: Input, book: Book, rows: _Rows, said: Answers) -> list[Question]:
    if said.hidden is not Hidden.ASK:
        return []
    if not book.hidden_seen:
        text = (
            f"The file {source.name} is {book.container}: hidden rows cannot be seen in this kind. Save it as .xlsx, "
            "or say with --hidden keep that every row in it counts."
        )
        return [Question(Ask.HIDDEN_UNSEEN, text)]
    if not rows.hidden:
        return []
    visible = rows.rows - rows.hidden - rows.empty
    text = (
        f"The file {source.name}: {rows.hidden:,} rows are hidden or filtered out, and {visible:,} are visible. "
        "Are the hidden ones members? Say --hidden keep or --hidden leave-out."
    )
    return [Question(Ask.HIDDEN_ROWS, text)]


def _warnings(source: Input, book: Book, rows: _Rows, found: Place) -> list[str]:
    said = []
    if book.last_row and rows.last >= book.last_row:
        said.append(
            f"The file {source.name} is filled to row {rows.last:,}, the last one that its kind can have: what came "
            "after it may have been cut off. Compare the number of members with where they come from."
        )
    if rows.by_address and found.beside:
        said.append(
            f"The file {source.name}: {rows.by_address:,} rows have no id; their address in {_called(found.beside)} "
            "was used."
        )
    return said


def _no_merging(source: Input, sheet: Sheet, header: Line | None) -> None:
    last = header.number if header else 0
    for row, ranged in sheet.merged():
        if row > last:
            raise UsageError(
                f"The file {source.name} has merged cells ({ranged}). Take the merging away in Excel, so that every "
                "row has its own id, and save. Nothing was imported."
            )
