"""Small faults in our own code: where they can be put, which are chosen, and the text of a module that has one."""

from __future__ import annotations

import ast
import difflib
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

ROOT = Path(__file__).parent.parent.parent
ROOMS = {
    "translator": ("migrator/translator/**/*.py",),
    "loader": ("migrator/loader/**/*.py",),
    "contracts": ("migrator/contracts/**/*.py",),
    "extractor": ("migrator/extractor/**/*.py",),
    "throttle": ("migrator/dataverse/throttle.py",),
}
"""What is looked at, by the names of its tests' folders."""

ELSEWHERE = {"older_child.py"}
"""Modules that run in a process of their own, where a fault could not be put."""

FEWEST = 20
"""Of each room, however small it is."""

KINDS = tuple(
    f"core/{kind}"
    for kind in (
        "AddNot",
        "ReplaceAndWithOr",
        "ReplaceOrWithAnd",
        "ReplaceTrueWithFalse",
        "ReplaceFalseWithTrue",
        "ReplaceUnaryOperator_Delete_Not",
        "ReplaceUnaryOperator_Delete_USub",
        "ReplaceBreakWithContinue",
        "ReplaceContinueWithBreak",
        "ExceptionReplacer",
        "NumberReplacer",
        "ZeroIterationForLoop",
        "ReplaceComparisonOperator_Lt_LtE",
        "ReplaceComparisonOperator_LtE_Lt",
        "ReplaceComparisonOperator_Gt_GtE",
        "ReplaceComparisonOperator_GtE_Gt",
        "ReplaceComparisonOperator_Eq_NotEq",
        "ReplaceComparisonOperator_NotEq_Eq",
        "ReplaceComparisonOperator_Is_IsNot",
        "ReplaceComparisonOperator_IsNot_Is",
        "ReplaceBinaryOperator_Add_Sub",
        "ReplaceBinaryOperator_Sub_Add",
        "ReplaceBinaryOperator_Mul_FloorDiv",
        "ReplaceBinaryOperator_Div_Mul",
        "ReplaceBinaryOperator_FloorDiv_Mul",
        "ReplaceBinaryOperator_Mod_Mul",
        "ReplaceBinaryOperator_BitAnd_BitOr",
    )
)
"""The kinds of change that a person could make: a condition turned round, a border moved by one, a loop left out.

Cosmic Ray knows many more. Those mostly raise an error at once, whatever the tests are worth (a list shifted left),
or change nothing (an enumeration's member compared by `==` rather than `is`); they would only polish the figure.
"""


@dataclass(frozen=True)
class Fault:
    """One change at one place.

    Args:
        file: Path below the root of the repository, with slashes.
        function: Dotted name of the function or class it stands in; "" is the module itself.
        operator: Cosmic Ray's name of the kind of change.
        occurrence: Which one of this kind in the file, from 0; what Cosmic Ray counts by.
        nth: Which one of this kind in the function, from 0; a name that holds when something else changes.
        line: Where it stands, from 1.
    """

    file: str
    function: str
    operator: str
    occurrence: int
    nth: int
    line: int

    @property
    def key(self) -> str:
        """A name that is the same for the same code, whatever changes around it."""
        return f"{self.file}::{self.function}::{self.operator.removeprefix('core/')}::{self.nth}"

    @property
    def module(self) -> str:
        """As it is imported."""
        return self.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def room(self) -> str:
        """The part of the product, by the name of its tests' folder."""
        return "throttle" if self.file.endswith("throttle.py") else self.file.split("/")[1]


def _functions(tree: ast.Module) -> dict[int, str]:
    """The function of every line; inner ones win."""
    lines: dict[int, str] = {}

    def walk(node: ast.AST, name: str) -> None:
        for inner in ast.iter_child_nodes(node):
            if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                dotted = f"{name}.{inner.name}".lstrip(".")
                lines.update(dict.fromkeys(range(inner.lineno, (inner.end_lineno or inner.lineno) + 1), dotted))
                walk(inner, dotted)
            else:
                walk(inner, name)

    walk(tree, "")
    return lines


def _without_meaning(tree: ast.Module) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Stretches of the source, as (line, column) from and to, where a change is none: types, and what never runs."""
    nodes: list[ast.AST | None] = []
    for node in ast.walk(tree):
        match node:
            case ast.arg() | ast.AnnAssign():
                nodes.append(node.annotation)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                nodes.append(node.returns)
            case ast.ClassDef():
                nodes.extend(node.decorator_list)  # slots and frozen: what is told to dataclass
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                nodes.append(node)
            case ast.Raise(exc=ast.Call(func=ast.Name(id="AssertionError"))):
                nodes.append(node)
            case _:
                pass
    return [
        ((one.lineno, one.col_offset), (one.end_lineno, one.end_col_offset))
        for one in nodes
        if isinstance(one, ast.expr | ast.stmt) and one.end_lineno is not None and one.end_col_offset is not None
    ]


def _no_code(tree: ast.Module, name: str) -> Callable[[tuple[int, int]], bool]:
    """Whether a kind of change at a place would give no code at all, which every test notices: `not` before a name
    that is given a value, and a star that multiplies nothing. Exceptions with dotted names Cosmic Ray cannot replace.
    """
    if name == "core/ExceptionReplacer":
        caught = [node.type for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
        each = [one for kind in caught for one in (kind.elts if isinstance(kind, ast.Tuple) else [kind])]
        return {(one.lineno, one.col_offset) for one in each if isinstance(one, ast.Attribute)}.__contains__
    if name == "core/AddNot":
        given = {(node.lineno, node.col_offset) for node in ast.walk(tree) if isinstance(node, ast.NamedExpr)}
        return given.__contains__
    if not name.startswith("core/ReplaceBinaryOperator"):
        return lambda _: False
    between = [
        ((node.left.end_lineno or 0, node.left.end_col_offset or 0), (node.right.lineno, node.right.col_offset))
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp)
    ]
    return lambda place: not any(start <= place < end for start, end in between)


def _positions(operator: Any, nodes: Sequence[Any]) -> Iterator[tuple[int, int]]:
    """Where the operator can change something, as (line, column), in the order that it counts in."""
    for node in nodes:
        try:
            found = list(operator.mutation_positions(node))
        except (AttributeError, IndexError):
            continue  # an `except` with a dotted name, which Cosmic Ray does not know
        yield from (start for start, _ in found)


def faults_of(file: str, source: str) -> list[Fault]:
    """Every fault that can be put into a module, in the order of its lines.

    Args:
        file: Path below the root, with slashes.
        source: Its text.
    """
    tree, nodes = ast.parse(source), list(ast_nodes(get_ast(source)))
    functions, without = _functions(tree), _without_meaning(tree)
    found: list[Fault] = []
    for name in KINDS:
        counted: dict[str, int] = {}
        impossible = _no_code(tree, name)
        for occurrence, place in enumerate(_positions(get_operator(name)(), nodes)):
            function = functions.get(place[0], "")
            nth = counted[function] = counted.get(function, -1) + 1
            if not impossible(place) and not any(start <= place < end for start, end in without):
                found.append(Fault(file, function, name, occurrence, nth, place[0]))
    return sorted(found, key=lambda fault: (fault.line, fault.key))


@cache
def source_of(file: str) -> str:
    """The text of a module.

    Args:
        file: Path below the root, with slashes.
    """
    return (ROOT / file).read_text(encoding="utf-8")


def broken(fault: Fault) -> str:
    """The text of the module with the fault in it; without an operator, the text as it is."""
    if not fault.operator:
        return source_of(fault.file)
    text = mutate_code(source_of(fault.file), get_operator(fault.operator)(), fault.occurrence)
    if text is None:
        raise ValueError(f"{fault.key} cannot be put in.")
    return str(text)


def difference(fault: Fault) -> str:
    """The lines that change, as `diff` writes them.

    Args:
        fault: What is put in.
    """
    lines = difflib.unified_diff(source_of(fault.file).splitlines(), broken(fault).splitlines(), n=0, lineterm="")
    return "\n".join(line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---"))


def every_fault() -> list[Fault]:
    """Of all rooms, in the order of their files."""
    found = {path for patterns in ROOMS.values() for pattern in patterns for path in ROOT.glob(pattern)}
    files = sorted(path for path in found if path.name not in ELSEWHERE)
    return [
        fault
        for path in files
        for fault in faults_of(path.relative_to(ROOT).as_posix(), source_of(path.relative_to(ROOT).as_posix()))
    ]


def chosen(faults: Sequence[Fault], number: int, seed: int) -> list[Fault]:
    """A sample that is spread over the rooms by their size, with one fault a line at most.

    The same seed gives the same faults, and nearly the same after a change elsewhere.

    Args:
        faults: What can be chosen.
        number: How many.
        seed: Of the dice.
    """

    def dice(fault: Fault) -> str:
        return hashlib.sha256(f"{seed} {fault.key}".encode()).hexdigest()

    lines: dict[tuple[str, int], Fault] = {}
    for fault in sorted(faults, key=dice):
        lines.setdefault((fault.file, fault.line), fault)
    rooms: dict[str, list[Fault]] = {}
    for fault in lines.values():
        rooms.setdefault(fault.room, []).append(fault)
    shares = {
        room: max(number * len(of_room) // len(lines), min(len(of_room), FEWEST * number // 400 or 1))
        for room, of_room in rooms.items()
    }
    taken = [fault for room, of_room in sorted(rooms.items()) for fault in of_room[: shares[room]]]
    left = [fault for room, of_room in rooms.items() for fault in of_room[shares[room] :]]
    return sorted((*taken, *sorted(left, key=dice)[: max(0, number - len(taken))]), key=dice)[:number]
