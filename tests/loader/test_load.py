"""Loading: what the organisation holds afterwards, what a repeat does, and what stands in the way."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from migrator.base.errors import UsageError
from migrator.base.patience import Patience
from migrator.contracts.journal import LoadState
from migrator.contracts.verification import Match, Verified
from migrator.dataverse import realtime as calls_of
from migrator.dataverse.errors import Unsettled
from migrator.loader import groups
from migrator.loader.same import same_query
from migrator.product.codes import DefinitionStatus, SegmentStatus
from migrator.sandbox import realtime
from migrator.sandbox.refusal import bad_request
from migrator.sandbox.tables import LENGTHS
from tests.loader.migration import Migration
from tests.small import DYNAMIC, INACTIVE, LOST, ORGANISATION, ROW_ONLY, STATIC, contact


@pytest.mark.quick
def test_the_organisation_holds_what_the_plan_says(migration: Migration) -> None:
    results, verified = migration.go()
    assert {key: result.state for key, result in results.items()} == dict.fromkeys(
        (STATIC, DYNAMIC, ROW_ONLY, INACTIVE), LoadState.LOADED
    )
    assert migration.members(STATIC) == [0, 1, 2, 3, 4]
    assert migration.definition(DYNAMIC)["msdynmkt_segmentquery"] == "PROFILE(contact).FILTER(address1_city == 'Oslo')"
    assert migration.definition(STATIC)["statuscode"] == DefinitionStatus.LIVE
    assert migration.definition(ROW_ONLY)["statuscode"] == DefinitionStatus.DRAFT
    assert migration.row(STATIC)["statuscode"] == SegmentStatus.ACTIVE
    assert migration.row(STATIC)["msdynmkt_sourcesegmentuid"] == str(migration.segment(STATIC).definition_id)
    assert verified[STATIC] == Verified(STATIC, Match.EQUAL, 5, 5, status_code=1, live=True)
    assert verified[ROW_ONLY].match is Match.EQUAL


def test_inactive_contacts_explain_a_smaller_number(migration: Migration) -> None:
    _, verified = migration.go()
    assert (verified[INACTIVE].before, verified[INACTIVE].after) == (12, 10)
    assert (verified[INACTIVE].match, verified[INACTIVE].inactive) == (Match.EXPLAINED, 2)
    assert verified[DYNAMIC].inactive == 2


@pytest.mark.quick
def test_nothing_flagged_or_unknown_reaches_the_organisation(migration: Migration) -> None:
    results, _ = migration.go()
    assert LOST not in results
    ids = migration.server.organisation.rows["msdynmkt_segment"]
    assert str(migration.segment(LOST).segment_id) not in ids
    assert len(ids) == 4


def test_a_query_that_is_too_long_for_the_organisation_is_not_created(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LENGTHS, ("msdynmkt_segmentdefinition", "msdynmkt_segmentquery"), 30)
    results, _ = migration.go(then_verify=False)
    assert results[DYNAMIC].state is LoadState.FAILED
    assert "48 characters; the queries of this organisation take 30" in results[DYNAMIC].error
    assert results[STATIC].state is results[INACTIVE].state is LoadState.LOADED
    ids = migration.server.organisation.rows["msdynmkt_segmentdefinition"]
    assert str(migration.segment(DYNAMIC).definition_id) not in ids


def test_a_query_that_just_fits_is_created(migration: Migration, monkeypatch: pytest.MonkeyPatch) -> None:
    migration.only(DYNAMIC)
    monkeypatch.setitem(LENGTHS, ("msdynmkt_segmentdefinition", "msdynmkt_segmentquery"), 48)
    assert migration.go(then_verify=False)[0][DYNAMIC].state is LoadState.LOADED


def test_every_write_is_in_the_journal_in_its_order(migration: Migration) -> None:
    migration.go()
    steps = [step for legacy, step in migration.steps() if legacy == str(STATIC)]
    assert steps == ["create definition", "create segment", "add members", "publish"]
    with closing(sqlite3.connect(migration.folder / "journal.db")) as database:
        assert database.execute("SELECT count(*) FROM steps WHERE confirmed_at IS NULL").fetchone() == (0,)


@pytest.mark.quick
def test_a_second_run_creates_nothing_and_sends_nothing(migration: Migration, tmp_path: Path) -> None:
    migration.go()
    again = Migration(migration.server, migration.export, tmp_path / "again")
    results, verified = again.go()
    assert again.steps() == []
    assert not any(result.created for result in results.values())
    assert verified[STATIC].match is Match.EQUAL
    assert len(migration.server.organisation.rows["msdynmkt_segment"]) == 4


def test_members_go_in_calls_of_a_thousand(migration: Migration, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    whole = realtime.add_static_members

    def counting(organisation: Any, body: Any) -> Any:
        sizes.append(len(body["EntityIds"]))
        return whole(organisation, body)

    monkeypatch.setitem(realtime.ACTIONS, "msdynmkt_AddStaticMembers", counting)
    ids = "".join(f"{contact(n)}\n" for n in range(2500))
    (migration.export / f"members/{STATIC}.csv").write_text("contactid\n" + ids)
    planned = migration.segment(STATIC)
    group = replace(planned.groups[0], count=2500)
    assert planned.payload is not None
    larger = replace(planned, payload=replace(planned.payload, groups=(group,)))
    migration.plan = replace(migration.plan, segments=(larger,))
    results, verified = migration.go()
    assert sizes == [1000, 1000, 500]
    assert results[STATIC].state is LoadState.LOADED
    assert verified[STATIC].deleted == 2500 - 12  # ids that are no contacts are in the group, and counted by nobody


def test_an_interrupted_group_gets_what_is_missing(migration: Migration, monkeypatch: pytest.MonkeyPatch) -> None:
    publish = realtime.ACTIONS["msdynmkt_PublishSegmentDefinition"]

    def refuse(*_: Any) -> Any:
        raise bad_request("not now", "0x80040299")

    monkeypatch.setitem(realtime.ACTIONS, "msdynmkt_PublishSegmentDefinition", refuse)
    results, _ = migration.go(then_verify=False)
    failed = results[STATIC]
    assert (failed.state, failed.step, failed.error_code, failed.error) == (
        LoadState.FAILED,
        "publish",
        "0x80040299",
        "not now",
    )
    assert failed.request_id
    assert results[ROW_ONLY].state is LoadState.LOADED  # a segment that fails does not stop the others

    group = migration.server.organisation.groups[str(migration.segment(STATIC).segment_id)]
    next(iter(group.values())).pop(contact(2).int)
    monkeypatch.setitem(realtime.ACTIONS, "msdynmkt_PublishSegmentDefinition", publish)
    before = len(migration.steps())
    results, verified = migration.go()
    assert results[STATIC].state is LoadState.LOADED
    assert [step for legacy, step in migration.steps()[before:] if legacy == str(STATIC)] == ["add members", "publish"]
    assert verified[STATIC].match is Match.EQUAL


def test_a_live_segment_that_has_other_members_is_named_and_left_alone(migration: Migration) -> None:
    migration.go(then_verify=False)
    segment = migration.segment(STATIC)
    group = migration.server.organisation.groups[str(segment.segment_id)][str(segment.groups[0].id)]
    group[contact(9).int] = None
    group.pop(contact(0).int)
    sent = len(migration.steps())
    results, _ = migration.go(then_verify=False)
    assert results[STATIC].state is LoadState.DIFFERS
    assert "1 are missing" in results[STATIC].error
    assert "1 are surplus" in results[STATIC].error
    assert (migration.folder / f"differences/{STATIC}-surplus.csv").read_text() == f"contactid\n{contact(9)}\n"
    assert (migration.folder / f"differences/{STATIC}-missing.csv").read_text() == f"contactid\n{contact(0)}\n"
    assert migration.members(STATIC) == [1, 2, 3, 4, 9]
    assert len(migration.steps()) == sent


def test_a_draft_gets_the_members_that_are_missing_and_loses_those_that_are_too_many(migration: Migration) -> None:
    migration.go(then_verify=False)
    segment = migration.segment(ROW_ONLY)
    group = migration.server.organisation.groups[str(segment.segment_id)][str(segment.groups[0].id)]
    group[contact(9).int] = None
    group.pop(contact(1).int)
    sent = len(migration.steps())
    results, _ = migration.go(then_verify=False)
    assert results[ROW_ONLY].state is LoadState.LOADED
    assert migration.members(ROW_ONLY) == [1, 2]
    assert [step for _, step in migration.steps()[sent:]] == ["add members", "remove members"]


@pytest.mark.parametrize(
    ("table", "change", "step"),
    [
        ("definition", {"msdynmkt_segmentquery": "PROFILE(contact)"}, "update definition"),
        ("definition", {"msdynmkt_staticlistmembers": "[]"}, "update definition"),
        ("definition", {"msdynmkt_staticlistmembers": "{"}, "update definition"),
        ("row", {"msdynmkt_displayname": "Somebody's"}, "update segment"),
        ("row", {"msdynmkt_description": "Somebody's"}, "update segment"),
    ],
)
def test_a_draft_that_differs_becomes_as_planned_and_the_journal_keeps_what_was(
    migration: Migration, table: str, change: dict[str, str], step: str
) -> None:
    migration.go(then_verify=False)
    before = dict(getattr(migration, table)(ROW_ONLY))
    getattr(migration, table)(ROW_ONLY).update(change)
    sent = len(migration.steps())
    results, _ = migration.go(then_verify=False)
    assert results[ROW_ONLY].state is LoadState.LOADED
    name = next(iter(change))
    assert (getattr(migration, table)(ROW_ONLY)[name] or "") == (before[name] or "")
    assert [step for _, step in migration.steps()[sent:]] == [step]
    with closing(sqlite3.connect(migration.folder / "journal.db")) as database:
        detail = database.execute("SELECT detail FROM steps ORDER BY id DESC").fetchone()[0]
    assert json.loads(detail.removeprefix("was ")) == change


@pytest.mark.parametrize(
    ("table", "change", "words"),
    [
        ("definition", {"msdynmkt_segmentquery": "PROFILE(contact)"}, "another query than planned"),
        ("definition", {"msdynmkt_staticlistmembers": "[]"}, "other groups than planned"),
        ("row", {"msdynmkt_displayname": "Somebody's"}, "another name than planned"),
    ],
)
def test_a_live_segment_that_differs_is_named_and_left_alone(
    migration: Migration, table: str, change: dict[str, str], words: str
) -> None:
    migration.go(then_verify=False)
    getattr(migration, table)(STATIC).update(change)
    sent = len(migration.steps())
    results, _ = migration.go(then_verify=False)
    assert results[STATIC].state is LoadState.DIFFERS
    assert words in results[STATIC].error
    assert len(migration.steps()) == sent


SAME = [
    ("PROFILE(contact).FILTER(a == 1)", "profile( contact ) . filter( A==1 )"),
    ("PROFILE(contact).FILTER(a == 1 && b == 2)", "PROFILE(contact).FILTER((b == 2) AND (a == 1))"),
    ("PROFILE(contact).FILTER(a == 1 && b == 2)", "PROFILE(contact).FILTER(a == 1).FILTER(b == 2)"),
    ("PROFILE(contact).FILTER(a == 1 || a == 2)", "PROFILE(contact).FILTER(a IN [1, 2])"),
    ("PROFILE(contact).FILTER(1 < a)", "PROFILE(contact).FILTER(a > 1)"),
    ("PROFILE(contact).FILTER(a == 1.50)", "PROFILE(contact).FILTER(a == 1.5)"),
    ("PROFILE(contact).RELATE(r, account).FILTER(account.name == 'x')",
     "PROFILE(contact).RELATEOPTIONAL(r, account.account_1).FILTER(account_1.name == 'x')"),
    ("PROFILE(contact).RELATE(r, a, RELATE(s, b)).FILTER(b.c == 1 && a.d == 2)",
     "PROFILE(contact).RELATEOPTIONAL(r, account_1, RELATEOPTIONAL(s, contact_1))"
     ".FILTER(account_1.d == 2 && contact_1.c == 1)"),
    ("PROFILE(contact).RELATEOPTIONAL(r, a).FILTER(NOT(a.b == 1))",
     "PROFILE(contact).RELATEOPTIONAL(r, x_1).FILTER(NOT(x_1.b == 1))"),
    ("PROFILE(contact).FILTER(a == 1).RELATE(r, b).FILTER(b.c == 1)",
     "PROFILE(contact).RELATE(r, b).FILTER(b.c == 1).FILTER(a == 1)"),
    ("PROFILE(contact) UNION SEGMENT(SEGMENT_CJO_ID_0A)", "PROFILE(contact) union SEGMENT(SEGMENT_CJO_ID_0a)"),
]  # fmt: skip
OTHER = [
    ("PROFILE(contact).FILTER(a == 1)", "PROFILE(contact).FILTER(a == 2)"),
    ("PROFILE(contact).FILTER(a == 'x')", "PROFILE(contact).FILTER(a == 'X')"),
    ("PROFILE(contact).FILTER(a == 1)", "PROFILE(contact).FILTER(a == '1')"),
    ("PROFILE(contact).FILTER(a == 1 && b == 2)", "PROFILE(contact).FILTER(a == 1 || b == 2)"),
    ("PROFILE(contact).RELATE(r, a).FILTER(a.b == 1)", "PROFILE(contact).RELATE(s, a).FILTER(a.b == 1)"),
    ("PROFILE(contact).RELATE(r, a).FILTER(NOT(a.b == 1))",
     "PROFILE(contact).RELATEOPTIONAL(r, a).FILTER(NOT(a.b == 1))"),
    ("PROFILE(contact).RELATE(r, a).FILTER(ISNULL(a.b))", "PROFILE(contact).RELATEOPTIONAL(r, a).FILTER(ISNULL(a.b))"),
    ("PROFILE(contact).RELATE(r, a).FILTER(a.b != 1)", "PROFILE(contact).RELATEOPTIONAL(r, a).FILTER(a.b != 1)"),
    ("PROFILE(contact).RELATE(r, a).FILTER(a.b == 1 || vip == true)",
     "PROFILE(contact).RELATEOPTIONAL(r, a).FILTER(a.b == 1 || vip == true)"),
    ("PROFILE(contact).RELATE(r, a, RELATE(s, b)).FILTER(a.c == 1)",
     "PROFILE(contact).RELATE(r, a, RELATEOPTIONAL(s, b)).FILTER(a.c == 1)"),
    ("PROFILE(contact).RELATE(r, a, RELATE(s, b)).FILTER(ISNULL(b.c))",
     "PROFILE(contact).RELATE(r, a, RELATEOPTIONAL(s, b)).FILTER(ISNULL(b.c))"),
    ("PROFILE(contact).RELATE(r, a).FILTER(a.b == 1 && a.c == 2)",
     "PROFILE(contact).RELATE(r, a).FILTER(a.b == 1).RELATE(r, a).FILTER(a.c == 2)"),
    ("PROFILE(contact).RELATE(r, a, RELATE(s, b)).FILTER(b.c == 1)",
     "PROFILE(contact).RELATE(r, a, RELATE(s, b)).FILTER(a.c == 1)"),
    ("SEGMENT(a) UNION SEGMENT(b) EXCEPT SEGMENT(c)", "SEGMENT(a) EXCEPT SEGMENT(c) UNION SEGMENT(b)"),
    ("PROFILE(contact)", "PROFILE(contact"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_a_query_that_is_only_written_differently_is_the_same(one: str, other: str) -> None:
    assert same_query(one, other)
    assert same_query(other, one)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_a_query_that_asks_for_others_is_another(one: str, other: str) -> None:
    assert not same_query(one, other)
    assert not same_query(other, one)


def test_a_segment_that_the_editor_saved_again_is_the_same(migration: Migration) -> None:
    migration.go(then_verify=False)
    migration.definition(DYNAMIC)["msdynmkt_segmentquery"] = "PROFILE( contact ) . FILTER( (address1_city=='Oslo') )"
    sent = len(migration.steps())
    results, _ = migration.go(then_verify=False)
    assert results[DYNAMIC].state is LoadState.LOADED
    assert "update definition" not in [step for _, step in migration.steps()[sent:]]


@pytest.mark.parametrize(
    ("table", "change", "words"),
    [
        ("definition", {"statuscode": 723270003}, "marked as deleted"),
        ("row", {"msdynmkt_sourcesegmentuid": str(contact(1))}, "another definition"),
    ],
)
def test_a_record_that_cannot_be_ours_stops_the_segment(
    migration: Migration, table: str, change: dict[str, Any], words: str
) -> None:
    migration.go()
    getattr(migration, table)(STATIC).update(change)
    results, _ = migration.go(then_verify=False)
    assert results[STATIC].state is LoadState.FAILED
    assert words in results[STATIC].error


@pytest.mark.quick
def test_a_creation_whose_answer_was_lost_is_settled_by_looking(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    organisation = migration.server.organisation
    create, lost = organisation.create, []

    def forgetful(table: str, payload: Any) -> Any:
        row = create(table, payload)
        if table.startswith("msdynmkt_") and table not in lost:
            lost.append(table)
            # The row is there, but the client is told that something went wrong.
            from migrator.sandbox.refusal import Refusal

            raise Refusal(503, "0x80060000", "try again")
        return row

    monkeypatch.setattr(organisation, "create", forgetful)
    results, verified = migration.go()
    assert len(lost) == 2
    assert all(result.state is LoadState.LOADED for result in results.values())
    assert verified[STATIC].match is Match.EQUAL


def test_a_plan_for_another_organisation_is_refused(migration: Migration) -> None:
    other = replace(ORGANISATION, id=contact(1))
    migration.plan = replace(migration.plan, settings=replace(migration.plan.settings, target=other))
    with pytest.raises(UsageError, match="Nothing was changed"):
        migration.go()
    assert migration.server.organisation.rows["msdynmkt_segmentdefinition"] == {}


def test_patience_counts_from_the_last_time_that_a_group_came_nearer(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A group that takes longer to send than anybody waits for an answer, and one call of it is lost."""
    migration.only(STATIC)
    migration.patience = Patience(total=0.4, first=0.05, most=0.05)
    monkeypatch.setattr(groups, "MEMBERS_PER_CALL", 1)
    send = calls_of.add_static_members
    calls: list[Any] = []

    async def slow(*arguments: Any) -> None:
        calls.append(arguments)
        await asyncio.sleep(0.15)
        if len(calls) == 1:
            raise Unsettled("POST msdynmkt_AddStaticMembers", "no answer")
        await send(*arguments)

    monkeypatch.setattr(calls_of, "add_static_members", slow)
    results, _ = migration.go(then_verify=False)
    assert results[STATIC].state is LoadState.LOADED, results[STATIC]
    assert len(calls) == 6
    assert migration.members(STATIC) == [0, 1, 2, 3, 4]
