"""What a run leaves behind is what its pages describe: each file and field, both ways, and for its owner alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from migrator import api
from migrator.contracts.choices import Doubt
from migrator.contracts.history import Deed
from migrator.contracts.journal import LoadState
from migrator.contracts.members import MemberSource
from migrator.contracts.payload import PayloadKind
from migrator.contracts.plan import Outcome
from migrator.contracts.predictions import (
    Against,
    Basis,
    Evidence,
    Loss,
    Overlap,
    PeoplePredicted,
    Prediction,
    Predictions,
    Reason,
    Verdict,
)
from migrator.contracts.predictions import Kind as Overlapping
from migrator.contracts.run_folder import RunState
from migrator.contracts.usage import Life, Use
from migrator.contracts.verification import Match, Verification, Verified
from migrator.product.findings.catalogue import Severity
from migrator.sandbox.server import Running
from tests.conftest import CONTOSO

DOCS = CONTOSO.parent.parent / "docs"
pytestmark = pytest.mark.slow

NAMED_BY_DATA = (
    "definition",
    "segment",
    "files",
    "members",
    "tables",
    "selection",
    "choices",
    "task",
    "decisions",
    "predicted",
)
"""What stands below these has names of the data, of the product or of settings."""


def text(page: str, part: str = "") -> str:
    """A page, or the part below one of its headings."""
    whole = (DOCS / page).read_text(encoding="utf-8")
    if part:
        assert f"\n## {part}\n" in whole
        whole = whole.partition(f"\n## {part}\n")[2].partition("\n## ")[0]
    return whole


def named(told: str) -> set[str]:
    """The words that stand as code in a text."""
    return {word for code in re.findall(r"`([^`\n]+)`", told) for word in re.findall(r"\w+", code)}


def keys(content: Any) -> Iterator[str]:
    """The fields of a file, however deep, but for what is named by data."""
    match content:
        case dict():
            for key, value in content.items():
                if not re.fullmatch(r"[0-9a-f]{8}-[0-9a-f-]{27}", key):
                    yield key
                if key not in NAMED_BY_DATA or isinstance(value, list):
                    yield from keys(value)
        case list():
            for value in content:
                yield from keys(value)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs go into the current folder, which is not to be the checkout."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(sandbox: Running) -> api.Run:
    """A run that went the whole way."""
    made = api.translate(api.extract(sandbox.address, with_tables=True))
    api.predict(made)
    compound = next(one for one in made.plan().segments if one.alternatives)
    api.approve(made, str(next(iter(compound.alternatives))), segments=[str(compound.legacy_id)])
    api.load(made, sandbox.address)
    api.write_report(made, "html", "xlsx", "csv", "json", "md")
    return made


def test_a_run_leaves_what_is_described_and_for_its_owner_alone(run: api.Run) -> None:
    pages = {
        "run.json": text("run-folder.md", "run.json"),
        "plan.json": text("plan-format.md") + text("export-format.md", "manifest.json"),
        "decisions.json": text("run-folder.md") + text("plan-format.md"),
        "predictions.json": text("predict.md", "predictions.json"),
        "verification-001.json": text("run-folder.md", "verification-*.json"),
        "export/manifest.json": text("export-format.md", "manifest.json"),
        "export/usage.json": text("export-format.md", "usage.json"),
        "export/twins.json": text("export-format.md", "twins.json"),
    }
    for name, told in pages.items():
        found = set(keys(json.loads((run.path / name).read_text(encoding="utf-8"))))
        assert found, name
        usual = {"format", "tool_version", "legacy_id", "id", "name"}
        assert found - named(told) - usual == set(), name
    listed = text("run-folder.md") + text("export-format.md")
    for path in [run.path, *run.path.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path
        if path.parent == run.path:
            assert f"`{path.name}`" in listed or f"`{path.name}/`" in listed, path


def test_what_is_described_is_a_field_of_the_file() -> None:
    def first_column(told: str) -> set[str]:
        return {
            word for cell in re.findall(r"^\| (`[^|]+) \|", told, re.MULTILINE) for word in re.findall(r"`(\w+)`", cell)
        }

    described = first_column(text("run-folder.md", "run.json"))
    assert described == {one.name for one in fields(RunState)}
    described = first_column(text("predict.md", "predictions.json"))
    assert described == {one.name for one in fields(Predictions)} | {"format", "tool_version"}
    row = next(line for line in text("predict.md", "predictions.json").splitlines() if line.startswith("| `people`"))
    assert {one.name for one in fields(PeoplePredicted)} <= named(row)
    row = next(line for line in text("predict.md", "predictions.json").splitlines() if line.startswith("| `segments`"))
    assert {one.name for cls in (Prediction, Evidence) for one in fields(cls)} <= named(row)
    row = next(line for line in text("predict.md", "predictions.json").splitlines() if line.startswith("| `overlaps`"))
    assert {one.name for one in fields(Overlap)} <= named(row)
    look = named(text("run-folder.md", "verification-*.json"))
    assert {one.name for cls in (Verification, Verified) for one in fields(cls)} - {"format"} <= look


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("predict.md", [*Verdict, *Reason, *Loss, *Overlapping, *Basis, *Against]),
        ("plan-format.md", [*Outcome, *Severity, *Use, *PayloadKind]),
        ("export-format.md", [*MemberSource, *Doubt, *Life]),
        ("run-folder.md", [*Match, *LoadState, *Deed]),
    ],
)
def test_every_word_that_a_file_may_hold_is_told(page: str, words: list[StrEnum]) -> None:
    told = {code for cell in re.findall(r"`([^`\n]+)`", text(page)) for code in (cell, *cell.split("|"))}
    told |= {one for shown in re.findall(r'"([a-z|]+)"', text(page)) for one in shown.split("|")}
    assert {str(word) for word in words} - told == set()


def test_the_example_of_the_page_about_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (script,) = re.findall(r"^```python\n(from migrator.*?)^```", text("python.md"), re.MULTILINE | re.DOTALL)
    with api.practice_organisation() as address:
        seen: dict[str, Any] = {}
        exec(script.replace("https://contoso.crm4.dynamics.com", address), seen)
    assert "segments and" in capsys.readouterr().out
    standing = seen["standing"]
    assert {name for name, one in zip(standing.name, standing.outcome, strict=True) if one != "skipped"} == {
        "Newsletter subscribers", "Newsletter without VIPs",
    }  # fmt: skip
    assert (seen["run"].path / "report.xlsx").stat().st_size > 0
