"""The service as it answers: refusals inside good answers, partial lists, steady errors, states that nobody knows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from migrator.base.progress import Silent
from migrator.contracts.journal import LoadState
from migrator.contracts.verification import Match
from migrator.evaluator import EvaluationError
from migrator.loader.rollback import RolledBack, roll_back
from migrator.product.codes import DefinitionStatus, Scope, SegmentStatus
from migrator.sandbox import realtime
from migrator.sandbox.refusal import Refusal
from tests.loader.migration import Migration
from tests.small import DYNAMIC, INACTIVE, ROW_ONLY, STATIC, UNIT, contact


def patched(monkeypatch: pytest.MonkeyPatch, action: str, answer: Callable[..., Any]) -> list[Any]:
    """Let an action answer otherwise; gives the bodies that it was sent."""
    sent: list[Any] = []

    def instead(organisation: Any, body: Any) -> Any:
        sent.append(body)
        return answer(organisation, body)

    monkeypatch.setitem(realtime.ACTIONS, action, instead)
    return sent


# --- refusals inside good answers ---


def test_a_publication_that_is_refused_inside_a_good_answer_has_failed_with_its_reason(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    reason = json.dumps({"message": "The query is not valid", "line": 1, "column": 9})
    patched(monkeypatch, "msdynmkt_PublishSegmentDefinition", lambda *_: {"StatusCode": 400, "ResultText": reason})
    results, _ = migration.go(then_verify=False)
    assert (results[DYNAMIC].state, results[DYNAMIC].step) == (LoadState.FAILED, "publish")
    assert results[DYNAMIC].error == "The query is not valid (line 1, column 9)"
    assert results[ROW_ONLY].state is LoadState.LOADED  # a draft is not published


@pytest.mark.parametrize("action", ["msdynmkt_AddStaticMembers", "msdynmkt_RemoveStaticMembers"])
def test_members_that_are_refused_inside_a_good_answer_have_failed(
    migration: Migration, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    migration.only(ROW_ONLY)
    if "Remove" in action:
        migration.go(then_verify=False)
        segment = migration.segment(ROW_ONLY)
        group = migration.server.organisation.groups[str(segment.segment_id)][str(segment.groups[0].id)]
        group[contact(9).int] = None
    sent = patched(monkeypatch, action, lambda *_: {"StatusCode": 400, "ResultText": "the group is full"})
    results, _ = migration.go(then_verify=False)
    assert (results[ROW_ONLY].state, results[ROW_ONLY].error) == (LoadState.FAILED, "the group is full")
    assert len(sent) == 1


# --- steady errors ---


@pytest.mark.parametrize("status", [500, 503])
def test_a_creation_that_is_steadily_refused_is_sent_three_times_and_then_failed(
    migration: Migration, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    migration.only(DYNAMIC)
    tried = []

    def refuse(table: str, payload: Any) -> Any:
        tried.append(table)
        raise Refusal(status, "0x80044150", "The service has failed.")

    monkeypatch.setattr(migration.server.organisation, "create", refuse)
    results, _ = migration.go(then_verify=False)
    assert tried == ["msdynmkt_segmentdefinition"] * 3
    assert (results[DYNAMIC].state, results[DYNAMIC].step) == (LoadState.FAILED, "definition")
    assert results[DYNAMIC].error_code == "0x80044150"
    assert "The service has failed (sent 3 times; each time it was looked for and not found)" in results[DYNAMIC].error


def test_members_that_are_steadily_refused_are_sent_three_times_and_then_failed(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    migration.only(STATIC)

    def refuse(*_: Any) -> Any:
        raise Refusal(500, "0x80044150", "The service has failed.")

    sent = patched(monkeypatch, "msdynmkt_AddStaticMembers", refuse)
    results, _ = migration.go(then_verify=False)
    assert len(sent) == 3
    assert results[STATIC].state is LoadState.FAILED
    assert "sent 3 times" in results[STATIC].error


def test_members_that_arrive_piece_by_piece_are_not_given_up(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    migration.only(STATIC)
    whole = realtime.add_static_members

    def piecemeal(organisation: Any, body: Any) -> Any:
        whole(organisation, {**body, "EntityIds": body["EntityIds"][:1]})
        raise Refusal(500, "0x80044150", "The service has failed.")

    sent = patched(monkeypatch, "msdynmkt_AddStaticMembers", piecemeal)
    results, _ = migration.go(then_verify=False)
    assert results[STATIC].state is LoadState.LOADED
    assert len(sent) == 5


def test_a_write_that_is_answered_with_an_error_but_arrived_is_sent_once(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    migration.only(DYNAMIC)
    whole = realtime.publish_segment_definition

    def carried_out(organisation: Any, body: Any) -> Any:
        whole(organisation, body)
        raise Refusal(500, "0x80044150", "The service has failed.")

    sent = patched(monkeypatch, "msdynmkt_PublishSegmentDefinition", carried_out)
    results, _ = migration.go(then_verify=False)
    assert results[DYNAMIC].state is LoadState.LOADED
    assert len(sent) == 1


# --- members lists that are not whole ---


def test_an_id_that_is_not_listed_proves_nothing_where_fewer_are_listed_than_there_are(migration: Migration) -> None:
    migration.server.organisation.manners.members_listed = 3
    _, verified = migration.go()
    found = verified[INACTIVE]
    assert (found.match, found.after, found.missing, found.inactive) == (Match.EXPLAINED, 10, 0, 2)
    assert "listed 3 of 10 members" in found.note
    assert not (migration.folder / f"differences/{INACTIVE}-missing.csv").exists()


def test_an_id_that_should_not_be_there_is_a_difference_also_in_a_partial_list(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    migration.server.organisation.manners.members_listed = 1
    organisation = migration.server.organisation
    organisation.rows["contact"][str(contact(1))]["address1_city"] = "Oslo"
    organisation.rows["contact"][str(contact(9))]["address1_city"] = "Paris"  # so that the number is the same
    organisation._touched("contact")
    computed = realtime.members_of

    def stranger_first(there: Any, segment: Any) -> list[int]:
        return sorted(computed(there, segment), key=lambda member: member != contact(1).int)

    monkeypatch.setattr(realtime, "members_of", stranger_first)
    _, verified = migration.go()
    found = verified[DYNAMIC]
    assert (found.match, found.surplus, found.after) == (Match.DIFFERENT, 1, 2)
    assert (migration.folder / f"differences/{DYNAMIC}-surplus.csv").read_text() == f"contactid\n{contact(1)}\n"


def test_another_number_is_a_difference_also_in_a_partial_list(migration: Migration) -> None:
    migration.server.organisation.manners.members_listed = 1
    organisation = migration.server.organisation
    organisation.rows["contact"][str(contact(9))]["address1_city"] = "Paris"
    organisation._touched("contact")
    _, verified = migration.go()
    found = verified[DYNAMIC]
    assert (found.match, found.missing, found.after) == (Match.DIFFERENT, 1, 1)


# --- computations ---


def test_the_reason_of_a_computation_that_failed_is_shown(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(organisation: Any, segment: Any) -> Any:
        raise EvaluationError("the relationship is not known")

    monkeypatch.setattr(realtime, "members_of", fail)
    _, verified = migration.go(wait=5.0)
    assert verified[DYNAMIC].match is Match.UNKNOWN
    assert "state Error; the last computation: Failed: the relationship is not known" in verified[DYNAMIC].note


def test_nobody_waits_for_a_computation_that_the_service_says_has_failed(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(organisation: Any, key: str) -> None:
        organisation.rows["msdynmkt_segment"][key]["statuscode"] = 4711
        organisation.reasons[key] = "no memory is left"

    monkeypatch.setattr(realtime, "_compute", never)
    monkeypatch.setattr("migrator.loader.computations._BETWEEN_LOOKS", (0.01, 0.01))
    _, verified = migration.go(wait=3600.0)
    assert "the last computation: Failed: no memory is left" in verified[DYNAMIC].note


def test_an_organisation_that_does_not_say_how_computations_went_is_only_waited_for(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(realtime.ACTIONS, "msdynmkt_SegmentStatus")
    migration.server.organisation.computing = 3600
    _, verified = migration.go(wait=0.3)
    assert "still being computed (state Computing)" in verified[DYNAMIC].note


# --- states of definitions ---


@pytest.mark.parametrize("status", [DefinitionStatus.STOPPED, DefinitionStatus.DRAFT])
def test_a_stopped_segment_is_edited_and_published_again(migration: Migration, status: DefinitionStatus) -> None:
    migration.go()
    migration.definition(DYNAMIC).update(statuscode=int(status), msdynmkt_segmentquery="PROFILE(contact)")
    sent = len(migration.steps())
    results, verified = migration.go()
    assert results[DYNAMIC].state is LoadState.LOADED
    assert [step for _, step in migration.steps()[sent:]] == ["update definition", "publish"]
    assert verified[DYNAMIC].match is Match.EXPLAINED


@pytest.mark.parametrize("status", [DefinitionStatus.LIVE_WITH_WARNINGS, 723270007, 4711])
def test_a_state_that_may_be_live_is_left_alone(migration: Migration, status: int) -> None:
    migration.go()
    migration.definition(DYNAMIC)["statuscode"] = int(status)
    sent = len(migration.steps())
    results, _ = migration.go()
    assert results[DYNAMIC].state is LoadState.LOADED
    migration.definition(DYNAMIC)["msdynmkt_segmentquery"] = "PROFILE(contact)"
    results, _ = migration.go()
    assert results[DYNAMIC].state is LoadState.DIFFERS
    words = "live" if status == DefinitionStatus.LIVE_WITH_WARNINGS else f"does not know (statuscode {status})"
    assert words in results[DYNAMIC].error
    assert len(migration.steps()) == sent


def test_a_segment_that_is_being_stopped_is_not_touched(migration: Migration) -> None:
    migration.go()
    migration.definition(DYNAMIC)["statuscode"] = int(DefinitionStatus.STOPPING)
    sent = len(migration.steps())
    results, _ = migration.go(then_verify=False)
    assert results[DYNAMIC].state is LoadState.FAILED
    assert "being stopped" in results[DYNAMIC].error
    assert len(migration.steps()) == sent


@pytest.mark.parametrize("code", [0, 1])
def test_either_statecode_may_stand_after_publishing(migration: Migration, code: int) -> None:
    migration.server.organisation.manners.live_statecode = code
    migration.server.organisation.profile = type(migration.server.organisation.profile)(warned_computations=1.0)
    results, verified = migration.go()
    assert results[DYNAMIC].state is LoadState.LOADED
    assert migration.row(DYNAMIC)["statecode"] == 1  # computed with warnings counts as inactive there
    assert migration.row(DYNAMIC)["statuscode"] == SegmentStatus.COMPUTED_WITH_WARNINGS
    assert verified[DYNAMIC].match is Match.EXPLAINED
    sent = len(migration.steps())
    assert migration.go()[0][DYNAMIC].state is LoadState.LOADED
    assert len(migration.steps()) == sent


# --- business units ---


def test_a_segment_that_landed_in_another_business_unit_is_said(migration: Migration) -> None:
    organisation = migration.server.organisation
    other = "00000000-0000-4000-8000-0000000000aa"
    units = organisation.rows["businessunit"]
    organisation.rows["businessunit"] = {other: {"businessunitid": other, "name": "Other"}, **units}
    organisation.matrix = False
    _, verified = migration.go()
    assert f"belongs to the business unit {other}, not to {UNIT}" in verified[STATIC].note
    assert verified[STATIC].match is Match.EQUAL  # its scope is the organisation: the people are the same


def test_where_the_scope_is_the_business_unit_another_one_is_a_difference(migration: Migration) -> None:
    planned = migration.segment(STATIC)
    body = {**planned.payload.segment, "msdynmkt_scope": int(Scope.BUSINESS_UNIT)}
    scoped = replace(planned, payload=replace(planned.payload, segment=body))
    migration.plan = replace(migration.plan, segments=(scoped,))
    assert migration.go()[1][STATIC].match is Match.EQUAL
    migration.row(STATIC)["owningbusinessunit"] = str(contact(1))
    assert migration.go()[1][STATIC].match is Match.DIFFERENT


# --- stopping, by the documented answer ---


def rolled_back(migration: Migration) -> dict[UUID, RolledBack]:
    return {one.legacy_id: one for one in migration.work(lambda loading: roll_back(loading, Silent()))}


def test_everything_that_stopped_is_deleted(migration: Migration) -> None:
    migration.go()
    assert not any(one.kept for one in rolled_back(migration).values())
    assert migration.server.organisation.rows["msdynmkt_segment"] == {}
    assert migration.server.organisation.rows["msdynmkt_segmentdefinition"] == {}


@pytest.mark.parametrize("answer", [None, {"summary": "done"}, {"stopSingleSegmentResults": []}])
def test_a_stop_whose_answer_cannot_be_read_is_settled_by_looking(
    migration: Migration, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    migration.go()
    whole = realtime.stop_segments

    def silent(organisation: Any, body: Any) -> Any:
        whole(organisation, body)
        return answer

    sent = patched(monkeypatch, "msdynmkt_StopSegments", silent)
    assert not any(one.kept for one in rolled_back(migration).values())
    assert migration.server.organisation.rows["msdynmkt_segment"] == {}
    assert len(sent) == 3  # each once: what was published


def test_message_and_users_of_a_segment_that_did_not_stop_are_shown(migration: Migration) -> None:
    migration.go()
    key = str(migration.segment(DYNAMIC).segment_id)
    migration.server.organisation.journeys[key] = ["Welcome"]
    kept = rolled_back(migration)[DYNAMIC].kept
    assert "used by the journey “Welcome”" in kept
    assert "The service says: The segment is in use." in kept
    assert key in migration.server.organisation.rows["msdynmkt_segment"]


def test_a_segment_that_did_not_stop_for_no_reason_stays(migration: Migration, monkeypatch: pytest.MonkeyPatch) -> None:
    migration.go()
    key = str(migration.segment(DYNAMIC).segment_id)
    patched(
        monkeypatch,
        "msdynmkt_StopSegments",
        lambda _, body: {
            "stopSingleSegmentResults": [
                {"SegmentId": one.upper(), "WasStopped": False, "Message": "not now"} for one in body["SegmentIdList"]
            ]
        },
    )
    kept = rolled_back(migration)[DYNAMIC].kept
    assert "did not stop it and names nothing that uses it" in kept
    assert "not now" in kept
    assert key in migration.server.organisation.rows["msdynmkt_segment"]


def test_a_segment_in_an_unknown_state_is_stopped_before_it_is_deleted(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    migration.only(DYNAMIC)
    migration.go()
    migration.definition(DYNAMIC)["statuscode"] = 723270007
    sent = patched(monkeypatch, "msdynmkt_StopSegments", realtime.stop_segments)
    assert not any(one.kept for one in rolled_back(migration).values())
    assert len(sent) == 1


def test_nothing_is_deleted_while_it_is_stopping(migration: Migration, monkeypatch: pytest.MonkeyPatch) -> None:
    migration.only(DYNAMIC)
    migration.go()
    organisation = migration.server.organisation
    organisation.moment = 0.2
    states: list[int] = []
    delete = organisation.delete

    def watching(table: str, key: str) -> None:
        if table == "msdynmkt_segment":
            states.append(migration.definition(DYNAMIC)["statuscode"])
        delete(table, key)

    monkeypatch.setattr(organisation, "delete", watching)
    assert not any(one.kept for one in rolled_back(migration).values())
    assert states == [DefinitionStatus.STOPPED]
