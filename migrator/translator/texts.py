"""Name, description, scope and origin of a segment, and what has to be cut."""

from __future__ import annotations

from dataclasses import dataclass

from migrator.contracts.legacy_segment import LegacySegment
from migrator.contracts.payload import SegmentTexts
from migrator.product import findings
from migrator.product.codes import CREATED_BY_MAX, DESCRIPTION_MAX, NAME_MAX, Scope
from migrator.product.findings import Finding


@dataclass(frozen=True, slots=True)
class PlannedTexts:
    """The texts as they will be sent."""

    sent: SegmentTexts
    findings: tuple[Finding, ...]


def plan_texts(segment: LegacySegment, namesakes: int) -> PlannedTexts:
    """Fit the texts of one segment; `namesakes` is how many segments of the export share its name."""
    found: list[Finding] = []
    name = segment.name.strip()
    if not name:
        name = f"Segment {segment.id}"
        found.append(findings.name_missing())
    elif namesakes > 1:
        found.append(findings.name_shared(namesakes))
    if len(name) > NAME_MAX:
        found.append(findings.name_cut(len(name), NAME_MAX))
        name = shortened(name, NAME_MAX)
    description = segment.description
    if len(description) > DESCRIPTION_MAX:
        found.append(findings.description_cut(len(description), DESCRIPTION_MAX))
        description = shortened(description, DESCRIPTION_MAX)
    creator = segment.created_by
    if len(creator) > CREATED_BY_MAX:
        found.append(findings.creator_cut(len(creator), CREATED_BY_MAX))
        creator = shortened(creator, CREATED_BY_MAX)
    scope = _scope(segment, found)
    sent = SegmentTexts(name, description, scope, segment.created_on, creator, segment.business_unit)
    return PlannedTexts(sent, tuple(found))


def _scope(segment: LegacySegment, found: list[Finding]) -> Scope:
    if segment.scope_code is None:
        return Scope.ORGANISATION
    try:
        return Scope(segment.scope_code)
    except ValueError:
        found.append(findings.scope_unknown(segment.scope_code))
        return Scope.ORGANISATION


def shortened(text: str, most: int) -> str:
    """`text` in at most `most` characters, an ellipsis showing that something is missing."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
