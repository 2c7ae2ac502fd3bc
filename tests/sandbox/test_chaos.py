"""The sandbox as an adversary: each kind of trouble, seen by a plain client, and what the product makes of them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from migrator.product.codes import DefinitionStatus, SegmentStatus
from migrator.sandbox.chaos import PROFILES, Dice, Profile, read_profile
from migrator.sandbox.data import load
from migrator.sandbox.organisation import Organisation
from migrator.sandbox.server import running
from tests.conftest import Command
from tests.small import contact

QUERY = {"msdynmkt_segmentquery": "PROFILE(contact)"}


@contextmanager
def adversary(export: Path, **trouble: Any) -> Iterator[tuple[httpx.Client, Organisation]]:
    organisation = load(export, time.monotonic)
    organisation.moment = organisation.computing = 0.0
    with (
        running(organisation, chaos=Profile(**trouble)) as server,
        httpx.Client(base_url=f"{server.address}/api/data/v9.2/") as http,
    ):
        yield http, organisation


def test_errors_before_leave_nothing_behind_and_errors_after_do(small_export: Path) -> None:
    for trouble, there in (("errors_before", 0), ("errors_after", 1)):
        with adversary(small_export, **{trouble: 1.0}) as (http, organisation):
            answer = http.post("msdynmkt_segmentdefinitions", json=QUERY)
            assert answer.status_code in (500, 502, 503, 504)
            assert answer.json()["error"]["code"] == "0x80060000"
            assert len(organisation.rows["msdynmkt_segmentdefinition"]) == there


def test_resets_before_leave_nothing_behind_and_resets_after_do(small_export: Path) -> None:
    for trouble, there in (("resets_before", 0), ("resets_after", 1)):
        with adversary(small_export, **{trouble: 1.0}) as (http, organisation):
            with pytest.raises(httpx.TransportError):
                http.post("msdynmkt_segmentdefinitions", json=QUERY)
            assert len(organisation.rows["msdynmkt_segmentdefinition"]) == there


def test_a_cut_body_ends_in_the_middle(small_export: Path) -> None:
    with adversary(small_export, cut_bodies=1.0) as (http, _), pytest.raises(httpx.RemoteProtocolError):
        http.get("WhoAmI")


def test_a_broken_body_is_no_json(small_export: Path) -> None:
    with (
        adversary(small_export, broken_json=1.0) as (http, _),
        pytest.raises(json.JSONDecodeError),
    ):
        http.get("WhoAmI").json()


def test_a_slow_body_comes_whole(small_export: Path) -> None:
    with adversary(small_export, slow_bodies=1.0, slow_seconds=0.05) as (http, organisation):
        began = time.monotonic()
        assert http.get("WhoAmI").json()["OrganizationId"] == str(organisation.id)
        assert time.monotonic() - began > 0.04


def test_a_token_ends_after_so_many_requests(small_export: Path) -> None:
    with adversary(small_export, token_requests=2) as (http, _):
        old, new = {"Authorization": "Bearer me.1"}, {"Authorization": "Bearer me.2"}
        assert [http.get("WhoAmI", headers=old).status_code for _ in range(3)] == [200, 200, 401]
        assert http.get("WhoAmI", headers=new).status_code == 200


def test_too_much_is_refused_for_a_while(small_export: Path) -> None:
    with adversary(small_export, servers=2, scale=100.0) as (http, _):  # 60 requests for each server in 3 seconds
        answers = []
        for _ in range(140):
            answers.append(http.get("WhoAmI"))
            http.cookies.clear()  # so that both servers are asked
        assert "ARRAffinity=" in answers[0].headers["set-cookie"]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert refused[0].json()["error"]["code"] == "0x80072322"
        assert int(refused[0].headers["Retry-After"]) >= 1


def test_latency_varies_around_its_median(small_export: Path) -> None:
    with adversary(small_export, latency=0.02, spread=0.5) as (http, _):
        seconds = []
        for _ in range(15):
            began = time.monotonic()
            http.get("WhoAmI")
            seconds.append(time.monotonic() - began)
        assert min(seconds) > 0.003
        assert max(seconds) > min(seconds)


def a_segment(http: httpx.Client) -> tuple[str, str]:
    """A new static segment; its id, and its group's."""
    group = "0f5b0c7f-395d-447b-b14c-315a601f878e"
    definition = http.post(
        "msdynmkt_segmentdefinitions",
        json={
            "msdynmkt_staticlistmembers": f'[{{"groupId": "{group}", "includeType": "Include", "name": "g", '
            '"inputType": "manualSelect"}]'
        },
    ).headers["OData-EntityId"][-37:-1]
    segment = http.post(
        "msdynmkt_segments",
        json={
            "msdynmkt_displayname": "S",
            "msdynmkt_type": 10,
            "msdynmkt_source": 12,
            "msdynmkt_baseentitylogicalname": "contact",
            "msdynmkt_sourcesegmentuid": definition,
        },
    ).headers["OData-EntityId"][-37:-1]
    return segment, group


def test_a_part_of_the_members_is_added_and_then_it_fails(small_export: Path) -> None:
    with adversary(small_export, partial_adds=1.0) as (http, organisation):
        segment, group = a_segment(http)
        ids = [str(contact(n)) for n in range(10)]
        answer = http.post("msdynmkt_AddStaticMembers", json={"SegmentId": segment, "GroupId": group, "EntityIds": ids})
        assert answer.status_code == 500
        assert len(organisation.groups[segment][group]) < 10


def test_reads_lag_behind_writes(small_export: Path) -> None:
    with adversary(small_export, lag=0.3, lagging=1.0) as (http, organisation):
        segment, group = a_segment(http)
        body = {"SegmentId": segment, "GroupId": group, "EntityIds": [str(contact(1))]}
        page = {"SegmentId": segment, "GroupId": group, "PageNo": 1, "PageSize": 10}
        assert http.post("msdynmkt_AddStaticMembers", json=body).status_code == 204
        assert str(contact(1)) not in http.post("msdynmkt_ListGroupMembers", json=page).text
        assert http.get(f"msdynmkt_segments({segment})").status_code == 404
        assert segment not in http.get("msdynmkt_segments").text
        time.sleep(0.35)
        assert str(contact(1)) in http.post("msdynmkt_ListGroupMembers", json=page).text
        assert http.get(f"msdynmkt_segments({segment})").status_code == 200
        http.post("msdynmkt_RemoveStaticMembers", json=body)
        assert str(contact(1)) in http.post("msdynmkt_ListGroupMembers", json=page).text
        assert not organisation.groups[segment][group]
        http.patch(f"msdynmkt_segments({segment})", json={"msdynmkt_displayname": "T"})
        assert http.get(f"msdynmkt_segments({segment})").json()["msdynmkt_displayname"] == "S"


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        ("failed_computations", SegmentStatus.ERROR),
        ("warned_computations", SegmentStatus.COMPUTED_WITH_WARNINGS),
    ],
)
def test_computations_fail_or_end_with_warnings(small_export: Path, trouble: str, status: SegmentStatus) -> None:
    with adversary(small_export, **{trouble: 1.0}) as (http, _):
        segment, _ = a_segment(http)
        assert http.post("msdynmkt_PublishSegmentDefinition", json={"SegmentId": segment}).status_code == 204
        http.get("WhoAmI")
        assert http.get(f"msdynmkt_segments({segment})").json()["statuscode"] == status


def test_publishing_is_refused_although_nothing_is_wrong(small_export: Path) -> None:
    with adversary(small_export, publish_failures=1.0) as (http, organisation):
        segment, _ = a_segment(http)
        assert http.post("msdynmkt_PublishSegmentDefinition", json={"SegmentId": segment}).status_code == 400
        (definition,) = organisation.rows["msdynmkt_segmentdefinition"].values()
        assert definition["statuscode"] == DefinitionStatus.DRAFT


def test_the_same_seed_makes_the_same_trouble_in_whatever_order_it_comes() -> None:
    one, other, another = Dice(1), Dice(1), Dice(2)
    first = [one.roll("a").random(), one.roll("a").random(), one.roll("b").random()]
    second = [other.roll("b").random(), other.roll("a").random(), other.roll("a").random()]
    assert first == [second[1], second[2], second[0]]
    assert first[0] != first[1]
    assert another.roll("a").random() not in first


# --- profiles --------------------------------------------------------------------------------------------------------


def test_profiles_have_names_or_come_from_a_file(tmp_path: Path) -> None:
    assert read_profile("hostile", seed=7) == Profile(
        **{**{name: getattr(PROFILES["hostile"], name) for name in Profile.__dataclass_fields__}, "seed": 7}
    )
    (tmp_path / "mine.toml").write_text("latency = 1\nservers = 2\n")
    assert read_profile(str(tmp_path / "mine.toml")) == Profile(latency=1.0, servers=2)


@pytest.mark.parametrize("content", [None, "wind = 3\n", "latency = \n"])
def test_a_profile_that_is_none_is_named(command: Command, tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "mine.toml").write_text(content)
    result = command("sandbox", "--chaos", "mine.toml")
    assert result.code == 2
    assert "--chaos cannot be mine.toml" in result.err


@pytest.mark.slow
@pytest.mark.parametrize("name", ["flaky", "throttled"])
def test_a_migration_among_troubles_ends_like_any_other(
    command: Command, small_export: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_ID", "somebody")
    organisation = load(small_export, time.monotonic)
    organisation.moment = organisation.computing = 0.01
    with running(organisation, chaos=PROFILES[name]) as server:
        result = command("run", "--org", server.address, "--parallel", "4")
    assert result.code == 3, result.err
    assert "4 carried over · 4 verified" in result.out
    sizes = sorted(len(group) for groups in organisation.groups.values() for group in groups.values())
    assert sizes == [2, 5]
