"""A real-time query in SQL: active contacts, each RELATE a question of its own about related records.

The meaning of RELATE, RELATEOPTIONAL and a NOT at the root of their filter follows a public re-implementation for
live organisations: `RELATE(…).FILTER(NOT(c))` asks for a related record that does not fulfil c,
`RELATEOPTIONAL(…).FILTER(NOT(c))` that no related record fulfils it.
"""

from __future__ import annotations

from sqlglot import exp

from migrator.evaluator.conditions import condition_sql
from migrator.evaluator.interactions import people
from migrator.evaluator.select import EvaluationError, Place, Scope, Statement, from_table, member_of
from migrator.mql import ManyToMany, ManyToOne, tree
from migrator.mql.walk import spelled_out
from migrator.product.codes import AUDIENCE, State


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
        case tree.Interaction(kind, link, filters, having):
            return people(statement, statement.place(kind), link, filters, having)
        case tree.SetChain() as chain:
            return statement.chain(chain, lambda part: members_sql(part, statement))
    raise EvaluationError(f"{type(members).__name__} cannot be evaluated")


def _profile(profile: tree.Profile, statement: Statement) -> str:
    place = statement.place(profile.entity)
    select = exp.select(member_of(place, statement)).from_(from_table(place))
    if place.logical_name == AUDIENCE:
        active = place.column("statecode")[0]
        select = select.where(exp.EQ(this=active, expression=exp.Literal.number(int(State.ACTIVE))))
    for step in profile.steps:
        match step:
            case tree.Filter(condition):
                select = select.where(condition_sql(condition, Scope(place), statement.now))
            case tree.Relate():
                select = select.where(_related(step, place, statement))
            case tree.Traverse():
                raise EvaluationError("TRAVERSE belongs to outbound queries")
    return statement.add(select, once=True)  # other tables are only asked whether there is a row


def _related(step: tree.Relate, start: Place, statement: Statement) -> exp.Expr:
    scope = Scope(start)
    inner = exp.select(exp.Literal.number(1))
    current = start
    for hop in step.hops:
        current, joined, on = _next_place(current, hop.relationship, statement)
        for table in joined:
            inner = inner.join(table, join_type="cross") if inner.args.get("from_") else inner.from_(table)
        inner = inner.where(on)
        scope.aliases[hop.alias.lower()] = current
    match step.condition:
        case tree.Not(condition) if step.optional:
            return exp.not_(exp.Exists(this=inner.where(condition_sql(condition, scope, statement.now))))
        case condition:
            return exp.Exists(this=inner.where(condition_sql(condition, scope, statement.now)))


def _next_place(current: Place, schema_name: str, statement: Statement) -> tuple[Place, list[exp.Table], exp.Expr]:
    """The table at the other end, the tables to bring in for it, and how the rows belong together."""
    for relationship in statement.schema.many_to_one:
        if relationship.schema_name.lower() == schema_name.lower():
            return _many_to_one(relationship, current, statement)
    for many in statement.schema.many_to_many:
        if many.schema_name.lower() == schema_name.lower():
            return _many_to_many(many, current, statement)
    raise EvaluationError(f"there is no relationship {schema_name}")


def _many_to_one(found: ManyToOne, current: Place, statement: Statement) -> tuple[Place, list[exp.Table], exp.Expr]:
    ends = (found.referencing_table, found.referencing_column), (found.referenced_table, found.referenced_column)
    for (near, near_column), (far, far_column) in (ends, ends[::-1]):
        if current.logical_name == near:
            place = statement.place(far)
            return place, [from_table(place)], _equal(current, near_column, place, far_column)
    raise EvaluationError(f"the relationship {found.schema_name} does not start at {current.logical_name}")


def _many_to_many(found: ManyToMany, current: Place, statement: Statement) -> tuple[Place, list[exp.Table], exp.Expr]:
    ends = (found.table1, found.column1), (found.table2, found.column2)
    for (near, near_column), (far, far_column) in (ends, ends[::-1]):
        if current.logical_name == near:
            between, place = statement.place(found.intersect_table), statement.place(far)
            on = exp.and_(
                _equal(current, current.table.key, between, near_column),
                _equal(between, far_column, place, place.table.key),
            )
            return place, [from_table(between), from_table(place)], on
    raise EvaluationError(f"the relationship {found.schema_name} does not start at {current.logical_name}")


def _equal(left: Place, left_column: str, right: Place, right_column: str) -> exp.Expr:
    return exp.EQ(this=left.column(left_column)[0], expression=right.column(right_column)[0])
