"""The queries of a run as SQL for a warehouse: what `predict` would ask, to be asked there.

Dynamic segments that a query refers to become parts of its own statement. Lists of members are tables that a person
makes out of the export's files; each statement names those that it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlglot import exp

from migrator.base.errors import UsageError
from migrator.commands.predict import made_at
from migrator.contracts.export_folder import member_file, read_export
from migrator.contracts.legacy_segment import Called, LegacySegment
from migrator.contracts.payload import PayloadKind
from migrator.contracts.plan import Plan, PlannedSegment
from migrator.contracts.predictions import payload_of
from migrator.contracts.run_folder import RunFolder
from migrator.evaluator import EvaluationError, UnknownSegment, outbound, realtime
from migrator.evaluator.database import paged
from migrator.evaluator.dialects import Dialect, text
from migrator.evaluator.select import MEMBER, Inlined, Statement, Stored, table_named
from migrator.mql import QueryError, Schema, parse_outbound, parse_realtime, tree
from migrator.mql.schema import schema_from_json
from migrator.product.codes import AUDIENCE, AUDIENCE_KEY, SEGMENT_PREFIX, LegacyType


@dataclass(frozen=True, slots=True)
class Written:
    """One query of a segment."""

    segment: PlannedSegment
    side: str
    """`legacy` or `realtime`."""
    sql: str
    """Empty where it cannot be written."""
    lists: tuple[tuple[str, str], ...] = ()
    """Tables of ids that it needs: name, and the file of the export that they are in."""
    note: str = ""
    """Why it cannot be written."""


def written_queries(
    run: RunFolder, plan: Plan, segments: tuple[LegacySegment, ...], schema: Schema, now: datetime, dialect: Dialect
) -> Iterator[Written]:
    """Both queries of every segment of a plan, in its order.

    Args:
        run: with the lists of members.
        plan: what is planned.
        segments: the originals.
        schema: tables, columns, relationships.
        now: the moment that "now" means, UTC.
        dialect: of which database.
    """
    writer = _Writer(run, plan, {one.id: one for one in segments}, schema, now)
    for segment in plan.segments:
        if segment.part_of:
            continue
        for side, add in (("legacy", writer.legacy), ("realtime", writer.realtime)):
            yield writer.query(segment, side, add, dialect)


@dataclass(slots=True)
class _Writer:
    run: RunFolder
    plan: Plan
    originals: dict[UUID, LegacySegment]
    schema: Schema
    now: datetime
    called: Called = field(init=False)
    lists: dict[str, str] = field(default_factory=dict)
    under_way: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.called = Called(self.originals.values())

    def query(
        self, segment: PlannedSegment, side: str, add: Callable[[UUID, Statement], str], dialect: Dialect
    ) -> Written:
        """One query of a segment.

        Args:
            segment: which.
            side: `legacy` or `realtime`.
            add: adds its members to a statement.
            dialect: of which database.
        """
        self.lists, self.under_way = {}, []
        statement = Statement(self.schema, self.now, self._named(side))
        try:
            name = add(segment.legacy_id, statement)
            query = paged(statement.finish(name), self._paging(segment.legacy_id, side), statement)
        except QueryError as error:
            return Written(segment, side, "", note=f"the query cannot be read: {error}")
        except EvaluationError as error:
            return Written(segment, side, "", note=str(error))
        return Written(segment, side, text(query, dialect, pretty=True), tuple(self.lists.items()))

    def _paging(self, key: UUID, side: str) -> tree.Paging | None:
        original = self.originals[key]
        if side == "realtime" or original.type_code == LegacyType.STATIC:
            return None
        return parse_outbound(original.query).paging

    def _named(self, side: str) -> Callable[[str], Inlined]:
        def found(name: str) -> Inlined:
            key = self._real_time_called(name) if side == "realtime" else self._original_called(name)
            add = self.realtime if side == "realtime" else self.legacy
            return Inlined(str(key), lambda statement: self._within(f"{side} {key}", lambda: add(key, statement)))

        return found

    def _within(self, what: str, add: Callable[[], str]) -> str:
        if what in self.under_way:
            raise EvaluationError("the segments refer to each other in a circle")
        self.under_way.append(what)
        try:
            return add()
        finally:
            self.under_way.pop()

    def _original_called(self, name: str) -> UUID:
        if (found := self.called.named(name)) is None:
            raise UnknownSegment(f"there is no one segment {name}")
        return found.id

    def _real_time_called(self, name: str) -> UUID:
        for segment in self.plan.segments:
            if f"{SEGMENT_PREFIX}{segment.segment_id.hex}".lower() == name.lower():
                return segment.legacy_id
        raise UnknownSegment(f"there is no segment {name}")

    def legacy(self, key: UUID, statement: Statement) -> str:
        """Add the members of an original to a statement; gives the name of their set."""
        original = self.originals[key]
        if original.type_code == LegacyType.STATIC:
            name = self._list(key, statement, excluded=False)
        elif original.query.strip():
            query = parse_outbound(original.query)
            if self.under_way and query.paging and (query.paging.skip or query.paging.take is not None):
                raise EvaluationError(f"the segment “{original.name}” takes a page of its members")
            name = outbound.members_sql(query.members, statement)
        else:
            raise EvaluationError("there is no query")
        if member_file(self.run.export, key, excluded=True):
            name = statement.combined(tree.SetOperator.EXCEPT, name, self._list(key, statement, excluded=True))
        return name

    def realtime(self, key: UUID, statement: Statement) -> str:
        """Add the members of what is planned to a statement; gives the name of their set."""
        segment = next(one for one in self.plan.segments if one.legacy_id == key)
        payload = payload_of(segment)
        if payload is None:
            raise EvaluationError(f"nothing is planned, the segment is {segment.outcome}")
        if payload.kind is PayloadKind.ADOPTED and payload.static_list_members.strip() not in ("", "[]"):
            raise EvaluationError("the members of the segment that is adopted are not in the export")
        names = []
        if payload.query:
            names.append(realtime.members_sql(parse_realtime(payload.query).members, statement))
        groups = [group for group in payload.groups if not group.excluded]
        if groups:
            split = any(one.part_of == segment.legacy_id for one in self.plan.segments)
            if split or groups[0].first:
                raise EvaluationError("it is one part of a longer list")
            names.append(_contacts(self._list(segment.members_of, statement, excluded=False), statement))
        if not names:
            raise EvaluationError("it has neither a query nor a list")
        name = names[0]
        for other in names[1:]:
            name = statement.combined(tree.SetOperator.UNION, name, other)
        if any(group.excluded for group in payload.groups):
            out = self._list(segment.members_of, statement, excluded=True)
            name = statement.combined(tree.SetOperator.EXCEPT, name, out)
        return name

    def _list(self, key: UUID, statement: Statement, *, excluded: bool) -> str:
        path = member_file(self.run.export, key, excluded=excluded)
        if path is None:
            raise EvaluationError("its members are not known")
        name = f"{'excluded' if excluded else 'members'}_{key.hex}"
        self.lists[name] = path.relative_to(self.run.export).as_posix()
        return statement.stored(Stored(name))


def _contacts(name: str, statement: Statement) -> str:
    """Those of a set that are contacts: ids that are none are no members of a real-time segment."""
    member = exp.column(MEMBER, table="m", quoted=True)
    is_one = exp.EQ(this=exp.column(AUDIENCE_KEY, table="c", quoted=True), expression=member.copy())
    known = exp.select(exp.Literal.number(1)).from_(table_named(AUDIENCE, "c")).where(is_one)
    return statement.add(exp.select(member).from_(table_named(name, "m")).where(exp.Exists(this=known)))


def script(run: RunFolder, plan: Plan, dialect: str, as_of: datetime | None = None) -> Iterator[str]:
    """The queries of a run as a script for a warehouse, line by line.

    Args:
        run: with its export.
        plan: what is planned.
        dialect: `duckdb`, `spark` or `fabric`.
        as_of: the moment that "now" means, UTC; by default when the export was made.

    Raises:
        UsageError: there is no such dialect.
    """
    try:
        chosen = Dialect(dialect.lower())
    except ValueError:
        raise UsageError(f"--sql takes {', '.join(Dialect)}; {dialect} is none of them.") from None
    export = read_export(run.export)
    now = as_of or made_at(export)
    schema = schema_from_json(export.tables)
    yield from _lines(written_queries(run, plan, tuple(export.segments), schema, now, chosen), chosen, now)


def _lines(written: Iterator[Written], dialect: Dialect, now: datetime) -> Iterator[str]:
    yield f"-- Tables have the logical names of Dataverse, moments are UTC, “now” is {now.isoformat(' ', 'seconds')}."
    if dialect is not Dialect.FABRIC:
        yield {Dialect.SPARK: "SET TIME ZONE 'UTC';", Dialect.DUCKDB: "SET TimeZone = 'UTC';"}[dialect]
    for one in written:
        yield ""
        yield f"-- {one.side}: “{' '.join(one.segment.name.split())}” ({one.segment.legacy_id})"
        for name, file in one.lists:
            yield f"-- needs a table {name} with one column, {MEMBER}: the ids of {file}"
        if one.note:
            yield f"-- cannot be written: {' '.join(one.note.split())}"
        else:
            yield f"{one.sql};"
