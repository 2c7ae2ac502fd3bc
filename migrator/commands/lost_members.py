"""Who the lost members of a static segment probably were, by tables that are on hand. Evidence, and never members.

Two things connect a table with a segment: a marketing list of the same name, and a journey that used the segment and
left records of what it sent. Either may hold others, too, and miss some; so only a number is said, with its source.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from migrator.contracts.plan import PlannedSegment
from migrator.contracts.predictions import Evidence
from migrator.contracts.twins import name_key
from migrator.evaluator import EvaluationError
from migrator.evaluator.mirrors import TableFiles
from migrator.evaluator.population import Population
from migrator.evaluator.select import EVERYBODY
from migrator.mql.interactions import COLUMNS, PERSON, TABLES

_MOST = 3
"""Sources that are told of one segment."""
_MEMBER = ("entityid", "contactid")
"""How the column with the person is called in `listmember`, by the documents and in copies of the table."""
_JOURNEY = COLUMNS["customerjourneyid"]
_KEY = "msdynmkt_interactionid"


def evidence_of(
    people: Population, files: Mapping[str, TableFiles], lost: Sequence[PlannedSegment]
) -> dict[UUID, tuple[Evidence, ...]]:
    """Legacy id → who the members probably were, the most people first; where nothing is known, nothing.

    Args:
        people: holds the contacts, and reads other tables.
        files: every table that is on hand, also those that no query touches.
        lost: static segments whose members nobody knows.
    """
    if not lost:
        return {}
    found: dict[UUID, list[Evidence]] = defaultdict(list)
    for part in (_lists, _journeys):
        try:
            for key, evidence in part(people, files, lost):
                found[key].append(evidence)
        except EvaluationError:
            continue  # a table that cannot be read is no evidence
    return {
        key: tuple(sorted(those, key=lambda one: (-one.people, one.table, one.source))[:_MOST])
        for key, those in found.items()
    }


def _lists(
    people: Population, files: Mapping[str, TableFiles], lost: Sequence[PlannedSegment]
) -> Iterator[tuple[UUID, Evidence]]:
    """Marketing lists that are called as a segment is."""
    if not {"list", "listmember"} <= set(files):
        return
    lists = people.some_rows(files["list"], "listid", ("listid", "listname"), ("listid", ()))
    called: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for key, name in people.query(f"SELECT lower(listid), listname FROM {lists}") if lists else ():  # noqa: S608
        if key and name:
            called[name_key(str(name))].append((str(key), str(name)))
    wanted = {key for segment in lost for key, _ in called.get(name_key(segment.name), ())}
    for person in _MEMBER:
        counts = _counted(people, files["listmember"], ("listmemberid", "listid", person), wanted)
        if counts is None:
            continue
        for segment in lost:
            for key, name in called.get(name_key(segment.name), ()):
                if number := counts.get(key):
                    why = f"{number:,} people are in the marketing list “{name}”, which is called as the segment is"
                    yield segment.legacy_id, Evidence("listmember", number, why, name)
        return


def _journeys(
    people: Population, files: Mapping[str, TableFiles], lost: Sequence[PlannedSegment]
) -> Iterator[tuple[UUID, Evidence]]:
    """Journeys that used a segment, and left records of people."""
    wanted = {str(journey.id) for segment in lost for journey in segment.journeys}
    best: dict[str, tuple[int, str]] = {}
    for table in sorted(set(TABLES.values()) & set(files)):
        for key, number in (_counted(people, files[table], (_KEY, _JOURNEY, PERSON), wanted) or {}).items():
            if number > best.get(key, (0, ""))[0]:
                best[key] = number, table
    for segment in lost:
        for journey in segment.journeys:
            if str(journey.id) in best:
                number, where = best[str(journey.id)]
                name = journey.name or str(journey.id)
                why = (
                    f"{where} holds records of {number:,} people from the journey “{name}”, which used the segment, "
                    "and perhaps others, too"
                )
                yield segment.legacy_id, Evidence(where, number, why, name)


def _counted(
    people: Population, files: TableFiles, columns: tuple[str, str, str], wanted: set[str]
) -> dict[str, int] | None:
    """Distinct contacts by what they belong to; None where the files lack a column.

    The columns are the key of the table, what a row belongs to, and the person.
    """
    key, by, person = columns
    if not wanted:
        return {}
    rows = people.some_rows(files, key, (by, person), (by, wanted))
    if not rows:
        return None
    found = people.query(
        f"SELECT lower({by}), count(DISTINCT lower({person})) FROM {rows} "  # noqa: S608 - names of ours
        f"SEMI JOIN (SELECT id AS known FROM {EVERYBODY} WHERE number >= 0) AS contacts ON lower({person}) = known "
        "GROUP BY 1"
    )
    return {str(one): int(str(number)) for one, number in found}
