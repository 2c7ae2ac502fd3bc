"""From people of each kind to numbers: the four of a segment, of everybody, and of each purpose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from migrator.contracts.reach import Numbers
from migrator.reach.rules import Group, Rules, Verdict, reached_before, verdicts


def numbers(counts: Iterable[tuple[int, int]], rules: Rules, *, consent: bool = True) -> Numbers:
    """The numbers of some people.

    Args:
        counts: kinds of people, and how many are of each.
        rules: what a message has to pass.
        consent: whether anything is known of what people have said; otherwise who is unknown is not a few of them, and
            no number of what comes after is given where it would leave them out.
    """
    judged, was = verdicts(rules), reached_before(rules)
    groups, reasons = Counter[Group](), Counter[str]()
    members = said_no = before = 0
    for kind, count in counts:
        verdict = judged[kind]
        members += count
        groups[verdict.group] += count
        said_no += count if verdict.said_no else 0
        before += count if was[kind] else 0
        if verdict.reason:
            reasons[f"{verdict.group}:{verdict.reason}"] += count
    if rules.model is None:  # nothing is known of what comes after, but what was before is
        return Numbers(members, before, unknown=members)
    if not consent and groups[Group.UNKNOWN]:
        return Numbers(members, before, unknown=groups[Group.UNKNOWN])
    return Numbers(
        members,
        groups[Group.STILL] + groups[Group.LOST],
        groups[Group.STILL] + groups[Group.NEW],
        groups[Group.LOST],
        groups[Group.NEW],
        said_no,
        groups[Group.NEITHER],
        groups[Group.UNKNOWN],
        dict(sorted(reasons.items())),
    )


def told(verdict: Verdict) -> bool:
    """Whether people of this verdict are listed by id: who loses the mail, who gets it anew, and who is unknown."""
    return verdict.group in (Group.LOST, Group.NEW, Group.UNKNOWN)


def kinds_told(rules: Rules) -> Sequence[int]:
    """The kinds of people that are listed by id."""
    return [kind for kind, verdict in enumerate(verdicts(rules)) if told(verdict)]
