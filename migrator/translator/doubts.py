"""What is unproven, unknown or unusable in a condition."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from migrator.mql import Schema, tree
from migrator.mql.walk import nodes
from migrator.product import findings
from migrator.product.codes import ColumnSource
from migrator.product.findings import Finding

_COLUMNS_TOLD_MAX = 20
"""Columns of one condition that are named one by one."""


def doubts(condition: tree.Condition, table_of: Callable[[tree.Attribute], str], schema: Schema) -> Iterator[Finding]:
    """What is unproven, unknown or unusable in one condition; `table_of` tells the table of a column.

    Args:
        condition: of an outbound query.
        table_of: tells the table of a column.
        schema: tables, columns and relationships.
    """
    unproven: dict[str, None] = {}
    found: dict[Finding, None] = {}
    for node in nodes(condition):
        match node:
            case tree.Comparison():
                unproven.update(dict.fromkeys(_sides(node, table_of, schema)))
            case tree.TextMatch(left, op, right):
                if op != "CONTAINS":
                    unproven[op] = None
                if isinstance(right, tree.Attribute):
                    unproven[_COLUMN_AGAINST_COLUMN] = None
                if not isinstance(left, tree.Attribute):
                    unproven["a search in something else than a column"] = None
            case tree.Number(digits) if not digits.lstrip("-").isdigit():
                unproven["exponents" if "e" in digits.lower() else "fractions"] = None
            case tree.Arithmetic():
                unproven["arithmetic"] = None
            case tree.DateFunction(name=name):
                unproven[name] = None
            case tree.Attribute(name):
                table = table_of(node)
                if known := schema.tables.get(table):
                    column = known.columns.get(name.lower())
                    if column is None:
                        found[findings.column_unknown(table, name)] = None
                    elif column.usable_kind:
                        found[findings.column_not_stored(table, name, column.usable_kind)] = None
                    elif column.source == ColumnSource.ROLLUP:
                        found[findings.column_rollup(table, name)] = None
                    elif column.multi_select:
                        unproven[f"the multi-select choice column {table}.{name}"] = None
    yield from list(found)[:_COLUMNS_TOLD_MAX]
    if unproven:
        yield findings.unproven_construct(", ".join(unproven))


_COLUMN_AGAINST_COLUMN = "a column compared with a column"


def _sides(comparison: tree.Comparison, table_of: Callable[[tree.Attribute], str], schema: Schema) -> Iterator[str]:
    """What is unproven about the two sides of a comparison: real time is known to compare a column with a value."""
    left, right = comparison.left, comparison.right
    if isinstance(left, tree.Attribute) and isinstance(right, tree.Attribute):
        if any(side.name.lower() == "null" and table_of(side) not in schema.tables for side in (left, right)):
            yield "a comparison with null instead of ISNULL or ISNOTNULL"
        else:
            yield _COLUMN_AGAINST_COLUMN
    elif isinstance(left, tree.Text | tree.Number | tree.Boolean):
        yield "a value on the left of a comparison"
