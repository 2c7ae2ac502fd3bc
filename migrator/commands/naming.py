"""The name of an organisation, which a person types before something is taken away that somebody may miss."""

from __future__ import annotations

from urllib.parse import urlsplit

from migrator.dataverse import inspection
from migrator.dataverse.address import is_loopback
from migrator.dataverse.client import Client
from migrator.dataverse.errors import Refused


def name_of(url: str) -> str:
    """What has to be typed for an organisation of which nobody knows what kind it is: it counts as production.

    Args:
        url: its address.
    """
    host = urlsplit(url).hostname or ""
    return "" if is_loopback(host) else host.partition(".")[0]


async def name_to_type(client: Client) -> str:
    """What has to be typed before something is taken away: the organisation's name, unless it is no production.

    Args:
        client: the organisation. One of which nobody knows what it is counts as production.
    """
    name = name_of(client.url)
    if not name:
        return ""
    try:
        kind = await inspection.retrieve_current_organization(client)
    except Refused:
        kind = ""
    return "" if kind in inspection.NO_PRODUCTION else name
