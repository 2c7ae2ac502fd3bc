"""The outbound segmentation API, as the seeds describe it: rows with their status moves, and its three actions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from migrator.evaluator import EvaluationError, UnknownSegment
from migrator.mql import QueryError, parse_outbound, tree
from migrator.product.codes import (
    LEGACY_MEMBERS_PER_CALL,
    LEGACY_MOVES,
    LEGACY_SEGMENT_PREFIX,
    LegacyStatus,
    LegacyType,
    State,
    label,
)
from migrator.sandbox.members import read_outbound_ids, show_ids
from migrator.sandbox.organisation import Organisation, Row
from migrator.sandbox.refusal import INVALID_ARGUMENT, Refusal, bad_request, no_resource, unrecognised_path
from migrator.sandbox.tables import LEGACY_SEGMENT

_MOVES = {
    status: moves - {LegacyStatus.STOPPED, LegacyStatus.ERROR}
    if status is LegacyStatus.LIVE_EDITABLE
    else moves - {LegacyStatus.STOPPED, LegacyStatus.ERROR, LegacyStatus.LIVE}
    for status, moves in LEGACY_MOVES.items()
}
"""The status moves a client may ask for: never straight to Stopped, and to Live only back from Live editable (seed).
The service itself ends Going live and Stopping."""

_ENDS = {LegacyStatus.GOING_LIVE: LegacyStatus.LIVE, LegacyStatus.STOPPING: LegacyStatus.STOPPED}


T = TypeVar("T")


class OutboundRules:
    """What `msdyncrm_segment` does besides storing rows."""

    def create(self, organisation: Organisation, row: Row) -> None:
        """A new segment: a draft, or going live at once with a valid query."""
        if not row.get("msdyncrm_segmentname"):
            raise bad_request("The required field 'msdyncrm_segmentname' is missing.")
        if row.get("msdyncrm_segmenttype") is None:
            raise bad_request("The required field 'msdyncrm_segmenttype' is missing.")
        status = row.setdefault("statuscode", int(LegacyStatus.DRAFT))
        if status not in (LegacyStatus.DRAFT, LegacyStatus.GOING_LIVE):
            raise bad_request("A segment is created as Draft or as Going live; other states are reached from there.")
        row |= {"statecode": int(State.ACTIVE), "msdyncrm_islive": False}
        row["msdyncrm_segmentqueryname"] = LEGACY_SEGMENT_PREFIX + str(row["msdyncrm_segmentid"]).replace("-", "")
        self._take_members(organisation, row)
        if status == LegacyStatus.GOING_LIVE:
            self._go(organisation, row, LegacyStatus.GOING_LIVE)

    def update(self, organisation: Organisation, old: Mapping[str, Any], row: Row) -> None:
        """Changed columns, and a status move where the status is among them.

        Args:
            organisation: the sandbox's organisation.
            old: the row as it was.
            row: the row as it will be; rules may change it.
        """
        if row.get("msdyncrm_segmentmemberids") != old.get("msdyncrm_segmentmemberids"):
            self._take_members(organisation, row)
        if row["statuscode"] == old["statuscode"]:
            return
        if row["statuscode"] not in _MOVES.get(old["statuscode"], set()):
            raise bad_request(
                f"A segment cannot be moved from {label(old['statuscode'], LegacyStatus)} to "
                f"{label(row['statuscode'], LegacyStatus)}."
            )
        self._go(organisation, row, LegacyStatus(row["statuscode"]))

    def delete(self, organisation: Organisation, row: Mapping[str, Any]) -> None:
        """A deleted segment loses its member list."""
        organisation.lists.pop(row["msdyncrm_segmentid"], None)

    def _take_members(self, organisation: Organisation, row: Row) -> None:
        if row.get("msdyncrm_segmenttype") == LegacyType.STATIC:
            known = organisation.contact_ids()
            ids = read_outbound_ids(row.get("msdyncrm_segmentmemberids"))
            organisation.lists[row["msdyncrm_segmentid"]] = {member: None for member in ids if member in known}

    def _go(self, organisation: Organisation, row: Row, status: LegacyStatus) -> None:
        if status is LegacyStatus.GOING_LIVE and (problem := _invalid(organisation, row)):
            raise bad_request(problem)
        key = row["msdyncrm_segmentid"]
        if status not in _ENDS:
            row["statecode"] = int(State.INACTIVE if status is LegacyStatus.EXPIRED else State.ACTIVE)
            row["msdyncrm_islive"] = status in (LegacyStatus.LIVE, LegacyStatus.LIVE_EDITABLE)
            return

        def arrive() -> None:
            stored = organisation.rows[LEGACY_SEGMENT].get(key)
            if stored is None or stored["statuscode"] != status:
                return
            stored["statuscode"] = int(_ENDS[status])
            stored["msdyncrm_islive"] = status is LegacyStatus.GOING_LIVE
            if status is LegacyStatus.GOING_LIVE:
                stored["msdyncrm_segmentsize"] = len(_members_of(organisation, stored, ()))

        organisation.after(organisation.moment, arrive)


def _query(row: Mapping[str, Any]) -> str:
    return str(row.get("msdyncrm_segmentquery") or row.get("msdyncrm_query") or "")


def _invalid(organisation: Organisation, row: Mapping[str, Any]) -> str:
    """What is wrong with a segment's definition; empty when nothing is."""
    if row.get("msdyncrm_segmenttype") == LegacyType.STATIC:
        return ""
    if not _query(row):
        return "The segment has no query."
    try:
        query = parse_outbound(_query(row))
        organisation.evaluator().outbound(query, _resolver(organisation, (str(row.get("msdyncrm_segmentid")),)))
    except (QueryError, EvaluationError) as error:
        return f"The segment query is not valid: {error}"
    return ""


def _resolver(organisation: Organisation, path: tuple[str, ...]) -> Callable[[str], Collection[UUID]]:
    """Members of a segment by the name that queries use for it; `path` holds the segments on the way here."""

    def resolve(name: str) -> Collection[UUID]:
        rows = organisation.rows[LEGACY_SEGMENT].values()
        found = next((row for row in rows if str(row.get("msdyncrm_segmentqueryname")).lower() == name.lower()), None)
        found = found or next((row for row in rows if row.get("msdyncrm_segmentname") == name), None)
        if found is None:
            raise UnknownSegment(f"there is no segment {name}")
        if found["msdyncrm_segmentid"] in path:
            raise EvaluationError(f"the segment {name} refers to itself")
        return [UUID(int=member) for member in _members_of(organisation, found, (*path, found["msdyncrm_segmentid"]))]

    return resolve


def _members_of(organisation: Organisation, row: Mapping[str, Any], path: tuple[str, ...]) -> Collection[int]:
    key = row["msdyncrm_segmentid"]
    if row["msdyncrm_segmenttype"] == LegacyType.STATIC:
        if key not in organisation.lists:
            raise EvaluationError(f"the member list of the segment {key} cannot be found")
        return organisation.lists[key]
    if row["statuscode"] == LegacyStatus.DRAFT:
        raise EvaluationError(f"the segment {key} is a draft and has never been computed")
    query = parse_outbound(_query(row))
    return [member.int for member in organisation.evaluator().outbound(query, _resolver(organisation, (*path, key)))]


# --- actions ---------------------------------------------------------------------------------------------------------


def segment_members_update(organisation: Organisation, body: Mapping[str, Any]) -> Any:
    """`msdyncrm_SegmentMembersUpdate`: five operations; all but getState are carried out after a moment."""
    row = organisation.row(LEGACY_SEGMENT, str(body.get("msdyncrm_segmentid", "")))
    key = row["msdyncrm_segmentid"]
    operation = body.get("msdyncrm_operation")
    if operation == "getState":
        waiting = organisation.pending.get(key, 0)
        operations = [{"state": "InProgress"}] * waiting
        return {"Response": json.dumps(operations)}
    if row["msdyncrm_segmenttype"] != LegacyType.STATIC:
        raise bad_request("Members can be added to and removed from static segments only.")
    match operation:
        case "addByIds" | "removeByIds":
            ids = read_outbound_ids(body.get("msdyncrm_memberids"))
            if len(ids) > LEGACY_MEMBERS_PER_CALL:
                raise bad_request(f"At most {LEGACY_MEMBERS_PER_CALL} members can be changed in one call.")
        case "addByQuery" | "removeByQuery":
            ids = [member.int for member in _evaluate(organisation, str(body.get("msdyncrm_query", "")))]
        case _:
            raise bad_request(f"There is no operation '{operation}'.", INVALID_ARGUMENT)
    organisation.pending[key] = organisation.pending.get(key, 0) + 1

    def carry_out() -> None:
        organisation.pending[key] -= 1
        members = organisation.lists.setdefault(key, {})
        if operation in ("addByIds", "addByQuery"):
            known = organisation.contact_ids()
            members.update((member, None) for member in ids if member in known)
        else:
            for member in ids:
                members.pop(member, None)
        if stored := organisation.rows[LEGACY_SEGMENT].get(key):
            stored["msdyncrm_segmentsize"] = len(members)

    organisation.after(organisation.moment, carry_out)
    return None


def fetch_contacts_by_query(organisation: Organisation, body: Mapping[str, Any]) -> Any:
    """`msdyncrm_FetchContactsByQuery`: one page of contacts, with the columns that SELECT names."""
    try:
        query = parse_outbound(str(body.get("Query") or ""))
    except QueryError as error:
        raise bad_request(f"The query is not valid: {error}") from None
    found = _run(organisation, query)
    columns = [column.name for column in query.paging.select] if query.paging else []
    columns = columns or ["contactid"]
    contacts = organisation.rows["contact"]
    known = organisation.schema.tables["contact"].columns
    for column in columns:
        if column not in known:
            raise bad_request(f"The table contact has no column {column}.")
    rows = [
        {column: contacts[member][column] for column in columns} for member in map(str, found) if member in contacts
    ]
    return {"Response": json.dumps(rows, ensure_ascii=False)}


def validate_segment(organisation: Organisation, body: Mapping[str, Any]) -> Any:
    """`msdyncrm_ValidateSegment`: always 200; the problems are in `ValidationResult`."""
    problem = _invalid(organisation, body)
    errors = [{"ErrorCode": "SegmentDciValidator_SegmentInvalid", "FieldName": "msdyncrm_query"}] if problem else []
    return {"ValidationResult": json.dumps(errors)}


def members_by_segment(organisation: Organisation, segment: str) -> list[str]:
    """Ids of the members of one segment, for the deprecated FetchXML read."""
    row = organisation.row(LEGACY_SEGMENT, segment)
    return show_ids(_guarded(lambda: _members_of(organisation, row, ())))


def _evaluate(organisation: Organisation, text: str) -> list[UUID]:
    try:
        return _run(organisation, parse_outbound(text))
    except QueryError as error:
        raise bad_request(f"The query is not valid: {error}") from None


def _run(organisation: Organisation, query: tree.Query) -> list[UUID]:
    return _guarded(lambda: organisation.evaluator().outbound(query, _resolver(organisation, ())))


def _guarded(evaluate: Callable[[], T]) -> T:
    try:
        return evaluate()
    except (EvaluationError, QueryError) as error:
        raise Refusal(400, "0x80040265", f"The members cannot be fetched: {error}.") from None


Action = Callable[[Organisation, Mapping[str, Any]], Any]
ACTIONS: Mapping[str, Action] = {
    "msdyncrm_SegmentMembersUpdate": segment_members_update,
    "msdyncrm_FetchContactsByQuery": fetch_contacts_by_query,
    "msdyncrm_ValidateSegment": validate_segment,
}


class Answers(StrEnum):
    """How the outbound services answer. What they answer after their removal nobody has published: all of it is met."""

    LIVE = "live"
    REMOVED = "removed"
    """404, as for a table that is not there."""
    REMOVED_PATH = "removed-path"
    """404, as for an address that cannot be read."""
    FORBIDDEN = "forbidden"
    """403."""
    REFUSING = "refusing"
    """400."""
    FAILING = "failing"
    """500, each time."""
    STRANGE = "strange"
    """200, with a body that nobody has described."""
    REPEATING = "repeating"
    """200, with the first page whatever page is asked for."""


def answers(organisation: Organisation) -> Answers:
    """How the outbound services answer."""
    return Answers(organisation.outbound_answers) if organisation.outbound else Answers.REMOVED


def refuse(how: Answers, name: str) -> None:
    """Raise what the services say instead of an answer, if they do."""
    match how:
        case Answers.REMOVED:
            raise no_resource(name)
        case Answers.REMOVED_PATH:
            raise unrecognised_path(name)
        case Answers.FORBIDDEN:
            raise Refusal(403, "0x80040220", f"Principal user is missing the privilege for {name}.")
        case Answers.REFUSING:
            raise bad_request(f"The operation {name} is not supported any more.")
        case Answers.FAILING:
            raise Refusal(500, "0x80040216", "An unexpected error occurred.")


def act(organisation: Organisation, name: str, body: Mapping[str, Any]) -> Any:
    """Carry out one of the actions, as the services answer now.

    Args:
        organisation: the sandbox's organisation.
        name: the action, without its namespace.
        body: its parameters.
    """
    how = answers(organisation)
    refuse(how, name)
    if name != "msdyncrm_FetchContactsByQuery":
        return ACTIONS[name](organisation, body)
    if how is Answers.STRANGE:
        return {"Answer": {"rows": 42}}
    if how is Answers.REPEATING:
        body = {**body, "Query": re.sub(r"SKIP\(\d+\)", "SKIP(0)", str(body.get("Query")))}
    return ACTIONS[name](organisation, body)
