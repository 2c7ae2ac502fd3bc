"""Files with members wherever they lie: alone, in folders, in zips; and what is said about those that cannot be had."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path
from uuid import UUID

import pytest

from migrator.base.errors import UsageError
from migrator.base.ids import unpacked
from migrator.extractor import sources
from migrator.extractor.imports import read_file
from migrator.extractor.reading.answers import Answers
from tests.extractor.reading.made import xlsx

A, B = UUID("1405f4ba-1ee9-e811-a99d-000d3a35f12f"), UUID("ab2a7cbe-a479-4231-8cd2-baa21a292331")
PRODUCT = f"Customer ID,First Name,Email address\n{A},Ana,a@x.example\n{B},Bo,b@x.example\n"


def written(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no file .*nowhere\.csv"):
        sources.sources([tmp_path / "nowhere.csv"])


# --- zips ------------------------------------------------------------------------------------------------------------


def zipped(folder: Path, **entries: bytes) -> Path:
    with zipfile.ZipFile(folder / "all.zip", "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in entries.items():
            package.writestr(name, content)
    return folder / "all.zip"


def test_files_in_a_zip_are_read_and_none_of_them_vanishes(tmp_path: Path) -> None:
    there = sources.sources(
        [
            zipped(
                tmp_path,
                **{"a/one.csv": PRODUCT.encode(), "two.xlsx": xlsx([["Customer ID"], [A], [B]]), "readme.pdf": b"x"},
            )
        ]
    )
    assert [source.name for source in there.files] == ["a/one.csv", "two.xlsx", "readme.pdf"]
    assert [list(unpacked(read_file(source, Answers()).ids)) for source in there.files[:2]] == [[A, B], [A, B]]
    assert there.mapping == {}


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
    (found,) = sources.sources([path]).files
    with pytest.raises(UsageError, match=r"unpacks to|damaged"):
        read_file(found, Answers())


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
    written(tmp_path, "x.csv", PRODUCT)
    written(tmp_path, "segments.csv", "a,b\n1,2\n")
    with pytest.raises(UsageError, match="columns file and segment"):
        sources.sources([tmp_path])


def assigned(folder: Path, mapping: str | bytes) -> dict[str, str]:
    """File → segment, as a mapping says it."""
    for name in ("x.csv", "y.csv"):
        written(folder, name, PRODUCT)
    written(folder, "segments.csv", mapping)
    return {
        source.name.rpartition("/")[2]: mapped.segment for source, mapped in sources.sources([folder]).mapping.items()
    }


@pytest.mark.parametrize(
    "mapping",
    [
        "file,segment\nx.csv,VIP\ny.csv,Größe\n",
        "file,segment\r\nx.csv,VIP\r\n,,\r\ny.csv,Größe\r\n",
        "File;Segment name;note\nx.csv;VIP;a,b\ny.csv;Größe;\n",
        "segment\tfile\nVIP\tx.csv\nGröße\ty.csv\n",
        "sep=;\nfile;segment\nx.csv;VIP\ny.csv;Größe\n",
        '"sep=|"\nfile|segment\nx.csv|VIP\ny.csv|Größe\n',
        "file;segment\nx.csv;VIP\ny.csv;Größe\n".encode("cp1252"),
        "file;segment\nx.csv;VIP\ny.csv;Größe\n".encode("utf-16"),
        "\ufefffile;segment\nx.csv;VIP\ny.csv;Größe\n".encode("utf-16-be"),
        "\ufefffile;segment\nx.csv;VIP\ny.csv;Größe\n",
    ],
)
def test_a_mapping_is_read_as_people_save_it(tmp_path: Path, mapping: str | bytes) -> None:
    assert assigned(tmp_path, mapping) == {"x.csv": "VIP", "y.csv": "Größe"}


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ("file,segment,note\nx.csv\n", "a line names no file or no segment: x.csv"),
        ("note,file,segment\n,x.csv\n", "a line names no file or no segment: , x.csv"),
        ("file,segment\nx.csv,VIP\nx.csv,Other\n", "two things about x.csv: “VIP” and “Other”"),
        ("file,segment\nz.csv,VIP\n", "no such file"),
        ("", "its first line is: [)]"),
    ],
)
def test_a_mapping_that_says_too_little_or_too_much_is_refused(tmp_path: Path, mapping: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        assigned(tmp_path, mapping)
