"""The service protection of the sandbox, as the product documents it."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.product.codes import ERROR_CONCURRENCY, ERROR_EXECUTION_TIME, ERROR_TOO_MANY_REQUESTS
from migrator.sandbox.protection import Protection
from tests.conftest import Clock


def protection(clock: Clock, **options: Any) -> Protection:
    return Protection(clock, scale=100.0, **options)  # 60 requests and 12 seconds of execution in 3 seconds


def take(found: Protection, count: int, seconds: float = 0.0, user: str = "a", server: int = 0) -> list[Any]:
    refused = []
    for _ in range(count):
        refused.append(found.enter(user, server))
        if refused[-1] is None:
            found.leave(user, server, seconds)
    return [one for one in refused if one]


def test_the_documented_numbers_stand_at_full_scale(clock: Clock) -> None:
    found = Protection(clock)
    assert (found.window, found.requests, found.requests_at_a_time) == (300.0, 6000.0, 52)


def test_requests_are_counted_in_a_sliding_window(clock: Clock) -> None:
    found = protection(clock)
    assert take(found, 60) == []
    (refused,) = take(found, 1)
    assert (refused.code, refused.retry_after) == (ERROR_TOO_MANY_REQUESTS, 3)
    clock.pass_(3.0)
    assert take(found, 60) == []


def test_each_user_and_each_web_server_has_its_own_count(clock: Clock) -> None:
    found = protection(clock, servers=2)
    assert take(found, 60) == []
    assert take(found, 60, server=1) == []
    assert take(found, 60, user="b") == []
    assert len(take(found, 1)) == 1


def test_execution_time_is_counted(clock: Clock) -> None:
    found = protection(clock)
    assert take(found, 4, seconds=3.0) == []
    (refused,) = take(found, 1)
    assert refused.code == ERROR_EXECUTION_TIME
    assert "12000 milliseconds" in refused.message


def test_requests_at_a_time_are_counted(clock: Clock) -> None:
    found = protection(clock, requests_at_a_time=2)
    assert [found.enter("a", 0), found.enter("a", 0)] == [None, None]
    refused = found.enter("a", 0)
    assert refused is not None
    assert refused.code == ERROR_CONCURRENCY
    found.leave("a", 0, 0.1)
    assert found.enter("a", 0) is None


def test_whoever_pushes_waits_longer(clock: Clock) -> None:
    found = protection(clock)
    take(found, 60)
    clock.pass_(1.0)
    first = take(found, 1)[0].retry_after
    clock.pass_(1.0)
    assert take(found, 1)[0].retry_after > first - 1


def test_requests_go_round_unless_the_cookie_is_kept(clock: Clock) -> None:
    found = protection(clock, servers=3)
    assert [found.server_for({}) for _ in range(4)] == [0, 1, 2, 0]
    assert {found.server_for({"cookie": "ARRAffinity=2"}) for _ in range(5)} == {2}


@pytest.mark.parametrize("cookie", ["ARRAffinity=x", "other=2", ""])
def test_a_cookie_that_says_nothing_is_passed_over(clock: Clock, cookie: str) -> None:
    assert protection(clock, servers=3).server_for({"cookie": cookie}) == 0
