"""What can be done with an export folder: importing members into it, checking it, and making a copy without people."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from migrator.base.errors import Exit, UsageError
from migrator.base.safe_text import for_terminal
from migrator.commands.naming import name_of, name_to_type
from migrator.commands.session import Orders
from migrator.contracts import export_check as check
from migrator.contracts.choices import Doubt
from migrator.contracts.doubts import doubts, doubts_about_exclusions
from migrator.contracts.export_folder import Export, read_export
from migrator.contracts.legacy_segment import LegacySegment
from migrator.contracts.members import Members
from migrator.contracts.plan import PLAN, read_plan, write_plan
from migrator.contracts.run_folder import EXPORT, RUN, RunFolder, utc_now
from migrator.dataverse.client import Client
from migrator.extractor import redact
from migrator.extractor.directory import TABLE, Directory, ExportDirectory, OrganisationDirectory
from migrator.extractor.imports import IMPORTS, Imported, Part, Wishes, accept, import_list, prepare, write
from migrator.extractor.matching import Matched, match, segment_called
from migrator.extractor.sources import Source, sources
from migrator.translator.translate import translate


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


Agree = Callable[[Sequence[str]], bool]
"""Shows what belongs where, and gives whether to go on."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an import."""

    lines: tuple[str, ...]
    exit_code: Exit
    stale: RunFolder | None = None
    """The run whose plan does not know of it."""


def import_members(wanted: Wanted, orders: Orders, agree: Agree) -> Report:
    """Put member lists from files or a marketing list into an export, or settle doubts about those that are in it.

    Args:
        wanted: files or list, segment, and what the person has answered.
        orders: how the command reaches the organisation and the person.
        agree: asks before the export is changed.

    Raises:
        UsageError: something cannot be read or belongs to no segment; the export is as it was then.
        DataverseError: the organisation cannot be asked; the export is as it was then.
    """
    folder = export_folder(wanted.export)
    export = read_export(folder)
    if wanted.marketing_list:
        return _from_list(wanted, folder, export, orders)
    if not wanted.files:
        return _accept(wanted, folder, export, orders)
    matched, lines = _matched(wanted, export)
    parts = _parts(wanted, matched)
    if not parts:
        raise UsageError("\n".join([*lines, "None of the files belongs to a segment; nothing was imported."]))
    if wanted.org:

        async def work(client: Client) -> tuple[list[Imported], str]:
            _same_organisation(client, export)
            name = await name_to_type(client) if wanted.wishes.replacing else ""
            return await prepare(folder, parts, wanted.wishes, OrganisationDirectory(client), orders.progress), name

        done, name = orders.at(wanted.org, work)
    else:
        tables: Directory | None = ExportDirectory(folder) if (folder / TABLE).exists() else None
        done = asyncio.run(prepare(folder, parts, wanted.wishes, tables, orders.progress))
        name = name_of(export.organisation.url)
    if wanted.dry_run or len(matched) > 1:
        lines += _table(done, wanted)
    lines += [for_terminal(warning) for one in done for table in one.tables for warning in table.warnings]
    left = sum(one.segment is None for one in matched)
    agreed = agree(lines)
    if problems := [one.problem for one in done if one.problem]:
        raise UsageError("\n".join(problems))
    report = _report(done, folder, left, orders, wanted)
    if wanted.dry_run:
        return Report((*report.lines, "Nothing was imported; this was a dry run."), report.exit_code)
    if not agreed:
        return Report(("Nothing was imported.",), Exit.DONE)
    _confirm_replacing([one for one in done if one.people and not one.kept], export, wanted, orders, name)
    write(folder, done, wanted.wishes)
    return report


def _from_list(wanted: Wanted, folder: Path, export: Export, orders: Orders) -> Report:
    segment, why = segment_called(wanted.segment, export.segments)
    if segment is None:
        raise UsageError(f"--segment has to name the segment for the list; {why}. Nothing was imported.")

    async def work(client: Client) -> Imported:
        _same_organisation(client, export)
        directory = OrganisationDirectory(client)
        if wanted.wishes.replacing and _there(export.members[segment.id], wanted):
            line = _replaced(segment, export.members[segment.id], f"the marketing list {wanted.marketing_list}", wanted)
            _ask([line], export, orders, await name_to_type(client))
        return await import_list(folder, segment, wanted.marketing_list, client, directory, wanted.wishes)

    done = orders.at(wanted.org or export.organisation.url, work)
    return _report([done], folder, 0, orders, wanted)


def _confirm_replacing(done: Sequence[Imported], export: Export, wanted: Wanted, orders: Orders, name: str) -> None:
    """Ask before lists that are there already are replaced; in a production its name is typed, as for a rollback."""
    lines = [
        _replaced(one.segment, known, one.origin, wanted)
        for one in done
        if wanted.wishes.replacing and _there(known := export.members[one.segment.id], wanted)
    ]
    if lines:
        _ask(lines, export, orders, name)


def _there(known: Members, wanted: Wanted) -> bool:
    return known.excluded is not None if wanted.wishes.excluding else known.known


def _replaced(segment: LegacySegment, known: Members, origin: str, wanted: Wanted) -> str:
    count, what = (known.excluded, "exclusions") if wanted.wishes.excluding else (known.count, "members")
    return f"“{for_terminal(segment.name)}”: {count or 0:,} {what} that are known, by those of {for_terminal(origin)}"


def _ask(lines: Sequence[str], export: Export, orders: Orders, name: str) -> None:
    if orders.confirm:
        where = export.organisation.url
        lists = f"A list of {where}" if len(lines) == 1 else f"{len(lines):,} lists of {where}"
        head = f"{lists} will be replaced:"
        orders.confirm([head, *lines], word=name)


def _same_organisation(client: Client, export: Export) -> None:
    if not export.organisation.answers_as(client.organisation_id):
        raise UsageError(
            f"The export comes from {export.organisation.url} ({export.organisation.id}), but {client.url} is another "
            f"organisation ({client.organisation_id}). Nothing was imported."
        )


# --- which segment ---------------------------------------------------------------------------------------------------


def _matched(wanted: Wanted, export: Export) -> tuple[list[Matched], list[str]]:
    """Each file with its segment, and what there is to say of it."""
    found = sources(wanted.files)
    if not found.files:
        raise UsageError("There are no files to import. Nothing was imported.")
    if not wanted.segment:
        matched = match(found.files, export.segments, found.mapping)
    else:
        segment, why = segment_called(wanted.segment, export.segments)
        if segment is None:
            raise UsageError(f"--segment cannot be {wanted.segment}: {why}. Nothing was imported.")
        if len(found.files) > 1 and not wanted.joining:
            raise UsageError(
                f"--segment is for one file; here are {len(found.files)}. If they are parts of one list, say --join. "
                "Nothing was imported."
            )
        matched = [Matched(one, segment, "as --segment says") for one in found.files]
    lines = [_match_line(one) for one in matched]
    if found.passed_over:
        files = "files that a computer put there (._…, ~$…, .DS_Store) were"
        lines.append(f"{_counted(found.passed_over, files)} passed over.")
    return matched, lines


def _parts(wanted: Wanted, matched: Sequence[Matched]) -> list[Part]:
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


# --- what is said ----------------------------------------------------------------------------------------------------


def _table(done: Sequence[Imported], wanted: Wanted) -> list[str]:
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


def _report(done: Sequence[Imported], folder: Path, left: int, orders: Orders, wanted: Wanted) -> Report:
    tolerance = orders.settings.tolerance
    lines = [_line(one, wanted) for one in done]
    lines += [for_terminal(line) for one in done for question in one.questions for line in question.split("\n")]
    kinds: set[Doubt] = set()
    for one in done:
        opened = _open(one.segment, one.members, tolerance, wanted)
        kinds |= opened.keys()
        if opened:
            what = ", ".join(_counted(count, _SAID[doubt]) for doubt, count in opened.items())
            lines.append(f"“{for_terminal(one.segment.name)}” waits for a decision: {what}.")
    answerable = sorted(kinds - {Doubt.QUESTION})
    if answerable:
        how = " ".join(f"--accept {kind}" for kind in answerable)
        where = "The rows would be listed in" if wanted.dry_run else "Look at the rows in"
        lines.append(
            f"{where} {folder / IMPORTS}; then mend the file and import it again, or settle it for all "
            f"segments: migrator import-members {how} --export {wanted.export}"
        )
    elif any(one.people and (one.people.gone or one.people.repeated) for one in done):
        listed = "would be" if wanted.dry_run else "are"
        lines.append(f"Rows that became no member of their own {listed} listed in {folder / IMPORTS}.")
    if left:
        lines.append(f"{left} of the files belonged to no segment, and were left out.")
    stale = _run_of(folder)
    if stale or not (wanted.dry_run or all(one.kept for one in done)):
        lines.append("A plan that was made before does not know of this; make it again with: migrator translate")
    waiting = left or kinds or any(one.kept or one.questions for one in done)
    return Report(tuple(lines), Exit.WAITING if waiting else Exit.DONE, stale)


_SAID: Mapping[Doubt, str] = {
    Doubt.UNREADABLE: "unreadable",
    Doubt.NOT_FOUND: "addresses not found",
    Doubt.AMBIGUOUS: "addresses of several contacts",
    Doubt.GONE: "ids of no contact, which are more than the tolerance",
    Doubt.NOBODY: "lists that leave nobody",
    Doubt.ROW: "members from the row of a segment that was live, which may be years old",
    Doubt.QUESTION: "files to be answered",
}
_ONE = {
    "addresses": "address", "ids": "id", "lists": "list", "files": "file", "members": "member", "are": "is",
    "were": "was", "leave": "leaves",
}  # fmt: skip
"""Words of these sentences about several → about one."""


def _counted(count: int, what: str) -> str:
    """A number and what is counted, right for one, too."""
    if count != 1:
        return f"{count:,} {what}"
    return " ".join(["1", *(_ONE.get(word, word) for word in what.split(" "))])


def _open(segment: LegacySegment, members: Members, tolerance: float, wanted: Wanted) -> Mapping[Doubt, int]:
    if wanted.wishes.excluding:
        return doubts_about_exclusions(members, tolerance)
    return doubts(members, segment, tolerance)


def _line(one: Imported, wanted: Wanted) -> str:
    name = for_terminal(one.segment.name)
    if one.kept:
        how = "" if wanted.wishes.replacing else " Replace it with --replace."
        return f"“{name}” keeps what it has: {one.kept}.{how}"
    if one.questions:
        return f"“{name}” keeps what it has, and waits: {for_terminal(one.origin)} is to be answered first."
    members = one.members
    left = members.excluding if wanted.wishes.excluding and members.excluding else members
    facts = [
        _counted(count, what)
        for count, what in (
            (left.unreadable, "unreadable"),
            (left.duplicates, "repeated"),
            (left.gone, "gone"),
            (left.not_found, "addresses not found"),
            (left.ambiguous, "addresses of several contacts"),
            (left.set_aside, "hidden and left out"),
        )
        if count
    ]
    if wanted.wishes.excluding:
        among = "whose members are unknown" if one.among is None else f"of whose members these are {one.among:,}"
        begin = f"{members.excluded or 0:,} people of {for_terminal(one.origin)} are excluded from it, {among}"
    else:
        begin = f"{members.count or 0:,} members from {for_terminal(one.origin)}"
        facts += [f"{members.inactive:,} inactive"] if members.inactive else []
        facts += [f"{members.excluded:,} excluded"] if members.excluded else []
    return f"“{name}”: {', '.join([begin, *facts])}."


# --- settling doubts -------------------------------------------------------------------------------------------------


def _accept(wanted: Wanted, folder: Path, export: Export, orders: Orders) -> Report:
    """One answer for all segments of the export, or for one."""
    tolerance = orders.settings.tolerance
    chosen = export.segments
    if wanted.segment:
        segment, why = segment_called(wanted.segment, export.segments)
        if segment is None:
            raise UsageError(f"--segment cannot be {wanted.segment}: {why}. Nothing was changed.")
        chosen = (segment,)
    settled: list[LegacySegment] = []
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
                what = ", ".join(f"{count:,} {_SAID[kind]}" for kind, count in said.items())
                lines.append(f"“{for_terminal(segment.name)}” ({about}): accepted: {what}.")
    kinds = ", ".join(sorted(wanted.wishes.accepted))
    if not settled:
        return Report((f"No segment of the export waits for this: {kinds}. Nothing was changed.",), Exit.DONE)
    if wanted.dry_run:
        return Report((*lines, "Nothing was changed; this was a dry run."), Exit.DONE)
    accept(folder, settled, wanted.wishes.accepted)
    if still:
        lines.append("Other doubts about segments are open; migrator translate names them.")
    lines.append("A plan that was made before does not know of this; make it again with: migrator translate")
    return Report(tuple(lines), Exit.WAITING if still else Exit.DONE, _run_of(folder))


# --- the plan that does not know -------------------------------------------------------------------------------------


def _run_of(folder: Path) -> RunFolder | None:
    """The run that the export is in, if it has a plan."""
    run = folder.parent
    return RunFolder(run) if (run / RUN).is_file() and (run / PLAN).is_file() else None


def translate_again(run: RunFolder) -> None:
    """Make the plan of a run again, from its export as it is now, as it was asked for.

    Raises:
        UsageError: the export or the plan is damaged.
    """
    before = read_plan(run.path)
    write_plan(translate(read_export(run.export), before.settings), run.path)
    run.update(translated=utc_now())


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
