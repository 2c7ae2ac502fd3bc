"""Real-time segments that are there already: which of them are ours, and who in them is in which legacy segment."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from migrator.base.ids import NONE, Ids, packed, unpacked
from migrator.contracts.derived import derived_id
from migrator.contracts.export_folder import Export, read_export
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.members import Excluding
from migrator.contracts.twins import FoundSegment, SharedPeople
from migrator.dataverse import realtime
from migrator.dataverse.errors import Refused
from migrator.dataverse.realtime import ComputedMembers
from migrator.dataverse.usage import UsedSegment
from migrator.extractor import surroundings
from migrator.product.codes import GROUPS_PER_DEFINITION, MEMBERS_PER_GROUP, SegmentSource, SegmentStatus
from tests.small import ORGANISATION, STATIC, contact

A = UUID(int=0xA)
MOST = GROUPS_PER_DEFINITION * MEMBERS_PER_GROUP
GROUPS = [UUID(int=0x6000 + number) for number in range(2)]


@pytest.fixture
def export(small_export: Path) -> Export:
    return read_export(small_export)


# --- what a run made -------------------------------------------------------------------------------------------------


def ours(export: Export, count: int | None) -> set[UUID]:
    members = {**export.members, STATIC: replace(export.members[STATIC], count=count)}
    return set(surroundings._ours(ORGANISATION.id, replace(export, members=members)))


def test_every_segment_and_each_of_its_parts_has_an_id_of_ours(export: Export) -> None:
    own = {derived_id(ORGANISATION.id, segment.id, "segment") for segment in export.segments}

    def parts(number: int) -> set[UUID]:
        named = (derived_id(ORGANISATION.id, STATIC, f"part {part}") for part in range(1, number + 1))
        return {derived_id(ORGANISATION.id, part, "segment") for part in named}

    assert ours(export, None) == ours(export, 0) == ours(export, MOST - 1) == own
    assert ours(export, MOST + 1) == own | parts(2)
    assert ours(export, 2 * MOST + 1) == own | parts(3)


# --- who is in it ----------------------------------------------------------------------------------------------------


def found(name: str, count: int | None, query: str = "", groups: Any = ()) -> FoundSegment:
    return FoundSegment(A, UUID(int=0xB), name, query, json.dumps(groups), 723270000, count, "2025-01-01T00:00:00Z")


def row(status: int | None = SegmentStatus.ACTIVE) -> UsedSegment:
    return UsedSegment(A, "", SegmentSource.JOURNEYS, None, None, status, "")


def group(key: UUID, kind: str = "Include") -> dict[str, str]:
    return {"groupId": str(key), "includeType": kind, "name": "", "inputType": "manualSelect"}


@dataclass
class Service:
    """Answers for one segment."""

    members: Sequence[int] | None = None
    """Numbers of contacts; None refuses."""
    total: int | None = None
    groups: dict[UUID, list[list[int]]] = field(default_factory=dict)
    """Group → its pages, with numbers of contacts."""
    asked: int = 0

    async def members_list(self, _: Any, segment: UUID) -> ComputedMembers:
        self.asked += 1
        if self.members is None:
            raise Refused("POST", 400, "", "not computed")
        assert segment == A
        return ComputedMembers(people(*self.members), len(self.members) if self.total is None else self.total)

    async def list_group_members(self, _: Any, segment: UUID, key: UUID, page: int) -> Ids:
        self.asked += 1
        assert segment == A
        pages = self.groups[key]
        return people(*pages[page - 1]) if page <= len(pages) else NONE


def people(*numbers: int) -> Ids:
    return packed([contact(number) for number in numbers])


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    made = Service()
    for name in ("members_list", "list_group_members"):
        monkeypatch.setattr(realtime, name, getattr(made, name))
    return made


def shared(folder: Path, segment: FoundSegment, status: int | None = SegmentStatus.ACTIVE) -> list[SharedPeople]:
    none: Any = None  # the service is ours, so no client is needed
    return asyncio.run(surroundings._shared(none, folder, read_export(folder), segment, row(status)))


def test_people_are_compared_with_segments_of_the_same_name_or_of_as_many_members(
    small_export: Path, service: Service
) -> None:
    service.members = [0, 1, 2, 3]
    assert shared(small_export, found("Five people", None)) == [SharedPeople(A, STATIC, 4, 4, 5)]
    assert shared(small_export, found("Others", 5)) == [SharedPeople(A, STATIC, 4, 4, 5)]
    assert service.asked == 2
    assert shared(small_export, found("Others", None)) == []
    assert service.asked == 2  # nobody's members are read for nothing


def test_who_shares_nobody_is_not_listed(small_export: Path, service: Service) -> None:
    service.members = [8, 9, 10]
    assert shared(small_export, found("Five people", 3)) == []
    service.members = []
    assert shared(small_export, found("Five people", 0)) == []


def test_people_whom_a_file_takes_out_are_no_members(small_export: Path, service: Service) -> None:
    writer = ExportWriter.reopen(small_export)
    writer.exclusions(STATIC, people(0, 1), Excluding("out.csv"))
    writer.finish()
    service.members = [0, 1, 2]
    assert shared(small_export, found("Five people", None)) == [SharedPeople(A, STATIC, 1, 3, 3)]


def who(segment: FoundSegment, status: int | None) -> list[UUID] | None:
    none: Any = None
    ids = asyncio.run(surroundings._people(none, segment, row(status)))
    return None if ids is None else list(unpacked(ids))


@pytest.mark.parametrize("status", [SegmentStatus.ACTIVE, SegmentStatus.COMPUTED_WITH_WARNINGS])
def test_a_computed_segment_tells_its_members_all_of_them_or_none(service: Service, status: int) -> None:
    service.members = [2, 1, 2]
    assert who(found("x", 3), status) == [contact(2), contact(1)]
    service.total = 4
    assert who(found("x", 4), status) is None


def test_a_draft_is_known_by_its_groups_where_it_only_includes(service: Service) -> None:
    service.groups = {GROUPS[0]: [[1, 2], [3]], GROUPS[1]: [[3, 4]]}
    both = [group(key) for key in GROUPS]
    assert who(found("x", None, groups=both), SegmentStatus.INACTIVE) == [contact(n) for n in (1, 2, 3, 4)]
    without = [group(GROUPS[0]), group(GROUPS[1], "Exclude")]
    for unclear in (found("x", None), found("x", None, groups=without), found("x", None, " PROFILE(contact)", both)):
        assert who(unclear, SegmentStatus.INACTIVE) is None


def test_what_the_service_refuses_or_nobody_can_read_is_unknown(service: Service) -> None:
    assert who(found("x", 3), SegmentStatus.ACTIVE) is None
    assert who(found("x", 3, groups=[{"groupId": "none", "includeType": "Include"}]), SegmentStatus.INACTIVE) is None


def test_legacy_segments_without_known_members_are_not_compared(small_export: Path, service: Service) -> None:
    service.members = [0, 1]
    assert shared(small_export, found("Lost", None)) == []
    assert service.asked == 0
