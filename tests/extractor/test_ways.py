"""Ways of asking the service: one that fails several times in a row is given up, and one that is missing at once."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from migrator.base.patience import Patience
from migrator.dataverse.errors import ActionMissing, Refused, ServerFault
from migrator.extractor.organisation import _FAILURES, _NotAsked, _Way

FAULT = ServerFault("POST", 500, "0x1", "no")
NO = Refused("POST", 400, "0x2", "bad query")


def way() -> _Way:
    client: Any = SimpleNamespace(patience=Patience())
    return _Way("the service", client)


def outcome(asked: _Way, answer: object) -> str:
    """What comes of one question: the answer, the kind of error, or why nobody was asked."""

    async def question(patience: Patience | None) -> object:
        if isinstance(answer, Exception):
            raise answer
        return answer if patience is None else f"{answer}, hastily ({patience.times} more tries)"

    async def work() -> str:
        try:
            return str(await asked.ask(question))
        except _NotAsked as error:
            return error.why
        except Refused as error:
            return type(error).__name__

    return asyncio.run(work())


def test_three_failures_in_a_row_are_enough() -> None:
    asked = way()
    assert [outcome(asked, FAULT) for _ in range(3)] == ["ServerFault"] * 3
    assert outcome(asked, "yes") == "the service does not answer in this run (500 0x1 no)"
    assert (asked.failed != "", asked.gone, _FAILURES) == (True, False, 3)


@pytest.mark.parametrize("between", ["yes", NO])
def test_whatever_answers_in_between_begins_the_count_again(between: object) -> None:
    asked = way()
    for _ in range(2):
        outcome(asked, FAULT)
    outcome(asked, between)
    assert [outcome(asked, FAULT) for _ in range(3)] == ["ServerFault"] * 3
    assert "does not answer" in outcome(asked, "yes")


def test_after_a_failure_each_question_has_one_try() -> None:
    asked = way()
    assert outcome(asked, "yes") == "yes"
    outcome(asked, FAULT)
    assert outcome(asked, "yes") == "yes, hastily (0 more tries)"


def test_an_action_that_is_missing_is_gone_for_all() -> None:
    asked = way()
    gone = "the outbound services of this organisation are gone"
    assert outcome(asked, ActionMissing("POST", 404, "0x8006088a", "Resource not found")) == gone
    assert (outcome(asked, "yes"), asked.gone, asked.failed) == (gone, True, "")


def test_until_the_first_answer_one_alone_asks() -> None:
    asked, done = way(), list[str]()

    async def question(_: Patience | None) -> None:
        done.append("asks")
        await asyncio.sleep(0)
        done.append("knows")

    async def work() -> None:
        await asyncio.gather(*(asked.ask(question) for _ in range(3)))
        await asyncio.gather(*(asked.ask(question) for _ in range(2)))

    asyncio.run(work())
    assert done[:2] == ["asks", "knows"]  # and only then the others
    assert done[-4:] == ["asks", "asks", "knows", "knows"]
