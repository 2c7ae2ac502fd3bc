"""What uses a legacy segment: `usage.json` of an export, and how it is put together from one look at an organisation.

What could not be read is unknown, never "unused". A journey whose state nobody knows counts as live.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from migrator.contracts.versions import Format
from migrator.product.codes import JourneyStatus, LegacyStatus

if TYPE_CHECKING:
    from migrator.dataverse.usage import JourneyRow, Seen

USAGE = "usage.json"
_FORMAT = Format()
USAGE_FORMAT = _FORMAT.number


class Life(StrEnum):
    """What the state of a journey means for whom it mails."""

    LIVE = "live"
    """It sends, is about to, or people are still on their way in it."""
    DRAFT = "draft"
    """It does not send yet."""
    ENDED = "ended"
    """It does not send any more."""
    UNKNOWN = "unknown"
    """Its state is none that this version knows, or cannot be read: it may be live."""


_LIVES: Mapping[int, Life] = {
    JourneyStatus.DRAFT: Life.DRAFT,
    JourneyStatus.LIVE: Life.LIVE,
    JourneyStatus.STOPPED: Life.ENDED,
    JourneyStatus.PUBLISHING: Life.LIVE,
    JourneyStatus.DRAINING: Life.LIVE,
    JourneyStatus.DELETED: Life.ENDED,
    JourneyStatus.COMPLETING: Life.LIVE,
    JourneyStatus.COMPLETED: Life.ENDED,
    JourneyStatus.STOPPING: Life.LIVE,
}
_OUTBOUND_LIVES: Mapping[int, Life] = {
    LegacyStatus.DRAFT: Life.DRAFT,
    LegacyStatus.LIVE: Life.LIVE,
    LegacyStatus.STOPPED: Life.ENDED,
    LegacyStatus.LIVE_EDITABLE: Life.LIVE,
    LegacyStatus.EXPIRED: Life.ENDED,
    LegacyStatus.ERROR: Life.DRAFT,
    LegacyStatus.GOING_LIVE: Life.LIVE,
    LegacyStatus.STOPPING: Life.LIVE,
}
MAY_SEND = frozenset({Life.LIVE, Life.UNKNOWN})


class Use(StrEnum):
    """How a segment is used, the most urgent first."""

    LIVE = "live"
    """A journey that sends, or may, points at it."""
    DRAFT = "draft"
    """Only journeys that do not send yet point at it."""
    UNKNOWN = "unknown"
    """Nobody can say: something that would tell could not be read."""
    ENDED = "ended"
    """Only journeys that have ended point at it."""
    NONE = "none"
    """Nothing points at it, and everything that would tell was read."""


USES = tuple(Use)
"""In the order in which segments are worth a look."""


@dataclass(frozen=True, slots=True)
class Journey:
    """One journey that points at a segment."""

    id: UUID
    name: str
    """Empty where it cannot be read."""
    outbound: bool
    status_code: int | None
    label: str
    """Its state in the organisation's own words."""
    life: Life


@dataclass(frozen=True, slots=True)
class SegmentUse:
    """What points at one legacy segment."""

    mirrors: tuple[UUID, ...] = ()
    """The rows by which real-time journeys see it."""
    published: int | None = None
    """Live journeys by the product's own count; None where it does not say."""
    last_used: str = ""
    """When a journey last used it, ISO 8601; empty where nobody knows."""
    journeys: tuple[UUID, ...] = ()
    segments: tuple[str, ...] = ()
    """Names of real-time segments that depend on it."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one look found."""

    journeys: Mapping[UUID, Journey] = field(default_factory=dict)
    """Those that point at some segment that was looked for."""
    segments: Mapping[UUID, SegmentUse] = field(default_factory=dict)
    """Legacy id → what points at it; nothing points at one that is missing here."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """What could not be read, and why."""

    @property
    def complete(self) -> bool:
        """Whether everything was read that tells whether a journey points at a segment."""
        return not set(self.unread) - {"counts"}

    def of(self, legacy_id: UUID) -> SegmentUse:
        """What points at a segment."""
        return self.segments.get(legacy_id, SegmentUse())

    def journeys_of(self, legacy_id: UUID) -> tuple[Journey, ...]:
        """The journeys that point at a segment."""
        return tuple(self.journeys[key] for key in self.of(legacy_id).journeys)

    def use(self, legacy_id: UUID) -> Use:
        """How a segment is used, as far as that is known."""
        lives = {journey.life for journey in self.journeys_of(legacy_id)}
        if lives & MAY_SEND or self.of(legacy_id).published:
            return Use.LIVE
        if not self.complete:
            return Use.UNKNOWN
        if Life.DRAFT in lives or self.of(legacy_id).segments:
            return Use.DRAFT
        return Use.ENDED if lives else Use.NONE


def usage_of(seen: Seen, legacy: Iterable[UUID], also: Mapping[UUID, Collection[UUID]] | None = None) -> Usage:
    """What points at legacy segments, by one look.

    Args:
        seen: the look.
        legacy: ids of the legacy segments that are looked for.
        also: real-time segments that stand beside a legacy one and are looked for with it, by its id.
    """
    known = {row.id: journey_of(row, outbound=False) for row in seen.journeys}
    known |= {row.id: journey_of(row, outbound=True) for row in seen.outbound_journeys}
    names = {segment.id: segment.name for segment in seen.segments}
    users, dependents = _users(seen, known, names)
    mirrors: dict[UUID, list[UUID]] = {}
    for segment in seen.segments:
        if segment.outbound and segment.source_id:
            mirrors.setdefault(segment.source_id, []).append(segment.id)
    said = {segment.id: segment for segment in seen.segments}
    found: dict[UUID, SegmentUse] = {}
    for key in sorted(legacy):
        mirrored = sorted(mirrors.get(key, ()))
        beside = [*mirrored, *(also or {}).get(key, ())]
        journeys = sorted({user for one in (key, *beside) for user in users.get(one, ())})
        counts = [count for one in beside if one in said and (count := said[one].published) is not None]
        use = SegmentUse(
            tuple(mirrored),
            sum(counts) if counts else None,
            max((said[one].last_used for one in mirrored), default=""),
            tuple(journeys),
            tuple(sorted({names[user] for one in beside for user in dependents.get(one, ()) if user in names})),
        )
        if use != SegmentUse():
            found[key] = use
    pointing = {journey for use in found.values() for journey in use.journeys}
    blank = [row.id for row in (*seen.journeys, *seen.outbound_journeys) if not row.designed]
    unread = dict(seen.unread)
    if any(known[key].life in MAY_SEND for key in blank):
        unread.setdefault("designs", "the design of a journey that may be live cannot be read")
    return Usage({key: _named(known, key) for key in sorted(pointing)}, found, unread)


def _named(known: Mapping[UUID, Journey], key: UUID) -> Journey:
    return known.get(key) or Journey(key, "", outbound=False, status_code=None, label="", life=Life.UNKNOWN)


def _users(
    seen: Seen, known: Mapping[UUID, Journey], names: Mapping[UUID, str]
) -> tuple[dict[UUID, set[UUID]], dict[UUID, set[UUID]]]:
    """The journeys that point at each id, and the segments that depend on it."""
    users: dict[UUID, set[UUID]] = {}
    dependents: dict[UUID, set[UUID]] = {}
    for row in (*seen.journeys, *seen.outbound_journeys):
        for mentioned in row.mentions:
            users.setdefault(mentioned, set()).add(row.id)
    designed = {row.id for row in seen.journeys if row.designed}
    for usage in seen.usages:
        journey = usage.journey or (usage.dependent if usage.dependent not in names else None)
        if journey is None:
            if usage.dependent is not None:
                dependents.setdefault(usage.segment, set()).add(usage.dependent)
        elif journey not in designed or journey in users.get(usage.segment, ()) or known[journey].life in MAY_SEND:
            # A row may outlive the design of a draft; of a journey that may send it counts.
            users.setdefault(usage.segment, set()).add(journey)
    return users, dependents


def journey_of(row: JourneyRow, *, outbound: bool) -> Journey:
    """A journey, with what its state means.

    Args:
        row: as it was read.
        outbound: whether it is one of outbound marketing.
    """
    lives = _OUTBOUND_LIVES if outbound else _LIVES
    life = lives.get(row.status_code, Life.UNKNOWN) if row.status_code is not None else Life.UNKNOWN
    label = row.label or ("" if row.status_code is None else f"unknown ({row.status_code})")
    return Journey(row.id, row.name, outbound, row.status_code, label, life)


def users_of(seen: Seen, segments: Iterable[UUID]) -> dict[UUID, tuple[Journey, ...]]:
    """The journeys that point at real-time segments, by the id of each.

    Args:
        seen: one look.
        segments: ids of rows of `msdynmkt_segment`.
    """
    wanted = {key: (key,) for key in segments}
    usage = usage_of(seen, wanted, wanted)
    return {key: usage.journeys_of(key) for key in wanted}


# --- the file --------------------------------------------------------------------------------------------------------


def usage_to_json(usage: Usage) -> dict[str, Any]:
    """The content of `usage.json`: the same look gives the same bytes."""
    return {
        "format": USAGE_FORMAT,
        "unread": dict(sorted(usage.unread.items())),
        "journeys": [
            {**asdict(usage.journeys[key]), "id": str(key), "life": str(usage.journeys[key].life)}
            for key in sorted(usage.journeys)
        ],
        "segments": {
            str(key): {
                "mirrors": [str(one) for one in use.mirrors],
                "published": use.published,
                "last_used": use.last_used,
                "journeys": [str(one) for one in use.journeys],
                "segments": list(use.segments),
            }
            for key, use in sorted(usage.segments.items())
        },
    }


def usage_from_json(content: Any, what: str) -> Usage:
    """The content of `usage.json`, read.

    Args:
        content: the JSON object.
        what: names the file in the sentence about a newer one.

    Raises:
        UsageError: a newer version of the tool wrote it.
        KeyError, TypeError, ValueError, AttributeError: it is none.
    """
    now = _FORMAT.of_now(content, what)
    journeys = [
        Journey(
            UUID(one["id"]),
            str(one["name"]),
            bool(one["outbound"]),
            one["status_code"],
            str(one["label"]),
            Life(one["life"]),
        )
        for one in now["journeys"]
    ]
    segments = {
        UUID(key): SegmentUse(
            tuple(map(UUID, use["mirrors"])),
            use["published"],
            str(use["last_used"]),
            tuple(map(UUID, use["journeys"])),
            tuple(map(str, use["segments"])),
        )
        for key, use in now["segments"].items()
    }
    known = {journey.id: journey for journey in journeys}
    if missing := {key for use in segments.values() for key in use.journeys} - known.keys():
        raise ValueError(f"journeys {sorted(map(str, missing))}")
    return Usage(known, segments, {str(key): str(why) for key, why in now["unread"].items()})
