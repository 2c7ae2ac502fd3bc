"""The switch: one look at which journeys still point at old segments. Changes nothing in the organisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from migrator.base.counted import so_many
from migrator.base.errors import Exit
from migrator.base.safe_text import for_terminal
from migrator.commands.report import plan_of, report_stage
from migrator.commands.session import Orders
from migrator.contracts.choices import Choice
from migrator.contracts.cutover import CutoverLook, Item, Switch, cutover, link, look_to_json, read_looks, remember
from migrator.contracts.decisions import read_decisions, read_pairs
from migrator.contracts.export_folder import read_export
from migrator.contracts.journal import JOURNAL, LoadState, read_results
from migrator.contracts.run_folder import RunFolder, utc_now
from migrator.contracts.usage import Life
from migrator.dataverse.client import Client
from migrator.dataverse.usage import look
from migrator.report.cutover import advice_of
from migrator.report.words import Words


@dataclass(frozen=True, slots=True)
class CutOver:
    """What came of one look."""

    look: CutoverLook
    organisation: str
    """Its address."""

    @property
    def exit_code(self) -> Exit:
        """0 when everything is switched, so that a scheduler can repeat the command until then."""
        return Exit.DONE if self.look.done else Exit.WAITING


def cutover_stage(run: RunFolder, orders: Orders) -> CutOver:
    """Look once, remember the look, and write the report again.

    Args:
        run: a run with a plan.
        orders: how, and the way to the organisation.

    Raises:
        UsageError: there is no plan, or a file of the run is damaged.
        DataverseError: the organisation cannot be reached.
    """
    plan = plan_of(run)
    results = read_results(run.path / JOURNAL)
    there = [key for key, result in results.items() if result.state in (LoadState.LOADED, LoadState.DIFFERS)]
    decisions = read_decisions(run.path)
    replaced = {key: twin for key, twin in read_pairs(run.path).items() if decisions.get(key) is Choice.REPLACE}
    before = read_export(run.export).usage

    async def work(client: Client) -> CutOver:
        with orders.progress.step("Reading what uses the segments") as step:
            seen = await look(client)
            step.advance()
        found = cutover(plan, there, seen, utc_now(), before=before, looks=read_looks(run.path), replaced=replaced)
        return CutOver(found, client.url)

    done = orders.at(orders.settings.org or run.state().org, work)
    remember(done.look, run.path)
    report_stage(run)
    return done


def cutover_lines(done: CutOver) -> list[str]:
    """The list for a person: journey by journey, what has to be done first."""
    lines: list[str] = []
    state: Switch | None = None
    for item in done.look.items:
        if item.state is not state:
            state = item.state
            count = sum(one.count for one in done.look.items if one.state is state)
            lines.append(f"{str(state).capitalize()}: {count:,}")
        lines.append(f"  {_line(item)}")
        if item.state is Switch.TO_DO:
            lines.append(f"    {advice_of(item, Words())}")
            if where := link(done.organisation, item):
                lines.append(f"    {where}")
    for part, why in done.look.unread.items():
        lines.append(f"Unknown: {part.replace('_', ' ')} could not be read ({for_terminal(why)}).")
    if done.look.unread:
        lines.append("Whether other journeys use the old segments is unknown, which is not the same as unused.")
    elif done.look.done:
        lines.append("Everything is switched." if lines else "No journey points at an old segment.")
    return lines


def _line(item: Item) -> str:
    unseen = item.journey or f"{so_many(item.count, 'journey')}, unseen"
    name = f"“{for_terminal(item.name)}”" if item.name else str(unseen)
    said = for_terminal(item.label) or ("live" if item.life is Life.LIVE else str(item.life))
    kind = "outbound, " if item.outbound else ""
    before = "?" if item.before is None else f"{item.before:,}"
    after = "?" if item.after is None else f"{item.after:,}"
    called = f"“{for_terminal(item.new_name)}”" if item.new_name else str(item.new_id)
    new = f" → {called}" if item.new_id else ", whose successor is not there yet"
    return f"{name} ({kind}{said}): “{for_terminal(item.segment)}”{new}, {before} → {after} people"


def cutover_json(done: CutOver) -> dict[str, Any]:
    """The look for scripts, with the links into the organisation."""
    content = look_to_json(done.look)
    for entry, item in zip(content["items"], done.look.items, strict=True):
        entry["link"] = link(done.organisation, item)
        entry["advice"] = advice_of(item, Words()) if item.state is Switch.TO_DO else ""
    return content
