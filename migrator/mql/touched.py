"""Which tables, and which of their columns, queries touch: what has to be known of people to say who is selected.

Keys and the columns of relationships belong to it, and what both languages ask without being told: whether a contact is
active, and of an interaction whose it is, when it was and who recorded it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from migrator.mql import tree
from migrator.mql.interactions import PERSON, PERSON_TABLE, SOURCE, TABLES, TIMES, column_of
from migrator.mql.schema import ManyToMany, Schema
from migrator.mql.walk import nodes, operands
from migrator.product.codes import AUDIENCE, AUDIENCE_KEY

_STATE = "statecode"


def touched(
    queries: Iterable[tree.Query], schema: Schema, *, only_values: bool = False
) -> Mapping[str, tuple[str, ...]]:
    """Table → the columns of it that some queries touch, sorted; contacts with their key and state always.

    Args:
        queries: of either language.
        schema: the tables; what it does not know, or what segments cannot use, is left out.
        only_values: whether a column counts only where its value matters, and not where it is only tested for null.
    """
    found = _Touched(schema, only_values)
    found.add(AUDIENCE, AUDIENCE_KEY, _STATE)
    for query in queries:
        for part in operands(query.members):
            found.part(part)
        if query.paging:
            found.add(AUDIENCE, *(column.name for column, _ in query.paging.order))
    return {name: tuple(sorted(columns)) for name, columns in sorted(found.columns.items())}


@dataclass(slots=True)
class _Touched:
    schema: Schema
    only_values: bool = False
    columns: dict[str, set[str]] = field(default_factory=dict)

    def add(self, table: str, *columns: str) -> None:
        known = self.schema.tables.get(table)
        if known is None:
            return
        usable = {name for name in map(str.lower, columns) if name in known.columns}
        usable = {name for name in usable if not known.columns[name].usable_kind}
        self.columns.setdefault(table, {known.key} if known.key in known.columns else set()).update(usable)

    def part(self, part: tree.Members) -> None:
        match part:
            case tree.Profile():
                self._profile(part)
            case tree.SegmentReference(_, filters):
                for condition in filters:
                    self.condition(condition, {"": [AUDIENCE]})
            case tree.Interaction():
                self._interaction(part)

    def condition(self, condition: tree.Condition, places: Mapping[str, list[str]]) -> None:
        tested = [node.attribute for node in nodes(condition) if isinstance(node, tree.IsNull | tree.IsNotNull)]
        for attribute in _attributes(condition):
            if self.only_values and any(attribute is one for one in tested):
                continue
            for table in places.get((attribute.alias or "").lower(), ()):
                self.add(table, attribute.name)

    def _profile(self, profile: tree.Profile) -> None:
        current = profile.entity.lower()
        self.add(current)
        places = {"": [current], **({profile.alias.lower(): [current]} if profile.alias else {})}
        for step in profile.steps:
            match step:
                case tree.Filter(condition):
                    self.condition(condition, places)
                case tree.Traverse(relationship, alias, condition):
                    before, current = current, self._step(current, relationship.lower())
                    places[""] = [current]
                    if alias:
                        places[alias.lower()] = [current]
                    if condition:  # a bare column may belong to either end
                        self.condition(condition, {**places, "": [before, current]})
                case tree.Relate(hops, condition):
                    here, inside = current, dict(places)
                    for hop in hops:
                        here = self._hop(here, hop.relationship.lower())
                        inside[hop.alias.lower()] = [here]
                    self.condition(condition, inside)

    def _hop(self, here: str, name: str) -> str:
        """Take a relationship as real time does: through the table between two others at once."""
        for many in self.schema.many_to_many:
            if many.schema_name.lower() == name and here in (many.table1, many.table2):
                self._between(many)
                return many.table2 if here == many.table1 else many.table1
        return self._step(here, name)

    def _between(self, many: ManyToMany) -> None:
        self.add(many.intersect_table, many.column1, many.column2)
        self.add(many.table1)
        self.add(many.table2)

    def _step(self, here: str, name: str) -> str:
        """Take a relationship from a table, with its columns; gives the table at the other end, or this one."""
        for one in self.schema.outbound_relationships(name) or self.schema.relationships_by_schema_name(name):
            if here in (one.referencing_table, one.referenced_table):
                self.add(one.referencing_table, one.referencing_column)
                self.add(one.referenced_table, one.referenced_column)
                for many in self.schema.many_to_many:  # the translation of a half asks for the whole
                    if many.schema_name == one.schema_name and many.intersect_table == one.referencing_table:
                        self._between(many)
                return one.referenced_table if here == one.referencing_table else one.referencing_table
        return here

    def _interaction(self, interaction: tree.Interaction) -> None:
        name = TABLES.get(interaction.type.lower(), interaction.type.lower())
        name = name if name in self.schema.tables else f"msdynmkt_{name}"
        table = self.schema.tables.get(name)
        counted = [one.attribute for one in (interaction.having, *interaction.further) if one and one.attribute]
        named = [attribute.name for condition in interaction.filters for attribute in _attributes(condition)]
        own = [column_of(column, table) or column for column in (*counted, *named)]
        self.add(name, PERSON, PERSON_TABLE, SOURCE, *TIMES, interaction.link, *own)


def _attributes(condition: tree.Condition) -> Iterator[tree.Attribute]:
    for node in nodes(condition):
        if isinstance(node, tree.Attribute):
            yield node
