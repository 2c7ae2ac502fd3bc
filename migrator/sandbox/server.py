"""Starts and stops the sandbox on a loopback port, with or without TLS."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from migrator.sandbox.app import application
from migrator.sandbox.chaos import Chaos, Dice, Profile, Watch
from migrator.sandbox.identity import SECRET, Gate, IdentityPlatform
from migrator.sandbox.organisation import Organisation

HOST = "127.0.0.1"
_GOODBYE = 0.1
"""Seconds that a TLS connection may take to end."""


class PortTaken(Exception):
    """Another program listens on the port."""


class NotStarted(Exception):
    """The server ended before it answered anybody; its cause is what ended it."""


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that answers."""

    address: str
    """What to give as --org."""
    certificate: Path | None
    """The certificate authority to trust, with TLS."""
    organisation: Organisation
    chaos: Chaos | None = None
    identity: IdentityPlatform | None = None
    """Who may sign in; None where nobody has to."""
    secret: str = SECRET
    """With which every application may sign in."""


class _Connection(H11Protocol):
    """A connection that the application can break."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.app_state = {**self.app_state, "connection": self}


@contextmanager
def running(
    organisation: Organisation,
    *,
    port: int = 0,
    tls_folder: Path | None = None,
    chaos: Profile | None = None,
    watch: Watch | None = None,
    identity: IdentityPlatform | None = None,
) -> Iterator[Running]:
    """Serve `organisation` on loopback until the block ends; port 0 takes a free one.

    Args:
        organisation: what to serve.
        port: the port to listen on.
        tls_folder: where to put the certificate made for the occasion; None serves plain HTTP.
        chaos: what goes wrong; None is nothing.
        watch: for tests, told before and after each request has its effect.
        identity: asks for a sign-in, which needs TLS; None lets everybody in.

    Raises:
        PortTaken: another program listens on `port`.
        NotStarted: the server ended before it answered.
    """
    with ExitStack() as ending:
        ending.callback(organisation.close)
        listener = ending.enter_context(_listener(port))
        server, certificate, adversary = _server(organisation, tls_folder, chaos, watch, identity)
        ending.enter_context(_serving(server, listener, goodbye=certificate is not None))
        scheme = "https" if certificate else "http"
        yield Running(f"{scheme}://{HOST}:{listener.getsockname()[1]}", certificate, organisation, adversary, identity)


def _server(
    organisation: Organisation,
    tls_folder: Path | None,
    chaos: Profile | None,
    watch: Watch | None,
    identity: IdentityPlatform | None,
) -> tuple[uvicorn.Server, Path | None, Chaos | None]:
    """The server, the authority of its certificate, and what goes wrong in it."""
    adversary: Chaos | None = None
    served: Any = application(organisation)
    if chaos is not None or watch is not None:
        profile = chaos or Profile()
        organisation.dice, organisation.profile = Dice(profile.seed), profile
        served = adversary = Chaos(served, profile, organisation.dice, organisation.clock, watch)
    config = uvicorn.Config(
        served if identity is None else Gate(served, identity),
        http=_Connection,
        log_level="warning" if adversary is None else "critical",  # broken connections are what is wanted then
        lifespan="off",
        access_log=False,
        ws="none",
        timeout_graceful_shutdown=2,
    )
    config.load()
    certificate = None
    if tls_folder is not None:
        import trustme  # brings a library of cryptography, which plain HTTP waits for in vain

        authority = trustme.CA()
        certificate = tls_folder / "sandbox-ca.pem"
        authority.cert_pem.write_to_path(certificate)
        config.ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(HOST, "localhost").configure_cert(config.ssl)
    return uvicorn.Server(config), certificate, adversary


@contextmanager
def _serving(server: uvicorn.Server, listener: socket.socket, *, goodbye: bool) -> Iterator[None]:
    """Serve in a thread until the block ends; with `goodbye`, connections get the time that TLS takes to end."""
    died: list[BaseException] = []

    async def serve() -> None:
        await server.serve(sockets=[listener])
        if goodbye:
            await asyncio.sleep(2 * _GOODBYE)

    def run() -> None:
        try:
            with asyncio.Runner(loop_factory=_Loop) as runner:
                runner.run(serve())
        except BaseException as error:
            if server.started:
                raise
            died.append(error)  # told to whoever waits for the server, who is in another thread

    thread = threading.Thread(target=run, name="sandbox", daemon=True)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        if not server.started:
            cause = died[0] if died else None
            raise NotStarted(repr(cause) if cause else "it ended by itself") from cause
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=10)


class _Loop(asyncio.SelectorEventLoop):
    """An event loop that does not wait long for clients that leave without a TLS goodbye, as many do."""

    async def create_server(self, *args: Any, **options: Any) -> asyncio.Server:
        """Listen, with a short end for TLS connections."""
        if options.get("ssl"):
            options["ssl_shutdown_timeout"] = _GOODBYE
        return await super().create_server(*args, **options)


def _listener(port: int) -> socket.socket:
    # The protocol is named, since asyncio turns off the delay of small packets only where it is.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":  # elsewhere the option lets two programs share a port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        raise PortTaken(str(port)) from error
    return listener
