"""Marketing lists into an export, what a person accepts, and who of older lists still exists."""

from __future__ import annotations

import asyncio
import csv
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from migrator.base.errors import UsageError
from migrator.base.ids import Ids, packed, unpacked
from migrator.base.progress import Silent
from migrator.contracts.choices import Doubt
from migrator.contracts.export_folder import member_reader, read_export
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.legacy_segment import LegacySegment
from migrator.contracts.members import Excluding, Members, MemberSource
from migrator.dataverse import lists
from migrator.dataverse.lists import MarketingList
from migrator.extractor.directory import ExportDirectory
from migrator.extractor.imports import Imported, Part, Wishes, accept, check_members, prepare, prepare_list, write
from migrator.extractor.sources import sources
from tests.small import DYNAMIC, LOST, ROW_ONLY, STATIC, contact

VIP, OTHER = UUID(int=0x11), UUID(int=0x12)
GONE = 99
"""A number that no contact has; 3 and 6 are inactive."""


class Lists:
    """The marketing lists of an organisation, all called alike."""

    def __init__(self) -> None:
        self.found = [MarketingList(VIP, "VIP", dynamic=False, of_contacts=True)]
        self.members: list[int] = []
        self.read: list[UUID] = []

    async def retrieve_lists(self, _: Any, name: str) -> list[MarketingList]:
        return self.found

    async def retrieve_members(self, _: Any, key: UUID) -> Ids:
        self.read.append(key)
        return people(*self.members)


def people(*numbers: int) -> Ids:
    return packed([contact(number) for number in numbers])


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Lists:
    made = Lists()
    for name in ("retrieve_lists", "retrieve_members"):
        monkeypatch.setattr(lists, name, getattr(made, name))
    return made


def segment(folder: Path, key: UUID) -> LegacySegment:
    return next(one for one in read_export(folder).segments if one.id == key)


def imported(folder: Path, key: UUID, wishes: Wishes | None = None) -> Imported:
    none: Any = None  # the lists are ours, so no client is needed
    directory, wishes = ExportDirectory(folder), wishes or Wishes()
    done = asyncio.run(prepare_list(folder, segment(folder, key), "VIP", none, directory, wishes))
    write(folder, [done], wishes)
    return done


def members(folder: Path, key: UUID, *, excluded: bool = False) -> list[UUID]:
    return list(unpacked(member_reader(folder)(key, excluded=excluded)))


def listed(folder: Path, key: UUID, kind: str) -> list[str]:
    path = folder / f"imports/{key}-{kind}.csv"
    lines = path.read_text(encoding="utf-8-sig").splitlines() if path.exists() else []
    return [row["entry"] for row in csv.DictReader(lines)]


# --- a marketing list ------------------------------------------------------------------------------------------------


def test_a_list_becomes_the_members_without_those_who_are_gone(small_export: Path, there: Lists) -> None:
    there.members = [1, 3, GONE]
    done = imported(small_export, LOST)
    known = read_export(small_export).members[LOST]
    assert known == Members(MemberSource.LIST, 2, origin="VIP", checked=True, gone=1, inactive=1)
    assert (done.members, done.kept, done.before.source) == (known, "", MemberSource.NONE)
    assert members(small_export, LOST) == [contact(1), contact(3)]
    assert listed(small_export, LOST, "members-gone") == [str(contact(GONE))]
    assert listed(small_export, LOST, "members-inactive") == [str(contact(3))]
    assert there.read == [VIP]


def test_members_of_a_more_trusted_source_are_kept_unless_they_are_to_be_replaced(
    small_export: Path, there: Lists
) -> None:
    there.members = [1]
    assert "5 members were read from a more trusted source (service)" in imported(small_export, STATIC).kept
    assert there.read == []
    assert len(members(small_export, STATIC)) == 5
    assert imported(small_export, STATIC, Wishes(replacing=True)).kept == ""
    assert members(small_export, STATIC) == [contact(1)]


def test_a_known_list_is_not_thrown_away_for_nobody_unless_that_is_accepted(small_export: Path, there: Lists) -> None:
    there.members = [GONE]
    assert (
        "the new list leaves nobody, and 5 people are known"
        in imported(small_export, STATIC, Wishes(replacing=True)).kept
    )
    assert len(members(small_export, STATIC)) == 5
    done = imported(small_export, STATIC, Wishes(replacing=True, accepted=frozenset({Doubt.NOBODY})))
    assert (done.kept, done.members.count, done.members.accepted) == ("", 0, ("nobody",))
    assert members(small_export, STATIC) == []


def test_a_list_of_nobody_is_taken_where_nothing_is_known(small_export: Path, there: Lists) -> None:
    assert (imported(small_export, LOST).kept, members(small_export, LOST)) == ("", [])


def test_a_list_may_hold_those_who_are_left_out(small_export: Path, there: Lists) -> None:
    there.members = [0, 1, GONE]
    imported(small_export, STATIC, Wishes(excluding=True, accepted=frozenset({Doubt.GONE})))
    known = read_export(small_export).members[STATIC]
    assert (known.source, known.count, known.excluded) == (MemberSource.SERVICE, 5, 2)
    assert known.excluding == Excluding("VIP", checked=True, gone=1, accepted=("gone",))
    assert members(small_export, STATIC, excluded=True) == [contact(0), contact(1)]
    assert listed(small_export, STATIC, "exclusions-gone") == [str(contact(GONE))]
    assert (
        "2 people are excluded from it already from VIP" in imported(small_export, STATIC, Wishes(excluding=True)).kept
    )
    there.members = [GONE]
    replaced = Wishes(excluding=True, replacing=True)
    assert "nobody, and 2 people are known" in imported(small_export, STATIC, replaced).kept


def test_members_from_a_list_keep_the_exclusions(small_export: Path, there: Lists) -> None:
    there.members = [0]
    imported(small_export, LOST, Wishes(excluding=True))
    there.members = [0, 1]
    imported(small_export, LOST)
    known = read_export(small_export).members[LOST]
    assert (known.count, known.excluded, known.excluding) == (2, 1, Excluding("VIP", checked=True))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([], r"There is no marketing list called “VIP”\. Name .* it stands in its address"),
        ([VIP, OTHER], rf"2 marketing lists are called “VIP”\. Name .*: {VIP}, {OTHER}\. Nothing"),
    ],
)
def test_exactly_one_list_has_to_be_meant(small_export: Path, there: Lists, found: list[UUID], words: str) -> None:
    there.found = [MarketingList(key, "VIP", dynamic=False, of_contacts=True) for key in found]
    with pytest.raises(UsageError, match=words):
        imported(small_export, LOST)


@pytest.mark.parametrize(
    ("dynamic", "of_contacts", "words"),
    [(True, True, "is dynamic"), (True, False, "is dynamic"), (False, False, "is not one of contacts")],
)
def test_only_a_static_list_of_contacts_has_members(
    small_export: Path, there: Lists, dynamic: bool, of_contacts: bool, words: str
) -> None:
    there.found = [MarketingList(VIP, "VIP", dynamic, of_contacts)]
    with pytest.raises(UsageError, match=words):
        imported(small_export, LOST)


# --- files -----------------------------------------------------------------------------------------------------------


def test_of_several_questions_about_a_segment_the_first_waits_and_all_are_listed(
    small_export: Path, tmp_path: Path
) -> None:
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text(f"contact,other\n{contact(1)},{contact(2)}\n")
    two.write_text("work,private\na@x.example,b@x.example\n")
    part = Part(segment(small_export, LOST), tuple(sources([one, two]).files))
    (done,) = asyncio.run(prepare(small_export, [part], Wishes(), None, Silent()))
    assert [question.split(":")[0] for question in done.questions] == ["The file one.csv", "The file two.csv"]
    assert done.members.question == done.questions[0].splitlines()[0]
    assert done.members.source is MemberSource.NONE
    write(small_export, [done], Wishes())
    assert read_export(small_export).members[LOST].question == done.members.question
    path = small_export / f"imports/{LOST}-members-question.csv"
    rows = [*csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines(keepends=True))]
    assert [row["file"] for row in rows] == ["one.csv", "two.csv"]  # each beside the file that it is about
    assert [row["why"] for row in rows] == [*done.questions]


@pytest.mark.parametrize(
    ("first", "second", "asks", "who"),
    [
        (GONE, 1, True, [1]),  # the second column holds contacts, and the first one none
        (1, GONE, True, [1]),
        (1, 2, True, None),  # both do: a person has to say
        (GONE, GONE + 1, True, None),
        (GONE, 1, False, None),  # nobody can be asked
    ],
)
def test_of_two_columns_of_ids_the_one_with_contacts_is_meant(
    small_export: Path, tmp_path: Path, first: int, second: int, asks: bool, who: list[int] | None
) -> None:
    path = tmp_path / "VIP.csv"
    path.write_text(f"listmemberid,entityid\n{contact(first)},{contact(second)}\n")
    part = Part(segment(small_export, LOST), tuple(sources([path]).files))
    directory = ExportDirectory(small_export) if asks else None
    (done,) = asyncio.run(prepare(small_export, [part], Wishes(), directory, Silent()))
    assert bool(done.questions) is (who is None)
    found = list(unpacked(done.people.ids)) if done.people else None
    assert found == (None if who is None else [contact(number) for number in who])


# --- what a person accepts -------------------------------------------------------------------------------------------


def test_what_is_accepted_comes_to_what_was_accepted_before_also_for_exclusions(
    small_export: Path, there: Lists
) -> None:
    there.members = [0]
    imported(small_export, STATIC, Wishes(excluding=True))
    accept(small_export, [segment(small_export, STATIC)], [Doubt.ROW])
    accept(small_export, [segment(small_export, STATIC)], [Doubt.GONE, Doubt.ROW])
    known = read_export(small_export).members
    assert known[STATIC].accepted == ("gone", "row")
    assert known[STATIC].excluding == Excluding("VIP", checked=True, accepted=("gone", "row"))
    assert known[DYNAMIC].accepted == ()
    assert len(members(small_export, STATIC)) == 5


# --- who still exists ------------------------------------------------------------------------------------------------


def checked(folder: Path, *, every: bool = False) -> int:
    return asyncio.run(check_members(folder, ExportDirectory(folder), Silent(), every=every))


def test_lists_that_may_be_older_than_a_deletion_are_checked_once(small_export: Path) -> None:
    writer = ExportWriter.reopen(small_export)
    writer.members(ROW_ONLY, people(1, 3, GONE), Members(MemberSource.ROW))
    writer.members(LOST, people(2), Members(MemberSource.FILE, origin="a.csv"))
    writer.exclusions(STATIC, people(0, GONE), Excluding("out.csv"))
    writer.finish()
    assert checked(small_export) == 3
    known = read_export(small_export).members
    assert known[ROW_ONLY] == Members(MemberSource.ROW, 2, checked=True, gone=1, inactive=1)
    assert known[LOST] == Members(MemberSource.FILE, 1, origin="a.csv", checked=True)
    assert known[STATIC].excluding == Excluding("out.csv", checked=True, gone=1)
    assert members(small_export, ROW_ONLY) == [contact(1), contact(3)]
    assert members(small_export, STATIC, excluded=True) == [contact(0)]
    for key, kind in ((ROW_ONLY, "members-gone"), (STATIC, "exclusions-gone")):
        assert listed(small_export, key, kind) == [str(contact(GONE))]
    assert listed(small_export, ROW_ONLY, "members-inactive") == [str(contact(3))]
    assert checked(small_export) == 0


def test_in_another_organisation_every_list_is_checked(small_export: Path) -> None:
    directory = ExportDirectory(small_export)
    directory._states.pop(contact(0))
    done = asyncio.run(check_members(small_export, directory, Silent(), every=True))
    known = read_export(small_export).members
    assert done == len([one for one in known.values() if one.count])
    assert (known[STATIC].count, known[STATIC].gone, known[STATIC].checked) == (4, 1, True)
    assert contact(0) not in members(small_export, DYNAMIC)


def test_who_was_gone_before_is_still_counted_and_listed_after_a_check_elsewhere(small_export: Path) -> None:
    writer = ExportWriter.reopen(small_export)
    writer.members(ROW_ONLY, people(1, 2, 3, GONE), Members(MemberSource.ROW))
    writer.exclusions(STATIC, people(0, 4, GONE), Excluding("out.csv"))
    writer.finish()
    checked(small_export)
    directory = ExportDirectory(small_export)
    for number in (1, 3, 4):
        directory._states.pop(contact(number))
    for _ in range(2):  # whoever asks again counts nobody twice
        asyncio.run(check_members(small_export, directory, Silent(), every=True))
        known = read_export(small_export).members
        assert (known[ROW_ONLY].count, known[ROW_ONLY].gone, known[ROW_ONLY].inactive) == (1, 3, 0)
        assert known[STATIC].excluding == Excluding("out.csv", checked=True, gone=2)
        assert listed(small_export, ROW_ONLY, "members-gone") == [str(contact(n)) for n in (GONE, 1, 3)]
        assert listed(small_export, ROW_ONLY, "members-inactive") == []
        assert listed(small_export, STATIC, "exclusions-gone") == [str(contact(n)) for n in (GONE, 4)]


def test_a_list_of_nobody_and_one_that_is_not_known_are_not_checked(small_export: Path) -> None:
    writer = ExportWriter.reopen(small_export)
    writer.members(ROW_ONLY, people(), Members(MemberSource.ROW))
    writer.no_members(LOST, replace(Members(MemberSource.FILE), question="which column?"))
    writer.finish()
    assert checked(small_export) == 0
