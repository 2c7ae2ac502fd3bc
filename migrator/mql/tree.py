"""The nodes of a query. They know nothing of text: `parse.py` makes them, `write.py` writes them.

Both dialects share conditions and values; they differ in how they go to other tables (`Traverse`, `Relate`).
Chains of one operator are flat, however long, so that no walk over a tree runs deep.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# --- values ----------------------------------------------------------------------------------------------------------


class Value:
    """Something that can be compared."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Text(Value):
    """A string, without its quotes and escapes."""

    text: str


@dataclass(frozen=True, slots=True)
class Number(Value):
    """A number as it was written: `1.50` stays `1.50`."""

    digits: str


@dataclass(frozen=True, slots=True)
class Boolean(Value):
    """True or False."""

    value: bool


@dataclass(frozen=True, slots=True)
class Attribute(Value):
    """A column, of the table behind `alias`, or of the current table."""

    name: str
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Arithmetic(Value):
    """`first op value op value …`, all operators of one precedence, from left to right."""

    first: Value
    rest: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class DateFunction(Value):
    """DATEDIFF, DATEADD, DATE or DATETIMEUTCNOW with its arguments."""

    name: str
    arguments: tuple[Value, ...] = ()
    part: str | None = None
    """The date part of DATEDIFF and DATEADD, such as `day`."""


# --- conditions ------------------------------------------------------------------------------------------------------


class Condition:
    """Something that holds for a record, or does not."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Comparison(Condition):
    """`left op right`; op is one of == != > >= < <=."""

    left: Value
    op: str
    right: Value


@dataclass(frozen=True, slots=True)
class TextMatch(Condition):
    """`left CONTAINS right` and its two siblings; op is CONTAINS, STARTSWITH or ENDSWITH."""

    left: Value
    op: str
    right: Value


@dataclass(frozen=True, slots=True)
class OneOf(Condition):
    """`attribute IN [a, b]`: real-time only."""

    left: Value
    choices: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class IsNull(Condition):
    """`ISNULL(attribute)`."""

    attribute: Attribute


@dataclass(frozen=True, slots=True)
class IsNotNull(Condition):
    """`ISNOTNULL(attribute)`."""

    attribute: Attribute


@dataclass(frozen=True, slots=True)
class Not(Condition):
    """`NOT(condition)`."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class And(Condition):
    """All of at least two conditions, none of them an And."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or(Condition):
    """Any of at least two conditions, none of them an Or."""

    conditions: tuple[Condition, ...]


# --- sets of people --------------------------------------------------------------------------------------------------


class Members:
    """A set of records of one table."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """`.FILTER(condition)` on the current table."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Traverse:
    """`.TRAVERSE(relationship, alias, FILTER(condition))`: the set becomes the related records (outbound)."""

    relationship: str
    alias: str | None = None
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Hop:
    """One relationship on the way of a Relate."""

    relationship: str
    alias: str
    optional: bool = False
    """For a hop behind the first: whether it stands in a nested RELATEOPTIONAL."""


@dataclass(frozen=True, slots=True)
class Relate:
    """`.RELATE(…).FILTER(condition)`: keeps the records of the set that have such related ones (real-time)."""

    hops: tuple[Hop, ...]
    condition: Condition
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Profile(Members):
    """`PROFILE(entity, alias)` and its steps. Only outbound knows the alias and Traverse, only real-time Relate."""

    entity: str
    alias: str | None = None
    steps: tuple[Filter | Traverse | Relate, ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentReference(Members):
    """`SEGMENT(name)`; outbound may filter it, by columns of the table that its members are rows of."""

    name: str
    filters: tuple[Condition, ...] = ()


class WindowUnit(StrEnum):
    """How a time window of an interaction is counted; outbound knows days, months and years."""

    MINUTES = "UTCMINUTES"
    HOURS = "UTCHOURS"
    DAYS = "UTCDAYS"
    WEEKS = "UTCWEEKS"
    MONTHS = "UTCMONTHS"
    YEARS = "UTCYEARS"


@dataclass(frozen=True, slots=True)
class Having:
    """`.HAVING(aggregate(attribute) op number, UTCDAYS(n))`."""

    aggregate: str
    attribute: str | None
    op: str
    number: Number
    unit: WindowUnit | None = None
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Interaction(Members):
    """`INTERACTION(type, link)`: the people who did something."""

    type: str
    link: str
    filters: tuple[Condition, ...] = ()
    having: Having | None = None
    further: tuple[Having, ...] = ()
    """HAVINGs behind the first, which have to hold as well."""


class SetOperator(StrEnum):
    """How two sets are combined. MINUS is read as EXCEPT."""

    UNION = "UNION"
    INTERSECT = "INTERSECT"
    EXCEPT = "EXCEPT"


@dataclass(frozen=True, slots=True)
class SetChain(Members):
    """`first op set op set …`, from left to right, all operators alike in precedence."""

    first: Members
    rest: tuple[tuple[SetOperator, Members], ...]


@dataclass(frozen=True, slots=True)
class Paging:
    """`.ORDERBY(…).SKIP(n).TAKE(n).SELECT(…)`, in this order, each at most once (outbound)."""

    order: tuple[tuple[Attribute, bool], ...] = ()
    """Attributes and whether each is descending."""
    skip: int | None = None
    take: int | None = None
    select: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query."""

    members: Members
    paging: Paging | None = None
