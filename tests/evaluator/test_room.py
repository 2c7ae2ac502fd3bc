"""No room for the database is what it is: neither a table that cannot be read nor a query that cannot be evaluated."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from migrator.base.errors import Retryable
from migrator.evaluator.mirrors import FileKind, TableFiles
from migrator.evaluator.population import population
from migrator.evaluator.room import no_room
from tests.small import SCHEMA

MANY = "CREATE TABLE many AS SELECT range AS n, hash(range) AS h FROM range(3_000_000)"
NOW = datetime(2026, 1, 31)  # noqa: DTZ001 - UTC without saying so


def refused(sql: str, **config: str) -> duckdb.Error:
    """What DuckDB itself says."""
    with duckdb.connect(config={**config}) as database, pytest.raises(duckdb.Error) as found:
        database.execute(sql)
    return found.value


def test_a_disk_without_room_asks_for_room_on_the_disk(tmp_path: Path) -> None:
    limits = {"memory_limit": "20MB", "temp_directory": str(tmp_path / "there"), "max_temp_directory_size": "1MB"}
    assert "TMPDIR" in str(no_room(refused(MANY, **limits)))


def test_too_little_memory_asks_for_more_memory(tmp_path: Path) -> None:
    assert "--memory 4GB" in str(no_room(refused(MANY, memory_limit="20MB", temp_directory="")))


@pytest.mark.parametrize(
    "sql",
    ["FROM nowhere", "SELECT 'a'::INTEGER", "FROM read_csv('none.csv')", "FROM read_parquet('none')"],
)
def test_what_is_wrong_with_a_table_or_a_query_is_no_lack_of_room(sql: str) -> None:
    assert no_room(refused(sql)) is None


def test_a_prediction_ends_where_the_memory_is_not_enough(tmp_path: Path) -> None:
    with (tmp_path / "contact.csv").open("w") as file:
        file.write("contactid,firstname\n")
        file.writelines(f"00000000-0000-0000-0000-{n:012},{n:040}\n" for n in range(300_000))
    files = {"contact": TableFiles(FileKind.CSV, (tmp_path / "contact.csv",))}
    with pytest.raises(Retryable, match="memory"), population(SCHEMA, files, NOW, memory="10MB"):
        pass
