"""One look at the organisation after loading: `verification-NNN.json` in the run folder, oldest first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from migrator.base.atomic import private_folder, write_bytes, write_text, writing
from migrator.base.errors import UsageError
from migrator.base.ids import Ids, batches, from_texts, ordered, texts
from migrator.contracts.versions import Format

_FORMAT = Format(numbered=False)
VERIFICATION_FORMAT = _FORMAT.number
"""Version 0.1.0 wrote no number; its files are the same."""

if TYPE_CHECKING:
    from pydantic import TypeAdapter


class Match(StrEnum):
    """How the members after compare with the members before."""

    EQUAL = "equal"
    """The same members (or the same number, where only numbers are known)."""
    EXPLAINED = "explained"
    """Fewer members, and each missing one is a contact that is inactive or no longer exists."""
    DRIFTED = "drifted"
    """A query's members differ, by no more than the tolerance: people come and go."""
    DIFFERENT = "different"
    """Other members, and nothing explains it."""
    DRAFT = "draft"
    """A query that is not computed, because the segment is a draft."""
    UNKNOWN = "unknown"
    """One of the two sides could not be read."""


VERIFIED = frozenset({Match.EQUAL, Match.EXPLAINED})
"""What proves that nobody was lost or added: the only matches after which a legacy segment may be retired."""
SETTLED = VERIFIED | {Match.DRAFT}
"""What repeating would not change: verified, or a draft that is not computed."""


class Kind(StrEnum):
    """Why a member is on one side only: each has a list of ids of its own in the folder `differences`."""

    MISSING = "missing"
    """Not there afterwards, without a reason."""
    SURPLUS = "surplus"
    """There afterwards, and not before."""
    INACTIVE = "inactive"
    """Not there afterwards: the contact is inactive."""
    DELETED = "deleted"
    """Not there afterwards: the contact no longer exists."""


@dataclass(frozen=True, slots=True)
class Verified:
    """One segment as it was found in the organisation after loading."""

    legacy_id: UUID
    match: Match
    before: int | None
    after: int | None
    inactive: int = 0
    """Members missing afterwards because the contact is inactive."""
    deleted: int = 0
    """Members missing afterwards because the contact no longer exists."""
    missing: int = 0
    """Members missing afterwards without such a reason."""
    surplus: int = 0
    """Members there afterwards that were not there before."""
    status_code: int | None = None
    """`statuscode` of the real-time segment."""
    note: str = ""
    partly: bool = False
    """Whether the service listed only a part of the members: then numbers agree, not people."""
    live: bool | None = None
    """Whether its definition is published, so that journeys send to it; None where nobody has looked."""

    @property
    def verified(self) -> bool:
        """Whether it is proved that the same people are in it."""
        return self.match in VERIFIED


@dataclass(frozen=True, slots=True)
class Verification:
    """One look at the organisation after loading; a run may have several."""

    at: str
    """UTC, ISO 8601."""
    segments: tuple[Verified, ...]
    tolerance: float = 0.0
    """The share of the members by which a query's count may differ and is called drifted."""
    format: int = VERIFICATION_FORMAT


@cache
def _adapter() -> TypeAdapter[Verification]:
    from pydantic import TypeAdapter  # slow to import, and the help of a command needs none of it

    return TypeAdapter(Verification)


# --- files -----------------------------------------------------------------------------------------------------------


def write_verification(verification: Verification, folder: Path) -> None:
    """Write one look into the run folder, beside the earlier ones; a number never comes again."""
    number = max(_numbers(folder), default=0) + 1
    write_text(folder / _LAST, f"{number}\n")
    write_bytes(folder / f"verification-{number:03}.json", _adapter().dump_json(verification, indent=1) + b"\n")


_LAST = ".last-verification"
"""Holds the number of the newest look, so that no other gets it once its file is gone."""


def _numbers(folder: Path) -> Iterator[int]:
    """Every number that a look has had."""
    for path in folder.glob("verification-*.json"):
        digits = path.stem.removeprefix("verification-")
        if digits.isdigit():
            yield int(digits)
    with suppress(OSError, ValueError):
        yield int((folder / _LAST).read_text(encoding="ascii"))


def read_verifications(folder: Path) -> list[Verification]:
    """All verifications of a run, oldest first.

    Raises:
        UsageError: a file is damaged, or of a newer format.
    """
    found = []
    for path in sorted(folder.glob("verification-*.json"), key=lambda one: (len(one.name), one.name)):
        try:
            content = _FORMAT.of_now(json.loads(path.read_bytes()), f"The verification {path}")
            found.append(_adapter().validate_json(json.dumps(content)))
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise UsageError(
                f"{path} is damaged. Move it out of the run folder and repeat: migrator verify. "
                "The other looks stay as they are."
            ) from error
    return found


DIFFERENCES = "differences"
"""The folder in the run with the ids of members that are on one side only."""


def write_difference(folder: Path, legacy_id: UUID, kind: Kind, ids: Ids) -> str:
    """Write a list of ids below the run folder, in the place of an older look's; gives its name there.

    Args:
        folder: the run folder.
        legacy_id: the legacy segment.
        kind: missing or surplus.
        ids: the contacts' ids.
    """
    name = _difference(legacy_id, kind)
    private_folder(folder / DIFFERENCES)
    with writing(folder / name) as file:
        file.write(b"contactid\n")
        for part in batches(ordered(ids), 10_000):
            file.write("".join(f"{text}\n" for text in texts(part)).encode())
    return name


def read_difference(folder: Path, legacy_id: UUID, kind: Kind, count: int) -> Ids | None:
    """The ids of one list; None where it is not there, or is not the one of a look that counted so many.

    Args:
        folder: the run folder.
        legacy_id: the legacy segment.
        kind: missing or surplus.
        count: how many ids the look counted.
    """
    try:
        lines = (folder / _difference(legacy_id, kind)).read_text(encoding="ascii").split()
        found = from_texts(lines[1:])
    except (OSError, ValueError):
        return None
    return found if len(found) == count else None


def _difference(legacy_id: UUID, kind: Kind) -> str:
    return f"{DIFFERENCES}/{legacy_id}-{kind}.csv"


def latest(verifications: list[Verification]) -> dict[UUID, Verified]:
    """The newest look at each segment."""
    return {verified.legacy_id: verified for verification in verifications for verified in verification.segments}


def counted_after(folder: Path) -> dict[UUID, int | None]:
    """Legacy id → the members that the newest look at a segment counted; None where it could not.

    Args:
        folder: the run folder.

    Raises:
        UsageError: a look is damaged.
    """
    return {key: seen.after for key, seen in latest(read_verifications(folder)).items()}
