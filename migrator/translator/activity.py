"""Inactive contacts: outbound counted them, real-time queries do not. Where that makes another segment, it is said.

PROFILE(contact) holds active contacts only. So a query that asks for inactive ones gives nobody, and a query that takes
people out does not reach inactive ones who are in a static segment, or who did something.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from migrator.mql import tree
from migrator.product import findings
from migrator.product.codes import State
from migrator.product.findings import Finding

STATE = "statecode"


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be so of the inactive contacts in a set."""

    empty: bool = False
    """Nobody active is in it, and no inactive contact either."""
    holds: bool = False
    """The real-time set may hold some."""
    lost: bool = False
    """The outbound set may hold some who are not in the real-time one."""
    gained: bool = False
    """The real-time set may hold some who are not in the outbound one."""


def about_inactive(members: tree.Members, references: Mapping[str, Reach]) -> Iterable[Finding]:
    """What there is to say about inactive contacts in a translated set; `references` tells it of other segments."""
    reach = _reach(members, references)
    if reach.empty:
        yield findings.nobody_active()
    elif _asks_for_inactive(members, taken_out=False):
        yield findings.inactive_asked_for()
    if reach.gained:
        yield findings.inactive_kept()


def _reach(members: tree.Members, references: Mapping[str, Reach]) -> Reach:
    match members:
        case tree.Profile(steps=steps):
            return Reach(empty=_truth(steps, State.ACTIVE) is False, lost=_truth(steps, State.INACTIVE) is not False)
        case tree.SegmentReference(name):
            return references.get(name, Reach(holds=True, lost=True))
        case tree.SetChain(first, rest):
            left = _reach(first, references)
            for operator, part in rest:
                left = _combined(left, operator, _reach(part, references))
            return left
    return Reach(holds=True)


def _combined(left: Reach, operator: tree.SetOperator, right: Reach) -> Reach:
    match operator:
        case tree.SetOperator.UNION:
            return Reach(
                left.empty and right.empty, left.holds or right.holds, left.lost or right.lost,
                left.gained or right.gained,
            )  # fmt: skip
        case tree.SetOperator.INTERSECT:
            return Reach(
                left.empty or right.empty, left.holds and right.holds, left.lost or right.lost,
                (left.gained and right.holds) or (right.gained and left.holds),
            )  # fmt: skip
        case tree.SetOperator.EXCEPT:
            return Reach(left.empty, left.holds, left.lost or right.gained, left.gained or (right.lost and left.holds))


def _asks_for_inactive(members: tree.Members, *, taken_out: bool) -> bool:
    match members:
        case tree.Profile(steps=steps):
            return not taken_out and any(_asks(condition, negated=False) for condition in _own(steps))
        case tree.SetChain(first, rest):
            return _asks_for_inactive(first, taken_out=taken_out) or any(
                _asks_for_inactive(part, taken_out=taken_out is not (operator is tree.SetOperator.EXCEPT))
                for operator, part in rest
            )
    return False


_Steps = tuple[tree.Filter | tree.Traverse | tree.Relate, ...]


def _own(steps: _Steps) -> list[tree.Condition]:
    return [step.condition for step in steps if isinstance(step, tree.Filter)]


def _asks(condition: tree.Condition, *, negated: bool) -> bool:
    """Whether a part of a condition holds for inactive contacts only, as far as their state decides."""
    match condition:
        case tree.Not(inner):
            return _asks(inner, negated=not negated)
        case tree.And(conditions) | tree.Or(conditions):
            return any(_asks(inner, negated=negated) for inner in conditions)
    active, inactive = (_holds(condition, state) for state in (State.ACTIVE, State.INACTIVE))
    return (active, inactive) == ((True, False) if negated else (False, True))


def _truth(steps: _Steps, state: State) -> bool | None:
    return _every([_holds(condition, state) for condition in _own(steps)])


def _holds(condition: tree.Condition, state: State) -> bool | None:
    """Whether a condition holds for contacts of a state; None where other columns decide."""
    match condition:
        case tree.And(conditions):
            return _every([_holds(inner, state) for inner in conditions])
        case tree.Or(conditions):
            opposite = _every([_not(_holds(inner, state)) for inner in conditions])
            return _not(opposite)
        case tree.Not(inner):
            return _not(_holds(inner, state))
        case tree.IsNull(tree.Attribute(name, None)) if name.lower() == STATE:
            return False
        case tree.IsNotNull(tree.Attribute(name, None)) if name.lower() == STATE:
            return True
        case tree.Comparison(tree.Attribute(name, None), op, right) if name.lower() == STATE:
            return _compared(int(state), op, _number(right))
        case tree.Comparison(left, op, tree.Attribute(name, None)) if name.lower() == STATE:
            return _compared(_number(left), op, int(state))
    return None


def _every(truths: list[bool | None]) -> bool | None:
    if False in truths:
        return False
    return None if None in truths else True


def _not(truth: bool | None) -> bool | None:
    return None if truth is None else not truth


def _number(value: tree.Value) -> float | None:
    match value:
        case tree.Number(text) | tree.Text(text):
            try:
                return float(text)
            except ValueError:
                return None
        case tree.Boolean(truth):
            return float(truth)
    return None


def _compared(left: float | None, op: str, right: float | None) -> bool | None:
    if left is None or right is None:
        return None
    return {
        "==": left == right, "!=": left != right, ">": left > right, ">=": left >= right, "<": left < right,
        "<=": left <= right,
    }[op]  # fmt: skip
