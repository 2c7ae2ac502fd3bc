"""The commands, as a person types them, against a real local server."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from migrator.cli.app import app
from migrator.commands import prepare
from migrator.contracts.plan import Outcome, read_plan
from migrator.product.codes import LegacyType
from migrator.sandbox.server import Running
from tests.conftest import CONTOSO, Command, Result
from tests.small import DYNAMIC, LOST, ROW_ONLY, STATIC


def run_of(result: Result) -> Path:
    return Path(json.loads(result.out)["run"])


def ask(server: Running, action: str, **body: Any) -> Any:
    answer = httpx.post(f"{server.address}/api/data/v9.2/{action}", json=body)
    assert answer.status_code == 200
    return answer.json()


@pytest.mark.quick
def test_run_goes_the_whole_way_and_waits_for_a_person(command: Command, sandbox: Running) -> None:
    result = command("run", "--org", sandbox.address)
    assert result.code == 3
    assert "6 segments · 4 carried over · 4 verified · 2 waiting" in result.out
    assert "Report: reports/" in result.out
    assert "Reading members: 6 of 6" in result.err


def test_the_run_folder_holds_every_stage(command: Command, sandbox: Running) -> None:
    folder = run_of(command("run", "--org", sandbox.address, "--json"))
    names = {path.name for path in folder.iterdir()}
    assert {"export", "plan.json", "plan.csv", "journal.db", "verification-001.json", "report.html", "run.log"} <= names
    assert not [name for name in names if name.endswith(".part")]


def test_json_and_quiet_are_for_scripts(command: Command, sandbox: Running) -> None:
    result = command("run", "--org", sandbox.address, "--json", "--quiet")
    summary = json.loads(result.out)
    assert result.err == ""
    assert summary["outcomes"] == {"ready": 4, "adapted": 0, "flagged": 2, "blocked": 0, "skipped": 0}
    assert (summary["created"], summary["exit_code"], summary["members_after"]) == (4, 3, 19)
    assert command("run", "--org", sandbox.address, "--quiet").out == ""


@pytest.mark.quick
def test_a_run_of_what_needs_nobody_ends_with_zero(command: Command, sandbox: Running) -> None:
    result = command("run", "--org", sandbox.address, "--name", "Five people", "--name", "osl*", "--json")
    assert result.code == 0
    assert json.loads(result.out)["outcomes"]["skipped"] == 4


@pytest.mark.parametrize(
    ("filters", "chosen"),
    [
        (["--id", str(STATIC)], 1),
        (["--type", "static"], 3),
        (["--status", "live", "--type", "dynamic"], 2),
        (["--status", "stopped"], 1),
        (["--status", "192350001"], 5),
    ],
)
def test_filters_choose_segments(command: Command, sandbox: Running, filters: list[str], chosen: int) -> None:
    summary = json.loads(command("run", "--org", sandbox.address, "--dry-run", "--json", *filters).out)
    assert summary["segments"] - summary["outcomes"]["skipped"] == chosen


@pytest.mark.quick
def test_a_dry_run_changes_nothing_and_its_plan_is_loaded_unchanged(command: Command, sandbox: Running) -> None:
    dry = command("run", "--org", sandbox.address, "--dry-run", "--json")
    folder = run_of(dry)
    organisation = sandbox.organisation
    assert dry.code == 3
    assert not organisation.rows["msdynmkt_segment"]
    assert not organisation.rows["msdynmkt_segmentdefinition"]
    assert "DRY RUN" in (folder / "report.html").read_text()
    plan = (folder / "plan.json").read_bytes()

    loaded = command("load", folder.name, "--json")
    assert (loaded.code, json.loads(loaded.out)["created"]) == (3, 4)
    assert (folder / "plan.json").read_bytes() == plan
    planned = json.loads(plan)["segments"]
    for segment in planned:
        if segment["payload"]:
            stored = organisation.rows["msdynmkt_segmentdefinition"][segment["definition_id"]]
            assert stored["msdynmkt_segmentquery"] == segment["payload"]["definition"]["msdynmkt_segmentquery"]
            assert (
                stored["msdynmkt_staticlistmembers"] == segment["payload"]["definition"]["msdynmkt_staticlistmembers"]
            )
    assert "DRY RUN" not in (folder / "report.html").read_text()


@pytest.mark.quick
def test_the_same_export_gives_the_same_plan_byte_for_byte(command: Command) -> None:
    plans = [
        (run_of(command("translate", "--from", CONTOSO, "--json", "--out", out)) / "plan.json").read_bytes()
        for out in ("one", "two")
    ]
    assert plans[0] == plans[1]


@pytest.mark.slow
def test_a_plan_made_by_many_processes_is_the_same(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    serial = run_of(command("translate", "--from", CONTOSO, "--json", "--out", "one")) / "plan.json"
    monkeypatch.setattr(prepare, "_SERIAL", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    parallel = run_of(command("translate", "--from", CONTOSO, "--json", "--out", "two")) / "plan.json"
    assert parallel.read_bytes() == serial.read_bytes()


def test_drafts_only_publishes_nothing(command: Command, sandbox: Running) -> None:
    command("run", "--org", sandbox.address, "--drafts-only")
    statuses = {row["statuscode"] for row in sandbox.organisation.rows["msdynmkt_segment"].values()}
    assert statuses == {2}


def test_stages_can_be_taken_one_by_one(command: Command, sandbox: Running) -> None:
    assert command("extract", "--org", sandbox.address).code == 0
    assert command("translate").code == 3
    assert command("load").code == 3
    assert command("verify").code == 3
    result = command("report", "--table")
    assert result.code == 0
    assert "Five people" in result.out
    status = command("status").out
    assert "6 segments" in status
    assert "4 verified, 2 waiting" in status
    assert "not yet" not in status


def test_a_run_can_start_from_an_export(command: Command, sandbox: Running, small_export: Path) -> None:
    offline = command("run", "--from", small_export, "--dry-run")
    assert offline.code == 3
    assert "4 can be carried over" in offline.out
    online = command("run", "--from", small_export, "--org", sandbox.address, "--json")
    assert (online.code, json.loads(online.out)["created"]) == (3, 4)


def test_a_second_run_creates_nothing_twice(command: Command, sandbox: Running) -> None:
    first = json.loads(command("run", "--org", sandbox.address, "--json").out)
    before = {name: set(rows) for name, rows in sandbox.organisation.rows.items()}
    second = json.loads(command("run", "--org", sandbox.address, "--json").out)
    assert (first["created"], second["created"]) == (4, 0)
    assert {name: set(rows) for name, rows in sandbox.organisation.rows.items()} == before
    assert second["standings"] == first["standings"]


def test_after_the_removal_a_run_says_what_it_met(command: Command, sandbox: Running) -> None:
    sandbox.organisation.outbound = False
    result = command("run", "--org", sandbox.address)
    assert result.code == 3
    assert "outbound services of this organisation are gone" in result.err
    assert "3 carried over" in result.out  # two queries, and the one list that stands in its row
    assert "3 waiting" in result.out


def test_settings_come_from_profile_environment_and_options(
    command: Command, sandbox: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Path("migrator.toml").write_text('org = "https://wrong.crm.dynamics.com"\nout = "from-profile"\n')
    monkeypatch.setenv("MIGRATOR_ORG", sandbox.address)
    assert command("run", "--dry-run", "--quiet").code == 3
    assert len(list(Path("from-profile").glob("*/plan.json"))) == 1
    monkeypatch.setenv("MIGRATOR_OUT", "from-environment")
    command("run", "--dry-run", "--quiet")
    command("run", "--dry-run", "--quiet", "--out", "from-option")
    assert len(list(Path("from-environment").iterdir())) == len(list(Path("from-option").iterdir())) == 1


# --- retry -------------------------------------------------------------------------------------------------------


@pytest.fixture
def failed_run(command: Command, sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run in which publishing was refused."""
    from migrator.sandbox import realtime
    from migrator.sandbox.refusal import bad_request

    def refuse(*_: Any) -> Any:
        raise bad_request("the kitchen is closed", "0x80049999")

    with monkeypatch.context() as patch:
        patch.setitem(realtime.ACTIONS, "msdynmkt_PublishSegmentDefinition", refuse)
        result = command("run", "--org", sandbox.address, "--json")
    assert result.code == 4
    assert "the kitchen is closed" in json.loads(result.out)["failed"][0]["error"]
    return run_of(result)


@pytest.mark.quick
def test_retry_goes_on_where_one_segment_failed(command: Command, failed_run: Path, sandbox: Running) -> None:
    result = command("retry", "Five people", "--json")
    assert result.code == 0
    assert json.loads(result.out)["standings"]["failed"] == 2  # the two others that were not asked for
    assert "status" not in command("retry", str(DYNAMIC), "everybody", "--run", failed_run.name).err
    assert "failed" not in command("report").out


def test_status_names_what_failed_and_how_to_go_on(command: Command, failed_run: Path) -> None:
    status = command("status").out
    assert "1 verified, 3 failed" in status
    assert "“publish”: the kitchen is closed" in status
    assert f"--run {failed_run.name}" in status


def test_retry_of_what_is_migrated_has_nothing_to_do(command: Command, sandbox: Running) -> None:
    command("run", "--org", sandbox.address)
    result = command("retry", "In its row")
    assert result.code == 0
    assert "already migrated" in result.err


@pytest.mark.parametrize(
    ("segment", "words"),
    [
        ("Five persons", "Did you mean “Five people”?"),
        (str(STATIC)[:-1] + "9", "has no segment"),
        ("Lost", "never loaded"),
        (str(LOST), "Unknown is not empty"),
        ("Both", "compound"),
    ],
)
def test_retry_of_what_cannot_be_retried_says_why(command: Command, sandbox: Running, segment: str, words: str) -> None:
    command("run", "--org", sandbox.address)
    result = command("retry", segment)
    assert result.code == 2
    assert words in result.err


def test_retry_of_an_ambiguous_name_asks_for_the_id(command: Command, sandbox: Running) -> None:
    rows = sandbox.organisation.rows["msdyncrm_segment"]
    rows[str(ROW_ONLY)]["msdyncrm_segmentname"] = "Five people"
    command("run", "--org", sandbox.address)
    result = command("retry", "Five people")
    assert result.code == 2
    assert str(STATIC) in result.err
    assert str(ROW_ONLY) in result.err


# --- demo, sandbox, help -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_demo_ends_well_and_counts_agree_with_the_organisation(
    command: Command, contoso: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = command("run", "--org", contoso.address, "--json")
    assert result.code == 3
    summary = json.loads(result.out)
    assert sum(summary["outcomes"].values()) == summary["segments"] == 55
    text = (run_of(result) / "plan.csv").read_text(encoding="utf-8-sig")
    plan = {line["New id"]: line for line in csv.DictReader(io.StringIO(text))}
    report = (run_of(result) / "report.html").read_text()
    verified = json.loads((run_of(result) / "verification-001.json").read_text())["segments"]
    segments = {s["legacy_id"]: s for s in json.loads((run_of(result) / "plan.json").read_text())["segments"]}
    table = json.loads(report.split('type="application/json">')[1].split("</script>")[0])
    rows_of = {row[0]: row for row in table["rows"]}
    compared = 0
    for entry in verified:
        segment = segments[entry["legacy_id"]]
        rows = contoso.organisation.rows["msdynmkt_segment"]
        stored = rows[segment["segment_id"]]
        assert plan[segment["segment_id"]]["Outcome"] in ("ready", "adapted")
        if stored["statuscode"] == 1:
            answer = json.loads(ask(contoso, "msdynmkt_MembersList", SegmentId=segment["segment_id"])["ResultText"])
            members = [part for element in answer["members"] for part in element.split(", ")]
            assert entry["after"] == stored["msdynmkt_membercount"] == len(members)
            compared += 1
        if segment["payload"]["groups"]:
            listed: list[str] = []
            for group in segment["payload"]["groups"]:
                body = {"SegmentId": segment["segment_id"], "GroupId": group["id"], "PageNo": 1, "PageSize": 5000}
                listed += json.loads(ask(contoso, "msdynmkt_ListGroupMembers", **body)["Response"])["entityIds"]
            exported = (run_of(result) / "export/members" / f"{entry['legacy_id']}.csv").read_text().split()[1:]
            assert sorted(listed) == sorted(exported)
        shown = rows_of[entry["legacy_id"]]
        assert shown[table["fields"].index("after")] == entry["after"]
    assert compared == 30
    assert {entry["match"] for entry in verified} == {"equal", "explained", "draft"}


@pytest.mark.slow
def test_the_demo_is_one_command(command: Command) -> None:
    result = command("demo", "--out", "runs", "--json")
    assert result.code == 0
    summary = json.loads(result.out)
    assert summary["exit_code"] == 3
    assert Path(summary["report"]).is_file()
    assert summary["organisation"]["id"] == "c0470500-5a3b-4d1e-9b00-000000000001"
    assert command("report", str(Path(summary["report"]).parent), "--format", "json").code == 0
    told = json.loads(Path(summary["report"]).with_name("report.json").read_text())
    counted = [one for one in told["segments"] if one["standing"] == "verified"]
    assert len(counted) == 37
    assert [one["name"] for one in counted if one["predicted"] != one["after"]] == []
    assert "17 would be in none any more" in Path(summary["report"]).read_text()  # with the twin that was adopted


def test_the_demo_without_the_extra_says_what_to_install(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    original = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name.startswith("migrator.sandbox"):
            raise ModuleNotFoundError("No module named 'duckdb'", name="duckdb")
        return original(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    result = command("demo")
    assert result.code == 2
    assert 'pip install ".[sandbox]" in a checkout' in result.err


def test_every_command_has_help_with_an_example(command: Command) -> None:
    names = [found.name or found.callback.__name__ for found in app.registered_commands if found.callback]
    assert set(names) >= {
        "run", "extract", "translate", "load", "verify", "report", "retry", "status", "sandbox", "demo",
    }  # fmt: skip
    for name in names:
        result = command(name, "--help")
        assert result.code == 0
        assert re.search(rf"Examples?:\s+migrator {name}", result.out), name


def test_the_version_is_said(command: Command) -> None:
    assert command("--version").out.startswith("migrator 0.")


def test_a_plan_of_a_limited_export_says_so_and_takes_nobody_for_empty(command: Command, sandbox: Running) -> None:
    assert command("extract", "--org", sandbox.address, "--name", "Everybody", "--name", "none of these").code == 0
    (made,) = Path("reports").iterdir()
    assert json.loads((made / "export/manifest.json").read_text())["limited_to"] == [
        "--name Everybody",
        "--name none of these",
    ]
    done = command("translate")
    assert (
        "This export was limited by --name Everybody, --name none of these: the members of 5 other segments were not "
        f"read; 3 static ones wait until they are. Read them with: migrator extract {made.name}" in done.err
    )
    plan = read_plan(made)
    for segment in plan.segments:
        if segment.type_code == LegacyType.STATIC:
            assert (segment.outcome, segment.payload, dict(segment.alternatives)) == (Outcome.FLAGGED, None, {})
            assert "members-left-out" in {finding.code for finding in segment.findings}
    again = command("run", "--from", made / "export", "--dry-run")
    assert "This export was limited by --name Everybody, --name none of these: the members of 5" in again.err
    assert "was limited" not in command("translate", made.name, "--name", "Everybody").err  # of that one alone
    assert command("extract", made.name).code == 0
    assert "was limited" not in command("translate", made.name).err
    assert "limited_to" not in json.loads((made / "export/manifest.json").read_text())


def test_queries_of_a_limited_export_are_planned_as_of_a_whole_one(command: Command, contoso: Running) -> None:
    plans = []
    for options in ((), ("--name", "Depot")):
        command("extract", "--org", contoso.address, *options)
        made = max(Path("reports").iterdir(), key=lambda path: path.stat().st_mtime)
        command("translate", made.name)
        plans.append({one.legacy_id: one for one in read_plan(made).segments if one.type_code == LegacyType.DYNAMIC})
    whole, limited = plans
    assert {key: (one.outcome, one.realtime_query) for key, one in limited.items()} == {
        key: (one.outcome, one.realtime_query) for key, one in whole.items()
    }
