"""Loading, measured against a sandbox that delays and throttles as the product does.

    python benchmarks/load.py [throughput] [memory] [limits] [accounts] [--quick] [--json]

throughput  1,000,000 members in 200 segments at 80 ms: against the ceiling that the service protection allows, against
            a plain sequential script, and against Microsoft's client for Python
memory      one segment with 2,000,000 members, from the export to verified
limits      10,000 static and 3,000 dynamic segments, and a quarter of them: does the cost grow linearly?
accounts    two application users against one, where the limit of an account binds

Without names all four are measured; --quick takes a tenth of each.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import re
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scaled import Serving, definition, person, serving, write_export

from migrator.product.codes import MEMBERS_PER_CALL, MEMBERS_PER_GROUP
from migrator.sandbox.chaos import Profile

LATENCY = 0.08
AT_A_TIME = 48
SCALE = 20.0
"""The window of the sandbox is 300 s divided by this; requests and execution time with it, so the rates are real."""


_WRITE = re.compile(r"POST msdynmkt_(segment|AddStaticMembers|Publish)")


def _moment(line: str) -> float:
    return datetime.strptime(line[:23], "%Y-%m-%d %H:%M:%S,%f").astimezone().timestamp()


def migrate(folder: Path, server: Serving, *options: str, **environment: str) -> dict[str, Any]:
    """Translate and load the export in `folder` as a user would; gives times, memory and the journal's size."""
    out = folder / f"runs-{time.monotonic_ns()}"
    command = [
        sys.executable,
        "-m",
        "migrator",
        "run",
        "--from",
        str(folder / "export"),
        "--other-organisation",
        "--yes",
    ]
    command += ["--org", server.address, "--out", str(out), "--quiet", *options]
    began = time.perf_counter()
    process = subprocess.Popen(command, env={**os.environ, **environment})
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if os.waitstatus_to_exitcode(status) not in (0, 3):
        raise SystemExit(f"{command} ended with {os.waitstatus_to_exitcode(status)}")
    run = next(out.iterdir())
    with closing(sqlite3.connect(run / "journal.db")) as journal:
        first, last = journal.execute("SELECT min(intended_at), max(confirmed_at) FROM steps").fetchone()
        writes = journal.execute("SELECT count(*) FROM steps").fetchone()[0]
    # Everything that was asked for until the last write was answered.
    asked = [line for line in (run / "run.log").read_text().splitlines() if " INFO migrator.dataverse " in line]
    until = max(number for number, line in enumerate(asked, start=1) if _WRITE.search(line))
    later = (
        datetime.fromisoformat(first) + timedelta(seconds=float(environment.get("MIGRATOR_WINDOW", 0)))
    ).timestamp()
    refused = [line for line in asked if re.search(r" 429 \d+ ms", line) and _moment(line) > later]
    writing = (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()
    look = json.loads((run / "verification-001.json").read_text())
    return {
        "seconds": seconds,
        "writing_seconds": writing,
        "writes": writes,
        "requests": until,
        "refused_later": len(refused),
        "memory_mb": used.ru_maxrss // 1024,
        "processor_seconds": used.ru_utime + used.ru_stime,
        "journal_mb": sum(path.stat().st_size for path in run.glob("journal.db*")) / 1e6,
        "verified": sum(entry["match"] == "equal" for entry in look["segments"]),
    }


# --- throughput ------------------------------------------------------------------------------------------------------


def all_knowing(requests: int, profile: Profile) -> float:
    """Seconds of a client that knows all limits: every window full from its first moment on, at full concurrency.

    It makes more of a short job than the ceiling allows in the long run, since its first window is a gift.
    """
    each = 6000 / profile.scale * profile.servers
    whole, rest = divmod(requests - 1, int(each))
    return whole * 300 / profile.scale + (rest + 1) * profile.latency / (profile.requests_at_a_time * profile.servers)


def throughput(folder: Path, share: float) -> dict[str, Any]:
    """1,000,000 members in 200 segments: one web server against its ceiling, and four against other clients."""
    segments, each = max(int(200 * share), 10), 5_000
    write_export(folder / "export", [each] * segments, 0, 1_000_000)
    result: dict[str, Any] = {"segments": segments, "members": segments * each}
    # The second is the third with four times as long for the same requests: as if the machine were four times as fast.
    for servers, latency, scale, name in (
        (1, LATENCY, SCALE, "one web server"),
        (1, 2 * LATENCY, SCALE / 4, "a quarter of the pace of four"),
        (4, LATENCY, SCALE, "four web servers"),
    ):
        protected = Profile(latency=latency, servers=servers, scale=scale)
        with serving(1_000_000, protected) as server:
            options = ("--no-wait", "--drafts-only", "--parallel", str(AT_A_TIME))
            used = server.cpu()
            ours = migrate(folder, server, *options, MIGRATOR_WINDOW=str(300 / scale))
            used, counts = server.cpu() - used, server.counts()
        bare, bare_used = knowing_client(segments, each, ours["requests"] // segments, protected, AT_A_TIME)
        ideal = all_knowing(ours["requests"], protected)
        allowed = 6000 / 300 * servers  # requests a second, for as long as one likes
        rate = segments * each / ours["writing_seconds"]
        result |= {
            f"{name}: requests": ours["requests"],
            f"{name}: refused, all of them": counts["refused"],
            f"{name}: refused after the first window": ours["refused_later"],
            f"{name}: seconds": round(ours["writing_seconds"], 1),
            f"{name}: requests a second": round(ours["requests"] / ours["writing_seconds"], 2),
            f"{name}: ceiling, requests a second": allowed,
            f"{name}: ratio to the ceiling": round(ours["requests"] / ours["writing_seconds"] / allowed, 3),
            f"{name}: seconds that the limits leave at least": round(ideal, 1),
            f"{name}: seconds of a bare client that knows the limits": round(bare, 1),
            f"{name}: ratio to the bare client": round(bare / ours["writing_seconds"], 3),
            f"{name}: processor seconds, ours": round(ours["processor_seconds"], 1),
            f"{name}: processor seconds, the sandbox's": round(used, 1),
            f"{name}: processor seconds, the bare client's and its sandbox's": round(bare_used, 1),
            f"{name}: members per second": round(rate),
        }
    sequential = plain_script(max(segments // 10, 2), each, protected)
    microsofts = microsofts_client(folder, max(segments // 10, 2), each, protected)
    return result | {
        "sequential script: members per second": round(sequential),
        "Microsoft's client: members per second": round(microsofts),
        "times the sequential script": round(rate / sequential, 1),
        "times Microsoft's client": round(rate / microsofts, 1),
    }


def knowing_client(segments: int, each: int, requests: int, profile: Profile, at_a_time: int) -> tuple[float, float]:
    """As many requests by a bare client that knows the limits beforehand, on the same machine: what is possible here.

    It has no journal, looks at no answer but its status, and copes with no refusal but one that was a moment early.

    Args:
        segments, each: How many segments, of how many members.
        requests: How many requests a segment; those beyond the writing ones read the segment.
        profile: What the organisation allows.
        at_a_time: How many connections.

    Returns:
        Seconds on the clock, and of processor time, its own and the sandbox's.
    """
    allowed, window = int(6000 / profile.scale) * profile.servers, 300 / profile.scale
    at, first, last = 0, [], []
    for number in range(segments):
        segment, rows, groups = definition(number, 1)
        first.append([("msdynmkt_segmentdefinitions", rows[0]), ("msdynmkt_segments", rows[1])])
        for _ in range(each // MEMBERS_PER_CALL):
            ids = [str(person(at + offset)) for offset in range(MEMBERS_PER_CALL)]
            last.append(("msdynmkt_AddStaticMembers", {"SegmentId": segment, "GroupId": groups[0], "EntityIds": ids}))
            at += MEMBERS_PER_CALL
        read: tuple[str, Any] = (f"msdynmkt_segments({segment})?$select=msdynmkt_segmentid", None)
        last += [read] * (requests - 2 - each // MEMBERS_PER_CALL)

    async def send_everything(address: str) -> None:
        where, sent = urlsplit(address), deque[float]()

        async def worker(work: Iterator[list[tuple[str, Any]]]) -> None:
            reader, writer = await asyncio.open_connection(where.hostname, where.port)
            for requests in work:
                for path, row in requests:
                    leaves = sent[-allowed] + window + 0.05 if len(sent) >= allowed else 0.0
                    sent.append(max(time.perf_counter(), leaves))
                    await asyncio.sleep(sent[-1] - time.perf_counter())
                    if reader.at_eof():  # the server closes what was idle for seconds
                        writer.close()
                        reader, writer = await asyncio.open_connection(where.hostname, where.port)
                    body = json.dumps(row, separators=(",", ":")).encode() if row else b""
                    head = f"{'POST' if row else 'GET'} /api/data/v9.2/{path} HTTP/1.1\r\nHost: {where.netloc}\r\n"
                    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                    while True:
                        writer.write(head.encode() + body)
                        answer = await reader.readuntil(b"\r\n\r\n")
                        length = re.search(rb"content-length: (\d+)", answer, re.IGNORECASE)
                        await reader.readexactly(int(length[1]) if length else 0)
                        if answer.startswith(b"HTTP/1.1 2"):
                            break
                        if not answer.startswith(b"HTTP/1.1 429"):
                            raise RuntimeError(f"the client that knows the limits was refused: {answer.decode()}")
                        await asyncio.sleep(0.05)  # it arrived before the one that left the window did
            writer.close()

        for work in (first, [[one] for one in last]):
            shared = iter(work)
            await asyncio.gather(*(worker(shared) for _ in range(at_a_time)))

    with serving(1_000_000, profile) as server:
        used, own, began = server.cpu(), time.process_time(), time.perf_counter()
        asyncio.run(send_everything(server.address))
        return time.perf_counter() - began, time.process_time() - own + server.cpu() - used


def plain_script(segments: int, each: int, profile: Profile) -> float:
    """Members a second of a script that sends one request after the other."""
    with serving(0, profile) as server:
        address = urlsplit(server.address)
        connection = http.client.HTTPConnection(str(address.hostname), address.port or 80)

        def post(path: str, body: object) -> None:
            while True:
                headers = {"Content-Type": "application/json"}
                connection.request("POST", f"/api/data/v9.2/{path}", json.dumps(body), headers)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 429:
                    return
                time.sleep(int(answer.headers["Retry-After"]))

        return _add_everything(segments, each, post, post)


def microsofts_client(folder: Path, segments: int, each: int, profile: Profile) -> float:
    """Members a second of PowerPlatform-Dataverse-Client; it has no function for actions, so its own sender is used."""
    from azure.core.credentials import AccessToken
    from PowerPlatform.Dataverse.client import DataverseClient

    class Credential:
        def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
            return AccessToken("nobody", int(time.time()) + 3600)

    with serving(0, profile, tls=folder) as server:
        os.environ["REQUESTS_CA_BUNDLE"] = str(folder / "sandbox-ca.pem")
        with DataverseClient(server.address, Credential()) as client:

            def create(path: str, body: Any) -> None:
                client.records.create(path.removesuffix("s"), body)

            def act(path: str, body: Any) -> None:
                odata = client._get_odata()
                odata._request("post", f"{odata.api}/{path}", json=body)

            return _add_everything(segments, each, create, act)


def _add_everything(segments: int, each: int, create: Callable[..., None], act: Callable[..., None]) -> float:
    began, at = time.perf_counter(), 0
    for number in range(segments):
        segment, rows, groups = definition(number, 1)
        create("msdynmkt_segmentdefinitions", rows[0])
        create("msdynmkt_segments", rows[1])
        for _ in range(each // MEMBERS_PER_CALL):
            ids = [str(person(at + offset)) for offset in range(MEMBERS_PER_CALL)]
            act("msdynmkt_AddStaticMembers", {"SegmentId": segment, "GroupId": groups[0], "EntityIds": ids})
            at += MEMBERS_PER_CALL
    return segments * each / (time.perf_counter() - began)


# --- memory, limits, accounts ----------------------------------------------------------------------------------------


def memory(folder: Path, share: float) -> dict[str, Any]:
    """One segment with 2,000,000 members."""
    members = int(2_000_000 * share)
    write_export(folder / "export", [members], 0, members)
    with serving(members) as server:
        ours = migrate(folder, server, "--wait-computation", "120")
        held = server.counts()["memberships"]
    return {
        "members": members,
        "groups": -(-members // MEMBERS_PER_GROUP),
        "memberships_in_the_organisation": held,
        "verified_segments": ours["verified"],
        "seconds": round(ours["seconds"], 1),
        "peak_memory_mb": ours["memory_mb"],
    }


def limits(folder: Path, share: float) -> dict[str, Any]:
    """The product's limits, and a quarter of them."""
    measured = {}
    for name, part in (("quarter", 0.25), ("whole", 1.0)):
        statics, dynamics = int(10_000 * share * part), int(3_000 * share * part)
        place = folder / name
        place.mkdir()
        write_export(place / "export", [100] * statics, dynamics, 100_000)
        with serving(100_000) as server:
            measured[name] = migrate(place, server, "--wait-computation", "900")
            if server.counts()["segments"] != statics + dynamics:
                raise SystemExit("not all segments arrived")
    whole, quarter = measured["whole"], measured["quarter"]
    return {
        "static_segments": int(10_000 * share),
        "dynamic_segments": int(3_000 * share),
        "seconds": round(whole["seconds"], 1),
        "seconds_of_a_quarter": round(quarter["seconds"], 1),
        "times_a_quarter": round(whole["seconds"] / quarter["seconds"], 2),
        "peak_memory_mb": whole["memory_mb"],
        "peak_memory_mb_of_a_quarter": quarter["memory_mb"],
        "journal_mb": round(whole["journal_mb"], 1),
        "journal_mb_of_a_quarter": round(quarter["journal_mb"], 1),
    }


def accounts(folder: Path, share: float) -> dict[str, Any]:
    """Two application users against one."""
    segments = max(int(200 * share), 40)
    write_export(folder / "export", [2_000] * segments, 0, 1_000_000)
    protected = Profile(latency=LATENCY, servers=1, scale=SCALE)
    seconds = {}
    for number in (1, 2):
        file = folder / f"accounts-{number}.toml"
        file.write_text("".join(f'[[account]]\nclient_id = "app-{n}"\n' for n in range(number)))
        with serving(1_000_000, protected) as server:
            options = ("--no-wait", "--drafts-only", "--parallel", "48", "--accounts", str(file))
            seconds[number] = migrate(folder, server, *options, MIGRATOR_WINDOW=str(300 / SCALE))["writing_seconds"]
    return {
        "segments": segments,
        "seconds_with_one_account": round(seconds[1], 1),
        "seconds_with_two_accounts": round(seconds[2], 1),
        "times_the_throughput": round(seconds[1] / seconds[2], 2),
    }


MEASURES = {"throughput": throughput, "memory": memory, "limits": limits, "accounts": accounts}


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("what", nargs="*", choices=[[], *MEASURES], metavar="MEASURE")
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--json", action="store_true")
    asked = arguments.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    results = {}
    for name in asked.what or MEASURES:
        with tempfile.TemporaryDirectory() as folder:
            results[name] = MEASURES[name](Path(folder), 0.1 if asked.quick else 1.0)
        if not asked.json:
            print(name)
            for key, value in results[name].items():
                print(f"  {key.replace('_', ' '):<40}{value:>14,}")
    if asked.json:
        print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
