"""Verifying: what is compared with what, what explains a difference, and what stays unknown."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from migrator.base.ids import unpacked
from migrator.contracts.journal import LoadState
from migrator.contracts.members import Members, MemberSource
from migrator.contracts.payload import PayloadKind
from migrator.contracts.verification import Kind, Match, read_difference
from migrator.product.codes import DefinitionStatus, SegmentStatus
from migrator.sandbox import realtime
from tests.loader.migration import Migration, now
from tests.small import DYNAMIC, STATIC, contact


@pytest.mark.quick
def test_members_that_differ_without_a_reason_are_listed(migration: Migration) -> None:
    migration.server.organisation.rows["contact"][str(contact(9))]["address1_city"] = "Paris"
    migration.server.organisation.rows["contact"][str(contact(1))]["address1_city"] = "Oslo"
    migration.server.organisation._stale.add("contact")
    _, verified = migration.go()
    found = verified[DYNAMIC]
    assert (found.match, found.missing, found.surplus, found.inactive) == (Match.DIFFERENT, 1, 1, 2)
    assert (migration.folder / f"differences/{DYNAMIC}-missing.csv").read_text() == f"contactid\n{contact(9)}\n"
    assert (migration.folder / f"differences/{DYNAMIC}-surplus.csv").read_text() == f"contactid\n{contact(1)}\n"


def test_deleted_contacts_explain_a_smaller_number(migration: Migration) -> None:
    migration.server.organisation.delete("contact", str(contact(2)))
    _, verified = migration.go()
    assert (verified[STATIC].match, verified[STATIC].deleted, verified[STATIC].after) == (Match.EXPLAINED, 1, 4)
    assert (migration.folder / f"differences/{STATIC}-deleted.csv").read_text() == f"contactid\n{contact(2)}\n"
    deleted = read_difference(migration.folder, STATIC, Kind.DELETED, 1)
    assert deleted is not None
    assert list(unpacked(deleted)) == [contact(2)]
    assert read_difference(migration.folder, STATIC, Kind.DELETED, 2) is None  # the list of another look


@pytest.mark.parametrize(
    ("recorded", "tolerance", "match"),
    [(2, 0.02, Match.EQUAL), (4, 0.02, Match.DIFFERENT), (4, 0.5, Match.DRIFTED), (None, 0.5, Match.UNKNOWN)],
)
def test_where_only_a_number_is_known_only_numbers_are_compared(
    migration: Migration, recorded: int | None, tolerance: float, match: Match
) -> None:
    migration.tolerance = tolerance
    unread = Members(MemberSource.NONE, reason="gone")
    oslo = replace(migration.segment(DYNAMIC), members=unread, recorded_size=recorded)
    migration.plan = replace(migration.plan, segments=(oslo,))
    _, verified = migration.go()
    assert (verified[DYNAMIC].match, verified[DYNAMIC].before, verified[DYNAMIC].after) == (match, recorded, 2)
    assert "Only numbers" in verified[DYNAMIC].note


def test_a_computation_that_takes_too_long_is_unknown(migration: Migration) -> None:
    migration.server.organisation.computing = 3600
    _, verified = migration.go(wait=0.3)
    assert verified[STATIC].match is Match.UNKNOWN
    assert "still being computed" in verified[STATIC].note


@pytest.mark.parametrize("status", [SegmentStatus.ERROR, SegmentStatus.FAULTED, SegmentStatus.DELETED])
def test_a_computation_that_fails_is_said(
    migration: Migration, monkeypatch: pytest.MonkeyPatch, status: SegmentStatus
) -> None:
    def fail(organisation: Any, key: str) -> None:
        organisation.rows["msdynmkt_segment"][key]["statuscode"] = int(status)

    monkeypatch.setattr(realtime, "_compute", fail)
    _, verified = migration.go(wait=0.3)
    assert verified[DYNAMIC].match is Match.UNKNOWN
    assert status.name.capitalize() in verified[DYNAMIC].note


@pytest.mark.parametrize("status", [SegmentStatus.ERROR, SegmentStatus.FAULTED])
def test_a_computation_that_failed_is_tried_again_by_the_next_loading(
    migration: Migration, status: SegmentStatus
) -> None:
    migration.go()
    migration.row(DYNAMIC)["statuscode"] = int(status)
    sent = len(migration.steps())
    _, verified = migration.go()
    assert migration.steps()[sent:] == [(str(DYNAMIC), "publish")]
    assert verified[DYNAMIC].match is Match.EXPLAINED


def test_an_unknown_status_code_crashes_nothing(migration: Migration) -> None:
    migration.go()
    migration.row(DYNAMIC)["statuscode"] = 4711
    _, verified = migration.go(wait=0.3)
    assert (verified[DYNAMIC].match, verified[DYNAMIC].status_code) == (Match.UNKNOWN, 4711)
    assert "4711" in verified[DYNAMIC].note


def test_a_segment_that_was_deleted_since_is_created_again(migration: Migration) -> None:
    migration.go()
    organisation = migration.server.organisation
    organisation.delete("msdynmkt_segment", str(migration.segment(DYNAMIC).segment_id))
    results, verified = migration.go()
    assert results[DYNAMIC].state is LoadState.LOADED
    assert verified[DYNAMIC].after == 2


def test_the_verification_is_a_file_that_a_person_can_open(migration: Migration) -> None:
    migration.go()
    content = json.loads((migration.folder / "verification-001.json").read_text())
    assert content["at"] == now()
    assert {entry["match"] for entry in content["segments"]} == {"equal", "explained"}
    assert str(contact(1)) not in json.dumps(content)


# --- what somebody changed by hand since -----------------------------------------------------------------------------


def by_hand(migration: Migration, include: list[int], exclude: list[int]) -> None:
    """Somebody adds an Include and an Exclude group to the static segment in the product's editor."""
    organisation = migration.server.organisation
    planned = migration.segment(STATIC)
    definition = organisation.rows["msdynmkt_segmentdefinition"][str(planned.definition_id)]
    entries = json.loads(definition["msdynmkt_staticlistmembers"])
    groups = organisation.groups[str(planned.segment_id)]
    for kind, people in (("Include", include), ("Exclude", exclude)):
        if people:
            group = str(uuid4())
            entries.append({**entries[0], "groupId": group, "groupName": "By hand", "includeType": kind})
            groups[group] = {contact(n).int: None for n in people}
    definition["msdynmkt_staticlistmembers"] = json.dumps(entries)


@pytest.mark.quick
@pytest.mark.parametrize("drafts", [False, True])
def test_people_who_were_exchanged_by_hand_are_noticed_though_the_number_is_the_same(
    migration: Migration, drafts: bool
) -> None:
    if drafts:
        migration.plan = replace(
            migration.plan,
            segments=tuple(
                replace(one, payload=replace(one.payload, publish=False)) if one.payload else one
                for one in migration.plan.segments
            ),
        )
    _, verified = migration.go()
    assert verified[STATIC].match is Match.EQUAL
    by_hand(migration, include=[9, 10], exclude=[0, 1])
    looked = migration.verify()
    found = looked[STATIC]
    assert (found.match, found.missing, found.surplus, found.after) == (Match.DIFFERENT, 2, 2, 5)
    assert "changed after they were loaded" in found.note


def test_a_draft_whose_members_are_all_excluded_by_hand_is_not_equal(migration: Migration) -> None:
    migration.go()
    by_hand(migration, include=[], exclude=[0, 1, 2, 3, 4])
    found = migration.verify()[STATIC]
    assert (found.match, found.missing, found.after) == (Match.DIFFERENT, 5, 0)


def test_groups_by_hand_that_change_nobody_are_no_difference(migration: Migration) -> None:
    migration.go()
    by_hand(migration, include=[2, 3], exclude=[9])
    assert migration.verify()[STATIC].match is Match.EQUAL


def test_another_query_state_or_name_is_noticed(migration: Migration) -> None:
    _, verified = migration.go()
    assert verified[DYNAMIC].match is Match.EXPLAINED
    oslo = migration.segment(DYNAMIC)
    rows = migration.server.organisation.rows
    definition = rows["msdynmkt_segmentdefinition"][str(oslo.definition_id)]
    rows["msdynmkt_segment"][str(oslo.segment_id)]["msdynmkt_displayname"] = "Bergen"
    renamed = migration.verify()[DYNAMIC]
    assert renamed.match is Match.EXPLAINED
    assert "another name: Bergen" in renamed.note
    query = definition["msdynmkt_segmentquery"]
    definition["msdynmkt_segmentquery"] = query.replace("(address1_city", "( address1_city")
    assert migration.verify()[DYNAMIC].match is Match.EXPLAINED  # only written in another way
    definition["msdynmkt_segmentquery"] = query.replace("Oslo", "Bergen")
    changed = migration.verify()[DYNAMIC]
    assert changed.match is Match.DIFFERENT
    assert "Its query was changed" in changed.note
    definition["msdynmkt_segmentquery"] = query
    definition["statuscode"] = int(DefinitionStatus.STOPPED)
    stopped = migration.verify()[DYNAMIC]
    assert stopped.match is Match.DIFFERENT
    assert "not live any more (state Stopped)" in stopped.note
    del rows["msdynmkt_segmentdefinition"][str(oslo.definition_id)]
    assert migration.verify()[DYNAMIC].match is Match.DIFFERENT


# --- numbers that do not fit together --------------------------------------------------------------------------------


@pytest.mark.parametrize("listed", [None, 1])
def test_a_number_beside_another_number_of_the_list_is_a_difference(migration: Migration, listed: int | None) -> None:
    migration.only(DYNAMIC)
    assert migration.go()[1][DYNAMIC].match is Match.EXPLAINED
    migration.server.organisation.manners.members_listed = listed
    migration.row(DYNAMIC)["msdynmkt_membercount"] = 3
    found = migration.verify()[DYNAMIC]
    assert (found.match, found.after, found.missing, found.surplus) == (Match.DIFFERENT, 3, 0, 0)


def test_a_list_of_another_size_than_was_recorded_is_not_equal_because_it_is_as_planned(migration: Migration) -> None:
    unread = Members(MemberSource.NONE, reason="gone")
    migration.plan = replace(
        migration.plan, segments=(replace(migration.segment(STATIC), members=unread, recorded_size=7),)
    )
    found = migration.go()[1][STATIC]
    assert (found.match, found.before, found.after) == (Match.UNKNOWN, 7, 5)


@pytest.mark.parametrize("legacy", [STATIC, DYNAMIC])
def test_a_computed_segment_without_a_number_is_unknown(migration: Migration, legacy: Any) -> None:
    migration.only(legacy)
    migration.go()
    migration.row(legacy)["msdynmkt_membercount"] = None
    found = migration.verify(wait=0.0)[legacy]
    assert (found.match, found.after) == (Match.UNKNOWN, None)
    assert "shows no number of members" in found.note


def test_deleted_and_inactive_contacts_are_counted_apart(migration: Migration) -> None:
    migration.only(DYNAMIC)
    migration.server.organisation.delete("contact", str(contact(0)))
    found = migration.go()[1][DYNAMIC]
    assert (found.match, found.after, found.inactive, found.deleted) == (Match.EXPLAINED, 1, 2, 1)
    assert (migration.folder / f"differences/{DYNAMIC}-deleted.csv").read_text() == f"contactid\n{contact(0)}\n"
    inactive = (migration.folder / f"differences/{DYNAMIC}-inactive.csv").read_text()
    assert inactive == f"contactid\n{contact(3)}\n{contact(6)}\n"


@pytest.mark.parametrize(("tolerance", "match"), [(0.25, Match.DRIFTED), (0.24, Match.DIFFERENT)])
def test_a_query_has_drifted_up_to_the_edge_of_the_tolerance(
    migration: Migration, tolerance: float, match: Match
) -> None:
    migration.only(DYNAMIC)
    migration.tolerance = tolerance
    organisation = migration.server.organisation
    organisation.rows["contact"][str(contact(9))]["address1_city"] = "Paris"  # one of four
    organisation._stale.add("contact")
    found = migration.go()[1][DYNAMIC]
    assert (found.match, found.missing, found.inactive) == (match, 1, 2)  # only two of the three are inactive


def test_a_query_may_drift_in_a_segment_that_was_adopted_as_well(migration: Migration) -> None:
    test_a_query_has_drifted_up_to_the_edge_of_the_tolerance(migration, 0.25, Match.DRIFTED)
    (segment,) = migration.plan.segments
    assert segment.payload
    segment = replace(segment, payload=replace(segment.payload, kind=PayloadKind.ADOPTED))
    migration.plan = replace(migration.plan, segments=(segment,))
    assert segment.adopted
    assert migration.verify()[DYNAMIC].match is Match.DRIFTED


def test_a_list_never_drifts(migration: Migration, monkeypatch: pytest.MonkeyPatch) -> None:
    migration.only(STATIC)
    migration.tolerance = 0.5
    members = realtime.members_of
    monkeypatch.setattr(realtime, "members_of", lambda *known: sorted(members(*known))[1:])  # somebody is not computed
    found = migration.go()[1][STATIC]
    assert (found.match, found.missing, found.after) == (Match.DIFFERENT, 1, 4)


def test_what_was_read_back_by_an_earlier_command_is_read_again(migration: Migration) -> None:
    migration.only(STATIC)
    migration.go()
    group = migration.server.organisation.groups[str(migration.segment(STATIC).segment_id)]
    people = group[str(migration.segment(STATIC).groups[0].id)]
    people.pop(contact(0).int)
    people[contact(8).int] = None
    found = migration.verify()[STATIC]
    assert (found.match, found.missing, found.surplus) == (Match.DIFFERENT, 1, 1)
