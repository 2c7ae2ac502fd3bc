"""How fast we ask: a limiter against the service protection of the sandbox, in time that is only counted."""

from __future__ import annotations

import asyncio
import heapq
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from migrator.dataverse.throttle import Facet, Limiter, Throttle
from migrator.product.codes import ERROR_CONCURRENCY, ERROR_TOO_MANY_REQUESTS
from migrator.sandbox.protection import Protection
from tests.conftest import Clock


@dataclass
class Simulation:
    """Requests that want to go, a limiter that lets them, and a service that counts."""

    clock: Clock
    latency: float = 0.08
    servers: int = 2
    scale: float = 20.0
    at_a_time: int = 52
    most: int = 48
    hint: float = 8.0
    refusals: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.service = Protection(self.clock, self.servers, self.scale, self.at_a_time)
        self.limiter = Limiter(self.most, 300.0 / self.scale)
        self.most_in_flight = 0

    def send(self, requests: int) -> float:
        """Send so many requests, as fast as the limiter lets them; gives the seconds it took."""
        began, left, order = self.clock(), requests, count()
        under_way: list[tuple[float, int, Any, Any, int]] = []
        while left or under_way:
            delay = self.limiter.delay(self.clock()) if left else float("inf")
            if delay == 0.0:
                left -= 1
                turn = self.limiter.begin(self.clock())
                self.most_in_flight = max(self.most_in_flight, self.limiter.in_flight)
                server = self.service.server_for({})
                refused = self.service.enter("me", server)
                ends = self.clock() + (0.002 if refused else self.latency)
                heapq.heappush(under_way, (ends, next(order), turn, refused, server))
            elif under_way and under_way[0][0] <= self.clock() + delay:
                ends, _, turn, refused, server = heapq.heappop(under_way)
                self.clock.seconds = max(self.clock(), ends)
                if refused:
                    self.refusals.append(self.clock() - began)
                    left += 1
                    self.limiter.refused(turn, self.clock(), refused.code, refused.retry_after)
                else:
                    self.service.leave("me", server, self.latency)
                    self.limiter.answered(turn, self.clock(), self.hint)
            else:
                self.clock.pass_(delay + 1e-9)
        return self.clock() - began


def test_it_sends_nearly_as_much_as_the_service_allows(clock: Clock) -> None:
    found = Simulation(clock)
    seconds = found.send(6_000)  # 600 in each window of 15 seconds
    assert seconds < 1.05 * 9 * 15.0
    later = [moment for moment in found.refusals if moment > 15.0]
    assert len(later) < 0.01 * 6_000


def test_it_starts_low_and_rises_to_the_hint_quickly(clock: Clock) -> None:
    found = Simulation(clock, scale=1.0)
    assert found.limiter.at_a_time <= 2
    found.send(40)
    assert found.limiter.at_a_time >= 8
    found.send(2_000)
    assert found.most_in_flight == 48


@pytest.mark.parametrize("most", [1, 3])
def test_it_never_sends_more_at_a_time_than_it_is_told(clock: Clock, most: int) -> None:
    found = Simulation(clock, most=most)
    found.send(300)
    assert found.most_in_flight == most


def test_where_execution_time_binds_it_finds_that_too(clock: Clock) -> None:
    found = Simulation(clock, latency=2.0, servers=1)  # 60 seconds of execution in 15: four at a time
    seconds = found.send(300)
    assert found.limiter.refusals[Facet.TIME] >= 1
    assert seconds < 1.2 * 300 * 2.0 / 4
    assert len([moment for moment in found.refusals if moment > 30.0]) < 10


def test_where_the_number_at_a_time_binds_it_stays_below(clock: Clock) -> None:
    found = Simulation(clock, servers=1, at_a_time=10, scale=1.0)
    found.send(2_000)
    assert found.limiter.refusals[Facet.CONCURRENCY] >= 1
    assert len(found.refusals) < 20
    assert found.limiter.at_a_time <= 10


def test_everybody_waits_when_the_organisation_says_so(clock: Clock) -> None:
    limiter = Limiter(8)
    limiter.refused(limiter.begin(clock()), clock(), ERROR_TOO_MANY_REQUESTS, 17.0)
    assert limiter.delay(clock()) == 17.0
    clock.pass_(17.0)
    assert limiter.delay(clock()) == 0.0


def test_a_budget_that_others_used_up_does_not_slow_us_down_for_long(clock: Clock) -> None:
    """After a restart, for example: the window still holds what an earlier process sent."""
    found = Simulation(clock, servers=1)
    for _ in range(290):
        found.service.enter("me", 0)
        found.service.leave("me", 0, 0.0)
    clock.pass_(10.0)
    assert found.send(1_500) < 1.15 * 5 * 15.0


def test_a_window_that_is_shorter_than_we_think_does_not_make_us_wait_for_ours(clock: Clock) -> None:
    """The organisation says when we may come back; it is believed, whatever we have counted."""
    found = Simulation(clock, servers=1)  # 300 requests in 15 seconds
    found.limiter = Limiter(48, 300.0)
    assert found.send(1_500) < 2 * 4 * 15.0


def test_a_hint_of_nothing_is_none(clock: Clock) -> None:
    limiter = Limiter(4)
    limiter.answered(limiter.begin(clock()), clock())
    assert limiter.delay(clock()) == 0.0


def test_refusals_are_counted_by_facet(clock: Clock) -> None:
    limiter = Limiter(8)
    limiter.refused(limiter.begin(clock()), clock(), ERROR_CONCURRENCY, 1.0)
    limiter.refused(limiter.begin(clock()), clock(), "0x0", 1.0)
    assert limiter.refusals == {Facet.REQUESTS: 1, Facet.TIME: 0, Facet.CONCURRENCY: 1}


def test_whoever_came_first_goes_first() -> None:
    went = []

    async def one(throttle: Throttle, number: int) -> None:
        async with throttle.turn() as turn:
            went.append(number)
            await asyncio.sleep(0)
            throttle.limiter.answered(turn, throttle.clock())

    async def work() -> None:
        throttle = Throttle(most=1)
        await asyncio.gather(*(one(throttle, number) for number in range(10)))
        assert throttle.limiter.in_flight == 0

    asyncio.run(work())
    assert went == list(range(10))


def test_a_request_that_broke_leaves_its_place() -> None:
    async def broken(throttle: Throttle) -> None:
        async with throttle.turn():
            raise ConnectionError

    async def work() -> None:
        throttle = Throttle(most=1)
        for _ in range(3):
            with pytest.raises(ConnectionError):
                await broken(throttle)
        assert throttle.limiter.in_flight == 0

    asyncio.run(work())


def test_the_backlog_is_the_wait_that_is_known_and_who_is_there_already(clock: Clock) -> None:
    throttle = Throttle(most=1, clock=clock)
    assert throttle.backlog == 0.0
    turn = throttle.limiter.begin(clock())
    assert throttle.backlog == 1.0  # until it ends, which nobody knows
    throttle.limiter.refused(turn, clock(), ERROR_TOO_MANY_REQUESTS, 17.0)
    assert throttle.backlog == 17.0
    throttle.waiting = 2
    assert throttle.backlog == 19.0
