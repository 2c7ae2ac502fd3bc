"""`docs/refusals.md`: every sentence that ends a command, read out of the source where it is raised.

A sentence says itself what happened and what to do; what is put into it stands here as ‹name›.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
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
    "base": "What was typed",
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
_ANSWERED = {
    of_dataverse.Refused: (
        "‹request› was refused with ‹status› ‹code›: ‹reason›",
        "The reason is the organisation's own. Repeat the command with `--debug` behind `migrator` for all of its "
        "words; its support finds the request by the request id that is named.",
    ),
    of_dataverse.Forbidden: (
        "‹request› was refused with 403 ‹code›: ‹reason›. The account needs a role that may read and write segments "
        "and contacts.",
        "Add the privilege that is named to a role of the account: [privileges](security.md#privileges). "
        "`migrator doctor` lists all that is missing.",
    ),
    of_dataverse.NotAdmitted: (
        "the same with a cure of its own",
        "See [Not let in by the organisation](#not-let-in-by-the-organisation).",
    ),
    of_dataverse.NotFound: (
        "‹request› was refused with 404 ‹code›: ‹reason›",
        "A record was deleted meanwhile: repeat the command. A table is missing: `migrator doctor` says which.",
    ),
    of_dataverse.ActionMissing: (
        "‹request› was refused with 404 ‹code›: ‹reason›",
        "The organisation lacks this service. If it is outbound's, take the members from files: "
        "[members](members.md). Else install Customer Insights - Journeys.",
    ),
    of_dataverse.DuplicateKey: (
        "‹request› was refused with ‹status› ‹code›: ‹reason›",
        "Repeat the command: what is there already is found.",
    ),
    of_dataverse.Throttled: (
        "‹request› was refused with 429 ‹code›: ‹reason›",
        "Repeat the command later, or with a smaller `--parallel`.",
    ),
    of_dataverse.ServerFault: (
        "‹request› was refused with ‹status› ‹code›: ‹reason›",
        "Several tries were made. Repeat the command later; if it stays so, name the request id to the "
        "organisation's support.",
    ),
    of_dataverse.Unsettled: (
        "nobody knows what became of ‹request› (‹status› ‹code› ‹reason›)",
        "Repeat the command: it looks at what is there before it sends anything again.",
    ),
    of_dataverse.UnexpectedAnswer: (
        "‹request› was answered with ‹status›, but ‹reason›",
        "The service answers in a way that [no document describes](assumptions.md). Repeat the command; if it stays "
        "so, report what the sentence shows.",
    ),
}
"""What the organisation refused: class → how it is said, what to do. A class that is missing here ends `make docs`."""
_SAYS = ("| exit code | it says |", "|---|---|")


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
    for title in dict.fromkeys(_ROOMS.values()):
        rooms = [room for room, its in _ROOMS.items() if its == title]
        found = dict.fromkeys(entry for room in rooms for path in _files(room) for entry in _raised(path))
        if found:
            lines += ["", f"## {title}", "", *_SAYS]
            lines += [f"| {int(code)} | {cell(text)} |" for code, text in found]
        if title == "What was typed":
            lines += [
                "",
                "An option that a command does not have, or a word that is missing, is answered with 2 and the",
            ]
            lines += ["usage of the command; `--help` behind it says all it takes."]
    lines += ["", "## Ended from outside", "", *_SAYS]
    lines += [f"| {int(code)} | {cell(text)} |" for code, text in dict.fromkeys(_ended(PACKAGE / "cli" / "app.py"))]
    lines += ["", "## Refused by the organisation", ""]
    lines += ["Where such an answer is about one segment, the segment has failed and the others go on.", ""]
    lines += ["| exit code | it says | what to do |", "|---|---|---|"]
    lines += [f"| {int(kind.exit_code)} | {cell(_ANSWERED[kind][0])} | {_ANSWERED[kind][1]} |" for kind in _refusals()]
    lines += ["", "## Not let in by the organisation", "", "| the organisation says | what to do |", "|---|---|"]
    lines += [f"| {cell(code or wording)} | {cell(cure)} |" for code, wording, cure in NotAdmitted._CURES]
    lines += ["", "## Not signed in", "", "| the identity platform says | it means | what to do |", "|---|---|---|"]
    lines += [f"| AADSTS{code} | {cell(what)} | {cell(cure)} |" for code, (what, cure) in sorted(CURES.items())]
    return "\n".join(lines) + "\n"


def _files(room: str) -> list[Path]:
    return [PACKAGE / f"{room}.py"] if (PACKAGE / f"{room}.py").is_file() else sorted((PACKAGE / room).rglob("*.py"))


def _refusals() -> Iterator[type[of_dataverse.Refused]]:
    """What an organisation may refuse, every class of it."""
    yield from (kind for kind in _ENDS.values() if issubclass(kind, of_dataverse.Refused))


def _raised(path: Path) -> Iterator[tuple[Exit, str]]:
    """Each sentence of ours that a file ends a command with."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    around = {
        inner: function
        for function in ast.walk(tree)  # the outer ones come first
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(function)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[told, *_]) if name in _ENDS:
                kind = _ENDS[name]
                found = _said(told, [around.get(node, tree), *tree.body])
            case ast.ClassDef(name=name) if name in _ENDS:
                kind = _ENDS[name]
                found = [sentence(call.args[0]) for call in _inits(node)]
            case _:
                continue
        for text in found:
            plain = " ".join(text.split())
            words = re.findall(r"[A-Za-z]{2,}", re.sub("‹.*?›", "", plain))
            if len(words) > 2 and kind is not errors.Interrupted and not issubclass(kind, of_dataverse.Refused):
                yield kind.exit_code, plain


def _said(told: ast.expr, places: list[ast.stmt | ast.Module]) -> list[str]:
    """What an error is made with: a sentence, a constant, or what a function of ours gives, one for each way out.

    Args:
        told: the first argument of the error.
        places: where a name may have got its value: the function around it, and the statements of its file.
    """
    match told:
        case ast.IfExp(body=body, orelse=other):
            return [*_said(body, places), *_said(other, places)]
        case ast.Name(id=name) if name in _constants():
            return [_constants()[name]]
        case ast.Name(id=name):
            near, *top = places
            values = [one.value for one in ast.walk(near) if isinstance(one, ast.NamedExpr) and one.target.id == name]
            values += [
                one.value
                for one in (*ast.walk(near), *top)
                if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == name
            ]
            return [text for value in values for text in _said(value, top)] or [sentence(told)]
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _functions():
            return [sentence(one) for one in _functions()[name]]
        case _:
            return [sentence(told)]


@cache
def _functions() -> Mapping[str, list[ast.expr]]:
    """Functions that give a text: what they return, as far as it is a sentence."""
    found: dict[str, list[ast.expr]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.returns and ast.unparse(node.returns) == "str":
                gives = [one.value for one in ast.walk(node) if isinstance(one, ast.Return) and one.value]
                found.setdefault(node.name, []).extend(one for one in gives if sentence(one).count(" ") > 5)
    return {name: gives for name, gives in found.items() if gives}


@cache
def _constants() -> Mapping[str, str]:
    """Sentences that have a name, which is that of one sentence only."""
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))) if " " in text:
                    found.setdefault(name, set()).add(text)
    return {name: next(iter(texts)) for name, texts in found.items() if len(texts) == 1}


def _inits(node: ast.ClassDef) -> Iterator[ast.Call]:
    """Where an error composes its own sentence: `super().__init__("…")`."""
    for one in ast.walk(node):
        match one:
            case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__"), args=[_]):
                yield one


def _ended(path: Path) -> Iterator[tuple[Exit, str]]:
    """The endings of the program itself: each is a sentence beside its exit code, or one of the two for Ctrl-C."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        match node:
            case (
                ast.Tuple(elts=[told, ast.Attribute(value=ast.Name(id="Exit"), attr=code)])
                | ast.Call(func=ast.Name(id="_end"), args=[told, ast.Attribute(value=ast.Name(id="Exit"), attr=code)])
            ) if isinstance(told, ast.Constant | ast.JoinedStr):
                yield Exit[code], " ".join(sentence(told).split())
            case ast.Assign(targets=[ast.Name(id="_REPEATED" | "_RESUMED")], value=told):
                yield Exit.INTERRUPTED, sentence(told)


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
        case ast.FormattedValue(value=ast.Name(id=name)) if name in _constants():
            return _constants()[name]
        case ast.FormattedValue(
            value=ast.Call(func=ast.Name(id="so_many"), args=[_, ast.Constant(value=one), *several])
        ):
            return f"‹number› {sentence(several[0]) if several else f'{one}[s]'}"
        case ast.FormattedValue(value=value):
            return f"‹{_name(value)}›"
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return sentence(left) + sentence(right)
        case ast.IfExp(body=body, orelse=other):
            return f"{sentence(body)} / {sentence(other)}"
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str())), args=[ast.List(elts=parts)]):
            return " ".join(map(sentence, parts))
        case _:
            return f"‹{_name(node)}›"


def _name(node: ast.expr) -> str:
    """A word for what is put in: the last name of the expression."""
    match node:
        case ast.Starred(value=value):
            return _name(value)
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
