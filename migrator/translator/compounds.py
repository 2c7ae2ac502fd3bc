"""References between segments: to the migrated one where one level is enough, else its sets in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from migrator.contracts.choices import Choice
from migrator.contracts.legacy_segment import Called, LegacySegment
from migrator.contracts.members import Members
from migrator.contracts.plan import LOADED_OUTCOMES, Outcome
from migrator.mql import QueryError, Schema, parse_outbound, tree
from migrator.mql.walk import operands, references
from migrator.product import findings
from migrator.product.codes import SEGMENT_PREFIX, LegacyType
from migrator.product.findings import Finding, Severity
from migrator.translator.activity import Reach
from migrator.translator.queries import Resolve, TranslatedSet, translate_set
from migrator.translator.sets import flattened
from migrator.translator.statuses import plan_status

LEVELS_MAX = 50
"""Levels over which segments may refer to one another; outbound allowed few, and every walk stays shallow."""


_NAMED_MAX = 20
"""Segments of a circle that are named."""


class Segments:
    """All segments of an export by the names that queries use for them."""

    def __init__(self, segments: Sequence[LegacySegment]) -> None:
        self._called = Called(segments)
        self._parsed: dict[UUID, tree.Query | QueryError] = {}
        self._levels: dict[UUID, int | None] = {}

    def named(self, name: str) -> LegacySegment | None:
        """The segment that a query calls `name`; None where there is none, or more than one."""
        return self._called.named(name)

    def query(self, segment: LegacySegment) -> tree.Query:
        """The query of a segment, read once.

        Raises:
            QueryError: it cannot be read.
        """
        if segment.id not in self._parsed:
            try:
                self._parsed[segment.id] = parse_outbound(segment.query)
            except QueryError as error:
                self._parsed[segment.id] = error
        found = self._parsed[segment.id]
        if isinstance(found, QueryError):
            raise found
        return found

    def members(self, segment: LegacySegment) -> tree.Members | None:
        """The sets in a segment's query; None for static segments and queries that cannot be read."""
        if segment.type_code == LegacyType.STATIC:
            return None
        try:
            return self.query(segment).members
        except QueryError:
            return None

    def refers(self, segment: LegacySegment) -> bool:
        """Whether a segment's query refers to other segments."""
        members = self.members(segment)
        return members is not None and any(True for _ in references(members))

    def count_references(self, segment: LegacySegment) -> int:
        """How many different segments a segment's query refers to."""
        members = self.members(segment)
        return len({name.lower() for name in references(members)}) if members is not None else 0

    def title(self, name: str) -> str:
        """The title of the segment that a query calls `name`; the name itself where there is none."""
        found = self.named(name)
        return found.name if found else name

    def levels(self, segment: LegacySegment) -> int | None:
        """Over how many levels a segment refers to others; None where it comes back to a segment on the way."""
        if segment.id not in self._levels:
            self._find_levels(segment)
        return self._levels[segment.id]

    def circle(self, segment: LegacySegment) -> list[str]:
        """The names along the way from a segment back to one that was met already; of a long way its beginning."""
        names, met, here = [segment.name], {segment.id}, segment
        while len(names) < _NAMED_MAX:
            following = next((other for other in self._referred(here) if self.levels(other) is None), None)
            if following is None:
                return names
            names.append(following.name)
            if following.id in met:
                return names
            met.add(following.id)
            here = following
        return [*names, "…"]

    def _referred(self, segment: LegacySegment) -> list[LegacySegment]:
        members = self.members(segment)
        if members is None:
            return []
        found = (self.named(name) for name in dict.fromkeys(references(members)))
        return [other for other in found if other is not None]

    def _find_levels(self, start: LegacySegment) -> None:
        # Without recursion: thousands of segments may hang on one another.
        waiting: list[tuple[LegacySegment, list[LegacySegment]]] = [(start, self._referred(start))]
        under_way = {start.id}
        while waiting:
            segment, referred = waiting[-1]
            following = next((o for o in referred if o.id not in self._levels and o.id not in under_way), None)
            if following is not None:
                under_way.add(following.id)
                waiting.append((following, self._referred(following)))
                continue
            waiting.pop()
            below = [self._levels.get(other.id) for other in referred]
            known = [level for level in below if level is not None]
            self._levels[segment.id] = 1 + max(known, default=-1) if len(known) == len(below) else None
            under_way.discard(segment.id)


Settled = Callable[[LegacySegment], tuple[Outcome, UUID]]
"""What becomes of a segment without references, and the id of its real-time segment."""


@dataclass(frozen=True, slots=True)
class References:
    """What the references in queries become. Each segment that refers to others is unfolded once."""

    segments: Segments
    settled: Settled
    schema: Schema
    members: Mapping[UUID, Members]
    interactions: Choice
    unfolded: dict[UUID, TranslatedSet]

    def of(self, segment: LegacySegment | None) -> Resolve:
        """What the references in the query of `segment` become, or in a query that belongs to no segment."""

        def resolve(name: str) -> TranslatedSet:
            found = self.segments.named(name)
            if found is None:
                return TranslatedSet(findings=(findings.reference_unknown(name),))
            if self.segments.levels(found) is None:
                from_here = segment if segment is not None and self.segments.levels(segment) is None else found
                return TranslatedSet(findings=(findings.reference_cycle(self.segments.circle(from_here)),))
            return self._unfolded(found) if self.segments.refers(found) else self._reference(found)

        return resolve

    def _reference(self, found: LegacySegment) -> TranslatedSet:
        outcome, segment_id = self.settled(found)
        doubts: tuple[Finding, ...] = ()
        if outcome not in LOADED_OUTCOMES:
            doubts = (findings.reference_not_carried_over(found.name, str(outcome)),)
        name = SEGMENT_PREFIX + segment_id.hex
        return TranslatedSet(
            tree.SegmentReference(name), doubts, depends_on=(found.id,), reach={name: self._reach(found)}
        )

    def _reach(self, found: LegacySegment) -> Reach:
        """What may be so of inactive contacts in a segment that is referred to."""
        if found.type_code == LegacyType.STATIC:
            members = self.members.get(found.id)
            active = members is not None and members.checked and not members.inactive
            return Reach(holds=not active)
        parts = self.segments.members(found)
        acted = parts is None or any(isinstance(part, tree.Interaction) for part in operands(parts))
        return Reach(holds=acted, lost=True)

    def _unfolded(self, found: LegacySegment) -> TranslatedSet:
        """The sets of another segment in its place, with its decisions: real-time queries nest one level only."""
        if found.id not in self.unfolded:
            self.unfolded[found.id] = self._unfold(found)
        return self.unfolded[found.id]

    def _unfold(self, found: LegacySegment) -> TranslatedSet:
        if (self.segments.levels(found) or 0) > LEVELS_MAX:
            return TranslatedSet(findings=(findings.references_too_deep(LEVELS_MAX),))
        translated = translate_set(
            self.segments.query(found), self.schema, self.of(found), interactions=self.interactions
        )
        own = [*_of_the_row(found), *translated.findings]
        members = translated.members
        if members is not None:
            chain = flattened(members, own)
            members = chain.members if chain else None
            if chain and chain.rewritten:
                own.append(findings.sets_rewritten())
        return replace(
            translated,
            members=members,
            findings=(findings.reference_unfolded(found.name),),
            inner=(*(findings.within(found.name, finding) for finding in own), *translated.inner),
            zones=translated.zones | ({found.time_zone} if translated.relative else frozenset()),
            relative=False,
        )


def _of_the_row(segment: LegacySegment) -> list[Finding]:
    """What a person has to decide about a segment besides its query, before others are built on that."""
    found = [] if not segment.other_query else [findings.queries_differ(" ".join(segment.other_query.split()))]
    about_people = {findings.mirrored_segment().code, findings.type_unknown(None).code}
    found.extend(
        finding
        for finding in plan_status(segment, drafts_only=False).findings
        if finding.code in about_people and finding.severity in (Severity.DECISION, Severity.STOP)
    )
    return found
