"""Files with members, wherever they lie: single ones, a folder of them, or a zip; and what `segments.csv` says of them.

Nothing vanishes: every file is either one to read, or is passed over and counted, because a computer put it there and
no person did. Whether a file can be read is told by its content, when it is read.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from migrator.base.errors import UsageError, why
from migrator.extractor.reading.grid import LARGEST_FILE

MAPPING = "segments.csv"
"""A file beside the others that says which file belongs to which segment: columns `file` and `segment`."""
_IN_MEMORY = 16 * 2**20
_MOST_FILES = 50_000
"""Files of a folder or zip; an organisation holds 13,000 segments."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file."""

    name: str
    """With its folders, from the folder or zip that a person named."""
    path: Path
    """The file itself, or the zip that it is in."""
    size: int
    inside: int | None = None
    """Its place in the zip."""

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """Its content, which can be searched.

        Raises:
            UsageError: it cannot be read.
        """
        try:
            if self.inside is None:
                with self.path.open("rb") as file:
                    yield file
                return
            with (
                zipfile.ZipFile(self.path) as package,
                package.open(package.infolist()[self.inside]) as packed,
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
        except OSError as error:
            raise UsageError(
                f"The file {self.name} cannot be read ({why(error)}). Check its rights. Nothing was imported."
            ) from error


@dataclass(frozen=True, slots=True)
class Mapped:
    """One line of `segments.csv`."""

    segment: str
    """Name or id."""


@dataclass(frozen=True, slots=True)
class Sources:
    """All that was found."""

    files: tuple[Source, ...]
    mapping: Mapping[Source, Mapped]
    """The files that `segments.csv` speaks of."""
    passed_over: int = 0
    """Files that a computer put there: of macOS, of Windows, and of an Office program that has a file open."""


def sources(paths: Sequence[Path]) -> Sources:
    """All files at `paths`, and what `segments.csv` files there say.

    Raises:
        UsageError: one does not exist, a zip is not what it should be, or `segments.csv` speaks of a missing file.
    """
    found: list[Source] = []
    for path in paths:
        found += _at(path)
    junk = [one for one in found if _is_junk(one.name)]
    found = [one for one in found if not _is_junk(one.name)]
    tables = [one for one in found if PurePosixPath(one.name).name.lower() == MAPPING]
    files = [one for one in found if one not in tables]
    mapping: dict[Source, Mapped] = {}
    for table in tables:
        for source, mapped in _mapping(table, files).items():
            if mapping.setdefault(source, mapped) != mapped:
                raise _two_things(table, source.name, mapping[source], mapped)
    return Sources(tuple(files), mapping, len(junk))


def _at(path: Path) -> list[Source]:
    if not path.exists():
        raise UsageError(f"There is no file {path}. Check the path; nothing was imported.")
    if path.is_dir():
        entries = []
        for entry in sorted(path.rglob("*")):
            if entry.is_dir():
                continue
            entries.append(entry)
            if len(entries) > _MOST_FILES:
                raise UsageError(
                    f"The folder {path} holds more than {_MOST_FILES:,} files. Name a smaller one. "
                    "Nothing was imported."
                )
        return [one for entry in entries for one in _one(entry, entry.relative_to(path).as_posix())]
    return _one(path, path.name)


def _one(path: Path, name: str) -> list[Source]:
    if not path.is_file():
        # A pipe or a device may never end.
        raise UsageError(f"{path} is a pipe, a device or a dead link. Name a file. Nothing was imported.")
    if path.suffix.lower() == ".zip":
        return _in_zip(path)
    return [Source(name, path, path.stat().st_size)]


_JUNK = re.compile(r"\._|~\$|\.~lock\.|\.DS_Store$|\.localized$|Thumbs\.db$|desktop\.ini$|Icon\r$", re.IGNORECASE)


def _is_junk(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or bool(_JUNK.match(parts[-1]))


def _in_zip(path: Path) -> list[Source]:
    try:
        with zipfile.ZipFile(path) as package:
            entries = list(enumerate(package.infolist()))
    except (zipfile.BadZipFile, EOFError, OSError, UnicodeDecodeError) as error:
        raise _no_zip(path, error) from error
    if len(entries) > _MOST_FILES:
        raise UsageError(f"The zip {path.name} holds more than {_MOST_FILES:,} files. Split it. Nothing was imported.")
    found = []
    total = 0
    for at, entry in entries:
        name = _zip_name(entry)
        if ".." in PurePosixPath(name).parts or name.startswith("/") or re.match(r"[A-Za-z]:", name):
            raise UsageError(
                f"The zip {path.name} holds a file whose name leads out of it ({entry.filename!r}), as no zip that was "
                "made in good faith does. Nothing was imported."
            )
        if name.endswith("/"):
            continue
        if entry.flag_bits & 1:
            raise UsageError(
                f"The zip {path.name} is protected by a password. Unpack it, and name the folder. Nothing was imported."
            )
        total += entry.file_size
        if total > LARGEST_FILE:
            raise _too_large(path, total)
        found.append(Source(name, path, entry.file_size, at))
    return found


_UTF_8 = 0x800
"""The flag of a zip entry whose name is in UTF-8."""


def _zip_name(entry: zipfile.ZipInfo) -> str:
    """The name of an entry: macOS writes UTF-8 and does not say so, Windows may write backslashes."""
    name = entry.filename
    if not entry.flag_bits & _UTF_8:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return unicodedata.normalize("NFC", name.replace("\\", "/"))


def _too_large(path: Path, size: int) -> UsageError:
    return UsageError(
        f"The zip {path.name} unpacks to {size / 2**20:,.0f} MB or more; at most {LARGEST_FILE / 2**20:,.0f} MB are "
        "read. Unpack it yourself if you trust it, and name the folder. Nothing was imported."
    )


def _no_zip(path: Path, error: Exception) -> UsageError:
    return UsageError(f"The zip {path.name} is damaged ({error}). Copy it again. Nothing was imported.")


# --- segments.csv ----------------------------------------------------------------------------------------------------

_FILE_HEADERS = {"file", "filename", "file name", "datei", "dateiname", "fichier"}
_SEGMENT_HEADERS = {"segment", "segment name", "segmentname", "segment id"}
_LARGEST_MAPPING = 50 * 2**20


def _mapping(table: Source, files: Sequence[Source]) -> dict[Source, Mapped]:
    with table.opened() as file:
        content = file.read(_LARGEST_MAPPING)
    try:
        rows = _rows(_decoded(content))
    except csv.Error as error:
        raise _no_mapping(table, str(error)) from error
    head, *body = [row for row in rows if any(cell.strip() for cell in row)] or [[]]
    headers = [" ".join(cell.split()).casefold() for cell in head]
    at_file = next((at for at, header in enumerate(headers) if header in _FILE_HEADERS), None)
    at_segment = next((at for at, header in enumerate(headers) if header in _SEGMENT_HEADERS), None)
    if at_file is None or at_segment is None:
        raise _no_mapping(table, f"its first line is: {', '.join(head)[:200]}")
    said: dict[Source, Mapped] = {}
    for row in body:
        cells = [*row, *[""] * (max(at_file, at_segment) + 1 - len(row))]
        name, segment = cells[at_file].strip(), cells[at_segment].strip()
        if not name or not segment:
            raise _no_mapping(table, f"a line names no file or no segment: {', '.join(row)[:200]}")
        mapped = Mapped(segment)
        source = _file_called(table, name, files)
        if said.setdefault(source, mapped) != mapped:
            raise _two_things(table, name, said[source], mapped)
    return said


def _two_things(table: Source, name: str, one: Mapped, other: Mapped) -> UsageError:
    return UsageError(
        f"{table.name} says two things about {name}: “{one.segment}” and “{other.segment}”. "
        "Leave one of the lines out. Nothing was imported."
    )


def _no_mapping(table: Source, why: str) -> UsageError:
    return UsageError(
        f"{table.name} cannot be read ({why}). "
        "It has to be CSV with the columns file and segment. Nothing was imported."
    )


def _decoded(content: bytes) -> str:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _rows(text: str) -> list[list[str]]:
    first, _, rest = text.partition("\n")
    if named := re.fullmatch(r'"?sep=(.)"?\s*', first):
        return list(csv.reader(io.StringIO(rest, newline=""), delimiter=named[1]))
    delimiter = max(",;\t|", key=first.count)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def _file_called(table: Source, name: str, files: Sequence[Source]) -> Source:
    """The file that a line speaks of, by its whole path or the end of it: a zip may have a root folder of its own."""
    wanted = _path_key(name)
    near = PurePosixPath(table.name).parent
    found = [one for one in files if _path_key((near / name.replace("\\", "/")).as_posix()) == _path_key(one.name)]
    found = found or [one for one in files if _path_key(one.name) == wanted]
    found = found or [one for one in files if _path_key(one.name)[-len(wanted) :] == wanted]
    if len({(one.path, one.name) for one in found}) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"{table.name} names {name}, and {len(found)} files are called so. "
            "Rename all but one. Nothing was imported."
        )
    raise UsageError(
        f"{table.name} names {name}, but there is no such file beside it. Correct the line. Nothing was imported."
    )


def _path_key(name: str) -> tuple[str, ...]:
    path = unicodedata.normalize("NFC", name).replace("\\", "/").casefold()
    return tuple(part for part in path.split("/") if part not in ("", "."))
