"""What people type as an address, and what becomes of it."""

from __future__ import annotations

import pytest

from migrator.dataverse.account import Account
from migrator.dataverse.address import organisation_url
from migrator.dataverse.auth import authority_of
from migrator.dataverse.errors import SignInFailed, WrongAddress


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("https://contoso.crm4.dynamics.com", "https://contoso.crm4.dynamics.com"),
        ("contoso.crm4.dynamics.com", "https://contoso.crm4.dynamics.com"),
        (" https://Contoso.crm.dynamics.com/main.aspx?appid=1#x ", "https://contoso.crm.dynamics.com"),
        ("https://contoso.crm4.dynamics.com:443/", "https://contoso.crm4.dynamics.com"),
        ("https://agency.crm.microsoftdynamics.us", "https://agency.crm.microsoftdynamics.us"),
        ("https://agency.crm.appsplatform.us", "https://agency.crm.appsplatform.us"),
        ("https://contoso.crm.dynamics.cn", "https://contoso.crm.dynamics.cn"),
        ("<https://contoso.crm4.dynamics.com/>", "https://contoso.crm4.dynamics.com"),
        ('"contoso.crm4.dynamics.com"', "https://contoso.crm4.dynamics.com"),
        ("„https://contoso.crm4.dynamics.com“", "https://contoso.crm4.dynamics.com"),
        ("(contoso.crm4.dynamics.com),", "https://contoso.crm4.dynamics.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080/api", "http://localhost:8080"),
        ("https://[::1]:8443", "https://[::1]:8443"),
    ],
)
def test_addresses_are_understood(typed: str, meant: str) -> None:
    assert organisation_url(typed) == meant


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "is empty"),
        ("contoso", "contoso.crm.dynamics.com"),
        ("dynamics.com", "own name is missing"),
        ("crm4.dynamics.com", "own name is missing"),
        ("https://www.dynamics.com", "own name is missing"),
        ("https://make.powerapps.com/environments/0f5b0c7f-395d-447b-b14c-315a601f878e/home", "0f5b0c7f-395d-447b"),
        ("https://admin.powerplatform.microsoft.com/environments", "admin centre"),
        ("http://[::1", "brackets do not fit"),
        ("https://contoso.crm4.dynamcs.com", '"dynamics.com"'),
        ("https://contoso.crm4.dynamics.con", '"dynamics.com"'),
        ("https://example.org", "does not end in"),
        ("https://dynamics.com.evil.example", "does not end in"),
        ("http://contoso.crm4.dynamics.com", "https only"),
        ("htps://contoso.crm4.dynamics.com", 'begins with "htps:"'),
        ("https://contoso.crm4.dynamics.com:port", "port is no number"),
        ("http://192.168.1.5", "https only"),
    ],
)
def test_other_addresses_are_refused_with_advice(typed: str, words: str) -> None:
    with pytest.raises(WrongAddress) as error:
        organisation_url(typed)
    assert words in str(error.value)


ORG = "https://contoso.crm4.dynamics.com"


def challenge(uri: str) -> str:
    return f"Bearer authorization_uri={uri}, resource_id={ORG}/"


@pytest.mark.parametrize(
    ("org", "uri", "tenant", "authority"),
    [
        (ORG, "https://login.microsoftonline.com/t-1/oauth2/authorize", "", "https://login.microsoftonline.com/t-1"),
        (ORG, "https://login.windows.net/t-1/oauth2", "", "https://login.microsoftonline.com/t-1"),
        (ORG, "", "t-2", "https://login.microsoftonline.com/t-2"),
        ("https://a.crm.microsoftdynamics.us", "", "t", "https://login.microsoftonline.us/t"),
        ("https://a.crm.dynamics.cn", "", "t", "https://login.partner.microsoftonline.cn/t"),
    ],
)
def test_the_authority_comes_from_the_challenge_or_the_environment(
    org: str, uri: str, tenant: str, authority: str
) -> None:
    assert authority_of(org, challenge(uri), Account(tenant=tenant)) == authority


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "https://login.evil.example/t-1/oauth2/authorize",
        "http://login.microsoftonline.com/t-1/oauth2/authorize",
        "https://login.microsoftonline.us/t-1",
        "https://login.microsoftonline.com/",
    ],
)
def test_a_secret_is_sent_nowhere_else(uri: str) -> None:
    with pytest.raises(SignInFailed):
        authority_of(ORG, challenge(uri), Account())
