"""Configuration in one place: a profile file, overruled by the environment, overruled by options.

The profile is `migrator.toml` in the current folder, or the file that MIGRATOR_PROFILE names:

    org = "https://contoso.crm4.dynamics.com"
    out = "reports"
    drafts_only = true
    parallel = 4
    wait_pending = 120
    wait_computation = 3600
    tolerance = 2
    accounts = "accounts.toml"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from migrator.base.errors import UsageError
from migrator.product.codes import PROTECTION_WINDOW

PROFILE = Path("migrator.toml")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run can be told besides what it is about."""

    org: str = ""
    """The organisation's address; empty when none was given."""
    out: Path = Path("reports")
    """Where new runs go."""
    drafts_only: bool = False
    operators: str = "symbols"
    """How real-time queries write "and" and "or": symbols (&& and ||) or words (AND and OR)."""
    parallel: int = 16
    """Segments and groups side by side, and requests at a time for each account, at most."""
    wait_pending: float = 60.0
    """Seconds to wait for pending member operations of one segment."""
    wait_computation: float = 900.0
    """Seconds to wait for the members of all published segments to be computed."""
    tolerance: float = 2.0
    """Per cent by which members may differ: a query's afterwards (drifted), a list from its recorded size before."""
    split: bool = False
    """Whether a static segment that is too large for its groups becomes several."""
    accounts: str = ""
    """A file of application users that share the work; empty for the one in the AZURE_* variables."""
    window: float = PROTECTION_WINDOW
    """Seconds of the window in which the organisation counts requests; another one for a scaled-down sandbox."""


def settings(options: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """The settings for one command.

    Args:
        options: what the command line gave; None means it was not given.
        environment: MIGRATOR_ORG, MIGRATOR_OUT, MIGRATOR_DRAFTS_ONLY, MIGRATOR_PARALLEL, …

    Raises:
        UsageError: the profile or a variable cannot be read.
    """
    values = _profile(environment)
    for field in fields(Settings):
        variable = f"MIGRATOR_{field.name.upper()}"
        if environment.get(variable):
            values[field.name] = _typed(field.name, environment[variable], variable)
        if options.get(field.name) is not None:
            values[field.name] = _typed(field.name, options[field.name], f"--{field.name.replace('_', '-')}")
    return Settings(**values)


def _profile(environment: Mapping[str, str]) -> dict[str, Any]:
    named = environment.get("MIGRATOR_PROFILE")
    path = Path(named) if named else PROFILE
    if not path.exists():
        if named:
            raise UsageError(f"MIGRATOR_PROFILE names {path}, which does not exist.")
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"The profile {path} cannot be read: {error}.") from error
    known = {field.name for field in fields(Settings)}
    if unknown := sorted(content.keys() - known):
        raise UsageError(f"The profile {path} sets {', '.join(unknown)}; known are {', '.join(sorted(known))}.")
    return {name: _typed(name, value, f"{name} in {path}") for name, value in content.items()}


def _typed(name: str, value: Any, where: str) -> Any:
    default = getattr(Settings(), name)
    try:
        match default:
            case bool():
                return value if isinstance(value, bool) else _truth(str(value))
            case int() | float():
                number = type(default)(value)
                if number < (1 if name == "parallel" else 0):
                    raise ValueError(value)
                return number
            case Path():
                return Path(value)
    except (TypeError, ValueError):
        raise UsageError(f"{where} cannot be {value!r}.") from None
    if name == "operators" and value not in ("symbols", "words"):
        raise UsageError(f"{where} is symbols or words, not {value!r}.")
    return str(value)


def _truth(text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.lower() not in words:
        raise ValueError(text)
    return words[text.lower()]
