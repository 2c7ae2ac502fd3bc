"""What is read first, in people: a traffic light, an answer, five tiles, what failed, one bar, and where all are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from migrator.contracts.history import Event
from migrator.contracts.predictions import PeoplePredicted
from migrator.contracts.usage import USES, Use
from migrator.report.compare import Totals
from migrator.report.deciders import decided_by
from migrator.report.people import GONE, Memberships, People, Place
from migrator.report.people_and_copies import losses_foretold, people_foretold
from migrator.report.row import ReportRow, Standing
from migrator.report.words import Words

FIRST = 20
"""Segments that failed or are different that are named on the first screen; the others are in the table."""
_LOSSES = 15


class Light(StrEnum):
    """Whether the right people are in their segments again."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Tile:
    """One of the five numbers that are read first, and where it leads."""

    value: int
    word: str
    note: str
    link: str
    tone: str
    """good, wait, badly or calm."""


@dataclass(frozen=True, slots=True)
class Piece:
    """So many memberships in one place: a piece of the bar."""

    place: str
    word: str
    memberships: int
    share: float
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table in which the totals meet."""

    place: str
    word: str
    sign: str
    """Empty, minus, plus or equals."""
    segments: int | None
    memberships: int
    people: int | None


@dataclass(frozen=True, slots=True)
class Part:
    """One reason of a difference: how many, and how long its bar is."""

    reason: str
    word: str
    people: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Loss:
    """A segment whose members are not the ones of before, with its reasons."""

    row: ReportRow
    parts: tuple[Part, ...]
    share: float | None


@dataclass(frozen=True, slots=True)
class FirstScreen:
    """What is read first."""

    light: Light
    question: str
    answer: str
    sentences: tuple[str, ...]
    """The verdict, in people."""
    decided: str
    """Who has decided so far; empty where nothing was to be decided."""
    tiles: tuple[Tile, ...]
    first: tuple[ReportRow, ...]
    """Segments that failed or are different, those with most people first."""
    more: int
    """Such segments that are not named here."""
    bar: tuple[Piece, ...]
    lines: tuple[Line, ...]
    losses: tuple[Loss, ...]


WIDTH = 760.0
"""Of the bars, in the units of their drawings."""
_THINNEST = 4.0
"""Of a piece, so that nobody is too few to be seen."""


def first_screen(
    rows: Sequence[ReportRow],
    total: Totals,
    counted: Memberships,
    people: People | None,
    words: Words,
    *,
    dry_run: bool,
    history: Sequence[Event] = (),
    predicted: PeoplePredicted | None = None,
) -> FirstScreen:
    """What is read first.

    Args:
        rows: all segments, the most important first (`by_importance`).
        total: their segments, added up.
        counted: their memberships, added up.
        people: their contacts, counted once each; None where the lists cannot be read.
        words: the words of the report's language.
        dry_run: whether nothing was to be loaded.
        history: who did what with the run; oldest first.
        predicted: the people of a dry run, as they were predicted for the plan as it stands; None where nobody knows.
    """
    bad = [row for row in rows if row.standing in (Standing.FAILED, Standing.DIFFERENT)]
    light = _light(total, counted, people, dry_run=dry_run)
    said = _Said(words, total, counted, people, dry_run, predicted if dry_run else None)
    return FirstScreen(
        light=light,
        question=words("question_dry" if dry_run else "question"),
        answer=said.answer(light),
        sentences=tuple(said.sentences()),
        decided=decided_by(history, words, waiting=total.waiting),
        tiles=tuple(said.tiles()),
        first=tuple(bad[:FIRST]),
        more=max(len(bad) - FIRST, 0),
        bar=_bar(counted.places, said),
        lines=tuple(said.lines()),
        losses=_losses(rows, words),
    )


# --- in which order --------------------------------------------------------------------------------------------------

_IMPORTANCE = {
    standing: number
    for number, standing in enumerate(
        (
            Standing.FAILED,
            Standing.DIFFERENT,
            Standing.WAITING,
            Standing.UNVERIFIED,
            Standing.IMPOSSIBLE,
            Standing.DRIFTED,
            Standing.PLANNED,
            Standing.VERIFIED,
            Standing.DRAFT,
            Standing.ROLLED_BACK,
            Standing.LEFT_OUT,
        )
    )
}


def by_importance(rows: Sequence[ReportRow]) -> tuple[ReportRow, ...]:
    """What somebody has to look at first: failed, different, waiting, …; of each, what live journeys use, then those
    with most people affected."""

    def weight(row: ReportRow) -> tuple[int, int, int, int]:
        return _IMPORTANCE[row.standing], USES.index(Use(row.use)), -affected(row), -(row.before or 0)

    return tuple(sorted(rows, key=weight))


def affected(row: ReportRow) -> int:
    """The people of a segment to whom something happens that somebody has to know."""
    if row.standing in (Standing.VERIFIED, Standing.DRIFTED, Standing.DIFFERENT):
        apart = row.missing + row.surplus + row.inactive + row.deleted
        return apart or abs(row.difference or 0)
    return row.before or 0


# --- what is said ----------------------------------------------------------------------------------------------------


def _light(total: Totals, counted: Memberships, people: People | None, *, dry_run: bool) -> Light:
    lost = counted.places.get(Place.LOST, 0)
    if (
        total.failed
        or total.standings.get(Standing.DIFFERENT)
        or (lost and not dry_run and not total.standings.get(Standing.DRIFTED))
    ):
        return Light.RED
    open_ones = (Place.WAITING, Place.UNCHECKED, Place.UNDONE, Place.IMPOSSIBLE)
    unknown = people.unknown if people else 1
    if not total.segments:  # zero read is not nobody
        return Light.AMBER
    if lost or unknown or any(counted.segments.get(place) for place in open_ones):
        return Light.AMBER
    return Light.GREEN


@dataclass(frozen=True, slots=True)
class _Said:
    words: Words
    total: Totals
    counted: Memberships
    people: People | None
    dry_run: bool
    predicted: PeoplePredicted | None = None

    def answer(self, light: Light) -> str:
        if not self.total.segments:
            return self.words("answer_no_segments")
        if light is Light.AMBER and self.total.waiting:
            return self.words("answer_waiting")
        return self.words(f"answer_{light}{'_dry' if self.dry_run else ''}")

    def place(self, place: Place) -> str:
        return self.words.named("place_dry" if self.dry_run and place in (Place.LIVE, Place.DRAFT) else "place", place)

    def sentences(self) -> list[str]:
        w, people = self.words, self.people
        counted = self.counted
        alive, open_ones = counted.places.get(Place.LIVE, 0), (Place.WAITING, Place.IMPOSSIBLE)
        stuck = sum(counted.places.get(place, 0) for place in open_ones)
        share, stuck_share = (w.percent(part / counted.before if counted.before else None) for part in (alive, stuck))
        sums = w(
            "verdict_memberships_dry" if self.dry_run else "verdict_memberships",
            n=counted.before, live=alive, share=share, stuck=stuck, stuck_share=stuck_share,
        )  # fmt: skip
        if self.predicted:
            found = [people_foretold(self.predicted, w)]
            if reasons := f"{w.semicolon} ".join(losses_foretold(self.predicted, w)):
                found.append(w("verdict_foretold", reasons=reasons))
            return [*found, sums, *self._waiting(people)]
        if people is None:
            return [w("people_unreadable"), sums]
        live = people.stand.get(Place.LIVE, 0)
        found = [w("verdict_people_dry" if self.dry_run else "verdict_people", n=people.known, live=live)]
        found.append(sums)
        others = [(place, count) for place, count in people.stand.items() if place is not Place.LIVE]
        if others:
            reasons = ", ".join(f"{w.number(count)} {self.place(place)}" for place, count in others)
            found.append(w.many("verdict_nowhere", people.known - live, reasons=reasons))
        gone = [(place, count) for place in GONE if (count := people.touched.get(place, 0))]
        if gone:
            reasons = ", ".join(f"{w.number(count)} {self.place(place)}" for place, count in gone)
            found.append(w("verdict_gone", reasons=reasons))
        if people.new:
            found.append(w.many("verdict_new", people.new))
        return [*found, *self._waiting(people)]

    def _waiting(self, people: People | None) -> list[str]:
        """Whose segments wait, and of which segments nobody knows the people."""
        w, found = self.words, list[str]()
        if people is None:
            return found
        if waiting := people.touched.get(Place.WAITING, 0):
            said = "verdict_wait_person" if waiting == 1 else "verdict_wait_people"
            found.append(w.many(said, self.total.waiting, people=waiting))
        unseen = (("verdict_by_number", people.by_number), ("verdict_unknown", people.unknown))
        if said := " ".join(w(key, n=count) for key, count in unseen if count):
            found.append(said)
        return found

    def tiles(self) -> list[Tile]:
        w, people, counted = self.words, self.people, self.counted
        all_of_them = people.known if people else counted.before
        live = (people.stand if people else counted.places).get(Place.LIVE, 0)
        new = people.new if people else counted.new
        nowhere = all_of_them - live
        if self.predicted:
            all_of_them, live = self.predicted.before, self.predicted.after
            nowhere, new = self.predicted.lost, self.predicted.gained
        waiting = (people.touched if people else counted.places).get(Place.WAITING, 0)
        different = self.total.standings.get(Standing.DIFFERENT, 0)
        bad = self.total.failed + different
        share = w.percent(live / all_of_them) if all_of_them else "–"
        unit = "" if people or self.predicted else "_memberships"
        where = "#foretold" if self.predicted else "#people"
        return [
            Tile(
                live,
                w(f"tile_again{'_dry' if self.dry_run else ''}"),
                w(f"tile_of{unit}", n=all_of_them, share=share),
                where,
                "calm" if self.dry_run else "good",
            ),
            Tile(nowhere, w("tile_nowhere"), w("tile_nowhere_note"), where, "wait" if nowhere else ""),
            Tile(new, w("tile_new"), w("tile_new_note"), "#losses" if new else "#people", "badly" if new else ""),
            Tile(
                self.total.waiting,
                w("tile_decisions"),
                w.many("tile_decisions_note", waiting) if self.total.waiting else w("asks_none"),
                "#asks",
                "wait" if self.total.waiting else "",
            ),
            Tile(
                bad,
                w("tile_bad"),
                w("tile_bad_note", failed=self.total.failed, different=different) if bad else w("first_none"),
                "#first" if bad else "#segments",
                "badly" if bad else "",
            ),
        ]  # fmt: skip

    def _touched(self, place: Place) -> int | None:
        """People with a membership in a place; None where only memberships are known, as of what is predicted."""
        if self.people is None or (
            self.dry_run and any(self.counted.places.get(one) for one in GONE) and place in (Place.LIVE, *GONE)
        ):
            return None
        return self.people.touched.get(place, 0)

    def lines(self) -> list[Line]:
        """Before, minus what is elsewhere, plus what is new: the memberships that are live now."""
        w, counted, people = self.words, self.counted, self.people
        segments: dict[Place, int | None] = {**counted.segments, **dict.fromkeys(GONE)}
        live = counted.places.get(Place.LIVE, 0)
        found = [
            Line(
                "before", w("line_before"), "", self.total.segments, counted.before,
                people.known if people and not counted.places.get(Place.LEFT_OUT) else None,
            )
        ]  # fmt: skip
        found += [
            Line(place, self.place(place), "−", segments.get(place), count, self._touched(place))
            for place, count in counted.places.items()
            if place is not Place.LIVE
        ]
        if counted.new:
            found.append(Line("new", w("line_new"), "+", None, counted.new, people.new if people else None))
        known = self._touched(Place.LIVE) if not counted.new else None
        word = w("line_live_dry" if self.dry_run else "line_live")
        found.append(Line("live", word, "=", counted.segments.get(Place.LIVE, 0), live + counted.new, known))
        return found


# --- drawings --------------------------------------------------------------------------------------------------------


def _widths(counts: Sequence[int], room: float) -> list[float]:
    """Lengths that are as the counts are, but for those that would be too thin to be seen."""
    whole = sum(counts)
    if not whole:
        return [0.0 for _ in counts]
    thin = [count * room / whole < _THINNEST for count in counts]
    left = room - _THINNEST * sum(thin)
    rest = sum(count for count, is_thin in zip(counts, thin, strict=True) if not is_thin)
    return [
        _THINNEST if is_thin else max(left * count / rest, _THINNEST)  # where the thin ones leave no room at all
        for count, is_thin in zip(counts, thin, strict=True)
    ]


def _bar(counts: Mapping[Place, int], said: _Said) -> tuple[Piece, ...]:
    """One bar of all memberships, in the order of the places."""
    places = [place for place in Place if counts.get(place)]
    whole = sum(counts.values())
    pieces, x = [], 0.0
    for place, width in zip(places, _widths([counts[place] for place in places], WIDTH), strict=True):
        count = counts[place]
        pieces.append(Piece(place, said.place(place), count, count / whole, round(x, 1), round(width, 1)))
        x += width
    return tuple(pieces)


def _losses(rows: Sequence[ReportRow], words: Words) -> tuple[Loss, ...]:
    """The segments whose members differ most, with a piece of bar for each reason."""
    found = [(row, reasons) for row in rows if (reasons := _reasons(row))]
    found.sort(key=lambda one: -sum(count for _, count in one[1]))
    most = sum(count for _, count in found[0][1]) if found else 0
    made = []
    for row, reasons in found[:_LOSSES]:
        counts = [count for _, count in reasons]
        parts, x = [], 0.0
        for (reason, count), width in zip(reasons, _widths(counts, WIDTH * sum(counts) / most), strict=True):
            parts.append(Part(reason, words.many(f"reason_{reason}", count), count, round(x, 1), round(width, 1)))
            x += width
        share = sum(count for reason, count in reasons if reason not in ("surplus", "more"))
        made.append(Loss(row, tuple(parts), share / row.before if row.before else None))
    return tuple(made)


def _reasons(row: ReportRow) -> list[tuple[str, int]]:
    if row.after is None:
        foreseen = row.foreseen if row.standing is Standing.PLANNED and row.publish else None
        kinds = ("missing", "surplus", "inactive", "deleted") if foreseen else ()
        return [(kind, count) for kind in kinds if (count := getattr(foreseen, kind))]
    known = [("missing", row.missing), ("surplus", row.surplus), ("inactive", row.inactive), ("deleted", row.deleted)]
    if not row.compared and row.difference:
        known = [("fewer" if row.difference < 0 else "more", abs(row.difference))]
    return [(reason, count) for reason, count in known if count]
