"""Lists of who is on one side only: read back for the look that counted them, and for no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.base.ids import packed, unpacked
from migrator.contracts.verification import DIFFERENCES, Kind, Match, Verified, read_difference, write_difference
from tests.small import STATIC, contact


def test_a_list_is_read_back_for_the_look_that_counted_so_many(tmp_path: Path) -> None:
    assert read_difference(tmp_path, STATIC, Kind.MISSING, 0) is None
    name = write_difference(tmp_path, STATIC, Kind.MISSING, packed([contact(2), contact(1)]))
    assert name == f"{DIFFERENCES}/{STATIC}-missing.csv"
    found = read_difference(tmp_path, STATIC, Kind.MISSING, 2)
    assert found is not None
    assert list(unpacked(found)) == [contact(1), contact(2)]
    assert read_difference(tmp_path, STATIC, Kind.MISSING, 1) is None
    assert read_difference(tmp_path, STATIC, Kind.SURPLUS, 2) is None
    write_difference(tmp_path, STATIC, Kind.MISSING, packed([]))
    nobody = read_difference(tmp_path, STATIC, Kind.MISSING, 0)
    assert nobody is not None
    assert len(nobody) == 0


@pytest.mark.parametrize("content", ["contactid\nnobody\n", "contactid\n\u00e9\n"])
def test_a_list_that_nobody_can_read_is_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / write_difference(tmp_path, STATIC, Kind.DELETED, packed([contact(1)]))
    path.write_text(content, encoding="utf-8")
    assert read_difference(tmp_path, STATIC, Kind.DELETED, 1) is None


def test_a_look_tells_of_nobody_who_is_missing_unless_it_says_so() -> None:
    seen = Verified(STATIC, Match.EQUAL, 5, 5)
    assert (seen.inactive, seen.deleted, seen.missing, seen.surplus) == (0, 0, 0, 0)
    assert (seen.verified, seen.partly) == (True, False)
