"""Status and type: what was live is published, everything else arrives as a draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from migrator.contracts.legacy_segment import LegacySegment
from migrator.product import findings
from migrator.product.codes import ExternalSource, LegacyStatus, LegacyType, label
from migrator.product.findings import Finding

PUBLISHED: Mapping[LegacyStatus, bool] = {
    LegacyStatus.DRAFT: False,
    LegacyStatus.LIVE: True,
    LegacyStatus.STOPPED: False,
    LegacyStatus.LIVE_EDITABLE: True,
    LegacyStatus.EXPIRED: False,
    LegacyStatus.ERROR: False,
    LegacyStatus.GOING_LIVE: True,
    LegacyStatus.STOPPING: False,
}
"""Outbound status → whether the segment is published after loading."""


@dataclass(frozen=True, slots=True)
class PlannedStatus:
    """Whether to publish, and what there is to say."""

    publish: bool
    findings: tuple[Finding, ...]


def plan_status(segment: LegacySegment, *, drafts_only: bool) -> PlannedStatus:
    """Map the status and check the type of one segment."""
    found: list[Finding] = []
    if segment.type_code not in {int(kind) for kind in LegacyType}:
        found.append(findings.type_unknown(segment.type_code))
    if segment.external_source == ExternalSource.CUSTOMER_INSIGHTS_DATA:
        found.append(findings.mirrored_segment())
    publish = False
    match segment.status_code:
        case LegacyStatus.EXPIRED:
            found.append(findings.status_expired(label(segment.status_code, LegacyStatus)))
        case LegacyStatus.ERROR:
            found.append(findings.status_error(label(segment.status_code, LegacyStatus)))
        case code if code in {int(status) for status in PUBLISHED}:
            publish = PUBLISHED[LegacyStatus(code)]
        case unknown:
            found.append(findings.status_unknown(unknown))
    if publish and drafts_only:
        publish = False
        found.append(findings.kept_as_draft())
    return PlannedStatus(publish, tuple(found))
