"""`EntityDefinitions`: tables, columns and relationships as the Web API shows them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from migrator.mql import Column, ManyToMany, ManyToOne, Table
from migrator.product.codes import label
from migrator.sandbox.organisation import Organisation
from migrator.sandbox.refusal import bad_request, no_record, no_resource
from migrator.sandbox.tables import CHOICES, LENGTHS

_NAMESPACE = UUID("6f2f9c1e-7f55-4e0a-9d52-5a4d9b0c6a10")
_PATH = re.compile(
    r"EntityDefinitions(?:\((?P<key>[^)]*)\))?(?:/(?P<part>\w+)(?:\((?P<part_key>[^)]*)\))?"
    r"(?:/Microsoft\.Dynamics\.CRM\.(?P<cast>\w+))?)?"
)
_OPTIONS = "OptionSet"
_FILTER = re.compile(r"\(?\s*(?P<name>\w+)\s+eq\s+(?P<value>'(?:[^']|'')*'|[\w-]+)\s*\)?", re.IGNORECASE)


def answer(organisation: Organisation, path: str, options: Mapping[str, str], base: str) -> dict[str, Any]:
    """The answer to a GET below EntityDefinitions.

    Args:
        organisation: the sandbox's organisation.
        path: the address below the Web API's root, without its options.
        options: the query options of the address, such as $select.
        base: the root of the Web API, for links in the answer.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise no_resource(path)
    tables = [_table(name, table) for name, table in organisation.schema.tables.items() if organisation.has(name)]
    if match["key"] is None:
        return _many(tables, options, f"{base}$metadata#EntityDefinitions")
    table = _find(tables, match["key"], "EntityDefinition")
    if match["part"] is None:
        context = f"{base}$metadata#EntityDefinitions/$entity"
        return {"@odata.context": context, **_select(table, options)}
    name = str(table["LogicalName"])
    parts = _parts(organisation, name).get(match["part"])
    if parts is None:
        raise no_resource(match["part"])
    if match["part_key"] is not None:
        return _select(_find(parts, match["part_key"], match["part"]), options)
    context = f"{base}$metadata#EntityDefinitions('{name}')/{match['part']}"
    if match["cast"] is None:
        return _many(parts, options, context)
    # Only columns of one kind; the option sets of choices can be expanded then.
    kind = f"#Microsoft.Dynamics.CRM.{match['cast']}"
    expanded = options.get("$expand", "").split("(")[0] == _OPTIONS
    rest = {option: value for option, value in options.items() if option != "$expand" or not expanded}
    answer = _many([part for part in parts if part.get("@odata.type") == kind], rest, context)
    for shown in answer["value"] if expanded else ():
        shown[_OPTIONS] = {"Options": _choices(name, shown["LogicalName"])}
    return answer


def _choices(table: str, column: str) -> list[dict[str, Any]]:
    return [
        {"Value": int(code), "Label": {"UserLocalizedLabel": {"Label": text}, "LocalizedLabels": [_label(text)]}}
        for code in CHOICES.get((table, column), ())
        for text in (label(int(code), CHOICES[table, column]),)
    ]


def _label(text: str) -> dict[str, Any]:
    return {"Label": text, "LanguageCode": 1033}


def _parts(organisation: Organisation, name: str) -> dict[str, list[dict[str, Any]]]:
    schema = organisation.schema
    return {
        "Attributes": [_column(name, key, column) for key, column in schema.tables[name].columns.items()],
        "ManyToOneRelationships": [_lookup(one) for one in schema.many_to_one if one.referencing_table == name],
        "OneToManyRelationships": [_lookup(one) for one in schema.many_to_one if one.referenced_table == name],
        "ManyToManyRelationships": [
            _many_to_many(many) for many in schema.many_to_many if name in (many.table1, many.table2)
        ],
        "Keys": [],
    }


def _table(name: str, table: Table) -> dict[str, Any]:
    return {
        "MetadataId": _id(name),
        "LogicalName": name,
        "SchemaName": name,
        "EntitySetName": table.entity_set,
        "LogicalCollectionName": table.entity_set,
        "PrimaryIdAttribute": table.key,
        "PrimaryNameAttribute": table.name_column,
        "ChangeTrackingEnabled": table.change_tracking,
        "IsCustomEntity": "_" in name,
        "IsPrivate": False,
        "DisplayName": _display_name(table.labels),
    }


_LANGUAGE_CODES = {"en": 1033, "de": 1031, "fr": 1036, "": 1045}


def _display_name(labels: Mapping[str, str]) -> dict[str, Any]:
    """A display name in every language that it has; the reader's own is the one without a language, else the first."""
    shown = [{"Label": text, "LanguageCode": _LANGUAGE_CODES[language]} for language, text in labels.items()]
    own = [one for one in shown if one["LanguageCode"] == _LANGUAGE_CODES[""]] or shown
    return {"LocalizedLabels": shown, "UserLocalizedLabel": own[0] if own else None}


def _column(table: str, name: str, column: Column) -> dict[str, Any]:
    # What the metadata calls Virtual may be a choice column that takes several values; only its type's name says so.
    type_name = column.type_name or f"{column.type}Type"
    shown: dict[str, Any] = {
        "@odata.type": f"#Microsoft.Dynamics.CRM.{type_name.removesuffix('Type')}AttributeMetadata",
        "MetadataId": _id(f"{table}.{name}"),
        "LogicalName": name,
        "SchemaName": name,
        "EntityLogicalName": table,
        "AttributeType": column.type,
        "AttributeTypeName": {"Value": type_name},
        "AttributeOf": None,
        "IsPrimaryId": False,
        "SourceType": column.source if column.source is not None else 0,
        "DisplayName": _display_name(column.labels),
    }
    if column.targets:
        shown["Targets"] = list(column.targets)
    if length := LENGTHS.get((table, name), column.max_length):
        shown["MaxLength"] = length
    return shown


def _lookup(relationship: ManyToOne) -> dict[str, Any]:
    return {
        "MetadataId": _id(relationship.schema_name),
        "SchemaName": relationship.schema_name,
        "RelationshipType": "OneToManyRelationship",
        "ReferencingEntity": relationship.referencing_table,
        "ReferencingAttribute": relationship.referencing_column,
        "ReferencedEntity": relationship.referenced_table,
        "ReferencedAttribute": relationship.referenced_column,
    }


def _many_to_many(relationship: ManyToMany) -> dict[str, Any]:
    return {
        "MetadataId": _id(relationship.schema_name),
        "SchemaName": relationship.schema_name,
        "RelationshipType": "ManyToManyRelationship",
        "IntersectEntityName": relationship.intersect_table,
        "Entity1LogicalName": relationship.table1,
        "Entity1IntersectAttribute": relationship.column1,
        "Entity2LogicalName": relationship.table2,
        "Entity2IntersectAttribute": relationship.column2,
    }


def _id(name: str) -> str:
    return str(uuid5(_NAMESPACE, name))


def _find(items: list[dict[str, Any]], key: str, kind: str) -> dict[str, Any]:
    name, _, value = key.rpartition("=")
    wanted = value.strip("'").lower()
    for item in items:
        if str(item[name or "MetadataId"]).lower() == wanted:
            return item
    raise no_record(kind, key)


def _many(items: list[dict[str, Any]], options: Mapping[str, str], context: str) -> dict[str, Any]:
    if text := options.get("$filter"):
        items = [item for item in items if _matches(item, text)]
    return {"@odata.context": context, "value": [_select(item, options) for item in items]}


def _matches(item: Mapping[str, Any], text: str) -> bool:
    """`Name eq value` tests joined by `and`, or by `or`: metadata knows little more, and clients ask for no more."""
    ways = re.split(r"\s+or\s+", text, flags=re.IGNORECASE)
    if len(ways) > 1:
        return any(_matches(item, way) for way in ways)
    for test in re.split(r"\s+and\s+", text, flags=re.IGNORECASE):
        match = _FILTER.fullmatch(test.strip())
        if match is None or match["name"] not in item:
            raise bad_request(f"The filter '{text}' is not answered by the sandbox.")
        value = match["value"].strip("'").replace("''", "'")
        shown = item[match["name"]]
        if (str(shown).lower() if isinstance(shown, bool) else str(shown)) != value:
            return False
    return True


def _select(item: Mapping[str, Any], options: Mapping[str, str]) -> dict[str, Any]:
    if "$expand" in options:
        raise bad_request("The query option '$expand' is not answered by the sandbox.")
    if not (select := options.get("$select")):
        return dict(item)
    names = [name.strip() for name in select.split(",")]
    kept = [name for name in ("@odata.type", "MetadataId") if name in item]
    return {name: item.get(name) for name in [*kept, *names]}
