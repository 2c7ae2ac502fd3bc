"""The command `sandbox`: an address to use, on loopback, with a certificate on request."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from migrator.base.errors import UsageError
from migrator.cli.runs import until_interrupted
from migrator.commands.practice import practice_organisation
from migrator.sandbox import server
from migrator.sandbox.data import load
from tests.conftest import INTERRUPTIBLE, Clock
from tests.small import STATIC, contact


@contextmanager
def served(*options: str, told: int = 0) -> Iterator[list[str]]:
    """Start the command and give the lines that it prints first, `told` of them; it ends well by Ctrl-C."""
    process = subprocess.Popen(
        [*INTERRUPTIBLE, "sandbox", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(told or (4 if "--tls" in options else 2))]
        try:
            yield lines
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
    assert process.returncode == 0


@pytest.mark.slow
def test_it_prints_the_address_to_use(small_export: Path) -> None:
    with served("--data", str(small_export)) as lines:
        address = lines[1].rpartition(" ")[2]
        assert lines[1] == f"Try: migrator run --org {address}"
        assert address.startswith("http://127.0.0.1:")
        assert httpx.get(f"{address}/api/data/v9.2/WhoAmI").status_code == 200


@pytest.mark.slow
def test_whoever_ends_it_while_it_still_speaks_has_ended_it_well(small_export: Path) -> None:
    with served("--data", str(small_export), told=1) as lines:
        assert lines[0].startswith("The sandbox answers at ")


def test_ctrl_c_counts_from_the_first_word() -> None:
    said: list[str] = []

    def announce() -> None:
        said.append("The sandbox answers at")
        raise KeyboardInterrupt

    until_interrupted(announce)
    assert said == ["The sandbox answers at"]


@pytest.mark.slow
def test_tls_makes_a_certificate_that_the_command_line_can_trust(small_export: Path, tmp_path: Path) -> None:
    with served("--data", str(small_export), "--tls") as lines:
        address, certificate = (line.rpartition(" ")[2] for line in lines[1:3])
        assert address.startswith("https://127.0.0.1:")
        trust = ssl.create_default_context(cafile=certificate)
        assert httpx.get(f"{address}/api/data/v9.2/WhoAmI", verify=trust).status_code == 200
        environment = {**os.environ, "SSL_CERT_FILE": certificate}
        ended = subprocess.run(
            [sys.executable, "-m", "migrator", "run", "--org", address, "--out", tmp_path / "runs", "--quiet", "--yes"],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (ended.returncode, ended.stderr) == (3, "")
        environment.pop("SSL_CERT_FILE")
        ended = subprocess.run(
            [sys.executable, "-m", "migrator", "run", "--org", address, "--out", tmp_path / "runs", "--quiet", "--yes"],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.returncode == 5
        assert "certificate" in ended.stderr.lower()


@pytest.fixture
def listeners(monkeypatch: pytest.MonkeyPatch) -> list[socket.socket]:
    """The sockets on which a sandbox has listened."""
    opened: list[socket.socket] = []
    listen = server._listener

    def listener(port: int) -> socket.socket:
        opened.append(listen(port))
        return opened[-1]

    monkeypatch.setattr(server, "_listener", listener)
    return opened


def test_a_server_that_dies_before_it_answers_is_said_and_lets_go_of_the_port(
    small_export: Path, listeners: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: object, **__: object) -> None:
        raise OSError("no more sockets")

    monkeypatch.setattr(uvicorn.Server, "serve", dies)
    begun = False
    with pytest.raises(UsageError, match="no more sockets"), practice_organisation(small_export, 0, "live", None):
        begun = True
    assert not begun
    assert [one.fileno() for one in listeners] == [-1]


def test_a_certificate_that_cannot_be_written_lets_go_of_the_port(
    small_export: Path, listeners: list[socket.socket], clock: Clock, tmp_path: Path
) -> None:
    organisation = load(small_export, clock)
    with pytest.raises(OSError, match="sandbox-ca"), server.running(organisation, tls_folder=tmp_path / "missing"):
        pass
    assert [one.fileno() for one in listeners] == [-1]


@pytest.mark.slow
def test_outbound_can_be_removed(small_export: Path) -> None:
    with served("--data", str(small_export), "--outbound", "removed") as lines:
        address = lines[1].rpartition(" ")[2]
        assert httpx.get(f"{address}/api/data/v9.2/msdyncrm_segments").status_code == 200
        assert httpx.post(f"{address}/api/data/v9.2/msdyncrm_ValidateSegment", json={}).status_code == 404


def test_an_export_without_tables_can_be_practised_on_too(small_export: Path, clock: Clock) -> None:
    for path in (small_export / "tables").iterdir():
        path.unlink()
    (small_export / "sandbox.json").unlink()
    (small_export / "metadata.json").unlink()
    organisation = load(small_export, clock)
    known = {str(contact(n)) for n in (0, 1, 2, 3, 4)}
    assert set(organisation.rows["contact"]) == known
    assert set(organisation.lists[str(STATIC)]) == {contact(n).int for n in range(5)}


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="looks at sockets the POSIX way")
def test_it_listens_on_loopback_only(small_export: Path) -> None:
    with served("--data", str(small_export)) as lines:
        port = int(lines[1].rpartition(":")[2])
        tables = Path("/proc/net/tcp")
        if not tables.exists():
            pytest.skip("no /proc/net/tcp")
        listening = [line.split()[1] for line in tables.read_text().splitlines()[1:] if line.split()[3] == "0A"]
        assert [address for address in listening if int(address.split(":")[1], 16) == port] == [f"0100007F:{port:04X}"]
