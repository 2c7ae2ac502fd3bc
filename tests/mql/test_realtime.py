"""Real-time queries: this text is read, and written back as this text."""

from __future__ import annotations

import pytest

from migrator.mql import QueryError, parse_realtime, write_realtime
from migrator.mql.write import REALTIME_WORDS

IDENTITY = [
    "PROFILE(contact).FILTER(ISNOTNULL(address1_county))",
    "PROFILE(contact).FILTER(a == 1 && b > 2)"
    ".RELATEOPTIONAL(contact_customer_accounts, account_1).FILTER(account_1.name == 'X')",
    "PROFILE(contact).RELATE(rel1, alias_1, RELATE(rel2, alias_2)).FILTER(alias_2.x >= 100)",
    "PROFILE(contact).RELATE(r, a, RELATE(s, b, RELATE(t, c))).FILTER(c.x == true)",
    "PROFILE(contact) UNION SEGMENT(SEGMENT_CJO_ID_00) EXCEPT SEGMENT(SEGMENT_CJO_ID_01)",
    "Interaction(msdynmkt_emaildelivered, msdynmkt_entityid)"
    ".FILTER(msdynmkt_entityid_LogicalName == 'contact' && a == 1)"
    ".Having(Count() >= 1, UTCMONTHS(24))",
    "PROFILE(contact).FILTER(code IN [700370003, 700370004])",
    "PROFILE(contact).FILTER(NOT(a CONTAINS 'Depot'))",
    "PROFILE(contact).RELATEOPTIONAL(rel1, alias_1, RELATEOPTIONAL(rel2, alias_1__1)).FILTER(alias_1__1.x >= 100)",
    "PROFILE(contact).RELATEOPTIONAL(r, a, RELATE(s, b, RELATEOPTIONAL(t, c))).FILTER(NOT(c.x == 1))",
    "PROFILE(contact).RELATEOPTIONAL(contact_customer_accounts, account_1, RELATEOPTIONAL(contact_customer_accounts,"
    " contact_1)).FILTER(contact_1.firstname == 'Kim')",
    "PROFILE(contact).FILTER(consent_topic_1_cp:10000003-0000-0000-0000-000000000004;p:10000003-0000-0000-0000-"
    "000000000005;t:8f0fb3ee-0000-0000-0000-000000000001;ch:Email;ea:emailaddress1;v:534120001 == 'OptedIn' && a == 1)",
    "PROFILE(contact).FILTER(ISNOTNULL(consent_purpose_cp:10000003-0000-0000-0000-000000000004;p:10000003-0000-0000-"
    "0000-000000000005))",
    "PROFILE(contact).FILTER(consent_purpose_x == 'cp:10000003-0000-0000-0000-000000000004;p:10000003-0000-0000-0000-"
    "000000000005;v:1')",
    "Interaction(msdynmkt_emailopened, msdynmkt_entityid).FILTER(a == 1).Having(Count() >= 1, UTCWEEKS(2))",
]

SPELLINGS = [
    ("PROFILE(contact).RELATEOPTIONAL(r, account.account_1).FILTER(account_1.name CONTAINS 'Depot')",
     "PROFILE(contact).RELATEOPTIONAL(r, account_1).FILTER(account_1.name CONTAINS 'Depot')"),
    ("PROFILE(contact).RELATE(r, account.account_1).FILTER(account.account_1.name == 'X')",
     "PROFILE(contact).RELATE(r, account_1).FILTER(account_1.name == 'X')"),
    ("PROFILE(contact) .relateoptional( r , a , relateoptional( s , t.b ) ) .filter( b.c == 1 )",
     "PROFILE(contact).RELATEOPTIONAL(r, a, RELATEOPTIONAL(s, b)).FILTER(b.c == 1)"),
    ("PROFILE(contact) // everybody\n", "PROFILE(contact)"),
    ("PROFILE(/* the table */ contact)", "PROFILE(contact)"),
]  # fmt: skip

WRONG = [
    ("PROFILE(contact, c)", 16, '"," does not belong here'),
    ("PROFILE(contact).TRAVERSE(a_b_c, d)", 17, "TRAVERSE belongs to outbound queries"),
    ("PROFILE(contact).RELATE(r, a)", 30, "ends too early; expected .FILTER"),
    ("PROFILE(contact).RELATE(r).FILTER(a == 1)", 26, 'expected ","'),
    ("PROFILE(contact).RELATE(r, a, b).FILTER(a.c == 1)", 31, "expected RELATE"),
    ("(PROFILE(contact))", 1, '"(" does not belong here'),
    ("PROFILE(contact).ORDERBY(a)", 17, "has no order"),
    ("PROFILE(contact).TAKE(1)", 17, "no pages"),
    ("PROFILE(contact) MINUS PROFILE(contact)", 18, "MINUS belongs to outbound queries"),
    ("SEGMENT(a).FILTER(b == 1)", 11, '".FILTER" does not belong here'),
]


@pytest.mark.parametrize("text", IDENTITY)
def test_written_as_it_was_read(text: str) -> None:
    assert write_realtime(parse_realtime(text)) == text


@pytest.mark.parametrize(("text", "canonical"), SPELLINGS)
def test_what_the_editor_writes_is_read_as_the_same(text: str, canonical: str) -> None:
    assert write_realtime(parse_realtime(text)) == canonical


@pytest.mark.parametrize(("text", "column", "words"), WRONG)
def test_what_only_outbound_knows_is_refused(text: str, column: int, words: str) -> None:
    with pytest.raises(QueryError) as error:
        parse_realtime(text)
    assert error.value.column == column
    assert words in str(error.value)


def test_words_are_read_and_written_where_they_are_wanted() -> None:
    words = "PROFILE(contact).FILTER(a == 1 AND (b == 2 OR c == 3))"
    query = parse_realtime(words)
    assert write_realtime(query) == "PROFILE(contact).FILTER(a == 1 && (b == 2 || c == 3))"
    assert write_realtime(query, REALTIME_WORDS) == words
