"""Who is a contact: asked of the organisation, or looked up in the tables that an export holds."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from migrator.base.errors import UsageError
from migrator.base.ids import Ids, batches, joined, packed, unpacked, without
from migrator.base.side_by_side import side_by_side
from migrator.dataverse import contacts
from migrator.dataverse.client import Client
from migrator.extractor.reading.spelling import address_key
from migrator.product.codes import State

_PARALLEL = 8
"""Requests side by side."""
TABLE = "tables/contact.csv"


class Directory(Protocol):
    """Knows the contacts."""

    async def states(self, ids: Ids) -> Mapping[UUID, State]:
        """The state of each of a few ids that is a contact."""

    async def with_addresses(self, addresses: Sequence[str]) -> Sequence[contacts.Addressed]:
        """Every contact that has one of a few addresses."""


class OrganisationDirectory:
    """Asks the organisation."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def states(self, ids: Ids) -> Mapping[UUID, State]:
        """The state of each of a few ids that is a contact."""
        return await contacts.states(self._client, list(unpacked(ids)))

    async def with_addresses(self, addresses: Sequence[str]) -> Sequence[contacts.Addressed]:
        """Every contact that has one of a few addresses."""
        return await contacts.with_addresses(self._client, addresses)


class ExportDirectory:
    """Looks into `tables/contact.csv` of an export.

    Raises:
        UsageError: a row of it is damaged.
    """

    def __init__(self, export: Path) -> None:
        self._states: dict[UUID, State] = {}
        self._addresses: dict[str, list[contacts.Addressed]] = {}
        with (export / TABLE).open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            try:
                for row in rows:
                    self._add(row)
            except (ValueError, KeyError, TypeError, csv.Error) as error:
                raise UsageError(
                    f"{export / TABLE} cannot be read at line {rows.line_num}: a contact has an id (contactid) and the "
                    "statecode 0 or 1. Extract again, or mend the line."
                ) from error

    def _add(self, row: Mapping[str, str]) -> None:
        key, state = UUID(row["contactid"]), State(int(row.get("statecode") or 0))
        self._states[key] = state
        if address := row.get("emailaddress1"):
            entry = contacts.Addressed(address, key, state)
            self._addresses.setdefault(address_key(address), []).append(entry)

    async def states(self, ids: Ids) -> Mapping[UUID, State]:
        """The state of each of a few ids that is a contact."""
        return {one: self._states[one] for one in unpacked(ids) if one in self._states}

    async def with_addresses(self, addresses: Sequence[str]) -> Sequence[contacts.Addressed]:
        """Every contact that has one of a few addresses."""
        return [one for address in addresses for one in self._addresses.get(address_key(address), ())]


@dataclass(frozen=True, slots=True)
class Checked:
    """Ids, and what the directory says about them."""

    existing: Ids
    gone: Ids
    inactive: Ids


async def check(directory: Directory, ids: Ids) -> Checked:
    """Which of `ids` are contacts, in their order; in batches, so that any number can be checked.

    Raises:
        DataverseError: the organisation cannot be asked.
    """

    async def one(part: Ids) -> tuple[Ids, Ids]:
        found = await directory.states(part)
        return packed(found), packed(key for key, state in found.items() if state is State.INACTIVE)

    asked = await side_by_side((one(part) for part in batches(ids, contacts.BATCH)), _PARALLEL)
    gone = without(ids, joined([found for found, _ in asked]))
    return Checked(without(ids, gone), gone, joined([inactive for _, inactive in asked]))


async def resolve(directory: Directory, addresses: Sequence[str]) -> Mapping[str, Sequence[contacts.Addressed]]:
    """The contacts behind addresses, each with those that have it, sorted by id; without those that nobody has.

    Organisations compare by their collation, which may take ß for ss: what they give is compared once more.

    Args:
        directory: who knows the contacts.
        addresses: as `spelling.address_key` gives them.

    Raises:
        DataverseError: the organisation cannot be asked.
    """
    parts = [addresses[at : at + contacts.ADDRESSES] for at in range(0, len(addresses), contacts.ADDRESSES)]
    asked = await side_by_side((directory.with_addresses(part) for part in parts), _PARALLEL)
    wanted = set(addresses)
    found: dict[str, dict[UUID, contacts.Addressed]] = {}
    for one in (one for part in asked for one in part):
        if (key := address_key(one.address)) in wanted:
            found.setdefault(key, {})[one.id] = one
    return {key: sorted(people.values(), key=lambda one: one.id) for key, people in found.items()}
