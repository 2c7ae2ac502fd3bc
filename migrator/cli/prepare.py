"""Commands that prepare a migration: extract, import-members, check-export, redact, translate, predict, explain."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from migrator.base.counted import so_many
from migrator.base.errors import UsageError, why
from migrator.base.moments import moment_of
from migrator.base.written_text import written_text
from migrator.cli.load import REACHING, TRANSLATING
from migrator.cli.options import From, Run, RunOrExport, Yes, takes
from migrator.cli.runs import (
    agrees,
    asking,
    at_a_keyboard,
    export_kept_from_others,
    new_run_for,
    old_run,
    orders_of,
    run_or_planned_export,
)
from migrator.cli.terminal import Terminal
from migrator.commands.settings import Settings
from migrator.contracts.choices import Choices, Doubt
from migrator.contracts.run_folder import Goal, Task, not_loaded
from migrator.contracts.selection import Selection
from migrator.extractor.reading.answers import Answers, Hidden


@takes(*REACHING, "out", "wait_pending")
def extract(
    settings: Settings,
    terminal: Terminal,
    selection: Selection,
    run: Annotated[
        str | None,
        typer.Argument(
            help="Run folder or its name: read again what the service did not answer, and what is outdated "
            "[default: a new run].",
            metavar="RUN",
            show_default=False,
        ),
    ] = None,
    with_tables: Annotated[
        bool,
        typer.Option(
            "--with-tables",
            help="Read the rows of contacts and other tables, too, as far as queries touch them, to predict with.",
        ),
    ] = False,
) -> None:
    """Read the outbound segments and their members into a run. Changes nothing in the organisation."""
    from migrator.commands.prepare import begin, extract_stage

    new = new_run_for(settings, dry_run=True) if not run else old_run(run, settings)
    with orders_of(settings, terminal) as orders, new as folder:
        if run:
            not_loaded(folder)
        else:
            begin(folder, Task(Goal.EXTRACT, selection, dry_run=True, with_tables=with_tables))
        extract_stage(folder, orders, selection, with_tables=with_tables)
    terminal.tell(f"Export: {folder.export}")


@takes(*REACHING, "out")
def import_members(
    settings: Settings,
    terminal: Terminal,
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Files with members, folders of them, or zips.", metavar="FILE...", show_default=False),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option("--export", help="Export folder, or a run [default: the latest run].", metavar="FOLDER"),
    ] = None,
    segment: Annotated[
        str | None, typer.Option(help="Id or exact name of the segment [default: as the file is called].")
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="Header of the column with the members, or its letter: =C.", metavar="NAME")
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Sheet with the members, where several hold some.", metavar="NAME")
    ] = None,
    hidden: Annotated[
        Hidden, typer.Option(help="What becomes of rows that are hidden or filtered out.", metavar="ask|keep|leave-out")
    ] = Hidden.ASK,
    from_list: Annotated[
        str | None, typer.Option("--from-list", help="Take a marketing list: its name or id.", metavar="LIST")
    ] = None,
    exclude: Annotated[
        bool, typer.Option("--exclude", help="These are people to leave out: an Exclude group.")
    ] = False,
    join: Annotated[bool, typer.Option("--join", help="Several files of one segment are parts of one list.")] = False,
    accept: Annotated[
        list[Doubt] | None,
        typer.Option(
            "--accept",
            help="Settle a kind of doubt: for the files that are named, or without files for all segments of the "
            f"export. One of: {', '.join(Doubt)}.",
            metavar="KIND",
        ),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace lists that are there already.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read everything, show what would be imported, and end.")
    ] = False,
    translate_too: Annotated[
        bool, typer.Option("--translate", help="Make the run's plan again afterwards, without asking.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Put member lists that somebody exported in time, or a marketing list, into an export folder."""
    from migrator.commands.import_wanted import Wanted
    from migrator.commands.imports import import_members as import_them
    from migrator.commands.plan_again import translate_again
    from migrator.contracts.run_folder import find_run
    from migrator.extractor.imports import Wishes

    if bool(files) == bool(from_list) and not (accept and not files):
        raise UsageError("Name the files to import, or a marketing list with --from-list.")
    folder = export if export and export.exists() else find_run(str(export) if export else None, settings.out).path
    wanted = Wanted(
        export=folder,
        files=tuple(files or ()),
        marketing_list=from_list or "",
        segment=segment or "",
        wishes=Wishes(Answers(column or "", sheet or "", hidden), replace, exclude, frozenset(accept or ())),
        joining=join,
        dry_run=dry_run,
        org=settings.org,
    )

    def agree(lines: Sequence[str]) -> bool:
        for line in lines:
            terminal.say(line)
        if dry_run or yes or len(lines) == 1 or not at_a_keyboard():
            return True
        return agrees("Go on?", default=True)

    ask = None if yes else asking(terminal, yes=False)
    with orders_of(settings, terminal, (), ask) as orders, export_kept_from_others(folder):
        report = import_them(wanted, orders, agree)
        for line in report.lines:
            terminal.say(line)
        question = "The run's plan does not know of this. Make it again now?"
        asked = at_a_keyboard() and not translate_too
        if report.stale and not dry_run and (translate_too or (asked and agrees(question))):
            translate_again(report.stale)
            terminal.say("The plan was made again.")
    raise typer.Exit(report.exit_code)


@takes(quiet=False)
def check_export(
    terminal: Terminal, folder: Annotated[Path, typer.Argument(help="Export folder, or a run.", metavar="FOLDER")]
) -> None:
    """Say whether a folder is an export that can be relied on, and what is wrong with it. Changes nothing."""
    from migrator.commands.exports import check_export as check_it

    problems = check_it(folder)
    for problem in problems:
        terminal.say(problem)
    if problems:
        raise UsageError(f"{folder} has {so_many(len(problems), 'problem')}; see above.")
    terminal.say(f"{folder} is a whole export.")


@takes(quiet=False)
def redact(
    terminal: Terminal,
    folder: Annotated[Path, typer.Argument(help="Export folder, or a run.", metavar="FOLDER")],
    target: Annotated[Path, typer.Argument(help="New folder for the copy.", metavar="COPY")],
) -> None:
    """Make a copy of an export in which ids of people are others, and names of people are left out."""
    from migrator.commands.exports import redact_export

    changed = redact_export(folder, target)
    terminal.say(f"{target}: a copy with {so_many(changed, 'id')} of members that lead to nobody.")
    terminal.say("Names of segments and queries are as they were; look whether they name people before you hand it on.")


@takes(*TRANSLATING, "out", json=True)
def translate(
    settings: Settings,
    terminal: Terminal,
    selection: Selection,
    choices: Choices,
    run: Run = None,
    source: From = None,
) -> None:
    """Make the plan of a run, or of a new run from an export folder. Needs no organisation."""
    from migrator.commands.limited import limited_export
    from migrator.commands.prepare import begin, take_export, translate_stage
    from migrator.commands.report import report_stage

    task = Task(
        Goal.TRANSLATE, selection, choices, True, source, False, settings.drafts_only, settings.operators,
        settings.tolerance, settings.split, settings.members_from_row,
    )  # fmt: skip
    with new_run_for(settings, dry_run=True) if source else old_run(run, settings) as folder:
        if source:
            begin(folder, task)
            take_export(folder, source)
        not_loaded(folder)
        translate_stage(folder, task)
        if limited := limited_export(folder, selection):
            terminal.tell(limited)
        summary = report_stage(folder)
    terminal.summary(summary, table=False)
    raise typer.Exit(summary.exit_code)


@takes("out", json=True)
def predict(
    settings: Settings,
    terminal: Terminal,
    run: RunOrExport = None,
    tables: Annotated[
        Path | None,
        typer.Option(
            "--tables",
            help="Folder with tables: Parquet, CSV, Delta, or of Synapse Link [default: the export's].",
            metavar="FOLDER",
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help='What "now" means in queries [default: when it was extracted].', metavar="TIME"),
    ] = None,
    memory: Annotated[str, typer.Option("--memory", help="What the database may take.", metavar="SIZE")] = "2GB",
    engine: Annotated[
        str, typer.Option("--engine", help="What evaluates the queries: duckdb or spark.", metavar="ENGINE")
    ] = "duckdb",
    remote: Annotated[
        str, typer.Option("--remote", help="Spark Connect server of a cluster, sc://HOST:PORT.", metavar="URL")
    ] = "",
    sql: Annotated[
        str | None,
        typer.Option(
            "--sql",
            help="Print both queries of every segment as SQL (duckdb, spark or fabric) instead.",
            metavar="DIALECT",
        ),
    ] = None,
    skip_duplicates: Annotated[
        bool,
        typer.Option("--skip-duplicates", help="Leave copies of segments behind: a decision each, as by approve."),
    ] = False,
    same_today: Annotated[
        bool,
        typer.Option("--same-people-today", help="With it: also what merely selects the same people today."),
    ] = False,
) -> None:
    """Say who will be in each segment, by evaluating both queries on the organisation's data. Changes nothing there."""
    from migrator.commands.deciding import Recorded, whoever_sits_here
    from migrator.commands.duplicates import skip_duplicates as skip_them
    from migrator.commands.predict import exit_code
    from migrator.commands.predict import predict as predict_it
    from migrator.commands.predict_told import predictions_json, sentences
    from migrator.commands.report import decided_plan, report_stage
    from migrator.contracts.decisions import read_decisions
    from migrator.contracts.verification import counted_after
    from migrator.evaluator.engines import engine as engine_named

    if same_today and not skip_duplicates:
        raise UsageError("--same-people-today says which copies --skip-duplicates leaves behind; give both.")
    moment = _moment(as_of) if as_of else None
    recorded: Recorded | None = None
    chosen = engine_named(engine, remote)
    with run_or_planned_export(run, settings) as folder:
        if sql:
            from migrator.commands.predict_sql import script

            for line in script(folder, decided_plan(folder), sql, moment):
                terminal.raw(f"{line}\n")  # every sign of a text in it counts
            return
        found = predict_it(
            folder, decided_plan(folder), terminal.progress(), tables=tables, as_of=moment, memory=memory, engine=chosen
        )
        if skip_duplicates:
            recorded = skip_them(folder, found, whoever_sits_here(), today=same_today)
        if recorded is None or recorded.summary is None:
            report_stage(folder)
    if terminal.as_json:
        terminal.json(predictions_json(found, counted_after(folder.path), read_decisions(folder.path)))
    else:
        for sentence in sentences(found):
            terminal.say(sentence)
        if recorded:
            for line in recorded.lines or ("No segment is left behind: there are no more such copies.",):
                terminal.say(line)
    raise typer.Exit(exit_code(found))


def _moment(text: str) -> datetime:
    try:
        return moment_of(text)
    except ValueError:
        raise UsageError(
            f"--as-of takes a date or a time, such as 2026-04-30 or 2026-04-30T12:00Z; {text} is none."
        ) from None


@takes("operators", json=True, quiet=False, compound=False)
def explain(
    settings: Settings,
    terminal: Terminal,
    choices: Choices,
    query: Annotated[str, typer.Argument(help="An outbound query, @FILE, or - for standard input.", metavar="QUERY")],
    export: Annotated[
        Path | None, typer.Option(help="Export whose segments and metadata the query speaks about.", metavar="FOLDER")
    ] = None,
    language: Annotated[str, typer.Option(help="Language of the sentence: en, de or fr.")] = "en",
    tree: Annotated[bool, typer.Option("--tree", help="Show the query as a tree, too.")] = False,
) -> None:
    """Say what an outbound query means, and what it becomes in real-time journeys."""
    from migrator.commands.explain import explain as explain_query
    from migrator.commands.explain import explanation_json, explanation_lines

    explanation = explain_query(
        _query_text(query),
        export,
        interactions=choices.interactions,
        words=settings.operators == "words",
        language=language,
    )
    if terminal.as_json:
        terminal.json(explanation_json(explanation))
    else:
        for line in explanation_lines(explanation, tree_too=tree):
            terminal.say(line)
    raise typer.Exit(explanation.exit_code)


def _query_text(query: str) -> str:
    if query == "-":
        return sys.stdin.read()
    if query.startswith("@"):
        try:
            return written_text(Path(query[1:]))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"The file {query[1:]} cannot be read: {why(error)}. Check the path.") from error
    return query


COMMANDS = (
    ("extract", extract),
    ("import-members", import_members),
    ("check-export", check_export),
    ("redact", redact),
    ("translate", translate),
    ("predict", predict),
    ("explain", explain),
)
