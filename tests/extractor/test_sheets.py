"""Member files as people have them, and what is said about those that cannot be read."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from openpyxl import Workbook

from migrator.base.errors import UsageError
from migrator.base.ids import unpacked
from migrator.extractor import sheets, sources
from migrator.extractor.imports import read_file
from migrator.extractor.sheets import Kind

A, B = UUID("1405f4ba-1ee9-e811-a99d-000d3a35f12f"), UUID("ab2a7cbe-a479-4231-8cd2-baa21a292331")


def read(path: Path, column: str = "") -> Any:
    (source,) = sources.sources([path])[0]
    return read_file(source, column)


def ids(path: Path, column: str = "") -> list[UUID]:
    return list(unpacked(read(path, column).ids))


def written(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


PRODUCT = (
    f"Customer ID,First Name,Last Name,Email address,Phone number\n{A},Ana,Å,a@x.example,1\n{B},Bo,B,b@x.example,2\n"
)


@pytest.mark.parametrize(
    "content",
    [
        PRODUCT.encode(),
        PRODUCT.encode("utf-8-sig"),
        PRODUCT.encode("utf-16"),
        PRODUCT.encode("utf-16-le"),
        PRODUCT.encode("utf-16-be"),
        PRODUCT.encode("cp1252"),
        PRODUCT.replace(",", ";").encode(),
        PRODUCT.replace(",", "\t").encode("utf-16"),
        PRODUCT.replace(",", "|").encode(),
        ("sep=;\r\n" + PRODUCT.replace(",", ";").replace("\n", "\r\n")).encode("cp1252"),
        PRODUCT.replace("\n", "\r\n").encode(),
        ("\n\n" + PRODUCT + "\n,,,,\n").encode(),
        PRODUCT.replace(str(A), '"' + str(A).upper() + '"').encode(),
        PRODUCT.replace(str(A), "{" + A.hex + "}").replace(str(B), f"crm{B}").encode(),
        f"{A}\n{B}\n".encode(),
        f"contactid\n{A}\n{B}".encode(),
        f"Name,(Do Not Modify) Contact\nAna,{A}\nBo,{B}\n".encode(),
    ],
)
def test_ids_are_found_however_excel_wrote_them(tmp_path: Path, content: bytes) -> None:
    if content[:4] == PRODUCT.encode("utf-16-be")[:4]:
        content = b"\xfe\xff" + content
    assert ids(written(tmp_path, "members.csv", content)) == [A, B]


def test_a_column_of_another_language_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, "m.csv", f"Kundennummer;Größe\n{A};1\n{B};2\n".encode("cp1252"))
    with pytest.raises(UsageError, match=r"Kundennummer.*--column"):
        ids(path)
    assert ids(path, "kundennummer") == [A, B]
    with pytest.raises(UsageError, match="no column “Nummer”"):
        ids(path, "Nummer")


def test_addresses_are_read_where_there_are_no_ids(tmp_path: Path) -> None:
    found = read(written(tmp_path, "m.csv", "Name,E-mail\nAna,a@x.example\nBo,B@x.example\nBo,b@X.example\nC,none\n"))
    assert (found.kind, found.addresses, found.duplicates, found.unreadable) == (
        Kind.ADDRESS,
        ("a@x.example", "B@x.example"),
        1,
        1,
    )


def test_ids_count_more_than_addresses(tmp_path: Path) -> None:
    assert read(written(tmp_path, "m.csv", PRODUCT)).kind is Kind.ID
    assert read(written(tmp_path, "m.csv", PRODUCT), "Email address").kind is Kind.ADDRESS


def test_what_is_no_id_is_counted_and_what_comes_twice_is_taken_once(tmp_path: Path) -> None:
    found = read(written(tmp_path, "m.csv", f"contactid\n{A}\nnobody\n{A}\n{B}\n"))
    assert (list(unpacked(found.ids)), found.unreadable, found.duplicates) == ([A, B], 1, 1)


def test_two_columns_of_ids_are_a_question(tmp_path: Path) -> None:
    path = written(tmp_path, "m.csv", f"contactid,id\n{A},{B}\n")
    with pytest.raises(UsageError, match="several columns of ids"):
        ids(path)
    assert ids(path, "id") == [B]


# --- Excel -----------------------------------------------------------------------------------------------------------


def workbook(folder: Path, rows: list[list[Any]], change: Any = None, name: str = "m.xlsx") -> Path:
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    if change:
        change(book)
    book.save(folder / name)
    return folder / name


ROWS: list[list[Any]] = [["Customer ID", "First Name"], [str(A), "Ana"], [str(B), 5], [None, None]]


def test_a_workbook_is_read(tmp_path: Path) -> None:
    assert ids(workbook(tmp_path, ROWS)) == [A, B]


def test_an_empty_second_sheet_does_not_matter_but_a_filled_one_is_a_question(tmp_path: Path) -> None:
    assert ids(workbook(tmp_path, ROWS, lambda book: book.create_sheet("Empty"))) == [A, B]
    with pytest.raises(UsageError, match="several sheets: “Sheet”, “More”"):
        ids(workbook(tmp_path, ROWS, lambda book: book.create_sheet("More").append(["x"])))


def test_formulas_are_refused(tmp_path: Path) -> None:
    for rows in (
        [["Customer ID"], ["=B2"], ["=B3"]],
        [["Customer ID"], *[[str(A)]] * 50, ["=B3"]],
    ):
        with pytest.raises(UsageError, match=r"holds formulas.*paste it as values"):
            ids(workbook(tmp_path, rows), "Customer ID")


def test_merged_cells_are_refused_unless_they_are_the_header(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="merged cells \\(A2:A3\\)"):
        ids(workbook(tmp_path, ROWS, lambda book: book.active.merge_cells("A2:A3")))
    assert ids(workbook(tmp_path, [["Customer ID", ""], *ROWS[1:]], lambda book: book.active.merge_cells("A1:B1"))) == [
        A,
        B,
    ]


# --- bad files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("m.csv", b"", "is empty"),
        ("m.csv", b"\n\n\n", "holds no rows"),
        ("m.csv", b"\0\1\2\3" * 100, "no text and no Excel file"),
        ("m.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "no text and no Excel file"),
        ("m.csv", "Name,City\nAna,Oslo\n", "no column that is known to hold ids or e-mail addresses"),
        ("m.csv", "contactid\nnobody\nnothing\n", "no column that is known"),
        ("m.xlsx", bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 100, "protected by a password"),
        ("m.xls", bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 100, "take the password away"),
        ("m.xlsx", b"PK\x03\x04 and then nothing", "no whole Excel file"),
        ("m.csv", b"contactid\n" + b'"' + b"x" * 200_000, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_explained(tmp_path: Path, name: str, content: bytes | str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read(written(tmp_path, name, content))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no file .*nowhere\.csv"):
        sources.sources([tmp_path / "nowhere.csv"])


def test_a_truncated_workbook_is_explained(tmp_path: Path) -> None:
    whole = workbook(tmp_path, ROWS).read_bytes()
    with pytest.raises(UsageError, match="no whole Excel file"):
        read(written(tmp_path, "half.xlsx", whole[: len(whole) // 2]))


def test_a_workbook_whose_sheet_breaks_off_is_explained(tmp_path: Path) -> None:
    with zipfile.ZipFile(workbook(tmp_path, ROWS)) as book, zipfile.ZipFile(tmp_path / "broken.xlsx", "w") as broken:
        for entry in book.namelist():
            content = book.read(entry)
            broken.writestr(entry, content[: len(content) // 2] if "sheet1" in entry else content)
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path / "broken.xlsx")


def test_a_file_of_500_megabytes_that_holds_nothing_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(500 * 2**20)
    with pytest.raises(UsageError, match="no text and no Excel file"):
        read(path)


def test_a_file_that_is_too_large_says_how_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "LARGEST_FILE", 2**20)
    with pytest.raises(UsageError, match="has 3 MB; at most 1 MB"):
        read(written(tmp_path, "m.csv", b"x" * (3 * 2**20)))


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path, [["Customer ID"], *[[str(A)]] * 20_000])
    monkeypatch.setattr(sheets, "LARGEST_FILE", 2**20)
    assert path.stat().st_size < 2**20
    with pytest.raises(UsageError, match="unpacks to"):
        read(path)


# --- zips ------------------------------------------------------------------------------------------------------------


def zipped(folder: Path, **entries: bytes) -> Path:
    with zipfile.ZipFile(folder / "all.zip", "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in entries.items():
            package.writestr(name, content)
    return folder / "all.zip"


def test_files_in_a_zip_are_read_and_others_left_out(tmp_path: Path) -> None:
    xlsx = workbook(tmp_path, ROWS).read_bytes()
    found, mapping = sources.sources(
        [zipped(tmp_path, **{"a/one.csv": PRODUCT.encode(), "two.xlsx": xlsx, "readme.pdf": b"x"})]
    )
    assert [source.name for source in found] == ["a/one.csv", "two.xlsx"]
    assert [list(unpacked(read_file(source, "").ids)) for source in found] == [[A, B], [A, B]]
    assert mapping == {}


@pytest.mark.parametrize("name", ["../out.csv", "a/../../out.csv", "/etc/passwd", "C:\\out.csv", "..\\out.csv"])
def test_a_zip_whose_names_climb_out_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="leads out of it"):
        sources.sources([zipped(tmp_path, **{name: b"contactid\n"})])


def test_a_zip_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path, **{"m.csv": b"contactid\n" * 300_000})
    monkeypatch.setattr(sources, "LARGEST_FILE", 2**20)
    with pytest.raises(UsageError, match="unpacks to"):
        sources.sources([path])


def test_a_zip_that_lies_about_its_size_is_refused_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path, **{"m.csv": b"contactid\n" * 300_000})
    content = bytearray(path.read_bytes())
    at = content.rfind(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 10)
    path.write_bytes(content)
    monkeypatch.setattr(sources, "LARGEST_FILE", 2**20)
    (found,) = sources.sources([path])[0]
    with pytest.raises(UsageError, match=r"unpacks to|damaged"):
        read_file(found, "")


def test_a_zip_with_a_password_is_explained(tmp_path: Path) -> None:
    path = zipped(tmp_path, **{"m.csv": b"contactid\n"})
    content = bytearray(path.read_bytes())
    content[content.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(UsageError, match="protected by a password"):
        sources.sources([path])


def test_a_damaged_zip_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="damaged"):
        sources.sources([written(tmp_path, "all.zip", b"PK\x03\x04 nothing")])


def test_a_mapping_that_cannot_be_read_is_explained(tmp_path: Path) -> None:
    written(tmp_path, "segments.csv", "a,b\n1,2\n")
    with pytest.raises(UsageError, match="columns file and segment"):
        sources.sources([tmp_path])


def test_memory_does_not_hold_the_text_of_a_large_file(tmp_path: Path) -> None:
    lines = io.StringIO()
    lines.write("contactid\n")
    for number in range(250_000):
        lines.write(f"{UUID(int=number)}\n")
    found = read(written(tmp_path, "m.csv", lines.getvalue()))
    assert len(found.ids) == 250_000
