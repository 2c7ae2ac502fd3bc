"""The switch as the report tells it: the newest look, and a small line of how each new segment's size moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from migrator.contracts.cutover import CutoverLook, Item, Switch, link
from migrator.contracts.plan import Plan
from migrator.contracts.usage import Life
from migrator.contracts.verification import Verification
from migrator.report.words import Words

_WIDTH, _HEIGHT = 96, 18
"""Of a small line, in pixels."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list."""

    item: Item
    link: str
    advice: str


@dataclass(frozen=True, slots=True)
class Movement:
    """How the size of one new segment moved since the migration."""

    legacy_id: UUID
    name: str
    sizes: tuple[int, ...]
    """Oldest first."""
    points: str
    """Of a polyline in a box of 96 × 18."""


@dataclass(frozen=True, slots=True)
class CutoverPart:
    """What the report says about the switch."""

    at: str
    done: bool
    lines: tuple[Line, ...]
    unread: tuple[tuple[str, str], ...]
    movements: tuple[Movement, ...]
    looks: int


def cutover_part(
    plan: Plan, looks: Sequence[CutoverLook], verifications: Sequence[Verification], words: Words, *, anonymous: bool
) -> CutoverPart | None:
    """The switch for the report; None where nobody has looked yet.

    Args:
        plan: with its decisions.
        looks: oldest first.
        verifications: the looks at the members, which come before.
        words: of the report's language.
        anonymous: whether names are left out.
    """
    if not looks:
        return None
    newest = looks[-1]
    lines = []
    for item in newest.items:
        name, new_name = ("…" if one else "" for one in (item.name, item.new_name))
        shown = replace(item, name=name, segment="…", new_name=new_name) if anonymous else item
        where = "" if anonymous else link(plan.target.url, item)
        lines.append(Line(shown, where, advice_of(item, words) if item.state is Switch.TO_DO else ""))
    unread = tuple((part, "" if anonymous else why) for part, why in newest.unread.items())
    moved = () if anonymous else tuple(_movements(plan, looks, verifications))
    return CutoverPart(newest.at, newest.done, tuple(lines), unread, moved, len(looks))


def advice_of(item: Item, words: Words) -> str:
    """What to do about a journey that is to be switched, by its state.

    Args:
        item: a line of the list.
        words: of the language.
    """
    if item.new_id is None:
        return words("switch_not_there")
    if item.journey is None:
        return words("switch_unseen")
    if item.outbound:
        return words("switch_outbound")
    return words("switch_draft" if item.life is Life.DRAFT else "switch_live")


def _movements(plan: Plan, looks: Sequence[CutoverLook], verifications: Sequence[Verification]) -> list[Movement]:
    sizes: dict[UUID, list[tuple[str, int]]] = {}
    for verification in verifications:
        for seen in verification.segments:
            if seen.after is not None:
                sizes.setdefault(seen.legacy_id, []).append((verification.at, seen.after))
    for look in looks:
        for key, size in look.sizes.items():
            sizes.setdefault(key, []).append((look.at, size))
    found = []
    for segment in plan.segments:
        moved = [size for _, size in sorted(sizes.get(segment.legacy_id, []), key=lambda one: one[0])]
        if len(moved) > 1 and not segment.part_of:
            found.append(Movement(segment.legacy_id, segment.name, tuple(moved), points(moved)))
    # What moved most is what somebody wants to see first.
    return sorted(found, key=lambda one: -(max(one.sizes) - min(one.sizes)) / max(*one.sizes, 1))


def points(sizes: Sequence[int]) -> str:
    """The points of a small line, which begins at the left and keeps its lowest and highest value in the box.

    Args:
        sizes: at least two, oldest first.
    """
    low, high = min(sizes), max(sizes)
    step, room = (_WIDTH - 2) / (len(sizes) - 1), _HEIGHT - 4
    return " ".join(
        f"{1 + number * step:.1f},{2 + (room * (high - size) / (high - low) if high > low else room / 2):.1f}"
        for number, size in enumerate(sizes)
    )
