"""A query in plain English, for people who never saw one: *contacts whose city is NewYork or NewJersey*."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from migrator.mql import tree

_LENGTH_MAX = 600
Title = Callable[[str], str]
"""The title of a segment, from the name that queries use for it."""

_COLUMNS: Mapping[str, str] = {
    "emailaddress1": "e-mail address",
    "address1_city": "city",
    "address1_country": "country",
    "address1_county": "county",
    "address1_stateorprovince": "state or province",
    "address1_postalcode": "postal code",
    "firstname": "first name",
    "lastname": "last name",
    "fullname": "full name",
    "jobtitle": "job title",
    "telephone1": "telephone number",
    "mobilephone": "mobile number",
    "createdon": "date of creation",
    "modifiedon": "date of change",
    "birthdate": "date of birth",
    "donotemail": "“do not e-mail”",
    "creditlimit": "credit limit",
    "numberofchildren": "number of children",
}
_COMPARISONS = {
    "==": "is",
    "!=": "is not",
    ">": "is more than",
    ">=": "is at least",
    "<": "is less than",
    "<=": "is at most",
}
_MOMENTS = {**_COMPARISONS, ">": "is after", ">=": "is not before", "<": "is before", "<=": "is not after"}
_MATCHES = {"CONTAINS": "contains", "STARTSWITH": "begins with", "ENDSWITH": "ends with"}
_SETS = {
    tree.SetOperator.UNION: "together with",
    tree.SetOperator.INTERSECT: "but only those who are also among",
    tree.SetOperator.EXCEPT: "without",
}
_PARTS = {"day": "days", "month": "months", "year": "years", "week": "weeks", "hour": "hours", "minute": "minutes"}


def in_english(query: tree.Query, title: Title = lambda name: name) -> str:
    """One sentence without its full stop; `title` gives a segment's title for the name in a query.

    A sentence that nobody would read to its end is cut.
    """
    text = _members(query.members, title)
    return text if len(text) <= _LENGTH_MAX else f"{text[:_LENGTH_MAX].rsplit(' ', 1)[0]} …"


def _members(members: tree.Members, title: Title) -> str:
    match members:
        case tree.Profile():
            return _profile(members)
        case tree.SegmentReference(name):
            return f"the members of “{title(name)}”"
        case tree.Interaction():
            return _interaction(members)
        case tree.SetChain(first, rest):
            text = _members(first, title)
            for operator, part in rest:
                told = _members(part, title)
                text += f", {_SETS[operator]} {f'({told})' if isinstance(part, tree.SetChain) else told}"
            return text
    return "people"


def _profile(profile: tree.Profile) -> str:
    """The last table is whom it is about; the tables before it say with what they are connected."""
    stops: list[tuple[str, list[str]]] = [(profile.entity, [])]
    related: list[str] = []
    for step in profile.steps:
        match step:
            case tree.Filter(condition):
                stops[-1][1].append(_condition(condition))
            case tree.Traverse(relationship, alias, condition):
                table = _table_of(relationship, stops[-1][0], alias)
                stops.append((table, [_condition(condition)] if condition else []))
            case tree.Relate(hops, tree.Not(condition), True):
                table = hops[-1].alias.rsplit("_", 1)[0]
                related.append(f"connected with no {_plain(table)} whose {_condition(condition)}")
            case tree.Relate(hops, condition, _):
                table = hops[-1].alias.rsplit("_", 1)[0]
                related.append(f"connected with {_article(_plain(table))} whose {_condition(condition)}")
    text = _about(*stops[-1])
    for table, conditions in reversed(stops[:-1]):
        what = _article(_plain(table))
        told = f" whose {' and whose '.join(conditions)}" if conditions else ""
        text += f", connected with {what}{told}"
    for told in related:
        text += f", {told}"
    return text


def _about(table: str, conditions: list[str]) -> str:
    people = "contacts" if table.lower() == "contact" else f"records of {_plain(table)}"
    return f"{people} whose {' and whose '.join(conditions)}" if conditions else people


def _table_of(relationship: str, here: str, alias: str | None) -> str:
    """The other table of an outbound relationship: its name is `referencing_referenced_column`."""
    name = relationship.lower()
    near = here.lower()
    if name.startswith(f"{near}_"):
        rest = name[len(near) + 1 :]
        known = re.match(r"(contact|account|lead|list|opportunity)_", rest)
        return known.group(1) if known else (alias or rest).rsplit("_", 1)[0]
    position = name.find(f"_{near}_")
    return name[:position] if position > 0 else (alias or name)


def _plain(name: str) -> str:
    return re.sub(r"^[a-z]+_", "", name).replace("_", " ") if "_" in name else name


def _article(noun: str) -> str:
    return f"an {noun}" if noun[:1].lower() in "aeiou" else f"a {noun}"


def _interaction(interaction: tree.Interaction) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", interaction.type.removeprefix("msdynmkt_")).lower()
    text = f"people with the interaction “{words}”"
    if interaction.filters:
        text += f" whose {' and whose '.join(map(_condition, interaction.filters))}"
    having = interaction.having
    if having is None:
        return text
    number = having.number.digits
    what = "times" if having.aggregate == "COUNT" else f"as the {having.aggregate.lower()} of {having.attribute}"
    how = {">=": "at least", ">": "more than", "==": "exactly", "<": "fewer than", "<=": "at most", "!=": "not exactly"}
    text += f" {how[having.op]} {number} {what}"
    if having.unit and having.length is not None:
        unit = having.unit.removeprefix("UTC").lower()
        text += f" in the last {having.length} {unit.removesuffix('s') if having.length == 1 else unit}"
    return text


def _condition(condition: tree.Condition) -> str:
    match condition:
        case tree.Comparison(left, op, right):
            words = _MOMENTS if _is_moment(right) else _COMPARISONS
            return f"{_value(left)} {words[op]} {_value(right)}"
        case tree.TextMatch(left, op, right):
            return f"{_value(left)} {_MATCHES[op]} {_value(right)}"
        case tree.OneOf(left, choices):
            return f"{_value(left)} is {_or([_value(choice) for choice in choices])}"
        case tree.IsNull(attribute):
            return f"{_value(attribute)} is empty"
        case tree.IsNotNull(attribute):
            return f"{_value(attribute)} is filled"
        case tree.Not(tree.IsNull(attribute)):
            return f"{_value(attribute)} is filled"
        case tree.Not(tree.Comparison(left, "==", right)):
            return f"{_value(left)} is not {_value(right)}"
        case tree.Not(inner):
            return f"it is not so that {_condition(inner)}"
        case tree.And(conditions):
            return " and whose ".join(_grouped(inner) for inner in conditions)
        case tree.Or(conditions):
            return _any(conditions)
    return "something holds"


def _is_moment(value: tree.Value) -> bool:
    return isinstance(value, tree.DateFunction) and value.name != "DATEDIFF"


def _grouped(condition: tree.Condition) -> str:
    """An Or inside an And in words that keep it together."""
    text = _condition(condition)
    return f"({text})" if isinstance(condition, tree.Or) and _same_column(condition.conditions) is None else text


def _any(conditions: tuple[tree.Condition, ...]) -> str:
    """`city is Oslo or Paris` where all ask the same of one column."""
    if (column := _same_column(conditions)) is not None:
        values = [_value(c.right) for c in conditions if isinstance(c, tree.Comparison)]
        return f"{_value(column)} is {_or(values)}"
    return " or ".join(_condition(condition) for condition in conditions)


def _same_column(conditions: tuple[tree.Condition, ...]) -> tree.Value | None:
    if not all(isinstance(condition, tree.Comparison) and condition.op == "==" for condition in conditions):
        return None
    columns = {condition.left for condition in conditions if isinstance(condition, tree.Comparison)}
    return columns.pop() if len(columns) == 1 else None


def _or(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _value(value: tree.Value) -> str:
    match value:
        case tree.Text(text):
            return text or "empty"
        case tree.Number(digits):
            return digits
        case tree.Boolean(truth):
            return "yes" if truth else "no"
        case tree.Attribute(name):
            return _COLUMNS.get(name.lower(), _plain(name))
        case tree.Arithmetic(first, rest):
            return " ".join([_value(first), *(f"{op} {_value(operand)}" for op, operand in rest)])
        case tree.DateFunction():
            return _date(value)
    return "something"


def _date(function: tree.DateFunction) -> str:
    arguments = [_value(argument) for argument in function.arguments]
    unit = _PARTS.get((function.part or "").lower().removesuffix("s"), function.part or "")
    match function.name:
        case "DATETIMEUTCNOW":
            return "now"
        case "DATE":
            return "-".join(f"{int(part):02}" if part.isdigit() else part for part in arguments[:3])
        case "DATEADD" if arguments[1] == "now" and arguments[0].startswith("-"):
            return f"{arguments[0][1:]} {unit} ago"
        case "DATEADD":
            return f"{arguments[1]} and {arguments[0]} {unit}"
    return f"the number of {unit} from {arguments[0]} to {arguments[1]}"
