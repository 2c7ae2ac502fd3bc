"""Answers that no document describes: each ends with a sentence and its exit code, and never with the wrong people.

The law of every row below: nothing hangs, nothing "should not" happen, nobody is in a segment who was not in it
before, and what is called verified holds exactly the people of the same run over a good line.
"""

from __future__ import annotations

import gc
import json
import logging
import re
import time
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from migrator.base.errors import Exit
from migrator.base.patience import Patience
from migrator.dataverse import answers, connect
from migrator.sandbox import app, server
from migrator.sandbox.data import load
from migrator.sandbox.server import Running
from tests.conftest import Command
from tests.strange_server import Answer, Strange, changed, packed, refuses, says

SEGMENTS = ("GET", "msdyncrm_segments?")
MEMBERS = ("POST", "msdyncrm_FetchContactsByQuery")
PENDING = ("POST", "msdyncrm_SegmentMembersUpdate")
METADATA = ("GET", "/Attributes?")
CONTACTS = ("GET", "contacts?$select")
WHO = ("GET", "WhoAmI")
THERE = ("GET", "msdynmkt_segments?$select")
CREATE = ("POST", "msdynmkt_segmentdefinitions")
ADD = ("POST", "msdynmkt_AddStaticMembers")
PUBLISH = ("POST", "msdynmkt_PublishSegmentDefinition")
GROUP = ("POST", "msdynmkt_ListGroupMembers")
COMPUTED = ("POST", "msdynmkt_MembersList")
MESSAGES = ("GET", "sdkmessages")

Place = tuple[str, str]
QUESTIONS = (SEGMENTS, MEMBERS, METADATA, CONTACTS, WHO, THERE, COMPUTED)
WRITES = (CREATE, ADD, PUBLISH)


OTHER = {"status": "statuscode", "modifiedon": "modifiedon", "unit": "_owningbusinessunit_value"}
"""Columns whose names do not begin with `msdyncrm_`."""


def row(**values: Any) -> Answer:
    """The list of segments, in which the first row has other values; None leaves one out."""

    def change(content: Any) -> Any:
        first = content["value"][0]
        for name, value in values.items():
            key = OTHER.get(name, "") or f"msdyncrm_{name}"
            if value is ...:
                first.pop(key, None)
            else:
                first[key] = value
        return content

    return changed(change)


def listed(change: Any) -> Answer:
    """A list, of which `change` makes another one."""
    return changed(lambda content: {**content, "value": change(content["value"])})


def endless(rows: bool) -> Answer:
    count = iter(range(10**9))

    def change(content: Any) -> Any:
        value = content["value"] if rows else []
        return {"value": value, "@odata.nextLink": f"{{here}}/msdyncrm_segments?$skiptoken={next(count)}"}

    return changed(change)


DEEP = b'{"value": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
UTF_16 = json.dumps({"value": 7}).encode("utf-16")
HTML = Answer(200, b"<html>Sign in</html>", (("Content-Type", "text/html"),))

BODIES: dict[str, Answer] = {
    "nothing": Answer(),
    "no content": Answer(204),
    "null": says(None),
    "a list": says([]),
    "a text": says("yes"),
    "a number": says(7),
    "an empty object": says({}),
    "half of it": Answer(200, b'{"value": [{"con'),
    "no UTF-8": Answer(200, b'{"value": "\xff\xfe"}'),
    "nested a hundred thousand times": Answer(200, DEEP),
    "UTF-16": Answer(200, UTF_16),
    "a web page": HTML,
    "not packed as it says": Answer(200, b"{}", (("Content-Encoding", "gzip"),)),
    "shorter than it says": Answer(200, b'{"value": []}', length=4_000),
    "a drip without end": Answer(drips=True),
    "an answer without end": packed(4),
}
STATUSES: dict[str, Answer] = {
    "elsewhere": Answer(302, b"", (("Location", "https://evil.example/"),)),
    "a teapot": refuses(418),
    "401 for ever": refuses(401),
    "a proxy's 407": Answer(407, b"<html>proxy</html>", (("Content-Type", "text/html"),)),
    "a busy server for ever": refuses(503),
    "a status that nobody knows": refuses(599),
    "an error that is a list": says({"error": [1]}, 400),
    "an error of nothing": refuses(400, None, None),
    "an error of numbers": refuses(400, 7, {"a": [1]}),
    "an error with a title for the console": refuses(400, "0x1", "\x1b]0;owned\x07 no"),
    "an error of a million letters": refuses(400, "0x1", "x" * 1_000_000),
    "wait a day": refuses(429, "0x80072322", Retry_After="100000"),
    "wait for ever": refuses(429, "0x80072322", Retry_After="1e999"),
    "wait for less than nothing": refuses(429, "0x80072322", Retry_After="-1"),
    "wait": refuses(429, "0x80072322"),
}
ROWS: dict[str, tuple[Place, Answer]] = {
    "a null row": (SEGMENTS, listed(lambda rows: [None, *rows])),
    "a row that is a list": (SEGMENTS, listed(lambda rows: [[], *rows])),
    "a row that is a text": (SEGMENTS, listed(lambda rows: ["row", *rows])),
    "a row without an id": (SEGMENTS, row(segmentid=...)),
    "a row whose id is null": (SEGMENTS, row(segmentid=None)),
    "a row whose id is a number": (SEGMENTS, row(segmentid=7)),
    "a row whose id is no id": (SEGMENTS, row(segmentid="seven")),
    "a name of nothing": (SEGMENTS, row(segmentname=None)),
    "a name that is missing": (SEGMENTS, row(segmentname=...)),
    "a name that is a number": (SEGMENTS, row(segmentname=7)),
    "a name that is an object": (SEGMENTS, row(segmentname={"a": 1})),
    "half an emoji in a name": (SEGMENTS, row(segmentname="Five \ud83d people")),
    "a name with a title for the console": (SEGMENTS, row(segmentname="\x1b]0;owned\x07Five people")),
    "a name of ten thousand letters": (SEGMENTS, row(segmentname="x" * 10_000)),
    "a size below nothing": (SEGMENTS, row(segmentsize=-1)),
    "a size of many": (SEGMENTS, row(segmentsize="many")),
    "a size beyond all numbers": (SEGMENTS, row(segmentsize=float("inf"))),
    "a size that is no number": (SEGMENTS, row(segmentsize=float("nan"))),
    "a size that is an object": (SEGMENTS, row(segmentsize={"n": 5})),
    "a type that nobody knows": (SEGMENTS, row(segmenttype=99)),
    "a type that is a text": (SEGMENTS, row(segmenttype="static")),
    "a status that is a text": (SEGMENTS, row(status="live")),
    "a query that is a number": (SEGMENTS, row(segmentquery=7)),
    "a query that is a list": (SEGMENTS, row(segmentquery=["PROFILE(contact)"])),
    "a query of a million brackets": (SEGMENTS, row(segmentquery="(" * 1_000_000)),
    "ids that are nested": (SEGMENTS, row(segmentmemberids="[" * 50_000 + "]" * 50_000)),
    "a time that is no time": (SEGMENTS, row(modifiedon="yesterday")),
    "a time that is a number": (SEGMENTS, row(modifiedon=7)),
    "a unit that is a number": (SEGMENTS, row(unit=7)),
    "a value that is no list": (SEGMENTS, changed(lambda content: {"value": {"a": 1}})),
    "a next page that is a number": (SEGMENTS, changed(lambda content: {**content, "@odata.nextLink": 7})),
    "a next page at another host": (
        SEGMENTS,
        changed(lambda content: {**content, "@odata.nextLink": "https://evil.example/x"}),
    ),
    "a next page that is itself": (
        SEGMENTS,
        changed(lambda content: {**content, "@odata.nextLink": "{here}/msdyncrm_segments?$skiptoken=1"}),
    ),
    "pages of the same rows without end": (SEGMENTS, endless(rows=True)),
    "pages of nothing without end": (SEGMENTS, endless(rows=False)),
    "members that are null": (MEMBERS, changed(dict.fromkeys)),
    "members that are texts": (MEMBERS, changed(lambda content: {key: ["x"] for key in content})),
    "members that are a number": (MEMBERS, changed(lambda content: dict.fromkeys(content, 7))),
    "the same members without end": (
        MEMBERS,
        says({"@odata.context": "x", "ContactIds": ["c0000000-0000-0000-0000-000000000001"]}),
    ),
    "contacts without a state": (CONTACTS, listed(lambda rows: [{"contactid": row["contactid"]} for row in rows])),
    "contacts without an id": (CONTACTS, listed(lambda rows: [{"statecode": 0} for _ in rows])),
    "null contacts": (CONTACTS, listed(lambda rows: [None for _ in rows])),
    "a count of many": (THERE, listed(lambda rows: [{**r, "msdynmkt_membercount": "many"} for r in rows])),
    "a count below nothing": (THERE, listed(lambda rows: [{**r, "msdynmkt_membercount": -1} for r in rows])),
    "null segments": (THERE, listed(lambda rows: [None, *rows])),
    "segments without an id": (THERE, listed(lambda rows: [{"msdynmkt_displayname": "x"}, *rows])),
    "WhoAmI with null": (WHO, changed(lambda content: {**content, "UserId": None})),
    "WhoAmI of somebody else each time": (WHO, changed(lambda content: {key: str(time.time()) for key in content})),
    "columns that are null": (METADATA, changed(lambda content: {"value": [None]})),
    "columns without a name": (METADATA, changed(lambda content: {"value": [{"AttributeType": "String"}]})),
    "messages that are null": (MESSAGES, listed(lambda rows: [None])),
    "members of the group that are numbers": (GROUP, changed(lambda content: {**content, "Members": [1, 2]})),
    "computed members that are nested": (COMPUTED, changed(lambda content: {**content, "members": "[" * 50_000})),
    "an operation that is pending for ever": (PENDING, changed(lambda content: {**content, "HasPending": True})),
    "a publication that says 7": (PUBLISH, changed(lambda content: {"StatusCode": 7})),
    "a publication that says a text": (PUBLISH, changed(lambda content: {"StatusCode": "OK"})),
    "a publication that says nothing": (PUBLISH, changed(lambda content: b"")),
}  # fmt: skip


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for what does not come; a busy machine may lose a good answer by it, too."""
    monkeypatch.setattr(connect, "Patience", partial(Patience, total=0.3, first=0.01, most=0.05, throttled=0.3))
    monkeypatch.setattr(answers, "ANSWER_SECONDS", 1.5)
    monkeypatch.setattr(answers, "ANSWER_BYTES", 2 * 2**20)


@pytest.fixture
def strange(small_export: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Running, Strange]]:
    """The small organisation behind the strange server."""
    made: list[Strange] = []
    plain = app.application

    def wrapped(organisation: Any) -> Strange:
        made.append(Strange(plain(organisation)))
        return made[-1]

    monkeypatch.setattr(server, "application", wrapped)
    organisation = load(small_export, time.monotonic)
    organisation.moment = organisation.computing = 0.01
    with server.running(organisation) as running:
        monkeypatch.setattr(logging.getLogger("uvicorn.error"), "disabled", True)  # it says what we make it do
        made[0].here = f"{running.address}/api/data/v9.2"
        yield running, made[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # connections that were given up while they were being made
        gc.collect()


ANY_PLACE = (SEGMENTS, MEMBERS, METADATA, CONTACTS, WHO, THERE, COMPUTED, CREATE, ADD, PUBLISH)
"""The answers of BODIES and STATUSES are given at these in turn."""
KNOWN_ENDS = {Exit.WAITING, Exit.FAILED, Exit.REFUSED}
"""Never 0, since two of the small organisation's segments wait for a decision on a good day; never 2, nor another."""


def table() -> Iterator[Any]:
    for number, (name, answer) in enumerate({**BODIES, **STATUSES}.items()):
        place = ANY_PLACE[number % len(ANY_PLACE)]
        yield pytest.param(place, answer, id=f"{place[1]}: {name}")
    for name, (place, answer) in ROWS.items():
        yield pytest.param(place, answer, id=name)


Members = dict[str, list[int]]


def people(running: Running) -> Members:
    """Real-time segment → who the organisation says is in it, or will be once it is published."""
    organisation = running.organisation
    found: Members = {}
    for key in organisation.rows["msdynmkt_segment"]:
        lists = organisation.groups.get(key, {}).values()
        there = {one & 0xFF for group in lists for one in group} | {
            one & 0xFF for one in organisation.computed.get(key, ())
        }
        found[key] = sorted(there)
    return found


GOOD: Members = {
    "70c8563f-a1a7-55d2-9972-3213c9da3525": [1, 2],
    "a7d01ce3-f0a4-581d-aa85-4bd3701c5fea": [0, 1, 2, 4, 5, 7, 8, 9, 10, 11],
    "df4af9fb-f634-5a1d-8d28-a03434fba754": [0, 1, 2, 3, 4],
    "e71dc1c8-cbd0-5b75-bfb0-915fec4ea3e3": [0, 9],
}
"""Who is in which real-time segment after a run over a good line; their ids are derived, so they are always these."""
RUN = ("--json", "--wait-computation", "1", "--wait-pending", "1")


@pytest.mark.quick
def test_on_a_good_line_everybody_is_there(command: Command, strange: tuple[Running, Strange]) -> None:
    assert command("run", "--org", strange[0].address, *RUN).code == Exit.WAITING
    assert people(strange[0]) == GOOD


@pytest.mark.slow
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("place", "answer"), [*table()])
def test_a_strange_answer_ends_well_and_nobody_is_wrong(
    command: Command, strange: tuple[Running, Strange], place: Place, answer: Answer
) -> None:
    running, adversary = strange
    adversary.when(*place, answer)
    began = time.monotonic()
    result = command("run", "--org", running.address, *RUN)
    assert adversary.given
    assert time.monotonic() - began < 30
    assert result.code in KNOWN_ENDS
    assert "should not" not in result.err
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", result.out + result.err)
    there = people(running)
    assert all(set(ids) <= set(GOOD[segment]) for segment, ids in there.items())
    for path in Path("reports").glob("*/plan.json"):
        assert (path.parent / "report.html").exists()  # whatever happened, the report is written
        command("report", "--format", "json")
        rows = json.loads((path.parent / "report.json").read_text())["segments"]
        assert len(rows) >= 6
        for row in rows:
            if row["standing"] == "verified":
                assert there[row["segment_id"]] == GOOD[row["segment_id"]]


@pytest.mark.parametrize(
    "one", ["a null row", "a row without an id", "a row whose id is no id", "a row that is a text"]
)
def test_an_odd_row_is_named_and_costs_no_other_segment_anything(
    command: Command, strange: tuple[Running, Strange], one: str
) -> None:
    running, adversary = strange
    place, answer = ROWS[one]
    adversary.when(*place, answer)
    assert command("run", "--org", running.address, *RUN).code == Exit.WAITING
    command("report", "--format", "json")
    (path,) = Path("reports").glob("*/report.json")
    rows = json.loads(path.read_text())["segments"]
    (odd,) = [row for row in rows if any(found["code"] == "id-unreadable" for found in row["findings"])]
    assert odd["standing"] == "not possible"
    assert len([row for row in rows if row["standing"] == "verified"]) >= 3


@pytest.mark.parametrize(
    ("one", "code", "standing"),
    [
        ("a size of many", "value-unreadable", "verified"),
        ("a size below nothing", "value-unreadable", "verified"),
        ("a unit that is a number", "membership-unreadable", "waiting"),
        ("a type that is a text", "type-unknown", "not possible"),
        ("a status that is a text", "status-unknown", "not possible"),
    ],
)
def test_an_odd_value_is_unknown_and_is_said(
    command: Command, strange: tuple[Running, Strange], one: str, code: str, standing: str
) -> None:
    running, adversary = strange
    place, answer = ROWS[one]
    adversary.when(*place, answer)
    command("run", "--org", running.address, *RUN)
    command("report", "--format", "json")
    (path,) = Path("reports").glob("*/report.json")
    (odd,) = [row for row in json.loads(path.read_text())["segments"] if code in [f["code"] for f in row["findings"]]]
    assert (odd["name"], odd["standing"]) == ("Five people", standing)
