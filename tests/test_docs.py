"""Documentation that cannot rot: what the program writes is current, and what people read names things that exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from migrator.cli.app import app

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_generated_pages_are_current() -> None:
    ended = subprocess.run(
        [sys.executable, ROOT / "docs/generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_named_exist(page: Path) -> None:
    known = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`)(?:python -m )?migrator ([a-z-]+)", text, re.MULTILINE))
    assert named <= known | {"sandbox"}


def test_files_that_hold_an_assumption_exist() -> None:
    text = (ROOT / "docs/assumptions.md").read_text(encoding="utf-8")
    for name in re.findall(r"`([a-z]+/[\w*.]+)`", text):
        assert list((ROOT / "migrator").glob(name)), name


def test_the_readme_names_every_way_in() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    install = "-m pip install --no-deps --require-hashes -r requirements.lock"
    for words in ("make demo", "make test"):
        assert words in text
    for python in (".venv/bin/python", ".venv\\Scripts\\python"):  # bash, PowerShell
        assert text.count(f"{python} {install}") == text.count(f"{python} -m migrator demo") == 1
