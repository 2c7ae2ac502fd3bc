"""What an import says: what a person checks before it, and what became of every list, or would in a dry run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from migrator.base.counted import so_many
from migrator.base.errors import Exit
from migrator.base.safe_text import for_terminal
from migrator.commands.import_wanted import Report, Wanted
from migrator.commands.plan_again import TRANSLATE_AGAIN, run_with_plan
from migrator.contracts.choices import Doubt
from migrator.contracts.doubts import doubts, doubts_about_exclusions
from migrator.contracts.legacy_segment import LegacySegment
from migrator.contracts.members import Members
from migrator.extractor.imports import IMPORTS, Imported


def table_of(done: Sequence[Imported], wanted: Wanted) -> list[str]:
    """What a person checks before anything is imported: a line a file, with what became of its rows."""
    what = "excluded" if wanted.wishes.excluding else "members"
    rows = [("file", "sheet", "column", "segment", "rows", what, "trouble")]
    for one in done:
        for at, table in enumerate(one.tables):
            column = f"{table.column.header or '–'} ({table.column.letter})" if table.column else "?"
            first = at == 0
            count = f"{len(one.people.ids):,}" if one.people and first else "?" if one.questions else ""
            rows.append(
                (
                    table.file,
                    table.sheet,
                    column,
                    one.segment.name if first else "(the same)",
                    f"{table.rows:,}",
                    count,
                    _troubles(one) if first else "",
                )
            )
        if one.problem:
            rows.append((one.origin, "", "?", one.segment.name, "?", "?", "cannot be read"))
    safe = [[for_terminal(cell) for cell in row] for row in rows]
    widths = [max(len(row[at]) for row in safe) for at in range(len(rows[0]) - 1)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in safe
    ]


def _troubles(one: Imported) -> str:
    if one.questions:
        return f"{len(one.questions)} to be answered"
    people = one.people
    if people is None:
        return ""
    empty, aside = sum(table.empty for table in one.tables), sum(table.set_aside for table in one.tables)
    counts = {
        "unreadable": len(people.unreadable),
        "repeated": len(people.repeated),
        "gone": len(people.gone),
        "not found": len(people.not_found),
        "ambiguous": len(people.ambiguous),
        "hidden, left out": aside,
        "empty rows": empty,
    }
    said = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    unasked = "" if people.checked or not len(people.ids) else "nobody was asked who exists"
    return ", ".join(filter(None, (said, unasked))) or "none"


def report_of(done: Sequence[Imported], folder: Path, left: int, tolerance: float, wanted: Wanted) -> Report:
    """What became of every list, what waits for a person, and how to go on.

    Args:
        done: the lists, as they were prepared.
        folder: the export folder.
        left: files that belong to no segment.
        tolerance: the share of members that may be gone.
        wanted: what was asked for; in a dry run everything is told as what would be.
    """
    lines = [_line(one, wanted) for one in done]
    lines += [for_terminal(line) for one in done for question in one.questions for line in question.split("\n")]
    kinds: set[Doubt] = set()
    waits = "would wait" if wanted.dry_run else "waits"
    for one in done:
        opened = _open(one.segment, one.members, tolerance, wanted)
        kinds |= opened.keys()
        if opened:
            lines.append(f"“{for_terminal(one.segment.name)}” {waits} for a decision: {doubts_told(opened)}.")
    lines += _about_rows(done, sorted(kinds - {Doubt.QUESTION}), folder, wanted)
    if left and wanted.dry_run:
        lines.append(f"{left:,} of the files would be left out, belonging to no segment.")
    elif left:
        lines.append(f"{left:,} of the files belonged to no segment, and {'was' if left == 1 else 'were'} left out.")
    waiting = left or kinds or any(one.kept or one.questions for one in done)
    code = Exit.WAITING if waiting else Exit.DONE
    if wanted.dry_run:
        return Report((*lines, "Nothing was imported; this was a dry run."), code)
    if all(one.kept for one in done):
        return Report(tuple(lines), code)
    return Report((*lines, TRANSLATE_AGAIN), code, run_with_plan(folder))


def _about_rows(done: Sequence[Imported], answerable: Sequence[Doubt], folder: Path, wanted: Wanted) -> list[str]:
    """Where the rows stand that became no member, and how doubts about them are settled."""
    where, how = folder / IMPORTS, " ".join(f"--accept {kind}" for kind in answerable)
    if answerable and wanted.dry_run:
        return [f"The rows would be listed in {where}; mend the file before it is imported, or import it with {how}"]
    if answerable:
        return [
            f"Look at the rows in {where}; then mend the file and import it again, or settle it for all "
            f"segments: migrator import-members {how} --export {wanted.export}"
        ]
    if any(one.people and (one.people.gone or one.people.repeated) for one in done if not one.kept):
        listed = "would be" if wanted.dry_run else "are"
        return [f"Rows that became no member of their own {listed} listed in {where}."]
    return []


_ADDRESSES = ("address not found", "addresses not found")
_SHARED = ("address of several contacts", "addresses of several contacts")
_SAID: Mapping[Doubt, tuple[str, str]] = {
    Doubt.UNREADABLE: ("unreadable",) * 2,
    Doubt.NOT_FOUND: _ADDRESSES,
    Doubt.AMBIGUOUS: _SHARED,
    Doubt.GONE: (
        "id of no contact, which is more than the tolerance",
        "ids of no contact, which are more than the tolerance",
    ),
    Doubt.NOBODY: ("list that leaves nobody", "lists that leave nobody"),
    Doubt.ROW: (
        "member from the row of a segment that was live, which may be years old",
        "members from the row of a segment that was live, which may be years old",
    ),
    Doubt.QUESTION: ("file to be answered", "files to be answered"),
}
"""The words behind 1, and behind every other number."""


def doubts_told(counts: Mapping[Doubt, int]) -> str:
    """What waits, or was decided, in one line."""
    return ", ".join(so_many(count, *_SAID[doubt]) for doubt, count in counts.items())


def _open(segment: LegacySegment, members: Members, tolerance: float, wanted: Wanted) -> Mapping[Doubt, int]:
    if wanted.wishes.excluding:
        return doubts_about_exclusions(members, tolerance)
    return doubts(members, segment, tolerance)


def _line(one: Imported, wanted: Wanted) -> str:
    name = for_terminal(one.segment.name)
    if one.kept:
        how = "" if wanted.wishes.replacing else " Replace it with --replace."
        return f"“{name}” {'would keep' if wanted.dry_run else 'keeps'} what it has: {one.kept}.{how}"
    if one.questions:
        keeps = "would keep what it has, and wait" if wanted.dry_run else "keeps what it has, and waits"
        return f"“{name}” {keeps}: {for_terminal(one.origin)} is to be answered first."
    members = one.members
    left = members.excluding if wanted.wishes.excluding and members.excluding else members
    facts = [
        so_many(count, *words)
        for count, words in (
            (left.unreadable, ("unreadable",) * 2),
            (left.duplicates, ("repeated",) * 2),
            (left.gone, ("gone",) * 2),
            (left.not_found, _ADDRESSES),
            (left.ambiguous, _SHARED),
            (left.set_aside, ("hidden and left out",) * 2),
        )
        if count
    ]
    if wanted.wishes.excluding:
        among = "whose members are unknown" if one.among is None else f"of whose members these are {one.among:,}"
        are = "would be" if wanted.dry_run else "are"
        begin = f"{members.excluded or 0:,} people of {for_terminal(one.origin)} {are} excluded from it, {among}"
    else:
        begin = f"{members.count or 0:,} members from {for_terminal(one.origin)}"
        facts += [f"{members.inactive:,} inactive"] if members.inactive else []
        facts += [f"{members.excluded:,} excluded"] if members.excluded else []
    return f"“{name}”: {', '.join([begin, *facts])}."
