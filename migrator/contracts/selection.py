"""Which legacy segments a run is about."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from uuid import UUID

from migrator.contracts.legacy_segment import LegacySegment


@dataclass(frozen=True, slots=True)
class Selection:
    """Which legacy segments a run is about. Empty means all; a segment must pass every filter that is given."""

    names: tuple[str, ...] = ()
    """Names or patterns with * and ?; upper and lower case are the same."""
    ids: tuple[UUID, ...] = ()
    types: tuple[int, ...] = ()
    statuses: tuple[int, ...] = ()


def selects(selection: Selection, segment: LegacySegment) -> bool:
    """Whether `segment` passes every filter that is given."""
    return (
        (not selection.names or any(_matches(name, segment.name) for name in selection.names))
        and (not selection.ids or segment.id in selection.ids)
        and (not selection.types or segment.type_code in selection.types)
        and (not selection.statuses or segment.status_code in selection.statuses)
    )


def _matches(pattern: str, name: str) -> bool:
    # A name may itself hold [ or *, so the plain comparison comes first.
    return pattern.casefold() == name.casefold() or fnmatchcase(name.casefold(), pattern.casefold())
