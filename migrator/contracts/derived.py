"""The ids of what is created: derived, so that the same segment always lands on the same records."""

from __future__ import annotations

from uuid import UUID, uuid5

NAMESPACE = UUID("3d1c4f0a-6a35-5f0e-8d4e-8c1f5b2a7e90")
"""Fixed for ever: another value would make every earlier migration look undone."""


def derived_id(organisation: UUID, legacy_segment: UUID, role: str) -> UUID:
    """The id of what a legacy segment becomes in an organisation.

    Args:
        organisation: the organisation that is loaded into.
        legacy_segment: `msdyncrm_segmentid`.
        role: "definition", "segment" or "group n", n from 1.
    """
    return uuid5(NAMESPACE, f"{organisation}|{legacy_segment}|{role}")
