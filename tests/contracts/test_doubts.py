"""What only a person can decide about a list: each kind by itself, and nothing where there is no doubt."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from migrator.contracts.choices import Doubt
from migrator.contracts.doubts import doubts, doubts_about_exclusions
from migrator.contracts.legacy_segment import LegacySegment, segment_of
from migrator.contracts.members import Excluding, Members, MemberSource
from migrator.product.codes import LegacyStatus, LegacyType
from tests.small import STATIC, row

FILE, SERVICE, ROW = (Members(source, 98) for source in (MemberSource.FILE, MemberSource.SERVICE, MemberSource.ROW))


def segment(
    kind: LegacyType = LegacyType.STATIC, status: LegacyStatus = LegacyStatus.LIVE, size: int | None = 98
) -> LegacySegment:
    return segment_of(row(STATIC, "VIP", kind, status, msdyncrm_segmentsize=size))


@pytest.mark.parametrize("members", [FILE, SERVICE, ROW, Members(MemberSource.NONE)])
def test_a_list_without_doubts_has_none(members: Members) -> None:
    assert doubts(members, segment(), 0.02) == {}


@pytest.mark.parametrize(
    ("members", "more", "expected"),
    [
        (FILE, {"unreadable": 3}, {Doubt.UNREADABLE: 3}),
        (SERVICE, {"unreadable": 3}, {}),  # what the organisation itself said is no typing error
        (FILE, {"not_found": 1}, {Doubt.NOT_FOUND: 1}),
        (FILE, {"ambiguous": 2}, {Doubt.AMBIGUOUS: 2}),
        (FILE, {"gone": 2}, {}),  # 2 of 100: at the edge of the tolerance
        (FILE, {"gone": 3}, {Doubt.GONE: 3}),
        (FILE, {"question": "which column?"}, {Doubt.QUESTION: 1}),
        (Members(MemberSource.NONE), {"question": "which column?", "not_found": 4}, {Doubt.QUESTION: 1}),
        (FILE, {"count": 0}, {Doubt.NOBODY: 1}),
        (FILE, {"count": 0, "gone": 5}, {Doubt.NOBODY: 1}),  # one question about it is enough
    ],
)
def test_each_doubt_is_counted_by_its_kind_and_goes_when_it_is_accepted(
    members: Members, more: dict[str, Any], expected: dict[Doubt, int]
) -> None:
    found = doubts(replace(members, **more), segment(), 0.02)
    assert found == expected
    accepted = replace(members, accepted=tuple(expected), **more)
    assert doubts(accepted, segment(), 0.02) == {}


@pytest.mark.parametrize(
    ("kind", "source", "size", "lost", "asked"),
    [
        (LegacyType.STATIC, MemberSource.SERVICE, 0, 0, False),  # it was empty before, too
        (LegacyType.STATIC, MemberSource.SERVICE, 1, 0, True),
        (LegacyType.STATIC, MemberSource.SERVICE, None, 0, True),
        (LegacyType.STATIC, MemberSource.ROW, 0, 2, True),
        (LegacyType.STATIC, MemberSource.FILE, 0, 0, True),
        (LegacyType.DYNAMIC, MemberSource.SERVICE, 5, 0, False),  # its query is carried over, whoever is in it
        (LegacyType.DYNAMIC, MemberSource.FILE, 0, 0, True),
    ],
)
def test_a_list_of_nobody_is_asked_about_where_somebody_may_be_lost(
    kind: LegacyType, source: MemberSource, size: int | None, lost: int, asked: bool
) -> None:
    found = doubts(Members(source, 0, gone=lost), segment(kind, size=size), 0.02)
    assert found == ({Doubt.NOBODY: 1} if asked else {})


@pytest.mark.parametrize(
    ("status", "size", "asked"),
    [(LegacyStatus.LIVE, None, True), (LegacyStatus.LIVE, 98, False), (LegacyStatus.DRAFT, None, False)],
)
def test_members_of_a_row_are_asked_about_where_nothing_says_how_many_they_were(
    status: LegacyStatus, size: int | None, asked: bool
) -> None:
    assert doubts(ROW, segment(status=status, size=size), 0.02) == ({Doubt.ROW: 98} if asked else {})
    assert doubts(SERVICE, segment(status=status, size=size), 0.02) == {}


@pytest.mark.parametrize(
    ("left", "count", "expected"),
    [
        ({}, 98, {}),
        ({"unreadable": 3}, 98, {Doubt.UNREADABLE: 3}),
        ({"not_found": 1, "ambiguous": 2}, 98, {Doubt.NOT_FOUND: 1, Doubt.AMBIGUOUS: 2}),
        ({"gone": 2}, 98, {}),
        ({"gone": 3}, 98, {Doubt.GONE: 3}),
        ({"gone": 3}, 0, {Doubt.NOBODY: 1}),
        ({"gone": 3}, None, {}),
        ({"question": "which?"}, None, {Doubt.QUESTION: 1}),
    ],
)
def test_of_people_who_are_left_out_the_same_is_asked(
    left: dict[str, Any], count: int | None, expected: dict[Doubt, int]
) -> None:
    members = replace(SERVICE, excluded=count, excluding=Excluding("out.csv", **left))
    assert doubts_about_exclusions(members, 0.02) == expected
    assert doubts_about_exclusions(replace(members, excluding=None), 0.02) == {}
    settled = Excluding("out.csv", accepted=tuple(expected), **left)
    assert doubts_about_exclusions(replace(members, excluding=settled), 0.02) == {}
