"""The workbook: a front sheet, and one for each topic: `report.xlsx`."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from migrator.base.atomic import writing
from migrator.contracts.choices import Choice
from migrator.product.findings import Severity
from migrator.product.privileges import LEGACY, SEGMENT
from migrator.report.first_screen import Light
from migrator.report.forms.sheets import Cell, Head, Look, Writer, place
from migrator.report.forms.table import cell, heading
from migrator.report.recommending import recommended
from migrator.report.row import Column, Kind, ReportRow, Standing, columns
from migrator.report.sentences import sentence_of
from migrator.report.story import Story, waiting

WORKBOOK = "report.xlsx"
_TONES = {
    Standing.VERIFIED: "good", Standing.DRAFT: "", Standing.PLANNED: "calm", Standing.UNVERIFIED: "wait",
    Standing.DRIFTED: "wait", Standing.DIFFERENT: "badly", Standing.FAILED: "badly", Standing.WAITING: "wait",
    Standing.IMPOSSIBLE: "badly",
}  # fmt: skip
_LIGHTS = {Light.GREEN: "good", Light.AMBER: "wait", Light.RED: "badly"}
_SHEETS = {"#first": "all_segments", "#segments": "all_segments", "#losses": "all_segments", "#asks": "asks"}
"""Where the page's links lead in the workbook; the others stay on the front sheet."""


def write(story: Story, folder: Path) -> Path:
    """Write `report.xlsx`; gives its path. Numbers are numbers, times are times, and no text is a formula."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    _front(book, story)
    _segments(book, story)
    _decisions(book, story)
    _reach(book, story)
    _cutover(book, story)
    _others(book, story)
    path = folder / WORKBOOK
    with writing(path) as file:
        book.save(file)
    return path


# --- the front sheet -------------------------------------------------------------------------------------------------


def _front(book: Any, story: Story) -> None:
    """What is read first, as on the first screen of the page."""
    w, run, first = story.words, story.run, story.first
    heads = [Head("", 62, Look.WRAPPED), *(Head("", 15, Look.COUNT) for _ in range(3)), Head("", 70, Look.WRAPPED)]
    sheet = Writer(book, w("overview"), heads, titled=False)
    sheet.add([Cell(run.title or w("title"), Look.TITLE)])
    if run.dry_run:
        sheet.add([Cell(w("dry_run"), Look.STRONG, "wait")])
    sheet.add([Cell(f"{first.question} {first.answer}", Look.STRONG, _LIGHTS[first.light])])
    for sentence in (*first.sentences, *filter(None, [first.decided]), story.verdict):
        sheet.add([sentence])
    sheet.add([])
    for tile in first.tiles:
        target = place(w(_SHEETS[tile.link]), "A1") if tile.link in _SHEETS else ""
        sheet.add(
            [Cell(tile.word, Look.TEXT, link=target), Cell(tile.value, Look.COUNT, tile.tone), None, None, tile.note]
        )
    if first.first:
        sheet.add([])
        words = (w("first"), w("before"), w("after"), w("standing"), w("reason"))
        sheet.add([Cell(word, Look.STRONG, "badly") for word in words])
        lines = {row.legacy_id: number for number, row in enumerate(story.important, start=2)}
        for row in first.first:
            link = place(w("all_segments"), f"A{lines[row.legacy_id]}")
            standing = Cell(w.named("standing", row.standing), Look.TEXT)
            sheet.add(
                [Cell(row.name or w("no_name"), Look.TEXT, link=link), row.before, row.after, standing, row.reason]
            )
        if first.more:
            sheet.add([Cell(w("first_more", n=first.more), Look.TEXT, link=place(w("all_segments"), "A1"))])
        if story.totals.failed:
            sheet.add([f"{w('retry_them')} migrator retry --all-failed --run {run.run}"])
        if story.totals.standings.get(Standing.DIFFERENT):
            sheet.add([f"{w('verify_them')} migrator verify {run.run}"])
    sheet.add([])
    headings = (w("reconciled"), w("segments"), w("memberships"), w("people"))
    sheet.add([Cell(word, Look.STRONG, "") for word in headings])
    for line in first.lines:
        sheet.add([f"{line.sign} {line.word}".strip(), line.segments, line.memberships, line.people])
    sheet.add([w("reconciled_note")])
    sheet.add([])
    url = story.plan.target.url
    for word, value in (
        (w("organisation"), Cell(url, Look.TEXT, link=url)),
        (w("run"), Cell(run.run, Look.TEXT)),
        (w("begun"), Cell(run.at, Look.MOMENT)),
        (w("compared_at"), Cell(run.verified_at, Look.MOMENT)),
        (w("dry_run" if run.dry_run else "real_run").split(" – ")[0], Cell(w("version", n=story.plan.tool_version))),
    ):
        sheet.add([word, value])


# --- all segments ----------------------------------------------------------------------------------------------------

_WIDTHS = {
    "name": 40, "type": 14, "status": 14, "outcome": 12, "standing": 16, "before_source": 26, "explanation": 44,
    "findings": 60, "error": 44, "query": 40, "realtime_query": 40, "legacy_id": 38, "segment_id": 38,
}  # fmt: skip
_LOOKS = {Kind.COUNT: Look.COUNT, Kind.LOOKS: Look.COUNT, Kind.SIGNED: Look.SIGNED, Kind.SHARE: Look.SHARE}
_WRAPPED = frozenset({"name", "explanation", "findings", "error"})


def _segments(book: Any, story: Story) -> None:
    """Every segment, what somebody has to look at first."""
    w = story.words
    shown = columns("table", story.looks)
    heads = [Head(heading(story, one), _WIDTHS.get(one.key, 12), _look(one)) for one in shown]
    sheet = Writer(book, w("all_segments"), heads)
    lines = {row.legacy_id: number for number, row in enumerate(waiting(story.important), start=2)}
    for row in story.important:
        sheet.add([_linked(story, column, row, lines) for column in shown])
    sheet.end()
    standing = next(number for number, column in enumerate(shown, start=1) if column.key == "standing")
    sheet.coloured(standing, ((w.named("standing", one), tone) for one, tone in _TONES.items()))


def _look(column: Column) -> Look:
    return _LOOKS.get(column.kind, Look.WRAPPED if column.key in _WRAPPED else Look.TEXT)


def _linked(story: Story, column: Column, row: ReportRow, lines: dict[str, int]) -> Any:
    """A cell: names of those that wait lead to their row of decisions, ids to the organisation."""
    value = cell(story, column, row)
    if column.key == "name":
        link = place(story.words("asks"), f"A{lines[row.legacy_id]}") if row.legacy_id in lines else ""
        return Cell(value or story.words("no_name"), Look.WRAPPED, link=link)
    if column.key == "legacy_id" or (column.key == "segment_id" and row.there):
        table = LEGACY if column.key == "legacy_id" else SEGMENT
        url = (story.plan.source if column.key == "legacy_id" else story.plan.target).url
        return Cell(
            value, Look.TEXT, link=f"{url}/main.aspx?etn={table}&pagetype=entityrecord&id={value}" if url else ""
        )
    return value


# --- decisions -------------------------------------------------------------------------------------------------------


def _decisions(book: Any, story: Story) -> None:
    """Every segment that waits, with a column to decide in; `migrator approve --from` reads it back."""
    from openpyxl.worksheet.datavalidation import DataValidation

    w = story.words
    wrapped = Look.WRAPPED
    sheet = Writer(
        book,
        w("asks"),
        [
            Head(w("segment"), 34, wrapped), Head(w("before"), 10, Look.COUNT), Head(w("explained"), 60, wrapped),
            Head(w("recommendation"), 44, wrapped), Head(w("in_words"), 50, wrapped),
            Head(w("legacy_query"), 44, wrapped), Head(w("proposed_query"), 44, wrapped),
            Head(w("open_choices"), 22, wrapped), Head(w("decision"), 14), Head(w("who"), 18),
            Head(w("why"), 36, wrapped), Head(w("legacy_id"), 38), Head(w("checksum"), 20, hidden=True),
        ],
    )  # fmt: skip
    choices = defaultdict[str, list[int]](list)
    lines = {row.legacy_id: number for number, row in enumerate(story.important, start=2)}
    for row in waiting(story.important):
        open_to_it = [offer.choice for offer in row.offers] or [str(Choice.SKIP)]
        reasons = [one.message for one in row.findings if one.severity in (Severity.DECISION, Severity.STOP)]
        link = place(w("all_segments"), f"A{lines[row.legacy_id]}")
        sheet.add(
            [
                Cell(row.name or w("no_name"), wrapped, link=link), row.before, "\n".join(reasons),
                recommended(row.offers, row.findings, w).sentence, row.english, row.query, row.realtime_query,
                ", ".join(open_to_it), "", "", "", row.legacy_id, story.checksums.get(row.legacy_id, ""),
            ]
        )  # fmt: skip
        choices[",".join(open_to_it)].append(sheet.row)
    sheet.end()
    for words, rows in choices.items():
        chosen = DataValidation(type="list", formula1=f'"{words}"', allow_blank=True)
        for number in rows:
            chosen.add(f"I{number}")
        sheet.sheet.data_validations.append(chosen)


def _reach(book: Any, story: Story) -> None:
    """Who will be mailed: in sentences, for every purpose, and by segment."""
    w, part, wrapped = story.words, story.reach, Look.WRAPPED
    if part is None:
        return
    counted = [Head(word, 14, Look.COUNT) for word in part.heads]
    sheet = Writer(book, w("reach_title"), [Head("", 70, wrapped), Head("", 20), *counted], titled=False)
    for sentence in filter(None, (part.answer, part.danger, *part.unreadable, *part.notes)):
        sheet.add([sentence])
    sheet.add([])
    words = (w("reach_purpose"), w("reach_model"), *part.heads)
    sheet.add([Cell(word, Look.STRONG, "") for word in words])
    for purpose in part.purposes:
        tone = "calm" if purpose.chosen else None
        sheet.add([Cell(purpose.name, wrapped, tone), purpose.model, *purpose.counts])
    sheet = Writer(
        book, w("reach_by_segment"),
        [Head(w("segment"), 40, wrapped), Head(w("people"), 12, Look.COUNT),
         Head(w("reach_before"), 14, Look.COUNT), Head(w("reach_after"), 14, Look.COUNT), *counted,
         Head(w("legacy_id"), 38)],
    )  # fmt: skip
    for line in part.segments:
        name = line.row.name or w("no_name")
        sheet.add([name, line.members, line.before, line.after, *line.counts, line.row.legacy_id])
    sheet.end()


def _cutover(book: Any, story: Story) -> None:
    """The list of what has to be switched, journey by journey."""
    w, part, wrapped = story.words, story.cutover, Look.WRAPPED
    if part is None:
        return
    sheet = Writer(
        book, w("cutover"),
        [Head(w("journey"), 34, wrapped), Head(w("standing"), 18), Head(w("status"), 14),
         Head(w("segment"), 34, wrapped), Head(w("before"), 10, Look.COUNT), Head(w("after"), 10, Look.COUNT),
         Head(w("new_segment_name"), 34, wrapped), Head(w("advice"), 60, wrapped),
         Head(w("realtime_id"), 38), Head(w("legacy_id"), 38)],
    )  # fmt: skip
    for line in part.lines:
        item = line.item
        name = item.name or str(item.journey or w("switch_hidden", n=item.count))
        sheet.add(
            [Cell(name, wrapped, link=line.link), w.named("switch", str(item.state)), item.label, item.segment,
             item.before, item.after, item.new_name, line.advice, str(item.new_id or ""), str(item.legacy_id)]
        )  # fmt: skip
    sheet.end()


# --- the rest --------------------------------------------------------------------------------------------------------


def _others(book: Any, story: Story) -> None:
    """Findings, steps, errors and history, a sheet each."""
    w, wrapped = story.words, Look.WRAPPED
    sheet = Writer(
        book, w("findings"),
        [Head(w("finding"), 30), Head(w("severity"), 18), Head(w("explained"), 70, wrapped),
         Head(w("what_to_do"), 70, wrapped), Head(w("segments"), 12, Look.COUNT)],
    )  # fmt: skip
    for code, severity, meaning, advice, count in story.findings:
        sheet.add([code, w.named("severity", severity), meaning.replace("`", ""), advice, count])
    sheet.end()
    heads = (w("step"), w("confirmed"), w("failed_steps"), w("open_steps"))
    sheet = Writer(book, w("steps"), [Head(word, 26, Look.COUNT) for word in heads])
    for step, counts in story.run.journal.steps.items():
        sheet.add([sentence_of(step, w), *counts])
    sheet.end()
    sheet = Writer(
        book, w("errors"),
        [Head(w("when"), 18, Look.MOMENT), Head(w("step"), 22), Head(w("error"), 90, wrapped), Head(w("legacy_id"), 38),
         Head(w("error_code"), 16), Head(w("request_id"), 38)],
    )  # fmt: skip
    for one in story.run.journal.mishaps:
        sheet.add([one.at, sentence_of(one.step, w), one.error, str(one.legacy_id), one.error_code, one.request_id])
    sheet.end()
    sheet = Writer(
        book, w("history"),
        [Head(w("when"), 18, Look.MOMENT), Head(w("deed"), 18), Head(w("who"), 24), Head(w("why"), 50, wrapped),
         Head(w("segment"), 50, wrapped), Head(w("what"), 36, wrapped)],
    )  # fmt: skip
    for event in story.history:
        sheet.add([event.at, event.deed, event.by, event.reason, event.segment, event.what])
    sheet.end()
