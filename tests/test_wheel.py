"""The wheel and the source archive: what they hold, what they ask for, and that a stranger can use them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from email import message_from_string
from pathlib import Path, PurePosixPath

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.test_locks import applicable, environments, pins

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source archive of this tree."""
    folder = tmp_path_factory.mktemp("dist")
    ended = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("migrator-*.whl")
    return found


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.fixture(scope="module")
def archive(built: Path) -> Iterator[dict[str, str]]:
    """Every file of the source archive by its path; the text of those in Markdown."""
    (found,) = built.glob("migrator-*.tar.gz")
    with tarfile.open(found) as opened:
        files: dict[str, str] = {}
        for member in opened.getmembers():
            path = member.name.partition("/")[2]
            data = opened.extractfile(member)
            files[path] = data.read().decode() if data and path.endswith((".md", ".toml")) else ""
        yield files


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> list[Requirement]:
    """What the wheel asks for, extras included."""
    opened = zipfile.ZipFile(wheel)
    (name,) = [one for one in opened.namelist() if one.endswith(".dist-info/METADATA")]
    headers = message_from_string(opened.read(name).decode())
    return [Requirement(text) for text in headers.get_all("Requires-Dist") or []]


def test_the_wheel_holds_the_program_and_what_it_reads(names: set[str]) -> None:
    folders = (ROOT / "templates", ROOT / "sample_exports" / "contoso")
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    files.append(ROOT / "sample_exports" / "contoso-realtime.json")
    beside = {f"migrator/_shipped/{path.relative_to(ROOT).as_posix()}" for path in files}
    assert beside == {name for name in names if name.startswith("migrator/_shipped/")}
    program = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "migrator").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert program == {name for name in names if name.startswith("migrator/")} - beside


def test_shells_and_man_find_what_is_theirs(names: set[str]) -> None:
    below = {name.partition(".data/data/")[2] for name in names} - {""}
    assert below == {
        "share/man/man1/migrator.1",
        "share/bash-completion/completions/migrator",
        "share/zsh/site-functions/_migrator",
        "share/fish/vendor_completions.d/migrator.fish",
    }


def test_the_wheel_leaves_out_what_only_we_need(names: set[str]) -> None:
    assert {PurePosixPath(name).parts[0].partition("-")[0] for name in names} == {"migrator"}
    assert not [name for name in names if "make_contoso" in name]


def test_the_archive_holds_whatever_its_pages_link_to(archive: dict[str, str]) -> None:
    pages = {path: text for path, text in archive.items() if path.endswith(".md")}
    assert "README.md" in pages
    for page, text in pages.items():
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            wanted = os.path.normpath(PurePosixPath(page).parent / target)
            assert wanted in archive or any(path.startswith(f"{wanted}/") for path in archive), f"{page}: {target}"


def test_the_archive_can_be_tested(archive: dict[str, str]) -> None:
    for needed in ("Makefile", "pyproject.toml", "requirements.lock", "requirements-dev.lock", "tests/conftest.py"):
        assert needed in archive
    assert not [
        path for path in archive if path.startswith("reports/") and not re.match(r"reports/(README|example/)", path)
    ]


NEVER_PINNED = {"spark"}
"""Extras that are as large as all the rest together; their tests run where somebody installed them."""


def test_every_requirement_of_the_wheel_is_answered_by_a_lock(metadata: list[Requirement]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    assert len(metadata) == len(project["dependencies"]) + sum(len(extra) for extra in extras.values())
    for environment in environments():
        locked = applicable(pins("requirements.lock"), environment)
        tested = applicable(pins("requirements-dev.lock"), environment)
        for extra in ("", *extras):
            for requirement in metadata:
                if requirement.marker and not requirement.marker.evaluate({**environment, "extra": extra}):
                    continue
                # What most people never need is not installed with the tool; where it is pinned, the tests use it.
                within = locked if extra in ("", "sandbox") else tested
                pin = within.get(canonicalize_name(requirement.name))
                if pin is None and extra in NEVER_PINNED:
                    continue
                assert pin is not None, f"{requirement} is in no lock; run make lock"
                (exact,) = pin.specifier
                assert requirement.specifier.contains(exact.version, prereleases=True), f"{pin} is not {requirement}"


def test_the_index_would_take_both(built: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", *built.iterdir()],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout
    assert ended.stdout.count("PASSED") == 2


@pytest.mark.slow
def test_an_installed_wheel_runs_the_demo_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = ["pip", "install", "--quiet", "--python", str(python), "--no-deps"]
    for arguments in (
        ["venv", "--quiet", "--python", sys.executable, str(environment)],
        [*install, "--require-hashes", "-r", str(ROOT / "requirements.lock")],
        [*install, str(wheel)],
    ):
        ended = subprocess.run(
            [sys.executable, "-m", "uv", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    ended = subprocess.run(
        [python, "-m", "migrator", "demo", "--json"],
        cwd=elsewhere, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    summary = json.loads(ended.stdout)
    assert summary["segments"] == 55
    assert (elsewhere / summary["report"]).is_file()
