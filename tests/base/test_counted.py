"""Numbers with the words behind them."""

from __future__ import annotations

import pytest

from migrator.base.counted import so_many


@pytest.mark.parametrize(
    ("count", "words", "said"),
    [
        (0, ("member",), "0 members"),
        (1, ("member",), "1 member"),
        (2, ("member",), "2 members"),
        (1234, ("member",), "1,234 members"),
        (1, ("person is", "people are"), "1 person is"),
        (12, ("person is", "people are"), "12 people are"),
    ],
)
def test_one_is_said_as_one(count: int, words: tuple[str, ...], said: str) -> None:
    assert so_many(count, *words) == said
