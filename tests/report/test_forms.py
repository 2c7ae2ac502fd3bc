"""The other forms of the report: workbook, table, JSON, summary; languages, anonymous reports, and hostile names."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from pydantic import TypeAdapter

from migrator.contracts.history import Event
from migrator.contracts.journal import LoadResult, LoadState
from migrator.contracts.members import MemberSource
from migrator.contracts.plan import Outcome
from migrator.contracts.run_folder import RunFolder
from migrator.contracts.verification import Match
from migrator.product import findings
from migrator.report.forms import FORMS
from migrator.report.forms.json import ReportEntry, json_schema
from migrator.report.forms.markdown import summary
from migrator.report.words import LANGUAGES, Words, _catalogue
from migrator.sandbox.server import Running
from tests.conftest import Command
from tests.report.test_report import HOSTILE, a_plan, data, loaded, page, planned, seen, story
from tests.small import ORGANISATION, contact, segment

ROOT = Path(__file__).parent.parent.parent


def hostile() -> Any:
    found = findings.members_unknown("x | <b>")
    kinds: list[dict[str, Any]] = [{"outcome": Outcome.FLAGGED, "findings": (found,)}, {}]
    plan = a_plan(*(planned(n, name, **kinds[n % 2]) for n, name in enumerate(HOSTILE)))
    looks = {segment(n): seen(n, Match.DIFFERENT, 3) for n in range(len(HOSTILE))}
    return story(plan, results=loaded(*range(len(HOSTILE))), seen=looks)


# --- the workbook ----------------------------------------------------------------------------------------------------


def test_the_workbook_has_a_sheet_for_each_topic_with_filters_and_a_frozen_head(tmp_path: Path) -> None:
    looks = {segment(1): seen(1, Match.EXPLAINED, 8, inactive=2)}
    FORMS["xlsx"](story(a_plan(planned(1, "Autumn"), planned(2)), results=loaded(1), seen=looks), tmp_path)
    book = load_workbook(tmp_path / "report.xlsx")
    assert book.sheetnames[:3] == ["Overview", "All segments", "What we need from you"]
    sheet = book["All segments"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref[:3]) == ("B2", "A1:")
    rows = list(sheet.iter_rows(values_only=True))
    head = list(rows[0])
    assert [row[head.index("Segment")] for row in rows[1:]] == ["A", "Autumn"]  # what somebody has to look at first
    assert (rows[2][head.index("Before")], rows[2][head.index("After")]) == (10, 8)
    assert rows[2][head.index("Share")] == pytest.approx(0.8)
    assert sheet.cell(3, head.index("Before") + 1).data_type == "n"


def test_no_name_is_a_formula_in_the_workbook(tmp_path: Path) -> None:
    FORMS["xlsx"](hostile(), tmp_path)
    book = load_workbook(tmp_path / "report.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell.value for cell in cells if cell.data_type == "f"]
    names = [row[0] for row in book["All segments"].iter_rows(min_row=2, values_only=True)]
    assert sorted("" if name == "(no name)" else str(name) for name in names) == sorted(HOSTILE)


def test_control_characters_break_no_workbook(tmp_path: Path) -> None:
    FORMS["xlsx"](story(a_plan(planned(1, "a\x00b\x1b[31m" + "x" * 40_000))), tmp_path)
    name = load_workbook(tmp_path / "report.xlsx")["All segments"]["A2"].value
    assert isinstance(name, str)
    assert name.startswith("a\ufffdb\ufffd[31m")


def test_the_workbook_is_one_that_a_professional_makes(tmp_path: Path) -> None:
    """Front sheet, widths, wrapped texts, times and shares as such, colours, links, choices, print."""
    looks = {segment(1): seen(1, Match.EXPLAINED, 8, inactive=2)}
    failed = {segment(2): LoadResult(segment(2), LoadState.FAILED, "publish", error="No.")}
    waits = planned(3, "Asks", Outcome.FLAGGED, findings=(findings.members_unknown("x"),))
    told = story(a_plan(planned(1, "Autumn"), planned(2, "Broken"), waits), results={**loaded(1), **failed}, seen=looks)
    FORMS["xlsx"](told, tmp_path)
    book: Any = load_workbook(tmp_path / "report.xlsx")
    front, every, asks = book["Overview"], book["All segments"], book["What we need from you"]
    shown = {str(row[0].value): row for row in front.iter_rows(max_col=5)}
    assert shown["begun"][1].number_format == "yyyy-mm-dd hh:mm"
    assert isinstance(shown["begun"][1].value, datetime)
    line = next(row for row in front.iter_rows(max_col=5) if row[0].value == "Broken")
    assert line[0].hyperlink.location == "'All segments'!A2"
    assert every["A2"].value == "Broken"
    assert "No." in str(line[4].value)
    heads = {cell.value: cell.column_letter for cell in every[1]}
    assert every[f"{heads['Share']}4"].number_format == "0.0%"
    assert every[f"{heads['Findings']}3"].alignment.wrap_text
    assert every.column_dimensions[heads["Findings"]].width >= 40
    rules = [rule.formula for found in every.conditional_formatting for rule in found.rules]
    assert ['"failed"'] in rules
    assert every[f"{heads['Ids: legacy']}2"].hyperlink.target.endswith(
        f"etn=msdyncrm_segment&pagetype=entityrecord&id={segment(2)}"
    )
    assert asks["A2"].hyperlink.location == "'All segments'!A3"
    (choice,) = asks.data_validations.dataValidation
    assert (choice.formula1, str(choice.sqref)) == ('"skip"', "I2")  # only what works is offered
    assert asks["I1"].value == "Decision"
    assert asks.column_dimensions["M"].hidden
    for sheet in book:
        assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)
        assert "&P" in sheet.oddFooter.center.text
        assert not {cell.value for cell in sheet[1]} & {"n", "severity", "code", "standing", "legacy_id"}


# --- the table -------------------------------------------------------------------------------------------------------


def test_no_name_is_a_formula_in_the_table(tmp_path: Path) -> None:
    FORMS["csv"](hostile(), tmp_path)
    rows = list(csv.reader(io.StringIO((tmp_path / "report.csv").read_bytes().decode("utf-8-sig"), newline="")))
    assert len(rows) == len(HOSTILE) + 1
    for row in rows[1:]:
        assert not [cell for cell in row if cell.startswith(("=", "+", "@", "\t", "\r"))]
        assert not [cell for cell in row if cell.startswith("-") and not cell[1:].isdigit()]


# --- JSON ------------------------------------------------------------------------------------------------------------


def test_the_table_is_plain_text_with_commas_and_for_excel_with_semicolons_and_a_mark(tmp_path: Path) -> None:
    one = a_plan(planned(1, "Zoë; friends, all"))
    plain = FORMS["csv"](story(one), tmp_path).read_bytes()
    assert plain.startswith(b"Segment,Type,")
    assert 'Zoë; friends, all"'.encode() in plain
    assert plain.endswith(b"\r\n")
    excel = FORMS["csv"](story(one, csv="excel"), tmp_path).read_bytes()
    assert excel.startswith(b"\xef\xbb\xbfSegment;Type;")


def test_the_json_keeps_to_its_schema_and_that_to_its_page(tmp_path: Path) -> None:
    FORMS["json"](hostile(), tmp_path)
    content = json.loads((tmp_path / "report.json").read_text())
    assert TypeAdapter(ReportEntry).validate_python(content).format == 1
    assert [entry["name"] for entry in content["segments"]] == HOSTILE
    assert json.loads((ROOT / "docs/report.schema.json").read_text()) == json_schema()


# --- the summary -----------------------------------------------------------------------------------------------------


def test_no_name_breaks_out_of_the_summary() -> None:
    from markdown_it import MarkdownIt

    text = summary(hostile())
    made = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    kinds = {token.type for token in made} | {child.type for token in made for child in token.children or ()}
    assert not kinds & {"html_block", "html_inline", "image", "code_inline", "fence", "code_block", "hr"}
    links = [child.attrGet("href") for token in made for child in token.children or () if child.type == "link_open"]
    assert links == ["report.html"]  # ours, at the foot
    assert not [token for token in made if token.type == "heading_open" and token.tag not in ("h1", "h2")]
    assert "table_open" not in kinds


def test_the_summary_tells_the_story() -> None:
    lost = planned(2, "B", Outcome.FLAGGED, findings=(findings.members_unknown("x"),))
    failed = {segment(n): LoadResult(segment(n), LoadState.FAILED, "publish", error="No.") for n in range(3, 40)}
    plan = a_plan(planned(1, "my_old_list_"), lost, *(planned(n, f"F_{n}") for n in range(3, 40)))
    text = summary(story(plan, results={**loaded(1), **failed}, seen={segment(1): seen(1, Match.DIFFERENT, 7)}))
    assert "🔴 Are the right people in their segments again? **No: something failed or is different.**" in text
    assert "**1 segment.** Find an export of its members" in text
    assert "members-unknown" not in text  # a sentence, not a code
    assert text.count("(failed): Step “publish”: No.") == 37  # all of them
    assert "- **my_old_list\\_** (different, 10 → 7)" in text  # only the underscore at the end has a meaning
    assert "`migrator retry --all-failed --run a-run`" in text
    assert ORGANISATION.url in text


# --- languages -------------------------------------------------------------------------------------------------------


def test_every_text_is_there_in_every_language() -> None:
    sources = {str(one) for one in MemberSource} - {MemberSource.NONE, MemberSource.NOT_READ}
    assert sources <= _catalogue()["is_source"].keys()
    assert _catalogue()["about_finding"].keys() == findings.CATALOGUE.keys()
    for code, entry in _catalogue()["about_finding"].items():
        assert entry.keys() == {"de", "fr"}, code
        assert all(len(texts) == 2 and all(texts) for texts in entry.values()), code
    for key, entry in _catalogue().items():
        if key == "about_finding":
            continue
        texts = list(entry.values()) if key.startswith("is_") else [entry]
        for text in texts:
            assert len(text) == len(LANGUAGES), key
            assert all(text), key
            facts = [{part.split("}")[0] for part in one.split("{")[1:]} for one in text]
            assert facts[0] == facts[1] == facts[2], key


@pytest.mark.parametrize(
    ("language", "verdict", "number"),
    [
        ("en", "1 of 1 segments are carried over", "12,345"),
        ("de", "1 von 1 Segmenten sind übernommen", "12.345"),
        ("fr", "1 segments sur 1 sont repris", "12\u202f345"),
    ],
)
def test_the_report_speaks_the_language(tmp_path: Path, language: str, verdict: str, number: str) -> None:
    one = planned(1, recorded_size=12_345, members=findings_free())
    text = page(a_plan(one), tmp_path, language=language, results=loaded(1))
    assert f'<html lang="{language}">' in text
    assert verdict in text
    assert number in text
    for form in FORMS.values():
        form(story(a_plan(one), language=language), tmp_path)


def test_what_is_asked_for_is_asked_in_the_language(tmp_path: Path) -> None:
    one = planned(1, "Liste", Outcome.FLAGGED, findings=(findings.members_unknown("gone"),))
    text = page(a_plan(one), tmp_path, language="de")
    assert "<h3>Die Mitglieder eines statischen Segments konnten nicht gelesen werden." in text
    assert "Suchen Sie einen rechtzeitig gemachten Export" in text


def test_french_signs_stand_behind_a_space_on_the_whole_page_and_in_the_summary(tmp_path: Path) -> None:
    said = findings.twin_by_name("Fair", "", "Fair")
    one = planned(1, "Liste", Outcome.FLAGGED, findings=(findings.members_unknown("its row holds no ids"),))
    plan = a_plan(one, planned(2, "Foire", Outcome.ADAPTED, findings=(said,)), planned(3, "Salon"))
    history = [Event("2026-01-01T10:00:00Z", "decision", "Zoé", "parce que", "Liste", "skip instead of adopt")]
    told = story(plan, language="fr", results=loaded(2), history=history)
    whole = FORMS["html"](told, tmp_path).read_text(encoding="utf-8").split('<script id="data"')[0]
    text = re.sub(r"<(style|script|code|pre)\b.*?</\1>|<[^>]+>", "", whole.split("<body", 1)[1], flags=re.DOTALL)
    for form in (text, summary(told)):
        assert not re.findall(r".*[^\W\d][;:!?](?=\s|$).*", form)
    assert "laisser de côté au lieu de adopter" not in text
    assert "«\u00a0parce que\u00a0»" in text


@pytest.mark.parametrize(("language", "word"), [("en", "unknown"), ("de", "unbekannt"), ("fr", "inconnu")])
def test_a_status_that_nobody_knows_is_told_in_the_language_in_the_table_of_the_page(
    tmp_path: Path, language: str, word: str
) -> None:
    (tmp_path / language).mkdir()
    strange = replace(planned(1), status_code=192350099)
    families = data(page(a_plan(strange), tmp_path / language, language=language))["families"]
    assert families["status"]["unknown (192350099)"] == f"{word} (192350099)"


def test_a_namesake_is_told_and_not_asked_about(tmp_path: Path) -> None:
    said = findings.twin_by_name("Migrated – Fair", "3 of 5", "Fair")
    beside = planned(1, "Fair", Outcome.ADAPTED, findings=(said,))
    waits = planned(2, "Press", Outcome.FLAGGED, findings=(said, findings.members_unknown("gone")))
    told = story(a_plan(beside, waits))
    assert [(row.name, message) for row, message in told.namesakes] == [("Fair", said.message)]
    assert [ask.code for ask in told.asks] == ["members-unknown"]
    text = page(a_plan(beside), tmp_path)
    section = text[text.index('id="asks"') : text.index('id="segments"')]
    assert "Nothing is asked about these, but look" in section
    assert "only its name is alike" in section
    lines = summary(told).splitlines()
    assert any(line.startswith("- Fair: Real-time journeys have a segment") for line in lines)


def findings_free() -> Any:
    from migrator.contracts.members import Members, MemberSource

    return Members(MemberSource.NONE)


def test_numbers_are_written_as_the_language_does() -> None:
    de = Words("de")
    assert (de.number(None), de.signed(-1234), de.signed(0), de.percent(0.123)) == ("–", "−1.234", "0", "12,3 %")
    assert [de.percent(share) for share in (0.0, 0.0001, 0.9999, 1.0)] == ["0 %", "< 0,1 %", "> 99,9 %", "100 %"]


# --- what a person can ask for ---------------------------------------------------------------------------------------


def test_an_anonymous_report_names_nobody(tmp_path: Path) -> None:
    one = planned(
        1, "Anna's friends", Outcome.FLAGGED, query="PROFILE(contact).FILTER(lastname == 'Larsson')",
        english="contacts whose lastname is 'Larsson'", proposal="PROFILE(contact).FILTER(lastname == 'Larsson')",
        findings=(findings.members_from_file("anna.csv", 3),),
    )  # fmt: skip
    told = story(a_plan(one), anonymous=True)
    for form in FORMS.values():
        form(told, tmp_path)
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        if path.suffix == ".xlsx":
            book = load_workbook(path)
            content = str([row for sheet in book for row in sheet.iter_rows(values_only=True)]).encode()
        assert b"Larsson" not in content, path
        assert b"Anna" not in content, path
        assert b"anna.csv" not in content, path
    assert "Segment 1" in (tmp_path / "report.html").read_text()


def test_all_forms_are_written_on_request(command: Command, sandbox: Running, tmp_path: Path) -> None:
    command("run", "--org", sandbox.address)
    (run,) = (tmp_path / "reports").iterdir()
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert "report.xlsx" not in (run / "report.html").read_text()  # a file that is not there is not named
    arguments = ("--format", "all", "--title", "Our <move>", "--logo", "logo.png", "--language", "de")
    result = command("report", *arguments)
    assert result.code == 0, result.err
    assert {"report.html", "report.xlsx", "report.csv", "report.json", "summary.md"} <= {p.name for p in run.iterdir()}
    text = (run / "report.html").read_text()
    assert "<h1>Our &lt;move&gt;</h1>" in text
    assert re.search("Zeile [0-9]+ im Blatt „[^“]+“ von report.xlsx", text)
    assert 'src="data:image/png;base64,' in text
    everything = "".join(path.read_text() for path in run.glob("report.*") if path.suffix not in (".xlsx", ".pdf"))
    for number in range(12):
        assert str(contact(number)) not in everything  # ids of members never appear


def test_queries_are_told_in_the_language_of_the_report(command: Command, sandbox: Running, tmp_path: Path) -> None:
    command("run", "--org", sandbox.address, "--dry-run")
    (run,) = (tmp_path / "reports").iterdir()

    def told(language: str) -> list[str]:
        command("report", "--format", "json", "--language", language)
        return [row["english"] for row in json.loads((run / "report.json").read_text())["segments"] if row["english"]]

    english, german, french = told("en"), told("de"), told("fr")
    assert len(english) == len(german) == len(french) > 1
    assert all("contacts" in text or "the members of" in text for text in english)
    assert all("Kontakte" in text or "die Mitglieder von" in text for text in german)
    assert all("les contacts" in text or "les membres de" in text for text in french)
    (run / "export" / "metadata.json").unlink()  # an export that was moved away takes only the display names along
    assert all("Kontakte" in text or "die Mitglieder von" in text for text in told("de"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--format", "docx"), "--format cannot be docx"),
        (("--language", "no"), "--language cannot be no"),
        (("--logo", "nowhere.png"), "cannot be read"),
        (("--logo", "logo.txt"), "has to be a picture"),
        (("--compare", "nowhere"), "no run"),
    ],
)
def test_a_report_that_cannot_be_is_explained(
    command: Command, sandbox: Running, tmp_path: Path, arguments: tuple[str, str], words: str
) -> None:
    command("run", "--org", sandbox.address, "--dry-run")
    (tmp_path / "logo.txt").write_text("x")
    result = command("report", *arguments)
    assert result.code == 2
    assert words in result.err


def test_two_runs_are_compared(command: Command, sandbox: Running, tmp_path: Path) -> None:
    command("run", "--org", sandbox.address, "--dry-run")
    command("run", "--org", sandbox.address)
    first, second = sorted((tmp_path / "reports").iterdir(), key=lambda path: RunFolder(path).state().created)
    command("report", second.name, "--compare", first.name, "--format", "json", "--format", "html")
    content = json.loads((second / "report.json").read_text())
    assert content["changed_since"] == first.name
    assert {(one["was"], one["now"]) for one in content["changes"]} == {("planned", "verified")}
    assert f"What changed since {first.name}" in (second / "report.html").read_text()


def test_a_second_look_is_compared_with_the_first(command: Command, sandbox: Running, tmp_path: Path) -> None:
    command("run", "--org", sandbox.address)
    command("verify")
    (run,) = (tmp_path / "reports").iterdir()
    text = (run / "report.html").read_text()
    assert "What changed since 2" in text
    assert "Nothing changed." in text
    assert data(text)["columns"][6]["key"] == "looks"


def test_how_a_report_is_wanted_is_remembered_and_all_its_forms_are_refreshed(
    command: Command, sandbox: Running, tmp_path: Path
) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(b"\x89PNG\r\n\x1a\n")
    command("run", "--org", sandbox.address, "--dry-run")
    (run,) = (tmp_path / "reports").iterdir()
    command("report", "--format", "csv", "--language", "de", "--title", "Umzug", "--logo", logo)
    command("report", "--format", "md")
    forms = ("report.html", "report.csv", "summary.md")
    before = {name: (run / name).read_bytes() for name in forms}
    command("load")
    after = {name: (run / name).read_bytes() for name in forms}
    assert all(before[name] != after[name] for name in forms)
    assert "<h1>Umzug</h1>" in after["report.html"].decode()
    assert 'src="data:image/png;base64,' in after["report.html"].decode()
    assert "# Umzug" in after["summary.md"].decode()
    assert '<html lang="de"' in after["report.html"].decode()
    logo.unlink()  # what was once a picture need not be there for ever
    assert command("verify").code == 3
    assert "<h1>Umzug</h1>" in (run / "report.html").read_text()
