"""The switch, look by look: each journey that ever pointed at an old segment stands on the list, at its place."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from uuid import UUID

import pytest

from migrator.contracts.cutover import (
    CUTOVER,
    CutoverLook,
    Item,
    Switch,
    cutover,
    link,
    look_to_json,
    read_looks,
    remember,
)
from migrator.contracts.export_folder import read_export
from migrator.contracts.plan import Plan, TranslationSettings
from migrator.contracts.usage import Journey, Life, SegmentUse, Usage
from migrator.dataverse.usage import JourneyRow, Seen, UsedSegment
from migrator.product.codes import JourneyStatus, SegmentSource
from migrator.translator.translate import translate
from tests.small import DYNAMIC, ORGANISATION, STATIC

WELCOME, SPRING, MIRROR = (UUID(int=0x100 + number) for number in range(3))
AT = "2026-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def plan(written_once: Path) -> Plan:
    """Of the small organisation, two segments."""
    made = translate(read_export(written_once), TranslationSettings(ORGANISATION))
    return replace(made, segments=tuple(one for one in made.segments if one.legacy_id in (STATIC, DYNAMIC)))


def new_of(plan: Plan, legacy: UUID) -> UUID:
    return next(one.segment_id for one in plan.segments if one.legacy_id == legacy)


def row(status: int, *mentions: UUID, key: UUID = WELCOME, name: str = "Welcome") -> JourneyRow:
    return JourneyRow(key, name, status, "", frozenset(mentions), designed=True)


def before(life: Life = Life.LIVE) -> Usage:
    """What the extraction saw: Welcome points at the static segment."""
    one = Journey(WELCOME, "Welcome", outbound=False, status_code=2, label="Live", life=life)
    return Usage({WELCOME: one}, {STATIC: SegmentUse(journeys=(WELCOME,))})


def expected(status: int, *, old: bool, new: bool) -> Switch:
    ended = status == JourneyStatus.STOPPED
    if old or not new:
        return Switch.STOPPED if ended else Switch.TO_DO if old else Switch.LEFT
    return Switch.SWITCHED


@pytest.mark.parametrize(
    ("status", "old", "new"),
    [*product((JourneyStatus.LIVE, JourneyStatus.DRAFT, JourneyStatus.STOPPED), (True, False), (True, False))],
)
def test_a_journey_stands_where_its_design_and_its_state_put_it(plan: Plan, status: int, old: bool, new: bool) -> None:
    mentions = [key for key, there in ((STATIC, old), (new_of(plan, STATIC), new)) if there]
    found = cutover(plan, [STATIC], Seen(journeys=(row(status, *mentions),)), AT, before=before())
    (item,) = found.items
    assert (item.journey, item.legacy_id, item.state) == (WELCOME, STATIC, expected(status, old=old, new=new))
    assert (item.name, item.count, item.new_id) == ("Welcome", 1, new_of(plan, STATIC))
    assert found.done is (item.state is not Switch.TO_DO)


def test_a_journey_that_is_gone_counts_as_gone_only_where_everything_was_read(plan: Plan) -> None:
    (gone,) = cutover(plan, [STATIC], Seen(), AT, before=before()).items
    (hidden,) = cutover(plan, [STATIC], Seen(unread={"journeys": "403"}), AT, before=before()).items
    assert (gone.state, hidden.state) == (Switch.LEFT, Switch.UNKNOWN)


def test_what_an_earlier_look_saw_stays_on_the_list(plan: Plan) -> None:
    first = cutover(plan, [], Seen(journeys=(row(JourneyStatus.LIVE, STATIC),)), AT)
    assert [(item.state, item.new_id) for item in first.items] == [(Switch.TO_DO, None)]
    seen = Seen(journeys=(row(JourneyStatus.LIVE, new_of(plan, STATIC)),))
    assert cutover(plan, [STATIC], seen, AT).items == ()
    (item,) = cutover(plan, [STATIC], seen, AT, looks=[first]).items
    assert (item.state, item.name) == (Switch.SWITCHED, "Welcome")


def test_journeys_that_are_counted_and_not_seen_stand_on_one_line(plan: Plan) -> None:
    mirror = UsedSegment(MIRROR, "VIP", SegmentSource.OUTBOUND, STATIC, None, 1, "", 4)
    seen = Seen((mirror,), (), (row(JourneyStatus.LIVE, MIRROR), row(JourneyStatus.DRAFT, MIRROR, key=SPRING)))
    found = cutover(plan, [], seen, AT)
    assert [(item.journey, item.count) for item in found.items] == [(None, 3), (WELCOME, 1), (SPRING, 1)]
    assert sum(item.count for item in found.items) == 5  # four live ones, by the product's count, and a draft
    whole = Seen((replace(mirror, published=1),), (), seen.journeys)
    assert [item.journey for item in cutover(plan, [], whole, AT).items] == [WELCOME, SPRING]


def test_sizes_are_those_of_the_new_segments_that_are_there(plan: Plan) -> None:
    new, other = new_of(plan, STATIC), new_of(plan, DYNAMIC)
    rows = tuple(
        UsedSegment(key, "s", SegmentSource.JOURNEYS, None, size, 1, "") for key, size in ((new, 0), (other, 7))
    )
    look = cutover(plan, [STATIC], Seen(rows, (), (row(JourneyStatus.LIVE, STATIC),)), AT)
    assert look.sizes == {STATIC: 0}
    assert [item.after for item in look.items] == [0]


def test_what_could_not_be_read_keeps_it_from_being_over_but_for_the_products_counts(plan: Plan) -> None:
    assert cutover(plan, [], Seen(unread={"counts": "400"}), AT).done
    look = cutover(plan, [], Seen(unread={"usages": "403"}), AT)
    assert (look.done, look.unread) == (False, {"usages": "403"})


# --- the file --------------------------------------------------------------------------------------------------------


def item(journey: UUID | None = WELCOME, *, outbound: bool = False) -> Item:
    return Item(Switch.LEFT, journey, "Wël", outbound, "Live", Life.LIVE, STATIC, "VIP", None, None, 0, 2)


def test_looks_are_read_as_they_were_kept_and_what_nobody_can_read_is_passed_over(tmp_path: Path) -> None:
    looks = [CutoverLook(AT, (item(), item(None)), {STATIC: 0}, {"usages": "403"}), CutoverLook("later")]
    remember(looks[0], tmp_path)
    with (tmp_path / CUTOVER).open("ab") as file:
        file.write(b'{"format": 99}\n[1]\n{"format": 1, "at": "cut')  # newer, none, cut by a full disk
    remember(looks[1], tmp_path)
    assert read_looks(tmp_path) == looks
    assert (tmp_path / CUTOVER).stat().st_mode & 0o777 == 0o600
    assert read_looks(tmp_path / "nowhere") == []
    assert look_to_json(looks[0])["done"] is False


def test_a_journey_is_opened_where_it_lives() -> None:
    assert link("https://a.example/", item()) == (
        f"https://a.example/main.aspx?etn=msdynmkt_journey&pagetype=entityrecord&id={WELCOME}"
    )
    assert "etn=msdyncrm_customerjourney&" in link("https://a.example", item(outbound=True))
    assert link("https://a.example", item(None)) == link("", item()) == ""
