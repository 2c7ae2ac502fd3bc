"""A small organisation, written by hand: twelve contacts, two accounts, and one segment of each kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from migrator.contracts.export_folder import OrganisationRef
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.members import Members, MemberSource
from migrator.mql import Column, ManyToMany, ManyToOne, Schema, Table
from migrator.product.codes import LegacyStatus, LegacyType

ORGANISATION = OrganisationRef(UUID("5a000000-0000-4000-8000-000000000001"), "https://small.crm4.dynamics.com")
UNIT = "5a000000-0000-4000-8000-0000000000b1"
USER = "5a000000-0000-4000-8000-0000000000c1"


def contact(number: int) -> UUID:
    return UUID(int=0xC0 << 120 | number)


def account(number: int) -> UUID:
    return UUID(int=0xA0 << 120 | number)


def segment(number: int) -> UUID:
    return UUID(int=0x5E << 120 | number)


STATIC, DYNAMIC, COMPOUND, LOST, ROW_ONLY, INACTIVE = map(segment, range(1, 7))

KEY, TEXT, WHOLE = Column("Uniqueidentifier"), Column("String"), Column("Integer")
SCHEMA = Schema(
    tables={
        "contact": Table(
            "contacts",
            "contactid",
            "fullname",
            {
                "contactid": KEY,
                "fullname": TEXT,
                "emailaddress1": TEXT,
                "address1_city": TEXT,
                "children": Column("Integer", labels={"en": "Number of Children", "de": "Kinder", "": "Dzieci"}),
                "donotemail": Column("Boolean"),
                "createdon": Column("DateTime"),
                "statecode": Column("State"),
                "parentcustomerid": Column("Lookup", targets=("account",)),
                "age": Column("Integer", source=1),
                "picture": Column("Virtual"),
            },
        ),
        "account": Table(
            "accounts",
            "accountid",
            "name",
            {"accountid": KEY, "name": TEXT, "revenue": Column("Money"), "city": TEXT},
            labels={"": "Firma klienta"},
        ),
        "list": Table(
            "lists",
            "listid",
            "listname",
            {"listid": KEY, "listname": TEXT, "type": Column("Boolean"), "createdfromcode": WHOLE},
        ),
        "listmember": Table("listmembers", "id", "id", {"id": KEY, "listid": KEY, "contactid": KEY}),
        **{
            f"msdynmkt_{kind}": Table(
                f"msdynmkt_{kind}s",
                "id",
                "id",
                {
                    "id": KEY,
                    "msdynmkt_entityid": Column("Lookup"),
                    "msdynmkt_entityid_logicalname": Column("EntityName"),
                    "msdynmkt_originaltimestamp": Column("DateTime"),
                    "msdynmkt_link": TEXT,
                    "msdynmkt_minutes": WHOLE,
                },
            )
            for kind in ("emailopened", "emaillinkclicked")
        },
    },
    many_to_one=(ManyToOne("contact_customer_accounts", "contact", "parentcustomerid", "account", "accountid"),),
    many_to_many=(ManyToMany("listcontact_association", "listmember", "list", "listid", "contact", "contactid"),),
)

CONTACTS: list[dict[str, Any]] = [
    {
        "contactid": str(contact(n)),
        "fullname": name,
        "emailaddress1": None if n % 4 == 0 else f"p{n}@mail.example",
        "address1_city": ("Oslo", "Paris", "NewYork")[n % 3],
        "children": None if n % 5 == 0 else n % 4,
        "donotemail": n == 7,
        "createdon": f"{2015 + n}-03-0{n % 9 + 1}T10:00:00Z",
        "statecode": 1 if n in (3, 6) else 0,
        "parentcustomerid": str(account(n % 2)) if n % 3 else None,
    }
    for n, name in enumerate(
        ("Ana", "Björn", "Chloé", "Dmitri", "Élodie", "Fatima", "Giulia", "Håkon", "Ioana", "O'Brien", "Zoë", "Ünal")
    )
]
ACCOUNTS: list[dict[str, Any]] = [
    {"accountid": str(account(0)), "name": "Contoso", "revenue": 1000, "city": "Oslo"},
    {"accountid": str(account(1)), "name": "Fabrikam", "revenue": None, "city": "Paris"},
]


def row(identity: UUID, name: str, kind: LegacyType, status: LegacyStatus, **columns: Any) -> dict[str, Any]:
    return {
        "msdyncrm_segmentid": str(identity),
        "msdyncrm_segmentname": name,
        "msdyncrm_segmenttype": int(kind),
        "statuscode": int(status),
        "statecode": int(status is LegacyStatus.EXPIRED),
        "msdyncrm_segmentqueryname": f"SEGMENT_CRM_ID_{identity.hex}",
        "msdyncrm_scope": 270100000,
        "_owningbusinessunit_value": UNIT,
        "_createdby_value": USER,
        "_createdby_value@OData.Community.Display.V1.FormattedValue": "Renée",
        "createdon": "2021-05-06T07:08:09Z",
        **columns,
    }


def legacy_rows(size_in_row: int | None = 2) -> list[dict[str, Any]]:
    live = LegacyStatus.LIVE
    return [
        row(STATIC, "Five people", LegacyType.STATIC, live, msdyncrm_segmentsize=5),
        row(
            DYNAMIC,
            "Oslo",
            LegacyType.DYNAMIC,
            live,
            msdyncrm_segmentquery="PROFILE(contact).FILTER(address1_city == 'Oslo')",
        ),
        row(
            COMPOUND,
            "Both",
            LegacyType.COMPOUND,
            live,
            msdyncrm_query=f"SEGMENT(SEGMENT_CRM_ID_{STATIC.hex}) UNION SEGMENT(Oslo)",
        ),
        row(LOST, "Lost", LegacyType.STATIC, live, msdyncrm_segmentsize=99),
        row(
            ROW_ONLY,
            "In its row",
            LegacyType.STATIC,
            LegacyStatus.STOPPED,
            msdyncrm_segmentsize=size_in_row,
            msdyncrm_segmentmemberids=json.dumps([f"crm{contact(1)}", str(contact(2)).upper()]),
        ),
        row(INACTIVE, "Everybody", LegacyType.DYNAMIC, live, msdyncrm_segmentquery="PROFILE(contact)"),
    ]


def write_small_export(folder: Path, size_in_row: int | None = 2, contacts: list[dict[str, Any]] = CONTACTS) -> Path:
    """Write the small organisation as an export; what the outbound service would have said is in it.

    Args:
        folder: where it goes.
        size_in_row: the recorded size of the segment whose members stand in its row alone.
        contacts: the rows of its contacts.
    """
    writer = ExportWriter(folder, ORGANISATION, "2026-01-02T03:04:05Z")
    writer.segments(legacy_rows(size_in_row))
    service = Members(MemberSource.SERVICE)
    writer.members(STATIC, [contact(n) for n in range(5)], service)
    writer.members(DYNAMIC, [contact(n) for n in (0, 3, 6, 9)], service)
    writer.members(COMPOUND, [contact(n) for n in (0, 1, 2, 3, 4, 6, 9)], service)
    writer.members(INACTIVE, [contact(n) for n in range(12)], service)
    writer.members(ROW_ONLY, [contact(1), contact(2)], Members(MemberSource.ROW))
    writer.no_members(LOST, Members(MemberSource.NONE, reason="nothing was left"))
    writer.metadata(SCHEMA)
    writer.file("tables/contact.csv", _csv(contacts))
    writer.file("tables/account.csv", _csv(ACCOUNTS))
    writer.file(
        "sandbox.json",
        json.dumps(
            {"organisation": {"name": "Small"}, "business_units": [{"id": UNIT, "name": "Small"}]},
        ).encode(),
    )
    writer.finish()
    return folder


def _csv(rows: list[dict[str, Any]]) -> bytes:
    lines = [",".join(rows[0])]
    for entry in rows:
        cells = (
            "" if cell is None else str(cell).lower() if isinstance(cell, bool) else str(cell)
            for cell in entry.values()
        )
        lines.append(",".join(cells))
    return ("\n".join(lines) + "\n").encode()
