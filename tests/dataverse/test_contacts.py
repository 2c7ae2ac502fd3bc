"""Contacts by id or address: however long the values are, each request's address stays within what is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.dataverse import contacts
from migrator.dataverse.client import Client
from migrator.dataverse.connect import connect
from migrator.product.codes import ADDRESS_MAX

ME = {"OrganizationId": str(UUID(int=1)), "BusinessUnitId": str(UUID(int=2)), "UserId": str(UUID(int=3))}


def asked(work: Callable[[Client], Coroutine[Any, Any, Any]]) -> list[str]:
    """The addresses that were asked for."""
    seen: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("WhoAmI"):
            return httpx.Response(200, json=ME)
        seen.append(str(request.url))
        return httpx.Response(200, json={"value": []})

    async def session() -> None:
        async with await connect("http://127.0.0.1:1", transport=httpx.MockTransport(respond)) as client:
            await work(client)

    asyncio.run(session())
    return seen


@pytest.mark.parametrize("letter", ["a", "é", "漢", "😀", "'"])
def test_long_addresses_of_people_are_asked_for_in_several_requests(letter: str) -> None:
    people = [f"{letter * 80}{n}@mail.example" for n in range(contacts.ADDRESSES)]
    seen = asked(lambda client: contacts.with_addresses(client, people))
    assert all(len(address) <= ADDRESS_MAX for address in seen)
    shown = "".join(unquote(address) for address in seen)
    assert all(person.replace("'", "''") in shown for person in people)


def test_four_hundred_ids_fit_into_one_request() -> None:
    ids = [UUID(int=n) for n in range(contacts.BATCH + 1)]
    seen = asked(lambda client: contacts.states(client, ids))
    assert len(seen) == 2
    assert all(len(address) <= ADDRESS_MAX for address in seen)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(min_size=1, max_size=400), max_size=120))
def test_every_value_stands_in_exactly_one_filter(values: list[str]) -> None:
    tests = list(contacts.filters("emailaddress1", [value.encode("utf-8", "ignore").decode() for value in values], 100))
    assert all(len(test) <= ADDRESS_MAX - 1_000 for test in tests)
    inside = [unquote(test).partition("PropertyValues=[")[2].removesuffix("])") for test in tests]
    wanted = ["'" + value.encode("utf-8", "ignore").decode().replace("'", "''") + "'" for value in values]
    assert ",".join(inside) == ",".join(wanted)
