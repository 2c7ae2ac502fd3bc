"""The order of the stages: extract, translate, load, verify, report. Each leaves its files in the run folder.

The stages know nothing of each other; what one leaves is read here and handed to the next.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from migrator.base.counted import so_many
from migrator.base.errors import Declined, Interrupted, MigratorError, UsageError
from migrator.commands.doctor import examine, refuse_where_not_ready
from migrator.commands.examination import Health, elsewhere
from migrator.commands.limited import limited_export
from migrator.commands.report import Summary, decided_plan, journal_lost, plan_of, report_stage
from migrator.commands.session import Orders
from migrator.contracts.decisions import checksum_of_decided
from migrator.contracts.export_check import check_export
from migrator.contracts.export_folder import OrganisationRef, member_reader, read_export
from migrator.contracts.history import Deed, Event, record
from migrator.contracts.journal import JOURNAL, read_results
from migrator.contracts.plan import Plan, TranslationSettings, check_export_of, write_plan
from migrator.contracts.predictions import read_predictions
from migrator.contracts.run_folder import Goal, RunFolder, Task, utc_now
from migrator.contracts.selection import Selection, nothing_chosen
from migrator.contracts.tables import has_table
from migrator.contracts.verification import Verification
from migrator.dataverse import inspection
from migrator.dataverse.client import Client
from migrator.dataverse.errors import Refused
from migrator.dataverse.owners import find_owner
from migrator.extractor.directory import OrganisationDirectory
from migrator.extractor.imports import check_members
from migrator.extractor.organisation import extract
from migrator.extractor.strangers import refuse_strangers
from migrator.loader.journal import Journal
from migrator.loader.load import load
from migrator.loader.loading import Loading, check_target
from migrator.loader.preview import Part, Preview
from migrator.loader.verify import verify
from migrator.mql.schema import schema_from_json
from migrator.product.codes import AUDIENCE
from migrator.translator.translate import Spread, translate

log = logging.getLogger("migrator")
T = TypeVar("T")


# --- the stages ------------------------------------------------------------------------------------------------------


def extract_stage(run: RunFolder, orders: Orders, selection: Selection, *, with_tables: bool = False) -> None:
    """Read the organisation into the run's export folder.

    Args:
        run: the run.
        orders: how the command reaches the organisation and the person.
        selection: the segments that are wanted.
        with_tables: whether the rows of the tables that queries touch are read, too.
    """

    async def work(client: Client) -> None:
        at, settings = utc_now(), orders.settings
        found = await extract(
            client, run.export, at, selection, settings.wait_pending, orders.progress, with_tables=with_tables
        )
        run.update(extracted=utc_now(), org=client.url)
        read = f"{so_many(found.segments, 'segment')} and {so_many(found.members, 'member')}"
        orders.tell(f"{read} read from {client.url}.")
        if found.rows is not None:
            orders.tell(f"{so_many(found.rows, 'row')} of the tables that queries touch were read.")
        if found.kept:
            orders.tell(f"The members of {so_many(found.kept, 'segment')} were there already, and are not outdated.")
        if not found.service:
            orders.tell(
                "The outbound services of this organisation are gone; member ids come from the segments' own rows."
            )
        for what in found.not_answering:
            orders.tell(f"{what[:1].upper()}{what[1:]}; it was not asked any more.")
        if found.unanswered:
            orders.tell(
                f"The service gave no members for {so_many(found.unanswered, 'segment')}, because it failed. "
                f"To read exactly those again: migrator extract {run.typed}"
            )

    orders.at(orders.settings.org or run.state().org, work)


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

    Another organisation than the one that the export came from is asked for every one of them.

    Raises:
        UsageError: the organisation's contacts have other ids.
        DataverseError: the organisation cannot be reached.
    """
    origin = read_export(run.export).organisation

    async def work(client: Client) -> int:
        directory, other = OrganisationDirectory(client), not origin.answers_as(client.organisation_id)
        if other:
            await refuse_strangers(run.export, directory, client.url, orders.progress)
        return await check_members(run.export, directory, orders.progress, every=other)

    orders.at(orders.settings.org or run.state().org, work)


def translate_stage(run: RunFolder, task: Task, target: OrganisationRef | None = None) -> Plan:
    """Make the plan from the run's export.

    Args:
        run: holds the export.
        task: which segments, and what becomes of those that need a decision.
        target: the organisation that the plan is for; None means the one that the export came from.

    Raises:
        UsageError: the export is damaged, or no segment passes the filters.
    """
    export = read_export(run.export)
    if why := nothing_chosen(task.selection, export.segments):
        raise UsageError(why)
    asked = TranslationSettings(
        target or export.organisation,
        task.selection,
        task.drafts_only,
        task.choices.compound,
        task.choices.interactions,
        task.operators == "words",
        task.tolerance,
        task.split,
        task.members_from_row == "accept",
    )
    with _spread(sum(len(segment.query) for segment in export.segments)) as spread:
        plan = translate(export, asked, spread)
    write_plan(plan, run.path)
    run.update(translated=utc_now())
    return plan


def predict_stage(run: RunFolder, orders: Orders, *, wanted: bool = True) -> None:
    """Predict who will be in each segment, over the tables of the run's export; what differs waits for a person.

    Args:
        run: the run, with its plan.
        orders: how the command speaks to the person.
        wanted: whether somebody asked for it; otherwise tables that cannot be used are told, and end nothing.

    Raises:
        UsageError: there are no tables, or they cannot be used.
    """
    from migrator.commands.predict import predict
    from migrator.commands.predict_told import headline, people_sentences

    try:
        found = predict(run, decided_plan(run), orders.progress)
    except UsageError as error:
        if wanted:
            raise
        orders.tell(f"It was not predicted who will be in each segment. {error}")
        return
    orders.tell(headline(found))
    if found.people:
        for sentence in people_sentences(found.people, found.lists):
            orders.tell(sentence)
    if held := [one for one in found.segments if one.holds]:
        orders.tell(
            f"Predicted to select other people, and waiting for approval: {so_many(len(held), 'segment')}. See: "
            f"migrator report {run.typed}"
        )


def _predicts(run: RunFolder, task: Task) -> bool:
    """Whether to predict: as it was asked for, or where the export has contacts; once for one plan."""
    if task.predict is False or (task.predict is None and not has_table(run.export, AUDIENCE)):
        return False
    return read_predictions(run.path) is None


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


def load_stage(run: RunFolder, orders: Orders, only: set[UUID] | None = None, deed: Deed = Deed.LOAD) -> None:
    """Carry out the plan, then verify what was loaded.

    Args:
        run: the run.
        orders: how the command reaches the organisation and the person.
        only: legacy ids; None means every segment that may be.
        deed: what the history calls it.

    Raises:
        UsageError: the plan is damaged, or for another organisation.
        DataverseError: the organisation cannot be reached.
        Interrupted: Ctrl-C; what was in flight has ended.
    """

    lost = journal_lost(run)
    if lost:
        orders.tell(f"{lost} What is in the organisation under its ids is compared, and not created again.")

    async def work(loading: Loading) -> None:
        client = loading.client
        check_target(loading)  # another organisation is a matter of its own
        if not loading.plan.source.answers_as(client.organisation_id):
            await refuse_strangers(run.export, OrganisationDirectory(client), client.url, orders.progress)
        await _ready(run, client, loading.plan, orders)
        if wanted := orders.settings.owner or run.state().owner:
            loading = replace(loading, owner=await find_owner(client, wanted))
            run.update(owner=wanted)
        before = Counter(_traffic(client)), Counter(client.refusals)
        user = await who(client)
        try:
            agree = partial(_agree, run, orders, loading, Event("", deed, user, orders.reason), whole=only is None)
            await load(loading, orders.progress, only, agree)
        finally:
            _say_throttling(run, client, orders, *before)
        run.update(loaded=utc_now())
        await _verify(run, loading, orders, only)

    try:
        with_loading(run, orders, plan_of(run), work)
    except Declined:
        state = run.state()
        if not (state.confirmed or state.loaded or read_results(run.path / JOURNAL)):
            run.update(dry_run=True)  # as long as nothing is loaded
        _report_so_far(run, orders)
        raise
    except (UsageError, Interrupted):
        raise  # nothing was tried, or the person wants to be gone
    except Exception:  # whatever it is, it comes out as it is, after the report of what was done
        _report_so_far(run, orders)
        raise


def _agree(run: RunFolder, orders: Orders, loading: Loading, event: Event, would: Preview, *, whole: bool) -> None:
    """Ask before anything is written, unless this very plan was agreed to before; what was agreed to is recorded.

    Raises:
        Declined: the answer is no.
    """
    plan = checksum_of_decided(run.path)
    if orders.confirm and would.writes and run.state().confirmed != plan:
        orders.confirm(preview_lines(would, run.typed, loading))
    run.update(dry_run=False, org=loading.client.url, **({"confirmed": plan} if whole else {}))
    what = f"{would.create.segments:,} to create, {would.change.segments + would.leave.segments:,} there already"
    record(run.path, [replace(event, at=utc_now(), what=what)])


async def who(client: Client) -> str:
    """The account at the organisation, by its name and id."""
    try:
        name = await inspection.retrieve_user_name(client, client.user_id)
    except Refused:
        name = ""
    return f"{name} ({client.user_id})" if name else str(client.user_id)


async def note(run: RunFolder, orders: Orders, client: Client, deed: Deed, what: str) -> None:
    """Record what is about to be done, by whom and why.

    Args:
        run: the run.
        orders: with the reason.
        client: the organisation, and who is signed in there.
        deed: what is done.
        what: to how many segments.
    """
    record(run.path, [Event(utc_now(), deed, await who(client), orders.reason, what=what)])


def preview_lines(would: Preview, name: str, loading: Loading) -> list[str]:
    """What loading would do, for a person who is asked.

    Args:
        would: what it would do.
        name: the run's.
        loading: where, and who owns what is created.
    """
    owner = loading.owner.name if loading.owner else "the account that signs in (--owner names another)"
    lines = [
        f"The plan of the run {name}, in {loading.client.url}; what is created belongs to {owner}:",
        f"  + create {_of(would.create)}",
        f"  ~ change {_of(would.change)}, where they differ from the plan" if would.change.segments else "  ~ change 0",
        "  - remove nothing: loading deletes no segment",
    ]
    if would.leave.segments:
        lines.append(f"    leave {_of(would.leave)}, as they are")
    if left := would.waiting + would.impossible:
        lines.append(
            f"    not in it: {left:,}, of which {would.waiting:,} wait for a decision (migrator report {name})"
        )
    return [*lines, f"If not now, the plan stays; load it later with: migrator load {name}"]


def _of(part: Part) -> str:
    unknown = f" and those of {part.unknown:,} whose size nobody knows" if part.unknown else ""
    drafts = part.segments - part.live
    return (
        f"{so_many(part.segments, 'segment')} with {so_many(part.memberships, 'membership')}{unknown} "
        f"({part.live:,} live, {drafts:,} as drafts)"
    )


def _report_so_far(run: RunFolder, orders: Orders) -> None:
    """Whatever ended the loading, its report is written; what the journal holds is the truth until then."""
    if not (run.path / JOURNAL).exists():
        return  # the organisation was not even reached
    try:
        written = report_stage(run).report
    except (MigratorError, OSError):
        log.warning("the report could not be written either", exc_info=True)
        return
    if written:
        orders.tell(f"Report of what was done until then: {written}")


def verify_stage(run: RunFolder, orders: Orders, only: set[UUID] | None = None) -> None:
    """Compare what is in the organisation with the legacy members, once more.

    Args:
        run: the run.
        orders: how the command reaches the organisation and the person.
        only: legacy ids; None means every segment that may be.

    Raises:
        UsageError: nothing was loaded by this run.
        DataverseError: the organisation cannot be reached.
    """
    plan = plan_of(run)
    if lost := journal_lost(run):
        raise UsageError(f"{lost} Otherwise compare everything anew with: migrator load {run.typed}")
    if not (run.path / JOURNAL).exists():
        raise UsageError(f"The run {run.name} has loaded nothing yet. Load it with: migrator load {run.typed}")

    async def work(loading: Loading) -> None:
        await _verify(run, loading, orders, only)

    with_loading(run, orders, plan, work)


async def _verify(run: RunFolder, loading: Loading, orders: Orders, only: set[UUID] | None) -> Verification:
    settings = orders.settings
    verification = await verify(
        loading, utc_now(), settings.wait_computation, settings.tolerance, orders.progress, only
    )
    run.update(verified=utc_now())
    return verification


async def _ready(run: RunFolder, client: Client, plan: Plan, orders: Orders) -> None:
    """Look whether the organisation has what the plan needs, before anything is written there.

    Raises:
        NotReady: something that matters is missing; nothing was changed.
    """
    schema = schema_from_json(read_export(run.export).tables)
    examination = await examine(client, plan, schema, brief=True)
    if orders.skip_checks:
        left_out = {check.name for check in examination.in_the_way("load")} & orders.skip_checks
        run.update(skipped_checks=tuple(sorted({*run.state().skipped_checks, *left_out})))
    refuse_where_not_ready(examination, "load", orders.skip_checks)
    for check in examination.checks:  # where everything lands is said before it lands there
        unit_differs = check.name == "business-units" and elsewhere(plan, client.business_unit_id)
        if unit_differs and check.health is not Health.GOOD:
            orders.tell(f"{check.found} {check.cure}")


def _traffic(client: Client) -> dict[str, int]:
    return {"sent": client.sent, "again": client.retries, "wait": sum(client.refusals.values())}


def _say_throttling(
    run: RunFolder, client: Client, orders: Orders, traffic: Counter[str], refusals: Counter[str]
) -> None:
    """Say and keep how often this loading was asked to wait; the client may have worked for other stages before."""
    before, now = run.state().traffic, Counter(_traffic(client)) - traffic
    run.update(traffic={name: before.get(name, 0) + now[name] for name in ("sent", "again", "wait")})
    refused = dict(Counter(client.refusals) - refusals)
    log.info("%d requests, %d sent again, asked to wait: %s", now["sent"], now["again"], refused or "never")
    if refused:
        why = ", ".join(f"{count:,} for {facet}" for facet, count in refused.items())
        orders.tell(f"The organisation asked us to wait {sum(refused.values()):,} times ({why}); it was obeyed.")


# --- whole commands --------------------------------------------------------------------------------------------------


def begin(run: RunFolder, task: Task) -> None:
    """Write down what a run is asked for, so that it can be gone on with from another folder, too."""
    run.update(task=replace(task, source=task.source.resolve()) if task.source else task)


def whole_run(run: RunFolder, orders: Orders, task: Task) -> Summary:
    """All stages, one after the other; a dry run ends before anything is written to the organisation.

    Args:
        run: a new run folder.
        orders: how, and the way to the organisation.
        task: what is asked for.

    Raises:
        MigratorError: see the stages.
    """
    begin(run, task)
    return _carry_on(run, orders, task)


def resume(run: RunFolder, orders: Orders) -> Summary | None:
    """Go on with a run from the stage that it had come to; gives nothing where it was to be extracted only.

    Raises:
        UsageError: nobody knows any more what the run was asked for.
        MigratorError: see the stages.
    """
    task = run.state().task
    if task is None:
        raise UsageError(f"What the run {run.name} was asked for is not known. Start a new run.")
    if task.goal is Goal.EXTRACT:
        if not run.state().extracted:
            extract_stage(run, orders, task.selection, with_tables=task.with_tables)
        return None
    return _carry_on(run, orders, task)


def _carry_on(run: RunFolder, orders: Orders, task: Task) -> Summary:
    state = run.state()
    org = orders.settings.org or state.org
    if not state.translated:
        target = None
        if task.source and org:
            target = _target(run, orders, task.source, other_organisation=task.other_organisation)
        if not state.extracted:
            if task.source:
                shutil.rmtree(run.export, ignore_errors=True)  # half of a copy is none
                take_export(run, task.source)
                if org:
                    check_contacts(run, orders)
            else:
                extract_stage(run, orders, task.selection, with_tables=task.with_tables)
        translate_stage(run, task, target)
        if limited := limited_export(run, task.selection):
            orders.tell(limited)
    if not state.loaded and _predicts(run, task):
        predict_stage(run, orders, wanted=bool(task.predict))
    if not run.state().dry_run and task.goal is Goal.RUN:
        load_stage(run, orders, deed=Deed.RUN)
    if task.reach:
        from migrator.commands.reach import reach_stage  # the database is slow to import

        reach_stage(run, orders)
    summary = report_stage(run)
    if task.goal is Goal.RUN and task.dry_run and org:
        look_ahead(run, orders)
    return summary


def look_ahead(run: RunFolder, orders: Orders) -> None:
    """Say already in a dry run what the organisation lacks for loading the plan.

    Raises:
        NotReady: something that matters is missing. The report is written.
    """

    async def work(client: Client) -> None:
        await _ready(run, client, plan_of(run), orders)

    orders.at(orders.settings.org or run.state().org, work)


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

    return orders.at(orders.settings.org or run.state().org, work)


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

    return orders.at(orders.settings.org or run.state().org, session)
