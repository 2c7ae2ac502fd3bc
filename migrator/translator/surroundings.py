"""What stands around a segment: the journeys that use it, and the real-time segments that may be its successor already.

A twin by its name alone changes the name of the new segment; one with the same query or the same people waits for a
person, since creating another would double it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from uuid import UUID

from migrator.contracts.choices import Choice
from migrator.contracts.export_folder import Export
from migrator.contracts.payload import Payload, adopted, renamed
from migrator.contracts.plan import Outcome, PlannedSegment, TranslationSettings, outcome_of
from migrator.contracts.twins import (
    EVIDENCE,
    Evidence,
    FoundSegment,
    SharedPeople,
    Twin,
    may_be_cut,
    name_key,
    name_keys,
)
from migrator.contracts.usage import MAY_SEND, USES, Usage, Use
from migrator.mql import QueryError, parse_realtime
from migrator.mql.meaning import Meaning, meaning
from migrator.product import findings
from migrator.product.codes import NAME_MAX
from migrator.product.findings import Finding
from migrator.translator.texts import shortened

_NAMED = 5
"""Journeys that a finding names."""


def with_surroundings(
    planned: Iterable[PlannedSegment], export: Export, settings: TranslationSettings
) -> list[PlannedSegment]:
    """Planned segments with what uses them, and with the twins that are there.

    Args:
        planned: the segments, as they would become without a look around.
        export: holds what was seen.
        settings: for which organisation.
    """
    segments = list(planned)
    if export.usage is not None:
        segments = [_with_use(segment, export.usage, export.extracted_at) for segment in segments]
    # What is there is known of the organisation that was extracted, and of no other.
    if export.twins is None or settings.target.id != export.organisation.id:
        return segments
    split = {segment.part_of for segment in segments if segment.part_of}
    there = _There.of(export, segments)
    given = _names_given(segments) | there.by_name.keys()
    looked_at = {
        segment.legacy_id: _with_twins(segment, there, given)
        for segment in sorted(segments, key=lambda segment: segment.legacy_id)  # namesakes are numbered by their ids
        if not (segment.part_of or segment.legacy_id in split)
    }
    return [looked_at.get(segment.legacy_id, segment) for segment in segments]


def order(segment: PlannedSegment) -> tuple[int, str, UUID]:
    """The order of a plan: what live journeys use comes first, then by name and id."""
    return USES.index(segment.use), segment.name.casefold(), segment.legacy_id


# --- use -------------------------------------------------------------------------------------------------------------


def _with_use(segment: PlannedSegment, usage: Usage, now: str) -> PlannedSegment:
    key = segment.part_of or segment.legacy_id
    use, said = usage.use(key), usage.of(key)
    segment = replace(segment, use=use, journeys=usage.journeys_of(key), last_used=said.last_used)
    if segment.outcome is Outcome.SKIPPED or segment.part_of:
        return segment
    notes: list[Finding] = []
    sending = [journey for journey in segment.journeys if journey.life in MAY_SEND]
    if use is Use.LIVE:
        names = [f"“{journey.name or journey.id}”" for journey in sending[:_NAMED]]
        count = len(sending) or said.published or 0
        more = [f"and {count - len(names):,} more"] if names and count > len(names) else []
        notes.append(findings.used_by_journeys(count, ", ".join([*names, *more]) or "which ones cannot be seen"))
    elif use in (Use.NONE, Use.ENDED) and said.last_used and now and said.last_used[:10] < _a_year_before(now):
        notes.append(findings.unused_for_long(said.last_used[:10]))
    return replace(segment, findings=(*segment.findings, *notes))


def _a_year_before(now: str) -> str:
    """The same day of the year before, ISO 8601; texts of this form have the order of the days that they name."""
    year = now[:4]
    return f"{int(year) - 1:04}{now[4:10]}" if year.isdigit() else ""


# --- twins -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _There:
    """The real-time segments that are there, by whatever they can be known by."""

    by_query: Mapping[Meaning, Sequence[FoundSegment]]
    by_name: Mapping[str, Sequence[FoundSegment]]
    """By their own names."""
    by_short_name: Mapping[str, Sequence[FoundSegment]]
    """By what their names were made of: without prefix, numbers, copies."""
    cut: Sequence[tuple[str, FoundSegment]]
    """Those whose names may have been cut, with what is left of each."""
    people: Mapping[UUID, Sequence[SharedPeople]]
    """By legacy id."""
    segments: Mapping[UUID, FoundSegment]

    @classmethod
    def of(cls, export: Export, planned: Sequence[PlannedSegment]) -> _There:
        """Everything that was found, but for what this tool itself has made."""
        ours = {segment.segment_id for segment in planned}
        twins = export.twins
        found = [one for one in (twins.segments if twins else ()) if one.id not in ours]
        by_query, by_name, short, people = (defaultdict(list) for _ in range(4))
        cut: list[tuple[str, FoundSegment]] = []
        for one in found:
            own, *shorter = (*name_keys(one.name), "")
            by_name[own].append(one)
            for key in filter(None, shorter):
                short[key].append(one)
            if may_be_cut(one.name) and any(shorter):
                cut.append((shorter[0], one))
            if one.query.strip() and one.static_list_members.strip() in ("", "[]"):
                by_query[_meaning(one.query)].append(one)
        known = {one.id: one for one in found}
        for pair in twins.people if twins else ():
            if pair.segment in known:
                people[pair.legacy].append(pair)
        return cls(by_query, by_name, short, cut, people, known)


def _names_given(planned: Iterable[PlannedSegment]) -> set[str]:
    """Keys of the names that segments of the plan have, or would have once a person has decided."""
    sent = [payload for one in planned for payload in (one.payload, *one.alternatives.values()) if payload]
    return {name_key(payload.name) for payload in sent}


def _meaning(query: str) -> Meaning:
    try:
        return meaning(parse_realtime(query))
    except QueryError:
        return "text", query.strip()


def _with_twins(segment: PlannedSegment, there: _There, given: set[str]) -> PlannedSegment:
    """The segment with its twins; the name that it gets for their sake joins those that are `given`."""
    if segment.outcome is Outcome.SKIPPED:
        return segment
    twins = _twins(segment, there)
    if not twins:
        return segment
    base = segment.payload or segment.alternatives.get(Choice.TRANSLATE) or segment.alternatives.get(Choice.SNAPSHOT)
    same_name = base is not None and name_key(base.name) in there.by_name
    name = base.name if base else segment.name
    if same_name:
        name = _own_name(name, given)
        given.add(name_key(name))
    alternatives: dict[Choice, Payload] = {
        choice: renamed(sent, name) if same_name else sent for choice, sent in segment.alternatives.items()
    }
    if base is not None:
        alternatives |= {Choice.REPLACE: base, Choice.KEEP_BOTH: renamed(base, name)}
    alternatives[Choice.ADOPT] = adopted(twins[0].segment)
    said = tuple(_said(twin, name) for twin in _told(twins))
    everything = (*segment.findings, *said)
    outcome = outcome_of(everything)
    segment = replace(segment, twins=twins, alternatives=alternatives, findings=everything, outcome=outcome)
    if segment.payload is None:
        return segment
    if segment.loadable:
        return replace(segment, payload=renamed(segment.payload, name))
    return replace(segment, payload=None, proposal=segment.payload.query)


def _told(twins: Sequence[Twin]) -> Sequence[Twin]:
    """The twins that are worth a sentence: the strongest evidence says all."""
    return [twin for twin in twins if twin.evidence is twins[0].evidence]


def _said(twin: Twin, name: str) -> Finding:
    match twin.evidence:
        case Evidence.QUERY:
            return findings.twin_with_same_query(twin.segment.name)
        case Evidence.PEOPLE:
            return findings.twin_with_same_people(twin.segment.name, twin.people)
        case _:
            return findings.twin_by_name(twin.segment.name, twin.people, name)


def _own_name(name: str, taken: Set[str]) -> str:
    """A name that nobody has yet."""
    number = 1
    while True:
        ending = " – migrated" if number == 1 else f" – migrated {number}"
        found = shortened(name, NAME_MAX - len(ending)) + ending
        if name_key(found) not in taken:
            return found
        number += 1


def _twins(segment: PlannedSegment, there: _There) -> tuple[Twin, ...]:
    shared = {pair.segment: pair for pair in there.people.get(segment.legacy_id, ())}
    found: dict[UUID, Evidence] = {}
    for one in _same_query(segment, there):
        found[one.id] = Evidence.QUERY
    for key, pair in shared.items():
        if pair.same:
            found.setdefault(key, Evidence.PEOPLE)
    for one in _same_name(segment.name, there):
        found.setdefault(one.id, Evidence.NAME)
    twins = [Twin(there.segments[key], evidence, shared.get(key)) for key, evidence in found.items()]
    own = name_key(segment.name)
    return tuple(
        sorted(
            twins,
            key=lambda twin: (
                EVIDENCE.index(twin.evidence),
                name_key(twin.segment.name) != own,
                twin.segment.id,
            ),
        )
    )


def _same_query(segment: PlannedSegment, there: _There) -> Sequence[FoundSegment]:
    base = segment.payload or segment.alternatives.get(Choice.TRANSLATE)
    if base is None or not base.query.strip() or base.groups or not there.by_query:
        return ()
    return there.by_query.get(_meaning(base.query), ())


def _same_name(name: str, there: _There) -> Sequence[FoundSegment]:
    key = name_key(name)
    if not key:
        return ()
    found = [*there.by_name.get(key, ()), *there.by_short_name.get(key, ())]
    return found + [one for left, one in there.cut if key.startswith(left.rstrip("…")) and one not in found]
