"""What pages tell people to type into PowerShell is PowerShell, as its grammar reads it; no machine of ours runs it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from migrator.mql import parse_outbound

ROOT = Path(__file__).parent.parent
WINDOWS = ROOT / "docs" / "windows.md"
PARSER = Parser(Language(tree_sitter_powershell.language()))


def nodes(text: str) -> Iterator[Node]:
    """Every node of what the grammar makes of a text."""
    waiting = [PARSER.parse(text.encode()).root_node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(node.children)


def slips(text: str) -> list[str]:
    return [str(node.text) for node in nodes(text) if node.type == "ERROR" or node.is_missing]


def blocks() -> list[str]:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    told = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    return re.findall(r"^```powershell\n(.*?)^```", told, re.MULTILINE | re.DOTALL)


def typed() -> list[str]:
    """What stands in the right column of the page's table."""
    (table,) = re.findall(
        r"^\| to do \| in PowerShell \|\n\|---\|---\|\n((?:\|.*\n)+)", WINDOWS.read_text("utf-8"), re.MULTILINE
    )
    cells = [re.split(r"(?<!\\)\|", line)[2] for line in table.splitlines()]
    found = [code.replace("\\|", "|") for cell in cells for code in re.findall(r"`([^`]+)`", cell)]
    return [code for code in found if code != "@"]


@pytest.mark.parametrize("text", [*blocks(), (ROOT / "release" / "migrator.ps1").read_text(encoding="utf-8")])
def test_a_block_is_powershell(text: str) -> None:
    assert slips(text) == []


@pytest.mark.parametrize("text", typed())
def test_what_is_told_to_be_typed_is_powershell(text: str) -> None:
    assert slips(text) == []


def test_the_grammar_notices_a_slip() -> None:
    assert len(blocks()) > 2
    assert len(typed()) > 8
    assert slips("if ($LASTEXITCODE -notin 0, 3) { exit $LASTEXITCODE")
    assert slips("migrator explain 'PROFILE(contact).FILTER(address1_city == 'Oslo')'")


def test_a_query_in_single_quotes_arrives_as_it_is() -> None:
    line = next(one for one in typed() if one.startswith("migrator explain 'PROFILE"))
    (query,) = [node.text for node in nodes(line) if node.type == "verbatim_string_characters"]
    assert query is not None
    parse_outbound(query.decode().removeprefix("'").removesuffix("'").replace("''", "'"))


def test_a_file_with_a_query_needs_its_quotes() -> None:
    line = next(one for one in typed() if "@query.txt" in one)
    assert '"@query.txt"' in line
    kinds = {node.type for node in nodes(line)}
    assert "expandable_string_literal" in kinds
    assert kinds != {node.type for node in nodes(line.replace('"', ""))}
