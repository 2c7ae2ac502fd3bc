"""Who is counted: every member of every list once, people of live segments once, strangers and repeats included."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.reach.count import MemberList, People, people
from migrator.reach.rules import FLAG, PURPOSE_STEP, Said
from tests.reach.test_sending_check import CONTACT, Row, as_file, key

IDS = st.integers(0, 11)
LISTS = st.lists(st.tuples(st.sets(IDS, max_size=9), st.booleans()), min_size=1, max_size=4)
CONTACTS = st.dictionaries(IDS, st.booleans(), min_size=1, max_size=9)
"""Number of a person → whether the contact is active."""


def filled(place: People, folder: Path, lists: list[tuple[set[int], bool]], contacts: list[tuple[int, bool]]) -> None:
    files = []
    for number, (members, live) in enumerate(lists):
        ids = [{"contactid": key(4, one)} for one in sorted(members)]
        listed = as_file(folder / f"{number}.csv", ["contactid"], ids)
        files.append(MemberList(listed.paths[0], None, live=live))
    place.fill_members(files)
    usual = {"emailaddress1": "a@x.example", "donotemail": False, "donotbulkemail": False}
    rows: list[Row] = [{"contactid": key(4, one), **usual, "statecode": int(not active)} for one, active in contacts]
    place.fill_contacts(as_file(folder / "contact.csv", list(CONTACT.columns), rows))
    place.fill_consent(None, [(UUID(key(1, number)), None) for number in range(5)])


@settings(max_examples=40, deadline=None)
@given(LISTS, CONTACTS, st.booleans())
def test_everybody_is_counted_where_he_is_and_once_over_all_live_segments(
    lists: list[tuple[set[int], bool]], contacts: dict[int, bool], twice: bool
) -> None:
    kinds = {
        one: FLAG["found"] + FLAG["address"] + FLAG["address_after"] + active * FLAG["active"]
        for one, active in contacts.items()
    }
    rows = list(contacts.items()) * (1 + twice)  # as a mirror may hold them
    with tempfile.TemporaryDirectory() as folder, people() as place:
        filled(place, Path(folder), lists, rows)
        live = set().union(*(members for members, is_live in lists if is_live))
        for counts in place.of_live():
            found = Counter[int]()
            for kind, count in counts:
                found[kind % PURPOSE_STEP] += count
            assert found == Counter(kinds.get(one, 0) for one in live)
        by_segment = place.by_segment(None)
        unreadable = PURPOSE_STEP * Said.UNREADABLE
        ends = {0: " 0\n", **{kind + unreadable: f" {kind}\n" for kind in kinds.values()}}
        lines = "".join(
            f"{segment} {line}" for segment, part in place.listed(0, ends) for line in part.splitlines(True)
        )
        expected = ""
        for segment, (members, _) in enumerate(lists):
            assert Counter({kind: count for at, kind, count in by_segment if at == segment}) == Counter(
                kinds.get(one, 0) for one in members
            )
            expected += "".join(f"{segment} {key(4, one)} {kinds.get(one, 0)}\n" for one in sorted(members))
        assert lines == expected
