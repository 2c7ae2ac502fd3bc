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

from migrator.codes import DefinitionStatus, SegmentStatus
from migrator.dataverse.client import connect
from migrator.dataverse.errors import Refused
from migrator.errors import Retryable, UsageError
from migrator.extractor.export import member_reader, read_export
from migrator.loader.journal import Journal
from migrator.loader.load import Loading, load
from migrator.loader.verify import latest, read_verifications, verify
from migrator.model import LoadResult, LoadState, Match, Members, MemberSource, Plan, TranslationSettings, Verified
from migrator.progress import Silent
from migrator.sandbox import realtime
from migrator.sandbox.refusal import bad_request
from migrator.sandbox.server import Running
from migrator.translator.translate import translate
from tests.small import DYNAMIC, INACTIVE, LOST, ORGANISATION, ROW_ONLY, STATIC, contact


def now() -> str:
    return "2026-01-01T00:00:00Z"


class Migration:
    """One run over the small organisation."""

    def __init__(self, server: Running, export: Path, folder: Path) -> None:
        self.server, self.export, self.folder = server, export, folder
        folder.mkdir(exist_ok=True)
        self.plan: Plan = translate(read_export(export), TranslationSettings(ORGANISATION))

    def go(self, *, then_verify: bool = True, wait: float = 5.0) -> tuple[dict[Any, LoadResult], dict[Any, Verified]]:
        async def work() -> tuple[list[LoadResult], dict[Any, Verified]]:
            async with await connect(self.server.address) as client:
                with closing(Journal(self.folder / "journal.db", now)) as journal:
                    loading = Loading(client, self.plan, member_reader(self.export), journal, self.folder, 4)
                    results = await load(loading, Silent())
                    if then_verify:
                        await verify(loading, now(), wait, Silent())
                    return results, latest(read_verifications(self.folder))

        results, verified = asyncio.run(work())
        return {result.legacy_id: result for result in results}, verified

    def segment(self, legacy: Any) -> Any:
        return next(segment for segment in self.plan.segments if segment.legacy_id == legacy)

    def row(self, legacy: Any) -> dict[str, Any]:
        return self.server.organisation.rows["msdynmkt_segment"][str(self.segment(legacy).segment_id)]

    def definition(self, legacy: Any) -> dict[str, Any]:
        return self.server.organisation.rows["msdynmkt_segmentdefinition"][str(self.segment(legacy).definition_id)]

    def members(self, legacy: Any) -> list[int]:
        groups = self.server.organisation.groups.get(str(self.segment(legacy).segment_id), {})
        return sorted(member & 0xFF for group in groups.values() for member in group)

    def steps(self) -> list[tuple[str, str]]:
        with closing(sqlite3.connect(self.folder / "journal.db")) as database:
            return database.execute("SELECT legacy_id, step FROM steps ORDER BY id").fetchall()


@pytest.fixture
def migration(sandbox: Running, small_export: Path, tmp_path: Path) -> Migration:
    return Migration(sandbox, small_export, tmp_path / "run")


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
    assert verified[STATIC] == Verified(STATIC, Match.EQUAL, 5, 5, status_code=1)
    assert verified[ROW_ONLY].match is Match.EQUAL


def test_inactive_contacts_explain_a_smaller_number(migration: Migration) -> None:
    _, verified = migration.go()
    assert (verified[INACTIVE].before, verified[INACTIVE].after) == (12, 10)
    assert (verified[INACTIVE].match, verified[INACTIVE].inactive) == (Match.EXPLAINED, 2)
    assert verified[DYNAMIC].inactive == 2


def test_nothing_flagged_or_unknown_reaches_the_organisation(migration: Migration) -> None:
    results, _ = migration.go()
    assert LOST not in results
    ids = migration.server.organisation.rows["msdynmkt_segment"]
    assert str(migration.segment(LOST).segment_id) not in ids
    assert len(ids) == 4


def test_every_write_is_in_the_journal_in_its_order(migration: Migration) -> None:
    migration.go()
    steps = [step for legacy, step in migration.steps() if legacy == str(STATIC)]
    assert steps == ["create definition", "create segment", "add members", "publish"]
    with closing(sqlite3.connect(migration.folder / "journal.db")) as database:
        assert database.execute("SELECT count(*) FROM steps WHERE confirmed_at IS NULL").fetchone() == (0,)


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
    migration.plan = replace(migration.plan, segments=(replace(planned, groups=(group,)),))
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


def test_members_that_somebody_added_are_listed_and_left_alone(migration: Migration) -> None:
    migration.go(then_verify=False)
    segment = migration.segment(STATIC)
    migration.server.organisation.groups[str(segment.segment_id)][str(segment.groups[0].id)][contact(9).int] = None
    results, _ = migration.go(then_verify=False)
    assert results[STATIC].state is LoadState.FAILED
    assert "1 members that are not in the plan" in results[STATIC].error
    listed = migration.folder / f"differences/{STATIC}-surplus.csv"
    assert listed.read_text() == f"contactid\n{contact(9)}\n"
    assert contact(9).int & 0xFF in migration.members(STATIC)


def test_members_missing_from_a_live_segment_are_not_put_back_silently(migration: Migration) -> None:
    migration.go()
    segment = migration.segment(STATIC)
    migration.server.organisation.groups[str(segment.segment_id)][str(segment.groups[0].id)].pop(contact(0).int)
    results, _ = migration.go(then_verify=False)
    assert "live already" in results[STATIC].error
    assert migration.members(STATIC) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("table", "change", "words"),
    [
        ("definition", {"msdynmkt_segmentquery": "PROFILE(contact)"}, "another query"),
        ("definition", {"msdynmkt_staticlistmembers": "[]"}, "other groups"),
        ("definition", {"msdynmkt_staticlistmembers": "{"}, "other groups"),
        ("row", {"msdynmkt_sourcesegmentuid": str(contact(1))}, "another definition"),
    ],
)
def test_a_record_that_differs_is_not_overwritten(
    migration: Migration, table: str, change: dict[str, str], words: str
) -> None:
    migration.go(then_verify=False)
    getattr(migration, table)(STATIC).update(change)
    results, _ = migration.go(then_verify=False)
    assert results[STATIC].state is LoadState.FAILED
    assert words in results[STATIC].error


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


# --- verifying ---------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(("recorded", "match"), [(2, Match.EQUAL), (4, Match.UNKNOWN), (None, Match.UNKNOWN)])
def test_where_only_a_number_is_known_only_numbers_are_compared(
    migration: Migration, recorded: int | None, match: Match
) -> None:
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
def test_a_computation_that_fails_is_said(migration: Migration, status: SegmentStatus) -> None:
    migration.go(then_verify=False)
    migration.server.organisation.settle()
    migration.server.organisation.computing = 3600
    migration.row(DYNAMIC)["statuscode"] = int(status)
    _, verified = migration.go(wait=0.3)
    assert verified[DYNAMIC].match is Match.UNKNOWN
    assert status.name.capitalize() in verified[DYNAMIC].note


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


# --- the journal -------------------------------------------------------------------------------------------------


def test_a_step_is_entered_before_it_is_sent_and_confirmed_after(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "j.db", now)) as journal:

        def line() -> Any:
            return journal.database.execute("SELECT confirmed_at, failed_at, error_code FROM steps").fetchall()[-1]

        with journal.step(STATIC, "publish", STATIC):
            assert line() == (None, None, None)
        assert line() == (now(), None, None)
        with pytest.raises(Refused), journal.step(STATIC, "publish", STATIC):
            raise Refused("POST x", 400, "0x5", "no", "r")
        assert line() == (None, now(), "0x5")


def test_what_a_run_created_is_never_forgotten(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "j.db", now)) as journal:
        journal.record(LoadResult(STATIC, LoadState.FAILED, "publish", created=True, error="x"))
        journal.record(LoadResult(STATIC, LoadState.LOADED, "publish", created=False))
    with closing(Journal(tmp_path / "j.db", now)) as journal:
        assert journal.results() == {STATIC: LoadResult(STATIC, LoadState.LOADED, "publish", created=True)}


def test_a_full_disk_stops_before_anything_is_sent(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "j.db", now)) as journal:
        pages = journal.database.execute("PRAGMA page_count").fetchone()[0]
        journal.database.execute(f"PRAGMA max_page_count = {pages}")
        sent = []

        def send_until_full() -> None:
            for _ in range(1000):
                with journal.step(STATIC, "add members", STATIC, "x" * 500):
                    sent.append(1)

        with pytest.raises(Retryable, match="disk is full"):
            send_until_full()
        entered = journal.database.execute("SELECT count(*) FROM steps").fetchone()[0]
        assert len(sent) == entered  # nothing was sent that is not entered


def test_a_journal_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "j.db").write_bytes(b"this is no database, however long it may be" * 100)
    with pytest.raises(UsageError, match="cannot be read"):
        Journal(tmp_path / "j.db", now)


def test_the_verification_is_a_file_that_a_person_can_open(migration: Migration) -> None:
    migration.go()
    content = json.loads((migration.folder / "verification-001.json").read_text())
    assert content["at"] == now()
    assert {entry["match"] for entry in content["segments"]} == {"equal", "explained"}
    assert str(contact(1)) not in json.dumps(content)
