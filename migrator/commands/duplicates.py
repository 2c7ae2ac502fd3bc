"""Copies of segments are left behind: a decision a segment, with who and why, as any other, and undone as any other.

Of copies for good (static lists of the same ids, queries that mean the same) one is kept: what is carried over before
what waits, then what live journeys use, what others are built on, what will be live, what keeps itself up to
date, the newest. What merely selects the same people today is left behind only where that is asked for.
"""

from __future__ import annotations

from uuid import UUID

from migrator.commands.deciding import Decision, Recorded, carry_out
from migrator.commands.predict_told import BASES
from migrator.commands.report import plan_to_decide
from migrator.contracts.choices import Choice
from migrator.contracts.decisions import read_decisions
from migrator.contracts.journal import JOURNAL, LoadState, read_results
from migrator.contracts.predictions import SAFE, Basis, Kind, Predictions
from migrator.contracts.run_folder import RunFolder


def skip_duplicates(run: RunFolder, predictions: Predictions, by: str, *, today: bool = False) -> Recorded:
    """Record *skip* for segments that are copies of one that is kept; gives a sentence for each.

    What a person has decided about already stays as it is, and so does what is in the organisation, what a live journey
    uses, and what other segments are built on.

    Args:
        run: the run.
        predictions: of its plan.
        by: who decides.
        today: whether also what merely selects the same people today is left behind.

    Raises:
        UsageError: a file of the run is damaged.
    """
    decided, results = read_decisions(run.path), read_results(run.path / JOURNAL)
    planned = {segment.legacy_id: segment for segment in plan_to_decide(run).segments}
    copies: dict[UUID, tuple[UUID, Basis]] = {}
    for one in predictions.overlaps:
        if one.kind is not Kind.EQUAL or one.second is None or one.basis is None or one.against:
            continue
        if one.first in decided or (one.basis not in SAFE and not today):
            continue
        if one.second in decided and decided[one.second] is Choice.SKIP:
            continue  # nobody would be left who has these people
        if (there := results.get(one.first)) and there.state is not LoadState.ROLLED_BACK:
            continue
        copies[one.first] = one.second, one.basis
    decisions = []
    for first, (second, basis) in copies.items():
        # The best of some copies may itself select the same people today as one that is better still.
        stays = "is kept" if second not in copies else f"is left behind for “{planned[copies[second][0]].name}”"
        why = f"{BASES[basis]} as “{planned[second].name}” ({second}), which {stays}"
        decisions.append(Decision(planned[first], Choice.SKIP, by, why))
    return carry_out(run, decisions, (), dry_run=False)
