"""What people did: outbound interactions as real-time ones. The vendor gives no map, so ours is offered for review."""

from __future__ import annotations

from dataclasses import replace

from migrator.mql import Schema, tree
from migrator.mql.interactions import LINK, PERSON, PERSON_TABLE, SOURCE, SOURCE_OUTBOUND, TABLES, UNMAPPED, column_of
from migrator.mql.walk import with_columns
from migrator.product import findings
from migrator.product.codes import AUDIENCE
from migrator.product.findings import Finding
from migrator.translator.doubts import doubts

_WHICH: tuple[tree.Condition, ...] = (
    tree.Comparison(tree.Attribute(PERSON_TABLE), "==", tree.Text(AUDIENCE)),
    tree.Comparison(tree.Attribute(SOURCE), "==", tree.Number(SOURCE_OUTBOUND)),
)
"""Of contacts, and recorded by outbound marketing: what the segment counted."""


def translated(interaction: tree.Interaction, schema: Schema, told: list[Finding]) -> tree.Interaction | None:
    """The real-time interaction; None where there is no counterpart, which `told` then says.

    Args:
        interaction: of an outbound query.
        schema: tables, columns and relationships.
        told: takes what there is to say, everything that stands in the way included.
    """
    before = len(told)
    table = TABLES.get(interaction.type.lower())
    if why := UNMAPPED.get(interaction.type.lower()):
        told.append(findings.interaction_unmapped(interaction.type, why))
    elif table is None:
        told.append(findings.interaction_unknown(interaction.type, sorted(set(TABLES.values()))))
    if interaction.link.lower() != LINK:
        told.append(findings.interaction_link(interaction.type, interaction.link))
    known = schema.tables.get(table or "")

    def renamed(attribute: tree.Attribute) -> tree.Attribute:
        if attribute.alias is not None:
            told.append(findings.alias_unknown(f"{attribute.alias}.{attribute.name}", attribute.alias))
            return attribute
        name = column_of(attribute.name, known)
        if name is None:
            if table is not None:
                told.append(findings.interaction_column(interaction.type, attribute.name))
            return attribute
        return tree.Attribute(name)

    conditions = list(_WHICH)
    for condition in interaction.filters:
        changed = with_columns(condition, renamed)
        conditions.extend(changed.conditions if isinstance(changed, tree.And) else [changed])
    having = _having(interaction.having, renamed(tree.Attribute(interaction.having.attribute)).name
                     if interaction.having and interaction.having.attribute else None, told)  # fmt: skip
    if table is None or having is None or len(told) > before:
        return None
    for condition in interaction.filters:
        # The columns have been looked up above; what is left is whether the construct is proven.
        told.extend(doubts(condition, lambda _: "", Schema()))
    if not having.number.digits.isdigit():
        told.append(findings.unproven_construct("fractions"))
    return tree.Interaction(table, PERSON, (tree.And(tuple(conditions)),), having)


def _having(having: tree.Having | None, column: str | None, told: list[Finding]) -> tree.Having | None:
    """HAVING the way saved queries have it: `COUNT() > n` is `Count() >= n + 1`; none at all is at least one."""
    if having is None:
        return tree.Having("COUNT", None, ">=", tree.Number("1"))
    if having.attribute is not None:
        return replace(having, attribute=column)
    if not having.number.digits.isdigit():
        told.append(findings.having_number(having.number.digits))
        return None
    number = int(having.number.digits)
    if (having.op in ("==", "<=") and number == 0) or (having.op == "<" and number <= 1):
        told.append(findings.having_zero())
        return None
    if having.op == ">":
        return tree.Having("COUNT", None, ">=", tree.Number(str(number + 1)), having.unit, having.length)
    return having
