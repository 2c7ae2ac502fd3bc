"""From an export to a plan. Pure: no network, no clock, no chance, no environment.

Same export, same settings: same plan, byte for byte.

Each rule set looks at one segment from one side and gives findings and parts of the payload; the heaviest finding
decides the outcome.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from migrator import __version__, codes
from migrator.model import (
    PLAN_FORMAT,
    Export,
    LegacySegment,
    Members,
    Outcome,
    Plan,
    PlannedSegment,
    TranslationSettings,
    outcome_of,
)
from migrator.mql.schema import Schema, schema_from_json
from migrator.selection import selects
from migrator.translator.identity import derived_id
from migrator.translator.members import plan_members
from migrator.translator.queries import plan_query
from migrator.translator.statuses import plan_status
from migrator.translator.texts import PlannedTexts, plan_texts


def translate(export: Export, settings: TranslationSettings) -> Plan:
    """The plan for `export`: one outcome for every legacy segment, sorted by name and id.

    Raises:
        pydantic.ValidationError: the export's metadata is damaged.
    """
    schema = schema_from_json(export.tables)
    names = Counter(segment.name for segment in export.segments)
    planned = [
        _planned(segment, export.members[segment.id], settings, schema, names[segment.name])
        for segment in export.segments
    ]
    return Plan(
        format=PLAN_FORMAT,
        tool_version=__version__,
        source=export.organisation,
        export_fingerprint=export.fingerprint,
        settings=settings,
        segments=tuple(sorted(planned, key=lambda segment: (segment.name.casefold(), segment.legacy_id))),
    )


def _planned(
    segment: LegacySegment, members: Members, settings: TranslationSettings, schema: Schema, namesakes: int
) -> PlannedSegment:
    planned = PlannedSegment(
        legacy_id=segment.id,
        name=segment.name,
        type_code=segment.type_code,
        status_code=segment.status_code,
        query=segment.query,
        outcome=Outcome.SKIPPED,
        findings=(),
        recorded_size=segment.recorded_size,
        members=members,
        definition_id=derived_id(settings.target.id, segment.id, "definition"),
        segment_id=derived_id(settings.target.id, segment.id, "segment"),
    )
    if not selects(settings.selection, segment):
        return planned
    status = plan_status(segment, drafts_only=settings.drafts_only)
    texts = plan_texts(segment, namesakes)
    static = plan_members(segment, members, texts.name, settings.target.id)
    query = plan_query(segment, schema)
    found = (*status.findings, *texts.findings, *static.findings, *query.findings)
    planned = replace(planned, outcome=outcome_of(found), findings=found)
    if not planned.loadable:
        return planned
    return replace(
        planned,
        definition=_definition(planned, segment, texts, static.json, query.text),
        segment=_segment(planned, segment, texts),
        groups=static.groups,
        publish=status.publish,
    )


def _is_static(segment: LegacySegment) -> bool:
    return segment.type_code == codes.LegacyType.STATIC


def _definition(
    planned: PlannedSegment, segment: LegacySegment, texts: PlannedTexts, groups: str, query: str
) -> dict[str, Any]:
    """The body of POST msdynmkt_segmentdefinitions: always a draft, publishing comes last."""
    definition: dict[str, Any] = {
        "msdynmkt_segmentdefinitionid": str(planned.definition_id),
        "msdynmkt_name": texts.name,
        "msdynmkt_segmentquery": query,
        "msdynmkt_staticlistmembers": groups,
        "statecode": int(codes.State.ACTIVE),
        "statuscode": int(codes.DefinitionStatus.DRAFT),
        **texts.origin,
    }
    if segment.refresh_minutes and not _is_static(segment):
        definition["msdynmkt_disablesegmentrefresh"] = False
        definition["msdynmkt_segmentrefreshintervalminutes"] = segment.refresh_minutes
    return definition


def _segment(planned: PlannedSegment, segment: LegacySegment, texts: PlannedTexts) -> dict[str, Any]:
    """The body of POST msdynmkt_segments."""
    kind = codes.SegmentType.STATIC if _is_static(segment) else codes.SegmentType.DYNAMIC
    payload: dict[str, Any] = {
        "msdynmkt_segmentid": str(planned.segment_id),
        "msdynmkt_displayname": texts.name,
        "msdynmkt_description": texts.description,
        "msdynmkt_type": int(kind),
        "msdynmkt_source": int(codes.SegmentSource.JOURNEYS),
        "msdynmkt_baseentitylogicalname": codes.AUDIENCE,
        "msdynmkt_cdmpartitionprimarykeycolumn": codes.AUDIENCE_KEY,
        "msdynmkt_sourcesegmentuid": str(planned.definition_id),
        "msdynmkt_scope": int(texts.scope),
        "statecode": int(codes.State.INACTIVE),
        "statuscode": int(codes.SegmentStatus.INACTIVE),
    }
    if segment.business_unit:
        payload["owningbusinessunit@odata.bind"] = f"/businessunits({segment.business_unit})"
    return payload
