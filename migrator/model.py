"""What flows between the stages: frozen, typed, without behaviour.

Stages never import each other; they meet here and in files. Ids are `uuid.UUID` inside and canonical lower-case text
in files. Times are ISO 8601 text as the organisation wrote them: nothing here computes with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from migrator.findings import SEVERITIES, Finding, Severity
from migrator.ids import Ids

# --- the export ------------------------------------------------------------------------------------------------------


class MemberSource(StrEnum):
    """Where the member list of a legacy segment came from, most trusted first."""

    SERVICE = "service"
    """The outbound service, through msdyncrm_FetchContactsByQuery."""
    DEPRECATED_READ = "deprecated-read"
    """The outbound service, through the FetchXML read on contacts that the seed calls deprecated."""
    ROW = "row"
    """The segment's own column msdyncrm_segmentmemberids."""
    FILE = "file"
    """A file that somebody exported in time."""
    LIST = "list"
    """A marketing list, named for the segment by a person."""
    NONE = "none"
    """Nothing could be read: the members are unknown, which is not the same as none."""
    NOT_READ = "not-read"
    """Nobody asked: the segment was left out by a filter, or never had members (a draft)."""


@dataclass(frozen=True, slots=True)
class Members:
    """What is known about the members of one legacy segment."""

    source: MemberSource
    count: int | None = None
    """Distinct contact ids in `members/<segment id>.csv`; None when there is no such file."""
    unreadable: int = 0
    """Entries of the source that are no ids."""
    duplicates: int = 0
    """Entries of the source that repeat an id."""
    pending: float | None = None
    """Seconds waited for pending member operations that had not ended then; None when there were none."""
    reason: str = ""
    """Why nothing could be read, in words."""
    origin: str = ""
    """The name of the file or of the list."""
    checked: bool = False
    """Whether the organisation was asked if all these contacts exist."""
    gone: int = 0
    """Ids of contacts that no longer exist; left out."""
    not_found: int = 0
    """E-mail addresses that no contact has."""
    ambiguous: int = 0
    """E-mail addresses that several contacts have; each of these contacts is a member."""
    inactive: int = 0
    """Members that are inactive contacts, where that is known."""
    excluded: int | None = None
    """Distinct contact ids in the list of exclusions; None when there is none."""

    @property
    def known(self) -> bool:
        """Whether a member list was read at all (it may be empty)."""
        return self.count is not None


@dataclass(frozen=True, slots=True)
class Organisation:
    """The organisation that an export was taken from, or a plan is made for."""

    id: UUID
    url: str


@dataclass(frozen=True, slots=True)
class LegacySegment:
    """One row of `msdyncrm_segment`, typed. Codes stay numbers: an unknown one must survive to the report."""

    id: UUID
    name: str
    description: str
    type_code: int | None
    status_code: int | None
    query: str
    """The query that counts: msdyncrm_segmentquery, or msdyncrm_query where that is empty."""
    other_query: str
    """The second column's query where it says something else; empty otherwise."""
    query_name: str
    recorded_size: int | None
    scope_code: int | None
    business_unit: UUID | None
    time_zone: int | None
    refresh_minutes: int | None
    external_source: int | None
    created_on: str
    created_by: str
    modified_on: str


@dataclass(frozen=True, slots=True)
class Export:
    """An export folder, read: everything the translator may look at."""

    organisation: Organisation
    fingerprint: str
    """SHA-256 over the manifest's checksums: two exports with the same one are the same."""
    segments: tuple[LegacySegment, ...]
    members: Mapping[UUID, Members]
    tables: Mapping[str, Any]
    """`metadata.json` as it stands; `mql.schema` gives it its type."""


class ReadMembers(Protocol):
    """Gives the member ids of one legacy segment, in the order of the file."""

    def __call__(self, segment: UUID, first: int = 0, count: int | None = None, *, excluded: bool = False) -> Ids:
        """At most `count` ids, from position `first` (counted from 0) on; of the exclusions, if that is asked."""


# --- the plan --------------------------------------------------------------------------------------------------------


class Outcome(StrEnum):
    """What becomes of a legacy segment. Every one has exactly one."""

    READY = "ready"
    ADAPTED = "adapted"
    FLAGGED = "flagged"
    BLOCKED = "blocked"
    SKIPPED = "skipped"


LOADED_OUTCOMES = frozenset({Outcome.READY, Outcome.ADAPTED})
"""The outcomes that the loader carries out."""

OUTCOME_OF_SEVERITY: Mapping[Severity, Outcome] = {
    Severity.NOTE: Outcome.READY,
    Severity.CHANGE: Outcome.ADAPTED,
    Severity.DECISION: Outcome.FLAGGED,
    Severity.STOP: Outcome.BLOCKED,
}


def outcome_of(findings: tuple[Finding, ...]) -> Outcome:
    """The outcome that the heaviest finding asks for; without findings a segment is ready."""
    heaviest = max((SEVERITIES.index(finding.severity) for finding in findings), default=0)
    return OUTCOME_OF_SEVERITY[SEVERITIES[heaviest]]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which legacy segments a run is about. Empty means all; a segment must pass every filter that is given."""

    names: tuple[str, ...] = ()
    """Names or patterns with * and ?; upper and lower case are the same."""
    ids: tuple[UUID, ...] = ()
    types: tuple[int, ...] = ()
    statuses: tuple[int, ...] = ()


class Choice(StrEnum):
    """What a run does with segments that need a decision."""

    FLAG = "flag"
    """Leave the decision to a person, segment by segment."""
    TRANSLATE = "translate"
    """Carry out the proposal."""
    SNAPSHOT = "snapshot"
    """Freeze the members of now in static groups."""
    SKIP = "skip"
    """Leave the segment behind."""


@dataclass(frozen=True, slots=True)
class TranslationSettings:
    """Everything besides the export that a plan depends on."""

    target: Organisation
    """The organisation that the plan is for; the ids of what it creates are derived from its id."""
    selection: Selection = field(default_factory=Selection)
    drafts_only: bool = False
    compound: Choice = Choice.FLAG
    interactions: Choice = Choice.FLAG
    words: bool = False
    """AND and OR in real-time queries instead of && and ||."""
    tolerance: float = 0.02
    """The share by which the members that were read may differ from the recorded size."""
    split: bool = False
    """Whether a static segment that is too large becomes several."""


@dataclass(frozen=True, slots=True)
class StaticGroup:
    """A manual-select group and the part of the member file that it takes."""

    id: UUID
    name: str
    first: int
    """Position of its first member in the member file, counted from 0."""
    count: int
    """Members in the group."""
    excluded: bool = False
    """Whether it is an Exclude group, filled from the list of exclusions."""


@dataclass(frozen=True, slots=True)
class Payload:
    """Everything that is sent for one segment."""

    definition: Mapping[str, Any]
    segment: Mapping[str, Any]
    groups: tuple[StaticGroup, ...] = ()
    publish: bool = False
    depends_on: tuple[UUID, ...] = ()
    """Legacy ids of the segments that its query refers to; they are loaded first."""


@dataclass(frozen=True, slots=True)
class PlannedSegment:
    """One legacy segment with its outcome, and the payloads that would be sent for it."""

    legacy_id: UUID
    name: str
    type_code: int | None
    status_code: int | None
    query: str
    outcome: Outcome
    findings: tuple[Finding, ...]
    recorded_size: int | None
    members: Members
    definition_id: UUID
    segment_id: UUID
    definition: Mapping[str, Any] | None = None
    """Body of POST msdynmkt_segmentdefinitions, its id included; None when nothing is created."""
    segment: Mapping[str, Any] | None = None
    """Body of POST msdynmkt_segments, its id included."""
    groups: tuple[StaticGroup, ...] = ()
    publish: bool = False
    depends_on: tuple[UUID, ...] = ()
    """Legacy ids of the segments that its query refers to; they are loaded first."""
    english: str = ""
    """The query in plain words."""
    proposal: str = ""
    """The real-time query that would be sent if a person decided so; empty where it is sent anyway."""
    alternatives: Mapping[Choice, Payload] = field(default_factory=dict)
    """For a flagged segment: what each decision would send."""
    part_of: UUID | None = None
    """For a part of a segment that was split: the legacy segment that it is a part of, and whose members it takes."""

    @property
    def before(self) -> int | None:
        """Members before: those that were read, else the size that the product last recorded."""
        return self.members.count if self.members.known else self.recorded_size

    @property
    def members_of(self) -> UUID:
        """The legacy segment whose member list its groups are filled from."""
        return self.part_of or self.legacy_id

    @property
    def realtime_query(self) -> str:
        """The real-time query that is sent, or that is proposed."""
        return str(self.definition["msdynmkt_segmentquery"]) if self.definition else self.proposal

    @property
    def loadable(self) -> bool:
        """Whether the loader carries this segment over."""
        return self.outcome in LOADED_OUTCOMES


PLAN_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """What a stakeholder approves and the loader carries out, unchanged."""

    format: int
    tool_version: str
    source: Organisation
    export_fingerprint: str
    settings: TranslationSettings
    segments: tuple[PlannedSegment, ...]

    @property
    def target(self) -> Organisation:
        """The organisation that this plan may be loaded into, and no other."""
        return self.settings.target


# --- what happened ---------------------------------------------------------------------------------------------------


class LoadState(StrEnum):
    """How far the loading of one segment got."""

    LOADED = "loaded"
    """Everything planned is in the organisation, and what could be read back agrees."""
    FAILED = "failed"
    """A step failed; the journal says which. `retry` goes on from there."""
    DIFFERS = "differs"
    """It is live in the organisation, but not as planned. Nothing was changed; a person decides."""
    ROLLED_BACK = "rolled back"
    """What this run had created is deleted again."""


@dataclass(frozen=True, slots=True)
class LoadResult:
    """Where the loading of one segment stands."""

    legacy_id: UUID
    state: LoadState
    step: str = ""
    """The last step tried, such as "publish"; for a failure the one that failed."""
    created: bool = False
    """Whether this run created the segment (false: it was there already)."""
    error_code: str = ""
    error: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Mishap:
    """A step that failed, or whose fate nobody knows."""

    legacy_id: UUID
    step: str
    at: str
    error_code: str
    error: str
    request_id: str


@dataclass(frozen=True, slots=True)
class JournalSummary:
    """What the journal of a run says, added up."""

    steps: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    """Step → how many were confirmed, failed, or are of unknown fate."""
    mishaps: tuple[Mishap, ...] = ()
    """The newest ones."""
    timings: Mapping[UUID, tuple[int, float]] = field(default_factory=dict)
    """Legacy id → writes, and seconds from the first to the last of them."""


class Match(StrEnum):
    """How the members after compare with the members before."""

    EQUAL = "equal"
    """The same members (or the same number, where only numbers are known)."""
    EXPLAINED = "explained"
    """Fewer members, and each missing one is a contact that is inactive or no longer exists."""
    DRIFTED = "drifted"
    """A query's members differ, by no more than the tolerance: people come and go."""
    DIFFERENT = "different"
    """Other members, and nothing explains it."""
    DRAFT = "draft"
    """A query that is not computed, because the segment is a draft."""
    UNKNOWN = "unknown"
    """One of the two sides could not be read."""


@dataclass(frozen=True, slots=True)
class Verified:
    """One segment as it was found in the organisation after loading."""

    legacy_id: UUID
    match: Match
    before: int | None
    after: int | None
    inactive: int = 0
    """Members missing afterwards because the contact is inactive."""
    deleted: int = 0
    """Members missing afterwards because the contact no longer exists."""
    missing: int = 0
    """Members missing afterwards without such a reason."""
    surplus: int = 0
    """Members there afterwards that were not there before."""
    status_code: int | None = None
    """`statuscode` of the real-time segment."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """One look at the organisation after loading; a run may have several."""

    at: str
    """UTC, ISO 8601."""
    segments: tuple[Verified, ...]
    tolerance: float = 0.0
    """The share of the members by which a query's count may differ and is called drifted."""
