"""What predicting answers besides the segments: people, copies of segments, and lists whose members are lost."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.base.progress import Silent
from migrator.commands.deciding import Meant, carry_out, in_one_way
from migrator.commands.duplicates import skip_duplicates
from migrator.commands.predict import predict
from migrator.commands.predict_told import predictions_json, sentences
from migrator.commands.prepare import take_export, translate_stage
from migrator.commands.report import decided_plan, plan_of, report_stage
from migrator.contracts.choices import Choice, Choices
from migrator.contracts.decisions import read_decisions
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.history import read_history
from migrator.contracts.members import Members, MemberSource
from migrator.contracts.plan import Outcome, PlannedSegment
from migrator.contracts.predictions import (
    INACTIVE_OR_DELETED,
    LOST,
    Basis,
    Kind,
    Loss,
    Overlap,
    Predictions,
    write_predictions,
)
from migrator.contracts.run_folder import RunFolder, Task, new_run
from migrator.contracts.usage import USAGE, Journey, Life, SegmentUse, Usage, usage_to_json
from migrator.evaluator.overlap import alike
from migrator.evaluator.population import Population
from migrator.evaluator.select import Stored
from migrator.mql import Schema
from migrator.product.codes import LegacyStatus, LegacyType
from migrator.report.first_screen import FirstScreen
from tests.conftest import Command
from tests.small import ACCOUNTS, CONTACTS, ORGANISATION, SCHEMA, _csv, contact, row, segment

LIVE = LegacyStatus.LIVE
OSLO = "PROFILE(contact).FILTER(address1_city == 'Oslo')"
STATIC, DYNAMIC = LegacyType.STATIC, LegacyType.DYNAMIC
SERVICE = Members(MemberSource.SERVICE)
NAMES = (
    "Old list", "New list", "Oslo", "Oslo again", "Oslo, as a list", "Nobody", "Three", "Lost", "Bergen",
    "Gone",
    "Paris",
    "Paris, as a list",
)  # fmt: skip
IDS = {name: segment(number) for number, name in enumerate(NAMES, start=1)}
BY_ID = {key: name for name, key in IDS.items()}


def rows(statuses: Mapping[str, LegacyStatus]) -> list[dict[str, Any]]:
    def one(name: str, kind: LegacyType, created: int, **columns: Any) -> dict[str, Any]:
        made = row(IDS[name], name, kind, statuses.get(name, LIVE), **columns)
        return {**made, "createdon": f"20{created}-01-01T00:00:00Z"}

    return [
        one("Old list", STATIC, 18, msdyncrm_segmentsize=5),
        one("New list", STATIC, 22, msdyncrm_segmentsize=5),
        one("Oslo", DYNAMIC, 19, msdyncrm_segmentquery=OSLO),
        one("Oslo again", DYNAMIC, 23, msdyncrm_segmentquery="profile(contact, c).filter('Oslo' == c.address1_city)"),
        one("Oslo, as a list", STATIC, 24, msdyncrm_segmentsize=4),
        one("Nobody", DYNAMIC, 20, msdyncrm_segmentquery="PROFILE(contact).FILTER(address1_city == 'Rome')"),
        one("Three", STATIC, 20, msdyncrm_segmentsize=3),
        one("Lost", STATIC, 20, msdyncrm_segmentsize=3),
        one("Bergen", DYNAMIC, 20, msdyncrm_segmentquery="PROFILE(contact).FILTER(children == 2 && age > 3)"),
        one("Gone", STATIC, 20, msdyncrm_segmentsize=2),
        one("Paris", DYNAMIC, 20, msdyncrm_segmentquery="PROFILE(contact).FILTER(address1_city == 'Paris')"),
        one("Paris, as a list", STATIC, 24, msdyncrm_segmentsize=4),
    ]


def made(
    folder: Path,
    statuses: Mapping[str, LegacyStatus] | None = None,
    usage: Usage | None = None,
    tables: Mapping[str, list[dict[str, Any]]] | None = None,
) -> RunFolder:
    """A run over an organisation that carries copies: contacts 0 to 4 twice, those of Oslo three times."""
    writer = ExportWriter(folder / "export", ORGANISATION, "2026-01-02T03:04:05Z")
    writer.segments(rows(statuses or {}))
    for name, numbers in (
        ("Old list", range(5)),
        ("New list", (4, 3, 2, 1, 0)),
        ("Oslo, as a list", (0, 3, 6, 9)),
        ("Paris, as a list", (1, 4, 7, 10)),
        ("Three", (0, 1, 2)),
        ("Gone", (1, 99)),
    ):
        writer.members(IDS[name], [contact(n) for n in numbers], SERVICE)
    writer.no_members(IDS["Lost"], Members(MemberSource.NONE, reason="nothing was left"))
    writer.metadata(SCHEMA)
    for name, content in {"contact": CONTACTS, "account": ACCOUNTS, **(tables or {})}.items():
        writer.file(f"tables/{name}.csv", _csv(content))
    if usage:
        writer.file(USAGE, json.dumps(usage_to_json(usage)).encode())
    writer.finish()
    run = new_run(folder / "reports", "", dry_run=True)
    take_export(run, folder / "export")
    translate_stage(run, Task(choices=Choices(Choice.TRANSLATE, Choice.TRANSLATE)))
    return run


def predicted(run: RunFolder) -> Predictions:
    return predict(run, decided_plan(run), Silent())


def overlaps(found: Predictions, kind: Kind = Kind.EQUAL) -> dict[str, tuple[str, Basis | None]]:
    """Name of the first → name of the second, and the basis."""
    return {
        BY_ID[one.first]: (BY_ID[one.second] if one.second else "", one.basis)
        for one in found.overlaps
        if one.kind is kind
    }


def planned(run: RunFolder, name: str) -> PlannedSegment:
    return next(one for one in plan_of(run).segments if one.name == name)


# --- people ----------------------------------------------------------------------------------------------------------


def test_everybody_counts_once_and_who_loses_all_mail_is_listed_with_the_reason(tmp_path: Path) -> None:
    run = made(tmp_path, {"Oslo, as a list": LegacyStatus.STOPPED})
    predictions = predicted(run)
    found = predictions.people
    assert found
    # Live: contacts 0 to 4, of Oslo also 6 and 9, of Paris 7 and 10, and 99, who is none; 6 is inactive, on no list.
    assert (found.before, found.after, found.lost, found.gained) == (10, 8, 2, 0)
    assert found.reasons == {Loss.DELETED: 1, Loss.INACTIVE: 1}
    path = run.path / predictions.lists / LOST
    with path.open(newline="") as file:
        listed = {UUID(one["contactid"]): one["reason"] for one in csv.DictReader(file)}
    assert listed == {contact(6): "inactive", contact(99): "deleted"}
    with (path.parent / INACTIVE_OR_DELETED).open(newline="") as file:
        left_out = {(UUID(one["contactid"]), one["reason"]) for one in csv.DictReader(file)}
    # 3 is inactive, too, but stays in a list.
    assert left_out == {(contact(3), "inactive"), (contact(6), "inactive"), (contact(99), "deleted")}
    if os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0
        assert path.parent.stat().st_mode & 0o077 == 0
    assert not found.complete
    assert [BY_ID[key] for key in found.unknown_before] == ["Bergen", "Lost"]
    assert found.unknown_after == ()


def test_people_of_a_segment_that_waits_are_said_to_wait(tmp_path: Path) -> None:
    run = made(tmp_path)
    before = predicted(run).people
    assert before
    for name in ("Old list", "New list", "Three"):
        skipped(run, name)
    after = predicted(run).people
    assert after
    assert after.before == before.before
    assert after.reasons[Loss.LEFT_OUT] == 1  # contact 2 is in no other live segment
    assert after.lost == before.lost + 1


def test_the_first_screen_of_a_dry_run_counts_the_people_that_were_predicted(tmp_path: Path) -> None:
    run = made(tmp_path, {"Oslo, as a list": LegacyStatus.STOPPED})

    def screen() -> FirstScreen:
        found = report_stage(run).first
        assert found
        return found

    assert not screen().sentences[0].startswith("Predicted")
    people = predicted(run).people
    assert people
    first = screen()
    assert first.sentences[0].startswith(
        "Predicted, of what can be evaluated: at least 10 people are in a live segment"
    )
    assert "1 is an inactive contact, whom real-time journeys leave out" in first.sentences[1]
    assert [tile.value for tile in first.tiles[:3]] == [people.after, people.lost, people.gained] == [8, 2, 0]
    gone = {piece.place: piece.memberships for piece in first.bar}
    assert gone["deleted"] == 1  # of the list that names contact 99
    before, *others, live = [line.memberships for line in first.lines]
    assert before - sum(others) == live
    assert {part.reason for loss in first.losses for part in loss.parts} == {"inactive", "deleted"}
    skipped(run, "Three")
    assert not screen().sentences[0].startswith("Predicted")  # of another plan than this one


def test_an_export_is_predicted_in_a_new_run_with_a_plan_of_its_own(command: Command, tmp_path: Path) -> None:
    export = made(tmp_path).export
    result = command("predict", str(export), "--json", "--out", "predicted-runs")
    content = json.loads(result.out)
    assert {one["name"] for one in content["segments"]} == set(NAMES)
    assert {one["predicted"] for one in content["segments"] if one["name"] == "New list"} == {5}
    assert result.code == 3  # some cannot be evaluated
    status = command("status", "--out", "predicted-runs")
    assert "export (dry run)" in status.out
    assert command("predict", "--out", "predicted-runs").code == 3  # the latest run is this one


def test_what_is_decided_after_a_prediction_is_said_beside_its_people(tmp_path: Path) -> None:
    run = made(tmp_path)
    skipped(run, "Oslo")
    predicted(run)
    said = "Something has been decided since; migrator predict counts anew."
    report_stage(run)
    assert said not in (run.path / "report.html").read_text()
    skipped(run, "Three")
    report_stage(run)
    assert said in (run.path / "report.html").read_text()
    predicted(run)
    report_stage(run)
    assert said not in (run.path / "report.html").read_text()


def skipped(run: RunFolder, name: str) -> None:
    """A decision that leaves a segment behind, whatever is open to it."""
    decisions = {**read_decisions(run.path), IDS[name]: Choice.SKIP}
    content = {"format": 3, "decisions": {str(key): str(choice) for key, choice in decisions.items()}, "twins": {}}
    (run.path / "decisions.json").write_text(json.dumps(content))


# --- copies ----------------------------------------------------------------------------------------------------------


def test_copies_are_told_from_what_is_the_same_today_by_chance(tmp_path: Path) -> None:
    found = predicted(made(tmp_path))
    assert overlaps(found) == {
        "Old list": ("New list", Basis.LIST),
        "Oslo": ("Oslo again", Basis.QUERY),  # the newer one is kept
        "Oslo, as a list": ("Oslo again", Basis.TODAY),
        "Paris, as a list": ("Paris", Basis.TODAY),  # which keeps itself up to date
    }
    assert overlaps(found, Kind.EMPTY) == {"Nobody": ("", None)}
    assert overlaps(found, Kind.WITHIN) == {"Three": ("New list", None)}
    told = "\n".join(sentences(found))
    assert "“Old list”" in told
    assert "a query that means the same" in told
    assert "--skip-duplicates" in told


def test_what_a_live_journey_uses_is_kept_and_two_of_them_both(tmp_path: Path) -> None:
    journey = Journey(UUID(int=7), "Welcome", False, 1, "Live", Life.LIVE)
    of = {IDS[name]: SegmentUse(journeys=(journey.id,)) for name in ("Old list", "Oslo", "Oslo again")}
    run = made(tmp_path, usage=Usage({journey.id: journey}, of))
    found = predicted(run)
    assert overlaps(found)["New list"] == ("Old list", Basis.LIST)
    assert overlaps(found)["Oslo"] == ("Oslo again", Basis.QUERY)
    lines = skip_duplicates(run, found, "Ada").lines
    assert [line.split("”")[0] for line in lines] == ["“New list"]  # both queries are in use, and stay


def test_copies_are_left_behind_by_decisions_with_who_and_why_and_can_be_taken_back(tmp_path: Path) -> None:
    run = made(tmp_path)
    found = predicted(run)
    recorded = skip_duplicates(run, found, "Ada")
    assert len(recorded.lines) == 2
    assert read_decisions(run.path) == {IDS["Old list"]: Choice.SKIP, IDS["Oslo"]: Choice.SKIP}
    assert planned(run, "Oslo").outcome is Outcome.SKIPPED
    assert planned(run, "Oslo again").loadable
    events = read_history(run.path)
    assert {event.by for event in events} == {"Ada"}
    assert any("“Oslo again”" in event.reason and "means the same" in event.reason for event in events)
    # Nobody gets less mail by it.
    again = predicted(run)
    assert again.people == found.people
    assert overlaps(again) == overlaps(found)
    assert skip_duplicates(run, again, "Ada").lines == ()
    # And back.
    decisions, refused = in_one_way(run, Meant(("Oslo",)), Choice.TRANSLATE, "Ben", "we need both")
    assert refused == []
    carry_out(run, decisions, refused, dry_run=False)
    assert planned(run, "Oslo").loadable
    assert skip_duplicates(run, predicted(run), "Ada").lines == ()  # what a person decided stays


def test_the_same_people_today_are_left_behind_only_where_that_is_asked_for(tmp_path: Path) -> None:
    run = made(tmp_path)
    found = predicted(run)
    assert len(skip_duplicates(run, found, "Ada", today=True).lines) == 3
    assert planned(run, "Paris").loadable
    assert not planned(run, "Paris, as a list").loadable
    # On the list are inactive contacts, too, whom the query will leave out: they will not be the same.
    assert planned(run, "Oslo, as a list").loadable


def test_of_a_copy_of_what_is_left_behind_itself_it_is_said_for_whom(tmp_path: Path) -> None:
    run = made(tmp_path)
    found = predicted(run)
    old, new, paris = (IDS[name] for name in ("Old list", "New list", "Paris"))
    chain = (
        Overlap(Kind.EQUAL, old, new, 3, 3, Basis.LIST),
        Overlap(Kind.EQUAL, new, paris, 3, 3, Basis.TODAY),
    )
    chained = replace(found, overlaps=chain)
    write_predictions(run.path, chained)
    skip_duplicates(run, chained, "Ada", today=True)
    why = {event.segment.partition(" (")[0]: event.reason for event in read_history(run.path)}
    assert why["Old list"].endswith(f"“New list” ({new}), which is left behind for “Paris”")
    assert why["New list"].endswith(f"“Paris” ({paris}), which is kept")


def test_a_live_copy_is_kept_rather_than_a_newer_draft(tmp_path: Path) -> None:
    found = predicted(made(tmp_path, {"New list": LegacyStatus.DRAFT}))
    assert overlaps(found)["New list"] == ("Old list", Basis.LIST)


def test_the_command_leaves_copies_behind_and_the_report_shows_them(command: Command, tmp_path: Path) -> None:
    run = made(tmp_path)
    assert command("predict", str(run.path), "--same-people-today").code == 2
    result = command("predict", str(run.path), "--skip-duplicates")
    assert "“Oslo” → skip" in result.out
    content = json.loads(command("predict", str(run.path), "--json").out)
    assert list(content) == ["segments", "people", "overlap"]
    assert list(content["segments"][0]) == [
        "legacy_id", "name", "recorded", "legacy", "predicted", "after", "verdict", "reasons",
    ]  # fmt: skip
    assert content["people"]["lost_by_reason"] == {"deleted": 1}
    by_name = {one["first_name"]: one for one in content["overlap"] if one["kind"] == "equal"}
    assert by_name["Oslo"]["decision"] == "skip"
    assert by_name["Oslo"]["safe"]
    assert not by_name["Paris, as a list"]["safe"]
    assert by_name["Oslo, as a list"]["against"] == "not-the-same-in-real-time"
    summary = report_stage(run)
    found = {one.code for row in summary.rows if row.name == "Oslo" for one in row.findings}
    assert "copy-of-a-query" in found
    page = (run.path / "report.html").read_text()
    assert 'id="overlap"' in page
    assert "Oslo again" in page


@settings(deadline=None, max_examples=40)
@given(st.lists(st.frozensets(st.integers(0, 12), max_size=9), min_size=1, max_size=9))
def test_sets_are_compared_as_by_comparing_all_pairs(members: Sequence[frozenset[int]]) -> None:
    database = _population()
    try:
        sets = [_set(database, one) for one in members]
        found = alike(database, sets)
    finally:
        database.close()
    assert found.sizes == tuple(len(one) for one in members)
    for group in found.equal:
        assert len({members[number] for number in group}) == 1
        assert len(group) == members.count(members[group[0]]) > 1
    assert sum(map(len, found.equal)) == sum(bool(one) and members.count(one) > 1 for one in members)
    inner_of = dict(found.within)
    for number, one in enumerate(members):
        larger = [other for other in members if one < other]
        if number in inner_of:
            assert one < members[inner_of[number]]
            assert len(members[inner_of[number]]) == min(map(len, larger))
        elif one and members.index(one) == number:
            assert not larger


def _population() -> Population:
    return Population(Schema(), datetime(2026, 1, 1), Path("nothing is put aside"))  # noqa: DTZ001 - UTC


def _set(database: Population, members: frozenset[int]) -> Stored:
    found = database.union([])
    for one in members:
        database.query(f"INSERT INTO {found.table} VALUES ('{one}')")
    return found


# --- lists whose members are lost ------------------------------------------------------------------------------------


def test_a_marketing_list_of_the_name_is_evidence_and_no_member(tmp_path: Path) -> None:
    key = str(UUID(int=5))
    tables: dict[str, list[dict[str, Any]]] = {
        "list": [{"listid": key, "listname": "LOST"}, {"listid": str(UUID(int=6)), "listname": "Lost (2)"}],
        "listmember": [
            {"listmemberid": n, "listid": key, "entityid": str(contact(n)).upper(), "entitytype": "contact"}
            for n in (1, 2, 2, 99)
        ],
    }
    run = made(tmp_path, tables=tables)
    found = predicted(run)
    lost = found.by_id[IDS["Lost"]]
    (evidence,) = lost.evidence
    assert (evidence.table, evidence.people, evidence.source) == ("listmember", 2, "LOST")
    assert lost.legacy is lost.predicted is None
    assert found.people
    assert IDS["Lost"] in found.people.unknown_before
    assert any("Evidence, not members: 2 people" in line for line in sentences(found))
    content = predictions_json(found, {}, {})
    said = next(one for one in content["segments"] if one["name"] == "Lost")
    assert said["verdict"] == "unknown"
    assert any("marketing list “LOST”" in reason for reason in said["reasons"])
    assert planned(run, "Lost").payload is None
    assert "list-of-the-name" in {one.code for one in planned(run, "Lost").findings}


def test_records_of_a_journey_that_used_the_segment_are_evidence(tmp_path: Path) -> None:
    journey = Journey(UUID(int=7), "Welcome", True, 1, "Stopped", Life.ENDED)
    usage = Usage({journey.id: journey}, {IDS["Lost"]: SegmentUse(journeys=(journey.id,))})
    opened = [
        {"msdynmkt_journeyid": str(journey.id).upper(), "msdynmkt_entityid": str(contact(n))} for n in (1, 1, 2, 4)
    ]
    tables = {
        "msdynmkt_emailopened": opened,
        "msdynmkt_emailsent": [*opened, {**opened[0], "msdynmkt_entityid": str(contact(5))}],
    }
    found = predicted(made(tmp_path, usage=usage, tables=tables))
    (evidence,) = found.by_id[IDS["Lost"]].evidence
    assert (evidence.table, evidence.people, evidence.source) == ("msdynmkt_emailsent", 4, "Welcome")


def test_without_such_tables_nothing_is_said(tmp_path: Path) -> None:
    assert predicted(made(tmp_path)).by_id[IDS["Lost"]].evidence == ()


def test_what_is_built_on_a_segment_that_cannot_be_evaluated_names_it(tmp_path: Path) -> None:
    def built(name: str, on: str) -> dict[str, Any]:
        query = f"SEGMENT(SEGMENT_CRM_ID_{IDS[on].hex}) UNION PROFILE(contact)"
        return row(IDS[name], name, LegacyType.COMPOUND, LIVE, msdyncrm_segmentquery=query)

    writer = ExportWriter(tmp_path / "export", ORGANISATION, "2026-01-02T03:04:05Z")
    writer.segments([row(IDS["Lost"], "Lost", STATIC, LIVE), built("Three", "Lost"), built("Nobody", "Three")])
    writer.no_members(IDS["Lost"], Members(MemberSource.NONE, reason="nothing was left"))
    writer.metadata(SCHEMA)
    for name, content in {"contact": CONTACTS, "account": ACCOUNTS}.items():
        writer.file(f"tables/{name}.csv", _csv(content))
    writer.finish()
    run = new_run(tmp_path / "reports", "", dry_run=True)
    take_export(run, tmp_path / "export")
    translate_stage(run, Task(choices=Choices(Choice.TRANSLATE, Choice.TRANSLATE)))
    notes = {one.name: one.note for one in predicted(run).segments}
    for name, on in (("Three", "Lost"), ("Nobody", "Three")):
        assert notes[name].startswith(f"the outbound query: it refers to the segment “{on}”, which cannot be evaluated")
        assert notes[name].count("the outbound query: ") == notes[name].count("the real-time query: ") == 1
