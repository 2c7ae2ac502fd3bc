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
