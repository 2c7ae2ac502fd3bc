"""The state of the organisation: its rows, its member lists, its clock, and what every table has in common.

Nothing runs in the background. What happens "after a moment" is put on a list with its time, and carried out before
the next request that comes later; a clock that a test holds makes every delay exact.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any, Protocol
from uuid import UUID, uuid4

from migrator.evaluator import Tables
from migrator.mql import Schema, Table
from migrator.product.codes import AUDIENCE
from migrator.sandbox.chaos import Dice, Profile
from migrator.sandbox.refusal import (
    INVALID_ARGUMENT,
    LENGTH_EXCEEDED,
    PAYLOAD,
    bad_request,
    duplicate_key,
    no_record,
    no_resource,
)
from migrator.sandbox.tables import (
    CHOICES,
    DEFINITION,
    JOURNEY,
    LEGACY_JOURNEY,
    LEGACY_SEGMENT,
    LENGTHS,
    MANY_TO_MANY,
    REALTIME,
    SEGMENT,
    SET_BY_THE_SERVICE,
    TABLES,
    USAGE,
    USE_COLUMNS,
)

Row = dict[str, Any]
LAGGING = (DEFINITION, SEGMENT)
"""Tables whose reads may lag behind writes."""


class Rules(Protocol):
    """What one table does besides storing rows. Each function may change the new row or refuse it."""

    def create(self, organisation: Organisation, row: Row) -> None:
        """Called before `row` is stored."""

    def update(self, organisation: Organisation, old: Mapping[str, Any], row: Row) -> None:
        """Called before `row` takes the place of `old`.

        Args:
            organisation: the sandbox's organisation.
            old: the row as it was.
            row: the row as it will be; rules may change it.
        """

    def delete(self, organisation: Organisation, row: Mapping[str, Any]) -> None:
        """Called before `row` is deleted."""


@dataclass
class Manners:
    """How the real-time actions answer where the documents leave room, or a live organisation was seen to differ."""

    members_joined: bool = False
    """Whether MembersList joins the ids by commas in one element and gives no `totalCount`, as the seed shows it."""
    members_listed: int | None = None
    """Ids that MembersList gives at most, whatever `totalCount` says; None gives all."""
    refuses_inside: bool = False
    """Whether a refusal comes as a good answer whose body holds `StatusCode` 400."""
    tells_stops: bool = True
    """Whether StopSegments answers at all; false answers 204."""
    live_statecode: int = 0
    """The `statecode` of a published definition."""


@dataclass
class Organisation:
    """One organisation. Every request holds `lock` while it works on it."""

    id: UUID
    name: str
    data: Schema
    """The tables that queries can speak about."""
    clock: Callable[[], float]
    """Seconds, for what happens after a moment."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    outbound: bool = True
    """Whether the outbound services are still there."""
    outbound_answers: str = "live"
    """How they answer (`sandbox.outbound.Answers`)."""
    outbound_installed: bool = True
    """Whether there is a table of outbound segments at all."""
    realtime: bool = True
    """Whether real-time journeys are installed."""
    shows_use: bool = True
    """Whether there are tables and columns that tell which journeys use which segment."""
    checks_contact_fields: bool = False
    """The switch *Check contact consent for real-time journeys*."""
    administration: bool = False
    """Whether it is in administration mode, in which nobody but administrators comes in."""
    lacks: set[str] = field(default_factory=set)
    """Privileges that the user does not have, such as prvReadContact."""
    role: str = "Marketing, Business App Access"
    kind: str = "CustomerTest"
    """OrganizationType."""
    matrix: bool = True
    """Whether rows may be put into business units other than their owner's."""
    moment: float = 0.2
    """Seconds for Going live, Stopping and pending member operations."""
    computing: float = 0.4
    """Seconds that a published segment takes to compute."""
    manners: Manners = field(default_factory=Manners)
    """How it answers."""
    rules: dict[str, Rules] = field(default_factory=dict)
    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    lists: dict[str, dict[int, None]] = field(default_factory=dict)
    """The outbound member lists of static segments, by segment id. A list that is missing is lost, not empty."""
    pending: dict[str, int] = field(default_factory=dict)
    """Member operations of an outbound segment that have not been carried out yet."""
    groups: dict[str, dict[str, dict[int, None]]] = field(default_factory=dict)
    """Real-time segment id → group id → members, in the order they came."""
    computed: dict[str, list[int]] = field(default_factory=dict)
    """The computed members of real-time segments."""
    reasons: dict[str, str] = field(default_factory=dict)
    """Why the last computation of a real-time segment failed."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    profile: Profile = field(default_factory=Profile)
    """What goes wrong."""
    dice: Dice = field(default_factory=lambda: Dice(1))
    journeys: dict[str, list[str]] = field(default_factory=dict)
    """Real-time segment id → names of the journeys that use it, besides those in the table of journeys."""
    users: Callable[[Organisation, str], list[str]] = lambda _organisation, _segment: []
    """The names of the journeys in the table that keep a segment from being stopped."""
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _order: count[int] = field(default_factory=count)
    _versions: count[int] = field(default_factory=lambda: count(1_000_000))
    _tables: Tables | None = None
    _stale: set[str] = field(default_factory=set)
    _contacts: dict[int, None] | None = None
    _unseen: list[tuple[float, dict[int, None], list[int], bool]] = field(default_factory=list)
    """Changes of groups that reads do not show yet: until when, which group, which ids, whether they were added."""

    def __post_init__(self) -> None:
        many_to_many = (*self.data.many_to_many, *MANY_TO_MANY)
        self.schema = Schema({**self.data.tables, **TABLES}, self.data.many_to_one, many_to_many)
        for name in self.schema.tables:
            self.rows.setdefault(name, {})
        self._stale = set(self.data.tables)

    def hide_use(self) -> None:
        """Make it an organisation that says nowhere which journeys use which segment."""
        self.shows_use = False
        segment = self.schema.tables[SEGMENT]
        columns = {name: column for name, column in segment.columns.items() if name not in USE_COLUMNS}
        tables = {**self.schema.tables, SEGMENT: replace(segment, columns=columns)}
        self.schema = replace(self.schema, tables=tables)

    def has(self, table: str) -> bool:
        """Whether the module that a table belongs to is installed."""
        if table in (LEGACY_SEGMENT, LEGACY_JOURNEY):
            return self.outbound_installed and (self.shows_use or table != LEGACY_JOURNEY)
        if table in (JOURNEY, USAGE):
            return self.realtime and self.shows_use
        return self.realtime or table not in REALTIME

    # --- time ---

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Carry out `action` once `seconds` have passed."""
        heapq.heappush(self._due, (self.clock() + seconds, next(self._order), action))

    def settle(self) -> None:
        """Carry out everything that is due by now."""
        while self._due and self._due[0][0] <= self.clock():
            heapq.heappop(self._due)[2]()

    def lag(self, *about: str) -> float:
        """Seconds until reads show a change."""
        if not self.profile.lagging or self.dice.roll("lag", *about).random() >= self.profile.lagging:
            return 0.0
        return self.profile.lag

    def seen(self, table: str) -> list[Row]:
        """The rows of a table as reads show them now."""
        if not self.profile.lagging or table not in LAGGING:
            return list(self.rows[table].values())
        return [row for key in self.rows[table] if (row := self.seen_row(table, key)) is not None]

    def seen_row(self, table: str, key: str) -> Row | None:
        """One row as reads show it now; None when they show none."""
        row = self.rows[table].get(_canonical(key))
        while row is not None and row.get("@seen_from", 0.0) > self.clock():
            row = row["@before"]
        return row

    def seen_members(self, group: dict[int, None]) -> list[int]:
        """The members of a group as reads show them now."""
        if not self._unseen:
            return list(group)
        now = self.clock()
        self._unseen = [change for change in self._unseen if change[0] > now]
        shown = dict(group)
        for _, where, ids, added in reversed(self._unseen):
            if where is group:
                if added:
                    for member in ids:
                        shown.pop(member, None)
                else:
                    shown.update(dict.fromkeys(ids))
        return list(shown)

    def changed_group(self, group: dict[int, None], ids: list[int], *, added: bool) -> None:
        """Members were added or removed; reads may show it later.

        Args:
            group: the members before, as integers.
            ids: those who came or went.
            added: whether they came.
        """
        if ids and (seconds := self.lag("members", str(ids[0]), str(len(ids)))):
            self._unseen.append((self.clock() + seconds, group, ids, added))

    # --- rows ---

    def table(self, entity_set: str) -> tuple[str, Table]:
        """The logical name and the columns behind the name that stands in a URL."""
        for name, table in self.schema.tables.items():
            if table.entity_set == entity_set:
                return name, table
        raise no_resource(entity_set)

    def row(self, table: str, key: str) -> Row:
        """The row of `table` with this key; 404 when there is none."""
        row = self.rows[table].get(_canonical(key))
        if row is None:
            raise no_record(table, key)
        return row

    def create(self, table: str, payload: Mapping[str, Any]) -> Row:
        """Store a new row; 412 when its own key exists already."""
        definition = self.schema.tables[table]
        row = self._checked(table, payload)
        key = _canonical(str(row.get(definition.key) or uuid4()))
        if key in self.rows[table]:
            raise duplicate_key(table, key)
        moment = self.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        row = {definition.key: key, **row, definition.key: key} | self._stamp(definition, moment, created=True)
        row |= self._owned(definition, row)
        if rules := self.rules.get(table):
            rules.create(self, row)
        self._store(table, key, row)
        return row

    def update(self, table: str, key: str, payload: Mapping[str, Any]) -> Row:
        """Change columns of a row; 404 when there is none.

        Args:
            table: logical name.
            key: the row's id.
            payload: columns and their new values.
        """
        old = self.row(table, key)
        changes = self._checked(table, payload)
        changes.pop(self.schema.tables[table].key, None)
        moment = self.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        row = {**old, **changes} | self._stamp(self.schema.tables[table], moment, created=False)
        if rules := self.rules.get(table):
            rules.update(self, old, row)
        self._store(table, _canonical(key), row)
        return row

    def delete(self, table: str, key: str) -> None:
        """Delete a row; 404 when there is none."""
        row = self.row(table, key)
        if rules := self.rules.get(table):
            rules.delete(self, row)
        del self.rows[table][_canonical(key)]
        self._touched(table)

    def fill(self, table: str, rows: list[Row]) -> None:
        """Put rows into a table as they are (sample data)."""
        key = self.schema.tables[table].key
        for row in rows:
            self._store(table, _canonical(str(row[key])), row)

    def evaluator(self) -> Tables:
        """The evaluator, with the rows as they are now."""
        if self._tables is None:
            self._tables = Tables(self.data, self.now)
        for table in sorted(self._stale & set(self.data.tables)):
            self._tables.fill(table, self.rows[table].values())
        self._stale.clear()
        return self._tables

    def close(self) -> None:
        """Let go of the database; the next question makes it anew."""
        self._tables = None
        self._stale = set(self.data.tables)

    def contact_ids(self) -> Mapping[int, None]:
        """Every contact there is, as numbers."""
        if self._contacts is None:
            self._contacts = {UUID(key).int: None for key in self.rows.get("contact", {})}
        return self._contacts

    def _store(self, table: str, key: str, row: Row) -> None:
        row["@version"] = next(self._versions)
        if table in LAGGING and (seconds := self.lag(table, key)):
            row["@seen_from"], row["@before"] = self.clock() + seconds, self.rows[table].get(key)
        else:
            row.pop("@seen_from", None)
            row.pop("@before", None)
        self.rows[table][key] = row
        self._touched(table)

    def _touched(self, table: str) -> None:
        self._stale.add(table)
        if table == AUDIENCE:
            self._contacts = None

    def _stamp(self, table: Table, moment: str, *, created: bool) -> Row:
        stamp = {"modifiedon": moment} | ({"createdon": moment, "createdby": self.user} if created else {})
        return {name: value for name, value in stamp.items() if name in table.columns}

    def _owned(self, table: Table, row: Row) -> Row:
        """Who owns a new row: without matrix ownership it lands in its owner's business unit, without a word."""
        owned = {"ownerid": row.get("ownerid") or self.user}
        if not self.matrix or not row.get("owningbusinessunit"):
            owned["owningbusinessunit"] = next(iter(self.rows["businessunit"]), None)
        return {name: value for name, value in owned.items() if name in table.columns}

    @property
    def user(self) -> str:
        """The id of the signed-in user."""
        return next(iter(self.rows["systemuser"]), "00000000-0000-0000-0000-000000000000")

    def _checked(self, table: str, payload: Mapping[str, Any]) -> Row:
        columns = self.schema.tables[table].columns
        row: Row = {}
        for name, value in payload.items():
            if name.endswith("@odata.bind"):
                row[name.removesuffix("@odata.bind").lower()] = self._bound(name, value)
                continue
            if name.startswith("@") or "@odata" in name:
                continue
            if name not in columns:
                raise bad_request(
                    f"Error identified in Payload provided by the user for Entity :'{table}', The property '{name}' "
                    f"does not exist on type 'Microsoft.Dynamics.CRM.{table}'. Make sure to only use property names "
                    "that are defined by the type.",
                    PAYLOAD,
                )
            if name not in SET_BY_THE_SERVICE:
                row[name] = _typed(table, name, columns[name].type, value)
        return row

    def _bound(self, name: str, value: Any) -> str:
        entity_set, _, key = str(value).strip("/").rpartition("(")
        table, _ = self.table(entity_set.rsplit("/", 1)[-1])
        column = name.removesuffix("@odata.bind").lower()
        if not any(column in known.columns for known in self.schema.tables.values()):
            raise bad_request(f"'{column}' is no single-valued navigation property.", PAYLOAD)
        return _canonical(str(self.row(table, key.rstrip(")"))[self.schema.tables[table].key]))


def _typed(table: str, name: str, kind: str, value: Any) -> Any:
    if value is None:
        return None
    wrong = bad_request(f"Cannot convert the value '{value}' of '{name}' to the type {kind}.", PAYLOAD)
    match kind:
        case "String" | "Memo" | "EntityName":
            if not isinstance(value, str):
                raise wrong
            most = LENGTHS.get((table, name))
            if most is not None and len(value) > most:
                raise bad_request(
                    f"A validation error occurred. The length of the '{name}' attribute of the '{table}' entity "
                    f"exceeded the maximum allowed length of '{most}'.",
                    LENGTH_EXCEEDED,
                )
        case "Boolean" if not isinstance(value, bool):
            raise wrong
        case "Integer" | "Picklist" | "State" | "Status":
            if isinstance(value, bool) or not isinstance(value, int):
                raise wrong
            family = CHOICES.get((table, name))
            if family and value not in {int(code) for code in family}:
                raise bad_request(
                    f"The value '{value}' of '{name}' on record of type '{table}' is outside the valid range."
                )
        case "Uniqueidentifier" | "Lookup" | "Owner":
            return _canonical(str(value))
    return value


def _canonical(key: str) -> str:
    try:
        return str(UUID(key.strip()))
    except ValueError:
        raise bad_request(f"Guid should contain 32 digits with 4 dashes, not '{key}'.", INVALID_ARGUMENT) from None
