"""From an outbound query to a real-time one that selects the same people, with a finding for all that is doubtful.

Profiles are turned round (`profiles.py`), interactions renamed (`interactions.py`), references resolved
(`compounds.py`), and the sets are then chained without parentheses (`sets.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from migrator.contracts.choices import Choice
from migrator.mql import Schema, tree
from migrator.mql.walk import operands, spelled_out
from migrator.mql.write import REALTIME, REALTIME_WORDS, write_realtime
from migrator.product import findings
from migrator.product.codes import QUERY_MAX, REFERENCES_MAX
from migrator.product.findings import Finding, Severity
from migrator.translator.interactions import translated
from migrator.translator.profiles import Inexpressible, turned_round
from migrator.translator.sets import flattened


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a reference to another segment becomes: a name in the query, or the other segment's own sets."""

    members: tree.Members
    depends_on: tuple[UUID, ...] = ()
    """Legacy ids of the segments that have to be there first."""
    findings: tuple[Finding, ...] = ()
    deeper: Resolve | None = None
    """Where `members` still are outbound sets: what their own references become."""


Resolve = Callable[[str], Resolved]


@dataclass(frozen=True, slots=True)
class PlannedQuery:
    """The real-time query (empty where there is none), and what there is to say."""

    text: str = ""
    findings: tuple[Finding, ...] = ()
    depends_on: tuple[UUID, ...] = ()


@dataclass(slots=True)
class _Work:
    schema: Schema
    resolve: Resolve
    findings: list[Finding] = field(default_factory=list)
    depends_on: dict[UUID, None] = field(default_factory=dict)


def unresolved(name: str) -> Resolved:
    """For queries that stand alone: no other segment is known."""
    raise Inexpressible(findings.reference_unknown(name))


def translate_query(
    query: tree.Query,
    schema: Schema,
    resolve: Resolve = unresolved,
    *,
    interactions: Choice = Choice.FLAG,
    words: bool = False,
) -> PlannedQuery:
    """The real-time query that selects the same active contacts as `query`.

    Args:
        query: an outbound query; the order in a paging tail is dropped, since membership has none.
        schema: tables and relationships; columns of tables that it does not have are not checked.
        resolve: what a reference to another segment becomes.
        interactions: whether behavioural parts are carried over, or flagged with the result as a proposal.
        words: write AND and OR instead of && and ||.

    Returns:
        The query and the findings. Without a query, a finding says why there is none.
    """
    work = _Work(schema, resolve)
    behavioural = sorted({part.type for part in operands(query.members) if isinstance(part, tree.Interaction)})
    try:
        members = flattened(_members(query.members, work))
    except Inexpressible as error:
        return PlannedQuery("", _unique([*work.findings, error.finding]))
    if query.paging and (query.paging.take is not None or query.paging.skip):
        work.findings.append(findings.query_paged())
    if behavioural:
        accepted = interactions is Choice.TRANSLATE
        say = findings.interactions_translated if accepted else findings.query_behavioural
        work.findings.append(say(", ".join(behavioural)))
    if _had_parentheses(query.members):
        work.findings.append(findings.sets_rewritten())
    text = write_realtime(tree.Query(members), REALTIME_WORDS if words else REALTIME)
    if len(text) > QUERY_MAX:
        work.findings.append(findings.query_too_long(len(text), QUERY_MAX))
    if len(work.depends_on) > REFERENCES_MAX:
        work.findings.append(findings.many_references(len(work.depends_on), REFERENCES_MAX))
    return PlannedQuery(text, _unique(work.findings), tuple(work.depends_on))


def is_possible(found: Sequence[Finding]) -> bool:
    """Whether findings leave a query that could be loaded if a person wants it so."""
    return not any(finding.severity is Severity.STOP for finding in found)


def _members(members: tree.Members, work: _Work) -> tree.Members:
    match spelled_out(members):
        case tree.Profile() as profile:
            profiles, found = turned_round(profile, work.schema)
            work.findings.extend(found)
            first, *rest = profiles
            return tree.SetChain(first, tuple((tree.SetOperator.UNION, other) for other in rest)) if rest else first
        case tree.Interaction() as asked:
            interaction, found = translated(asked, work.schema)
            work.findings.extend(found)
            return interaction
        case tree.SegmentReference(name):
            resolved = work.resolve(name)
            work.findings.extend(resolved.findings)
            work.depends_on.update(dict.fromkeys(resolved.depends_on))
            if resolved.deeper is None:
                return resolved.members
            return _members(resolved.members, replace(work, resolve=resolved.deeper))
        case tree.SetChain(first, rest):
            return _chain(_members(first, work), [(op, _members(part, work)) for op, part in rest])
    raise TypeError(type(members).__name__)


def _chain(first: tree.Members, rest: list[tuple[tree.SetOperator, tree.Members]]) -> tree.SetChain:
    if isinstance(first, tree.SetChain):  # sets go from left to right, so a chain in front needs no parentheses
        return tree.SetChain(first.first, (*first.rest, *rest))
    return tree.SetChain(first, tuple(rest))


def _had_parentheses(members: tree.Members) -> bool:
    return isinstance(members, tree.SetChain) and any(isinstance(part, tree.SetChain) for _, part in members.rest)


def _unique(found: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(dict.fromkeys(found))
