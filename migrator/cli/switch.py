"""The command of the switch: cutover."""

from __future__ import annotations

import typer

from migrator.cli.load import REACHING
from migrator.cli.options import Run, takes
from migrator.cli.runs import old_run, orders_of
from migrator.cli.terminal import Terminal
from migrator.commands.settings import Settings


@takes(*REACHING, "out", json=True)
def cutover(settings: Settings, terminal: Terminal, run: Run = None) -> None:
    """Say which journeys still use old segments and what to do about each; exit code 0 when all are switched."""
    from migrator.commands.cutover import cutover_json, cutover_lines, cutover_stage

    with orders_of(settings, terminal) as orders, old_run(run, settings) as folder:
        done = cutover_stage(folder, orders)
    if terminal.as_json:
        terminal.json(cutover_json(done))
    else:
        for line in cutover_lines(done):
            terminal.say(line)
    raise typer.Exit(done.exit_code)


COMMANDS = (("cutover", cutover),)
