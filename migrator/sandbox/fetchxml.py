"""The deprecated read of outbound members: FetchXML on contact, linked to `msdyncrm_segment`."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote
from xml.etree import ElementTree as ET

from migrator.product.codes import PAGE_SIZE_MAX
from migrator.sandbox.refusal import INVALID_ARGUMENT, bad_request

SIMPLE_ROWS = 50_000
"""Rows that page numbers alone reach (product documentation)."""
COOKIE = "Microsoft.Dynamics.CRM.fetchxmlpagingcookie"


@dataclass(frozen=True, slots=True)
class Fetch:
    """What one FetchXML text asks for, as far as the sandbox answers it."""

    entity: str
    attributes: tuple[str, ...]
    order: str
    """As `$orderby` has it."""
    page: int
    count: int
    total: bool
    segment: str | None
    """The id of the segment whose members are asked for."""
    after: str = ""
    """From the paging cookie: the key of the last row of the page before."""


def read(text: str) -> Fetch:
    """Read a FetchXML text; 400 when it cannot be read or asks for more than is answered."""
    try:
        root = ET.fromstring(text)  # noqa: S314 - loopback only; expat refuses entity bombs
    except ET.ParseError as error:
        raise bad_request(f"The FetchXML cannot be read: {error}.", INVALID_ARGUMENT) from None
    entity = root.find("entity")
    if root.tag != "fetch" or entity is None or not entity.get("name"):
        raise bad_request("The FetchXML has no entity.", INVALID_ARGUMENT)
    if entity.find("filter") is not None:
        raise bad_request("A filter on the entity is not answered by the sandbox.", INVALID_ARGUMENT)
    orders = [
        f"{order.get('attribute')} {'desc' if order.get('descending') == 'true' else 'asc'}"
        for order in entity.findall("order")
    ]
    return Fetch(
        entity=str(entity.get("name")),
        attributes=tuple(str(attribute.get("name")) for attribute in entity.findall("attribute")),
        order=",".join(orders),
        page=int(root.get("page", "1")),
        count=min(int(root.get("count", PAGE_SIZE_MAX)), PAGE_SIZE_MAX),
        total=root.get("returntotalrecordcount") == "true",
        segment=_segment(entity),
        after=_last(root.get("paging-cookie", "")),
    )


def cookie(key: str, page: int, first: str, last: str) -> str:
    """The paging cookie behind a page, as the Web API wraps it: encoded twice, in an element of its own.

    Args:
        key: the column by which rows are ordered.
        page: from 1.
        first: the key of the page's first row.
        last: the key of its last row.
    """
    inner = f'<cookie page="{page}"><{key} last="{{{last.upper()}}}" first="{{{first.upper()}}}" /></cookie>'
    return (
        f'<cookie pagenumber="{page + 1}" pagingcookie="{quote(quote(inner, safe=""), safe="")}" istracking="False" />'
    )


def _last(cookie: str) -> str:
    if not cookie:
        return ""
    try:
        (row,) = ET.fromstring(cookie)  # noqa: S314 - loopback only; expat refuses entity bombs
        return str(row.attrib["last"]).strip("{}").lower()
    except (ET.ParseError, ValueError, KeyError):
        raise bad_request("Malformed XML in the paging cookie.", INVALID_ARGUMENT) from None


def _segment(entity: ET.Element) -> str | None:
    links = entity.findall("link-entity")
    if not links:
        return None
    link = links[0]
    if len(links) > 1 or link.get("name") != "msdyncrm_segment" or link.get("to") != "msdyncrm_segmentmemberid":
        raise bad_request("Only a link from contact to msdyncrm_segment is answered by the sandbox.", INVALID_ARGUMENT)
    conditions = link.findall("./filter/condition")
    if len(conditions) != 1 or conditions[0].get("operator") != "eq":
        raise bad_request("The link to msdyncrm_segment needs one condition with eq.", INVALID_ARGUMENT)
    return conditions[0].get("value")
