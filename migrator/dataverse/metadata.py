"""Tables, columns and relationships, read from `EntityDefinitions`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from migrator.dataverse.client import Client
from migrator.dataverse.errors import NotFound, Refused
from migrator.mql import Column, ManyToMany, ManyToOne, Table

DEFINITION_TABLE = "msdynmkt_segmentdefinition"


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
    select = "LogicalName,EntitySetName,PrimaryIdAttribute,PrimaryNameAttribute,ChangeTrackingEnabled,DisplayName"
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
        labels=_labels(entity),
    )
    return Described(table, tuple(lookups), tuple(between))


async def query_length(client: Client) -> int | None:
    """How many characters the query of a real-time segment may have; None where the organisation does not say.

    Raises:
        Unreachable: the organisation does not answer.
    """
    attribute = f"EntityDefinitions(LogicalName='{DEFINITION_TABLE}')/Attributes(LogicalName='msdynmkt_segmentquery')"
    try:
        answer = await client.get(f"{attribute}/Microsoft.Dynamics.CRM.MemoAttributeMetadata?$select=MaxLength")
    except Refused:
        return None
    length = answer.get("MaxLength")
    return length if isinstance(length, int) and length > 0 else None


def _column(row: dict[str, Any]) -> Column:
    kind = row.get("AttributeTypeName") or {}
    return Column(
        str(row["AttributeType"]),
        row.get("SourceType"),
        tuple(row.get("Targets") or ()),
        str(kind.get("Value") or "") if isinstance(kind, dict) else "",
        row.get("MaxLength") if isinstance(row.get("MaxLength"), int) else None,
        _labels(row),
    )


_LANGUAGES = {0x09: "en", 0x07: "de", 0x0C: "fr"}
"""The lower ten bits of a language code (1033, 2057, 1031 …) are its language, whatever the country."""


def _labels(row: dict[str, Any]) -> dict[str, str]:
    """The display names of a table or column: those of our languages, and under "" the reader's own, if it is another.

    Strange metadata are no reason to fail: a table without a display name is called by its logical one.
    """
    shown = row.get("DisplayName")
    if not isinstance(shown, dict):
        return {}
    localized = shown.get("LocalizedLabels")
    found = {
        _LANGUAGES.get(one["LanguageCode"] & 0x3FF, ""): str(one["Label"])
        for one in (localized if isinstance(localized, list) else [])
        if isinstance(one, dict) and isinstance(one.get("LanguageCode"), int) and one.get("Label")
    }
    found.pop("", None)
    own = shown.get("UserLocalizedLabel")
    if isinstance(own, dict) and own.get("Label") and str(own["Label"]) not in found.values():
        found[""] = str(own["Label"])
    return found


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
