"""A few lines of Markdown, for a ticket or a chat: `summary.md`."""

from __future__ import annotations

import re
from pathlib import Path

from migrator.base.atomic import write_bytes
from migrator.report.story import Story

SUMMARY = "summary.md"


def write(story: Story, folder: Path) -> Path:
    """Write `summary.md`, for a ticket or a chat; gives its path."""
    path = folder / SUMMARY
    write_bytes(path, summary(story).encode())
    return path


def summary(story: Story) -> str:
    """The story in a few lines of Markdown; nothing that people wrote can break out of its place."""
    w, run = story.words, story.run
    lines = [f"# {_plain(run.title or w('title'))}", ""]
    if run.dry_run:
        lines += [f"**{w('dry_run')}**", ""]
    lines += [_plain(story.verdict), ""]
    lines += [f"| {' | '.join(_plain(number.word) for number in story.numbers)} |"]
    lines += [f"|{'---:|' * len(story.numbers)}"]
    lines += [f"| {' | '.join(w.number(number.value) for number in story.numbers)} |", ""]
    if story.asks:
        lines += [f"## {w('asks')}", ""]
        for ask in story.asks:
            lines.append(f"- **{ask.code}** ({w.number(len(ask.segments) + ask.more)}): {_plain(ask.advice)}")
            lines += [f"  - {_plain(one.row.name or w('no_name'))}" for one in ask.segments[:5]]
            if (more := len(ask.segments) + ask.more - 5) > 0:
                lines.append(f"  - … +{w.number(more)}")
        lines.append("")
    off = [row for row in story.rows if row.standing in ("failed", "different", "drifted")]
    if off:
        lines += [f"| {w('segment')} | {w('standing')} | {w('before')} | {w('after')} |", "|---|---|---:|---:|"]
        for row in off[:20]:
            cells = (
                _plain(row.name),
                w.named("standing", row.standing),
                w.number(row.before),
                w.number(row.after),
            )
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    lines.append(f"{_plain(story.plan.target.url)} · {_plain(run.run)} · {run.at}")
    return "\n".join(lines) + "\n"


_SIGNS = re.compile(r"([\\`*_{}\[\]|~])")
_AT_THE_START = re.compile(r"^(?=[-+#>=])|^(\d+)(?=[.)])")
"""What begins a list, a heading or a quotation."""


def _plain(text: str) -> str:
    """Text that Markdown takes as it is: on one line, no sign with a meaning, no HTML."""
    one_line = " ".join(text.split())
    safe = _SIGNS.sub(r"\\\1", one_line.replace("&", "&amp;").replace("<", "&lt;"))
    return _AT_THE_START.sub(lambda match: f"{match[1] or ''}\\", safe, count=1)
