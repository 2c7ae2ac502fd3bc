"""Who is in a segment, the slow and obvious way: both languages over lists of rows, in plain Python.

The judge of the translator. It shares no code with `migrator.evaluator`, which the sandbox uses, and asks nothing of
the translator: a query's tree goes in, contact ids come out. What null, case, time and related records mean is written
down in docs/assumptions.md.

Three truths: True, False, and None for "unknown", which a comparison with null is. Only True selects.
"""

from __future__ import annotations

import calendar
import operator
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from migrator.mql import Schema, tree

Row = Mapping[str, Any]
Data = Mapping[str, Sequence[Row]]
Truth = bool | None
Lookup = Callable[[tree.Attribute], tuple[str, Any]]
"""Gives the type of a column, by metadata, and its value in the records that are looked at."""


class Meaningless(Exception):
    """The query does not say what it means, or speaks of something that is not there."""


@dataclass(frozen=True)
class World:
    """Everything that a query can see."""

    schema: Schema
    data: Data
    now: datetime
    members: Callable[[str], Collection[str]] | None = None
    """The members of another segment by its name in queries."""

    def rows(self, table: str) -> Sequence[Row]:
        if table not in self.schema.tables:
            raise Meaningless(f"there is no table {table}")
        return self.data.get(table, ())

    def value(self, table: str, row: Row, column: str) -> tuple[str, Any]:
        known = self.schema.tables[table].columns.get(column.lower())
        if known is None:
            raise Meaningless(f"{table} has no column {column}")
        value = row.get(column.lower())
        return known.type, None if value == "" else value


# --- outbound: a walk ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Stop:
    table: str
    row: Row
    alias: str


def outbound(query: tree.Query, world: World) -> list[str]:
    """The contacts that an outbound query selects, in the order of its paging tail, else by id."""
    chosen = sorted(_outbound_set(query.members, world))
    if query.paging is None:
        return chosen
    contacts = {row["contactid"]: row for row in world.rows("contact")}
    for column, descending in reversed(query.paging.order):
        known = {one: _plain(*world.value("contact", contacts[one], column.name)) for one in chosen}
        chosen.sort(key=lambda one, known=known: (known[one] is not None, known[one]), reverse=descending)  # type: ignore[misc]
    first = query.paging.skip or 0
    return chosen[first:] if query.paging.take is None else chosen[first : first + query.paging.take]


def _outbound_set(members: tree.Members, world: World) -> set[str]:
    match members:
        case tree.SetChain(first, rest):
            return _chained(_outbound_set(first, world), [(op, _outbound_set(part, world)) for op, part in rest])
        case tree.SegmentReference(name, filters):
            kept = {
                row["contactid"]
                for row in world.rows("contact")
                if all(_holds_in("contact", row, condition, world) for condition in filters)
            }
            return _segment(name, world) & kept if filters else _segment(name, world)
        case tree.Interaction():
            return _outbound_interaction(members, world)
        case tree.Profile():
            found = set()
            for path in _walk(members, world):
                if path[-1].table != "contact":
                    raise Meaningless("the query ends at another table than contact")
                found.add(path[-1].row["contactid"])
            return found
    raise Meaningless(type(members).__name__)


def _walk(profile: tree.Profile, world: World) -> list[tuple[_Stop, ...]]:
    """Every path of records that the steps of a profile allow."""
    table = profile.entity.lower()
    paths: list[tuple[_Stop, ...]] = [(_Stop(table, row, (profile.alias or "").lower()),) for row in world.rows(table)]
    for step in profile.steps:
        match step:
            case tree.Filter(condition):
                paths = [path for path in paths if truth(condition, _seen_from(path, world), world.now) is True]
            case tree.Traverse(relationship, alias, condition):
                table, ends = _ends(table, relationship.lower(), world.schema)
                paths = [
                    (*path, _Stop(table, row, (alias or "").lower()))
                    for path in paths
                    for row in world.rows(table)
                    if path[-1].row.get(ends[0]) is not None and path[-1].row.get(ends[0]) == row.get(ends[1])
                ]
                if condition is not None:
                    paths = [p for p in paths if truth(condition, _seen_inside(p, world), world.now) is True]
    return paths


def _ends(here: str, name: str, schema: Schema) -> tuple[str, tuple[str, str]]:
    """The table at the other end of a relationship, and the columns that must agree."""
    steps: dict[tuple[str, str, str], None] = {}
    for one in schema.many_to_one:
        if name in (
            f"{one.referencing_table}_{one.referenced_table}_{one.referencing_column}",
            one.schema_name.lower(),
        ):
            if one.referencing_table == one.referenced_table:
                raise Meaningless(f"{name} refers to its own table: it has two directions")
            if here == one.referencing_table:
                steps[one.referenced_table, one.referencing_column, one.referenced_column] = None
            elif here == one.referenced_table:
                steps[one.referencing_table, one.referenced_column, one.referencing_column] = None
    for many in schema.many_to_many:
        for table, column in ((many.table1, many.column1), (many.table2, many.column2)):
            if name == f"{many.intersect_table}_{table}_{column}" and table in schema.tables:
                key = schema.tables[table].key
                if here == many.intersect_table:
                    steps[table, column, key] = None
                elif here == table:
                    steps[many.intersect_table, key, column] = None
    if len(steps) != 1:
        raise Meaningless(f"{name} does not lead from {here} to one table")
    table, near, far = next(iter(steps))
    return table, (near, far)


def _seen_from(path: Sequence[_Stop], world: World) -> Lookup:
    def look(attribute: tree.Attribute) -> tuple[str, Any]:
        if attribute.alias is None:
            return world.value(path[-1].table, path[-1].row, attribute.name)
        meant = [stop for stop in path if stop.alias == attribute.alias.lower()]
        if len(meant) != 1:
            raise Meaningless(f"{attribute.alias} is the name of {len(meant)} tables")
        return world.value(meant[0].table, meant[0].row, attribute.name)

    return look


def _seen_inside(path: Sequence[_Stop], world: World) -> Lookup:
    """Inside TRAVERSE a bare column may belong to either end; it means something only where one of them has it."""
    outside = _seen_from(path, world)

    def look(attribute: tree.Attribute) -> tuple[str, Any]:
        if attribute.alias is not None:
            return outside(attribute)
        having = [stop for stop in path[-2:] if attribute.name.lower() in world.schema.tables[stop.table].columns]
        if len(having) != 1:
            raise Meaningless(f"{attribute.name} may belong to either end")
        return world.value(having[0].table, having[0].row, attribute.name)

    return look


_STORE = {
    "emailopened": "msdynmkt_emailopened",
    "emailsent": "msdynmkt_emailsent",
    "emaildelivered": "msdynmkt_emaildelivered",
    "emailclicked": "msdynmkt_emaillinkclicked",
    "emaillinkclicked": "msdynmkt_emaillinkclicked",
    "emailbounced": "msdynmkt_emailbounced",
    "emailblocked": "msdynmkt_emailblocked",
    "emailfeedbackloop": "msdynmkt_emailfeedbackloop",
}
_PROPERTIES = {
    "timestamp": "msdynmkt_originaltimestamp",
    "messageid": "msdynmkt_messagetemplateid",
    "customerjourneyid": "msdynmkt_journeyid",
}


def _outbound_interaction(interaction: tree.Interaction, world: World) -> set[str]:
    table = _STORE.get(interaction.type.lower())
    if table is None or interaction.link.lower() != "contactid":
        raise Meaningless(f"nothing is known of {interaction.type} for {interaction.link}")

    def column(name: str) -> str:
        return _PROPERTIES.get(name.lower(), f"msdynmkt_{name.lower()}")

    def seen(row: Row) -> Lookup:
        def look(attribute: tree.Attribute) -> tuple[str, Any]:
            if attribute.alias is not None:
                raise Meaningless(f"nothing is called {attribute.alias}")
            return world.value(table, row, column(attribute.name))

        return look

    rows = [
        row
        for row in world.rows(table)
        if row["msdynmkt_entityid_logicalname"] == "contact"
        and row["msdynmkt_sourcesystem"] == 1
        and all(truth(condition, seen(row), world.now) is True for condition in interaction.filters)
    ]
    found: set[str] | None = None
    for having in (interaction.having, *interaction.further):
        name = column(having.attribute) if having and having.attribute else None
        people = _people(rows, having, name, world)
        found = people if found is None else found & people
    return found or set()


# --- real time: questions about contacts -----------------------------------------------------------------------------


def realtime(query: tree.Query, world: World) -> list[str]:
    """The contacts that a real-time query selects, by id."""
    return sorted(_realtime_set(query.members, world))


def _realtime_set(members: tree.Members, world: World) -> set[str]:
    match members:
        case tree.SetChain(first, rest):
            if isinstance(first, tree.SetChain) or any(isinstance(part, tree.SetChain) for _, part in rest):
                raise Meaningless("real-time queries know no parentheses between sets")
            return _chained(_realtime_set(first, world), [(op, _realtime_set(part, world)) for op, part in rest])
        case tree.SegmentReference(name):
            return _segment(name, world)
        case tree.Interaction(kind, link, filters, having):
            rows = [row for row in world.rows(kind) if all(_holds_in(kind, row, c, world) for c in filters)]
            if link != "msdynmkt_entityid":
                raise Meaningless(f"{link} is no person")
            return _people(rows, having, having.attribute if having else None, world)
        case tree.Profile("contact", None, steps):
            return {
                row["contactid"]
                for row in world.rows("contact")
                if row["statecode"] == 0 and all(_answers(step, row, world) for step in steps)
            }
    raise Meaningless(f"{type(members).__name__} is no real-time set of contacts")


def _holds_in(table: str, row: Row, condition: tree.Condition, world: World) -> bool:
    def look(attribute: tree.Attribute) -> tuple[str, Any]:
        if attribute.alias is not None:
            raise Meaningless(f"nothing is called {attribute.alias}")
        return world.value(table, row, attribute.name)

    return truth(condition, look, world.now) is True


def _answers(step: tree.Filter | tree.Traverse | tree.Relate, contact: Row, world: World) -> bool:
    match step:
        case tree.Filter(condition):
            return _holds_in("contact", contact, condition, world)
        case tree.Relate(hops, condition, optional):
            paths = list(_related({}, "contact", contact, hops, world))
            if optional and isinstance(condition, tree.Not):
                return not any(_true_of(path, contact, condition.condition, world) for path in paths)
            return any(_true_of(path, contact, condition, world) for path in paths)
    raise Meaningless("TRAVERSE belongs to outbound queries")


_Path = Mapping[str, tuple[str, Row]]


def _related(path: _Path, table: str, row: Row, hops: Sequence[tree.Hop], world: World) -> Iterator[_Path]:
    if not hops:
        yield path
        return
    hop, *others = hops
    if hop.alias in path:
        raise Meaningless(f"{hop.alias} is the name of two tables")
    for other, found in _neighbours(table, row, hop.relationship, world):
        yield from _related({**path, hop.alias: (other, found)}, other, found, others, world)


def _neighbours(table: str, row: Row, name: str, world: World) -> Iterator[tuple[str, Row]]:
    for one in world.schema.many_to_one:
        if one.schema_name == name:
            if table == one.referencing_table:
                other, near, far = one.referenced_table, one.referencing_column, one.referenced_column
            elif table == one.referenced_table:
                other, near, far = one.referencing_table, one.referenced_column, one.referencing_column
            else:
                raise Meaningless(f"{name} does not start at {table}")
            yield from (
                (other, found)
                for found in world.rows(other)
                if row.get(near) is not None and row[near] == found.get(far)
            )
            return
    for many in world.schema.many_to_many:
        if many.schema_name == name:
            ends = ((many.table1, many.column1), (many.table2, many.column2))
            for (near_table, near), (far_table, far) in (ends, ends[::-1]):
                if near_table == table:
                    key, far_key = world.schema.tables[table].key, world.schema.tables[far_table].key
                    met = {link.get(far) for link in world.rows(many.intersect_table) if link.get(near) == row[key]}
                    yield from ((far_table, found) for found in world.rows(far_table) if found[far_key] in met)
                    return
    raise Meaningless(f"there is no relationship {name}")


def _true_of(path: _Path, contact: Row, condition: tree.Condition, world: World) -> bool:
    def look(attribute: tree.Attribute) -> tuple[str, Any]:
        if attribute.alias is None:
            return world.value("contact", contact, attribute.name)
        if attribute.alias not in path:
            raise Meaningless(f"nothing is called {attribute.alias}")
        table, row = path[attribute.alias]
        return world.value(table, row, attribute.name)

    return truth(condition, look, world.now) is True


# --- what both have in common: sets, people who did something --------------------------------------------------------


def _chained(left: set[str], rest: Sequence[tuple[tree.SetOperator, set[str]]]) -> set[str]:
    for how, right in rest:
        match how:
            case tree.SetOperator.UNION:
                left = left | right
            case tree.SetOperator.INTERSECT:
                left = left & right
            case tree.SetOperator.EXCEPT:
                left = left - right
    return left


def _segment(name: str, world: World) -> set[str]:
    if world.members is None:
        raise Meaningless(f"there is no segment {name}")
    return set(world.members(name))


def _people(rows: Sequence[Row], having: tree.Having | None, column: str | None, world: World) -> set[str]:
    done: dict[str, list[Row]] = {}
    for row in rows:
        if having is None or having.unit is None or _within(row, having, world.now):
            done.setdefault(row["msdynmkt_entityid"], []).append(row)
    return {person for person, theirs in done.items() if person and (having is None or _enough(theirs, having, column))}


def _within(row: Row, having: tree.Having, now: datetime) -> bool:
    return _moment(row["msdynmkt_originaltimestamp"]) >= _moved(now, str(having.unit), -(having.length or 0))


def _enough(rows: Sequence[Row], having: tree.Having, column: str | None) -> bool:
    number = float(having.number.digits)
    if having.aggregate == "COUNT":
        return _compared(len(rows), having.op, number)
    numbers = [float(row[str(column)]) for row in rows if row.get(str(column)) is not None]
    if not numbers:
        return False
    totals = {"SUM": sum(numbers), "MIN": min(numbers), "MAX": max(numbers), "AVG": sum(numbers) / len(numbers)}
    return _compared(totals[having.aggregate], having.op, number)


# --- conditions ------------------------------------------------------------------------------------------------------


def truth(condition: tree.Condition, look: Lookup, now: datetime) -> Truth:
    """Whether a condition holds; None where null makes it unknown."""
    match condition:
        case tree.And(conditions):
            truths = [truth(inner, look, now) for inner in conditions]
            return False if False in truths else None if None in truths else True
        case tree.Or(conditions):
            truths = [truth(inner, look, now) for inner in conditions]
            return True if True in truths else None if None in truths else False
        case tree.Not(inner):
            found = truth(inner, look, now)
            return None if found is None else not found
        case tree.IsNull(attribute):
            return look(attribute)[1] is None
        case tree.IsNotNull(attribute):
            return look(attribute)[1] is not None
        case tree.Comparison(left, op, right):
            first, second = _alike(_typed(left, look, now), _typed(right, look, now))
            return None if first is None or second is None else _compared(first, op, second)
        case tree.TextMatch(left, op, right):
            found_left, found_right = _typed(left, look, now)[1], _typed(right, look, now)[1]
            if found_left is None or found_right is None:
                return None
            whole, part = str(found_left).lower(), str(found_right).lower()
            return {"CONTAINS": part in whole, "STARTSWITH": whole.startswith(part), "ENDSWITH": whole.endswith(part)}[
                op
            ]
        case tree.OneOf(left, choices):
            return truth(tree.Or(tuple(tree.Comparison(left, "==", choice) for choice in choices)), look, now)
    raise Meaningless(type(condition).__name__)


def _compared(left: Any, op: str, right: Any) -> bool:
    match op:
        case "==":
            return bool(left == right)
        case "!=":
            return bool(left != right)
        case ">":
            return bool(left > right)
        case ">=":
            return bool(left >= right)
        case "<":
            return bool(left < right)
    return bool(left <= right)


_Typed = tuple[str, Any]
"""A type of column, "" for a literal, with a value."""
_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_NUMBERS = {"Integer", "Money", "Decimal", "Double", "BigInt", "Picklist", "State", "Status"}


def _typed(value: tree.Value, look: Lookup, now: datetime) -> _Typed:
    match value:
        case tree.Attribute():
            kind, found = look(value)
            return kind, _plain(kind, found)
        case tree.Text(text):
            return "", text
        case tree.Number(digits):
            return "", digits
        case tree.Boolean(is_true):
            return "", str(is_true)
        case tree.Arithmetic(first, rest):
            result = _number(_typed(first, look, now))
            for op, operand in rest:
                other = _number(_typed(operand, look, now))
                if result is None or other is None or (op == "/" and other == 0):
                    return "Double", None
                result = _ARITHMETIC[op](result, other)
            return "Double", result
        case tree.DateFunction():
            return _date(value, look, now)
    raise Meaningless(type(value).__name__)


def _plain(kind: str, value: Any) -> Any:
    """A value of a column as it is compared."""
    if value is None:
        return None
    if kind in _NUMBERS:
        return float(value)
    if kind == "Boolean":
        return bool(value) if isinstance(value, bool) else str(value).lower() == "true"
    if kind == "DateTime":
        return _moment(value)
    return str(value).lower()


def _alike(left: _Typed, right: _Typed) -> tuple[Any, Any]:
    kind = left[0] or right[0] or "String"
    return _as(kind, left), _as(kind, right)


def _as(kind: str, typed: _Typed) -> Any:
    own, value = typed
    if own or value is None:
        return value
    try:
        if kind in _NUMBERS:
            return {"True": 1.0, "False": 0.0}.get(value) if value in ("True", "False") else float(value)
        if kind == "Boolean":
            return {"true": True, "1": True, "false": False, "0": False}[value.lower()]
        if kind == "DateTime":
            return _moment(value)
    except (ValueError, KeyError):
        raise Meaningless(f"{value} is compared with a {kind}") from None
    return value.lower().strip("{}") if kind in ("Lookup", "Uniqueidentifier", "Owner", "Customer") else value.lower()


def _number(typed: _Typed) -> float | None:
    value = _as("Double", typed)
    if value is not None and not isinstance(value, float):
        raise Meaningless(f"{value} is no number")
    return value


def _moment(value: Any) -> datetime:
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _date(function: tree.DateFunction, look: Lookup, now: datetime) -> _Typed:
    if function.name == "DATETIMEUTCNOW":
        return "DateTime", now
    if function.name == "DATE":
        parts = [int(_number(_typed(argument, look, now)) or 0) for argument in function.arguments]
        parts += [0] * (7 - len(parts))
        return "DateTime", datetime(*parts[:6], parts[6] * 1000, tzinfo=UTC)  # type: ignore[misc,arg-type]
    first, second = (_typed(argument, look, now) for argument in function.arguments)
    if function.name == "DATEADD":
        moment, amount = _as("DateTime", second), _number(first)
        if moment is None or amount is None:
            return "DateTime", None
        return "DateTime", _moved(moment, f"UTC{_part(function)}S".upper(), int(amount))
    begin, end = _as("DateTime", first), _as("DateTime", second)
    if begin is None or end is None:
        return "Double", None
    return "Double", float(_borders(_part(function), begin, end))


def _part(function: tree.DateFunction) -> str:
    return (function.part or "").lower().removesuffix("s")


def _moved(moment: datetime, unit: str, amount: int) -> datetime:
    if unit in ("UTCMONTHS", "UTCYEARS", "UTCQUARTERS"):
        months = moment.year * 12 + moment.month - 1 + amount * {"UTCMONTHS": 1, "UTCYEARS": 12, "UTCQUARTERS": 3}[unit]
        year, month = months // 12, months % 12 + 1
        return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))
    seconds = {"UTCSECONDS": 1, "UTCMINUTES": 60, "UTCHOURS": 3600, "UTCDAYS": 86400, "UTCWEEKS": 604800}[unit]
    return moment + timedelta(seconds=amount * seconds)


def _borders(part: str, begin: datetime, end: datetime) -> int:
    match part:
        case "year":
            return end.year - begin.year
        case "month":
            return (end.year - begin.year) * 12 + end.month - begin.month
        case "day":
            return (end.date() - begin.date()).days
    raise Meaningless(f"DATEDIFF in {part} is not judged")
