"""Where the members stand in a sheet: its header row and its column, judged by what stands there, never by names alone.

A column of ids wins over addresses, in any language. Two that could be meant are shown to a person, three rows of each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from migrator.base.errors import UsageError
from migrator.base.ids import packed
from migrator.base.safe_text import for_terminal
from migrator.extractor.reading.grid import Line
from migrator.extractor.reading.result import Column, Kind
from migrator.extractor.reading.spelling import looks_like, named, plain

HEADER_ROWS = 20
"""Filled rows in which the header is looked for."""
_SAMPLES = 3
_PROBE = 200
ID_HEADERS = frozenset(
    {"contactid", "contact", "contact id", "customer id", "customerid", "(do not modify) contact", "member id", "id"}
)
"""What the product calls the column of ids in its exports (product documentation), in lower case."""
ADDRESS_HEADERS = frozenset(
    {
        "email",
        "e-mail",
        "email address",
        "e-mail address",
        "email address 1",
        "emailaddress1",
        "emailaddress",
        "primary email",
    }
)
_MISSING = frozenset({"", "-", "--", "n/a", "na", "#n/a", "#nv", "null", "none", "nil", "?"})
"""What stands in a cell that has no value: never the name of a column."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the members of a sheet stand."""

    header: int
    """Index of the header among the first lines; -1 where there is none."""
    column: Column | None
    beside: Column | None = None
    """The only column of addresses beside a column of ids."""
    candidates: tuple[Column, ...] = ()
    """What could be meant, where it is in doubt."""
    doubt: str = ""
    """Why nobody can tell; empty where it is clear."""


def place(name: str, head: Sequence[Line], wanted: str) -> Place:
    """Where the members stand.

    Args:
        name: what the file is called, for messages.
        head: the first lines, blank ones too.
        wanted: the header of the column, as a person named it, or `=C` for its letter.

    Raises:
        UsageError: there is no such column.
    """
    filled = [at for at, line in enumerate(head) if any(cell.strip() for cell in line.cells)]
    first = next((at for at in filled if any(looks_like(cell) for cell in head[at].cells)), len(head))
    above = [at for at in filled[:HEADER_ROWS] if at < first]
    letter = re.fullmatch(r"=([A-Za-z]{1,3})", wanted.strip())
    if wanted and not letter:
        return _wanted(name, head, filled, wanted)
    header = _header(head, above)
    found = _columns(head, header)
    if letter:
        at = _number(letter[1])
        column = next((one for one in found if one.at == at), None) or _column(head, header, at)
        return Place(header, column, _beside(column, found))
    return _chosen(head, header, found)


def _number(letters: str) -> int:
    at = 0
    for sign in letters.upper():
        at = at * 26 + ord(sign) - ord("A") + 1
    return at - 1


# --- the header ------------------------------------------------------------------------------------------------------


def _header(head: Sequence[Line], above: Sequence[int]) -> int:
    """The row of headers over the first member: one with a header of the product, else the first of the widest."""
    for at in above:
        if any(header_key(cell) in ID_HEADERS | ADDRESS_HEADERS for cell in head[at].cells):
            return at
    widths = {at: sum(bool(cell.strip()) for cell in head[at].cells) for at in above}
    return max(above, key=lambda at: (widths[at], -at)) if above else -1


def header_key(header: str) -> str:
    """A header as it is compared: case and spaces do not matter."""
    return " ".join(plain(header).split()).casefold()


def _is_name(cell: str) -> bool:
    """Whether a cell can be the name of a column: not what is missing, and nothing like a damaged id or address."""
    text = header_key(cell)
    return text not in _MISSING and not re.search(r"@|[0-9a-f]{4}-[0-9a-f]{4}|\d{6}|^\d+$", text)


def _wanted(name: str, head: Sequence[Line], filled: Sequence[int], wanted: str) -> Place:
    key = header_key(wanted)
    for at in filled[:HEADER_ROWS]:
        named_so = [place_ for place_, cell in enumerate(head[at].cells) if header_key(cell) == key]
        if not named_so:
            continue
        columns = [_column(head, at, one) for one in named_so]
        if len(columns) > 1:
            letters = " or ".join(f"--column ={one.letter}" for one in columns)
            return Place(at, None, None, tuple(columns), f"{len(columns)} columns are called “{wanted}”; say {letters}")
        return Place(at, columns[0], _beside(columns[0], _columns(head, at)))
    first = head[filled[0]].cells if filled else ()
    raise UsageError(f"The file {name} has no column “{for_terminal(wanted)}”. {there(first)}")


def there(headers: Sequence[str]) -> str:
    """A sentence with the headers that a file has, and what to do."""
    shown = ", ".join(f"“{short(header)}”" for header in headers[:12] if header.strip())
    return f"Its first row is: {shown}. Name the column with --column. Nothing was imported."


def short(text: str, at_most: int = 60) -> str:
    """Text for a message: one line, and never a whole file."""
    text = for_terminal(" ".join(text.split()))
    return text if len(text) <= at_most else f"{text[: at_most - 1]}…"


# --- the columns -----------------------------------------------------------------------------------------------------


def _columns(head: Sequence[Line], header: int) -> list[Column]:
    """Columns in which ids or addresses stand: those where most cells are such, else those where any is."""
    body = [line for at, line in enumerate(head) if at > header]
    counts: dict[int, dict[Kind | None, int]] = {}
    for line in body:
        for at, cell in enumerate(line.cells):
            if cell and cell.strip():
                count = counts.setdefault(at, {})
                kind = looks_like(cell)
                count[kind] = count.get(kind, 0) + 1
    people = {at: count for at, count in counts.items() if count.keys() - {None}}
    most = [at for at, count in people.items() if count.get(None, 0) * 2 <= sum(count.values())]
    return [_column(head, header, at) for at in sorted(most or people)]


def _column(head: Sequence[Line], header: int, at: int) -> Column:
    samples: list[tuple[int, str]] = []
    ids: list[UUID] = []
    kinds = dict.fromkeys(Kind, 0)
    for line in head[header + 1 :]:
        cell = line.cells[at] if at < len(line.cells) else ""
        if not cell.strip():
            continue
        if len(samples) < _SAMPLES:
            samples.append((line.number, short(cell)))
        found = named(cell)
        kinds[Kind.ID] += bool(found.ids)
        kinds[Kind.ADDRESS] += bool(found.addresses)
        if len(ids) < _PROBE:
            ids += found.ids
    kind = Kind.ADDRESS if kinds[Kind.ADDRESS] > kinds[Kind.ID] else Kind.ID
    title = head[header].cells[at].strip() if header >= 0 and at < len(head[header].cells) else ""
    if not any(kinds.values()) and header_key(title) in ADDRESS_HEADERS:
        kind = Kind.ADDRESS
    return Column(at, title, kind, tuple(samples), packed(ids[:_PROBE]))


def _beside(column: Column | None, found: Sequence[Column]) -> Column | None:
    """The column of addresses for rows without an id, where there is exactly one."""
    if column is None or column.kind is not Kind.ID:
        return None
    addresses = [one for one in found if one.kind is Kind.ADDRESS and one.at != column.at]
    return addresses[0] if len(addresses) == 1 else None


def _chosen(head: Sequence[Line], header: int, found: Sequence[Column]) -> Place:
    for kind in Kind:
        fitting = [one for one in found if one.kind is kind]
        if len(fitting) == 1:
            column = fitting[0]
            title = head[header].cells[column.at] if header >= 0 and column.at < len(head[header].cells) else ""
            if not _is_name(title):
                # What stands over the column is a member that nobody can read, not its name.
                header = -1
                column = _column(head, header, column.at)
            return Place(header, column, _beside(column, found))
        if fitting:
            return Place(header, None, None, tuple(fitting), f"{len(fitting)} columns hold {kind}")
    if header >= 0 and not any(cell.strip() for line in head[header + 1 :] for cell in line.cells):
        return Place(header, _known(head, header))
    return Place(header, None, None, (), "no column holds ids or e-mail addresses")


def _known(head: Sequence[Line], header: int) -> Column | None:
    """The column that the product names so, in a file with nothing but headers."""
    for known in (ID_HEADERS, ADDRESS_HEADERS):
        for at, cell in enumerate(head[header].cells):
            if header_key(cell) in known:
                return _column(head, header, at)
    return None
