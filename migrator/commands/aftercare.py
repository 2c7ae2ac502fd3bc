"""What can be done with a run after it: retry, roll back, retire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from migrator.base.errors import Exit, UsageError
from migrator.base.safe_text import for_terminal
from migrator.commands.load import load_stage, note, who, with_loading
from migrator.commands.naming import name_to_type
from migrator.commands.report import WAITING, Summary, journal_lost, plan_of, report_stage
from migrator.commands.segments import find_segment
from migrator.commands.session import Confirm, Orders
from migrator.contracts.export_folder import read_export
from migrator.contracts.history import Deed, Event, record
from migrator.contracts.journal import JOURNAL, LoadState, read_results
from migrator.contracts.plan import PlannedSegment
from migrator.contracts.run_folder import RunFolder, utc_now
from migrator.contracts.verification import SETTLED, latest, read_verifications
from migrator.dataverse.client import Client
from migrator.loader.existing import look as look_for
from migrator.loader.in_use import still_used
from migrator.loader.loading import Loading
from migrator.loader.retire import DONE, Wish, retire, to_retire
from migrator.loader.rollback import roll_back, to_roll_back
from migrator.loader.still_true import Known
from migrator.report.row import Standing


def retry(run: RunFolder, orders: Orders, wanted: list[str], *, all_failed: bool = False) -> Summary:
    """Load some segments of a run once more, from where each of them failed.

    Args:
        run: the run that they failed in.
        orders: how.
        wanted: ids or exact names.
        all_failed: every segment that failed, besides.

    Raises:
        UsageError: a segment is unknown or ambiguous, or was not to be loaded at all.
    """
    plan = plan_of(run)
    results = read_results(run.path / JOURNAL)
    chosen = [find_segment(plan, text) for text in wanted]
    for segment in chosen:
        if not segment.loadable:
            why = "; ".join(finding.message for finding in segment.findings) or "it was left out by a filter"
            raise UsageError(
                f"The segment “{segment.name}” is {segment.outcome} and was never loaded, "
                f"so there is nothing to retry: {why.rstrip('.')}. Look what can be done: migrator report --open"
            )
    if all_failed:
        failed = {key for key, result in results.items() if result.state is LoadState.FAILED}
        chosen += [segment for segment in plan.segments if segment.loadable and segment.legacy_id in failed]
        if not chosen:
            orders.tell("No segment of this run failed; there is nothing to retry.")
    seen = latest(read_verifications(run.path))
    finished = {
        segment.legacy_id
        for segment in chosen
        if (result := results.get(segment.legacy_id))
        and result.state is LoadState.LOADED
        and (look := seen.get(segment.legacy_id))
        and look.match in SETTLED
    }
    for segment in chosen:
        if segment.legacy_id in finished:
            orders.tell(f"The segment “{segment.name}” is already migrated and verified; there is nothing to retry.")
    if left := {segment.legacy_id for segment in chosen} - finished:
        load_stage(run, orders, left, deed=Deed.RETRY)
    summary = report_stage(run)
    return replace(summary, exit_code=_exit_code_of(summary, {segment.legacy_id for segment in chosen}))


def _exit_code_of(summary: Summary, chosen: set[UUID]) -> Exit:
    """The exit code for some segments alone: a retry is not to blame for the others."""
    standings = {row.standing for row in summary.rows if UUID(row.legacy_id) in chosen}
    if standings & {Standing.FAILED, Standing.PLANNED}:
        return Exit.FAILED
    return Exit.WAITING if standings & set(WAITING) else Exit.DONE


# --- rolling back ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What came of rolling back or retiring."""

    done: tuple[str, ...]
    """A sentence for each segment that something was done to."""
    kept: tuple[str, ...]
    """A sentence for each segment that stays as it was, with the reason."""

    @property
    def exit_code(self) -> Exit:
        """Whether everything was done."""
        return Exit.FAILED if self.kept else Exit.DONE


def rollback(run: RunFolder, orders: Orders, wanted: list[str], confirm: Confirm) -> Aftermath:
    """Delete what this run created in the organisation, and nothing else.

    Args:
        run: the run.
        orders: how.
        wanted: ids or exact names; none means all that it created.
        confirm: asks the person.

    Raises:
        UsageError: a segment is unknown or ambiguous, or the run has loaded nothing.
    """
    plan = plan_of(run)
    names = {segment.legacy_id: for_terminal(segment.name) for segment in plan.segments}
    told = _told(names)
    named = [find_segment(plan, text) for text in wanted]
    only = {segment.legacy_id for segment in named} or None
    lost = journal_lost(run)
    if lost:
        orders.tell(lost)
    else:
        _has_loaded(run)

    async def work(loading: Loading) -> Aftermath:
        if lost:
            return await _of_a_lost_journal(loading, names, only)
        created = to_roll_back(loading, only)
        if not created:
            orders.tell("This run has created nothing that is still its own; nothing is changed.")
            there = (await look_for(loading.client, loading.plan.segments)).segments
            if there:
                orders.tell(f"{len(there):,} segments of its plan are there, and stay: another run created them.")
            return Aftermath((), ())
        lines = [f"“{names[key]}” ({key})" for key in created]
        client = loading.client
        what = f"{len(created):,} segments that the run {run.name} created in {client.url} will be deleted:"
        if alone := loading.journal.retired() & set(created):
            orders.tell(
                f"The outbound segments of {len(alone):,} of them were stopped or deleted by migrator retire: once "
                "these are deleted, their people are in no live segment of either side. What is only stopped can go "
                "live again there."
            )
        confirm([what, *lines], word=await name_to_type(client))
        begun = await note(run, orders, client, Deed.ROLLBACK, f"to delete: {len(created):,}", _listed(named))
        done = await roll_back(loading, orders.progress, only)
        kept = sum(bool(one.kept) for one in done)
        _ended(run, begun, f"deleted: {len(done) - kept:,}, left as they were: {kept:,}")
        return Aftermath(
            tuple(f"{told[one.legacy_id]} is rolled back." for one in done if not one.kept),
            tuple(f"“{names[one.legacy_id]}” ({one.legacy_id}) stays: {one.kept}" for one in done if one.kept),
        )

    aftermath = with_loading(run, orders, plan, work, of_its_export=False)
    report_stage(run)
    return aftermath


# --- retiring --------------------------------------------------------------------------------------------------------


def retire_legacy(
    run: RunFolder,
    orders: Orders,
    wanted: list[str],
    confirm: Confirm,
    *,
    delete: bool,
    not_compared: bool = False,
    even_if_used: bool = False,
) -> Aftermath:
    """Stop the legacy segments whose successors are verified, and delete them only if that is wanted.

    Args:
        run: the run that migrated them.
        orders: how.
        wanted: ids or exact names; none means all that are verified.
        confirm: asks the person.
        delete: whether to delete them, too.
        not_compared: whether also those are deleted whose people could not be compared one by one.
        even_if_used: whether also those are retired that something live still uses; it is recorded as a decision.

    Raises:
        UsageError: a segment is unknown or not verified, or the organisation is not where the segments came from.
    """
    plan = plan_of(run)
    names = {segment.legacy_id: for_terminal(segment.name) for segment in plan.segments}
    told = _told(names)
    _has_loaded(run)
    results = read_results(run.path / JOURNAL)
    seen = {
        key: look
        for key, look in latest(read_verifications(run.path)).items()
        if (result := results.get(key)) and result.state is LoadState.LOADED
    }
    legacy = {segment.id: segment for segment in read_export(run.export).segments}
    named = [find_segment(plan, text) for text in wanted]
    for segment in named:
        look = seen.get(segment.legacy_id)
        if look is None or not look.verified:
            now = look.match if look else "not loaded or not verified"
            raise UsageError(
                f"The segment “{segment.name}” is not retired, because its successor is not verified ({now}). "
                f"Nothing was changed. Verify again with: migrator verify {run.typed}"
            )

    async def work(loading: Loading) -> Aftermath:
        if not plan.source.answers_as(loading.client.organisation_id):
            raise UsageError(
                f"The legacy segments of this run are in {plan.source.url}, not in {loading.client.url}. "
                "Nothing was changed. Name the right one with --org."
            )
        chosen = to_retire(loading, seen, {segment.legacy_id for segment in named} or None)
        if not chosen:
            orders.tell("No segment of this run is verified; nothing is changed.")
            return Aftermath((), ())
        what = "stopped and then deleted" if delete else "stopped"
        used = await still_used(loading.client, [segment.legacy_id for segment in chosen])
        lines = [
            f"“{names[segment.legacy_id]}” ({segment.legacy_id})"
            + (f": {for_terminal(used[segment.legacy_id])}" if segment.legacy_id in used else "")
            for segment in chosen
        ]
        of_run = f"legacy segments of the run {run.name} in {loading.client.url}"
        confirm([f"{len(chosen):,} {of_run} will be {what}:", *lines], word=await name_to_type(loading.client))
        deed = f"to stop and then delete: {len(chosen):,}" if delete else f"to stop: {len(chosen):,}"
        begun = await note(run, orders, loading.client, Deed.RETIRE, deed, _listed(named))
        if even_if_used and used:
            await _decide_even_if_used(run, orders, loading.client, chosen, used)
        wish = Wish(delete, not_compared, orders.settings.wait_pending, even_if_used)
        known = [
            Known(segment, seen[segment.legacy_id], legacy[segment.legacy_id], orders.settings.tolerance)
            for segment in chosen
            if segment.legacy_id in legacy
        ]
        done = await retire(loading, known, wish, orders.progress)
        kept, stopped = sum(bool(one.kept) for one in done), sum(one.what in DONE for one in done)
        deed = f"{'deleted' if delete else 'stopped'}: {stopped:,}, nothing to do: {len(done) - kept - stopped:,}"
        _ended(run, begun, f"{deed}, left as they were: {kept:,}")
        return Aftermath(
            tuple(f"{told[one.legacy_id]}: {one.what}." for one in done if not one.kept),
            tuple(f"“{names[one.legacy_id]}” ({one.legacy_id}) stays: {one.kept}" for one in done if one.kept),
        )

    return with_loading(run, orders, plan, work)


async def _decide_even_if_used(
    run: RunFolder, orders: Orders, client: Client, chosen: Collection[PlannedSegment], used: Mapping[UUID, str]
) -> None:
    """Record that what is still used is retired all the same, segment by segment."""
    by, at = await who(client), utc_now()
    record(
        run.path,
        [
            Event(at, Deed.DECISION, by, orders.reason, f"{one.name} ({one.legacy_id})",
                  f"retire even if used: {used[one.legacy_id]}")
            for one in chosen
            if one.legacy_id in used
        ],
    )  # fmt: skip


async def _of_a_lost_journal(loading: Loading, names: dict[UUID, str], only: Collection[UUID] | None) -> Aftermath:
    """What the organisation holds under the ids of the plan: all of it stays, since nothing proves whose it is."""
    planned = [one for one in loading.plan.segments if only is None or one.legacy_id in only]
    there = await look_for(loading.client, planned)
    why = "the journal of this run is lost, so nothing proves that this run created it; if you know, delete it by hand"
    return Aftermath(
        (),
        tuple(
            f"“{names[one.legacy_id]}” stays (segment {one.segment_id}, definition {one.definition_id}): {why}"
            for one in planned
            if one.segment_id in there.segments or one.definition_id in there.definitions
        ),
    )


# --- what both share -------------------------------------------------------------------------------------------------


def _ended(run: RunFolder, begun: Event, what: str) -> None:
    """Record what came of a deed. The organisation is asked nothing: what was done is told also where it is silent."""
    record(run.path, [replace(begun, at=utc_now(), what=what)])


def _listed(named: Sequence[PlannedSegment]) -> str:
    """The segments that somebody has named, for the history."""
    return ", ".join(f"{one.name} ({one.legacy_id})" for one in named)


def _told(names: Mapping[UUID, str]) -> Mapping[UUID, str]:
    """Segments by their names, and by their ids where several have one name."""
    often = Counter(names.values())
    return {key: f"“{name}”" if often[name] == 1 else f"“{name}” ({key})" for key, name in names.items()}


def _has_loaded(run: RunFolder) -> None:
    if lost := journal_lost(run):
        raise UsageError(f"{lost} Nothing was changed.")
    if not (run.path / JOURNAL).exists():
        raise UsageError(
            f"The run {run.name} has loaded nothing, so there is nothing to do. If you mean another run, name it."
        )
