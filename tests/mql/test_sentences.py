"""Queries in plain words, in three languages; and the law that equal sentences are equal queries."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrator.mql import Column, ManyToOne, Schema, Table, parse_outbound, parse_realtime, tree
from migrator.mql.meaning import meaning
from migrator.mql.sentences import cut, in_words, names_in
from tests.phrasebook import SCHEMA

ENGLISH = [
    ("PROFILE(contact)", "contacts"),
    ("PROFILE(contact).FILTER(lastname == 'X')", "contacts whose last name is “X”"),
    ("PROFILE(contact).FILTER(lastname == 'Oslo or Rome')", "contacts whose last name is “Oslo or Rome”"),
    ("PROFILE(contact).FILTER(lastname == 'Oslo' || lastname == 'Rome')",
     "contacts whose last name is “Oslo” or “Rome”"),
    ("PROFILE(contact).FILTER(lastname == 'empty')", "contacts whose last name is “empty”"),
    ("PROFILE(contact).FILTER(lastname == '')", "contacts whose last name is “”"),
    ("PROFILE(contact).FILTER(ISNULL(lastname))", "contacts whose last name is empty"),
    ("PROFILE(contact).FILTER(NOT(ISNULL(lastname)))", "contacts whose last name is filled"),
    ("PROFILE(contact).FILTER(lastname == 'a ” b')", "contacts whose last name is “a \\” b”"),
    ("PROFILE(contact).FILTER(lastname == 'C:\\\\Data')", "contacts whose last name is “C:\\Data”"),
    ("PROFILE(contact).FILTER(lastname == 'two\nlines')", "contacts whose last name is “two\\nlines”"),
    ("PROFILE(contact).FILTER(age == 30)", "contacts whose age is 30"),
    ("PROFILE(contact).FILTER(age == '30')", "contacts whose age is “30”"),
    ("PROFILE(contact).FILTER(vip == True)", "contacts whose vip is yes"),
    ("PROFILE(contact).FILTER(vip == yes)", "contacts whose vip is the value of yes"),
    ("PROFILE(contact).FILTER(address1_city == 'Oslo')", "contacts whose city is “Oslo”"),
    ("PROFILE(contact).FILTER(city == 'Oslo')", "contacts whose the column city is “Oslo”"),
    ("PROFILE(contact).FILTER(age >= 30 && vip == True && lastname STARTSWITH 'O')",
     "contacts whose age is at least 30 and whose vip is yes and whose last name begins with “O”"),
    ("PROFILE(contact).FILTER(age >= 30).FILTER(vip == True)",
     "contacts whose age is at least 30 and whose vip is yes"),
    ("PROFILE(contact).FILTER(age > 30 || vip == True)", "contacts for whom either age is more than 30 or vip is yes"),
    ("PROFILE(contact).FILTER(age > 30 || vip == True && a == 1)",
     "contacts for whom either age is more than 30 or both vip is yes and a is 1"),
    ("PROFILE(contact).FILTER((age > 30 || vip == True) && a == 1)",
     "contacts for whom either age is more than 30 or vip is yes, and a is 1"),
    ("PROFILE(contact).FILTER(age > 30).FILTER(vip == True || a == 1)",
     "contacts for whom age is more than 30, and either vip is yes or a is 1"),
    ("PROFILE(contact).FILTER(NOT(age > 30) && vip == True)",
     "contacts for whom it is not so that (age is more than 30) and vip is yes"),
    ("PROFILE(contact).FILTER(NOT(age > 30 && vip == True))",
     """contacts for whom not all of these hold:
 – age is more than 30
 – vip is yes"""),
    ("PROFILE(contact).FILTER(NOT(age > 30 || vip == True))",
     """contacts for whom none of these holds:
 – age is more than 30
 – vip is yes"""),
    ("PROFILE(contact).FILTER(a == 1 && (b == 2 || c == 3 && (d == 4 || NOT(e == 5 || f == 6))))",
     """contacts for whom all of these hold:
 – a is 1
 – at least one of these:
   – b is 2
   – all of these:
     – c is 3
     – at least one of these:
       – d is 4
       – none of these:
         – e is 5
         – f is 6"""),
    ("PROFILE(contact).FILTER(a == 1 || b == 2 || c == 3 || d == 4 || e == 5)",
     """contacts for whom at least one of these holds:
 – a is 1
 – b is 2
 – c is 3
 – d is 4
 – e is 5"""),
    ("PROFILE(contact).FILTER(30 < age)", "contacts for whom 30 is less than the value of age"),
    ("PROFILE(contact).FILTER(unsubscribed > started)",
     "contacts whose unsubscribed is more than the value of started"),
    ("PROFILE(contact).FILTER(age + 1 > 2 * (a + b))", "contacts for whom age + 1 is more than 2 * (a + b)"),
    ("PROFILE(contact).FILTER(createdon >= DATE(2020, 1, 5))",
     "contacts whose date of creation is not before 2020-01-05"),
    ("PROFILE(contact).FILTER(createdon < DATE(2020, 1, 5, 23, 59, 59, 7))",
     "contacts whose date of creation is before 2020-01-05 23:59:59.007"),
    ("PROFILE(contact).FILTER(createdon > DATEADD(day, -30, DATETIMEUTCNOW()))",
     "contacts whose date of creation is after 30 days ago"),
    ("PROFILE(contact).FILTER(createdon < DATEADD(months, 1, birthdate))",
     "contacts whose date of creation is before 1 month after (date of birth)"),
    ("PROFILE(contact).FILTER(DATEDIFF(day, createdon, DATETIMEUTCNOW()) < 30)",
     "contacts for whom the number of days from (date of creation) to now is less than 30"),
    ("PROFILE(account, a).FILTER(a.name == 'Contoso').TRAVERSE(contact_account_parentcustomerid, c).FILTER(c.age > 1)",
     "contacts whose age is more than 1, connected with an account (through contact_account_parentcustomerid) "
     "whose name is “Contoso”"),
    ("PROFILE(account, a).TRAVERSE(contact_account_parentcustomerid, c).FILTER(c.age > 1 && a.name == 'Contoso')",
     "contacts for whom age is more than 1 and name of the account is “Contoso”, connected with an account "
     "(through contact_account_parentcustomerid)"),
    ("PROFILE(account, a).TRAVERSE(contact_account_parentcustomerid, c).FILTER(x.age > 1)",
     "contacts for whom age of the alias “x” is more than 1, connected with an account "
     "(through contact_account_parentcustomerid)"),
    ("PROFILE(contact).TRAVERSE(new_visit_contact_new_who, v).FILTER(v.a == 1).TRAVERSE(new_visit_contact_new_who)",
     "the records that the way leads to, connected with a record (through new_visit_contact_new_who) whose a is 1, "
     "which is connected with a contact (through new_visit_contact_new_who)"),
    ("PROFILE(membership).TRAVERSE(insubscription, FILTER(status == 'Active'))",
     """the records that the way leads to for which all of these hold:
 – connected with a record of membership (through insubscription)
 – asked on the way there:
   – status is “Active”"""),
    ("PROFILE(account).FILTER(NOT(a == 1 || b == 2)).TRAVERSE(contact_account_parentcustomerid)",
     """contacts, connected with an account (through contact_account_parentcustomerid) for which none of these holds:
 – a is 1
 – b is 2"""),
    ("PROFILE(contact).ORDERBY(age DESC).TAKE(5)",
     "contacts, of these, ordered by age (descending), at most 5"),
    ("PROFILE(contact).SKIP(2).TAKE(5)",
     "contacts, of these, in no order that is given, not the first 2 and at most 5"),
    ("PROFILE(contact).ORDERBY(age DESC).SELECT(age)", "contacts"),
    ("SEGMENT(a) UNION SEGMENT(b)", "the members of “a”, together with the members of “b”"),
    ("SEGMENT(a).FILTER(age > 1)", "the members of “a” whose age is more than 1"),
    ("SEGMENT(a) UNION SEGMENT(b) EXCEPT SEGMENT(c)",
     """these, one step after the other:
 – the members of “a”
 – together with the members of “b”
 – without the members of “c”"""),
    ("SEGMENT(a) UNION (SEGMENT(b) EXCEPT SEGMENT(c))",
     """these, one step after the other:
 – the members of “a”
 – together with the result of these, one step after the other:
   – the members of “b”, without the members of “c”"""),
    ("INTERACTION(EmailOpened, contactId)", "people with the interaction “EmailOpened”"),
    ("INTERACTION(EmailOpened, leadId)", "people with the interaction “EmailOpened” (by “leadId”)"),
    ("INTERACTION(EmailOpened, contactId).HAVING(COUNT() >= 2, UTCDAYS(30))",
     "people with the interaction “EmailOpened”, at least 2 times in the last 30 days"),
    ("INTERACTION(EmailOpened, contactId).FILTER(messageid == 'x').HAVING(COUNT() > 1, UTCMONTHS(1))"
     ".HAVING(SUM(a) < 9)",
     "people with the interaction “EmailOpened”, more than 1 time in the last 1 month, "
     "with a sum of a of fewer than 9, counting those whose messageid is “x”"),
]  # fmt: skip

REALTIME = [
    ("PROFILE(contact).FILTER(a IN [1, 2])", "contacts whose a is 1 or 2"),
    ("PROFILE(contact).RELATE(r, x).FILTER(x.a == 1)", "contacts, connected with a record (through r) whose a is 1"),
    ("PROFILE(contact).RELATEOPTIONAL(r, x).FILTER(NOT(x.a == 1))",
     "contacts, not connected with a record (through r) whose a is 1"),
    ("PROFILE(contact).RELATE(r, x).FILTER(NOT(x.a == 1))",
     "contacts, connected with a record (through r) whose a is not 1"),
    ("PROFILE(contact).RELATE(r, x, RELATE(s, y)).FILTER(y.a == 1 && x.b == 2)",
     "contacts, connected with a record (through r, then s) for which a is 1 and b of the record 2 is 2"),
    ("PROFILE(contact).RELATE(r, x, RELATEOPTIONAL(s, y)).FILTER(ISNULL(y.a))",
     "contacts, connected with a record (through r, then s, optional) whose a is empty"),
    ("PROFILE(contact).RELATEOPTIONAL(r, x, RELATE(s, y)).FILTER(ISNULL(y.a))",
     "contacts, connected with a record (through r, optional, then s) whose a is empty"),
]  # fmt: skip

GERMAN = [
    ("PROFILE(contact).FILTER(address1_city == 'Oslo' && age > 30)",
     "Kontakte, für die gilt: Ort ist „Oslo“ und age ist größer als 30"),
    ("PROFILE(contact).FILTER(age > 30 || vip == True && a == 1)",
     "Kontakte, für die gilt: entweder age ist größer als 30 oder sowohl vip ist ja als auch a ist 1"),
    ("PROFILE(contact).FILTER(NOT(age > 30 || vip == True))",
     """Kontakte, für die nichts davon gilt:
 – age ist größer als 30
 – vip ist ja"""),
    ("PROFILE(account).FILTER(name CONTAINS 'x').TRAVERSE(contact_account_parentcustomerid)",
     "Kontakte, verbunden mit einer Firma (über contact_account_parentcustomerid), wobei gilt: name enthält „x“"),
    ("SEGMENT(a) EXCEPT SEGMENT(b)", "die Mitglieder von „a“, ohne diese: die Mitglieder von „b“"),
]  # fmt: skip
FRENCH = [
    ("PROFILE(contact).FILTER(address1_city == 'Oslo' && age > 30)",
     "les contacts pour lesquels : ville est « Oslo » et age est supérieur à 30"),
    ("PROFILE(contact).FILTER(age > 30 || vip == True)",
     "les contacts pour lesquels : soit age est supérieur à 30 soit vip est oui"),
    ("SEGMENT(a) INTERSECT SEGMENT(b)",
     "les membres de « a », mais seulement qui est aussi parmi les membres de « b »"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "sentence"), ENGLISH)
def test_a_query_is_told(query: str, sentence: str) -> None:
    assert in_words(parse_outbound(query)) == sentence


@pytest.mark.parametrize(("query", "sentence"), REALTIME)
def test_a_realtime_query_is_told(query: str, sentence: str) -> None:
    assert in_words(parse_realtime(query)) == sentence


@pytest.mark.parametrize(
    ("language", "query", "sentence"),
    [("de", *row) for row in GERMAN] + [("fr", *row) for row in FRENCH],
)
def test_a_query_is_told_in_the_language_of_the_report(language: str, query: str, sentence: str) -> None:
    assert in_words(parse_outbound(query), language=language) == sentence


# --- names that the organisation shows -------------------------------------------------------------------------------


def _named(**labels: str) -> Schema:
    columns = {name: Column("String", labels={"": label}) for name, label in labels.items()}
    account = Table("accounts", "accountid", "name", {"name": Column("String", labels={"en": "Account Name"})},
                    labels={"en": "Company", "de": "Firma"})  # fmt: skip
    return Schema(
        {"contact": Table("contacts", "contactid", "fullname", columns), "account": account},
        (ManyToOne("contact_customer_accounts", "contact", "parentcustomerid", "account", "accountid"),),
    )


NAMED = [
    ({"new_club": "Club"}, "PROFILE(contact).FILTER(new_club == 'x')", "contacts whose Club is “x”"),
    ({"new_club": "Club", "old_club": "Club"}, "PROFILE(contact).FILTER(new_club == 'x')",
     "contacts whose Club (new_club) is “x”"),
    ({"new_club": "club", "club": "Other"}, "PROFILE(contact).FILTER(new_club == 'x')",
     "contacts whose club (new_club) is “x”"),
    ({"new_club": "Club", "and": ""}, "PROFILE(contact).FILTER(club == 'x')", "contacts whose club is “x”"),
    ({"new_club": "one and only"}, "PROFILE(contact).FILTER(new_club == 'x')", "contacts whose ‹one and only› is “x”"),
    ({"new_club": "Club (old)"}, "PROFILE(contact).FILTER(new_club == 'x')",
     "contacts whose ‹Club (old) (new_club)› is “x”"),
    ({"parentcustomerid": "Company Name"},
     "PROFILE(account).FILTER(name == 'x').TRAVERSE(contact_account_parentcustomerid)",
     "contacts, connected with a record of Company (through Company Name of the contact) whose Account Name is “x”"),
]  # fmt: skip


@pytest.mark.parametrize(("labels", "query", "sentence"), NAMED)
def test_display_names_are_used_and_never_name_two_columns(labels: dict[str, str], query: str, sentence: str) -> None:
    assert in_words(parse_outbound(query), schema=_named(**labels)) == sentence


def test_a_segment_is_called_by_its_title() -> None:
    assert in_words(parse_outbound("SEGMENT(SEGMENT_CRM_ID_1)"), {"SEGMENT_CRM_ID_1": "Club"}.__getitem__) == (
        "the members of “Club”"
    )


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,6}", fullmatch=True), st.text("abcAB ()›‹and", max_size=8)))
def test_no_two_columns_of_a_table_have_one_name(labels: dict[str, str]) -> None:
    labels = {name: label for name, label in labels.items() if name != "parentcustomerid"}
    for language in ("en", "de", "fr"):
        names = names_in(language, _named(**labels))
        asked = {*labels, *(label for label in labels.values() if label.islower() and label.isidentifier()), "city"}
        shown = [names.column("contact", name) for name in sorted(asked)]
        assert len(set(shown)) == len(shown)


def test_a_long_sentence_is_cut_at_a_line_and_says_so() -> None:
    told = in_words(parse_outbound(f"PROFILE(contact).FILTER({' || '.join(f'a{n} == {n}' for n in range(500))})"))
    assert len(told.split("\n")) == 501
    shown = cut(told).split("\n")
    assert shown[-1] == "… and more: the rest of this query is not told here"
    assert shown[:-1] == told.split("\n")[: len(shown) - 1]
    assert len(cut(told)) < 2_100
    assert cut("contacts") == "contacts"


# --- the law ---------------------------------------------------------------------------------------------------------

few = st.sampled_from(["a", "b", "city", "address1_city", "now"])
aliases = st.none() | st.sampled_from(["x", "y", "z"])
columns = st.builds(tree.Attribute, few, aliases)
simple = st.one_of(
    st.sampled_from(["a", "", "a” or “b", "yes", "now", "\\n", "\n", "„“", "\\"]).map(tree.Text),
    st.sampled_from(["1", "-1", "2"]).map(tree.Number),
    st.booleans().map(tree.Boolean),
    st.just(tree.DateFunction("DATETIMEUTCNOW")),
    columns,
)


def _larger(values: st.SearchStrategy[tree.Value]) -> st.SearchStrategy[tree.Value]:
    return st.one_of(
        st.builds(lambda one, op, other: tree.Arithmetic(one, ((op, other),)), values, st.sampled_from("+-*"), values),
        st.builds(lambda part, *given: tree.DateFunction("DATEADD", given, part), st.sampled_from(["day", "months"]),
                  values, values),
        st.builds(lambda part, *given: tree.DateFunction("DATEDIFF", given, part), st.sampled_from(["day", "odd"]),
                  values, values),
        st.builds(lambda *given: tree.DateFunction("DATE", given), values, values, values),
    )  # fmt: skip


values: st.SearchStrategy[tree.Value] = st.recursive(simple, _larger, max_leaves=3)
leaves: st.SearchStrategy[tree.Condition] = st.one_of(
    st.builds(tree.Comparison, columns, st.sampled_from(["==", "!=", ">", "<="]), values),
    st.builds(tree.Comparison, values, st.sampled_from(["==", "<"]), values),
    st.builds(tree.TextMatch, columns, st.sampled_from(["CONTAINS", "STARTSWITH"]), simple),
    st.builds(tree.IsNull, columns),
    st.builds(tree.IsNotNull, columns),
    st.builds(
        lambda column, *found: tree.Or(tuple(tree.Comparison(column, "==", value) for value in found)),
        columns, simple, simple,
    ),
)  # fmt: skip


def _groups(inner: st.SearchStrategy[tree.Condition]) -> st.SearchStrategy[tree.Condition]:
    some = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(tree.Not, inner), st.builds(tree.And, some), st.builds(tree.Or, some))


conditions = st.recursive(leaves, _groups, max_leaves=5)
relationships = st.sampled_from(
    ["contact_account_accountid", "contact_contact_managerid", "visit_contact_contactid", "r", "R s"]
)
tables = st.sampled_from(["contact", "account", "visit"])
profiles = st.builds(
    tree.Profile,
    tables,
    aliases,
    st.lists(
        st.builds(tree.Filter, conditions) | st.builds(tree.Traverse, relationships, aliases, st.none() | conditions),
        max_size=4,
    ).map(tuple),
)
havings = st.builds(
    lambda what, op, number, window: tree.Having(what[0], what[1], op, tree.Number(number), *(window or (None, None))),
    st.sampled_from([("COUNT", None), ("SUM", "a"), ("AVG", "a"), ("MIN", "b")]),
    st.sampled_from([">", ">=", "=="]),
    st.sampled_from(["0", "1", "2"]),
    st.none() | st.tuples(st.sampled_from(tree.WindowUnit), st.integers(1, 2)),
)
interactions = st.builds(
    lambda kind, link, filters, asked: tree.Interaction(kind, link, filters, asked[0] if asked else None, asked[1:]),
    st.sampled_from(["EmailOpened", "msdynmkt_emailopened", "emailopened"]),
    st.sampled_from(["contactId", "msdynmkt_entityid", "leadId"]),
    st.lists(conditions, max_size=2).map(tuple),
    st.lists(havings, max_size=2).map(tuple),
)
segments = st.builds(tree.SegmentReference, st.sampled_from(["a", "b”", "a b"]),
                     st.lists(conditions, max_size=1).map(tuple))  # fmt: skip


def _chains(inner: st.SearchStrategy[tree.Members]) -> st.SearchStrategy[tree.Members]:
    rest = st.lists(st.tuples(st.sampled_from(tree.SetOperator), inner), min_size=1, max_size=2).map(tuple)
    return st.builds(tree.SetChain, inner, rest)


sets = st.recursive(profiles | segments | interactions, _chains, max_leaves=3)
pagings = st.none() | st.builds(
    tree.Paging,
    st.lists(st.tuples(st.builds(tree.Attribute, few), st.booleans()), max_size=2).map(tuple),
    st.none() | st.integers(0, 2),
    st.none() | st.integers(0, 2),
)
outbound = st.builds(tree.Query, sets, pagings)
hops = st.builds(tree.Hop, relationships, st.sampled_from(["x", "y"]), st.booleans())
realtime = st.builds(
    lambda steps: tree.Query(tree.Profile("contact", None, steps)),
    st.lists(
        st.builds(tree.Filter, conditions)
        | st.builds(tree.Relate, st.lists(hops, min_size=1, max_size=2).map(tuple), conditions, st.booleans()),
        max_size=3,
    ).map(tuple),
)


def variants(node: Any) -> Iterator[Any]:
    """The tree with one thing changed: a group turned, denied, grouped otherwise, moved, renamed, or left out."""
    match node:
        case tree.And(inner):
            yield tree.Or(inner)
            yield tree.Not(node)
        case tree.Or(inner):
            yield tree.And(inner)
            yield tree.Not(node)
        case tree.Not(inner):
            yield inner
        case tree.Condition():
            yield tree.Not(node)
        case tree.Attribute(name, alias):
            yield tree.Attribute(name, "x" if alias is None else None)
            yield tree.Text(name)
        case tree.Text(text):
            yield tree.Text(text + "”")
            yield tree.Attribute(text or "a")
        case tree.SetChain(first, rest) if len(rest) > 1:
            (one, part), *others = rest
            yield tree.SetChain(first, ((one, tree.SetChain(part, tuple(others))),))
        case tree.Profile(entity, alias, (tree.Filter(one), tree.Filter(other), *others)):
            yield tree.Profile(entity, alias, (tree.Filter(tree.Or((one, other))), *others))
        case tree.Relate(way, condition, optional):
            yield tree.Relate(way, condition, not optional)
        case tree.Interaction():
            yield dataclasses.replace(node, link="leadId")
        case tree.Having():
            yield dataclasses.replace(node, unit=None, length=None)
        case tree.SetOperator():
            yield from tree.SetOperator
        case bool():
            yield not node
        case int():
            yield node + 1
    if isinstance(node, tree.Profile):
        for index, step in enumerate(node.steps):
            if isinstance(step, tree.Traverse) and step.condition:
                apart = (dataclasses.replace(step, condition=None), tree.Filter(step.condition))
                yield dataclasses.replace(node, steps=(*node.steps[:index], *apart, *node.steps[index + 1 :]))
    if isinstance(node, tuple):
        for index, part in enumerate(node):
            yield from ((*node[:index], other, *node[index + 1 :]) for other in variants(part))
            if len(node) > 2 or (len(node) > 0 and not isinstance(part, tree.Condition)):
                yield (*node[:index], *node[index + 1 :])
            if index:
                yield (*node[: index - 1], part, node[index - 1], *node[index + 1 :])
    elif isinstance(node, list):
        yield from map(list, variants(tuple(node)))
    elif dataclasses.is_dataclass(node) and not isinstance(node, type):
        for field in dataclasses.fields(node):
            for other in variants(getattr(node, field.name)):
                yield dataclasses.replace(node, **{field.name: other})


def _is_sound(query: tree.Query) -> bool:
    """Whether a changed tree is still one that a query could have been read as."""
    try:
        meaning(query)
        in_words(query)
    except (TypeError, ValueError, IndexError, KeyError, AttributeError):
        return False
    return True


Told = Callable[[tree.Query], str]
LANGUAGES: list[Told] = [
    in_words,
    lambda query: in_words(query, language="de"),
    lambda query: in_words(query, language="fr"),
    lambda query: in_words(query, schema=SCHEMA),
]
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.mark.slow
@given(outbound | realtime)
@settings(deadline=None, suppress_health_check=SLOW, max_examples=100)
def test_equal_sentences_are_equal_queries_up_to_meaning(query: tree.Query) -> None:
    for told in LANGUAGES:
        sentence, means = told(query), meaning(query)
        for other in filter(_is_sound, variants(query)):
            assert told(other) != sentence or meaning(other) == means


@pytest.mark.slow
@given(st.lists(outbound, min_size=20, max_size=40) | st.lists(realtime, min_size=20, max_size=40))
@settings(deadline=None, suppress_health_check=SLOW, max_examples=20)
def test_queries_that_mean_different_things_are_told_differently(queries: list[tree.Query]) -> None:
    for told in LANGUAGES:
        known: dict[str, Any] = {}
        for query in queries:
            assert known.setdefault(told(query), meaning(query)) == meaning(query)
