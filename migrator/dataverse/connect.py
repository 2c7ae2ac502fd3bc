"""Reaching an organisation: its address, who signs in, and the first question, which it answers with who it is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx

from migrator.base.patience import Patience
from migrator.dataverse.address import is_loopback, organisation_url
from migrator.dataverse.auth import Account, Msal, NoSignIn, OnLoopback, authority_of
from migrator.dataverse.client import Client, Lane
from migrator.dataverse.errors import Forbidden, NotDataverse, Refused, ServerFault, Throttled
from migrator.dataverse.throttle import Throttle
from migrator.product.codes import PROTECTION_WINDOW

_TIMEOUT = httpx.Timeout(120.0, connect=20.0)


async def connect(
    address: str,
    *,
    accounts: Sequence[Account] = (),
    tell: Any = print,
    parallel: int = 8,
    window: float = PROTECTION_WINDOW,
    patience: Patience | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    msal_http: Any = None,
) -> Client:
    """Reach an organisation and sign in.

    Args:
        address: what a person types as the organisation's address.
        accounts: who signs in; the work is spread over several. By default one, from the AZURE_* variables.
        tell: where the words of the device-code sign-in go.
        parallel: requests at a time for each account, at most.
        window: seconds of the window in which the organisation counts; another one than the product's for tests.
        patience: how long passing failures are repeated once the organisation has been reached.
        transport: for tests, what takes the place of the network.
        msal_http: for tests, what takes the place of the network for the identity platform.

    Raises:
        DataverseError: the address is wrong, or the organisation cannot be reached or refuses us.
    """
    url = organisation_url(address)
    wanted = list(accounts) or [Account.from_environment(os.environ)]
    # Cookies would tie all requests to one web server of many (product documentation: do not keep the affinity cookie).
    no_cookies = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    verify = httpx.create_ssl_context()

    def connection() -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=_TIMEOUT, cookies=no_cookies, transport=transport, verify=verify)

    lanes = [Lane(Throttle(parallel, window), NoSignIn()) for _ in wanted]
    client = Client(url, connection, lanes, patience or Patience())
    try:
        await _sign_in(client, lanes, wanted, tell, msal_http)
        await _first_contact(client, lanes)
    except BaseException:
        await client.__aexit__()
        raise
    return client


async def _sign_in(client: Client, lanes: Sequence[Lane], accounts: Sequence[Account], tell: Any, http: Any) -> None:
    """Give each lane its account. On loopback nobody has to sign in; accounts are known by their ids there."""
    if is_loopback(urlsplit(client.url).hostname or ""):
        for lane, account in zip(lanes, accounts, strict=True):
            if account.client_id:
                lane.credentials = OnLoopback(account.client_id)
        return
    try:
        response = await client.send(lanes[0], "GET", "WhoAmI", None, "")
    except httpx.TransportError as error:
        raise client.unreachable(error) from error
    if response.status_code == 401:
        challenge = response.headers.get("www-authenticate", "")
        for lane, account in zip(lanes, accounts, strict=True):
            lane.credentials = Msal(client.url, authority_of(client.url, challenge, account), account, tell, http)


async def _first_contact(client: Client, lanes: Sequence[Lane]) -> None:
    """Ask the organisation who it is, once for each account."""
    for lane in lanes:
        try:
            me = await client.question("GET", "WhoAmI", hasty=True, lane=lane)
            client.organisation_id = UUID(me["OrganizationId"])
            client.business_unit_id = UUID(me["BusinessUnitId"])
        except (Throttled, ServerFault, Forbidden):
            raise
        except (Refused, KeyError, ValueError) as error:
            raise NotDataverse(
                f"{client.url} answers, but not like an organisation ({error}). Check the address; it looks like "
                "https://contoso.crm4.dynamics.com"
            ) from error
