"""What a finding is, how much it weighs, and the list of all of them.

The severity decides the outcome of a segment: the highest one wins (see `Severity`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import ParamSpec

P = ParamSpec("P")


class Severity(StrEnum):
    """How much a finding weighs, and what it makes of the segment that carries it."""

    NOTE = "note"
    """Good to know; the segment is carried over as it is."""
    CHANGE = "change"
    """Carried over with a named change: the segment is *adapted*."""
    DECISION = "decision"
    """A person has to decide first: the segment is *flagged* and not loaded."""
    STOP = "stop"
    """Cannot be carried over: the segment is *blocked*."""


SEVERITIES = tuple(Severity)
"""From light to heavy."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found about one segment."""

    code: str
    severity: Severity
    message: str
    advice: str


def within(name: str, finding: Finding) -> Finding:
    """A finding about another segment whose query was put in the place of a reference to it."""
    return Finding(
        finding.code, finding.severity, f"In “{name}”, whose query is used here: {finding.message}", finding.advice
    )


CATALOGUE: dict[str, tuple[Severity, str]] = {}
"""Every code with its severity and, from the docstring, what it means."""


def finding(severity: Severity) -> Callable[[Callable[P, tuple[str, str]]], Callable[P, Finding]]:
    """Enter a function, which gives a sentence and the advice, into the catalogue: it gives a `Finding` from then on.

    Its name is the code, its docstring what the code means.
    """

    def register(sentences: Callable[P, tuple[str, str]]) -> Callable[P, Finding]:
        code = sentences.__name__.replace("_", "-")
        CATALOGUE[code] = (severity, (sentences.__doc__ or "").strip())

        @wraps(sentences)
        def make(*args: P.args, **kwargs: P.kwargs) -> Finding:
            message, advice = sentences(*args, **kwargs)
            return Finding(code, severity, message, advice)

        return make

    return register


def code_of(made: Callable[..., Finding]) -> str:
    """The code of the findings that a function makes.

    Args:
        made: a function of this catalogue.
    """
    return made.__name__.replace("_", "-")
