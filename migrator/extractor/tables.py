"""The rows of the tables that queries touch, as Parquet: page by page, so that any number fits, and typed by metadata.

An extraction that was interrupted goes on behind the last part that is whole: a note beside it knows the next page.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import numpy as np

from migrator.base.atomic import private_folder, write_text, writing
from migrator.base.counted import so_many
from migrator.base.errors import MigratorError
from migrator.base.moments import in_utc, moment_of
from migrator.base.progress import ShowsProgress, Step
from migrator.base.side_by_side import side_by_side
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.legacy_segment import LegacySegment
from migrator.contracts.tables import FOLDER, TableRead, part_name
from migrator.dataverse.client import Client
from migrator.dataverse.errors import Refused
from migrator.dataverse.tables import retrieve_row_counts, retrieve_rows
from migrator.mql import Column, QueryError, Schema, Table, parse_outbound
from migrator.mql.touched import touched
from migrator.product.codes import PAGE_SIZE_MAX

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger("migrator")
_PLACES = 10
"""Decimal places that are kept: the product has at most ten in a decimal column, and at most four in money."""
_PARALLEL = 4
"""Tables that are read side by side; the pages of one come one after the other."""
_PART_ROWS = 100_000
"""Rows of one file: what is read once more, at most, where an extraction was interrupted."""
_NOTES = ".done/tables"
"""Folder of notes about tables that are not finished; the writer of the export removes it in the end."""


class Rows(Protocol):
    """Gives the rows of a table, a page at a time, each with the place of the next one."""

    def __call__(
        self, table: Table, columns: Sequence[str], after: str
    ) -> AsyncIterator[tuple[list[Mapping[str, Any]], str]]:
        """The pages from `after` on."""


async def extract_tables(
    client: Client,
    writer: ExportWriter,
    schema: Schema,
    segments: Sequence[LegacySegment],
    progress: ShowsProgress,
) -> int:
    """Read the tables and columns that the queries of some segments touch into the export; gives how many rows.

    A table that cannot be read is recorded with the reason, and ends nothing.

    Args:
        client: the organisation.
        writer: the export.
        schema: the tables and their columns.
        segments: whose queries count.
        progress: where to say how far it is.

    Raises:
        DataverseError: the organisation cannot be reached.
        OSError: the folder cannot be written.
    """
    wanted = {name: columns for name, columns in columns_of(segments, schema).items() if schema.tables[name].entity_set}
    counts = await _counts(client, list(wanted))
    client.tell(announcement(wanted, counts, schema))
    total = sum(counts.values()) if len(counts) == len(wanted) else None
    with progress.step("Reading tables", total) as step:

        def rows(
            table: Table, columns: Sequence[str], after: str
        ) -> AsyncIterator[tuple[list[Mapping[str, Any]], str]]:
            return retrieve_rows(client, table, columns, after)

        async def one(name: str) -> int:
            reading = TableReading(writer.folder, name, schema.tables[name], wanted[name], str(client.organisation_id))
            try:
                read = await reading.run(rows, step)
            except Refused as error:
                log.warning("the table %s cannot be read: %s", name, error)
                reading.forget()
                writer.table(name, TableRead(None, wanted[name], reason=_why(error)), {})
                client.tell(
                    f"The table {name} cannot be read ({_why(error)}); segments that need it are not predicted."
                )
                return 0
            writer.table(name, read, reading.checksums)
            return read.rows or 0

        return sum(await side_by_side((one(name) for name in wanted), _PARALLEL))


def columns_of(segments: Sequence[LegacySegment], schema: Schema) -> Mapping[str, tuple[str, ...]]:
    """Table → columns that the queries of some segments touch; a query that cannot be read touches nothing."""
    queries = []
    for segment in segments:
        try:
            queries.append(parse_outbound(segment.query))
        except QueryError:
            continue
    return touched(queries, schema)


def _why(error: MigratorError) -> str:
    reason = str(getattr(error, "reason", "") or error).rstrip(".")
    return " ".join(reason.split())[:200]


async def _counts(client: Client, names: Sequence[str]) -> dict[str, int]:
    """About how many rows each table has; one that is not counted is left out."""
    try:
        return await retrieve_row_counts(client, names)
    except Refused:
        found: dict[str, int] = {}
        for name in names:  # one table that cannot be counted fails the question for all
            try:
                found |= await retrieve_row_counts(client, [name])
            except Refused:
                continue
        return found


_BYTES = {"Uniqueidentifier": 20, "Lookup": 20, "Owner": 20, "Customer": 20, "String": 16, "Memo": 64}
"""Bytes of a value in Parquet, about; numbers, choices and dates take four."""


def announcement(wanted: Mapping[str, Sequence[str]], counts: Mapping[str, int], schema: Schema) -> str:
    """What is going to be read, with its size.

    Args:
        wanted: table → columns.
        counts: table → about how many rows, where that is known.
        schema: the types of the columns.
    """
    columns = sum(map(len, wanted.values()))
    rows, pages, size = 0, 0, 0
    for name, number in counts.items():
        types = [schema.tables[name].columns[column].type for column in wanted.get(name, ())]
        rows, pages = rows + number, pages + -(-number // PAGE_SIZE_MAX)
        size += number * sum(_BYTES.get(kind, 4) for kind in types)
    unknown = [name for name in wanted if name not in counts]
    more = f", and {', '.join(unknown)}, whose size is not known" if unknown else ""
    return (
        f"Reading the {so_many(columns, 'column')} of {so_many(len(wanted), 'table')} that queries touch: "
        f"about {so_many(rows, 'row')}, {so_many(pages, 'request')}, {_readable(size)} on disk{more}. "
        "It can be interrupted and gone on with."
    )


def _readable(size: int) -> str:
    return f"{size / 1_000_000:,.0f} MB" if size >= 1_000_000 else f"{max(size // 1000, 1):,} kB"


# --- one table -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class TableReading:
    """The reading of one table, and how far it has come."""

    export: Path
    name: str
    table: Table
    columns: Sequence[str]
    organisation: str
    part_rows: int = _PART_ROWS
    checksums: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each part that is whole."""
    rows: int = 0
    unreadable: int = 0
    next: str = ""
    """The page behind the last part; empty before the first."""

    @property
    def _note(self) -> Path:
        return self.export / _NOTES / f"{self.name}.json"

    async def run(self, pages_of: Rows, step: Step) -> TableRead:
        """Read the table, or the rest of it.

        Args:
            pages_of: gives the pages.
            step: is told how many rows have come.

        Raises:
            DataverseError: it cannot be read.
            OSError: it cannot be written.
        """
        resumed = self._goes_on()
        if resumed:
            step.advance(self.rows)
        else:
            self.forget()
        try:
            await self._rest(pages_of, step)
        except Refused:
            if not (resumed and self.next):
                raise
            self.forget()  # the place to go on at is not known any more
            await self._rest(pages_of, step)
        return TableRead(self.rows, tuple(self.columns), len(self.checksums), self.unreadable)

    async def _rest(self, pages_of: Rows, step: Step) -> None:
        if self.checksums and not self.next:
            return  # it is whole already
        pages = pages_of(self.table, self.columns, self.next)
        more = True
        while more:
            more = await self._part(pages, step)

    async def _part(self, pages: AsyncIterator[tuple[list[Mapping[str, Any]], str]], step: Step) -> bool:
        """One file of some pages; gives whether there are more."""
        name = part_name(self.name, len(self.checksums) + 1)
        private_folder((self.export / name).parent)
        taken = unreadable = 0
        following = ""
        with parquet(self.export / name, self.table, self.columns) as write:
            async for page, next_page in pages:
                following = next_page
                kept, wrong = await asyncio.to_thread(write, page)
                taken, unreadable = taken + kept, unreadable + wrong
                step.advance(len(page))
                if taken >= self.part_rows:
                    break
        self.checksums[name] = await asyncio.to_thread(file_checksum, self.export / name)
        self.rows, self.unreadable, self.next = self.rows + taken, self.unreadable + unreadable, following
        self._write_note()
        return bool(following)

    def _write_note(self) -> None:
        private_folder(self._note.parent)
        note = {
            "organisation": self.organisation, "columns": list(self.columns), "rows": self.rows, "next": self.next,
            "unreadable": self.unreadable, "files": self.checksums,
        }  # fmt: skip
        write_text(self._note, json.dumps(note))

    def _goes_on(self) -> bool:
        """Take over what an interrupted extraction of the same columns has read, if its files are whole."""
        try:
            note = json.loads(self._note.read_bytes())
            files = {str(name): str(digest) for name, digest in note["files"].items()}
            same = (note["organisation"], note["columns"]) == (self.organisation, list(self.columns))
            numbered = list(files) == [part_name(self.name, number + 1) for number in range(len(files))]
            if not (same and numbered) or any(file_checksum(self.export / name) != files[name] for name in files):
                return False
            self.rows, self.unreadable, self.next = int(note["rows"]), int(note["unreadable"]), str(note["next"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return False
        self.checksums = files
        return True

    def forget(self) -> None:
        """Remove what was read of the table."""
        self._note.unlink(missing_ok=True)
        shutil.rmtree(self.export / FOLDER / self.name, ignore_errors=True)
        self.checksums, self.rows, self.unreadable, self.next = {}, 0, 0, ""


def file_checksum(path: Path) -> str:
    """SHA-256 of a file, however large."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- Parquet ---------------------------------------------------------------------------------------------------------

Write = Callable[[Sequence[Mapping[str, Any]]], tuple[int, int]]
"""Writes rows; gives how many were kept, and how many values or rows could not be read."""


@contextmanager
def parquet(path: Path, table: Table, columns: Sequence[str]) -> Iterator[Write]:
    """Write rows of a table to a Parquet file, typed by metadata; it is there, whole, when the block has ended well.

    Ids are lower-case text, choices and states whole numbers, several choices a text with commas, money decimal, dates
    in UTC. What is not of its column's type is null and counted; a row without its key is left out and counted.

    Args:
        path: the file.
        table: with the types of its columns.
        columns: logical names.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {name: _kind(table.columns[name]) for name in columns}
    schema = pa.schema([(name, _arrow(kind)) for name, kind in kinds.items()])
    key = table.key if table.key in kinds else ""

    def write(rows: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
        wrong = 0
        if key:
            whole = [row for row in rows if _id(row.get(key)) is not None]
            wrong, rows = len(rows) - len(whole), whole
        arrays = []
        for name, kind in kinds.items():
            values = [row.get(name) for row in rows]
            read = _READ[kind]
            cells = [None if value is None or value == "" else read(value) for value in values]
            wrong += sum(value not in (None, "") and cell is None for value, cell in zip(values, cells, strict=True))
            arrays.append(_arrow_column(cells, kind, schema.field(name).type))
        if rows:
            out.write_batch(pa.record_batch(arrays, schema=schema))
        return len(rows), wrong

    with writing(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as out:
        yield write


def _kind(column: Column) -> str:
    return _KINDS.get(column.type, "text")


_KINDS = {
    **dict.fromkeys(("Lookup", "Owner", "Customer", "Uniqueidentifier"), "id"),
    **dict.fromkeys(("Integer", "BigInt", "Picklist", "State", "Status"), "whole"),
    **dict.fromkeys(("Decimal", "Money"), "decimal"),
    "Double": "float",
    "Boolean": "truth",
    "DateTime": "moment",
}


def _arrow(kind: str) -> pa.DataType:
    import pyarrow as pa

    return {
        "id": pa.string(), "text": pa.string(), "whole": pa.int64(), "decimal": pa.decimal128(38, _PLACES),
        "float": pa.float64(), "truth": pa.bool_(), "moment": pa.timestamp("us", tz="UTC"),
    }[kind]  # fmt: skip


def _arrow_column(cells: Sequence[Any], kind: str, of: pa.DataType) -> pa.Array:
    """A column of cells that were read already, laid out as Arrow documents it.

    `pyarrow.array` would first import pandas to ask whether it was given some of its, and a cast all functions that
    Arrow computes with; either takes longer than reading thousands of rows.
    """
    import pyarrow as pa

    known = pa.py_buffer(_bits([cell is not None for cell in cells]))
    if kind not in _LAID_OUT:
        texts = [b"" if cell is None else cell.encode() for cell in cells]
        ends = np.zeros(len(texts) + 1, dtype=np.int32)
        np.cumsum([len(text) for text in texts], out=ends[1:])
        parts = [known, pa.py_buffer(ends.tobytes()), pa.py_buffer(b"".join(texts))]
    else:
        parts = [known, pa.py_buffer(_LAID_OUT[kind](cells))]
    return pa.Array.from_buffers(of, len(cells), parts)


def _bits(truths: Sequence[bool]) -> bytes:
    return np.packbits(np.array(truths, dtype=bool), bitorder="little").tobytes()


_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_WIDE = Context(prec=60)
"""Enough digits for 38, which Arrow keeps at most."""


def _sixteen_bytes(cell: Decimal | None) -> bytes:
    return int((cell or Decimal(0)).scaleb(_PLACES, _WIDE)).to_bytes(16, "little", signed=True)


_LAID_OUT: Mapping[str, Callable[[Sequence[Any]], bytes]] = {
    "whole": lambda cells: np.array([cell or 0 for cell in cells], dtype=np.int64).tobytes(),
    "decimal": lambda cells: b"".join(map(_sixteen_bytes, cells)),
    "float": lambda cells: np.array([cell or 0.0 for cell in cells], dtype=np.float64).tobytes(),
    "truth": lambda cells: _bits([bool(cell) for cell in cells]),
    "moment": lambda cells: np.array(
        [0 if cell is None else (cell - _EPOCH) // _MICROSECOND for cell in cells], dtype=np.int64
    ).tobytes(),
}


def _id(value: Any) -> str | None:
    try:
        return str(UUID(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _whole(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = int(value)
    except (ValueError, OverflowError):
        return None
    return found if abs(found) < 2**63 and (not isinstance(value, float) or found == value) else None


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    # Ten places: the product keeps at most ten of a decimal column, and at most four of money.
    if not found.is_finite() or abs(found) >= 10**28:
        return None
    rounded = found.quantize(Decimal(1).scaleb(-_PLACES), context=_WIDE)
    return rounded if abs(rounded) < 10**28 else None


def _float(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)
    except (ValueError, TypeError):
        return None


def _moment(value: Any) -> datetime | None:
    try:
        found = in_utc(value) if isinstance(value, datetime) else moment_of(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found and found.replace(tzinfo=UTC)


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value).lower())


def _text(value: Any) -> str | None:
    if not isinstance(value, str):
        return str(value)
    return value.encode("utf-8", "replace").decode()  # half a character has no bytes


_READ: Mapping[str, Callable[[Any], Any]] = {
    "id": _id, "text": _text, "whole": _whole, "decimal": _decimal, "float": _float, "truth": _truth, "moment": _moment,
}  # fmt: skip
