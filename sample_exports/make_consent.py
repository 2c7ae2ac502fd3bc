"""What the people of the sample have said about mail: purposes of every model, topics, and every kind of record.

It has a chance of its own, so that everything else in the sample stays as it is.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from migrator.product.codes import ConsentFor, ConsentValue, ContactPoint, EnforcementModel, PurposeType

Row = dict[str, Any]
PROFILE = "5c0a1e00-0000-4000-8000-000000000001"
PURPOSES: dict[str, tuple[str, PurposeType, EnforcementModel]] = {
    "5c0a1e00-0000-4000-8000-000000000011": ("Commercial", PurposeType.COMMERCIAL, EnforcementModel.NON_RESTRICTIVE),
    "5c0a1e00-0000-4000-8000-000000000012": ("Transactional", PurposeType.TRANSACTIONAL, EnforcementModel.DISABLED),
    "5c0a1e00-0000-4000-8000-000000000013": ("Tracking", PurposeType.TRACKING, EnforcementModel.RESTRICTIVE),
    "5c0a1e00-0000-4000-8000-000000000014": ("Newsletter", PurposeType.COMMERCIAL, EnforcementModel.RESTRICTIVE),
}
COMMERCIAL, TRANSACTIONAL, TRACKING, NEWSLETTER = PURPOSES
TOPICS = {
    "5c0a1e00-0000-4000-8000-000000000021": ("Events", COMMERCIAL),
    "5c0a1e00-0000-4000-8000-000000000022": ("Offers", COMMERCIAL),
    "5c0a1e00-0000-4000-8000-000000000023": ("Product news", NEWSLETTER),
}
_LOADED, _PREFERENCE_CENTRE = 534120003, 534120004
_UNKNOWN_VALUE = 534120009


class Consents:
    """The tables of consent, and the contacts' field `donotbulkemail`."""

    def __init__(self, contacts: Sequence[Row], seed: int = 20260421) -> None:
        self.random = random.Random(seed)
        self.records: list[Row] = []
        for contact in contacts:
            contact["donotbulkemail"] = self.random.random() < 0.05
        of_address: dict[str, list[Row]] = {}
        for contact in contacts:
            if contact["emailaddress1"]:
                of_address.setdefault(contact["emailaddress1"], []).append(contact)
        for address, people in of_address.items():
            self.said(address, refused=any(one["donotemail"] or one["donotbulkemail"] for one in people))
        self.odd(list(of_address))

    def said(self, address: str, *, refused: bool) -> None:
        chance, add = self.random.random, self.add
        fate = chance()
        if refused:  # loaded for some before the sample was taken; the others have no record yet
            if fate < 0.55:
                add(address, COMMERCIAL, ConsentValue.OPTED_OUT, source=_LOADED)
            elif fate < 0.65:
                add(address, COMMERCIAL, ConsentValue.OPTED_IN)  # against the contact's field
        elif fate < 0.03:
            add(address, COMMERCIAL, ConsentValue.OPTED_OUT)  # since then
        elif fate < 0.45:
            add(address, COMMERCIAL, ConsentValue.OPTED_IN, source=_LOADED)
        elif fate < 0.50:
            add(address, COMMERCIAL, ConsentValue.NOT_SET)
        if chance() < 0.35:
            add(address, NEWSLETTER, ConsentValue.OPTED_IN if chance() < 0.9 else ConsentValue.OPTED_OUT)
        if chance() < 0.02:
            add(address, TRANSACTIONAL, ConsentValue.OPTED_OUT)
        if chance() < 0.05:
            add(address, TRACKING, ConsentValue.OPTED_IN)
        for topic in TOPICS:
            if chance() < 0.06:
                add(address, TOPICS[topic][1], self.random.choice(tuple(ConsentValue)), topic=topic)

    def odd(self, addresses: list[str]) -> None:
        """What real tables hold besides: contradictions, other spellings, other channels, and nobody's address."""
        some = self.random.sample(addresses, 24)
        for address in some[:6]:
            self.add(address, COMMERCIAL, ConsentValue.OPTED_IN)
            self.add(address, COMMERCIAL, ConsentValue.OPTED_OUT)
        for address in some[6:12]:
            self.add(address.upper(), NEWSLETTER, ConsentValue.OPTED_IN)
        for address in some[12:18]:
            self.add(address, COMMERCIAL, ConsentValue.OPTED_OUT, channel=ContactPoint.CUSTOM)
        for number in range(6):
            self.add(
                f"+49 30 {1_000_000 + number}", COMMERCIAL, ConsentValue.OPTED_IN, channel=ContactPoint.TEXT_MESSAGE
            )
            self.add(f"nobody{number}@nowhere.example", COMMERCIAL, ConsentValue.OPTED_OUT)
        self.add(some[18], COMMERCIAL, _UNKNOWN_VALUE)

    def add(
        self,
        address: str,
        purpose: str,
        value: int,
        *,
        topic: str | None = None,
        channel: ContactPoint = ContactPoint.EMAIL,
        source: int = _PREFERENCE_CENTRE,
    ) -> None:
        self.records.append(
            {
                "msdynmkt_contactpointconsent4id": str(UUID(int=self.random.getrandbits(128), version=4)),
                "msdynmkt_contactpointvalue": address,
                "msdynmkt_contactpointtype": int(channel),
                "msdynmkt_contactpointconsenttype": int(ConsentFor.TOPIC if topic else ConsentFor.PURPOSE),
                "msdynmkt_purposeid": purpose,
                "msdynmkt_topicid": topic,
                "msdynmkt_value": int(value),
                "msdynmkt_source": source,
            }
        )

    def files(self, as_csv: Callable[[Sequence[str], Sequence[Row]], bytes]) -> dict[str, bytes]:
        """Name of a file → its content."""
        purposes = [
            {
                "msdynmkt_purposeid": key,
                "msdynmkt_name": name,
                "msdynmkt_type": int(kind),
                "msdynmkt_enforcementmodel": int(model),
            }
            for key, (name, kind, model) in PURPOSES.items()
        ]
        links = "msdynmkt_msdynmkt_purpose_msdynmkt_compliancev4"
        tables: dict[str, list[Row]] = {
            "msdynmkt_compliancesettings4": [{"msdynmkt_compliancesettings4id": PROFILE, "msdynmkt_name": "Contoso"}],
            "msdynmkt_purpose": purposes,
            links: [
                {
                    f"{links}id": f"5c0a1e00-0000-4000-8000-0000000001{number:02}",
                    "msdynmkt_purposeid": key,
                    "msdynmkt_compliancesettings4id": PROFILE,
                }
                for number, key in enumerate(PURPOSES)
            ],
            "msdynmkt_topic": [
                {"msdynmkt_topicid": key, "msdynmkt_name": name, "msdynmkt_purposeid": purpose}
                for key, (name, purpose) in TOPICS.items()
            ],
            "msdynmkt_contactpointconsent4": self.records,
        }
        return {f"tables/{name}.csv": as_csv(list(rows[0]), rows) for name, rows in tables.items()}
