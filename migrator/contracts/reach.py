"""Who of each segment will actually get the mail: `reach.json`, with lists of ids in the folder `reach` beside it.

It is bound to the export by the checksum of its manifest: numbers about other members are none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from migrator.base.atomic import write_bytes
from migrator.base.errors import UsageError
from migrator.contracts.export_folder import MANIFEST
from migrator.contracts.versions import refuse_newer

if TYPE_CHECKING:
    from pydantic import TypeAdapter

REACH = "reach.json"
LISTS = "reach"
"""Folder for lists of ids with reasons, below the run or the export; private."""
REACH_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Numbers:
    """So many people, before and after. *reached_after = reached_before − lost + newly_reached*, where all
    are known."""

    members: int | None = None
    """None where nobody knows who they are."""
    reached_before: int | None = None
    reached_after: int | None = None
    lost: int | None = None
    newly_reached: int | None = None
    said_no: int | None = None
    """Of the newly reached, those who had said no."""
    neither: int | None = None
    unknown: int | None = None
    """Those of whom it cannot be told; they are in no other number but `members` (and `reached_before`, where that
    alone is known of everybody)."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """`group:reason` → people, such as `lost:no-consent`."""

    @property
    def still(self) -> int | None:
        """Those who are reached before and after."""
        return None if self.reached_before is None or self.lost is None else self.reached_before - self.lost


@dataclass(frozen=True, slots=True)
class SegmentReach:
    """One segment."""

    legacy_id: UUID
    name: str
    live: bool
    """Whether it was live in outbound marketing."""
    numbers: Numbers


@dataclass(frozen=True, slots=True)
class PurposeReach:
    """What the people of all live segments would be to a message of one purpose."""

    id: UUID
    name: str
    type: str
    model: str
    profiles: tuple[str, ...]
    """Names of the compliance profiles that it belongs to."""
    people: Numbers


@dataclass(frozen=True, slots=True)
class Reach:
    """What was found out, and under which conditions."""

    format: int
    tool_version: str
    export: str
    """SHA-256 of the export's manifest."""
    as_of: str
    """When contacts and consent were read: UTC, ISO 8601; empty where nobody knows."""
    purpose: PurposeReach | None
    """The one that the numbers are about; None where a person has to name it, or none can be read."""
    why_no_purpose: str
    topic: str
    contact_fields: str
    """ignored or checked: the switch that the numbers are about."""
    other_switch: Numbers | None
    """The people of all live segments where the switch is the other way round."""
    address: str
    """The column with the address that is written to after."""
    outbound_checked: tuple[str, ...]
    """What outbound marketing looked at besides the address."""
    people: Numbers | None
    """Distinct people over all live segments whose members are known."""
    live: int
    """Live segments."""
    live_unknown: int
    """Those of them whose members nobody knows."""
    purposes: tuple[PurposeReach, ...]
    segments: tuple[SegmentReach, ...]
    unreadable: tuple[str, ...] = ()
    """What could not be read, in sentences."""
    consent_rows: int = 0
    """Records of consent that were looked at."""


@cache
def _adapter() -> TypeAdapter[Reach]:
    from pydantic import TypeAdapter  # slow to import, and the help of a command needs none of it

    return TypeAdapter(Reach)


def manifest_checksum(export: Path) -> str:
    """SHA-256 of an export's manifest; empty where there is none."""
    try:
        return hashlib.sha256((export / MANIFEST).read_bytes()).hexdigest()
    except OSError:
        return ""


def write_reach(folder: Path, reach: Reach) -> None:
    """Write `reach.json` into a run, or an export."""
    write_bytes(folder / REACH, _adapter().dump_json(reach, indent=1) + b"\n")


def read_reach(folder: Path, export: Path) -> Reach | None:
    """What was found out about the members of the export as it stands; None where there is nothing.

    Args:
        folder: the run.
        export: its export.

    Raises:
        UsageError: the file is damaged, or of a newer format.
    """
    path = folder / REACH
    if not path.exists():
        return None
    try:
        found = _adapter().validate_json(path.read_bytes())
    except (ValueError, OSError) as error:
        raise UsageError(f"{path} is damaged. Delete it and repeat: migrator reach") from error
    refuse_newer(str(path), found.format, REACH_FORMAT)
    return found if found.export == manifest_checksum(export) else None
