"""What the box says about itself: roles and privileges, installed solutions and messages, counts, settings.

Answers by the product's reference: `RetrieveUserPrivileges`, `RetrieveCurrentOrganization`,
`RetrieveTotalRecordCount`, the tables `sdkmessage`, `solution`, `role` and `organization`, and `$apply` with groupby.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from migrator.sandbox import outbound, realtime
from migrator.sandbox.organisation import Organisation
from migrator.sandbox.refusal import Refusal, bad_request, no_resource

_NAMESPACE = UUID("6f2f9c1e-7f55-4e0a-9d52-5a4d9b0c6a11")
_USER = re.compile(r"systemusers\((?P<key>[0-9a-fA-F-]{36})\)/(?P<way>[\w.]+)(?:\(\))?")
_GROUPBY = re.compile(r"groupby\(\((?P<column>\w+)\)(?:,aggregate\(\$count as (?P<name>\w+)\))?\)")
_NAMES = re.compile(r"\bname eq '([^']*)'")
_PREFIX = re.compile(r"startswith\(uniquename,'([^']*)'\)")
RIGHTS = ("Create", "Read", "Write", "Delete", "Append", "AppendTo", "Assign", "Share")
_OF_METHOD = {"GET": "Read", "POST": "Create", "PATCH": "Write", "DELETE": "Delete"}
_SCHEMA_NAMES = {"contact": "Contact", "account": "Account", "list": "List", "businessunit": "BusinessUnit"}


def answer(organisation: Organisation, path: str, options: Mapping[str, str], base: str) -> dict[str, Any] | None:
    """The answer to a GET, or None where the path is about something else.

    Args:
        organisation: the sandbox's organisation.
        path: the address below the Web API's root, without its options.
        options: the query options of the address, such as $select.
        base: the root of the Web API, for links in the answer.
    """
    if match := _USER.fullmatch(path):
        return _about_user(organisation, match["way"], base)
    if path.startswith("RetrieveCurrentOrganization("):
        detail = {"OrganizationId": str(organisation.id), "OrganizationType": organisation.kind}
        return {"@odata.context": f"{base}$metadata#Microsoft.Dynamics.CRM.x", "Detail": detail}
    if path.startswith("RetrieveTotalRecordCount("):
        return _counted(organisation, options, base)
    if path == "sdkmessages":
        known = {*realtime.ACTIONS, *outbound.ACTIONS} - _gone(organisation)
        wanted = _NAMES.findall(options.get("$filter", ""))
        return _rows(base, "sdkmessages", [{"sdkmessageid": _id(n), "name": n} for n in wanted if n in known])
    if path == "solutions":
        prefix = "".join(_PREFIX.findall(options.get("$filter", "")))
        found = {name: version for name, version in _solutions(organisation).items() if name.startswith(prefix)}
        return _rows(
            base, "solutions", [{"solutionid": _id(n), "uniquename": n, "version": v} for n, v in found.items()]
        )
    if path == "organizations" and "orgdborgsettings" in options.get("$select", ""):
        matrix = str(organisation.matrix).lower()
        settings = (
            "<OrgSettings><EnableOwnershipAcrossBusinessUnits>"
            f"{matrix}</EnableOwnershipAcrossBusinessUnits></OrgSettings>"
        )
        return _rows(base, "organizations", [{"organizationid": str(organisation.id), "orgdborgsettings": settings}])
    if "$apply" in options:
        return _grouped(organisation, path, options["$apply"], base)
    return None


def _counted(organisation: Organisation, options: Mapping[str, str], base: str) -> dict[str, Any]:
    """Rows of tables, by the reference of `RetrieveTotalRecordCount`; a name that is none fails the whole question."""
    names = re.findall(r'"([^"]+)"', options.get("@names", ""))
    if unknown := [name for name in names if name not in organisation.schema.tables or not organisation.has(name)]:
        raise bad_request(f"The entity with a name = '{unknown[0]}' was not found in the MetadataCache.")
    return {
        "@odata.context": f"{base}$metadata#Microsoft.Dynamics.CRM.RetrieveTotalRecordCountResponse",
        "EntityRecordCountCollection": {
            "Count": len(names),
            "IsReadOnly": False,
            "Keys": names,
            "Values": [len(organisation.rows[name]) for name in names],
        },
    }


def _about_user(organisation: Organisation, way: str, base: str) -> dict[str, Any] | None:
    if way == "Microsoft.Dynamics.CRM.RetrieveUserPrivileges":
        held = [name for name in _privileges(organisation) if name not in organisation.lacks]
        return {
            "@odata.context": f"{base}$metadata#Microsoft.Dynamics.CRM.RetrieveUserPrivilegesResponse",
            "RolePrivileges": [{"PrivilegeName": name, "PrivilegeId": _id(name), "Depth": "Global"} for name in held],
        }
    if way == "systemuserroles_association":
        return _rows(base, "roles", [{"roleid": _id("role"), "name": organisation.role}])
    return None


def _privileges(organisation: Organisation) -> list[str]:
    tables = [_SCHEMA_NAMES.get(name, name) for name in organisation.schema.tables]
    return [f"prv{right}{table}" for table in (*tables, "List") for right in RIGHTS]


def _gone(organisation: Organisation) -> set[str]:
    gone: set[str] = set()
    if outbound.answers(organisation) in (outbound.Answers.REMOVED, outbound.Answers.REMOVED_PATH):
        gone |= set(outbound.ACTIONS)
    if not organisation.realtime:
        gone |= set(realtime.ACTIONS)
    return gone


def _solutions(organisation: Organisation) -> dict[str, str]:
    return {"msdynmkt_Sandbox": "1.1.59000.0"} if organisation.realtime else {}


def _grouped(organisation: Organisation, entity_set: str, apply: str, base: str) -> dict[str, Any]:
    name, _ = organisation.table(entity_set)
    match = _GROUPBY.fullmatch(apply)
    if match is None:
        raise bad_request(f"$apply={apply} is not known here.")
    column = match["column"]
    counts = Counter(row.get(column) for row in organisation.rows[name].values())
    rows = [{column: value, **({match["name"]: n} if match["name"] else {})} for value, n in counts.items()]
    return {"@odata.context": f"{base}$metadata#{entity_set}", "value": rows}


def allow(organisation: Organisation, method: str, table: str) -> None:
    """Refuse what the user's roles do not allow, in the product's own words.

    Args:
        organisation: the sandbox's organisation.
        method: the HTTP method.
        table: the table that it is about.

    Raises:
        Refusal: 403, PrivilegeDenied.
    """
    privilege = f"prv{_OF_METHOD.get(method, 'Read')}{_SCHEMA_NAMES.get(table, table)}"
    if privilege in organisation.lacks:
        raise Refusal(
            403,
            "0x80040220",
            f"Principal user (Id={organisation.user}, type=8, roleCount=1, privilegeCount=400), is missing {privilege} "
            f"privilege (Id={_id(privilege)}) on OTC=10000 for entity '{table}' (LocalizedName='{table}'). "
            f"context.Caller={organisation.user}. Consider adding missed privilege to one of the principal (user/team) "
            "roles.",
        )


def installed(organisation: Organisation, table: str) -> None:
    """Refuse tables of modules that are not installed.

    Raises:
        Refusal: 404, as for every table that is not there.
    """
    if not organisation.has(table):
        raise no_resource(f"{table}s")


def _rows(base: str, entity_set: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"@odata.context": f"{base}$metadata#{entity_set}", "value": rows}


def _id(name: str) -> str:
    return str(uuid5(_NAMESPACE, name))
