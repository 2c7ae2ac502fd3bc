"""One client for the Dataverse Web API: signs in, asks, waits when told to, repeats what may pass, names what does not.

Questions are repeated while they fail for passing reasons. Writes are repeated only if it is certain that they did not
arrive; where nobody knows, `Unsettled` tells the caller to look.
"""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx

from migrator import __version__
from migrator.base.stopping import Stop
from migrator.dataverse.address import is_loopback, organisation_url
from migrator.dataverse.auth import Account, Credentials, Msal, NoSignIn, OnLoopback, authority_of
from migrator.dataverse.errors import (
    Forbidden,
    NotDataverse,
    Refused,
    ServerFault,
    SignInFailed,
    Throttled,
    UnexpectedAnswer,
    Unreachable,
    Unsettled,
    refused,
)
from migrator.dataverse.throttle import RETRIED, Patience, Throttle
from migrator.product.codes import API_VERSION, PAGE_SIZE_MAX, PROTECTION_WINDOW

log = logging.getLogger("migrator.dataverse")

_HEADERS = {
    "OData-Version": "4.0",
    "OData-MaxVersion": "4.0",
    "Accept": "application/json",
    "User-Agent": f"migrator/{__version__}",
}
_TIMEOUT = httpx.Timeout(120.0, connect=20.0)
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Failures before anything was sent."""
_BROKEN_ANSWERS = 3
"""Answers that cannot be read, one after the other, that are passed over."""
_RENEWALS = 2
"""Tokens that may end early within one request."""


@dataclass(slots=True)
class _Lane:
    """One account: its sign-in, and how fast it may ask."""

    throttle: Throttle
    credentials: Credentials
    connections: list[httpx.AsyncClient] = field(default_factory=list)
    """Those that nobody uses now. One client each: a pool of many looks at all of them for every request."""


class Client:
    """The Web API of one organisation. Made by `connect`."""

    def __init__(
        self, url: str, connection: Callable[[], httpx.AsyncClient], lanes: Sequence[_Lane], patience: Patience
    ) -> None:
        self.url = url
        self.organisation_id = UUID(int=0)
        self.business_unit_id = UUID(int=0)
        self.stop = Stop()
        """Whether to end; asked before every request."""
        self.patience = patience
        self.sent = self.retries = 0
        """Requests, and how many of them were sent again."""
        self._connection, self._lanes = connection, lanes

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        for lane in self._lanes:
            while lane.connections:
                await lane.connections.pop().aclose()

    @property
    def refusals(self) -> dict[str, int]:
        """How often the organisation asked us to wait, by facet."""
        counts = Counter[str]()
        for lane in self._lanes:
            counts.update({str(facet): number for facet, number in lane.throttle.limiter.refusals.items()})
        return dict(counts)

    async def get(self, path: str, *, prefer: str = "") -> dict[str, Any]:
        """The JSON object at `path`.

        Raises:
            DataverseError: see `errors`.
            Interrupted: see `stop`.
        """
        return await self._question("GET", path, prefer=prefer)

    async def rows(
        self, path: str, *, page_size: int = PAGE_SIZE_MAX, prefer: str = ""
    ) -> AsyncIterator[dict[str, Any]]:
        """The rows at `path`, over all pages.

        Raises:
            DataverseError: see `errors`.
            Interrupted: see `stop`.
        """
        preference = ",".join(filter(None, (f"odata.maxpagesize={page_size}", prefer)))
        next_page: str | None = path
        while next_page:
            page = await self.get(next_page, prefer=preference)
            if not isinstance(page.get("value"), list):
                raise UnexpectedAnswer(f"GET {path}", 200, "", f"a list of rows was expected: {_shortened(page)}")
            for row in page["value"]:
                yield row
            next_page = page.get("@odata.nextLink")

    async def ask(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """An action that changes nothing, and its answer.

        Raises:
            DataverseError: see `errors`.
            Interrupted: see `stop`.
        """
        return await self._question("POST", path, body=body)

    async def write(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Change something; gives the JSON object of the answer, empty for 204.

        Raises:
            Unsettled: it may have arrived or not; look before you send it again.
            DataverseError: see `errors`.
            Interrupted: see `stop`; nothing was sent then.
        """
        response = await self._request(method, path, body=body, writes=True)
        try:
            return self._object(response) if response.content else {}
        except UnexpectedAnswer as error:  # it arrived, but what it came to cannot be read
            why = "the answer cannot be read"
            raise Unsettled(f"{method} {_bare(path)}", why, response.status_code, "", _request_id(response)) from error

    async def _question(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        prefer: str = "",
        hasty: bool = False,
        lane: _Lane | None = None,
    ) -> dict[str, Any]:
        """An answer that can be read; one that is cut or broken is asked for again, a few times."""
        attempt = 0
        while True:
            response = await self._request(method, path, body=body, prefer=prefer, hasty=hasty, lane=lane)
            try:
                return self._object(response)
            except UnexpectedAnswer:
                attempt += 1
                if attempt == _BROKEN_ANSWERS:
                    raise
                log.warning("%s %s: the answer cannot be read; again", method, _bare(path))
                await self.stop.sleep(self.patience.pause(attempt))

    async def _request(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        prefer: str = "",
        hasty: bool = False,
        writes: bool = False,
        lane: _Lane | None = None,
    ) -> httpx.Response:
        """One answer, after as many tries as `patience` allows; a hasty request gives up on a broken connection."""
        patience = self.patience
        began, attempt, renewed = time.monotonic(), 0, 0
        while True:
            self.stop.check()
            chosen = lane or min(self._lanes, key=lambda one: one.throttle.backlog)
            pause = patience.pause(attempt)
            waited = time.monotonic() - began
            try:
                response = await self._send(chosen, method, path, body, prefer)
            except (httpx.TransportError, httpx.DecodingError) as error:
                if writes and not isinstance(error, _NEVER_SENT):
                    raise Unsettled(f"{method} {_bare(path)}", repr(error)) from error
                if waited + pause > patience.total or (hasty and isinstance(error, _NEVER_SENT)):
                    raise self._unreachable(error) from error
                log.warning("%s %s: %s; again in %.1f s", method, _bare(path), repr(error), pause)
                await self.stop.sleep(pause)
            else:
                status = response.status_code
                if status == 401 and renewed < _RENEWALS and not isinstance(chosen.credentials, NoSignIn):
                    renewed += 1  # a token may end early; one that is refused again and again is an answer
                    await chosen.credentials.token(renew=True)
                    continue
                if status not in RETRIED:
                    return self._checked(method, path, response)
                if status == 429:
                    if waited + _retry_after(response, pause) > patience.throttled:
                        return self._checked(method, path, response)
                    # The account's throttle lets nobody pass until the time that the organisation asked for is over.
                elif writes:
                    code, message = _error(response)
                    raise Unsettled(f"{method} {_bare(path)}", message, status, code, _request_id(response))
                elif waited + pause > patience.total:
                    return self._checked(method, path, response)
                else:
                    await self.stop.sleep(pause)
                log.warning("%s %s: %d; again", method, _bare(path), status)
            attempt += 1
            self.retries += 1

    async def _send(
        self, lane: _Lane, method: str, path: str, body: Mapping[str, Any] | None, prefer: str
    ) -> httpx.Response:
        headers = dict(_HEADERS)
        if prefer:
            headers["Prefer"] = prefer
        if method == "PATCH":
            headers["If-Match"] = "*"  # without it a row that is gone would be created
        url = path if path.startswith(self.url) else f"{self.url}/api/data/{API_VERSION}/{path}"
        limiter, clock = lane.throttle.limiter, lane.throttle.clock
        async with lane.throttle.turn() as turn:
            self.stop.check()
            if token := await lane.credentials.token():
                headers["Authorization"] = f"Bearer {token}"
            self.sent += 1
            http = lane.connections.pop() if lane.connections else self._connection()
            try:
                response = await http.request(method, url, headers=headers, json=body)
            finally:
                lane.connections.append(http)
            now = clock()
            if response.status_code == 429:
                code, _ = _error(response)
                limiter.refused(turn, now, code, _retry_after(response, self.patience.first))
            else:
                limiter.answered(turn, now, _dop_hint(response))
        # What stands behind "?" may hold ids of people, so the log keeps the path alone.
        milliseconds = (now - turn.began) * 1000
        log.info("%s %s %d %.0f ms %s", method, _bare(path), response.status_code, milliseconds, _request_id(response))
        return response

    def _checked(self, method: str, path: str, response: httpx.Response) -> httpx.Response:
        if "html" in response.headers.get("content-type", "") or response.is_redirect:
            raise NotDataverse(
                f"{self.url} answers with a web page instead of data. Check the address: it has to be the "
                "organisation's own, such as https://contoso.crm4.dynamics.com, and no proxy or sign-in page may "
                "stand in between."
            )
        if response.is_success:
            return response
        code, message = _error(response)
        if response.status_code == 401:
            raise SignInFailed(
                f"{self.url} does not accept the sign-in: {message}. "
                "Check that the account is a user of this organisation."
            )
        request = f"{method} {_bare(path)}"
        raise refused(request, response.status_code, code, message, _request_id(response))

    def _object(self, response: httpx.Response) -> dict[str, Any]:
        request = f"{response.request.method} {response.request.url.path}"
        try:
            content = response.json()
        except ValueError as error:
            raise UnexpectedAnswer(
                request,
                response.status_code,
                "",
                f"the answer is no JSON: {response.text[:200]!r}",
                _request_id(response),
            ) from error
        if not isinstance(content, dict):
            raise UnexpectedAnswer(request, response.status_code, "", f"an object was expected: {_shortened(content)}")
        return content

    def _unreachable(self, error: httpx.RequestError) -> Unreachable:
        timed_out = isinstance(error, httpx.TimeoutException)
        why = "it does not answer in time" if timed_out else str(error) or type(error).__name__
        return Unreachable(
            f"{self.url} cannot be reached: {why}. Check the address and the connection, then repeat the command; "
            "nothing is done twice."
        )


async def connect(
    address: str,
    *,
    accounts: Sequence[Account] = (),
    tell: Any = print,
    parallel: int = 8,
    window: float = PROTECTION_WINDOW,
    patience: Patience | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    msal_http: Any = None,
) -> Client:
    """Reach an organisation and sign in.

    Args:
        address: what a person types as the organisation's address.
        accounts: who signs in; the work is spread over several. By default one, from the AZURE_* variables.
        tell: where the words of the device-code sign-in go.
        parallel: requests at a time for each account, at most.
        window: seconds of the window in which the organisation counts; another one than the product's for tests.
        patience: how long passing failures are repeated once the organisation has been reached.
        transport: for tests, what takes the place of the network.
        msal_http: for tests, what takes the place of the network for the identity platform.

    Raises:
        DataverseError: the address is wrong, or the organisation cannot be reached or refuses us.
    """
    url = organisation_url(address)
    wanted = list(accounts) or [Account.from_environment(os.environ)]
    # Cookies would tie all requests to one web server of many (product documentation: do not keep the affinity cookie).
    no_cookies = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    verify = httpx.create_ssl_context()

    def connection() -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=_TIMEOUT, cookies=no_cookies, transport=transport, verify=verify)

    lanes = [_Lane(Throttle(parallel, window), NoSignIn()) for _ in wanted]
    client = Client(url, connection, lanes, patience or Patience())
    try:
        await _sign_in(client, lanes, wanted, tell, msal_http)
        await _first_contact(client, lanes)
    except BaseException:
        await client.__aexit__()
        raise
    return client


async def _sign_in(client: Client, lanes: Sequence[_Lane], accounts: Sequence[Account], tell: Any, http: Any) -> None:
    """Give each lane its account. On loopback nobody has to sign in; accounts are known by their ids there."""
    if is_loopback(urlsplit(client.url).hostname or ""):
        for lane, account in zip(lanes, accounts, strict=True):
            if account.client_id:
                lane.credentials = OnLoopback(account.client_id)
        return
    try:
        response = await client._send(lanes[0], "GET", "WhoAmI", None, "")
    except httpx.TransportError as error:
        raise client._unreachable(error) from error
    if response.status_code == 401:
        challenge = response.headers.get("www-authenticate", "")
        for lane, account in zip(lanes, accounts, strict=True):
            lane.credentials = Msal(client.url, authority_of(client.url, challenge, account), account, tell, http)


async def _first_contact(client: Client, lanes: Sequence[_Lane]) -> None:
    """Ask the organisation who it is, once for each account."""
    for lane in lanes:
        try:
            me = await client._question("GET", "WhoAmI", hasty=True, lane=lane)
            client.organisation_id = UUID(me["OrganizationId"])
            client.business_unit_id = UUID(me["BusinessUnitId"])
        except (Throttled, ServerFault, Forbidden):
            raise
        except (Refused, KeyError, ValueError) as error:
            raise NotDataverse(
                f"{client.url} answers, but not like an organisation ({error}). Check the address; it looks like "
                "https://contoso.crm4.dynamics.com"
            ) from error


def _error(response: httpx.Response) -> tuple[str, str]:
    try:
        content = response.json()
        error = content["error"]
        message = str(error.get("message", ""))
        if details := content.get("ResultText"):
            message = f"{message} ({details})"
        return str(error.get("code", "")), message
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", response.text[:200] or response.reason_phrase


def _bare(path: str) -> str:
    return path.split("?", maxsplit=1)[0]


def _retry_after(response: httpx.Response, otherwise: float) -> float:
    try:
        return max(float(response.headers["retry-after"]), 0.0)
    except (KeyError, ValueError):
        return otherwise


def _dop_hint(response: httpx.Response) -> float:
    try:
        return max(float(response.headers["x-ms-dop-hint"]), 1.0)
    except (KeyError, ValueError):
        return 0.0


def _request_id(response: httpx.Response) -> str:
    return str(response.headers.get("x-ms-service-request-id", ""))


def _shortened(content: Any) -> str:
    text = str(content)
    return text if len(text) <= 200 else f"{text[:197]}..."
