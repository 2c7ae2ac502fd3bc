"""Commands of whoever decides: approve."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from migrator.base.cells import identity
from migrator.base.counted import so_many
from migrator.base.errors import UsageError
from migrator.cli.options import Reason, RunOption, takes
from migrator.cli.runs import old_run
from migrator.cli.terminal import Terminal
from migrator.commands.settings import Settings
from migrator.contracts.choices import Choice


@takes("out", json=True)
def approve(
    settings: Settings,
    terminal: Terminal,
    segments: Annotated[
        list[str] | None,
        typer.Argument(help="Ids or exact names of segments that wait.", metavar="SEGMENT...", show_default=False),
    ] = None,
    choice: Annotated[
        Choice | None,
        typer.Option(
            "--as", help="translate, snapshot, skip; of a twin: adopt, replace, keep-both.", metavar="DECISION"
        ),
    ] = None,
    twin: Annotated[
        str, typer.Option("--twin", help="The segment to adopt or replace, if there are several.", metavar="ID")
    ] = "",
    finding: Annotated[
        list[str] | None,
        typer.Option("--finding", help="Every segment that waits with this finding.", metavar="CODE"),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="Every segment that waits with this name; * and ? are any text.", metavar="NAME"),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="Decisions from report.xlsx, or from the report's page (JSON).", metavar="FILE"),
    ] = None,
    by: Annotated[str, typer.Option("--by", help="Who decides [default: who is at this machine].", metavar="WHO")] = "",
    reason: Reason = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be recorded, and end.")] = False,
    run: RunOption = None,
) -> None:
    """Record decisions about segments that wait; the next `load` carries them out. The plan itself stays as it is."""
    from migrator.commands.deciding import Meant, carry_out, from_file, in_one_way, whoever_sits_here

    one_way = bool(segments or finding or name)
    if bool(source) == one_way:
        raise UsageError("Say which segments (ids, names, --name, --finding), and --as what; or a file: --from FILE.")
    if source and choice:
        raise UsageError("A file says itself what becomes of each segment; leave --as out.")
    if one_way and choice in (None, Choice.FLAG):
        raise UsageError("--as is translate, snapshot, skip, adopt, replace or keep-both.")
    meant = identity(twin) if twin else None
    if twin and meant is None:
        raise UsageError(
            f"--twin takes the id of a real-time segment, not {twin}. It stands in the report, beside the twin."
        )
    who = by or whoever_sits_here()
    with old_run(run, settings) as folder:
        if source:
            decisions, refused = from_file(folder, source, who, reason)
        else:
            wanted = Meant(tuple(segments or ()), tuple(name or ()), tuple(finding or ()), meant)
            decisions, refused = in_one_way(folder, wanted, choice or Choice.FLAG, who, reason)
        recorded = carry_out(folder, decisions, refused, dry_run=dry_run)
    if terminal.as_json:
        terminal.json({"recorded": [] if dry_run else [*recorded.lines], "refused": [*recorded.refused]})
    else:
        for line in recorded.lines:
            terminal.say(line)
        if dry_run:
            terminal.say(f"Nothing was recorded: {so_many(len(recorded.lines), 'decision')} would be.")
        elif recorded.lines:
            for note in recorded.notes:
                terminal.tell(note)
            terminal.tell(f"Load what was decided with: migrator load {folder.typed}")
    for line in recorded.refused:
        terminal.fail(line)
    raise typer.Exit(recorded.exit_code)


COMMANDS = (("approve", approve),)
