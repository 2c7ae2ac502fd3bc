"""Excel files (.xlsx, .xlsm), read as a stream of rows.

Read here and not by a library, because what a file says of itself is not believed: how many rows there are is counted,
not taken from `<dimension>`, which many programs write wrongly; and hidden rows are seen, which no library streams.
"""

from __future__ import annotations

import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from migrator.base.errors import UsageError
from migrator.extractor.reading.grid import MANY_COLUMNS, Book, Input, Line, Sheet, read_in_parts
from migrator.extractor.reading.result import Container
from migrator.extractor.reading.spelling import Linked
from migrator.extractor.reading.xml import Event, events

LAST_ROW = 1_048_576
"""Rows that a sheet has (product documentation of Excel)."""
_MOST_TEXT = 192 * 2**20
"""Characters of the texts that cells share. A million ids take 36,000,000."""
_MOST_TEXTS = 3_000_000
_MOST_SHEETS = 1000
_MOST_LINKS = 100_000
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    KeyError,
    ValueError,
    RuntimeError,
    NotImplementedError,
)
"""What reading a damaged zip raises."""


def workbook(source: Input) -> Book:
    """An Excel file.

    Raises:
        UsageError: it is no whole one.
    """
    try:
        package = _Package(source)
        return Book(Container.XLSX, package.sheets(), last_row=LAST_ROW)
    except DAMAGED as error:
        raise source.broken(f"it is no whole Excel file ({_short(error)})") from error


def _short(error: Exception) -> str:
    return str(error)[:200]


@dataclass
class _Package:
    source: Input
    _texts: list[str] | None = field(default=None, init=False)

    def sheets(self) -> list[Sheet]:
        """Its sheets in the order of their tabs."""
        book = self._main()
        targets = self._relations(book)
        found: list[Sheet] = []
        for event in self._events(book):
            if event.name == "sheet" and event.attributes is not None and len(found) < _MOST_SHEETS:
                target, kind = targets.get(event.attributes.get("id", ""), ("", ""))
                if kind.endswith("/worksheet"):
                    visible = event.attributes.get("state", "visible") == "visible"
                    found.append(self._sheet(event.attributes.get("name", ""), target, visible=visible))
        if not found:
            raise self.source.broken("it holds no sheet")
        return found

    def _sheet(self, name: str, entry: str, *, visible: bool) -> Sheet:
        return Sheet(name, lambda: self._lines(entry), visible, lambda: self._merged(entry))

    def _main(self) -> str:
        for target, kind in self._relations("").values():
            if kind.endswith("/officeDocument"):
                return target
        return "xl/workbook.xml"

    def _relations(self, entry: str) -> dict[str, tuple[str, str]]:
        """What a part refers to: the key there → name in the package (or address outside), kind."""
        folder, name = posixpath.split(entry)
        relations = posixpath.join(folder, "_rels", f"{name}.rels")
        with zipfile.ZipFile(self.source.file) as package:
            if relations not in package.namelist():
                return {}
        found: dict[str, tuple[str, str]] = {}
        for event in self._events(relations):
            if event.name == "Relationship" and event.attributes is not None and len(found) < _MOST_LINKS:
                said = event.attributes
                target = said.get("Target", "")
                if said.get("TargetMode") != "External":
                    target = posixpath.normpath(posixpath.join(folder, target)) if target[:1] != "/" else target[1:]
                found[said.get("Id", "")] = (target, said.get("Type", ""))
        return found

    def _events(self, entry: str) -> Iterator[Event]:
        try:
            with zipfile.ZipFile(self.source.file) as package, package.open(entry) as file:
                yield from events(self.source, read_in_parts(self.source, file))
        except (*DAMAGED, OSError) as error:
            if isinstance(error, OSError) and error.errno:
                raise
            raise self.source.broken(f"it breaks off or is damaged ({_short(error)})") from error

    # --- texts that cells share

    def _shared(self) -> list[str]:
        if self._texts is None:
            book = self._main()
            found = [target for target, kind in self._relations(book).values() if kind.endswith("/sharedStrings")]
            self._texts = self._read_texts(found[0]) if found else []
        return self._texts

    def _read_texts(self, entry: str) -> list[str]:
        texts: list[str] = []
        parts: list[str] = []
        length = spoken = 0
        for name, attributes, text in self._events(entry):
            if name == "t" and attributes is None and not spoken:
                parts.append(text)
            elif name == "rPh":  # how it is pronounced, in Japanese files: no part of the text
                spoken += 1 if attributes is not None else -1
            elif name == "si" and attributes is None:
                whole = "".join(parts)
                length += len(whole)
                if length > _MOST_TEXT or len(texts) > _MOST_TEXTS:
                    raise UsageError(
                        f"The file {self.source.name} holds more text than is kept in memory. Leave out all columns "
                        "but the ids, or save it as CSV UTF-8. Nothing was imported."
                    )
                texts.append(whole)
                parts.clear()
        return texts

    # --- rows

    def _lines(self, entry: str) -> Iterator[Line]:
        links = self._links(entry)
        shared = self._shared()
        number = 0
        cells: list[str] = []
        hidden = False
        at = -1
        reference = kind = value = formula = ""
        inline: list[str] = []
        spoken = 0
        for name, attributes, text in self._events(entry):
            if name == "c":
                if attributes is not None:
                    reference, kind, value, formula = attributes.get("r", ""), attributes.get("t", "n"), "", ""
                    inline.clear()
                    at = _column(reference, at + 1)
                    continue
                cell = "".join(inline) if kind == "inlineStr" else value
                if kind == "s" and value:
                    cell = _of(shared, value, self.source)
                if formula:
                    cell = f"={formula}"
                if links and (target := links.get(reference)):
                    cell = Linked(cell, target)
                if cell and 0 <= at < MANY_COLUMNS:
                    if at >= len(cells):
                        cells.extend([""] * (at + 1 - len(cells)))
                    cells[at] = cell
            elif name == "row":
                if attributes is not None:
                    said = attributes.get("r", "")
                    number = int(said) if said.isdecimal() and len(said) < 9 else number + 1
                    hidden = attributes.get("hidden", "0") in ("1", "true")
                    cells, at = [], -1
                else:
                    yield Line(number, cells, hidden)
            elif attributes is not None:
                if name == "rPh":
                    spoken += 1
            elif name == "v":
                value = text
            elif name == "t" and not spoken:
                inline.append(text)
            elif name == "f":
                formula = text
            elif name == "rPh":
                spoken -= 1
            elif name == "sheetData":
                return

    # --- what stands below the rows

    def _links(self, entry: str) -> dict[str, str]:
        """Cell → what it links to."""
        found: dict[str, str] = {}
        if not self._tail(entry, rb"<(?:\w+:)?hyperlink[ \t\r\n]"):
            return found
        targets = self._relations(entry)
        for event in self._events(entry):
            if event.name == "hyperlink" and event.attributes is not None and len(found) < _MOST_LINKS:
                reference = event.attributes.get("ref", "")
                target, _ = targets.get(event.attributes.get("id", ""), ("", ""))
                if target and ":" not in reference:
                    found[reference] = target
        return found

    def _merged(self, entry: str) -> Sequence[tuple[int, str]]:
        found = self._tail(entry, rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+\d{1,8}:[A-Z]+(\d{1,8}))"')
        return [(int(match[2]), match[1].decode()) for match in found]

    def _tail(self, entry: str, wanted: bytes) -> list[re.Match[bytes]]:
        """Where a pattern stands in a part, which is not parsed for it; at most a thousand places."""
        kept = b""
        found: list[re.Match[bytes]] = []
        pattern = re.compile(wanted)
        try:
            with zipfile.ZipFile(self.source.file) as package, package.open(entry) as file:
                for part in read_in_parts(self.source, file, 2**20):
                    whole = kept + part
                    last = 0
                    for match in pattern.finditer(whole):
                        last = match.end()
                        found.append(match)
                        if len(found) >= 1000:
                            return found
                    kept = whole[max(last, len(whole) - 200) :]
        except DAMAGED as error:
            raise self.source.broken(f"it breaks off or is damaged ({_short(error)})") from error
        return found


def _column(reference: str, otherwise: int) -> int:
    """The column in a reference like AB12, 0 for the first one."""
    at = 0
    for sign in reference:
        if not "A" <= sign <= "Z":
            break
        at = at * 26 + ord(sign) - ord("A") + 1
    return at - 1 if at else otherwise


def _of(shared: list[str], number: str, source: Input) -> str:
    try:
        return shared[int(number)]
    except (ValueError, IndexError) as error:
        raise source.broken("a cell refers to a text that is not there") from error
