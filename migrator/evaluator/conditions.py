"""Conditions and values in SQL: a table of node type → function, shared by both dialects.

Text is compared without regard to case; a comparison with null holds for nothing; dates are UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlglot import exp

from migrator.base.moments import moment_of
from migrator.evaluator.select import EvaluationError, Kind, Scope, call
from migrator.mql import tree

_Typed = tuple[exp.Expr, Kind | None]
"""SQL with the kind of its values; None for a literal, which takes the kind of the other side."""

_PARTS = {"minute", "hour", "day", "week", "month", "quarter", "year", "second"}


def condition_sql(condition: tree.Condition, scope: Scope, now: datetime) -> exp.Expr:
    """`condition` in SQL.

    Args:
        condition: a condition of either language.
        scope: the tables that its columns may belong to.
        now: the moment that relative dates count from, in UTC.

    Raises:
        EvaluationError: it names an unknown column or compares what cannot be compared.
    """
    return _Compiler(scope, now).condition(condition)


class _Compiler:
    def __init__(self, scope: Scope, now: datetime) -> None:
        self.scope = scope
        self.now = now

    def condition(self, condition: tree.Condition) -> exp.Expr:
        match condition:
            case tree.Comparison(left, op, right):
                return self._comparison(left, op, right)
            case tree.TextMatch(left, op, right):
                return self._text_match(left, op, right)
            case tree.OneOf(left, choices):
                return exp.or_(*(self._comparison(left, "==", choice) for choice in choices))
            case tree.IsNull(attribute):
                return exp.Is(this=self.scope.column(attribute)[0], expression=exp.null())
            case tree.IsNotNull(attribute):
                return exp.not_(exp.Is(this=self.scope.column(attribute)[0], expression=exp.null()))
            case tree.Not(inner):
                return exp.not_(self.condition(inner))
            case tree.And(conditions):
                return exp.and_(*map(self.condition, conditions))
            case tree.Or(conditions):
                return exp.or_(*map(self.condition, conditions))
        raise EvaluationError(f"{type(condition).__name__} cannot be evaluated")

    def _comparison(self, left: tree.Value, op: str, right: tree.Value) -> exp.Expr:
        first, second = self._alike(self._value(left), self._value(right))
        return _COMPARISONS[op](this=first, expression=second)

    def _text_match(self, left: tree.Value, op: str, right: tree.Value) -> exp.Expr:
        sides = self._value(left), self._value(right)
        first, second = (exp.Lower(this=exp.cast(sql, "VARCHAR")) for sql, _ in sides)
        return call(_MATCHES[op], *_one_sigma(sides, first, second))

    def _alike(self, left: _Typed, right: _Typed) -> tuple[exp.Expr, exp.Expr]:
        kind = left[1] or right[1] or Kind.TEXT
        first, second = _as(kind, left), _as(kind, right)
        return _one_sigma((left, right), first, second) if kind is Kind.TEXT else (first, second)

    def _value(self, value: tree.Value) -> _Typed:
        match value:
            case tree.Text(text):
                return exp.Literal.string(text), None
            case tree.Number(digits):
                return exp.Literal(this=digits, is_string=False), None
            case tree.Boolean(truth):
                return exp.Boolean(this=truth), None
            case tree.Attribute():
                return self.scope.column(value)
            case tree.Arithmetic(first, rest):
                result = _as(Kind.NUMBER, self._value(first))
                for op, operand in rest:
                    second: exp.Expr = exp.paren(_as(Kind.NUMBER, self._value(operand)))
                    if op == "/":  # what is divided by nothing is unknown, and no infinity
                        second = exp.func("NULLIF", second, exp.Literal.number(0))
                    result = _ARITHMETIC[op](this=exp.paren(result), expression=second)
                return result, Kind.NUMBER
            case tree.DateFunction():
                return self._date(value)
        raise EvaluationError(f"{type(value).__name__} cannot be evaluated")

    def _date(self, function: tree.DateFunction) -> _Typed:
        match function.name:
            case "DATETIMEUTCNOW":
                return _moment(self.now), Kind.MOMENT
            case "DATE":
                parts = [_as(Kind.NUMBER, self._value(argument)) for argument in function.arguments]
                parts += [exp.Literal.number(0)] * (6 - len(parts))
                whole = [exp.cast(part, "BIGINT") for part in parts[:5]]
                seconds = parts[5]
                if len(parts) == 7:
                    seconds = exp.Add(
                        this=parts[5], expression=exp.Div(this=parts[6], expression=exp.Literal.number(1000))
                    )
                return call("make_timestamp", *whole, exp.cast(seconds, "DOUBLE")), Kind.MOMENT
            case "DATEDIFF":
                part = exp.Literal.string(_part(function.part))
                begin, end = (_as(Kind.MOMENT, self._value(argument)) for argument in function.arguments)
                if part.name == "week":  # of which the database counts distances, and not borders
                    begin, end = (call("date_trunc", part.copy(), moment) for moment in (begin, end))
                return call("date_diff", part, begin, end), Kind.NUMBER
            case "DATEADD":
                amount, moment = function.arguments
                steps = exp.cast(call("trunc", _as(Kind.NUMBER, self._value(amount))), "INT")
                interval = call(f"to_{_part(function.part)}s", steps)
                return exp.Add(this=_as(Kind.MOMENT, self._value(moment)), expression=interval), Kind.MOMENT
        raise EvaluationError(f"{function.name} cannot be evaluated")


def _part(part: str | None) -> str:
    singular = (part or "").lower().removesuffix("s")
    if singular not in _PARTS:
        raise EvaluationError(f"{part} is no date part")
    return singular


def _moment(moment: datetime) -> exp.Expr:
    return exp.cast(exp.Literal.string(moment.isoformat(" ", "microseconds")), "TIMESTAMP")


def _as(kind: Kind, typed: _Typed) -> exp.Expr:
    sql, own = typed
    if own is None:
        return _LITERALS[kind](sql)
    if own is not kind and {own, kind} != {Kind.TEXT, Kind.ID}:
        raise EvaluationError(f"a {own.name.lower()} is compared with a {kind.name.lower()}")
    return exp.Lower(this=sql) if kind in (Kind.TEXT, Kind.ID) else sql


def _one_sigma(sides: tuple[_Typed, _Typed], first: exp.Expr, second: exp.Expr) -> tuple[exp.Expr, exp.Expr]:
    """Σ has two small letters, σ and ς at the end of a word: where a text of the query has one, they count as one."""
    if not any(kind is None and not _SIGMAS.isdisjoint(_words(sql)) for sql, kind in sides):
        return first, second
    last, plain = exp.Literal.string("ς"), exp.Literal.string("σ")
    return call("replace", first, last, plain), call("replace", second, last.copy(), plain.copy())


_SIGMAS = frozenset("Σσς")


def _text_literal(sql: exp.Expr) -> exp.Expr:
    words = _words(sql)
    if words.isascii():
        return exp.Literal.string(words.lower())
    # The small letter of one such as İ differs from program to program: the database has to make both sides small.
    return exp.Lower(this=exp.Literal.string(words))


def _id_literal(sql: exp.Expr) -> exp.Expr:
    return exp.Literal.string(_words(sql).strip("{}").lower())


def _number_literal(sql: exp.Expr) -> exp.Expr:
    if isinstance(sql, exp.Boolean):
        return exp.Literal.number(int(sql.this))
    digits = sql.name.strip()
    if not _DIGITS.fullmatch(digits):  # float() takes more: nan, 1_000, digits of other scripts
        raise EvaluationError(f"'{sql.name}' is compared with a number")
    return exp.Literal(this=digits, is_string=False)


_DIGITS = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE)


def _boolean_literal(sql: exp.Expr) -> exp.Expr:
    match _words(sql).lower():
        case "true" | "1":
            return exp.true()
        case "false" | "0":
            return exp.false()
    raise EvaluationError(f"'{sql.name}' is compared with true or false")


def _moment_literal(sql: exp.Expr) -> exp.Expr:
    try:
        return _moment(moment_of(sql.name))
    except ValueError:
        raise EvaluationError(f"'{sql.name}' is compared with a date") from None


def _words(sql: exp.Expr) -> str:
    return str(sql.this) if isinstance(sql, exp.Boolean) else sql.name


_LITERALS: Mapping[Kind, Callable[[exp.Expr], exp.Expr]] = {
    Kind.TEXT: _text_literal,
    Kind.ID: _id_literal,
    Kind.NUMBER: _number_literal,
    Kind.BOOLEAN: _boolean_literal,
    Kind.MOMENT: _moment_literal,
}

_COMPARISONS: Mapping[str, type[exp.Binary]] = {
    "==": exp.EQ,
    "!=": exp.NEQ,
    ">": exp.GT,
    ">=": exp.GTE,
    "<": exp.LT,
    "<=": exp.LTE,
}
_MATCHES = {"CONTAINS": "contains", "STARTSWITH": "starts_with", "ENDSWITH": "ends_with"}
_ARITHMETIC: Mapping[str, type[exp.Binary]] = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul, "/": exp.Div}
