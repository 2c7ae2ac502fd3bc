"""What loading would do, said before it is agreed to: counted of what is there now."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from migrator.contracts.payload import PayloadKind, StaticGroup
from migrator.contracts.plan import Outcome, PlannedSegment
from migrator.dataverse.realtime import DefinitionRow, SegmentRow
from migrator.loader.existing import Existing
from migrator.loader.preview import Part, Preview, preview
from migrator.product.codes import DefinitionStatus
from tests.report.test_report import payload, planned

NOTHING = Part(0, 0, 0, 0)


def one_list(n: int, *, publish: bool = True) -> PlannedSegment:
    """A list of ten, two of whom are excluded by name."""
    groups = StaticGroup(UUID(int=1), "in", 0, 10), StaticGroup(UUID(int=2), "out", 0, 2, excluded=True)
    return planned(n, payload=payload(PayloadKind.STATIC, *groups, publish=publish))


def there(*found: tuple[PlannedSegment, int]) -> Existing:
    return Existing(
        {one.definition_id: DefinitionRow(one.definition_id, "", "[]", status) for one, status in found},
        {one.segment_id: SegmentRow(one.segment_id, "", "", one.definition_id, None, 1) for one, _ in found},
    )


def test_what_is_not_there_is_created_with_its_members_and_published() -> None:
    query = planned(3, payload=payload(PayloadKind.DYNAMIC), recorded_size=7)
    unknown = replace(query, members=replace(query.members, count=None), recorded_size=None)
    chosen = [one_list(1), one_list(2, publish=False), query, unknown]
    found = preview(chosen, chosen, there())
    assert found.create == Part(4, 30, 1, 3)
    assert (found.change, found.leave, found.writes) == (NOTHING, NOTHING, True)


@pytest.mark.parametrize(
    ("status", "part"),
    [
        (DefinitionStatus.DRAFT, "change"),
        (DefinitionStatus.STOPPED, "change"),
        (DefinitionStatus.LIVE, "leave"),
        (DefinitionStatus.GOING_LIVE, "leave"),
        (DefinitionStatus.STOPPING, "leave"),
        (4711, "leave"),
    ],
)
def test_what_is_there_is_changed_where_it_may_be_and_left_where_it_is_live(status: int, part: str) -> None:
    segment = one_list(1)
    found = preview([segment], [segment], there((segment, status)))
    assert getattr(found, part).segments == 1
    assert found.create == NOTHING
    assert found.writes is (part == "change")


def test_a_definition_without_its_segment_is_created() -> None:
    segment = one_list(1)
    half = replace(there((segment, DefinitionStatus.DRAFT)), segments={})
    assert preview([segment], [segment], half).create.segments == 1


def test_what_is_left_out_is_counted() -> None:
    outcomes = (Outcome.FLAGGED, Outcome.FLAGGED, Outcome.BLOCKED)
    others = [planned(n, outcome=outcome) for n, outcome in enumerate(outcomes)]
    assert preview([], others, there()) == Preview(NOTHING, NOTHING, NOTHING, 2, 1)
