"""Writes an export folder, file by file; the manifest comes last, so that half a folder is no export."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from migrator import __version__
from migrator.base.atomic import private_folder, write_bytes, write_text, writing
from migrator.base.errors import UsageError
from migrator.base.ids import Ids, batches, distinct, packed, texts
from migrator.base.safe_text import for_spreadsheet
from migrator.contracts.export_folder import (
    EXCLUSIONS,
    FORMAT,
    LINES_TOGETHER,
    MANIFEST,
    MEMBER_HEADER,
    METADATA,
    SEGMENTS,
    OrganisationRef,
    check_file,
    list_name,
    manifest_of,
    read_export,
)
from migrator.contracts.members import AsOf, Excluding, Members, MemberSource, as_of_entry, entry_of, members_of
from migrator.contracts.tables import TableRead
from migrator.contracts.tables import to_json as table_to_json
from migrator.mql.schema import Schema, schema_to_json

_DONE = ".done"
"""Folder of notes about the lists that an extraction has read, until it ends."""


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
        self._limited: tuple[str, ...] = ()
        self._note_what_is_there()
        # What a finished export said before must not vouch for a half-written one.
        (self.folder / MANIFEST).unlink(missing_ok=True)

    def _note_what_is_there(self) -> None:
        """Keep what a finished export says about its member lists as notes for `goes_on`."""
        try:
            manifest = manifest_of(self.folder)
            of = {"organisation": str(manifest["organisation"]["id"])}
            entries = {UUID(key): of | dict(entry) for key, entry in manifest.get("members", {}).items()}
            for segment, entry in entries.items():
                names = {key: list_name(segment, entry, key) for key in ("file", "exclusions")}
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
        export, manifest = read_export(folder), manifest_of(folder)
        writer = cls.__new__(cls)
        writer.folder = folder
        writer._organisation, writer._extracted_at = export.organisation, str(manifest.get("extracted_at", ""))
        writer._files = {name: str(entry["sha256"]) for name, entry in manifest["files"].items()}
        entries = {UUID(key): entry for key, entry in manifest.get("members", {}).items()}
        writer._members = {key: members_of(entry) for key, entry in entries.items()}
        writer._lists = {key: str(entry["file"]) for key, entry in entries.items() if "file" in entry}
        writer._exclusions = {key: str(entry["exclusions"]) for key, entry in entries.items() if "exclusions" in entry}
        writer._as_of = {key: read for key, entry in entries.items() if (read := as_of_entry(entry))}
        writer._notes = {}
        writer._tables = dict(export.rows)
        writer._segments = len(export.segments)
        writer._limited = export.limited_to
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
            members = members_of(entry)
            for name, digest in files.items():
                check_file(self.folder, name, digest)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, UsageError):
            return None
        before = as_of_entry(entry)
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

    def note(self, name: str, rows: Iterable[Sequence[str]], header: Sequence[str], *, more: bool = False) -> None:
        """A table that people look into, written by `finish`; without rows there is no such file then.

        Args:
            name: the file, below the export folder.
            rows: its lines, as texts.
            header: its columns.
            more: whether they come after the lines that the file has already, instead of taking their place.
        """
        lines = [",".join(map(_cell, row)) for row in rows]
        path = self.folder / name
        there = path.read_bytes() if more and path.exists() else b""
        text = "\r\n".join([*lines, ""] if there else [",".join(header), *lines, ""])
        if lines:
            self._notes[name] = there + text.encode("utf-8" if there else "utf-8-sig", "replace")
        else:
            self._notes[name] = there

    def limited_to(self, filters: Iterable[str]) -> None:
        """Say by which filters the extraction was limited, as options of the command line."""
        self._limited = tuple(filters)

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
        if self._limited:
            manifest["limited_to"] = list(self._limited)
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
        return entry_of(self._members[segment]) | said

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
    for part in batches(ids, LINES_TOGETHER):
        yield "".join(f"{text}\n" for text in texts(part)).encode()
