"""The same queries on Apache Spark: here, for data that one machine holds, or on a cluster that somebody has.

Only who a query selects is asked of Spark. Its answer becomes a set beside the others, in DuckDB, where sets are
compared; so both engines count in the same way, and a test shows that they select the same people.
"""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from migrator.base.errors import UsageError
from migrator.evaluator import mirrors
from migrator.evaluator.database import Tables
from migrator.evaluator.dialects import Dialect, text
from migrator.evaluator.mirrors import FileKind, TableFiles
from migrator.evaluator.population import Population
from migrator.evaluator.select import EVERYBODY, MEMBER, EvaluationError, Kind, Membership, Stored, kind_of, table_named
from migrator.mql import Column, Schema, tree
from migrator.product.codes import AUDIENCE, AUDIENCE_KEY

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_TYPES = {
    Kind.TEXT: "STRING", Kind.ID: "STRING", Kind.NUMBER: "DOUBLE", Kind.BOOLEAN: "BOOLEAN", Kind.MOMENT: "TIMESTAMP",
}  # fmt: skip
_CATALOG = TableFiles(FileKind.PARQUET, ())
"""Stands for the names of columns in a catalog, which are those of mirrors."""


class SparkPopulation(Population):
    """Tables that Spark asks. Not safe for use from several threads at once."""

    def __init__(
        self, schema: Schema, now: datetime, folder: Path, memory: str, session: SparkSession, *, is_here: bool
    ) -> None:
        """Open an empty one.

        Args:
            schema: tables, columns, relationships.
            now: the moment that "now" means in queries, UTC.
            folder: where files may be put for Spark to read.
            memory: what DuckDB may take, which compares sets.
            session: where to ask.
            is_here: whether it reads files of this machine.
        """
        super().__init__(schema, now, folder, memory)
        self.tables = Tables(schema, lambda: now, self._database, numbered=False, existing=True)
        self._folder = folder
        self._session = session
        self._shown: set[str] = set()
        self._is_here = is_here

    def fill(self, name: str, files: TableFiles, only: Collection[str] | None = None) -> int:
        """Read the rows of a table, as DuckDB does, and hand them to Spark.

        Args:
            name: logical name.
            files: where the rows lie.
            only: the columns that are asked for; None means all of the schema.

        Raises:
            EvaluationError: the files cannot be read.
            UsageError: it takes a package that is not installed.
        """
        rows = super().fill(name, files, only)
        columns = sorted(self.filled[name])
        chosen = ", ".join(exp.column(key, quoted=True).sql("duckdb") for key in columns)
        select = f"SELECT {chosen} FROM {table_named(name).sql('duckdb')}"  # noqa: S608 - every name is quoted
        with _asked():
            if self._is_here:  # through files, so that any number of rows fits
                path = self._folder / f"spark-{len(self.filled)}.parquet"
                self._database.execute(f"COPY ({select}) TO {exp.Literal.string(str(path)).sql('duckdb')}")
                frame = self._session.read.parquet(path.resolve().as_uri())
            else:
                frame = self._session.createDataFrame(self._database.sql(select).to_arrow_table())
            frame.createOrReplaceTempView(f"{name}_rows")
            self._typed(name, {key: key for key in columns}, _name(f"{name}_rows"))
        if name != AUDIENCE:  # of which sets are told apart by DuckDB
            self._database.execute(f"DELETE FROM {table_named(name).sql('duckdb')}")  # noqa: S608 - quoted
        return rows

    def of_catalog(self, schema: str) -> list[str]:
        """The tables of a schema of the cluster's catalog, in small letters.

        Raises:
            UsageError: there is no such schema.
        """
        from pyspark.errors import PySparkException

        quoted = exp.to_table(schema).sql("spark", identify=True)
        try:
            return [str(row["tableName"]).lower() for row in self._session.sql(f"SHOW TABLES IN {quoted}").collect()]
        except PySparkException as error:
            raise UsageError(
                f"The cluster has no schema {schema}, and there is no folder of that name here: "
                f"{str(error).splitlines()[0]}"
            ) from error

    def fill_from_catalog(self, name: str, table: str, only: Collection[str] | None = None) -> int:
        """Let queries ask a table of the cluster's own catalog; gives how many rows count.

        Args:
            name: logical name.
            table: its name in the catalog, quoted.
            only: the columns that are asked for; None means all of the schema.

        Raises:
            EvaluationError: it cannot be read.
        """
        known = self.schema.tables[name]
        keys = [key for key in known.columns if only is None or key in only or key == known.key]
        with _asked(f"the table {name} cannot be read"):
            found = {column.lower(): column for column in self._session.table(table).columns}
            shown = {key: called for key in keys if (called := mirrors.shown_as(key, known, _CATALOG, found))}
            self._typed(name, shown, self._newest(known.key, table, found), mirrors.living_sql(found, "spark"))
            rows = int(self._one_of(f"SELECT count(*) FROM {_name(name)}"))  # noqa: S608 - quoted
            if name == AUDIENCE:
                columns = ", ".join(map(_name, sorted({AUDIENCE_KEY, "statecode"} & shown.keys())))
                here = self._session.sql(f"SELECT {columns} FROM {_name(name)}").toArrow()  # noqa: S608 - quoted
                self._database.register("contacts_there", here)
                self._database.execute(f"INSERT INTO {table_named(name).sql('duckdb')} BY NAME FROM contacts_there")
                self._database.unregister("contacts_there")
        self.filled[name] = set(shown)
        self._calling = True
        return rows

    def legacy(self, query: tree.Query, membership: Membership) -> Stored:
        """The set of contacts that an outbound query selects.

        Raises:
            EvaluationError: the query speaks about something that is not there.
        """
        return super().legacy(query, self._seen(membership))

    def realtime(self, query: tree.Query, membership: Membership) -> Stored:
        """The set of contacts that a real-time query selects.

        Raises:
            EvaluationError: the query speaks about something that is not there.
        """
        return super().realtime(query, self._seen(membership))

    def _seen(self, membership: Membership) -> Membership:
        """The same, with the sets that queries refer to in the sight of Spark."""

        def found(name: str) -> Any:
            members = membership(name)
            if isinstance(members, Stored) and members.table not in self._shown:
                ids = f"SELECT id AS {MEMBER} FROM {members.table} JOIN {EVERYBODY} ON number = {MEMBER}"  # noqa: S608
                rows = self._database.sql(ids).to_arrow_table()
                with _asked():
                    self._session.createDataFrame(rows).createOrReplaceTempView(members.table)
                self._shown.add(members.table)
            return members

        return found

    def _kept(self, statement: object, select: exp.Query) -> Stored:
        asked = text(select, Dialect.SPARK)
        with _asked():
            rows = self._session.sql(
                f"SELECT lower({_name(MEMBER)}) AS id FROM ({asked}) WHERE {_name(MEMBER)} IS NOT NULL"  # noqa: S608
            ).toArrow()
        self._database.register("answered", rows)
        try:
            return self._numbered("SELECT id FROM answered")
        finally:
            self._database.unregister("answered")

    def _typed(self, name: str, shown: Mapping[str, str], source: str, condition: str = "true") -> None:
        """Make a view of the rows with the types that values are compared by."""
        columns = ", ".join(
            f"{_value(_name(shown[key]), column) if key in shown else f'CAST(NULL AS {_TYPES[kind_of(column)]})'} "
            f"AS {_name(key)}"
            for key, column in self.schema.tables[name].columns.items()
        )
        self._session.sql(f"SELECT {columns} FROM {source} WHERE {condition}").createOrReplaceTempView(_name(name))  # noqa: S608

    def _newest(self, key: str, table: str, found: Mapping[str, str]) -> str:
        """What to select from: of several versions of a row the newest."""
        identity = found.get("id", found.get(key))
        order = [
            f"TRY_CAST({_name(found[name])} AS {kind}) DESC NULLS LAST"
            for name, kind in (("versionnumber", "BIGINT"), ("sinkmodifiedon", "TIMESTAMP"))
            if name in found
        ]
        if identity is None or not order:
            return table
        one = f"lower({_name(identity)})"
        if not self._one_of(f"SELECT count(*) > count(DISTINCT {one}) FROM {table}"):  # noqa: S608 - quoted
            return table
        return (
            f"(SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY {one} ORDER BY {', '.join(order)}) "  # noqa: S608
            f"AS newest_of_these FROM {table}) WHERE newest_of_these = 1)"
        )

    def _one_of(self, sql: str) -> Any:
        return self._session.sql(sql).collect()[0][0]


def _value(shown: str, column: Column) -> str:
    """As `mirrors.value_sql`, in Spark; NaN, which would count as the largest number, is null."""
    kind = kind_of(column)
    if column.multi_select:
        shown = f"replace(translate(CAST({shown} AS STRING), '[]\" ', ''), ';', ',')"
    typed = f"CAST({shown} AS {_TYPES[kind]})"
    nothing = {Kind.TEXT: "''", Kind.ID: "''", Kind.NUMBER: "CAST('NaN' AS DOUBLE)"}.get(kind)
    return f"NULLIF({typed}, {nothing})" if nothing else typed


def _name(shown: str) -> str:
    return exp.column(shown, quoted=True).sql("spark")


@contextmanager
def _asked(what: str = "the query cannot be evaluated") -> Iterator[None]:
    from pyspark.errors import PySparkException

    try:
        yield
    except PySparkException as error:
        raise EvaluationError(f"{what}: {str(error).splitlines()[0]}") from error


# --- sessions --------------------------------------------------------------------------------------------------------


@contextmanager
def session(remote: str, memory: str, folder: Path) -> Iterator[SparkSession]:
    """Spark in a process of its own on this machine, or a cluster's Connect server, until the block ends.

    Args:
        remote: address of the Connect server, `sc://host:port`; empty for this machine.
        memory: what Spark may take here.
        folder: where it may put files here.

    Raises:
        UsageError: a package or Java is missing, or the server does not answer.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise UsageError(
            'Spark is not installed. Install it from where migrator came from: pip install ".[spark]" in a checkout, '
            'or "FILE.whl[spark]". It needs Java 17 or newer.'
        ) from None
    if not remote and not java():
        raise UsageError(
            "Spark on this machine needs Java 17 or newer, and none was found: neither JAVA_HOME nor PATH names one. "
            "Install one, or name a cluster with --remote sc://…"
        )
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = SparkSession.builder.appName("migrator")
    if remote:
        builder = builder.remote(remote)
    else:
        builder = builder.master("local[*]")
        for key, value in {
            "spark.driver.memory": memory.lower().removesuffix("b"),
            "spark.ui.enabled": "false",
            "spark.log.level": "ERROR",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.local.dir": str(folder),
            "spark.sql.warehouse.dir": str(folder / "warehouse"),
            "spark.sql.shuffle.partitions": str(os.cpu_count() or 1),
            "spark.sql.execution.arrow.pyspark.enabled": "true",
        }.items():
            builder = builder.config(key, value)
    try:
        with warnings.catch_warnings():  # it speaks of newer versions of other packages
            warnings.simplefilter("ignore")
            found = builder.getOrCreate()
        found.conf.set("spark.sql.session.timeZone", "UTC")
    except Exception as error:
        said = " ".join(str(error).split())[:300]
        if remote:
            raise UsageError(
                f"The Spark server {remote} does not answer ({said}). Check --remote and the network."
            ) from error
        raise UsageError(f"Spark does not start here ({said}). Check Java, memory and disk.") from error
    try:
        yield found
    finally:
        found.stop()


def java() -> str | None:
    """The Java that Spark would take; None where there is none."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which(str(Path(home) / "bin" / "java")) if home else shutil.which("java")
