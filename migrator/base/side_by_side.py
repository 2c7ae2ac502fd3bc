"""Runs work side by side, so many at a time; the first error ends the rest and comes out as it is.

The wish to end is no error: every part ends where it can, and only then the wish comes out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from typing import Any, TypeVar

from migrator.base.errors import Interrupted

T = TypeVar("T")


async def side_by_side(work: Iterable[Coroutine[Any, Any, T]], limit: int) -> list[T]:
    """The results of `work`, in its order. The work is taken up one by one, so it may be long.

    Raises:
        Interrupted: a part was interrupted; all others have ended, too.
        Exception: the first error of any part; the parts that had not ended are cancelled.
    """
    results: dict[int, T] = {}
    interrupted: list[Interrupted] = []
    parts = enumerate(work)

    async def worker(parts: Iterator[tuple[int, Coroutine[Any, Any, T]]]) -> None:
        for number, part in parts:
            try:
                results[number] = await part
            except Interrupted as wish:
                interrupted.append(wish)
                return

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(limit):
                group.create_task(worker(parts))
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    finally:
        for _, part in parts:
            part.close()  # those that were never begun
    if interrupted:
        raise interrupted[0]
    return [results[number] for number in sorted(results)]
