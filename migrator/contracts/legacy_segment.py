"""One row of `msdyncrm_segment`: the only place that knows its columns by name, but for the wire itself."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID, uuid5

from migrator.base import cells

T = TypeVar("T")

ID_COLUMN = "msdyncrm_segmentid"
_NAMELESS = UUID("d0c5a6b4-6a0f-4c0e-9a3c-1f0a5a1f7c11")
"""Rows without a readable id get one that is derived from their content, so that they are counted and named."""


@dataclass(frozen=True, slots=True)
class LegacySegment:
    """One row of `msdyncrm_segment`, typed. Codes stay numbers: an unknown one must survive to the report."""

    id: UUID
    name: str
    description: str
    type_code: int | None
    status_code: int | None
    query: str
    """The query that counts: msdyncrm_segmentquery, or msdyncrm_query where that is empty."""
    other_query: str
    """The second column's query where it says something else; empty otherwise."""
    query_name: str
    recorded_size: int | None
    scope_code: int | None
    business_unit: UUID | None
    time_zone: int | None
    refresh_minutes: int | None
    external_source: int | None
    created_on: str
    created_by: str
    modified_on: str
    unreadable: tuple[str, ...] = ()
    """Columns whose value is none that such a column can have; it is taken as unknown."""

    @property
    def has_id(self) -> bool:
        """Whether the row has a readable id of its own."""
        return ID_COLUMN not in self.unreadable


def segment_of(row: Mapping[str, Any]) -> LegacySegment:
    """One raw row of `msdyncrm_segment`, typed.

    Unknown codes are kept, missing columns are empty, and a value that cannot be read is unknown and named: one odd
    value, or an odd row, costs that segment a finding and no other segment anything.

    Args:
        row: the row as the Web API gives it.
    """
    odd: list[str] = []

    def read(column: str, value: Any, kind: Callable[[Any], T | None]) -> T | None:
        found = None if value in (None, "") else kind(value)
        if found is None and value not in (None, ""):
            odd.append(column)
        return found

    def code(column: str) -> int | None:
        return read(column, row.get(column), cells.number)

    query, other = _text(row.get("msdyncrm_segmentquery")), _text(row.get("msdyncrm_query"))
    creator = row.get("_createdby_value@OData.Community.Display.V1.FormattedValue") or row.get("_createdby_value")
    unit = row.get("_owningbusinessunit_value") or row.get("owningbusinessunit")
    own = read(ID_COLUMN, row.get(ID_COLUMN) or "none", cells.identity)
    return LegacySegment(
        id=own or uuid5(_NAMELESS, json.dumps(row, sort_keys=True)),
        name=_text(row.get("msdyncrm_segmentname")),
        description=_text(row.get("msdyncrm_description")),
        type_code=code("msdyncrm_segmenttype"),
        status_code=code("statuscode"),
        query=query or other,
        other_query=other if query and other and other.strip() != query.strip() else "",
        query_name=_text(row.get("msdyncrm_segmentqueryname")),
        recorded_size=read("msdyncrm_segmentsize", row.get("msdyncrm_segmentsize"), cells.count),
        scope_code=code("msdyncrm_scope"),
        business_unit=read("owningbusinessunit", unit, cells.identity),
        time_zone=code("msdyncrm_segmenttimezone"),
        refresh_minutes=code("msdyncrm_segmentrefreshrateintervalminutes"),
        external_source=code("msdyncrm_externalsource"),
        created_on=_text(row.get("createdon")),
        created_by=_text(creator),
        modified_on=_text(row.get("modifiedon")),
        unreadable=tuple(odd),
    )


def _text(value: Any) -> str:
    """Text that every file and answer can hold: a half of a character, as a cut name may end in, becomes �."""
    text = "" if value is None else str(value)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Called:
    """Segments by the names that queries use for them."""

    def __init__(self, segments: Iterable[LegacySegment]) -> None:
        self._by_query_name: dict[str, list[LegacySegment]] = defaultdict(list)
        self._by_name: dict[str, list[LegacySegment]] = defaultdict(list)
        for segment in segments:
            if segment.query_name:
                self._by_query_name[segment.query_name.lower()].append(segment)
            self._by_name[segment.name].append(segment)

    def named(self, name: str) -> LegacySegment | None:
        """The segment that a query calls `name`; None where there is none, or more than one."""
        found = self._by_query_name.get(name.lower()) or self._by_name.get(name, [])
        return found[0] if len(found) == 1 else None
