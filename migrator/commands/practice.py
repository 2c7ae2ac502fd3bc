"""The sandbox for the commands `demo` and `sandbox`; nothing else of the product knows that it exists."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.base.errors import UsageError, why
from migrator.base.resources import shipped

if TYPE_CHECKING:
    from migrator.sandbox.server import Running

REALTIME = "realtime.json"
"""Real-time segments and journeys that the sandbox holds from the start: in the folder, or beside the sample's."""


@contextmanager
def practice_organisation(
    data: Path | None,
    port: int,
    outbound: str,
    tls_folder: Path | None,
    chaos: str | None = None,
    seed: int | None = None,
    *,
    sign_in: bool = False,
    token_seconds: float = 3600.0,
    kinds: Sequence[str] = (),
    lacks: Collection[str] = (),
) -> Iterator[Running]:
    """Serve an organisation in a box until the block ends.

    Args:
        data: an export folder; None takes the sample.
        port: the port to listen on; 0 takes a free one.
        outbound: how the outbound services answer (`sandbox.outbound.Answers`): "live", "removed", …
        tls_folder: where to put the certificate; None serves plain HTTP.
        chaos: what goes wrong: the name of a profile, or of a TOML file; None is nothing.
        seed: makes what goes wrong repeatable; None takes the profile's own.
        sign_in: whether it asks for a sign-in; needs TLS.
        token_seconds: how long a token is good for.
        kinds: what kind of organisation it is (`sandbox.kinds`), several together.
        lacks: privileges that the account does not have.

    Raises:
        UsageError: the extra is not installed, the folder is no export, the port is taken, or it cannot start.
    """
    try:
        from migrator.sandbox.chaos import read_profile
        from migrator.sandbox.data import load
        from migrator.sandbox.identity import IdentityPlatform
        from migrator.sandbox.journeys import inhabit
        from migrator.sandbox.kinds import KINDS
        from migrator.sandbox.outbound import Answers
        from migrator.sandbox.server import NotStarted, PortTaken, running
    except ModuleNotFoundError as error:
        raise UsageError(
            f"The sandbox needs a package that is not installed ({error.name}). "
            'Install it from where migrator came from: pip install ".[sandbox]" in a checkout, or "FILE.whl[sandbox]".'
        ) from error
    if outbound not in list(Answers):
        raise UsageError(f"--outbound takes one of {', '.join(Answers)}, not {outbound}.")
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise UsageError(f"--as cannot be {unknown[0]}; it is one of {', '.join(KINDS)}.")
    folder = data or shipped("sample_exports") / "contoso"
    try:
        organisation = load(folder, time.monotonic)
        beside = folder / REALTIME if data else folder.with_name(f"{folder.name}-{REALTIME}")
        if beside.exists():
            inhabit(organisation, json.loads(beside.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"The sandbox cannot be filled from {folder}: it is no export ({why(error)}).") from error
    organisation.outbound_answers = outbound
    organisation.lacks |= set(lacks)
    for kind in kinds:
        KINDS[kind](organisation)
    try:
        profile = read_profile(chaos, seed) if chaos else None
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(f"--chaos cannot be {chaos}: {why(error)}. See: migrator sandbox --help") from error
    try:
        identity = IdentityPlatform(lifetime=token_seconds) if sign_in else None
        with running(organisation, port=port, tls_folder=tls_folder, chaos=profile, identity=identity) as sandbox:
            yield sandbox
    except PortTaken:
        raise UsageError(
            f"The port {port} is taken by another program. Choose another with --port, or leave the option out."
        ) from None
    except NotStarted as error:
        raise UsageError(f"The sandbox could not be started ({error}). Repeat the command.") from error
