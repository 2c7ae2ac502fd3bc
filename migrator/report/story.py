"""What the report tells, in its order: verdict, numbers, drawings, decisions, segments, appendix.

Every form of the report is made from this, and this from one comparison.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from typing import Any

from migrator.contracts.choices import Choice
from migrator.contracts.cutover import CutoverLook
from migrator.contracts.decisions import checksum_of
from migrator.contracts.history import Event
from migrator.contracts.journal import JournalSummary
from migrator.contracts.plan import LOADED_OUTCOMES, Outcome, Plan
from migrator.contracts.predictions import PeoplePredicted, Predictions
from migrator.contracts.reach import Reach
from migrator.contracts.twins import EVIDENCE
from migrator.contracts.verification import Verification
from migrator.product.codes import DYNAMIC_SEGMENTS_MAX, SEGMENTS_MAX, STATIC_SEGMENTS_MAX
from migrator.product.findings import CATALOGUE, Severity, code_of, twin_by_name
from migrator.report.charts import Flow, flow
from migrator.report.compare import Change, Comparison, Totals
from migrator.report.cutover import CutoverPart, cutover_part
from migrator.report.first_screen import FirstScreen, by_importance, first_screen
from migrator.report.offers import Offer
from migrator.report.people import People, memberships
from migrator.report.people_and_copies import ForetoldPart, foretold_part
from migrator.report.predicted import who_explains
from migrator.report.reach import ReachStory, anonymous, reach_story, with_findings
from migrator.report.recommending import IMPORTED, recommended, without_freezing
from migrator.report.row import SHOWN, ReportRow, Standing
from migrator.report.sentences import deed_of, message_of, sentence_of
from migrator.report.words import Words

EXAMPLES = 12
"""Segments of one reason that are shown with their queries; the others are a click away, in the table."""
_TEXTS = 2_500_000
"""Characters of all queries together, so that the file stays small."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the report says about the run besides the comparison."""

    run: str
    at: str
    """When the run began, UTC, ISO 8601."""
    dry_run: bool
    verified_at: str
    """When the members were last compared; empty when never."""
    title: str = ""
    logo: str = ""
    """A picture, as a data address."""
    language: str = "en"
    csv: str = "comma"
    """The dialect of its table as CSV."""
    workbook: bool = False
    """Whether a workbook is written beside the page, which names its rows then."""
    anonymous: bool = False
    """Whether names and queries are left out."""
    journal: JournalSummary = field(default_factory=JournalSummary)
    traffic: Mapping[str, int] = field(default_factory=dict)
    skipped_checks: Sequence[str] = ()
    """What the organisation lacked and a person went on without."""
    history: Sequence[Event] = ()
    """Who did what with the run, when and why; oldest first."""
    changes: Sequence[Change] = ()
    reach: Reach | None = None
    """Who will be mailed; None where nobody has asked."""
    predictions: Predictions | None = None
    decided_since: bool = False
    """Whether people have decided something since it was predicted."""
    """Who will be in each segment; None where that was not predicted."""
    changed_since: str = ""
    """The name of the run, or the time of the look, that `changes` speak of; empty for none."""
    cutover: Sequence[CutoverLook] = ()
    """The looks at what still uses old segments, oldest first."""
    verifications: Sequence[Verification] = ()
    """The looks at the members, oldest first."""

    @property
    def people_predicted(self) -> PeoplePredicted | None:
        """The people of a dry run as they were predicted for the plan as it stands; None where nobody knows."""
        known = self.dry_run and self.predictions is not None and not self.decided_since
        return self.predictions.people if known and self.predictions else None


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a query, and whether the other query has it, too."""

    text: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Way:
    """One decision: what it means in a sentence, and what carries it out."""

    choice: str
    meaning: str
    command: str
    recommended: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """One segment that waits for a decision."""

    row: ReportRow
    message: str
    legacy: tuple[Part, ...]
    proposed: tuple[Part, ...]
    ways: tuple[Way, ...]
    """What can be decided about it."""
    advice: str
    """What we would decide, and why."""
    first: str
    """The command that comes before a decision; empty for none."""
    line: int
    """Its row in the workbook's sheet of decisions."""
    checksum: str
    """Of what each decision would do; a file of decisions says it, so that a change since is noticed."""

    @property
    def commands(self) -> tuple[str, ...]:
        """What carries each decision out."""
        return tuple(way.command for way in self.ways)


@dataclass(frozen=True, slots=True)
class Ask:
    """One reason why segments wait, with those segments."""

    code: str
    severity: Severity
    meaning: str
    advice: str
    segments: tuple[Asked, ...]
    more: int
    """Segments that are not shown here."""
    people: int | None
    """Distinct contacts in all of these segments; None where nobody can count them."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of a limit is used."""

    key: str
    word: str
    used: int
    most: int


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that the report tells."""

    words: Words
    plan: Plan
    run: Circumstances
    totals: Totals
    verdict: str
    """In segments, in one sentence."""
    first: FirstScreen
    """In people."""
    flow: Flow
    asks: tuple[Ask, ...]
    rows: tuple[ReportRow, ...]
    """In the order of the plan."""
    important: tuple[ReportRow, ...]
    """The same, in the order in which somebody has to look at them."""
    looks: tuple[str, ...]
    findings: tuple[tuple[str, str, str, str, int], ...]
    """Code, severity, meaning, what to do, and how many segments have it."""
    limits: tuple[Limit, ...]
    history: tuple[Event, ...]
    """Who did what, in the words of the language; oldest first."""
    checksums: Mapping[str, str]
    """Of what decisions would do, by the id of each segment that waits for one."""
    namesakes: tuple[tuple[ReportRow, str], ...] = ()
    """Segments beside which one of such a name is there already, with the sentence: nothing is asked about them."""
    reach: ReachStory | None = None
    """Who will be mailed; None where nobody has asked."""
    cutover: CutoverPart | None = None
    """The switch; None where nobody has looked yet."""
    foretold: ForetoldPart | None = None
    """Predicted people, and segments that are copies; None where nothing was predicted."""


def tell(plan: Plan, comparison: Comparison, total: Totals, run: Circumstances, people: People | None = None) -> Story:
    """The story of a comparison.

    Args:
        plan: what was planned.
        comparison: the segments before and after.
        total: the segments, added up.
        run: what else is known.
        people: the contacts, counted once each; None where the lists of members cannot be read.

    Raises:
        UsageError: the language is not known.
    """
    words = Words(run.language)
    found = with_findings(comparison.rows, run.reach) if run.reach else comparison.rows
    rows: Sequence[ReportRow] = [_said(row, words) for row in found]
    if run.anonymous:
        names = {row.legacy_id: words("anonymous_name", n=number) for number, row in enumerate(rows, start=1)}
        rows = [_anonymous(row, names) for row in rows]
        run = replace(
            run,
            changes=[replace(one, name=names.get(one.legacy_id, words("gone_segment"))) for one in run.changes],
            journal=replace(run.journal, mishaps=tuple(replace(one, error="") for one in run.journal.mishaps)),
        )
        # Behind a colon stands what uses a segment, by name.
        hidden = {"by": "…", "reason": "", "segment": ""}
        run = replace(run, history=[replace(one, what=one.what.partition(":")[0], **hidden) for one in run.history])
        run = replace(run, reach=run.reach and anonymous(run.reach, words, names))
    rows = _short(rows)
    important = by_importance(rows)
    counted = memberships(rows, dry_run=run.dry_run)
    checksums = {
        str(one.legacy_id): checksum_of(one)
        for one in plan.segments
        if one.outcome in (Outcome.FLAGGED, Outcome.BLOCKED)
    }
    return Story(
        words=words,
        plan=plan,
        run=run,
        totals=total,
        verdict=_verdict(total, run, words),
        first=first_screen(
            important,
            total,
            counted,
            people,
            words,
            dry_run=run.dry_run,
            history=run.history,
            predicted=run.people_predicted,
        ),
        flow=flow(((row.type, row.status, row.standing), row.before or 0) for row in rows),
        asks=_asks(important, run, words, people, checksums),
        rows=tuple(rows),
        important=important,
        looks=comparison.looks,
        findings=_findings(rows, words),
        limits=_limits(rows, words),
        history=tuple(
            replace(one, deed=words.named("deed", one.deed), what=deed_of(one.what, words)) for one in run.history
        ),
        checksums=checksums,
        namesakes=_namesakes(important),
        reach=reach_story(run.reach, rows, words) if run.reach else None,
        cutover=cutover_part(plan, run.cutover, run.verifications, words, anonymous=run.anonymous),
        foretold=foretold_part(run.predictions, rows, words, decided_since=run.decided_since)
        if run.predictions
        else None,
    )


def _said(row: ReportRow, words: Words) -> ReportRow:
    """A row with its sentences in the words of the report."""
    counts = ("inactive", "deleted", "missing", "surplus")
    parts = [words.many(f"reason_{kind}", count) for kind in counts if (count := getattr(row, kind))]
    explanation = f"{words.semicolon} ".join([*parts, *filter(None, [sentence_of(row.note, words)])])
    findings = tuple(replace(one, message=message_of(one, words)) for one in row.findings)
    said = {one.message: told.message for one, told in zip(row.findings, findings, strict=True)}
    said[row.explanation] = explanation
    error = sentence_of(row.error, words)
    reason = said.get(row.reason) or sentence_of(row.reason, words)
    prediction = who_explains(row.foreseen, row.after, words)
    twins = row.twins
    for one in EVIDENCE:
        twins = twins.replace(f" ({one}", f" ({words.named('evidence', one)}")
    return replace(
        row, explanation=explanation, findings=findings, reason=reason, error=error, prediction=prediction, twins=twins
    )


_NOTHING: dict[str, Any] = {name: "" for name, shown in SHOWN.items() if shown.private}
_LONG = [name for name, shown in SHOWN.items() if shown.long]


def _meaning(code: str) -> str:
    """What a finding means; of one that a plan of another version has, its code."""
    return CATALOGUE[code][1] if code in CATALOGUE else code


def _anonymous(row: ReportRow, names: Mapping[str, str]) -> ReportRow:
    """A row without anything that a person has written."""
    return replace(
        row,
        name=names[row.legacy_id],
        findings=tuple(replace(finding, message=_meaning(finding.code)) for finding in row.findings),
        groups=tuple((f"{number}", count) for number, (_, count) in enumerate(row.groups, start=1)),
        journeys=tuple("…" for _ in row.journeys),
        **_NOTHING,
    )


def _short(rows: Sequence[ReportRow]) -> Sequence[ReportRow]:
    """Rows whose queries together are not too long for a file that is sent by mail."""
    if sum(len(getattr(row, name)) for row in rows for name in _LONG) <= _TEXTS:
        return rows
    most = max(_TEXTS // (3 * len(rows)), 120)

    def cut(row: ReportRow) -> ReportRow:
        texts: dict[str, Any] = {name: _cut(getattr(row, name), most) for name in _LONG}
        return replace(row, **texts)

    return [cut(row) for row in rows]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


# --- what is read first ----------------------------------------------------------------------------------------------


def _verdict(total: Totals, run: Circumstances, words: Words) -> str:
    """One sentence."""
    carried = words("verdict_dry" if run.dry_run else "verdict_real", n=total.carried_over, all=total.segments)
    if total.verified and not run.dry_run:
        carried += ", " + words("verdict_verified", n=total.verified)
    rest = (
        ("verdict_failed", total.failed),
        ("verdict_different", total.standings.get(Standing.DIFFERENT, 0)),
        ("verdict_drifted", total.standings.get(Standing.DRIFTED, 0)),
        ("verdict_waiting", total.waiting),
        ("verdict_impossible", total.impossible),
        ("verdict_left_out", total.left_out),
    )
    return f"{words.semicolon} ".join([carried, *(words(key, n=count) for key, count in rest if count)]) + "."


# --- decisions -------------------------------------------------------------------------------------------------------


def _asks(
    rows: Sequence[ReportRow],
    run: Circumstances,
    words: Words,
    people: People | None,
    checksums: Mapping[str, str],
) -> tuple[Ask, ...]:
    found: dict[str, list[tuple[ReportRow, str]]] = {}
    facts: dict[str, tuple[Severity, str]] = {}
    for row in rows:
        if row.standing not in (Standing.WAITING, Standing.IMPOSSIBLE):
            continue
        for finding in row.findings:
            if finding.severity in (Severity.DECISION, Severity.STOP):
                facts.setdefault(finding.code, (finding.severity, finding.advice))
                found.setdefault(finding.code, []).append((row, finding.message))
    # Decisions come first, then what stands in the way; the reason that most segments share first.
    order = sorted(found, key=lambda code: (facts[code][0] is Severity.STOP, -len(found[code]), code))
    lines = {row.legacy_id: number for number, row in enumerate(waiting(rows), start=2)}

    def about(code: str) -> tuple[str, str]:
        meaning, advice = words.finding(code, _meaning(code), facts[code][1])
        freezes = any(Choice.SNAPSHOT in row.choices for row, _ in found[code])
        return meaning, advice if freezes else without_freezing(advice, words)

    return tuple(
        Ask(
            code,
            facts[code][0],
            *about(code),
            tuple(
                _asked(row, message, code, run, words, lines[row.legacy_id], checksums.get(row.legacy_id, ""))
                for row, message in found[code][:EXAMPLES]
            ),
            max(len(found[code]) - EXAMPLES, 0),
            people.asks.get(code, 0) if people else None,
        )
        for code in order
    )


def _namesakes(rows: Sequence[ReportRow]) -> tuple[tuple[ReportRow, str], ...]:
    """What is told and not asked: a segment is created beside another one whose name alone is alike."""
    asked = {row.legacy_id for row in waiting(rows)}
    return tuple(
        (row, finding.message)
        for row in rows
        for finding in row.findings
        if finding.code == code_of(twin_by_name) and row.legacy_id not in asked
    )


def waiting(rows: Sequence[ReportRow]) -> list[ReportRow]:
    """The segments that somebody has to decide about, in the order of the workbook's sheet of decisions."""
    return [row for row in rows if row.standing in (Standing.WAITING, Standing.IMPOSSIBLE)]


def _asked(
    row: ReportRow, message: str, code: str, run: Circumstances, words: Words, line: int, checksum: str
) -> Asked:
    legacy, proposed = marked(row.query, row.realtime_query)
    advice = recommended(row.offers, row.findings, words)
    ways = tuple(
        Way(
            offer.choice,
            meant(offer, words),
            f"migrator approve {row.legacy_id} --as {offer.choice} --run {run.run}",
            offer.choice == advice.choice,
        )
        for offer in row.offers
    )
    lists = f"migrator import-members FILE --segment {row.legacy_id} --export {run.run}" if code in IMPORTED else ""
    return Asked(row, message, legacy, proposed, ways, advice.sentence, lists, line, checksum)


def meant(offer: Offer, words: Words) -> str:
    """What a decision means, in a sentence or two.

    Args:
        offer: the decision.
        words: the words of the language.
    """
    said = words.many(offer.meaning, offer.members or 0)
    if offer.choice in (Choice.SKIP, Choice.ADOPT):
        return said
    return f"{said} {words('means_live' if offer.live else 'means_draft')}"


_TOKENS = re.compile(r"'(?:[^'\\]|\\.)*'|\w+|\s+|.", re.DOTALL)


def marked(one: str, other: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Two queries, in pieces that say whether the other one has them, too."""
    if not one or not other:
        return (Part(one, differs=False),) if one else (), (Part(other, differs=False),) if other else ()
    left, right = _TOKENS.findall(one), _TOKENS.findall(other)
    first, second = [], []
    for kind, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        differs = kind != "equal"
        if a < b:
            first.append(Part("".join(left[a:b]), differs))
        if c < d:
            second.append(Part("".join(right[c:d]), differs))
    return tuple(first), tuple(second)


# --- the rest --------------------------------------------------------------------------------------------------------


def _findings(rows: Sequence[ReportRow], words: Words) -> tuple[tuple[str, str, str, str, int], ...]:
    counted = Counter(finding.code for row in rows for finding in row.findings)
    advice = {finding.code: finding.advice for row in rows for finding in row.findings}
    unfrozen, frozen = set[str](), set[str]()  # nobody is advised to freeze what cannot be frozen
    for row in rows:
        may = row.standing not in (Standing.WAITING, Standing.IMPOSSIBLE) or Choice.SNAPSHOT in row.choices
        (frozen if may else unfrozen).update(finding.code for finding in row.findings)

    def about(code: str) -> tuple[str, str]:
        meaning, said = words.finding(code, CATALOGUE[code][1], advice[code])
        return meaning, without_freezing(said, words) if code in unfrozen - frozen else said

    known = [(code, str(CATALOGUE[code][0]), *about(code), counted[code]) for code in counted if code in CATALOGUE]
    return tuple(sorted(known, key=lambda one: (-list(Severity).index(Severity(one[1])), -one[4], one[0])))


def _limits(rows: Sequence[ReportRow], words: Words) -> tuple[Limit, ...]:
    there = [row for row in rows if row.outcome in LOADED_OUTCOMES]
    dynamic = sum(row.dynamic for row in there)
    return (
        Limit("all", words("limit_all"), len(there), SEGMENTS_MAX),
        Limit("dynamic", words("limit_dynamic"), dynamic, DYNAMIC_SEGMENTS_MAX),
        Limit("static", words("limit_static"), len(there) - dynamic, STATIC_SEGMENTS_MAX),
    )
