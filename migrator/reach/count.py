"""Counts people by kind, out of core: members × contacts × consent, joined in DuckDB.

What a person is to a message is a small number (`rules.kind_of`); SQL computes that number and counts, and what it
means is asked of the rules once a kind. Addresses are compared without regard to case and to blanks around them.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb

from migrator.contracts.consent import (
    ADDRESS,
    CHANNEL,
    CONSENT,
    CONTACT_COLUMNS,
    LEVEL,
    OF_PURPOSE,
    OF_TOPIC,
    POINT,
    TABLES,
    VALUE,
)
from migrator.evaluator import mirrors
from migrator.evaluator.mirrors import TableFiles
from migrator.evaluator.room import no_room, said
from migrator.evaluator.select import EvaluationError
from migrator.mql import Column, Table
from migrator.product.codes import AUDIENCE, AUDIENCE_KEY, ConsentFor, ContactPoint, State
from migrator.reach.rules import FLAG, PURPOSE_STEP, SAID, TOPIC_STEP, Said

_TOGETHER = 4
"""Purposes that people are counted for in one go."""
_STRANGER = 0
"""The kind of a member who is no contact."""


class TableUnreadable(Exception):
    """A table cannot be read, or lacks a column; the text says which, in a sentence."""


@dataclass(frozen=True, slots=True)
class MemberList:
    """Where the members of one segment lie."""

    members: Path
    excluded: Path | None
    live: bool


class People:
    """The people of one export. Not safe for use from several threads at once."""

    def __init__(self, folder: Path, memory: str = "700MB", threads: int = 2) -> None:
        """Open an empty one.

        Args:
            folder: where the database may put what does not fit into memory.
            memory: what it may take, such as 700MB.
            threads: how many threads it may use.
        """
        # Without a file of its own it packs nothing, and puts aside in `folder` what does not fit.
        self._database = duckdb.connect(
            config={"memory_limit": memory, "temp_directory": str(folder), "threads": threads},
        )
        self._database.execute("SET preserve_insertion_order = false")
        self._purposes: list[tuple[UUID, UUID | None]] = []
        self._strangers: bool | None = None
        """Whether some members are no contacts; None until somebody has counted."""
        self._database.execute("CREATE TABLE contact (id UUID, address VARCHAR, flags USMALLINT)")
        self._database.execute("CREATE TABLE member (segment INTEGER, id UUID)")

    def close(self) -> None:
        """Give the files back."""
        self._database.close()

    def fill_members(self, lists: Sequence[MemberList]) -> None:
        """Read the members of segments, which are known by their places in `lists` from now on.

        Raises:
            TableUnreadable: a list cannot be read.
        """
        try:
            self._lists("member", [(number, one.members) for number, one in enumerate(lists)])
            out = [(number, path) for number, one in enumerate(lists) if (path := one.excluded) is not None]
            if out:
                self._database.execute("CREATE TEMP TABLE left_out (segment INTEGER, id UUID)")
                self._lists("left_out", out)
                self._database.execute(
                    "DELETE FROM member WHERE EXISTS (SELECT 1 FROM left_out AS o "
                    "WHERE o.segment = member.segment AND o.id = member.id)"
                )
            self._database.execute("CREATE TABLE live (segment INTEGER)")
            for number in (number for number, one in enumerate(lists) if one.live):
                self._database.execute("INSERT INTO live VALUES (?)", [number])
        except duckdb.Error as error:
            raise no_room(error) or TableUnreadable(f"a member list cannot be read: {said(error)}") from error

    def _lists(self, table: str, paths: Sequence[tuple[int, Path]]) -> None:
        if not paths:
            return
        named = ", ".join(f"({number}, {_text(str(path))})" for number, path in paths)
        files = ", ".join(_text(str(path)) for _, path in paths)
        self._database.execute(
            f"INSERT INTO {table} SELECT n.segment, m.contactid FROM read_csv([{files}], header = true, "  # noqa: S608
            "columns = {'contactid': 'UUID'}, auto_detect = false, delim = ',', quote = '\"', escape = '\"', "
            f"filename = true) AS m JOIN (VALUES {named}) AS n(segment, path) ON m.filename = n.path"
        )

    def fill_contacts(self, files: TableFiles, address: str = ADDRESS) -> int:
        """Read the contacts; gives how many.

        Args:
            files: where they lie.
            address: the column with the address that is written to after.

        Raises:
            TableUnreadable: they cannot be read, or lack a column.
        """
        with self._opened(AUDIENCE, files, (*CONTACT_COLUMNS, ADDRESS, address)) as (source, column):
            flags = {
                "found": "true",
                "address": f"coalesce(trim({column[ADDRESS]}), '') != ''",
                "address_after": f"coalesce(trim({column[address]}), '') != ''",
                "active": f"coalesce(TRY_CAST({column['statecode']} AS INTEGER), -1) = {int(State.ACTIVE)}",
                "refuses_mail": _true(column["donotemail"]),
                "refuses_bulk": _true(column["donotbulkemail"]),
            }
            bits = " + ".join(f"CASE WHEN {test} THEN {FLAG[name]} ELSE 0 END" for name, test in flags.items())
            self._database.execute(
                f"INSERT INTO contact SELECT TRY_CAST({column[AUDIENCE_KEY]} AS UUID), lower(trim({column[address]})), "  # noqa: S608
                f"{bits} FROM {source}"
            )
        return self._number("SELECT count(*) FROM contact")

    def fill_consent(self, files: TableFiles | None, purposes: Sequence[tuple[UUID, UUID | None]]) -> int:
        """Read what the addresses have said about some purposes, each with a topic or none; gives how many records.

        Args:
            files: where the records lie; None where nobody can read them: what was said is unreadable then.
            purposes: ids of purposes and topics; they are known by their places from now on.

        Raises:
            TableUnreadable: the records cannot be read, or lack a column.
        """
        self._purposes = list(purposes)
        if files is None:
            self._persons(has_consent=False)
            return 0
        wanted = [
            f"coalesce(max(said) FILTER (about = {_text(str(purpose))}), 0)::USMALLINT AS p{number}, "
            + (f"coalesce(max(said) FILTER (about = {_text(str(topic))}), 0)::USMALLINT" if topic else "0")
            + f" AS t{number}"
            for number, (purpose, topic) in enumerate(purposes)
        ]
        ids = ", ".join(_text(str(one)) for pair in purposes for one in pair if one)
        with self._opened(CONSENT, files, tuple(TABLES[CONSENT].columns)) as (source, column):
            value, level = (f"TRY_CAST({column[name]} AS INTEGER)" for name in (VALUE, LEVEL))
            # A record without a level is about the topic that it names, or else about the purpose.
            no_topic = f"coalesce({column[OF_TOPIC]}::VARCHAR, '') = ''"
            level = f"coalesce({level}, CASE WHEN {no_topic} THEN {int(ConsentFor.PURPOSE)} END)"
            said = f"CASE {value} {' '.join(f'WHEN {int(code)} THEN {int(one)}' for code, one in SAID.items())} "
            said += f"ELSE {int(Said.UNREADABLE)} END"
            about = (
                f"lower((CASE WHEN {level} = {int(ConsentFor.PURPOSE)} THEN {column[OF_PURPOSE]} "
                f"ELSE {column[OF_TOPIC]} END)::VARCHAR)"
            )
            records = self._number(f"SELECT count(*) FROM {source}")  # noqa: S608
            if purposes:
                self._database.execute(
                    f"CREATE TABLE consent AS SELECT address, {', '.join(wanted)} FROM ("  # noqa: S608
                    f"SELECT lower(trim({column[POINT]})) AS address, {about} AS about, {said} AS said "
                    f"FROM {source} WHERE TRY_CAST({column[CHANNEL]} AS INTEGER) = {int(ContactPoint.EMAIL)}) "
                    f"WHERE about IN ({ids}) GROUP BY address"
                )
        self._persons(has_consent=bool(wanted))
        return records

    def _persons(self, *, has_consent: bool) -> None:
        """Everybody who is a member, with the kind that he is to each purpose."""
        kinds = []
        for number, (_, topic) in enumerate(self._purposes):
            said = f"coalesce(p{number}, 0)", f"coalesce(t{number}, 0)"
            if not has_consent:
                said = str(int(Said.UNREADABLE)), str(int(Said.UNREADABLE) if topic else 0)
            kinds.append(f"(flags + {PURPOSE_STEP} * {said[0]} + {TOPIC_STEP} * {said[1]})::USMALLINT AS k{number}")
        joined = " LEFT JOIN consent USING (address)" if has_consent else ""
        self._database.execute(
            f"CREATE TABLE person AS SELECT id, {', '.join([*kinds, 'flags'])} FROM "  # noqa: S608
            f"(SELECT * FROM contact SEMI JOIN member USING (id)){joined}"
        )

    def rows(self, table: str, files: TableFiles) -> list[tuple[str | None, ...]]:
        """The rows of a small table, as texts in the order of its columns (`contracts.consent`).

        Raises:
            TableUnreadable: it cannot be read, or lacks a column.
        """
        with self._opened(table, files, tuple(TABLES[table].columns)) as (source, columns):
            shown = ", ".join(f"{column}::VARCHAR" for column in columns.values())
            return list(self._rows(f"SELECT {shown} FROM {source} ORDER BY ALL"))  # noqa: S608

    # --- answers ---

    def by_segment(self, purpose: int | None) -> list[tuple[int, int, int]]:
        """Segment, kind, and how many members are of that kind; without a purpose, of what the contacts alone tell."""
        sql = f"SELECT segment, {self._kind(purpose)}, count(*) FROM member LEFT JOIN person USING (id) GROUP BY 1, 2"  # noqa: S608
        found = list(self._rows(sql))
        if sum(count for *_, count in found) != self._number("SELECT count(*) FROM member"):
            # A mirror holds a contact twice.
            self._database.execute("CREATE OR REPLACE TABLE person AS SELECT DISTINCT ON (id) * FROM person")
            found = list(self._rows(sql))
        self._strangers = any(kind == _STRANGER for _, kind, _ in found)
        return found

    def of_live(self) -> list[list[tuple[int, int]]]:
        """For each purpose: kinds, and how many distinct members of live segments are of each.

        Without any purpose, one list of what the contacts alone tell.
        """
        if self._strangers is None:  # and whoever is there twice
            self.by_segment(None)
        persons = "person SEMI JOIN (SELECT id FROM member SEMI JOIN live USING (segment)) USING (id)"
        asleep = "SELECT count(*) FROM (SELECT DISTINCT segment FROM member) ANTI JOIN live USING (segment)"
        if not self._number(asleep):
            persons = "person"
        strangers = self._strangers and self._number(
            "SELECT count(DISTINCT id) FROM (member SEMI JOIN live USING (segment)) ANTI JOIN person USING (id)"
        )
        names = [self._kind(number) for number in range(len(self._purposes))] or [self._kind(None)]
        found: list[list[tuple[int, int]]] = []
        for first in range(0, len(names), _TOGETHER):  # all at once, but not so many that everybody is of his own kind
            some = names[first : first + _TOGETHER]
            counts = [Counter[int]({_STRANGER: strangers} if strangers else {}) for _ in some]
            for *kinds, count in self._rows(f"SELECT {', '.join(some)}, count(*) FROM {persons} GROUP BY ALL"):  # noqa: S608
                for counter, kind in zip(counts, kinds, strict=True):
                    counter[kind] += count
            found += [list(counter.items()) for counter in counts]
        return found

    def listed(self, purpose: int, ends: Mapping[int, str]) -> Iterator[tuple[int, str]]:
        """Segment and lines of a list, segment by segment: the members of some kinds, in the order of their ids.

        Args:
            purpose: the place of the purpose.
            ends: kind → what stands behind an id; kinds that are not there are not listed.
        """
        if not ends:
            return
        values = ", ".join(f"({kind}, {_text(end)})" for kind, end in ends.items())
        everybody = "(SELECT DISTINCT id FROM member) LEFT JOIN person USING (id)" if _STRANGER in ends else "person"
        yield from self._rows(
            # The database joins the lines: ids that begin alike at a time, which are a sixteenth.
            "SELECT segment, string_agg(line, '' ORDER BY line) FROM member JOIN ("  # noqa: S608
            f"SELECT id, id::VARCHAR || ending AS line FROM {everybody} "
            f"JOIN (VALUES {values}) AS e(kind, ending) ON {self._kind(purpose)} = e.kind) USING (id) "
            "GROUP BY segment, line[1] ORDER BY segment, line[1]"
        )

    def addresses(self, purpose: int, contacts: TableFiles, column: str, *, refused: bool) -> Iterator[str]:
        """Addresses of members, as the contacts spell them, of which nothing is recorded for a purpose.

        What people share counts for all of them: one refusal refuses an address, and only where all of them have
        refused nothing has nobody refused it.

        Args:
            purpose: the place of the purpose.
            contacts: where the contacts lie.
            column: the column with the address.
            refused: whether those are wanted whose contacts have refused, or those of whom none has.
        """
        wanted = "bool_or(no)" if refused else "NOT bool_or(no) AND bool_or(active)"
        recorded = f"SELECT address FROM consent WHERE p{purpose} > 0"  # noqa: S608
        with self._opened(AUDIENCE, contacts, (column,)) as (source, columns):
            spelled = columns[column]
            yield from (
                row[0]
                for row in self._rows(
                    "WITH of AS (SELECT address, (flags & "  # noqa: S608
                    f"{FLAG['refuses_mail'] | FLAG['refuses_bulk']}) > 0 AS no, "
                    f"(flags & {FLAG['active']}) > 0 AS active FROM contact WHERE address != ''), "
                    "mine AS (SELECT DISTINCT address FROM contact SEMI JOIN member USING (id)), "
                    "chosen AS (SELECT address FROM of SEMI JOIN mine USING (address) GROUP BY address "
                    f"HAVING {wanted}), "
                    f"missing AS (SELECT address FROM chosen ANTI JOIN ({recorded}) USING (address)) "
                    f"SELECT min(trim({spelled})) FROM {source} AS c JOIN missing AS m "
                    f"ON lower(trim({spelled})) = m.address GROUP BY m.address ORDER BY 1"
                )
            )

    def _kind(self, purpose: int | None) -> str:
        return f"coalesce({'flags' if purpose is None else f'k{purpose}'}, {_STRANGER})"

    # --- below ---

    @contextmanager
    def _opened(self, table: str, files: TableFiles, names: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
        """What stands behind FROM to read the rows that count, and how each column is called there, quoted.

        Of a mirror, rows that are marked as deleted do not count, and of several versions the newest does.

        Raises:
            TableUnreadable: the rows cannot be read, or a column is not there.
            UsageError: it takes a package that is not installed.
        """
        key = AUDIENCE_KEY if table == AUDIENCE else f"{table}id"
        known = Table("", key, "", {name: Column("String") for name in names})
        try:
            with mirrors.opened(self._database, files, known, names) as source:
                shown = {name: mirrors.shown_as(name, known, files, source.columns) for name in names}
                there = {name: found for name, found in shown.items() if found is not None}
                for name in names:
                    if name not in there:
                        raise TableUnreadable(f"the table {table} has no column {name}")
                repeats = mirrors.repeats_sql(known, source)
                several = repeats is not None and self._number(repeats)
                rows = mirrors.newest_sql(known, source, there.values()) if several else source.sql
                living = mirrors.living_sql(source.columns)
                yield (
                    rows if living == "true" else f"(FROM {rows} WHERE {living})",
                    {name: _column(found, files) for name, found in there.items()},
                )
        except duckdb.Error as error:
            raise no_room(error) or TableUnreadable(f"the table {table} cannot be read: {said(error)}") from error
        except EvaluationError as error:
            raise TableUnreadable(f"the table {table} cannot be read: {error}") from error

    def _rows(self, sql: str) -> Iterator[Any]:
        result = self._database.execute(sql)
        while rows := result.fetchmany(20_000):
            yield from rows

    def _number(self, sql: str) -> int:
        rows = self._database.execute(sql).fetchall()  # to its end: nothing else can be asked before
        return int(rows[0][0]) if rows else 0


@contextmanager
def people(memory: str = "700MB", threads: int = 2) -> Iterator[People]:
    """An empty place to count in, until the block ends; nothing of it stays behind.

    Args:
        memory: what the database may take.
        threads: how many threads it may use.

    Raises:
        Retryable: the database has no room: its disk is full, or `memory` is not enough.
    """
    with tempfile.TemporaryDirectory(prefix="migrator-") as folder:
        found = People(Path(folder), memory, threads)
        try:
            yield found
        except duckdb.Error as error:
            if ended := no_room(error):
                raise ended from error
            raise
        finally:
            found.close()


def _column(shown: str, files: TableFiles) -> str:
    quoted = '"' + shown.replace('"', '""') + '"'
    return f"NULLIF({quoted}, '')" if files.is_text else quoted


def _true(column: str) -> str:
    """Whether a truth value is true, as a boolean or as a text; empty is not."""
    return f"coalesce(TRY_CAST({column} AS BOOLEAN), false)"


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
