"""What is wrong with an export, said at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Command
from tests.small import DYNAMIC, LOST, STATIC, contact


def damage(export: Path, name: str, content: str) -> None:
    (export / name).write_text(content)


def test_a_whole_export_has_no_problems(command: Command, small_export: Path) -> None:
    result = command("check-export", small_export)
    assert (result.code, "is a whole export" in result.out) == (0, True)


def test_everything_that_is_wrong_is_said_at_once(command: Command, small_export: Path) -> None:
    rows = (small_export / "segments.jsonl").read_text().splitlines()
    damage(small_export, "segments.jsonl", "\n".join([*rows, rows[0], "[]", "nothing"]))
    damage(small_export, f"members/{STATIC}.csv", f"id\n{contact(1)}\n{contact(1)}\nnobody\n{contact(200).hex}\n")
    (small_export / f"members/{DYNAMIC}.csv").unlink()
    manifest = json.loads((small_export / "manifest.json").read_text())
    manifest["files"]["../outside.csv"] = {"sha256": "x"}
    manifest["files"][f"members/{contact(7)}.csv"] = {}
    manifest["members"][str(contact(8))] = {"source": "service", "count": 3}
    manifest["members"]["nonsense"] = {"source": "service"}
    manifest["members"][str(LOST)] = {"source": "a rumour"}
    damage(small_export, "manifest.json", json.dumps(manifest))
    result = command("check-export", small_export)
    assert result.code == 2
    for words in (
        "names a file outside of the folder",
        f"members/{DYNAMIC}.csv is missing",
        f"members/{contact(7)}.csv is missing",
        "segments.jsonl is not what it was",
        "line 7, repeats the segment",
        "line 8, is no segment row",
        "line 9, is no segment row",
        "counts 6 segments; segments.jsonl has 9",
        "does not begin with the line contactid",
        f"repeats the id {contact(1)}",
        "is no id: 'nobody'",
        "is not in the canonical spelling",
        f"has members of {contact(8)}, which is no segment",
        "nonsense: no segment id, or a source",
    ):
        assert words in result.out, words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda export: (export / "manifest.json").unlink(), "is only half written"),
        (lambda export: damage(export, "manifest.json", "{"), "cannot be read"),
        (lambda export: damage(export, "manifest.json", "[]"), "cannot be read"),
        (
            lambda export: damage(
                export,
                "manifest.json",
                json.dumps({**json.loads((export / "manifest.json").read_text()), "format": 99}),
            ),
            "The format is 99",
        ),
        (lambda export: damage(export, "metadata.json", '{"tables": 3}'), "metadata.json cannot be read"),
    ],
)
def test_a_damaged_export_is_explained(command: Command, small_export: Path, change: Any, words: str) -> None:
    change(small_export)
    result = command("check-export", small_export)
    assert result.code == 2
    assert words in result.out


def test_a_folder_that_is_none_is_said(command: Command) -> None:
    assert "There is no folder nowhere" in command("check-export", "nowhere").out
    assert "There is no export folder nowhere" in command("redact", "nowhere", "copy").err
