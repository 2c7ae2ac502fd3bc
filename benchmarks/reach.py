"""Who will be mailed, of 2,000,000 members with 3,000,000 records of consent: seconds, memory, and hand-written SQL.

    python benchmarks/reach.py [--members N] [--records N] [--json]

Both answers are computed in a process of their own, from the same files, and must be the same.
"""

# ruff: noqa: S608 - the SQL is ours

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from migrator.base.ids import from_bytes, texts
from migrator.base.progress import Silent
from migrator.contracts.consent import CONSENT, CONTACTS, PROFILE, PURPOSE, TABLES, contact_table, table_file
from migrator.contracts.export_folder import OrganisationRef
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.members import Members, MemberSource
from migrator.product.codes import (
    ConsentFor,
    ConsentValue,
    ContactPoint,
    EnforcementModel,
    LegacyStatus,
    LegacyType,
    PurposeType,
)

SEGMENTS = 40
PURPOSES = {"Commercial": EnforcementModel.NON_RESTRICTIVE, "Strict": EnforcementModel.RESTRICTIVE}


def key(kind: int, number: int) -> str:
    """An id that is made up."""
    return str(UUID(int=(kind << 96) + number))


def make(folder: Path, members: int, records: int) -> None:
    """An export with everybody in one of 40 segments and every tenth in a second one, and its tables."""
    chance = np.random.default_rng(18)
    ids = from_bytes(chance.bytes(16 * members))
    writer = ExportWriter(folder, OrganisationRef(UUID(int=1), "https://big.crm4.dynamics.com"), "2026-04-20T08:00:00Z")
    rows = [
        {
            "msdyncrm_segmentid": key(1, n),
            "msdyncrm_segmentname": f"Segment {n}",
            "msdyncrm_segmenttype": int(LegacyType.STATIC),
            "statuscode": int(LegacyStatus.LIVE),
        }
        for n in range(SEGMENTS)
    ]
    writer.segments(rows)
    size = -(-members // SEGMENTS)
    for n in range(SEGMENTS):
        own, other = ids[n * size : (n + 1) * size], ids[((n + 1) % SEGMENTS) * size :][: size // 10]
        writer.members(UUID(key(1, n)), np.concatenate([own, other]), Members(MemberSource.SERVICE))
    writer.finish()
    (folder / "tables").mkdir()
    names = texts(ids)
    addresses = pa.array([f"person{n}@mail{n % 997}.example" if n % 25 else None for n in range(members)])
    contacts: dict[str, Any] = {
        "contactid": names,
        "donotemail": chance.random(members) < 0.05,
        "donotbulkemail": chance.random(members) < 0.05,
        "statecode": (chance.random(members) < 0.03).astype("int32"),
        "emailaddress1": addresses,
    }
    columns = list(contact_table("emailaddress1").columns)
    pq.write_table(pa.table({name: contacts[name] for name in columns}), table_file(folder, CONTACTS))
    purposes = [key(2, n) for n in range(len(PURPOSES))]
    who = chance.integers(0, members, records)
    about = chance.integers(0, len(PURPOSES), records)
    consent = {
        "msdynmkt_contactpointvalue": [f"Person{n}@mail{n % 997}.example" for n in who.tolist()],
        "msdynmkt_contactpointtype": np.full(records, int(ContactPoint.EMAIL), "int32"),
        "msdynmkt_contactpointconsenttype": np.full(records, int(ConsentFor.PURPOSE), "int32"),
        "msdynmkt_purposeid": pa.DictionaryArray.from_arrays(pa.array(about), pa.array(purposes)).cast(pa.string()),
        "msdynmkt_topicid": pa.nulls(records, pa.string()),
        "msdynmkt_value": chance.choice([int(one) for one in ConsentValue], records, p=[0.1, 0.6, 0.3]).astype("int32"),
    }
    pq.write_table(pa.table({name: consent[name] for name in TABLES[CONSENT].columns}), table_file(folder, CONSENT))
    settings = {
        "msdynmkt_purposeid": purposes,
        "msdynmkt_name": list(PURPOSES),
        "msdynmkt_type": [int(PurposeType.COMMERCIAL)] * len(PURPOSES),
        "msdynmkt_enforcementmodel": [int(one) for one in PURPOSES.values()],
    }
    pq.write_table(pa.table(settings), table_file(folder, PURPOSE))
    profile = {"msdynmkt_compliancesettings4id": [key(3, 1)], "msdynmkt_name": ["Only"]}
    pq.write_table(pa.table(profile), table_file(folder, PROFILE))


def ours(folder: Path) -> list[list[Any]]:
    """What the command answers, lists of ids included."""
    from migrator.commands.reach import Place, Wish, reach

    found = reach(Place(folder, folder), Wish(), Silent())
    shown = sorted(found.segments, key=lambda one: str(one.legacy_id))
    return [
        [str(one.legacy_id), one.numbers.members, one.numbers.reached_before, one.numbers.reached_after,
         one.numbers.lost, one.numbers.newly_reached, one.numbers.said_no]
        for one in shown
    ]  # fmt: skip


def by_hand(folder: Path) -> list[list[Any]]:
    """The same answer in SQL, as somebody who knows the case would write it: numbers, totals, and one list of ids."""
    import duckdb

    with tempfile.TemporaryDirectory() as place:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": "700MB",
            "threads": 2,
            "temp_directory": place,
        }
        database = duckdb.connect(config=config)
        run = database.execute
        run("SET preserve_insertion_order = false")
        run(
            f"""CREATE TABLE member AS SELECT parse_filename(filename, true) AS segment, contactid AS id
            FROM read_csv('{folder}/members/*.csv', header = true, columns = {{'contactid': 'UUID'}},
            auto_detect = false, filename = true)"""
        )
        run(
            f"""CREATE TABLE consent AS SELECT lower(trim(msdynmkt_contactpointvalue)) AS address,
            max(CASE msdynmkt_value WHEN {int(ConsentValue.OPTED_OUT)} THEN 2 WHEN {int(ConsentValue.OPTED_IN)} THEN 1
            ELSE 0 END) FILTER (msdynmkt_purposeid = '{key(2, 0)}') AS said,
            max(CASE msdynmkt_value WHEN {int(ConsentValue.OPTED_OUT)} THEN 2 WHEN {int(ConsentValue.OPTED_IN)} THEN 1
            ELSE 0 END) FILTER (msdynmkt_purposeid = '{key(2, 1)}') AS strictly
            FROM read_parquet('{table_file(folder, CONSENT)}')
            WHERE msdynmkt_contactpointtype = {int(ContactPoint.EMAIL)} GROUP BY 1"""
        )
        run(
            f"""CREATE TABLE person AS SELECT contactid::UUID AS id, coalesce(said, 0) AS said,
            emailaddress1 IS NOT NULL AND statecode = 0 AS there, NOT (donotemail OR donotbulkemail) AS willing,
            there AND willing AS was, there AND coalesce(said, 0) < 2 AS will, there AND strictly = 1 AS strictly_will
            FROM read_parquet('{table_file(folder, CONTACTS)}')
            LEFT JOIN consent ON address = lower(trim(emailaddress1))"""
        )
        rows = run(
            """SELECT segment, count(*), count(*) FILTER (was), count(*) FILTER (will),
            count(*) FILTER (was AND NOT will), count(*) FILTER (NOT was AND will),
            count(*) FILTER (NOT was AND will AND said != 1) FROM member JOIN person USING (id) GROUP BY 1 ORDER BY 1"""
        ).fetchall()
        run(
            """SELECT was, will, strictly_will, count(*) FROM (SELECT DISTINCT id FROM member) JOIN person USING (id)
            GROUP BY ALL"""
        ).fetchall()
        run(
            f"""COPY (SELECT segment, id, was, will, said FROM member JOIN person USING (id) WHERE was != will
            ORDER BY segment, id) TO '{place}/lists.csv'"""
        )
        database.close()
        return [list(row) for row in rows]


def main() -> None:
    """Make the data, and measure both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=2_000_000)
    parser.add_argument("--records", type=int, default=3_000_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--make", metavar="FOLDER", help=argparse.SUPPRESS)
    parser.add_argument("--answer", nargs=2, metavar=("WHO", "FOLDER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.answer:
        who, folder = asked.answer
        import duckdb  # noqa: F401 - neither is charged for importing

        import migrator.commands.reach  # noqa: F401

        began, used = time.perf_counter(), time.process_time()
        rows = (ours if who == "ours" else by_hand)(Path(folder))
        seconds = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        cpu = time.process_time() - used
        print(json.dumps({"rows": rows, "seconds": seconds, "cpu": cpu, "megabytes": peak}))
        return
    if asked.make:
        make(Path(asked.make), asked.members, asked.records)
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "export"
        # In a process of its own: a child is charged for the memory of whoever starts it.
        amounts = ["--members", str(asked.members), "--records", str(asked.records)]
        subprocess.run([sys.executable, __file__, "--make", str(folder), *amounts], check=True)
        found: dict[str, dict[str, Any]] = {}
        for who in ("hand", "ours") * 3:  # the quickest of each counts, since machines are shared
            command = [sys.executable, __file__, "--answer", who, str(folder)]
            shown = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            found[who] = min(found.get(who, shown), shown, key=lambda one: one["seconds"])
            if not asked.json:
                print(
                    f"{who}: {shown['seconds']:.1f} s, {shown['cpu']:.1f} s of processors, "
                    f"{shown['megabytes']:,.0f} MB",
                    flush=True,
                )
    if found["ours"]["rows"] != found["hand"]["rows"]:
        raise SystemExit("the answers differ")
    if asked.json:
        measured = {who: {name: one[name] for name in ("seconds", "cpu", "megabytes")} for who, one in found.items()}
        print(json.dumps({"segments": len(found["ours"]["rows"]), **measured}))
        return
    print(f"the same answer for {len(found['ours']['rows'])} segments")
    print(f"ratio: {found['ours']['seconds'] / found['hand']['seconds']:.2f} in seconds, "
          f"{found['ours']['cpu'] / found['hand']['cpu']:.2f} in processor time")  # fmt: skip


if __name__ == "__main__":
    main()
