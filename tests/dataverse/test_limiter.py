"""What the limiter learns from one answer; a simulation (test_throttle.py) comes out well without some of it, too."""

from __future__ import annotations

import pytest

from migrator.dataverse.throttle import Facet, Limiter
from migrator.product.codes import ERROR_CONCURRENCY, ERROR_EXECUTION_TIME, ERROR_TOO_MANY_REQUESTS

WINDOW = 100.0
FITS = 10
"""Requests that fit into the window of these tests."""


class Account:
    """One account and its limiter, at a time that is told."""

    def __init__(self, most: int = 8) -> None:
        self.limiter = Limiter(most, WINDOW)
        self.now = 0.0

    def sent(self, times: int = 1) -> list[int]:
        """Send so many requests that are answered at once; gives which of them tried for more than is known to fit."""
        tries = []
        for number in range(times):
            turn = self.limiter.begin(self.now)
            self.limiter.answered(turn, self.now)
            if turn.probes:
                tries.append(number)
        return tries

    def refused(self, retry_after: float = WINDOW, code: str = ERROR_TOO_MANY_REQUESTS) -> None:
        self.limiter.refused(self.limiter.begin(self.now), self.now, code, retry_after)

    def waits(self) -> bool:
        return self.limiter.delay(self.now) > 0


@pytest.fixture
def account() -> Account:
    """An account that knows since a moment ago how much fits, and has waited until it may try for more."""
    found = Account()
    found.sent(FITS)
    found.refused()
    found.now = 2 * WINDOW
    return found


def test_tries_that_go_well_believe_more_and_more(account: Account) -> None:
    assert account.sent(FITS + 8) == [FITS, FITS + 1, FITS + 3, FITS + 7]


def test_after_a_try_that_was_refused_belief_begins_small_again(account: Account) -> None:
    account.sent(FITS + 3)  # 13 fit, and the next step would be four
    account.refused()
    account.now += 5 * WINDOW
    assert account.sent(FITS + 7) == [FITS + 3, FITS + 4, FITS + 6]


def test_a_try_whose_refusal_comes_late_takes_nothing_away(account: Account) -> None:
    account.sent(FITS)
    late = account.limiter.begin(account.now)
    account.now += WINDOW + 1  # what was sent has left the window by now
    account.limiter.refused(late, account.now, ERROR_TOO_MANY_REQUESTS, 0.0)
    account.now += 3 * WINDOW
    assert account.sent(FITS + 1) == [FITS]


def test_tries_that_are_refused_come_later_and_later(account: Account) -> None:
    for windows in (4, 8, 8):
        account.sent(FITS)
        assert not account.waits()
        account.refused()
        began = account.now
        account.now = began + windows * WINDOW - 1
        account.sent(FITS)
        assert account.waits()
        account.now = began + windows * WINDOW + WINDOW


def test_a_try_that_went_well_makes_the_next_ones_early_again(account: Account) -> None:
    account.sent(FITS)
    account.refused()  # from now on four windows apart
    account.now += 4 * WINDOW
    account.sent(FITS + 1)
    account.refused()
    account.now += 2 * WINDOW
    account.sent(FITS + 1)
    assert not account.waits()


@pytest.mark.parametrize(("retry_after", "early"), [(99.0, False), (50.0, True)])
def test_a_wait_that_is_rounded_is_no_sign_that_others_use_the_account(retry_after: float, early: bool) -> None:
    account = Account()
    account.sent(FITS)
    account.now = 0.4  # the window is free again after 99.6 seconds
    account.refused(retry_after)
    account.now += retry_after + 1.0
    spent = 0 if account.now > WINDOW else FITS
    account.sent(FITS - spent)
    assert account.waits() is not early


def test_only_one_request_at_a_time_tries_for_more(account: Account) -> None:
    account.sent(FITS)
    account.limiter.begin(account.now)
    assert account.waits()


@pytest.mark.parametrize(
    ("code", "facet"), [(ERROR_TOO_MANY_REQUESTS, Facet.REQUESTS), (ERROR_EXECUTION_TIME, Facet.TIME)]
)
def test_requests_whose_answer_was_lost_count_too(code: str, facet: Facet) -> None:
    account = Account()
    for _ in range(FITS):
        turn = account.limiter.begin(account.now)
        account.now += 2.0
        account.limiter.lost(turn, account.now)
    account.refused(80.0, code)
    account.now = 5 * WINDOW
    for _ in range(FITS):
        turn = account.limiter.begin(account.now)
        assert turn.probes == ()
        account.now += 2.0
        account.limiter.answered(turn, account.now)
    assert account.limiter.begin(account.now).probes == (facet,)


def test_one_request_always_fits_even_where_the_first_was_refused() -> None:
    account = Account()
    account.refused()
    account.now = 5 * WINDOW
    assert account.limiter.begin(account.now).probes == ()
    assert account.limiter.begin(account.now).probes == (Facet.REQUESTS,)


def test_requests_under_way_count_with_the_time_that_others_took() -> None:
    account = Account(most=48)
    for _ in range(FITS):
        turn = account.limiter.begin(account.now)
        account.now += 2.0
        account.limiter.lost(turn, account.now)
    account.refused(80.0, ERROR_EXECUTION_TIME)  # 20 seconds of execution fit
    account.now = 5 * WINDOW
    turns = [account.limiter.begin(account.now) for _ in range(FITS)]
    assert {turn.probes for turn in turns} == {()}  # a tenth of a second each, as nobody knows better
    account.now += 10.0
    account.limiter.answered(turns[0], account.now)  # 10 seconds spent; the others may take 1.09 each
    assert account.limiter.begin(account.now).probes == ()
    assert account.limiter.begin(account.now).probes == (Facet.TIME,)


def test_after_the_only_request_was_one_too_many_one_may_go() -> None:
    account = Account()
    account.refused(0.0, ERROR_CONCURRENCY)
    assert not account.waits()
    account.sent(5)
    assert account.limiter.at_a_time == 1
    assert not account.waits()


def test_of_two_waits_the_longer_one_counts() -> None:
    account = Account()
    account.refused(60.0)
    account.refused(5.0)
    assert account.limiter.delay(account.now) == 60.0


# --- requests at a time ----------------------------------------------------------------------------------------------


def test_up_to_the_hint_it_rises_quickly_and_slowly_above() -> None:
    account, seen = Account(most=48), []
    for _ in range(5):
        account.limiter.answered(account.limiter.begin(0.0), 0.0, hint=4.0)
        seen.append(round(account.limiter.at_a_time, 2))
    assert seen == [3, 4, 4.25, 4.49, 4.71]


def test_once_something_was_refused_it_rises_slowly() -> None:
    account = Account(most=48)
    account.refused(1.0)
    account.sent(2)
    assert account.limiter.at_a_time == 2.9


def test_what_was_too_much_at_a_time_is_not_tried_again_within_the_window() -> None:
    account = Account()
    account.sent(200)
    assert account.limiter.at_a_time == 8
    turns = [account.limiter.begin(account.now) for _ in range(6)]
    account.limiter.refused(turns.pop(), account.now, ERROR_CONCURRENCY, 0.0)
    for turn in turns[:1]:
        account.limiter.answered(turn, account.now)
    assert account.limiter.in_flight == 4
    assert account.waits()  # five went, so four are sent
    account.now += WINDOW - 1
    account.sent(200)
    assert account.limiter.at_a_time == 5
    account.now += 1
    account.sent(200)
    assert account.limiter.at_a_time == 8
