"""What was predicted, as pandas frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from uuid import UUID

import pandas as pd

from migrator.commands.predict_told import overlap_json
from migrator.contracts.choices import Choice
from migrator.contracts.predictions import Loss, PeoplePredicted, Prediction, Predictions

_COUNTS = ("recorded", "legacy", "predicted", "after")
_OVERLAP = (
    "kind", "first", "first_name", "second", "second_name", "members", "of", "basis", "safe", "against", "decision",
)  # fmt: skip


def segments_frame(predictions: Predictions, after: Mapping[UUID, int | None]) -> pd.DataFrame:
    """A row a segment, a column a field of `Prediction`, and `after`; counts that nobody knows are `<NA>`.

    Args:
        predictions: of a run.
        after: legacy id → members in the organisation by the newest look.
    """
    names = [one.name for one in fields(Prediction)]
    made = pd.DataFrame([[getattr(one, name) for name in names] for one in predictions.segments], columns=names)
    made.insert(names.index("predicted") + 1, "after", [after.get(one.legacy_id) for one in predictions.segments])
    made = made.astype(dict.fromkeys(_COUNTS, "Int64"))
    made["legacy_id"], made["verdict"] = made["legacy_id"].map(str), made["verdict"].map(str)
    made["evidence"] = [tuple(evidence.why for evidence in one.evidence) for one in predictions.segments]
    return made


def people_frame(people: PeoplePredicted | None) -> pd.DataFrame:
    """One row: people before, after, lost, gained; the lost by reason; whether every live segment was evaluated."""
    columns = ["before", "after", "lost", "gained", *(f"lost_{loss}".replace("-", "_") for loss in Loss)]
    if people is None:
        return pd.DataFrame(columns=[*columns, "complete"])
    counts = [people.before, people.after, people.lost, people.gained, *(people.reasons.get(loss, 0) for loss in Loss)]
    return pd.DataFrame([[*counts, people.complete]], columns=[*columns, "complete"])


def overlap_frame(predictions: Predictions, decisions: Mapping[UUID, Choice]) -> pd.DataFrame:
    """A row a segment that is a copy, empty, or lies within another one.

    Args:
        predictions: of a run.
        decisions: what people decided, by legacy id.
    """
    names = {one.legacy_id: one.name for one in predictions.segments}
    rows = [overlap_json(one, names, decisions) for one in predictions.overlaps]
    return pd.DataFrame(rows, columns=list(_OVERLAP)).astype({"members": "Int64", "of": "Int64"})
