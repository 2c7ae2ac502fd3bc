"""What is said about a query that breaks the rules: where, what was found, and what was expected there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

from lark import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

PARENTHESES = re.compile(r"'(?:[^'\\]|\\[\s\S]|'')*+'?|[()]")
"""Texts, which may hold anything and may never be closed, and the parentheses outside of them."""


class QueryError(Exception):
    """A query that breaks the rules of its language, with the place and what was expected there."""

    def __init__(self, problem: str, text: str, position: int, expected: Sequence[str] = ()) -> None:
        before = text[:position]
        self.problem = problem
        self.line = before.count("\n") + 1
        self.column = position - (before.rfind("\n") + 1) + 1
        self.source_line = text.split("\n")[self.line - 1]
        self.expected = tuple(expected)
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        """One line: where, what, and what was expected."""
        wanted = f"; expected {_either(self.expected)}" if self.expected else ""
        return f"line {self.line}, column {self.column}: {self.problem}{wanted}."

    @property
    def picture(self) -> str:
        """The line with a caret below the place; long lines are cut around it."""
        start = max(0, self.column - 60)
        line = self.source_line[start : start + 100].replace("\t", " ")
        return f"{line}\n{' ' * (self.column - 1 - start)}^"


_TERMINALS = {
    "$END": "the end of the query",
    "LPAR": '"("',
    "RPAR": '")"',
    "COMMA": '","',
    "DOT": '"."',
    "LSQB": '"["',
    "RSQB": '"]"',
    "NAME": "a name",
    "STRING": "a text in single quotes",
    "NUMBER": "a number",
    "COMPARE": "a comparison (==, !=, >, >=, <, <=)",
    "MATCH": "CONTAINS, STARTSWITH or ENDSWITH",
    "SET_OPERATOR": "UNION, INTERSECT or EXCEPT",
    "SET_METHOD": ".UNION, .INTERSECT or .EXCEPT",
    "SEGMENT_NAME": "the name of a segment",
    "BARE_NAME": "the name of a segment",
    "CONSENT": "a consent column",
    "AND": "&&",
    "OR": "||",
    "SIGN": "+ or -",
    "TIMES": "* or /",
    "DIRECTION": "ASC or DESC",
    "RELATE_METHOD": ".RELATE or .RELATEOPTIONAL",
}


def explained(error: UnexpectedInput, text: str, dialect: str) -> QueryError:
    """What the parser stumbled over in `text`, in words; a slip that is often made gets its own advice.

    Args:
        error: the parser's.
        text: the query.
        dialect: outbound or realtime.
    """
    if isinstance(error, UnexpectedToken):
        at_end = error.token.type == "$END"
        position = len(text) if at_end else error.token.start_pos or 0
        opened, expected = _open_parentheses(text, position), _names(error.accepts or error.expected)
        if at_end:
            return QueryError(_ended(text, opened), text, position, expected)
        if error.token.type == "RPAR" and not opened:
            return QueryError('this ")" closes nothing', text, position, expected)
        if stranger := _stranger(text, position, dialect, expected):
            return QueryError(stranger, text, position)
        return QueryError(_foreign(text, position), text, position, expected)
    position = cast(int, error.pos_in_stream)
    expected = _names(error.allowed or ()) if isinstance(error, UnexpectedCharacters) else []
    if stranger := _stranger(text, position, dialect, expected):
        return QueryError(stranger, text, position)
    if text[position] in _SLIPS:
        return QueryError(_SLIPS[text[position]], text, position)
    return QueryError(_foreign(text, position), text, position, expected)


def _open_parentheses(text: str, end: int) -> list[int]:
    """Where the parentheses stand that are open at `end`."""
    opened: list[int] = []
    for match in PARENTHESES.finditer(text, 0, end):
        if match.group() == "(":
            opened.append(match.start())
        elif match.group() == ")" and opened:
            opened.pop()
    return opened


def _ended(text: str, opened: list[int]) -> str:
    if not opened:
        return "the query ends too early"
    line = text.count("\n", 0, opened[-1]) + 1
    column = opened[-1] - text.rfind("\n", 0, opened[-1])
    return f"the query ends too early: the parenthesis at line {line}, column {column} is never closed"


_WORD = re.compile(r"\.?\s*\w+|&&|\|\||[=!<>]=|.", re.DOTALL)


def _foreign(text: str, position: int) -> str:
    word = _WORD.match(text, position)
    return f'"{_short(word.group() if word else "")}" does not belong here'


_DEFINITION = re.compile(r"\w+\s*=(?!=)")
_NAMED = "a query has no name of its own; it begins with PROFILE, SEGMENT or INTERACTION"
_BARE = re.compile(r"(?!\d+\b)[\w-]++(?=\s*(?:$|(?:UNION|INTERSECT|EXCEPT|MINUS)\b))", re.IGNORECASE)
"""A whole word, not a number, where a set of people belongs, with nothing or another set behind it."""
_STRANGERS = {
    "outbound": {
        "IN": "IN belongs to real-time queries; an outbound one compares each value: column == 1 || column == 2",
        "//": "outbound queries have no comments",
        "/*": "outbound queries have no comments",
        ".RELATE": "RELATE belongs to real-time queries; an outbound one goes to other tables with .TRAVERSE",
        ".RELATEOPTIONAL": "RELATEOPTIONAL belongs to real-time queries; an outbound one uses .TRAVERSE",
        ".TRAVERSE": "only PROFILE can be traversed, not a segment, an interaction or a set",
        ".HAVING": "only INTERACTION has a HAVING",
        ".FILTER": "only PROFILE, SEGMENT and INTERACTION are filtered, not a set in parentheses",
    },
    "realtime": {
        ".TRAVERSE": "TRAVERSE belongs to outbound queries; a real-time one asks for related records with .RELATE",
        "MINUS": "MINUS belongs to outbound queries; a real-time one has EXCEPT",
        ".ORDERBY": "a real-time segment has no order and no pages",
        ".SKIP": "a real-time segment has no order and no pages",
        ".TAKE": "a real-time segment has no order and no pages",
        ".SELECT": "a real-time segment selects records, no columns",
        "DISTINCT": "a real-time segment holds nobody twice and needs no DISTINCT",
    },
}
"""Dialect → what may stand in a text and belongs to another language or place → why it does not belong there."""


def _stranger(text: str, position: int, dialect: str, expected: Sequence[str]) -> str | None:
    a_set = "PROFILE" in expected
    if a_set and _DEFINITION.match(text, position):
        return _NAMED
    if a_set and (bare := _BARE.match(text, position)):
        return f"this is no set of people; a segment is named as SEGMENT({_short(bare.group())})"
    found = _STRANGE.match(text, position)
    return _STRANGERS[dialect].get(re.sub(r"\s+", "", found.group()).upper()) if found else None


_STRANGE = re.compile(r"\.?\s*[A-Za-z]+\b|//|/\*")

_SLIPS = {
    "=": 'a single "=" compares nothing; equality is written "=="',
    '"': "text stands in single quotes, not in double ones",
    "'": "this text is never closed: its second single quote is missing",
}
"""Characters that begin nothing in either language → the slip that usually puts them there."""


def _names(terminals: Any) -> list[str]:
    return sorted({_TERMINALS.get(name) or _keyword(name) for name in terminals})


def _keyword(terminal: str) -> str:
    return f".{terminal.removesuffix('_METHOD')}" if terminal.endswith("_METHOD") else terminal


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."


def _either(choices: Sequence[str]) -> str:
    return choices[0] if len(choices) == 1 else f"{', '.join(choices[:-1])} or {choices[-1]}"
