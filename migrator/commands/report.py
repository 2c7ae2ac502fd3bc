"""The report of a run: what its files say, added up and written in every form that is wanted."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from migrator.base.errors import Exit
from migrator.contracts.cutover import read_looks
from migrator.contracts.decisions import decided, decisions_checksum, read_agreed, read_decisions, read_pairs
from migrator.contracts.export_folder import METADATA
from migrator.contracts.history import read_history
from migrator.contracts.journal import JOURNAL, LoadResult, LoadState, read_results, read_summary
from migrator.contracts.plan import Plan, PlannedSegment, read_plan
from migrator.contracts.plan_with_predictions import foretold
from migrator.contracts.predictions import Predictions, read_predictions
from migrator.contracts.reach import read_reach
from migrator.contracts.run_folder import ReportWish, RunFolder, utc_now
from migrator.contracts.verification import Verification, latest, read_verifications
from migrator.contracts.waiting import as_it_stands, held
from migrator.mql import QueryError, Schema, parse_outbound
from migrator.mql.schema import schema_from_json
from migrator.mql.sentences import cut, in_words
from migrator.mql.wording import ENGLISH, WORDINGS
from migrator.product.codes import LEGACY_SEGMENT_PREFIX
from migrator.report.compare import Change, Comparison, Totals, changes, compare, totals
from migrator.report.first_screen import FirstScreen, by_importance, first_screen
from migrator.report.forms import FORMS, ready
from migrator.report.forms.html import picture
from migrator.report.people import memberships, people
from migrator.report.row import ReportRow, Standing
from migrator.report.story import Circumstances, tell
from migrator.report.words import Words


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of a command, for the terminal and for scripts."""

    run: RunFolder
    plan: Plan
    totals: Totals
    rows: tuple[ReportRow, ...]
    dry_run: bool
    report: Path | None
    exit_code: Exit
    written: tuple[Path, ...] = ()
    """Every form of the report."""
    first: FirstScreen | None = None
    """What is read first, in English."""


def plan_of(run: RunFolder) -> Plan:
    """The run's plan, with what people decided since, without what a prediction holds back and what is built on that.

    Raises:
        UsageError: there is none, or a file is damaged.
    """
    predictions = read_predictions(run.path)
    loaded = {key for key, found in read_results(run.path / JOURNAL).items() if found.state is LoadState.LOADED}
    return as_it_stands(_decided(run, predictions), predictions, read_agreed(run.path), loaded)


def decided_plan(run: RunFolder) -> Plan:
    """The run's plan with what people decided, also where a prediction holds a segment back.

    Raises:
        UsageError: there is none, or a file is damaged.
    """
    return _decided(run, read_predictions(run.path))


def _decided(run: RunFolder, predictions: Predictions | None) -> Plan:
    plan = foretold(read_plan(run.path), predictions)
    return decided(plan, read_decisions(run.path), read_pairs(run.path))


def plan_to_decide(run: RunFolder) -> Plan:
    """The run's plan as it was made, in which also waits what a prediction holds back.

    Raises:
        UsageError: there is none, or a file is damaged.
    """
    predictions = read_predictions(run.path)
    return held(foretold(read_plan(run.path), predictions), predictions, {})


def report_stage(
    run: RunFolder,
    wish: ReportWish | None = None,
    *,
    anonymous: bool = False,
    compared_with: RunFolder | None = None,
) -> Summary:
    """Write the report in every form that was ever wanted, and sum the run up.

    Args:
        run: the run.
        wish: how it is wanted from now on; None is as before.
        anonymous: whether names and queries are left out, this time.
        compared_with: an earlier run; without one, the look before the last is compared with.

    Raises:
        UsageError: there is no plan, a file of the run is damaged, or the report is wanted in an unknown way.
    """
    before = run.state().report
    wanted = wish or before
    if wanted.logo and wanted.logo == before.logo and not wanted.logo.is_file():
        wanted = replace(wanted, logo=None)  # a picture that was once there need not be there for ever
    if wish:
        # Those that are asked for come first; the others would be out of date beside them.
        wanted = replace(wanted, formats=tuple(dict.fromkeys((*wish.formats, *before.formats))))
    plan, state = _told_in(wanted.language, plan_of(run), run.export), run.state()
    verifications = read_verifications(run.path)
    compared, total, dry_run = _compared(run, plan, verifications)
    since, changed = "", list[Change]()
    if compared_with:
        other = compared_with
        since = other.name
        changed = changes(_compared(other, plan_of(other), read_verifications(other.path))[0], compared)
    elif len(verifications) > 1:
        since = verifications[-2].at
        changed = changes(_compared(run, plan, verifications[:-1])[0], compared)
    predictions = read_predictions(run.path)
    circumstances = Circumstances(
        run=run.name,
        at=state.created,
        dry_run=dry_run,
        verified_at=verifications[-1].at if verifications else "",
        title=wanted.title,
        logo=picture(wanted.logo) if wanted.logo else "",
        language=wanted.language,
        csv=wanted.csv,
        workbook="xlsx" in wanted.formats,
        anonymous=anonymous,
        journal=read_summary(run.path / JOURNAL),
        traffic=state.traffic,
        skipped_checks=state.skipped_checks,
        history=read_history(run.path),
        changes=changed,
        changed_since=since,
        reach=read_reach(run.path, run.export),
        predictions=predictions,
        decided_since=predictions is not None and predictions.decisions not in ("", decisions_checksum(run.path)),
        cutover=read_looks(run.path),
        verifications=verifications,
    )
    counted = people(run.path, run.export, compared.rows, dry_run=dry_run)
    story = tell(plan, compared, total, circumstances, counted)
    asked = wish.formats if wish else ()
    written = [FORMS[form](story, run.path) for form in wanted.formats if form in asked or ready(form)]
    run.update(reported=utc_now(), report=wanted)
    exit_code = _exit_code(total, dry_run=dry_run)
    first = first_screen(
        by_importance(compared.rows), total, memberships(compared.rows, dry_run=dry_run), counted, Words(),
        dry_run=dry_run, history=circumstances.history, predicted=circumstances.people_predicted,
    )  # fmt: skip
    return Summary(run, plan, total, compared.rows, dry_run, written[0], exit_code, tuple(written), first)


def _told_in(language: str, plan: Plan, export: Path) -> Plan:
    """The plan with its sentences in the language of the report: the plan itself tells them in English."""
    if language not in WORDINGS or language == ENGLISH.language:
        return plan
    try:
        schema = schema_from_json(json.loads((export / METADATA).read_bytes()))
    except (OSError, ValueError):
        schema = Schema()  # the export was moved away: names stay as the query has them
    titles = {f"{LEGACY_SEGMENT_PREFIX}{one.legacy_id.hex}".lower(): one.name for one in plan.segments}

    def told(segment: PlannedSegment) -> PlannedSegment:
        if not segment.english:
            return segment
        try:
            query = parse_outbound(segment.query)
        except QueryError:
            return segment
        sentence = in_words(query, lambda name: titles.get(name.lower(), name), schema, language)
        return replace(segment, english=cut(sentence, language))

    return replace(plan, segments=tuple(map(told, plan.segments)))


def journal_lost(run: RunFolder) -> str:
    """What to say where the run was loaded and its journal does not know of it; empty where that is not so."""
    if read_results(run.path / JOURNAL) or not (run.state().loaded or latest(read_verifications(run.path))):
        return ""
    return (
        f"The journal of the run {run.name} is lost: something was loaded, and {JOURNAL} does not know of it. What "
        "this run created can no longer be proved. If you have a copy of the file, put it back into the run folder."
    )


def compared_now(run: RunFolder) -> tuple[Comparison, Totals, bool]:
    """Where every segment of a run stands, the same added up, and whether it is a dry run. Nothing is written.

    Args:
        run: the run.

    Raises:
        UsageError: there is no plan, or a file of the run is damaged.
    """
    return _compared(run, plan_of(run), read_verifications(run.path))


def _compared(run: RunFolder, plan: Plan, verifications: list[Verification]) -> tuple[Comparison, Totals, bool]:
    results, looks = read_results(run.path / JOURNAL), latest(verifications)
    lost = bool(journal_lost(run))
    if lost:
        # Whatever was looked at after the loading was loaded.
        results = {key: LoadResult(key, LoadState.LOADED) for key in looks}
    # A dry run stays one until something is loaded.
    dry_run = not lost and (run.state().dry_run or not (run.path / JOURNAL).exists())
    compared = compare(
        plan,
        results,
        looks,
        dry_run=dry_run,
        history=verifications,
        journal=read_summary(run.path / JOURNAL),
        predictions=read_predictions(run.path),
    )
    return compared, totals(compared.rows), dry_run


WAITING = (Standing.WAITING, Standing.IMPOSSIBLE, Standing.DIFFERENT, Standing.UNVERIFIED)


def _exit_code(total: Totals, *, dry_run: bool) -> Exit:
    if total.failed or (not dry_run and total.standings.get(Standing.PLANNED)):
        return Exit.FAILED
    return Exit.WAITING if any(total.standings.get(kind) for kind in WAITING) else Exit.DONE
