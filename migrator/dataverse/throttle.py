"""How fast we ask: so many requests at a time, and all of them wait when the organisation says so."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

RETRIED = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses that may be different the next time."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a request is repeated while it fails for passing reasons, in seconds."""

    total: float = 300.0
    first: float = 0.5
    most: float = 30.0

    def pause(self, attempt: int) -> float:
        """Seconds before the next try: doubling, capped, and spread so that requests do not come back together."""
        return random.uniform(0.5, 1.0) * min(self.most, self.first * 2.0 ** min(attempt, 30))  # noqa: S311


class Throttle:
    """Shared by all requests of one account."""

    def __init__(self, parallel: int = 8, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._slots = asyncio.Semaphore(parallel)
        self._sleep = sleep
        self._paused_until = 0.0

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a free slot, and for the end of a pause that the organisation asked for."""
        async with self._slots:
            while (left := self._paused_until - asyncio.get_running_loop().time()) > 0:
                await self._sleep(left)
            yield

    def hold(self, seconds: float) -> None:
        """Nobody sends anything for so many seconds (Retry-After)."""
        self._paused_until = max(self._paused_until, asyncio.get_running_loop().time() + seconds)

    async def wait(self, seconds: float) -> None:
        """Let one request wait."""
        await self._sleep(seconds)
