"""The command: numbers, purposes, what cannot be read, and files that are private."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from migrator.base.errors import Retryable
from migrator.base.progress import Silent
from migrator.commands import reach as reaching
from migrator.commands.reach import Place, Wish, reach
from migrator.contracts.consent import CONSENT, PURPOSE, PURPOSES_OF_PROFILES, TABLES, TOPIC
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.members import Members, MemberSource
from migrator.product.codes import LegacyStatus, LegacyType
from migrator.sandbox.server import Running
from tests.conftest import Command
from tests.reach.test_sending_check import as_file, key
from tests.small import ORGANISATION, row

NEWS, VIPS, LOST = key(7, 1), key(7, 2), key(7, 3)
COMMERCIAL, STRICT, PROFILE = key(8, 1), key(8, 2), key(8, 9)
MAIL, ABOUT_PURPOSE = 534120000, 534120000
OUT, IN = 534120002, 534120001
"""Numbers of the product: e-mail and purpose, opted out, opted in."""


def person(number: int, **more: Any) -> dict[str, Any]:
    address = f"p{number}@x.example"
    usual = {"emailaddress1": address, "donotemail": False, "donotbulkemail": False, "statecode": 0}
    return {"contactid": key(4, number), **usual, **more}


def record(address: str, value: int, purpose: str = COMMERCIAL) -> dict[str, Any]:
    names = list(TABLES[CONSENT].columns)
    return dict(zip(names, (address, MAIL, ABOUT_PURPOSE, purpose, None, value), strict=True))


PEOPLE = [
    person(1),  # still reached
    person(2),  # opted out since
    person(3, donotbulkemail=True),  # had said no, and nobody knows it
    person(4, donotbulkemail=True),  # had said no, and it is loaded
    person(5, donotemail=True),  # has opted in since
    person(6, emailaddress1=None),
    person(7, statecode=1),
    person(8, emailaddress1="P1@X.example"),  # shares the address of the first
]
RECORDS = [
    record("p2@x.example", OUT),
    record("p4@x.example", OUT),
    record("P5@x.example", IN),
    record("p1@x.example", IN, STRICT),
]
PURPOSES: list[dict[str, Any]] = [
    {"msdynmkt_purposeid": COMMERCIAL, "msdynmkt_name": "Commercial", "msdynmkt_type": 534120000,
     "msdynmkt_enforcementmodel": 534120001},
    {"msdynmkt_purposeid": STRICT, "msdynmkt_name": "Strict", "msdynmkt_type": 534120000,
     "msdynmkt_enforcementmodel": 534120000},
]  # fmt: skip


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """An export with tables: two live segments whose members are known, and one whose members nobody knows."""
    folder = tmp_path / "export"
    writer = ExportWriter(folder, ORGANISATION, "2026-04-20T08:00:00Z")
    named = {NEWS: "News", VIPS: "VIPs", LOST: "Lost"}
    writer.segments([row(UUID(one), name, LegacyType.STATIC, LegacyStatus.LIVE) for one, name in named.items()])
    known = Members(MemberSource.SERVICE)
    writer.members(UUID(NEWS), [UUID(one["contactid"]) for one in PEOPLE] + [UUID(key(5, 1))], known)
    writer.members(UUID(VIPS), [UUID(PEOPLE[0]["contactid"]), UUID(PEOPLE[2]["contactid"])], known)
    writer.no_members(UUID(LOST), Members(MemberSource.NONE, reason="gone"))
    writer.finish()
    tables = folder / "tables"
    tables.mkdir()
    as_file(tables / "contact.csv", list(PEOPLE[0]), PEOPLE)
    as_file(tables / f"{CONSENT}.csv", list(RECORDS[0]), RECORDS)
    as_file(tables / f"{PURPOSE}.csv", list(PURPOSES[0]), PURPOSES)
    profile = {"msdynmkt_compliancesettings4id": PROFILE, "msdynmkt_name": "Only"}
    as_file(tables / "msdynmkt_compliancesettings4.csv", list(profile), [profile])
    links = [{"msdynmkt_purposeid": one, "msdynmkt_compliancesettings4id": PROFILE} for one in (COMMERCIAL, STRICT)]
    as_file(tables / f"{PURPOSES_OF_PROFILES}.csv", list(links[0]), links)
    topics = [{"msdynmkt_topicid": key(8, 5), "msdynmkt_name": "Events", "msdynmkt_purposeid": COMMERCIAL}]
    as_file(tables / f"{TOPIC}.csv", list(topics[0]), topics)
    return folder


def asked(command: Command, *arguments: str) -> dict[str, Any]:
    result = command("reach", *arguments, "--json")
    assert result.code == 0, result
    found: dict[str, Any] = json.loads(result.out)
    return found


def of(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in found["segments"] if one["name"] == name)


def test_the_four_numbers_of_a_segment(command: Command, export: Path) -> None:
    news = of(asked(command, str(export)), "News")
    assert (news["members"], news["reached_before"], news["reached_after"]) == (9, 3, 4)
    assert (news["lost"], news["newly_reached"], news["said_no"], news["neither"]) == (1, 2, 1, 4)
    assert news["reached_after"] == news["reached_before"] - news["lost"] + news["newly_reached"]
    assert news["reasons"] == {
        "lost:opted-out": 1,
        "neither:gone": 1,
        "neither:inactive": 1,
        "neither:no-address": 1,
        "neither:opted-out": 1,
        "newly-reached:do-not-bulk-email": 1,
        "newly-reached:do-not-email": 1,
    }


def test_people_are_counted_once_over_all_live_segments_and_who_is_not_known_is_not_nobody(
    command: Command, export: Path
) -> None:
    found = asked(command, str(export))
    assert found["people"]["members"] == 9
    assert (found["live_segments"], found["live_segments_unknown"]) == (3, 1)
    assert of(found, "Lost")["members"] is None
    assert of(found, "Lost")["reached_after"] is None


def test_the_purposes_stand_side_by_side_and_the_switch_both_ways(command: Command, export: Path) -> None:
    found = asked(command, str(export))
    assert found["purpose"]["name"] == "Commercial"
    after = {one["name"]: one["people"]["reached_after"] for one in found["purposes"]}
    assert after == {"Commercial": 4, "Strict": 2}
    assert found["people_with_the_other_switch"]["newly_reached"] == 0
    on = asked(command, str(export), "--contact-fields", "checked")
    assert on["people"]["newly_reached"] == 0
    assert on["people_with_the_other_switch"]["newly_reached"] == 2
    strict = asked(command, str(export), "--purpose", "strict")
    assert (strict["purpose"]["name"], strict["people"]["reached_after"], strict["people"]["lost"]) == ("Strict", 2, 1)
    assert strict["people"]["reasons"]["lost:no-consent"] == 1


def test_ids_with_reasons_lie_in_private_files_and_no_address_in_any(command: Command, export: Path) -> None:
    asked(command, str(export))
    path = export / "reach" / f"{NEWS}.csv"
    with path.open(newline="") as file:
        rows = {row["contactid"]: (row["group"], row["reason"], row["said_no"]) for row in csv.DictReader(file)}
    assert rows == {
        key(4, 2): ("lost", "opted-out", "false"),
        key(4, 3): ("newly-reached", "do-not-bulk-email", "true"),
        key(4, 5): ("newly-reached", "do-not-email", "false"),
    }
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
    assert not [one for one in (export / "reach.json", *path.parent.iterdir()) if b"example" in one.read_bytes()]


def test_a_script_is_told_that_somebody_would_be_mailed_anew(command: Command, export: Path) -> None:
    assert command("reach", str(export), "--fail-on", "newly-reached").code == 3
    assert command("reach", str(export), "--fail-on", "newly-reached", "--contact-fields", "checked").code == 3  # Lost
    assert command("reach", str(export)).code == 0
    assert command("reach", str(export), "--fail-on", "anything").code == 2


def test_where_no_default_is_plain_a_person_names_the_purpose(command: Command, export: Path) -> None:
    rows = [row | {"msdynmkt_name": f"{row['msdynmkt_name']} mail"} for row in PURPOSES]
    as_file(export / "tables" / f"{PURPOSE}.csv", list(rows[0]), rows)
    found = asked(command, str(export))
    assert found["purpose"] is None
    assert "--purpose" in found["why_no_purpose"]
    assert found["people"]["reached_before"] == 3
    assert found["people"]["reached_after"] is None
    assert [one["people"]["reached_after"] for one in found["purposes"]] == [4, 2]
    assert command("reach", str(export), "--fail-on", "newly-reached").code == 3
    assert command("reach", str(export), "--purpose", "Nothing").code == 2
    assert asked(command, str(export), "--purpose", COMMERCIAL)["people"]["reached_after"] == 4


def test_several_profiles_are_not_chosen_from(command: Command, export: Path) -> None:
    profiles = [
        {"msdynmkt_compliancesettings4id": PROFILE, "msdynmkt_name": "Only"},
        {"msdynmkt_compliancesettings4id": key(8, 8), "msdynmkt_name": "Other"},
    ]
    as_file(export / "tables" / "msdynmkt_compliancesettings4.csv", list(profiles[0]), profiles)
    assert asked(command, str(export))["purpose"] is None
    assert asked(command, str(export), "--profile", "Only")["purpose"]["name"] == "Commercial"
    assert asked(command, str(export), "--profile", "Other")["purpose"] is None


def test_what_cannot_be_read_is_unknown(command: Command, export: Path) -> None:
    (export / "tables" / f"{CONSENT}.csv").unlink()
    found = asked(command, str(export))
    assert found["people"]["unknown"] == 6  # of those without an address, an active contact or a row it is certain
    assert (found["people"]["reached_before"], found["people"]["reached_after"]) == (3, None)  # unknown is not nobody
    assert of(found, "News")["reached_before"] == 3
    assert "3 of 9 people got our mail; who will get it is unknown." in command("reach", str(export)).out
    assert "consent" in found["unreadable"][0]
    (export / "tables" / f"{PURPOSE}.csv").unlink()
    as_file(export / "tables" / f"{CONSENT}.csv", list(RECORDS[0]), RECORDS)
    found = asked(command, str(export), "--tables", str(export / "tables"))
    assert (found["people"]["reached_before"], found["people"]["reached_after"]) == (3, None)
    contacts = [{"contactid": one["contactid"], "emailaddress1": one["emailaddress1"]} for one in PEOPLE]
    as_file(export / "tables" / "contact.csv", list(contacts[0]), contacts)
    found = asked(command, str(export), "--tables", str(export / "tables"))
    assert (found["people"]["reached_before"], found["people"]["unknown"]) == (None, 9)
    assert "no column donotemail" in found["unreadable"][0]


def test_a_folder_without_any_of_the_tables_is_refused(command: Command, export: Path, tmp_path: Path) -> None:
    (tmp_path / "wrong").mkdir()
    as_file(tmp_path / "wrong" / "account.csv", ["accountid"], [])
    result = command("reach", str(export), "--tables", str(tmp_path / "wrong"))
    assert (result.code, "none of the tables that tell who may be mailed" in result.err) == (2, True)
    assert not list(tmp_path.rglob("reach.json"))


def test_without_tables_and_an_organisation_it_says_what_to_do(command: Command, export: Path) -> None:
    shutil.rmtree(export / "tables")
    result = command("reach", str(export))
    assert (result.code, "--org" in result.err) == (2, True)


@pytest.fixture
def practised(sandbox: Running) -> Running:
    box = sandbox.organisation
    box.fill("msdynmkt_compliancesettings4", [{"msdynmkt_compliancesettings4id": PROFILE, "msdynmkt_name": "Only"}])
    box.fill("msdynmkt_purpose", [dict(row) for row in PURPOSES])
    links = "msdynmkt_msdynmkt_purpose_msdynmkt_compliancev4"
    both = [(1, COMMERCIAL), (2, STRICT)]
    box.fill(
        links,
        [
            {f"{links}id": key(9, number), "msdynmkt_purposeid": one, "msdynmkt_compliancesettings4id": PROFILE}
            for number, one in both
        ],
    )
    return sandbox


@pytest.mark.quick
def test_it_is_read_from_an_organisation_and_its_size_is_said_before(
    command: Command, practised: Running, tmp_path: Path
) -> None:
    assert command("extract", "--org", practised.address).code == 0
    result = command("reach", "--json")
    assert result.code == 0, result
    assert "Reading who may be mailed. Contacts: " in result.err
    found = json.loads(result.out)
    assert found["purpose"]["name"] == "Commercial"
    people = found["people"]
    assert people["members"] > 0
    assert people["unknown"] == 0
    (run,) = tmp_path.glob("reports/2*")
    assert {path.name for path in (run / "export/tables").glob("*.parquet")} == {
        "reach-contact.parquet", f"{CONSENT}.parquet", f"{PURPOSE}.parquet", f"{PURPOSES_OF_PROFILES}.parquet",
        f"{TOPIC}.parquet", "msdynmkt_compliancesettings4.parquet",
    }  # fmt: skip
    again = command("reach", "--json")
    assert json.loads(again.out)["people"] == people
    assert "Reading who" not in again.err


@pytest.mark.parametrize("lacking", ["prvReadmsdynmkt_contactpointconsent4", "prvReadmsdynmkt_purpose", ""])
def test_no_privilege_and_no_module_mean_unknown(command: Command, practised: Running, lacking: str) -> None:
    assert command("extract", "--org", practised.address).code == 0
    practised.organisation.lacks |= {lacking}
    practised.organisation.realtime = bool(lacking)
    found = json.loads(command("reach", "--json").out)
    assert found["people"]["newly_reached"] in (None, 0)
    assert found["people"]["unknown"] > 0
    assert found["unreadable"]


def lines_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_the_opt_outs_that_are_missing_are_written_for_a_person_to_check(
    command: Command, export: Path, tmp_path: Path
) -> None:
    people = [dict(one) for one in PEOPLE]
    people[2]["emailaddress1"] = " P3@X.example "
    people[5] |= {"emailaddress1": "=cmd@x.example", "donotbulkemail": True}
    people.append(person(20, emailaddress1="p1@x.example", donotemail=True))  # no member; shares an address
    people.append(person(21, donotemail=True))  # no member, and no address of one
    as_file(export / "tables" / "contact.csv", list(people[0]), people)
    path = tmp_path / "opt-outs.csv"
    result = command("reach", str(export), "--consent-file", str(path))
    assert result.code == 0, result
    head, *rows = lines_of(path)
    assert head == ["Contact point", "Channel", "Consent type", "Purpose", "Consent status", "Reason", "Source"]
    same = ["Email", "Purpose", "Commercial", "Opted Out", "No reasons", "Loaded"]
    assert rows == [["P1@X.example", *same], ["P3@X.example", *same]]
    assert path.stat().st_mode & 0o077 == 0
    assert "2 opt-outs that are missing" in result.err
    assert "1 addresses that look like a formula" in result.err
    assert command("reach", str(export), "--consent-file", str(path)).code == 2  # never over a file


def test_opt_ins_come_in_a_file_of_their_own_headed_by_who_decides(
    command: Command, export: Path, tmp_path: Path
) -> None:
    people = [*PEOPLE, person(20, emailaddress1="P1@x.example", donotemail=True)]
    path = tmp_path / "opt-ins.csv"
    assert command("reach", str(export), "--purpose", "Strict", "--opt-ins", str(path)).code == 0
    warning, head, *rows = lines_of(path)
    assert "no proof of consent" in warning[0]
    assert "data protection officer decides" in warning[0]
    assert head[0] == "Contact point"
    assert [row[0] for row in rows] == ["p2@x.example"]  # the first has a record, the others have refused or no address
    assert rows[0][4] == "Opted In"
    as_file(export / "tables" / "contact.csv", list(people[0]), people)
    path.unlink()
    assert command("reach", str(export), "--purpose", "Commercial", "--opt-ins", str(path)).code == 0
    assert lines_of(path)[2:] == []  # one who shares the address has refused


def test_without_a_purpose_no_consent_file_is_written(command: Command, export: Path, tmp_path: Path) -> None:
    (export / "tables" / f"{PURPOSE}.csv").unlink()
    path = tmp_path / "opt-outs.csv"
    result = command("reach", str(export), "--tables", str(export / "tables"), "--consent-file", str(path))
    assert (result.code, "was not written" in result.err) == (3, True)
    assert not path.exists()
    (export / "tables" / f"{CONSENT}.csv").unlink()
    as_file(export / "tables" / f"{PURPOSE}.csv", list(PURPOSES[0]), PURPOSES)
    result = command("reach", str(export), "--consent-file", str(path), "--quiet")
    assert (result.code, "was not written" in result.err) == (3, True)
    assert not path.exists()


def test_a_purpose_that_asks_nobody_is_known_without_consent(command: Command, export: Path) -> None:
    (export / "tables" / f"{CONSENT}.csv").unlink()
    disabled = [PURPOSES[0] | {"msdynmkt_enforcementmodel": 534120002}]
    as_file(export / "tables" / f"{PURPOSE}.csv", list(disabled[0]), disabled)
    people = asked(command, str(export))["people"]
    assert (people["reached_before"], people["unknown"]) == (3, 0)
    assert people["reached_after"] == people["reached_before"] - people["lost"] + people["newly_reached"] == 6


@pytest.mark.parametrize(
    ("wanted", "batch", "rows", "whole", "requests"),
    [
        (100, 400, 1_000_000, False, 1),
        (2_000_000, 400, 3_000_000, True, 600),
        (2_000_000, 400, 30_000_000, False, 5_000),
        (2_000_000, 100, None, False, 20_000),
        (5_000, 100, 0, True, 1),
        (0, 100, 1_000, False, 0),
    ],
)
def test_a_table_is_read_as_a_whole_where_that_takes_fewer_requests(
    wanted: int, batch: int, rows: int | None, whole: bool, requests: int
) -> None:
    from migrator.extractor.consent import cheaper

    way = cheaper(wanted, batch, rows)
    assert (way.whole, way.requests) == (whole, requests)


def test_a_redacted_copy_holds_nothing_of_it(command: Command, export: Path, tmp_path: Path) -> None:
    asked(command, str(export))
    note = {"format": 1, "organisation": "o", "at": "", "manifest": "", "address": "emailaddress1", "contacts": 1,
            "records": 1, "unreadable": []}  # fmt: skip
    (export / "tables" / "reach.json").write_text(json.dumps(note), encoding="utf-8")
    (export / "tables" / "reach-contact.parquet").write_bytes(b"p1@x.example")
    (export / "tables" / f"{CONSENT}.parquet").write_bytes(b"p1@x.example")
    assert command("redact", str(export), str(tmp_path / "copy")).code == 0
    files = [path for path in (tmp_path / "copy").rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"x.example" in path.read_bytes() or "reach" in path.name]
    ids = {one["contactid"].encode() for one in PEOPLE}
    assert not [path for path in files if any(one in path.read_bytes() for one in ids)]


def test_exactly_the_addresses_that_matter_are_asked_for(
    command: Command, practised: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = practised.organisation
    box.fill(
        CONSENT,
        [
            {f"{CONSENT}id": key(3, number), **record(f"{who}@mail.example", OUT)}
            for number, who in enumerate(["P1", "p2", "nobody", "p5"])
        ],
    )
    monkeypatch.setattr("migrator.dataverse.consent.retrieve_count", _unknown)
    assert command("extract", "--org", practised.address).code == 0
    result = command("reach", "--json")
    assert "exactly the records of their addresses" in result.err
    assert "3 records of consent read" in result.err  # nobody's is not among them
    found = json.loads(result.out)
    assert found["people"]["reasons"]["lost:opted-out"] == 3


async def _unknown(*_: object) -> None:
    return None


def test_a_contact_that_a_mirror_holds_twice_counts_once(command: Command, export: Path) -> None:
    as_file(export / "tables" / "contact.csv", list(PEOPLE[0]), [*PEOPLE, PEOPLE[0], PEOPLE[2]])
    news = of(asked(command, str(export)), "News")
    assert (news["members"], news["reached_before"], news["newly_reached"]) == (9, 3, 2)
    lines = (export / "reach" / f"{NEWS}.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(set(lines)) == 4


def test_lists_of_an_earlier_purpose_do_not_stay_beside_numbers_without_one(command: Command, export: Path) -> None:
    asked(command, str(export))
    assert (export / "reach" / f"{NEWS}.csv").exists()
    (export / "tables" / f"{PURPOSE}.csv").unlink()
    assert asked(command, str(export), "--tables", str(export / "tables"))["purpose"] is None
    assert not (export / "reach").exists()


def results(export: Path) -> dict[str, bytes]:
    """The numbers and the lists that are there."""
    return {path.name: path.read_bytes() for path in (*export.glob("reach.json"), *export.glob("reach/*"))}


@pytest.mark.parametrize("memory", ["1MB", "5MB"])
def test_too_little_memory_ends_it_and_is_no_table_that_cannot_be_read(
    command: Command, export: Path, memory: str
) -> None:
    asked(command, str(export))
    before = results(export)
    with (export / "tables" / "contact.csv").open("a") as file:
        file.writelines(f"{key(4, number)},p{number}@x.example,false,true,0\n" for number in range(100, 200_000))
    with pytest.raises(Retryable, match=r"memory that the database may take is not enough: .*--memory 4GB"):
        reach(Place(export, export), Wish(memory=memory), Silent())
    assert results(export) == before


class Killed(BaseException):
    """What no code catches."""


def killed(*_: object, **__: object) -> None:
    raise Killed


@pytest.mark.parametrize(("where", "step"), [(reaching, "_write_lists"), (Path, "rename"), (reaching, "write_reach")])
def test_whoever_is_killed_has_the_old_numbers_with_the_old_lists_or_none(
    command: Command, export: Path, monkeypatch: pytest.MonkeyPatch, where: Any, step: str
) -> None:
    asked(command, str(export))
    whole = results(export)
    asked(command, str(export), "--purpose", STRICT)
    strict = results(export)
    with monkeypatch.context() as patched:
        patched.setattr(where, step, killed)
        with pytest.raises(Killed):
            reach(Place(export, export), Wish(), Silent())
    if step == "_write_lists":
        assert results(export) == strict
    assert (export / "reach.json").exists() == (step == "_write_lists")
    asked(command, str(export))
    assert results(export) == whole != strict
    assert not (export / ".reach").exists()


def test_what_could_not_be_read_cannot_be_chosen_from(command: Command, export: Path) -> None:
    (export / "tables" / "msdynmkt_compliancesettings4.csv").unlink()
    (export / "tables" / f"{TOPIC}.csv").unlink()
    assert "profiles cannot be read" in asked(command, str(export))["why_no_purpose"]
    named = command("reach", str(export), "--profile", "Only")
    assert (named.code, "profiles cannot be read" in named.err) == (2, True)
    below = command("reach", str(export), "--purpose", COMMERCIAL, "--topic", "Events")
    assert (below.code, "topics of this organisation cannot be read" in below.err) == (2, True)
