"""Waiting for what may become so by itself: with pauses that grow, up to a bound that is stated, ended by Ctrl-C.

Everything that tries or looks again does so through `Waiting`: no wait is endless, deaf, or in step with others.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from migrator.base.stopping import Stop


@dataclass(frozen=True, slots=True)
class Patience:
    """How long, how often, and with which pauses something is tried again. All times are seconds."""

    total: float = 300.0
    """The bound: a pause that would end after it is not begun."""
    first: float = 0.5
    """The first pause."""
    most: float = 30.0
    """The longest pause."""
    throttled: float = 3600.0
    """The bound where the organisation itself asks us to wait: that passes by itself, and waiting loses nothing."""
    longest: float = 900.0
    """The longest single wait that the organisation may ask for; for a longer one nobody stays at the keyboard."""
    growth: float = 2.0
    """How many times as long as the one before it each pause is."""
    spread: bool = True
    """Whether chance cuts pauses by up to a half, so that those who wait do not come back together."""
    times: int | None = None
    """The bound as a number of pauses, besides."""

    def pause(self, attempt: int) -> float:
        """Seconds of the pause that comes after `attempt` others."""
        longest = min(self.most, self.first * self.growth ** min(attempt, 30))
        return longest * (random.uniform(0.5, 1.0) if self.spread else 1.0)  # noqa: S311

    def counted(self, times: int) -> Patience:
        """The same pauses, but `times` of them, however long that takes."""
        return replace(self, total=float("inf"), times=times)


def looking(seconds: float, *, first: float, most: float, growth: float = 1.5) -> Patience:
    """The patience of somebody who looks from time to time whether something has happened.

    Args:
        seconds: the bound; 0 looks once.
        first: seconds between the first two looks.
        most: seconds between two looks at most.
        growth: how many times as long as the one before it each pause is.
    """
    return Patience(seconds, first, most, seconds, growth=growth, spread=False)


class Waiting:
    """One wait. Call `again` after everything that was in vain, until it says that it is enough."""

    def __init__(self, patience: Patience, stop: Stop) -> None:
        self.pauses = 0
        """How many there were."""
        self._patience, self._stop, self._began = patience, stop, time.monotonic()

    @property
    def waited(self) -> float:
        """Seconds since the wait began."""
        return time.monotonic() - self._began

    async def again(self, tell: Callable[[float], object] | None = None) -> bool:
        """Pause, and say whether to try again; false, at once, where the next pause would pass the bound.

        Args:
            tell: told the seconds before a pause begins.

        Raises:
            Interrupted: somebody wishes to end.
        """
        pause = self._patience.pause(self.pauses)
        if self.pauses == self._patience.times or self.waited + pause > self._patience.total:
            return False
        self.pauses += 1
        if tell:
            tell(pause)
        await self._stop.sleep(pause)
        return True

    def bears(self, seconds: float) -> bool:
        """Whether a wait of so many seconds, that the organisation asks for, is within the bound for those."""
        return seconds <= self._patience.longest and self.waited + seconds <= self._patience.throttled
