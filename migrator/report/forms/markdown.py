"""A few lines of Markdown, for a ticket or a chat: `summary.md`."""

from __future__ import annotations

import re
from pathlib import Path

from migrator.base.atomic import write_bytes
from migrator.report.first_screen import Light
from migrator.report.row import Standing
from migrator.report.story import Story

SUMMARY = "summary.md"


def write(story: Story, folder: Path) -> Path:
    """Write `summary.md`, for a ticket or a chat; gives its path."""
    path = folder / SUMMARY
    write_bytes(path, summary(story).encode())
    return path


_LIGHTS = {Light.GREEN: "🟢", Light.AMBER: "🟡", Light.RED: "🔴"}
_NAMED = 5
"""Segments of one reason that are named; all that failed are."""


def summary(story: Story) -> str:
    """The story in a few lines of Markdown; nothing that people wrote can break out of its place."""
    return "\n".join([*_head(story), *_bad(story), *_asks(story), *_namesakes(story), *_foot(story)]) + "\n"


def _head(story: Story) -> list[str]:
    w, run, first = story.words, story.run, story.first
    lines = [f"# {_plain(run.title or w('title'))}", ""]
    if run.dry_run:
        lines += [f"**{w('dry_run')}**", ""]
    lines += [f"{_LIGHTS[first.light]} {_plain(first.question)} **{_plain(first.answer)}**", ""]
    lines += [*(f"- {_plain(one)}" for one in (*first.sentences, *filter(None, [first.decided])))]
    if story.reach:
        danger = f" **{_plain(story.reach.danger)}**" if story.reach.danger else ""
        lines.append(f"- {_plain(w('reach_title'))}{w.colon} {_plain(story.reach.answer)}{danger}")
    if story.foretold and story.foretold.answer:
        lines.append(f"- {_plain(w('foretold'))}{w.colon} {_plain(story.foretold.answer)}")
    if story.foretold and story.foretold.copies:
        lines.append(f"- {_plain(w('overlap_copies', n=story.foretold.copies))}")
    lines += ["", _plain(story.verdict), ""]
    return lines


def _bad(story: Story) -> list[str]:
    """Everything that failed or is different, by name, with what to do about it."""
    w, run = story.words, story.run
    rows = [row for row in story.important if row.standing in (Standing.FAILED, Standing.DIFFERENT)]
    if not rows:
        return []
    lines = [f"## {w('first')}", ""]
    for row in rows:
        name, standing = _plain(row.name or w("no_name")), w.named("standing", row.standing)
        numbers = f", {w.number(row.before)} → {w.number(row.after)}" if row.after is not None else ""
        lines.append(f"- **{name}** ({standing}{numbers})" + (f"{w.colon} {_plain(row.reason)}" if row.reason else ""))
    lines.append("")
    if story.totals.failed:
        lines += [f"{w('retry_them')} `migrator retry --all-failed --run {run.run}`", ""]
    return lines


def _asks(story: Story) -> list[str]:
    w = story.words
    if not story.asks:
        return []
    lines = [f"## {w('asks')}", ""]
    for ask in story.asks:
        people = f", {w.many('tile_decisions_note', ask.people)}" if ask.people else ""
        count = len(ask.segments) + ask.more
        meaning, advice = _plain(ask.meaning.replace("`", "")), _plain(ask.advice)
        lines.append(f"- {meaning} **{w.many('so_many_segments', count)}{people}.** {advice}")
        lines += [f"  - {_plain(one.row.name or w('no_name'))}" for one in ask.segments[:_NAMED]]
        if (more := count - _NAMED) > 0:
            lines.append(f"  - … +{w.number(more)}")
    return [*lines, ""]


def _namesakes(story: Story) -> list[str]:
    """What is told and not asked."""
    w = story.words
    if not story.namesakes:
        return []
    lines = [f"## {w('namesakes')}", ""]
    lines += [
        f"- {_plain(row.name or w('no_name'))}{w.colon} {_plain(message)}" for row, message in story.namesakes[:_NAMED]
    ]
    if (more := len(story.namesakes) - _NAMED) > 0:
        lines.append(f"- … +{w.number(more)}")
    return [*lines, ""]


def _foot(story: Story) -> list[str]:
    w, run = story.words, story.run
    return [f"{w('more_in', name='[report.html](report.html)')} {story.plan.target.url} · {_plain(run.run)} · {run.at}"]


_SIGNS = re.compile(r"([\\`*{}\[\]|~])|(?<![^\W_])(_)|(_)(?![^\W_])")
"""What has a meaning in Markdown; an underscore within a word has none."""
_AT_THE_START = re.compile(r"^(?=[-+#>=])|^(\d+)(?=[.)](?:\s|$))")
"""What begins a list, a heading or a quotation."""


def _plain(text: str) -> str:
    """Text that Markdown takes as it is: on one line, no sign with a meaning, no HTML."""
    one_line = " ".join(text.split())
    safe = _SIGNS.sub(r"\\\g<0>", one_line.replace("&", "&amp;").replace("<", "&lt;"))
    return _AT_THE_START.sub(lambda match: f"{match[1] or ''}\\", safe, count=1)
