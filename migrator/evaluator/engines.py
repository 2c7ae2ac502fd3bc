"""Where queries are evaluated: DuckDB here, Spark here, or Spark on a cluster."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from sqlglot import exp

from migrator.base.errors import UsageError
from migrator.evaluator.mirrors import TableFiles, mirrored_files
from migrator.evaluator.population import Population, population
from migrator.mql import Schema
from migrator.product.codes import AUDIENCE


class EngineName(StrEnum):
    """An engine that a person can ask for."""

    DUCKDB = "duckdb"
    SPARK = "spark"


@dataclass(frozen=True, slots=True)
class Engine:
    """What evaluates queries."""

    name: EngineName = EngineName.DUCKDB
    remote: str = ""
    """Address of a Spark Connect server, `sc://host:port`; empty means this machine."""

    @contextmanager
    def peopled(
        self,
        schema: Schema,
        tables: Path,
        now: datetime,
        *,
        memory: str,
        only: Mapping[str, Collection[str]],
        told: Callable[[str, int], None],
    ) -> Iterator[Population]:
        """The tables that are asked for, until the block ends; nothing of them stays behind.

        Args:
            schema: tables, columns, relationships.
            tables: a folder; with a cluster it may be a schema of its catalog instead, such as `lakehouse.dbo`.
            now: the moment that "now" means, UTC.
            memory: what the database may take, such as 2GB; Spark on this machine as much again.
            only: table → the columns that are asked for.
            told: is told the name and the number of rows of each table.

        Raises:
            EvaluationError: a table cannot be read.
            UsageError: there are no tables, or a package, Java or the cluster is missing.
        """
        in_catalog = bool(self.remote) and not tables.is_dir()
        files: Mapping[str, TableFiles] = {} if in_catalog else mirrored_files(tables)
        if not in_catalog:
            _contacts_among(files, tables)
        if self.name is EngineName.DUCKDB:
            with population(schema, files, now, memory=memory, only=only, told=told) as people:
                yield people
            return
        from migrator.evaluator import spark

        with (
            tempfile.TemporaryDirectory(prefix="migrator-") as folder,
            spark.session(self.remote, memory, Path(folder)) as session,
        ):
            people = spark.SparkPopulation(schema, now, Path(folder), memory, session, is_here=not self.remote)
            people.files = files
            try:
                if in_catalog:
                    for name in people.of_catalog(str(tables)):
                        if name in only and name in schema.tables:
                            quoted = exp.to_table(f"{tables}.{name}").sql("spark", identify=True)
                            told(name, people.fill_from_catalog(name, quoted, only[name]))
                    _contacts_among(people.filled, tables)
                for name, where in files.items():
                    if name in only and name in schema.tables:
                        told(name, people.fill(name, where, only[name]))
                yield people
            finally:
                people.close()


def engine(name: str, remote: str) -> Engine:
    """The engine that somebody asks for.

    Raises:
        UsageError: there is none of that name, or an address that is none of a Connect server.
    """
    try:
        chosen = EngineName(name.lower())
    except ValueError:
        raise UsageError(f"--engine takes {' or '.join(EngineName)}; {name} is neither.") from None
    if remote and chosen is not EngineName.SPARK:
        raise UsageError("--remote names a Spark server; add --engine spark, or leave it out.")
    if remote and not remote.startswith("sc://"):
        raise UsageError(
            f"--remote takes the address of a Spark Connect server, such as sc://host:15002; {remote} is none."
        )
    return Engine(chosen, remote)


def _contacts_among(names: Collection[str], tables: Path) -> None:
    if AUDIENCE not in names:
        raise UsageError(
            f"There is no table {AUDIENCE} in {tables}, and nobody can be counted without it. "
            "Extract the tables with: migrator extract --with-tables"
        )
