"""A plan of every format that was ever released is still read, and loads the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from migrator.base.errors import UsageError
from migrator.contracts.choices import Choice
from migrator.contracts.export_folder import read_export
from migrator.contracts.payload import PayloadKind
from migrator.contracts.plan import PLAN, PLAN_FORMAT, Plan, TranslationSettings, plan_json, read_plan
from migrator.translator.translate import translate

CONTOSO = Path(__file__).parents[2] / "sample_exports" / "contoso"
FIVE = ("definition", "segment", "groups", "publish", "depends_on")


@pytest.fixture(scope="module")
def sample_plan() -> Plan:
    export = read_export(CONTOSO)
    return translate(export, TranslationSettings(export.organisation))


def as_format_1(plan: Plan) -> dict[str, Any]:
    """The plan as version 0.1.0 wrote it: the parts of the payload beside each other, and no kind."""
    content = json.loads(b"".join(plan_json(plan)))
    nothing: dict[str, Any] = {"definition": None, "segment": None, "groups": [], "publish": False, "depends_on": []}
    for entry in content["segments"]:
        payload = entry.pop("payload") or nothing
        entry.update({key: payload[key] for key in FIVE})
        entry["alternatives"] = {
            choice: {key: sent[key] for key in FIVE} for choice, sent in entry["alternatives"].items()
        }
    return {**content, "format": 1}


def test_a_plan_of_format_1_becomes_the_same_plan(sample_plan: Plan, tmp_path: Path) -> None:
    old = as_format_1(sample_plan)
    (tmp_path / PLAN).write_text(json.dumps(old), encoding="utf-8")
    assert read_plan(tmp_path) == sample_plan
    kinds = {segment.payload.kind for segment in sample_plan.segments if segment.payload}
    assert kinds == {PayloadKind.STATIC, PayloadKind.DYNAMIC}
    assert any(Choice.SNAPSHOT in segment.alternatives for segment in sample_plan.segments)


def test_a_plan_of_format_1_that_is_none_is_refused_in_a_sentence(sample_plan: Plan, tmp_path: Path) -> None:
    for damage in ({"segments": 7}, {"segments": [7]}, {"segments": [{"definition": 7, "segment": 7}]}):
        (tmp_path / PLAN).write_text(json.dumps({**as_format_1(sample_plan), **damage}), encoding="utf-8")
        with pytest.raises(UsageError, match=r"damaged.*migrator translate"):
            read_plan(tmp_path)


def test_a_plan_of_a_format_to_come_is_refused_with_what_to_do(sample_plan: Plan, tmp_path: Path) -> None:
    content = json.loads(b"".join(plan_json(sample_plan)))
    (tmp_path / PLAN).write_text(json.dumps({**content, "format": PLAN_FORMAT + 1}), encoding="utf-8")
    with pytest.raises(UsageError, match=rf"format {PLAN_FORMAT + 1}.*newer version"):
        read_plan(tmp_path)


def test_every_payload_is_a_draft_that_knows_its_records(sample_plan: Plan) -> None:
    for segment in sample_plan.segments:
        for payload in (segment.payload, *segment.alternatives.values()):
            if payload:
                assert UUID(payload.definition["msdynmkt_segmentdefinitionid"]) == segment.definition_id
                assert UUID(payload.segment["msdynmkt_segmentid"]) == segment.segment_id
                assert (
                    payload.segment["msdynmkt_sourcesegmentuid"] == payload.definition["msdynmkt_segmentdefinitionid"]
                )
                assert payload.name == payload.definition["msdynmkt_name"]
