"""Fills the organisation from an export folder: its rows, its member lists and, where there are any, its tables."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from migrator.mql import Column, Schema, Table
from migrator.mql.schema import schema_from_json
from migrator.product.codes import AUDIENCE, AUDIENCE_KEY, LegacyType
from migrator.sandbox.organisation import Organisation, Row
from migrator.sandbox.tables import LEGACY_SEGMENT, OF_CONSENT


def load(folder: Path, clock: Callable[[], float]) -> Organisation:
    """An organisation with the content of the export `folder`.

    Raises:
        OSError, ValueError, KeyError: the folder is no export.
    """
    manifest = json.loads((folder / "manifest.json").read_bytes())
    extra = json.loads((folder / "sandbox.json").read_bytes()) if (folder / "sandbox.json").exists() else {}
    described = json.loads((folder / "metadata.json").read_bytes()) if (folder / "metadata.json").exists() else {}
    organisation = Organisation(
        id=UUID(manifest["organisation"]["id"]),
        name=extra.get("organisation", {}).get("name", "Sandbox"),
        data=_with_audience(schema_from_json(described)),
        clock=clock,
    )
    _people(organisation, extra)
    for name in (*organisation.data.tables, *OF_CONSENT):
        table = organisation.schema.tables[name]
        path = folder / "tables" / f"{name}.csv"
        if path.exists():
            organisation.fill(name, _rows(path, table))
    _segments(organisation, folder)
    if not organisation.rows[AUDIENCE]:
        # An export without tables: its members are the only contacts that are known.
        ids = sorted({member for members in organisation.lists.values() for member in members})
        organisation.fill(AUDIENCE, [{AUDIENCE_KEY: str(UUID(int=member)), "statecode": 0} for member in ids])
    for segment, operation in extra.get("pending_operations", {}).items():
        _pending(organisation, segment, operation)
    return organisation


def _with_audience(schema: Schema) -> Schema:
    """The schema with at least the table that members come from."""
    table = schema.tables.get(AUDIENCE)
    key, state = Column("Uniqueidentifier"), Column("State")
    text, yes_no = Column("String"), Column("Boolean")
    columns = {AUDIENCE_KEY: key, "fullname": text, "emailaddress1": text, "statecode": state}
    columns |= {"donotemail": yes_no, "donotbulkemail": yes_no}
    columns |= dict(table.columns) if table else {}
    audience = Table("contacts", AUDIENCE_KEY, "fullname", columns, table.change_tracking if table else True)
    return Schema({**schema.tables, AUDIENCE: audience}, schema.many_to_one, schema.many_to_many)


def _people(organisation: Organisation, extra: Mapping[str, Any]) -> None:
    units = extra.get("business_units") or [{"id": str(uuid5(organisation.id, "root")), "name": organisation.name}]
    organisation.fill("businessunit", [{"businessunitid": unit["id"], "name": unit["name"]} for unit in units])
    user = str(uuid5(organisation.id, "user"))
    address = "sandbox@example.com"
    organisation.fill(
        "systemuser",
        [
            {
                "systemuserid": user,
                "fullname": "Sandbox user",
                "internalemailaddress": address,
                "domainname": address,
                "isdisabled": False,
            }
        ],
    )
    team = str(uuid5(organisation.id, "team"))
    organisation.fill("team", [{"teamid": team, "name": "Marketing"}])
    organisation.fill("organization", [{"organizationid": str(organisation.id), "name": organisation.name}])


def _rows(path: Path, table: Table) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {name: _value(table.columns[name].type, text) for name, text in line.items() if name in table.columns}
            for line in csv.DictReader(file)
        ]


def _value(kind: str, text: str) -> Any:
    if text == "":
        return None
    match kind:
        case "Integer" | "BigInt" | "Picklist" | "State" | "Status":
            return int(text)
        case "Money" | "Decimal" | "Double":
            return float(text)
        case "Boolean":
            return text == "true"
    return text


def _segments(organisation: Organisation, folder: Path) -> None:
    columns = organisation.schema.tables[LEGACY_SEGMENT].columns
    users: dict[str, str] = {}
    units: dict[str, str] = {}
    for line in (folder / "segments.jsonl").read_bytes().splitlines():  # bytes: U+2028 in a name breaks no line there
        raw = json.loads(line)
        row = {_logical(name): value for name, value in raw.items() if _logical(name) in columns}
        if user := row.get("createdby"):
            users.setdefault(user, raw.get("_createdby_value@OData.Community.Display.V1.FormattedValue", user))
        if unit := row.get("owningbusinessunit"):
            units.setdefault(unit, unit)
        organisation.fill(LEGACY_SEGMENT, [row])
        members = folder / "members" / f"{row['msdyncrm_segmentid']}.csv"
        if row["msdyncrm_segmenttype"] == LegacyType.STATIC and members.exists():
            ids = members.read_text(encoding="ascii").split()[1:]
            organisation.lists[row["msdyncrm_segmentid"]] = {UUID(member).int: None for member in ids}
    known = organisation.rows["systemuser"]
    organisation.fill("systemuser", [{"systemuserid": k, "fullname": v} for k, v in users.items() if k not in known])
    known = organisation.rows["businessunit"]
    organisation.fill("businessunit", [{"businessunitid": k, "name": v} for k, v in units.items() if k not in known])


def _logical(name: str) -> str:
    """`_ownerid_value` is how the Web API shows the column `ownerid`."""
    return name[1:].removesuffix("_value") if name.startswith("_") and name.endswith("_value") else name


def _pending(organisation: Organisation, segment: str, operation: Mapping[str, Any]) -> None:
    """A member operation that was under way when the export was taken; it ends five moments after the start."""
    organisation.pending[segment] = 1

    def end() -> None:
        organisation.pending[segment] = 0
        organisation.lists[segment].update((UUID(member).int, None) for member in operation["ids"])
        row = organisation.rows[LEGACY_SEGMENT].get(segment)
        if row:
            row["msdyncrm_segmentsize"] = len(organisation.lists[segment])

    organisation.after(5 * organisation.moment, end)
