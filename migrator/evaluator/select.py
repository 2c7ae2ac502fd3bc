"""What both dialects need to build SQL: names of tables and columns, and steps that combine sets.

Every set becomes a common table expression with one column, `member`. A chain of two hundred sets is then a flat
list of expressions and not two hundred levels of parentheses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from itertools import count
from uuid import UUID

from sqlglot import exp

from migrator.mql import Column, Schema, Table, tree
from migrator.product.codes import AUDIENCE, AUDIENCE_KEY

MEMBER = "member"
EVERYBODY = "everybody"
"""Where members are numbered: the view of numbers and ids, in small letters, of everybody who may be one."""
_CONSENT = re.compile(r"(?:consent_topic|consent_purpose|compliance_profile)_", re.IGNORECASE)
"""How the names begin by which real-time queries ask for consent."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A set of members that the database holds already, in a table with the one column `member`."""

    table: str


@dataclass(frozen=True, slots=True)
class Inlined:
    """A set of members that becomes a part of the statement that asks for it."""

    key: str
    """The same for the same set."""
    add: Callable[[Statement], str]
    """Adds it; gives its name."""


Membership = Callable[[str], "Collection[UUID] | Stored | Inlined"]
"""Gives the members of the segment that a query calls by this name; raises `UnknownSegment`."""


class EvaluationError(Exception):
    """The query speaks about something that the tables do not have."""


class UnknownSegment(EvaluationError):
    """The query refers to a segment that is not there."""


class Kind(Enum):
    """How values of a column are compared, with the type that holds them in the database."""

    TEXT = "VARCHAR"
    ID = "VARCHAR "  # one type, two kinds: the blank keeps the members of the enumeration apart
    NUMBER = "DOUBLE"
    BOOLEAN = "BOOLEAN"
    MOMENT = "TIMESTAMP"


_KINDS = {
    **dict.fromkeys(("String", "Memo", "EntityName"), Kind.TEXT),
    **dict.fromkeys(("Lookup", "Owner", "Customer", "Uniqueidentifier"), Kind.ID),
    **dict.fromkeys(("Integer", "BigInt", "Decimal", "Double", "Money", "Picklist", "State", "Status"), Kind.NUMBER),
    "Boolean": Kind.BOOLEAN,
    "DateTime": Kind.MOMENT,
}


def kind_of(column: Column) -> Kind:
    """How the values of `column` are compared; types that are not in the table are taken as text."""
    return _KINDS.get(column.type, Kind.TEXT)


@dataclass(frozen=True, slots=True)
class Place:
    """One table in a FROM clause, under the name that SQL knows it by."""

    name: str
    logical_name: str
    table: Table

    def column(self, name: str) -> tuple[exp.Expr, Kind]:
        """The column `name` of this table, in SQL, and how it is compared.

        Raises:
            EvaluationError: there is no such column, or none that segments may use.
        """
        column = self.table.columns.get(name.lower())
        if column is None and _CONSENT.match(name):
            # What a person consented to stands in tables of its own; in these nobody has said anything.
            return exp.cast(exp.Null(), Kind.TEXT.value), Kind.TEXT
        if column is None:
            raise EvaluationError(f"the table {self.logical_name} has no column {name}")
        if column.usable_kind:
            raise EvaluationError(f"{self.logical_name}.{name} is a {column.usable_kind} column and cannot be used")
        return exp.column(name.lower(), table=self.name, quoted=True), kind_of(column)


@dataclass(slots=True)
class Scope:
    """The tables that a condition may speak about: the current one without alias, others behind theirs."""

    current: Place
    aliases: dict[str, Place] = field(default_factory=dict)

    def column(self, attribute: tree.Attribute) -> tuple[exp.Expr, Kind]:
        """The column that `attribute` means.

        Raises:
            EvaluationError: the alias or the column is unknown.
        """
        if attribute.alias is None:
            return self.current.column(attribute.name)
        place = self.aliases.get(attribute.alias.lower())
        if place is None:
            raise EvaluationError(f"nothing in the query is called {attribute.alias}")
        return place.column(attribute.name)


@dataclass(slots=True)
class Statement:
    """The SQL of one query while it is being built."""

    schema: Schema
    now: datetime
    membership: Membership
    numbered: bool = False
    """Whether members are numbers of rows of contact instead of ids, and others those that `EVERYBODY` gives them."""
    segments: dict[str, Collection[UUID]] = field(default_factory=dict)
    """Name of a database table → the members that it has to hold when the statement runs."""
    _sets: list[tuple[str, exp.Query]] = field(default_factory=list)
    _once: set[str] = field(default_factory=set)
    """Sets that give each member once, if a contact has one row."""
    _inlined: dict[str, str] = field(default_factory=dict)
    _places: count[int] = field(default_factory=count)

    def place(self, logical_name: str) -> Place:
        """A new place for the table `logical_name`.

        Raises:
            EvaluationError: there is no such table.
        """
        table = self.schema.tables.get(logical_name.lower())
        if table is None:
            raise EvaluationError(f"there is no table {logical_name}")
        return Place(f"t{next(self._places)}", logical_name.lower(), table)

    def add(self, query: exp.Query, *, once: bool = False) -> str:
        """Make `query` a set of the statement; gives its name. `once` says that it gives each member once."""
        name = f"s{len(self._sets)}"
        self._sets.append((name, query))
        if once:
            self._once.add(name)
        return name

    def segment(self, reference: tree.SegmentReference) -> str:
        """The set of the members of another segment."""
        members = self.membership(reference.name)
        if isinstance(members, Inlined):
            if members.key not in self._inlined:
                self._inlined[members.key] = members.add(self)
            return self._inlined[members.key]
        if isinstance(members, Stored):
            return self.stored(members)
        table = f"segment_{len(self.segments)}"
        self.segments[table] = members
        return self.add(exp.select(exp.column(MEMBER, quoted=True)).from_(table_named(table)))

    def stored(self, members: Stored) -> str:
        """The set of the members that a table of the database holds."""
        return self.add(_all_of(members.table), once=True)

    def combined(self, operator: tree.SetOperator, left: str, right: str) -> str:
        """The set that two sets make together.

        Args:
            operator: how.
            left: the name of the first.
            right: the name of the second.
        """
        combined = _COMBINE[operator](this=_all_of(left), expression=_all_of(right), distinct=True)
        return self.add(combined, once=True)

    def chain(self, chain: tree.SetChain, compile_set: Callable[[tree.Members], str]) -> str:
        """The set that a chain of set operators gives, from left to right."""
        left = compile_set(chain.first)
        for operator, members in chain.rest:
            right = compile_set(members)
            left = self.combined(operator, left, right)
        return left

    def finish(self, name: str) -> exp.Select:
        """The whole statement: the members of the set `name`, each once."""
        select = _all_of(name)
        if not (self.numbered and name in self._once):  # a contact has one number, but perhaps several rows of an id
            select = select.distinct()
        for set_name, query in self._sets:
            select = select.with_(exp.to_identifier(set_name, quoted=True), as_=query, copy=False)
        return select


_COMBINE = {
    tree.SetOperator.UNION: exp.Union,
    tree.SetOperator.INTERSECT: exp.Intersect,
    tree.SetOperator.EXCEPT: exp.Except,
}


def _all_of(name: str) -> exp.Select:
    return exp.select(exp.column(MEMBER, quoted=True)).from_(table_named(name))


def from_table(place: Place) -> exp.Table:
    """`FROM` the table of `place`, under its name."""
    return table_named(place.logical_name, place.name)


def member_of(place: Place, statement: Statement) -> exp.Expr:
    """Who a row of `place` is, called `member`.

    Raises:
        EvaluationError: the table is not the audience.
    """
    if place.logical_name != AUDIENCE:
        raise EvaluationError(f"the query selects rows of {place.logical_name}; members can only be contacts")
    return exp.alias_(identity_of(place.name, statement), MEMBER, quoted=True)


def identity_of(table: str, statement: Statement) -> exp.Expr:
    """What a contact is called among members, where the table of contacts is called `table`."""
    if statement.numbered:
        return exp.column("rowid", table=table)
    return exp.column(AUDIENCE_KEY, table=table, quoted=True)


def table_named(name: str, alias: str = "") -> exp.Table:
    """The table `name` of the database, whatever it is called."""
    shown = exp.TableAlias(this=exp.to_identifier(alias, quoted=True)) if alias else None
    return exp.Table(this=exp.to_identifier(name, quoted=True), alias=shown)


def call(function: str, *arguments: exp.Expr) -> exp.Expr:
    """A call of one of the database's own functions, by the database's own name and order of arguments."""
    return exp.Anonymous(this=function, expressions=list(arguments))
