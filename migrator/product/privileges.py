"""Which privileges of Dataverse each command needs, by their names, as they stand in a security role.

A privilege is `prv` + what it allows + the table's schema name (product documentation: *Security roles and
privileges*). What the segmentation actions ask for besides is not documented; docs/assumptions.md says so.
"""

from __future__ import annotations

from collections.abc import Mapping

LEGACY, DEFINITION, SEGMENT = "msdyncrm_segment", "msdynmkt_segmentdefinition", "msdynmkt_segment"

_CONSENT = ("msdynmkt_contactpointconsent4", "msdynmkt_purpose", "msdynmkt_topic", "msdynmkt_compliancesettings4")
_READ_LEGACY = (f"prvRead{LEGACY}", "prvReadContact")
_READ_NEW = (f"prvRead{DEFINITION}", f"prvRead{SEGMENT}", "prvReadContact")

NEEDED: Mapping[str, tuple[str, ...]] = {
    "extract": _READ_LEGACY,
    "import-members": ("prvReadContact",),
    "load": (
        *_READ_NEW,
        f"prvCreate{DEFINITION}",
        f"prvCreate{SEGMENT}",
        f"prvWrite{DEFINITION}",
        f"prvWrite{SEGMENT}",
    ),
    "verify": _READ_NEW,
    "reach": ("prvReadContact", *(f"prvRead{name}" for name in _CONSENT)),
    "rollback": (
        *_READ_NEW,
        f"prvWrite{DEFINITION}",
        f"prvWrite{SEGMENT}",
        f"prvDelete{DEFINITION}",
        f"prvDelete{SEGMENT}",
    ),
    "retire": (*_READ_LEGACY, f"prvRead{SEGMENT}", f"prvRead{DEFINITION}", f"prvWrite{LEGACY}"),
    "retire --delete": (*_READ_LEGACY, f"prvWrite{LEGACY}", f"prvDelete{LEGACY}"),
}
"""Command → the privileges that it cannot do without."""

OUTBOUND_JOURNEY = "msdyncrm_customerjourney"
USE_TABLES = ("msdynmkt_journey", "msdynmkt_segmentusage", OUTBOUND_JOURNEY)
"""What tells which journeys use which segment. Without a right to read one of them it is unknown, and nothing ends."""
FOR_USE = tuple(f"prvRead{name}" for name in USE_TABLES)

FOR_BUSINESS_UNITS = ("prvAppendToBusinessUnit", f"prvAppend{SEGMENT}")
"""What it takes besides to put a segment into a business unit of choice."""

FROM_LIST = "prvReadList"
"""What `import-members --from-list` needs besides."""
