"""Status and type: what was live is published, everything else arrives as a draft."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from migrator.contracts.legacy_segment import ID_COLUMN, LegacySegment
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
    found = list(_unreadable(segment))
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


_DECIDE_WHO = {"msdyncrm_scope", "owningbusinessunit", "msdyncrm_segmenttimezone"}
_SAID_ELSEWHERE = {ID_COLUMN, "msdyncrm_segmenttype", "statuscode"}


def _unreadable(segment: LegacySegment) -> Iterator[Finding]:
    """What there is to say about values that cannot be read."""
    if not segment.has_id:
        yield findings.id_unreadable()
    odd = [column for column in segment.unreadable if column not in _SAID_ELSEWHERE]
    if deciding := [column for column in odd if column in _DECIDE_WHO]:
        yield findings.membership_unreadable(", ".join(deciding))
    if others := [column for column in odd if column not in _DECIDE_WHO]:
        yield findings.value_unreadable(", ".join(others))
