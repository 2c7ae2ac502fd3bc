"""Writes the parts of docs/ that the program itself knows: commands, findings, the Python interface (`make docs`)."""

from __future__ import annotations

import ast
import inspect
import json
import re
import sys
from html import escape
from pathlib import Path
from typing import Any

import mutation
import refusals
from refusals import cell, sentence
from typer.testing import CliRunner

from migrator.cli.app import app
from migrator.product import findings
from migrator.product.findings import SEVERITIES, Severity

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "release"))

from make import FILES  # noqa: E402

_EFFECT = {
    Severity.NOTE: "good to know; the segment is carried over as it is",
    Severity.CHANGE: "the segment is *adapted*: carried over with a named change",
    Severity.DECISION: "the segment is *flagged*: a person has to decide first",
    Severity.STOP: "the segment is *blocked*: it cannot be carried over",
}


def commands() -> str:
    """`docs/commands.md`: the help of every command."""
    names = [command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands]
    parts = ["# Commands\n\nWritten by `make docs` from the help of the program.\n", _help()]
    parts += [f"## migrator {name}\n\n{_help(name)}" for name in names]
    return "\n".join(parts)


def _help(*command: str) -> str:
    result = CliRunner().invoke(app, [*command, "--help"], prog_name="migrator", env={"COLUMNS": "110", "TERM": "dumb"})
    lines = [line.rstrip() for line in result.output.strip().splitlines()]
    return "```\n" + "\n".join(lines) + "\n```\n"


def catalogue() -> str:
    """`docs/findings.md`: every finding with its meaning."""
    lines = [
        "# Findings",
        "",
        "Written by `make docs` from `migrator/product/findings/`. A code never changes its meaning. "
        "The heaviest finding of a segment decides its outcome.",
    ]
    for severity in SEVERITIES:
        lines += ["", f"## {severity}", "", f"{_EFFECT[severity].capitalize()}.", ""]
        lines += ["| code | meaning | what to do |", "|---|---|---|"]
        found = sorted((code, meaning) for code, (kind, meaning) in findings.CATALOGUE.items() if kind is severity)
        lines += [
            f'| <a id="{code}"></a>`{code}` | {" ".join(meaning.split())} | {_advice(code)} |'
            for code, meaning in found
        ]
    return "\n".join(lines) + "\n"


def _advice(code: str) -> str:
    """What a finding says to do; what is put into it stands as ‹name›."""
    function = inspect.unwrap(getattr(findings, code.replace("-", "_")))
    tree = ast.parse(inspect.getsource(function))
    told = dict.fromkeys(
        sentence(node.value.elts[1])
        for node in ast.walk(tree)
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple)
    )
    return " / ".join(cell(" ".join(text.split())) for text in told)


def performance() -> str:
    """`docs/performance.md`: what stands in benchmarks/README.md, as a page of the site."""
    text = (HERE.parent / "benchmarks" / "README.md").read_text(encoding="utf-8")
    text = text.replace("](../docs/", "](").replace("# Benchmarks\n", f"# Performance\n\n{_COPIED}\n", 1)
    return re.sub(r"\]\((?!https?:|#|\.\./)([\w-]+\.py)", r"](../benchmarks/\1", text)


_COPIED = "Written by `make docs` from `benchmarks/README.md`."


def phrases() -> str:
    """`docs/queries.md`: the phrase book of the tests, side by side in both languages."""
    sys.path.insert(0, str(HERE.parent))
    from tests.mql.test_sentences import ENGLISH, FRENCH, GERMAN
    from tests.mql.test_vendor_page import ALSO, READ, REFUSED
    from tests.phrasebook import BOOK, COMPOUND_PROPOSALS, SEGMENTS

    lines = [
        "# Queries, side by side",
        "",
        "Written by `make docs` from `tests/phrasebook.py`. The tests check every row, and that both queries select",
        "the same active contacts. The tables are invented: a contact has an account, an account a region; visits and",
        "orders belong to contacts, lists are connected with contacts many-to-many. For flagged queries the right side",
        "is a proposal, or empty where real-time queries cannot say it.",
        "",
        "`migrator explain` says the same of your own queries. Without `--export` it knows no tables of yours: a way",
        "through a relationship is then flagged (`relationship-unknown`) where these rows are carried over.",
    ]
    for title, rows in BOOK.items():
        lines += ["", f"## {title}", "", "| outbound | real-time | outcome |", "|---|---|---|"]
        for row in rows:
            why = f" ({', '.join(row.findings)})" if row.findings else ""
            lines.append(f"| {_code(row.outbound)} | {_code(row.realtime)} | {row.outcome}{why} |")
    queries = {name: query for name, _, query in SEGMENTS}
    shown = {name: f"SEGMENT(SEGMENT_CJO_ID_‹{name}›)" for name in queries}
    lines += ["", "## References between segments", "", "Flagged by default, carried out with `--compound translate`; "]
    lines[-1] += "a reference that would nest deeper than one level is replaced by the other query."
    lines += ["", "| segment | outbound | real-time |", "|---|---|---|"]
    for name, proposal in COMPOUND_PROPOSALS.items():
        lines.append(f"| {name} | {_code(queries[name])} | {_code(proposal.format_map(shown))} |")
    lines += [
        "",
        "## The examples of the vendor's page",
        "",
        f"Of the examples of *Segment query definition* {len(READ)} are read as they stand there, and {len(ALSO)} that",
        "are spelled in a way of their own. These are refused, most for a slip of the page; the column is the place.",
        "",
        "| example | column | reason |",
        "|---|---|---|",
    ]
    lines += [f"| {_code(text)} | {column} | {escape(words, quote=False)} |" for text, column, words in REFUSED]
    lines += [
        "",
        "## In plain words",
        "",
        "What the report and `migrator explain` say of a query. Different queries are never told alike: values stand",
        "in quotes, *either … or* and *both … and* hold together what belongs together, and what nests deeper, denies",
        "a group or is long becomes a list. Tables and columns are called by their display names where the export has",
        "them; a name that two columns share keeps the logical name beside it.",
        "",
        "| outbound | told |",
        "|---|---|",
    ]
    lines += [f"| {_code(query)} | {_lines(told)} |" for query, told in (*ENGLISH, *GERMAN, *FRENCH)]
    return "\n".join(lines) + "\n"


def _code(text: str) -> str:
    shown = escape(text, quote=False).replace("|", "&#124;").replace("*", "&#42;").replace("\n", "&#10;")
    return f"<code>{shown}</code>" if text else "–"


def _lines(text: str) -> str:
    """A text of several lines, in one cell."""
    shown = escape(text, quote=False).replace("|", "&#124;").replace("*", "&#42;")
    indented = [f"{'&nbsp;' * (len(line) - len(line.lstrip()))}{line.lstrip()}" for line in shown.split("\n")]
    return "<br>".join(indented)


def schema() -> str:
    """`docs/report.schema.json`: the JSON schema of `report.json`."""
    from migrator.report.forms.json import json_schema

    return json.dumps(json_schema(), indent=1) + "\n"


_VARIABLES = {
    "MIGRATOR_PROFILE": "Another file in the place of `migrator.toml`.",
    "MIGRATOR_TRACEBACK": "1: an error that should not happen shows its whole way, for a report of it.",
    "AZURE_TENANT_ID": "The tenant, as `--tenant`.",
    "AZURE_CLIENT_ID": "The application that signs in.",
    "AZURE_CLIENT_SECRET": "Its secret.",
    "AZURE_CLIENT_CERTIFICATE_PATH AZURE_CLIENT_CERTIFICATE_PASSWORD": "Its certificate (PEM or PFX) and password.",
    "AZURE_FEDERATED_TOKEN_FILE": "The token of a workload, which its platform renews.",
    "HTTPS_PROXY NO_PROXY": "The proxy, and the hosts that are asked without it.",
    "SSH_CONNECTION CI DISPLAY WAYLAND_DISPLAY": "Whether a browser can be shown; where none can, a code is shown.",
    "JAVA_HOME": "The Java of `predict --engine spark`.",
    "SPARK_LOCAL_IP": "Where Spark on this machine listens [default: 127.0.0.1].",
}
"""What else is asked of the environment."""


def settings() -> str:
    """`docs/settings.md`: every setting, with its option, its key in a profile, and its variable."""
    from migrator.commands.settings import FIELDS, option_of

    lines = [
        "# Settings",
        "",
        "Written by `make docs` from `migrator/commands/settings.py`. A key of `migrator.toml` (in the current folder,",
        "over the one in the user's configuration folder), overruled by its variable, overruled by its option.",
        "`MIGRATOR_PROFILE` names another file. A table `[organisations.NAME]` holds the same keys for one of them,",
        "and `--org NAME` takes them; they overrule variables, too, which speak of no organisation.",
        "",
        "| key | variable | option | meaning |",
        "|---|---|---|---|",
    ]
    for name in FIELDS:
        option = option_of(name)
        lines.append(f"| `{name}` | `MIGRATOR_{name.upper()}` | `{option.flag}` | {option.help} |")
    lines += ["", "## Other variables", "", "| variable | meaning |", "|---|---|"]
    lines += [f"| {', '.join(f'`{name}`' for name in names.split())} | {said} |" for names, said in _VARIABLES.items()]
    return "\n".join(lines) + "\n"


def security() -> str:
    """`docs/security.md`: the table of privileges stands between two marks; the rest is written by hand."""
    from migrator.product.privileges import FOR_USE, FROM_LIST, NEEDED

    rows = ["| command | privileges |", "|---|---|"]
    rows += [f"| `{command}` | {', '.join(f'`{name}`' for name in names)} |" for command, names in NEEDED.items()]
    rows.append(f"| `import-members --from-list` | `prvReadContact`, `{FROM_LIST}` |")
    rows.append(f"| `extract`, `cutover`, for what uses the segments | {', '.join(f'`{name}`' for name in FOR_USE)} |")
    text = (HERE / "security.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{chr(10).join(rows)}\n{_END}{after}"


def python() -> str:
    """`docs/python.md`: the reference stands between two marks; the rest is written by hand."""
    from migrator import api

    lines: list[str] = []
    for name in ("extract", "translate", "predict", "Predicted", "skip_duplicates", "approve", "load", "verify",
                 "write_report", "open_run", "Run", "practice_organisation"):  # fmt: skip
        lines += _reference(name, getattr(api, name))
    for name, one in vars(api.Run).items():
        if not name.startswith("_") and (callable(one) or isinstance(one, property)):
            lines += _reference(f"Run.{name}", one)
    text = (HERE / "python.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(_REFERENCE)
    return f"{before}{_REFERENCE}\n{chr(10).join(lines)}\n{_END}{rest.partition(_END)[2]}"


def _reference(name: str, one: Any) -> list[str]:
    """One name of the interface: how it is called, and its docstring as paragraphs and lists."""
    told = inspect.getdoc(one) or ""
    called = "" if isinstance(one, property) or inspect.isclass(one) else _called(name, one)
    lines = ["", f"### {name}", *(["", "```python", called, "```"] if called else [])]
    text, *sections = re.split(r"^(Args|Raises):\n", told, flags=re.MULTILINE)
    lines += ["", text.strip()]
    for head, body in zip(sections[::2], sections[1::2], strict=True):
        lines += ["", {"Args": "Arguments:", "Raises": "Errors:"}[head], ""]
        lines += [f"- `{key}`: {what}" for key, what in re.findall(r"^ *(\w+): (.+)$", body, re.MULTILINE)]
    return lines


def _called(name: str, one: Any) -> str:
    """The signature, a parameter a line where it is long."""
    signature = inspect.signature(one)
    kept = [part for part in signature.parameters.values() if part.name != "self"]
    shown = [_parameter(part) for part in kept]
    star = next((at for at, part in enumerate(kept) if part.kind is part.KEYWORD_ONLY), None)
    if star is not None and not any(part.kind is part.VAR_POSITIONAL for part in kept):
        shown.insert(star, "*")
    gives = signature.return_annotation
    short = f"{name}({', '.join(shown)}) -> {gives}"
    return short if len(short) <= 110 else "\n".join([f"{name}(", *(f"    {part}," for part in shown), f") -> {gives}"])


def _parameter(part: inspect.Parameter) -> str:
    stars = {part.VAR_POSITIONAL: "*", part.VAR_KEYWORD: "**"}.get(part.kind, "")
    default = "" if part.default is part.empty else f" = {part.default!r}"
    return f"{stars}{part.name}: {part.annotation}{default}"


def testing() -> str:
    """`docs/testing.md`: the table of faults stands between two marks; the rest is written by hand."""
    sys.path.insert(0, str(HERE.parent))
    from tests.faults import faults

    every = faults()
    lines: list[str] = []
    for part in dict.fromkeys(fault.part for fault in every):
        lines += ["", f"### {part}", "", "| fault | noticed by |", "|---|---|"]
        lines += [f"| {fault.what} | `{fault.test}` |" for fault in every if fault.part == part]
    text = (HERE / "testing.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(_FAULTS)
    return f"{before}{_FAULTS}\n{chr(10).join(lines)}\n{_END}{rest.partition(_END)[2]}"


_FAULTS = "<!-- faults: written by make docs -->"
_REFERENCE = "<!-- reference: written by make docs -->"
_BEGIN, _END = "<!-- privileges: written by make docs -->", "<!-- end -->"

PAGES = {
    "settings.md": settings,
    "security.md": security,
    "commands.md": commands,
    "findings.md": catalogue,
    "queries.md": phrases,
    "report.schema.json": schema,
    "python.md": python,
    "testing.md": testing,
    "refusals.md": refusals.page,
    "mutants.md": mutation.page,
    "performance.md": performance,
    **{f"../release/{name}": made for name, made in FILES.items()},
}


def main() -> None:
    """Write the pages; with --check, say which ones are out of date instead."""
    stale = [name for name, page in PAGES.items() if not _is_current(name, page())]
    if "--check" in sys.argv:
        sys.exit(f"out of date: {', '.join(stale)}; run: make docs" if stale else 0)
    for name in stale:
        (HERE / name).write_text(PAGES[name](), encoding="utf-8")
        sys.stdout.write(f"written: docs/{name}\n")


def _is_current(name: str, text: str) -> bool:
    path = HERE / name
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    main()
