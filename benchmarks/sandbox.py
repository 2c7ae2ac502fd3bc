"""Is the sandbox quick and small enough to measure others with it?

    python benchmarks/sandbox.py [--members N] [--json]

Adds members in calls of 1,000 ids, one call after the other over one connection, to a sandbox in a process of its own,
and reads what that process used of processor and memory.
"""

from __future__ import annotations

import argparse
import http.client
import json
import time
from urllib.parse import urlsplit
from uuid import UUID

from scaled import definition, serving, synthetic

from migrator.product.codes import GROUPS_PER_DEFINITION, MEMBERS_PER_CALL, MEMBERS_PER_GROUP

PER_SEGMENT = GROUPS_PER_DEFINITION * MEMBERS_PER_GROUP


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--members", type=int, default=10_000_000)
    arguments.add_argument("--json", action="store_true")
    asked = arguments.parse_args()
    with serving() as server:
        address = urlsplit(server.address)
        connection = http.client.HTTPConnection(str(address.hostname), address.port or 80)

        def post(path: str, body: object) -> None:
            text = json.dumps(body)
            connection.request("POST", f"/api/data/v9.2/{path}", text, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
            if answer.status >= 300:
                raise SystemExit(f"{answer.status}: {content!r}")

        groups = []
        for number in range(-(-asked.members // PER_SEGMENT)):
            segment, rows, ids = definition(number, GROUPS_PER_DEFINITION)
            post("msdynmkt_segmentdefinitions", rows[0])
            post("msdynmkt_segments", rows[1])
            groups += [(segment, group) for group in ids]
        began, cpu = time.perf_counter(), server.cpu()
        for sent in range(0, asked.members, MEMBERS_PER_CALL):
            segment, group = groups[sent // MEMBERS_PER_GROUP]
            members = [str(UUID(int=synthetic(sent + offset))) for offset in range(MEMBERS_PER_CALL)]
            post("msdynmkt_AddStaticMembers", {"SegmentId": segment, "GroupId": group, "EntityIds": members})
        seconds, used = time.perf_counter() - began, server.cpu() - cpu
        calls = -(-asked.members // MEMBERS_PER_CALL)
        result = {
            "memberships": asked.members,
            "calls": calls,
            "seconds": round(seconds, 1),
            "sandbox_cpu_seconds": round(used, 1),
            "calls_per_second_of_one_core": round(calls / used),
            "sandbox_memory_mb": server.memory(),
        }
    if asked.json:
        print(json.dumps(result, indent=1))
        return
    for name, value in result.items():
        print(f"{name.replace('_', ' '):<30}{value:>14,}")


if __name__ == "__main__":
    main()
