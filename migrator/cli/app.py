"""The front door: the program itself, the order of its commands in the help, and how every one of them ends."""

from __future__ import annotations

import errno
import logging
import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from migrator import __version__
from migrator.base.errors import Exit, Interrupted, MigratorError
from migrator.base.server_text import sanitised, want_full_texts
from migrator.cli import check, clean_up, connecting, consent, decide, load, practise, prepare, streams, switch
from migrator.cli.examples import help_of
from migrator.cli.options import with_dialect
from migrator.cli.terminal import Terminal


class _ByTheDay(TyperGroup):
    """The commands in the order of a migration day, under the part of the day that they belong to."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands into the help, part by part."""
        for title, families in DAY:
            names = [name for family in families for name, *_ in family]
            commands = [(name, found) for name in names if (found := self.get_command(ctx, name))]
            room = formatter.width - 6 - max(len(name) for name, _ in commands)
            with formatter.section(title):
                formatter.write_dl([(name, found.get_short_help_str(room)) for name, found in commands])


app = typer.Typer(
    cls=_ByTheDay,
    no_args_is_help=True,
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
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Say what is asked of the organisation, request by request.")
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Keep the whole of what servers say in debug.log of the run (private: people)."),
    ] = False,
) -> None:
    del version  # its callback has answered
    if verbose:
        logging.getLogger("migrator").addHandler(logging.StreamHandler())
        logging.getLogger("migrator").setLevel(logging.INFO)
    if debug:
        want_full_texts()


DAY = (
    ("In one go", (load.RUN,)),
    ("Reach the organisation", (connecting.COMMANDS,)),
    ("Prepare", (prepare.COMMANDS,)),
    ("Decide", (decide.COMMANDS,)),
    ("Load", (load.COMMANDS,)),
    ("Check", (check.COMMANDS, consent.COMMANDS)),
    ("Switch", (switch.COMMANDS,)),
    ("Clean up", (clean_up.COMMANDS,)),
    ("Practise", (practise.COMMANDS,)),
)
"""The parts of a migration day, with the commands of each."""

for _, families in DAY:
    for family in families:
        for name, function in family:
            app.command(name, epilog=help_of(name))(function)


# --- endings ---------------------------------------------------------------------------------------------------------

_GOES_ON = frozenset({"run", "extract", "translate"})
"""Commands whose run can be gone on with by `run --resume`."""
_REPEATED = "Interrupted. What was done is kept; repeat the command to go on."
_RESUMED = "Interrupted. What was done is kept; go on with: migrator run --resume"


def main() -> None:
    """Run the command; every error ends with a sentence and an exit code, none with a traceback."""
    streams.set_up()
    try:
        app(args=with_dialect(sys.argv[1:]))
    except Interrupted:
        _end(_advice(sys.argv), Exit.INTERRUPTED)
    except MigratorError as error:
        _end(str(error), error.exit_code)
    except OSError as error:
        _end(*_disk_trouble(error))
    except SystemExit as end:
        if end.code == Exit.INTERRUPTED:  # what typer makes of Ctrl-C
            _end(_advice(sys.argv), Exit.INTERRUPTED)
        raise
    except Exception as error:
        if os.environ.get("MIGRATOR_TRACEBACK"):
            raise
        _end(
            f"Something happened that should not ({type(error).__name__}: {sanitised(str(error))}). "
            "What was done is kept. Please report it with the output of the same command under MIGRATOR_TRACEBACK=1.",
            Exit.FAILED,
        )


def _advice(arguments: list[str]) -> str:
    """How to go on after Ctrl-C: what is being taken back must not be built up again."""
    command = next((word for word in arguments[1:] if not word.startswith("-")), "")
    return _RESUMED if command in _GOES_ON else _REPEATED


def _disk_trouble(error: OSError) -> tuple[str, Exit]:
    where = f" ({error.filename})" if error.filename else ""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return (
                f"The disk is full{where}. Make room and repeat the command; it goes on where it stopped.",
                Exit.FAILED,
            )
        case errno.EFBIG:
            return (
                f"A file may not grow any more{where}: a limit of this machine (ulimit, quota) keeps it. "
                "Raise it and repeat the command; it goes on where it stopped.",
                Exit.FAILED,
            )
        case errno.EIO:
            return f"The disk does not work as it should{where}. Repeat the command; it goes on.", Exit.FAILED
        case errno.EROFS | errno.EACCES | errno.EPERM:
            return f"This place cannot be written{where}. Choose another with --out, or change its rights.", Exit.USAGE
    return f"A file cannot be used{where}: {error.strerror or error}. Check the path and its rights.", Exit.USAGE


def _end(sentence: str, code: int) -> None:
    Terminal().fail(sentence)
    sys.exit(int(code))
