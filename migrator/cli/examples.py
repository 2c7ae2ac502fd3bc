"""What is typed on a migration day: several examples for every command, which its help shows and a test reads."""

from __future__ import annotations

from collections.abc import Mapping

_RUN = "2026-11-22-091500-contoso"
_ORG = "https://contoso.crm4.dynamics.com"

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "run": (f"--org {_ORG} --dry-run", f"--org {_ORG}", f"--org {_ORG} --yes --reason CHG-4711", f"--resume {_RUN}"),
    "doctor": (f"--org {_ORG}", f"--run {_RUN}", "--settings"),
    "login": (f"--org {_ORG}", f"--org {_ORG} --sign-in device-code", "--status"),
    "logout": ("", "--quiet"),
    "contract-check": (
        "--org https://contoso-scratch.crm4.dynamics.com",
        "--org https://contoso-scratch.crm4.dynamics.com --json",
    ),
    "extract": (f"--org {_ORG}", f"--org {_ORG} --with-tables", f"--org {_ORG} --type static --name 'VIP*'", _RUN),
    "import-members": (
        "exported.zip --dry-run",
        f"'VIP customers.xlsx' --export {_RUN} --org {_ORG}",
        "list.csv --segment 'VIP customers' --replace",
        "--accept not-found",
    ),
    "check-export": (f"reports/{_RUN}", f"reports/{_RUN}/export"),
    "redact": (f"reports/{_RUN} for-the-consultant", f"reports/{_RUN}/export for-the-consultant"),
    "translate": ("--from sample_exports/contoso", f"{_RUN} --compound translate", f"{_RUN} --drafts-only"),
    "predict": (_RUN, f"reports/{_RUN}/export", f"{_RUN} --tables mirror", f"{_RUN} --as-of 2026-04-30 --json"),
    "explain": (
        "\"PROFILE(contact).FILTER(address1_city == 'Oslo')\"",
        f"@query.txt --export reports/{_RUN}/export",
        "@query.txt --language de --tree",
    ),
    "approve": (
        "'Newsletter without VIPs' --as translate --reason 'agreed on Tuesday'",
        "--finding compound-segment --as translate",
        "--name 'Old *' --as skip --dry-run",
        "--from report.xlsx --by 'Ada Lovelace'",
    ),
    "load": (_RUN, f"{_RUN} --org {_ORG} --yes --reason CHG-4711"),
    "retry": (f"--all-failed --run {_RUN}", f"'VIP customers' --run {_RUN}"),
    "verify": ("", _RUN, f"{_RUN} --no-wait --json"),
    "report": (
        f"{_RUN} --open",
        "--format xlsx --format md --language de",
        "--csv excel --language fr",
        "--format all --title 'Our move' --logo logo.png",
        "--compare 2026-11-20-091500-contoso --anonymise",
    ),
    "status": ("", _RUN, "--segments --standing failed --standing different", "--segments --csv excel", "--json"),
    "reach": (
        f"{_RUN} --purpose Commercial",
        f"{_RUN} --purpose Commercial --topic Events --fail-on newly-reached",
        f"{_RUN} --consent-file consent.csv",
    ),
    "cutover": ("", _RUN, f"{_RUN} --out practice"),
    "rollback": (_RUN, f"{_RUN} 'VIP customers' --reason 'wrong list'"),
    "retire": (_RUN, f"{_RUN} 'VIP customers'", f"{_RUN} --delete --reason CHG-4712"),
    "sandbox": ("--port 8080", "--outbound removed --chaos flaky", "--as without-matrix --as production --sign-in"),
    "demo": ("", "--keep", "--outbound removed --out practice"),
}
"""Command → what may stand behind it, the plainest first."""


def help_of(name: str) -> str:
    """The end of a command's help: its examples, a line each.

    Args:
        name: of the command; every command has examples.
    """
    return "\n".join(["\b", "Examples:", *(f"  migrator {name} {words}".rstrip() for words in EXAMPLES[name])])
