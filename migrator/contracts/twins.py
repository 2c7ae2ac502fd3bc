"""Real-time segments that people made already: `twins.json` of an export, and when two names mean the same segment.

It lists the real-time segments that no run of this tool can have made, and whose members are those of a legacy segment,
as far as members can be read. Which of them is a twin of what is for the translator to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from migrator.contracts.versions import Format
from migrator.product.codes import NAME_MAX

TWINS = "twins.json"
_FORMAT = Format()
TWINS_FORMAT = _FORMAT.number


@dataclass(frozen=True, slots=True)
class FoundSegment:
    """One real-time segment with its definition, as it was found."""

    id: UUID
    definition_id: UUID
    name: str
    query: str
    static_list_members: str
    """Its groups: a JSON array in a string."""
    status_code: int | None
    """`statuscode` of the definition."""
    member_count: int | None
    created_on: str


@dataclass(frozen=True, slots=True)
class SharedPeople:
    """How many people a real-time segment and a legacy segment share."""

    segment: UUID
    legacy: UUID
    common: int
    of_segment: int
    of_legacy: int

    @property
    def same(self) -> bool:
        """Whether they are the same people."""
        return self.common == self.of_segment == self.of_legacy


@dataclass(frozen=True, slots=True)
class Twins:
    """What is in real-time journeys already."""

    segments: tuple[FoundSegment, ...] = ()
    people: tuple[SharedPeople, ...] = ()
    unread: str = ""
    """Why the segments could not be read; empty where they were."""


class Evidence(StrEnum):
    """Why a real-time segment is taken for the twin of a legacy one, the strongest first."""

    QUERY = "same query"
    PEOPLE = "same people"
    NAME = "name only"


EVIDENCE = tuple(Evidence)


@dataclass(frozen=True, slots=True)
class Twin:
    """One real-time segment that is there already, and that is, or may be, a legacy segment's successor."""

    segment: FoundSegment
    evidence: Evidence
    shared: SharedPeople | None = None
    """How many people both have; None where that could not be read."""

    @property
    def people(self) -> str:
        """How many people both have, such as "12 of 15"; empty where nobody knows."""
        if self.shared is None:
            return ""
        return f"{self.shared.common:,} of {max(self.shared.of_legacy, self.shared.of_segment):,}"


# --- names -----------------------------------------------------------------------------------------------------------

_PREFIX = re.compile(r"(?:migrated|copy of|kopie von|copie de)\s*[-–—:]?\s+|migrated\s*[-–—:]\s*", re.IGNORECASE)
"""The vendor's tool writes "Migrated – …" (product documentation); the others are what people and editors write."""
_SUFFIX = re.compile(
    r"\s*\(\d{1,3}\)$|[\s_-]+\d{1,2}$|\s*[-–—_(]?\s*\b(?:copy|kopie|copie)(?:\s*\(?\d{1,3}\)?)?\)?$", re.IGNORECASE
)


def name_key(name: str) -> str:
    """A name without what people do not see: upper and lower case, and how many blanks there are."""
    return " ".join(name.split()).casefold()


def name_keys(name: str) -> Iterator[str]:
    """The names that a real-time segment may have been made after, its own first: without prefix, numbers, copies."""
    seen = set()
    todo = [" ".join(name.split())]
    while todo:
        now = todo.pop(0)
        if not now or now.casefold() in seen:
            continue
        seen.add(now.casefold())
        yield now.casefold()
        todo += [shorter for pattern in (_PREFIX, _SUFFIX) if (shorter := _without(pattern, now)) != now]


def _without(pattern: re.Pattern[str], name: str) -> str:
    if pattern is _PREFIX:
        match = pattern.match(name)
        return name[match.end() :].strip() if match else name
    match = pattern.search(name)
    return name[: match.start()].strip() if match else name


def may_be_cut(name: str) -> bool:
    """Whether a name is as long as one can be, so that a prefix may have pushed its end out."""
    return len(name) >= NAME_MAX


# --- the file --------------------------------------------------------------------------------------------------------


def twins_to_json(twins: Twins) -> dict[str, Any]:
    """The content of `twins.json`: the same look gives the same bytes."""
    return {
        "format": TWINS_FORMAT,
        "unread": twins.unread,
        "segments": [
            {**asdict(one), "id": str(one.id), "definition_id": str(one.definition_id)}
            for one in sorted(twins.segments, key=lambda one: one.id)
        ],
        "people": [
            {**asdict(one), "segment": str(one.segment), "legacy": str(one.legacy)}
            for one in sorted(twins.people, key=lambda one: (one.segment, one.legacy))
        ],
    }


def twins_from_json(content: Any, what: str) -> Twins:
    """The content of `twins.json`, read.

    Args:
        content: the JSON object.
        what: names the file in the sentence about a newer one.

    Raises:
        UsageError: a newer version of the tool wrote it.
        KeyError, TypeError, ValueError, AttributeError: it is none.
    """
    now = _FORMAT.of_now(content, what)
    return Twins(
        tuple(
            FoundSegment(
                UUID(one["id"]),
                UUID(one["definition_id"]),
                str(one["name"]),
                str(one["query"]),
                str(one["static_list_members"]),
                one["status_code"],
                one["member_count"],
                str(one["created_on"]),
            )
            for one in now["segments"]
        ),
        tuple(
            SharedPeople(
                UUID(one["segment"]),
                UUID(one["legacy"]),
                int(one["common"]),
                int(one["of_segment"]),
                int(one["of_legacy"]),
            )
            for one in now["people"]
        ),
        str(now["unread"]),
    )
