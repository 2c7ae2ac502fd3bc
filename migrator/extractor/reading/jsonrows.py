"""JSON: an array of ids, an array of rows, or `{"value": […]}` as the Web API answers.

The text is kept as a whole (up to a stated size), its entries are read one by one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from migrator.base.errors import UsageError
from migrator.extractor.reading.grid import LARGEST_WHOLE, MANY_COLUMNS, Book, Input, Line, Sheet
from migrator.extractor.reading.result import Container

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]', re.DOTALL)
_LONGEST_ENTRY = 2**20
"""Characters of one entry."""
_KNOWN_SHAPES = (
    "Members are read from an array of ids, an array of rows, or an object with such an array as its “value”. "
    "Export the members again. Nothing was imported."
)


def json_book(source: Input, encoding: str) -> Book:
    """A JSON file.

    Raises:
        UsageError: it is too large, no JSON, or JSON of another shape.
    """
    if source.size > LARGEST_WHOLE:
        raise source.too_large(source.size, LARGEST_WHOLE, "is JSON and has")
    source.file.seek(0)
    try:
        text = source.file.read().decode(encoding).lstrip("\ufeff")
    except UnicodeDecodeError as error:
        raise source.broken(f"it is not {encoding} throughout ({error.reason})") from error
    at = _array(source, text)
    headers: dict[str, None] = {}
    for row in _entries(source, text, at):
        if isinstance(row, dict):
            headers |= dict.fromkeys(row)
            if len(headers) > MANY_COLUMNS:
                raise source.broken(f"its rows have more than {MANY_COLUMNS:,} different fields")

    def lines() -> Iterator[Line]:
        if headers:
            yield Line(0, list(headers))
        for number, row in enumerate(_entries(source, text, at), 1):
            yield Line(number, _cells(row, headers))

    return Book(Container.JSON, [Sheet("", lines)], encoding=encoding)


def _cells(row: Any, headers: dict[str, None]) -> list[str]:
    match row:
        case dict():
            return [_cell(row.get(header)) for header in headers]
        case list():
            return [_cell(value) for value in row]
        case _:
            return [_cell(row)]


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case _:
            return json.dumps(value, ensure_ascii=False)


def _array(source: Input, text: str) -> int:
    """Where the array of members begins: the text itself, or its “value”."""
    first = text.lstrip()[:1]
    if first == "[":
        return text.index("[")
    depth, key, wanted, after, found = 0, "", "", False, -1
    for token in _TOKEN.finditer(text):
        match token[0]:
            case "{" | "[":
                if depth == 1 and after and wanted == "value":
                    if token[0] == "{":
                        break
                    found = token.start()
                depth += 1
            case "}" | "]":
                depth -= 1
            case ":":
                wanted, after = (key, True) if depth == 1 else (wanted, after)
            case ",":
                after = after and depth != 1
            case string if depth == 1 and not after:
                key = json.loads(string, strict=False) if len(string) < 1000 else ""
                if key in ("@odata.nextLink", "odata.nextLink"):
                    raise UsageError(
                        f"The file {source.name} is one page of an answer, and says that more follow "
                        "(@odata.nextLink). Save all pages, or export the members again. Nothing was imported."
                    )
            case _:
                pass
    if found < 0:
        raise UsageError(f"The file {source.name} is JSON of a shape that is not known. {_KNOWN_SHAPES}")
    return found


def _entries(source: Input, text: str, at: int) -> Iterator[Any]:
    """The entries of the array that begins at `at`."""
    depth, begun, read = 0, at + 1, 0
    for token in _TOKEN.finditer(text, at):
        sign = token[0]
        if sign in "[{" and len(sign) == 1:
            depth += 1
        elif sign in "]}" and len(sign) == 1:
            depth -= 1
        if (depth == 0) or (sign == "," and depth == 1):
            entry = text[begun : token.start()]
            last = depth == 0
            if not last or entry.strip() or read:
                yield _entry(source, entry, read + 1)
            begun, read = token.end(), read + 1
            if read % 4096 == 0:
                source.in_time()
            if last:
                return
        elif token.end() - begun > _LONGEST_ENTRY:
            raise source.broken(f"entry {read + 1:,} has more than {_LONGEST_ENTRY:,} characters")
    raise source.broken("its array has no end; it breaks off")


def _entry(source: Input, entry: str, number: int) -> Any:
    try:
        return json.loads(entry)
    except (ValueError, RecursionError) as error:
        raise source.broken(f"entry {number:,} is no JSON ({str(error)[:100]})") from error
