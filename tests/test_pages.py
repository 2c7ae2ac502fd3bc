"""Pages followed as written: each command of a part, in its order, against the sandbox; see also test_first_hour."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from openpyxl import Workbook

from migrator.api import Run, extract, translate
from migrator.base.errors import Exit
from migrator.contracts.decisions import checksum_of
from migrator.report.forms import pdf
from migrator.sandbox.data import load
from migrator.sandbox.outbound import Answers
from migrator.sandbox.server import Running, running
from tests.conftest import CONTOSO, Command
from tests.small import contact

ROOT = CONTOSO.parent.parent
pytestmark = pytest.mark.slow


def steps(page: str, part: str = "") -> list[str]:
    """The commands that stand in blocks of a page, or of the part below one of its headings; without the remarks."""
    text = (ROOT / page).read_text(encoding="utf-8")
    if part:
        text = text.partition(f"\n## {part}")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in re.findall(r"^(migrator [^#\n]*?)(?: +#.*)?$", block, re.MULTILINE)]


Follow = Callable[..., list[tuple[str, int, str]]]


@pytest.fixture
def follow(command: Command) -> Follow:
    def follow(told: list[str], address: str) -> list[tuple[str, int, str]]:
        """Type the commands one after the other; gives each with its exit code and what it said."""
        seen = []
        for line in told:
            run = max((path.name for path in Path("reports").glob("*")), default="")
            words = [{"URL": address, "RUN": run}.get(word, word) for word in shlex.split(line)[1:]]
            words = [address if word.startswith("https://contoso.crm4") else word for word in words]
            agreed = ["--yes"] if words[0] in ("retire", "rollback") else []
            result = command(*words, *agreed)
            seen.append((line, result.code, result.out + result.err))
            assert result.code in (Exit.DONE, Exit.WAITING), seen[-1]
        return seen

    return follow


def test_a_migration_day_where_the_services_answer(follow: Follow, small_export: Path) -> None:
    organisation = load(small_export, time.monotonic)
    organisation.moment = organisation.computing = 0.01
    told = steps("docs/migration-day.md", "A. The services answer")
    assert [line.split()[1] for line in told] == [
        "extract", "translate", "predict", "doctor", "report", "approve", "status", "load", "retry", "verify",
        "retire", "rollback",
    ]  # fmt: skip
    with running(organisation) as box:
        loading, later = told.index("migrator load --org URL"), told.index("migrator retire")
        looked = follow(told[:loading], box.address)
        assert organisation.rows["msdynmkt_segment"] == {}
        assert any("by" in said and "as agreed with marketing" in said for _, _, said in looked)
        follow(told[loading:later], box.address)
        assert len(organisation.rows["msdynmkt_segment"]) >= 4
        follow(told[later:], box.address)
        assert organisation.rows["msdynmkt_segment"] == {}


def test_a_migration_day_where_only_the_rows_are_left(follow: Follow, small_export: Path) -> None:
    organisation = load(small_export, time.monotonic)
    organisation.moment = organisation.computing = 0.01
    organisation.outbound_answers = Answers.REMOVED
    with running(organisation) as box:
        told = follow(steps("docs/migration-day.md", "C. Only the rows"), box.address)
    assert [line.split()[1] for line, _, _ in told] == ["run", "translate", "load"]
    assert "outbound services of this organisation are gone" in told[0][2]
    assert organisation.rows["msdynmkt_segment"]


def test_the_order_of_the_day_in_the_readme(
    follow: Follow, sandbox: Running, monkeypatch: pytest.MonkeyPatch, small_export: Path
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(typer, "launch", opened.append)
    told = steps("README.md", "Use it")
    assert [line.split()[1] for line in told].index("approve") < [line.split()[1] for line in told].index("load")
    plan = translate(small_export)
    compound = next(one for one in plan.plan().segments if one.alternatives)
    shutil.rmtree(plan.path)
    here = [line.replace("Newsletter without VIPs", compound.name) for line in told]
    seen = follow(here, sandbox.address)
    assert len(opened) == 1
    assert "verified" in seen[-1][2]


def test_the_commands_about_reports(follow: Follow, sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typer, "launch", lambda what: 0)
    monkeypatch.setattr(pdf, "browser", lambda: None)  # printing has tests of its own, and takes long
    Path("logo.png").write_bytes((ROOT / "docs" / "images" / "report.png").read_bytes())
    earlier, run = (translate(sandbox_export(sandbox)) for _ in range(2))
    waiting = next(one for one in run.plan().segments if one.alternatives)
    entry = {
        "id": str(waiting.legacy_id), "name": waiting.name, "decision": str(next(iter(waiting.alternatives))),
        "who": "Ana", "why": "agreed", "checksum": checksum_of(waiting),
    }  # fmt: skip
    Path("decisions-RUN.json").write_text(json.dumps({"run": run.name, "decisions": [entry]}))
    told = [line.replace("2026-11-20-091500-contoso", earlier.name) for line in steps("docs/report.md")]
    assert len(told) == 5
    follow(told, sandbox.address)
    assert {"report.html", "report.xlsx", "report.csv", "report.json", "summary.md"} <= {
        path.name for path in run.path.iterdir()
    }


def sandbox_export(box: Running) -> Path:
    """What an organisation in a box holds, as an export."""
    return extract(box.address).export


def test_the_commands_about_members(follow: Follow, small_export: Path) -> None:
    """The page's VIP customers are here the lost segment, and its fair the one whose list stands in its row."""
    organisation = load(small_export, time.monotonic)
    organisation.outbound_answers = Answers.REMOVED
    fair = {"listid": str(contact(100)), "listname": "Trade fair 2024", "type": False, "createdfromcode": 2}
    organisation.fill("list", [fair])
    link = {"id": str(contact(200)), "listid": fair["listid"], "contactid": str(contact(1))}
    organisation.fill("listmember", [link])
    with zipfile.ZipFile("exported.zip", "w") as rescued:
        rescued.writestr("Five people.csv", "contactid\n" + "".join(f"{contact(n)}\n" for n in range(5)))
    book = Workbook()
    for line in ("Kundennummer", *map(str, map(contact, range(4)))):
        book.worksheets[0].append([line])
    book.save("vip.xlsx")
    Path("opted-out.csv").write_text(f"contactid\n{contact(2)}\n")
    told = [
        line.replace('"VIP customers"', "Lost").replace('"Trade fair"', '"In its row" --replace')
        for line in steps("docs/members.md")
    ]
    assert len(told) == 7
    with running(organisation) as box:
        extract(box.address)
        seen = follow([f"{line} --yes" if "FILE" in line else line for line in told], box.address)
    assert "Nothing was imported" in seen[0][2]
    (run,) = Path("reports").iterdir()
    members = {one.name: (str(one.members.source), one.members.count) for one in Run(run).plan().segments}
    assert members["Five people"][1] == 5
    assert members["Lost"][1] == 4
    assert members["In its row"][1] == 1


def test_the_quick_start(follow: Follow, small_export: Path) -> None:
    organisation = load(small_export, time.monotonic)
    organisation.moment = organisation.computing = 0.01
    sandbox, *told = steps("docs/quick-start.md", "3. Try it yourself")
    assert sandbox == "migrator sandbox"
    with running(organisation) as box:
        seen = follow(told, box.address)
    assert "DRY RUN" in seen[0][2]
    assert len(organisation.rows["msdynmkt_segment"]) > 4  # the compound one, too
