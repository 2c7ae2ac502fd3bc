"""Who may be mailed: outbound's rule before, the purpose's enforcement model times consent after. Pure and exact.

Every rule is a table of the product documentation (*Manage consent for email, SMS and custom channel messages*). What
is known about one person is a `Facts`; what becomes of it is a `Verdict`. The engine packs facts into a small number
(`kind_of`), counts people of one kind, and asks here once a kind, so that no rule stands in SQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cache

from migrator.product.codes import ConsentValue, EnforcementModel


class Said(IntEnum):
    """What an address has said about a purpose or a topic. Of several records the highest counts."""

    NOTHING = 0
    """No record, or *not set*."""
    YES = 1
    UNREADABLE = 2
    """A value that nobody knows."""
    NO = 3


SAID: Mapping[ConsentValue, Said] = {
    ConsentValue.NOT_SET: Said.NOTHING,
    ConsentValue.OPTED_IN: Said.YES,
    ConsentValue.OPTED_OUT: Said.NO,
}
"""What the value of a record says; any other value is unreadable."""


class Checked(StrEnum):
    """What outbound marketing looked at before it sent, besides the address."""

    ACTIVE = "active"
    DO_NOT_EMAIL = "donotemail"
    DO_NOT_BULK_EMAIL = "donotbulkemail"


class ContactFields(StrEnum):
    """The switch *Check contact consent for real-time journeys*."""

    IGNORED = "ignored"
    """Off: consent records alone decide."""
    CHECKED = "checked"
    """On: the contact's own two fields stand in the way, too."""


class Group(StrEnum):
    """What becomes of one person's mail."""

    STILL = "still-reached"
    LOST = "lost"
    NEW = "newly-reached"
    NEITHER = "neither"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why somebody is not mailed, before or after."""

    GONE = "gone"
    """There is no such contact any more."""
    NO_ADDRESS = "no-address"
    INACTIVE = "inactive"
    DO_NOT_EMAIL = "do-not-email"
    DO_NOT_BULK_EMAIL = "do-not-bulk-email"
    OPTED_OUT = "opted-out"
    NO_CONSENT = "no-consent"
    """No record of an opt-in, under a restrictive purpose."""
    TOPIC_OPTED_OUT = "topic-opted-out"
    TOPIC_NO_CONSENT = "topic-no-consent"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about one person."""

    found: bool = True
    """Whether there is such a contact."""
    address: bool = True
    """Whether the contact has the address that outbound marketing wrote to."""
    address_after: bool = True
    """Whether it has the address that real-time journeys write to."""
    active: bool = True
    refuses_mail: bool = False
    """`donotemail`; empty is no refusal."""
    refuses_bulk: bool = False
    """`donotbulkemail`; empty is no refusal."""
    purpose: Said = Said.NOTHING
    topic: Said = Said.NOTHING


@dataclass(frozen=True, slots=True)
class Rules:
    """What a message has to pass."""

    model: EnforcementModel | None
    """Of the purpose; None where nobody knows it."""
    commercial: bool = True
    """Whether `donotbulkemail` is about it: transactional messages ask `donotemail` alone, before and after."""
    topic: bool = False
    """Whether the message has a topic below its purpose."""
    fields: ContactFields = ContactFields.IGNORED
    outbound: frozenset[Checked] = frozenset(Checked)
    """What outbound marketing looked at."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a person's mail, and why."""

    group: Group
    reason: Reason | None = None
    """Why not after, of those who are lost or reached by neither; why not before, of those who are new."""
    said_no: bool = False
    """Whether this person had said no in outbound marketing, has not opted in since, and would be mailed now."""


SENT: Mapping[tuple[EnforcementModel, Said], bool] = {
    (EnforcementModel.RESTRICTIVE, Said.NO): False,
    (EnforcementModel.RESTRICTIVE, Said.NOTHING): False,
    (EnforcementModel.RESTRICTIVE, Said.YES): True,
    (EnforcementModel.NON_RESTRICTIVE, Said.NO): False,
    (EnforcementModel.NON_RESTRICTIVE, Said.NOTHING): True,
    (EnforcementModel.NON_RESTRICTIVE, Said.YES): True,
    (EnforcementModel.DISABLED, Said.NO): True,
    (EnforcementModel.DISABLED, Said.NOTHING): True,
    (EnforcementModel.DISABLED, Said.YES): True,
}
"""Whether a message is sent (product documentation: *Consent enforcement diagram*, channel e-mail)."""


def before(facts: Facts, rules: Rules) -> Reason | None:
    """Why outbound marketing did not mail somebody; None where it did."""
    if not facts.found:
        return Reason.GONE
    if not facts.address:
        return Reason.NO_ADDRESS
    if not facts.active and Checked.ACTIVE in rules.outbound:
        return Reason.INACTIVE
    if facts.refuses_mail and Checked.DO_NOT_EMAIL in rules.outbound:
        return Reason.DO_NOT_EMAIL
    if facts.refuses_bulk and rules.commercial and Checked.DO_NOT_BULK_EMAIL in rules.outbound:
        return Reason.DO_NOT_BULK_EMAIL
    return None


def after(facts: Facts, rules: Rules) -> Reason | None:
    """Why real-time journeys will not mail somebody; None where they will, UNREADABLE where nobody knows."""
    if not facts.found:
        return Reason.GONE
    if not facts.address_after:
        return Reason.NO_ADDRESS
    if not facts.active:
        return Reason.INACTIVE
    # What certainly stands in the way is said first, also where something else is not known.
    if rules.fields is ContactFields.CHECKED:
        if facts.refuses_mail:
            return Reason.DO_NOT_EMAIL
        if facts.refuses_bulk and rules.commercial:
            return Reason.DO_NOT_BULK_EMAIL
    if rules.model is None:
        return Reason.UNREADABLE
    asked = [(facts.purpose, Reason.OPTED_OUT, Reason.NO_CONSENT)]
    if rules.topic:  # judged by the model of its purpose, once the purpose lets the message through
        asked.append((facts.topic, Reason.TOPIC_OPTED_OUT, Reason.TOPIC_NO_CONSENT))
    for said, refused, missing in asked:
        if said is Said.UNREADABLE:
            if rules.model is not EnforcementModel.DISABLED:  # which sends whatever was said
                return Reason.UNREADABLE
        elif not SENT[rules.model, said]:
            return refused if said is Said.NO else missing
    return None


def judge(facts: Facts, rules: Rules) -> Verdict:
    """What becomes of the mail of somebody of whom these facts are known."""
    was, will = before(facts, rules), after(facts, rules)
    if will is Reason.UNREADABLE:
        return Verdict(Group.UNKNOWN, Reason.UNREADABLE)
    if will is None:
        if was is None:
            return Verdict(Group.STILL)
        refused = facts.refuses_mail or (facts.refuses_bulk and rules.commercial)
        return Verdict(Group.NEW, was, refused and facts.purpose is not Said.YES)
    return Verdict(Group.LOST if was is None else Group.NEITHER, will)


# --- kinds of people -------------------------------------------------------------------------------------------------

_FLAGS = ("found", "address", "address_after", "active", "refuses_mail", "refuses_bulk")
FLAG: Mapping[str, int] = {name: 1 << place for place, name in enumerate(_FLAGS)}
"""The bit of each fact that is true or false."""
PURPOSE_STEP = 1 << len(_FLAGS)
TOPIC_STEP = PURPOSE_STEP * len(Said)
KINDS = TOPIC_STEP * len(Said)
"""How many kinds of people there are."""


def kind_of(facts: Facts) -> int:
    """The number of the kind of people of whom these facts are known."""
    flags = sum(bit for name, bit in FLAG.items() if getattr(facts, name))
    return flags + PURPOSE_STEP * facts.purpose + TOPIC_STEP * facts.topic


def facts_of(kind: int) -> Facts:
    """What is known about people of this kind."""
    flags = {name: bool(kind & bit) for name, bit in FLAG.items()}
    return Facts(**flags, purpose=Said(kind // PURPOSE_STEP % len(Said)), topic=Said(kind // TOPIC_STEP))


@cache
def verdicts(rules: Rules) -> tuple[Verdict, ...]:
    """What becomes of the people of each kind."""
    return tuple(judge(facts_of(kind), rules) for kind in range(KINDS))


@cache
def reached_before(rules: Rules) -> tuple[bool, ...]:
    """Whether outbound marketing mailed the people of each kind."""
    return tuple(before(facts_of(kind), rules) is None for kind in range(KINDS))
