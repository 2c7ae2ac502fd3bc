"""Signing in once for the commands that follow, saying who is signed in, and forgetting it."""

from __future__ import annotations

from pathlib import Path

from migrator.commands.session import Orders
from migrator.commands.settings import Settings
from migrator.dataverse.client import Client
from migrator.dataverse.token_cache import KnownSignIn, default_folder, forget, known_sign_ins, open_cache


def sign_in(org: str, orders: Orders) -> None:
    """Reach an organisation, so that the person's sign-in is kept for the next commands.

    Raises:
        UsageError: no organisation is named.
        DataverseError: it cannot be reached, or refuses us.
    """

    async def work(client: Client) -> None:
        orders.tell(f"Signed in to {client.url} ({client.organisation_id}).")

    orders.at(org, work)


def signed_in(settings: Settings) -> list[KnownSignIn]:
    """Every sign-in that is kept; nobody is asked."""
    folder = _folder(settings)
    return known_sign_ins(open_cache(folder, lambda _: None)) if folder.is_dir() else []


def sign_out(settings: Settings) -> bool:
    """Forget every sign-in; gives whether there was any."""
    return forget(_folder(settings))


def _folder(settings: Settings) -> Path:
    return settings.token_cache or default_folder()
