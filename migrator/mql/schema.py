"""The tables that queries speak about: columns, relationships, and what cannot be used in a real-time segment.

`metadata.json` of an export is one `Schema`; the sandbox serves one as `EntityDefinitions`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter

from migrator.product.codes import ColumnSource

MULTI_SELECT = "MultiSelectPicklistType"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `type` is the Web API's AttributeType, such as String, Picklist, DateTime or Virtual."""

    type: str
    source: int | None = None
    """SourceType: 0 or None for a plain column, otherwise see `codes.ColumnSource`."""
    targets: tuple[str, ...] = ()
    """The tables that a lookup points at."""
    type_name: str = ""
    """AttributeTypeName, which tells apart what `type` calls Virtual, such as MultiSelectPicklistType."""
    max_length: int | None = None
    """Characters that a text column takes, where the organisation says so."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Display names: by language (en, de, fr), and under "" the one of the user who read them."""

    @property
    def multi_select(self) -> bool:
        """Whether the column holds several choices: metadata calls it Virtual, though it is stored."""
        return self.type_name == MULTI_SELECT

    @property
    def usable_kind(self) -> str:
        """What keeps the column out of segments ("calculated", "virtual", …); empty when it can be used.

        A rollup column is none of them: the documents name calculated and formula columns only.
        """
        if self.type == "Virtual" and not self.multi_select:
            return "virtual"
        if self.source in (None, ColumnSource.SIMPLE, ColumnSource.ROLLUP):
            return ""
        try:
            return ColumnSource(self.source).name.lower()
        except ValueError:
            return f"specialised (SourceType {self.source})"


@dataclass(frozen=True, slots=True)
class Table:
    """One table by its logical name."""

    entity_set: str
    key: str
    name_column: str
    columns: Mapping[str, Column]
    change_tracking: bool = True
    labels: Mapping[str, str] = field(default_factory=dict)
    """Display names of one row, as for columns."""


@dataclass(frozen=True, slots=True)
class ManyToOne:
    """`referencing_table.referencing_column` points at `referenced_table.referenced_column`."""

    schema_name: str
    referencing_table: str
    referencing_column: str
    referenced_table: str
    referenced_column: str

    @property
    def outbound_name(self) -> str:
        """The name that outbound queries use: referencing table, referenced table, lookup column (seed)."""
        return f"{self.referencing_table}_{self.referenced_table}_{self.referencing_column}"


@dataclass(frozen=True, slots=True)
class ManyToMany:
    """Two tables connected by a third one, the intersect table."""

    schema_name: str
    intersect_table: str
    table1: str
    column1: str
    table2: str
    column2: str


@dataclass(frozen=True)
class Schema:
    """Tables and relationships of one organisation, as far as they are needed."""

    tables: Mapping[str, Table] = field(default_factory=dict)
    many_to_one: tuple[ManyToOne, ...] = ()
    many_to_many: tuple[ManyToMany, ...] = ()

    def outbound_relationships(self, name: str) -> tuple[ManyToOne, ...]:
        """The relationships that an outbound query means by `name`."""
        return self._by_outbound_name.get(name, ())

    def relationships_by_schema_name(self, name: str) -> tuple[ManyToOne, ...]:
        """The lookups, and halves of many-to-many relationships, whose schema name is `name`, in small letters."""
        return self._by_schema_name.get(name, ())

    def all_lookups(self) -> Iterator[ManyToOne]:
        """Every relationship that outbound can traverse: lookups, and both halves of many-to-many ones.

        Outbound goes through the intersect table in two steps; each half carries the schema name of the whole. The
        key of a table that is not known is empty.
        """
        yield from self.many_to_one
        for many in self.many_to_many:
            for table, column in ((many.table1, many.column1), (many.table2, many.column2)):
                key = self.tables[table].key if table in self.tables else ""
                yield ManyToOne(many.schema_name, many.intersect_table, column, table, key)

    @cached_property
    def many_by_schema_name(self) -> Mapping[str, ManyToMany]:
        """The many-to-many relationships by their schema names."""
        return {many.schema_name: many for many in self.many_to_many}

    @cached_property
    def intersect_tables(self) -> frozenset[str]:
        """The tables that only connect two others."""
        return frozenset(many.intersect_table for many in self.many_to_many)

    @cached_property
    def outbound_names(self) -> tuple[str, ...]:
        """Every name that an outbound query may give to a relationship."""
        return tuple(self._by_outbound_name)

    @cached_property
    def _by_outbound_name(self) -> Mapping[str, tuple[ManyToOne, ...]]:
        found: dict[str, dict[ManyToOne, None]] = defaultdict(dict)
        for one in self.all_lookups():
            found[one.outbound_name][one] = None
        return {name: tuple(ones) for name, ones in found.items()}

    @cached_property
    def _by_schema_name(self) -> Mapping[str, tuple[ManyToOne, ...]]:
        found: dict[str, dict[ManyToOne, None]] = defaultdict(dict)
        for one in self.all_lookups():
            found[one.schema_name.lower()][one] = None
        return {name: tuple(ones) for name, ones in found.items()}


_ADAPTER = TypeAdapter(Schema)


def schema_from_json(content: Any) -> Schema:
    """The schema in a parsed `metadata.json`.

    Raises:
        pydantic.ValidationError: the content is no schema.
    """
    return _ADAPTER.validate_python(content)


def schema_to_json(schema: Schema) -> Any:
    """What `metadata.json` holds for `schema`."""
    content = _ADAPTER.dump_python(schema, mode="json")
    for table in content["tables"].values():
        for described in (table, *table["columns"].values()):
            if not described["labels"]:
                del described["labels"]  # thousands of columns, and exports of earlier versions stay as they were
    return content
