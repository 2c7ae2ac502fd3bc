"""What goes along with a release: completion files, a manual page, the list of what it is built from, its notes.

`make docs` writes the first two beside this file, from the commands themselves; they are part of the wheel, so that an
installation puts them where shells and `man` look. `make release` writes the other two to dist/.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import typer.main
from typer._completion_shared import get_completion_script
from typer.core import TyperArgument, TyperGroup, TyperOption

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from migrator import __version__  # noqa: E402
from migrator.base.errors import Exit  # noqa: E402
from migrator.cli.app import app  # noqa: E402
from migrator.commands.settings import FIELDS, option_of  # noqa: E402

COMPLETIONS = {"bash": "migrator.bash", "zsh": "_migrator", "fish": "migrator.fish", "powershell": "migrator.ps1"}
_EXITS = {
    Exit.DONE: "Everything that was asked for is done and verified.",
    Exit.USAGE: "Wrong usage, unreadable input, a filter that nothing passes, or a question answered with no.",
    Exit.WAITING: "Done, but something waits for a person.",
    Exit.FAILED: "Something failed and can be repeated.",
    Exit.REFUSED: "The organisation could not be reached, refused us, or is not ready.",
    Exit.INTERRUPTED: "Ctrl-C; go on with: migrator run --resume",
}


# --- beside the commands ---------------------------------------------------------------------------------------------


def completion(shell: str) -> str:
    """What a shell reads to complete the words of a command.

    Args:
        shell: bash, zsh, fish or powershell.
    """
    return get_completion_script(prog_name="migrator", complete_var="_MIGRATOR_COMPLETE", shell=shell).strip() + "\n"


def manual() -> str:
    """`migrator.1`: the help of every command, as `man` shows it."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)  # noqa: S101 - several commands make a group
    lines = [
        f'.TH MIGRATOR 1 "" "migrator {__version__}" "User Commands"',
        ".SH NAME",
        r"migrator \- moves marketing segments from outbound marketing to real\-time journeys",
        ".SH SYNOPSIS",
        r".B migrator",
        r"\fICOMMAND\fR [\fIOPTION\fR]... [\fIARGUMENT\fR]...",
        ".SH DESCRIPTION",
        _escaped(group.help or ""),
        ".SH COMMANDS",
    ]
    for name, command in group.commands.items():
        arguments = [one for one in command.params if isinstance(one, TyperArgument)]
        shown = " ".join(_metavar(one) for one in arguments)
        lines += [f".SS migrator {_escaped(name)} {shown}".rstrip(), _escaped(command.help or "")]
        for one in command.params:
            if isinstance(one, TyperOption) and not one.hidden:
                value = "" if one.is_flag else f" \\fI{_escaped(one.metavar or (one.name or '').upper())}\\fR"
                lines += [".TP", f"\\fB{_escaped(', '.join(one.opts))}\\fR{value}", _escaped(one.help or "")]
        if command.epilog:
            lines += [".PP", _escaped(command.epilog)]
    lines.append(".SH EXIT STATUS")
    for code, meaning in _EXITS.items():
        lines += [".TP", f".B {int(code)}", _escaped(meaning)]
    lines.append(".SH ENVIRONMENT")
    for name in FIELDS:
        if not option_of(name).hidden:
            lines += [".TP", f".B MIGRATOR_{name.upper()}", _escaped(option_of(name).help)]
    lines += [
        ".TP", ".B AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, AZURE_TENANT_ID", "The application that signs in.",
        ".SH FILES",
        ".TP", ".B migrator.toml", "Settings, in the current folder or in the user's configuration folder.",
        ".TP", ".B reports/", "A folder for every run: export, plan, journal, verification, report and log.",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _metavar(one: TyperArgument | TyperOption) -> str:
    return _escaped(one.metavar or (one.name or "").upper())


def _escaped(text: str) -> str:
    plain = " ".join(text.split()).replace("\\", r"\e").replace("-", r"\-")
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain


FILES: Mapping[str, Callable[[], str]] = {"migrator.1": manual} | {
    name: partial(completion, shell) for shell, name in COMPLETIONS.items()
}
"""Name of a file beside this one → what stands in it."""


# --- beside a release ------------------------------------------------------------------------------------------------


def bill_of_materials(lock: str) -> dict[str, Any]:
    """Everything that the tool is built from, as CycloneDX: names, versions and checksums of the run-time lock.

    Args:
        lock: the text of requirements.lock.
    """
    components = []
    for name, version, rest in re.findall(
        r"^([\w.-]+)==([^\s;\\]+)([^\n]*(?:\n    --hash=[^\n]+)*)", lock, re.MULTILINE
    ):
        hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})", rest)
        purl = f"pkg:pypi/{name}@{version}"
        component = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
        files = [
            {"type": "distribution", "url": f"{purl}#{one}", "hashes": [{"alg": "SHA-256", "content": one}]}
            for one in hashes
        ]
        components.append({**component, "externalReferences": files})
    tool = f"pkg:pypi/migrator@{__version__}"
    itself = {"type": "application", "bom-ref": tool, "name": "migrator", "version": __version__, "purl": tool}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, tool + lock)}",
        "version": 1,
        "metadata": {"component": itself},
        "components": components,
        "dependencies": [{"ref": tool, "dependsOn": [one["bom-ref"] for one in components]}],
    }


_PINNED = re.compile(r"^([\w.-]+)==([^\s;\\]+)([^\n]*(?:\n    --hash=[^\n]+)*)", re.MULTILINE)
"""A pin of a lock: name, version, and its checksums."""


def release_notes(changelog: str, version: str) -> str:
    """The part of the changelog about one version; what is not released yet where that version has none.

    Args:
        changelog: the text of CHANGELOG.md.
        version: such as 0.2.0, or Unreleased.
    """
    parts = dict(
        re.findall(r"^## \[(.+?)\][^\n]*\n(.*?)(?=^## |^\[[^\]]+\]: |\Z)", changelog, re.MULTILINE | re.DOTALL)
    )
    if version not in parts:
        sys.exit(f"CHANGELOG.md has nothing about {version}; it knows {', '.join(parts)}.")
    return f"# migrator {version}\n\n{parts[version].strip()}\n"


_PARTS = re.compile(r"^## \[(.+?)\][^\n]*\n(.*?)(?=^## |^\[[^\]]+\]: |\Z)", re.MULTILINE | re.DOTALL)
"""A part of the changelog: its version, and what stands below; the links at the end belong to none."""


def main() -> None:
    """Write what goes into dist/."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", default="Unreleased", help="whose notes [default: what is not released yet]")
    version = parser.parse_args().version
    dist = ROOT / "dist"
    dist.mkdir(exist_ok=True)
    bill = json.dumps(bill_of_materials(_read(ROOT / "requirements.lock")), indent=1)
    (dist / "sbom.cdx.json").write_text(f"{bill}\n", encoding="utf-8")
    notes = release_notes(_read(ROOT / "CHANGELOG.md"), version)
    (dist / "release-notes.md").write_text(notes, encoding="utf-8")
    sys.stdout.write("written: dist/sbom.cdx.json, dist/release-notes.md\n")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    main()
