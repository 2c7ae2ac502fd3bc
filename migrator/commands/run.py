"""A whole run: the stages in their order, from wherever it had come to.

The stages know nothing of each other; each leaves its files in the run folder (`prepare`, `load`, `report`).
"""

from __future__ import annotations

import shutil
from pathlib import Path

from migrator.base.errors import UsageError
from migrator.commands.limited import limited_export
from migrator.commands.load import load_stage, look_ahead
from migrator.commands.prepare import begin, check_contacts, extract_stage, predict_stage, take_export, translate_stage
from migrator.commands.report import Summary, report_stage
from migrator.commands.session import Orders
from migrator.contracts.export_folder import OrganisationRef, read_export
from migrator.contracts.history import Deed
from migrator.contracts.predictions import read_predictions
from migrator.contracts.run_folder import Goal, RunFolder, Task
from migrator.contracts.tables import has_table
from migrator.dataverse.client import Client
from migrator.product.codes import AUDIENCE


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


def _predicts(run: RunFolder, task: Task) -> bool:
    """Whether to predict: as it was asked for, or where the export has contacts; once for one plan."""
    if task.predict is False or (task.predict is None and not has_table(run.export, AUDIENCE)):
        return False
    return read_predictions(run.path) is None


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
