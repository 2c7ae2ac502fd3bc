"""Files as people have them, made here: each kind from the same rows of cells."""

from __future__ import annotations

import html
import io
import json
import struct
import zipfile
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from migrator.extractor.reading.answers import NOTHING_SAID, Answers
from migrator.extractor.reading.result import Table
from migrator.extractor.reading.table import read_table

Rows = Sequence[Sequence[Any]]
FIXTURES = Path(__file__).parent / "fixtures"


def read(content: bytes | str, answers: Answers = NOTHING_SAID, name: str = "m.csv", **more: Any) -> Table:
    """What reading such a file gives."""
    content = content.encode() if isinstance(content, str) else content
    table = read_table(name, io.BytesIO(content), len(content), answers, **more)
    assert table.accounted, table
    return table


# --- text ------------------------------------------------------------------------------------------------------------


def csv(rows: Rows, delimiter: str = ",", *, end: str = "\r\n", quoted: bool = False) -> str:
    """As Excel writes it: quotes where they are needed, or everywhere."""

    def cell(value: Any) -> str:
        text = "" if value is None else str(value)
        needs = quoted or any(sign in text for sign in (delimiter, '"', "\n", "\r"))
        return '"' + text.replace('"', '""') + '"' if needs else text

    return "".join(delimiter.join(map(cell, row)) + end for row in rows)


# --- Excel -----------------------------------------------------------------------------------------------------------

_TYPES = """<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/></Types>"""
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def letters(at: int) -> str:
    """0 → A."""
    text = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        text = chr(65 + rest) + text
    return text


def sheet_xml(
    rows: Rows,
    *,
    hidden: Collection[int] = (),
    dimension: str = "",
    merged: Sequence[str] = (),
    shared: list[str] | None = None,
    links: dict[str, str] | None = None,
) -> str:
    """A sheet; `hidden` are row numbers, 1 for the first one, `links` cell → key of its relation."""
    lines = []
    for number, row in enumerate(rows, 1):
        cells = []
        for at, value in enumerate(row):
            if value is None:
                continue
            text = html.escape(str(value))
            place = f'r="{letters(at)}{number}"'
            if isinstance(value, str) and value.startswith("="):
                cells.append(f'<c {place} t="str"><f>{text[1:]}</f><v>shown</v></c>')
            elif isinstance(value, int):
                cells.append(f"<c {place}><v>{value}</v></c>")
            elif shared is None:
                cells.append(f'<c {place} t="inlineStr"><is><t>{text}</t></is></c>')
            else:
                shared.append(text)
                cells.append(f'<c {place} t="s"><v>{len(shared) - 1}</v></c>')
        is_hidden = ' hidden="1"' if number in hidden else ""
        lines.append(f'<row r="{number}"{is_hidden}>{"".join(cells)}</row>')
    said = f'<dimension ref="{dimension}"/>' if dimension else ""
    merges = "".join(f'<mergeCell ref="{ref}"/>' for ref in merged)
    linked = "".join(f'<hyperlink ref="{ref}" r:id="{key}"/>' for ref, key in (links or {}).items())
    return (
        f'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        f'xmlns:r="{_RELATIONS}">{said}<sheetData>{"".join(lines)}</sheetData>'
        + (f"<mergeCells>{merges}</mergeCells>" if merges else "")
        + (f"<hyperlinks>{linked}</hyperlinks>" if linked else "")
        + "</worksheet>"
    )


def xlsx(
    rows: Rows,
    *,
    more: dict[str, Rows] | None = None,
    states: dict[str, str] | None = None,
    shared: bool = True,
    links: dict[str, str] | None = None,
    parts: dict[str, str] | None = None,
    **sheet: Any,
) -> bytes:
    """A workbook; `more` are further sheets, `links` cell → address, `parts` take the place of what is in the file."""
    texts: list[str] | None = [] if shared else None
    keys = {ref: f"link{number}" for number, ref in enumerate(links or {})}
    sheets = {"Sheet1": sheet_xml(rows, shared=texts, links=keys, **sheet)}
    sheets |= {name: sheet_xml(others, shared=texts) for name, others in (more or {}).items()}
    entries = {"[Content_Types].xml": _TYPES}
    entries["_rels/.rels"] = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" '
        f'Type="{_RELATIONS}/officeDocument" Target="/xl/workbook.xml"/></Relationships>'
    )
    tabs, relations = [], []
    for number, (name, content) in enumerate(sheets.items(), 1):
        state = (states or {}).get(name, "visible")
        tabs.append(f'<sheet name="{name}" sheetId="{number}" state="{state}" r:id="s{number}"/>')
        relations.append(
            f'<Relationship Id="s{number}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        )
        entries[f"xl/worksheets/sheet{number}.xml"] = content
    if texts is not None:
        relations.append(f'<Relationship Id="t" Type="{_RELATIONS}/sharedStrings" Target="sharedStrings.xml"/>')
        entries["xl/sharedStrings.xml"] = "<sst>" + "".join(f"<si><t>{text}</t></si>" for text in texts) + "</sst>"
    entries["xl/workbook.xml"] = f'<workbook xmlns:r="{_RELATIONS}"><sheets>{"".join(tabs)}</sheets></workbook>'
    entries["xl/_rels/workbook.xml.rels"] = f"<Relationships>{''.join(relations)}</Relationships>"
    if links:
        entries["xl/worksheets/_rels/sheet1.xml.rels"] = (
            "<Relationships>"
            + "".join(
                f'<Relationship Id="{keys[ref]}" Type="{_RELATIONS}/hyperlink" Target="{html.escape(address)}" '
                'TargetMode="External"/>'
                for ref, address in links.items()
            )
            + "</Relationships>"
        )
    return zipped({**entries, **(parts or {})})


def zipped(entries: Mapping[str, str | bytes]) -> bytes:
    """A zip with such entries."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in entries.items():
            package.writestr(name, content)
    return file.getvalue()


def xlsb(rows: Rows) -> bytes:
    """Binary Excel: its records, as their documentation ([MS-XLSB]) gives them."""

    def record(kind: int, content: bytes = b"") -> bytes:
        head = bytes([kind]) if kind < 128 else bytes([kind & 127 | 128, kind >> 7])
        size = len(content)
        sizes = bytearray()
        while True:
            sizes.append(size & 127 | (128 if size > 127 else 0))
            size >>= 7
            if not size:
                return head + bytes(sizes) + content

    def wide(text: str) -> bytes:
        return struct.pack("<I", len(text)) + text.encode("utf-16-le")

    begin_book, end_book, begin_sheets, end_sheets, bundle = 131, 132, 143, 144, 156
    begin_sheet, end_sheet, begin_data, end_data, dimension, row_head, text_cell = 129, 130, 145, 146, 148, 0, 6
    book = b"".join(
        (
            record(begin_book),
            record(begin_sheets),
            record(bundle, struct.pack("<II", 0, 1) + wide("s1") + wide("Tabelle1")),
            record(end_sheets),
            record(end_book),
        )
    )
    width = max(len(row) for row in rows)
    sheet = record(begin_sheet) + record(dimension, struct.pack("<IIII", 0, len(rows) - 1, 0, width - 1))
    sheet += record(begin_data)
    for number, row in enumerate(rows):
        sheet += record(row_head, struct.pack("<IIHBBB", number, 0, 300, 0, 0, 0) + struct.pack("<I", 0))
        for at, value in enumerate(row):
            if value is not None:
                sheet += record(text_cell, struct.pack("<II", at, 0) + wide(str(value)))
    sheet += record(end_data) + record(end_sheet)
    return zipped(
        {
            "[Content_Types].xml": _TYPES,
            "xl/workbook.bin": book,
            "xl/_rels/workbook.bin.rels": f'<Relationships><Relationship Id="s1" Type="{_RELATIONS}/worksheet" '
            'Target="worksheets/sheet1.bin"/></Relationships>',
            "xl/worksheets/sheet1.bin": sheet,
        }
    )


def ods(rows: Rows) -> bytes:
    """OpenDocument, as other programs than Office write it."""
    lines = []
    for row in rows:
        cells = "".join(
            '<table:table-cell office:value-type="string">'
            f"<text:p>{html.escape(str(value))}</text:p></table:table-cell>"
            if value is not None
            else "<table:table-cell/>"
            for value in row
        )
        lines.append(f"<table:table-row>{cells or '<table:table-cell/>'}</table:table-row>")
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{spaces} office:version="1.2"><office:body>'
        f'<office:spreadsheet><table:table table:name="Tabelle1">{"".join(lines)}</table:table></office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    manifest = (
        '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        '<manifest:file-entry manifest:full-path="/" '
        'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>'
    )
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": content,
            "META-INF/manifest.xml": manifest,
        }
    )


# --- what other programs call Excel ----------------------------------------------------------------------------------


def page(rows: Rows, *, hidden: Collection[int] = ()) -> str:
    """HTML saved as .xls."""
    lines = []
    for number, row in enumerate(rows, 1):
        look = " style='mso-height-source:userset;display:none'" if number in hidden else ""
        cells = "".join(f"<td>{'' if value is None else html.escape(str(value))}</td>" for value in row)
        lines.append(f"<tr{look}>{cells}</tr>")
    return f"<html><head><meta charset='utf-8'></head><body><table>{''.join(lines)}</table></body></html>"


def xml_2003(rows: Rows, *, hidden: Collection[int] = ()) -> str:
    """The XML of Excel 2003."""
    lines = []
    for number, row in enumerate(rows, 1):
        look = ' ss:Hidden="1"' if number in hidden else ""
        cells = "".join(
            f'<Cell ss:Index="{at}"><Data ss:Type="String">{html.escape(str(value))}</Data></Cell>'
            for at, value in enumerate(row, 1)
            if value is not None
        )
        lines.append(f"<Row{look}>{cells}</Row>")
    return (
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="Sheet1"><Table>'
        f"{''.join(lines)}</Table></Worksheet></Workbook>"
    )


def json_rows(rows: Rows) -> str:
    """The first row names the fields of the others."""
    header, *others = rows
    return json.dumps([dict(zip(header, row, strict=True)) for row in others])


KINDS: dict[str, Callable[[Rows], bytes | str]] = {
    "comma": csv,
    "semicolon": lambda rows: csv(rows, ";").encode("utf-8-sig"),
    "tab, UTF-16": lambda rows: csv(rows, "\t").encode("utf-16"),
    "UTF-16 little without mark": lambda rows: csv(rows, ";").encode("utf-16-le"),
    "UTF-16 big without mark": lambda rows: csv(rows, ";").encode("utf-16-be"),
    "pipe, quoted": lambda rows: csv(rows, "|", quoted=True, end="\n"),
    "sep=": lambda rows: "sep=;\r\n" + csv(rows, ";"),
    "xlsx": xlsx,
    "xlsx, texts in the cells": lambda rows: xlsx(rows, shared=False),
    "xlsx, wrong dimension": lambda rows: xlsx(rows, dimension="A1"),
    "html": page,
    "xml 2003": xml_2003,
}
"""Kinds that keep the rows as they are, and in which hidden rows can be seen."""
OLD_KINDS: dict[str, Callable[[Rows], bytes | str]] = {"xlsb": xlsb, "ods": ods}
"""Kinds that a process of its own reads, which takes a moment."""
