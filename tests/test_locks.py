"""The lock files: complete, of one mind, and an answer to everything that the package asks for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")


def pins(lock: str) -> list[Requirement]:
    """What a lock file names: one requirement a package (or a few, told apart by markers)."""
    joined = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    return [Requirement(line.partition(" --hash")[0]) for line in joined.splitlines() if re.match(r"[A-Za-z0-9]", line)]


def environments() -> list[dict[str, str]]:
    """The Pythons and systems that a lock is made for, as markers see them."""
    return [
        {
            **{name: str(value) for name, value in default_environment().items()},
            "python_version": f"3.{minor}",
            "python_full_version": f"3.{minor}.4",
            "sys_platform": platform,
            "platform_system": system,
            "os_name": os_name,
        }
        for minor in (11, 12, 13)
        for platform, system, os_name in (
            ("linux", "Linux", "posix"),
            ("darwin", "Darwin", "posix"),
            ("win32", "Windows", "nt"),
        )
    ]


def applicable(requirements: list[Requirement], environment: dict[str, str]) -> dict[str, Requirement]:
    """The pin of every package in one environment; at most one each."""
    found: dict[str, Requirement] = {}
    for one in requirements:
        if one.marker is None or one.marker.evaluate(environment):
            assert canonicalize_name(one.name) not in found, f"{one.name} is pinned twice"
            found[canonicalize_name(one.name)] = one
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_exactly_with_hashes_and_names_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    for entry in re.split(r"\n(?=[A-Za-z0-9])", text.rstrip()):
        assert re.match(r"[\w.-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry
    for requirement in pins(lock):
        assert not requirement.extras, f"{requirement}: an extra is resolved outside of the lock by some pips"


def test_development_adds_to_the_run_time_and_changes_nothing() -> None:
    assert {str(one) for one in pins("requirements.lock")} < {str(one) for one in pins("requirements-dev.lock")}
    for environment in environments():
        run_time = applicable(pins("requirements.lock"), environment)
        development = applicable(pins("requirements-dev.lock"), environment)
        assert {name: str(one) for name, one in run_time.items()}.items() <= {
            name: str(one) for name, one in development.items()
        }.items()


def test_what_only_we_need_is_not_in_the_run_time_lock() -> None:
    run_time = {canonicalize_name(one.name) for one in pins("requirements.lock")}
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    assert not run_time & {canonicalize_name(Requirement(text).name) for text in groups["dev"]}


def test_every_group_is_answered_by_the_development_lock() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    for environment in environments():
        found = applicable(pins("requirements-dev.lock"), environment)
        for requirement in map(Requirement, groups["dev"]):
            (exact,) = found[canonicalize_name(requirement.name)].specifier
            assert requirement.specifier.contains(exact.version, prereleases=True), requirement


def test_classifiers_name_what_the_lock_is_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert named == ["3.11", "3.12", "3.13"]
