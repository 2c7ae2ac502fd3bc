"""Commands that look at what came of it: verify, report, status."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from migrator.base.csv_text import Dialect
from migrator.base.errors import UsageError
from migrator.cli.load import REACHING
from migrator.cli.options import Run, takes
from migrator.cli.runs import old_run, orders_of
from migrator.cli.terminal import Terminal
from migrator.commands.settings import Settings


@takes(*REACHING, "out", "wait_computation", "tolerance", json=True)
def verify(
    settings: Settings,
    terminal: Terminal,
    run: Run = None,
    reach: Annotated[
        bool, typer.Option("--reach", help="Count who will be mailed, too: reads contacts and consent again.")
    ] = False,
) -> None:
    """Compare the members in the organisation with those before, once more. Changes nothing."""
    from migrator.commands.load import verify_stage
    from migrator.commands.report import report_stage

    with orders_of(settings, terminal) as orders, old_run(run, settings) as folder:
        verify_stage(folder, orders)
        if reach:
            from migrator.commands.reach import reach_stage

            reach_stage(folder, orders, again=True)
        summary = report_stage(folder)
    terminal.summary(summary, table=False)
    raise typer.Exit(summary.exit_code)


@takes("out", json=True)
def report(
    settings: Settings,
    terminal: Terminal,
    run: Run = None,
    form: Annotated[
        list[str] | None,
        typer.Option("--format", help="html, xlsx, csv, json, md, pdf, or all [default: as before].", metavar="FORM"),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open it.")] = False,
    compare: Annotated[
        str | None, typer.Option("--compare", help="Say what changed since this earlier run.", metavar="OTHER_RUN")
    ] = None,
    title: Annotated[str | None, typer.Option(help="What stands at its head [default: as before].")] = None,
    logo: Annotated[
        Path | None, typer.Option(help="A picture for its head [default: as before].", metavar="FILE")
    ] = None,
    language: Annotated[str | None, typer.Option(help="en, de or fr [default: as before].", metavar="LANGUAGE")] = None,
    anonymise: Annotated[bool, typer.Option("--anonymise", help="Counts only: no names, no queries.")] = False,
    dialect: Annotated[
        Dialect | None,
        typer.Option(
            "--csv",
            help="Write report.csv, too; as Excel opens it: --csv excel [default: as before].",
            metavar="[excel]",
        ),
    ] = None,
    table: Annotated[bool, typer.Option("--table", help="Print a line for every segment, too.")] = False,
) -> None:
    """Write the report of a run again, from its files, in one form or several; the run remembers how it is wanted."""
    from migrator.commands.report import journal_lost, report_stage
    from migrator.contracts.run_folder import ReportWish, find_run
    from migrator.report.forms import FORMS, ready

    everything = tuple(filter(ready, FORMS))
    asked = (*(form or ()), *(("csv",) if dialect else ()))
    formats = everything if "all" in asked else tuple(dict.fromkeys(asked))
    if unknown := [name for name in formats if name not in FORMS]:
        raise UsageError(f"--format cannot be {unknown[0]}; it is one of {', '.join(FORMS)}, or all.")
    other = find_run(compare, settings.out) if compare else None
    with old_run(run, settings) as folder:
        if other and other.path.resolve() == folder.path.resolve():
            raise UsageError(f"--compare names the run {folder.name} itself. Name an earlier run of the organisation.")
        before = folder.state().report
        wish = ReportWish(
            formats or before.formats,
            before.title if title is None else title,
            logo.resolve() if logo else before.logo,
            language or before.language,
            dialect or before.csv,
        )
        summary = report_stage(folder, wish, anonymous=anonymise, compared_with=other)
        if lost := journal_lost(folder):
            terminal.tell(lost)
    terminal.summary(summary, table=table)
    if open_ and summary.report:
        typer.launch(str(summary.report))


@takes("out", json=True, quiet=False)
def status(
    settings: Settings,
    terminal: Terminal,
    run: Run = None,
    segments: Annotated[bool, typer.Option("--segments", help="A line for each segment.")] = False,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="Only segments with this name; * and ? stand for any text.", metavar="NAME"),
    ] = None,
    standing: Annotated[
        list[str] | None,
        typer.Option("--standing", help="Only segments that stand so: failed, waiting, verified, …", metavar="WORD"),
    ] = None,
    finding: Annotated[
        list[str] | None, typer.Option("--finding", help="Only segments with this finding.", metavar="CODE")
    ] = None,
    as_csv: Annotated[
        Dialect | None,
        typer.Option("--csv", help="Print the segments as CSV; as Excel opens it: --csv excel.", metavar="[excel]"),
    ] = None,
) -> None:
    """Say where a run stands and what comes next, or where its segments stand. Changes nothing and asks nobody."""
    from migrator.commands.status import (
        Filter,
        chosen,
        segment_lines,
        segments_csv,
        segments_json,
        status_json,
        status_lines,
        status_of,
    )
    from migrator.contracts.run_folder import find_run

    found = status_of(find_run(run, settings.out))
    if not (segments or name or standing or finding or as_csv):
        if terminal.as_json:
            terminal.json(status_json(found))
            return
        for line in status_lines(found):
            terminal.say(line)
        return
    rows = chosen(found, Filter(tuple(name or ()), tuple(standing or ()), tuple(finding or ())))
    if terminal.as_json:
        terminal.json(segments_json(rows))
    elif as_csv:
        terminal.raw(segments_csv(rows, as_csv))
    else:
        for line in segment_lines(rows):
            terminal.say(line)


COMMANDS = (
    ("verify", verify),
    ("report", report),
    ("status", status),
)
