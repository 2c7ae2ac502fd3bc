"""Tables that lie somewhere already: plain files, Delta tables, and what Synapse Link for Dataverse writes.

A mirror has conventions of its own: columns that the link adds, rows that are marked deleted, several versions of one
row, files without a header. They are read as they lie; docs/mirrors.md names the source of each.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from sqlglot import exp

from migrator.base.errors import UsageError
from migrator.evaluator.select import EvaluationError, Kind, kind_of
from migrator.mql import Column, Table

if TYPE_CHECKING:
    from deltalake import DeltaTable

DELTA_LOG = "_delta_log"
"""What makes a folder a Delta table: only its log says which of the Parquet files still count."""
_MODEL = "model.json"
_STAGED = "_partitioned"
_SHELVES = (".", "Tables", "Tables/dbo", "dbo", "deltalake")
"""Where tables lie below the folder that somebody names: a lakehouse in OneLake, a container of Synapse Link."""


class FileKind(StrEnum):
    """How the rows of a table lie in files."""

    PARQUET = "parquet"
    CSV = "csv"
    DELTA = "delta"
    """One folder; the log in it says which files count."""
    LINK = "link"
    """CSV without a header, as Synapse Link writes it; `headers` names the columns."""


@dataclass(frozen=True, slots=True)
class TableFiles:
    """Where the rows of one table lie."""

    kind: FileKind
    paths: tuple[Path, ...]
    names: Mapping[str, str] | None = None
    """Logical name of a column → its name in the files, where they differ beyond what mirrors are known for."""
    headers: tuple[tuple[str, ...], ...] = ()
    """The columns of each path, where the files do not say them."""

    @property
    def is_text(self) -> bool:
        """Whether every value is text, and an empty one is none."""
        return self.kind in (FileKind.CSV, FileKind.LINK)


def plain_files(folder: Path) -> dict[str, TableFiles]:
    """The tables in a folder that are plain files: `<logical name>.parquet`, or `.csv` where there is no Parquet.

    A folder with the name of a table may hold several Parquet files of it; a Delta table is no such folder, as files
    that count no more lie in it.

    Raises:
        UsageError: there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder} with tables. Extract them with: migrator extract --with-tables")
    found: dict[str, TableFiles] = {}
    for path in sorted(folder.iterdir()):
        name = path.name.removesuffix(".parquet").removesuffix(".csv").lower()
        if path.suffix == ".parquet" and path.is_file():
            found[name] = TableFiles(FileKind.PARQUET, (path,))
        elif path.suffix == ".csv":
            found.setdefault(name, TableFiles(FileKind.CSV, (path,)))
        elif path.is_dir() and not is_delta(path) and (parts := tuple(sorted(path.glob("*.parquet")))):
            found[name] = TableFiles(FileKind.PARQUET, parts)
    return found


def is_delta(folder: Path) -> bool:
    """Whether a folder is a Delta table."""
    return (folder / DELTA_LOG).is_dir()


def mirrored_files(folder: Path) -> dict[str, TableFiles]:
    """The tables in a folder, however they lie: plain files, Delta tables, or a container of Synapse Link.

    Raises:
        UsageError: there is no such folder, or what describes its files cannot be read.
    """
    found = plain_files(folder)
    if (folder / _MODEL).is_file():
        found = _linked(folder)
    staged: dict[str, TableFiles] = {}
    for shelf in _SHELVES:
        place = folder / shelf
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            if path.is_dir() and is_delta(path):
                name = path.name.lower()
                kept = staged if name.endswith(_STAGED) else found
                kept[name.removesuffix(_STAGED)] = TableFiles(FileKind.DELTA, (path,))
    return staged | found


# --- Synapse Link, CSV -----------------------------------------------------------------------------------------------


def _linked(folder: Path) -> dict[str, TableFiles]:
    """What `model.json` and those of the timestamped folders beside it describe.

    A folder of its own describes its own files: columns are added at the end as time goes by.
    """
    whole = _model(folder / _MODEL)
    paths: dict[str, list[Path]] = {}
    headers: dict[str, list[tuple[str, ...]]] = {}
    stamped = sorted(path for path in folder.iterdir() if path.is_dir() and path.name[:4].isdigit())
    for place in (folder, *stamped):
        model = _model(place / _MODEL) if place is not folder and (place / _MODEL).is_file() else whole
        for name, columns in model.items():
            for path in sorted(_directory(place, name).glob("*.csv")):  # Snapshot/ below holds copies of the same rows
                paths.setdefault(name.lower(), []).append(path)
                headers.setdefault(name.lower(), []).append(columns)
    return {name: TableFiles(FileKind.LINK, tuple(paths[name]), headers=tuple(headers[name])) for name in paths}


def _directory(place: Path, name: str) -> Path:
    """The folder of a table, whatever the case of its letters."""
    plain = place / name
    if plain.is_dir():
        return plain
    return next((path for path in place.iterdir() if path.name.lower() == name.lower()), plain)


def _model(path: Path) -> dict[str, tuple[str, ...]]:
    """Table → its columns, in the order of the files."""
    try:
        content = json.loads(path.read_bytes())
        return {
            str(entity["name"]): tuple(str(attribute["name"]) for attribute in entity["attributes"])
            for entity in content["entities"]
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} does not describe the tables beside it: {error}. Copy the folder again.") from None


# --- reading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opened:
    """Rows that the database can select from, as long as they are open."""

    sql: str
    """What stands behind FROM; it can be read as often as is wished."""
    columns: Mapping[str, str]
    """Name in small letters → name in the files."""


@contextmanager
def opened(
    database: duckdb.DuckDBPyConnection, files: TableFiles, table: Table, keys: Collection[str]
) -> Iterator[Opened]:
    """Let the database read the rows of a table where they lie.

    Args:
        database: who is going to read.
        files: where they lie.
        table: what metadata say of it.
        keys: logical names of the columns that are wanted; others may be missing.

    Raises:
        UsageError: it takes a package that is not installed.
        EvaluationError: they cannot be read.
        duckdb.Error: they cannot be read.
    """
    if files.kind is not FileKind.DELTA:
        yield _described(database, source_sql(files))
        return
    folder = files.paths[0]
    delta = _delta_table(folder)
    try:
        if delta.protocol().min_reader_version == 1:
            database.register(_DELTA, delta.to_pyarrow_dataset())
        else:  # an Arrow data set knows no deletion vectors and no names of columns beside those in the files
            wanted = {name for key in keys for name in _candidates(key, table, files)} | _OF_MIRRORS
            stream = delta.scan(columns=[one.name for one in delta.schema().fields if one.name.lower() in wanted])
            database.register(_STREAM, stream)
            database.execute(f"CREATE OR REPLACE TEMP TABLE {_DELTA} AS SELECT * FROM {_STREAM}")  # noqa: S608
            database.unregister(_STREAM)
    except (_delta_error(), OSError) as error:
        raise EvaluationError(f"{folder} cannot be read as a Delta table: {str(error).splitlines()[0]}") from error
    try:
        yield _described(database, _DELTA)
    finally:
        if delta.protocol().min_reader_version == 1:
            database.unregister(_DELTA)
        else:
            database.execute(f"DROP TABLE {_DELTA}")


_DELTA, _STREAM = "delta_rows", "delta_stream"


def _described(database: duckdb.DuckDBPyConnection, sql: str) -> Opened:
    rows = database.execute(f"DESCRIBE SELECT * FROM {sql}").fetchall()  # noqa: S608 - ours, with quoted paths
    return Opened(sql, {str(row[0]).lower(): str(row[0]) for row in rows})


def _delta_table(folder: Path) -> DeltaTable:
    """A Delta table in its newest version."""
    try:
        from deltalake import DeltaTable
    except ImportError:
        raise UsageError(
            f"{folder} is a Delta table, and the package that reads them is not installed. "
            'Install it from where migrator came from: pip install ".[delta]" in a checkout, or "FILE.whl[delta]".'
        ) from None
    try:
        return DeltaTable(str(folder.resolve()))
    except (_delta_error(), OSError) as error:
        raise EvaluationError(f"{folder} cannot be read as a Delta table: {str(error).splitlines()[0]}") from error


def _delta_error() -> type[Exception]:
    from deltalake.exceptions import DeltaError

    return DeltaError


def source_sql(files: TableFiles) -> str:
    """What stands behind FROM to read plain files or those of Synapse Link."""
    if files.kind is FileKind.PARQUET:
        return f"read_parquet([{_quoted(files.paths)}], union_by_name = true)"
    if files.kind is FileKind.CSV:
        return f"read_csv([{_quoted(files.paths)}], header = true, all_varchar = true, {_CSV})"
    groups: dict[tuple[str, ...], list[Path]] = {}
    for path, header in zip(files.paths, files.headers, strict=True):
        groups.setdefault(header, []).append(path)
    parts = [_headless(header, paths) for header, paths in groups.items()]
    return parts[0] if len(parts) == 1 else f"({' UNION ALL BY NAME '.join(f'FROM {part}' for part in parts)})"


_CSV = "delim = ',', quote = '\"', escape = '\"'"


def _headless(header: tuple[str, ...], paths: Collection[Path]) -> str:
    columns = ", ".join(f"{exp.Literal.string(name).sql('duckdb')}: 'VARCHAR'" for name in header)
    return (
        f"read_csv([{_quoted(paths)}], header = false, auto_detect = false, {_CSV}, columns = {{{columns}}}, "
        "null_padding = true, parallel = false)"  # rows from before a column was added end early
    )


def _quoted(paths: Collection[Path]) -> str:
    return ", ".join(exp.Literal.string(str(path)).sql("duckdb") for path in paths)


# --- conventions -----------------------------------------------------------------------------------------------------

_DELETED = ("isdelete", "isdeleted")
_RETAINED = ("sysdatastatecode", "msft_datastate")
_VERSION, _WRITTEN = "versionnumber", "sinkmodifiedon"
_NEWEST_FIRST = {
    _VERSION: "TRY_CAST({0} AS BIGINT)",
    _WRITTEN: "coalesce(TRY_CAST({0} AS TIMESTAMP), try_strptime(CAST({0} AS VARCHAR), '%m/%d/%Y %I:%M:%S %p'))",
}


_OF_MIRRORS = frozenset({"id", *_DELETED, *_RETAINED, *_NEWEST_FIRST})


def shown_as(key: str, table: Table, files: TableFiles, found: Mapping[str, str]) -> str | None:
    """How the files call a column; None where they do not have it.

    Args:
        key: its logical name.
        table: with its key.
        files: with names that somebody gave.
        found: name in small letters → name in the files.
    """
    return next((found[name] for name in _candidates(key, table, files) if name in found), None)


def _candidates(key: str, table: Table, files: TableFiles) -> Iterator[str]:
    """How files may call a column, in small letters, the likeliest name first."""
    yield (files.names or {}).get(key, key).lower()
    yield f"_{key}_value"
    if key == table.key:
        yield "id"
    if key.endswith("_logicalname"):
        yield f"{key.removesuffix('_logicalname')}_entitytype"


def value_sql(shown: str, column: Column, files: TableFiles, cast: str = "CAST") -> str:
    """The value of a column, typed as the database keeps it.

    Args:
        shown: its name in the files.
        column: what metadata say of it.
        files: where it lies.
        cast: `TRY_CAST` where what its type does not take is to be null.
    """
    value = _name(shown)
    kind = kind_of(column)
    if files.is_text:
        value = f"NULLIF({value}, '')"
    if kind is Kind.MOMENT:
        value = f"{cast}({value} AS TIMESTAMPTZ)"  # an offset counts; straight to TIMESTAMP it would be dropped
    if column.multi_select:  # the choices of one row, whatever stands between them
        value = f"NULLIF(replace(regexp_replace(CAST({value} AS VARCHAR), '[\\[\\]\" ]', '', 'g'), ';', ','), '')"
    typed = f"{cast}({value} AS {kind.value.strip()})"
    return f"NULLIF({typed}, '')" if kind in _EMPTY and cast == "CAST" else typed


_EMPTY = (Kind.TEXT, Kind.ID)
"""Of these the product knows no empty ones: they are null."""


def present_sql(shown: str) -> str:
    """The condition that a column of the files holds something."""
    return f"coalesce(CAST({_name(shown)} AS VARCHAR), '') != ''"


def living_sql(columns: Mapping[str, str], dialect: str = "duckdb") -> str:
    """The condition that a row fulfils that is neither deleted nor archived.

    Args:
        columns: name in small letters → name in the files.
        dialect: of the database that asks.
    """
    where = [
        f"coalesce(lower(CAST({name} AS {'STRING' if dialect == 'spark' else 'VARCHAR'})) NOT IN ('true', '1'), true)"
        for name in (_name(columns[one], dialect) for one in (*_DELETED, *_RETAINED) if one in columns)
    ]
    return " AND ".join(where) or "true"


def newest_sql(table: Table, source: Opened, columns: Collection[str]) -> str:
    """What to select from where there are several versions of a row: the newest of each, deleted or not.

    Args:
        table: with its key.
        source: the rows as they lie.
        columns: names in the files that are wanted.
    """
    identity = source.columns.get("id", source.columns.get(table.key))
    order = [
        f"{sql.format(_name(source.columns[name]))} DESC NULLS LAST"
        for name, sql in _NEWEST_FIRST.items()
        if name in source.columns
    ]
    if identity is None or not order:
        return source.sql
    wanted = {*columns, *(source.columns[name] for name in (*_DELETED, *_RETAINED) if name in source.columns)}
    return (
        f"(SELECT {', '.join(map(_name, sorted(wanted)))} FROM {source.sql} "  # noqa: S608 - every name is quoted
        f"QUALIFY row_number() OVER (PARTITION BY lower({_name(identity)}) ORDER BY {', '.join(order)}) = 1)"
    )


def repeats_sql(table: Table, source: Opened) -> str | None:
    """Asks whether there are several versions of a row; None where the files cannot hold any."""
    identity = source.columns.get("id", source.columns.get(table.key))
    if identity is None or not {_VERSION, _WRITTEN} & source.columns.keys():
        return None
    return f"SELECT count(*) > count(DISTINCT lower({_name(identity)})) FROM {source.sql}"  # noqa: S608 - quoted


def _name(shown: str, dialect: str = "duckdb") -> str:
    return exp.column(shown, quoted=True).sql(dialect)
