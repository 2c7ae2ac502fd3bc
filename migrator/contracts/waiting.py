"""What waits besides what was flagged: what is predicted to select other people, and what is built on what is absent.

The plan's bytes do not change. Whoever looks at a run's plan sees it as it stands now, with what people decided since.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from uuid import UUID

from migrator.contracts.choices import Choice
from migrator.contracts.plan import Outcome, Plan, PlannedSegment
from migrator.contracts.predictions import Predictions, predictions_of
from migrator.product import findings


def as_it_stands(
    plan: Plan, predictions: Predictions | None, agreed: Mapping[UUID, str], loaded: Collection[UUID]
) -> Plan:
    """The plan in which waits everything that cannot be carried over now, for whichever reason.

    Args:
        plan: with what people decided.
        predictions: of this plan; None holds nothing.
        agreed: legacy id → the token of the prediction that a person knew who decided about the segment.
        loaded: legacy ids of what is in the organisation already.
    """
    return following(held(plan, predictions, agreed, loaded), loaded)


def held(
    plan: Plan, predictions: Predictions | None, agreed: Mapping[UUID, str], loaded: Collection[UUID] = ()
) -> Plan:
    """The plan in which every segment waits that is predicted to select other people, and whatever is built on one.

    Args:
        plan: with what people decided.
        predictions: of this plan; None holds nothing.
        agreed: legacy id → the token of the prediction that a person knew who decided about the segment.
        loaded: legacy ids of what is in the organisation already, and cannot wait any more.
    """
    if predictions is None:
        return plan
    waits: dict[UUID, findings.Finding] = {}
    known = predictions_of(plan.segments, predictions)
    for segment in plan.segments:
        one = known.get(segment.legacy_id)
        if segment.legacy_id in loaded or not segment.loadable or one is None or not one.holds:
            continue
        if agreed.get(segment.legacy_id) != one.token:
            waits[segment.legacy_id] = findings.predicted_otherwise(one.missing, one.surplus)
    return _with_what_is_built_on_them(plan, waits, (), loaded, findings.built_on_a_held_segment)


def following(plan: Plan, loaded: Collection[UUID]) -> Plan:
    """The plan in which also waits whatever refers to a segment that is not carried over as things stand.

    Args:
        plan: with what people decided.
        loaded: legacy ids of what is in the organisation already, and can be referred to.
    """
    absent = {segment.legacy_id for segment in plan.segments if not segment.loadable}.difference(loaded)
    return _with_what_is_built_on_them(plan, {}, absent, loaded, findings.built_on_an_absent_segment)


def _with_what_is_built_on_them(
    plan: Plan,
    waits: dict[UUID, findings.Finding],
    absent: Collection[UUID],
    loaded: Collection[UUID],
    why: Callable[[str], findings.Finding],
) -> Plan:
    """Let wait what `waits` names, and whatever is built on that or on what is `absent`, however far away."""
    gone, names = {*absent, *waits}, {segment.legacy_id: segment.name for segment in plan.segments}
    more = bool(gone)
    while more:
        more = False
        for segment in plan.segments:
            broken = next((other for other in segment.depends_on if other in gone), None)
            if broken and segment.loadable and segment.legacy_id not in gone and segment.legacy_id not in loaded:
                waits[segment.legacy_id] = why(names.get(broken, str(broken)))
                gone.add(segment.legacy_id)
                more = True
    return replace(plan, segments=tuple(_waiting(segment, waits) for segment in plan.segments)) if waits else plan


def _waiting(segment: PlannedSegment, waits: Mapping[UUID, findings.Finding]) -> PlannedSegment:
    finding = waits.get(segment.legacy_id)
    if finding is None or segment.payload is None:
        return segment
    open_to_it = segment.alternatives or {Choice.TRANSLATE: segment.payload}
    return replace(
        segment,
        outcome=Outcome.FLAGGED,
        findings=(*segment.findings, finding),
        payload=None,
        proposal=segment.payload.query,
        alternatives=open_to_it,
    )
