"""Which legacy segments a run is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from uuid import UUID

from migrator.base.errors import UsageError
from migrator.contracts.legacy_segment import LegacySegment
from migrator.product.codes import LegacyStatus, LegacyType

TYPES: Mapping[str, int] = {kind.name.lower(): int(kind) for kind in LegacyType}
STATUSES: Mapping[str, int] = {status.name.lower().replace("_", "-"): int(status) for status in LegacyStatus}
"""How people call types and statuses → their codes."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which legacy segments a run is about. Empty means all; a segment must pass every filter that is given."""

    names: tuple[str, ...] = ()
    """Names or patterns with * and ?; upper and lower case are the same."""
    ids: tuple[UUID, ...] = ()
    types: tuple[int, ...] = ()
    statuses: tuple[int, ...] = ()


def selection_of(names: Iterable[str], ids: Iterable[str], types: Iterable[str], statuses: Iterable[str]) -> Selection:
    """Which segments are meant, by the words that people use.

    Args:
        names: names or patterns.
        ids: texts of ids.
        types: words of `TYPES`, or codes.
        statuses: words of `STATUSES`, or codes.

    Raises:
        UsageError: an id, type or status is none.
    """
    return Selection(
        names=tuple(names),
        ids=tuple(_uuid(text) for text in ids),
        types=tuple(_code(text, TYPES, "--type") for text in types),
        statuses=tuple(_code(text, STATUSES, "--status") for text in statuses),
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise UsageError(f"--id takes the id of a segment; {text} is none. Use --name for names.") from None


def _code(text: str, known: Mapping[str, int], option: str) -> int:
    word = text.lower().replace(" ", "-").replace("_", "-")
    if word in known:
        return known[word]
    if text.isdigit():
        return int(text)
    raise UsageError(f"{option} cannot be {text}; it is one of {', '.join(known)}, or a code.")


def selects(selection: Selection, segment: LegacySegment) -> bool:
    """Whether `segment` passes every filter that is given."""
    return (
        (not selection.names or any(is_named(name, segment.name) for name in selection.names))
        and (not selection.ids or segment.id in selection.ids)
        and (not selection.types or segment.type_code in selection.types)
        and (not selection.statuses or segment.status_code in selection.statuses)
    )


def filters_of(selection: Selection) -> tuple[str, ...]:
    """The filters as options of the command line; none where everything is chosen."""
    return (
        *(f"--name {name}" for name in selection.names),
        *(f"--id {key}" for key in selection.ids),
        *(f"--type {code}" for code in selection.types),
        *(f"--status {code}" for code in selection.statuses),
    )


def nothing_chosen(selection: Selection, segments: Sequence[LegacySegment]) -> str:
    """What to say where filters are given and no segment passes all of them; empty otherwise.

    Args:
        selection: the filters.
        segments: all segments.
    """
    if selection == Selection() or any(selects(selection, segment) for segment in segments):
        return ""
    names = [segment.name for segment in segments]
    near = [found for name in selection.names for found in get_close_matches(name, names, n=2)]
    hint = f" Did you mean {' or '.join(f'“{name}”' for name in dict.fromkeys(near))}?" if near else ""
    none = f"None of the {len(segments):,} segments passes the filter {', '.join(filters_of(selection))}.{hint}"
    return f"{none} Check it, or leave a part of it out. Nothing was changed."


def is_named(pattern: str, name: str) -> bool:
    """Whether a name is the one that is meant; * and ? stand for any text, upper and lower case are the same."""
    # A name may itself hold [ or *, so the plain comparison comes first.
    return pattern.casefold() == name.casefold() or fnmatchcase(name.casefold(), pattern.casefold())
