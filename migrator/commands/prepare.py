"""The stages before anything is written: an export is read or taken, planned, and who will be in it is predicted.

Each leaves its files in the run folder; what one leaves is read here and handed to the next.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from migrator.base.atomic import make_private
from migrator.base.counted import so_many
from migrator.base.errors import UsageError
from migrator.commands.report import decided_plan
from migrator.commands.session import Orders
from migrator.contracts.export_check import check_export
from migrator.contracts.export_folder import OrganisationRef, read_export
from migrator.contracts.plan import Plan, TranslationSettings, write_plan
from migrator.contracts.run_folder import RunFolder, Task, utc_now
from migrator.contracts.selection import Selection, nothing_chosen
from migrator.dataverse.client import Client
from migrator.extractor.directory import OrganisationDirectory
from migrator.extractor.imports import check_members
from migrator.extractor.organisation import extract
from migrator.extractor.strangers import refuse_strangers
from migrator.translator.translate import Spread, translate


def begin(run: RunFolder, task: Task) -> None:
    """Write down what a run is asked for, so that it can be gone on with from another folder, too."""
    run.update(task=replace(task, source=task.source.resolve()) if task.source else task)


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
    make_private(run.export)  # whatever the source lets others do: members and tables lie in it
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
