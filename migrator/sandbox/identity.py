"""The identity platform of the box: what MSAL asks, on the sandbox's own address, and a gate before the API.

It answers by OAuth 2.0 (RFC 6749, 8628), OpenID Connect and Microsoft's documents on them. Tokens are words without
meaning; whoever holds one that has not ended may enter. It needs TLS, since MSAL speaks to nothing else.
"""

from __future__ import annotations

import base64
import html
import json
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

TENANT = "5a000000-0000-4000-8000-0000000000aa"
SECRET = "sandbox-secret"  # noqa: S105 - of a made-up organisation
USER = "adele@sandbox.example"

_Send = Callable[[MutableMapping[str, Any]], Any]


@dataclass(slots=True)
class IdentityPlatform:
    """Who may sign in to the box, and how it goes; tests and `sandbox --sign-in` set it as they like."""

    lifetime: float = 3600.0
    """Seconds that a token is good for."""
    user: str = USER
    approve_after: int = 1
    """How often a device code is asked about before the person has typed it; below zero nobody ever does."""
    code_lifetime: float = 900.0
    """Seconds that a device code is good for."""
    interval: int = 5
    """Seconds between two questions about a device code."""
    refuse: str = ""
    """What every request for a token is refused with, such as "AADSTS50057: The user account is disabled."."""
    refuse_error: str = "invalid_grant"
    unavailable: int = 0
    """How many requests for a token are answered with 503 before the platform is itself again."""
    claims: str = ""
    """Claims that the API asks of every token without them (continuous access evaluation)."""
    clock: Callable[[], float] = time.time
    asked: list[str] = field(default_factory=list)
    """The kind of every request for a token, in order."""
    assertions: list[str] = field(default_factory=list)
    """Client assertions that were shown (certificates, workload identities)."""
    _tokens: dict[str, tuple[float, bool]] = field(default_factory=dict)
    _codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    _refreshes: set[str] = field(default_factory=set)

    # --- the API's side ---

    def admits(self, authorization: str) -> bool:
        """Whether a request with this header may enter."""
        until, has_claims = self._tokens.get(authorization.removeprefix("Bearer "), (0.0, False))
        return until > self.clock() and (has_claims or not self.claims)

    def challenge(self, base: str, authorization: str) -> str:
        """The header WWW-Authenticate of a 401."""
        where = f"Bearer authorization_uri={base}/{TENANT}/oauth2/authorize, resource_id={base}/"
        until, _ = self._tokens.get(authorization.removeprefix("Bearer "), (0.0, False))
        if self.claims and until > self.clock():
            coded = base64.urlsafe_b64encode(self.claims.encode()).decode()
            return f'{where}, error="insufficient_claims", claims="{coded}"'
        return where

    def withdraw(self) -> None:
        """End every token at once, as an administrator does."""
        self._tokens.clear()

    # --- the platform's side ---

    async def answer(self, request: Request, base: str) -> Response:
        """One of the platform's endpoints."""
        path = request.url.path
        here = f"{base}/{TENANT}"
        if path.endswith("/.well-known/openid-configuration"):
            return JSONResponse(
                {
                    "issuer": f"{here}/v2.0",
                    "authorization_endpoint": f"{here}/oauth2/v2.0/authorize",
                    "token_endpoint": f"{here}/oauth2/v2.0/token",
                    "device_authorization_endpoint": f"{here}/oauth2/v2.0/devicecode",
                }
            )
        form = {key: values[0] for key, values in parse_qs((await request.body()).decode()).items()}
        if path.endswith("/devicecode"):
            return self._device_code(here, form.get("scope", ""))
        if path.endswith("/token"):
            return self._token(form)
        if path.endswith("/authorize"):
            return self._authorize(dict(request.query_params))
        return JSONResponse({"error": "not_found"}, 404)

    def _device_code(self, here: str, scope: str) -> Response:
        if self.refuse:
            return self._refused()
        code = uuid4().hex
        self._codes[code] = {"left": self.approve_after, "until": self.clock() + self.code_lifetime, "scope": scope}
        page = f"{here}/device"
        return JSONResponse(
            {
                "device_code": code,
                "user_code": "SANDBOX",
                "verification_uri": page,
                "interval": self.interval,
                "expires_in": self.code_lifetime,
                "message": f"To sign in, open the page {page} and enter the code SANDBOX.",
            }
        )

    def _authorize(self, query: dict[str, str]) -> Response:
        """The page on which a person signs in: here everybody is let in, and the form sends itself."""
        if self.refuse:
            sent = {"error": self.refuse_error, "error_description": self.refuse, "state": query.get("state", "")}
        else:
            code = uuid4().hex
            self._codes[code] = {"nonce": query.get("nonce", ""), "scope": query.get("scope", "")}
            sent = {"code": code, "state": query.get("state", "")}
        target = query.get("redirect_uri", "")
        if urlsplit(target).hostname not in ("localhost", "127.0.0.1"):
            return JSONResponse({"error": "invalid_request"}, 400)
        if query.get("response_mode") != "form_post":
            return Response(status_code=302, headers={"Location": f"{target}?{urlencode(sent)}"})
        fields = "".join(f'<input name="{key}" value="{html.escape(value)}">' for key, value in sent.items())
        return HTMLResponse(f'<form method="post" action="{html.escape(target)}">{fields}</form>')

    def _token(self, form: dict[str, str]) -> Response:
        kind = form.get("grant_type", "").rsplit(":", maxsplit=1)[-1]
        self.asked.append(kind)
        if self.unavailable:
            self.unavailable -= 1
            return JSONResponse({"error": "temporarily_unavailable"}, 503, headers={"Retry-After": "0"})
        if self.refuse:
            return self._refused()
        match kind:
            case "client_credentials":
                return self._for_application(form)
            case "device_code":
                return self._for_code(form)
            case "authorization_code":
                known = self._codes.pop(form.get("code", ""), None)
                if known is None:
                    return self._invalid("AADSTS70008: The code has expired or was used.")
                return self._for_person({**known, **form}, known["nonce"])
            case "refresh_token":
                known_token = form.get("refresh_token", "") in self._refreshes
                return self._for_person(form) if known_token else self._invalid("AADSTS700082: The token has expired.")
        return self._invalid(f"grant_type {kind} is not supported", "unsupported_grant_type")

    def _for_application(self, form: dict[str, str]) -> Response:
        assertion = form.get("client_assertion", "")
        if assertion:
            self.assertions.append(assertion)
        elif form.get("client_secret") != SECRET:
            return self._invalid("AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1", "invalid_client", 401)
        return JSONResponse(self._given(form))

    def _for_code(self, form: dict[str, str]) -> Response:
        code = self._codes.get(form.get("device_code", ""))
        if code is None or code["until"] <= self.clock():
            return self._invalid("AADSTS70020: The code has expired.", "expired_token")
        if code["left"] != 0:
            code["left"] -= 1
            return self._invalid("AADSTS70016: Authorization is pending.", "authorization_pending")
        return self._for_person({**code, **form})

    def _for_person(self, form: dict[str, str], nonce: str = "") -> Response:
        refresh = uuid4().hex
        self._refreshes.add(refresh)
        now = int(self.clock())
        who = {"uid": "5a000000-0000-4000-8000-0000000000bb", "utid": TENANT}
        claims = {
            "aud": form.get("client_id", ""),
            "iss": f"/{TENANT}/v2.0",
            "exp": now + 3600,
            "iat": now,
            "sub": "adele",
            "oid": who["uid"],
            "tid": TENANT,
            "preferred_username": self.user,
            **({"nonce": nonce} if nonce else {}),
        }
        return JSONResponse(
            {
                **self._given(form),
                "refresh_token": refresh,
                "id_token": f"{_coded({'alg': 'none'})}.{_coded(claims)}.",
                "client_info": _coded(who),
            }
        )

    def _given(self, form: dict[str, str]) -> dict[str, Any]:
        token = uuid4().hex
        wanted = form.get("claims", "")
        asks_for_more = bool(self.claims) and all(part in wanted for part in _leaves(self.claims))
        self._tokens[token] = (self.clock() + self.lifetime, asks_for_more)
        return {
            "token_type": "Bearer",
            "access_token": token,
            "expires_in": self.lifetime,
            "scope": " ".join(part for part in form.get("scope", "").split() if "://" in part),
        }

    def _refused(self) -> Response:
        return self._invalid(self.refuse, self.refuse_error)

    @staticmethod
    def _invalid(why: str, error: str = "invalid_grant", status: int = 400) -> Response:
        return JSONResponse({"error": error, "error_description": why}, status)


class Gate:
    """Lets nobody to the API without a token, and answers for the identity platform."""

    def __init__(self, inner: Any, platform: IdentityPlatform) -> None:
        self.inner, self.platform = inner, platform

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: _Send) -> None:
        """One request."""
        request = Request(scope, receive)
        base = f"{request.url.scheme}://{request.url.netloc}"
        if not scope["path"].startswith("/api/"):
            response = await self.platform.answer(request, base)
            await response(scope, receive, send)
            return
        authorization = request.headers.get("authorization", "")
        if self.platform.admits(authorization):
            await self.inner(scope, receive, send)
            return
        refused = Response(status_code=401, headers={"WWW-Authenticate": self.platform.challenge(base, authorization)})
        await refused(scope, receive, send)


def _coded(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def _leaves(claims: str) -> list[str]:
    """The values that a claims challenge asks for."""

    def of(node: Any) -> list[str]:
        if isinstance(node, dict):
            return [leaf for value in node.values() for leaf in of(value)]
        return [node] if isinstance(node, str) else []

    return of(json.loads(claims))
