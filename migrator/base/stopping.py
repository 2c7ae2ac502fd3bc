"""Ctrl-C, and SIGTERM alike, as a wish: what is in flight ends well, nothing new begins."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from migrator.base.errors import Interrupted


class Stop:
    """Whether the person at the keyboard wants to end."""

    def __init__(self) -> None:
        self._wanted = asyncio.Event()

    @property
    def wanted(self) -> bool:
        """Whether it is wished."""
        return self._wanted.is_set()

    def ask(self) -> None:
        """Wish for it."""
        self._wanted.set()

    def check(self) -> None:
        """Go on only if nobody wishes to end.

        Raises:
            Interrupted: somebody does.
        """
        if self.wanted:
            raise Interrupted

    @contextmanager
    def put_off(self) -> Iterator[None]:
        """Within the block what has to be cleaned up is still sent, although somebody wishes to end."""
        before, self._wanted = self._wanted, asyncio.Event()
        try:
            yield
        finally:
            if before.is_set():
                self._wanted.set()

    async def sleep(self, seconds: float) -> None:
        """Wait, unless somebody wishes to end.

        Raises:
            Interrupted: somebody does.
        """
        try:
            await asyncio.wait_for(self._wanted.wait(), seconds)
        except TimeoutError:
            return
        raise Interrupted


@contextmanager
def ending_well(stop: Stop, tell: Callable[[str], None]) -> Iterator[None]:
    """Within the block the first Ctrl-C is a wish, and the second one ends at once."""
    able = os.name == "posix" and threading.current_thread() is threading.main_thread()
    # A process in the background of a shell ignores Ctrl-C, and so it shall be here.
    before = {
        number: signal.getsignal(number)
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    if not able or not before:
        yield
        return
    loop = asyncio.get_running_loop()

    def wish() -> None:
        if stop.wanted:
            raise KeyboardInterrupt
        tell("Finishing what is in flight; Ctrl-C once more ends at once.")
        stop.ask()

    for number in before:
        loop.add_signal_handler(number, wish)
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
