"""docs/after-the-removal.md, followed as written against an organisation whose outbound services are gone."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from migrator.base.errors import Exit
from migrator.sandbox.data import load
from migrator.sandbox.server import running
from tests.conftest import CONTOSO, Command

ROOT = CONTOSO.parent.parent
PAGE = ROOT / "docs" / "after-the-removal.md"
STEPS = re.findall(r"^```\n(migrator .*?)\n```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
RESCUED = ROOT / "sample_exports" / "rescued.zip"


@pytest.mark.slow
def test_every_command_of_the_page_does_what_it_says(command: Command, tmp_path: Path) -> None:
    (tmp_path / "sample_exports").mkdir()
    shutil.copy(RESCUED, tmp_path / "sample_exports")
    sandbox, *steps = STEPS
    assert sandbox == "migrator sandbox --outbound removed"
    organisation = load(CONTOSO, time.monotonic)
    organisation.outbound = False
    organisation.moment = organisation.computing = 0.01
    said = []
    with running(organisation) as box:
        for step in steps:
            result = command(*({"URL": box.address}.get(word, word) for word in shlex.split(step)[1:]))
            said.append((result.code, result.out + result.err))
    codes = [code for code, _ in said]
    assert codes == [Exit.DONE, Exit.WAITING, Exit.WAITING, Exit.WAITING, Exit.WAITING, Exit.WAITING], said
    extracted, looked, imported, _, _, loaded = (text for _, text in said)
    assert "outbound services of this organisation are gone" in extracted
    assert "Nothing was imported; this was a dry run." in looked
    for text in (looked, imported):
        assert "Customers of the old shop (1).csv → “Customers of the old shop” (by its name)" in text
        assert "2 unreadable" in text
    assert "carried over" in loaded
    (run,) = Path("reports").iterdir()
    seen = json.loads((run / "verification-001.json").read_text())["segments"]
    plan = {one["legacy_id"]: one["name"] for one in json.loads((run / "plan.json").read_text())["segments"]}
    held = {plan[one["legacy_id"]]: (one["match"], one["after"]) for one in seen}
    assert held["Northern branch"] == ("equal", 70)
    assert held["Spring campaign"] == ("equal", 150)
    assert held["Customers of the old shop"] == ("equal", 60)


def test_the_zip_is_made_from_the_sample(tmp_path: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(RESCUED.parent)!r}); import make_rescued as m; from pathlib import Path; "
        f"m.HERE = Path({str(tmp_path)!r}); m.main()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert (tmp_path / "rescued.zip").read_bytes() == RESCUED.read_bytes()
