"""A server that answers strangely: the sandbox, behind something that takes the place of chosen answers."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

Send = Callable[[dict[str, Any]], Awaitable[None]]
Change = Callable[[Any], Any]
"""Makes another content out of the JSON that the sandbox would have answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said in place of the sandbox's own answer."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    change: Change | None = None
    """Changes the sandbox's answer instead, which is carried out then."""
    drips: bool = False
    """The body comes byte by byte, for ever."""
    length: int | None = None
    """What Content-Length says, where that is not true."""


def says(content: Any, status: int = 200, **headers: str) -> Answer:
    """JSON."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(status, json.dumps(content).encode(), (("Content-Type", "application/json"), *named))


def refuses(status: int, code: Any = "0x80040000", message: Any = "no", **headers: str) -> Answer:
    """An error as the Web API writes it."""
    return says({"error": {"code": code, "message": message}}, status, **headers)


def changed(change: Change) -> Answer:
    """The sandbox's answer, changed."""
    return Answer(change=change)


def packed(megabytes: int) -> Answer:
    """A small answer that unpacks to so many megabytes."""
    body = gzip.compress(b'{"value": [' + b" " * (megabytes * 2**20) + b"]}", 1)
    return Answer(200, body, (("Content-Type", "application/json"), ("Content-Encoding", "gzip")))


@dataclass(slots=True)
class Strange:
    """Stands before the sandbox's application; `when` says which answers are strange."""

    app: Any
    method: str = ""
    where: str = ""
    answer: Answer | None = None
    times: int = 0
    given: int = 0
    """How often the strange answer was given."""
    here: str = ""
    """The address of the Web API, in place of `{here}` in what is answered."""
    asked: list[str] = field(default_factory=list)

    def when(self, method: str, where: str, answer: Answer | None, times: int = 10**9) -> None:
        """Answer requests strangely whose address has `where` in it, the first `times` of them."""
        self.method, self.where, self.answer, self.times, self.given = method, where, answer, times, 0

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Send) -> None:
        address = scope["path"] + "?" + scope.get("query_string", b"").decode()
        self.asked.append(f"{scope['method']} {address}")
        if not (self.answer and scope["method"] == self.method and self.where in address and self.given < self.times):
            await self.app(scope, receive, send)
            return
        self.given += 1
        answer = self.answer
        if answer.change is not None:
            await self._changed(scope, receive, send, answer.change)
            return
        while (await receive()).get("more_body"):
            pass
        headers = [(name.lower().encode(), value.encode("utf-8")) for name, value in answer.headers]
        if not answer.drips and answer.status not in (204, 304):
            length = len(answer.body) if answer.length is None else answer.length
            headers.append((b"content-length", str(length).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        while answer.drips:
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            await asyncio.sleep(0.02)
        await send({"type": "http.response.body", "body": answer.body})

    async def _changed(self, scope: dict[str, Any], receive: Any, send: Send, change: Change) -> None:
        start: dict[str, Any] = {}
        parts: list[bytes] = []

        async def keep(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                parts.append(message.get("body", b""))

        await self.app(scope, receive, keep)
        whole = b"".join(parts)
        content = change(json.loads(whole)) if whole else change(None)
        text = content if isinstance(content, bytes) else json.dumps(content).encode()
        body = text.replace(b"{here}", self.here.encode())
        start["status"] = 200 if start["status"] == 204 and body else start["status"]
        start["headers"] = [
            *((name, value) for name, value in start["headers"] if name.lower() != b"content-length"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send(start)
        await send({"type": "http.response.body", "body": body})
