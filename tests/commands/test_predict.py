"""Predicting: both queries on the same data, before anything is created; what differs is counted, listed, explained."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

import duckdb
import pytest

from migrator.base.errors import Exit, UsageError
from migrator.base.progress import Silent
from migrator.commands.predict import exit_code, predict, predictions_json, sentences, table_files
from migrator.commands.report import plan_of
from migrator.commands.run import take_export, translate_stage
from migrator.contracts.choices import Choice, Choices
from migrator.contracts.plan import Plan, write_plan
from migrator.contracts.predictions import (
    PREDICTED,
    PREDICTIONS,
    Prediction,
    Predictions,
    Reason,
    Verdict,
    read_predictions,
)
from migrator.contracts.run_folder import RunFolder, Task, new_run

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
    one = by_name(predict(run, changed(run, name, change), Silent()))[name]
    assert one.holds
    assert Reason.TRANSLATION in one.reasons
    assert one.missing + one.surplus > 0
    for kind, count in (("missing", one.missing), ("surplus", one.surplus)):
        path = run.path / PREDICTED / f"{one.legacy_id}-{kind}.csv"
        assert path.exists() == bool(count)
        if count:
            header, *ids = path.read_text().split()
            assert header == "contactid"
            assert len({UUID(text) for text in ids}) == count
            if os.name == "posix":
                assert path.stat().st_mode & 0o077 == 0


def test_a_segment_that_cannot_be_evaluated_is_unknown_with_its_reason(done: tuple[RunFolder, Predictions]) -> None:
    found = by_name(done[1])
    assert "no column new_favouritecolour" in found["Column that was deleted"].note
    assert "members are not known" in found["Members lost with the old module"].note
    assert found["A slip of the pen"].verdict is Verdict.UNKNOWN


@pytest.mark.slow
def test_people_are_counted_once_and_who_loses_all_mail_is_listed(run: RunFolder) -> None:
    found = predict(run, plan_of(run), Silent())
    assert found.people is None  # a live segment of the sample has lost its members: a number would leave them out
    plan = plan_of(run)
    known = {one.legacy_id for one in found.segments if one.verdict is not Verdict.UNKNOWN}
    part = replace(plan, segments=tuple(segment for segment in plan.segments if segment.legacy_id in known))
    people = predict(run, part, Silent()).people
    assert people is not None
    assert people.before - people.lost + people.gained == people.after
    listed = (run.path / PREDICTED / "people-without-any-segment.csv").read_text().split()[1:]
    assert len(set(listed)) == people.lost > 0


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
    for name, files in table_files(run.export / "tables").items():
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


def test_what_scripts_and_people_read(done: tuple[RunFolder, Predictions]) -> None:
    found = done[1]
    content = json.loads(json.dumps(predictions_json(found)))
    assert set(content) == {"as_of", "segments", "people", "overlap"}
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
