"""One command's way to the organisation: signed in once, when first needed, with one limiter for all its stages."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from migrator.base.errors import UsageError
from migrator.base.progress import ShowsProgress
from migrator.base.stopping import ending_well
from migrator.commands.settings import Settings
from migrator.dataverse.account import Account, Way, read_accounts
from migrator.dataverse.address import organisation_url
from migrator.dataverse.client import Client
from migrator.dataverse.connect import SignIn, connect
from migrator.dataverse.token_cache import default_folder

T = TypeVar("T")


class Confirm(Protocol):
    """Shows what is going to happen, line by line, and asks; ends the command if the answer is no."""

    def __call__(self, lines: Sequence[str], *, word: str = "") -> None:
        """Ask.

        Args:
            lines: what is going to happen.
            word: what has to be typed; empty where yes or no will do.

        Raises:
            Declined: the answer is no.
        """


Work = Callable[[Client], Coroutine[None, None, T]]

NO_ORGANISATION = "No organisation is given. Name it with --org, for example https://contoso.crm4.dynamics.com"


@dataclass(slots=True)
class Orders:
    """Everything a command hands to the stages: how, and the way to the organisation."""

    settings: Settings
    progress: ShowsProgress
    tell: Callable[[str], None]
    """Where sentences for the person at the keyboard go."""
    say: Callable[[str], None] = print
    """Where the words of a sign-in go; they reach the person also where everything else is quiet."""
    skip_checks: frozenset[str] = frozenset()
    """Checks of the organisation that do not keep a command from writing (`--skip-check`)."""
    confirm: Confirm | None = None
    """Shows what is going to be written and asks; None where nobody has to be asked."""
    reason: str = ""
    """Why, in the person's own words, for the history of the run."""
    _runner: asyncio.Runner | None = field(default=None, repr=False)
    _clients: dict[str, Client] = field(default_factory=dict, repr=False)

    def at(self, org: str, work: Work[T]) -> T:
        """Work at an organisation until it is done or Ctrl-C comes; the sign-in of this command is used again.

        Args:
            org: its address.
            work: what to do there.

        Raises:
            UsageError: no organisation is named, or the accounts cannot be read.
            DataverseError: it cannot be reached, or refuses us.
            Interrupted: Ctrl-C.
        """
        if not org:
            raise UsageError(NO_ORGANISATION)

        async def session() -> T:
            client = await self._client(organisation_url(org))
            with ending_well(client.stop, self.tell):
                return await work(client)

        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner.run(session())

    def close(self) -> None:
        """End the session: every connection is closed, also where one of them cannot be."""
        if self._runner is None:
            return

        async def goodbye() -> None:
            async with AsyncExitStack() as ending:
                for client in self._clients.values():
                    ending.push_async_exit(client)

        try:
            self._runner.run(goodbye())
        finally:
            self._clients.clear()
            self._runner.close()
            self._runner = None

    async def _client(self, url: str) -> Client:
        if url not in self._clients:
            settings = self.settings
            self._clients[url] = await connect(
                url,
                accounts=self._accounts(),
                sign_in=SignIn(
                    way=Way(settings.sign_in),
                    token_file=settings.token_file,
                    tenant=settings.tenant,
                    cache=settings.token_cache or default_folder(),
                    ca_file=settings.ca_file,
                    say=self.say,
                ),
                parallel=settings.parallel,
                window=settings.window,
                tell=self.tell,
            )
        return self._clients[url]

    def _accounts(self) -> list[Account]:
        return read_accounts(Path(self.settings.accounts), os.environ) if self.settings.accounts else []


@contextmanager
def session(
    settings: Settings,
    progress: ShowsProgress,
    tell: Callable[[str], None],
    say: Callable[[str], None] = print,
    skip_checks: frozenset[str] = frozenset(),
    confirm: Confirm | None = None,
) -> Iterator[Orders]:
    """One command's orders; connections are closed when the block ends.

    Args:
        settings: how.
        progress: where the stages say how far they are.
        tell: where sentences for the person at the keyboard go.
        say: where the words of a sign-in go.
        skip_checks: checks that do not keep the command from writing.
        confirm: asks before something is written; None where nobody has to be asked.
    """
    orders = Orders(settings, progress, tell, say, skip_checks, confirm)
    try:
        yield orders
    finally:
        orders.close()


def canonical(org: str) -> str:
    """The one spelling of an organisation's address; empty stays empty.

    Raises:
        WrongAddress: it cannot be the address of an organisation.
    """
    return organisation_url(org) if org else ""
