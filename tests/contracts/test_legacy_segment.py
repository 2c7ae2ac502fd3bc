"""A row of the organisation, whatever stands in it: read where it can be, unknown and named where it cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.base.cells import count, identity, number
from migrator.contracts.legacy_segment import Called, segment_of

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda deeper: st.lists(deeper, max_size=2) | st.dictionaries(st.text(max_size=2), deeper, max_size=2),
    max_leaves=3,
)
COLUMNS = (
    "msdyncrm_segmentid", "msdyncrm_segmentname", "msdyncrm_segmenttype", "statuscode", "msdyncrm_segmentsize",
    "msdyncrm_segmentquery", "msdyncrm_scope", "_owningbusinessunit_value", "msdyncrm_segmenttimezone", "modifiedon",
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(COLUMNS), ANYTHING))
def test_every_row_can_be_read(row: dict[str, Any]) -> None:
    segment = segment_of(row)
    assert segment.id == segment_of(dict(reversed(row.items()))).id
    assert segment.has_id == (identity(row.get("msdyncrm_segmentid")) is not None)
    assert segment.recorded_size is None or segment.recorded_size >= 0
    value = row.get("msdyncrm_segmentsize")
    assert ("msdyncrm_segmentsize" in segment.unreadable) == (value not in (None, "") and count(value) is None)


NAMES = st.sampled_from(["a", "A", "b"])


@given(
    st.lists(st.tuples(NAMES, st.sampled_from(["", "q", "Q", "a"])), max_size=4), st.sampled_from(["a", "A", "q", "b"])
)
def test_a_name_of_several_segments_is_the_name_of_none(given_names: list[tuple[str, str]], asked: str) -> None:
    segments = [
        segment_of(
            {"msdyncrm_segmentid": str(UUID(int=n + 1)), "msdyncrm_segmentname": name, "msdyncrm_segmentquery": ""}
        )
        for n, (name, _) in enumerate(given_names)
    ]
    segments = [replace(one, query_name=query) for one, (_, query) in zip(segments, given_names, strict=True)]
    by_query_name = [one for one in segments if one.query_name.lower() == asked.lower()]
    meant = by_query_name or [one for one in segments if one.name == asked]
    assert Called(segments).named(asked) == (meant[0] if len(meant) == 1 else None)


def test_what_is_missing_is_unknown_and_not_unreadable() -> None:
    segment = segment_of({"msdyncrm_segmentid": str(UUID(int=1)), "msdyncrm_segmentsize": "", "statuscode": None})
    assert (segment.recorded_size, segment.status_code, segment.unreadable) == (None, None, ())


@pytest.mark.parametrize(
    ("value", "as_number", "as_count"),
    [(5, 5, 5), (True, None, None), ("5", 5, 5), (5.0, 5, 5), (5.5, None, None), (-1, -1, None), ("many", None, None),
     ([], None, None),
     (float("nan"), None, None), (float("inf"), None, None), (None, None, None), ({"n": 5}, None, None)],
)  # fmt: skip
def test_a_number_is_a_number_or_unknown(value: Any, as_number: int | None, as_count: int | None) -> None:
    assert (number(value), count(value)) == (as_number, as_count)
