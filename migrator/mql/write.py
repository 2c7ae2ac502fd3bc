"""Tree to text, for both dialects: tables of node type → function. Writing is canonical: one tree, one text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from migrator.mql import tree


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one of the two languages spells what both share."""

    both: str = "&&"
    either: str = "||"
    true: str = "True"
    false: str = "False"
    interaction: str = "INTERACTION"
    having: str = "HAVING"
    count: str = "COUNT"


OUTBOUND = Dialect()
REALTIME = Dialect(true="true", false="false", interaction="Interaction", having="Having", count="Count")
"""Symbols, not words: one project reports that creating through the Web API refused AND and OR (seen)."""
REALTIME_WORDS = Dialect("AND", "OR", "true", "false", "Interaction", "Having", "Count")


def write_outbound(query: tree.Query) -> str:
    """The outbound text of `query`."""
    paging = _paging(query.paging) if query.paging else ""
    members = _members(query.members, OUTBOUND)
    # A tail belongs to the whole expression, so a chain goes into parentheses before it.
    return f"({members}){paging}" if paging and isinstance(query.members, tree.SetChain) else members + paging


def write_realtime(query: tree.Query, dialect: Dialect = REALTIME) -> str:
    """The real-time text of `query`; it must hold nothing that only outbound knows (Traverse, aliases, paging)."""
    return _members(query.members, dialect)


def write_members(members: tree.Members, dialect: Dialect = REALTIME) -> str:
    """The text of one set of people."""
    return _members(members, dialect)


def write_condition(condition: tree.Condition, dialect: Dialect = REALTIME) -> str:
    """The text of one condition."""
    return _CONDITIONS[type(condition)](condition, dialect)


# --- sets ------------------------------------------------------------------------------------------------------------


def _members(members: tree.Members, dialect: Dialect) -> str:
    return _SETS[type(members)](members, dialect)


def _profile(node: tree.Profile, dialect: Dialect) -> str:
    alias = f", {node.alias}" if node.alias else ""
    return f"PROFILE({node.entity}{alias})" + "".join(_STEPS[type(step)](step, dialect) for step in node.steps)


def _filter(node: tree.Filter, dialect: Dialect) -> str:
    return f".FILTER({write_condition(node.condition, dialect)})"


def _traverse(node: tree.Traverse, dialect: Dialect) -> str:
    alias = f", {node.alias}" if node.alias else ""
    condition = f", FILTER({write_condition(node.condition, dialect)})" if node.condition else ""
    return f".TRAVERSE({_named(node.relationship, _NAME)}{alias}{condition})"


def _relate(node: tree.Relate, dialect: Dialect) -> str:
    first, *nested = node.hops
    path = f"{first.relationship}, {first.alias}"
    for hop in nested:
        path += f", {_relate_word(hop.optional)}({hop.relationship}, {hop.alias}"
    closing = ")" * len(nested)
    return f".{_relate_word(node.optional)}({path}{closing}).FILTER({write_condition(node.condition, dialect)})"


def _relate_word(optional: bool) -> str:
    return "RELATEOPTIONAL" if optional else "RELATE"


def _segment(node: tree.SegmentReference, dialect: Dialect) -> str:
    return f"SEGMENT({_named(node.name, _SEGMENT_NAME)}){_filters(node.filters, dialect)}"


def _filters(conditions: Sequence[tree.Condition], dialect: Dialect) -> str:
    return "".join(f".FILTER({write_condition(condition, dialect)})" for condition in conditions)


def _interaction(node: tree.Interaction, dialect: Dialect) -> str:
    filters = _filters(node.filters, dialect)
    having = "".join(_having(having, dialect) for having in (node.having, *node.further) if having)
    return f"{dialect.interaction}({node.type}, {node.link}){filters}{having}"


def _having(node: tree.Having, dialect: Dialect) -> str:
    aggregate = dialect.count if node.aggregate == "COUNT" else node.aggregate
    window = f", {node.unit}({node.length})" if node.unit else ""
    return f".{dialect.having}({aggregate}({node.attribute or ''}) {node.op} {node.number.digits}{window})"


def _set_chain(node: tree.SetChain, dialect: Dialect) -> str:
    parts = [_members(node.first, dialect)]
    for operator, members in node.rest:
        text = _members(members, dialect)
        parts.append(f"{operator} ({text})" if isinstance(members, tree.SetChain) else f"{operator} {text}")
    return " ".join(parts)


def _paging(node: tree.Paging) -> str:
    text = ""
    if node.order:
        columns = [f"{_column(column)} DESC" if descending else _column(column) for column, descending in node.order]
        text += f".ORDERBY({', '.join(columns)})"
    if node.skip is not None:
        text += f".SKIP({node.skip})"
    if node.take is not None:
        text += f".TAKE({node.take})"
    if node.select:
        text += f".SELECT({', '.join(map(_column, node.select))})"
    return text


_SETS: Mapping[type[tree.Members], Callable[[Any, Dialect], str]] = {
    tree.Profile: _profile,
    tree.SegmentReference: _segment,
    tree.Interaction: _interaction,
    tree.SetChain: _set_chain,
}

_STEPS: Mapping[type[Any], Callable[[Any, Dialect], str]] = {
    tree.Filter: _filter,
    tree.Traverse: _traverse,
    tree.Relate: _relate,
}

# --- conditions ------------------------------------------------------------------------------------------------------


def _comparison(node: tree.Comparison | tree.TextMatch, dialect: Dialect) -> str:
    return f"{_value(node.left, dialect)} {node.op} {_value(node.right, dialect)}"


def _one_of(node: tree.OneOf, dialect: Dialect) -> str:
    return f"{_value(node.left, dialect)} IN [{', '.join(_value(choice, dialect) for choice in node.choices)}]"


def _and(node: tree.And, dialect: Dialect) -> str:
    texts = [
        f"({write_condition(condition, dialect)})"
        if isinstance(condition, tree.Or)
        else write_condition(condition, dialect)
        for condition in node.conditions
    ]
    return f" {dialect.both} ".join(texts)


def _or(node: tree.Or, dialect: Dialect) -> str:
    return f" {dialect.either} ".join(write_condition(condition, dialect) for condition in node.conditions)


_CONDITIONS: Mapping[type[tree.Condition], Callable[[Any, Dialect], str]] = {
    tree.Comparison: _comparison,
    tree.TextMatch: _comparison,
    tree.OneOf: _one_of,
    tree.IsNull: lambda node, dialect: f"ISNULL({_value(node.attribute, dialect)})",
    tree.IsNotNull: lambda node, dialect: f"ISNOTNULL({_value(node.attribute, dialect)})",
    tree.Not: lambda node, dialect: f"NOT({write_condition(node.condition, dialect)})",
    tree.And: _and,
    tree.Or: _or,
}

# --- values ----------------------------------------------------------------------------------------------------------


def _value(value: tree.Value, dialect: Dialect) -> str:
    return _VALUES[type(value)](value, dialect)


def _text(node: tree.Text, _dialect: Dialect) -> str:
    return _quoted(node.text)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


_NAME = re.compile(r"[A-Za-z_]\w*")
_SEGMENT_NAME = re.compile(r"[\w-]+(?:[ \t]+[\w-]+)*")


def _named(name: str, plain: re.Pattern[str]) -> str:
    """A name that needs no quotes as it is, any other in quotes."""
    return name if plain.fullmatch(name) else _quoted(name)


def _column(node: tree.Attribute) -> str:
    return f"{node.alias}.{node.name}" if node.alias else node.name


def _arithmetic(node: tree.Arithmetic, dialect: Dialect) -> str:
    sums = node.rest[0][0] in "+-"
    parts = [_operand(node.first, sums, dialect)]
    # On the right of an operator an inner chain of the same precedence would otherwise be read from the left.
    parts.extend(f"{op} {_operand(value, sums and not _is_sum(value), dialect)}" for op, value in node.rest)
    return " ".join(parts)


def _operand(value: tree.Value, bare: bool, dialect: Dialect) -> str:
    text = _value(value, dialect)
    return text if bare or not isinstance(value, tree.Arithmetic) else f"({text})"


def _is_sum(value: tree.Value) -> bool:
    return isinstance(value, tree.Arithmetic) and value.rest[0][0] in "+-"


def _date_function(node: tree.DateFunction, dialect: Dialect) -> str:
    arguments = [node.part] if node.part else []
    arguments.extend(_value(argument, dialect) for argument in node.arguments)
    return f"{node.name}({', '.join(arguments)})"


_VALUES: Mapping[type[tree.Value], Callable[[Any, Dialect], str]] = {
    tree.Text: _text,
    tree.Number: lambda node, _: node.digits,
    tree.Boolean: lambda node, dialect: dialect.true if node.value else dialect.false,
    tree.Attribute: lambda node, _: _column(node),
    tree.Arithmetic: _arithmetic,
    tree.DateFunction: _date_function,
}
