"""Segments that are copies of each other, lie within one another, or are empty: candidates to merge or leave behind.

The same people today are not the same people tomorrow: two queries may agree on this data by chance. Copies for good
are static lists of the same ids, and queries that mean the same; all others are candidates, and said to be no more.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterator, Sequence
from uuid import UUID

from migrator.commands.people_before_and_after import Sets
from migrator.contracts.export_folder import Export
from migrator.contracts.plan import PlannedSegment
from migrator.contracts.predictions import Against, Basis, Kind, Overlap
from migrator.contracts.usage import Use
from migrator.evaluator.overlap import alike
from migrator.evaluator.population import Population
from migrator.evaluator.select import Stored
from migrator.mql import QueryError, parse_outbound
from migrator.mql.meaning import meaning
from migrator.product.codes import LegacyType, Scope


def overlaps_of(
    people: Population, segments: Sequence[PlannedSegment], before: Sets, after: Sets, export: Export
) -> Iterator[Overlap]:
    """What overlaps, by the originals on this data; the same people first, then nobody, then what lies within.

    Args:
        people: holds the sets.
        segments: of the plan, with what waits in it; none that the plan leaves out by itself.
        before: who is in the originals.
        after: who will be in the real-time segments.
        export: says how a segment counts dates, and whom it belongs to.
    """
    known = [(segment, found) for segment in segments if isinstance(found := before[segment.legacy_id], Stored)]
    sets = [found for _, found in known]
    seen = alike(people, sets)
    choice = _Choice(people, segments, after, export)
    kept: dict[int, UUID] = {}
    for group in seen.equal:
        best, those = choice.among([known[number][0] for number in group], seen.sizes[group[0]])
        kept[group[0]] = best.legacy_id
        yield from those
    for (segment, _), size in zip(known, seen.sizes, strict=True):
        if not size:
            yield Overlap(Kind.EMPTY, segment.legacy_id, None, 0)
    pairs = sorted(seen.within, key=lambda pair: (-seen.sizes[pair[0]] / seen.sizes[pair[1]], pair))
    for inner, outer in pairs:
        first, second = (kept.get(one, known[one][0].legacy_id) for one in (inner, outer))
        yield Overlap(Kind.WITHIN, first, second, seen.sizes[inner], seen.sizes[outer])


class _Choice:
    """Which of several segments with the same people is kept."""

    def __init__(self, people: Population, segments: Sequence[PlannedSegment], after: Sets, export: Export) -> None:
        self._people, self._after = people, after
        self._legacy = {one.id: one for one in export.segments}
        self._members = export.members
        self._referred = Counter(other for segment in segments for other in segment.depends_on)

    def among(self, group: Collection[PlannedSegment], size: int) -> tuple[PlannedSegment, list[Overlap]]:
        """Which of a group is kept, and its overlaps: of copies for good the best is kept, then the best of those."""
        copies: dict[Hashable, list[PlannedSegment]] = defaultdict(list)
        for segment in group:
            copies[self._key(segment)].append(segment)
        kept, found = [], list[Overlap]()
        for key, those in copies.items():
            best, *others = sorted(those, key=self._rank)
            kept.append(best)
            basis = Basis.LIST if key == _LIST else Basis.QUERY
            found += [self._overlap(one, best, size, basis) for one in others]
        best, *others = sorted(kept, key=self._rank)
        return best, [*found, *(self._overlap(one, best, size, Basis.TODAY) for one in others)]

    def _overlap(self, first: PlannedSegment, second: PlannedSegment, size: int, basis: Basis) -> Overlap:
        against = self._against(first, second)
        return Overlap(Kind.EQUAL, first.legacy_id, second.legacy_id, size, size, basis, against)

    def _key(self, segment: PlannedSegment) -> Hashable:
        """Equal for segments that have the same people on every day, and not on this one alone."""
        legacy = self._legacy[segment.legacy_id]
        if legacy.type_code == LegacyType.STATIC:
            return _LIST
        if self._members[legacy.id].excluded:
            return legacy.id  # somebody was taken out by name
        try:
            means = meaning(parse_outbound(legacy.query))
        except QueryError:
            return legacy.id
        unit = None if legacy.scope_code in (None, Scope.ORGANISATION) else legacy.business_unit
        return means, legacy.scope_code, unit, legacy.time_zone

    def _rank(self, segment: PlannedSegment) -> tuple[object, ...]:
        """The lowest is kept: what is carried over, what live journeys use, what others are built on, what will be
        live, what keeps itself up to date, the newest."""
        created = self._legacy[segment.legacy_id].created_on
        return (
            not segment.loadable,
            segment.use is not Use.LIVE,
            -self._referred[segment.legacy_id],
            not segment.publish,
            segment.type_code == LegacyType.STATIC,
            tuple(-ord(sign) for sign in created) or (1,),  # the newest; one whose age nobody knows is the oldest
            str(segment.legacy_id),
        )

    def _against(self, first: PlannedSegment, second: PlannedSegment) -> Against | None:
        if first.use is Use.LIVE:
            return Against.USED
        if self._referred[first.legacy_id]:
            return Against.BUILT_ON
        if not second.loadable:
            return Against.NOT_CARRIED_OVER
        if first.publish and not second.publish:
            return Against.NOT_LIVE
        one, other = self._after[first.legacy_id], self._after[second.legacy_id]
        if isinstance(one, Stored) and isinstance(other, Stored):
            same = self._people.size(one) == self._people.size(other) and self._people.lies_within(one, other)
            return None if same else Against.DIFFERENT
        return Against.UNKNOWN if first.loadable or not isinstance(other, Stored) else None


_LIST = "list"
