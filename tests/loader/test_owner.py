"""Who owns what is created: whoever signs in, or the user or team that was named; found before anything is written."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid5

import pytest

from migrator.base.errors import UsageError
from migrator.dataverse.connect import connect
from migrator.dataverse.owners import Owner, find_owner
from migrator.sandbox.server import Running
from tests.conftest import Command

SECOND = "5a000000-0000-4000-8000-0000000000d2"


@pytest.fixture(autouse=True)
def people(sandbox: Running) -> None:
    rows: list[dict[str, Any]] = [
        {"systemuserid": SECOND, "fullname": "Ada", "internalemailaddress": "o'ada@example.com", "domainname": "ada@x",
         "isdisabled": False},
        {"systemuserid": SECOND[:-1] + "3", "fullname": "Gone", "internalemailaddress": "gone@example.com",
         "domainname": "gone@x", "isdisabled": True},
        {"systemuserid": SECOND[:-1] + "4", "fullname": "Twin", "internalemailaddress": "twin@example.com"},
        {"systemuserid": SECOND[:-1] + "5", "fullname": "Other twin", "internalemailaddress": "twin@example.com"},
    ]  # fmt: skip
    sandbox.organisation.fill("systemuser", rows)


def found(sandbox: Running, wanted: str) -> Owner:
    async def work() -> Owner:
        async with await connect(sandbox.address) as client:
            return await find_owner(client, wanted)

    return asyncio.run(work())


@pytest.mark.parametrize("wanted", [SECOND, SECOND.upper(), "o'ada@example.com", "ada@x"])
def test_a_user_is_found_by_id_and_address(sandbox: Running, wanted: str) -> None:
    assert found(sandbox, wanted).bind == f"/systemusers({SECOND})"


def test_a_team_is_found_by_id_and_name(sandbox: Running) -> None:
    team = str(uuid5(sandbox.organisation.id, "team"))
    assert {found(sandbox, wanted).bind for wanted in ("Marketing", team)} == {f"/teams({team})"}


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("nobody@example.com", "no user and no team nobody@example.com"),
        ("5a000000-0000-4000-8000-0000000000ff", "no user and no team"),
        ("gone@example.com", "Gone is disabled"),
        ("twin@example.com", "Several owners are called twin@example.com.*Twin.*Other twin"),
    ],
)
def test_whoever_cannot_own_is_named_before_anything_is_written(
    command: Command, sandbox: Running, wanted: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        found(sandbox, wanted)
    result = command("run", "--org", sandbox.address, "--owner", wanted)
    assert result.code == 2
    assert not sandbox.organisation.rows["msdynmkt_segmentdefinition"]


def owners(sandbox: Running) -> set[str]:
    tables = ("msdynmkt_segment", "msdynmkt_segmentdefinition")
    return {str(row["ownerid"]) for table in tables for row in sandbox.organisation.rows[table].values()}


def test_everything_that_is_created_belongs_to_the_owner(command: Command, sandbox: Running) -> None:
    assert command("run", "--org", sandbox.address, "--owner", "ada@x").code == 3
    assert owners(sandbox) == {SECOND}


def test_without_an_owner_it_belongs_to_whoever_signs_in(command: Command, sandbox: Running) -> None:
    command("run", "--org", sandbox.address)
    assert owners(sandbox) == {sandbox.organisation.user}


def test_a_retry_goes_on_with_the_owner_of_the_run(command: Command, sandbox: Running) -> None:
    command("run", "--org", sandbox.address, "--owner", "ada@x")
    for table in ("msdynmkt_segment", "msdynmkt_segmentdefinition"):
        sandbox.organisation.rows[table].clear()
    command("load", "--org", sandbox.address)
    assert owners(sandbox) == {SECOND}
