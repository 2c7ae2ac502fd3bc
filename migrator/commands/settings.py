"""Every setting, declared once: a profile file, overruled by the environment, overruled by options.

A field of `Settings` carries its option, its help and how its text is read; the command line (cli/options.py), the
profile, the variables (MIGRATOR_ + the field's name) and docs/settings.md all come from here. The profile is
`migrator.toml` in the current folder, or the file that MIGRATOR_PROFILE names, or that of the user's own folder:

    org = "https://contoso.crm4.dynamics.com"
    parallel = 4
    wait_computation = 3600
    tolerance = 2                       # per cent

    [organisations.test]                # migrator run --org test
    org = "https://contoso-test.crm4.dynamics.com"
    accounts = "accounts.toml"
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

import platformdirs

from migrator.base.errors import UsageError, why
from migrator.base.written_text import written_text
from migrator.contracts.run_folder import USUAL_PLACE
from migrator.product.codes import PROTECTION_WINDOW, REQUESTS_AT_A_TIME

PROFILE = Path("migrator.toml")
ORGANISATIONS = "organisations"
_OTHER_VARIABLES = frozenset({"MIGRATOR_PROFILE", "MIGRATOR_TRACEBACK"})


# --- how a text is read ----------------------------------------------------------------------------------------------


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("it has to be text")
    return value


def _path(value: Any) -> Path:
    return Path(_text(str(value) if isinstance(value, Path) else value))


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if str(value).lower() not in words:
        raise ValueError("it is true or false")
    return words[str(value).lower()]


def _seconds(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number) or number < 0:
        raise ValueError("it is a number of seconds")
    return number


def _share(value: Any) -> float:
    """Per cent, as people write them, as the share that everything inside works with."""
    number = float(value)
    if not 0 <= number <= 100:
        raise ValueError("it is a number of per cent, from 0 to 100")
    return number / 100


def _per_cent(share: float) -> str:
    return f"{share * 100:g}"


def _written(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def _parallel(value: Any) -> int:
    number = int(value)
    if not 1 <= number <= REQUESTS_AT_A_TIME:
        raise ValueError(f"it is from 1 to {REQUESTS_AT_A_TIME}")
    return number


def _one_of(*words: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in words:
            raise ValueError(f"it is one of {', '.join(words)}")
        return str(value)

    return read


@dataclass(frozen=True, slots=True)
class Option:
    """How a setting is given on the command line."""

    flag: str
    help: str
    metavar: str
    read: Callable[[Any], Any]
    hidden: bool = False
    written: Callable[[Any], str] = _written
    """A value as `read` would read it."""


def _setting(default: Any, flag: str, read: Callable[[Any], Any], help_: str, metavar: str = "", **more: Any) -> Any:
    return field(default=default, metadata={"option": Option(flag, help_, metavar, read, **more)})


_WAYS = (
    "auto", "browser", "device-code", "secret", "certificate", "azure-cli", "managed-identity", "workload-identity",
    "token",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """What a command can be told besides what it is about."""

    org: str = _setting("", "--org", _text, "Address of the organisation, or its name in the profile.", "URL")
    out: Path = _setting(USUAL_PLACE, "--out", _path, "Where new runs go [default: reports].", "FOLDER")  # noqa: RUF009
    drafts_only: bool = _setting(False, "--drafts-only", _truth, "Publish nothing.")
    operators: str = _setting(
        "symbols", "--operators", _one_of("symbols", "words"),
        "How real-time queries write and/or: symbols or words [default: symbols].", "WORD",
    )  # fmt: skip
    parallel: int = _setting(
        16, "--parallel", _parallel,
        "Segments side by side, and requests at a time for an account [default: 16].", "N",
    )  # fmt: skip
    wait_pending: float = _setting(
        60.0, "--wait-pending", _seconds,
        "Seconds to wait for what is under way: changes of members, going live, stopping [default: 60].", "SECONDS",
    )  # fmt: skip
    wait_computation: float = _setting(
        900.0, "--wait-computation", _seconds,
        "Seconds to wait for published segments to be computed [default: 900].", "SECONDS",
    )  # fmt: skip
    tolerance: float = _setting(
        0.02, "--tolerance", _share,
        "Per cent that members may differ before a person has to look [default: 2].", "N", written=_per_cent,
    )  # fmt: skip
    """A share: 0.02 where people write 2."""
    split: bool = _setting(False, "--split", _truth, "Split static segments of more than 2,000,000 members.")
    members_from_row: str = _setting(
        "ask", "--members-from-row", _one_of("ask", "accept"),
        "Members from rows that may be years old: ask a person, or accept all of them [default: ask].", "WORD",
    )  # fmt: skip
    owner: str = _setting(
        "", "--owner", _text,
        "Who owns what is created: a user's id or e-mail address, or a team [default: whoever signs in].", "WHO",
    )  # fmt: skip
    accounts: str = _setting(
        "", "--accounts", _text, "File of application users that share the work (docs/signing-in.md).", "FILE"
    )
    sign_in: str = _setting(
        "auto", "--sign-in", _one_of(*_WAYS), f"How to sign in: {', '.join(_WAYS)} [default: auto].", "WAY"
    )
    token_file: str = _setting("", "--token-file", _text, "A ready token: a file, or - for standard input.", "FILE")
    tenant: str = _setting("", "--tenant", _text, "Id of the tenant, where the organisation's own is not meant.", "ID")
    ca_file: str = _setting(
        "", "--ca-file", _text, "One certificate authority more to trust, as of a proxy (PEM).", "FILE"
    )
    token_cache: Path | None = _setting(  # noqa: RUF009
        None, "--token-cache", _path, "Where a person's sign-in is kept.", "FOLDER", hidden=True
    )
    window: float = _setting(
        PROTECTION_WINDOW, "--window", _seconds,
        "Seconds of the window in which the organisation counts requests; another one for a scaled-down sandbox.",
        "SECONDS", hidden=True,
    )  # fmt: skip


FIELDS: Mapping[str, Field[Any]] = {one.name: one for one in fields(Settings)}


def option_of(name: str) -> Option:
    """How the setting `name` is given on the command line."""
    option = FIELDS[name].metadata["option"]
    assert isinstance(option, Option)  # noqa: S101 - every field is made by _setting
    return option


@dataclass(frozen=True, slots=True)
class Found:
    """One setting and where its value came from."""

    name: str
    value: Any
    origin: str
    """`default`, a file, a variable, or an option."""

    @property
    def written(self) -> str:
        """The value as a person would give it: empty for none."""
        return option_of(self.name).written(self.value)


def settings(options: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """The settings for one command.

    Args:
        options: what the command line gave, by field; None means it was not given.
        environment: MIGRATOR_ORG, MIGRATOR_OUT, MIGRATOR_DRAFTS_ONLY, MIGRATOR_PARALLEL, …

    Raises:
        UsageError: the profile, a variable or an option cannot be read.
    """
    return Settings(**{one.name: one.value for one in found(options, environment)})


def found(options: Mapping[str, Any], environment: Mapping[str, str]) -> list[Found]:
    """Every setting with its value and where that came from, in the order of `Settings`.

    Raises:
        UsageError: the profile, a variable or an option cannot be read.
    """
    if unknown := options.keys() - FIELDS.keys():
        raise TypeError(f"no settings: {', '.join(sorted(unknown))}")
    _refuse_unknown_variables(environment)
    values: dict[str, tuple[Any, str]] = {}
    organisations: dict[str, Any] = {}
    for path in _profiles(environment):
        content, named = _profile(path)
        organisations |= {name: (entry, path) for name, entry in named.items()}
        values |= {name: (_read(name, value, f"{name} in {path}"), str(path)) for name, value in content.items()}
    for name in FIELDS:
        variable = f"MIGRATOR_{name.upper()}"
        if environment.get(variable):
            values[name] = (_read(name, environment[variable], variable), variable)
    if options.get("org") is not None:
        values["org"] = (_read("org", options["org"], "--org"), "--org")
    chosen = values.get("org", ("", ""))[0]
    if chosen in organisations:
        entry, path = organisations[chosen]
        where = f"[{ORGANISATIONS}.{chosen}] in {path}"
        values |= {name: (_read(name, value, f"{name} of {where}"), where) for name, value in entry.items()}
    for name, value in options.items():
        if value is not None and name != "org":
            values[name] = (_read(name, value, option_of(name).flag), option_of(name).flag)
    return [Found(name, *values.get(name, (one.default, "default"))) for name, one in FIELDS.items()]


def _refuse_unknown_variables(environment: Mapping[str, str]) -> None:
    known = {f"MIGRATOR_{name.upper()}" for name in FIELDS} | _OTHER_VARIABLES
    unknown = sorted(name for name in environment if name.startswith("MIGRATOR_") and name not in known)
    if unknown:
        raise UsageError(
            f"The environment sets {', '.join(unknown)}, which means nothing here. "
            f"Correct or delete it; known are {', '.join(sorted(known))}."
        )


def _profiles(environment: Mapping[str, str]) -> list[Path]:
    """The profile files that count, the weakest first."""
    named = environment.get("MIGRATOR_PROFILE")
    if named:
        if not Path(named).exists():
            raise UsageError(f"MIGRATOR_PROFILE names {named}, which does not exist. Check the path.")
        return [Path(named)]
    own = Path(platformdirs.user_config_dir("migrator", appauthor=False)) / PROFILE
    return [path for path in (own, PROFILE) if path.exists()]


def _profile(path: Path) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    try:
        content = tomllib.loads(written_text(path))
    except (OSError, ValueError) as error:
        raise UsageError(f"The profile {path} cannot be read: {why(error)}. Correct it, or delete it.") from error
    organisations = content.pop(ORGANISATIONS, {})
    if not isinstance(organisations, dict) or not all(isinstance(entry, dict) for entry in organisations.values()):
        raise UsageError(f"The profile {path}: each organisation is a table, such as [{ORGANISATIONS}.test].")
    for where, entry in ((str(path), content), *((f"{path}, {name}", entry) for name, entry in organisations.items())):
        if unknown := sorted(entry.keys() - FIELDS.keys()):
            raise UsageError(
                f"The profile {where} sets {', '.join(unknown)}, which means nothing. "
                f"Correct or delete it; known are {', '.join(sorted(FIELDS))}."
            )
    return content, organisations


def _read(name: str, value: Any, where: str) -> Any:
    try:
        return option_of(name).read(value)
    except (TypeError, ValueError, OverflowError) as error:
        why = str(error) if str(error).startswith("it ") else ""
        raise UsageError(
            f"{where} cannot be {value}{f': {why}' if why else ''}. The command's --help says what it takes."
        ) from None
