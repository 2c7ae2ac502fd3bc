"""An export folder by itself: where it is, whether it can be relied on, and a copy of it without people."""

from __future__ import annotations

from pathlib import Path

from migrator.base.errors import UsageError
from migrator.contracts import export_check as check
from migrator.contracts.run_folder import EXPORT
from migrator.extractor import redact


def check_export(path: Path) -> list[str]:
    """What is wrong with an export, a sentence each."""
    return check.check_export(_inside(path))


def redact_export(source: Path, target: Path) -> int:
    """Write a copy of an export without ids and names of people; gives how many ids became others.

    Raises:
        UsageError: it is no whole export, or the target is there already.
    """
    return redact.redact(export_folder(source), target)


def export_folder(path: Path) -> Path:
    """The export that a person means: its folder, or the run that it is in.

    Raises:
        UsageError: there is none.
    """
    found = _inside(path)
    if not found.is_dir():
        raise UsageError(f"There is no export folder {path}. Check the path.")
    return found


def _inside(path: Path) -> Path:
    return path / EXPORT if (path / EXPORT).is_dir() else path
