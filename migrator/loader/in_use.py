"""Is something live still using a segment? Asked right before it is taken away, and answered by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from migrator.contracts.usage import MAY_SEND, Usage, usage_of, users_of
from migrator.dataverse.client import Client
from migrator.dataverse.usage import look


async def still_used(client: Client, legacy: Collection[UUID]) -> Mapping[UUID, str]:
    """What still uses legacy segments, or why nobody can say; a segment that is free is missing here.

    Args:
        client: the organisation.
        legacy: ids of legacy segments.

    Raises:
        DataverseError: the organisation cannot be reached.
    """
    usage = usage_of(await look(client), legacy)
    return {key: why for key in legacy if (why := _why(usage, key))}


def _why(usage: Usage, key: UUID) -> str:
    use = usage.of(key)
    names = [f"the journey “{one.name or one.id}”" for one in usage.journeys_of(key) if one.life in MAY_SEND]
    hidden = (use.published or 0) - len(names)
    names += [f"the segment “{name}”" for name in use.segments]
    if hidden > 0:
        names.append(f"{hidden:,} live journeys by the product's own count, which cannot be seen")
    if names:
        return f"it is still used by {', '.join(names)}"
    if not usage.complete:
        unread = "; ".join(f"{part.replace('_', ' ')}: {why.rstrip('.')}" for part, why in usage.unread.items())
        return f"whether a journey still uses it cannot be seen ({unread})"
    return ""


async def sending_from(client: Client, segments: Collection[UUID]) -> Mapping[UUID, tuple[str, ...]]:
    """The names of journeys that may send from real-time segments, as far as they can be seen.

    Args:
        client: the organisation.
        segments: ids of rows of `msdynmkt_segment`.

    Raises:
        DataverseError: the organisation cannot be reached.
    """
    users = users_of(await look(client), segments)
    return {
        key: tuple(one.name or str(one.id) for one in journeys if one.life in MAY_SEND)
        for key, journeys in users.items()
    }
