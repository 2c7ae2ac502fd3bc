"""`predict --sql`: both queries of every segment for a warehouse; what it gives there is what `predict` counts."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import duckdb
import pytest
import sqlglot

from migrator.base.progress import Silent
from migrator.commands.predict import made_at, predict
from migrator.commands.predict_sql import Written, written_queries
from migrator.commands.prepare import take_export, translate_stage
from migrator.commands.report import plan_of
from migrator.contracts.choices import Choice, Choices
from migrator.contracts.export_folder import read_export
from migrator.contracts.run_folder import RunFolder, Task, new_run
from migrator.evaluator.dialects import Dialect
from migrator.evaluator.mirrors import mirrored_files
from migrator.evaluator.population import population
from migrator.mql.schema import schema_from_json
from tests.conftest import Command

CONTOSO = Path(__file__).parents[2] / "sample_exports" / "contoso"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    found = new_run(tmp_path_factory.mktemp("sql") / "reports", "", dry_run=True)
    take_export(found, CONTOSO)
    translate_stage(found, Task(choices=Choices(Choice.TRANSLATE, Choice.TRANSLATE)))
    return found


def queries(run: RunFolder, dialect: Dialect) -> list[Written]:
    export = read_export(run.export)
    now, schema = made_at(export), schema_from_json(export.tables)
    return list(written_queries(run, plan_of(run), tuple(export.segments), schema, now, dialect))


@pytest.mark.slow
def test_in_duckdb_the_script_gives_everybody_that_predict_counts(run: RunFolder) -> None:
    numbers = {one.legacy_id: one for one in predict(run, plan_of(run), Silent()).segments}
    export = read_export(run.export)
    schema = schema_from_json(export.tables)
    checked = 0
    with population(schema, mirrored_files(run.export / "tables"), made_at(export)) as people:
        for one in queries(run, Dialect.DUCKDB):
            number = numbers[one.segment.legacy_id]
            expected = number.legacy if one.side == "legacy" else number.predicted
            if one.note:
                assert expected is None, one
                continue
            for name, file in one.lists:
                rows = f"read_csv('{run.export / file}', header = true, all_varchar = true)"
                people.query(f"CREATE OR REPLACE TABLE {name} AS SELECT contactid AS member FROM {rows}")
            ids = [UUID(str(row[0])) for row in people.query(one.sql)]
            assert (one.side, number.name, len(ids)) == (one.side, number.name, expected)
            assert len(set(ids)) == len(ids)
            checked += 1
    assert checked > 90


@pytest.mark.parametrize("dialect", list(Dialect))
def test_every_query_can_be_read_in_its_dialect(run: RunFolder, dialect: Dialect) -> None:
    found = queries(run, dialect)
    assert len(found) == 110
    for one in found:
        if one.note:
            assert one.sql == ""
        else:
            assert isinstance(sqlglot.parse_one(one.sql, read=str(dialect)), sqlglot.exp.Query)


def test_the_script_runs_as_it_is_printed(command: Command, tmp_path: Path) -> None:
    command("run", "--dry-run", "--no-predict", "--from", CONTOSO)
    printed = command("predict", "--sql", "duckdb").out
    assert printed.count("\n-- legacy: ") == printed.count("\n-- realtime: ") == 55
    assert "“now” is 2026-04-20 08:00:00" in printed
    assert len(duckdb.extract_statements(printed)) == 1 + 110 - printed.count("-- cannot be written: ")
    again = command("predict", "--sql", "duckdb", "--as-of", "2030-01-01").out
    assert "2030-01-01" in again
    late = command("predict", "--as-of", "0001-01-01T00:00+14:00")
    assert (late.code, "takes a date or a time" in late.err) == (2, True)
    refused = command("predict", "--sql", "oracle")
    assert (refused.code, "takes duckdb, spark, fabric" in refused.err) == (2, True)
