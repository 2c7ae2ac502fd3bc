"""Queries: those over contact alone are written the real-time way; all others wait for a decision, and say why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrator import findings
from migrator.codes import AUDIENCE, LegacyType
from migrator.findings import Finding
from migrator.model import LegacySegment
from migrator.mql import QueryError, Schema, parse_outbound, tree, write_realtime
from migrator.mql.walk import nodes, operands, references, with_columns


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
        return findings.compound_segment(len(set(references(members))))
    interactions = sorted({part.type for part in operands(members) if isinstance(part, tree.Interaction)})
    if interactions:
        return findings.query_behavioural(", ".join(interactions))
    return findings.query_combines_sets()


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

    def bare(attribute: tree.Attribute) -> tree.Attribute:
        if alias and attribute.alias and attribute.alias.lower() == alias.lower():
            return tree.Attribute(attribute.name)
        return attribute

    return with_columns(condition, bare)


def _doubts(condition: tree.Condition, schema: Schema) -> Iterator[Finding]:
    """What is unproven, unknown or unusable in a condition."""
    table = schema.tables.get(AUDIENCE)
    unproven: dict[str, None] = {}
    for node in nodes(condition):
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
