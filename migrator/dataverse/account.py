"""Who signs in, and which way: the standard AZURE_* variables, an accounts file, or a person.

Secrets come from variables and files alone, never from the command line, and no text about an account shows one.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from migrator.base.errors import UsageError, why
from migrator.base.written_text import written_text

PUBLIC_CLIENT = "51f81489-12ee-4a9e-aaae-a2591f45987d"
"""The application id that Microsoft publishes for trying out Dataverse; AZURE_CLIENT_ID takes its place."""


class Way(StrEnum):
    """How somebody signs in."""

    AUTO = "auto"
    """What the variables say; else a person: in the browser where there is a display, else by a code."""
    BROWSER = "browser"
    DEVICE_CODE = "device-code"
    SECRET = "secret"  # noqa: S105 - a way, no secret
    CERTIFICATE = "certificate"
    AZURE_CLI = "azure-cli"
    MANAGED_IDENTITY = "managed-identity"
    WORKLOAD_IDENTITY = "workload-identity"
    TOKEN = "token"  # noqa: S105 - a way, no token


PERSONAL = frozenset({Way.BROWSER, Way.DEVICE_CODE})
"""The ways in which a person is asked, and whose tokens are kept from one command to the next."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who signs in."""

    tenant: str = ""
    client_id: str = ""
    secret: str = field(default="", repr=False)
    certificate: str = ""
    """Path of a PEM or PFX file with certificate and key."""
    certificate_password: str = field(default="", repr=False)
    federated_token: str = ""
    """Path of the file in which a workload's platform keeps its token."""
    token_file: str = ""
    """Path of a file with a ready token; `-` is standard input."""
    way: Way = Way.AUTO

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], way: Way = Way.AUTO, *, token_file: str = "", tenant: str = ""
    ) -> Account:
        """The account in the AZURE_* variables that every tool of Azure reads.

        Args:
            environment: the variables.
            way: how to sign in; AUTO takes what the variables say.
            token_file: path of a ready token, or `-`.
            tenant: takes the place of AZURE_TENANT_ID.
        """

        def of(name: str) -> str:
            return environment.get(f"AZURE_{name}", "")

        return cls(
            tenant or of("TENANT_ID"),
            of("CLIENT_ID"),
            of("CLIENT_SECRET"),
            of("CLIENT_CERTIFICATE_PATH"),
            of("CLIENT_CERTIFICATE_PASSWORD"),
            of("FEDERATED_TOKEN_FILE"),
            token_file,
            way,
        )

    def chosen(self, environment: Mapping[str, str]) -> Way:
        """The way that this account signs in, once everything is considered.

        Args:
            environment: says whether there is a display.

        Raises:
            UsageError: something that the way needs is missing.
        """
        way = self._by_what_is_set(environment) if self.way is Way.AUTO else self.way
        for name, variable in _NEEDS.get(way, ()):
            if not getattr(self, name):
                raise UsageError(f"To sign in by {way}, {variable} has to be set. Nothing was sent.")
        return way

    def _by_what_is_set(self, environment: Mapping[str, str]) -> Way:
        if self.token_file:
            return Way.TOKEN
        if self.secret:
            return Way.SECRET
        if self.certificate:
            return Way.CERTIFICATE
        if self.federated_token and self.client_id:
            return Way.WORKLOAD_IDENTITY
        return Way.BROWSER if has_display(environment) else Way.DEVICE_CODE


_APPLICATION = ("client_id", "AZURE_CLIENT_ID")
_NEEDS: Mapping[Way, tuple[tuple[str, str], ...]] = {
    Way.SECRET: (_APPLICATION, ("secret", "AZURE_CLIENT_SECRET")),
    Way.CERTIFICATE: (_APPLICATION, ("certificate", "AZURE_CLIENT_CERTIFICATE_PATH")),
    Way.WORKLOAD_IDENTITY: (_APPLICATION, ("federated_token", "AZURE_FEDERATED_TOKEN_FILE")),
    Way.TOKEN: (("token_file", "--token-file"),),
}


def has_display(environment: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Whether a browser could be shown to the person who typed the command."""
    if environment.get("SSH_CONNECTION") or environment.get("CI"):
        return False
    if platform in ("win32", "darwin"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


# --- several accounts ------------------------------------------------------------------------------------------------

_KEYS = frozenset(
    {"client_id", "tenant", "secret", "secret_variable", "certificate", "certificate_password_variable", "way"}
)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_accounts(path: Path, environment: Mapping[str, str]) -> list[Account]:
    """The application users in a file; work is spread over them.

    Each is a table `[[account]]` with `client_id`, optionally `tenant`, and one of: `secret_variable` (the name of the
    environment variable that holds its secret), `secret`, `certificate` (a PEM or PFX file, with
    `certificate_password_variable` where it has a password), or `way`.

    Raises:
        UsageError: the file cannot be read, says something else, or holds secrets that others may read.
    """
    try:
        content = tomllib.loads(written_text(path))
        entries = content["account"]
        accounts = [_account(entry, environment) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"The accounts in {path} cannot be read ({why(error)}). Each is a table [[account]] with client_id and "
            "secret_variable, the name of the environment variable that holds its secret."
        ) from error
    if len({account.client_id for account in accounts}) < len(accounts) or not accounts:
        raise UsageError(f"{path} has to name at least one account, and each of them once.")
    if os.name == "posix" and path.stat().st_mode & 0o077 and any("secret" in entry for entry in entries):
        raise UsageError(f"{path} holds secrets that others can read. Take the right away with: chmod 600 {path}")
    return accounts


def _account(entry: Mapping[str, Any], environment: Mapping[str, str]) -> Account:
    if unknown := entry.keys() - _KEYS:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    way = str(entry.get("way", Way.AUTO))
    if way not in set(Way):
        raise ValueError(f"way is one of {', '.join(Way)}")
    secret = str(entry.get("secret", ""))
    if "secret_variable" in entry:
        secret = _from_variable(entry, "secret_variable", environment)
    password = ""
    if "certificate_password_variable" in entry:
        password = _from_variable(entry, "certificate_password_variable", environment)
    return Account(
        tenant=str(entry.get("tenant", "")),
        client_id=str(entry["client_id"]),
        secret=secret,
        certificate=str(entry.get("certificate", "")),
        certificate_password=password,
        way=Way(way),
    )


def _from_variable(entry: Mapping[str, Any], key: str, environment: Mapping[str, str]) -> str:
    """What a variable holds. Its name is never repeated where it may be the secret itself, put there by mistake."""
    name = str(entry[key])
    if name in environment:
        return environment[name]
    shown = name if _VARIABLE.fullmatch(name) and len(name) <= 40 and name.isupper() else "that is named there"
    raise ValueError(f"{key}: the environment has no variable {shown}")
