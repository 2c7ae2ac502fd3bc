"""Documentation that cannot rot: what the program writes is current, and what people read names things that exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup
from typer.exceptions import Exit, TyperException

from migrator import __version__
from migrator.cli.app import app
from migrator.sandbox import outbound, realtime

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
PAPERS = ("LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", ".editorconfig", ".pre-commit-config.yaml")


def test_generated_pages_are_current() -> None:
    ended = subprocess.run(
        [sys.executable, ROOT / "docs/generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr


def _places(page: Path) -> set[str]:
    """What a link may name behind its `#`: the headings as a repository shows them, and anchors."""
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    plain = (re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading) for heading in headings)
    shown = {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in plain}
    return shown | set(re.findall(r'<a id="([^"]+)"', text))


LINKING = [*PAGES, *(ROOT / name / "README.md" for name in ("benchmarks", "reports"))]


@pytest.mark.parametrize("page", LINKING, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_links_lead_somewhere(page: Path) -> None:
    for target, place in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        found = page.parent / target if target else page
        assert found.exists(), target
        assert not place or found.suffix != ".md" or place in _places(found), (target, place)


def test_pages_that_the_program_names_exist() -> None:
    for path in (ROOT / "migrator").rglob("*.py"):
        for name in re.findall(r"\bdocs/[\w-]+\.md\b", path.read_text(encoding="utf-8")):
            assert (ROOT / name).exists(), (path, name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_named_exist(page: Path) -> None:
    known = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`)(?:python -m )?migrator ([a-z][a-z-]*)", text, re.MULTILINE))
    assert named <= known | {"sandbox"}


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    """A page that no list leads to, a link into nothing and a heading that is missing are warnings."""
    options = ["--fail-on-warning", "--keep-going", "--quiet", "--builder", "html"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, "-d", tmp_path / "kept", ROOT / "docs", tmp_path / "site"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")}
    assert pages <= {page.stem for page in (tmp_path / "site").glob("*.html")}
    assert "First hour" in (tmp_path / "site" / "index.html").read_text(encoding="utf-8").replace("first", "First")


def _fenced(page: Path) -> Iterator[str]:
    """Every command that stands in a block of its own page, without the remark behind it."""
    for block in re.findall(r"^```\w*\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        yield from re.findall(r"^(?:\S*python -m )?(migrator [^#\n]*?)(?: +#.*)?$", block, re.MULTILINE)


def _told() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        if page.name == "commands.md":
            continue  # written from the commands themselves
        inline = re.findall(r"`(migrator [^`]+)`", page.read_text(encoding="utf-8"))
        for line in dict.fromkeys((*_fenced(page), *inline)):
            yield page.name, line
    for command in app.registered_commands:
        for line in re.findall(r"^ +(migrator .+?)$", command.epilog or "", re.MULTILINE):
            yield "help", line


_SHOWN = (("[", ""), ("]", ""), ("live|removed", "live"), ("\\|", "|"), ("PROFILE", "calm"), (" N", " 1"))
"""How a page shows what may be typed → one way of typing it."""


def test_every_help_has_several_examples() -> None:
    for command in app.registered_commands:
        shown = re.findall(r"^ +migrator ([a-z-]+)", command.epilog or "", re.MULTILINE)
        assert len(shown) >= 2, command.name
        assert set(shown) == {command.name}


def test_a_command_that_is_told_can_be_typed() -> None:
    """Its options exist, its arguments are as many as it takes: it is read as the command line would, and not run."""
    found = typer.main.get_command(app)
    assert isinstance(found, TyperGroup)
    told = [*_told()]
    assert len(told) > 100
    for page, line in told:
        plain = line.replace("''", "'") if page == "windows.md" else line
        for shown, meant in _SHOWN:
            plain = plain.replace(shown, meant)
        _, name, *words = shlex.split(re.split(r" \| | ; ", plain)[0])
        if name.startswith("-"):
            continue  # --version, --install-completion: of the whole program
        try:
            found.commands[name].make_context(name, words)
        except Exit:
            pass  # --help
        except TyperException as error:
            only_named = not words or words[-1].startswith("--from")  # `migrator redact`, in a sentence
            assert only_named, (page, line, error)


def test_every_variable_that_the_program_asks_for_stands_among_the_settings() -> None:
    text = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    asked = set()
    for path in (ROOT / "migrator").rglob("*.py"):
        if "sandbox" not in path.parts:
            source = path.read_text(encoding="utf-8")
            asked |= set(re.findall(r"environ(?:ment)?(?:\.get|\.setdefault)?[(\[]\"([A-Z_]+)\"", source))
            asked |= set(re.findall(r"\b(?:(?:MIGRATOR|AZURE)_(?!CLI\b)[A-Z_]*[A-Z]|HTTPS_PROXY|NO_PROXY)\b", source))
            asked |= {f"AZURE_{name}" for name in re.findall(r'\bof\("([A-Z_]+)"\)', source)}
    assert len(asked) > 15
    assert {name for name in asked if f"`{name}`" not in text} == set()


def test_files_that_hold_an_assumption_exist() -> None:
    text = (ROOT / "docs/assumptions.md").read_text(encoding="utf-8")
    for name in re.findall(r"`([a-z]+/[\w*.]+)`", text):
        assert list((ROOT / "migrator").glob(name)), name


def test_of_every_assumption_it_is_said_how_a_first_live_run_settles_it() -> None:
    text = (ROOT / "docs/assumptions.md").read_text(encoding="utf-8")
    assumed, _, settled = text.partition("\n## How a first live run settles them\n")
    places = re.compile(r"`((?:[a-z]+/)?[\w*.]+\.(?:py|lark))`")
    where = {name for line in assumed.splitlines() if line.startswith("| ") for name in places.findall(line)}
    assert len(where) > 20
    assert where <= set(places.findall(settled)), where - set(places.findall(settled))


def test_nobody_is_told_to_install_it_by_its_bare_name() -> None:
    """The package index has another program of this name, by somebody else."""
    places = [
        *PAGES,
        *(ROOT / "docs").glob("*.ipynb"),
        *(ROOT / "migrator").rglob("*.py"),
        *(ROOT / "templates").iterdir(),
    ]
    for path in places:
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not re.search(r"(?:pip|pipx|uv tool) install\b(?: -\S+)* *[\\'\"]*migrator\b", line), (path, line)


def test_the_readme_names_every_way_in() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    install = "-m pip install --no-deps --require-hashes -r requirements.lock"
    for words in ("make demo", "make test"):
        assert words in text
    for python in (".venv/bin/python", ".venv\\Scripts\\python"):  # bash, PowerShell
        assert text.count(f"{python} {install}") == text.count(f"{python} -m migrator demo") == 1
    wheel = f'"dist/migrator-{__version__}-py3-none-any.whl[sandbox]"'
    assert f"pipx install {wheel}" in text
    assert f"uv tool install {wheel}" in text


@pytest.mark.parametrize("name", PAPERS)
def test_what_a_repository_needs_is_there(name: str) -> None:
    assert (ROOT / name).stat().st_size > 300


def test_the_changelog_has_this_version_and_a_place_for_the_next() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[:2] == ["Unreleased", __version__]


def test_every_action_of_the_sandbox_is_told() -> None:
    text = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
    for action in (*outbound.ACTIONS, *realtime.ACTIONS):
        assert f"`{action}`" in text, action


def test_contributing_tells_of_every_target_of_make() -> None:
    told = set(re.findall(r"^\| `make (\w+)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE))
    (phony,) = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert told == set(phony.split()) - {"demo", "clean", "sample"}


def test_files_that_contributing_names_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for name in re.findall(r"`((?:migrator|tests|templates|docs)/[\w./]*)`", text):
        assert (ROOT / name).exists(), name


MEASURES = sorted(
    set(re.findall(r"^\| `(benchmarks/\w+\.py)", (ROOT / "benchmarks" / "README.md").read_text("utf-8"), re.MULTILINE))
)


def test_every_measurement_stands_in_the_readme() -> None:
    measures = {path for path in (ROOT / "benchmarks").glob("*.py") if "ArgumentParser(" in path.read_text("utf-8")}
    assert {str(path.relative_to(ROOT)) for path in measures} == set(MEASURES)


@pytest.mark.slow
@pytest.mark.parametrize("script", MEASURES)
def test_a_measurement_says_what_it_does_instead_of_measuring(script: str) -> None:
    asked = subprocess.run(
        [sys.executable, script, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.startswith("usage: ")
    assert f"python {script}" in asked.stdout
    assert "--json" in asked.stdout
