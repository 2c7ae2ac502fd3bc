"""Drawings for the report, as inline SVG made by a template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of the bar of outcomes."""

    outcome: str
    count: int
    x: float
    """Left edge, in units of the drawing."""
    width: float
    share: float
    """Of all segments, in per cent."""


WIDTH = 1000.0


def outcome_bars(outcomes: Mapping[str, int]) -> list[Bar]:
    """One horizontal bar, a part for each outcome that occurs, in the order given."""
    total = sum(outcomes.values())
    bars, x = [], 0.0
    for outcome, count in outcomes.items():
        if count:
            width = WIDTH * count / total
            bars.append(Bar(outcome, count, round(x, 2), round(width, 2), round(100 * count / total, 1)))
            x += width
    return bars
