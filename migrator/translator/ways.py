"""The way of an outbound profile: the tables that it goes through, and its conditions, each behind its table's number.

Outbound goes through the table between two many-to-many ones in two steps, real time from end to end. Which
relationship is meant is settled when both steps are known: `listmember` serves three relationships by one name.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from difflib import get_close_matches

from migrator.mql import ManyToOne, Schema, tree
from migrator.mql.walk import nodes, with_columns
from migrator.product import findings
from migrator.product.findings import Finding

_SUGGESTED_MAX = 3
"""Unknown relationships of one query for which near names are looked up: that is slow where there are thousands."""


@dataclass(slots=True)
class Stop:
    """One table on the way; its name is empty where nobody knows it."""

    table: str
    alias: str = ""
    """Its name in the real-time query; empty for the audience, whose columns stand bare."""
    arrived_by: tuple[ManyToOne, ...] = ()
    """What may lead here from the stop before: more than one where the name does not settle it."""


@dataclass(slots=True)
class Way:
    """A profile taken apart."""

    stops: list[Stop]
    conditions: list[tree.Condition] = field(default_factory=list)
    """With every column behind the number of its stop."""
    hops: tuple[tree.Hop, ...] = ()
    """The relationships from contact back to the first table."""

    @property
    def last(self) -> int:
        """The number of the stop that gives the members."""
        return len(self.stops) - 1


def taken_apart(profile: tree.Profile, schema: Schema, told: list[Finding]) -> Way | None:
    """The way of a profile; None where something stands in the way, which `told` then says, all of it.

    Args:
        profile: an outbound profile.
        schema: tables, columns and relationships.
        told: takes what there is to say, everything that stands in the way included.
    """
    walk = _Walk(schema, told, _first_stops(profile, schema))
    if profile.alias:
        walk.name(profile.alias)
    for step in profile.steps:
        match step:
            case tree.Filter(condition):
                walk.way.conditions.append(with_columns(condition, walk.placed))
            case tree.Traverse():
                walk.traverse(step)
    way = walk.way
    if walk.hindered:
        return None
    _name_stops(way)
    if not _find_hops(way, schema, told):
        return None
    return way


def _first_stops(profile: tree.Profile, schema: Schema) -> list[Stop]:
    """The first stop; a profile that starts between two tables gets the one at the other side before it."""
    here = profile.entity.lower()
    first = next((step for step in profile.steps if isinstance(step, tree.Traverse)), None)
    if here not in schema.intersect_tables or first is None:
        return [Stop(here)]
    leaving = {one.schema_name: one for one in schema.outbound_relationships(first.relationship.lower())}
    both = [schema.many_by_schema_name[name] for name in leaving if name in schema.many_by_schema_name]
    if len(both) != 1 or both[0].intersect_table != here:
        return [Stop(here)]
    name, column = both[0].schema_name, leaving[both[0].schema_name].referencing_column
    halves = [half for half in schema.relationships_by_schema_name(name.lower()) if half.referencing_table == here]
    entered = tuple(half for half in halves if half.referencing_column != column)
    return [Stop(entered[0].referenced_table), Stop(here, arrived_by=entered)] if entered else [Stop(here)]


class _Walk:
    """What is known while the steps of a profile are read from left to right."""

    def __init__(self, schema: Schema, told: list[Finding], stops: list[Stop]) -> None:
        self.way, self.hindered = Way(stops), False
        self._schema, self._told = schema, told
        self._aliases: dict[str, int] = {}
        self._reused: set[str] = set()

    def name(self, alias: str) -> None:
        """Give the current stop a name."""
        if alias.lower() in self._aliases:
            self._reused.add(alias.lower())
        self._aliases[alias.lower()] = self.way.last

    def placed(self, attribute: tree.Attribute) -> tree.Attribute:
        """A column behind the number of its stop."""
        name = attribute.name.lower()  # logical names are lower case
        if attribute.alias is None:
            return tree.Attribute(name, str(self.way.last))
        alias = attribute.alias.lower()
        if alias in self._reused:
            self._hinder(findings.alias_reused(attribute.alias))
        if alias not in self._aliases:
            self._hinder(findings.alias_unknown(f"{attribute.alias}.{attribute.name}", attribute.alias))
        return tree.Attribute(name, str(self._aliases.get(alias, self.way.last)))

    def traverse(self, step: tree.Traverse) -> None:
        """Go along a relationship."""
        self.way.stops.append(self._next_stop(step.relationship))
        if step.alias:
            self.name(step.alias)
        if step.condition:
            self.way.conditions.append(with_columns(step.condition, self._placed_inside))

    def _placed_inside(self, attribute: tree.Attribute) -> tree.Attribute:
        """A column inside TRAVERSE, which may be meant for either end: it belongs where it exists, if that is one."""
        if attribute.alias is not None:
            return self.placed(attribute)
        name, last = attribute.name.lower(), self.way.last
        tables = [self._schema.tables.get(self.way.stops[number].table) for number in (last - 1, last)]
        having = [
            number for number, table in zip((last - 1, last), tables, strict=True) if table and name in table.columns
        ]
        if None in tables or len(having) != 1:
            both = " and ".join(stop.table or "?" for stop in self.way.stops[-2:])
            self._hinder(findings.traverse_filter(attribute.name, both))
        return tree.Attribute(name, str(having[0] if having else last))

    def _next_stop(self, name: str) -> Stop:
        here, lowered = self.way.stops[-1].table, name.lower()
        if not here:
            return Stop("")
        fitting = _touching(here, self._schema.outbound_relationships(lowered))
        if not fitting:
            fitting = self._by_schema_name(here, name)
        if not fitting:
            self._hinder(self._unknown(name, here))
            return Stop("")
        one = fitting[0]
        if len({_ends(other) for other in fitting}) > 1 or one.referencing_table == one.referenced_table:
            self._hinder(findings.relationship_ambiguous(name))
            return Stop("")
        there = one.referenced_table if here == one.referencing_table else one.referencing_table
        return Stop(there, arrived_by=fitting)

    def _by_schema_name(self, here: str, name: str) -> tuple[ManyToOne, ...]:
        fitting = _touching(here, self._schema.relationships_by_schema_name(name.lower()))
        if any(one.referencing_table in self._schema.intersect_tables for one in fitting):
            self._hinder(findings.intersect_sides(fitting[0].referencing_table))
            return fitting
        for one in fitting[:1]:
            self._told.append(findings.relationship_by_schema_name(name, one.outbound_name))
        return fitting

    def _unknown(self, name: str, here: str) -> Finding:
        before = sum(finding.code == findings.relationship_unknown("", "", []).code for finding in self._told)
        near = get_close_matches(name.lower(), self._schema.outbound_names, n=3) if before < _SUGGESTED_MAX else []
        return findings.relationship_unknown(name, here, near)

    def _hinder(self, finding: Finding) -> None:
        self._told.append(finding)
        self.hindered = True


def _touching(table: str, relationships: tuple[ManyToOne, ...]) -> tuple[ManyToOne, ...]:
    return tuple(one for one in relationships if table in (one.referencing_table, one.referenced_table))


def _ends(one: ManyToOne) -> tuple[str, str, str]:
    return one.referencing_table, one.referencing_column, one.referenced_table


def _name_stops(way: Way) -> None:
    numbers: Counter[str] = Counter()
    for stop in reversed(way.stops[:-1]):
        numbers[stop.table] += 1
        stop.alias = f"{stop.table}_{numbers[stop.table]}"


# --- hops ------------------------------------------------------------------------------------------------------------


def _find_hops(way: Way, schema: Schema, told: list[Finding]) -> bool:
    """Settle the relationships from contact back to the first table; false where that cannot be done."""
    hops = []
    moved: dict[tuple[int, str], tree.Attribute] = {}  # column of a table between → the key at its end
    between: set[int] = set()
    index, before = way.last, len(told)
    while index > 0:
        if way.stops[index - 1].table in schema.intersect_tables:
            name = _settled(way, index, schema, told)
            if name is None:
                return False
            _move_keys(way, index, name, moved)
            between.add(index - 1)
            index -= 2
        else:
            name = _only(way.stops[index].arrived_by, told)
            if name is None:
                return False
            index -= 1
        hops.append(tree.Hop(name, way.stops[index].alias))
    way.hops = tuple(hops)

    def at_the_end(attribute: tree.Attribute) -> tree.Attribute:
        stop = int(attribute.alias or 0)
        if stop not in between:
            return attribute
        found = moved.get((stop, attribute.name))
        if found is None:
            told.append(findings.intersect_condition(way.stops[stop].table))
        elif not found.name:
            told.append(findings.table_unknown(way.stops[int(found.alias or 0)].table))
        return found or attribute

    if between:
        way.conditions = [with_columns(condition, at_the_end) for condition in way.conditions]
    return len(told) == before


def _only(candidates: tuple[ManyToOne, ...], told: list[Finding]) -> str | None:
    """The schema name of the one relationship that is meant."""
    names = {one.schema_name for one in candidates}
    if len(names) != 1:
        told.append(findings.relationship_ambiguous(candidates[0].outbound_name))
        return None
    return candidates[0].schema_name


def _settled(way: Way, index: int, schema: Schema, told: list[Finding]) -> str | None:
    """The many-to-many relationship of which the ways into a table between and out of it are the two halves."""
    entered, left = way.stops[index - 1].arrived_by, way.stops[index].arrived_by
    table = way.stops[index - 1].table
    names = {
        one.schema_name
        for one in entered
        for other in left
        if one.schema_name == other.schema_name and one.referencing_column != other.referencing_column
    }
    if not names:
        told.append(findings.intersect_sides(table))
        return None
    name = min(names)
    many = schema.many_by_schema_name.get(name)
    if len(names) > 1 or many is None or many.table1 == many.table2:
        # A table connected with itself: real time gives both directions the same name.
        told.append(findings.relationship_ambiguous(left[0].outbound_name))
        return None
    return name


def _move_keys(way: Way, index: int, name: str, moved: dict[tuple[int, str], tree.Attribute]) -> None:
    """A condition on an id in the table between says the same of the key of the table at that end."""
    for side, stop in ((way.stops[index - 1].arrived_by, index - 2), (way.stops[index].arrived_by, index)):
        for half in side:
            if half.schema_name == name:
                moved[index - 1, half.referencing_column] = tree.Attribute(half.referenced_column, str(stop))


def stops_of(condition: tree.Condition | tree.Value) -> set[int]:
    """The numbers of the stops that a condition speaks of."""
    aliases = {node.alias for node in nodes(condition) if isinstance(node, tree.Attribute)}
    return {int(alias or 0) for alias in aliases}
