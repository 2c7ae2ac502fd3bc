"""A field of the report is declared once: whatever it says about itself, every form does."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import pytest
from openpyxl import load_workbook
from pydantic.fields import FieldInfo

from migrator.contracts.verification import Match, Verification
from migrator.report.compare import compare
from migrator.report.forms import FORMS
from migrator.report.forms.json import json_schema
from migrator.report.frame import frame
from migrator.report.row import SHOWN, Kind, ReportRow, columns
from migrator.report.words import Words
from tests.conftest import CONTOSO, Command
from tests.report.test_report import a_plan, data, loaded, page, planned, seen, story
from tests.small import segment

ROOT = CONTOSO.parent.parent
LOOKS = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z")


def test_places_are_given_once_and_every_column_has_words() -> None:
    words = Words()
    for form in ("table", "page", "terminal"):
        places = [place for shown in SHOWN.values() if (place := getattr(shown, form))]
        assert len(places) == len(set(places)), form
        for column in columns(form, LOOKS):
            assert all(words(word) for word in column.words), column
            assert column.words, column


def test_the_field_that_contributing_adds_takes_a_place_and_a_name_that_are_free() -> None:
    told = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Add a field of the report")[2]
    name, place = re.findall(r"^   (\w+): .*\btable=(\d+)\)$", told, re.MULTILINE)[0]
    assert name not in SHOWN
    assert int(place) not in [shown.table for shown in SHOWN.values()]
    (heading,) = tomllib.loads(re.findall(r"^   (\w+ = \[.*\])$", told, re.MULTILINE)[0]).items()
    words = tomllib.loads((ROOT / "templates" / "words.toml").read_text(encoding="utf-8"))
    assert heading[0] == name
    assert name not in words
    assert len(heading[1]) == len(words["legacy_query"])


@pytest.mark.parametrize("dry_run", [True, False])
def test_the_page_has_the_columns_that_the_fields_name(tmp_path: Path, dry_run: bool) -> None:
    given = data(page(a_plan(planned(1)), tmp_path, dry_run=dry_run))
    wanted = [column.key for column in columns("page", dry_run=dry_run)]
    assert [column["key"] for column in given["columns"]] == wanted
    assert set(wanted) - {"reason"} <= set(given["fields"])  # which the script makes of what it has
    assert ("planned" in wanted, "after" in wanted) == (dry_run, not dry_run)


def test_workbook_and_csv_have_the_columns_that_the_fields_name(tmp_path: Path) -> None:
    told = story(a_plan(planned(1)), results=loaded(1), seen={segment(1): seen(1, Match.EQUAL)})
    FORMS["csv"](told, tmp_path)
    FORMS["xlsx"](told, tmp_path)
    heads = next(csv.reader(io.StringIO((tmp_path / "report.csv").read_bytes().decode("utf-8-sig"))))
    sheet = load_workbook(tmp_path / "report.xlsx")[told.words("all_segments")]
    assert [cell.value for cell in sheet[1]] == heads
    assert len(heads) == sum(bool(shown.table) for shown in SHOWN.values()) - 1  # one look: no earlier ones


def test_the_schema_has_every_field_that_is_not_for_the_other_forms_alone() -> None:
    hints = get_type_hints(ReportRow, include_extras=True)
    inside = {
        name
        for name, hint in hints.items()
        if any(isinstance(one, FieldInfo) and one.exclude for one in getattr(hint, "__metadata__", ()))
    }
    entry = json_schema()["$defs"]["ReportRow"]
    assert list(entry["properties"]) == [one.name for one in fields(ReportRow) if one.name not in inside]
    assert {"choices", "share"} <= inside


def test_an_earlier_look_is_a_column_in_every_form_with_columns() -> None:
    for form in ("table", "page"):
        found = [column for column in columns(form, LOOKS) if column.kind is Kind.LOOKS]
        assert [(column.look, column.at) for column in found] == [(0, LOOKS[0]), (1, LOOKS[1])]
    history = [Verification(at, (seen(1, Match.EQUAL, count),)) for count, at in enumerate(LOOKS)]
    (row,) = compare(a_plan(planned(1)), loaded(1), {}, dry_run=False, history=history).rows
    assert [column.value(row) for column in columns("table", LOOKS) if column.kind is Kind.LOOKS] == [0, 1]


def test_a_notebook_gets_a_table_whose_counts_are_numbers() -> None:
    compared = compare(
        a_plan(planned(1, "A"), planned(2, "B")), loaded(1), {segment(1): seen(1, Match.DIFFERENT, 8)}, dry_run=False
    )
    made = frame(compared)
    assert list(made.columns) == list(SHOWN)
    assert (str(made["after"].dtype), str(made["share"].dtype)) == ("Int64", "Float64")
    assert made["difference"].sum() == -2
    assert made["after"].isna().tolist() == [False, True]


def test_a_report_does_not_wait_for_pandas(command: Command, tmp_path: Path, small_export: Path) -> None:
    command("translate", "--from", str(small_export), "--out", "runs")
    (run,) = (tmp_path / "runs").iterdir()
    program = (
        "import sys; from pathlib import Path; from migrator.contracts.run_folder import ReportWish, RunFolder; "
        "from migrator.commands.report import report_stage; from migrator.report.forms import FORMS; "
        f"report_stage(RunFolder(Path({str(run)!r})), ReportWish(tuple(FORMS))); print('pandas' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "False"
