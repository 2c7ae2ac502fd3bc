"""`docs/refusals.md` and `docs/troubleshooting.md`: whatever ends a command stands there, and says what to do."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

import migrator.commands.doctor  # has an error of its own
import migrator.dataverse.errors
from migrator.base.errors import Exit, MigratorError

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
sys.path.append(str(DOCS))

import refusals  # noqa: E402

PASSED_ON = {
    "api.py": ["[*refused, 'Nothing was recorded.']"],
    "commands/imports.py": ["[*lines, 'None of", "problems"],
    "commands/prepare.py": ["why"],
    "extractor/imports.py": ["problems"],
    "extractor/organisation.py": ["why"],
    "dataverse/identity.py": ["self._unreachable"],
    "dataverse/client.py": ["self.url"],
    "dataverse/connect.py": ["client.url"],
}
"""Errors made of sentences that stand elsewhere: in other errors, or in a function (those are on the page, too)."""
PUT_IN = ("cure", "first", "lines", "lost", "refused", "there")
"""What is put into a sentence and says what to do: other sentences."""
DOES = re.compile(
    r"\b(add|ask|change|check|choose|close|compare|copy|decide|delete|download|export|extract|give|go on|install|"
    r"leave|load|look|make|mend|move|name|open|repeat|report|save|say|see|set|sign in|split|start|take|"
    r"translate|unpack|use|verify|wait|write)\b|"
    r"\b(has to|correct|rename|predict|it is one of)\b|\b(such as|looks like|takes|with: migrator)\b",
    re.IGNORECASE,
)


def page() -> str:
    return " ".join(unescape((DOCS / "refusals.md").read_text(encoding="utf-8")).split())


def of_ours(kind: type[MigratorError] = MigratorError) -> Iterator[type[MigratorError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from of_ours(below)


def made() -> Iterator[tuple[str, str, ast.Call]]:
    """Every place that makes one of our errors: file, error, call."""
    names = {kind.__name__ for kind in of_ours()}
    for path in sorted((ROOT / "migrator").rglob("*.py")):
        room = path.relative_to(ROOT / "migrator").as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
            if name in names and not room.startswith("sandbox/"):
                assert isinstance(node, ast.Call)
                yield room, name, node


def fixed(told: ast.expr) -> list[str]:
    """What a sentence says whatever is put in, a piece each."""
    parts = told.values if isinstance(told, ast.JoinedStr) else ast.walk(told)
    texts = [one.value for one in parts if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return [piece for text in texts if len((piece := " ".join(text.split())).split()) > 1]


def test_every_place_that_ends_a_command_is_on_the_page() -> None:
    shown = page().replace("'", "`")
    answered = {kind.__name__ for kind in refusals._ANSWERED}
    checked = 0
    for room, name, call in made():
        if name in answered or not call.args:
            continue  # a row of the table of answers, or a sentence of its own class
        told = call.args[0]
        where = (room, name, ast.unparse(told))
        pieces = fixed(told)
        named = [told.body, told.orelse] if isinstance(told, ast.IfExp) else [told]
        pieces += [refusals._constants()[one.id] for one in named if isinstance(one, ast.Name) and one.id.isupper()]
        if any(told_elsewhere in where[2] for told_elsewhere in PASSED_ON.get(room, ())):
            continue
        assert pieces, where
        for piece in pieces:
            assert piece.replace("'", "`") in shown, where
        checked += 1
    assert checked > 150


def test_every_class_of_refusal_has_a_cure() -> None:
    classes = {kind for kind in of_ours() if issubclass(kind, migrator.dataverse.errors.Refused)}
    assert classes == set(refusals._ANSWERED)


def sentences() -> list[str]:
    """Every line of the page with an exit code, but for the one after somebody has said no."""
    lines = (DOCS / "refusals.md").read_text(encoding="utf-8").splitlines()
    return [unescape(line) for line in lines if re.match(r"\| \d+ \|", line) and line != "| 2 | Nothing was changed. |"]


@pytest.mark.parametrize("told", sentences())
def test_each_says_what_to_do(told: str) -> None:
    put_in = re.findall("‹(.*?)›", told)
    assert DOES.search(re.sub("‹.*?›", "", told)) or set(put_in) & set(PUT_IN), told


def test_troubleshooting_tells_every_exit_code_with_what_to_do() -> None:
    text = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\d+) \|[^|]+\| ([^|]+) \|$", text, re.MULTILINE))
    assert set(rows) == {str(int(code)) for code in Exit}
    assert all(rows.values())


def test_no_sentence_is_on_the_page_with_a_code_that_does_not_exist() -> None:
    assert {int(line.split()[1]) for line in sentences()} <= {int(code) for code in Exit} - {0}
