"""The wheel: built, installed in an empty environment, and used from another folder."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_an_installed_wheel_runs_the_demo_from_another_folder(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", tmp_path, ROOT],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("migrator-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "migrator/_shipped/templates/report.html.j2" in names
    assert "migrator/_shipped/sample_exports/contoso/manifest.json" in names
    assert not [name for name in names if name.startswith(("tests/", "docs/", "reports/"))]

    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    # The same versions as in the lock file, without the hashes, which a local wheel does not have.
    pins = re.findall(r"^[\w.-]+==\S+(?: ; [^\\\n]+)?", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    (tmp_path / "pins.txt").write_text("\n".join(pins))
    installed = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "-c", tmp_path / "pins.txt", f"{wheel}[sandbox]"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert installed.returncode == 0, installed.stderr

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    ended = subprocess.run(
        [python, "-m", "migrator", "demo", "--json"],
        cwd=elsewhere,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    summary = json.loads(ended.stdout)
    assert summary["segments"] == 55
    assert (elsewhere / summary["report"]).is_file()
