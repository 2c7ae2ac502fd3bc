"""Queries: those over contact alone are written the real-time way; all others wait for a decision, and say why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from migrator import findings
from migrator.codes import AUDIENCE, LegacyType
from migrator.findings import Finding
from migrator.model import LegacySegment
from migrator.mql import QueryError, Schema, parse_outbound, tree, write_realtime


@dataclass(frozen=True, slots=True)
class PlannedQuery:
    """The real-time query (empty where there is none), and what there is to say."""

    text: str
    findings: tuple[Finding, ...]


def plan_query(segment: LegacySegment, schema: Schema) -> PlannedQuery:
    """Translate the query of one segment; static segments have none."""
    if segment.type_code == LegacyType.STATIC:
        return PlannedQuery("", ())
    if not segment.query.strip():
        return PlannedQuery("", (findings.query_missing(),))
    found: list[Finding] = []
    if segment.other_query:
        found.append(findings.queries_differ())
    try:
        query = parse_outbound(segment.query)
    except QueryError as error:
        return PlannedQuery("", (*found, findings.query_unreadable(str(error))))
    match query.members:
        case tree.Profile() as profile if segment.type_code != LegacyType.COMPOUND:
            text, more = _profile(profile, schema)
            return PlannedQuery(text, (*found, *more))
        case members:
            return PlannedQuery("", (*found, _flag(members, segment.type_code)))


def _flag(members: tree.Members, type_code: int | None) -> Finding:
    if type_code == LegacyType.COMPOUND:
        return findings.compound_segment(len(set(_references(members))))
    interactions = sorted({part.type for part in _parts(members) if isinstance(part, tree.Interaction)})
    if interactions:
        return findings.query_behavioural(", ".join(interactions))
    return findings.query_combines_sets()


def _parts(members: tree.Members) -> Iterator[tree.Members]:
    if isinstance(members, tree.SetChain):
        yield from _parts(members.first)
        for _, part in members.rest:
            yield from _parts(part)
    else:
        yield members


def _references(members: tree.Members) -> Iterator[str]:
    return (part.name for part in _parts(members) if isinstance(part, tree.SegmentReference))


# --- a profile -------------------------------------------------------------------------------------------------------


def _profile(profile: tree.Profile, schema: Schema) -> tuple[str, list[Finding]]:
    traversed = [step.relationship for step in profile.steps if isinstance(step, tree.Traverse)]
    if traversed:
        return "", [findings.query_traverses(", ".join([profile.entity, *traversed]))]
    if profile.entity.lower() != AUDIENCE:
        return "", [findings.audience_not_contact(profile.entity)]
    conditions = [_bare(step.condition, profile.alias) for step in profile.steps if isinstance(step, tree.Filter)]
    found = [finding for condition in conditions for finding in _doubts(condition, schema)]
    whole = tree.Profile(AUDIENCE, None, tuple(map(tree.Filter, conditions)))
    return write_realtime(tree.Query(whole)), list(dict.fromkeys(found))


def _bare(condition: tree.Condition, alias: str | None) -> tree.Condition:
    """The condition without the audience's alias: real-time queries name columns of the audience bare."""
    match condition:
        case tree.Comparison(left, op, right):
            return tree.Comparison(_bare_value(left, alias), op, _bare_value(right, alias))
        case tree.TextMatch(left, op, right):
            return tree.TextMatch(_bare_value(left, alias), op, _bare_value(right, alias))
        case tree.IsNull(attribute):
            return tree.IsNull(_bare_attribute(attribute, alias))
        case tree.IsNotNull(attribute):
            return tree.IsNotNull(_bare_attribute(attribute, alias))
        case tree.Not(inner):
            return tree.Not(_bare(inner, alias))
        case tree.And(conditions):
            return tree.And(tuple(_bare(inner, alias) for inner in conditions))
        case tree.Or(conditions):
            return tree.Or(tuple(_bare(inner, alias) for inner in conditions))
    return condition


def _bare_value(value: tree.Value, alias: str | None) -> tree.Value:
    match value:
        case tree.Attribute():
            return _bare_attribute(value, alias)
        case tree.Arithmetic(first, rest):
            return tree.Arithmetic(
                _bare_value(first, alias), tuple((op, _bare_value(operand, alias)) for op, operand in rest)
            )
        case tree.DateFunction(arguments=arguments):
            return replace(value, arguments=tuple(_bare_value(argument, alias) for argument in arguments))
    return value


def _bare_attribute(attribute: tree.Attribute, alias: str | None) -> tree.Attribute:
    if alias and attribute.alias and attribute.alias.lower() == alias.lower():
        return tree.Attribute(attribute.name)
    return attribute


def _doubts(condition: tree.Condition, schema: Schema) -> Iterator[Finding]:
    """What is unproven, unknown or unusable in a condition."""
    table = schema.tables.get(AUDIENCE)
    unproven: dict[str, None] = {}
    for node in _nodes(condition):
        match node:
            case tree.TextMatch(op=op) if op != "CONTAINS":
                unproven[op] = None
            case tree.Arithmetic():
                unproven["arithmetic"] = None
            case tree.DateFunction(name=name):
                unproven[name] = None
            case tree.Attribute(name, alias) if alias is not None:
                yield findings.alias_unknown(f"{alias}.{name}", alias)
            case tree.Attribute(name) if table is not None:
                column = table.columns.get(name.lower())
                if column is None:
                    yield findings.column_unknown(AUDIENCE, name)
                elif column.usable_kind:
                    yield findings.column_not_stored(AUDIENCE, name, column.usable_kind)
    if unproven:
        yield findings.unproven_construct(", ".join(unproven))


def _nodes(node: tree.Condition | tree.Value) -> Iterator[tree.Condition | tree.Value]:
    """The node and everything below it."""
    yield node
    children: tuple[tree.Condition | tree.Value, ...] = ()
    match node:
        case tree.Comparison(left, _, right) | tree.TextMatch(left, _, right):
            children = (left, right)
        case tree.IsNull(attribute) | tree.IsNotNull(attribute):
            children = (attribute,)
        case tree.Not(inner):
            children = (inner,)
        case tree.And(conditions) | tree.Or(conditions):
            children = conditions
        case tree.Arithmetic(first, rest):
            children = (first, *(operand for _, operand in rest))
        case tree.DateFunction(arguments=arguments):
            children = arguments
    for child in children:
        yield from _nodes(child)
