"""A query in plain words, for people who never saw one: *contacts whose city is “Oslo” and whose age is at least 30*.

Equal sentences mean equal queries (`meaning.py`; a property test holds it). A line says what a line can say without
doubt: comparisons joined by *and*, or one level of *either … or* and *both … and*. Whatever nests deeper, denies a
group or is long becomes an indented list, in which the grouping is seen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from migrator.mql import tree
from migrator.mql.meaning import Stops, denied, optional_matters, unit_of
from migrator.mql.schema import Schema
from migrator.mql.wording import WORDINGS, Names, Title, Wording
from migrator.product.codes import AUDIENCE

CUT = 2_000
"""Characters of a sentence that are shown; what is longer ends with the notice that it was cut."""
_LINE_MAX = 200
_LEAVES_MAX = 4
_EITHER_MAX = 3
_BULLET = "– "


def in_words(query: tree.Query, title: Title = str, schema: Schema | None = None, language: str = "en") -> str:
    """The query in one sentence without its full stop, or in an indented list of several lines.

    Args:
        query: an outbound or a real-time query.
        title: gives a segment's title for the name in a query.
        schema: the tables whose display names are used and whose relationships say where a traversal leads.
        language: en, de or fr.
    """
    return "\n".join(_Teller(title, names_in(language, schema)).query(query).lines())


def names_in(language: str, schema: Schema | None = None) -> Names:
    """What tables and columns are called in a language, by the display names of a schema where one is given."""
    return _names(language, _Same(schema or _NO_SCHEMA))


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """A schema by its identity: names are worked out once for all sentences about one export."""

    schema: Schema

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.schema is other.schema

    def __hash__(self) -> int:
        return id(self.schema)


_NO_SCHEMA = Schema()


@lru_cache(maxsize=8)
def _names(language: str, same: _Same) -> Names:
    return Names(WORDINGS[language], same.schema)


def cut(text: str, language: str = "en", most: int = CUT) -> str:
    """A sentence of at most about `most` characters: whole lines, or whole words, and the notice that more is there.

    Args:
        text: the sentence.
        language: en, de or fr, of the notice.
        most: characters.
    """
    if len(text) <= most:
        return text
    kept = text[:most]
    kept = kept.rsplit("\n" if "\n" in kept else " ", 1)[0]
    return f"{kept}\n{WORDINGS[language].cut}"


@dataclass(frozen=True, slots=True)
class _Block:
    """A line, and the list below it."""

    line: str
    items: tuple[_Block, ...] = ()

    def lines(self, indent: str = "", bullet: str = "") -> list[str]:
        found = [f"{indent}{bullet}{self.line}"]
        for item in self.items:
            found.extend(item.lines(indent + "  " if bullet else indent + " ", _BULLET))
        return found


@dataclass(frozen=True, slots=True)
class _Here:
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


class _Teller:
    def __init__(self, title: Title, names: Names) -> None:
        self._title, self._names, self._words = title, names, names.wording

    # --- sets ---

    def query(self, query: tree.Query) -> _Block:
        told = self.members(query.members)
        paging = query.paging
        if paging is None or (paging.take is None and not paging.skip):
            return told
        words = self._words
        columns = [
            self._names.column(AUDIENCE, column.name) + words.descending * descending
            for column, descending in paging.order
        ]
        pages = [words.skip.format(n=paging.skip)] if paging.skip else []
        pages += [] if paging.take is None else [words.take.format(n=paging.take)]
        order = words.ordered.format(columns=", ".join(columns)) if columns else words.unordered
        people = told.line if not told.items else words.in_order
        line = words.paged.format(people=people, order=order, pages=words.and_.join(pages))
        return _Block(line, told.items and (told,))

    def members(self, members: tree.Members) -> _Block:
        match members:
            case tree.Profile():
                return self._profile(members)
            case tree.SegmentReference(name, filters):
                here = _Here(Stops(AUDIENCE), (AUDIENCE,))
                told = self._words.segment.format(title=self._text(self._title(name)))
                return self._with_conditions(told, filters, here, people=True)
            case tree.Interaction():
                return self._interaction(members)
            case tree.SetChain():
                return self._sets(members, self._words.in_order)
        raise TypeError(type(members).__name__)

    def _sets(self, chain: tree.SetChain, heading: str) -> _Block:
        words = self._words
        first = self._part(chain.first)
        others = [(words.sets[operator], self._part(part)) for operator, part in chain.rest]
        lines = [first, *(_Block(template.format(part=told.line), told.items) for template, told in others)]
        line = ", ".join(told.line for told in lines)
        if len(lines) == 2 and not any(told.items for told in lines) and len(line) <= _LINE_MAX:
            return _Block(line)
        return _Block(heading, tuple(lines))

    def _part(self, part: tree.Members) -> _Block:
        if isinstance(part, tree.SetChain):
            # A set of sets inside another is always a list: in a line nobody could see where it ends.
            told = self._sets(part, self._words.nested_sets)
            return told if told.items else _Block(self._words.nested_sets, (told,))
        return self.members(part)

    def _interaction(self, interaction: tree.Interaction) -> _Block:
        words = self._words
        told = words.interaction.format(kind=self._text(interaction.type))
        usual = "msdynmkt_entityid" if interaction.type.lower().startswith("msdynmkt_") else "contactid"
        if interaction.link.lower() != usual:
            told += words.linked.format(link=self._text(interaction.link))
        asked = [self._having(one, interaction.type) for one in (interaction.having, *interaction.further) if one]
        told += "".join(f", {one}" for one in asked)
        here = _Here(Stops(interaction.type), (interaction.type,))
        told += words.counting if interaction.filters else ""
        return self._with_conditions(told, interaction.filters, here, people=False)

    def _having(self, having: tree.Having, table: str) -> str:
        words = self._words
        number = words.times[having.op].format(n=having.number.digits)
        if having.attribute is None:
            told = (words.time if having.number.digits == "1" else words.time_many).format(n=number)
        else:
            column = self._names.column(table, having.attribute)
            told = words.aggregates[having.aggregate].format(column=column, n=number)
        if having.unit and having.length is not None:
            unit = self._unit(having.unit.removeprefix("UTC"), many=having.length != 1)
            told += words.window.format(length=having.length, unit=unit)
        return told

    def _with_conditions(
        self, told: str, conditions: tuple[tree.Condition, ...], here: _Here, *, people: bool
    ) -> _Block:
        return self._stop(told, [(condition, here) for condition in conditions], people=people)

    # --- profiles: the last table is whom it is about, the tables before it say with what they are connected ---

    def _profile(self, profile: tree.Profile) -> _Block:
        stops = Stops(profile.entity, profile.alias)
        tables: list[str | None] = [profile.entity.lower()]
        ways: list[str] = [""]
        asked: list[list[tuple[tree.Condition, _Here]]] = [[]]
        on_the_way: list[list[tuple[tree.Condition, _Here]]] = [[]]
        related: list[_Block] = []
        for step in profile.steps:
            here = _Here(replace_known(stops), tables, len(tables) - 1)
            match step:
                case tree.Filter(condition):
                    asked[-1].append((condition, here))
                case tree.Traverse(relationship, alias, condition):
                    number = stops.arrive(alias)
                    table, way = self._leads_to(relationship, tables[-1])
                    tables.append(table)
                    ways.append(way)
                    asked.append([])
                    on_the_way.append([])
                    if condition:
                        on_the_way[-1].append((condition, _Here(replace_known(stops), tables, number)))
                case tree.Relate():
                    related.append(self._related(step, profile.entity))
        return self._way(tables, ways, asked, on_the_way, related)

    def _way(
        self,
        tables: Sequence[str | None],
        ways: Sequence[str],
        asked: Sequence[list[tuple[tree.Condition, _Here]]],
        on_the_way: Sequence[list[tuple[tree.Condition, _Here]]],
        related: list[_Block],
    ) -> _Block:
        words = self._words
        behind: list[_Block] = []
        for number in range(len(tables)):
            last = number == len(tables) - 1
            extra = [*behind, *(related if last else [])]
            if on_the_way[number]:
                conditions = [_Block(self._leaf(*one)) if self._is_leaf(one[0]) else self._block(*one)
                              for one in on_the_way[number]]  # fmt: skip
                extra.append(_Block(words.on_the_way, tuple(conditions)))
            if last:
                told = self._subject(tables[number])
            else:
                # The hop to the next table is said of this one: through which relationship the next is reached.
                template = words.connected if number == len(tables) - 2 else words.also_connected
                told = template.format(what=self._a(tables[number])) + words.through.format(way=ways[number + 1])
            behind = [self._stop(told, asked[number], people=tables[number] == AUDIENCE, extra=extra)]
        return behind[0]

    def _subject(self, table: str | None) -> str:
        if table is None:
            return self._words.records_there
        if table == AUDIENCE:
            return self._words.contacts
        return self._words.records.format(table=self._names.table(table))

    def _a(self, table: str | None) -> str:
        """A row of a table, as it stands behind *connected with*."""
        if table is None:
            return self._words.a_record_there
        name = self._names.table(table)
        one, connected = self._words.tables.get(table, ("", ""))
        return connected if name == one else self._words.a_record.format(table=name)

    def _leads_to(self, relationship: str, here: str | None) -> tuple[str | None, str]:
        """The table at the other end of an outbound relationship, where that is certain, and how the way is called."""
        name = relationship.lower()
        for found in self._names.schema.outbound_relationships(name):
            ends = (found.referencing_table, found.referenced_table)
            if here in ends:
                way = self._words.of_table.format(
                    column=self._names.column(found.referencing_table, found.referencing_column),
                    table=self._names.table(found.referencing_table),
                )
                return ends[1] if here == ends[0] else ends[0], way
        known = {*self._words.tables, *self._names.schema.tables, *([here] if here else [])}
        pairs = {
            (near, far) for near in known for far in known if name.startswith(f"{near}_{far}_") and here in (near, far)
        }
        if len(pairs) == 1:
            near, far = pairs.pop()
            return far if here == near else near, self._raw(relationship)
        return None, self._raw(relationship)

    def _related(self, step: tree.Relate, start: str) -> _Block:
        words = self._words
        stops, tables = Stops(start), [start.lower()]
        known: list[str | None] = [*tables]
        for hop in step.hops:
            stops.arrive(hop.alias)
            known.append(self._relates_to(hop, known[-1]))
        none, condition = denied(step)
        way = words.then.join(self._raw(hop.relationship) for hop in step.hops)
        if step.optional and not none and optional_matters(condition):
            way += words.optional
        template = words.connected_none if none else words.connected
        told = template.format(what=self._a(known[-1])) + words.through.format(way=way)
        here = _Here(stops, known, 0, len(known) - 1)
        return self._stop(told, [(condition, here)], people=False)

    def _relates_to(self, hop: tree.Hop, here: str | None) -> str | None:
        schema = self._names.schema
        name = hop.relationship.lower()
        for one in schema.many_to_one:
            if one.schema_name.lower() == name and here in (one.referencing_table, one.referenced_table):
                return one.referenced_table if here == one.referencing_table else one.referencing_table
        for many in schema.many_to_many:
            if many.schema_name.lower() == name and here in (many.table1, many.table2):
                return many.table2 if here == many.table1 else many.table1
        return None

    def _stop(
        self,
        told: str,
        asked: Sequence[tuple[tree.Condition, _Here]],
        *,
        people: bool,
        extra: Sequence[_Block] = (),
    ) -> _Block:
        """Records, what is asked of them, and with what else they are connected: in a line, or as a list."""
        flat = [(one, here) for condition, here in asked for one in _flat(condition)]
        line = told + self._inline(flat, people=people)
        short = all(not block.items for block in extra) and self._fits(flat)
        if short:
            whole = ", ".join([line, *(block.line for block in extra)])
            if len(whole) <= _LINE_MAX:
                return _Block(whole)
        words = self._words
        if not flat and len(extra) == 1:
            return _Block(f"{told}, {extra[0].line}", extra[0].items)
        blocks = [self._block(condition, here) for condition, here in flat]
        if len(blocks) == 1 and not extra:
            (condition, _), block = flat[0], blocks[0]
            heading = self._heading(condition, people)
            if heading and block.items:
                return _Block(told + heading, block.items)
        return _Block(told + words.all_of[people], (*blocks, *extra))

    def _heading(self, condition: tree.Condition, people: bool) -> str:
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

    def _fits(self, asked: Sequence[tuple[tree.Condition, _Here]]) -> bool:
        leaves = 0
        for condition, _ in asked:
            if self._is_leaf(condition):
                leaves += 1
                continue
            if not isinstance(condition, tree.Or):
                return False
            for one in condition.conditions:
                parts = one.conditions if isinstance(one, tree.And) else (one,)
                # An either stands in a line only if what it joins is plain, or if nothing stands beside it.
                if not all(map(self._is_leaf, parts)) or (len(parts) > 1 and len(asked) > 1) or len(parts) > 2:
                    return False
                leaves += len(parts)
        return leaves <= _LEAVES_MAX

    def _inline(self, asked: Sequence[tuple[tree.Condition, _Here]], *, people: bool) -> str:
        if not asked or not self._fits(asked):
            return ""
        words = self._words
        plain = all(self._is_leaf(condition) for condition, _ in asked)
        if plain and all(self._asks_itself(condition, here) for condition, here in asked):
            return words.whose[people] + words.and_whose.join(self._leaf(condition, here) for condition, here in asked)
        joint = words.and_ if plain else f",{words.and_}"
        return words.which[people] + joint.join(self._in_line(condition, here) for condition, here in asked)

    def _asks_itself(self, condition: tree.Condition, here: _Here) -> bool:
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

    def _in_line(self, condition: tree.Condition, here: _Here) -> str:
        words = self._words
        if not isinstance(condition, tree.Or) or self._is_leaf(condition):
            return self._leaf(condition, here)
        told = []
        for one in condition.conditions:
            if isinstance(one, tree.And):
                told.append(words.both + words.both_and.join(self._leaf(part, here) for part in one.conditions))
            else:
                told.append(self._leaf(one, here))
        return words.either + words.either_or.join(told)

    def _is_leaf(self, condition: tree.Condition) -> bool:
        match condition:
            case tree.And() | tree.Not(tree.And() | tree.Or() | tree.Not()):
                return False
            case tree.Or(conditions):
                return _same_column(conditions) is not None
        return True

    # --- conditions as a list ---

    def _block(self, condition: tree.Condition, here: _Here) -> _Block:
        words = self._words
        if self._is_leaf(condition):
            return _Block(self._leaf(condition, here))
        match condition:
            case tree.And(conditions):
                if len(conditions) == 2 and all(map(self._is_leaf, conditions)):
                    return _Block(words.both + words.both_and.join(self._leaf(one, here) for one in conditions))
                return self._list(words.all_these, conditions, here)
            case tree.Or(conditions):
                if len(conditions) <= _EITHER_MAX and all(map(self._is_leaf, conditions)):
                    return _Block(words.either + words.either_or.join(self._leaf(one, here) for one in conditions))
                return self._list(words.any_these, conditions, here)
            case tree.Not(tree.Or(conditions)):
                return self._list(words.none_these, conditions, here)
            case tree.Not(tree.And(conditions)):
                return self._list(words.not_all_these, conditions, here)
            case tree.Not(tree.Not(inner)):
                return self._block(inner, here)
        raise TypeError(type(condition).__name__)

    def _list(self, heading: str, conditions: tuple[tree.Condition, ...], here: _Here) -> _Block:
        return _Block(heading, tuple(self._block(condition, here) for condition in conditions))

    def _leaf(self, condition: tree.Condition, here: _Here) -> str:
        words = self._words
        match condition:
            case tree.IsNull(column) | tree.Not(tree.IsNotNull(column)):
                return f"{self._column(column, here)} {words.empty}"
            case tree.IsNotNull(column) | tree.Not(tree.IsNull(column)):
                return f"{self._column(column, here)} {words.filled}"
            case tree.Not(tree.Comparison(left, "==", right)):
                return self._leaf(tree.Comparison(left, "!=", right), here)
            case tree.Not(inner):
                return words.not_so.format(what=self._leaf(inner, here))
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

    def _left(self, value: tree.Value, here: _Here) -> str:
        return self._column(value, here) if isinstance(value, tree.Attribute) else self._value(value, here)

    def _column(self, column: tree.Attribute, here: _Here) -> str:
        number = here.of(column)
        if number is None:
            alias = self._text(column.alias or "")
            return self._words.of_alias.format(column=self._names.column(None, column.name), alias=alias)
        table = here.tables[number]
        name = self._names.column(table, column.name)
        if here.is_spoken_of(column):
            return name
        return self._words.of_table.format(column=name, table=self._which(number, here))

    def _which(self, number: int, here: _Here) -> str:
        """The table of an earlier stop; with its place on the way where the table stands there more than once."""
        table = here.tables[number]
        name = self._names.table(table) if table else self._words.record
        return f"{name} {number + 1}" if table is None or list(here.tables).count(table) > 1 else name

    def _value(self, value: tree.Value, here: _Here) -> str:
        words = self._words
        match value:
            case tree.Text(text):
                return self._text(text)
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

    def _operand(self, value: tree.Value, here: _Here) -> str:
        if isinstance(value, tree.Attribute):
            told = self._column(value, here)
            return f"({told})" if told == self._words.now or " " in told else told
        told = self._value(value, here)
        return f"({told})" if isinstance(value, tree.Arithmetic) or _is_compound(value) else told

    def _moment(self, function: tree.DateFunction, here: _Here) -> str:
        words = self._words
        given = [self._operand(argument, here) for argument in function.arguments]
        match function.name, function.arguments:
            case "DATETIMEUTCNOW", _:
                return words.now
            case "DATE", arguments:
                return _date(given) if all(_is_digits(one) for one in arguments) else f"DATE({', '.join(given)})"
            case "DATEADD", (tree.Number(digits), moment):
                back, n = digits.startswith("-"), digits.removeprefix("-")
                unit = self._unit(function.part or "", many=n != "1")
                if isinstance(moment, tree.DateFunction) and moment.name == "DATETIMEUTCNOW":
                    return (words.ago if back else words.from_now).format(n=n, unit=unit)
                return (words.before if back else words.after).format(n=n, unit=unit, moment=given[1])
            case "DATEADD", _:
                unit = self._unit(function.part or "", many=True)
                return words.plus.format(moment=given[1], n=f"({given[0]})", unit=unit)
        unit = self._unit(function.part or "", many=True)
        return words.difference.format(unit=unit, start=given[0], end=given[1])

    def _unit(self, part: str, *, many: bool) -> str:
        pair = self._words.units.get(unit_of(part))
        return pair[many] if pair else self._text(unit_of(part))

    def _raw(self, name: str) -> str:
        return name if _RAW.fullmatch(name) else self._text(name)

    def _text(self, text: str) -> str:
        return quoted(text, self._words)


def replace_known(stops: Stops) -> Stops:
    """The stops as they are now: an alias may mean another table later."""
    return replace(stops, alias=None, known=dict(stops.known))


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


def _flat(condition: tree.Condition) -> list[tree.Condition]:
    match condition:
        case tree.And(conditions):
            return [one for inner in conditions for one in _flat(inner)]
        case tree.Not(tree.Not(inner)):
            return _flat(inner)
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
