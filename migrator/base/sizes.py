"""Sizes as people write them on a command line."""

from __future__ import annotations

import re

from migrator.base.errors import UsageError

_SIZE = re.compile(r"([1-9]\d{0,5})\s*(MB|GB|TB)", re.IGNORECASE)
_MEGABYTES = {"MB": 1, "GB": 1000, "TB": 1_000_000}
LEAST_MEMORY = 100
"""Megabytes that a database needs to work at all."""


def memory_size(text: str) -> str:
    """How much memory a database may take, such as `2GB`; as both of ours read it.

    Args:
        text: as somebody wrote it.

    Raises:
        UsageError: it is no size, or too small to work with.
    """
    found = _SIZE.fullmatch(text.strip())
    if not found or int(found[1]) * _MEGABYTES[found[2].upper()] < LEAST_MEMORY:
        raise UsageError(f"--memory takes a size of at least {LEAST_MEMORY}MB, such as 2GB; {text} is none.")
    return found[1] + found[2].upper()
