"""Ids of contacts as clients send and read them, and as the sandbox keeps them: numbers, which are small."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from migrator.product.codes import LEGACY_MEMBER_PREFIX
from migrator.sandbox.refusal import INVALID_ARGUMENT, bad_request

_ID = re.compile(r"\{?[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}\}?")


def read_ids(values: Any) -> list[int]:
    """The ids in a list; 400 when one is none."""
    if not isinstance(values, list):
        raise bad_request("A list of ids is expected.", INVALID_ARGUMENT)
    return [_id(value) for value in values]


def read_outbound_ids(text: Any) -> list[int]:
    """The ids in a JSON array that is sent as a string, each with or without its prefix; 400 when it is none."""
    try:
        values = json.loads(text or "[]")
    except (TypeError, ValueError):
        raise bad_request("msdyncrm_memberids holds no JSON array.", INVALID_ARGUMENT) from None
    if not isinstance(values, list):
        raise bad_request("msdyncrm_memberids holds no JSON array.", INVALID_ARGUMENT)
    return [_id(str(value).removeprefix(LEGACY_MEMBER_PREFIX)) for value in values]


def show_ids(members: Iterable[int]) -> list[str]:
    """Ids in their canonical spelling."""
    return [str(UUID(int=member)) for member in members]


def _id(value: Any) -> int:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise bad_request(f"'{value}' is no id.", INVALID_ARGUMENT)
    return int(value.strip("{}").replace("-", ""), 16)
