"""Clients that were not written here talk to the sandbox: what they take for an organisation probably is like one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from dynamics365crm.client import Client as OtherClient
from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.errors import HttpError

from migrator.sandbox.data import load
from migrator.sandbox.server import Running, running
from tests.small import UNIT, contact

JAVASCRIPT = Path(__file__).parent / "javascript"
GROUP = "0f5b0c7f-395d-447b-b14c-315a601f878e"


class NoCredential:
    """The client asks for a token; the sandbox asks for none."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        return AccessToken("nothing", int(time.time()) + 3600)


@pytest.fixture
def over_tls(small_export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    organisation = load(small_export, time.monotonic)
    organisation.moment = organisation.computing = 0.01
    with running(organisation, tls_folder=tmp_path) as server:
        # A value that is in the environment already would win over what a session sets.
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.certificate))
        monkeypatch.setenv("CURL_CA_BUNDLE", str(server.certificate))
        yield server


def test_microsofts_python_client_reads_creates_changes_and_deletes(over_tls: Running) -> None:
    with DataverseClient(over_tls.address, NoCredential()) as client:
        person = client.records.retrieve("contact", str(contact(1)))
        assert person is not None
        assert person["fullname"] == "Björn"
        found = [row for page in client.query.builder("contact").select("fullname").execute_pages() for row in page]
        assert len(found) == 12

        definition = client.records.create(
            "msdynmkt_segmentdefinition",
            {"msdynmkt_segmentquery": "PROFILE(contact)", "statuscode": 723270001, "msdynmkt_staticlistmembers": "[]"},
        )
        segment = client.records.create(
            "msdynmkt_segment",
            {
                "msdynmkt_displayname": "From Python",
                "msdynmkt_type": 11,
                "msdynmkt_source": 12,
                "msdynmkt_baseentitylogicalname": "contact",
                "msdynmkt_sourcesegmentuid": definition,
                "owningbusinessunit@odata.bind": f"/businessunits({UNIT})",
            },
        )
        client.records.update("msdynmkt_segment", segment, {"msdynmkt_description": "changed"})
        row = client.records.retrieve("msdynmkt_segment", segment)
        assert row is not None
        assert (row["msdynmkt_description"], row["_owningbusinessunit_value"]) == ("changed", UNIT)
        client.records.delete("msdynmkt_segment", segment)
        assert client.records.retrieve("msdynmkt_segment", segment) is None
        with pytest.raises(HttpError) as refused:
            client.records.delete("msdynmkt_segment", segment)
        assert refused.value.status_code == 404


def test_microsofts_python_client_reads_metadata(over_tls: Running) -> None:
    with DataverseClient(over_tls.address, NoCredential()) as client:
        table = client.tables.get("contact")
        assert table is not None
        assert table["entity_set_name"] == "contacts"
        names = {column["LogicalName"] for column in client.tables.list_columns("contact")}
        assert {"contactid", "fullname", "parentcustomerid"} <= names
        relationships = client.tables.list_table_relationships("contact")
        assert {"contact_customer_accounts", "listcontact_association"} <= {one["SchemaName"] for one in relationships}


def test_dynamics365crm_for_python_needs_no_header_of_odata(sandbox: Running) -> None:
    """It sends neither OData-Version nor Prefer, speaks v9.0, and takes ids from the end of OData-EntityId alone."""
    client = OtherClient(sandbox.address, access_token="nothing")
    found = client.make_request(
        "get", "contacts", select="fullname", filter="statecode eq 0", orderby="fullname", top="2"
    )
    assert [row["fullname"] for row in found["value"]] == ["Ana", "Björn"]
    fields = {"msdynmkt_segmentquery": "PROFILE(contact)", "statuscode": 723270001, "msdynmkt_staticlistmembers": "[]"}
    definition = client.make_request("post", "msdynmkt_segmentdefinitions", json=fields)
    segment = client.make_request(
        "post",
        "msdynmkt_segments",
        json={
            "msdynmkt_displayname": "From another client",
            "msdynmkt_type": 11,
            "msdynmkt_source": 12,
            "msdynmkt_baseentitylogicalname": "contact",
            "msdynmkt_sourcesegmentuid": definition,
        },
    )
    one = f"msdynmkt_segments({segment})"
    assert client.make_request("patch", one, json={"msdynmkt_description": "changed"}) in (True, segment)
    row = client.make_request("get", one, select="msdynmkt_description,msdynmkt_sourcesegmentuid")
    assert (row["msdynmkt_description"], row["msdynmkt_sourcesegmentuid"]) == ("changed", definition)
    assert client.make_request("post", "msdynmkt_PublishSegmentDefinition", json={"SegmentId": segment}) is True
    with pytest.raises(Exception, match="0x80040217"):
        client.make_request("get", f"contacts({GROUP})")


@pytest.fixture
def node() -> str:
    """Node with the client installed; in CI its absence is a failure, elsewhere a reason to skip."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found and npm and not (JAVASCRIPT / "node_modules").is_dir():
        subprocess.run([npm, "ci", "--silent"], cwd=JAVASCRIPT, check=False, timeout=300)
    if found and (JAVASCRIPT / "node_modules").is_dir():
        return found
    message = "node with the npm package dynamics-web-api is needed: npm ci in tests/sandbox/javascript"
    if os.environ.get("CI") and found:
        pytest.fail(message)
    pytest.skip(message)


def test_dynamics_web_api_for_javascript_goes_the_whole_way(sandbox: Running, node: str) -> None:
    people = [str(contact(4)), str(contact(5))]
    command = [node, "drive.mjs", sandbox.address, GROUP, *people]
    ended = subprocess.run(command, cwd=JAVASCRIPT, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    seen = json.loads(ended.stdout)
    assert seen["whoAmI"]["BusinessUnitId"] == UNIT
    assert (seen["firstPage"], seen["count"], seen["all"]) == (["Ana", "Björn", "Chloé", "Fatima"], 10, 12)
    assert seen["one"] == "Élodie"
    assert seen["listed"] == people
    assert seen["segment"]["msdynmkt_membercount"] == 4  # 0 and 9 by the query, 4 and 5 by the group
    assert seen["segment"]["msdynmkt_description"] == "changed"
    assert seen["entity"]["EntitySetName"] == "msdynmkt_segments"
    assert (seen["error"]["status"], seen["error"]["code"]) == (404, "0x80040217")
