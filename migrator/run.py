"""The order of the stages: extract, translate, load, verify, report. Each leaves its files in the run folder.

The stages know nothing of each other; what one leaves is read here and handed to the next.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from migrator.dataverse.client import Client, connect
from migrator.decisions import decide, decided, read_decisions
from migrator.errors import Exit, UsageError
from migrator.extractor.export import member_reader, read_export
from migrator.extractor.organisation import extract
from migrator.loader.journal import JOURNAL, Journal
from migrator.loader.load import Loading, load
from migrator.loader.verify import latest, read_verifications, verify
from migrator.model import (
    Choice,
    LoadState,
    Organisation,
    Plan,
    PlannedSegment,
    Selection,
    TranslationSettings,
    Verification,
)
from migrator.progress import ShowsProgress
from migrator.report.compare import Standing, Totals, compare, totals
from migrator.report.render import REPORT, Circumstances, render
from migrator.runfolder import RunFolder, utc_now
from migrator.safe_text import for_terminal
from migrator.settings import Settings
from migrator.translator.plan import PLAN, read_plan, write_plan
from migrator.translator.translate import Spread, translate

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Orders:
    """Everything a command hands to the stages."""

    settings: Settings
    progress: ShowsProgress
    tell: Callable[[str], None]
    """Where sentences for the person at the keyboard go (the device code, for example)."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of a command, for the terminal and for scripts."""

    run: RunFolder
    plan: Plan
    totals: Totals
    rows: list[dict[str, Any]]
    dry_run: bool
    report: Path | None
    exit_code: Exit


# --- the stages ------------------------------------------------------------------------------------------------------


def extract_stage(run: RunFolder, orders: Orders, selection: Selection) -> None:
    """Read the organisation into the run's export folder."""

    async def work(client: Client) -> None:
        at = utc_now()
        found = await extract(client, run.export, at, selection, orders.settings.wait_pending, orders.progress)
        run.update(extracted=utc_now(), org=client.url)
        orders.tell(f"{found.segments:,} segments and {found.members:,} members read from {client.url}.")
        if not found.service:
            orders.tell(
                "The outbound services of this organisation are gone; member ids come from the segments' own rows."
            )

    _with_client(run, orders, work)


def take_export(run: RunFolder, source: Path) -> None:
    """Copy an existing export into the run, so that the run stands on its own.

    Raises:
        UsageError: it is no whole export.
    """
    read_export(source)
    shutil.copytree(source, run.export, copy_function=shutil.copyfile)
    run.update(extracted=utc_now())


@dataclass(frozen=True, slots=True)
class Choices:
    """What a plan does with segments that need a decision."""

    compound: Choice = Choice.FLAG
    interactions: Choice = Choice.FLAG


def translate_stage(
    run: RunFolder, selection: Selection, settings: Settings, choices: Choices, target: Organisation | None
) -> Plan:
    """Make the plan from the run's export.

    Raises:
        UsageError: the export is damaged.
    """
    export = read_export(run.export)
    asked = TranslationSettings(
        target or export.organisation,
        selection,
        settings.drafts_only,
        choices.compound,
        choices.interactions,
        settings.operators == "words",
    )
    with _spread(sum(len(segment.query) for segment in export.segments)) as spread:
        plan = translate(export, asked, spread)
    write_plan(plan, run.path)
    run.update(translated=utc_now())
    return plan


_SERIAL = 2_000_000
"""Characters of all queries below which one process is quicker than several (starting one takes about a second)."""


@contextmanager
def _spread(characters: int) -> Iterator[Spread]:
    """How queries are spread over processes: one for each core where there is much to do."""
    processes = os.cpu_count() or 1
    if characters < _SERIAL or processes == 1:
        yield map
        return
    # Not forked: another thread may hold a lock that the copy would wait for.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield partial(pool.map, chunksize=50)


def plan_of(run: RunFolder) -> Plan:
    """The run's plan, with what people decided since.

    Raises:
        UsageError: there is none, or a file is damaged.
    """
    return decided(read_plan(run.path), read_decisions(run.path))


def load_stage(run: RunFolder, orders: Orders, only: set[UUID] | None = None) -> None:
    """Carry out the plan, then verify what was loaded.

    Raises:
        UsageError: the plan is damaged, or for another organisation.
        DataverseError: the organisation cannot be reached.
    """
    plan = plan_of(run)

    async def work(client: Client) -> None:
        with closing(Journal(run.path / JOURNAL, utc_now)) as journal:
            loading = _loading(client, plan, run, journal, orders)
            await load(loading, orders.progress, only)
            run.update(loaded=utc_now(), dry_run=False, org=client.url)
            await _verify(run, loading, orders, only)

    _with_client(run, orders, work)


def verify_stage(run: RunFolder, orders: Orders) -> None:
    """Compare what is in the organisation with the legacy members, once more.

    Raises:
        UsageError: nothing was loaded by this run.
        DataverseError: the organisation cannot be reached.
    """
    plan = plan_of(run)
    if not (run.path / JOURNAL).exists():
        raise UsageError(f"The run {run.name} has loaded nothing yet. Load it with: migrator load {run.name}")

    async def work(client: Client) -> None:
        with closing(Journal(run.path / JOURNAL, utc_now)) as journal:
            await _verify(run, _loading(client, plan, run, journal, orders), orders, None)

    _with_client(run, orders, work)


async def _verify(run: RunFolder, loading: Loading, orders: Orders, only: set[UUID] | None) -> Verification:
    verification = await verify(loading, utc_now(), orders.settings.wait_computation, orders.progress, only)
    run.update(verified=utc_now())
    return verification


def report_stage(run: RunFolder) -> Summary:
    """Write the report and sum the run up.

    Raises:
        UsageError: there is no plan, or a file of the run is damaged.
    """
    plan = plan_of(run)
    verifications = read_verifications(run.path)
    state = run.state()
    results = {}
    if (run.path / JOURNAL).exists():
        with closing(Journal(run.path / JOURNAL, utc_now)) as journal:
            results = journal.results()
    # A dry run stays one until something is loaded.
    dry_run = state.dry_run or not (run.path / JOURNAL).exists()
    frame = compare(plan, results, latest(verifications), dry_run=dry_run)
    total = totals(frame)
    verified_at = verifications[-1].at if verifications else ""
    report = render(plan, frame, total, Circumstances(run.name, state.created, dry_run, verified_at), run.path)
    run.update(reported=utc_now())
    rows = [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]
    return Summary(run, plan, total, rows, dry_run, report, _exit_code(total, dry_run=dry_run))


_WAITING = (Standing.WAITING, Standing.IMPOSSIBLE, Standing.DIFFERENT, Standing.UNVERIFIED)


def _exit_code(total: Totals, *, dry_run: bool) -> Exit:
    if total.failed or (not dry_run and total.standings.get(Standing.PLANNED)):
        return Exit.FAILED
    return Exit.WAITING if any(total.standings.get(kind) for kind in _WAITING) else Exit.DONE


# --- whole commands --------------------------------------------------------------------------------------------------


def whole_run(
    run: RunFolder,
    orders: Orders,
    selection: Selection,
    *,
    choices: Choices,
    dry_run: bool,
    source: Path | None,
    other_organisation: bool,
) -> Summary:
    """All stages, one after the other; a dry run ends before anything is written to the organisation.

    Raises:
        MigratorError: see the stages.
    """
    if source is None:
        extract_stage(run, orders, selection)
        target = None
    else:
        target = _target(run, orders, source, other_organisation=other_organisation) if orders.settings.org else None
        take_export(run, source)
    translate_stage(run, selection, orders.settings, choices, target)
    if not dry_run:
        load_stage(run, orders)
    return report_stage(run)


def _target(run: RunFolder, orders: Orders, source: Path, *, other_organisation: bool) -> Organisation:
    """The organisation to load an export into; another one than it came from only if that is wanted."""
    origin = read_export(source).organisation

    async def work(client: Client) -> Organisation:
        if client.organisation_id != origin.id and not other_organisation:
            raise UsageError(
                f"The export {source} comes from {origin.url} ({origin.id}), but {client.url} is another organisation "
                f"({client.organisation_id}). Ids of contacts are the same in both only if one is a copy of the other. "
                "If it is, repeat the command with --other-organisation."
            )
        return Organisation(client.organisation_id, client.url)

    return _with_client(run, orders, work)


def retry(run: RunFolder, orders: Orders, wanted: list[str]) -> Summary:
    """Load some segments of a run once more, from where each of them failed.

    Args:
        run: the run that they failed in.
        orders: how.
        wanted: ids or exact names.

    Raises:
        UsageError: a segment is unknown or ambiguous, or was not to be loaded at all.
    """
    plan = plan_of(run)
    chosen = [_find(plan, text) for text in wanted]
    for segment in chosen:
        if not segment.loadable:
            why = "; ".join(finding.message for finding in segment.findings) or "it was left out by a filter"
            raise UsageError(
                f"The segment “{segment.name}” is {segment.outcome} and was never loaded, "
                f"so there is nothing to retry: {why}"
            )
    with closing(Journal(run.path / JOURNAL, utc_now)) as journal:
        results = journal.results()
    seen = latest(read_verifications(run.path))
    finished = {
        segment.legacy_id
        for segment in chosen
        if (result := results.get(segment.legacy_id))
        and result.state is LoadState.LOADED
        and (look := seen.get(segment.legacy_id))
        and look.match in ("equal", "explained", "draft")
    }
    for segment in chosen:
        if segment.legacy_id in finished:
            orders.tell(f"The segment “{segment.name}” is already migrated and verified; there is nothing to retry.")
    if left := {segment.legacy_id for segment in chosen} - finished:
        load_stage(run, orders, left)
    summary = report_stage(run)
    return replace(summary, exit_code=_exit_code_of(summary, {segment.legacy_id for segment in chosen}))


def approve(run: RunFolder, wanted: list[str], choice: Choice) -> Summary:
    """Record a decision about flagged segments of a run, and write its report again.

    Args:
        run: the run.
        wanted: ids or exact names.
        choice: translate, snapshot or skip.

    Raises:
        UsageError: a segment is unknown, ambiguous or not flagged, or the decision is not open to it.
    """
    plan = read_plan(run.path)
    decide(run.path, [_find(plan, text) for text in wanted], choice)
    return report_stage(run)


def _exit_code_of(summary: Summary, chosen: set[UUID]) -> Exit:
    """The exit code for some segments alone: a retry is not to blame for the others."""
    standings = {row["standing"] for row in summary.rows if UUID(row["legacy_id"]) in chosen}
    if standings & {Standing.FAILED, Standing.PLANNED}:
        return Exit.FAILED
    return Exit.WAITING if standings & set(_WAITING) else Exit.DONE


def _find(plan: Plan, text: str) -> PlannedSegment:
    try:
        wanted = UUID(text)
        found = [segment for segment in plan.segments if wanted in (segment.legacy_id, segment.segment_id)]
    except ValueError:
        found = [segment for segment in plan.segments if segment.name == text]
        found = found or [segment for segment in plan.segments if segment.name.casefold() == text.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(str(segment.legacy_id) for segment in found)
        raise UsageError(f"{len(found)} segments are called “{text}”. Name the one that you mean by its id: {ids}")
    near = get_close_matches(text, [segment.name for segment in plan.segments], n=3)
    hint = f" Did you mean {' or '.join(f'“{name}”' for name in near)}?" if near else ""
    raise UsageError(f"The run has no segment “{text}”.{hint} Names and ids are in {PLAN}.")


def status_lines(run: RunFolder) -> list[str]:
    """Where a run stands, in a few lines.

    Raises:
        UsageError: a file of the run is damaged.
    """
    state = run.state()
    lines = [
        f"Run {run.name}{' (dry run)' if state.dry_run else ''}, begun {state.created}",
        f"  {state.org or 'no organisation'}",
    ]
    stages = ("extracted", "translated", "loaded", "verified", "reported")
    lines += [f"  {stage:<11}{getattr(state, stage) or 'not yet'}" for stage in stages]
    if (run.path / PLAN).exists():
        plan = plan_of(run)
        outcomes = Counter(str(segment.outcome) for segment in plan.segments)
        lines.append(f"  {len(plan.segments):,} segments: " + ", ".join(f"{n} {name}" for name, n in outcomes.items()))
        if (run.path / JOURNAL).exists():
            with closing(Journal(run.path / JOURNAL, utc_now)) as journal:
                results = journal.results()
            failed = [result for result in results.values() if result.state is LoadState.FAILED]
            names = {segment.legacy_id: segment.name for segment in plan.segments}
            lines.append(f"  {len(results) - len(failed):,} loaded, {len(failed):,} failed")
            lines += [
                f"    {for_terminal(names[r.legacy_id])} ({r.legacy_id}): {r.step}: {r.error}" for r in failed[:10]
            ]
            if failed:
                lines.append(f"  Retry with: migrator retry {failed[0].legacy_id} --run {run.name}")
    if (run.path / REPORT).exists():
        lines.append(f"  Report: {run.path / REPORT}")
    return lines


# --- reaching the organisation ---------------------------------------------------------------------------------------


def _loading(client: Client, plan: Plan, run: RunFolder, journal: Journal, orders: Orders) -> Loading:
    read_export(run.export)  # a damaged member list must not be loaded
    return Loading(client, plan, member_reader(run.export), journal, run.path, orders.settings.parallel)


def _with_client(run: RunFolder, orders: Orders, work: Callable[[Client], Coroutine[Any, Any, T]]) -> T:
    org = orders.settings.org or run.state().org
    if not org:
        raise UsageError("No organisation is given. Name it with --org, for example https://contoso.crm4.dynamics.com")

    async def session() -> T:
        async with await connect(org, parallel=orders.settings.parallel, tell=orders.tell) as client:
            return await work(client)

    return asyncio.run(session())
