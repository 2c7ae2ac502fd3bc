"""What is said about a query that breaks the rules: where, what was found, and what was expected there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

from lark import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

PARENTHESES = re.compile(r"'(?:[^'\\]|\\[\s\S]|'')*'|[()]")
"""Texts, which may hold anything, and the parentheses outside of them."""


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
    "AND": "&&",
    "OR": "||",
    "SIGN": "+ or -",
    "TIMES": "* or /",
    "DIRECTION": "ASC or DESC",
    "RELATE_METHOD": ".RELATE or .RELATEOPTIONAL",
}


def explained(error: UnexpectedInput, text: str) -> QueryError:
    """What the parser stumbled over in `text`, in words; a slip that is often made gets its own advice."""
    allowed: Any = ()
    if isinstance(error, UnexpectedToken):
        at_end = error.token.type == "$END"
        position = len(text) if at_end else error.token.start_pos or 0
        opened, expected = _open_parentheses(text, position), _names(error.accepts or error.expected)
        if at_end:
            return QueryError(_ended(text, opened), text, position, expected)
        if error.token.type == "RPAR" and not opened:
            return QueryError('this ")" closes nothing', text, position, expected)
        return QueryError(_foreign(text, position), text, position, expected)
    position = cast(int, error.pos_in_stream)
    if text[position] in _SLIPS:
        return QueryError(_SLIPS[text[position]], text, position)
    if isinstance(error, UnexpectedCharacters):
        allowed = error.allowed or ()
    return QueryError(_foreign(text, position), text, position, _names(allowed))


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
