"""Outbound queries: this text is read, and written back as this text."""

from __future__ import annotations

import pytest

from migrator.mql import QueryError, parse_outbound, tree, write_outbound

IDENTITY = [
    "PROFILE(contact)",
    "PROFILE(contact, contact_1)",
    "PROFILE(contact, contact_1).FILTER(ISNOTNULL(contact_1.emailaddress1) && ISNOTNULL(contact_1.fullname))",
    "PROFILE(contact).FILTER(address1_city == 'NewYork' || address1_city == 'NewJersey')",
    "PROFILE(contact).FILTER(a == 1).FILTER(b != 2)",
    "PROFILE(contact).FILTER((a == 1 || b > 2.50) && c <= -3)",
    "PROFILE(contact).FILTER(NOT(a == True || b == False))",
    "PROFILE(contact).FILTER(ISNULL(a))",
    "PROFILE(contact).FILTER(name CONTAINS 'Depot' || name STARTSWITH 'A' || name ENDSWITH 'z')",
    "PROFILE(contact).FILTER(a + b - 2 > 3 * c)",
    "PROFILE(contact).FILTER((a + b) * 2 > 3)",
    "PROFILE(contact).FILTER(a - (b - c) > 3)",
    "PROFILE(contact).FILTER(a / (b * c) > 3)",
    "PROFILE(contact).FILTER(DATEDIFF(day, createdon, DATETIMEUTCNOW()) < 30)",
    "PROFILE(contact).FILTER(createdon > DATEADD(month, -3, DATETIMEUTCNOW()))",
    "PROFILE(contact).FILTER(createdon > DATE(2020, 1, 31, 23, 59, 59, 999))",
    "PROFILE(contact).FILTER(in == 1 && filter == 2 && segment == 3 && date == 4 && contains == 5)",
    "PROFILE(account, a).FILTER(a.x == 'y').TRAVERSE(contact_account_parentcustomerid, c).FILTER(ISNOTNULL(c.z))",
    "PROFILE(account, a).TRAVERSE(contact_account_parentcustomerid, c, FILTER(c.z == 1))",
    "PROFILE(account).TRAVERSE(contact_account_parentcustomerid)",
    "SEGMENT(segment1) UNION SEGMENT(segment2)",
    "SEGMENT(SEGMENT_CRM_ID_e1fa7fdc5c78ea11a811000d3a8e8fcc)",
    "SEGMENT(a) UNION SEGMENT(b) INTERSECT SEGMENT(c) EXCEPT PROFILE(contact)",
    "SEGMENT(a) EXCEPT (SEGMENT(b) UNION SEGMENT(c))",
    "INTERACTION(EmailOpened, contactId)",
    "INTERACTION(EmailOpened, contactId).FILTER(x == 'y').HAVING(COUNT() > 0, UTCDAYS(30))",
    "INTERACTION(Purchase, contactId).HAVING(SUM(amount) >= 100.5)",
    "PROFILE(contact).ORDERBY(fullname, createdon DESC).SKIP(0).TAKE(15).SELECT(contactid, fullname)",
    "PROFILE(contact, c).ORDERBY(c.fullname DESC, c.createdon).TAKE(15).SELECT(c.contactid, c.fullname)",
    "PROFILE(account).TRAVERSE(contact_account_parentcustomerid, FILTER(z == 1))",
    "PROFILE(account).TRAVERSE('contact account')",
    "SEGMENT(My best customers 2020)",
    "SEGMENT('Oslo & Bergen (all)')",
    "SEGMENT(a).FILTER(b == 1).FILTER(c == 2)",
    "SEGMENT(a).FILTER(b == 1) UNION SEGMENT(profile) EXCEPT SEGMENT(segment)",
    "INTERACTION(EmailOpened, contactId).HAVING(COUNT() > 0, UTCDAYS(30)).HAVING(COUNT() < 9)",
    "PROFILE(contact).FILTER(filter == 1).TRAVERSE(filter, filter, FILTER(filter.filter == 1))",
    "(SEGMENT(a) UNION SEGMENT(b)).TAKE(5)",
    "PROFILE(contact).FILTER(a == 'O\\'Brien')",
    "PROFILE(contact).FILTER(a == 'C:\\\\temp')",
    "PROFILE(contact).FILTER(a == 'says \"AND\" or OR')",
    "PROFILE(contact).FILTER(a == 'Ærøskøbing 東京')",
    "PROFILE(contact).FILTER(a == '')",
]

SPELLINGS = [
    ("profile( contact )", "PROFILE(contact)"),
    ("Profile(contact) . Filter(a==1)", "PROFILE(contact).FILTER(a == 1)"),
    ("PROFILE(contact)\n  .FILTER(\n    a == 1 AND\n    b == 2\n  )", "PROFILE(contact).FILTER(a == 1 && b == 2)"),
    ("PROFILE(contact).FILTER(a == 1 or b == 2 and c == 3)", "PROFILE(contact).FILTER(a == 1 || b == 2 && c == 3)"),
    (
        "PROFILE(contact).FILTER((a == 1) && ((b == 2) && (c == 3)))",
        "PROFILE(contact).FILTER(a == 1 && b == 2 && c == 3)",
    ),
    ("PROFILE(contact).FILTER(a == true)", "PROFILE(contact).FILTER(a == True)"),
    ("PROFILE(contact).FILTER(isnull(a))", "PROFILE(contact).FILTER(ISNULL(a))"),
    ("PROFILE(contact).FILTER(a contains 'x')", "PROFILE(contact).FILTER(a CONTAINS 'x')"),
    ("PROFILE(contact).FILTER(a == 'O''Brien')", "PROFILE(contact).FILTER(a == 'O\\'Brien')"),
    ("PROFILE(contact).FILTER(a == 'C:\\temp')", "PROFILE(contact).FILTER(a == 'C:\\\\temp')"),
    ("PROFILE(contact).FILTER((a + b) + c == +3)", "PROFILE(contact).FILTER(a + b + c == 3)"),
    ("SEGMENT(a).UNION(SEGMENT(b))", "SEGMENT(a) UNION SEGMENT(b)"),
    ("SEGMENT(a).UNION(SEGMENT(b)).EXCEPT(SEGMENT(c))", "SEGMENT(a) UNION SEGMENT(b) EXCEPT SEGMENT(c)"),
    ("SEGMENT(a) UNION SEGMENT(b).EXCEPT(SEGMENT(c))", "SEGMENT(a) UNION (SEGMENT(b) EXCEPT SEGMENT(c))"),
    ("SEGMENT(a) MINUS SEGMENT(b)", "SEGMENT(a) EXCEPT SEGMENT(b)"),
    ("(SEGMENT(a) UNION SEGMENT(b)) EXCEPT SEGMENT(c)", "SEGMENT(a) UNION SEGMENT(b) EXCEPT SEGMENT(c)"),
    ("(PROFILE(contact))", "PROFILE(contact)"),
    ("PROFILE(contact).DISTINCT()", "PROFILE(contact)"),
    ("(SEGMENT(x)).ORDERBY(a ASC).TAKE(1)", "SEGMENT(x).ORDERBY(a).TAKE(1)"),
    ("interaction(A, b).having(count() > 0, utcmonths(2))", "INTERACTION(A, b).HAVING(COUNT() > 0, UTCMONTHS(2))"),
    (
        "PROFILE(account).traverse(r, filter (x == 1)).filter (y == 2)",
        "PROFILE(account).TRAVERSE(r, FILTER(x == 1)).FILTER(y == 2)",
    ),
    (
        "PROFILE(account).TRAVERSE('contact_account_parentcustomerid', c)",
        "PROFILE(account).TRAVERSE(contact_account_parentcustomerid, c)",
    ),
    ("SEGMENT( 'a' )", "SEGMENT(a)"),
    ("SEGMENT(  My  list )", "SEGMENT(My  list)"),
    ("SEGMENT(a).UNION(b)", "SEGMENT(a) UNION SEGMENT(b)"),
    (
        "SEGMENT(a).UNION( profile ).EXCEPT(interaction-1)",
        "SEGMENT(a) UNION SEGMENT(profile) EXCEPT SEGMENT(interaction-1)",
    ),
    ("SEGMENT(a).FILTER(b == 1).UNION(c)", "SEGMENT(a).FILTER(b == 1) UNION SEGMENT(c)"),
    ("SEGMENT(a).DISTINCT().FILTER(b == 1)", "SEGMENT(a).FILTER(b == 1)"),
    ("PROFILE(a).DISTINCT().TRAVERSE(b).DISTINCT()", "PROFILE(a).TRAVERSE(b)"),
    ("INTERACTION(a, b).DISTINCT().HAVING(COUNT() > 1)", "INTERACTION(a, b).HAVING(COUNT() > 1)"),
    ("(SEGMENT(a) UNION SEGMENT(b)).DISTINCT()", "SEGMENT(a) UNION SEGMENT(b)"),
    ("INTERACTION(a, b).HAVING(COUNT() > 1).FILTER(c == 1)", "INTERACTION(a, b).FILTER(c == 1).HAVING(COUNT() > 1)"),
    (
        "INTERACTION(a, b).HAVING(COUNT() > 1).FILTER(c == 1).HAVING(COUNT() < 5).FILTER(d == 2)",
        "INTERACTION(a, b).FILTER(c == 1).FILTER(d == 2).HAVING(COUNT() > 1).HAVING(COUNT() < 5)",
    ),
    ("SEGMENT(ab-cd-12)", "SEGMENT(ab-cd-12)"),
]

WRONG = [
    ("", 1, 1, "ends too early"),
    ("   ", 1, 4, "ends too early"),
    ("PROFILE", 1, 8, "ends too early"),
    ("PROFILE(contact", 1, 16, "ends too early"),
    ("PROFILE()", 1, 9, '")" does not belong here'),
    ("FOO(contact)", 1, 1, '"FOO" does not belong here; expected "(", INTERACTION, PROFILE or SEGMENT'),
    ("PROFILE(contact) PROFILE(contact)", 1, 18, '"PROFILE"'),
    ("PROFILE(contact).FOO()", 1, 17, '".FOO" does not belong here'),
    ("PROFILE(contact).FILTER()", 1, 25, '")" does not belong here'),
    ("PROFILE(contact).FILTER(a = 1)", 1, 27, 'equality is written "=="'),
    ('PROFILE(contact).FILTER(a == "x")', 1, 30, "single quotes"),
    ("PROFILE(contact).FILTER(a == 'x)", 1, 30, "never closed"),
    ("PROFILE(contact).FILTER(a == 'x'", 1, 33, "the parenthesis at line 1, column 24 is never closed"),
    ("PROFILE(contact)\n.FILTER((a == 'x)' || b == 1)", 2, 30, "the parenthesis at line 2, column 8 is never closed"),
    ("PROFILE(contact).FILTER(a == 'x'))", 1, 34, 'this ")" closes nothing'),
    ("PROFILE(contact).FILTER(a)", 1, 25, "condition is needed"),
    ("PROFILE(contact).FILTER(a == (b == 1))", 1, 31, "a value is compared"),
    ("PROFILE(contact).FILTER(a == 1 b == 2)", 1, 32, '"b" does not belong here'),
    ("PROFILE(contact).FILTER(a == 1 &&\n&& b == 2)", 2, 1, '"&&" does not belong here'),
    ("PROFILE(contact).FILTER(NOT(a == 1, b == 2))", 1, 25, "one argument"),
    ("PROFILE(contact).FILTER(ISNULL('x'))", 1, 32, "only a column"),
    ("PROFILE(contact).FILTER(a > DateTimeNowUtc())", 1, 29, "expected DATETIMEUTCNOW()"),
    ("PROFILE(contact).FILTER(a > NOW())", 1, 29, "no function NOW"),
    ("PROFILE(contact).FILTER(CONTAINS(a, 'x'))", 1, 25, "no function CONTAINS"),
    ("PROFILE(contact).FILTER(a > DATE(2020))", 1, 29, "3 to 7 arguments"),
    ("PROFILE(contact).FILTER(DATEDIFF('day', a, b) > 1)", 1, 34, "no date part"),
    ("PROFILE(contact).FILTER(a == 12x)", 1, 30, '"12x" does not belong here'),
    ("SEGMENT(a) UNION", 1, 17, "ends too early"),
    ("SEGMENT(a) JOIN SEGMENT(b)", 1, 12, '"JOIN"'),
    ("INTERACTION(a, b).HAVING(TOTAL(x) > 1)", 1, 26, "no aggregate TOTAL"),
    ("INTERACTION(a, b).HAVING(COUNT(x) > 1)", 1, 26, "COUNT takes no column"),
    ("INTERACTION(a, b).HAVING(SUM() > 1)", 1, 26, "SUM takes one column"),
    ("INTERACTION(a, b).HAVING(COUNT() > 1, DAYS(3))", 1, 39, "no time window DAYS"),
    (
        "INTERACTION(a, b).HAVING(COUNT() > 1, UTCWEEKS(3))",
        1,
        39,
        "UTCWEEKS is a time window of real-time queries; expected UTCDAYS, UTCMONTHS or UTCYEARS",
    ),
    ("INTERACTION(a, b).HAVING(COUNT() > 1, utchours(3))", 1, 39, "utchours is a time window of real-time queries"),
    ("INTERACTION(a, b).HAVING(COUNT() > 1, UTCMINUTES(3))", 1, 39, "UTCMINUTES is a time window of real-time queries"),
    ("INTERACTION(a, b).TRAVERSE(c)", 1, 18, "only PROFILE can be traversed"),
    ("SEGMENT(a).TRAVERSE(c)", 1, 11, "only PROFILE can be traversed"),
    ("SEGMENT(a).HAVING(COUNT() > 1)", 1, 11, "only INTERACTION has a HAVING"),
    ("(SEGMENT(a) UNION SEGMENT(b)).FILTER(c == 1)", 1, 30, "not a set in parentheses"),
    ("PROFILE(contact).FILTER(a IN [1, 2])", 1, 27, "IN belongs to real-time queries"),
    ("PROFILE(contact).FILTER(a in ['x'])", 1, 27, "IN belongs to real-time queries"),
    ("PROFILE(contact) // everybody", 1, 18, "outbound queries have no comments"),
    ("PROFILE(/* the table */ contact)", 1, 9, "outbound queries have no comments"),
    ("PROFILE(contact).FILTER(a == 1 /* one */)", 1, 32, "outbound queries have no comments"),
    ("PROFILE(contact).FILTER(a == DATE(/*year*/ 2020, 1, 1))", 1, 35, "outbound queries have no comments"),
    ("PROFILE(contact).RELATEOPTIONAL(a, b).FILTER(b.c == 1)", 1, 17, "RELATEOPTIONAL belongs to real-time queries"),
    ("Mine = PROFILE(contact)", 1, 1, "a query has no name of its own"),
    ("SEGMENT(a UNION) SEGMENT(b)", 1, 18, '"SEGMENT" does not belong here'),
    ("SEGMENT(a).UNION(b c)", 1, 20, '"c" does not belong here'),
    ("SEGMENT_CRM_ID_0a9 UNION SEGMENT(b)", 1, 1, "a segment is named as SEGMENT(SEGMENT_CRM_ID_0a9)"),
    ("SEGMENT(a) EXCEPT Segment1", 1, 19, "a segment is named as SEGMENT(Segment1)"),
    ("SEGMENT(a) UNION 5", 1, 18, '"5" does not belong here'),
    ("PROFILE(contact).TAKE(1.5)", 1, 23, "no whole number"),
    ("PROFILE(contact,)", 1, 17, '")" does not belong here'),
    ("PROFILE(contact, a, b)", 1, 19, '"," does not belong here'),
    ("PROFILE(con tact)", 1, 13, '"tact" does not belong here'),
    ("PROFILE('contact')", 1, 9, "does not belong"),
    ("PROFILE[contact]", 1, 8, '"[" does not belong here'),
    ("PROFILE(contact).FILTER", 1, 24, "ends too early"),
    ("PROFILE(contact).FILTER(", 1, 25, "ends too early"),
    ("PROFILE(contact).FILTER(a ==)", 1, 29, '")" does not belong here'),
    ("PROFILE(contact).FILTER(== 1)", 1, 25, "does not belong here"),
    ("PROFILE(contact).FILTER(a === 1)", 1, 29, 'equality is written "=="'),
    ("PROFILE(contact).FILTER(a <> 1)", 1, 28, '">" does not belong here'),
    ("PROFILE(contact).FILTER(a == 1 & b == 2)", 1, 32, '"&" does not belong here'),
    ("PROFILE(contact).FILTER(a == 1 | b == 2)", 1, 32, '"|" does not belong here'),
    ("PROFILE(contact).FILTER(!a)", 1, 25, '"!" does not belong here'),
    ("PROFILE(contact).FILTER(NOT a == 1)", 1, 29, '"a" does not belong here'),
    ("PROFILE(contact).FILTER(NOT())", 1, 25, "NOT takes one argument, not 0"),
    ("PROFILE(contact).FILTER(a LIKE 'x')", 1, 27, '"LIKE" does not belong here'),
    ("PROFILE(contact).FILTER(a CONTAINS)", 1, 35, '")" does not belong here'),
    ("PROFILE(contact).FILTER(a.b.c == 1)", 1, 28, '".c" does not belong here'),
    ("PROFILE(contact).FILTER(a == #)", 1, 30, '"#" does not belong here'),
    ("PROFILE(contact).FILTER(a == 1;)", 1, 31, '";" does not belong here'),
    ("PROFILE(contact).FILTER(a == 1) b", 1, 33, '"b" does not belong here'),
    ("PROFILE(contact).FILTER(a > 1 > 2)", 1, 31, "does not belong here"),
    ("PROFILE(contact).FILTER(DATEADD(day, 1) > a)", 1, 25, "DATEADD takes 3 arguments, not 2"),
    ("PROFILE(contact).FILTER(DATETIMEUTCNOW(1) > a)", 1, 25, "DATETIMEUTCNOW takes 0 arguments, not 1"),
    ("PROFILE(contact).FILTER((a == 1) + 2 == 3)", 1, 26, "a value is compared"),
    ("PROFILE(contact).FILTER(ISNULL(a == 1))", 1, 32, "only a column"),
    ("PROFILE(contact).TRAVERSE()", 1, 27, '")" does not belong here'),
    ("PROFILE(contact).TRAVERSE(a, b, c)", 1, 33, '"c" does not belong here'),
    ("PROFILE(contact).RELATE(a, b)", 1, 17, "an outbound one goes to other tables with .TRAVERSE"),
    ("SEGMENT()", 1, 9, '")" does not belong here'),
    ("SEGMENT(a, b)", 1, 10, '"," does not belong here'),
    ("SEGMENT(a\nb)", 2, 1, '"b" does not belong here'),
    ("UNION SEGMENT(a)", 1, 1, '"UNION" does not belong here'),
    ("SEGMENT(a) UNION UNION SEGMENT(b)", 1, 18, '"UNION" does not belong here'),
    ("(SEGMENT(a)", 1, 12, "ends too early"),
    ("SEGMENT(a))", 1, 11, 'this ")" closes nothing'),
    ("INTERACTION(a)", 1, 14, '")" does not belong here'),
    ("INTERACTION(a, b).HAVING()", 1, 26, '")" does not belong here'),
    ("INTERACTION(a, b).HAVING(COUNT() > 'x')", 1, 36, "does not belong here"),
    ("PROFILE(contact).ORDERBY()", 1, 26, '")" does not belong here'),
    ("PROFILE(contact).SKIP(a)", 1, 23, '"a" does not belong here'),
    ("PROFILE(contact).TAKE(5).SKIP(2)", 1, 25, '".SKIP" does not belong here'),
    ("PROFILE(contact).FILTER(" + "(" * 1000, 1, 174, "150 parentheses"),
]


@pytest.mark.parametrize("text", IDENTITY)
def test_written_as_it_was_read(text: str) -> None:
    assert write_outbound(parse_outbound(text)) == text


@pytest.mark.parametrize(("text", "canonical"), SPELLINGS)
def test_every_spelling_has_one_canonical_form(text: str, canonical: str) -> None:
    assert write_outbound(parse_outbound(text)) == canonical
    assert parse_outbound(canonical) == parse_outbound(text)


@pytest.mark.parametrize(("text", "line", "column", "words"), WRONG)
def test_a_mistake_is_pointed_at(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(QueryError) as error:
        parse_outbound(text)
    assert (error.value.line, error.value.column) == (line, column)
    assert words in str(error.value)
    caret = error.value.picture.split("\n")[1]
    assert caret.endswith("^")
    assert caret.count("^") == 1


def test_the_caret_stands_below_the_mistake() -> None:
    with pytest.raises(QueryError) as error:
        parse_outbound("PROFILE(contact)\n  .FILTER(a = 1)")
    assert error.value.picture == "  .FILTER(a = 1)\n            ^"


def test_chains_stay_flat_however_long_they_are() -> None:
    query = parse_outbound(" UNION ".join(["SEGMENT(a)"] * 2_000))
    assert isinstance(query.members, tree.SetChain)
    assert len(query.members.rest) == 1_999
    condition = parse_outbound(f"PROFILE(contact).FILTER({' || '.join(['a == 1'] * 2_000)})")
    assert write_outbound(parse_outbound(write_outbound(condition))) == write_outbound(condition)
