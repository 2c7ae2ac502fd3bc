"""Where the database that counts has no room any more: that says nothing about the tables, and ends the command."""

from __future__ import annotations

import duckdb

from migrator.base.errors import Retryable

_OF_DISKS = ("could not write", "no space left", "file too large", "offload data block", "disk quota")


def no_room(error: duckdb.Error) -> Retryable | None:
    """The error to end with, if the database got no more memory or no more of the disk; None where it is another one.

    Args:
        error: what DuckDB raised. It says *out of memory* for a full disk, too, where it puts something aside.
    """
    if not isinstance(error, duckdb.OutOfMemoryException | duckdb.IOException):
        return None
    if any(words in str(error).lower() for words in _OF_DISKS):
        return not_written(error)
    if isinstance(error, duckdb.IOException):
        return None
    return Retryable(
        f"The memory that the database may take is not enough: {said(error)}. Give it more, such as --memory 4GB, and "
        "repeat the command."
    )


def not_written(error: duckdb.Error) -> Retryable:
    """The error to end with, if the files of the database cannot be written."""
    return Retryable(
        f"The database that counts cannot be written: {said(error)}. Make room where temporary files lie (TMPDIR), and "
        "repeat the command."
    )


def said(error: duckdb.Error) -> str:
    """The first line of what DuckDB says, without a full stop."""
    return str(error).splitlines()[0].rstrip(".")
