"""What there is to say about the tables, relationships and columns that a query names."""

from __future__ import annotations

from migrator.product.findings.catalogue import Severity, finding


@finding(Severity.DECISION)
def relationship_unknown(name: str, table: str, near: list[str]) -> tuple[str, str]:
    """The query names a relationship that the metadata does not have."""
    candidates = f" The nearest are {', '.join(near)}." if near else ""
    return (
        f"No relationship {name} of the table {table} is known.{candidates}",
        "Check the name. If the relationship exists, extract again, so that its metadata is part of the export.",
    )


@finding(Severity.DECISION)
def relationship_ambiguous(name: str) -> tuple[str, str]:
    """The name of a relationship fits several, or a table that refers to itself."""
    return (
        f"The relationship {name} can be gone in more than one way, and the query does not say which one is meant.",
        "Build the condition in the real-time segment builder, or freeze the members of now.",
    )


@finding(Severity.CHANGE)
def relationship_by_schema_name(name: str, outbound_name: str) -> tuple[str, str]:
    """The query names a relationship by its schema name, as real-time queries do."""
    return (
        f"The query names a relationship by its schema name, {name}; outbound queries call it {outbound_name}.",
        "Nothing to do when the members agree after loading.",
    )


@finding(Severity.DECISION)
def intersect_sides(table: str) -> tuple[str, str]:
    """The query goes into the table between two others and does not leave it at the other side."""
    return (
        f"The query goes to the table {table}, which connects two others, and not from one of its sides to the other. "
        "Real-time queries always go from one end to the other.",
        "Name both sides of the relationship in the outbound query, or freeze the members of now.",
    )


@finding(Severity.DECISION)
def table_unknown(table: str) -> tuple[str, str]:
    """A table that the query goes through is not in the metadata, and its key would have to be guessed."""
    return (
        f"The metadata does not have the table {table}, so its key is not known.",
        "Extract again, so that the metadata of this table is part of the export.",
    )


@finding(Severity.DECISION)
def alias_reused(alias: str) -> tuple[str, str]:
    """A condition uses a name that the query gave to two tables."""
    return (
        f"The query calls two tables {alias}, and a condition does not say which of them it means.",
        "Give each table a name of its own in the outbound query, or freeze the members of now.",
    )


@finding(Severity.DECISION)
def traverse_filter(column: str, tables: str) -> tuple[str, str]:
    """A condition inside TRAVERSE may be meant for either end of the relationship."""
    return (
        f"The condition on {column} stands inside TRAVERSE, and it cannot be told to which of the tables {tables} "
        "it belongs.",
        "Put the table's name before the column, or the condition into a FILTER of its own, and extract again.",
    )


@finding(Severity.DECISION)
def intersect_condition(table: str) -> tuple[str, str]:
    """The query asks something of the table between two many-to-many tables."""
    return (
        f"The query asks something of the table {table}, which only connects two others; real-time queries skip it.",
        "Drop the condition on that table, or freeze the members of now.",
    )


@finding(Severity.DECISION)
def no_change_tracking(table: str) -> tuple[str, str]:
    """A related table has no change tracking, which real-time segments need."""
    return (
        f"Change tracking is off for the table {table}, so real-time segments cannot ask about it.",
        "Switch change tracking on for the table (in its settings), then extract again.",
    )


@finding(Severity.STOP)
def audience_not_contact(entity: str) -> tuple[str, str]:
    """The query ends at another table than contact."""
    return (
        f"The query selects rows of the table {entity}; members of an outbound segment can only be contacts.",
        "Correct the query of the outbound segment, or write the real-time segment by hand.",
    )


@finding(Severity.STOP)
def alias_unknown(column: str, alias: str) -> tuple[str, str]:
    """The query uses a name that it never gave to a table."""
    return (
        f"The query uses {column}, but nothing in it is called {alias}.",
        "Correct the query of the outbound segment, or write the real-time segment by hand.",
    )


@finding(Severity.STOP)
def column_unknown(table: str, column: str) -> tuple[str, str]:
    """The query uses a column that the table does not have."""
    return (
        f"The table {table} has no column {column}, so real-time journeys would refuse the query.",
        "The column may have been deleted or renamed since. Correct the query, or add the column again.",
    )


@finding(Severity.DECISION)
def column_rollup(table: str, column: str) -> tuple[str, str]:
    """The query uses a rollup column; the documents name them for outbound marketing only."""
    return (
        f"{table}.{column} is a rollup column. The documents exclude calculated and formula columns from real-time "
        "segments and say nothing about rollup columns.",
        "Approve the segment to find out: if publishing is refused, it stays a draft. Or freeze the members of now.",
    )


@finding(Severity.STOP)
def column_not_stored(table: str, column: str, kind: str) -> tuple[str, str]:
    """The query uses a calculated, formula or virtual column."""
    return (
        f"{table}.{column} is a {kind} column; real-time journeys cannot use those in a segment.",
        "Copy the value into a plain column, for example with a flow, and use that column instead; "
        "or freeze the members of now.",
    )
