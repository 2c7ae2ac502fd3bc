"""Sizes as people write them."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.base.errors import UsageError
from migrator.base.sizes import memory_size
from tests.conftest import Command


@given(st.integers(1, 999), st.sampled_from(["MB", "gb", "Tb"]), st.sampled_from(["", " "]))
def test_what_is_a_size_the_database_takes(number: int, unit: str, between: str) -> None:
    if unit == "MB" and number < 100:
        with pytest.raises(UsageError, match="at least 100MB"):
            memory_size(f"{number}{between}{unit}")
        return
    said = memory_size(f" {number}{between}{unit}")
    assert said == f"{number}{unit.upper()}"
    duckdb.connect(config={"memory_limit": said}).close()


@pytest.mark.parametrize("text", ["lots", "1", "", "-2GB", "0GB", "1.5GB", "2GiB", "80%", "2 GB of it"])
def test_what_is_none_is_said(text: str) -> None:
    with pytest.raises(UsageError, match="such as 2GB"):
        memory_size(text)


@pytest.mark.parametrize("name", ["predict", "reach"])
def test_the_commands_say_so_before_anything_is_read(command: Command, small_export: object, name: str) -> None:
    command("translate", "--from", small_export)
    result = command(name, "--memory", "lots")
    said = "Error: --memory takes a size of at least 100MB, such as 2GB; lots is none."
    assert (result.code, result.err) == (2, said)
