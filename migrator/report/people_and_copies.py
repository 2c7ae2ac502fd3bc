"""What the report tells about predicted people and segments that are copies: a sentence, and a table of few lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from migrator.contracts.predictions import Kind, Overlap, PeoplePredicted, Predictions
from migrator.report.row import ReportRow
from migrator.report.words import Words

_LINES = 15
"""Overlaps that stand in the report; all are in `predictions.json`."""
_CLOSE = 0.5
"""The share of another segment that has to lie within it for both to be worth a look."""
_ORDER = (Kind.EQUAL, Kind.EMPTY, Kind.WITHIN)


@dataclass(frozen=True, slots=True)
class OverlapLine:
    """One overlap, as a line of the table."""

    first: ReportRow
    members: int
    relation: str
    """How it lies to the second, in words."""
    second: ReportRow | None
    of: int | None
    remark: str
    """What speaks against leaving it behind, or that it is left behind already."""


@dataclass(frozen=True, slots=True)
class ForetoldPart:
    """Everything that is told."""

    answer: str
    """The people before and after, in a sentence; empty where nobody counted them."""
    reasons: tuple[str, ...]
    """Why some would be in no live segment any more."""
    notes: tuple[str, ...]
    lines: tuple[OverlapLine, ...]
    more: int
    """Overlaps that are not shown."""
    copies: int
    """Segments that can be left behind without a loss."""


def foretold_part(
    predictions: Predictions, rows: Sequence[ReportRow], words: Words, *, decided_since: bool = False
) -> ForetoldPart | None:
    """What there is to tell; None where it is nothing.

    Args:
        predictions: of the run's plan.
        rows: of the report, with the names that it gives.
        words: of the report.
        decided_since: whether people have decided something since it was predicted.
    """
    by_id = {row.legacy_id: row for row in rows}
    told = [one for one in predictions.overlaps if _worth_a_look(one) and str(one.first) in by_id]
    told.sort(key=lambda one: _ORDER.index(one.kind))
    answer, reasons, notes = _people(predictions.people, words) if predictions.people else ("", (), ())
    if answer and decided_since:
        answer = f"{answer} {words('foretold_decided')}"
    if not answer and not told:
        return None
    return ForetoldPart(
        answer,
        reasons,
        notes,
        tuple(_line(one, by_id, words) for one in told[:_LINES]),
        len(predictions.overlaps) - min(len(told), _LINES),
        sum(one.safe for one in told),
    )


def _worth_a_look(one: Overlap) -> bool:
    return one.kind is not Kind.WITHIN or one.members >= _CLOSE * one.of


def people_foretold(people: PeoplePredicted, words: Words) -> str:
    """The people before and after, in a sentence.

    Args:
        people: as they were predicted.
        words: of the report.
    """
    return words(
        "foretold_answer" if people.complete else "foretold_least",
        before=people.before, after=people.after, lost=people.lost, gained=people.gained,
    )  # fmt: skip


def losses_foretold(people: PeoplePredicted, words: Words) -> tuple[str, ...]:
    """Why some would be in no live segment any more: how many for each reason.

    Args:
        people: as they were predicted.
        words: of the report.
    """
    return tuple(
        f"{words.number(count)} {words.named('loss_of_one' if count == 1 else 'loss', reason)}"
        for reason, count in people.reasons.items()
    )


def _people(people: PeoplePredicted, words: Words) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    answer, reasons = people_foretold(people, words), losses_foretold(people, words)
    unknown = len(set(people.unknown_before) | set(people.unknown_after))
    notes = (
        words("foretold_unknown", n=unknown) if unknown else "",
        words("foretold_list") if people.lost else "",
    )
    return answer, reasons, tuple(filter(None, notes))


def _line(one: Overlap, by_id: Mapping[str, ReportRow], words: Words) -> OverlapLine:
    first, second = by_id[str(one.first)], by_id.get(str(one.second))
    relation = words.named("overlap", str(one.basis or one.kind))
    if first.outcome == "skipped":
        remark = words("foretold_left")
    else:
        remark = words.named("against", one.against) if one.against else ""
    return OverlapLine(first, one.members, relation, second, one.of if second else None, remark)
