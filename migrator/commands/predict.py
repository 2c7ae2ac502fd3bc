"""Who will be in each segment: both queries are evaluated on the organisation's own data, before anything is created.

The original and its translation are compiled on their own and run over the same tables. What differs is counted and
listed; inactive and deleted contacts are told apart from what only the translation can explain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from uuid import UUID

from migrator import __version__
from migrator.base.atomic import writing
from migrator.base.errors import Exit, UsageError
from migrator.base.moments import moment_of
from migrator.base.progress import ShowsProgress
from migrator.base.sizes import memory_size
from migrator.commands.asked import columns_asked_for
from migrator.commands.lost_members import evidence_of
from migrator.commands.overlapping import overlaps_of
from migrator.commands.people_before_and_after import people_of
from migrator.contracts.decisions import decisions_checksum, read_agreed
from migrator.contracts.export_folder import Export, member_file, read_export
from migrator.contracts.journal import JOURNAL, LoadState, read_results
from migrator.contracts.legacy_segment import Called, LegacySegment
from migrator.contracts.payload import PayloadKind
from migrator.contracts.plan import Outcome, Plan, PlannedSegment, read_plan
from migrator.contracts.predicted_lists import new_lists, settled
from migrator.contracts.predictions import (
    INACTIVE_OR_DELETED,
    PREDICTIONS_FORMAT,
    Prediction,
    Predictions,
    Reason,
    Verdict,
    payload_checksum,
    payload_of,
    plan_checksum,
    write_predictions,
)
from migrator.contracts.run_folder import RunFolder
from migrator.contracts.waiting import as_it_stands
from migrator.evaluator import EvaluationError, UnknownSegment
from migrator.evaluator.engines import Engine
from migrator.evaluator.mirrors import TableFiles
from migrator.evaluator.population import Population
from migrator.evaluator.select import Stored
from migrator.mql import QueryError, parse_outbound, parse_realtime
from migrator.mql.schema import schema_from_json
from migrator.product.codes import SEGMENT_PREFIX, LegacyType

DUCKDB = Engine()


def predict(
    run: RunFolder,
    plan: Plan,
    progress: ShowsProgress,
    *,
    tables: Path | None = None,
    as_of: datetime | None = None,
    memory: str = "2GB",
    engine: Engine = DUCKDB,
) -> Predictions:
    """Predict every segment of a run's plan, and write `predictions.json` and lists of ids into the run folder.

    Args:
        run: holds the export and the plan.
        plan: with what people decided since.
        progress: where to say how far it is.
        tables: a folder of tables; by default those of the export.
        as_of: the moment that "now" means; by default when the export was made.
        memory: what the database may take.
        engine: what evaluates the queries.

    Raises:
        UsageError: there are no tables, they cannot be read, or `memory` is no size.
    """
    memory = memory_size(memory)
    decided = decisions_checksum(run.path)
    export = read_export(run.export)
    schema = schema_from_json(export.tables)
    now = as_of or made_at(export)
    rows: dict[str, int] = {}
    try:
        asked = columns_asked_for(export.segments, plan, schema)
        where = tables or run.export / "tables"
        with (
            engine.peopled(schema, where, now, memory=memory, only=asked, told=rows.__setitem__) as people,
            new_lists(run.path) as lists,
        ):
            people.replaced = {} if tables else {name: read.replaced for name, read in export.rows.items()}
            shown = [segment for segment in plan.segments if not segment.part_of]
            with (
                progress.step("Predicting segments", len(shown)) as step,
                writing(lists / INACTIVE_OR_DELETED) as left_out,
            ):
                left_out.write(b"segment,contactid,reason\n")
                legacy = {segment.id: segment for segment in export.segments}
                work = _Work(run, plan, legacy, people, lists, left_out)
                found = []
                for segment in shown:
                    found.append(_predicted(segment, work))
                    step.advance()
            found = _with_evidence(found, shown, work, people.files)
            predictions = Predictions(
                PREDICTIONS_FORMAT,
                __version__,
                plan_checksum(run.path),
                now.isoformat(timespec="seconds") + "Z",
                tuple(found),
                tables=dict(sorted(rows.items())),
                decisions=decided,
            )
            predictions = replace(_with_people(predictions, work, export), lists=settled(lists))
            write_predictions(run.path, predictions)  # from this moment on, it and its lists are the prediction
    except EvaluationError as error:
        raise UsageError(
            f"The tables cannot be used: {error}. Extract or copy them again. Nothing was changed."
        ) from error
    return predictions


def _with_evidence(
    found: Sequence[Prediction],
    shown: Sequence[PlannedSegment],
    work: _Work,
    files: Mapping[str, TableFiles],
) -> list[Prediction]:
    """The predictions, with who the members of lost lists probably were."""
    lost = [
        segment
        for segment in shown
        if segment.type_code == LegacyType.STATIC and not isinstance(work.before[segment.legacy_id], Stored)
    ]
    known = evidence_of(work.people, files, lost)
    return [replace(one, evidence=known.get(one.legacy_id, ())) for one in found]


def _with_people(predictions: Predictions, work: _Work, export: Export) -> Predictions:
    """The predictions, with the people and the overlaps of the plan in which waits what they hold back."""
    run = work.run.path
    loaded = {key for key, result in read_results(run / JOURNAL).items() if result.state is LoadState.LOADED}
    waiting = as_it_stands(work.plan, predictions, read_agreed(run), loaded)
    shown = [segment for segment in waiting.segments if not segment.part_of]
    people = people_of(work.people, shown, work.before, work.after, work.lists)
    by_itself = {one.legacy_id for one in read_plan(run).segments if one.outcome is Outcome.SKIPPED}
    wanted = [segment for segment in shown if segment.legacy_id not in by_itself]
    overlaps = tuple(overlaps_of(work.people, wanted, work.before, work.after, export))
    return replace(predictions, people=people, overlaps=overlaps)


def made_at(export: Export) -> datetime:
    """When an export was made, UTC; now, where it does not say."""
    try:
        return moment_of(export.extracted_at)
    except ValueError:
        return datetime.now(UTC).replace(tzinfo=None)


# --- one segment -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Work:
    """What predicting looks at, and every set that was computed already."""

    run: RunFolder
    plan: Plan
    legacy: Mapping[UUID, LegacySegment]
    people: Population
    lists: Path
    """The folder for lists of ids."""
    left_out: IO[bytes]
    """The list of those whom real time leaves out of a segment, as they are inactive or deleted."""
    before: dict[UUID, Stored | EvaluationError] = field(default_factory=dict)
    after: dict[UUID, Stored | EvaluationError] = field(default_factory=dict)
    under_way: set[UUID] = field(default_factory=set)
    planned: dict[UUID, PlannedSegment] = field(default_factory=dict)
    by_real_id: dict[str, PlannedSegment] = field(default_factory=dict)
    called: Called = field(init=False)

    def __post_init__(self) -> None:
        for segment in self.plan.segments:
            self.planned[segment.legacy_id] = segment
            self.by_real_id[f"{SEGMENT_PREFIX}{segment.segment_id.hex}".lower()] = segment
        self.called = Called(self.legacy.values())


def _predicted(segment: PlannedSegment, work: _Work) -> Prediction:
    blank = Prediction(segment.legacy_id, segment.name, segment.recorded_size, payload=payload_checksum(segment))
    before, after = _before(segment.legacy_id, work), _after(segment.legacy_id, work)
    people = work.people
    if not isinstance(before, Stored) or not isinstance(after, Stored):
        why = [str(found) for found in (before, after) if not isinstance(found, Stored)]
        note = "; ".join(dict.fromkeys(filter(None, why)))
        legacy = people.size(before) if isinstance(before, Stored) else None
        predicted = people.size(after) if isinstance(after, Stored) else None
        return _replace(blank, legacy, predicted, Verdict.UNKNOWN, reasons=(Reason.NOT_EVALUATED,), note=note)
    told = people.compared(before, after)
    legacy, predicted = told.before, told.after
    numbers = {
        "inactive": told.inactive,
        "deleted": told.deleted,
        "missing": told.missing,
        "surplus": told.surplus,
    }
    if told.missing:
        lost = people.contacts(people.without(before, after))
        _list(work, segment, people.without(lost, people.inactive(lost)), "missing")
    if told.inactive or told.deleted:
        work.left_out.writelines(
            f"{segment.legacy_id},{one},{why}\n".encode() for one, why in people.not_carried(before, after)
        )
    if told.surplus:
        _list(work, segment, people.without(after, before), "surplus")
    reasons = [
        reason
        for reason, found in (
            (Reason.INACTIVE, numbers["inactive"]),
            (Reason.DELETED, numbers["deleted"]),
            (Reason.TRANSLATION, numbers["missing"] or numbers["surplus"]),
            (Reason.NEWER_DATA, segment.recorded_size is not None and segment.recorded_size != legacy),
        )
        if found
    ]
    differs = any(numbers.values())
    return _replace(
        blank, legacy, predicted, Verdict.DIFFERS if differs else Verdict.EQUAL, reasons=tuple(reasons), **numbers
    )


def _replace(
    blank: Prediction, legacy: int | None, predicted: int | None, verdict: Verdict, **rest: object
) -> Prediction:
    return replace(blank, legacy=legacy, predicted=predicted, verdict=verdict, **rest)  # type: ignore[arg-type]


def _list(work: _Work, segment: PlannedSegment, ids: Stored, kind: str) -> None:
    if work.people.size(ids):
        _write(work.lists / f"{segment.legacy_id}-{kind}.csv", work.people.ids(ids))


def _write(path: Path, ids: Iterator[str]) -> None:
    with writing(path) as file:
        file.write(b"contactid\n")
        for one in ids:
            file.write(f"{one}\n".encode())


# --- before ----------------------------------------------------------------------------------------------------------


def _before(legacy_id: UUID, work: _Work) -> Stored | EvaluationError:
    """Who is in the original on this data."""
    if legacy_id not in work.before:
        if legacy_id in work.under_way:
            return EvaluationError("the segments refer to each other in a circle")
        work.under_way.add(legacy_id)
        try:
            work.before[legacy_id] = _legacy_set(work.legacy[legacy_id], work)
        except QueryError as error:
            work.before[legacy_id] = EvaluationError(
                f"the outbound query cannot be read: {str(error).removesuffix('.')}"
            )
        except EvaluationError as error:
            work.before[legacy_id] = EvaluationError(f"the outbound query: {error}")
        work.under_way.discard(legacy_id)
    return work.before[legacy_id]


def _legacy_set(segment: LegacySegment, work: _Work) -> Stored:
    if segment.type_code == LegacyType.STATIC:
        path = member_file(work.run.export, segment.id)
        if path is None:
            raise EvaluationError("its members are not known")
        members = work.people.listed(path)
    elif segment.query.strip():
        members = work.people.legacy(parse_outbound(segment.query), lambda name: _legacy_named(name, work))
    else:
        raise EvaluationError("there is no query")
    out = member_file(work.run.export, segment.id, excluded=True)
    return work.people.without(members, work.people.listed(out)) if out else members


def _legacy_named(name: str, work: _Work) -> Stored:
    found = work.called.named(name)
    if found is None:
        raise UnknownSegment(f"there is no one segment {name}")
    return _of_another(found.name, _before(found.id, work))


def _of_another(name: str, members: Stored | EvaluationError) -> Stored:
    """The members of a segment that a query refers to; why they are not known stands with that segment."""
    if isinstance(members, EvaluationError):
        raise EvaluationError(f"it refers to the segment “{name}”, which cannot be evaluated")
    return members


# --- after -----------------------------------------------------------------------------------------------------------


def _after(legacy_id: UUID, work: _Work) -> Stored | EvaluationError:
    """Who will be in the real-time segment on this data."""
    if legacy_id not in work.after:
        try:
            work.after[legacy_id] = _realtime_set(work.planned[legacy_id], work)
        except QueryError as error:
            work.after[legacy_id] = EvaluationError(
                f"the real-time query cannot be read: {str(error).removesuffix('.')}"
            )
        except EvaluationError as error:
            work.after[legacy_id] = EvaluationError(f"the real-time query: {error}")
    return work.after[legacy_id]


def _realtime_set(segment: PlannedSegment, work: _Work) -> Stored:
    payload = payload_of(segment)
    if payload is None:
        raise EvaluationError(f"nothing is planned, the segment is {segment.outcome}")
    if payload.kind is PayloadKind.ADOPTED and payload.static_list_members.strip() not in ("", "[]"):
        raise EvaluationError("the members of the segment that is adopted are not in the export")
    people = work.people
    query = (
        people.realtime(parse_realtime(payload.query), lambda name: _realtime_named(name, work))
        if payload.query
        else None
    )
    groups: dict[bool, list[Stored]] = {False: [], True: []}
    for group in payload.groups:
        path = member_file(work.run.export, segment.members_of, excluded=group.excluded)
        if path is None:
            raise EvaluationError("its members are not known")
        groups[group.excluded].append(people.listed(path, group.first, group.count))
    if query and not payload.groups:
        return query
    included = people.contacts(people.union(groups[False]))  # ids that are no contacts are no members
    everybody = people.union([included, *([query] if query else [])])
    return people.without(everybody, people.union(groups[True])) if groups[True] else everybody


def _realtime_named(name: str, work: _Work) -> Stored:
    found = work.by_real_id.get(name.lower())
    if found is None:
        raise UnknownSegment(f"there is no segment {name}")
    return _of_another(found.name, _after(found.legacy_id, work))


# --- what it comes to ------------------------------------------------------------------------------------------------


def exit_code(predictions: Predictions) -> Exit:
    """0 where every segment is equal or fully explained, 3 otherwise."""
    return Exit.DONE if all(one.explained for one in predictions.segments) else Exit.WAITING
