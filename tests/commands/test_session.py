"""One command's way to the organisations: every connection that it opened is closed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from migrator.base.patience import Patience
from migrator.base.progress import Silent
from migrator.commands import session
from migrator.commands.session import Orders
from migrator.commands.settings import Settings
from migrator.dataverse.client import Client, Lane

ADDRESSES = [f"https://{name}.crm4.dynamics.com" for name in ("first", "second", "third")]


class Connection(httpx.AsyncClient):
    """A connection that may fail to close."""

    def __init__(self, *, fails: bool) -> None:
        super().__init__()
        self.fails = fails

    async def aclose(self) -> None:
        await super().aclose()
        if self.fails:
            raise OSError("it cannot be closed")


@pytest.mark.parametrize("failing", range(3))
def test_a_connection_that_cannot_be_closed_leaves_no_other_open(monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    opened: list[Connection] = []

    async def connect(url: str, **_: Any) -> Client:
        fails = len(opened) == 2 * failing  # both connections of one of the clients
        two = [Connection(fails=fails), Connection(fails=fails)]
        opened.extend(two)
        lanes = [Lane(None, None, [one]) for one in two]  # type: ignore[arg-type]
        return Client(url, httpx.AsyncClient, lanes, Patience())

    async def address(client: Client) -> str:
        return client.url

    monkeypatch.setattr(session, "connect", connect)
    orders = Orders(Settings(), Silent(), print)
    assert [orders.at(one, address) for one in ADDRESSES] == ADDRESSES
    with pytest.raises(OSError, match="cannot be closed"):
        orders.close()
    assert [one.is_closed for one in opened] == [True] * 6
    orders.close()  # and nothing is left to be closed


def test_what_was_closed_is_opened_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def connect(url: str, **_: Any) -> Client:
        asked.append(url)
        return Client(url, httpx.AsyncClient, [], Patience())

    async def address(client: Client) -> str:
        return client.url

    monkeypatch.setattr(session, "connect", connect)
    orders = Orders(Settings(), Silent(), print)
    for _ in range(2):
        orders.at(ADDRESSES[0], address)
        orders.at(ADDRESSES[0], address)
        orders.close()
    assert asked == [ADDRESSES[0]] * 2
