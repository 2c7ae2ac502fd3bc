"""Which segments a run is about, and what is said when it is about none."""

from __future__ import annotations

from uuid import UUID

import pytest

from migrator.base.errors import UsageError
from migrator.contracts.legacy_segment import LegacySegment, segment_of
from migrator.contracts.selection import Selection, nothing_chosen, selection_of, selects
from migrator.product.codes import LegacyStatus, LegacyType
from tests.small import row, segment

VIP = segment_of(row(segment(1), "VIP [old]", LegacyType.STATIC, LegacyStatus.LIVE))
NEWS = segment_of(row(segment(2), "Newsletter", LegacyType.DYNAMIC, LegacyStatus.DRAFT))


@pytest.mark.parametrize(
    ("selection", "chosen"),
    [
        (Selection(), [VIP, NEWS]),
        (Selection(names=("vip [OLD]",)), [VIP]),
        (Selection(names=("v*", "news*")), [VIP, NEWS]),
        (Selection(names=("v?",)), []),
        (Selection(ids=(segment(2),)), [NEWS]),
        (Selection(types=(int(LegacyType.STATIC),)), [VIP]),
        (Selection(statuses=(int(LegacyStatus.DRAFT),)), [NEWS]),
        (Selection(types=(int(LegacyType.STATIC),), statuses=(int(LegacyStatus.DRAFT),)), []),
        (Selection(names=("*",), ids=(segment(1),)), [VIP]),
    ],
)
def test_a_segment_has_to_pass_each_filter(selection: Selection, chosen: list[LegacySegment]) -> None:
    assert [one for one in (VIP, NEWS) if selects(selection, one)] == chosen


def test_words_are_read_as_people_write_them() -> None:
    read = selection_of(["VIP"], [str(segment(1))], ["Static", "4711"], ["live editable", "GOING_LIVE"])
    assert read == Selection(
        ("VIP",),
        (segment(1),),
        (int(LegacyType.STATIC), 4711),
        (int(LegacyStatus.LIVE_EDITABLE), int(LegacyStatus.GOING_LIVE)),
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (([], ["VIP"], [], []), "--id takes the id of a segment; VIP is none. Use --name for names."),
        (([], [], ["big"], []), "--type cannot be big; it is one of "),
        (([], [], [], ["gone"]), "--status cannot be gone; it is one of "),
    ],
)
def test_a_word_that_is_none_is_refused(words: tuple[list[str], ...], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        selection_of(*words)
    assert said in str(refused.value)


def test_filters_that_nothing_passes_are_told_with_the_nearest_names() -> None:
    both = [VIP, NEWS]
    assert nothing_chosen(Selection(), both) == ""
    assert nothing_chosen(Selection(), []) == ""
    assert nothing_chosen(Selection(names=("vip*",)), both) == ""
    every = Selection(("Newsleter",), (UUID(int=7),), (1,), (2,))
    assert nothing_chosen(every, both) == (
        f"None of the 2 segments passes the filter --name Newsleter, --id {UUID(int=7)}, --type 1, --status 2. "
        "Did you mean “Newsletter”? Check it, or leave a part of it out. Nothing was changed."
    )
    assert "Did you mean" not in nothing_chosen(Selection(names=("Something else",)), both)
