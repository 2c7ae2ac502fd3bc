"""Takes an answer within stated bounds: however it is packed, and however slowly it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

ANSWER_BYTES = 256 * 2**20
"""An answer's length at most, unpacked. The longest that is asked for, a list of members, takes 39 bytes a member."""
ANSWER_SECONDS = 300.0
"""From the request to the last byte of its answer; the service ends its own work after two minutes."""
_PACKING = ("content-encoding", "content-length", "transfer-encoding")


class TooLong(Exception):
    """The answer is longer than any that is asked for; the rest of it was not read."""

    def __init__(self) -> None:
        super().__init__(f"the answer is longer than {ANSWER_BYTES // 2**20} MB; the rest of it was not read")


async def answer_to(
    http: httpx.AsyncClient, method: str, url: str, headers: Mapping[str, str], body: Any
) -> httpx.Response:
    """Send one request and take the whole answer, unpacked.

    Args:
        http: the connection.
        method: the HTTP method.
        url: the whole address.
        headers: of the request.
        body: what is sent as JSON; None is nothing.

    Raises:
        TooLong: the answer is longer than `ANSWER_BYTES`.
        TransportError: the connection broke, or the answer was not complete after `ANSWER_SECONDS`.
        DecodingError: what came is not packed as it says.
    """
    parts: list[bytes] = []
    length = 0
    try:
        async with (
            asyncio.timeout(ANSWER_SECONDS),
            http.stream(method, url, headers=dict(headers), json=body) as response,
        ):
            async for part in response.aiter_bytes():
                length += len(part)
                if length > ANSWER_BYTES:
                    raise TooLong
                parts.append(part)
    except TimeoutError as error:
        raise httpx.ReadTimeout(f"the answer was not complete after {ANSWER_SECONDS:.0f} s") from error
    kept = [(name, value) for name, value in response.headers.raw if name.lower().decode("latin-1") not in _PACKING]
    return httpx.Response(
        response.status_code,
        headers=kept,
        content=b"".join(parts),
        request=response.request,
        extensions=response.extensions,
    )
