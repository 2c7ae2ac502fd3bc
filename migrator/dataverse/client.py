"""One client for the Dataverse Web API: signs in, asks, waits when told to, repeats what may pass, names what does not.

Questions are repeated while they fail for passing reasons. Writes are repeated only if it is certain that they did not
arrive; where nobody knows, `Unsettled` tells the caller to look. What an answer means stands in `sending`.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

import httpx

from migrator import __version__
from migrator.base.errors import why
from migrator.base.patience import Patience, Waiting
from migrator.base.server_text import Kept, sanitised, shape_of
from migrator.base.stopping import Stop
from migrator.dataverse.address import is_same_organisation
from migrator.dataverse.answers import TooLong, answer_to
from migrator.dataverse.auth import Credentials, NoSignIn, claims_of
from migrator.dataverse.errors import (
    HeldOff,
    NotAdmitted,
    NotDataverse,
    SignInFailed,
    UnexpectedAnswer,
    Unreachable,
    Unsettled,
    clock_time,
    duration,
)
from migrator.dataverse.paging import Pages
from migrator.dataverse.sending import (
    BROKEN,
    NEVER_SENT,
    Meaning,
    bare,
    dop_hint,
    error_in,
    error_of,
    request_id,
    retry_after,
    row_for,
    skew,
    status_of,
)
from migrator.dataverse.throttle import Throttle
from migrator.product.codes import ADDRESS_MAX, API_VERSION, PAGE_SIZE_MAX

log = logging.getLogger("migrator.dataverse")

_HEADERS = {
    "OData-Version": "4.0",
    "OData-MaxVersion": "4.0",
    "Accept": "application/json",
    "User-Agent": f"migrator/{__version__}",
}
_BROKEN_ANSWERS = 3
"""Answers that cannot be read, one after the other, that are passed over."""
ODD_ROW = "row"
"""Under this name comes what stands among rows and is none."""
_LONG_WAIT = 5.0
"""Seconds of a wait from which on a person is told of it."""
_TOLD_AT = 4
"""Pauses of one request, together about four seconds, after which a person is told that it is being tried again."""
_RENEWALS = 2
"""Tokens that may end early within one request."""


@dataclass(slots=True)
class Lane:
    """One account: its sign-in, and how fast it may ask."""

    throttle: Throttle
    credentials: Credentials
    connections: list[httpx.AsyncClient] = field(default_factory=list)
    """Those that nobody uses now. One client each: a pool of many looks at all of them for every request."""


class Client:
    """The Web API of one organisation. Made by `connect`."""

    def __init__(
        self, url: str, connection: Callable[[], httpx.AsyncClient], lanes: Sequence[Lane], patience: Patience
    ) -> None:
        self.url = url
        self.organisation_id = UUID(int=0)
        self.business_unit_id = UUID(int=0)
        self.user_id = UUID(int=0)
        self.clock_skew: float | None = None
        """Seconds by which the organisation's clock is ahead of ours, by its last answer; None where it says none."""
        self.dop_hint = 0.0
        """Requests at a time that the organisation last recommended; 0 where it recommends nothing."""
        self.own: set[UUID] = set()
        """Ids of the segments that the work is about: they may stay in what the organisation says."""
        self.stop = Stop()
        """Whether to end; asked before every request."""
        self.patience = patience
        self.sent = self.retries = 0
        """Requests, and how many of them were sent again."""
        self.tell: Callable[[str], None] = lambda _: None
        """Where sentences for the person at the keyboard go."""
        self._connection, self._lanes = connection, lanes
        self._told_until = 0.0

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        async with AsyncExitStack() as ending:  # closes all of them, also where one cannot be
            for lane in self._lanes:
                while lane.connections:
                    ending.push_async_callback(lane.connections.pop().aclose)

    @property
    def refusals(self) -> dict[str, int]:
        """How often the organisation asked us to wait, by facet."""
        counts = Counter[str]()
        for lane in self._lanes:
            counts.update({str(facet): number for facet, number in lane.throttle.limiter.refusals.items()})
        return dict(counts)

    async def get(self, path: str, *, prefer: str = "", patience: Patience | None = None) -> dict[str, Any]:
        """The JSON object at `path`; `patience` takes the place of the client's own.

        Args:
            path: below the Web API's root, or a whole address of this organisation.
            prefer: the Prefer header, or empty.
            patience: takes the place of the client's own.

        Raises:
            DataverseError: see `errors`.
            Interrupted: see `stop`.
        """
        return await self.question("GET", path, prefer=prefer, patience=patience)

    async def rows(
        self, path: str, *, page_size: int = PAGE_SIZE_MAX, prefer: str = ""
    ) -> AsyncIterator[dict[str, Any]]:
        """The rows at `path`, over all pages. What stands among them and is none comes as `{"row": …}`.

        Args:
            path: below the Web API's root.
            page_size: rows a page (odata.maxpagesize); 0 leaves it to the service.
            prefer: what else is preferred, or empty.

        Raises:
            DataverseError: see `errors`.
            Interrupted: see `stop`.
        """
        async for page, _ in self.pages(path, page_size=page_size, prefer=prefer):
            for row in page:
                yield row

    async def pages(
        self, path: str, *, page_size: int = PAGE_SIZE_MAX, prefer: str = "", after: str = ""
    ) -> AsyncIterator[tuple[list[dict[str, Any]], str]]:
        """The rows at `path`, page by page, each with the address of the next one; the last has none.

        Args:
            path: below the Web API's root.
            page_size: rows a page (odata.maxpagesize); 0 leaves it to the service.
            prefer: what else is preferred, or empty.
            after: the address of the page to go on with, as an earlier reading got it; empty begins.

        Raises:
            DataverseError: see `errors`.
            Interrupted: see `stop`.
        """
        preference = ",".join(filter(None, (f"odata.maxpagesize={page_size}", prefer)))
        next_page = self._of_here(path, after or path)
        pages = Pages(f"GET {bare(path)}")
        while next_page:
            pages.ask(next_page)
            page = await self.get(next_page, prefer=preference)
            if not isinstance(page.get("value"), list):
                raise UnexpectedAnswer(
                    f"GET {path}", 200, "", Kept(f"a list of rows was expected, not: {shape_of(page)}")
                )
            pages.take(page["value"])
            next_page = self._of_here(path, str(page.get("@odata.nextLink") or ""))
            yield [row if isinstance(row, dict) else {ODD_ROW: row} for row in page["value"]], next_page

    def _of_here(self, path: str, link: str) -> str:
        """The address of a page, which has to be of this organisation: whoever is asked is sent the token."""
        if link and link != path and not is_same_organisation(self.url, link):
            raise UnexpectedAnswer(
                f"GET {bare(path)}", 200, "", Kept("its next page is at another host; nothing was sent there")
            )
        return link

    async def ask(self, path: str, body: Mapping[str, Any], *, patience: Patience | None = None) -> dict[str, Any]:
        """An action that changes nothing, and its answer; `patience` takes the place of the client's own.

        Args:
            path: the action, below the Web API's root.
            body: its parameters.
            patience: takes the place of the client's own.

        Raises:
            DataverseError: see `errors`.
            Interrupted: see `stop`.
        """
        return await self.question("POST", path, body=body, patience=patience)

    async def write(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Change something; gives the JSON object of the answer, empty for 204.

        Args:
            method: POST, PATCH or DELETE.
            path: below the Web API's root.
            body: the JSON object that is sent, or None.

        Raises:
            Unsettled: it may have arrived or not; look before you send it again.
            DataverseError: see `errors`.
            Interrupted: see `stop`; nothing was sent then.
        """
        response = await self._request(method, path, body=body, writes=True)
        try:
            return self._object(response) if response.content else {}
        except UnexpectedAnswer as error:  # it arrived, but what it came to cannot be read
            why = Kept("the answer cannot be read")
            raise Unsettled(f"{method} {bare(path)}", why, response.status_code, "", request_id(response)) from error

    async def question(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        prefer: str = "",
        hasty: bool = False,
        lane: Lane | None = None,
        patience: Patience | None = None,
    ) -> dict[str, Any]:
        """An answer that can be read; one that is cut or broken is asked for again, a few times.

        Args:
            method: GET, or POST for an action that changes nothing.
            path: behind the address of the Web API, or the whole address of a next page.
            body: what an action is told.
            prefer: the Prefer header.
            hasty: whether a connection that cannot be made is given up at once.
            lane: the account that asks; by default the least busy one.
            patience: how long passing failures are repeated; by default as long as the client does.

        Raises:
            DataverseError: see `errors`.
            Interrupted: see `stop`.
        """
        waiting = Waiting(self.patience.counted(_BROKEN_ANSWERS - 1), self.stop)
        while True:
            response = await self._request(
                method, path, body=body, prefer=prefer, hasty=hasty, lane=lane, patience=patience
            )
            try:
                return self._object(response)
            except UnexpectedAnswer:
                unreadable = partial(
                    log.warning, "%s %s: the answer cannot be read; again in %.1f s", method, bare(path)
                )
                if not await waiting.again(unreadable):
                    raise

    async def _request(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        prefer: str = "",
        hasty: bool = False,
        writes: bool = False,
        lane: Lane | None = None,
        patience: Patience | None = None,
    ) -> httpx.Response:
        """One answer, after as many tries as `patience` allows; a hasty request gives up on a broken connection."""
        waiting, renewed, held = Waiting(patience or self.patience, self.stop), 0, 0
        request = f"{method} {bare(path)}"
        while True:
            self.stop.check()
            chosen = lane or min(self._lanes, key=lambda one: one.throttle.backlog)
            response: httpx.Response | None = None
            broken: Exception | None = None
            pause = self.patience.pause(held)
            try:
                response = await self.send(chosen, method, path, body, prefer, pause=pause)
                status, (code, message) = response.status_code, _refusal_in(response)
            except BROKEN as error:
                broken, status, code, message = error, status_of(error), "", repr(error)
            except TooLong as error:
                if writes:
                    raise Unsettled(request, Kept(str(error)), 200) from error
                raise UnexpectedAnswer(request, 200, "", Kept(str(error))) from error
            row = row_for(status, code, message)
            match row.write if writes else row.question:
                case Meaning.LOOK:
                    number = "" if response is None else request_id(response)
                    raise Unsettled(request, message, max(status, 0), code, number, self.own) from broken
                case Meaning.RENEW if renewed < _RENEWALS and not isinstance(chosen.credentials, NoSignIn):
                    renewed += 1  # a token may end early; one that is refused again and again is an answer
                    challenge = response.headers.get("www-authenticate", "") if response is not None else ""
                    await chosen.credentials.token(renew=True, claims=claims_of(challenge))
                    continue
                # The account's throttle lets nobody pass until the time that the organisation asked for is over.
                case Meaning.WAIT if response is not None:
                    held += 1
                    if not waiting.bears(asked := retry_after(response, pause)):
                        raise HeldOff(self.url, asked, again=asked <= self.patience.longest)
                    log.warning("%s: %d; again", request, status)
                case Meaning.RETRY if not (hasty and status == NEVER_SENT) and await waiting.again(
                    partial(
                        log.warning, "%s: %s; again in %.1f s", request, type(broken).__name__ if broken else status
                    )
                ):
                    if waiting.pauses == _TOLD_AT:
                        self._tell_trying(type(broken).__name__ if broken else str(status))
                case _ if response is not None:
                    return self._checked(request, response)
                case _:
                    raise self.unreachable(broken) from broken
            self.retries += 1

    async def send(
        self,
        lane: Lane,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        prefer: str,
        *,
        pause: float | None = None,
    ) -> httpx.Response:
        """One request of one account, when its throttle lets it go, and whatever comes back.

        Args:
            lane: the account, with its throttle and connection.
            method: the HTTP method.
            path: below the Web API's root, or a whole address of this organisation.
            body: the JSON object that is sent, or None.
            prefer: the Prefer header, or empty.
            pause: seconds that the account waits where it is asked to wait, and not for how long.

        Raises:
            TooLong: the answer is longer than any that is asked for.
            TransportError, DecodingError: see `sending.BROKEN`.
            Interrupted: see `stop`.
        """
        headers = dict(_HEADERS)
        if prefer:
            headers["Prefer"] = prefer
        if method == "PATCH":
            headers["If-Match"] = "*"  # without it a row that is gone would be created
        url = path if is_same_organisation(self.url, path) else f"{self.url}/api/data/{API_VERSION}/{path}"
        if len(url) > ADDRESS_MAX:
            raise ValueError(f"an address of {len(url)} characters; the Web API takes {ADDRESS_MAX}")
        limiter, clock = lane.throttle.limiter, lane.throttle.clock
        async with lane.throttle.turn() as turn:
            self.stop.check()
            if token := await lane.credentials.token():
                headers["Authorization"] = f"Bearer {token}"
            self.sent += 1
            http = lane.connections.pop() if lane.connections else self._connection()
            try:
                response = await answer_to(http, method, url, headers, body)
            finally:
                lane.connections.append(http)
            now = clock()
            self.clock_skew = skew(response, self.clock_skew)
            if response.status_code == 429:
                code, _ = error_in(response)
                asked = retry_after(response, self.patience.first if pause is None else pause)
                limiter.refused(turn, now, code, asked)
                if asked <= self.patience.longest:  # a longer one ends the command instead
                    self._tell_of(asked)
            else:
                hint = dop_hint(response)
                self.dop_hint = hint or self.dop_hint
                limiter.answered(turn, now, hint)
        # What stands behind "?" may hold ids of people, so the log keeps the path alone.
        milliseconds = (now - turn.began) * 1000
        log.info("%s %s %d %.0f ms %s", method, bare(path), response.status_code, milliseconds, request_id(response))
        return response

    def _tell_of(self, seconds: float) -> None:
        """Say that everybody waits, once for requests that were refused together."""
        until = time.time() + seconds
        if seconds >= _LONG_WAIT and until > self._told_until + _LONG_WAIT:
            self._told_until = until
            self.tell(
                f"The organisation asks us to wait {duration(seconds)}, until {clock_time(until)}. "
                "It is obeyed; Ctrl-C ends the wait."
            )

    def _tell_trying(self, why: str) -> None:
        """Say that the organisation does not answer well, once for all requests that wait for it."""
        now = time.time()
        if now > self._told_until:
            self._told_until = now + self.patience.total
            self.tell(
                f"{self.url} does not answer as it should ({why}); it is tried again for up to "
                f"{duration(self.patience.total)}. Ctrl-C ends the wait; nothing is lost."
            )

    def _checked(self, request: str, response: httpx.Response) -> httpx.Response:
        if "html" in response.headers.get("content-type", "") or response.is_redirect:
            raise NotDataverse(
                f"{self.url} answers with a web page instead of data. Check the address: it has to be the "
                "organisation's own, such as https://contoso.crm4.dynamics.com, and no proxy or sign-in page may "
                "stand in between."
            )
        if response.is_success:
            return response
        code, message = error_in(response)
        row = row_for(response.status_code, code, message)
        if response.status_code == 401 and row.error is not NotAdmitted:
            raise SignInFailed(
                f"{self.url} does not accept the sign-in: {sanitised(message)}. "
                "Check that the account is a user of this organisation."
            )
        raise error_of(request, response.status_code, code, message, request_id(response), self.own)

    def _object(self, response: httpx.Response) -> dict[str, Any]:
        request = f"{response.request.method} {response.request.url.path}"
        try:
            content = response.json()
        except (ValueError, RecursionError) as error:
            raise UnexpectedAnswer(
                request,
                response.status_code,
                "",
                Kept(f"the answer is no JSON, but {len(response.content)} bytes of something else"),
                request_id(response),
            ) from error
        if not isinstance(content, dict):
            raise UnexpectedAnswer(
                request, response.status_code, "", Kept(f"an object was expected, not: {shape_of(content)}")
            )
        return content

    def unreachable(self, error: Exception | None) -> Unreachable:
        """What to say where no answer comes at all."""
        timed_out = isinstance(error, httpx.TimeoutException)
        said = why(error).rstrip(".") if error else ""
        said = "it does not answer in time" if timed_out else said or type(error).__name__
        if "CERTIFICATE_VERIFY_FAILED" in said:
            return Unreachable(
                f"{self.url} cannot be reached: its certificate is not trusted ({said}). Where a proxy signs its own "
                "certificates, name its authority with --ca-file FILE (PEM); whoever runs the proxy has it. "
                "Nothing was sent."
            )
        return Unreachable(
            f"{self.url} cannot be reached: {said}. Check the address and the connection, then repeat the command; "
            "nothing is done twice."
        )


def _refusal_in(response: httpx.Response) -> tuple[str, str]:
    return ("", "") if response.is_success else error_in(response)
