"""Runs work side by side, so many at a time; the first error ends the rest and comes out as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def side_by_side(work: Iterable[Coroutine[Any, Any, T]], limit: int) -> list[T]:
    """The results of `work`, in its order.

    Raises:
        Exception: the first error of any part; the parts that had not ended are cancelled.
    """
    parts = list(work)
    gate = asyncio.Semaphore(limit)

    async def one(part: Coroutine[Any, Any, T]) -> T:
        async with gate:
            return await part

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(part)) for part in parts]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    finally:
        for part in parts:
            part.close()  # those that were never begun
    return [task.result() for task in tasks]
