"""Reading on: pages, cookies and links, up to the end that the organisation names, and never in a circle."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import httpx
import pytest

from migrator.dataverse import outbound
from migrator.dataverse.client import Client
from migrator.dataverse.connect import connect
from migrator.dataverse.errors import Refused, UnexpectedAnswer
from migrator.sandbox import fetchxml
from migrator.sandbox.server import Running
from tests.small import STATIC, contact

T = TypeVar("T")


def within(server: Running, work: Callable[[Client], Awaitable[T]]) -> T:
    async def session() -> T:
        async with await connect(server.address) as client:
            return await work(client)

    return asyncio.run(session())


def test_the_deprecated_read_goes_on_by_its_cookie_where_page_numbers_end(
    sandbox: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetchxml, "SIMPLE_ROWS", 2)

    async def read(client: Client) -> list[UUID]:
        found: list[UUID] = []
        cookie, number = "", 1
        while True:
            page = await outbound.retrieve_members_deprecated(client, STATIC, number, cookie, count=2)
            found += page.ids
            if not page.more:
                return found
            assert page.cookie
            cookie, number = page.cookie, number + 1

    assert within(sandbox, read) == [contact(n) for n in range(5)]

    async def without_cookie(client: Client) -> Any:
        return await outbound.retrieve_members_deprecated(client, STATIC, 2, count=2)

    with pytest.raises(Refused, match="Paging cookie is required"):
        within(sandbox, without_cookie)


@pytest.mark.parametrize("wrapped", [None, "", "no cookie", "<cookie pagenumber='2' />"])
def test_a_cookie_that_cannot_be_read_is_none(wrapped: Any) -> None:
    assert outbound._cookie(wrapped) == ""


def test_an_empty_list_beside_the_members_is_not_taken_for_them() -> None:
    one = str(contact(1))
    assert outbound.contact_ids({"Errors": [], "Response": f'["{one}"]'}) == [contact(1)]
    with pytest.raises(UnexpectedAnswer):
        outbound.contact_ids({"Warnings": ["something"], "Response": "[]"})


def test_a_next_page_that_comes_again_ends_the_reading() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("WhoAmI"):
            me = dict.fromkeys(("OrganizationId", "BusinessUnitId", "UserId"), str(UUID(int=1)))
            return httpx.Response(200, json=me)
        asked.append(str(request.url))
        link = "https://contoso.crm4.dynamics.com/api/data/v9.2/msdyncrm_segments?$skiptoken=2"
        return httpx.Response(200, json={"value": [{"n": len(asked)}], "@odata.nextLink": link})

    async def read() -> list[Any]:
        async with await connect("https://contoso.crm4.dynamics.com", transport=httpx.MockTransport(answer)) as client:
            return [row async for row in outbound.retrieve_segments(client)]

    with pytest.raises(UnexpectedAnswer, match="the same next page again and again"):
        asyncio.run(read())
    assert len(asked) == 2


def test_rows_of_segments_are_asked_for_in_small_pages(sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    async def read(client: Client) -> None:
        rows = client.rows

        def watched(path: str, **how: Any) -> Any:
            sizes.append(how["page_size"])
            return rows(path, **how)

        monkeypatch.setattr(client, "rows", watched)
        assert [row async for row in outbound.retrieve_segments(client)]

    within(sandbox, read)
    assert sizes == [50]
