"""Every row of the phrase book: what it says becomes of a query does, and the people stay the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from migrator.contracts.plan import outcome_of
from migrator.mql import parse_outbound, parse_realtime, write_outbound
from migrator.translator.queries import PlannedQuery, translate_query
from tests.phrasebook import BOOK, SCHEMA, Phrase
from tests.query_data import active, tables, world
from tests.reference_evaluator import outbound, realtime

PHRASES = [phrase for phrases in BOOK.values() for phrase in phrases]


def translated(text: str) -> PlannedQuery:
    return translate_query(parse_outbound(text), SCHEMA)


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.outbound[:80])
def test_a_phrase_is_translated(phrase: Phrase) -> None:
    found = translated(phrase.outbound)
    assert str(outcome_of(found.findings)) == phrase.outcome
    assert found.text == phrase.realtime
    assert tuple(finding.code for finding in found.findings) == phrase.findings


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.outbound[:80])
def test_a_phrase_can_be_read_again(phrase: Phrase) -> None:
    query = parse_outbound(phrase.outbound)
    assert parse_outbound(write_outbound(query)) == query
    if phrase.realtime:
        parse_realtime(phrase.realtime)


def test_the_book_is_thick_enough() -> None:
    assert len(PHRASES) >= 250
    assert {phrase.outcome for phrase in PHRASES} == {"ready", "adapted", "flagged", "blocked"}


# --- the same people ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def _tables_end_with_the_module() -> Iterator[None]:
    yield
    tables.cache_clear()


WITHOUT_DATA = ("Clicked", "EmailDelivered", "EmailSent", "EmailBounced", "EmailBlocked", "EmailFeed", "call_", "skill")
"""Interactions and tables of which there are no rows."""
DIFFERENT_ON_PURPOSE = {"query-paged", "column-not-stored", "column-rollup"}
"""Findings that flag a query because its people would not be the same."""
SELECTING = [
    phrase
    for phrase in PHRASES
    if phrase.realtime
    and phrase.outcome != "blocked"
    and not DIFFERENT_ON_PURPOSE & set(phrase.findings)
    and not any(kind in phrase.outbound for kind in WITHOUT_DATA)
]
INACTIVE_TOO = {"inactive-kept", "query-behavioural"}
"""Findings of queries that may select inactive contacts in real time."""


@pytest.mark.parametrize("phrase", SELECTING, ids=lambda phrase: phrase.outbound[:80])
def test_a_phrase_selects_the_same_people(phrase: Phrase) -> None:
    before, after = parse_outbound(phrase.outbound), parse_realtime(phrase.realtime)
    for seed in (1, 2, 3):
        people = set(outbound(before, world(seed))), set(realtime(after, world(seed)))
        # Outbound counts inactive contacts too; that difference is explained in the report, not hidden.
        assert people[0] & active(seed) == people[1] & active(seed)
        if not INACTIVE_TOO & set(phrase.findings):
            assert people[1] <= active(seed)
        if seed == 1:  # two evaluators that share no code see the same
            assert {str(one) for one in tables(seed).outbound(before)} == people[0]
            assert {str(one) for one in tables(seed).realtime(after)} == people[1]


def test_the_phrases_select_somebody() -> None:
    sizes = [len(realtime(parse_realtime(phrase.realtime), world(1))) for phrase in SELECTING]
    assert sum(size > 0 for size in sizes) > len(sizes) * 0.7
