"""Commands of whoever decides: approve."""

from __future__ import annotations

from typing import Annotated

import typer

from migrator.base.errors import Exit, UsageError
from migrator.cli.options import RunOption, takes
from migrator.cli.runs import old_run
from migrator.cli.terminal import Terminal
from migrator.commands.settings import Settings
from migrator.contracts.choices import Choice


@takes("out", json=True)
def approve(
    settings: Settings,
    terminal: Terminal,
    segments: Annotated[
        list[str], typer.Argument(help="Ids or exact names of flagged segments.", metavar="SEGMENT...")
    ],
    choice: Annotated[Choice, typer.Option("--as", help="translate, snapshot or skip.", metavar="DECISION")],
    run: RunOption = None,
) -> None:
    """Record a decision about flagged segments; the next `load` carries it out. The plan itself stays as it is."""
    from migrator.commands.aftercare import approve as approve_segments

    if choice is Choice.FLAG:
        raise UsageError("--as is translate, snapshot or skip.")
    with old_run(run, settings) as folder:
        summary = approve_segments(folder, segments, choice)
    terminal.summary(summary, table=False)
    terminal.tell(f"Load what was decided with: migrator load {folder.name}")
    raise typer.Exit(Exit.DONE)


COMMANDS = (("approve", approve, 'Example: migrator approve "Newsletter without VIPs" --as translate'),)
