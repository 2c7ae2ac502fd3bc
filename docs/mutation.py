"""Writes `docs/mutants.md`: what was made of the last whole run of `make mutants` (benchmarks/mutants)."""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

from mutants.kept import Known, Missed, Reason, known_outcomes, reasons

_HEAD = """\
# Mutants

Written by `make docs` from `benchmarks/mutants/known.json` and `benchmarks/mutants/reasons.toml`.

A suite of tests is as good as the faults that it notices. `make mutants` puts small faults into the code, one at a
time – a condition turned round, a border moved by one, a loop left out, an error that is not caught – and runs the
tests that go through the line. They are not chosen by hand, as those of [Testing](testing.md) are, but by dice with a
fixed seed, over everything that decides who is in a segment and what is written: `translator/`, `loader/`,
`contracts/`, `extractor/` and the limiter (`dataverse/throttle.py`).
"""


def page() -> str:
    """The whole page."""
    known, why = known_outcomes(), reasons()
    same = {key: missed for key, missed in known.missed.items() if key in why and why[key].equivalent}
    told = {key: missed for key, missed in known.missed.items() if key in why and key not in same}
    rest = {key: missed for key, missed in known.missed.items() if key not in why}
    parts = [_HEAD, _figures(known, len(same)) if known.number else "No whole run is recorded yet.\n", _HOW]
    if same:
        parts.append(f"## Not noticed, as nothing changes ({len(same)})\n\n{_WHY_SAME}\n\n{_table(same, why)}")
    if told:
        parts.append(f"## Not noticed, for a reason ({len(told)})\n\n{_WHY_TOLD}\n\n{_table(told, why)}")
    if rest:
        parts.append(f"## Not noticed yet ({len(rest)})\n\nA test is missing.\n\n{_table(rest, why)}")
    return "\n".join(parts)


_WHY_SAME = "The faulty code does the same, whatever is put in. No test can notice that."
_WHY_TOLD = "What changes is promised to nobody: a margin, a layout, how often somebody looks."


def _figures(known: Known, same: int) -> str:
    noticed = known.number - len(known.missed)
    rows = [
        ("could be put in", f"{known.of:,}"),
        (f"tried (seed {known.seed})", f"{known.number:,}"),
        ("noticed", f"{noticed:,}, {_percent(noticed, known.number)}"),
        ("not noticed, as they change nothing", f"{same:,}"),
        ("noticed, of all others", _percent(noticed, known.number - same)),
        ("a whole run, two cores", f"{-(-known.seconds // 60)} minutes"),
    ]
    rooms: dict[str, list[bool]] = {}
    for key, by in known.by.items():
        file = key.partition("::")[0]
        rooms.setdefault("throttle" if file.endswith("throttle.py") else file.split("/")[1], []).append(bool(by))
    lines = ["| faults | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows), ""]
    lines += ["| where | tried | noticed |", "|---|---|---|"]
    lines += [
        f"| `{room}` | {len(found)} | {sum(found)}, {_percent(sum(found), len(found))} |"
        for room, found in sorted(rooms.items())
    ]
    return "\n".join(lines) + "\n"


def _percent(part: int, whole: int) -> str:
    """Rounded down, so that the page never says more than there is."""
    return f"{int(1000 * part / whole) / 10:.1f} %" if whole else "–"


_HOW = """\
## How it is run

```
make mutants                                     # all of the sample; ended and begun again, it goes on
.venv/bin/python benchmarks/mutants --list       # what was not noticed, with the differences
.venv/bin/python benchmarks/mutants --show KEY   # one fault at work, with all that the tests say
.venv/bin/python benchmarks/mutants --known      # quick: 40 of them, each with the test that noticed it
```

First all tests of these rooms and of whole commands run once under Coverage.py, which tells which of them go through
which line. Then each fault is put into a process of its own – nothing on the disk changes – and those tests run, the
one that noticed it the last time first. What counts are seconds of the processor, so that a busy machine changes no
outcome: a test that takes more than four times as many as usual, and ten more, does not end. In the end every test that
has noticed something runs once more in the same way without a fault, and has to pass. A fault is known by its module,
its function and its number there; it keeps its name when code around it changes. A fault that need not be noticed has
its reason in `reasons.toml`, together with the lines that it changes; `tests/test_mutants.py` fails when those lines
are others.
"""


def _table(missed: dict[str, Missed], why: dict[str, Reason]) -> str:
    lines = ["| where | change | reason |", "|---|---|---|"]
    for key, one in sorted(missed.items()):
        file, function, *_ = key.split("::")
        where = f"`{file.removeprefix('migrator/')}`" + (f", `{function}`" if function else "")
        reason = why[key].text if key in why else f"{one.asked} tests go through it, and none looks."
        lines.append(f"| {where} | {'<br>'.join(_code(line) for line in one.change.splitlines())} | {reason} |")
    return "\n".join(lines) + "\n"


def _code(line: str) -> str:
    shown = escape(f"{line[0]} {line[1:].strip()}", quote=False).replace("|", "&#124;").replace("*", "&#42;")
    return f"<code>{shown.replace('_', '&#95;').replace('[', '&#91;')}</code>"
