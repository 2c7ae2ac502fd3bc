"""The law: original and translation select the same people, or somebody is told that they may not.

Random queries go through the translator, and a slow evaluator that shares no code with it judges both. By default a few
hundred of them; 10,000 with: QUERIES=10000 pytest tests/translator/test_same_people.py
"""

from __future__ import annotations

import os
import random
from collections.abc import Collection
from dataclasses import replace
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st

from migrator.contracts.choices import Choice
from migrator.contracts.export_folder import Export
from migrator.contracts.legacy_segment import segment_of
from migrator.contracts.members import Members, MemberSource
from migrator.contracts.plan import Outcome, PlannedSegment, TranslationSettings, outcome_of
from migrator.mql import parse_outbound, parse_realtime
from migrator.mql.schema import schema_to_json
from migrator.product.codes import LegacyStatus, LegacyType
from migrator.translator.queries import translate_query
from migrator.translator.translate import translate
from tests.phrasebook import SCHEMA
from tests.query_data import CONTACTS, active, identity, world
from tests.reference_evaluator import Meaningless, World, outbound, realtime
from tests.small import ORGANISATION, row, segment

QUERIES = int(os.environ.get("QUERIES", "300"))
"""Generated queries; a third of them as many exports with segments built on one another."""
lawful = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

COLUMNS = {
    "contact": {
        "city": ["'Oslo'", "'Rome'"],
        "age": ["1", "3", "18"],
        "vip": ["True", "False"],
        "statecode": ["0", "1"],
    },
    "account": {"name": ["'Contoso'", "'x'"], "size": ["1", "6"], "city": ["'Oslo'"]},
    "region": {"name": ["'North'", "'Oslo'"], "taxed": ["True"]},
    "visit": {"topic": ["'x'", "'z'"], "stars": ["1", "4"]},
    "order": {"sum": ["50", "100"]},
    "list": {"title": ["'News'"], "closed": ["True", "False"]},
    "listcontact": {"listid": [f"'{identity(6, 1)}'"], "contactid": [f"'{identity(1, 2)}'"]},
    "listmember": {"listid": [f"'{identity(6, 1)}'"], "entityid": [f"'{identity(1, 2)}'"]},
    "friend": {"one": [f"'{identity(1, 2)}'"], "other": [f"'{identity(1, 3)}'"]},
}
"""Table → column → values that it is compared with."""
STEPS = {
    "contact": [
        ("contact_account_accountid", "account"), ("contact_customer_accounts", "account"),
        ("visit_contact_contactid", "visit"), ("order_contact_buyerid", "order"),
        ("listcontact_contact_contactid", "listcontact"), ("listmember_contact_entityid", "listmember"),
        ("friend_contact_one", "friend"), ("friend_contact_other", "friend"), ("contact_contact_managerid", "contact"),
    ],
    "account": [
        ("contact_account_accountid", "contact"), ("contact_account_accountid", "contact"),
        ("account_region_regionid", "region"), ("account_account_parentid", "account"),
        ("listmember_account_entityid", "listmember"),
    ],
    "region": [("account_region_regionid", "account")],
    "visit": [("visit_contact_contactid", "contact")],
    "order": [("order_contact_buyerid", "contact")],
    "list": [("listcontact_list_listid", "listcontact"), ("listmember_list_listid", "listmember")],
    "listcontact": [("listcontact_contact_contactid", "contact"), ("listcontact_list_listid", "list")],
    "listmember": [
        ("listmember_contact_entityid", "contact"), ("listmember_list_listid", "list"),
        ("listmember_account_entityid", "account"),
    ],
    "friend": [("friend_contact_one", "contact"), ("friend_contact_other", "contact")],
}  # fmt: skip
"""Table → relationships that touch it, and where each leads."""


def _ways(table: str, length: int) -> list[list[tuple[str, str]]]:
    """Every way of a length from a table to contact."""
    if length == 0:
        return [[]] if table == "contact" else []
    return [[step, *rest] for step in STEPS[table] for rest in _ways(step[1], length - 1)]


WAYS = {length: [(table, way) for table in sorted(STEPS) for way in _ways(table, length)] for length in range(5)}


BETWEEN = {"listcontact", "listmember", "friend"}
PLAIN_WAYS = {
    length: [
        (table, way)
        for table, way in WAYS[length]
        if table not in BETWEEN
        and not any(step in ("contact_contact_managerid", "account_account_parentid") for step, _ in way)
        and not any(step.startswith("friend") for step, _ in way)
        and not any(one == other for (one, table), (other, _) in pairwise(way) if table in BETWEEN)
    ]
    for length in WAYS
}
"""Those without a table that refers to itself, and without half a many-to-many relationship."""
PEOPLE = [identity(1, number) for number in range(CONTACTS)]
Made = tuple[LegacyType, str, list[str]]
"""A segment: its type, its query, and the members of a static one."""


class Author:
    """Writes random queries. Drawing every choice from hypothesis would take ten times as long as judging the query."""

    def __init__(self, seed: int) -> None:
        self._pick = random.Random(seed)

    def one_in(self, number: int) -> bool:
        """True once in `number` times."""
        return self._pick.randrange(number) == 0

    def choice(self, *choices: str) -> str:
        """One of some texts."""
        return self._pick.choice(choices)

    def comparison(self, tables: dict[str, str]) -> str:
        """A comparison of a column behind one of the names; the empty one is the current table, without a name."""
        name = self.choice(*tables)
        table = tables[name]
        column = self.choice(*COLUMNS[table])
        if column == "statecode" and not self.one_in(4):
            column = "age"
        spelt = f"{name}.{column}" if name else column
        if self.one_in(10):
            return f"{self.choice('ISNULL', 'ISNOTNULL')}({spelt})"
        ordered = column in ("age", "size", "stars", "sum")
        operator = self.choice("==", "!=", ">", "<=") if ordered else self.choice("==", "!=")
        value = self.choice(*COLUMNS[table][column])
        if self.one_in(20):
            return f"{spelt} == {name + '.' if name else ''}{column}"
        return f"{value} {operator} {spelt}" if self.one_in(12) else f"{spelt} {operator} {value}"

    def condition(self, tables: dict[str, str], depth: int = 0) -> str:
        """A comparison, or some of them."""
        kind = self._pick.randrange(7 if depth < 3 else 3)
        if kind <= 2:
            return self.comparison(tables)
        inner = [self.condition(tables, depth + 1) for _ in range(2)]
        return f"NOT({inner[0]})" if kind == 3 else f"({inner[0]} {'&&' if kind == 4 else '||'} {inner[1]})"

    def profile(self) -> str:
        """A profile that ends at contact, most of the time by a way that can be turned round."""
        length = self._pick.choice([0, 0, 1, 1, 2, 2, 3, 4])
        first, way = self._pick.choice((WAYS if self.one_in(5) else PLAIN_WAYS)[length])
        named: dict[str, str] = {}

        def name(table: str, number: int) -> str:
            if self.one_in(8):
                return ""
            chosen = "t" if self.one_in(10) else f"t{number}"  # now and then two tables get the same name
            named[chosen] = table
            return f", {chosen}"

        text = f"PROFILE({first}{name(first, 0)})"
        if self.one_in(2):
            text += f".FILTER({self.condition({**named, '': first})})"
        for number, (relationship, table) in enumerate(way, start=1):
            spelt = name(table, number)
            text += f".TRAVERSE({relationship}{spelt}"
            if spelt and self.one_in(8):
                text += f", FILTER({self.condition({**named, '': table})})"
            text += ")"
            if table in BETWEEN and not self.one_in(6):
                continue
            if self.one_in(2):
                text += f".FILTER({self.condition({**named, '': table})})"
        return text

    def interaction(self) -> str:
        """What people did."""
        text = "INTERACTION(EmailOpened, contactId)"
        if self.one_in(2):
            text += f".FILTER({self.choice('messageid', 'messageId')} {self.choice('==', '!=')} 'x')"
        if self.one_in(2):
            counted = self.choice("COUNT() > 0", "COUNT() > 1", "COUNT() == 2", "COUNT() < 3", "MAX(stars) > 1")
            text += f".HAVING({counted}{self.choice('', ', UTCDAYS(30)', ', UTCMONTHS(4)')})"
            if self.one_in(4):
                text += ".HAVING(COUNT() < 4)"
        return text

    def query(self, names: tuple[str, ...] = (), depth: int = 0) -> str:
        """Sets of people; `names` are the segments that it may refer to."""
        if self.one_in(2) or depth > 2:
            if names and not self.one_in(3):
                reference = f"SEGMENT({self.choice(*names)})"
                return f"{reference}.FILTER({self.condition({'': 'contact'})})" if self.one_in(6) else reference
            return self.interaction() if self.one_in(10) else self.profile()
        parts = [self.query(names, depth + 1) for _ in range(self._pick.choice([2, 2, 3]))]
        text = parts[0] if self.one_in(2) else f"({parts[0]})"
        for part in parts[1:]:
            text += f" {self.choice('UNION', 'INTERSECT', 'EXCEPT')} ({part})"
        return text

    def export(self) -> list[Made]:
        """Segments by number, each referring to earlier ones at most."""
        made: list[Made] = []
        for number in range(self._pick.randrange(2, 8)):
            names = tuple(f"s{n}" for n in range(number))
            kind = self.choice("static", "dynamic", "compound", "compound", "compound") if names else "static"
            if kind == "static":
                made.append((LegacyType.STATIC, "", self._pick.sample(PEOPLE, self._pick.randrange(9))))
                continue
            text = self.query(names if kind == "compound" else ())
            if self.one_in(12):
                text = f"({text}).ORDERBY(city).TAKE(2)"
            made.append((LegacyType.COMPOUND if "SEGMENT" in text else LegacyType.DYNAMIC, text, []))
        return made


SEEDS = st.integers(0, 2**32)


@pytest.mark.slow
@given(SEEDS, st.integers(1, 4))
@settings(lawful, max_examples=QUERIES)
def test_a_query_and_its_translation_select_the_same_people(author: int, seed: int) -> None:
    text = Author(author).query()
    note(text)
    query = parse_outbound(text)
    found = translate_query(query, SCHEMA, interactions=Choice.TRANSLATE)
    outcome = outcome_of(found.findings)
    carried = outcome in (Outcome.READY, Outcome.ADAPTED)
    event(str(outcome))
    try:
        before = set(outbound(query, world(seed)))
    except Meaningless:
        assert not carried
        return
    if not found.text:
        assert not carried
        return
    after = set(realtime(parse_realtime(found.text), world(seed)))
    assert after & active(seed) == before & active(seed)
    if carried:
        assert after <= before


# --- segments that are built on one another ----------------------------------------------------------------------


def _members_before(made: list[Made], seed: int) -> dict[str, set[str] | None]:
    """The members of every segment as outbound has them; None where its query does not say what it means."""
    known: dict[str, set[str] | None] = {}

    def of(name: str) -> Collection[str]:
        members = known[name]
        if members is None:
            raise Meaningless(name)
        return members

    for number, (kind, text, people) in enumerate(made):
        seen: World = replace(world(seed), members=of)
        try:
            known[f"s{number}"] = (
                set(people) if kind is LegacyType.STATIC else set(outbound(parse_outbound(text), seen))
            )
        except Meaningless:
            known[f"s{number}"] = None
    return known


def _members_after(
    planned: dict[UUID, PlannedSegment], before: dict[str, set[str] | None], seed: int
) -> dict[UUID, set[str]]:
    by_name = {f"SEGMENT_CJO_ID_{found.segment_id.hex}": found for found in planned.values()}
    known: dict[UUID, set[str]] = {}

    def of(name: str) -> Collection[str]:
        return members(by_name[name])

    def members(found: PlannedSegment) -> set[str]:
        if found.legacy_id not in known:
            assert found.payload is not None
            if found.payload.query:
                known[found.legacy_id] = set(
                    realtime(parse_realtime(found.payload.query), replace(world(seed), members=of))
                )
            else:
                known[found.legacy_id] = set(before[found.name] or ())
        return known[found.legacy_id]

    for found in planned.values():
        members(found)
    return known


@pytest.mark.slow
@given(SEEDS, st.integers(1, 4))
@settings(lawful, max_examples=max(20, QUERIES // 3))
def test_segments_on_segments_keep_their_people(author: int, seed: int) -> None:
    made = Author(author).export()
    note(str(made))
    rows = [
        segment_of(
            row(segment(n), f"s{n}", kind, LegacyStatus.LIVE, **({"msdyncrm_segmentquery": text} if text else {}))
        )
        for n, (kind, text, _) in enumerate(made)
    ]
    members = {
        segment(n): Members(MemberSource.SERVICE, len(people))
        if kind is LegacyType.STATIC
        else Members(MemberSource.NOT_READ)
        for n, (kind, _, people) in enumerate(made)
    }
    plan = translate(
        Export(ORGANISATION, "f", tuple(rows), members, schema_to_json(SCHEMA)),
        TranslationSettings(ORGANISATION, compound=Choice.TRANSLATE, interactions=Choice.TRANSLATE),
    )
    loaded = {found.legacy_id: found for found in plan.segments if found.loadable}
    event(f"{sum(bool(found.depends_on) for found in loaded.values())} rebuilt on others")
    before = _members_before(made, seed)
    after = _members_after(loaded, before, seed)
    for found in loaded.values():
        assert set(found.depends_on) <= loaded.keys()
        was, now = before[found.name], after[found.legacy_id]
        assert was is not None
        assert now & active(seed) == was & active(seed)
        assert now <= was
