"""The export folder: writes it and reads it (docs/export-format.md).

manifest.json               written last: a folder without it is only half an export
segments.jsonl              one raw row of msdyncrm_segment a line
members/<segment id>.csv    one column, contactid
metadata.json               tables, columns, relationships
tables/*.csv                optional: rows of those tables
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from migrator import __version__
from migrator.atomic import private_folder, write_bytes, write_text, writing
from migrator.errors import UsageError
from migrator.ids import Ids, from_texts, joined
from migrator.model import Export, LegacySegment, Members, MemberSource, Organisation, ReadMembers
from migrator.mql.schema import Schema, schema_to_json

FORMAT = 1
MANIFEST, SEGMENTS, METADATA = "manifest.json", "segments.jsonl", "metadata.json"
MEMBER_HEADER = "contactid"


class ExportWriter:
    """Writes one export folder, file by file; only `finish` makes it an export."""

    def __init__(self, folder: Path, organisation: Organisation, extracted_at: str) -> None:
        self.folder = private_folder(folder)
        self._organisation = organisation
        self._extracted_at = extracted_at
        self._files: dict[str, str] = {}
        self._members: dict[UUID, Members] = {}
        self._segments = 0
        # What a finished export said before must not vouch for a half-written one.
        (self.folder / MANIFEST).unlink(missing_ok=True)

    def segments(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write the raw rows of `msdyncrm_segment`, sorted by id."""
        ordered = sorted(rows, key=lambda row: str(row.get("msdyncrm_segmentid", "")).lower())
        self._segments = len(ordered)
        lines = [json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in ordered]
        self.file(SEGMENTS, "".join(lines).encode())

    def members(self, segment: UUID, ids: Iterable[UUID], members: Members) -> Members:
        """Write one member list; ids that come twice are written once and counted. Gives `members` with the counts."""
        name = f"members/{segment}.csv"
        private_folder(self.folder / "members")
        digest = hashlib.sha256()
        seen: set[bytes] = set()
        total = 0
        with writing(self.folder / name) as file:
            for chunk in _lines(MEMBER_HEADER, ids, seen):
                total += chunk.count(b"\n")
                digest.update(chunk)
                file.write(chunk)
        self._files[name] = digest.hexdigest()
        known = replace(members, count=len(seen))
        self._members[segment] = known
        return known

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

    def finish(self) -> None:
        """Write the manifest: from now on the folder is an export."""
        known = [members.count for members in self._members.values() if members.count is not None]
        manifest = {
            "format": FORMAT,
            "tool_version": __version__,
            "organisation": {"id": str(self._organisation.id), "url": self._organisation.url},
            "extracted_at": self._extracted_at,
            "counts": {"segments": self._segments, "member_lists": len(known), "members": sum(known)},
            "files": {name: {"sha256": digest} for name, digest in sorted(self._files.items())},
            "members": {
                str(segment): {key: value for key, value in asdict(members).items() if value not in (None, "", 0)}
                | ({"count": members.count} if members.count is not None else {})
                for segment, members in sorted(self._members.items())
            },
        }
        write_text(self.folder / MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1) + "\n")


def _lines(header: str, ids: Iterable[UUID], seen: set[bytes], chunk: int = 4096) -> Iterator[bytes]:
    lines = [header]
    for member in ids:
        if member.bytes not in seen:
            seen.add(member.bytes)
            lines.append(str(member))
            if len(lines) >= chunk:
                yield ("\n".join(lines) + "\n").encode()
                lines = []
    if lines:
        yield ("\n".join(lines) + "\n").encode()


# --- reading ---------------------------------------------------------------------------------------------------------


def read_export(folder: Path) -> Export:
    """Read and check an export folder.

    Raises:
        UsageError: the folder is missing, half-written, of a newer format, or not what its manifest says.
    """
    manifest = _manifest(folder)
    files: Mapping[str, Any] = manifest["files"]
    for name, entry in files.items():
        _check_file(folder, name, str(entry["sha256"]))
    if SEGMENTS not in files:
        raise UsageError(f"The export {folder} holds no {SEGMENTS}. Extract again.")
    metadata = json.loads((folder / METADATA).read_bytes()) if METADATA in files else {}
    checksums = "\n".join(f"{name} {files[name]['sha256']}" for name in sorted(files))
    try:
        organisation = Organisation(UUID(manifest["organisation"]["id"]), str(manifest["organisation"]["url"]))
        members = {UUID(key): _members(value) for key, value in manifest.get("members", {}).items()}
    except (KeyError, TypeError, ValueError) as error:
        raise _broken(folder, f"{MANIFEST} has no readable {error}") from error
    segments = tuple(_segments(folder))
    return Export(
        organisation=organisation,
        fingerprint=hashlib.sha256(f"{organisation.id}\n{checksums}".encode()).hexdigest(),
        segments=segments,
        members={segment.id: members.get(segment.id, Members(MemberSource.NOT_READ)) for segment in segments},
        tables=metadata,
    )


def member_reader(folder: Path) -> ReadMembers:
    """A function that reads the member list of one segment of this export, or a part of it."""

    def read(segment: UUID, first: int = 0, count: int | None = None) -> Ids:
        with (folder / "members" / f"{segment}.csv").open(encoding="ascii") as file:
            lines = islice(file, 1 + first, None if count is None else 1 + first + count)
            parts = []
            while part := [line.strip() for line in islice(lines, _LINES)]:
                try:
                    parts.append(from_texts(part))
                except ValueError:
                    number = (
                        2 + first + _LINES * len(parts) + next(at for at, text in enumerate(part) if not _is_id(text))
                    )
                    raise _broken(folder, f"members/{segment}.csv, line {number}, is no id") from None
            return joined(parts)

    return read


_LINES = 10_000
"""Lines of a member list that are read together."""


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


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
        manifest = json.loads(path.read_bytes())
        version = int(manifest["format"])
        if not isinstance(manifest["files"], dict):
            raise TypeError("files")
    except (ValueError, KeyError, TypeError) as error:
        raise _broken(folder, f"{MANIFEST} cannot be read ({error})") from error
    if version > FORMAT:
        raise UsageError(
            f"The export {folder} has format {version}; this version of migrator reads up to {FORMAT}. "
            "Install a newer version: pip install --upgrade migrator"
        )
    return dict(manifest)


def _check_file(folder: Path, name: str, sha256: str) -> None:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise _broken(folder, f"{MANIFEST} names a file outside of the folder: {name}")
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _broken(folder, f"{name} cannot be read ({error.strerror})") from error
    if found != sha256:
        raise _broken(folder, f"{name} is not what it was when the export was made")


def _broken(folder: Path, what: str) -> UsageError:
    return UsageError(
        f"The export {folder} is damaged: {what}. Extract again, or copy the folder again from its origin."
    )


def _members(entry: Mapping[str, Any]) -> Members:
    return Members(
        source=MemberSource(entry["source"]),
        count=_number(entry.get("count")),
        unreadable=int(entry.get("unreadable", 0)),
        duplicates=int(entry.get("duplicates", 0)),
        pending=entry.get("pending"),
        reason=str(entry.get("reason", "")),
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


def segment_of(row: Mapping[str, Any]) -> LegacySegment:
    """One raw row of `msdyncrm_segment`, typed. Unknown codes are kept, missing columns are empty.

    Raises:
        KeyError, ValueError: the row has no readable id.
    """
    query, other = _text(row.get("msdyncrm_segmentquery")), _text(row.get("msdyncrm_query"))
    creator = row.get("_createdby_value@OData.Community.Display.V1.FormattedValue") or row.get("_createdby_value")
    unit = row.get("_owningbusinessunit_value") or row.get("owningbusinessunit")
    return LegacySegment(
        id=UUID(str(row["msdyncrm_segmentid"])),
        name=_text(row.get("msdyncrm_segmentname")),
        description=_text(row.get("msdyncrm_description")),
        type_code=_number(row.get("msdyncrm_segmenttype")),
        status_code=_number(row.get("statuscode")),
        query=query or other,
        other_query=other if query and other and other.strip() != query.strip() else "",
        query_name=_text(row.get("msdyncrm_segmentqueryname")),
        recorded_size=_number(row.get("msdyncrm_segmentsize")),
        scope_code=_number(row.get("msdyncrm_scope")),
        business_unit=UUID(str(unit)) if unit else None,
        time_zone=_number(row.get("msdyncrm_segmenttimezone")),
        refresh_minutes=_number(row.get("msdyncrm_segmentrefreshrateintervalminutes")),
        external_source=_number(row.get("msdyncrm_externalsource")),
        created_on=_text(row.get("createdon")),
        created_by=_text(creator),
        modified_on=_text(row.get("modifiedon")),
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _number(value: Any) -> int | None:
    return None if value is None or value == "" else int(value)
