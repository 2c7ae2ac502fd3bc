"""Marketing lists: tables `list` and `listmember`, which survive the removal of outbound marketing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

from migrator.base.cells import identity
from migrator.base.ids import Ids, from_texts
from migrator.base.server_text import Kept
from migrator.dataverse.client import Client
from migrator.dataverse.errors import UnexpectedAnswer
from migrator.product.codes import AUDIENCE_KEY

CONTACTS = 2
"""`createdfromcode` of a list of contacts (metadata; 1 is accounts, 4 is leads)."""


@dataclass(frozen=True, slots=True)
class MarketingList:
    """One row of `list`."""

    id: UUID
    name: str
    dynamic: bool
    """Whether its members come from a query; then it holds none itself."""
    of_contacts: bool


async def retrieve_lists(client: Client, name_or_id: str) -> list[MarketingList]:
    """The lists with this name, or the one with this id.

    Raises:
        DataverseError: the lists cannot be read.
    """
    try:
        test = f"listid eq {UUID(name_or_id)}"
    except ValueError:
        test = "listname eq '" + name_or_id.replace("'", "''") + "'"
    rows = client.rows(f"lists?$select=listid,listname,type,createdfromcode&$filter={quote(test)}")
    return [found async for row in rows if (found := _list(row))]


def _list(row: dict[str, Any]) -> MarketingList | None:
    key = identity(row.get("listid"))
    if key is None:
        return None
    return MarketingList(
        key,
        str(row.get("listname") or ""),
        bool(row.get("type")),
        row.get("createdfromcode") in (None, CONTACTS),
    )


async def retrieve_members(client: Client, marketing_list: UUID) -> Ids:
    """The ids of all contacts in a static list.

    Raises:
        DataverseError: the members cannot be read.
    """
    rows = client.rows(f"lists({marketing_list})/listcontact_association?$select={AUDIENCE_KEY}")
    try:
        return from_texts([str(row.get(AUDIENCE_KEY)) async for row in rows])
    except ValueError:
        why = Kept(f"a member of the list has no readable {AUDIENCE_KEY}")
        raise UnexpectedAnswer("GET listcontact_association", 200, "", why) from None
