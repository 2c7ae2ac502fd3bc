"""Is this organisation ready? Looks at everything that a migration needs, changes nothing, and says what to do.

`examine` makes at most 25 requests, side by side. `migrator doctor` shows what it found; `run` and `load` ask for what
their plan needs before the first write, and refuse where something that matters is missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from migrator.base.errors import Exit, MigratorError
from migrator.commands.examination import (
    ACTIONS,
    LEGACY_ACTIONS,
    Check,
    Health,
    Seen,
    TablesSeen,
    Unread,
    Us,
    checks_of,
)
from migrator.commands.report import plan_of
from migrator.commands.session import Orders
from migrator.contracts.export_folder import read_export
from migrator.contracts.plan import Plan
from migrator.contracts.run_folder import find_run
from migrator.dataverse import inspection, metadata
from migrator.dataverse.client import Client
from migrator.dataverse.errors import Refused
from migrator.mql import ManyToMany, ManyToOne, QueryError, Schema, parse_realtime, tree
from migrator.mql.schema import schema_from_json
from migrator.mql.walk import operands
from migrator.product.privileges import DEFINITION, LEGACY, SEGMENT, USE_TABLES

T = TypeVar("T")

_TABLES_LOOKED_INTO = 8
"""Tables of queries that are looked into for a row; more would take more requests than a look is worth."""


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything that was looked at, in one order whatever was quicker."""

    organisation: str
    checks: tuple[Check, ...]
    requests: int

    @property
    def exit_code(self) -> Exit:
        """0 where nothing is wrong, else 3: a person has something to do."""
        return Exit.WAITING if any(check.health is Health.WRONG for check in self.checks) else Exit.DONE

    def in_the_way(self, command: str, skipped: Collection[str] = ()) -> tuple[Check, ...]:
        """What keeps `command` from doing its work."""
        return tuple(
            check
            for check in self.checks
            if check.health is Health.WRONG and command in check.matters_to and check.name not in skipped
        )


class NotReady(MigratorError):
    """The organisation is not ready for the command; nothing was changed."""

    exit_code = Exit.REFUSED


def refuse_where_not_ready(examination: Examination, command: str, skipped: Collection[str] = ()) -> None:
    """End the command before its first write where something that matters is missing.

    Args:
        examination: what was found.
        command: the command that is about to write.
        skipped: names of checks that a person chose to pass over.

    Raises:
        NotReady: something is; the message names all of it.
    """
    missing = examination.in_the_way(command, skipped)
    if not missing:
        return
    what = " ".join(f"{check.found} {check.cure}".strip() for check in missing)
    names = " ".join(f"--skip-check {check.name}" for check in missing)
    raise NotReady(
        f"{examination.organisation} is not ready, so nothing was changed. {what} "
        f"Look again with: migrator doctor. To go on all the same: {names}"
    )


# --- looking ---------------------------------------------------------------------------------------------------------


async def examine(
    client: Client, plan: Plan | None = None, schema: Schema | None = None, *, brief: bool = False
) -> Examination:
    """Look at the organisation, with what a plan needs of it where there is one.

    Args:
        client: signed in.
        plan: what is to be loaded; None looks at what every plan needs.
        schema: the tables that the plan's queries speak of (`metadata.json` of its export).
        brief: whether to ask only for what may keep a plan from being loaded.

    Raises:
        Unreachable: the organisation stopped answering.
        Interrupted: somebody wishes to end.
    """
    before = client.sent
    wanted = tables_of(plan, schema or Schema()) if plan else frozenset()
    seen = await _look(client, wanted, brief=brief)
    us = Us(str(client.user_id), client.clock_skew, client.business_unit_id, client.dop_hint)
    return Examination(client.url, tuple(checks_of(us, seen, plan, wanted)), client.sent - before)


async def _look(client: Client, wanted: frozenset[str], *, brief: bool) -> Seen:
    async def asked(question: Awaitable[T]) -> T | Unread:
        try:
            return await question
        except Refused as error:
            return Unread(error.summary)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return Unread(f"the answer is not as documented ({type(error).__name__}: {error})")

    async def more(question: Callable[[], Awaitable[T]]) -> T | Unread:
        """What only a person wants to know."""
        return Unread("it was not asked") if brief else await asked(question())

    names = {LEGACY, DEFINITION, SEGMENT, *USE_TABLES, *wanted}
    try:
        async with asyncio.TaskGroup() as group:
            user = group.create_task(more(lambda: inspection.retrieve_user_name(client, client.user_id)))
            roles = group.create_task(more(lambda: inspection.retrieve_roles(client, client.user_id)))
            privileges = group.create_task(asked(inspection.retrieve_user_privileges(client, client.user_id)))
            kind = group.create_task(more(lambda: inspection.retrieve_current_organization(client)))
            messages = group.create_task(asked(inspection.known_messages(client, (*LEGACY_ACTIONS, *ACTIONS))))
            tables = group.create_task(asked(_with_rows(client, names, wanted)))
            versions = group.create_task(more(lambda: inspection.solution_versions(client, "msdynmkt_")))
            counts = group.create_task(asked(inspection.segments_by_type(client)))
            scopes = group.create_task(more(lambda: inspection.scopes_in_use(client)))
            matrix = group.create_task(asked(inspection.matrix_ownership(client)))
            length = group.create_task(asked(metadata.column_length(client, DEFINITION, "msdynmkt_segmentquery")))
            queries = group.create_task(more(lambda: inspection.recent_queries(client)))
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return Seen(
        user.result(), roles.result(), privileges.result(), kind.result(), messages.result(), tables.result(),
        versions.result(), counts.result(), scopes.result(), matrix.result(), length.result(), queries.result(),
    )  # fmt: skip


async def _with_rows(client: Client, names: Collection[str], wanted: frozenset[str]) -> TablesSeen:
    """What the metadata says of the tables, and whether those that queries need hold a row."""
    facts = await inspection.table_facts(client, names)
    into = [name for name in sorted(wanted) if name in facts][:_TABLES_LOOKED_INTO]
    empty = [name for name in into if not await inspection.has_a_row(client, facts[name].entity_set, facts[name].key)]
    return TablesSeen(facts, tuple(empty))


def tables_of(plan: Plan, schema: Schema) -> frozenset[str]:
    """The tables besides contact that the queries to be loaded speak of."""
    found: set[str] = set()
    ends: dict[str, ManyToOne | ManyToMany] = {one.schema_name.lower(): one for one in schema.many_to_one}
    ends |= {many.schema_name.lower(): many for many in schema.many_to_many}
    for segment in plan.segments:
        if not segment.loadable or not segment.realtime_query:
            continue
        try:
            query = parse_realtime(segment.realtime_query)
        except QueryError:
            continue
        for part in operands(query.members):
            if isinstance(part, tree.Interaction):
                found.add(part.type.lower())
            for name in _relationships(part):
                match ends.get(name.lower()):
                    case ManyToOne(referencing_table=one, referenced_table=other):
                        found |= {one, other}
                    case ManyToMany(table1=one, table2=other):
                        found |= {one, other}
    return frozenset(found - {"contact"})


def _relationships(part: tree.Members) -> Iterator[str]:
    if isinstance(part, tree.Profile):
        for step in part.steps:
            if isinstance(step, tree.Relate):
                yield from (hop.relationship for hop in step.hops)


# --- for scripts -----------------------------------------------------------------------------------------------------


def examination_json(examination: Examination) -> dict[str, Any]:
    """The examination for scripts."""
    return {
        "organisation": examination.organisation,
        "exit_code": int(examination.exit_code),
        "requests": examination.requests,
        "checks": [
            {
                "name": check.name,
                "title": check.title,
                "health": str(check.health),
                "found": check.found,
                "cure": check.cure,
                "matters_to": sorted(check.matters_to),
            }
            for check in examination.checks
        ],
    }


def examine_for(orders: Orders, org: str, run: str | None) -> Examination:
    """Look at an organisation, with what the plan of a run needs of it where one is named.

    Args:
        orders: how, and the way to the organisation.
        org: its address; empty takes that of the run.
        run: folder or name of a run; None looks at what every plan needs.

    Raises:
        UsageError: there is no such run, it has no plan, or no organisation is named.
        DataverseError: the organisation cannot be reached, or refuses us.
    """
    plan: Plan | None = None
    schema: Schema | None = None
    if run:
        folder = find_run(run, orders.settings.out)
        plan, schema, org = (
            plan_of(folder),
            schema_from_json(read_export(folder.export).tables),
            org or folder.state().org,
        )

    async def work(client: Client) -> Examination:
        return await examine(client, plan, schema)

    return orders.at(org, work)
