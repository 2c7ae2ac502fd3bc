"""The sandbox as an adversary: delays, refusals, broken connections and worse, by a profile, seeded and repeatable.

What befalls a request depends on the seed, on the request itself, and on how often it has come already; not on the
order in which requests happen to arrive. So the same work meets the same faults, however it is spread.
"""

from __future__ import annotations

import asyncio
import json
import math
import tomllib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, fields, replace
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

from migrator.product.codes import REQUESTS_AT_A_TIME
from migrator.sandbox.protection import COOKIE, Protection

Message = MutableMapping[str, Any]
App = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Profile:
    """What goes wrong, and how often: shares of all requests, from 0 to 1, and seconds."""

    seed: int = 1
    latency: float = 0.0
    """Median seconds that a request takes."""
    spread: float = 0.0
    """Sigma of the log-normal distribution of the latency; 0 is the same for all."""
    servers: int = 0
    """Web servers behind the affinity cookie, each with its service protection; 0 is without."""
    scale: float = 1.0
    """By how much the limits of the service protection are scaled down."""
    requests_at_a_time: int = REQUESTS_AT_A_TIME
    errors_before: float = 0.0
    """5xx before anything was done."""
    errors_after: float = 0.0
    """5xx although it was done."""
    resets_before: float = 0.0
    """The connection breaks before anything was done."""
    resets_after: float = 0.0
    """The connection breaks although it was done."""
    cut_bodies: float = 0.0
    """Answers that end in the middle."""
    broken_json: float = 0.0
    """Answers whose body is no JSON."""
    slow_bodies: float = 0.0
    """Answers that come in small pieces."""
    slow_seconds: float = 0.2
    """Seconds that such an answer takes."""
    token_requests: int = 0
    """Requests after which a token has ended; 0 is never."""
    publish_failures: float = 0.0
    """Publications that are refused although nothing is wrong."""
    partial_adds: float = 0.0
    """AddStaticMembers that carries out a part and then fails."""
    computing: float = 0.0
    """Seconds that computations take; 0 leaves them as they are."""
    failed_computations: float = 0.0
    warned_computations: float = 0.0
    lag: float = 0.0
    """Seconds by which reads lag behind writes."""
    lagging: float = 0.0
    """Share of writes that are seen late."""


PROFILES: Mapping[str, Profile] = {
    "calm": Profile(),
    "slow": Profile(latency=0.3, spread=0.8, slow_bodies=0.05, computing=5.0),
    "throttled": Profile(latency=0.02, spread=0.3, servers=2, scale=60.0),
    "flaky": Profile(
        latency=0.005,
        spread=0.5,
        errors_before=0.03,
        errors_after=0.02,
        resets_before=0.02,
        resets_after=0.02,
        cut_bodies=0.02,
        broken_json=0.02,
        slow_bodies=0.01,
        slow_seconds=0.05,
        token_requests=50,
    ),
    "hostile": Profile(
        latency=0.01,
        spread=1.0,
        servers=3,
        scale=60.0,
        requests_at_a_time=8,
        errors_before=0.05,
        errors_after=0.05,
        resets_before=0.04,
        resets_after=0.04,
        cut_bodies=0.03,
        broken_json=0.03,
        slow_bodies=0.02,
        slow_seconds=0.1,
        token_requests=20,
        publish_failures=0.05,
        partial_adds=0.1,
        computing=0.5,
        failed_computations=0.02,
        warned_computations=0.2,
        lag=0.3,
        lagging=0.2,
    ),
}


def read_profile(text: str, seed: int | None = None) -> Profile:
    """A profile by its name, or from a TOML file that sets some of its fields.

    Raises:
        ValueError: there is none, or it sets what is not known.
    """
    if text in PROFILES:
        profile = PROFILES[text]
    else:
        path = Path(text)
        if not path.is_file():
            raise ValueError(f"there is no profile {text}; known are {', '.join(PROFILES)}, or the name of a TOML file")
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        known = {field.name: type(getattr(Profile(), field.name)) for field in fields(Profile)}
        if unknown := sorted(content.keys() - known.keys()):
            raise ValueError(f"{path} sets {', '.join(unknown)}; known are {', '.join(known)}")
        profile = Profile(**{name: known[name](value) for name, value in content.items()})
    return profile if seed is None else replace(profile, seed=seed)


class Dice:
    """Chance that can be repeated."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._seen = Counter[bytes]()

    def roll(self, *about: str | bytes) -> Random:
        """Chance for one event; the same event coming again has its own."""
        digest = blake2b(str(self._seed).encode(), digest_size=16)
        for part in about:
            digest.update(b"\0" + (part.encode() if isinstance(part, str) else part))
        key = digest.digest()
        self._seen[key] += 1
        return Random(key + self._seen[key].to_bytes(4, "big"))  # noqa: S311


@dataclass(frozen=True, slots=True)
class Fate:
    """What befalls one request."""

    latency: float
    before: str = ""
    """`error` or `reset`, before anything is done."""
    after: str = ""
    """`error`, `reset`, `cut`, `broken` or `slow`, once it is done."""


Watch = Callable[[str, int], bool | None]
"""Told `before` and `after` each request has its effect, with the number of the request, counted from 0; True breaks
the connection there."""


class Chaos:
    """Stands before the sandbox's application and makes trouble."""

    def __init__(
        self, app: App, profile: Profile, dice: Dice, clock: Callable[[], float], watch: Watch | None = None
    ) -> None:
        self.profile, self.watch = profile, watch
        self.protection = Protection(clock, profile.servers, profile.scale, profile.requests_at_a_time)
        self.befallen = Counter[str]()
        """How often each kind of trouble was made."""
        self._app, self._dice = app, dice
        self._tokens = Counter[str]()
        self._number = 0

    async def __call__(self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Any) -> None:
        """Serve one request, or not."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body = await _body(receive)
        if body is None:
            return
        connection = scope.get("state", {}).get("connection")
        token = headers.get("authorization", "").removeprefix("Bearer ")
        user = token.rpartition(".")[0] or token
        server = self.protection.server_for(headers) if self.profile.servers else 0
        cookie = [] if "cookie" in headers or not self.profile.servers else [_cookie(server)]
        if self.profile.servers and (refused := self.protection.enter(user, server)):
            self.befallen["429"] += 1
            await _say(send, 429, refused.code, refused.message, [_header("Retry-After", refused.retry_after), *cookie])
            return
        fate = self._fate(scope, body)
        try:
            if token and self._has_ended(token):
                self.befallen["ended token"] += 1
                challenge = _header("WWW-Authenticate", 'Bearer error="invalid_token"')
                await _say(send, 401, "", "The token has ended.", [challenge, *cookie])
                return
            await asyncio.sleep(fate.latency)
            await self._serve(scope, body, fate, connection, send, cookie)
        finally:
            if self.profile.servers:
                self.protection.leave(user, server, fate.latency)

    async def _serve(
        self, scope: Message, body: bytes, fate: Fate, connection: Any, send: Any, cookie: list[tuple[bytes, bytes]]
    ) -> None:
        number, self._number = self._number, self._number + 1
        if self.watch and self.watch("before", number):
            _abort(connection)
            return
        if fate.before:
            self.befallen[f"{fate.before} before"] += 1
            await self._fail(fate.before, connection, send)
            return
        start, content = await self._answer(scope, body)
        start["headers"] = [*start["headers"], *cookie]
        if self.watch and self.watch("after", number):
            _abort(connection)
            return
        if fate.after:
            self.befallen[f"{fate.after} after"] += 1
        match fate.after:
            case "error" | "reset":
                await self._fail(fate.after, connection, send)
            case "cut" if len(content) > 1:
                await send(start)
                await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
                _abort(connection)
            case "broken" if content:
                broken = content[:-1] + b"\\"  # the same length, so that only the content is wrong
                await send(start)
                await send({"type": "http.response.body", "body": broken})
            case "slow" if content:
                await send(start)
                piece = max(len(content) // 10, 1)
                for at in range(0, len(content), piece):
                    await asyncio.sleep(self.profile.slow_seconds / 10)
                    more = at + piece < len(content)
                    await send({"type": "http.response.body", "body": content[at : at + piece], "more_body": more})
            case _:
                await send(start)
                await send({"type": "http.response.body", "body": content})

    async def _fail(self, how: str, connection: Any, send: Any) -> None:
        if how == "reset":
            _abort(connection)
            return
        status = (500, 502, 503, 504)[self._number % 4]
        await _say(send, status, "0x80060000", "The service has a hiccup.", [])

    async def _answer(self, scope: Message, body: bytes) -> tuple[Message, bytes]:
        """What the application says, whole."""
        parts: list[bytes] = []
        start: Message = {}
        asked = False

        async def receive() -> Message:
            nonlocal asked
            if asked:
                await asyncio.Future()
            asked = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                parts.append(message.get("body", b""))

        await self._app(scope, receive, keep)
        return start, b"".join(parts)

    def _fate(self, scope: Message, body: bytes) -> Fate:
        profile = self.profile
        chance = self._dice.roll(scope["method"], scope["path"], scope.get("query_string", b""), body)
        latency = profile.latency * math.exp(chance.gauss(0.0, profile.spread)) if profile.latency else 0.0
        before = _one_of(chance, {"error": profile.errors_before, "reset": profile.resets_before})
        after = _one_of(
            chance,
            {
                "error": profile.errors_after,
                "reset": profile.resets_after,
                "cut": profile.cut_bodies,
                "broken": profile.broken_json,
                "slow": profile.slow_bodies,
            },
        )
        return Fate(latency, before, after)

    def _has_ended(self, token: str) -> bool:
        self._tokens[token] += 1
        return bool(self.profile.token_requests) and self._tokens[token] > self.profile.token_requests


def _one_of(chance: Random, shares: Mapping[str, float]) -> str:
    at = chance.random()
    for kind, share in shares.items():
        if at < share:
            return kind
        at -= share
    return ""


async def _body(receive: Callable[[], Awaitable[Message]]) -> bytes | None:
    """The request's body; None when the client has gone."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _abort(connection: Any) -> None:
    if connection is not None:
        connection.transport.abort()


def _header(name: str, value: object) -> tuple[bytes, bytes]:
    return name.lower().encode(), str(value).encode()


def _cookie(server: int) -> tuple[bytes, bytes]:
    return _header("Set-Cookie", f"{COOKIE}={server}; Path=/; HttpOnly")


async def _say(send: Any, status: int, code: str, message: str, headers: list[tuple[bytes, bytes]]) -> None:
    content = json.dumps({"error": {"code": code, "message": message}}).encode()
    told = [
        _header("Content-Type", "application/json; charset=utf-8"),
        _header("Content-Length", len(content)),
        _header("x-ms-service-request-id", uuid4()),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": content})
