"""The comparison as a table for notebooks. Nothing else of the report needs pandas, which is slow to import."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from migrator.report.compare import Comparison
from migrator.report.row import SHOWN, Kind, ReportRow

if TYPE_CHECKING:
    import pandas as pd


def frame(comparison: Comparison) -> pd.DataFrame:
    """One row a segment and one column a field of `ReportRow`; counts are nullable whole numbers.

    `attrs["looks"]` holds when the members were looked at, oldest first.
    """
    import pandas as pd

    names = [one.name for one in fields(ReportRow)]
    made = pd.DataFrame([[getattr(row, name) for name in names] for row in comparison.rows], columns=names)
    counts = [name for name, shown in SHOWN.items() if shown.kind in (Kind.COUNT, Kind.SIGNED)]
    made = made.astype({**dict.fromkeys(counts, "Int64"), "share": "Float64"})
    made.attrs["looks"] = list(comparison.looks)
    return made
