"""Gives tokens for one organisation: none on loopback, a ready one, by MSAL, or by what Azure has on this machine.

The organisation itself says where to sign in: an unsigned request is answered with 401 and the authority of its tenant.
"""

from __future__ import annotations

import base64
import re
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import uuid4

from migrator.base.errors import UsageError, why
from migrator.base.threads import apart
from migrator.base.written_text import written_text
from migrator.dataverse.account import Account, Way
from migrator.dataverse.address import is_loopback, sign_in_host
from migrator.dataverse.errors import SignInFailed

EARLY = 120.0
"""Seconds before its end at which a token is renewed."""

Sleep = Callable[[float], Awaitable[None]]
"""Waits so many seconds, and ends early, with an error, where somebody wishes to end."""


class Credentials(Protocol):
    """Gives tokens for one organisation."""

    async def token(self, *, renew: bool = False, claims: str = "") -> str | None:
        """A token that is valid now; None where no sign-in is needed.

        Args:
            renew: the last one was refused; another is needed.
            claims: what the organisation asks of the new one (continuous access evaluation), as JSON.
        """


class NoSignIn:
    """For loopback, where nobody asks."""

    async def token(self, *, renew: bool = False, claims: str = "") -> str | None:
        """Nothing is needed."""
        return None


class OnLoopback:
    """An account on loopback: its name is all that a server on this machine is told."""

    def __init__(self, name: str) -> None:
        self._name, self._token = name, uuid4().hex

    async def token(self, *, renew: bool = False, claims: str = "") -> str | None:
        """The account's name and something that is another one after a renewal."""
        if renew:
            self._token = uuid4().hex
        return f"{self._name}.{self._token}"


class ReadyToken:
    """A token that somebody else has got: from a file, which is read again when it ended, or from standard input."""

    def __init__(self, source: str) -> None:
        self._source, self._token = source, ""

    async def token(self, *, renew: bool = False, claims: str = "") -> str | None:
        """The token.

        Raises:
            SignInFailed: there is none, or the one that there is has ended.
        """
        if not self._token or renew:
            found = await apart(self._read)
            if renew and found == self._token:
                raise SignInFailed(
                    "The ready token has ended or is refused, and there is no newer one in "
                    f"{'standard input' if self._source == '-' else self._source}. Get a new one and repeat the "
                    "command; what was done is kept."
                )
            self._token = found
        return self._token

    def _read(self) -> str:
        if self._source == "-":
            text = self._token or sys.stdin.readline()
        else:
            try:
                text = written_text(Path(self._source))
            except (OSError, UnicodeDecodeError) as error:
                raise SignInFailed(
                    f"The token file {self._source} cannot be read: {why(error)}. Check the path."
                ) from error
        token = text.strip().removeprefix("Bearer ").strip()
        if not token or any(character.isspace() for character in token):
            where = "Standard input" if self._source == "-" else f"The file {self._source}"
            raise SignInFailed(
                f"{where} holds no token. It has to be one line, as az account get-access-token gives it."
            )
        return token


class FromAzure:
    """What Azure has on this machine: the session of its command line, or the machine's identity (azure-identity)."""

    def __init__(self, url: str, account: Account, way: Way) -> None:
        self._scope, self._account, self._way = f"{url}/.default", account, way
        self._credential: Any = None
        self._token, self._until = "", 0.0

    async def token(self, *, renew: bool = False, claims: str = "") -> str | None:
        """A valid token.

        Raises:
            SignInFailed: there is no such session or identity.
        """
        if renew or time.time() > self._until - EARLY:
            found = await apart(lambda: self._acquire(claims))
            self._token, self._until = found.token, float(found.expires_on)
        return self._token

    def _acquire(self, claims: str) -> Any:
        from azure.core.exceptions import AzureError
        from azure.identity import AzureCliCredential, ManagedIdentityCredential

        if self._credential is None:
            if self._way is Way.AZURE_CLI:
                self._credential = AzureCliCredential(tenant_id=self._account.tenant)
            else:
                self._credential = ManagedIdentityCredential(client_id=self._account.client_id or None)
        options = {"claims": claims} if claims else {}
        try:
            return self._credential.get_token(self._scope, **options)
        except AzureError as error:
            why = str(error).splitlines()[0] if str(error) else type(error).__name__
            cure = (
                "Sign in there first: az login"
                if self._way is Way.AZURE_CLI
                else "This machine has no managed identity that Azure knows; sign in another way."
            )
            raise SignInFailed(f"Signing in by {self._way} failed: {why} {cure}") from error


# --- what the organisation's 401 says --------------------------------------------------------------------------------

_AUTHORIZATION = re.compile(r'authorization_uri\s*=\s*"?([^",\s]+)', re.IGNORECASE)
_CLAIMS = re.compile(r'claims\s*=\s*"([^"]+)"', re.IGNORECASE)


def authority_of(url: str, challenge: str, account: Account) -> str:
    """The authority of the organisation's tenant, from the 401 challenge; AZURE_TENANT_ID takes its place.

    A sandbox on this machine may name an authority on this machine; every other organisation one of its own cloud.

    Args:
        url: the organisation's address.
        challenge: the WWW-Authenticate header of its 401.
        account: who signs in, with the tenant where it is set.

    Raises:
        SignInFailed: the challenge names no authority, or one that is not Microsoft's.
    """
    match = _AUTHORIZATION.search(challenge)
    if is_loopback(urlsplit(url).hostname or ""):
        return _on_loopback(url, match.group(1) if match else "", account)
    host = sign_in_host(url)
    if account.tenant:
        return f"https://{host}/{account.tenant}"
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


def _on_loopback(url: str, named: str, account: Account) -> str:
    parts = urlsplit(named)
    tenant = account.tenant or parts.path.strip("/").split("/")[0]
    if parts.scheme != "https" or not is_loopback(parts.hostname or "") or not tenant:
        raise SignInFailed(
            f"{url} asks to sign in at {named or 'nowhere'}, which is not this machine. Nothing was sent."
        )
    return f"https://{parts.netloc}/{tenant}"


def claims_of(challenge: str) -> str:
    """What a 401 asks of the next token (continuous access evaluation), as JSON; empty where it asks nothing."""
    match = _CLAIMS.search(challenge)
    if match is None:
        return ""
    text = match.group(1)
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return text if text.startswith("{") else ""


def usable(account: Account, way: Way) -> None:
    """Refuse an account whose files are not there, before anything is sent.

    Raises:
        UsageError: one of them is missing.
    """
    files = {
        Way.CERTIFICATE: (account.certificate, "AZURE_CLIENT_CERTIFICATE_PATH"),
        Way.WORKLOAD_IDENTITY: (account.federated_token, "AZURE_FEDERATED_TOKEN_FILE"),
    }
    path, variable = files.get(way, ("", ""))
    if path and not Path(path).is_file():
        raise UsageError(f"{variable} names {path}, which is no file. Check the path. Nothing was sent.")
