"""The switch: which journeys have to go from an old segment to its successor, look by look (`cutover.jsonl`).

A look is read from the organisation each time and changes nothing there. Looks are kept, one a line, oldest first:
what pointed at an old segment once stays on the list, and the sizes of the new segments show how they moved.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from migrator.base.json_lines import json_lines
from migrator.contracts.plan import Plan, PlannedSegment
from migrator.contracts.usage import MAY_SEND, Journey, Life, Usage, journey_of, usage_of, users_of

if TYPE_CHECKING:
    from migrator.dataverse.usage import Seen

CUTOVER = "cutover.jsonl"
FORMAT = 1


class Switch(StrEnum):
    """Where a journey stands on its way from an old segment to the new one."""

    TO_DO = "to do"
    """It points at the old segment and sends, or will."""
    SWITCHED = "switched"
    """It points at the new segment, and no more at the old one."""
    STOPPED = "stopped"
    """It has ended, so it sends to nobody."""
    LEFT = "no longer uses it"
    """It points at neither."""
    UNKNOWN = "unknown"
    """Nobody can say, since something could not be read."""


OPEN = frozenset({Switch.TO_DO, Switch.UNKNOWN})
"""What keeps a migration from being over."""
SWITCHES = tuple(Switch)


@dataclass(frozen=True, slots=True)
class Item:
    """One journey and one old segment that it points at, or did."""

    state: Switch
    journey: UUID | None
    """None where the product counts journeys that cannot be seen."""
    name: str
    outbound: bool
    label: str
    """The state of the journey in the organisation's own words."""
    life: Life
    legacy_id: UUID
    segment: str
    """The name of the legacy segment."""
    new_id: UUID | None
    """The new segment; None while there is none."""
    before: int | None
    """People in the old segment."""
    after: int | None
    """People in the new segment now; None where nobody knows."""
    count: int = 1
    """Journeys that this line stands for."""
    new_name: str = ""
    """The name of the new segment in the organisation; empty where nobody knows it."""


@dataclass(frozen=True, slots=True)
class CutoverLook:
    """One look."""

    at: str
    """UTC, ISO 8601."""
    items: tuple[Item, ...] = ()
    sizes: Mapping[UUID, int] = field(default_factory=dict)
    """Legacy id → members of the new segment."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """What could not be read, and why: other journeys may use an old segment."""

    @property
    def done(self) -> bool:
        """Whether everything is switched, as far as everything could be seen."""
        return not self.unread and not any(item.state in OPEN for item in self.items)


def cutover(
    plan: Plan,
    there: Iterable[UUID],
    seen: Seen,
    at: str,
    *,
    before: Usage | None = None,
    looks: Sequence[CutoverLook] = (),
    replaced: Mapping[UUID, UUID] | None = None,
) -> CutoverLook:
    """The list of what has to be switched, by one look at the organisation.

    Args:
        plan: with its decisions.
        there: legacy ids of the segments whose successors are in the organisation.
        seen: what was seen.
        at: when, UTC, ISO 8601.
        before: what was seen when the segments were extracted.
        looks: earlier looks, oldest first.
        replaced: legacy id → the real-time segment that its successor replaces.
    """
    segments = [segment for segment in plan.segments if not segment.part_of]
    also = {key: (twin,) for key, twin in (replaced or {}).items()}
    now = usage_of(seen, [segment.legacy_id for segment in segments], also)
    loaded = set(there)
    new = {segment.legacy_id: segment.segment_id for segment in segments if segment.legacy_id in loaded}
    users = users_of(seen, new.values())
    sizes = {one.id: one.member_count for one in seen.segments}
    names = {one.id: one.name for one in seen.segments}
    known = {row.id: journey_of(row, outbound=False) for row in seen.journeys if row.designed}
    known |= {row.id: journey_of(row, outbound=True) for row in seen.outbound_journeys if row.designed}
    once = _once(before, looks)
    items: list[Item] = []
    for segment in segments:
        pointing = {journey.id: journey for journey in now.journeys_of(segment.legacy_id)}
        switched = {journey.id for journey in users.get(new.get(segment.legacy_id, segment.legacy_id), ())}
        blank = _blank(segment, new.get(segment.legacy_id), sizes, names)
        for key in sorted({*pointing, *once.get(segment.legacy_id, {})}):
            journey = pointing.get(key) or known.get(key) or once[segment.legacy_id][key]
            state = _state(journey, points=key in pointing, new=key in switched, seen=key in known or not now.unread)
            items.append(_item(blank, journey, state))
        hidden = (now.of(segment.legacy_id).published or 0) - sum(one.life in MAY_SEND for one in pointing.values())
        if hidden > 0:
            items.append(replace(blank, count=hidden))
    order = {segment.legacy_id: number for number, segment in enumerate(segments)}
    items.sort(key=lambda item: (SWITCHES.index(item.state), _LIVES.index(item.life), order[item.legacy_id], item.name))
    moved = {key: size for key, one in new.items() if (size := sizes.get(one)) is not None}
    unread = {name: why for name, why in now.unread.items() if name != "counts"}
    return CutoverLook(at, tuple(items), moved, unread)


_LIVES = (Life.LIVE, Life.UNKNOWN, Life.DRAFT, Life.ENDED)


def _once(before: Usage | None, looks: Sequence[CutoverLook]) -> dict[UUID, dict[UUID, Journey]]:
    """The journeys that ever pointed at a legacy segment, by its id."""
    found: dict[UUID, dict[UUID, Journey]] = {}
    for legacy in before.segments if before else ():
        found[legacy] = {journey.id: journey for journey in before.journeys_of(legacy)} if before else {}
    for look in looks:
        for item in look.items:
            if item.journey is not None:
                journey = Journey(item.journey, item.name, item.outbound, None, item.label, item.life)
                found.setdefault(item.legacy_id, {})[item.journey] = journey
    return found


def _state(journey: Journey, *, points: bool, new: bool, seen: bool) -> Switch:
    if points:
        return Switch.STOPPED if journey.life is Life.ENDED else Switch.TO_DO
    if not seen:
        return Switch.UNKNOWN
    if new:
        return Switch.SWITCHED
    return Switch.STOPPED if journey.life is Life.ENDED else Switch.LEFT


def _blank(
    segment: PlannedSegment, new: UUID | None, sizes: Mapping[UUID, int | None], names: Mapping[UUID, str]
) -> Item:
    planned = segment.payload.name if segment.payload else ""
    return Item(
        Switch.TO_DO,
        None,
        "",
        outbound=False,
        label="",
        life=Life.LIVE,
        legacy_id=segment.legacy_id,
        segment=segment.name,
        new_id=new,
        before=segment.before,
        after=sizes.get(new) if new else None,
        new_name=(names.get(new) or planned) if new else "",
    )


def _item(blank: Item, journey: Journey, state: Switch) -> Item:
    return replace(
        blank,
        state=state,
        journey=journey.id,
        name=journey.name,
        outbound=journey.outbound,
        label=journey.label,
        life=journey.life,
    )


def link(organisation: str, item: Item) -> str:
    """The address of a journey in the organisation; empty where there is none to open.

    Args:
        organisation: its address.
        item: a line of the list.
    """
    if item.journey is None or not organisation:
        return ""
    table = "msdyncrm_customerjourney" if item.outbound else "msdynmkt_journey"
    return f"{organisation.rstrip('/')}/main.aspx?etn={table}&pagetype=entityrecord&id={item.journey}"


# --- the file --------------------------------------------------------------------------------------------------------


def remember(look: CutoverLook, folder: Path) -> None:
    """Add a look to those of a run; it is on the disk when this returns.

    Args:
        look: the look.
        folder: the run folder.

    Raises:
        OSError: the folder cannot be written.
    """
    line = json.dumps(look_to_json(look), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
    path = folder / CUTOVER
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        if os.fstat(descriptor).st_size and path.read_bytes()[-1:] != b"\n":
            line = b"\n" + line  # the last look was cut by a full disk
        os.write(descriptor, line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def look_to_json(look: CutoverLook) -> dict[str, Any]:
    """One look, as JSON."""
    return {
        "format": FORMAT,
        "at": look.at,
        "done": look.done,
        "unread": dict(look.unread),
        "items": [
            {
                "state": str(item.state),
                "journey": str(item.journey) if item.journey else None,
                "name": item.name,
                "outbound": item.outbound,
                "label": item.label,
                "life": str(item.life),
                "legacy_id": str(item.legacy_id),
                "segment": item.segment,
                "new_id": str(item.new_id) if item.new_id else None,
                "before": item.before,
                "after": item.after,
                "new_name": item.new_name,
                "count": item.count,
            }
            for item in look.items
        ],
        "sizes": {str(key): size for key, size in sorted(look.sizes.items())},
    }


def read_looks(folder: Path) -> list[CutoverLook]:
    """The looks of a run, oldest first; a line that cannot be read, or is of a newer format, is passed over.

    Args:
        folder: the run folder.
    """
    path = folder / CUTOVER
    if not path.exists():
        return []
    return [*_looks(json_lines(path.read_text(encoding="utf-8", errors="replace")))]


def _looks(lines: Iterable[str]) -> Iterator[CutoverLook]:
    for line in lines:
        try:
            content = json.loads(line)
            if int(content["format"]) > FORMAT:
                continue
            yield CutoverLook(
                str(content["at"]),
                tuple(_item_from(one) for one in content["items"]),
                {UUID(key): int(size) for key, size in content["sizes"].items()},
                {str(key): str(why) for key, why in content["unread"].items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue


def _item_from(one: Mapping[str, Any]) -> Item:
    return Item(
        Switch(one["state"]),
        UUID(one["journey"]) if one["journey"] else None,
        str(one["name"]),
        bool(one["outbound"]),
        str(one["label"]),
        Life(one["life"]),
        UUID(one["legacy_id"]),
        str(one["segment"]),
        UUID(one["new_id"]) if one["new_id"] else None,
        one["before"],
        one["after"],
        int(one["count"]),
        str(one.get("new_name", "")),
    )
