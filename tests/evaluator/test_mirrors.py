"""Mirrors that customers have already: Delta tables and CSV of Synapse Link, read where they lie."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from migrator.base.errors import UsageError
from migrator.evaluator import EvaluationError, UnknownSegment
from migrator.evaluator.mirrors import mirrored_files, plain_files
from migrator.evaluator.population import Population, population
from migrator.mql import Column, Schema, Table, parse_outbound
from tests.small import contact

NOW = datetime(2026, 1, 31)  # noqa: DTZ001 - UTC without saying so
SCHEMA = Schema(
    tables={
        "contact": Table(
            "contacts",
            "contactid",
            "fullname",
            {
                "contactid": Column("Uniqueidentifier"),
                "fullname": Column("String"),
                "preferred": Column("Picklist"),
                "hobbies": Column("Virtual", type_name="MultiSelectPicklistType"),
                "vip": Column("Boolean"),
                "createdon": Column("DateTime"),
                "parentid": Column("Lookup", targets=("account",)),
                "parentid_logicalname": Column("EntityName"),
                "statecode": Column("State"),
            },
        )
    }
)


@contextmanager
def people(folder: Path, only: Mapping[str, Sequence[str]] | None = None) -> Iterator[Population]:
    with population(SCHEMA, mirrored_files(folder), NOW, only=only) as found:
        yield found


def nobody(name: str) -> Any:
    raise UnknownSegment(name)


def selected(folder: Path, condition: str = "") -> list[int]:
    """The numbers of the contacts that fulfil a condition."""
    text = f"PROFILE(contact).FILTER({condition})" if condition else "PROFILE(contact)"
    with people(folder) as found:
        return sorted(int(one[-2:], 16) for one in found.ids(found.legacy(parse_outbound(text), nobody)))


def row(number: int, version: int = 1, **values: Any) -> dict[str, Any]:
    """One row as a link writes it."""
    return {
        "Id": str(contact(number)), "SinkCreatedOn": datetime(2026, 1, 1, version), "contactid": str(contact(number)),  # noqa: DTZ001
        "SinkModifiedOn": datetime(2026, 1, 1, version), "fullname": f"Person {number}", "preferred": 1,  # noqa: DTZ001
        "hobbies": None, "vip": False, "createdon": datetime(2020, 1, 1), "parentid": None, "parentid_entitytype": None,  # noqa: DTZ001
        "statecode": 0, "IsDelete": None, "versionnumber": version, **values,
    }  # fmt: skip


TYPES = pa.schema(
    [("Id", pa.string()), ("SinkCreatedOn", pa.timestamp("us", "UTC")), ("SinkModifiedOn", pa.timestamp("us", "UTC")),
     ("contactid", pa.string()), ("fullname", pa.string()), ("preferred", pa.int64()), ("hobbies", pa.string()),
     ("vip", pa.bool_()), ("createdon", pa.timestamp("us", "UTC")), ("parentid", pa.string()),
     ("parentid_entitytype", pa.string()), ("statecode", pa.int64()), ("IsDelete", pa.bool_()),
     ("versionnumber", pa.int64())]
)  # fmt: skip


def delta(folder: Path, rows: Sequence[Mapping[str, Any]], **how: Any) -> Path:
    write_deltalake(str(folder), pa.Table.from_pylist(list(rows), schema=TYPES), **how)
    return folder


# --- Delta -----------------------------------------------------------------------------------------------------------


def test_of_a_delta_table_only_the_newest_version_counts(tmp_path: Path) -> None:
    place = delta(tmp_path / "contact", [row(n) for n in range(4)])
    delta(place, [row(4), row(5)], mode="append")
    DeltaTable(str(place)).delete("fullname = 'Person 2'")
    assert selected(tmp_path) == [0, 1, 3, 4, 5]
    delta(place, [row(7), row(8)], mode="overwrite")
    assert len(list(place.glob("*.parquet"))) > 1  # the files of former versions are still there
    assert selected(tmp_path) == [7, 8]


@pytest.mark.parametrize("feature", ["delta.enableDeletionVectors", "delta.columnMapping.mode"])
def test_deletion_vectors_and_mapped_columns_are_no_obstacle(tmp_path: Path, feature: str) -> None:
    set_to = {feature: "name" if feature.endswith("mode") else "true"}
    place = delta(tmp_path / "contact", [row(n) for n in range(4)], configuration=set_to)
    assert DeltaTable(str(place)).protocol().min_reader_version > 1
    DeltaTable(str(place)).delete("fullname = 'Person 2'")
    delta(place, [row(1, 2, IsDelete=True)], mode="append")
    assert selected(tmp_path) == [0, 3]
    assert selected(tmp_path, "fullname == 'person 3'") == [3]


def test_a_delta_table_is_never_read_by_its_files_alone(tmp_path: Path) -> None:
    delta(tmp_path / "contact", [row(1)])
    assert plain_files(tmp_path) == {}


@pytest.mark.parametrize("shelf", [".", "Tables", "Tables/dbo", "deltalake"])
def test_tables_are_found_where_a_lakehouse_or_a_link_has_them(tmp_path: Path, shelf: str) -> None:
    delta(tmp_path / shelf / "contact", [row(3)])
    assert selected(tmp_path) == [3]


def test_a_staged_table_counts_where_there_is_no_other(tmp_path: Path) -> None:
    delta(tmp_path / "deltalake" / "contact_partitioned", [row(1)])
    assert selected(tmp_path) == [1]
    delta(tmp_path / "deltalake" / "contact", [row(2)])
    assert selected(tmp_path) == [2]


def test_rows_that_are_marked_deleted_or_archived_are_left_out(tmp_path: Path) -> None:
    delta(tmp_path / "contact", [row(1), row(2, IsDelete=True), row(3, IsDelete=False)])
    assert selected(tmp_path) == [1, 3]
    table = pa.Table.from_pylist([row(1), row(2)], schema=TYPES).append_column("sysdatastatecode", pa.array([0, 1]))
    write_deltalake(str(tmp_path / "contact"), table, mode="overwrite", schema_mode="overwrite")
    assert selected(tmp_path) == [1]


def test_of_several_rows_with_one_id_the_newest_counts(tmp_path: Path) -> None:
    delta(tmp_path / "contact", [row(1, 2, vip=True), row(1, 1), row(2, 3), row(2, 4, vip=True, IsDelete=True)])
    assert selected(tmp_path) == [1]
    assert selected(tmp_path, "vip == True") == [1]


def test_choices_are_numbers_several_of_them_text_and_lookups_ids(tmp_path: Path) -> None:
    other = str(contact(99)).upper()
    delta(tmp_path / "contact", [row(1, preferred=2, parentid=other, parentid_entitytype="account"),
                                 row(2, hobbies="1;3"), row(3, hobbies="[1, 3]"), row(4, hobbies="3")])  # fmt: skip
    assert selected(tmp_path, "preferred == 2") == [1]
    assert selected(tmp_path, f"parentid == '{other.lower()}'") == [1]
    assert selected(tmp_path, "parentid_logicalname == 'account'") == [1]
    assert selected(tmp_path, "hobbies == '1,3'") == [2, 3]


def test_only_what_is_asked_for_is_read(tmp_path: Path) -> None:
    delta(tmp_path / "contact", [row(1, preferred=2)])
    with people(tmp_path, {"contact": ("statecode",)}) as found:
        assert found.filled["contact"] == {"contactid", "statecode"}
        with pytest.raises(EvaluationError, match="without the column preferred"):
            found.legacy(parse_outbound("PROFILE(contact).FILTER(preferred == 2)"), nobody)


def test_without_the_package_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    delta(tmp_path / "contact", [row(1)])
    monkeypatch.setitem(sys.modules, "deltalake", None)
    with pytest.raises(UsageError, match=r'pip install "\.\[delta\]"'), people(tmp_path):
        pass


def test_a_delta_table_whose_log_is_broken_is_named(tmp_path: Path) -> None:
    place = delta(tmp_path / "contact", [row(1)])
    for path in (place / "_delta_log").glob("*.json"):
        path.write_text("no log")
    with pytest.raises(EvaluationError, match="the table contact cannot be read"), people(tmp_path):
        pass


# --- Synapse Link, CSV -----------------------------------------------------------------------------------------------

COLUMNS = ["Id", "SinkCreatedOn", "SinkModifiedOn", "contactid", "fullname", "vip", "createdon", "preferred",
           "statecode", "versionnumber", "IsDelete"]  # fmt: skip


def model(folder: Path, columns: Sequence[str] = COLUMNS, name: str = "contact") -> None:
    attributes = [{"name": column, "dataType": "string", "maxLength": -1} for column in columns]
    entities = [{"$type": "LocalEntity", "name": name, "attributes": attributes, "partitions": []}]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.json").write_text(json.dumps({"name": "cdm", "version": "1.0", "entities": entities}))


def line(number: int, version: int, name: str = "Ana", vip: str = "False", deleted: str = "False", at: str = "") -> str:
    """One line as the link writes it; of a row that is gone there is its id alone."""
    one, written = str(contact(number)), f"1/{version}/2026 4:34:35 PM"
    if deleted == "True":
        return f'{one},"{written}","{written}",,,,,,,{version},True\n'
    quoted = name.replace('"', '""')
    created = at or "2018-05-25T16:21:09.0000000+00:00"
    return f'{one},"{written}","{written}",{one},"{quoted}",{vip},"{created}",3,0,{version},{deleted}\n'


def test_csv_of_a_link_has_no_header_and_a_model_beside_it(tmp_path: Path) -> None:
    model(tmp_path)
    (tmp_path / "Contact").mkdir()
    (tmp_path / "Contact" / "2018.csv").write_text(line(1, 1, 'A "b",\nc') + line(2, 1, vip="True"))
    (tmp_path / "Contact" / "2019.csv").write_text(line(3, 1))
    (tmp_path / "Contact" / "Snapshot").mkdir()
    (tmp_path / "Contact" / "Snapshot" / "2018_1.csv").write_text(line(9, 1))
    (tmp_path / "OptionsetMetadata").mkdir()
    (tmp_path / "OptionsetMetadata" / "OptionsetMetadata.csv").write_text("contact,preferred,3,False,1033,Post\n")
    assert selected(tmp_path) == [1, 2, 3]
    assert selected(tmp_path, "vip == True") == [2]
    assert selected(tmp_path, "preferred == 3 && fullname CONTAINS 'b\",'") == [1]


def test_dates_of_a_link_are_moments_in_utc(tmp_path: Path) -> None:
    model(tmp_path)
    (tmp_path / "contact").mkdir()
    (tmp_path / "contact" / "2018.csv").write_text(
        line(1, 1, at="2020-01-01T00:30:00.0000000+02:00") + line(2, 1, at="2020-01-01T00:30:00Z")
    )
    assert selected(tmp_path, "createdon < '2020-01-01'") == [1]


def test_appended_versions_come_to_the_newest_and_deletions_count(tmp_path: Path) -> None:
    model(tmp_path)
    (tmp_path / "contact").mkdir()
    (tmp_path / "contact" / "2018.csv").write_text(
        line(1, 1, "Old") + line(2, 2) + line(1, 9, "New") + line(2, 10, deleted="True") + line(3, 1, "Old")
    )
    assert selected(tmp_path) == [1, 3]
    assert selected(tmp_path, "fullname == 'new'") == [1]


def test_timestamped_folders_add_up_and_each_knows_its_own_columns(tmp_path: Path) -> None:
    model(tmp_path, [*COLUMNS, "hobbies"])
    for stamp, columns, text in (
        ("2026-01-01T00.00.00Z", COLUMNS, line(1, 1) + line(2, 1)),
        ("2026-01-02T00.00.00Z", [*COLUMNS, "hobbies"], line(1, 2).rstrip() + ',"1;3"\n' + line(2, 2, deleted="True")),
    ):
        place = tmp_path / stamp / "contact"
        model(tmp_path / stamp, columns)
        place.mkdir()
        (place / "2018.csv").write_text(text)
    assert selected(tmp_path) == [1]
    assert selected(tmp_path, "hobbies == '1,3'") == [1]


def test_lines_from_before_a_column_was_added_end_early(tmp_path: Path) -> None:
    model(tmp_path, [*COLUMNS, "hobbies"])
    (tmp_path / "contact").mkdir()
    (tmp_path / "contact" / "2018.csv").write_text(line(1, 1) + line(2, 2).rstrip() + ',"1"\n')
    assert selected(tmp_path, "ISNULL(hobbies)") == [1]


def test_a_model_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(UsageError, match=r"model\.json does not describe"):
        mirrored_files(tmp_path)


# --- values ----------------------------------------------------------------------------------------------------------


def test_a_column_with_values_of_another_type_costs_only_the_queries_that_need_it(tmp_path: Path) -> None:
    rows = [{"contactid": str(contact(n)), "preferred": "many" if n else "2", "statecode": "0"} for n in range(3)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "contact.parquet")
    assert selected(tmp_path, "statecode == 0") == [0, 1, 2]
    with pytest.raises(EvaluationError, match=r"2 values of contact\.preferred cannot be read as a number"):
        selected(tmp_path, "preferred == 2")


# --- whatever the files -----------------------------------------------------------------------------------------------


def test_an_offset_counts_and_a_number_that_is_none_is_null_in_any_file(tmp_path: Path) -> None:
    moments = ["2020-01-01T00:30:00+02:00", "2020-01-01T00:30:00", "2020-01-01 00:30:00Z"]
    columns = {
        "contactid": [str(contact(n)) for n in (1, 2, 3)], "createdon": moments,
        "preferred": [2.0, float("nan"), 1.0], "fullname": ["Ana", "Bo", ""], "statecode": [0, 0, 0],
    }  # fmt: skip
    for folder in ("parquet", "csv"):
        (tmp_path / folder).mkdir()
    pq.write_table(pa.table(columns), tmp_path / "parquet" / "contact.parquet")
    lines = [",".join(columns), *(",".join(map(str, one)) for one in zip(*columns.values(), strict=True))]
    (tmp_path / "csv" / "contact.csv").write_text("\n".join(lines))
    for folder in ("parquet", "csv"):
        assert selected(tmp_path / folder, "createdon < '2020-01-01'") == [1]
        assert selected(tmp_path / folder, "preferred > 1") == [1]
        assert selected(tmp_path / folder, "ISNULL(preferred)") == [2]
        assert selected(tmp_path / folder, "fullname != 'Ana'") == [2]
        assert selected(tmp_path / folder, "ISNULL(fullname)") == [3]
