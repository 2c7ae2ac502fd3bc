"""What kind of file it is, told by its content; what cannot be read is refused by its name."""

from __future__ import annotations

import re
import zipfile

from migrator.base.errors import UsageError, why
from migrator.extractor.reading.grid import LARGEST_FILE, Book, Input
from migrator.extractor.reading.jsonrows import json_book
from migrator.extractor.reading.markup import html_book, xml_2003_book
from migrator.extractor.reading.older import older_book
from migrator.extractor.reading.result import Container
from migrator.extractor.reading.text import SAMPLE, encoding_of, text_book
from migrator.extractor.reading.workbook import DAMAGED, workbook

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ZIP = b"PK\x03\x04"
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"BM6", "a picture"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"\x1f\x8b", "packed with gzip"),
    (b"BZh", "packed with bzip2"),
    (b"\xfd7zXZ", "packed with xz"),
    (b"7z\xbc\xaf", "packed with 7-Zip"),
    (b"Rar!", "packed with RAR"),
    (b"PK\x05\x06", "an empty zip"),
    (b"PAR1", "a Parquet table"),
    (b"SQLite format 3", "a database (SQLite)"),
    (b"\x00\x01\x00\x00Standard", "a database (Access)"),
    (b"MZ", "a program"),
    (b"!BDN", "an Outlook data file"),
    (b"bplist", "a property list"),
    (b"\x09\x00\x04\x00", "an Excel file from before 1993"),
    (b"\x09\x02\x06\x00", "an Excel file from before 1993"),
    (b"\x09\x04\x06\x00", "an Excel file from before 1993"),
)
_STREAMS: tuple[tuple[str, str], ...] = (
    ("WordDocument", "a Word document of the old kind (.doc)"),
    ("PowerPoint Document", "a PowerPoint presentation"),
    ("__substg1.0_", "an Outlook message (.msg)"),
)
"""What lies in an OLE file that is no Excel file."""
_PACKAGES: tuple[tuple[str, str], ...] = (
    ("word/document.xml", "a Word document (.docx)"),
    ("ppt/presentation.xml", "a PowerPoint presentation (.pptx)"),
    ("Index/Document.iwa", "a Numbers document"),
    ("Index.zip", "a Numbers document"),
    ("visio/document.xml", "a Visio drawing"),
    ("Report/Layout", "a Power BI report"),
)
_HELP = "Save the members as .xlsx or CSV UTF-8. Nothing was imported."


def opened(source: Input) -> Book:
    """The sheets of a file of any kind.

    Raises:
        UsageError: it is of a kind that cannot be read, too large, or damaged.
    """
    if source.size == 0:
        raise UsageError(f"The file {source.name} is empty. Export the members again; nothing was imported.")
    if source.size > LARGEST_FILE:
        raise source.too_large(source.size, LARGEST_FILE)
    start = next(source.chunks(SAMPLE), b"")
    for magic, what in _FOREIGN:
        if start.startswith(magic):
            raise _foreign(source, what)
    if start.startswith(_OLE):
        return _old(source)
    if start.startswith(_ZIP):
        return _package(source)
    return _text(source, start)


def _foreign(source: Input, what: str) -> UsageError:
    return UsageError(f"The file {source.name} is {what}, in which members cannot be read. {_HELP}")


def _old(source: Input) -> Book:
    found = set()
    kept = b""
    wanted = {name.encode("utf-16-le"): what for name, what in _STREAMS} | {
        name.encode("utf-16-le"): "" for name in ("Workbook", "Book", "EncryptedPackage")
    }
    for part in source.chunks(1024 * 1024):
        kept = kept[-64:] + part
        found |= {name for name in wanted if name in kept}
    if "EncryptedPackage".encode("utf-16-le") in found:
        raise password(source)
    if not any(name.encode("utf-16-le") in found for name in ("Workbook", "Book")):
        what = next((wanted[name] for name in found if wanted[name]), "")
        if what:
            raise _foreign(source, what)
    return older_book(source, Container.XLS)


def password(source: Input) -> UsageError:
    """The file is protected."""
    return UsageError(
        f"The file {source.name} is protected by a password. Open it in Excel, take the password away, and save it as "
        ".xlsx or CSV UTF-8. Nothing was imported."
    )


def _package(source: Input) -> Book:
    source.file.seek(0)
    try:
        with zipfile.ZipFile(source.file) as package:
            entries = package.infolist()
            kind = _start(package, "mimetype") if "mimetype" in package.namelist() else b""
    except (*DAMAGED, OSError) as error:
        raise source.broken(f"it is no whole Excel file ({why(error)})") from error
    names = {entry.filename for entry in entries}
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > LARGEST_FILE:
        raise source.too_large(unpacked, LARGEST_FILE, "unpacks to")
    if any(entry.flag_bits & 1 for entry in entries):
        raise password(source)
    if kind:
        if b"opendocument.spreadsheet" in kind:
            return older_book(source, Container.ODS, unpacked)
        raise _foreign(source, "an OpenDocument file, but no table,")
    if any(name.lower().endswith("workbook.bin") for name in names):
        return older_book(source, Container.XLSB, unpacked)
    if "xl/workbook.xml" in names or "_rels/.rels" in names:
        for name, what in _PACKAGES:
            if name in names:
                raise _foreign(source, what)
        return workbook(source)
    for name, what in _PACKAGES:
        if name in names:
            raise _foreign(source, what)
    raise UsageError(
        f"The file {source.name} is a zip of something else than an Excel file. Unpack it and name the files in it. "
        "Nothing was imported."
    )


def _start(package: zipfile.ZipFile, entry: str) -> bytes:
    with package.open(entry) as file:
        return file.read(100)


def _text(source: Input, start: bytes) -> Book:
    encoding = encoding_of(source)
    text = start.decode(encoding, "replace").lstrip("\ufeff \t\r\n")
    if re.match(r'\[\s*(?:["{\[\]]|null)|\{\s*"', text):
        return json_book(source, encoding)
    if text.startswith("<"):
        if "urn:schemas-microsoft-com:office:spreadsheet" in text[:4096] and re.search(r"<(?:\w+:)?Workbook\b", text):
            return xml_2003_book(source)
        if re.search(r"<(?:html|table|!doctype html|body|meta|head)\b", text[:8192], re.IGNORECASE):
            return html_book(source, encoding)
        if re.match(r"<(?:\?xml|!--|\w+[\s>/:])", text):
            raise _foreign(source, "XML of a kind that is not known")
    return text_book(source)
