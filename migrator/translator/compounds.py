"""References between segments: to the migrated one where one level is enough, else its sets in its place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from migrator.contracts.legacy_segment import LegacySegment
from migrator.contracts.plan import LOADED_OUTCOMES, Outcome
from migrator.mql import QueryError, parse_outbound, tree
from migrator.mql.walk import references
from migrator.product import findings
from migrator.product.codes import SEGMENT_PREFIX, LegacyType
from migrator.product.findings import Finding
from migrator.translator.profiles import Inexpressible
from migrator.translator.queries import Resolve, Resolved


class Segments:
    """All segments of an export by the names that queries use for them."""

    def __init__(self, segments: Sequence[LegacySegment]) -> None:
        self._by_query_name = {segment.query_name.lower(): segment for segment in segments if segment.query_name}
        self._by_name: Mapping[str, list[LegacySegment]] = defaultdict(list)
        for segment in segments:
            self._by_name[segment.name].append(segment)
        self._parsed: dict[UUID, tree.Query | QueryError] = {}

    def named(self, name: str) -> LegacySegment:
        """The segment that a query calls `name`.

        Raises:
            Inexpressible: there is none, or more than one.
        """
        if found := self._by_query_name.get(name.lower()):
            return found
        namesakes = self._by_name.get(name, [])
        if len(namesakes) != 1:
            raise Inexpressible(findings.reference_unknown(name))
        return namesakes[0]

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
        try:
            return self.named(name).name
        except Inexpressible:
            return name


Fate = Callable[[LegacySegment], tuple[Outcome, UUID]]
"""What becomes of a segment without references, and the id of its real-time segment."""


def resolver(segment: LegacySegment, segments: Segments, fate: Fate) -> Resolve:
    """What the references in the query of `segment` become."""
    return _resolver((segment,), segments, fate)


def resolver_of_query(segments: Segments, fate: Fate) -> Resolve:
    """What the references in a query become that belongs to no segment."""
    return _resolver((), segments, fate)


def _resolver(path: tuple[LegacySegment, ...], segments: Segments, fate: Fate) -> Resolve:
    def resolve(name: str) -> Resolved:
        found = segments.named(name)
        if found.id in {segment.id for segment in path}:
            raise Inexpressible(findings.reference_cycle([*(segment.name for segment in path), found.name]))
        if segments.refers(found):
            # Real-time queries nest one level only, so the sets of the other segment take its place.
            members = segments.members(found)
            if members is None:
                raise Inexpressible(findings.reference_unknown(found.name))
            told = (findings.reference_unfolded(found.name),)
            return Resolved(members, findings=told, deeper=_resolver((*path, found), segments, fate))
        outcome, segment_id = fate(found)
        doubts: tuple[Finding, ...] = ()
        if outcome not in LOADED_OUTCOMES:
            doubts = (findings.reference_not_carried_over(found.name, str(outcome)),)
        return Resolved(tree.SegmentReference(SEGMENT_PREFIX + segment_id.hex), (found.id,), doubts)

    return resolve
