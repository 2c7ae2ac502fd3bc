"""The export folder: writes it and reads it (docs/export-format.md).

manifest.json               written last: a folder without it is only half an export
segments.jsonl              one raw row of msdyncrm_segment a line
members/<segment id>.csv    one column, contactid; the manifest may name another file
metadata.json               tables, columns, relationships
tables/*.csv                optional: rows of those tables; tables/<name>/*.parquet where an extraction read them
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from functools import cache
from itertools import count, islice
from pathlib import Path
from typing import Any, Protocol, TypeVar
from uuid import UUID

import numpy as np

from migrator import __version__
from migrator.base.atomic import private_folder, write_bytes, write_text, writing
from migrator.base.cells import identity
from migrator.base.errors import UsageError
from migrator.base.ids import Ids, batches, distinct, from_texts, joined, packed, texts
from migrator.base.safe_text import for_spreadsheet
from migrator.contracts.legacy_segment import LegacySegment, segment_of
from migrator.contracts.tables import TableRead, is_table_part
from migrator.contracts.tables import from_json as table_from_json
from migrator.contracts.tables import to_json as table_to_json
from migrator.contracts.twins import TWINS, Twins, twins_from_json
from migrator.contracts.usage import USAGE, Usage, usage_from_json
from migrator.contracts.versions import Format
from migrator.mql.schema import Schema, schema_to_json

T = TypeVar("T")

MANIFEST_FORMAT = Format()
FORMAT = MANIFEST_FORMAT.number
MANIFEST, SEGMENTS, METADATA = "manifest.json", "segments.jsonl", "metadata.json"
MEMBER_HEADER = "contactid"
EXCLUSIONS = "-exclusions"
"""At the end of the name of a list of exclusions."""
_DONE = ".done"
"""Folder of notes about the lists that an extraction has read, until it ends."""


class MemberSource(StrEnum):
    """Where the member list of a legacy segment came from, most trusted first."""

    SERVICE = "service"
    """The outbound service, through msdyncrm_FetchContactsByQuery."""
    DEPRECATED_READ = "deprecated-read"
    """The outbound service, through the FetchXML read on contacts that the seed calls deprecated."""
    ROW = "row"
    """The segment's own column msdyncrm_segmentmemberids."""
    FILE = "file"
    """A file that somebody exported in time."""
    LIST = "list"
    """A marketing list, named for the segment by a person."""
    NONE = "none"
    """Nothing could be read: the members are unknown, which is not the same as none."""
    NOT_READ = "not-read"
    """Nobody asked: the segment was left out by a filter, or never had members (a draft)."""

    @property
    def named(self) -> bool:
        """Whether a person said which list is the segment's."""
        return self in (MemberSource.FILE, MemberSource.LIST)


@dataclass(frozen=True, slots=True)
class Excluding:
    """What became of the entries of the files that exclude people from one legacy segment."""

    origin: str = ""
    """The names of the files."""
    unreadable: int = 0
    duplicates: int = 0
    set_aside: int = 0
    checked: bool = False
    gone: int = 0
    not_found: int = 0
    ambiguous: int = 0
    accepted: tuple[str, ...] = ()
    question: str = ""
    """Each as in `Members`."""


@dataclass(frozen=True, slots=True)
class Members:
    """What is known about the members of one legacy segment."""

    source: MemberSource
    count: int | None = None
    """Distinct contact ids in `members/<segment id>.csv`; None when there is no such file."""
    unreadable: int = 0
    """Entries of the source that are no ids."""
    duplicates: int = 0
    """Entries of the source that repeat an id."""
    pending: float | None = None
    """Seconds waited for pending member operations that had not ended then; None when there were none."""
    reason: str = ""
    """Why nothing could be read, in words."""
    origin: str = ""
    """The name of the file or of the list."""
    checked: bool = False
    """Whether the organisation was asked if all these contacts exist."""
    gone: int = 0
    """Ids of contacts that no longer exist; left out."""
    not_found: int = 0
    """E-mail addresses that no contact has."""
    ambiguous: int = 0
    """E-mail addresses that several contacts have; each of these contacts is a member."""
    inactive: int = 0
    """Members that are inactive contacts, where that is known."""
    excluded: int | None = None
    """Distinct contact ids in the list of exclusions; None when there is none."""
    excluding: Excluding | None = None
    """What became of the entries of that list's files; None when there is none, or nobody knows."""
    set_aside: int = 0
    """Hidden rows of a file that a person wants to be left out."""
    accepted: tuple[str, ...] = ()
    """Kinds of doubt (`contracts.doubts`) that a person has accepted."""
    question: str = ""
    """What has to be answered before a file that belongs to the segment gives members; empty where nothing has."""
    unanswered: bool = False
    """Whether the service did not answer (5xx), so that an extraction into the same folder asks it again."""

    @property
    def known(self) -> bool:
        """Whether a member list was read at all (it may be empty)."""
        return self.count is not None


@dataclass(frozen=True, slots=True)
class AsOf:
    """What a segment's row said when its members were read: a list is outdated where one of these is another."""

    organisation: UUID
    modified_on: str
    size: int | None


@dataclass(frozen=True, slots=True)
class OrganisationRef:
    """The organisation that an export was taken from, or a plan is made for."""

    id: UUID
    url: str

    def answers_as(self, organisation_id: UUID) -> bool:
        """Whether an organisation that answers with this id is the same one.

        The id decides, nothing else: one organisation has several addresses, and a copy has an id of its own.
        """
        return self.id == organisation_id


@dataclass(frozen=True, slots=True)
class Export:
    """An export folder, read: everything the translator may look at."""

    organisation: OrganisationRef
    fingerprint: str
    """SHA-256 over the manifest's checksums and all that it says of members: exports with the same one are the same."""
    segments: tuple[LegacySegment, ...]
    members: Mapping[UUID, Members]
    tables: Mapping[str, Any]
    """`metadata.json` as it stands; `mql.schema` gives it its type."""
    fingerprint_1: str = ""
    """The fingerprint as version 0.1.0 took it, over the checksums alone: plans that it made name this one."""
    extracted_at: str = ""
    """When it was made, UTC, ISO 8601; empty where nobody wrote it down."""
    usage: Usage | None = None
    """Which journeys use which segment; None where nobody looked, so that it is unknown."""
    twins: Twins | None = None
    """Real-time segments that are there already; None where nobody looked."""
    rows: Mapping[str, TableRead] = field(default_factory=dict)
    """The tables whose rows it holds, or for which it says why not, by logical name."""


class ReadMembers(Protocol):
    """Gives the member ids of one legacy segment, in the order of the file."""

    def __call__(self, segment: UUID, first: int = 0, count: int | None = None, *, excluded: bool = False) -> Ids:
        """At most `count` ids, from position `first` (counted from 0) on; of the exclusions, if that is asked."""


# --- writing ---------------------------------------------------------------------------------------------------------


class ExportWriter:
    """Writes one export folder, file by file; only `finish` makes it an export.

    What another writer has left there of member lists can be taken over (`goes_on`): one that never finished, so that
    an interrupted extraction goes on, and one that did, so that only what is missing or outdated is read again.
    """

    def __init__(self, folder: Path, organisation: OrganisationRef, extracted_at: str) -> None:
        self.folder = private_folder(folder)
        self._organisation = organisation
        self._extracted_at = extracted_at
        self._files: dict[str, str] = {}
        self._members: dict[UUID, Members] = {}
        self._lists: dict[UUID, str] = {}
        self._exclusions: dict[UUID, str] = {}
        self._as_of: dict[UUID, AsOf] = {}
        self._notes: dict[str, bytes] = {}
        self._tables: dict[str, TableRead] = {}
        self._segments = 0
        self._note_what_is_there()
        # What a finished export said before must not vouch for a half-written one.
        (self.folder / MANIFEST).unlink(missing_ok=True)

    def _note_what_is_there(self) -> None:
        """Keep what a finished export says about its member lists as notes for `goes_on`."""
        try:
            manifest = _manifest(self.folder)
            of = {"organisation": str(manifest["organisation"]["id"])}
            entries = {UUID(key): of | dict(entry) for key, entry in manifest.get("members", {}).items()}
            for segment, entry in entries.items():
                names = {key: _list_name(segment, entry, key) for key in ("file", "exclusions")}
                files = {name: str(manifest["files"][name]["sha256"]) for name in names.values() if name}
                self._note(segment, entry | {key: name for key, name in names.items() if name}, files)
        except (UsageError, ValueError, KeyError, TypeError):
            return  # no export: nothing to go on with

    def _note(self, segment: UUID, entry: Mapping[str, Any], files: Mapping[str, str]) -> None:
        private_folder(self.folder / _DONE)
        note = {"members": entry, "files": files}
        write_text(self.folder / _DONE / f"{segment}.json", json.dumps(note, ensure_ascii=False))

    @classmethod
    def reopen(cls, folder: Path) -> ExportWriter:
        """Change a finished export. Until `finish` it stays as it was; then it is as it was changed.

        Raises:
            UsageError: it is no whole export.
        """
        export, manifest = read_export(folder), _manifest(folder)
        writer = cls.__new__(cls)
        writer.folder = folder
        writer._organisation, writer._extracted_at = export.organisation, str(manifest.get("extracted_at", ""))
        writer._files = {name: str(entry["sha256"]) for name, entry in manifest["files"].items()}
        entries = {UUID(key): entry for key, entry in manifest.get("members", {}).items()}
        writer._members = {key: _members(entry) for key, entry in entries.items()}
        writer._lists = {key: str(entry["file"]) for key, entry in entries.items() if "file" in entry}
        writer._exclusions = {key: str(entry["exclusions"]) for key, entry in entries.items() if "exclusions" in entry}
        writer._as_of = {key: read for key, entry in entries.items() if (read := _as_of(entry))}
        writer._notes = {}
        writer._tables = dict(export.rows)
        writer._segments = len(export.segments)
        return writer

    def goes_on(self, segment: UUID, as_of: AsOf) -> Members | None:
        """What there is already about the members of a segment; None where they have to be read (again).

        A list is taken over if it is whole, and if the row says of the segment what it said then (`as_of`). Of lists
        from files and marketing lists a person has said whose they are: they are taken over in any case. What the
        service did not answer, and what nobody asked for, is read.
        """
        try:
            note = json.loads((self.folder / _DONE / f"{segment}.json").read_bytes())
            entry, files = note["members"], dict(note["files"])
            members = _members(entry)
            for name, digest in files.items():
                _check_file(self.folder, name, digest)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, UsageError):
            return None
        before = _as_of(entry)
        named = members.source.named and before and before.organisation
        same = before == as_of or named == as_of.organisation
        if not same or members.unanswered or members.source is MemberSource.NOT_READ:
            return None
        self._files |= files
        self._members[segment] = members
        if "file" in entry:
            self._lists[segment] = str(entry["file"])
        if "exclusions" in entry:
            self._exclusions[segment] = str(entry["exclusions"])
        return members

    def read_as_of(self, segment: UUID, as_of: AsOf) -> None:
        """Record what the segment's row said when its members were read."""
        self._as_of[segment] = as_of

    def segments(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write the raw rows of `msdyncrm_segment`, sorted by id."""
        ordered = sorted(rows, key=lambda row: str(row.get("msdyncrm_segmentid", "")).lower())
        self._segments = len(ordered)
        self.file(SEGMENTS, b"".join(_row(row) for row in ordered))

    def members(self, segment: UUID, ids: Ids | Iterable[UUID], members: Members, *, notes: bool = False) -> Members:
        """Write one member list; ids that come twice are written once. Gives `members` with the count.

        `notes` keeps what was written for `goes_on`.

        Args:
            segment: the legacy segment's id.
            ids: the contacts' ids, in any order.
            members: what is known about the list; its count is set.
            notes: whether what was written is kept for `goes_on`.
        """
        once = distinct(ids if isinstance(ids, np.ndarray) else packed(ids))
        name = self._list(segment, "", self._lists)
        self._files[name] = self._write(name, once)
        known = replace(members, count=len(once))
        self._members[segment] = known
        if notes:
            self._note(segment, {**self._said(segment), "file": name}, {name: self._files[name]})
        return known

    def exclusions(self, segment: UUID, ids: Ids, excluding: Excluding | None = None) -> Members:
        """Write the list of those who are excluded by name; gives what is known about the segment's members then.

        Args:
            segment: the legacy segment's id.
            ids: the contacts' ids.
            excluding: where they come from and what was doubtful, or None.
        """
        once = distinct(ids)
        name = self._list(segment, EXCLUSIONS, self._exclusions)
        self._files[name] = self._write(name, once)
        self._exclusions[segment] = name
        self._members[segment] = replace(self.known(segment), excluded=len(once), excluding=excluding)
        return self._members[segment]

    def known(self, segment: UUID) -> Members:
        """What is known about the members of a segment."""
        return self._members.get(segment, Members(MemberSource.NOT_READ))

    def no_members(self, segment: UUID, members: Members) -> Members:
        """Record that there is no member list for `segment`, and why."""
        self._members[segment] = members
        return members

    def metadata(self, schema: Schema) -> None:
        """Write the tables and relationships that the queries touch."""
        text = json.dumps(schema_to_json(schema), ensure_ascii=False, indent=1, sort_keys=True)
        self.file(METADATA, text.encode() + b"\n")

    def file(self, name: str, content: bytes) -> None:
        """Write any file of the export and remember its checksum."""
        private_folder((self.folder / name).parent)
        write_bytes(self.folder / name, content)
        self._files[name] = hashlib.sha256(content).hexdigest()

    def table(self, name: str, read: TableRead, checksums: Mapping[str, str]) -> None:
        """Record a table whose rows were read, or why they were not.

        Args:
            name: the table's logical name.
            read: what is known about it.
            checksums: SHA-256 of each of its files, which are written already.
        """
        self._tables[name] = read
        self._files |= checksums

    def note(self, name: str, rows: Iterable[Sequence[str]], header: Sequence[str]) -> None:
        """A table that people look into, written by `finish`; without rows there is no such file then.

        Args:
            name: the file, below the export folder.
            rows: its lines, as texts.
            header: its columns.
        """
        lines = [",".join(map(_cell, row)) for row in rows]
        text = "\r\n".join([",".join(header), *lines, ""])
        self._notes[name] = text.encode("utf-8-sig", "replace") if lines else b""

    def finish(self) -> None:
        """Write the manifest: from now on the folder is an export, or the changed one."""
        known = [members.count for members in self._members.values() if members.count is not None]
        manifest = {
            "format": FORMAT,
            "tool_version": __version__,
            "organisation": {"id": str(self._organisation.id), "url": self._organisation.url},
            "extracted_at": self._extracted_at,
            "counts": {"segments": self._segments, "member_lists": len(known), "members": sum(known)},
            "files": {name: {"sha256": digest} for name, digest in sorted(self._files.items())},
            "members": {
                str(segment): self._said(segment)
                | ({"file": self._lists[segment]} if segment in self._lists else {})
                | ({"exclusions": self._exclusions[segment]} if segment in self._exclusions else {})
                for segment in sorted(self._members)
            },
        }
        if self._tables:
            manifest["tables"] = {name: table_to_json(self._tables[name]) for name in sorted(self._tables)}
        write_text(self.folder / MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1) + "\n")
        for name, content in self._notes.items():
            self._files.pop(name, None)
            (self.folder / name).unlink(missing_ok=True)
            if content:
                private_folder((self.folder / name).parent)
                write_bytes(self.folder / name, content)
        shutil.rmtree(self.folder / _DONE, ignore_errors=True)
        for path in (self.folder / "members").glob("*.csv"):
            if f"members/{path.name}" not in self._files:
                path.unlink()  # an older list, or one of an import that never ended
        for path in (self.folder / "tables").glob("*/*.parquet"):
            if f"tables/{path.parent.name}/{path.name}" not in self._files:
                path.unlink()  # a part of an older reading

    def _said(self, segment: UUID) -> dict[str, Any]:
        """What the manifest says about the members of a segment, but for the names of files."""
        read = self._as_of.get(segment)
        said: dict[str, Any] = {}
        if read is not None:
            said = {"organisation": str(read.organisation), "modifiedon": read.modified_on, "size": read.size}
        return _entry(self._members[segment]) | said

    def _list(self, segment: UUID, ending: str, names: dict[UUID, str]) -> str:
        """The name for a new list. The file of a finished export is never written over: its manifest vouches for it."""
        usual = f"members/{segment}{ending}.csv"
        old = names.get(segment, usual)
        if old not in self._files:
            return usual
        del self._files[old]
        taken = set(self._files) | {old}
        names[segment] = next(name for n in count(2) if (name := f"members/{segment}{ending}-{n}.csv") not in taken)
        return names[segment]

    def _write(self, name: str, ids: Ids) -> str:
        private_folder(self.folder / "members")
        digest = hashlib.sha256()
        with writing(self.folder / name) as file:
            for lines in _lines(ids):
                digest.update(lines)
                file.write(lines)
        return digest.hexdigest()


def _cell(text: str) -> str:
    safe = for_spreadsheet(text)
    return '"' + safe.replace('"', '""') + '"' if any(sign in safe for sign in ',;"\r\n') else safe


def _row(row: Mapping[str, Any]) -> bytes:
    """One line of `segments.jsonl`. Half an emoji is no text that UTF-8 knows: it is written as its escape."""
    try:
        return (json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n").encode()
    except UnicodeEncodeError:
        return (json.dumps(row, sort_keys=True) + "\n").encode()


def _lines(ids: Ids) -> Iterator[bytes]:
    yield f"{MEMBER_HEADER}\n".encode()
    for part in batches(ids, _LINES):
        yield "".join(f"{text}\n" for text in texts(part)).encode()


def _entry(members: Members) -> dict[str, Any]:
    """What the manifest says about a member list; what is nothing is left out, but for a count of nobody."""
    said = {key: value for key, value in asdict(members).items() if value not in (None, "", 0, ())}
    kept = {key: value for key in ("count", "excluded") if (value := getattr(members, key)) is not None}
    return said | kept


# --- reading ---------------------------------------------------------------------------------------------------------


def read_export(folder: Path) -> Export:
    """Read and check an export folder.

    Raises:
        UsageError: the folder is missing, half-written, of a newer format, or not what its manifest says.
    """
    manifest = _manifest(folder)
    files: Mapping[str, Any] = manifest["files"]
    lines = {name: _check_file(folder, name, _checksum(folder, name, entry)) for name, entry in files.items()}
    if SEGMENTS not in files:
        raise UsageError(f"The export {folder} holds no {SEGMENTS}. Extract again.")
    metadata = json.loads((folder / METADATA).read_bytes()) if METADATA in files else {}
    # Rows of tables are looked at, and no plan is made of them: they may come later.
    named = (name for name in sorted(files) if not is_table_part(name))
    checksums = "\n".join(f"{name} {files[name]['sha256']}" for name in named)
    entries = manifest.get("members", {})
    try:
        organisation = OrganisationRef(UUID(manifest["organisation"]["id"]), str(manifest["organisation"]["url"]))
        members = {UUID(key): _members(value) for key, value in entries.items()}
        rows = {str(key): table_from_json(value) for key, value in manifest.get("tables", {}).items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _broken(folder, f"{MANIFEST} has no readable {error}") from error
    for segment, entry in zip(members, entries.values(), strict=True):
        _check_lists(folder, segment, entry, lines)
    segments = tuple(_segments(folder))
    before = hashlib.sha256(f"{organisation.id}\n{checksums}".encode()).hexdigest()
    said = json.dumps(entries, sort_keys=True)
    return Export(
        organisation=organisation,
        fingerprint=f"2:{hashlib.sha256(f'{before}{said}'.encode()).hexdigest()}",
        fingerprint_1=before,
        segments=segments,
        members={segment.id: members.get(segment.id, Members(MemberSource.NOT_READ)) for segment in segments},
        tables=metadata,
        extracted_at=str(manifest.get("extracted_at", "")),
        rows=rows,
        usage=_part(folder, files, USAGE, usage_from_json),
        twins=_part(folder, files, TWINS, twins_from_json),
    )


def _part(folder: Path, files: Mapping[str, Any], name: str, read: Callable[[Any, str], T]) -> T | None:
    """A file that an export may have, read; None where it has none."""
    if name not in files:
        return None
    try:
        return read(json.loads((folder / name).read_bytes()), f"{name} of the export {folder}")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _broken(folder, f"{name} cannot be read ({error})") from error


def _check_lists(folder: Path, segment: UUID, entry: Mapping[str, Any], lines: Mapping[str, int]) -> None:
    """A list of members has a checksum, so it is in the folder, and it has as many lines as the manifest counts."""
    for key, counted in (("file", "count"), ("exclusions", "excluded")):
        if not (name := _list_name(segment, entry, key)):
            continue
        if name not in lines:
            raise _broken(folder, f"{MANIFEST} names {name} for the segment {segment}, but has no checksum for it")
        if (found := lines[name] - 1) != entry[counted]:
            raise _broken(folder, f"{MANIFEST} counts {entry[counted]} ids in {name}, which has {max(found, 0)}")


def member_file(folder: Path, segment: UUID, *, excluded: bool = False) -> Path | None:
    """The file with the members of a segment, or with those who are excluded; None where there is none.

    Args:
        folder: the export folder.
        segment: the legacy segment's id.
        excluded: whether those who are excluded are meant.

    Raises:
        UsageError: the export cannot be read.
    """
    entry: Mapping[str, Any] = _manifest(folder).get("members", {}).get(str(segment), {})
    name = _list_name(segment, entry, "exclusions" if excluded else "file")
    return _inside(folder, name) if name else None


def member_files(folder: Path) -> dict[UUID, tuple[Path, Path | None]]:
    """Of each segment whose members are known: the file with them, and the one with those who are excluded, if any.

    Raises:
        UsageError: the export cannot be read.
    """
    found: dict[UUID, tuple[Path, Path | None]] = {}
    for key, entry in _manifest(folder).get("members", {}).items():
        name, out = (_list_name(UUID(key), entry, kind) for kind in ("file", "exclusions"))
        if name:
            found[UUID(key)] = _inside(folder, name), _inside(folder, out) if out else None
    return found


def member_reader(folder: Path) -> ReadMembers:
    """A function that reads the member list of one segment of this export, or a part of it.

    Raises:
        UsageError: the export cannot be read.
    """
    entries: Mapping[str, Any] = _manifest(folder).get("members", {})
    place = cache(Path.resolve)

    def read(segment: UUID, first: int = 0, count: int | None = None, *, excluded: bool = False) -> Ids:
        entry = entries.get(str(segment), {})
        name = entry.get("exclusions" if excluded else "file", f"members/{segment}{EXCLUSIONS if excluded else ''}.csv")
        with _inside(folder, name, place).open(encoding="ascii") as file:
            lines = islice(file, 1 + first, None if count is None else 1 + first + count)
            parts: list[Ids] = []
            while part := [line.strip() for line in islice(lines, _LINES)]:
                try:
                    parts.append(from_texts(part))
                except ValueError:
                    at = next(at for at, text in enumerate(part) if identity(text) is None)
                    number = 2 + first + _LINES * len(parts) + at
                    raise _broken(folder, f"{name}, line {number}, is no id") from None
            return joined(parts)

    return read


_LINES = 10_000
"""Lines of a member list that are read together."""


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not folder.is_dir():
        raise UsageError(
            f"There is no export folder {folder}. Check the path, or extract with: migrator extract --org URL"
        )
    if not path.is_file():
        what = "is only half written" if (folder / SEGMENTS).exists() else "is no export"
        raise UsageError(f"The folder {folder} {what}: it has no {MANIFEST}. Extract again; nothing was changed.")
    try:
        manifest = MANIFEST_FORMAT.of_now(json.loads(path.read_bytes()), f"The export {folder}")
        if not isinstance(manifest["files"], dict):
            raise TypeError("files")
    except (ValueError, KeyError, TypeError) as error:
        raise _broken(folder, f"{MANIFEST} cannot be read ({error})") from error
    return manifest


def _checksum(folder: Path, name: str, entry: Any) -> str:
    if not isinstance(entry, dict) or not isinstance(entry.get("sha256"), str):
        raise _broken(folder, f"{MANIFEST} has no checksum for {name}")
    return str(entry["sha256"])


def _inside(folder: Path, name: str, place: Callable[[Path], Path] = Path.resolve) -> Path:
    """The path of a file of the export, wherever links lead. `place` may remember where folders lie for as long as
    one reader lives, and no longer: relative paths mean another folder once the current one has changed."""
    path = folder / name
    real = path.resolve() if path.name == ".." or path.is_symlink() else place(path.parent) / path.name
    if not real.is_relative_to(place(folder)):
        raise _broken(folder, f"{MANIFEST} names a file outside of the folder: {name}")
    return path


def _check_file(folder: Path, name: str, sha256: str) -> int:
    """Compare a file with its checksum; gives how many lines it has."""
    digest, lines = hashlib.sha256(), 0
    try:
        with _inside(folder, name).open("rb") as file:
            while part := file.read(2**20):
                digest.update(part)
                lines += part.count(b"\n")
    except OSError as error:
        raise _broken(folder, f"{name} cannot be read ({error.strerror})") from error
    if digest.hexdigest() != sha256:
        raise _broken(folder, f"{name} is not what it was when the export was made")
    return lines


def _broken(folder: Path, what: str) -> UsageError:
    return UsageError(
        f"The export {folder} is damaged: {what}. Extract again, or copy the folder again from its origin."
    )


def _list_name(segment: UUID, entry: Mapping[str, Any], key: str) -> str:
    """The file of a member list (`file`) or of exclusions (`exclusions`); empty where there is none."""
    count, ending = ("count", "") if key == "file" else ("excluded", EXCLUSIONS)
    if entry.get(count) is None:
        return ""
    return str(entry.get(key, f"members/{segment}{ending}.csv"))


def _as_of(entry: Mapping[str, Any]) -> AsOf | None:
    try:
        organisation = UUID(str(entry["organisation"]))
    except (KeyError, ValueError):
        return None
    return AsOf(organisation, str(entry.get("modifiedon", "")), _number(entry.get("size")))


def _members(entry: Mapping[str, Any]) -> Members:
    return Members(
        source=MemberSource(entry["source"]),
        count=_number(entry.get("count")),
        unreadable=int(entry.get("unreadable", 0)),
        duplicates=int(entry.get("duplicates", 0)),
        pending=entry.get("pending"),
        reason=str(entry.get("reason", "")),
        origin=str(entry.get("origin", "")),
        checked=bool(entry.get("checked", False)),
        gone=int(entry.get("gone", 0)),
        not_found=int(entry.get("not_found", 0)),
        ambiguous=int(entry.get("ambiguous", 0)),
        inactive=int(entry.get("inactive", 0)),
        excluded=_number(entry.get("excluded")),
        excluding=_excluding(entry.get("excluding")),
        set_aside=int(entry.get("set_aside", 0)),
        accepted=tuple(map(str, entry.get("accepted", ()))),
        question=str(entry.get("question", "")),
        unanswered=bool(entry.get("unanswered", False)),
    )


def _excluding(entry: Any) -> Excluding | None:
    if entry is None:
        return None
    counts = ("unreadable", "duplicates", "set_aside", "gone", "not_found", "ambiguous")
    return Excluding(
        origin=str(entry.get("origin", "")),
        checked=bool(entry.get("checked", False)),
        accepted=tuple(map(str, entry.get("accepted", ()))),
        question=str(entry.get("question", "")),
        **{name: int(entry.get(name, 0)) for name in counts},
    )


def _segments(folder: Path) -> Iterator[LegacySegment]:
    seen: set[UUID] = set()
    with (folder / SEGMENTS).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                segment = segment_of(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise _broken(folder, f"{SEGMENTS}, line {number}, is no segment row ({error})") from error
            if segment.id in seen:
                raise _broken(folder, f"{SEGMENTS}, line {number}, repeats the segment {segment.id}")
            seen.add(segment.id)
            yield segment


def _number(value: Any) -> int | None:
    return None if value is None or value == "" else int(value)
