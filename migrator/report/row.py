"""One row a segment, and how each form of the report shows it: `ReportRow`. Every form derives from this file.

A new field is one entry in `ReportRow`: what it is (`of`), and where it is shown (`word`, `kind`, `table`, `page`, …).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Annotated, Any, TypeVar, cast

from pydantic import Field

from migrator.base.counted import so_many
from migrator.contracts.choices import Choice
from migrator.contracts.journal import LoadResult, LoadState
from migrator.contracts.payload import PayloadKind
from migrator.contracts.plan import Outcome, PlannedSegment
from migrator.contracts.predictions import Prediction
from migrator.contracts.verification import Match, Verified
from migrator.product.codes import LegacyStatus, LegacyType, label
from migrator.product.findings import Finding, Severity
from migrator.report.offers import Offer, offers_of
from migrator.report.predicted import who_explains
from migrator.report.words import Words

T = TypeVar("T")


class Standing(StrEnum):
    """Where a segment stands, in the words of the report."""

    VERIFIED = "verified"
    DRAFT = "draft"
    PLANNED = "planned"
    UNVERIFIED = "not verified"
    DRIFTED = "drifted"
    DIFFERENT = "different"
    ROLLED_BACK = "rolled back"
    FAILED = "failed"
    WAITING = "waiting"
    IMPOSSIBLE = "not possible"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about one segment after a run."""

    segment: PlannedSegment
    result: LoadResult | None = None
    """How loading went; None where nothing was loaded."""
    seen: Verified | None = None
    """The newest look at its members."""
    dry_run: bool = False
    looks: tuple[int | None, ...] = ()
    """Its members at each look, oldest first."""
    writes: int = 0
    seconds: float = 0.0
    """From the first to the last write."""
    prediction: Prediction | None = None
    """Who will be in it, on the organisation's own data; None where that was not predicted."""


# --- what the facts come to ------------------------------------------------------------------------------------------

_BY_OUTCOME = {
    Outcome.FLAGGED: Standing.WAITING,
    Outcome.BLOCKED: Standing.IMPOSSIBLE,
    Outcome.SKIPPED: Standing.LEFT_OUT,
}
_BY_MATCH = {
    Match.EQUAL: Standing.VERIFIED,
    Match.EXPLAINED: Standing.VERIFIED,
    Match.DRIFTED: Standing.DRIFTED,
    Match.DIFFERENT: Standing.DIFFERENT,
    Match.DRAFT: Standing.DRAFT,
    Match.UNKNOWN: Standing.UNVERIFIED,
}
_BY_STATE = {
    LoadState.FAILED: Standing.FAILED,
    LoadState.DIFFERS: Standing.DIFFERENT,
    LoadState.ROLLED_BACK: Standing.ROLLED_BACK,
}


def _standing(facts: Facts) -> Standing:
    segment, result, seen = facts.segment, facts.result, facts.seen
    if not segment.loadable:
        return _BY_OUTCOME[segment.outcome]
    if facts.dry_run or result is None:
        return Standing.PLANNED
    if result.state in _BY_STATE:
        return _BY_STATE[result.state]
    return _BY_MATCH[seen.match] if seen else Standing.UNVERIFIED


def _live(facts: Facts) -> bool:
    seen = facts.seen.live if facts.seen else None
    return facts.segment.publish if seen is None else seen


def _twins(facts: Facts) -> str:
    return "; ".join(
        f"{twin.segment.name} ({twin.evidence}{f', {twin.people}' if twin.people else ''})"
        for twin in facts.segment.twins
    )


def _source(facts: Facts) -> str:
    segment = facts.segment
    if segment.members.known:
        return str(segment.members.source)
    return "recorded" if segment.recorded_size is not None else "unknown"


def _planned(facts: Facts) -> int | None:
    segment = facts.segment
    return sum(group.count for group in segment.groups) if segment.loadable and segment.groups else None


def _difference(facts: Facts) -> int | None:
    after, before = facts.seen.after if facts.seen else None, facts.segment.before
    return after - before if after is not None and before is not None else None


def _share(facts: Facts) -> float | None:
    after, before = facts.seen.after if facts.seen else None, facts.segment.before
    return after / before if after is not None and before else None


def _compared(facts: Facts) -> bool:
    unlike = (Match.UNKNOWN, Match.DRAFT)
    seen = facts.seen
    return facts.segment.members.known and seen is not None and seen.match not in unlike and not seen.partly


def _explanation(facts: Facts) -> str:
    seen = facts.seen
    if seen is None:
        return ""
    parts = [
        so_many(seen.inactive, "inactive contact") if seen.inactive else "",
        so_many(seen.deleted, "contact that no longer exists", "contacts that no longer exist") if seen.deleted else "",
        f"{seen.missing:,} missing without a reason" if seen.missing else "",
        f"{seen.surplus:,} that were not there before" if seen.surplus else "",
        seen.note,
    ]
    return "; ".join(filter(None, parts))


def _foretold(facts: Facts) -> str:
    return who_explains(facts.prediction, facts.seen.after if facts.seen else None, Words())


def _error(facts: Facts) -> str:
    result = facts.result
    if result is None or not result.error:
        return ""
    known = " ".join(filter(None, (result.error_code, f"request id {result.request_id}" if result.request_id else "")))
    before = f"Step “{result.step}”: " if result.step else ""  # none was begun where others have to come first
    return f"{before}{result.error}" + (f" ({known})" if known else "")


def _reason(facts: Facts) -> str:
    if said := _error(facts) or _explanation(facts):
        return said
    deciding = [one for one in facts.segment.findings if one.severity in (Severity.DECISION, Severity.STOP)]
    return deciding[0].message if deciding and not facts.segment.loadable else ""


# --- how a field is shown --------------------------------------------------------------------------------------------


class Kind(StrEnum):
    """How a value is written, sorted and filtered."""

    TEXT = "text"
    VALUE = "value"
    """One of few texts: can be filtered by, and is translated where it has a family of words."""
    COUNT = "count"
    SIGNED = "signed"
    SHARE = "share"
    FINDINGS = "findings"
    LOOKS = "looks"
    """A count for each look at the members but the newest."""


NUMBERS = frozenset({Kind.COUNT, Kind.SIGNED, Kind.SHARE, Kind.LOOKS})


@dataclass(frozen=True, slots=True)
class Shown:
    """Where and how the forms of the report show a field."""

    of: Callable[[Facts], Any]
    word: str
    """Its heading: a key of templates/words.toml, or several, one after the other."""
    kind: Kind
    family: str
    """The family of words that its values are translated with; empty for values that stand as they are."""
    table: int
    """Its place among the columns of the workbook and the CSV; 0 for none."""
    page: int
    """Its place among the columns of the page; 0 for none."""
    terminal: int
    """Its place among the columns of the terminal; 0 for none."""
    script: bool
    """Whether the page's script gets it."""
    only: str
    """`dry` or `real`: the page and the terminal show it only for such runs; `foretold`: only where somebody
    predicted; empty for all."""
    private: bool
    """Whether a person has written it, so that an anonymous report leaves it out."""
    long: bool
    """Whether it is cut where all texts together would be too long for a mail."""


def told(
    of: Callable[[Facts], T],
    word: str = "",
    kind: Kind = Kind.TEXT,
    *,
    family: str = "",
    table: int = 0,
    page: int = 0,
    terminal: int = 0,
    script: bool = True,
    only: str = "",
    private: bool = False,
    long: bool = False,
    inside: bool = False,
) -> T:
    """A field of `ReportRow`: what it is, and where it is shown (see `Shown`).

    Args:
        of: the value, from the facts of a segment.
        word: its heading, a key of templates/words.toml.
        kind: how it is written.
        family, table, page, terminal, script, only, private, long: as in `Shown`.
        inside: not a part of `report.json`; its type is then `Inside[...]`.
    """
    shown = Shown(of, word, kind, family, table, page, terminal, script, only, private, long)
    kept = {"shown": shown}
    return cast("T", field(default=None, metadata=kept) if inside else field(metadata=kept))


Inside = Annotated[T, Field(exclude=True)]
"""The type of a field that the other forms need, and `report.json` does not have."""


# --- the row ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """One legacy segment, before and after. The order of the fields is the one of `report.json`."""

    legacy_id: str = told(lambda facts: str(facts.segment.legacy_id), "ids legacy_id", table=20)
    segment_id: str = told(lambda facts: str(facts.segment.segment_id), "ids realtime_id", table=21)
    name: str = told(lambda facts: facts.segment.name, "segment", table=1, page=1, terminal=1)
    type: str = told(
        lambda facts: label(facts.segment.type_code, LegacyType),
        "type",
        Kind.VALUE,
        family="type",
        table=2,
        page=2,
        terminal=2,
    )
    status: str = told(
        lambda facts: label(facts.segment.status_code, LegacyStatus),
        "status",
        Kind.VALUE,
        family="status",
        table=3,
        page=3,
    )
    outcome: Outcome = told(
        lambda facts: facts.segment.outcome, "outcome", Kind.VALUE, family="outcome", table=4, page=4, terminal=3
    )
    standing: Standing = told(_standing, "standing", Kind.VALUE, family="standing", table=5, page=5, terminal=7)
    before: int | None = told(lambda facts: facts.segment.before, "before", Kind.COUNT, table=6, page=6, terminal=4)
    before_source: str = told(_source, "origin", Kind.VALUE, family="source", table=7)
    planned: int | None = told(_planned, "planned", Kind.COUNT, table=8, page=7, terminal=5, only="dry")
    predicted: int | None = told(
        lambda facts: facts.prediction.predicted if facts.prediction else None,
        "predicted", Kind.COUNT, table=9, page=8, only="foretold",
    )  # fmt: skip
    """Members of the real-time segment on the organisation's own data, computed before anything is created."""
    original_now: int | None = told(lambda facts: facts.prediction.legacy if facts.prediction else None, script=False)
    """Members of the original on the same data."""
    verdict: str = told(lambda facts: str(facts.prediction.verdict) if facts.prediction else "", script=False)
    """equal, differs or unknown; empty where nothing was predicted."""
    after: int | None = told(
        lambda facts: facts.seen.after if facts.seen else None,
        "after", Kind.COUNT, table=11, page=10, terminal=6, only="real",
    )  # fmt: skip
    difference: int | None = told(_difference, "difference", Kind.SIGNED, table=12, page=11, only="real")
    share: Inside[float | None] = told(_share, "share", Kind.SHARE, table=13, page=12, only="real", inside=True)
    inactive: int = told(lambda facts: facts.seen.inactive if facts.seen else 0, script=False)
    """Members missing afterwards because the contact is inactive."""
    deleted: int = told(lambda facts: facts.seen.deleted if facts.seen else 0, script=False)
    """Members missing afterwards because the contact no longer exists."""
    missing: int = told(lambda facts: facts.seen.missing if facts.seen else 0, script=False)
    """Members missing afterwards without such a reason."""
    surplus: int = told(lambda facts: facts.seen.surplus if facts.seen else 0, script=False)
    """Members there afterwards that were not there before."""
    explanation: str = told(_explanation, "explanation", table=14, private=True)
    prediction: str = told(_foretold, "prediction", table=15, private=True)
    """What data, translation and service have to do with a difference."""
    foreseen: Inside[Prediction | None] = told(lambda facts: facts.prediction, script=False, inside=True)
    error: str = told(_error, "error", table=17, private=True)
    writes: int = told(lambda facts: facts.writes)
    seconds: float = told(lambda facts: facts.seconds)
    groups: tuple[tuple[str, int], ...] = told(
        lambda facts: tuple((group.name, group.count) for group in facts.segment.groups)
    )
    """Name and members of each static group."""
    looks: tuple[int | None, ...] = told(lambda facts: facts.looks, "looks", Kind.LOOKS, table=10, page=9, only="real")
    """Members at each verification, oldest first."""
    findings: tuple[Finding, ...] = told(lambda facts: facts.segment.findings, "findings", Kind.FINDINGS, table=16)
    query: str = told(lambda facts: facts.segment.query, "legacy_query", table=18, private=True, long=True)
    english: str = told(lambda facts: facts.segment.english, private=True, long=True)
    realtime_query: str = told(
        lambda facts: facts.segment.realtime_query, "sent_query", table=19, private=True, long=True
    )
    use: str = told(lambda facts: str(facts.segment.use), "use", Kind.VALUE, family="use", table=22)
    """How journeys used it when it was extracted."""
    journeys: tuple[str, ...] = told(
        lambda facts: tuple(one.name or str(one.id) for one in facts.segment.journeys), script=False
    )
    """The journeys that pointed at it then."""
    used_by: Inside[str] = told(
        lambda facts: ", ".join(one.name or str(one.id) for one in facts.segment.journeys),
        "used_by", table=23, script=False, private=True, inside=True,
    )  # fmt: skip
    last_used: str = told(lambda facts: facts.segment.last_used, script=False)
    """When a journey last used it, ISO 8601; empty where nobody knows."""
    twins: Inside[str] = told(_twins, "twins", table=24, script=False, private=True, inside=True)
    """Real-time segments that were there already, with what shows that they are the same."""
    adopted: bool = told(lambda facts: facts.segment.adopted, script=False)
    """Whether a segment that was there already is its successor."""
    reason: Inside[str] = told(_reason, "reason", page=13, script=False, private=True, inside=True)
    """Why it stands where it stands, in a sentence."""
    choices: Inside[tuple[str, ...]] = told(
        lambda facts: tuple(offer.choice for offer in offers_of(facts.segment) if offer.choice != Choice.SKIP),
        inside=True,
    )
    """The decisions that `approve` takes for it, besides leaving it behind."""
    offers: Inside[tuple[Offer, ...]] = told(lambda facts: offers_of(facts.segment), script=False, inside=True)
    """The same, with what each would make of it."""
    created: Inside[bool] = told(lambda facts: bool(facts.result and facts.result.created), script=False, inside=True)
    there: Inside[bool] = told(
        lambda facts: bool(facts.result and facts.result.created) or bool(facts.seen and facts.seen.after is not None),
        inside=True,
    )
    """Whether its real-time segment can be opened in the organisation."""
    publish: Inside[bool] = told(_live, script=False, inside=True)
    """Whether journeys send to it: as the last look has found it, else as it is planned."""
    listed: Inside[bool] = told(lambda facts: facts.segment.members.known, script=False, inside=True)
    """Whether the members before are known by name."""
    compared: Inside[bool] = told(_compared, script=False, inside=True)
    """Whether the members after were compared with those before, one by one."""
    note: Inside[str] = told(lambda facts: facts.seen.note if facts.seen else "", script=False, inside=True)
    """What the newest look says besides."""
    dynamic: Inside[bool] = told(
        lambda facts: facts.segment.payload is None or facts.segment.payload.kind is PayloadKind.DYNAMIC,
        script=False, inside=True,
    )  # fmt: skip


SHOWN: dict[str, Shown] = {one.name: one.metadata["shown"] for one in fields(ReportRow)}
"""How each field is shown, in their order."""


def row_of(facts: Facts) -> ReportRow:
    """The row of one segment."""
    return ReportRow(**{name: shown.of(facts) for name, shown in SHOWN.items()})


# --- columns ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column:
    """A column of one form."""

    key: str
    words: tuple[str, ...]
    """Keys of its heading."""
    kind: Kind
    family: str
    look: int = -1
    """For the members at an earlier look: which one, counted from the oldest; -1 for other columns."""
    at: str = ""
    """When that look was."""

    @property
    def number(self) -> bool:
        """Whether it holds numbers."""
        return self.kind in NUMBERS

    def value(self, row: ReportRow) -> Any:
        """The cell of a row, as it is."""
        found = getattr(row, self.key)
        if self.kind is Kind.LOOKS:
            return found[self.look]
        return " ".join(one.message for one in found) if self.kind is Kind.FINDINGS else found


def columns(
    form: str, looks: Sequence[str] = (), *, dry_run: bool | None = None, foretold: bool = False
) -> list[Column]:
    """The columns of a form.

    Args:
        form: `table`, `page` or `terminal`.
        looks: when the members were looked at, oldest first.
        dry_run: what kind of run it is; None takes the columns of both kinds.
        foretold: whether it was predicted who will be in a segment.
    """
    kinds = {"", "foretold", "dry", "real"}
    if dry_run is not None:
        kinds -= {"real" if dry_run else "dry"} | (set() if foretold else {"foretold"})
    found = [(getattr(shown, form), name) for name, shown in SHOWN.items() if shown.only in kinds]
    return [column for place, name in sorted(found) if place for column in _columns_of(name, looks)]


def _columns_of(name: str, looks: Sequence[str]) -> Iterator[Column]:
    shown = SHOWN[name]
    words = tuple(shown.word.split())
    if shown.kind is not Kind.LOOKS:
        yield Column(name, words, shown.kind, shown.family)
        return
    for number, at in enumerate(looks[:-1]):
        yield Column(name, words, shown.kind, shown.family, number, at)
