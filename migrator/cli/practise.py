"""Commands to practise with: sandbox, demo."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrator.base.errors import Exit
from migrator.cli.options import takes
from migrator.cli.runs import new_run_for, orders_of, until_interrupted
from migrator.cli.terminal import Terminal
from migrator.commands.settings import Settings
from migrator.contracts.run_folder import Task

if TYPE_CHECKING:
    from migrator.sandbox.server import Running

Port = Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)]
Outbound = Annotated[str, typer.Option(help="How the outbound services answer: live, removed, failing, …")]


@takes(quiet=False)
def sandbox(
    terminal: Terminal,
    port: Port = 0,
    data: Annotated[
        Path | None, typer.Option(help="Export folder to fill it from [default: the sample].", metavar="FOLDER")
    ] = None,
    outbound: Outbound = "live",
    tls: Annotated[bool, typer.Option("--tls", help="Serve https, with a certificate made for the occasion.")] = False,
    sign_in: Annotated[
        bool, typer.Option("--sign-in", help="Ask for a sign-in, as a real organisation does; serves https.")
    ] = False,
    token_seconds: Annotated[
        float, typer.Option("--token-seconds", help="With --sign-in: how long a token is good for.", min=0.1)
    ] = 3600.0,
    kinds: Annotated[
        list[str] | None,
        typer.Option(
            "--as",
            help="What kind of organisation: without-realtime, without-outbound, without-matrix, "
            "without-usage, production, administration-mode, contact-fields-checked, joined-members, partial-members, "
            "refusals-inside, silent-stops.",
            metavar="KIND",
        ),
    ] = None,
    lacks: Annotated[
        list[str] | None,
        typer.Option("--lacks", help="A privilege that the account does not have.", metavar="PRIVILEGE"),
    ] = None,
    chaos: Annotated[
        str | None,
        typer.Option(help="What goes wrong: calm, slow, throttled, flaky, hostile, or a TOML file.", metavar="PROFILE"),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed for what goes wrong.", metavar="N")] = None,
) -> None:
    """Serve an organisation in a box on this machine, to practise on. Ctrl-C ends it."""
    from migrator.commands.practice import practice_organisation

    with (
        tempfile.TemporaryDirectory(prefix="migrator-") as folder,
        practice_organisation(
            data,
            port,
            outbound,
            Path(folder) if tls or sign_in else None,
            chaos,
            seed,
            sign_in=sign_in,
            token_seconds=token_seconds,
            kinds=kinds or (),
            lacks=lacks or (),
        ) as running,
    ):
        until_interrupted(lambda: _announce(terminal, running))


@takes("out", json=True)
def demo(
    settings: Settings,
    terminal: Terminal,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the sandbox running afterwards, until Ctrl-C.")] = False,
    outbound: Outbound = "live",
    port: Port = 0,
) -> None:
    """Migrate the sample organisation in a sandbox, from the first request to the report."""
    from migrator.commands.cutover import cutover_lines
    from migrator.commands.demo import show_the_switch
    from migrator.commands.practice import practice_organisation
    from migrator.commands.run import whole_run

    with practice_organisation(None, port, outbound, None) as running:
        terminal.tell(f"The sandbox answers at {running.address}")
        chosen = replace(Settings(), out=settings.out, org=running.address)
        with orders_of(chosen, terminal) as orders, new_run_for(chosen, dry_run=False) as run:
            task = Task(with_tables=True, predict=True, reach=True)
            shown = show_the_switch(run, orders, whole_run(run, orders, task))
        summary = shown.summary
        terminal.summary(summary, table=True)
        if not terminal.as_json:
            for line in (*shown.adopted, *cutover_lines(shown.switch)):
                terminal.say(line)
        if keep:
            goes_on = f"The sandbox goes on at {running.address}; Ctrl-C ends it."
            until_interrupted(lambda: terminal.tell(goes_on))
    # Waiting for a person is how the sample is meant to end; only a failure is none.
    raise typer.Exit(Exit.DONE if summary.exit_code is Exit.WAITING else summary.exit_code)


def _announce(terminal: Terminal, running: Running) -> None:
    """Say where the sandbox answers, and what a client needs to reach it."""
    terminal.say(f"The sandbox answers at {running.address}")
    terminal.say(f"Try: migrator run --org {running.address}")
    if running.certificate:
        terminal.say(f"Its certificate authority: {running.certificate}")
        terminal.say(f"Trust it first: SSL_CERT_FILE={running.certificate} (others: REQUESTS_CA_BUNDLE)")
    if running.identity:
        terminal.say(f"Sign in by a code, or as an application with AZURE_CLIENT_SECRET={running.secret}")
    terminal.tell("Ctrl-C ends it; everything in it is forgotten then.")


COMMANDS = (
    ("sandbox", sandbox),
    ("demo", demo),
)
