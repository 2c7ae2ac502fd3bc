"""What decides who may be mailed: contacts' addresses, compliance profiles, purposes, topics and records of consent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

from migrator.dataverse.client import Client
from migrator.dataverse.contacts import ADDRESSES, BATCH, filters
from migrator.dataverse.errors import ActionMissing, Refused
from migrator.dataverse.tables import retrieve_row_counts
from migrator.mql import Table
from migrator.product.codes import AUDIENCE_KEY, PAGE_SIZE_MAX, ContactPoint

Page = list[Mapping[str, Any]]
_CHANNEL = "msdynmkt_contactpointtype"
_PURPOSES = "msdynmkt_msdynmkt_purpose_msdynmkt_compliancev4"
"""The relationship between compliance profiles and purposes (seen in public code)."""


async def retrieve_count(client: Client, table: str) -> int | None:
    """About how many rows a table has; None where the organisation does not say.

    Raises:
        DataverseError: the organisation cannot be reached.
    """
    try:
        return (await retrieve_row_counts(client, [table])).get(table)
    except (Refused, ActionMissing):
        return None


async def retrieve_contacts(client: Client, table: Table, contacts: Sequence[UUID] | None) -> AsyncIterator[Page]:
    """The columns of `table` of some contacts, or of all, page by page.

    Args:
        client: the organisation.
        table: the table of contacts with the columns that are wanted.
        contacts: whose; None means everybody's.

    Raises:
        Refused: they cannot be read, or a column is not there.
        DataverseError: the organisation cannot be reached.
    """
    tests = [""] if contacts is None else filters(AUDIENCE_KEY, [str(one) for one in contacts], BATCH)
    for test in tests:
        async for page in _pages(client, table, test):
            yield page


async def retrieve_consent(client: Client, table: Table, addresses: Sequence[str] | None) -> AsyncIterator[Page]:
    """The records of consent of some e-mail addresses, or of all, page by page.

    Args:
        client: the organisation.
        table: the table of consent.
        addresses: whose; upper and lower case are the same. None means everybody's.

    Raises:
        Refused: they cannot be read.
        DataverseError: the organisation cannot be reached.
    """
    by_mail = quote(f"{_CHANNEL} eq {int(ContactPoint.EMAIL)}")
    if addresses is None:
        async for page in _pages(client, table, by_mail):
            yield page
        return
    for test in filters(table.name_column, addresses, ADDRESSES):
        async for page in _pages(client, table, f"{by_mail}{quote(' and ')}{test}"):
            yield page


async def retrieve_all(client: Client, table: Table) -> Page:
    """Every row of a small table, with the columns of `table`.

    Raises:
        Refused: they cannot be read.
        DataverseError: the organisation cannot be reached.
    """
    return [row async for page in _pages(client, table, "") for row in page]


async def retrieve_purposes_of(client: Client, profiles: Table, profile: str) -> list[str]:
    """The ids of the purposes of a compliance profile.

    Args:
        client: the organisation.
        profiles: the table of profiles.
        profile: the id of one.

    Raises:
        Refused: they cannot be read.
        DataverseError: the organisation cannot be reached.
    """
    path = f"{profiles.entity_set}({profile})/{_PURPOSES}?$select=msdynmkt_purposeid"
    return [str(row["msdynmkt_purposeid"]) async for row in client.rows(path) if row.get("msdynmkt_purposeid")]


async def _pages(client: Client, table: Table, test: str) -> AsyncIterator[Page]:
    shown = {name: f"_{name}_value" if column.type == "Lookup" else name for name, column in table.columns.items()}
    path = f"{table.entity_set}?$select={','.join(shown.values())}" + (f"&$filter={test}" if test else "")
    async for page, _ in client.pages(path, page_size=PAGE_SIZE_MAX):
        yield [{name: row.get(there) for name, there in shown.items()} for row in page]
