"""A copy of an export without the ids and names of people, for whoever helps with the migration.

Each id of a contact becomes another one, the same everywhere in the copy, by a key that is made for the occasion and
kept nowhere: nobody can go back, also not we. Counts, overlaps, queries and names of segments stay, so that
translating, predicting and reporting give the same numbers; a query that compares names or addresses of people, which
are replaced, cannot be evaluated. Of tables only the columns stay that queries touch.
"""

from __future__ import annotations

import csv
import hmac
import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from migrator.base.atomic import private_folder
from migrator.base.cells import identity
from migrator.base.errors import UsageError
from migrator.base.ids import Ids, packed, texts, unpacked
from migrator.base.json_lines import json_lines
from migrator.contracts.export_folder import METADATA, SEGMENTS, OrganisationRef, member_reader, read_export
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.legacy_segment import LegacySegment
from migrator.contracts.members import Members
from migrator.contracts.tables import FOLDER, TableRead, part_name
from migrator.extractor.organisation import ids_in_row
from migrator.extractor.tables import columns_of, file_checksum, parquet
from migrator.mql import Table
from migrator.mql.schema import schema_from_json

_NAME_OF_PERSON = re.compile(r"_(?:createdby|modifiedby|owner\w*|createdonbehalfby|modifiedonbehalfby)\w*_value")
_NOT_PERSONS = "_owningbusinessunit_value"


def redact(source: Path, target: Path) -> int:
    """Write a copy of the export `source` to `target`; gives how many ids became others.

    Of tables the columns stay that queries touch, with other ids; what names or reaches a person is replaced there, so
    that only its being empty stays. Lists of addresses are left out. Queries stay as they are: where a query names a
    person or a record by its id, so does the copy.

    Raises:
        UsageError: `source` is no whole export, or `target` is there already.
    """
    export = read_export(source)
    if target.exists() and any(target.iterdir()):
        raise UsageError(f"The folder {target} is there already, and not empty. Name another one.")
    key = secrets.token_bytes(32)
    other = _pseudonyms(key, _named_in(export.segments))
    writer = ExportWriter(
        target, OrganisationRef(export.organisation.id, export.organisation.url), _extracted_at(source)
    )
    rows = [json.loads(line) for line in json_lines((source / SEGMENTS).read_text(encoding="utf-8"))]
    writer.segments([_row(row, other) for row in rows])
    read, changed = member_reader(source), 0
    for segment in export.segments:
        members = export.members[segment.id]
        if members.count is None:
            writer.no_members(segment.id, _unnamed(replace(members, origin="")))
        else:
            ids = read(segment.id)
            changed += len(ids)
            writer.members(segment.id, _all(ids, other), _unnamed(replace(members, origin=_ending(members.origin))))
        if members.excluded:
            writer.exclusions(segment.id, _all(read(segment.id, excluded=True), other))
    if (source / METADATA).exists():
        schema = schema_from_json(json.loads((source / METADATA).read_bytes()))
        writer.metadata(schema)
        for name, columns in columns_of(export.segments, schema).items():
            _table(source, writer, name, schema.tables[name], columns, _Others(key, other))
    writer.finish()
    return changed


def _extracted_at(source: Path) -> str:
    return str(json.loads((source / "manifest.json").read_bytes()).get("extracted_at", ""))


_ANY_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


def _named_in(segments: Iterable[LegacySegment]) -> frozenset[UUID]:
    """The ids that queries name: whoever keeps the query has to keep them."""
    return frozenset(UUID(found) for segment in segments for found in _ANY_ID.findall(segment.query))


def _pseudonyms(key: bytes, kept: frozenset[UUID]) -> Callable[[UUID], UUID]:
    def other(person: UUID) -> UUID:
        if person in kept:
            return person
        return UUID(bytes=hmac.digest(key, person.bytes, "sha256")[:16], version=4)

    return other


# --- tables ----------------------------------------------------------------------------------------------------------

_OF_A_PERSON = re.compile(
    r"(?:first|last|middle|full|nick)name|yomi\w*|\w*emailaddress\d*|\w*telephone\d*|\w*phone|\w*fax\d*|pager"
    r"|address\d_(?:line\d|name|composite|postofficebox)|\w*description|governmentid|employeeid|externaluseridentifier"
    r"|spousesname|childrensnames|assistantname|managername|websiteurl|\w*socialsecurity\w*"
)
"""Columns that name or reach a person, whatever the table."""


@dataclass(frozen=True, slots=True)
class _Others:
    """What takes the place of ids, and of texts that name people: the same for the same."""

    key: bytes
    id: Callable[[UUID], UUID]

    def text(self, value: str) -> str:
        return f"x{hmac.digest(self.key, value.casefold().encode(), 'sha256')[:8].hex()}"

    def cell(self, column: str, kind: str, value: Any) -> Any:
        if value in (None, ""):
            return None
        if kind in _ID_TYPES:
            found = identity(value)
            return str(self.id(found)) if found else None
        return self.text(str(value)) if _replaces(column, kind) else value


def _replaces(column: str, kind: str) -> bool:
    """Whether the texts of a column become others."""
    return kind not in _ID_TYPES and bool(_OF_A_PERSON.fullmatch(column))


_ID_TYPES = frozenset({"Uniqueidentifier", "Lookup", "Owner", "Customer"})
_ROWS = 10_000
"""Rows of a table that are copied together."""


def _table(
    source: Path, writer: ExportWriter, name: str, table: Table, columns: Sequence[str], others: _Others
) -> None:
    """Copy what queries touch of one table, if the export has its rows."""
    pages = _rows_of(source, name, columns)
    if pages is None:
        return
    part = part_name(name, 1)
    private_folder((writer.folder / part).parent)
    rows = wrong = 0
    kinds = {column: table.columns[column].type for column in columns}
    with parquet(writer.folder / part, table, columns) as write:
        for page in pages:
            copied = [{key: others.cell(key, kinds[key], row.get(key)) for key in columns} for row in page]
            kept, unreadable = write(copied)
            rows, wrong = rows + kept, wrong + unreadable
    replaced = tuple(column for column in columns if _replaces(column, kinds[column]))
    read = TableRead(rows, tuple(columns), 1, wrong, replaced=replaced)
    writer.table(name, read, {part: file_checksum(writer.folder / part)})


def _rows_of(source: Path, name: str, columns: Sequence[str]) -> Iterator[Sequence[Mapping[str, Any]]] | None:
    """The rows of a table of an export, some at a time; None where it has none."""
    folder = source / FOLDER
    if parts := sorted((folder / name).glob("*.parquet")):
        return _of_parquet(parts, columns)
    return _of_csv(folder / f"{name}.csv") if (folder / f"{name}.csv").is_file() else None


def _of_parquet(parts: Sequence[Path], columns: Sequence[str]) -> Iterator[Sequence[Mapping[str, Any]]]:
    import pyarrow.parquet as pq

    for part in parts:
        with pq.ParquetFile(part) as file:
            there = [column for column in columns if column in file.schema_arrow.names]
            for batch in file.iter_batches(_ROWS, columns=there):
                yield batch.to_pylist()


def _of_csv(path: Path) -> Iterator[Sequence[Mapping[str, Any]]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        while page := list(islice(rows, _ROWS)):
            yield page


# --- members and rows of segments ------------------------------------------------------------------------------------


def _all(ids: Ids, other: Callable[[UUID], UUID]) -> Ids:
    return packed(other(one) for one in unpacked(ids))


def _ending(origin: str) -> str:
    """Names of files may be names of people; what kind of file it was is all that stays."""
    return f"members{Path(origin).suffix}" if origin else ""


def _unnamed(members: Members) -> Members:
    """What is known of members without the names of files in questions, and in what is said of exclusions."""
    waits = "a file that belongs to it waits for an answer"
    left = members.excluding
    if left:
        left = replace(left, origin=_ending(left.origin), question=waits if left.question else "")
    return replace(members, question=waits if members.question else "", excluding=left)


def _row(row: dict[str, Any], other: Callable[[UUID], UUID]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.items():
        plain = name.partition("@")[0]
        if _NAME_OF_PERSON.fullmatch(plain) and plain != _NOT_PERSONS:
            if plain == name and value:
                person = identity(value)  # what is no id may be a name
                found[name] = str(other(person)) if person else "(left out)"
            elif name.endswith("FormattedValue"):
                found[name] = "(left out)"
        elif name == "msdyncrm_segmentmemberids" and value:
            ids, _ = ids_in_row(row)
            found[name] = json.dumps(texts(_all(ids, other))) if ids is not None else None
        else:
            found[name] = value
    return found
