"""Pages, one after the other: a service that repeats itself, or never ends, would be read for ever."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from migrator.base.server_text import Kept
from migrator.dataverse.errors import UnexpectedAnswer

_EMPTY = 50
"""Pages without a row, one after the other, that are read. The service may end its time within a page and give none."""


class Pages:
    """What was asked for and what came, of one question."""

    def __init__(self, request: str) -> None:
        self._request = request
        self._asked: set[str] = set()
        self._seen: set[bytes] = set()
        self._empty = 0

    def ask(self, address: str) -> None:
        """The next page is about to be asked for.

        Raises:
            UnexpectedAnswer: it was asked for before.
        """
        if address in self._asked:
            raise self._endless("names the same next page again and again")
        self._asked.add(address)

    def take(self, rows: Sequence[Any]) -> None:
        """A page has come.

        Raises:
            UnexpectedAnswer: it is one that came before, or one too many without a row.
        """
        self._empty = 0 if rows else self._empty + 1
        if self._empty > _EMPTY:
            raise self._endless("names a next page again and again, and none of them has a row")
        if not rows:
            return
        digest = blake2b(json.dumps(rows, sort_keys=True).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if digest in self._seen:
            raise self._endless("gives the same rows again and again")
        self._seen.add(digest)

    def _endless(self, what: str) -> UnexpectedAnswer:
        why = f"the organisation {what} ({len(self._asked):,} pages were read)"
        return UnexpectedAnswer(self._request, 200, "", Kept(why))
