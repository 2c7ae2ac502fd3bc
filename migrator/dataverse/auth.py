"""Signs in: none for loopback; otherwise MSAL, with a client secret or by device code.

The organisation itself says where: an unsigned request is answered with 401 and the authority of its tenant.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import uuid4

from migrator.base.errors import UsageError
from migrator.dataverse.address import sign_in_host
from migrator.dataverse.errors import SignInFailed

PUBLIC_CLIENT = "51f81489-12ee-4a9e-aaae-a2591f45987d"
"""The application id that Microsoft publishes for trying out Dataverse; AZURE_CLIENT_ID takes its place."""

_EARLY = 120.0
"""Seconds before its end at which a token is renewed."""


class Credentials(Protocol):
    """Gives tokens for one organisation."""

    async def token(self, *, renew: bool = False) -> str | None:
        """A token that is valid now; None where no sign-in is needed."""


class NoSignIn:
    """For loopback."""

    async def token(self, *, renew: bool = False) -> str | None:
        """Nothing is needed."""
        return None


class OnLoopback:
    """An account on loopback: its name is all that a server on this machine is told."""

    def __init__(self, name: str) -> None:
        self._name, self._token = name, uuid4().hex

    async def token(self, *, renew: bool = False) -> str | None:
        """The account's name and something that is another one after a renewal."""
        if renew:
            self._token = uuid4().hex
        return f"{self._name}.{self._token}"


@dataclass(frozen=True, slots=True)
class Account:
    """Who signs in. Without a secret it is a person, by device code."""

    tenant: str = ""
    client_id: str = ""
    secret: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Account:
        """The account in AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET."""
        return cls(*(environment.get(f"AZURE_{name}", "") for name in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET")))


def read_accounts(path: Path, environment: Mapping[str, str]) -> list[Account]:
    """The application users in a file; work is spread over them.

    Each is a table `[[account]]` with `client_id`, optionally `tenant`, and either `secret_variable`, the name of the
    environment variable that holds its secret, or `secret`.

    Raises:
        UsageError: the file cannot be read, says something else, or holds secrets that others may read.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        entries = content["account"]
        accounts = [_account(entry, environment) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"The accounts in {path} cannot be read ({error}). Each is a table [[account]] with client_id and "
            "secret_variable, the name of the environment variable that holds its secret."
        ) from error
    if len({account.client_id for account in accounts}) < len(accounts) or not accounts:
        raise UsageError(f"{path} has to name at least one account, and each of them once.")
    if os.name == "posix" and path.stat().st_mode & 0o077 and any("secret" in entry for entry in entries):
        raise UsageError(f"{path} holds secrets that others can read. Take the right away with: chmod 600 {path}")
    return accounts


def _account(entry: Mapping[str, Any], environment: Mapping[str, str]) -> Account:
    if unknown := entry.keys() - {"client_id", "tenant", "secret", "secret_variable"}:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    secret = str(entry.get("secret", ""))
    if variable := entry.get("secret_variable"):
        if variable not in environment:
            raise ValueError(f"the environment has no {variable}")
        secret = environment[variable]
    return Account(str(entry.get("tenant", "")), str(entry["client_id"]), secret)


class Msal:
    """Tokens from Microsoft's identity platform."""

    def __init__(
        self, url: str, authority: str, account: Account, tell: Callable[[str], None], http_client: Any = None
    ) -> None:
        if account.secret and not account.client_id:
            raise SignInFailed("AZURE_CLIENT_SECRET is set, but AZURE_CLIENT_ID is not. Set both, or neither.")
        self._scopes = [f"{url}/.default"]
        self._authority, self._account, self._tell, self._http_client = authority, account, tell, http_client
        self._application: Any = None
        self._token, self._until = "", 0.0
        self._lock = asyncio.Lock()

    async def token(self, *, renew: bool = False) -> str | None:
        """A valid token; asks the person to sign in where there is no other way.

        Raises:
            SignInFailed: the identity platform gives none.
        """
        async with self._lock:
            if renew or time.time() > self._until - _EARLY:
                answer = await asyncio.to_thread(self._acquire, renew)
                self._token = answer["access_token"]
                self._until = time.time() + float(answer.get("expires_in", 0))
            return self._token

    def _acquire(self, renew: bool) -> dict[str, Any]:
        import msal

        account = self._account
        try:
            if self._application is None:
                kind = msal.ConfidentialClientApplication if account.secret else msal.PublicClientApplication
                options = {"client_credential": account.secret} if account.secret else {}
                self._application = kind(
                    account.client_id or PUBLIC_CLIENT,
                    authority=self._authority,
                    http_client=self._http_client,
                    **options,
                )
            if account.secret:
                if renew:
                    self._application.remove_tokens_for_client()
                answer = self._application.acquire_token_for_client(self._scopes)
            else:
                answer = self._silently(renew) or self._by_device_code()
        except (ValueError, OSError) as error:
            raise SignInFailed(f"Signing in at {self._authority} failed: {error}") from error
        if "access_token" not in answer:
            why = str(answer.get("error_description") or answer.get("error") or "no reason given").splitlines()[0]
            raise SignInFailed(
                f"Signing in at {self._authority} failed: {why}. "
                "Check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, "
                "and that the application is a user of the organisation."
            )
        return dict(answer)

    def _silently(self, renew: bool) -> dict[str, Any] | None:
        accounts = self._application.get_accounts()
        if not accounts:
            return None
        found = self._application.acquire_token_silent(self._scopes, accounts[0], force_refresh=renew)
        return dict(found) if found else None

    def _by_device_code(self) -> dict[str, Any]:
        flow = self._application.initiate_device_flow(self._scopes)
        if "message" not in flow:
            return dict(flow)
        self._tell(flow["message"])
        return dict(self._application.acquire_token_by_device_flow(flow))


_AUTHORIZATION = re.compile(r'authorization_uri\s*=\s*"?([^",\s]+)', re.IGNORECASE)


def authority_of(url: str, challenge: str, account: Account) -> str:
    """The authority of the organisation's tenant, from the 401 challenge; AZURE_TENANT_ID takes its place.

    Raises:
        SignInFailed: the challenge names no authority, or one that is not Microsoft's.
    """
    host = sign_in_host(url)
    if account.tenant:
        return f"https://{host}/{account.tenant}"
    match = _AUTHORIZATION.search(challenge)
    if match is None:
        raise SignInFailed(f"{url} asks for a sign-in but does not say where. Set AZURE_TENANT_ID to the tenant's id.")
    parts = urlsplit(match.group(1))
    tenant = parts.path.strip("/").split("/")[0]
    # A secret goes to the sign-in host of the organisation's own cloud, and nowhere else.
    if (
        parts.scheme != "https"
        or parts.hostname not in (host, host.replace("microsoftonline.com", "windows.net"))
        or not tenant
    ):
        raise SignInFailed(f"{url} asks to sign in at {match.group(1)}, which is not {host}. Nothing was sent there.")
    return f"https://{host}/{tenant}"
