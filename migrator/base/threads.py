"""Work that blocks, in a thread that nobody has to wait for when the command ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def apart(work: Callable[[], T]) -> T:
    """The result of `work`, which blocks, from a thread of its own.

    `asyncio.to_thread` would make the whole process wait for the work after Ctrl-C; this thread is left behind.

    Raises:
        Exception: what `work` raises.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(set_it: Callable[[], None]) -> None:
        if not done.done():
            set_it()

    def run() -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - whatever it is, it comes out where it is waited for
            trouble = error
            _tell(loop, lambda: settle(lambda: done.set_exception(trouble)))
        else:
            _tell(loop, lambda: settle(lambda: done.set_result(result)))

    threading.Thread(target=run, daemon=True).start()
    return await done


def _tell(loop: asyncio.AbstractEventLoop, what: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # the command has ended; nobody wants to know any more
        loop.call_soon_threadsafe(what)
