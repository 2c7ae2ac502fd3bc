"""Tables of an export: what the manifest says of each, and whether there are rows, in whichever form they lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.contracts.tables import TableRead, from_json, has_table, is_table_part, part_name, to_json


def test_a_table_is_there_as_csv_or_as_parquet(tmp_path: Path) -> None:
    (tmp_path / "tables/account").mkdir(parents=True)
    assert not has_table(tmp_path, "contact")
    assert not has_table(tmp_path, "account")  # the folder alone holds no row
    (tmp_path / "tables/contact.csv").write_text("contactid\n")
    (tmp_path / part_name("account", 1)).write_bytes(b"PAR1")
    assert has_table(tmp_path, "contact")
    assert has_table(tmp_path, "account")


def test_parts_are_known_by_their_names() -> None:
    assert part_name("account", 7) == "tables/account/part-00007.parquet"
    assert is_table_part(part_name("account", 1))
    assert not is_table_part("tables/contact.csv")
    assert not is_table_part("members/part-00001.parquet")


@pytest.mark.parametrize(
    "read", [TableRead(0, ("id",)), TableRead(None, ("id", "name"), reason="403"), TableRead(5, ())]
)
def test_what_the_manifest_says_is_read_back(read: TableRead) -> None:
    assert from_json(to_json(read)) == read
    assert ("reason" in to_json(read)) is bool(read.reason)
