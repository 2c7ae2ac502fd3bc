"""What can go wrong in a way that the user is told about. Every message says what happened and what to do.

MigratorError
├── UsageError          wrong usage or unreadable input                    exit code 2
│   └── Declined        somebody was asked and said no
├── Retryable           something failed that can be repeated              exit code 4
├── Interrupted         Ctrl-C                                             exit code 130
└── dataverse.errors    the organisation could not be reached or refused   exit code 5
"""

from __future__ import annotations

import re
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command, for scripts."""

    DONE = 0
    """Everything asked for is done and verified."""
    USAGE = 2
    """Wrong usage or unreadable input."""
    WAITING = 3
    """Done, but something is flagged and waits for a person."""
    FAILED = 4
    """Something failed and can be retried."""
    REFUSED = 5
    """The organisation could not be reached or refused us."""
    INTERRUPTED = 130
    """Ctrl-C."""


class MigratorError(Exception):
    """Anything that ends a command with a sentence instead of a traceback."""

    exit_code = Exit.FAILED


class UsageError(MigratorError):
    """The command cannot be carried out as it was given."""

    exit_code = Exit.USAGE


class Declined(UsageError):
    """Somebody was asked and said no."""

    def __init__(self) -> None:
        super().__init__("Nothing was changed.")


class Retryable(MigratorError):
    """Something failed on the way; what was done is kept, and the command can be repeated."""

    exit_code = Exit.FAILED


class Interrupted(MigratorError):
    """The person at the keyboard wants to end; what was under way has ended well."""

    exit_code = Exit.INTERRUPTED

    def __init__(self) -> None:
        super().__init__("Interrupted. What was done is kept; go on with: migrator run --resume")


def why(error: BaseException) -> str:
    """What an error says, for a sentence: that of the system without its number and without the path once more.

    Args:
        error: any error.
    """
    if isinstance(error, UnicodeDecodeError):
        return "it is no text; save it as UTF-8"
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return re.sub(r"\[(?:Errno|WinError) -?\d+\] ", "", said)
