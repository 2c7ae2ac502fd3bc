"""Loading: what the organisation holds afterwards, what a repeat does, and what stands in the way."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from migrator.base.errors import Retryable, UsageError
from migrator.base.patience import Patience
from migrator.base.progress import Silent
from migrator.contracts.export_folder import Members, MemberSource, member_reader, read_export
from migrator.contracts.journal import Created, LoadResult, LoadState, Write, reading
from migrator.contracts.plan import Plan, TranslationSettings
from migrator.contracts.verification import Match, Verified, latest, read_verifications
from migrator.dataverse.connect import connect
from migrator.dataverse.errors import Refused, Unsettled
from migrator.loader.journal import Journal
from migrator.loader.load import load
from migrator.loader.loading import Loading
from migrator.loader.verify import verify
from migrator.product.codes import DefinitionStatus, SegmentStatus
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
        self.tolerance = 0.02
        self.patience = Patience(total=20, first=0.01, most=0.1)
        self.plan: Plan = translate(read_export(export), TranslationSettings(ORGANISATION))

    def go(self, *, then_verify: bool = True, wait: float = 5.0) -> tuple[dict[Any, LoadResult], dict[Any, Verified]]:
        async def work() -> tuple[list[LoadResult], dict[Any, Verified]]:
            async with (
                await connect(self.server.address, patience=self.patience) as client,
                Journal(self.folder / "journal.db", now) as journal,
            ):
                loading = Loading(client, self.plan, member_reader(self.export), journal, self.folder, 4)
                results = await load(loading, Silent())
                if then_verify:
                    await verify(loading, now(), wait, self.tolerance, Silent())
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


def test_a_query_that_is_only_written_differently_is_the_same(migration: Migration) -> None:
    migration.go(then_verify=False)
    migration.definition(DYNAMIC)["msdynmkt_segmentquery"] = "PROFILE( contact ) . FILTER( address1_city=='Oslo' )"
    results, _ = migration.go(then_verify=False)
    assert results[DYNAMIC].state is LoadState.LOADED


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


# --- the journal -------------------------------------------------------------------------------------------------


def with_journal(path: Path, work: Callable[[Journal], Coroutine[Any, Any, None]]) -> None:
    async def session() -> None:
        async with Journal(path, now) as journal:
            await work(journal)

    asyncio.run(session())


def lines(path: Path) -> list[Any]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT confirmed_at, failed_at, error_code FROM steps ORDER BY id").fetchall()


def test_a_step_is_entered_before_it_is_sent_and_confirmed_after(tmp_path: Path) -> None:
    path = tmp_path / "j.db"

    async def work(journal: Journal) -> None:
        async with journal.step(STATIC, Write.PUBLISH, STATIC):
            assert lines(path) == [(None, None, None)]
        with pytest.raises(Refused):
            async with journal.step(STATIC, Write.PUBLISH, STATIC):
                raise Refused("POST x", 400, "0x5", "no", "r")

    with_journal(path, work)
    assert lines(path) == [(now(), None, None), (None, now(), "0x5")]


def test_a_step_of_unknown_fate_stays_open_until_it_is_found(tmp_path: Path) -> None:
    path = tmp_path / "j.db"

    async def lose(journal: Journal) -> None:
        with pytest.raises(Unsettled):
            async with journal.step(STATIC, Write.CREATE_SEGMENT, contact(1)):
                raise Unsettled("POST x", "gone", 504, "0x5")

    async def settle(journal: Journal) -> None:
        journal.settle(1)

    with_journal(path, lose)
    assert lines(path) == [(None, None, "0x5")]
    with reading(path) as journal:
        assert journal.created() == [Created(STATIC, contact(1), "segment")]  # it may be there
        assert journal.summary().steps == {Write.CREATE_SEGMENT: (0, 0, 1)}
    with_journal(path, settle)
    assert lines(path) == [(now(), None, "0x5")]


def test_what_a_run_created_is_never_forgotten(tmp_path: Path) -> None:
    async def work(journal: Journal) -> None:
        await journal.record(LoadResult(STATIC, LoadState.FAILED, "publish", created=True, error="x"))
        await journal.record(LoadResult(STATIC, LoadState.LOADED, "publish", created=False))

    with_journal(tmp_path / "j.db", work)
    with closing(Journal(tmp_path / "j.db", now)) as journal:
        assert journal.results() == {STATIC: LoadResult(STATIC, LoadState.LOADED, "publish", created=True)}


def test_what_was_created_and_not_deleted_is_known(tmp_path: Path) -> None:
    async def work(journal: Journal) -> None:
        async with journal.step(STATIC, Write.CREATE_DEFINITION, contact(1)):
            pass
        async with journal.step(STATIC, Write.CREATE_SEGMENT, contact(2)):
            pass
        with pytest.raises(Refused):
            async with journal.step(DYNAMIC, Write.CREATE_SEGMENT, contact(3)):
                raise Refused("POST x", 412, "0x80040237", "it is there", "r")
        async with journal.step(STATIC, Write.DELETE_SEGMENT, contact(2)):
            pass

    with_journal(tmp_path / "j.db", work)
    with closing(Journal(tmp_path / "j.db", now)) as journal:
        assert journal.created() == [Created(STATIC, contact(1), "definition")]


def test_a_full_disk_stops_before_anything_is_sent(tmp_path: Path) -> None:
    sent = []

    async def work(journal: Journal) -> None:
        pages = journal.database.execute("PRAGMA page_count").fetchone()[0]
        journal.database.execute(f"PRAGMA max_page_count = {pages}")

        async def until_full() -> None:
            for _ in range(1000):
                async with journal.step(STATIC, Write.ADD_MEMBERS, STATIC, "x" * 500):
                    sent.append(1)

        with pytest.raises(Retryable, match="disk is full"):
            await until_full()

    with_journal(tmp_path / "j.db", work)
    assert len(sent) == len(lines(tmp_path / "j.db"))  # nothing was sent that is not entered


def test_steps_that_come_together_reach_the_disk_together(tmp_path: Path) -> None:
    async def work(journal: Journal) -> None:
        commits = []
        commit = journal._commit

        def counting(statements: Any) -> None:
            commits.append(len(statements))
            commit(statements)

        journal._commit = counting  # type: ignore[method-assign]

        async def one() -> None:
            async with journal.step(STATIC, Write.ADD_MEMBERS, STATIC):
                pass

        await asyncio.gather(*(one() for _ in range(50)))
        assert sum(commits) >= 50
        assert len(commits) < 10

    with_journal(tmp_path / "j.db", work)
    assert len(lines(tmp_path / "j.db")) == 50


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
