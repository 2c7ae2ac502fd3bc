"""What commands share: a session, a new run or an old one that nobody else works on, and questions to the person."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from migrator.base.errors import UsageError
from migrator.cli.terminal import Terminal
from migrator.commands.settings import Settings
from migrator.contracts.run_folder import RUN, RunFolder, all_runs, discard_if_empty, find_run, new_run, working_on

if TYPE_CHECKING:
    from migrator.commands.session import Orders

Confirm = Callable[[Sequence[str]], None]


@contextmanager
def orders_of(settings: Settings, terminal: Terminal, skip_checks: Sequence[str] = ()) -> Iterator[Orders]:
    """One command's orders, with one way to the organisation for all its stages.

    Args:
        settings: what is in force for this command.
        terminal: where it is said.
        skip_checks: names of checks whose failure does not end the command.
    """
    from migrator.commands.session import session  # what speaks to the organisation is slow to import

    skipped = frozenset(skip_checks)
    with session(settings, terminal.progress(), terminal.tell, terminal.insist, skipped) as orders:
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


def not_loaded(run: RunFolder) -> None:
    """Refuse to change the plan or the export of a run that has been loaded.

    Raises:
        UsageError: it has.
    """
    if run.state().loaded:
        raise UsageError(f"The run {run.name} has been loaded; its plan is not changed any more. Start a new run.")


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


def asking(terminal: Terminal, *, yes: bool, word: str = "") -> Confirm:
    """Shows what is going to happen and asks; a word that has to be typed is asked for also with --yes.

    Args:
        terminal: where it is said.
        yes: whether the question is answered already.
        word: what has to be typed; empty where yes or no will do.
    """

    def ask(lines: Sequence[str]) -> None:
        if yes:
            return
        shown = [*lines[:21], f"… and {len(lines) - 21:,} more"] if len(lines) > 22 else list(lines)
        for line in shown:
            terminal.tell(line)
        if word:
            answer = typer.prompt(f"This cannot be undone. Type {word} {len(lines) - 1} to go on", err=True)
            agreed = answer.strip() == f"{word} {len(lines) - 1}"
        else:
            agreed = typer.confirm("Go on?", default=False, err=True)
        if not agreed:
            raise UsageError("Nothing was changed.")

    return ask


def at_a_keyboard() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()


def until_interrupted() -> None:
    """Wait for Ctrl-C."""
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        pass
