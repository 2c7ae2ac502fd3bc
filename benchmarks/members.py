"""2,000,000 members, extracted, cleaned, planned and written: how much memory does that take?

    python benchmarks/members.py [--members N] [--json]

extract   from a stub of the outbound service, which only gives pages: the sandbox evaluates real queries, which would
          take hours
import    from a CSV file, with repeated and unreadable ids in it
plan      what `migrator translate` makes of the export

Each is a process of its own, of which the most memory it ever held is read.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from scaled import ID, person, write_export

SEGMENT = "5ca1ed00-0000-4000-8000-0000000000a1"


def measured(*command: str) -> tuple[float, int]:
    """Run a command of the product; gives its seconds and the most megabytes it held."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "migrator", *command], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 3):
        raise SystemExit(f"migrator {' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - began, used.ru_maxrss // 1024


class Stub(BaseHTTPRequestHandler):
    """Answers as the outbound service does, for one segment."""

    protocol_version = "HTTP/1.1"
    members = 0

    def do_GET(self) -> None:
        """Who am I, the row of the segment, and no metadata."""
        if "WhoAmI" in self.path:
            self.say({"OrganizationId": str(ID), "BusinessUnitId": str(ID), "UserId": str(ID)})
        elif "msdyncrm_segments" in self.path:
            row = {
                "msdyncrm_segmentid": SEGMENT,
                "msdyncrm_segmentname": "Everybody",
                "msdyncrm_segmenttype": 192350001,
                "statuscode": 192350001,
                "msdyncrm_segmentsize": self.members,
                "msdyncrm_segmentqueryname": "SEGMENT_CRM_ID_X",
            }
            self.say({"value": [row]})
        else:
            self.say({"error": {"code": "0x80040217", "message": "none"}}, 404)

    def do_POST(self) -> None:
        """One page of members, or that nothing is pending."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "SegmentMembersUpdate" in self.path:
            self.say({"State": "completed"})
            return
        query = str(body["Query"])
        first, count = (int(query.split(word + "(")[1].split(")", maxsplit=1)[0]) for word in ("SKIP", "TAKE"))
        page = [{"contactid": str(person(n))} for n in range(first, min(first + count, self.members))]
        self.say({"Response": json.dumps(page)})

    def say(self, content: Any, status: int = 200) -> None:
        """Answer."""
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def serve(members: int) -> None:
    """The stub, in a process of its own."""
    Stub.members = members
    with ThreadingHTTPServer(("127.0.0.1", 0), Stub) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--members", type=int, default=2_000_000)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    if asked.serve:
        serve(asked.members)
        return
    result: dict[str, Any] = {"members": asked.members}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, __file__, "--serve", "--members", str(asked.members)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as stub:
            port = stub.stdout.readline().strip() if stub.stdout else ""
            out = ("--out", str(folder / "runs"), "--quiet")
            result["extract_seconds"], result["extract_mb"] = measured(
                "extract", "--org", f"http://127.0.0.1:{port}", *out
            )
            stub.kill()
        export = write_export(folder / "export", [1], 0, 1)
        with (folder / "Segment 0.csv").open("w") as file:
            file.write("Customer ID,Name\n")
            for number in range(asked.members):
                file.write(f"{person(number)},Somebody\n")
                if number % 1000 == 0:
                    file.write(f"{person(number)},Again\nnobody,Nobody\n")
        take = ("import-members", str(folder / "Segment 0.csv"), "--export", str(export), "--replace", "--quiet")
        result["import_seconds"], result["import_mb"] = measured(*take)
        result["plan_seconds"], result["plan_mb"] = measured("translate", "--from", str(export), *out)
        counts = [json.loads(path.read_text())["counts"]["members"] for path in folder.rglob("manifest.json")]
    if set(counts) != {asked.members}:
        raise SystemExit(f"members were lost or added: {counts}")
    if asked.json:
        print(json.dumps(result, indent=1))
        return
    for key, value in result.items():
        print(f"{key.replace('_', ' '):<24}{value:>12,.1f}" if isinstance(value, float) else f"{key:<24}{value:>12,}")


if __name__ == "__main__":
    main()
