"""The plan of a run that does not know of a change in its export: which run that is, and the plan made again."""

from __future__ import annotations

from pathlib import Path

from migrator.contracts.export_folder import read_export
from migrator.contracts.plan import PLAN, read_plan, write_plan
from migrator.contracts.run_folder import RUN, RunFolder, utc_now
from migrator.translator.translate import translate

TRANSLATE_AGAIN = "A plan that was made before does not know of this; make it again with: migrator translate"


def run_with_plan(export: Path) -> RunFolder | None:
    """The run that an export folder is in, if it has a plan."""
    run = export.parent
    return RunFolder(run) if (run / RUN).is_file() and (run / PLAN).is_file() else None


def translate_again(run: RunFolder) -> None:
    """Make the plan of a run again, from its export as it is now, as it was asked for.

    Raises:
        UsageError: the export or the plan is damaged.
    """
    before = read_plan(run.path)
    write_plan(translate(read_export(run.export), before.settings), run.path)
    run.update(translated=utc_now())
