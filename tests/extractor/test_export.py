"""The export folder: what is written is read back, and what is damaged is never taken for whole."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from migrator.base.errors import UsageError
from migrator.base.ids import unpacked
from migrator.commands.prepare import take_export
from migrator.contracts.export_folder import member_reader, read_export
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.members import Members, MemberSource
from migrator.contracts.run_folder import new_run
from tests.small import LOST, ORGANISATION, ROW_ONLY, STATIC, contact, write_small_export


def test_what_is_written_is_read_back(small_export: Path) -> None:
    export = read_export(small_export)
    assert export.organisation == ORGANISATION
    assert len(export.segments) == 6
    assert export.members[STATIC] == Members(MemberSource.SERVICE, 5)
    assert export.members[ROW_ONLY].source is MemberSource.ROW
    assert (export.members[LOST].count, export.members[LOST].reason) == (None, "nothing was left")
    assert list(unpacked(member_reader(small_export)(STATIC))) == [contact(n) for n in range(5)]


def test_members_are_written_once_and_in_order(tmp_path: Path) -> None:
    writer = ExportWriter(tmp_path / "e", ORGANISATION, "2026-01-01T00:00:00Z")
    ids = [contact(n) for n in (5, 3, 5, 1, 3)]
    members = writer.members(STATIC, ids, Members(MemberSource.SERVICE))
    assert members.count == 3
    assert (tmp_path / "e/members" / f"{STATIC}.csv").read_text() == "contactid\n" + "".join(
        f"{contact(n)}\n" for n in (5, 3, 1)
    )


def test_files_are_for_their_owner_alone(small_export: Path) -> None:
    if os.name != "posix":
        pytest.skip("rights are POSIX")
    for path in [small_export, *small_export.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_copy_in_a_run_is_for_its_owner_alone_whatever_the_source_allows(
    small_export: Path, tmp_path: Path
) -> None:
    if os.name != "posix":
        pytest.skip("rights are POSIX")
    for path in [small_export, *small_export.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    run = new_run(tmp_path / "reports", "", dry_run=True)
    take_export(run, small_export)
    copied = [run.export, *run.export.rglob("*")]
    assert len(copied) == len([small_export, *small_export.rglob("*")])
    for path in copied:
        assert path.stat().st_mode & 0o077 == 0, path


def test_an_export_that_was_not_finished_is_none(tmp_path: Path) -> None:
    folder = write_small_export(tmp_path / "e")
    ExportWriter(folder, ORGANISATION, "2026-01-01T00:00:00Z").segments([])  # begun again, and interrupted
    with pytest.raises(UsageError, match="only half written"):
        read_export(folder)


def test_a_member_list_that_breaks_off_leaves_nothing_behind(tmp_path: Path) -> None:
    writer = ExportWriter(tmp_path / "e", ORGANISATION, "2026-01-01T00:00:00Z")

    def broken() -> Iterator[UUID]:
        yield contact(1)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        writer.members(STATIC, broken(), Members(MemberSource.SERVICE))
    assert not (tmp_path / "e/members").exists()


def _emptied(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def _manifest(folder: Path, change: Callable[[dict[str, object]], object]) -> None:
    content = json.loads((folder / "manifest.json").read_text())
    change(content)
    (folder / "manifest.json").write_text(json.dumps(content))


def _rewrite(folder: Path, name: str, content: str) -> None:
    """Change a file together with its checksum, so that only its content is wrong."""
    (folder / name).write_text(content)

    def change(manifest: dict[str, object]) -> None:
        files = manifest["files"]
        assert isinstance(files, dict)
        files[name] = {"sha256": hashlib.sha256(content.encode()).hexdigest()}

    _manifest(folder, change)


DAMAGE: list[tuple[str, Callable[[Path], object], str]] = [
    ("missing", shutil.rmtree, "There is no export folder"),
    ("no manifest", lambda f: (f / "manifest.json").unlink(), "only half written"),
    ("an empty folder", _emptied, "is no export"),
    ("a broken manifest", lambda f: (f / "manifest.json").write_text("{"), "manifest.json cannot be read"),
    ("a manifest of something else", lambda f: (f / "manifest.json").write_text("[]"), "manifest.json cannot be read"),
    ("a newer format", lambda f: _manifest(f, lambda m: m.update(format=99)), "format 99"),
    ("no organisation", lambda f: _manifest(f, lambda m: m.pop("organisation")), "organisation"),
    ("a missing file", lambda f: (f / "segments.jsonl").unlink(), "segments.jsonl cannot be read"),
    ("a changed file", lambda f: (f / "segments.jsonl").write_text(""), "not what it was"),
    ("a changed member list", lambda f: (f / f"members/{STATIC}.csv").write_text("contactid\n"), "not what it was"),
    (
        "a file outside",
        lambda f: _manifest(f, lambda m: m.update(files={"../secret": {"sha256": ""}})),
        "outside of the folder",
    ),
    ("a row that is no row", lambda f: _rewrite(f, "segments.jsonl", "[1]\n"), "line 1, is no segment row"),
    (
        "a row that comes twice",
        lambda f: _rewrite(f, "segments.jsonl", f'{{"msdyncrm_segmentid": "{STATIC}"}}\n' * 2),
        "line 2, repeats the segment",
    ),
]


@pytest.mark.parametrize(("damage", "words"), [pytest.param(d, w, id=name) for name, d, w in DAMAGE])
def test_damage_is_named(small_export: Path, damage: Callable[[Path], object], words: str) -> None:
    damage(small_export)
    with pytest.raises(UsageError) as error:
        read_export(small_export)
    assert words in str(error.value)


def test_a_row_without_an_id_is_a_segment_that_nobody_knows(small_export: Path) -> None:
    rows = (small_export / "segments.jsonl").read_text()
    _rewrite(
        small_export, "segments.jsonl", rows + '{"msdyncrm_segmentname": "Nobody knows"}\n{"msdyncrm_segmentid": 7}\n'
    )
    found = [segment for segment in read_export(small_export).segments if not segment.has_id]
    assert [segment.name for segment in found] == ["Nobody knows", ""]
    assert len({segment.id for segment in found}) == 2


def test_an_id_that_is_none_stops_the_reading(small_export: Path) -> None:
    (small_export / f"members/{STATIC}.csv").write_text(f"contactid\n{contact(1)}\nnobody\n")
    with pytest.raises(UsageError, match="line 3, is no id"):
        list(unpacked(member_reader(small_export)(STATIC)))
