"""What an import of members is asked for, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from migrator.base.errors import Exit
from migrator.contracts.run_folder import RunFolder
from migrator.extractor.imports import Wishes


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be imported."""

    export: Path
    files: tuple[Path, ...] = ()
    marketing_list: str = ""
    """Name or id of a marketing list."""
    segment: str = ""
    """Id or name of the segment; empty where the files say it themselves."""
    wishes: Wishes = field(default_factory=Wishes)
    joining: bool = False
    """Whether several files of one segment are parts of one list."""
    dry_run: bool = False
    org: str = ""
    """The organisation to ask whose addresses these are, and which contacts exist."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an import."""

    lines: tuple[str, ...]
    exit_code: Exit
    stale: RunFolder | None = None
    """The run whose plan does not know of it."""
