"""What uses a legacy segment, told from every row that may say so: designs, rows of use, counts, segments."""

from __future__ import annotations

from uuid import UUID

import pytest

from migrator.contracts.usage import Journey, Life, SegmentUse, Usage, Use, usage_of, users_of
from migrator.dataverse.usage import JourneyRow, Seen, UsageRow, UsedSegment
from migrator.product.codes import JourneyStatus, LegacyStatus, SegmentSource

OLD, OTHER, MIRROR, SECOND, NEW, USER = (UUID(int=number) for number in range(1, 7))
WELCOME, SPRING, BIRTHDAY, STRANGER = (UUID(int=0x100 + number) for number in range(4))


def journey(key: UUID, status: int = JourneyStatus.DRAFT, *mentions: UUID, designed: bool = True) -> JourneyRow:
    return JourneyRow(key, f"journey {key.int}", status, "", frozenset(mentions), designed)


def mirror(key: UUID, of: UUID = OLD, published: int | None = None, last_used: str = "") -> UsedSegment:
    return UsedSegment(key, "mirror", SegmentSource.OUTBOUND, of, None, 1, "", published, last_used)


def segment(key: UUID, name: str, published: int | None = None) -> UsedSegment:
    return UsedSegment(key, name, SegmentSource.JOURNEYS, UUID(int=9), 4, 1, "", published)


# --- who points at it ------------------------------------------------------------------------------------------------


def test_a_design_that_names_the_segment_or_its_mirror_points_at_it() -> None:
    seen = Seen(
        (mirror(MIRROR),), (), (journey(WELCOME, 1, OLD), journey(SPRING, 1, MIRROR), journey(STRANGER, 1, NEW))
    )
    found = usage_of(seen, [OLD, OTHER])
    assert found.of(OLD) == SegmentUse((MIRROR,), journeys=(WELCOME, SPRING))
    assert [*found.journeys] == [WELCOME, SPRING]
    assert found.of(OTHER) == SegmentUse()
    assert OTHER not in found.segments


@pytest.mark.parametrize("row", [UsageRow(MIRROR, None, WELCOME), UsageRow(MIRROR, WELCOME, None)])
def test_a_row_of_use_names_a_journey_as_such_or_as_what_depends(row: UsageRow) -> None:
    found = usage_of(Seen((mirror(MIRROR),), (row,)), [OLD])
    assert found.of(OLD).journeys == (WELCOME,)
    assert found.journeys[WELCOME] == Journey(
        WELCOME, "", outbound=False, status_code=None, label="", life=Life.UNKNOWN
    )
    assert found.use(OLD) is Use.LIVE  # a journey that nobody can see may send


def test_a_row_of_use_may_name_another_segment() -> None:
    seen = Seen(
        (mirror(MIRROR), segment(USER, "VIP of VIP")), (UsageRow(MIRROR, USER, None), UsageRow(NEW, USER, None))
    )
    found = usage_of(seen, [OLD])
    assert found.of(OLD) == SegmentUse((MIRROR,), segments=("VIP of VIP",))
    assert found.use(OLD) is Use.DRAFT


def test_a_row_of_use_that_names_nobody_says_nothing() -> None:
    assert usage_of(Seen((mirror(MIRROR),), (UsageRow(MIRROR, None, None),)), [OLD]).of(OLD).journeys == ()


@pytest.mark.parametrize(
    ("status", "mentions", "designed", "points"),
    [
        (JourneyStatus.DRAFT, (), True, False),  # the row has outlived the design
        (JourneyStatus.DRAFT, (MIRROR,), True, True),
        (JourneyStatus.DRAFT, (), False, True),  # nobody can see the design
        (JourneyStatus.LIVE, (), True, True),
        (JourneyStatus.STOPPED, (), True, False),
        (4711, (), True, True),  # it may be live
    ],
)
def test_a_row_of_use_counts_unless_the_design_shows_that_it_is_old(
    status: int, mentions: tuple[UUID, ...], designed: bool, points: bool
) -> None:
    row = journey(WELCOME, status, *mentions, designed=designed)
    found = usage_of(Seen((mirror(MIRROR),), (UsageRow(MIRROR, None, WELCOME),), (row,)), [OLD])
    assert (found.of(OLD).journeys == (WELCOME,)) is points


def test_counts_of_all_mirrors_are_added_and_the_last_use_is_the_latest() -> None:
    seen = Seen(
        (mirror(MIRROR, published=2, last_used="2024-01-01"), mirror(SECOND, published=3, last_used="2025-01-01"))
    )
    assert usage_of(seen, [OLD]).of(OLD) == SegmentUse((MIRROR, SECOND), 5, "2025-01-01")
    assert usage_of(Seen((mirror(MIRROR), mirror(SECOND, published=0))), [OLD]).of(OLD).published == 0
    assert usage_of(Seen((mirror(MIRROR),)), [OLD]).of(OLD).published is None


def test_a_segment_beside_it_is_looked_for_with_it_and_is_no_mirror() -> None:
    seen = Seen((segment(NEW, "new", published=4),), (), (journey(WELCOME, 2, NEW),))
    assert usage_of(seen, [OLD], {OLD: (NEW,)}).of(OLD) == SegmentUse((), 4, "", (WELCOME,))
    assert usage_of(seen, [OLD]).of(OLD) == SegmentUse()


def test_journeys_of_real_time_segments_are_told_for_each() -> None:
    seen = Seen(
        (segment(NEW, "new"), segment(USER, "user")), (), (journey(WELCOME, 2, NEW), journey(SPRING, 1, NEW, USER))
    )
    told = {key: [one.id for one in found] for key, found in users_of(seen, [NEW, USER, OTHER]).items()}
    assert told == {NEW: [WELCOME, SPRING], USER: [SPRING], OTHER: []}


# --- what their states mean ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outbound", "status", "life"),
    [
        (False, JourneyStatus.DRAFT, Life.DRAFT),
        (False, JourneyStatus.LIVE, Life.LIVE),
        (False, JourneyStatus.STOPPED, Life.ENDED),
        (False, JourneyStatus.STOPPING, Life.LIVE),
        (False, LegacyStatus.LIVE, Life.UNKNOWN),
        (True, LegacyStatus.LIVE, Life.LIVE),
        (True, LegacyStatus.ERROR, Life.DRAFT),
        (True, JourneyStatus.LIVE, Life.UNKNOWN),
        (True, None, Life.UNKNOWN),
    ],
)
def test_a_state_is_read_by_the_module_that_the_journey_is_of(outbound: bool, status: int | None, life: Life) -> None:
    row = JourneyRow(BIRTHDAY, "Birthday", status, "", frozenset({OLD}), designed=True)
    found = usage_of(Seen(outbound_journeys=(row,)) if outbound else Seen(journeys=(row,)), [OLD]).journeys[BIRTHDAY]
    assert (found.life, found.outbound) == (life, outbound)
    assert found.label == ("" if status is None else f"unknown ({status})")


@pytest.mark.parametrize(("status", "known"), [(JourneyStatus.LIVE, False), (None, False), (JourneyStatus.DRAFT, True)])
def test_a_journey_that_may_send_and_shows_no_design_leaves_the_use_unknown(status: int | None, known: bool) -> None:
    row = JourneyRow(WELCOME, "Welcome", status, "", frozenset(), designed=False)
    for seen in (Seen(journeys=(row,)), Seen(outbound_journeys=(row,))):
        found = usage_of(seen, [OLD])
        if seen.outbound_journeys and status == JourneyStatus.DRAFT:
            continue  # the outbound module numbers its states otherwise
        assert ("designs" not in found.unread) is known
        assert found.use(OLD) is (Use.NONE if known else Use.UNKNOWN)


def test_what_could_not_be_read_is_handed_on_and_the_first_reason_stays() -> None:
    blank = JourneyRow(WELCOME, "Welcome", JourneyStatus.LIVE, "", frozenset(), designed=False)
    found = usage_of(Seen(journeys=(blank,), unread={"usages": "403", "designs": "said before"}), [OLD])
    assert found.unread == {"usages": "403", "designs": "said before"}
    assert not found.complete
    assert Usage(unread={"counts": "400"}).complete
