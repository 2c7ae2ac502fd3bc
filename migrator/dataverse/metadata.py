"""Tables, columns and relationships, read from `EntityDefinitions`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from migrator.base.cells import count, number
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
    # A column or relationship that is not described cannot be in a query that is carried over: there it is unknown.
    columns = {
        str(row["LogicalName"]): _column(row)
        async for row in client.rows(f"{path}/Attributes")
        if row.get("LogicalName")
    }
    lookups = [
        ManyToOne(*names)
        for direction in ("ManyToOneRelationships", "OneToManyRelationships")
        async for row in client.rows(f"{path}/{direction}")
        if (names := _names(row, _LOOKUP))
    ]
    between = [
        ManyToMany(*names)
        async for row in client.rows(f"{path}/ManyToManyRelationships")
        if (names := _names(row, _BETWEEN))
    ]
    table = Table(
        entity_set=str(entity.get("EntitySetName") or ""),
        key=str(entity.get("PrimaryIdAttribute") or ""),
        name_column=str(entity.get("PrimaryNameAttribute") or ""),
        columns=dict(sorted(columns.items())),
        change_tracking=bool(entity.get("ChangeTrackingEnabled")),
        labels=_labels(entity),
    )
    return Described(table, tuple(lookups), tuple(between))


async def column_length(client: Client, table: str, column: str) -> int | None:
    """`MaxLength` of a text column; None where the metadata does not give it.

    Args:
        client: the organisation.
        table: logical name.
        column: logical name.

    Raises:
        Refused: the metadata cannot be read.
    """
    for kind in ("Memo", "String"):
        path = f"EntityDefinitions(LogicalName='{table}')/Attributes(LogicalName='{column}')"
        try:
            answer = await client.get(f"{path}/Microsoft.Dynamics.CRM.{kind}AttributeMetadata?$select=MaxLength")
        except NotFound:
            continue
        length = count(answer.get("MaxLength"))
        return length or None
    return None


async def query_length(client: Client) -> int | None:
    """How many characters the query of a real-time segment may have; None where the organisation does not say.

    Raises:
        Unreachable: the organisation does not answer.
    """
    try:
        return await column_length(client, DEFINITION_TABLE, "msdynmkt_segmentquery")
    except Refused:
        return None


def _column(row: dict[str, Any]) -> Column:
    kind = row.get("AttributeTypeName") or {}
    return Column(
        str(row.get("AttributeType") or ""),
        number(row.get("SourceType")),
        tuple(map(str, targets)) if isinstance(targets := row.get("Targets"), list) else (),
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


_LOOKUP = ("SchemaName", "ReferencingEntity", "ReferencingAttribute", "ReferencedEntity", "ReferencedAttribute")
_BETWEEN = (
    "SchemaName",
    "IntersectEntityName",
    "Entity1LogicalName",
    "Entity1IntersectAttribute",
    "Entity2LogicalName",
    "Entity2IntersectAttribute",
)


def _names(row: dict[str, Any], properties: Sequence[str]) -> list[str]:
    """The names that make up a relationship; empty where one of them is missing."""
    names = [row.get(one) for one in properties]
    return [str(name) for name in names] if all(names) else []
