"""Reading rows through the Web API: $select, $filter, $orderby, $top, $count, server paging and annotations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedInput, VisitError

from migrator.mql import Table
from migrator.product.codes import PAGE_SIZE_MAX, label
from migrator.sandbox.organisation import Organisation, Row
from migrator.sandbox.refusal import INVALID_ARGUMENT, bad_request, unknown_property
from migrator.sandbox.tables import CHOICES

FORMATTED = "OData.Community.Display.V1.FormattedValue"
TARGET = "Microsoft.Dynamics.CRM.lookuplogicalname"
_LOOKUPS = ("Lookup", "Owner", "Customer")
_OPTIONS = {"$select", "$filter", "$orderby", "$top", "$count", "$skiptoken", "fetchXml"}


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the Prefer header asks for."""

    page_size: int | None = None
    representation: bool = False
    annotations: bool = False
    named: tuple[str, ...] = ()
    """The annotations that are asked for."""

    def shows(self, annotation: str) -> bool:
        """Whether an annotation is asked for."""
        return "*" in self.named or annotation in self.named

    @property
    def applied(self) -> str:
        """The Preference-Applied header; empty when nothing was asked for."""
        parts = [f"odata.maxpagesize={self.page_size}"] if self.page_size else []
        parts += ["return=representation"] if self.representation else []
        parts += [f'odata.include-annotations="{FORMATTED}"'] if self.annotations else []
        return ",".join(parts)


def preferences(header: str) -> Preferences:
    """Read a Prefer header; what is not known is ignored, as the protocol asks."""
    size = re.search(r"odata\.maxpagesize\s*=\s*(\d+)", header)
    annotations = re.search(r'odata\.include-annotations\s*=\s*"?([^",;]*(?:,[^"]*)?)"?', header)
    wanted = annotations.group(1) if annotations else ""
    return Preferences(
        page_size=min(max(int(size.group(1)), 1), PAGE_SIZE_MAX) if size else None,
        representation="return=representation" in header.replace(" ", ""),
        annotations="*" in wanted or FORMATTED in wanted,
        named=tuple(name.strip() for name in wanted.split(",")),
    )


@dataclass(frozen=True, slots=True)
class Reader:
    """Shows rows of one table as the Web API does."""

    organisation: Organisation
    name: str
    table: Table
    base: str
    prefer: Preferences

    def one(self, row: Row, options: Mapping[str, str]) -> dict[str, Any]:
        """One row, with its context."""
        _check(options, {"$select"})
        columns = self._selected(options.get("$select"))
        context = f"{self.base}$metadata#{self.table.entity_set}{self._shown_columns(options)}/$entity"
        return {"@odata.context": context, **self._shown(row, columns)}

    def many(self, rows: Iterable[Row], options: Mapping[str, str]) -> dict[str, Any]:
        """A page of rows, with a link to the next one."""
        _check(options, _OPTIONS)
        columns = self._selected(options.get("$select"))
        matches = self._matches(options.get("$filter"))
        found = self._ordered([row for row in rows if matches(row)], options.get("$orderby", ""))
        answer: dict[str, Any] = {
            "@odata.context": f"{self.base}$metadata#{self.table.entity_set}{self._shown_columns(options)}"
        }
        if options.get("$count", "false").lower() == "true":
            answer["@odata.count"] = min(len(found), PAGE_SIZE_MAX)
        start = _whole("$skiptoken", options.get("$skiptoken", "0").rpartition("=")[2])
        size = self.prefer.page_size or PAGE_SIZE_MAX
        if "$top" in options:
            found = found[: _whole("$top", options["$top"])]
            size = PAGE_SIZE_MAX
        answer["value"] = [self._shown(row, columns) for row in found[start : start + size]]
        if start + size < len(found):
            rest = {**options, "$skiptoken": f"from={start + size}"}
            answer["@odata.nextLink"] = f"{self.base}{self.table.entity_set}?{urlencode(rest, quote_via=quote)}"
        return answer

    def _selected(self, select: str | None) -> list[str]:
        if not select:
            return list(self.table.columns)
        names = [name.strip() for name in select.split(",")]
        return list(dict.fromkeys([*(self._column(name) for name in names), self.table.key]))

    def _shown_columns(self, options: Mapping[str, str]) -> str:
        return f"({options['$select']})" if options.get("$select") else ""

    def _column(self, shown: str) -> str:
        """The column behind a name in a URL: lookups are called `_name_value` there."""
        if shown.startswith("_") and shown.endswith("_value"):
            column = shown[1:].removesuffix("_value")
            if column in self.table.columns and self.table.columns[column].type in _LOOKUPS:
                return column
        elif shown in self.table.columns and self.table.columns[shown].type not in _LOOKUPS:
            return shown
        raise unknown_property(shown, self.name)

    def _shown(self, row: Row, columns: list[str]) -> dict[str, Any]:
        shown: dict[str, Any] = {"@odata.etag": f'W/"{row.get("@version", 0)}"'}
        for column in columns:
            lookup = self.table.columns[column].type in _LOOKUPS
            name = f"_{column}_value" if lookup else column
            value = row.get(column)
            shown[name] = value
            if lookup and value is not None and self.prefer.shows(TARGET) and (target := self._target(row, column)):
                shown[f"{name}@{TARGET}"] = target
            if self.prefer.annotations and value is not None and (text := self._formatted(column, value)):
                shown[f"{name}@{FORMATTED}"] = text
        return shown

    def _target(self, row: Row, column: str) -> str:
        """The table that a lookup points at: the column beside it says so, or it can be one only."""
        beside = row.get(f"{column}_logicalname")
        targets = self.table.columns[column].targets
        return str(beside or (targets[0] if len(targets) == 1 else ""))

    def _formatted(self, column: str, value: Any) -> str:
        if family := CHOICES.get((self.name, column)):
            return label(int(value), family)
        for target in self.table.columns[column].targets:
            table = self.organisation.schema.tables.get(target)
            row = self.organisation.rows.get(target, {}).get(str(value))
            if table and row:
                return str(row.get(table.name_column) or "")
        return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else ""

    def _ordered(self, rows: list[Row], order: str) -> list[Row]:
        key = self.table.key
        rows = sorted(rows, key=lambda row: str(row[key]))  # a page must begin where the last one ended
        for part in reversed([part.split() for part in order.split(",") if part.strip()]):
            column = self._column(part[0])
            descending = len(part) > 1 and part[1].lower() == "desc"
            rows.sort(key=lambda row: _comparable(row.get(column)), reverse=descending)
        return rows

    def _matches(self, text: str | None) -> Callable[[Row], bool]:
        return _filter(text, self._column) if text else lambda _row: True


def _check(options: Mapping[str, str], known: set[str]) -> None:
    for option in options:
        if option.startswith("$") and option not in known:
            raise bad_request(f"The query option '{option}' is not answered by the sandbox.", INVALID_ARGUMENT)


def _whole(option: str, text: str) -> int:
    if not text.isdigit():
        raise bad_request(f"Invalid value '{text}' for {option} query option found.", INVALID_ARGUMENT)
    return int(text)


def _comparable(value: Any) -> tuple[int, Any]:
    if value is None:
        return 0, ""
    return (2, value.casefold()) if isinstance(value, str) else (1, value)


# --- $filter ---------------------------------------------------------------------------------------------------------

_Operand = Callable[[Row], Any]
_Test = Callable[[Row], bool]


@cache
def _grammar() -> Lark:
    return Lark((Path(__file__).parent / "filter.lark").read_text(encoding="utf-8"), parser="lalr")


def _filter(text: str, column: Callable[[str], str]) -> _Test:
    try:
        parsed = _grammar().parse(text)
    except UnexpectedInput as error:
        place = error.pos_in_stream
        raise bad_request(f"Syntax error at position {place} in '{text}'.", INVALID_ARGUMENT) from None
    try:
        test: _Test = _FilterBuilder(column).transform(parsed)
    except VisitError as error:
        raise error.orig_exc from None
    return test


@v_args(inline=True)
class _FilterBuilder(Transformer[Token, Any]):
    def __init__(self, column: Callable[[str], str]) -> None:
        super().__init__()
        self._column = column

    def column(self, name: Token) -> _Operand:
        column = self._column(str(name))
        return lambda row: row.get(column)

    def guid(self, token: Token) -> _Operand:
        return _constant(token.lower())

    def moment(self, token: Token) -> _Operand:
        return _constant(_moment(str(token)))

    def number(self, token: Token) -> _Operand:
        return _constant(float(token))

    def string(self, token: Token) -> _Operand:
        return _constant(token[1:-1].replace("''", "'"))

    def null(self, _token: Token) -> _Operand:
        return _constant(None)

    def true(self, _token: Token) -> _Operand:
        return _constant(True)

    def false(self, _token: Token) -> _Operand:
        return _constant(False)

    def compare(self, left: _Operand, operator: Token, right: _Operand) -> _Test:
        compare = _COMPARE[operator.lower()]
        return lambda row: compare(left(row), right(row))

    def in_(self, left: _Operand, *choices: _Operand) -> _Test:
        wanted = {_folded(choice({})) for choice in choices}
        return lambda row: _folded(left(row)) in wanted

    def in_function(self, _function: Token, name: Token, *choices: _Operand) -> _Test:
        return self.in_(self.column(Token("NAME", name[1:-1])), *choices)

    def text_function(self, function: Token, left: _Operand, right: _Operand) -> _Test:
        test = _TEXT[function.lower()]
        return lambda row: test(str(left(row) or "").casefold(), str(right(row) or "").casefold())

    def not_(self, test: _Test) -> _Test:
        return lambda row: not test(row)

    def and_(self, left: _Test, right: _Test) -> _Test:
        return lambda row: left(row) and right(row)

    def or_(self, left: _Test, right: _Test) -> _Test:
        return lambda row: left(row) or right(row)


def _constant(value: Any) -> _Operand:
    return lambda _row: value


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise bad_request(f"'{text}' is no date.", INVALID_ARGUMENT) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    """Both sides so that they can be compared: text without case, moments as moments."""
    if isinstance(left, datetime) or isinstance(right, datetime):
        return tuple(_moment(side) if isinstance(side, str) else side for side in (left, right))  # type: ignore[return-value]
    if isinstance(left, str) and isinstance(right, str):
        return left.casefold(), right.casefold()
    return left, right


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _equal(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is right
    first, second = _alike(left, right)
    return bool(first == second)


def _order(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(left: Any, right: Any) -> bool:
        if left is None or right is None:
            return False
        first, second = _alike(left, right)
        try:
            return test(first, second)
        except TypeError:
            raise bad_request("A comparison of two different types was found in $filter.", INVALID_ARGUMENT) from None

    return compare


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": _equal,
    "ne": lambda left, right: not _equal(left, right),
    "gt": _order(lambda left, right: left > right),
    "ge": _order(lambda left, right: left >= right),
    "lt": _order(lambda left, right: left < right),
    "le": _order(lambda left, right: left <= right),
}
_TEXT: Mapping[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
