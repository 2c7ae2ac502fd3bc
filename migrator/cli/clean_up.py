"""Commands that take something back or away: rollback, retire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from migrator.cli.load import REACHING
from migrator.cli.options import Given, Reason, Run, Yes, takes
from migrator.cli.runs import agreed_for_a_place, asking, loaded_run, orders_of
from migrator.cli.terminal import Terminal
from migrator.commands.settings import Settings

if TYPE_CHECKING:
    from migrator.commands.aftercare import Aftermath


@takes(*REACHING, "out")
def rollback(
    settings: Settings,
    terminal: Terminal,
    given: Given,
    run: Run = None,
    segments: Annotated[
        list[str] | None,
        typer.Argument(help="Ids or names [default: all it created].", metavar="SEGMENT...", show_default=False),
    ] = None,
    yes: Yes = False,
    reason: Reason = "",
) -> None:
    """Stop and delete what a run created in real-time journeys, and nothing else. The journal stays as evidence."""
    from migrator.commands.aftercare import rollback as roll_back

    agreed_for_a_place(given, yes=yes)
    with orders_of(settings, terminal) as orders, loaded_run(run, settings) as folder:
        orders.reason = reason
        aftermath = roll_back(folder, orders, segments or [], asking(terminal, yes=yes))
    _end(aftermath, terminal)


@takes(*REACHING, "out", "wait_pending", "tolerance")
def retire(
    settings: Settings,
    terminal: Terminal,
    given: Given,
    run: Run = None,
    segments: Annotated[
        list[str] | None,
        typer.Argument(help="Ids or names [default: all verified].", metavar="SEGMENT...", show_default=False),
    ] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete them, too; asks for a word to be typed.")] = False,
    not_compared: Annotated[
        bool,
        typer.Option("--not-compared", help="With --delete: also segments whose people could only be counted."),
    ] = False,
    even_if_used: Annotated[
        bool,
        typer.Option("--even-if-used", help="Also what a live journey still uses; recorded as a decision."),
    ] = False,
    yes: Yes = False,
    reason: Reason = "",
) -> None:
    """Stop the outbound segments whose successors are verified. Anything but verified is left alone."""
    from migrator.commands.aftercare import retire_legacy

    agreed_for_a_place(given, yes=yes)
    ask = asking(terminal, yes=yes, deleting=delete)
    with orders_of(settings, terminal) as orders, loaded_run(run, settings) as folder:
        orders.reason = reason
        aftermath = retire_legacy(
            folder, orders, segments or [], ask, delete=delete, not_compared=not_compared, even_if_used=even_if_used
        )
    _end(aftermath, terminal)


def _end(aftermath: Aftermath, terminal: Terminal) -> None:
    for sentence in aftermath.done:
        terminal.say(sentence)
    for sentence in aftermath.kept:
        terminal.fail(sentence)
    raise typer.Exit(aftermath.exit_code)


COMMANDS = (
    ("rollback", rollback),
    ("retire", retire),
)
