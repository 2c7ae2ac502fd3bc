"""The address of an organisation: what people type, made into what requests need, or refused with advice."""

from __future__ import annotations

import re
from difflib import get_close_matches
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx

from migrator.dataverse.errors import WrongAddress

CLOUDS = {
    "dynamics.com": "login.microsoftonline.com",
    "microsoftdynamics.us": "login.microsoftonline.us",
    "appsplatform.us": "login.microsoftonline.us",
    "dynamics.cn": "login.partner.microsoftonline.cn",
}
"""The end of an organisation's host name → the host that signs people in (product documentation)."""


def organisation_url(text: str) -> str:
    """`text` as scheme and host (and port, on loopback), such as `https://contoso.crm4.dynamics.com`.

    Raises:
        WrongAddress: it cannot be the address of an organisation; the message says what to change.
    """
    text = text.strip().strip(_WRAPPED).strip()
    if not text:
        raise WrongAddress("The organisation's address is empty. It looks like https://contoso.crm4.dynamics.com")
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        raise _wrong(text, "its brackets do not fit") from None
    try:
        port = parts.port
    except ValueError:
        raise _wrong(text, "its port is no number") from None
    if parts.scheme not in ("http", "https"):
        raise _wrong(text, f'it begins with "{parts.scheme}:" instead of "https:"')
    if is_loopback(host):
        where = f"[{host}]" if ":" in host else host
        return f"{parts.scheme}://{where}" + (f":{port}" if port else "")
    if parts.scheme == "http":
        raise _wrong(text, "members are personal data and travel over https only")
    if hint := _another_page(host, parts.path):
        raise _wrong(text, hint)
    if host not in CLOUDS and not any(host.endswith(f".{cloud}") for cloud in CLOUDS):
        raise _wrong(text, _misspelt(host))
    if not _NAMED.fullmatch(host):
        raise _wrong(text, "the organisation's own name is missing before it, as in contoso.crm4.dynamics.com")
    return f"https://{host}" + (f":{port}" if port and port != 443 else "")


_WRAPPED = "<>()[]{}\"'“”„«»‘’`,;"
"""What people copy along with an address from mails, tables and chats."""
_NAMED = re.compile(r"[a-z0-9-]+\.(?:api\.)?crm\d*\.(?:" + "|".join(map(re.escape, CLOUDS)) + ")")
"""An organisation's own name, before the part that tells the region."""
_PAGES = {
    "make.powerapps.com": "of the Power Apps maker portal",
    "make.preview.powerapps.com": "of the Power Apps maker portal",
    "make.powerautomate.com": "of Power Automate",
    "admin.powerplatform.microsoft.com": "of the Power Platform admin centre",
    "login.microsoftonline.com": "of the sign-in page",
}
_ENVIRONMENT = re.compile(r"environments?/(?:Default-)?([0-9a-fA-F-]{36})")


def _another_page(host: str, path: str) -> str:
    """Whose page it is, where somebody copied the address of another one than the organisation's."""
    page = _PAGES.get(host)
    if page is None:
        return ""
    found = _ENVIRONMENT.search(path)
    where = f" of the environment {found.group(1)}" if found else ""
    return (
        f"it is the address {page}. The organisation's own{where} stands there as Environment URL "
        "(admin centre: Environments, the environment, Details)"
    )


def is_same_organisation(url: str, link: str) -> bool:
    """Whether `link` is a whole address of the organisation at `url`: its own, or its alias `<name>.api.<rest>`.

    Scheme, host and port are compared as the client that sends reads them, never as text: an address may begin like the
    organisation's and go elsewhere (`https://contoso.crm4.dynamics.com.evil.example/`, `https://contoso…@evil.example/`).
    """
    try:
        ours, theirs = httpx.URL(url), httpx.URL(link)
    except httpx.InvalidURL:
        return False
    if not theirs.is_absolute_url or theirs.userinfo:
        return False
    same = (ours.scheme, ours.port) == (theirs.scheme, theirs.port)
    return same and _without_api(ours.host) == _without_api(theirs.host)


def _without_api(host: str) -> str:
    """The host, without the part that tells the alias for programs from the address for people."""
    name, _, rest = host.lower().rstrip(".").partition(".")
    return f"{name}.{rest.removeprefix('api.')}"


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine, by name or by number."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def sign_in_host(url: str) -> str:
    """The host that signs people in for the organisation at `url`."""
    host = urlsplit(url).hostname or ""
    return next(authority for cloud, authority in CLOUDS.items() if host.endswith(f".{cloud}"))


def _misspelt(host: str) -> str:
    if "." not in host:
        return f'"{host}" is a name alone; add the rest, such as {host}.crm.dynamics.com (crm4 for Europe, and so on)'
    ending = ".".join(host.split(".")[-2:])
    if near := get_close_matches(ending, CLOUDS, n=2, cutoff=0.7):
        meant = " or ".join(f'"{cloud}"' for cloud in near)
        return f'its name ends in "{ending}", which was probably meant to be {meant}'
    return f'the name "{host}" does not end in {", ".join(CLOUDS)}'


def _wrong(text: str, why: str) -> WrongAddress:
    return WrongAddress(
        f"{text} is not the address of an organisation: {why}. "
        "Copy it from the browser; it looks like https://contoso.crm4.dynamics.com"
    )
