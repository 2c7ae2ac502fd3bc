"""People who did something: an interaction table, grouped by person, in SQL.

Both dialects ask the same question and differ in names only, which their own files settle.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlglot import exp

from migrator.evaluator.conditions import condition_sql
from migrator.evaluator.select import (
    EVERYBODY,
    MEMBER,
    EvaluationError,
    Place,
    Scope,
    Statement,
    call,
    from_table,
    table_named,
)
from migrator.mql import tree
from migrator.mql.interactions import TIMES

_DAYS = {tree.WindowUnit.DAYS: 1, tree.WindowUnit.WEEKS: 7}
_MONTHS = {tree.WindowUnit.MONTHS: 1, tree.WindowUnit.YEARS: 12}
_SECONDS = {tree.WindowUnit.MINUTES: 60, tree.WindowUnit.HOURS: 3600}


def people(
    statement: Statement, place: Place, link: str, filters: tuple[tree.Condition, ...], having: tree.Having | None
) -> str:
    """The set of people in the column `link` of an interaction table.

    Args:
        statement: takes tables and parameters of the whole query.
        place: the table of the interactions.
        link: the column with the contact's id.
        filters: conditions that each interaction must fit.
        having: what is counted of them, or None: at least one.

    Raises:
        EvaluationError: a column is unknown.
    """
    person, _ = place.column(link)
    scope = Scope(place)
    select = (
        exp.select(exp.alias_(person, MEMBER, quoted=True))
        .from_(from_table(place))
        .where(*(condition_sql(condition, scope, statement.now) for condition in filters))
        .group_by(person)
    )
    if having is None:
        return statement.add(_called(select, statement))
    if having.unit and having.length is not None:
        time, _ = place.column(next((name for name in TIMES if name in place.table.columns), TIMES[0]))
        start = _start(statement.now, having.unit, having.length)
        select = select.where(
            exp.GTE(this=time, expression=exp.cast(exp.Literal.string(start.isoformat(" ")), "TIMESTAMP"))
        )
    counted = exp.Star() if having.attribute is None else place.column(having.attribute)[0]
    aggregate = call(having.aggregate, counted)
    counts = select.having(
        _COMPARE[having.op](this=aggregate, expression=exp.Literal(this=having.number.digits, is_string=False))
    )
    return statement.add(_called(counts, statement))


def _called(people: exp.Select, statement: Statement) -> exp.Select:
    """The same people, called as members are."""
    if not statement.numbered:
        return people
    is_one = exp.EQ(
        this=exp.column("id", table="e"), expression=exp.Lower(this=exp.column(MEMBER, table="i", quoted=True))
    )
    number = exp.alias_(exp.column("number", table="e"), MEMBER, quoted=True)
    return exp.select(number).from_(table_named(EVERYBODY, "e")).join(people.subquery("i"), on=is_one)


_COMPARE = {"==": exp.EQ, "!=": exp.NEQ, ">": exp.GT, ">=": exp.GTE, "<": exp.LT, "<=": exp.LTE}


def _start(now: datetime, unit: tree.WindowUnit, length: int) -> datetime:
    try:
        if unit in _MONTHS:
            months = now.year * 12 + now.month - 1 - length * _MONTHS[unit]
            # The last day that the month has: 31 March less one month is the end of February.
            for day in range(now.day, 27, -1):
                try:
                    return now.replace(year=months // 12, month=months % 12 + 1, day=day)
                except ValueError:
                    continue
            return now.replace(year=months // 12, month=months % 12 + 1)
        return now - timedelta(days=length * _DAYS.get(unit, 0), seconds=length * _SECONDS.get(unit, 0))
    except (OverflowError, ValueError):
        raise EvaluationError(f"the time window {unit}({length}) reaches back too far") from None
