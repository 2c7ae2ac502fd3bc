"""Moments as everything here takes them: UTC, without saying so."""

from __future__ import annotations

from datetime import UTC, datetime


def moment_of(text: str) -> datetime:
    """The moment of an ISO 8601 text, such as `2026-04-30` or `2026-04-30T12:00:00+02:00`, in UTC without a zone.

    Args:
        text: without an offset it is UTC, wherever the machine stands.

    Raises:
        ValueError: it is no date, or one that no calendar holds in UTC.
    """
    return in_utc(datetime.fromisoformat(text))


def in_utc(moment: datetime) -> datetime:
    """A moment in UTC, without a zone; without a zone it is in UTC already.

    Raises:
        ValueError: no calendar holds it in UTC.
    """
    try:
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except OverflowError as error:
        raise ValueError(str(error)) from error
