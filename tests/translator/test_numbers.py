"""Numbers in what a translation says and makes: counts of groups, parts and people, and where HAVING has its edge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrator.contracts.choices import Choice
from migrator.contracts.derived import derived_id
from migrator.contracts.legacy_segment import segment_of
from migrator.contracts.members import Members, MemberSource
from migrator.mql import tree
from migrator.mql.parse import parse_outbound
from migrator.product import findings
from migrator.product.codes import LegacyStatus, LegacyType
from migrator.translator.compounds import Segments
from migrator.translator.interactions import translated
from migrator.translator.members import plan_groups
from migrator.translator.queries import translate_set, unresolved
from migrator.translator.translate import translate_text
from tests.phrasebook import SCHEMA as WIDE
from tests.small import ORGANISATION, SCHEMA, row, segment
from tests.translator.test_compounds import compounds
from tests.translator.test_translate import codes, legacy, plan

LIVE = LegacyStatus.LIVE


@pytest.mark.parametrize(
    ("having", "expected"),
    [
        ("", "COUNT >= 1"),
        (".HAVING(COUNT() > 0)", "COUNT >= 1"),
        (".HAVING(COUNT() > 2)", "COUNT >= 3"),
        (".HAVING(COUNT() >= 2)", "COUNT >= 2"),
        (".HAVING(COUNT() == 1)", "COUNT == 1"),
        (".HAVING(COUNT() <= 1)", "COUNT <= 1"),
        (".HAVING(COUNT() < 2)", "COUNT < 2"),
        (".HAVING(COUNT() == 0)", "having-zero"),
        (".HAVING(COUNT() <= 0)", "having-zero"),
        (".HAVING(COUNT() < 1)", "having-zero"),
        (".HAVING(COUNT() < 0)", "having-zero"),
        (".HAVING(COUNT() > 1.5)", "having-number"),
    ],
)
def test_how_often_somebody_did_something_is_asked_as_saved_queries_ask(having: str, expected: str) -> None:
    asked = parse_outbound(f"INTERACTION(EmailOpened, contactId){having}").members
    assert isinstance(asked, tree.Interaction)
    told: list[findings.Finding] = []
    found = translated(asked, SCHEMA, told)
    assert (found is None) is (" " not in expected)
    if found is None:
        assert [finding.code for finding in told] == [expected]
    else:
        assert found.having is not None
        assert f"{found.having.aggregate} {found.having.op} {found.having.number.digits}" == expected


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("PROFILE(contact)", 1),
        ("PROFILE(contact) UNION INTERACTION(EmailOpened, contactId)", 2),
        (" UNION ".join(["PROFILE(contact)"] * 999), 999),
        (" UNION ".join(["PROFILE(contact)"] * 1000), 1000),
        (" UNION ".join(["PROFILE(contact)"] * 1001), 1001),
        (" UNION ".join(["PROFILE(contact)"] * 1010), 1001),
    ],
    ids=["1", "2", "999", "1000", "1001", "more"],
)
def test_the_parts_of_a_query_are_counted_up_to_one_too_many(text: str, size: int) -> None:
    found = translate_set(parse_outbound(text), SCHEMA, unresolved, interactions=Choice.TRANSLATE)
    assert found.size == size
    assert (found.members is None) is (size > 1000)
    assert (findings.query_too_large(1000) in found.findings) is (size > 1000)


def test_every_table_on_a_way_needs_change_tracking() -> None:
    tables = {name: replace(table, change_tracking=False) for name, table in WIDE.tables.items()}
    text = "PROFILE(region, r).TRAVERSE(account_region_regionid, a).TRAVERSE(contact_account_accountid, c)"
    found, _ = translate_text(text, replace(WIDE, tables=tables), Choice.TRANSLATE, False)
    wanted = [findings.no_change_tracking("region"), findings.no_change_tracking("account")]
    assert [one for one in found.findings if one.code == wanted[0].code] == wanted


def test_groups_are_numbered_from_one_and_always_the_same() -> None:
    target, legacy_id = ORGANISATION.id, segment(1)
    members = Members(MemberSource.FILE, 400_001, excluded=3)
    groups = plan_groups(legacy_id, members, "VIP", target)
    assert [(group.name, group.first, group.count, group.excluded) for group in groups] == [
        ("VIP – members 1 of 3", 0, 200_000, False),
        ("VIP – members 2 of 3", 200_000, 200_000, False),
        ("VIP – members 3 of 3", 400_000, 1, False),
        ("VIP – exclusions", 0, 3, True),
    ]
    roles = ["group 1", "group 2", "group 3", "exclude group 1"]
    assert [group.id for group in groups] == [derived_id(target, legacy_id, role) for role in roles]


def test_people_are_counted_where_they_are_told() -> None:
    static = legacy(LegacyType.STATIC)
    lost = plan(static, Members(MemberSource.FILE, 8, gone=2, origin="x.csv"))
    assert findings.many_contacts_gone(2, 10) in lost.findings
    large = plan(static, Members(MemberSource.SERVICE, 200_001, excluded=200_001))
    assert findings.split_into_groups(200_001, 2, 200_000) in large.findings
    assert "split-into-groups" not in codes(plan(static, Members(MemberSource.SERVICE, 200_000, excluded=5)))


def test_references_are_counted_once_each() -> None:
    def compound(text: str, kind: LegacyType = LegacyType.COMPOUND) -> int:
        found = segment_of(row(segment(1), "S", kind, LIVE, msdyncrm_segmentquery=text))
        return Segments([found]).count_references(found)

    assert compound("SEGMENT(a) UNION SEGMENT(A) EXCEPT SEGMENT(b)") == 2
    assert compound("PROFILE(contact)") == 0
    assert compound("PROFILE(") == 0
    assert compound("SEGMENT(a)", LegacyType.STATIC) == 0


@pytest.mark.parametrize(
    ("inner", "rewritten"),
    [
        ("SEGMENT(s0) EXCEPT (PROFILE(contact) EXCEPT PROFILE(contact).FILTER(children == 1))", True),
        ("SEGMENT(s0) EXCEPT PROFILE(contact)", False),
    ],
)
def test_sets_that_were_rewritten_in_an_unfolded_segment_are_said_with_its_name(inner: str, rewritten: bool) -> None:
    last = compounds(["", inner, "SEGMENT(s1) UNION PROFILE(contact).FILTER(children == 2)"])[-1]
    assert (findings.within("s1", findings.sets_rewritten()) in last.findings) is rewritten
