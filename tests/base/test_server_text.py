"""What is kept of a server's text: the words of known messages, and nothing that is about a person or opens a door."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.base.server_text import Kept, reason_in, sanitised, shape_of

ID = "9d1c0a7e-1111-4222-8333-444455556666"
TOKEN = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJvaWQiOiI0NzExIn0.c2lnbmF0dXJl"

KNOWN = [
    "A record with matching key values already exists.",
    "Could not find a property named 'msdynmkt_x' on type 'Microsoft.Dynamics.CRM.msdynmkt_segment'.",
    "Resource not found for the segment 'msdyncrm_FetchContactsByQuery'.",
    "The URL was not parsed due to an ODataUnrecognizedPathException.",
    "Number of requests exceeded the limit of 6000 over time window of 300 seconds.",
    "Combined execution time of incoming requests exceeded limit of 1200000 milliseconds over time window of 300 "
    "seconds. Decrease number of concurrent requests or reduce the duration of requests and try again later.",
    "Principal user is missing prvReadmsdynmkt_segment privilege",
    "The query is not valid: line 1, column 5",
    "AADSTS7000215: Invalid client secret provided.",
    "the group is full",
]


@pytest.mark.parametrize("text", KNOWN)
def test_the_words_of_known_messages_stay(text: str) -> None:
    assert sanitised(text) == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"Entity 'contact' With Id = {ID} Does Not Exist", "Entity 'contact' With Id = … Does Not Exist"),
        (f"cannot find {ID}, {ID} here", "cannot find … here"),
        (f"cannot find '{ID}', '{ID}' here", "cannot find … here"),
        (f"the member crm{ID} is unknown", "the member … is unknown"),
        (f"the member {{{ID.upper()}}} is unknown", "the member … is unknown"),
        (f"the member {ID.replace('-', '')} is unknown", "the member … is unknown"),
        ("The contact Jane Doe is not allowed", "The contact … is not allowed"),
        ("The contact Élodie O'Brien-Smith is not allowed", "The contact … is not allowed"),
        ("the contact jane.doe+x@mail.example is not allowed", "the contact … is not allowed"),
        ("call +49 (170) 123-45 67 now", "call … now"),
        ("see https://contoso.crm4.dynamics.com/x?id=1 here", "see … here"),
        ("see contoso.crm4.dynamics.com here", "see … here"),
        ("from 192.168.17.4 here", "from … here"),
        (f"Bearer {TOKEN} was refused", "… was refused"),
        (f"the value {TOKEN} was refused", "the value … was refused"),
        ("the header 'Authorization: Bearer abcdefgh' was refused", "the header …"),
        ("client_secret=Xy8Q~abcdefghijklmnop was refused", "…"),
        ("the name 'Jane' is too long", "the name … is too long"),
        ('the name "Jane" is too long', "the name … is too long"),
        ("the name “jane” is too long", "the name … is too long"),
        ("the name «jane» is too long", "the name … is too long"),
        ("the name 'jane is too long", "the name …"),
        ("the user jane42 is disabled", "the user … is disabled"),
        ("", ""),
    ],
)
def test_what_may_be_about_a_person_or_open_a_door_is_left_out(text: str, kept: str) -> None:
    assert sanitised(text) == kept


def test_ids_of_our_own_segments_stay() -> None:
    text = f"Entity 'msdynmkt_segment' With Id = {ID.upper()} Does Not Exist, nor {uuid4()}"
    assert sanitised(text, {UUID(ID)}) == f"Entity 'msdynmkt_segment' With Id = {ID} Does Not Exist, nor …"


def test_what_was_kept_once_is_not_changed_again() -> None:
    assert sanitised(Kept("Jane said so")) == "Jane said so"
    once = sanitised("the contact Jane is not allowed")
    assert sanitised(once) is once


def test_a_text_without_an_end_is_cut() -> None:
    assert len(sanitised("word " * 10_000)) <= 1_001


@settings(deadline=None, max_examples=300)
@given(st.uuids(), st.sampled_from(["{}", "'{}'", "({})", "id={}", "crm{}", "x {} y", "[{}]", '"{}"', "{}.", "{},{}"]))
def test_no_id_of_anybody_ever_stays(person: UUID, around: str) -> None:
    for shown in (str(person), str(person).upper(), person.hex):
        kept = sanitised(around.replace("{}", shown))
        assert shown.lower() not in kept.lower()


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(st.emails(), st.sampled_from(["the address {} is bad", "<{}>", "'{}'", "to:{},", "{}"]))
def test_no_address_of_anybody_ever_stays(address: str, around: str) -> None:
    kept = sanitised(around.replace("{}", address))
    assert "@" not in kept


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=300))
def test_sanitising_is_total_and_settles(text: str) -> None:
    once = str(sanitised(text))
    assert len(once) <= len(text) + 1
    assert str(sanitised(once)) == once


# --- structures ---


def test_a_reason_in_json_is_its_messages_with_their_place() -> None:
    content = {"message": "The query is bad", "line": 1, "column": 7, "user": "Jane"}
    assert reason_in(json.dumps(content)) == "The query is bad (line 1, column 7)"
    assert reason_in(json.dumps({"errors": [{"errorMessage": "a"}, {"errorMessage": "b"}]})) == "a; b"
    assert reason_in(json.dumps({"members": [ID], "user": "Jane"})) == "…"
    assert reason_in("no json") == "no json"


@pytest.mark.parametrize(
    ("content", "shape"),
    [
        (
            {"Response": json.dumps([{"contactid": ID}])},
            '{"Response": JSON text of [1 × {"contactid": text of 36 characters}]}',
        ),
        ({"State": "purple", "Count": 3, "Jane Doe": 1}, '{"State": "purple", "Count": 3, "…": 1}'),
        ({"State": "Jane Doe"}, '{"State": "…"}'),
        ([], "[]"),
        (None, "null"),
        (True, "true"),
        ("Jane", "text of 4 characters"),
    ],
)  # fmt: skip
def test_an_answer_is_shown_by_its_shape(content: Any, shape: str) -> None:
    assert shape_of(content) == shape
