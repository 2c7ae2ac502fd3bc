"""The stages from Python, as a script or a notebook calls them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import typing
from collections.abc import Sequence
from pathlib import Path

import pytest

from migrator import api
from migrator.base.errors import Declined, UsageError
from migrator.commands.settings import FIELDS
from migrator.sandbox.organisation import Organisation
from migrator.sandbox.server import Running, running


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("MIGRATOR_ORG", "MIGRATOR_OUT", "MIGRATOR_PROFILE", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("module", ["migrator", "migrator.api"])
def test_importing_it_waits_for_no_heavy_library(module: str) -> None:
    heavy = "'numpy', 'pandas', 'lark', 'httpx', 'msal', 'duckdb', 'pyarrow', 'jinja2', 'pydantic', 'sqlite3'"
    asked = f"import sys, {module}; print(sorted({{{heavy}}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_setting_can_be_given_by_name() -> None:
    assert set(typing.get_type_hints(api.Options)) == set(FIELDS) - {"org", "out"}


@pytest.mark.quick
def test_a_migration_goes_the_whole_way(sandbox: Running) -> None:
    said: list[str] = []
    run = api.extract(sandbox.address, tell=said.append)
    assert any("segments and" in line for line in said)
    assert api.translate(run) == run
    before = run.segments()
    assert set(before["standing"].map(str)) <= {"planned", "waiting", "impossible", "skipped"}
    assert before["before"].dtype == "Int64"
    waiting = run.findings().query("severity == 'decision'")
    assert set(waiting["code"]) <= set(run.findings()["code"])

    asked: list[Sequence[str]] = []

    def no(lines: Sequence[str]) -> bool:
        asked.append(lines)
        return False

    with pytest.raises(Declined):
        api.load(run, sandbox.address, agree=no)
    assert asked[0][0].startswith("The plan of the run")
    assert sandbox.organisation.rows["msdynmkt_segment"] == {}

    loaded = api.load(run, sandbox.address, reason="agreed on Tuesday")
    assert "verified" in set(loaded["standing"].map(str))
    assert loaded.attrs["exit_code"] == api.Exit.WAITING
    assert len(sandbox.organisation.rows["msdynmkt_segment"]) == 4
    assert api.verify(run).attrs["exit_code"] == api.Exit.WAITING
    assert len(list(run.path.glob("verification-*.json"))) == 2

    written = api.write_report(run, "json", "md", title="For the board")
    assert {"json", "md", "html"} <= set(written)
    assert "For the board" in written["md"].read_text(encoding="utf-8")
    with pytest.raises(UsageError, match="has been loaded"):
        api.translate(run)


def test_an_export_is_planned_and_predicted_without_an_organisation(small_export: Path) -> None:
    run = api.translate(small_export, names=["*"])
    assert run.name in [one.name for one in Path("reports").iterdir()]
    assert api.open_run(run.name) == api.open_run(run.path) == api.open_run() == api.Run(Path("reports") / run.name)
    found = api.predict(run, tables=small_export / "tables")
    shown = found.segments
    assert list(shown.columns[:6]) == ["legacy_id", "name", "recorded", "legacy", "predicted", "after"]
    assert len(shown) == len(run.plan().segments)
    assert "equal" in set(shown["verdict"])
    assert shown["after"].isna().all()
    (people,) = found.people.to_dict("records")
    assert people["before"] - people["lost"] + people["gained"] == people["after"]
    assert not people["complete"]  # nobody knows who was in “Lost”
    assert set(found.overlap["kind"]) == {"within"}
    assert found.exit_code is api.Exit.WAITING
    assert api.skip_duplicates(run) == []
    listed = next(one for one in run.plan().segments if one.members.count)
    assert len(run.members(listed.name)) == listed.members.count
    assert list(run.members(listed.legacy_id).columns) == ["contactid"]
    unknown = next(one for one in run.plan().segments if not one.members.known)
    with pytest.raises(UsageError, match="is not known"):
        run.members(unknown.legacy_id)


def test_decisions_are_recorded_before_loading(small_export: Path) -> None:
    run = api.translate(small_export)
    compound = next(one for one in run.plan().segments if one.alternatives)
    choice = str(next(iter(compound.alternatives)))
    (line,) = api.approve(run, choice, segments=[str(compound.legacy_id)], by="Ana", reason="agreed")
    assert compound.name in line
    assert "Ana" in line
    assert json.loads((run.path / "decisions.json").read_text())
    with pytest.raises(UsageError, match="A decision has to be one of"):
        api.approve(run, "flag", segments=[compound.name])


@pytest.mark.parametrize("wrong", [{"names": "VIP*"}, {"segments": "VIP"}, {"findings": "query-paged"}])
def test_a_text_in_the_place_of_a_list_decides_nothing(small_export: Path, wrong: dict[str, typing.Any]) -> None:
    """Read letter by letter, "VIP*" would hold a pattern that fits every segment that waits."""
    run = api.translate(small_export)
    with pytest.raises(UsageError, match="is a list, such as"):
        api.approve(run, "skip", **wrong)
    assert not (run.path / "decisions.json").exists()


def test_a_text_in_the_place_of_the_checks_to_skip_is_refused(small_export: Path) -> None:
    run = api.translate(small_export)
    with pytest.raises(UsageError, match="What is skipped is a list"):
        api.load(run, "http://127.0.0.1:9", skip_checks="business-units")


def test_a_check_to_skip_that_there_is_none_of_is_refused_with_those_there_are(small_export: Path) -> None:
    run = api.translate(small_export)
    with pytest.raises(UsageError, match="There is no check bussiness-units to skip; checks are account, kind"):
        api.load(run, "http://127.0.0.1:9", skip_checks=["privileges", "bussiness-units"])


@pytest.mark.parametrize(
    ("forms", "options", "words"),
    [
        (("html", "docx"), {}, "no form docx; forms are html, "),
        ((), {"language": "nl"}, "cannot be nl; it is one of en, de, fr"),
    ],
)
def test_a_report_in_an_unknown_way_names_the_known_ones_and_changes_nothing(
    small_export: Path, forms: tuple[str, ...], options: dict[str, typing.Any], words: str
) -> None:
    run = api.translate(small_export)
    before = (run.path / "run.json").read_bytes()
    with pytest.raises(UsageError, match=words):
        api.write_report(run, *forms, **options)
    assert (run.path / "run.json").read_bytes() == before


def test_a_status_that_a_segment_cannot_have_is_refused(small_export: Path) -> None:
    with pytest.raises(UsageError, match="it is one of draft, live"):
        api.translate(small_export, statuses=["lively"])
    with pytest.raises(UsageError, match="There is no finding query-pagged"):
        api.approve(api.translate(small_export), "skip", findings=["query-pagged"])


def test_it_works_where_an_event_loop_runs_already(organisation: Organisation) -> None:
    """As in every notebook."""

    async def cell() -> api.Run:
        with running(organisation) as box:
            return api.extract(box.address)

    assert (asyncio.run(cell()).export / "manifest.json").is_file()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"types": ["big"]}, "cannot be big"),
        ({"names": "News*"}, "A filter is a list"),
        ({"ids": "1f0e"}, "A filter is a list"),
        ({"compound": "forget"}, "--compound is flag"),
        ({"tolerance": 200}, "--tolerance cannot be 200"),
    ],
)
def test_what_means_nothing_is_refused_before_anything_is_made(
    small_export: Path, wrong: dict[str, typing.Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        api.translate(small_export, **wrong)
    assert not Path("reports").exists()


def test_an_unknown_setting_is_a_mistake_of_the_script(small_export: Path) -> None:
    with pytest.raises(TypeError, match="tolerances"):
        api.translate(small_export, tolerances=2)  # type: ignore[call-arg]
