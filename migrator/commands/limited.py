"""What there is to say of a plan whose export was limited by a filter: nobody looked at the members of the others."""

from __future__ import annotations

from migrator.base.counted import so_many
from migrator.contracts.export_folder import read_export
from migrator.contracts.members import LEFT_OUT
from migrator.contracts.run_folder import RunFolder
from migrator.contracts.selection import Selection, selects
from migrator.product.codes import LegacyType


def limited_export(run: RunFolder, selection: Selection) -> str:
    """One sentence about the segments of a plan whose members were left out when they were extracted; else empty.

    Args:
        run: holds the export.
        selection: the segments that the plan is about.

    Raises:
        UsageError: the export is damaged.
    """
    export = read_export(run.export)
    unread = [one for one in export.segments if selects(selection, one) and export.members[one.id].reason == LEFT_OUT]
    if not unread:
        return ""
    by = f" by {', '.join(export.limited_to)}" if export.limited_to else ""
    static = sum(segment.type_code == LegacyType.STATIC for segment in unread)
    waiting = f"; {so_many(static, 'static one waits', 'static ones wait')} until they are" if static else ""
    return (
        f"This export was limited{by}: the members of {so_many(len(unread), 'other segment')} were not read{waiting}. "
        f"Read them with: migrator extract {run.typed}"
    )
