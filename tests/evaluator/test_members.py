"""Who is in an outbound segment, by number: this query selects these people of the small organisation."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.evaluator import EvaluationError, Tables, UnknownSegment
from migrator.mql import parse_outbound, parse_realtime
from tests.small import ACCOUNTS, CONTACTS, SCHEMA, contact

OPENED = [
    {"id": str(UUID(int=n)), "msdynmkt_entityid": str(contact(who)), "msdynmkt_entityid_logicalname": kind,
     "msdynmkt_originaltimestamp": when, "msdynmkt_link": link, "msdynmkt_minutes": n + 2}
    for n, (who, kind, when, link) in enumerate(
        [
            (1, "contact", "2026-01-01T00:00:00Z", "a"),
            (1, "contact", "2025-06-01T00:00:00Z", "b"),
            (2, "contact", "2024-01-01T00:00:00Z", "a"),
            (3, "lead", "2026-01-01T00:00:00Z", "a"),
        ]
    )
]  # fmt: skip


@pytest.fixture(scope="module")
def tables() -> Tables:
    tables = Tables(SCHEMA, now=lambda: datetime(2026, 1, 31, tzinfo=UTC))
    tables.fill("contact", CONTACTS)
    tables.fill("account", ACCOUNTS)
    tables.fill("msdynmkt_emailopened", OPENED)
    tables.fill("msdynmkt_emaillinkclicked", [{**OPENED[0], "msdynmkt_entityid": str(contact(4))}])
    tables.fill("list", [{"listid": str(UUID(int=5)), "listname": "Friends"}])
    links = [{"id": str(UUID(int=n)), "listid": str(UUID(int=5)), "contactid": str(contact(n))} for n in (2, 3, 4)]
    tables.fill("listmember", links)
    return tables


def members(name: str) -> Collection[UUID]:
    known = {"even": [contact(n) for n in range(0, 12, 2)], "none": []}
    if name not in known:
        raise UnknownSegment(f"there is no segment {name}")
    return known[name]


def numbers(ids: list[UUID]) -> list[int]:
    return [member.int & 0xFF for member in ids]


OUTBOUND = [
    ("PROFILE(contact)", list(range(12))),
    ("PROFILE(contact, c).FILTER(c.address1_city == 'oslo')", [0, 3, 6, 9]),
    ("PROFILE(contact).FILTER(children >= 3)", [3, 7, 11]),
    ("PROFILE(contact).FILTER(children != 3)", [1, 2, 4, 6, 8, 9]),  # null compares with nothing
    ("PROFILE(contact).FILTER(NOT(children == 3))", [1, 2, 4, 6, 8, 9]),
    ("PROFILE(contact).FILTER(ISNULL(children))", [0, 5, 10]),
    ("PROFILE(contact).FILTER(ISNOTNULL(emailaddress1) && children < 2)", [1, 9]),
    ("PROFILE(contact).FILTER(donotemail == True)", [7]),
    ("PROFILE(contact).FILTER(donotemail == '1' || donotemail == 0)", list(range(12))),
    ("PROFILE(contact).FILTER(fullname CONTAINS 'UL')", [6]),
    ("PROFILE(contact).FILTER(fullname STARTSWITH 'i' || fullname ENDSWITH 'ë')", [8, 10]),
    ("PROFILE(contact).FILTER(fullname == 'O\\'Brien')", [9]),
    ("PROFILE(contact).FILTER(children * 2 - 1 == 5)", [3, 7, 11]),
    ("PROFILE(contact).FILTER(createdon > '2025-01-01')", [10, 11]),
    ("PROFILE(contact).FILTER(createdon <= DATE(2015, 3, 1, 10, 0, 0))", [0]),
    ("PROFILE(contact).FILTER(DATEDIFF(year, createdon, DATETIMEUTCNOW()) >= 10)", [0, 1]),
    ("PROFILE(contact).FILTER(createdon > DATEADD(day, -330, DATETIMEUTCNOW()))", [11]),
    (f"PROFILE(contact).FILTER(contactid == '{{{str(contact(4)).upper()}}}')", [4]),
    ("PROFILE(account, a).FILTER(a.name == 'Contoso').TRAVERSE(contact_account_parentcustomerid, c)", [2, 4, 8, 10]),
    (
        "PROFILE(account, a)"
        ".TRAVERSE(contact_account_parentcustomerid, c, FILTER(c.children > 2 && a.city == 'Paris'))",
        [7, 11],
    ),
    (
        "PROFILE(contact, c).TRAVERSE(contact_account_parentcustomerid, a).FILTER(ISNULL(a.revenue))"
        ".TRAVERSE(contact_account_parentcustomerid, d).FILTER(d.statecode == 0)",
        [1, 5, 7, 11],
    ),
    ("SEGMENT(even) EXCEPT PROFILE(contact).FILTER(address1_city == 'Oslo')", [2, 4, 8, 10]),
    ("PROFILE(contact).FILTER(children == 1) UNION SEGMENT(none) INTERSECT SEGMENT(even)", []),
    ("PROFILE(contact).FILTER(children == 1) UNION (SEGMENT(none) INTERSECT SEGMENT(even))", [1, 9]),
    ("INTERACTION(EmailOpened, contactId)", [1, 2]),
    ("INTERACTION(EmailOpened, contactId).FILTER(link == 'b')", [1]),
    ("INTERACTION(EmailOpened, contactId).HAVING(COUNT() >= 2)", [1]),
    ("INTERACTION(EmailOpened, contactId).HAVING(MAX(minutes) > 3)", [2]),
    ("INTERACTION(EmailClicked, contactId)", [4]),
    ("PROFILE(account).TRAVERSE(contact_account_parentcustomerid, c, FILTER(name == 'Contoso'))", [2, 4, 8, 10]),
    ("INTERACTION(EmailOpened, contactId).HAVING(COUNT() > 0, UTCMONTHS(1))", [1]),
    ("INTERACTION(EmailOpened, contactId).HAVING(COUNT() > 0, UTCYEARS(5))", [1, 2]),
    ("INTERACTION(EmailOpened, contactId).HAVING(COUNT() == 1, UTCDAYS(60))", [1]),
]  # fmt: skip

REALTIME = [
    ("PROFILE(contact)", [0, 1, 2, 4, 5, 7, 8, 9, 10, 11]),  # active contacts only
    ("PROFILE(contact).FILTER(address1_city IN ['Oslo', 'Paris'] && children IN [1, 0])", [1, 4, 9]),
    ("PROFILE(contact).RELATE(contact_customer_accounts, a).FILTER(a.name == 'contoso')", [2, 4, 8, 10]),
    ("PROFILE(contact).RELATE(contact_customer_accounts, a).FILTER(NOT(a.name == 'contoso'))", [1, 5, 7, 11]),
    (
        "PROFILE(contact).RELATEOPTIONAL(contact_customer_accounts, a).FILTER(NOT(a.name == 'contoso'))",
        [0, 1, 5, 7, 9, 11],
    ),
    ("PROFILE(contact).RELATEOPTIONAL(contact_customer_accounts, a).FILTER(a.name == 'contoso')", [2, 4, 8, 10]),
    ("PROFILE(contact).RELATE(listcontact_association, l).FILTER(l.listname == 'Friends')", [2, 4]),
    (
        "PROFILE(contact).RELATE(contact_customer_accounts, a, RELATE(contact_customer_accounts, c))"
        ".FILTER(c.fullname == 'Ioana')",
        [2, 4, 8, 10],
    ),
    ("PROFILE(contact) INTERSECT SEGMENT(even)", [0, 2, 4, 8, 10]),
    (
        "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(msdynmkt_entityid_LogicalName == 'contact')"
        ".Having(Count() >= 1, UTCMONTHS(8))",
        [1],
    ),
]


@pytest.mark.parametrize(("query", "expected"), OUTBOUND)
def test_an_outbound_query_selects(tables: Tables, query: str, expected: list[int]) -> None:
    assert numbers(tables.outbound(parse_outbound(query), members)) == expected


@pytest.mark.parametrize(("query", "expected"), REALTIME)
def test_a_realtime_query_selects(tables: Tables, query: str, expected: list[int]) -> None:
    assert numbers(tables.realtime(parse_realtime(query), members)) == expected


def test_the_tail_orders_and_pages(tables: Tables) -> None:
    query = "PROFILE(contact).ORDERBY(address1_city DESC, children).SKIP(3).TAKE(4)"
    # Paris comes first with 10 (null before numbers), 4, 1 and 7; then Oslo with 0 (null), 9, 6 and 3.
    assert numbers(tables.outbound(parse_outbound(query))) == [7, 0, 9, 6]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("PROFILE(nothing)", "no table nothing"),
        ("PROFILE(account)", "only be contacts"),
        ("PROFILE(contact).FILTER(nothing == 1)", "no column nothing"),
        ("PROFILE(contact).FILTER(b.fullname == 'x')", "called b"),
        ("PROFILE(contact).FILTER(age > 1)", "calculated"),
        ("PROFILE(contact).FILTER(children == 'many')", "'many' is compared with a number"),
        ("PROFILE(contact).FILTER(donotemail == 'perhaps')", "true or false"),
        ("PROFILE(contact).FILTER(createdon > 'soon')", "'soon' is compared with a date"),
        ("PROFILE(contact).FILTER(createdon > children)", "compared"),
        ("PROFILE(contact).FILTER(DATEDIFF(fortnight, createdon, createdon) > 1)", "no date part"),
        ("PROFILE(contact).TRAVERSE(nothing, n)", "no relationship nothing"),
        ("PROFILE(list).TRAVERSE(contact_account_parentcustomerid, n)", "does not start at list"),
        ("SEGMENT(nobody)", "no segment nobody"),
        ("INTERACTION(Nothing, contactId)", "no table msdynmkt_nothing"),
        ("INTERACTION(EmailOpened, leadId)", "not to leadId"),
        ("INTERACTION(EmailOpened, contactId).FILTER(colour == 'x')", "no column for colour"),
        ("INTERACTION(EmailOpened, contactId).HAVING(COUNT() > 1, UTCYEARS(9999))", "too far"),
    ],
)
def test_what_is_not_there_is_said(tables: Tables, query: str, words: str) -> None:
    with pytest.raises(EvaluationError) as error:
        tables.outbound(parse_outbound(query), members)
    assert words in str(error.value)


def named(*names: str) -> Tables:
    tables = Tables(SCHEMA, now=lambda: datetime(2026, 1, 31, tzinfo=UTC))
    tables.fill("contact", [{"contactid": str(contact(n)), "fullname": name} for n, name in enumerate(names)])
    return tables


LETTERS = st.text(st.sampled_from("aZİıßẞΣσςǅÅK é'\\%_東"), min_size=1).filter(str.strip)


@settings(max_examples=60, deadline=None)
@given(LETTERS, st.sampled_from(["==", "CONTAINS", "STARTSWITH", "ENDSWITH"]))
def test_a_text_of_any_letters_is_found_by_itself(name: str, op: str) -> None:
    words = name.replace("\\", "\\\\").replace("'", "\\'")
    alike, other = (f"PROFILE(contact).FILTER({deny}(fullname {op} '{words}'))" for deny in ("", "NOT"))
    tables = named(name, "-")
    assert numbers(tables.outbound(parse_outbound(alike), members)) == [0]
    assert numbers(tables.outbound(parse_outbound(other), members)) == [1]


@pytest.mark.parametrize("words", ["nan", "inf", "1_000", "٣", "3; x", ""])
def test_what_is_no_number_of_a_database_is_compared_with_none(tables: Tables, words: str) -> None:
    with pytest.raises(EvaluationError, match="is compared with a number"):
        tables.outbound(parse_outbound(f"PROFILE(contact).FILTER(children == '{words}')"), members)


def test_a_moment_that_no_calendar_holds_is_none(tables: Tables) -> None:
    with pytest.raises(EvaluationError, match="is compared with a date"):
        tables.outbound(parse_outbound("PROFILE(contact).FILTER(createdon > '0001-01-01T00:00:00+14:00')"), members)


@pytest.mark.parametrize("words", ["ΟΔΟΣ", "οδος", "οδοσ", "Οδος"])
@pytest.mark.parametrize("op", ["==", "CONTAINS", "STARTSWITH", "ENDSWITH"])
def test_both_small_letters_of_sigma_are_one(words: str, op: str) -> None:
    query = parse_outbound(f"PROFILE(contact).FILTER(fullname {op} '{words}')")
    assert numbers(named("ΟΔΟΣ", "οδος", "οδοσ", "ΟΔΟΦ").outbound(query, members)) == [0, 1, 2]
