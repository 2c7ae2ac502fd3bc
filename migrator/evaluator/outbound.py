"""An outbound query in SQL: the tables of a traversal are joined, and the last one gives the members."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from migrator.evaluator.conditions import condition_sql
from migrator.evaluator.interactions import people
from migrator.evaluator.select import EvaluationError, Place, Scope, Statement, from_table, member_of
from migrator.mql import tree
from migrator.mql.interactions import LINK, PERSON, PERSON_TABLE, SOURCE, SOURCE_OUTBOUND, TABLES, column_of
from migrator.mql.walk import spelled_out, with_columns
from migrator.product.codes import AUDIENCE


def members_sql(members: tree.Members, statement: Statement) -> str:
    """Add the set that `members` means to the statement; gives its name.

    Raises:
        EvaluationError: the query speaks about something unknown.
    """
    match spelled_out(members):
        case tree.Profile() as profile:
            return _profile(profile, statement)
        case tree.SegmentReference() as reference:
            return statement.segment(reference)
        case tree.Interaction() as interaction:
            return _interaction(interaction, statement)
        case tree.SetChain() as chain:
            return statement.chain(chain, lambda part: members_sql(part, statement))
    raise EvaluationError(f"{type(members).__name__} cannot be evaluated")


def _profile(profile: tree.Profile, statement: Statement) -> str:
    place = statement.place(profile.entity)
    scope = Scope(place)
    if profile.alias:
        scope.aliases[profile.alias.lower()] = place
    select = exp.select().from_(from_table(place))
    for step in profile.steps:
        match step:
            case tree.Filter(condition):
                select = select.where(condition_sql(condition, scope, statement.now))
            case tree.Traverse(relationship, alias, condition):
                before = scope.current
                place, on = _next_place(before, relationship, statement)
                select = select.join(from_table(place), on=on)
                scope.current = place
                if alias:
                    scope.aliases[alias.lower()] = place
                if condition:
                    inside = Scope(place, {**scope.aliases, _BEFORE: before})
                    select = select.where(condition_sql(_placed(condition, before, place), inside, statement.now))
            case tree.Relate():
                raise EvaluationError("RELATE belongs to real-time queries")
    once = not any(isinstance(step, tree.Traverse) for step in profile.steps)
    return statement.add(select.select(member_of(scope.current, statement)), once=once)


_BEFORE = "the table before"
"""No query can call a table so."""


def _placed(condition: tree.Condition, before: Place, after: Place) -> tree.Condition:
    """A filter inside TRAVERSE; a column that only the table before has is meant for that."""

    def placed(attribute: tree.Attribute) -> tree.Attribute:
        name = attribute.name.lower()
        if attribute.alias is None and name in before.table.columns and name not in after.table.columns:
            return tree.Attribute(name, _BEFORE)
        return attribute

    return with_columns(condition, placed)


def _next_place(current: Place, relationship: str, statement: Statement) -> tuple[Place, exp.Expr]:
    """The table at the other end of `relationship`, and how its rows belong to those of `current`."""
    name, schema = relationship.lower(), statement.schema
    candidates = schema.outbound_relationships(name) or schema.relationships_by_schema_name(name)
    for found in candidates:
        if current.logical_name == found.referencing_table:
            place = statement.place(found.referenced_table)
            return place, _equal(current, found.referencing_column, place, found.referenced_column)
        if current.logical_name == found.referenced_table:
            place = statement.place(found.referencing_table)
            return place, _equal(current, found.referenced_column, place, found.referencing_column)
    if candidates:
        raise EvaluationError(f"the relationship {relationship} does not start at {current.logical_name}")
    raise EvaluationError(f"there is no relationship {relationship}")


def _equal(left: Place, left_column: str, right: Place, right_column: str) -> exp.Expr:
    return exp.EQ(this=left.column(left_column)[0], expression=right.column(right_column)[0])


def _interaction(interaction: tree.Interaction, statement: Statement) -> str:
    # Outbound interactions moved into the real-time store under its names (docs/assumptions.md).
    kind = interaction.type.lower()
    place = statement.place(TABLES.get(kind, f"msdynmkt_{kind}"))
    if interaction.link.lower() != LINK:
        raise EvaluationError(f"interactions belong to {LINK}, not to {interaction.link}")
    which: list[tree.Condition] = [tree.Comparison(tree.Attribute(PERSON_TABLE), "==", tree.Text(AUDIENCE))]
    if SOURCE in place.table.columns:  # what outbound marketing recorded
        which.append(tree.Comparison(tree.Attribute(SOURCE), "==", tree.Number(SOURCE_OUTBOUND)))
    filters = tuple(_renamed(condition, place) for condition in interaction.filters)
    having = interaction.having
    if having is not None and having.attribute is not None:
        having = replace(having, attribute=_column(having.attribute, place))
    return people(statement, place, PERSON, (*which, *filters), having)


def _renamed(condition: tree.Condition, place: Place) -> tree.Condition:
    """The condition with the columns of an interaction under their real-time names."""

    def renamed(attribute: tree.Attribute) -> tree.Attribute:
        return tree.Attribute(_column(attribute.name, place), attribute.alias)

    return with_columns(condition, renamed)


def _column(name: str, place: Place) -> str:
    found = column_of(name, place.table)
    if found is None:
        raise EvaluationError(f"{place.logical_name} has no column for {name}")
    return found
