"""How outbound interactions are called in the store of real-time journeys, into which they moved.

The vendor gives no map. Tables and columns are named by the product's reference guide of real-time interactions, the
outbound properties by the published common data model; which belongs to which is ours, and is offered for review.
"""

from __future__ import annotations

from collections.abc import Mapping

from migrator.mql.schema import Table

TABLES: Mapping[str, str] = {
    "emailsent": "msdynmkt_emailsent",
    "emaildelivered": "msdynmkt_emaildelivered",
    "emailopened": "msdynmkt_emailopened",
    "emailclicked": "msdynmkt_emaillinkclicked",
    "emaillinkclicked": "msdynmkt_emaillinkclicked",
    "emailbounced": "msdynmkt_emailbounced",
    "emailblocked": "msdynmkt_emailblocked",
    "emailfeedbackloop": "msdynmkt_emailfeedbackloop",
}
"""Outbound interaction type, in small letters → real-time table."""

_BOUNCE = "real time keeps all bounces in msdynmkt_emailbounced and tells them apart by msdynmkt_bouncetype, whose values are not published"  # fmt: skip  # noqa: E501
_EVENTS = "events keep their registrations and check-ins in tables of their own"

UNMAPPED: Mapping[str, str] = {
    "emailhardbounced": _BOUNCE,
    "emailsoftbounced": _BOUNCE,
    "emailblockbounced": "no document says whether it is a bounce or a block in real time",
    "redirectlinkclicked": "redirect links belong to outbound marketing only",
    "eventregistration": _EVENTS,
    "eventcheckin": _EVENTS,
    "formsubmitted": "forms of real-time journeys are others, and the submissions of the old ones did not move",
    "websitevisited": "real-time journeys do not track visits of web pages",
}
"""Outbound interaction types that have no counterpart, in small letters → why."""

COLUMNS: Mapping[str, str] = {
    "timestamp": "msdynmkt_originaltimestamp",
    "customerjourneyid": "msdynmkt_journeyid",
    "messageid": "msdynmkt_messagetemplateid",
    "bouncetype": "msdynmkt_bouncetype",
    "sourcesystem": "msdynmkt_sourcesystem",
}
"""Property of an outbound interaction, in small letters → column of the real-time tables."""

LINK = "contactid"
"""What outbound interactions are counted for."""
PERSON = "msdynmkt_entityid"
PERSON_TABLE = "msdynmkt_entityid_LogicalName"
SOURCE = "msdynmkt_sourcesystem"
SOURCE_OUTBOUND = "1"
"""The value of `SOURCE` for what outbound marketing recorded."""
TIMES = ("msdynmkt_originaltimestamp", "msdynmkt_timestamp")
"""When an interaction happened: the name by the reference guide, and one that was used before."""


def column_of(name: str, table: Table | None) -> str | None:
    """The real-time column for a property of an outbound interaction; None where there is none that is known.

    Args:
        name: the property as the outbound query writes it.
        table: the real-time table, where the metadata has it.
    """
    lowered = name.lower()
    mapped = COLUMNS.get(lowered)
    for candidate in (mapped, lowered, f"msdynmkt_{lowered}"):
        if candidate and table is not None and candidate in table.columns:
            return candidate
    if mapped or (table is None and lowered.startswith("msdynmkt_")):
        return mapped or lowered
    return None
