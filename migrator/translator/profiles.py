"""A profile that goes through other tables, turned round so that it begins at contact.

Outbound walks: it starts anywhere, and the last table gives the members. Real-time asks: it starts at the audience,
and each RELATE asks whether some path of related records fulfils a condition. A contact is a member of the walk exactly
when some path leads back from it to a record of the first table with every condition met, so one RELATE over the whole
way back, with the conditions of all stops in its filter, says the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from migrator.mql import Schema, tree
from migrator.mql.walk import with_columns
from migrator.product import findings
from migrator.product.codes import AUDIENCE
from migrator.product.findings import Finding
from migrator.translator.doubts import doubts
from migrator.translator.ways import Way, stops_of, taken_apart

ALTERNATIVES_MAX = 16
"""Profiles that conditions across tables may be spread over; more would be unreadable."""


def turned_round(profile: tree.Profile, schema: Schema, told: list[Finding]) -> list[tree.Profile] | None:
    """The real-time profiles whose union is the outbound profile; None where real-time queries cannot say it.

    Args:
        profile: an outbound profile.
        schema: tables and relationships.
        told: takes what there is to say, everything that stands in the way included.
    """
    way = taken_apart(profile, schema, told)
    if way is None:
        return None
    if way.stops[-1].table != AUDIENCE:
        told.append(findings.audience_not_contact(way.stops[-1].table))
        return None
    if way.hops:
        told.append(findings.query_turned_round(", ".join(stop.table for stop in way.stops)))
    for stop in way.stops[:-1]:
        table = schema.tables.get(stop.table)
        if table is not None and not table.change_tracking:
            told.append(findings.no_change_tracking(stop.table))
    for condition in way.conditions:
        told.extend(doubts(condition, lambda attribute: way.stops[int(attribute.alias or 0)].table, schema))
    told.extend(_unproven_places(way))
    alternatives = _separated(way.conditions, way.last, told)
    if alternatives is None:
        return None
    anything = _anything(way, schema)
    if way.hops and anything is None and any(_asks_nothing(alternative, way) for alternative in alternatives):
        told.append(findings.table_unknown(way.stops[0].table))
        return None
    if len(alternatives) > 1:
        told.append(findings.query_spread(len(alternatives)))
    return [_profile(alternative, way, anything) for alternative in alternatives]


def _unproven_places(way: Way) -> list[Finding]:
    """Filters behind RELATE were seen on its last table only: what asks others on a nested way is unproven."""
    if not way.hops:
        return []
    asked = {stop for condition in way.conditions for stop in stops_of(condition)} - {way.last}
    if len(asked) > 1:
        return [findings.unproven_construct("conditions on several tables of one way")]
    if asked - {0}:
        return [findings.unproven_construct("a condition on a table in the middle of a way only")]
    return []


def _asks_nothing(conditions: Sequence[tree.Condition], way: Way) -> bool:
    """Whether no condition speaks of another table than contact."""
    return all(stops_of(condition) <= {way.last} for condition in conditions)


def _anything(way: Way, schema: Schema) -> tree.Condition | None:
    """A condition that always holds: a RELATE needs a filter, also where the way has no condition.

    It is the key of the first table being there or, where that is not known, the column that led away from it.
    """
    if not way.hops:
        return None
    first, second = way.stops[0], way.stops[1]
    known, hop = schema.tables.get(first.table), second.arrived_by[0]
    if known is not None:
        column = known.key
    elif second.table in schema.intersect_tables:
        return None
    else:
        column = hop.referencing_column if first.table == hop.referencing_table else hop.referenced_column
    return tree.IsNotNull(tree.Attribute(column, first.alias))


# --- conditions of contact and conditions of the way -----------------------------------------------------------------

_Alternative = list[tree.Condition]


def _separated(conditions: Sequence[tree.Condition], last: int, told: list[Finding]) -> list[_Alternative] | None:
    """The conditions as alternatives in which no single condition speaks of contact and of the way at once."""
    flat = _flat(conditions)
    if not flat or last == 0:
        return [flat]
    spread = _Spread(last, told)
    return spread.both(flat, negated=False)


class _Spread:
    """Spreads conditions over alternatives, and stops counting at the limit: the work is bounded, not the wait."""

    def __init__(self, last: int, told: list[Finding]) -> None:
        self._last, self._told = last, told
        self._mixed: dict[int, bool] = {}

    def both(self, parts: Sequence[tree.Condition], *, negated: bool) -> list[_Alternative] | None:
        """All of the parts must hold (none of them, if negated)."""
        pure = [part for part in parts if not self._is_mixed(part)]
        every: list[_Alternative] | None = [[tree.Not(part) if negated else part for part in pure]]
        for part in parts:
            if not self._is_mixed(part):
                continue
            choices = self._choices(part, negated=negated)
            if every is None or choices is None:
                every = None  # go on: every obstacle is told
            elif len(every) * len(choices) > ALTERNATIVES_MAX:
                self._told.append(findings.condition_spread_too_far(ALTERNATIVES_MAX))
                every = None
            else:
                every = [[*chosen, *choice] for chosen in every for choice in choices]
        return every

    def _either(
        self, parts: Sequence[tree.Condition], kind: type[tree.And] | type[tree.Or], *, negated: bool
    ) -> list[_Alternative] | None:
        """Some of the parts must hold (or not hold): one alternative a table, not one a part."""
        own = [part for part in parts if not self._is_mixed(part) and stops_of(part) <= {self._last}]
        others = [part for part in parts if not self._is_mixed(part) and not stops_of(part) <= {self._last}]
        every: list[_Alternative] | None = []
        for group in (own, others):
            if group:
                one = group[0] if len(group) == 1 else kind(tuple(group))
                every = [*(every or []), [tree.Not(one) if negated else one]]
        for part in parts:
            if not self._is_mixed(part):
                continue
            choices = self._choices(part, negated=negated)
            if every is None or choices is None:
                every = None
            elif len(every) + len(choices) > ALTERNATIVES_MAX:
                self._told.append(findings.condition_spread_too_far(ALTERNATIVES_MAX))
                every = None
            else:
                every = [*every, *choices]
        return every

    def _choices(self, condition: tree.Condition, *, negated: bool) -> list[_Alternative] | None:
        match condition:
            case tree.Not(inner):
                if self._is_mixed(inner):
                    return self._choices(inner, negated=not negated)
            case tree.And(conditions):
                if negated:
                    return self._either(conditions, tree.And, negated=True)
                return self.both(conditions, negated=False)
            case tree.Or(conditions):
                if negated:
                    return self.both(conditions, negated=True)
                return self._either(conditions, tree.Or, negated=False)
        self._told.append(findings.condition_across_tables())
        return None

    def _is_mixed(self, condition: tree.Condition) -> bool:
        """Whether a condition speaks of contact and of another table."""
        known = self._mixed.get(id(condition))
        if known is None:
            stops = stops_of(condition)
            known = self._mixed[id(condition)] = self._last in stops and len(stops) > 1
        return known


def _flat(conditions: Sequence[tree.Condition]) -> list[tree.Condition]:
    flat: list[tree.Condition] = []
    for condition in conditions:
        flat.extend(condition.conditions if isinstance(condition, tree.And) else [condition])
    return flat


def _profile(conditions: _Alternative, way: Way, anything: tree.Condition | None) -> tree.Profile:
    def named(attribute: tree.Attribute) -> tree.Attribute:
        stop = way.stops[int(attribute.alias or way.last)]
        return tree.Attribute(attribute.name, stop.alias or None)

    own: list[tree.Condition] = []
    others: list[tree.Condition] = []
    for condition in conditions:
        (own if not way.hops or stops_of(condition) <= {way.last} else others).append(with_columns(condition, named))
    steps: list[tree.Filter | tree.Traverse | tree.Relate] = [tree.Filter(condition) for condition in _joined(own)]
    asked = _joined(others) or ([anything] if anything else [])
    if way.hops and asked:
        steps.append(tree.Relate(way.hops, asked[0]))
    return tree.Profile(AUDIENCE, None, tuple(steps))


def _joined(conditions: Sequence[tree.Condition]) -> list[tree.Condition]:
    """The conditions as one, or none."""
    flat = _flat(conditions)
    return flat if len(flat) < 2 else [tree.And(tuple(flat))]
