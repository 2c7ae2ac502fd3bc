"""A plugin of pytest: the report tells how many processor seconds each test took, whatever else the machine does."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

PROPERTY = "processor"


class Timed:
    """From the first fixture of a test to the end of its last."""

    def __init__(self) -> None:
        self._began = 0.0

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        """Begin to count."""
        self._began = time.process_time()
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Iterator[None]:
        """Tell how many it were; the report of the end carries it."""
        done = yield
        item.user_properties.append((PROPERTY, round(time.process_time() - self._began, 4)))
        return done


def pytest_configure(config: pytest.Config) -> None:
    """In every process of the tests. Hypothesis rolls no dice, and a busy machine is no reason to complain."""
    from hypothesis import HealthCheck, Phase, settings

    slow = (HealthCheck.too_slow,)
    settings.register_profile(
        "mutants",
        phases=(Phase.explicit, Phase.generate),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=slow,
    )
    settings.load_profile("mutants")
    config.pluginmanager.register(Timed())
