"""The doctor names what is missing in each broken organisation, changes nothing, and asks little."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from migrator.base.errors import Exit
from migrator.commands.doctor import Examination as Seen
from migrator.commands.doctor import NotReady, examination_json, examine, refuse_where_not_ready, tables_of
from migrator.commands.examination import Health
from migrator.contracts.export_folder import read_export
from migrator.contracts.plan import Plan, TranslationSettings
from migrator.dataverse.connect import connect
from migrator.mql import Schema
from migrator.mql.schema import schema_from_json
from migrator.product.privileges import NEEDED
from migrator.sandbox.organisation import Organisation
from migrator.sandbox.server import Running
from migrator.translator.translate import translate

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
