"""What can be done with an export folder: importing members into it, checking it, and making a copy without people."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from migrator.base.errors import Exit, UsageError
from migrator.base.safe_text import for_terminal
from migrator.commands.session import Orders
from migrator.contracts import export_check as check
from migrator.contracts.export_folder import Export, read_export
from migrator.contracts.legacy_segment import LegacySegment
from migrator.contracts.run_folder import EXPORT
from migrator.dataverse.client import Client
from migrator.extractor import redact
from migrator.extractor.directory import TABLE, Directory, ExportDirectory, OrganisationDirectory
from migrator.extractor.imports import IMPORTS, Imported, import_files, import_list
from migrator.extractor.reading.answers import NOTHING_SAID, Answers
from migrator.extractor.sources import Matched, Source, match, segment_called, sources


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be imported."""

    export: Path
    files: tuple[Path, ...] = ()
    marketing_list: str = ""
    """Name or id of a marketing list."""
    segment: str = ""
    """Id or name of the segment; empty where the files say it themselves."""
    answers: Answers = NOTHING_SAID
    replacing: bool = False
    excluding: bool = False
    org: str = ""
    """The organisation to ask whose addresses these are, and which contacts exist."""


Agree = Callable[[Sequence[str]], bool]
"""Shows what belongs where, and gives whether to go on."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an import."""

    lines: tuple[str, ...]
    exit_code: Exit


def import_members(wanted: Wanted, orders: Orders, agree: Agree) -> Report:
    """Put member lists from files or a marketing list into an export.

    Raises:
        UsageError: something cannot be read or belongs to no segment; the export is as it was then.
        DataverseError: the organisation cannot be asked; the export is as it was then.
    """
    folder = export_folder(wanted.export)
    export = read_export(folder)
    if wanted.marketing_list:
        return _from_list(wanted, folder, export, orders)
    matched = _matched(wanted, export)
    lines = [_match_line(one) for one in matched]
    files = [(one.segment, one.source) for one in matched if one.segment]
    _once_each(files)
    if not files:
        raise UsageError("\n".join([*lines, "None of the files belongs to a segment; nothing was imported."]))
    if not agree(lines):
        return Report(("Nothing was imported.",), Exit.DONE)
    if wanted.org:

        async def work(client: Client) -> list[Imported]:
            _same_organisation(client, export)
            return await _import(wanted, folder, files, OrganisationDirectory(client), orders)

        done = orders.at(wanted.org, work)
    else:
        tables: Directory | None = ExportDirectory(folder) if (folder / TABLE).exists() else None
        done = asyncio.run(_import(wanted, folder, files, tables, orders))
    left = len(matched) - len(files)
    return _report(done, folder, left)


async def _import(
    wanted: Wanted,
    folder: Path,
    files: Sequence[tuple[LegacySegment, Source]],
    directory: Directory | None,
    orders: Orders,
) -> list[Imported]:
    return await import_files(
        folder,
        files,
        wanted.answers,
        directory,
        orders.progress,
        replacing=wanted.replacing,
        excluding=wanted.excluding,
    )


def _from_list(wanted: Wanted, folder: Path, export: Export, orders: Orders) -> Report:
    segment, why = segment_called(wanted.segment, export.segments)
    if segment is None:
        raise UsageError(f"--segment has to name the segment for the list; {why}. Nothing was imported.")

    async def work(client: Client) -> Imported:
        _same_organisation(client, export)
        directory = OrganisationDirectory(client)
        return await import_list(folder, segment, wanted.marketing_list, client, directory, replacing=wanted.replacing)

    return _report([orders.at(wanted.org or export.organisation.url, work)], folder, 0)


def _same_organisation(client: Client, export: Export) -> None:
    if not export.organisation.answers_as(client.organisation_id):
        raise UsageError(
            f"The export comes from {export.organisation.url} ({export.organisation.id}), but {client.url} is another "
            f"organisation ({client.organisation_id}). Nothing was imported."
        )


def _matched(wanted: Wanted, export: Export) -> list[Matched]:
    found, mapping = sources(wanted.files)
    if not found:
        raise UsageError("There are no files to import: none of them is CSV, text or XLSX. Nothing was imported.")
    if not wanted.segment:
        return match(found, export.segments, mapping)
    segment, why = segment_called(wanted.segment, export.segments)
    if segment is None:
        raise UsageError(f"--segment cannot be {wanted.segment}: {why}. Nothing was imported.")
    if len(found) > 1:
        raise UsageError(f"--segment is for one file; here are {len(found)}. Nothing was imported.")
    return [Matched(found[0], segment, "as --segment says")]


def _once_each(files: Sequence[tuple[LegacySegment, Source]]) -> None:
    seen: dict[UUID, str] = {}
    for segment, source in files:
        if segment.id in seen:
            raise UsageError(
                f"Two files belong to the segment “{segment.name}”: {seen[segment.id]} and {source.name}. Leave one "
                "of them out, or put them together. Nothing was imported."
            )
        seen[segment.id] = source.name


def _match_line(one: Matched) -> str:
    to = f"“{for_terminal(one.segment.name)}” ({one.why})" if one.segment else f"no segment: {one.why}"
    return f"{for_terminal(one.source.name)} → {to}"


def _report(done: Sequence[Imported], folder: Path, left: int) -> Report:
    lines = [_line(one) for one in done]
    if any((folder / IMPORTS).glob("*.csv")):
        lines.append(f"What could not be carried over, or has to be looked at, is listed in {folder / IMPORTS}.")
    if left:
        lines.append(f"{left} of the files belonged to no segment, and were left out.")
    lines.append("A plan that was made before does not know of this; make it again with: migrator translate")
    waiting = left or any(one.members.not_found or one.kept for one in done)
    return Report(tuple(lines), Exit.WAITING if waiting else Exit.DONE)


def _line(one: Imported) -> str:
    name = for_terminal(one.segment.name)
    if one.kept:
        return f"“{name}” keeps what it has: {one.kept}. Replace it with --replace."
    members = one.members
    facts = [f"{members.count or 0:,} members from {for_terminal(one.origin)}"]
    facts += [
        f"{count:,} {what}"
        for count, what in (
            (members.unreadable, "unreadable"),
            (members.duplicates, "repeated"),
            (members.gone, "no longer contacts"),
            (members.not_found, "addresses not found"),
            (members.ambiguous, "addresses of several contacts"),
            (members.inactive, "inactive"),
            (members.excluded or 0, "excluded"),
        )
        if count
    ]
    return f"“{name}”: {', '.join(facts)}."


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
