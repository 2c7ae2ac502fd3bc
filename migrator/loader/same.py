"""When two real-time queries are the same."""

from __future__ import annotations

from migrator.mql import QueryError, parse_realtime
from migrator.mql.meaning import same_meaning


def same_query(one: str, other: str) -> bool:
    """Whether two real-time queries mean the same, however they are written: the product's editor has its own ways."""
    if one.strip() == other.strip():
        return True
    try:
        return same_meaning(parse_realtime(one), parse_realtime(other))
    except QueryError:
        return False
