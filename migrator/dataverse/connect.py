"""Reaches an organisation: its address, its certificate, who signs in, and who it says that it is."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx

from migrator.base.cells import identity
from migrator.base.patience import Patience, Waiting
from migrator.dataverse.account import Account, Way
from migrator.dataverse.address import is_loopback, organisation_url
from migrator.dataverse.answers import TooLong
from migrator.dataverse.auth import Credentials, FromAzure, NoSignIn, OnLoopback, ReadyToken, authority_of, usable
from migrator.dataverse.client import Client, Lane
from migrator.dataverse.errors import Forbidden, HeldOff, NotDataverse, Refused, ServerFault, Throttled
from migrator.dataverse.sending import BROKEN, NEVER_SENT, PASSING, retry_after, status_of
from migrator.dataverse.throttle import Throttle
from migrator.dataverse.trust import tls_context
from migrator.product.codes import PROTECTION_WINDOW

_TIMEOUT = httpx.Timeout(120.0, connect=20.0)
_SILENCE = 10.0
"""Seconds without a first answer after which that is said."""
_FIRST_ANSWERS = 4
"""How often an organisation is asked whether we have to sign in, while its answers get lost."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """How people and programs sign in, besides who they are."""

    way: Way = Way.AUTO
    """For the account of the AZURE_* variables."""
    token_file: str = ""
    """A ready token; `-` is standard input."""
    tenant: str = ""
    """Takes the place of the tenant that the organisation names."""
    cache: Path | None = None
    """The folder in which a person's sign-in is kept; None keeps it for this command alone."""
    ca_file: str = ""
    """One certificate authority more than the system's, for organisation and identity platform alike."""
    say: Callable[[str], None] = print
    """Where the words of a sign-in go. They always reach the person, also where everything else is quiet."""


async def connect(
    address: str,
    *,
    accounts: Sequence[Account] = (),
    sign_in: SignIn | None = None,
    parallel: int = 8,
    window: float = PROTECTION_WINDOW,
    patience: Patience | None = None,
    tell: Callable[[str], None] = lambda _: None,
    transport: httpx.AsyncBaseTransport | None = None,
    msal_http: Any = None,
) -> Client:
    """Reach an organisation and sign in.

    Args:
        address: what a person types as the organisation's address.
        accounts: who signs in; the work is spread over several. By default one, from the AZURE_* variables.
        sign_in: how.
        parallel: requests at a time for each account, at most.
        window: seconds of the window in which the organisation counts; another one than the product's for tests.
        patience: how long passing failures are repeated once the organisation has been reached.
        tell: where sentences for the person at the keyboard go, such as that the organisation makes us wait.
        transport: for tests, what takes the place of the network.
        msal_http: for tests, what takes the place of the network for the identity platform.

    Raises:
        UsageError: the account, or something that it names, is not usable.
        DataverseError: the address is wrong, or the organisation cannot be reached or refuses us.
    """
    url = organisation_url(address)
    how = sign_in or SignIn()
    wanted = list(accounts) or [
        Account.from_environment(os.environ, how.way, token_file=how.token_file, tenant=how.tenant)
    ]
    # Cookies would tie all requests to one web server of many (product documentation: do not keep the affinity cookie).
    no_cookies = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    verify = tls_context(how.ca_file)

    def connection() -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=_TIMEOUT, cookies=no_cookies, transport=transport, verify=verify)

    lanes = [Lane(Throttle(parallel, window), NoSignIn()) for _ in wanted]
    client = Client(url, connection, lanes, patience or Patience())
    client.tell = tell
    for lane in lanes:
        lane.throttle.sleep = client.stop.sleep
    try:
        await _sign_in(client, lanes, wanted, how, msal_http)
        await _first_contact(client, lanes)
    except BaseException:
        await client.__aexit__()
        raise
    return client


async def _sign_in(client: Client, lanes: Sequence[Lane], accounts: Sequence[Account], how: SignIn, http: Any) -> None:
    """Give each lane its account, if the organisation asks who we are. A sandbox on this machine need not ask."""
    if is_loopback(urlsplit(client.url).hostname or ""):
        for lane, account in zip(lanes, accounts, strict=True):
            if account.client_id:  # accounts are known by their ids there
                lane.credentials = OnLoopback(account.client_id)
    response = await _answer_without_sign_in(client, lanes[0])
    if response.status_code == 401:
        challenge = response.headers.get("www-authenticate", "")
        for lane, account in zip(lanes, accounts, strict=True):
            lane.credentials = _credentials(client, challenge, account, how, http)


async def _answer_without_sign_in(client: Client, lane: Lane) -> httpx.Response:
    """What the organisation says to whom it does not know.

    One answer that is lost on the way is no address that is wrong, so it is asked a few times. An address at which
    nobody is, or that is silent, is told at once.
    """
    waiting = Waiting(client.patience.counted(_FIRST_ANSWERS - 1), client.stop)
    while True:
        silence = asyncio.get_running_loop().call_later(
            _SILENCE,
            client.tell,
            f"{client.url} has not answered for {_SILENCE:g} seconds; it is waited for, two minutes at most. "
            "Ctrl-C ends it.",
        )
        try:
            response = await client.send(lane, "GET", "WhoAmI", None, "")
        except BROKEN as error:
            silent = status_of(error) == NEVER_SENT or isinstance(error, httpx.TimeoutException)
            if silent or not await waiting.again():
                raise client.unreachable(error) from error
            continue
        except TooLong as error:
            raise NotDataverse(
                f"{client.url} answers, but not like an organisation: {error}. Check the address."
            ) from error
        finally:
            silence.cancel()
        # What cannot answer now does not say either whether we have to sign in.
        if response.status_code == 429:
            if not waiting.bears(asked := retry_after(response, client.patience.first)):
                raise HeldOff(client.url, asked, again=asked <= client.patience.longest)
            continue  # the account's throttle waits before it asks again
        if response.status_code not in PASSING or not await waiting.again():
            return response


def _credentials(client: Client, challenge: str, account: Account, how: SignIn, http: Any) -> Credentials:
    way = account.chosen(os.environ)
    usable(account, way)
    match way:
        case Way.TOKEN:
            return ReadyToken(account.token_file)
        case Way.AZURE_CLI | Way.MANAGED_IDENTITY:
            return FromAzure(client.url, account, way)
    from migrator.dataverse.identity import Msal  # MSAL and what it needs, where somebody signs in
    from migrator.dataverse.identity_session import IdentitySession
    from migrator.dataverse.token_cache import open_cache

    folder = how.cache
    return Msal(
        client.url,
        authority_of(client.url, challenge, account),
        account,
        way,
        tell=how.say,
        sleep=client.stop.sleep,
        http=http or IdentitySession(tls_context(how.ca_file)),
        cache=(lambda: open_cache(folder, how.say)) if folder else None,
    )


async def _first_contact(client: Client, lanes: Sequence[Lane]) -> None:
    """Ask the organisation who it is, once for each account."""
    for lane in lanes:
        try:
            me = await client.question("GET", "WhoAmI", hasty=True, lane=lane)
        except (Throttled, ServerFault, Forbidden):
            raise
        except Refused as error:
            raise _no_organisation(client.url, str(error)) from error
        client.organisation_id = _own_id(client.url, me, "OrganizationId")
        client.business_unit_id = _own_id(client.url, me, "BusinessUnitId")
        client.user_id = _own_id(client.url, me, "UserId")


def _own_id(url: str, me: Mapping[str, Any], name: str) -> UUID:
    if (found := identity(me.get(name))) is None:
        raise _no_organisation(url, f"its WhoAmI has no readable {name}")
    return found


def _no_organisation(url: str, why: str) -> NotDataverse:
    return NotDataverse(
        f"{url} answers, but not like an organisation ({why}). Check the address; it looks like "
        "https://contoso.crm4.dynamics.com"
    )
