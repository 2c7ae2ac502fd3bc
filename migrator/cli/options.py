"""The options that commands share, and what becomes of them: settings, a selection, choices."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from migrator.base.errors import UsageError
from migrator.commands.settings import Settings, settings
from migrator.contracts.plan import Choice
from migrator.contracts.selection import Selection
from migrator.product.codes import LegacyStatus, LegacyType

_TYPES = {kind.name.lower(): int(kind) for kind in LegacyType}
_STATUSES = {status.name.lower().replace("_", "-"): int(status) for status in LegacyStatus}

Org = Annotated[str | None, typer.Option("--org", help="Address of the organisation.", metavar="URL")]
Out = Annotated[Path | None, typer.Option("--out", help="Where new runs go [default: reports].", metavar="FOLDER")]
Run = Annotated[
    str | None,
    typer.Argument(help="Run folder or its name [default: the latest].", metavar="RUN", show_default=False),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]
Names = Annotated[
    list[str] | None,
    typer.Option("--name", help="Only segments with this name; * and ? stand for any text.", metavar="NAME"),
]
Ids = Annotated[list[str] | None, typer.Option("--id", help="Only the segment with this id.", metavar="ID")]
Types = Annotated[
    list[str] | None, typer.Option("--type", help=f"Only this type: {', '.join(_TYPES)}.", metavar="TYPE")
]
Statuses = Annotated[
    list[str] | None, typer.Option("--status", help=f"Only this status: {', '.join(_STATUSES)}.", metavar="STATUS")
]
DraftsOnly = Annotated[bool | None, typer.Option("--drafts-only", help="Publish nothing.", show_default=False)]
WaitPending = Annotated[
    float | None,
    typer.Option(help="Seconds to wait for member changes that are under way [default: 60].", metavar="SECONDS"),
]
WaitComputation = Annotated[
    float | None,
    typer.Option(help="Seconds to wait for published segments to be computed [default: 900].", metavar="SECONDS"),
]
Parallel = Annotated[
    int | None, typer.Option(help="Segments side by side, and requests at a time for an account [default: 16].")
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait for computations; look once.")]
Tolerance = Annotated[
    float | None,
    typer.Option(help="Per cent that members may differ before a person has to look [default: 2].", metavar="N"),
]
Split = Annotated[
    bool | None,
    typer.Option("--split", help="Split static segments of more than 2,000,000 members.", show_default=False),
]
Accounts = Annotated[
    str | None,
    typer.Option(help="File of application users that share the work (docs/signing-in.md).", metavar="FILE"),
]
Operators = Annotated[
    str | None, typer.Option(help="How real-time queries write and/or: symbols or words [default: symbols].")
]
Compound = Annotated[
    Choice, typer.Option(help="Compound segments: flag them, translate them, or freeze a snapshot of their members.")
]
Interactions = Annotated[Choice, typer.Option(help="Behavioural segments: flag them, or translate them by our map.")]
From = Annotated[Path | None, typer.Option("--from", help="Start from this export folder.", metavar="EXPORT")]
Other = Annotated[
    bool, typer.Option("--other-organisation", help="Load an export into another organisation than it came from.")
]


# --- what becomes of them --------------------------------------------------------------------------------------------


def settings_of(options: dict[str, Any]) -> Settings:
    """The settings that a command's options, the environment and the profile give together.

    Raises:
        UsageError: one of them cannot be.
    """
    known = {name: options[name] for name in Settings.__dataclass_fields__ if name in options}
    if options.get("no_wait"):
        known["wait_computation"] = 0.0
    return settings(known, os.environ)


def selection(
    names: list[str] | None, ids: list[str] | None, types: list[str] | None, statuses: list[str] | None
) -> Selection:
    """Which segments are meant.

    Raises:
        UsageError: an id, type or status is none.
    """
    return Selection(
        names=tuple(names or ()),
        ids=tuple(_uuid(text) for text in ids or ()),
        types=tuple(_code(text, _TYPES, "--type") for text in types or ()),
        statuses=tuple(_code(text, _STATUSES, "--status") for text in statuses or ()),
    )


def choices(compound: Choice, interactions: Choice) -> Any:
    """What becomes of segments that need a decision.

    Raises:
        UsageError: this cannot be chosen for all of them.
    """
    from migrator.commands.run import Choices

    if compound is Choice.SKIP:
        raise UsageError("--compound cannot be skip; leave segments out by filters, or with migrator approve --as skip")
    if interactions not in (Choice.FLAG, Choice.TRANSLATE):
        raise UsageError(f"--interactions is flag or translate, not {interactions}.")
    return Choices(compound, interactions)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise UsageError(f"--id takes the id of a segment; {text} is none. Use --name for names.") from None


def _code(text: str, known: dict[str, int], option: str) -> int:
    word = text.lower().replace(" ", "-").replace("_", "-")
    if word in known:
        return known[word]
    if text.isdigit():
        return int(text)
    raise UsageError(f"{option} cannot be {text}; it is one of {', '.join(known)}, or a code.")
