"""The report as a page: one self-contained file from the templates, which asks nobody for anything."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from migrator.base.atomic import write_text
from migrator.base.errors import UsageError
from migrator.base.resources import shipped
from migrator.product.findings import Finding
from migrator.report.row import SHOWN, Column, Kind, ReportRow, columns
from migrator.report.sentences import sentence_of
from migrator.report.story import Story

REPORT = "report.html"
_WITHOUT_SCRIPTS = 50
"""Segments that also stand in the page itself, for readers without scripts."""
_LOGO_MAX = 300_000
_PICTURES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".svg": "image/svg+xml",
}
_SAID_IN_SCRIPT = (
    "decision", "who", "why", "decide_here", "decide_none", "decided_count", "decide_download", "decide_copy",
    "choice_translate", "choice_snapshot", "choice_skip",
    "choice_adopt", "choice_replace", "choice_keep-both",
    "no_name", "segment", "any", "showing", "no_match", "error", "explanation", "prediction", "selects", "findings",
    "legacy_query",
    "proposed_query", "sent_query", "carries_out", "origin", "groups", "timing", "timing_text", "ids", "legacy_id",
    "realtime_id", "open_link", "by_query", "copy", "copied",
)  # fmt: skip


def write(story: Story, folder: Path) -> Path:
    """Write `report.html` into the run folder; gives its path."""
    path = folder / REPORT
    write_text(path, page(story))
    return path


@cache
def _templates() -> Environment:
    """The templates; each is compiled once a process, which takes longer than filling it in."""
    environment = Environment(
        loader=FileSystemLoader(shipped("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = _moment
    return environment


def page(story: Story) -> str:
    """The page."""
    style = (shipped("templates") / "report.css").read_text(encoding="utf-8")
    script = (shipped("templates") / "report.js").read_text(encoding="utf-8")
    foretold = any(row.verdict for row in story.rows)
    shown = columns("page", story.looks, dry_run=story.run.dry_run, foretold=foretold)
    template = _templates().get_template("report.html.j2")
    return template.render(
        story=story,
        heading=partial(_heading, story),
        cell=partial(_cell, story),
        say=partial(sentence_of, words=story.words),
        w=story.words,
        columns=shown,
        filters=[column for column in shown if column.kind is Kind.VALUE],
        first=story.important[:_WITHOUT_SCRIPTS],
        data=Markup(_data(story, shown)),  # noqa: S704 - nothing in it can end the element, see `_embedded`
        style=Markup(style),  # noqa: S704 - our own files
        script=Markup(script),  # noqa: S704
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def _hash(text: str) -> str:
    """What the content security policy calls a script or style that may run."""
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _heading(story: Story, column: Column) -> str:
    """What stands over a column; of the earlier looks only the first is called so."""
    word = ": ".join(story.words(key) for key in column.words)
    if column.kind is not Kind.LOOKS:
        return word
    return f"{word if column.look == 0 else ''} {_moment(column.at)}".strip()


def _cell(story: Story, column: Column, row: ReportRow) -> str:
    """A cell of the table, for readers without scripts; report.js writes the same."""
    words, value = story.words, column.value(row)
    match column.kind:
        case Kind.COUNT | Kind.LOOKS:
            return words.number(value)
        case Kind.SIGNED:
            return words.signed(value)
        case Kind.SHARE:
            return words.percent(value)
        case _:
            return words.named(column.family, value) if column.family else str(value)


def _data(story: Story, shown: list[Column]) -> str:
    """The rows for the script: each an array; words that come again and again stand once."""
    words = story.words
    values: dict[str, int] = {}
    codes: dict[str, int] = {}
    known: list[dict[str, str]] = []

    def code(finding: Finding) -> int:
        if finding.code not in codes:
            codes[finding.code] = len(codes)
            meaning, advice = words.finding(finding.code, "", finding.advice)
            known.append(
                {"code": finding.code, "severity": str(finding.severity), "meaning": meaning, "advice": advice}
            )
        return codes[finding.code]

    def plain(kind: Kind, value: Any) -> Any:
        match kind:
            case Kind.VALUE:
                return values.setdefault(str(value), len(values))
            case Kind.SHARE:
                return None if value is None else round(value, 4)
            case Kind.FINDINGS:
                return [[code(finding), finding.message] for finding in value]
            case _:
                return value

    fields = [(name, field.kind) for name, field in SHOWN.items() if field.script]
    rows = [[plain(kind, getattr(row, name)) for name, kind in fields] for row in story.important]
    return _embedded(
        {
            "fields": [name for name, _ in fields],
            "columns": [
                {"key": one.key, "word": _heading(story, one), "kind": one.kind, "family": one.family, "look": one.look}
                for one in shown
            ],
            "rows": rows,
            "checksums": dict(story.checksums),
            "values": list(values),
            "codes": known,
            "words": {key: words(key) for key in _SAID_IN_SCRIPT},
            "families": {
                family: words.family(family)
                | ({row.status: words.named(family, row.status) for row in story.rows} if family == "status" else {})
                for family in ("type", "status", "standing", "outcome", "severity", "source")
            },
            "thousands": words.thousands,
            "percent": words.spaced(" %"),
            "decimal": "." if words.language == "en" else ",",
            "org": story.plan.target.url,
            "run": story.run.run,
        }
    )


def _embedded(content: Any) -> str:
    """JSON that can stand in a page: no sign in it can end the element or begin another one."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _moment(at: str) -> str:
    """A time as people write it: 2026-11-22 12:27 UTC. What is no time stays as it is."""
    return f"{at[:10]} {at[11:16]} UTC" if len(at) >= 16 and at[10:11] == "T" else at


def picture(path: Path) -> str:
    """A picture as a data address, for the head of the report.

    Raises:
        UsageError: it cannot be read, is too large, or is no picture.
    """
    kind = _PICTURES.get(path.suffix.lower())
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"The logo {path} cannot be read: {error.strerror}. Check the path.") from error
    if kind is None or len(content) > _LOGO_MAX:
        raise UsageError(
            f"The logo {path} has to be a picture ({', '.join(_PICTURES)}) of at most {_LOGO_MAX // 1000} kB."
        )
    return f"data:{kind};base64,{b64encode(content).decode()}"
