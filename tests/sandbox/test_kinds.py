"""`migrator sandbox --as KIND`: every kind of organisation can be practised on, and is met with words that fit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from migrator.base.errors import UsageError
from migrator.commands.practice import practice_organisation
from migrator.sandbox.kinds import KINDS
from migrator.sandbox.server import Running
from tests.conftest import Command

MET = {
    "without-realtime": ("doctor", 3, "are not installed"),
    "without-outbound": ("doctor", 3, "never installed"),
    "without-matrix": ("doctor", 0, "Ownership across business units is switched off"),
    "without-usage": ("run", 3, "4 verified"),
    "production": ("doctor", 0, "treated as production"),
    "administration-mode": ("doctor", 5, "Repeat the command once it has ended"),
    "joined-members": ("run", 3, "4 verified"),
    "partial-members": ("run", 3, "4 verified"),
    "refusals-inside": ("run", 3, "4 verified"),
    "contact-fields-checked": ("run", 3, "4 verified"),
    "silent-stops": ("run", 3, "4 verified"),
}


@contextmanager
def practised(export: Path, *kinds: str, lacks: tuple[str, ...] = ()) -> Iterator[Running]:
    with practice_organisation(export, 0, "live", None, kinds=kinds, lacks=lacks) as box:
        box.organisation.moment = box.organisation.computing = 0.01
        yield box


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_met_with_what_fits(command: Command, small_export: Path, kind: str) -> None:
    what, code, words = MET[kind]
    with practised(small_export, kind) as box:
        result = command(what, "--org", box.address)
        if what == "run":
            assert command("rollback", "--yes").code == 0
            assert not box.organisation.rows["msdynmkt_segment"]
    assert (result.code, words in result.out + result.err) == (code, True), result


@pytest.mark.slow
def test_a_privilege_can_be_taken_away(command: Command, small_export: Path) -> None:
    with practised(small_export, lacks=("prvReadContact",)) as box:
        result = command("doctor", "--org", box.address)
    assert result.code == 3
    assert "prvReadContact" in result.out


def test_a_kind_that_is_none_is_refused(small_export: Path) -> None:
    with pytest.raises(UsageError, match="--as cannot be haunted"):
        practised(small_export, "haunted").__enter__()


def test_the_help_names_every_kind(command: Command) -> None:
    told = "".join(command("sandbox", "--help").out.split())  # help breaks lines at hyphens
    assert all(kind in told for kind in KINDS)


def test_the_doctor_sees_that_the_services_are_removed(command: Command, small_export: Path) -> None:
    with practice_organisation(small_export, 0, "removed", None) as box:
        result = command("doctor", "--org", box.address)
    assert (result.code, "services are removed" in result.out) == (0, True)
