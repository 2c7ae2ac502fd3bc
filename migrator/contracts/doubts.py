"""What about a member list only a person can decide, counted by kind: the translator flags by it, an import says it.

Each kind can be accepted, for one segment or for all at once (`import-members --accept KIND`); the export records it.
"""

from __future__ import annotations

from collections.abc import Mapping

from migrator.contracts.choices import Doubt
from migrator.contracts.legacy_segment import LegacySegment
from migrator.contracts.members import Members, MemberSource
from migrator.product.codes import LegacyStatus, LegacyType


def doubts(members: Members, segment: LegacySegment, tolerance: float) -> Mapping[Doubt, int]:
    """What a person has to decide about the members of a segment, with how many entries each is about.

    Args:
        members: what is known of them.
        segment: its row.
        tolerance: the share of ids of no contact above which it may be the wrong list.
    """
    asked = {Doubt.QUESTION: int(bool(members.question))}
    if members.count is None:
        return _open(asked, members.accepted)
    named = members.source.named
    static = segment.type_code == LegacyType.STATIC
    lost = members.gone or members.not_found or members.unreadable
    maybe_lost = bool(named or lost or segment.recorded_size != 0)
    was_live = segment.status_code != LegacyStatus.DRAFT
    from_old_row = members.source is MemberSource.ROW and was_live and segment.recorded_size is None
    found = {
        **asked,
        Doubt.UNREADABLE: members.unreadable if named else 0,
        Doubt.NOT_FOUND: members.not_found,
        Doubt.AMBIGUOUS: members.ambiguous,
        Doubt.GONE: _many(members.gone, members.count, tolerance),
        Doubt.NOBODY: int((static or named) and members.count == 0 and maybe_lost),
        Doubt.ROW: members.count if from_old_row else 0,
    }
    return _open(found, members.accepted)


def doubts_about_exclusions(members: Members, tolerance: float) -> Mapping[Doubt, int]:
    """The same about those who are excluded by name: whoever is missed there would be mailed."""
    left, count = members.excluding, members.excluded
    if left is None:
        return {}
    found = {
        Doubt.QUESTION: int(bool(left.question)),
        Doubt.UNREADABLE: left.unreadable,
        Doubt.NOT_FOUND: left.not_found,
        Doubt.AMBIGUOUS: left.ambiguous,
        Doubt.GONE: _many(left.gone, count or 0, tolerance),
        Doubt.NOBODY: int(count == 0),
    }
    return _open(found, left.accepted)


def _many(gone: int, left: int, tolerance: float) -> int:
    return gone if left and gone > tolerance * (gone + left) else 0


def _open(found: Mapping[Doubt, int], accepted: tuple[str, ...]) -> Mapping[Doubt, int]:
    return {doubt: count for doubt, count in found.items() if count and doubt not in accepted}
