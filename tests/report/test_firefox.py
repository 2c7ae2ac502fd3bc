"""The report in another engine: Debian's Firefox, driven by the protocol that it speaks itself (Marionette)."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).parent.parent.parent / "reports" / "example" / "report.html"
pytestmark = pytest.mark.slow  # a real browser


class Firefox:
    """A window without a screen."""

    def __init__(self, port: int) -> None:
        self._connection = _connected(port)
        self._sent = 0
        self._read()
        self.ask("WebDriver:NewSession", {})

    def ask(self, command: str, values: dict[str, Any]) -> Any:
        self._sent += 1
        content = json.dumps([0, self._sent, command, values])
        self._connection.sendall(f"{len(content)}:{content}".encode())
        _, _, error, result = self._read()
        assert error is None, error
        return result

    def run(self, script: str) -> Any:
        """The value of a script in the page."""
        return self.ask("WebDriver:ExecuteScript", {"script": script, "args": []})["value"]

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()

    def _read(self) -> Any:
        size = b""
        while not size.endswith(b":"):
            size += self._connection.recv(1)
        content = b""
        while len(content) < int(size[:-1]):
            content += self._connection.recv(int(size[:-1]) - len(content))
        return json.loads(content)


def _connected(port: int) -> socket.socket:
    until = time.monotonic() + 60
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=60)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    found = shutil.which("firefox-esr") or shutil.which("firefox")
    if not found:
        pytest.skip("Firefox is not on this machine: apt-get install firefox-esr")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    profile = tmp_path_factory.mktemp("profile")
    (profile / "user.js").write_text(f'user_pref("marionette.port", {port});\n')
    command = [found, "--headless", "--marionette", "--no-remote", "--profile", str(profile), "about:blank"]
    environment = {**os.environ, "MOZ_CRASHREPORTER_DISABLE": "1", "HOME": str(profile)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    window = None
    try:
        window = Firefox(port)
        yield window
    finally:
        if window is not None:
            window.close()
        process.terminate()
        process.wait(30)


def test_the_report_works_in_firefox(firefox: Firefox) -> None:
    firefox.ask("WebDriver:Navigate", {"url": EXAMPLE.as_uri()})
    assert firefox.run("return document.querySelector('h1').textContent.length") > 3
    rows = "return document.querySelectorAll('#rows > tr:not(.detail) > th').length"
    assert firefox.run(rows) == 55
    firefox.run(
        "const q = document.getElementById('q'); q.value = 'newsletter';"
        "q.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    until = time.monotonic() + 10
    while firefox.run(rows) != 4 and time.monotonic() < until:
        time.sleep(0.05)
    assert firefox.run(rows) == 4
    assert firefox.run("return document.getElementById('showing').textContent") == "4 of 55 segments"
    firefox.run("document.getElementById('reset').click()")
    assert firefox.run(rows) == 55


def test_the_report_fits_the_window_and_asks_nobody_in_firefox(firefox: Firefox) -> None:
    firefox.ask("WebDriver:Navigate", {"url": EXAMPLE.as_uri()})
    firefox.ask("WebDriver:SetWindowRect", {"width": 500, "height": 800})
    wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert firefox.run(wide) <= 0
    asked = "return performance.getEntriesByType('resource').map(one => one.name)"
    assert [name for name in firefox.run(asked) if not name.startswith(("file:", "data:"))] == []
