"""What an answer means: the whole table, read as one."""

from __future__ import annotations

import httpx
import pytest

from migrator.dataverse.errors import (
    ActionMissing,
    DuplicateKey,
    Forbidden,
    NotAdmitted,
    NotFound,
    Refused,
    ServerFault,
    Throttled,
    Unsettled,
)
from migrator.dataverse.sending import LOST, NEVER_SENT, Meaning, checked_action, error_of, row_for, status_of

GONE, LOOK, REFUSE, RENEW, RETRY, WAIT, DONE = (
    Meaning.GONE,
    Meaning.LOOK,
    Meaning.REFUSE,
    Meaning.RENEW,
    Meaning.RETRY,
    Meaning.WAIT,
    Meaning.DONE,
)


@pytest.mark.parametrize(
    ("status", "code", "message", "question", "write", "error"),
    [
        (NEVER_SENT, "", "", RETRY, RETRY, ServerFault),
        (LOST, "", "", RETRY, LOOK, ServerFault),
        (200, "", "", DONE, DONE, Refused),
        (204, "", "", DONE, DONE, Refused),
        (302, "", "", REFUSE, REFUSE, Refused),
        (400, "0x80040265", "The query is not valid", REFUSE, REFUSE, Refused),
        (400, "0x80060888", "Could not find a property named 'x'", REFUSE, REFUSE, Refused),
        (401, "", "", RENEW, RENEW, Refused),
        (403, "0x80040220", "", REFUSE, REFUSE, Forbidden),
        (401, "0x80072560", "The user is not a member of the organization.", REFUSE, REFUSE, NotAdmitted),
        (403, "0x80095ffc", "", REFUSE, REFUSE, NotAdmitted),
        (403, "0x80040225", "The specified user (Id = 1) is disabled.", REFUSE, REFUSE, NotAdmitted),
        (503, "", "The organization is in administration mode.", REFUSE, REFUSE, NotAdmitted),
        (404, "0x80040217", "Entity 'x' With Id = 1 Does Not Exist", GONE, GONE, NotFound),
        (404, "0x8006088a", "Resource not found for the segment 'x'.", GONE, GONE, ActionMissing),
        (404, "0x80060888", "Resource not found for the segment 'x'.", GONE, GONE, ActionMissing),
        (404, "0x80060888", "not parsed due to an ODataUnrecognizedPathException", GONE, GONE, ActionMissing),
        (405, "0x80060888", "No HTTP resource was found", REFUSE, REFUSE, Refused),
        (408, "", "", RETRY, LOOK, Refused),
        (412, "0x80040237", "", REFUSE, REFUSE, DuplicateKey),
        (429, "0x80072322", "", WAIT, WAIT, Throttled),
        (500, "", "", RETRY, LOOK, ServerFault),
        (501, "", "", REFUSE, REFUSE, ServerFault),
        (503, "", "", RETRY, LOOK, ServerFault),
        (599, "", "", REFUSE, REFUSE, ServerFault),
        (999, "", "", REFUSE, REFUSE, Refused),
    ],
)  # fmt: skip
def test_every_answer_has_one_meaning(
    status: int, code: str, message: str, question: Meaning, write: Meaning, error: type[Refused]
) -> None:
    row = row_for(status, code, message)
    assert (row.question, row.write) == (question, write)
    assert type(error_of("GET x", status, code, message)) is error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (httpx.ConnectError("x"), NEVER_SENT),
        (httpx.ConnectTimeout("x"), NEVER_SENT),
        (httpx.PoolTimeout("x"), NEVER_SENT),
        (httpx.ReadTimeout("x"), LOST),
        (httpx.WriteError("x"), LOST),
        (httpx.DecodingError("x"), LOST),
    ],
)
def test_a_request_that_broke_has_arrived_or_not(error: Exception, status: int) -> None:
    assert status_of(error) == status


@pytest.mark.parametrize("body", [{}, {"StatusCode": 200}, {"StatusCode": None}, {"ResultText": "fine"}])
def test_an_action_that_says_nothing_against_it_was_carried_out(body: dict[str, object]) -> None:
    checked_action("x", body)


@pytest.mark.parametrize(("status", "error"), [(400, Refused), (403, Forbidden), (404, NotFound), (500, Unsettled)])
def test_a_good_answer_may_carry_a_refusal(status: int, error: type[Refused]) -> None:
    with pytest.raises(Refused, match="the reason") as raised:
        checked_action("x", {"StatusCode": status, "ResultText": "the reason"})
    assert type(raised.value) is error
