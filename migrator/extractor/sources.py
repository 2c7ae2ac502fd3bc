"""Files with members, wherever they lie: single ones, a folder of them, or a zip; and which segment each belongs to."""

from __future__ import annotations

import csv
import io
import re
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO
from uuid import UUID

from migrator.base.errors import UsageError
from migrator.contracts.legacy_segment import LegacySegment
from migrator.extractor.reading.grid import LARGEST_FILE

MAPPING = "segments.csv"
"""A file beside the others that says which file belongs to which segment: columns `file` and `segment`."""
_ENDINGS = (".csv", ".txt", ".tsv", ".xlsx")
_IN_MEMORY = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Source:
    """One file."""

    name: str
    path: Path
    """The file itself, or the zip that it is in."""
    size: int
    inside: str = ""
    """Its name in the zip."""

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """Its content, which can be searched.

        Raises:
            UsageError: it cannot be read.
        """
        try:
            if not self.inside:
                with self.path.open("rb") as file:
                    yield file
                return
            with (
                zipfile.ZipFile(self.path) as package,
                package.open(self.inside) as packed,
                tempfile.SpooledTemporaryFile(_IN_MEMORY) as file,
            ):
                # What the zip says about its own size need not be true.
                copied = 0
                while part := packed.read(2**20):
                    copied += len(part)
                    if copied > LARGEST_FILE:
                        raise _too_large(self.path, copied)
                    file.write(part)
                file.seek(0)
                yield file
        except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError) as error:
            raise _no_zip(self.path, error) from error


def sources(paths: Sequence[Path]) -> tuple[list[Source], dict[str, str]]:
    """All files at `paths`, and what `segments.csv` files there say: file name → segment.

    Raises:
        UsageError: one does not exist, or a zip is not what it should be.
    """
    found: list[Source] = []
    mapping: dict[str, str] = {}
    for path in paths:
        if not path.exists():
            raise UsageError(f"There is no file {path}. Check the path; nothing was imported.")
        if path.is_dir():
            inside = [entry for entry in sorted(path.rglob("*")) if entry.is_file()]
            found += [Source(str(entry.relative_to(path)), entry, entry.stat().st_size) for entry in inside]
        elif path.suffix.lower() == ".zip":
            found += _in_zip(path)
        else:
            found.append(Source(path.name, path, path.stat().st_size))
    for source in [one for one in found if PurePosixPath(one.name).name.lower() == MAPPING]:
        mapping |= _mapping(source)
        found.remove(source)
    several = len(found) > 1
    return [one for one in found if not several or PurePosixPath(one.name).suffix.lower() in _ENDINGS], mapping


def _in_zip(path: Path) -> list[Source]:
    try:
        with zipfile.ZipFile(path) as package:
            entries = [entry for entry in package.infolist() if not entry.is_dir()]
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise _no_zip(path, error) from error
    total = 0
    for entry in entries:
        parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
        if ".." in parts or entry.filename.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", entry.filename):
            raise UsageError(
                f"The zip {path.name} holds a file whose name leads out of it ({entry.filename!r}), as no zip that was "
                "made in good faith does. Nothing was imported."
            )
        if entry.flag_bits & 1:
            raise UsageError(
                f"The zip {path.name} is protected by a password. Unpack it, and name the folder. Nothing was imported."
            )
        total += entry.file_size
        if total > LARGEST_FILE:
            raise _too_large(path, total)
    return [Source(entry.filename, path, entry.file_size, entry.filename) for entry in entries]


def _too_large(path: Path, size: int) -> UsageError:
    return UsageError(
        f"The zip {path.name} unpacks to {size / 2**20:,.0f} MB or more; at most {LARGEST_FILE / 2**20:,.0f} MB are "
        "read. Unpack it yourself if you trust it, and name the folder. Nothing was imported."
    )


def _no_zip(path: Path, error: Exception) -> UsageError:
    return UsageError(f"The zip {path.name} is damaged ({error}). Copy it again. Nothing was imported.")


def _mapping(source: Source) -> dict[str, str]:
    with source.opened() as file:
        try:
            rows = list(csv.DictReader(io.StringIO(file.read().decode("utf-8-sig"))))
            return {row["file"].strip(): row["segment"].strip() for row in rows}
        except (UnicodeDecodeError, KeyError, AttributeError, csv.Error) as error:
            raise UsageError(
                f"{source.name} cannot be read ({error}). It is CSV in UTF-8, with the columns file and segment. "
                "Nothing was imported."
            ) from error


# --- which segment ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Matched:
    """One file, and the segment that it belongs to."""

    source: Source
    segment: LegacySegment | None
    why: str
    """How they were matched, or why they could not be."""


_NOISE = re.compile(
    r"^(?:segment|static segment|members|segment members|export|exported members)\b(?: of)?(?=[ _.-])"
    r"|\b(?:members|member list|export)$"
    r"|\(\d+\)$"
    r"|\b\d{4}[ _.-]?\d{2}[ _.-]?\d{2}(?:[ _.T-]?\d{2}[ _.-]?\d{2}(?:[ _.-]?\d{2})?)?$",
    re.IGNORECASE,
)
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


def match(found: Sequence[Source], segments: Sequence[LegacySegment], mapping: Mapping[str, str]) -> list[Matched]:
    """The segment of each file: as `segments.csv` says, by an id in its name, or by its name."""
    by_name: dict[str, list[LegacySegment]] = {}
    for segment in segments:
        for key in {_key(segment.name), _key(re.sub(r'[\\/:*?"<>|]', "_", segment.name))}:
            by_name.setdefault(key, []).append(segment)
    by_id = {segment.id: segment for segment in segments}
    return [_match(source, by_id, by_name, mapping) for source in found]


def _match(
    source: Source,
    by_id: Mapping[UUID, LegacySegment],
    by_name: Mapping[str, list[LegacySegment]],
    mapping: Mapping[str, str],
) -> Matched:
    named = mapping.get(source.name) or mapping.get(PurePosixPath(source.name).name)
    if named:
        segment, why = segment_called(named, list(by_id.values()))
        return Matched(source, segment, f"named in {MAPPING}" if segment else f"{MAPPING} names {named}, but {why}")
    title = PurePosixPath(source.name).stem
    ids = {UUID(text) for text in _UUID.findall(title)} & by_id.keys()
    if len(ids) == 1:
        return Matched(source, by_id[ids.pop()], "by the id in its name")
    for key in _keys(title):
        found = by_name.get(key, [])
        if len(found) == 1:
            return Matched(source, found[0], "by its name")
        if found:
            return Matched(source, None, f"{len(found)} segments are called like this; say which in {MAPPING}")
    return Matched(source, None, f"no segment is called like this; say which in {MAPPING}, or with --segment")


def segment_called(text: str, segments: Sequence[LegacySegment]) -> tuple[LegacySegment | None, str]:
    """The segment with this id or name; None and the reason where it is not one."""
    try:
        wanted = UUID(text)
        found = [segment for segment in segments if segment.id == wanted]
    except ValueError:
        found = [segment for segment in segments if segment.name == text]
        found = found or [segment for segment in segments if segment.name.casefold() == text.casefold()]
    if len(found) == 1:
        return found[0], ""
    return None, f"{len(found)} segments are called like this" if found else "the export has no such segment"


def _keys(title: str) -> Iterator[str]:
    """The title as it is, then without what exports put around a name."""
    yield _key(title)
    while (shorter := _NOISE.sub("", title.strip(" _.-")).strip(" _.-")) and shorter != title:
        title = shorter
        yield _key(title)


def _key(name: str) -> str:
    """A name as files can have it: no signs, no case."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(re.findall(r"\w+", plain.replace("_", " ")))
