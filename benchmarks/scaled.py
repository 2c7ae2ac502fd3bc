"""Organisations of any size for measuring: a sandbox in a process of its own, and exports to load into it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from migrator.contracts.export_folder import OrganisationRef
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.members import Members, MemberSource
from migrator.mql import Column, Schema, Table
from migrator.product.codes import LegacyStatus, LegacyType, SegmentSource, SegmentType
from migrator.sandbox.chaos import Profile

ID = UUID("5ca1ed00-0000-4000-8000-000000000001")
_STEP = 0x9E3779B97F4A7C15F39CC0605CEDC834
"""Odd, so that multiples of it meet every number once; spreads ids as random ones are."""
SCHEMA = Schema(
    tables={
        "contact": Table(
            "contacts",
            "contactid",
            "fullname",
            {
                "contactid": Column("Uniqueidentifier"),
                "fullname": Column("String"),
                "address1_city": Column("String"),
                "statecode": Column("State"),
            },
        )
    },
    many_to_one=(),
    many_to_many=(),
)
CITIES = 1000


def synthetic(number: int) -> int:
    """The id of contact `number`, as a number."""
    return (number * _STEP + 1) % (1 << 128)


def person(number: int) -> UUID:
    """The id of contact `number`."""
    return UUID(int=synthetic(number))


def definition(number: int, groups: int) -> tuple[str, tuple[dict[str, Any], dict[str, Any]], list[str]]:
    """A static segment: its id, the rows of definition and segment, and the ids of its groups."""
    key, segment = str(uuid5(ID, f"definition {number}")), str(uuid5(ID, f"segment {number}"))
    ids = [str(uuid5(ID, f"group {number} {group}")) for group in range(groups)]
    entries = [{"groupId": g, "includeType": "Include", "name": g, "inputType": "manualSelect"} for g in ids]
    first = {"msdynmkt_segmentdefinitionid": key, "msdynmkt_staticlistmembers": json.dumps(entries)}
    second = {
        "msdynmkt_segmentid": segment,
        "msdynmkt_displayname": f"Segment {number}",
        "msdynmkt_type": int(SegmentType.STATIC),
        "msdynmkt_source": int(SegmentSource.JOURNEYS),
        "msdynmkt_baseentitylogicalname": "contact",
        "msdynmkt_sourcesegmentuid": key,
    }
    return segment, (first, second), ids


def write_export(folder: Path, statics: list[int], dynamics: int, people: int) -> Path:
    """An export with static segments of so many members each of so many people, and so many dynamic ones."""
    writer = ExportWriter(folder, OrganisationRef(ID, "https://scaled.crm4.dynamics.com"), "2026-01-02T03:04:05Z")
    rows = [_row(number, LegacyType.STATIC, count, "") for number, count in enumerate(statics)]
    for number in range(dynamics):
        query = f"PROFILE(contact).FILTER(address1_city == 'City {number % CITIES}')"
        rows.append(_row(len(statics) + number, LegacyType.DYNAMIC, None, query))
    writer.segments(rows)
    at = 0
    for number, count in enumerate(statics):
        ids = (person((at + offset) % people) for offset in range(count))
        writer.members(_legacy(number), ids, Members(MemberSource.SERVICE))
        at = (at + count) % people
    writer.metadata(SCHEMA)
    writer.finish()
    return folder


def _legacy(number: int) -> UUID:
    return uuid5(ID, f"legacy {number}")


def _row(number: int, kind: LegacyType, size: int | None, query: str) -> dict[str, Any]:
    return {
        "msdyncrm_segmentid": str(_legacy(number)),
        "msdyncrm_segmentname": f"Segment {number}",
        "msdyncrm_segmenttype": int(kind),
        "statuscode": int(LegacyStatus.LIVE),
        "msdyncrm_segmentqueryname": f"SEGMENT_CRM_ID_{_legacy(number).hex}",
        "msdyncrm_segmentsize": size,
        "msdyncrm_segmentquery": query or None,
        "msdyncrm_scope": 270100000,
    }


# --- the sandbox in its own process ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Serving:
    """A sandbox that answers."""

    address: str
    process: subprocess.Popen[str]

    def cpu(self) -> float:
        """Seconds of processor time it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """Most megabytes it has held."""
        return peak_memory(self.process.pid)

    def counts(self) -> dict[str, Any]:
        """What it has accepted, refused and done to clients, and the memberships it holds."""
        return self._told("counts")

    def groups(self) -> dict[str, str]:
        """Group id → a digest of its members, whatever their order."""
        return self._told("groups")

    def _told(self, what: str) -> dict[str, Any]:
        if self.process.stdin is not None:
            self.process.stdin.write(f"{what}\n")
            self.process.stdin.flush()
        return dict(json.loads(_line(self.process)))


def digest(members: Iterable[int]) -> str:
    """One number for a set of members, whatever their order."""
    return sha256(b"".join(member.to_bytes(16, "big") for member in sorted(members))).hexdigest()


def _line(process: subprocess.Popen[str]) -> str:
    return process.stdout.readline().strip() if process.stdout is not None else ""


def peak_memory(pid: int) -> int:
    """Most megabytes that a process has held so far."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) // 1024
    return 0


@contextmanager
def serving(contacts: int = 0, profile: Profile | None = None, tls: Path | None = None) -> Iterator[Serving]:
    """A sandbox with so many contacts, until the block ends."""
    asked = json.dumps({"contacts": contacts, "profile": asdict(profile or Profile()), "tls": str(tls) if tls else ""})
    command = [sys.executable, str(Path(__file__)), asked]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Serving(_line(process), process)
    finally:
        process.kill()
        process.communicate()


def _serve(asked: dict[str, Any]) -> None:
    from migrator.sandbox.organisation import Organisation as Sandbox
    from migrator.sandbox.server import running

    profile = Profile(**asked["profile"])
    organisation = Sandbox(ID, "Scaled", SCHEMA, time.monotonic, moment=0.01, computing=0.05)
    unit, user = str(uuid5(ID, "unit")), str(uuid5(ID, "user"))
    organisation.fill("businessunit", [{"businessunitid": unit, "name": "Scaled"}])
    organisation.fill("systemuser", [{"systemuserid": user, "fullname": "Scaled"}])
    for number in range(asked["contacts"]):
        city = f"City {number % CITIES}"
        organisation.fill("contact", [{"contactid": str(person(number)), "address1_city": city, "statecode": 0}])
    tls = Path(asked["tls"]) if asked["tls"] else None
    with running(organisation, tls_folder=tls, chaos=profile if profile != Profile() else None) as server:
        print(server.address, flush=True)
        for line in sys.stdin:
            if line.strip() == "groups":
                held = {key: digest(ids) for groups in organisation.groups.values() for key, ids in groups.items()}
                print(json.dumps(held), flush=True)
                continue
            counts: dict[str, Any] = {
                "memberships": sum(len(ids) for groups in organisation.groups.values() for ids in groups.values()),
                "segments": len(organisation.rows["msdynmkt_segment"]),
            }
            if server.chaos is not None:
                protection = server.chaos.protection
                counts |= {"accepted": protection.accepted, "refused": protection.refused}
                counts |= {"befallen": dict(server.chaos.befallen)}
            print(json.dumps(counts), flush=True)


if __name__ == "__main__":
    _serve(json.loads(sys.argv[1]))
