"""One row of `msdyncrm_segment`: the only place that knows its columns by name, but for the wire itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID


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


def segment_of(row: Mapping[str, Any]) -> LegacySegment:
    """One raw row of `msdyncrm_segment`, typed. Unknown codes are kept, missing columns are empty.

    Raises:
        KeyError, ValueError: the row has no readable id.
    """
    query, other = _text(row.get("msdyncrm_segmentquery")), _text(row.get("msdyncrm_query"))
    creator = row.get("_createdby_value@OData.Community.Display.V1.FormattedValue") or row.get("_createdby_value")
    unit = row.get("_owningbusinessunit_value") or row.get("owningbusinessunit")
    return LegacySegment(
        id=UUID(str(row["msdyncrm_segmentid"])),
        name=_text(row.get("msdyncrm_segmentname")),
        description=_text(row.get("msdyncrm_description")),
        type_code=_number(row.get("msdyncrm_segmenttype")),
        status_code=_number(row.get("statuscode")),
        query=query or other,
        other_query=other if query and other and other.strip() != query.strip() else "",
        query_name=_text(row.get("msdyncrm_segmentqueryname")),
        recorded_size=_number(row.get("msdyncrm_segmentsize")),
        scope_code=_number(row.get("msdyncrm_scope")),
        business_unit=UUID(str(unit)) if unit else None,
        time_zone=_number(row.get("msdyncrm_segmenttimezone")),
        refresh_minutes=_number(row.get("msdyncrm_segmentrefreshrateintervalminutes")),
        external_source=_number(row.get("msdyncrm_externalsource")),
        created_on=_text(row.get("createdon")),
        created_by=_text(creator),
        modified_on=_text(row.get("modifiedon")),
    )


def _text(value: Any) -> str:
    """Text that every file and answer can hold: a half of a character, as a cut name may end in, becomes �."""
    text = "" if value is None else str(value)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _number(value: Any) -> int | None:
    return None if value is None or value == "" else int(value)
