"""Plain tables in DuckDB, and the members that a query selects from them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import duckdb
import numpy as np
import numpy.typing as npt
from sqlglot import exp

from migrator.base.moments import in_utc
from migrator.evaluator import outbound, realtime
from migrator.evaluator.select import (
    MEMBER,
    EvaluationError,
    Kind,
    Membership,
    Place,
    Statement,
    UnknownSegment,
    identity_of,
    kind_of,
    table_named,
)
from migrator.mql import Schema, tree


def _no_segments(name: str) -> Collection[UUID]:
    raise UnknownSegment(f"there is no segment {name}")


class Tables:
    """Rows of the tables of one schema, in memory. Not safe for use from several threads at once."""

    def __init__(
        self,
        schema: Schema,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        database: duckdb.DuckDBPyConnection | None = None,
        *,
        numbered: bool = False,
        existing: bool = False,
    ) -> None:
        """Make the tables.

        Args:
            schema: what they are.
            now: gives the moment that "now" means; without a zone it is UTC.
            database: where; by default one in memory.
            numbered: whether members are numbers (`Statement.numbered`).
            existing: whether the tables are there already.
        """
        self.schema = schema
        self._now = now
        self._numbered = numbered
        self._database = database or duckdb.connect()
        for name, table in ({} if existing else schema.tables).items():
            columns = [
                exp.ColumnDef(
                    this=exp.to_identifier(column, quoted=True), kind=exp.DataType.build(type_of(kind_of(what)))
                )
                for column, what in table.columns.items()
            ]
            schema_node = exp.Schema(this=table_named(name), expressions=columns)
            self._database.execute(exp.Create(this=schema_node, kind="TABLE").sql("duckdb"))

    def fill(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Replace the rows of the table `name`. Columns that a row does not have are null."""
        columns = self.schema.tables[name].columns
        texts = [{key: _text(row.get(key)) for key in columns} for row in rows]
        frame = {key: _column([text[key] for text in texts]) for key in columns}
        target = table_named(name).sql("duckdb")
        casts = ", ".join(_cast(key, type_of(kind_of(what))) for key, what in columns.items())
        self._database.execute(f"DELETE FROM {target}")  # noqa: S608 - the name is quoted by sqlglot
        if texts:
            self._database.register("incoming", frame)
            self._database.execute(f"INSERT INTO {target} SELECT {casts} FROM incoming")  # noqa: S608
            self._database.unregister("incoming")

    def outbound(self, query: tree.Query, membership: Membership = _no_segments) -> list[UUID]:
        """The contacts that an outbound query selects, in the order of its paging tail, else by id.

        Raises:
            EvaluationError: the query speaks about something that is not there.
        """
        return self._run(*self.outbound_select(query, membership))

    def outbound_select(self, query: tree.Query, membership: Membership) -> tuple[Statement, exp.Query]:
        """What `outbound` asks of the database: a select with the one column `member`.

        Raises:
            EvaluationError: the query speaks about something that is not there.
        """
        statement = self._statement(membership)
        select = statement.finish(outbound.members_sql(query.members, statement))
        return statement, paged(select, query.paging, statement)

    def realtime(self, query: tree.Query, membership: Membership = _no_segments) -> list[UUID]:
        """The contacts that a real-time query selects, by id.

        Raises:
            EvaluationError: the query speaks about something that is not there.
        """
        statement, select = self.realtime_select(query, membership)
        return self._run(statement, select.order_by(exp.column(MEMBER, quoted=True)))

    def realtime_select(self, query: tree.Query, membership: Membership) -> tuple[Statement, exp.Select]:
        """What `realtime` asks of the database: a select with the one column `member`.

        Raises:
            EvaluationError: the query speaks about something that is not there.
        """
        statement = self._statement(membership)
        return statement, statement.finish(realtime.members_sql(query.members, statement))

    def _statement(self, membership: Membership) -> Statement:
        return Statement(self.schema, in_utc(self._now()), membership, self._numbered)

    def _run(self, statement: Statement, select: exp.Query) -> list[UUID]:
        for name, members in statement.segments.items():
            self._database.register(name, {MEMBER: _column([str(member) for member in members])})
        try:
            rows = self._database.execute(select.sql("duckdb")).fetchall()
        except duckdb.Error as error:
            raise EvaluationError(f"the query cannot be evaluated: {error}") from error
        finally:
            for name in statement.segments:
                self._database.unregister(name)
        return [UUID(row[0]) for row in rows if row[0]]


def paged(select: exp.Select, paging: tree.Paging | None, statement: Statement) -> exp.Query:
    """The members in the order of a paging tail, and as many as it says.

    Args:
        select: the members, as `Statement.finish` gives them.
        paging: the tail; None means by id.
        statement: that they belong to.
    """
    member = exp.column(MEMBER, quoted=True)
    paging = paging or tree.Paging()
    if paging.order:
        contact = statement.place("contact")
        found = Place("c", contact.logical_name, contact.table)
        table = table_named(found.logical_name, "c")
        on = exp.EQ(this=exp.column(MEMBER, table="m", quoted=True), expression=identity_of("c", statement))
        select = exp.select(exp.column(MEMBER, table="m", quoted=True)).from_(select.subquery("m")).join(table, on=on)
        for column, descending in paging.order:
            select = select.order_by(
                exp.Ordered(this=found.column(column.name)[0], desc=descending, nulls_first=not descending)
            )
    select = select.order_by(member)  # ties are broken by id: pages must never overlap
    if paging.skip:
        select = select.offset(paging.skip)
    return select if paging.take is None else select.limit(paging.take)


def _cast(column: str, kind: str) -> str:
    return exp.cast(exp.column(column, quoted=True), kind).sql("duckdb")


def type_of(kind: Kind) -> str:
    """The type that holds values of a kind in the database."""
    return kind.value.strip()


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def _column(texts: list[str | None]) -> npt.NDArray[np.object_]:
    """Texts as the database takes them over at once."""
    found = np.empty(len(texts), dtype=np.object_)
    found[:] = texts
    return found
