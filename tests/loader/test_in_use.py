"""Why a legacy segment is kept: who still uses it, by name where that can be seen, and that nobody can say."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from migrator.base.ids import unpacked
from migrator.contracts.legacy_segment import segment_of
from migrator.contracts.usage import Journey, Life, SegmentUse, Usage
from migrator.dataverse import outbound
from migrator.loader import in_use, still_true
from migrator.product.codes import LegacyStatus, LegacyType, Scope
from tests.small import STATIC, UNIT, contact, row

WELCOME, OLD, NAMELESS = (UUID(int=0x100 + number) for number in range(3))
LIVES = {WELCOME: ("Welcome", Life.LIVE), OLD: ("Long ago", Life.ENDED), NAMELESS: ("", Life.UNKNOWN)}


def why(*journeys: UUID, unread: dict[str, str] | None = None, **use: Any) -> str:
    known = {
        key: Journey(key, LIVES[key][0], outbound=False, status_code=None, label="", life=LIVES[key][1])
        for key in journeys
    }
    return in_use._why(Usage(known, {STATIC: SegmentUse(journeys=journeys, **use)}, unread or {}), STATIC)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (why(), ""),
        (why(OLD), ""),
        (why(published=0), ""),
        (why(WELCOME, OLD), "it is still used by the journey “Welcome”"),
        (why(NAMELESS), f"it is still used by the journey “{NAMELESS}”"),
        (why(segments=("VIP of VIP",)), "it is still used by the segment “VIP of VIP”"),
        (why(WELCOME, published=1), "it is still used by the journey “Welcome”"),
        (
            why(WELCOME, published=3, segments=("B",)),
            "it is still used by the journey “Welcome”, the segment “B”, "
            "2 live journeys by the product's own count, which cannot be seen",
        ),
        (
            why(unread={"outbound_journeys": "403 no."}),
            "whether a journey still uses it cannot be seen (outbound journeys: 403 no)",
        ),
        (why(WELCOME, unread={"usages": "403"}), "it is still used by the journey “Welcome”"),
        (why(unread={"counts": "400"}), ""),
    ],
)
def test_it_is_said_who_uses_a_segment_or_that_nobody_can_see_it(reason: str, expected: str) -> None:
    assert reason == expected


def test_legacy_members_are_read_from_the_first_to_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    pages, asked = [[contact(1), contact(2)], [contact(3)], []], []

    async def fetch(_: Any, name: str, unit: UUID, scope: Scope, taken: int) -> list[UUID]:
        asked.append(taken)
        return pages[len(asked) - 1]

    monkeypatch.setattr(outbound, "fetch_contacts_by_query", fetch)
    legacy = segment_of(row(STATIC, "VIP", LegacyType.STATIC, LegacyStatus.LIVE, _owningbusinessunit_value=UNIT))

    class Loading:
        client = None

    async def read() -> list[UUID]:
        loading: Any = Loading
        return [one async for page in still_true._pages(loading, legacy) for one in unpacked(page)]

    assert asyncio.run(read()) == [contact(1), contact(2), contact(3)]
    assert asked == [0, 2, 3]
