"""Reach counts on a mirror as on a plain copy: Delta tables, Parquet with versions, CSV of Synapse Link."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from migrator.contracts.consent import CONSENT, LEVEL, OF_TOPIC, PROFILE, PURPOSE, PURPOSES_OF_PROFILES, TOPIC
from tests.conftest import Command
from tests.reach.test_reach import (
    COMMERCIAL,
    IN,
    NEWS,
    OUT,
    PEOPLE,
    PURPOSES,
    RECORDS,
    STRICT,
    asked,
    export,
    person,
    record,
)
from tests.reach.test_reach import PROFILE as ONLY
from tests.reach.test_sending_check import key

__all__ = ["export"]

Rows = Sequence[Mapping[str, Any]]


def versions(rows: Rows, old: Rows = (), deleted: Rows = ()) -> list[dict[str, Any]]:
    """Rows as a link appends them: each with an id, some changed since, some deleted since.

    Args:
        rows: as they are now.
        old: former versions, of the first rows in this order.
        deleted: rows that are gone.
    """
    made = [{"Id": key(6, n), "IsDelete": None, "versionnumber": 2, **row} for n, row in enumerate(rows)]
    made += [{"Id": key(6, n), "IsDelete": None, "versionnumber": 1, **row} for n, row in enumerate(old)]
    for n, row in enumerate(deleted, len(rows)):
        made.append({"Id": key(6, n), "IsDelete": None, "versionnumber": 1, **row})
        made.append({"Id": key(6, n), "IsDelete": True, "versionnumber": 2, **dict.fromkeys(row)})
    return made[::-1]


TABLES = {
    "contact": versions(PEOPLE, [person(1, donotemail=True), person(2, statecode=1)], [person(99)]),
    CONSENT: versions(
        RECORDS,
        [record("p2@x.example", IN), record("p4@x.example", IN)],  # both have said no since
        [record("p1@x.example", OUT), record("p3@x.example", OUT), record("p6@x.example", IN, STRICT)],
    ),
    PURPOSE: versions(PURPOSES, [], [PURPOSES[0] | {"msdynmkt_purposeid": key(8, 7), "msdynmkt_name": "Gone"}]),
    PROFILE: versions(
        [{f"{PROFILE}id": ONLY, "msdynmkt_name": "Only"}], [], [{f"{PROFILE}id": key(8, 6), "msdynmkt_name": "Gone"}]
    ),
    PURPOSES_OF_PROFILES: versions(
        [{"msdynmkt_purposeid": one["msdynmkt_purposeid"], f"{PROFILE}id": ONLY} for one in PURPOSES]
    ),
    TOPIC: versions(
        [{"msdynmkt_topicid": key(8, 5), "msdynmkt_name": "Events", "msdynmkt_purposeid": COMMERCIAL}],
    ),
}


def arrow(rows: Rows) -> pa.Table:
    found = pa.Table.from_pylist(list(rows))
    for at, column in enumerate(found.schema):
        if pa.types.is_null(column.type):  # a column in which nothing stands
            found = found.set_column(at, column.name, found.column(at).cast(pa.string()))
    return found


def as_delta(folder: Path, name: str, rows: Rows) -> None:
    write_deltalake(str(folder / "Tables" / "dbo" / name), arrow(rows))


def as_parquet(folder: Path, name: str, rows: Rows) -> None:
    folder.mkdir(exist_ok=True)
    pq.write_table(arrow(rows), folder / f"{name}.parquet")


def as_link(folder: Path, name: str, rows: Rows) -> None:
    model = json.loads((folder / "model.json").read_bytes()) if (folder / "model.json").exists() else {"entities": []}
    (folder / name).mkdir(parents=True)
    model["entities"].append({"name": name, "attributes": [{"name": column} for column in rows[0]]})
    (folder / "model.json").write_text(json.dumps(model))
    with (folder / name / "2026.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["" if value is None else value for value in row.values()] for row in rows])


@pytest.mark.parametrize("layout", [as_delta, as_parquet, as_link])
def test_a_mirror_gives_the_numbers_of_the_tables_that_it_mirrors(
    command: Command, export: Path, tmp_path: Path, layout: Callable[[Path, str, Rows], None]
) -> None:
    plain = asked(command, str(export), "--tables", str(export / "tables"))
    lists = (export / "reach" / f"{NEWS}.csv").read_bytes()
    for name, rows in TABLES.items():
        layout(tmp_path / "mirror", name, rows)
    found = asked(command, str(export), "--tables", str(tmp_path / "mirror"))
    assert found["people"] == plain["people"]
    assert found["segments"] == plain["segments"]
    assert [one["name"] for one in found["purposes"]] == ["Commercial", "Strict"]
    assert (found["purpose"]["name"], found["unreadable"]) == ("Commercial", [])
    assert (export / "reach" / f"{NEWS}.csv").read_bytes() == lists
    strict = asked(command, str(export), "--tables", str(tmp_path / "mirror"), "--purpose", "Strict")
    assert strict["people"]["reached_after"] == 2


def test_a_record_without_a_level_and_with_an_empty_topic_is_about_the_purpose(
    command: Command, export: Path, tmp_path: Path
) -> None:
    for name, rows in TABLES.items():
        said = [row | {LEVEL: None, OF_TOPIC: ""} for row in rows] if name == CONSENT else rows
        as_parquet(tmp_path / "mirror", name, said)
    plain = asked(command, str(export), "--tables", str(export / "tables"))
    assert asked(command, str(export), "--tables", str(tmp_path / "mirror"))["people"] == plain["people"]


def test_opt_outs_to_be_loaded_are_of_a_mirror_as_well(command: Command, export: Path, tmp_path: Path) -> None:
    for name, rows in TABLES.items():
        as_delta(tmp_path / "mirror", name, rows)
    path = tmp_path / "missing.csv"
    told = command("reach", str(export), "--tables", str(tmp_path / "mirror"), "--consent-file", str(path))
    assert told.code == 0, told
    assert "p3@x.example" in path.read_text()  # the record that said so was deleted
    assert "p4@x.example" not in path.read_text()


def test_without_the_package_for_delta_it_is_said_how_to_get_it(
    command: Command, export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_delta(tmp_path / "mirror", CONSENT, TABLES[CONSENT])
    monkeypatch.setitem(sys.modules, "deltalake", None)
    told = command("reach", str(export), "--tables", str(tmp_path / "mirror"))
    assert (told.code, "the package that reads them is not installed" in told.err) == (2, True)


def test_a_broken_log_makes_consent_unknown_and_not_empty(command: Command, export: Path, tmp_path: Path) -> None:
    for name, rows in TABLES.items():
        as_delta(tmp_path / "mirror", name, rows)
    for log in (tmp_path / "mirror" / "Tables" / "dbo" / CONSENT / "_delta_log").glob("*.json"):
        log.write_text("{")
    found = asked(command, str(export), "--tables", str(tmp_path / "mirror"))
    assert "cannot be read as a Delta table" in found["unreadable"][0]
    assert found["people"]["unknown"] == 6
