"""Drawings for the report: where everything stands in them. Templates turn this into inline SVG."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

# --- the flow from type and status to outcome ------------------------------------------------------------------------

WIDTH, HEIGHT = 760.0, 260.0
"""Of all ribbons together; the drawing is as much higher as the gaps between them need."""
_LINE = 15.0
"""From one word to the next."""
_BAR, _GAP = 14.0, 7.0
_LABEL = 118.0
"""Room for words on both sides."""


@dataclass(frozen=True, slots=True)
class Node:
    """One value of one column."""

    column: int
    name: str
    count: int
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Ribbon:
    """So many segments go from one value to the next."""

    column: int
    """Of its source."""
    source: str
    target: str
    count: int
    path: str
    """The shape, in the language of SVG paths."""
    kind: str
    """What colours it: the value of the last column."""


@dataclass(frozen=True, slots=True)
class Flow:
    """The whole drawing."""

    nodes: tuple[Node, ...]
    ribbons: tuple[Ribbon, ...]
    width: float = WIDTH
    height: float = HEIGHT
    bar: float = _BAR


def flow(steps: Iterable[tuple[Sequence[str], int]]) -> Flow:
    """An alluvial drawing of things that each have a value in every column.

    Args:
        steps: the values of each thing, column by column, and how much it weighs; the last value colours it.
    """
    paths = Counter[tuple[str, ...]]()
    for values, weight in steps:
        if weight:
            paths[tuple(values)] += weight
    if not paths:
        return Flow((), ())
    columns = len(next(iter(paths)))
    sizes = [Counter[str]() for _ in range(columns)]
    for path, count in paths.items():
        for column, name in enumerate(path):
            sizes[column][name] += count
    total = sum(paths.values())
    unit = HEIGHT / total
    lowest = 0.0
    nodes: dict[tuple[int, str], Node] = {}
    for column, found in enumerate(sizes):
        x = _LABEL + column * (WIDTH - 2 * _LABEL - _BAR) / max(columns - 1, 1)
        y = 2.0
        for name, count in sorted(found.items(), key=lambda one: (-one[1], one[0])):
            nodes[column, name] = Node(column, name, count, round(x, 1), round(y, 1), round(max(count * unit, 1.0), 1))
            y += max(count * unit + _GAP, _LINE)
        lowest = max(lowest, y)
    return Flow(tuple(nodes.values()), tuple(_ribbons(paths, nodes, columns, unit)), height=round(lowest, 1))


def _ribbons(
    paths: Mapping[tuple[str, ...], int], nodes: Mapping[tuple[int, str], Node], columns: int, unit: float
) -> Iterable[Ribbon]:
    leaving = {key: node.y for key, node in nodes.items()}
    arriving = dict(leaving)
    for column in range(columns - 1):
        links = Counter[tuple[str, str, str]]()
        for path, count in paths.items():
            links[path[column], path[column + 1], path[-1]] += count

        def order(link: tuple[str, str, str], column: int = column) -> tuple[float, float, str]:
            return nodes[column, link[0]].y, nodes[column + 1, link[1]].y, link[2]

        for source, target, kind in sorted(links, key=order):
            count = links[source, target, kind]
            left, right = nodes[column, source], nodes[column + 1, target]
            x1, x2, thick = left.x + _BAR, right.x, count * unit
            y1, y2 = leaving[column, source], arriving[column + 1, target]
            leaving[column, source] += thick
            arriving[column + 1, target] += thick
            middle = (x1 + x2) / 2
            shape = (
                f"M{x1:.1f} {y1:.1f}C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
                f"V{y2 + thick:.1f}C{middle:.1f} {y2 + thick:.1f} {middle:.1f} {y1 + thick:.1f} {x1:.1f} "
                f"{y1 + thick:.1f}Z"
            )
            yield Ribbon(column, source, target, count, shape, kind)
