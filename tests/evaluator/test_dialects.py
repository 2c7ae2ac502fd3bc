"""The same compiled query in each dialect: as somebody would write it there, and readable there."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp

from migrator.evaluator import EvaluationError, UnknownSegment
from migrator.evaluator.dialects import Dialect, text
from migrator.evaluator.select import Membership
from migrator.mql import parse_outbound
from tests.evaluator.test_judged import pairs
from tests.query_data import active, tables


def nobody(name: str) -> list[object]:
    raise UnknownSegment(name)


MEMBERS: Membership = nobody  # type: ignore[assignment]


def condition(query: str, dialect: Dialect) -> str:
    """What stands between WHERE and the end of the first set."""
    _, select = tables(1).outbound_select(parse_outbound(f"PROFILE(contact).FILTER({query})"), MEMBERS)
    written = text(select, dialect)
    inner = written.partition(" WHERE ")[2].rpartition(") SELECT DISTINCT ")[0]
    return inner.replace("`t0`.", "").replace("[t0].", "")


def names(query: exp.Expr, kind: type[exp.Expr]) -> set[str]:
    return {one.alias_or_name for one in query.find_all(kind)}


NOW = "CAST('2026-01-31 12:00:00.000000' AS {})"
WRITTEN = [
    ("vip == True", "`vip` = TRUE", "[vip] = 1"),
    ("fullname == 'O\\'Brien'", r"LOWER(`fullname`) = 'o\'brien'", "LOWER([fullname]) = 'o''brien'"),
    (
        "fullname CONTAINS '5%_[a'",
        "CONTAINS(LOWER(CAST(`fullname` AS STRING)), LOWER(CAST('5%_[a' AS STRING)))",
        r"LOWER(CAST([fullname] AS VARCHAR(8000))) LIKE '%5\%\_\[a%' ESCAPE '\'",
    ),
    (
        "fullname STARTSWITH 'a'",
        "STARTSWITH(LOWER(CAST(`fullname` AS STRING)), LOWER(CAST('a' AS STRING)))",
        r"LOWER(CAST([fullname] AS VARCHAR(8000))) LIKE 'a%' ESCAPE '\'",
    ),
    ("fullname == 'İzmir'", "LOWER(`fullname`) = LOWER('İzmir')", "LOWER([fullname]) = LOWER('İzmir')"),
    (
        "fullname ENDSWITH 'İ_'",
        "ENDSWITH(LOWER(CAST(`fullname` AS STRING)), LOWER(CAST('İ_' AS STRING)))",
        r"LOWER(CAST([fullname] AS VARCHAR(8000))) LIKE LOWER('%İ\_') ESCAPE '\'",
    ),
    ("age / 2 > 1", "(`age`) / NULLIF((2), 0) > 1", "CAST(([age]) AS FLOAT) / NULLIF((2), 0) > 1"),
    (
        "DATEDIFF(month, born, DATETIMEUTCNOW()) > 1",
        f"((YEAR({NOW}) * 12 + MONTH({NOW})) - (YEAR(`born`) * 12 + MONTH(`born`))) > 1".replace("{}", "TIMESTAMP"),
        f"DATEDIFF_BIG(MONTH, [born], {NOW}) > 1".replace("{}", "DATETIME2(6)"),
    ),
    (
        "born < DATEADD(quarter, -2, DATETIMEUTCNOW())",
        f"`born` < TIMESTAMPADD(QUARTER, CAST(-2 AS INT), {NOW})".replace("{}", "TIMESTAMP"),
        f"[born] < DATEADD(QUARTER, CAST(-2 AS INT), {NOW})".replace("{}", "DATETIME2(6)"),
    ),
    (
        "born >= DATE(2000, 1, 31)",
        "`born` >= MAKE_TIMESTAMP(CAST(2000 AS INT), CAST(1 AS INT), CAST(31 AS INT), CAST(0 AS INT), CAST(0 AS INT), "
        "CAST(CAST(0 AS DOUBLE) AS DECIMAL(16, 6)))",
        "[born] >= DATETIME2FROMPARTS(CAST(2000 AS INT), CAST(1 AS INT), CAST(31 AS INT), CAST(0 AS INT), "
        "CAST(0 AS INT), CAST(FLOOR(CAST(0 AS FLOAT)) AS INT), "
        "CAST(ROUND((CAST(0 AS FLOAT) - FLOOR(CAST(0 AS FLOAT))) * 1000, 0) AS INT), 3)",
    ),
]


@pytest.mark.parametrize(("query", "spark", "fabric"), WRITTEN, ids=[query for query, _, _ in WRITTEN])
def test_a_condition_is_written_as_the_dialect_has_it(query: str, spark: str, fabric: str) -> None:
    assert condition(query, Dialect.SPARK) == spark
    assert condition(query, Dialect.FABRIC) == fabric


def test_averages_of_whole_numbers_are_no_whole_numbers() -> None:
    query = parse_outbound("INTERACTION(EmailOpened, contactId).HAVING(AVG(stars) > 2)")
    written = text(tables(1).outbound_select(query, MEMBERS)[1], Dialect.FABRIC)
    assert "HAVING AVG(CAST([t0].[msdynmkt_stars] AS FLOAT)) > 2" in written


@pytest.mark.parametrize("dialect", list(Dialect))
def test_whatever_the_compilers_write_can_be_read_in_each_dialect(dialect: Dialect) -> None:
    read = 0
    for before, after, seed in pairs(range(80)):
        selects = []
        for query, compiled in ((before, tables(seed).outbound_select), (after, tables(seed).realtime_select)):
            try:
                selects += [compiled(query, MEMBERS)[1]] if query else []
            except EvaluationError:
                continue
        for select in selects:
            parsed = sqlglot.parse_one(text(select, dialect), read=str(dialect))
            for kind in (exp.Column, exp.Table, exp.Exists, exp.Join):  # nothing in it was only skipped over
                assert names(parsed, kind) == names(select, kind)
            read += 1
    assert read > 80


def test_weeks_begin_on_mondays_and_nothing_is_divided_by_zero() -> None:
    # 2026-01-31 is a Saturday; the week before ends on 2026-01-25, five borders after the week of 2025-12-28.
    query = "PROFILE(contact).FILTER(born == '2025-12-31T23:59:59' && DATEDIFF(week, born, DATETIMEUTCNOW()) == {})"
    born = {str(one) for one in tables(1).outbound(parse_outbound("PROFILE(contact).FILTER(born > '2025-12-01')"))}
    assert born
    assert {str(one) for one in tables(1).outbound(parse_outbound(query.format(4)))} == born
    monday = "PROFILE(contact).FILTER(DATEDIFF(week, DATE(2026, 1, 4), DATE(2026, 1, 5)) == {})"
    assert tables(1).outbound(parse_outbound(monday.format(0))) == []
    assert tables(1).outbound(parse_outbound("PROFILE(contact).FILTER(age / (age - age) > 1)")) == []
    assert active(1)
