"""What a condition on the state of contacts makes of a real-time query, which knows active ones only."""

from __future__ import annotations

import pytest

from migrator.mql.parse import parse_realtime
from migrator.product import findings
from migrator.translator.activity import Reach, about_inactive

NOBODY = findings.nobody_active().code
ASKED = findings.inactive_asked_for().code
KEPT = findings.inactive_kept().code


def codes(query: str, references: dict[str, Reach] | None = None) -> list[str]:
    members = parse_realtime(query).members
    return [finding.code for finding in about_inactive(members, references or {})]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("statecode == 1", [NOBODY]),
        ("statecode == 0", []),
        ("statecode != 0", [NOBODY]),
        ("statecode != 1", []),
        ("1 == statecode", [NOBODY]),
        ("0 == statecode", []),
        ("statecode > 0", [NOBODY]),
        ("statecode >= 0", []),
        ("statecode < 1", []),
        ("statecode <= 0", []),
        ("0 < statecode", [NOBODY]),
        ("0 <= statecode", []),
        ("1 > statecode", []),
        ("ISNULL(statecode)", [NOBODY]),
        ("ISNOTNULL(statecode)", []),
        ("NOT(statecode == 0)", [NOBODY]),
        ("NOT(statecode == 1)", []),
        ("NOT(ISNOTNULL(statecode))", [NOBODY]),
        ("statecode == 1 && city == 'Oslo'", [NOBODY]),
        ("statecode == 0 && city == 'Oslo'", []),
        ("statecode == 1 || city == 'Oslo'", [ASKED]),
        ("statecode == 0 || city == 'Oslo'", []),
        ("statecode == 0 || statecode == 1", [ASKED]),
        ("statecode == 0 && statecode == 1", [NOBODY]),
        ("NOT(statecode == 0 || city == 'Oslo')", [NOBODY]),
        ("NOT(statecode == 0 && city == 'Oslo')", [ASKED]),
        ("city == 'Oslo'", []),
        ("statecode == city", []),
        ("statecode < city", []),
        ("statecode == 'none'", []),
        ("ISNULL(city)", []),
        ("statuscode == 1", []),
    ],
)
def test_what_is_said_of_a_condition(condition: str, expected: list[str]) -> None:
    assert codes(f"PROFILE(contact).FILTER({condition})") == expected


def test_a_set_is_empty_when_what_makes_it_up_is() -> None:
    nobody, people = "PROFILE(contact).FILTER(statecode == 1)", "PROFILE(contact)"
    assert codes(f"{nobody} UNION {nobody}") == [NOBODY]
    assert codes(f"{people} UNION {nobody}") == [ASKED]
    assert codes(f"{people} INTERSECT {nobody}") == [NOBODY]
    assert codes(f"{nobody} INTERSECT {people}") == [NOBODY]
    assert codes(f"{nobody} EXCEPT {people}") == [NOBODY]
    assert codes(f"{people} EXCEPT {nobody}") == []


def test_inactive_contacts_stay_in_where_only_a_query_takes_them_out() -> None:
    holds = {"list": Reach(holds=True)}
    none = {"list": Reach()}
    assert codes("SEGMENT(list) EXCEPT PROFILE(contact)", holds) == [KEPT]
    assert codes("SEGMENT(list) EXCEPT PROFILE(contact)", none) == []
    assert codes("SEGMENT(list) EXCEPT PROFILE(contact).FILTER(statecode == 0)", holds) == []
    assert codes("PROFILE(contact) EXCEPT SEGMENT(list)", holds) == []
    assert codes("SEGMENT(list) EXCEPT PROFILE(contact) INTERSECT SEGMENT(list)", holds) == [KEPT]
    assert codes("SEGMENT(list) EXCEPT PROFILE(contact) INTERSECT PROFILE(contact)", holds) == []
    assert codes("SEGMENT(list) EXCEPT PROFILE(contact) UNION PROFILE(contact)", holds) == [KEPT]
    assert codes("PROFILE(contact) UNION SEGMENT(list) EXCEPT PROFILE(contact)", holds) == [KEPT]
