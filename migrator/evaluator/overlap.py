"""Which of many sets hold the same people, and which lie within one another, without comparing all pairs.

Every set is read a stated number of times, in the database: once for a checksum that does not depend on the order, once
for a sample, once to look where the samples are. Only what these leave over is compared one by one. Nothing is carried
through Python but counts, so that memory stays within the database's bound.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migrator.evaluator.population import Population
from migrator.evaluator.select import MEMBER, Stored

_SAMPLE = 512
"""Members of a set that are looked for in all others. Where 99 of 100 are in another set, one in 170 such sets passes;
what passes is compared in full."""
_TRIES = 6
"""Sets that are compared in full to find one that holds a given set, the smallest first."""


@dataclass(frozen=True, slots=True)
class Alike:
    """What was found out about some sets, by their positions."""

    sizes: tuple[int, ...]
    equal: tuple[tuple[int, ...], ...]
    """Groups of two or more that hold the same people; nobody is no group."""
    within: tuple[tuple[int, int], ...]
    """Inner and outer set: the smallest that was found to hold everybody of the inner one, and more. Of sets that hold
    the same people only the first of the group is named."""


def alike(people: Population, sets: Sequence[Stored]) -> Alike:
    """Compare sets.

    Args:
        people: that holds them.
        sets: any number; for n sets of m people the database reads 3 · n · m rows, and n times a few sets in full.
    """
    marks = _marks(people, sets)
    sizes = tuple(size for size, *_ in marks)
    same: dict[tuple[int, ...], list[list[int]]] = defaultdict(list)
    for number, mark in enumerate(marks):
        if not mark[0]:
            continue
        # Equal checksums are no proof: of two sets of one size, one that lies within the other is the other.
        groups = same[mark]
        group = next((one for one in groups if people.lies_within(sets[number], sets[one[0]])), None)
        if group is None:
            groups.append([number])
        else:
            group.append(number)
    groups_of_all = [group for groups in same.values() for group in groups]
    firsts = sorted(group[0] for group in groups_of_all)
    return Alike(
        sizes,
        tuple(sorted(tuple(group) for group in groups_of_all if len(group) > 1)),
        tuple(_within(people, sets, sizes, firsts)),
    )


def _marks(people: Population, sets: Sequence[Stored]) -> list[tuple[int, ...]]:
    """Size and checksums of each set, whatever the order of its members."""
    checksums = f"count(*), coalesce(sum(hash({MEMBER})), 0), coalesce(bit_xor(hash({MEMBER}, 1)), 0)"
    found = []
    for one in sets:
        (row,) = people.query(f"SELECT {checksums} FROM {one.table}")  # noqa: S608 - names of ours
        found.append(tuple(int(str(number)) for number in row))
    return found


def _within(
    people: Population, sets: Sequence[Stored], sizes: Sequence[int], firsts: Sequence[int]
) -> Iterator[tuple[int, int]]:
    if len(firsts) < 2:
        return
    candidates = _candidates(people, sets, sizes, firsts)
    for inner in firsts:
        tried = sorted((outer for outer in candidates[inner]), key=lambda outer: (sizes[outer], outer))
        outer = next((one for one in tried[:_TRIES] if people.lies_within(sets[inner], sets[one])), None)
        if outer is not None:
            yield inner, outer


def _candidates(
    people: Population, sets: Sequence[Stored], sizes: Sequence[int], firsts: Sequence[int]
) -> dict[int, list[int]]:
    """Inner set → larger sets that hold all of its sample; members are known by their hashes, which take less room."""
    people.query("CREATE OR REPLACE TEMP TABLE overlap_sample (inner_set INTEGER, mark UBIGINT)")
    for number in firsts:
        lowest = f"SELECT hash({MEMBER}) AS mark FROM {sets[number].table} ORDER BY mark LIMIT {_SAMPLE}"  # noqa: S608
        people.query(f"INSERT INTO overlap_sample SELECT {number}, mark FROM ({lowest})")  # noqa: S608
    found: dict[int, list[int]] = defaultdict(list)
    for outer in firsts:
        marks = f"(SELECT hash({MEMBER}) AS mark FROM {sets[outer].table})"  # noqa: S608
        hits = f"SELECT inner_set, count(*) FROM overlap_sample SEMI JOIN {marks} USING (mark) GROUP BY inner_set"  # noqa: S608
        for one, count in people.query(hits):
            inner = int(str(one))
            if sizes[outer] > sizes[inner] and int(str(count)) == min(sizes[inner], _SAMPLE):
                found[inner].append(outer)
    people.query("DROP TABLE overlap_sample")
    return found
