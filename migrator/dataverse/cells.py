"""The cells of a row as the Web API gives them, made into values; what is of another kind is None, never an error."""

from __future__ import annotations

from typing import Any
from uuid import UUID


def text(value: Any) -> str | None:
    """Text; None for null."""
    return None if value is None else str(value)


def number(value: Any) -> int | None:
    """A whole number; None for null and for what is none."""
    try:
        return None if value is None else int(value)
    except (TypeError, ValueError):
        return None


def identity(value: Any) -> UUID | None:
    """An id; None for null and for what is none."""
    try:
        return UUID(str(value))
    except ValueError:
        return None
