"""The rules of the house: which room may look at which, and what stands in one place only."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from migrator.product import codes, findings

PACKAGE = Path(__file__).parent.parent / "migrator"
FILES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """The file below the package, as `room/file`."""
    return path.relative_to(PACKAGE).as_posix()


def test_the_rules_of_imports_are_kept() -> None:
    """Layers, independence of the stages, the pure translator, the stranger: see `tool.importlinter`."""
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    assert "0 broken" in done.stdout


def test_the_root_is_no_corridor() -> None:
    assert len([path for path in PACKAGE.iterdir() if path.is_file()]) <= 5


def test_help_waits_for_no_heavy_library() -> None:
    """The front door opens at once: what a command needs is imported when it is called."""
    heavy = "'numpy', 'pandas', 'lark', 'httpx', 'msal', 'duckdb', 'pyarrow', 'jinja2', 'pydantic', 'sqlite3'"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, migrator.cli.app; print(sorted({{{heavy}}} & set(sys.modules)))"],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_the_translator_knows_no_world() -> None:
    for path in (PACKAGE / "translator").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"uuid4|\bopen\(", text), path


def test_numbers_of_the_product_stand_once() -> None:
    option_sets = re.compile(r"\b(19235\d{4}|72327\d{4}|27010\d{4}|53412\d{4}|200_?000|13_?000)\b")
    for path in FILES:
        if room(path) != "product/codes.py":
            code = "\n".join(
                line.split("#")[0] for line in path.read_text(encoding="utf-8").splitlines() if '"""' not in line
            )
            assert not option_sets.search(code), path


def test_codes_of_findings_stand_in_the_catalogue_alone() -> None:
    for path in FILES:
        if not room(path).startswith("product/findings/"):
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


def test_a_file_can_be_read_at_one_sitting() -> None:
    """Whoever asks where something happens looks at names of files; a long one tells two stories."""
    for path in FILES:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 620, path


def _public(node: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for inner in node.body:
        if isinstance(inner, ast.ClassDef) and not inner.name.startswith("_"):
            yield from _public(inner)
        elif isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and not inner.name.startswith("_"):
            yield inner


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    all_of = function.args
    stars = [one for one in (all_of.vararg, all_of.kwarg) if one]
    every = (*all_of.posonlyargs, *all_of.args, *stars, *all_of.kwonlyargs)
    return [one.arg for one in every if one.arg not in ("self", "cls")]


def test_docstrings_say_what_each_argument_is() -> None:
    """Of public functions with three parameters or more; the help of commands and the catalogue have other forms."""
    checked = 0
    for path in FILES:
        for function in _public(ast.parse(path.read_text(encoding="utf-8"))):
            if any(ast.unparse(one).startswith(("takes(", "finding(")) for one in function.decorator_list):
                continue
            section = re.search(r"Args:\n((?:    .*\n|\n)+)", f"{ast.get_docstring(function) or ''}\n")
            lines = re.findall(r"^    ([\w, *]+): \S", section[1], re.MULTILINE) if section else []
            told = [name.strip(" *") for line in lines for name in line.split(",")]
            where = f"{room(path)}: {function.name}"
            if len(_parameters(function)) >= 3 or section:
                assert sorted(told) == sorted(_parameters(function)), where
                checked += 1
    assert checked > 100


def test_stages_call_columns_by_their_python_names() -> None:
    """Names of the Web API stand where requests and payloads are made, not where decisions are taken."""
    for part in ("loader", "report", "cli"):
        for path in (PACKAGE / part).rglob("*.py"):
            assert not re.search(r"[\"'](msdynmkt|msdyncrm)_", path.read_text(encoding="utf-8")), path
