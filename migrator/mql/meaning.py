"""What a query means, without the ways in which it can be written: aliases, order of terms, filters in a row.

Two queries with one meaning select the same people, by the documents that `docs/assumptions.md` names; two with
different meanings may still do. `loader` compares with it what the product's editor saved again, and the tests compare
sentences with it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from migrator.mql import tree
from migrator.mql.walk import nodes
from migrator.product.codes import AUDIENCE

Meaning = Hashable


def meaning(query: tree.Query) -> Meaning:
    """What `query` means; equal values mean the same.

    An order without SKIP and TAKE means nothing, nor do the columns that are selected: a membership is a set of people.
    """
    paging = query.paging
    people = members_meaning(query.members)
    if paging is None or (paging.take is None and not paging.skip):
        return people
    order = tuple((_column_alone(column), descending) for column, descending in paging.order)
    return people, order, paging.skip or 0, paging.take


def same_meaning(one: tree.Query, other: tree.Query) -> bool:
    """Whether both queries mean the same."""
    return one == other or meaning(one) == meaning(other)


def members_meaning(members: tree.Members) -> Meaning:
    """What one set of people means."""
    match members:
        case tree.SetChain(tree.SetChain(first, inner), rest):
            return members_meaning(tree.SetChain(first, (*inner, *rest)))
        case tree.SetChain(first, rest):
            parts = tuple((operator, members_meaning(part)) for operator, part in rest)
            return ("sets", members_meaning(first), parts) if parts else members_meaning(first)
        case tree.SegmentReference(name, filters):
            return "segment", name.lower(), all_of(filters, Stops(AUDIENCE))
        case tree.Interaction(kind, link, filters, having, further):
            asked = frozenset(_having(one) for one in (having, *further) if one)
            return "interaction", kind.lower(), link.lower(), all_of(filters, Stops(kind)), asked
        case tree.Profile():
            return _profile(members)
    raise TypeError(type(members).__name__)


@dataclass(slots=True)
class Stops:
    """The tables on the way of a profile, numbered from its start, and which of them an alias means by now."""

    start: str
    alias: str | None = None
    count: int = 1
    known: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.alias:
            self.known[self.alias.lower()] = 0

    def arrive(self, alias: str | None) -> int:
        """Go on to the next table; gives its number."""
        here, self.count = self.count, self.count + 1
        if alias:
            self.known[alias.lower()] = here
        return here

    def of(self, alias: str | None, here: int) -> int | None:
        """The number of the table that an alias means, or that a column without one stands in; None if unknown."""
        return here if alias is None else self.known.get(alias.lower())


def _profile(profile: tree.Profile) -> Meaning:
    stops = Stops(profile.entity, profile.alias)
    here, way, asked = 0, list[Meaning](), set[Meaning]()
    for step in profile.steps:
        match step:
            case tree.Filter(condition):
                asked |= all_of((condition,), stops, here)
            case tree.Traverse(relationship, alias, condition):
                here = stops.arrive(alias)
                way.append(relationship.lower())
                if condition:
                    asked.add(("on the way", here, all_of((condition,), stops, here)))
            case tree.Relate(hops):
                inner = Stops(profile.entity)
                for hop in hops:
                    inner.arrive(hop.alias)
                path = tuple(hop.relationship.lower() for hop in hops)
                none, what = denied(step)
                asked.add(("related", none, optional_hops(step), path, all_of((what,), inner, 0)))
    return "profile", profile.entity.lower(), tuple(way), frozenset(asked)


def denied(step: tree.Relate) -> tuple[bool, tree.Condition]:
    """Whether a RELATE asks that there is no such record, and what such a record fulfils.

    A NOT at the root of a RELATEOPTIONAL asks so, by a public re-implementation for live organisations.
    """
    match step:
        case tree.Relate(_, tree.Not(condition), True):
            return True, condition
    return False, step.condition


def optional_hops(step: tree.Relate) -> tuple[bool, ...]:
    """For each hop, whether it is an optional one where RELATE in its place may mean something else.

    For what is plainly asked of a related record both mean the same (seen). Nothing public settles it where the
    condition denies something, or may hold without a record behind the hop. A denial of the whole says what optional
    means of the first hop.
    """
    none, what = denied(step)
    optional = (step.optional and not none, *(hop.optional for hop in step.hops[1:]))
    places = {hop.alias.lower(): place for place, hop in enumerate(step.hops)}
    unsure = _denies(what)
    return tuple(
        one and (unsure or not _asks_behind(what, place, places)) for place, one in enumerate(optional)
    )  # fmt: skip


def _denies(condition: tree.Condition) -> bool:
    return any(
        isinstance(node, tree.Not | tree.IsNull) or (isinstance(node, tree.Comparison) and node.op == "!=")
        for node in nodes(condition)
    )


def _asks_behind(condition: tree.Condition, place: int, places: dict[str, int]) -> bool:
    """Whether a condition without denials holds only where the hop at `place` leads to a record."""
    match condition:
        case tree.And(conditions):
            return any(_asks_behind(one, place, places) for one in conditions)
        case tree.Or(conditions):
            return all(_asks_behind(one, place, places) for one in conditions)
    return any(
        isinstance(node, tree.Attribute) and places.get((node.alias or "").lower(), -1) >= place
        for node in nodes(condition)
    )


def _having(having: tree.Having) -> Meaning:
    window = (having.unit, having.length) if having.unit else None
    return having.aggregate.upper(), (having.attribute or "").lower(), having.op, _number(having.number.digits), window


# --- conditions ------------------------------------------------------------------------------------------------------


def all_of(conditions: tuple[tree.Condition, ...], stops: Stops, here: int = 0) -> frozenset[Meaning]:
    """What it means that all conditions hold, of the columns of the table number `here` where they have no alias.

    Args:
        conditions: what has to hold.
        stops: the tables of the way, by alias and number.
        here: the number of the table that columns without an alias belong to.
    """
    found: set[Meaning] = set()
    for condition in conditions:
        match condition:
            case tree.And(inner):
                found |= all_of(inner, stops, here)
            case tree.Not(tree.Not(inner_condition)):
                found |= all_of((inner_condition,), stops, here)
            case _:
                found.add(_condition(condition, lambda column: _column(column, stops, here)))
    return frozenset(found)


Named = Callable[[tree.Attribute], Meaning]


def _condition(condition: tree.Condition, named: Named) -> Meaning:
    match condition:
        case tree.Not(tree.Not(inner)):
            return _condition(inner, named)
        case tree.Not(tree.IsNull(column)) | tree.IsNotNull(column):
            return "filled", named(column)
        case tree.Not(tree.IsNotNull(column)) | tree.IsNull(column):
            return "empty", named(column)
        case tree.Not(tree.Comparison(left, "==", right)):
            return _comparison(tree.Comparison(left, "!=", right), named)
        case tree.Not(inner):
            return "not", _condition(inner, named)
        case tree.And(conditions):
            return "and", _flat(tree.And, conditions, named)
        case tree.Or(conditions):
            return _either(_flat(tree.Or, conditions, named))
        case tree.OneOf(left, choices):
            return _either(frozenset(_comparison(tree.Comparison(left, "==", one), named) for one in choices))
        case tree.Comparison():
            return _comparison(condition, named)
        case tree.TextMatch(left, op, right):
            return op, _value(left, named), _value(right, named)
    raise TypeError(type(condition).__name__)


def _flat(
    kind: type[tree.And] | type[tree.Or], conditions: tuple[tree.Condition, ...], named: Named
) -> frozenset[Meaning]:
    found: set[Meaning] = set()
    for condition in conditions:
        told = _condition(condition, named)
        inner = told[1] if isinstance(told, tuple) and told[0] == ("and" if kind is tree.And else "or") else None
        found |= inner if isinstance(inner, frozenset) else {told}
    return frozenset(found)


def _either(found: frozenset[Meaning]) -> Meaning:
    return next(iter(found)) if len(found) == 1 else ("or", found)


_TURNED = {"==": "==", "!=": "!=", ">": "<", ">=": "<=", "<": ">", "<=": ">="}


def _comparison(node: tree.Comparison, named: Named) -> Meaning:
    left, op, right = _value(node.left, named), node.op, _value(node.right, named)
    if not isinstance(node.left, tree.Attribute) and isinstance(node.right, tree.Attribute):
        return right, _TURNED[op], left
    return left, op, right


def _value(value: tree.Value, named: Named) -> Meaning:
    match value:
        case tree.Attribute():
            return named(value)
        case tree.Text(text):
            return "text", text
        case tree.Number(digits):
            return "number", _number(digits)
        case tree.Boolean(truth):
            return "truth", truth
        case tree.Arithmetic(first, rest):
            return "arithmetic", _value(first, named), tuple((op, _value(operand, named)) for op, operand in rest)
        case tree.DateFunction(name, arguments, part):
            return name, unit_of(part or ""), tuple(_value(argument, named) for argument in arguments)
    raise TypeError(type(value).__name__)


def unit_of(part: str) -> str:
    """A date part in one spelling: `Days` and `day` are the same."""
    return part.lower().removesuffix("s")


def _number(digits: str) -> Meaning:
    try:
        return Decimal(digits).normalize()
    except InvalidOperation:
        return digits


def _column(column: tree.Attribute, stops: Stops, here: int) -> Meaning:
    stop = stops.of(column.alias, here)
    return "column", (column.alias or "").lower() if stop is None else stop, column.name.lower()


def _column_alone(column: tree.Attribute) -> Meaning:
    return column.name.lower()
