"""A run full of errors that echo people and tokens: nothing of that reaches a file, the terminal, or any report."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from migrator.sandbox import outbound, realtime
from migrator.sandbox.refusal import Refusal, bad_request
from migrator.sandbox.server import Running
from tests.conftest import Command

PERSON = UUID("9d1c0a7e-1111-4222-8333-444455556666")
TOKEN = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJvaWQiOiI0NzExIn0.c2lnbmF0dXJl"
SECRETS = (
    str(PERSON),
    PERSON.hex,
    "Fitzgerald",
    "Éloïse",
    "eloise.fitzgerald",
    "mail.example.org",
    "170 1234567",
    TOKEN,
    "c2lnbmF0dXJl",
    "4711-secret-value",
    "Kärntner",
)
ECHO = (
    f"The contact Éloïse Fitzgerald (eloise.fitzgerald@mail.example.org, +49 170 1234567, 'Kärntner Straße 1') with id "
    f"{PERSON} cannot be used; the members crm{PERSON.hex}, {{{str(PERSON).upper()}}} neither. "
    f"Authorization: Bearer {TOKEN}; client_secret=4711-secret-value; see https://mail.example.org/?q={PERSON}"
)


def refuse(*_: Any) -> Any:
    raise bad_request(ECHO)


def fail(*_: Any) -> Any:
    raise Refusal(500, "0x80044150", ECHO)


def inside(*_: Any) -> Any:
    return {"StatusCode": 400, "ResultText": json.dumps({"message": ECHO, "contact": "Fitzgerald", "line": 3})}


def odd(*_: Any) -> Any:
    return {"Fitzgerald": ECHO, "State": "Fitzgerald", "Response": json.dumps([{"name": ECHO, "id": str(PERSON)}])}


def broken(whole: Callable[..., Any]) -> Callable[..., Any]:
    """Does what it should, and answers with a JSON text that is none."""

    def act(organisation: Any, body: Any) -> Any:
        whole(organisation, body)
        return {"Response": "{" + ECHO, "ResultText": "{" + ECHO, "StatusCode": 200}

    return act


def everything(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`, but for the export and lists of differences, which are about people by design."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "export" not in path.parts and "differences" not in path.parts
    }


def found_in(content: bytes) -> list[str]:
    """What of the secrets stands in a file, in the spellings in which files hold text."""
    texts = [content.decode(encoding, "ignore").lower() for encoding in ("utf-8", "utf-16-le")]
    spellings = {
        secret: {secret, json.dumps(secret)[1:-1], secret.encode("ascii", "xmlcharrefreplace").decode()}
        for secret in SECRETS
    }
    return [
        secret for secret, shown in spellings.items() if any(one.lower() in text for one in shown for text in texts)
    ]


ACTIONS: dict[str, dict[str, Callable[..., Any]]] = {
    "refusals": {
        "msdynmkt_AddStaticMembers": refuse,
        "msdynmkt_PublishSegmentDefinition": refuse,
        "msdynmkt_StopSegments": refuse,
        "msdyncrm_SegmentMembersUpdate": refuse,
        "msdyncrm_FetchContactsByQuery": refuse,
    },
    "errors": {
        "msdynmkt_AddStaticMembers": fail,
        "msdynmkt_PublishSegmentDefinition": fail,
        "msdynmkt_StopSegments": fail,
    },
    "inside good answers": {
        "msdynmkt_AddStaticMembers": inside,
        "msdynmkt_PublishSegmentDefinition": inside,
        "msdynmkt_StopSegments": inside,
        "msdynmkt_MembersList": inside,
        "msdynmkt_SegmentStatus": inside,
    },
    "odd answers": {
        "msdynmkt_MembersList": odd,
        "msdynmkt_SegmentStatus": odd,
        "msdynmkt_ListGroupMembers": odd,
        "msdynmkt_StopSegments": odd,
        "msdyncrm_SegmentMembersUpdate": odd,
    },
    "broken answers": {
        "msdynmkt_AddStaticMembers": broken(realtime.add_static_members),
        "msdynmkt_MembersList": broken(realtime.members_list),
        "msdynmkt_StopSegments": broken(realtime.stop_segments),
        "msdynmkt_SegmentStatus": broken(realtime.segment_status),
    },
}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses that nobody has to wait for."""
    from migrator.base.patience import Patience

    pause = Patience.pause
    monkeypatch.setattr(Patience, "pause", lambda self, attempt: min(pause(self, attempt), 0.01))


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kind", ACTIONS)
def test_nothing_that_an_error_echoes_reaches_anybody(
    command: Command, sandbox: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    for action, answer in ACTIONS[kind].items():
        actions = realtime.ACTIONS if action in realtime.ACTIONS else outbound.ACTIONS
        monkeypatch.setitem(actions, action, answer)
    organisation = sandbox.organisation
    update, create = organisation.update, organisation.create
    told: list[str] = []

    def saying(*arguments: str) -> None:
        result = command(*arguments)
        told.append(result.out + result.err)

    def created(table: str, payload: Any) -> Any:
        if kind == "refusals" and payload.get("msdynmkt_name") == "Everybody":
            raise bad_request(ECHO)
        return create(table, payload)

    monkeypatch.setattr(organisation, "create", created)
    saying("run", "--org", sandbox.address, "--wait-computation", "1", "--wait-pending", "0")
    saying("verify", "--wait-computation", "0")
    for row in organisation.rows["msdynmkt_segment"].values():
        organisation.reasons[row["msdynmkt_segmentid"]] = ECHO
        row["statuscode"] = 3
    saying("verify", "--wait-computation", "0")
    saying("retry", "--all-failed")
    saying("status")
    monkeypatch.setattr(organisation, "update", lambda table, *_: refuse() if "crm" in table else update(table, *_))
    monkeypatch.setattr(organisation, "delete", refuse)
    saying("retire", "--yes")
    saying("rollback", "--yes")
    forms = [word for form in ("html", "xlsx", "csv", "json", "md") for word in ("--format", form)]
    saying("report", *forms)
    assert "Traceback" not in "".join(told)
    files = everything(tmp_path / "reports") | {"terminal": "\n".join(told).encode()}
    assert {"report.html", "journal.db", "run.log"} <= {Path(name).name for name in files}
    assert {name: leaked for name, content in files.items() if (leaked := found_in(content))} == {}


def test_the_whole_text_is_kept_only_if_somebody_asks_for_it_and_only_for_him(
    command: Command, sandbox: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from migrator.base.server_text import FULL_TEXT

    monkeypatch.setattr(FULL_TEXT, "level", FULL_TEXT.level)
    monkeypatch.setitem(realtime.ACTIONS, "msdynmkt_PublishSegmentDefinition", refuse)
    command("--debug", "run", "--org", sandbox.address, "--no-wait")
    (kept,) = tmp_path.glob("reports/*/debug.log")
    assert ECHO in kept.read_text(encoding="utf-8")
    assert kept.stat().st_mode & 0o077 == 0
    others = {name: content for name, content in everything(tmp_path / "reports").items() if "debug.log" not in name}
    assert {name: leaked for name, content in others.items() if (leaked := found_in(content))} == {}


def test_what_is_searched_for_would_be_found() -> None:
    assert set(found_in(ECHO.encode())) == set(SECRETS)
    assert found_in(json.dumps("Kärntner").encode()) == ["Kärntner"]
