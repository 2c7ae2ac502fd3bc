"""Pages, at the edge: how many may be empty, and what says that a service goes round in circles."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.dataverse.errors import UnexpectedAnswer
from migrator.dataverse.paging import Pages

EMPTY = 50
"""Empty pages, one after the other, that are read."""


@pytest.fixture
def pages() -> Pages:
    return Pages("GET things")


def test_fifty_empty_pages_are_read_and_no_more(pages: Pages) -> None:
    for _ in range(EMPTY):
        pages.take([])
    with pytest.raises(UnexpectedAnswer, match="none of them has a row"):
        pages.take([])


def test_a_row_on_the_way_begins_the_count_of_empty_pages_again(pages: Pages) -> None:
    for number in range(3):
        for _ in range(EMPTY):
            pages.take([])
        pages.take([{"n": number}])


def test_pages_with_new_rows_have_no_end_of_their_own(pages: Pages) -> None:
    for number in range(4 * EMPTY):
        pages.ask(f"things?page={number}")
        pages.take([{"n": number}])


@pytest.mark.parametrize("rows", [[{"n": 1}], [{"n": "\ud83d"}]])
def test_the_same_rows_are_a_circle_wherever_they_come_again(pages: Pages, rows: list[Any]) -> None:
    pages.take(rows)
    pages.take([{"n": 2}])
    pages.take([])
    with pytest.raises(UnexpectedAnswer, match="the same rows again and again"):
        pages.take(rows)


def test_the_same_address_is_a_circle(pages: Pages) -> None:
    pages.ask("things?page=1")
    pages.ask("things?page=2")
    with pytest.raises(UnexpectedAnswer, match=r"the same next page again and again \(2 pages were read\)"):
        pages.ask("things?page=1")
