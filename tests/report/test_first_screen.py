"""What is read first: people are counted once, memberships add up, and what went wrong comes before everything else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.base.ids import packed
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.journal import LoadResult, LoadState
from migrator.contracts.members import Members, MemberSource
from migrator.contracts.payload import PayloadKind
from migrator.contracts.plan import Outcome, PlannedSegment
from migrator.contracts.verification import Kind, Match, Verified, write_difference
from migrator.product import findings
from migrator.report.compare import totals
from migrator.report.first_screen import _THINNEST, WIDTH, Light, _widths, by_importance, first_screen
from migrator.report.people import Place, memberships, people
from migrator.report.row import Facts, ReportRow, Standing, row_of
from migrator.report.story import Story
from migrator.report.words import Words
from tests.report.test_report import a_plan, loaded, page, payload, planned, seen, story
from tests.small import ORGANISATION, contact, segment

WAITING = findings.compound_segment(2)


def an_export(folder: Path, lists: dict[int, set[int]]) -> Path:
    writer = ExportWriter(folder, ORGANISATION, "2026-01-01T00:00:00Z")
    writer.segments([{"msdyncrm_segmentid": str(segment(n))} for n in lists])
    for n, ids in lists.items():
        writer.members(segment(n), [contact(one) for one in sorted(ids)], Members(MemberSource.SERVICE))
    writer.finish()
    return folder


def a_segment(n: int, size: int, outcome: Outcome = Outcome.READY, *, publish: bool = True) -> PlannedSegment:
    sent = payload(PayloadKind.STATIC, publish=publish) if outcome is Outcome.READY else None
    found = (WAITING,) if outcome is Outcome.FLAGGED else ()
    return planned(n, f"S{n}", outcome, members=Members(MemberSource.SERVICE, size), payload=sent, findings=found)


def a_row(one: PlannedSegment, look: Verified | None = None, state: LoadState | None = LoadState.LOADED) -> ReportRow:
    error = "No." if state is LoadState.FAILED else ""
    result = LoadResult(one.legacy_id, state, "publish", error=error) if state and one.loadable else None
    return row_of(Facts(one, result, look))


# --- people ----------------------------------------------------------------------------------------------------------


def test_a_person_in_many_segments_is_one_person(tmp_path: Path) -> None:
    lists = {1: {0, 1, 2}, 2: {1, 2, 3}, 3: {3, 4}, 4: {5}, 5: {0, 6}}
    export = an_export(tmp_path / "export", lists)
    rows = [
        a_row(a_segment(1, 3), Verified(segment(1), Match.EXPLAINED, 3, 1, inactive=1, deleted=1)),
        a_row(a_segment(2, 3), Verified(segment(2), Match.DIFFERENT, 3, 3, missing=1, surplus=1)),
        a_row(a_segment(3, 2, Outcome.FLAGGED)),
        a_row(a_segment(4, 1, publish=False), Verified(segment(4), Match.EQUAL, 1, 1)),
        a_row(a_segment(5, 2), state=LoadState.FAILED),
    ]
    lists_after = ((1, Kind.INACTIVE, 0), (1, Kind.DELETED, 1), (2, Kind.MISSING, 1), (2, Kind.SURPLUS, 9))
    for n, kind, one in lists_after:
        write_difference(tmp_path, segment(n), kind, packed([contact(one)]))
    found = people(tmp_path, export, rows, dry_run=False)
    assert found is not None
    assert found.known == 7
    # 2 and 3 are live; 1 was lost in one segment and is deleted in another; 0 is inactive; 4, 5, 6 are nowhere yet
    assert found.stand == {
        Place.LIVE: 2, Place.LOST: 1, Place.INACTIVE: 1, Place.FAILED: 1, Place.WAITING: 1, Place.DRAFT: 1
    }  # fmt: skip
    assert found.touched[Place.WAITING] == 2
    assert (found.new, found.asks) == (1, {"compound-segment": 2})


def test_segments_that_are_known_by_number_only_are_no_people(tmp_path: Path) -> None:
    export = an_export(tmp_path / "export", {1: {0, 1}})
    nobody = Members(MemberSource.NONE)
    rows = [
        a_row(a_segment(1, 2), Verified(segment(1), Match.EXPLAINED, 2, 1, inactive=1)),  # its list is of another look
        a_row(planned(2, members=nobody, recorded_size=7), Verified(segment(2), Match.EQUAL, 7, 7)),
        a_row(planned(3, members=nobody, recorded_size=None), Verified(segment(3), Match.UNKNOWN, None, None)),
    ]
    found = people(tmp_path, export, rows, dry_run=False)
    assert found is not None
    assert (found.known, found.by_number, found.unknown) == (0, 2, 1)


def test_without_the_lists_the_report_says_that_it_cannot_count_people(tmp_path: Path) -> None:
    rows = [a_row(a_segment(1, 3), seen(1, Match.EQUAL, 3))]
    assert people(tmp_path, tmp_path / "nowhere", rows, dry_run=False) is None
    text = page(a_plan(a_segment(1, 3)), tmp_path, results=loaded(1), seen={segment(1): seen(1, Match.EQUAL, 3)})
    assert "people cannot be counted; the numbers are memberships" in text
    assert "100 % of 3 memberships" in text


BEFORE, NEW = st.sets(st.integers(0, 30), max_size=15), st.sets(st.integers(31, 40), max_size=4)
PLACES = st.sampled_from(["live", "draft", "failed", "waiting"])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(PLACES, st.sets(st.integers(0, 30), max_size=15), st.sets(st.integers(31, 40), max_size=4)),
        max_size=6,
    ),
)
def test_memberships_add_up_and_people_are_a_set(
    tmp_path_factory: pytest.TempPathFactory, segments: list[tuple[str, set[int], set[int]]]
) -> None:
    folder = tmp_path_factory.mktemp("run")
    export = an_export(folder / "export", {n: ids for n, (_, ids, _) in enumerate(segments)})
    rows, where = [], dict[str, set[int]]()
    for n, (place, ids, more) in enumerate(segments):
        match place:
            case "live":
                lost = set(sorted(ids)[: len(ids) // 3])
                after = len(ids) - len(lost) + len(more)
                match = Match.DIFFERENT if lost or more else Match.EQUAL
                look = Verified(segment(n), match, len(ids), after, missing=len(lost), surplus=len(more))
                rows.append(a_row(a_segment(n, len(ids)), look))
                for kind, some in ((Kind.MISSING, lost), (Kind.SURPLUS, more)):
                    write_difference(folder, segment(n), kind, packed(contact(one) for one in some))
                where.setdefault("live", set()).update(ids - lost)
                where.setdefault("lost", set()).update(lost)
                where.setdefault("new", set()).update(more)
            case "waiting":
                rows.append(a_row(a_segment(n, len(ids), Outcome.FLAGGED)))
                where.setdefault("waiting", set()).update(ids)
            case "failed":
                rows.append(a_row(a_segment(n, len(ids)), state=LoadState.FAILED))
                where.setdefault("failed", set()).update(ids)
            case _:
                draft = a_segment(n, len(ids), publish=False)
                rows.append(a_row(draft, Verified(segment(n), Match.EQUAL, len(ids), len(ids))))
                where.setdefault("draft", set()).update(ids)
    counted, found = memberships(rows, dry_run=False), people(folder, export, rows, dry_run=False)
    assert found is not None
    assert sum(counted.places.values()) == counted.before == sum(len(ids) for _, ids, _ in segments)
    after = sum(row.after or 0 for row in rows if row.publish and row.standing is not Standing.FAILED)
    assert counted.places.get(Place.LIVE, 0) + counted.new == after
    before = set().union(*(ids for _, ids, _ in segments)) if segments else set()
    assert found.known == len(before) == sum(found.stand.values())
    assert found.new == len(where.pop("new", set()))
    assert found.touched == {place: len(where[place]) for place in Place if where.get(place)}
    assert found.stand.get(Place.LIVE, 0) == len(where.get("live", set()))


# --- what comes first ------------------------------------------------------------------------------------------------


def test_what_somebody_has_to_look_at_comes_first() -> None:
    rows = [
        a_row(a_segment(1, 9), seen(1, Match.EQUAL, 9)),
        a_row(a_segment(2, 9, Outcome.FLAGGED)),
        a_row(a_segment(3, 5000, Outcome.FLAGGED)),
        a_row(a_segment(4, 9), Verified(segment(4), Match.DIFFERENT, 9, 8, missing=1)),
        a_row(a_segment(5, 9), Verified(segment(5), Match.DIFFERENT, 9, 48, surplus=39)),
        a_row(a_segment(6, 9), state=LoadState.FAILED),
        a_row(a_segment(7, 9, Outcome.BLOCKED)),
    ]
    assert [row.name for row in by_importance(rows)] == ["S6", "S5", "S4", "S3", "S2", "S7", "S1"]


@pytest.mark.parametrize(
    ("outcome", "state", "match", "light"),
    [
        (Outcome.READY, LoadState.LOADED, Match.EQUAL, Light.GREEN),
        (Outcome.READY, LoadState.LOADED, Match.EXPLAINED, Light.GREEN),
        (Outcome.READY, LoadState.LOADED, Match.DRIFTED, Light.AMBER),
        (Outcome.READY, LoadState.LOADED, Match.UNKNOWN, Light.AMBER),
        (Outcome.READY, None, None, Light.AMBER),
        (Outcome.FLAGGED, None, None, Light.AMBER),
        (Outcome.BLOCKED, None, None, Light.AMBER),
        (Outcome.READY, LoadState.LOADED, Match.DIFFERENT, Light.RED),
        (Outcome.READY, LoadState.FAILED, None, Light.RED),
    ],
)
def test_the_light_is_green_only_where_nothing_is_open(
    tmp_path: Path, outcome: Outcome, state: LoadState | None, match: Match | None, light: Light
) -> None:
    export = an_export(tmp_path / "export", {1: {0, 1}, 2: {0}})
    fine = Verified(segment(2), Match.EQUAL, 1, 1)
    missing = match in (Match.DRIFTED, Match.DIFFERENT)
    after = None if match is Match.UNKNOWN else 1 if match is not Match.EQUAL else 2
    look = Verified(
        segment(1), match or Match.EQUAL, 2, after, inactive=int(match is Match.EXPLAINED), missing=int(missing)
    )
    segments = [(a_segment(1, 2, outcome), look if match else None, state), (a_segment(2, 1), fine, LoadState.LOADED)]
    told = a_story(tmp_path, export, segments)
    assert told.first.light is light


def test_where_no_segment_was_read_nobody_says_yes(tmp_path: Path) -> None:
    told = a_story(tmp_path, an_export(tmp_path / "export", {}), [])
    assert (told.first.light, told.first.answer[:14]) == (Light.AMBER, "Nobody can say")


def a_story(
    folder: Path, export: Path, segments: list[tuple[PlannedSegment, Verified | None, LoadState | None]]
) -> Story:
    results = {one.legacy_id: LoadResult(one.legacy_id, state) for one, _, state in segments if state}
    looks = {one.legacy_id: look for one, look, _ in segments if look}
    rows = [row_of(Facts(one, results.get(one.legacy_id), look)) for one, look, _ in segments]
    counted = people(folder, export, rows, dry_run=False)
    return story(a_plan(*(one for one, _, _ in segments)), results=results, seen=looks, people=counted)


def test_a_segment_with_strangers_in_it_is_named_on_the_first_screen(tmp_path: Path) -> None:
    look = {segment(1): Verified(segment(1), Match.DIFFERENT, 100, 139, surplus=39)}
    failed = {segment(2): LoadResult(segment(2), LoadState.FAILED, "publish", error="No.")}
    plan = a_plan(a_segment(1, 100), a_segment(2, 50), a_segment(3, 7))
    text = page(plan, tmp_path, results={**loaded(1, 3), **failed}, seen={**look, segment(3): seen(3, Match.EQUAL, 7)})
    head = text[: text.index('id="people"')]
    for words in (
        "<bdi>S1</bdi>",
        "39 new",
        "100 → 139",
        "<bdi>S2</bdi>",
        "Step “publish”: No.",
        "migrator retry --all-failed --run a-run",
    ):
        assert words in head, words
    assert "<bdi>S3</bdi>" not in head
    assert head.index("<bdi>S2</bdi>") < head.index("<bdi>S1</bdi>")
    tile = r'href="#first"><strong>2</strong> <span>failed or different</span> <small>1 failed, 1 different'
    assert re.search(tile, text)


def test_the_numbers_meet_in_the_table(tmp_path: Path) -> None:
    export = an_export(tmp_path / "export", {1: {0, 1, 2}, 2: {0, 3}})
    write_difference(tmp_path, segment(1), Kind.INACTIVE, packed([contact(2)]))
    told = a_story(
        tmp_path,
        export,
        [
            (a_segment(1, 3), Verified(segment(1), Match.EXPLAINED, 3, 2, inactive=1), LoadState.LOADED),
            (a_segment(2, 2, Outcome.FLAGGED), None, None),
        ],
    )
    lines = [(line.place, line.sign, line.memberships, line.people) for line in told.first.lines]
    assert lines == [
        ("before", "", 5, 4),
        ("inactive", "−", 1, 1),
        ("waiting", "−", 2, 2),
        ("live", "=", 2, 2),
    ]
    assert told.first.sentences[0] == "Of 4 people whose membership is known, 2 are in a live segment again."
    assert "2 are in no live segment: 1 inactive contacts, 1 wait for a decision." in told.first.sentences


# --- drawings --------------------------------------------------------------------------------------------------------


def test_nobody_is_too_few_to_be_seen() -> None:
    rows = [
        a_row(a_segment(1, 1_000_000), Verified(segment(1), Match.EXPLAINED, 1_000_000, 940_000, inactive=60_000)),
        a_row(a_segment(2, 1, Outcome.FLAGGED)),
        a_row(a_segment(3, 500, publish=False), Verified(segment(3), Match.EQUAL, 500, 500)),
    ]
    made = first_screen(rows, totals(rows), memberships(rows, dry_run=False), None, Words(), dry_run=False)
    widths = {piece.place: piece.width for piece in made.bar}
    assert sum(widths.values()) == pytest.approx(WIDTH, abs=0.5)
    assert widths["inactive"] == pytest.approx(0.06 * WIDTH, rel=0.05)
    assert min(widths.values()) >= 4
    assert widths["draft"] < widths["live"]  # a draft is a place of its own, not a part of what is live


def test_differences_are_sorted_and_have_their_reasons() -> None:
    by_number = planned(3, "N", members=Members(MemberSource.NONE), recorded_size=9)
    plan = a_plan(a_segment(1, 100), a_segment(2, 100), by_number)
    looks = {
        segment(1): Verified(segment(1), Match.EXPLAINED, 100, 94, inactive=5, deleted=1),
        segment(2): Verified(segment(2), Match.DIFFERENT, 100, 139, surplus=39),
        segment(3): Verified(segment(3), Match.DIFFERENT, 9, 2),
    }
    losses = story(plan, results=loaded(1, 2, 3), seen=looks).first.losses
    assert [[part.word for part in loss.parts] for loss in losses] == [
        ["39 new"],
        ["7 fewer, by number"],
        ["5 inactive contacts", "1 contact that no longer exists"],
    ]
    assert [loss.share for loss in losses] == [0.0, pytest.approx(7 / 9), 0.06]
    assert losses[0].parts[0].width == WIDTH


def test_a_dry_run_draws_what_would_happen_and_nothing_empty(tmp_path: Path) -> None:
    text = page(a_plan(a_segment(1, 70), a_segment(2, 30, Outcome.FLAGGED)), tmp_path, dry_run=True)
    assert "70 of 100 memberships (70 %) would be in live segments; 30 (30 %) wait" in text
    assert 'id="losses"' not in text
    assert 'id="first"' not in text
    assert "There are no two numbers" not in text


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=6), st.floats(0.01, WIDTH))
def test_no_piece_of_a_bar_is_too_thin_to_be_seen_however_short_the_bar_is(counts: list[int], room: float) -> None:
    widths = _widths(counts, room)
    assert all(width >= _THINNEST for width in widths)
    if room >= _THINNEST * len(counts) ** 2:
        assert sum(widths) == pytest.approx(room)
