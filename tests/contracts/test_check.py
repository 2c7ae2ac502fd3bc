"""What is wrong with an export is said of every file in it, and a part that nobody can read is named."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from migrator.contracts.export_check import check_export
from migrator.contracts.export_folder import MANIFEST
from migrator.contracts.twins import TWINS, Twins, twins_to_json
from migrator.contracts.usage import USAGE, Usage, usage_to_json
from tests.small import STATIC, contact

PARTS = {USAGE: usage_to_json(Usage()), TWINS: twins_to_json(Twins())}


def with_part(folder: Path, name: str, content: object) -> list[str]:
    """What the check says of an export with this file, which its manifest names as it is."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    (folder / name).write_bytes(data)
    manifest = json.loads((folder / MANIFEST).read_bytes())
    manifest["files"][name] = {"sha256": hashlib.sha256(data).hexdigest()}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    return check_export(folder)


@pytest.mark.parametrize("name", PARTS)
def test_a_part_about_what_stands_around_the_segments_is_read_too(small_export: Path, name: str) -> None:
    assert check_export(small_export) == []
    assert with_part(small_export, name, PARTS[name]) == []
    damaged: tuple[object, ...] = (b"{", [], {}, {**PARTS[name], "format": "one"})
    for content in damaged:
        (problem,) = with_part(small_export, name, content)
        assert name in problem
    (problem,) = with_part(small_export, name, {**PARTS[name], "format": 99})
    assert name in problem
    assert "newer" in problem
    (small_export / name).unlink()
    assert check_export(small_export) == [f"{name} is missing."]


def with_members(folder: Path, lines: str) -> list[str]:
    """What the check says of an export whose list of five holds these lines."""
    name = f"members/{STATIC}.csv"
    return with_part(folder, name, lines.encode())


def test_a_list_is_checked_line_by_line_and_counted(small_export: Path) -> None:
    name, good = f"members/{STATIC}.csv", [str(contact(number)) for number in range(5)]

    def found(*lines: str) -> list[str]:
        return with_members(small_export, "".join(f"{line}\n" for line in lines))

    assert found("contactid", *good) == []
    assert found("contactid", *good[:4]) == [f"{MANIFEST} counts 5 ids in {name}; it has 4."]
    assert found("id", *good) == [f"{name} does not begin with the line contactid."]
    assert found("contactid", *good[:4], good[0]) == [f"{name}, line 6, repeats the id {good[0]}."]
    assert found("contactid", *good[:4], "nobody") == [f"{name}, line 6, is no id: 'nobody'."]
    shouted = good[4].upper()
    assert found("contactid", *good[:4], shouted) == [
        f"{name}, line 6: {shouted} is not in the canonical spelling, {good[4]}."
    ]


def test_of_many_wrong_lines_five_are_named_and_the_rest_is_counted(small_export: Path) -> None:
    name = f"members/{STATIC}.csv"
    for number in (5, 6, 8):
        told = with_members(small_export, "contactid\n" + "".join(f"x{at}\n" for at in range(number)))
        assert [line for line in told if "is no id" in line] == [
            f"{name}, line {at + 2}, is no id: 'x{at}'." for at in range(5)
        ]
        more = [line for line in told if "more such lines" in line]
        assert more == ([f"{name} has {number - 5} more such lines."] if number > 5 else [])
        assert (f"{MANIFEST} counts 5 ids in {name}; it has {number}." in told) is (number != 5)
