"""What people did: outbound interactions as real-time ones. The vendor gives no map, so ours is offered for review."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from migrator.mql import Schema, tree
from migrator.mql.walk import Change, with_columns
from migrator.product import findings
from migrator.product.codes import AUDIENCE
from migrator.product.findings import Finding
from migrator.translator.profiles import Inexpressible, doubts

TYPES: Mapping[str, str] = {
    "emailsent": "msdynmkt_emailsent",
    "emaildelivered": "msdynmkt_emaildelivered",
    "emailopened": "msdynmkt_emailopened",
    "emailclicked": "msdynmkt_emaillinkclicked",
    "emaillinkclicked": "msdynmkt_emaillinkclicked",
    "emailbounced": "msdynmkt_emailbounced",
    "emailblocked": "msdynmkt_emailblocked",
    "emailfeedbackloop": "msdynmkt_emailfeedbackloop",
}
"""Outbound interaction type, in small letters → real-time table (names of the tables: product documentation)."""

LINK = "msdynmkt_entityid"
_OF_CONTACTS = tree.Comparison(tree.Attribute(f"{LINK}_LogicalName"), "==", tree.Text(AUDIENCE))


def translated(interaction: tree.Interaction, schema: Schema) -> tuple[tree.Interaction, list[Finding]]:
    """The real-time interaction, and what there is to say.

    Raises:
        Inexpressible: there is no counterpart for the type, or HAVING asks for something that cannot be.
    """
    table = TYPES.get(interaction.type.lower())
    if table is None:
        raise Inexpressible(findings.interaction_unknown(interaction.type, sorted(TYPES.values())))
    known = schema.tables.get(table)

    def renamed(attribute: tree.Attribute) -> tree.Attribute:
        name = attribute.name.lower()
        if name.startswith("msdynmkt_") or (known and name in known.columns):
            return tree.Attribute(name)
        return tree.Attribute(f"msdynmkt_{name}")

    conditions: list[tree.Condition] = [_OF_CONTACTS]
    for condition in interaction.filters:
        changed = with_columns(condition, renamed)
        conditions.extend(changed.conditions if isinstance(changed, tree.And) else [changed])
    whole = tree.And(tuple(conditions)) if len(conditions) > 1 else conditions[0]
    found = [finding for condition in conditions[1:] for finding in doubts(condition, lambda _: table, schema)]
    return tree.Interaction(table, LINK, (whole,), _having(interaction.having, renamed)), found


def _having(having: tree.Having | None, renamed: Change) -> tree.Having:
    """HAVING the way saved queries have it: `COUNT() > n` is `Count() >= n + 1`; none at all is at least one."""
    if having is None:
        return tree.Having("COUNT", None, ">=", tree.Number("1"))
    if having.attribute is not None:
        return replace(having, attribute=renamed(tree.Attribute(having.attribute)).name)
    if not having.number.digits.isdigit():
        raise Inexpressible(findings.having_number(having.number.digits))
    if having.op == ">":
        more = tree.Number(str(int(having.number.digits) + 1))
        return tree.Having("COUNT", None, ">=", more, having.unit, having.length)
    return having
