"""What queries touch: enough to say who is selected, and no more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from migrator.contracts.choices import Choice
from migrator.mql import parse_outbound, parse_realtime
from migrator.mql.touched import touched
from migrator.translator.queries import translate_query
from tests.phrasebook import SCHEMA
from tests.query_data import world
from tests.reference_evaluator import Meaningless, World, outbound, realtime
from tests.translator.test_same_people import SEEDS, Author, lawful

TOUCHED = [
    ("PROFILE(contact)", {"contact": "contactid statecode"}),
    ("PROFILE(contact).FILTER(City == 'Oslo' && ISNULL(age))", {"contact": "age city contactid statecode"}),
    ("PROFILE(contact).FILTER(score > 1)", {"contact": "contactid statecode"}),  # calculated: no segment can use it
    (
        "PROFILE(account, a).FILTER(a.name == 'x').TRAVERSE(contact_account_accountid).FILTER(age > 3 || a.size > 1)",
        {"contact": "accountid age contactid statecode", "account": "accountid name size"},
    ),
    (
        "PROFILE(list).TRAVERSE(listcontact_list_listid).TRAVERSE(listcontact_contact_contactid)",
        {"contact": "contactid statecode", "list": "listid", "listcontact": "contactid listcontactid listid"},
    ),
    ("PROFILE(contact).ORDERBY(city).TAKE(3)", {"contact": "city contactid statecode"}),
    ("SEGMENT(x).FILTER(vip == True)", {"contact": "contactid statecode vip"}),
    ("INTERACTION(EmailOpened, contactId).HAVING(MAX(stars) > 1)", {
        "contact": "contactid statecode",
        "msdynmkt_emailopened": "id msdynmkt_entityid msdynmkt_entityid_logicalname msdynmkt_originaltimestamp "
        "msdynmkt_sourcesystem msdynmkt_stars",
    }),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("PROFILE(contact).FILTER(ISNULL(city) || NOT(ISNOTNULL(age)))", "contactid statecode"),
        ("PROFILE(contact).FILTER(ISNOTNULL(city) && city == 'Oslo')", "city contactid statecode"),
        ("PROFILE(contact).FILTER(NOT(city CONTAINS 'O') && ISNULL(age))", "city contactid statecode"),
        ("PROFILE(contact).ORDERBY(city).TAKE(3)", "city contactid statecode"),
    ],
)
def test_whether_something_is_there_does_not_ask_for_its_value(text: str, values: str) -> None:
    assert touched([parse_outbound(text)], SCHEMA, only_values=True)["contact"] == tuple(values.split())


@pytest.mark.parametrize(("text", "expected"), TOUCHED)
def test_an_outbound_query_touches(text: str, expected: dict[str, str]) -> None:
    found = touched([parse_outbound(text)], SCHEMA)
    assert {name: " ".join(columns) for name, columns in found.items()} == expected


def test_a_realtime_query_touches_what_lies_between_two_tables() -> None:
    query = parse_realtime("PROFILE(contact).RELATE(lists_of_contacts, between).FILTER(between.title == 'News')")
    found = touched([query], SCHEMA)
    assert found["listcontact"] == ("contactid", "listcontactid", "listid")
    assert found["list"] == ("listid", "title")


def kept(query_world: World, wanted: dict[str, tuple[str, ...]]) -> World:
    """The world with nothing but what was touched."""
    data = {
        name: [{column: row.get(column) for column in wanted[name]} for row in query_world.data.get(name, ())]
        for name in wanted
    }
    return replace(query_world, data=data)


@pytest.mark.slow
@given(SEEDS)
@settings(lawful, max_examples=150)
def test_what_a_query_touches_is_enough_for_it_and_for_its_translation(author: int) -> None:
    query = parse_outbound(Author(author).query())
    whole = world(1)
    part = kept(whole, dict(touched([query], SCHEMA)))
    try:
        expected = outbound(query, whole)
    except Meaningless:
        return
    assert outbound(query, part) == expected
    translated = translate_query(query, SCHEMA, interactions=Choice.TRANSLATE)
    if translated.text:
        tree = parse_realtime(translated.text)
        assert realtime(tree, part) == realtime(tree, whole)
