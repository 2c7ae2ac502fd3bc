"""The two answers that no document describes: every shape that could be meant is read, every other is shown."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from migrator.dataverse.errors import UnexpectedAnswer
from migrator.dataverse.outbound import _pending, contact_ids

ONE, TWO = UUID(int=1), UUID(int=2)
ROWS = [{"contactid": str(ONE)}, {"contactid": str(TWO), "fullname": "x"}]


@pytest.mark.parametrize(
    "answer",
    [
        {"value": ROWS},
        {"Response": json.dumps(ROWS)},
        {"@odata.context": "c", "Contacts": json.dumps(ROWS)},
        {"count": 2, "ids": [str(ONE), str(TWO)]},
        {"ids": json.dumps([str(ONE), str(TWO)])},
    ],
)
def test_contacts_are_found(answer: dict[str, Any]) -> None:
    assert contact_ids(answer) == [ONE, TWO]


def test_nobody_is_an_answer_too() -> None:
    assert contact_ids({"Response": "[]"}) == []


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"Response": None},
        {"Response": "nobody"},
        {"Response": "[{}]"},
        {"value": [{"contactid": "x"}]},
        {"value": {"a": 1}},
    ],
)
def test_another_answer_is_shown_and_never_taken_for_nobody(answer: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedAnswer, match="no list of contacts"):
        contact_ids(answer)


@pytest.mark.parametrize(
    ("state", "pending"),
    [
        ([], False),
        ([{"state": "InProgress"}], True),
        ([{"state": "Completed"}], False),
        ([{"state": "Completed"}, {"operationStatus": "Queued"}], True),
        ("Pending", True),
        ("Completed", False),
        ("", False),
        (0, False),
        (3, True),
        (True, True),
        ({"status": "Running"}, True),
        ("Purple", None),
        ({"colour": "red"}, None),
        ([{"state": "Purple"}], None),
        (None, None),
    ],
)
def test_states_of_pending_operations(state: Any, pending: bool | None) -> None:
    assert _pending(state) is pending
