"""Consent of real-time journeys: its tables, and the check that the product makes right before it sends.

The check is an endpoint of the sandbox alone (`sandbox_CheckSending`), for tests: it answers by the vendor's page
*Manage consent for email, SMS and custom channel messages*, row by row, and knows nothing of the tool's own rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from migrator.product import codes
from migrator.product.codes import AUDIENCE
from migrator.sandbox.organisation import Organisation, Row
from migrator.sandbox.refusal import bad_request
from migrator.sandbox.tables import CONSENT, PURPOSE, TOPIC

CHECK = "sandbox_CheckSending"
_OUT, _NOT_SET, _IN = "opted out", "none or not set", "opted in"
_DIAGRAM = {
    codes.EnforcementModel.RESTRICTIVE: {_OUT: "Blocked", _NOT_SET: "Blocked", _IN: "Sent"},
    codes.EnforcementModel.NON_RESTRICTIVE: {_OUT: "Blocked", _NOT_SET: "Sent", _IN: "Sent"},
    codes.EnforcementModel.DISABLED: {_OUT: "Sent", _NOT_SET: "Sent", _IN: "Sent"},
}
"""The page's diagram of the e-mail channel, as it stands there."""


def check_sending(organisation: Organisation, body: Mapping[str, Any]) -> dict[str, Any]:
    """Who of some contacts would be sent a message now: `Sent`, `Blocked`, and `Undecided` where a record says nothing
    that the product knows.

    Args:
        organisation: the sandbox's organisation.
        body: `PurposeId`, `TopicId` or null, `ContactIds`, and `AddressColumn` where it is not emailaddress1.
    """
    purpose = organisation.rows[PURPOSE].get(str(body.get("PurposeId")))
    if purpose is None:
        raise bad_request("The message has no purpose.")
    topic = body.get("TopicId")
    if (
        topic is not None
        and organisation.rows[TOPIC].get(str(topic), {}).get("msdynmkt_purposeid") != purpose["msdynmkt_purposeid"]
    ):
        raise bad_request("The topic is not one of the purpose.")
    answer: dict[str, list[str]] = {"Sent": [], "Blocked": [], "Undecided": []}
    for contact in body["ContactIds"]:
        row = organisation.rows[AUDIENCE].get(str(contact))
        column = str(body.get("AddressColumn") or "emailaddress1")
        answer[_decision(organisation, row, column, purpose, topic)].append(str(contact))
    return answer


def _decision(organisation: Organisation, contact: Row | None, column: str, purpose: Row, topic: Any) -> str:
    if contact is None or contact.get("statecode") != 0:
        return "Blocked"  # segments hold active contacts
    address = (contact.get(column) or "").strip()
    if not address:
        return "Blocked"
    if organisation.checks_contact_fields:
        forbidden = ["donotemail"]
        if purpose["msdynmkt_type"] != codes.PurposeType.TRANSACTIONAL:
            forbidden.append("donotbulkemail")
        if any(contact.get(field) is True for field in forbidden):
            return "Blocked"
    results = [
        _by_diagram(purpose, _recorded(organisation, address, "msdynmkt_purposeid", purpose["msdynmkt_purposeid"]))
    ]
    if results == ["Sent"] and topic is not None:
        results.append(_by_diagram(purpose, _recorded(organisation, address, "msdynmkt_topicid", topic)))
    return next((result for result in results if result != "Sent"), "Sent")


def _by_diagram(purpose: Row, recorded: str | None) -> str:
    row = _DIAGRAM[codes.EnforcementModel(purpose["msdynmkt_enforcementmodel"])]
    if recorded is None:
        return "Sent" if set(row.values()) == {"Sent"} else "Undecided"
    return row[recorded]


def _recorded(organisation: Organisation, address: str, about: str, key: Any) -> str | None:
    """What the records of an address say; where they contradict each other, an opt-out counts. None: nobody knows."""
    level = codes.ConsentFor.TOPIC if about == "msdynmkt_topicid" else codes.ConsentFor.PURPOSE
    values = [
        row.get("msdynmkt_value")
        for row in organisation.rows[CONSENT].values()
        if str(row.get("msdynmkt_contactpointvalue") or "").strip().lower() == address.lower()
        and row.get("msdynmkt_contactpointtype") == codes.ContactPoint.EMAIL
        and row.get("msdynmkt_contactpointconsenttype") == level
        and row.get(about) == key
    ]
    if codes.ConsentValue.OPTED_OUT in values:
        return _OUT
    if any(value not in list(codes.ConsentValue) for value in values):
        return None
    return _IN if codes.ConsentValue.OPTED_IN in values else _NOT_SET
