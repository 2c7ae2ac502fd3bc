"""The rules of the house: which floor may look at which, and what stands in one place only."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from migrator import codes, findings

PACKAGE = Path(__file__).parent.parent / "migrator"
FILES = sorted(PACKAGE.rglob("*.py"))

FLOORS = {
    "cli": 7,
    "__main__": 8,
    "practice": 6,
    "options": 6,
    "terminal": 6,
    "run": 5,
    "explain": 5,
    "aftercare": 6,
    "exports": 6,
    "runfolder": 4,
    "extractor": 3,
    "translator": 3,
    "loader": 3,
    "report": 3,
    "dataverse": 2,
    "evaluator": 2,
    "mql": 1,
    "settings": 1,
    "decisions": 2,
    "selection": 1,
    "progress": 1,
    "model": 1,
    "side_by_side": 0,
    "ids": 0,
    "stopping": 0,
    "errors": 0,
    "findings": 0,
    "safe_text": 0,
    "atomic": 0,
    "resources": 0,
    "codes": 0,
    "__init__": 0,
}
"""Room → floor. Imports point down, or stay on the floor where two rooms are no stages."""
STAGES = {"extractor", "translator", "loader", "report"}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """The rooms that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "migrator":
            parts = node.module.split(".")[1:] or [alias.name for alias in node.names]
            found |= {parts[0]} if len(node.module.split(".")) > 1 else set(parts)
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("migrator.")}
    return {name if name != "__version__" else "__init__" for name in found}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    here = room(path)
    for there in imports(path) - {here}:
        if here == "sandbox":
            assert there in ("codes", "mql", "evaluator"), f"the sandbox is a stranger, but it imports {there}"
        elif there == "sandbox":
            assert here == "practice", f"{here} knows that there is a sandbox"
        else:
            assert FLOORS[there] <= FLOORS[here], f"{here} looks up to {there}"
            assert not (here in STAGES and there in STAGES), f"the stages {here} and {there} meet in files only"


def test_the_translator_knows_no_world() -> None:
    for path in (PACKAGE / "translator").glob("*.py"):
        if path.name == "plan.py":
            continue  # reads and writes the plan's files
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"import (os|time|random|datetime|socket|httpx|secrets)\b|uuid4|open\(", text), path


def test_only_dataverse_speaks_http() -> None:
    for path in FILES:
        if room(path) not in ("dataverse", "sandbox"):
            assert "httpx" not in path.read_text(encoding="utf-8"), path


def test_numbers_of_the_product_stand_once() -> None:
    option_sets = re.compile(r"\b(19235\d{4}|72327\d{4}|27010\d{4}|200_?000|13_?000)\b")
    for path in FILES:
        if room(path) != "codes":
            code = "\n".join(
                line.split("#")[0] for line in path.read_text(encoding="utf-8").splitlines() if '"""' not in line
            )
            assert not option_sets.search(code), path


def test_codes_of_findings_stand_in_the_catalogue_alone() -> None:
    for path in FILES:
        if room(path) != "findings":
            text = path.read_text(encoding="utf-8")
            for code in findings.CATALOGUE:
                assert f'"{code}"' not in text, (path, code)


def test_every_finding_has_meaning_sentence_and_advice() -> None:
    assert len(findings.CATALOGUE) > 25
    for code, (_, meaning) in findings.CATALOGUE.items():
        assert re.fullmatch(r"[a-z-]+", code)
        assert meaning.endswith(".")


def test_labels_never_fail() -> None:
    assert codes.label(192350003, codes.LegacyStatus) == "Live editable"
    assert codes.label(4711, codes.LegacyStatus) == "unknown (4711)"
    assert codes.label(None, codes.LegacyStatus) == "none"
