"""The cells of a row as the Web API gives them, made into values; what is of another kind is None, never an error."""

from __future__ import annotations

from typing import Any
from uuid import UUID


def text(value: Any) -> str | None:
    """Text; None for null."""
    return None if value is None else str(value)


def number(value: Any) -> int | None:
    """A whole number, also as a text or with a fraction of nothing; None for null and for what is none."""
    if value is None or isinstance(value, bool):
        return None
    try:
        found = int(value)
        return found if not isinstance(value, float) or found == value else None
    except (TypeError, ValueError, OverflowError):
        return None


def count(value: Any) -> int | None:
    """How many there are; None for null and for what is no count, such as -1."""
    found = number(value)
    return found if found is not None and found >= 0 else None


def identity(value: Any) -> UUID | None:
    """An id; None for null and for what is none."""
    try:
        return UUID(str(value))
    except ValueError:
        return None
