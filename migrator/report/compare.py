"""Before and after, one row a segment: what every form of the report is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from migrator.contracts.journal import JournalSummary, LoadResult, LoadState
from migrator.contracts.payload import PayloadKind
from migrator.contracts.plan import Outcome, Plan, PlannedSegment
from migrator.contracts.verification import Match, Verification, Verified
from migrator.product.codes import LegacyStatus, LegacyType, label

if TYPE_CHECKING:
    import pandas as pd  # a third of the memory of a small run; taken where it is needed


class Standing(StrEnum):
    """Where a segment stands, in the words of the report."""

    VERIFIED = "verified"
    DRAFT = "draft"
    PLANNED = "planned"
    UNVERIFIED = "not verified"
    DRIFTED = "drifted"
    DIFFERENT = "different"
    ROLLED_BACK = "rolled back"
    FAILED = "failed"
    WAITING = "waiting"
    IMPOSSIBLE = "not possible"
    LEFT_OUT = "left out"


_BY_OUTCOME = {
    Outcome.FLAGGED: Standing.WAITING,
    Outcome.BLOCKED: Standing.IMPOSSIBLE,
    Outcome.SKIPPED: Standing.LEFT_OUT,
}
_BY_MATCH = {
    Match.EQUAL: Standing.VERIFIED,
    Match.EXPLAINED: Standing.VERIFIED,
    Match.DRIFTED: Standing.DRIFTED,
    Match.DIFFERENT: Standing.DIFFERENT,
    Match.DRAFT: Standing.DRAFT,
    Match.UNKNOWN: Standing.UNVERIFIED,
}
_BY_STATE = {
    LoadState.FAILED: Standing.FAILED,
    LoadState.DIFFERS: Standing.DIFFERENT,
    LoadState.ROLLED_BACK: Standing.ROLLED_BACK,
}


def compare(
    plan: Plan,
    results: Mapping[UUID, LoadResult],
    verified: Mapping[UUID, Verified],
    *,
    dry_run: bool,
    history: Sequence[Verification] = (),
    journal: JournalSummary | None = None,
) -> pd.DataFrame:
    """One row a segment, in the order of the plan.

    Args:
        plan: what was planned.
        results: how loading went, by legacy id.
        verified: the newest look at each segment, by legacy id.
        dry_run: whether nothing was to be loaded.
        history: all looks, oldest first; where there are several, each gives a column.
        journal: what the loading took.

    Returns:
        A frame with the columns of `_row`, counts as nullable whole numbers, and `attrs["looks"]`: the time of each
        look of `history`, whose counts stand in the column `looks`.
    """
    import pandas as pd

    took = journal.timings if journal else {}
    counted = [{seen.legacy_id: seen.after for seen in look.segments} for look in history]

    rows = [
        {
            **_row(segment, results.get(segment.legacy_id), verified.get(segment.legacy_id), dry_run),
            "looks": [look.get(segment.legacy_id) for look in counted],
            "writes": took.get(segment.legacy_id, (0, 0.0))[0],
            "seconds": took.get(segment.legacy_id, (0, 0.0))[1],
        }
        for segment in plan.segments
        if not segment.part_of  # the segment over all parts stands for them
    ]
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    counts = ["before", "planned", "after", "difference"]
    frame = frame.astype(dict.fromkeys(counts, "Int64"))
    frame.attrs["looks"] = [look.at for look in history]
    return frame


_COLUMNS = [
    "legacy_id", "segment_id", "name", "type", "status", "outcome", "standing", "before", "before_source", "planned",
    "after", "difference", "explanation", "publish", "created", "groups", "findings", "error",
    "query", "english", "proposal", "choices", "looks",
    "share", "group_names", "dynamic", "writes", "seconds",
]  # fmt: skip


def _row(segment: PlannedSegment, result: LoadResult | None, seen: Verified | None, dry_run: bool) -> dict[str, Any]:
    standing = _standing(segment, result, seen, dry_run)
    after = seen.after if seen else None
    before = segment.before
    return {
        "legacy_id": str(segment.legacy_id),
        "segment_id": str(segment.segment_id),
        "name": segment.name,
        "type": label(segment.type_code, LegacyType),
        "status": label(segment.status_code, LegacyStatus),
        "outcome": str(segment.outcome),
        "standing": str(standing),
        "before": before,
        "before_source": _source(segment),
        "planned": sum(group.count for group in segment.groups) if segment.loadable and segment.groups else None,
        "after": after,
        "difference": after - before if after is not None and before is not None else None,
        "explanation": _explanation(seen),
        "publish": segment.publish,
        "created": bool(result and result.created),
        "groups": len(segment.groups),
        "findings": segment.findings,
        "error": _error(result),
        "query": segment.query,
        "english": segment.english,
        "proposal": segment.realtime_query,
        "choices": [str(choice) for choice in segment.alternatives],
        "share": after / before if after is not None and before else None,
        "group_names": [(group.name, group.count) for group in segment.groups],
        "dynamic": segment.payload is None or segment.payload.kind is PayloadKind.DYNAMIC,
    }


def _standing(segment: PlannedSegment, result: LoadResult | None, seen: Verified | None, dry_run: bool) -> Standing:
    if not segment.loadable:
        return _BY_OUTCOME[segment.outcome]
    if dry_run or result is None:
        return Standing.PLANNED
    if result.state in _BY_STATE:
        return _BY_STATE[result.state]
    return _BY_MATCH[seen.match] if seen else Standing.UNVERIFIED


def _source(segment: PlannedSegment) -> str:
    if segment.members.known:
        return str(segment.members.source)
    return "recorded" if segment.recorded_size is not None else "unknown"


def _explanation(seen: Verified | None) -> str:
    if seen is None:
        return ""
    parts = [
        f"{seen.inactive:,} inactive contact{'s' if seen.inactive != 1 else ''}" if seen.inactive else "",
        f"{seen.deleted:,} contact{'s' if seen.deleted != 1 else ''} that no longer exist" if seen.deleted else "",
        f"{seen.missing:,} missing without a reason" if seen.missing else "",
        f"{seen.surplus:,} that were not there before" if seen.surplus else "",
        seen.note,
    ]
    return "; ".join(filter(None, parts))


def _error(result: LoadResult | None) -> str:
    if result is None or not result.error:
        return ""
    facts = " ".join(filter(None, (result.error_code, f"request id {result.request_id}" if result.request_id else "")))
    return f"Step “{result.step}”: {result.error}" + (f" ({facts})" if facts else "")


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


def changes(then: pd.DataFrame, now: pd.DataFrame) -> list[Change]:
    """What is different between two comparisons, in the order of the newer one."""
    old = {row["legacy_id"]: row for row in then.to_dict("records")}
    new = {row["legacy_id"]: row for row in now.to_dict("records")}
    found = []
    for key, row in new.items():
        before = old.get(key)
        was, after_was = (before["standing"], _count(before["after"])) if before else ("", None)
        if (was, after_was) != (row["standing"], after_now := _count(row["after"])):
            found.append(Change(key, row["name"], was, row["standing"], after_was, after_now))
    found += [
        Change(key, row["name"], row["standing"], "", _count(row["after"]), None)
        for key, row in old.items()
        if key not in new
    ]
    return found


def _count(value: Any) -> int | None:
    import pandas as pd

    return None if pd.isna(value) else int(value)


def totals(frame: pd.DataFrame) -> Totals:
    """Add up a comparison."""
    standing = frame["standing"].value_counts()

    def number(*kinds: Standing) -> int:
        return int(sum(standing.get(str(kind), 0) for kind in kinds))

    loadable = frame["outcome"].isin([str(Outcome.READY), str(Outcome.ADAPTED)])
    verified = frame[frame["standing"] == str(Standing.VERIFIED)]
    outcomes = frame["outcome"].value_counts()
    return Totals(
        segments=len(frame),
        carried_over=number(
            Standing.VERIFIED,
            Standing.DRAFT,
            Standing.PLANNED,
            Standing.UNVERIFIED,
            Standing.DRIFTED,
            Standing.DIFFERENT,
        ),
        waiting=number(Standing.WAITING),
        impossible=number(Standing.IMPOSSIBLE),
        failed=number(Standing.FAILED),
        left_out=number(Standing.LEFT_OUT),
        verified=len(verified),
        members_before=int(frame.loc[loadable, "before"].sum()),
        members_after=int(verified["after"].sum()),
        outcomes={str(outcome): int(outcomes.get(str(outcome), 0)) for outcome in Outcome},
        standings={str(kind): number(kind) for kind in Standing if number(kind)},
    )
