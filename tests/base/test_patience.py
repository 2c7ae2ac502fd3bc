"""Waiting: within its bound, with pauses that grow, and over at once when somebody wishes to end."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.base.errors import Interrupted
from migrator.base.patience import Patience, Waiting, looking
from migrator.base.stopping import Stop


class Clockwork(Stop):
    """Sleeps without taking time, and keeps how long it would have been."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.check()
        self.slept.append(seconds)


def all_pauses(patience: Patience, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    stop = Clockwork()
    monkeypatch.setattr("migrator.base.patience.time.monotonic", lambda: sum(stop.slept))

    async def wait() -> None:
        waiting = Waiting(patience, stop)
        while await waiting.again():
            pass
        assert waiting.pauses == len(stop.slept)
        assert waiting.waited == pytest.approx(sum(stop.slept))

    asyncio.run(wait())
    return stop.slept


@settings(deadline=None)
@given(st.floats(0, 300), st.floats(0.5, 10), st.floats(0.5, 60), st.floats(1.1, 4), st.booleans())
def test_no_wait_lasts_longer_than_its_bound(
    total: float, first: float, most: float, growth: float, spread: bool
) -> None:
    patience = Patience(total, first, most, growth=growth, spread=spread)
    with pytest.MonkeyPatch.context() as patched:
        pauses = all_pauses(patience, patched)
    assert sum(pauses) <= total
    assert all(pause <= most for pause in pauses)
    assert sum(pauses) + most >= total  # and it is not given up long before


def test_a_wait_may_be_bounded_by_a_number_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(all_pauses(Patience(total=0.0).counted(3), monkeypatch)) == 3


def test_who_looks_for_no_time_looks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all_pauses(looking(0.0, first=0.2, most=30), monkeypatch) == []


def test_pauses_between_looks_grow_evenly_up_to_the_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all_pauses(looking(10.0, first=1, most=3, growth=2), monkeypatch) == [1, 2, 3, 3]


def test_a_pause_is_told_before_it_begins() -> None:
    stop, told = Clockwork(), list[tuple[float, int]]()
    asyncio.run(Waiting(looking(5, first=1, most=1), stop).again(lambda pause: told.append((pause, len(stop.slept)))))
    assert told == [(1, 0)]


def test_a_wait_ends_at_once_when_somebody_wishes_to_end() -> None:
    async def wait() -> None:
        stop = Stop()
        asyncio.get_running_loop().call_later(0.01, stop.ask)
        with pytest.raises(Interrupted):
            await Waiting(Patience(total=7200, first=3600, most=3600), stop).again()

    asyncio.run(asyncio.wait_for(wait(), 10))


def test_a_wait_that_the_organisation_asks_for_has_a_bound_of_its_own() -> None:
    waiting = Waiting(Patience(total=0.0, throttled=60.0), Stop())
    assert waiting.bears(59.0)
    assert not waiting.bears(61.0)
