"""`docs/refusals.md`: every sentence that ends a command, read out of the source where it is raised.

A sentence says itself what happened and what to do; what is put into it stands here as ‹name›.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

from migrator.base import errors
from migrator.base.errors import Exit, MigratorError
from migrator.commands.doctor import NotReady
from migrator.dataverse import errors as of_dataverse
from migrator.dataverse.errors import NotAdmitted
from migrator.dataverse.refused_sign_in import CURES

PACKAGE = Path(__file__).resolve().parent.parent / "migrator"
_ROOMS = {
    "cli": "What was typed",
    "commands": "Commands and settings",
    "api": "From Python",
    "contracts": "Exports, plans and runs",
    "extractor": "Extracting and importing",
    "translator": "Translating",
    "loader": "Loading",
    "report": "The report",
    "reach": "Reach",
    "dataverse": "The organisation",
    "evaluator": "Predicting",
}
_ENDS = {
    name: kind
    for module in (errors, of_dataverse)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, MigratorError)
} | {"NotReady": NotReady}


def page() -> str:
    """The page."""
    lines = [
        "# Refusals",
        "",
        "Written by `make docs` from the source: every sentence that ends a command before it has done what was asked,",
        "with what to do in the sentence itself. What stands in ‹brackets› is put in when it is said. What the exit",
        "codes mean is in [troubleshooting](troubleshooting.md); what is said of one segment is in",
        "[findings](findings.md).",
    ]
    for room, title in _ROOMS.items():
        found = dict.fromkeys(entry for path in _files(room) for entry in _raised(path))
        if found:
            lines += ["", f"## {title}", "", "| exit code | it says |", "|---|---|"]
            lines += [f"| {int(code)} | {cell(text)} |" for code, text in found]
    lines += ["", "## Not let in by the organisation", "", "| the organisation says | what to do |", "|---|---|"]
    lines += [f"| {cell(code or wording)} | {cell(cure)} |" for code, wording, cure in NotAdmitted._CURES]
    lines += ["", "## Not signed in", "", "| the identity platform says | it means | what to do |", "|---|---|---|"]
    lines += [f"| AADSTS{code} | {cell(what)} | {cell(cure)} |" for code, (what, cure) in sorted(CURES.items())]
    return "\n".join(lines) + "\n"


def _files(room: str) -> list[Path]:
    return [PACKAGE / f"{room}.py"] if (PACKAGE / f"{room}.py").is_file() else sorted((PACKAGE / room).rglob("*.py"))


def _raised(path: Path) -> Iterator[tuple[Exit, str]]:
    """Each error of ours that is made in a file with a sentence of its own."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _ENDS and node.args:
            kind = _ENDS[node.func.id]
            told = node.args[0]
            if isinstance(told, ast.Name):
                told = constants.get(told.id, told)
            text = " ".join(sentence(told).split())
            if re.search(r"[a-z]{3,} [a-z]", text) and not issubclass(kind, of_dataverse.Refused):
                yield kind.exit_code, text


def sentence(node: ast.expr) -> str:
    """The text that an expression makes, as far as the source tells it."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(sentence(part) for part in parts)
        case ast.FormattedValue(value=ast.IfExp(body=body, orelse=other)):
            first, second = sentence(body), sentence(other)
            return f"[{first or second}]" if not (first and second) else f"{first} / {second}"
        case ast.FormattedValue(value=ast.Constant(value=str(text))):
            return text
        case ast.FormattedValue(value=value):
            return f"‹{_name(value)}›"
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return sentence(left) + sentence(right)
        case ast.IfExp(body=body, orelse=other):
            return f"{sentence(body)} / {sentence(other)}"
        case _:
            return f"‹{_name(node)}›"


def _name(node: ast.expr) -> str:
    """A word for what is put in: the last name of the expression."""
    match node:
        case ast.Name(id=name):
            return name.replace("_", " ").strip()
        case ast.Attribute(attr=name):
            return name.replace("_", " ").strip()
        case ast.Subscript(value=value):
            return _name(value)
        case ast.Call(func=ast.Attribute(value=ast.Constant()), args=[first, *_]):
            return _name(first)
        case ast.Call(func=ast.Name(id="len")):
            return "number"
        case ast.Call(args=[first, *_]):
            return _name(first)
        case ast.Call(func=function):
            return _name(function)
        case ast.BoolOp(values=[first, *_]):
            return _name(first)
        case ast.GeneratorExp(generators=[first, *_]) | ast.ListComp(generators=[first, *_]):
            return _name(first.iter)
        case _:
            return "…"


def cell(text: str) -> str:
    """A text that means nothing to Markdown."""
    return (
        escape(text, quote=False).replace("|", "&#124;").replace("*", "&#42;").replace("_", "&#95;").replace("`", "'")
    )
