"""A copy of an export for others: nobody is named in it, and what it tells is what the export tells, or nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq

from migrator.base.ids import from_texts, unpacked
from migrator.contracts.export_check import check_export
from migrator.contracts.export_folder import member_reader, read_export
from tests.conftest import CONTOSO, Command
from tests.small import CONTACTS, DYNAMIC, ROW_ONLY, STATIC, contact, write_small_export


def test_a_copy_for_others_names_nobody_and_gives_the_same_plan(
    command: Command, small_export: Path, tmp_path: Path
) -> None:
    result = command("redact", small_export, "copy")
    assert result.code == 0, result.err
    copy = tmp_path / "copy"
    assert check_export(copy) == []
    content = "".join(path.read_text() for path in copy.rglob("*.[cj]s*"))
    tables = {path.parent.name: pq.read_table(path).to_pylist() for path in copy.rglob("*.parquet")}
    content += repr(tables)
    assert set(tables["contact"][0]) == {"contactid", "address1_city", "statecode"}  # what queries compare
    assert [row["address1_city"] for row in tables["contact"]].count("Oslo") == 4
    for person in range(12):
        assert str(contact(person)) not in content
    assert "Renée" not in content
    assert "mail.example" not in content
    old, new = read_export(small_export), read_export(copy)
    assert [one.name for one in new.segments] == [one.name for one in old.segments]
    shared = set(unpacked(member_reader(copy)(STATIC))) & set(unpacked(member_reader(copy)(DYNAMIC)))
    assert len(shared) == 2  # who is in both stays in both
    outcomes = [
        json.loads(command("translate", "--from", folder, "--json").out)["outcomes"] for folder in (small_export, copy)
    ]
    assert outcomes[0] == outcomes[1]


def test_a_copy_says_how_many_values_of_a_table_are_unreadable(command: Command, tmp_path: Path) -> None:
    people = [{**row, "statecode": "open" if number < 2 else row["statecode"]} for number, row in enumerate(CONTACTS)]
    write_small_export(tmp_path / "odd", contacts=people)
    assert command("redact", "odd", "copy").code == 0
    assert read_export(tmp_path / "copy").rows["contact"].unreadable == 2


def test_ids_in_rows_become_the_same_others(command: Command, small_export: Path, tmp_path: Path) -> None:
    command("redact", small_export, "copy")
    rows = [json.loads(line) for line in (tmp_path / "copy/segments.jsonl").read_text().splitlines()]
    (row,) = (one for one in rows if one["msdyncrm_segmentid"] == str(ROW_ONLY))
    in_row = from_texts(json.loads(row["msdyncrm_segmentmemberids"]))
    assert list(unpacked(in_row)) == list(unpacked(member_reader(tmp_path / "copy")(ROW_ONLY)))


def test_a_copy_goes_nowhere_where_something_is(command: Command, small_export: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "x.txt").touch()
    assert "there already" in command("redact", small_export, "copy").err


def test_a_prediction_on_a_copy_is_that_on_the_export_or_unknown(command: Command) -> None:
    """Nobody whose name is asked for would be found in a copy, before and after: that would be called equal."""
    assert command("redact", CONTOSO, "copy").code == 0
    asked = ("recorded", "legacy", "predicted", "verdict", "reasons")
    told, copied = (
        {one["legacy_id"]: one for one in json.loads(command("predict", folder, "--json").out)["segments"]}
        for folder in (CONTOSO, "copy")
    )
    unknown = {key for key, one in copied.items() if any("replaced in this copy" in why for why in one["reasons"])}
    assert {copied[key]["name"] for key in unknown} >= {"O'Briens", "M… and …ez"}
    assert len(unknown) < 12
    for key, one in copied.items():
        if key in unknown:
            assert (one["predicted"], one["verdict"]) == (None, "unknown")
        else:
            assert [one[name] for name in asked] == [told[key][name] for name in asked]
