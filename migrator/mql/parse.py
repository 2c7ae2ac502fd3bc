"""Text to tree, for both dialects. Every text gives a `tree.Query` or one `QueryError`; nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from lark import Lark, Token, UnexpectedInput

from migrator.mql import tree
from migrator.mql.errors import PARENTHESES, QueryError, explained

NESTING_MAX = 150
"""Levels of parentheses that are read. Real queries have fewer than ten; the limit keeps every walk shallow."""


def parse_outbound(text: str) -> tree.Query:
    """Read an outbound query, with or without a paging tail.

    Raises:
        QueryError: the text is no outbound query.
    """
    return _parse("outbound", text)


def parse_realtime(text: str) -> tree.Query:
    """Read a real-time query.

    Raises:
        QueryError: the text is no real-time query.
    """
    return _parse("realtime", text)


def _parse(dialect: str, text: str) -> tree.Query:
    _check_nesting(text)
    try:
        query = _grammar(dialect).parse(text)
    except UnexpectedInput as error:
        raise explained(error, text, dialect) from None
    except _Misplaced as error:
        raise QueryError(error.problem, text, error.position, error.expected) from None
    return cast(tree.Query, query)


@cache
def _grammar(dialect: str) -> Lark:
    here = Path(__file__).parent
    text = "\n".join((here / f"{name}.lark").read_text(encoding="utf-8") for name in ("conditions", dialect))
    # LALR: the languages need one token of look-ahead only, and the tree is built while reading, in linear time
    # and without recursion. The contextual lexer lets columns be called `in`, `filter` or `segment`.
    return Lark(text, parser="lalr", lexer="contextual", transformer=_callbacks(_Builder(_WINDOWS[dialect])))


def _callbacks(builder: _Builder) -> Any:
    """The methods of `builder`, each taking its arguments as one list: the parser calls nothing else that fast."""
    methods = {name: getattr(builder, name) for name in dir(builder) if not name.startswith("_")}
    return SimpleNamespace(**{name: partial(_unpacked, method) for name, method in methods.items()})


def _unpacked(method: Callable[..., Any], children: list[Any]) -> Any:
    return method(*children)


def _check_nesting(text: str) -> None:
    depth = 0
    for match in PARENTHESES.finditer(text):
        if match.group() == "(":
            depth += 1
            if depth > NESTING_MAX:
                raise QueryError(f"more than {NESTING_MAX} parentheses stand inside one another", text, match.start())
        elif match.group() == ")":
            depth -= 1


class _Misplaced(Exception):
    def __init__(self, problem: str, position: int, *expected: str) -> None:
        self.problem, self.position, self.expected = problem, position, expected


_DATE_FUNCTIONS = {"DATEDIFF": (3, 3), "DATEADD": (3, 3), "DATE": (3, 7), "DATETIMEUTCNOW": (0, 0)}
"""Name → fewest and most arguments."""
_AGGREGATES = {"COUNT", "SUM", "AVG", "MIN", "MAX"}
_WINDOWS: Mapping[str, tuple[tree.WindowUnit, ...]] = {
    "outbound": (tree.WindowUnit.DAYS, tree.WindowUnit.MONTHS, tree.WindowUnit.YEARS),
    "realtime": tuple(tree.WindowUnit),
}
"""Dialect → the time windows that an interaction may have there."""
_FUNCTIONS = "ISNULL, ISNOTNULL, NOT, DATEDIFF, DATEADD, DATE, DATETIMEUTCNOW"

_Placed = tuple[int, Any]
"""A node with the position of its first character, so that a misplaced one can be pointed at."""


class _Builder:
    """One method a rule; the parser calls it with the rule's parts when it has completed them, from the leaves up."""

    def __init__(self, windows: Sequence[tree.WindowUnit]) -> None:
        self._windows = windows

    # Values and conditions travel as (position, node).

    def text(self, token: Token) -> _Placed:
        return _at(token), tree.Text(_unescape(token[1:-1]))

    def number(self, token: Token) -> _Placed:
        return _at(token), tree.Number(str(token))

    def signed_number(self, sign: Token, token: Token) -> _Placed:
        return _at(sign), tree.Number(f"-{token}" if sign[0] == "-" else str(token))

    def word(self, token: Token) -> _Placed:
        lowered = token.lower()
        if lowered in ("true", "false"):
            return _at(token), tree.Boolean(lowered == "true")
        return _at(token), tree.Attribute(str(token))

    def qualified(self, alias: Token, name: Token) -> _Placed:
        return _at(alias), tree.Attribute(str(name), str(alias))

    def qualified_by_table(self, table: Token, alias: Token, name: Token) -> _Placed:
        return _at(table), tree.Attribute(str(name), str(alias))

    def consent(self, token: Token) -> _Placed:
        return _at(token), tree.Attribute(str(token))

    def parenthesis(self, inner: _Placed) -> _Placed:
        return inner

    def call(self, name: Token, *arguments: _Placed | None) -> _Placed:
        given = [argument for argument in arguments if argument is not None]
        match name.upper():
            case "NOT":
                return _at(name), tree.Not(_condition(_one(name, given)))
            case "ISNULL":
                return _at(name), tree.IsNull(_attribute(_one(name, given)))
            case "ISNOTNULL":
                return _at(name), tree.IsNotNull(_attribute(_one(name, given)))
            case function if function in _DATE_FUNCTIONS:
                return _at(name), _date_function(name, function, given)
            case "DATETIMENOWUTC":
                raise _Misplaced(f"there is no function {name}", _at(name), "DATETIMEUTCNOW()")
        raise _Misplaced(f"there is no function {name}", _at(name), f"one of {_FUNCTIONS}")

    def arithmetic(self, first: _Placed, *rest: Any) -> _Placed:
        return _arithmetic(first, rest)

    def comparison(self, left: _Placed, op: Token, right: _Placed) -> _Placed:
        return left[0], tree.Comparison(_value(left), op.rstrip(), _value(right))

    def text_match(self, left: _Placed, op: Token, right: _Placed) -> _Placed:
        return left[0], tree.TextMatch(_value(left), op.rstrip().upper(), _value(right))

    def one_of(self, left: _Placed, _in: Token, *choices: _Placed) -> _Placed:
        return left[0], tree.OneOf(_value(left), tuple(map(_value, choices)))

    def all_of(self, first: _Placed, *rest: Any) -> _Placed:
        return _chain(tree.And, first, rest)

    def alternatives(self, first: _Placed, *rest: Any) -> _Placed:
        return _chain(tree.Or, first, rest)

    # Sets of people.

    def profile(self, _keyword: Token, entity: Token, alias: Token | None = None) -> tree.Profile:
        return tree.Profile(str(entity), str(alias) if alias else None)

    def filtered(self, profile: tree.Profile, _method: Token, condition: _Placed) -> tree.Profile:
        return _with_step(profile, tree.Filter(_condition(condition)))

    def traversed(
        self,
        profile: tree.Profile,
        _method: Token,
        relationship: Token,
        alias: Token | None,
        _filter: Token | None,
        condition: _Placed | None,
    ) -> tree.Profile:
        return _with_step(
            profile,
            tree.Traverse(
                _name(relationship), str(alias) if alias else None, _condition(condition) if condition else None
            ),
        )

    def alias(self, *parts: Token) -> str:
        return str(parts[-1])  # in `account.account_1` the table only says what the relationship says as well

    def path(
        self, relationship: Token, alias: str, relate: Token | None, rest: tuple[tree.Hop, ...] | None
    ) -> tuple[tree.Hop, ...]:
        hop = tree.Hop(str(relationship), alias)
        if relate is None or rest is None:
            return (hop,)
        nested, *others = rest
        return hop, replace(nested, optional=relate.upper() == "RELATEOPTIONAL"), *others

    def related(
        self, profile: tree.Profile, method: Token, hops: tuple[tree.Hop, ...], _filter: Token, condition: _Placed
    ) -> tree.Profile:
        optional = method.upper().endswith("OPTIONAL")
        return _with_step(profile, tree.Relate(hops, _condition(condition), optional))

    def segment(self, _keyword: Token, name: Token) -> tree.SegmentReference:
        return tree.SegmentReference(_name(name))

    def segment_filtered(
        self, segment: tree.SegmentReference, _method: Token, condition: _Placed
    ) -> tree.SegmentReference:
        return tree.SegmentReference(segment.name, (*segment.filters, _condition(condition)))

    def interaction(self, _keyword: Token, kind: Token, link: Token) -> tree.Interaction:
        return tree.Interaction(str(kind), str(link))

    def interaction_filtered(
        self, interaction: tree.Interaction, _method: Token, condition: _Placed
    ) -> tree.Interaction:
        # The vendor puts FILTER behind HAVING as well: it chooses what HAVING counts, wherever it stands.
        return replace(interaction, filters=(*interaction.filters, _condition(condition)))

    def interaction_having(
        self, interaction: tree.Interaction, _method: Token, having: tree.Having
    ) -> tree.Interaction:
        if interaction.having:
            return replace(interaction, further=(*interaction.further, having))
        return replace(interaction, having=having)

    def having(
        self,
        aggregate: Token,
        attribute: Token | None,
        op: Token,
        sign: Token | None,
        number: Token,
        unit: Token | None = None,
        length: Token | None = None,
    ) -> tree.Having:
        name = aggregate.upper()
        if name not in _AGGREGATES:
            raise _Misplaced(f"there is no aggregate {aggregate}", _at(aggregate), "COUNT(), SUM, AVG, MIN or MAX")
        if (name == "COUNT") is (attribute is not None):
            raise _Misplaced(f"{name} takes {'no column' if name == 'COUNT' else 'one column'}", _at(aggregate))
        digits = f"-{number}" if sign and sign[0] == "-" else str(number)
        if unit is None or length is None:
            return tree.Having(name, str(attribute) if attribute else None, op.rstrip(), tree.Number(digits))
        if unit.upper() not in self._windows:
            known = unit.upper() in tree.WindowUnit.__members__.values()
            problem = f"{unit} is a time window of real-time queries" if known else f"there is no time window {unit}"
            raise _Misplaced(problem, _at(unit), *sorted(self._windows))
        return tree.Having(
            name,
            str(attribute) if attribute else None,
            op.rstrip(),
            tree.Number(digits),
            tree.WindowUnit(unit.upper()),
            _whole(length),
        )

    def group(self, members: tree.Members) -> tree.Members:
        return members

    def distinct(self, members: tree.Members, _method: Token) -> tree.Members:
        return members  # a membership is a set: nobody is in it twice

    def set_method(self, members: tree.Members, method: Token, other: tree.Members) -> tree.Members:
        return _set_chain(members, [(_set_operator(method.lstrip(". \t\r\n")), other)])

    def set_method_named(self, members: tree.Members, method: Token, name: Token) -> tree.Members:
        return self.set_method(members, method, tree.SegmentReference(str(name)))

    def set(self, first: tree.Members, *rest: Any) -> tree.Members:
        pairs = list(zip(rest[::2], rest[1::2], strict=True))
        return _set_chain(first, [(_set_operator(str(op)), members) for op, members in pairs])

    # The tail.

    def column(self, first: Token, second: Token | None) -> tree.Attribute:
        return tree.Attribute(str(second), str(first)) if second else tree.Attribute(str(first))

    def ordering(self, column: tree.Attribute, direction: Token | None) -> tuple[tree.Attribute, bool]:
        return column, direction is not None and direction.upper() == "DESC"

    def order(self, _method: Token, *orderings: tuple[tree.Attribute, bool]) -> tuple[tuple[tree.Attribute, bool], ...]:
        return orderings

    def skip(self, _method: Token, number: Token) -> int:
        return _whole(number)

    def take(self, _method: Token, number: Token) -> int:
        return _whole(number)

    def select(self, _method: Token, *columns: tree.Attribute) -> tuple[tree.Attribute, ...]:
        return columns

    def start(
        self,
        members: tree.Members,
        order: tuple[tuple[tree.Attribute, bool], ...] | None = None,
        skip: int | None = None,
        take: int | None = None,
        select: tuple[tree.Attribute, ...] | None = None,
    ) -> tree.Query:
        paging = tree.Paging(order or (), skip, take, select or ())
        return tree.Query(members, paging if paging != tree.Paging() else None)


def _at(token: Token) -> int:
    return token.start_pos or 0


def _name(token: Token) -> str:
    return _unescape(token[1:-1]) if token.type == "STRING" else str(token)


def _value(placed: _Placed) -> tree.Value:
    position, node = placed
    if not isinstance(node, tree.Value):
        raise _Misplaced("a condition stands where a value is compared", position, "a column, text, number or date")
    return node


def _condition(placed: _Placed) -> tree.Condition:
    position, node = placed
    if not isinstance(node, tree.Condition):
        raise _Misplaced(
            "a value stands where a condition is needed", position, "a comparison such as column == 'text'"
        )
    return node


def _attribute(placed: _Placed) -> tree.Attribute:
    position, node = placed
    if not isinstance(node, tree.Attribute):
        raise _Misplaced("only a column can be tested for null", position, "a column")
    return node


def _one(name: Token, given: list[_Placed]) -> _Placed:
    if len(given) != 1:
        raise _Misplaced(f"{name} takes one argument, not {len(given)}", _at(name))
    return given[0]


def _date_function(name: Token, function: str, given: list[_Placed]) -> tree.DateFunction:
    fewest, most = _DATE_FUNCTIONS[function]
    if not fewest <= len(given) <= most:
        wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
        raise _Misplaced(f"{name} takes {wanted} arguments, not {len(given)}", _at(name))
    if function not in ("DATEDIFF", "DATEADD"):
        return tree.DateFunction(function, tuple(map(_value, given)))
    (position, part), *others = given
    if not isinstance(part, tree.Attribute) or part.alias:
        raise _Misplaced(f"the first argument of {name} is no date part", position, "day, month or year")
    return tree.DateFunction(function, tuple(map(_value, others)), part.name)


def _arithmetic(first: _Placed, rest: Sequence[Any]) -> _Placed:
    pairs = tuple((op.rstrip(), _value(value)) for op, value in zip(rest[::2], rest[1::2], strict=True))
    left = _value(first)
    if isinstance(left, tree.Arithmetic) and (left.rest[0][0] in "+-") == (pairs[0][0] in "+-"):
        return first[0], tree.Arithmetic(left.first, left.rest + pairs)  # (a + b) - c reads as a + b - c
    return first[0], tree.Arithmetic(left, pairs)


def _chain(
    kind: Callable[[tuple[tree.Condition, ...]], tree.Condition], first: _Placed, rest: Sequence[Any]
) -> _Placed:
    flat: list[tree.Condition] = []
    for placed in (first, *rest[1::2]):
        condition = _condition(placed)
        # Inside an And, an And that stood in parentheses says the same without them.
        flat.extend(
            condition.conditions
            if isinstance(condition, tree.And | tree.Or) and type(condition) is kind
            else [condition]
        )
    return first[0], kind(tuple(flat))


def _with_step(profile: tree.Profile, step: tree.Filter | tree.Traverse | tree.Relate) -> tree.Profile:
    return tree.Profile(profile.entity, profile.alias, (*profile.steps, step))


def _set_chain(first: tree.Members, pairs: list[tuple[tree.SetOperator, tree.Members]]) -> tree.Members:
    if not pairs:
        return first
    if isinstance(first, tree.SetChain):
        return tree.SetChain(first.first, (*first.rest, *pairs))
    return tree.SetChain(first, tuple(pairs))


def _set_operator(word: str) -> tree.SetOperator:
    word = word.upper()
    return tree.SetOperator("EXCEPT" if word == "MINUS" else word)


def _whole(number: Token) -> int:
    if not number.isdigit():
        raise _Misplaced(f"{number} is no whole number", _at(number))
    return int(number)


_ESCAPED = re.compile(r"\\(['\\])|''")


def _unescape(text: str) -> str:
    # Only \' and \\ are escapes ('' is read too): in 'C:\temp' the backslash stands for itself.
    return _ESCAPED.sub(lambda match: match.group(1) or "'", text)
