"""Member lists from files and marketing lists, into an export: all that can be read, or nothing.

A list that the organisation itself gave is more trusted than a file, and is kept unless a person wants it replaced.
Whatever did not simply become a member is listed row by row in `imports/`, and what only a person can decide stays in
the export as a doubt (`contracts.doubts`): the segment waits until it is settled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from migrator.base.errors import UsageError
from migrator.base.ids import NONE, Ids, distinct, texts, without
from migrator.base.progress import ShowsProgress
from migrator.contracts.choices import Doubt
from migrator.contracts.export_folder import member_reader, read_export
from migrator.contracts.export_writing import ExportWriter
from migrator.contracts.legacy_segment import LegacySegment
from migrator.contracts.members import Excluding, Members, MemberSource
from migrator.dataverse import lists
from migrator.dataverse.client import Client
from migrator.extractor.directory import Directory, check
from migrator.extractor.people import People, Row, people_in
from migrator.extractor.reading.answers import Answers
from migrator.extractor.reading.result import NO_NUMBERS, Ask, Kind, Table
from migrator.extractor.reading.table import read_table
from migrator.extractor.sources import Source

IMPORTS = "imports"
"""Folder of an export for lists of what did not simply become a member: addresses and ids of people."""
TRUSTED = (MemberSource.SERVICE, MemberSource.DEPRECATED_READ, MemberSource.ROW)
"""Sources that a file or a list replaces only if a person wants it."""
_KINDS = ("repeated", "gone", "not-found", "ambiguous", "unreadable", "inactive", "question")


@dataclass(frozen=True, slots=True)
class Part:
    """The files of one segment."""

    segment: LegacySegment
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person has said about an import."""

    answers: Answers = field(default_factory=Answers)
    """About columns, sheets and hidden rows."""
    replacing: bool = False
    """Whether lists that are there are replaced."""
    excluding: bool = False
    """Whether these are people to leave out."""
    accepted: frozenset[Doubt] = frozenset()
    """Kinds of doubt that are settled."""


@dataclass(slots=True)
class Imported:
    """What became of the files or the list of one segment."""

    segment: LegacySegment
    origin: str
    before: Members
    """What is known of the members before."""
    members: Members
    """What is known of them afterwards."""
    tables: tuple[Table, ...] = ()
    people: People | None = None
    questions: tuple[str, ...] = ()
    """What is to be answered before these files give members; whole sentences."""
    kept: str = ""
    """Why what was there was kept; empty when this took its place."""
    problem: str = ""
    """Why a file cannot be read at all; then nothing of the whole import is carried out."""
    among: int | None = None
    """Of those who are excluded, how many are members; None where the members are not known."""


def read_file(source: Source, answers: Answers) -> Table:
    """What one file holds, and what every row of it became.

    Raises:
        UsageError: the file cannot be read; the message says what to do.
    """
    with source.opened() as file:
        return read_table(source.name, file, source.size, answers)


async def prepare(
    export: Path, parts: Sequence[Part], wishes: Wishes, directory: Directory | None, progress: ShowsProgress
) -> list[Imported]:
    """Read all files, and find out who is meant; nothing is written.

    Args:
        export: the folder.
        parts: each segment with its files.
        wishes: what a person has said.
        directory: who knows the contacts; None where nobody can be asked, and then addresses cannot be resolved.
        progress: where to say how far it is.

    Raises:
        UsageError: the export cannot be read.
        DataverseError: the organisation cannot be asked.
    """
    content = read_export(export)
    done = []
    with progress.step("Reading files", len(parts)) as step:
        for part in parts:
            known = content.members[part.segment.id]
            done.append(await _prepared(part, known, wishes, directory))
            done[-1].among = _among(export, done[-1], wishes)
            step.advance()
    return done


def write(export: Path, prepared: Sequence[Imported], wishes: Wishes) -> None:
    """Put what was prepared, from files or a marketing list, into the export; until the end it stays as it was.

    Args:
        export: the export folder.
        prepared: the lists, read and matched.
        wishes: what the person has said.

    Raises:
        UsageError: a file cannot be read; nothing was imported.
    """
    if problems := [one.problem for one in prepared if one.problem]:
        raise UsageError("\n".join(problems))
    direction = "exclusions" if wishes.excluding else "members"
    writer = ExportWriter.reopen(export)
    for one in prepared:
        if one.kept:
            continue
        if one.questions:
            writer.no_members(one.segment.id, one.members)
            rows = [Row(table.file, 0, "", question.text) for table in one.tables for question in table.questions]
            _note(writer, one.segment, direction, {"question": rows})
            continue
        people = one.people or People()
        if wishes.excluding:
            writer.exclusions(one.segment.id, people.ids, one.members.excluding)
        else:
            writer.members(one.segment.id, people.ids, one.members)
        inactive = [Row(one.origin, 0, text, "the contact is inactive") for text in texts(people.inactive)]
        _note(
            writer,
            one.segment,
            direction,
            {
                "repeated": people.repeated,
                "gone": people.gone,
                "not-found": people.not_found,
                "ambiguous": people.ambiguous,
                "unreadable": people.unreadable,
                "inactive": inactive,
            },
        )
    writer.finish()


async def _prepared(part: Part, known: Members, wishes: Wishes, directory: Directory | None) -> Imported:
    origin = ", ".join(PurePosixPath(source.name).name for source in part.sources)
    done = Imported(part.segment, origin, known, known)
    done.kept = _kept(known, wishes)
    try:
        tables = [await _read(source, wishes.answers, directory) for source in part.sources]
    except UsageError as error:
        done.problem = str(error)
        return done
    done.tables = tuple(tables)
    done.questions = tuple(question.text for table in tables for question in table.questions)
    if done.questions:
        if not done.kept:
            done.members = _asked(known, done.questions[0], wishes)
        return done
    if directory is None and any(len(table.addresses) for table in tables):
        done.problem = (
            f"The file {origin} holds e-mail addresses. Name the organisation with --org, so that it can be asked "
            "whose they are. Nothing was imported."
        )
        return done
    done.people = await people_in(tables, directory)
    done.tables = tuple(
        replace(table, ids=NONE, id_rows=NO_NUMBERS, addresses=(), address_rows=NO_NUMBERS) for table in tables
    )
    members = _members(done, wishes, MemberSource.FILE)
    if not done.kept and wishes.replacing and not len(done.people.ids):
        done.kept = _nobody_takes_its_place(known, wishes)
    if not done.kept:
        done.members = members
    return done


async def _read(source: Source, answers: Answers, directory: Directory | None) -> Table:
    """One file; of several columns of ids the one whose ids are contacts, where that is beyond doubt."""
    table = read_file(source, answers)
    asked = [question for question in table.questions if question.ask is Ask.COLUMN]
    probed = [column for column in table.candidates if column.kind is Kind.ID and len(column.probe)]
    if not asked or directory is None or answers.column or len(probed) < 2:
        return table
    found = {column.letter: len(await directory.states(column.probe)) for column in probed}
    people = [letter for letter, count in found.items() if count]
    return read_file(source, replace(answers, column=f"={people[0]}")) if len(people) == 1 else table


def _kept(known: Members, wishes: Wishes) -> str:
    if wishes.replacing:
        return ""
    if wishes.excluding and known.excluded:
        where = f" from {known.excluding.origin}" if known.excluding and known.excluding.origin else ""
        return f"{known.excluded:,} people are excluded from it already{where}"
    if not wishes.excluding and known.source in TRUSTED and known.known:
        return f"its {known.count or 0:,} members were read from a more trusted source ({known.source})"
    return ""


def _nobody_takes_its_place(known: Members, wishes: Wishes) -> str:
    """Why a known list is not thrown away for one that leaves nobody."""
    there = known.excluded if wishes.excluding else known.count
    if not there or Doubt.NOBODY in wishes.accepted:
        return ""
    return (
        f"the new list leaves nobody, and {there:,} people are known; if it is to be empty, say so with "
        f"--accept {Doubt.NOBODY}"
    )


def _asked(known: Members, question: str, wishes: Wishes) -> Members:
    """The members of a segment of which a file waits for an answer."""
    first = question.split("\n", 1)[0][:300]
    if not wishes.excluding:
        return replace(known, question=first)
    return replace(known, excluding=replace(known.excluding or Excluding(), question=first))


def _among(export: Path, done: Imported, wishes: Wishes) -> int | None:
    """How many of those who are to be left out are members; None where the question makes no sense or nobody knows."""
    if not (wishes.excluding and done.before.known and done.people):
        return None
    every = member_reader(export)(done.segment.id)
    return len(every) - len(without(every, done.people.ids))


def _members(done: Imported, wishes: Wishes, source: MemberSource) -> Members:
    people, known = done.people or People(), done.before
    counts = {
        "unreadable": len(people.unreadable),
        "duplicates": len(people.repeated),
        "set_aside": sum(table.set_aside for table in done.tables),
        "checked": people.checked,
        "gone": len(people.gone),
        "not_found": len(people.not_found),
        "ambiguous": len(people.ambiguous),
        "accepted": tuple(sorted(wishes.accepted)),
    }
    if wishes.excluding:
        excluding = Excluding(origin=done.origin, **counts)  # type: ignore[arg-type]
        return replace(known, excluded=len(people.ids), excluding=excluding)
    return Members(
        source,
        count=len(people.ids),
        origin=done.origin,
        inactive=len(people.inactive),
        excluded=known.excluded,
        excluding=known.excluding,
        **counts,  # type: ignore[arg-type]
    )


async def prepare_list(
    export: Path, segment: LegacySegment, name: str, client: Client, directory: Directory, wishes: Wishes
) -> Imported:
    """Read a marketing list for a segment, and find out who of it still exists; nothing is written.

    Args:
        export: the export folder.
        segment: the legacy segment.
        name: the marketing list's name or id.
        client: the organisation.
        directory: asks the organisation for contacts.
        wishes: what the person has said.

    Raises:
        UsageError: there is no such list, or it holds no contacts itself.
        DataverseError: the organisation cannot be asked.
    """
    found = await lists.retrieve_lists(client, name)
    if len(found) != 1:
        why = "There is no marketing list" if not found else f"{len(found)} marketing lists are"
        raise UsageError(
            f"{why} called “{name}”. Name the one that you mean by its id: "
            f"{', '.join(str(one.id) for one in found) or 'it stands in its address'}. Nothing was imported."
        )
    (chosen,) = found
    if chosen.dynamic or not chosen.of_contacts:
        what = "is dynamic: its members come from a query" if chosen.dynamic else "is not one of contacts"
        raise UsageError(f"The marketing list “{chosen.name}” {what}. Name another list. Nothing was imported.")
    known = read_export(export).members[segment.id]
    done = Imported(segment, chosen.name, known, known, kept=_kept(known, wishes))
    if done.kept:
        return done
    checked = await check(directory, distinct(await lists.retrieve_members(client, chosen.id)))
    gone = [Row(chosen.name, 0, text, "no contact has this id") for text in texts(checked.gone)]
    done.people = People(checked.existing, checked=True, inactive=checked.inactive, gone=gone)
    if wishes.replacing and not len(checked.existing):
        done.kept = _nobody_takes_its_place(known, wishes)
    if not done.kept:
        done.members = _members(done, wishes, MemberSource.LIST)
    done.among = _among(export, done, wishes)
    return done


def accept(export: Path, segments: Collection[LegacySegment], kinds: Iterable[Doubt]) -> None:
    """Record that a person has settled kinds of doubt about segments.

    Args:
        export: the export folder.
        segments: legacy segments.
        kinds: the kinds of doubt that are settled.

    Raises:
        UsageError: the export cannot be read.
    """
    writer = ExportWriter.reopen(export)
    for segment in segments:
        known = writer.known(segment.id)
        accepted = tuple(sorted({*known.accepted, *kinds}))
        changed = replace(known, accepted=accepted)
        if known.excluding:
            out = tuple(sorted({*known.excluding.accepted, *kinds}))
            changed = replace(changed, excluding=replace(known.excluding, accepted=out))
        writer.no_members(segment.id, changed)
    writer.finish()


# --- row by row ------------------------------------------------------------------------------------------------------


def _note(writer: ExportWriter, segment: LegacySegment, direction: str, rows: Mapping[str, Sequence[Row]]) -> None:
    """List what did not simply become a member, a file for each kind; what an earlier import has listed goes."""
    for kind in _KINDS:
        if direction == "members":
            writer.note(f"{IMPORTS}/{segment.id}-{kind}.csv", (), ())  # as version 0.1.0 called it
        cells = ((row.file, str(row.row or ""), row.text, row.why) for row in rows.get(kind, ()))
        writer.note(f"{IMPORTS}/{segment.id}-{direction}-{kind}.csv", cells, ("file", "row", "entry", "why"))


# --- who still exists ------------------------------------------------------------------------------------------------


async def check_members(export: Path, directory: Directory, progress: ShowsProgress, *, every: bool = False) -> int:
    """Leave out contacts that no longer exist from lists that nobody has checked yet; gives how many lists these were.

    Args:
        export: the export folder.
        directory: asks the organisation for contacts.
        progress: takes how far it is.
        every: whether every list is checked, since it is another organisation than the one that they came from.

    Raises:
        UsageError: the export cannot be read.
        DataverseError: the organisation cannot be asked. The export is as it was.
    """
    read, content = member_reader(export), read_export(export)
    known_members = content.members
    unchecked = [
        one for one in content.segments if (known_members[one.id].count if every else _unchecked(known_members[one.id]))
    ]
    excluding = [
        one
        for one in content.segments
        if (known_members[one.id].excluded if every else _exclusions_unchecked(known_members[one.id]))
    ]
    if not unchecked and not excluding:
        return 0
    writer = ExportWriter.reopen(export)
    with progress.step("Checking contacts", len(unchecked) + len(excluding)) as step:
        for segment in unchecked:
            known = writer.known(segment.id)
            checked = await check(directory, read(segment.id))
            gone = known.gone + len(checked.gone)  # who was left out before is not in the list that was asked about
            members = replace(known, checked=True, gone=gone, inactive=len(checked.inactive))
            _list_gone(writer, segment, "members", checked.gone, checked.inactive)
            if len(checked.gone):
                writer.members(segment.id, checked.existing, members)
            else:
                writer.no_members(segment.id, members)
            step.advance()
        for segment in excluding:
            left = writer.known(segment.id).excluding or Excluding()
            checked = await check(directory, read(segment.id, excluded=True))
            _list_gone(writer, segment, "exclusions", checked.gone, checked.inactive)
            left = replace(left, checked=True, gone=left.gone + len(checked.gone))
            writer.exclusions(segment.id, checked.existing, left)
            step.advance()
    writer.finish()
    return len(unchecked) + len(excluding)


def _list_gone(writer: ExportWriter, segment: LegacySegment, direction: str, gone: Ids, inactive: Ids) -> None:
    """List them beside what an import has listed; who is gone stays gone, who is inactive is asked each time."""
    for kind, ids, why, more in (
        ("gone", gone, "no contact has this id", True),
        ("inactive", inactive, "the contact is inactive", False),
    ):
        rows = (("", "", text, why) for text in texts(ids))
        name = f"{IMPORTS}/{segment.id}-{direction}-{kind}.csv"
        writer.note(name, rows, ("file", "row", "entry", "why"), more=more)


def _unchecked(members: Members) -> bool:
    """The service gives contacts that exist; rows, files and lists may be older than their deletion."""
    old = members.source is MemberSource.ROW or members.source.named
    return old and not members.checked and bool(members.count)


def _exclusions_unchecked(members: Members) -> bool:
    return bool(members.excluded) and (members.excluding is None or not members.excluding.checked)
