"""Reads into an export what decides who may be mailed: the members' contacts, and what their addresses have said.

Contacts and records are read for exactly those that matter, or as a whole where that takes fewer requests; which one,
and how much, is said before. Pages are written as they come, so that any number fits into memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migrator.base.atomic import private_folder
from migrator.base.counted import so_many
from migrator.base.ids import distinct, joined, unpacked
from migrator.base.progress import ShowsProgress
from migrator.contracts.consent import (
    ADDRESS,
    CONSENT,
    CONTACTS,
    NOTE,
    NOTE_FORMAT,
    OF_PROFILE,
    OF_PURPOSE,
    PROFILE,
    PURPOSE,
    PURPOSES_OF_PROFILES,
    TABLES,
    TOPIC,
    ConsentRead,
    contact_table,
    table_file,
    write_note,
)
from migrator.contracts.export_folder import member_reader, read_export
from migrator.contracts.reach import manifest_checksum
from migrator.dataverse import consent
from migrator.dataverse.client import Client
from migrator.dataverse.contacts import ADDRESSES, BATCH
from migrator.dataverse.errors import Refused
from migrator.extractor.tables import parquet
from migrator.mql import Table
from migrator.product.codes import AUDIENCE, PAGE_SIZE_MAX


@dataclass(frozen=True, slots=True)
class _Way:
    """How a table is read."""

    whole: bool
    requests: int
    rows: int | None

    def told(self, what: str, exactly: str) -> str:
        how = f"all {what}" if self.whole else f"exactly {exactly}"
        rows = f"about {so_many(self.rows, 'row')}, " if self.rows is not None else ""
        return f"{how}: {rows}at most {so_many(self.requests, 'request')}"


def cheaper(wanted: int, batch: int, rows: int | None) -> _Way:
    """Whether a table is read as a whole, or for exactly those that matter: whatever takes fewer requests.

    Args:
        wanted: how many ids or addresses matter.
        batch: how many of them one request may name.
        rows: how many the table has; None where nobody knows.
    """
    exactly = -(-wanted // batch)
    if rows is not None and (pages := max(-(-rows // PAGE_SIZE_MAX), 1)) <= exactly:
        return _Way(True, pages, rows)
    return _Way(False, exactly, None if rows is None else min(rows, wanted))


async def extract_consent(
    client: Client, export: Path, at: str, progress: ShowsProgress, address: str = ADDRESS
) -> ConsentRead:
    """Read contacts and consent of everybody who is in a segment of an export into that export.

    What cannot be read ends nothing: the note says so, and who is mailed is unknown then.

    Args:
        client: the organisation.
        export: the export folder.
        at: the time, UTC, ISO 8601.
        progress: where to say how far it is.
        address: the column with the address that is written to after.

    Raises:
        UsageError: the export is damaged.
        DataverseError: the organisation cannot be reached.
        OSError: the folder cannot be written.
    """
    found = read_export(export)
    read = member_reader(export)
    lists = [read(segment.id) for segment in found.segments if found.members[segment.id].known]
    members = distinct(joined(lists))
    (export / NOTE).unlink(missing_ok=True)  # what an older reading found is not what is about to lie there
    people, records = await consent.retrieve_count(client, AUDIENCE), await consent.retrieve_count(client, CONSENT)
    contact_way, consent_way = cheaper(len(members), BATCH, people), cheaper(len(members), ADDRESSES, records)
    client.tell(
        f"Reading who may be mailed. Contacts: {contact_way.told('of them', f'the {len(members):,} members')}. "
        f"Consent: {consent_way.told('records', 'the records of their addresses')}. Nothing is changed."
    )
    reading = _Reading(client, export, progress)
    ids = None if contact_way.whole else list(unpacked(members))
    table = contact_table(address)
    contacts = await reading.table(CONTACTS, table, consent.retrieve_contacts(client, table, ids), "contacts")
    rows: int | None = None
    if contacts is not None:
        addresses = None if consent_way.whole else await asyncio.to_thread(_addresses, export, address)
        source = consent.retrieve_consent(client, TABLES[CONSENT], addresses)
        rows = await reading.table(CONSENT, TABLES[CONSENT], source, "the records of consent")
    await reading.small()
    note = ConsentRead(
        NOTE_FORMAT, str(client.organisation_id), at, manifest_checksum(export), address, contacts, rows,
        tuple(reading.unreadable),
    )  # fmt: skip
    write_note(export, note)
    return note


class _Reading:
    def __init__(self, client: Client, export: Path, progress: ShowsProgress) -> None:
        self.unreadable: list[str] = []
        self._client, self._export, self._progress = client, export, progress

    async def table(
        self, name: str, table: Table, pages: AsyncIterator[Sequence[Mapping[str, Any]]], what: str
    ) -> int | None:
        """Write the pages of a table; gives how many rows, or None where it cannot be read."""
        path = table_file(self._export, name)
        path.unlink(missing_ok=True)
        private_folder(path.parent)
        rows = 0
        try:
            with (
                self._progress.step(f"Reading {what}") as step,
                parquet(path, table, tuple(table.columns)) as write,
            ):
                async for page in pages:
                    kept, _ = await asyncio.to_thread(write, page)
                    rows += kept
                    step.advance(len(page))
        except Refused as error:
            path.unlink(missing_ok=True)
            self._cannot(what, error)
            return None
        return rows

    async def small(self) -> None:
        """Profiles, their purposes, and topics."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        words = {PROFILE: "the compliance profiles", PURPOSE: "the purposes", TOPIC: "the topics"}
        for name in (PROFILE, PURPOSE, TOPIC):
            try:
                found[name] = await consent.retrieve_all(self._client, TABLES[name])
            except Refused as error:
                self._cannot(words[name], error)
        if PROFILE in found:
            profiles = [str(row[OF_PROFILE]) for row in found[PROFILE] if row.get(OF_PROFILE)]
            try:
                found[PURPOSES_OF_PROFILES] = [
                    {OF_PURPOSE: purpose, OF_PROFILE: profile}
                    for profile in profiles
                    for purpose in await consent.retrieve_purposes_of(self._client, TABLES[PROFILE], profile)
                ]
            except Refused as error:
                self._cannot("which purpose belongs to which profile", error)
        for name in (*words, PURPOSES_OF_PROFILES):
            path = table_file(self._export, name)
            path.unlink(missing_ok=True)
            if name in found:
                with parquet(path, TABLES[name], tuple(TABLES[name].columns)) as write:
                    write(found[name])

    def _cannot(self, what: str, error: Refused) -> None:
        reason = " ".join(str(error.reason or error).rstrip(".").split())[:200]
        self.unreadable.append(f"{what[:1].upper()}{what[1:]} cannot be read ({reason}).")


def _addresses(export: Path, column: str) -> list[str]:
    """The distinct addresses of the contacts that were read, as they stand there."""
    import pyarrow.parquet as pq

    found: dict[str, str] = {}
    with pq.ParquetFile(table_file(export, CONTACTS)) as file:
        for batch in file.iter_batches(50_000, columns=[column]):
            for value in batch.column(0).to_pylist():
                if value and (stripped := str(value).strip()):
                    found.setdefault(stripped.lower(), stripped)
    return list(found.values())
