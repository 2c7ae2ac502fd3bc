"""Another organisation than the one that an export came from: it has to know most people, also those left out."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from migrator.base.errors import UsageError
from migrator.base.ids import Ids, packed
from migrator.base.progress import Silent
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.members import Excluding, Members, MemberSource
from migrator.extractor.directory import ExportDirectory
from migrator.extractor.strangers import refuse_strangers
from tests.small import COMPOUND, DYNAMIC, INACTIVE, ROW_ONLY, STATIC, contact


def people(*numbers: int) -> Ids:
    return packed([contact(number) for number in numbers])


def export_of(folder: Path, members: Ids, excluded: Ids) -> Path:
    """An export in which one segment has members and people who are left out, and no other has any."""
    writer = ExportWriter.reopen(folder)
    for key in (DYNAMIC, COMPOUND, INACTIVE, ROW_ONLY):
        writer.no_members(key, Members(MemberSource.NOT_READ))
    writer.members(STATIC, members, Members(MemberSource.FILE))
    writer.exclusions(STATIC, excluded, Excluding("out.csv"))
    writer.finish()
    return folder


def asked(folder: Path) -> None:
    asyncio.run(refuse_strangers(folder, ExportDirectory(folder), "https://other.example", Silent()))


@pytest.mark.parametrize(
    ("members", "excluded", "known"),
    [
        ((0, 1), (), None),
        ((0, 91), (), None),
        ((0, 91, 92), (), 1),
        ((0, 1), (91, 92), None),
        ((0, 1), (90, 91, 92), 2),
    ],
)
def test_half_of_the_people_may_be_unknown_and_no_more(
    small_export: Path, members: tuple[int, ...], excluded: tuple[int, ...], known: int | None
) -> None:
    export_of(small_export, people(*members), people(*excluded))
    if known is None:
        asked(small_export)
        return
    every = len({*members, *excluded})
    with pytest.raises(UsageError, match=rf"Of the {every} contacts in the export, {known} are in https://other"):
        asked(small_export)


def test_somebody_who_is_left_out_twice_counts_once_and_nobody_is_no_stranger(small_export: Path) -> None:
    export_of(small_export, people(0, 91), people(91))
    asked(small_export)  # two people, one of them unknown
    asked(export_of(small_export, people(), people()))


@pytest.mark.parametrize("row", ["nobody,0", ",0", f"{UUID(int=1)},open", f"{UUID(int=1)},7"])
def test_a_damaged_row_of_the_contacts_is_named(tmp_path: Path, row: str) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/contact.csv").write_text(f"contactid,statecode\n{UUID(int=2)},0\n{row}\n")
    with pytest.raises(UsageError, match="cannot be read at line 3"):
        ExportDirectory(tmp_path)
