"""Everybody in an organisation's tables, on disk: who a query selects is kept as a set, and sets are compared there.

For data that do not fit into memory: DuckDB works out of core within a stated bound. Sets are tables with the one
column `member`; nothing is carried through Python but counts and lists that somebody asks for.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import count
from pathlib import Path

import duckdb
from sqlglot import exp

from migrator.evaluator.database import Tables, type_of
from migrator.evaluator.select import MEMBER, EvaluationError, Membership, Stored, kind_of, table_named
from migrator.mql import Schema, tree
from migrator.mql.touched import touched
from migrator.product.codes import AUDIENCE, AUDIENCE_KEY, State


class FileKind(StrEnum):
    """How the rows of a table lie in files."""

    PARQUET = "parquet"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class TableFiles:
    """Where the rows of one table lie."""

    kind: FileKind
    paths: tuple[Path, ...]
    names: Mapping[str, str] | None = None
    """Logical name of a column → its name in the files, where they differ (mirrors have conventions of their own)."""


class Population:
    """The tables of one organisation at one moment. Not safe for use from several threads at once."""

    def __init__(self, schema: Schema, now: datetime, folder: Path, memory: str = "2GB") -> None:
        """Open an empty one.

        Args:
            schema: tables, columns, relationships.
            now: the moment that "now" means in queries, UTC.
            folder: where the database may put what does not fit into memory.
            memory: what the database may take, such as 2GB.
        """
        self.schema = schema
        self._database = duckdb.connect(
            str(folder / "population.duckdb"), config={"memory_limit": memory, "temp_directory": str(folder)}
        )
        self._database.execute("SET preserve_insertion_order = false")
        self._database.execute("SET TimeZone = 'UTC'")  # files may hold moments with a zone; here all are UTC
        self.tables = Tables(schema, lambda: now, self._database)
        self.filled: dict[str, set[str]] = {}
        """Table → the columns that its files have."""
        self._numbers = count()

    def close(self) -> None:
        """Give the files back."""
        self._database.close()

    def fill(self, name: str, files: TableFiles) -> int:
        """Read the rows of the table `name`; gives how many. Columns that the files do not have are null.

        Raises:
            EvaluationError: the files cannot be read, or hold what the column's type does not take.
        """
        columns = self.schema.tables[name].columns
        named = files.names or {}
        source = _source(files)
        try:
            described = self._database.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()  # noqa: S608
            found = {str(row[0]).lower(): str(row[0]) for row in described}
            chosen = []
            for key, what in columns.items():
                shown = found.get(named.get(key, key).lower())
                value: exp.Expr = exp.column(shown, quoted=True) if shown else exp.null()
                if shown and files.kind is FileKind.CSV:
                    value = exp.func("NULLIF", value, exp.Literal.string(""))
                chosen.append(exp.alias_(exp.cast(value, type_of(kind_of(what))), key, quoted=True).sql("duckdb"))
            target = table_named(name).sql("duckdb")
            self._database.execute(f"DELETE FROM {target}")  # noqa: S608 - the name is quoted by sqlglot
            self._database.execute(f"INSERT INTO {target} SELECT {', '.join(chosen)} FROM {source}")  # noqa: S608
            (rows,) = self._one(f"SELECT count(*) FROM {target}")  # noqa: S608
        except duckdb.Error as error:
            raise EvaluationError(f"the table {name} cannot be read: {str(error).splitlines()[0]}") from error
        self.filled[name] = {key for key in columns if named.get(key, key).lower() in found}
        return rows

    # --- sets ---

    def legacy(self, query: tree.Query, membership: Membership) -> Stored:
        """The set of contacts that an outbound query selects.

        Raises:
            EvaluationError: the query speaks about something that is not there.
        """
        self._all_there(query)
        return self._kept(*self.tables.outbound_select(query, membership))

    def realtime(self, query: tree.Query, membership: Membership) -> Stored:
        """The set of contacts that a real-time query selects.

        Raises:
            EvaluationError: the query speaks about something that is not there.
        """
        self._all_there(query)
        return self._kept(*self.tables.realtime_select(query, membership))

    def _all_there(self, query: tree.Query) -> None:
        """What a query touches has to be there: a column that was not read is unknown, and not empty."""
        for table, columns in touched([query], self.schema).items():
            if table not in self.filled:
                raise EvaluationError(f"the rows of the table {table} are not here")
            if missing := [column for column in columns if column not in self.filled[table]]:
                raise EvaluationError(f"the rows of the table {table} are here without the column {missing[0]}")

    def listed(self, path: Path, first: int = 0, count: int | None = None) -> Stored:
        """The ids of a member list (one column, `contactid`), or `count` of them from position `first` on.

        Args:
            path: the file.
            first: position of the first id, from 0.
            count: how many; None means all that follow.
        """
        rows = f"SELECT lower({AUDIENCE_KEY}) AS {MEMBER} FROM {_source(TableFiles(FileKind.CSV, (path,)))}"  # noqa: S608
        limit = f" LIMIT {count}" if count is not None else ""
        return self._set(f"SELECT DISTINCT {MEMBER} FROM ({rows}{limit} OFFSET {first})")  # noqa: S608

    def union(self, sets: list[Stored]) -> Stored:
        """Everybody in any of the sets."""
        if not sets:
            return self._set(f"SELECT CAST(NULL AS VARCHAR) AS {MEMBER} WHERE false")
        parts = " UNION ALL ".join(f"SELECT {MEMBER} FROM {one.table}" for one in sets)  # noqa: S608
        return self._set(f"SELECT DISTINCT {MEMBER} FROM ({parts})")  # noqa: S608

    def without(self, one: Stored, other: Stored) -> Stored:
        """Those of `one` that are not in `other`."""
        return self._set(f"SELECT {MEMBER} FROM {one.table} ANTI JOIN {other.table} USING ({MEMBER})")  # noqa: S608

    def contacts(self, one: Stored) -> Stored:
        """Those of `one` that are contacts, active or not."""
        contact = table_named(AUDIENCE).sql("duckdb")
        return self._set(
            f"SELECT {MEMBER} FROM {one.table} SEMI JOIN {contact} ON {MEMBER} = lower({AUDIENCE_KEY})"  # noqa: S608
        )

    def inactive(self, one: Stored) -> Stored:
        """Those of `one` that are inactive contacts."""
        contact = table_named(AUDIENCE).sql("duckdb")
        return self._set(
            f"SELECT {MEMBER} FROM {one.table} SEMI JOIN (SELECT {AUDIENCE_KEY} FROM {contact} "  # noqa: S608
            f"WHERE statecode = {int(State.INACTIVE)}) ON {MEMBER} = lower({AUDIENCE_KEY})"
        )

    def size(self, one: Stored) -> int:
        """How many are in a set."""
        return self._one(f"SELECT count(*) FROM {one.table}")[0]  # noqa: S608

    def ids(self, one: Stored) -> Iterator[str]:
        """The ids of a set, in their order."""
        result = self._database.execute(f"SELECT {MEMBER} FROM {one.table} ORDER BY {MEMBER}")  # noqa: S608
        while rows := result.fetchmany(10_000):
            yield from (row[0] for row in rows)

    def drop(self, one: Stored) -> None:
        """Forget a set."""
        self._database.execute(f"DROP TABLE IF EXISTS {one.table}")

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Ask the database itself; the SQL is ours, never anybody else's."""
        return self._database.execute(sql).fetchall()

    # --- below ---

    def _kept(self, statement: object, select: exp.Query) -> Stored:
        inner = select.sql("duckdb")
        return self._set(f"SELECT lower({MEMBER}) AS {MEMBER} FROM ({inner}) WHERE {MEMBER} IS NOT NULL")  # noqa: S608

    def _set(self, sql: str) -> Stored:
        name = f"set_{next(self._numbers)}"
        try:
            self._database.execute(f"CREATE TEMP TABLE {name} AS {sql}")
        except duckdb.Error as error:
            raise EvaluationError(f"the query cannot be evaluated: {str(error).splitlines()[0]}") from error
        return Stored(name)

    def _one(self, sql: str) -> tuple[int, ...]:
        row = self._database.execute(sql).fetchone()
        return tuple(row) if row else (0,)


@contextmanager
def population(
    schema: Schema,
    files: Mapping[str, TableFiles],
    now: datetime,
    *,
    memory: str = "2GB",
    told: Callable[[str, int], None] = lambda *_: None,
) -> Iterator[Population]:
    """The tables in `files`, until the block ends; nothing of them stays behind.

    Args:
        schema: tables, columns, relationships.
        files: logical name of a table → where its rows lie; tables of the schema that are not named stay unfilled.
        now: the moment that "now" means, UTC.
        memory: what the database may take.
        told: is told the name and the number of rows of each table.

    Raises:
        EvaluationError: a table cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="migrator-") as folder:
        found = Population(schema, now, Path(folder), memory)
        try:
            for name, where in files.items():
                if name in schema.tables:
                    told(name, found.fill(name, where))
            yield found
        finally:
            found.close()


def _source(files: TableFiles) -> str:
    paths = ", ".join(exp.Literal.string(str(path)).sql("duckdb") for path in files.paths)
    if files.kind is FileKind.PARQUET:
        return f"read_parquet([{paths}], union_by_name = true)"
    return f"read_csv([{paths}], header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"')"
