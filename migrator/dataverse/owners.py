"""Who is to own what is created: a user or a team, found by what a person calls it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

from migrator.base.cells import identity
from migrator.base.errors import UsageError
from migrator.dataverse.client import Client
from migrator.dataverse.errors import NotFound

_USER = "systemuserid,fullname,isdisabled"


@dataclass(frozen=True, slots=True)
class Owner:
    """A user or a team."""

    id: UUID
    name: str
    table: str
    """`systemusers` or `teams`."""

    @property
    def bind(self) -> str:
        """What a new row names it by (`ownerid@odata.bind`)."""
        return f"/{self.table}({self.id})"


async def find_owner(client: Client, wanted: str) -> Owner:
    """The user or team that a person means.

    Args:
        client: the organisation.
        wanted: an id, a user's e-mail address or sign-in name, or a team's name.

    Raises:
        UsageError: there is none, or several, or the user is disabled.
        DataverseError: users and teams cannot be read.
    """
    key = identity(wanted)
    found: list[Owner] = []
    if key is not None:
        for table, select in (("systemusers", _USER), ("teams", "teamid,name")):
            try:
                found += _owner(table, await client.get(f"{table}({key})?$select={select}"))
            except NotFound:
                continue
    else:
        text = quote("'" + wanted.replace("'", "''") + "'", safe="',@")
        for column in ("internalemailaddress", "domainname"):
            async for row in client.rows(f"systemusers?$select={_USER}&$filter={column}%20eq%20{text}"):
                found += [one for one in _owner("systemusers", row) if one not in found]
        async for row in client.rows(f"teams?$select=teamid,name&$filter=name%20eq%20{text}"):
            found += _owner("teams", row)
    if not found:
        raise UsageError(
            f"{client.url} has no user and no team {wanted}. --owner takes an id, a user's e-mail address, or a team's "
            "name. Nothing was changed."
        )
    if len(found) > 1:
        which = ", ".join(f"{one.name} ({one.id})" for one in found)
        raise UsageError(f"Several owners are called {wanted}. Name the one that you mean by its id: {which}")
    return found[0]


def _owner(table: str, row: dict[str, Any]) -> list[Owner]:
    key = identity(row.get("systemuserid" if table == "systemusers" else "teamid"))
    name = str(row.get("fullname") or row.get("name") or "")
    if key is None:
        return []
    if row.get("isdisabled") is True:
        raise UsageError(f"{name or key} is disabled and can own nothing. Name another --owner. Nothing was changed.")
    return [Owner(key, name, table)]
