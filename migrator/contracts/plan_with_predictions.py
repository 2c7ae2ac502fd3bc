"""The plan with what a prediction knows about its segments: copies, which may be left behind, and lost members.

The plan's own bytes do not change, and no outcome does: a finding is added, and what can be decided.
"""

from __future__ import annotations

from dataclasses import replace

from migrator.contracts.choices import Choice
from migrator.contracts.plan import Plan, PlannedSegment
from migrator.contracts.predictions import Basis, Predictions
from migrator.product import findings
from migrator.product.findings import Finding

_COPIES = {
    Basis.LIST: findings.copy_of_a_list,
    Basis.QUERY: findings.copy_of_a_query,
    Basis.TODAY: findings.same_people_as_another,
}
COPIES = frozenset(findings.code_of(made) for made in _COPIES.values())
"""The findings that propose to leave a segment behind, because another one has its people."""


def foretold(plan: Plan, predictions: Predictions | None) -> Plan:
    """Add what was predicted to the segments that it is about.

    Args:
        plan: as it was made.
        predictions: of this plan; None adds nothing.
    """
    if predictions is None:
        return plan
    names = {one.legacy_id: one.name for one in predictions.segments}
    found: dict[object, list[Finding]] = {}
    for one in predictions.overlaps:
        if one.second and one.basis:
            found.setdefault(one.first, []).append(_COPIES[one.basis](names.get(one.second, ""), one.members))
    for segment in predictions.segments:
        for evidence in segment.evidence:
            made = findings.list_of_the_name if evidence.table == "listmember" else findings.journey_that_used_it
            found.setdefault(segment.legacy_id, []).append(made(evidence.people, evidence.source, evidence.table))
    if not found:
        return plan
    return replace(plan, segments=tuple(_with(one, found.get(one.legacy_id, [])) for one in plan.segments))


def _with(segment: PlannedSegment, found: list[Finding]) -> PlannedSegment:
    if not found or segment.part_of:
        return segment
    # Whoever has left a copy behind can take it back: it is carried over as it was planned.
    kept = {} if segment.payload is None else {Choice.TRANSLATE: segment.payload}
    return replace(segment, findings=(*segment.findings, *found), alternatives=kept | dict(segment.alternatives))
