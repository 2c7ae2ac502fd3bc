"""Journeys: which of them use which segment, and what real-time journeys hold beside what was loaded.

A journey names its segments in its JSON. The service keeps what follows from it: a row of `msdynmkt_segmentusage` for
each, how many published journeys use a segment, and when one last did.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID, uuid5

from migrator.product.codes import (
    AUDIENCE,
    AUDIENCE_KEY,
    DefinitionStatus,
    JourneyState,
    JourneyStatus,
    LegacyStatus,
    Scope,
    SegmentSource,
    SegmentStatus,
    SegmentType,
    State,
)
from migrator.sandbox.organisation import Organisation, Row
from migrator.sandbox.realtime import members_of
from migrator.sandbox.tables import DEFINITION, JOURNEY, LEGACY_JOURNEY, LEGACY_SEGMENT, SEGMENT, USAGE

_STATES = {
    JourneyStatus.DRAFT: JourneyState.DRAFT,
    JourneyStatus.LIVE: JourneyState.LIVE,
    JourneyStatus.STOPPED: JourneyState.STOPPED,
    JourneyStatus.PUBLISHING: JourneyState.PUBLISHING,
    JourneyStatus.DRAINING: JourneyState.STOPPING,
    JourneyStatus.DELETED: JourneyState.DELETED,
    JourneyStatus.COMPLETING: JourneyState.COMPLETING,
    JourneyStatus.COMPLETED: JourneyState.COMPLETED,
    JourneyStatus.STOPPING: JourneyState.STOPPING,
}
_ID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


class JourneyRules:
    """What `msdynmkt_journey` does besides storing rows."""

    def create(self, organisation: Organisation, row: Row) -> None:
        """A new journey is a draft, unless it says otherwise."""
        row.setdefault("statuscode", int(JourneyStatus.DRAFT))
        self._keep(organisation, row)

    def update(self, organisation: Organisation, old: Mapping[str, Any], row: Row) -> None:
        """Changed columns; what follows from them is kept.

        Args:
            organisation: the sandbox's organisation.
            old: the row as it was.
            row: the row as it will be; rules may change it.
        """
        self._keep(organisation, row)

    def delete(self, organisation: Organisation, row: Mapping[str, Any]) -> None:
        """Its usage goes with it."""
        _forget(organisation, str(row["msdynmkt_journeyid"]))
        _count(organisation)

    def _keep(self, organisation: Organisation, row: Row) -> None:
        row["statecode"] = int(_STATES[JourneyStatus(row["statuscode"])])
        keep(organisation, row)


def keep(organisation: Organisation, journey: Row) -> None:
    """Keep what follows from a journey: its usage rows, and what its segments say of their use."""
    key = str(journey["msdynmkt_journeyid"])
    _forget(organisation, key)
    for segment in _segments_in(organisation, journey):
        usage = str(uuid5(UUID(key), segment))
        row = {
            "msdynmkt_segmentusageid": usage,
            "msdynmkt_targetsegmentid": segment,
            "msdynmkt_dependententityid": key,
            "msdynmkt_journeyid": key,
        }
        organisation.fill(USAGE, [row])
        if journey["statuscode"] == JourneyStatus.LIVE:
            now = organisation.now().strftime("%Y-%m-%dT%H:%M:%SZ")
            organisation.rows[SEGMENT][segment]["msdynmkt_lastusedinjourney"] = now
    _count(organisation, journey)


def _forget(organisation: Organisation, journey: str) -> None:
    usages = organisation.rows[USAGE]
    for key in [key for key, row in usages.items() if row["msdynmkt_journeyid"] == journey]:
        del usages[key]


def _count(organisation: Organisation, changed: Row | None = None) -> None:
    journeys = dict(organisation.rows[JOURNEY])
    if changed is not None:
        journeys[str(changed["msdynmkt_journeyid"])] = changed
    live = [
        segment
        for journey in journeys.values()
        if journey["statuscode"] == JourneyStatus.LIVE
        for segment in _segments_in(organisation, journey)
    ]
    for key, row in organisation.rows[SEGMENT].items():
        row["msdynmkt_publishedjourneycount"] = live.count(key)


def _segments_in(organisation: Organisation, journey: Mapping[str, Any]) -> Iterator[str]:
    """The real-time segments that stand in a journey's JSON, each once."""
    found = {str(UUID(text)) for text in _ID.findall(str(journey.get("msdynmkt_journeyjson") or ""))}
    return (key for key in sorted(found) if key in organisation.rows[SEGMENT])


def live_journeys(organisation: Organisation, segment: str) -> list[str]:
    """The names of the live journeys that use a segment."""
    return [
        str(journey["msdynmkt_name"])
        for journey in organisation.rows[JOURNEY].values()
        if journey["statuscode"] == JourneyStatus.LIVE and segment in _segments_in(organisation, journey)
    ]


# --- what is there from the start ------------------------------------------------------------------------------------


def inhabit(organisation: Organisation, content: Mapping[str, Any]) -> None:
    """Put real-time segments and journeys into the organisation, as people have made them there.

    Args:
        organisation: the sandbox's organisation.
        content: `mirrors` (outbound segments that real-time journeys see), `segments` (made by hand or by a tool),
            `journeys`, `outbound_journeys`; each a list of objects, as in `sample_exports/contoso-realtime.json`.
    """
    for entry in content.get("mirrors", ()):
        organisation.fill(SEGMENT, [_mirror(organisation, entry)])
    for entry in content.get("segments", ()):
        _segment(organisation, entry)
    for entry in content.get("journeys", ()):
        row = _journey(organisation, entry)
        organisation.fill(JOURNEY, [row])
        keep(organisation, row)
    for entry in content.get("mirrors", ()):
        if "last_used" in entry:
            row = organisation.rows[SEGMENT][mirror_id(organisation, entry["legacy"])]
            row["msdynmkt_lastusedinjourney"] = entry["last_used"]
    for entry in content.get("outbound_journeys", ()):
        organisation.fill(LEGACY_JOURNEY, [_legacy_journey(organisation, entry)])


def mirror_id(organisation: Organisation, legacy: str) -> str:
    """The id of the row of `msdynmkt_segment` that shows an outbound segment to real-time journeys.

    Args:
        organisation: the sandbox's organisation.
        legacy: the outbound segment's id.
    """
    return str(uuid5(organisation.id, f"mirror of {legacy}"))


def _mirror(organisation: Organisation, entry: Mapping[str, Any]) -> Row:
    legacy = organisation.rows[LEGACY_SEGMENT][entry["legacy"]]
    return {
        "msdynmkt_segmentid": mirror_id(organisation, entry["legacy"]),
        "msdynmkt_displayname": legacy["msdyncrm_segmentname"],
        "msdynmkt_type": int(SegmentType.STATIC),
        "msdynmkt_source": int(SegmentSource.OUTBOUND),
        "msdynmkt_baseentitylogicalname": AUDIENCE,
        "msdynmkt_sourcesegmentuid": entry["legacy"],
        "msdynmkt_membercount": legacy.get("msdyncrm_segmentsize"),
        "msdynmkt_publishedjourneycount": 0,
        "statecode": int(State.ACTIVE),
        "statuscode": int(SegmentStatus.ACTIVE),
        "createdon": "2021-02-03T04:05:06Z",
    }


def _segment(organisation: Organisation, entry: Mapping[str, Any]) -> None:
    key = str(entry["id"])
    definition, group = (str(uuid5(UUID(key), role)) for role in ("definition", "group"))
    members = _members(organisation, entry)
    groups = [{"groupId": group, "includeType": "Include", "name": entry["name"], "inputType": "manualSelect"}]
    live = entry.get("live", True)
    made = {"createdon": entry.get("made", "2025-03-04T05:06:07Z"), "ownerid": organisation.user}
    organisation.fill(
        DEFINITION,
        [
            {
                "msdynmkt_segmentdefinitionid": definition,
                "msdynmkt_name": entry["name"],
                "msdynmkt_segmentquery": entry.get("query") or "",
                "msdynmkt_staticlistmembers": json.dumps(groups) if members is not None else "[]",
                "statecode": int(State.ACTIVE),
                "statuscode": int(DefinitionStatus.LIVE if live else DefinitionStatus.DRAFT),
                **made,
            }
        ],
    )
    row: Row = {
        "msdynmkt_segmentid": key,
        "msdynmkt_displayname": entry["name"],
        "msdynmkt_type": int(SegmentType.STATIC if members is not None else SegmentType.DYNAMIC),
        "msdynmkt_source": int(SegmentSource.JOURNEYS),
        "msdynmkt_baseentitylogicalname": AUDIENCE,
        "msdynmkt_sourcesegmentuid": definition,
        "msdynmkt_scope": int(Scope.ORGANISATION),
        "msdynmkt_cdmpartitionprimarykeycolumn": AUDIENCE_KEY,
        "msdynmkt_publishedjourneycount": 0,
        "statecode": int(State.ACTIVE if live else State.INACTIVE),
        "statuscode": int(SegmentStatus.ACTIVE if live else SegmentStatus.INACTIVE),
        **made,
    }
    organisation.fill(SEGMENT, [row])
    if members is not None:
        organisation.groups[key] = {group: members}
    if live:
        organisation.computed[key] = members_of(organisation, row)
        row["msdynmkt_membercount"] = len(organisation.computed[key])


def _members(organisation: Organisation, entry: Mapping[str, Any]) -> dict[int, None] | None:
    """The ids of a static list: given, or those of an outbound segment; None for a query."""
    if (legacy := entry.get("members_of")) is not None:
        return dict(organisation.lists[legacy])
    ids = entry.get("members")
    return None if ids is None else {UUID(one).int: None for one in ids}


def _journey(organisation: Organisation, entry: Mapping[str, Any]) -> Row:
    status = JourneyStatus[entry.get("status", "LIVE")]
    segments = [mirror_id(organisation, one) for one in entry.get("mirrors", ())] + [*entry.get("segments", ())]
    return {
        "msdynmkt_journeyid": str(entry.get("id") or uuid5(organisation.id, f"journey {entry['name']}")),
        "msdynmkt_name": entry["name"],
        "msdynmkt_journeyjson": journey_json(*segments),
        "statuscode": int(status),
        "statecode": int(_STATES[status]),
        "createdon": "2024-05-06T07:08:09Z",
    }


def journey_json(*segments: str) -> str:
    """The JSON of a journey that sends one mail to whoever is in these real-time segments."""
    audience = [{"segmentId": segment, "source": "segment"} for segment in segments]
    trigger = {"type": "scheduled", "parameters": {"audience": audience}}
    return json.dumps({"type": 1, "typeName": "scheduled", "trigger": trigger, "actions": {}})


def _legacy_journey(organisation: Organisation, entry: Mapping[str, Any]) -> Row:
    items = [
        {"ItemId": one, "ActivityTypeId": "SegmentItem", "SegmentSourceType": "Segment"} for one in entry["segments"]
    ]
    return {
        "msdyncrm_customerjourneyid": str(uuid5(organisation.id, f"outbound journey {entry['name']}")),
        "msdyncrm_name": entry["name"],
        "msdyncrm_workflowdefinition": json.dumps(
            [{"ActivityTypeId": "Segment", "ActivityId": "01_0", "Properties": {"Items": items}}]
        ),
        "statuscode": int(LegacyStatus[entry.get("status", "LIVE")]),
        "createdon": "2020-05-06T07:08:09Z",
    }
