"""What commands share: a session, a new run or an old one that nobody else works on, and questions to the person."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from migrator.base.counted import so_many
from migrator.base.errors import Declined, UsageError
from migrator.cli.options import Given
from migrator.cli.terminal import Terminal
from migrator.commands.settings import Settings
from migrator.contracts.run_folder import (
    RUN,
    Goal,
    RunFolder,
    Task,
    all_runs,
    discard_if_empty,
    find_run,
    new_run,
    not_loaded,
    working_on,
)

if TYPE_CHECKING:
    from migrator.commands.session import Confirm, Orders


@contextmanager
def orders_of(
    settings: Settings, terminal: Terminal, skip_checks: Sequence[str] = (), confirm: Confirm | None = None
) -> Iterator[Orders]:
    """One command's orders, with one way to the organisation for all its stages.

    Args:
        settings: what is in force for this command.
        terminal: where it is said.
        skip_checks: names of checks whose failure does not end the command.
        confirm: asks before something is written; None where nobody has to be asked.

    Raises:
        UsageError: there is no check of such a name.
    """
    from migrator.commands.session import session  # what speaks to the organisation is slow to import

    skipped = frozenset[str]()
    if skip_checks:
        from migrator.commands.examination import checks_called

        skipped = checks_called(skip_checks)
    with session(settings, terminal.progress(), terminal.tell, terminal.insist, skipped, confirm) as orders:
        yield orders


@contextmanager
def new_run_for(settings: Settings, *, dry_run: bool) -> Iterator[RunFolder]:
    """A new run folder, which nobody else works on; removed again where nothing came of it."""
    from migrator.commands.session import canonical

    run = new_run(settings.out, canonical(settings.org), dry_run=dry_run)
    try:
        with working_on(run):
            yield run
    finally:
        discard_if_empty(run)


@contextmanager
def old_run(name: str | None, settings: Settings) -> Iterator[RunFolder]:
    """A run that is there already, which nobody else works on."""
    run = find_run(name, settings.out)
    with working_on(run):
        yield run


@contextmanager
def run_or_planned_export(name: str | None, settings: Settings) -> Iterator[RunFolder]:
    """A run that is there already, or, of an export folder, a new one with its plan, as `translate --from` makes it."""
    from migrator.commands.prepare import begin, take_export, translate_stage
    from migrator.contracts.export_folder import is_export

    if not name or not is_export(Path(name)):
        with old_run(name, settings) as run:
            yield run
        return
    with new_run_for(settings, dry_run=True) as run:
        task = Task(Goal.TRANSLATE, dry_run=True, source=Path(name))
        begin(run, task)
        take_export(run, Path(name))
        translate_stage(run, task)
        yield run


@contextmanager
def run_to_load(name: str | None, settings: Settings) -> Iterator[RunFolder]:
    """The run whose plan is loaded: without a name the latest one, unless another plan waits to be loaded, too.

    Raises:
        UsageError: no run is named, and a plan waits that is not the latest one's.
    """
    if not name:
        planned = [run for run in all_runs(settings.out) if _has_plan(run)]
        waiting = [run for run in planned if not run.state().loaded]
        if waiting and (len(waiting) > 1 or waiting[0].path != planned[-1].path):
            shown = ", ".join(f"{run.name} ({_described(run)})" for run in planned[-10:])
            raise UsageError(
                f"{len(waiting)} of the runs under {settings.out}/ have a plan that was not loaded, and the latest one "
                f"need not be the one that you mean. Name it: {shown}. Nothing was changed."
            )
        name = planned[-1].name if planned else None
    with old_run(name, settings) as run:
        yield run


def _has_plan(run: RunFolder) -> bool:
    try:
        return bool(run.state().translated)
    except UsageError:
        return False


def _described(run: RunFolder) -> str:
    from migrator.contracts.plan import read_plan

    try:
        segments = [segment for segment in read_plan(run.path).segments if segment.loadable]
    except UsageError:
        return "its plan is damaged"
    loaded = ", loaded" if run.state().loaded else ""
    return f"{so_many(len(segments), 'segment')} to load, {run.state().org or 'no organisation'}{loaded}"


@contextmanager
def loaded_run(name: str | None, settings: Settings) -> Iterator[RunFolder]:
    """A run of which something is taken back or away; where several come into question, none is chosen by its time.

    Raises:
        UsageError: no run is named, and several have loaded something.
    """
    if not name:
        found = [run for run in all_runs(settings.out) if _holds_something(run)]
        if len(found) > 1:
            raise UsageError(
                f"{len(found)} runs under {settings.out}/ have loaded something. Name the one that you mean: "
                + ", ".join(f"{run.name} ({run.state().org})" for run in found[-10:])
                + ". Nothing was changed."
            )
        name = found[0].name if found else None
    with old_run(name, settings) as run:
        yield run


def _holds_something(run: RunFolder) -> bool:
    """Whether a run has loaded what was not taken back since."""
    from migrator.contracts.journal import JOURNAL, LoadState, read_results
    from migrator.contracts.verification import latest, read_verifications

    results = read_results(run.path / JOURNAL)
    if not results:  # nothing was to be loaded, or the journal is lost
        return bool(latest(read_verifications(run.path)))
    return any(result.state in (LoadState.LOADED, LoadState.FAILED) for result in results.values())


@contextmanager
def export_kept_from_others(folder: Path) -> Iterator[None]:
    """Where the export is in a run, nobody else works on that run meanwhile."""
    run = folder if (folder / RUN).is_file() else folder.parent
    if not (run / RUN).is_file():
        yield
        return
    found = RunFolder(run)
    with working_on(found):
        not_loaded(found)
        yield


def asking(terminal: Terminal, *, yes: bool, deleting: bool = False) -> Confirm:
    """Shows what is going to happen and asks; what cannot be undone is typed also with --yes.

    Args:
        terminal: where it is said.
        yes: whether the question is answered already.
        deleting: whether "delete" and the number of segments have to be typed.
    """

    def ask(lines: Sequence[str], *, word: str = "") -> None:
        if yes and not deleting:
            return
        if not at_a_keyboard():
            raise UsageError(NOBODY_TO_TYPE if deleting else NOBODY_TO_AGREE)
        shown = [*lines[:21], f"… and {len(lines) - 21:,} more"] if len(lines) > 22 else list(lines)
        for line in shown:
            terminal.insist(line)
        if deleting:
            wanted = f"delete {len(lines) - 1}"
            agreed = typed(f"This cannot be undone. Type {wanted} to go on") == wanted
        elif word:
            agreed = typed(f"Type {word}, the name of the organisation, to go on") == word
        else:
            agreed = agrees("Go on?")
        if not agreed:
            raise Declined

    return ask


NOBODY_TO_ASK = (
    "Nobody can be asked here, since there is no keyboard. Add --yes and --org URL to agree beforehand, or look first, "
    "with migrator run --dry-run or migrator report. Nothing was sent."
)


NOBODY_TO_AGREE = (
    "Nobody can be asked here, since there is no keyboard. Add --yes and --org URL to agree beforehand. Nothing "
    "was changed."
)
NOBODY_TO_TYPE = (
    "Nobody can be asked here, since there is no keyboard, and to delete for good is agreed to by typing alone, also "
    "with --yes. Nothing was changed. Without --delete, segments are only stopped."
)


def must_be_answered(given: Given, *, yes: bool) -> None:
    """Refuse at once what would have to be asked where nobody can answer.

    Raises:
        UsageError: nobody can be asked, or it is agreed to write to an organisation that is not named.
    """
    agreed_for_a_place(given, yes=yes)
    if not yes and not at_a_keyboard():
        raise UsageError(NOBODY_TO_ASK)


def agreed_for_a_place(given: Given, *, yes: bool) -> None:
    """Refuse an agreement to write to an organisation that is not named beside it.

    Raises:
        UsageError: it is not named; what a variable or the run says does not count.
    """
    if yes and "--org" not in given.values:
        raise UsageError("--yes agrees for an organisation that is named beside it: add --org URL. Nothing was sent.")


def agrees(what: str, *, default: bool = False) -> bool:
    """Ask a question that is answered by yes or no. Ctrl-C and the end of input are a no.

    Args:
        what: the question.
        default: what Enter alone means.
    """
    with _interruptible():
        try:
            return typer.confirm(what, default=default, err=True)
        except typer.Abort:
            typer.echo(err=True)  # what is said next has a line of its own
            return False


def typed(what: str) -> str:
    """Ask for a word; empty for Ctrl-C and the end of input."""
    with _interruptible():
        try:
            return str(typer.prompt(what, err=True)).strip()
        except typer.Abort:
            typer.echo(err=True)
            return ""


@contextmanager
def _interruptible() -> Iterator[None]:
    """At a question nothing is in flight, so Ctrl-C answers it instead of waiting for the end of what is under way."""
    if os.name != "posix" or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN or before is None:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def at_a_keyboard() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()


def until_interrupted(announce: Callable[[], None]) -> None:
    """Say what can be used, then wait for Ctrl-C, which may come while it is still being said."""
    try:
        announce()
        sys.stdout.flush()
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        pass
