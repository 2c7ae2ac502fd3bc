"""What in a condition no document and no migrated query has shown to work in real time."""

from __future__ import annotations

import pytest

from migrator.mql import Column, Schema, Table, tree
from migrator.mql.parse import parse_outbound
from migrator.product import findings
from migrator.translator.doubts import doubts

SCHEMA = Schema(
    tables={
        "contact": Table(
            "contacts",
            "contactid",
            "fullname",
            {"city": Column("String"), "town": Column("String"), "size": Column("Decimal"), "at": Column("DateTime")},
        )
    },
    many_to_one=(),
    many_to_many=(),
)


def told(condition: str) -> list[str]:
    members = parse_outbound(f"PROFILE(contact).FILTER({condition})").members
    assert isinstance(members, tree.Profile)
    (step,) = members.steps
    assert isinstance(step, tree.Filter)
    return [finding.message for finding in doubts(step.condition, lambda _: "contact", SCHEMA)]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("city == 'Oslo'", ""),
        ("size == 5", ""),
        ("size == -5", ""),
        ("size > 2.5", "fractions"),
        ("size > 1e5", "exponents"),
        ("size > 1.5E5", "exponents"),
        ("size * 2 > 5", "arithmetic"),
        ("5 < size", "a value on the left of a comparison"),
        ("city == town", "a column compared with a column"),
        ("city CONTAINS 'Oslo'", ""),
        ("city STARTSWITH 'Oslo'", "STARTSWITH"),
        ("city CONTAINS town", "a column compared with a column"),
        ("size > 2.5 && size < 1e5", "fractions, exponents"),
    ],
)
def test_what_is_unproven_is_named(condition: str, expected: str) -> None:
    assert told(condition) == ([findings.unproven_construct(expected).message] if expected else [])
