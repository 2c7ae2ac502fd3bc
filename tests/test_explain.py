"""`migrator explain` and `migrator approve`, as a person types them."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from migrator.contracts.legacy_segment import LegacySegment
from migrator.contracts.plan import PlannedSegment
from migrator.sandbox.server import Running
from migrator.translator import translate
from tests.conftest import CONTOSO, Command
from tests.small import COMPOUND, DYNAMIC, LOST

ENGLISH = [
    ("PROFILE(contact)", "contacts"),
    (
        "PROFILE(contact)"
        ".FILTER((address1_city == 'NewYork' || address1_city == 'NewJersey') && ISNOTNULL(emailaddress1))",
        "contacts whose city is “NewYork” or “NewJersey” and whose e-mail address is filled",
    ),
    (
        "PROFILE(account, a).FILTER(a.name == 'Contoso')"
        ".TRAVERSE(contact_account_parentcustomerid, c).FILTER(c.donotemail == False)",
        "contacts whose “do not e-mail” is no, connected with an account (through contact_account_parentcustomerid) "
        "whose name is “Contoso”",
    ),
    ("PROFILE(contact).FILTER(NOT(lastname == 'X') && NOT(ISNULL(jobtitle)))",
     "contacts whose last name is not “X” and whose job title is filled"),
    ("PROFILE(contact).FILTER(createdon > DATEADD(day, -30, DATETIMEUTCNOW()))",
     "contacts whose date of creation is after 30 days ago"),
    ("PROFILE(contact).FILTER(createdon >= DATE(2020, 1, 5))",
     "contacts whose date of creation is not before 2020-01-05"),
    ("PROFILE(contact).FILTER(numberofchildren + 1 > 3 || lastname STARTSWITH 'O')",
     "contacts for whom either (number of children) + 1 is more than 3 or last name begins with “O”"),
    ("INTERACTION(EmailOpened, contactId).HAVING(COUNT() >= 2, UTCDAYS(30))",
     "people with the interaction “EmailOpened”, at least 2 times in the last 30 days"),
    ("SEGMENT(a) UNION (SEGMENT(b) EXCEPT SEGMENT(c))",
     "these, one step after the other:\n – the members of “a”\n"
     " – together with the result of these, one step after the other:\n"
     "   – the members of “b”, without the members of “c”"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "english"), ENGLISH)
def test_a_query_is_told_in_plain_words(command: Command, query: str, english: str) -> None:
    assert json.loads(command("explain", query, "--json").out)["english"] == english


def test_display_names_and_the_language_are_the_readers(command: Command, sandbox: Running, tmp_path: Path) -> None:
    row = sandbox.organisation.rows["msdyncrm_segment"][str(DYNAMIC)]
    row["msdyncrm_segmentquery"] = "PROFILE(account, a).TRAVERSE(contact_account_parentcustomerid, c)"
    command("run", "--org", sandbox.address, "--dry-run")
    (run,) = (tmp_path / "reports").iterdir()
    query = "PROFILE(account).FILTER(name == 'x').TRAVERSE(contact_account_parentcustomerid).FILTER(children > 1)"

    def told(*arguments: str) -> str:
        return str(json.loads(command("explain", query, "--json", *arguments).out)["english"])

    there = ("--export", str(run / "export"))
    assert told(*there) == (
        "contacts whose Number of Children is more than 1, connected with a record of Firma klienta "
        "(through parentcustomerid of the contact) whose name is “x”"
    )
    assert told(*there, "--language", "de") == (
        "Kontakte, für die gilt: Kinder ist größer als 1, verbunden mit einem Datensatz von Firma klienta "
        "(über parentcustomerid (Kontakt)), wobei gilt: name ist „x“"
    )
    assert "pour lesquels : Dzieci est supérieur à 1" in told(*there, "--language", "fr")
    assert ": children est supérieur à 1, liés à un compte (par contact_" in told("--language", "fr")
    refused = command("explain", query, "--language", "pl")
    assert (refused.code, "--language cannot be pl" in refused.err) == (2, True)


def test_a_list_is_shown_line_by_line(command: Command) -> None:
    lines = command("explain", "PROFILE(contact).FILTER(NOT(a == 1 || b == 2))").out.split("\n")
    assert lines[:3] == [
        "In words:   contacts for whom none of these holds:",
        "             – a is 1",
        "             – b is 2",
    ]


def test_the_json_has_the_promised_shape(command: Command) -> None:
    result = command("explain", "PROFILE(contact).FILTER(a STARTSWITH 'x')", "--json")
    content = json.loads(result.out)
    assert set(content) == {"outcome", "realtime_query", "english", "findings", "references"}
    assert set(content["findings"][0]) == {"code", "severity", "message", "advice"}
    assert (result.code, content["outcome"], content["references"]) == (0, "ready", [])


@pytest.mark.parametrize(
    ("query", "export", "code", "outcome"),
    [
        ("PROFILE(contact)", False, 0, "ready"),
        ("PROFILE(account, a).TRAVERSE(contact_account_parentcustomerid, c)", True, 0, "adapted"),
        ("PROFILE(account, a).TRAVERSE(contact_account_parentcustomerid, c)", False, 3, "flagged"),
        ("SEGMENT(segment1) UNION SEGMENT(segment2)", True, 3, "flagged"),
        ("SEGMENT(nobody)", True, 2, "blocked"),
        ("PROFILE(contact).FILTER(a = 1)", False, 2, "blocked"),
        ("PROFILE(contact).FILTER(nothing == 1)", True, 2, "blocked"),
    ],
)
def test_the_exit_code_follows_the_outcome(command: Command, query: str, export: bool, code: int, outcome: str) -> None:
    result = command("explain", query, "--json", *(["--export", CONTOSO] if export else []))
    assert (result.code, json.loads(result.out)["outcome"]) == (code, outcome)


@pytest.mark.parametrize(
    ("query", "planned"),
    [
        ("PROFILE(contact)", 0),
        ("SEGMENT(segment1)", 1),
        ("SEGMENT(segment1) UNION SEGMENT(segment2)", 2),
    ],
)
def test_only_the_segments_that_a_query_refers_to_are_planned(
    command: Command, monkeypatch: pytest.MonkeyPatch, query: str, planned: int
) -> None:
    names: list[str] = []
    plan = translate._plan

    def counting(segment: LegacySegment, work: translate._Work) -> PlannedSegment:
        names.append(segment.name)
        return plan(segment, work)

    monkeypatch.setattr(translate, "_plan", counting)
    command("explain", query, "--export", CONTOSO)
    assert len(names) == len(set(names)) == planned, names


def test_a_query_comes_from_a_file_or_from_standard_input(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "query.txt").write_text("PROFILE(contact)\n")
    assert "Real-time:  PROFILE(contact)" in command("explain", "@query.txt").out
    monkeypatch.setattr(sys, "stdin", io.StringIO("PROFILE(contact, c).FILTER(c.x == 1)"))
    assert "Real-time:  PROFILE(contact).FILTER(x == 1)" in command("explain", "-").out
    result = command("explain", "@nowhere.txt")
    assert result.code == 2
    assert "nowhere.txt cannot be read" in result.err


def test_people_see_the_place_and_on_request_the_tree(command: Command) -> None:
    wrong = command("explain", 'PROFILE(contact).FILTER(a == "x")').out
    assert 'PROFILE(contact).FILTER(a == "x")\n                             ^' in wrong
    plain = command("explain", "PROFILE(contact).FILTER(a == 1 && b == 2)").out
    assert "Real-time:" in plain
    assert "Tree:" not in plain
    assert "Comparison ==" not in plain
    with_tree = command("explain", "PROFILE(contact).FILTER(a == 1 && b == 2)", "--tree").out
    assert "Tree:" in with_tree
    assert "Comparison ==" in with_tree
    assert (
        command("explain", "PROFILE(contact).FILTER(a == 1 && b == 2)", "--operators", "words").out.count(" AND ") == 1
    )
    assert command("explain", "PROFILE(contact)", "--operators", "emoji").code == 2


# --- approve -----------------------------------------------------------------------------------------------------


def test_what_is_approved_is_loaded_from_the_same_plan(command: Command, sandbox: Running) -> None:
    command("run", "--org", sandbox.address)
    (folder,) = Path("reports").iterdir()
    plan = (folder / "plan.json").read_bytes()
    report = (folder / "report.html").read_text()
    assert f"migrator approve {COMPOUND} --as translate --run {folder.name}" in report
    assert "Selects the members of “Five people”, together with the members of “Oslo”." in report

    result = command("approve", "Both", "--as", "translate")
    assert result.code == 0
    assert "migrator load" in result.err
    loaded = command("load", "--json")
    assert (folder / "plan.json").read_bytes() == plan
    summary = json.loads(loaded.out)
    assert (summary["created"], summary["standings"]["verified"], loaded.code) == (5, 5, 3)  # the lost list still waits
    assert command("approve", "Lost", "--as", "skip").code == 0
    assert command("load").code == 0


def test_a_frozen_segment_keeps_its_members(command: Command, sandbox: Running) -> None:
    command("run", "--org", sandbox.address, "--dry-run")
    command("approve", str(COMPOUND), "--as", "snapshot")
    summary = json.loads(command("load", "--json").out)
    assert summary["standings"]["verified"] == 5
    groups = sandbox.organisation.groups
    assert sorted(len(group) for found in groups.values() for group in found.values()) == [2, 5, 7]


def test_compound_segments_are_translated_or_frozen_on_request(command: Command, sandbox: Running) -> None:
    for choice in ("translate", "snapshot"):
        result = command("run", "--org", sandbox.address, "--dry-run", "--compound", choice, "--json")
        assert json.loads(result.out)["outcomes"]["adapted"] == 1
    assert command("run", "--org", sandbox.address, "--compound", "skip").code == 2
    assert command("run", "--org", sandbox.address, "--interactions", "snapshot").code == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["Five people", "--as", "skip"], "nothing to decide"),
        ([str(LOST), "--as", "snapshot"], "open are: skip"),
        (["Nobody", "--as", "skip"], "has no segment"),
        (["Both", "--as", "flag"], "translate, snapshot, skip, adopt, replace or keep-both"),
        (["Both", "--as", "dance"], "dance"),
    ],
)
def test_what_cannot_be_approved_is_refused(
    command: Command, sandbox: Running, arguments: list[str], words: str
) -> None:
    command("run", "--org", sandbox.address, "--dry-run")
    result = command("approve", *arguments)
    assert result.code == 2
    assert words in result.err


@pytest.mark.slow
def test_every_expressible_segment_of_the_sample_keeps_its_members(command: Command, contoso: Running) -> None:
    result = command(
        "run", "--org", contoso.address, "--compound", "translate", "--interactions", "translate", "--json"
    )
    summary = json.loads(result.out)
    assert summary["standings"] == {"verified": 41, "draft": 5, "waiting": 4, "not possible": 5}
    folder = Path(summary["run"])
    plan = {entry["legacy_id"]: entry for entry in json.loads((folder / "plan.json").read_text())["segments"]}
    verified = json.loads((folder / "verification-001.json").read_text())["segments"]
    words = ("SEGMENT(", "INTERACTION(", "TRAVERSE(", "EXCEPT")
    special = [entry for entry in verified if any(word in plan[entry["legacy_id"]]["query"] for word in words)]
    assert len(special) == 9
    assert all(entry["match"] in ("equal", "explained", "draft") for entry in special)
    assert sum(entry["match"] in ("equal", "explained") for entry in special) >= 6
    for entry in plan.values():
        if any(word in entry["query"] for word in words):
            assert entry["proposal"] or entry["payload"]["definition"]["msdynmkt_segmentquery"], entry["name"]
