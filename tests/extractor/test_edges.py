"""Files and their segments at the edges: how many a zip may hold, what a message shows, which name is meant."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from uuid import UUID

import pytest

from migrator.base.errors import UsageError
from migrator.contracts.legacy_segment import LegacySegment, segment_of
from migrator.extractor import sources
from migrator.extractor.matching import match, segment_called, stem
from migrator.extractor.reading import table
from migrator.extractor.reading.answers import Answers
from migrator.extractor.reading.result import Kind
from migrator.product.codes import LegacyStatus, LegacyType
from tests.extractor.reading.made import csv, read, xlsx
from tests.small import row

A = "1405f4ba-1ee9-e811-a99d-000d3a35f12f"


def called(*names: str) -> list[LegacySegment]:
    return [
        segment_of(row(UUID(int=number), name, LegacyType.STATIC, LegacyStatus.LIVE))
        for number, name in enumerate(names, 1)
    ]


def why(file: str, *names: str) -> str:
    """The segment of a file, or why there is none."""
    (found,) = match([sources.Source(file, Path(file), 1)], called(*names), {})
    return found.segment.name if found.segment else found.why


@pytest.mark.parametrize(
    ("file", "names", "expected"),
    [
        ("VIP.csv", ("VIP", "News"), "VIP"),
        ("vip.csv.CSV", ("VIP", "News"), "VIP"),
        ("a/VIP 2021-03-04.xlsx", ("VIP",), "VIP"),
        ("Members of VIP.csv", ("VIP",), "VIP"),
        ("VIP members.csv", ("VIP",), "VIP"),
        ("2021-03-04 VIP export.csv", ("VIP",), "VIP"),
        ("VIP (1).csv", ("VIP",), "VIP"),
        ("VIP - Copy.csv", ("VIP",), "VIP"),
        ("VIP-customers.csv", ("VIP customers",), "VIP customers"),
        ("Members of VIP export.csv", ("VIP export",), "VIP export"),
        ("Members of VIP export.csv", ("VIP",), "VIP"),
        ("Newsletter (1).csv", ("Newsletter (1)",), "Newsletter (1)"),
        ("Kids_12.csv", ("Kids > 12", "News"), "Kids > 12"),
        ("x.csv", ("VIP",), "no segment is called like this; say which in segments.csv, or with --segment"),
        ("Newsletter (1).csv", ("Newsletter (1)", "Newsletter"),
            "it may belong to “Newsletter” and “Newsletter (1)”; say which in segments.csv, or with --segment"),
        ("VIP-customers (1).csv", ("VIP-customers (1)", "VIP customers"),
            "it may belong to “VIP customers” and “VIP-customers (1)”; say which in segments.csv, or with --segment"),
        (f"{UUID(int=1)} {UUID(int=2)}.csv", ("VIP", "News"),
            "its name holds the ids of 2 segments; say which in segments.csv"),
    ],
)  # fmt: skip
def test_a_file_belongs_to_the_segment_that_its_name_says(file: str, names: tuple[str, ...], expected: str) -> None:
    assert why(file, *names) == expected


def test_of_segments_with_one_name_four_are_named_with_their_ids() -> None:
    said = why("VIP.csv", *["VIP"] * 5)
    assert said.startswith(f"5 segments are called like this (“VIP” ({UUID(int=1)}), ")
    assert [f"({UUID(int=number)})" in said for number in range(1, 6)] == [True, True, True, True, False]
    assert segment_called("vip", called("VIP", "VIP"))[1] == "2 segments are called like this"
    assert segment_called("x", called("VIP"))[1] == "the export has no such segment"
    assert stem(".csv") == ".csv"


def test_a_zip_holds_so_many_files_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as package:
        for number in range(3):
            package.writestr(f"{number}.csv", "12345")
    monkeypatch.setattr(sources, "_MOST_FILES", 3)
    monkeypatch.setattr(sources, "LARGEST_FILE", 15)
    assert len(sources.sources([tmp_path / "all.zip"]).files) == 3
    monkeypatch.setattr(sources, "LARGEST_FILE", 14)
    with pytest.raises(UsageError, match="unpacks to"):
        sources.sources([tmp_path / "all.zip"])
    monkeypatch.setattr(sources, "_MOST_FILES", 2)
    with pytest.raises(UsageError, match="more than 2 files"):
        sources.sources([tmp_path / "all.zip"])
    for number in range(2):
        (tmp_path / "folder").mkdir(exist_ok=True)
        (tmp_path / "folder" / f"{number}.csv").write_text("x")
    assert len(sources.sources([tmp_path / "folder"]).files) == 2
    (tmp_path / "folder" / "3.csv").write_text("x")
    with pytest.raises(UsageError, match="more than 2 files"):
        sources.sources([tmp_path / "folder"])


def test_a_file_of_a_zip_is_read_up_to_the_largest_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as package:
        package.writestr("m.csv", "12345")
    (found,) = sources.sources([tmp_path / "all.zip"]).files
    monkeypatch.setattr(sources, "LARGEST_FILE", 5)
    with found.opened() as file:
        assert file.read() == b"12345"
    monkeypatch.setattr(sources, "LARGEST_FILE", 4)
    with pytest.raises(UsageError, match="unpacks to"), found.opened():
        pass


def test_rows_that_nobody_can_read_are_listed_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [["Id", "Name"], [A, "Ana"], ["n/a", "Bo"], ["n/a", "Cy"]]
    monkeypatch.setattr(table, "MOST_UNREADABLE", 2)
    assert len(read(csv(rows)).unreadable) == 2
    monkeypatch.setattr(table, "MOST_UNREADABLE", 1)
    with pytest.raises(UsageError, match=r"more than 1 rows hold neither .* column “Id” \(A\)"):
        read(csv(rows))


def test_the_column_is_told_from_the_first_thousand_lines() -> None:
    def late(row: int) -> bool:
        """Whether ids that begin in this row, beside addresses, are seen at once, as a column of their own."""
        rows = [["E-Mail", "Nr"], *[["p@x.de", A if at >= row else ""] for at in range(2, 1100)]]
        found = read(csv(rows))
        return bool(found.column and found.column.header == "Nr")

    assert late(1000)
    assert not late(1001)


def test_the_header_is_looked_for_in_twenty_filled_rows() -> None:
    def asked(above: int) -> str:
        rows = [*[[f"note {at}", ""] for at in range(above)], ["Name", "Nummer"], ["Ana", A]]
        found = read(csv(rows), Answers("nummer"))
        assert found.column is not None
        return f"{found.header_row} {found.column.header}"

    assert asked(19) == "20 Nummer"
    with pytest.raises(UsageError, match="no column “nummer”"):
        asked(20)


def test_a_hidden_sheet_without_people_is_not_told() -> None:
    content = xlsx([["Id"], [A]], more={"Info": [["made by"]], "Old": [["x"]]}, states={"Old": "hidden"})
    (warning,) = read(content).warnings
    assert "“Info”" in warning
    assert "“Old”" not in warning


def test_a_file_of_nothing_but_headers_has_the_column_that_the_product_calls_so() -> None:
    for header, kind in (("Customer ID", Kind.ID), ("E-Mail Address", Kind.ADDRESS)):
        found = read(csv([["First Name", header]]))
        assert found.column is not None
        assert (found.column.header, found.column.kind, found.rows) == (header, kind, 0)
    assert read(csv([["First Name", "Town"]])).column is None


def test_a_file_without_a_last_row_is_never_told_to_be_full() -> None:
    for content in (json.dumps([str(A)]), f"<table><tr><td>Id</td></tr><tr><td>{A}</td></tr></table>"):
        assert read(content).warnings == ()


def test_a_header_of_the_product_is_the_header_though_other_rows_are_wider() -> None:
    for header, member in (("Customer ID", str(A)), ("E-mail", "a@x.example")):
        found = read(csv([["Report", "of", "today"], [header, "", ""], [member, "", ""]]))
        assert found.column is not None
        assert (found.header_row, found.column.header) == (2, header)
    found = read(csv([["Report", "", ""], ["Nummer", "Name", ""], [A, "Ana", ""]]))
    assert found.header_row == 2  # else it is the widest, and of those the first
