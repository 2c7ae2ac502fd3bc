"""How long the demo takes, part by part.

    python benchmarks/demo.py [RUNS] [--json]

Machines differ and are shared; compare only numbers of one run of this script.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from statistics import median

STAGES = ("extracted", "translated", "loaded", "verified", "reported")


def once(folder: Path) -> dict[str, float]:
    """Run the demo; gives seconds in all, and between the ends of its stages."""
    began = time.monotonic()
    command = [sys.executable, "-m", "migrator", "demo", "--json", "--quiet", "--out", str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = {"all": time.monotonic() - began}
    state = json.loads((Path(json.loads(ended.stdout)["run"]) / "run.json").read_text())
    moments = [datetime.fromisoformat(state[name]) for name in ("created", *STAGES)]
    for name, start, end in zip(STAGES, moments, moments[1:], strict=False):
        seconds[name] = (end - start).total_seconds()
    return seconds


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("runs", metavar="RUNS", type=int, nargs="?", default=3)
    arguments.add_argument("--json", action="store_true")
    asked = arguments.parse_args()
    runs: int = asked.runs
    with tempfile.TemporaryDirectory() as folder:
        measured = [once(Path(folder) / str(number)) for number in range(runs)]
    result = {name: round(median(run[name] for run in measured), 2) for name in measured[0]}
    if asked.json:
        print(json.dumps({"runs": runs, "median_seconds": result}))
        return
    print(f"Median of {runs} runs, in seconds")
    for name, value in result.items():
        print(f"  {name:<11}{value:8.2f}")


if __name__ == "__main__":
    main()
