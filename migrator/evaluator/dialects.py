"""One compiled query in the SQL of an engine or a warehouse.

The compilers write DuckDB's functions; what they mean stands here for each dialect as a table of function → builder.
The rest (quoting, types, literals, paging) is sqlglot's. Of each text a test shows that it can be read in its dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from sqlglot import exp


class Dialect(StrEnum):
    """A dialect of SQL that queries are written in."""

    DUCKDB = "duckdb"
    SPARK = "spark"
    FABRIC = "fabric"


def text(query: exp.Query, dialect: Dialect, *, pretty: bool = False) -> str:
    """A compiled query as text.

    Args:
        query: from one of the compilers; it is left as it is.
        dialect: of which database.
        pretty: with line breaks and indentation, for people.
    """
    rules = _RULES.get(dialect)
    written = query.transform(_rewritten, rules) if rules else query
    return written.sql(dialect=str(dialect), pretty=pretty)


_Builder = Callable[..., exp.Expression]


def _rewritten(node: exp.Expression, rules: Mapping[str, _Builder]) -> exp.Expression:
    match node:
        case exp.Anonymous(args={"this": str(name), "expressions": list(arguments)}) if name.lower() in rules:
            # What stands inside has to be written first: a builder may repeat it.
            return rules[name.lower()](*(one.transform(_rewritten, rules) for one in arguments))
        case exp.Add(args={"this": exp.Expression() as moment, "expression": exp.Anonymous() as interval}):
            unit = _UNITS.get(str(interval.this).lower())
            if unit:
                amount = interval.expressions[0].transform(_rewritten, rules)
                return rules["add"](unit, amount, moment.transform(_rewritten, rules))
        case exp.Cast(args={"to": exp.DataType() as kind}) if "varchar" in rules and kind.is_type("varchar"):
            return rules["varchar"](node.this.transform(_rewritten, rules))
        case exp.Div() if "/" in rules:
            return rules["/"](node.this.transform(_rewritten, rules), node.expression.transform(_rewritten, rules))
    return node


_UNITS = {f"to_{unit}s": unit for unit in ("second", "minute", "hour", "day", "week", "month", "quarter", "year")}


def _function(name: str) -> _Builder:
    return lambda *arguments: exp.Anonymous(this=name, expressions=list(arguments))


def _itself(value: exp.Expression) -> exp.Expression:
    return value


def _whole(value: exp.Expression) -> exp.Expression:
    return exp.cast(value.this if isinstance(value, exp.Cast) else value, "INT")


def _number(value: int) -> exp.Expression:
    return exp.Literal.number(value)


# --- Spark -----------------------------------------------------------------------------------------------------------


def _spark_add(unit: str, amount: exp.Expression, moment: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this="TIMESTAMPADD", expressions=[exp.var(unit.upper()), amount, moment])


def _spark_borders(part: exp.Expression, begin: exp.Expression, end: exp.Expression) -> exp.Expression:
    def called(name: str, *arguments: exp.Expression) -> exp.Expression:
        return exp.Anonymous(this=name, expressions=[one.copy() for one in arguments])

    def months(moment: exp.Expression) -> exp.Expression:
        return exp.Add(
            this=exp.Mul(this=called("year", moment), expression=_number(12)), expression=called("month", moment)
        )

    def quarters(moment: exp.Expression) -> exp.Expression:
        return exp.Add(
            this=exp.Mul(this=called("year", moment), expression=_number(4)), expression=called("quarter", moment)
        )

    def since(seconds: int) -> Callable[[exp.Expression], exp.Expression]:
        def number(moment: exp.Expression) -> exp.Expression:
            return called("floor", exp.Div(this=called("unix_seconds", moment), expression=_number(seconds)))

        return number

    match part.name:
        case "day":
            return called("datediff", end, begin)
        case "week":  # both are Mondays
            return exp.Div(this=called("datediff", end, begin), expression=_number(7))
        case name:
            count = {
                "year": lambda moment: called("year", moment), "month": months, "quarter": quarters,
                "hour": since(3600), "minute": since(60), "second": since(1),
            }[name]  # fmt: skip
    return exp.paren(exp.Sub(this=exp.paren(count(end)), expression=exp.paren(count(begin))))


def _spark_moment(*parts: exp.Expression) -> exp.Expression:
    *whole, seconds = parts
    numbers = [*map(_whole, whole), exp.cast(seconds, "DECIMAL(16, 6)")]
    return exp.Anonymous(this="make_timestamp", expressions=numbers)


_SPARK: Mapping[str, _Builder] = {
    "contains": _function("contains"),
    "starts_with": _function("startswith"),
    "ends_with": _function("endswith"),
    "make_timestamp": _spark_moment,
    "date_diff": _spark_borders,
    "date_trunc": _function("date_trunc"),
    "trunc": _itself,  # casting to a whole number cuts
    "add": _spark_add,
}


# --- T-SQL -----------------------------------------------------------------------------------------------------------


def _fabric_add(unit: str, amount: exp.Expression, moment: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this="DATEADD", expressions=[exp.var(unit.upper()), amount, moment])


def _fabric_borders(part: exp.Expression, begin: exp.Expression, end: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this="DATEDIFF_BIG", expressions=[exp.var(part.name.upper()), begin, end])


def _fabric_monday(_: exp.Expression, moment: exp.Expression) -> exp.Expression:
    """Weeks of DATEDIFF begin on Sundays: a day earlier is on the same side of a Sunday as the moment of a Monday."""
    return _fabric_add("day", _number(-1), moment)


def _fabric_moment(*parts: exp.Expression) -> exp.Expression:
    *whole, seconds = parts
    floor = exp.Anonymous(this="FLOOR", expressions=[seconds.copy()])
    rest = exp.Mul(this=exp.paren(exp.Sub(this=seconds.copy(), expression=floor.copy())), expression=_number(1000))
    thousandths = exp.Anonymous(this="ROUND", expressions=[rest, _number(0)])
    numbers = [_whole(one) for one in (*whole, floor, thousandths)]
    return exp.Anonymous(this="DATETIME2FROMPARTS", expressions=[*numbers, _number(3)])


def _fabric_divided(left: exp.Expression, right: exp.Expression) -> exp.Expression:
    return exp.Div(this=exp.cast(left, "DOUBLE"), expression=right)  # whole numbers would be divided as such


def _fabric_average(value: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this="AVG", expressions=[exp.cast(value, "DOUBLE")])


def _fabric_text(value: exp.Expression) -> exp.Expression:
    return exp.cast(value, "VARCHAR(8000)")  # without a length it would end after 30 characters


def _like(before: str, after: str) -> _Builder:
    def built(whole: exp.Expression, part: exp.Expression) -> exp.Expression:
        literal = part.this if isinstance(part, exp.Lower) else part
        literal = literal.this if isinstance(literal, exp.Cast) else literal
        if isinstance(literal, exp.Literal):
            words = literal.name.lower() if literal.name.isascii() else literal.name
            for sign in "\\%_[":
                words = words.replace(sign, f"\\{sign}")
            pattern: exp.Expression = exp.Literal.string(f"{before}{words}{after}")
            if not words.isascii():  # as the other side is made small, by the database
                pattern = exp.Lower(this=pattern)
        else:
            pattern = part
            for sign in "\\%_[":
                pattern = exp.Anonymous(
                    this="REPLACE",
                    expressions=[pattern, exp.Literal.string(sign), exp.Literal.string(f"\\{sign}")],
                )
            pieces = [exp.Literal.string(before), pattern, exp.Literal.string(after)]
            pattern = exp.Anonymous(this="CONCAT", expressions=pieces)
        return exp.Escape(this=exp.Like(this=whole, expression=pattern), expression=exp.Literal.string("\\"))

    return built


_FABRIC: Mapping[str, _Builder] = {
    "contains": _like("%", "%"),
    "starts_with": _like("", "%"),
    "ends_with": _like("%", ""),
    "make_timestamp": _fabric_moment,
    "date_diff": _fabric_borders,
    "date_trunc": _fabric_monday,
    "trunc": _itself,
    "add": _fabric_add,
    "avg": _fabric_average,
    "/": _fabric_divided,
    "varchar": _fabric_text,
}

_RULES: Mapping[Dialect, Mapping[str, _Builder]] = {Dialect.SPARK: _SPARK, Dialect.FABRIC: _FABRIC}
