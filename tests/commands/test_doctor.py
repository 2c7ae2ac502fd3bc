"""The doctor names what is missing in each broken organisation, changes nothing, and asks little."""

from __future__ import annotations

import ast
import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from migrator.base.errors import Exit
from migrator.commands import examination
from migrator.commands.doctor import Examination as Seen
from migrator.commands.doctor import NotReady, examination_json, examine, refuse_where_not_ready, tables_of
from migrator.commands.examination import CHECKS, Check, Health, TablesSeen, Unread, Us, checks_of
from migrator.commands.examination import Seen as Answers
from migrator.commands.settings import Settings, option_of
from migrator.contracts.export_folder import read_export
from migrator.contracts.journal import read_results
from migrator.contracts.plan import Plan, TranslationSettings
from migrator.contracts.run_folder import RunFolder
from migrator.dataverse.connect import connect
from migrator.mql import Schema
from migrator.mql.schema import schema_from_json
from migrator.product.codes import Scope
from migrator.product.privileges import NEEDED
from migrator.sandbox.organisation import Organisation
from migrator.sandbox.server import Running
from migrator.translator.translate import translate
from tests.conftest import Command

CONTOSO = Path(__file__).parents[2] / "sample_exports" / "contoso"


def looked(server: Running, plan: Plan | None = None, schema: Schema | None = None) -> Seen:
    async def work() -> Seen:
        async with await connect(server.address) as client:
            return await examine(client, plan, schema)

    return asyncio.run(work())


@pytest.fixture(scope="module")
def sample() -> tuple[Plan, Schema]:
    export = read_export(CONTOSO)
    return translate(export, TranslationSettings(export.organisation)), schema_from_json(export.tables)


def test_a_good_organisation_has_nothing_in_the_way(contoso: Running, sample: tuple[Plan, Schema]) -> None:
    seen = looked(contoso, *sample)
    assert [check for check in seen.checks if check.health is Health.WRONG] == []
    assert seen.exit_code is Exit.DONE
    assert seen.requests <= 25
    (requests,) = [check for check in seen.checks if check.name == "requests"]
    assert "recommends 8 at a time" in requests.found
    for command in NEEDED:
        assert seen.in_the_way(command) == ()
        refuse_where_not_ready(seen, command)


def test_it_looks_and_changes_nothing(contoso: Running) -> None:
    before = {name: dict(rows) for name, rows in contoso.organisation.rows.items()}
    looked(contoso)
    assert contoso.organisation.rows == before


def without_outbound(organisation: Organisation) -> None:
    organisation.outbound_installed = False


def outbound_removed(organisation: Organisation) -> None:
    organisation.outbound = False


def without_realtime(organisation: Organisation) -> None:
    organisation.realtime = False


def lacking(*names: str) -> Callable[[Organisation], None]:
    def take(organisation: Organisation) -> None:
        organisation.lacks |= set(names)

    return take


def without_matrix(organisation: Organisation) -> None:
    organisation.matrix = False


def production(organisation: Organisation) -> None:
    organisation.kind = "Secondary"


def of_a_kind_to_come(organisation: Organisation) -> None:
    organisation.kind = "Quantum"


BROKEN = [
    (without_outbound, "outbound", Health.WRONG, "no table msdyncrm_segment.*never installed", {"extract", "retire"}),
    (outbound_removed, "outbound", Health.NOTE, "services are removed", set()),
    (without_realtime, "real-time", Health.WRONG, "not installed", {"load", "verify", "rollback"}),
    (lacking("prvReadContact"), "privileges", Health.WRONG, "prvReadContact.*extract", {"extract", "load"}),
    (lacking("prvCreatemsdynmkt_segment"), "privileges", Health.WRONG, "prvCreatemsdynmkt_segment", {"load"}),
    (lacking("prvDeletemsdyncrm_segment"), "privileges", Health.WRONG, "retire --delete", {"retire --delete"}),
    (without_matrix, "business-units", Health.NOTE, "across business units is switched off", set()),
    (lacking("prvAppendToBusinessUnit"), "business-units", Health.NOTE, "prvAppendToBusinessUnit", set()),
    (lacking("prvReadmsdynmkt_journey"), "use", Health.NOTE, "prvReadmsdynmkt_journey.*stays unknown", set()),
    (Organisation.hide_use, "use", Health.NOTE, "no table msdynmkt_journey and no table msdynmkt_segmentusage", set()),
    (production, "kind", Health.NOTE, "Secondary.*production", set()),
    (of_a_kind_to_come, "kind", Health.NOTE, "Quantum.*treated as production", set()),
]


@pytest.mark.parametrize(("damage", "name", "health", "words", "commands"), BROKEN)
def test_each_broken_organisation_is_told_what_is_missing(
    contoso: Running, damage: Callable[[Organisation], None], name: str, health: Health, words: str, commands: set[str]
) -> None:
    damage(contoso.organisation)
    seen = looked(contoso)
    found = [check for check in seen.checks if check.name == name and check.health is health]
    assert found, seen.checks
    assert re.search(words, found[0].found)
    for command in commands:
        assert any(check.name == name for check in seen.in_the_way(command))
        with pytest.raises(NotReady, match="nothing was changed") as refusal:
            refuse_where_not_ready(seen, command)
        assert found[0].found in str(refusal.value)
        assert refusal.value.exit_code is Exit.REFUSED
        refuse_where_not_ready(seen, command, {name})
    if health is Health.WRONG:
        assert found[0].cure
        assert seen.exit_code is Exit.WAITING


def test_a_table_without_tracking_or_rows_is_named(contoso: Running, sample: tuple[Plan, Schema]) -> None:
    plan, schema = sample
    organisation = contoso.organisation
    assert {"account", "msevtmgt_eventregistration"} <= tables_of(plan, schema)
    tables = dict(organisation.schema.tables)
    tables["account"] = replace(tables["account"], change_tracking=False)
    organisation.schema = replace(organisation.schema, tables=tables)
    organisation.rows["msevtmgt_eventregistration"].clear()
    seen = looked(contoso, plan, schema)
    told = {check.name: check.found for check in seen.in_the_way("load")}
    assert told == {
        "change-tracking": "Change tracking is off for the table account.",
        "rows": "There is no row in the table msevtmgt_eventregistration.",
    }


def test_room_that_is_not_there_is_said_before_anything_is_created(
    contoso: Running, sample: tuple[Plan, Schema], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("migrator.commands.examination.SEGMENTS_MAX", 10)
    (check,) = looked(contoso, *sample).in_the_way("load")
    assert check.name == "limits"
    assert "where 10 are possible" in check.found


def test_a_query_that_is_too_long_for_this_organisation_is_named(
    contoso: Running, sample: tuple[Plan, Schema], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, schema = sample
    longest = max((segment for segment in plan.segments if segment.loadable), key=lambda one: len(one.realtime_query))
    monkeypatch.setitem(
        __import__("migrator.sandbox.tables", fromlist=["LENGTHS"]).LENGTHS,
        ("msdynmkt_segmentdefinition", "msdynmkt_segmentquery"),
        len(longest.realtime_query) - 1,
    )
    (check,) = looked(contoso, plan, schema).in_the_way("load")
    assert check.name == "query-length"
    assert longest.name in check.found


def test_the_words_for_scripts_hold_everything(contoso: Running) -> None:
    contoso.organisation.lacks.add("prvReadContact")
    content = examination_json(looked(contoso))
    assert content["exit_code"] == 3
    assert {"name", "title", "health", "found", "cure", "matters_to"} == set(content["checks"][0])
    wrong = [check for check in content["checks"] if check["health"] == "wrong"]
    assert wrong
    assert "load" in wrong[0]["matters_to"]


# --- before the first write ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["--dry-run"], []], ids=["a dry run", "a run"])
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (without_realtime, "not installed"),
        (lacking("prvCreatemsdynmkt_segmentdefinition"), "prvCreatemsdynmkt_segment"),
    ],
)
def test_a_run_says_in_one_sentence_what_is_missing_and_writes_nothing(
    command: Command,
    sandbox: Running,
    damage: Callable[[Organisation], None],
    words: str,
    arguments: list[str],
) -> None:
    damage(sandbox.organisation)
    result = command("run", "--org", sandbox.address, *arguments)
    assert result.code == Exit.REFUSED
    assert words in result.err
    assert "nothing was changed" in result.err
    assert result.err.count("Error:") == 1
    assert sandbox.organisation.rows["msdynmkt_segmentdefinition"] == {}
    (run,) = Path("reports").iterdir()
    assert (run / "plan.json").exists()
    assert not (run / "journal.db").exists() or not read_results(run / "journal.db")


def test_a_person_may_go_on_all_the_same_and_it_is_written_down(command: Command, sandbox: Running) -> None:
    sandbox.organisation.lacks.add("prvWritemsdynmkt_segment")  # it is not needed where nothing is there yet
    refused = command("run", "--org", sandbox.address)
    assert "--skip-check privileges" in refused.err
    done = command("run", "--resume", "--skip-check", "privileges")
    assert done.code == Exit.WAITING, done.err
    (run,) = Path("reports").iterdir()
    assert RunFolder(run).state().skipped_checks == ("privileges",)
    assert sandbox.organisation.rows["msdynmkt_segment"]
    assert "a person went on all the same: privileges" in (run / "report.html").read_text()


def test_a_check_that_there_is_none_of_is_refused_before_anything_is_sent(command: Command, sandbox: Running) -> None:
    result = command("run", "--org", sandbox.address, "--skip-check", "privilege")
    assert result.code == 2
    assert "There is no check privilege to skip; checks are account, " in result.err
    assert not Path("reports").exists()


def test_every_check_can_be_named() -> None:
    """Of the calls that make checks, the names that stand in them."""
    tree = ast.parse(Path(examination.__file__).read_text(encoding="utf-8"))
    made = [
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Check"
        if isinstance(node.args[0], ast.Constant)
    ]
    assert len(set(made)) > 10
    assert {*made, "business-units", "change-tracking", "rows"} == set(CHECKS)


def test_the_look_before_a_run_is_short(contoso: Running, sample: tuple[Plan, Schema]) -> None:
    async def work() -> Seen:
        async with await connect(contoso.address) as client:
            return await examine(client, *sample, brief=True)

    assert asyncio.run(work()).requests <= 14


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_doctor_shows_a_mark_a_title_and_what_to_do(command: Command, sandbox: Running) -> None:
    sandbox.organisation.lacks.add("prvReadContact")
    result = command("doctor", "--org", sandbox.address)
    assert result.code == Exit.WAITING
    assert "✗ Privileges" in result.out
    assert "Add it to one of the account's security roles" in result.out
    content = json.loads(command("doctor", "--org", sandbox.address, "--json").out)
    assert content["requests"] <= 25


def test_the_doctor_looks_at_what_a_run_needs(command: Command, sandbox: Running) -> None:
    command("run", "--org", sandbox.address, "--dry-run")
    (run,) = Path("reports").iterdir()
    assert "planned" in command("doctor", "--run", run.name).out


def test_every_setting_is_shown_with_where_it_comes_from(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("migrator.toml").write_text('parallel = 4\n[organisations.test]\norg = "https://t.crm.dynamics.com"\n')
    monkeypatch.setenv("MIGRATOR_TOLERANCE", "5")
    shown = {line.split()[0]: line for line in command("doctor", "--settings", "--org", "test").out.splitlines()}
    assert shown["parallel"].endswith("migrator.toml")
    assert shown["tolerance"].split()[1] == "5"  # per cent, as it was given
    assert shown["tolerance"].endswith("MIGRATOR_TOLERANCE")
    assert "https://t.crm.dynamics.com" in shown["org"]
    assert "[organisations.test]" in shown["org"]
    assert shown["split"].endswith("default")


def test_what_is_shown_of_a_setting_can_be_given_so(command: Command) -> None:
    for one in json.loads(command("doctor", "--settings", "--json").out):
        read = option_of(one["name"]).read
        assert not one["value"] or read(one["value"]) == Settings.__dataclass_fields__[one["name"]].default, one
        assert one["value"] != "None"


def test_a_variable_that_means_nothing_is_refused(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGRATOR_DRY_RUN", "1")
    result = command("status")
    assert result.code == Exit.USAGE
    assert "MIGRATOR_DRY_RUN" in result.err


@pytest.mark.parametrize(("scoped", "code"), [(True, 5), (False, 0)])
def test_a_unit_that_cannot_be_set_is_said_before_anything_is_created(
    command: Command, sandbox: Running, scoped: bool, code: int
) -> None:
    """Where the unit decides who is in a segment, nothing is created; elsewhere it is said."""
    other = "5a000000-0000-4000-8000-0000000000b2"
    sandbox.organisation.matrix = False
    sandbox.organisation.fill("businessunit", [{"businessunitid": other, "name": "Other"}])
    for row in sandbox.organisation.rows["msdyncrm_segment"].values():
        row["owningbusinessunit"] = other
        row["msdyncrm_scope"] = int(Scope.BUSINESS_UNIT if scoped else Scope.ORGANISATION)
    result = command("run", "--org", sandbox.address, "--name", "Five people" if not scoped else "*")
    assert "lands in the business unit of the account" in result.err
    assert bool(sandbox.organisation.rows["msdynmkt_segment"]) is not scoped
    assert result.code == code


def found_in(name: str, **answers: Any) -> Check:
    """The check of this name, where nothing could be read but these answers."""
    unread = dict.fromkeys((one.name for one in fields(Answers)), Unread("no one answers"))
    checks = checks_of(Us("Ada", None), Answers(**{**unread, **answers}), None, frozenset())
    return next(check for check in checks if check.name == name)


def test_privileges_that_could_not_be_read_are_not_lacking() -> None:
    found = found_in("business-units", matrix=True)
    assert (found.health, "lacks" in found.found) == (Health.UNKNOWN, False)
    assert "no one answers" in found.found
    assert found_in("business-units", matrix=True, privileges=frozenset({"prvX"})).health is Health.NOTE
    assert "switched off" in found_in("business-units", matrix=False).found  # which is so for every account


def test_queries_that_could_not_be_read_are_not_said_to_be_none() -> None:
    assert found_in("operators").found == "They could not be read: no one answers"
    assert found_in("operators", queries=()).found == "There is no saved query to look at."


def test_of_versions_the_newest_is_shown() -> None:
    facts: Any = {"msdynmkt_segmentdefinition": None, "msdynmkt_segment": None}
    tables, versions = TablesSeen(facts), {"msdynmkt_a": "1.1.9", "msdynmkt_b": "1.1.10"}
    assert "1.1.10" in found_in("real-time", tables=tables, versions=versions, messages=frozenset()).found
