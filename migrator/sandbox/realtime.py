"""The real-time segmentation API, as the documents describe it: definitions, segments, and seven actions."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any
from uuid import UUID

from migrator.evaluator import EvaluationError, UnknownSegment
from migrator.mql import QueryError, parse_realtime
from migrator.mql.walk import references
from migrator.product.codes import (
    GROUPS_PER_DEFINITION,
    MEMBERS_PER_CALL,
    MEMBERS_PER_GROUP,
    SEGMENT_PREFIX,
    DefinitionStatus,
    SegmentSource,
    SegmentStatus,
    State,
)
from migrator.sandbox.members import read_ids, show_ids
from migrator.sandbox.organisation import Organisation, Row
from migrator.sandbox.refusal import INVALID_ARGUMENT, Refusal, bad_request
from migrator.sandbox.tables import DEFINITION, SEGMENT

AUDIENCES = ("contact", "lead")


class DefinitionRules:
    """What `msdynmkt_segmentdefinition` does besides storing rows."""

    def create(self, organisation: Organisation, row: Row) -> None:
        """A new definition; its query is checked unless it is a draft."""
        row.setdefault("statecode", int(State.ACTIVE))
        row.setdefault("statuscode", int(DefinitionStatus.DRAFT))
        self._check(organisation, row)

    def update(self, organisation: Organisation, old: Mapping[str, Any], row: Row) -> None:
        """Changed columns; the query is checked unless the definition is a draft.

        Args:
            organisation: the sandbox's organisation.
            old: the row as it was.
            row: the row as it will be; rules may change it.
        """
        self._check(organisation, row)

    def delete(self, organisation: Organisation, row: Mapping[str, Any]) -> None:
        """Nothing else goes with it."""

    def _check(self, organisation: Organisation, row: Row) -> None:
        static_groups(row)
        if row["statuscode"] in (DefinitionStatus.LIVE, DefinitionStatus.GOING_LIVE):
            _validate(organisation, row, None)


class SegmentRules:
    """What `msdynmkt_segment` does besides storing rows."""

    def create(self, organisation: Organisation, row: Row) -> None:
        """A new segment; it belongs to a definition."""
        for required in ("msdynmkt_displayname", "msdynmkt_type", "msdynmkt_baseentitylogicalname"):
            if row.get(required) in (None, ""):
                raise bad_request(f"The required field '{required}' is missing.")
        if row.get("msdynmkt_source") != SegmentSource.JOURNEYS:
            raise bad_request(f"'msdynmkt_source' has to be {int(SegmentSource.JOURNEYS)}.")
        if row["msdynmkt_baseentitylogicalname"] not in AUDIENCES:
            raise bad_request(f"'msdynmkt_baseentitylogicalname' has to be one of {', '.join(AUDIENCES)}.")
        _definition(organisation, row)
        row.setdefault("statecode", int(State.INACTIVE))
        row.setdefault("statuscode", int(SegmentStatus.INACTIVE))
        row["msdynmkt_membercount"] = None
        row["msdynmkt_publishedjourneycount"] = 0

    def update(self, organisation: Organisation, old: Mapping[str, Any], row: Row) -> None:
        """Changed columns; the link to the definition has to hold.

        Args:
            organisation: the sandbox's organisation.
            old: the row as it was.
            row: the row as it will be; rules may change it.
        """
        _definition(organisation, row)

    def delete(self, organisation: Organisation, row: Mapping[str, Any]) -> None:
        """A deleted segment loses its groups; 400 while another segment refers to it."""
        users = _users_of(organisation, row["msdynmkt_segmentid"])
        if users:
            raise bad_request(f"The segment is used by: {', '.join(users)}.")
        organisation.groups.pop(row["msdynmkt_segmentid"], None)
        organisation.computed.pop(row["msdynmkt_segmentid"], None)


def _definition(organisation: Organisation, segment: Mapping[str, Any]) -> Row:
    key = str(segment.get("msdynmkt_sourcesegmentuid") or "")
    if not key:
        raise bad_request("The required field 'msdynmkt_sourcesegmentuid' is missing.")
    try:
        return organisation.row(DEFINITION, key)
    except Refusal:
        raise bad_request(f"'msdynmkt_sourcesegmentuid' names no segment definition: {key}") from None


def static_groups(definition: Mapping[str, Any]) -> dict[str, str]:
    """Group id → Include or Exclude; 400 when the list breaks a rule of the seed."""
    text = definition.get("msdynmkt_staticlistmembers") or "[]"
    try:
        entries = json.loads(text)
        groups = {str(UUID(entry["groupId"])): entry["includeType"] for entry in entries}
        kinds = {entry["inputType"] for entry in entries}
        names = [entry["name"] for entry in entries]
    except (ValueError, TypeError, KeyError) as error:
        raise bad_request(f"msdynmkt_staticlistmembers cannot be read: {error}") from None
    if len(groups) != len(entries):
        raise bad_request("A group id stands twice in msdynmkt_staticlistmembers.")
    if len(entries) > GROUPS_PER_DEFINITION:
        raise bad_request(f"A segment has at most {GROUPS_PER_DEFINITION} static members groups, not {len(entries)}.")
    if not set(groups.values()) <= {"Include", "Exclude"} or not kinds <= {"manualSelect"}:
        raise bad_request("includeType has to be Include or Exclude, inputType manualSelect.")
    if not all(isinstance(name, str) and name for name in names):
        raise bad_request("Every static members group needs a name.")
    return groups


# --- validation and computation --------------------------------------------------------------------------------------


def _validate(organisation: Organisation, definition: Mapping[str, Any], segment: str | None) -> None:
    text = definition.get("msdynmkt_segmentquery") or ""
    if not text and not static_groups(definition):
        raise bad_request("The segment has neither a query nor static members.")
    if not text:
        return
    try:
        query = parse_realtime(text)
    except QueryError as error:
        place = {"message": str(error), "line": error.line, "column": error.column}
        raise bad_request(f"The query is not valid: {error}", ResultText=json.dumps(place)) from None
    try:
        for reference in references(query.members):
            _check_reference(organisation, reference, segment)
        organisation.evaluator().realtime(query, _resolver(organisation))
    except EvaluationError as error:
        raise bad_request(f"The query is not valid: {error}.", ResultText=json.dumps({"message": str(error)})) from None


def _check_reference(organisation: Organisation, name: str, segment: str | None) -> None:
    other = _named(organisation, name)
    if other["msdynmkt_segmentid"] == segment:
        raise EvaluationError("the segment refers to itself")
    text = _definition(organisation, other).get("msdynmkt_segmentquery") or ""
    try:
        deeper = list(references(parse_realtime(text).members)) if text else []
    except QueryError:
        deeper = []
    if deeper:
        raise EvaluationError(f"the segment {name} refers to another segment itself; only one level is allowed")


def _named(organisation: Organisation, name: str) -> Row:
    for key, row in organisation.rows[SEGMENT].items():
        if f"{SEGMENT_PREFIX}{key.replace('-', '')}".lower() == name.lower():
            return row
    raise UnknownSegment(f"there is no segment {name}")


def _resolver(organisation: Organisation) -> Callable[[str], Collection[UUID]]:
    def resolve(name: str) -> Collection[UUID]:
        return [UUID(int=member) for member in members_of(organisation, _named(organisation, name))]

    return resolve


def members_of(organisation: Organisation, segment: Mapping[str, Any]) -> list[int]:
    """The query's members united with the include groups, minus the exclude groups; only contacts that exist."""
    definition = _definition(organisation, segment)
    groups = organisation.groups.get(segment["msdynmkt_segmentid"], {})
    known = organisation.contact_ids()
    members: dict[int, None] = {}
    if text := definition.get("msdynmkt_segmentquery"):
        found = organisation.evaluator().realtime(parse_realtime(text), _resolver(organisation))
        members = {member.int: None for member in found}
    kinds = static_groups(definition)
    for group, kind in kinds.items():
        if kind == "Include":
            members.update((member, None) for member in groups.get(group, {}) if member in known)
    for group, kind in kinds.items():
        if kind == "Exclude":
            for member in groups.get(group, {}):
                members.pop(member, None)
    return list(members)


def _users_of(organisation: Organisation, segment: str) -> list[str]:
    """Display names of the segments whose query refers to `segment`."""
    name = f"{SEGMENT_PREFIX}{segment.replace('-', '')}".lower()
    users = []
    for other in organisation.rows[SEGMENT].values():
        definition = organisation.rows[DEFINITION].get(other.get("msdynmkt_sourcesegmentuid", ""), {})
        if name in str(definition.get("msdynmkt_segmentquery") or "").lower():
            users.append(str(other["msdynmkt_displayname"]))
    return users


def _compute(organisation: Organisation, key: str) -> None:
    """Exporting, then computing, then active with a count."""

    def begin() -> None:
        if (segment := organisation.rows[SEGMENT].get(key)) and segment["statuscode"] != SegmentStatus.INACTIVE:
            _move(segment, SegmentStatus.COMPUTING)
            definition = _definition(organisation, segment)
            definition["statuscode"] = int(DefinitionStatus.LIVE)

    def end() -> None:
        segment = organisation.rows[SEGMENT].get(key)
        if segment is None or segment["statuscode"] != SegmentStatus.COMPUTING:
            return
        profile = organisation.profile
        chance = organisation.dice.roll("computation", key).random()
        try:
            if chance < profile.failed_computations:
                raise EvaluationError("the computation failed")
            organisation.computed[key] = members_of(organisation, segment)
        except (EvaluationError, QueryError) as error:
            _move(segment, SegmentStatus.ERROR)
            organisation.reasons[key] = str(error)
            return
        organisation.reasons.pop(key, None)
        warned = chance > 1.0 - profile.warned_computations
        _move(segment, SegmentStatus.COMPUTED_WITH_WARNINGS if warned else SegmentStatus.ACTIVE)
        if warned:
            _definition(organisation, segment)["statuscode"] = int(DefinitionStatus.LIVE_WITH_WARNINGS)
        segment["msdynmkt_membercount"] = len(organisation.computed[key])

    organisation.after(organisation.moment, begin)
    organisation.after(organisation.moment + (organisation.profile.computing or organisation.computing), end)


# --- actions ---------------------------------------------------------------------------------------------------------


def _segment(organisation: Organisation, body: Mapping[str, Any]) -> Row:
    key = body.get("SegmentId")
    if not isinstance(key, str):
        raise bad_request("SegmentId is missing.", INVALID_ARGUMENT)
    return organisation.row(SEGMENT, key)


def _group(organisation: Organisation, body: Mapping[str, Any]) -> tuple[Row, dict[int, None]]:
    segment = _segment(organisation, body)
    key = str(body.get("GroupId", "")).lower()
    if key not in static_groups(_definition(organisation, segment)):
        raise bad_request(f"The segment definition has no static members group {key}.", INVALID_ARGUMENT)
    return segment, organisation.groups.setdefault(segment["msdynmkt_segmentid"], {}).setdefault(key, {})


def _batch(body: Mapping[str, Any]) -> list[int]:
    ids = read_ids(body.get("EntityIds"))
    if len(ids) > MEMBERS_PER_CALL:
        raise bad_request(f"EntityIds holds {len(ids)} ids; at most {MEMBERS_PER_CALL} are allowed.", INVALID_ARGUMENT)
    return ids


def _recompute(organisation: Organisation, segment: Row) -> None:
    if segment["statuscode"] in (SegmentStatus.ACTIVE, SegmentStatus.COMPUTED_WITH_WARNINGS):
        _move(segment, SegmentStatus.EXPORTING)
        _compute(organisation, segment["msdynmkt_segmentid"])


def add_static_members(organisation: Organisation, body: Mapping[str, Any]) -> Any:
    """`msdynmkt_AddStaticMembers`: ids that are in the group already stay there once."""
    segment, group = _group(organisation, body)
    ids = _batch(body)
    added = [member for member in dict.fromkeys(ids) if member not in group]
    if len(group) + len(added) > MEMBERS_PER_GROUP:
        raise bad_request(f"A static members group holds at most {MEMBERS_PER_GROUP} ids.", INVALID_ARGUMENT)
    part = _part(organisation, body, len(added))
    group.update(dict.fromkeys(added[:part]))
    organisation.changed_group(group, added[:part], added=True)
    _recompute(organisation, segment)
    if part < len(added):
        raise Refusal(500, "0x80044150", "The members could not be added.")


def remove_static_members(organisation: Organisation, body: Mapping[str, Any]) -> Any:
    """`msdynmkt_RemoveStaticMembers`: ids that are not in the group are ignored."""
    segment, group = _group(organisation, body)
    removed = [member for member in dict.fromkeys(_batch(body)) if member in group]
    for member in removed:
        del group[member]
    organisation.changed_group(group, removed, added=False)
    _recompute(organisation, segment)


def _part(organisation: Organisation, body: Mapping[str, Any], count: int) -> int:
    """How many of so many members are added: all, unless the profile says that some calls stop on the way."""
    share = organisation.profile.partial_adds
    if not share or not count:
        return count
    chance = organisation.dice.roll("partial", str(body.get("GroupId")), str(body["EntityIds"][0]))
    return chance.randrange(count) if chance.random() < share else count


def list_group_members(organisation: Organisation, body: Mapping[str, Any]) -> Any:
    """`msdynmkt_ListGroupMembers`: one page, in the order in which the members came."""
    _, group = _group(organisation, body)
    page, size = _at_least_one(body, "PageNo"), _at_least_one(body, "PageSize")
    members = organisation.seen_members(group)[(page - 1) * size : page * size]
    return {"Response": json.dumps({"entityIds": show_ids(members), "additionalProperties": {}})}


def _at_least_one(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise bad_request(f"{name} has to be a number >= 1.", INVALID_ARGUMENT)
    return value


def publish_segment_definition(organisation: Organisation, body: Mapping[str, Any]) -> Any:
    """`msdynmkt_PublishSegmentDefinition`: validates, then computes for a while."""
    segment = _segment(organisation, body)
    definition = _definition(organisation, segment)
    if definition["statuscode"] in (DefinitionStatus.STOPPING, DefinitionStatus.DELETED):
        raise bad_request("The segment cannot be published in this state.")
    _validate(organisation, definition, segment["msdynmkt_segmentid"])
    chance = organisation.dice.roll("publish", segment["msdynmkt_segmentid"])
    if chance.random() < organisation.profile.publish_failures:
        raise bad_request("The segment could not be published. Try again later.")
    definition |= {
        "statecode": organisation.manners.live_statecode,
        "statuscode": int(DefinitionStatus.GOING_LIVE),
    }
    _move(segment, SegmentStatus.EXPORTING)
    segment["msdynmkt_membercount"] = None
    _compute(organisation, segment["msdynmkt_segmentid"])


def members_list(organisation: Organisation, body: Mapping[str, Any]) -> Any:
    """`msdynmkt_MembersList`: the computed members and how many they are (seen), or as the seed's sample shows them."""
    segment = _segment(organisation, body)
    computed = organisation.computed.get(segment["msdynmkt_segmentid"])
    if computed is None:
        raise bad_request("The segment has not been computed yet, so it has no members list.")
    manners = organisation.manners
    members = show_ids(computed[: manners.members_listed])
    result: dict[str, Any] = {
        "baseEntityLogicalName": segment["msdynmkt_baseentitylogicalname"],
        "primaryKeyColumnName": "contactid",
        "members": members,
    }
    if manners.members_joined:
        result |= {"members": [", ".join(members)] if members else [], "additionalProperties": {}}
    else:
        result["totalCount"] = len(computed)
    return {"StatusCode": 200, "ResultText": json.dumps(result)}


def segment_status(organisation: Organisation, body: Mapping[str, Any]) -> Any:
    """`msdynmkt_SegmentStatus`: how the last computation went (seen: `lastExecution.status` = `Success`)."""
    segment = _segment(organisation, body)
    key = segment["msdynmkt_segmentid"]
    match segment["statuscode"]:
        case SegmentStatus.EXPORTING | SegmentStatus.COMPUTING:
            last: dict[str, Any] | None = {"status": "Running"}
        case SegmentStatus.ERROR | SegmentStatus.FAULTED:
            last = {"status": "Failed", "reason": organisation.reasons.get(key, "")}
        case _ if key in organisation.reasons:
            last = {"status": "Failed", "reason": organisation.reasons[key]}
        case _:
            last = {"status": "Success"} if key in organisation.computed else None
    return {"StatusCode": 200, "ResultText": json.dumps({"segmentId": key, "lastExecution": last})}


def stop_segments(organisation: Organisation, body: Mapping[str, Any]) -> Any:
    """`msdynmkt_StopSegments`: stops what nothing depends on, and names what does (product documentation)."""
    ids = body.get("SegmentIdList")
    if not isinstance(ids, list) or not ids:
        raise bad_request("SegmentIdList has to hold at least one id.", INVALID_ARGUMENT)
    results = []
    for key in map(str, ids):
        segment = organisation.row(SEGMENT, key)
        users = _users_of(organisation, segment["msdynmkt_segmentid"])
        named = organisation.journeys.get(segment["msdynmkt_segmentid"], [])
        journeys = [*named, *organisation.users(organisation, segment["msdynmkt_segmentid"])]
        free = not users and not journeys
        if free:
            _stop(organisation, segment)
        results.append(
            {
                "SegmentId": segment["msdynmkt_segmentid"],
                "WasStopped": free,
                "Message": "" if free else "The segment is in use.",
                "DependentJourneys": journeys,
                "DependentSegments": users,
            }
        )
    if not organisation.manners.tells_stops:
        return None
    stopped = sum(result["WasStopped"] for result in results)
    return {"summary": f"{stopped} of {len(results)} segments were stopped.", "stopSingleSegmentResults": results}


def _stop(organisation: Organisation, segment: Row) -> None:
    """Stopping, and after a moment Stopped: not a draft again, but editable like one."""
    _move(segment, SegmentStatus.INACTIVE)
    segment["msdynmkt_membercount"] = None
    organisation.computed.pop(segment["msdynmkt_segmentid"], None)
    _definition(organisation, segment)["statuscode"] = int(DefinitionStatus.STOPPING)
    key = str(segment["msdynmkt_sourcesegmentuid"]).lower()

    def end() -> None:
        definition = organisation.rows[DEFINITION].get(key)  # the row of then: it may have been changed or deleted
        if definition and definition["statuscode"] == DefinitionStatus.STOPPING:
            definition["statuscode"] = int(DefinitionStatus.STOPPED)

    organisation.after(organisation.moment, end)


def _move(segment: Row, status: SegmentStatus) -> None:
    """Another status, with the `statecode` that the published metadata gives it: 3 to 7 are inactive."""
    active = status is SegmentStatus.ACTIVE
    segment |= {"statuscode": int(status), "statecode": int(State.ACTIVE if active else State.INACTIVE)}


ACTIONS: Mapping[str, Callable[[Organisation, Mapping[str, Any]], Any]] = {
    "msdynmkt_AddStaticMembers": add_static_members,
    "msdynmkt_RemoveStaticMembers": remove_static_members,
    "msdynmkt_ListGroupMembers": list_group_members,
    "msdynmkt_PublishSegmentDefinition": publish_segment_definition,
    "msdynmkt_MembersList": members_list,
    "msdynmkt_StopSegments": stop_segments,
    "msdynmkt_SegmentStatus": segment_status,
}
