"""Walks over trees: the parts of a set expression, everything in a condition, and conditions with other columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from migrator.mql import tree
from migrator.product.codes import AUDIENCE


def operands(members: tree.Members) -> Iterator[tree.Members]:
    """The profiles, segments and interactions that a set expression is made of, from left to right."""
    match members:
        case tree.SetChain(first, rest):
            yield from operands(first)
            for _, part in rest:
                yield from operands(part)
        case _:
            yield members


def references(members: tree.Members) -> Iterator[str]:
    """The names of the segments that a set expression refers to, as often as it does."""
    return (part.name for part in operands(members) if isinstance(part, tree.SegmentReference))


def spelled_out(part: tree.Members) -> tree.Members:
    """A filtered segment, and an interaction with several HAVINGs, as intersections; anything else as it is.

    `SEGMENT(x).FILTER(c)` is `SEGMENT(x) INTERSECT PROFILE(contact).FILTER(c)`, since only contacts are members.
    """
    match part:
        case tree.SegmentReference(name, filters) if filters:
            fulfils = tree.Profile(AUDIENCE, None, tuple(map(tree.Filter, filters)))
            return tree.SetChain(tree.SegmentReference(name), ((tree.SetOperator.INTERSECT, fulfils),))
        case tree.Interaction(further=further) if further:
            alone = replace(part, further=())
            others = (replace(alone, having=having) for having in further)
            return tree.SetChain(alone, tuple((tree.SetOperator.INTERSECT, other) for other in others))
    return part


def conditions(members: tree.Members) -> Iterator[tree.Condition]:
    """Every condition in a set expression, as it stands in its filters."""
    for part in operands(members):
        match part:
            case tree.Profile(steps=steps):
                yield from (step.condition for step in steps if step.condition is not None)
            case tree.Interaction(filters=filters) | tree.SegmentReference(filters=filters):
                yield from filters


def counts_from_now(members: tree.Members) -> bool:
    """Whether a set expression depends on the moment when it is computed."""
    for part in operands(members):
        if isinstance(part, tree.Interaction) and any(
            having and having.unit for having in (part.having, *part.further)
        ):
            return True
    return any(
        isinstance(node, tree.DateFunction) and node.name == "DATETIMEUTCNOW"
        for condition in conditions(members)
        for node in nodes(condition)
    )


def nodes(node: tree.Condition | tree.Value) -> Iterator[tree.Condition | tree.Value]:
    """The node and everything below it, from left to right."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        yield here
        if below := _children(here):
            waiting.extend(reversed(below))


def _children(node: tree.Condition | tree.Value) -> tuple[tree.Condition | tree.Value, ...]:
    match node:
        case tree.Attribute() | tree.Text() | tree.Number():  # most of them, so they come first
            return ()
        case tree.Comparison(left, _, right) | tree.TextMatch(left, _, right):
            return left, right
        case tree.OneOf(left, choices):
            return left, *choices
        case tree.IsNull(attribute) | tree.IsNotNull(attribute):
            return (attribute,)
        case tree.Not(inner):
            return (inner,)
        case tree.And(conditions) | tree.Or(conditions):
            return conditions
        case tree.Arithmetic(first, rest):
            return first, *(operand for _, operand in rest)
        case tree.DateFunction(arguments=arguments):
            return arguments
    return ()


Change = Callable[[tree.Attribute], tree.Attribute]


def with_columns(condition: tree.Condition, change: Change) -> tree.Condition:
    """The condition with every column replaced by what `change` makes of it."""
    match condition:
        case tree.Comparison(left, op, right):
            return tree.Comparison(_value(left, change), op, _value(right, change))
        case tree.TextMatch(left, op, right):
            return tree.TextMatch(_value(left, change), op, _value(right, change))
        case tree.OneOf(left, choices):
            return tree.OneOf(_value(left, change), tuple(_value(choice, change) for choice in choices))
        case tree.IsNull(attribute):
            return tree.IsNull(change(attribute))
        case tree.IsNotNull(attribute):
            return tree.IsNotNull(change(attribute))
        case tree.Not(inner):
            return tree.Not(with_columns(inner, change))
        case tree.And(conditions):
            return tree.And(tuple(with_columns(inner, change) for inner in conditions))
        case tree.Or(conditions):
            return tree.Or(tuple(with_columns(inner, change) for inner in conditions))
    return condition


def _value(value: tree.Value, change: Change) -> tree.Value:
    match value:
        case tree.Attribute():
            return change(value)
        case tree.Arithmetic(first, rest):
            return tree.Arithmetic(_value(first, change), tuple((op, _value(operand, change)) for op, operand in rest))
        case tree.DateFunction(arguments=arguments):
            return replace(value, arguments=tuple(_value(argument, change) for argument in arguments))
    return value
