"""What the report tells about reach: who got the mail, who will, why not, what to do, and who decides. In people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from migrator.contracts.reach import Numbers, Reach, SegmentReach
from migrator.product import findings
from migrator.product.findings import Finding
from migrator.report.row import ReportRow
from migrator.report.sentences import sentence_of
from migrator.report.words import Words

_SEGMENTS = 15
"""Segments that stand under a number, and bars; the others are a click away, in the table."""
WIDTH = 760.0
"""Of a bar, in the units of its drawing."""
_CODES = {
    "lost": findings.reach_lost(0, 0).code,
    "said_no": findings.reach_said_no(0).code,
    "unknown": findings.reach_unknown(0).code,
}
"""Number → the finding by which its segments are found in the table."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many people of one segment."""

    row: ReportRow
    people: int


@dataclass(frozen=True, slots=True)
class Number:
    """One of the numbers, with what is behind it."""

    key: str
    word: str
    people: int
    tone: str
    """good, wait, badly or calm."""
    reasons: tuple[tuple[str, int], ...]
    """In words, those with most people first."""
    segments: tuple[Share, ...]
    more: int
    """Segments that are not named here."""
    code: str
    """Of the finding that the other segments can be found by in the table; empty for none."""
    advice: str
    """What to do, and who decides."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A segment before and after: how long each piece is."""

    row: ReportRow
    word: str
    before: float
    still: float
    new: float
    said_no: float


@dataclass(frozen=True, slots=True)
class PurposeLine:
    """One purpose in the table of all of them."""

    name: str
    model: str
    chosen: bool
    counts: tuple[int | None, ...]
    """still, lost, new, said no, neither, unknown."""


@dataclass(frozen=True, slots=True)
class SegmentLine:
    """One segment that was live."""

    row: ReportRow
    members: int | None
    before: int | None
    after: int | None
    counts: tuple[int | None, ...]
    """still, lost, new, said no, neither, unknown."""


@dataclass(frozen=True, slots=True)
class ReachStory:
    """Everything that is told about reach."""

    answer: str
    danger: str
    """Empty where nobody who said no would be mailed."""
    notes: tuple[str, ...]
    unreadable: tuple[str, ...]
    numbers: tuple[Number, ...]
    bars: tuple[Bar, ...]
    heads: tuple[str, ...]
    purposes: tuple[PurposeLine, ...]
    segments: tuple[SegmentLine, ...]
    """Every segment that was live, in the order of the plan."""


def with_findings(rows: Sequence[ReportRow], reach: Reach) -> list[ReportRow]:
    """The rows, each with what reach finds about it."""
    of = {str(one.legacy_id): one.numbers for one in reach.segments}
    return [replace(row, findings=(*row.findings, *_found(of.get(row.legacy_id, Numbers())))) for row in rows]


def _found(numbers: Numbers) -> list[Finding]:
    found = []
    if numbers.unknown:
        found.append(findings.reach_unknown(numbers.unknown))
    if numbers.reached_before and numbers.reached_after == 0 and not numbers.unknown:
        found.append(findings.reach_nobody(numbers.members or 0))
    if numbers.lost and numbers.reached_before:
        found.append(findings.reach_lost(numbers.lost, numbers.reached_before))
    if numbers.said_no:
        found.append(findings.reach_said_no(numbers.said_no))
    return found


def anonymous(reach: Reach, words: Words, names: Mapping[str, str]) -> Reach:
    """What was found out, without anything that a person has written.

    Args:
        reach: what was found out.
        words: of the report.
        names: legacy id → what a segment is called instead.
    """
    numbered = {one.id: words("reach_purpose_n", n=number) for number, one in enumerate(reach.purposes, start=1)}
    purposes = tuple(replace(one, name=numbered[one.id], profiles=()) for one in reach.purposes)
    return replace(
        reach,
        purpose=reach.purpose and replace(reach.purpose, name=numbered.get(reach.purpose.id, ""), profiles=()),
        why_no_purpose="",
        topic=words("reach_topic_n") if reach.topic else "",
        purposes=purposes,
        segments=tuple(replace(one, name=names.get(str(one.legacy_id), "")) for one in reach.segments),
        unreadable=(),
    )


def reach_story(reach: Reach, rows: Sequence[ReportRow], words: Words) -> ReachStory:
    """What is told about reach.

    Args:
        reach: what was found out; without names where the report is anonymous.
        rows: the segments as the report calls them.
        words: the words of its language.
    """
    by_id = {row.legacy_id: row for row in rows}
    people = reach.people or Numbers()
    live = [one for one in reach.segments if one.live and str(one.legacy_id) in by_id]
    return ReachStory(
        answer=_answer(people, words),
        danger=words("reach_danger", n=people.said_no) if people.said_no else "",
        notes=tuple(_notes(reach, words)),
        unreadable=tuple(sentence_of(one, words) for one in reach.unreadable),
        numbers=tuple(_numbers(people, live, by_id, words)),
        bars=tuple(_bars(live, by_id, words)),
        heads=tuple(words(f"reach_{key}") for key in _HEADS),
        purposes=tuple(
            PurposeLine(
                one.name,
                words.named("reach_model", one.model),
                reach.purpose is not None and one.id == reach.purpose.id,
                tuple(_count(one.people, key) for key in _HEADS),
            )
            for one in reach.purposes
        ),
        segments=tuple(
            SegmentLine(
                by_id[str(one.legacy_id)],
                one.numbers.members,
                one.numbers.reached_before,
                one.numbers.reached_after,
                tuple(_count(one.numbers, key) for key in _HEADS),
            )
            for one in live
        ),
    )


_HEADS = ("still", "lost", "new", "said_no", "neither", "unknown")


def _count(numbers: Numbers, key: str) -> int | None:
    found: int | None = getattr(numbers, {"new": "newly_reached"}.get(key, key))
    return found


def _answer(people: Numbers, words: Words) -> str:
    if people.reached_before is None:
        return words("reach_answer_nothing")
    if people.lost is None or people.still is None:
        return words("reach_answer_unknown", before=people.reached_before, n=people.members or 0)
    if not people.lost:
        return words("reach_answer_all", before=people.reached_before)
    parts = [f"{words.number(count)} {word}" for word, count in _reasons(people, "lost", words)]
    reasons = f"{words.colon} {', '.join(parts)}" if parts else ""
    return words("reach_answer", before=people.reached_before, still=people.still, lost=people.lost, reasons=reasons)


def _notes(reach: Reach, words: Words) -> list[str]:
    found = []
    if reach.purpose:
        topic = words("reach_topic", name=reach.topic) if reach.topic else ""
        model = words.named("reach_model", reach.purpose.model)
        found.append(words("reach_under", name=reach.purpose.name, model=model, topic=topic))
    else:
        found.append(words("reach_no_purpose"))
    other = reach.other_switch
    if other and other.reached_after is not None:
        found.append(
            words(
                f"reach_switch_{reach.contact_fields}",
                after=other.reached_after,
                lost=other.lost or 0,
                new=other.newly_reached or 0,
            )
        )
    if reach.live_unknown:
        found.append(words("reach_live_unknown", n=reach.live_unknown, all=reach.live))
    if reach.as_of:
        found.append(words("reach_as_of", when=f"{reach.as_of[:10]} {reach.as_of[11:16]} UTC"))
    return found


def _reasons(numbers: Numbers, group: str, words: Words) -> list[tuple[str, int]]:
    found = [(key.partition(":"), count) for key, count in numbers.reasons.items()]
    some = [(words.named("reach_reason", key[2]), count) for key, count in found if key[0] == group]
    return sorted(some, key=lambda one: (-one[1], one[0]))


_GROUPS = {"lost": "lost", "new": "newly-reached", "neither": "neither"}
_TONES = {"still": "good", "lost": "wait", "new": "calm", "said_no": "badly", "neither": "", "unknown": "wait"}


def _numbers(
    people: Numbers, live: Sequence[SegmentReach], by_id: Mapping[str, ReportRow], words: Words
) -> list[Number]:
    found = []
    for key in ("still", "lost", "said_no", "new", "neither", "unknown"):
        count = _count(people, key)
        if count is None or (not count and key in ("said_no", "unknown")):
            continue
        some = [Share(by_id[str(one.legacy_id)], share) for one in live if (share := _count(one.numbers, key))]
        some.sort(key=lambda one: (-one.people, one.row.legacy_id))
        found.append(
            Number(
                key,
                words(f"reach_{key}"),
                count,
                _TONES[key] if count else "",
                tuple(_reasons(people, _GROUPS.get(key, ""), words)),
                tuple(some[:_SEGMENTS]),
                max(len(some) - _SEGMENTS, 0),
                _CODES.get(key, ""),
                words(f"reach_do_{key}"),
            )
        )
    return found


def _bars(live: Sequence[SegmentReach], by_id: Mapping[str, ReportRow], words: Words) -> list[Bar]:
    """The live segments where most people are at stake."""
    known = [one for one in live if one.numbers.reached_after is not None]
    known.sort(key=lambda one: (-_stake(one.numbers), -(one.numbers.reached_before or 0), str(one.legacy_id)))
    shown = known[:_SEGMENTS]
    most = max([max(one.numbers.reached_before or 0, one.numbers.reached_after or 0) for one in shown], default=0) or 1

    def length(people: int | None) -> float:
        return round(WIDTH * (people or 0) / most, 1)

    return [
        Bar(
            by_id[str(one.legacy_id)],
            words("reach_bar", before=one.numbers.reached_before or 0, after=one.numbers.reached_after or 0),
            length(one.numbers.reached_before),
            length(one.numbers.still),
            length((one.numbers.newly_reached or 0) - (one.numbers.said_no or 0)),
            length(one.numbers.said_no),
        )
        for one in shown
    ]


def _stake(numbers: Numbers) -> int:
    return (numbers.lost or 0) + (numbers.newly_reached or 0)
