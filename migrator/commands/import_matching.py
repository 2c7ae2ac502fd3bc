"""Which file of an import belongs to which segment, and what there is to say of it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from migrator.base.counted import so_many
from migrator.base.errors import UsageError
from migrator.base.safe_text import for_terminal
from migrator.commands.import_wanted import Wanted
from migrator.contracts.export_folder import Export
from migrator.contracts.legacy_segment import LegacySegment
from migrator.extractor.imports import Part
from migrator.extractor.matching import Matched, match, segment_called
from migrator.extractor.sources import Source, sources


def matched_files(wanted: Wanted, export: Export) -> tuple[list[Matched], list[str]]:
    """Each file with its segment, and what there is to say of it.

    Raises:
        UsageError: there are no files, or no such segment.
    """
    found = sources(wanted.files)
    if not found.files:
        raise UsageError(
            "There are no files to import. Name a file, a folder or a zip that holds some. Nothing was imported."
        )
    if not wanted.segment:
        matched = match(found.files, export.segments, found.mapping)
    else:
        segment, why = segment_called(wanted.segment, export.segments)
        if segment is None:
            raise UsageError(f"--segment cannot be {wanted.segment}: {why}. Name it by its id. Nothing was imported.")
        if len(found.files) > 1 and not wanted.joining:
            raise UsageError(
                f"--segment is for one file; here are {len(found.files)}. If they are parts of one list, say --join. "
                "Nothing was imported."
            )
        matched = [Matched(one, segment, "as --segment says") for one in found.files]
    lines = [_match_line(one) for one in matched]
    if found.passed_over:
        there = "that a computer put there (._…, ~$…, .DS_Store)"
        lines.append(f"{so_many(found.passed_over, f'file {there} was', f'files {there} were')} passed over.")
    return matched, lines


def parts_of_segments(wanted: Wanted, matched: Sequence[Matched]) -> list[Part]:
    """The files that belong to a segment, segment by segment.

    Raises:
        UsageError: several files belong to one segment, and nobody said that they are parts of one list.
    """
    files: dict[UUID, list[Source]] = {}
    segments: dict[UUID, LegacySegment] = {}
    for one in matched:
        if one.segment is not None:
            files.setdefault(one.segment.id, []).append(one.source)
            segments[one.segment.id] = one.segment
    for key, several in files.items():
        if len(several) > 1 and not wanted.joining:
            raise UsageError(
                f"Two files belong to the segment “{segments[key].name}”: {several[0].name} and {several[1].name}. "
                "Leave one of them out, or say --join if they are parts of one list. Nothing was imported."
            )
    return [Part(segments[key], tuple(several)) for key, several in files.items()]


def _match_line(one: Matched) -> str:
    to = f"“{for_terminal(one.segment.name)}” ({one.why})" if one.segment else f"no segment: {one.why}"
    return f"{for_terminal(one.source.name)} → {to}"
