"""Journeys in the box: what they use, and what the service keeps of it."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from migrator.base.resources import shipped
from migrator.product.codes import JourneyState, JourneyStatus, LegacyStatus
from migrator.sandbox.data import load
from migrator.sandbox.journeys import inhabit, journey_json, mirror_id
from migrator.sandbox.server import running
from tests import small
from tests.conftest import CONTOSO, Api, contact

TWIN = "7c000000-0000-4000-8000-0000000000a1"
STATIC = str(small.STATIC)


@pytest.fixture
def lived_in(api: Api) -> Api:
    inhabit(
        api.organisation,
        {
            "mirrors": [{"legacy": STATIC}],
            "segments": [{"id": TWIN, "name": "Five people (2)", "members": [str(contact(n)) for n in range(5)]}],
            "journeys": [
                {"name": "Welcome", "mirrors": [STATIC]},
                *({"name": f"In state {one.name}", "status": one.name} for one in JourneyStatus),
            ],
            "outbound_journeys": [{"name": "Birthday", "status": "LIVE", "segments": [STATIC]}],
        },
    )
    return api


def _one(api: Api, path: str) -> Any:
    (row,) = api.get(path).json()["value"]
    return row


def test_an_outbound_segment_that_journeys_see_has_a_row_of_source_10(lived_in: Api) -> None:
    row = _one(lived_in, "msdynmkt_segments?$filter=msdynmkt_source eq 10")
    assert row["msdynmkt_sourcesegmentuid"] == STATIC
    assert (row["msdynmkt_displayname"], row["msdynmkt_publishedjourneycount"]) == ("Five people", 1)
    assert row["msdynmkt_lastusedinjourney"]


def test_a_journey_that_is_switched_takes_its_usage_along(lived_in: Api) -> None:
    mirror = mirror_id(lived_in.organisation, STATIC)
    usage = _one(lived_in, f"msdynmkt_segmentusages?$filter=_msdynmkt_targetsegmentid_value eq {mirror}")
    journey = usage["_msdynmkt_journeyid_value"]
    answer = lived_in.patch(f"msdynmkt_journeys({journey})", {"msdynmkt_journeyjson": journey_json(TWIN)})
    assert answer.status_code == 204
    usage = _one(lived_in, "msdynmkt_segmentusages")
    assert usage["_msdynmkt_targetsegmentid_value"] == TWIN
    counts = {row["msdynmkt_segmentid"]: row for row in lived_in.get("msdynmkt_segments").json()["value"]}
    assert [counts[key]["msdynmkt_publishedjourneycount"] for key in (mirror, TWIN)] == [0, 1]


def test_a_stopped_or_deleted_journey_publishes_nothing(lived_in: Api) -> None:
    journey = _one(lived_in, "msdynmkt_journeys?$filter=msdynmkt_name eq 'Welcome'")["msdynmkt_journeyid"]
    assert lived_in.patch(f"msdynmkt_journeys({journey})", {"statuscode": 3}).status_code == 204
    row = lived_in.get(f"msdynmkt_journeys({journey})").json()
    assert row["statecode"] == JourneyState.STOPPED
    mirror = mirror_id(lived_in.organisation, STATIC)
    assert lived_in.get(f"msdynmkt_segments({mirror})").json()["msdynmkt_publishedjourneycount"] == 0
    assert lived_in.delete(f"msdynmkt_journeys({journey})").status_code == 204
    assert lived_in.get("msdynmkt_segmentusages").json()["value"] == []


def test_a_segment_of_a_live_journey_is_not_stopped_and_the_journey_is_named(lived_in: Api) -> None:
    lived_in.create("msdynmkt_journeys", {"msdynmkt_name": "Hello", "msdynmkt_journeyjson": journey_json(TWIN)})
    stop = {"SegmentIdList": [TWIN]}
    journey = _one(lived_in, "msdynmkt_journeys?$filter=msdynmkt_name eq 'Hello'")["msdynmkt_journeyid"]
    lived_in.patch(f"msdynmkt_journeys({journey})", {"statuscode": int(JourneyStatus.LIVE)})
    (result,) = lived_in.post("msdynmkt_StopSegments", stop).json()["stopSingleSegmentResults"]
    assert (result["WasStopped"], result["DependentJourneys"]) == (False, ["Hello"])


def test_journeys_of_every_state_carry_the_organisations_labels(lived_in: Api) -> None:
    prefer = 'odata.include-annotations="*"'
    rows = lived_in.get("msdynmkt_journeys", Prefer=prefer).json()["value"]
    labels = {row["statuscode"]: row["statuscode@OData.Community.Display.V1.FormattedValue"] for row in rows}
    assert labels == {int(one): one.name.capitalize() for one in JourneyStatus}


def test_outbound_journeys_still_name_their_segments(lived_in: Api) -> None:
    row = _one(lived_in, "msdyncrm_customerjourneys")
    (segment,) = json.loads(row["msdyncrm_workflowdefinition"])
    assert segment["Properties"]["Items"][0]["ItemId"] == STATIC
    assert row["statuscode"] == LegacyStatus.LIVE


@pytest.mark.parametrize(
    "path",
    [
        "msdynmkt_journeys",
        "msdynmkt_segmentusages",
        "msdyncrm_customerjourneys",
        "msdynmkt_segments?$select=msdynmkt_publishedjourneycount",
    ],
)
def test_an_organisation_may_have_nothing_of_all_that(lived_in: Api, path: str) -> None:
    lived_in.organisation.hide_use()
    assert lived_in.get(path).status_code in (400, 404)
    assert lived_in.get("msdynmkt_segments").status_code == 200


@pytest.mark.slow
def test_the_sample_has_twins_of_every_kind_and_journeys_to_switch() -> None:
    organisation = load(CONTOSO, time.monotonic)
    inhabit(organisation, json.loads((shipped("sample_exports") / "contoso-realtime.json").read_bytes()))
    with running(organisation) as box, httpx.Client(base_url=f"{box.address}/api/data/v9.2/") as http:
        segments = http.get("msdynmkt_segments").json()["value"]
    counts = {row["msdynmkt_displayname"]: row["msdynmkt_membercount"] for row in segments}
    assert counts["Migrated – MySegment2"] > 100
    assert counts["segment2 (2)"] == 200
    assert counts["Depot"] is None
    assert sum(row["msdynmkt_source"] == 10 for row in segments) == 5
