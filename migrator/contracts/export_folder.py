"""The export folder and how it is read (docs/export-format.md); `export_writing` writes it.

manifest.json               written last: a folder without it is only half an export
segments.jsonl              one raw row of msdyncrm_segment a line
members/<segment id>.csv    one column, contactid; the manifest may name another file
metadata.json               tables, columns, relationships
tables/*.csv                optional: rows of those tables; tables/<name>/*.parquet where an extraction read them
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeVar
from uuid import UUID

from migrator.base.cells import identity
from migrator.base.errors import UsageError
from migrator.base.ids import Ids, from_texts, joined
from migrator.contracts.legacy_segment import LegacySegment, segment_of
from migrator.contracts.members import Members, MemberSource, members_of
from migrator.contracts.tables import TableRead, is_table_part
from migrator.contracts.tables import from_json as table_from_json
from migrator.contracts.twins import TWINS, Twins, twins_from_json
from migrator.contracts.usage import USAGE, Usage, usage_from_json
from migrator.contracts.versions import Format

T = TypeVar("T")

MANIFEST_FORMAT = Format()
FORMAT = MANIFEST_FORMAT.number
MANIFEST, SEGMENTS, METADATA = "manifest.json", "segments.jsonl", "metadata.json"
MEMBER_HEADER = "contactid"
EXCLUSIONS = "-exclusions"
"""At the end of the name of a list of exclusions."""
LINES_TOGETHER = 10_000
"""Lines of a member list that are read or written together."""


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
    limited_to: tuple[str, ...] = ()
    """The filters of its extraction, as options: members of no other segments were looked for. None looks for all."""


class ReadMembers(Protocol):
    """Gives the member ids of one legacy segment, in the order of the file."""

    def __call__(self, segment: UUID, first: int = 0, count: int | None = None, *, excluded: bool = False) -> Ids:
        """At most `count` ids, from position `first` (counted from 0) on; of the exclusions, if that is asked."""


def is_export(folder: Path) -> bool:
    """Whether a folder holds an export, by its manifest."""
    return (folder / MANIFEST).is_file()


def read_export(folder: Path) -> Export:
    """Read and check an export folder.

    Raises:
        UsageError: the folder is missing, half-written, of a newer format, or not what its manifest says.
    """
    manifest = manifest_of(folder)
    files: Mapping[str, Any] = manifest["files"]
    lines = {name: check_file(folder, name, _checksum(folder, name, entry)) for name, entry in files.items()}
    if SEGMENTS not in files:
        raise UsageError(f"The export {folder} holds no {SEGMENTS}. Extract again.")
    metadata = json.loads((folder / METADATA).read_bytes()) if METADATA in files else {}
    # Rows of tables are looked at, and no plan is made of them: they may come later.
    named = (name for name in sorted(files) if not is_table_part(name))
    checksums = "\n".join(f"{name} {files[name]['sha256']}" for name in named)
    entries = manifest.get("members", {})
    try:
        organisation = OrganisationRef(UUID(manifest["organisation"]["id"]), str(manifest["organisation"]["url"]))
        members = {UUID(key): members_of(value) for key, value in entries.items()}
        limited = tuple(map(str, manifest.get("limited_to", ())))
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
        limited_to=limited,
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
        if not (name := list_name(segment, entry, key)):
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
    entry: Mapping[str, Any] = manifest_of(folder).get("members", {}).get(str(segment), {})
    name = list_name(segment, entry, "exclusions" if excluded else "file")
    return _inside(folder, name) if name else None


def member_files(folder: Path) -> dict[UUID, tuple[Path, Path | None]]:
    """Of each segment whose members are known: the file with them, and the one with those who are excluded, if any.

    Raises:
        UsageError: the export cannot be read.
    """
    found: dict[UUID, tuple[Path, Path | None]] = {}
    for key, entry in manifest_of(folder).get("members", {}).items():
        name, out = (list_name(UUID(key), entry, kind) for kind in ("file", "exclusions"))
        if name:
            found[UUID(key)] = _inside(folder, name), _inside(folder, out) if out else None
    return found


def member_reader(folder: Path) -> ReadMembers:
    """A function that reads the member list of one segment of this export, or a part of it.

    Raises:
        UsageError: the export cannot be read.
    """
    entries: Mapping[str, Any] = manifest_of(folder).get("members", {})
    place = cache(Path.resolve)

    def read(segment: UUID, first: int = 0, count: int | None = None, *, excluded: bool = False) -> Ids:
        entry = entries.get(str(segment), {})
        name = entry.get("exclusions" if excluded else "file", f"members/{segment}{EXCLUSIONS if excluded else ''}.csv")
        with _inside(folder, name, place).open(encoding="ascii") as file:
            lines = islice(file, 1 + first, None if count is None else 1 + first + count)
            parts: list[Ids] = []
            while part := [line.strip() for line in islice(lines, LINES_TOGETHER)]:
                try:
                    parts.append(from_texts(part))
                except ValueError:
                    at = next(at for at, text in enumerate(part) if identity(text) is None)
                    number = 2 + first + LINES_TOGETHER * len(parts) + at
                    raise _broken(folder, f"{name}, line {number}, is no id") from None
            return joined(parts)

    return read


def manifest_of(folder: Path) -> dict[str, Any]:
    """The manifest as it stands, of the format of now.

    Raises:
        UsageError: there is no folder, it is only half an export, or the manifest cannot be read.
    """
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


def check_file(folder: Path, name: str, sha256: str) -> int:
    """Compare a file with its checksum; gives how many lines it has.

    Args:
        folder: the export folder.
        name: the file, below it.
        sha256: what the manifest says of it.

    Raises:
        UsageError: it cannot be read, or is another one.
    """
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


def list_name(segment: UUID, entry: Mapping[str, Any], key: str) -> str:
    """The file of a member list or of exclusions; empty where there is none.

    Args:
        segment: the legacy segment's id.
        entry: what the manifest says of its members.
        key: `file` for its members, `exclusions` for those who are excluded.
    """
    count, ending = ("count", "") if key == "file" else ("excluded", EXCLUSIONS)
    if entry.get(count) is None:
        return ""
    return str(entry.get(key, f"members/{segment}{ending}.csv"))


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
