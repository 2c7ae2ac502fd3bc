"""What the tests share: two organisations behind real servers, clocks that stand still, and the command line."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import typer.main
import uvicorn.server
from hypothesis import HealthCheck, settings

from migrator.cli import app as cli
from migrator.sandbox.data import load
from migrator.sandbox.organisation import Organisation
from migrator.sandbox.server import Running, running
from tests.small import write_small_export

# A machine that does other things as well is no fault of what is tested.
settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")

SERVERS = {"sandbox", "contoso", "migration", "strange"}
"""Fixtures that start an organisation. What works with a whole one is slow, but for what is marked as quick."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if SERVERS & set(getattr(item, "fixturenames", ())) and not item.get_closest_marker("quick"):
            item.add_marker(pytest.mark.slow)


REPORTS = Path(__file__).parent.parent / "reports"


@pytest.fixture(autouse=True, scope="session")
def nothing_stays_in_the_checkout() -> Iterator[None]:
    """A run that a test left there would be the latest of whoever works in the checkout."""
    before = set(REPORTS.iterdir())
    yield
    assert set(REPORTS.iterdir()) <= before


CONTOSO = Path(__file__).parent.parent / "sample_exports" / "contoso"


INTERRUPTIBLE = [
    sys.executable,
    "-c",
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from migrator.cli import main; main()",
]
"""The command line as a process that Ctrl-C ends, also where the tests run in the background and ignore it."""


class _OftenAwake:
    """The asyncio of uvicorn's server: ten times a second it would look whether it should end; here a hundred times."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.01))


@pytest.fixture(scope="session", autouse=True)
def servers_end_soon() -> Iterator[None]:
    """Hundreds of tests have a server of their own; each would wait a fifth of a second for its end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uvicorn.server, "asyncio", _OftenAwake())
        yield


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def pass_(self, seconds: float = 10.0) -> None:
        self.seconds += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def written_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_export(tmp_path_factory.mktemp("written") / "small")


@pytest.fixture
def small_export(written_once: Path, tmp_path: Path) -> Path:
    return shutil.copytree(written_once, tmp_path / "small")


@pytest.fixture
def organisation(small_export: Path, clock: Clock) -> Organisation:
    return load(small_export, clock)


@dataclass
class Api:
    """The Web API of the small organisation, with its clock."""

    http: httpx.Client
    clock: Clock
    organisation: Organisation

    def get(self, path: str, **headers: str) -> Any:
        return self.http.get(path, headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.http.post(path, json=body or {}, headers=headers)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self.http.patch(path, json=body, headers=headers)

    def delete(self, path: str) -> Any:
        return self.http.delete(path)

    def create(self, path: str, body: Any) -> str:
        """Create a row; gives its id."""
        answer = self.post(path, body)
        assert answer.status_code == 204, answer.text
        return str(answer.headers["OData-EntityId"]).rpartition("(")[2].rstrip(")")

    def refusal(self, answer: Any, status: int = 400) -> str:
        """The message of an answer that has to be a refusal."""
        assert answer.status_code == status, answer.text
        assert answer.json()["error"]["code"].startswith("0x")
        return str(answer.json()["error"]["message"])


@pytest.fixture
def api(organisation: Organisation, clock: Clock) -> Iterator[Api]:
    with running(organisation) as server, httpx.Client(base_url=f"{server.address}/api/data/v9.2/") as http:
        yield Api(http, clock, organisation)


@pytest.fixture
def sandbox(small_export: Path) -> Iterator[Running]:
    """The small organisation behind a real server, with delays that nobody has to wait for."""
    organisation = load(small_export, time.monotonic)
    organisation.moment = organisation.computing = 0.01
    with running(organisation) as server:
        yield server


@pytest.fixture
def contoso() -> Iterator[Running]:
    """The sample organisation behind a real server."""
    organisation = load(CONTOSO, time.monotonic)
    organisation.moment = organisation.computing = 0.02
    with running(organisation) as server:
        yield server


@dataclass
class Result:
    code: int
    out: str
    err: str


Command = Callable[..., Result]


@pytest.fixture(scope="session")
def ready_commands() -> Iterator[None]:
    """The commands are put together once for all tests of a process, as for one use by a person."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.main, "get_command", cache(typer.main.get_command))
        yield


@pytest.fixture
def command(
    ready_commands: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Command:
    """Runs the command line as a script would, in an empty folder: what would be asked is answered beforehand."""
    monkeypatch.chdir(tmp_path)
    for name in ("MIGRATOR_ORG", "MIGRATOR_OUT", "MIGRATOR_PROFILE", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str | Path) -> Result:
        monkeypatch.setattr(sys, "argv", ["migrator", *answered([*map(str, arguments)])])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Result(int(end.value.code or 0), out, " ".join(err.split()))

    return run


def answered(arguments: list[str]) -> list[str]:
    """The arguments, with the agreement that a command needs which writes; `asked` in it leaves the question open."""
    if "asked" in arguments:
        arguments.remove("asked")
        return arguments
    at = next((number for number, word in enumerate(arguments) if not word.startswith("-")), 0)
    given, command = {*arguments}, arguments[at : at + 1]
    if command == ["run"] and "--org" in given and not {"--dry-run", "--resume", "--yes"} & given:
        arguments.append("--yes")
    elif command == ["load"] and not {"--yes", "--help"} & given:
        arguments += ["--yes"] if "--org" in given else ["--yes", "--org", org_of(arguments[at + 1 :])]
    elif command in (["rollback"], ["retire"]) and "--yes" in given and "--org" not in given:
        arguments += ["--org", org_of(arguments[at + 1 :])]
    elif command == ["import-members"] and "--replace" in given and not {"--yes", "--dry-run"} & given:
        arguments.append("--yes")
    return arguments


def org_of(arguments: list[str]) -> str:
    """The organisation of the run that is named, or of the latest one."""
    named = [Path(folder) / one for one in arguments[:1] for folder in (".", "reports")]
    known = [path for path in named if (path / "run.json").is_file()] or sorted(Path("reports").glob("*"))
    try:
        return str(json.loads((known[-1] / "run.json").read_text())["org"]) or "http://127.0.0.1:9"
    except (IndexError, OSError, ValueError, KeyError):
        return "http://127.0.0.1:9"


def contact(number: int) -> UUID:
    """The id of a contact of the small organisation."""
    return UUID(int=0xC0 << 120 | number)
