"""Members are numbered within the database: who is a contact, who is none, and how two sets differ."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrator.evaluator import EvaluationError, UnknownSegment
from migrator.evaluator.mirrors import FileKind, TableFiles
from migrator.evaluator.population import Compared, Population, population
from migrator.evaluator.select import Stored
from migrator.mql import parse_outbound, parse_realtime
from tests.evaluator.test_members import OPENED
from tests.small import CONTACTS, SCHEMA, contact

NOW = datetime(2026, 1, 31)  # noqa: DTZ001 - UTC without saying so
INACTIVE, GONE = {3, 6}, {90, 91, 92}
"""Contacts of the small organisation, by number, and ids that are none."""


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Population]:
    folder = tmp_path_factory.mktemp("population")
    twice = [
        *CONTACTS,
        {**CONTACTS[4], "contactid": CONTACTS[4]["contactid"].upper()},
        {**CONTACTS[1], "contactid": None},
    ]
    gone = {**OPENED[0], "id": str(UUID(int=77)), "msdynmkt_entityid": str(contact(92)).upper()}
    rows: dict[str, list[dict[str, Any]]] = {"msdynmkt_emailopened": [*OPENED, gone], "contact": twice}
    files = {}
    for name, content in rows.items():
        pq.write_table(pa.Table.from_pylist(content), folder / f"{name}.parquet")
        files[name] = TableFiles(FileKind.PARQUET, (folder / f"{name}.parquet",))
    with population(SCHEMA, files, NOW) as found:
        yield found


def nobody(name: str) -> Stored:
    raise UnknownSegment(name)


def numbers(people: Population, found: Stored) -> list[int]:
    return [UUID(one).int & 0xFF for one in people.ids(found)]


def listed(people: Population, folder: Path, members: set[int]) -> Stored:
    path = folder / "list.csv"
    path.write_text("contactid\n" + "".join(f"{str(contact(n)).upper()}\n" for n in sorted(members)))
    return people.listed(path)


def test_a_contact_that_comes_twice_is_one_and_a_row_without_id_nobody(people: Population) -> None:
    found = people.legacy(parse_outbound("PROFILE(contact)"), nobody)
    assert people.size(found) == 12
    assert numbers(people, found) == list(range(12))


def test_people_of_interactions_who_are_gone_are_members_of_the_original(people: Population) -> None:
    found = people.legacy(parse_outbound("INTERACTION(EmailOpened, contactId)"), nobody)
    assert numbers(people, found) == [1, 2, 92]
    assert numbers(people, people.contacts(found)) == [1, 2]


def test_pages_and_references_go_by_the_same_numbers(people: Population, tmp_path: Path) -> None:
    some = listed(people, tmp_path, {1, 5, 90})
    query = parse_outbound("PROFILE(contact).ORDERBY(fullname DESC).SKIP(1).TAKE(3)")
    assert len(numbers(people, people.legacy(query, nobody))) == 3
    query = parse_outbound("SEGMENT(some) UNION PROFILE(contact).FILTER(children == 3)")
    assert numbers(people, people.legacy(query, lambda _: some)) == [1, 3, 5, 7, 11, 90]
    real = parse_realtime("PROFILE(contact) EXCEPT SEGMENT(some)")
    assert numbers(people, people.realtime(real, lambda _: some)) == [0, 2, 4, 7, 8, 9, 10, 11]


ids = st.sets(st.sampled_from([*range(12), *GONE]))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ids, ids)
def test_two_sets_differ_as_sets_of_ids_do(
    people: Population, tmp_path: Path, before: set[int], after: set[int]
) -> None:
    first, second = listed(people, tmp_path, before), listed(people, tmp_path, after)
    lost, new = before - after, after - before
    assert people.compared(first, second) == Compared(
        len(before),
        len(after),
        len(lost & INACTIVE),
        len(lost & GONE),
        len(lost - INACTIVE - GONE),
        len(new),
    )
    assert numbers(people, people.union([first, second])) == sorted(before | after)
    assert numbers(people, people.without(first, second)) == sorted(lost)
    assert numbers(people, people.both(first, second)) == sorted(before & after)
    assert numbers(people, people.inactive(first)) == sorted(before & INACTIVE)
    assert people.lies_within(first, second) == (before <= after)


def test_the_parts_of_a_long_list_are_those_of_its_file_and_together_all_of_it(
    people: Population, tmp_path: Path
) -> None:
    path, part = tmp_path / "long.csv", 200_000
    with path.open("w") as file:  # long enough to be read by several threads
        file.write("contactid\n")
        file.writelines(f"{number:08x}-0000-4000-8000-000000000000\n" for number in range(1_000_000))
    parts = [people.listed(path, first, part) for first in range(0, 1_000_000, part)]
    assert [people.size(one) for one in parts] == [part] * 5
    second = people.ids(parts[1])
    assert (next(second)[:8], int(list(second)[-1][:8], 16)) == (f"{part:08x}", 2 * part - 1)
    everybody = people.union(parts)
    assert people.size(everybody) == 1_000_000
    for one in (*parts, everybody):
        people.drop(one)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
def test_now_is_utc_wherever_the_machine_stands(zone: str, people: Population, monkeypatch: pytest.MonkeyPatch) -> None:
    query = "PROFILE(contact).FILTER(DATEDIFF(hour, '2026-01-30T23:00:00Z', DATETIMEUTCNOW()) == 1)"
    with monkeypatch.context() as patched:
        patched.setenv("TZ", zone)
        time.tzset()
        found = people.size(people.legacy(parse_outbound(query), nobody))
    time.tzset()
    assert found == len(CONTACTS)


@pytest.mark.parametrize("content", ["", "contactid;statecode\n1;0\n", "somebody,else\n1,2\n"])
def test_a_file_without_a_column_that_is_asked_for_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "contact.csv").write_text(content)
    files = TableFiles(FileKind.CSV, (tmp_path / "contact.csv",))
    with (
        pytest.raises(EvaluationError, match=r"contact\.csv has no column .* CSV with commas"),
        population(SCHEMA, {"contact": files}, NOW),
    ):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_temporary_files_that_cannot_grow_are_a_sentence(tmp_path: Path) -> None:
    with (tmp_path / "contact.csv").open("w") as file:
        file.write("contactid,firstname\n")
        file.writelines(f"00000000-0000-0000-0000-{n:012},{n * 7919:040}\n" for n in range(500_000))
    program = (
        "import resource, sys\n"
        "from datetime import datetime\n"
        "from pathlib import Path\n"
        "from migrator.base.errors import Retryable\n"
        "from migrator.evaluator.mirrors import FileKind, TableFiles\n"
        "from migrator.evaluator.population import population\n"
        "from tests.small import SCHEMA\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        f"files = {{'contact': TableFiles(FileKind.CSV, (Path({str(tmp_path / 'contact.csv')!r}),))}}\n"
        "try:\n"
        "    with population(SCHEMA, files, datetime(2026, 1, 31), memory='40MB'):\n"
        "        pass\n"
        "except Retryable as error:\n"
        "    sys.exit(f'said: {error}')\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert re.match(r"said: The database that counts cannot be written: .*TMPDIR", ended.stderr), ended.stderr
