"""The phrase book: outbound queries, and what becomes of each. Tests check every row; docs/queries.md is made from it."""

from __future__ import annotations

from typing import NamedTuple

from migrator.mql import Column, ManyToMany, ManyToOne, Schema, Table
from migrator.product.codes import LegacyType
from tests.small import segment

KEY, TEXT, WHOLE, MONEY = Column("Uniqueidentifier"), Column("String"), Column("Integer"), Column("Money")
MOMENT, YES_NO, STATE = Column("DateTime"), Column("Boolean"), Column("State")


def _lookup(*targets: str) -> Column:
    return Column("Lookup", targets=targets)


SCHEMA = Schema(
    tables={
        "contact": Table(
            "contacts",
            "contactid",
            "fullname",
            {
                "contactid": KEY,
                "fullname": TEXT,
                "city": TEXT,
                "age": WHOLE,
                "income": MONEY,
                "vip": YES_NO,
                "born": MOMENT,
                "statecode": STATE,
                "accountid": _lookup("account"),
                "managerid": _lookup("contact"),
                "score": Column("Integer", source=1),
                "total": Column("Money", source=2),
                "initials": Column("String", source=3),
                "photo": Column("Virtual"),
                "hobbies": Column("Virtual", type_name="MultiSelectPicklistType"),
            },
        ),
        "account": Table(
            "accounts",
            "accountid",
            "name",
            {
                "accountid": KEY,
                "name": TEXT,
                "city": TEXT,
                "size": WHOLE,
                "parentid": _lookup("account"),
                "regionid": _lookup("region"),
            },
        ),
        "region": Table("regions", "regionid", "name", {"regionid": KEY, "name": TEXT, "taxed": YES_NO}),
        "visit": Table(
            "visits",
            "visitid",
            "topic",
            {"visitid": KEY, "topic": TEXT, "stars": WHOLE, "at": MOMENT, "contactid": _lookup("contact")},
        ),
        "order": Table(
            "orders", "orderid", "number", {"orderid": KEY, "number": TEXT, "sum": MONEY, "buyerid": _lookup("contact")},
            change_tracking=False,
        ),
        "list": Table("lists", "listid", "title", {"listid": KEY, "title": TEXT, "closed": YES_NO}),
        "listcontact": Table(
            "listcontacts", "listcontactid", "listcontactid", {"listcontactid": KEY, "listid": KEY, "contactid": KEY}
        ),
        "listmember": Table(
            "listmembers", "listmemberid", "listmemberid", {"listmemberid": KEY, "listid": KEY, "entityid": KEY}
        ),
        "friend": Table("friends", "friendid", "friendid", {"friendid": KEY, "one": KEY, "other": KEY}),
        "msdynmkt_emailopened": Table(
            "msdynmkt_emailopeneds",
            "id",
            "id",
            {
                "id": KEY,
                "msdynmkt_entityid": _lookup("contact"),
                "msdynmkt_entityid_logicalname": Column("EntityName"),
                "msdynmkt_sourcesystem": WHOLE,
                "msdynmkt_originaltimestamp": MOMENT,
                "msdynmkt_messagetemplateid": TEXT,
                "msdynmkt_stars": WHOLE,
            },
        ),
    },
    many_to_one=(
        ManyToOne("contact_customer_accounts", "contact", "accountid", "account", "accountid"),
        ManyToOne("contact_managers", "contact", "managerid", "contact", "contactid"),
        ManyToOne("account_parents", "account", "parentid", "account", "accountid"),
        ManyToOne("account_regions", "account", "regionid", "region", "regionid"),
        ManyToOne("contact_visits", "visit", "contactid", "contact", "contactid"),
        ManyToOne("contact_orders", "order", "buyerid", "contact", "contactid"),
        ManyToOne("contact_calls", "call", "calledid", "contact", "contactid"),
        ManyToOne("call_projects", "call", "projectid", "project", "projectid"),
    ),
    many_to_many=(
        ManyToMany("lists_of_contacts", "listcontact", "list", "listid", "contact", "contactid"),
        # As real marketing lists have it: one table for three relationships, with one name for all their second halves.
        ManyToMany("listcontact_association", "listmember", "list", "listid", "contact", "entityid"),
        ManyToMany("listaccount_association", "listmember", "list", "listid", "account", "entityid"),
        ManyToMany("listlead_association", "listmember", "list", "listid", "lead", "entityid"),
        ManyToMany("friends", "friend", "contact", "one", "contact", "other"),
        ManyToMany("skills_of_contacts", "contactskill", "skill", "skillid", "contact", "contactid"),
    ),
)  # fmt: skip


SEGMENTS: list[tuple[str, LegacyType, str]] = [
    ("Static", LegacyType.STATIC, ""),
    ("Oslo", LegacyType.DYNAMIC, "PROFILE(contact).FILTER(address1_city == 'Oslo')"),
    ("Two", LegacyType.COMPOUND, "SEGMENT(Static) UNION SEGMENT(Oslo)"),
    ("By query name", LegacyType.COMPOUND,
     f"SEGMENT(SEGMENT_CRM_ID_{segment(0).hex}) INTERSECT SEGMENT(segment_crm_id_{segment(1).hex})"),
    ("Nested", LegacyType.COMPOUND, "SEGMENT(Two) EXCEPT PROFILE(contact).FILTER(children == 1)"),
    ("Nested behind", LegacyType.COMPOUND, "PROFILE(contact) EXCEPT SEGMENT(Two)"),
    ("Too nested", LegacyType.COMPOUND, "SEGMENT(Oslo) INTERSECT SEGMENT(Static) UNION SEGMENT(By_and)"),
    ("By_and", LegacyType.COMPOUND, "SEGMENT(Rich) INTERSECT SEGMENT(Old)"),
    ("Chicken", LegacyType.COMPOUND, "SEGMENT(Egg)"),
    ("Egg", LegacyType.COMPOUND, "SEGMENT(Chicken) UNION SEGMENT(Oslo)"),
    ("Myself", LegacyType.COMPOUND, "SEGMENT(Myself)"),
    ("Stranger", LegacyType.COMPOUND, "SEGMENT(Nobody) UNION SEGMENT(Oslo)"),
    ("Lost", LegacyType.STATIC, ""),
    ("On the lost", LegacyType.COMPOUND, "SEGMENT(Lost) UNION SEGMENT(Oslo)"),
    ("Dynamic reference", LegacyType.DYNAMIC, "PROFILE(contact) EXCEPT SEGMENT(Oslo)"),
    ("Opened", LegacyType.DYNAMIC, "INTERACTION(EmailOpened, contactId).HAVING(COUNT() > 0)"),
    ("Behaviour", LegacyType.COMPOUND, "SEGMENT(Opened) UNION SEGMENT(Oslo)"),
    ("Twin", LegacyType.STATIC, ""),
    ("Twin", LegacyType.STATIC, ""),
    ("On a twin", LegacyType.COMPOUND, "SEGMENT(Twin)"),
    ("Broken", LegacyType.DYNAMIC, "PROFILE(contact"),
    ("On the broken", LegacyType.COMPOUND, "SEGMENT(Broken) UNION SEGMENT(Oslo)"),
    ("Filtered", LegacyType.COMPOUND, "SEGMENT(Static).FILTER(children == 1).UNION(Oslo)"),
    ("Rich", LegacyType.DYNAMIC, "PROFILE(contact).FILTER(children == 0)"),
    ("Old", LegacyType.DYNAMIC, "PROFILE(contact).FILTER(children > 3)"),
    ("Ten", LegacyType.COMPOUND, "(SEGMENT(Static) UNION SEGMENT(Old)).ORDERBY(fullname).TAKE(10)"),
    ("On_ten", LegacyType.COMPOUND, "SEGMENT(Ten) UNION SEGMENT(Oslo)"),
    ("Acted", LegacyType.COMPOUND, "SEGMENT(Static) UNION INTERACTION(EmailOpened, contactId)"),
    ("On_acted", LegacyType.COMPOUND, "SEGMENT(Oslo) UNION SEGMENT(Acted)"),
    ("Without Oslo", LegacyType.COMPOUND, "SEGMENT(Static) EXCEPT PROFILE(contact).FILTER(address1_city == 'Oslo')"),
    ("All but", LegacyType.COMPOUND, "SEGMENT(Rich) EXCEPT (SEGMENT(Old) EXCEPT SEGMENT(Oslo))"),
]  # fmt: skip
"""Name, type and query of segments that are built on one another."""

COMPOUND_PROPOSALS = {
    "Two": "{Static} UNION {Oslo}",
    "By query name": "{Static} INTERSECT {Oslo}",
    "Nested": "{Static} UNION {Oslo} EXCEPT PROFILE(contact).FILTER(children == 1)",
    "Nested behind": "PROFILE(contact) EXCEPT {Static} EXCEPT {Oslo}",
    "Dynamic reference": "PROFILE(contact) EXCEPT {Oslo}",
    "Behaviour": "{Opened} UNION {Oslo}",
    "On the lost": "{Lost} UNION {Oslo}",
    "Filtered": "{Static} INTERSECT PROFILE(contact).FILTER(children == 1) UNION {Oslo}",
    "On_ten": "{Static} UNION {Old} UNION {Oslo}",
    "Without Oslo": "{Static} EXCEPT PROFILE(contact).FILTER(address1_city == 'Oslo')",
    "All but": "{Rich} EXCEPT {Old} UNION {Oslo} INTERSECT {Rich}",
}
"""Name of a segment → its real-time query; a name in braces stands for SEGMENT(SEGMENT_CJO_ID_…) of that segment."""


class Phrase(NamedTuple):
    """One row: an outbound query, the outcome, the real-time query (or its proposal), and the findings' codes."""

    outbound: str
    outcome: str
    realtime: str
    findings: tuple[str, ...] = ()


BOOK: dict[str, list[Phrase]] = {
    "The audience, its alias and its columns": [
        Phrase("PROFILE(contact)", "ready", "PROFILE(contact)", ()),
        Phrase("PROFILE(contact, c)", "ready", "PROFILE(contact)", ()),
        Phrase("profile( CONTACT , c )", "ready", "PROFILE(contact)", ()),
        Phrase("PROFILE(contact, c).FILTER(c.city == 'Oslo')", "ready", "PROFILE(contact).FILTER(city == 'Oslo')", ()),
        Phrase("PROFILE(contact, c).FILTER(city == 'Oslo')", "ready", "PROFILE(contact).FILTER(city == 'Oslo')", ()),
        Phrase(
            "PROFILE(contact, c).FILTER(C.city == 'Oslo' && city != 'Rome')",
            "ready",
            "PROFILE(contact).FILTER(city == 'Oslo' && city != 'Rome')",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER(city == 'Oslo').FILTER(age > 30)",
            "ready",
            "PROFILE(contact).FILTER(city == 'Oslo' && age > 30)",
            (),
        ),
        Phrase(
            "PROFILE(contact, contact_1).FILTER(ISNOTNULL(contact_1.fullname) && ISNOTNULL(contact_1.city))",
            "ready",
            "PROFILE(contact).FILTER(ISNOTNULL(fullname) && ISNOTNULL(city))",
            (),
        ),
        Phrase("PROFILE(contact, c).DISTINCT()", "ready", "PROFILE(contact)", ()),
        Phrase("(PROFILE(contact))", "ready", "PROFILE(contact)", ()),
        Phrase("PROFILE(contact).ORDERBY(fullname).TAKE(10)", "flagged", "PROFILE(contact)", ("query-paged",)),
        Phrase("PROFILE(contact).FILTER(x.city == 'Oslo')", "blocked", "", ("alias-unknown",)),
        Phrase("PROFILE(account)", "blocked", "", ("audience-not-contact",)),
        Phrase("PROFILE(visit, v).FILTER(v.stars > 3)", "blocked", "", ("audience-not-contact",)),
        Phrase("PROFILE(lead)", "blocked", "", ("audience-not-contact",)),
    ],
    "Comparisons and literals": [
        Phrase("PROFILE(contact).FILTER(city == 'Oslo')", "ready", "PROFILE(contact).FILTER(city == 'Oslo')", ()),
        Phrase("PROFILE(contact).FILTER(city != 'Oslo')", "ready", "PROFILE(contact).FILTER(city != 'Oslo')", ()),
        Phrase("PROFILE(contact).FILTER(age > 30)", "ready", "PROFILE(contact).FILTER(age > 30)", ()),
        Phrase("PROFILE(contact).FILTER(age >= 30)", "ready", "PROFILE(contact).FILTER(age >= 30)", ()),
        Phrase("PROFILE(contact).FILTER(age < 30)", "ready", "PROFILE(contact).FILTER(age < 30)", ()),
        Phrase("PROFILE(contact).FILTER(age <= 30)", "ready", "PROFILE(contact).FILTER(age <= 30)", ()),
        Phrase(
            "PROFILE(contact).FILTER(30 < age)", "ready", "PROFILE(contact).FILTER(30 < age)", ("unproven-construct",)
        ),
        Phrase(
            "PROFILE(contact).FILTER(income == 10.50)",
            "ready",
            "PROFILE(contact).FILTER(income == 10.50)",
            ("unproven-construct",),
        ),
        Phrase("PROFILE(contact).FILTER(income > -5)", "ready", "PROFILE(contact).FILTER(income > -5)", ()),
        Phrase("PROFILE(contact).FILTER(income > +5)", "ready", "PROFILE(contact).FILTER(income > 5)", ()),
        Phrase(
            "PROFILE(contact).FILTER(income > 1e3)",
            "ready",
            "PROFILE(contact).FILTER(income > 1e3)",
            ("unproven-construct",),
        ),
        Phrase("PROFILE(contact).FILTER(vip == True)", "ready", "PROFILE(contact).FILTER(vip == true)", ()),
        Phrase("PROFILE(contact).FILTER(vip == FALSE)", "ready", "PROFILE(contact).FILTER(vip == false)", ()),
        Phrase("PROFILE(contact).FILTER(vip != true)", "ready", "PROFILE(contact).FILTER(vip != true)", ()),
        Phrase("PROFILE(contact).FILTER(city == '')", "ready", "PROFILE(contact).FILTER(city == '')", ()),
        Phrase(
            "PROFILE(contact).FILTER(city == 'O\\'Hara')", "ready", "PROFILE(contact).FILTER(city == 'O\\'Hara')", ()
        ),
        Phrase(
            "PROFILE(contact).FILTER(city == 'O''Hara')", "ready", "PROFILE(contact).FILTER(city == 'O\\'Hara')", ()
        ),
        Phrase(
            "PROFILE(contact).FILTER(city == 'C:\\temp')", "ready", "PROFILE(contact).FILTER(city == 'C:\\\\temp')", ()
        ),
        Phrase(
            "PROFILE(contact).FILTER(city == 'says \"hi\"')",
            "ready",
            "PROFILE(contact).FILTER(city == 'says \"hi\"')",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER(city == 'AND OR NOT')",
            "ready",
            "PROFILE(contact).FILTER(city == 'AND OR NOT')",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER(city == 'Ærø, 東京')", "ready", "PROFILE(contact).FILTER(city == 'Ærø, 東京')", ()
        ),
        Phrase(
            "PROFILE(contact).FILTER(fullname == city)",
            "ready",
            "PROFILE(contact).FILTER(fullname == city)",
            ("unproven-construct",),
        ),
        Phrase("PROFILE(contact).FILTER(statecode == 0)", "ready", "PROFILE(contact).FILTER(statecode == 0)", ()),
        Phrase(
            "PROFILE(contact).FILTER(contactid == '00000000-0000-0000-0000-000000000001')",
            "ready",
            "PROFILE(contact).FILTER(contactid == '00000000-0000-0000-0000-000000000001')",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER(accountid == '00000000-0000-0000-0000-000000000002')",
            "ready",
            "PROFILE(contact).FILTER(accountid == '00000000-0000-0000-0000-000000000002')",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER(city == null)",
            "blocked",
            "PROFILE(contact).FILTER(city == null)",
            (
                "column-unknown",
                "unproven-construct",
            ),
        ),
        Phrase(
            "PROFILE(contact).FILTER(hobbies == '3')",
            "ready",
            "PROFILE(contact).FILTER(hobbies == '3')",
            ("unproven-construct",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(city CONTAINS fullname)",
            "ready",
            "PROFILE(contact).FILTER(city CONTAINS fullname)",
            ("unproven-construct",),
        ),
    ],
    "Text and null": [
        Phrase(
            "PROFILE(contact).FILTER(city CONTAINS 'sl')", "ready", "PROFILE(contact).FILTER(city CONTAINS 'sl')", ()
        ),
        Phrase(
            "PROFILE(contact).FILTER(city contains 'sl')", "ready", "PROFILE(contact).FILTER(city CONTAINS 'sl')", ()
        ),
        Phrase(
            "PROFILE(contact).FILTER(city STARTSWITH 'O')",
            "ready",
            "PROFILE(contact).FILTER(city STARTSWITH 'O')",
            ("unproven-construct",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(city ENDSWITH 'lo')",
            "ready",
            "PROFILE(contact).FILTER(city ENDSWITH 'lo')",
            ("unproven-construct",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(NOT(city CONTAINS 'sl'))",
            "ready",
            "PROFILE(contact).FILTER(NOT(city CONTAINS 'sl'))",
            (),
        ),
        Phrase("PROFILE(contact).FILTER(ISNULL(city))", "ready", "PROFILE(contact).FILTER(ISNULL(city))", ()),
        Phrase("PROFILE(contact).FILTER(ISNOTNULL(city))", "ready", "PROFILE(contact).FILTER(ISNOTNULL(city))", ()),
        Phrase("PROFILE(contact).FILTER(NOT(ISNULL(city)))", "ready", "PROFILE(contact).FILTER(NOT(ISNULL(city)))", ()),
        Phrase(
            "PROFILE(contact).FILTER(isnull(city) or isnotnull(age))",
            "ready",
            "PROFILE(contact).FILTER(ISNULL(city) || ISNOTNULL(age))",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER(city CONTAINS 'a' && city STARTSWITH 'b' && city ENDSWITH 'c')",
            "ready",
            "PROFILE(contact).FILTER(city CONTAINS 'a' && city STARTSWITH 'b' && city ENDSWITH 'c')",
            ("unproven-construct",),
        ),
    ],
    "And, or, not": [
        Phrase(
            "PROFILE(contact).FILTER(city == 'Oslo' && age > 30)",
            "ready",
            "PROFILE(contact).FILTER(city == 'Oslo' && age > 30)",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER(city == 'Oslo' AND age > 30)",
            "ready",
            "PROFILE(contact).FILTER(city == 'Oslo' && age > 30)",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER(city == 'Oslo' || age > 30)",
            "ready",
            "PROFILE(contact).FILTER(city == 'Oslo' || age > 30)",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER(city == 'Oslo' or age > 30)",
            "ready",
            "PROFILE(contact).FILTER(city == 'Oslo' || age > 30)",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER(city == 'Oslo' || age > 30 && vip == True)",
            "ready",
            "PROFILE(contact).FILTER(city == 'Oslo' || age > 30 && vip == true)",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER((city == 'Oslo' || age > 30) && vip == True)",
            "ready",
            "PROFILE(contact).FILTER((city == 'Oslo' || age > 30) && vip == true)",
            (),
        ),
        Phrase("PROFILE(contact).FILTER(((city == 'Oslo')))", "ready", "PROFILE(contact).FILTER(city == 'Oslo')", ()),
        Phrase(
            "PROFILE(contact).FILTER((city == 'Oslo' && (age > 30 && vip == True)))",
            "ready",
            "PROFILE(contact).FILTER(city == 'Oslo' && age > 30 && vip == true)",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER((city == 'Oslo' || (age > 30 || vip == True)))",
            "ready",
            "PROFILE(contact).FILTER(city == 'Oslo' || age > 30 || vip == true)",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER(NOT(city == 'Oslo'))", "ready", "PROFILE(contact).FILTER(NOT(city == 'Oslo'))", ()
        ),
        Phrase(
            "PROFILE(contact).FILTER(NOT(city == 'Oslo' || age > 30))",
            "ready",
            "PROFILE(contact).FILTER(NOT(city == 'Oslo' || age > 30))",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER(NOT(NOT(city == 'Oslo')))",
            "ready",
            "PROFILE(contact).FILTER(NOT(NOT(city == 'Oslo')))",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER(NOT(city == 'Oslo' && NOT(age > 30)))",
            "ready",
            "PROFILE(contact).FILTER(NOT(city == 'Oslo' && NOT(age > 30)))",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER((city == 'a' || city == 'b' || city == 'c') && (age == 1 || age == 2))",
            "ready",
            "PROFILE(contact).FILTER((city == 'a' || city == 'b' || city == 'c') && (age == 1 || age == 2))",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER(city == 'a' and (age == 1 or (age == 2 and (vip == true or NOT(income > 5)))))",
            "ready",
            "PROFILE(contact).FILTER(city == 'a' && (age == 1 || age == 2 && (vip == true || NOT(income > 5))))",
            (),
        ),
    ],
    "Arithmetic and dates: carried over as written, marked as unproven": [
        Phrase(
            "PROFILE(contact).FILTER(age + 1 > 30)",
            "ready",
            "PROFILE(contact).FILTER(age + 1 > 30)",
            ("unproven-construct",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age - 1 > 30)",
            "ready",
            "PROFILE(contact).FILTER(age - 1 > 30)",
            ("unproven-construct",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age * 2 > 30)",
            "ready",
            "PROFILE(contact).FILTER(age * 2 > 30)",
            ("unproven-construct",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age / 2 > 15)",
            "ready",
            "PROFILE(contact).FILTER(age / 2 > 15)",
            ("unproven-construct",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age + 2 * 3 > 30)",
            "ready",
            "PROFILE(contact).FILTER(age + 2 * 3 > 30)",
            ("unproven-construct",),
        ),
        Phrase(
            "PROFILE(contact).FILTER((age + 2) * 3 > 30)",
            "ready",
            "PROFILE(contact).FILTER((age + 2) * 3 > 30)",
            ("unproven-construct",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age - (income - 5) > 1)",
            "ready",
            "PROFILE(contact).FILTER(age - (income - 5) > 1)",
            ("unproven-construct",),
        ),
        Phrase(
            "PROFILE(contact).FILTER((age - income) - 5 > 1)",
            "ready",
            "PROFILE(contact).FILTER(age - income - 5 > 1)",
            ("unproven-construct",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(born > DATE(2000, 1, 31))",
            "ready",
            "PROFILE(contact).FILTER(born > DATE(2000, 1, 31))",
            ("unproven-construct",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(born > DATE(2000, 1, 31, 23, 59, 59, 999))",
            "ready",
            "PROFILE(contact).FILTER(born > DATE(2000, 1, 31, 23, 59, 59, 999))",
            ("unproven-construct",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(born < DATETIMEUTCNOW())",
            "ready",
            "PROFILE(contact).FILTER(born < DATETIMEUTCNOW())",
            ("unproven-construct",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(DATEDIFF(year, born, DATETIMEUTCNOW()) >= 18)",
            "ready",
            "PROFILE(contact).FILTER(DATEDIFF(year, born, DATETIMEUTCNOW()) >= 18)",
            ("unproven-construct",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(DATEDIFF(day, born, DATE(2020,1,1)) < 100)",
            "ready",
            "PROFILE(contact).FILTER(DATEDIFF(day, born, DATE(2020, 1, 1)) < 100)",
            ("unproven-construct",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(born > DATEADD(month, -3, DATETIMEUTCNOW()))",
            "ready",
            "PROFILE(contact).FILTER(born > DATEADD(month, -3, DATETIMEUTCNOW()))",
            ("unproven-construct",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(born > '2000-01-31')", "ready", "PROFILE(contact).FILTER(born > '2000-01-31')", ()
        ),
        Phrase(
            "PROFILE(contact).FILTER(born >= datetimeutcnow() && age * 2 > 3)",
            "ready",
            "PROFILE(contact).FILTER(born >= DATETIMEUTCNOW() && age * 2 > 3)",
            ("unproven-construct",),
        ),
    ],
    "Columns that are not there or cannot be used": [
        Phrase(
            "PROFILE(contact).FILTER(nothing == 1)",
            "blocked",
            "PROFILE(contact).FILTER(nothing == 1)",
            ("column-unknown",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(city == nothing)",
            "blocked",
            "PROFILE(contact).FILTER(city == nothing)",
            (
                "column-unknown",
                "unproven-construct",
            ),
        ),
        Phrase(
            "PROFILE(contact).FILTER(ISNULL(nothing))",
            "blocked",
            "PROFILE(contact).FILTER(ISNULL(nothing))",
            ("column-unknown",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(score > 5)",
            "blocked",
            "PROFILE(contact).FILTER(score > 5)",
            ("column-not-stored",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(total > 5)", "flagged", "PROFILE(contact).FILTER(total > 5)", ("column-rollup",)
        ),
        Phrase(
            "PROFILE(contact).FILTER(initials == 'AB')",
            "blocked",
            "PROFILE(contact).FILTER(initials == 'AB')",
            ("column-not-stored",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(ISNULL(photo))",
            "blocked",
            "PROFILE(contact).FILTER(ISNULL(photo))",
            ("column-not-stored",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(score > 5 && nothing == 1)",
            "blocked",
            "PROFILE(contact).FILTER(score > 5 && nothing == 1)",
            (
                "column-not-stored",
                "column-unknown",
            ),
        ),
        Phrase(
            "PROFILE(contact).FILTER(NOT(score > 5))",
            "blocked",
            "PROFILE(contact).FILTER(NOT(score > 5))",
            ("column-not-stored",),
        ),
        Phrase(
            "PROFILE(account, a).FILTER(a.nothing == 1).TRAVERSE(contact_account_accountid, c)",
            "blocked",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(account_1.nothing == 1)",
            (
                "query-turned-round",
                "column-unknown",
            ),
        ),
        Phrase(
            "PROFILE(visit, v).FILTER(v.stars > 1).TRAVERSE(visit_contact_contactid, c).FILTER(c.score > 1)",
            "blocked",
            "PROFILE(contact).FILTER(score > 1).RELATE(contact_visits, visit_1).FILTER(visit_1.stars > 1)",
            (
                "query-turned-round",
                "column-not-stored",
            ),
        ),
    ],
    "One lookup away, from the other table to contact": [
        Phrase(
            "PROFILE(account, a).TRAVERSE(contact_account_accountid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(ISNOTNULL(account_1.accountid))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account, a).FILTER(a.name == 'Contoso').TRAVERSE(contact_account_accountid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(account_1.name == 'Contoso')",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account, a).FILTER(a.name == 'Contoso').TRAVERSE(contact_account_accountid, c).FILTER(c.city == 'Oslo')",
            "adapted",
            "PROFILE(contact).FILTER(city == 'Oslo').RELATE(contact_customer_accounts, account_1).FILTER(account_1.name == 'Contoso')",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account, a).FILTER(name == 'Contoso').TRAVERSE(contact_account_accountid, c).FILTER(city == 'Oslo')",
            "adapted",
            "PROFILE(contact).FILTER(city == 'Oslo').RELATE(contact_customer_accounts, account_1).FILTER(account_1.name == 'Contoso')",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account, a).TRAVERSE(contact_account_accountid, c).FILTER(c.city == 'Oslo')",
            "adapted",
            "PROFILE(contact).FILTER(city == 'Oslo').RELATE(contact_customer_accounts, account_1).FILTER(ISNOTNULL(account_1.accountid))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account, a).TRAVERSE(contact_account_accountid, c, FILTER(c.city == 'Oslo'))",
            "adapted",
            "PROFILE(contact).FILTER(city == 'Oslo').RELATE(contact_customer_accounts, account_1).FILTER(ISNOTNULL(account_1.accountid))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account, a).TRAVERSE(contact_account_accountid)",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(ISNOTNULL(account_1.accountid))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account).TRAVERSE(contact_account_accountid).FILTER(city == 'Oslo')",
            "adapted",
            "PROFILE(contact).FILTER(city == 'Oslo').RELATE(contact_customer_accounts, account_1).FILTER(ISNOTNULL(account_1.accountid))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account, a).FILTER(a.size > 5).FILTER(a.city == 'Oslo').TRAVERSE(contact_account_accountid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(account_1.size > 5 && account_1.city == 'Oslo')",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account, a).TRAVERSE(contact_account_accountid, c).FILTER(c.city == 'Oslo').FILTER(c.age > 3)",
            "adapted",
            "PROFILE(contact).FILTER(city == 'Oslo' && age > 3).RELATE(contact_customer_accounts, account_1).FILTER(ISNOTNULL(account_1.accountid))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account, a).TRAVERSE(contact_account_accountid, c).FILTER(a.name == 'Contoso')",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(account_1.name == 'Contoso')",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account, a).TRAVERSE(contact_account_accountid, c).FILTER(a.name == 'Contoso' && c.city == 'Oslo')",
            "adapted",
            "PROFILE(contact).FILTER(city == 'Oslo').RELATE(contact_customer_accounts, account_1).FILTER(account_1.name == 'Contoso')",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account, a).FILTER(a.name == 'x' || a.size > 3).TRAVERSE(contact_account_accountid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(account_1.name == 'x' || account_1.size > 3)",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account, a).FILTER(a.name == 'x' && a.size > 3).TRAVERSE(contact_account_accountid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(account_1.name == 'x' && account_1.size > 3)",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account, a).FILTER(NOT(a.name == 'x')).TRAVERSE(contact_account_accountid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(NOT(account_1.name == 'x'))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account, a).FILTER(NOT(a.name == 'x' || a.size > 3)).TRAVERSE(contact_account_accountid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(NOT(account_1.name == 'x' || account_1.size > 3))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account, a).FILTER(ISNULL(a.name)).TRAVERSE(contact_account_accountid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(ISNULL(account_1.name))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account, a).FILTER(a.accountid == '1cc00a15-37ef-e911-a81d-000d3a6d200c').TRAVERSE(contact_account_accountid, c).FILTER(ISNOTNULL(c.fullname))",
            "adapted",
            "PROFILE(contact).FILTER(ISNOTNULL(fullname)).RELATE(contact_customer_accounts, account_1).FILTER(account_1.accountid == '1cc00a15-37ef-e911-a81d-000d3a6d200c')",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account, a).FILTER(a.name STARTSWITH 'x').TRAVERSE(contact_account_accountid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(account_1.name STARTSWITH 'x')",
            (
                "query-turned-round",
                "unproven-construct",
            ),
        ),
        Phrase(
            "Profile(ACCOUNT, A).traverse(CONTACT_ACCOUNT_ACCOUNTID, C).filter(c.City == 'Oslo')",
            "adapted",
            "PROFILE(contact).FILTER(city == 'Oslo').RELATE(contact_customer_accounts, account_1).FILTER(ISNOTNULL(account_1.accountid))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account, a).TRAVERSE(contact_customer_accounts, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(ISNOTNULL(account_1.accountid))",
            (
                "relationship-by-schema-name",
                "query-turned-round",
            ),
        ),
        Phrase(
            "PROFILE(account).TRAVERSE(contact_account_accountid, c, FILTER(age > 30))",
            "adapted",
            "PROFILE(contact).FILTER(age > 30).RELATE(contact_customer_accounts, account_1).FILTER(ISNOTNULL(account_1.accountid))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account).TRAVERSE(contact_account_accountid, c, FILTER(name == 'Contoso'))",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(account_1.name == 'Contoso')",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account).TRAVERSE(contact_account_accountid, c, FILTER(city == 'Oslo'))",
            "flagged",
            "",
            ("traverse-filter",),
        ),
        Phrase(
            "PROFILE(call, k).TRAVERSE(call_contact_calledid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_calls, call_1).FILTER(ISNOTNULL(call_1.calledid))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(project, p).TRAVERSE(call_project_projectid, k).TRAVERSE(call_contact_calledid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_calls, call_1, RELATE(call_projects, project_1)).FILTER(ISNOTNULL(project_1.projectid))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account, a).TRAVERSE('contact_account_accountid', c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(ISNOTNULL(account_1.accountid))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account).TRAVERSE(contact_account_accountid, FILTER(age > 30))",
            "adapted",
            "PROFILE(contact).FILTER(age > 30).RELATE(contact_customer_accounts, account_1).FILTER(ISNOTNULL(account_1.accountid))",
            ("query-turned-round",),
        ),
    ],
    "One lookup away, against the direction of the lookup": [
        Phrase(
            "PROFILE(visit, v).TRAVERSE(visit_contact_contactid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_visits, visit_1).FILTER(ISNOTNULL(visit_1.visitid))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(visit, v).FILTER(v.stars >= 4).TRAVERSE(visit_contact_contactid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_visits, visit_1).FILTER(visit_1.stars >= 4)",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(visit, v).FILTER(v.topic == 'x' && v.stars >= 4).TRAVERSE(visit_contact_contactid, c).FILTER(c.vip == True)",
            "adapted",
            "PROFILE(contact).FILTER(vip == true).RELATE(contact_visits, visit_1).FILTER(visit_1.topic == 'x' && visit_1.stars >= 4)",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(visit, v).FILTER(v.at > DATEADD(day, -30, DATETIMEUTCNOW())).TRAVERSE(visit_contact_contactid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_visits, visit_1).FILTER(visit_1.at > DATEADD(day, -30, DATETIMEUTCNOW()))",
            (
                "query-turned-round",
                "unproven-construct",
            ),
        ),
        Phrase(
            "PROFILE(visit, v).FILTER(NOT(v.stars >= 4)).TRAVERSE(visit_contact_contactid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_visits, visit_1).FILTER(NOT(visit_1.stars >= 4))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(visit, v).FILTER(v.topic CONTAINS 'x').TRAVERSE(visit_contact_contactid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_visits, visit_1).FILTER(visit_1.topic CONTAINS 'x')",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(visit, v).TRAVERSE(visit_contact_contactid, c).FILTER(v.stars == 5 && c.age > 18)",
            "adapted",
            "PROFILE(contact).FILTER(age > 18).RELATE(contact_visits, visit_1).FILTER(visit_1.stars == 5)",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(visit, v).FILTER(v.stars * 2 > 5).TRAVERSE(visit_contact_contactid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_visits, visit_1).FILTER(visit_1.stars * 2 > 5)",
            (
                "query-turned-round",
                "unproven-construct",
            ),
        ),
        Phrase(
            "PROFILE(order, o).FILTER(o.sum > 100).TRAVERSE(order_contact_buyerid, c)",
            "flagged",
            "PROFILE(contact).RELATE(contact_orders, order_1).FILTER(order_1.sum > 100)",
            (
                "query-turned-round",
                "no-change-tracking",
            ),
        ),
    ],
    "Several hops": [
        Phrase(
            "PROFILE(region, r).TRAVERSE(account_region_regionid, a).TRAVERSE(contact_account_accountid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1, RELATE(account_regions, region_1)).FILTER(ISNOTNULL(region_1.regionid))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(region, r).FILTER(r.name == 'North').TRAVERSE(account_region_regionid, a).TRAVERSE(contact_account_accountid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1, RELATE(account_regions, region_1)).FILTER(region_1.name == 'North')",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(region, r).FILTER(r.name == 'North').TRAVERSE(account_region_regionid, a).FILTER(a.size > 5).TRAVERSE(contact_account_accountid, c).FILTER(c.city == 'Oslo')",
            "adapted",
            "PROFILE(contact).FILTER(city == 'Oslo').RELATE(contact_customer_accounts, account_1, RELATE(account_regions, region_1)).FILTER(region_1.name == 'North' && account_1.size > 5)",
            (
                "query-turned-round",
                "unproven-construct",
            ),
        ),
        Phrase(
            "PROFILE(region, r).FILTER(r.taxed == True).TRAVERSE(account_region_regionid, a).TRAVERSE(contact_account_accountid, c).FILTER(c.vip == True)",
            "adapted",
            "PROFILE(contact).FILTER(vip == true).RELATE(contact_customer_accounts, account_1, RELATE(account_regions, region_1)).FILTER(region_1.taxed == true)",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(region, r).TRAVERSE(account_region_regionid, a).FILTER(a.size > 5).TRAVERSE(contact_account_accountid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1, RELATE(account_regions, region_1)).FILTER(account_1.size > 5)",
            (
                "query-turned-round",
                "unproven-construct",
            ),
        ),
        Phrase(
            "PROFILE(region, r).TRAVERSE(account_region_regionid, a).FILTER(a.city == r.name).TRAVERSE(contact_account_accountid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1, RELATE(account_regions, region_1)).FILTER(account_1.city == region_1.name)",
            (
                "query-turned-round",
                "unproven-construct",
                "unproven-construct",
            ),
        ),
        Phrase(
            "PROFILE(contact, x).FILTER(x.vip == True).TRAVERSE(contact_account_accountid, a).TRAVERSE(contact_account_accountid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1, RELATE(contact_customer_accounts, contact_1)).FILTER(contact_1.vip == true)",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(contact, x).FILTER(x.city == 'Oslo').TRAVERSE(contact_account_accountid, a).FILTER(a.size > 5).TRAVERSE(contact_account_accountid, c).FILTER(c.age > 30)",
            "adapted",
            "PROFILE(contact).FILTER(age > 30).RELATE(contact_customer_accounts, account_1, RELATE(contact_customer_accounts, contact_1)).FILTER(contact_1.city == 'Oslo' && account_1.size > 5)",
            (
                "query-turned-round",
                "unproven-construct",
            ),
        ),
        Phrase(
            "PROFILE(visit, v).FILTER(v.stars == 5).TRAVERSE(visit_contact_contactid, x).TRAVERSE(contact_account_accountid, a).TRAVERSE(contact_account_accountid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1, RELATE(contact_customer_accounts, contact_1, RELATE(contact_visits, visit_1))).FILTER(visit_1.stars == 5)",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account, a).FILTER(a.size > 5).TRAVERSE(account_region_regionid, r).TRAVERSE(account_region_regionid, b).TRAVERSE(contact_account_accountid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1, RELATE(account_regions, region_1, RELATE(account_regions, account_2))).FILTER(account_2.size > 5)",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(region, r).FILTER(NOT(r.name == 'North')).TRAVERSE(account_region_regionid, a).FILTER(NOT(a.size > 5)).TRAVERSE(contact_account_accountid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1, RELATE(account_regions, region_1)).FILTER(NOT(region_1.name == 'North') && NOT(account_1.size > 5))",
            (
                "query-turned-round",
                "unproven-construct",
            ),
        ),
    ],
    "Many-to-many, through the table between": [
        Phrase(
            "PROFILE(list, l).TRAVERSE(listcontact_list_listid, m).TRAVERSE(listcontact_contact_contactid, c)",
            "adapted",
            "PROFILE(contact).RELATE(lists_of_contacts, list_1).FILTER(ISNOTNULL(list_1.listid))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(list, l).FILTER(l.title == 'News').TRAVERSE(listcontact_list_listid, m).TRAVERSE(listcontact_contact_contactid, c)",
            "adapted",
            "PROFILE(contact).RELATE(lists_of_contacts, list_1).FILTER(list_1.title == 'News')",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(list, l).FILTER(l.title == 'News' && l.closed == False).TRAVERSE(listcontact_list_listid, m).TRAVERSE(listcontact_contact_contactid, c).FILTER(c.city == 'Oslo')",
            "adapted",
            "PROFILE(contact).FILTER(city == 'Oslo').RELATE(lists_of_contacts, list_1).FILTER(list_1.title == 'News' && list_1.closed == false)",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(list, l).FILTER(NOT(l.closed == True)).TRAVERSE(listcontact_list_listid, m).TRAVERSE(listcontact_contact_contactid, c)",
            "adapted",
            "PROFILE(contact).RELATE(lists_of_contacts, list_1).FILTER(NOT(list_1.closed == true))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(list, l).TRAVERSE(listcontact_list_listid, m).FILTER(ISNOTNULL(m.listid)).TRAVERSE(listcontact_contact_contactid, c)",
            "adapted",
            "PROFILE(contact).RELATE(lists_of_contacts, list_1).FILTER(ISNOTNULL(list_1.listid))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(listcontact, m).TRAVERSE(listcontact_contact_contactid, c)",
            "adapted",
            "PROFILE(contact).RELATE(lists_of_contacts, list_1).FILTER(ISNOTNULL(list_1.listid))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(list, l).TRAVERSE(listcontact_list_listid, m).FILTER(m.listcontactid == '00000000-0000-0000-0000-000000000001').TRAVERSE(listcontact_contact_contactid, c)",
            "flagged",
            "",
            ("intersect-condition",),
        ),
        Phrase(
            "PROFILE(listcontact, m).FILTER(m.listid == '00000000-0000-0006-0000-000000000001').TRAVERSE(listcontact_contact_contactid, c)",
            "adapted",
            "PROFILE(contact).RELATE(lists_of_contacts, list_1).FILTER(list_1.listid == '00000000-0000-0006-0000-000000000001')",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(list, l).TRAVERSE(listcontact_list_listid, m).FILTER(m.contactid == '00000000-0000-0001-0000-000000000003').TRAVERSE(listcontact_contact_contactid, c)",
            "adapted",
            "PROFILE(contact).FILTER(contactid == '00000000-0000-0001-0000-000000000003').RELATE(lists_of_contacts, list_1).FILTER(ISNOTNULL(list_1.listid))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(list, l).FILTER(l.title == 'News').TRAVERSE(listmember_list_listid, m).TRAVERSE(listmember_contact_entityid, c)",
            "adapted",
            "PROFILE(contact).RELATE(listcontact_association, list_1).FILTER(list_1.title == 'News')",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(listmember, m).FILTER(m.listid == '00000000-0000-0006-0000-000000000001').TRAVERSE(listmember_contact_entityid, c)",
            "adapted",
            "PROFILE(contact).RELATE(listcontact_association, list_1).FILTER(list_1.listid == '00000000-0000-0006-0000-000000000001')",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(list, l).TRAVERSE(listmember_list_listid, m).TRAVERSE(listmember_account_entityid, a).TRAVERSE(contact_account_accountid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1, RELATE(listaccount_association, list_1)).FILTER(ISNOTNULL(list_1.listid))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(contact, c).FILTER(c.city == 'Oslo').TRAVERSE(listmember_contact_entityid).TRAVERSE(listmember_contact_entityid)",
            "flagged",
            "",
            ("intersect-sides",),
        ),
        Phrase(
            "PROFILE(list, l).TRAVERSE(listcontact_list_listid, m).TRAVERSE(listmember_contact_entityid, c)",
            "flagged",
            "",
            ("relationship-unknown",),
        ),
        Phrase(
            "PROFILE(contact, f).FILTER(f.vip == True).TRAVERSE(friend_contact_one, m).TRAVERSE(friend_contact_other, c)",
            "flagged",
            "",
            ("relationship-ambiguous",),
        ),
        Phrase(
            "PROFILE(contact, f).FILTER(f.vip == True).TRAVERSE(friend_contact_other, m).TRAVERSE(friend_contact_one, c)",
            "flagged",
            "",
            ("relationship-ambiguous",),
        ),
        Phrase(
            "PROFILE(skill, s).TRAVERSE(contactskill_skill_skillid, m).TRAVERSE(contactskill_contact_contactid, c)",
            "flagged",
            "",
            (
                "query-turned-round",
                "table-unknown",
            ),
        ),
        Phrase(
            "PROFILE(skill, s).FILTER(s.title == 'Go').TRAVERSE(contactskill_skill_skillid, m).TRAVERSE(contactskill_contact_contactid, c)",
            "adapted",
            "PROFILE(contact).RELATE(skills_of_contacts, skill_1).FILTER(skill_1.title == 'Go')",
            ("query-turned-round",),
        ),
        Phrase("PROFILE(list, l).TRAVERSE(lists_of_contacts, c)", "flagged", "", ("intersect-sides",)),
    ],
    "Conditions across contact and a related table": [
        Phrase(
            "PROFILE(account, a).TRAVERSE(contact_account_accountid, c).FILTER(c.city == 'Oslo' || a.name == 'Contoso')",
            "adapted",
            "PROFILE(contact).FILTER(city == 'Oslo').RELATE(contact_customer_accounts, account_1).FILTER(ISNOTNULL(account_1.accountid)) UNION PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(account_1.name == 'Contoso')",
            (
                "query-turned-round",
                "query-spread",
            ),
        ),
        Phrase(
            "PROFILE(account, a).TRAVERSE(contact_account_accountid, c).FILTER(c.vip == True && (c.city == 'Oslo' || a.name == 'Contoso'))",
            "adapted",
            "PROFILE(contact).FILTER(vip == true && city == 'Oslo').RELATE(contact_customer_accounts, account_1).FILTER(ISNOTNULL(account_1.accountid)) UNION PROFILE(contact).FILTER(vip == true).RELATE(contact_customer_accounts, account_1).FILTER(account_1.name == 'Contoso')",
            (
                "query-turned-round",
                "query-spread",
            ),
        ),
        Phrase(
            "PROFILE(account, a).TRAVERSE(contact_account_accountid, c).FILTER(NOT(c.city == 'Oslo' || a.name == 'Contoso'))",
            "adapted",
            "PROFILE(contact).FILTER(NOT(city == 'Oslo')).RELATE(contact_customer_accounts, account_1).FILTER(NOT(account_1.name == 'Contoso'))",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account, a).TRAVERSE(contact_account_accountid, c).FILTER(NOT(c.city == 'Oslo' && a.name == 'Contoso'))",
            "adapted",
            "PROFILE(contact).FILTER(NOT(city == 'Oslo')).RELATE(contact_customer_accounts, account_1).FILTER(ISNOTNULL(account_1.accountid)) UNION PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(NOT(account_1.name == 'Contoso'))",
            (
                "query-turned-round",
                "query-spread",
            ),
        ),
        Phrase(
            "PROFILE(account, a).TRAVERSE(contact_account_accountid, c).FILTER((c.city == 'Oslo' && a.size > 5) || (c.city == 'Rome' && a.size > 9))",
            "adapted",
            "PROFILE(contact).FILTER(city == 'Oslo').RELATE(contact_customer_accounts, account_1).FILTER(account_1.size > 5) UNION PROFILE(contact).FILTER(city == 'Rome').RELATE(contact_customer_accounts, account_1).FILTER(account_1.size > 9)",
            (
                "query-turned-round",
                "query-spread",
            ),
        ),
        Phrase(
            "PROFILE(account, a).TRAVERSE(contact_account_accountid, c).FILTER(c.city == 'Oslo' || a.name == 'x' || a.size > 5)",
            "adapted",
            "PROFILE(contact).FILTER(city == 'Oslo').RELATE(contact_customer_accounts, account_1).FILTER(ISNOTNULL(account_1.accountid)) UNION PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(account_1.name == 'x' || account_1.size > 5)",
            (
                "query-turned-round",
                "query-spread",
            ),
        ),
        Phrase(
            "PROFILE(account, a).TRAVERSE(contact_account_accountid, c).FILTER(c.city == a.city)",
            "flagged",
            "",
            (
                "query-turned-round",
                "unproven-construct",
                "condition-across-tables",
            ),
        ),
        Phrase(
            "PROFILE(account, a).TRAVERSE(contact_account_accountid, c).FILTER(c.age + a.size > 5)",
            "flagged",
            "",
            (
                "query-turned-round",
                "unproven-construct",
                "condition-across-tables",
            ),
        ),
        Phrase(
            "PROFILE(account, a).TRAVERSE(contact_account_accountid, c).FILTER(NOT(NOT(c.city == 'Oslo' || a.size > 5)))",
            "adapted",
            "PROFILE(contact).FILTER(city == 'Oslo').RELATE(contact_customer_accounts, account_1).FILTER(ISNOTNULL(account_1.accountid)) UNION PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(account_1.size > 5)",
            (
                "query-turned-round",
                "query-spread",
            ),
        ),
        Phrase(
            "PROFILE(account, a).TRAVERSE(contact_account_accountid, c).FILTER(c.city == 'Oslo' || c.city == 'Rome' || c.age == 1 || a.name == 'x')",
            "adapted",
            "PROFILE(contact).FILTER(city == 'Oslo' || city == 'Rome' || age == 1).RELATE(contact_customer_accounts, account_1).FILTER(ISNOTNULL(account_1.accountid)) UNION PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(account_1.name == 'x')",
            (
                "query-turned-round",
                "query-spread",
            ),
        ),
        Phrase(
            "PROFILE(account, a).TRAVERSE(contact_account_accountid, c).FILTER(a.size == 1 || a.size == 2 || a.size == 3 || a.size == 4 || a.size == 5 || a.size == 6 || a.size == 7 || a.size == 8 || a.size == 9 || a.size == 10 || a.size == 11 || a.size == 12 || a.size == 13 || a.size == 14 || a.size == 15 || a.size == 16 || c.age > 90)",
            "adapted",
            "PROFILE(contact).FILTER(age > 90).RELATE(contact_customer_accounts, account_1).FILTER(ISNOTNULL(account_1.accountid)) UNION PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(account_1.size == 1 || account_1.size == 2 || account_1.size == 3 || account_1.size == 4 || account_1.size == 5 || account_1.size == 6 || account_1.size == 7 || account_1.size == 8 || account_1.size == 9 || account_1.size == 10 || account_1.size == 11 || account_1.size == 12 || account_1.size == 13 || account_1.size == 14 || account_1.size == 15 || account_1.size == 16)",
            (
                "query-turned-round",
                "query-spread",
            ),
        ),
        Phrase(
            "PROFILE(account, a).TRAVERSE(contact_account_accountid, c).FILTER(NOT(c.city == 'Oslo' && c.age > 3 && a.name == 'x' && a.size > 1))",
            "adapted",
            "PROFILE(contact).FILTER(NOT(city == 'Oslo' && age > 3)).RELATE(contact_customer_accounts, account_1).FILTER(ISNOTNULL(account_1.accountid)) UNION PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(NOT(account_1.name == 'x' && account_1.size > 1))",
            (
                "query-turned-round",
                "query-spread",
            ),
        ),
        Phrase(
            "PROFILE(account, a).TRAVERSE(contact_account_accountid, c).FILTER(a.name == 'x' || ((a.size == 0 || c.age == 0) && (a.size == 1 || c.age == 1) && (a.size == 2 || c.age == 2) && (a.size == 3 || c.age == 3) && (a.size == 4 || c.age == 4)))",
            "flagged",
            "",
            (
                "query-turned-round",
                "condition-spread-too-far",
            ),
        ),
    ],
    "Relationships that cannot be found": [
        Phrase("PROFILE(account, a).TRAVERSE(contact_account_acountid, c)", "flagged", "", ("relationship-unknown",)),
        Phrase("PROFILE(account, a).TRAVERSE(nothing_like_it, c)", "flagged", "", ("relationship-unknown",)),
        Phrase("PROFILE(region, r).TRAVERSE(contact_account_accountid, c)", "flagged", "", ("relationship-unknown",)),
        Phrase(
            "PROFILE(contact, x).TRAVERSE(contact_contact_managerid, c)", "flagged", "", ("relationship-ambiguous",)
        ),
        Phrase(
            "PROFILE(account, a).TRAVERSE(account_account_parentid, b).TRAVERSE(contact_account_accountid, c)",
            "flagged",
            "",
            ("relationship-ambiguous",),
        ),
        Phrase("PROFILE(contact).TRAVERSE(contact_account_accountid, a)", "blocked", "", ("audience-not-contact",)),
        Phrase(
            "PROFILE(contact, c).TRAVERSE(contact_account_accountid, a).FILTER(c.age > 1)",
            "blocked",
            "",
            ("audience-not-contact",),
        ),
    ],
    "Sets from left to right": [
        Phrase(
            "PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(age > 2)",
            "ready",
            "PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(age > 2)",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) INTERSECT PROFILE(contact).FILTER(age > 2)",
            "ready",
            "PROFILE(contact).FILTER(age > 1) INTERSECT PROFILE(contact).FILTER(age > 2)",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) EXCEPT PROFILE(contact).FILTER(age > 2)",
            "ready",
            "PROFILE(contact).FILTER(age > 1) EXCEPT PROFILE(contact).FILTER(age > 2)",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) MINUS PROFILE(contact).FILTER(age > 2)",
            "ready",
            "PROFILE(contact).FILTER(age > 1) EXCEPT PROFILE(contact).FILTER(age > 2)",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) union PROFILE(contact).FILTER(age > 2)",
            "ready",
            "PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(age > 2)",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(age > 2) INTERSECT PROFILE(contact).FILTER(age > 3) EXCEPT PROFILE(contact).FILTER(age > 4)",
            "ready",
            "PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(age > 2) INTERSECT PROFILE(contact).FILTER(age > 3) EXCEPT PROFILE(contact).FILTER(age > 4)",
            (),
        ),
        Phrase(
            "(PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(age > 2)) EXCEPT PROFILE(contact).FILTER(age > 3)",
            "ready",
            "PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(age > 2) EXCEPT PROFILE(contact).FILTER(age > 3)",
            (),
        ),
        Phrase(
            "((PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(age > 2)) INTERSECT PROFILE(contact).FILTER(age > 3)) EXCEPT PROFILE(contact).FILTER(age > 4)",
            "ready",
            "PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(age > 2) INTERSECT PROFILE(contact).FILTER(age > 3) EXCEPT PROFILE(contact).FILTER(age > 4)",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1).UNION(PROFILE(contact).FILTER(age > 2))",
            "ready",
            "PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(age > 2)",
            (),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1).UNION(PROFILE(contact).FILTER(age > 2)).EXCEPT(PROFILE(contact).FILTER(age > 3))",
            "ready",
            "PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(age > 2) EXCEPT PROFILE(contact).FILTER(age > 3)",
            (),
        ),
        Phrase(
            "(PROFILE(contact).FILTER(age > 1)) EXCEPT (PROFILE(contact).FILTER(age > 2))",
            "ready",
            "PROFILE(contact).FILTER(age > 1) EXCEPT PROFILE(contact).FILTER(age > 2)",
            (),
        ),
        Phrase(
            "PROFILE(contact) EXCEPT PROFILE(account, a).FILTER(a.name == 'x').TRAVERSE(contact_account_accountid, c)",
            "adapted",
            "PROFILE(contact) EXCEPT PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(account_1.name == 'x')",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account, a).TRAVERSE(contact_account_accountid, c) INTERSECT PROFILE(visit, v).TRAVERSE(visit_contact_contactid, c)",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(ISNOTNULL(account_1.accountid)) INTERSECT PROFILE(contact).RELATE(contact_visits, visit_1).FILTER(ISNOTNULL(visit_1.visitid))",
            (
                "query-turned-round",
                "query-turned-round",
            ),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1).UNION(PROFILE(contact).FILTER(age > 2)) INTERSECT PROFILE(contact).FILTER(age > 3)",
            "ready",
            "PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(age > 2) INTERSECT PROFILE(contact).FILTER(age > 3)",
            (),
        ),
    ],
    "Sets in parentheses": [
        Phrase(
            "PROFILE(contact).FILTER(age > 1) UNION (PROFILE(contact).FILTER(age > 2) UNION PROFILE(contact).FILTER(age > 3))",
            "adapted",
            "PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(age > 2) UNION PROFILE(contact).FILTER(age > 3)",
            ("sets-rewritten",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) UNION (PROFILE(contact).FILTER(age > 2) INTERSECT PROFILE(contact).FILTER(age > 3))",
            "adapted",
            "PROFILE(contact).FILTER(age > 2) INTERSECT PROFILE(contact).FILTER(age > 3) UNION PROFILE(contact).FILTER(age > 1)",
            ("sets-rewritten",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) UNION (PROFILE(contact).FILTER(age > 2) EXCEPT PROFILE(contact).FILTER(age > 3))",
            "adapted",
            "PROFILE(contact).FILTER(age > 2) EXCEPT PROFILE(contact).FILTER(age > 3) UNION PROFILE(contact).FILTER(age > 1)",
            ("sets-rewritten",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) INTERSECT (PROFILE(contact).FILTER(age > 2) INTERSECT PROFILE(contact).FILTER(age > 3))",
            "adapted",
            "PROFILE(contact).FILTER(age > 1) INTERSECT PROFILE(contact).FILTER(age > 2) INTERSECT PROFILE(contact).FILTER(age > 3)",
            ("sets-rewritten",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) INTERSECT (PROFILE(contact).FILTER(age > 2) UNION PROFILE(contact).FILTER(age > 3))",
            "adapted",
            "PROFILE(contact).FILTER(age > 2) UNION PROFILE(contact).FILTER(age > 3) INTERSECT PROFILE(contact).FILTER(age > 1)",
            ("sets-rewritten",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) INTERSECT (PROFILE(contact).FILTER(age > 2) EXCEPT PROFILE(contact).FILTER(age > 3))",
            "adapted",
            "PROFILE(contact).FILTER(age > 1) INTERSECT PROFILE(contact).FILTER(age > 2) EXCEPT PROFILE(contact).FILTER(age > 3)",
            ("sets-rewritten",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) EXCEPT (PROFILE(contact).FILTER(age > 2) UNION PROFILE(contact).FILTER(age > 3))",
            "adapted",
            "PROFILE(contact).FILTER(age > 1) EXCEPT PROFILE(contact).FILTER(age > 2) EXCEPT PROFILE(contact).FILTER(age > 3)",
            ("sets-rewritten",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) EXCEPT (PROFILE(contact).FILTER(age > 2) UNION PROFILE(contact).FILTER(age > 3) UNION PROFILE(contact).FILTER(age > 4))",
            "adapted",
            "PROFILE(contact).FILTER(age > 1) EXCEPT PROFILE(contact).FILTER(age > 2) EXCEPT PROFILE(contact).FILTER(age > 3) EXCEPT PROFILE(contact).FILTER(age > 4)",
            ("sets-rewritten",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) EXCEPT (PROFILE(contact).FILTER(age > 2) UNION (PROFILE(contact).FILTER(age > 3) UNION PROFILE(contact).FILTER(age > 4)))",
            "adapted",
            "PROFILE(contact).FILTER(age > 1) EXCEPT PROFILE(contact).FILTER(age > 2) EXCEPT PROFILE(contact).FILTER(age > 3) EXCEPT PROFILE(contact).FILTER(age > 4)",
            ("sets-rewritten",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) EXCEPT (PROFILE(contact).FILTER(age > 2) INTERSECT PROFILE(contact).FILTER(age > 3))",
            "adapted",
            "PROFILE(contact).FILTER(age > 1) EXCEPT PROFILE(contact).FILTER(age > 2 && age > 3)",
            ("sets-rewritten",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) EXCEPT (PROFILE(contact).FILTER(age > 2) EXCEPT PROFILE(contact).FILTER(age > 3))",
            "adapted",
            "PROFILE(contact).FILTER(age > 1) EXCEPT PROFILE(contact).FILTER(age > 2) UNION PROFILE(contact).FILTER(age > 3) INTERSECT PROFILE(contact).FILTER(age > 1)",
            ("sets-rewritten",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(age > 2) UNION (PROFILE(contact).FILTER(age > 3) INTERSECT PROFILE(contact).FILTER(age > 4))",
            "adapted",
            "PROFILE(contact).FILTER(age > 3) INTERSECT PROFILE(contact).FILTER(age > 4) UNION PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(age > 2)",
            ("sets-rewritten",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) INTERSECT PROFILE(contact).FILTER(age > 2) UNION (PROFILE(contact).FILTER(age > 3) INTERSECT PROFILE(contact).FILTER(age > 4))",
            "adapted",
            "PROFILE(contact).FILTER(age > 1 && age > 2) UNION PROFILE(contact).FILTER(age > 3 && age > 4)",
            ("sets-rewritten",),
        ),
        Phrase(
            "(PROFILE(contact).FILTER(age > 1) INTERSECT PROFILE(contact).FILTER(age > 2)) INTERSECT (PROFILE(contact).FILTER(age > 3) UNION PROFILE(contact).FILTER(age > 4))",
            "adapted",
            "PROFILE(contact).FILTER(age > 3) UNION PROFILE(contact).FILTER(age > 4) INTERSECT PROFILE(contact).FILTER(age > 1) INTERSECT PROFILE(contact).FILTER(age > 2)",
            ("sets-rewritten",),
        ),
        Phrase(
            "(PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(age > 2)) INTERSECT (PROFILE(contact).FILTER(age > 3) UNION PROFILE(contact).FILTER(age > 4))",
            "adapted",
            "PROFILE(contact).FILTER(age > 1 && age > 3) UNION PROFILE(contact).FILTER(age > 1 && age > 4) UNION PROFILE(contact).FILTER(age > 2 && age > 3) UNION PROFILE(contact).FILTER(age > 2 && age > 4)",
            ("sets-rewritten",),
        ),
        Phrase(
            "(PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(age > 2)) INTERSECT (PROFILE(contact).FILTER(age > 3) EXCEPT PROFILE(contact).FILTER(age > 4))",
            "adapted",
            "PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(age > 2) INTERSECT PROFILE(contact).FILTER(age > 3) EXCEPT PROFILE(contact).FILTER(age > 4)",
            ("sets-rewritten",),
        ),
        Phrase(
            "(PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(age > 2)) EXCEPT (PROFILE(contact).FILTER(age > 3) UNION PROFILE(contact).FILTER(age > 4))",
            "adapted",
            "PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(age > 2) EXCEPT PROFILE(contact).FILTER(age > 3) EXCEPT PROFILE(contact).FILTER(age > 4)",
            ("sets-rewritten",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1).EXCEPT(PROFILE(contact).FILTER(age > 2).UNION(PROFILE(contact).FILTER(age > 3)))",
            "adapted",
            "PROFILE(contact).FILTER(age > 1) EXCEPT PROFILE(contact).FILTER(age > 2) EXCEPT PROFILE(contact).FILTER(age > 3)",
            ("sets-rewritten",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(age > 2).EXCEPT(PROFILE(contact).FILTER(age > 3))",
            "adapted",
            "PROFILE(contact).FILTER(age > 2) EXCEPT PROFILE(contact).FILTER(age > 3) UNION PROFILE(contact).FILTER(age > 1)",
            ("sets-rewritten",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) UNION (PROFILE(contact).FILTER(age > 2) UNION PROFILE(contact).FILTER(age > 3) INTERSECT PROFILE(contact).FILTER(age > 4))",
            "adapted",
            "PROFILE(contact).FILTER(age > 2) UNION PROFILE(contact).FILTER(age > 3) INTERSECT PROFILE(contact).FILTER(age > 4) UNION PROFILE(contact).FILTER(age > 1)",
            ("sets-rewritten",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) EXCEPT ((PROFILE(contact).FILTER(age > 2) UNION PROFILE(contact).FILTER(age > 3)) INTERSECT PROFILE(contact).FILTER(age > 4))",
            "adapted",
            "PROFILE(contact).FILTER(age > 1) EXCEPT PROFILE(contact).FILTER(age > 2 && age > 4) EXCEPT PROFILE(contact).FILTER(age > 3 && age > 4)",
            ("sets-rewritten",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) EXCEPT (PROFILE(contact).FILTER(age > 2) EXCEPT (PROFILE(contact).FILTER(age > 3) EXCEPT PROFILE(contact).FILTER(age > 4)))",
            "adapted",
            "PROFILE(contact).FILTER(age > 1) EXCEPT PROFILE(contact).FILTER(age > 2) INTERSECT PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(age > 1 && age > 3) EXCEPT PROFILE(contact).FILTER(age > 2 && age > 4)",
            ("sets-rewritten",),
        ),
        Phrase(
            "INTERACTION(EmailOpened, contactId) EXCEPT (INTERACTION(EmailClicked, contactId) EXCEPT PROFILE(contact).FILTER(age > 1))",
            "flagged",
            "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 1) EXCEPT Interaction(msdynmkt_emaillinkclicked, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 1) UNION PROFILE(contact).FILTER(age > 1) INTERSECT Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 1)",
            (
                "query-behavioural",
                "sets-rewritten",
            ),
        ),
        Phrase(
            "INTERACTION(EmailOpened, contactId) EXCEPT (INTERACTION(EmailClicked, contactId) INTERSECT INTERACTION(EmailSent, contactId))",
            "flagged",
            "",
            (
                "query-behavioural",
                "sets-need-parentheses",
            ),
        ),
        Phrase(
            "PROFILE(account, a).FILTER(a.name == 'x').TRAVERSE(contact_account_accountid, c) UNION PROFILE(contact).FILTER(age > 1) EXCEPT (PROFILE(account, a).FILTER(a.size > 5).TRAVERSE(contact_account_accountid, c) INTERSECT PROFILE(visit, v).FILTER(v.stars > 3).TRAVERSE(visit_contact_contactid, c))",
            "adapted",
            "PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(account_1.name == 'x') EXCEPT PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(account_1.size > 5).RELATE(contact_visits, visit_1).FILTER(visit_1.stars > 3)",
            (
                "query-turned-round",
                "query-turned-round",
                "sets-rewritten",
            ),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) INTERSECT (PROFILE(account, a).FILTER(a.size > 5).TRAVERSE(contact_account_accountid, c) INTERSECT PROFILE(account, a).FILTER(a.name == 'x').TRAVERSE(contact_account_accountid, c) UNION PROFILE(contact).FILTER(age > 2)) UNION (PROFILE(contact).FILTER(age > 3) INTERSECT PROFILE(contact).FILTER(age > 4))",
            "adapted",
            "PROFILE(contact).FILTER(age > 1).RELATE(contact_customer_accounts, account_1).FILTER(account_1.size > 5).RELATE(contact_customer_accounts, account_2).FILTER(account_2.name == 'x') UNION PROFILE(contact).FILTER(age > 1 && age > 2) UNION PROFILE(contact).FILTER(age > 3 && age > 4)",
            (
                "query-turned-round",
                "sets-rewritten",
            ),
        ),
        Phrase(
            "INTERACTION(EmailOpened, contactId) INTERSECT INTERACTION(EmailSent, contactId) UNION (INTERACTION(EmailClicked, contactId) INTERSECT INTERACTION(EmailBlocked, contactId))",
            "flagged",
            "",
            (
                "query-behavioural",
                "sets-need-parentheses",
            ),
        ),
    ],
    "What people did: a proposal that waits for review": [
        Phrase(
            "INTERACTION(EmailOpened, contactId)",
            "flagged",
            "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 1)",
            ("query-behavioural",),
        ),
        Phrase(
            "INTERACTION(EmailOpened, contactId).HAVING(COUNT() > 0)",
            "flagged",
            "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 1)",
            ("query-behavioural",),
        ),
        Phrase(
            "INTERACTION(EmailOpened, contactId).HAVING(COUNT() > 4)",
            "flagged",
            "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 5)",
            ("query-behavioural",),
        ),
        Phrase(
            "INTERACTION(EmailOpened, contactId).HAVING(COUNT() >= 2)",
            "flagged",
            "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 2)",
            ("query-behavioural",),
        ),
        Phrase(
            "INTERACTION(EmailOpened, contactId).HAVING(COUNT() == 3)",
            "flagged",
            "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() == 3)",
            ("query-behavioural",),
        ),
        Phrase(
            "INTERACTION(EmailOpened, contactId).HAVING(COUNT() < 3)",
            "flagged",
            "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() < 3)",
            ("query-behavioural",),
        ),
        Phrase(
            "INTERACTION(EmailOpened, contactId).HAVING(COUNT() > 0, UTCDAYS(30))",
            "flagged",
            "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 1, UTCDAYS(30))",
            ("query-behavioural",),
        ),
        Phrase(
            "INTERACTION(EmailOpened, contactId).HAVING(COUNT() > 0, UTCMONTHS(2))",
            "flagged",
            "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 1, UTCMONTHS(2))",
            ("query-behavioural",),
        ),
        Phrase(
            "INTERACTION(EmailOpened, contactId).HAVING(COUNT() > 0, UTCYEARS(1))",
            "flagged",
            "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 1, UTCYEARS(1))",
            ("query-behavioural",),
        ),
        Phrase(
            "interaction(emailopened, contactid).having(count() > 0, utcdays(7))",
            "flagged",
            "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 1, UTCDAYS(7))",
            ("query-behavioural",),
        ),
        Phrase(
            "INTERACTION(EmailOpened, contactId).FILTER(messageid == 'x').HAVING(COUNT() > 0)",
            "flagged",
            "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1 && msdynmkt_messagetemplateid == 'x').Having(Count() >= 1)",
            ("query-behavioural",),
        ),
        Phrase(
            "INTERACTION(EmailOpened, contactId).FILTER(messageid == 'x' && timestamp > '2026-01-01')",
            "flagged",
            "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1 && msdynmkt_messagetemplateid == 'x' && msdynmkt_originaltimestamp > '2026-01-01').Having(Count() >= 1)",
            ("query-behavioural",),
        ),
        Phrase(
            "INTERACTION(EmailOpened, contactId).FILTER(messageid == 'x' || messageid == 'y')",
            "flagged",
            "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1 && (msdynmkt_messagetemplateid == 'x' || msdynmkt_messagetemplateid == 'y')).Having(Count() >= 1)",
            ("query-behavioural",),
        ),
        Phrase(
            "INTERACTION(EmailOpened, contactId).FILTER(messageid == 'x').FILTER(messageid != 'y')",
            "flagged",
            "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1 && msdynmkt_messagetemplateid == 'x' && msdynmkt_messagetemplateid != 'y').Having(Count() >= 1)",
            ("query-behavioural",),
        ),
        Phrase("INTERACTION(EmailOpened, contactId).FILTER(nothing == 1)", "flagged", "", ("interaction-column",)),
        Phrase(
            "INTERACTION(EmailClicked, contactId).HAVING(COUNT() > 0)",
            "flagged",
            "Interaction(msdynmkt_emaillinkclicked, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 1)",
            ("query-behavioural",),
        ),
        Phrase(
            "INTERACTION(EmailLinkClicked, contactId)",
            "flagged",
            "Interaction(msdynmkt_emaillinkclicked, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 1)",
            ("query-behavioural",),
        ),
        Phrase(
            "INTERACTION(EmailDelivered, contactId)",
            "flagged",
            "Interaction(msdynmkt_emaildelivered, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 1)",
            ("query-behavioural",),
        ),
        Phrase(
            "INTERACTION(EmailSent, contactId)",
            "flagged",
            "Interaction(msdynmkt_emailsent, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 1)",
            ("query-behavioural",),
        ),
        Phrase(
            "INTERACTION(EmailBounced, contactId)",
            "flagged",
            "Interaction(msdynmkt_emailbounced, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 1)",
            ("query-behavioural",),
        ),
        Phrase(
            "INTERACTION(EmailBlocked, contactId)",
            "flagged",
            "Interaction(msdynmkt_emailblocked, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 1)",
            ("query-behavioural",),
        ),
        Phrase(
            "INTERACTION(EmailFeedbackLoop, contactId)",
            "flagged",
            "Interaction(msdynmkt_emailfeedbackloop, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 1)",
            ("query-behavioural",),
        ),
        Phrase("INTERACTION(WebsiteVisited, contactId)", "flagged", "", ("interaction-unmapped",)),
        Phrase("INTERACTION(EmailOpened, contactId).HAVING(COUNT() > -1)", "flagged", "", ("having-number",)),
        Phrase("INTERACTION(EmailOpened, contactId).HAVING(COUNT() >= 1.5)", "flagged", "", ("having-number",)),
        Phrase(
            "INTERACTION(EmailOpened, contactId).HAVING(MAX(stars) > 3)",
            "flagged",
            "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(MAX(msdynmkt_stars) > 3)",
            ("query-behavioural",),
        ),
        Phrase(
            "PROFILE(contact) EXCEPT INTERACTION(EmailOpened, contactId)",
            "flagged",
            "PROFILE(contact) EXCEPT Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 1)",
            ("query-behavioural",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) INTERSECT (INTERACTION(EmailOpened, contactId) UNION INTERACTION(EmailClicked, contactId))",
            "flagged",
            "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 1) UNION Interaction(msdynmkt_emaillinkclicked, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 1) INTERSECT PROFILE(contact).FILTER(age > 1)",
            (
                "query-behavioural",
                "sets-rewritten",
            ),
        ),
        Phrase("INTERACTION(EmailHardBounced, contactId)", "flagged", "", ("interaction-unmapped",)),
        Phrase("INTERACTION(EmailSoftBounced, contactId)", "flagged", "", ("interaction-unmapped",)),
        Phrase("INTERACTION(EmailBlockBounced, contactId)", "flagged", "", ("interaction-unmapped",)),
        Phrase("INTERACTION(RedirectLinkClicked, contactId)", "flagged", "", ("interaction-unmapped",)),
        Phrase("INTERACTION(EventRegistration, contactId)", "flagged", "", ("interaction-unmapped",)),
        Phrase("INTERACTION(EventCheckIn, contactId)", "flagged", "", ("interaction-unmapped",)),
        Phrase("INTERACTION(FormSubmitted, contactId)", "flagged", "", ("interaction-unmapped",)),
        Phrase("INTERACTION(Teleported, contactId)", "flagged", "", ("interaction-unknown",)),
        Phrase("INTERACTION(EmailOpened, leadId)", "flagged", "", ("interaction-link",)),
        Phrase("INTERACTION(EmailOpened, contactId).FILTER(x.messageid == 'x')", "blocked", "", ("alias-unknown",)),
        Phrase("INTERACTION(EmailOpened, contactId).HAVING(COUNT() == 0)", "flagged", "", ("having-zero",)),
        Phrase("INTERACTION(EmailOpened, contactId).HAVING(COUNT() < 1)", "flagged", "", ("having-zero",)),
        Phrase("INTERACTION(EmailOpened, contactId).HAVING(COUNT() <= 0)", "flagged", "", ("having-zero",)),
        Phrase(
            "INTERACTION(EmailDelivered, contactId).FILTER(customerJourneyId == 'x')",
            "flagged",
            "Interaction(msdynmkt_emaildelivered, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1 && msdynmkt_journeyid == 'x').Having(Count() >= 1)",
            ("query-behavioural",),
        ),
        Phrase(
            "INTERACTION(EmailDelivered, contactId).FILTER(emaildomain == 'x')", "flagged", "", ("interaction-column",)
        ),
        Phrase(
            "INTERACTION(EmailOpened, contactId).HAVING(COUNT() > 1).FILTER(messageid == 'x')",
            "flagged",
            "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1 && msdynmkt_messagetemplateid == 'x').Having(Count() >= 2)",
            ("query-behavioural",),
        ),
        Phrase(
            "INTERACTION(EmailOpened, contactId).HAVING(COUNT() > 1).HAVING(COUNT() < 5)",
            "flagged",
            "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 2) INTERSECT Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() < 5)",
            ("query-behavioural",),
        ),
        Phrase(
            "INTERACTION(EmailOpened, contactId).HAVING(AVG(stars) > 2.5)",
            "flagged",
            "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(AVG(msdynmkt_stars) > 2.5)",
            (
                "unproven-construct",
                "query-behavioural",
            ),
        ),
    ],
    "Everything that stands in the way is told": [
        Phrase(
            "PROFILE(visit).TRAVERSE(visit_contact_nobody, c).FILTER(x.age > 1) UNION PROFILE(account) UNION SEGMENT(nobody)",
            "blocked",
            "",
            (
                "relationship-unknown",
                "alias-unknown",
                "audience-not-contact",
                "reference-unknown",
            ),
        ),
        Phrase(
            "PROFILE(account, a).TRAVERSE(contact_account_accountid, c).FILTER(c.city == a.city).FILTER(c.nothing == 1)",
            "blocked",
            "",
            (
                "query-turned-round",
                "unproven-construct",
                "column-unknown",
                "condition-across-tables",
            ),
        ),
        Phrase(
            "INTERACTION(FormSubmitted, leadId).FILTER(x.page == 1).HAVING(COUNT() > 1.5)",
            "blocked",
            "",
            (
                "interaction-unmapped",
                "interaction-link",
                "alias-unknown",
                "having-number",
            ),
        ),
    ],
    "One name for two tables": [
        Phrase(
            "PROFILE(account, a).FILTER(a.name == 'Contoso').TRAVERSE(contact_account_accountid, a)",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(account_1.name == 'Contoso')",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(account, a).FILTER(a.name == 'Contoso').TRAVERSE(contact_account_accountid, a).FILTER(a.city == 'Oslo')",
            "flagged",
            "",
            ("alias-reused",),
        ),
    ],
    "Inactive contacts, whom real-time queries do not select": [
        Phrase(
            "PROFILE(contact).FILTER(statecode == 1)",
            "flagged",
            "PROFILE(contact).FILTER(statecode == 1)",
            ("nobody-active",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(NOT(statecode == 0))",
            "flagged",
            "PROFILE(contact).FILTER(NOT(statecode == 0))",
            ("nobody-active",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(statecode != 0 && city == 'Oslo')",
            "flagged",
            "PROFILE(contact).FILTER(statecode != 0 && city == 'Oslo')",
            ("nobody-active",),
        ),
        Phrase("PROFILE(contact).FILTER(statecode != 1)", "ready", "PROFILE(contact).FILTER(statecode != 1)", ()),
        Phrase(
            "PROFILE(contact).FILTER(statecode == 1 || city == 'Oslo')",
            "flagged",
            "PROFILE(contact).FILTER(statecode == 1 || city == 'Oslo')",
            ("inactive-asked-for",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(statecode == 1)",
            "flagged",
            "PROFILE(contact).FILTER(age > 1) UNION PROFILE(contact).FILTER(statecode == 1)",
            ("inactive-asked-for",),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) EXCEPT PROFILE(contact).FILTER(statecode == 1)",
            "ready",
            "PROFILE(contact).FILTER(age > 1) EXCEPT PROFILE(contact).FILTER(statecode == 1)",
            (),
        ),
        Phrase(
            "INTERACTION(EmailOpened, contactId) EXCEPT PROFILE(contact).FILTER(city == 'Oslo')",
            "flagged",
            "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 1) EXCEPT PROFILE(contact).FILTER(city == 'Oslo')",
            (
                "query-behavioural",
                "inactive-kept",
            ),
        ),
        Phrase(
            "INTERACTION(EmailOpened, contactId) EXCEPT PROFILE(contact).FILTER(city == 'Oslo' && statecode == 0)",
            "flagged",
            "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 1) EXCEPT PROFILE(contact).FILTER(city == 'Oslo' && statecode == 0)",
            ("query-behavioural",),
        ),
    ],
    "Spellings of the vendor's own examples": [
        Phrase(
            "PROFILE(account).FILTER(size > 5).TRAVERSE('contact_account_accountid')",
            "adapted",
            "PROFILE(contact).RELATE(contact_customer_accounts, account_1).FILTER(account_1.size > 5)",
            ("query-turned-round",),
        ),
        Phrase(
            "PROFILE(contact, c).ORDERBY(c.fullname DESC).SELECT(c.contactid, c.fullname)",
            "ready",
            "PROFILE(contact)",
            (),
        ),
        Phrase(
            "PROFILE(contact).DISTINCT().FILTER(age > 30).DISTINCT()",
            "ready",
            "PROFILE(contact).FILTER(age > 30)",
            (),
        ),
        Phrase(
            "INTERACTION(EmailOpened, contactId).HAVING(COUNT() > 1).HAVING(COUNT() < 9)",
            "flagged",
            "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() >= 2) INTERSECT Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact' && msdynmkt_sourcesystem == 1).Having(Count() < 9)",
            ("query-behavioural",),
        ),
        Phrase("SEGMENT(my list).UNION(other)", "blocked", "", ("reference-unknown", "reference-unknown")),
        Phrase("SEGMENT(my list).FILTER(age > 30)", "blocked", "", ("reference-unknown",)),
    ],
    "References without an export: unknown": [
        Phrase("SEGMENT(nobody)", "blocked", "", ("reference-unknown",)),
        Phrase(
            "SEGMENT(a) UNION SEGMENT(b)",
            "blocked",
            "",
            (
                "reference-unknown",
                "reference-unknown",
            ),
        ),
        Phrase(
            "PROFILE(contact).FILTER(age > 1) EXCEPT SEGMENT(SEGMENT_CRM_ID_00)", "blocked", "", ("reference-unknown",)
        ),
        Phrase(
            "SEGMENT(nobody).FILTER(city == 'Oslo' && nothing == 1)",
            "blocked",
            "",
            (
                "reference-unknown",
                "column-unknown",
            ),
        ),
    ],
}
