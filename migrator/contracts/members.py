"""What an export says of the members of a segment: where the list came from, how large it is, what was doubtful.

The manifest holds one such entry a segment (docs/export-format.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

LEFT_OUT = "left out by a filter"
"""Why the members of a segment were not read that nobody wanted then."""


class MemberSource(StrEnum):
    """Where the member list of a legacy segment came from, most trusted first."""

    SERVICE = "service"
    """The outbound service, through msdyncrm_FetchContactsByQuery."""
    DEPRECATED_READ = "deprecated-read"
    """The outbound service, through the FetchXML read on contacts that the seed calls deprecated."""
    ROW = "row"
    """The segment's own column msdyncrm_segmentmemberids."""
    FILE = "file"
    """A file that somebody exported in time."""
    LIST = "list"
    """A marketing list, named for the segment by a person."""
    NONE = "none"
    """Nothing could be read: the members are unknown, which is not the same as none."""
    NOT_READ = "not-read"
    """Nobody asked: the segment was left out by a filter, or never had members (a draft)."""

    @property
    def named(self) -> bool:
        """Whether a person said which list is the segment's."""
        return self in (MemberSource.FILE, MemberSource.LIST)


@dataclass(frozen=True, slots=True)
class Excluding:
    """What became of the entries of the files that exclude people from one legacy segment."""

    origin: str = ""
    """The names of the files."""
    unreadable: int = 0
    duplicates: int = 0
    set_aside: int = 0
    checked: bool = False
    gone: int = 0
    not_found: int = 0
    ambiguous: int = 0
    accepted: tuple[str, ...] = ()
    question: str = ""
    """Each as in `Members`."""


@dataclass(frozen=True, slots=True)
class Members:
    """What is known about the members of one legacy segment."""

    source: MemberSource
    count: int | None = None
    """Distinct contact ids in `members/<segment id>.csv`; None when there is no such file."""
    unreadable: int = 0
    """Entries of the source that are no ids."""
    duplicates: int = 0
    """Entries of the source that repeat an id."""
    pending: float | None = None
    """Seconds waited for pending member operations that had not ended then; None when there were none."""
    reason: str = ""
    """Why nothing could be read, in words."""
    origin: str = ""
    """The name of the file or of the list."""
    checked: bool = False
    """Whether the organisation was asked if all these contacts exist."""
    gone: int = 0
    """Ids of contacts that no longer exist; left out."""
    not_found: int = 0
    """E-mail addresses that no contact has."""
    ambiguous: int = 0
    """E-mail addresses that several contacts have; each of these contacts is a member."""
    inactive: int = 0
    """Members that are inactive contacts, where that is known."""
    excluded: int | None = None
    """Distinct contact ids in the list of exclusions; None when there is none."""
    excluding: Excluding | None = None
    """What became of the entries of that list's files; None when there is none, or nobody knows."""
    set_aside: int = 0
    """Hidden rows of a file that a person wants to be left out."""
    accepted: tuple[str, ...] = ()
    """Kinds of doubt (`contracts.doubts`) that a person has accepted."""
    question: str = ""
    """What has to be answered before a file that belongs to the segment gives members; empty where nothing has."""
    unanswered: bool = False
    """Whether the service did not answer (5xx), so that an extraction into the same folder asks it again."""

    @property
    def known(self) -> bool:
        """Whether a member list was read at all (it may be empty)."""
        return self.count is not None


@dataclass(frozen=True, slots=True)
class AsOf:
    """What a segment's row said when its members were read: a list is outdated where one of these is another."""

    organisation: UUID
    modified_on: str
    size: int | None


def entry_of(members: Members) -> dict[str, Any]:
    """What the manifest says about a member list; what is nothing is left out, but for a count of nobody."""
    said = {key: value for key, value in asdict(members).items() if value not in (None, "", 0, ())}
    kept = {key: value for key in ("count", "excluded") if (value := getattr(members, key)) is not None}
    return said | kept


def as_of_entry(entry: Mapping[str, Any]) -> AsOf | None:
    """What the segment's row said when its members were read; None where the manifest does not say."""
    try:
        organisation = UUID(str(entry["organisation"]))
    except (KeyError, ValueError):
        return None
    return AsOf(organisation, str(entry.get("modifiedon", "")), _number(entry.get("size")))


def members_of(entry: Mapping[str, Any]) -> Members:
    """The manifest's entry about a member list, typed.

    Raises:
        KeyError: it names no source.
        ValueError: a value is none of those that there are.
    """
    return Members(
        source=MemberSource(entry["source"]),
        count=_number(entry.get("count")),
        unreadable=int(entry.get("unreadable", 0)),
        duplicates=int(entry.get("duplicates", 0)),
        pending=entry.get("pending"),
        reason=str(entry.get("reason", "")),
        origin=str(entry.get("origin", "")),
        checked=bool(entry.get("checked", False)),
        gone=int(entry.get("gone", 0)),
        not_found=int(entry.get("not_found", 0)),
        ambiguous=int(entry.get("ambiguous", 0)),
        inactive=int(entry.get("inactive", 0)),
        excluded=_number(entry.get("excluded")),
        excluding=_excluding(entry.get("excluding")),
        set_aside=int(entry.get("set_aside", 0)),
        accepted=tuple(map(str, entry.get("accepted", ()))),
        question=str(entry.get("question", "")),
        unanswered=bool(entry.get("unanswered", False)),
    )


def _excluding(entry: Any) -> Excluding | None:
    if entry is None:
        return None
    counts = ("unreadable", "duplicates", "set_aside", "gone", "not_found", "ambiguous")
    return Excluding(
        origin=str(entry.get("origin", "")),
        checked=bool(entry.get("checked", False)),
        accepted=tuple(map(str, entry.get("accepted", ()))),
        question=str(entry.get("question", "")),
        **{name: int(entry.get(name, 0)) for name in counts},
    )


def _number(value: Any) -> int | None:
    return None if value is None or value == "" else int(value)
