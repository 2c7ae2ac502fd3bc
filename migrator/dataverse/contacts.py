"""Contacts by id or by e-mail address: which of them exist, and which are active."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

from migrator.base.cells import identity, number
from migrator.base.server_text import Kept
from migrator.dataverse.client import Client
from migrator.dataverse.errors import UnexpectedAnswer
from migrator.product.codes import ADDRESS_MAX, State

BATCH = 400
"""Ids in one request: about 18,000 characters of address."""
ADDRESSES = 100
"""E-mail addresses in one request, or as many fewer as the length of its own address asks for."""
_ROOM = ADDRESS_MAX - 2_000
"""Characters of a filter; the organisation's address and the columns stand before it."""


async def states(client: Client, contacts: Sequence[UUID]) -> dict[UUID, State]:
    """The state of each contact that exists; those that do not are missing from the result.

    Raises:
        DataverseError: the contacts cannot be read.
    """
    found: dict[UUID, State] = {}
    for test in filters("contactid", [str(contact) for contact in contacts], BATCH):
        async for row in client.rows(f"contacts?$select=contactid,statecode&$filter={test}"):
            key, state = _known(row)
            found[key] = state
    return found


@dataclass(frozen=True, slots=True)
class Addressed:
    """A contact that has an e-mail address."""

    address: str
    """As the contact has it."""
    id: UUID
    state: State

    @property
    def active(self) -> bool:
        """Whether the contact is active."""
        return self.state is State.ACTIVE


async def with_addresses(client: Client, addresses: Sequence[str]) -> list[Addressed]:
    """Every contact whose `emailaddress1` is one of `addresses`; upper and lower case are the same.

    Raises:
        DataverseError: the contacts cannot be read.
    """
    found: list[Addressed] = []
    for test in filters("emailaddress1", addresses, ADDRESSES):
        rows = client.rows(f"contacts?$select=contactid,emailaddress1,statecode&$filter={test}")
        found += [Addressed(str(row.get("emailaddress1") or ""), *_known(row)) async for row in rows]
    return found


def _known(row: Mapping[str, Any]) -> tuple[UUID, State]:
    """Who it is, and whether active. Of a contact of which that is not known nothing can be said."""
    key, code = identity(row.get("contactid")), number(row.get("statecode"))
    if key is None or code is None:
        lacks = "contactid" if key is None else "statecode"
        raise UnexpectedAnswer("GET contacts", 200, "", Kept(f"a contact has no readable {lacks}"))
    return key, State.ACTIVE if code == State.ACTIVE else State.INACTIVE


def filters(column: str, values: Sequence[str], most: int) -> Iterator[str]:
    """Filters for rows whose column holds one of `values`, as they stand in an address: short enough, each of them.

    Args:
        column: its logical name.
        values: as they are compared.
        most: how many values one filter may hold.
    """
    batch: list[str] = []
    room = _ROOM
    for value in values:
        # Quotes and commas may stand as they are in a query (RFC 3986), which keeps the address short.
        shown = quote("'" + value.replace("'", "''") + "'", safe="',@")
        if batch and (len(batch) == most or len(shown) + 1 > room):
            yield _among(column, batch)
            batch, room = [], _ROOM
        batch.append(shown)
        room -= len(shown) + 1
    if batch:
        yield _among(column, batch)


def _among(column: str, shown: Sequence[str]) -> str:
    name = quote(f"Microsoft.Dynamics.CRM.In(PropertyName='{column}',PropertyValues=[", safe="',@")
    return f"{name}{','.join(shown)}{quote('])')}"
