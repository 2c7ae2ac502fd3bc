"""The report as a page: one self-contained file from the templates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from migrator.atomic import write_text
from migrator.findings import Severity
from migrator.model import Plan
from migrator.report.charts import WIDTH, outcome_bars
from migrator.report.compare import Standing, Totals
from migrator.resources import shipped

if TYPE_CHECKING:
    import pandas as pd

REPORT = "report.html"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the head of the report says about the run."""

    run: str
    at: str
    """When the run began, UTC, ISO 8601."""
    dry_run: bool
    verified_at: str
    """When the members were last compared; empty when never."""


def render(plan: Plan, frame: pd.DataFrame, total: Totals, circumstances: Circumstances, folder: Path) -> Path:
    """Write `report.html` into the run folder; gives its path."""
    environment = Environment(
        loader=FileSystemLoader(shipped("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": _number, "signed": _signed}
    page = environment.get_template("report.html.j2").render(
        plan=plan,
        rows=frame.to_dict("records"),
        totals=total,
        run=circumstances,
        bars=outcome_bars(total.outcomes),
        chart_width=WIDTH,
        asks=_asks(frame),
        looks=frame.attrs["looks"],
    )
    path = folder / REPORT
    write_text(path, page)
    return path


@dataclass(frozen=True, slots=True)
class Ask:
    """One kind of decision that is needed, with the segments that wait for it."""

    code: str
    severity: Severity
    advice: str
    segments: list[tuple[dict[str, Any], str]]
    """The row of each, and its sentence."""


def _asks(frame: pd.DataFrame) -> list[Ask]:
    asks: dict[str, Ask] = {}
    for row in frame[frame["standing"].isin([Standing.WAITING, Standing.IMPOSSIBLE])].to_dict("records"):
        for finding in row["findings"]:
            if finding.severity in (Severity.DECISION, Severity.STOP):
                ask = asks.setdefault(finding.code, Ask(finding.code, finding.severity, finding.advice, []))
                ask.segments.append(({str(key): value for key, value in row.items()}, finding.message))
    return list(asks.values())


def _number(value: Any) -> str:
    return "–" if _is_unknown(value) else f"{int(value):,}"


def _is_unknown(value: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(value))


def _signed(value: Any) -> str:
    if _is_unknown(value):
        return "–"
    return f"{int(value):+,}" if value else "0"
