"""The order of the stages: extract, translate, load, verify, report. Each leaves its files in the run folder.

The stages know nothing of each other; what one leaves is read here and handed to the next.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from migrator.base.errors import Exit, UsageError
from migrator.base.progress import ShowsProgress
from migrator.base.stopping import ending_well
from migrator.commands.settings import Settings
from migrator.contracts.decisions import decided, read_decisions
from migrator.contracts.export_check import check_export
from migrator.contracts.export_folder import OrganisationRef, member_reader, read_export
from migrator.contracts.journal import JOURNAL, read_results, read_summary
from migrator.contracts.plan import Choice, Plan, TranslationSettings, check_export_of, read_plan, write_plan
from migrator.contracts.run_folder import RunFolder, utc_now
from migrator.contracts.selection import Selection
from migrator.contracts.verification import Verification, latest, read_verifications
from migrator.dataverse.account import read_accounts
from migrator.dataverse.client import Client
from migrator.dataverse.connect import SignIn, connect
from migrator.extractor.directory import OrganisationDirectory
from migrator.extractor.imports import check_members
from migrator.extractor.organisation import extract
from migrator.loader.journal import Journal
from migrator.loader.load import load
from migrator.loader.loading import Loading
from migrator.loader.verify import verify
from migrator.report.compare import Change, Comparison, Totals, changes, compare, totals
from migrator.report.forms import FORMS
from migrator.report.forms.html import picture
from migrator.report.row import ReportRow, Standing
from migrator.report.story import Circumstances, tell
from migrator.translator.translate import Spread, translate

log = logging.getLogger("migrator")
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
    rows: tuple[ReportRow, ...]
    dry_run: bool
    report: Path | None
    exit_code: Exit
    written: tuple[Path, ...] = ()
    """Every form of the report."""


# --- the stages ------------------------------------------------------------------------------------------------------


def extract_stage(run: RunFolder, orders: Orders, selection: Selection) -> None:
    """Read the organisation into the run's export folder."""

    async def work(client: Client) -> None:
        at = utc_now()
        found = await extract(client, run.export, at, selection, orders.settings.wait_pending, orders.progress)
        run.update(extracted=utc_now(), org=client.url)
        orders.tell(f"{found.segments:,} segments and {found.members:,} members read from {client.url}.")
        if found.kept:
            orders.tell(f"The members of {found.kept:,} segments were there already, and are not outdated.")
        if not found.service:
            orders.tell(
                "The outbound services of this organisation are gone; member ids come from the segments' own rows."
            )
        for what in found.not_answering:
            orders.tell(f"{what[:1].upper()}{what[1:]}; it was not asked any more.")
        if found.unanswered:
            orders.tell(
                f"The service gave no members for {found.unanswered:,} segments, because it failed. To read exactly "
                f"those again: migrator extract {run.name}"
            )

    _with_client(run, orders, work)


_PROBLEMS = 5
"""What is wrong with an export, told in one breath."""


def take_export(run: RunFolder, source: Path) -> None:
    """Copy an existing export into the run, so that the run stands on its own.

    Raises:
        UsageError: it is no whole export.
    """
    read_export(source)
    if problems := check_export(source):
        shown = " ".join(problems[:_PROBLEMS])
        more = f" And {len(problems) - _PROBLEMS:,} more: migrator check-export {source}" * (len(problems) > _PROBLEMS)
        raise UsageError(f"The export {source} cannot be relied on, and was not taken. {shown}{more}")
    shutil.copytree(source, run.export, copy_function=shutil.copyfile)
    run.update(extracted=utc_now())


def check_contacts(run: RunFolder, orders: Orders) -> None:
    """Ask the organisation which members still exist, before anything is planned with them.

    Raises:
        DataverseError: the organisation cannot be reached.
    """

    async def work(client: Client) -> int:
        return await check_members(run.export, OrganisationDirectory(client), orders.progress)

    _with_client(run, orders, work)


@dataclass(frozen=True, slots=True)
class Choices:
    """What a plan does with segments that need a decision."""

    compound: Choice = Choice.FLAG
    interactions: Choice = Choice.FLAG


def translate_stage(
    run: RunFolder, selection: Selection, settings: Settings, choices: Choices, target: OrganisationRef | None
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
        settings.tolerance / 100,
        settings.split,
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
        Interrupted: Ctrl-C; what was in flight has ended.
    """

    async def work(loading: Loading) -> None:
        run.update(dry_run=False, org=loading.client.url)
        try:
            await load(loading, orders.progress, only)
        finally:
            _say_throttling(run, loading.client, orders)
        run.update(loaded=utc_now())
        await _verify(run, loading, orders, only)

    with_loading(run, orders, plan_of(run), work)


def verify_stage(run: RunFolder, orders: Orders, only: set[UUID] | None = None) -> None:
    """Compare what is in the organisation with the legacy members, once more.

    Raises:
        UsageError: nothing was loaded by this run.
        DataverseError: the organisation cannot be reached.
    """
    plan = plan_of(run)
    if not (run.path / JOURNAL).exists():
        raise UsageError(f"The run {run.name} has loaded nothing yet. Load it with: migrator load {run.name}")

    async def work(loading: Loading) -> None:
        await _verify(run, loading, orders, only)

    with_loading(run, orders, plan, work)


async def _verify(run: RunFolder, loading: Loading, orders: Orders, only: set[UUID] | None) -> Verification:
    settings = orders.settings
    verification = await verify(
        loading, utc_now(), settings.wait_computation, settings.tolerance / 100, orders.progress, only
    )
    run.update(verified=utc_now())
    return verification


def _say_throttling(run: RunFolder, client: Client, orders: Orders) -> None:
    before = run.state().traffic
    now = {"sent": client.sent, "again": client.retries, "wait": sum(client.refusals.values())}
    run.update(traffic={name: before.get(name, 0) + count for name, count in now.items()})
    refused = {facet: count for facet, count in client.refusals.items() if count}
    log.info("%d requests, %d sent again, asked to wait: %s", client.sent, client.retries, refused or "never")
    if refused:
        why = ", ".join(f"{count:,} for {facet}" for facet, count in refused.items())
        orders.tell(f"The organisation asked us to wait {sum(refused.values()):,} times ({why}); it was obeyed.")


@dataclass(frozen=True, slots=True)
class ReportOrders:
    """How a report is wanted."""

    formats: tuple[str, ...] = ("html",)
    title: str = ""
    logo: Path | None = None
    language: str = "en"
    anonymous: bool = False
    compared_with: RunFolder | None = None
    """An earlier run; without one, the look before the last is compared with."""


def report_stage(run: RunFolder, wanted: ReportOrders | None = None) -> Summary:
    """Write the report and sum the run up.

    Raises:
        UsageError: there is no plan, a file of the run is damaged, or the report is wanted in an unknown way.
    """
    wanted = wanted or ReportOrders()
    plan, state = plan_of(run), run.state()
    verifications = read_verifications(run.path)
    compared, total, dry_run = _compared(run, plan, verifications)
    since, changed = "", list[Change]()
    if wanted.compared_with:
        other = wanted.compared_with
        since = other.name
        changed = changes(_compared(other, plan_of(other), read_verifications(other.path))[0], compared)
    elif len(verifications) > 1:
        since = verifications[-2].at
        changed = changes(_compared(run, plan, verifications[:-1])[0], compared)
    circumstances = Circumstances(
        run=run.name,
        at=state.created,
        dry_run=dry_run,
        verified_at=verifications[-1].at if verifications else "",
        title=wanted.title,
        logo=picture(wanted.logo) if wanted.logo else "",
        language=wanted.language,
        anonymous=wanted.anonymous,
        journal=read_summary(run.path / JOURNAL),
        traffic=state.traffic,
        changes=changed,
        changed_since=since,
    )
    story = tell(plan, compared, total, circumstances)
    written = [FORMS[form](story, run.path) for form in wanted.formats]
    run.update(reported=utc_now())
    exit_code = _exit_code(total, dry_run=dry_run)
    return Summary(run, plan, total, compared.rows, dry_run, written[0], exit_code, tuple(written))


def _compared(run: RunFolder, plan: Plan, verifications: list[Verification]) -> tuple[Comparison, Totals, bool]:
    results = read_results(run.path / JOURNAL)
    # A dry run stays one until something is loaded.
    dry_run = run.state().dry_run or not (run.path / JOURNAL).exists()
    compared = compare(
        plan,
        results,
        latest(verifications),
        dry_run=dry_run,
        history=verifications,
        journal=read_summary(run.path / JOURNAL),
    )
    return compared, totals(compared.rows), dry_run


WAITING = (Standing.WAITING, Standing.IMPOSSIBLE, Standing.DIFFERENT, Standing.UNVERIFIED)


def _exit_code(total: Totals, *, dry_run: bool) -> Exit:
    if total.failed or (not dry_run and total.standings.get(Standing.PLANNED)):
        return Exit.FAILED
    return Exit.WAITING if any(total.standings.get(kind) for kind in WAITING) else Exit.DONE


# --- whole commands --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Task:
    """What a run was asked for; kept in the run folder, so that it can be gone on with as it was meant."""

    selection: Selection = field(default_factory=Selection)
    choices: Choices = field(default_factory=Choices)
    dry_run: bool = False
    source: Path | None = None
    """The export to start from; None extracts."""
    other_organisation: bool = False
    drafts_only: bool = False
    operators: str = "symbols"
    tolerance: float = 2.0
    split: bool = False


_TASK = TypeAdapter(Task)


def whole_run(run: RunFolder, orders: Orders, task: Task) -> Summary:
    """All stages, one after the other; a dry run ends before anything is written to the organisation.

    Raises:
        MigratorError: see the stages.
    """
    kept = replace(task, source=task.source.resolve()) if task.source else task
    run.update(task=_TASK.dump_python(kept, mode="json"))
    return _carry_on(run, orders, task)


def resume(run: RunFolder, orders: Orders) -> Summary:
    """Go on with a run from the stage that it had come to.

    Raises:
        UsageError: nobody knows any more what the run was asked for.
        MigratorError: see the stages.
    """
    try:
        task = _TASK.validate_python(run.state().task)
    except ValidationError as error:
        raise UsageError(f"What the run {run.name} was asked for cannot be read. Start a new run.") from error
    return _carry_on(run, orders, task)


def _carry_on(run: RunFolder, orders: Orders, task: Task) -> Summary:
    state = run.state()
    settings = replace(
        orders.settings,
        drafts_only=task.drafts_only,
        operators=task.operators,
        tolerance=task.tolerance,
        split=task.split,
    )
    if not state.translated:
        target = None
        if task.source and (settings.org or state.org):
            target = _target(run, orders, task.source, other_organisation=task.other_organisation)
        if not state.extracted:
            if task.source:
                shutil.rmtree(run.export, ignore_errors=True)  # half of a copy is none
                take_export(run, task.source)
                if settings.org or state.org:
                    check_contacts(run, orders)
            else:
                extract_stage(run, orders, task.selection)
        translate_stage(run, task.selection, settings, task.choices, target)
    if not run.state().dry_run:
        load_stage(run, orders)
    return report_stage(run)


def _target(run: RunFolder, orders: Orders, source: Path, *, other_organisation: bool) -> OrganisationRef:
    """The organisation to load an export into; another one than it came from only if that is wanted."""
    origin = read_export(source).organisation

    async def work(client: Client) -> OrganisationRef:
        if not origin.answers_as(client.organisation_id) and not other_organisation:
            raise UsageError(
                f"The export {source} comes from {origin.url} ({origin.id}), but {client.url} is another organisation "
                f"({client.organisation_id}). Ids of contacts are the same in both only if one is a copy of the other. "
                "If it is, repeat the command with --other-organisation."
            )
        return OrganisationRef(client.organisation_id, client.url)

    return _with_client(run, orders, work)


# --- reaching the organisation ---------------------------------------------------------------------------------------


def with_loading(
    run: RunFolder,
    orders: Orders,
    plan: Plan,
    work: Callable[[Loading], Coroutine[Any, Any, T]],
    *,
    of_its_export: bool = True,
) -> T:
    """Do work that changes or reads the organisation for a plan, with the run's journal.

    Args:
        run: the run.
        orders: how.
        plan: what was planned.
        work: what is done.
        of_its_export: whether the plan has to be the one of the export; what goes by the journal alone need not ask.

    Raises:
        UsageError: the export or the journal is damaged, or the export is another one than the plan was made from.
        DataverseError: the organisation cannot be reached.
        Interrupted: Ctrl-C.
    """
    export = read_export(run.export)  # a damaged member list must not be loaded
    if of_its_export:
        check_export_of(plan, export)

    async def session(client: Client) -> T:
        async with Journal(run.path / JOURNAL, utc_now) as journal:
            return await work(
                Loading(client, plan, member_reader(run.export), journal, run.path, orders.settings.parallel)
            )

    return _with_client(run, orders, session)


def _with_client(run: RunFolder, orders: Orders, work: Callable[[Client], Coroutine[Any, Any, T]]) -> T:
    return with_organisation(orders.settings.org or run.state().org, orders, work)


def with_organisation(org: str, orders: Orders, work: Callable[[Client], Coroutine[Any, Any, T]]) -> T:
    """Reach an organisation, sign in, and work there until it is done or Ctrl-C comes.

    Raises:
        UsageError: none is named, or the accounts cannot be read.
        DataverseError: it cannot be reached, or refuses us.
        Interrupted: Ctrl-C.
    """
    settings = orders.settings
    if not org:
        raise UsageError("No organisation is given. Name it with --org, for example https://contoso.crm4.dynamics.com")
    accounts = read_accounts(Path(settings.accounts), os.environ) if settings.accounts else []

    async def session() -> T:
        async with await connect(
            org, accounts=accounts, parallel=settings.parallel, window=settings.window, sign_in=SignIn(say=orders.tell)
        ) as client:
            with ending_well(client.stop, orders.tell):
                return await work(client)

    return asyncio.run(session())
