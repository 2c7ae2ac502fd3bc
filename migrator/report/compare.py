"""Before and after, one row a segment: what every form of the report is made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from migrator.contracts.journal import JournalSummary, LoadResult
from migrator.contracts.plan import LOADED_OUTCOMES, Outcome, Plan
from migrator.contracts.predictions import Predictions, predictions_of
from migrator.contracts.verification import Verification, Verified
from migrator.report.row import Facts, ReportRow, Standing, row_of


@dataclass(frozen=True, slots=True)
class Comparison:
    """All segments of a run, before and after."""

    rows: tuple[ReportRow, ...]
    """In the order of the plan."""
    looks: tuple[str, ...] = ()
    """When the members were looked at, oldest first: UTC, ISO 8601."""


def compare(
    plan: Plan,
    results: Mapping[UUID, LoadResult],
    verified: Mapping[UUID, Verified],
    *,
    dry_run: bool,
    history: Sequence[Verification] = (),
    journal: JournalSummary | None = None,
    predictions: Predictions | None = None,
) -> Comparison:
    """One row a segment, in the order of the plan.

    Args:
        plan: what was planned.
        results: how loading went, by legacy id.
        verified: the newest look at each segment, by legacy id.
        dry_run: whether nothing was to be loaded.
        history: all looks, oldest first; where there are several, each gives a column.
        journal: what the loading took.
        predictions: who will be in each segment, where that was predicted.
    """
    took = journal.timings if journal else {}
    foreseen = predictions_of(plan.segments, predictions)
    counted = [{seen.legacy_id: seen.after for seen in look.segments} for look in history]
    rows = [
        row_of(
            Facts(
                segment,
                results.get(segment.legacy_id),
                verified.get(segment.legacy_id),
                dry_run,
                tuple(look.get(segment.legacy_id) for look in counted),
                *took.get(segment.legacy_id, (0, 0.0)),
                foreseen.get(segment.legacy_id),
            )
        )
        for segment in plan.segments
        if not segment.part_of  # the segment over all parts stands for them
    ]
    return Comparison(tuple(rows), tuple(look.at for look in history))


# --- what changed ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """One segment that stands elsewhere than it did."""

    legacy_id: str
    name: str
    was: str
    """A standing, or empty when it was not there."""
    now: str
    """A standing, or empty when it is no longer there."""
    after_was: int | None
    after_now: int | None


def changes(then: Comparison, now: Comparison) -> list[Change]:
    """What is different between two comparisons, in the order of the newer one."""
    old = {row.legacy_id: row for row in then.rows}
    new = {row.legacy_id for row in now.rows}
    found = []
    for row in now.rows:
        before = old.get(row.legacy_id)
        was, after_was = (before.standing, before.after) if before else ("", None)
        if (was, after_was) != (row.standing, row.after):
            found.append(Change(row.legacy_id, row.name, was, row.standing, after_was, row.after))
    gone = [row for row in then.rows if row.legacy_id not in new]
    return found + [Change(row.legacy_id, row.name, row.standing, "", row.after, None) for row in gone]


# --- added up --------------------------------------------------------------------------------------------------------

CARRIED_OVER = frozenset(
    {
        Standing.VERIFIED,
        Standing.DRAFT,
        Standing.PLANNED,
        Standing.UNVERIFIED,
        Standing.DRIFTED,
        Standing.DIFFERENT,
    }
)
"""What is in the organisation now, or, in a dry run, planned to be."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The numbers that a manager reads first."""

    segments: int
    carried_over: int
    """In the organisation now, or, in a dry run, planned to be."""
    waiting: int
    impossible: int
    failed: int
    left_out: int
    verified: int
    """Segments whose members were compared and agree."""
    members_before: int
    """Members before, of the segments that are carried over."""
    members_after: int
    """Members of the verified segments, as the organisation counts them."""
    outcomes: dict[str, int]
    standings: dict[str, int]


def totals(rows: Sequence[ReportRow]) -> Totals:
    """Add up a comparison."""
    standings = Counter(row.standing for row in rows)
    outcomes = Counter(row.outcome for row in rows)
    return Totals(
        segments=len(rows),
        carried_over=sum(standings[kind] for kind in CARRIED_OVER),
        waiting=standings[Standing.WAITING],
        impossible=standings[Standing.IMPOSSIBLE],
        failed=standings[Standing.FAILED],
        left_out=standings[Standing.LEFT_OUT],
        verified=standings[Standing.VERIFIED],
        members_before=sum(row.before or 0 for row in rows if row.outcome in LOADED_OUTCOMES),
        members_after=sum(row.after or 0 for row in rows if row.standing is Standing.VERIFIED),
        outcomes={str(outcome): outcomes[outcome] for outcome in Outcome},
        standings={str(kind): standings[kind] for kind in Standing if standings[kind]},
    )
