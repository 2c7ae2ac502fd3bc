"""Member files as people have them: CSV in any encoding and with any delimiter that Excel writes, and XLSX.

A file gives the cells of one column: ids of contacts or e-mail addresses. Whatever cannot be read is refused with a
sentence that says what to do; nothing is guessed.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice
from pathlib import PurePosixPath
from typing import IO, Any
from uuid import UUID

from migrator.base.errors import UsageError

LARGEST_FILE = 2 * 2**30
"""Bytes of one file, or of what it unpacks to. 20,000,000 ids take less than half of it."""
_SAMPLE = 64 * 1024
"""Bytes at the beginning of a text file from which its encoding and delimiter are told."""
_DELIMITERS = ",;\t|"
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ZIP = b"PK\x03\x04"
_ID = re.compile(r"(?:crm)?\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@,;]+@[^\s@,;]+\.[^\s@,;]+")


class Kind(StrEnum):
    """What stands in a column."""

    ID = "ids"
    ADDRESS = "e-mail addresses"


ID_HEADERS = frozenset(
    {"contactid", "contact", "contact id", "customer id", "customerid", "(do not modify) contact", "member id", "id"}
)
"""What the product calls the column of ids in its exports (product documentation), in lower case."""
ADDRESS_HEADERS = frozenset(
    {
        "email",
        "e-mail",
        "email address",
        "e-mail address",
        "email address 1",
        "emailaddress1",
        "emailaddress",
        "primary email",
    }
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of one file."""

    kind: Kind
    cells: Iterator[str]
    """Every cell below the header, in order; an empty one where the row has none."""


@contextmanager
def column_of(name: str, file: IO[bytes], size: int, wanted: str = "") -> Iterator[Column]:
    """The column with the members; `wanted` names it where its header is another one than the product's.

    Args:
        name: what the file is called, for messages.
        file: its content; it can be searched.
        size: its bytes.
        wanted: the header of the column.

    Raises:
        UsageError: the file cannot be read, or it has no such column.
    """
    if size == 0:
        raise UsageError(f"The file {name} is empty. Export the members again; nothing was imported.")
    if size > LARGEST_FILE:
        raise UsageError(
            f"The file {name} has {size / 2**20:,.0f} MB; at most {LARGEST_FILE / 2**20:,.0f} MB are read. "
            "Leave out all columns but the ids, or split it. Nothing was imported."
        )
    start = file.read(8)
    file.seek(0)
    if start.startswith(_OLE):
        raise UsageError(
            f"The file {name} is protected by a password, or an Excel file of the old kind (.xls). Open it in Excel, "
            "take the password away, and save it as .xlsx or CSV. Nothing was imported."
        )
    rows = _workbook(name, file) if start.startswith(_ZIP) else _text(name, file)
    try:
        yield _column(name, rows, wanted)
    except (csv.Error, UnicodeDecodeError) as error:
        raise _broken(name, str(error)) from error
    except (zipfile.BadZipFile, EOFError, SyntaxError, OSError) as error:  # a SyntaxError is broken XML
        if isinstance(error, OSError) and error.errno:
            raise
        raise _broken(name, f"it breaks off or is damaged ({error})") from error


def _broken(name: str, why: str) -> UsageError:
    return UsageError(
        f"The file {name} cannot be read: {why}. Open it in Excel and save it as CSV UTF-8, or export the members "
        "again. Nothing was imported."
    )


# --- which column ----------------------------------------------------------------------------------------------------


def _column(name: str, rows: Iterator[Sequence[str]], wanted: str) -> Column:
    head = list(islice((row for row in rows if any(cell.strip() for cell in row)), 20))
    if not head:
        raise UsageError(f"The file {name} holds no rows. Export the members again; nothing was imported.")
    headers = [_plain(cell) for cell in head[0]]
    bare = any(_ID.fullmatch(cell.strip()) or _ADDRESS.fullmatch(cell.strip()) for cell in head[0])
    body = head if bare else head[1:]
    if wanted:
        if _plain(wanted) not in headers or bare:
            raise UsageError(f"The file {name} has no column “{wanted}”. {_there(head[0])}")
        at = headers.index(_plain(wanted))
        kind = _kind(body, at)
        if kind is None:
            kind = Kind.ADDRESS if any("@" in _cell(row, at) for row in body) else Kind.ID
    else:
        at, kind = _found(name, head[0], body, bare=bare)
    _no_formula(name, body, at)
    return Column(kind, _cells(name, chain(body, rows), at))


def _found(name: str, first: Sequence[str], body: list[Sequence[str]], *, bare: bool) -> tuple[int, Kind]:
    """The column by its header, ids before addresses; without a header the only one that holds such things."""
    headers = [_plain(cell) for cell in first]
    if not bare:
        for known, kind in ((ID_HEADERS, Kind.ID), (ADDRESS_HEADERS, Kind.ADDRESS)):
            named = [at for at, header in enumerate(headers) if header in known]
            # “Contact” may be a name, so what stands below has to be what the header says.
            fitting = [at for at in named if not body or _kind(body, at) is kind]
            if len(fitting) == 1:
                return fitting[0], kind
            if len(fitting) > 1:
                names = ", ".join(f"“{headers[at]}”" for at in fitting)
                raise UsageError(f"The file {name} has several columns of {kind}: {names}. Name one with --column.")
    for kind in Kind:
        holding = [at for at in range(len(headers)) if _kind(body, at) is kind]
        if len(holding) == 1 and bare:
            return holding[0], kind
    raise UsageError(f"The file {name} has no column that is known to hold ids or e-mail addresses. {_there(first)}")


def _kind(body: list[Sequence[str]], at: int) -> Kind | None:
    """What stands in a column, judged by its first rows."""
    cells = [cell for row in body if (cell := _cell(row, at))]
    for kind, shape in ((Kind.ID, _ID), (Kind.ADDRESS, _ADDRESS)):
        if cells and sum(bool(shape.fullmatch(cell)) for cell in cells) * 2 > len(cells):
            return kind
    return None


def _there(headers: Sequence[str]) -> str:
    shown = ", ".join(f"“{header.strip()}”" for header in headers[:12] if header.strip())
    return f"Its first row is: {shown}. Name the column with --column. Nothing was imported."


def _plain(header: str) -> str:
    return " ".join(header.replace("\ufeff", "").split()).casefold()


def _cell(row: Sequence[str], at: int) -> str:
    return row[at].strip() if at < len(row) else ""


def _cells(name: str, rows: Iterator[Sequence[str]], at: int) -> Iterator[str]:
    for row in rows:
        cell = _cell(row, at)
        if cell or any(other.strip() for other in row):
            if cell.startswith("="):
                raise _formula(name)
            yield cell


def _no_formula(name: str, body: list[Sequence[str]], at: int) -> None:
    if any(_cell(row, at).startswith("=") for row in body):
        raise _formula(name)


def _formula(name: str) -> UsageError:
    return UsageError(
        f"The column with the members in {name} holds formulas. Copy the column in Excel, paste it as values, and "
        "save. Nothing was imported."
    )


# --- text ------------------------------------------------------------------------------------------------------------


def _text(name: str, file: IO[bytes]) -> Iterator[Sequence[str]]:
    encoding = _encoding(name, file.read(_SAMPLE))
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        first = text.readline(_SAMPLE)
        named = re.fullmatch(r"\ufeff?sep=(.)\s*", first)  # what Excel writes to say which delimiter follows
        lines: Iterator[str] = text if named else chain([first], text)
        delimiter = named.group(1) if named else max(_DELIMITERS, key=first.count)
        yield from csv.reader(lines, delimiter=delimiter)
    finally:
        text.detach()


def _encoding(name: str, sample: bytes) -> str:
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if sample.startswith(mark):
            return encoding
    if sample[1::2].count(0) > len(sample) // 4 and not sample[::2].count(0):
        return "utf-16-le"
    if b"\0" in sample:
        raise UsageError(
            f"The file {name} is no text and no Excel file. Name the file that the members were exported to. "
            "Nothing was imported."
        )
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


# --- Excel -----------------------------------------------------------------------------------------------------------


def _workbook(name: str, file: IO[bytes]) -> Iterator[Sequence[str]]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        _check_package(name, file)
        # Formulas are shown as such: their last result may be of another day, or missing.
        book: Any = load_workbook(file, read_only=True, data_only=False)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, EOFError) as error:
        raise _broken(name, f"it is no whole Excel file ({error})") from error
    try:
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"] or book.worksheets
        filled = [sheet for sheet in sheets if next(sheet.iter_rows(values_only=True, max_row=1), None)]
        if len(filled) > 1:
            titles = ", ".join(f"“{sheet.title}”" for sheet in filled)
            raise UsageError(f"The file {name} has several sheets: {titles}. Save the right one as a file of its own.")
        for sheet in filled:
            for row in sheet.iter_rows(values_only=True):
                yield ["" if cell is None else str(cell) for cell in row]
    finally:
        book.close()


def _check_package(name: str, file: IO[bytes]) -> None:
    """Refuse what unpacks to too much, and sheets with merged cells, whose values belong to nobody knows which row."""
    with zipfile.ZipFile(file) as package:
        unpacked = sum(entry.file_size for entry in package.infolist())
        if unpacked > LARGEST_FILE:
            raise UsageError(
                f"The file {name} unpacks to {unpacked / 2**20:,.0f} MB, which is more than "
                f"{LARGEST_FILE / 2**20:,.0f} MB. Save the members as CSV. Nothing was imported."
            )
        for entry in package.namelist():
            if re.fullmatch(r"xl/worksheets/[^/]+\.xml", entry) and (merged := _merged(package, entry)):
                raise UsageError(
                    f"The file {name} has merged cells ({merged}). Take the merging away in Excel, so that every row "
                    "has its own id, and save. Nothing was imported."
                )
    file.seek(0)


def _merged(package: zipfile.ZipFile, entry: str) -> str:
    """The first range of merged cells that reaches below the header; empty when there is none."""
    kept = b""
    with package.open(entry) as sheet:
        while part := sheet.read(2**20):
            kept = kept[-200:] + part
            for match in re.finditer(rb'<mergeCell ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"', kept):
                if int(match[4]) > 1:
                    return b"".join((match[1], match[2], b":", match[3], match[4])).decode()
    return ""


# --- cells -----------------------------------------------------------------------------------------------------------


def as_id(cell: str) -> UUID | None:
    """The id in a cell, in any spelling; None when it holds none."""
    return UUID(cell.strip().lower().removeprefix("crm").strip("{}")) if _ID.fullmatch(cell.strip()) else None


def as_address(cell: str) -> str | None:
    """The e-mail address in a cell; None when it holds none."""
    return cell.strip() if _ADDRESS.fullmatch(cell.strip()) else None


def stem(name: str) -> str:
    """A file's name without its folders and its ending."""
    return PurePosixPath(name).stem
