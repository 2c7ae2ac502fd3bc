"""Member lists from files and marketing lists, into an export: all of them, or none.

A list that the organisation itself gave is more trusted than a file, and is kept unless a person wants it replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from migrator.base.errors import UsageError
from migrator.base.ids import Ids, distinct, joined, texts
from migrator.base.progress import ShowsProgress
from migrator.contracts.export_folder import ExportWriter, Members, MemberSource, member_reader, read_export
from migrator.contracts.legacy_segment import LegacySegment
from migrator.dataverse import lists
from migrator.dataverse.client import Client
from migrator.extractor.directory import Directory, check, resolve
from migrator.extractor.reading.answers import Answers
from migrator.extractor.reading.result import Table
from migrator.extractor.reading.spelling import address_key
from migrator.extractor.reading.table import read_table
from migrator.extractor.sources import Source

IMPORTS = "imports"
"""Folder of an export for lists of what an import could not carry over: addresses and ids of people."""
TRUSTED = (MemberSource.SERVICE, MemberSource.DEPRECATED_READ, MemberSource.ROW)
"""Sources that a file or a list replaces only if a person wants it."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file or list."""

    segment: LegacySegment
    origin: str
    members: Members
    kept: str = ""
    """Why the members that are there were kept; empty when these took their place."""


def read_file(source: Source, answers: Answers) -> Table:
    """What one file holds, and what every row of it became.

    Raises:
        UsageError: the file cannot be read; the message says what to do.
    """
    with source.opened() as file:
        return read_table(source.name, file, source.size, answers)


def _decided(table: Table) -> Table:
    """The table, where nothing in it waits for an answer.

    Raises:
        UsageError: something does.
    """
    if table.questions:
        raise UsageError("\n".join(question.text for question in table.questions))
    return table


def _addresses_once(table: Table) -> list[str]:
    """Each address once, as it is written where it came first."""
    found: dict[str, str] = {}
    for address in table.addresses:
        found.setdefault(address_key(address), address)
    return list(found.values())


async def import_files(
    export: Path,
    files: Sequence[tuple[LegacySegment, Source]],
    answers: Answers,
    directory: Directory | None,
    progress: ShowsProgress,
    *,
    replacing: bool,
    excluding: bool,
) -> list[Imported]:
    """Put the members that files name into an export; it changes only when all of them have been read.

    Args:
        export: the folder.
        files: each with its segment.
        answers: what a person has said about columns, sheets and hidden rows.
        directory: who knows the contacts; None where nobody can be asked, and then addresses cannot be resolved.
        progress: where to say how far it is.
        replacing: whether lists of more trusted sources are replaced.
        excluding: whether these are people to leave out.

    Raises:
        UsageError: a file cannot be read. The export is as it was.
        DataverseError: the organisation cannot be asked. The export is as it was.
    """
    writer = ExportWriter.reopen(export)
    done = []
    with progress.step("Importing members", len(files)) as step:
        for segment, source in files:
            known = writer.known(segment.id)
            if not excluding and (kept := _kept(known, replacing)):
                done.append(Imported(segment, source.name, known, kept))
            else:
                table = _decided(read_file(source, answers))
                ids, members = await _people(writer, segment, source.name, table, directory)
                if excluding:
                    members = writer.exclusions(segment.id, ids)
                else:
                    members = writer.members(segment.id, ids, replace(members, excluded=known.excluded))
                done.append(Imported(segment, source.name, members))
            step.advance()
    writer.finish()
    return done


async def import_list(
    export: Path, segment: LegacySegment, name: str, client: Client, directory: Directory, *, replacing: bool
) -> Imported:
    """Put the members of a marketing list into an export.

    Raises:
        UsageError: there is no such list, or it holds no contacts itself.
        DataverseError: the organisation cannot be asked.
    """
    found = await lists.retrieve_lists(client, name)
    if len(found) != 1:
        why = "There is no marketing list" if not found else f"{len(found)} marketing lists are"
        raise UsageError(
            f"{why} called “{name}”. Name the one that you mean by its id: "
            f"{', '.join(str(one.id) for one in found) or 'it stands in its address'}. Nothing was imported."
        )
    (chosen,) = found
    if chosen.dynamic or not chosen.of_contacts:
        what = "is dynamic: its members come from a query" if chosen.dynamic else "is not one of contacts"
        raise UsageError(f"The marketing list “{chosen.name}” {what}. Nothing was imported.")
    writer = ExportWriter.reopen(export)
    known = writer.known(segment.id)
    if kept := _kept(known, replacing):
        return Imported(segment, chosen.name, known, kept)
    ids = await lists.retrieve_members(client, chosen.id)
    checked = await check(directory, ids)
    members = Members(
        MemberSource.LIST,
        origin=chosen.name,
        checked=True,
        gone=len(checked.gone),
        inactive=len(checked.inactive),
        excluded=known.excluded,
    )
    _note(writer, segment, "gone", texts(checked.gone))
    _note(writer, segment, "inactive", texts(checked.inactive))
    members = writer.members(segment.id, checked.existing, members)
    writer.finish()
    return Imported(segment, chosen.name, members)


def _kept(known: Members, replacing: bool) -> str:
    if known.source in TRUSTED and known.known and not replacing:
        return f"its {known.count or 0:,} members were read from a more trusted source ({known.source})"
    return ""


async def _people(
    writer: ExportWriter, segment: LegacySegment, origin: str, table: Table, directory: Directory | None
) -> tuple[Ids, Members]:
    """The contacts that a file names, and what there is to say about the others."""
    once, addresses = distinct(table.ids), _addresses_once(table)
    repeated = len(table.ids) - len(once) + len(table.addresses) - len(addresses)
    members = Members(
        MemberSource.FILE, unreadable=len(table.unreadable), duplicates=repeated, origin=origin.rsplit("/", 1)[-1]
    )
    if directory is None:
        if addresses:
            raise UsageError(
                f"The file {origin} holds e-mail addresses. Name the organisation with --org, so that it can be asked "
                "whose they are. Nothing was imported."
            )
        return once, members
    checked = await check(directory, once)
    _note(writer, segment, "gone", texts(checked.gone))
    resolved = await resolve(directory, addresses)
    if addresses:
        _note(writer, segment, "not-found", resolved.not_found)
        _note(writer, segment, "ambiguous", resolved.ambiguous)
    inactive = distinct(joined([checked.inactive, resolved.inactive]))
    _note(writer, segment, "inactive", texts(inactive))
    return distinct(joined([checked.existing, resolved.ids])), replace(
        members,
        checked=True,
        gone=len(checked.gone),
        not_found=len(resolved.not_found),
        ambiguous=len(resolved.ambiguous),
        inactive=len(inactive),
    )


def _note(writer: ExportWriter, segment: LegacySegment, kind: str, entries: Sequence[str]) -> None:
    """List what is not carried over, or what has to be looked at, in the export."""
    writer.note(f"{IMPORTS}/{segment.id}-{kind}.csv", entries)


async def check_members(export: Path, directory: Directory, progress: ShowsProgress) -> int:
    """Leave out contacts that no longer exist from lists that nobody has checked yet; gives how many lists these were.

    Raises:
        UsageError: the export cannot be read.
        DataverseError: the organisation cannot be asked. The export is as it was.
    """
    read, content = member_reader(export), read_export(export)
    wanted = [
        segment
        for segment in content.segments
        if (members := content.members[segment.id]).known and _unchecked(members) and members.count
    ]
    if not wanted:
        return 0
    writer = ExportWriter.reopen(export)
    with progress.step("Checking contacts", len(wanted)) as step:
        for segment in wanted:
            checked = await check(directory, read(segment.id))
            members = replace(
                content.members[segment.id],
                checked=True,
                gone=len(checked.gone),
                inactive=len(checked.inactive),
            )
            _note(writer, segment, "gone", texts(checked.gone))
            _note(writer, segment, "inactive", texts(checked.inactive))
            if len(checked.gone):
                writer.members(segment.id, checked.existing, members)
            else:
                writer.no_members(segment.id, members)
            step.advance()
    writer.finish()
    return len(wanted)


def _unchecked(members: Members) -> bool:
    """The service gives contacts that exist; rows, files and lists may be older than their deletion."""
    return not members.checked and members.source in (MemberSource.ROW, MemberSource.FILE, MemberSource.LIST)
