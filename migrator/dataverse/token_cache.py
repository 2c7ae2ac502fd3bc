"""Keeps what a person's sign-in gave from one command to the next: encrypted where the system can, else in a file.

Windows (DPAPI), macOS (Keychain) and Linux with a keyring (libsecret) encrypt; elsewhere the file can be read by its
owner alone, which is said once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from migrator.base.atomic import private_folder

ENCRYPTED, PLAIN = "tokens.bin", "tokens.json"


def default_folder() -> Path:
    """Where the cache lies when no setting says so: in the user's own data folder."""
    return Path(platformdirs.user_data_dir("migrator", appauthor=False))


@dataclass(frozen=True, slots=True)
class KnownSignIn:
    """One sign-in that the cache holds."""

    who: str
    tenant: str
    organisation: str
    """The organisation that the token is for, as an address."""
    until: float
    """When the token ends, seconds since 1970. It is renewed without a question for as long as the tenant allows."""


def open_cache(folder: Path, tell: Callable[[str], None]) -> Any:
    """The cache that MSAL reads and writes.

    Args:
        folder: where it lies; made if it is not there.
        tell: is told, once for each folder, where the system cannot encrypt.

    Raises:
        OSError: the folder cannot be written.
    """
    from msal_extensions import PersistedTokenCache

    private_folder(folder)
    return PersistedTokenCache(_persistence(folder, tell))


def _persistence(folder: Path, tell: Callable[[str], None]) -> Any:
    from msal_extensions import FilePersistence, build_encrypted_persistence

    path = folder / ENCRYPTED
    try:
        persistence = build_encrypted_persistence(str(path))
        persistence.save(persistence.load() if path.exists() else "{}")  # a keyring that is locked says so here
    except Exception:  # noqa: BLE001 - each system's keyring has errors of its own; all mean the same to us
        path.unlink(missing_ok=True)
        plain = folder / PLAIN
        if not plain.exists():
            os.close(os.open(plain, os.O_WRONLY | os.O_CREAT, 0o600))
            tell(
                f"This system cannot encrypt what is kept of your sign-in; it lies in {plain}, "
                "which only you can read. Remove it with: migrator logout"
            )
        plain.chmod(0o600)
        return FilePersistence(str(plain))
    return persistence


def known_sign_ins(cache: Any) -> list[KnownSignIn]:
    """What the cache holds, the one that lasts longest first."""
    people = {entry.get("home_account_id"): str(entry.get("username", "")) for entry in cache.search("Account")}
    found = []
    for entry in cache.search("AccessToken"):
        who = people.get(entry.get("home_account_id"))
        address = next((scope for scope in str(entry.get("target", "")).split() if "://" in scope), "")
        if who is None or not address:
            continue
        organisation = "/".join(address.split("/")[:3])
        found.append(KnownSignIn(who, str(entry.get("realm", "")), organisation, float(entry.get("expires_on", 0))))
    return sorted(found, key=lambda one: -one.until)


def forget(folder: Path) -> bool:
    """Remove everything that the cache holds; gives whether there was anything."""
    there = (folder / ENCRYPTED).exists() or (folder / PLAIN).exists()
    if there:
        _persistence(folder, lambda _: None).save("{}")  # a keyring keeps it elsewhere
    for name in (ENCRYPTED, PLAIN, f"{ENCRYPTED}.lockfile", f"{PLAIN}.lockfile"):
        (folder / name).unlink(missing_ok=True)
    return there
