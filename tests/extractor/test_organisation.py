"""From an organisation to an export: every source of members, and honesty about which one it was."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from migrator.base.ids import packed, unpacked
from migrator.base.patience import Patience
from migrator.base.progress import Silent
from migrator.contracts.export_check import check_export
from migrator.contracts.export_folder import Export, member_reader, read_export
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.members import Members, MemberSource
from migrator.contracts.selection import Selection
from migrator.dataverse.connect import connect
from migrator.extractor.organisation import Extracted, extract, ids_in_row
from migrator.mql import Column
from migrator.mql.schema import schema_from_json
from migrator.product.codes import LegacyType
from migrator.sandbox import outbound
from migrator.sandbox.organisation import Organisation
from migrator.sandbox.refusal import Refusal, bad_request
from migrator.sandbox.server import Running
from migrator.sandbox.tables import LENGTHS
from tests.small import COMPOUND, DYNAMIC, INACTIVE, LOST, ROW_ONLY, SCHEMA, STATIC, contact


def extracted(server: Running, folder: Path, wait: float = 5.0, selection: Selection | None = None) -> Extracted:
    async def work() -> Extracted:
        patience = Patience(total=0.3, first=0.1)
        async with await connect(server.address, patience=patience) as client:
            return await extract(client, folder, "2026-01-01T00:00:00Z", selection or Selection(), wait, Silent())

    return asyncio.run(work())


def read(server: Running, tmp_path: Path, **options: Any) -> Export:
    extracted(server, tmp_path / "export", **options)
    return read_export(tmp_path / "export")


def test_members_come_from_the_service(sandbox: Running, tmp_path: Path) -> None:
    found = extracted(sandbox, tmp_path / "export")
    export = read_export(tmp_path / "export")
    assert (found.segments, found.service) == (6, True)
    counts = {segment: export.members[segment].count for segment in (STATIC, DYNAMIC, COMPOUND, ROW_ONLY, INACTIVE)}
    assert counts == {STATIC: 5, DYNAMIC: 4, COMPOUND: 7, ROW_ONLY: 2, INACTIVE: 12}
    assert {export.members[segment].source for segment in counts} == {MemberSource.SERVICE}
    assert list(unpacked(member_reader(tmp_path / "export")(DYNAMIC))) == [contact(n) for n in (0, 3, 6, 9)]
    assert found.members == 30


def test_a_list_that_is_lost_is_unknown_and_not_empty(sandbox: Running, tmp_path: Path) -> None:
    members = read(sandbox, tmp_path).members[LOST]
    assert (members.source, members.count) == (MemberSource.NONE, None)
    assert "member list" in members.reason
    assert "its row holds no ids" in members.reason
    assert not (tmp_path / "export/members" / f"{LOST}.csv").exists()


def test_after_the_removal_ids_come_from_the_rows(sandbox: Running, tmp_path: Path) -> None:
    sandbox.organisation.outbound = False
    assert extracted(sandbox, tmp_path / "export").service is False
    members = read_export(tmp_path / "export").members
    assert members[ROW_ONLY] == Members(MemberSource.ROW, 2, checked=True)
    assert (members[STATIC].source, members[STATIC].count) == (MemberSource.NONE, None)
    assert members[DYNAMIC].source is MemberSource.NONE
    assert "gone" in members[STATIC].reason


def test_the_deprecated_read_steps_in(sandbox: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise bad_request("not today")

    monkeypatch.setitem(outbound.ACTIONS, "msdyncrm_FetchContactsByQuery", refuse)
    members = read(sandbox, tmp_path).members
    assert members[STATIC] == Members(MemberSource.DEPRECATED_READ, 5)
    assert members[DYNAMIC].source is MemberSource.NONE
    assert "not today" in members[DYNAMIC].reason


def test_a_service_that_gives_less_than_was_asked_for_loses_nobody(
    sandbox: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = outbound.fetch_contacts_by_query

    def stingy(organisation: Organisation, body: Any) -> Any:
        rows = json.loads(whole(organisation, body)["Response"])
        return {"Response": json.dumps(rows[:2])}

    monkeypatch.setitem(outbound.ACTIONS, "msdyncrm_FetchContactsByQuery", stingy)
    assert read(sandbox, tmp_path).members[INACTIVE].count == 12


def test_an_answer_of_another_shape_makes_these_members_unknown_and_the_rest_is_read(
    sandbox: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = outbound.fetch_contacts_by_query

    def odd(organisation: Organisation, body: Any) -> Any:
        return {"Answer": {"rows": 42}} if DYNAMIC.hex in body["Query"] else whole(organisation, body)

    monkeypatch.setitem(outbound.ACTIONS, "msdyncrm_FetchContactsByQuery", odd)
    members = read(sandbox, tmp_path).members
    assert (members[DYNAMIC].count, members[DYNAMIC].source) == (None, MemberSource.NONE)
    assert "nobody has described" in members[DYNAMIC].reason
    assert "Answer" in members[DYNAMIC].reason
    assert (members[STATIC].count, members[INACTIVE].count) == (5, 12)


@pytest.mark.parametrize("how", ["removed", "removed-path", "forbidden", "refusing"])
def test_whatever_the_service_says_after_its_removal_leads_to_the_same_result(
    sandbox: Running, tmp_path: Path, how: str
) -> None:
    sandbox.organisation.outbound_answers = how
    found = extracted(sandbox, tmp_path / "export")
    assert found.service is (how in ("forbidden", "refusing"))
    members = read_export(tmp_path / "export").members
    assert (members[ROW_ONLY].source, members[ROW_ONLY].count) == (MemberSource.ROW, 2)
    assert {members[one].count for one in (STATIC, DYNAMIC, COMPOUND, LOST, INACTIVE)} == {None}


def test_a_service_that_repeats_its_page_is_found_out(sandbox: Running, tmp_path: Path) -> None:
    sandbox.organisation.outbound_answers = "repeating"
    members = read(sandbox, tmp_path).members
    assert members[INACTIVE].count is None
    assert "the same page of ids came again (after 12 ids in 1 pages)" in members[INACTIVE].reason


def test_a_service_that_fails_is_asked_three_times_and_what_it_owes_is_read_the_next_time(
    sandbox: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    act = outbound.act

    def counted(organisation: Organisation, name: str, body: Any) -> Any:
        asked.append(name)
        return act(organisation, name, body)

    monkeypatch.setattr(outbound, "act", counted)
    sandbox.organisation.outbound_answers = "failing"
    found = extracted(sandbox, tmp_path / "export")
    # One segment is asked for as long as the patience lasts (here a few tries), two more get one try each.
    fetched = asked.count("msdyncrm_FetchContactsByQuery")
    assert 3 < fetched <= 8
    assert (found.unanswered, found.service) == (6, True)
    assert any("msdyncrm_FetchContactsByQuery does not answer in this run (500" in why for why in found.not_answering)
    before = read_export(tmp_path / "export").members
    assert all(members.unanswered for members in before.values())
    assert (before[DYNAMIC].count, before[DYNAMIC].source) == (None, MemberSource.NONE)

    sandbox.organisation.outbound_answers = "live"
    asked.clear()
    again = extracted(sandbox, tmp_path / "export")
    assert (again.unanswered, again.kept, again.members) == (0, 0, 30)

    asked.clear()
    third = extracted(sandbox, tmp_path / "export")
    assert (third.kept, third.members) == (6, 30)
    assert not asked  # nothing was owed any more
    assert check_export(tmp_path / "export") == []


def test_exactly_what_was_not_answered_is_read_again(
    sandbox: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = outbound.fetch_contacts_by_query
    asked: list[str] = []

    def partly(organisation: Organisation, body: Any) -> Any:
        asked.append(body["Query"])
        if DYNAMIC.hex in body["Query"] and organisation.name == "Small":
            raise Refusal(503, "0x80044150", "Busy.")
        return whole(organisation, body)

    monkeypatch.setitem(outbound.ACTIONS, "msdyncrm_FetchContactsByQuery", partly)
    assert extracted(sandbox, tmp_path / "export").unanswered == 1
    sandbox.organisation.name = "Recovered"
    asked.clear()
    again = extracted(sandbox, tmp_path / "export")
    assert (again.kept, again.unanswered) == (5, 0)
    assert {DYNAMIC.hex in query for query in asked} == {True}
    assert read_export(tmp_path / "export").members[DYNAMIC].count == 4


@pytest.mark.parametrize("changed", ["modifiedon", "msdyncrm_segmentsize"])
def test_a_kept_list_that_is_outdated_is_read_again(sandbox: Running, tmp_path: Path, changed: str) -> None:
    extracted(sandbox, tmp_path / "export")
    organisation = sandbox.organisation
    organisation.lists[str(STATIC)][contact(9).int] = None
    organisation.rows["msdyncrm_segment"][str(STATIC)][changed] = (
        "2026-02-03T04:05:06Z" if changed == "modifiedon" else 6
    )
    again = extracted(sandbox, tmp_path / "export")
    assert again.kept == 5
    assert read_export(tmp_path / "export").members[STATIC].count == 6


def test_lists_of_another_organisation_are_not_taken_over(sandbox: Running, tmp_path: Path) -> None:
    extracted(sandbox, tmp_path / "export")
    sandbox.organisation.id = contact(77)
    assert extracted(sandbox, tmp_path / "export").kept == 0


def test_what_a_person_imported_stays_when_the_rest_is_read_again(sandbox: Running, tmp_path: Path) -> None:
    extracted(sandbox, tmp_path / "export")
    writer = ExportWriter.reopen(tmp_path / "export")
    writer.members(LOST, [contact(1), contact(2)], Members(MemberSource.FILE, origin="Lost.csv"))
    writer.exclusions(STATIC, packed([contact(3)]))
    writer.finish()
    sandbox.organisation.rows["msdyncrm_segment"][str(LOST)]["modifiedon"] = "2026-02-03T04:05:06Z"
    assert extracted(sandbox, tmp_path / "export").kept == 6
    members = read_export(tmp_path / "export").members
    assert (members[LOST].count, members[LOST].source) == (2, MemberSource.FILE)
    assert (members[STATIC].count, members[STATIC].excluded) == (5, 1)
    assert check_export(tmp_path / "export") == []


def test_a_row_that_comes_on_two_pages_is_one(
    sandbox: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from migrator.dataverse import outbound as wire

    rows = wire.retrieve_segments

    async def twice(client: Any) -> Any:
        async for row in rows(client):
            yield row
            yield {**row, "modifiedon": "2020-01-01T00:00:00Z", "msdyncrm_segmentname": "older"}

    monkeypatch.setattr(wire, "retrieve_segments", twice)
    for row in sandbox.organisation.rows["msdyncrm_segment"].values():
        row["modifiedon"] = "2025-01-01T00:00:00Z"
    export = read(sandbox, tmp_path)
    assert len(export.segments) == 6
    assert "older" not in {segment.name for segment in export.segments}


def test_half_an_emoji_in_a_name_is_carried(sandbox: Running, tmp_path: Path) -> None:
    sandbox.organisation.rows["msdyncrm_segment"][str(STATIC)]["msdyncrm_segmentname"] = "VIP \ud83d"
    export = read(sandbox, tmp_path)
    assert next(one for one in export.segments if one.id == STATIC).name == "VIP �"
    raw = (tmp_path / "export/segments.jsonl").read_text(encoding="utf-8")
    assert "VIP \\ud83d" in raw  # as it was


def test_pending_operations_are_waited_for(sandbox: Running, tmp_path: Path) -> None:
    organisation = sandbox.organisation
    organisation.moment = 0.6
    body = {
        "msdyncrm_segmentid": str(STATIC),
        "msdyncrm_operation": "addByIds",
        "msdyncrm_memberids": json.dumps([str(contact(9))]),
    }
    with organisation.lock:
        outbound.segment_members_update(organisation, body)
    members = read(sandbox, tmp_path).members[STATIC]
    assert (members.count, members.pending) == (6, None)


def test_operations_that_do_not_end_are_reported(sandbox: Running, tmp_path: Path) -> None:
    sandbox.organisation.pending[str(STATIC)] = 1
    members = read(sandbox, tmp_path, wait=0.3).members[STATIC]
    assert members.count == 5
    assert members.pending is not None


def test_a_state_that_cannot_be_read_is_noted(
    sandbox: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(outbound.ACTIONS, "msdyncrm_SegmentMembersUpdate", lambda *_: {"State": "purple"})
    members = read(sandbox, tmp_path).members[STATIC]
    assert (members.count, members.pending) == (5, None)
    assert "purple" in members.reason


def test_a_filter_reads_the_members_of_some_and_the_rows_of_all(sandbox: Running, tmp_path: Path) -> None:
    export = read(sandbox, tmp_path, selection=Selection(types=(int(LegacyType.STATIC),), names=("Five*",)))
    assert len(export.segments) == 6
    assert export.members[STATIC].count == 5
    assert export.members[DYNAMIC] == Members(MemberSource.NOT_READ, reason="left out by a filter")


def test_raw_rows_are_kept(sandbox: Running, tmp_path: Path) -> None:
    extracted(sandbox, tmp_path / "export")
    rows = [json.loads(line) for line in (tmp_path / "export/segments.jsonl").read_text().splitlines()]
    one = next(row for row in rows if row["msdyncrm_segmentid"] == str(STATIC))
    assert one["_createdby_value@OData.Community.Display.V1.FormattedValue"] == "Renée"
    assert one["msdyncrm_segmentqueryname"] == f"SEGMENT_CRM_ID_{STATIC.hex}"


def test_metadata_holds_the_tables_that_the_queries_touch(sandbox: Running, tmp_path: Path) -> None:
    row = sandbox.organisation.rows["msdyncrm_segment"][str(DYNAMIC)]
    row["msdyncrm_segmentquery"] = "PROFILE(account, a).TRAVERSE(contact_account_parentcustomerid, c)"
    schema = schema_from_json(read(sandbox, tmp_path).tables)
    assert set(schema.tables) == {"account", "contact", "msdynmkt_segmentdefinition"}
    assert schema.tables["contact"].columns["age"].source == 1
    assert dict(schema.tables["account"].columns) == {
        name: replace(column, source=column.source or 0, type_name=f"{column.type}Type")
        for name, column in SCHEMA.tables["account"].columns.items()
    }
    assert schema.many_to_one == SCHEMA.many_to_one


def test_metadata_tells_how_long_a_real_time_query_may_be(
    sandbox: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LENGTHS, ("msdynmkt_segmentdefinition", "msdynmkt_segmentquery"), 12_345)
    columns = schema_from_json(read(sandbox, tmp_path).tables).tables["msdynmkt_segmentdefinition"].columns
    assert columns["msdynmkt_segmentquery"].max_length == 12_345
    assert "msdynmkt_timezonecode" in columns


def test_metadata_holds_the_tables_of_interactions_and_of_lists(sandbox: Running, tmp_path: Path) -> None:
    row = sandbox.organisation.rows["msdyncrm_segment"][str(DYNAMIC)]
    # A query may begin between two tables; the one at the other side is needed too.
    row["msdyncrm_segmentquery"] = (
        "PROFILE(listmember, m).TRAVERSE(listmember_contact_contactid, c) EXCEPT INTERACTION(EmailOpened, contactId)"
    )
    schema = schema_from_json(read(sandbox, tmp_path).tables)
    assert {"list", "listmember", "msdynmkt_emailopened"} <= set(schema.tables)
    assert schema.many_to_many == SCHEMA.many_to_many


def test_metadata_tells_multi_select_choices_from_virtual_columns(sandbox: Running, tmp_path: Path) -> None:
    contact = sandbox.organisation.schema.tables["contact"]
    columns = {**contact.columns, "hobbies": Column("Virtual", type_name="MultiSelectPicklistType")}
    sandbox.organisation.schema = replace(
        sandbox.organisation.schema,
        tables={**sandbox.organisation.schema.tables, "contact": replace(contact, columns=columns)},
    )
    found = schema_from_json(read(sandbox, tmp_path).tables).tables["contact"].columns
    assert found["hobbies"].multi_select
    assert not found["picture"].multi_select


# --- ids in a row ------------------------------------------------------------------------------------------------

ID = "1405f4ba-1ee9-e811-a99d-000d3a35f12f"


@pytest.mark.parametrize(
    ("text", "count", "unreadable", "duplicates"),
    [
        (f'["crm{ID}"]', 1, 0, 0),
        (f'["{ID.upper()}", "{{{ID}}}", "{ID.replace("-", "")}", "CRM{ID}"]', 1, 0, 3),
        (f'["{ID}", "nobody", 5, null]', 1, 3, 0),
        ("[]", 0, 0, 0),
    ],
)
def test_ids_are_read_in_every_spelling(text: str, count: int, unreadable: int, duplicates: int) -> None:
    ids, members = ids_in_row({"msdyncrm_segmentmemberids": text})
    assert ids is not None
    assert (len(ids), members.unreadable, members.duplicates) == (count, unreadable, duplicates)


@pytest.mark.parametrize("text", [None, "", "{", '{"a": 1}', '"text"', '["nobody"]', "[5]"])
def test_a_list_that_cannot_be_read_is_unknown_and_not_empty(text: str | None) -> None:
    ids, members = ids_in_row({"msdyncrm_segmentmemberids": text})
    assert ids is None
    assert members.source is MemberSource.NONE
