"""Everybody who may be a member, numbered: contacts by the numbers of their rows, ids that are no contacts below zero.

A set of numbers takes a tenth of the room of a set of ids, and sets are compared many times; ids come back when
somebody asks for a list.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
from sqlglot import exp

from migrator.evaluator.select import EVERYBODY, table_named
from migrator.product.codes import AUDIENCE, AUDIENCE_KEY, State

ASLEEP = "asleep"
"""The numbers of inactive contacts."""
_STRANGERS = "strangers"


class Roll:
    """The numbers of one population, in its database."""

    def __init__(self, database: duckdb.DuckDBPyConnection) -> None:
        self._database = database
        self._contact = table_named(AUDIENCE).sql("duckdb")
        self._key = exp.column(AUDIENCE_KEY, quoted=True).sql("duckdb")

    def call(self, others: Iterable[tuple[str, str]]) -> None:
        """Number everybody; what was numbered before counts no more.

        Args:
            others: tables, and the columns of them with ids of people who may not be contacts.

        Raises:
            duckdb.Error: there is no room.
        """
        run = self._database.execute
        # One row a contact: an id that comes twice, as in a file that somebody has put together, is one person.
        repeated = f"SELECT count(*) > count(DISTINCT lower({self._key})) FROM {self._contact}"  # noqa: S608 - quoted
        if run(repeated).fetchall()[0][0]:
            run(
                f"DELETE FROM {self._contact} WHERE rowid NOT IN (SELECT min(rowid) FROM {self._contact} "  # noqa: S608
                f"WHERE {self._key} IS NOT NULL GROUP BY lower({self._key}))"
            )
        run(f"CREATE OR REPLACE TEMP TABLE {_STRANGERS} (number INTEGER, id VARCHAR)")
        run(
            f"CREATE OR REPLACE TEMP VIEW {EVERYBODY} AS "  # noqa: S608 - every name is ours
            f"SELECT CAST(rowid AS INTEGER) AS number, lower({self._key}) AS id FROM {self._contact} "
            f"UNION ALL SELECT number, id FROM {_STRANGERS}"
        )
        run(
            f"CREATE OR REPLACE TEMP TABLE {ASLEEP} AS SELECT CAST(rowid AS INTEGER) AS member FROM {self._contact} "  # noqa: S608
            f"WHERE statecode = {int(State.INACTIVE)}"
        )
        for table, column in others:
            name, shown = table_named(table).sql("duckdb"), exp.column(column, quoted=True).sql("duckdb")
            self.meet(f"SELECT lower({shown}) AS id FROM {name}")  # noqa: S608 - quoted

    def meet(self, ids: str) -> None:
        """Number whoever is not yet.

        Args:
            ids: a query with one column, `id`, in small letters.
        """
        self._database.execute(
            f"INSERT INTO {_STRANGERS} SELECT -row_number() OVER () - (SELECT count(*) FROM {_STRANGERS}), id FROM "  # noqa: S608
            f"(SELECT DISTINCT id FROM ({ids}) WHERE id IS NOT NULL) ANTI JOIN {EVERYBODY} USING (id)"
        )
