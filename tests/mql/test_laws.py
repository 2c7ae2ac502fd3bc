"""Laws of both languages: what is written is read back the same, and no text upsets the reader."""

from __future__ import annotations

import time
from collections.abc import Collection
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.mql import QueryError, parse_outbound, parse_realtime, tree, write_outbound, write_realtime

names = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: name not in ("true", "false") and name.upper() not in ("AND", "OR")
)
attributes = st.builds(tree.Attribute, names, st.none() | names)
literals = st.one_of(
    st.builds(tree.Text, st.text(max_size=12)),
    st.integers(-999, 999).map(lambda n: tree.Number(str(n))),
    st.sampled_from(["0.5", "12.50", "1e3"]).map(tree.Number),
    st.booleans().map(tree.Boolean),
    st.just(tree.DateFunction("DATETIMEUTCNOW")),
)


def arithmetic(values: st.SearchStrategy[tree.Value]) -> st.SearchStrategy[tree.Value]:
    sums = st.tuples(st.sampled_from("+-"), values.filter(lambda value: not isinstance(value, tree.Arithmetic)))
    products = st.tuples(st.sampled_from("*/"), values)
    plain = values.filter(lambda value: not isinstance(value, tree.Arithmetic))
    return st.one_of(
        st.builds(tree.Arithmetic, plain, st.lists(sums, min_size=1, max_size=3).map(tuple)),
        st.builds(tree.Arithmetic, plain, st.lists(products, min_size=1, max_size=3).map(tuple)),
        st.builds(tree.DateFunction, st.just("DATEADD"), st.tuples(values, values), st.sampled_from(["day", "month"])),
    )


values: st.SearchStrategy[tree.Value] = st.recursive(attributes | literals, arithmetic, max_leaves=6)


def compound(conditions: st.SearchStrategy[tree.Condition]) -> st.SearchStrategy[tree.Condition]:
    not_and = conditions.filter(lambda condition: not isinstance(condition, tree.And))
    not_or = conditions.filter(lambda condition: not isinstance(condition, tree.Or))
    return st.one_of(
        st.builds(tree.Not, conditions),
        st.builds(tree.And, st.lists(not_and, min_size=2, max_size=3).map(tuple)),
        st.builds(tree.Or, st.lists(not_or, min_size=2, max_size=3).map(tuple)),
    )


conditions: st.SearchStrategy[tree.Condition] = st.recursive(
    st.one_of(
        st.builds(tree.Comparison, values, st.sampled_from(["==", "!=", ">", ">=", "<", "<="]), values),
        st.builds(tree.TextMatch, attributes, st.sampled_from(["CONTAINS", "STARTSWITH", "ENDSWITH"]), literals),
        st.builds(tree.IsNull, attributes),
        st.builds(tree.IsNotNull, attributes),
    ),
    compound,
    max_leaves=6,
)
filters = st.builds(tree.Filter, conditions)
any_names = names | st.text(max_size=12)
traverses = st.builds(tree.Traverse, any_names, st.none() | names, st.none() | conditions)
relates = st.builds(
    lambda first, nested, *others: tree.Relate((first, *nested), *others),
    st.builds(tree.Hop, names, names),
    st.lists(st.builds(tree.Hop, names, names, st.booleans()), max_size=2),
    conditions,
    st.booleans(),
)


def interactions_in(windows: Collection[tree.WindowUnit]) -> st.SearchStrategy[tree.Interaction]:
    havings = st.builds(
        lambda what, op, number, window: tree.Having(
            what[0], what[1], op, tree.Number(str(number)), *(window or (None, None))
        ),
        st.just(("COUNT", None)) | st.tuples(st.sampled_from(["SUM", "AVG", "MIN", "MAX"]), names),
        st.sampled_from([">", ">=", "=="]),
        st.integers(-9, 9),
        st.none() | st.tuples(st.sampled_from(sorted(windows)), st.integers(1, 99)),
    )
    return st.builds(
        lambda kind, link, filters, asked: tree.Interaction(
            kind, link, filters, asked[0] if asked else None, asked[1:]
        ),
        names,
        names,
        st.lists(conditions, max_size=1).map(tuple),
        st.lists(havings, max_size=2).map(tuple),
    )


OUTBOUND_WINDOWS = {tree.WindowUnit.DAYS, tree.WindowUnit.MONTHS, tree.WindowUnit.YEARS}
outbound_segments = st.builds(tree.SegmentReference, any_names, st.lists(conditions, max_size=1).map(tuple))


def chains(sets: st.SearchStrategy[tree.Members]) -> st.SearchStrategy[tree.Members]:
    first = sets.filter(lambda members: not isinstance(members, tree.SetChain))
    rest = st.lists(st.tuples(st.sampled_from(tree.SetOperator), sets), min_size=1, max_size=3).map(tuple)
    return st.builds(tree.SetChain, first, rest)


outbound_profiles = st.builds(
    tree.Profile, names, st.none() | names, st.lists(filters | traverses, max_size=3).map(tuple)
)
outbound_sets: st.SearchStrategy[tree.Members] = st.recursive(
    outbound_profiles | outbound_segments | interactions_in(OUTBOUND_WINDOWS), chains, max_leaves=5
)
realtime_profiles = st.builds(tree.Profile, names, st.none(), st.lists(filters | relates, max_size=3).map(tuple))
realtime_sets = realtime_profiles | st.builds(tree.SegmentReference, names) | interactions_in(set(tree.WindowUnit))
pagings = st.builds(
    tree.Paging,
    st.lists(st.tuples(attributes, st.booleans()), max_size=2).map(tuple),
    st.none() | st.integers(0, 99),
    st.none() | st.integers(0, 99),
    st.lists(attributes, max_size=2).map(tuple),
).filter(lambda paging: paging != tree.Paging())


@pytest.mark.slow
@given(st.builds(tree.Query, outbound_sets, st.none() | pagings))
def test_outbound_round_trip(query: tree.Query) -> None:
    text = write_outbound(query)
    assert parse_outbound(text) == query
    assert write_outbound(parse_outbound(text)) == text


@given(st.builds(tree.Query, realtime_sets | chains(realtime_sets)))
def test_realtime_round_trip(query: tree.Query) -> None:
    assert parse_realtime(write_realtime(query)) == query


@given(st.text(max_size=200) | st.text("PROFILE(contact).FILTER ab'\\=&|<>!+-*/,0123\n", max_size=200))
@settings(max_examples=300)
def test_no_text_upsets_the_reader(text: str) -> None:
    for read in (parse_outbound, parse_realtime):
        try:
            read(text)
        except QueryError as error:
            assert 1 <= error.line <= text.count("\n") + 1
            assert error.picture.endswith("^")


LONG = [
    "'" * 10_000,
    "(" * 10_000,
    ")" * 10_000,
    "a" * 10_000,
    "/*" * 5_000,
    "//" * 5_000,
    "\\'" * 5_000,
    "'" + "\\'" * 4_999,
    "''" * 5_000,
    " " * 10_000,
    "\n" * 10_000,
    "." * 10_000,
    "PROFILE(contact).FILTER(" + "a == 1 && " * 990,
    "PROFILE(contact).FILTER(" + "NOT(" * 2_400,
    "PROFILE(contact).FILTER(a == " + "1 + " * 2_400 + "1)",
    "PROFILE(contact)" + ".FILTER(a == 1)" * 650,
    "PROFILE(contact) UNION " * 430,
    "SEGMENT(a).UNION(" * 580,
]


@pytest.mark.parametrize("text", LONG, ids=lambda text: text[:30].strip() or "blank")
def test_long_texts_neither_hang_nor_crash(text: str) -> None:
    assert len(text) <= 10_100
    for read in (parse_outbound, parse_realtime):
        began = time.monotonic()
        with suppress(QueryError):
            read(text)
        assert time.monotonic() - began < 2
