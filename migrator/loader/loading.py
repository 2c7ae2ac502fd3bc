"""What every part of the loader shares: what it works with, how a write is settled, and how it says no."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from migrator.base.errors import UsageError
from migrator.base.patience import Waiting
from migrator.base.server_text import Kept
from migrator.contracts.export_folder import ReadMembers
from migrator.contracts.journal import Write
from migrator.contracts.plan import Plan
from migrator.dataverse.client import Client
from migrator.dataverse.errors import DuplicateKey, ServerFault, Unsettled
from migrator.dataverse.owners import Owner
from migrator.loader.journal import Journal

MORE_TRIES = 2
"""How often a write is sent again that the service answers with an error of its own (5xx) and that is not found by
looking. The look itself waits while the service is away, so these tries are answers of a service that is there."""


@dataclass(frozen=True, slots=True)
class Loading:
    """Everything that loading needs."""

    client: Client
    plan: Plan
    read_members: ReadMembers
    journal: Journal
    folder: Path
    """The run folder."""
    parallel: int
    """Segments, and groups, side by side."""
    owner: Owner | None = None
    """Who owns what is created; None leaves it to the account that signs in."""
    read_back: set[UUID] = field(default_factory=set)
    """Legacy ids of the segments whose groups were compared, id by id, since the command began."""

    def __post_init__(self) -> None:
        """Ids of the plan's own segments may stay in what the organisation says."""
        for segment in self.plan.segments:
            self.client.own.update((segment.legacy_id, segment.definition_id, segment.segment_id))


@dataclass(slots=True)
class Attempt:
    """What is being done for one segment now."""

    legacy_id: UUID
    step: str = ""
    """The step that it has come to."""
    created: bool = False
    """Whether a record was created on the way."""


class CannotGoOn(Exception):
    """A step that cannot go on, for a reason that is not an answer of the organisation."""


def owned(loading: Loading, row: Mapping[str, Any]) -> dict[str, Any]:
    """A new row as it is sent: as planned, with its owner where one was named."""
    return {**row, **({"ownerid@odata.bind": loading.owner.bind} if loading.owner else {})}


class LiveDiffers(CannotGoOn):
    """A live segment is not as planned; it is left as it is, and a person decides."""


def check_target(loading: Loading) -> None:
    """Refuse to load a plan into another organisation than the one it was made for.

    Raises:
        UsageError: it is another one.
    """
    target, found = loading.plan.target, loading.client.organisation_id
    if not target.answers_as(found):
        raise UsageError(
            f"This plan was made for the organisation {target.url} ({target.id}), but {loading.client.url} is "
            f"another one ({found}). Nothing was changed. "
            "Give the right --org, or make a new plan for this organisation."
        )


async def write(
    loading: Loading,
    attempt: Attempt,
    step: Write,
    target: UUID,
    send: Callable[[], Awaitable[None]],
    arrived: Callable[[], Awaitable[bool]],
    detail: str = "",
) -> None:
    """One write: entered, sent, and, where nobody knows whether it arrived, settled by looking before it is sent again.

    Args:
        loading: with what.
        attempt: for which segment.
        step: what the journal calls it.
        target: the id of the record that it is about.
        send: sends it.
        arrived: looks whether it has happened.
        detail: what the journal says besides.

    Raises:
        ServerFault: the service answers with an error again and again, and it was not found by looking.
        Refused: the organisation says no, or it stays unknown for longer than we are patient.
        Interrupted: somebody wishes to end; nothing more was sent.
    """
    waiting = Waiting(loading.client.patience, loading.client.stop)
    lost: int | None = None
    answered = 0
    while True:
        try:
            async with loading.journal.step(attempt.legacy_id, step, target, detail) as number:
                await send()
            return
        except DuplicateKey:
            if lost is None:
                raise
            loading.journal.settle(lost)  # looking came too early: the lost one had arrived
            return
        except Unsettled as error:
            lost = number
            if await arrived():
                loading.journal.settle(number)
                return
            answered += error.answered
            if answered > MORE_TRIES:
                raise steadily_refused(error) from error
            if not await waiting.again():
                raise


def steadily_refused(error: Unsettled) -> ServerFault:
    """What to say of a write that was answered with an error of the service each time, and is not to be found."""
    message = Kept(
        f"{error.message.rstrip('.')} (sent {MORE_TRIES + 1} times; each time it was looked for and not found)"
    )
    return ServerFault(error.request, error.status, error.code, message, error.request_id)
