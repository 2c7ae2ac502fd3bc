"""The faults that are put in by hand still name code and tests that are there; `make faults` puts them in."""

from __future__ import annotations

import ast

import pytest

from tests.faults import ROOT, Fault, faults


@pytest.mark.parametrize("fault", faults(), ids=lambda fault: fault.what)
def test_a_fault_names_a_piece_of_code_that_stands_once_and_its_test(fault: Fault) -> None:
    code = (ROOT / fault.file).read_text(encoding="utf-8")
    assert code.count(fault.was) == 1, f"{fault.file} has changed: mend `was` and `becomes` in tests/faults.toml"
    ast.parse(code.replace(fault.was, fault.becomes))
    path, _, name = fault.test.partition("::")
    assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")


def test_no_fault_stands_twice() -> None:
    every = faults()
    assert len({fault.what for fault in every}) == len(every)
    assert len({(fault.file, fault.was, fault.becomes) for fault in every}) == len(every)
