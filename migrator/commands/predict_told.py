"""What was predicted, for people and for scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from migrator.base.counted import so_many
from migrator.contracts.choices import Choice
from migrator.contracts.predictions import (
    LOST,
    PREDICTIONS,
    SAFE,
    Against,
    Basis,
    Kind,
    Loss,
    Overlap,
    PeoplePredicted,
    Prediction,
    Predictions,
    Verdict,
)

_SHOWN = 10
"""Overlaps of one kind that the console names; all are in the JSON and in the file."""
BASES: Mapping[Basis, str] = {
    Basis.LIST: "a list of the same ids",
    Basis.QUERY: "a query that means the same",
    Basis.TODAY: "the same people today, by another query or list",
}
"""What shows that two segments select the same people, in words."""
_AGAINST: Mapping[Against, str] = {
    Against.USED: "a live journey uses the first",
    Against.BUILT_ON: "other segments are built on the first",
    Against.NOT_CARRIED_OVER: "the second is not carried over as the plan stands",
    Against.NOT_LIVE: "the first would be live, and the second not",
    Against.DIFFERENT: "as real-time segments they would not select the same people",
    Against.UNKNOWN: "who will be in the real-time segments is not known",
}
_LOSSES: Mapping[str, str] = {
    Loss.DELETED: "no contact any more",
    Loss.INACTIVE: "inactive contacts, whom real-time journeys leave out",
    Loss.WAITING: "in segments that wait for a decision",
    Loss.UNKNOWN: "in segments that cannot be evaluated",
    Loss.TRANSLATION: "not selected by the real-time queries",
    Loss.DRAFT: "in segments that arrive as drafts",
    Loss.IMPOSSIBLE: "in segments that cannot be carried over",
    Loss.LEFT_OUT: "in segments that are left out",
}


# --- for scripts -----------------------------------------------------------------------------------------------------


def predictions_json(
    predictions: Predictions, after: Mapping[UUID, int | None], decisions: Mapping[UUID, Choice]
) -> dict[str, Any]:
    """The predictions for scripts: `segments`, `people` and `overlap`.

    Args:
        predictions: of a run.
        after: legacy id → members in the organisation by the newest look; what was not looked at is missing or None.
        decisions: what people decided, by legacy id.
    """
    names = {one.legacy_id: one.name for one in predictions.segments}
    return {
        "segments": [
            {
                "legacy_id": str(one.legacy_id),
                "name": one.name,
                "recorded": one.recorded,
                "legacy": one.legacy,
                "predicted": one.predicted,
                "after": after.get(one.legacy_id),
                "verdict": str(one.verdict),
                "reasons": _reasons(one),
            }
            for one in predictions.segments
        ],
        "people": people_json(predictions.people, predictions.lists) if predictions.people else None,
        "overlap": [overlap_json(one, names, decisions) for one in predictions.overlaps],
    }


def _reasons(one: Prediction) -> list[str]:
    """The codes; behind them, why there is no answer, and what is known instead."""
    return [*map(str, one.reasons), *filter(None, [one.note]), *(evidence.why for evidence in one.evidence)]


def people_json(people: PeoplePredicted, lists: str) -> dict[str, Any]:
    """The people for scripts; `lists` is the folder of their ids, below the run."""
    return {
        "before": people.before,
        "after": people.after,
        "lost": people.lost,
        "gained": people.gained,
        "lost_by_reason": dict(people.reasons),
        "complete": people.complete,
        "unknown_before": [str(key) for key in people.unknown_before],
        "unknown_after": [str(key) for key in people.unknown_after],
        "lost_file": f"{lists}/{LOST}" if people.lost else None,
    }


def overlap_json(one: Overlap, names: Mapping[UUID, str], decisions: Mapping[UUID, Choice]) -> dict[str, Any]:
    """One overlap for scripts.

    Args:
        one: the overlap.
        names: of the segments, by legacy id.
        decisions: what people decided, by legacy id.
    """
    return {
        "kind": str(one.kind),
        "first": str(one.first),
        "first_name": names.get(one.first, ""),
        "second": str(one.second) if one.second else None,
        "second_name": names.get(one.second, "") if one.second else None,
        "members": one.members,
        "of": one.of if one.second else None,
        "basis": str(one.basis) if one.basis else None,
        "safe": one.safe,
        "against": str(one.against) if one.against else None,
        "decision": str(decisions[one.first]) if one.first in decisions else None,
    }


# --- for people ------------------------------------------------------------------------------------------------------


def headline(predictions: Predictions) -> str:
    """What the predictions come to, in a sentence."""
    equal = sum(one.verdict is Verdict.EQUAL for one in predictions.segments)
    explained = sum(one.explained and one.verdict is Verdict.DIFFERS for one in predictions.segments)
    holds = sum(one.holds for one in predictions.segments)
    unknown = sum(one.verdict is Verdict.UNKNOWN for one in predictions.segments)
    return (
        f"{so_many(len(predictions.segments), 'segment')} on the data of {predictions.as_of}: {equal:,} proved equal, "
        f"{explained:,} differ by inactive or deleted contacts alone, {holds:,} differ otherwise, "
        f"{unknown:,} cannot be evaluated."
    )


def sentences(predictions: Predictions) -> Iterator[str]:
    """The predictions for people, a line a segment that is not simply equal, and what it comes to."""
    yield headline(predictions)
    for one in predictions.segments:
        if one.holds:
            yield (
                f"  “{one.name}” ({one.legacy_id}): {one.legacy:,} before, {one.predicted:,} predicted; "
                f"{one.missing:,} would be missing and {one.surplus:,} new. "
                f"Lists: {predictions.lists}/{one.legacy_id}-*.csv"
            )
    for one in predictions.segments:
        if one.verdict is Verdict.UNKNOWN:
            yield f"  “{one.name}” ({one.legacy_id}) cannot be evaluated: {one.note}"
            yield from (f"    Evidence, not members: {evidence.why}." for evidence in one.evidence)
    if predictions.people:
        yield from people_sentences(predictions.people, predictions.lists)
    yield from _overlap_sentences(predictions)


def people_sentences(people: PeoplePredicted, lists: str) -> Iterator[str]:
    """The people, counted once each; `lists` is the folder of their ids, below the run."""
    least = "At least " if people.unknown_before else ""
    least_after = "at least " if people.unknown_after else ""
    yield (
        f"{least}{so_many(people.before, 'person is', 'people are')} in a live segment today, "
        f"{least_after}{people.after:,} will be as the "
        f"plan stands: {people.lost:,} would be in none any more, {people.gained:,} are new."
    )
    if people.lost:
        why = "; ".join(f"{_LOSSES.get(reason, reason)}: {count:,}" for reason, count in people.reasons.items())
        yield f"  Why: {why}. Their ids, for you alone: {lists}/{LOST}"
    unknown = set(people.unknown_before) | set(people.unknown_after)
    if unknown:
        yield f"  Live segments that cannot be evaluated, and are in none of these numbers: {len(unknown):,}."


def _overlap_sentences(predictions: Predictions) -> Iterator[str]:
    if not predictions.overlaps:
        return
    names = {one.legacy_id: one.name for one in predictions.segments}
    of: dict[Kind, list[Overlap]] = {kind: [] for kind in Kind}
    for one in predictions.overlaps:
        of[one.kind].append(one)
    copies = sum(one.basis in SAFE for one in of[Kind.EQUAL])
    parts = (
        (copies, "copies of another one"),
        (len(of[Kind.EQUAL]) - copies, "the same people as another one today, and perhaps not tomorrow"),
        (len(of[Kind.WITHIN]), "within another one"),
        (len(of[Kind.EMPTY]), "empty"),
    )
    said = ", ".join(f"{count:,} {what}" for count, what in parts if count)
    yield f"Segments to merge or leave behind, perhaps: {said}."
    for kind, those in of.items():
        yield from (f"  {_sentence(one, names)}" for one in those[:_SHOWN])
        if len(those) > _SHOWN:
            yield f"  … and {len(those) - _SHOWN:,} more that are {_KINDS[kind]}: {PREDICTIONS}"
    if any(one.safe for one in of[Kind.EQUAL]):
        yield "Leave copies behind, each with its reason and open to be undone: migrator predict --skip-duplicates"


_KINDS = {Kind.EQUAL: "the same", Kind.WITHIN: "within another one", Kind.EMPTY: "empty"}


def _sentence(one: Overlap, names: Mapping[UUID, str]) -> str:
    first = f"“{names.get(one.first, '')}” ({one.first})"
    if one.second is None:
        return f"{first} is empty."
    second = f"“{names.get(one.second, '')}”"
    if one.kind is Kind.WITHIN:
        return f"{first}: all {one.members:,} are in {second}, which has {one.of:,}."
    basis = BASES[one.basis] if one.basis else ""
    return f"{first} = {second}: {basis} ({one.members:,})" + (f"; {_AGAINST[one.against]}." if one.against else ".")
