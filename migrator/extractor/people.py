"""From the entries of files to people: each entry is one contact, a named repetition, gone, or a doubt; nothing else.

The law: entries = members + repeated + gone + not found + ambiguous (`People.accounted`). An ambiguous address may be
several members.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from migrator.base.ids import NONE, Ids, distinct, joined, packed, texts
from migrator.extractor.directory import Directory, check, resolve
from migrator.extractor.reading.result import Table
from migrator.extractor.reading.spelling import address_key


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file that did not simply become a member. Private: it is about a person."""

    file: str
    row: int
    """As Excel or an editor counts."""
    text: str
    why: str


@dataclass(slots=True)
class People:
    """The contacts that the entries of some files name, and what became of every other entry."""

    ids: Ids = field(default_factory=lambda: NONE)
    """Each once: those who exist (or all, where nobody could be asked)."""
    checked: bool = False
    """Whether somebody was asked who exists."""
    inactive: Ids = field(default_factory=lambda: NONE)
    entries: int = 0
    """Ids and addresses in all rows."""
    members: int = 0
    """Entries that became one member."""
    repeated: list[Row] = field(default_factory=list)
    gone: list[Row] = field(default_factory=list)
    not_found: list[Row] = field(default_factory=list)
    ambiguous: list[Row] = field(default_factory=list)
    unreadable: list[Row] = field(default_factory=list)

    @property
    def accounted(self) -> bool:
        """Whether every entry became exactly one thing."""
        became = (self.repeated, self.gone, self.not_found, self.ambiguous)
        return self.members + sum(map(len, became)) == self.entries


async def people_in(tables: Sequence[Table], directory: Directory | None) -> People:
    """Who is meant by the entries of files.

    Args:
        tables: what the files hold; nothing in them waits for an answer.
        directory: who knows the contacts; None where nobody can be asked. Addresses need one.

    Raises:
        DataverseError: the organisation cannot be asked.
    """
    found = People(checked=directory is not None)
    for table in tables:
        found.unreadable += [Row(table.file, row.row, row.text, row.reason) for row in table.unreadable]
    await _ids(found, tables, directory)
    await _addresses(found, tables, directory)
    return found


async def _ids(found: People, tables: Sequence[Table], directory: Directory | None) -> None:
    every = joined([table.ids for table in tables])
    if not len(every):
        return
    numbers = np.concatenate([table.id_rows for table in tables])
    files = np.repeat(np.arange(len(tables)), [len(table.ids) for table in tables])

    def rows(at: np.typing.NDArray[np.intp], why: str) -> list[Row]:
        named = texts(every[at])
        return [
            Row(tables[file].file, int(row), text, why)
            for file, row, text in zip(files[at], numbers[at], named, strict=True)
        ]

    _, first = np.unique(every, return_index=True)
    first.sort()
    again = np.ones(len(every), np.bool_)
    again[first] = False
    found.entries += len(every)
    found.repeated += rows(np.flatnonzero(again), "the same id stands above it")
    once = every[first]
    if directory is None:
        found.ids = once
        found.members += len(once)
        return
    checked = await check(directory, once)
    gone = np.isin(once, checked.gone) if len(checked.gone) else np.zeros(len(once), np.bool_)
    found.gone += rows(first[gone], "no contact has this id")
    found.ids, found.inactive = once[~gone], checked.inactive
    found.members += len(found.ids)


async def _addresses(found: People, tables: Sequence[Table], directory: Directory | None) -> None:
    first: dict[str, tuple[str, int, str]] = {}
    for table in tables:
        for at, address in enumerate(table.addresses):
            key = address_key(address)
            found.entries += 1
            if key in first:
                why = "the same address stands above it"
                found.repeated.append(Row(table.file, int(table.address_rows[at]), address, why))
            else:
                first[key] = table.file, int(table.address_rows[at]), address
    if not first:
        return
    if directory is None:
        raise ValueError("addresses without anybody who knows whose they are")
    resolved = await resolve(directory, list(first))
    added: list[Ids] = []
    known = set(found.ids.tolist())
    inactive: list[Ids] = []
    for key, (file, row, address) in first.items():
        people = resolved.get(key, ())
        ids = packed(one.id for one in people)
        if not people:
            found.not_found.append(Row(file, row, address, "no contact has this address"))
        elif len(people) > 1:
            who = ", ".join(str(one.id) for one in people[:5])
            found.ambiguous.append(Row(file, row, address, f"{len(people)} contacts have this address: {who}"))
        elif ids[0].tobytes() in known:
            found.repeated.append(Row(file, row, address, "the contact with this address is named above it"))
        else:
            found.members += 1
        known.update(ids.tolist())
        added.append(ids)
        inactive.append(packed(one.id for one in people if not one.active))
    found.ids = distinct(joined([found.ids, *added]))
    found.inactive = distinct(joined([found.inactive, *inactive]))
