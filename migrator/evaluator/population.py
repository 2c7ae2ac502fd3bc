"""Everybody in an organisation's tables: who a query selects is kept as a set, and sets are compared there.

For data that do not fit into memory: DuckDB works out of core within a stated bound. Sets are tables with the one
column `member`; nothing is carried through Python but counts and lists that somebody asks for.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

import duckdb
import numpy as np
from sqlglot import exp

from migrator.evaluator import mirrors
from migrator.evaluator.database import Tables
from migrator.evaluator.mirrors import FileKind, TableFiles
from migrator.evaluator.roll import ASLEEP, Roll
from migrator.evaluator.room import no_room, not_written, said
from migrator.evaluator.select import EVERYBODY, MEMBER, EvaluationError, Kind, Membership, Stored, kind_of, table_named
from migrator.mql import Column, Schema, Table, tree
from migrator.mql.interactions import PERSON
from migrator.mql.touched import touched
from migrator.product.codes import AUDIENCE_KEY


@dataclass(frozen=True, slots=True)
class Compared:
    """How many are in two sets, and how they differ."""

    before: int
    after: int
    inactive: int
    """Inactive contacts that only the first has."""
    deleted: int
    """Ids of the first that are no contacts, and not in the second."""
    missing: int
    """Other contacts that only the first has."""
    surplus: int
    """Who is in the second only."""


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
        # Without a file of its own it packs nothing, and puts aside in `folder` what does not fit.
        self._database = duckdb.connect(config={"memory_limit": memory, "temp_directory": str(folder)})
        self._database.execute("SET preserve_insertion_order = false")
        self._database.execute("SET TimeZone = 'UTC'")  # files may hold moments with a zone; here all are UTC
        self.tables = Tables(schema, lambda: now, self._database, numbered=True)
        self._roll = Roll(self._database)
        self._calling = True
        self.filled: dict[str, set[str]] = {}
        """Table → the columns that were read of it."""
        self.unreadable: dict[str, dict[str, int]] = {}
        """Table → columns that hold what their type does not take → how often; none of them is read."""
        self.replaced: Mapping[str, Collection[str]] = {}
        """Table → columns whose values are not those of the organisation: only their being empty is."""
        self.files: Mapping[str, TableFiles] = {}
        """Table → where its rows lie, also of tables that no query asks for."""
        self._numbers = count()

    def close(self) -> None:
        """Give the files back."""
        self._database.close()

    def fill(self, name: str, files: TableFiles, only: Collection[str] | None = None) -> int:
        """Read the rows of the table `name`; gives how many. Columns that the files do not have are null.

        Rows that a mirror marks as deleted or archived are left out, and of several versions the newest counts. A
        column that holds what its type does not take is as one that is not there.

        Args:
            name: logical name.
            files: where the rows lie.
            only: the columns that are asked for; None means all of the schema.

        Raises:
            EvaluationError: the files cannot be read.
            UsageError: it takes a package that is not installed.
        """
        table = self.schema.tables[name]
        target = table_named(name).sql("duckdb")
        try:
            keys = [key for key in table.columns if only is None or key in only or key == table.key]
            with mirrors.opened(self._database, files, table, keys) as source:
                shown = {key: found for key in keys if (found := mirrors.shown_as(key, table, files, source.columns))}
                repeats = mirrors.repeats_sql(table, source)
                several = repeats is not None and self._one(repeats)[0]
                rows = mirrors.newest_sql(table, source, shown.values()) if several else source.sql
                self._database.execute(f"DELETE FROM {target}")  # noqa: S608 - the name is quoted by sqlglot
                try:
                    self._insert(name, shown, f"{rows} WHERE {mirrors.living_sql(source.columns)}", files)
                except duckdb.ConversionException:
                    self.unreadable[name] = self._wrong(name, shown, rows, files)
                    shown = {key: found for key, found in shown.items() if key not in self.unreadable[name]}
                    self._insert(name, shown, f"{rows} WHERE {mirrors.living_sql(source.columns)}", files)
            (count_of_rows,) = self._one(f"SELECT count(*) FROM {target}")  # noqa: S608
        except duckdb.Error as error:
            raise no_room(error) or EvaluationError(f"the table {name} cannot be read: {said(error)}") from error
        except EvaluationError as error:
            raise EvaluationError(f"the table {name} cannot be read: {error}") from error
        self.filled[name] = set(shown)
        self._calling = True
        return count_of_rows

    def _insert(self, name: str, shown: Mapping[str, str], rows: str, files: TableFiles) -> None:
        if not shown:
            named = ", ".join(sorted({path.name for path in files.paths}))
            how = ", or they are no CSV with commas and a line of headers" if files.kind is FileKind.CSV else ""
            raise EvaluationError(f"{named} has no column that a query asks for{how}")
        columns = self.schema.tables[name].columns
        names = ", ".join(exp.column(key, quoted=True).sql("duckdb") for key in shown)
        values = ", ".join(mirrors.value_sql(found, columns[key], files) for key, found in shown.items())
        self._database.execute(f"INSERT INTO {table_named(name).sql('duckdb')} ({names}) SELECT {values} FROM {rows}")  # noqa: S608
        numbers = [exp.column(key, quoted=True).sql("duckdb") for key in shown if kind_of(columns[key]) is Kind.NUMBER]
        if numbers:  # NaN would count as the largest number; in the files' own statistics the database does not see it
            none = ", ".join(f"{one} = NULLIF({one}, CAST('NaN' AS DOUBLE))" for one in numbers)
            where = " OR ".join(f"isnan({one})" for one in numbers)
            self._database.execute(f"UPDATE {table_named(name).sql('duckdb')} SET {none} WHERE {where}")  # noqa: S608

    def _wrong(self, name: str, shown: Mapping[str, str], rows: str, files: TableFiles) -> dict[str, int]:
        """Columns that hold what their type does not take, and how often."""
        columns = self.schema.tables[name].columns
        counted = ", ".join(
            f"count(*) FILTER ({mirrors.present_sql(found)} "
            f"AND {mirrors.value_sql(found, columns[key], files, cast='TRY_CAST')} IS NULL)"
            for key, found in shown.items()
        )
        found = self._one(f"SELECT {counted} FROM {rows}")  # noqa: S608 - every name is quoted
        return {key: number for key, number in zip(shown, found, strict=True) if number}

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
        self._called()
        for table, columns in touched([query], self.schema).items():
            if table not in self.filled:
                raise EvaluationError(f"the rows of the table {table} are not here")
            if missing := [column for column in columns if column not in self.filled[table]]:
                if wrong := self.unreadable.get(table, {}).get(missing[0]):
                    kind = kind_of(self.schema.tables[table].columns[missing[0]]).name.lower()
                    raise EvaluationError(f"{wrong:,} values of {table}.{missing[0]} cannot be read as a {kind}")
                raise EvaluationError(f"the rows of the table {table} are here without the column {missing[0]}")
        for table, columns in touched([query], self.schema, only_values=True).items() if self.replaced else ():
            if other := sorted(set(columns).intersection(self.replaced.get(table, ()))):
                raise EvaluationError(f"the values of {table}.{other[0]} are replaced in this copy")

    def some_rows(self, files: TableFiles, key: str, columns: Sequence[str], among: tuple[str, Collection[str]]) -> str:
        """A table with some columns, as text, of rows of a table that no query touches; empty where one is missing.

        Rows that a mirror marks as deleted are left out, and of several versions the newest counts.

        Args:
            files: where its rows lie.
            key: logical name of its primary key.
            columns: logical names.
            among: one of the columns, and the values (in small letters) that rows are taken for; none takes all.

        Raises:
            EvaluationError: the files cannot be read.
            UsageError: it takes a package that is not installed.
        """
        table = Table("", key, "", {name: Column("String") for name in columns})
        try:
            with mirrors.opened(self._database, files, table, columns) as source:
                shown = {
                    name: found for name in columns if (found := mirrors.shown_as(name, table, files, source.columns))
                }
                if len(shown) < len(columns):
                    return ""
                repeats = mirrors.repeats_sql(table, source)
                several = repeats is not None and self._one(repeats)[0]
                rows = mirrors.newest_sql(table, source, shown.values()) if several else source.sql
                where = f"({mirrors.living_sql(source.columns)})"
                if among[1]:
                    listed = ", ".join(exp.Literal.string(one).sql("duckdb") for one in sorted(among[1]))
                    of = exp.column(shown[among[0]], quoted=True).sql("duckdb")
                    where += f" AND lower(CAST({of} AS VARCHAR)) IN ({listed})"
                chosen = ", ".join(
                    exp.alias_(exp.cast(exp.column(column, quoted=True), "VARCHAR"), name, quoted=True).sql("duckdb")
                    for name, column in shown.items()
                )
                return self._set(f"SELECT {chosen} FROM {rows} WHERE {where}").table  # noqa: S608 - every name is quoted
        except duckdb.Error as error:
            raise no_room(error) or EvaluationError(f"a table cannot be read: {said(error)}") from error

    def listed(self, path: Path, first: int = 0, count: int | None = None) -> Stored:
        """The ids of a member list (one column, `contactid`), or `count` of them from position `first` on.

        Args:
            path: the file.
            first: position of the first id, from 0.
            count: how many; None means all that follow.
        """
        self._called()
        source = mirrors.source_sql(TableFiles(FileKind.CSV, (path,)))
        if first or count is not None:  # read by several threads, positions would be other ones each time
            source = f"{source.removesuffix(')')}, parallel = false)"
        rows = f"SELECT lower({AUDIENCE_KEY}) AS id FROM {source}"  # noqa: S608 - our own path, quoted
        limit = f" LIMIT {count}" if count is not None else ""
        return self._numbered(f"{rows}{limit} OFFSET {first}")

    def union(self, sets: list[Stored]) -> Stored:
        """Everybody in any of the sets."""
        if len(sets) == 1:
            return self._set(f"FROM {sets[0].table}")
        if not sets:
            return self._set(f"SELECT CAST(NULL AS INTEGER) AS {MEMBER} WHERE false")
        # A bit for everybody: hundreds of sets are read once each, which is quicker than grouping all their members.
        lowest, highest = self._one(f"SELECT coalesce(min(number), 0), coalesce(max(number), -1) FROM {EVERYBODY}")  # noqa: S608
        there = np.zeros(max(highest - lowest + 1, 1), dtype=bool)
        for one in sets:
            try:
                members = self._database.execute(f"SELECT {MEMBER} FROM {one.table}").fetchnumpy()  # noqa: S608
            except duckdb.Error as error:
                raise no_room(error) or EvaluationError(f"the sets cannot be united: {said(error)}") from error
            there[np.asarray(members[MEMBER], dtype=np.int64) - lowest] = True
        return self._set(
            f"SELECT CAST(bit + ? AS INTEGER) AS {MEMBER} FROM range(?) AS everybody(bit) "  # noqa: S608
            "WHERE get_bit(CAST(CAST(? AS BLOB) AS BIT), CAST(bit AS INTEGER)) = 1",
            [lowest, there.size, np.packbits(there).tobytes()],
        )

    def without(self, one: Stored, other: Stored) -> Stored:
        """Those of `one` that are not in `other`."""
        return self._set(f"SELECT {MEMBER} FROM {one.table} ANTI JOIN {other.table} USING ({MEMBER})")  # noqa: S608

    def both(self, one: Stored, other: Stored) -> Stored:
        """Those of `one` that are in `other`, too."""
        return self._set(f"SELECT {MEMBER} FROM {one.table} SEMI JOIN {other.table} USING ({MEMBER})")  # noqa: S608

    def lies_within(self, one: Stored, other: Stored) -> bool:
        """Whether everybody of `one` is in `other`."""
        # The second table is the one that is kept in memory, and this one is the smaller.
        here = f"SELECT count(*) FROM {other.table} SEMI JOIN {one.table} USING ({MEMBER})"  # noqa: S608
        return self._one(here)[0] == self.size(one)

    def contacts(self, one: Stored) -> Stored:
        """Those of `one` that are contacts, active or not."""
        return self._set(f"FROM {one.table} WHERE {MEMBER} >= 0")

    def inactive(self, one: Stored) -> Stored:
        """Those of `one` that are inactive contacts."""
        return self._set(f"FROM {one.table} SEMI JOIN {ASLEEP} USING ({MEMBER})")

    def compared(self, before: Stored, after: Stored) -> Compared:
        """How two sets differ, in one question.

        Args:
            before: who is in the original.
            after: who will be in its translation.
        """
        lost = f"SELECT {MEMBER} FROM {before.table} ANTI JOIN {after.table} USING ({MEMBER})"  # noqa: S608
        new = f"SELECT {MEMBER} FROM {after.table} ANTI JOIN {before.table} USING ({MEMBER})"  # noqa: S608
        asleep = f"SELECT {MEMBER} AS asleep FROM {ASLEEP}"  # noqa: S608
        numbers = self._one(
            f"SELECT (SELECT count(*) FROM {before.table}), (SELECT count(*) FROM {after.table}), count(asleep), "  # noqa: S608
            f"count(*) FILTER ({MEMBER} < 0), count(*) FILTER ({MEMBER} >= 0 AND asleep IS NULL), "
            f"(SELECT count(*) FROM ({new})) FROM ({lost}) LEFT JOIN ({asleep}) ON asleep = {MEMBER}"
        )
        return Compared(*numbers)

    def not_carried(self, before: Stored, after: Stored) -> Iterator[tuple[str, str]]:
        """The ids of those whom real time leaves out, in their order, each with the word `inactive` or `deleted`.

        Args:
            before: who is in the original.
            after: who will be in its translation.
        """
        deleted = f"SELECT {MEMBER}, 'deleted' AS why FROM {before.table} WHERE {MEMBER} < 0"  # noqa: S608
        asleep = f"SELECT {MEMBER}, 'inactive' AS why FROM {before.table} SEMI JOIN {ASLEEP} USING ({MEMBER})"  # noqa: S608
        result = self._database.execute(
            f"SELECT id, why FROM ({deleted} UNION ALL {asleep}) ANTI JOIN {after.table} USING ({MEMBER}) "  # noqa: S608
            f"JOIN {EVERYBODY} ON number = {MEMBER} ORDER BY id"
        )
        while rows := result.fetchmany(10_000):
            yield from rows

    def size(self, one: Stored) -> int:
        """How many are in a set."""
        return self._one(f"SELECT count(*) FROM {one.table}")[0]  # noqa: S608

    def ids(self, one: Stored) -> Iterator[str]:
        """The ids of a set, in their order."""
        result = self._database.execute(
            f"SELECT id FROM {one.table} JOIN {EVERYBODY} ON number = {MEMBER} ORDER BY id"  # noqa: S608
        )
        while rows := result.fetchmany(10_000):
            yield from (row[0] for row in rows)

    def drop(self, one: Stored) -> None:
        """Forget a set."""
        self._database.execute(f"DROP TABLE IF EXISTS {one.table}")

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Ask the database itself; the SQL is ours, never anybody else's.

        Raises:
            EvaluationError: it cannot answer, as where its disk is full.
        """
        try:
            return self._database.execute(sql).fetchall()
        except duckdb.Error as error:
            raise no_room(error) or EvaluationError(f"the sets cannot be compared: {said(error)}") from error

    # --- below ---

    def _called(self) -> None:
        """Number everybody, before the first set and after another table was read."""
        if self._calling:
            self._roll.call(
                (name, column) for name, columns in self.filled.items() for column in columns if column == PERSON
            )
            self._calling = False

    def _numbered(self, ids: str) -> Stored:
        """The set of those with some ids; `ids` is a query with one column, `id`, in small letters."""
        self._roll.meet(ids)
        return self._set(f"SELECT DISTINCT number AS {MEMBER} FROM ({ids}) JOIN {EVERYBODY} USING (id)")  # noqa: S608

    def _kept(self, statement: object, select: exp.Query) -> Stored:
        return self._set(f"SELECT CAST({MEMBER} AS INTEGER) AS {MEMBER} FROM ({select.sql('duckdb')})")  # noqa: S608

    def _set(self, sql: str, values: Sequence[object] = ()) -> Stored:
        name = f"set_{next(self._numbers)}"
        try:
            self._database.execute(f"CREATE TEMP TABLE {name} AS {sql}", values)
        except duckdb.Error as error:
            raise no_room(error) or EvaluationError(f"the query cannot be evaluated: {said(error)}") from error
        return Stored(name)

    def _one(self, sql: str) -> tuple[int, ...]:
        rows = self._database.execute(sql).fetchall()  # to its end: nothing else can be asked before
        return tuple(rows[0]) if rows else (0,)


@contextmanager
def _written() -> Iterator[None]:
    try:
        yield
    except duckdb.IOException as error:
        raise not_written(error) from error
    except duckdb.OutOfMemoryException as error:
        if ended := no_room(error):
            raise ended from error
        raise


@contextmanager
def population(
    schema: Schema,
    files: Mapping[str, TableFiles],
    now: datetime,
    *,
    memory: str = "2GB",
    only: Mapping[str, Collection[str]] | None = None,
    told: Callable[[str, int], None] = lambda *_: None,
) -> Iterator[Population]:
    """The tables in `files`, until the block ends; nothing of them stays behind.

    Args:
        schema: tables, columns, relationships.
        files: logical name of a table → where its rows lie; tables of the schema that are not named stay unfilled.
        now: the moment that "now" means, UTC.
        memory: what the database may take.
        only: table → the columns that are asked for; others are not read. None means everything that is there.
        told: is told the name and the number of rows of each table.

    Raises:
        EvaluationError: a table cannot be read.
        UsageError: it takes a package that is not installed.
        Retryable: the database has no room: its disk is full, or `memory` is not enough.
    """
    with _written(), tempfile.TemporaryDirectory(prefix="migrator-") as folder:
        found = Population(schema, now, Path(folder), memory)
        found.files = files
        try:
            for name, where in files.items():
                if name in schema.tables and (only is None or name in only):
                    told(name, found.fill(name, where, None if only is None else only[name]))
            yield found
        finally:
            found.close()
