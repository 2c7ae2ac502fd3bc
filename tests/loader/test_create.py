"""A record that is said to exist: it is looked for until it is seen, as reads lag behind writes, and not for ever."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from migrator.base.patience import Patience
from migrator.base.stopping import Stop
from migrator.contracts.journal import Write
from migrator.dataverse.errors import DuplicateKey
from migrator.loader import load
from migrator.loader.loading import Attempt
from tests.small import STATIC


class Loading:
    """With what is loaded, as far as waiting needs it."""

    client = SimpleNamespace(patience=Patience(first=0.0), stop=Stop())


def created(monkeypatch: pytest.MonkeyPatch, *seen: str | None, refused: bool) -> tuple[str | None, bool, int]:
    """What comes of it, whether it was created now, and how often it was looked for."""
    looks = iter((*seen, *[seen[-1]] * 100))
    looked = 0
    attempt = Attempt(STATIC)

    async def write(*_: Any) -> None:
        if refused:
            raise DuplicateKey("POST", 412, "0x80040237", "A record with matching key values already exists.")

    async def look_at() -> str | None:
        nonlocal looked
        looked += 1
        return next(looks)

    async def send() -> None:
        raise NotImplementedError

    async def work() -> str | None:
        loading: Any = Loading
        return await load._create(loading, attempt, Write.CREATE_SEGMENT, STATIC, send, look_at)

    monkeypatch.setattr(load, "write", write)
    row = asyncio.run(work())
    return row, attempt.created, looked


def test_what_was_sent_is_created(monkeypatch: pytest.MonkeyPatch) -> None:
    assert created(monkeypatch, None, refused=False) == (None, True, 0)


def test_what_is_there_already_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert created(monkeypatch, "row", refused=True) == ("row", False, 1)
    assert created(monkeypatch, None, None, "row", refused=True) == ("row", False, 3)


def test_it_is_looked_for_ten_times_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    assert created(monkeypatch, *[None] * 9, "row", refused=True) == ("row", False, 10)
    with pytest.raises(DuplicateKey):
        created(monkeypatch, None, refused=True)
    with pytest.raises(DuplicateKey):
        created(monkeypatch, *[None] * 10, "row", refused=True)
