"""Contacts by id: which of them exist, and which are active."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote
from uuid import UUID

from migrator.codes import State
from migrator.dataverse.client import Client

_BATCH = 100
"""Ids in one request: about 4,000 characters of address, far below what servers and proxies accept."""


async def states(client: Client, contacts: Sequence[UUID]) -> dict[UUID, State]:
    """The state of each contact that exists; those that do not are missing from the result.

    Raises:
        DataverseError: the contacts cannot be read.
    """
    found: dict[UUID, State] = {}
    for start in range(0, len(contacts), _BATCH):
        values = ",".join(f"'{contact}'" for contact in contacts[start : start + _BATCH])
        test = f"Microsoft.Dynamics.CRM.In(PropertyName='contactid',PropertyValues=[{values}])"
        async for row in client.rows(f"contacts?$select=contactid,statecode&$filter={quote(test)}"):
            found[UUID(row["contactid"])] = State.ACTIVE if row["statecode"] == State.ACTIVE else State.INACTIVE
    return found
