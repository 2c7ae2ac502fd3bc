"""Kinds of organisation that a migration meets, by name: what is missing there, or answered in another way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from migrator.sandbox.organisation import Organisation


def _without_realtime(organisation: Organisation) -> None:
    organisation.realtime = False


def _without_outbound(organisation: Organisation) -> None:
    organisation.outbound_installed = False


def _without_matrix(organisation: Organisation) -> None:
    organisation.matrix = False


def _without_usage(organisation: Organisation) -> None:
    organisation.hide_use()


def _production(organisation: Organisation) -> None:
    organisation.kind = "Customer"


def _administration(organisation: Organisation) -> None:
    organisation.administration = True


def _checks_contact_fields(organisation: Organisation) -> None:
    organisation.checks_contact_fields = True


def _joined(organisation: Organisation) -> None:
    organisation.manners = replace(organisation.manners, members_joined=True)


def _partly_listed(organisation: Organisation) -> None:
    organisation.manners = replace(organisation.manners, members_listed=50)


def _refuses_inside(organisation: Organisation) -> None:
    organisation.manners = replace(organisation.manners, refuses_inside=True)


def _silent_stops(organisation: Organisation) -> None:
    organisation.manners = replace(organisation.manners, tells_stops=False)


KINDS: Mapping[str, Callable[[Organisation], None]] = {
    "without-realtime": _without_realtime,
    "without-outbound": _without_outbound,
    "without-matrix": _without_matrix,
    "without-usage": _without_usage,
    "production": _production,
    "administration-mode": _administration,
    "contact-fields-checked": _checks_contact_fields,
    "joined-members": _joined,
    "partial-members": _partly_listed,
    "refusals-inside": _refuses_inside,
    "silent-stops": _silent_stops,
}
"""Name → what makes an organisation of this kind. Several may be put together."""
