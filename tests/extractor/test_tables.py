"""Tables of an export: typed by metadata, read page by page, gone on with where they were interrupted."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrator.base.progress import Silent
from migrator.contracts.export_check import check_export
from migrator.contracts.export_folder import read_export
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.selection import Selection
from migrator.dataverse.connect import connect
from migrator.dataverse.tables import lookup_of
from migrator.extractor import tables
from migrator.extractor.organisation import extract
from migrator.extractor.tables import TableReading, announcement, parquet
from migrator.mql import Column, Schema, Table
from migrator.sandbox.server import Running
from tests.small import DYNAMIC, SCHEMA

TABLE = Table(
    "things",
    "thingid",
    "name",
    {
        "thingid": Column("Uniqueidentifier"),
        "name": Column("String"),
        "owner": Column("Lookup"),
        "owner_logicalname": Column("EntityName"),
        "count": Column("Integer"),
        "kind": Column("Picklist"),
        "kinds": Column("Virtual", type_name="MultiSelectPicklistType"),
        "sum": Column("Money"),
        "ratio": Column("Double"),
        "open": Column("Boolean"),
        "at": Column("DateTime"),
    },
)


def identity(number: int) -> str:
    return str(UUID(int=number))


def written(path: Path, rows: Sequence[Mapping[str, Any]], *columns: str) -> tuple[list[dict[str, Any]], int]:
    with parquet(path, TABLE, columns or tuple(TABLE.columns)) as write:
        _, wrong = write(rows)
    return pq.read_table(path).to_pylist(), wrong


def test_values_have_the_types_of_their_columns(tmp_path: Path) -> None:
    row = {
        "thingid": identity(1).upper(), "name": "Ægir", "owner": identity(2), "owner_logicalname": "contact",
        "count": 3, "kind": 192350001, "kinds": "1,3", "sum": 1234.56, "ratio": 0.25, "open": False,
        "at": "2026-03-01T01:30:00+02:00",
    }  # fmt: skip
    (found,), wrong = written(tmp_path / "x.parquet", [row])
    assert wrong == 0
    assert found == {
        **row,
        "thingid": identity(1),
        "sum": Decimal("1234.56"),
        "at": datetime(2026, 2, 28, 23, 30, tzinfo=UTC),
    }
    types = pq.read_schema(tmp_path / "x.parquet")
    assert types.field("sum").type == pa.decimal128(38, 10)
    assert types.field("at").type == pa.timestamp("us", tz="UTC")
    assert (tmp_path / "x.parquet").stat().st_mode & 0o077 == 0


def test_nothing_is_null_and_a_date_alone_is_midnight(tmp_path: Path) -> None:
    (found,), wrong = written(tmp_path / "x.parquet", [{"thingid": identity(1), "name": "", "at": "1980-05-03"}])
    assert (found["name"], found["count"], wrong) == (None, None, 0)
    assert found["at"] == datetime(1980, 5, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("column", "value"),
    [("count", "many"), ("count", 1.5), ("count", True), ("sum", "NaN"), ("at", "soon"), ("owner", 7), ("open", "yes")],
)
def test_what_is_of_another_type_is_null_and_counted(column: str, value: Any, tmp_path: Path) -> None:
    (found,), wrong = written(tmp_path / "x.parquet", [{"thingid": identity(1), column: value}])
    assert (found[column], wrong) == (None, 1)


CELLS: dict[str, st.SearchStrategy[Any]] = {
    "name": st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    "count": st.integers(-(2**63) + 1, 2**63 - 1),
    "sum": st.decimals(-(10**28) + 1, 10**28 - 1, places=10),
    "ratio": st.floats(allow_nan=False),
    "open": st.booleans(),
    "at": st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001
}


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_every_value_is_read_back_as_it_was_and_nothing_as_nothing(tmp_path: Path, data: st.DataObject) -> None:
    cells = st.fixed_dictionaries({name: st.none() | values for name, values in CELLS.items()})
    rows = [{"thingid": identity(at), **row} for at, row in enumerate(data.draw(st.lists(cells, max_size=20)))]
    found, wrong = written(tmp_path / "x.parquet", rows, "thingid", *CELLS)
    assert (found, wrong) == (rows, 0)


def test_nothing_on_the_way_of_tables_waits_for_pandas(tmp_path: Path) -> None:
    """It takes longer to import than the sample's tables to write, to read and to ask."""
    done = """if True:
        import sys
        from pathlib import Path
        from migrator.evaluator import Tables
        from migrator.extractor.tables import parquet
        from migrator.mql import Column, Schema, Table, parse_outbound
        columns = {"contactid": Column("Uniqueidentifier"), "name": Column("String")}
        table = Table("contacts", "contactid", "name", columns)
        with parquet(Path(sys.argv[1]), table, ("contactid", "name")) as write:
            print(write([{"contactid": "00000000-0000-0000-0000-000000000001", "name": "Ada"}]))
        tables = Tables(Schema({"contact": table}))
        tables.fill("contact", [{"contactid": "00000000-0000-0000-0000-000000000001", "name": "Ada"}])
        print(len(tables.outbound(parse_outbound("PROFILE(contact).FILTER(name == 'ada')"))), "pandas" in sys.modules)
    """
    shown = subprocess.run(
        [sys.executable, "-c", done, str(tmp_path / "x.parquet")], capture_output=True, text=True, check=True
    ).stdout
    assert shown.split("\n")[:2] == ["(1, 0)", "1 False"]


@pytest.mark.parametrize(
    ("value", "kept"), [("0.00000000014", "0.0000000001"), ("1.23456789005", "1.2345678900"), (1e-10, "0.0000000001")]
)
def test_money_keeps_ten_decimals(value: Any, kept: str, tmp_path: Path) -> None:
    (found,), wrong = written(tmp_path / "x.parquet", [{"thingid": identity(1), "sum": value}])
    assert (found["sum"], wrong) == (Decimal(kept), 0)


def test_a_row_without_its_key_is_left_out_and_counted(tmp_path: Path) -> None:
    found, wrong = written(tmp_path / "x.parquet", [{"name": "nobody"}, {"thingid": identity(1)}], "thingid", "name")
    assert ([row["thingid"] for row in found], wrong) == ([identity(1)], 1)


def test_money_has_twenty_eight_digits_before_the_point(tmp_path: Path) -> None:
    most = 10**28
    for value, kept in ((most - 1, Decimal(most - 1)), (1 - most, Decimal(1 - most)), (most, None), (-most, None)):
        (found,), wrong = written(tmp_path / "x.parquet", [{"thingid": identity(1), "sum": str(value)}])
        assert (found["sum"], wrong) == (kept, int(kept is None))


def test_without_its_key_a_table_is_written_whole(tmp_path: Path) -> None:
    found, wrong = written(tmp_path / "x.parquet", [{"name": "a"}, {"name": None}], "name")
    assert ([row["name"] for row in found], wrong) == (["a", None], 0)


def test_which_table_a_lookup_points_at_comes_with_the_lookup() -> None:
    assert lookup_of("owner_logicalname", TABLE) == "owner"
    assert lookup_of("name", TABLE) == ""


def test_the_size_is_said_before_anything_is_read() -> None:
    schema = Schema({"thing": TABLE, "other": TABLE})
    said = announcement({"thing": ("thingid", "name"), "other": ("thingid",)}, {"thing": 1_000_000}, schema)
    assert "3 columns of 2 tables" in said
    assert "about 1,000,000 rows, 200 requests, 36 MB" in said
    assert "other, whose size is not known" in said


# --- going on --------------------------------------------------------------------------------------------------------


class Pages:
    """Ten pages of three rows; one of them may fail once."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.fails_at = -1

    async def __call__(
        self, table: Table, columns: Sequence[str], after: str
    ) -> AsyncIterator[tuple[list[Mapping[str, Any]], str]]:
        for number in range(int(after or 0), 10):
            self.asked.append(number)
            if number == self.fails_at:
                self.fails_at = -1
                raise ConnectionError("gone")
            rows: list[Mapping[str, Any]] = [
                {"thingid": identity(3 * number + n), "name": f"{number}"} for n in range(3)
            ]
            yield rows, str(number + 1) if number < 9 else ""


def reading(folder: Path, *columns: str, organisation: str = "o") -> TableReading:
    return TableReading(folder, "thing", TABLE, columns or ("thingid", "name"), organisation, part_rows=6)


def content(folder: Path) -> list[str]:
    parts = sorted((folder / "tables/thing").glob("*.parquet"))
    return [row["thingid"] for part in parts for row in pq.read_table(part).to_pylist()]


def test_an_interrupted_table_goes_on_behind_its_last_whole_part(tmp_path: Path) -> None:
    pages = Pages()
    pages.fails_at = 5
    with pytest.raises(ConnectionError):
        asyncio.run(reading(tmp_path).run(pages, Silent()))
    pages.asked.clear()
    again = reading(tmp_path)
    read = asyncio.run(again.run(pages, Silent()))
    assert pages.asked == [4, 5, 6, 7, 8, 9]
    assert (read.rows, read.parts, len(again.checksums)) == (30, 5, 5)
    assert content(tmp_path) == [identity(n) for n in range(30)]


def test_a_table_that_is_whole_is_not_read_again_in_the_same_extraction(tmp_path: Path) -> None:
    pages = Pages()
    asyncio.run(reading(tmp_path).run(pages, Silent()))
    pages.asked.clear()
    assert asyncio.run(reading(tmp_path).run(pages, Silent())).rows == 30
    assert pages.asked == []


@pytest.mark.parametrize("what", ["columns", "organisation", "a damaged part"])
def test_what_was_read_for_something_else_is_read_anew(what: str, tmp_path: Path) -> None:
    pages = Pages()
    pages.fails_at = 5
    with pytest.raises(ConnectionError):
        asyncio.run(reading(tmp_path).run(pages, Silent()))
    pages.asked.clear()
    other = reading(tmp_path)
    if what == "columns":
        other = reading(tmp_path, "thingid")
    elif what == "organisation":
        other = reading(tmp_path, organisation="another")
    else:
        (tmp_path / "tables/thing/part-00001.parquet").write_bytes(b"half")
    asyncio.run(other.run(pages, Silent()))
    assert pages.asked == list(range(10))
    assert len(content(tmp_path)) == 30


# --- from an organisation --------------------------------------------------------------------------------------------


def extracted(server: Running, folder: Path) -> list[str]:
    said: list[str] = []

    async def work() -> None:
        async with await connect(server.address) as client:
            client.tell = said.append
            await extract(client, folder, "2026-01-01T00:00:00Z", Selection(), 5.0, Silent(), with_tables=True)

    asyncio.run(work())
    return said


def test_tables_and_columns_that_queries_touch_are_in_the_export_and_no_others(
    sandbox: Running, tmp_path: Path
) -> None:
    said = extracted(sandbox, tmp_path / "export")
    export = read_export(tmp_path / "export")
    assert export.rows["contact"].rows == 12
    assert export.rows["contact"].columns == ("address1_city", "contactid", "statecode")
    assert set(export.rows) == {"contact"}
    assert "about 12 rows" in said[0]
    assert check_export(tmp_path / "export") == []
    assert not (tmp_path / "export/.done").exists()


def test_rows_that_come_later_do_not_make_another_export_of_it(sandbox: Running, tmp_path: Path) -> None:
    extracted(sandbox, tmp_path / "export")
    before = read_export(tmp_path / "export").fingerprint
    manifest = json.loads((tmp_path / "export/manifest.json").read_bytes())
    manifest["files"] = {name: entry for name, entry in manifest["files"].items() if "parquet" not in name}
    (tmp_path / "export/manifest.json").write_text(json.dumps(manifest))
    assert read_export(tmp_path / "export").fingerprint == before


def test_a_table_that_may_not_be_read_is_told_and_ends_nothing(sandbox: Running, tmp_path: Path) -> None:
    sandbox.organisation.lacks.add("prvReadAccount")
    row = sandbox.organisation.rows["msdyncrm_segment"][str(DYNAMIC)]
    row["msdyncrm_segmentquery"] = "PROFILE(account).TRAVERSE(contact_account_parentcustomerid)"
    said = extracted(sandbox, tmp_path / "export")
    export = read_export(tmp_path / "export")
    assert export.rows["contact"].rows == 12
    assert export.rows["account"].rows is None
    assert "prvReadAccount" in export.rows["account"].reason
    assert any("cannot be read" in sentence for sentence in said)


def test_a_table_without_rows_counts_none(small_export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def none(*_: Any) -> AsyncIterator[tuple[list[Mapping[str, Any]], str]]:
        yield [], ""

    async def counts(_: Any, names: Sequence[str]) -> dict[str, int]:
        return dict.fromkeys(names, 0)

    class Organisation:
        organisation_id = UUID(int=7)

        @staticmethod
        def tell(sentence: str) -> None:
            assert "about 0 rows" in sentence

    monkeypatch.setattr(tables, "retrieve_rows", none)
    monkeypatch.setattr(tables, "retrieve_row_counts", counts)
    export, writer = read_export(small_export), ExportWriter.reopen(small_export)
    client: Any = Organisation
    dynamic = [segment for segment in export.segments if segment.id == DYNAMIC]
    assert asyncio.run(tables.extract_tables(client, writer, SCHEMA, dynamic, Silent())) == 0
