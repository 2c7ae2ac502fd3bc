"""Which purpose is meant: the default commercial one of the only compliance profile, or the one that a person names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from migrator.base.errors import UsageError
from migrator.product.codes import EnforcementModel, PurposeType, label

DEFAULT = "Commercial"
"""What the product calls the commercial purpose that every compliance profile begins with (product documentation)."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """One purpose."""

    id: UUID
    name: str
    type_code: int | None
    model_code: int | None
    profiles: tuple[UUID, ...] = ()

    @property
    def model(self) -> EnforcementModel | None:
        """How consent is enforced for e-mail; None where the code is one that nobody knows."""
        return EnforcementModel(self.model_code) if self.model_code in set(EnforcementModel) else None

    @property
    def model_word(self) -> str:
        """The same in a word."""
        return label(self.model_code, EnforcementModel).lower().replace(" ", "-")

    @property
    def type_word(self) -> str:
        """What kind of messages it is for, in a word."""
        return label(self.type_code, PurposeType).lower()

    @property
    def commercial(self) -> bool:
        """Whether its messages are commercial ones; of an unknown kind that is assumed."""
        return self.type_code != PurposeType.TRANSACTIONAL


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic below a purpose."""

    id: UUID
    name: str
    purpose: UUID | None


@dataclass(frozen=True, slots=True)
class Settings:
    """The compliance settings of an organisation, as far as they can be read."""

    profiles: Mapping[UUID, str] | None
    """Id → name; None where they cannot be read."""
    purposes: tuple[Purpose, ...] | None
    """Those that e-mails are sent for; None where they cannot be read."""
    topics: tuple[Topic, ...] | None


def for_mail(purposes: Sequence[Purpose]) -> tuple[Purpose, ...]:
    """The purposes that e-mails are sent for: all but those of tracking."""
    return tuple(one for one in purposes if one.type_code != PurposeType.TRACKING)


def chosen(settings: Settings, purpose: str, profile: str) -> tuple[Purpose | None, str]:
    """The purpose that is meant, or None and why a person has to name it.

    Args:
        settings: the organisation's.
        purpose: the name or id that was given; empty for none.
        profile: the name or id of a compliance profile that was given; empty for none.

    Raises:
        UsageError: what was given is not there, several have that name, or profiles cannot be read.
    """
    if settings.purposes is None:
        return None, "The purposes of this organisation cannot be read."
    everyone = settings.purposes
    candidates = everyone
    if profile:
        if settings.profiles is None:
            raise UsageError("The compliance profiles cannot be read. Leave --profile out, and name the purpose alone.")
        wanted = _named(list(settings.profiles.items()), profile, "compliance profile")[0]
        candidates = tuple(one for one in everyone if wanted in one.profiles)
    if purpose:
        named = _named([(one.id, one.name) for one in candidates], purpose, "purpose")[0]
        return next(one for one in candidates if one.id == named), ""
    shown = ", ".join(f"“{one.name}”" for one in candidates)
    if not profile:
        if not settings.profiles:
            what = "cannot be read" if settings.profiles is None else "are not there"
            return None, f"The compliance profiles {what}. Name the purpose with --purpose: {shown}"
        if len(settings.profiles) > 1:
            profiles = ", ".join(f"“{name}”" for name in settings.profiles.values())
            return None, f"There are several compliance profiles: {profiles}. Name the purpose with --purpose: {shown}"
    commercial = [one for one in candidates if one.type_code == PurposeType.COMMERCIAL]
    default = [one for one in commercial if one.name == DEFAULT] if len(commercial) > 1 else commercial
    if len(default) != 1:
        return None, f"No purpose is plainly the default commercial one. Name it with --purpose: {shown}"
    return default[0], ""


def topic_of(settings: Settings, purpose: Purpose, topic: str) -> Topic | None:
    """The topic that is meant, below a purpose; None where none is given.

    Args:
        settings: the organisation's.
        purpose: the purpose that was chosen.
        topic: the name or id that was given; empty for none.

    Raises:
        UsageError: it is not there, several have that name, or topics cannot be read.
    """
    if not topic:
        return None
    if settings.topics is None:
        raise UsageError("The topics of this organisation cannot be read. Leave --topic out.")
    below = [one for one in settings.topics if one.purpose == purpose.id]
    found = _named([(one.id, one.name) for one in below], topic, f"topic of “{purpose.name}”")[0]
    return next(one for one in below if one.id == found)


def _named(known: list[tuple[UUID, str]], given: str, what: str) -> tuple[UUID, str]:
    by_id = [one for one in known if str(one[0]) == given.strip().lower()]
    found = (
        by_id
        or [one for one in known if one[1] == given]
        or [one for one in known if one[1].casefold() == given.strip().casefold()]
    )
    shown = ", ".join(f"“{name}” ({key})" for key, name in known) or "none"
    if not found:
        raise UsageError(f"There is no {what} that is called “{given}”. Choose among: {shown}.")
    if len(found) > 1:
        raise UsageError(f"Several are called “{given}”. Name the {what} by its id: {shown}.")
    return found[0]
