"""Conditions in plain words: a line where a line says them without doubt, else a list in which the grouping is seen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from migrator.mql import tree
from migrator.mql.meaning import Stops, unit_of
from migrator.mql.wording import Names, Wording

LINE_MAX = 200
"""Characters of a line; what is longer becomes a list."""
_LEAVES_MAX = 4
_EITHER_MAX = 3
_BULLET = "– "


@dataclass(frozen=True, slots=True)
class Block:
    """A line, and the list below it."""

    line: str
    items: tuple[Block, ...] = ()

    def lines(self, indent: str = "", bullet: str = "") -> list[str]:
        """The line and everything below it, indented."""
        found = [f"{indent}{bullet}{self.line}"]
        for item in self.items:
            found.extend(item.lines(indent + "  " if bullet else indent + " ", _BULLET))
        return found


@dataclass(frozen=True, slots=True)
class Here:
    """Where a condition stands: the tables on the way, by number, and which of them is being spoken of."""

    stops: Stops
    tables: Sequence[str | None]
    """Logical names; None where nothing says to which table a relationship leads."""
    number: int = 0
    """The table that columns without alias are of."""
    spoken_of: int | None = None
    """The table whose columns need no *of the …*, where it is another."""

    def of(self, column: tree.Attribute) -> int | None:
        """The number of the table that a column is of."""
        return self.stops.of(column.alias, self.number)

    def is_spoken_of(self, column: tree.Value) -> bool:
        """Whether a value is a column of the table that is being spoken of."""
        spoken_of = self.number if self.spoken_of is None else self.spoken_of
        return isinstance(column, tree.Attribute) and self.of(column) == spoken_of


class ConditionTeller:
    """Tells conditions in a language, with the names of a schema."""

    def __init__(self, names: Names) -> None:
        self._names, self._words = names, names.wording

    def heading(self, condition: tree.Condition, people: bool) -> str:
        """What stands over the list of a condition; empty where its parts have to hold together."""
        words = self._words
        match condition:
            case tree.Or():
                return words.any_of[people]
            case tree.Not(tree.Or()):
                return words.none_of[people]
            case tree.Not(tree.And()):
                return words.not_all_of[people]
        return ""

    # --- conditions in a line ---

    def fits(self, asked: Sequence[tuple[tree.Condition, Here]]) -> bool:
        """Whether conditions can be told in one line without doubt."""
        leaves = 0
        for condition, _ in asked:
            if self.is_leaf(condition):
                leaves += 1
                continue
            if not isinstance(condition, tree.Or):
                return False
            for one in condition.conditions:
                parts = one.conditions if isinstance(one, tree.And) else (one,)
                # An either stands in a line only if what it joins is plain, or if nothing stands beside it.
                if not all(map(self.is_leaf, parts)) or (len(parts) > 1 and len(asked) > 1) or len(parts) > 2:
                    return False
                leaves += len(parts)
        return leaves <= _LEAVES_MAX

    def inline(self, asked: Sequence[tuple[tree.Condition, Here]], *, people: bool) -> str:
        """Conditions in one line; only where they fit."""
        if not asked or not self.fits(asked):
            return ""
        words = self._words
        plain = all(self.is_leaf(condition) for condition, _ in asked)
        if plain and all(self._asks_itself(condition, here) for condition, here in asked):
            return words.whose[people] + words.and_whose.join(self.leaf(condition, here) for condition, here in asked)
        joint = words.and_ if plain else f",{words.and_}"
        return words.which[people] + joint.join(self._in_line(condition, here) for condition, here in asked)

    def _asks_itself(self, condition: tree.Condition, here: Here) -> bool:
        match condition:
            case (
                tree.Comparison(left, _, _)
                | tree.TextMatch(left, _, _)
                | tree.OneOf(left, _)
                | tree.IsNull(left)
                | tree.IsNotNull(left)
                | tree.Not(tree.IsNull(left) | tree.IsNotNull(left) | tree.Comparison(left, "==", _))
            ):
                return here.is_spoken_of(left)
            case tree.Or(conditions) if (column := _same_column(conditions)) is not None:
                return here.is_spoken_of(column)
        return False

    def _in_line(self, condition: tree.Condition, here: Here) -> str:
        words = self._words
        if not isinstance(condition, tree.Or) or self.is_leaf(condition):
            return self.leaf(condition, here)
        told = []
        for one in condition.conditions:
            if isinstance(one, tree.And):
                told.append(words.both + words.both_and.join(self.leaf(part, here) for part in one.conditions))
            else:
                told.append(self.leaf(one, here))
        return words.either + words.either_or.join(told)

    def is_leaf(self, condition: tree.Condition) -> bool:
        """Whether a condition is told as one comparison."""
        match condition:
            case tree.And() | tree.Not(tree.And() | tree.Or() | tree.Not()):
                return False
            case tree.Or(conditions):
                return _same_column(conditions) is not None
        return True

    # --- conditions as a list ---

    def block(self, condition: tree.Condition, here: Here) -> Block:
        """A condition as a list, in which the grouping is seen."""
        words = self._words
        if self.is_leaf(condition):
            return Block(self.leaf(condition, here))
        match condition:
            case tree.And(conditions):
                if len(conditions) == 2 and all(map(self.is_leaf, conditions)):
                    return Block(words.both + words.both_and.join(self.leaf(one, here) for one in conditions))
                return self._list(words.all_these, conditions, here)
            case tree.Or(conditions):
                if len(conditions) <= _EITHER_MAX and all(map(self.is_leaf, conditions)):
                    return Block(words.either + words.either_or.join(self.leaf(one, here) for one in conditions))
                return self._list(words.any_these, conditions, here)
            case tree.Not(tree.Or(conditions)):
                return self._list(words.none_these, conditions, here)
            case tree.Not(tree.And(conditions)):
                return self._list(words.not_all_these, conditions, here)
            case tree.Not(tree.Not(inner)):
                return self.block(inner, here)
        raise TypeError(type(condition).__name__)

    def _list(self, heading: str, conditions: tuple[tree.Condition, ...], here: Here) -> Block:
        return Block(heading, tuple(self.block(condition, here) for condition in conditions))

    def leaf(self, condition: tree.Condition, here: Here) -> str:
        """One comparison."""
        words = self._words
        match condition:
            case tree.IsNull(column) | tree.Not(tree.IsNotNull(column)):
                return f"{self._column(column, here)} {words.empty}"
            case tree.IsNotNull(column) | tree.Not(tree.IsNull(column)):
                return f"{self._column(column, here)} {words.filled}"
            case tree.Not(tree.Comparison(left, "==", right)):
                return self.leaf(tree.Comparison(left, "!=", right), here)
            case tree.Not(inner):
                return words.not_so.format(what=self.leaf(inner, here))
            case tree.Comparison(left, op, right):
                table = words.moments if _is_moment(right) else words.comparisons
                return f"{self._left(left, here)} {table[op]} {self._value(right, here)}"
            case tree.TextMatch(left, op, right):
                return f"{self._left(left, here)} {words.matches[op]} {self._value(right, here)}"
            case tree.OneOf(left, choices):
                values = words.or_.join(self._value(one, here) for one in choices)
                return f"{self._left(left, here)} {words.comparisons['==']} {values}"
            case tree.Or(conditions):
                first = conditions[0]
                assert isinstance(first, tree.Comparison)  # noqa: S101 - `_is_leaf` asked
                values = words.or_.join(self._value(one.right, here) for one in conditions
                                        if isinstance(one, tree.Comparison))  # fmt: skip
                return f"{self._left(first.left, here)} {words.comparisons['==']} {values}"
        raise TypeError(type(condition).__name__)

    # --- values ---

    def _left(self, value: tree.Value, here: Here) -> str:
        return self._column(value, here) if isinstance(value, tree.Attribute) else self._value(value, here)

    def _column(self, column: tree.Attribute, here: Here) -> str:
        number = here.of(column)
        if number is None:
            alias = self.text(column.alias or "")
            return self._words.of_alias.format(column=self._names.column(None, column.name), alias=alias)
        table = here.tables[number]
        name = self._names.column(table, column.name)
        if here.is_spoken_of(column):
            return name
        return self._words.of_table.format(column=name, table=self._which(number, here))

    def _which(self, number: int, here: Here) -> str:
        """The table of an earlier stop; with its place on the way where the table stands there more than once."""
        table = here.tables[number]
        name = self._names.table(table) if table else self._words.record
        return f"{name} {number + 1}" if table is None or list(here.tables).count(table) > 1 else name

    def _value(self, value: tree.Value, here: Here) -> str:
        words = self._words
        match value:
            case tree.Text(text):
                return self.text(text)
            case tree.Number(digits):
                return digits
            case tree.Boolean(truth):
                return words.yes if truth else words.no
            case tree.Attribute():
                return words.value_of.format(column=self._column(value, here))
            case tree.Arithmetic(first, rest):
                parts = [self._operand(first, here), *(f"{op} {self._operand(one, here)}" for op, one in rest)]
                return " ".join(parts)
            case tree.DateFunction():
                return self._moment(value, here)
        raise TypeError(type(value).__name__)

    def _operand(self, value: tree.Value, here: Here) -> str:
        if isinstance(value, tree.Attribute):
            told = self._column(value, here)
            return f"({told})" if told == self._words.now or " " in told else told
        told = self._value(value, here)
        return f"({told})" if isinstance(value, tree.Arithmetic) or _is_compound(value) else told

    def _moment(self, function: tree.DateFunction, here: Here) -> str:
        words = self._words
        given = [self._operand(argument, here) for argument in function.arguments]
        match function.name, function.arguments:
            case "DATETIMEUTCNOW", _:
                return words.now
            case "DATE", arguments:
                return _date(given) if all(_is_digits(one) for one in arguments) else f"DATE({', '.join(given)})"
            case "DATEADD", (tree.Number(digits), moment):
                back, n = digits.startswith("-"), digits.removeprefix("-")
                unit = self.unit(function.part or "", many=n != "1")
                if isinstance(moment, tree.DateFunction) and moment.name == "DATETIMEUTCNOW":
                    return (words.ago if back else words.from_now).format(n=n, unit=unit)
                return (words.before if back else words.after).format(n=n, unit=unit, moment=given[1])
            case "DATEADD", _:
                unit = self.unit(function.part or "", many=True)
                return words.plus.format(moment=given[1], n=f"({given[0]})", unit=unit)
        unit = self.unit(function.part or "", many=True)
        return words.difference.format(unit=unit, start=given[0], end=given[1])

    def unit(self, part: str, *, many: bool) -> str:
        """A unit of time."""
        pair = self._words.units.get(unit_of(part))
        return pair[many] if pair else self.text(unit_of(part))

    def raw(self, name: str) -> str:
        """A name of the query as it is, in quotes where it could be taken for something else."""
        return name if _RAW.fullmatch(name) else self.text(name)

    def text(self, text: str) -> str:
        """A text in the quotes of the language."""
        return quoted(text, self._words)


_RAW = re.compile(r"[A-Za-z_]\w*")
_ESCAPED = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def quoted(text: str, words: Wording) -> str:
    """A text in the quotes of a language; what could end it early, or break the line, is escaped."""
    opening, closing = words.quotes
    mark = closing.strip()
    if text.isprintable() and mark not in text and "\\" not in text:
        return f"{opening}{text}{closing}"
    told = ""
    for position, letter in enumerate(text):
        following = text[position + 1 : position + 2]
        if letter == mark:
            told += f"\\{mark}"
        elif letter == "\\" and following not in ("\\", "n", "r", "t", "u", mark, ""):
            told += letter  # in C:\Data the backslash is what it looks like
        elif letter in _ESCAPED:
            told += _ESCAPED[letter]
        elif not letter.isprintable():
            told += f"\\u{ord(letter):06x}"
        else:
            told += letter
    return f"{opening}{told}{closing}"


def flattened(condition: tree.Condition) -> list[tree.Condition]:
    """What has to hold together, without *and* and double *not* around it."""
    match condition:
        case tree.And(conditions):
            return [one for inner in conditions for one in flattened(inner)]
        case tree.Not(tree.Not(inner)):
            return flattened(inner)
    return [condition]


def _same_column(conditions: tuple[tree.Condition, ...]) -> tree.Value | None:
    """The column whose value all conditions compare with `==`; None where they ask of different ones."""
    lefts = set()
    for condition in conditions:
        if not isinstance(condition, tree.Comparison) or condition.op != "==":
            return None
        lefts.add(condition.left)
    left = lefts.pop()
    return left if not lefts and isinstance(left, tree.Attribute) else None


def _is_moment(value: tree.Value) -> bool:
    return isinstance(value, tree.DateFunction) and value.name != "DATEDIFF"


def _is_compound(value: tree.Value) -> bool:
    return isinstance(value, tree.DateFunction) and value.name not in ("DATETIMEUTCNOW", "DATE")


def _is_digits(value: tree.Value) -> bool:
    return isinstance(value, tree.Number) and value.digits.isdigit()


def _date(parts: Sequence[str]) -> str:
    """2020-01-05, and the time behind it as far as it is given."""
    text = "-".join(f"{int(part):02}" for part in parts[:3])
    hours = ":".join(f"{int(part):02}" for part in parts[3:6])
    text += f" {hours}" if hours else ""
    return f"{text}.{int(parts[6]):03}" if len(parts) > 6 else text
