"""Segments that are there already: one that is adopted is looked at and never changed; a name is not given twice.

A person decided about the twins that the plan knows. What came since then is found right before anything is created.
"""

from __future__ import annotations

from uuid import UUID

from migrator.contracts.plan import PlannedSegment
from migrator.contracts.twins import name_key
from migrator.dataverse.realtime import group_kinds
from migrator.loader.existing import Existing
from migrator.loader.loading import CannotGoOn
from migrator.loader.same import same_query

ADOPT = "adopt"
"""The step of a loading that looks at an adopted segment; it writes nothing."""


def adopt(segment: PlannedSegment, existing: Existing) -> None:
    """Look whether the segment that a person adopted is still there, as it was.

    Args:
        segment: as it is planned.
        existing: what the organisation holds.

    Raises:
        CannotGoOn: it is gone, or was changed since it was extracted.
    """
    payload = segment.payload
    definition = existing.definitions.get(segment.definition_id)
    if payload is None or definition is None or segment.segment_id not in existing.segments:
        raise CannotGoOn(
            f"The segment {segment.segment_id} that was to be adopted is no longer in the organisation. Nothing was "
            "created. Extract again, then decide again with: migrator approve"
        )
    kinds = group_kinds(payload.static_list_members)
    if not same_query(definition.query or "", payload.query) or group_kinds(definition.static_list_members) != kinds:
        raise CannotGoOn(
            f"The segment “{payload.name}” that was to be adopted was changed since it was extracted: it has another "
            "query, or other groups. Nothing was changed now. Extract again, then decide again with: migrator approve"
        )


def refuse_second(segment: PlannedSegment, existing: Existing) -> None:
    """Refuse to create a segment of a name that is there already, unless a person decided so.

    Args:
        segment: as it is planned.
        existing: what the organisation holds.

    Raises:
        CannotGoOn: there is one, and the plan does not know it.
    """
    if segment.payload is None or segment.segment_id in existing.segments:
        return
    known = {twin.segment.id for twin in segment.twins}
    there: list[UUID] = [one for one in existing.namesakes.get(name_key(segment.payload.name), ()) if one not in known]
    if there:
        which = ", ".join(map(str, there))
        raise CannotGoOn(
            f"Real-time journeys have a segment “{segment.payload.name}” ({which}) already, and the plan does not know "
            "it. Nothing was created, so that there are not two of one name. Extract again and decide (adopt, replace "
            "or keep-both), or rename one of them and repeat the command."
        )
