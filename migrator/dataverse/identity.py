"""Tokens from Microsoft's identity platform, by MSAL: browser, code, secret, certificate, workload identity.

A person's sign-in is kept (token_cache.py), so that the next command does not ask again. Whatever blocks runs in a
thread that nobody has to wait for: Ctrl-C ends a wait for a person at once.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from msal.exceptions import MsalServiceError

from migrator import __version__
from migrator.base.threads import apart
from migrator.dataverse.account import PERSONAL, PUBLIC_CLIENT, Account, Way
from migrator.dataverse.address import is_loopback
from migrator.dataverse.auth import EARLY, Sleep
from migrator.dataverse.errors import SignInFailed
from migrator.dataverse.refused_sign_in import refused_sign_in

log = logging.getLogger("migrator.dataverse")
T = TypeVar("T")

_TRIES = 4
"""How often the identity platform is asked while it answers 5xx or 429, or not at all."""
_FIRST = 1.0
"""Seconds before the second try; it doubles."""
BROWSER_PATIENCE = 300
"""Seconds that a person has to sign in in the browser."""


class Msal:
    """One account's tokens for one organisation."""

    def __init__(
        self,
        url: str,
        authority: str,
        account: Account,
        way: Way,
        *,
        tell: Callable[[str], None],
        sleep: Sleep = asyncio.sleep,
        http: Any = None,
        cache: Callable[[], Any] | None = None,
    ) -> None:
        """Nothing is sent before the first token is asked for.

        Args:
            url: the organisation's address.
            authority: where its tenant signs in.
            account: who.
            way: how.
            tell: where the words of a sign-in go; they always reach the person.
            sleep: waits; ends early where somebody wishes to end.
            http: what MSAL sends by (`trust.IdentitySession`).
            cache: opens the cache in which a person's sign-in is kept; None keeps it for this command alone.
        """
        self._scopes = [f"{url}/.default"]
        self._authority, self._account, self._way = authority, account, way
        self._tell, self._sleep, self._http, self._cache = tell, sleep, http, cache
        self._application: Any = None
        self._token, self._until = "", 0.0
        self._lock = asyncio.Lock()

    async def token(self, *, renew: bool = False, claims: str = "") -> str | None:
        """A valid token; asks the person to sign in where there is no other way.

        Raises:
            SignInFailed: the identity platform gives none.
            Interrupted: somebody wishes to end.
        """
        async with self._lock:
            if renew or time.time() > self._until - EARLY:
                answer = await self._acquired(renew, claims)
                self._token = str(answer["access_token"])
                self._until = time.time() + float(answer.get("expires_in", 0))
            return self._token

    async def _acquired(self, renew: bool, claims: str) -> Mapping[str, Any]:
        if self._application is None:
            self._application = await self._patiently(self._built)
        answer = await self._silently(renew, claims) if self._way in PERSONAL else None
        if answer is None:
            match self._way:
                case Way.BROWSER:
                    answer = await self._by_browser(claims)
                case Way.DEVICE_CODE:
                    answer = await self._by_device_code(claims)
                case _:
                    answer = await self._patiently(lambda: self._for_application(renew, claims))
        if "access_token" not in answer:
            raise refused_sign_in(
                self._authority, str(answer.get("error") or ""), str(answer.get("error_description") or "")
            )
        return answer

    # --- the application ---

    def _built(self) -> Any:
        import msal

        account, way = self._account, self._way
        options: dict[str, Any] = {
            "authority": self._authority,
            "http_client": self._http,
            "app_name": "migrator",
            "app_version": __version__,
            "client_capabilities": ["CP1"],  # we understand claims challenges
        }
        if is_loopback(urlsplit(self._authority).hostname or ""):
            options["instance_discovery"] = False  # only Microsoft's own hosts are known there
        if way in PERSONAL:
            cache = self._cache() if self._cache else None
            return msal.PublicClientApplication(account.client_id or PUBLIC_CLIENT, token_cache=cache, **options)
        return msal.ConfidentialClientApplication(account.client_id, client_credential=self._credential(), **options)

    def _credential(self) -> Any:
        account = self._account
        if self._way is Way.SECRET:
            return account.secret
        if self._way is Way.WORKLOAD_IDENTITY:
            # Read at each use: the platform renews the file.
            return {"client_assertion": lambda: Path(account.federated_token).read_text(encoding="utf-8").strip()}
        return certificate_credential(account)

    def _for_application(self, renew: bool, claims: str) -> dict[str, Any]:
        if renew and not claims:
            self._application.remove_tokens_for_client()
        return dict(self._application.acquire_token_for_client(self._scopes, claims_challenge=claims or None))

    # --- a person ---

    async def _silently(self, renew: bool, claims: str) -> Mapping[str, Any] | None:
        def known() -> dict[str, Any] | None:
            tenant = urlsplit(self._authority).path.strip("/")
            accounts = self._application.get_accounts()
            same = [one for one in accounts if one.get("home_account_id", "").endswith(f".{tenant}")]
            for one in same or accounts:
                found = self._application.acquire_token_silent(
                    self._scopes, one, force_refresh=renew, claims_challenge=claims or None
                )
                if found:
                    return dict(found)
            return None

        return await self._patiently(known)

    async def _by_browser(self, claims: str) -> Mapping[str, Any]:
        def told(**_: Any) -> None:
            self._tell("Your browser opens for the sign-in. Without one: --sign-in device-code")

        def asked() -> dict[str, Any]:
            return dict(
                self._application.acquire_token_interactive(
                    self._scopes,
                    claims_challenge=claims or None,
                    timeout=BROWSER_PATIENCE,
                    prompt="select_account",
                    on_before_launching_ui=told,
                )
                or {"error": "timeout"}
            )

        return await self._patiently(asked, tries=1)

    async def _by_device_code(self, claims: str) -> Mapping[str, Any]:
        flow = await self._patiently(lambda: dict(self._application.initiate_device_flow(self._scopes)))
        if "message" not in flow:
            return flow
        self._tell(str(flow["message"]))
        while True:
            answer = await self._patiently(
                lambda: dict(
                    self._application.acquire_token_by_device_flow(
                        flow, claims_challenge=claims or None, exit_condition=lambda _: True
                    )
                )
            )
            if answer.get("error") not in ("authorization_pending", "slow_down"):
                return answer
            if time.time() > float(flow.get("expires_at", 0)):
                return {"error": "expired_token"}
            await self._sleep(max(float(flow.get("interval", 5)), 0.1))

    # --- patience ---

    async def _patiently(self, ask: Callable[[], T], tries: int = _TRIES) -> T:
        """What `ask` gives; a platform that does not answer, or answers 5xx or 429, is asked again a few times."""
        pause = _FIRST
        for attempt in range(1, tries + 1):
            try:
                return await apart(ask)
            except (requests.RequestException, MsalServiceError) as error:
                status = _status(error)
                if attempt == tries or (status and status < 500 and status != 429):
                    raise SignInFailed(self._unreachable(error, status)) from error
                log.warning("sign-in: %s; again", status or type(error).__name__)
                await self._sleep(pause)
                pause *= 2
            except (ValueError, OSError) as error:
                raise SignInFailed(
                    f"Signing in at {self._authority} failed: {_first_line(error)}. Repeat the command, or sign in "
                    "another way (migrator login --help)."
                ) from error
        raise AssertionError

    def _unreachable(self, error: Exception, status: int) -> str:
        host = urlsplit(self._authority).hostname
        if status:
            return f"{host} answers {status} to the sign-in. Nothing was changed; repeat the command in a few minutes."
        if isinstance(error, requests.exceptions.SSLError):
            return (
                f"{host} cannot be trusted: {_first_line(error)} If a proxy of your network stands in between, name "
                "its certificate authority with ca_file in migrator.toml, or MIGRATOR_CA_FILE. Nothing was sent."
            )
        if isinstance(error, requests.exceptions.ProxyError):
            return f"The proxy lets nobody through to {host}: {_first_line(error)} Check HTTPS_PROXY. Nothing was sent."
        return f"{host} cannot be reached for the sign-in. Check the connection and HTTPS_PROXY; nothing was changed."


def certificate_credential(account: Account) -> dict[str, Any]:
    """What MSAL wants for a certificate, PEM or PFX.

    Raises:
        ValueError: the file holds no certificate with its key, or the password is wrong.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import pkcs12

    content = Path(account.certificate).read_bytes()
    password = account.certificate_password.encode() or None
    where = f"AZURE_CLIENT_CERTIFICATE_PATH names {account.certificate}, which"
    try:
        if b"-----BEGIN" in content:
            key = serialization.load_pem_private_key(content, password)
            certificate = x509.load_pem_x509_certificate(content)
        else:
            found, one, _ = pkcs12.load_key_and_certificates(content, password)
            if found is None or one is None:
                raise ValueError(f"{where} holds no certificate with its key.")
            key, certificate = found, one
    except (ValueError, TypeError) as error:
        if str(error).startswith(where):
            raise
        raise ValueError(
            f"{where} cannot be read: it has to be PEM (certificate and key in one file) or PFX, and "
            f"AZURE_CLIENT_CERTIFICATE_PASSWORD its password, if it has one ({_first_line(error)})"
        ) from error
    if not isinstance(key, RSAPrivateKey):
        raise ValueError(f"{where} has no RSA key; the identity platform takes no other.")
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "private_key": private.decode(),
        "public_certificate": certificate.public_bytes(serialization.Encoding.PEM).decode(),
    }


def _status(error: Exception) -> int:
    """The HTTP status of an answer that was no answer; 0 where there was none. MSAL says it in words alone."""
    response = getattr(error, "response", None)
    if response is not None:
        return int(response.status_code)
    found = re.search(r"HTTP Error: (\d{3})", str(error))
    return int(found.group(1)) if found else 0


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
