"""Commands about the way to the organisation: login, logout, doctor, contract-check."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from migrator.base.errors import UsageError
from migrator.cli.load import REACHING
from migrator.cli.options import Given, takes
from migrator.cli.runs import orders_of
from migrator.cli.terminal import Terminal
from migrator.commands.settings import Settings


@takes(*REACHING, json=True)
def login(
    settings: Settings,
    terminal: Terminal,
    status: Annotated[
        bool, typer.Option("--status", help="Only say who is signed in, where, and until when; asks nobody.")
    ] = False,
) -> None:
    """Sign in to an organisation, so that the next commands need not ask."""
    from migrator.commands.sign_in import sign_in, signed_in

    if not status:
        with orders_of(settings, terminal) as orders:
            sign_in(settings.org, orders)
    known = signed_in(settings)
    if terminal.as_json:
        terminal.json(
            [
                {"who": one.who, "organisation": one.organisation, "tenant": one.tenant, "until": _moment(one.until)}
                for one in known
            ]
        )
        return
    for one in known:
        state = "renewed without a question" if one.until < time.time() else f"until {_moment(one.until)}"
        terminal.say(f"{one.who} at {one.organisation} (tenant {one.tenant}), {state}")
    if not known:
        terminal.say("Nobody is signed in. Sign in with: migrator login --org URL")


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="minutes").replace("+00:00", "Z")


@takes("token_cache")
def logout(settings: Settings, terminal: Terminal) -> None:
    """Forget every sign-in that is kept on this machine."""
    from migrator.commands.sign_in import sign_out

    terminal.say("Every sign-in is forgotten." if sign_out(settings) else "No sign-in was kept.")


@takes(*REACHING, "out", json=True)
def doctor(
    settings: Settings,
    terminal: Terminal,
    given: Given,
    run: Annotated[
        str | None,
        typer.Option("--run", help="Look at what the plan of this run needs, too: folder or name.", metavar="RUN"),
    ] = None,
    show_settings: Annotated[
        bool, typer.Option("--settings", help="Only show every setting and where its value comes from; asks nobody.")
    ] = False,
) -> None:
    """Say whether an organisation is ready, what is missing for which command, and what to do. Changes nothing."""
    from migrator.commands.doctor import examination_json, examine_for
    from migrator.commands.settings import found

    if show_settings:
        in_force = found(_as_options(given), os.environ)
        if terminal.as_json:
            terminal.json([{"name": one.name, "value": one.written, "origin": one.origin} for one in in_force])
            return
        for one in in_force:
            terminal.say(f"{one.name:<18}{one.written:<28}{one.origin}")
        return
    with orders_of(settings, terminal) as orders:
        seen = examine_for(orders, settings.org, run)
    if terminal.as_json:
        terminal.json(examination_json(seen))
    else:
        marks = {"good": "✓", "note": "!", "wrong": "✗", "unknown": "?"}
        width = max(len(check.title) for check in seen.checks)
        for check in seen.checks:
            terminal.say(f"{marks[check.health]} {check.title:<{width}}  {check.found}")
            if check.cure:
                terminal.say(f"  {'':<{width}}  {check.cure}")
    raise typer.Exit(seen.exit_code)


@takes(*REACHING, "wait_computation", json=True)
def contract_check(settings: Settings, terminal: Terminal) -> None:
    """Try the segmentation API on one tiny segment of a scratch organisation, and say which assumptions it settles."""
    from migrator.commands.contract_check import check_contract, exit_code, steps_json

    def confirm(url: str, kind: str) -> None:
        what = kind or "of an unknown kind, taken as production"
        terminal.insist(f"{url} ({what}): one segment of two contacts is made there,")
        terminal.insist("published, stopped and deleted again. Contacts are not changed.")
        if typer.prompt("Type check to go on", err=True).strip() != "check":
            raise UsageError("Nothing was changed.")

    with orders_of(settings, terminal) as orders:
        steps = check_contract(orders, settings.org, confirm)
    if terminal.as_json:
        terminal.json(steps_json(steps))
    else:
        for step in steps:
            terminal.say(f"{'✓' if step.kept else '✗'} {step.title}: {step.found}")
            for assumption in step.settles:
                terminal.say(f"    settles: {assumption}")
    raise typer.Exit(exit_code(steps))


def _as_options(given: Given) -> dict[str, str]:
    from migrator.commands.settings import FIELDS, option_of

    flags = {option_of(name).flag: name for name in FIELDS}
    return {flags[flag]: str(value) for flag, value in given.values.items() if flag in flags}


COMMANDS = (
    ("doctor", doctor),
    ("login", login),
    ("logout", logout),
    ("contract-check", contract_check),
)
