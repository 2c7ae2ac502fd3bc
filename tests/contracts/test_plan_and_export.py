"""A plan belongs to exactly one export, and an export is taken only if it is what its manifest says."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from migrator.base.errors import Retryable, UsageError
from migrator.base.ids import packed
from migrator.contracts.decisions import DECISIONS, checksum_of_decided
from migrator.contracts.export_folder import member_reader, read_export
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.journal import broken
from migrator.contracts.members import Members, MemberSource
from migrator.contracts.plan import Plan, PlannedSegment, TranslationSettings, check_export_of, write_plan
from migrator.sandbox.server import Running
from migrator.translator.translate import translate
from tests.conftest import Command
from tests.small import DYNAMIC, LOST, STATIC, contact


def change_manifest(export: Path, change: Any) -> None:
    manifest = json.loads((export / "manifest.json").read_text())
    change(manifest)
    (export / "manifest.json").write_text(json.dumps(manifest))


def plan_of(export: Path) -> Plan:
    read = read_export(export)
    return translate(read, TranslationSettings(read.organisation))


# --- what is taken -------------------------------------------------------------------------------------------------


def outside(manifest: Any) -> None:
    manifest["members"][str(STATIC)]["file"] = "../stolen.csv"


def another_file(manifest: Any) -> None:
    manifest["members"][str(STATIC)]["file"] = "tables/contact.csv"


def without_checksum(manifest: Any) -> None:
    del manifest["files"][f"members/{STATIC}.csv"]


def empty_checksum(manifest: Any) -> None:
    manifest["files"][f"members/{STATIC}.csv"] = {}


def other_count(manifest: Any) -> None:
    manifest["members"][str(STATIC)]["count"] = 4


def other_exclusions(manifest: Any) -> None:
    manifest["members"][str(STATIC)] |= {"excluded": 4, "exclusions": f"members/{STATIC}.csv"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (outside, "has no checksum for it"),
        (another_file, "counts 5 ids in tables/contact.csv, which has 12"),
        (without_checksum, "has no checksum for it"),
        (empty_checksum, "has no checksum"),
        (other_count, "counts 4 ids"),
        (other_exclusions, "counts 4 ids"),
    ],
)
def test_a_list_that_is_not_what_the_manifest_says_is_refused(
    command: Command, sandbox: Running, small_export: Path, tmp_path: Path, change: Any, words: str
) -> None:
    (tmp_path / "stolen.csv").write_text("contactid\n" + "".join(f"{contact(n)}\n" for n in range(5)))
    change_manifest(small_export, change)
    with pytest.raises(UsageError, match=words):
        read_export(small_export)
    result = command("run", "--org", sandbox.address, "--from", small_export)
    assert result.code == 2
    assert not sandbox.organisation.rows["msdynmkt_segment"]


def test_a_list_outside_of_the_folder_is_not_read_whatever_vouches_for_it(small_export: Path, tmp_path: Path) -> None:
    (tmp_path / "stolen.csv").write_text(f"contactid\n{contact(1)}\n")

    def vouched(manifest: Any) -> None:
        manifest["members"][str(STATIC)] |= {"file": "../stolen.csv", "count": 1}

    change_manifest(small_export, vouched)
    with pytest.raises(UsageError, match="outside of the folder"):
        member_reader(small_export)(STATIC)


def test_run_takes_no_export_that_check_export_would_refuse(
    command: Command, sandbox: Running, small_export: Path
) -> None:
    writer = ExportWriter.reopen(small_export)
    writer.file(f"members/{STATIC}.csv", f"contactid\n{contact(1)}\n{contact(1)}\n".encode())
    writer.finish()
    change_manifest(small_export, lambda manifest: manifest["members"][str(STATIC)].update(count=2))
    result = command("run", "--org", sandbox.address, "--from", small_export)
    assert result.code == 2
    assert "cannot be relied on" in result.err
    assert f"repeats the id {contact(1)}" in result.err


# --- a plan and its export -----------------------------------------------------------------------------------------


def test_a_plan_of_another_export_is_not_loaded(command: Command, sandbox: Running, tmp_path: Path) -> None:
    command("run", "--org", sandbox.address, "--dry-run")
    (tmp_path / "Five people.csv").write_text("contactid\n" + "".join(f"{contact(n)}\n" for n in range(7)))
    assert command("import-members", "Five people.csv", "--replace", "--org", sandbox.address).code == 0
    result = command("load")
    assert result.code == 2
    assert "Translate again with: migrator translate" in result.err
    assert not sandbox.organisation.rows["msdynmkt_segment"]
    command("translate", "--tolerance", "100")
    assert command("load").code == 3
    assert 7 in {len(ids) for groups in sandbox.organisation.groups.values() for ids in groups.values()}


def test_a_plan_of_the_first_version_knows_its_export_by_the_checksums(small_export: Path) -> None:
    export, plan = read_export(small_export), plan_of(small_export)
    check_export_of(replace(plan, export_fingerprint=export.fingerprint_1), export)
    with pytest.raises(UsageError, match="Translate again"):
        check_export_of(replace(plan, export_fingerprint="0" * 64), export)


def test_what_the_manifest_says_of_members_is_part_of_the_fingerprint(small_export: Path) -> None:
    before = read_export(small_export)

    def exchanged(manifest: Any) -> None:
        one, other = manifest["members"][str(STATIC)], manifest["members"][str(DYNAMIC)]
        other |= {"file": f"members/{STATIC}.csv", "count": 5}
        one |= {"file": f"members/{DYNAMIC}.csv", "count": 4}

    change_manifest(small_export, exchanged)
    after = read_export(small_export)
    assert before.fingerprint_1 == after.fingerprint_1
    assert before.fingerprint != after.fingerprint


def changed(plan: Plan, **group: Any) -> Plan:
    def one(segment: PlannedSegment) -> PlannedSegment:
        if segment.legacy_id != STATIC or segment.payload is None:
            return segment
        groups = tuple(replace(each, **group) for each in segment.groups)
        return replace(segment, payload=replace(segment.payload, groups=groups))

    return replace(plan, segments=tuple(one(segment) for segment in plan.segments))


@pytest.mark.parametrize(
    "group", [{"count": 4}, {"count": 6}, {"first": 1}, {"first": -1}, {"count": -5}, {"excluded": True}]
)
def test_a_plan_whose_groups_do_not_add_up_to_the_list_is_refused(small_export: Path, group: dict[str, Any]) -> None:
    export, plan = read_export(small_export), plan_of(small_export)
    check_export_of(plan, export)
    with pytest.raises(UsageError, match="“Five people” in the plan do not add up"):
        check_export_of(changed(plan, **group), export)


def test_a_plan_that_counts_other_members_than_the_export_is_refused(small_export: Path) -> None:
    export, plan = read_export(small_export), plan_of(small_export)
    segments = tuple(
        replace(one, members=replace(one.members, count=3)) if one.legacy_id == LOST else one for one in plan.segments
    )
    with pytest.raises(UsageError, match="“Lost” in the plan do not add up"):
        check_export_of(replace(plan, segments=segments), export)


def test_exclusions_of_a_query_become_exclude_groups_and_are_checked_too(small_export: Path) -> None:
    writer = ExportWriter.reopen(small_export)
    writer.exclusions(DYNAMIC, packed([contact(3), contact(9)]))
    writer.finish()
    export, plan = read_export(small_export), plan_of(small_export)
    (dynamic,) = [segment for segment in plan.segments if segment.legacy_id == DYNAMIC]
    assert [(group.excluded, group.count) for group in dynamic.groups] == [(True, 2)]
    assert dynamic.payload is not None
    assert '"Exclude"' in dynamic.payload.static_list_members
    check_export_of(plan, export)
    fewer = replace(dynamic, payload=replace(dynamic.payload, groups=()))
    segments = tuple(fewer if one.legacy_id == DYNAMIC else one for one in plan.segments)
    with pytest.raises(UsageError, match="“Oslo” in the plan do not add up"):
        check_export_of(replace(plan, segments=segments), export)


def test_people_who_are_excluded_from_a_query_are_not_in_it_after_loading(
    command: Command, sandbox: Running, small_export: Path, tmp_path: Path
) -> None:
    (tmp_path / "out.csv").write_text(f"contactid\n{contact(0)}\n")
    arguments = ("--export", small_export, "--segment", "Oslo", "--exclude")
    assert command("import-members", "out.csv", *arguments).code == 0
    command("run", "--org", sandbox.address, "--from", small_export)
    (oslo,) = [
        key
        for key, row in sandbox.organisation.rows["msdynmkt_segment"].items()
        if row["msdynmkt_displayname"] == "Oslo"
    ]
    assert [one & 0xFF for one in sandbox.organisation.computed[oslo]] == [9]  # 3 and 6 are inactive


def test_an_export_of_a_million_ids_is_checked_by_its_lines(small_export: Path) -> None:
    writer = ExportWriter.reopen(small_export)
    writer.members(LOST, packed(contact(n) for n in range(120_000)), Members(MemberSource.FILE))
    writer.finish()
    assert read_export(small_export).members[LOST].count == 120_000


def test_an_export_of_the_same_relative_path_elsewhere_is_another_one(
    small_export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("here", "there"):
        shutil.copytree(small_export, tmp_path / place / "export")
    only_rows = {"segments.jsonl", "metadata.json"}
    change_manifest(
        tmp_path / "here" / "export",
        lambda manifest: manifest.update(
            members={}, files={name: entry for name, entry in manifest["files"].items() if name in only_rows}
        ),
    )
    monkeypatch.chdir(tmp_path / "here")
    assert read_export(Path("export")).segments
    monkeypatch.chdir(tmp_path / "there")
    assert len(member_reader(Path("export"))(STATIC)) == 5


def test_the_parts_of_a_list_that_was_split_are_checked_together(small_export: Path) -> None:
    export = read_export(small_export)
    split = replace(export, members={**export.members, STATIC: replace(export.members[STATIC], count=4_500_000)})
    plan = translate(split, TranslationSettings(export.organisation, split=True, tolerance=1e9))
    assert sum(bool(segment.part_of) for segment in plan.segments) == 3
    check_export_of(plan, split)
    fewer = [segment for segment in plan.segments if not segment.name.endswith("part 3 of 3")]
    with pytest.raises(UsageError, match=f"{STATIC}” in the plan do not add up"):
        check_export_of(replace(plan, segments=tuple(fewer)), split)


def test_the_table_of_a_plan_holds_what_a_person_decides_by(small_export: Path, tmp_path: Path) -> None:
    plan = plan_of(small_export)
    write_plan(plan, tmp_path)
    with (tmp_path / "plan.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["Segment"]: row for row in csv.DictReader(file)}
    assert len(rows) == len(plan.segments)
    five, lost = rows["Five people"], rows["Lost"]
    assert (five["Type"], five["Members before"], five["Groups"], five["Publish"]) == ("Static", "5", "1", "yes")
    assert (lost["Members before"], lost["Groups"], lost["Outcome"]) == ("99", "0", "flagged")
    assert five["Legacy id"] == str(STATIC)
    assert all(row["Findings"] for row in rows.values() if row["Outcome"] == "flagged")


def test_another_plan_or_another_decision_is_agreed_to_anew(small_export: Path, tmp_path: Path) -> None:
    empty = checksum_of_decided(tmp_path)
    plan = plan_of(small_export)
    write_plan(plan, tmp_path)
    planned = checksum_of_decided(tmp_path)
    write_plan(plan, tmp_path)
    assert checksum_of_decided(tmp_path) == planned != empty
    write_plan(replace(plan, segments=plan.segments[1:]), tmp_path)
    narrower = checksum_of_decided(tmp_path)
    write_plan(plan, tmp_path)
    (tmp_path / DECISIONS).write_text("{}")
    assert len({empty, planned, narrower, checksum_of_decided(tmp_path)}) == 4


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        ("database or disk is full", Retryable, "The disk is full"),
        ("attempt to write a readonly database", UsageError, "Check the rights of the run folder"),
        ("unable to open database file", UsageError, "Check the rights of the run folder"),
        ("database disk image is malformed", UsageError, "Start a new run"),
    ],
)
def test_what_is_wrong_with_a_journal_is_told_by_its_cause(error: str, kind: type[Exception], words: str) -> None:
    told = broken(Path("journal.db"), sqlite3.DatabaseError(error))
    assert type(told) is kind
    assert words in str(told)
