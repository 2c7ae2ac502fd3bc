"""Any console: code pages, closed pipes, narrow and dumb terminals, and texts that would like to steer them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer

from migrator.cli import app as cli
from migrator.cli import practise
from migrator.commands import practice
from migrator.sandbox import realtime
from migrator.sandbox.data import load
from migrator.sandbox.refusal import bad_request
from migrator.sandbox.server import Running, running
from tests.cli.consoles import Printed, run_into, run_into_closed_pipe, run_on_terminal
from tests.small import INACTIVE, ROW_ONLY, STATIC, write_small_export

FIRST = Path(__file__).parents[1] / "fixtures" / "run-0.1.0"
NAME = "Zoë → “顧客” 😀 Łódź"
"""Part of it is in no code page."""
STEERING = "\x1b]0;owned\x07\x9b2J\u202egnissim\r"
"""Sets the title of a window, clears the screen, turns the writing direction, goes back to the line's begin."""

ENCODINGS = ("cp1252", "latin-1", "ascii")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    for name in ("MIGRATOR_ORG", "MIGRATOR_OUT", "MIGRATOR_PROFILE", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    return tmp_path


@pytest.fixture
def town(place: Path) -> Iterator[Running]:
    """The small organisation, in which somebody has given segments difficult names."""
    organisation = load(write_small_export(place / "small"), time.monotonic)
    organisation.moment = organisation.computing = 0.01
    rows = organisation.rows["msdyncrm_segment"]
    rows[str(STATIC)]["msdyncrm_segmentname"] = NAME
    rows[str(INACTIVE)]["msdyncrm_segmentname"] = f"Everybody{STEERING}"
    with running(organisation) as server:
        yield server


@pytest.fixture
def small_sample(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample of `demo` is small, nobody waits for Ctrl-C, and the word that contract-check asks for is typed."""
    write_small_export(place / "shipped" / "contoso")
    monkeypatch.setattr(practice, "shipped", lambda _: place / "shipped")
    monkeypatch.setattr(practise, "until_interrupted", lambda announce: announce())
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: "check")


def every_command(place: Path, town: Running) -> Iterator[tuple[str, tuple[str | Path, ...], int]]:
    """A life with the program: every command once or more, and how it ends."""
    org = ("--org", town.address)
    yield "doctor", org, 0
    yield "login", org, 0
    yield "login", ("--status",), 0
    yield "extract", (*org, "--out", "first"), 0
    yield "translate", ("--out", "first"), 3
    yield "run", (*org, "--dry-run", "--out", "second"), 3
    yield "run", (*org, "--yes"), 3
    yield "check-export", (place / "small",), 0
    yield "redact", (place / "small", "copy"), 0
    (place / f"{NAME}.csv").write_text("contactid\nc0000000-0000-0000-0000-000000000001\n", encoding="utf-8")
    yield "import-members", (place / f"{NAME}.csv", "--out", "first", "--dry-run"), 3
    yield "import-members", (place / f"{NAME}.csv", "--out", "first", "--replace", "--yes"), 0
    yield "approve", ("Both", "--as", "translate"), 0
    yield "load", (*org, "--yes"), 3
    yield "verify", (), 3
    yield "retry", (NAME,), 0
    yield "retry", ("Nobody → 顧客",), 2
    yield "report", ("--table",), 0
    yield "report", ("--json",), 0
    yield "status", (), 0
    yield "predict", ("--tables", place / "small" / "tables"), 3
    yield "cutover", org, 0
    yield "reach", org, 0
    yield "reach", (*org, "--json"), 0
    yield "explain", ("PROFILE(contact).FILTER(address1_city == 'Łódź → 😀')",), 0
    yield "explain", ("PROFILE(contact).FILTER(address1_city == 'Łódź)",), 2
    yield "explain", ("PROFILE(contact).FILTER(address1_city == 'Łódź')", "--json"), 0
    yield "retire", (*org, "--yes"), 0
    yield "rollback", (*org, "--yes"), 0
    yield "sandbox", ("--port", "0"), 0
    yield "demo", ("--out", "third"), 0
    yield "contract-check", org, 0
    yield "logout", (), 0


def harmless(printed: Printed) -> None:
    """Nothing in it steers a terminal, and nothing has gone wrong with it."""
    for stream in (printed.out, printed.err):
        assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", stream), stream
    assert b"Unicode" not in printed.err
    assert b"should not" not in printed.err
    assert b"Traceback" not in printed.err


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_command_ends_well_on_every_code_page(
    place: Path, town: Running, small_sample: None, encoding: str
) -> None:
    done: set[str] = set()
    for name, arguments, code in every_command(place, town):
        printed = run_into(place, encoding, name, *arguments)
        assert printed.code == code, (name, arguments, printed)
        harmless(printed)
        printed.out.decode(encoding)
        printed.err.decode(encoding)
        if "--json" in arguments:
            json.loads(printed.out.decode(encoding))
        done.add(name)
    assert done == {found.name for found in cli.app.registered_commands}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_help_is_readable_on_every_code_page(place: Path, encoding: str) -> None:
    for found in cli.app.registered_commands:
        printed = run_into(place, encoding, str(found.name), "--help")
        assert printed.code == 0
        assert re.match(rf"Usage: .*migrator {found.name} \[OPTIONS\]", printed.out.decode(encoding))
        harmless(printed)


def test_what_a_code_page_has_stays_and_the_rest_becomes_like_it(place: Path) -> None:
    query = "PROFILE(contact).FILTER(address1_city == 'Zoë → “顧客”')"
    shown = {encoding: run_into(place, encoding, "explain", query).out.decode(encoding) for encoding in ENCODINGS}
    assert "Zoë -> “??”" in shown["cp1252"]
    assert 'Zoë -> "??"' in shown["latin-1"]
    assert 'Zo? -> "??"' in shown["ascii"]
    assert "Zoë → “顧客”" in run_into(place, "utf-8", "explain", query).out.decode()


def test_scripts_get_every_character_on_every_code_page(place: Path) -> None:
    query = "PROFILE(contact).FILTER(address1_city == 'Zoë → “顧客” 😀')"
    for encoding in (*ENCODINGS, "utf-8"):
        found = json.loads(run_into(place, encoding, "explain", query, "--json").out.decode(encoding))
        assert "'Zoë → “顧客” 😀'" in found["realtime_query"]


@pytest.mark.slow
def test_every_command_ends_quietly_when_nobody_reads_on(place: Path, town: Running, small_sample: None) -> None:
    for name, arguments, code in every_command(place, town):
        printed = run_into_closed_pipe(place, name, *arguments)
        assert printed.code == code, (name, arguments, printed)
        harmless(printed)
        assert b"roken" not in printed.err


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONIOENCODING": "cp1252"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {}],
)
def test_a_real_process_ends_well_in_a_pipe_that_is_closed(place: Path, environment: dict[str, str]) -> None:
    query = "PROFILE(contact).FILTER(address1_city == 'Zoë → “顧客”')"
    line = f'"{sys.executable}" -m migrator explain "$QUERY" 2>err.txt; echo $? >code.txt'
    ended = subprocess.run(
        ["/bin/sh", "-c", f"({line}) | head -1"],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(cli.__file__).parents[2]), "QUERY": query, **environment},
        capture_output=True,
        check=True,
    )
    assert ended.stdout.startswith(b"In words:")
    assert (place / "err.txt").read_bytes() == b""
    assert (place / "code.txt").read_text() == "0\n"


# --- terminals -------------------------------------------------------------------------------------------------------

Rows = dict[str, dict[str, Any]]


@pytest.fixture
def rows(place: Path) -> Rows:
    """A run with long names and large numbers, by name of the segment."""
    run = shutil.copytree(FIRST, place / "reports" / "large")
    looks = json.loads((run / "verification-002.json").read_text())
    for number, seen in enumerate(looks["segments"]):
        seen["before"] = seen["after"] = 1_234_567 * (number + 1)
    (run / "verification-002.json").write_text(json.dumps(looks))
    plan = json.loads((run / "plan.json").read_text())
    for number, segment in enumerate(plan["segments"]):
        segment["name"] = f"{number}. {segment['name']} of the newsletter in all cities"
        if segment["members"]["count"] is not None:
            segment["members"]["count"] = 7_654_321 * (number + 1)
    (run / "plan.json").write_text(json.dumps(plan))
    assert run_into(place, "utf-8", "report", "--format", "json").code == 0
    found = json.loads((run / "report.json").read_text())
    return {row["name"]: row for row in found["segments"]}


def plain(shown: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", shown)


@pytest.mark.parametrize("columns", [200, 120, 80, 60, 40])
def test_the_table_fits_and_no_number_is_cut(rows: Rows, columns: int) -> None:
    code, shown = run_on_terminal(columns, "report", "--table")
    assert code == 0
    lines = plain(shown).splitlines()
    table = lines[: 1 + len(rows)]
    # One fact is never broken, and neither is a path that somebody copies.
    longer = [line for line in lines if len(line) > columns and not line.startswith(("Report: ", "  migrator "))]
    assert longer == [] or (
        columns == 40 and [line.split(" memberships in ")[1] for line in longer] == ["5 verified segments"]
    )
    head = table[0]
    for row, line in zip(rows.values(), table[1:], strict=True):
        assert row["name"][:6] in line
        after = "–" if row["after"] is None else f"{row['after']:,}"
        assert after in line.split()
        assert row["standing"] in line
        if "Before" in head:
            assert ("–" if row["before"] is None else f"{row['before']:,}") in line.split()


def test_columns_give_way_in_the_stated_order(rows: Rows) -> None:
    heads = [
        plain(run_on_terminal(columns, "report", "--table")[1]).splitlines()[0].split() for columns in (200, 80, 60, 40)
    ]
    assert heads[0] == ["Segment", "Type", "Outcome", "Before", "After", "Now"]
    for wide, narrow in pairwise(heads):
        assert [head for head in wide if head in narrow] == narrow
    assert heads[-1] == ["Segment", "After", "Now"]


def test_facts_are_never_broken_in_the_middle(rows: Rows) -> None:
    for columns in (80, 40):
        lines = plain(run_on_terminal(columns, "report")[1]).splitlines()
        lines = lines[next(n for n, line in enumerate(lines) if line.startswith("6 segments")) :]
        facts = " · ".join(line for line in lines if not line.startswith("Report: "))
        assert re.match(
            r"6 segments · [\d,]+ carried over( · [\d,]+ [a-z ]+)+ · [\d,]+ memberships in \d+ verified", facts
        )


def test_colours_are_left_out_where_they_are_not_wanted(
    place: Path, town: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_into(place, "utf-8", "run", "--org", town.address, "--yes")
    assert "\x1b[32m" in run_on_terminal(80, "report", "--table")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[3[0-9]m", run_on_terminal(80, "report", "--table")[1])
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in run_on_terminal(80, "report", "--table")[1]


def test_a_dumb_terminal_gets_lines_instead_of_bars(
    place: Path, town: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "\x1b[2K" in run_on_terminal(80, "extract", "--org", town.address, "--out", "one")[1]
    monkeypatch.setenv("TERM", "dumb")
    shown = run_on_terminal(40, "extract", "--org", town.address, "--out", "two")[1]
    assert "\x1b" not in shown
    assert "Reading members: 6 of 6" in shown


def test_a_step_of_unknown_length_does_not_say_of_what(place: Path, town: Running) -> None:
    shown = run_on_terminal(80, "extract", "--org", town.address)[1]
    assert "/?" not in plain(shown)
    assert "6/6" in plain(shown)


def test_a_terminal_with_a_code_page_gets_drawings_that_it_has(place: Path, town: Running) -> None:
    run_into(place, "utf-8", "run", "--org", town.address, "--yes")
    for encoding in ENCODINGS:
        code, shown = run_on_terminal(80, "report", "--table", encoding=encoding)
        assert code == 0
        assert "Segment" in shown


# --- what comes from elsewhere ---------------------------------------------------------------------------------------


def refusing(*_: Any) -> Any:
    raise bad_request(f"the kitchen{STEERING} is closed", "0x80049999")


@pytest.mark.parametrize(
    "shows",
    [
        lambda _: run_on_terminal(80, "status")[1],
        lambda _: run_on_terminal(80, "report", "--table")[1],
        lambda _: run_on_terminal(80, "retry", "Oslo", "--no-wait")[1],
        lambda org: run_on_terminal(80, "rollback", "--yes", "--org", org)[1],
    ],
)
def test_what_an_organisation_says_steers_no_terminal(
    place: Path, town: Running, monkeypatch: pytest.MonkeyPatch, shows: Callable[[str], str]
) -> None:
    monkeypatch.setitem(realtime.ACTIONS, "msdynmkt_PublishSegmentDefinition", refusing)
    run_into(place, "utf-8", "run", "--org", town.address, "--yes")
    assert "kitchen" in run_on_terminal(80, "status")[1]
    shown = shows(town.address)
    for part in ("\x1b]0;", "\x07", "\x9b", "\u202e", "\x1b[2J"):
        assert part not in shown


def test_an_error_of_an_organisation_steers_no_terminal(
    place: Path, town: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, shown = run_on_terminal(80, "explain", f"PROFILE(contact).FILTER(x == '{STEERING}'")
    assert code == 2
    assert "\x1b]0;" not in shown
    code, shown = run_on_terminal(80, "status", f"no-run{STEERING}")
    assert code == 2
    assert "Error: no-run]0;owned2Jgnissim  is no run folder" in plain(shown).replace("\n", "")


def test_the_names_of_files_steer_no_terminal(place: Path) -> None:
    name = "list\x1b]0;owned\x07.csv"
    (place / name).write_text("contactid\n", encoding="utf-8")
    shown = run_on_terminal(80, "import-members", name, "--export", place / "small", "--segment", str(ROW_ONLY))[1]
    assert "\x1b]0;" not in shown


def test_what_programs_read_is_whole_in_a_file_and_harmless_on_a_console(place: Path, town: Running) -> None:
    run_into(place, "utf-8", "run", "--org", town.address, "--dry-run")
    csv = ("status", "--segments", "--csv")
    assert STEERING.strip().encode()[:8] in run_into(place, "utf-8", *csv).out
    shown = run_on_terminal(200, *csv)[1]
    assert "Everybody" in shown
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_output_on_a_full_disk_is_one_sentence_and_its_exit_code(place: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "migrator", "explain", "PROFILE(contact)"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert (ended.returncode, ended.stderr.count("\n")) == (4, 1)
    assert ended.stderr.startswith("Error: The disk is full")
