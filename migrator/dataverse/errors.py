"""What can go wrong between us and an organisation.

DataverseError                   everything below
├── WrongAddress                 the address cannot be one of an organisation            exit code 2
├── Unreachable                  no answer: refused, no such name, time-out, bad TLS      exit code 5
├── NotDataverse                 an answer, but not from the Web API (HTML, for example)  exit code 5
├── HeldOff                      asked to wait for longer than a command waits            exit code 5
├── SignInFailed                 no token, or the organisation does not take it           exit code 5
└── Refused                      an answer with an error status                           exit code 4
    ├── Forbidden                403: the account may not do this                        exit code 5
    │   └── NotAdmitted          the account is not let in at all, and no role changes that
    ├── NotFound                 404
    │   └── ActionMissing        404: there is no such table or action (module removed)
    ├── DuplicateKey             a record with this primary key exists
    ├── Throttled                429 as a status inside a good answer
    ├── ServerFault              5xx, for longer than we wait
    ├── Unsettled                a write whose fate is unknown: it has to be looked at
    └── UnexpectedAnswer         a good status with a body that we cannot read
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from migrator.base.errors import Exit, MigratorError
from migrator.base.server_text import FULL_TEXT, Kept, sanitised
from migrator.product.codes import ERROR_APPLICATION_NOT_ALLOWED, ERROR_NO_MEMBER

_CODE = re.compile(r"0x[0-9a-fA-F]{1,8}|-?\d{1,10}|[A-Za-z]{1,40}|")
_REQUEST_ID = re.compile(r"[0-9A-Za-z-]{1,64}|")


class DataverseError(MigratorError):
    """Anything that goes wrong between us and an organisation."""

    exit_code = Exit.REFUSED


class WrongAddress(DataverseError):
    """The address cannot be one of an organisation."""

    exit_code = Exit.USAGE


class Unreachable(DataverseError):
    """The organisation does not answer."""


class NotDataverse(DataverseError):
    """Something answers, but it is not the Web API."""


class SignInFailed(DataverseError):
    """No token could be had, or the organisation does not take it."""


def duration(seconds: float) -> str:
    """Seconds as people say them, such as "4 min 30 s" or "27 h 46 min"."""
    whole = math.ceil(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600:,} h {whole % 3600 // 60} min"


def clock_time(moment: float) -> str:
    """A time of the POSIX clock as one reads it off a clock here, with the day where it is not today."""
    try:
        then = datetime.fromtimestamp(moment).astimezone()
    except (OverflowError, ValueError, OSError):
        return "a day that no calendar has"
    today = then.date() == datetime.now().astimezone().date()
    return then.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M")


class HeldOff(DataverseError):
    """The organisation asks us to wait for longer than a command waits."""

    def __init__(self, url: str, seconds: float, *, again: bool = False) -> None:
        """Say until when.

        Args:
            url: the organisation.
            seconds: that it asks us to wait now.
            again: whether it has asked before, and it is all of the waits together that are too long.
        """
        wait = f"wait {duration(seconds)}" + (" again, after a long time of waiting" if again else "")
        super().__init__(
            f"{url} asks us to {wait}, longer than a command waits. Nothing more was sent, and what was done is kept. "
            f"From {clock_time(time.time() + seconds)} on, repeat the command; a run goes on with: "
            "migrator run --resume"
        )


class Refused(DataverseError):
    """The organisation answered with an error."""

    exit_code = Exit.FAILED

    def __init__(
        self,
        request: str,
        status: int,
        code: str,
        message: str,
        request_id: str = "",
        own: Collection[UUID] = (),
    ) -> None:
        """An answer of which nothing is kept that is about a person (see `base.server_text`).

        Args:
            request: method and path.
            status: of the answer.
            code: the error code in it.
            message: the server's own words, or `Kept` ones.
            request_id: the number under which the organisation knows the request.
            own: ids of our own segments, which may stay in the words.
        """
        if not isinstance(message, Kept):
            FULL_TEXT.debug("%s: %s %s: %s (request id %s)", request, status, code, message, request_id)
        self.request, self.status = request, status
        self.code = code if _CODE.fullmatch(code) else ""
        self.message = sanitised(message, own)
        self.request_id = request_id = request_id if _REQUEST_ID.fullmatch(request_id) else ""
        super().__init__(self.summary + (f" (request id {request_id})" if request_id else ""))

    @property
    def summary(self) -> str:
        """The refusal in one sentence, without the ids that the organisation may have echoed."""
        return f"{self.request} was refused with {' '.join(filter(None, (str(self.status), self.code)))}: {self.reason}"

    @property
    def reason(self) -> str:
        """The organisation's own words, without what may be about people."""
        return str(self.message)


class Forbidden(Refused):
    """403: the account may not do this."""

    exit_code = Exit.REFUSED

    def __str__(self) -> str:
        """The refusal, and what the account needs."""
        return f"{super().__str__()}. The account needs a role that may read and write segments and contacts."


class NotAdmitted(Forbidden):
    """The account is not let in at all, and no role changes that."""

    _CURES = (
        (ERROR_APPLICATION_NOT_ALLOWED, "", "This application is not allowed in the environment. Its administrator has "
         "to allow it (environment settings, app access control), or sign in by another application."),
        (ERROR_NO_MEMBER, "", "The account is no member of this organisation. Its administrator has to add it: as a "
         "user with a licence and in the environment's security group, or as an application user."),
        ("", "administration mode|admin mode", "The environment is in administration mode, in which only system "
         "administrators and customizers come in. Repeat the command once it has ended."),
        ("", "disabled", "The user is disabled in this organisation. Its administrator has to enable it, or sign in as "
         "another one."),
    )  # fmt: skip

    def __str__(self) -> str:
        """The refusal, and the cure that fits; a role is none."""
        for code, wording, cure in self._CURES:
            if (code and code == self.code) or (wording and re.search(wording, self.reason, re.IGNORECASE)):
                return f"{Exception.__str__(self)}. {cure}"
        return Exception.__str__(self)


class NotFound(Refused):
    """404: there is no such record."""


class ActionMissing(NotFound):
    """404: there is no such table or action."""


class DuplicateKey(Refused):
    """A record with this primary key exists already."""


class Throttled(Refused):
    """429 as the status that an action carries inside a good answer."""


class ServerFault(Refused):
    """5xx, also after several tries."""


class Unsettled(Refused):
    """A write was sent, and no answer says what became of it (time-out, broken connection, 408, 5xx)."""

    def __init__(
        self,
        request: str,
        message: str,
        status: int = 0,
        code: str = "",
        request_id: str = "",
        own: Collection[UUID] = (),
    ) -> None:
        super().__init__(request, status, code, message, request_id, own)

    @property
    def answered(self) -> bool:
        """Whether the service answered, if only with an error of its own or with something unreadable."""
        return self.status == 200 or self.status >= 500

    @property
    def summary(self) -> str:
        """What is known, in one sentence."""
        how = " ".join(filter(None, (str(self.status or ""), self.code, self.reason)))
        return f"nobody knows what became of {self.request} ({how})"


class UnexpectedAnswer(Refused):
    """The answer has a good status, but its body is not what the documents describe."""

    @property
    def summary(self) -> str:
        """What came, in one sentence."""
        return f"{self.request} was answered with {self.status}, but {self.reason}"
