"""Set expressions without parentheses: real-time queries chain sets from left to right only.

Where set algebra allows, parentheses are rewritten away; the sets stay the same. Below, L is what stands before an
operator, X what stood in parentheses behind it.

    L UNION (B UNION C)            L UNION B UNION C
    L INTERSECT (B INTERSECT C)    L INTERSECT B INTERSECT C        likewise with EXCEPT inside
    L EXCEPT (B UNION C)           L EXCEPT B EXCEPT C
    l UNION X                      X UNION l                        l one set, or a union: UNION commutes
    l INTERSECT X                  X INTERSECT l                    l one set, or made by INTERSECT and EXCEPT

What these rules do not reach is looked at person by person. Read from its end, a chain is a list of rules: whoever is
in the set behind UNION is in, whoever is not in the one behind INTERSECT is out, whoever is in the one behind EXCEPT is
out, and the others are decided by what stands before. Such a list is found, where there is one, by always taking a set
that decides. Where there is none, profiles help: two that intersect are one with all their steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from migrator.mql import tree
from migrator.mql.walk import operands, with_columns
from migrator.mql.write import write_members
from migrator.product import findings
from migrator.product.findings import Finding

UNION, INTERSECT, EXCEPT = tree.SetOperator.UNION, tree.SetOperator.INTERSECT, tree.SetOperator.EXCEPT
_Rest = tuple[tuple[tree.SetOperator, tree.Members], ...]

_DECIDED_MAX = 14
"""Different sets up to which chains are looked for person by person: the table has 2 to this power entries."""
_PRODUCTS_MAX = 16
"""Intersections of profiles into which an expression is multiplied out at most."""
_CROSSED_MAX = 64
"""Intersections that are looked at in one step on the way there."""
_MERGED_MAX = 40
"""Sets up to which an expression is multiplied out."""


@dataclass(frozen=True, slots=True)
class Flattened:
    """A chain without parentheses, and whether it was found by more than leaving them out."""

    members: tree.Members
    rewritten: bool


def flattened(members: tree.Members, told: list[Finding]) -> Flattened | None:
    """The same set, without parentheses; None where set algebra knows no such chain, which `told` then says."""
    chain = _by_rules(members)
    if not isinstance(chain, _Stuck):
        return Flattened(chain, rewritten=False)
    numbered = _Numbered()
    short = numbered.short(members)
    found = _by_deciding(short) or _by_merging(short, numbered)
    if found is None:
        told.append(findings.sets_need_parentheses(_short(write_members(chain.part))))
        return None
    return Flattened(numbered.whole(found), rewritten=True)


def _short(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:299]}…"


# --- by rules --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Stuck:
    """The part that no rule frees of its parentheses."""

    part: tree.Members


def _by_rules(members: tree.Members) -> tree.Members | _Stuck:
    if not isinstance(members, tree.SetChain):
        return members
    first = _by_rules(members.first)
    if isinstance(first, _Stuck):
        return first
    head, rest = (first.first, list(first.rest)) if isinstance(first, tree.SetChain) else (first, [])
    for operator, operand in members.rest:
        inner = _by_rules(operand)
        if isinstance(inner, _Stuck):
            return inner
        appended = _appended(head, rest, operator, inner)
        if appended is None:
            return _Stuck(inner)
        head, rest = appended
    return tree.SetChain(head, tuple(rest))


_Chain = tuple[tree.Members, list[tuple[tree.SetOperator, tree.Members]]]


def _appended(
    head: tree.Members,
    rest: list[tuple[tree.SetOperator, tree.Members]],
    operator: tree.SetOperator,
    operand: tree.Members,
) -> _Chain | None:
    if not isinstance(operand, tree.SetChain):
        rest.append((operator, operand))
        return head, rest
    inner, outer = {op for op, _ in operand.rest}, {op for op, _ in rest}
    match operator:
        case tree.SetOperator.UNION if inner == {UNION}:
            return head, [*rest, (UNION, operand.first), *operand.rest]
        case tree.SetOperator.UNION if outer <= {UNION}:
            return operand.first, [*operand.rest, (UNION, head), *rest]
        case tree.SetOperator.INTERSECT if inner <= {INTERSECT, EXCEPT}:
            return head, [*rest, (INTERSECT, operand.first), *operand.rest]
        case tree.SetOperator.INTERSECT if outer <= {INTERSECT, EXCEPT}:
            return operand.first, [*operand.rest, (INTERSECT, head), *rest]
        case tree.SetOperator.EXCEPT if inner == {UNION}:
            return head, [*rest, (EXCEPT, operand.first), *((EXCEPT, part) for _, part in operand.rest)]
    return None


class _Numbered:
    """Stands short names in for sets, which may be long: they are compared and looked up often from here on."""

    def __init__(self) -> None:
        self._names: dict[tree.Members, tree.SegmentReference] = {}
        self._sets: dict[tree.Members, tree.Members] = {}

    def short(self, members: tree.Members) -> tree.Members:
        """The expression with short names; equal sets get the same one."""
        if isinstance(members, tree.SetChain):
            return tree.SetChain(self.short(members.first), tuple((op, self.short(part)) for op, part in members.rest))
        name = self._names.setdefault(members, tree.SegmentReference(str(len(self._names))))
        self._sets[name] = members
        return name

    def whole(self, members: tree.Members) -> tree.Members:
        """The expression with the sets themselves."""
        if isinstance(members, tree.SetChain):
            return tree.SetChain(self.whole(members.first), tuple((op, self.whole(part)) for op, part in members.rest))
        return self._sets[members]

    def profile(self, name: tree.Members) -> tree.Profile | None:
        """The profile behind a short name, if it is one."""
        found = self._sets[name]
        return found if isinstance(found, tree.Profile) else None


# --- person by person ------------------------------------------------------------------------------------------------


def _by_deciding(members: tree.Members) -> tree.Members | None:
    """The chain of rules that says the same, if there is one."""
    sets = list(dict.fromkeys(operands(members)))
    if len(sets) > _DECIDED_MAX:
        return None
    # One bit for every combination of being in or out of the sets, and for each set the combinations with it.
    every = (1 << (1 << len(sets))) - 1
    within = {one: _pattern(place, len(sets)) for place, one in enumerate(sets)}
    wanted, open_cases = _cases(members, within, every), every
    rules: list[tuple[tree.SetOperator, tree.Members]] = []
    left = list(sets)
    while wanted & open_cases not in (0, open_cases):
        rule = next(filter(None, (_deciding(one, within[one], wanted, open_cases, every) for one in left)), None)
        if rule is None:
            return None
        rules.append(rule)
        left.remove(rule[1])
        open_cases &= every ^ within[rule[1]] if rule[0] is not INTERSECT else within[rule[1]]
    if wanted & open_cases:
        # Everybody who is left is in: somebody is only because of an INTERSECT, and its set is where the chain begins.
        head = next(one for operator, one in reversed(rules) if operator is INTERSECT)
        if rules[-1] == (INTERSECT, head):
            rules.pop()
        return tree.SetChain(head, tuple(reversed(rules))) if rules else head
    while rules and rules[-1][0] is not UNION:
        rules.pop()  # taking people out of nothing changes nothing
    if not rules:
        return tree.SetChain(sets[0], ((EXCEPT, sets[0]),))
    head = rules.pop()[1]
    return tree.SetChain(head, tuple(reversed(rules))) if rules else head


def _pattern(place: int, of: int) -> int:
    """Every combination in which the set at `place` is in, as bits."""
    block, pattern = 1 << place, ((1 << (1 << place)) - 1) << (1 << place)
    width = block * 2
    while width < 1 << of:
        pattern |= pattern << width
        width *= 2
    return pattern


def _cases(members: tree.Members, within: Mapping[tree.Members, int], every: int) -> int:
    if not isinstance(members, tree.SetChain):
        return within[members]
    found = _cases(members.first, within, every)
    for operator, part in members.rest:
        other = _cases(part, within, every)
        match operator:
            case tree.SetOperator.UNION:
                found |= other
            case tree.SetOperator.INTERSECT:
                found &= other
            case tree.SetOperator.EXCEPT:
                found &= every ^ other
    return found


def _deciding(
    one: tree.Members, inside: int, wanted: int, open_cases: int, every: int
) -> tuple[tree.SetOperator, tree.Members] | None:
    """The rule by which a set decides about some of those who are still open."""
    of_them, others = open_cases & inside, open_cases & (every ^ inside)
    if others and not wanted & others:
        return INTERSECT, one
    if of_them and not wanted & of_them:
        return EXCEPT, one
    if of_them and wanted & of_them == of_them:
        return UNION, one
    return None


# --- profiles that intersect -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Product:
    """Whoever is in all of some sets and in none of some others."""

    inside: tuple[tree.Members, ...]
    outside: tuple[tree.Members, ...] = ()


def _by_merging(members: tree.Members, numbered: _Numbered) -> tree.Members | None:
    """A chain in which profiles that intersect are one, if there is one."""
    if sum(1 for _ in operands(members)) > _MERGED_MAX:
        return None
    products = _multiplied(members, numbered)
    if not products:
        return None
    parts = [_as_chain(one, numbered) for one in products]
    united = parts[0] if len(parts) == 1 else tree.SetChain(parts[0], tuple((UNION, part) for part in parts[1:]))
    chain = _by_rules(united)
    return _by_deciding(united) if isinstance(chain, _Stuck) else chain


def _as_chain(one: _Product, numbered: _Numbered) -> tree.Members:
    inside = _with_merged(one.inside, numbered)
    rest = [(INTERSECT, part) for part in inside[1:]] + [(EXCEPT, part) for part in one.outside]
    return tree.SetChain(inside[0], tuple(rest)) if rest else inside[0]


def _with_merged(sets: Sequence[tree.Members], numbered: _Numbered) -> list[tree.Members]:
    """Sets that intersect, the profiles among them as one."""
    found = [(one, numbered.profile(one)) for one in sets]
    profiles = [profile for _, profile in found if profile is not None]
    others = [one for one, profile in found if profile is None]
    if len(profiles) < 2:
        return list(sets)
    return [numbered.short(_merged(profiles)), *others]


def _multiplied(members: tree.Members, numbered: _Numbered) -> list[_Product] | None:
    """The union of products that an expression is; None where there would be too many, or a profile's opposite."""
    if not isinstance(members, tree.SetChain):
        return [_Product((members,))]
    found = _multiplied(members.first, numbered)
    for operator, part in members.rest:
        if found is None:
            return None
        match operator:
            case tree.SetOperator.UNION:
                other = _multiplied(part, numbered)
                found = _distinct([*found, *other]) if other is not None else None
            case tree.SetOperator.INTERSECT:
                found = _crossed(found, _multiplied(part, numbered))
            case tree.SetOperator.EXCEPT:
                found = _crossed(found, _opposite(part, numbered))
        if found is not None and len(found) > _PRODUCTS_MAX:
            return None
    return found


def _opposite(members: tree.Members, numbered: _Numbered) -> list[_Product] | None:
    """Everybody who is not in a set, as products without an inside: they are only ever crossed with one."""
    products = _multiplied(members, numbered)
    if products is None:
        return None
    found: list[_Product] | None = [_Product(())]
    for one in products:
        inside = _with_merged(one.inside, numbered)
        ways = [_Product((), (part,)) for part in inside] + [_Product((part,)) for part in one.outside]
        found = _crossed(found, ways) if found is not None else None
        if found is None or len(found) > _PRODUCTS_MAX:
            return None
    return found


def _crossed(left: Sequence[_Product] | None, right: Sequence[_Product] | None) -> list[_Product] | None:
    if left is None or right is None or len(left) * len(right) > _CROSSED_MAX:
        return None
    crossed = [
        _Product(
            tuple(dict.fromkeys((*one.inside, *other.inside))), tuple(dict.fromkeys((*one.outside, *other.outside)))
        )
        for one, other in product(left, right)
    ]
    # Nobody is in a set and not in it.
    return _distinct([one for one in crossed if not set(one.inside) & set(one.outside)])


def _distinct(products: Sequence[_Product]) -> list[_Product]:
    """Without what another product holds already."""
    found: list[_Product] = []
    for one in products:
        if not any(_holds(other, one) for other in found):
            found = [other for other in found if not _holds(one, other)] + [one]
    return found


def _holds(more: _Product, one: _Product) -> bool:
    return set(more.inside) <= set(one.inside) and set(more.outside) <= set(one.outside)


def _merged(profiles: Sequence[tree.Profile]) -> tree.Profile:
    """One profile with the steps of all: every step asks on its own, so that is their intersection."""
    numbers: dict[str, int] = {}
    conditions: list[tree.Condition] = []
    for profile in profiles:
        for step in profile.steps:
            match step:
                case tree.Filter(tree.And(parts)):
                    conditions.extend(parts)
                case tree.Filter(condition):
                    conditions.append(condition)
    relates = dict.fromkeys(step for profile in profiles for step in profile.steps if isinstance(step, tree.Relate))
    steps = [_renamed(step, numbers) for step in relates]
    once = tuple(dict.fromkeys(conditions))
    own = [tree.Filter(once[0] if len(once) == 1 else tree.And(once))] if once else []
    return tree.Profile(profiles[0].entity, None, (*own, *steps))


def _renamed(step: tree.Relate, numbers: dict[str, int]) -> tree.Relate:
    """The step with names that no other step of the same profile uses."""
    names: dict[str, str] = {}
    for hop in step.hops:
        table = hop.alias.rpartition("_")[0]
        numbers[table] = numbers.get(table, 0) + 1
        names[hop.alias] = f"{table}_{numbers[table]}"

    def named(attribute: tree.Attribute) -> tree.Attribute:
        return replace(attribute, alias=names.get(attribute.alias or "", attribute.alias))

    hops = tuple(replace(hop, alias=names[hop.alias]) for hop in step.hops)
    return tree.Relate(hops, with_columns(step.condition, named), step.optional)
