"""What goes along with a release: the manual page, completion, what it is built from, its notes, a container."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from migrator import __version__
from migrator.cli.app import app
from tests.test_locks import pins

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "release"))

from make import bill_of_materials, manual, release_notes  # noqa: E402


def test_the_manual_page_tells_of_every_command_and_exit_code() -> None:
    text = manual()
    for command in app.registered_commands:
        assert f".SS migrator {(command.name or '').replace('-', chr(92) + '-')}" in text
    assert re.findall(r"^\.B (\d+)$", text, re.MULTILINE) == ["0", "2", "3", "4", "5", "130"]
    assert "\\fB\\-\\-dry\\-run\\fR" in text
    assert not re.search(r"^\.[^A-Z]", text, re.MULTILINE)


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash completes words for bash")
def test_bash_reads_the_completion_file() -> None:
    script = ROOT / "release" / "migrator.bash"
    asked = ["bash", "-c", f"source {script}; complete -p migrator"]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "complete -o default -F _migrator_completion migrator"


def test_every_pinned_package_is_in_the_bill_of_materials() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    bill = bill_of_materials(lock)
    listed = {(one["name"], one["version"]) for one in bill["components"]}
    assert {name for name, _ in listed} == {pin.name for pin in pins("requirements.lock")}
    assert json.dumps(bill).count('"SHA-256"') == lock.count("--hash=sha256:")
    assert bill["dependencies"][0]["dependsOn"] == [one["bom-ref"] for one in bill["components"]]
    assert bill == bill_of_materials(lock)


def test_notes_are_the_part_of_the_changelog_about_one_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    notes = release_notes(changelog, __version__)
    assert notes.startswith(f"# migrator {__version__}\n")
    assert "## [" not in notes
    assert "[Unreleased]" not in notes
    assert len(notes) > 200
    assert release_notes(changelog, "Unreleased") != notes
    with pytest.raises(SystemExit, match="nothing about 9"):
        release_notes(changelog, "9.9.9")


def test_the_container_is_made_from_the_lock_and_is_not_root() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY ((?!--from).+) \S+$", text, re.MULTILINE)
    assert all((ROOT / name).exists() for line in copied for name in line.split())
    assert re.findall(r"^COPY --from=(\w+) ", text, re.MULTILINE) == re.findall(
        r"^FROM \S+ AS (\w+)$", text, re.MULTILINE
    )
    assert "--no-deps --require-hashes -r /tmp/locks/requirements.lock" in text
    assert re.findall(r"^(?:USER|ENTRYPOINT) .+$", text, re.MULTILINE) == ["USER 1000", 'ENTRYPOINT ["migrator"]']
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    target = container["postCreateCommand"].rpartition("make ")[2]
    assert f"READY := {target}" in (ROOT / "Makefile").read_text(encoding="utf-8")
