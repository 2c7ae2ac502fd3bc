"""Predicting: both queries on the same data, before anything is created; what differs is counted, listed, explained."""

from __future__ import annotations

import csv
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

import duckdb
import pytest

from migrator.base.errors import Exit, UsageError
from migrator.base.moments import moment_of
from migrator.base.progress import Silent
from migrator.commands import predict as predicting
from migrator.commands.deciding import Meant, carry_out, in_one_way
from migrator.commands.predict import exit_code, predict
from migrator.commands.predict_told import predictions_json, sentences
from migrator.commands.prepare import take_export, translate_stage
from migrator.commands.report import decided_plan, plan_of, report_stage
from migrator.contracts import predicted_lists
from migrator.contracts.choices import Choice, Choices
from migrator.contracts.decisions import decided
from migrator.contracts.plan import Outcome, Plan, read_plan, write_plan
from migrator.contracts.predictions import (
    INACTIVE_OR_DELETED,
    LOST,
    PREDICTED,
    PREDICTIONS,
    Prediction,
    Predictions,
    Reason,
    Verdict,
    payload_checksum,
    predictions_of,
    read_predictions,
    write_predictions,
)
from migrator.contracts.run_folder import RunFolder, Task, new_run
from migrator.contracts.waiting import held
from migrator.evaluator.mirrors import plain_files
from migrator.mql import tree
from migrator.report.predicted import who_explains
from migrator.report.row import Standing
from migrator.report.words import Words
from migrator.sandbox.server import Running
from migrator.translator import queries
from tests.conftest import Command

pytestmark = pytest.mark.slow  # each test has servers and processes of its own

CONTOSO = Path(__file__).parents[2] / "sample_exports" / "contoso"


def made(folder: Path) -> RunFolder:
    found = new_run(folder / "reports", "", dry_run=True)
    take_export(found, CONTOSO)
    translate_stage(found, Task(choices=Choices(Choice.TRANSLATE, Choice.TRANSLATE)))
    return found


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """The sample's run with its plan; nobody changes it."""
    return made(tmp_path_factory.mktemp("sample"))


@pytest.fixture
def run(planned: RunFolder, tmp_path: Path) -> RunFolder:
    return RunFolder(shutil.copytree(planned.path, tmp_path / "reports" / planned.path.name))


@pytest.fixture(scope="module")
def done(planned: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, Predictions]:
    """The sample's run, predicted; nobody changes it."""
    found = RunFolder(shutil.copytree(planned.path, tmp_path_factory.mktemp("predicted") / planned.path.name))
    return found, predict(found, plan_of(found), Silent())


def by_name(predictions: Predictions) -> dict[str, Prediction]:
    return {one.name: one for one in predictions.segments}


def changed(run: RunFolder, name: str, change: Callable[[str], str]) -> Plan:
    """The run's plan with another real-time query for one segment, as a rule that is wrong would write it."""
    plan = plan_of(run)
    segments = []
    for segment in plan.segments:
        if segment.name != name or not segment.payload:
            segments.append(segment)
            continue
        definition = {**segment.payload.definition, "msdynmkt_segmentquery": change(segment.payload.query)}
        segments.append(replace(segment, payload=replace(segment.payload, definition=definition)))
    found = replace(plan, segments=tuple(segments))
    write_plan(found, run.path)
    return found


def test_every_segment_of_the_sample_that_is_carried_over_is_predicted(done: tuple[RunFolder, Predictions]) -> None:
    run, found = done
    plan = plan_of(run)
    carried = {segment.legacy_id for segment in plan.segments if segment.loadable}
    assert len(found.segments) == 55
    for one in found.segments:
        if one.legacy_id in carried:
            assert one.verdict is not Verdict.UNKNOWN, one
            assert one.explained
            assert one.legacy is not None
            assert one.legacy - one.inactive - one.deleted - one.missing + one.surplus == one.predicted
        elif one.verdict is Verdict.UNKNOWN:
            assert one.note


def test_whoever_is_left_out_of_a_segment_is_listed_with_the_reason(done: tuple[RunFolder, Predictions]) -> None:
    """Both differences are there id by id: original and prediction differ by the lists, and by nothing else."""
    run, found = done
    path = run.path / found.lists / "inactive-or-deleted.csv"
    assert path.stat().st_mode & 0o077 == 0
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    counted = Counter((row["segment"], row["reason"]) for row in rows)
    for one in found.segments:
        key = str(one.legacy_id)
        assert (counted[key, "inactive"], counted[key, "deleted"]) == (one.inactive, one.deleted), one.name
    assert sum(one.inactive for one in found.segments) > 100
    assert len({(row["segment"], row["contactid"]) for row in rows}) == len(rows)
    with (CONTOSO / "tables/contact.csv").open(newline="") as file:
        states = {row["contactid"]: row["statecode"] for row in csv.DictReader(file)}
    assert {states.get(row["contactid"]) for row in rows if row["reason"] == "inactive"} == {"1"}


def test_inactive_contacts_are_said_and_hold_nothing_back(done: tuple[RunFolder, Predictions]) -> None:
    one = by_name(done[1])["Depot"]
    assert (one.legacy, one.predicted, one.inactive) == (508, 484, 24)
    assert (one.verdict, one.reasons, one.holds) == (Verdict.DIFFERS, (Reason.INACTIVE,), False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("Depot", lambda query: query.replace("depot", "e")),
        ("Since 2020", lambda query: query.replace(">=", "<").replace(">", "<")),
        ("Germany, may be mailed", lambda query: query.replace("&&", "||")),
        ("Mailable, without Poland", lambda query: query.replace("EXCEPT", "INTERSECT")),
    ],
)
def test_a_translation_that_is_wrong_is_caught_by_predicting_alone(
    run: RunFolder, name: str, change: Callable[[str], str]
) -> None:
    plan = plan_of(run)
    query = next(segment.realtime_query for segment in plan.segments if segment.name == name)
    assert change(query) != query
    found = predict(run, changed(run, name, change), Silent())
    one = by_name(found)[name]
    assert one.holds
    assert Reason.TRANSLATION in one.reasons
    assert one.missing + one.surplus > 0
    for kind, count in (("missing", one.missing), ("surplus", one.surplus)):
        path = run.path / found.lists / f"{one.legacy_id}-{kind}.csv"
        assert path.exists() == bool(count)
        if count:
            header, *ids = path.read_text().split()
            assert header == "contactid"
            assert len({UUID(text) for text in ids}) == count
            if os.name == "posix":
                assert path.stat().st_mode & 0o077 == 0


def test_a_rule_of_the_translator_that_is_wrong_is_caught_by_predicting_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever is to be taken out stays in: the plan is made so by the translator itself, which finds nothing odd."""
    right = queries._chained

    def wrong(parts: Sequence[tree.Members | None], operators: Sequence[tree.SetOperator]) -> tree.Members | None:
        union = tree.SetOperator.UNION
        return right(parts, [union if one is tree.SetOperator.EXCEPT else one for one in operators])

    monkeypatch.setattr(queries, "_chained", wrong)
    run = made(tmp_path)
    plan = decided_plan(run)
    found = predict(run, plan, Silent())
    caught = {one.name for one in found.segments if one.holds}
    assert {"Mailable, without Poland", "Newsletter without VIPs"} <= caught
    excepting = {segment.name for segment in plan.segments if "EXCEPT" in segment.query}
    built_on = {segment.name for segment in plan.segments if segment.depends_on}
    assert caught <= excepting | built_on
    for one in found.segments:
        if one.holds:
            assert Reason.TRANSLATION in one.reasons
            assert one.surplus > 0
    assert exit_code(found) is Exit.WAITING
    waiting = {segment.name for segment in plan_of(run).segments if not segment.loadable}
    assert caught <= waiting  # nothing of it is loaded


def test_a_segment_that_cannot_be_evaluated_is_unknown_with_its_reason(done: tuple[RunFolder, Predictions]) -> None:
    found = by_name(done[1])
    assert "no column new_favouritecolour" in found["Column that was deleted"].note
    assert "members are not known" in found["Members lost with the old module"].note
    assert found["A slip of the pen"].verdict is Verdict.UNKNOWN


@pytest.mark.slow
def test_people_are_counted_once_and_who_loses_all_mail_is_listed(run: RunFolder) -> None:
    found = predict(run, plan_of(run), Silent())
    assert found.people
    assert not found.people.complete  # a live segment of the sample has lost its members
    plan = plan_of(run)
    known = {one.legacy_id for one in found.segments if one.verdict is not Verdict.UNKNOWN}
    part = replace(plan, segments=tuple(segment for segment in plan.segments if segment.legacy_id in known))
    found = predict(run, part, Silent())
    people = found.people
    assert people is not None
    assert people.before - people.lost + people.gained == people.after
    assert people.complete
    header, *listed = (run.path / found.lists / LOST).read_text().split()
    assert header == "contactid,reason"
    assert len(set(listed)) == people.lost == sum(people.reasons.values()) > 0


def test_who_is_in_a_segment_that_refers_to_one_that_waits_is_not_counted_as_mailed(run: RunFolder) -> None:
    plan = read_plan(run.path)
    by_name = {segment.name: segment for segment in plan.segments}
    base, built = by_name["Newsletter subscribers"], by_name["Newsletter without VIPs"]
    without = replace(plan, segments=(replace(base, outcome=Outcome.SKIPPED), built, by_name["VIP customers"]))
    approved = decided(without, {built.legacy_id: Choice.TRANSLATE})
    segment = next(one for one in approved.segments if one.legacy_id == built.legacy_id)
    assert segment.loadable
    assert segment.publish
    told = [predict(run, one, Silent()).people for one in (without, approved)]
    assert told[0] == told[1]
    assert told[0] is not None
    assert told[0].lost > 3_000


def test_segments_that_lie_within_one_another_are_told(done: tuple[RunFolder, Predictions]) -> None:
    found = done[1]
    names = {one.legacy_id: one.name for one in found.segments}
    sizes = {one.legacy_id: one.legacy for one in found.segments}
    kinds = {(one.kind, names[one.first]) for one in found.overlaps}
    assert ("empty", "Waiting list (nobody yet)") in kinds
    within = [one for one in found.overlaps if one.kind == "within" and one.second]
    assert within
    for one in within:
        assert one.second is not None
        assert sizes[one.first] == one.members < (sizes[one.second] or 0)


def test_predictions_belong_to_one_plan_and_leave_its_bytes_alone(run: RunFolder) -> None:
    before = (run.path / "plan.json").read_bytes()
    found = predict(run, plan_of(run), Silent())
    assert (run.path / "plan.json").read_bytes() == before
    assert read_predictions(run.path) == found
    changed(run, "Depot", lambda query: query.replace("CONTAINS", "ENDSWITH"))
    assert read_predictions(run.path) is None


@pytest.mark.slow
def test_the_same_data_gives_the_same_predictions_byte_for_byte(run: RunFolder) -> None:
    moment = datetime.fromisoformat("2026-03-01T12:00:00+00:00")  # queries may speak of today
    predict(run, plan_of(run), Silent(), as_of=moment)
    first = (run.path / PREDICTIONS).read_bytes()
    predict(run, plan_of(run), Silent(), as_of=moment)
    assert (run.path / PREDICTIONS).read_bytes() == first


@pytest.mark.slow
def test_parquet_is_read_like_csv(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "mirror").mkdir()
    for name, files in plain_files(run.export / "tables").items():
        target = tmp_path / "mirror" / f"{name}.parquet"
        rows = f"SELECT * FROM read_csv('{files.paths[0]}', all_varchar=true, header=true)"
        duckdb.sql(f"COPY ({rows}) TO '{target}' (FORMAT parquet)")
    expected = predict(run, plan_of(run), Silent())
    assert predict(run, plan_of(run), Silent(), tables=tmp_path / "mirror").segments == expected.segments


def test_now_can_be_another_moment(run: RunFolder) -> None:
    then = predict(run, plan_of(run), Silent(), as_of=datetime(1990, 1, 1))  # noqa: DTZ001 - UTC without saying so
    assert then.as_of == "1990-01-01T00:00:00Z"


def test_without_contacts_nobody_can_be_counted(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no table contact"):
        predict(run, plan_of(run), Silent(), tables=tmp_path / "empty")
    with pytest.raises(UsageError, match="--with-tables"):
        predict(run, plan_of(run), Silent(), tables=tmp_path / "nowhere")


def test_a_table_that_cannot_be_read_is_named(run: RunFolder) -> None:
    (run.export / "tables" / "account.parquet").write_bytes(b"no parquet")
    with pytest.raises(UsageError, match="the table account cannot be read"):
        predict(run, plan_of(run), Silent())


def lists_of(run: RunFolder) -> dict[str, bytes]:
    """Every list of ids that the run holds, by its path."""
    files = [path for path in (run.path / PREDICTED).rglob("*") if path.is_file()]
    return {path.relative_to(run.path).as_posix(): path.read_bytes() for path in files}


def named_by(predictions: Predictions) -> set[str]:
    """The lists that predictions say there are."""
    counts = [
        (one.legacy_id, kind, getattr(one, kind)) for one in predictions.segments for kind in ("missing", "surplus")
    ]
    lost = {f"{predictions.lists}/{LOST}"} if predictions.people and predictions.people.lost else set()
    always = {f"{predictions.lists}/{INACTIVE_OR_DELETED}"}
    return {f"{predictions.lists}/{key}-{kind}.csv" for key, kind, count in counts if count} | lost | always


def test_tables_that_cannot_be_used_leave_the_lists_of_the_last_prediction(run: RunFolder) -> None:
    predict(run, plan_of(run), Silent())
    lists = lists_of(run)
    assert any(name.endswith(LOST) for name in lists)
    (run.export / "tables" / "account.parquet").write_bytes(b"no parquet")
    with pytest.raises(UsageError, match="Nothing was changed"):
        predict(run, plan_of(run), Silent())
    assert lists_of(run) == lists


class Ended(BaseException):
    """The process ends: nothing after this is done."""


@pytest.mark.parametrize("at", ["before the file", "after the file"])
@pytest.mark.parametrize("killed", [True, False])
def test_numbers_and_lists_of_a_prediction_change_at_one_moment(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch, at: str, killed: bool
) -> None:
    old = predict(run, changed(run, "Depot", lambda query: query.replace("depot", "e")), Silent())
    before = lists_of(run)
    assert set(before) == named_by(old)
    assert len(before) > 1
    plan = changed(run, "Germany, may be mailed", lambda query: query.replace("&&", "||"))

    def ends(path: Path, predictions: Predictions) -> None:
        if at == "after the file":
            write_predictions(path, predictions)
        raise Ended

    with monkeypatch.context() as patch:
        patch.setattr(predicting, "write_predictions", ends)
        if killed:
            patch.setattr(predicted_lists, "_tidy", lambda _: None)  # a process that is killed does not come so far
        with pytest.raises(Ended):
            predict(run, plan, Silent())
    said = json.loads((run.path / PREDICTIONS).read_bytes())
    there = lists_of(run)
    if at == "before the file":
        assert said["lists"] == old.lists
        assert before.items() <= there.items()
        assert killed or there == before
    else:
        found = read_predictions(run.path)
        assert found
        assert found.lists != old.lists
        assert named_by(found) <= set(there)
        assert killed or set(there) == named_by(found)
    last = predict(run, plan, Silent())
    assert set(lists_of(run)) == named_by(last)


def test_lists_of_version_0_1_0_go_once_a_new_prediction_names_its_own(run: RunFolder) -> None:
    old = predict(run, plan_of(run), Silent())
    for path in (run.path / old.lists).iterdir():
        path.rename(run.path / PREDICTED / path.name)
    said = json.loads((run.path / PREDICTIONS).read_bytes())
    del said["lists"]
    (run.path / PREDICTIONS).write_text(json.dumps(said))
    known = read_predictions(run.path)
    assert known
    assert set(lists_of(run)) == named_by(known)
    last = predict(run, plan_of(run), Silent())
    assert last.lists != known.lists
    assert set(lists_of(run)) == named_by(last)


@pytest.mark.parametrize(
    ("text", "moment"),
    [("2026-04-20T08:00:00Z", 8), ("2026-04-20T08:00:00+02:00", 6), ("2026-04-20T08:00:00", 8)],
)
def test_a_moment_without_a_zone_is_utc_wherever_the_machine_stands(
    monkeypatch: pytest.MonkeyPatch, text: str, moment: int
) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "America/New_York")
        time.tzset()
        assert moment_of(text) == datetime(2026, 4, 20, moment)  # noqa: DTZ001 - UTC without saying so
    time.tzset()


def test_what_scripts_and_people_read(done: tuple[RunFolder, Predictions]) -> None:
    found = done[1]
    content = json.loads(json.dumps(predictions_json(found, {}, {})))
    assert set(content) == {"segments", "people", "overlap"}
    assert content["segments"][0].keys() >= {
        "legacy_id",
        "name",
        "recorded",
        "legacy",
        "predicted",
        "verdict",
        "reasons",
    }
    assert exit_code(found) is Exit.WAITING  # some cannot be evaluated
    assert exit_code(replace(found, segments=tuple(one for one in found.segments if one.explained))) is Exit.DONE
    assert "proved equal" in next(iter(sentences(found)))


# --- what is predicted to differ waits -------------------------------------------------------------------------------


def wrong(run: RunFolder, name: str = "Depot") -> Prediction:
    """A run whose plan has a query that is wrong, predicted."""
    changed(run, name, lambda query: query.replace("depot", "e"))
    return by_name(predict(run, decided_plan(run), Silent()))[name]


def outcome(run: RunFolder, name: str = "Depot") -> tuple[Outcome, list[str]]:
    (found,) = (segment for segment in plan_of(run).segments if segment.name == name)
    return found.outcome, [one.code for one in found.findings if one.code.startswith(("predicted", "built-on"))]


def test_a_segment_that_is_predicted_to_differ_waits_until_somebody_approves_it(run: RunFolder) -> None:
    assert outcome(run) == (Outcome.READY, [])
    one = wrong(run)
    assert outcome(run) == (Outcome.FLAGGED, ["predicted-otherwise"])
    assert read_plan(run.path).segments  # the plan itself says nothing of it
    decisions, refused = in_one_way(run, Meant(("Depot",)), Choice.TRANSLATE, "Ada", "")
    assert refused == []
    carry_out(run, decisions, refused, dry_run=False)
    assert outcome(run)[0] is Outcome.READY
    assert next(s for s in plan_of(run).segments if s.name == "Depot").payload
    # What was agreed to are these numbers; on other data it waits again.
    predictions = read_predictions(run.path)
    assert predictions
    other = [replace(p, missing=p.missing + 1) if p.legacy_id == one.legacy_id else p for p in predictions.segments]
    write_predictions(run.path, replace(predictions, segments=tuple(other)))
    assert outcome(run) == (Outcome.FLAGGED, ["predicted-otherwise"])


def test_a_decision_from_before_a_prediction_agrees_to_nothing_that_was_not_known(run: RunFolder) -> None:
    name = "Newsletter without VIPs"
    changed_plan = plan_of(run)
    segment = next(one for one in changed_plan.segments if one.name == name)
    assert segment.loadable
    predictions = predict(run, changed_plan, Silent())
    agreed = {segment.legacy_id: "another prediction"}
    differs = replace(predictions.by_id[segment.legacy_id], verdict=Verdict.DIFFERS, missing=3,
                      reasons=(Reason.TRANSLATION,))  # fmt: skip
    told = replace(predictions, segments=(differs,))
    assert not next(s for s in held(changed_plan, told, agreed).segments if s.name == name).loadable
    assert next(
        s for s in held(changed_plan, told, {segment.legacy_id: differs.token}).segments if s.name == name
    ).loadable
    assert held(changed_plan, told, {}, [segment.legacy_id]) == changed_plan  # it is loaded already


def test_whatever_is_built_on_a_segment_that_waits_waits_too(run: RunFolder) -> None:
    plan = plan_of(run)
    built = next(segment for segment in plan.segments if segment.depends_on and segment.loadable)
    base = next(segment for segment in plan.segments if segment.legacy_id == built.depends_on[0])
    one = Prediction(base.legacy_id, base.name, 1, 5, 3, Verdict.DIFFERS, missing=2, reasons=(Reason.TRANSLATION,),
                     payload=payload_checksum(base))  # fmt: skip
    told = Predictions(1, "", "", "", (one,))
    waiting = {segment.name for segment in held(plan, told, {}).segments if not segment.loadable}
    assert {base.name, built.name} <= waiting
    assert outcome_codes(held(plan, told, {}), built.name) == ["built-on-a-held-segment"]


def outcome_codes(plan: Plan, name: str) -> list[str]:
    (found,) = (segment for segment in plan.segments if segment.name == name)
    return [one.code for one in found.findings if one.code.startswith(("predicted", "built-on"))]


def test_a_prediction_is_one_of_what_is_sent_and_of_nothing_else(run: RunFolder) -> None:
    plan = plan_of(run)
    predictions = predict(run, plan, Silent())
    depot = next(segment for segment in plan.segments if segment.name == "Depot")
    assert predictions_of([depot], predictions)
    assert depot.payload is not None
    definition = {**depot.payload.definition, "msdynmkt_segmentquery": "PROFILE(contact)"}
    other = replace(depot, payload=replace(depot.payload, definition=definition))
    assert predictions_of([other], predictions) == {}


def test_the_report_shows_what_was_predicted_and_who_explains_a_difference(run: RunFolder) -> None:
    wrong(run)
    rows = {row.name: row for row in report_stage(run).rows}
    assert rows["Depot"].predicted is not None
    assert rows["Depot"].verdict == "differs"
    assert "translation: " in rows["Depot"].prediction
    assert rows["Depot"].standing is Standing.WAITING
    assert "Predicted" in (run.path / "report.html").read_text()


NUMBERS = Prediction(UUID(int=1), "x", recorded=10, legacy=12, predicted=11, verdict=Verdict.DIFFERS)
TOLD = [
    (NUMBERS, None, "data: 10 were recorded, and the original selects 12 on the data of the prediction; "
     "translation: the same people"),
    (replace(NUMBERS, recorded=12, inactive=1), 11, "data: as recorded; translation: the same people, but for "
     "1 inactive contact; service: as predicted"),
    (replace(NUMBERS, recorded=None, missing=2, surplus=1), 9, "translation: 2 would be missing and 1 new; "
     "service: 9 in the organisation instead of the 11 that were predicted"),
    (replace(NUMBERS, verdict=Verdict.UNKNOWN, note="there is no query"), None, "not predicted: there is no query"),
    (None, 5, ""),
]  # fmt: skip


@pytest.mark.quick
@pytest.mark.parametrize(("prediction", "after", "sentence"), TOLD)
def test_data_translation_and_service_are_told_apart(
    prediction: Prediction | None, after: int | None, sentence: str
) -> None:
    assert who_explains(prediction, after, Words()) == sentence


# --- as a part of a run ----------------------------------------------------------------------------------------------


def test_a_dry_run_predicts_where_the_export_has_tables(command: Command, tmp_path: Path) -> None:
    result = command("run", "--dry-run", "--from", CONTOSO)
    assert "proved equal" in result.err
    (path,) = Path("reports").iterdir()
    assert (path / PREDICTIONS).exists()
    command("report", "--format", "json")
    rows = json.loads((path / "report.json").read_text())["segments"]
    assert all(row["predicted"] is not None for row in rows if row["outcome"] in ("ready", "adapted"))


def test_nothing_is_predicted_where_nobody_wants_it(command: Command, small_export: Path) -> None:
    assert "proved equal" not in command("run", "--dry-run", "--no-predict", "--from", small_export).err
    (path,) = Path("reports").iterdir()
    assert not (path / PREDICTIONS).exists()


def test_a_run_extracts_tables_predicts_and_finds_what_was_predicted(command: Command, sandbox: Running) -> None:
    result = command("run", "--org", sandbox.address, "--predict")
    assert "rows of the tables" in result.err
    (path,) = Path("reports").iterdir()
    command("report", "--format", "json")
    rows = json.loads((path / "report.json").read_text())["segments"]
    compared = [row for row in rows if row["after"] is not None]
    assert len(compared) >= 3
    for row in compared:
        assert row["predicted"] == row["after"], row["name"]
        assert "service: as predicted" in row["prediction"]


def test_what_was_predicted_of_the_sample_is_what_is_there_after_a_whole_run(
    command: Command, contoso: Running
) -> None:
    """Of every segment that is carried over; where the numbers differ, the report says who explains it."""
    translating = ("--compound", "translate", "--interactions", "translate")
    command("run", "--yes", "--org", contoso.address, "--predict", *translating)
    (path,) = Path("reports").iterdir()
    at_once = json.loads((path / PREDICTIONS).read_text())
    command("report", "--format", "json")
    rows = {row["legacy_id"]: row for row in json.loads((path / "report.json").read_text())["segments"]}
    told = json.loads(command("predict", "--json").out)
    assert len(told["segments"]) == len(at_once["segments"]) == 55
    compared = 0
    for one in told["segments"]:
        row = rows[one["legacy_id"]]
        assert one["after"] == row["after"]
        if one["after"] is None:
            assert row["standing"] in ("draft", "waiting", "not possible", "left out")
            continue
        compared += 1
        if one["predicted"] != one["after"]:
            assert f"{one['after']:,} in the organisation instead of the" in row["prediction"]
        else:
            assert "service: as predicted" in row["prediction"], one["name"]
    assert compared >= 35
    assert all(one["predicted"] == one["after"] for one in told["segments"] if one["after"] is not None)


def test_load_leaves_out_what_is_predicted_to_differ(command: Command, sandbox: Running) -> None:
    command("run", "--dry-run", "--org", sandbox.address, "--predict")
    (path,) = Path("reports").iterdir()
    run = RunFolder(path)
    changed(run, "Oslo", lambda query: query.replace("Oslo", "Paris"))
    command("predict")
    result = command("load", "--yes", "--org", sandbox.address)
    assert result.code == 3, result.err
    names = [row["msdynmkt_displayname"] for row in sandbox.organisation.rows["msdynmkt_segment"].values()]
    assert "Oslo" not in names
    assert names
    command("approve", "Oslo", "--as", "translate", "--reason", "we want Paris")
    command("load", "--yes", "--org", sandbox.address)
    names = [row["msdynmkt_displayname"] for row in sandbox.organisation.rows["msdynmkt_segment"].values()]
    assert "Oslo" in names
