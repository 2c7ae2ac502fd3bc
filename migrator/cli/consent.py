"""The command about who will get the mail: reach."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from migrator.base.errors import Exit, UsageError
from migrator.base.sizes import memory_size
from migrator.cli.load import REACHING
from migrator.cli.options import RunOrExport, takes
from migrator.cli.runs import old_run, orders_of
from migrator.cli.terminal import Terminal
from migrator.commands.settings import Settings

_CHECKED = ("active", "donotemail", "donotbulkemail")


@takes(*REACHING, "out", json=True)
def reach(
    settings: Settings,
    terminal: Terminal,
    run: RunOrExport = None,
    purpose: Annotated[
        str, typer.Option(help="Name or id of the purpose [default: the commercial one of the only profile].")
    ] = "",
    topic: Annotated[str, typer.Option(help="Name or id of a topic below it.")] = "",
    profile: Annotated[str, typer.Option(help="Name or id of the compliance profile, where there are several.")] = "",
    contact_fields: Annotated[
        str,
        typer.Option(
            help="The switch “Check contact consent for real-time journeys”: ignored (off) or checked (on).",
            metavar="WORD",
        ),
    ] = "ignored",
    address: Annotated[
        str, typer.Option(help="The contact's column with the address that is written to.", metavar="COLUMN")
    ] = "emailaddress1",
    outbound_checked: Annotated[
        str,
        typer.Option(
            help="What outbound marketing looked at besides the address, with commas; or none.", metavar="LIST"
        ),
    ] = ",".join(_CHECKED),
    tables: Annotated[
        Path | None,
        typer.Option(
            "--tables",
            help="Folder with tables, such as a mirror: Parquet, CSV, Delta, Synapse Link [default: the export's].",
            metavar="FOLDER",
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Read contacts and consent again, although they are in the export.")
    ] = False,
    memory: Annotated[str, typer.Option("--memory", help="What the database may take.", metavar="SIZE")] = "700MB",
    consent_file: Annotated[
        Path | None,
        typer.Option(
            "--consent-file",
            help="Write the opt-outs that are missing in real time, for a person to check and load.",
            metavar="FILE",
        ),
    ] = None,
    opt_ins: Annotated[
        Path | None,
        typer.Option(
            "--opt-ins",
            help="Write possible opt-ins, where both fields of the contact are false: no proof of consent.",
            metavar="FILE",
        ),
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(
            "--fail-on", help="End with 3 where somebody would be mailed anew: newly-reached.", metavar="WORD"
        ),
    ] = None,
) -> None:
    """Say who of each segment will actually get the mail, by consent and purpose. Changes nothing, and no consent."""
    from migrator.commands.consent_file import ConsentFile
    from migrator.commands.reach import Place, Wish, read_consent
    from migrator.commands.reach import reach as reach_it
    from migrator.commands.reach_told import fails_on_newly_reached, reach_json, sentences
    from migrator.contracts.export_folder import is_export
    from migrator.reach.rules import Checked, ContactFields

    if contact_fields not in list(ContactFields):
        raise UsageError(f"--contact-fields takes {' or '.join(ContactFields)}, not {contact_fields}.")
    if fail_on not in (None, "newly-reached"):
        raise UsageError(f"--fail-on takes newly-reached, not {fail_on}.")
    looked_at = [] if outbound_checked == "none" else [word.strip().lower() for word in outbound_checked.split(",")]
    if wrong := [word for word in looked_at if word not in list(Checked)]:
        raise UsageError(f"--outbound-checked cannot hold {wrong[0]}; it takes none, or some of {', '.join(Checked)}.")
    wish = Wish(
        purpose, topic, profile, ContactFields(contact_fields), address, frozenset(map(Checked, looked_at)), tables,
        memory_size(memory),
    )  # fmt: skip
    here = bool(run) and is_export(Path(str(run)))
    with orders_of(settings, terminal) as orders, nullcontext() if here else old_run(run, settings) as folder:
        place = Place.of_run(folder) if folder else Place(Path(run or ""), Path(run or ""))
        wanted = [ConsentFile(path, wants) for path, wants in ((consent_file, False), (opt_ins, True)) if path]
        read_consent(place, orders, wish, again=again)
        found = reach_it(place, wish, terminal.progress(), wanted)
    if terminal.as_json:
        terminal.json(reach_json(found))
    else:
        for sentence in sentences(found):
            terminal.say(sentence)
    for one in wanted:
        say = terminal.tell if one.written else terminal.insist
        say(one.sentence())
    code = fails_on_newly_reached(found) if fail_on else Exit.DONE
    raise typer.Exit(code if all(one.written for one in wanted) else Exit.WAITING)


COMMANDS = (("reach", reach),)
