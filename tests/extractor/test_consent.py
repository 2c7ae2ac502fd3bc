"""How contacts and consent are read: the way that takes fewer requests, and what cannot be read in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.base.progress import Silent
from migrator.dataverse.errors import Refused
from migrator.extractor.consent import _Reading, cheaper
from migrator.product.codes import PAGE_SIZE_MAX


@pytest.mark.parametrize(
    ("wanted", "batch", "rows", "whole", "requests", "counted"),
    [
        (100, 50, None, False, 2, None),
        (101, 50, None, False, 3, None),
        (100, 50, 2 * PAGE_SIZE_MAX, True, 2, 2 * PAGE_SIZE_MAX),
        (100, 50, 2 * PAGE_SIZE_MAX + 1, False, 2, 100),
        (101, 50, 2 * PAGE_SIZE_MAX + 1, True, 3, 2 * PAGE_SIZE_MAX + 1),
        (1, 50, 0, True, 1, 0),
        (0, 50, 7, False, 0, 0),
    ],
)
def test_a_table_is_read_in_whichever_way_takes_fewer_requests(
    wanted: int, batch: int, rows: int | None, whole: bool, requests: int, counted: int | None
) -> None:
    way = cheaper(wanted, batch, rows)
    assert (way.whole, way.requests, way.rows) == (whole, requests, counted)


@given(st.integers(0, 10**7), st.integers(1, 200), st.integers(0, 10**8))
def test_no_way_takes_more_requests_than_the_other(wanted: int, batch: int, rows: int) -> None:
    way = cheaper(wanted, batch, rows)
    pages = max(1, (rows + PAGE_SIZE_MAX - 1) // PAGE_SIZE_MAX)
    assert way.requests == min(pages, (wanted + batch - 1) // batch)


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    none: Any = None
    reading = _Reading(none, tmp_path, Silent())
    reading._cannot("the records of consent", Refused("GET", 403, "0x1", "no\n  right."))
    reading._cannot("topics", Refused("GET", 403, "0x1", "x" * 300))
    assert reading.unreadable == [
        "The records of consent cannot be read (no right).",
        f"Topics cannot be read ({'x' * 200}).",
    ]
