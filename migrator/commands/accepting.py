"""Doubts about member lists that a person settles, for one segment of an export or for all of them."""

from __future__ import annotations

from pathlib import Path

from migrator.base.errors import Exit, UsageError
from migrator.base.safe_text import for_terminal
from migrator.commands.import_told import doubts_told
from migrator.commands.import_wanted import Report, Wanted
from migrator.commands.plan_again import TRANSLATE_AGAIN, run_with_plan
from migrator.contracts.doubts import doubts, doubts_about_exclusions
from migrator.contracts.export_folder import Export
from migrator.contracts.legacy_segment import LegacySegment
from migrator.extractor.imports import accept
from migrator.extractor.matching import segment_called


def accept_doubts(wanted: Wanted, folder: Path, export: Export, tolerance: float) -> Report:
    """One answer for all segments of the export, or for one.

    Args:
        wanted: which kinds of doubt, and of which segment.
        folder: the export folder.
        export: what it holds.
        tolerance: the share of members that may be gone.

    Raises:
        UsageError: there is no such segment.
    """
    chosen = export.segments
    if wanted.segment:
        segment, why = segment_called(wanted.segment, export.segments)
        if segment is None:
            raise UsageError(f"--segment cannot be {wanted.segment}: {why}. Name it by its id. Nothing was changed.")
        chosen = (segment,)
    settled: list[LegacySegment] = []
    accepted = "would be accepted" if wanted.dry_run else "accepted"
    lines = []
    still = False
    for segment in chosen:
        members = export.members[segment.id]
        both = [doubts(members, segment, tolerance), doubts_about_exclusions(members, tolerance)]
        for opened, about in zip(both, ("members", "exclusions"), strict=True):
            said = {kind: count for kind, count in opened.items() if kind in wanted.wishes.accepted}
            still = still or len(said) < len(opened)
            if said:
                settled.append(segment)
                lines.append(f"“{for_terminal(segment.name)}” ({about}): {accepted}: {doubts_told(said)}.")
    kinds = ", ".join(sorted(wanted.wishes.accepted))
    if not settled:
        return Report((f"No segment of the export waits for this: {kinds}. Nothing was changed.",), Exit.DONE)
    code = Exit.WAITING if still else Exit.DONE
    if still:
        lines.append("Other doubts about segments are open; migrator translate names them.")
    if wanted.dry_run:
        return Report((*lines, "Nothing was changed; this was a dry run."), code)
    accept(folder, settled, wanted.wishes.accepted)
    return Report((*lines, TRANSLATE_AGAIN), code, run_with_plan(folder))
