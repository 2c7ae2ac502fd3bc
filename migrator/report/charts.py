"""Drawings for the report: where everything stands in them. Templates turn this into inline SVG."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from migrator.report.row import ReportRow

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


def flow(steps: Iterable[Sequence[str]]) -> Flow:
    """An alluvial drawing of things that each have a value in every column.

    Args:
        steps: the values of each thing, column by column; the last one colours it.
    """
    paths = Counter(tuple(step) for step in steps)
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
            yield Ribbon(source, target, count, shape, kind)


# --- members before against members after ----------------------------------------------------------------------------

SIDE = 320.0
_MARGIN = 46.0


@dataclass(frozen=True, slots=True)
class Mark:
    """One segment, or several at the same place."""

    x: float
    y: float
    standing: str
    count: int
    name: str
    """Of the first one."""
    before: int
    after: int

    @property
    def off(self) -> bool:
        """Whether it stands beside the line."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Tick:
    """A number at both axes."""

    at: float
    """Distance from the corner."""
    value: int


@dataclass(frozen=True, slots=True)
class Diagonal:
    """The whole drawing; both axes grow by powers of ten, beginning with nobody."""

    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    segments: int
    off: int
    side: float = SIDE
    margin: float = _MARGIN


def diagonal(rows: Iterable[ReportRow]) -> Diagonal:
    """One mark for each row that has a number before and after."""
    points = [
        (row.before, row.after, row.standing, row.name)
        for row in rows
        if row.before is not None and row.after is not None
    ]
    most = max((max(before, after) for before, after, _, _ in points), default=1)
    top = 10 ** math.ceil(math.log10(max(most, 10)))
    span = SIDE - _MARGIN - 10

    def place(value: int) -> float:
        return span * math.log10(1 + value) / math.log10(1 + top)

    found: dict[tuple[float, float, str], Mark] = {}
    # Those on the line are drawn first, so that the others stand out.
    for before, after, standing, name in sorted(points, key=lambda point: point[0] != point[1]):
        x, y = _MARGIN + place(before), SIDE - _MARGIN - place(after)
        key = (round(x, 0), round(y, 0), standing)
        old = found.get(key)
        found[key] = (
            Mark(old.x, old.y, standing, old.count + 1, old.name, old.before, old.after)
            if old
            else Mark(round(x, 1), round(y, 1), standing, 1, name, before, after)
        )
    powers = [0, *(10**power for power in range(round(math.log10(top)) + 1))]
    ticks = tuple(Tick(round(place(value), 1), value) for value in powers)
    return Diagonal(tuple(found.values()), ticks, len(points), sum(before != after for before, after, _, _ in points))
