"""From an outbound query to a real-time one that selects the same people, with a finding for all that is doubtful.

Profiles are turned round (`profiles.py`), interactions renamed (`interactions.py`), references resolved
(`compounds.py`), and the sets are then chained without parentheses (`sets.py`). Everything that stands in the way of a
query is told, not only what comes first; the work that one query can make is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from migrator.contracts.choices import Choice
from migrator.mql import Schema, tree
from migrator.mql.walk import counts_from_now, operands, spelled_out
from migrator.mql.write import REALTIME, REALTIME_WORDS, write_realtime
from migrator.product import findings
from migrator.product.codes import QUERY_MAX, REFERENCES_MAX
from migrator.product.findings import Finding
from migrator.translator.activity import Reach, about_inactive
from migrator.translator.interactions import translated
from migrator.translator.profiles import turned_round
from migrator.translator.sets import flattened

PARTS_MAX = 1_000
"""Sets of one real-time query. One of 4,000 characters has fewer than 300; unfolded references could make millions."""


@dataclass(frozen=True, slots=True)
class TranslatedSet:
    """What a set expression becomes, and what there is to say: of a whole query, or of a reference in one."""

    members: tree.Members | None = None
    """Real-time sets in a chain; None where they cannot be said."""
    findings: tuple[Finding, ...] = ()
    inner: tuple[Finding, ...] = ()
    """What there is to say about the queries of other segments that stand in the place of references."""
    depends_on: tuple[UUID, ...] = ()
    """Legacy ids of the segments that have to be there first."""
    reach: Mapping[str, Reach] = field(default_factory=dict)
    """Name of a real-time segment → what may be so of inactive contacts in it."""
    size: int = 1
    """The number of sets."""
    relative: bool = False
    """Whether the query itself counts from now."""
    zones: frozenset[int | None] = frozenset()
    """The time zones of unfolded queries that count from now."""


Resolve = Callable[[str], TranslatedSet]
"""What a reference to another segment becomes."""


@dataclass(frozen=True, slots=True)
class PlannedQuery:
    """The real-time query (empty where there is none), and what there is to say."""

    text: str = ""
    findings: tuple[Finding, ...] = ()
    depends_on: tuple[UUID, ...] = ()
    relative: bool = False
    """Whether the query itself counts from now."""
    zones: frozenset[int | None] = frozenset()
    """The time zones of unfolded queries that count from now; None is that of the organisation."""
    time_zone: int | None = None
    """The code of the zone that the real-time segment gets; None leaves it to the product."""


def unresolved(name: str) -> TranslatedSet:
    """For queries that stand alone: no other segment is known."""
    return TranslatedSet(findings=(findings.reference_unknown(name),))


def translate_query(
    query: tree.Query,
    schema: Schema,
    resolve: Resolve = unresolved,
    *,
    interactions: Choice = Choice.FLAG,
    words: bool = False,
    most: int = QUERY_MAX,
) -> PlannedQuery:
    """The real-time query that selects the same active contacts as `query`.

    Args:
        query: an outbound query; the order in a paging tail is dropped, since membership has none.
        schema: tables and relationships; columns of tables that it does not have are not checked.
        resolve: what a reference to another segment becomes.
        interactions: whether behavioural parts are carried over, or flagged with the result as a proposal.
        words: write AND and OR instead of && and ||.
        most: characters that the column of the real-time query takes.

    Returns:
        The query and the findings. Without a query, the findings say why there is none.
    """
    translated = translate_set(query, schema, resolve, interactions=interactions)
    found = list(translated.findings + translated.inner)
    if translated.members is None:
        return PlannedQuery("", _unique(found), relative=translated.relative, zones=translated.zones)
    found.extend(about_inactive(translated.members, translated.reach))
    chain = flattened(translated.members, found)
    if chain is None:
        return PlannedQuery("", _unique(found), relative=translated.relative, zones=translated.zones)
    if chain.rewritten or _has_parentheses(query.members):
        found.append(findings.sets_rewritten())
    text = write_realtime(tree.Query(chain.members), REALTIME_WORDS if words else REALTIME)
    if len(text) > most:
        found.append(findings.query_too_long(len(text), most))
    if len(translated.depends_on) > REFERENCES_MAX:
        found.append(findings.many_references(len(translated.depends_on), REFERENCES_MAX))
    return PlannedQuery(text, _unique(found), translated.depends_on, translated.relative, translated.zones)


def translate_set(query: tree.Query, schema: Schema, resolve: Resolve, *, interactions: Choice) -> TranslatedSet:
    """The real-time sets of a query; parentheses may be left between them.

    Args:
        query: an outbound query.
        schema: tables and relationships.
        resolve: what a reference to another segment becomes.
        interactions: whether behavioural parts are carried over, or flagged with the result as a proposal.
    """
    work = _Work(schema, resolve)
    members = _members(query.members, work)
    if query.paging and (query.paging.take is not None or query.paging.skip):
        work.told.append(findings.query_paged())
    behavioural = sorted({part.type for part in operands(query.members) if isinstance(part, tree.Interaction)})
    if behavioural and members is not None:
        accepted = interactions is Choice.TRANSLATE
        say = findings.interactions_translated if accepted else findings.query_behavioural
        work.told.append(say(", ".join(behavioural)))
    if work.size > PARTS_MAX:
        work.told.append(findings.query_too_large(PARTS_MAX))
        members, work.inner = None, {}  # what so many segments say of themselves would bury that
    return TranslatedSet(
        members,
        _unique(work.told),
        tuple(work.inner),
        tuple(work.depends_on),
        work.reach,
        min(work.size, PARTS_MAX + 1),
        counts_from_now(query.members),
        frozenset(work.zones),
    )


@dataclass(slots=True)
class _Work:
    schema: Schema
    resolve: Resolve
    told: list[Finding] = field(default_factory=list)
    inner: dict[Finding, None] = field(default_factory=dict)
    depends_on: dict[UUID, None] = field(default_factory=dict)
    reach: dict[str, Reach] = field(default_factory=dict)
    zones: set[int | None] = field(default_factory=set)
    size: int = 0


def _members(members: tree.Members, work: _Work) -> tree.Members | None:
    match spelled_out(members):
        case tree.Profile() as profile:
            profiles = turned_round(profile, work.schema, work.told)
            work.size += len(profiles or ())
            if profiles is None:
                return None
            first, *rest = profiles
            return tree.SetChain(first, tuple((tree.SetOperator.UNION, other) for other in rest)) if rest else first
        case tree.Interaction() as asked:
            work.size += 1
            return translated(asked, work.schema, work.told)
        case tree.SegmentReference(name):
            return _referred(work.resolve(name), work)
        case tree.SetChain(first, rest):
            parts = [_members(first, work), *(_members(part, work) for _, part in rest)]
            if work.size > PARTS_MAX:
                return None
            return _chained(parts, [operator for operator, _ in rest])
    raise TypeError(type(members).__name__)


def _referred(referred: TranslatedSet, work: _Work) -> tree.Members | None:
    work.told.extend(referred.findings)
    work.inner.update(dict.fromkeys(referred.inner))
    work.depends_on.update(dict.fromkeys(referred.depends_on))
    work.reach.update(referred.reach)
    work.zones.update(referred.zones)
    work.size += referred.size
    return referred.members


def _chained(parts: Sequence[tree.Members | None], operators: Sequence[tree.SetOperator]) -> tree.Members | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    first, rest = known[0], tuple(zip(operators, known[1:], strict=True))
    if isinstance(first, tree.SetChain):  # sets go from left to right, so a chain in front needs no parentheses
        return tree.SetChain(first.first, (*first.rest, *rest))
    return tree.SetChain(first, rest)


def _has_parentheses(members: tree.Members) -> bool:
    return isinstance(members, tree.SetChain) and any(isinstance(part, tree.SetChain) for _, part in members.rest)


def _unique(found: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(dict.fromkeys(found))
