"""Every way in, through the real libraries: MSAL, azure-identity and httpx against an identity platform over TLS."""

from __future__ import annotations

import asyncio
import base64
import html
import http.server
import json
import os
import re
import select
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
import webbrowser
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from migrator.base.errors import UsageError
from migrator.dataverse.account import Account, Way, has_display, read_accounts
from migrator.dataverse.client import Client
from migrator.dataverse.connect import SignIn, connect
from migrator.dataverse.errors import SignInFailed, Unreachable
from migrator.dataverse.token_cache import forget, known_sign_ins, open_cache
from migrator.sandbox.data import load
from migrator.sandbox.identity import SECRET, TENANT, USER, IdentityPlatform
from migrator.sandbox.server import Running, running

pytestmark = pytest.mark.slow  # each test has servers and processes of its own

APP = "5a000000-0000-4000-8000-0000000000cc"
APPLICATION = Account(client_id=APP, secret=SECRET, way=Way.SECRET)
PERSON = Account(way=Way.DEVICE_CODE)


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("AZURE_", "IDENTITY_", "MSI_"))]:
        monkeypatch.delenv(name)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "CI", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def box(small_export: Path, tmp_path: Path) -> Iterator[Running]:
    """The small organisation, which asks for a sign-in."""
    folder = tmp_path / "tls"
    folder.mkdir()
    identity = IdentityPlatform(interval=0)
    with running(load(small_export, time.monotonic), tls_folder=folder, identity=identity) as server:
        yield server


def platform(box: Running) -> IdentityPlatform:
    assert box.identity is not None
    return box.identity


def session(
    box: Running, account: Account, said: list[str] | None = None, *, asks: int = 1, wait: float = 0, **how: Any
) -> Client:
    async def work() -> Client:
        words = said if said is not None else []
        sign_in = SignIn(ca_file=str(box.certificate), say=words.append, **how)
        async with await connect(box.address, accounts=[account], sign_in=sign_in) as client:
            for _ in range(asks):
                await client.get("WhoAmI")
                await asyncio.sleep(wait)
            return client

    return asyncio.run(work())


# --- programs --------------------------------------------------------------------------------------------------------


def test_an_application_signs_in_with_its_secret(box: Running) -> None:
    assert session(box, APPLICATION).organisation_id == box.organisation.id
    assert platform(box).asked == ["client_credentials"]


def pem_and_pfx(folder: Path, password: bytes) -> tuple[Path, Path, Path]:
    issued = trustme.CA(key_type=trustme.KeyType.RSA).issue_cert("app.example", key_type=trustme.KeyType.RSA)
    pem, plain, pfx = folder / "app.pem", folder / "plain.pem", folder / "app.pfx"
    plain.write_bytes(issued.private_key_pem.bytes() + issued.cert_chain_pems[0].bytes())
    key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
    certificate = x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes())
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password),
    )
    pem.write_bytes(issued.cert_chain_pems[0].bytes() + locked)
    pfx.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"app",
            key,  # type: ignore[arg-type]
            certificate,
            None,
            serialization.BestAvailableEncryption(password),
        )
    )
    return plain, pem, pfx


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    return pem_and_pfx(tmp_path_factory.mktemp("certificates"), b"open sesame")


@pytest.mark.parametrize("number", [0, 1, 2], ids=["PEM", "locked PEM", "PFX"])
def test_an_application_signs_in_with_its_certificate(
    box: Running, certificates: tuple[Path, Path, Path], number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_ID", APP)
    monkeypatch.setenv("AZURE_CLIENT_CERTIFICATE_PATH", str(certificates[number]))
    monkeypatch.setenv("AZURE_CLIENT_CERTIFICATE_PASSWORD", "open sesame" if number else "")
    session(box, Account.from_environment(os.environ))
    (assertion,) = platform(box).assertions
    claims = jwt.decode(assertion, options={"verify_signature": False})
    assert (claims["iss"], claims["sub"]) == (APP, APP)
    assert "x5t" in jwt.get_unverified_header(assertion) or "x5t#S256" in jwt.get_unverified_header(assertion)


@pytest.mark.parametrize(
    ("content", "password", "words"),
    [(b"no certificate", "", "cannot be read"), (None, "wrong", "cannot be read"), (b"", "", "cannot be read")],
)
def test_a_certificate_that_cannot_be_used_is_named(
    box: Running,
    certificates: tuple[Path, Path, Path],
    tmp_path: Path,
    content: bytes | None,
    password: str,
    words: str,
) -> None:
    path = tmp_path / "app.pfx"
    path.write_bytes(certificates[2].read_bytes() if content is None else content)
    account = Account(client_id=APP, certificate=str(path), certificate_password=password, way=Way.CERTIFICATE)
    with pytest.raises(SignInFailed, match=words) as failure:
        session(box, account)
    assert str(path) in str(failure.value)
    assert "wrong" not in str(failure.value).replace("wrong password", "")
    assert platform(box).asked == []


def test_a_certificate_file_that_is_not_there_is_refused_before_anything_is_sent(box: Running) -> None:
    account = Account(client_id=APP, certificate="/nowhere.pem", way=Way.CERTIFICATE)
    with pytest.raises(UsageError, match=r"AZURE_CLIENT_CERTIFICATE_PATH names /nowhere\.pem"):
        session(box, account)


def test_a_workload_shows_the_token_of_its_platform(box: Running, tmp_path: Path) -> None:
    (tmp_path / "federated").write_text("the workload's word\n")
    account = Account(client_id=APP, federated_token=str(tmp_path / "federated"))
    session(box, account)
    assert platform(box).assertions == ["the workload's word"]


def test_a_ready_token_is_read_as_windows_powershell_has_written_it(box: Running, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{platform(box)._given({})['access_token']}\r\n", encoding="utf-16")
    session(box, Account(token_file=str(tmp_path / "token")))


def test_a_ready_token_comes_from_a_file_and_is_read_again_when_it_has_ended(box: Running, tmp_path: Path) -> None:
    given = platform(box)._given({})["access_token"]
    (tmp_path / "token").write_text(f"{given}\n")
    session(box, Account(token_file=str(tmp_path / "token")))
    platform(box).withdraw()
    with pytest.raises(SignInFailed, match=r"no newer one in .*token"):
        session(box, Account(token_file=str(tmp_path / "token")))


def test_a_ready_token_comes_from_standard_input(box: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    given = platform(box)._given({})["access_token"]
    import io

    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{given}\n"))
    session(box, Account(token_file="-"), asks=3)


@pytest.mark.parametrize("content", ["", "two words", "\n\n"])
def test_a_file_that_holds_no_token_is_named(box: Running, tmp_path: Path, content: str) -> None:
    (tmp_path / "token").write_text(content)
    with pytest.raises(SignInFailed, match="holds no token"):
        session(box, Account(token_file=str(tmp_path / "token")))


def test_the_session_of_the_azure_command_line_is_used(
    box: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = platform(box)._given({})["access_token"]
    az = tmp_path / "az"
    answer = json.dumps(
        {"accessToken": given, "expires_on": int(time.time()) + 3600, "expiresOn": "2099-01-01 00:00:00"}
    )
    az.write_text(f"#!/bin/sh\nprintf '%s' \"$*\" > {tmp_path}/asked\nprintf '%s' '{answer}'\n")
    az.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    session(box, Account(way=Way.AZURE_CLI))
    assert box.address in (tmp_path / "asked").read_text()


def test_without_that_command_line_the_cure_is_said(
    box: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SignInFailed, match="az login"):
        session(box, Account(way=Way.AZURE_CLI))


def test_a_machine_with_a_managed_identity_is_let_in(box: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    given = platform(box)._given({})["access_token"]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = json.dumps(
                {
                    "access_token": given,
                    "expires_on": str(int(time.time()) + 3600),
                    "resource": "r",
                    "token_type": "Bearer",
                }
            )
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{server.server_port}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", "header")
        session(box, Account(way=Way.MANAGED_IDENTITY))
    finally:
        server.shutdown()
        server.server_close()


# --- people ----------------------------------------------------------------------------------------------------------


def test_a_person_types_a_code(box: Running) -> None:
    said: list[str] = []
    platform(box).approve_after = 3
    session(box, PERSON, said)
    assert len(said) == 1
    assert "enter the code SANDBOX" in said[0]
    assert platform(box).asked == ["device_code"] * 4


class Browser:
    """A browser that signs in by itself."""

    def __init__(self, certificate: Path) -> None:
        self._context = ssl.create_default_context(cafile=str(certificate))
        self.opened: list[str] = []

    def open(self, url: str, *_: object, **__: object) -> bool:
        self.opened.append(url)
        threading.Thread(target=self._sign_in, args=(url,), daemon=True).start()
        return True

    def _sign_in(self, url: str) -> None:
        with urllib.request.urlopen(url, context=self._context) as answer:
            page = answer.read().decode()
        target = html.unescape(re.findall(r'action="([^"]*)"', page)[0])
        fields = {key: html.unescape(value) for key, value in re.findall(r'name="([^"]*)" value="([^"]*)"', page)}
        urllib.request.urlopen(target, data=urllib.parse.urlencode(fields).encode()).close()


@pytest.fixture
def browser(box: Running, monkeypatch: pytest.MonkeyPatch) -> Browser:
    assert box.certificate is not None
    found = Browser(box.certificate)
    monkeypatch.setattr(webbrowser, "_tryorder", ["ours"])
    monkeypatch.setattr(webbrowser, "_browsers", {"ours": [None, found]})
    monkeypatch.setattr(webbrowser, "_os_preferred_browser", None)
    return found


def test_a_person_signs_in_in_the_browser(box: Running, browser: Browser) -> None:
    said: list[str] = []
    session(box, Account(way=Way.BROWSER), said)
    assert platform(box).asked == ["authorization_code"]
    assert len(browser.opened) == 1
    assert "browser opens" in said[0]


@pytest.mark.parametrize(
    ("environment", "system", "shown"),
    [
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "linux", False),
        ({}, "win32", True),
        ({}, "darwin", True),
        ({"SSH_CONNECTION": "x", "DISPLAY": ":0"}, "linux", False),
        ({"SSH_CONNECTION": "x"}, "darwin", False),
        ({"CI": "true"}, "win32", False),
    ],
)
def test_a_browser_is_used_where_there_is_a_display(environment: dict[str, str], system: str, shown: bool) -> None:
    assert has_display(environment, system) is shown


@pytest.mark.parametrize(
    ("variables", "way"),
    [
        ({}, Way.DEVICE_CODE),
        ({"DISPLAY": ":0"}, Way.BROWSER),
        ({"AZURE_CLIENT_ID": APP}, Way.DEVICE_CODE),
        ({"AZURE_CLIENT_ID": APP, "AZURE_CLIENT_SECRET": "s"}, Way.SECRET),
        ({"AZURE_CLIENT_ID": APP, "AZURE_CLIENT_CERTIFICATE_PATH": "x.pem"}, Way.CERTIFICATE),
        ({"AZURE_CLIENT_ID": APP, "AZURE_FEDERATED_TOKEN_FILE": "t"}, Way.WORKLOAD_IDENTITY),
    ],
)
def test_the_variables_of_azure_choose_the_way(variables: dict[str, str], way: Way) -> None:
    assert Account.from_environment(variables).chosen(variables) is way


@pytest.mark.parametrize(
    ("account", "variable"),
    [
        (Account(secret="s"), "AZURE_CLIENT_ID"),
        (Account(client_id=APP, way=Way.SECRET), "AZURE_CLIENT_SECRET"),
        (Account(client_id=APP, way=Way.CERTIFICATE), "AZURE_CLIENT_CERTIFICATE_PATH"),
        (Account(client_id=APP, way=Way.WORKLOAD_IDENTITY), "AZURE_FEDERATED_TOKEN_FILE"),
        (Account(way=Way.TOKEN), "--token-file"),
    ],
)
def test_what_a_way_needs_is_named_before_anything_is_sent(account: Account, variable: str) -> None:
    with pytest.raises(UsageError, match=variable):
        account.chosen({})


# --- from one command to the next ------------------------------------------------------------------------------------


def test_the_second_command_does_not_ask_again(box: Running, tmp_path: Path) -> None:
    said: list[str] = []
    for _ in range(2):
        session(box, PERSON, said, cache=tmp_path / "cache")
    assert sum("SANDBOX" in words for words in said) == 1
    assert platform(box).asked == ["device_code"] * 2


def test_a_sign_in_whose_token_has_ended_is_renewed_without_a_question(box: Running, tmp_path: Path) -> None:
    said: list[str] = []
    session(box, PERSON, said, cache=tmp_path / "cache")
    platform(box).withdraw()
    session(box, PERSON, said, cache=tmp_path / "cache")
    assert platform(box).asked[-1] == "refresh_token"
    assert sum("SANDBOX" in words for words in said) == 1


def test_where_nothing_can_be_encrypted_the_file_is_the_users_own_and_it_is_said_once(
    box: Running, tmp_path: Path
) -> None:
    said: list[str] = []
    for _ in range(2):
        session(box, PERSON, said, cache=tmp_path / "cache")
    (kept,) = [path for path in (tmp_path / "cache").iterdir() if path.suffix != ".lockfile"]
    if os.name == "posix":
        assert kept.stat().st_mode & 0o077 == 0
        assert (tmp_path / "cache").stat().st_mode & 0o077 == 0
    assert sum("cannot encrypt" in words for words in said) <= 1


def test_what_is_known_of_a_sign_in_is_who_where_and_until_when(box: Running, tmp_path: Path) -> None:
    session(box, PERSON, cache=tmp_path / "cache")
    (one,) = known_sign_ins(open_cache(tmp_path / "cache", print))
    assert (one.who, one.tenant, one.organisation) == (USER, TENANT, box.address)
    assert one.until > time.time() + 3000


def test_a_sign_in_that_is_forgotten_is_asked_for_again(box: Running, tmp_path: Path) -> None:
    said: list[str] = []
    session(box, PERSON, said, cache=tmp_path / "cache")
    assert forget(tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())
    assert not forget(tmp_path / "cache")
    session(box, PERSON, said, cache=tmp_path / "cache")
    assert sum("SANDBOX" in words for words in said) == 2


# --- what goes wrong -------------------------------------------------------------------------------------------------


def test_a_token_that_ends_early_is_renewed(box: Running) -> None:
    async def work() -> None:
        async with await connect(
            box.address, accounts=[APPLICATION], sign_in=SignIn(ca_file=str(box.certificate), say=print)
        ) as client:
            platform(box).withdraw()
            await client.get("WhoAmI")

    asyncio.run(work())
    assert platform(box).asked == ["client_credentials"] * 2


def test_a_certificate_that_nobody_trusts_is_said_with_its_cure(box: Running) -> None:
    async def work() -> None:
        async with await connect(box.address, accounts=[APPLICATION], sign_in=SignIn(say=print)):
            pytest.fail("it was trusted")

    with pytest.raises(Unreachable, match=r"its certificate is not trusted .* --ca-file FILE"):
        asyncio.run(work())
    assert platform(box).asked == []


def test_tokens_that_last_for_seconds_are_renewed_in_time(box: Running) -> None:
    platform(box).lifetime = 0.3
    session(box, APPLICATION, asks=4, wait=0.2)
    assert len(platform(box).asked) > 2


def test_claims_that_the_organisation_asks_for_are_handed_to_the_platform(box: Running) -> None:
    platform(box).claims = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}'
    session(box, APPLICATION)
    assert platform(box).asked == ["client_credentials"] * 2


def test_a_platform_that_is_not_available_is_asked_again(box: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migrator.dataverse.identity._FIRST", 0.01)
    platform(box).unavailable = 3
    session(box, APPLICATION)
    assert len(platform(box).asked) == 4


def test_a_platform_that_stays_away_is_named_with_what_to_do(box: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migrator.dataverse.identity._FIRST", 0.01)
    platform(box).unavailable = 100
    with pytest.raises(SignInFailed, match=r"answers 503.*repeat the command"):
        session(box, APPLICATION)


REFUSALS = [
    ("AADSTS53003: Access has been blocked by Conditional Access policies.", "Conditional Access.*--sign-in browser"),
    ("AADSTS50057: The user account is disabled.", "user is disabled.*administrator"),
    ("AADSTS7000222: The provided client secret keys are expired.", "secret has expired"),
    ("AADSTS700016: Application was not found in the directory.", "no application with this id.*AZURE_TENANT_ID"),
    ("AADSTS90002: Tenant not found.", "no such tenant"),
    ("AADSTS65001: The user or administrator has not consented.", "consent"),
    ("AADSTS50076: Due to a configuration change, you must use multi-factor authentication.", "second factor"),
    ("AADSTS500011: The resource principal was not found.", "does not know this organisation"),
    ("AADSTS999999: Something new.\r\nTrace ID: 77", "Something new"),
]


@pytest.mark.parametrize(("text", "words"), REFUSALS)
@pytest.mark.parametrize("account", [PERSON, APPLICATION], ids=["a person", "an application"])
def test_a_refusal_is_a_sentence_with_its_cure(box: Running, account: Account, text: str, words: str) -> None:
    platform(box).refuse = text
    with pytest.raises(SignInFailed, match=words) as failure:
        session(box, account)
    assert "Trace ID" not in str(failure.value)
    if "53003" in text or "50057" in text:
        assert "secret" not in str(failure.value).lower()  # nobody has to look at a secret for that


def test_a_code_that_ends_tells_of_conditional_access_and_the_other_ways(box: Running) -> None:
    """The browser shows AADSTS53003 to the person; the platform itself only lets the code end."""
    platform(box).approve_after = -1
    platform(box).code_lifetime = 1
    with pytest.raises(SignInFailed, match=r"not used in time.*AADSTS53003.*--sign-in browser"):
        session(box, PERSON)


def test_the_wrong_secret_is_said_without_saying_it(box: Running) -> None:
    with pytest.raises(SignInFailed, match="the secret is wrong") as failure:
        session(box, replace(APPLICATION, secret="hunter2"))
    assert "hunter2" not in str(failure.value)
    assert "hunter2" not in repr(replace(APPLICATION, secret="hunter2"))


def test_a_certificate_that_nobody_trusts_ends_the_sign_in_with_the_setting(box: Running) -> None:
    async def work() -> None:
        await connect(box.address, accounts=[APPLICATION])

    with pytest.raises(Unreachable, match="certificate"):
        asyncio.run(work())


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_ends_a_wait_for_a_code_at_once(box: Running) -> None:
    platform(box).approve_after, platform(box).interval = -1, 5
    script = (
        "import asyncio, sys\n"
        "from migrator.dataverse.account import Account, Way\n"
        "from migrator.dataverse.connect import SignIn, connect\n"
        "asyncio.run(connect(sys.argv[1], accounts=[Account(way=Way.DEVICE_CODE)],\n"
        "    sign_in=SignIn(ca_file=sys.argv[2], say=lambda words: print(words, flush=True))))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, box.address, str(box.certificate)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    with process:
        assert process.stdout is not None
        assert "SANDBOX" in process.stdout.readline()
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)
        assert time.monotonic() - began < 3


# --- proxies ---------------------------------------------------------------------------------------------------------


class Proxy(http.server.ThreadingHTTPServer):
    """A proxy that lets through whoever knows its name and password, and counts them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ProxyHandler)
        self.let_through = self.refused = 0


class ProxyHandler(http.server.BaseHTTPRequestHandler):
    server: Proxy

    def do_CONNECT(self) -> None:
        wanted = "Basic " + base64.b64encode(b"adele:pass@word").decode()
        if self.headers.get("Proxy-Authorization") != wanted:
            self.server.refused += 1
            self.send_response(407)
            self.send_header("Proxy-Authenticate", "Basic")
            self.end_headers()
            return
        self.server.let_through += 1
        host, _, port = self.path.partition(":")
        with socket.create_connection((host, int(port))) as far:
            self.send_response(200)
            self.end_headers()
            ends = {self.connection: far, far: self.connection}
            while True:
                for here in select.select(list(ends), [], [], 10)[0]:
                    data = here.recv(65536)
                    if not data:
                        return
                    ends[here].sendall(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    server = Proxy()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_everything_goes_through_the_proxy_of_the_environment(
    box: Running, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://adele:pass%40word@127.0.0.1:{proxy.server_port}")
    session(box, APPLICATION)
    assert proxy.let_through >= 2  # the organisation, and the identity platform
    assert proxy.refused == 0


def test_a_proxy_that_refuses_is_named(box: Running, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://adele:wrong@127.0.0.1:{proxy.server_port}")
    with pytest.raises(Unreachable, match="407") as failure:
        session(box, APPLICATION)
    assert "wrong" not in str(failure.value)
    assert proxy.let_through == 0


# --- several accounts ------------------------------------------------------------------------------------------------


def test_a_secret_in_the_place_of_its_variable_is_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "accounts.toml"
    file.write_text(f'[[account]]\nclient_id = "{APP}"\nsecret_variable = "Xy8~very.secret-value"\n')
    with pytest.raises(UsageError, match="secret_variable") as failure:
        read_accounts(file, {})
    assert "very" not in str(failure.value)


def test_accounts_may_have_certificates(certificates: tuple[Path, Path, Path], tmp_path: Path, box: Running) -> None:
    file = tmp_path / "accounts.toml"
    file.write_text(
        f'[[account]]\nclient_id = "{APP}"\ncertificate = "{certificates[2]}"\n'
        'certificate_password_variable = "PASSWORD_1"\n'
    )
    (account,) = read_accounts(file, {"PASSWORD_1": "open sesame"})
    session(box, account)
    assert len(platform(box).assertions) == 1
