"""The work that one query can make is bounded: whatever stands in 4,000 characters is translated or refused at once."""

from __future__ import annotations

import random
import time
import tracemalloc

import pytest

from migrator.contracts.choices import Choice
from migrator.contracts.plan import Outcome, outcome_of
from migrator.mql import ManyToOne, Schema
from migrator.product.codes import LEGACY_QUERY_MAX
from migrator.translator.queries import PlannedQuery
from migrator.translator.translate import translate_text
from tests.phrasebook import SCHEMA
from tests.translator.test_same_people import Author

ACROSS = "PROFILE(account, a).TRAVERSE(contact_account_accountid, c).FILTER({})"


def _pairs(count: int) -> str:
    return " && ".join(f"(a.size == {n % 10} || c.age == {n % 10})" for n in range(count))


def _ladder(steps: int) -> str:
    text = "c.age == 0"
    for n in range(steps):
        first, second = ("||", "&&") if n % 2 else ("&&", "||")
        text = f"(a.size == {n % 9} {first} c.age == {n % 9} {second} ({text}))"
    return text


def _nested_sets(count: int, different: int, *operators: str) -> str:
    text = "".join(
        f"PROFILE(contact).FILTER(age=={n % different}) {operators[n % len(operators)]} (" for n in range(count)
    )
    return text + "PROFILE(contact)" + ")" * count


NASTY = {
    "pairs that multiply": ACROSS.format(f"a.name == 'x' || ({_pairs(22)})"),
    "as many pairs as fit": ACROSS.format(_pairs(110)),
    "a ladder of and and or": ACROSS.format(_ladder(70)),
    "a long or": ACROSS.format(" || ".join(f"{'a.size' if n % 2 else 'c.age'} == {n % 10}" for n in range(260))),
    "nots in nots": ACROSS.format("NOT(" * 140 + "c.age == 1 || a.size == 2" + ")" * 140),
    "sets in sets, all different": _nested_sets(75, 75, "INTERSECT", "EXCEPT"),
    "sets in sets, few": _nested_sets(75, 14, "UNION", "EXCEPT"),
    "sets in sets, forty": _nested_sets(39, 39, "UNION", "EXCEPT"),
    "unions that are crossed": " INTERSECT ".join(
        f"(PROFILE(contact).FILTER(age=={n}) UNION PROFILE(contact).FILTER(size=={n}))" for n in range(45)
    ),
    "many profiles that are spread": " UNION ".join(
        ["PROFILE(account,a).TRAVERSE(contact_account_accountid,c).FILTER((a.x==1||c.y==1)&&(a.x==2||c.y==2)&&"
         "(a.x==3||c.y==3)&&(a.x==4||c.y==4))"] * 24
    ),
    "unknown relationships": " UNION ".join(f"PROFILE(a{n}).TRAVERSE(b{n})" for n in range(120)),
    "a long way": "PROFILE(contact)" + ".TRAVERSE(contact_account_accountid)" * 108,
}  # fmt: skip


def judged(text: str, schema: Schema = SCHEMA) -> PlannedQuery:
    """Translate a text, and look at the clock of this process and at the memory on the way."""
    assert len(text) <= LEGACY_QUERY_MAX
    began = time.process_time()
    found, _ = translate_text(text, schema, Choice.TRANSLATE, False)
    assert time.process_time() - began < 1
    return found


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_a_nasty_query_is_translated_or_refused_at_once(text: str) -> None:
    translate_text("PROFILE(contact)", SCHEMA, Choice.FLAG, False)  # the grammar is read once
    found = judged(text)
    assert found.text or outcome_of(found.findings) in (Outcome.FLAGGED, Outcome.BLOCKED)
    tracemalloc.start()
    try:
        translate_text(text, SCHEMA, Choice.TRANSLATE, False)
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_random_queries_of_full_length_are_translated_or_refused_at_once() -> None:
    translate_text("PROFILE(contact)", SCHEMA, Choice.FLAG, False)
    for seed in range(40):
        text, pick = Author(seed).query(), random.Random(seed)
        while (
            len(longer := f"{text} {pick.choice(['UNION', 'INTERSECT', 'EXCEPT'])} ({Author(len(text)).query()})")
            <= 4_000
        ):
            text = longer
        judged(text)


def test_thousands_of_relationships_do_not_slow_a_query_down() -> None:
    many = tuple(ManyToOne(f"r{n}", f"table{n}", "contactid", "contact", "contactid") for n in range(5_000))
    judged(NASTY["unknown relationships"], Schema(SCHEMA.tables, SCHEMA.many_to_one + many))
    judged(NASTY["a long way"], Schema(SCHEMA.tables, SCHEMA.many_to_one + many))
