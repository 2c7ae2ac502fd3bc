"""Numbers with the words behind them."""

from __future__ import annotations


def so_many(count: int, one: str, more: str = "") -> str:
    """A number and the words behind it, such as `1 member is` or `1,200 members are`.

    Args:
        count: how many.
        one: the words behind 1.
        more: the words behind every other number; left out, those behind 1 with an s.
    """
    return f"{count:,} {one if count == 1 else more or one + 's'}"
