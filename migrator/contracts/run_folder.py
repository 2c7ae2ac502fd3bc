"""The run folder: where everything about one run lies, who works on it, and how it is found again."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from migrator import __version__
from migrator.base.atomic import private_folder, write_bytes, write_text
from migrator.base.errors import UsageError
from migrator.base.safe_text import for_file_name, for_terminal
from migrator.base.server_text import FULL_TEXT
from migrator.contracts.choices import Choices
from migrator.contracts.selection import Selection
from migrator.contracts.versions import Format

if TYPE_CHECKING:
    from pydantic import TypeAdapter

DEBUG_LOG = "debug.log"
"""The whole of what servers said, with --debug: it may hold ids, names and addresses of people."""
USUAL_PLACE = Path("reports")
"""Where runs lie, below the current folder, unless somebody says otherwise."""
RUN, EXPORT, LOG, LOCK, HOLDER = "run.json", "export", "run.log", ".lock", ".lock-holder"


def _to_2(content: dict[str, Any]) -> dict[str, Any]:
    """Version 0.1.0 wrote the tolerance of a task in per cent, and no task as an empty one."""
    task = content.get("task") or None
    if task and "tolerance" in task:
        task = {**task, "tolerance": float(task["tolerance"]) / 100}
    return {**content, "task": task}


_FORMAT = Format((_to_2,), numbered=False)
RUN_FORMAT = _FORMAT.number


class Goal(StrEnum):
    """How far a run is to go; the command that began it."""

    EXTRACT = "extract"
    """The export."""
    TRANSLATE = "translate"
    """The plan and its report."""
    RUN = "run"
    """Everything: loaded and verified, or, in a dry run, what would happen."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a run was asked for; kept in the run folder, so that it can be gone on with as it was meant."""

    goal: Goal = Goal.RUN
    selection: Selection = field(default_factory=Selection)
    choices: Choices = field(default_factory=Choices)
    dry_run: bool = False
    source: Path | None = None
    """The export to start from; None extracts."""
    other_organisation: bool = False
    drafts_only: bool = False
    operators: str = "symbols"
    tolerance: float = 0.02
    """A share."""
    split: bool = False
    members_from_row: str = "ask"
    """ask or accept: what becomes of members from rows that may be years old."""
    with_tables: bool = False
    """Whether the tables that queries touch are extracted."""
    predict: bool | None = None
    """Whether it is predicted who will be in each segment; None does so where the export has tables."""
    reach: bool = False
    """Whether it is counted who will be mailed, by consent and purpose."""


@dataclass(frozen=True, slots=True)
class ReportWish:
    """How the report of a run is wanted; kept in the run, so that every command that refreshes it writes it so."""

    formats: tuple[str, ...] = ("html",)
    """All forms that were ever wanted: they are refreshed together."""
    title: str = ""
    logo: Path | None = None
    language: str = "en"
    csv: str = "comma"
    """How its table is written as CSV: comma, or excel."""


@dataclass(frozen=True, slots=True)
class RunState:
    """`run.json`: what a run is about and which stages are done."""

    created: str
    """UTC, ISO 8601."""
    format: int = RUN_FORMAT
    tool_version: str = __version__
    org: str = ""
    """The organisation's address in its one spelling; empty where none is needed."""
    dry_run: bool = False
    extracted: str = ""
    translated: str = ""
    loaded: str = ""
    verified: str = ""
    reported: str = ""
    """When each stage ended; empty when it did not."""
    task: Task | None = None
    """What the run was asked for; None where nobody wrote it down."""
    skipped_checks: tuple[str, ...] = ()
    """What the organisation lacked and a person went on without, by the names of the checks."""
    traffic: Mapping[str, int] = field(default_factory=dict)
    """Requests of all loadings: `sent`, sent `again`, and how often the organisation asked to `wait`."""
    report: ReportWish = field(default_factory=ReportWish)
    owner: str = ""
    """Who owns what is created, as it was asked for; empty is the account that signs in."""
    agreed: bool = False
    """Whether the person agreed to writing when the run was begun (`--yes`)."""
    confirmed: str = ""
    """Checksum of the plan and its decisions that a person has agreed to load; another plan is asked about again."""

    @property
    def finished(self) -> bool:
        """Whether everything that was asked for has been tried."""
        goal = self.task.goal if self.task else Goal.RUN
        if goal is Goal.EXTRACT:
            return bool(self.extracted)
        if goal is Goal.TRANSLATE:
            return bool(self.reported)
        return bool(self.reported and (self.dry_run or self.loaded))


@cache
def _state() -> TypeAdapter[RunState]:
    from pydantic import TypeAdapter  # slow to import, and the help of a command needs none of it

    return TypeAdapter(RunState)


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.name

    @property
    def typed(self) -> str:
        """What means this run on a command line: its name where runs usually lie, its path elsewhere.

        Another run may have the same name there, as a copy has.
        """
        if self.path.absolute() == (USUAL_PLACE / self.name).absolute():
            return self.name
        path = for_terminal(str(self.path))
        return f'"{path}"' if " " in path else path

    @property
    def export(self) -> Path:
        """Where its export lies."""
        return self.path / EXPORT

    def state(self) -> RunState:
        """What is known about the run.

        Raises:
            UsageError: `run.json` is damaged.
        """
        path = self.path / RUN
        try:
            content = _FORMAT.of_now(json.loads(path.read_bytes()), f"The run {self.path}")
            state: RunState = _state().validate_python(content)
            return state
        except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
            first = str(error).splitlines()[0]
            raise UsageError(f"{path} is damaged ({first}). Start a new run.") from error

    def update(self, **changes: Any) -> RunState:
        """Change parts of the state, on disk too."""
        state = replace(self.state(), **changes)
        _write(self.path, state)
        return state


def new_run(out: Path, org: str, *, dry_run: bool) -> RunFolder:
    """Make a run folder below `out`, named for the time and the organisation; whether it is a dry run may change.

    Args:
        out: the folder of all runs.
        org: the organisation's address, of which the name is made; empty for an export.
        dry_run: whether nothing will be written.

    Raises:
        OSError: the folder cannot be made.
    """
    host = (urlsplit(org if "://" in org else f"//{org}").hostname or "export").split(".")
    what = "sandbox" if host[0] in ("127", "localhost") else for_file_name(host[0])
    stem = f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}-{what}"
    private_folder(out)
    path = out / stem
    for number in range(2, 1000):
        try:
            path.mkdir(mode=0o700)
            break
        except FileExistsError:
            path = out / f"{stem}-{number}"
    try:
        _write(path, RunState(created=utc_now(), org=org, dry_run=dry_run))
    except OSError:
        path.rmdir()
        raise
    return RunFolder(path)


def _write(path: Path, state: RunState) -> None:
    write_bytes(path / RUN, _state().dump_json(state, indent=1) + b"\n")


def discard_if_empty(run: RunFolder) -> None:
    """Remove a new run that ended before it had read any members: nobody could go on with it."""
    if not run.state().extracted and not any(run.export.glob(".*/*")):
        shutil.rmtree(run.path, ignore_errors=True)


def find_run(name: str | None, out: Path) -> RunFolder:
    """The run that a person means: a folder, the name of one below `out`, or, without a name, the latest one.

    Raises:
        UsageError: there is no such run; the message names those that there are.
    """
    if name:
        for path in (Path(name), out / name):
            if (path / RUN).is_file():
                return RunFolder(path)
        known = [run.name for run in all_runs(out)][-5:]
        there = f"The latest under {out}/ are: {', '.join(known)}." if known else f"There are no runs under {out}/."
        raise UsageError(f"{name} is no run folder and no run under {out}/. {there}")
    runs = all_runs(out)
    if not runs:
        raise UsageError(f"There is no run under {out}/ yet. Start one with: migrator run --org URL")
    return runs[-1]


def unfinished_run(out: Path, org: str = "") -> RunFolder | None:
    """The latest run below `out` that was begun and has not ended, for this organisation if one is named.

    Args:
        out: where runs lie.
        org: the organisation's address in its one spelling; empty means any.
    """
    for run in reversed(all_runs(out)):
        try:
            state = run.state()
        except UsageError:
            continue
        if state.task and (not org or state.org == org):
            return None if state.finished else run
    return None


def not_loaded(run: RunFolder) -> None:
    """Refuse to change the plan or the export of a run that has been loaded.

    Raises:
        UsageError: it has.
    """
    if run.state().loaded:
        raise UsageError(f"The run {run.name} has been loaded; its plan is not changed any more. Start a new run.")


def all_runs(out: Path) -> list[RunFolder]:
    """All runs below `out`, oldest first."""
    folders = [RunFolder(path.parent) for path in out.glob(f"*/{RUN}")]
    return sorted(folders, key=lambda run: (_created(run), _natural(run.name)))


def _created(run: RunFolder) -> str:
    try:
        return run.state().created
    except UsageError:
        return ""


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]


def utc_now() -> str:
    """The time now, UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def working_on(run: RunFolder) -> Iterator[None]:
    """Keep other processes away from the run, and write its log, until the block ends.

    Raises:
        UsageError: another process works on it; the message gives its id.
    """
    lock = FileLock(run.path / LOCK, timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        try:
            holder = (run.path / HOLDER).read_text(encoding="utf-8").strip()
        except OSError:
            holder = "unknown"
        raise UsageError(
            f"Another process (id {holder}) works on the run {run.name}. Wait until it ends; nothing was changed."
        ) from None
    handler: logging.Handler | None = None
    full_text: logging.Handler | None = None
    logger = logging.getLogger("migrator")
    try:
        write_text(run.path / HOLDER, f"{os.getpid()}\n")
        handler = _log_handler(run.path / LOG)
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
        if FULL_TEXT.isEnabledFor(logging.DEBUG):
            full_text = _log_handler(run.path / DEBUG_LOG)
            FULL_TEXT.addHandler(full_text)
        yield
    finally:
        for owner, opened in ((logger, handler), (FULL_TEXT, full_text)):
            if opened is not None:
                owner.removeHandler(opened)
                opened.close()
        (run.path / HOLDER).unlink(missing_ok=True)
        lock.release()


class _LogFile(logging.FileHandler):
    """A log that a full disk ends no command for, and prints no traceback: what has to be written says so itself."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - as the library calls it
        """Leave the line out."""

    def close(self) -> None:
        """Close the file; what it still holds is lost where nothing more can be written."""
        with suppress(OSError):
            super().close()


def _log_handler(path: Path) -> logging.Handler:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    handler = _LogFile(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    return handler
