"""docs/first-hour.md, followed as written against a sandbox that asks for a sign-in."""

from __future__ import annotations

import re
import shlex
import time
from pathlib import Path

import pytest

from migrator.base.errors import Exit
from migrator.sandbox.data import load
from migrator.sandbox.identity import IdentityPlatform
from migrator.sandbox.server import running
from tests.conftest import Command

PAGE = Path(__file__).parent.parent / "docs" / "first-hour.md"
STEPS = [
    block.strip()
    for block in re.findall(r"^```\n(migrator .*?)\n```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
]


@pytest.mark.slow
def test_every_command_of_the_page_does_what_it_says(
    command: Command, small_export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "tls").mkdir()
    organisation = load(small_export, time.monotonic)
    with running(organisation, tls_folder=tmp_path / "tls", identity=IdentityPlatform(interval=0)) as box:
        monkeypatch.setenv("MIGRATOR_CA_FILE", str(box.certificate))
        monkeypatch.setenv("MIGRATOR_TOKEN_CACHE", str(tmp_path / "kept"))
        sandbox, login, doctor, dry_run, doctor_again, load_it = STEPS
        assert sandbox == "migrator sandbox --sign-in"

        def step(text: str) -> tuple[int, str]:
            run = next(iter(sorted(path.name for path in Path("reports").glob("*"))), "")
            words = [{"URL": box.address, "RUN": run}.get(word, word) for word in shlex.split(text)[1:]]
            result = command(*words)
            return result.code, result.out + result.err

        assert step(login)[0] == Exit.DONE
        code, told = step(doctor)
        assert code == Exit.DONE, told
        assert "✓ Real-time journeys" in told
        code, told = step(dry_run)
        assert code == Exit.WAITING, told
        assert "DRY RUN: nothing was changed." in told
        assert organisation.rows["msdynmkt_segment"] == {}
        code, told = step(doctor_again)
        assert code == Exit.DONE, told
        assert "are planned" in told
        code, told = step(load_it)
        assert code == Exit.WAITING, told
        assert len(organisation.rows["msdynmkt_segment"]) == 4
