"""The switch, to its end: twins are not doubled, journeys are switched, old segments are retired."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from openpyxl import load_workbook

from migrator.contracts.export_folder import read_export
from migrator.contracts.history import read_history
from migrator.contracts.usage import Use
from migrator.product.codes import JourneyStatus
from migrator.sandbox.data import load
from migrator.sandbox.journeys import inhabit, journey_json
from migrator.sandbox.server import Running, running
from tests.conftest import Command, Result, contact
from tests.small import DYNAMIC, INACTIVE, ROW_ONLY, STATIC

pytestmark = pytest.mark.slow

NORWEGIANS, FIVE, ALL = (f"7c000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
LIFE: dict[str, Any] = {
    "mirrors": [
        {"legacy": str(STATIC)},
        {"legacy": str(DYNAMIC)},
        {"legacy": str(ROW_ONLY), "last_used": "2019-02-03T04:05:06Z"},
    ],
    "segments": [
        {"id": NORWEGIANS, "name": "Norwegians", "query": "PROFILE(contact).FILTER((address1_city == 'Oslo'))"},
        {"id": FIVE, "name": "Migrated – Five people (2)", "members": [str(contact(n)) for n in range(5)]},
        {"id": ALL, "name": "Everybody", "query": "PROFILE(contact).FILTER(children == 3)"},
    ],
    "journeys": [
        {"name": "Welcome", "status": "LIVE", "mirrors": [str(STATIC)]},
        {"name": "Spring", "status": "DRAFT", "mirrors": [str(DYNAMIC)]},
        {"name": "Long ago", "status": "STOPPED", "mirrors": [str(STATIC)]},
    ],
    "outbound_journeys": [{"name": "Birthday", "status": "STOPPED", "segments": [str(STATIC)]}],
}


@pytest.fixture
def box(small_export: Path) -> Iterator[Running]:
    organisation = load(small_export, time.monotonic)
    organisation.moment = organisation.computing = 0.01
    inhabit(organisation, LIFE)
    with running(organisation) as server:
        yield server


class Marketer:
    """Somebody who works in real-time journeys, through the Web API."""

    def __init__(self, box: Running) -> None:
        self.api = httpx.Client(base_url=f"{box.address}/api/data/v9.2/")

    def journey(self, name: str) -> str:
        rows = self.api.get("msdynmkt_journeys", params={"$filter": f"msdynmkt_name eq '{name}'"}).json()["value"]
        return str(rows[0]["msdynmkt_journeyid"])

    def change(self, name: str, **columns: Any) -> None:
        answer = self.api.patch(f"msdynmkt_journeys({self.journey(name)})", json=columns)
        assert answer.status_code == 204, answer.text

    def switch(self, name: str, segment: str) -> None:
        self.change(name, msdynmkt_journeyjson=journey_json(segment))


@pytest.fixture
def marketer(box: Running) -> Iterator[Marketer]:
    somebody = Marketer(box)
    yield somebody
    somebody.api.close()


def names(box: Running) -> Counter[str]:
    return Counter(
        str(row["msdynmkt_displayname"]).casefold()
        for row in box.organisation.rows["msdynmkt_segment"].values()
        if row["msdynmkt_source"] == 12
    )


def adopted(command: Command, box: Running) -> Result:
    assert command("run", "--org", box.address).code == 3
    twins = ("--finding", "twin-with-same-query", "--finding", "twin-with-same-people")
    assert command("approve", *twins, "--as", "adopt", "--reason", "made in spring").code == 0
    return command("load")


def report_of() -> dict[str, Any]:
    (path,) = Path("reports").glob("*/report.json")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def rows() -> dict[str, Any]:
    return {row["legacy_id"]: row for row in report_of()["segments"]}


def test_from_twins_over_the_switch_to_the_end(command: Command, box: Running, marketer: Marketer) -> None:
    before = json.dumps([box.organisation.rows["msdynmkt_segment"][key] for key in (NORWEGIANS, FIVE, ALL)])
    assert adopted(command, box).code == 3  # one segment is lost, and waits
    assert max(names(box).values()) == 1  # nothing is there twice
    assert "everybody – migrated" in names(box)
    new = {row["msdynmkt_displayname"] for row in box.organisation.rows["msdynmkt_segment"].values()}
    assert {str(row["msdynmkt_source"]) for row in box.organisation.rows["msdynmkt_segment"].values()
            if row["msdynmkt_displayname"] in ("Oslo", "Five people")} == {"10"}  # no second one of either  # fmt: skip
    assert {"Norwegians", "Everybody"} <= new

    command("report", "--format", "json")
    assert {rows()[str(key)]["standing"] for key in (STATIC, DYNAMIC)} == {"verified"}
    assert {str(key): rows()[str(key)]["segment_id"] for key in (STATIC, DYNAMIC)} == {
        str(STATIC): FIVE,
        str(DYNAMIC): NORWEGIANS,
    }

    looked = command("cutover")
    assert looked.code == 3
    assert "To do: 2" in looked.out
    # New segments are called by their names, which people look for; their ids are for scripts.
    assert "“Welcome” (Live): “Five people” → “Migrated – Five people (2)”, 5 → 5 people" in looked.out
    assert "“Spring” (Draft): “Oslo” → “Norwegians”" in looked.out
    told = json.loads(command("cutover", "--json").out)["items"]
    called = {item["new_id"]: item["new_name"] for item in told}
    assert (called[FIVE], called[NORWEGIANS]) == ("Migrated – Five people (2)", "Norwegians")
    assert "etn=msdynmkt_journey&pagetype=entityrecord" in looked.out
    kept = command("retire", "--yes")
    assert kept.code == 4
    assert "still used by the journey “Welcome”" in kept.err
    assert box.organisation.rows["msdyncrm_segment"][str(STATIC)]["statuscode"] == 192350001  # live as before

    marketer.switch("Welcome", FIVE)
    half = json.loads(command("cutover", "--json").out)
    assert {item["name"]: item["state"] for item in half["items"]} == {
        "Welcome": "switched", "Spring": "to do", "Long ago": "stopped", "Birthday": "stopped",
    }  # fmt: skip
    marketer.switch("Spring", NORWEGIANS)
    assert command("cutover").code == 0
    assert command("retire", "--yes").code == 0
    box.organisation.settle()
    assert box.organisation.rows["msdyncrm_segment"][str(STATIC)]["statuscode"] in (192350002, 192350007)
    after = [dict(box.organisation.rows["msdynmkt_segment"][key]) for key in (NORWEGIANS, FIVE, ALL)]
    for one, was in zip(after, json.loads(before), strict=True):  # adopted ones were never changed by us
        use = ("msdynmkt_publishedjourneycount", "msdynmkt_lastusedinjourney", "@version")
        assert {k: v for k, v in one.items() if k not in use} == {k: v for k, v in was.items() if k not in use}


def test_every_look_is_kept_and_the_report_shows_them(command: Command, box: Running, marketer: Marketer) -> None:
    adopted(command, box)
    assert command("cutover").code == 3
    box.organisation.rows["msdynmkt_segment"][FIVE]["msdynmkt_membercount"] = 9
    assert command("cutover").code == 3
    command("report", "--format", "html", "--format", "xlsx", "--format", "json", "--language", "de")
    (folder,) = Path("reports").glob("*")
    assert len((folder / "cutover.jsonl").read_text().splitlines()) == 2
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert 'id="cutover">Die Umstellung' in page
    assert "Noch ist nicht alles umgestellt." in page
    assert "<polyline points=" in page
    told = report_of()["cutover"]
    assert (told["done"], told["sizes"]["Five people"]) == (False, [5, 5, 9])
    sheet = load_workbook(folder / "report.xlsx")["Die Umstellung"]
    assert sheet["A2"].value == "Welcome"
    assert [cell.value for cell in sheet[1]][6] == "neues Segment"
    assert sheet["G2"].value == "Migrated – Five people (2)"
    command("report", "--anonymise")
    assert "Welcome" not in (folder / "report.html").read_text(encoding="utf-8")
    assert "Welcome" not in (folder / "report.json").read_text(encoding="utf-8")


def test_unknown_use_is_unknown_everywhere_and_is_overruled_by_a_decision(command: Command, box: Running) -> None:
    box.organisation.hide_use()
    adopted(command, box)
    command("report", "--format", "json")
    assert {row["use"] for row in rows().values()} == {"unknown"}
    looked = command("cutover")
    assert looked.code == 3
    assert "unknown, which is not the same as unused" in looked.out
    assert "whether a journey still uses it cannot be seen" in command("retire", "--yes").err
    assert command("retire", "--yes", "--even-if-used", "--reason", "asked everybody").code == 0
    (folder,) = Path("reports").glob("*")
    events = [one for one in read_history(folder) if one.what.startswith("retire even if used")]
    assert {one.reason for one in events} == {"asked everybody"}
    assert "Five people" in " ".join(one.segment for one in events)


def test_the_export_holds_use_and_twins_and_gives_the_same_plan(command: Command, box: Running) -> None:
    command("extract", "--org", box.address)
    (folder,) = Path("reports").glob("*/export")
    export = read_export(folder)
    assert export.usage
    assert {key: export.usage.use(key) for key in (STATIC, DYNAMIC, ROW_ONLY, INACTIVE)} == {
        STATIC: Use.LIVE, DYNAMIC: Use.DRAFT, ROW_ONLY: Use.NONE, INACTIVE: Use.NONE,
    }  # fmt: skip
    assert sorted(one.name for one in export.usage.journeys_of(STATIC)) == ["Birthday", "Long ago", "Welcome"]
    assert export.twins
    assert {(pair.common, pair.of_segment, pair.of_legacy) for pair in export.twins.people if pair.same} == {(5, 5, 5)}
    assert command("check-export", folder).code == 0
    plans = []
    for _ in range(2):
        assert command("translate").code in (0, 3)
        plans.append((folder.parent / "plan.json").read_bytes())
    assert plans[0] == plans[1]


def test_a_name_that_came_since_is_not_given_twice(command: Command, box: Running) -> None:
    assert command("run", "--org", box.address, "--dry-run").code == 3
    late = {"id": "7c000000-0000-4000-8000-0000000000ff", "name": "Everybody – Migrated", "query": "PROFILE(contact)"}
    inhabit(box.organisation, {"segments": [late]})
    result = command("load", "--org", box.address)
    assert result.code == 4
    assert names(box)["everybody – migrated"] == 1
    assert "Real-time journeys have a segment “Everybody – migrated”" in Path(
        next(Path("reports").glob("*/report.html"))
    ).read_text(encoding="utf-8")


def test_who_used_a_replaced_segment_is_to_be_switched_too(command: Command, box: Running, marketer: Marketer) -> None:
    inhabit(box.organisation, {"journeys": [{"name": "By hand", "segments": [NORWEGIANS]}]})
    command("run", "--org", box.address)
    assert command("approve", "Oslo", "--as", "replace").code == 0
    command("load")
    assert names(box)["oslo"] == 1
    listed = json.loads(command("cutover", "--json").out)
    assert {"By hand", "Spring"} <= {item["name"] for item in listed["items"] if item["state"] == "to do"}


def test_what_was_adopted_and_has_changed_is_not_taken_for_the_same(command: Command, box: Running) -> None:
    command("run", "--org", box.address)
    command("approve", "Oslo", "--as", "adopt")
    definition = box.organisation.rows["msdynmkt_segment"][NORWEGIANS]["msdynmkt_sourcesegmentuid"]
    row = box.organisation.rows["msdynmkt_segmentdefinition"][definition]
    row["msdynmkt_segmentquery"] = "PROFILE(contact)"
    assert command("load").code == 4
    command("report", "--format", "json")
    assert "was changed since it was extracted" in rows()[str(DYNAMIC)]["error"]


def test_rollback_names_the_journey_that_uses_a_new_segment(command: Command, box: Running, marketer: Marketer) -> None:
    command("run", "--org", box.address)
    new = next(
        key
        for key, row in box.organisation.rows["msdynmkt_segment"].items()
        if row["msdynmkt_displayname"] == "Everybody – migrated"
    )
    marketer.switch("Welcome", new)
    kept = command("rollback", "--yes")
    assert kept.code == 4
    assert "It is used by the journey “Welcome”" in kept.err
    assert new in box.organisation.rows["msdynmkt_segment"]
    marketer.change("Welcome", statuscode=int(JourneyStatus.STOPPED))
    assert command("rollback", "--yes").code == 0
    assert {NORWEGIANS, FIVE, ALL} <= set(box.organisation.rows["msdynmkt_segment"])


# --- another organisation --------------------------------------------------------------------------------------------


@pytest.fixture
def copy(small_export: Path) -> Iterator[Running]:
    """Another organisation: a copy of the small one, restored under an id of its own."""
    organisation = load(small_export, time.monotonic)
    organisation.id = UUID(int=0xC0)
    organisation.moment = organisation.computing = 0.01
    with running(organisation) as server:
        yield server


def test_an_export_is_loaded_into_a_restored_copy(
    command: Command, box: Running, copy: Running, tmp_path: Path
) -> None:
    command("extract", "--org", box.address)
    (export,) = Path("reports").glob("*/export")
    arguments = ("run", "--org", copy.address, "--from", export, "--other-organisation", "--out")
    assert command(*arguments, tmp_path / "two").code == 3
    assert names(copy) == Counter({"five people": 1, "oslo": 1, "in its row": 1, "everybody": 1})  # no twins there
    (plan,) = (tmp_path / "two").glob("*/plan.json")
    assert _five(plan) == (5, 0, True)  # also what the service gave is looked up there
    del copy.organisation.rows["contact"][str(contact(4))]  # somebody who was deleted in the copy
    assert command(*arguments, tmp_path / "three", "--dry-run").code == 3
    (plan,) = (tmp_path / "three").glob("*/plan.json")
    assert _five(plan) == (4, 1, True)


def _five(plan: Path) -> tuple[int, int, bool]:
    (found,) = (one for one in json.loads(plan.read_text())["segments"] if one["legacy_id"] == str(STATIC))
    return found["members"]["count"], found["members"]["gone"], found["members"]["checked"]


def test_contacts_of_other_ids_are_refused_before_anything_is_written(
    command: Command, box: Running, copy: Running, tmp_path: Path
) -> None:
    command("extract", "--org", box.address)
    (export,) = Path("reports").glob("*/export")
    rows = copy.organisation.rows["contact"]
    for key in list(rows):
        other = str(UUID(int=UUID(key).int + 0x1000))
        rows[other] = {**rows.pop(key), "contactid": other}
    result = command("run", "--org", copy.address, "--from", export, "--other-organisation", "--out", tmp_path / "two")
    assert result.code == 2
    assert "Of the 12 contacts in the export, 0 are in" in result.err
    assert "Nothing was written" in result.err
    assert not copy.organisation.rows["msdynmkt_segmentdefinition"]
