"""What the demo shows after the migration: a twin is adopted, and what has to be switched is listed."""

from __future__ import annotations

from dataclasses import dataclass

from migrator.commands.cutover import CutOver, cutover_stage
from migrator.commands.deciding import Meant, carry_out, in_one_way
from migrator.commands.load import load_stage
from migrator.commands.prepare import predict_stage
from migrator.commands.report import Summary, report_stage
from migrator.commands.session import Orders
from migrator.contracts.choices import Choice
from migrator.contracts.predictions import read_predictions
from migrator.contracts.run_folder import RunFolder
from migrator.product import findings

_SAME_QUERY = findings.twin_with_same_query("").code


@dataclass(frozen=True, slots=True)
class Shown:
    """What came of it."""

    summary: Summary
    adopted: tuple[str, ...]
    """A sentence for each twin that was adopted."""
    switch: CutOver


def show_the_switch(run: RunFolder, orders: Orders, summary: Summary) -> Shown:
    """Adopt the twins whose query is the same, load them, and look once at what uses the old segments.

    Args:
        run: the demo's run, loaded.
        orders: how.
        summary: the run so far.

    Raises:
        MigratorError: see the stages.
    """
    lines: tuple[str, ...] = ()
    if any(finding.code == _SAME_QUERY for segment in summary.plan.segments for finding in segment.findings):
        reason = "the query is the same"
        decisions, refused = in_one_way(run, Meant(findings=(_SAME_QUERY,)), Choice.ADOPT, "demo", reason)
        lines = carry_out(run, decisions, refused, dry_run=False, report=False).lines
        load_stage(run, orders, {one.segment.legacy_id for one in decisions})
        if lines and read_predictions(run.path):
            predict_stage(run, orders)  # of the plan as it is now
    switch = cutover_stage(run, orders)
    return Shown(report_stage(run), lines, switch)
