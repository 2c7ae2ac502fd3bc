"""How fast we ask one account: starting low, rising until the organisation refuses, then staying just below that.

Dataverse protects itself for each user and web server, in a window of 300 seconds, by three facets: requests, execution
time, and requests at a time (product documentation). How many web servers there are is not told. So each facet is
learned: the first refusal shows how much fits into the window, and from then on as much is sent and no more; now and
then a single request tries whether more has become possible.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum

from migrator.product.codes import ERROR_CONCURRENCY, ERROR_EXECUTION_TIME, ERROR_TOO_MANY_REQUESTS, PROTECTION_WINDOW


class Facet(StrEnum):
    """What the organisation counts."""

    REQUESTS = "requests"
    TIME = "execution time"
    CONCURRENCY = "requests at a time"


FACETS = {
    ERROR_TOO_MANY_REQUESTS: Facet.REQUESTS,
    ERROR_EXECUTION_TIME: Facet.TIME,
    ERROR_CONCURRENCY: Facet.CONCURRENCY,
}
"""Error code of a refusal → the facet that ran out."""

_ROUNDED = 1.0
"""Retry-After comes in whole seconds."""
_PATIENT_PROBES = 8
"""Windows between two tries at most, when tries keep being refused."""


class _Budget:
    """What one facet allows within the window; unlimited until the organisation says otherwise."""

    def __init__(self, window: float) -> None:
        self.capacity: float | None = None
        self._window = window
        self._spent: deque[tuple[float, float]] = deque()
        self._total = 0.0
        self._probe_at, self._probe_pause, self._step = 0.0, window, 1.0

    def spent(self, now: float) -> float:
        """What was used up within the window."""
        while self._spent and self._spent[0][0] <= now - self._window:
            self._total -= self._spent.popleft()[1]
        return self._total

    def delay(self, now: float, under_way: float, *, alone: bool) -> float:
        """Seconds until another request fits; `alone`: nobody else is trying for more already."""
        if self.capacity is None or self.spent(now) + under_way < self.capacity:
            return 0.0
        if alone and now >= self._probe_at:
            return 0.0
        frees = self._spent[0][0] + self._window - now if self._spent else self._window
        return max(frees, 0.001) if not alone else max(min(frees, self._probe_at - now), 0.001)

    def full(self, now: float, under_way: float) -> bool:
        """Whether the next request would be one more than is known to fit."""
        return self.capacity is not None and self.spent(now) + under_way >= self.capacity

    def add(self, now: float, amount: float) -> None:
        """Something was used up. Counted when the answer came, which is never earlier than the organisation counts."""
        self._spent.append((now, amount))
        self._total = self.spent(now) + amount

    def refused(self, now: float, under_way: float, retry_after: float, *, probe: bool) -> None:
        """The organisation said no.

        What was used up is what fits. Where it lets us come back earlier than what we used can have left the window,
        others have used some of it, an earlier process of ours for example: then one request tries for more at once.
        Otherwise the next try comes much later.
        """
        self._step = 1.0
        if not probe:
            known = self.spent(now) + under_way
            self.capacity = max(known if self.capacity is None else min(known, self.capacity), 1.0)
        frees = self._spent[0][0] + self._window - now if self.spent(now) else 0.0
        if retry_after + _ROUNDED < frees:
            self._probe_at = now + retry_after
            return
        self._probe_pause = min(2 * self._probe_pause, _PATIENT_PROBES * self._window)
        self._probe_at = now + self._probe_pause

    def grow(self) -> None:
        """A try for more went well; several in a row believe more and more."""
        if self.capacity is not None:
            self.capacity += self._step
            self._step *= 2
            self._probe_pause = self._window


@dataclass(slots=True)
class Turn:
    """One request that may be sent now."""

    began: float
    probes: tuple[Facet, ...] = ()
    """The facets in which this request tries for more than is known to fit."""
    ended: bool = False


class Limiter:
    """Decides for one account when the next request may go. Knows no network and no clock of its own."""

    def __init__(self, most: int, window: float = PROTECTION_WINDOW) -> None:
        self.in_flight = 0
        self.refusals = dict.fromkeys(Facet, 0)
        self.at_a_time = float(min(2, most))
        """Requests at a time that are allowed now."""
        self._most = self._ceiling = float(most)
        self._hint = 0.0
        self._held_until = 0.0
        self._rising = True
        self._probing: set[Facet] = set()
        self._mean = 0.1
        self._ceiling_until = 0.0
        self._window = window
        self._budgets = {Facet.REQUESTS: _Budget(window), Facet.TIME: _Budget(window)}

    def delay(self, now: float) -> float:
        """Seconds until the next request may go; 0 is now, and infinite means: when another one has ended."""
        if self._held_until > now:
            return self._held_until - now
        if self.in_flight >= int(self.at_a_time):
            return float("inf")
        return max(
            budget.delay(now, self._under_way(facet), alone=facet not in self._probing)
            for facet, budget in self._budgets.items()
        )

    def begin(self, now: float) -> Turn:
        """A request goes."""
        probes = tuple(f for f, budget in self._budgets.items() if budget.full(now, self._under_way(f)))
        self._probing |= set(probes)
        self.in_flight += 1
        return Turn(now, probes)

    def answered(self, turn: Turn, now: float, hint: float = 0.0) -> None:
        """The organisation worked on it, whatever it said. `hint` is its x-ms-dop-hint.

        Args:
            turn: what `turn` gave for the request.
            now: seconds of a monotonic clock.
            hint: the answer's x-ms-dop-hint, requests at a time; 0 where it has none.
        """
        self._end(turn)
        seconds = now - turn.began
        self._mean += 0.1 * (seconds - self._mean)
        self._budgets[Facet.REQUESTS].add(now, 1)
        self._budgets[Facet.TIME].add(now, seconds)
        for facet in turn.probes:
            self._budgets[facet].grow()
        self._hint = hint or self._hint
        if now >= self._ceiling_until:
            self._ceiling = self._most
        if self._rising and self.at_a_time >= (self._hint or self._most / 2):
            self._rising = False  # quick up to the hint, slow above it
        step = 1.0 if self._rising else 1.0 / self.at_a_time
        self.at_a_time = max(1.0, min(self.at_a_time + step, self._ceiling))

    def lost(self, turn: Turn, now: float) -> None:
        """Nobody knows what became of it; it may have been counted."""
        self._end(turn)
        self._budgets[Facet.REQUESTS].add(now, 1)
        self._budgets[Facet.TIME].add(now, now - turn.began)

    def refused(self, turn: Turn, now: float, code: str, retry_after: float) -> None:
        """429: everybody waits, and the facet that ran out is remembered.

        Args:
            turn: what `turn` gave for the request.
            now: seconds of a monotonic clock.
            code: the error code, which names the facet.
            retry_after: seconds to wait, as the answer says.
        """
        self._end(turn)
        self._held_until = max(self._held_until, now + retry_after)
        facet = FACETS.get(code, Facet.REQUESTS)
        self.refusals[facet] += 1
        self._rising = False
        if facet is Facet.CONCURRENCY:
            self._ceiling = min(self._ceiling, float(self.in_flight))
            self.at_a_time = max(1.0, min(self.at_a_time, 0.9 * self._ceiling))
            self._ceiling_until = now + self._window
            return
        self._budgets[facet].refused(now, self._under_way(facet), retry_after, probe=facet in turn.probes)

    @property
    def load(self) -> float:
        """How busy the account is: the least busy one is asked next."""
        return self.in_flight / self.at_a_time

    def _end(self, turn: Turn) -> None:
        turn.ended = True
        self.in_flight -= 1
        self._probing -= set(turn.probes)

    def _under_way(self, facet: Facet) -> float:
        return float(self.in_flight) if facet is Facet.REQUESTS else self.in_flight * self._mean


class Throttle:
    """Lets requests of one account go when its limiter says so, in the order in which they came."""

    def __init__(
        self,
        most: int = 8,
        window: float = PROTECTION_WINDOW,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.limiter = Limiter(most, window)
        self.clock, self.sleep = clock, sleep
        self.waiting = 0
        self._turnstile = asyncio.Lock()
        self._ended = asyncio.Event()

    @property
    def backlog(self) -> float:
        """Seconds until a request that comes now could go, and how busy the account is then."""
        delay = self.limiter.delay(self.clock())
        return (0.0 if delay == float("inf") else delay) + self.limiter.load + self.waiting

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn]:
        """Wait until a request may go. A block that does not tell the limiter how it ended has lost it."""
        self.waiting += 1
        try:
            async with self._turnstile:
                while (delay := self.limiter.delay(self.clock())) > 0:
                    await self._until(delay)
                turn = self.limiter.begin(self.clock())
        finally:
            self.waiting -= 1
        try:
            yield turn
        finally:
            if not turn.ended:
                self.limiter.lost(turn, self.clock())
            self._ended.set()

    async def _until(self, delay: float) -> None:
        """Until the time has passed or another request has ended."""
        self._ended.clear()
        if delay == float("inf"):
            await self._ended.wait()
            return
        sleeping = asyncio.ensure_future(self.sleep(delay))
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait((sleeping, ended), return_when=asyncio.FIRST_COMPLETED)
            if sleeping.done():
                sleeping.result()  # somebody may wish to end
        finally:
            sleeping.cancel()
            ended.cancel()
