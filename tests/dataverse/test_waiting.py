"""What is made of every way of asking us to wait, and of answers without end: nobody waits or reads for ever."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from migrator.base.errors import Exit, Interrupted
from migrator.base.patience import Patience
from migrator.dataverse import answers
from migrator.dataverse import connect as connect_module
from migrator.dataverse.client import Client
from migrator.dataverse.connect import _answer_without_sign_in, connect
from migrator.dataverse.errors import HeldOff, UnexpectedAnswer, Unreachable, Unsettled, clock_time, duration
from migrator.dataverse.sending import dop_hint, retry_after
from tests.dataverse.test_client import ME, ORG, Organisation, error, get

GOOD = httpx.Response(200, json={})


def header_of(wait: str) -> str:
    """The header's text; `in 60` is the time of day in 60 seconds."""
    if not wait.startswith("in "):
        return wait
    then = datetime.now(UTC) + timedelta(seconds=float(wait[3:].removesuffix(" unzoned")))
    return (
        format_datetime(then.replace(tzinfo=None)) if wait.endswith("unzoned") else format_datetime(then, usegmt=True)
    )


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("17", 17.0, 17.0),
        ("17.5", 17.5, 17.5),
        (" 17 ", 17.0, 17.0),
        ("in 60", 40.0, 60.0),
        ("in 60 unzoned", 40.0, 60.0),
        ("100000", 100_000.0, 100_000.0),
        ("-5", 7.0, 7.0),
        ("0", 7.0, 7.0),
        ("1e999", 7.0, 7.0),
        ("nan", 7.0, 7.0),
        ("soon", 7.0, 7.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 7.0, 7.0),
        ("Wed, 99 Oct 99999 07:28:00 GMT", 7.0, 7.0),
    ],
)
def test_a_wait_is_read_in_either_form_and_is_never_without_end(header: str, least: float, most: float) -> None:
    answer = httpx.Response(429, headers={"Retry-After": header_of(header)})
    assert least <= retry_after(answer, 7.0) <= most


def test_a_hint_that_is_no_number_is_none() -> None:
    assert [
        dop_hint(httpx.Response(200, headers={"x-ms-dop-hint": one})) for one in ("8", "inf", "nan", "-1", "x")
    ] == [
        8.0,
        0.0,
        0.0,
        1.0,
        0.0,
    ]


def test_pauses_grow_where_nobody_says_for_how_long() -> None:
    organisation = Organisation(*[error(429) for _ in range(5)], GOOD)
    organisation.talk(get)
    assert len(organisation.slept) == 5
    assert organisation.slept[0] < 1 < organisation.slept[4]  # the first is at most 0.5 s, the fifth at least 4


@pytest.mark.parametrize("header", ["901", "100000", "1e300", "in 86400"])
def test_a_wait_for_longer_than_a_command_waits_ends_it_and_says_when_to_go_on(header: str) -> None:
    organisation = Organisation(error(429, **{"Retry-After": header_of(header)}), GOOD)
    with pytest.raises(HeldOff, match=r"asks us to wait .* From .* on, repeat the command.*run --resume") as held:
        organisation.talk(get)
    assert held.value.exit_code == Exit.REFUSED
    assert (len(organisation.asked), organisation.slept) == (1, [])


def test_a_wait_of_a_quarter_of_an_hour_is_obeyed() -> None:
    organisation = Organisation(error(429, **{"Retry-After": "900"}), GOOD)
    organisation.talk(get, patience=3600.0)
    assert organisation.slept == [900.0]


def test_waits_that_never_end_do_end() -> None:
    organisation = Organisation(*[error(429, **{"Retry-After": "60"}) for _ in range(100)])
    with pytest.raises(HeldOff):
        organisation.talk(get, patience=0.0)


def test_whoever_waits_is_told_once_and_until_when() -> None:
    told: list[str] = []
    organisation = Organisation(*[error(429, **{"Retry-After": "270"}) for _ in range(3)], GOOD, GOOD, GOOD)

    async def three(client: Client) -> None:
        client.tell = told.append
        await asyncio.gather(*(client.get(name) for name in "abc"))

    organisation.talk(three)
    assert len([one for one in told if "asks us to wait 4 min 30 s, until " in one]) == 1


def test_whoever_waits_for_a_dead_server_is_told_once() -> None:
    told: list[str] = []
    organisation = Organisation(*[httpx.ConnectError("refused") for _ in range(30)], *[GOOD] * 3)

    async def three(client: Client) -> None:
        client.tell = told.append
        await asyncio.gather(*(client.get(name) for name in "abc"))

    organisation.talk(three)
    assert [one for one in told if "tried again for up to 5 min. Ctrl-C ends the wait" in one] == told
    assert len(told) == 1
    hiccup: list[str] = []

    async def one(client: Client) -> None:
        client.tell = hiccup.append
        await client.get("a")

    Organisation(httpx.ConnectError("refused"), GOOD).talk(one)
    assert hiccup == []


def test_ctrl_c_ends_a_wait_at_once() -> None:
    def serve(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("WhoAmI"):
            return httpx.Response(200, json=ME)
        return error(429, **{"Retry-After": "600"})

    async def session() -> None:
        async with await connect(ORG, transport=httpx.MockTransport(serve), patience=Patience()) as client:

            async def wish() -> None:
                await asyncio.sleep(0.1)
                client.stop.ask()

            work: list[Coroutine[Any, Any, Any]] = [client.get("a"), client.get("b"), wish()]
            await asyncio.gather(*work)

    began = time.monotonic()
    with pytest.raises(Interrupted):
        asyncio.run(session())
    assert time.monotonic() - began < 5


def test_times_are_said_as_people_say_them() -> None:
    assert [duration(seconds) for seconds in (0.2, 59, 60, 270, 3600, 100_000)] == [
        "1 s",
        "59 s",
        "1 min",
        "4 min 30 s",
        "1 h 0 min",
        "27 h 46 min",
    ]
    assert len(clock_time(time.time() + 10 * 86_400)) == len("2026-11-25 12:00")
    assert clock_time(1e300) == "a day that no calendar has"


# --- answers without end ---------------------------------------------------------------------------------------------


def test_an_answer_that_unpacks_to_more_than_any_is_never_held_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "ANSWER_BYTES", 8 * 2**20)
    packed = gzip.compress(bytes(200 * 2**20), 9)
    organisation = Organisation(httpx.Response(200, content=packed, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(UnexpectedAnswer, match="longer than 8 MB; the rest of it was not read"):
        organisation.talk(get)
    assert len(organisation.asked) == 1  # it would be as long the next time


def test_a_write_whose_answer_is_too_long_is_settled_by_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "ANSWER_BYTES", 500)
    organisation = Organisation(httpx.Response(200, content=bytes(1000)))
    with pytest.raises(Unsettled, match="nobody knows what became of POST things"):
        organisation.talk(lambda client: client.write("POST", "things", {}))


def test_an_answer_that_drips_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "ANSWER_SECONDS", 0.2)

    class Drip(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                await asyncio.sleep(0.01)
                yield b" "

    with pytest.raises(Unreachable, match="does not answer in time"):
        Organisation(httpx.Response(200, stream=Drip())).talk(get, patience=0.0)


def test_pages_end_also_where_the_organisation_says_they_do_not() -> None:
    def pages(*values: list[dict[str, int]]) -> list[httpx.Response]:
        return [
            httpx.Response(200, json={"value": value, "@odata.nextLink": f"{ORG}/api/data/v9.2/things?$skiptoken={at}"})
            for at, value in enumerate(values)
        ]

    async def everything(client: Client) -> list[int]:
        return [row["n"] async for row in client.rows("things")]

    with pytest.raises(UnexpectedAnswer, match=r"the same rows again and again \(3 pages were read\)"):
        Organisation(*pages([{"n": 1}], [{"n": 2}], [{"n": 1}])).talk(everything)
    with pytest.raises(UnexpectedAnswer, match=r"none of them has a row \(51 pages were read\)"):
        Organisation(*pages(*([] for _ in range(60)))).talk(everything)
    last = httpx.Response(200, json={"value": [{"n": 2}]})
    assert Organisation(*pages([{"n": 1}], [], []), last).talk(everything) == [1, 2]


# --- the first answer of all, before anybody has signed in ---


class AtFirst(Organisation):
    """Answers WhoAmI from its list, too, as soon as a client has been made."""

    made = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if not self.made:
            return super().__call__(request)
        self.asked.append(request)
        answer = self.answers.pop(0)
        assert isinstance(answer, httpx.Response)
        return answer

    def first(self) -> int:
        """The status of the first answer."""

        async def ask(client: Client) -> int:
            self.made = True
            return await first(client)

        return int(self.talk(ask))


async def first(client: Client) -> int:
    return (await _answer_without_sign_in(client, client._lanes[0])).status_code


def test_a_first_answer_that_asks_for_a_day_ends_the_command_instead_of_waiting_for_it() -> None:
    organisation = AtFirst(error(429, **{"Retry-After": "99999"}), GOOD)
    with pytest.raises(HeldOff, match="wait 27 h 46 min, longer than a command waits"):
        organisation.first()
    assert (len(organisation.asked), organisation.slept) == (1, [])


def test_a_first_answer_that_asks_to_wait_does_not_say_that_nobody_has_to_sign_in() -> None:
    organisation = AtFirst(error(429, **{"Retry-After": "17"}), error(401))
    assert organisation.first() == 401
    assert organisation.slept == [17.0]


def test_a_silent_organisation_is_told_while_it_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect_module, "_SILENCE", 0.05)
    told: list[str] = []

    async def slow(request: httpx.Request) -> httpx.Response:
        if not told:
            await asyncio.sleep(0.3)
        return httpx.Response(200, json=ME)

    async def session() -> None:
        async with await connect(ORG, transport=httpx.MockTransport(slow), tell=told.append):
            pass

    asyncio.run(session())
    assert len(told) == 1
    assert "has not answered for 0.05 seconds; it is waited for" in told[0]
