"""What an organisation says about itself: who we are, what is installed, what is allowed. Reads only.

One function an endpoint, as in realtime.py and outbound.py; what it means is for `commands/doctor.py` to say.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from migrator.base.cells import count, number
from migrator.dataverse.client import Client

NO_PRODUCTION = frozenset(
    {"CustomerTest", "CustomerFreeTest", "CustomerPreview", "TestDrive", "EmailTrial", "Developer", "Trial"}
)
"""Values of OrganizationType that are certainly no production; whatever is unknown counts as production."""
_ORGANISATION_TYPES = (
    "Customer", "Monitoring", "Support", "BackEnd", "Secondary", "CustomerTest", "CustomerFreeTest", "CustomerPreview",
    "Placeholder", "TestDrive", "MsftInvestigation", "EmailTrial", "Default", "Developer", "Trial", "Teams", "Platform",
)  # fmt: skip
"""Their names by number (product documentation: *OrganizationType EnumType*)."""


def _rows(answer: Mapping[str, Any], name: str = "value") -> list[dict[str, Any]]:
    """The rows of an answer; what is none is passed over."""
    found = answer.get(name)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


async def retrieve_user_privileges(client: Client, user: UUID) -> frozenset[str]:
    """The names of all privileges that a user holds, by roles of its own and by those of its teams.

    Raises:
        Refused: the account may not ask.
    """
    answer = await client.get(f"systemusers({user})/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()")
    return frozenset(
        str(entry["PrivilegeName"]) for entry in _rows(answer, "RolePrivileges") if entry.get("PrivilegeName")
    )


async def retrieve_roles(client: Client, user: UUID) -> tuple[str, ...]:
    """The names of the roles that a user has itself (not those of its teams).

    Raises:
        Refused: the account may not ask.
    """
    path = f"systemusers({user})/systemuserroles_association?$select=name"
    return tuple(sorted([str(row.get("name") or "") async for row in client.rows(path)]))


async def retrieve_user_name(client: Client, user: UUID) -> str:
    """The name of a user.

    Raises:
        Refused: the account may not ask.
    """
    row = await client.get(f"systemusers({user})?$select=fullname")
    return str(row.get("fullname") or "")


async def retrieve_current_organization(client: Client) -> str:
    """What kind of organisation it is, as the product names it; empty where it does not say.

    Raises:
        Refused: the function is not there.
    """
    answer = await client.get(
        "RetrieveCurrentOrganization(AccessType=Microsoft.Dynamics.CRM.EndpointAccessType'Default')"
    )
    kind = (answer.get("Detail") or {}).get("OrganizationType")
    if isinstance(kind, int) and 0 <= kind < len(_ORGANISATION_TYPES):
        return _ORGANISATION_TYPES[kind]
    return str(kind or "")


async def known_messages(client: Client, names: Collection[str]) -> frozenset[str]:
    """Which of these functions and actions the organisation has, by `sdkmessages`.

    Raises:
        Refused: the table cannot be read.
    """
    wanted = " or ".join(f"name eq '{name}'" for name in names)
    rows = client.rows(f"sdkmessages?$select=name&$filter={wanted}")
    return frozenset([str(row.get("name")) async for row in rows])


async def solution_versions(client: Client, prefix: str) -> dict[str, str]:
    """Unique name → version of the solutions that begin with `prefix`.

    Raises:
        Refused: the table cannot be read.
    """
    path = f"solutions?$select=uniquename,version&$filter=startswith(uniquename,'{prefix}')"
    return {str(row.get("uniquename")): str(row.get("version")) async for row in client.rows(path)}


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What the metadata says about one table."""

    entity_set: str
    key: str
    change_tracking: bool


async def table_facts(client: Client, names: Collection[str]) -> dict[str, TableFacts]:
    """What the organisation knows of these tables; one that it does not have is not in the answer.

    Raises:
        Refused: the metadata cannot be read.
    """
    wanted = " or ".join(f"LogicalName eq '{name}'" for name in sorted(names))
    select = "LogicalName,EntitySetName,PrimaryIdAttribute,ChangeTrackingEnabled"
    found = {}
    async for row in client.rows(f"EntityDefinitions?$select={select}&$filter={wanted}"):
        found[str(row.get("LogicalName"))] = TableFacts(
            str(row.get("EntitySetName") or ""),
            str(row.get("PrimaryIdAttribute") or ""),
            bool(row.get("ChangeTrackingEnabled")),
        )
    return found


async def has_a_row(client: Client, entity_set: str, key: str) -> bool:
    """Whether a table holds at least one row that the account can see.

    Args:
        client: the organisation.
        entity_set: the table's name in addresses, such as contacts.
        key: its key column.

    Raises:
        Refused: the table cannot be read.
    """
    answer = await client.get(f"{entity_set}?$select={key}&$top=1")
    return bool(answer.get("value"))


async def segments_by_type(client: Client) -> dict[int, int]:
    """`msdynmkt_type` → how many real-time segments there are of it.

    Raises:
        Refused: the organisation cannot count them.
    """
    answer = await client.get("msdynmkt_segments?$apply=groupby((msdynmkt_type),aggregate($count as n))")
    counted = [(number(row.get("msdynmkt_type")), count(row.get("n"))) for row in _rows(answer)]
    return {kind: many for kind, many in counted if kind is not None and many is not None}


async def scopes_in_use(client: Client) -> frozenset[int]:
    """The values of `msdynmkt_scope` of the real-time segments that are there.

    Raises:
        Refused: the organisation cannot say.
    """
    answer = await client.get("msdynmkt_segments?$apply=groupby((msdynmkt_scope))")
    scopes = (row.get("msdynmkt_scope") for row in answer.get("value") or ())
    return frozenset(int(scope) for scope in scopes if scope is not None)


_MATRIX = re.compile(r"<EnableOwnershipAcrossBusinessUnits>\s*true\s*</", re.IGNORECASE)


async def matrix_ownership(client: Client) -> bool:
    """Whether rows may be put into business units other than their owner's (`orgdborgsettings`).

    Raises:
        Refused: the organisation's settings cannot be read.
    """
    answer = await client.get("organizations?$select=orgdborgsettings")
    return bool(_MATRIX.search(str(answer.get("value") or "")))


async def recent_queries(client: Client, count: int = 50) -> tuple[str, ...]:
    """The newest queries of real-time segments, as people and tools have saved them.

    Raises:
        Refused: the table cannot be read.
    """
    path = f"msdynmkt_segmentdefinitions?$select=msdynmkt_segmentquery&$orderby=createdon desc&$top={count}"
    answer = await client.get(path)
    return tuple(str(row["msdynmkt_segmentquery"]) for row in _rows(answer) if row.get("msdynmkt_segmentquery"))
