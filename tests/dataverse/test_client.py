"""The client: what it sends, what it waits for, what it repeats, and what it makes of every kind of answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from migrator import __version__
from migrator.base.errors import Exit, Interrupted
from migrator.base.ids import unpacked
from migrator.base.patience import Patience
from migrator.dataverse import client as client_module
from migrator.dataverse import realtime
from migrator.dataverse.address import is_same_organisation
from migrator.dataverse.client import Client
from migrator.dataverse.connect import connect
from migrator.dataverse.errors import (
    ActionMissing,
    DuplicateKey,
    Forbidden,
    HeldOff,
    NotAdmitted,
    NotDataverse,
    NotFound,
    Refused,
    ServerFault,
    UnexpectedAnswer,
    Unreachable,
    Unsettled,
)

ORG = "http://127.0.0.1:1"
ME = {"OrganizationId": str(UUID(int=1)), "BusinessUnitId": str(UUID(int=2)), "UserId": str(UUID(int=3))}
Answer = httpx.Response | Exception


class Organisation:
    """Answers the questions that follow WhoAmI from a list, and keeps what was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.slept: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("WhoAmI"):
            return httpx.Response(200, json=ME)
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def talk(self, work: Callable[[Client], Coroutine[Any, Any, Any]], patience: float = 300.0, org: str = ORG) -> Any:
        async def session() -> Any:
            transport = httpx.MockTransport(self)
            async with await connect(
                org, transport=transport, patience=Patience(patience, throttled=patience)
            ) as found:
                moment = [0.0]

                async def sleep(seconds: float) -> None:
                    self.slept.append(seconds)
                    moment[0] += seconds

                found.stop.sleep = sleep  # type: ignore[method-assign]
                for lane in found._lanes:
                    lane.throttle.sleep, lane.throttle.clock = sleep, lambda: moment[0]
                return await work(found)

        return asyncio.run(session())


def error(status: int, code: str = "0x1", message: str = "no", **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "message": message}}, headers=headers)


def get(client: Client) -> Coroutine[Any, Any, Any]:
    return client.get("things")


def test_the_documented_headers_are_sent() -> None:
    organisation = Organisation(httpx.Response(200, json={}))
    organisation.talk(get)
    headers = organisation.asked[0].headers
    assert (headers["OData-Version"], headers["OData-MaxVersion"], headers["Accept"]) == (
        "4.0",
        "4.0",
        "application/json",
    )
    assert str(organisation.asked[0].url) == f"{ORG}/api/data/v9.2/things"


def test_no_cookie_is_kept() -> None:
    first = httpx.Response(200, json={}, headers={"set-cookie": "ARRAffinity=abc; Path=/"})
    organisation = Organisation(first, httpx.Response(200, json={}))

    async def twice(client: Client) -> None:
        await client.get("a")
        await client.get("b")

    organisation.talk(twice)
    assert "cookie" not in organisation.asked[1].headers


def test_pages_are_followed_to_the_end() -> None:
    link = f"{ORG}/api/data/v9.2/things?$skiptoken=2"
    organisation = Organisation(
        httpx.Response(200, json={"value": [{"n": 1}, {"n": 2}], "@odata.nextLink": link}),
        httpx.Response(200, json={"value": [{"n": 3}]}),
    )

    async def everything(client: Client) -> list[Any]:
        return [row["n"] async for row in client.rows("things")]

    assert organisation.talk(everything) == [1, 2, 3]
    assert organisation.asked[0].headers["Prefer"] == "odata.maxpagesize=5000"
    assert str(organisation.asked[1].url) == link


def test_the_tool_and_its_version_are_told() -> None:
    organisation = Organisation(httpx.Response(200, json={}))
    organisation.talk(get)
    assert organisation.asked[0].headers["User-Agent"] == f"migrator/{__version__}"


HOME = "https://contoso.crm4.dynamics.com"


@pytest.mark.parametrize(
    "link",
    [
        f"{HOME}/api/data/v9.2/things?$skiptoken=2",
        f"{HOME}:443/api/data/v9.2/things?$skiptoken=2",
        "https://contoso.api.crm4.dynamics.com/api/data/v9.2/things?$skiptoken=2",
        "https://CONTOSO.api.crm4.dynamics.com/api/data/v9.2/things?$skiptoken=2",
    ],
)
def test_a_next_page_at_the_organisation_or_its_alias_is_followed(link: str) -> None:
    organisation = Organisation(
        httpx.Response(200, json={"value": [{"n": 1}], "@odata.nextLink": link}),
        httpx.Response(200, json={"value": [{"n": 2}]}),
    )

    async def everything(client: Client) -> list[Any]:
        return [row["n"] async for row in client.rows("things")]

    assert organisation.talk(everything, org=HOME) == [1, 2]
    assert organisation.asked[1].url == httpx.URL(link)


@pytest.mark.parametrize(
    "link",
    [
        "https://contoso.crm4.dynamics.com.evil.example/x",
        "https://contoso.crm4.dynamics.com@evil.example/x",
        "https://user:word@contoso.crm4.dynamics.com/x",
        "https://contoso.crm4.dynamics.com:8443/x",
        "http://contoso.crm4.dynamics.com/x",
        "https://contoso.crm.dynamics.com/x",
        "https://contoso.api.api.crm4.dynamics.com/x",
        "https://fabrikam.api.crm4.dynamics.com/x",
        "https://api.contoso.crm4.dynamics.com/x",
        "https://evil.example/contoso.crm4.dynamics.com",
        "https://contoso.crm4.dynamics.com\\@evil.example/x",
        "//evil.example/x",
        "https:///evil.example/x",
        "things?$skiptoken=2",
        "javascript:0",
        "https://contoso.crm4.dynamics.com\u3002evil.example/x",
    ],
)
def test_a_next_page_anywhere_else_is_never_asked_for(link: str) -> None:
    organisation = Organisation(httpx.Response(200, json={"value": [{"n": 1}], "@odata.nextLink": link}))

    async def everything(client: Client) -> list[Any]:
        return [row["n"] async for row in client.rows("things")]

    with pytest.raises(UnexpectedAnswer, match="next page is at another host; nothing was sent there"):
        organisation.talk(everything, org=HOME)
    assert len(organisation.asked) == 1


@example(".")
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_no_address_that_only_begins_like_the_organisations_is_its_own(rest: str) -> None:
    link = HOME + rest
    if is_same_organisation(HOME, link):
        url = httpx.URL(link)  # a dot behind a host names the same one
        assert (url.scheme, url.host.rstrip("."), url.port) == ("https", "contoso.crm4.dynamics.com", None)


def test_an_address_that_is_too_long_is_never_sent() -> None:
    organisation = Organisation()
    with pytest.raises(ValueError, match="an address of"):
        organisation.talk(lambda client: client.get("contacts?$filter=" + "x" * 32_000))
    assert organisation.asked == []


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_passing_refusals_are_asked_again(status: int) -> None:
    organisation = Organisation(error(status), error(status), httpx.Response(200, json={"n": 1}))
    assert organisation.talk(get) == {"n": 1}
    assert len(organisation.asked) == 3


@pytest.mark.parametrize("broken", [httpx.ConnectError("x"), httpx.ReadError("x"), httpx.ReadTimeout("x")])
def test_broken_connections_are_tried_again(broken: Exception) -> None:
    organisation = Organisation(broken, httpx.Response(200, json={"n": 1}))
    assert organisation.talk(get) == {"n": 1}


def test_retry_after_is_obeyed_to_the_second() -> None:
    organisation = Organisation(error(429, **{"Retry-After": "17"}), httpx.Response(200, json={}))
    organisation.talk(get)
    assert organisation.slept == [17.0]


def test_pauses_grow_up_to_a_limit() -> None:
    patience = Patience()
    pauses = [patience.pause(attempt) for attempt in range(40)]
    assert pauses[0] <= patience.first
    assert pauses[3] > patience.first
    assert max(pauses) <= patience.most


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(429, **{"Retry-After": "400"}), HeldOff),
        (error(503), ServerFault),
        (httpx.ConnectError("refused"), Unreachable),
    ],
)
def test_patience_ends(answer: Answer, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        Organisation(answer).talk(get, patience=0.0)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(400), Refused),
        (error(403), Forbidden),
        (error(404, "0x80040217"), NotFound),
        (error(404, "0x8006088a"), ActionMissing),
        (error(412, "0x80040237"), DuplicateKey),
        (httpx.Response(200, text="<html>", headers={"content-type": "text/html"}), NotDataverse),
        (httpx.Response(302, headers={"location": "https://login"}), NotDataverse),
    ],
)
def test_other_answers_are_final_and_named(answer: httpx.Response, kind: type[Exception]) -> None:
    organisation = Organisation(answer)
    with pytest.raises(kind) as raised:
        organisation.talk(get)
    assert type(raised.value) is kind
    assert len(organisation.asked) == 1


@pytest.mark.parametrize("broken", [httpx.Response(200, text="{broken"), httpx.Response(200, json=[1])])
def test_an_answer_that_cannot_be_read_is_asked_for_again_a_few_times(broken: httpx.Response) -> None:
    assert Organisation(broken, httpx.Response(200, json={"n": 1})).talk(get) == {"n": 1}
    organisation = Organisation(*[broken] * 9)
    with pytest.raises(UnexpectedAnswer):
        organisation.talk(get)
    assert len(organisation.asked) == 3


# --- writes ----------------------------------------------------------------------------------------------------------


def send(client: Client) -> Coroutine[Any, Any, Any]:
    return client.write("POST", "things", {"n": 1})


@pytest.mark.parametrize(
    "answer",
    [
        *map(error, (408, 500, 502, 503, 504)),
        httpx.ReadError("reset"),
        httpx.ReadTimeout("late"),
        httpx.RemoteProtocolError("cut"),
        httpx.WriteError("reset"),
        httpx.Response(200, text="{broken"),
    ],
)
def test_a_write_of_unknown_fate_is_not_sent_again_blindly(answer: Answer) -> None:
    organisation = Organisation(answer)
    with pytest.raises(Unsettled, match="nobody knows what became of POST things"):
        organisation.talk(send)
    assert len(organisation.asked) == 1


@pytest.mark.parametrize("answer", [error(429), httpx.ConnectError("x"), httpx.ConnectTimeout("x")])
def test_a_write_that_certainly_did_not_arrive_is_sent_again(answer: Answer) -> None:
    organisation = Organisation(answer, httpx.Response(204))
    assert organisation.talk(send) == {}
    assert len(organisation.asked) == 2


def test_a_change_never_creates() -> None:
    organisation = Organisation(httpx.Response(204))
    organisation.talk(lambda client: client.write("PATCH", "things(1)", {"n": 1}))
    assert organisation.asked[0].headers["If-Match"] == "*"


def test_nothing_is_sent_once_somebody_wishes_to_end() -> None:
    organisation = Organisation(httpx.Response(200, json={}))

    async def wish(client: Client) -> None:
        client.stop.ask()
        await client.get("things")

    with pytest.raises(Interrupted):
        organisation.talk(wish)
    assert organisation.asked == []


def test_a_refusal_names_request_code_message_and_request_id() -> None:
    with pytest.raises(Refused) as raised:
        Organisation(error(400, "0x80040203", "The query is bad", **{"x-ms-service-request-id": "abc"})).talk(get)
    assert str(raised.value) == "GET things was refused with 400 0x80040203: The query is bad (request id abc)"


def test_lists_of_ids_that_the_organisation_echoes_are_not_repeated() -> None:
    ids = ", ".join(f"'{uuid4()}'" for _ in range(3))
    with pytest.raises(Refused) as raised:
        Organisation(error(400, "0x1", f"cannot find {ids} here")).talk(get)
    assert "cannot find … here" in str(raised.value)


def test_a_missing_record_is_none_but_a_missing_table_is_an_error() -> None:
    async def segment(client: Client) -> Any:
        return await realtime.retrieve_segment(client, UUID(int=5))

    assert Organisation(error(404, "0x80040217")).talk(segment) is None
    with pytest.raises(ActionMissing):
        Organisation(error(404, "0x8006088a")).talk(segment)


@pytest.mark.parametrize(
    "members",
    [[str(UUID(int=7)), str(UUID(int=8))], [f"{UUID(int=7)}, {UUID(int=8)}"], [f"{UUID(int=7)},{UUID(int=8)}", ""]],
)
def test_the_members_list_is_read_in_both_shapes(members: list[str]) -> None:
    result = {"baseEntityLogicalName": "contact", "primaryKeyColumnName": "contactid", "members": members}
    answer = httpx.Response(200, json={"StatusCode": 200, "ResultText": json.dumps(result)})

    async def listed(client: Client) -> Any:
        return await realtime.members_list(client, UUID(int=5))

    assert list(unpacked(Organisation(answer).talk(listed).ids)) == [UUID(int=7), UUID(int=8)]


@pytest.mark.parametrize(
    "content", [{"StatusCode": 200}, {"ResultText": "no json"}, {"ResultText": '{"members": ["no id"]}'}]
)
def test_a_members_list_of_another_shape_is_shown(content: dict[str, Any]) -> None:
    async def listed(client: Client) -> Any:
        return await realtime.members_list(client, UUID(int=5))

    with pytest.raises(UnexpectedAnswer, match="no list of ids"):
        Organisation(httpx.Response(200, json=content)).talk(listed)


def test_a_members_list_can_carry_its_own_status() -> None:
    async def listed(client: Client) -> Any:
        return await realtime.members_list(client, UUID(int=5))

    with pytest.raises(Refused, match="not ready"):
        Organisation(httpx.Response(200, json={"StatusCode": 400, "ResultText": "not ready"})).talk(listed)


# --- the first contact -----------------------------------------------------------------------------------------------


def first_contact(answer: Answer, org: str = ORG, **options: Any) -> Client:
    def respond(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def session() -> Client:
        async with await connect(org, transport=httpx.MockTransport(respond), **options) as found:
            return found

    return asyncio.run(session())


def test_the_organisation_says_who_it_is() -> None:
    found = first_contact(httpx.Response(200, json=ME))
    assert (found.organisation_id, found.business_unit_id) == (UUID(int=1), UUID(int=2))


LOST = [
    httpx.RemoteProtocolError("Server disconnected without sending a response."),
    httpx.ReadError("Connection reset by peer"),
    httpx.DecodingError("cut short"),
    httpx.Response(503),
]


@given(st.lists(st.sampled_from(LOST), max_size=6))
def test_an_answer_that_is_lost_at_the_first_contact_is_asked_for_again(lost: list[Answer]) -> None:
    """And no more often than four times: the address may be wrong."""
    answers = iter(lost)
    asked: list[bool] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append("authorization" in request.headers)
        answer = next(answers, httpx.Response(200, json=ME))
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def session() -> Client:
        quick = Patience(first=0.0, most=0.0)
        async with await connect(ORG, transport=httpx.MockTransport(respond), patience=quick) as found:
            return found

    if len(lost) < 4 or isinstance(lost[3], httpx.Response):
        assert asyncio.run(session()).organisation_id == UUID(int=1)
        return
    with pytest.raises(Unreachable, match=r"cannot be reached: [^.]+\. Check the address"):
        asyncio.run(session())
    assert len(asked) == 4


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (httpx.ConnectError("Connection refused"), Unreachable, "cannot be reached"),
        (httpx.ConnectError("[Errno -2] Name unknown"), Unreachable, "cannot be reached: Name unknown. Check"),
        (httpx.ConnectTimeout(""), Unreachable, "does not answer in time"),
        (httpx.Response(200, html="<html>"), NotDataverse, "web page"),
        (httpx.Response(200, json={"hello": "world"}), NotDataverse, "not like an organisation"),
        (error(404), NotDataverse, "not like an organisation"),
    ],
)
def test_what_is_no_organisation_is_said_at_once(answer: Answer, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        first_contact(answer)


def test_the_log_names_requests_but_nobodys_ids(caplog: pytest.LogCaptureFixture) -> None:
    async def ask(client: Client) -> None:
        await client.get(f"contacts?$filter=contactid eq {UUID(int=7)}")

    with caplog.at_level("INFO", logger=client_module.log.name):
        Organisation(httpx.Response(200, json={})).talk(ask)
    assert "GET contacts 200" in caplog.text
    assert str(UUID(int=7)) not in caplog.text


@pytest.mark.parametrize(
    ("answer", "cure"),
    [
        (error(403, "0x80095ffc", "The application is not allowed"), "app access control"),
        (
            error(401, "0x80072560", "The user is not a member of the organization."),
            "is no member of this organisation",
        ),
        (
            error(403, "0x80072560", "The user is not a member of the organization."),
            "is no member of this organisation",
        ),
        (error(403, "0x80040225", "The specified user is disabled."), "has to enable it"),
        (error(403, "", "The organization is in administration mode."), "once it has ended"),
        (error(503, "", "The organization is in administration mode."), "once it has ended"),
    ],
)
def test_whoever_is_not_let_in_is_told_the_cure_that_fits(answer: Any, cure: str) -> None:
    organisation = Organisation(answer)
    with pytest.raises(NotAdmitted, match=cure) as raised:
        organisation.talk(get)
    assert raised.value.exit_code is Exit.REFUSED
    assert "needs a role" not in str(raised.value)
    assert "secret" not in str(raised.value)
    assert len(organisation.asked) == 1  # waiting cures none of it
