"""A finished export that is changed: until the change is finished, it is what it was."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from migrator.base.ids import packed, unpacked
from migrator.contracts.export_folder import member_reader, read_export
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.members import Members, MemberSource
from tests.small import STATIC, contact

FILE = Members(MemberSource.FILE, origin="members.csv")


def write(writer: ExportWriter, people: Iterable[int], *, excluded: bool) -> None:
    ids = packed(contact(n) for n in people)
    if excluded:
        writer.exclusions(STATIC, ids)
    else:
        writer.members(STATIC, ids, FILE)


def people(export: Path, *, excluded: bool) -> list[int]:
    read_export(export)  # refuses what is damaged
    return [one.int & 0xFF for one in unpacked(member_reader(export)(STATIC, excluded=excluded))]


@pytest.mark.parametrize("excluded", [False, True])
def test_a_list_is_not_written_over_the_one_of_a_finished_export(small_export: Path, excluded: bool) -> None:
    first = ExportWriter.reopen(small_export)
    write(first, range(5), excluded=excluded)
    first.finish()
    for number in (6, 7, 8):
        before = people(small_export, excluded=excluded)
        changed = ExportWriter.reopen(small_export)
        write(changed, [number, number + 1], excluded=excluded)
        assert people(small_export, excluded=excluded) == before  # an end here would leave a whole export
        changed.finish()
        assert people(small_export, excluded=excluded) == [number, number + 1]
    lists = [path.name for path in (small_export / "members").glob(f"{STATIC}*.csv")]
    assert len(lists) == 1 + excluded, lists


def test_a_list_that_is_written_twice_in_one_change_is_the_second_one(small_export: Path) -> None:
    changed = ExportWriter.reopen(small_export)
    write(changed, [1, 2], excluded=False)
    write(changed, [3], excluded=False)
    assert people(small_export, excluded=False) == [0, 1, 2, 3, 4]
    changed.finish()
    assert people(small_export, excluded=False) == [3]
