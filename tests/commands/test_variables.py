"""Every setting can come from a variable, and what stands nearer to the command overrules it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from migrator.base.errors import UsageError
from migrator.commands.settings import FIELDS, Settings, settings

VARIABLES: dict[str, tuple[str, Any, str]] = {
    "org": ("https://c.crm.dynamics.com", "https://c.crm.dynamics.com", ""),
    "out": ("elsewhere", Path("elsewhere"), ""),
    "drafts_only": ("yes", True, "perhaps"),
    "operators": ("words", "words", "letters"),
    "parallel": ("3", 3, "30000000"),
    "wait_pending": ("7.5", 7.5, "-1"),
    "wait_computation": ("0", 0.0, "inf"),
    "tolerance": ("5", 0.05, "nan"),
    "split": ("on", True, "2"),
    "members_from_row": ("accept", "accept", "refuse"),
    "owner": ("ada@example.com", "ada@example.com", ""),
    "accounts": ("accounts.toml", "accounts.toml", ""),
    "sign_in": ("device-code", "device-code", "guess"),
    "token_file": ("token", "token", ""),
    "tenant": ("t", "t", ""),
    "ca_file": ("ca.pem", "ca.pem", ""),
    "token_cache": ("cache", Path("cache"), ""),
    "window": ("15", 15.0, "x"),
}
"""Setting → a text, what it means, and a text that means nothing (empty where every text means something)."""


@pytest.fixture(autouse=True)
def nobody_has_a_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("migrator.commands.settings._profiles", lambda _: [])


def test_every_setting_is_looked_at_here() -> None:
    assert list(VARIABLES) == list(FIELDS)


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_sets_its_setting_and_nothing_else(name: str) -> None:
    text, value, _ = VARIABLES[name]
    found = settings({}, {f"MIGRATOR_{name.upper()}": text})
    assert found == replace(Settings(), **{name: value})
    assert found != Settings()


@pytest.mark.parametrize("name", [name for name, (_, _, wrong) in VARIABLES.items() if wrong])
def test_a_variable_that_cannot_be_read_is_named(name: str) -> None:
    variable, wrong = f"MIGRATOR_{name.upper()}", VARIABLES[name][2]
    with pytest.raises(UsageError, match=f"{variable} cannot be {wrong}"):
        settings({}, {variable: wrong})


@pytest.mark.parametrize("name", VARIABLES)
def test_an_option_overrules_a_variable_and_an_empty_one_is_none(name: str) -> None:
    text, value, _ = VARIABLES[name]
    variable, other = f"MIGRATOR_{name.upper()}", {"org": "https://d.crm.dynamics.com", "parallel": 2, "tolerance": 1}
    given = other.get(name, text)
    assert getattr(settings({name: given}, {variable: "x" if name in ("org", "out", "owner") else text}), name) == (
        0.01 if name == "tolerance" else other.get(name, value)
    )
    assert settings({}, {variable: ""}) == Settings()
