"""Every number of the product, once: option sets of both table families, limits, error codes.

Sources, named behind each block: *seed* are Microsoft's three published articles on the segmentation APIs,
*product documentation* the current pages of Microsoft Learn, *metadata* the published table definitions,
*seen* public code that talks to a live organisation.
"""

from __future__ import annotations

from enum import IntEnum


class LegacyType(IntEnum):
    """`msdyncrm_segmenttype` (seed)."""

    DYNAMIC = 192350000
    STATIC = 192350001
    COMPOUND = 192350002


class LegacyStatus(IntEnum):
    """`statuscode` of `msdyncrm_segment`; 0, 1, 2, 6 and 7 from the seed, 3, 4 and 5 from the metadata."""

    DRAFT = 192350000
    LIVE = 192350001
    STOPPED = 192350002
    LIVE_EDITABLE = 192350003
    EXPIRED = 192350004
    ERROR = 192350005
    GOING_LIVE = 192350006
    STOPPING = 192350007


LEGACY_LIVE = frozenset({LegacyStatus.LIVE, LegacyStatus.LIVE_EDITABLE, LegacyStatus.GOING_LIVE})
"""The statuses in which a legacy segment gets mail."""
LEGACY_MOVES: dict[LegacyStatus, frozenset[LegacyStatus]] = {
    LegacyStatus.DRAFT: frozenset({LegacyStatus.GOING_LIVE, LegacyStatus.LIVE, LegacyStatus.EXPIRED}),
    LegacyStatus.GOING_LIVE: frozenset({LegacyStatus.LIVE, LegacyStatus.ERROR}),
    LegacyStatus.LIVE: frozenset(
        {
            LegacyStatus.STOPPING,
            LegacyStatus.STOPPED,
            LegacyStatus.GOING_LIVE,
            LegacyStatus.LIVE_EDITABLE,
            LegacyStatus.ERROR,
        }
    ),
    LegacyStatus.LIVE_EDITABLE: frozenset({LegacyStatus.LIVE, LegacyStatus.ERROR, LegacyStatus.GOING_LIVE}),
    LegacyStatus.STOPPING: frozenset({LegacyStatus.STOPPED, LegacyStatus.ERROR}),
    LegacyStatus.STOPPED: frozenset({LegacyStatus.EXPIRED, LegacyStatus.GOING_LIVE}),
    LegacyStatus.EXPIRED: frozenset(),
    LegacyStatus.ERROR: frozenset({LegacyStatus.GOING_LIVE, LegacyStatus.STOPPING}),
}
"""Which `statuscode` of an outbound segment may follow which (metadata)."""


class LegacyQueryType(IntEnum):
    """`msdyncrm_querytype` (metadata)."""

    INTERACTION = 192350000
    PROFILE = 192350001


class ExternalSource(IntEnum):
    """`msdyncrm_externalsource` (metadata)."""

    CUSTOMER_INSIGHTS_DATA = 192350000


class Scope(IntEnum):
    """`msdyncrm_scope` and `msdynmkt_scope` share their values (metadata)."""

    ORGANISATION = 270100000
    BUSINESS_UNIT = 270100001


class State(IntEnum):
    """`statecode` of every table used here (seed)."""

    ACTIVE = 0
    INACTIVE = 1


class DefinitionStatus(IntEnum):
    """`statuscode` of `msdynmkt_segmentdefinition`; 0 to 3 from the seed, 4 to 6 from the metadata. More may come."""

    LIVE = 723270000
    DRAFT = 723270001
    GOING_LIVE = 723270002
    DELETED = 723270003
    LIVE_WITH_WARNINGS = 723270004
    STOPPING = 723270005
    STOPPED = 723270006


class SegmentType(IntEnum):
    """`msdynmkt_type`; 10 and 11 from the seed, 12 from the metadata."""

    STATIC = 10
    DYNAMIC = 11
    EXPANSION = 12


class SegmentSource(IntEnum):
    """`msdynmkt_source`; 12 from the seed, 10 and 11 from the metadata."""

    OUTBOUND = 10
    """A row that shows an outbound segment to real-time journeys."""
    CUSTOMER_INSIGHTS = 11
    JOURNEYS = 12


class JourneyStatus(IntEnum):
    """`statuscode` of `msdynmkt_journey` (seen). An organisation may have others, with labels of its own."""

    DRAFT = 1
    LIVE = 2
    STOPPED = 3
    PUBLISHING = 4
    DRAINING = 5
    DELETED = 6
    COMPLETING = 7
    COMPLETED = 8
    STOPPING = 9


class JourneyState(IntEnum):
    """`statecode` of `msdynmkt_journey` (seen)."""

    DRAFT = 0
    LIVE = 1
    STOPPED = 2
    PUBLISHING = 3
    DELETED = 4
    COMPLETING = 5
    COMPLETED = 6
    STOPPING = 8


class SegmentStatus(IntEnum):
    """`statuscode` of `msdynmkt_segment`; 1 to 5 from the seed, 6 and 7 from the metadata, 11 seen."""

    ACTIVE = 1
    INACTIVE = 2
    ERROR = 3
    DELETED = 4
    EXPORTING = 5
    COMPUTING = 6
    COMPUTED_WITH_WARNINGS = 7
    FAULTED = 11


COMPUTED = frozenset({SegmentStatus.ACTIVE, SegmentStatus.COMPUTED_WITH_WARNINGS})
"""The statuses in which a real-time segment shows who is in it."""


class ColumnSource(IntEnum):
    """`SourceType` of a column; null also means a plain one (product documentation)."""

    SIMPLE = 0
    CALCULATED = 1
    ROLLUP = 2
    FORMULA = 3
    PROMPT = 4


class EnforcementModel(IntEnum):
    """`msdynmkt_enforcementmodel` of `msdynmkt_purpose`, for e-mail (metadata)."""

    RESTRICTIVE = 534120000
    NON_RESTRICTIVE = 534120001
    DISABLED = 534120002


class PurposeType(IntEnum):
    """`msdynmkt_type` of `msdynmkt_purpose` (metadata)."""

    COMMERCIAL = 534120000
    TRANSACTIONAL = 534120001
    TRACKING = 534120002


class ContactPoint(IntEnum):
    """`msdynmkt_contactpointtype` of `msdynmkt_contactpointconsent4`: the channel (metadata)."""

    EMAIL = 534120000
    TEXT_MESSAGE = 534120001
    CUSTOM = 534120002
    VOICE = 534120003


class ConsentFor(IntEnum):
    """`msdynmkt_contactpointconsenttype` of `msdynmkt_contactpointconsent4` (metadata)."""

    PURPOSE = 534120000
    TOPIC = 534120001


class ConsentValue(IntEnum):
    """`msdynmkt_value` of `msdynmkt_contactpointconsent4` (metadata)."""

    NOT_SET = 534120000
    OPTED_IN = 534120001
    OPTED_OUT = 534120002


# Text lengths, in characters (metadata).
LEGACY_NAME_MAX = 100
LEGACY_DESCRIPTION_MAX = 2_000
LEGACY_QUERY_MAX = 4_000
LEGACY_MEMBER_IDS_MAX = 1_000_000
NAME_MAX = 100
DESCRIPTION_MAX = 1_000
QUERY_MAX = 4_000
CREATED_BY_MAX = 100

# Static members (seed; the number of groups from the product documentation).
MEMBERS_PER_CALL = 1_000
MEMBERS_PER_GROUP = 200_000
GROUPS_PER_DEFINITION = 10
LEGACY_MEMBERS_PER_CALL = 20_000

# Segments in one organisation (product documentation).
SEGMENTS_MAX = 13_000
DYNAMIC_SEGMENTS_MAX = 3_000
STATIC_SEGMENTS_MAX = 10_000
REFERENCES_MAX = 10
"""References in one query above which a note is left. No public source gives a limit; docs/assumptions.md says so."""

# The Web API (product documentation).
PAGE_SIZE_MAX = 5_000
API_VERSION = "v9.2"
ADDRESS_MAX = 32_000
"""Characters of a request's whole address; the limit is 32,768, and a proxy may add to it."""

# Error codes of the Web API (product documentation).
ERROR_RESOURCE_NOT_FOUND = "0x8006088a"
ERROR_DUPLICATE_KEY = "0x80040237"
ERROR_RECORD_NOT_FOUND = "0x80040217"
ERROR_APPLICATION_NOT_ALLOWED = "0x80095ffc"
ERROR_NO_MEMBER = "0x80072560"
ERROR_TOO_MANY_REQUESTS = "0x80072322"
ERROR_EXECUTION_TIME = "0x80072321"
ERROR_CONCURRENCY = "0x80072326"

# Service protection, for each user and web server (product documentation).
PROTECTION_WINDOW = 300.0
"""Seconds of the sliding window that the limits below are about."""
REQUESTS_PER_WINDOW = 6_000
EXECUTION_SECONDS_PER_WINDOW = 1_200.0
REQUESTS_AT_A_TIME = 52

AUDIENCE = "contact"
"""The table whose rows are members. Outbound knew no other (seed)."""

AUDIENCE_KEY = "contactid"

LEGACY_SEGMENT_PREFIX = "SEGMENT_CRM_ID_"
"""`msdyncrm_segmentqueryname` = this + the id in 32 hexadecimal digits (seed)."""

SEGMENT_PREFIX = "SEGMENT_CJO_ID_"
"""The name of a real-time segment inside a query = this + its id in 32 hexadecimal digits (seen)."""

LEGACY_MEMBER_PREFIX = "crm"
"""What an id in `msdyncrm_segmentmemberids` may carry in front (seed)."""


def label(code: int | None, family: type[IntEnum]) -> str:
    """The name of `code` in words, such as "Live editable"; unknown codes are shown, never refused."""
    if code is None:
        return "none"
    try:
        return family(code).name.replace("_", " ").capitalize()
    except ValueError:
        return f"unknown ({code})"
