"""Who is in 500 segments of 1,000,000 contacts: seconds, memory, hand-written SQL, growth, Spark, and reading the rows.

    python benchmarks/predict.py [predict] [hand] [growth] [spark] [extract] [--contacts N] [--quick] [--json]

predict   500 segments over 1,000,000 contacts, 200,000 accounts and 2,000,000 registrations for events
hand      ten of them, and the same ten answers in hand-written SQL for DuckDB, from the same files
growth    all 500 with a hundredth, a tenth and all of the contacts
spark     the ten on Spark on this machine at the same three sizes, where pyspark and Java are there
extract   1,000,000 contacts read into an export from a stub that gives page after page, against a bare client

Without names all are measured; --quick takes a hundredth. Each answer is computed in a process of its own, and what two
ways answer has to be the same. It takes less than eight minutes on two cores.
"""

# ruff: noqa: E501, S608 - tables of queries; the SQL is ours

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from migrator.base.ids import from_bytes, texts
from migrator.contracts.choices import Choice, Choices
from migrator.contracts.export_folder import OrganisationRef
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.members import Members, MemberSource
from migrator.mql import Column, ManyToOne, Schema, Table
from migrator.product.codes import PAGE_SIZE_MAX, LegacyStatus, LegacyType

KEY, TEXT, NUMBER = Column("Uniqueidentifier"), Column("String"), Column("Integer")
SCHEMA = Schema(
    tables={
        "contact": Table(
            "contacts",
            "contactid",
            "fullname",
            {
                "contactid": KEY, "fullname": TEXT, "emailaddress1": TEXT, "address1_city": TEXT, "jobtitle": TEXT,
                "children": NUMBER, "creditlimit": Column("Money"), "donotemail": Column("Boolean"),
                "birthdate": Column("DateTime"), "createdon": Column("DateTime"), "statecode": Column("State"),
                "parentcustomerid": Column("Lookup", targets=("account",)), "preferred": Column("Picklist"),
            },
        ),
        "account": Table("accounts", "accountid", "name",
                         {"accountid": KEY, "name": TEXT, "revenue": Column("Money"), "industry": Column("Picklist")}),
        "registration": Table("registrations", "registrationid", "name",
                              {"registrationid": KEY, "contactid": Column("Lookup", targets=("contact",)),
                               "event": TEXT, "at": Column("DateTime"), "stars": NUMBER}),
    },
    many_to_one=(
        ManyToOne("contact_customer_accounts", "contact", "parentcustomerid", "account", "accountid"),
        ManyToOne("contact_registrations", "registration", "contactid", "contact", "contactid"),
    ),
)  # fmt: skip
CITIES = ("Oslo", "Paris", "Rome", "Berlin", "Madrid", "Vienna", "Warsaw", "Lisbon")
TITLES = ("Engineer", "Head of Marketing", "Buyer", "Director", "Assistant", "Chief Buyer")
SEGMENTS, TEN = 500, 10
MEMORY = "3GB"
PAGE_SECONDS = 0.25
"""How long the stub takes for a page of 5,000 rows, as an organisation does."""

TEN_QUERIES: list[tuple[str, str]] = [
    ("PROFILE(contact).FILTER(address1_city == 'Oslo')", "lower(address1_city) = 'oslo'"),
    ("PROFILE(contact).FILTER(children >= 2 && donotemail == False)", "children >= 2 AND NOT donotemail"),
    ("PROFILE(contact).FILTER(jobtitle CONTAINS 'buyer')", "contains(lower(jobtitle), 'buyer')"),
    ("PROFILE(contact).FILTER(DATEDIFF(year, birthdate, DATETIMEUTCNOW()) > 60)",
     "2026 - year(birthdate) > 60"),
    ("PROFILE(contact).FILTER(ISNOTNULL(emailaddress1) && creditlimit > 5000)",
     "emailaddress1 IS NOT NULL AND creditlimit > 5000"),
    ("PROFILE(contact).FILTER(address1_city == 'Rome' || preferred == 3)",
     "lower(address1_city) = 'rome' OR preferred = 3"),
    ("PROFILE(account, a).FILTER(a.industry == 4).TRAVERSE(contact_account_parentcustomerid, c)",
     "parentcustomerid IN (SELECT accountid FROM account WHERE industry = 4)"),
    ("PROFILE(account, a).FILTER(a.revenue > 900000).TRAVERSE(contact_account_parentcustomerid, c, FILTER(c.children == 1))",
     "children = 1 AND parentcustomerid IN (SELECT accountid FROM account WHERE revenue > 900000)"),
    ("PROFILE(registration, r).FILTER(r.event == 'Fair 7').TRAVERSE(registration_contact_contactid, c)",
     "contactid IN (SELECT contactid FROM registration WHERE lower(event) = 'fair 7')"),
    ("PROFILE(registration, r).FILTER(r.stars > 3).TRAVERSE(registration_contact_contactid, c, FILTER(c.address1_city == 'Paris'))",
     "lower(address1_city) = 'paris' AND contactid IN (SELECT contactid FROM registration WHERE stars > 3)"),
]  # fmt: skip


# --- data ------------------------------------------------------------------------------------------------------------


def tables(folder: Path, contacts: int) -> Any:
    """The three tables, as an extraction writes them; gives the ids of the contacts."""
    chance = np.random.default_rng(7)
    accounts, registrations = contacts // 5, contacts * 2
    ids, firms = from_bytes(chance.bytes(16 * contacts)), from_bytes(chance.bytes(16 * accounts))
    names, firm_names = pa.array(texts(ids)), pa.array(texts(firms))

    def some(values: pa.Array, number: int, empty: float = 0.0) -> pa.Array:
        mask = chance.random(number) < empty
        return values.take(pa.array(chance.integers(0, len(values), number), mask=mask))

    def moments(number: int) -> pa.Array:
        return pa.array(chance.integers(-900_000_000, 1_750_000_000, number) * 1_000_000).cast(
            pa.timestamp("us", "UTC")
        )

    written = {
        "contact": {
            "contactid": names, "fullname": pa.array([f"Person {n}" for n in range(contacts)]),
            "emailaddress1": pa.array([f"p{n}@mail.example" if n % 9 else None for n in range(contacts)]),
            "address1_city": some(pa.array(CITIES), contacts, 0.05), "jobtitle": some(pa.array(TITLES), contacts, 0.2),
            "children": some(pa.array(range(5)), contacts, 0.1), "creditlimit": pa.array(chance.integers(0, 10_000, contacts)),
            "donotemail": pa.array(chance.random(contacts) < 0.1), "birthdate": moments(contacts),
            "createdon": moments(contacts), "statecode": pa.array((chance.random(contacts) < 0.04).astype("int64")),
            "parentcustomerid": some(firm_names, contacts, 0.3), "preferred": some(pa.array(range(6)), contacts),
        },
        "account": {
            "accountid": firm_names, "name": pa.array([f"Firm {n}" for n in range(accounts)]),
            "revenue": pa.array(chance.integers(0, 1_000_000, accounts)), "industry": some(pa.array(range(20)), accounts),
        },
        "registration": {
            "registrationid": pa.array(texts(from_bytes(chance.bytes(16 * registrations)))),
            "contactid": some(names, registrations), "event": some(pa.array([f"Fair {n}" for n in range(50)]), registrations),
            "at": moments(registrations), "stars": some(pa.array(range(6)), registrations, 0.1),
        },
    }  # fmt: skip
    for name, columns in written.items():
        (folder / "tables" / name).mkdir(parents=True)
        pq.write_table(pa.table(columns), folder / "tables" / name / "part-00001.parquet", compression="zstd")
    return ids


def query(pick: random.Random, number: int) -> str:
    """One query of the kinds that people have, with other values each time."""
    contact = (
        f"{{0}}address1_city == '{pick.choice(CITIES)}'", f"{{0}}children >= {pick.randrange(5)}",
        f"{{0}}jobtitle CONTAINS '{pick.choice(TITLES)[:4]}'", f"{{0}}creditlimit > {pick.randrange(10_000)}",
        f"{{0}}donotemail == {pick.choice(('True', 'False'))}", f"{{0}}preferred == {pick.randrange(6)}",
        f"{{0}}birthdate < '{pick.randrange(1950, 2010)}-01-01'", "ISNOTNULL({0}emailaddress1)",
        f"DATEDIFF(year, {{0}}createdon, DATETIMEUTCNOW()) > {pick.randrange(40)}",
    )  # fmt: skip

    def some(alias: str) -> str:
        operator = pick.choice((" && ", " || "))
        return operator.join(one.format(alias) for one in pick.sample(contact, pick.randrange(1, 4)))

    match number % 10:
        case 0 | 1:
            return (
                f"PROFILE(account, a).FILTER(a.revenue > {pick.randrange(1_000_000)})"
                f".TRAVERSE(contact_account_parentcustomerid, c, FILTER({some('c.')}))"
            )
        case 2 | 3:
            asked = pick.choice((f"r.event == 'Fair {pick.randrange(50)}'", f"r.stars > {pick.randrange(5)}"))
            return f"PROFILE(registration, r).FILTER({asked}).TRAVERSE(registration_contact_contactid, c)"
        case 4:
            way = pick.choice(("UNION", "INTERSECT", "EXCEPT"))
            return f"PROFILE(contact).FILTER({some('')}) {way} PROFILE(contact).FILTER({some('')})"
        case 5:
            other = number - pick.randrange(1, 5)
            return f"SEGMENT(SEGMENT_CRM_ID_{key(other).hex}) {pick.choice(('UNION', 'EXCEPT'))} PROFILE(contact).FILTER({some('')})"
    return f"PROFILE(contact).FILTER({some('')})"


def key(number: int) -> UUID:
    """The id of a segment."""
    return UUID(int=0x5E << 120 | number)


def make(folder: Path, contacts: int) -> None:
    """Two runs with their plans: `all` with 500 segments, and `ten`; they share their tables."""
    from migrator.commands.prepare import take_export, translate_stage
    from migrator.contracts.run_folder import Task, new_run

    ids = tables(folder, contacts)
    pick = random.Random(5)
    for name in ("all", "ten"):
        writer = ExportWriter(folder / name / "export", OrganisationRef(UUID(int=1), "https://big.crm4.dynamics.com"),
                              "2026-04-20T08:00:00Z")  # fmt: skip
        rows = []
        for number in range(SEGMENTS if name == "all" else TEN):
            static = name == "all" and number % 25 == 24
            words = TEN_QUERIES[number][0] if name == "ten" else query(pick, number)
            rows.append({
                "msdyncrm_segmentid": str(key(number)), "msdyncrm_segmentname": f"Segment {number}",
                "msdyncrm_segmenttype": int(LegacyType.STATIC if static else LegacyType.DYNAMIC),
                "statuscode": int(LegacyStatus.LIVE), "msdyncrm_segmentquery": "" if static else words,
                "msdyncrm_segmentqueryname": f"SEGMENT_CRM_ID_{key(number).hex}",
            })  # fmt: skip
        writer.segments(rows)
        for number, row in enumerate(rows):
            if not row["msdyncrm_segmentquery"]:
                writer.members(key(number), ids[number::10], Members(MemberSource.SERVICE))
        writer.metadata(SCHEMA)
        writer.finish()
        run = new_run(folder / name / "runs", "", dry_run=True)
        take_export(run, folder / name / "export")
        translate_stage(run, Task(choices=Choices(Choice.TRANSLATE, Choice.TRANSLATE)))
        shutil.move(run.path, folder / name / "run")


# --- answers ---------------------------------------------------------------------------------------------------------


def ours(folder: Path, name: str, engine: str) -> list[list[Any]]:
    """What the command answers: per segment the people of the original, of what is planned, and those who differ."""
    from migrator.base.progress import Silent
    from migrator.commands.predict import predict
    from migrator.commands.report import plan_of
    from migrator.contracts.run_folder import RunFolder
    from migrator.evaluator.engines import engine as engine_named

    run = RunFolder(folder / name / "run")
    found = predict(
        run, plan_of(run), Silent(), tables=folder / "tables", memory=MEMORY, engine=engine_named(engine, "")
    )
    return sorted(
        [one.name, one.legacy, one.predicted, one.inactive, one.missing + one.surplus] for one in found.segments
    )


def by_hand(folder: Path) -> list[list[Any]]:
    """The ten answers in SQL, as somebody would write it who knows the case."""
    import duckdb

    with tempfile.TemporaryDirectory() as place:
        settings: dict[str, str | bool | int | float | list[str]] = {"memory_limit": MEMORY, "temp_directory": place}
        database = duckdb.connect(config=settings)
        database.execute("SET preserve_insertion_order = false")
        for name, columns in {
            "contact": "contactid, emailaddress1, address1_city, jobtitle, children, creditlimit, donotemail, birthdate, "
                       "statecode, parentcustomerid, preferred",
            "account": "accountid, revenue, industry", "registration": "contactid, event, stars",
        }.items():  # fmt: skip
            database.execute(f"CREATE TABLE {name} AS SELECT {columns} FROM '{folder}/tables/{name}/*.parquet'")
        rows: list[list[Any]] = []
        sets = []
        for number, (_, condition) in enumerate(TEN_QUERIES):
            before, after = f"before_{number}", f"after_{number}"
            database.execute(f"CREATE TEMP TABLE {before} AS SELECT contactid FROM contact WHERE {condition}")
            database.execute(
                f"CREATE TEMP TABLE {after} AS SELECT contactid FROM contact WHERE statecode = 0 AND ({condition})"
            )
            told = database.execute(
                f"""SELECT (SELECT count(*) FROM {before}), (SELECT count(*) FROM {after}),
                (SELECT count(*) FROM {before} ANTI JOIN {after} USING (contactid)
                 SEMI JOIN (SELECT contactid FROM contact WHERE statecode = 1) USING (contactid)),
                (SELECT count(*) FROM {before} ANTI JOIN {after} USING (contactid)
                 SEMI JOIN (SELECT contactid FROM contact WHERE statecode = 0) USING (contactid))
                + (SELECT count(*) FROM {after} ANTI JOIN {before} USING (contactid))"""
            ).fetchone()
            rows.append([f"Segment {number}", *(told or ())])
            sets.append((before, after))
        for side in (0, 1):  # everybody who gets mail, before and after
            everybody = " UNION ALL ".join(f"SELECT contactid FROM {one[side]}" for one in sets)
            database.execute(f"CREATE TEMP TABLE people_{side} AS SELECT DISTINCT contactid FROM ({everybody})")
        database.execute("SELECT count(*) FROM people_0 ANTI JOIN people_1 USING (contactid)").fetchone()
        database.execute(
            f"COPY (FROM people_0 ANTI JOIN people_1 USING (contactid) ORDER BY contactid) TO '{place}/lost.csv'"
        )
        database.close()
        return sorted(rows)


def answered(folder: Path, who: str, name: str = "all") -> dict[str, Any]:
    """One answer from a process of its own: rows, seconds, seconds of processors, megabytes at most."""
    command = [sys.executable, "-W", "ignore", __file__, "--answer", who, name, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        output = process.stdout.read() if process.stdout else ""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    found: dict[str, Any] = json.loads(output)
    return found | {"megabytes": used.ru_maxrss / 1024}


def answer(who: str, name: str, folder: Path) -> None:
    """Compute an answer here and print it."""
    import duckdb  # noqa: F401 - nobody is charged for importing

    import migrator.commands.predict
    import migrator.commands.report  # noqa: F401

    if who == "spark":
        import pyspark.sql  # noqa: F401
    began, used = time.perf_counter(), time.process_time()
    rows = by_hand(folder) if who == "hand" else ours(folder, name, "duckdb" if who == "ours" else who)
    print(json.dumps({"rows": rows, "seconds": time.perf_counter() - began, "cpu": time.process_time() - used}))


# --- reading rows ----------------------------------------------------------------------------------------------------


class Pages(BaseHTTPRequestHandler):
    """Gives contacts a page at a time, each after as long as an organisation takes."""

    protocol_version = "HTTP/1.1"
    contacts = 0

    def do_GET(self) -> None:
        """Who am I, or a page of contacts."""
        if "WhoAmI" in self.path:
            body = json.dumps(dict.fromkeys(("OrganizationId", "BusinessUnitId", "UserId"), str(key(1)))).encode()
        else:
            began = time.perf_counter()
            at = int((re.search(r"after=(\d+)", self.path) or [0, 0])[1])
            end = min(at + PAGE_SIZE_MAX, self.contacts)
            rows = ",".join(
                f'{{"@odata.etag":"W/\\"{n}\\"","contactid":"{n:08x}-0000-4000-8000-000000000000","fullname":"Person {n}",'
                f'"address1_city":"Oslo","children":{n % 5},"creditlimit":{n}.5,"donotemail":false,"statecode":0,'
                f'"createdon":"2024-05-06T07:08:09Z","_parentcustomerid_value":"{n:08x}-0000-4000-8000-000000000001"}}'
                for n in range(at, end)
            )
            host = self.headers["Host"]
            following = (
                f'"@odata.nextLink":"http://{host}/api/data/v9.2/contacts?after={end}",' if end < self.contacts else ""
            )
            body = f'{{{following}"value":[{rows}]}}'.encode()
            time.sleep(max(0.0, PAGE_SECONDS - (time.perf_counter() - began)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def serve(contacts: int) -> None:
    """The stub, in a process of its own."""
    Pages.contacts = contacts
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


def extract(address: str, folder: Path) -> None:
    """Read the contacts as an extraction does, and print how many."""
    from migrator.base.progress import Silent
    from migrator.dataverse.connect import connect
    from migrator.dataverse.tables import retrieve_rows
    from migrator.extractor.tables import TableReading

    columns = ("contactid", "fullname", "address1_city", "children", "creditlimit", "donotemail", "statecode", "createdon",
               "parentcustomerid")  # fmt: skip

    async def work() -> int | None:
        async with await connect(address) as client:
            reading = TableReading(folder, "contact", SCHEMA.tables["contact"], columns, "benchmark")
            with Silent().step("", None) as step:
                read = await reading.run(lambda table, names, after: retrieve_rows(client, table, names, after), step)
            return read.rows

    began = time.perf_counter()
    rows = asyncio.run(work())
    print(json.dumps({"rows": rows, "seconds": time.perf_counter() - began, "cpu": time.process_time()}))


def bare(address: str) -> float:
    """Seconds of a client that follows the pages and reads nothing of them."""
    began, page = time.perf_counter(), f"{address}/api/data/v9.2/contacts"
    while page:
        with urllib.request.urlopen(page) as answer:  # noqa: S310 - the stub's own address
            found = re.match(rb'\{"@odata\.nextLink":"([^"]+)"', answer.read())
        page = found[1].decode() if found else ""
    return time.perf_counter() - began


def extraction(contacts: int) -> dict[str, Any]:
    """Reading the rows: seconds, memory, and how near that is to pages alone."""
    with tempfile.TemporaryDirectory() as folder:
        stub = subprocess.Popen([sys.executable, __file__, "--serve", str(contacts)], stdout=subprocess.PIPE, text=True)
        try:
            port = stub.stdout.readline().strip() if stub.stdout else ""
            command = [sys.executable, __file__, "--extract", f"http://127.0.0.1:{port}", folder]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
                output = process.stdout.read() if process.stdout else ""
                _, status, used = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            found = json.loads(output)
            if found["rows"] != contacts:
                raise SystemExit(f"{found['rows']} of {contacts} contacts were read")
            alone = bare(f"http://127.0.0.1:{port}")
        finally:
            stub.kill()
            stub.wait()
    return {
        "seconds": found["seconds"], "bare_seconds": alone, "ratio_to_pages": alone / found["seconds"],
        "megabytes": used.ru_maxrss / 1024, "rows_per_second": contacts / found["seconds"],
    }  # fmt: skip


# --- measures --------------------------------------------------------------------------------------------------------


def has_spark() -> str:
    """Why Spark is not measured; empty where it is there."""
    from importlib.util import find_spec

    from migrator.evaluator.spark import java

    return "pyspark is not installed" if find_spec("pyspark") is None else "" if java() else "Java is not installed"


def measured(names: list[str], contacts: int, told: Callable[[str], None]) -> dict[str, Any]:
    """Every measure that is asked for."""
    result: dict[str, Any] = {"contacts": contacts, "segments": SEGMENTS}
    why_no_spark = has_spark() if "spark" in names else ""
    if why_no_spark:
        told(f"spark: not measured, {why_no_spark}")
    sizes = [contacts // 100, contacts // 10, contacts] if {"growth", "spark"} & {*names} else [contacts]
    for size in [size for size in sizes if size >= 1_000]:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            # In a process of its own: a child is charged for the memory of whoever starts it.
            subprocess.run([sys.executable, __file__, "--make", str(folder), str(size)], check=True)
            whole = size == contacts
            if (whole and {"predict", "hand"} & {*names}) or "growth" in names:
                found = answered(folder, "ours")
                unknown = sum(row[1] is None or row[2] is None for row in found.pop("rows"))
                result[f"predict_{size}"] = found | {"per_segment": found["seconds"] / SEGMENTS, "unknown": unknown}
                told(f"{size:>9,} contacts, {SEGMENTS} segments: {found['seconds']:.1f} s, {found['cpu']:.1f} s of processors, "
                     f"{found['megabytes']:,.0f} MB, {unknown} not evaluated")  # fmt: skip
            if whole and "hand" in names:
                each = [answered(folder, who, "ten") for who in ("hand", "ours", "hand", "ours")]  # the disk gets warm
                if each[2]["rows"] != each[3]["rows"]:
                    raise SystemExit(f"the answers differ: {each[2]['rows']} and {each[3]['rows']}")
                hand, mine = each[2], each[3]
                result["hand"] = {"ours": mine["seconds"], "by_hand": hand["seconds"], "ratio": mine["seconds"] / hand["seconds"],
                                  "cpu_ratio": mine["cpu"] / hand["cpu"]}  # fmt: skip
                told(f"ten queries: {mine['seconds']:.2f} s, by hand {hand['seconds']:.2f} s: ratio "
                     f"{result['hand']['ratio']:.2f} in seconds, {result['hand']['cpu_ratio']:.2f} in processor time")  # fmt: skip
            if "spark" in names and not why_no_spark:
                theirs, mine = answered(folder, "spark", "ten"), answered(folder, "ours", "ten")
                if theirs["rows"] != mine["rows"]:
                    raise SystemExit(f"the answers differ: {theirs['rows']} and {mine['rows']}")
                result[f"spark_{size}"] = {"spark": theirs["seconds"], "duckdb": mine["seconds"]}
                told(
                    f"{size:>9,} contacts, ten queries: Spark {theirs['seconds']:.1f} s, DuckDB {mine['seconds']:.1f} s"
                )
    if "extract" in names:
        result["extract"] = extraction(contacts)
        found = result["extract"]
        told(f"{contacts:,} rows read in {found['seconds']:.1f} s with {found['megabytes']:,.0f} MB; pages alone take "
             f"{found['bare_seconds']:.1f} s: ratio {found['ratio_to_pages']:.2f}")  # fmt: skip
    return result


def main() -> None:
    """Measure and print."""
    every = ["predict", "hand", "growth", "spark", "extract"]
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("measures", nargs="*", metavar="MEASURE", default=[])
    arguments.add_argument("--contacts", type=int, default=1_000_000)
    arguments.add_argument("--quick", action="store_true", help="a hundredth of everything")
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--make", nargs=2, help=argparse.SUPPRESS)
    arguments.add_argument("--answer", nargs=3, help=argparse.SUPPRESS)
    arguments.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    arguments.add_argument("--extract", nargs=2, help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    if asked.make:
        make(Path(asked.make[0]), int(asked.make[1]))
    elif asked.answer:
        answer(asked.answer[0], asked.answer[1], Path(asked.answer[2]))
    elif asked.serve:
        serve(asked.serve)
    elif asked.extract:
        extract(asked.extract[0], Path(asked.extract[1]))
    else:
        if unknown := {*asked.measures} - {*every}:
            arguments.error(f"there is no measure {', '.join(sorted(unknown))}")
        contacts = asked.contacts // 100 if asked.quick else asked.contacts
        result = measured(
            asked.measures or every, contacts, (lambda _: None) if asked.json else lambda line: print(line, flush=True)
        )
        if asked.json:
            print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
