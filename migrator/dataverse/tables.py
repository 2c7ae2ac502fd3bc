"""Rows of any table, with the columns that somebody wants, page by page; and about how many there are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from migrator.base.cells import count
from migrator.dataverse.client import Client
from migrator.mql import Table
from migrator.product.codes import PAGE_SIZE_MAX

_LOOKUPS = frozenset({"Lookup", "Owner", "Customer"})
_TARGET = "Microsoft.Dynamics.CRM.lookuplogicalname"
_POINTS_AT = ("_logicalname", "type", "idtype")
"""How the column is called that says which table a lookup points at, behind the lookup's name or without its `id`."""


async def retrieve_row_counts(client: Client, tables: Sequence[str]) -> dict[str, int]:
    """`RetrieveTotalRecordCount`: rows of tables by logical name, as counted within the last 24 hours.

    Args:
        client: the organisation.
        tables: logical names.

    Raises:
        Refused: the account may not ask, or one of the tables is not counted.
    """
    names = quote("[" + ",".join(f'"{name}"' for name in tables) + "]", safe="[]")
    answer = await client.get(f"RetrieveTotalRecordCount(EntityNames=@names)?@names={names}")
    found = answer.get("EntityRecordCountCollection")
    keys, values = (found.get("Keys"), found.get("Values")) if isinstance(found, dict) else (None, None)
    if not isinstance(keys, list) or not isinstance(values, list):
        return {}
    return {str(key): number for key, value in zip(keys, values, strict=False) if (number := count(value)) is not None}


async def retrieve_rows(
    client: Client, table: Table, columns: Sequence[str], after: str = ""
) -> AsyncIterator[tuple[list[Mapping[str, Any]], str]]:
    """The rows of a table by logical names of columns, a page at a time, each with the address of the next page.

    Which table a lookup points at is no column that can be selected; it comes with the lookup (product documentation:
    *Lookup property data*).

    Args:
        client: the organisation.
        table: the table.
        columns: logical names.
        after: the page to go on with; empty begins.

    Raises:
        DataverseError: the rows cannot be read.
    """
    pointing = {name: lookup for name in columns if (lookup := lookup_of(name, table))}
    shown = {name: _shown(name, table) for name in columns if name not in pointing}
    shown |= {name: f"{_shown(lookup, table)}@{_TARGET}" for name, lookup in pointing.items()}
    asked = sorted({name.partition("@")[0] for name in shown.values()})
    prefer = f'odata.include-annotations="{_TARGET}"' if pointing else ""
    path = f"{table.entity_set}?$select={','.join(asked)}"
    async for page, following in client.pages(path, page_size=PAGE_SIZE_MAX, prefer=prefer, after=after):
        yield [{name: row.get(there) for name, there in shown.items()} for row in page], following


def lookup_of(column: str, table: Table) -> str:
    """The lookup of which a column says where it points; empty where it is another kind of column."""
    if table.columns[column].type != "EntityName":
        return ""
    for ending in _POINTS_AT:
        stem = column.removesuffix(ending)
        for name in (stem, f"{stem}id"):
            if column.endswith(ending) and name in table.columns and table.columns[name].type in _LOOKUPS:
                return name
    return ""


def _shown(column: str, table: Table) -> str:
    return f"_{column}_value" if table.columns[column].type in _LOOKUPS else column
