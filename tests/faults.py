"""Puts the faults of faults.toml into a copy of the code, one at a time, and runs the test that has to notice each.

`make faults` takes all of them; `python tests/faults.py throttle fill:` those with one of these words.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "build", "dist", "reports")
_NOTICED = 1
"""What pytest ends with where a test fails; anything else than that and 0 is no verdict."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, and the test that has to notice."""

    part: str
    what: str
    file: str
    was: str
    """Stands in the file once."""
    becomes: str
    test: str
    """The file of the test, two colons, its name."""


def faults() -> list[Fault]:
    """All faults, in the order of the file."""
    content = tomllib.loads((ROOT / "tests/faults.toml").read_text(encoding="utf-8"))
    return [Fault(**entry) for entry in content["fault"]]


def main(words: Sequence[str]) -> int:
    """Say of each fault whether it is noticed; gives how many are not."""
    chosen = [fault for fault in faults() if any(word in fault.what for word in words) or not words]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(ROOT, Path(folder) / "copy", ignore=_LEFT_OUT))
        tests = sorted({fault.test for fault in chosen})
        if _tested(copy, *tests) != 0:
            sys.exit("The tests fail without any fault, so they prove nothing. Mend that first.")
        unnoticed = [fault for fault in chosen if not _noticed(copy, fault)]
    sys.stdout.write(f"{len(chosen) - len(unnoticed)} of {len(chosen)} faults are noticed\n")
    return len(unnoticed)


def _noticed(copy: Path, fault: Fault) -> bool:
    path = copy / fault.file
    code = path.read_text(encoding="utf-8")
    path.write_text(code.replace(fault.was, fault.becomes), encoding="utf-8")
    ended = _tested(copy, fault.test)
    path.write_text(code, encoding="utf-8")
    said = {0: "NOT NOTICED", _NOTICED: "noticed"}.get(ended, f"NO VERDICT ({ended})")
    sys.stdout.write(f"{said}: {fault.what}\n")
    sys.stdout.flush()
    return ended == _NOTICED


def _tested(copy: Path, *tests: str) -> int:
    # Without compiled files: two faults within one second would look alike to them.
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    return subprocess.run(command, cwd=copy, capture_output=True, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) > 0)
