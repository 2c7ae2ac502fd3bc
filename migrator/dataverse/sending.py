"""What an answer means: one table from status, code and wording to what is done about it.

An answer that may be another one the next time is asked for again where that changes nothing; after a write of which
nobody knows whether it arrived, only a look at the organisation settles it. Actions carry a status of their own inside
a good answer; it is looked up in the same table.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any
from uuid import UUID

import httpx

from migrator.base.server_text import reason_in
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
from migrator.product.codes import (
    ERROR_APPLICATION_NOT_ALLOWED,
    ERROR_DUPLICATE_KEY,
    ERROR_NO_MEMBER,
    ERROR_RESOURCE_NOT_FOUND,
)


class Meaning(Enum):
    """What an answer means for the request that it answers."""

    DONE = "done"
    """It was carried out."""
    RETRY = "retry"
    """Nothing was done; it may go well the next time."""
    WAIT = "wait"
    """Nothing was done, since we ask too much; it goes well once the time is over that the organisation names."""
    RENEW = "renew"
    """The token has ended; with a new one it may go well."""
    LOOK = "look"
    """Nobody knows whether it was carried out: look, before it is sent again."""
    REFUSE = "refuse"
    """The organisation says no."""
    GONE = "gone"
    """There is no such record, table or action (any more)."""


NEVER_SENT = -1
"""In place of a status: the connection could not be made, so nothing arrived."""
LOST = 0
"""In place of a status: the request was sent, and the answer did not come, or came broken."""
BROKEN = (httpx.TransportError, httpx.DecodingError)
"""What is raised in place of an answer."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    statuses: Collection[int]
    question: Meaning
    """What it means for a request that changes nothing."""
    write: Meaning
    """What it means for a request that changes something."""
    error: type[Refused]
    """How it is named where it stays the last answer."""
    code: str = ""
    """The error code; empty for any."""
    wording: str = ""
    """A regular expression that is found in the message, whatever its case; empty for any."""


_ANY = range(300, 600)
PASSING = frozenset({500, 502, 503, 504})
"""Statuses of a server that cannot answer now, and may in a moment."""
# A missing table or action also comes under the code of an unknown column (seen): there the wording decides.
_NO_RESOURCE = r"resource not found for the segment|ODataUnrecognizedPath"
# Refusals that neither a new token, nor waiting, nor a role cures.
_DISABLED = r"\buser\b.{0,80}\bdisabled\b"
_ADMINISTRATION = r"\b(administration|admin) mode\b"

TABLE: tuple[Row, ...] = (
    Row({NEVER_SENT}, Meaning.RETRY, Meaning.RETRY, ServerFault),
    Row({LOST}, Meaning.RETRY, Meaning.LOOK, ServerFault),
    Row(range(200, 300), Meaning.DONE, Meaning.DONE, Refused),
    Row(_ANY, Meaning.REFUSE, Meaning.REFUSE, DuplicateKey, code=ERROR_DUPLICATE_KEY),
    Row(range(400, 404), Meaning.REFUSE, Meaning.REFUSE, NotAdmitted, code=ERROR_APPLICATION_NOT_ALLOWED),
    Row(range(400, 404), Meaning.REFUSE, Meaning.REFUSE, NotAdmitted, code=ERROR_NO_MEMBER),
    Row(range(401, 404), Meaning.REFUSE, Meaning.REFUSE, NotAdmitted, wording=_DISABLED),
    Row(range(400, 600), Meaning.REFUSE, Meaning.REFUSE, NotAdmitted, wording=_ADMINISTRATION),
    Row({401}, Meaning.RENEW, Meaning.RENEW, Refused),
    Row({403}, Meaning.REFUSE, Meaning.REFUSE, Forbidden),
    Row({404}, Meaning.GONE, Meaning.GONE, ActionMissing, code=ERROR_RESOURCE_NOT_FOUND),
    Row({404}, Meaning.GONE, Meaning.GONE, ActionMissing, wording=_NO_RESOURCE),
    Row({404}, Meaning.GONE, Meaning.GONE, NotFound),
    Row({408}, Meaning.RETRY, Meaning.LOOK, Refused),
    Row({429}, Meaning.WAIT, Meaning.WAIT, Throttled),
    Row(PASSING, Meaning.RETRY, Meaning.LOOK, ServerFault),
    Row(range(501, 600), Meaning.REFUSE, Meaning.REFUSE, ServerFault),
    Row(_ANY, Meaning.REFUSE, Meaning.REFUSE, Refused),
)
"""The first line that fits counts."""


def row_for(status: int, code: str = "", message: str = "") -> Row:
    """The line of the table that an answer falls under.

    Args:
        status: its HTTP status.
        code: its error code, such as 0x80040217, or empty.
        message: the words of the answer.
    """
    for row in TABLE:
        if (
            status in row.statuses
            and row.code in ("", code)
            and (not row.wording or re.search(row.wording, message, re.IGNORECASE))
        ):
            return row
    return TABLE[-1]


def status_of(error: Exception) -> int:
    """What stands for the status where a request broke: whether it can have arrived."""
    never = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    return NEVER_SENT if never else LOST


def error_of(
    request: str, status: int, code: str, message: str, request_id: str = "", own: Collection[UUID] = ()
) -> Refused:
    """The error that fits an answer, where it is the last one; `own` are ids that may stay in its words.

    Args:
        request: method and path, for the sentence.
        status: its HTTP status.
        code: its error code, such as 0x80040217, or empty.
        message: the words of the answer.
        request_id: the service's id of the request, for its support.
        own: ids that may stay in the words: those of our segments.
    """
    return row_for(status, code, message).error(request, status, code, message, request_id, own)


def checked_action(action: str, answer: Mapping[str, Any]) -> None:
    """Take a good answer of an action for what its body says: it may carry a status of its own (`StatusCode`).

    Raises:
        Unsettled: the body says that nobody knows what became of it.
        Refused: the body says no, with its reason (`ResultText`).
    """
    status = answer.get("StatusCode")
    if not isinstance(status, int) or isinstance(status, bool):
        return
    request, reason = f"POST {action}", reason_in(str(answer.get("ResultText") or "no reason given"))
    match row_for(status, "", reason).write:
        case Meaning.DONE:
            return
        case Meaning.LOOK:
            raise Unsettled(request, reason, status)
        case _:
            raise error_of(request, status, "", reason)


# --- reading an answer -----------------------------------------------------------------------------------------------


def error_in(response: httpx.Response) -> tuple[str, str]:
    """The code and the message of an answer with an error status."""
    try:
        content = response.json()
        error = content["error"]
        message = str(error.get("message") or "")
        if details := content.get("ResultText"):
            message = f"{message} ({reason_in(str(details))})"
        return str(error.get("code") or ""), message
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "", response.text[:200] or response.reason_phrase


def retry_after(response: httpx.Response, otherwise: float) -> float:
    """Seconds that the organisation asks us to wait, in either form of the header (RFC 9110, 10.2.3).

    Args:
        response: the answer.
        otherwise: what is given where it says nothing, nothing readable, or a time that is over.
    """
    text = response.headers.get("retry-after", "")
    try:
        seconds = float(text)
    except ValueError:
        try:
            then = parsedate_to_datetime(text)  # without a zone where it says -0000, which is UTC, too
            seconds = (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp() - datetime.now(UTC).timestamp()
        except (ValueError, TypeError, OverflowError):
            return otherwise
    return seconds if 0 < seconds < math.inf else otherwise


def dop_hint(response: httpx.Response) -> float:
    """Requests at a time that the organisation recommends; 0 where it recommends nothing."""
    try:
        hint = float(response.headers["x-ms-dop-hint"])
    except (KeyError, ValueError):
        return 0.0
    return max(hint, 1.0) if math.isfinite(hint) else 0.0


def request_id(response: httpx.Response) -> str:
    """The number under which the organisation knows the request; empty where it names none."""
    return str(response.headers.get("x-ms-service-request-id", ""))


def bare(path: str) -> str:
    """The path without what stands behind "?": that may hold ids of people."""
    return path.split("?", maxsplit=1)[0]


def skew(response: httpx.Response, otherwise: float | None) -> float | None:
    """Seconds by which the clock of whoever answered is ahead of ours; `otherwise` where the answer has no time."""
    try:
        moment = parsedate_to_datetime(response.headers["date"])
        return (moment - datetime.now(UTC)).total_seconds()
    except (KeyError, ValueError, TypeError, OverflowError):
        return otherwise
