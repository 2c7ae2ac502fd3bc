"""Writes the parts of docs/ that the program itself knows: the commands and the findings. Run it with `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

from typer.testing import CliRunner

from migrator import findings
from migrator.cli import app
from migrator.findings import SEVERITIES, Severity

HERE = Path(__file__).resolve().parent
_EFFECT = {
    Severity.NOTE: "good to know; the segment is carried over as it is",
    Severity.CHANGE: "the segment is *adapted*: carried over with a named change",
    Severity.DECISION: "the segment is *flagged*: a person has to decide first",
    Severity.STOP: "the segment is *blocked*: it cannot be carried over",
}


def commands() -> str:
    """`docs/commands.md`: the help of every command."""
    names = [command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands]
    parts = ["# Commands\n\nWritten by `make docs` from the help of the program.\n", _help()]
    parts += [f"## migrator {name}\n\n{_help(name)}" for name in names]
    return "\n".join(parts)


def _help(*command: str) -> str:
    result = CliRunner().invoke(app, [*command, "--help"], prog_name="migrator", env={"COLUMNS": "110", "TERM": "dumb"})
    lines = [line.rstrip() for line in result.output.strip().splitlines()]
    return "```\n" + "\n".join(lines) + "\n```\n"


def catalogue() -> str:
    """`docs/findings.md`: every finding with its meaning."""
    lines = [
        "# Findings",
        "",
        "Written by `make docs` from `migrator/findings.py`. A code never changes its meaning. "
        "The heaviest finding of a segment decides its outcome.",
    ]
    for severity in SEVERITIES:
        lines += ["", f"## {severity}", "", f"{_EFFECT[severity].capitalize()}.", "", "| code | meaning |", "|---|---|"]
        found = sorted((code, meaning) for code, (kind, meaning) in findings.CATALOGUE.items() if kind is severity)
        lines += [f"| `{code}` | {' '.join(meaning.split())} |" for code, meaning in found]
    return "\n".join(lines) + "\n"


PAGES = {"commands.md": commands, "findings.md": catalogue}


def main() -> None:
    """Write the pages; with --check, say which ones are out of date instead."""
    stale = [name for name, page in PAGES.items() if not _is_current(name, page())]
    if "--check" in sys.argv:
        sys.exit(f"out of date: {', '.join(stale)}; run: make docs" if stale else 0)
    for name in stale:
        (HERE / name).write_text(PAGES[name](), encoding="utf-8")
        sys.stdout.write(f"written: docs/{name}\n")


def _is_current(name: str, text: str) -> bool:
    path = HERE / name
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    main()
