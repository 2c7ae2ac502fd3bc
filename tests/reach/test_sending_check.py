"""The law: reach says of everybody what the sandbox's own sending check says, which was written by another hand.

People, records of every kind, contradictions, shared addresses, purposes of all models and the switch are generated.
"""

from __future__ import annotations

import csv
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrator.contracts.consent import CONSENT, TABLES
from migrator.evaluator.mirrors import FileKind, TableFiles
from migrator.mql import Column, Schema, Table
from migrator.product.codes import ConsentFor, ConsentValue, ContactPoint, EnforcementModel, PurposeType
from migrator.reach.answer import numbers
from migrator.reach.count import MemberList, people
from migrator.reach.rules import ContactFields, Group, Rules, verdicts
from migrator.sandbox.consent import check_sending
from migrator.sandbox.organisation import Organisation

Row = dict[str, Any]
TEXT, YES_NO = Column("String"), Column("Boolean")
CONTACT = Table(
    "contacts",
    "contactid",
    "fullname",
    {
        "contactid": Column("Uniqueidentifier"),
        "emailaddress1": TEXT,
        "emailaddress2": TEXT,
        "donotemail": YES_NO,
        "donotbulkemail": YES_NO,
        "statecode": Column("State"),
    },
)
ADDRESSES = ("ada@x.example", "Ada@X.example ", "bob@x.example", "Éva@ü.example", "éva@ü.example")
SPELLINGS = (*ADDRESSES, "BOB@X.EXAMPLE", "nobody@x.example", " bob@x.example")


def key(kind: int, number: int) -> str:
    return str(UUID(int=(kind << 64) + number))


PURPOSES: list[Row] = [
    {
        "msdynmkt_purposeid": key(1, number),
        "msdynmkt_name": f"Purpose {number}",
        "msdynmkt_type": int(kind),
        "msdynmkt_enforcementmodel": int(model),
    }
    for number, (kind, model) in enumerate(
        (kind, model) for kind in list(PurposeType)[:2] for model in EnforcementModel
    )
]
TOPICS: list[Row] = [
    {"msdynmkt_topicid": key(2, number), "msdynmkt_purposeid": purpose["msdynmkt_purposeid"]}
    for number, purpose in enumerate(PURPOSES)
]
CONTACTS = st.lists(
    st.fixed_dictionaries(
        {
            "emailaddress1": st.sampled_from([*ADDRESSES, None, "", "  "]),
            "emailaddress2": st.sampled_from([*ADDRESSES, None]),
            "donotemail": st.sampled_from([True, False, False, None]),
            "donotbulkemail": st.sampled_from([True, False, False, None]),
            "statecode": st.sampled_from([0, 0, 0, 1]),
        }
    ),
    min_size=15,
    max_size=40,
)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "msdynmkt_contactpointvalue": st.sampled_from(SPELLINGS),
            "msdynmkt_contactpointtype": st.sampled_from([ContactPoint.EMAIL] * 4 + [ContactPoint.TEXT_MESSAGE]),
            "about": st.sampled_from(list(range(2 * len(PURPOSES)))),
            "msdynmkt_value": st.sampled_from([*ConsentValue, *ConsentValue, 534120009, None]),
        }
    ),
    max_size=90,
)


def organisation(contacts: Sequence[Row], records: Sequence[Row], *, switch: bool) -> Organisation:
    found = Organisation(
        UUID(int=1), "Law", Schema({"contact": CONTACT}, (), ()), lambda: 0.0, checks_contact_fields=switch
    )
    found.fill("contact", [dict(row) for row in contacts])
    found.fill("msdynmkt_purpose", [dict(row) for row in PURPOSES])
    found.fill("msdynmkt_topic", [dict(row) for row in TOPICS])
    found.fill("msdynmkt_contactpointconsent4", [dict(row) for row in records])
    return found


def recorded(drawn: Sequence[Row]) -> list[Row]:
    rows = []
    for number, one in enumerate(drawn):
        about = one["about"]
        topic = about - len(PURPOSES) if about >= len(PURPOSES) else None
        purpose = PURPOSES[about if topic is None else topic]
        rows.append(
            {
                "msdynmkt_contactpointconsent4id": key(3, number),
                "msdynmkt_contactpointvalue": one["msdynmkt_contactpointvalue"],
                "msdynmkt_contactpointtype": int(one["msdynmkt_contactpointtype"]),
                "msdynmkt_contactpointconsenttype": int(ConsentFor.PURPOSE if topic is None else ConsentFor.TOPIC),
                "msdynmkt_purposeid": purpose["msdynmkt_purposeid"],
                "msdynmkt_topicid": None if topic is None else TOPICS[topic]["msdynmkt_topicid"],
                "msdynmkt_value": None if one["msdynmkt_value"] is None else int(one["msdynmkt_value"]),
            }
        )
    return rows


def as_file(path: Path, columns: Sequence[str], rows: Sequence[Row]) -> TableFiles:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in rows:
            values = [row.get(name) for name in columns]
            writer.writerow([str(one).lower() if isinstance(one, bool) else one for one in values])
    return TableFiles(FileKind.CSV, (path,))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    CONTACTS,
    RECORDS,
    st.booleans(),
    st.booleans(),
    st.sampled_from(["emailaddress1", "emailaddress2"]),
)
def test_reach_and_the_sending_check_never_differ(
    drawn: list[Row], records: list[Row], switch: bool, topic: bool, column: str
) -> None:
    contacts = [{"contactid": key(4, number), **row} for number, row in enumerate(drawn)]
    members = [*(row["contactid"] for row in contacts), key(5, 1)]  # the last one was deleted
    rows = recorded(records)
    box = organisation(contacts, rows, switch=switch)
    pairs = [
        (UUID(purpose["msdynmkt_purposeid"]), UUID(one["msdynmkt_topicid"]) if topic else None)
        for purpose, one in zip(PURPOSES, TOPICS, strict=True)
    ]
    with tempfile.TemporaryDirectory() as folder, people() as place:
        listed = as_file(Path(folder) / "members.csv", ["contactid"], [{"contactid": one} for one in members])
        place.fill_members([MemberList(listed.paths[0], None, live=True)])
        place.fill_contacts(as_file(Path(folder) / "contact.csv", list(CONTACT.columns), contacts), column)
        place.fill_consent(as_file(Path(folder) / "consent.csv", list(TABLES[CONSENT].columns), rows), pairs)
        for number, purpose in enumerate(PURPOSES):
            rules = Rules(
                EnforcementModel(purpose["msdynmkt_enforcementmodel"]),
                purpose["msdynmkt_type"] == PurposeType.COMMERCIAL,
                topic,
                ContactFields.CHECKED if switch else ContactFields.IGNORED,
            )
            judged = verdicts(rules)
            said: dict[str, list[str]] = defaultdict(list)
            everybody = {kind: f" {kind}\n" for kind in range(len(judged))}
            for _, lines in place.listed(number, everybody):
                for who, kind in (line.split() for line in lines.splitlines()):
                    group = judged[int(kind)].group
                    word = {Group.STILL: "Sent", Group.NEW: "Sent", Group.UNKNOWN: "Undecided"}.get(group, "Blocked")
                    said[word].append(who)
            asked = {
                "PurposeId": purpose["msdynmkt_purposeid"],
                "TopicId": TOPICS[number]["msdynmkt_topicid"] if topic else None,
                "ContactIds": members,
                "AddressColumn": column,
            }
            answer = check_sending(box, asked)
            assert {word: sorted(answer[word]) for word in answer if answer[word]} == {
                word: sorted(ids) for word, ids in said.items()
            }
            counted = numbers(place.of_live()[number], rules)
            assert counted.reached_after == len(answer["Sent"])
            assert counted.unknown == len(answer["Undecided"])
            assert counted.members == len(members)


def test_the_sending_check_refuses_a_message_without_a_purpose() -> None:
    from migrator.sandbox.refusal import Refusal

    with pytest.raises(Refusal):
        check_sending(organisation([], [], switch=False), {"PurposeId": None, "ContactIds": []})
