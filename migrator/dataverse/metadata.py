"""Tables, columns and relationships, read from `EntityDefinitions`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from migrator.dataverse.client import Client
from migrator.dataverse.errors import NotFound
from migrator.mql import Column, ManyToMany, ManyToOne, Table


@dataclass(frozen=True, slots=True)
class Described:
    """One table with everything that starts at it."""

    table: Table
    many_to_one: tuple[ManyToOne, ...]
    many_to_many: tuple[ManyToMany, ...]


async def describe(client: Client, logical_name: str) -> Described | None:
    """What the organisation knows about a table; None when it has no such table.

    Raises:
        DataverseError: the metadata cannot be read.
    """
    path = f"EntityDefinitions(LogicalName='{logical_name}')"
    select = "LogicalName,EntitySetName,PrimaryIdAttribute,PrimaryNameAttribute,ChangeTrackingEnabled"
    try:
        entity = await client.get(f"{path}?$select={select}")
    except NotFound:
        return None
    columns = {row["LogicalName"]: _column(row) async for row in client.rows(f"{path}/Attributes")}
    lookups = [
        _many_to_one(row)
        for direction in ("ManyToOneRelationships", "OneToManyRelationships")
        async for row in client.rows(f"{path}/{direction}")
    ]
    between = [_many_to_many(row) async for row in client.rows(f"{path}/ManyToManyRelationships")]
    table = Table(
        entity_set=str(entity.get("EntitySetName") or ""),
        key=str(entity.get("PrimaryIdAttribute") or ""),
        name_column=str(entity.get("PrimaryNameAttribute") or ""),
        columns=dict(sorted(columns.items())),
        change_tracking=bool(entity.get("ChangeTrackingEnabled")),
    )
    return Described(table, tuple(lookups), tuple(between))


def _column(row: dict[str, Any]) -> Column:
    return Column(str(row["AttributeType"]), row.get("SourceType"), tuple(row.get("Targets") or ()))


def _many_to_one(row: dict[str, Any]) -> ManyToOne:
    return ManyToOne(
        row["SchemaName"],
        row["ReferencingEntity"],
        row["ReferencingAttribute"],
        row["ReferencedEntity"],
        row["ReferencedAttribute"],
    )


def _many_to_many(row: dict[str, Any]) -> ManyToMany:
    return ManyToMany(
        row["SchemaName"],
        row["IntersectEntityName"],
        row["Entity1LogicalName"],
        row["Entity1IntersectAttribute"],
        row["Entity2LogicalName"],
        row["Entity2IntersectAttribute"],
    )
