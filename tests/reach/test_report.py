"""Reach in a run and its report: what is read first, what is behind each number, what an anonymous copy leaves out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from migrator.contracts.consent import CONSENT, PURPOSE
from migrator.sandbox.server import Running
from tests.conftest import Command
from tests.reach.test_reach import COMMERCIAL, NEWS, PURPOSES, export, practised
from tests.reach.test_sending_check import as_file

__all__ = ["export", "practised"]  # fixtures


def section(page: str) -> str:
    text = page[page.index('<section aria-labelledby="reach">') :]
    return " ".join(re.sub(r"<[^>]+>", " ", text[: text.index("</section>")]).split())


def run_of(command: Command, export: Path, tmp_path: Path) -> Path:
    assert command("translate", "--from", str(export)).code in (0, 3)
    assert command("reach", "--tables", str(export / "tables")).code == 0
    (run,) = tmp_path.glob("reports/2*")
    return run


def test_the_first_screen_and_every_number_with_reasons_and_who_decides(
    command: Command, export: Path, tmp_path: Path
) -> None:
    run = run_of(command, export, tmp_path)
    assert command("report", "--format", "html", "--format", "json", "--format", "md").code == 0
    page = (run / "report.html").read_text(encoding="utf-8")
    answer = "Of 3 people who got our mail, 2 still will; 1 will not: 1 opted out since."
    assert page.count(answer) == 2  # on the first screen, and in its section
    told = section(page)
    assert "1 who said no would be mailed: load consent first." in told
    assert "For the purpose “Commercial” (non-restrictive)." in told
    assert "The data protection officer decides." in told
    assert "1 the contact’s field says no bulk e-mail" in told
    assert "3 before, 4 after" in told
    assert "Live segments whose members nobody knows, and which are not counted: 1 of 3." in told
    assert answer in (run / "summary.md").read_text(encoding="utf-8")
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    assert report["reach"]["people"]["said_no"] == 1
    codes = {row["legacy_id"]: {one["code"] for one in row["findings"]} for row in report["segments"]}
    assert {"reach-lost", "reach-said-no"} <= codes[NEWS]
    for language, words in (("de", "die Nein gesagt haben, bekämen Post"), ("fr", "qui ont dit non recevraient")):
        assert command("report", "--language", language).code == 0
        assert words in section((run / "report.html").read_text(encoding="utf-8"))


def test_where_consent_cannot_be_read_nobody_is_said_to_get_none(
    command: Command, export: Path, tmp_path: Path
) -> None:
    (export / "tables" / f"{CONSENT}.csv").unlink()
    run = run_of(command, export, tmp_path)
    assert command("report", "--format", "all").code == 0
    page = (run / "report.html").read_text(encoding="utf-8")
    assert page.count("3 of 9 people got our mail; who will get it is unknown.") == 2
    assert "Of 0 people" not in page
    assert json.loads((run / "report.json").read_text(encoding="utf-8"))["reach"]["people"]["reached_after"] is None


def test_the_workbook_has_who_is_mailed_by_segment(command: Command, export: Path, tmp_path: Path) -> None:
    run = run_of(command, export, tmp_path)
    assert command("report", "--format", "xlsx").code == 0
    book = load_workbook(run / "report.xlsx")
    told: list[Any] = [[*row] for row in book["Who will get our mail"].iter_rows(values_only=True)]
    assert told[0][0] == "Of 3 people who got our mail, 2 still will; 1 will not: 1 opted out since."
    assert ["Commercial", "non-restrictive"] in [row[:2] for row in told]
    heads, *rows = list[Any](book["Who gets it, by segment"].iter_rows(values_only=True))
    assert [*heads[:4]] == ["Segment", "People", "reached before", "reached after"]
    known = {row[-1]: dict(zip(heads, row, strict=True)) for row in rows}
    assert (known[NEWS]["reached before"], known[NEWS]["reached after"]) == (3, 4)
    assert known[NEWS]["still reached"] + known[NEWS]["no longer reached"] == 3
    assert len(rows) == 3  # the live ones, with the one whose members nobody knows


def test_what_could_not_be_read_is_told_in_the_language(command: Command, export: Path, tmp_path: Path) -> None:
    (export / "tables" / f"{CONSENT}.csv").unlink()
    run = run_of(command, export, tmp_path)
    assert command("report", "--language", "de").code == 0
    told = section((run / "report.html").read_text(encoding="utf-8"))
    assert "Die Einträge der Einwilligungen liegen nicht vor." in told
    assert "at hand" not in told


def test_an_anonymous_report_names_no_segment_and_no_purpose(command: Command, export: Path, tmp_path: Path) -> None:
    rows = [row | {"msdynmkt_name": f"Geheim {row['msdynmkt_purposeid'][-1]}"} for row in PURPOSES]
    as_file(export / "tables" / f"{PURPOSE}.csv", list(rows[0]), rows)
    assert command("translate", "--from", str(export)).code in (0, 3)
    asked = ("reach", "--tables", str(export / "tables"), "--purpose", COMMERCIAL)
    assert command(*asked, "--topic", "Events").code == 0
    (run,) = tmp_path.glob("reports/2*")
    assert command("report", "--anonymise", "--format", "html", "--format", "json").code == 0
    for name in ("report.html", "report.json"):
        text = (run / name).read_text(encoding="utf-8")
        assert not [word for word in ("Geheim", "VIPs", "Events", "x.example") if word in text]
        assert "Purpose 1" in text


def test_numbers_of_other_members_are_none(command: Command, export: Path, tmp_path: Path) -> None:
    run = run_of(command, export, tmp_path)
    manifest = run / "export" / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8") + " ", encoding="utf-8")
    assert command("report").code == 0
    assert 'id="reach"' not in (run / "report.html").read_text(encoding="utf-8")


def test_a_segment_that_reaches_nobody_says_so(command: Command, export: Path, tmp_path: Path) -> None:
    as_file(export / "tables" / f"{CONSENT}.csv", ["msdynmkt_contactpointvalue"], [])
    head = "msdynmkt_contactpointvalue,msdynmkt_contactpointtype,msdynmkt_contactpointconsenttype,msdynmkt_purposeid"
    (export / "tables" / f"{CONSENT}.csv").write_text(f"{head},msdynmkt_topicid,msdynmkt_value\n", encoding="utf-8")
    assert command("translate", "--from", str(export)).code in (0, 3)
    assert command("reach", "--tables", str(export / "tables"), "--purpose", "Strict").code == 0
    (run,) = tmp_path.glob("reports/2*")
    assert command("report", "--format", "json").code == 0
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    assert "reach-nobody" in {one["code"] for row in report["segments"] for one in row["findings"]}


def test_run_and_verify_count_it_where_it_is_asked_for(command: Command, practised: Running, tmp_path: Path) -> None:
    result = command("run", "--org", practised.address, "--dry-run", "--reach")
    assert "people who got our mail" in result.err
    (run,) = tmp_path.glob("reports/2*")
    assert 'id="reach"' in (run / "report.html").read_text(encoding="utf-8")
    assert command("load", "--org", practised.address, "--yes").code in (0, 3)
    (run / "reach.json").unlink()
    assert "Reading who may be mailed" in command("verify", "--reach").err
    assert (run / "reach.json").exists()
    assert command("run", "--org", practised.address, "--dry-run", "--new").code in (0, 3)
    (other,) = [one for one in tmp_path.glob("reports/2*") if one != run]
    assert not (other / "reach.json").exists()  # nobody asked


def test_a_run_does_not_fail_because_reach_cannot_be_counted(command: Command, small_export: Path) -> None:
    result = command("run", "--dry-run", "--from", str(small_export), "--reach")
    assert result.code in (0, 3)
    assert "Who will be mailed was not counted" in result.err
