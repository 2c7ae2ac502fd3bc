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
]

WRONG = [
    ("PROFILE(contact, c)", 16),
    ("PROFILE(contact).TRAVERSE(a_b_c, d)", 17),
    ("PROFILE(contact).RELATE(r, a)", 30),
    ("PROFILE(contact).RELATE(r).FILTER(a == 1)", 26),
    ("(PROFILE(contact))", 1),
    ("PROFILE(contact).ORDERBY(a)", 17),
    ("PROFILE(contact) MINUS PROFILE(contact)", 18),
]


@pytest.mark.parametrize("text", IDENTITY)
def test_written_as_it_was_read(text: str) -> None:
    assert write_realtime(parse_realtime(text)) == text


@pytest.mark.parametrize(("text", "column"), WRONG)
def test_what_only_outbound_knows_is_refused(text: str, column: int) -> None:
    with pytest.raises(QueryError) as error:
        parse_realtime(text)
    assert error.value.column == column


def test_words_are_read_and_written_where_they_are_wanted() -> None:
    words = "PROFILE(contact).FILTER(a == 1 AND (b == 2 OR c == 3))"
    query = parse_realtime(words)
    assert write_realtime(query) == "PROFILE(contact).FILTER(a == 1 && (b == 2 || c == 3))"
    assert write_realtime(query, REALTIME_WORDS) == words
