"""Member lists from files and marketing lists, into an export: all of them, or none.

A list that the organisation itself gave is more trusted than a file, and is kept unless a person wants it replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from migrator.base.errors import UsageError
from migrator.base.ids import NONE, Ids, distinct, joined, packed, texts
from migrator.base.progress import ShowsProgress
from migrator.contracts.export_folder import ExportWriter, Members, MemberSource, member_reader, read_export
from migrator.contracts.legacy_segment import LegacySegment
from migrator.dataverse import lists
from migrator.dataverse.client import Client
from migrator.extractor.directory import Directory, check, resolve
from migrator.extractor.sheets import Kind, as_address, as_id, column_of
from migrator.extractor.sources import Source

IMPORTS = "imports"
"""Folder of an export for lists of what an import could not carry over: addresses and ids of people."""
_CHUNK = 100_000
TRUSTED = (MemberSource.SERVICE, MemberSource.DEPRECATED_READ, MemberSource.ROW)
"""Sources that a file or a list replaces only if a person wants it."""


@dataclass(frozen=True, slots=True)
class Read:
    """What one file holds."""

    kind: Kind
    ids: Ids
    addresses: tuple[str, ...] = ()
    unreadable: int = 0
    """Cells that hold neither."""
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file or list."""

    segment: LegacySegment
    origin: str
    members: Members
    kept: str = ""
    """Why the members that are there were kept; empty when these took their place."""


def read_file(source: Source, column: str) -> Read:
    """The members that one file names.

    Raises:
        UsageError: the file cannot be read; the message says what to do.
    """
    with source.opened() as file, column_of(source.name, file, source.size, column) as found:
        if found.kind is Kind.ADDRESS:
            return _addresses(source.name, found.cells)
        return _ids(source.name, found.cells)


def _ids(name: str, cells: Iterator[str]) -> Read:
    parts: list[Ids] = []
    chunk = []
    unreadable = 0
    for cell in cells:
        found = as_id(cell)
        if found is None:
            unreadable += 1
            continue
        chunk.append(found)
        if len(chunk) == _CHUNK:
            parts.append(packed(chunk))
            chunk = []
    every = joined([*parts, packed(chunk)])
    if unreadable and not len(every):
        raise UsageError(
            f"The column with the members in {name} holds no ids at all. Name another one with --column. "
            "Nothing was imported."
        )
    once = distinct(every)
    return Read(Kind.ID, once, unreadable=unreadable, duplicates=len(every) - len(once))


def _addresses(name: str, cells: Iterator[str]) -> Read:
    found: dict[str, str] = {}
    unreadable = every = 0
    for cell in cells:
        address = as_address(cell)
        if address is None:
            unreadable += 1
            continue
        every += 1
        found.setdefault(address.casefold(), address)
    if unreadable and not found:
        raise UsageError(
            f"The column with the members in {name} holds no e-mail addresses at all. Name another one with --column. "
            "Nothing was imported."
        )
    return Read(Kind.ADDRESS, NONE, tuple(found.values()), unreadable, every - len(found))


async def import_files(
    export: Path,
    files: Sequence[tuple[LegacySegment, Source]],
    column: str,
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
        column: the header of the column, where it is another one than the product's.
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
                read = read_file(source, column)
                ids, members = await _people(writer, segment, source.name, read, directory)
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
    writer: ExportWriter, segment: LegacySegment, origin: str, read: Read, directory: Directory | None
) -> tuple[Ids, Members]:
    """The contacts that a file names, and what there is to say about the others."""
    members = Members(
        MemberSource.FILE, unreadable=read.unreadable, duplicates=read.duplicates, origin=origin.rsplit("/", 1)[-1]
    )
    if read.kind is Kind.ADDRESS:
        if directory is None:
            raise UsageError(
                f"The file {origin} holds e-mail addresses. Name the organisation with --org, so that it can be asked "
                "whose they are. Nothing was imported."
            )
        found = await resolve(directory, read.addresses)
        _note(writer, segment, "not-found", found.not_found)
        _note(writer, segment, "ambiguous", found.ambiguous)
        _note(writer, segment, "inactive", texts(found.inactive))
        return found.ids, replace(
            members,
            checked=True,
            not_found=len(found.not_found),
            ambiguous=len(found.ambiguous),
            inactive=len(found.inactive),
        )
    if directory is None:
        return read.ids, members
    checked = await check(directory, read.ids)
    _note(writer, segment, "gone", texts(checked.gone))
    _note(writer, segment, "inactive", texts(checked.inactive))
    return checked.existing, replace(members, checked=True, gone=len(checked.gone), inactive=len(checked.inactive))


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
