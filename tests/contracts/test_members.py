"""What the manifest says of a list: what is not said is nothing, and what is nothing is not said."""

from __future__ import annotations

import pytest

from migrator.contracts.members import Excluding, Members, MemberSource, entry_of, members_of
from migrator.contracts.predictions import SAFE, Against, Basis, Kind, Overlap, Prediction
from tests.small import DYNAMIC, STATIC

FULL = Members(
    MemberSource.FILE, 5, 1, 2, 3.5, "why", "a.csv", checked=True, gone=4, not_found=6, ambiguous=7, inactive=8,
    excluded=9, excluding=Excluding("out.csv", 1, 2, 3, checked=True, gone=4, not_found=5, ambiguous=6,
    accepted=("gone",), question="which?"), set_aside=10, accepted=("row",), question="which?", unanswered=True,
)  # fmt: skip


@pytest.mark.parametrize(
    "members",
    [FULL, Members(MemberSource.NONE), Members(MemberSource.FILE, 0, excluded=0, excluding=Excluding())],
)
def test_an_entry_is_read_as_it_was_written(members: Members) -> None:
    assert members_of(entry_of(members)) == members


def test_what_an_entry_does_not_say_is_nothing() -> None:
    assert entry_of(Members(MemberSource.SERVICE, 0)) == {"source": "service", "count": 0}
    assert members_of({"source": "row"}) == Members(MemberSource.ROW)
    assert members_of({"source": "file", "count": "", "excluding": {}}) == Members(
        MemberSource.FILE, excluding=Excluding()
    )
    nothing = Excluding()
    assert not any(
        (nothing.unreadable, nothing.duplicates, nothing.set_aside, nothing.gone, nothing.not_found, nothing.ambiguous)
    )
    assert not Members(MemberSource.NONE).known
    with pytest.raises(ValueError, match="hearsay"):
        members_of({"source": "hearsay"})


def test_a_copy_is_safe_to_leave_behind_where_it_stays_one_and_nothing_speaks_against_it() -> None:
    empty = Overlap(Kind.EMPTY, STATIC, None, 0)
    assert (empty.of, empty.safe) == (0, False)
    for basis in Basis:
        one = Overlap(Kind.EQUAL, STATIC, DYNAMIC, 5, 5, basis)
        assert one.safe is (basis in SAFE)
        assert not Overlap(Kind.EQUAL, STATIC, DYNAMIC, 5, 5, basis, Against.USED).safe
    assert Basis.TODAY not in SAFE


def test_a_prediction_tells_of_nobody_who_differs_unless_it_says_so() -> None:
    one = Prediction(STATIC, "VIP", 5)
    assert (one.inactive, one.deleted, one.missing, one.surplus, one.token) == (0, 0, 0, 0, ":0:0")
    assert not one.holds
