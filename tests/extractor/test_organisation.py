"""From an organisation to an export: every source of members, and honesty about which one it was."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from migrator.base.ids import unpacked
from migrator.base.progress import Silent
from migrator.contracts.export_folder import Export, Members, MemberSource, member_reader, read_export
from migrator.contracts.selection import Selection
from migrator.dataverse.connect import connect
from migrator.dataverse.errors import UnexpectedAnswer
from migrator.extractor.organisation import Extracted, extract, ids_in_row
from migrator.mql.schema import schema_from_json
from migrator.product.codes import LegacyType
from migrator.sandbox import outbound
from migrator.sandbox.organisation import Organisation
from migrator.sandbox.refusal import bad_request
from migrator.sandbox.server import Running
from tests.small import COMPOUND, DYNAMIC, INACTIVE, LOST, ROW_ONLY, SCHEMA, STATIC, contact


def extracted(server: Running, folder: Path, wait: float = 5.0, selection: Selection | None = None) -> Extracted:
    async def work() -> Extracted:
        async with await connect(server.address) as client:
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


def test_an_answer_of_another_shape_ends_the_extraction(
    sandbox: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(outbound.ACTIONS, "msdyncrm_FetchContactsByQuery", lambda *_: {"Answer": 42})
    with pytest.raises(UnexpectedAnswer, match='"Answer": 42'):
        extracted(sandbox, tmp_path / "export")
    assert not (tmp_path / "export/manifest.json").exists()


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
    assert set(schema.tables) == {"account", "contact"}
    assert schema.tables["contact"].columns["age"].source == 1
    assert dict(schema.tables["account"].columns) == {
        name: column if column.source is not None else type(column)(column.type, 0, column.targets)
        for name, column in SCHEMA.tables["account"].columns.items()
    }
    assert schema.many_to_one == SCHEMA.many_to_one


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
