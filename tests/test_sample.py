"""The sample export: whole, made by its script, small enough, and with every kind of segment in it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from migrator.contracts.export_folder import read_export
from migrator.product.codes import LegacyStatus, LegacyType
from tests.conftest import CONTOSO


def test_the_sample_is_whole_and_small() -> None:
    export = read_export(CONTOSO)
    assert len(export.segments) == 55
    assert sum(path.stat().st_size for path in CONTOSO.rglob("*") if path.is_file()) < 3_500_000


def test_every_type_and_status_occurs() -> None:
    segments = read_export(CONTOSO).segments
    assert {segment.type_code for segment in segments} == {int(kind) for kind in LegacyType}
    assert {int(status) for status in LegacyStatus} < {segment.status_code for segment in segments}
    sizes = [members.count for members in read_export(CONTOSO).members.values() if members.count is not None]
    assert (min(sizes), max(sizes)) == (0, 4_000)


def test_the_seeds_examples_and_the_hostile_names_are_there() -> None:
    export = read_export(CONTOSO)
    names = Counter(segment.name for segment in export.segments)
    assert {"StaticSegmentApi1", "Customers with name and email", "MySegment2", "my_compound_segment1"} <= set(names)
    assert {"<script>alert('segment')</script>", "../../x"} <= set(names)
    assert names["Newsletter subscribers"] == 2
    assert max(map(len, names)) == 100
    assert any(name.startswith("=HYPERLINK") for name in names)
    assert any("\u202e" in name for name in names)


def test_the_tables_hold_nulls_duplicates_and_names_of_the_world() -> None:
    lines = (CONTOSO / "tables/contact.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 5_001
    mails = Counter(line.split(",")[5] for line in lines[1:])
    assert mails[""] > 500
    assert max(count for mail, count in mails.items() if mail) > 1
    assert "Müller" in "".join(lines)
    assert "東京" in "".join(lines)
    for name in ("account", "lead", "msevtmgt_eventregistration"):
        assert (CONTOSO / f"tables/{name}.csv").exists()


@pytest.mark.slow
def test_the_script_makes_the_same_bytes_again(tmp_path: Path) -> None:
    script = CONTOSO.parent / "make_contoso.py"
    code = (
        f"import sys; sys.path.insert(0, {str(script.parent)!r}); import make_contoso as m; from pathlib import Path; "
    )
    code += f"m.HERE = Path({str(tmp_path / 'contoso')!r}); m.main()"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=CONTOSO.parent.parent)
    made = json.loads((tmp_path / "contoso/manifest.json").read_text())
    committed = json.loads((CONTOSO / "manifest.json").read_text())
    made.pop("tool_version")
    committed.pop("tool_version")
    assert made == committed
