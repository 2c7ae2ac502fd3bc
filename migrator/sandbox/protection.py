"""Service protection as the product documents it: for each user and web server, three facets in a sliding window.

Requests go to the web servers in turn, unless the client keeps the affinity cookie: then all of them go to one.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from itertools import count

from migrator.product.codes import (
    ERROR_CONCURRENCY,
    ERROR_EXECUTION_TIME,
    ERROR_TOO_MANY_REQUESTS,
    EXECUTION_SECONDS_PER_WINDOW,
    PROTECTION_WINDOW,
    REQUESTS_AT_A_TIME,
    REQUESTS_PER_WINDOW,
)

COOKIE = "ARRAffinity"
_NOTICE = 0.5
"""Seconds after a refusal in which requests that were on the way already are not held against the client."""


@dataclass
class _Counter:
    """What one user has used of one web server."""

    requests: deque[float] = field(default_factory=deque)
    executed: deque[tuple[float, float]] = field(default_factory=deque)
    seconds: float = 0.0
    at_a_time: int = 0
    told_at: float = -math.inf
    told_until: float = -math.inf
    pushes: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a request has to come again later."""

    code: str
    message: str
    retry_after: int
    """Whole seconds, as HTTP has it."""


@dataclass
class Protection:
    """Counts, and refuses what is too much."""

    clock: Callable[[], float]
    servers: int = 1
    scale: float = 1.0
    """Window, requests and execution time are divided by it, so that the rates stay the same."""
    requests_at_a_time: int = REQUESTS_AT_A_TIME
    refused: int = 0
    accepted: int = 0
    _counters: dict[tuple[str, int], _Counter] = field(default_factory=dict)
    _turn: count[int] = field(default_factory=count)

    @property
    def window(self) -> float:
        """Seconds of the window."""
        return PROTECTION_WINDOW / self.scale

    @property
    def requests(self) -> float:
        """Requests of one user that one web server takes within the window."""
        return REQUESTS_PER_WINDOW / self.scale

    def server_for(self, headers: Mapping[str, str]) -> int:
        """The web server that takes a request: the one of the affinity cookie, or the next one."""
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        if cookie is not None and cookie.value.isdigit():
            return int(cookie.value) % self.servers
        return next(self._turn) % self.servers

    def enter(self, user: str, server: int) -> Refused | None:
        """A request arrives; whoever is let in has to `leave`."""
        now = self.clock()
        counter = self._counters.setdefault((user, server), _Counter())
        self._forget(counter, now)
        refused = self._refusal(counter, now)
        if refused is None:
            counter.requests.append(now)
            counter.at_a_time += 1
            self.accepted += 1
        else:
            self.refused += 1
        return refused

    def leave(self, user: str, server: int, seconds: float) -> None:
        """A request that was let in is done, after so many seconds of execution.

        Args:
            user: who asked.
            server: the number of the web server.
            seconds: of execution.
        """
        counter = self._counters[user, server]
        counter.at_a_time -= 1
        counter.executed.append((self.clock(), seconds))
        counter.seconds += seconds

    def _forget(self, counter: _Counter, now: float) -> None:
        while counter.requests and counter.requests[0] <= now - self.window:
            counter.requests.popleft()
        while counter.executed and counter.executed[0][0] <= now - self.window:
            counter.seconds -= counter.executed.popleft()[1]

    def _refusal(self, counter: _Counter, now: float) -> Refused | None:
        if counter.at_a_time >= self.requests_at_a_time:
            message = f"Number of concurrent requests exceeded the limit of {self.requests_at_a_time}."
            return Refused(ERROR_CONCURRENCY, message, self._later(counter, now, 1.0))
        if len(counter.requests) >= self.requests:
            free = counter.requests[0] + self.window - now
            message = (
                f"Number of requests exceeded the limit of {self.requests:.0f} over time window of "
                f"{self.window:.0f} seconds."
            )
            return Refused(ERROR_TOO_MANY_REQUESTS, message, self._later(counter, now, free))
        most = EXECUTION_SECONDS_PER_WINDOW / self.scale
        if counter.seconds >= most:
            free = counter.executed[0][0] + self.window - now
            message = (
                f"Combined execution time of incoming requests exceeded limit of {most * 1000:.0f} milliseconds over "
                f"time window of {self.window:.0f} seconds. Decrease number of concurrent requests or reduce the "
                "duration of requests and try again later."
            )
            return Refused(ERROR_EXECUTION_TIME, message, self._later(counter, now, free))
        counter.pushes = 0
        return None

    def _later(self, counter: _Counter, now: float, seconds: float) -> int:
        """Seconds to wait; more of them for a client that comes before it was told to."""
        if counter.told_at + _NOTICE < now < counter.told_until:
            counter.pushes += 1
            seconds = min(seconds * 2.0 ** min(counter.pushes, 8), self.window)
        wait = max(math.ceil(seconds), 1)
        if now >= counter.told_until:
            counter.told_at = now
        counter.told_until = max(counter.told_until, now + wait)
        return wait
