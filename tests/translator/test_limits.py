"""Limits, one step below and one above: what just fits is carried over as it is, and one more is not."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.contracts.choices import Choice
from migrator.contracts.export_folder import Export
from migrator.contracts.legacy_segment import segment_of
from migrator.contracts.members import Members
from migrator.contracts.plan import TranslationSettings
from migrator.mql.schema import schema_to_json
from migrator.product.codes import LegacyStatus, LegacyType
from migrator.translator.translate import translate, translate_text
from tests.phrasebook import SCHEMA as TABLES
from tests.small import ORGANISATION, SCHEMA, row, segment
from tests.translator.test_translate import READ, codes, static


def across(condition: str) -> list[str]:
    """What is found of a query with a condition across two tables."""
    text = f"PROFILE(account, a).TRAVERSE(contact_account_accountid, c).FILTER({condition})"
    planned, _ = translate_text(text, TABLES, Choice.TRANSLATE, False)
    return [finding.code for finding in planned.findings if finding.code.startswith(("condition", "query"))]


def pairs(count: int) -> str:
    return " && ".join(f"(a.size == {n} || c.age == {n})" for n in range(count))


def alternatives(count: int) -> str:
    return " || ".join(f"(a.size == {n} && c.age == {n})" for n in range(count))


@pytest.mark.parametrize(
    ("condition", "fits"),
    [(pairs(4), True), (pairs(5), False), (alternatives(16), True), (alternatives(17), False)],
    ids=["2 to the 4", "2 to the 5", "16", "17"],
)
def test_a_condition_is_spread_over_sixteen_profiles_and_no_more(condition: str, fits: bool) -> None:
    assert across(condition) == (["query-turned-round", "query-spread"] if fits else TOO_FAR)


TOO_FAR = ["query-turned-round", "condition-spread-too-far"]


def test_a_query_that_just_fits_into_its_column_is_carried_over() -> None:
    text = "PROFILE(contact).FILTER(age == 1)"
    for most, found in ((len(text), []), (len(text) - 1, ["query-too-long"])):
        planned, _ = translate_text(text, TABLES, Choice.TRANSLATE, False, most=most)
        assert [finding.code for finding in planned.findings] == found


@pytest.mark.parametrize(("references", "said"), [(10, False), (11, True)])
def test_more_than_ten_references_are_said(references: int, said: bool) -> None:
    lists = [segment_of(row(segment(n), f"L{n}", LegacyType.STATIC, LegacyStatus.LIVE)) for n in range(references)]
    text = " UNION ".join(f"SEGMENT(L{n})" for n in range(references))
    above = segment_of(row(segment(99), "All", LegacyType.COMPOUND, LegacyStatus.LIVE, msdyncrm_query=text))
    members = {one.id: Members(READ, 1) for one in (*lists, above)}
    export = Export(ORGANISATION, "f", (*lists, above), members, schema_to_json(SCHEMA))
    plan = translate(export, TranslationSettings(ORGANISATION, compound=Choice.TRANSLATE))
    (planned,) = (one for one in plan.segments if one.legacy_id == above.id)
    assert len(planned.depends_on) == references
    assert ("many-references" in codes(planned)) is said


@pytest.mark.parametrize(
    ("columns", "cut"),
    [
        ({"msdyncrm_segmentname": "n" * 100}, []),
        ({"msdyncrm_segmentname": "n" * 101}, ["name-cut"]),
        ({"msdyncrm_description": "d" * 1_000}, []),
        ({"msdyncrm_description": "d" * 1_001}, ["description-cut"]),
        ({"_createdby_value@OData.Community.Display.V1.FormattedValue": "c" * 100}, []),
        ({"_createdby_value@OData.Community.Display.V1.FormattedValue": "c" * 101}, ["creator-cut"]),
    ],
)
def test_a_text_that_just_fits_is_not_cut(columns: dict[str, Any], cut: list[str]) -> None:
    assert codes(static(1, **columns)) == cut


@pytest.mark.parametrize(
    ("read", "found"),
    [(100, []), (98, ["size-differs"]), (102, ["size-differs"]), (97, ["size-far-off"]), (103, ["size-far-off"])],
)
def test_the_tolerance_is_a_share_of_what_was_recorded_and_includes_its_edge(read: int, found: list[str]) -> None:
    assert codes(static(read, msdyncrm_segmentsize=100)) == found
