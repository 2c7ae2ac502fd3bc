"""One client for the Dataverse Web API: signs in, asks, waits when told to, repeats what may pass, names what does not.

Every request we send may be repeated without harm: creations carry their own key, and adding a member twice adds it
once. So a lost answer is asked for again, and the caller looks at what is there when a key exists already.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import AsyncIterator, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx

from migrator import __version__
from migrator.codes import API_VERSION, PAGE_SIZE_MAX
from migrator.dataverse.address import is_loopback, organisation_url
from migrator.dataverse.auth import Account, Credentials, Msal, NoSignIn, authority_of
from migrator.dataverse.errors import (
    Forbidden,
    NotDataverse,
    Refused,
    ServerFault,
    SignInFailed,
    Throttled,
    UnexpectedAnswer,
    Unreachable,
    refused,
)
from migrator.dataverse.throttle import RETRIED, Patience, Throttle

log = logging.getLogger("migrator.dataverse")

_HEADERS = {
    "OData-Version": "4.0",
    "OData-MaxVersion": "4.0",
    "Accept": "application/json",
    "User-Agent": f"migrator/{__version__}",
}
_TIMEOUT = httpx.Timeout(120.0, connect=20.0)


class Client:
    """The Web API of one organisation. Made by `connect`."""

    def __init__(self, url: str, http: httpx.AsyncClient, throttle: Throttle, patience: Patience) -> None:
        self.url = url
        self.organisation_id = UUID(int=0)
        self.business_unit_id = UUID(int=0)
        self.credentials: Credentials = NoSignIn()
        self.retries = 0
        """Requests that were sent again."""
        self._http, self._throttle, self._patience = http, throttle, patience

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def get(self, path: str, *, prefer: str = "") -> dict[str, Any]:
        """The JSON object at `path`.

        Raises:
            DataverseError: see `errors`.
        """
        return self._object(await self._request("GET", path, prefer=prefer))

    async def rows(
        self, path: str, *, page_size: int = PAGE_SIZE_MAX, prefer: str = ""
    ) -> AsyncIterator[dict[str, Any]]:
        """The rows at `path`, over all pages.

        Raises:
            DataverseError: see `errors`.
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

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send `body`; gives the JSON object of the answer, empty for 204.

        Raises:
            DataverseError: see `errors`.
        """
        response = await self._request("POST", path, body=body)
        return self._object(response) if response.content else {}

    async def _request(
        self, method: str, path: str, *, body: Mapping[str, Any] | None = None, prefer: str = "", hasty: bool = False
    ) -> httpx.Response:
        """One answer, after as many tries as `patience` allows; a hasty request gives up on a broken connection."""
        patience = self._patience
        began, attempt, renewed = time.monotonic(), 0, False
        while True:
            pause = patience.pause(attempt)
            try:
                response = await self._send(method, path, body, prefer)
            except httpx.TransportError as error:
                if hasty or time.monotonic() - began + pause > patience.total:
                    raise self._unreachable(error) from error
                log.warning("%s %s: %s; again in %.1f s", method, _bare(path), repr(error), pause)
            else:
                if response.status_code == 401 and not renewed and not isinstance(self.credentials, NoSignIn):
                    renewed = True  # the token may have ended early; a second 401 is an answer
                    await self.credentials.token(renew=True)
                    continue
                if response.status_code not in RETRIED:
                    return self._checked(method, path, response)
                if response.status_code == 429:
                    pause = _retry_after(response, pause)
                if time.monotonic() - began + pause > patience.total:
                    return self._checked(method, path, response)
                if response.status_code == 429:
                    self._throttle.hold(pause)
                log.warning("%s %s: %d; again in %.1f s", method, _bare(path), response.status_code, pause)
            attempt += 1
            self.retries += 1
            await self._throttle.wait(pause)

    async def _send(self, method: str, path: str, body: Mapping[str, Any] | None, prefer: str) -> httpx.Response:
        token = await self.credentials.token()
        headers = dict(_HEADERS)
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if prefer:
            headers["Prefer"] = prefer
        async with self._throttle.slot():
            began = time.monotonic()
            url = path if path.startswith(self.url) else f"{self.url}/api/data/{API_VERSION}/{path}"
            response = await self._http.request(method, url, headers=headers, json=body)
        milliseconds = (time.monotonic() - began) * 1000
        # What stands behind "?" may hold ids of people, so the log keeps the path alone.
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

    def _unreachable(self, error: httpx.TransportError) -> Unreachable:
        timed_out = isinstance(error, httpx.TimeoutException)
        why = "it does not answer in time" if timed_out else str(error) or type(error).__name__
        return Unreachable(
            f"{self.url} cannot be reached: {why}. Check the address and the connection, then repeat the command; "
            "nothing is done twice."
        )


async def connect(
    address: str,
    *,
    account: Account | None = None,
    tell: Any = print,
    parallel: int = 8,
    patience: Patience | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    msal_http: Any = None,
) -> Client:
    """Reach an organisation and sign in.

    Args:
        address: what a person types as the organisation's address.
        account: who signs in; by default from the AZURE_* variables of the environment.
        tell: where the words of the device-code sign-in go.
        parallel: requests at a time.
        patience: how long passing failures are repeated once the organisation has been reached.
        transport: for tests, what takes the place of the network.
        msal_http: for tests, what takes the place of the network for the identity platform.

    Raises:
        DataverseError: the address is wrong, or the organisation cannot be reached or refuses us.
    """
    url = organisation_url(address)
    # Cookies would tie all requests to one web server of many (product documentation: do not keep the affinity cookie).
    no_cookies = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    limits = httpx.Limits(max_connections=parallel, max_keepalive_connections=parallel)
    http = httpx.AsyncClient(timeout=_TIMEOUT, limits=limits, cookies=no_cookies, transport=transport)
    client = Client(url, http, Throttle(parallel), patience or Patience())
    try:
        await _first_contact(client, account or Account.from_environment(os.environ), tell, msal_http)
    except BaseException:
        await http.aclose()
        raise
    return client


async def _first_contact(client: Client, account: Account, tell: Any, msal_http: Any) -> None:
    if not is_loopback(urlsplit(client.url).hostname or ""):
        try:
            response = await client._send("GET", "WhoAmI", None, "")
        except httpx.TransportError as error:
            raise client._unreachable(error) from error
        if response.status_code == 401:
            authority = authority_of(client.url, response.headers.get("www-authenticate", ""), account)
            client.credentials = Msal(client.url, authority, account, tell, msal_http)
    try:
        me = client._object(await client._request("GET", "WhoAmI", hasty=True))
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


def _request_id(response: httpx.Response) -> str:
    return str(response.headers.get("x-ms-service-request-id", ""))


def _shortened(content: Any) -> str:
    text = str(content)
    return text if len(text) <= 200 else f"{text[:197]}..."
