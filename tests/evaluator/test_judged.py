"""The judge: a slow, obvious evaluator that shares no code with the compilers decides over generated pairs.

A pair is a query and a population, in both languages: the outbound query, and what the translator makes of it. Ten
faults that somebody could make in a compiler are planted one by one, and each has to be caught by the same pairs.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from sqlglot import exp

from migrator.contracts.choices import Choice
from migrator.evaluator import EvaluationError, conditions, interactions, outbound, realtime, select
from migrator.mql import parse_outbound, parse_realtime, tree
from migrator.translator.queries import translate_query
from tests import reference_evaluator as judge
from tests.phrasebook import SCHEMA
from tests.query_data import tables, world
from tests.translator.test_same_people import Author

# 2,000 take a minute of two cores and are what a change in a compiler is tried with: PAIRS=2000 pytest this file.
PAIRS = int(os.environ.get("PAIRS", "600"))
_PARTS = 8
"""Tests that share the pairs, so that they run side by side."""


class Wider(Author):
    """Asks also for parts of text, for differences of dates, sums and money."""

    def comparison(self, tables: dict[str, str]) -> str:
        """A comparison of a column behind one of the names."""
        contacts = [name for name, table in tables.items() if table == "contact"]
        if not contacts or self.one_in(2):
            return super().comparison(tables)
        name = self.choice(*contacts)
        dot = f"{name}." if name else ""
        return self.choice(
            f"{dot}fullname {self.choice('CONTAINS', 'STARTSWITH', 'ENDSWITH')} '{self.choice('a', 'A', 'bo', 'x')}'",
            f"{dot}city == '{self.choice('OSLO', 'rome', 'A')}'",
            f"DATEDIFF({self.choice('year', 'month', 'day')}, {dot}born, DATETIMEUTCNOW()) "
            f"{self.choice('>', '>=', '==', '<')} {self.choice('0', '1', '25', '26', '36')}",
            f"DATEDIFF(year, {dot}born, DATETIMEUTCNOW()) {self.choice('==', '>=')} {self.choice('1', '36')}",
            f"{dot}age / 2 {self.choice('>', '==')} {self.choice('1', '1.5')}",
            f"{dot}born < DATEADD({self.choice('year', 'day')}, {self.choice('-26', '-35', '-30')}, DATETIMEUTCNOW())",
            f"{dot}born >= DATE({self.choice('2000, 1, 31', '1990, 5, 5, 10', '2025, 12, 31')})",
            f"{dot}income {self.choice('>', '>=', '==', '!=')} {self.choice('-5', '10.5', '2000', '6')}",
            f"{dot}age {self.choice('+', '-', '*', '/')} 2 {self.choice('>', '==')} {self.choice('1', '1.5', '4')}",
            f"NOT({dot}age {self.choice('==', '!=')} {self.choice('1', '3')})",
        )  # fmt: skip


def pairs(numbers: Iterable[int]) -> Iterator[tuple[tree.Query, tree.Query | None, int]]:
    """An outbound query, its translation where there is one, and the number of a population."""
    for number in numbers:
        query = parse_outbound(Wider(number).query())
        text = translate_query(query, SCHEMA, interactions=Choice.TRANSLATE).text
        if number % 10 == 0:
            text = without(number)
        yield query, parse_realtime(text) if text else None, 1 + number % 4


def without(number: int) -> str:
    """A real-time query for people without something, which the translator seldom writes."""
    pick = Author(number)
    relate = pick.choice("RELATE", "RELATEOPTIONAL", "RELATEOPTIONAL")
    relationship, column = pick.choice("contact_customer_accounts size", "contact_visits stars").split()
    asked = f"other.{column} {pick.choice('==', '>')} {pick.choice('1', '3', '4')}"
    asked = asked if pick.one_in(3) else f"NOT({asked})"
    return f"PROFILE(contact).{relate}({relationship}, other).FILTER({asked})"


def verdicts(made: Iterable[tuple[tree.Query, tree.Query | None, int]]) -> Iterator[tuple[str, Any, Any]]:
    """What the judge and the compilers say of each pair: language, people by the judge, people by the compiler."""
    for before, after, seed in made:
        for language, query, judged, compiled in (
            ("outbound", before, judge.outbound, tables(seed).outbound),
            ("realtime", after, judge.realtime, tables(seed).realtime),
        ):
            if query is None:
                continue
            try:
                expected = judged(query, world(seed))
            except judge.Meaningless:
                continue  # whatever a compiler makes of it, nobody can say that it is wrong
            try:
                found: Any = [str(one) for one in compiled(query)]
            except EvaluationError as error:
                found = str(error)
            yield language, expected, found


@pytest.mark.slow
@pytest.mark.parametrize("part", range(_PARTS))
def test_both_compilers_select_whom_the_judge_selects(part: int) -> None:
    found = list(verdicts(pairs(range(part, PAIRS, _PARTS))))
    assert [(language, expected, got) for language, expected, got in found if expected != got] == []
    judged = [language for language, _, _ in found]
    asked = PAIRS / _PARTS
    assert judged.count("outbound") > 0.6 * asked
    assert judged.count("realtime") > 0.4 * asked
    assert sum(bool(expected) for _, expected, _ in found) > 0.6 * asked  # pairs that select nobody prove little


# --- planted faults --------------------------------------------------------------------------------------------------

Plant = Callable[[pytest.MonkeyPatch], None]


def null_differs(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(conditions._COMPARISONS, "!=", exp.NullSafeNEQ)


def border_is_left_out(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(conditions._COMPARISONS, "<=", exp.LT)


def case_counts(patch: pytest.MonkeyPatch) -> None:
    plain = conditions._as

    def as_it_stands(kind: select.Kind, typed: Any) -> exp.Expr:
        if kind is select.Kind.TEXT and typed[1] is None:
            return exp.Literal.string(typed[0].name)
        return typed[0] if kind is select.Kind.TEXT else plain(kind, typed)

    patch.setattr(conditions, "_as", as_it_stands)


def inactive_are_in(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(realtime, "AUDIENCE", "nobody")


def nobody_without_is_lost(patch: pytest.MonkeyPatch) -> None:
    plain = realtime._related

    def as_relate(step: tree.Relate, *rest: Any) -> exp.Expr:
        return plain(replace(step, optional=False), *rest)

    patch.setattr(realtime, "_related", as_relate)


def except_keeps_the_others(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(select._COMBINE, tree.SetOperator.EXCEPT, exp.Intersect)


def sets_go_from_right_to_left(patch: pytest.MonkeyPatch) -> None:
    plain = select.Statement.chain

    def from_right(self: select.Statement, chain: tree.SetChain, compile_set: Callable[[tree.Members], str]) -> str:
        (operator, second), *rest = chain.rest
        tail = tree.SetChain(second, tuple(rest)) if rest else second
        return plain(self, tree.SetChain(chain.first, ((operator, tail),)), compile_set)

    patch.setattr(select.Statement, "chain", from_right)


def a_window_is_a_month_shorter(patch: pytest.MonkeyPatch) -> None:
    plain = interactions._start

    def shorter(now: datetime, *rest: Any) -> datetime:
        return plain(now, *rest) + timedelta(days=31)

    patch.setattr(interactions, "_start", shorter)


def leads_are_people(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(outbound, "PERSON_TABLE", "msdynmkt_sourcesystem")
    patch.setattr(outbound, "AUDIENCE", "1")


def years_are_elapsed(patch: pytest.MonkeyPatch) -> None:
    plain = select.call

    def elapsed(function: str, *arguments: exp.Expr) -> exp.Expr:
        return plain({"date_diff": "date_sub"}.get(function, function), *arguments)

    patch.setattr(conditions, "call", elapsed)


FAULTS: list[Plant] = [
    null_differs, border_is_left_out, case_counts, inactive_are_in, nobody_without_is_lost, except_keeps_the_others,
    sets_go_from_right_to_left, a_window_is_a_month_shorter, leads_are_people, years_are_elapsed,
]  # fmt: skip


def shuffled() -> Iterator[int]:
    numbers = list(range(PAIRS))
    random.Random(1).shuffle(numbers)
    yield from numbers


@pytest.mark.slow
@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_caught(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    caught = (found for found in verdicts(pairs(shuffled())) if found[1] != found[2])
    assert list(islice(caught, 1)), "none of the pairs notices it"
