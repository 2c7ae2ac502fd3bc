"""From an export to a plan. Pure: no network, no clock, no chance, no environment.

Same export, same settings: same plan, byte for byte.

Each rule set looks at one segment from one side and gives findings and parts of the payload; the heaviest finding
decides the outcome. A flagged segment carries what each decision would send, so that a decision needs no new plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

from migrator import __version__
from migrator.contracts.choices import Choice, Doubt
from migrator.contracts.derived import derived_id
from migrator.contracts.export_folder import Export
from migrator.contracts.legacy_segment import LegacySegment
from migrator.contracts.members import Members
from migrator.contracts.payload import Identity, Payload, PayloadKind, StaticGroup, payload
from migrator.contracts.plan import PLAN_FORMAT, Outcome, Plan, PlannedSegment, TranslationSettings, outcome_of
from migrator.contracts.selection import selects
from migrator.mql import QueryError, parse_outbound, tree
from migrator.mql.schema import Schema, schema_from_json
from migrator.mql.sentences import cut, in_words
from migrator.mql.wording import Title
from migrator.product import codes, findings
from migrator.product.findings import Finding, Severity
from migrator.translator.compounds import References, Segments
from migrator.translator.members import MEMBERS_MAX, PlannedMembers, parts_of, plan_groups, plan_members
from migrator.translator.queries import PlannedQuery, Resolve, TranslatedSet, translate_query, unresolved
from migrator.translator.statuses import PlannedStatus, plan_status
from migrator.translator.surroundings import order, with_surroundings
from migrator.translator.texts import PlannedTexts, plan_texts, shortened

DEFINITION_TABLE, QUERY_COLUMN, TIME_ZONE_COLUMN = (
    "msdynmkt_segmentdefinition",
    "msdynmkt_segmentquery",
    "msdynmkt_timezonecode",
)
"""Where the target's own metadata tells how long a query may be, and whether a segment can have a time zone."""

Spread = Callable[[Callable[[str], "TranslatedText"], Iterable[str]], Iterable["TranslatedText"]]
"""Applies a function to many queries, in their order: `map`, or the map of a pool of processes."""


def translate(export: Export, settings: TranslationSettings, spread: Spread = map) -> Plan:
    """The plan for `export`: one outcome for every legacy segment, those that live journeys use first, then by name.

    Args:
        export: what was extracted.
        settings: everything else that the plan depends on.
        spread: how the translation of single queries is spread over processes; it changes the time, not the plan.

    Raises:
        pydantic.ValidationError: the export's metadata is damaged.
    """
    work = _work(export, settings)
    alone = [segment for segment in export.segments if _stands_alone(segment) and selects(settings.selection, segment)]
    say = partial(
        translate_text,
        schema=work.schema,
        interactions=settings.interactions,
        words=settings.words,
        most=work.query_max,
    )
    work.translated.update(zip((s.id for s in alone), spread(say, (s.query for s in alone)), strict=True))
    planned = [*(_planned(segment, work) for segment in export.segments)]
    planned = with_surroundings([*planned, *work.parts], export, settings)
    return Plan(
        format=PLAN_FORMAT,
        tool_version=__version__,
        source=export.organisation,
        export_fingerprint=export.fingerprint,
        settings=settings,
        segments=tuple(sorted(planned, key=order)),
    )


def translate_one(query: tree.Query, export: Export, settings: TranslationSettings) -> tuple[PlannedQuery, Segments]:
    """One query that belongs to no segment, among the segments of an export; only those it refers to are planned.

    Args:
        query: an outbound query.
        export: what was extracted.
        settings: everything else that a plan depends on.

    Returns:
        The real-time query with its findings, and the segments of the export by their names.

    Raises:
        pydantic.ValidationError: the export's metadata is damaged.
    """
    work = _work(export, settings)
    translated = translate_query(
        query, work.schema, work.references.of(None),
        interactions=settings.interactions, words=settings.words, most=work.query_max,
    )  # fmt: skip
    return translated, work.segments


def _work(export: Export, settings: TranslationSettings) -> _Work:
    schema = schema_from_json(export.tables)
    segments = Segments(export.segments)
    return _Work(
        settings=settings,
        schema=schema,
        query_max=_query_max(schema, export, settings),
        translated={},
        members=export.members,
        segments=segments,
        names=Counter(segment.name for segment in export.segments),
        planned={},
        parts=[],
        unfolded={},
    )


def _query_max(schema: Schema, export: Export, settings: TranslationSettings) -> int:
    """Characters that the query of a real-time segment may have, by the target's metadata where the export has it."""
    if settings.target.id != export.organisation.id:
        return codes.QUERY_MAX
    table = schema.tables.get(DEFINITION_TABLE)
    column = table.columns.get(QUERY_COLUMN) if table else None
    return (column.max_length if column else None) or codes.QUERY_MAX


@dataclass(frozen=True, slots=True)
class _Work:
    """What the planning of every segment looks at."""

    settings: TranslationSettings
    schema: Schema
    query_max: int
    """Characters that the query of a real-time segment may have."""
    translated: dict[UUID, TranslatedText]
    """What became of every query that speaks of no other segment."""
    members: Mapping[UUID, Members]
    segments: Segments
    names: Mapping[str, int]
    planned: dict[UUID, PlannedSegment]
    """Segments that are planned already: compounds ask what becomes of the ones that they refer to."""
    parts: list[PlannedSegment]
    """The parts of segments that were split."""
    unfolded: dict[UUID, TranslatedSet]
    """Segments whose sets were put in the place of references to them."""

    @property
    def references(self) -> References:
        """What references between segments become."""
        return References(
            self.segments, self.settled, self.schema, self.members, self.settings.interactions, self.unfolded
        )

    def settled(self, segment: LegacySegment) -> tuple[Outcome, UUID]:
        """What becomes of a segment without references, and the id of its real-time segment."""
        planned = _planned(segment, self)
        return planned.outcome, planned.segment_id


def _planned(segment: LegacySegment, work: _Work) -> PlannedSegment:
    if segment.id not in work.planned:
        work.planned[segment.id] = _plan(segment, work)
    return work.planned[segment.id]


def _plan(segment: LegacySegment, work: _Work) -> PlannedSegment:
    settings, members = work.settings, work.members[segment.id]
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
    parts = _Parts(
        segment,
        planned,
        plan_status(segment, drafts_only=settings.drafts_only),
        plan_texts(segment, work.names[segment.name]),
    )
    frozen = settings.compound is Choice.SNAPSHOT and members.count is not None and _is_compound(segment, work)
    as_list = frozen or segment.type_code == codes.LegacyType.STATIC
    accepted = (Doubt.ROW,) if settings.members_from_row else ()
    static = plan_members(
        segment, members, parts.texts.sent.name, settings.target.id, settings.tolerance, accepted, as_list=as_list
    )
    if frozen:
        # A list from here on, with the same rules.
        static = replace(static, findings=(*static.findings, findings.frozen(members.count or 0)))
    if as_list and not static.fits:
        return _too_large(parts, static.findings, work)
    query, english = _query(segment, work)
    common = (*parts.status.findings, *parts.texts.findings, *static.findings)
    if frozen:
        planned = replace(planned, outcome=outcome_of(common), findings=common, english=english)
        kept = _payload(parts, PayloadKind.STATIC, groups=static.groups)
        if planned.loadable:
            return replace(planned, payload=kept)
        return replace(planned, alternatives={Choice.SNAPSHOT: kept} if planned.outcome is Outcome.FLAGGED else {})
    found = (*common, *query.findings)
    planned = replace(planned, outcome=outcome_of(found), findings=found, english=english)
    carried = _carried(parts, static, query)
    if planned.loadable and carried:
        return replace(planned, payload=carried)
    if planned.outcome is Outcome.FLAGGED or _only_the_query_stops(common, query):
        alternatives: dict[Choice, Payload] = {}
        if carried and planned.outcome is Outcome.FLAGGED:
            alternatives[Choice.TRANSLATE] = carried
        if members.count is not None and static.fits:
            alternatives[Choice.SNAPSHOT] = _snapshot(parts, work)
        planned = replace(planned, alternatives=alternatives)
    return replace(planned, proposal=query.text)


def _query(segment: LegacySegment, work: _Work) -> tuple[PlannedQuery, str]:
    """The real-time query of a segment with its findings, and the query in plain words."""
    if segment.type_code == codes.LegacyType.STATIC:
        return PlannedQuery(), ""
    if not segment.query.strip():
        return PlannedQuery("", (findings.query_missing(),)), ""
    doubtful = (findings.queries_differ(" ".join(segment.other_query.split())),) if segment.other_query else ()
    if segment.id in work.translated:
        translated, english = work.translated[segment.id]
    else:
        resolve = work.references.of(segment)
        translated, english = translate_text(
            segment.query, work.schema, work.settings.interactions, work.settings.words, resolve, work.segments.title,
            most=work.query_max,
        )  # fmt: skip
    if _is_compound(segment, work):
        translated = replace(translated, findings=(_say_compound(segment, work), *translated.findings))
    translated = _with_time_zone(translated, segment, work)
    return replace(translated, findings=(*doubtful, *translated.findings)), english


def _with_time_zone(query: PlannedQuery, segment: LegacySegment, work: _Work) -> PlannedQuery:
    """The query with the zone in which it counts from now: its own, or that of the queries that it holds."""
    zones = query.zones | ({segment.time_zone} if query.relative else frozenset())
    if zones <= {None}:
        return query
    if len(zones) > 1:
        shown = ", ".join(sorted("none" if zone is None else str(zone) for zone in zones))
        return replace(query, findings=(*query.findings, findings.time_zones_differ(shown)))
    zone = next(zone for zone in zones if zone is not None)
    table = work.schema.tables.get(DEFINITION_TABLE)
    if table is not None and TIME_ZONE_COLUMN not in table.columns:
        return replace(query, findings=(*query.findings, findings.time_zone_not_carried(zone)))
    return replace(query, findings=(*query.findings, findings.time_zone_carried(zone)), time_zone=zone)


TranslatedText = tuple[PlannedQuery, str]
"""A translated query with its findings, and the legacy query in plain words."""


def translate_text(
    text: str,
    schema: Schema,
    interactions: Choice,
    words: bool,
    resolve: Resolve = unresolved,
    title: Title = str,
    most: int = codes.QUERY_MAX,
) -> TranslatedText:
    """Read one outbound query, translate it, and tell it in plain words.

    Args:
        text: the outbound query.
        schema: tables, columns and relationships.
        interactions: flag, or translate by our own map.
        words: whether AND, OR and NOT are written as words instead of symbols.
        resolve: finds the segment of a reference.
        title: a segment's name by the name in a reference.
        most: characters that the real-time column takes.
    """
    try:
        query = parse_outbound(text)
    except QueryError as error:
        return PlannedQuery("", (findings.query_unreadable(str(error)),)), ""
    translated = translate_query(query, schema, resolve, interactions=interactions, words=words, most=most)
    return translated, cut(in_words(query, title, schema))


def _stands_alone(segment: LegacySegment) -> bool:
    """Whether a query can be translated without a look at other segments."""
    is_static = segment.type_code == codes.LegacyType.STATIC
    return not is_static and bool(segment.query.strip()) and "segment" not in segment.query.lower()


def _is_compound(segment: LegacySegment, work: _Work) -> bool:
    """Compound by type, or by its query: both are built on other segments."""
    if segment.type_code == codes.LegacyType.COMPOUND:
        return True
    return not _stands_alone(segment) and work.segments.refers(segment)


def _say_compound(segment: LegacySegment, work: _Work) -> Finding:
    if work.settings.compound is Choice.TRANSLATE:
        return findings.compound_translated()
    return findings.compound_segment(work.segments.count_references(segment))


def _only_the_query_stops(common: tuple[Finding, ...], query: PlannedQuery) -> bool:
    """Whether nothing but the query keeps the segment back: its members can be frozen then."""
    stops = [finding for finding in common if finding.severity is Severity.STOP]
    return not stops and any(finding.severity is Severity.STOP for finding in query.findings)


# --- segments that are too large -------------------------------------------------------------------------------------


def _too_large(parts: _Parts, found: tuple[Finding, ...], work: _Work) -> PlannedSegment:
    """A list of more members than its groups can hold: flagged, or split if the run is told so."""
    members = work.members[parts.segment.id]
    spans = parts_of(members.count or 0)
    if work.settings.split and not members.excluded:
        limit = findings.split_into_segments(members.count or 0, len(spans))
    else:
        limit = findings.too_many_members(members.count or 0, MEMBERS_MAX, len(spans))
    everything = (*parts.status.findings, *parts.texts.findings, *found, limit)
    planned = replace(parts.planned, outcome=outcome_of(everything), findings=everything)
    if limit.severity is not Severity.CHANGE:
        return planned
    numbered = [_part(parts, number, len(spans), span, work) for number, span in enumerate(spans, start=1)]
    if planned.loadable:
        work.parts.extend(numbered)
    text = " UNION ".join(f"SEGMENT({codes.SEGMENT_PREFIX}{part.segment_id.hex})" for part in numbered)
    if not planned.loadable:
        return planned
    depends_on = tuple(part.legacy_id for part in numbered)
    return replace(planned, payload=_payload(parts, PayloadKind.DYNAMIC, query=text, depends_on=depends_on))


def _part(parts: _Parts, number: int, of: int, span: tuple[int, int], work: _Work) -> PlannedSegment:
    """One of the numbered segments that a large one is split into."""
    legacy, target = parts.segment, work.settings.target.id
    key = derived_id(target, legacy.id, f"part {number}")
    ending = f" – part {number} of {of}"
    name = shortened(parts.texts.sent.name, codes.NAME_MAX - len(ending)) + ending
    planned = replace(
        parts.planned,
        legacy_id=key,
        name=name,
        definition_id=derived_id(target, key, "definition"),
        segment_id=derived_id(target, key, "segment"),
        outcome=Outcome.ADAPTED,
        recorded_size=None,
        members=replace(parts.planned.members, count=span[1]),
        part_of=legacy.id,
    )
    sent = replace(parts.texts.sent, name=name)
    named = replace(parts, planned=planned, texts=replace(parts.texts, sent=sent))
    groups = plan_groups(key, work.members[legacy.id], name, target, *span)
    return replace(planned, payload=_payload(named, PayloadKind.STATIC, groups=groups))


# --- payloads --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Parts:
    segment: LegacySegment
    planned: PlannedSegment
    status: PlannedStatus
    texts: PlannedTexts


def _carried(parts: _Parts, static: PlannedMembers, query: PlannedQuery) -> Payload | None:
    """What is sent to carry the segment over as it is; None where there is nothing to send."""
    if parts.segment.type_code == codes.LegacyType.STATIC:
        return _payload(parts, PayloadKind.STATIC, groups=static.groups) if static.groups else None
    if not query.text or any(finding.severity is Severity.STOP for finding in query.findings):
        return None
    return _payload(
        parts, PayloadKind.DYNAMIC,
        query=query.text, groups=static.groups, depends_on=query.depends_on, time_zone=query.time_zone,
    )  # fmt: skip


def _snapshot(parts: _Parts, work: _Work) -> Payload:
    """What is sent to freeze the members of now."""
    members = work.members[parts.segment.id]
    groups = plan_groups(parts.segment.id, members, parts.texts.sent.name, work.settings.target.id)
    return _payload(parts, PayloadKind.STATIC, groups=groups)


def _payload(
    parts: _Parts,
    kind: PayloadKind,
    *,
    query: str = "",
    groups: tuple[StaticGroup, ...] = (),
    depends_on: tuple[UUID, ...] = (),
    time_zone: int | None = None,
) -> Payload:
    return payload(
        kind,
        Identity(parts.planned.definition_id, parts.planned.segment_id),
        parts.texts.sent,
        query=query,
        groups=groups,
        publish=parts.status.publish,
        depends_on=depends_on,
        refresh_minutes=parts.segment.refresh_minutes,
        time_zone=time_zone,
    )
