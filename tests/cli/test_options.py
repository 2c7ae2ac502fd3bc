"""Options that nothing else speaks of: each does what its help says, and nothing happens without it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from migrator.base.errors import Exit
from migrator.base.ids import unpacked
from migrator.cli import practise
from migrator.cli.terminal import Terminal
from migrator.commands import cutover, demo, practice
from migrator.commands import run as stages
from migrator.contracts.export_folder import member_reader
from tests.conftest import Command
from tests.small import LOST, contact


@pytest.fixture
def planned(command: Command, small_export: Path) -> Path:
    assert command("translate", "--from", small_export, "--out", "reports").code == Exit.WAITING
    (run,) = Path("reports").iterdir()
    return run


def test_anonymise_leaves_names_and_queries_out_this_time(command: Command, planned: Path) -> None:
    page = planned / "report.html"
    for arguments, named in ((["--anonymise"], False), ([], True)):
        command("report", *arguments)
        assert ("Five people" in page.read_text()) is named
        assert ("address1_city" in page.read_text()) is named


@pytest.mark.parametrize("wanted", [True, False])
def test_open_opens_the_report(command: Command, planned: Path, monkeypatch: pytest.MonkeyPatch, wanted: bool) -> None:
    opened: list[str] = []
    monkeypatch.setattr(typer, "launch", opened.append)
    command("report", *["--open"] * wanted)
    assert [Path(path).resolve() for path in opened] == [(planned / "report.html").resolve()] * wanted


def test_column_says_where_the_members_stand(command: Command, small_export: Path, tmp_path: Path) -> None:
    lines = ["owner,member", *(f"{contact(n)},{contact(n + 3)}" for n in range(3))]
    (tmp_path / "Lost.csv").write_text("\n".join(lines) + "\n")
    for column, people in (("member", [3, 4, 5]), ("=A", [0, 1, 2])):
        command("import-members", "Lost.csv", "--export", small_export, "--column", column, "--replace", "--yes")
        assert [one.int & 0xFF for one in unpacked(member_reader(small_export)(LOST))] == people


@pytest.mark.parametrize("kept", [True, False])
def test_keep_leaves_the_sandbox_of_the_demo_running(
    command: Command, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    done: list[str] = []

    @contextmanager
    def organisation(*_: Any) -> Iterator[Any]:
        yield SimpleNamespace(address="http://127.0.0.1:9")
        done.append("ended")

    monkeypatch.setattr(practice, "practice_organisation", organisation)
    monkeypatch.setattr(practise, "orders_of", lambda *_: nullcontext())
    monkeypatch.setattr(practise, "new_run_for", lambda *_, **__: nullcontext())
    monkeypatch.setattr(stages, "whole_run", lambda *_: SimpleNamespace(exit_code=Exit.WAITING))
    shown = partial(SimpleNamespace, adopted=(), switch=None)
    monkeypatch.setattr(demo, "show_the_switch", lambda _run, _orders, summary: shown(summary=summary))
    monkeypatch.setattr(cutover, "cutover_lines", lambda _: ["nothing"])
    monkeypatch.setattr(Terminal, "summary", lambda *_, **__: done.append("summary"))
    monkeypatch.setattr(practise, "until_interrupted", lambda _: done.append("waited"))
    assert command("demo", *["--keep"] * kept).code == Exit.DONE
    assert done == ["summary", *["waited"] * kept, "ended"]
