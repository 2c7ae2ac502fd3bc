"""Is a folder an export that can be relied on? Everything that is wrong with it, in words; nothing is changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from migrator.base.errors import UsageError, why
from migrator.base.ids import Ids, distinct, from_texts, is_canonical, joined
from migrator.contracts.export_folder import FORMAT, MANIFEST, MEMBER_HEADER, METADATA, SEGMENTS
from migrator.contracts.legacy_segment import segment_of
from migrator.contracts.members import MemberSource
from migrator.contracts.twins import TWINS, twins_from_json
from migrator.contracts.usage import USAGE, usage_from_json
from migrator.mql.schema import schema_from_json

_LINES = 50_000
"""Lines of a list that are looked at together."""
_SHOWN = 5
"""Problems of one kind in one file that are named one by one."""


def check_export(folder: Path) -> list[str]:
    """What is wrong with the export in `folder`, a sentence each; nothing, if it can be relied on."""
    if not folder.is_dir():
        return [f"There is no folder {folder}."]
    if not (folder / MANIFEST).is_file():
        half = " It is only half written: extract again." if (folder / SEGMENTS).exists() else ""
        return [f"{MANIFEST} is missing, so this is no export.{half}"]
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        files, members = dict(manifest["files"]), dict(manifest.get("members", {}))
        UUID(manifest["organisation"]["id"])
        version = int(manifest["format"])
    except (ValueError, KeyError, TypeError, OSError) as error:
        return [f"{MANIFEST} cannot be read: {why(error)}."]
    if version > FORMAT:
        return [f"The format is {version}; this version of migrator knows up to {FORMAT}. Install a newer one."]
    problems = [*_files(folder, files)]
    segments: set[UUID] = set()
    problems += _segments(folder, manifest, segments) if SEGMENTS in files else [f"{MANIFEST} names no {SEGMENTS}."]
    problems += _members(folder, files, members, segments)
    if METADATA in files and (folder / METADATA).is_file():
        problems += _metadata(folder)
    for name, read in ((USAGE, usage_from_json), (TWINS, twins_from_json)):
        if name in files and (folder / name).is_file():
            problems += _part(folder, name, read)
    return problems


def _part(folder: Path, name: str, read: Callable[[Any, str], object]) -> Iterator[str]:
    try:
        read(json.loads((folder / name).read_bytes()), name)
    except UsageError as error:
        yield str(error)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        yield f"{name} cannot be read: {type(error).__name__} {error}."


def _files(folder: Path, files: Mapping[str, Any]) -> Iterator[str]:
    for name, entry in sorted(files.items()):
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            yield f"{MANIFEST} names a file outside of the folder: {name}."
        elif not path.is_file():
            yield f"{name} is missing."
        elif not isinstance(entry, dict) or "sha256" not in entry:
            yield f"{MANIFEST} has no checksum for {name}."
        else:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != entry["sha256"]:
                yield f"{name} is not what it was when the export was made: its checksum differs."


def _segments(folder: Path, manifest: Mapping[str, Any], seen: set[UUID]) -> Iterator[str]:
    try:
        with (folder / SEGMENTS).open(encoding="utf-8") as file:
            lines = [*file]
    except (OSError, UnicodeDecodeError) as error:
        yield f"{SEGMENTS} cannot be read: {why(error)}."
        return
    for number, line in enumerate(lines, start=1):
        try:
            segment = segment_of(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            yield f"{SEGMENTS}, line {number}, is no segment row: {type(error).__name__} {error}."
            continue
        if segment.id in seen:
            yield f"{SEGMENTS}, line {number}, repeats the segment {segment.id} (“{segment.name}”)."
        seen.add(segment.id)
    counted = manifest.get("counts", {}).get("segments", len(lines))
    if counted != len(lines):
        yield f"{MANIFEST} counts {counted} segments; {SEGMENTS} has {len(lines)}."


def _members(folder: Path, files: Mapping[str, Any], members: Mapping[str, Any], segments: set[UUID]) -> Iterator[str]:
    named = {SEGMENTS, METADATA}
    for key, entry in sorted(members.items()):
        try:
            segment = UUID(key)
            MemberSource(entry["source"])
        except (ValueError, KeyError, TypeError):
            yield f"{MANIFEST}, members, {key}: no segment id, or a source that is not known."
            continue
        if segment not in segments:
            yield f"{MANIFEST} has members of {segment}, which is no segment of this export."
        for count, file, usual in (("count", "file", ""), ("excluded", "exclusions", "-exclusions")):
            if entry.get(count) is None:
                continue
            name = str(entry.get(file, f"members/{segment}{usual}.csv"))
            named.add(name)
            if name not in files:
                yield f"{MANIFEST} says that {segment} has {entry[count]} members, but names no {name}."
            elif (folder / name).is_file():
                yield from _list(folder, name, int(entry[count]))
    for name in sorted(files):
        if name.startswith("members/") and name not in named:
            yield f"{name} belongs to no segment."


def _list(folder: Path, name: str, count: int) -> Iterator[str]:
    """What is wrong with one list: told at once where all is well, line by line where not."""
    if not _is_clean(folder / name, count):
        yield from _line_by_line(folder, name, count)


def _is_clean(path: Path, count: int) -> bool:
    parts: list[Ids] = []
    try:
        with path.open(encoding="ascii", newline="") as file:
            if file.readline() != f"{MEMBER_HEADER}\n":
                return False
            while lines := list(islice(file, _LINES)):
                if not is_canonical("".join(lines)):
                    return False
                parts.append(from_texts([line[:-1] for line in lines]))
    except (OSError, UnicodeDecodeError):
        return False
    ids = joined(parts)
    return len(ids) == count and len(distinct(ids)) == count


def _line_by_line(folder: Path, name: str, count: int) -> Iterator[str]:
    seen: set[bytes] = set()
    wrong = lines = 0
    try:
        with (folder / name).open(encoding="ascii") as file:
            if file.readline().strip() != MEMBER_HEADER:
                yield f"{name} does not begin with the line {MEMBER_HEADER}."
            for number, line in enumerate(file, start=2):
                lines += 1
                text = line.strip()
                try:
                    key = UUID(text)
                except ValueError:
                    wrong += 1
                    if wrong <= _SHOWN:
                        yield f"{name}, line {number}, is no id: {text[:60]!r}."
                    continue
                if str(key) != text:
                    wrong += 1
                    if wrong <= _SHOWN:
                        yield f"{name}, line {number}: {text} is not in the canonical spelling, {key}."
                if key.bytes in seen:
                    wrong += 1
                    if wrong <= _SHOWN:
                        yield f"{name}, line {number}, repeats the id {key}."
                seen.add(key.bytes)
    except (OSError, UnicodeDecodeError) as error:
        yield f"{name} cannot be read: {why(error)}."
        return
    if wrong > _SHOWN:
        yield f"{name} has {wrong - _SHOWN:,} more such lines."
    if lines != count:
        yield f"{MANIFEST} counts {count:,} ids in {name}; it has {lines:,}."


def _metadata(folder: Path) -> Iterator[str]:
    try:
        schema_from_json(json.loads((folder / METADATA).read_bytes()))
    except (ValueError, ValidationError, KeyError, TypeError, AttributeError) as error:
        yield f"{METADATA} cannot be read: {type(error).__name__} {str(error).splitlines()[0]}."
