"""A query in plain words, for people who never saw one: *contacts whose city is “Oslo” and whose age is at least 30*.

Equal sentences mean equal queries (`meaning.py`; a property test holds it). A line says what a line can say without
doubt: comparisons joined by *and*, or one level of *either … or* and *both … and*. Whatever nests deeper, denies a
group or is long becomes an indented list, in which the grouping is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from migrator.mql import tree
from migrator.mql.meaning import Stops, denied, optional_hops
from migrator.mql.schema import Schema
from migrator.mql.told_conditions import LINE_MAX, Block, ConditionTeller, Here, flattened
from migrator.mql.wording import WORDINGS, Names, Title
from migrator.product.codes import AUDIENCE

CUT = 2_000
"""Characters of a sentence that are shown; what is longer ends with the notice that it was cut."""


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


class _Teller:
    def __init__(self, title: Title, names: Names) -> None:
        self._title, self._names, self._words = title, names, names.wording
        self._conditions = ConditionTeller(names)

    # --- sets ---

    def query(self, query: tree.Query) -> Block:
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
        return Block(line, told.items and (told,))

    def members(self, members: tree.Members) -> Block:
        match members:
            case tree.Profile():
                return self._profile(members)
            case tree.SegmentReference(name, filters):
                here = Here(Stops(AUDIENCE), (AUDIENCE,))
                told = self._words.segment.format(title=self._conditions.text(self._title(name)))
                return self._with_conditions(told, filters, here, people=True)
            case tree.Interaction():
                return self._interaction(members)
            case tree.SetChain():
                return self._sets(members, self._words.in_order)
        raise TypeError(type(members).__name__)

    def _sets(self, chain: tree.SetChain, heading: str) -> Block:
        words = self._words
        first = self._part(chain.first)
        others = [(words.sets[operator], self._part(part)) for operator, part in chain.rest]
        lines = [first, *(Block(template.format(part=told.line), told.items) for template, told in others)]
        line = ", ".join(told.line for told in lines)
        if len(lines) == 2 and not any(told.items for told in lines) and len(line) <= LINE_MAX:
            return Block(line)
        return Block(heading, tuple(lines))

    def _part(self, part: tree.Members) -> Block:
        if isinstance(part, tree.SetChain):
            # A set of sets inside another is always a list: in a line nobody could see where it ends.
            told = self._sets(part, self._words.nested_sets)
            return told if told.items else Block(self._words.nested_sets, (told,))
        return self.members(part)

    def _interaction(self, interaction: tree.Interaction) -> Block:
        words = self._words
        told = words.interaction.format(kind=self._conditions.text(interaction.type))
        usual = "msdynmkt_entityid" if interaction.type.lower().startswith("msdynmkt_") else "contactid"
        if interaction.link.lower() != usual:
            told += words.linked.format(link=self._conditions.text(interaction.link))
        asked = [self._having(one, interaction.type) for one in (interaction.having, *interaction.further) if one]
        told += "".join(f", {one}" for one in asked)
        here = Here(Stops(interaction.type), (interaction.type,))
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
            unit = self._conditions.unit(having.unit.removeprefix("UTC"), many=having.length != 1)
            told += words.window.format(length=having.length, unit=unit)
        return told

    def _with_conditions(self, told: str, conditions: tuple[tree.Condition, ...], here: Here, *, people: bool) -> Block:
        return self._stop(told, [(condition, here) for condition in conditions], people=people)

    # --- profiles: the last table is whom it is about, the tables before it say with what they are connected ---

    def _profile(self, profile: tree.Profile) -> Block:
        stops = Stops(profile.entity, profile.alias)
        tables: list[str | None] = [profile.entity.lower()]
        ways: list[str] = [""]
        asked: list[list[tuple[tree.Condition, Here]]] = [[]]
        on_the_way: list[list[tuple[tree.Condition, Here]]] = [[]]
        related: list[Block] = []
        for step in profile.steps:
            here = Here(replace_known(stops), tables, len(tables) - 1)
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
                        on_the_way[-1].append((condition, Here(replace_known(stops), tables, number)))
                case tree.Relate():
                    related.append(self._related(step, profile.entity))
        return self._way(tables, ways, asked, on_the_way, related)

    def _way(
        self,
        tables: Sequence[str | None],
        ways: Sequence[str],
        asked: Sequence[list[tuple[tree.Condition, Here]]],
        on_the_way: Sequence[list[tuple[tree.Condition, Here]]],
        related: list[Block],
    ) -> Block:
        words = self._words
        behind: list[Block] = []
        for number in range(len(tables)):
            last = number == len(tables) - 1
            extra = [*behind, *(related if last else [])]
            if on_the_way[number]:
                teller = self._conditions
                conditions = [
                    Block(teller.leaf(*one)) if teller.is_leaf(one[0]) else teller.block(*one)
                    for one in on_the_way[number]
                ]
                extra.append(Block(words.on_the_way, tuple(conditions)))
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
            return far if here == near else near, self._conditions.raw(relationship)
        return None, self._conditions.raw(relationship)

    def _related(self, step: tree.Relate, start: str) -> Block:
        words = self._words
        stops, tables = Stops(start), [start.lower()]
        known: list[str | None] = [*tables]
        for hop in step.hops:
            stops.arrive(hop.alias)
            known.append(self._relates_to(hop, known[-1]))
        none, condition = denied(step)
        way = words.then.join(
            self._conditions.raw(hop.relationship) + words.optional * optional
            for hop, optional in zip(step.hops, optional_hops(step), strict=True)
        )
        template = words.connected_none if none else words.connected
        told = template.format(what=self._a(known[-1])) + words.through.format(way=way)
        here = Here(stops, known, 0, len(known) - 1)
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
        asked: Sequence[tuple[tree.Condition, Here]],
        *,
        people: bool,
        extra: Sequence[Block] = (),
    ) -> Block:
        """Records, what is asked of them, and with what else they are connected: in a line, or as a list."""
        flat = [(one, here) for condition, here in asked for one in flattened(condition)]
        line = told + self._conditions.inline(flat, people=people)
        short = all(not block.items for block in extra) and self._conditions.fits(flat)
        if short:
            whole = ", ".join([line, *(block.line for block in extra)])
            if len(whole) <= LINE_MAX:
                return Block(whole)
        words = self._words
        if not flat and len(extra) == 1:
            return Block(f"{told}, {extra[0].line}", extra[0].items)
        blocks = [self._conditions.block(condition, here) for condition, here in flat]
        if len(blocks) == 1 and not extra:
            (condition, _), block = flat[0], blocks[0]
            heading = self._conditions.heading(condition, people)
            if heading and block.items:
                return Block(told + heading, block.items)
        return Block(told + words.all_of[people], (*blocks, *extra))


def replace_known(stops: Stops) -> Stops:
    """The stops as they are now: an alias may mean another table later."""
    return replace(stops, alias=None, known=dict(stops.known))
