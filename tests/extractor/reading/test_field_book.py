"""The field book: files as people have them, and what each row of them becomes.

Read a line like this: *what it is* · the file · what became of it · what a person has said. `A@2` is the id of Ana in
row 2, `a@x.de@3` an address in row 3, `!4` a row that nobody can read, `?column` a question to a person, and `hidden 2`
and `empty 1` count rows.
"""

from __future__ import annotations

import re

import pytest

from migrator.base.errors import UsageError
from migrator.base.ids import texts
from migrator.extractor.reading.answers import NOTHING_SAID, Answers, Hidden
from migrator.extractor.reading.result import Table
from tests.extractor.reading.made import FIXTURES, csv, json_rows, ods, page, read, xlsb, xlsx, xml_2003, zipped

A = "1405f4ba-1ee9-e811-a99d-000d3a35f12f"
B = "ab2a7cbe-a479-4231-8cd2-baa21a292331"
C = "c0ffee00-0000-4000-8000-00000000000c"
LETTERS = {A: "A", B: "B", C: "C"}
APP = "0a0a0a0a-0000-4000-8000-000000000001"
KEEP, LEAVE_OUT = Answers(hidden=Hidden.KEEP), Answers(hidden=Hidden.LEAVE_OUT)
IDS = [["Customer ID", "Name"], [A, "Ana"], [B, "Bo"]]
MANY = [["Customer ID"], *[[f"{number:08x}-0000-4000-8000-000000000000"] for number in range(1, 71)]]
NOTE = "first line\nsecond line\nthird line"


def became(table: Table) -> str:
    """What became of a file, in the words of this book."""
    found = [
        (int(row), f"{LETTERS.get(one, one)}@{row}") for one, row in zip(texts(table.ids), table.id_rows, strict=True)
    ]
    found += [(int(row), f"{one}@{row}") for one, row in zip(table.addresses, table.address_rows, strict=True)]
    found += [(one.row, f"!{one.row}") for one in table.unreadable]
    words = [text for _, text in sorted(found, key=lambda entry: entry[0])]
    words += [f"?{question.ask}" for question in table.questions]
    words += [
        f"{what} {count}"
        for what, count in (("empty", table.empty), ("hidden", table.hidden), ("aside", table.set_aside))
        if count
    ]
    return " ".join(words)


def link(person: str, **more: str) -> str:
    """A link to a record, as the product's *Copy link* gives it."""
    asked = {"appid": APP, "pagetype": "entityrecord", "etn": "contact", "id": person} | more
    return "https://contoso.crm4.dynamics.com/main.aspx?" + "&".join(f"{key}={value}" for key, value in asked.items())


def one_cell(text: str, header: str = "Customer ID") -> str:
    """A file with one member more than Ana, spelled like this."""
    return csv([[header, "Name"], [A, "Ana"], [text, "Bo"]])


def addresses(text: str) -> str:
    """A file of addresses with one more, spelled like this."""
    return csv([["E-Mail", "Name"], ["a@x.de", "Ana"], [text, "Bo"]])


Case = tuple[str, bytes | str, Answers, str]


def case(what: str, file: bytes | str, expected: str, answers: Answers = NOTHING_SAID) -> Case:
    """A line of the book."""
    return what, file, answers, expected


FILES: list[Case] = [
    # --- the product's own exports
    case("outbound's export", csv([["Customer ID", "First Name", "Email address"], [A, "Ana", "a@x.de"]]), "A@2"),
    case("Export to Excel, English", xlsx([["(Do Not Modify) Contact", "Full Name"], [A, "Ana"]]), "A@2"),
    case("Export to Excel, German, with addresses beside",
        xlsx([["(Nicht ändern) Kontakt", "E-Mail"], [A, "b@x.de"], [B, "wrong@x.de"]]), "A@2 B@3"),
    case("Export to Excel, Japanese", xlsx([["(変更しないでください) 取引先担当者"], [A], [B]]), "A@2 B@3"),
    case("with the product's hidden sheet",
        xlsx(IDS, more={"hiddenSheet": [["contact:x:contactid=y"]]}, states={"hiddenSheet": "veryHidden"}), "A@2 B@3"),
    # --- what the workbook says of itself
    case("wrong dimension A1", xlsx(MANY, dimension="A1"), "70 members"),
    case("dimension with fewer rows than there are", xlsx(MANY, dimension="A1:A41"), "70 members"),
    case("no dimension at all", xlsx(MANY), "70 members"),
    case("dimension with more rows than there are", xlsx(IDS, dimension="A1:B9000"), "A@2 B@3"),
    case("texts in the cells themselves", xlsx(IDS, shared=False), "A@2 B@3"),
    case("with macros (.xlsm)", xlsx(IDS, parts={"xl/vbaProject.bin": "x"}), "A@2 B@3"),
    # --- hidden rows
    case("30 of 100 rows filtered out",
        xlsx([["Customer ID"], *[[f"{n:08x}-0000-4000-8000-00000000000a"] for n in range(100)]], hidden=range(72, 102)),
        "70 members ?hidden rows hidden 30"),
    case("hidden rows, kept", xlsx(IDS, hidden=[3]), "A@2 B@3 hidden 1", KEEP),
    case("hidden rows, left out", xlsx(IDS, hidden=[3]), "A@2 hidden 1 aside 1", LEAVE_OUT),
    case("hidden rows that are empty", xlsx([*IDS, ["", ""]], hidden=[4]), "A@2 B@3 empty 1"),
    case("a hidden header", xlsx(IDS, hidden=[1]), "A@2 B@3"),
    case("hidden rows in HTML", page(IDS, hidden=[2]), "B@3 ?hidden rows hidden 1"),
    case("hidden rows in XML 2003", xml_2003(IDS, hidden=[2]), "B@3 ?hidden rows hidden 1"),
    # --- which column
    case("two columns of ids", csv([["listmemberid", "entityid"], [A, B]]), "?column"),
    case("two columns of ids, one named", csv([["listmemberid", "entityid"], [A, B]]), "B@2", Answers("entityid")),
    case("two columns of ids, one named by its letter",
        csv([["listmemberid", "entityid"], [A, B]]), "B@2", Answers("=B")),
    case("two columns of addresses", csv([["E-Mail", "E-Mail 2"], ["a@x.de", "b@x.de"]]), "?column"),
    case("two columns of one name", csv([["Id", "Id"], [A, B]]), "?column", Answers("id")),
    case("two columns of one name, one of them numbers", csv([["Id", "Id"], ["7", B]]), "B@2"),
    case("Contact is a name, not an id", csv([["Contact", "E-Mail"], ["Ana", "a@x.de"]]), "a@x.de@2"),
    case("an empty id and an address beside", csv([["Id", "E-Mail"], [A, "a@x.de"], ["", "b@x.de"]]), "A@2 b@x.de@3"),
    case("an empty id and nothing beside", csv([["Id", "Name"], [A, "Ana"], ["", "Bo"]]), "A@2 !3"),
    case("an empty id and two columns of addresses",
        csv([["Id", "E-Mail", "E-Mail 2"], [A, "a@x.de", "a2@x.de"], ["", "b@x.de", "b2@x.de"]]), "A@2 !3"),
    case("an unreadable id and an address beside", csv([["Id", "E-Mail"], [A, "a@x.de"], ["?", "b@x.de"]]), "A@2 !3"),
    case("ids that begin further down than anybody looks",
        csv([["E-Mail", "Nr"], *[[f"p{n}@x.de", ""] for n in range(1500)], ["z@x.de", A]]), "?column"),
    case("a column named in another language", csv([["Kundennummer", "Größe"], [A, 1]], ";"), "A@2"),
    case("no column of people at all", csv([["Name", "City"], ["Ana", "Oslo"]]), "?column"),
    case("ids and addresses in one column", csv([["Member"], [A], ["b@x.de"], [C]]), "A@2 b@x.de@3 C@4"),
    # --- headers
    case("no header", csv([[A, "Ana"], [B, "Bo"]]), "A@1 B@2"),
    case("no header, the first row is damaged", csv([["n/a", "Ana"], [B, "Bo"]]), "!1 B@2"),
    case("no header, the first row has no id", csv([["", "Ana"], [B, "Bo"]]), "!1 B@2"),
    case("title rows", csv([["Members of VIP", ""], ["", ""], ["Name", "Nummer"], ["Ana", A]]), "A@4"),
    case("a merged title", xlsx([["VIP", None], ["Name", "Id"], ["Ana", A]], merged=["A1:B1"]), "A@3"),
    case("title rows and --column", csv([["Members", ""], ["Name", "Nummer"], ["Ana", A]]), "A@3", Answers("nummer")),
    case("a damaged first member below the header", csv([["Nummer"], ["n/a"], [B]]), "!2 B@3"),
    case("only a header", csv([["Customer ID", "Name"]]), ""),
    case("only a header in another language", csv([["Kundennummer", "Name"]]), ""),
    # --- text
    case("German Excel", csv([["Größe", "Id"], ["groß", A]], ";").encode("cp1252"), "A@2"),
    case("Polish Excel",
        csv([["Imię", "E-Mail"], ["Łukasz Żółć", "l@x.pl"], ["Zażółć gęślą", "z@x.pl"]], ";").encode("cp1250"),
        "l@x.pl@2 z@x.pl@3"),
    case("UTF-16 with a mark", csv(IDS, "\t").encode("utf-16"), "A@2 B@3"),
    case("UTF-16 little without a mark", csv(IDS, ";").encode("utf-16-le"), "A@2 B@3"),
    case("UTF-16 big without a mark", csv(IDS, ";").encode("utf-16-be"), "A@2 B@3"),
    case("UTF-32 with a mark", csv(IDS, ";").encode("utf-32"), "A@2 B@3"),
    case("an umlaut behind the first 64 KB",
        csv([["E-Mail", "Name"], *[["a@x.de", "x"]] * 6000, ["ü@x.de", "ü"]], ";").encode("cp1252"), "6001 members"),
    case("quotes around a name with the other delimiter",
        '"Name, Vorname";"Customer ID"\r\n"Meier, Hans";"' + A + '"\r\n', "A@2"),
    case("names with commas, without quotes", f"Name;Id\nMeier, Hans;{A}\nNuñez, Eva;{B}\n", "A@2 B@3"),
    case("sep=;", "sep=;\r\n" + csv(IDS, ";"), "A@3 B@4"),
    case('"sep=;" in quotes', '"sep=;"\r\n' + csv(IDS, ";"), "A@3 B@4"),
    case("lines of an old Mac", csv(IDS, end="\r"), "A@2 B@3"),
    case("empty lines between", f"\n\nId,Name\n\n{A},Ana\n,,\n", "A@5 empty 2"),
    case("one column, two addresses in a row",
        "E-Mail\na@x.de\nb@x.de\nc@x.de; d@x.de\n", "a@x.de@2 b@x.de@3 c@x.de@4 d@x.de@4"),
    case("a note with line breaks", csv([["Id", "Note"], [A, NOTE], [B, ""]]), "A@2 B@5"),
    case("a row with a cell too many",
        "E-Mail;Name\na@x.de;Ana\nb@x.de; c@x.de;Bo\nd@x.de;Cy\n", "a@x.de@2 !3 d@x.de@4"),
    # --- other kinds
    case("Excel 97", (FIXTURES / "members.xls").read_bytes(), "A@3 B@4 !6 ?hidden rows cannot be seen empty 1"),
    case("Excel 97, hidden rows answered", (FIXTURES / "members.xls").read_bytes(), "A@3 B@4 !6 empty 1", KEEP),
    case("binary Excel", xlsb(IDS), "A@2 B@3", KEEP),
    case("OpenDocument", ods(IDS), "A@2 B@3", KEEP),
    case("OpenDocument, hidden rows not answered", ods(IDS), "A@2 B@3 ?hidden rows cannot be seen"),
    case("HTML saved as .xls", page(IDS), "A@2 B@3"),
    case("HTML with two tables", page([["Report"]]) + page(IDS), "A@2 B@3"),
    case("HTML with a link to the record", f'<table><tr><th>Name<tr><td><a href="{link(A)}">Ana</a></table>', "A@2"),
    case("HTML in cp1252 that says so",
        f"<meta charset=windows-1252><table><tr><td>Größe<td>Id<tr><td>ö<td>{A}</table>".encode("cp1252"),
        "A@2"),
    case("XML 2003", xml_2003(IDS), "A@2 B@3"),
    case("XML 2003 without positions, the column named by its letter",
        re.sub(r' ss:Index="\d+"', "", xml_2003([["listmemberid", "entityid"], [A, B]])), "B@2", Answers("=B")),
    case("JSON, an array of ids", f'["{A}", "{B}"]', "A@1 B@2"),
    case("JSON, an array of rows", json_rows(IDS), "A@1 B@2"),
    case("JSON, an answer of the Web API",
        '{"@odata.context": "x", "value": ' + json_rows([["contactid"], [A]]) + "}", "A@1"),
    case("JSON, rows with different fields", f'[{{"id": "{A}"}}, {{"email": "b@x.de", "id": null}}]', "A@1 b@x.de@2"),
    # --- sheets
    case("an empty second sheet", xlsx(IDS, more={"Empty": []}), "A@2 B@3"),
    case("a second sheet without people", xlsx(IDS, more={"Info": [["made by", "Bo"]]}), "A@2 B@3"),
    case("two sheets with people", xlsx(IDS, more={"More": [["Id"], [C]]}), "?sheet"),
    case("two sheets with people, one hidden",
        xlsx(IDS, more={"More": [["Id"], [C]]}, states={"More": "hidden"}), "?sheet"),
    case("two sheets with people, one named", xlsx(IDS, more={"More": [["Id"], [C]]}), "C@2", Answers(sheet="more")),
    # --- ids as people spell them
    case("capital letters", one_cell(B.upper()), "A@2 B@3"),
    case("braces", one_cell(f"{{{B}}}"), "A@2 B@3"),
    case("32 digits", one_cell(B.replace("-", "")), "A@2 B@3"),
    case("quotes in the cell", one_cell(f'"{B}"'), "A@2 B@3"),
    case("typographic quotes", one_cell(f"„{B}“"), "A@2 B@3"),
    case("an apostrophe, as Excel marks text", one_cell(f"'{B}"), "A@2 B@3"),
    case('="…", as programs protect text', one_cell(f'="{B}"'), "A@2 B@3"),
    case("urn:uuid:", one_cell(f"urn:uuid:{B}"), "A@2 B@3"),
    case("crm before it, as the row stores it", one_cell(f"crm{B}"), "A@2 B@3"),
    case("contacts(…)", one_cell(f"contacts({B})"), "A@2 B@3"),
    case("an address of the Web API",
        one_cell(f"https://contoso.crm4.dynamics.com/api/data/v9.2/contacts({B})"), "A@2 B@3"),
    case("a link to the record, and not the id of the app", one_cell(link(B)), "A@2 B@3"),
    case("an old link with %7b",
        one_cell(f"https://crm/main.aspx?etc=2&id=%7b{B.upper()}%7d&pagetype=entityrecord"), "A@2 B@3"),
    case("a link to an account", one_cell(link(B, etn="account")), "A@2 !3"),
    case("a link without a record", one_cell(f"https://crm/main.aspx?appid={B}"), "A@2 !3"),
    case("zero-width characters", one_cell(f"\u200b{B}\ufeff"), "A@2 B@3"),
    case("typographic dashes", one_cell(B.replace("-", "–")), "A@2 B@3"),
    case("spaces that do not break", one_cell(f"\u00a0{B}\u00a0"), "A@2 B@3"),
    case("two ids in a cell", one_cell(f"{B}; {C}"), "A@2 B@3 C@3"),
    case("only zeros", one_cell("00000000-0000-0000-0000-000000000000"), "A@2 !3"),
    case("an id and something else", one_cell(f"{B} (old)"), "A@2 !3"),
    case("an id that lost a digit", one_cell(B[:-1]), "A@2 !3"),
    # --- addresses as people spell them
    case("Hans <a@b>", addresses("Bo Berg <b@x.de>"), "a@x.de@2 b@x.de@3"),
    case("Surname, Name <a@b>", addresses("Berg, Bo <b@x.de>"), "a@x.de@2 b@x.de@3"),
    case("mailto:", addresses("mailto:b@x.de?subject=Hi"), "a@x.de@2 b@x.de@3"),
    case("an address in quotes", addresses("'b@x.de'"), "a@x.de@2 b@x.de@3"),
    case("an address with a dot at its end", addresses("b@x.de."), "a@x.de@2 b@x.de@3"),
    case("several addresses in a cell", addresses("b@x.de, c@x.de;d@x.de"), "a@x.de@2 b@x.de@3 c@x.de@3 d@x.de@3"),
    case("several addresses in lines of a cell", addresses("b@x.de\nc@x.de"), "a@x.de@2 b@x.de@3 c@x.de@3"),
    case("an address and a word", addresses("b@x.de unknown"), "a@x.de@2 !3"),
    case("no address but n/a", addresses("n/a"), "a@x.de@2 !3"),
    case("an address that is none", addresses("b@x"), "a@x.de@2 !3"),
    case("weiß and weiss", addresses("weiß@x.de; weiss@x.de"), "a@x.de@2 weiß@x.de@3 weiss@x.de@3"),
    # --- links and formulas
    case("a HYPERLINK formula with an address of the record",
        xlsx([["Id", "N"], [A, "Ana"], [f'=HYPERLINK("{link(B)}","Bo")', "Bo"]]), "A@2 B@3"),
    case("a HYPERLINK formula in a text file", one_cell(f'=HYPERLINK("{link(B)}";"Bo")'), "A@2 B@3"),
    case("a HYPERLINK formula that names two people", one_cell(f'=HYPERLINK("{link(B)}","{C}")'), "A@2 !3"),
    case("a cell that links to the record",
        xlsx([["Contact", "N"], [A, "Ana"], ["Bo", "Bo"]], links={"A3": link(B)}), "A@2 B@3"),
    case("a cell that links to the record, behind an empty one",
        xlsx([["N", "Contact"], ["Ana", A], [None, "Bo"]], links={"B3": link(B)}), "A@2 B@3"),
    case("an address that links to the record of the person",
        xlsx([["Contact", "N"], [A, "Ana"], ["b@x.de", "Bo"]], links={"A3": link(B)}), "A@2 B@3"),
    case("an address that links to another one",
        xlsx([["E-Mail", "N"], ["a@x.de", "A"], ["b@x.de", "B"]], links={"A3": "mailto:c@x.de"}), "a@x.de@2 !3"),
    case("a formula", xlsx([["Customer ID"], [A], ["=B2"]]), "A@2 !3"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "answers", "expected"), [case[1:] for case in FILES], ids=[case[0] for case in FILES])
def test_each_row_becomes_exactly_one_thing(file: bytes | str, answers: Answers, expected: str) -> None:
    table = read(file, answers)
    if "members" in expected:
        number, _, rest = expected.partition(" members")
        assert (len(table.ids) + len(table.addresses), len(table.unreadable)) == (int(number), 0)
        expected = rest.strip()
        assert became(table).endswith(expected)
        assert bool(table.questions) == bool(expected)
    else:
        assert became(table) == expected


def password() -> bytes:
    """The beginning of a workbook with a password: a container of the old kind around the encrypted one."""
    return bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 600


def truncated(content: bytes) -> bytes:
    """Half of a file."""
    return content[: len(content) // 2]


def damaged_sheet() -> bytes:
    """A workbook whose sheet breaks off."""
    return xlsx([], parts={"xl/worksheets/sheet1.xml": f"<worksheet><sheetData><row r='1'><c t='str'><v>{A}</v></c>"})


STRAY = 'Name\tId\n"Bob\t' + A + "\n" + "".join(f"N{n}\t{n:08x}-0000-4000-8000-000000000000\n" for n in range(1, 60))

REFUSED: list[tuple[str, bytes | str, str]] = [
    ("nothing", b"", "is empty"),
    ("only line ends", b"\n\n\n", "holds no rows"),
    ("a workbook without rows", xlsx([]), "holds no rows"),
    ("a quote that is never closed", STRAY, r"in line 2 a quote .* to the end of the file"),
    ("a quote that the next one closes", f'Id;Name\n{A};"Bob\n{B};"Eva\n{C};Cy\n', r"in line 2 a quote .* to line 3"),
    ("a cell with many line breaks", csv([["Id", "Note"], [A, "x\n" * 40], [B, ""]]), r"in line 2 a quote"),
    ("a line without an end", b"x" * 2_000_000, "line 1 has more than"),
    ("a picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "is a picture"),
    ("a PDF", b"%PDF-1.7 ...", "is a PDF"),
    ("a Word document", zipped({"word/document.xml": "x", "_rels/.rels": "x"}), r"is a Word document \(.docx\)"),
    ("a Numbers document", zipped({"Index/Document.iwa": "x"}), "is a Numbers document"),
    ("a zip in a zip", zipped({"m.csv": "x"}), "is a zip of something else"),
    ("a Parquet table", b"PAR1" + b"\0" * 50, "is a Parquet table"),
    ("something binary", b"\0\1\2\3" * 100, "no text and no Excel file"),
    ("a workbook with a password", password(), "protected by a password"),
    ("an old workbook that is none", bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600, "cannot be read"),
    ("a workbook that breaks off", truncated(xlsx(IDS)), "no whole Excel file"),
    ("a workbook whose sheet breaks off", damaged_sheet(), "breaks off or is damaged"),
    ("a workbook that begins and ends", b"PK\x03\x04 and then nothing", "no whole Excel file"),
    ("merged cells below the header", xlsx(IDS, merged=["A2:A3"]), r"merged cells \(A2:A3\)"),
    ("merged cells in Excel 97", (FIXTURES / "merged.xls").read_bytes(), r"merged cells \(rows 4-5\)"),
    ("one page of an answer", '{"@odata.nextLink": "https://…", "value": ["' + A + '"]}', "one page of an answer"),
    ("JSON of another shape", '{"error": {"code": "0x8006088a"}}', "JSON of a shape that is not known"),
    ("JSON with a damaged entry", f'["{A}", "{B}", nobody]', "entry 3 is no JSON"),
    ("merged cells in XML 2003",
        xml_2003([*IDS, [C, "Cy"]]).replace(f'><Data ss:Type="String">{B}', f' ss:MergeAcross="1"><Data>{B}'),
        r"merged cells \(row 3\)"),
    ("JSON that breaks off", f'["{A}", "{B}"', "no end"),
    ("a page to sign in", "<!DOCTYPE html><html><body><form>Sign in</form></body></html>", "web page without a table"),
    ("XML of another kind", "<?xml version='1.0'?><contacts><contact/></contacts>", "XML of a kind that is not known"),
    ("XML with entities",
        xml_2003(IDS).replace("<Workbook", '<!DOCTYPE x [<!ENTITY a "aa">]><Workbook', 1), "document type"),
    ("a sheet that is not there", xlsx(IDS), "has no sheet “Other”"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "words"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_cannot_be_read_is_refused_by_name(file: bytes | str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as refused:
        read(file, Answers(sheet="Other") if "Other" in words else KEEP)
    said = str(refused.value)
    assert "m.csv" in said
    assert len(said) < 700  # no message holds a whole file


@pytest.mark.parametrize(
    ("file", "column", "words"),
    [
        (csv(IDS), "Nummer", "no column “Nummer”.*“Customer ID”, “Name”"),
        (csv([["x" * 5000, "Id"], ["a", A]]), "y", "x…"),
    ],
)
def test_a_column_that_is_not_there_is_said_with_those_that_are(file: str, column: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as refused:
        read(file, Answers(column))
    assert len(str(refused.value)) < 400


def test_a_question_shows_both_columns_with_three_rows_each() -> None:
    rows = [[f"{n:08x}-0000-4000-8000-000000000001", f"{n:08x}-0000-4000-8000-000000000002"] for n in range(1, 6)]
    table = read(csv([["listmemberid", "entityid"], *rows]))
    (question,) = table.questions
    for column, (at, name) in zip(table.candidates, enumerate(("listmemberid", "entityid")), strict=True):
        assert (column.at, column.header) == (at, name)
        assert [text for _, text in column.samples] == [row[at] for row in rows[:3]]
        assert len(column.probe) == 5
        assert name in question.text
        assert all(row[at] in question.text for row in rows[:3])
    assert rows[3][0] not in question.text
    assert '--column "listmemberid"' in question.text
    assert table.waiting == 5


def test_unreadable_rows_are_told_with_their_row_text_and_reason() -> None:
    table = read(csv([["Id", "Name"], [A, "Ana"], ["n/a", "Bo"], ["", "Cy"], ["x" * 5000, "D"]]))
    assert [(one.row, one.text[:20], one.reason) for one in table.unreadable] == [
        (3, "n/a", "it is neither an id nor an e-mail address"),
        (4, "Cy", "there is no id in the row"),
        (5, "x" * 20, "it is neither an id nor an e-mail address"),
    ]
    assert max(len(one.text) for one in table.unreadable) == 200


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (
            csv([["Id", "E-Mail"], [A, ""], ["", "b@x.de"], ["", "c@x.de"]]),
            "2 rows have no id; their address in “E-Mail”",
        ),
        (xlsx(IDS, more={"Info": [["made by", "Bo"]]}), "read from the sheet “Sheet1”.* “Info”"),
    ],
)
def test_what_a_person_should_know_is_said(file: bytes | str, words: str) -> None:
    (warning,) = read(file).warnings
    assert re.search(words, warning)


def test_a_sheet_that_is_filled_to_its_last_row_is_said() -> None:
    def filled(last: int) -> bytes:
        rows = f'<row r="1"><c t="str"><v>Id</v></c></row><row r="{last}"><c r="A{last}" t="str"><v>{A}</v></c></row>'
        sheet = f"<worksheet><sheetData>{rows}</sheetData></worksheet>"
        return xlsx([], parts={"xl/worksheets/sheet1.xml": sheet})

    (warning,) = read(filled(1_048_576)).warnings
    assert "filled to row 1,048,576" in warning
    assert not read(filled(1_048_575)).warnings


def test_a_line_that_names_the_delimiter_is_no_row_and_the_next_one_is_the_header() -> None:
    table = read("sep=;\r\n" + csv(IDS, ";"))
    assert table.column is not None
    assert (table.rows, table.column.header) == (2, "Customer ID")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le"])
def test_a_mark_before_the_first_cell_is_no_part_of_it(encoding: str) -> None:
    table = read(("\ufeff" + csv(IDS, ";")).encode(encoding))
    assert table.column is not None
    assert table.column.header == "Customer ID"
    assert became(read(("\ufeff" + csv(IDS[1:], ";")).encode(encoding))) == "A@1 B@2"


def test_a_hidden_sheet_of_xml_2003_is_called_so() -> None:
    hidden = (
        '<Worksheet ss:Name="Old"><Table><Row><Cell><Data ss:Type="String">Id</Data></Cell></Row>'
        f'<Row><Cell><Data ss:Type="String">{C}</Data></Cell></Row></Table>'
        "<WorksheetOptions><Visible>SheetHidden</Visible></WorksheetOptions></Worksheet></Workbook>"
    )
    table = read(xml_2003(IDS).replace("</Workbook>", hidden))
    assert "“Sheet1”, “Old” (hidden)" in table.questions[0].text


def test_several_sheets_are_told_with_what_they_hold() -> None:
    people = read(xlsx(IDS, more={"More": [["Id"], [C]]}))
    assert "several sheets that hold ids or e-mail addresses: “Sheet1”, “More”" in people.questions[0].text
    rows = read(xlsx([["Name"], ["Ana"]], more={"More": [["Name"], ["Bo"]]}))
    assert "several sheets that hold rows: “Sheet1”, “More”" in rows.questions[0].text


def test_where_everything_stands_is_said() -> None:
    table = read(csv([["Members", ""], ["Name", "Größe; Id"], ["Ana", A]], ";").encode("cp1252"))
    assert (table.header_row, table.above, table.encoding, table.delimiter) == (2, 1, "cp1252", ";")
    assert table.column is not None
    assert (table.column.header, table.column.letter) == ("Größe; Id", "B")
