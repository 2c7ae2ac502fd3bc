"""Who did what with a run, when and why: `history.jsonl`, a line an event, written once and never changed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path

from migrator.base.json_lines import json_lines

HISTORY = "history.jsonl"
FORMAT = 1


class Deed(StrEnum):
    """What was done."""

    RUN = "run"
    LOAD = "load"
    RETRY = "retry"
    DECISION = "decision"
    ROLLBACK = "rollback"
    RETIRE = "retire"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that somebody did."""

    at: str
    """UTC, ISO 8601."""
    deed: str
    """A `Deed`; a newer version may know more."""
    by: str
    """Who: the account at the organisation, or whoever sat at the machine."""
    reason: str = ""
    """Why, in the person's own words; empty where none was given."""
    segment: str = ""
    """Name and id of the segment that it is about; empty where it is about the run."""
    what: str = ""
    """What exactly: the decision and the one before it, or how many segments."""


def record(folder: Path, events: Iterable[Event]) -> None:
    """Add events to the history of a run; they are on the disk when this returns.

    Args:
        folder: the run folder.
        events: oldest first.

    Raises:
        OSError: the folder cannot be written.
    """
    lines = "".join(json.dumps({"format": FORMAT, **asdict(event)}, ensure_ascii=False) + "\n" for event in events)
    if not lines:
        return
    path = folder / HISTORY
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        if size and path.read_bytes()[-1:] != b"\n":
            lines = "\n" + lines  # the last event was cut by a full disk
        os.write(descriptor, lines.encode("utf-8"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_history(folder: Path) -> list[Event]:
    """The history of a run, oldest first; a line that cannot be read is an event of which nothing else is known.

    Args:
        folder: the run folder.
    """
    path = folder / HISTORY
    if not path.exists():
        return []
    known = {field.name for field in fields(Event)}
    events = []
    for line in json_lines(path.read_text(encoding="utf-8", errors="replace")):
        try:
            content = json.loads(line)
            events.append(Event(**{name: str(value) for name, value in content.items() if name in known}))
        except (ValueError, TypeError, AttributeError, RecursionError):
            events.append(Event("", "", "", what="this line of the history cannot be read"))
    return events
