"""The examples that the help of a command shows, typed one after the other as they stand there."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
import typer
from openpyxl import load_workbook

from migrator.base.errors import Exit
from migrator.cli import runs
from migrator.cli.examples import EXAMPLES
from migrator.sandbox.data import load
from migrator.sandbox.server import Running, running
from tests.conftest import CONTOSO, Command, contact
from tests.small import COMPOUND, LOST, STATIC

pytestmark = pytest.mark.slow

RUN = "2026-11-22-091500-contoso"
NAMES = {STATIC: "VIP customers", COMPOUND: "Newsletter without VIPs", LOST: "Old customers"}
"""The segments of the small organisation that examples speak of."""
LARGE = ("reach", "cutover")
"""Commands whose examples take consent and journeys, which the sample organisation has."""
LOADED = ("check-export", "redact", "retry", "verify", "report", "status", "cutover", "rollback", "retire", "doctor")
"""Commands whose examples are about a run that was loaded; those of the others are about a plan."""
ELSEWHERE = {
    "sandbox": "goes on until Ctrl-C; tests/sandbox starts it as a program",
    "demo": "is tests/test_first_hour.py and make demo",
}
NOBODY = ("status", "--segments --standing failed --standing different")
"""An example that finds nothing on a good day, and ends with 2 then."""


@contextmanager
def organisation(export: Path) -> Iterator[Running]:
    """An organisation with the segments of the examples, with delays that nobody has to wait for."""
    found = load(export, time.monotonic)
    found.moment = found.computing = 0.01
    for key, name in NAMES.items():
        if str(key) in found.rows["msdyncrm_segment"]:
            found.rows["msdyncrm_segment"][str(key)]["msdyncrm_segmentname"] = name
    with running(found) as server:
        yield server


def prepare(command: Command, name: str, org: str, export: Path) -> None:
    """What lies in the folder on a migration day: a run, and the files that the examples name."""
    command("extract", "--org", org, "--with-tables")
    if name != "extract":
        command("translate")
    if name in LOADED:
        command("load", "--org", org)
    (made,) = Path("reports").iterdir()
    made.rename(Path("reports") / RUN)
    if name == "report":  # is compared with an earlier one
        earlier = (
            Path(shutil.copytree(Path("reports") / RUN, Path("reports") / "2026-11-20-091500-contoso")) / "run.json"
        )
        state = json.loads(earlier.read_text()) | {"created": "2026-11-20T09:15:00Z"}
        earlier.write_text(json.dumps(state))
    Path("query.txt").write_text("PROFILE(contact).FILTER(address1_city == 'Oslo')")
    shutil.copytree(export / "tables", "mirror")
    shutil.copytree(CONTOSO, "sample_exports/contoso")
    shutil.copytree("reports", "practice")
    shutil.copy(CONTOSO.parents[1] / "docs" / "images" / "report.png", "logo.png")
    rows = pd.DataFrame({"contactid": [str(contact(n)) for n in range(4)], "city": "Oslo"})
    rows.to_csv("list.csv", index=False)
    pd.DataFrame({"emailaddress1": ["nobody@nowhere.example"]}).to_excel("VIP customers.xlsx", index=False)
    with zipfile.ZipFile("exported.zip", "w") as packed:
        packed.write("list.csv", "Old customers.csv")


def decide(command: Command) -> None:
    """A decision in the workbook, as a person writes it there."""
    command("report", "--format", "xlsx")
    book = load_workbook(Path("reports") / RUN / "report.xlsx")
    sheet = next(sheet for sheet in book if any(cell.value == "Decision" for cell in sheet[1]))
    at = next(cell.column for cell in sheet[1] if cell.value == "Decision")
    sheet.cell(2, at).value = "skip"
    book.save("report.xlsx")


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in ELSEWHERE])
def test_every_example_of_the_help_does_what_is_asked(
    command: Command, small_export: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(typer, "launch", lambda *_: None)
    monkeypatch.setattr(runs, "at_a_keyboard", lambda: True)
    monkeypatch.setattr(runs, "agrees", lambda *_, **__: True)
    monkeypatch.setattr(typer, "prompt", lambda text, **_: re.findall(r"Type (.+?)(?:,| to go on)", text)[0])
    export = CONTOSO if name in LARGE else small_export
    with organisation(export) as box:
        prepare(command, name, box.address, export)
        for words in EXAMPLES[name]:
            shutil.rmtree("for-the-consultant", ignore_errors=True)
            if "report.xlsx" in words:
                decide(command)
            typed = [box.address if word.startswith("https://contoso") else word for word in shlex.split(words)]
            result = command(name, *typed)
            good = (Exit.USAGE,) if (name, words) == NOBODY else (Exit.DONE, Exit.WAITING)
            assert result.code in good, (words, result)
