"""A profile that goes through other tables, turned round so that it begins at contact.

Outbound walks: it starts anywhere, and the last table gives the members. Real-time asks: it starts at the audience,
and each RELATE asks whether some path of related records fulfils a condition. A contact is a member of the walk exactly
when some path leads back from it to a record of the first table with every condition met, so one RELATE over the whole
way back, with the conditions of all stops in its filter, says the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import product

from migrator.mql import ManyToOne, Schema, tree
from migrator.mql.walk import nodes, with_columns
from migrator.product import findings
from migrator.product.codes import AUDIENCE
from migrator.product.findings import Finding

_ALTERNATIVES_MAX = 16
"""Profiles that one condition across tables may be spread over; more would be unreadable."""


class Inexpressible(Exception):
    """Something that real-time queries cannot say; the finding says what and why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


@dataclass(slots=True)
class _Stop:
    """One table on the way."""

    table: str
    alias: str = ""
    """Its name in the real-time query; empty for the audience, whose columns stand bare."""
    arrived_by: ManyToOne | None = None
    """The relationship that leads here from the stop before."""


@dataclass(slots=True)
class _Way:
    """A profile taken apart."""

    stops: list[_Stop]
    conditions: list[tree.Condition] = field(default_factory=list)
    """With every column behind the number of its stop."""


def turned_round(profile: tree.Profile, schema: Schema) -> tuple[list[tree.Profile], list[Finding]]:
    """The real-time profiles whose union is the outbound profile, and what there is to say.

    Raises:
        Inexpressible: a relationship is unknown, or real-time queries cannot say it.
    """
    way = _taken_apart(profile, schema)
    if way.stops[-1].table != AUDIENCE:
        raise Inexpressible(findings.audience_not_contact(way.stops[-1].table))
    hops = _hops_back(way, schema)
    found = list(_column_findings(way, schema))
    if hops:
        found.insert(0, findings.query_turned_round(", ".join(stop.table for stop in way.stops)))
    last = len(way.stops) - 1
    alternatives = _separated(way.conditions, last)
    profiles = [_profile(alternative, hops, way, schema) for alternative in alternatives]
    if len(profiles) > 1:
        found.append(findings.query_spread(len(profiles)))
    return profiles, list(dict.fromkeys(found))


# --- taking apart ----------------------------------------------------------------------------------------------------


def _taken_apart(profile: tree.Profile, schema: Schema) -> _Way:
    way = _Way([_Stop(profile.entity.lower())])
    aliases = {profile.alias.lower(): 0} if profile.alias else {}

    def placed(attribute: tree.Attribute) -> tree.Attribute:
        name = attribute.name.lower()  # logical names are lower case
        if attribute.alias is None:
            return tree.Attribute(name, str(len(way.stops) - 1))
        stop = aliases.get(attribute.alias.lower())
        if stop is None:
            raise Inexpressible(findings.alias_unknown(f"{attribute.alias}.{attribute.name}", attribute.alias))
        return tree.Attribute(name, str(stop))

    for step in profile.steps:
        match step:
            case tree.Filter(condition):
                way.conditions.append(with_columns(condition, placed))
            case tree.Traverse(relationship, alias, condition):
                way.stops.append(_next_stop(way.stops[-1], relationship, schema))
                if alias:
                    aliases[alias.lower()] = len(way.stops) - 1
                if condition:
                    way.conditions.append(with_columns(condition, placed))
    numbers: Counter[str] = Counter()
    for stop in reversed(way.stops[:-1]):
        numbers[stop.table] += 1
        stop.alias = f"{stop.table}_{numbers[stop.table]}"
    return way


def _next_stop(here: _Stop, name: str, schema: Schema) -> _Stop:
    found = {one.schema_name: one for one in schema.outbound_relationships(name.lower())}
    fitting = [one for one in found.values() if here.table in (one.referencing_table, one.referenced_table)]
    if not fitting:
        known = {one.outbound_name for one in schema.all_lookups()}
        near = get_close_matches(name.lower(), known, n=3)
        raise Inexpressible(findings.relationship_unknown(name, here.table, near))
    one = fitting[0]
    if len(fitting) > 1 or one.referencing_table == one.referenced_table:
        raise Inexpressible(findings.relationship_ambiguous(name))
    there = one.referenced_table if here.table == one.referencing_table else one.referencing_table
    return _Stop(there, arrived_by=one)


def _hops_back(way: _Way, schema: Schema) -> tuple[tree.Hop, ...]:
    """The relationships from contact back to the first table; two halves of a many-to-many one are one hop."""
    between = {(many.schema_name, many.intersect_table) for many in schema.many_to_many}
    hops = []
    index = len(way.stops) - 1
    while index > 0:
        arrived, before = way.stops[index].arrived_by, index - 1
        if arrived is None:
            break
        if (arrived.schema_name, arrived.referencing_table) in between:
            # Outbound stops at the table between; real-time goes from end to end.
            first_half = way.stops[before].arrived_by
            if first_half is None or first_half.schema_name != arrived.schema_name or _is_asked(way, before):
                raise Inexpressible(findings.intersect_condition(arrived.referencing_table))
            before -= 1
        hops.append(tree.Hop(arrived.schema_name, way.stops[before].alias))
        index = before
    return tuple(hops)


def _is_asked(way: _Way, stop: int) -> bool:
    return any(str(stop) in _stops_of(condition) for condition in way.conditions)


def _stops_of(condition: tree.Condition | tree.Value) -> set[str]:
    return {node.alias or "" for node in nodes(condition) if isinstance(node, tree.Attribute)}


# --- conditions of contact and conditions of the way -----------------------------------------------------------------

_Alternative = list[tree.Condition]


def _separated(conditions: Sequence[tree.Condition], last: int) -> list[_Alternative]:
    """The conditions as alternatives in which no single condition speaks of contact and of the way at once."""
    flat: list[tree.Condition] = []
    for condition in conditions:
        flat.extend(condition.conditions if isinstance(condition, tree.And) else [condition])
    choices = [_choices(condition, last) for condition in flat]
    number = 1
    for choice in choices:
        number *= len(choice)
        if number > _ALTERNATIVES_MAX:
            raise Inexpressible(findings.condition_across_tables())
    return _combined(choices)


def _combined(choices: Sequence[list[_Alternative]]) -> list[_Alternative]:
    """One alternative for every way of taking one from each choice."""
    return [[part for parts in chosen for part in parts] for chosen in product(*choices)]


def _choices(condition: tree.Condition, last: int) -> list[_Alternative]:
    if not _is_mixed(condition, last):
        return [[condition]]
    match condition:
        case tree.Or(conditions):
            return [choice for part in conditions for choice in _choices(part, last)]
        case tree.And(conditions):
            return _combined([_choices(part, last) for part in conditions])
        case tree.Not(tree.Or(conditions)):
            return _choices(tree.And(tuple(map(tree.Not, conditions))), last)
        case tree.Not(tree.And(conditions)):
            return _choices(tree.Or(tuple(map(tree.Not, conditions))), last)
        case tree.Not(tree.Not(inner)):
            return _choices(inner, last)
    raise Inexpressible(findings.condition_across_tables())


def _is_mixed(condition: tree.Condition, last: int) -> bool:
    stops = _stops_of(condition)
    return str(last) in stops and len(stops) > 1


def _profile(conditions: _Alternative, hops: tuple[tree.Hop, ...], way: _Way, schema: Schema) -> tree.Profile:
    last = len(way.stops) - 1

    def named(attribute: tree.Attribute) -> tree.Attribute:
        stop = way.stops[int(attribute.alias or last)]
        return tree.Attribute(attribute.name, stop.alias or None)

    own = [with_columns(c, named) for c in conditions if not _stops_of(c) - {str(last)}]
    others = [with_columns(c, named) for c in conditions if _stops_of(c) - {str(last)}]
    steps: list[tree.Filter | tree.Traverse | tree.Relate] = [tree.Filter(condition) for condition in _joined(own)]
    if hops:
        # A RELATE needs a filter; where the way has no condition, the first table's key being there is one.
        first = way.stops[0]
        key = schema.tables[first.table].key if first.table in schema.tables else f"{first.table}id"
        asked = _joined(others) or [tree.IsNotNull(tree.Attribute(key, first.alias))]
        steps.append(tree.Relate(hops, asked[0]))
    return tree.Profile(AUDIENCE, None, tuple(steps))


def _joined(conditions: Sequence[tree.Condition]) -> list[tree.Condition]:
    """The conditions as one, or none."""
    flat: list[tree.Condition] = []
    for condition in conditions:
        flat.extend(condition.conditions if isinstance(condition, tree.And) else [condition])
    if len(flat) < 2:
        return flat
    return [tree.And(tuple(flat))]


# --- columns ---------------------------------------------------------------------------------------------------------


def _column_findings(way: _Way, schema: Schema) -> Iterator[Finding]:
    """What is unknown, unusable or unproven on the way."""
    for stop in way.stops[:-1]:
        table = schema.tables.get(stop.table)
        if table is not None and not table.change_tracking:
            yield findings.no_change_tracking(stop.table)
    for condition in way.conditions:
        yield from doubts(condition, lambda attribute: way.stops[int(attribute.alias or 0)].table, schema)
    if len({stop for condition in way.conditions for stop in _stops_of(condition)} - {str(len(way.stops) - 1)}) > 1:
        yield findings.unproven_construct("conditions on several tables of one way")


def doubts(condition: tree.Condition, table_of: Callable[[tree.Attribute], str], schema: Schema) -> Iterator[Finding]:
    """What is unproven, unknown or unusable in one condition; `table_of` tells the table of a column."""
    unproven: dict[str, None] = {}
    for node in nodes(condition):
        match node:
            case tree.TextMatch(op=op) if op != "CONTAINS":
                unproven[op] = None
            case tree.Arithmetic():
                unproven["arithmetic"] = None
            case tree.DateFunction(name=name):
                unproven[name] = None
            case tree.Attribute(name):
                table = table_of(node)
                if known := schema.tables.get(table):
                    column = known.columns.get(name.lower())
                    if column is None:
                        yield findings.column_unknown(table, name)
                    elif column.usable_kind:
                        yield findings.column_not_stored(table, name, column.usable_kind)
    if unproven:
        yield findings.unproven_construct(", ".join(unproven))
