"""Text files: in which encoding they are, what separates their cells, and their rows, with quotes respected.

A quote that is opened and not closed would swallow every row up to the next one; it is refused with its line.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from charset_normalizer import from_bytes

from migrator.base.errors import UsageError
from migrator.extractor.reading.grid import Book, Input, Line, Sheet
from migrator.extractor.reading.result import Container
from migrator.extractor.reading.spelling import named

SAMPLE = 64 * 1024
"""Bytes at the beginning from which a text is told from other things, and its delimiter is told."""
_DELIMITERS = ";,\t|"
_NAMES = {"": "none", "\t": "tab"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CODE_PAGES = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874",
    "cp932", "gb18030", "big5", "cp949", "koi8_r", "mac_roman", "cp850", "cp437", "cp852", "cp866",
)  # fmt: skip
"""What Windows, Excel and old systems write where it is not Unicode."""
_UNMARKED = 64 * 1024
"""Bytes of lines with other letters than English ones, from which a code page is told."""
_LONGEST_LINE = 2**20
_MOST_LINES = 25
"""Line breaks in one row. An address of a person has five, a note twenty."""
_END = "\ue000 end of file \ue000"
"""A row of its own behind the last one; where it is not, a quote was never closed."""
_EXCEL_ROWS = 1_048_576
_NAMED = re.compile(r'\ufeff?"?sep=(.)"?\s*')
"""What Excel writes to say which delimiter follows."""
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
_PERSON = re.compile(r"@|[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


def text_book(source: Input) -> Book:
    """A text file with delimiters.

    Raises:
        UsageError: it is no text, or nobody can tell its encoding.
    """
    encoding = encoding_of(source)
    delimiter, skipped = _delimiter(source, encoding)

    def lines() -> Iterator[Line]:
        return _lines(source, encoding, delimiter, skipped)

    shown = _NAMES.get(delimiter, delimiter)
    return Book(Container.TEXT, [Sheet("", lines)], encoding=encoding, delimiter=shown, last_row=_EXCEL_ROWS)


# --- encoding --------------------------------------------------------------------------------------------------------


def encoding_of(source: Input) -> str:
    """Python's name of the encoding of the whole file.

    Raises:
        UsageError: it is no text.
    """
    start = next(source.chunks(SAMPLE), b"")
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    odd, even = start[1::2].count(0), start[::2].count(0)
    if max(odd, even) > len(start) // 8 and min(odd, even) <= len(start) // 64:
        encoding = "utf-16-le" if odd > even else "utf-16-be"
        if not _CONTROL.search(codecs.getincrementaldecoder(encoding)("replace").decode(start)):
            return encoding
    utf8, unusual = True, bytearray()
    decoder = codecs.getincrementaldecoder("utf-8")()
    for part in source.chunks(1024 * 1024):
        if b"\0" in part:
            raise UsageError(
                f"The file {source.name} is no text and no Excel file. Name the file that the members were exported "
                "to. Nothing was imported."
            )
        if utf8:
            try:
                decoder.decode(part)
            except UnicodeDecodeError:
                utf8 = False
        if not part.isascii() and len(unusual) < _UNMARKED:
            for line in re.findall(rb"[^\r\n]{0,500}[\x80-\xff][^\r\n]{0,500}", part):
                unusual += line + b"\n"
                if len(unusual) >= _UNMARKED:
                    break
    if utf8:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            utf8 = False
    return "utf-8" if utf8 else _code_page(bytes(unusual))


def _code_page(sample: bytes) -> str:
    """The code page in which the text makes most sense; the one of Western Europe where others are no better."""
    found = list(from_bytes(sample, cp_isolation=list(_CODE_PAGES), threshold=0.3))
    best = found[0] if found else None
    if best is None:
        return "cp1252" if _decodes(sample, "cp1252") else "latin-1"
    western = next((one for one in found if "cp1252" in (one.encoding, *one.could_be_from_charset)), None)
    if western is not None and western.chaos <= best.chaos + 0.02 and western.coherence >= best.coherence - 0.1:
        return "cp1252"
    return best.encoding


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        sample.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


# --- delimiter -------------------------------------------------------------------------------------------------------


def _delimiter(source: Input, encoding: str) -> tuple[str, int]:
    """What separates the cells ('' where there is one column), and how many lines say so and are no row."""
    sample = codecs.getincrementaldecoder(encoding)("replace").decode(next(source.chunks(SAMPLE), b""))
    first = sample.splitlines()[0] if sample.strip() else ""
    if (said := _NAMED.fullmatch(first)) is not None:
        return said[1], 1
    whole = sample.splitlines(keepends=True)
    if len(whole) > 1 and source.size > SAMPLE:
        whole.pop()  # it breaks off
    best, most = "", (0, 0.0)
    for delimiter in _DELIMITERS:
        rows = [row for row in islice(csv.reader(whole, delimiter=delimiter), 300) if any(row)]
        parted = [len(row) for row in rows if len(row) > 1]
        if len(parted) * 2 < len(rows) or not parted:
            continue
        usual = Counter(parted).most_common(1)[0][1] / len(rows)
        people = sum(len(one.ids) + len(one.addresses) for row in rows for one in map(named, row))
        if (people, usual) > most:
            best, most = delimiter, (people, usual)
    return best, 0


# --- rows ------------------------------------------------------------------------------------------------------------


def _lines(source: Input, encoding: str, delimiter: str, skipped: int) -> Iterator[Line]:
    source.file.seek(0)
    text = io.TextIOWrapper(source.file, encoding=encoding, newline="")
    read = _Numbered(source, text)
    try:
        for _ in range(skipped):
            next(read, None)
        before = read.number
        # Where there is one column, nothing separates: a sign that no text holds.
        rows = csv.reader(read, delimiter=delimiter or "\x1f")
        for row in rows:
            if row == [_END]:
                return
            number = before + 1
            if read.number - before > 1 or (row and _END in row[-1]):
                _no_stray_quote(source, row, number, read.number, delimiter)
            before = read.number
            if row and row[0].startswith("\ufeff"):
                row[0] = row[0][1:]
            yield Line(number, row)
    except UnicodeDecodeError as error:
        raise source.broken(f"after line {read.number:,} it is not {encoding}, as the lines before are") from error
    except csv.Error as error:
        raise source.broken(f"the row that begins in line {before + 1:,} has no end: {error}") from error
    finally:
        text.detach()


class _Numbered:
    """The lines of a text, counted and bounded."""

    def __init__(self, source: Input, text: io.TextIOWrapper) -> None:
        self._source, self._text = source, text
        self.number = 0
        self._ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(_LONGEST_LINE)
        if not line:
            if self._ended:
                raise StopIteration
            self._ended = True
            return _END
        self.number += 1
        if len(line) == _LONGEST_LINE:
            raise self._source.broken(f"line {self.number:,} has more than {_LONGEST_LINE:,} characters")
        if self.number % 4096 == 0:
            self._source.in_time()
        # A last line without an end must not run into the sign of the end.
        return line if line[-1] in "\r\n" else line + "\n"


def _no_stray_quote(source: Input, row: Sequence[str], first: int, last: int, delimiter: str) -> None:
    """Refuse a row over several lines that looks as if a quote had swallowed others."""
    unclosed = any(_END in cell for cell in row)
    if unclosed or last - first >= _MOST_LINES or any(_swallowed(cell, delimiter, len(row)) for cell in row):
        until = "the end of the file" if unclosed else f"line {last:,}"
        raise source.broken(
            f'in line {first:,} a quote (") begins a cell that goes on to {until}, over what look like rows of '
            "its own. Take the quote away, or close it, and look at the rows there"
        )


def _swallowed(cell: str, delimiter: str, columns: int) -> bool:
    """Whether a cell with line breaks holds people of other rows."""
    if "\n" not in cell and "\r" not in cell:
        return False
    if _PERSON.search(cell):
        return bool(named(cell).reason)  # several addresses may stand in one cell, each in a line of its own
    # A note may hold a comma; it does not hold as many as a row.
    parts = re.split(r"\r\n|\r|\n", cell)
    return columns > 2 and any(line.count(delimiter) >= columns - 1 for line in parts[1:] if delimiter)
