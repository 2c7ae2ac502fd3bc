"""Two segments of one name are never made unasked: what the plan does not know is refused, and named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from migrator.contracts.export_folder import read_export
from migrator.contracts.plan import PlannedSegment, TranslationSettings
from migrator.contracts.twins import Evidence, FoundSegment, Twin, name_key
from migrator.loader.adopted import refuse_second
from migrator.loader.existing import Existing
from migrator.loader.loading import CannotGoOn
from migrator.translator.translate import translate
from tests.small import ORGANISATION, STATIC

THERE = UUID(int=0xA)


@pytest.fixture
def segment(written_once: Path) -> PlannedSegment:
    plan = translate(read_export(written_once), TranslationSettings(ORGANISATION))
    return next(one for one in plan.segments if one.legacy_id == STATIC)


def existing(segment: PlannedSegment, **more: Any) -> Existing:
    assert segment.payload
    return Existing({}, more.get("segments", {}), {name_key(segment.payload.name): [THERE]})


def test_a_segment_of_this_name_that_the_plan_does_not_know_is_named(segment: PlannedSegment) -> None:
    with pytest.raises(CannotGoOn, match=rf"have a segment “Five people” \({THERE}\) already"):
        refuse_second(segment, existing(segment))


def test_what_the_plan_knows_what_is_ours_and_another_name_are_no_second(segment: PlannedSegment) -> None:
    one = FoundSegment(THERE, UUID(int=0xB), "Five people", "", "[]", None, None, "")
    refuse_second(replace(segment, twins=(Twin(one, Evidence.NAME),)), existing(segment))
    refuse_second(segment, existing(segment, segments={segment.segment_id: None}))
    refuse_second(segment, Existing({}, {}, {"another name": [THERE]}))
    refuse_second(replace(segment, payload=None), existing(segment))
