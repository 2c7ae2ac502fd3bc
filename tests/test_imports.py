"""Members from files, lists and rows, into an export: matched, resolved, checked, and never half."""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from migrator.base.errors import UsageError
from migrator.base.ids import unpacked
from migrator.contracts.export_check import check_export
from migrator.contracts.export_folder import member_reader, read_export
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.legacy_segment import segment_of
from migrator.contracts.members import AsOf, Members, MemberSource
from migrator.extractor.matching import match
from migrator.extractor.sources import Source, sources
from migrator.sandbox import outbound
from migrator.sandbox.server import Running
from migrator.translator import members as limits
from tests.conftest import Command
from tests.small import COMPOUND, DYNAMIC, LOST, ORGANISATION, ROW_ONLY, STATIC, contact, write_small_export
from tests.test_interruption import posix_only, start, until


def write(folder: Path, name: str, people: list[Any], header: str = "contactid") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *map(str, people)]) + "\n")
    return path


def known(export: Path, segment: Any) -> Members:
    return read_export(export).members[segment]


def members(export: Path, segment: Any, **which: Any) -> list[int]:
    return [one.int & 0xFF for one in unpacked(member_reader(export)(segment, **which))]


# --- one file --------------------------------------------------------------------------------------------------------


def test_a_file_gives_the_members_that_nothing_else_knows(command: Command, small_export: Path, tmp_path: Path) -> None:
    write(tmp_path, "Lost.csv", [contact(1), contact(2), contact(1), "nobody", contact(99)])
    result = command("import-members", "Lost.csv", "--export", small_export)
    assert result.code == 3, result.err  # one row is unreadable
    assert "Lost.csv → “Lost” (by its name)" in result.out
    found = known(small_export, LOST)
    assert (found.source, found.count, found.unreadable, found.duplicates, found.gone, found.origin, found.checked) == (
        MemberSource.FILE, 2, 1, 1, 1, "Lost.csv", True,
    )  # fmt: skip
    assert members(small_export, LOST) == [1, 2]
    assert str(contact(99)) in (small_export / f"imports/{LOST}-members-gone.csv").read_text()
    assert check_export(small_export) == []
    plan = command("translate", "--from", small_export, "--json", "--tolerance", "100")
    assert plan.code == 3, plan.err
    # The compound, and the list with a row that cannot be read.
    assert json.loads(plan.out)["outcomes"]["flagged"] == 2


def test_addresses_become_every_contact_that_has_them(
    command: Command, small_export: Path, sandbox: Running, tmp_path: Path
) -> None:
    people = sandbox.organisation.rows["contact"]
    people[str(contact(2))]["emailaddress1"] = "P1@mail.example"
    write(tmp_path, "Lost.csv", ["p1@mail.example", "P3@MAIL.example", "o'nobody@mail.example"], "E-mail")
    result = command("import-members", "Lost.csv", "--export", small_export, "--org", sandbox.address)
    assert result.code == 3, result.err
    found = known(small_export, LOST)
    assert (found.count, found.not_found, found.ambiguous, found.inactive) == (3, 1, 1, 1)
    assert members(small_export, LOST) == [1, 2, 3]
    listed = {
        path.name.removeprefix(f"{LOST}-members-"): path.read_text("utf-8-sig").split("\n", 1)[1]
        for path in small_export.glob("imports/*")
    }
    assert listed["not-found.csv"] == "Lost.csv,4,o'nobody@mail.example,no contact has this address\n"
    assert listed["ambiguous.csv"].startswith('Lost.csv,2,p1@mail.example,"2 contacts have this address')
    assert listed["inactive.csv"] == f"Lost.csv,,{contact(3)},the contact is inactive\n"


@pytest.mark.parametrize("lines", [[], [contact(99)]])
def test_a_file_that_leaves_nobody_makes_no_empty_segment(
    command: Command, small_export: Path, sandbox: Running, tmp_path: Path, lines: list[Any]
) -> None:
    """Also where no recorded size says that there were people."""
    rows = [json.loads(line) for line in (small_export / "segments.jsonl").read_text().splitlines()]
    for row in rows:
        row.pop("msdyncrm_segmentsize", None)
    writer = ExportWriter.reopen(small_export)
    writer.segments(rows)
    writer.finish()
    write(tmp_path, "Lost.csv", lines)
    assert command("import-members", "Lost.csv", "--export", small_export, "--org", sandbox.address).code == 3
    result = command("run", "--org", sandbox.address, "--from", small_export, "--name", "Lost")
    assert "1 waiting" in result.out
    assert sandbox.organisation.rows["msdynmkt_segment"] == {}


def test_the_tables_of_an_export_know_addresses_too(command: Command, small_export: Path, tmp_path: Path) -> None:
    write(tmp_path, "Lost.csv", ["p1@mail.example"], "Email address")
    assert command("import-members", "Lost.csv", "--export", small_export).code == 0
    assert members(small_export, LOST) == [1]
    (small_export / "tables/contact.csv").unlink()
    manifest = json.loads((small_export / "manifest.json").read_text())
    del manifest["files"]["tables/contact.csv"]
    (small_export / "manifest.json").write_text(json.dumps(manifest))
    result = command("import-members", "Lost.csv", "--export", small_export)
    assert result.code == 2
    assert "Name the organisation with --org" in result.err


def test_a_better_source_is_kept_unless_it_is_to_be_replaced(
    command: Command, small_export: Path, tmp_path: Path
) -> None:
    write(tmp_path, "x.csv", [contact(7)])
    result = command("import-members", "x.csv", "--export", small_export, "--segment", "Five people")
    assert result.code == 3
    assert "keeps what it has" in result.out
    assert members(small_export, STATIC) == [0, 1, 2, 3, 4]
    result = command("import-members", "x.csv", "--export", small_export, "--segment", str(STATIC), "--replace")
    assert result.code == 0
    assert members(small_export, STATIC) == [7]
    assert check_export(small_export) == []
    assert len(list((small_export / "members").glob(f"{STATIC}*"))) == 1


def test_exclusions_become_an_exclude_group_and_their_people_are_left_out(
    command: Command, small_export: Path, sandbox: Running, tmp_path: Path
) -> None:
    write(tmp_path, "x.csv", [contact(3), contact(4)])
    arguments = ("import-members", "x.csv", "--export", small_export, "--segment", "Five people", "--exclude")
    assert command(*arguments).code == 0
    assert (members(small_export, STATIC), members(small_export, STATIC, excluded=True)) == ([0, 1, 2, 3, 4], [3, 4])
    result = command("run", "--org", sandbox.address, "--from", small_export)
    assert result.code == 3, result.err
    computed = {len(ids) for key, ids in sandbox.organisation.computed.items()}
    assert 3 in computed
    assert "not verified" not in result.out
    assert "different" not in result.out


def test_a_draft_counts_those_whom_its_exclusions_leave(
    command: Command, small_export: Path, sandbox: Running, tmp_path: Path
) -> None:
    write(tmp_path, "x.csv", [contact(3)])
    command("import-members", "x.csv", "--export", small_export, "--segment", "Five people", "--exclude")
    arguments = ("run", "--org", sandbox.address, "--from", small_export, "--name", "Five people", "--drafts-only")
    result = command(*arguments, "--json")
    assert result.code == 0, result.err
    assert json.loads(result.out)["members_after"] == 4


# --- many files ------------------------------------------------------------------------------------------------------


def test_files_of_a_folder_find_their_segments(command: Command, small_export: Path, tmp_path: Path) -> None:
    folder = tmp_path / "exported"
    write(folder, "Segment Lost (1).csv", [contact(1)])
    write(folder, f"x-{ROW_ONLY}.csv", [contact(2)])
    write(folder, "five_people - members 2026-04-01.csv", [contact(3)])
    write(folder, "mystery.csv", [contact(4)])
    write(folder, "other.csv", [contact(5)])
    (folder / "segments.csv").write_text("file,segment\nother.csv,Oslo\nmystery.csv,Nobody knows\n")
    result = command("import-members", folder, "--export", small_export, "--dry-run")
    assert result.code == 3  # as the import itself will end: one file belongs to nobody
    assert "Segment Lost (1).csv → “Lost” (by its name)" in result.out
    assert f"x-{ROW_ONLY}.csv → “In its row” (by the id in its name)" in result.out
    assert "five_people - members 2026-04-01.csv → “Five people” (by its name)" in result.out
    assert "other.csv → “Oslo” (named in segments.csv)" in result.out
    assert "mystery.csv → no segment: segments.csv names Nobody knows, but the export has no such segment" in result.out
    assert "Nothing was imported; this was a dry run." in result.out
    assert known(small_export, LOST).count is None
    result = command("import-members", folder, "--export", small_export, "--replace", "--yes")
    assert result.code == 3  # one file belongs to nobody
    assert [members(small_export, one) for one in (LOST, ROW_ONLY, STATIC, DYNAMIC)] == [[1], [2], [3], [5]]
    assert check_export(small_export) == []


def test_two_files_for_one_segment_are_refused(command: Command, small_export: Path, tmp_path: Path) -> None:
    write(tmp_path / "f", "Lost.csv", [contact(1)])
    write(tmp_path / "f", "Lost (1).csv", [contact(2)])
    result = command("import-members", tmp_path / "f", "--export", small_export)
    assert result.code == 2
    assert "Two files belong to the segment “Lost”" in result.err


def test_names_that_several_segments_share_are_a_question(small_export: Path, tmp_path: Path) -> None:
    export = read_export(small_export)
    write(tmp_path, "Lost.csv", [])
    twice = [*export.segments, *[one for one in export.segments if one.id == LOST]]
    (found,) = match(sources([tmp_path / "Lost.csv"]).files, twice, {})
    assert found.segment is None
    assert "2 segments are called like this" in found.why


def test_nothing_is_half_imported(command: Command, small_export: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in small_export.rglob("*") if path.is_file()}
    write(tmp_path / "f", "Lost.csv", [contact(1)])
    (tmp_path / "f/Oslo.csv").write_bytes(b"%PDF-1.7 nothing to read")
    result = command("import-members", tmp_path / "f", "--export", small_export, "--replace")
    assert result.code == 2
    assert "Nothing was imported" in result.err
    assert known(small_export, LOST).count is None
    for path, content in before.items():
        assert path.read_bytes() == content
    assert check_export(small_export) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Name the files to import"),
        (["Lost.csv", "--from-list", "x"], "Name the files to import"),
        (["Lost.csv", "--segment", "Nobody"], "the export has no such segment"),
        (["Lost.csv", "more.csv", "--segment", "Lost"], "--segment is for one file"),
        (["mystery.csv"], "None of the files belongs to a segment"),
        (["--from-list", "x"], "--segment has to name the segment"),
    ],
)
def test_an_import_that_makes_no_sense_is_explained(
    command: Command, small_export: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    for name in ("Lost.csv", "more.csv", "mystery.csv"):
        write(tmp_path, name, [contact(1)])
    result = command("import-members", *arguments, "--export", small_export)
    assert result.code == 2
    assert words in result.err


def test_an_export_of_another_organisation_is_refused(
    command: Command, small_export: Path, contoso: Running, tmp_path: Path
) -> None:
    write(tmp_path, "Lost.csv", [contact(1)])
    result = command("import-members", "Lost.csv", "--export", small_export, "--org", contoso.address)
    assert result.code == 2
    assert "another organisation" in result.err


def test_a_run_that_was_loaded_takes_no_more_members(command: Command, sandbox: Running, tmp_path: Path) -> None:
    command("run", "--org", sandbox.address, "--dry-run")
    write(tmp_path, "Lost.csv", [contact(1)])
    assert command("import-members", "Lost.csv", "--translate").code == 0
    command("load")
    result = command("import-members", "Lost.csv")
    assert result.code == 2
    assert "has been loaded" in result.err


# --- marketing lists -------------------------------------------------------------------------------------------------


@pytest.fixture
def with_lists(sandbox: Running) -> Running:
    rows = [
        {"listid": str(contact(100)), "listname": "Friends", "type": False, "createdfromcode": 2},
        {"listid": str(contact(101)), "listname": "Query", "type": True, "createdfromcode": 2},
        {"listid": str(contact(102)), "listname": "Firms", "type": False, "createdfromcode": 1},
        {"listid": str(contact(103)), "listname": "Twins", "type": False, "createdfromcode": 2},
        {"listid": str(contact(104)), "listname": "Twins", "type": False, "createdfromcode": 2},
    ]
    sandbox.organisation.fill("list", rows)
    links = [
        {"id": str(contact(200 + n)), "listid": str(contact(100)), "contactid": str(contact(n))} for n in (1, 3, 5)
    ]
    sandbox.organisation.fill("listmember", links)
    return sandbox


def test_a_marketing_list_gives_its_members(command: Command, small_export: Path, with_lists: Running) -> None:
    arguments = ("import-members", "--export", small_export, "--org", with_lists.address, "--segment", "Lost")
    result = command(*arguments, "--from-list", "Friends")
    assert result.code == 0, result.err
    found = known(small_export, LOST)
    assert (found.source, found.count, found.origin, found.inactive) == (MemberSource.LIST, 3, "Friends", 1)
    assert sorted(members(small_export, LOST)) == [1, 3, 5]
    assert command(*arguments, "--from-list", str(contact(100))).code == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Query", "is dynamic"),
        ("Firms", "is not one of contacts"),
        ("Twins", "2 marketing lists are called"),
        ("O'Nobody", "There is no marketing list called “O'Nobody”"),
    ],
)
def test_a_list_that_cannot_be_taken_is_explained(
    command: Command, small_export: Path, with_lists: Running, name: str, words: str
) -> None:
    arguments = ("--export", small_export, "--org", with_lists.address, "--segment", "Lost", "--from-list", name)
    result = command("import-members", *arguments)
    assert result.code == 2
    assert words in result.err


# --- contacts that are gone ------------------------------------------------------------------------------------------


def test_contacts_that_are_gone_are_found_before_loading(command: Command, sandbox: Running, tmp_path: Path) -> None:
    sandbox.organisation.delete("contact", str(contact(2)))
    sandbox.organisation.outbound = False
    result = command("run", "--org", sandbox.address)
    assert result.code == 3
    (run,) = (tmp_path / "reports").iterdir()
    assert (known(run / "export", ROW_ONLY).count, known(run / "export", ROW_ONLY).gone) == (1, 1)
    assert sandbox.organisation.groups == {}  # an old row, of which half is gone: it waits for a person
    assert "no longer exists as contact" in (run / "report.html").read_text()


def test_an_export_from_long_ago_is_checked_before_it_is_planned(
    command: Command, sandbox: Running, small_export: Path, tmp_path: Path
) -> None:
    sandbox.organisation.delete("contact", str(contact(2)))
    command("run", "--org", sandbox.address, "--from", small_export)
    (run,) = (tmp_path / "reports").iterdir()
    assert known(run / "export", ROW_ONLY).gone == 1
    assert known(small_export, ROW_ONLY).gone == 0  # what was given stays as it was


# --- going on --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@posix_only
def test_a_killed_extraction_goes_on_where_it_was(
    command: Command, sandbox: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = outbound.ACTIONS["msdyncrm_FetchContactsByQuery"]
    asked: list[str] = []

    def slow(organisation: Any, body: Any) -> Any:
        asked.append(str(body["Query"]))
        time.sleep(0.15)
        return fetch(organisation, body)

    monkeypatch.setitem(outbound.ACTIONS, "msdyncrm_FetchContactsByQuery", slow)
    process = start("extract", "--org", sandbox.address, "--parallel", "1", "--quiet")
    until(lambda: len(list(tmp_path.glob("reports/*/export/.done/*.json"))) >= 2)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (run,) = (tmp_path / "reports").iterdir()
    assert not (run / "export/manifest.json").exists()
    assert command("check-export", run).code == 2
    before = len(asked)
    assert command("run", "--resume", run.name).code == 0
    again = asked[before:]
    assert len(again) < before + 6
    assert check_export(run / "export") == [] or os.name != "posix"


def test_what_was_read_is_taken_over_only_if_it_is_whole(tmp_path: Path) -> None:
    as_of = AsOf(ORGANISATION.id, "2026-01-01T00:00:00Z", 1)
    first = ExportWriter(tmp_path / "e", ORGANISATION, "2026-01-01T00:00:00Z")
    for segment in (STATIC, DYNAMIC):
        first.read_as_of(segment, as_of)
    first.members(STATIC, [contact(1)], Members(MemberSource.SERVICE), notes=True)
    first.members(DYNAMIC, [contact(2)], Members(MemberSource.SERVICE), notes=True)
    (tmp_path / f"e/members/{DYNAMIC}.csv").write_text("contactid\n")
    second = ExportWriter(tmp_path / "e", ORGANISATION, "2026-01-01T00:00:00Z")
    assert second.goes_on(STATIC, as_of) == Members(MemberSource.SERVICE, 1)
    assert second.goes_on(STATIC, replace(as_of, size=2)) is None
    assert second.goes_on(DYNAMIC, as_of) is None
    assert second.goes_on(COMPOUND, as_of) is None


# --- sizes -----------------------------------------------------------------------------------------------------------


def test_a_segment_that_is_too_large_is_split_loaded_and_verified(
    command: Command, small_export: Path, sandbox: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MEMBERS_MAX", 2)
    monkeypatch.setattr(limits, "GROUPS_PER_DEFINITION", 2)
    monkeypatch.setattr(limits, "MEMBERS_PER_GROUP", 1)
    arguments = ("run", "--org", sandbox.address, "--from", small_export, "--name", "Five people")
    assert "1 waiting" in command(*arguments).out
    result = command(*arguments, "--split", "--json")
    assert result.code == 0, result.err
    summary = json.loads(result.out)
    assert (summary["standings"], summary["members_after"]) == ({"verified": 1, "left out": 5}, 5)
    names = {row["msdynmkt_displayname"] for row in sandbox.organisation.rows["msdynmkt_segment"].values()}
    assert names == {"Five people", *(f"Five people – part {number} of 3" for number in (1, 2, 3))}
    held = [member for found in sandbox.organisation.groups.values() for ids in found.values() for member in ids]
    assert sorted(member & 0xFF for member in held) == [0, 1, 2, 3, 4]
    assert command("rollback", "--yes").code == 0
    assert sandbox.organisation.rows["msdynmkt_segment"] == {}


@posix_only
def test_a_pipe_or_a_device_is_no_file_to_wait_for(command: Command, small_export: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "endless.csv").symlink_to("/dev/zero")
    for name in ("pipe.csv", "endless.csv"):
        result = command("import-members", name, "--export", small_export, "--segment", "Lost")
        assert result.code == 2
        assert f"{name} is a pipe, a device or a dead link. Name a file." in result.err


# --- doubts ----------------------------------------------------------------------------------------------------------


def test_exclusions_are_as_strict_as_members_and_one_answer_settles_them(
    command: Command, small_export: Path, tmp_path: Path
) -> None:
    """3 good addresses, 5 unknown ones, two in one cell, and one that is none: nobody is mailed by mistake."""
    people = [f"p{n}@mail.example" for n in (1, 2, 3)] + [f"x{n}@mail.example" for n in range(5)]
    write(tmp_path, "out.csv", [*people, '"p5@mail.example; p6@mail.example"', "n/a"], "E-mail")
    arguments = ("--export", small_export, "--segment", "Five people", "--exclude")
    result = command("import-members", "out.csv", *arguments)
    assert result.code == 3, result.err
    assert "5 people of out.csv are excluded from it, of whose members these are 3" in result.out
    assert "5 addresses not found" in result.out
    assert (small_export / f"imports/{STATIC}-exclusions-unreadable.csv").read_text("utf-8-sig").count("n/a") == 1
    assert not (small_export / f"imports/{STATIC}-members-not-found.csv").exists()
    plan = command("translate", "--from", small_export, "--json")
    assert json.loads(plan.out)["outcomes"]["flagged"] >= 2
    assert command("import-members", "out.csv", *arguments).code == 3  # it does not take the place of a list in silence
    settled = command("import-members", "--accept", "not-found", "--accept", "unreadable", "--export", small_export)
    assert settled.code == 0, settled.out
    assert "“Five people” (exclusions): accepted: 1 unreadable, 5 addresses not found." in settled.out
    found = known(small_export, STATIC).excluding
    assert found is not None
    assert found.accepted == ("not-found", "unreadable")


def test_a_dry_run_says_what_would_be_listed_and_one_is_one(
    command: Command, small_export: Path, tmp_path: Path
) -> None:
    write(tmp_path, "out.csv", ["p1@mail.example", "x@mail.example"], "E-mail")
    told = command("import-members", "out.csv", "--export", small_export, "--segment", "Lost", "--dry-run")
    assert told.code == 3
    assert "“Lost” would wait for a decision: 1 address not found." in told.out
    assert f"The rows would be listed in {small_export / 'imports'}; mend the file before it is imported" in told.out
    assert "import it with --accept not-found" in told.out
    assert not (small_export / "imports").exists()
    done = command("import-members", "out.csv", "--export", small_export, "--segment", "Lost")
    assert f"Look at the rows in {small_export / 'imports'}" in done.out
    assert list((small_export / "imports").iterdir())


def said_of(command: Command, folder: Path, *arguments: object) -> tuple[int, str]:
    """How a dry run of an import ends and what it says; nothing of the export is another afterwards."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    done = command("import-members", *arguments, "--export", folder, "--dry-run")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    return done.code, done.out


def test_a_dry_run_says_nothing_was_done_that_was_not(command: Command, small_export: Path, tmp_path: Path) -> None:
    write(tmp_path, "Lost.csv", [contact(1), contact(99), "nobody"])
    write(tmp_path, "mystery.csv", [contact(1)])
    code, said = said_of(command, small_export, "Lost.csv", "mystery.csv")
    assert code == 3
    assert "1 of the files would be left out, belonging to no segment." in said
    write(tmp_path, "out.csv", [contact(1), contact(2)])
    code, said = said_of(command, small_export, "out.csv", "--exclude", "--segment", "Five people")
    assert (code, "2 people of out.csv would be excluded from it, of whose members these are 2" in said) == (0, True)
    code, said = said_of(command, small_export, "out.csv", "--segment", "Five people")
    assert (code, "“Five people” would keep what it has" in said) == (3, True)
    (tmp_path / "two.csv").write_text(f"one,two\n{contact(1)},{contact(2)}\n")
    code, said = said_of(command, small_export, "two.csv", "--segment", "Lost")
    assert (code, "“Lost” would keep what it has, and wait" in said) == (3, True)


def test_a_dry_run_of_a_marketing_list_changes_nothing(
    command: Command, small_export: Path, with_lists: Running
) -> None:
    asked = ("--org", with_lists.address, "--from-list", "Friends")
    code, said = said_of(command, small_export, *asked, "--segment", "Lost")
    assert (code, "3 members from Friends, 1 inactive" in said) == (0, True)
    assert "Nothing was imported; this was a dry run." in said
    code, said = said_of(command, small_export, *asked, "--segment", "Five people", "--exclude")
    assert (code, "3 people of Friends would be excluded from it, of whose members these are 2" in said) == (0, True)


def test_a_dry_run_of_accepting_ends_as_accepting_would(command: Command, small_export: Path, tmp_path: Path) -> None:
    write(tmp_path, "Lost.csv", [contact(1), contact(99), "nobody"])
    command("import-members", "Lost.csv", "--export", small_export)
    code, said = said_of(command, small_export, "--accept", "unreadable")
    assert (code, "“Lost” (members): would be accepted: 1 unreadable." in said) == (3, True)
    assert command("import-members", "--accept", "unreadable", "--export", small_export).code == 3


def test_a_plan_is_called_outdated_only_where_the_export_changed(
    command: Command, small_export: Path, tmp_path: Path
) -> None:
    command("translate", "--from", small_export)
    (run,) = (tmp_path / "reports").iterdir()
    write(tmp_path, "Five people.csv", [contact(1)])
    for options in ((), ("--dry-run", "--replace")):  # what is there is kept, and: nothing is imported
        assert (
            "A plan that was made before"
            not in command("import-members", "Five people.csv", "--export", run, *options).out
        )
    assert (
        "A plan that was made before"
        in command("import-members", "Five people.csv", "--export", run, "--replace", "--yes").out
    )


def test_a_list_that_leaves_nobody_does_not_take_the_place_of_people(
    command: Command, small_export: Path, tmp_path: Path
) -> None:
    write(tmp_path, "Five people.csv", [contact(99)])
    result = command("import-members", "Five people.csv", "--export", small_export, "--replace")
    assert result.code == 3
    assert "the new list leaves nobody" in result.out
    assert members(small_export, STATIC) == [0, 1, 2, 3, 4]
    again = command("import-members", "Five people.csv", "--export", small_export, "--replace", "--accept", "nobody")
    assert again.code == 0, again.out
    assert known(small_export, STATIC).count == 0


def test_parts_of_one_segment_are_joined_on_request(command: Command, small_export: Path, tmp_path: Path) -> None:
    write(tmp_path / "f", "Lost (1).csv", [contact(1), contact(2)])
    write(tmp_path / "f", "Lost (2).csv", [contact(2), contact(4)])
    result = command("import-members", tmp_path / "f", "--export", small_export, "--join")
    assert result.code == 0, result.err
    assert members(small_export, LOST) == [1, 2, 4]
    assert (known(small_export, LOST).duplicates, known(small_export, LOST).count) == (1, 3)


def test_a_dry_run_reads_everything_and_ends_as_the_run_would(
    command: Command, small_export: Path, tmp_path: Path
) -> None:
    write(tmp_path, "Lost.csv", [contact(1), contact(99), "nobody"])
    before = (small_export / "manifest.json").read_bytes()
    result = command("import-members", "Lost.csv", "--export", small_export, "--dry-run")
    assert result.code == 3
    assert "1 unreadable, 1 gone" in result.out
    assert (small_export / "manifest.json").read_bytes() == before


def test_members_of_an_old_row_wait_with_their_payload(command: Command, tmp_path: Path) -> None:
    small_export = write_small_export(tmp_path / "old", size_in_row=None)
    asked = command("translate", "--from", small_export, "--json")
    (run,) = (tmp_path / "reports").iterdir()
    plan = json.loads((run / "plan.json").read_text())
    (row,) = [one for one in plan["segments"] if one["legacy_id"] == str(ROW_ONLY)]
    assert row["outcome"] == "flagged"
    assert "members-from-old-row" in {finding["code"] for finding in row["findings"]}
    assert "manualSelect" in json.dumps(row["alternatives"]["translate"])
    accepted = command("translate", "--from", small_export, "--members-from-row", "accept", "--json")
    assert json.loads(accepted.out)["outcomes"]["flagged"] == json.loads(asked.out)["outcomes"]["flagged"] - 1
    command("import-members", "--accept", "row", "--export", small_export)
    assert known(small_export, ROW_ONLY).accepted == ("row",)


@pytest.mark.parametrize(
    ("name", "segments", "wanted"),
    [
        ("Newsletter (1).csv", ("Newsletter",), "Newsletter"),
        ("Newsletter (1).csv", ("Newsletter (1)",), "Newsletter (1)"),
        ("Newsletter (1).csv", ("Newsletter (1)", "Newsletter"), None),
        ("Newsletter (1).csv", ("Newsletter 1",), None),
        ("___.csv", ("★★★",), None),
        ("★★★.csv", ("★★★",), "★★★"),
        ("Kids > 12.csv", ("Kids < 12",), None),
        ("Kids > 12.csv", ("Kids < 12", "Kids > 12"), "Kids > 12"),
        ("Kids _ 12.csv", ("Kids < 12", "Kids > 12"), None),
        ("VIP - Copy.csv", ("VIP",), "VIP"),
        ("VIP_export_20260401.csv.csv", ("VIP",), "VIP"),
        ("VIP 4-3-2026 10-22-11 AM.xlsx", ("VIP",), "VIP"),
        ("VIP 03.04.2026 10-22-11.xlsx", ("VIP",), "VIP"),
        ("VIP segment members.csv", ("VIP",), "VIP"),
        ("Zu\u0308rich.csv", ("Z\u00fcrich",), "Z\u00fcrich"),
        ("Newsletter 2024.csv", ("Newsletter",), None),
    ],
)
def test_which_segment_a_name_means(tmp_path: Path, name: str, segments: tuple[str, ...], wanted: str | None) -> None:
    rows = [
        segment_of({"msdyncrm_segmentid": str(contact(at)), "msdyncrm_segmentname": one})
        for at, one in enumerate(segments)
    ]
    (found,) = match([Source(name, tmp_path, 1)], rows, {})
    assert (found.segment.name if found.segment else None) == wanted, found.why


def test_a_mapping_as_german_excel_writes_it_is_read(tmp_path: Path) -> None:
    write(tmp_path / "Export/alt", "Käufer.csv", [contact(1)])
    (tmp_path / "Export/Segments.CSV").write_bytes("DATEI;SEGMENT\r\nalt\\Käufer.csv;Größe L\r\n".encode("cp1252"))
    found = sources([tmp_path])
    assert [(source.name, mapped.segment) for source, mapped in found.mapping.items()] == [
        ("Export/alt/Käufer.csv", "Größe L")
    ]
    (tmp_path / "Export/Segments.CSV").write_text("file,segment\nmissing.csv,X\n")
    with pytest.raises(UsageError, match=r"names missing\.csv, but there is no such file"):
        sources([tmp_path])
