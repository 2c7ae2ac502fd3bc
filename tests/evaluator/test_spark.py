"""Spark selects whom DuckDB selects: every operator of the compilers, generated queries, and a cluster's own tables.

It takes pyspark (450 MB, the extra `[spark]`) and Java. Where one is missing it is skipped, which the summary of the
tests says; SPARK_PAIRS=40 asks more.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlglot import exp

from migrator.base.errors import UsageError
from migrator.evaluator import EvaluationError, UnknownSegment, spark
from migrator.evaluator.conditions import condition_sql
from migrator.evaluator.dialects import Dialect, text
from migrator.evaluator.mirrors import FileKind, TableFiles
from migrator.evaluator.population import Population
from migrator.evaluator.select import Scope, Statement, Stored, from_table
from migrator.mql import parse_outbound, parse_realtime, tree
from tests.conftest import Command
from tests.evaluator.test_judged import pairs
from tests.phrasebook import SCHEMA
from tests.query_data import NOW, rows
from tests.small import CONTACTS, contact

_HERE = importlib.util.find_spec("pyspark") is not None
needs_spark = pytest.mark.skipif(
    not (_HERE and spark.java()),
    reason="pyspark is not installed (the extra [spark])" if not _HERE else "Java is not installed",
)
PAIRS = int(os.environ.get("SPARK_PAIRS", "6"))
MOMENT = NOW.replace(tzinfo=None)


class Both(NamedTuple):
    """Two engines with the same rows."""

    spark: spark.SparkPopulation
    duckdb: Population


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("spark")
    with spark.session("", "1GB", folder) as session:
        for key, value in {
            "spark.sql.shuffle.partitions": "1", "spark.sql.adaptive.enabled": "false",
            "spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        }.items():  # a few rows: compiling would take longer than answering  # fmt: skip
            session.conf.set(key, value)
        (folder / "duckdb").mkdir()
        found = Both(
            spark.SparkPopulation(SCHEMA, MOMENT, folder, "1GB", session, is_here=True),
            Population(SCHEMA, MOMENT, folder / "duckdb", "1GB"),
        )
        for name, content in rows(1).items():
            path = folder / f"{name}.parquet"
            columns = pa.schema([(column, pa.string()) for column in SCHEMA.tables[name].columns])
            texts = [{key: None if cell in (None, "") else str(cell) for key, cell in row.items()} for row in content]
            pq.write_table(pa.Table.from_pylist(texts, schema=columns), path)
            for engine in found:
                engine.fill(name, TableFiles(FileKind.PARQUET, (path,)))
        yield found
        for engine in found:
            engine.close()


def nobody(name: str) -> Stored:
    raise UnknownSegment(f"there is no segment {name}")


CONDITIONS = [
    *(f"age {op} 3" for op in ("==", "!=", ">", ">=", "<", "<=")),
    *(f"fullname {op} '{part}'" for op in ("CONTAINS", "STARTSWITH", "ENDSWITH") for part in ("A", "o", "%", "")),
    *(f"DATEDIFF({part}, born, DATETIMEUTCNOW()) > 200"
      for part in ("second", "minute", "hour", "day", "week", "month", "quarter")),
    "DATEDIFF(year, born, DATETIMEUTCNOW()) == 1", "DATEDIFF(week, DATE(2026, 1, 4), DATE(2026, 1, 5)) == 1",
    *(f"born > DATEADD({part}, -300, DATETIMEUTCNOW())"
      for part in ("second", "minute", "hour", "day", "week", "month", "quarter", "year")),
    "born == DATEADD(year, 0 - 26, DATE(2026, 1, 31))", "born >= DATE(1990, 5, 5, 10, 0, 0, 500)",
    "born < '1990-05-05T12:00:00+02:00'", "born <= '1990-05-05T12:00:00+02:00'",
    "vip == True", "vip != 'false'", "NOT(vip == True)", "ISNULL(city)", "ISNOTNULL(city)",
    "NOT(age == 3) || vip == True",
    "age + 2 == 4", "age - 2 < 0", "age * 2 > 6", "age / 2 == 1.5", "age / (age - age) > 1", "income > -5.5",
    "income == 10.5", "city == 'OSLO'", "city != 'rome'", "city < 'b'", "hobbies == '1'", "fullname == city",
    "accountid == '{00000000-0000-0002-0000-000000000001}'",
]  # fmt: skip


@pytest.mark.slow
@needs_spark
def test_every_condition_holds_for_the_same_contacts(both: Both) -> None:
    statement = Statement(SCHEMA, MOMENT, nobody)
    place = statement.place("contact")
    select = exp.select(place.column("contactid")[0]).from_(from_table(place)).order_by(place.column("contactid")[0])
    for number, words in enumerate(CONDITIONS):
        (step,) = _profile(parse_outbound(f"PROFILE(contact).FILTER({words})")).steps
        assert isinstance(step, tree.Filter)
        holds = condition_sql(step.condition, Scope(place), MOMENT)
        select = select.select(exp.alias_(exp.Case().when(holds, exp.Literal.number(1)), f"c{number}", quoted=True))
    found = [tuple(row.values()) for row in both.spark._session.sql(text(select, Dialect.SPARK)).toArrow().to_pylist()]
    expected = both.duckdb.query(text(select, Dialect.DUCKDB))
    for number, words in enumerate(CONDITIONS, 1):
        assert [row[number] for row in found] == [row[number] for row in expected], words
    assert sum(any(row[number] for row in expected) for number in range(1, len(CONDITIONS) + 1)) > 35


def _profile(query: tree.Query) -> tree.Profile:
    assert isinstance(query.members, tree.Profile)
    return query.members


QUERIES = [
    ("legacy", "PROFILE(account, a).FILTER(a.size > 1).TRAVERSE(contact_account_accountid, c, FILTER(c.age > 1))"),
    ("legacy", "PROFILE(contact).FILTER(age > 2) UNION PROFILE(contact).FILTER(vip == True) "
               "INTERSECT PROFILE(contact).FILTER(ISNOTNULL(city)) EXCEPT SEGMENT(first)"),
    ("legacy", "PROFILE(contact).ORDERBY(city DESC, age).SKIP(3).TAKE(5)"),
    ("legacy", "INTERACTION(EmailOpened, contactId).FILTER(stars > 1).HAVING(COUNT() >= 2, UTCMONTHS(6))"),
    *(("legacy", f"INTERACTION(EmailOpened, contactId).HAVING({each}(stars) > 2)") for each in ("AVG", "SUM", "MIN")),
    ("realtime", "PROFILE(contact).RELATE(contact_customer_accounts, a).FILTER(NOT(a.size == 6))"),
    ("realtime", "PROFILE(contact).RELATEOPTIONAL(contact_visits, v).FILTER(NOT(v.stars == 3)) "
                 "INTERSECT SEGMENT(first)"),
]  # fmt: skip


@pytest.mark.slow
@needs_spark
def test_sets_relations_interactions_pages_and_references_select_the_same(both: Both) -> None:
    first = parse_outbound("PROFILE(contact).FILTER(age > 3)")
    known = [engine.legacy(first, nobody) for engine in both]
    for side, query in QUERIES:
        parsed = parse_outbound(query) if side == "legacy" else parse_realtime(query)
        found = [
            list(engine.ids(getattr(engine, side)(parsed, lambda _, one=one: one)))
            for engine, one in zip(both, known, strict=True)
        ]
        assert found[0] == found[1], query
        assert found[1], query


@pytest.mark.slow
@needs_spark
def test_generated_queries_select_the_same(both: Both) -> None:
    asked = 0
    for before, after, _ in pairs(range(PAIRS)):
        for side, query in (("legacy", before), ("realtime", after)):
            if query is not None:
                found = [answer(engine, side, query) for engine in both]
                assert found[0] == found[1], query
                asked += 1
    assert asked >= PAIRS


def answer(engine: Population, side: str, query: tree.Query) -> Any:
    try:
        return list(engine.ids(getattr(engine, side)(query, nobody)))
    except EvaluationError as error:
        return str(error)


# --- a cluster -------------------------------------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A Spark Connect server whose catalog has the small organisation, as a mirror has it."""
    mirror = [
        {**row, "Id": row["contactid"], "versionnumber": 1, "IsDelete": None, "children": row["children"]}
        for row in CONTACTS
    ]
    mirror += [{**mirror[0], "versionnumber": 2}]  # an update, and somebody who was deleted
    mirror += [{"Id": str(contact(99)), "versionnumber": 3, "IsDelete": True}]
    (tmp_path / "lake").mkdir()
    pq.write_table(pa.Table.from_pylist(mirror), tmp_path / "lake" / "contact.parquet")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = Path(__file__).with_name("spark_server.py")
    command = [sys.executable, "-W", "ignore", str(script), str(port), str(tmp_path / "lake")]
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield f"sc://127.0.0.1:{port}"
        process.stdin.close()
        process.wait(30)


@pytest.mark.slow
@needs_spark
@pytest.mark.skipif(importlib.util.find_spec("grpc") is None, reason="pyspark is installed without [connect]")
def test_a_cluster_is_asked_about_its_own_tables(command: Command, small_export: Path, server: str) -> None:
    command("run", "--dry-run", "--no-predict", "--from", small_export)
    here = numbers(json.loads(command("predict", "--json").out))
    asked = [sys.executable, "-m", "migrator", "predict", "--json", "--engine", "spark", "--remote", server]
    for tables in (["--tables", "lake"], []):  # without a name, those of the export are sent there
        done = subprocess.run([*asked, *tables], capture_output=True, text=True, check=False)
        assert numbers(json.loads(done.stdout)) == here, done.stderr
    done = subprocess.run([*asked, "--tables", "nowhere"], capture_output=True, text=True, check=False)
    assert (done.returncode, "no schema nowhere" in done.stderr) == (2, True)


def numbers(content: dict[str, Any]) -> dict[str, tuple[int | None, int | None, str]]:
    found = {one["name"]: (one["legacy"], one["predicted"], one["verdict"]) for one in content["segments"]}
    assert found["Oslo"][0]
    return found


# --- refusals --------------------------------------------------------------------------------------------------------


def test_without_pyspark_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(UsageError, match=r'pip install "\.\[spark\]"'), spark.session("", "1GB", tmp_path):
        pass


@pytest.mark.skipif(not _HERE, reason="pyspark is not installed (the extra [spark])")
def test_without_java_it_is_said_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(UsageError, match="needs Java 17"), spark.session("", "1GB", tmp_path):
        pass


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--engine", "hive"), "takes duckdb or spark"),
        (("--remote", "sc://x:1"), "names a Spark server; add --engine spark"),
        (("--engine", "spark", "--remote", "http://x"), "such as sc://"),
    ],
)
def test_engines_that_cannot_be_are_refused(command: Command, options: tuple[str, ...], words: str) -> None:
    refused = command("predict", *options)
    assert (refused.code, words in refused.err) == (2, True), refused.err
