"""An outbound query in SQL: the tables of a traversal are joined, and the last one gives the members."""

from __future__ import annotations

from sqlglot import exp

from migrator.evaluator.conditions import condition_sql
from migrator.evaluator.interactions import people
from migrator.evaluator.select import EvaluationError, Place, Scope, Statement, from_table, member_of
from migrator.mql import tree
from migrator.mql.walk import spelled_out, with_columns


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
                place, on = _next_place(scope.current, relationship, statement)
                select = select.join(from_table(place), on=on)
                scope.current = place
                if alias:
                    scope.aliases[alias.lower()] = place
                if condition:
                    select = select.where(condition_sql(condition, scope, statement.now))
            case tree.Relate():
                raise EvaluationError("RELATE belongs to real-time queries")
    return statement.add(select.select(member_of(scope.current)))


def _next_place(current: Place, relationship: str, statement: Statement) -> tuple[Place, exp.Expr]:
    """The table at the other end of `relationship`, and how its rows belong to those of `current`."""
    for found in statement.schema.outbound_relationships(relationship.lower()):
        if current.logical_name == found.referencing_table:
            place = statement.place(found.referenced_table)
            return place, _equal(current, found.referencing_column, place, found.referenced_column)
        if current.logical_name == found.referenced_table:
            place = statement.place(found.referencing_table)
            return place, _equal(current, found.referenced_column, place, found.referencing_column)
        raise EvaluationError(f"the relationship {relationship} does not start at {current.logical_name}")
    raise EvaluationError(f"there is no relationship {relationship}")


def _equal(left: Place, left_column: str, right: Place, right_column: str) -> exp.Expr:
    return exp.EQ(this=left.column(left_column)[0], expression=right.column(right_column)[0])


def _interaction(interaction: tree.Interaction, statement: Statement) -> str:
    # Outbound interactions moved into the real-time store under its names (docs/assumptions.md).
    place = statement.place(f"msdynmkt_{interaction.type.lower()}")
    filters = tuple(_renamed(condition, place) for condition in interaction.filters)
    of_contacts = tree.Comparison(tree.Attribute("msdynmkt_entityid_logicalname"), "==", tree.Text("contact"))
    return people(statement, place, "msdynmkt_entityid", (of_contacts, *filters), interaction.having)


def _renamed(condition: tree.Condition, place: Place) -> tree.Condition:
    """The condition with the columns of an interaction under their real-time names."""

    def renamed(attribute: tree.Attribute) -> tree.Attribute:
        if attribute.name.lower() in place.table.columns:
            return attribute
        return tree.Attribute(f"msdynmkt_{attribute.name.lower()}", attribute.alias)

    return with_columns(condition, renamed)
