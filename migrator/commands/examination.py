"""What a look at an organisation means: a check for each thing that a migration needs, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from migrator.base.errors import UsageError
from migrator.contracts.payload import Payload, PayloadKind
from migrator.contracts.plan import Plan
from migrator.dataverse.inspection import NO_PRODUCTION, TableFacts
from migrator.product.codes import (
    DYNAMIC_SEGMENTS_MAX,
    QUERY_MAX,
    SEGMENTS_MAX,
    STATIC_SEGMENTS_MAX,
    Scope,
    SegmentType,
)
from migrator.product.privileges import (
    DEFINITION,
    FOR_BUSINESS_UNITS,
    LEGACY,
    NEEDED,
    OUTBOUND_JOURNEY,
    SEGMENT,
    USE_TABLES,
)

LEGACY_ACTIONS = ("msdyncrm_FetchContactsByQuery", "msdyncrm_SegmentMembersUpdate")
ACTIONS = (
    "msdynmkt_AddStaticMembers",
    "msdynmkt_RemoveStaticMembers",
    "msdynmkt_ListGroupMembers",
    "msdynmkt_PublishSegmentDefinition",
    "msdynmkt_MembersList",
    "msdynmkt_StopSegments",
)
_CLOCK = 300.0
"""Seconds that our clock may differ from the organisation's (tokens carry times)."""


CHECKS = (
    "account", "kind", "clock", "requests", "outbound", "real-time", "privileges", "use", "limits", "business-units",
    "tables", "change-tracking", "rows", "query-length", "operators",
)  # fmt: skip
"""What `--skip-check` calls the checks."""


def checks_called(names: Iterable[str]) -> frozenset[str]:
    """The checks that a person wants to pass over.

    Raises:
        UsageError: there is no check of this name.
    """
    wanted = frozenset(names)
    if unknown := sorted(wanted.difference(CHECKS)):
        raise UsageError(f"There is no check {unknown[0]} to skip; checks are {', '.join(CHECKS)}. Nothing was sent.")
    return wanted


class Health(StrEnum):
    """What a check came to."""

    GOOD = "good"
    NOTE = "note"
    """Nothing stands in the way, but a person should know."""
    WRONG = "wrong"
    """Something is missing; see what it matters to."""
    UNKNOWN = "unknown"
    """It could not be looked at."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    """One of `CHECKS`."""
    title: str
    health: Health
    found: str
    """What is so, in one sentence."""
    cure: str = ""
    """What to do; empty where nothing is to be done."""
    matters_to: frozenset[str] = frozenset()
    """The commands that cannot do their work where this is wrong."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that could not be read, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class TablesSeen:
    """What the metadata says of the tables, by logical name, and which of those that queries need hold no row."""

    facts: Mapping[str, TableFacts]
    empty: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Us:
    """Who looks."""

    user: str
    clock_skew: float | None
    business_unit: UUID | None = None
    dop_hint: float = 0.0
    """Requests at a time that the organisation recommends (x-ms-dop-hint); 0 where it says nothing."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Every answer, or why there is none."""

    user: str | Unread
    roles: tuple[str, ...] | Unread
    privileges: frozenset[str] | Unread
    kind: str | Unread
    messages: frozenset[str] | Unread
    tables: TablesSeen | Unread
    versions: Mapping[str, str] | Unread
    counts: Mapping[int, int] | Unread
    scopes: frozenset[int] | Unread
    matrix: bool | Unread
    length: int | Unread | None
    queries: tuple[str, ...] | Unread


def checks_of(us: Us, seen: Seen, plan: Plan | None, wanted: frozenset[str]) -> Iterator[Check]:
    """The checks, in the order in which a person reads them.

    Args:
        us: who looks.
        seen: what was seen.
        plan: what is to be loaded; None where nothing is planned yet.
        wanted: logical names of the tables that its queries need, besides contact.
    """
    yield from _about_us(us, seen)
    yield from _about_outbound(seen)
    yield from _about_realtime(seen)
    yield from _about_privileges(seen)
    yield from _about_use(seen)
    yield from _about_limits(seen, plan)
    yield from _about_units(us, seen, plan)
    yield from _about_tables(seen, wanted)
    yield from _about_queries(seen, plan)


_WRITES = frozenset({"load"})
_READS_LEGACY = frozenset({"extract"})


def _about_us(us: Us, seen: Seen) -> Iterator[Check]:
    name = seen.user if isinstance(seen.user, str) and seen.user else us.user
    roles = "" if isinstance(seen.roles, Unread) else ", ".join(seen.roles)
    yield Check("account", "Who we are", Health.GOOD, f"Signed in as {name}" + (f" ({roles})." if roles else "."))
    kind = "" if isinstance(seen.kind, Unread) else seen.kind
    production = kind not in NO_PRODUCTION
    what = f"It is of the kind {kind}." if kind else "It does not say of what kind it is."
    yield Check(
        "kind",
        "Kind of organisation",
        Health.NOTE if production else Health.GOOD,
        f"{what} {'It is treated as production.' if production else 'It is no production.'}",
    )
    skew = us.clock_skew
    if skew is None:
        yield Check("clock", "Clock", Health.UNKNOWN, "The organisation's answers carry no time.")
    elif abs(skew) > _CLOCK:
        yield Check(
            "clock",
            "Clock",
            Health.NOTE,
            f"This machine's clock is {abs(skew) / 60:.0f} minutes {'behind' if skew > 0 else 'ahead'}.",
            "Set it right: sign-ins and the order of runs depend on it.",
        )
    else:
        yield Check("clock", "Clock", Health.GOOD, "This machine's clock and the organisation's agree.")
    advice = f"The organisation recommends {us.dop_hint:.0f} at a time" if us.dop_hint else "Nothing is recommended"
    yield Check("requests", "Requests", Health.GOOD, f"{advice} (x-ms-dop-hint); how many fit is learned on the way.")


def _about_outbound(seen: Seen) -> Iterator[Check]:
    if isinstance(seen.tables, Unread):
        yield Check(
            "outbound", "Outbound marketing", Health.UNKNOWN, f"Its tables could not be looked at: {seen.tables.why}"
        )
        return
    if LEGACY not in seen.tables.facts:
        yield Check(
            "outbound",
            "Outbound marketing",
            Health.WRONG,
            f"There is no table {LEGACY}: outbound marketing was never installed here, or is removed completely.",
            "Start from an export that somebody made in time: migrator run --from EXPORT",
            _READS_LEGACY | {"retire", "retire --delete"},
        )
        return
    missing = _missing(seen.messages, LEGACY_ACTIONS)
    if missing is None:
        yield Check(
            "outbound", "Outbound marketing", Health.UNKNOWN, "Whether its services answer could not be looked up."
        )
    elif missing:
        yield Check(
            "outbound",
            "Outbound marketing",
            Health.NOTE,
            "Its segments can be read; its services are removed, so that members come from the rows, or from files.",
            "Have the files ready that somebody exported in time: migrator import-members --help",
        )
    else:
        yield Check("outbound", "Outbound marketing", Health.GOOD, "Its segments and its services are there.")


def _about_realtime(seen: Seen) -> Iterator[Check]:
    commands = _WRITES | {"verify", "rollback"}
    if isinstance(seen.tables, Unread):
        yield Check(
            "real-time", "Real-time journeys", Health.UNKNOWN, f"Its tables could not be looked at: {seen.tables.why}"
        )
        return
    if tables := [name for name in (DEFINITION, SEGMENT) if name not in seen.tables.facts]:
        yield Check(
            "real-time",
            "Real-time journeys",
            Health.WRONG,
            f"Real-time journeys are not installed: there is no table {' and no table '.join(tables)}.",
            "Install Customer Insights - Journeys in the Power Platform admin centre.",
            commands,
        )
        return
    missing = _missing(seen.messages, ACTIONS)
    version = "" if isinstance(seen.versions, Unread) else max(seen.versions.values(), key=_in_order, default="")
    shown = f" (version {version})" if version else ""
    if missing is None:
        yield Check(
            "real-time", "Real-time journeys", Health.UNKNOWN, "Whether its actions are there could not be looked up."
        )
    elif missing:
        yield Check(
            "real-time",
            "Real-time journeys",
            Health.WRONG,
            f"The installed version{shown} lacks {', '.join(missing)}.",
            "Update Customer Insights - Journeys in the Power Platform admin centre.",
            commands,
        )
    else:
        yield Check("real-time", "Real-time journeys", Health.GOOD, f"Tables and actions are there{shown}.")


def _in_order(version: str) -> list[int]:
    """What versions are compared by: 1.1.10 comes after 1.1.9."""
    return [int(part) if part.isdecimal() else 0 for part in version.split(".")]


def _missing(messages: frozenset[str] | Unread, wanted: tuple[str, ...]) -> list[str] | None:
    if isinstance(messages, Unread):
        return None
    known = {name.lower() for name in messages}
    return [name for name in wanted if name.lower() not in known]


def _about_privileges(seen: Seen) -> Iterator[Check]:
    if isinstance(seen.privileges, Unread):
        yield Check(
            "privileges",
            "Privileges",
            Health.UNKNOWN,
            f"The account's privileges could not be looked at: {seen.privileges.why}",
        )
        return
    held = {name.lower() for name in seen.privileges}
    lacking: dict[str, list[str]] = {}
    for command, names in NEEDED.items():
        for name in names:
            if name.lower() not in held:
                lacking.setdefault(name, []).append(command)
    for name, commands in lacking.items():
        yield Check(
            "privileges",
            "Privileges",
            Health.WRONG,
            f"The account lacks the privilege {name}, needed for: {', '.join(commands)}.",
            "Add it to one of the account's security roles, at the level Organization.",
            frozenset(commands),
        )
    if not lacking:
        yield Check("privileges", "Privileges", Health.GOOD, "The account may do what every command needs.")


def _about_use(seen: Seen) -> Iterator[Check]:
    """Whether it can be read which journeys use which segment; where it cannot, that is unknown, and nothing ends."""
    if isinstance(seen.privileges, Unread) or isinstance(seen.tables, Unread):
        yield Check("use", "What uses segments", Health.UNKNOWN, "Whether journeys can be read could not be looked at.")
        return
    held = {name.lower() for name in seen.privileges}
    there = [name for name in USE_TABLES if name in seen.tables.facts]
    lacking = [f"prvRead{name}" for name in there if f"prvRead{name}".lower() not in held]
    absent = [name for name in USE_TABLES if name not in there and name != OUTBOUND_JOURNEY]
    unknown = "which journeys use which segment stays unknown in extract and cutover"
    if lacking:
        yield Check(
            "use",
            "What uses segments",
            Health.NOTE,
            f"The account lacks the privilege{'s' if len(lacking) > 1 else ''} {_listed(lacking)}: {unknown}.",
            "Add what is lacking to one of the account's security roles, at the level Organization.",
        )
    elif absent:
        yield Check(
            "use", "What uses segments", Health.NOTE, f"There is no table {' and no table '.join(absent)}: {unknown}."
        )
    else:
        yield Check("use", "What uses segments", Health.GOOD, "Journeys, and which segments they use, can be read.")


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _about_limits(seen: Seen, plan: Plan | None) -> Iterator[Check]:
    if isinstance(seen.counts, Unread):
        yield Check("limits", "Room for segments", Health.UNKNOWN, f"They could not be counted: {seen.counts.why}")
        return
    there = sum(seen.counts.values())
    static = seen.counts.get(SegmentType.STATIC, 0)
    dynamic = seen.counts.get(SegmentType.DYNAMIC, 0)
    kinds = [segment.payload.kind for segment in plan.segments if segment.loadable and segment.payload] if plan else []
    more_static, more = kinds.count(PayloadKind.STATIC), len(kinds)
    over = [
        f"{now + new:,} {name} where {most:,} are possible"
        for name, now, new, most in (
            ("segments", there, more, SEGMENTS_MAX),
            ("static segments", static, more_static, STATIC_SEGMENTS_MAX),
            ("dynamic segments", dynamic, more - more_static, DYNAMIC_SEGMENTS_MAX),
        )
        if now + new > most
    ]
    # Segments of an earlier loading are counted twice here, so this may warn too early, but never too late.
    if over:
        yield Check(
            "limits",
            "Room for segments",
            Health.WRONG,
            f"With what the plan creates there would be {'; '.join(over)}.",
            "Delete segments that nobody uses, or load fewer (--name, --type, --status).",
            _WRITES,
        )
    else:
        planned = f", and {more:,} are planned" if plan else ""
        yield Check(
            "limits",
            "Room for segments",
            Health.GOOD,
            f"{there:,} of {SEGMENTS_MAX:,} real-time segments are there{planned}.",
        )


def elsewhere(plan: Plan | None, own: UUID | None) -> list[Payload]:
    """What a plan creates in other business units than the account's own."""
    planned = [segment.payload for segment in (plan.segments if plan else ()) if segment.loadable and segment.payload]
    return [one for one in planned if one.business_unit not in (None, own)]


def _about_units(us: Us, seen: Seen, plan: Plan | None) -> Iterator[Check]:
    name, title = "business-units", "Business units"
    wanted = elsewhere(plan, us.business_unit)
    scoped = sum(payload.scope_code == Scope.BUSINESS_UNIT for payload in wanted)
    if isinstance(seen.matrix, Unread):
        yield Check(name, title, Health.UNKNOWN, f"The setting could not be read: {seen.matrix.why}")
        return
    if seen.matrix and isinstance(seen.privileges, Unread):
        yield Check(name, title, Health.UNKNOWN, f"The privileges could not be looked at: {seen.privileges.why}")
        return
    held = set() if isinstance(seen.privileges, Unread) else {name.lower() for name in seen.privileges}
    lacking = [name for name in FOR_BUSINESS_UNITS if name.lower() not in held]
    in_use = frozenset() if isinstance(seen.scopes, Unread) else seen.scopes
    mixed = bool(in_use) and Scope.BUSINESS_UNIT in in_use and Scope.ORGANISATION in in_use
    if seen.matrix and not lacking:
        yield Check(
            name,
            title,
            Health.GOOD,
            "Segments can be put into the business units that they belong to.",
        )
    else:
        why = (
            "Ownership across business units is switched off"
            if not seen.matrix
            else f"The account lacks {_listed(lacking)}"
        )
        others = f"; {len(wanted):,} of the plan belong to others." if wanted else "."
        if scoped:
            others = (
                f"; {len(wanted):,} of the plan belong to others, and of {scoped:,} the unit decides who is in them."
            )
        yield Check(
            name,
            title,
            Health.WRONG if scoped else Health.NOTE,
            f"{why}, so every segment lands in the business unit of the account{others}",
            "Switch on record ownership across business units, or sign in with an account of that unit."
            if not seen.matrix
            else "Add it to one of the account's security roles.",
            frozenset({"load"}) if scoped else frozenset(),
        )
    if mixed:
        yield Check(
            name,
            title,
            Health.NOTE,
            "Some real-time segments have a business unit and others have none; the product wants all or none.",
            "Decide for one of both before more segments come.",
        )


def _about_tables(seen: Seen, wanted: frozenset[str]) -> Iterator[Check]:
    if isinstance(seen.tables, Unread) or not wanted:
        return
    facts = seen.tables.facts
    absent = sorted(wanted - facts.keys())
    untracked = sorted(name for name in wanted & facts.keys() if not facts[name].change_tracking)
    empty = sorted(seen.tables.empty)
    for name, tables, what, cure in (
        ("tables", absent, "The organisation has no table", "Leave the segments out whose queries use it."),
        (
            "change-tracking",
            untracked,
            "Change tracking is off for the table",
            "Switch it on: make.powerapps.com, Tables, Properties, Track changes.",
        ),
        (
            "rows",
            empty,
            "There is no row in the table",
            "The product refuses queries over empty tables: add a row, or leave those segments out.",
        ),
    ):
        if tables:
            plural = "s" if len(tables) > 1 else ""
            yield Check(
                name, "Tables of the queries", Health.WRONG, f"{what}{plural} {_listed(tables)}.", cure, _WRITES
            )
    if not (absent or untracked or empty):
        looked = f"{len(wanted)} table{'s' if len(wanted) > 1 else ''} besides contact"
        yield Check("tables", "Tables of the queries", Health.GOOD, f"{looked}: there, tracked, and not empty.")


def _about_queries(seen: Seen, plan: Plan | None) -> Iterator[Check]:
    most = QUERY_MAX if isinstance(seen.length, Unread) or seen.length is None else seen.length
    long = [
        segment
        for segment in (plan.segments if plan else ())
        if segment.loadable and len(segment.realtime_query) > most
    ]
    source = "as its metadata says" if not isinstance(seen.length, Unread) and seen.length else "as was published"
    if long:
        names = ", ".join(f"“{segment.name}”" for segment in long[:5])
        yield Check(
            "query-length",
            "Length of queries",
            Health.WRONG,
            f"{len(long):,} queries of the plan are longer than {most:,} characters ({names}).",
            "Make the plan again from a new export of this organisation.",
            _WRITES,
        )
    else:
        yield Check(
            "query-length", "Length of queries", Health.GOOD, f"A query may have {most:,} characters, {source}."
        )
    if isinstance(seen.queries, Unread) or not seen.queries:
        why = f"They could not be read: {seen.queries.why}" if isinstance(seen.queries, Unread) else ""
        yield Check(
            "operators", "How queries are written", Health.UNKNOWN, why or "There is no saved query to look at."
        )
        return
    words = sum(" and " in f" {query.lower()} " or " or " in f" {query.lower()} " for query in seen.queries)
    symbols = sum("&&" in query or "||" in query for query in seen.queries)
    yield Check(
        "operators",
        "How queries are written",
        Health.GOOD,
        f"Of {len(seen.queries)} saved queries {symbols} write && and ||, {words} write AND and OR.",
        "If publishing is refused for its operators, translate again with --operators words."
        if words > symbols
        else "",
    )
