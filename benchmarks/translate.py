"""How long translating takes.

    python benchmarks/translate.py [--segments N] [--json]

Two exports of 13,000 segments (the product's limit) are made from a seed: one with queries of 400 characters on
average, one with queries at the column's limit of 4,000. Each is read, translated and written as a plan in a process of
its own, whose wall time and peak memory are taken. Then our parser and sqlglot read texts of the same shape and length,
in turn, in this process, and the time per character is compared.

Machines differ and are shared: compare only numbers of one run.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from uuid import UUID

import sqlglot

from migrator.contracts.export_folder import OrganisationRef
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.members import Members, MemberSource
from migrator.mql import Column, Schema, Table, parse_outbound
from migrator.product.codes import LEGACY_QUERY_MAX, SEGMENTS_MAX, LegacyStatus, LegacyType

ORGANISATION = OrganisationRef(UUID(int=1), "https://benchmark.crm.dynamics.com")
COLUMNS = ("address1_city", "jobtitle", "lastname", "address1_country", "emailaddress1")
SCHEMA = Schema(
    {
        "contact": Table(
            "contacts",
            "contactid",
            "fullname",
            {name: Column("String") for name in COLUMNS} | {"age": Column("Integer")},
        )
    }
)
_CHILD = """
import sys
if __name__ == "__main__":
    import time
    from pathlib import Path
    from migrator.commands.prepare import translate_stage
    from migrator.contracts.run_folder import RunFolder, Task
    began = time.monotonic()
    translate_stage(RunFolder(Path(sys.argv[1])), Task())
    print(time.monotonic() - began)
"""


def condition(pick: random.Random) -> tuple[str, str]:
    """One comparison in our language, and the same in SQL."""
    column, number = pick.choice(COLUMNS), pick.randrange(100_000)
    match pick.randrange(3):
        case 0:
            return f"{column} == 'value {number}'", f"{column} = 'value {number}'"
        case 1:
            return f"age > {number}", f"age > {number}"
    return f"ISNOTNULL({column})", f"COALESCE({column})"


def query(pick: random.Random, length: int) -> tuple[str, str]:
    """A query of about `length` characters, and SQL of the same shape."""
    ours, sql = [], []
    size = len("PROFILE(contact).FILTER()")
    while size < length - 40:
        mine, other = condition(pick)
        operator = pick.choice((" && ", " || "))
        ours += [operator, mine]
        sql += [" AND " if operator == " && " else " OR ", other]
        size += len(mine) + 4
    return f"PROFILE(contact).FILTER({''.join(ours[1:])})", "SELECT id FROM contact WHERE " + "".join(sql[1:])  # noqa: S608 - it is only parsed


def make_export(folder: Path, segments: int, length: int) -> None:
    """An export of dynamic segments with queries of `length` characters (a half to one and a half times as long)."""
    pick = random.Random(length)
    writer = ExportWriter(folder, ORGANISATION, "2026-01-01T00:00:00Z")
    rows = []
    for number in range(segments):
        spread = length if length >= LEGACY_QUERY_MAX else int(length * pick.uniform(0.5, 1.5))
        identity = UUID(int=number)
        rows.append(
            {
                "msdyncrm_segmentid": str(identity),
                "msdyncrm_segmentname": f"Segment {number}",
                "msdyncrm_segmenttype": int(LegacyType.DYNAMIC),
                "statuscode": int(LegacyStatus.LIVE),
                "msdyncrm_segmentqueryname": f"SEGMENT_CRM_ID_{identity.hex}",
                "msdyncrm_segmentquery": query(pick, spread)[0],
            }
        )
        writer.no_members(identity, Members(MemberSource.NOT_READ))
    writer.segments(rows)
    writer.metadata(SCHEMA)
    writer.finish()


def translated(segments: int, length: int) -> dict[str, float]:
    """Seconds and MB from reading an export to a written plan, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        run.mkdir()
        (run / "run.json").write_text('{"created": "2026-01-01T00:00:00Z"}')
        make_export(run / "export", segments, length)
        script = Path(folder) / "child.py"
        script.write_text(_CHILD)
        command = [sys.executable, str(script), str(run)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, sum(map(resident, family(process.pid))))
            time.sleep(0.05)
        out, _ = process.communicate()
        if process.returncode:
            raise SystemExit("the translation failed")
        return {"seconds": round(float(out), 1), "peak_mb": round(peak)}


def family(pid: int) -> list[int]:
    """A process and everything below it (Linux)."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(found for child in children for found in family(int(child)))]


def resident(pid: int) -> float:
    """Resident memory of a process, in MB (Linux)."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 2**20
    except (OSError, IndexError):
        return 0.0


def against_sqlglot(texts: int = 60, length: int = 2_000, rounds: int = 5) -> dict[str, float]:
    """Microseconds per character of both parsers, taking turns, and the median of their ratios."""
    pick = random.Random(7)
    pairs = [query(pick, length) for _ in range(texts)]
    parse_outbound(pairs[0][0])
    sqlglot.parse_one(pairs[0][1])
    ratios, ours, theirs = [], [], []
    for _ in range(rounds):
        began = time.perf_counter()
        for text, _ in pairs:
            parse_outbound(text)
        ours.append((time.perf_counter() - began) / sum(len(text) for text, _ in pairs) * 1e6)
        began = time.perf_counter()
        for _, text in pairs:
            sqlglot.parse_one(text)
        theirs.append((time.perf_counter() - began) / sum(len(text) for _, text in pairs) * 1e6)
        ratios.append(ours[-1] / theirs[-1])
    return {
        "ours_us_per_char": round(median(ours), 3),
        "sqlglot_us_per_char": round(median(theirs), 3),
        "ratio": round(median(ratios), 2),
    }


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--segments", metavar="N", type=int, default=SEGMENTS_MAX)
    arguments.add_argument("--json", action="store_true")
    asked = arguments.parse_args()
    segments: int = asked.segments
    short, long = translated(segments, 400), translated(segments, LEGACY_QUERY_MAX)
    parser = against_sqlglot()
    if asked.json:
        print(json.dumps({"segments": segments, "queries_of_400": short, "queries_of_4000": long, "parser": parser}))
        return
    print(f"{segments:,} segments, from reading the export to a written plan")
    for title, measured in (("queries of 400", short), ("queries of 4,000", long)):
        print(f"  {title:<18}{measured['seconds']:>8} s {measured['peak_mb']:>8} MB peak, all processes")
    print(f"Parser, per character: {parser}")


if __name__ == "__main__":
    main()
