"""XML in pieces: no document type, no token without an end, whatever the file holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple
from xml.parsers import expat

from migrator.extractor.reading.grid import Input

_LONGEST_TOKEN = 4 * 2**20
"""Bytes of one tag. The longest real one is under 100,000."""
_LONGEST_TEXT = 2**20
"""Characters between two tags; Excel takes 32,767 in a cell."""


class Event(NamedTuple):
    """A tag, or the end of one."""

    name: str
    """Without its namespace, which the makers of such files do not agree on."""
    attributes: dict[str, str] | None
    """None where it ends."""
    text: str = ""
    """What stood between the tag before and this one."""


@lru_cache(1000)
def _local(name: str) -> str:
    return name.rpartition(":")[2]


def events(source: Input, parts: Iterable[bytes]) -> Iterator[Event]:
    """The tags of a document one by one.

    Raises:
        UsageError: it is no well-formed XML, or one that was made to fill memory.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 64 * 1024
    found: list[Event] = []
    texts: list[str] = []
    length = 0

    def text() -> str:
        nonlocal length
        if not texts:
            return ""
        whole = "".join(texts)
        texts.clear()
        length = 0
        return whole

    def started(name: str, attributes: dict[str, str]) -> None:
        found.append(Event(_local(name), {_local(key): value for key, value in attributes.items()}, text()))

    def ended(name: str) -> None:
        found.append(Event(_local(name), None, text()))

    def texted(part: str) -> None:
        nonlocal length
        length += len(part)
        if length > _LONGEST_TEXT:
            raise source.broken(f"it holds a text of more than {_LONGEST_TEXT:,} characters")
        texts.append(part)

    def refused(*_: object) -> None:
        raise source.broken("it declares a document type, as no Excel file does")

    parser.StartElementHandler = started
    parser.EndElementHandler = ended
    parser.CharacterDataHandler = texted
    parser.StartDoctypeDeclHandler = refused
    read = 0
    try:
        for part in parts:
            parser.Parse(part, False)
            read += len(part)
            if read - parser.CurrentByteIndex > _LONGEST_TOKEN and not found:
                raise source.broken("it holds a tag without an end")
            yield from found
            found.clear()
        parser.Parse(b"", True)
        yield from found
    except expat.ExpatError as error:
        raise source.broken(f"it breaks off or is damaged ({error})") from error
