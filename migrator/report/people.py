"""The comparison in people: who is in a live segment again, who is not and why, who is new.

Memberships add up: each one that there was before stands in exactly one place. People do not, as one may be in many
segments; so each is counted once, where it stands best (`People.stand`), and once in every place where it stands
(`People.touched`). Ids are read from the run folder, segment by segment, and none of them leaves this module.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import numpy as np
import numpy.typing as npt

from migrator.base.errors import UsageError
from migrator.base.ids import NONE, Ids, joined, without
from migrator.contracts.export_folder import ReadMembers, member_reader
from migrator.contracts.verification import Kind, read_difference
from migrator.product.findings import Severity
from migrator.report.row import ReportRow, Standing

K = TypeVar("K")


class Place(StrEnum):
    """Where a membership stands; for a person with several, the first of these counts."""

    LIVE = "live"
    """In a live segment (in a dry run: would be)."""
    LOST = "lost"
    """The segment is live, and the person is not in it: nobody knows why."""
    INACTIVE = "inactive"
    """The segment is live; the contact is inactive, and real-time journeys count active ones only."""
    DELETED = "deleted"
    """The segment is live; the contact no longer exists."""
    FAILED = "failed"
    UNCHECKED = "unchecked"
    """The segment was published, and its members could not be compared."""
    UNDONE = "undone"
    """Planned, and not loaded yet."""
    WAITING = "waiting"
    DRAFT = "draft"
    IMPOSSIBLE = "impossible"
    ROLLED_BACK = "rolled back"
    LEFT_OUT = "left out"


GONE = (Place.LOST, Place.INACTIVE, Place.DELETED)
"""Places of those who are not in a segment that is live again."""
_NEW = 1 << len(Place)
_BIT = {place: 1 << number for number, place in enumerate(Place)}
_FIRST_CODE = len(Place) + 1
_CODES_MAX = 63 - _FIRST_CODE
_PLACES = {
    Standing.FAILED: Place.FAILED,
    Standing.ROLLED_BACK: Place.ROLLED_BACK,
    Standing.WAITING: Place.WAITING,
    Standing.IMPOSSIBLE: Place.IMPOSSIBLE,
    Standing.LEFT_OUT: Place.LEFT_OUT,
    Standing.UNVERIFIED: Place.UNCHECKED,
}
_LOOKED_AT = frozenset({Standing.VERIFIED, Standing.DRIFTED, Standing.DIFFERENT})


def place_of(row: ReportRow, *, dry_run: bool) -> Place:
    """Where the memberships of a segment stand that are not explained one by one."""
    if row.standing in _PLACES:
        return _PLACES[row.standing]
    if row.standing is Standing.PLANNED and not dry_run:
        return Place.UNDONE
    if not row.publish:
        return Place.DRAFT
    if row.standing in _LOOKED_AT and row.after is None:
        return Place.UNCHECKED
    return Place.LIVE


@dataclass(frozen=True, slots=True)
class Memberships:
    """Memberships, added up. `before` is the sum of `places`, and `places[LIVE]` and `new` are those after."""

    before: int = 0
    """Of all segments whose number is known."""
    places: Mapping[Place, int] = field(default_factory=dict)
    segments: Mapping[Place, int] = field(default_factory=dict)
    """Segments in each place; one that lost some of its members stands in `LIVE`."""
    new: int = 0
    """Memberships that were not there before."""


@dataclass(frozen=True, slots=True)
class People:
    """Distinct contacts, added up."""

    known: int = 0
    """Contacts in member lists, those of segments that were left out not counted."""
    stand: Mapping[Place, int] = field(default_factory=dict)
    """Where each of them stands best; adds up to `known`."""
    touched: Mapping[Place, int] = field(default_factory=dict)
    """Contacts with at least one membership in each place; one may be in several."""
    new: int = 0
    """Contacts who are in a segment that they were not in before."""
    asks: Mapping[str, int] = field(default_factory=dict)
    """Code of a finding → contacts in the segments that wait for it, or are not possible because of it."""
    by_number: int = 0
    """Segments of which only a number is known."""
    unknown: int = 0
    """Segments of which not even a number is known."""


def memberships(rows: Sequence[ReportRow], *, dry_run: bool) -> Memberships:
    """Add up the memberships of all segments whose number before is known; in a dry run as predicted, where they are.

    Args:
        rows: all segments.
        dry_run: whether nothing was to be loaded.
    """
    places, segments, new = Counter[Place](), Counter[Place](), 0
    for row in rows:
        place = place_of(row, dry_run=dry_run)
        segments[place] += 1
        if row.before is None:
            continue
        if place is Place.LIVE and dry_run and (foreseen := row.foreseen) and foreseen.legacy == row.before:
            places[Place.LIVE] += row.before - foreseen.inactive - foreseen.deleted - foreseen.missing
            places[Place.INACTIVE] += foreseen.inactive
            places[Place.DELETED] += foreseen.deleted
            places[Place.LOST] += foreseen.missing
            new += foreseen.surplus
            continue
        if place is not Place.LIVE or dry_run or row.after is None:
            places[place] += row.before
            continue
        explained = row.inactive + row.deleted
        stayed = min(row.after - row.surplus, row.before - explained)
        places[Place.LIVE] += stayed
        places[Place.INACTIVE] += row.inactive
        places[Place.DELETED] += row.deleted
        # Verified, and fewer than before: they were taken out by name, in a file that was imported for that.
        gone = Place.LEFT_OUT if row.standing is Standing.VERIFIED else Place.LOST
        places[gone] += row.before - explained - stayed
        new += row.after - stayed
    return Memberships(
        sum(row.before or 0 for row in rows),
        {place: places[place] for place in Place if places[place]},
        {place: segments[place] for place in Place if segments[place]},
        new,
    )


def people(run: Path, export: Path, rows: Sequence[ReportRow], *, dry_run: bool) -> People | None:
    """Count the contacts; None where the member lists of the run cannot be read any more.

    Args:
        run: the run folder, with its lists of differences.
        export: the export with the member lists.
        rows: all segments.
        dry_run: whether nothing was to be loaded.
    """
    try:
        read = member_reader(export)
        counting = _Counting()
        by_number = unknown = 0
        for row in rows:
            lists = _lists(run, read, row, dry_run=dry_run)
            if lists is None:
                by_number += row.before is not None or row.after is not None
                unknown += row.before is None and row.after is None
                continue
            codes = _codes(row)
            for ids, bit in lists:
                counting.add(ids, bit, codes if bit != _NEW else ())
    except (UsageError, OSError):
        return None
    return counting.ended(by_number, unknown)


def _codes(row: ReportRow) -> tuple[str, ...]:
    if row.standing not in (Standing.WAITING, Standing.IMPOSSIBLE):
        return ()
    return tuple(one.code for one in row.findings if one.severity in (Severity.DECISION, Severity.STOP))


def _lists(run: Path, read: ReadMembers, row: ReportRow, *, dry_run: bool) -> list[tuple[Ids, int]] | None:
    """The members of a segment, each with the bit of where it stands; None where they are not known by name."""
    if not row.listed:
        return None
    legacy_id = UUID(row.legacy_id)
    before = read(legacy_id)
    place = place_of(row, dry_run=dry_run)
    if place is not Place.LIVE or dry_run:
        return [(before, _BIT[place])]
    if not row.compared:
        return None  # numbers agree or not, and nobody saw who it is
    gone = []
    places = {Kind.MISSING: Place.LOST, Kind.INACTIVE: Place.INACTIVE, Kind.DELETED: Place.DELETED}
    counts = {Kind.MISSING: row.missing, Kind.INACTIVE: row.inactive, Kind.DELETED: row.deleted}
    for kind, count in counts.items():
        ids = read_difference(run, legacy_id, kind, count) if count else NONE
        if ids is None:
            return None
        gone.append((ids, _BIT[places[kind]]))
    surplus = read_difference(run, legacy_id, Kind.SURPLUS, row.surplus) if row.surplus else NONE
    if surplus is None:
        return None
    stayed = without(before, joined([ids for ids, _ in gone]))
    return [(stayed, _BIT[Place.LIVE]), *gone, (surplus, _NEW)]


class _Counting:
    """Distinct contacts and the bits of each. Memory: 24 bytes a contact, and a buffer of `_BUFFER` memberships."""

    _BUFFER = 2_000_000

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._keys: npt.NDArray[np.uint64] = np.empty((0, 2), dtype=np.uint64)
        self._bits: npt.NDArray[np.uint64] = np.empty(0, dtype=np.uint64)
        self._waiting: list[tuple[Ids, int]] = []
        self._size = 0

    def add(self, ids: Ids, bits: int, codes: Iterable[str]) -> None:
        if not len(ids):
            return
        for code in codes:
            if code in self._codes or len(self._codes) < _CODES_MAX:
                bits |= 1 << (_FIRST_CODE + self._codes.setdefault(code, len(self._codes)))
        self._waiting.append((ids, bits))
        self._size += len(ids)
        if self._size >= self._BUFFER:
            self._merge()

    def _merge(self) -> None:
        if not self._waiting:
            return
        found = joined([ids for ids, _ in self._waiting])
        keys = np.concatenate([self._keys, np.frombuffer(found.tobytes(), dtype=np.uint64).reshape(-1, 2)])
        each = [np.full(len(ids), bits, dtype=np.uint64) for ids, bits in self._waiting]
        bits = np.concatenate([self._bits, *each])
        order = np.lexsort((keys[:, 1], keys[:, 0]))
        keys, bits = keys[order], bits[order]
        first = np.ones(len(keys), dtype=bool)
        first[1:] = (keys[1:] != keys[:-1]).any(axis=1)
        self._bits = np.bitwise_or.reduceat(bits, np.flatnonzero(first))
        self._keys = keys[first]
        self._waiting, self._size = [], 0

    def ended(self, by_number: int, unknown: int) -> People:
        self._merge()
        known = self._bits & np.uint64(_NEW - 1)
        counted = known[(known & np.uint64(_NEW - 1 - _BIT[Place.LEFT_OUT])) != 0]
        stand: dict[Place, int] = {}
        left = counted
        for place in Place:
            here = (left & np.uint64(_BIT[place])) != 0
            if count := int(here.sum()):
                stand[place] = count
            left = left[~here]
        return People(
            known=len(counted),
            stand=stand,
            touched=dict(self._with({place: _BIT[place] for place in Place})),
            new=dict(self._with({"new": _NEW})).get("new", 0),
            asks=dict(self._with({code: 1 << (_FIRST_CODE + at) for code, at in self._codes.items()})),
            by_number=by_number,
            unknown=unknown,
        )

    def _with(self, bits: Mapping[K, int]) -> Iterator[tuple[K, int]]:
        for key, bit in bits.items():
            if count := int(((self._bits & np.uint64(bit)) != 0).sum()):
                yield key, count
