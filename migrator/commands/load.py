"""The stages at the organisation: a plan is agreed to and carried out, and what is there is compared with what was."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from migrator.base.counted import so_many
from migrator.base.errors import Declined, Interrupted, MigratorError, UsageError
from migrator.commands.doctor import examine, refuse_where_not_ready
from migrator.commands.examination import Health, elsewhere
from migrator.commands.report import journal_lost, plan_of, report_stage
from migrator.commands.session import Orders
from migrator.contracts.decisions import checksum_of_decided
from migrator.contracts.export_folder import member_reader, read_export
from migrator.contracts.history import Deed, Event, record
from migrator.contracts.journal import JOURNAL, read_results
from migrator.contracts.plan import Plan, check_export_of
from migrator.contracts.run_folder import RunFolder, utc_now
from migrator.contracts.verification import Verification
from migrator.dataverse import inspection
from migrator.dataverse.client import Client
from migrator.dataverse.errors import Refused
from migrator.dataverse.owners import find_owner
from migrator.extractor.directory import OrganisationDirectory
from migrator.extractor.strangers import refuse_strangers
from migrator.loader.journal import Journal
from migrator.loader.load import load
from migrator.loader.loading import Loading, check_target
from migrator.loader.preview import Part, Preview
from migrator.loader.verify import verify
from migrator.mql.schema import schema_from_json

log = logging.getLogger("migrator")
T = TypeVar("T")


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


# --- whether the organisation has what it takes ----------------------------------------------------------------------


def look_ahead(run: RunFolder, orders: Orders) -> None:
    """Say already in a dry run what the organisation lacks for loading the plan.

    Raises:
        NotReady: something that matters is missing. The report is written.
    """

    async def work(client: Client) -> None:
        await _ready(run, client, plan_of(run), orders)

    orders.at(orders.settings.org or run.state().org, work)


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


# --- who did it ------------------------------------------------------------------------------------------------------


async def who(client: Client) -> str:
    """The account at the organisation, by its name and id."""
    try:
        name = await inspection.retrieve_user_name(client, client.user_id)
    except Refused:
        name = ""
    return f"{name} ({client.user_id})" if name else str(client.user_id)


async def note(run: RunFolder, orders: Orders, client: Client, deed: Deed, what: str, segment: str = "") -> Event:
    """Record what is about to be done, by whom and why; gives what was recorded.

    Args:
        run: the run.
        orders: with the reason.
        client: the organisation, and who is signed in there.
        deed: what is done.
        what: to how many segments.
        segment: to which, where some were named.
    """
    event = Event(utc_now(), deed, await who(client), orders.reason, segment, what)
    record(run.path, [event])
    return event
