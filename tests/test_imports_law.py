"""The law of an import, over generated files: exit code 0 means that every row became exactly one thing, and nobody
else got in.

*Every row of every file becomes exactly one member, is a named repetition, or is gone. Anything else ends with 3, is
listed row by row in a file of its own, named for segment and direction, and the segment waits.*

Files are generated as tables × spellings × kinds × damages, in a folder, a zip or alone, to be members or exclusions.
What has to become of them is told by the slow and obvious reading below, which shares nothing with the program's.
"""

from __future__ import annotations

import csv
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from migrator.base.errors import Exit
from migrator.base.ids import unpacked
from migrator.base.progress import Silent
from migrator.commands.import_wanted import Wanted
from migrator.commands.imports import import_members
from migrator.commands.session import session
from migrator.commands.settings import Settings
from migrator.contracts.choices import Doubt
from migrator.contracts.export_folder import member_reader, read_export
from migrator.contracts.plan import Outcome, TranslationSettings
from migrator.extractor.imports import Wishes
from migrator.translator.translate import translate
from tests.extractor.reading.made import KINDS
from tests.extractor.reading.made import csv as comma_separated
from tests.extractor.reading.test_law import ADDRESS_SPELLINGS, DAMAGES, ID_SPELLINGS
from tests.small import CONTACTS, LOST, contact, write_small_export

PEOPLE = 160
SHARED = "family@mail.example"
"""The address of the contacts 1 and 2."""
TOLERANCE = 0.02


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export that knows its contacts; every tenth is inactive, every fourth has no address, two share one."""
    people = [
        {
            **CONTACTS[0],
            "contactid": str(contact(n)),
            "fullname": f"Person {n}",
            "emailaddress1": SHARED if n in (1, 2) else None if n % 4 == 0 else f"p{n}@mail.example",
            "statecode": int(n % 10 == 0),
        }
        for n in range(PEOPLE)
    ]
    return write_small_export(tmp_path_factory.mktemp("law") / "export", contacts=people)


# --- files -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """One row: what stands in its cell, and whom it names, as the person who wrote it would say."""

    cell: str
    names: str
    """An id, an address, or nothing: the row cannot be read."""


def spelled(names: str, spelling: str) -> Entry:
    return Entry(spelling.format(names), names)


ids = st.integers(0, PEOPLE - 1).map(lambda n: str(contact(n)))
strangers = st.integers(PEOPLE, PEOPLE + 40).map(lambda n: str(contact(n)))
addresses = st.integers(0, PEOPLE - 1).filter(lambda n: n % 4 and n > 2).map(lambda n: f"p{n}@mail.example")
nowhere = st.integers(0, 9).map(lambda n: f"x{n}@nowhere.example")
damaged = st.sampled_from(DAMAGES).map(lambda text: Entry(text, ""))


@st.composite
def files_of_ids(draw: st.DrawFn) -> list[Entry]:
    """Mostly people who exist: all but a few, as somebody exported them."""
    many = draw(st.lists(ids, min_size=0, max_size=8)) + draw(
        st.sampled_from([[], [str(contact(n)) for n in range(120)]])
    )
    some = draw(st.lists(strangers, max_size=3))
    found = [
        spelled(one, draw(st.sampled_from(ID_SPELLINGS)) if at < 12 else "{}") for at, one in enumerate(many + some)
    ]
    return draw(st.permutations(found + draw(st.lists(damaged, max_size=1)))) if len(found) >= 2 else found


@st.composite
def files_of_addresses(draw: st.DrawFn) -> list[Entry]:
    """The same by address; some that nobody has, and one that two have."""
    many = draw(st.lists(addresses, min_size=2, max_size=10))
    some = draw(st.lists(nowhere | st.just(SHARED), max_size=2))
    found = [spelled(one, draw(st.sampled_from(ADDRESS_SPELLINGS))) for one in many + some]
    return draw(st.permutations(found + draw(st.lists(damaged, max_size=1))))


FILES = st.one_of(st.tuples(st.just("Customer ID"), files_of_ids()), st.tuples(st.just("E-Mail"), files_of_addresses()))


# --- what has to become of them --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fate:
    """What has to become of every row."""

    members: frozenset[str]
    listed: Counter[str]
    """Kind of trouble → how many rows."""

    @property
    def waits(self) -> bool:
        """Whether a person has to look."""
        gone, left = self.listed["gone"], len(self.members)
        doubtful = self.listed["unreadable"] + self.listed["not-found"] + self.listed["ambiguous"]
        return bool(doubtful or not left or gone > TOLERANCE * (gone + left))


def by_hand(entries: Iterable[Entry]) -> Fate:
    """Row by row, as a patient person would."""
    owners: dict[str, list[str]] = {}
    for n in range(PEOPLE):
        owners[str(contact(n))] = [str(contact(n))]
        if n in (1, 2):
            owners.setdefault(SHARED, []).append(str(contact(n)))
        elif n % 4:
            owners[f"p{n}@mail.example"] = [str(contact(n))]
    seen: set[str] = set()
    members: set[str] = set()
    listed: Counter[str] = Counter()
    for entry in entries:
        if not entry.names:
            listed["unreadable"] += 1
        elif entry.names in seen:
            listed["repeated"] += 1
        else:
            seen.add(entry.names)
            found = owners.get(entry.names, [])
            members.update(found)
            if not found:
                listed["not-found" if "@" in entry.names else "gone"] += 1
            elif len(found) > 1:
                listed["ambiguous"] += 1
    return Fate(frozenset(members), listed)


# --- the law ---------------------------------------------------------------------------------------------------------

numbers = count()


def packed_as(place: str, folder: Path, content: bytes) -> Path:
    """The file alone, in a folder, or in a zip beside what a Mac puts there."""
    inside = folder / "files"
    inside.mkdir(parents=True)
    (inside / "Lost.csv").write_bytes(content)
    if place == "alone":
        return inside / "Lost.csv"
    (inside / "._Lost.csv").write_bytes(b"\0\5\x16\7")
    if place == "folder":
        return inside
    path = folder / "files.zip"
    with zipfile.ZipFile(path, "w") as package:
        for one in sorted(inside.iterdir()):
            package.write(one, f"Export/{one.name}")
    return path


@pytest.mark.slow
@settings(
    phases=[Phase.explicit, Phase.generate], max_examples=120, deadline=None, suppress_health_check=list(HealthCheck)
)
@given(FILES, st.sampled_from(sorted(KINDS)), st.sampled_from(["alone", "folder", "zip"]), st.booleans())
def test_exit_code_0_means_that_every_row_became_exactly_one_thing(
    export: Path, tmp_path: Path, file: tuple[str, list[Entry]], kind: str, place: str, excluding: bool
) -> None:
    header, entries = file
    work = tmp_path / str(next(numbers))
    folder = shutil.copytree(export, work / "export")
    lines: list[list[Any]] = [[header, "Name"], *[[entry.cell, f"Row {at}"] for at, entry in enumerate(entries)]]
    content = KINDS[kind](lines)
    path = packed_as(place, work, content.encode() if isinstance(content, str) else content)
    fate = by_hand(entries)
    with session(Settings(), Silent(), lambda _: None) as orders:
        report = import_members(
            Wanted(folder, (path,), wishes=Wishes(excluding=excluding)), orders, agree=lambda _: True
        )

    # Nobody lost, nobody added.
    found = read_export(folder)
    kept = {str(one) for one in unpacked(member_reader(folder)(LOST, excluded=excluding))}
    assert kept == fate.members
    # Every row that became no member of its own is listed, in a file of its own.
    direction = "exclusions" if excluding else "members"
    listed = {
        one.stem.removeprefix(f"{LOST}-{direction}-"): list(csv.reader(one.read_text("utf-8-sig").splitlines()))[1:]
        for one in folder.glob(f"imports/{LOST}-{direction}-*")
    }
    listed.pop("inactive", None)
    assert {name: len(rows) for name, rows in listed.items()} == dict(fate.listed)
    assert not list(folder.glob(f"imports/{LOST}-{'members' if excluding else 'exclusions'}-*"))
    # Exit code 0, or the segment waits.
    assert report.exit_code is (Exit.WAITING if fate.waits else Exit.DONE)
    plan = translate(found, TranslationSettings(found.organisation, tolerance=1.0 if not fate.waits else TOLERANCE))
    (planned,) = [segment for segment in plan.segments if segment.legacy_id == LOST]
    if fate.waits:
        assert not planned.loadable
    elif not excluding:
        assert planned.outcome in (Outcome.READY, Outcome.ADAPTED)
        assert sum(group.count for group in planned.groups) == len(fate.members)


@pytest.mark.parametrize("direction", ["members", "exclusions"])
def test_one_answer_settles_a_kind_for_all_segments(export: Path, tmp_path: Path, direction: str) -> None:
    folder = shutil.copytree(export, tmp_path / "export")
    (tmp_path / "files").mkdir()
    for name in ("Lost", "Five people"):
        rows = [["E-Mail"], ["p3@mail.example"], ["x1@nowhere.example"], ["p5@mail.example"]]
        (tmp_path / "files" / f"{name}.csv").write_text(comma_separated(rows))
    excluding = direction == "exclusions"
    with session(Settings(), Silent(), lambda _: None) as orders:
        wishes = Wishes(excluding=excluding, replacing=True)
        wanted = Wanted(folder, (tmp_path / "files",), wishes=wishes)
        assert import_members(wanted, orders, agree=lambda _: True).exit_code is Exit.WAITING
        settled = Wanted(folder, wishes=Wishes(accepted=frozenset({Doubt.NOT_FOUND})))
        assert import_members(settled, orders, agree=lambda _: True).exit_code is Exit.DONE
