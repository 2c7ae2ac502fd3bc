"""The tables of an export: rows of the organisation, as far as queries touch them, for predicting who is in a segment.

`tables/<name>/part-00001.parquet`, …: some hundred thousand rows a part. The manifest says a `TableRead` of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FOLDER = "tables"


@dataclass(frozen=True, slots=True)
class TableRead:
    """What is known about the reading of one table."""

    rows: int | None = None
    """None where the table could not be read."""
    columns: tuple[str, ...] = ()
    """Logical names."""
    parts: int = 0
    """Files."""
    unreadable: int = 0
    """Values that are not of their column's type, and are null here; rows without a key are among them."""
    reason: str = ""
    """Why it could not be read, in words."""
    replaced: tuple[str, ...] = ()
    """Columns whose values a redacted copy has replaced: only their being empty is as it was."""


def is_table_part(name: str) -> bool:
    """Whether a file of an export is a part of such a table: plans do not depend on it, and its lines mean nothing."""
    return name.startswith(f"{FOLDER}/") and name.endswith(".parquet")


def part_name(table: str, number: int) -> str:
    """The file of a part, below the export folder, numbered from 1."""
    return f"{FOLDER}/{table}/part-{number:05}.parquet"


def has_table(export: Path, name: str) -> bool:
    """Whether an export has rows of a table, as Parquet or as CSV."""
    folder = export / FOLDER
    return (folder / f"{name}.csv").is_file() or any((folder / name).glob("*.parquet"))


def to_json(read: TableRead) -> dict[str, Any]:
    """What the manifest holds; what is nothing is left out."""
    said = asdict(read) | {"columns": list(read.columns), "replaced": list(read.replaced)}
    return {key: value for key, value in said.items() if value not in (None, "", 0, []) or key == "rows"}


def from_json(entry: Mapping[str, Any]) -> TableRead:
    """What the manifest says.

    Raises:
        ValueError, TypeError: it says nothing that can be read.
    """
    rows = entry.get("rows")
    return TableRead(
        None if rows is None else int(rows),
        tuple(map(str, entry.get("columns", ()))),
        int(entry.get("parts", 0)),
        int(entry.get("unreadable", 0)),
        str(entry.get("reason", "")),
        tuple(map(str, entry.get("replaced", ()))),
    )
