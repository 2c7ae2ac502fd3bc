"""Makes rescued.zip: files as somebody exported them before outbound marketing was removed, for segments of the sample.

    python sample_exports/make_rescued.py

The same bytes every time. docs/after-the-removal.md walks through it.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl

HERE = Path(__file__).parent
SAMPLE = HERE / "contoso"
MOMENT = (2026, 6, 12, 9, 30, 0)


def members(segment: str) -> list[str]:
    """The ids of a segment of the sample."""
    lines = (SAMPLE / "members" / f"{segment}.csv").read_text(encoding="utf-8").split()
    return lines[1:]


def people() -> dict[str, dict[str, str]]:
    """Contacts by id."""
    with (SAMPLE / "tables" / "contact.csv").open(encoding="utf-8", newline="") as file:
        return {row["contactid"]: row for row in csv.DictReader(file)}


def german(rows: list[list[str]]) -> bytes:
    """A table as German Excel saves it."""
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("cp1252", "replace")


def workbook(rows: list[list[str]]) -> bytes:
    """A table as the product's *Export to Excel* gives it."""
    book = openpyxl.Workbook()
    book.properties.created = book.properties.modified = datetime(*MOMENT)  # noqa: DTZ001 - Excel knows no zones
    book.remove(book.worksheets[0])
    sheet = book.create_sheet("Contacts")
    for row in rows:
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    # The library writes the time of now into the package, twice.
    same = io.BytesIO()
    with zipfile.ZipFile(content) as found, zipfile.ZipFile(same, "w", zipfile.ZIP_DEFLATED) as written:
        for name in sorted(found.namelist()):
            text = found.read(name)
            if name == "docProps/core.xml":
                text = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2026-06-12T09:30:00Z", text)
            entry = zipfile.ZipInfo(name, MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            written.writestr(entry, text)
    return same.getvalue()


def main() -> None:
    """Write the zip."""
    known = people()
    named = [["Kundennummer", "Name"]] + [[one, known[one]["fullname"]] for one in members(_NORTHERN)]
    contacts = [["(Do Not Modify) Contact", "Full Name"]] + [
        ["{" + one.upper() + "}", known[one]["fullname"]] for one in members(_SPRING)
    ]
    addresses = [["E-Mail"]] + [
        [known[one]["emailaddress1"]] for one in members(_AUTUMN) if known[one]["emailaddress1"]
    ]
    damaged = [["Customer ID"], *[[one] for one in members(_SHOP)], ["n/a"], ["#NV"]]
    files = {
        "Export/Northern branch.csv": german(named),
        "Export/Spring campaign 12-06-2026 09-30-00.xlsx": workbook(contacts),
        "Export/list_0042.csv": german([*addresses, ["nobody@nowhere.example"]]),
        "Export/Customers of the old shop (1).csv": german(damaged),
        "Export/segments.csv": german([["file", "segment"], ["list_0042.csv", "Autumn campaign"]]),
        "__MACOSX/Export/._Northern branch.csv": b"\0\5\x16\7",
    }
    with zipfile.ZipFile(HERE / "rescued.zip", "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(entry, content)


_NORTHERN = "0a814221-7d67-4ce4-9459-c422b0406095"
_SPRING = "adbd8ea2-781a-4cae-9675-ce020e70e062"
_AUTUMN = "af6ab72e-0835-4116-840b-6f5c0a707c66"
_SHOP = "2625c7cf-dc34-4a6c-81a4-07a4462778a5"

if __name__ == "__main__":
    main()
