"""Commands that carry a plan out: run, load, retry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from migrator.base.errors import UsageError
from migrator.cli.options import From, Given, Other, Reason, Run, RunOption, SkipChecks, Yes, takes
from migrator.cli.runs import (
    agrees,
    asking,
    at_a_keyboard,
    must_be_answered,
    new_run_for,
    old_run,
    orders_of,
    run_to_load,
)
from migrator.cli.terminal import Terminal
from migrator.commands.settings import Settings
from migrator.contracts.choices import Choices
from migrator.contracts.run_folder import Goal, RunFolder, Task
from migrator.contracts.selection import Selection

if TYPE_CHECKING:
    from migrator.commands.report import Summary

REACHING = ("org", "parallel", "accounts", "sign_in", "token_file", "tenant", "ca_file", "token_cache", "window")
"""The settings of every command that asks the organisation."""
TRANSLATING = ("drafts_only", "operators", "tolerance", "split", "members_from_row")


@takes("org", "out", *TRANSLATING, "wait_pending", "wait_computation", "owner", *REACHING[1:], json=True)
def run_command(
    settings: Settings,
    terminal: Terminal,
    given: Given,
    selection: Selection,
    choices: Choices,
    run: Annotated[
        str | None,
        typer.Argument(
            help="With --resume: run folder or its name [default: the latest].", metavar="RUN", show_default=False
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that has not ended.")] = False,
    new: Annotated[bool, typer.Option("--new", help="Start a new run although another one has not ended.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; report what would happen.")] = False,
    reach: Annotated[
        bool, typer.Option("--reach", help="Count who will be mailed, too: reads contacts and consent.")
    ] = False,
    predict: Annotated[
        bool | None,
        typer.Option(
            "--predict/--no-predict",
            help="Predict who will be in each segment, and extract the tables for it [default: if the export has "
            "them].",
            show_default=False,
        ),
    ] = None,
    source: From = None,
    other_organisation: Other = False,
    skip_check: SkipChecks = None,
    yes: Yes = False,
    reason: Reason = "",
) -> None:
    """Extract, translate, load, verify and report, in one go; asks once, before anything is written."""
    from migrator.commands.run import whole_run
    from migrator.commands.session import NO_ORGANISATION

    if run and not resume:
        raise UsageError(
            f"{run} is given, but not what to do with it. To go on with a run: migrator run --resume {run}"
        )
    asked = Task(
        Goal.RUN, selection, choices, dry_run, source, other_organisation, settings.drafts_only, settings.operators,
        settings.tolerance, settings.split, settings.members_from_row,
        with_tables=bool(predict and not source), predict=predict, reach=reach,
    )  # fmt: skip
    if new and (run or resume):
        raise UsageError("--new starts a new run, and --resume goes on with an old one. Leave one of them out.")
    unfinished = None if new else _to_resume(run, settings, terminal, wanted=resume)
    if unfinished:
        said = {**given.values, **({"--from": source} if source else {}), **({"--dry-run": True} if dry_run else {})}
        if reach:
            said["--reach"] = True
        if predict is not None:
            said["--predict"] = predict
        if other_organisation:
            said["--other-organisation"] = True
        _go_on(unfinished, settings, terminal, asked, said, skip_check or (), yes=yes)
        return
    if not settings.org and not (dry_run and source):
        raise UsageError(NO_ORGANISATION)
    if not dry_run:
        must_be_answered(given, yes=yes)
    skipped, ask = skip_check or (), None if yes else asking(terminal, yes=False)
    with orders_of(settings, terminal, skipped, ask) as orders, new_run_for(settings, dry_run=dry_run) as folder:
        orders.reason = reason
        folder.update(agreed=yes, owner=settings.owner)
        summary = whole_run(folder, orders, asked)
    _end(summary, terminal)


def _to_resume(run: str | None, settings: Settings, terminal: Terminal, *, wanted: bool) -> str | None:
    """The run to go on with: the named one, the latest unfinished one, or the one that the person says yes to."""
    from migrator.commands.session import canonical
    from migrator.contracts.run_folder import unfinished_run

    if run:
        return run
    found = unfinished_run(settings.out, canonical(settings.org))
    if wanted and found is None:
        raise UsageError(f"No run under {settings.out}/ is unfinished. Start one with: migrator run --org URL")
    if found is None or wanted:
        return str(found.path) if found else None
    if not at_a_keyboard():
        terminal.tell(f"The run {found.name} is unfinished; go on with it by: migrator run --resume {found.name}")
        return None
    if agrees(f"The run {found.name}, begun {found.state().created}, is unfinished. Go on with it?", default=True):
        return str(found.path)
    raise UsageError(
        f"Nothing was started. Go on later with: migrator run --resume {found.name}; to start another run beside it, "
        "repeat the command with --new."
    )


def _go_on(
    name: str,
    settings: Settings,
    terminal: Terminal,
    asked: Task,
    said: dict[str, Any],
    skip: Sequence[str],
    *,
    yes: bool,
) -> None:
    from migrator.commands.run import resume

    with orders_of(settings, terminal, skip) as orders, old_run(name, settings) as folder:
        _same_task(folder, asked, said)
        state = folder.state()
        if not (yes or state.agreed or state.confirmed) and at_a_keyboard():
            orders.confirm = asking(terminal, yes=False)  # it ended before anybody had agreed
        summary = resume(folder, orders)
        if summary is None:
            terminal.tell(f"Export: {folder.export}")
            return
    _end(summary, terminal)


_OF_TASK = {
    "--dry-run": "dry_run",
    "--reach": "reach",
    "--from": "source",
    "--predict": "predict",
    "--other-organisation": "other_organisation",
    "--drafts-only": "drafts_only",
    "--operators": "operators",
    "--tolerance": "tolerance",
    "--split": "split",
    "--members-from-row": "members_from_row",
    "--name, --id, --type, --status": "selection",
}
"""Option → the field of a task that it sets."""


def _same_task(run: RunFolder, asked: Task, said: dict[str, Any]) -> None:
    """Refuse options that say something else than the run was begun with: a run is gone on with as it was meant.

    Raises:
        UsageError: one of them does; nothing was changed.
    """
    task = run.state().task
    if task is None:
        return
    if asked.source:
        asked = replace(asked, source=asked.source.resolve())
    fresh = [(option, name) for option, name in _OF_TASK.items() if option in said]
    other = [option for option, name in fresh if getattr(asked, name) != getattr(task, name)]
    other += [
        f"--{one.name}"
        for one in fields(Choices)
        if f"--{one.name}" in said and getattr(asked.choices, one.name) != getattr(task.choices, one.name)
    ]
    if other:
        raise UsageError(
            f"The run {run.name} was begun with another {' and another '.join(other)}, and is gone on with as it was "
            "meant. Leave the option out, or start a new run without --resume. Nothing was changed."
        )


@takes(*REACHING, "out", "wait_computation", "tolerance", "owner", json=True)
def load(
    settings: Settings,
    terminal: Terminal,
    given: Given,
    run: Run = None,
    skip_check: SkipChecks = None,
    yes: Yes = False,
    reason: Reason = "",
) -> None:
    """Carry out the plan of a run exactly as it stands, and verify it. Goes on where an earlier try stopped."""
    from migrator.commands.load import load_stage
    from migrator.commands.report import report_stage
    from migrator.contracts.decisions import checksum_of_decided

    ask = None if yes else asking(terminal, yes=False)
    with orders_of(settings, terminal, skip_check or (), ask) as orders, run_to_load(run, settings) as folder:
        orders.reason = reason
        if folder.state().confirmed != checksum_of_decided(folder.path):
            must_be_answered(given, yes=yes)
        load_stage(folder, orders)
        summary = report_stage(folder)
    _end(summary, terminal)


@takes(*REACHING, "out", "wait_computation", "tolerance", json=True)
def retry(
    settings: Settings,
    terminal: Terminal,
    segments: Annotated[
        list[str] | None,
        typer.Argument(help="Ids or exact names of segments.", metavar="SEGMENT...", show_default=False),
    ] = None,
    all_failed: Annotated[bool, typer.Option("--all-failed", help="Every segment that failed.")] = False,
    run: RunOption = None,
    reason: Reason = "",
) -> None:
    """Load segments of a run once more, each from where it failed."""
    from migrator.commands.aftercare import retry as retry_segments

    if not segments and not all_failed:
        raise UsageError("Say which segments: ids, exact names, or --all-failed.")
    with orders_of(settings, terminal) as orders, old_run(run, settings) as folder:
        orders.reason = reason
        summary = retry_segments(folder, orders, segments or [], all_failed=all_failed)
    _end(summary, terminal)


def _end(summary: Summary, terminal: Terminal) -> None:
    terminal.summary(summary, table=False)
    raise typer.Exit(summary.exit_code)


RUN = (("run", run_command),)
COMMANDS = (
    ("load", load),
    ("retry", retry),
)
