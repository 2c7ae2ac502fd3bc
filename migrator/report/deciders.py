"""Who has decided so far, in one sentence; when and why stands in the history of the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from migrator.contracts.history import Deed, Event
from migrator.report.words import Words

_NAMED = 3
"""People who are named; the others are counted."""


def decided_by(history: Sequence[Event], words: Words, *, waiting: int) -> str:
    """Who decided how many segments, and when last; empty where nothing was to be decided.

    Args:
        history: of the run, oldest first.
        words: the words of the language.
        waiting: segments that wait for a decision still.
    """
    latest = {one.segment or f"{number}": one for number, one in enumerate(history) if one.deed == Deed.DECISION}
    if not latest:
        return words("decided_nobody") if waiting else ""
    counted = Counter(one.by or "?" for one in latest.values()).most_common()
    named = [words("decided_one", n=count, who=who) for who, count in counted[:_NAMED]]
    if rest := sum(count for _, count in counted[_NAMED:]):
        named.append(words("decided_one", n=rest, who="…"))
    return words("decided_by", who=", ".join(named), when=max(one.at for one in latest.values())[:10])
