"""The front door: commands, options, what is printed. No decisions are made here."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from migrator import __version__
from migrator.base.errors import Exit, MigratorError, UsageError
from migrator.base.progress import ShowsProgress
from migrator.cli.options import (
    Accounts,
    Compound,
    DraftsOnly,
    From,
    Ids,
    Interactions,
    Json,
    Names,
    NoWait,
    Operators,
    Org,
    Other,
    Out,
    Parallel,
    Quiet,
    Run,
    Split,
    Statuses,
    Tolerance,
    Types,
    WaitComputation,
    WaitPending,
    choices,
    selection,
    settings_of,
)
from migrator.cli.terminal import Terminal
from migrator.commands.settings import Settings
from migrator.contracts.plan import Choice
from migrator.extractor.reading.answers import Answers, Hidden

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    help="Moves Dynamics 365 marketing segments from outbound marketing to real-time journeys, and proves the members.",
    epilog="Try it without an organisation: migrator demo",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"migrator {__version__}")
        raise typer.Exit


@app.callback()
def _front(
    version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    pass


# --- commands --------------------------------------------------------------------------------------------------------


@app.command("run", epilog="Example: migrator run --org https://contoso.crm4.dynamics.com --dry-run")
def run_command(
    run: Annotated[
        str | None,
        typer.Argument(
            help="With --resume: run folder or its name [default: the latest].", metavar="RUN", show_default=False
        ),
    ] = None,
    org: Org = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that has not ended.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; report what would happen.")] = False,
    source: From = None,
    other_organisation: Other = False,
    name: Names = None,
    id_: Ids = None,
    type_: Types = None,
    status: Statuses = None,
    drafts_only: DraftsOnly = None,
    compound: Compound = Choice.FLAG,
    interactions: Interactions = Choice.FLAG,
    operators: Operators = None,
    split: Split = None,
    out: Out = None,
    wait_pending: WaitPending = None,
    wait_computation: WaitComputation = None,
    no_wait: NoWait = False,
    tolerance: Tolerance = None,
    parallel: Parallel = None,
    accounts: Accounts = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Extract, translate, load, verify and report, in one go."""
    from migrator.commands.run import Task, whole_run
    from migrator.commands.run import resume as go_on

    terminal = Terminal(quiet=quiet, as_json=as_json)
    chosen = settings_of(locals())
    if run and not resume:
        raise UsageError(
            f"{run} is given, but not what to do with it. To go on with a run: migrator run --resume {run}"
        )
    unfinished = _to_resume(run, chosen, terminal, wanted=resume)
    if unfinished:
        with _old_run(unfinished, chosen) as folder:
            summary = go_on(folder, _orders(chosen, terminal))
        terminal.summary(summary, table=False)
        raise typer.Exit(summary.exit_code)
    if not chosen.org and not (dry_run and source):
        raise UsageError("No organisation is given. Name it with --org, for example https://contoso.crm4.dynamics.com")
    task = Task(
        selection=selection(name, id_, type_, status),
        choices=choices(compound, interactions),
        dry_run=dry_run,
        source=source,
        other_organisation=other_organisation,
        drafts_only=chosen.drafts_only,
        operators=chosen.operators,
        tolerance=chosen.tolerance,
        split=chosen.split,
    )
    with _new_run(chosen, dry_run=dry_run) as folder:
        summary = whole_run(folder, _orders(chosen, terminal), task)
    terminal.summary(summary, table=False)
    raise typer.Exit(summary.exit_code)


def _to_resume(run: str | None, chosen: Settings, terminal: Terminal, *, wanted: bool) -> str | None:
    """The run to go on with: the named one, the latest unfinished one, or the one that the person says yes to."""
    from migrator.contracts.run_folder import unfinished_run

    if run:
        return run
    found = unfinished_run(chosen.out, chosen.org)
    if wanted and found is None:
        raise UsageError(f"No run under {chosen.out}/ is unfinished. Start one with: migrator run --org URL")
    if found is None or wanted:
        return str(found.path) if found else None
    if not sys.stdin.isatty():
        terminal.tell(f"The run {found.name} is unfinished; go on with it by: migrator run --resume {found.name}")
        return None
    question = f"The run {found.name}, begun {found.state().created}, is unfinished. Go on with it?"
    return str(found.path) if typer.confirm(question, default=True, err=True) else None


@app.command(epilog="Example: migrator extract --org https://contoso.crm4.dynamics.com --type static")
def extract(
    run: Annotated[
        str | None,
        typer.Argument(
            help="Run folder or its name: read again what the service did not answer, and what is outdated "
            "[default: a new run].",
            metavar="RUN",
            show_default=False,
        ),
    ] = None,
    org: Org = None,
    name: Names = None,
    id_: Ids = None,
    type_: Types = None,
    status: Statuses = None,
    out: Out = None,
    wait_pending: WaitPending = None,
    parallel: Parallel = None,
    accounts: Accounts = None,
    quiet: Quiet = False,
) -> None:
    """Read the outbound segments and their members into a run. Changes nothing in the organisation."""
    from migrator.commands.run import extract_stage

    terminal = Terminal(quiet=quiet)
    chosen = settings_of(locals())
    with _old_run(run, chosen) if run else _new_run(chosen, dry_run=True) as folder:
        if run:
            _not_loaded(folder)
        extract_stage(folder, _orders(chosen, terminal), selection(name, id_, type_, status))
    terminal.tell(f"Export: {folder.export}")


@app.command("import-members", epilog="Example: migrator import-members exported.zip --export reports/latest --dry-run")
def import_members(
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
    replace: Annotated[bool, typer.Option("--replace", help="Replace lists that a better source gave.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show which file belongs to which segment, and end.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask when there are several files.")] = False,
    org: Org = None,
    out: Out = None,
    parallel: Parallel = None,
    accounts: Accounts = None,
    quiet: Quiet = False,
) -> None:
    """Put member lists that somebody exported in time, or a marketing list, into an export folder."""
    from migrator.commands.imports import Wanted
    from migrator.commands.imports import import_members as import_them
    from migrator.contracts.run_folder import find_run

    terminal = Terminal(quiet=quiet)
    if bool(files) == bool(from_list):
        raise UsageError("Name the files to import, or a marketing list with --from-list.")
    chosen = settings_of(locals())
    folder = export or find_run(None, chosen.out).path
    wanted = Wanted(
        folder,
        tuple(files or ()),
        from_list or "",
        segment or "",
        Answers(column or "", sheet or "", hidden),
        replace,
        exclude,
        chosen.org,
    )

    def agree(lines: Any) -> bool:
        for line in lines:
            terminal.say(line)
        if dry_run:
            return False
        if yes or len(lines) == 1 or not sys.stdin.isatty():
            return True
        return typer.confirm("Go on?", default=True, err=True)

    with _export_kept_from_others(folder):
        report = import_them(wanted, _orders(chosen, terminal), agree)
    for line in report.lines:
        terminal.say(line)
    raise typer.Exit(report.exit_code)


@contextmanager
def _export_kept_from_others(folder: Path) -> Iterator[None]:
    """Where the export is in a run, nobody else works on that run meanwhile."""
    from migrator.contracts.run_folder import RUN, RunFolder, working_on

    run = folder if (folder / RUN).is_file() else folder.parent
    if not (run / RUN).is_file():
        yield
        return
    found = RunFolder(run)
    with working_on(found):
        _not_loaded(found)
        yield


@app.command("check-export", epilog="Example: migrator check-export reports/2026-11-22-091500-contoso/export")
def check_export(folder: Annotated[Path, typer.Argument(help="Export folder, or a run.", metavar="FOLDER")]) -> None:
    """Say whether a folder is an export that can be relied on, and what is wrong with it. Changes nothing."""
    from migrator.commands.imports import check_export as check_it

    terminal = Terminal()
    problems = check_it(folder)
    for problem in problems:
        terminal.say(problem)
    if problems:
        raise UsageError(f"{folder} has {len(problems)} problem{'s' if len(problems) != 1 else ''}; see above.")
    terminal.say(f"{folder} is a whole export.")


@app.command(epilog="Example: migrator redact reports/2026-11-22-091500-contoso/export for-the-consultant")
def redact(
    folder: Annotated[Path, typer.Argument(help="Export folder, or a run.", metavar="FOLDER")],
    target: Annotated[Path, typer.Argument(help="New folder for the copy.", metavar="COPY")],
) -> None:
    """Make a copy of an export in which ids of people are others, and names of people are left out."""
    from migrator.commands.imports import redact_export

    changed = redact_export(folder, target)
    terminal = Terminal()
    terminal.say(f"{target}: a copy with {changed:,} ids of members that lead to nobody.")
    terminal.say("Names of segments and queries are as they were; look whether they name people before you hand it on.")


@app.command(epilog="Example: migrator translate --from sample_exports/contoso")
def translate(
    run: Run = None,
    source: From = None,
    name: Names = None,
    id_: Ids = None,
    type_: Types = None,
    status: Statuses = None,
    drafts_only: DraftsOnly = None,
    compound: Compound = Choice.FLAG,
    interactions: Interactions = Choice.FLAG,
    operators: Operators = None,
    split: Split = None,
    tolerance: Tolerance = None,
    out: Out = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Make the plan of a run, or of a new run from an export folder. Needs no organisation."""
    from migrator.commands.run import report_stage, take_export, translate_stage

    terminal = Terminal(quiet=quiet, as_json=as_json)
    chosen = settings_of(locals())
    wanted, decided = selection(name, id_, type_, status), choices(compound, interactions)
    with _new_run(chosen, dry_run=True) if source else _old_run(run, chosen) as folder:
        if source:
            take_export(folder, source)
        _not_loaded(folder)
        translate_stage(folder, wanted, chosen, decided, None)
        summary = report_stage(folder)
    terminal.summary(summary, table=False)
    raise typer.Exit(summary.exit_code)


@app.command(epilog="Example: migrator load 2026-11-22-091500-contoso-dry-run")
def load(
    run: Run = None,
    org: Org = None,
    out: Out = None,
    wait_computation: WaitComputation = None,
    no_wait: NoWait = False,
    tolerance: Tolerance = None,
    parallel: Parallel = None,
    accounts: Accounts = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Carry out the plan of a run exactly as it stands, and verify it. Goes on where an earlier try stopped."""
    from migrator.commands.run import load_stage, report_stage

    terminal = Terminal(quiet=quiet, as_json=as_json)
    chosen = settings_of(locals())
    with _old_run(run, chosen) as folder:
        load_stage(folder, _orders(chosen, terminal))
        summary = report_stage(folder)
    terminal.summary(summary, table=False)
    raise typer.Exit(summary.exit_code)


@app.command(epilog="Example: migrator verify")
def verify(
    run: Run = None,
    org: Org = None,
    out: Out = None,
    wait_computation: WaitComputation = None,
    no_wait: NoWait = False,
    tolerance: Tolerance = None,
    parallel: Parallel = None,
    accounts: Accounts = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Compare the members in the organisation with those before, once more. Changes nothing."""
    from migrator.commands.run import report_stage, verify_stage

    terminal = Terminal(quiet=quiet, as_json=as_json)
    chosen = settings_of(locals())
    with _old_run(run, chosen) as folder:
        verify_stage(folder, _orders(chosen, terminal))
        summary = report_stage(folder)
    terminal.summary(summary, table=False)
    raise typer.Exit(summary.exit_code)


@app.command(epilog="Example: migrator report --format xlsx --format md --language de --open")
def report(
    run: Run = None,
    out: Out = None,
    form: Annotated[
        list[str] | None,
        typer.Option("--format", help="html, xlsx, csv, json, md, or all [default: html].", metavar="FORM"),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open it.")] = False,
    compare: Annotated[
        str | None, typer.Option("--compare", help="Say what changed since this earlier run.", metavar="OTHER_RUN")
    ] = None,
    title: Annotated[str, typer.Option(help="What stands at its head.", show_default=False)] = "",
    logo: Annotated[Path | None, typer.Option(help="A picture for its head.", metavar="FILE")] = None,
    language: Annotated[str, typer.Option(help="en, de or fr.")] = "en",
    anonymise: Annotated[bool, typer.Option("--anonymise", help="Counts only: no names, no queries.")] = False,
    table: Annotated[bool, typer.Option("--table", help="Print a line for every segment, too.")] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write the report of a run again, from its files, in one form or several."""
    from migrator.commands.run import ReportOrders, report_stage
    from migrator.contracts.run_folder import find_run
    from migrator.report.forms import FORMS

    terminal = Terminal(quiet=quiet, as_json=as_json)
    chosen = settings_of(locals())
    formats = tuple(FORMS) if form and "all" in form else tuple(dict.fromkeys(form or ["html"]))
    if unknown := [name for name in formats if name not in FORMS]:
        raise UsageError(f"--format cannot be {unknown[0]}; it is one of {', '.join(FORMS)}, or all.")
    wanted = ReportOrders(formats, title, logo, language, anonymise, find_run(compare, chosen.out) if compare else None)
    with _old_run(run, chosen) as folder:
        summary = report_stage(folder, wanted)
    terminal.summary(summary, table=table)
    if open_ and summary.report:
        typer.launch(str(summary.report))
    raise typer.Exit(summary.exit_code)


@app.command(epilog='Example: migrator retry "VIP customers" --run 2026-11-22-091500-contoso')
def retry(
    segments: Annotated[
        list[str] | None,
        typer.Argument(help="Ids or exact names of segments.", metavar="SEGMENT...", show_default=False),
    ] = None,
    all_failed: Annotated[bool, typer.Option("--all-failed", help="Every segment that failed.")] = False,
    run: Annotated[
        str | None, typer.Option("--run", help="Run folder or its name [default: the latest].", metavar="RUN")
    ] = None,
    org: Org = None,
    out: Out = None,
    wait_computation: WaitComputation = None,
    no_wait: NoWait = False,
    tolerance: Tolerance = None,
    parallel: Parallel = None,
    accounts: Accounts = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Load segments of a run once more, each from where it failed."""
    from migrator.commands.aftercare import retry as retry_segments

    terminal = Terminal(quiet=quiet, as_json=as_json)
    chosen = settings_of(locals())
    if not segments and not all_failed:
        raise UsageError("Say which segments: ids, exact names, or --all-failed.")
    with _old_run(run, chosen) as folder:
        summary = retry_segments(folder, _orders(chosen, terminal), segments or [], all_failed=all_failed)
    terminal.summary(summary, table=False)
    raise typer.Exit(summary.exit_code)


@app.command(epilog='Example: migrator approve "Newsletter without VIPs" --as translate')
def approve(
    segments: Annotated[
        list[str], typer.Argument(help="Ids or exact names of flagged segments.", metavar="SEGMENT...")
    ],
    choice: Annotated[Choice, typer.Option("--as", help="translate, snapshot or skip.", metavar="DECISION")],
    run: Annotated[
        str | None, typer.Option("--run", help="Run folder or its name [default: the latest].", metavar="RUN")
    ] = None,
    out: Out = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Record a decision about flagged segments; the next `load` carries it out. The plan itself stays as it is."""
    from migrator.commands.aftercare import approve as approve_segments

    terminal = Terminal(quiet=quiet, as_json=as_json)
    if choice is Choice.FLAG:
        raise UsageError("--as is translate, snapshot or skip.")
    with _old_run(run, settings_of(locals())) as folder:
        summary = approve_segments(folder, segments, choice)
    terminal.summary(summary, table=False)
    terminal.tell(f"Load what was decided with: migrator load {folder.name}")
    raise typer.Exit(Exit.DONE)


@app.command(epilog='Example: migrator rollback 2026-11-22-091500-contoso "VIP customers"')
def rollback(
    run: Run = None,
    segments: Annotated[
        list[str] | None,
        typer.Argument(help="Ids or names [default: all it created].", metavar="SEGMENT...", show_default=False),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
    org: Org = None,
    out: Out = None,
    parallel: Parallel = None,
    accounts: Accounts = None,
    quiet: Quiet = False,
) -> None:
    """Stop and delete what a run created in real-time journeys, and nothing else. The journal stays as evidence."""
    from migrator.commands.aftercare import rollback as roll_back

    terminal = Terminal(quiet=quiet)
    chosen = settings_of(locals())
    with _old_run(run, chosen) as folder:
        aftermath = roll_back(folder, _orders(chosen, terminal), segments or [], _asking(terminal, yes=yes))
    _tell_aftermath(aftermath, terminal)


@app.command(epilog="Example: migrator retire 2026-11-22-091500-contoso")
def retire(
    run: Run = None,
    segments: Annotated[
        list[str] | None,
        typer.Argument(help="Ids or names [default: all verified].", metavar="SEGMENT...", show_default=False),
    ] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete them, too; asks for a word to be typed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before stopping.")] = False,
    org: Org = None,
    out: Out = None,
    wait_pending: WaitPending = None,
    parallel: Parallel = None,
    accounts: Accounts = None,
    quiet: Quiet = False,
) -> None:
    """Stop the outbound segments whose successors are verified. Anything but verified is left alone."""
    from migrator.commands.aftercare import retire_legacy

    terminal = Terminal(quiet=quiet)
    chosen = settings_of(locals())
    ask = _asking(terminal, yes=yes and not delete, word="delete" if delete else "")
    with _old_run(run, chosen) as folder:
        aftermath = retire_legacy(folder, _orders(chosen, terminal), segments or [], ask, delete=delete)
    _tell_aftermath(aftermath, terminal)


def _asking(terminal: Terminal, *, yes: bool, word: str = "") -> Any:
    """Shows what is going to happen and asks; a word that has to be typed is asked for also with --yes."""

    def ask(lines: list[str]) -> None:
        shown = [*lines[:21], f"… and {len(lines) - 21:,} more"] if len(lines) > 22 else lines
        if yes:
            return
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


def _tell_aftermath(aftermath: Any, terminal: Terminal) -> None:
    for sentence in aftermath.done:
        terminal.say(sentence)
    for sentence in aftermath.kept:
        terminal.fail(sentence)
    raise typer.Exit(aftermath.exit_code)


@app.command(epilog="Example: migrator explain \"PROFILE(contact).FILTER(address1_city == 'Oslo')\"")
def explain(
    query: Annotated[str, typer.Argument(help="An outbound query, @FILE, or - for standard input.", metavar="QUERY")],
    export: Annotated[
        Path | None, typer.Option(help="Export whose segments and metadata the query speaks about.", metavar="FOLDER")
    ] = None,
    interactions: Interactions = Choice.FLAG,
    operators: Operators = None,
    as_json: Json = False,
) -> None:
    """Say what an outbound query means, and what it becomes in real-time journeys."""
    from migrator.commands.explain import explain as explain_query
    from migrator.commands.explain import explanation_json, explanation_lines

    text = _query_text(query)
    words = settings_of(locals()).operators == "words"
    explanation = explain_query(text, export, interactions=choices(Choice.FLAG, interactions).interactions, words=words)
    if as_json:
        typer.echo(explanation_json(explanation))
    else:
        for line in explanation_lines(explanation):
            typer.echo(line)
    raise typer.Exit(explanation.exit_code)


def _query_text(query: str) -> str:
    if query == "-":
        return sys.stdin.read()
    if query.startswith("@"):
        try:
            return Path(query[1:]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"The file {query[1:]} cannot be read: {error}.") from error
    return query


@app.command(epilog="Example: migrator status")
def status(run: Run = None, out: Out = None) -> None:
    """Say in a few lines where a run stands. Changes nothing and asks nobody."""
    from migrator.commands.aftercare import status_lines
    from migrator.contracts.run_folder import find_run

    for line in status_lines(find_run(run, settings_of(locals()).out)):
        typer.echo(line)


@app.command(epilog="Example: migrator sandbox --port 8080 --outbound removed --chaos flaky")
def sandbox(
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 0,
    data: Annotated[
        Path | None, typer.Option(help="Export folder to fill it from [default: the sample].", metavar="FOLDER")
    ] = None,
    outbound: Annotated[str, typer.Option(help="How the outbound services answer: live, removed, failing, …")] = "live",
    tls: Annotated[bool, typer.Option("--tls", help="Serve https, with a certificate made for the occasion.")] = False,
    chaos: Annotated[
        str | None,
        typer.Option(help="What goes wrong: calm, slow, throttled, flaky, hostile, or a TOML file.", metavar="PROFILE"),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed for what goes wrong.", metavar="N")] = None,
) -> None:
    """Serve an organisation in a box on this machine, to practise on. Ctrl-C ends it."""
    from migrator.commands.practice import practice_organisation

    terminal = Terminal()
    with (
        tempfile.TemporaryDirectory(prefix="migrator-") as folder,
        practice_organisation(data, port, outbound, Path(folder) if tls else None, chaos, seed) as running,
    ):
        typer.echo(f"The sandbox answers at {running.address}")
        typer.echo(f"Try: migrator run --org {running.address}")
        if running.certificate:
            typer.echo(f"Its certificate authority: {running.certificate}")
            typer.echo(f"Trust it first: SSL_CERT_FILE={running.certificate} (others: REQUESTS_CA_BUNDLE)")
        terminal.tell("Ctrl-C ends it; everything in it is forgotten then.")
        sys.stdout.flush()
        _until_interrupted()


@app.command(epilog="Example: migrator demo --keep")
def demo(
    out: Out = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the sandbox running afterwards, until Ctrl-C.")] = False,
    outbound: Annotated[str, typer.Option(help="How the outbound services answer: live, removed, failing, …")] = "live",
    port: Annotated[int, typer.Option(help="Port of the sandbox; 0 takes a free one.", min=0, max=65535)] = 0,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Migrate the sample organisation in a sandbox, from the first request to the report."""
    from migrator.commands.practice import practice_organisation
    from migrator.commands.run import Task, whole_run

    terminal = Terminal(quiet=quiet, as_json=as_json)
    with practice_organisation(None, port, outbound, None) as running:
        terminal.tell(f"The sandbox answers at {running.address}")
        chosen = settings_of({"out": out, "org": running.address})
        with _new_run(chosen, dry_run=False) as run:
            summary = whole_run(run, _orders(chosen, terminal), Task())
        terminal.summary(summary, table=True)
        if keep:
            terminal.tell(f"The sandbox goes on at {running.address}; Ctrl-C ends it.")
            _until_interrupted()
    # Waiting for a person is how the sample is meant to end; only a failure is none.
    raise typer.Exit(Exit.DONE if summary.exit_code is Exit.WAITING else summary.exit_code)


# --- between commands and runs ---------------------------------------------------------------------------------------


def _orders(chosen: Settings, terminal: Terminal) -> Any:
    from migrator.commands.run import Orders

    progress: ShowsProgress = terminal.progress()
    return Orders(chosen, progress, terminal.tell)


@contextmanager
def _new_run(chosen: Settings, *, dry_run: bool) -> Iterator[Any]:
    from migrator.contracts.run_folder import discard_if_empty, new_run, working_on

    run = new_run(chosen.out, chosen.org, dry_run=dry_run)
    try:
        with working_on(run):
            yield run
    finally:
        discard_if_empty(run)


@contextmanager
def _old_run(name: str | None, chosen: Settings) -> Iterator[Any]:
    from migrator.contracts.run_folder import find_run, working_on

    run = find_run(name, chosen.out)
    with working_on(run):
        yield run


def _not_loaded(folder: Any) -> None:
    if folder.state().loaded:
        raise UsageError(f"The run {folder.name} has been loaded; its plan is not changed any more. Start a new run.")


def _until_interrupted() -> None:
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        pass


def main() -> None:
    """Run the command; every error ends with a sentence and an exit code, none with a traceback."""
    try:
        app()
    except MigratorError as error:
        _end(str(error), error.exit_code)
    except OSError as error:
        _end(*_disk_trouble(error))
    except SystemExit as end:
        if end.code == Exit.INTERRUPTED:  # what typer makes of Ctrl-C
            _end(
                "Interrupted. What was done is kept; repeat the command, or go on with: migrator load", Exit.INTERRUPTED
            )
        raise
    except Exception as error:
        if os.environ.get("MIGRATOR_TRACEBACK"):
            raise
        _end(
            f"Something happened that should not ({type(error).__name__}: {error}). What was done is kept. "
            "Please report it with the output of the same command under MIGRATOR_TRACEBACK=1.",
            Exit.FAILED,
        )


def _disk_trouble(error: OSError) -> tuple[str, Exit]:
    where = f" ({error.filename})" if error.filename else ""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return (
                f"The disk is full{where}. Make room and repeat the command; it goes on where it stopped.",
                Exit.FAILED,
            )
        case errno.EROFS | errno.EACCES | errno.EPERM:
            return f"This place cannot be written{where}. Choose another with --out, or change its rights.", Exit.USAGE
    return f"A file cannot be used{where}: {error.strerror or error}.", Exit.USAGE


def _end(sentence: str, code: int) -> None:
    Terminal().fail(sentence)
    sys.exit(int(code))
