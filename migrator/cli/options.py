"""The options that commands share. Each is declared once: settings in commands/settings.py, the others here.

A command names the settings that it takes and asks for what it needs by type: `@takes("org", "out")` over a function
with a parameter `settings: Settings` gives it the options --org and --out, and the settings that come of them.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from migrator.base.csv_text import Dialect
from migrator.cli.terminal import Terminal
from migrator.commands.settings import FIELDS, Settings, option_of, settings
from migrator.contracts.choices import Choice, Choices, choices_of
from migrator.contracts.selection import STATUSES, TYPES, Selection, selection_of

Run = Annotated[
    str | None,
    typer.Argument(help="Run folder or its name [default: the latest].", metavar="RUN", show_default=False),
]
RunOrExport = Annotated[
    str | None,
    typer.Argument(
        help="Run folder or its name, or an export folder [default: the latest run].",
        metavar="RUN|EXPORT",
        show_default=False,
    ),
]
RunOption = Annotated[
    str | None, typer.Option("--run", help="Run folder or its name [default: the latest].", metavar="RUN")
]
From = Annotated[Path | None, typer.Option("--from", help="Start from this export folder.", metavar="EXPORT")]
Other = Annotated[
    bool, typer.Option("--other-organisation", help="Load an export into another organisation than it came from.")
]
SkipChecks = Annotated[
    list[str] | None,
    typer.Option("--skip-check", help="Go on although this check of the organisation fails (doctor).", metavar="CHECK"),
]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the history of the run.", metavar="TEXT")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")]


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line itself said, by option: settings from a profile or a variable are not among it."""

    values: Mapping[str, Any]
    """Option → its value, read."""


def with_dialect(arguments: Sequence[str]) -> list[str]:
    """The arguments of a command line in which `--csv` always says which CSV: alone it is the one for programs.

    Args:
        arguments: as they were typed.
    """
    following = [*arguments, ""][1:]
    return [
        "--csv=comma" if word == "--csv" and after not in list(Dialect) else word
        for word, after in zip(arguments, following, strict=True)
    ]


# --- what is asked for by type ---------------------------------------------------------------------------------------

_Parameter = tuple[str, Any, Any]
"""Name, type for Typer, and default of one parameter."""

_QUIET: _Parameter = (
    "quiet",
    Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")],
    False,
)
_JSON: _Parameter = ("as_json", Annotated[bool, typer.Option("--json", help="Print the result as JSON.")], False)
_NO_WAIT: _Parameter = (
    "no_wait",
    Annotated[bool, typer.Option("--no-wait", help="Do not wait for computations; look once.")],
    False,
)
_SELECTING: tuple[_Parameter, ...] = (
    (
        "name",
        Annotated[
            list[str] | None,
            typer.Option("--name", help="Only segments with this name; * and ? stand for any text.", metavar="NAME"),
        ],
        None,
    ),
    (
        "id_",
        Annotated[list[str] | None, typer.Option("--id", help="Only the segment with this id.", metavar="ID")],
        None,
    ),
    (
        "type_",
        Annotated[
            list[str] | None, typer.Option("--type", help=f"Only this type: {', '.join(TYPES)}.", metavar="TYPE")
        ],
        None,
    ),
    (
        "status",
        Annotated[
            list[str] | None,
            typer.Option("--status", help=f"Only this status: {', '.join(STATUSES)}.", metavar="STATUS"),
        ],
        None,
    ),
)
_COMPOUND: _Parameter = (
    "compound",
    Annotated[
        str | None,
        typer.Option(
            help="Compound segments: flag them, translate them, or freeze a snapshot of their members [default: flag].",
            metavar="flag|translate|snapshot",
        ),
    ],
    None,
)
_INTERACTIONS: _Parameter = (
    "interactions",
    Annotated[
        str | None,
        typer.Option(
            help="Behavioural segments: flag them, or translate them by our map [default: flag].",
            metavar="flag|translate",
        ),
    ],
    None,
)


def takes(*names: str, json: bool = False, quiet: bool = True, compound: bool = True) -> Callable[[Any], Any]:
    """Give a command the options of these settings, and what its parameters ask for by type.

    `Settings`, `Terminal`, `Selection`, `Choices` and `Given` are made from options; every other parameter is Typer's.

    Args:
        names: fields of `Settings`.
        json: whether the command has --json.
        quiet: whether it has --quiet.
        compound: whether `Choices` has --compound, too.
    """
    for name in names:
        option_of(name)  # one that was renamed is found here, when the program starts

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(function, include_extras=True)
        asked = {name: hint for name, hint in hints.items() if hint in (Settings, Terminal, Selection, Choices, Given)}
        own = [
            parameter.replace(annotation=hints[parameter.name])
            for parameter in inspect.signature(function).parameters.values()
            if parameter.name not in asked
        ]
        wanted = set(asked.values())
        added: list[_Parameter] = []
        if Selection in wanted:
            added += _SELECTING
        if Choices in wanted:
            added += [_COMPOUND, _INTERACTIONS] if compound else [_INTERACTIONS]
        added += [_parameter(name) for name in names]
        if "wait_computation" in names:
            added.append(_NO_WAIT)
        if Terminal in wanted:
            added += [_QUIET] if quiet else []
            added += [_JSON] if json else []

        def command(**values: Any) -> None:
            taken = {name: values.pop(name) for name, _, _ in added}
            if taken.pop("no_wait", False):
                taken["wait_computation"] = "0"
            options = {name: taken.get(name) for name in names}
            made: dict[Any, Any] = {
                Settings: lambda: settings(options, os.environ),
                Terminal: lambda: Terminal(quiet=taken.get("quiet", False), as_json=taken.get("as_json", False)),
                Selection: lambda: _selection(taken),
                Choices: lambda: _choices(taken),
                Given: lambda: _given(options, taken),
            }
            function(**values, **{name: made[hint]() for name, hint in asked.items()})

        parameters = [
            *own,
            *(
                inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=hint, default=default)
                for name, hint, default in added
            ),
        ]
        command.__name__, command.__doc__, command.__module__ = (
            function.__name__,
            function.__doc__,
            function.__module__,
        )
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return command

    return decorate


def _parameter(name: str) -> _Parameter:
    """A setting as Typer knows it: text, that is read as in every other place where a setting may stand."""
    option = option_of(name)
    if isinstance(FIELDS[name].default, bool):
        return (
            name,
            Annotated[
                bool | None, typer.Option(option.flag, help=option.help, show_default=False, hidden=option.hidden)
            ],
            None,
        )
    shown = typer.Option(option.flag, help=option.help, metavar=option.metavar, hidden=option.hidden)
    return name, Annotated[str | None, shown], None


# --- what becomes of them --------------------------------------------------------------------------------------------


def _given(options: Mapping[str, Any], taken: Mapping[str, Any]) -> Given:
    said = {
        option_of(name).flag: option_of(name).read(value)
        for name, value in options.items()
        if value not in (None, False)
    }
    if any(taken.get(name) for name, _, _ in _SELECTING):
        said["--name, --id, --type, --status"] = _selection(taken)
    for name in ("compound", "interactions"):
        if taken.get(name) is not None:
            said[f"--{name}"] = getattr(_choices(taken), name)
    return Given(said)


def _selection(taken: Mapping[str, Any]) -> Selection:
    return selection_of(*(taken.get(name) or () for name in ("name", "id_", "type_", "status")))


def _choices(taken: Mapping[str, Any]) -> Choices:
    return choices_of(taken.get("compound") or Choice.FLAG, taken.get("interactions") or Choice.FLAG)
