"""Set expressions without parentheses: real-time queries chain sets from left to right only.

Where set algebra allows, parentheses are rewritten away; the sets stay the same. Below, L is what stands before an
operator, X what stood in parentheses behind it.

    L UNION (B UNION C)            L UNION B UNION C
    L INTERSECT (B INTERSECT C)    L INTERSECT B INTERSECT C        likewise with EXCEPT inside
    L EXCEPT (B UNION C)           L EXCEPT B EXCEPT C
    l UNION X                      X UNION l                        l one set, or a union: UNION commutes
    l INTERSECT X                  X INTERSECT l                    l one set, or made by INTERSECT and EXCEPT
"""

from __future__ import annotations

from migrator.mql import tree
from migrator.mql.write import write_members
from migrator.product import findings
from migrator.translator.profiles import Inexpressible

UNION, INTERSECT, EXCEPT = tree.SetOperator.UNION, tree.SetOperator.INTERSECT, tree.SetOperator.EXCEPT
_Rest = tuple[tuple[tree.SetOperator, tree.Members], ...]


def flattened(members: tree.Members) -> tree.Members:
    """The same set, without parentheses.

    Raises:
        Inexpressible: set algebra knows no such chain.
    """
    if not isinstance(members, tree.SetChain):
        return members
    first = flattened(members.first)
    head, rest = (first.first, first.rest) if isinstance(first, tree.SetChain) else (first, ())
    for operator, operand in members.rest:
        head, rest = _appended(head, rest, operator, flattened(operand))
    return tree.SetChain(head, rest)


def _appended(
    head: tree.Members, rest: _Rest, operator: tree.SetOperator, operand: tree.Members
) -> tuple[tree.Members, _Rest]:
    if not isinstance(operand, tree.SetChain):
        return head, (*rest, (operator, operand))
    inner, outer = {op for op, _ in operand.rest}, {op for op, _ in rest}
    match operator:
        case tree.SetOperator.UNION if inner == {UNION}:
            return head, (*rest, (UNION, operand.first), *operand.rest)
        case tree.SetOperator.UNION if outer <= {UNION}:
            return operand.first, (*operand.rest, (UNION, head), *rest)
        case tree.SetOperator.INTERSECT if inner <= {INTERSECT, EXCEPT}:
            return head, (*rest, (INTERSECT, operand.first), *operand.rest)
        case tree.SetOperator.INTERSECT if outer <= {INTERSECT, EXCEPT}:
            return operand.first, (*operand.rest, (INTERSECT, head), *rest)
        case tree.SetOperator.EXCEPT if inner == {UNION}:
            return head, (*rest, (EXCEPT, operand.first), *((EXCEPT, part) for _, part in operand.rest))
    raise Inexpressible(findings.sets_need_parentheses(write_members(operand)))
