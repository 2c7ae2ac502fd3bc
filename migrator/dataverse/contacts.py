"""Contacts by id or by e-mail address: which of them exist, and which are active."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

from migrator.dataverse.client import Client
from migrator.product.codes import State

BATCH = 400
"""Ids in one request: about 18,000 characters of address; the Web API takes 32,000 (product documentation)."""
ADDRESSES = 100
"""E-mail addresses in one request; each has up to 100 characters, and up to three times as many when it is encoded."""


async def states(client: Client, contacts: Sequence[UUID]) -> dict[UUID, State]:
    """The state of each contact that exists; those that do not are missing from the result.

    Raises:
        DataverseError: the contacts cannot be read.
    """
    found: dict[UUID, State] = {}
    for start in range(0, len(contacts), BATCH):
        test = _among("contactid", [str(contact) for contact in contacts[start : start + BATCH]])
        async for row in client.rows(f"contacts?$select=contactid,statecode&$filter={test}"):
            found[UUID(row["contactid"])] = _state(row["statecode"])
    return found


@dataclass(frozen=True, slots=True)
class Addressed:
    """A contact that has an e-mail address."""

    address: str
    """As the contact has it."""
    id: UUID
    state: State


async def with_addresses(client: Client, addresses: Sequence[str]) -> list[Addressed]:
    """Every contact whose `emailaddress1` is one of `addresses`; upper and lower case are the same.

    Raises:
        DataverseError: the contacts cannot be read.
    """
    found: list[Addressed] = []
    for start in range(0, len(addresses), ADDRESSES):
        test = _among("emailaddress1", addresses[start : start + ADDRESSES])
        rows = client.rows(f"contacts?$select=contactid,emailaddress1,statecode&$filter={test}")
        found += [
            Addressed(str(row["emailaddress1"]), UUID(row["contactid"]), _state(row["statecode"])) async for row in rows
        ]
    return found


def _state(code: int) -> State:
    return State.ACTIVE if code == State.ACTIVE else State.INACTIVE


def _among(column: str, values: Sequence[str]) -> str:
    shown = ",".join("'" + value.replace("'", "''") + "'" for value in values)
    # Quotes and commas may stand as they are in a query (RFC 3986), which keeps the address short.
    return quote(f"Microsoft.Dynamics.CRM.In(PropertyName='{column}',PropertyValues=[{shown}])", safe="',@")
