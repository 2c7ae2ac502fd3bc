"""Does this organisation do what we assume? One tiny segment is made, filled, published, listed, stopped and deleted.

For a scratch organisation, with a typed confirmation: it turns assumptions (docs/assumptions.md) into facts. Each step
says what was found and which assumptions that settles. The sandbox is held against the same steps in the tests.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from migrator.base.errors import Exit, Interrupted
from migrator.base.ids import Ids, packed, texts
from migrator.base.patience import Waiting, looking
from migrator.commands.session import Orders
from migrator.contracts.payload import Identity, PayloadKind, SegmentTexts, StaticGroup, payload
from migrator.dataverse import inspection, realtime
from migrator.dataverse.client import Client
from migrator.dataverse.errors import DataverseError, DuplicateKey, NotFound, Refused
from migrator.product.codes import DefinitionStatus, Scope, SegmentStatus, label

NAME = "migrator contract check – may be deleted"

# What a step can settle, in the words of docs/assumptions.md.
_NEW_GROUP = "the groups of a new segment are empty, also where a deleted one had the same id"
_TWICE = (
    "an id that is already in a static group stays in it once; an id that is not in it is ignored when it is removed"
)
_ANSWERS = "`msdynmkt_AddStaticMembers`, `msdynmkt_RemoveStaticMembers` and publishing answer 204"
_STATIC = "a static segment has an empty query and is published like any other"
_AGAIN = "publishing a segment that is on its way to live once more does no harm"
_DELETING = "a segment and its definition are deleted one by one, the segment first; deleting needs a stopped segment"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was tried."""

    title: str
    kept: bool
    """Whether the organisation did what we assume."""
    found: str
    settles: tuple[str, ...] = ()
    """The assumptions of docs/assumptions.md that this decides, in their words."""


@dataclass(slots=True)
class _Check:
    client: Client
    wait: float
    tell: Callable[[str], None]
    steps: list[Step] = field(default_factory=list)
    created: list[tuple[str, UUID]] = field(default_factory=list)
    definition: UUID = field(default_factory=uuid4)
    segment: UUID = field(default_factory=uuid4)
    group: UUID = field(default_factory=uuid4)
    people: Ids = field(default_factory=lambda: packed(()))

    def say(self, title: str, kept: bool, found: str, *settles: str) -> None:
        self.steps.append(Step(title, kept, found, settles))


class _Enough(Exception):
    """A step failed that everything after it needs."""


def check_contract(orders: Orders, org: str, confirm: Callable[[str, str], None]) -> list[Step]:
    """Try every endpoint of the real-time segmentation API on one segment of two contacts, and delete it again.

    Args:
        orders: how, and the way to the organisation.
        org: its address.
        confirm: is told the organisation and its kind, and ends the command unless a person agrees.

    Raises:
        UsageError: no organisation is named, or nobody agreed; nothing was changed.
        DataverseError: the organisation cannot be reached.
        Interrupted: Ctrl-C; what was created is deleted first.
    """

    async def work(client: Client) -> list[Step]:
        try:
            kind = await inspection.retrieve_current_organization(client)
        except Refused:
            kind = ""
        confirm(client.url, kind)
        check = _Check(client, orders.settings.wait_computation, orders.tell)
        async with _cleaned_up(check):
            for step in (_people, _create, _fill, _publish, _list, _stop):
                try:
                    await step(check)
                except _Enough:
                    break
                except Refused as error:
                    check.say((step.__doc__ or "").strip("."), False, f"The organisation says no: {error.summary}")
                    break
        return check.steps

    return orders.at(org, work)


def exit_code(steps: list[Step]) -> Exit:
    """0 where everything is as assumed, else 3."""
    return Exit.DONE if all(step.kept for step in steps) else Exit.WAITING


def steps_json(steps: list[Step]) -> list[dict[str, Any]]:
    """The steps for scripts."""
    return [
        {"title": step.title, "kept": step.kept, "found": step.found, "settles": list(step.settles)} for step in steps
    ]


# --- the steps -------------------------------------------------------------------------------------------------------


async def _people(check: _Check) -> None:
    """Find two active contacts."""
    answer = await check.client.get("contacts?$select=contactid&$filter=statecode eq 0&$top=2")
    found = [UUID(str(row["contactid"])) for row in answer.get("value") or ()]
    check.people = packed(found)
    check.say("Two active contacts", len(found) == 2, f"{len(found)} were found; nothing of them is changed.")
    if len(found) < 2:
        raise _Enough


async def _create(check: _Check) -> None:
    """Create a definition and a segment under ids of our own."""
    sent = payload(
        PayloadKind.STATIC,
        Identity(check.definition, check.segment),
        SegmentTexts(NAME, "", Scope.ORGANISATION),
        groups=(StaticGroup(check.group, "members", 0, 2),),
        publish=True,
    )
    client = check.client
    check.created.append(("definition", check.definition))
    await realtime.create_segment_definition(client, sent.definition)
    check.say("Create a definition", True, "A static definition with an empty query and one group was taken.")
    try:
        await realtime.create_segment_definition(client, sent.definition)
        check.say("Create it once more", False, "A second record was made under the same id.")
    except DuplicateKey as error:
        check.say("Create it once more", True, f"It is refused ({error.code}), so that a repeat is safe.")
    check.created.append(("segment", check.segment))
    await realtime.create_segment(client, sent.segment)
    row = await realtime.retrieve_segment(client, check.segment)
    same = row is not None and row.definition_id == check.definition
    check.say("Create a segment", same, "It belongs to its definition." if same else "It does not show its definition.")


async def _fill(check: _Check) -> None:
    """Fill its group, twice, and take one out again."""
    client, people = check.client, check.people
    empty = await _members(check)
    check.say(
        "A new group", not len(empty), f"It holds {len(empty)} ids.",
        _NEW_GROUP,
    )  # fmt: skip
    await realtime.add_static_members(client, check.segment, check.group, people)
    await realtime.add_static_members(client, check.segment, check.group, people)
    there = await _members(check)
    check.say(
        "Add two members, twice", sorted(texts(there)) == sorted(texts(people)), f"It holds {len(there)} ids.",
        _TWICE,
        _ANSWERS,
    )  # fmt: skip
    await realtime.remove_static_members(client, check.segment, check.group, people[:1])
    await realtime.remove_static_members(client, check.segment, check.group, people[:1])
    left = await _members(check)
    check.say("Remove one, twice", texts(left) == texts(people[1:]), f"It holds {len(left)} ids.")
    await realtime.add_static_members(client, check.segment, check.group, people[:1])
    beyond = await realtime.list_group_members(client, check.segment, check.group, 99)
    check.say("A page behind the last one", not len(beyond), f"It holds {len(beyond)} ids; an empty page is the end.")


async def _members(check: _Check) -> Ids:
    return await realtime.list_group_members(check.client, check.segment, check.group, 1)


async def _publish(check: _Check) -> None:
    """Publish it and wait until it is computed."""
    client = check.client
    await realtime.publish_segment_definition(client, check.segment)
    waiting = Waiting(looking(check.wait, first=0.2, most=30.0), client.stop)
    row = None
    while True:
        row = await realtime.retrieve_segment(client, check.segment)
        if (
            row is not None
            and row.member_count is not None
            and row.status_code
            not in (
                SegmentStatus.COMPUTING,
                SegmentStatus.EXPORTING,
            )
        ):
            break
        if not await waiting.again():
            break
    definition = await realtime.retrieve_segment_definition(client, check.definition)
    states = (
        f"definition {label(definition.status_code if definition else None, DefinitionStatus)}, "
        f"segment {label(row.status_code if row else None, SegmentStatus)}"
    )
    computed = row is not None and row.member_count == 2
    check.say(
        "Publish", computed, f"After it: {states}; {row.member_count if row else 'no'} members.",
        _STATIC,
    )  # fmt: skip
    try:
        status = await realtime.segment_status(client, check.segment)
        check.say("Ask for its status", True, f"The last computation says {status.status or 'nothing'}.")
    except Refused as error:
        check.say("Ask for its status", False, f"msdynmkt_SegmentStatus does not answer as was seen: {error.summary}")
    try:
        await realtime.publish_segment_definition(client, check.segment)
        check.say(
            "Publish it once more", True, "It is taken.",
            _AGAIN,
        )  # fmt: skip
    except Refused as error:
        check.say("Publish it once more", False, f"It is refused: {error.summary}")


async def _list(check: _Check) -> None:
    """List its computed members."""
    found = await realtime.members_list(check.client, check.segment)
    same = sorted(texts(found.ids)) == sorted(texts(check.people))
    check.say("List its members", same, f"{len(found.ids)} ids, of {found.total} in all.")


async def _stop(check: _Check) -> None:
    """Stop it."""
    said = await realtime.stop_segment(check.client, check.segment)
    waiting = Waiting(looking(min(check.wait, 60.0), first=0.2, most=5.0), check.client.stop)
    while True:
        row = await realtime.retrieve_segment_definition(check.client, check.definition)
        if row is None or row.status_code not in (DefinitionStatus.LIVE, DefinitionStatus.GOING_LIVE):
            break
        if not await waiting.again():
            break
    state = label(row.status_code if row else None, DefinitionStatus)
    check.say(
        "Stop", said.was_stopped, f"It says {'yes' if said.was_stopped else 'no'}; the definition is {state} then."
    )


@asynccontextmanager
async def _cleaned_up(check: _Check) -> AsyncIterator[None]:
    """Whatever happens within, what was created is deleted again, and what stays is named."""
    try:
        yield
    finally:
        client = check.client
        gone = 0
        ways: dict[str, Callable[[Client, UUID], Awaitable[None]]] = {
            "segment": realtime.delete_segment,
            "definition": realtime.delete_segment_definition,
        }
        for kind, key in reversed(check.created):
            try:
                with client.stop.put_off():
                    await ways[kind](client, key)
                gone += 1
            except NotFound:
                gone += 1
            except (DataverseError, Interrupted) as error:
                why = error.summary if isinstance(error, Refused) else str(error).rstrip(".") or "it was interrupted"
                stays = f"The {kind} {key} (“{NAME}”) stays: {why}. Delete it by hand."
                check.say("Delete", False, stays)
                check.tell(stays)  # the steps are lost where something else ends the command
        if check.created and gone == len(check.created):
            check.say(
                "Delete", True, "Segment and definition are deleted again.",
                _DELETING,
            )  # fmt: skip
