"""The columns of the tables that every organisation with the product has, as the seeds and the metadata name them."""

from __future__ import annotations

from migrator.mql import Column, ManyToMany, Table
from migrator.product import codes

TEXT, MEMO, WHOLE, MOMENT = Column("String"), Column("Memo"), Column("Integer"), Column("DateTime")
KEY, YES_NO, CHOICE, STATE, STATUS = (
    Column("Uniqueidentifier"),
    Column("Boolean"),
    Column("Picklist"),
    Column("State"),
    Column("Status"),
)


def _lookup(*targets: str) -> Column:
    return Column("Lookup", targets=targets)


_COMMON = {
    "createdon": MOMENT,
    "modifiedon": MOMENT,
    "createdby": _lookup("systemuser"),
    "ownerid": Column("Owner", targets=("systemuser", "team")),
    "owningbusinessunit": _lookup("businessunit"),
    "statecode": STATE,
    "statuscode": STATUS,
}

LEGACY_SEGMENT, DEFINITION, SEGMENT = "msdyncrm_segment", "msdynmkt_segmentdefinition", "msdynmkt_segment"
JOURNEY, USAGE, LEGACY_JOURNEY = "msdynmkt_journey", "msdynmkt_segmentusage", "msdyncrm_customerjourney"
USE_COLUMNS = ("msdynmkt_publishedjourneycount", "msdynmkt_lastusedinjourney")
"""Columns of `msdynmkt_segment` that tell whether journeys use it."""
PROFILE, PURPOSE, TOPIC = "msdynmkt_compliancesettings4", "msdynmkt_purpose", "msdynmkt_topic"
CONSENT, PURPOSES = "msdynmkt_contactpointconsent4", "msdynmkt_msdynmkt_purpose_msdynmkt_compliancev4"
OF_CONSENT = (PROFILE, PURPOSE, TOPIC, CONSENT, PURPOSES)
"""What the module of real-time journeys keeps about consent."""
REALTIME = frozenset({DEFINITION, SEGMENT, *OF_CONSENT})

TABLES = {
    LEGACY_SEGMENT: Table(
        "msdyncrm_segments",
        "msdyncrm_segmentid",
        "msdyncrm_segmentname",
        {
            **_COMMON,
            "msdyncrm_segmentid": KEY,
            "msdyncrm_segmentname": TEXT,
            "msdyncrm_description": MEMO,
            "msdyncrm_segmenttype": CHOICE,
            "msdyncrm_segmentquery": MEMO,
            "msdyncrm_query": MEMO,
            "msdyncrm_segmentmemberids": MEMO,
            "msdyncrm_segmentqueryname": TEXT,
            "msdyncrm_segmentsize": WHOLE,
            "msdyncrm_scope": CHOICE,
            "msdyncrm_querytype": CHOICE,
            "msdyncrm_segmenttimezone": WHOLE,
            "msdyncrm_segmentrefreshrateintervalminutes": WHOLE,
            "msdyncrm_segmenttargetprofiletypename": TEXT,
            "msdyncrm_externalsource": CHOICE,
            "msdyncrm_islive": YES_NO,
        },
    ),
    DEFINITION: Table(
        "msdynmkt_segmentdefinitions",
        "msdynmkt_segmentdefinitionid",
        "msdynmkt_name",
        {
            **_COMMON,
            "msdynmkt_segmentdefinitionid": KEY,
            "msdynmkt_name": TEXT,
            "msdynmkt_segmentquery": MEMO,
            "msdynmkt_staticlistmembers": MEMO,
            "msdynmkt_disablesegmentrefresh": YES_NO,
            "msdynmkt_segmentrefreshintervalminutes": WHOLE,
            "msdynmkt_timezonecode": WHOLE,
            "msdynmkt_sourcesegmentcreatedon": MOMENT,
            "msdynmkt_sourcesegmentcreatedby": TEXT,
        },
    ),
    SEGMENT: Table(
        "msdynmkt_segments",
        "msdynmkt_segmentid",
        "msdynmkt_displayname",
        {
            **_COMMON,
            "msdynmkt_segmentid": KEY,
            "msdynmkt_displayname": TEXT,
            "msdynmkt_description": MEMO,
            "msdynmkt_type": CHOICE,
            "msdynmkt_source": CHOICE,
            "msdynmkt_baseentitylogicalname": TEXT,
            "msdynmkt_sourcesegmentuid": TEXT,
            "msdynmkt_scope": CHOICE,
            "msdynmkt_membercount": WHOLE,
            "msdynmkt_cdmpartitionprimarykeycolumn": TEXT,
            "msdynmkt_publishedjourneycount": WHOLE,
            "msdynmkt_lastusedinjourney": MOMENT,
        },
    ),
    JOURNEY: Table(
        "msdynmkt_journeys",
        "msdynmkt_journeyid",
        "msdynmkt_name",
        {**_COMMON, "msdynmkt_journeyid": KEY, "msdynmkt_name": TEXT, "msdynmkt_journeyjson": MEMO},
    ),
    USAGE: Table(
        "msdynmkt_segmentusages",
        "msdynmkt_segmentusageid",
        "msdynmkt_name",
        {
            **_COMMON,
            "msdynmkt_segmentusageid": KEY,
            "msdynmkt_name": TEXT,
            "msdynmkt_targetsegmentid": _lookup(SEGMENT),
            "msdynmkt_dependententityid": _lookup(JOURNEY, SEGMENT),
            "msdynmkt_journeyid": _lookup(JOURNEY),
        },
    ),
    LEGACY_JOURNEY: Table(
        "msdyncrm_customerjourneys",
        "msdyncrm_customerjourneyid",
        "msdyncrm_name",
        {
            **_COMMON,
            "msdyncrm_customerjourneyid": KEY,
            "msdyncrm_name": TEXT,
            "msdyncrm_workflowdefinition": MEMO,
            "msdyncrm_suppressionsegmentid": _lookup(LEGACY_SEGMENT),
        },
    ),
    PROFILE: Table(
        f"{PROFILE}s",
        f"{PROFILE}id",
        "msdynmkt_name",
        {**_COMMON, f"{PROFILE}id": KEY, "msdynmkt_name": TEXT},
    ),
    PURPOSE: Table(
        "msdynmkt_purposes",
        "msdynmkt_purposeid",
        "msdynmkt_name",
        {
            **_COMMON,
            "msdynmkt_purposeid": KEY,
            "msdynmkt_name": TEXT,
            "msdynmkt_type": CHOICE,
            "msdynmkt_enforcementmodel": CHOICE,
        },
    ),
    PURPOSES: Table(
        f"{PURPOSES}set",
        f"{PURPOSES}id",
        f"{PURPOSES}id",
        {f"{PURPOSES}id": KEY, "msdynmkt_purposeid": KEY, f"{PROFILE}id": KEY},
    ),
    TOPIC: Table(
        "msdynmkt_topics",
        "msdynmkt_topicid",
        "msdynmkt_name",
        {**_COMMON, "msdynmkt_topicid": KEY, "msdynmkt_name": TEXT, "msdynmkt_purposeid": _lookup(PURPOSE)},
    ),
    CONSENT: Table(
        f"{CONSENT}s",
        f"{CONSENT}id",
        "msdynmkt_contactpointvalue",
        {
            **_COMMON,
            f"{CONSENT}id": KEY,
            "msdynmkt_contactpointvalue": TEXT,
            "msdynmkt_contactpointtype": CHOICE,
            "msdynmkt_contactpointconsenttype": CHOICE,
            "msdynmkt_purposeid": _lookup(PURPOSE),
            "msdynmkt_topicid": _lookup(TOPIC),
            "msdynmkt_value": CHOICE,
            "msdynmkt_source": CHOICE,
        },
    ),
    "businessunit": Table("businessunits", "businessunitid", "name", {"businessunitid": KEY, "name": TEXT}),
    "systemuser": Table(
        "systemusers",
        "systemuserid",
        "fullname",
        {
            "systemuserid": KEY,
            "fullname": TEXT,
            "internalemailaddress": TEXT,
            "domainname": TEXT,
            "isdisabled": Column("Boolean"),
        },
    ),
    "team": Table("teams", "teamid", "name", {"teamid": KEY, "name": TEXT}),
    "organization": Table("organizations", "organizationid", "name", {"organizationid": KEY, "name": TEXT}),
}

MANY_TO_MANY = (ManyToMany(PURPOSES, PURPOSES, PURPOSE, "msdynmkt_purposeid", PROFILE, f"{PROFILE}id"),)

LENGTHS = {
    (LEGACY_SEGMENT, "msdyncrm_segmentname"): codes.LEGACY_NAME_MAX,
    (LEGACY_SEGMENT, "msdyncrm_description"): codes.LEGACY_DESCRIPTION_MAX,
    (LEGACY_SEGMENT, "msdyncrm_segmentquery"): codes.LEGACY_QUERY_MAX,
    (LEGACY_SEGMENT, "msdyncrm_query"): codes.LEGACY_QUERY_MAX,
    (LEGACY_SEGMENT, "msdyncrm_segmentmemberids"): codes.LEGACY_MEMBER_IDS_MAX,
    (SEGMENT, "msdynmkt_displayname"): codes.NAME_MAX,
    (SEGMENT, "msdynmkt_description"): codes.DESCRIPTION_MAX,
    (DEFINITION, "msdynmkt_name"): codes.NAME_MAX,
    (DEFINITION, "msdynmkt_segmentquery"): codes.QUERY_MAX,
    (DEFINITION, "msdynmkt_sourcesegmentcreatedby"): codes.CREATED_BY_MAX,
}

CHOICES = {
    (LEGACY_SEGMENT, "statuscode"): codes.LegacyStatus,
    (LEGACY_SEGMENT, "msdyncrm_segmenttype"): codes.LegacyType,
    (LEGACY_SEGMENT, "msdyncrm_scope"): codes.Scope,
    (LEGACY_SEGMENT, "msdyncrm_querytype"): codes.LegacyQueryType,
    (DEFINITION, "statuscode"): codes.DefinitionStatus,
    (SEGMENT, "statuscode"): codes.SegmentStatus,
    (SEGMENT, "msdynmkt_type"): codes.SegmentType,
    (SEGMENT, "msdynmkt_source"): codes.SegmentSource,
    (SEGMENT, "msdynmkt_scope"): codes.Scope,
    (JOURNEY, "statuscode"): codes.JourneyStatus,
    (JOURNEY, "statecode"): codes.JourneyState,
    (LEGACY_JOURNEY, "statuscode"): codes.LegacyStatus,
    (PURPOSE, "msdynmkt_type"): codes.PurposeType,
    (PURPOSE, "msdynmkt_enforcementmodel"): codes.EnforcementModel,
    (CONSENT, "msdynmkt_contactpointtype"): codes.ContactPoint,
    (CONSENT, "msdynmkt_contactpointconsenttype"): codes.ConsentFor,
    (CONSENT, "msdynmkt_value"): codes.ConsentValue,
}
"""Columns that hold one of a few codes."""

SET_BY_THE_SERVICE = frozenset({"createdon", "modifiedon", "createdby", "msdynmkt_membercount", *USE_COLUMNS})
"""Columns that a client may send, and that are then not taken over."""
